//! Accounts: money, margin, positions.
//!
//! Source of the formulas: hyperliquid.gitbook.io, "Margining" and "Liquidations".

use reprise_core::{InstrumentIx, Market, Position};
use reprise_model::{Asset, Cash, MoneyError, Price, Qty, Rate};
use reprise_venues::hyperliquid::COLLATERAL;
use reprise_venues::hyperliquid::sign::Address;
use serde_json::{Value, json};

use super::super::Counter;
use super::super::show::number;
use super::market::tokens;
use crate::exchange::AccountIx;

/// A position with what it is worth.
struct Held {
    listing: usize,
    ix: InstrumentIx,
    position: Position,
    mark: Price,
    /// At the mark; negative when short.
    value: Cash,
    unrealized: Cash,
    margin: Cash,
    maintenance: Cash,
}

/// An account at its marks.
#[derive(Default)]
struct Sums {
    value: Cash,
    notional: Cash,
    signed: Cash,
    margin: Cash,
    maintenance: Cash,
}

fn collateral() -> Option<Asset> {
    COLLATERAL.parse().ok()
}

fn held(counter: &Counter<'_>, account: AccountIx) -> Vec<Held> {
    (0..counter.house.listings().len()).filter_map(|listing| held_in(counter, account, listing)).collect()
}

fn held_in(counter: &Counter<'_>, account: AccountIx, listing: usize) -> Option<Held> {
    let ix = counter.house.ix(listing)?;
    let state = counter.house.exchange().state(account);
    let (_, position) = state.positions.of(ix).find(|(_, position)| !position.qty.is_zero())?;
    let market = counter.house.market(listing)?;
    let mark = market.valuation()?;
    let value = Cash::notional(mark, position.qty).ok()?;
    let rate = market.definition.maintenance_margin.unwrap_or(Rate::ZERO);
    Some(Held {
        listing,
        ix,
        position: *position,
        mark,
        value,
        unrealized: position.unrealized(mark).unwrap_or_default(),
        margin: counter.house.exchange().position_margin(account, ix).unwrap_or_default(),
        maintenance: value.abs().checked_mul_rate(rate).unwrap_or_default(),
    })
}

fn sums(counter: &Counter<'_>, account: AccountIx, held: &[Held]) -> Result<Sums, MoneyError> {
    let state = counter.house.exchange().state(account);
    let money = collateral().map_or(Cash::ZERO, |asset| state.account.balance(asset).total);
    let mut sums = Sums { value: money, ..Sums::default() };
    for one in held {
        sums.value = sums.value.checked_add(one.unrealized)?;
        sums.notional = sums.notional.checked_add(one.value.abs())?;
        sums.signed = sums.signed.checked_add(one.value)?;
        sums.margin = sums.margin.checked_add(one.margin)?;
        sums.maintenance = sums.maintenance.checked_add(one.maintenance)?;
    }
    Ok(sums)
}

/// Positions and margin. An agent's own address has nothing: it trades for its master, and whoever asks about it
/// asks about the wrong one.
pub(super) fn clearinghouse(counter: &Counter<'_>, account: AccountIx, user: Address) -> Value {
    let is_agent = counter.desk.agent(user).is_some();
    let held = if is_agent { Vec::new() } else { held(counter, account) };
    let sums = if is_agent { Ok(Sums::default()) } else { sums(counter, account, &held) };
    let sums = sums.unwrap_or_default();
    let own = collateral().filter(|_| !is_agent);
    let free = own.map_or(Cash::ZERO, |asset| counter.house.available(account, asset));
    let summary = json!({
        "accountValue": number(sums.value),
        "totalNtlPos": number(sums.notional),
        "totalRawUsd": number(sums.value.checked_sub(sums.signed).unwrap_or_default()),
        "totalMarginUsed": number(sums.margin),
    });
    let positions: Vec<Value> = held.iter().map(|one| position(counter, account, one, &sums)).collect();
    json!({
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": number(sums.maintenance),
        "withdrawable": number(free.max(Cash::ZERO)),
        "assetPositions": positions,
        "time": counter.now_ms(),
    })
}

