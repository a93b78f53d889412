//! Bad input of every kind: a clear sentence that names file and line, and never a panic.

use proptest::prelude::*;
use reprise_market_data::import::Format::{Csv, ItemJsonl, Lean, Recorder};
use reprise_market_data::import::{Format, Import, ImportError, ImportPlan};

use crate::common::{Files, import};

const HEADER: &str = "ts_ns,instrument,bid,bid_size,ask,ask_size,last,last_size,side\n";
const GOOD: &str = "5000000000,A.X,1,1,2,1,,,\n";
const LEAN_TRADE: &str = "minute/btcusd_20180404_trade.zip:20180404_btcusd_minute_trade.csv";
const LEAN_QUOTE: &str = "minute/btcusd_20180404_quote.zip:20180404_btcusd_minute_quote.csv";

fn fails(format: Format, name: &str, bytes: &[u8]) -> String {
    let files = Files::new(&[(name, bytes)]);
    let found = Import::scan(files.plan(format), |_| {});
    let text = found
        .err()
        .unwrap_or_else(|| panic!("{name} imported: {:?}", String::from_utf8_lossy(bytes)))
        .to_string();
    assert!(text.contains(name.split([':', '(']).next().unwrap()), "{text} does not name {name}");
    text
}

fn check(format: Format, name: &str, text: &str, line: u64, expected: &str) {
    check_bytes(format, name, text.as_bytes(), line, expected);
}

fn check_bytes(format: Format, name: &str, bytes: &[u8], line: u64, expected: &str) {
    let found = fails(format, name, bytes);
    assert!(found.contains(&format!(", line {line}: ")), "{found:?} is not about line {line}");
    assert!(found.contains(expected), "{found:?} does not say {expected:?}");
}

/// Breaks when a bad row of a CSV is taken, or is blamed on the wrong line or for the wrong reason.
#[test]
fn bad_csv_rows() {
    let rows = [
        ("5000000001,A.X,-1,1,2,1,,,", "its bid is of no use: a price cannot be negative"),
        ("5000000001,A.X,0,1,2,1,,,", "its bid is 0 and must be above zero"),
        ("5000000001,A.X,1,-1,2,1,,,", "its bid_size is -1 and must not be below zero"),
        ("5000000001,A.X,3,1,2,1,,,", "the quote is crossed: the bid 3 is above the ask 2"),
        ("5000000001,A.X,NaN,1,2,1,,,", "\"NaN\" is not a decimal number"),
        ("5000000001,A.X,1,inf,2,1,,,", "\"inf\" is not a decimal number"),
        ("5000000001,A.X,1e16,1,2,1,,,", "its bid is of no use: the amount is beyond 1e15"),
        ("5000000001,A.X,1,1,2.0000000000001,1,,,", "more than 12 decimals"),
        ("5000000001,A.X,1,,2,1,,,", "its bid_size is missing"),
        ("5000000001,A.X,,1,2,1,,,", "its bid is missing"),
        ("5000000001,,1,1,2,1,,,", "its instrument is missing"),
        ("5000000001,A B,1,1,2,1,,,", "it names no usable instrument"),
        ("5000000001,A.X,1,1,2,1,1,0,", "its last_size is 0 and must be above zero"),
        ("5000000001,A.X,1,1,2,1,1,,", "its last_size is missing"),
        ("5000000001,A.X,1,1,2,1,,1,", "its last is missing"),
        ("5000000001,A.X,1,1,2,1,1,1,hold", "its side is \"hold\", which is neither buy nor sell"),
        ("5000000001,A.X,,,,,,,", "a bid, an ask or a last price"),
        ("5000000001,A.X,1,1", "it has 4 fields where 9 are expected"),
        ("5000000001,A.X,1,1,2,1,,,,", "it has 10 fields where 9 are expected"),
        ("4999999999,A.X,1,1,2,1,,,", "time runs backwards: this quote of A.X was received 1 ns before"),
        ("1.5,A.X,1,1,2,1,,,", "its ts_ns is \"1.5\", which is not a whole number of nanoseconds"),
        ("-1,A.X,1,1,2,1,,,", "its ts_ns is \"-1\""),
        ("99999999999999999999,A.X,1,1,2,1,,,", "its ts_ns is"),
        (",A.X,1,1,2,1,,,", "its ts_ns is \"\""),
    ];
    for (row, expected) in rows {
        check(Csv, "q.csv", &format!("{HEADER}{GOOD}{row}\n{GOOD}"), 3, expected);
    }
    let far = "20000000000,B.X,1,1,2,1,,,\n20000000001,B.X,1,1,2,1,,,\n";
    check(Csv, "q.csv", &format!("{HEADER}{GOOD}{far}4000000000,C.X,1,1,2,1,,,"), 5, "more than the 5 s");
    check_bytes(
        Csv,
        "q.csv",
        &[HEADER.as_bytes(), GOOD.as_bytes(), b"5,\xff,1\n"].concat(),
        3,
        "byte 3 of the line is not UTF-8",
    );
    check(Csv, "q.csv", "ts_ns,instrument,bid,ask,ask_size\n", 1, "the header lacks bid_size");
    check(Csv, "q.csv", "5,A.X,1,1,2,1\n", 1, "the header lacks ts_ns, instrument");
    check(Csv, "q.csv", "ts_ns,bid,bid,instrument,bid_size,ask,ask_size\n", 1, "names the column bid twice");
    check(Csv, "q.csv", "ts_ns,instrument,bid,bid_size,ask,ask_size,last\n", 1, "last and last_size");
}

