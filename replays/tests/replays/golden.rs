//! The golden journals in `replays/cases`: made anew they are the same; verified they are identical; folded they
//! lead to the same states; sealed they say the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reprise_assembly::{assemble, from_recorded};
use reprise_core::{Outcomes, STATE_VERSION};
use reprise_journal::{Verdict as JournalVerdict, seal, verify_journal};
use reprise_model::{Outcome, Seq};
use reprise_replays::{Verdict, VerifyOptions, verify};

use crate::cases::{CASES, Case};
use crate::journals::{batches, bodies, copy, kind};
use crate::scripted::registry;

/// Set to `1`, the cases are written anew instead of being compared.
const ACCEPT: &str = "REPRISE_ACCEPT_CASES";

/// The digests of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Digests {
    decisions: String,
    state: String,
}

fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// Every folder that holds a journal: the cases, and what earlier versions recorded.
fn folders() -> Vec<(String, PathBuf)> {
    let mut found: Vec<_> = fs::read_dir(cases_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("000001.jsonl").is_file())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    found.sort();
    found
}

fn pinned() -> BTreeMap<String, Digests> {
    let text = fs::read_to_string(cases_folder().join("digests.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let digest = |case: &toml::Value, key: &str| case[key].as_str().unwrap().to_owned();
    let of =
        |case: &toml::Value| Digests { decisions: digest(case, "decisions"), state: digest(case, "state") };
    table.iter().map(|(name, case)| (name.clone(), of(case))).collect()
}

/// What a run's last checkpoint says.
fn digests(run: &Path) -> Digests {
    let (_, batches) = batches(run);
    let last = batches.iter().flat_map(|batch| &batch.decided).next_back().unwrap();
    match &last.outcome {
        Outcome::Checkpoint(checkpoint) => {
            Digests { decisions: checkpoint.decisions.clone(), state: checkpoint.state.clone() }
        }
        other => panic!("{} ends with {other:?}", run.display()),
    }
}

/// The lines that decide: all but those that name versions and places.
fn deciding(run: &Path) -> Vec<String> {
    bodies(run)
        .into_iter()
        .filter(|body| !["run.started", "run.ended"].contains(&kind(body).as_str()))
        .collect()
}

fn accept(case: &Case, made: &Path) {
    for file in ["000001.jsonl", "manifest.json"] {
        fs::copy(made.join(file), case.folder().join(file)).unwrap();
    }
}

/// Writes the digests of what was accepted, also where people read them.
fn accept_digests() {
    let (mut table, mut rows) = (String::from("# Written by the tests; see README.md.\n"), String::new());
    for (name, folder) in folders() {
        let Digests { decisions, state } = digests(&folder);
        table += &format!("\n[{name}]\ndecisions = \"{decisions}\"\nstate = \"{state}\"\n");
        rows += &format!("| `{name}` | `{decisions}` | `{state}` |\n");
    }
    fs::write(cases_folder().join("digests.toml"), table).unwrap();
    let readme = cases_folder().join("README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let (before, _) = text.split_once("| --- | --- | --- |\n").unwrap();
    fs::write(&readme, format!("{before}| --- | --- | --- |\n{rows}")).unwrap();
}

/// Breaks when the engine decides otherwise than it did, or when a case's journal, configuration and digests do not
/// belong together. `REPRISE_ACCEPT_CASES=1` writes them anew: see `replays/cases/README.md`.
#[test]
fn cases_made_anew_are_the_same() {
    let is_accepting = std::env::var(ACCEPT).is_ok_and(|value| value == "1");
    let scratch = tempfile::tempdir().unwrap();
    for case in CASES {
        let made = scratch.path().join(case.name);
        case.make(&made);
        if is_accepting {
            accept(case, &made);
        }
        let (was, is) = (deciding(&case.folder()), deciding(&made));
        let first = was.iter().zip(&is).find(|(was, is)| was != is);
        assert_eq!(first, None, "{}: if this is meant, see replays/cases/README.md", case.name);
        assert_eq!(was.len(), is.len(), "{}: lines", case.name);
    }
    if is_accepting {
        accept_digests();
    }
    for (name, folder) in folders() {
        assert_eq!(pinned().get(&name), Some(&digests(&folder)), "{name}: digests.toml");
        let bytes = fs::metadata(folder.join("000001.jsonl")).unwrap().len();
        assert!(bytes < 200_000, "{name} is small enough to be read: {bytes} bytes");
    }
    assert_eq!(pinned().len(), folders().len(), "digests.toml names no other");
}

/// Breaks when the page that people read tells other digests than those that are pinned, or leaves a case out.
#[test]
fn the_readme_names_every_case() {
    let readme = fs::read_to_string(cases_folder().join("README.md")).unwrap();
    for (name, Digests { decisions, state }) in pinned() {
        assert!(readme.contains(&format!("| `{name}` | `{decisions}` | `{state}` |")), "{name}");
        assert!(readme.contains(&format!("\n- `{name}`: ")), "{name} is explained");
    }
}

/// Breaks when a journal that an earlier version recorded is read otherwise by this one, plain or packed.
#[test]
fn every_case_is_whole_and_identical() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, folder) in folders() {
        let packed = scratch.path().join(&name);
        copy(&folder, &packed);
        seal(&packed).unwrap();
        for run in [&folder, &packed] {
            let whole = verify_journal(run);
            let JournalVerdict::Clean(stat) = whole else { panic!("{}: {whole:?}", run.display()) };
            assert!(stat.ended, "{name}");
            let verdict = verify(run, &registry(), &VerifyOptions::default(), &mut |_| {}).unwrap();
            let Verdict::Identical { digest, ended, halted, outcomes, .. } = verdict else {
                panic!("{}: {verdict:?}", run.display())
            };
            assert_eq!((digest, ended, halted), (pinned()[&name].decisions.clone(), true, None), "{name}");
            assert!(outcomes > 0, "{name}");
        }
        assert!(!packed.join("000001.jsonl").exists() && packed.join("000001.jsonl.zst").exists());
    }
}

/// Breaks when the state that recorded outcomes lead to is another than the one that recomputing them leads to: then
/// something changes state behind `apply`.
#[test]
fn folding_and_recomputing_lead_to_the_same_states() {
    for (name, folder) in folders() {
        let (started, batches) = batches(&folder);
        let config = from_recorded(started.config.as_str()).unwrap();
        let mut core = assemble(&config, &registry(), &started.instruments, started.epoch).unwrap();
        core.resume_after(Seq(1));
        let mut folded = core.state().clone();
        let mut outcomes = Outcomes::default();
        let mut checkpoints = 0;
        for batch in batches {
            let seq = core.step(batch.ts, &batch.input, &mut outcomes).unwrap();
            assert_eq!(seq, batch.seq, "{name}");
            assert_eq!(outcomes.as_slice(), batch.decided, "{name} at seq {seq}");
            folded.fold(batch.seq, batch.ts, &batch.input, &batch.decided).unwrap();
            assert_eq!(folded.digest(), core.state().digest(), "{name} at seq {seq}");
            if let Some(Outcome::Checkpoint(checkpoint)) = batch.decided.last().map(|last| &last.outcome)
                && checkpoint.state_version == STATE_VERSION
            {
                assert_eq!(folded.digest(), checkpoint.state, "{name} at seq {seq}");
                checkpoints += 1;
            }
        }
        assert!(checkpoints > 2, "{name} has {checkpoints} checkpoints");
        assert_eq!(folded.digest(), pinned()[&name].state, "{name}");
        assert_eq!(core.decision_digest(), pinned()[&name].decisions, "{name}");
    }
}
