//! Bad recordings and bad command lines, through the binary: a clear sentence that names file and line, the right
//! exit code, and never a panic.

use std::io::Write;

use crate::kit::{Place, Said};

const HEADER: &str = "ts_ns,instrument,bid,bid_size,ask,ask_size,last,last_size,side\n";
const GOOD: &str = "2000000000000000000,A-USD.X,1,1,2,1,,,\n";

/// Holds whatever was said to what is asked of every error: the code, the words, no panic, and nothing on stdout
/// but JSON.
pub fn check(about: &str, said: &Said, code: i32, words: &[&str]) {
    let all = format!("{}{}", said.err, said.out);
    for broken in ["panicked", "stack backtrace", "RUST_BACKTRACE", "Error {"] {
        assert!(!all.contains(broken), "{about}: {said:?}");
    }
    assert_eq!(said.code, code, "{about}: {said:?}");
    let is_json = serde_json::from_str::<serde_json::Value>(&said.out).is_ok();
    assert!(said.out.is_empty() || is_json, "{about} leaves half an answer on stdout: {said:?}");
    for words in words {
        assert!(all.contains(words), "{about} does not say {words:?}: {said:?}");
    }
    // One sentence for one error: nothing is said twice.
    for line in said.err.lines().filter(|line| line.starts_with("error: ")) {
        let half = line.len() / 2;
        let (first, second) = (line.get(7..half).unwrap_or_default(), line.get(half..).unwrap_or_default());
        assert!(first.len() < 20 || !second.contains(first), "{about} is said twice: {line}");
    }
}

/// Files with one fault each, in or around line 3.
fn write_recordings(place: &Place) {
    let row = |name: &str, row: &str| place.write(name, format!("{HEADER}{GOOD}{row}\n{GOOD}"));
    place.write("good.csv", format!("{HEADER}{GOOD}"));
    row("negative.csv", "2000000000000000001,A-USD.X,-1,1,2,1,,,");
    row("negative-size.csv", "2000000000000000001,A-USD.X,1,-1,2,1,,,");
    row("crossed.csv", "2000000000000000001,A-USD.X,3,1,2,1,,,");
    row("backwards.csv", "1999999999999999999,A-USD.X,1,1,2,1,,,");
    let far = "2000000015000000000,B-USD.X,1,1,2,1,,,\n2000000015000000001,B-USD.X,1,1,2,1,,,\n";
    row("late.csv", &format!("{far}1999999999000000000,C-USD.X,1,1,2,1,,,"));
    row("nan.csv", "2000000000000000001,A-USD.X,NaN,1,2,1,,,");
    row("infinite.csv", "2000000000000000001,A-USD.X,1,inf,2,1,,,");
    row("overflow.csv", "2000000000000000001,A-USD.X,1e16,1,2e16,1,,,");
    row("overflow-ts.csv", "99999999999999999999,A-USD.X,1,1,2,1,,,");
    row("decimals.csv", "2000000000000000001,A-USD.X,1.0000000000001,1,2,1,,,");
    row("no-name.csv", "2000000000000000001,A B.X,1,1,2,1,,,");
    row("long-name.csv", &format!("2000000000000000001,{}.X,1,1,2,1,,,", "A".repeat(60)));
    row("side.csv", "2000000000000000001,A-USD.X,1,1,2,1,1,1,hold");
    place.write("half.csv", format!("{HEADER}{GOOD}2000000000000000001,A-USD.X,1"));
    place.write("latin1.csv", [HEADER.as_bytes(), GOOD.as_bytes(), b"2,\xe9,1,1,2,1,,,\n"].concat());
    place.write("nul.csv", [HEADER.as_bytes(), GOOD.as_bytes(), &[0; 64], b"\n"].concat());
    place.write("empty.csv", "");
    place.write("header.csv", HEADER);
    place.write("columns.csv", "ts_ns,instrument,bid,ask,ask_size\n1,A.X,1,2,1\n");
    place.write("no-header.csv", GOOD);
    place.write("all-bad.csv", format!("{HEADER}2,A.X,3,1,2,1,,,\n"));
    place.write("long-line.csv", format!("{HEADER}{}", "1".repeat(40_000_000)));
    place.write("two.csv", format!("{HEADER}{GOOD}2000000000000000001,B-USD.X,1,1,2,1,,,\n"));
    std::fs::create_dir(place.path("folder")).unwrap();
}