/// Breaks when a bad row of one of the JSON formats is taken, or its reason is not told.
#[test]
fn bad_json_rows() {
    let item = |kind: &str| {
        format!(
            r#"{{"Item":{{"time_exchange":"2025-03-25T23:07:00Z","time_received":"2025-03-25T23:07:00Z","exchange":"x","instrument":0,"kind":{kind}}}}}"#
        )
    };
    let trade = |price: &str, amount: &str, side: &str| {
        item(&format!(r#"{{"Trade":{{"id":"1","price":{price},"amount":{amount},"side":"{side}"}}}}"#))
    };
    let good = trade("1", "1", "Buy");
    let rows = [
        (trade("-1", "1", "Buy"), "its price is of no use: a price cannot be negative"),
        (trade("1", "0", "Buy"), "its amount is 0 and must be above zero"),
        (trade("1", "1", "Hold"), "its side is \"Hold\""),
        (trade("\"NaN\"", "1", "Buy"), "not a decimal number"),
        (trade("true", "1", "Buy"), "not a decimal number"),
        (trade("1e400", "1", "Buy"), "its price is of no use"),
        (trade("{}", "1", "Buy"), "not a decimal number"),
        (item(r#"{"Trade":{"price":1,"side":"Buy"}}"#), "missing field `amount`"),
        (
            item(r#"{"OrderBookL1":{"best_bid":{"price":3,"amount":1},"best_ask":{"price":2,"amount":1}}}"#),
            "the quote is crossed",
        ),
        (good.replace("23:07:00Z\",\"exchange", "25:07:00Z\",\"exchange"), "its time_received is"),
        (
            good.replace("23:07:00Z\",\"exchange", "23:06:00Z\",\"exchange"),
            "time runs backwards: this trade of",
        ),
        (good[..good.len() / 2].to_owned(), "it is not the JSON that was expected: EOF while parsing"),
        (good.replace("\"instrument\":0", "\"instrument\":-1"), "it is not the JSON that was expected"),
        ("{}".to_owned(), "it is not a row of this format"),
        ("[]".to_owned(), "it is not the JSON that was expected"),
    ];
    for (row, expected) in rows {
        check(ItemJsonl, "x.json", &format!("{good}\n{row}\n{good}\n"), 2, expected);
    }
    check(
        ItemJsonl,
        "x.json",
        &format!("{good}\n{}", &good[..40]),
        2,
        "it is not the JSON that was expected",
    );
}

/// Breaks when a bad message of a recorder is taken, or its reason is not told.
#[test]
fn bad_recorder_rows() {
    let good = r#"5 {"u":12,"s":"BTCUSDT","b":"1.10","B":"2","a":"1.2","A":"0.5"}"#;
    let rows = [
        (r#"6 {"u":12,"s":"BTCUSDT","b":"1.3","B":"2","a":"1.2","A":"0.5"}"#, "the quote is crossed"),
        (r#"6 {"u":12,"s":"BTCUSDT","b":"1.3","B":"2","a":"1.2"}"#, "its ask size is missing"),
        (r#"6 {"u":12,"s":"BTCUSDT","b":"-1.3","B":"2","a":"1.2","A":"1"}"#, "a price cannot be negative"),
        (r#"4 {"u":12,"s":"BTCUSDT","b":"1.10","B":"2","a":"1.2","A":"0.5"}"#, "time runs backwards"),
        (r#"x {"u":12}"#, "its receive time is \"x\""),
        (r#"6{"u":12}"#, "it is not a row of this format, which reads recv_ns {json}"),
        (r#"6 {"u":12,"s":"BTCUSDT","b":"1.10","#, "it is not the JSON that was expected"),
        ("6 [1,2]", "it is not the JSON that was expected"),
        (r#"6 {"e":"trade","s":"BTCUSDT","p":"1","q":"1","T":1}"#, "its m is missing"),
        (r#"6 {"e":"trade","s":"BTCUSDT","p":"1","q":"1","T":1,"m":1}"#, "neither buy nor sell"),
        (r#"6 {"e":"trade","s":"BTCUSDT","p":"1","q":"1","T":"soon","m":true}"#, "its T is \"soon\""),
        (r#"6 {"e":"trade","p":"1","q":"1","T":1,"m":true}"#, "its symbol is missing"),
        (r#"6 {"e":"trade","s":"BTC USDT","p":"1","q":"1","T":1,"m":true}"#, "it names no usable instrument"),
        (r#"6 {"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[["0","1"]],"a":[]}"#, "level's price is 0"),
        (r#"6 {"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[["1","-1"]],"a":[]}"#, "level's size is -1"),
        (
            r#"6 {"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[["1"]],"a":[]}"#,
            "not the JSON that was expected",
        ),
        (r#"6 {"e":"depthUpdate","s":"BTCUSDT","U":-1,"u":2,"b":[],"a":[]}"#, "whole numbers of updates"),
        (r#"6 {"lastUpdateId":1,"bids":[["3","1"]],"asks":[["2","1"]]}"#, "the quote is crossed"),
        (
            r#"6 {"channel":"trades","data":[{"coin":"BTC","side":"X","px":"1","sz":"1","time":1,"tid":1}]}"#,
            "its side is \"X\"",
        ),
        (
            r#"6 {"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[]]}}"#,
            "not the JSON that was expected",
        ),
        (
            r#"6 {"channel":"bbo","data":{"coin":"BTC","time":1,"bbo":[{"px":"2","sz":"1"},{"px":"1","sz":"1"}]}}"#,
            "crossed",
        ),
    ];
    for (row, expected) in rows {
        check(Recorder, "x.txt", &format!("{good}\n{row}\n{good}\n"), 2, expected);
    }
    let two =
        format!("{good}\n{}\n{}", good.replace("BTC", "ETH"), r#"6 {"lastUpdateId":1,"bids":[],"asks":[]}"#);
    check(
        Recorder,
        "x.txt",
        &two,
        3,
        "it is a book snapshot that names no symbol, and the file holds BTCUSDT, ETHUSDT",
    );
    assert!(
        fails(Recorder, "x.txt", b"5 {\"topic\":\"orderbook.50\"}\n")
            .contains("no market data that is known here")
    );
}

/// Breaks when a bad row of a Lean file is taken, or a name that says too little is guessed at.
#[test]
fn bad_lean_rows() {
    let good = "0,10,12,9,11,1\n";
    for (row, expected) in [
        ("60000,10,9,12,11,1", "the bar contradicts itself: high 9 is not within low 12"),
        ("60000,10,12,9,13,1", "close 13 is not within low 9 and high 12"),
        ("60000,10,12,9,-1,1", "its close is of no use: a price cannot be negative"),
        ("60000,10,12,9,11,-1", "its volume is -1"),
        ("60000,10,12,9,11", "it has 5 fields where 6 are expected"),
        ("60000,10,12,9,11,1,1", "it has 7 fields where 6 are expected"),
        ("86400000,10,12,9,11,1", "its time is \"86400000\""),
        ("20180404 25:00,10,12,9,11,1", "which is not a time YYYYMMDD HH:MM"),
        ("x,10,12,9,11,1", "its time is \"x\""),
        ("60000,10,12,9,nan,1", "is not a decimal number"),
        ("60000", "it is not a row of this format"),
    ] {
        check(Lean, LEAN_TRADE, &format!("{good}{row}\n{good}"), 2, expected);
    }
    check(Lean, LEAN_QUOTE, "0,2,2,2,2,1,1,1,1,1,1\n", 1, "the quote is crossed");
    check(Lean, LEAN_QUOTE, "0,2,2,2,2,1,3,3,3,3\n", 1, "it has 10 fields where 11 are expected");
    check(Lean, LEAN_QUOTE, "0,2,0,2,2,1,3,3,3,3,1\n", 1, "its bid is 0");
    assert!(
        fails(Lean, "btcusd_20180404_trade.csv", good.as_bytes()).contains("do not say tick, second, minute")
    );
    assert!(fails(Lean, "minute_trade.zip:x.csv", b"").contains("holds no date"));
}

/// Breaks when a file that cannot be read, or is of another format, ends in a panic or a riddle.
#[test]
fn bad_files() {
    let item = "{\"Item\":{\"time_exchange\":1}}\n";
    let gz = {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, format!("{HEADER}{}", GOOD.repeat(5_000)).as_bytes()).unwrap();
        gz.finish().unwrap()
    };
    let zst = zstd::encode_all(format!("{HEADER}{}", GOOD.repeat(5_000)).as_bytes(), 1).unwrap();
    let rows: [(Format, &str, &[u8], &str); 17] = [
        (Csv, "q.csv", b"", "holds no row that can be imported: the file is empty"),
        (Csv, "q.csv", HEADER.as_bytes(), "holds no row that can be imported: the file is empty"),
        (Csv, "q.csv", b"\n\n", "the file is empty"),
        (Recorder, "x.txt", b"", "the file is empty"),
        (ItemJsonl, "x.json", b"\n", "the file is empty"),
        (Csv, "q.csv", item.as_bytes(), "no file of the format csv; it looks like item-jsonl"),
        (Csv, "q.csv", b"1723161253937085768 {\"stream\"", "it looks like recorder"),
        (Csv, "q.csv", b"60000,7420,7422,7405,7405,13.3\n", "it looks like a CSV out of a Lean zip"),
        (Recorder, "x.txt", item.as_bytes(), "it looks like item-jsonl"),
        (Recorder, "x.txt", HEADER.as_bytes(), "it looks like csv"),
        (ItemJsonl, "x.json", b"{\"seq\":1,\"ts\":1}", "a Reprise journal"),
        (Lean, "x.json", item.as_bytes(), "it looks like item-jsonl"),
        (Csv, "q.zip:q.csv", HEADER.as_bytes(), "it looks like a zip archive, as the format lean has them"),
        (Csv, "q.parquet", b"PAR1xxxx", "it looks like Parquet"),
        (Csv, "q.csv.gz", &gz[..gz.len() / 2], "the file is damaged or cut off here"),
        (Csv, "q.csv.zst", &zst[..zst.len() - 4], "the file is damaged or cut off here"),
        (
            Lean,
            "minute_20180404_btcusd_trade.zip",
            b"PK\x03\x04 and no more",
            "cannot be read: invalid Zip archive",
        ),
    ];
    for (format, name, bytes, expected) in rows {
        let found = fails(format, name, bytes);
        assert!(found.contains(expected), "{found:?} does not say {expected:?}");
    }
    let files = Files::new(&[]);
    let plan = |files| ImportPlan { format: Csv, files, ..ImportPlan::default() };
    let missing = Import::scan(plan(vec![files.folder().join("no.csv")]), |_| {}).unwrap_err().to_string();
    assert!(missing.contains("no.csv cannot be read: No such file"), "{missing}");
    let folder = Import::scan(plan(vec![files.folder().to_path_buf()]), |_| {}).unwrap_err().to_string();
    assert!(folder.contains("it is a folder; name the files in it"), "{folder}");
    assert!(matches!(Import::scan(plan(vec![]), |_| {}), Err(ImportError::NoFiles)));
}

/// Breaks when options that contradict the recording or each other are followed halfway.
#[test]
fn bad_options() {
    let text = format!("{HEADER}{GOOD}5000000001,B.X,1,1,2,1,,,\n");
    let files = Files::new(&[("q.csv", text.as_bytes())]);
    let scan = |venue: Option<&str>, instrument: Option<&str>| {
        let plan = ImportPlan {
            venue: venue.map(str::to_owned),
            instrument: instrument.map(|id| id.parse().unwrap()),
            ..files.plan(Csv)
        };
        Import::scan(plan, |_| {}).map(|_| ()).map_err(|fault| fault.to_string())
    };
    for (venue, instrument, expected) in [
        (None, Some("A.Y"), "--instrument A.Y names one instrument, but the files hold A.X, B.X"),
        (Some("no venue"), None, "cannot be a venue's name"),
        (Some(""), None, "cannot be a venue's name"),
        (Some("Y"), Some("A.X"), "names another venue than --venue Y"),
    ] {
        let found = scan(venue, instrument).unwrap_err();
        assert!(found.contains(expected), "{found:?}");
    }
    assert_eq!(scan(Some("coinbase"), None), Ok(()));
}

/// Breaks when skipped rows go uncounted, or take good rows with them.
#[test]
fn bad_rows_are_skipped_on_demand() {
    let bad = "5000000001,A.X,3,1,2,1,,,\n";
    let text = format!("{HEADER}{GOOD}{}{GOOD}6000000000,A.X,1,1,2,1,,,\n7,A", bad.repeat(30));
    let files = Files::new(&[("q.csv", text.as_bytes()), ("empty.csv", b"")]);
    let found = import(ImportPlan { skip_bad: true, ..files.plan(Csv) });
    assert!(found.is_err(), "a file without even a header is no CSV");
    let files = Files::new(&[("q.csv", text.as_bytes()), ("empty.csv", HEADER.as_bytes())]);
    let found = import(ImportPlan { skip_bad: true, ..files.plan(Csv) }).unwrap();
    assert_eq!((found.report.rows, found.report.bad_rows, found.report.events), (34, 31, 3));
    assert_eq!(found.report.first_bad_rows.len(), 20);
    let first = found.report.first_bad_rows[0].to_string();
    assert!(first.ends_with("q.csv, line 3: the quote is crossed: the bid 3 is above the ask 2"), "{first}");
    assert!(found.report.warnings[0].contains("empty.csv holds no row"), "{:?}", found.report.warnings);
    let unit = found.report.warnings.last().unwrap();
    assert!(
        unit.ends_with("q.csv begins 5000000000 ns after 1970-01-01; are its times nanoseconds?"),
        "{unit}"
    );
    let none = Files::new(&[("q.csv", format!("{HEADER}{bad}").as_bytes())]);
    let none = import(ImportPlan { skip_bad: true, ..none.plan(Csv) }).err().unwrap().to_string();
    assert!(none.contains("all its 1 rows are bad"), "{none}");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, format!("{HEADER}{}", GOOD.repeat(5_000)).as_bytes()).unwrap();
    let gz = gz.finish().unwrap();
    let cut = Files::new(&[("q.csv.gz", &gz[..gz.len() - 20])]);
    let found = import(ImportPlan { skip_bad: true, ..cut.plan(Csv) }).unwrap();
    assert_eq!(found.report.bad_rows, 1);
    assert!(found.report.events > 1_000);
}

/// Breaks when a file that changes between the passes gives a recording that was never checked.
#[test]
fn changing_files_are_noticed() {
    let files = Files::new(&[("q.csv", format!("{HEADER}{GOOD}").as_bytes())]);
    let import = Import::scan(files.plan(Csv), |_| {}).unwrap();
    for text in [format!("{HEADER}{GOOD}{GOOD}"), format!("{HEADER}4{GOOD}"), HEADER.to_owned()] {
        std::fs::write(&files.paths[0], text).unwrap();
        let found = import.events().find_map(Result::err).unwrap().to_string();
        assert!(found.contains("q.csv changed while it was being imported"), "{found}");
    }
}

fn sample(format: Format) -> (&'static str, Vec<u8>) {
    match format {
        Csv => ("q.csv", format!("{HEADER}{GOOD}5000000001,A.X,1,1,2,1,1.5,0.1,buy\n").into_bytes()),
        ItemJsonl => (
            "x.json",
            br#"{"Item":{"time_exchange":"2025-03-25T23:07:00.1Z","time_received":"2025-03-25T23:07:00.2Z","exchange":"binance_spot","instrument":1,"kind":{"OrderBookL1":{"best_bid":{"price":"2059.1","amount":"33.09"},"best_ask":{"price":"2059.11","amount":"3.0"}}}}}
{"Item":{"time_exchange":"2025-03-25T23:07:00.7Z","time_received":"2025-03-25T23:07:00.8Z","exchange":"binance_spot","instrument":0,"kind":{"Trade":{"id":"4","price":87232.0,"amount":0.00012,"side":"Sell"}}}}
"#
            .to_vec(),
        ),
        Recorder => (
            "x.txt",
            br#"1 {"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":5,"u":9,"b":[["1.0","2"]],"a":[["2.0","0"]]}}
2 {"lastUpdateId":7,"bids":[["1.0","5"]],"asks":[["2.0","6"]]}
3 {"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":3,"p":"1.5","q":"0.02","T":1,"m":true}}
4 {"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[{"px":"1","sz":"1","n":1}],[]]}}
5 {"channel":"trades","data":[{"coin":"BTC","side":"A","px":"1","sz":"1","time":1,"tid":1}]}
"#
            .to_vec(),
        ),
        Lean => ("20180404_btcusd_minute_trade.csv", b"0,10,12,9,11,1.000000001\n60000,10,12,9,11,1\n".to_vec()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Breaks when some damage to a file, of whatever kind, ends in a panic or in time that runs back.
    #[test]
    fn damaged_files_never_panic(
        format in prop::sample::select(Format::ALL.to_vec()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 0..6),
        skip_bad in any::<bool>(),
    ) {
        let (name, mut bytes) = sample(format);
        for (at, byte, kind) in edits {
            if bytes.is_empty() { break }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.truncate(at),
                _ => bytes[at] = b"0123456789.-e,:\"{}[]\n"[usize::from(byte) % 21],
            }
        }
        let files = Files::new(&[(name, &bytes)]);
        match import(ImportPlan { skip_bad, ..files.plan(format) }) {
            Ok(found) => prop_assert!(found.events.windows(2).all(|pair| pair[0].0 <= pair[1].0)),
            Err(fault) => prop_assert!(fault.to_string().contains(name), "{fault} names no file"),
        }
    }

    /// Breaks when bytes that are no recording at all end in a panic.
    #[test]
    fn noise_never_panics(
        format in prop::sample::select(Format::ALL.to_vec()),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        packed in prop::sample::select(vec![&b""[..], b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"]),
    ) {
        let (name, _) = sample(format);
        let files = Files::new(&[(name, &[packed, &bytes].concat())]);
        let found = import(ImportPlan { skip_bad: true, ..files.plan(format) });
        prop_assert!(found.is_err());
    }
}
