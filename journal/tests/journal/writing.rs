//! What the writer promises: order, batches, durability, segments, failure.

use std::fs;

use reprise_journal::{
    Body, Commit, DurabilityMode, JournalError, JournalReader, JournalWriter, WriterOptions,
};
use reprise_model::event::{JournalSynced, RunEnded, RunMode};
use reprise_model::{Input, OrderId, Outcome, Record, Seq, Ts};

use crate::support::{self, ENDED, START, append, append_event, quote, started};

fn unknown_order() -> Outcome {
    let order = OrderId { epoch: 0, n: 1 };
    Outcome::from(reprise_model::event::OrderUnknown { order, reason: "no answer".to_owned() })
}

fn new_writer(dir: &std::path::Path, durability: DurabilityMode) -> JournalWriter {
    let options = WriterOptions { durability, ..WriterOptions::default() };
    let mut writer = JournalWriter::create(&dir.join("run"), options).unwrap();
    append(&mut writer, START, &Input::from(Box::new(started(RunMode::Paper))), &[]).unwrap();
    writer
}

/// Breaks when a line's bytes change: every journal that exists would then read as damaged.
#[test]
fn the_line_format_is_pinned() {
    let dir = support::folder();
    let mut writer = new_writer(dir.path(), DurabilityMode::Orders);
    append(&mut writer, START.plus_ns(5), &quote(1), &[unknown_order()]).unwrap();
    writer.sync(START.plus_ns(9)).unwrap();
    writer.finish().unwrap();
    let text = fs::read_to_string(support::segment(&dir.path().join("run"), 1)).unwrap();
    let expected = concat!(
        r#"{"seq":1,"ts":1763675591123456789,"kind":"run.started","data":{"run":"sample","tag":"000000000000feed","#,
        r#""epoch":0,"mode":"paper","schema":"1.0","engine":"0.1.0","config":{"risk":{"enabled":true}},"#,
        r#""instruments":[]},"crc":"CRC"}"#,
        "\n",
        r#"{"seq":2,"ts":1763675591123456794,"kind":"market.quote","outcomes":1,"data":{"#,
        r#""instrument":"BTC-USD.COINBASE","bid":"97012.2","bid_size":"0.51","ask":"97013.01","ask_size":"1.2","#,
        r#""venue_ts":1763675591123456790},"crc":"CRC"}"#,
        "\n",
        r#"{"seq":3,"ts":1763675591123456794,"kind":"order.unknown","cause":2,"data":{"order":"0-1","#,
        r#""reason":"no answer"},"crc":"CRC"}"#,
        "\n",
        r#"{"after":3,"ts":1763675591123456798,"kind":"journal.synced","data":{"through":3,"#,
        r#""at":1763675591123456798},"crc":"CRC"}"#,
        "\n",
    );
    let crcs: Vec<&str> = text.lines().map(|l| &l[l.len() - 10..l.len() - 2]).collect();
    let with_crcs = crcs.iter().fold(expected.to_owned(), |text, crc| text.replacen("CRC", crc, 1));
    assert_eq!(text, with_crcs);
    assert_eq!(crcs.join(" "), "1bd43241 457d1478 ca897537 4f5dfe50");
}

