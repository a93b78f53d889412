//! Backtests that stop before their source ends: what they leave, what they say, and what `verify` says of it.

use std::fs;
use std::path::{Path, PathBuf};

use reprise_assembly::Config;
use reprise_journal::POISON_FILE;
use reprise_journal::{Manifest, Verdict as JournalVerdict, verify_journal};
use reprise_replays::{Backtest, BacktestOptions, ReplayError, Verdict, VerifyOptions, verify};

use crate::cases::{config_of, market};
use crate::journals::{bodies, kind, value};
use crate::scripted::registry;

/// The fifth quote asks for more than one event may lead to.
fn greedy() -> Config {
    let orders = ["buy 1 limit 90"; 20].join("; ");
    config_of(&format!(
        r#"
        [account]
        reporting_asset = "USD"
        balances = {{ USD = "100000" }}
        [engine]
        cascade_limit = 30
        [[strategy]]
        id = "greedy"
        kind = "scripted"
        script = """
        2: buy 1 market
        5: {orders}
        """
        "#
    ))
}

fn source(scratch: &Path) -> PathBuf {
    let source = scratch.join("source");
    market::spot_orders().record(&source);
    source
}

fn run(source: &Path, out: &Path, options: BacktestOptions) -> ReplayError {
    Backtest::new(source, &greedy(), &registry(), options).run(out, &mut |_| {}).unwrap_err()
}

fn verdict(run: &Path) -> Verdict {
    verify(run, &registry(), &VerifyOptions::default(), &mut |_| {}).unwrap()
}

/// Breaks when a halt leaves half a journal or none, does not say where it happened, or loses the input that led to
/// it; or when the run that it leaves does not verify.
#[test]
fn a_halt_leaves_what_was_decided_before_it() {
    for (copy_inputs, threads) in [(false, 1), (true, 1), (false, 2), (true, 2)] {
        let scratch = tempfile::tempdir().unwrap();
        let (source, out) = (source(scratch.path()), scratch.path().join("out"));
        let options = BacktestOptions { copy_inputs, threads, ..BacktestOptions::default() };
        let error = run(&source, &out, options);

        // The fifth quote is the seventh line of the recording, behind run.started and a trade.
        let said = error.to_string();
        let ReplayError::CutShort { failure, through: Some(through), .. } = error else { panic!("{said}") };
        assert!(matches!(*failure, ReplayError::Halted { seq, .. } if seq.0 == 7), "{said}");
        for part in [
            format!("seq 7 of {}", source.display()),
            out.display().to_string(),
            format!("up to seq {through}"),
        ] {
            assert!(said.contains(&part), "{part}: {said}");
        }

        let JournalVerdict::Clean(stat) = verify_journal(&out) else { panic!("{:?}", verify_journal(&out)) };
        assert_eq!((stat.ended, stat.last_seq), (false, through));
        assert!(Manifest::read(&out).unwrap().unwrap().is_ok_and(|manifest| !manifest.ended));
        let lines = bodies(&out);
        assert!(lines.iter().any(|line| kind(line) == "order.filled"), "what was decided before is there");
        assert_eq!(lines.iter().any(|line| kind(line) == "market.quote"), copy_inputs);

        let poison = fs::read_to_string(out.join(POISON_FILE)).unwrap();
        let poison = value(poison.trim_end().strip_suffix('}').unwrap());
        assert_eq!(
            (poison["kind"].as_str(), poison["data"]["bid"].as_str()),
            (Some("market.quote"), Some("99.4"))
        );
        assert!(poison["halt"].as_str().unwrap().contains("more than 30"), "{poison}");
        assert!(poison["seq"].as_u64() > Some(through.0), "{poison}");

        let Verdict::Identical { ended, halted, outcomes, .. } = verdict(&out) else {
            panic!("{:?}", verdict(&out))
        };
        assert!(!ended && outcomes > 0);
        // A run that carries its inputs stops before the one that the engine could not take.
        assert_eq!(halted.is_some(), !copy_inputs, "{halted:?}");
    }
}

/// Breaks when a backtest of a damaged source leaves a journal that is not whole, or does not say what is in it.
#[test]
fn a_damaged_source_leaves_what_came_before_the_damage() {
    for threads in [1, 2] {
        let scratch = tempfile::tempdir().unwrap();
        let (source, out) = (source(scratch.path()), scratch.path().join("out"));
        let segment = source.join("000001.jsonl");
        let text = fs::read_to_string(&segment).unwrap();
        fs::write(&segment, text.replacen("\"99.4\"", "\"99.3\"", 1)).unwrap();
        let error = run(&source, &out, BacktestOptions { threads, ..BacktestOptions::default() });
        let said = error.to_string();
        let ReplayError::CutShort { failure, through: Some(_), .. } = error else { panic!("{said}") };
        assert!(matches!(&*failure, ReplayError::Journal(error) if error.damage().is_some()), "{said}");
        assert!(said.contains(&segment.display().to_string()) && said.contains("no run.ended"), "{said}");
        let JournalVerdict::Clean(stat) = verify_journal(&out) else { panic!("{:?}", verify_journal(&out)) };
        assert!(!stat.ended && stat.last_seq.0 > 1);
        assert!(!out.join(POISON_FILE).exists());
    }
}

/// Breaks when something is written for a backtest that cannot begin.
#[test]
fn what_cannot_begin_leaves_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let (source, bare) = (source(scratch.path()), scratch.path().join("bare"));
    Backtest::new(&source, &Config::default(), &registry(), BacktestOptions::default())
        .run(&bare, &mut |_| {})
        .unwrap();
    let unknown = config_of("[[strategy]]\nkind = \"scripted\"\ninstruments = [\"NONE-USD.SIM\"]");
    let rows = [
        ("no folder", scratch.path().join("missing"), Config::default(), "there is no journal"),
        ("a run without inputs", bare, Config::default(), "bare/../source"),
        ("an instrument that is not there", source, unknown, "NONE-USD.SIM"),
    ];
    for (name, source, config, part) in rows {
        let out = scratch.path().join("out");
        let options = BacktestOptions::default();
        let error = Backtest::new(&source, &config, &registry(), options).run(&out, &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains(part), "{name}: {error}");
        assert!(!out.exists(), "{name}");
    }
}
