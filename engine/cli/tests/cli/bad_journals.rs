//! Runs that are missing, damaged, cut off, from another version, or no runs at all.

use crate::bad_input::check;
use crate::contract::imported;
use crate::kit::Place;
use crate::segments::{lines_of, write_lines};

const CODES: [(&str, i32); 6] = [
    ("journal verify RUN", 1),
    ("journal verify RUN --json", 1),
    ("journal stat RUN", 8),
    ("verify RUN", 8),
    ("verify RUN --json", 8),
    ("backtest RUN -o out", 8),
];

/// Has a run judged by every command that reads it whole; `codes` are their exit codes.
fn check_all(place: &Place, about: &str, codes: [i32; 6], words: &[&str]) {
    for ((command, _), code) in CODES.iter().zip(codes) {
        let command = command.replace("RUN", "run");
        let mut said = place.reprise(&command);
        // The verdict of `journal verify` is what was asked for, and stands on stdout.
        if command == "journal verify run" && code == 1 {
            said.err = std::mem::take(&mut said.out);
        }
        check(&format!("{about}, {command}"), &said, code, words);
        let _ = std::fs::remove_dir_all(place.path("out"));
    }
}

/// Breaks when damage passes, or is not named by file, byte and number.
#[test]
fn damaged_journals() {
    let place = imported(71, 300);
    let whole = place.read("source/000001.jsonl");
    let starts: Vec<usize> = (0..whole.len()).filter(|&at| at == 0 || whole[at - 1] == b'\n').collect();
    let (line, at) = (100, starts[100]);
    let place_of =
        |line: usize| format!("is damaged at byte {} (line {}, after seq {line})", starts[line], line + 1);
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        bytes
    };
    let table: [(&str, Vec<u8>, String); 8] = [
        ("a flipped byte", damaged(&|b| b[at + 40] ^= 1), place_of(line)),
        ("a flipped byte of the first line", damaged(&|b| b[20] ^= 1), place_of(0)),
        ("a flipped checksum", damaged(&|b| b[starts[101] - 5] ^= 1), place_of(line)),
        ("a byte that is no text", damaged(&|b| b[at + 40] = 0xff), place_of(line)),
        ("a line that is gone", damaged(&|b| drop(b.drain(at..starts[101]))), place_of(line)),
        (
            "a line twice",
            damaged(&|b| drop(b.splice(at..at, whole[at..starts[101]].to_vec()))),
            place_of(line + 1),
        ),
        ("half a line at the end", damaged(&|b| b.truncate(b.len() - 9)), place_of(starts.len() - 1)),
        ("more after the end", damaged(&|b| b.extend_from_slice(b"{}\n")), "is damaged at byte".to_owned()),
    ];
    place.copy("source", "run");
    for (about, bytes, words) in table {
        place.write("run/000001.jsonl", bytes);
        // The JSON of `journal verify` tells the place in fields of its own, and the report of damage names the file.
        for ((command, code), json) in CODES.into_iter().zip([false, true, false, false, false, false]) {
            let command = command.replace("RUN", "run");
            let mut said = place.reprise(&command);
            if command == "journal verify run" {
                said.err = std::mem::take(&mut said.out);
            }
            let words =
                if json { ["000001.jsonl", "\"offset\""] } else { ["run/000001.jsonl", words.as_str()] };
            check(&format!("{about}, {command}"), &said, code, &words);
            let _ = std::fs::remove_dir_all(place.path("out"));
        }
    }
    // Cut at the end of a line, an ended run is found out by its manifest.
    place.write("run/000001.jsonl", &whole[..at]);
    let said = place.reprise("journal verify run --json");
    check("cut at a line's end", &said, 1, &["\"corrupt\"", "000001.jsonl", &format!("\"offset\": {at}")]);
    // Before it is sealed, a journal is verified.
    check("sealing damage", &place.reprise("journal seal run"), 8, &["run/000001.jsonl"]);
    assert!(place.path("run/000001.jsonl").exists());
}

/// Breaks when a sealed journal's damage passes or ends in a panic.
#[test]
fn damaged_sealed_journals() {
    let place = imported(72, 300);
    place.copy("source", "run");
    place.done("journal seal run");
    let whole = place.read("run/000001.jsonl.zst");
    for (about, at) in [("the start", 1), ("the middle", whole.len() / 2), ("the end", whole.len() - 2)] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        place.write("run/000001.jsonl.zst", &bytes);
        let said = place.reprise("journal verify run --json");
        check(about, &said, 1, &["\"corrupt\"", "000001.jsonl.zst"]);
        check(about, &place.reprise("verify run"), 8, &["run/000001.jsonl.zst"]);
    }
    place.write("run/000001.jsonl.zst", &whole[..whole.len() / 2]);
    check("cut off", &place.reprise("verify run"), 8, &["run/000001.jsonl.zst"]);
    place.write("run/000001.jsonl.zst", b"");
    check("empty", &place.reprise("verify run"), 8, &["run/000001.jsonl.zst"]);
}

