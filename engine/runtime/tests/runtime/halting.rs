//! What happens when the engine cannot go on.

use std::fs;

use reprise_assembly::Registry;
use reprise_journal::{POISON_FILE, Verdict, verify_journal};
use reprise_model::event::RunMode;
use reprise_runtime::{Engine, RuntimeError};
use reprise_strategies::{InstrumentIx, ParamError, Strategy, StrategyContext, params};

use crate::support::{PATIENCE, Running, config, outcomes};

params! {
    /// Parameters of `brittle`.
    pub struct BrittleParams {
        /// It breaks at this quote.
        pub at: u32 = 50,
    }
}

/// Breaks.
struct Brittle {
    at: u32,
    seen: u32,
}

impl Brittle {
    fn new(params: BrittleParams) -> Result<Self, ParamError> {
        Ok(Self { at: params.at, seen: 0 })
    }
}

impl Strategy for Brittle {
    fn on_quote(&mut self, _: InstrumentIx, _: &mut StrategyContext<'_>) {
        self.seen += 1;
        assert!(self.seen < self.at, "a strategy broke at quote {}", self.seen);
    }
}

fn registry() -> Registry {
    let mut registry = Registry::builtin();
    registry.register("brittle", "Breaks.", Brittle::new).unwrap();
    registry
}

/// Breaks when a strategy that panics takes the journal with it, the input that led to it is lost, or the engine
/// goes on as if nothing had happened.
#[test]
fn a_panic_halts_and_leaves_a_whole_journal() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut layers = reprise_assembly::Layers::default();
    let text = crate::support::CONFIG.split("[[strategy]]").next().unwrap().to_owned()
        + "[[strategy]]\nkind = \"brittle\"\n";
    layers.add_text(std::path::Path::new("test.toml"), &text).unwrap();
    layers.add_setting("journal.durability=orders").unwrap();
    let config = reprise_assembly::interpret(&layers, &registry()).unwrap();
    let folder = run.clone();
    let mut running =
        Running::start(move || Engine::create(&folder, &config, &registry(), RunMode::Paper).unwrap());
    running.open_market("BTC-USD.TEST");
    let began = std::time::Instant::now();
    let mut n = 0;
    // Until the engine takes no more.
    while running
        .intake
        .take(reprise_runtime::wall_clock(), crate::support::quote("BTC-USD.TEST", 10_000 + n).into())
        .is_ok()
    {
        n += 1;
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(std::time::Duration::from_micros(200));
    }
    let error = running.join().unwrap_err();
    let RuntimeError::Halted { seq, reason, poison } = &error else { panic!("{error}") };
    assert!(reason.contains("a strategy broke at quote 50"), "{reason}");
    assert_eq!(*poison, run.join(POISON_FILE));
    let kept = fs::read_to_string(poison).unwrap();
    assert!(kept.starts_with(&format!("{{\"seq\":{seq},")) && kept.contains("market.quote"), "{kept}");
    let verdict = verify_journal(&run);
    let Verdict::Clean(stat) = verdict else { panic!("{verdict:?}") };
    assert!(!stat.ended);
    assert!(!outcomes(&run).is_empty());
}

/// Breaks when two engines can write one journal, or a run is begun over another.
#[test]
fn a_folder_belongs_to_one_engine() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let config = config(&[]);
    let running = Running::new_run(&run, &config);
    let Err(taken) = Engine::create(&run, &config, &Registry::builtin(), RunMode::Paper) else {
        panic!("taken")
    };
    assert!(taken.to_string().contains("not empty"), "{taken}");
    let Err(locked) = Engine::resume(&run, None, &Registry::builtin()) else { panic!("locked") };
    assert!(locked.to_string().contains("written"), "{locked}");
    running.stop().unwrap();
}
