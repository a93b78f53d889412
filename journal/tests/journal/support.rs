//! Small journals to damage.

use std::fs;
use std::path::{Path, PathBuf};

use reprise_journal::{DurabilityMode, JournalError, JournalReader, JournalWriter, WriterOptions};
use reprise_model::codec::RawJson;
use reprise_model::event::{
    Checkpoint, Level, OrderUnknown, Quote, RiskBands, RunMode, RunStarted, TimerArmed, Trade,
};
use reprise_model::{Input, OrderId, Outcome, RunTag, SCHEMA_VERSION, Seq, TimerId, Ts};

/// When the journals here begin.
pub const START: Ts = Ts(1_763_675_591_123_456_789);

/// What a sample journal is like.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub durability: DurabilityMode,
    pub segment_bytes: u64,
    /// Market events; every third one has outcomes.
    pub events: u64,
    /// After so many events a sync; 0 for never.
    pub sync_every: u64,
    pub ended: bool,
}

pub const ENDED: Sample = Sample {
    durability: DurabilityMode::Orders,
    segment_bytes: 1 << 20,
    events: 6,
    sync_every: 3,
    ended: true,
};
pub const OPEN: Sample = Sample { ended: false, ..ENDED };

pub fn started(mode: RunMode) -> RunStarted {
    RunStarted {
        run: "sample".to_owned(),
        tag: RunTag(0xfeed),
        epoch: 0,
        mode,
        schema: SCHEMA_VERSION.to_string(),
        engine: "0.1.0".to_owned(),
        config: RawJson::new(&serde_json::json!({"risk": {"enabled": true}})),
        instruments: Vec::new(),
        source: None,
        copied_inputs: false,
    }
}

pub fn level(price: &str, qty: &str) -> Level {
    Level { price: price.parse().unwrap(), qty: qty.parse().unwrap() }
}

pub fn quote(n: u64) -> Input {
    Input::from(Quote {
        instrument: "BTC-USD.COINBASE".parse().unwrap(),
        bid: Some(level(&format!("97012.{}", 1 + n % 9), "0.51")),
        ask: Some(level("97013.01", "1.2")),
        venue_ts: Some(Ts(START.0 + n)),
        conflated: None,
    })
}

fn trade(n: u64) -> Input {
    Input::from(Trade {
        instrument: "BTC-USD.COINBASE".parse().unwrap(),
        price: "97012.5".parse().unwrap(),
        qty: "0.001".parse().unwrap(),
        side: None,
        trade_id: Some(reprise_model::Label::new(&format!("t{n}")).unwrap()),
        historical: false,
        venue_ts: None,
    })
}

fn outcomes_of(n: u64) -> Vec<Outcome> {
    if !n.is_multiple_of(3) {
        return Vec::new();
    }
    let order = OrderId { epoch: 0, n: n as u32 };
    vec![
        Outcome::from(TimerArmed {
            timer: TimerId(n),
            owner: reprise_model::Label::new("gate").unwrap(),
            key: n,
            due: Ts::NEVER,
        }),
        Outcome::from(OrderUnknown { order, reason: "no answer came, \"ever\"\n".to_owned() }),
    ]
}

/// Appends one batch; seqs follow the last one.
pub fn append(
    writer: &mut JournalWriter,
    ts: Ts,
    input: &Input,
    outcomes: &[Outcome],
) -> Result<(), JournalError> {
    let seq = writer.last_seq().next();
    writer.append_input(seq, ts, input, outcomes.len() as u32)?;
    for (i, outcome) in outcomes.iter().enumerate() {
        writer.append_outcome(Seq(seq.0 + 1 + i as u64), ts, seq, outcome)?;
    }
    writer.commit_batch().map(drop)
}

pub fn append_event(writer: &mut JournalWriter, n: u64) -> Result<(), JournalError> {
    let input = if n.is_multiple_of(4) { trade(n) } else { quote(n) };
    append(writer, START.plus_ns(n * 1_000), &input, &outcomes_of(n))
}

/// Writes a sample into a folder.
pub fn write(dir: &Path, sample: Sample) {
    let options = WriterOptions { durability: sample.durability, segment_bytes: sample.segment_bytes };
    let mut writer = JournalWriter::create(dir, options).unwrap();
    append(&mut writer, START, &Input::from(Box::new(started(RunMode::Paper))), &[]).unwrap();
    for n in 1..=sample.events {
        append_event(&mut writer, n).unwrap();
        if sample.sync_every > 0 && n.is_multiple_of(sample.sync_every) {
            writer.sync(START.plus_ns(n * 1_000 + 500)).unwrap();
        }
    }
    if sample.ended {
        let ended = Input::from(Box::new(writer.run_ended("done", sample.events)));
        let bands = RiskBands {
            instrument: "BTC-USD.COINBASE".parse().unwrap(),
            lower: "96000".parse().unwrap(),
            middle: "97000".parse().unwrap(),
            upper: "98000".parse().unwrap(),
        };
        let checkpoint =
            Checkpoint { inputs: 7, state_version: 1, state: "00".to_owned(), decisions: "11".to_owned() };
        let last = [Outcome::from(bands), Outcome::from(checkpoint)];
        append(&mut writer, START.plus_ns(sample.events * 1_000 + 900), &ended, &last).unwrap();
    }
    writer.finish().unwrap();
}

/// A new folder, in memory where the system offers that: these tests write and sync thousands of files, and
/// what a disk does with them is not what they are about.
pub fn folder() -> tempfile::TempDir {
    let in_memory = Path::new("/dev/shm");
    let made = if in_memory.is_dir() { tempfile::tempdir_in(in_memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).unwrap()
}

/// A fresh sample in a folder of its own.
pub fn sample(sample: Sample) -> tempfile::TempDir {
    let dir = folder();
    write(&dir.path().join("run"), sample);
    dir
}

pub fn segment(dir: &Path, number: u32) -> PathBuf {
    dir.join(reprise_journal::plain_name(number))
}

/// Every line of every segment, as the reader gives it.
pub fn lines(dir: &Path) -> Result<Vec<Vec<u8>>, JournalError> {
    let mut reader = JournalReader::open(dir)?;
    let mut lines = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        lines.push(entry.raw.to_vec());
    }
    Ok(lines)
}

/// All files of a folder, by name.
pub fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

/// Ends the lines with crcs that fit, from `first` on: a forger's work, or a later engine's.
pub fn chained(bodies: &[&str]) -> Vec<u8> {
    let (mut bytes, mut crc) = (Vec::new(), 0);
    for body in bodies {
        let start = bytes.len();
        bytes.extend_from_slice(body.as_bytes());
        crc = reprise_journal::line::end_line(&mut bytes, start, crc);
    }
    bytes
}