/// Breaks when a bad recording is imported, or blamed on the wrong file, line or reason.
#[test]
fn bad_recordings() {
    let place = Place::new();
    write_recordings(&place);
    let table: &[(&str, &[&str])] = &[
        ("nosuch.csv", &["nosuch.csv cannot be read", "No such file"]),
        ("folder", &["folder cannot be read: it is a folder"]),
        ("negative.csv", &["negative.csv, line 3: ", "a price cannot be negative"]),
        ("negative-size.csv", &["negative-size.csv, line 3: ", "bid_size is -1"]),
        ("crossed.csv", &["crossed.csv, line 3: ", "the quote is crossed: the bid 3 is above the ask 2"]),
        ("backwards.csv", &["backwards.csv, line 3: ", "time runs backwards", "A-USD.X", "1 ns"]),
        ("late.csv", &["late.csv, line 5: ", "more than the 5 s"]),
        ("nan.csv", &["nan.csv, line 3: ", "\"NaN\" is not a decimal number"]),
        ("infinite.csv", &["infinite.csv, line 3: ", "\"inf\" is not a decimal number"]),
        ("overflow.csv", &["overflow.csv, line 3: ", "beyond 1e15"]),
        ("overflow-ts.csv", &["overflow-ts.csv, line 3: ", "its ts_ns is"]),
        ("decimals.csv", &["decimals.csv, line 3: ", "more than 12 decimals"]),
        ("no-name.csv", &["no-name.csv, line 3: ", "it names no usable instrument"]),
        ("long-name.csv", &["long-name.csv, line 3: ", "it names no usable instrument"]),
        ("side.csv", &["side.csv, line 3: ", "neither buy nor sell"]),
        ("half.csv", &["half.csv, line 3: ", "it has 3 fields where 9 are expected"]),
        ("latin1.csv", &["latin1.csv, line 3: ", "byte 3 of the line is not UTF-8"]),
        ("nul.csv", &["nul.csv, line 3: "]),
        ("empty.csv", &["empty.csv holds no row", "the file is empty"]),
        ("header.csv", &["header.csv holds no row"]),
        ("columns.csv", &["columns.csv, line 1: ", "the header lacks bid_size"]),
        ("no-header.csv", &["no-header.csv, line 1: ", "the header lacks ts_ns"]),
        ("all-bad.csv", &["all-bad.csv, line 2: "]),
        ("all-bad.csv --skip-bad", &["all-bad.csv holds no row", "all its 1 rows are bad"]),
        ("long-line.csv", &["long-line.csv, line 2: "]),
        ("good.csv nosuch.csv", &["nosuch.csv cannot be read"]),
        ("two.csv --instrument A-USD.X", &["--instrument A-USD.X", "A-USD.X, B-USD.X"]),
        ("good.csv --instrument A", &["--instrument", "'A' names no venue"]),
        ("good.csv --venue Y --instrument A-USD.X", &["--venue Y"]),
        ("good.csv --venue a.b", &["cannot be a venue's name"]),
    ];
    for (files, words) in table {
        let said = place.reprise(&format!("import --format csv {files} -o out"));
        check(files, &said, 1, words);
        assert!(said.err.contains("error: "), "{files}: {said:?}");
        assert!(!place.path("out").exists(), "{files}: a failed import leaves a folder");
    }
    assert!(
        place
            .reprise("import --format csv backwards.csv --skip-bad -o out")
            .err
            .contains("backwards.csv, line 3")
    );
}

