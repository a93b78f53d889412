//! Whatever is done to an ended journal, verification finds it.

use std::fs;
use std::path::Path;

use reprise_journal::{DamageKind, JournalWriter, Manifest, Verdict, WriterOptions, verify_journal};
use reprise_model::Seq;

use crate::support::{self, ENDED, OPEN, Sample};

fn is_clean(run: &Path) -> bool {
    matches!(verify_journal(run), Verdict::Clean(_))
}

fn is_corrupt(run: &Path) -> bool {
    matches!(verify_journal(run), Verdict::Corrupt(_))
}

/// Puts each version of a file in its place and expects damage to be found.
fn expect_found(run: &Path, file: &Path, versions: impl Iterator<Item = (String, Vec<u8>)>) {
    let whole = fs::read(file).unwrap();
    let mut tried = 0;
    for (what, bytes) in versions.filter(|(_, bytes)| *bytes != whole) {
        fs::write(file, bytes).unwrap();
        assert!(is_corrupt(run), "{what}: {:?}", verify_journal(run));
        tried += 1;
    }
    assert!(tried > 0);
    fs::write(file, &whole).unwrap();
    assert!(is_clean(run));
}

fn changed(bytes: &[u8], at: usize, to: u8) -> (String, Vec<u8>) {
    let mut changed = bytes.to_vec();
    changed[at] = to;
    (format!("byte {at} from {} to {to}", bytes[at]), changed)
}

/// Breaks when one changed byte of an ended journal, its manifest or its sealed form goes unnoticed.
#[test]
fn every_changed_byte_is_found() {
    let dir = support::sample(Sample { segment_bytes: 1_500, ..ENDED });
    let run = dir.path().join("run");
    let sealed = support::sample(ENDED);
    let sealed = sealed.path().join("run");
    reprise_journal::seal(&sealed).unwrap();
    let files = [
        (&run, support::segment(&run, 1)),
        (&run, support::segment(&run, 2)),
        (&run, run.join("manifest.json")),
        (&sealed, sealed.join(reprise_journal::sealed_name(1))),
        (&sealed, sealed.join("manifest.json")),
    ];
    for (run, file) in files {
        let bytes = fs::read(&file).unwrap();
        let flips = (0..bytes.len()).flat_map(|at| [1, 0x20].map(|bit| changed(&bytes, at, bytes[at] ^ bit)));
        expect_found(run, &file, flips);
    }
}

/// Breaks when some values of a byte pass for others.
#[test]
fn every_value_of_a_byte_is_found() {
    let dir = support::sample(Sample { events: 1, ..ENDED });
    let run = dir.path().join("run");
    let file = support::segment(&run, 1);
    let bytes = fs::read(&file).unwrap();
    let line_ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at);
    let places: Vec<usize> =
        line_ends.flat_map(|at| [at - 18, at - 10, at - 3, at - 1, at]).chain([0, 7, 40, 321]).collect();
    expect_found(&run, &file, places.iter().flat_map(|at| (0..=255).map(|to| changed(&bytes, *at, to))));
}

/// Breaks when a journal that lost its end reads as one that ended, or as one that goes on.
#[test]
fn every_truncation_is_found() {
    let dir = support::sample(ENDED);
    let run = dir.path().join("run");
    let file = support::segment(&run, 1);
    let bytes = fs::read(&file).unwrap();
    expect_found(&run, &file, (0..bytes.len()).map(|len| (format!("cut at {len}"), bytes[..len].to_vec())));
    let sealed = support::sample(ENDED);
    let sealed = sealed.path().join("run");
    reprise_journal::seal(&sealed).unwrap();
    let file = sealed.join(reprise_journal::sealed_name(1));
    let bytes = fs::read(&file).unwrap();
    expect_found(
        &sealed,
        &file,
        (0..bytes.len()).map(|len| (format!("cut at {len}"), bytes[..len].to_vec())),
    );
}

/// Breaks when bytes behind the end go unnoticed.
#[test]
fn everything_added_is_found() {
    let dir = support::sample(ENDED);
    let run = dir.path().join("run");
    let file = support::segment(&run, 1);
    let bytes = fs::read(&file).unwrap();
    let last_line = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    let added: [&[u8]; 4] = [b"\n", b"x", b"\0\0\0", &bytes[last_line..]];
    expect_found(&run, &file, added.iter().map(|more| (format!("{more:?}"), [&bytes, *more].concat())));
    fs::write(support::segment(&run, 2), b"").unwrap();
    assert!(is_corrupt(&run));
}

/// Breaks when a dropped, repeated or swapped line of a longer journal goes unnoticed.
#[test]
fn every_line_counts() {
    let dir = support::sample(Sample { events: 120, sync_every: 10, ..ENDED });
    let run = dir.path().join("run");
    let file = support::segment(&run, 1);
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    assert!(lines.len() > 200);
    let versions = (0..lines.len()).flat_map(|at| {
        let mut dropped = lines.clone();
        dropped.remove(at);
        let mut repeated = lines.clone();
        repeated.insert(at, lines[at]);
        let mut swapped = lines.clone();
        swapped.swap(at, (at + 1) % lines.len());
        [("dropped", dropped), ("repeated", repeated), ("swapped", swapped)]
            .map(|(what, lines)| (format!("line {at} {what}"), lines.concat().into_bytes()))
    });
    expect_found(&run, &file, versions);
}

