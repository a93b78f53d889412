//! The core, put together from the pure services in the order in which they see events.

use reprise_alerts::AlertService;
use reprise_core::{AccountSettings, Core, CoreSettings, Service};
use reprise_execution::{OrderManager, PaperVenue};
use reprise_model::{Instrument, StrategyId};
use reprise_risk::{BandsService, RiskService, RiskSettings};
use reprise_strategies::{InstanceSettings, Registry, StrategyHost};

use crate::amendments::Amendments;
use crate::check::check;
use crate::config::{Config, StrategyConfig};
use crate::error::ConfigError;
use crate::meaning::shown;

/// The core that a configuration means, for these instruments.
///
/// The order of the services is the order in which they see each event: the venue answers first, the order
/// manager and the accountant keep the books, the bands are drawn, the strategies decide, alerts watch, and risk,
/// the gate, comes last. A new service is one line here.
///
/// # Errors
/// When a value makes no sense, a strategy cannot be built, or the opening balances leave the range of exact
/// numbers.
pub fn assemble(
    config: &Config,
    registry: &Registry,
    instruments: &[Instrument],
    epoch: u32,
) -> Result<Core, ConfigError> {
    check(config)
        .map_err(|fault| ConfigError::Contradiction(format!("'{}': {}", shown(&fault.path), fault.reason)))?;
    let risk = risk_settings(config);
    let strategies = StrategyHost::new(instances(config)?, registry)?;
    if !instruments.is_empty() {
        strategies.check_instruments(instruments)?;
    }
    let mut services: Vec<Box<dyn Service>> = vec![
        Box::new(PaperVenue::new(config.paper.clone())),
        Box::new(OrderManager::new(config.orders.clone())),
        Core::accountant(),
        Box::new(BandsService::new(&risk)),
        Box::new(strategies),
    ];
    services.extend(alerts(config)?);
    let instruments = Amendments::of(config).amended(instruments);
    Core::new(core_settings(config, epoch), &instruments, services, Box::new(RiskService::new(risk)))
        .map_err(ConfigError::Opening)
}

/// Without rules there is no service, so that whatever does not name one decides as it always did.
fn alerts(config: &Config) -> Result<Option<Box<dyn Service>>, ConfigError> {
    let service = AlertService::new(&config.alerts.rule)
        .map_err(|error| ConfigError::Contradiction(error.to_string()))?;
    Ok(service.map(|service| Box::new(service) as Box<dyn Service>))
}

fn core_settings(config: &Config, epoch: u32) -> CoreSettings {
    let account = &config.account;
    CoreSettings {
        epoch,
        checkpoint_every: config.engine.checkpoint_every,
        cascade_limit: config.engine.cascade_limit,
        line_interval_ns: config.engine.line_interval_ms.saturating_mul(1_000_000),
        day_reset_ns: config.risk.day_reset.ns_after_midnight(),
        account: AccountSettings {
            reporting: account.reporting_asset,
            balances: account.balances.clone(),
            default_quote_balance: account.default_quote_balance,
            pegs: account.pegs.clone(),
            conversions: account.conversions.clone(),
        },
    }
}

fn risk_settings(config: &Config) -> RiskSettings {
    RiskSettings { allow_short: config.account.allow_short, ..config.risk.clone() }
}

fn instances(config: &Config) -> Result<Vec<InstanceSettings>, ConfigError> {
    config.strategy.iter().map(instance).collect()
}

fn instance(strategy: &StrategyConfig) -> Result<InstanceSettings, ConfigError> {
    let id: StrategyId = match strategy.id {
        Some(id) => id,
        None => strategy
            .kind
            .parse()
            .map_err(|error| ConfigError::Contradiction(format!("strategy.kind: {error}")))?,
    };
    Ok(InstanceSettings {
        id,
        kind: strategy.kind.clone(),
        instruments: strategy.instruments.clone(),
        params: strategy.params.clone(),
    })
}
