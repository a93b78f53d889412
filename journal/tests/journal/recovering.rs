//! Every row of recovery's table, and damage at every byte.

use std::fs;
use std::path::Path;

use reprise_journal::recovery::{Action, Finding, Standing, TABLE};
use reprise_journal::{
    DurabilityMode, JournalError, JournalWriter, Recovered, Verdict, WriterOptions, recover, sealed_name,
    verify_journal,
};
use reprise_model::event::RunMode;
use reprise_model::{Input, Seq, Ts};

use crate::support::{self, ENDED, OPEN, START, Sample};

const NOW: Ts = Ts(1_763_675_600_000_000_000);
const UNSYNCED: Sample = Sample { durability: DurabilityMode::None, ..OPEN };
const SHORT_SEGMENTS: Sample = Sample { segment_bytes: 600, events: 9, ..OPEN };

/// A run as a crash leaves it: no manifest was written, because the writer never finished.
fn crashed(run: &Path, sample: Sample) {
    support::write(run, sample);
    fs::remove_file(run.join("manifest.json")).unwrap();
}

fn text_of(run: &Path, number: u32) -> Vec<String> {
    let text = fs::read_to_string(support::segment(run, number)).unwrap();
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn put(run: &Path, number: u32, lines: &[String]) {
    fs::write(support::segment(run, number), lines.concat()).unwrap();
}

/// The index of the line behind the last `journal.synced`.
fn behind_sync(lines: &[String]) -> usize {
    lines.iter().rposition(|l| l.contains("journal.synced")).map_or(0, |at| at + 1)
}

/// Does something to the lines of the first segment; `at` is a line past what is durable.
fn edit(run: &Path, change: impl FnOnce(&mut Vec<String>, usize)) {
    let mut lines = text_of(run, 1);
    let at = behind_sync(&lines);
    change(&mut lines, at);
    put(run, 1, &lines);
}

/// Changes a digit of a line's time.
fn flip(line: &mut String) {
    let at = line.find("\"ts\":").unwrap() + 10;
    let digit = line.as_bytes()[at] ^ 1;
    line.replace_range(at..=at, std::str::from_utf8(&[digit]).unwrap());
}

fn halve(line: &mut String) {
    line.truncate(line.len() / 2);
}

/// A line with a crc that fits behind `previous`.
fn following(previous: &str, body: &str) -> String {
    let crc = u32::from_str_radix(&previous[previous.len() - 11..previous.len() - 3], 16).unwrap();
    let mut line = body.as_bytes().to_vec();
    reprise_journal::line::end_line(&mut line, 0, crc);
    String::from_utf8(line).unwrap()
}

/// A line whose crc fits behind `previous` and whose number does not.
fn wrong_number(previous: &str) -> String {
    following(previous, r#"{"seq":77,"ts":1863675591123456789,"kind":"clock.advanced","data":{}"#)
}

/// The first line up to its crc.
fn first_line(lines: &[String]) -> String {
    lines[0].split(",\"crc\":").next().unwrap().to_owned()
}

/// Cuts the first segment behind the first batch that has outcomes, without them.
fn open_batch(lines: &mut Vec<String>, from: usize) {
    let input = (from..lines.len()).find(|at| lines[*at].contains("\"outcomes\":")).unwrap();
    lines.truncate(input + 1);
}

type Case = (Finding, Standing, fn(&Path));

/// One way into every row. Where the durable part must be short and the damage leaves no record behind it,
/// the manifest of the finished run tells what was durable.
const CASES: &[Case] = &[
    (Finding::Whole, Standing::Durable, |run| crashed(run, OPEN)),
    (Finding::Whole, Standing::Short, |run| {
        support::write(run, OPEN);
        edit(run, |lines, _| lines.truncate(2));
    }),
    (Finding::Whole, Standing::Ended, |run| crashed(run, ENDED)),
    (Finding::EmptySegment, Standing::Durable, |run| {
        crashed(run, OPEN);
        fs::write(support::segment(run, 2), b"").unwrap();
    }),
    (Finding::EmptySegment, Standing::Short, |run| {
        support::write(run, Sample { segment_bytes: 1_500, ..OPEN });
        fs::write(support::segment(run, 2), b"").unwrap();
    }),
    (Finding::EmptySegment, Standing::Ended, |run| {
        crashed(run, ENDED);
        fs::write(support::segment(run, 2), b"").unwrap();
    }),
    (Finding::EmptySegment, Standing::Nothing, |run| {
        fs::create_dir(run).unwrap();
        fs::write(support::segment(run, 1), b"").unwrap();
    }),
    (Finding::HalfLine, Standing::Durable, |run| {
        crashed(run, Sample { events: 8, ..OPEN });
        edit(run, |lines, _| halve(lines.last_mut().unwrap()));
    }),
    (Finding::HalfLine, Standing::Short, |run| {
        support::write(run, OPEN);
        edit(run, |lines, _| {
            lines.truncate(4);
            halve(&mut lines[3]);
        });
    }),
    (Finding::HalfLine, Standing::Ended, |run| {
        crashed(run, ENDED);
        edit(run, |lines, _| lines.push("\0\0\0\0\0".to_owned()));
    }),
    (Finding::HalfLine, Standing::Nothing, |run| {
        crashed(run, UNSYNCED);
        edit(run, |lines, _| {
            lines.truncate(1);
            halve(&mut lines[0]);
        });
    }),
    (Finding::OpenBatch, Standing::Durable, |run| {
        crashed(run, Sample { events: 10, sync_every: 7, ..OPEN });
        edit(run, open_batch);
    }),
    (Finding::OpenBatch, Standing::Short, |run| {
        support::write(run, OPEN);
        edit(run, |lines, _| open_batch(lines, 0));
    }),
    (Finding::OpenBatch, Standing::Nothing, |run| {
        fs::create_dir(run).unwrap();
        let promised = r#"{"seq":1,"ts":5,"kind":"run.started","outcomes":1,"data":{"run":"r","tag":"0000000000000001","epoch":0,"mode":"record","schema":"1.0","engine":"1","config":{},"instruments":[]}"#;
        fs::write(support::segment(run, 1), support::chained(&[promised])).unwrap();
    }),
    (Finding::OpenBatch, Standing::Ended, |run| {
        crashed(run, ENDED);
        let lines = text_of(run, 1);
        let promised = first_line(&lines).replace("\"run.started\",", "\"run.started\",\"outcomes\":1,");
        let seq = u64::try_from(lines.iter().filter(|l| !l.starts_with("{\"after\"")).count()).unwrap() + 1;
        let promised = promised.replace("\"seq\":1,", &format!("\"seq\":{seq},"));
        let promised = promised.replace(&START.0.to_string(), &NOW.0.to_string());
        fs::write(support::segment(run, 2), following(lines.last().unwrap(), &promised)).unwrap();
    }),
    (Finding::NotALine, Standing::Durable, |run| {
        crashed(run, Sample { events: 8, ..OPEN });
        edit(run, |lines, at| lines.insert(at, "rubbish\n".to_owned()));
    }),
    (Finding::NotALine, Standing::Short, |run| {
        crashed(run, OPEN);
        edit(run, |lines, _| lines[3] = "rubbish\n".to_owned());
    }),
    (Finding::NotALine, Standing::Ended, |run| {
        crashed(run, ENDED);
        edit(run, |lines, _| lines.push("rubbish\n".to_owned()));
    }),
    (Finding::NotALine, Standing::Nothing, |run| {
        crashed(run, UNSYNCED);
        edit(run, |lines, _| lines.insert(0, "rubbish\n".to_owned()));
    }),
    (Finding::BrokenChain, Standing::Durable, |run| {
        crashed(run, Sample { events: 8, ..OPEN });
        edit(run, |lines, at| flip(&mut lines[at]));
    }),
    (Finding::BrokenChain, Standing::Short, |run| {
        crashed(run, OPEN);
        edit(run, |lines, _| lines.swap(2, 3));
    }),
    (Finding::BrokenChain, Standing::Ended, |run| {
        crashed(run, ENDED);
        edit(run, |lines, _| lines.push(lines[1].clone()));
    }),
    (Finding::BrokenChain, Standing::Nothing, |run| {
        crashed(run, UNSYNCED);
        edit(run, |lines, _| flip(&mut lines[0]));
    }),
    (Finding::WrongOrder, Standing::Durable, |run| {
        crashed(run, OPEN);
        edit(run, |lines, _| lines.push(wrong_number(lines.last().unwrap())));
    }),
    (Finding::WrongOrder, Standing::Short, |run| {
        support::write(run, OPEN);
        edit(run, |lines, _| {
            lines.truncate(3);
            lines.push(wrong_number(&lines[2]));
        });
    }),
    (Finding::WrongOrder, Standing::Ended, |run| {
        crashed(run, ENDED);
        edit(run, |lines, _| lines.push(wrong_number(lines.last().unwrap())));
    }),
    (Finding::WrongOrder, Standing::Nothing, |run| {
        fs::create_dir(run).unwrap();
        let early = r#"{"seq":1,"ts":5,"kind":"market.quote","data":{"instrument":"A.B"}"#;
        fs::write(support::segment(run, 1), support::chained(&[early])).unwrap();
    }),
    (Finding::MissingSegment, Standing::Durable, |run| {
        crashed(run, Sample { segment_bytes: 600, ..UNSYNCED });
        fs::remove_file(support::segment(run, 2)).unwrap();
    }),
    (Finding::MissingSegment, Standing::Short, |run| {
        crashed(run, SHORT_SEGMENTS);
        fs::remove_file(support::segment(run, 2)).unwrap();
    }),
    (Finding::MissingSegment, Standing::Ended, |run| {
        crashed(run, ENDED);
        fs::write(support::segment(run, 3), b"rubbish\n").unwrap();
    }),
    (Finding::MissingSegment, Standing::Nothing, |run| {
        crashed(run, SHORT_SEGMENTS);
        fs::remove_file(support::segment(run, 1)).unwrap();
    }),
    (Finding::SealedDamage, Standing::Durable, |run| {
        sealed(run, Sample { segment_bytes: 900, ..UNSYNCED });
        fs::remove_file(run.join("manifest.json")).unwrap();
        garble_packed(run, 2, 60);
    }),
    (Finding::SealedDamage, Standing::Short, |run| {
        sealed(run, Sample { segment_bytes: 900, ..OPEN });
        garble_packed(run, 2, 60);
    }),
    (Finding::SealedDamage, Standing::Ended, |run| {
        sealed(run, ENDED);
        let file = run.join(sealed_name(1));
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, [&bytes[..], b"rubbish"].concat()).unwrap();
    }),
    (Finding::SealedDamage, Standing::Nothing, |run| {
        sealed(run, UNSYNCED);
        garble_packed(run, 1, 0);
    }),
];

fn sealed(run: &Path, sample: Sample) {
    support::write(run, sample);
    reprise_journal::seal(run).unwrap();
}

fn garble_packed(run: &Path, number: u32, at: usize) {
    let file = run.join(sealed_name(number));
    let mut bytes = fs::read(&file).unwrap();
    bytes[at] ^= 0x55;
    fs::write(&file, bytes).unwrap();
}

/// Everything that is in the folder but the lock.
fn contents(run: &Path) -> Vec<(String, Vec<u8>)> {
    support::files(run).into_iter().filter(|(name, _)| name != ".lock").collect()
}

/// What must hold after every recovery: the whole batches are there, the journal verifies, nothing is left
/// to recover, what was cut is kept, and the run can go on, ended or not.
fn check_recovered(run: &Path, recovered: &Recovered, before: &[(String, Vec<u8>)]) {
    let verdict = verify_journal(run);
    let Verdict::Clean(stat) = &verdict else { panic!("{recovered:?}: {verdict:?}") };
    assert_eq!((stat.last_seq, stat.ended), (recovered.last_seq, recovered.ended));
    let old: Vec<u8> = segments(before);
    let kept: Vec<Vec<u8>> = recovered.kept.iter().map(|(file, _)| fs::read(file).unwrap()).collect();
    for ((file, bytes), content) in recovered.kept.iter().zip(&kept) {
        assert_eq!(content.len() as u64, *bytes, "{}", file.display());
        assert!(old.windows(content.len()).any(|w| w == content), "what is kept is what was cut");
    }
    let left: Vec<u8> = segments(&contents(run));
    let records =
        support::lines(run).unwrap().iter().filter(|l| l.windows(11).any(|w| w == b"journal.cut")).count();
    assert_eq!(records, if recovered.action == Action::Cut { kept.len() } else { 0 });
    if recovered.action == Action::Keep {
        assert_eq!(left, old);
    }
    assert_eq!(recover(run, NOW).unwrap().action, Action::Keep, "once is enough");
    let (mut writer, _) = JournalWriter::resume(run, WriterOptions::default(), NOW).unwrap();
    let mut again = support::started(RunMode::Paper);
    again.epoch = 1;
    support::append(&mut writer, NOW, &Input::from(Box::new(again)), &[]).unwrap();
    let ended = Input::from(Box::new(writer.run_ended("done", 1)));
    support::append(&mut writer, NOW, &ended, &[]).unwrap();
    writer.finish().unwrap();
    let verdict = verify_journal(run);
    assert!(matches!(&verdict, Verdict::Clean(stat) if stat.ended && stat.epochs == 2), "{verdict:?}");
}

fn segments(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    files.iter().filter(|(name, _)| name.contains(".jsonl")).flat_map(|(_, bytes)| bytes.clone()).collect()
}

/// Breaks when a row of the table is not what happens, or has no case here.
#[test]
fn every_row() {
    for row in TABLE {
        let cases = CASES.iter().filter(|c| (c.0, c.1) == (row.finding, row.standing));
        assert_eq!(cases.count(), 1, "{row:?}");
    }
    for &(finding, standing, make) in CASES {
        let row = reprise_journal::recovery::decide(finding, standing);
        let dir = support::folder();
        let run = dir.path().join("run");
        make(&run);
        let before = contents(&run);
        match recover(&run, NOW) {
            Ok(recovered) => {
                assert_eq!(
                    (recovered.finding, recovered.action),
                    (finding, row.action),
                    "{finding} {standing}"
                );
                assert_eq!(recovered.ended, standing == Standing::Ended, "{finding} {standing}");
                check_recovered(&run, &recovered, &before);
            }
            Err(JournalError::Unrecoverable { reason, damage }) => {
                assert_eq!(row.action, Action::Refuse, "{finding} {standing}: {reason} {damage}");
                assert!(reason.starts_with(row.why), "{finding} {standing}: {reason}");
                assert_eq!(contents(&run), before, "{finding} {standing}: a refusal changes nothing");
            }
            Err(other) => panic!("{finding} {standing}: {other}"),
        }
    }
}

/// Where the last `journal.synced` begins and ends in the first segment, and what it says.
fn watermark(bytes: &[u8]) -> (usize, usize, Seq) {
    let text = std::str::from_utf8(bytes).unwrap();
    let begin = text.rfind("{\"after\":").unwrap();
    let through = text[begin..].split("\"through\":").nth(1).unwrap();
    let through = through.split(',').next().unwrap().parse().unwrap();
    (begin, begin + text[begin..].find('\n').unwrap() + 1, Seq(through))
}

/// Damages a copy of the segment and recovers it; `None` when it refuses.
fn after_damage(run: &Path, bytes: &[u8]) -> Option<Seq> {
    for (name, _) in support::files(run) {
        fs::remove_file(run.join(name)).unwrap();
    }
    fs::write(support::segment(run, 1), bytes).unwrap();
    match recover(run, NOW) {
        Ok(recovered) => {
            assert!(matches!(verify_journal(run), Verdict::Clean(_)), "{recovered:?}");
            Some(recovered.last_seq)
        }
        Err(JournalError::Unrecoverable { damage, .. }) => {
            assert_eq!(fs::read(support::segment(run, 1)).unwrap(), bytes, "a refusal changes nothing");
            assert!(damage.offset as usize <= bytes.len());
            None
        }
        Err(other) => panic!("{other}"),
    }
}

/// Breaks when damage at some byte loses what was durable, or keeps a journal from being recovered that only
/// lost its tail.
#[test]
fn damage_at_every_byte() {
    let dir = support::folder();
    let run = dir.path().join("run");
    crashed(&run, Sample { events: 8, sync_every: 3, ..OPEN });
    let whole = fs::read(support::segment(&run, 1)).unwrap();
    let (record, record_end, durable) = watermark(&whole);
    let prefix = support::lines(&run).unwrap();
    for at in 0..whole.len() {
        let other = [whole[at] ^ 1, 0, b'\n', b'{'][at % 4];
        let mut garbled = whole.clone();
        garbled[at] = if other == whole[at] { b'x' } else { other };
        let left = after_damage(&run, &garbled);
        if at < record {
            assert_eq!(left, None, "byte {at} was durable");
        } else {
            assert!(left.is_some_and(|seq| seq >= durable), "byte {at} was not durable: {left:?}");
        }
        if at >= record_end {
            for tail in [
                &whole[..at],
                &[&whole[..at], &[0; 300][..]].concat(),
                &[&whole[..at], b"\n\x01\xff{\n"].concat(),
            ] {
                let left = after_damage(&run, tail);
                assert!(left.is_some_and(|seq| seq >= durable), "cut at {at}: {left:?}");
                let lines = support::lines(&run).unwrap();
                let same = lines.iter().zip(&prefix).take_while(|(a, b)| a == b).count();
                assert!(lines.len() - same <= 1, "only the record of the cut is new");
            }
        }
    }
}

/// Breaks when recovery, crashing itself between two steps, leaves a journal that no longer recovers.
#[test]
fn a_crash_in_recovery_is_harmless() {
    let dir = support::folder();
    let run = dir.path().join("run");
    crashed(&run, Sample { segment_bytes: 900, durability: DurabilityMode::None, events: 12, ..OPEN });
    edit(&run, |lines, _| flip(lines.last_mut().unwrap()));
    let original = contents(&run);
    let last = original.iter().filter(|(name, _)| name.ends_with(".jsonl")).count() as u32;
    assert!(last > 2);
    let reference = support::folder();
    let put_all =
        |to: &Path| original.iter().for_each(|(name, bytes)| fs::write(to.join(name), bytes).unwrap());
    put_all(reference.path());
    let expected = recover(reference.path(), NOW).unwrap();
    let renamed = |run: &Path, number: u32| {
        fs::rename(support::segment(run, number), run.join(format!("cut-{number:06}-0.bin"))).unwrap();
    };
    // Later segments go aside from the last to the second, then the first one's tail is copied.
    for steps in 1..last {
        let dir = support::folder();
        put_all(dir.path());
        (0..steps).for_each(|n| renamed(dir.path(), last - n));
        let recovered = recover(dir.path(), NOW).unwrap();
        assert_eq!(recovered.last_seq, expected.last_seq, "after {steps} steps");
        assert!(matches!(verify_journal(dir.path()), Verdict::Clean(_)), "after {steps} steps");
    }
}

/// Breaks when a resumed run does not go on in a new segment with chain, numbers and content of the old ones.
#[test]
fn a_run_goes_on() {
    for sealed in [false, true] {
        let dir = support::folder();
        let run = dir.path().join("run");
        support::write(&run, OPEN);
        if sealed {
            reprise_journal::seal(&run).unwrap();
            fs::write(support::segment(&run, 2), b"torn").unwrap();
        }
        let (writer, recovered) = JournalWriter::resume(&run, WriterOptions::default(), NOW).unwrap();
        assert_eq!(recovered.kept.len(), usize::from(sealed));
        assert_eq!(writer.last_seq(), recovered.last_seq);
        drop(writer);
        let recovered = recover(&run, NOW).unwrap();
        assert_eq!(recovered.finding, Finding::EmptySegment, "resume made a segment and wrote nothing");
        check_recovered_after_resume(&run);
    }
}

fn check_recovered_after_resume(run: &Path) {
    let (mut writer, _) = JournalWriter::resume(run, WriterOptions::default(), NOW).unwrap();
    support::append(&mut writer, NOW, &Input::from(Box::new(support::started(RunMode::Live))), &[]).unwrap();
    let ended = Input::from(Box::new(writer.run_ended("done", 0)));
    support::append(&mut writer, NOW, &ended, &[]).unwrap();
    writer.finish().unwrap();
    assert!(matches!(verify_journal(run), Verdict::Clean(stat) if stat.ended && stat.epochs == 2));
    reprise_journal::seal(run).unwrap();
    assert!(matches!(verify_journal(run), Verdict::Clean(stat) if stat.ended));
}

/// Breaks when an epoch that a later engine wrote is taken for a torn tail and cut off.
#[test]
fn what_another_engine_wrote_is_not_cut() {
    let start = r#"{"seq":1,"ts":5,"kind":"run.started","data":{"run":"r","tag":"0000000000000001","epoch":0,"mode":"record","schema":"1.0","engine":"1","config":{},"instruments":[]}"#;
    let later =
        start.replace("\"seq\":1", "\"seq\":2").replace("record", "dream").replace("\"1.0\"", "\"1.9\"");
    let dir = support::folder();
    let bytes = support::chained(&[start, &later]);
    fs::write(support::segment(dir.path(), 1), &bytes).unwrap();
    let error = recover(dir.path(), NOW).unwrap_err();
    assert!(error.to_string().contains("the engine that wrote it"), "{error}");
    assert_eq!(fs::read(support::segment(dir.path(), 1)).unwrap(), bytes);
}