/// Breaks when a lost segment goes unnoticed.
#[test]
fn every_segment_counts() {
    let dir = support::sample(Sample { segment_bytes: 600, events: 20, ..ENDED });
    let run = dir.path().join("run");
    let count = Manifest::read(&run).unwrap().unwrap().unwrap().segments.len() as u32;
    for number in 1..=count {
        let path = support::segment(&run, number);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(is_corrupt(&run), "{number}: {:?}", verify_journal(&run));
        fs::write(&path, b"").unwrap();
        assert!(is_corrupt(&run), "{number}: {:?}", verify_journal(&run));
        fs::write(&path, bytes).unwrap();
    }
    assert!(is_clean(&run));
}

/// Breaks when the verdict does not name the right place.
#[test]
fn damage_is_named() {
    let dir = support::sample(ENDED);
    let run = dir.path().join("run");
    let file = support::segment(&run, 1);
    let text = fs::read_to_string(&file).unwrap();
    let fifth: usize = text.split_inclusive('\n').take(4).map(str::len).sum();
    let mut bytes = text.clone().into_bytes();
    bytes[fifth + 20] ^= 1;
    fs::write(&file, bytes).unwrap();
    let Verdict::Corrupt(damage) = verify_journal(&run) else { panic!("not found") };
    assert_eq!((damage.file, damage.offset, damage.line), (file, fifth as u64, 5));
    assert_eq!((damage.after, damage.kind), (Seq(4), DamageKind::Chain));
}

/// Breaks when a forger who can compute crcs gets through what the chain does not hold.
#[test]
fn well_chained_nonsense_is_found() {
    let start = r#"{"seq":1,"ts":5,"kind":"run.started","data":{"run":"r","tag":"0000000000000001","epoch":0,"mode":"record","schema":"1.0","engine":"1","config":{},"instruments":[]}"#;
    let quote = r#"{"seq":2,"ts":5,"kind":"market.quote","data":{"instrument":"A.B"}"#;
    let rows: [(DamageKind, &[&str]); 8] = [
        (DamageKind::Order, &[quote]),
        (DamageKind::Order, &[start, start]),
        (DamageKind::Order, &[start, r#"{"seq":2,"ts":4,"kind":"market.quote","data":{"instrument":"A.B"}"#]),
        (
            DamageKind::OpenBatch,
            &[start, r#"{"seq":2,"ts":5,"kind":"market.quote","outcomes":1,"data":{"instrument":"A.B"}"#],
        ),
        (
            DamageKind::Event,
            &[
                start,
                r#"{"seq":2,"ts":5,"kind":"market.quote","data":{"instrument":"A.B","bid":"01","bid_size":"1"}"#,
            ],
        ),
        (
            DamageKind::Event,
            &[
                start,
                r#"{"seq":2,"ts":5,"kind":"market.trade","data":{"instrument":"A.B","price":"1","qty":"1","historical":false}"#,
            ],
        ),
        (
            DamageKind::Content,
            &[start, r#"{"seq":2,"ts":5,"kind":"run.ended","data":{"reason":"","inputs":0,"content":"00"}"#],
        ),
        (
            DamageKind::NotALine,
            &[start, r#"{"ts":5,"seq":2,"kind":"market.quote","data":{"instrument":"A.B"}"#],
        ),
    ];
    for (kind, bodies) in rows {
        let dir = support::folder();
        fs::write(support::segment(dir.path(), 1), support::chained(bodies)).unwrap();
        let verdict = verify_journal(dir.path());
        assert!(matches!(&verdict, Verdict::Corrupt(damage) if damage.kind == kind), "{kind}: {verdict:?}");
    }
}

/// Breaks when an open journal is called damaged, or one without its manifest.
#[test]
fn open_and_derived() {
    let dir = support::sample(OPEN);
    let run = dir.path().join("run");
    assert!(matches!(verify_journal(&run), Verdict::Clean(stat) if !stat.ended));
    fs::remove_file(run.join("manifest.json")).unwrap();
    assert!(is_clean(&run));
    let whole = support::sample(ENDED);
    let whole = whole.path().join("run");
    let manifest = fs::read(whole.join("manifest.json")).unwrap();
    fs::remove_file(whole.join("manifest.json")).unwrap();
    assert!(is_clean(&whole));
    reprise_journal::recover(&whole, support::START).unwrap();
    assert_eq!(fs::read(whole.join("manifest.json")).unwrap(), manifest, "it is derived");
}

/// Breaks when a run that is being written is called damaged.
#[test]
fn a_journal_under_its_writer() {
    let dir = support::folder();
    let run = dir.path().join("run");
    let mut writer = JournalWriter::create(&run, WriterOptions::default()).unwrap();
    assert!(matches!(verify_journal(&run), Verdict::BeingWritten { last_seq: Seq(0) }));
    let started = support::started(reprise_model::event::RunMode::Paper);
    support::append(&mut writer, support::START, &Box::new(started).into(), &[]).unwrap();
    support::append_event(&mut writer, 1).unwrap();
    writer.sync(support::START).unwrap();
    assert!(is_clean(&run));
    let file = support::segment(&run, 1);
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, [&bytes[..], b"{\"seq\":3,\"ts\":17636"].concat()).unwrap();
    assert!(matches!(verify_journal(&run), Verdict::BeingWritten { last_seq: Seq(2) }));
    drop(writer);
    assert!(is_corrupt(&run));
}

/// Breaks when nothing is taken for a clean journal.
#[test]
fn what_cannot_be_judged() {
    let dir = support::folder();
    for path in [dir.path().to_owned(), dir.path().join("nowhere")] {
        assert_eq!(verify_journal(&path).exit_code(), 2, "{}", path.display());
    }
}
