//! Runs of several epochs, each ended or torn: written, read, judged, cut and sealed as one journal.

use std::fs;
use std::path::Path;

use reprise_journal::recovery::{Action, CLOCK_BEHIND_MAX_MS, Finding};
use reprise_journal::{
    DamageKind, JournalError, JournalReader, JournalWriter, Manifest, Position, Verdict, WriterOptions,
    content, content_by_reading, recover, seal, verify_journal,
};
use reprise_model::event::RunMode;
use reprise_model::{Input, Seq, Ts};

use crate::support::{self, START};

/// How an epoch stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// With `run.ended`.
    Ended,
    /// Without; what was handed over is whole.
    Killed,
    /// In the middle of a line.
    Torn,
}

const EVERY: [Stop; 3] = [Stop::Ended, Stop::Killed, Stop::Torn];

/// When an epoch begins.
fn begins(epoch: u32) -> Ts {
    START.plus_ns(u64::from(epoch) * 1_000_000_000)
}

fn writer(run: &Path, epoch: u32) -> JournalWriter {
    if epoch == 0 {
        return JournalWriter::create(run, WriterOptions::default()).unwrap();
    }
    JournalWriter::resume(run, WriterOptions::default(), begins(epoch)).unwrap().0
}

/// Writes an epoch of a few events; a synced one is durable up to its fourth event.
fn epoch(run: &Path, epoch: u32, stop: Stop) {
    let mut writer = writer(run, epoch);
    let mut started = support::started(RunMode::Paper);
    started.epoch = epoch;
    support::append(&mut writer, begins(epoch), &Input::from(Box::new(started)), &[]).unwrap();
    for n in 1..=6 {
        let ts = begins(epoch).plus_ns(n * 1_000);
        support::append(&mut writer, ts, &support::quote(n), &[]).unwrap();
        if n == 4 {
            writer.sync(ts).unwrap();
        }
    }
    match stop {
        Stop::Ended => {
            let ended = Input::from(Box::new(writer.run_ended("done", 6)));
            support::append(&mut writer, begins(epoch).plus_ns(9_000), &ended, &[]).unwrap();
            writer.finish().unwrap();
        }
        Stop::Killed => writer.flush().unwrap(),
        Stop::Torn => {
            writer.flush().unwrap();
            drop(writer);
            let file = support::segment(run, epoch + 1);
            let bytes = fs::read(&file).unwrap();
            fs::write(&file, &bytes[..bytes.len() - 40]).unwrap();
        }
    }
}

fn clean(run: &Path, context: &str) -> Box<reprise_journal::Stat> {
    match verify_journal(run) {
        Verdict::Clean(stat) => stat,
        other => panic!("{context}: {other:?}"),
    }
}

/// Breaks when an epoch cannot follow another however that stopped, or the journal of several is not whole: its
/// chain, its content, its manifest, its sealed form.
#[test]
fn epochs_follow_each_other() {
    for first in EVERY {
        for second in EVERY {
            for last in [Stop::Ended, Stop::Killed] {
                let context = format!("{first:?}, {second:?}, {last:?}");
                let dir = support::folder();
                let run = dir.path().join("run");
                for (n, stop) in [first, second, last].into_iter().enumerate() {
                    epoch(&run, n as u32, stop);
                }
                let stat = clean(&run, &context);
                assert_eq!(
                    (stat.epochs, stat.ended, stat.segments.len()),
                    (3, last == Stop::Ended, 3),
                    "{context}"
                );
                assert_eq!(content(&run).unwrap(), content_by_reading(&run).unwrap(), "{context}");
                let mut reader = JournalReader::open(&run).unwrap();
                let mut inputs = 0;
                while reader.next_input().unwrap().is_some() {
                    inputs += 1;
                }
                let ended = [first, second, last].iter().filter(|stop| **stop == Stop::Ended).count();
                let torn = [first, second].iter().filter(|stop| **stop == Stop::Torn).count();
                assert_eq!(inputs, 3 * 7 + ended - torn, "{context}");

                let before = support::lines(&run).unwrap();
                seal(&run).unwrap();
                assert_eq!(support::lines(&run).unwrap(), before, "{context}: sealed");
                epoch(&run, 3, Stop::Ended);
                assert!(clean(&run, &context).ended, "{context}: sealed and resumed");
                assert_eq!(content(&run).unwrap(), content_by_reading(&run).unwrap(), "{context}");
            }
        }
    }
}