/// A small sound file of each format.
fn write_samples(place: &Place) -> [(&'static str, &'static str); 4] {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("20180404_btcusd_minute_trade.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"0,10,12,9,11,1\n60000,10,12,9,11,1\n").unwrap();
    place.write("minute/btcusd_20180404_trade.zip", zip.finish().unwrap().into_inner());
    place.write(
        "raw.txt",
        "5 {\"u\":12,\"s\":\"BTCUSDT\",\"b\":\"1.10\",\"B\":\"2\",\"a\":\"1.2\",\"A\":\"0.5\"}\n",
    );
    place.write(
        "items.json",
        r#"{"Item":{"time_exchange":"2025-03-25T23:07:00Z","time_received":"2025-03-25T23:07:00Z","exchange":"x","instrument":0,"kind":{"Trade":{"id":"1","price":1,"amount":1,"side":"Buy"}}}}"#,
    );
    place.write("rows.csv", format!("{HEADER}{GOOD}"));
    [
        ("lean", "minute/btcusd_20180404_trade.zip"),
        ("recorder", "raw.txt"),
        ("item-jsonl", "items.json"),
        ("csv", "rows.csv"),
    ]
}

/// Breaks when a file is read as another format than it is, or the message does not lead to the right one.
#[test]
fn every_format_given_every_other() {
    let place = Place::new();
    let samples = write_samples(&place);
    for (format, _) in samples {
        for (other, file) in samples {
            let out = format!("{format}-{other}");
            let said = place.reprise(&format!("import --format {format} {file} -o {out}"));
            if format == other {
                assert_eq!(said.code, 0, "{format}: {said:?}");
                continue;
            }
            check(&out, &said, 1, &[file, other, &format!("no file of the format {format}")]);
        }
        // A journal is no recording.
        let said = place.reprise(&format!("import --format {format} csv-csv/000001.jsonl -o again-{format}"));
        if format != "csv" {
            check(format, &said, 1, &["000001.jsonl"]);
        }
    }
    let said = place.reprise("import --format csv csv-csv/000001.jsonl -o again");
    check("a journal", &said, 1, &["000001.jsonl, line 1", "a Reprise journal"]);
}

/// Breaks when a command line that makes no sense is followed, or exits as if something had failed.
#[test]
fn bad_command_lines() {
    let place = Place::new();
    place.write("good.csv", format!("{HEADER}{GOOD}"));
    let table: &[(&str, &[&str])] = &[
        ("", &["Usage: reprise <COMMAND>", "demo", "backtest"]),
        ("frobnicate", &["unrecognized subcommand 'frobnicate'"]),
        ("backtset", &["backtest"]),
        ("import good.csv -o out", &["--format"]),
        ("import --format csv -o out", &["<FILE>"]),
        ("import --format csv good.csv", &["--output"]),
        ("import --format csb good.csv -o out", &["'csb'", "lean, recorder, item-jsonl or csv"]),
        ("backtest", &["<RUNDIR>", "--output"]),
        ("backtest run -o out --threads 0", &["--threads", "1..=64"]),
        ("backtest run -o out --threads many", &["--threads", "many"]),
        ("backtest run -o out --setting a=b", &["--setting", "--set"]),
        ("verify", &["<RUNDIR>"]),
        ("verify run --sorce x", &["--sorce", "--source"]),
        ("journal", &["verify", "stat", "cat", "seal"]),
        ("journal cat run --from now", &["--from", "now"]),
        ("completions tcsh", &["tcsh", "bash"]),
        ("schema jornal", &["jornal", "journal"]),
        ("init", &["<DIR>"]),
    ];
    for (args, words) in table {
        check(args, &place.reprise(args), 2, words);
    }
    for args in ["--help", "help", "backtest --help", "journal verify --help", "--version"] {
        let said = place.reprise(args);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{args}: {said:?}");
        assert!(said.out.contains("reprise") || said.out.contains("RUNDIR"), "{args}: {said:?}");
    }
}