fn position(counter: &Counter<'_>, account: AccountIx, held: &Held, sums: &Sums) -> Value {
    let listing = &counter.house.listings()[held.listing];
    let entry = held.position.cost.per_unit(held.position.qty).ok();
    let gain = held.unrealized.ratio(held.margin).unwrap_or_default();
    let is_isolated = counter.desk.is_isolated(account, held.listing);
    let funding = number(held.position.funding.neg());
    json!({
        "type": "oneWay",
        "position": {
            "coin": listing.name,
            "szi": number(held.position.qty),
            "leverage": {
                "type": if is_isolated { "isolated" } else { "cross" },
                "value": counter.house.exchange().leverage(account, held.ix),
            },
            "entryPx": entry.map(number),
            "positionValue": number(held.value.abs()),
            "unrealizedPnl": number(held.unrealized),
            "returnOnEquity": number(gain),
            "liquidationPx": liquidation(held, sums, counter.house.market(held.listing)).map(number),
            "marginUsed": number(held.margin),
            "maxLeverage": listing.definition.max_leverage.map_or(1, |most| most.to_f64() as u32),
            "cumFunding": {"allTime": funding, "sinceOpen": funding, "sinceChange": funding},
        },
    })
}

/// Where the position would be liquidated if the other ones stood still: mark − side × margin available ÷ size ÷
/// (1 − maintenance × side), nothing when that is below zero.
fn liquidation(held: &Held, sums: &Sums, market: Option<&Market>) -> Option<Price> {
    let is_long = held.position.qty.is_positive();
    let rate = market?.definition.maintenance_margin?;
    let part = Rate::ONE.checked_sub(if is_long { rate } else { rate.neg() }).ok()?;
    let size: Qty = held.position.qty.abs().checked_mul_rate(part).ok()?;
    let margin = sums.value.checked_sub(sums.maintenance).ok()?.max(Cash::ZERO);
    let away = margin.per_unit(size).ok()?;
    let price = if is_long { held.mark.checked_sub(away) } else { held.mark.checked_add(away) };
    price.ok().filter(|price| price.is_positive()).map(|price| price.floor_significant(7))
}

/// Balances of tokens; the dollars are in the perpetuals' account.
pub(super) fn spot(counter: &Counter<'_>, account: AccountIx, user: Address) -> Value {
    let balances = &counter.house.exchange().state(account).account;
    let tokens = if counter.desk.agent(user).is_some() { Vec::new() } else { tokens(counter) };
    let each = tokens.into_iter().enumerate().skip(1).filter_map(|(index, name)| {
        let balance = balances.balance(name.parse().ok()?);
        let shown = json!({
            "coin": name,
            "token": index,
            "total": number(balance.total),
            "hold": number(balance.held),
            "entryNtl": "0.0",
        });
        (!balance.total.is_zero()).then_some(shown)
    });
    json!({"balances": each.collect::<Vec<Value>>()})
}

/// What an account could still trade of a coin.
pub(super) fn active_asset(counter: &Counter<'_>, account: AccountIx, user: Address, coin: &str) -> Value {
    let Some(listing) = counter.house.find(coin) else { return Value::Null };
    let Some((ix, market)) = counter.house.ix(listing).zip(counter.house.market(listing)) else {
        return Value::Null;
    };
    let leverage = counter.house.exchange().leverage(account, ix);
    let free = collateral().map_or(Cash::ZERO, |asset| counter.house.available(account, asset));
    let buying_power = free.checked_mul_int(i64::from(leverage)).unwrap_or_default();
    let mark = market.valuation().unwrap_or(Price::ZERO);
    let size = Qty::bought_with(buying_power, mark, market.definition.lot).unwrap_or(Qty::ZERO);
    let kind = if counter.desk.is_isolated(account, listing) { "isolated" } else { "cross" };
    json!({
        "user": user,
        "coin": coin,
        "leverage": {"type": kind, "value": leverage},
        "maxTradeSzs": [number(size), number(size)],
        "availableToTrade": [number(free), number(free)],
        "markPx": number(mark),
    })
}