/// Breaks when the content of a run is taken from the end of an epoch that is not its last.
#[test]
fn the_content_is_of_all_epochs() {
    let dir = support::folder();
    let run = dir.path().join("run");
    epoch(&run, 0, Stop::Ended);
    let of_one = content(&run).unwrap();
    epoch(&run, 1, Stop::Killed);
    let of_two = content(&run).unwrap();
    let bytes = [fs::read(support::segment(&run, 1)).unwrap(), fs::read(support::segment(&run, 2)).unwrap()];
    assert_eq!(of_two.digest, blake3::hash(&bytes.concat()).to_hex().to_string());
    assert!(of_one.digest != of_two.digest && of_one.last < of_two.last);
}

/// Breaks when anything but another epoch passes behind the end of one, or another epoch passes as if the run
/// had not gone on.
#[test]
fn only_an_epoch_follows_an_end() {
    let dir = support::folder();
    let run = dir.path().join("run");
    epoch(&run, 0, Stop::Ended);
    let (mut writer, recovered) = JournalWriter::resume(&run, WriterOptions::default(), begins(1)).unwrap();
    assert!(recovered.ended && recovered.action == Action::Keep);
    let refused = support::append(&mut writer, begins(1), &support::quote(1), &[]);
    assert!(matches!(refused, Err(JournalError::OutOfTurn { .. })), "{refused:?}");
    drop(writer);
    // A start that came to nothing leaves a segment without a byte.
    assert!(clean(&run, "an empty segment").ended);
    let recovered = recover(&run, begins(1)).unwrap();
    assert_eq!((recovered.finding, recovered.action), (Finding::EmptySegment, Action::RemoveEmpty));
    let manifest = Manifest::read(&run).unwrap().unwrap().unwrap();
    assert!(manifest.ended);
    // Now that it says that nothing follows, nothing may.
    fs::write(support::segment(&run, 2), b"").unwrap();
    assert!(matches!(verify_journal(&run), Verdict::Corrupt(damage) if damage.kind == DamageKind::AfterEnd));
}

/// Breaks when damage in one epoch is cut where it was durable, takes more with it than its tail, or is not found.
#[test]
fn damage_in_each_epoch() {
    for damaged in 0..3 {
        for stop in EVERY {
            let dir = support::folder();
            let run = dir.path().join("run");
            for n in 0..3 {
                epoch(&run, n, if n < 2 { Stop::Ended } else { stop });
            }
            let context = format!("epoch {damaged}, the last {stop:?}");
            let file = support::segment(&run, damaged + 1);
            let mut bytes = fs::read(&file).unwrap();
            let synced = String::from_utf8(bytes.clone()).unwrap().find("journal.synced").unwrap();
            let before = support::lines(&run);
            assert_eq!(before.is_ok(), stop != Stop::Torn, "{context}");
            // Before what was durable.
            bytes[100] ^= 1;
            fs::write(&file, &bytes).unwrap();
            assert!(matches!(verify_journal(&run), Verdict::Corrupt(_)), "{context}");
            assert!(matches!(recover(&run, begins(4)), Err(JournalError::Unrecoverable { .. })), "{context}");
            bytes[100] ^= 1;
            // Behind it, where it is the last epoch's tail, and one that no end holds.
            let at = synced + 120;
            bytes[at] ^= 1;
            fs::write(&file, &bytes).unwrap();
            let is_tail = damaged == 2 && stop != Stop::Ended;
            match recover(&run, begins(4)) {
                Ok(recovered) => {
                    assert!(is_tail && recovered.action == Action::Cut, "{context}: {recovered:?}");
                    assert_eq!(clean(&run, &context).epochs, 3, "{context}");
                }
                Err(error) => assert!(!is_tail, "{context}: {error}"),
            }
        }
    }
}

/// Breaks when the beginning of an epoch that is not whole is cut as if the run had not ended before it.
#[test]
fn a_torn_beginning_leaves_the_end() {
    let dir = support::folder();
    let run = dir.path().join("run");
    epoch(&run, 0, Stop::Ended);
    let ended = support::lines(&run).unwrap();
    epoch(&run, 1, Stop::Killed);
    let file = support::segment(&run, 2);
    let first = fs::read(&file).unwrap().iter().position(|b| *b == b'\n').unwrap();
    for len in [1, 40, first] {
        // As a crash leaves it: the manifest of the resume is there.
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..len]).unwrap();
        let recovered = recover(&run, begins(2)).unwrap();
        assert_eq!((recovered.action, recovered.ended), (Action::CutSilently, true), "{len}");
        assert_eq!((recovered.kept.len(), recovered.epoch), (1, 0), "{len}");
        assert_eq!(support::lines(&run).unwrap(), ended, "{len}");
        epoch(&run, 1, Stop::Killed);
    }
    assert_eq!(clean(&run, "at last").epochs, 2);
}