/// Breaks when what was appended is not what is read.
#[test]
fn entries_come_back() {
    let dir = support::sample(ENDED);
    let mut reader = JournalReader::open(&dir.path().join("run")).unwrap();
    let (mut inputs, mut outcomes, mut records) = (0, 0, 0);
    while let Some(entry) = reader.next_entry().unwrap() {
        match entry.body {
            Body::Input { .. } => inputs += 1,
            Body::Outcome { cause, .. } => {
                assert!(cause < entry.seq);
                outcomes += 1;
            }
            Body::Record(Record::JournalSynced(JournalSynced { through, .. })) => {
                assert_eq!(through, entry.seq);
                records += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((inputs, outcomes, records), (8, 6, 2));
    assert!(reader.ended());
    assert_eq!(reader.progress().read_bytes, reader.progress().total_bytes);

    let mut reader = JournalReader::open(&dir.path().join("run")).unwrap();
    let mut kinds = Vec::new();
    while let Some((_, _, input)) = reader.next_input().unwrap() {
        kinds.push(input.kind());
    }
    assert_eq!(kinds.len(), 8);
    assert_eq!(
        (kinds[0], kinds[1], kinds[4], kinds[7]),
        ("run.started", "market.quote", "market.trade", "run.ended")
    );
}

/// Breaks when a segment ends within a batch, stays empty, or the chain does not run on in the next.
#[test]
fn segments_end_between_batches() {
    for segment_bytes in [1, 400, 900] {
        let sample = support::Sample { segment_bytes, events: 20, ..ENDED };
        let dir = support::sample(sample);
        let dir = dir.path().join("run");
        let one = support::sample(support::Sample { events: 20, ..ENDED });
        assert_eq!(support::lines(&dir).unwrap(), support::lines(&one.path().join("run")).unwrap());
        let manifest = reprise_journal::Manifest::read(&dir).unwrap().unwrap().unwrap();
        assert!(manifest.segments.len() > 3);
        for summary in &manifest.segments {
            let text = fs::read_to_string(support::segment(&dir, summary.number)).unwrap();
            assert_eq!((text.len() as u64, text.lines().count() as u64), (summary.bytes, summary.lines));
            assert!(!text.lines().next().unwrap().contains("\"cause\":"), "{text}");
        }
    }
}

/// Breaks when files or folders can be read by others.
#[cfg(unix)]
#[test]
fn only_the_owner_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let dir = support::sample(support::Sample { segment_bytes: 700, ..ENDED });
    let run = dir.path().join("run");
    reprise_journal::seal(&run).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&run), 0o700);
    for (name, _) in support::files(&run) {
        assert_eq!(mode(&run.join(&name)), 0o600, "{name}");
    }
}

/// Breaks when a run is written over another, or two writers share one.
#[test]
fn a_journal_is_made_in_a_new_place_only() {
    let dir = support::sample(ENDED);
    let again = JournalWriter::create(&dir.path().join("run"), WriterOptions::default());
    assert!(matches!(again, Err(JournalError::NotEmpty { .. })), "{again:?}");
    let empty = support::folder();
    let first = JournalWriter::create(empty.path(), WriterOptions::default()).unwrap();
    let second = JournalWriter::create(empty.path(), WriterOptions::default());
    assert!(matches!(second, Err(JournalError::NotEmpty { .. } | JournalError::Locked { .. })));
    assert!(matches!(reprise_journal::recover(empty.path(), START), Err(JournalError::Locked { .. })));
    drop(first);
}

/// Breaks when events that can cost money may be published before they are durable, or each sync is one event.
#[test]
fn durability() {
    use Commit::{Free, SyncDue, SyncSoon};
    let rows = [
        (DurabilityMode::Orders, false, SyncSoon, Seq(2)),
        (DurabilityMode::Orders, true, SyncDue, Seq(3)),
        (DurabilityMode::All, false, SyncDue, Seq(2)),
        (DurabilityMode::None, true, Free, Seq(0)),
    ];
    for (mode, with_order, asks, durable) in rows {
        let dir = support::folder();
        let mut writer = new_writer(dir.path(), mode);
        writer.append_input(Seq(2), START, &quote(1), u32::from(with_order)).unwrap();
        if with_order {
            writer.append_outcome(Seq(3), START, Seq(2), &unknown_order()).unwrap();
        }
        assert_eq!(writer.commit_batch().unwrap(), asks, "{mode} {with_order}");
        assert_eq!(writer.durable_through(), Seq(0));
        assert_eq!(writer.sync(START).unwrap(), durable, "{mode} {with_order}");
        assert_eq!(writer.sync(START).unwrap(), durable, "nothing new");
        writer.finish().unwrap();
        let records = support::lines(&dir.path().join("run")).unwrap();
        let synced = records.iter().filter(|l| l.starts_with(b"{\"after\":")).count();
        assert_eq!(synced, usize::from(mode.syncs()), "{mode}");
    }
}

/// Breaks when the core cannot step on while a sync is in flight.
#[test]
fn a_sync_runs_beside_appends() {
    let dir = support::folder();
    let mut writer = new_writer(dir.path(), DurabilityMode::Orders);
    let pending = writer.start_sync().unwrap().unwrap();
    append_event(&mut writer, 1).unwrap();
    let done = std::thread::spawn(|| pending.run()).join().unwrap();
    assert_eq!(writer.finish_sync(done, START).unwrap(), Seq(1));
    assert_eq!((writer.last_seq(), writer.durable_through()), (Seq(2), Seq(1)));
    writer.finish().unwrap();
    let lines = support::lines(&dir.path().join("run")).unwrap();
    let record = String::from_utf8(lines.last().unwrap().clone()).unwrap();
    assert!(record.starts_with("{\"after\":2,") && record.contains("\"through\":1,"), "{record}");
}

