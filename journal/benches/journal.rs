//! How fast the journal is written and read: `cargo bench -p reprise-journal --bench journal
//! [-- LINES [ROW]]`, where ROW is a part of a row's name.
//!
//! Every figure is lines a second on one thread over seeded quotes of 239 bytes a line; the last row is the
//! same file through `serde_json` into typed structs, without the chain, as a baseline from the same run.

use std::hint::black_box;
use std::io::{BufRead, ErrorKind};
use std::path::Path;
use std::time::Instant;

use reprise_journal::{
    Commit, DurabilityMode, JournalError, JournalReader, JournalWriter, Verdict, WriterOptions,
};
use reprise_model::codec::RawJson;
use reprise_model::event::{Level, Quote, RunMode, RunStarted};
use reprise_model::{Input, Price, Qty, RunTag, Seq, Ts};

const DEFAULT_LINES: u64 = 1_000_000;
const GROUP: u64 = 1_024;
/// The best of these counts: what else the machine does only makes a round slower.
const MIN_ROUNDS: u64 = 5;
/// Short recordings are read more often, so that a busy machine shows its idle moments too.
const LINES_IN_ALL: u64 = 4_000_000;
const START_NS: u64 = 1_763_675_591_000_000_000;

/// Quotes of a random walk, the same for the same seed.
struct Quotes {
    state: u64,
    cents: i64,
    ts: u64,
}

impl Quotes {
    fn seeded(seed: u64) -> Self {
        Self { state: seed | 1, cents: 9_701_234, ts: START_NS }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below
    }

    fn next(&mut self) -> Result<(Ts, Input), Box<dyn std::error::Error>> {
        self.ts += 100_000 + self.draw(1_000_000);
        self.cents += self.draw(21) as i64 - 10;
        let sizes = (10_001 + self.draw(89_999), 10_001 + self.draw(89_999));
        let bid = Level { price: decimal(self.cents, 2)?, qty: Qty::parse(&format!("0.{}", sizes.0))? };
        let ask = Level { price: decimal(self.cents + 1, 2)?, qty: Qty::parse(&format!("1.{}", sizes.1))? };
        let venue_ts = Some(Ts(self.ts - 1_000_000));
        let quote = Quote {
            instrument: "BTC-USD.COINBASE".parse()?,
            bid: Some(bid),
            ask: Some(ask),
            venue_ts,
            conflated: None,
        };
        Ok((Ts(self.ts), Input::Quote(quote)))
    }
}

fn decimal(units: i64, decimals: u32) -> Result<Price, Box<dyn std::error::Error>> {
    let scale = 10_i64.pow(decimals);
    Ok(Price::parse(&format!("{}.{:02}", units / scale, units % scale))?)
}

fn started() -> Input {
    Input::from(Box::new(RunStarted {
        run: "bench".to_owned(),
        tag: RunTag(1),
        epoch: 0,
        mode: RunMode::Record,
        schema: reprise_model::SCHEMA_VERSION.to_string(),
        engine: "0.1.0".to_owned(),
        config: RawJson::new(&serde_json::json!({})),
        instruments: Vec::new(),
        source: None,
        copied_inputs: false,
    }))
}

fn append(dir: &Path, durability: DurabilityMode, quotes: &[(Ts, Input)]) -> Result<(), JournalError> {
    let mut writer = JournalWriter::create(dir, WriterOptions { durability, segment_bytes: u64::MAX })?;
    writer.append_input(Seq(1), Ts(START_NS), &started(), 0)?;
    let mut commit = writer.commit_batch()?;
    for (n, (ts, quote)) in quotes.iter().enumerate() {
        let seq = Seq(n as u64 + 2);
        writer.append_input(seq, *ts, quote, 0)?;
        commit = commit.max(writer.commit_batch()?);
        if seq.0.is_multiple_of(GROUP) && commit > Commit::Free {
            writer.sync(*ts)?;
            commit = Commit::Free;
        }
    }
    writer.finish()?;
    Ok(())
}

fn read_entries(dir: &Path) -> Result<u64, JournalError> {
    let mut reader = JournalReader::open(dir)?;
    let mut lines = 0;
    while let Some(entry) = reader.next_entry()? {
        black_box(&entry);
        lines += 1;
    }
    Ok(lines)
}

fn read_inputs(dir: &Path) -> Result<u64, JournalError> {
    let mut reader = JournalReader::open(dir)?;
    let mut inputs = 0;
    while let Some(input) = reader.next_input()? {
        black_box(&input);
        inputs += 1;
    }
    Ok(inputs)
}

