//! What a backtest came to, in figures.

use std::collections::BTreeMap;

use reprise_core::{AccountBalance, Core, Position, PositionKey, State};
use reprise_model::event::TradingState;
use reprise_model::{Asset, Cash, InstrumentId, MoneyError, Price, Qty, StrategyId};
use serde::Serialize;

use crate::tally::Tally;

/// The figures of a run. Money is in the reporting asset where nothing else is said.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Inputs that were stepped.
    pub events: u64,
    /// Orders that risk approved and that were submitted.
    pub orders: u64,
    /// Executions.
    pub fills: u64,
    /// Orders and replacements that risk denied, by the rule's number.
    pub denials: BTreeMap<String, u64>,
    /// Orders that the venue refused.
    pub rejects: u64,
    /// Orders that ended canceled, by reason.
    pub cancels: BTreeMap<&'static str, u64>,
    /// The asset of the figures.
    pub reporting_asset: Asset,
    /// Fees paid; negative are rebates.
    pub fees: Cash,
    /// Profit realised, gross of fees.
    pub realized_pnl: Cash,
    /// Profit not yet realised, at the last mid (perpetuals: mark).
    pub unrealized_pnl: Cash,
    /// Funding received; negative was paid.
    pub funding: Cash,
    /// Equity at the start.
    pub equity_start: Cash,
    /// `equity_start` + `realized_pnl` + `unrealized_pnl` − `fees` + `funding`.
    pub equity_end: Cash,
    /// What the kill switch lets through at the end.
    pub trading_state: TradingState,
    /// By instrument.
    pub instruments: Vec<InstrumentReport>,
    /// By strategy and instrument.
    pub positions: Vec<PositionReport>,
    /// By asset.
    pub balances: Vec<BalanceReport>,
    /// Outcomes of every kind.
    pub outcomes: u64,
    /// The decision digest.
    pub digest: String,
    /// The state digest.
    pub state_digest: String,
    /// Wall time, in seconds.
    pub elapsed_s: f64,
    /// Inputs per second of wall time.
    pub events_per_s: f64,
    /// What the figures do not tell by themselves.
    pub warnings: Vec<String>,
}

/// One instrument's figures, in its quote asset.
#[derive(Debug, Clone, Serialize)]
pub struct InstrumentReport {
    /// Which.
    pub instrument: InstrumentId,
    /// Its quote asset.
    pub quote_asset: Asset,
    /// Orders submitted.
    pub orders: u64,
    /// Orders and replacements denied.
    pub denied: u64,
    /// Executions.
    pub fills: u64,
    /// Base units executed.
    pub volume: Qty,
    /// Quote units executed.
    pub turnover: Cash,
    /// Fees.
    pub fees: Cash,
    /// Profit realised, gross of fees.
    pub realized_pnl: Cash,
    /// Profit not yet realised.
    pub unrealized_pnl: Cash,
    /// Funding received.
    pub funding: Cash,
    /// The position at the end, over all strategies.
    pub position: Qty,
    /// The price at which it is valued.
    pub last_price: Option<Price>,
    /// The volatility bands at the end.
    pub bands: Option<BandsReport>,
}

/// Volatility bands.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct BandsReport {
    /// Below it a price is out of band.
    pub lower: Price,
    /// The middle.
    pub middle: Price,
    /// Above it a price is out of band.
    pub upper: Price,
}

/// One strategy's position in one instrument, in the instrument's quote asset.
#[derive(Debug, Clone, Serialize)]
pub struct PositionReport {
    /// Whose.
    pub strategy: StrategyId,
    /// In what.
    pub instrument: InstrumentId,
    /// Base units; negative is short.
    pub qty: Qty,
    /// What it cost in all.
    pub cost: Cash,
    /// Profit realised, gross of fees.
    pub realized_pnl: Cash,
    /// Profit not yet realised.
    pub unrealized_pnl: Cash,
    /// Fees.
    pub fees: Cash,
    /// Funding received.
    pub funding: Cash,
}

/// What the account has of one asset, in units of the asset.
#[derive(Debug, Clone, Serialize)]
pub struct BalanceReport {
    /// Which.
    pub asset: Asset,
    /// In all.
    pub total: Cash,
    /// Of it held by open orders.
    pub held: Cash,
    /// What fills have cost in it; negative are rebates.
    pub fees: Cash,
}

/// The four parts of profit.
#[derive(Debug, Clone, Copy, Default)]
struct Parts {
    realized: Cash,
    unrealized: Cash,
    fees: Cash,
    funding: Cash,
}

impl Parts {
    fn of(position: &Position, price: Option<Price>) -> Result<Self, MoneyError> {
        let unrealized = match price {
            Some(price) => position.unrealized(price)?,
            None => Cash::ZERO,
        };
        let Position { realized, fees, funding, .. } = *position;
        Ok(Self { realized, unrealized, fees, funding })
    }

    fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            realized: self.realized.checked_add(other.realized)?,
            unrealized: self.unrealized.checked_add(other.unrealized)?,
            fees: self.fees.checked_add(other.fees)?,
            funding: self.funding.checked_add(other.funding)?,
        })
    }

    /// In the reporting asset; `None` when nothing converts the asset.
    fn converted(self, asset: Asset, state: &State) -> Result<Option<Self>, MoneyError> {
        let convert = |amount| state.to_reporting(asset, amount);
        let all =
            (convert(self.realized)?, convert(self.unrealized)?, convert(self.fees)?, convert(self.funding)?);
        Ok(match all {
            (Some(realized), Some(unrealized), Some(fees), Some(funding)) => {
                Some(Self { realized, unrealized, fees, funding })
            }
            _ => None,
        })
    }
}

impl Report {
    /// The figures of a core that has taken its last input.
    ///
    /// # Errors
    /// When a figure leaves the range of exact numbers.
    pub fn new(core: &Core, tally: &Tally, events: u64, elapsed_s: f64) -> Result<Self, MoneyError> {
        let state = core.state();
        let mut warnings = Vec::new();
        let mut total = Parts::default();
        for (asset, parts) in parts_by_asset(state)? {
            match parts.converted(asset, state)? {
                Some(parts) => total = total.plus(parts)?,
                None => warnings.push(format!(
                    "profit in {asset} is left out: nothing converts it into {}; set account.pegs.{asset} or account.conversions.{asset}",
                    state.account.reporting()
                )),
            }
        }
        if tally.is_capped {
            warnings.push("a volume or turnover is more than 1e15, which stands for it".to_owned());
        }
        let equity_start = state.account.opening();
        let equity_end = equity_start
            .checked_add(total.realized)?
            .checked_add(total.unrealized)?
            .checked_sub(total.fees)?
            .checked_add(total.funding)?;
        Ok(Self {
            events,
            orders: tally.submitted,
            fills: tally.fills,
            denials: tally.denials.iter().map(|(code, &count)| (code.number().to_string(), count)).collect(),
            rejects: tally.rejected,
            cancels: tally.canceled.iter().map(|(reason, &count)| (reason.as_str(), count)).collect(),
            reporting_asset: state.account.reporting(),
            fees: total.fees,
            realized_pnl: total.realized,
            unrealized_pnl: total.unrealized,
            funding: total.funding,
            equity_start,
            equity_end,
            trading_state: state.trading(),
            instruments: instrument_reports(core, tally)?,
            positions: state
                .positions
                .iter()
                .map(|(key, p)| position_report(state, key, p))
                .collect::<Result<_, _>>()?,
            balances: balance_reports(state),
            outcomes: tally.outcomes,
            digest: core.decision_digest(),
            state_digest: state.digest(),
            elapsed_s,
            events_per_s: if elapsed_s > 0.0 { events as f64 / elapsed_s } else { 0.0 },
            warnings,
        })
    }
}

fn parts_by_asset(state: &State) -> Result<BTreeMap<Asset, Parts>, MoneyError> {
    let mut by_asset = BTreeMap::new();
    for (key, position) in state.positions.iter() {
        let market = state.markets.get(key.ix);
        let parts: &mut Parts = by_asset.entry(market.definition.quote).or_default();
        *parts = parts.plus(Parts::of(position, market.valuation())?)?;
    }
    Ok(by_asset)
}

fn instrument_reports(core: &Core, tally: &Tally) -> Result<Vec<InstrumentReport>, MoneyError> {
    let state = core.state();
    let mut reports = Vec::new();
    for (ix, market) in state.markets.iter() {
        let definition = &market.definition;
        let counted = tally.instruments.get(&definition.instrument).cloned().unwrap_or_default();
        let mut parts = Parts::default();
        for (_, position) in state.positions.of(ix) {
            parts = parts.plus(Parts::of(position, market.valuation())?)?;
        }
        reports.push(InstrumentReport {
            instrument: definition.instrument,
            quote_asset: definition.quote,
            orders: counted.submitted,
            denied: counted.denied,
            fills: counted.fills,
            volume: counted.volume,
            turnover: counted.turnover,
            fees: parts.fees,
            realized_pnl: parts.realized,
            unrealized_pnl: parts.unrealized,
            funding: parts.funding,
            position: state.positions.net(ix),
            last_price: market.valuation(),
            bands: core.board().bands(ix).map(|b| BandsReport {
                lower: b.lower,
                middle: b.middle,
                upper: b.upper,
            }),
        });
    }
    Ok(reports)
}

/// Every asset that the account has or had; a fee is taken out of a balance, so it has one.
fn balance_reports(state: &State) -> Vec<BalanceReport> {
    let fees: BTreeMap<Asset, Cash> = state.account.fees().collect();
    let report = |(asset, balance): (Asset, AccountBalance)| BalanceReport {
        asset,
        total: balance.total,
        held: balance.held,
        fees: fees.get(&asset).copied().unwrap_or(Cash::ZERO),
    };
    state.account.balances().map(report).collect()
}

fn position_report(
    state: &State,
    key: PositionKey,
    position: &Position,
) -> Result<PositionReport, MoneyError> {
    let market = state.markets.get(key.ix);
    let parts = Parts::of(position, market.valuation())?;
    Ok(PositionReport {
        strategy: key.strategy,
        instrument: market.definition.instrument,
        qty: position.qty,
        cost: position.cost,
        realized_pnl: parts.realized,
        unrealized_pnl: parts.unrealized,
        fees: parts.fees,
        funding: parts.funding,
    })
}