/// Breaks when the writer can be made to write a journal that does not verify.
#[test]
fn wrong_order_is_refused() {
    type Step = fn(&mut JournalWriter) -> Result<(), JournalError>;
    let rows: [(&str, Step); 9] = [
        ("seq 3 follows 1", |w| w.append_input(Seq(3), START, &quote(1), 0)),
        ("is before the ts", |w| w.append_input(Seq(2), Ts(1), &quote(1), 0)),
        ("outside a batch", |w| w.append_outcome(Seq(2), START, Seq(1), &unknown_order())),
        ("1 outcomes of its batch are missing", |w| {
            w.append_input(Seq(2), START, &quote(1), 1)?;
            w.commit_batch().map(drop)
        }),
        ("1 outcomes of the batch are missing before it", |w| {
            w.append_input(Seq(2), START, &quote(1), 1)?;
            w.append_input(Seq(3), START, &quote(1), 0)
        }),
        ("which does not come before it", |w| {
            w.append_input(Seq(2), START, &quote(1), 1)?;
            w.append_outcome(Seq(3), START, Seq(3), &unknown_order())
        }),
        ("a batch is open", |w| {
            w.append_input(Seq(2), START, &quote(1), 0)?;
            w.append_record(Seq(2), START, &Record::from(JournalSynced { through: Seq(2), at: START }))
        }),
        ("not the hash of the journal", |w| {
            let ended = RunEnded { reason: String::new(), inputs: 0, content: "00".to_owned() };
            w.append_input(Seq(2), START, &Input::from(Box::new(ended)), 0)
        }),
        ("follows the end of the run", |w| {
            let ended = w.run_ended("done", 0);
            w.append_input(Seq(2), START, &Input::from(Box::new(ended)), 0)?;
            w.append_input(Seq(3), START, &quote(1), 0)
        }),
    ];
    for (message, step) in rows {
        let dir = support::folder();
        let mut writer = new_writer(dir.path(), DurabilityMode::None);
        let error = step(&mut writer).unwrap_err();
        assert!(matches!(error, JournalError::OutOfTurn { .. }), "{error:?}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

/// Breaks when a journal does not begin with `run.started`.
#[test]
fn the_first_line_is_run_started() {
    let dir = support::folder();
    let mut writer = JournalWriter::create(dir.path(), WriterOptions::default()).unwrap();
    assert!(writer.append_input(Seq(1), START, &quote(1), 0).is_err());
}

/// Breaks when a backtest's journal, which leaves its inputs out, cannot be written, read or verified.
#[test]
fn a_backtest_leaves_its_inputs_out() {
    let dir = support::folder();
    let run = dir.path().join("run");
    let options = WriterOptions { durability: DurabilityMode::None, ..WriterOptions::default() };
    let mut writer = JournalWriter::create(&run, options).unwrap();
    append(&mut writer, START, &Input::from(Box::new(started(RunMode::Backtest))), &[]).unwrap();
    for (seq, cause) in [(7, 6), (8, 7), (40, 31)] {
        writer.append_outcome(Seq(seq), START, Seq(cause), &unknown_order()).unwrap();
        writer.commit_batch().unwrap();
    }
    assert!(writer.append_outcome(Seq(40), START, Seq(1), &unknown_order()).is_err(), "it must rise");
    let ended = Input::from(Box::new(writer.run_ended("done", 40)));
    writer.append_input(Seq(44), START, &ended, 1).unwrap();
    writer.append_outcome(Seq(45), START, Seq(44), &unknown_order()).unwrap();
    writer.commit_batch().unwrap();
    writer.finish().unwrap();
    let verdict = reprise_journal::verify_journal(&run);
    assert!(matches!(&verdict, reprise_journal::Verdict::Clean(stat) if stat.ended), "{verdict:?}");
}

/// Breaks when a reader of a single line file, or of nothing, says something misleading.
#[test]
fn what_is_no_journal() {
    let dir = support::folder();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("empty.jsonl"), b"").unwrap();
    fs::write(at("text.jsonl"), b"hello\n").unwrap();
    fs::write(at("binary.jsonl"), [0xff, 0xfe, 0x00, b'\n']).unwrap();
    fs::write(at("packed.zst"), b"not packed").unwrap();
    fs::create_dir(at("folder")).unwrap();
    let rows = [
        ("nowhere", "does not exist"),
        ("folder", "holds no journal"),
        ("empty.jsonl", "no line"),
        ("text.jsonl", "expected a whole line"),
        ("binary.jsonl", "damaged at byte 0"),
        ("packed.zst", "does not unpack"),
    ];
    for (name, message) in rows {
        let error = match JournalReader::open(&at(name)) {
            Ok(mut reader) => reader.next_input().unwrap_err(),
            Err(error) => error,
        };
        assert!(error.to_string().contains(message), "{name}: {error}");
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
}

/// Breaks when events of a later version are dropped silently, or a later major version is read at all.
#[test]
fn later_versions() {
    let start = r#"{"seq":1,"ts":5,"kind":"run.started","data":{"run":"r","tag":"0000000000000001","epoch":0,"mode":"record","schema":"SCHEMA","engine":"9","config":{},"instruments":[]}"#;
    let quote = r#"{"seq":2,"ts":5,"kind":"market.quote","data":{"instrument":"A.B","mood":"bright"}"#;
    let novel = r#"{"seq":2,"ts":5,"kind":"market.weather","data":{"rain":true}"#;
    let novel_outcome = r#"{"seq":2,"ts":5,"kind":"market.quote","outcomes":1,"data":{"instrument":"A.B"}"#;
    let rows: [(&str, &[&str], u8, &str); 5] = [
        ("1.0", &[], 0, ""),
        ("2.0", &[], 2, "schema version 2.0"),
        ("1.7", &[quote], 2, "field 'mood' of market.quote"),
        ("1.7", &[novel], 2, "kind 'market.weather'"),
        (
            "1.7",
            &[novel_outcome, r#"{"seq":3,"ts":5,"kind":"order.blessed","cause":2,"data":{}"#],
            2,
            "kind 'order.blessed'",
        ),
    ];
    for (schema, rest, code, message) in rows {
        let dir = support::folder();
        let start = start.replace("SCHEMA", schema);
        let bodies: Vec<&str> = std::iter::once(start.as_str()).chain(rest.iter().copied()).collect();
        fs::write(support::segment(dir.path(), 1), support::chained(&bodies)).unwrap();
        let verdict = reprise_journal::verify_journal(dir.path());
        assert_eq!(verdict.exit_code(), code, "{schema}: {verdict:?}");
        assert!(format!("{verdict:?}").contains(message), "{schema}: {verdict:?}");
    }
}

/// As much of JSON Schema as the journal's schema uses; patterns are left to the types' own tests.
fn fits(schema: &serde_json::Value, value: &serde_json::Value) -> bool {
    use serde_json::Value;
    let all = |key: &str, check: &dyn Fn(&Value) -> bool| schema.get(key).is_none_or(check);
    let kind = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("boolean") => value.is_boolean(),
        other => panic!("{other:?}"),
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    let fields = value.as_object().into_iter().flatten();
    let fields_fit = fields.into_iter().all(|(name, field)| match properties.and_then(|p| p.get(name)) {
        Some(schema) => fits(schema, field),
        None => schema.get("additionalProperties") != Some(&Value::Bool(false)),
    });
    let items = value.as_array().into_iter().flatten();
    let items_fit = items.enumerate().all(|(i, item)| {
        schema.get("prefixItems").and_then(|s| s.get(i)).or(schema.get("items")).is_none_or(|s| fits(s, item))
    });
    all("type", &kind)
        && all("const", &|only| only == value)
        && all("enum", &|words| words.as_array().unwrap().contains(value))
        && all("required", &|names| {
            names.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
        })
        && all("oneOf", &|ways| ways.as_array().unwrap().iter().filter(|way| fits(way, value)).count() == 1)
        && fields_fit
        && items_fit
}

/// Breaks when the published schema does not describe what is written, or lets other things through.
#[test]
fn the_schema_fits_the_lines() {
    let schema = reprise_journal::line_schema();
    let dir = support::sample(ENDED);
    for line in support::lines(&dir.path().join("run")).unwrap() {
        let mut value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert!(fits(&schema, &value), "{value}");
        value["data"]["mood"] = "bright".into();
        assert!(!fits(&schema, &value), "{value}");
        value["data"].as_object_mut().unwrap().remove("mood");
        value["seq"] = "7".into();
        assert!(!fits(&schema, &value), "{value}");
    }
}
