//! Values that read well and make no sense: each is refused with its path, before anything runs.

use reprise_alerts::RuleSettings;
use reprise_model::{Cash, Rate};
use reprise_risk::SettingsError;
use reprise_strategies::{ParamError, StrategyError};

use crate::alerts::is_loopback;
use crate::config::{Config, InstrumentConfig};
use crate::error::ConfigError;
use crate::layers::{Layers, Origin};

/// A value that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where it stands.
    pub path: Vec<String>,
    /// What is wrong with it, and what to write instead.
    pub reason: String,
}

/// The first value that makes no sense.
pub(crate) fn check(config: &Config) -> Result<(), Fault> {
    check_account(config)?;
    let engine = &config.engine;
    need(engine.cascade_limit > 0, &["engine", "cascade_limit"], || {
        "0 outcomes would halt the engine at the first; write 1 or more".to_owned()
    })?;
    need(config.journal.segment_mib > 0, &["journal", "segment_mib"], || {
        "a segment of 0 MiB holds nothing; write 1 or more".to_owned()
    })?;
    check_running(config)?;
    check_traces(config)?;
    config
        .control
        .check()
        .map_err(|(key, reason)| Fault { path: vec!["control".to_owned(), key.to_owned()], reason })?;
    check_fee(config.paper.maker_fee, &["paper", "maker_fee"])?;
    check_fee(config.paper.taker_fee, &["paper", "taker_fee"])?;
    for (id, instrument) in &config.instruments {
        check_instrument(id.as_str(), instrument)?;
    }
    check_alerts(config)?;
    check_risk(config)
}

fn check_alerts(config: &Config) -> Result<(), Fault> {
    RuleSettings::check_all(&config.alerts.rule).map_err(|error| Fault {
        path: vec!["alerts".to_owned(), "rule".to_owned(), error.at.to_string(), error.key.to_owned()],
        reason: error.reason,
    })?;
    let api_url = &config.alerts.slack.api_url;
    let is_safe = api_url.starts_with("https://") || is_loopback(api_url);
    need(is_safe, &["alerts", "slack", "api_url"], || {
        "the bot's token goes there: it must begin with https://, or be an http URL on this machine"
            .to_owned()
    })?;
    let delivery = &config.alerts.delivery;
    let times = [("timeout_ms", delivery.timeout_ms), ("first_retry_ms", delivery.first_retry_ms)];
    for (key, ms) in times {
        need(ms > 0, &["alerts", "delivery", key], || "it must be 1 or more".to_owned())?;
    }
    Ok(())
}

fn need(holds: bool, path: &[&str], reason: impl FnOnce() -> String) -> Result<(), Fault> {
    if holds {
        return Ok(());
    }
    Err(Fault { path: path.iter().map(|&part| part.to_owned()).collect(), reason: reason() })
}

fn check_running(config: &Config) -> Result<(), Fault> {
    let one_or_more = || "it must be 1 or more".to_owned();
    need(config.runtime.queue > 0, &["runtime", "queue"], one_or_more)?;
    need(config.runtime.batch > 0, &["runtime", "batch"], one_or_more)?;
    let (coinbase, hyperliquid) = (&config.venues.coinbase, &config.venues.hyperliquid);
    let urls = [
        ("coinbase", "rest_url", &coinbase.rest_url, ["https://", "http://"]),
        ("coinbase", "ws_url", &coinbase.ws_url, ["wss://", "ws://"]),
        ("coinbase", "ws_user_url", &coinbase.ws_user_url, ["wss://", "ws://"]),
        ("hyperliquid", "rest_url", &hyperliquid.rest_url, ["https://", "http://"]),
        ("hyperliquid", "ws_url", &hyperliquid.ws_url, ["wss://", "ws://"]),
    ];
    for (venue, key, url, schemes) in urls {
        need(schemes.iter().any(|scheme| url.starts_with(scheme)), &["venues", venue, key], || {
            format!("it must begin with {} or {}", schemes[0], schemes[1])
        })?;
    }
    let fees = [
        ("coinbase", "maker_fee", coinbase.maker_fee),
        ("coinbase", "taker_fee", coinbase.taker_fee),
        ("hyperliquid", "maker_fee", hyperliquid.maker_fee),
        ("hyperliquid", "taker_fee", hyperliquid.taker_fee),
        ("hyperliquid", "spot_maker_fee", hyperliquid.spot_maker_fee),
        ("hyperliquid", "spot_taker_fee", hyperliquid.spot_taker_fee),
    ];
    for (venue, key, fee) in fees {
        check_fee(Some(fee), &["venues", venue, key])?;
    }
    let times = [
        ("coinbase", "stale_after_ms", coinbase.stale_after_ms),
        ("coinbase", "silence_ms", coinbase.silence_ms),
        ("hyperliquid", "stale_after_ms", hyperliquid.stale_after_ms),
        ("hyperliquid", "silence_ms", hyperliquid.silence_ms),
    ];
    for (venue, key, ms) in times {
        need(ms > 0, &["venues", venue, key], one_or_more)?;
    }
    let drops = [
        ("coinbase", coinbase.silence_ms, coinbase.drop_ms),
        ("hyperliquid", hyperliquid.silence_ms, hyperliquid.drop_ms),
    ];
    for (venue, silence_ms, drop_ms) in drops {
        need(drop_ms >= silence_ms, &["venues", venue, "drop_ms"], || {
            format!("it must be no less than silence_ms, which is {silence_ms}")
        })?;
    }
    Ok(())
}

fn check_traces(config: &Config) -> Result<(), Fault> {
    let Some(url) = &config.traces.otlp_url else { return Ok(()) };
    let path = ["traces", "otlp_url"];
    need(["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)), &path, || {
        "it must begin with http:// or https://".to_owned()
    })?;
    need(!url.contains('@'), &path, || {
        "it must hold no user or password: it is recorded with the run".to_owned()
    })
}

