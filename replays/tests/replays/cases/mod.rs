//! The golden cases: which there are, and the markets that they replay. Their configurations and journals stand
//! in `replays/cases`.

mod live;
pub mod market;
mod risk;

use std::path::{Path, PathBuf};

use reprise_assembly::{Config, Layers, interpret};
use reprise_replays::{Backtest, BacktestOptions};

use crate::scripted::registry;
use crate::tape::Tape;

/// One golden case.
#[derive(Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    make: Make,
}

#[derive(Clone, Copy)]
enum Make {
    /// Backtests a recording, its inputs copied.
    Backtest(fn() -> Tape),
    /// Writes a journal as a live run would.
    Live(fn(&Path, &Config)),
}

/// Every golden case.
pub const CASES: &[Case] = &[
    case("spot-orders", market::spot_orders),
    case("groups", market::groups),
    case("queues", market::queues),
    case("late-trades", market::late_trades),
    case("bars", market::bars),
    case("perpetual", market::perpetual_positions),
    case("side-by-side", market::side_by_side),
    case("denials", risk::denials),
    case("account-limits", risk::account_limits),
    case("daily-loss", risk::daily_loss),
    case("drawdown", risk::drawdown),
    case("venue-refusals", risk::venue_refusals),
    case("operator", risk::operator),
    case("alerts", risk::alerts),
    Case { name: "venue-reports", make: Make::Live(live::venue_reports) },
];

const fn case(name: &'static str, tape: fn() -> Tape) -> Case {
    Case { name, make: Make::Backtest(tape) }
}

impl Case {
    /// The committed folder: `config.toml`, and the journal.
    pub fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(self.name)
    }

    /// The case's configuration.
    pub fn config(&self) -> Config {
        config_from(&self.folder().join("config.toml"))
    }

    /// Makes the case anew in a new folder.
    pub fn make(&self, out: &Path) {
        let config = self.config();
        let tape = match self.make {
            Make::Backtest(tape) => tape(),
            Make::Live(write) => return write(out, &config),
        };
        let scratch = tempfile::tempdir().unwrap();
        let source = scratch.path().join("source");
        tape.record(&source);
        let source_name = Some("made by the tests of this crate".to_owned());
        let options = BacktestOptions { copy_inputs: true, source_name, ..BacktestOptions::default() };
        let made = Backtest::new(&source, &config, &registry(), options).run(out, &mut |_| {});
        made.unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }
}

/// A configuration from a file.
pub fn config_from(file: &Path) -> Config {
    let mut layers = Layers::default();
    layers.add_file(file).unwrap();
    interpret(&layers, &registry()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A configuration from TOML text.
pub fn config_of(text: &str) -> Config {
    let mut layers = Layers::default();
    layers.add_text(Path::new("test.toml"), text).unwrap();
    interpret(&layers, &registry()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}
