//! Is the configuration one that a run begins with, and does it say what a trader would want to know before.

use reprise_assembly::{Config, Registry};
use reprise_model::InstrumentId;
use reprise_venues::{coinbase, hyperliquid};

use super::row::Row;
use crate::args::ConfigArgs;
use crate::environment::Environment;
use crate::exit;
use crate::layers::{PAPER_NAME, PAPER_TEXT, config_of, layers_live, unknown_instruments};

const CHECK: &str = "configuration";

/// Its rows, and the configuration where it makes sense.
pub fn check(args: &ConfigArgs, environment: Environment, registry: &Registry) -> (Vec<Row>, Option<Config>) {
    let read = layers_live(PAPER_NAME, PAPER_TEXT, args, environment)
        .and_then(|layers| config_of(&layers, registry));
    match read {
        Ok(config) => (rows(args, &config), Some(config)),
        Err(error) => {
            let remedy =
                "mend what it names; reprise check-config --print shows each value and where it comes from";
            (vec![Row::failed(CHECK, exit::in_words(&error), remedy)], None)
        }
    }
}

fn rows(args: &ConfigArgs, config: &Config) -> Vec<Row> {
    let (products, coins) = (&config.venues.coinbase.products, &config.venues.hyperliquid.coins);
    if products.is_empty() && coins.is_empty() {
        let remedy = "set venues.coinbase.products or venues.hyperliquid.coins";
        return vec![Row::failed(CHECK, "no market is named, and a live run needs one", remedy)];
    }
    let from =
        if args.files.is_empty() { format!("the built-in {PAPER_NAME}") } else { "as given".to_owned() };
    let found = format!(
        "{from}: {} markets, {} strategies, {} alert rules",
        products.len() + coins.len(),
        config.strategy.len(),
        config.alerts.rule.len()
    );
    let mut rows = vec![Row::ok(CHECK, found)];
    rows.extend(doubts(config).into_iter().map(|(found, remedy)| Row::warning(CHECK, found, remedy)));
    rows
}

/// What reads well and is most likely not meant, each with what to do.
fn doubts(config: &Config) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for words in unknown_instruments(config, &followed(config)) {
        found.push((words, "correct the name, or follow its market in [venues]".to_owned()));
    }
    if config.strategy.is_empty() {
        found.push((
            "no strategy: nothing will trade".to_owned(),
            "add [[strategy]], or use reprise record".to_owned(),
        ));
    }
    let risk = &config.risk;
    if risk.max_daily_loss.is_none() && risk.max_drawdown.is_none() && risk.max_drawdown_fraction.is_none() {
        let remedy = "set risk.max_daily_loss or risk.max_drawdown";
        found.push(("no loss stops the run".to_owned(), remedy.to_owned()));
    }
    found
}

/// The instruments that the venues are asked for.
fn followed(config: &Config) -> Vec<InstrumentId> {
    let products =
        config.venues.coinbase.products.iter().filter_map(|name| coinbase::instrument_id(name).ok());
    let coins =
        config.venues.hyperliquid.coins.iter().filter_map(|name| hyperliquid::instrument_id(name).ok());
    products.chain(coins).collect()
}