#[derive(serde::Deserialize)]
struct TypedLine<'a> {
    seq: u64,
    ts: u64,
    kind: &'a str,
    data: TypedQuote<'a>,
    crc: &'a str,
}

#[derive(serde::Deserialize)]
struct TypedQuote<'a> {
    instrument: &'a str,
    bid: &'a str,
    bid_size: &'a str,
    ask: &'a str,
    ask_size: &'a str,
    venue_ts: u64,
}

fn read_with_serde(dir: &Path) -> Result<u64, Box<dyn std::error::Error>> {
    let file = std::fs::File::open(dir.join(reprise_journal::plain_name(1)))?;
    let mut lines = std::io::BufReader::with_capacity(256 << 10, file);
    let (mut line, mut count) = (Vec::new(), 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        if count > 0 {
            let typed: TypedLine<'_> = serde_json::from_slice(&line)?;
            let q = &typed.data;
            let bid = Level {
                price: Price::parse_canonical(q.bid.as_bytes())?,
                qty: Qty::parse_canonical(q.bid_size.as_bytes())?,
            };
            let ask = Level {
                price: Price::parse_canonical(q.ask.as_bytes())?,
                qty: Qty::parse_canonical(q.ask_size.as_bytes())?,
            };
            black_box((typed.seq, typed.ts, typed.kind, q.instrument, bid, ask, q.venue_ts, typed.crc));
        }
        count += 1;
        line.clear();
    }
    Ok(count)
}

/// Time on the processor where the system tells it, which leaves out what else a busy machine does; waiting
/// for the disk is then left out too. Else the time that passed.
struct Clock(Instant, Option<u64>);

impl Clock {
    fn start() -> Self {
        Self(Instant::now(), Self::on_processor_ns())
    }

    fn on_processor_ns() -> Option<u64> {
        std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
    }

    fn seconds(&self) -> f64 {
        let passed = self.0.elapsed().as_secs_f64();
        match (self.1, Self::on_processor_ns()) {
            // The system counts in ticks of some milliseconds.
            (Some(from), Some(to)) if passed > 0.1 => (to - from) as f64 / 1e9,
            _ => passed,
        }
    }
}

/// Which rows are run, and how often.
struct Rows {
    lines: u64,
    only: Option<String>,
}

impl Rows {
    fn run<E>(&self, what: &str, mut run: impl FnMut() -> Result<(), E>) -> Result<(), E> {
        if self.only.as_ref().is_some_and(|only| !what.contains(only.as_str())) {
            return Ok(());
        }
        let mut seconds = f64::INFINITY;
        for _ in 0..MIN_ROUNDS.max(LINES_IN_ALL / self.lines) {
            let start = Clock::start();
            run()?;
            seconds = seconds.min(start.seconds());
        }
        let (rate, each) = (self.lines as f64 / seconds / 1e6, seconds * 1e9 / self.lines as f64);
        println!("{what:<40} {rate:>8.2} M lines/s {each:>6.0} ns/line");
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = || std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let lines = arguments().find_map(|a| a.parse().ok()).unwrap_or(DEFAULT_LINES);
    let only = arguments().find(|a| a.parse::<u64>().is_err());
    let rows = Rows { lines, only };
    let dir = tempfile::tempdir()?;
    let mut quotes = Quotes::seeded(0x5eed);
    let quotes = (0..lines).map(|_| quotes.next()).collect::<Result<Vec<_>, _>>()?;
    let (recording, other, synced) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("c"));
    append(&recording, DurabilityMode::None, &quotes)?;
    let bytes = std::fs::metadata(recording.join(reprise_journal::plain_name(1)))?.len();
    println!("{lines} quotes, {} bytes a line", bytes / lines);
    let again = |dir: &Path, durability| {
        std::fs::remove_dir_all(dir)
            .or_else(|e| if e.kind() == ErrorKind::NotFound { Ok(()) } else { Err(e) })?;
        append(dir, durability, &quotes).map_err(std::io::Error::other)
    };
    rows.run("append, durability none", || again(&other, DurabilityMode::None))?;
    rows.run("append, a sync every 1,024", || again(&synced, DurabilityMode::Orders))?;
    rows.run("read inputs, chain verified", || read_inputs(&recording).map(drop))?;
    rows.run("read entries, chain verified", || read_entries(&recording).map(drop))?;
    rows.run("verify", || verify(&recording))?;
    rows.run("serde_json typed, no chain", || read_with_serde(&recording).map(drop))?;
    Ok(())
}

fn verify(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    match reprise_journal::verify_journal(dir) {
        Verdict::Clean(_) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}
