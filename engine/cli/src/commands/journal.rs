//! `reprise journal`: check, count, print and seal a journal.

use std::io::{BufWriter, Write};

use anyhow::{Context, Result};
use reprise_journal::{Body, JournalReader, Stat, Verdict, recover, seal, stat, verify_journal};
use reprise_model::event::KINDS;
use reprise_runtime::wall_clock;
use serde_json::{Value, json};

use crate::args::{JournalArgs, JournalCat, JournalCommand, JournalRun};
use crate::exit;
use crate::output::{NOT_WRITTEN, grouped, moment, print_json, print_line, print_table, say, warn};

/// Does what is asked of the journal.
pub fn run(args: &JournalArgs) -> Result<u8> {
    match &args.command {
        JournalCommand::Verify(args) => check(args),
        JournalCommand::Stat(args) => count(args),
        JournalCommand::Cat(args) => cat(args),
        JournalCommand::Seal(args) => compress(args),
        JournalCommand::Repair(args) => repair(args),
    }
}

fn check(args: &JournalRun) -> Result<u8> {
    let verdict = verify_journal(&args.run);
    let (word, facts) = match &verdict {
        Verdict::Clean(stat) => {
            let word = if stat.ended { "clean" } else { "open" };
            (word, json!({"lines": stat.lines, "last_seq": stat.last_seq.0, "ended": stat.ended}))
        }
        Verdict::BeingWritten { .. } => ("open", json!({"being_written": true})),
        Verdict::Corrupt(damage) => (
            "corrupt",
            json!({
                "file": damage.file, "offset": damage.offset, "line": damage.line,
                "after_seq": damage.after.0, "seq": damage.after.0 + 1, "reason": damage.reason,
            }),
        ),
        Verdict::CouldNotJudge { reason } => ("not judged", json!({"reason": reason})),
    };
    if args.json {
        let mut object = json!({"verdict": word});
        if let (Value::Object(object), Value::Object(facts)) = (&mut object, facts) {
            object.extend(facts);
        }
        print_json(&object)?;
    } else if let Verdict::CouldNotJudge { reason } = &verdict {
        say(format_args!("could not judge: {reason}"));
    } else {
        print_line(in_words(&verdict))?;
    }
    Ok(verdict.exit_code())
}

fn in_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Clean(stat) if stat.ended => {
            format!("clean: {} lines, ended at seq {}", grouped(stat.lines), stat.last_seq)
        }
        Verdict::Clean(stat) => {
            format!(
                "open: {} lines, clean up to seq {}; the run has not ended",
                grouped(stat.lines),
                stat.last_seq
            )
        }
        Verdict::BeingWritten { .. } => "open: the run is being written".to_owned(),
        Verdict::Corrupt(damage) => format!("corrupt: {damage}"),
        Verdict::CouldNotJudge { reason } => format!("could not judge: {reason}"),
    }
}

fn count(args: &JournalRun) -> Result<u8> {
    let stat = stat(&args.run)?;
    if args.json {
        print_json(&stat_json(&stat))?;
        return Ok(exit::DONE);
    }
    let rows: Vec<Vec<String>> =
        stat.kinds.iter().map(|(kind, count)| vec![kind.clone(), grouped(*count)]).collect();
    print_table(&["kind", "lines"], &rows, &[1])?;
    let state = if stat.ended { "ended" } else { "open" };
    let facts = [
        ("run", stat.run.clone()),
        ("mode", stat.mode.to_string()),
        ("state", state.to_owned()),
        ("epochs", stat.epochs.to_string()),
        ("lines", grouped(stat.lines)),
        ("last seq", stat.last_seq.to_string()),
        ("durable through", stat.durable_through.to_string()),
        ("from", moment(stat.first_ts)),
        ("to", moment(stat.last_ts)),
        ("segments", stat.segments.len().to_string()),
        ("bytes", grouped(stat.bytes)),
        ("bytes on disk", grouped(stat.file_bytes)),
    ];
    let rows: Vec<Vec<String>> =
        facts.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    print_table(&["journal", ""], &rows, &[])?;
    for unknown in &stat.unknowns {
        warn(unknown);
    }
    Ok(exit::DONE)
}

fn stat_json(stat: &Stat) -> Value {
    let kinds: serde_json::Map<String, Value> =
        stat.kinds.iter().map(|(kind, count)| (kind.clone(), (*count).into())).collect();
    json!({
        "run": stat.run, "mode": stat.mode, "ended": stat.ended, "epochs": stat.epochs, "lines": stat.lines,
        "last_seq": stat.last_seq.0, "durable_through": stat.durable_through.0, "first_ts": stat.first_ts.0,
        "last_ts": stat.last_ts.0, "segments": stat.segments.len(), "bytes": stat.bytes,
        "file_bytes": stat.file_bytes, "kinds": kinds,
        "unknown": stat.unknowns.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn cat(args: &JournalCat) -> Result<u8> {
    let mut reader = JournalReader::open(&args.run)?;
    for wanted in &args.kind {
        // A later version's kinds may be in the journal, so that this is no error.
        if !KINDS.iter().any(|row| row.kind.starts_with(wanted.as_str())) {
            warn(format_args!("no kind begins with '{wanted}'; reprise schema kinds lists them"));
        }
    }
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let (from, to) = (args.from.unwrap_or(0), args.to.unwrap_or(u64::MAX));
    while let Some(entry) = reader.next_entry()? {
        if entry.seq.0 > to {
            break;
        }
        let kind = kind_of(&entry.body);
        if entry.seq.0 >= from
            && (args.kind.is_empty() || args.kind.iter().any(|k| kind.starts_with(k.as_str())))
        {
            out.write_all(entry.raw).and_then(|()| out.write_all(b"\n")).context(NOT_WRITTEN)?;
        }
    }
    out.flush().context(NOT_WRITTEN)?;
    Ok(exit::DONE)
}

fn kind_of(body: &Body) -> &str {
    match body {
        Body::Input { input, .. } => input.kind(),
        Body::Outcome { outcome, .. } => outcome.kind(),
        Body::Record(record) => record.kind(),
        Body::Unknown { kind, .. } => kind,
    }
}

fn compress(args: &JournalRun) -> Result<u8> {
    let sealed = seal(&args.run)?;
    if args.json {
        print_json(&json!({
            "segments": sealed.segments, "newly_sealed": sealed.newly, "bytes": sealed.bytes,
            "file_bytes": sealed.file_bytes,
        }))?;
    } else {
        print_line(format_args!(
            "{} of {} segments sealed now; {} bytes take {} on disk",
            sealed.newly,
            sealed.segments,
            grouped(sealed.bytes),
            grouped(sealed.file_bytes)
        ))?;
    }
    Ok(exit::DONE)
}

fn repair(args: &JournalRun) -> Result<u8> {
    let found = recover(&args.run, wall_clock())?;
    if args.json {
        let kept: Vec<Value> =
            found.kept.iter().map(|(file, bytes)| json!({"file": file, "bytes": bytes})).collect();
        print_json(&json!({
            "finding": found.finding.as_str(), "action": found.action.as_str(), "last_seq": found.last_seq.0,
            "durable_through": found.durable_through.0, "ended": found.ended, "kept": kept,
        }))?;
        return Ok(exit::DONE);
    }
    print_line(format_args!(
        "found {}, did {}; whole up to seq {}",
        found.finding, found.action, found.last_seq
    ))?;
    for (file, bytes) in &found.kept {
        print_line(format_args!("{bytes} bytes that were cut are kept in {}", file.display()))?;
    }
    Ok(exit::DONE)
}
