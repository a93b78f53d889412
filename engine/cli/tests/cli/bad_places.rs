//! Places that take nothing: used folders, files where folders should be, full disks, closed pipes.

use crate::bad_input::check;
use crate::contract::imported;

/// Breaks when a folder with something in it is written to, or work begins before that is noticed.
#[test]
fn folders_that_are_taken() {
    let place = imported(81, 50);
    place.write("used/notes.txt", "mine");
    for (folder, words) in [
        ("used", "used is not empty; name a new folder with -o"),
        ("source", "source is not empty"),
        ("quotes.csv", "quotes.csv is a file, or lies below one"),
        ("quotes.csv/run", "quotes.csv/run is a file, or lies below one"),
    ] {
        for command in ["import --format csv quotes.csv", "backtest source", "demo"] {
            check(
                &format!("{command} -o {folder}"),
                &place.reprise(&format!("{command} -o {folder}")),
                1,
                &[words],
            );
        }
    }
    assert_eq!(place.read("used/notes.txt"), b"mine");
    std::fs::create_dir(place.path("empty")).unwrap();
    place.done("backtest source -o empty");
}

/// Breaks when a folder that cannot be made ends in anything but a sentence with its name.
#[cfg(target_os = "linux")]
#[test]
fn folders_that_cannot_be_made() {
    let place = imported(82, 50);
    for command in ["import --format csv quotes.csv", "backtest source", "demo", "init"] {
        let option = if command == "init" { "" } else { "-o" };
        let said = place.reprise(&format!("{command} {option} /proc/reprise-test"));
        check(command, &said, 1, &["error: ", "/proc/reprise-test"]);
    }
}

/// Breaks when a full disk ends in a panic, in success, or in a message that does not name the file.
///
/// The limit on a file's size stands in for a disk: the writer meets it in the middle of its work. Where the system
/// lets us mount one, a disk of 64 KiB is tried too.
#[cfg(target_os = "linux")]
#[test]
fn full_disks() {
    let place = imported(83, 2_000);
    for (about, command, file) in [
        ("import", "import --format csv quotes.csv -o out", "out/000001.jsonl"),
        ("backtest", "backtest source --copy-inputs -o out", "out/000001.jsonl"),
        ("demo", "demo -o out", "the bundled recording"),
        ("seal", "journal seal source", "source/000001.jsonl.zst"),
    ] {
        for trap in ["trap '' XFSZ;", ""] {
            let said = place.shell(&format!("{trap} ulimit -f 16; exec $REPRISE {command}"));
            check(&format!("{about}, {trap}"), &said, 1, &["error: ", file, "File too large"]);
            let _ = std::fs::remove_dir_all(place.path("out"));
        }
    }
    assert_eq!(
        place.json("journal verify source --json")["verdict"],
        "clean",
        "a failed seal leaves the journal"
    );
    std::fs::create_dir(place.path("disk")).unwrap();
    if place.shell("mount -t tmpfs -o size=64k none disk").code != 0 {
        println!("skipped: no disk can be mounted here");
        return;
    }
    let imported = place.reprise("import --format csv quotes.csv -o disk/out");
    let backtested = place.reprise("backtest source --copy-inputs -o disk/more");
    assert_eq!(place.shell("umount disk").code, 0);
    check("import", &imported, 1, &["disk/out/000001.jsonl", "the disk is full", "make room"]);
    check("backtest", &backtested, 1, &["disk/more", "the disk is full", "make room"]);
}

/// Breaks when output that cannot be written passes for done, or stderr that takes nothing changes the outcome.
#[cfg(target_os = "linux")]
#[test]
fn output_that_goes_nowhere() {
    let place = imported(84, 2_000);
    place.done("backtest source -o run");
    for command in [
        "verify run",
        "verify run --json",
        "journal verify run",
        "journal stat run",
        "journal cat source",
        "strategies",
        "schema",
        "completions bash",
        "check-config --print",
        "import --format csv quotes.csv -o out --json",
        "demo -o demo",
    ] {
        let said = place.shell(&format!("exec $REPRISE {command} >/dev/full"));
        check(command, &said, 1, &["error: the output cannot be written to stdout", "No space left"]);
    }
    // What is missing is still missing, and what works still works, when nobody can be told.
    for (command, code) in [
        ("verify nosuch", 1),
        ("check-config --set a=b", 4),
        ("frobnicate", 2),
        ("journal verify nosuch", 2),
        ("backtest source -o out2", 0),
        ("import --format csv quotes.csv -o out3", 0),
    ] {
        for stderr in ["2>/dev/full", "2>&-"] {
            let said = place.shell(&format!("exec $REPRISE {command} >/dev/null {stderr}"));
            assert_eq!(said.code, code, "{command} {stderr}: {said:?}");
            let _ = std::fs::remove_dir_all(place.path("out2"));
            let _ = std::fs::remove_dir_all(place.path("out3"));
        }
    }
    // Whoever stops reading has seen enough.
    let said = place.shell("{ $REPRISE journal cat source; echo $? >&2; } | head -1");
    assert_eq!((said.err.trim(), said.out.lines().count()), ("0", 1), "{said:?}");
}