/// Breaks when a run is resumed under a clock that is far behind it, or is not told how long to wait.
#[test]
fn the_clock_must_not_be_behind() {
    let dir = support::folder();
    let run = dir.path().join("run");
    epoch(&run, 0, Stop::Ended);
    let last = begins(0).plus_ns(9_000);
    let resume = |now| JournalWriter::resume(&run, WriterOptions::default(), now);
    let far = Ts(last.0 - (CLOCK_BEHIND_MAX_MS + 1) * 1_000_000);
    let Err(error) = resume(far) else { panic!("resumed") };
    assert!(error.to_string().contains("the clock is 501 ms behind"), "{error}");
    let near = Ts(last.0 - CLOCK_BEHIND_MAX_MS * 1_000_000);
    let (_, recovered) = resume(near).unwrap();
    assert_eq!((recovered.wait_ns(near), recovered.wait_ns(last)), (500_000_000, 0));
}

/// Every place that a reader passes between two batches, with what it reads behind it.
fn places(run: &Path) -> Vec<(Position, Vec<Seq>)> {
    let mut reader = JournalReader::open(run).unwrap();
    let (mut places, mut seqs) = (vec![(reader.position().unwrap(), 0)], Vec::new());
    while let Some(entry) = reader.next_entry().unwrap() {
        seqs.push(entry.seq);
        places.extend(reader.position().map(|position| (position, seqs.len())));
    }
    places.into_iter().map(|(position, at)| (position, seqs[at..].to_vec())).collect()
}

/// Breaks when a place that was noted is not found again, in plain and sealed segments, or what is read behind it
/// is not what follows it.
#[test]
fn reading_goes_on_behind_a_place() {
    let dir = support::folder();
    let run = dir.path().join("run");
    for n in 0..3 {
        epoch(&run, n, if n == 1 { Stop::Killed } else { Stop::Ended });
    }
    let places = places(&run);
    assert!(places.len() > 24, "{}", places.len());
    for sealed in [false, true] {
        if sealed {
            seal(&run).unwrap();
        }
        for (position, expected) in &places {
            let text = serde_json::to_string(position).unwrap();
            let position: Position = serde_json::from_str(&text).unwrap();
            let mut reader = JournalReader::open_at(&run, &position).unwrap();
            let mut found = Vec::new();
            while let Some(entry) = reader.next_entry().unwrap() {
                found.push(entry.seq);
            }
            assert_eq!(found, *expected, "{text}, sealed {sealed}");
            let (mut other_crc, mut behind) = (position, position);
            (other_crc.crc, behind.offset) = (position.crc ^ 1, 1 << 40);
            for other in [other_crc, behind] {
                let opened = JournalReader::open_at(&run, &other);
                let is_refused = matches!(opened, Err(JournalError::NoSuchPlace { .. }));
                assert!(is_refused || (position.offset == 0 && other.offset == 0), "{other:?}");
            }
        }
    }
}

/// Breaks when the writer's place is not where a reader finds the end of what was committed.
#[test]
fn the_writers_place() {
    let dir = support::folder();
    let run = dir.path().join("run");
    epoch(&run, 0, Stop::Killed);
    let (mut writer, recovered) = JournalWriter::resume(&run, WriterOptions::default(), begins(1)).unwrap();
    assert_eq!(writer.position(), recovered.position);
    let mut started = support::started(RunMode::Paper);
    started.epoch = 1;
    support::append(&mut writer, begins(1), &Input::from(Box::new(started)), &[]).unwrap();
    for n in 1..=6 {
        let ts = begins(1).plus_ns(n);
        support::append(&mut writer, ts, &support::quote(n), &[]).unwrap();
        let position = writer.position();
        assert_eq!((position.seq, position.ts), (writer.last_seq(), ts));
        // An open batch is not behind the place.
        let seq = writer.last_seq().next();
        if n < 6 {
            writer.flush().unwrap();
            let mut reader = JournalReader::open_at(&run, &position).unwrap();
            assert!(reader.next_entry().unwrap().is_none(), "flushed and read to its end");
        } else {
            writer.append_input(seq, ts, &support::quote(n), 0).unwrap();
            assert_eq!(writer.position(), position);
            writer.commit_batch().unwrap();
            writer.sync(ts).unwrap();
            assert!(writer.position().offset > position.offset && writer.position().seq == seq);
            let mut reader = JournalReader::open_at(&run, &position).unwrap();
            assert_eq!(reader.next_entry().unwrap().unwrap().seq, seq);
        }
    }
}