fn check_account(config: &Config) -> Result<(), Fault> {
    let account = &config.account;
    let negative = |amount: Cash| move || format!("{amount} is less than nothing; a balance is 0 or more");
    for (asset, &amount) in &account.balances {
        need(!amount.is_negative(), &["account", "balances", asset.as_str()], negative(amount))?;
    }
    if let Some(amount) = account.default_quote_balance {
        need(!amount.is_negative(), &["account", "default_quote_balance"], negative(amount))?;
    }
    for (asset, rate) in &account.pegs {
        let is_rate = !rate.is_zero() && !rate.is_negative();
        need(is_rate, &["account", "pegs", asset.as_str()], || {
            format!("{rate} is no rate of exchange; write one above 0")
        })?;
    }
    Ok(())
}

fn check_fee(fee: Option<Rate>, path: &[&str]) -> Result<(), Fault> {
    let Some(fee) = fee else { return Ok(()) };
    need(fee.abs() < Rate::ONE, path, || {
        format!("{fee} is no fee: it is a fraction of what is traded, such as 0.001 for a tenth of a percent")
    })
}

fn check_instrument(id: &str, said: &InstrumentConfig) -> Result<(), Fault> {
    let at = |key: &'static str| ["instruments", id, key];
    let above_zero = || "it must be above 0".to_owned();
    need(said.tick.is_none_or(|tick| tick.is_positive()), &at("tick"), above_zero)?;
    need(said.lot.is_none_or(|lot| lot.is_positive()), &at("lot"), above_zero)?;
    need(said.significant_digits != Some(0), &at("significant_digits"), above_zero)?;
    let is_amount = said.min_notional.is_none_or(|least| !least.is_negative());
    need(is_amount, &at("min_notional"), || "it must not be below 0".to_owned())?;
    check_fee(said.maker_fee, &at("maker_fee"))?;
    check_fee(said.taker_fee, &at("taker_fee"))?;
    let is_leverage = said.max_leverage.is_none_or(|leverage| leverage >= Rate::ONE);
    need(is_leverage, &at("max_leverage"), || "a leverage is 1 or more".to_owned())?;
    let is_margin = said.maintenance_margin.is_none_or(|margin| !margin.is_negative() && margin < Rate::ONE);
    need(is_margin, &at("maintenance_margin"), || {
        "it is a fraction of notional, from 0 to below 1".to_owned()
    })
}

fn check_risk(config: &Config) -> Result<(), Fault> {
    config.risk.validate().map_err(|error| {
        let path = match &error {
            SettingsError::Negative { key, .. } => path_of_limit(config, key),
            SettingsError::Band { at, .. } => vec!["risk".to_owned(), "bands".to_owned(), at.to_string()],
            SettingsError::NoWindow { key } => vec!["risk".to_owned(), format!("{key}_window_ms")],
            SettingsError::UnknownKey { key } | SettingsError::BadValue { key, .. } => {
                vec!["risk".to_owned(), key.clone()]
            }
        };
        Fault { path, reason: error.to_string() }
    })
}

/// Where the negative limit of that name stands: for the account, for all instruments or for one.
fn path_of_limit(config: &Config, key: &str) -> Vec<String> {
    let recorded = serde_json::to_value(&config.risk).unwrap_or_default();
    let is_negative = |value: &serde_json::Value| value.as_str().is_some_and(|text| text.starts_with('-'));
    let instruments = config.risk.instruments.keys().map(|id| vec!["instruments", id.as_str(), key]);
    let candidates = [vec![key], vec!["limits", key]].into_iter().chain(instruments);
    let path = candidates
        .into_iter()
        .find(|path| is_negative(path.iter().fold(&recorded, |value, &part| &value[part])))
        .unwrap_or_else(|| vec![key]);
    std::iter::once("risk").chain(path).map(str::to_owned).collect()
}

impl ConfigError {
    /// The error, with who said what it is about where that can be told.
    #[must_use]
    pub fn located(self, config: &Config, layers: &Layers) -> Self {
        let path = match &self {
            Self::Strategy(error) => path_of_strategy(config, error),
            Self::Opening(_) => {
                let largest = config.account.balances.iter().max_by_key(|(_, amount)| **amount);
                let asset = largest.map(|(asset, _)| asset.to_string());
                Some(["account", "balances"].map(str::to_owned).into_iter().chain(asset).collect())
            }
            _ => None,
        };
        match path.map(|path| layers.origin(&path)) {
            None | Some(Origin::Default) => self,
            Some(origin) => Self::At { origin, error: Box::new(self) },
        }
    }
}

fn path_of_strategy(config: &Config, error: &StrategyError) -> Option<Vec<String>> {
    let (id, key) = match error {
        StrategyError::UnknownKind { id, .. } => (id, "kind"),
        StrategyError::UnknownInstrument { id, .. } => (id, "instruments"),
        StrategyError::DuplicateId { id } | StrategyError::ReservedId { id } => (id, "id"),
        StrategyError::Param { id, source, .. } => match &**source {
            ParamError::Unknown { param, .. } => (id, param.as_str()),
            ParamError::Value { param, .. } => (id, *param),
        },
        StrategyError::DuplicateKind { .. } => return None,
    };
    let is_meant = |name: Option<&str>, kind: &str| name.unwrap_or(kind) == id.as_str();
    let at = config.strategy.iter().rposition(|s| is_meant(s.id.as_ref().map(|id| id.as_str()), &s.kind))?;
    Some(vec!["strategy".to_owned(), at.to_string(), key.to_owned()])
}
