//! What `reprise init` makes builds, backtests and proves its decisions, as it stands and without a network.
//!
//! In a file of its own, because it builds the whole product once more: into a folder that stays, so that only the
//! first time takes minutes.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command that must succeed, and gives what it printed.
fn done(command: &mut Command) -> String {
    let output = command.output().expect("the command can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}: {out}{err}");
    out
}

/// Breaks when a new user's own crate does not build, its test fails, or its binary is not `reprise` with one more
/// strategy.
#[test]
fn a_new_crate_builds_and_proves_itself() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scaffold");
    let krate = folder.join("my-desk");
    let _ = std::fs::remove_dir_all(&krate);
    std::fs::create_dir_all(&folder).unwrap();
    done(Command::new(env!("CARGO_BIN_EXE_reprise")).current_dir(&folder).args(["init", "my-desk"]));

    let target = folder.join("target");
    let cargo = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.current_dir(&krate).args(args).arg("--offline").env("CARGO_TARGET_DIR", &target);
        // Nobody steps through it; without it a quarter of the time is saved.
        command.env("CARGO_PROFILE_DEV_DEBUG", "none").env("CARGO_INCREMENTAL", "0");
        // What cargo says to the test that it runs is not meant for the cargo that the test runs.
        for name in
            ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTDOCFLAGS"]
        {
            command.env_remove(name);
        }
        done(&mut command)
    };
    let tested = cargo(&["test"]);
    assert!(tested.contains("breakout_trades_and_its_decisions_can_be_proved ... ok"), "{tested}");

    let binary: PathBuf = target.join("debug/my-desk");
    let own = |args: &[&str]| done(Command::new(&binary).current_dir(&krate).env_clear().args(args));
    let strategies: serde_json::Value = serde_json::from_str(&own(&["strategies", "--json"])).unwrap();
    let names: Vec<&str> = strategies.as_array().unwrap().iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(names, ["breakout", "ema-cross", "market-maker", "mean-reversion", "twap"]);
    let shown = own(&["check-config", "-c", "conf/backtest.toml", "--print"]);
    assert!(shown.contains("strategy.0.length") && shown.contains("conf/backtest.toml:"), "{shown}");
    own(&["demo", "-o", "demo", "--json"]);
    own(&["verify", "demo"]);
}