/// Breaks when what is no run is read as one, or the message does not say what to name instead.
#[test]
fn not_a_run() {
    let place = imported(73, 50);
    std::fs::create_dir(place.path("run")).unwrap();
    let none = ["run holds no journal", "000001.jsonl"];
    check_all(&place, "an empty folder", [2, 2, 1, 1, 1, 1], &none);
    place.write("run/notes.txt", "hello");
    check_all(&place, "a folder of other things", [2, 2, 1, 1, 1, 1], &none);
    std::fs::remove_dir_all(place.path("run")).unwrap();
    check_all(&place, "nothing", [2, 2, 1, 1, 1, 1], &["no journal at run", "does not exist"]);
    let rows = [
        ("verify quotes.csv", 1, "quotes.csv is a file and no journal"),
        ("backtest quotes.csv -o out", 1, "reprise import --format"),
    ];
    for (command, code, words) in rows {
        check(command, &place.reprise(command), code, &[words]);
    }
    // Runs that hold nothing to replay, and that cannot go on.
    place.done("backtest source -o outcomes");
    let rows: [(&str, &[&str]); 2] = [
        ("backtest outcomes -o out", &["outcomes holds outcomes and no inputs", "outcomes/../source"]),
        ("backtest source --set engine.cascade_limit=1 -o halted", &["the engine halted at seq 2 of source"]),
    ];
    for (command, words) in rows {
        check(command, &place.reprise(command), 1, words);
    }
    let said = place.done("journal cat source --kind ordre.");
    assert!(said.err.contains("no kind begins with 'ordre.'") && said.out.is_empty(), "{said:?}");
    // A segment without a single line.
    place.write("run/000001.jsonl", "");
    check_all(&place, "an empty segment", [1, 1, 8, 8, 8, 8], &["run/000001.jsonl"]);
    // A journal that does not begin at its beginning.
    let lines = lines_of(&place, "source");
    write_lines(&place, "run", &lines[1..]);
    check_all(&place, "no run.started", [1, 1, 8, 8, 8, 8], &["run/000001.jsonl"]);
}

/// Breaks when a journal of a later version is misread instead of refused.
#[test]
fn other_versions() {
    let place = imported(74, 50);
    let mut lines = lines_of(&place, "source");
    place.copy("source", "run");
    for (version, codes) in [("\"2.0\"", [2, 2, 1, 1, 1, 1]), ("\"10.7\"", [2, 2, 1, 1, 1, 1])] {
        lines[0].put("schema", version);
        write_lines(&place, "run", &lines);
        check_all(
            &place,
            version,
            codes,
            &["run/000001.jsonl", version.trim_matches('"'), "reads 1", "use the engine"],
        );
    }
    lines[0].put("schema", "\"1.9\"");
    write_lines(&place, "run", &lines);
    assert_eq!(place.json("verify run --json")["identical"], true, "a later minor version is read");
}

/// Breaks when a backtest is judged by inputs that are not its own.
#[test]
fn missing_sources() {
    let place = imported(75, 200);
    place.done("backtest source -o run");
    place.write("other.csv", String::from_utf8(place.read("quotes.csv")).unwrap().replace("0.25\n", "0.5\n"));
    place.done("import --format csv other.csv -o other");
    let rows = [
        ("verify run --source other", 2, ["another content", "--source"]),
        ("verify run --source nosuch", 2, ["nosuch", "--source"]),
        ("verify run --source quotes.csv", 1, ["quotes.csv is a file and no journal", "import"]),
    ];
    for (command, code, words) in rows {
        check(command, &place.reprise(command), code, &words);
    }
    std::fs::rename(place.path("source"), place.path("moved")).unwrap();
    check("moved", &place.reprise("verify run --json"), 2, &["--source", "\"identical\": null"]);
    assert_eq!(place.json("verify run --source moved --json")["identical"], true);
    // The source is there and damaged.
    place.copy("moved", "source");
    let mut bytes = place.read("source/000001.jsonl");
    bytes[5_000] ^= 1;
    place.write("source/000001.jsonl", bytes);
    let said = place.reprise("verify run");
    check("a damaged source", &said, 8, &["source/000001.jsonl", "is damaged at byte"]);
}

/// Breaks when a torn journal cannot be made whole by hand, or is made whole without a word of what was cut.
#[test]
fn repairing() {
    let place = imported(76, 300);
    place.copy("source", "run");
    let whole = place.read("run/000001.jsonl");
    // Without its manifest and its end it is what a crash leaves.
    std::fs::remove_file(place.path("run/manifest.json")).unwrap();
    place.write("run/000001.jsonl", &whole[..whole.len() - 400]);
    check("torn", &place.reprise("journal verify run"), 1, &["corrupt"]);
    let said = place.json("journal repair run --json");
    assert_eq!((&said["finding"], &said["action"]), (&"half_line".into(), &"cut".into()), "{said}");
    let kept = said["kept"][0]["file"].as_str().unwrap();
    assert_eq!(
        std::fs::metadata(place.path(kept)).unwrap().len(),
        said["kept"][0]["bytes"].as_u64().unwrap()
    );
    check("repaired", &place.reprise("journal verify run"), 0, &["open"]);
    check("again", &place.reprise("journal repair run"), 0, &["whole"]);
}
