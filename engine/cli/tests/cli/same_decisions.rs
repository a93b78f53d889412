//! The same decisions, bit for bit: twice, on more threads, sealed, moved, with inputs copied or not.

use crate::contract::{FRICTIONS, imported};
use crate::kit::Place;
use crate::segments::lines_of;

/// A run's decision digest, as its report tells it.
fn digest(place: &Place, run: &str) -> String {
    let report: serde_json::Value =
        serde_json::from_slice(&place.read(&format!("{run}/report.json"))).unwrap();
    report["digest"].as_str().unwrap().to_owned()
}

/// The outcomes of a run: number, time, kind, cause and event.
fn outcomes(place: &Place, run: &str) -> Vec<(u64, u64, String, u64, String)> {
    let lines = lines_of(place, run).into_iter();
    lines.filter_map(|l| Some((l.seq, l.ts, l.kind, l.cause?, l.data.get().to_owned()))).collect()
}

/// Breaks when a decision, or one byte of a journal, depends on the run, the threads, the folder, the form of the
/// source or on whether inputs are copied.
#[test]
fn nothing_but_inputs_and_configuration_decides() {
    let place = imported(61, 6_000);
    place.write("frictions.toml", FRICTIONS);
    // A folder each, and the same name in it, so that whole files can be compared.
    let backtest = |folder: &str, options: &str| {
        place.copy("source", &format!("{folder}/source"));
        if options.contains("sealed") {
            place.done(&format!("journal seal {folder}/source"));
        }
        let options = options.replace("sealed", "");
        place.done(&format!("backtest {folder}/source -c frictions.toml {options} -o {folder}/run"));
    };
    backtest("first", "");
    let (expected, bytes) = (outcomes(&place, "first/run"), place.read("first/run/000001.jsonl"));
    assert!(expected.len() > 1_000, "{} outcomes", expected.len());
    for (folder, options) in [
        ("again", ""),
        ("one-thread", "--threads 1"),
        ("two-threads", "--threads 2"),
        ("four-threads", "--threads 4"),
        ("from-sealed", "sealed"),
        ("from-sealed-two-threads", "sealed --threads 2"),
    ] {
        backtest(folder, options);
        assert_eq!(digest(&place, &format!("{folder}/run")), digest(&place, "first/run"), "{folder}");
        assert!(
            place.read(&format!("{folder}/run/000001.jsonl")) == bytes,
            "{folder}: the journal's bytes differ"
        );
    }
    backtest("copied", "--copy-inputs");
    assert_eq!(digest(&place, "copied/run"), digest(&place, "first/run"));
    assert!(outcomes(&place, "copied/run") == expected, "copying the inputs changes outcomes");
}

/// Breaks when a run cannot be proved any more once it is sealed, moved with its source, or replayed from its own
/// copy of the inputs.
#[test]
fn runs_stay_provable() {
    let place = imported(62, 2_000);
    place.write("frictions.toml", FRICTIONS);
    place.done("backtest source -c frictions.toml -o runs/plain");
    place.done("backtest source -c frictions.toml --copy-inputs -o runs/copied");
    let expected = digest(&place, "runs/plain");
    let check = |run: &str, about: &str| {
        let verdict = place.json(&format!("verify {run} --json"));
        assert_eq!(verdict["identical"], true, "{about}");
        assert_eq!(verdict["digest"], expected.as_str(), "{about}");
        assert_eq!(verdict["inputs"], 2_000, "{about}");
        assert_eq!(place.json(&format!("journal verify {run} --json"))["verdict"], "clean", "{about}");
    };
    check("runs/plain", "as written");
    check("runs/copied", "as written, with inputs");

    std::fs::create_dir_all(place.path("elsewhere/deep")).unwrap();
    std::fs::rename(place.path("runs"), place.path("elsewhere/deep/runs")).unwrap();
    std::fs::rename(place.path("source"), place.path("elsewhere/deep/source")).unwrap();
    check("elsewhere/deep/runs/plain", "moved with its source");

    place.done("journal seal elsewhere/deep/source");
    for run in ["plain", "copied"] {
        let run = format!("elsewhere/deep/runs/{run}");
        let before = place.done(&format!("journal cat {run}")).out;
        let sealed = place.json(&format!("journal seal {run} --json"));
        assert_eq!((&sealed["segments"], &sealed["newly_sealed"]), (&1.into(), &1.into()));
        assert!(
            place.path(&run).join("000001.jsonl.zst").exists()
                && !place.path(&run).join("000001.jsonl").exists()
        );
        assert!(place.done(&format!("journal cat {run}")).out == before, "sealing changes lines");
        check(&run, "sealed");
        assert_eq!(place.json(&format!("journal seal {run} --json"))["newly_sealed"], 0);
    }

    std::fs::rename(place.path("elsewhere/deep/source"), place.path("far")).unwrap();
    check("elsewhere/deep/runs/copied", "needs its source no more");
    let lost = place.reprise("verify elsewhere/deep/runs/plain --json");
    assert_eq!((lost.code, &lost.json()["identical"]), (2, &serde_json::Value::Null));
    assert!(lost.err.contains("--source"), "{}", lost.err);
    let found = place.json("verify elsewhere/deep/runs/plain --source far --json");
    assert_eq!((&found["identical"], &found["digest"]), (&true.into(), &expected.as_str().into()));
    // The copy serves as a source itself.
    place.done("backtest elsewhere/deep/runs/copied -c frictions.toml -o third");
    assert_eq!(digest(&place, "third"), expected);
}

/// Breaks when a segment's size, or the segments' number, changes what was decided.
#[test]
fn segments_do_not_matter() {
    let place = imported(63, 9_000);
    place.done("backtest source --copy-inputs -o one");
    place.done("backtest source --copy-inputs --set journal.segment_mib=1 -o many");
    assert!(place.path("many/000002.jsonl").exists(), "one segment holds it all");
    assert_eq!(digest(&place, "one"), digest(&place, "many"));
    for threads in [1, 2] {
        place.done(&format!("backtest many --threads {threads} -o from-many-{threads}"));
        assert_eq!(digest(&place, &format!("from-many-{threads}")), digest(&place, "one"));
    }
    assert_eq!(place.json("verify many --json")["identical"], true);
    let tail = |run: &str| {
        place.done(&format!("journal cat {run} --kind order. --kind position.")).out.lines().count()
    };
    assert_eq!(tail("one"), tail("many"));
}
