//! Sealing changes the files and nothing that is read from them.

use std::fs;

use reprise_journal::{JournalError, Manifest, Verdict, sealed_name, verify_journal};

use crate::support::{self, ENDED, OPEN, Sample};

/// Breaks when a sealed journal reads differently, or sealing twice changes anything.
#[test]
fn sealed_reads_the_same() {
    for sample in [ENDED, OPEN, Sample { segment_bytes: 700, events: 30, ..ENDED }] {
        let dir = support::sample(sample);
        let run = dir.path().join("run");
        let before = support::lines(&run).unwrap();
        let sealed = reprise_journal::seal(&run).unwrap();
        assert_eq!(sealed.newly, sealed.segments);
        assert_eq!(support::lines(&run).unwrap(), before);
        let files = support::files(&run);
        assert!(files.iter().all(|(name, _)| !name.ends_with(".jsonl")), "{files:?}");
        let again = reprise_journal::seal(&run).unwrap();
        assert_eq!((again.newly, again.segments, again.bytes), (0, sealed.segments, sealed.bytes));
        assert_eq!(support::files(&run), files);
        assert!(matches!(verify_journal(&run), Verdict::Clean(stat) if stat.ended == sample.ended));
    }
}

/// Breaks when a crash between any two steps of sealing loses a segment or makes the journal unreadable.
#[test]
fn a_crash_in_sealing_is_harmless() {
    let sample = Sample { segment_bytes: 700, events: 12, ..ENDED };
    let whole = support::sample(sample);
    let whole = whole.path().join("run");
    let sealed = support::sample(sample);
    let sealed = sealed.path().join("run");
    reprise_journal::seal(&sealed).unwrap();
    let count = Manifest::read(&sealed).unwrap().unwrap().unwrap().segments.len() as u32;
    let lines = support::lines(&whole).unwrap();
    // First the packed files appear, then the manifest, then the plain files go.
    for done in 0..=2 * count + 1 {
        let dir = support::folder();
        let run = dir.path();
        for (name, bytes) in support::files(&whole) {
            fs::write(run.join(name), bytes).unwrap();
        }
        for number in (1..=count).filter(|n| *n <= done) {
            fs::copy(sealed.join(sealed_name(number)), run.join(sealed_name(number))).unwrap();
        }
        if done > count {
            fs::copy(sealed.join("manifest.json"), run.join("manifest.json")).unwrap();
        }
        for number in (1..=count).filter(|n| n + count < done) {
            fs::remove_file(support::segment(run, number)).unwrap();
        }
        assert_eq!(support::lines(run).unwrap(), lines, "step {done}");
        assert!(matches!(verify_journal(run), Verdict::Clean(_)), "step {done}: {:?}", verify_journal(run));
        if done % 2 == 0 {
            reprise_journal::recover(run, support::START).unwrap();
            assert_eq!(support::lines(run).unwrap(), lines, "step {done}");
        }
        reprise_journal::seal(run).unwrap();
        let segments = |files: Vec<(String, Vec<u8>)>| -> Vec<_> {
            files.into_iter().filter(|(name, _)| name != ".lock").collect()
        };
        assert_eq!(segments(support::files(run)), segments(support::files(&sealed)), "step {done}");
    }
}

/// Breaks when damage is sealed in, or a journal is sealed under its writer.
#[test]
fn only_whole_journals_are_sealed() {
    let dir = support::sample(ENDED);
    let run = dir.path().join("run");
    let path = support::segment(&run, 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[700] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(reprise_journal::seal(&run), Err(JournalError::Corrupt(_))));
    bytes[700] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let lock = reprise_journal::Lock::take(&run).unwrap();
    assert!(matches!(reprise_journal::seal(&run), Err(JournalError::Locked { .. })));
    drop(lock);
    reprise_journal::seal(&run).unwrap();
}
