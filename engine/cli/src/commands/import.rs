//! `reprise import`: recordings become a journal.

use std::path::Path;

use anyhow::{Context, Result};
use reprise_journal::{DurabilityMode, JournalWriter, WriterOptions};
use reprise_market_data::import::{Import, ImportPlan, Report};
use reprise_model::codec::RawJson;
use reprise_model::event::{RunMode, RunStarted};
use reprise_model::{Input, InstrumentId, RunTag, SCHEMA_VERSION, Seq, Ts};
use serde_json::json;

use crate::args::ImportArgs;
use crate::exit;
use crate::folders::refuse_used_folder;
use crate::output::{grouped, moment, print_json, print_line, print_table, progress_bar, show, warn};

/// Rows between two looks at the progress.
const SHOW_EVERY: u64 = 1 << 14;

/// Imports.
pub fn run(args: &ImportArgs) -> Result<u8> {
    let instrument =
        args.instrument.as_deref().map(str::parse::<InstrumentId>).transpose().context("--instrument")?;
    let plan = ImportPlan {
        format: args.format,
        venue: args.venue.clone(),
        instrument,
        files: args.files.clone(),
        skip_bad: args.skip_bad,
        known: Vec::new(),
    };
    refuse_used_folder(&args.output)?;
    let bar = progress_bar("checking ");
    let import = Import::scan(plan, |p| show(&bar, p.bytes, p.total_bytes))?;
    bar.finish_and_clear();
    let report = write_journal(&import, args)?;
    print_report(args, &import, &report)?;
    Ok(exit::DONE)
}

fn write_journal(import: &Import, args: &ImportArgs) -> Result<Report> {
    let bar = progress_bar("importing");
    let options = WriterOptions { durability: DurabilityMode::None, ..WriterOptions::default() };
    let mut writer = JournalWriter::create(&args.output, options)?;
    let mut events = import.events();
    let (mut seq, mut last) = (Seq(0), Ts(0));
    while let Some((ts, input)) = events.next_event()? {
        if seq == Seq(0) {
            seq = seq.next();
            writer.append_input(seq, ts, &Input::RunStarted(Box::new(started(import, args))), 0)?;
            writer.commit_batch()?;
        }
        (seq, last) = (seq.next(), ts);
        writer.append_input(seq, ts, &input, 0)?;
        writer.commit_batch()?;
        if seq.0.is_multiple_of(SHOW_EVERY) {
            let progress = events.progress();
            show(&bar, progress.bytes, progress.total_bytes);
        }
    }
    let report = events.report();
    let ended = writer.run_ended("the recording ended", report.events);
    writer.append_input(seq.next(), last, &Input::RunEnded(Box::new(ended)), 0)?;
    writer.commit_batch()?;
    writer.finish()?;
    bar.finish_and_clear();
    Ok(report)
}

fn started(import: &Import, args: &ImportArgs) -> RunStarted {
    let names: Vec<String> =
        args.files.iter().filter_map(|f| Some(f.file_name()?.to_string_lossy().into_owned())).collect();
    let config = json!({"import": {"format": args.format.name(), "files": names, "skip_bad": args.skip_bad}});
    let tag = blake3::hash(config.to_string().as_bytes());
    let tag = tag.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    let folder = std::path::absolute(&args.output).ok();
    let run = folder
        .as_deref()
        .and_then(Path::file_name)
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    RunStarted {
        run,
        tag: RunTag(tag),
        epoch: 0,
        mode: RunMode::Record,
        schema: SCHEMA_VERSION.to_string(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        config: RawJson::new(&config),
        instruments: import.instruments().to_vec(),
        source: None,
        copied_inputs: false,
    }
}

fn print_report(args: &ImportArgs, import: &Import, report: &Report) -> Result<()> {
    for warning in &report.warnings {
        warn(warning);
    }
    for bad in &report.first_bad_rows {
        warn(format_args!("skipped {bad}"));
    }
    if args.json {
        let instruments: Vec<_> = import.instruments().iter().map(|i| i.instrument).collect();
        return print_json(&json!({
            "run": args.output,
            "rows": report.rows,
            "events": report.events,
            "bad_rows": report.bad_rows,
            "first_bad_rows": report.first_bad_rows.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "passed_over": report.passed_over,
            "warnings": report.warnings,
            "instruments": instruments,
            "first_ts": report.first_ts.map(|ts| ts.0),
            "last_ts": report.last_ts.map(|ts| ts.0),
        }));
    }
    let rows: Vec<Vec<String>> = import
        .instruments()
        .iter()
        .map(|i| vec![i.instrument.to_string(), i.class.to_string(), i.tick.to_string(), i.lot.to_string()])
        .collect();
    print_table(&["instrument", "class", "tick", "lot"], &rows, &[2, 3])?;
    let (first, last) = (report.first_ts.unwrap_or_default(), report.last_ts.unwrap_or_default());
    print_line(format_args!(
        "{} rows, {} events, {} bad rows, {} to {}",
        grouped(report.rows),
        grouped(report.events),
        grouped(report.bad_rows),
        moment(first),
        moment(last)
    ))?;
    print_line(format_args!("next: reprise backtest {} --strategy ema-cross -o DIR", args.output.display()))
}
