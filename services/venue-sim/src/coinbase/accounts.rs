//! What belongs to an API key: balances, permissions, fees, its portfolio.

use axum::Json;
use axum::extract::{Path, Query, State};
use reprise_core::AccountBalance;
use reprise_model::{Asset, Cash};
use reprise_venues::coinbase::time;
use serde_json::{Value, json};

use super::auth::Signer;
use super::respond::{ACCOUNT, Answer, Fault, PORTFOLIO, Page, Params, uuid};
use super::{Api, VENUE};
use crate::house::House;

/// `GET /accounts`: one for each asset.
pub(super) async fn list(
    State(api): State<Api>,
    Signer(name): Signer,
    Query(params): Query<Vec<(String, String)>>,
) -> Answer {
    let page = Page::of(&Params(params), 49, 250)?;
    let accounts = api.shared.ask(VENUE, move |house, _| balances(house, &name)).await?;
    let (accounts, cursor) = page.cut(accounts.into_iter());
    Ok(Json(json!({
        "size": accounts.len(),
        "has_next": !cursor.is_empty(),
        "cursor": cursor,
        "accounts": accounts,
    })))
}

/// `GET /accounts/{account_uuid}`
pub(super) async fn one(State(api): State<Api>, Signer(name): Signer, Path(wanted): Path<String>) -> Answer {
    let accounts = api.shared.ask(VENUE, move |house, _| balances(house, &name)).await?;
    match accounts.into_iter().find(|account| account["uuid"] == wanted.as_str()) {
        Some(account) => Ok(Json(json!({"account": account}))),
        None => Err(Fault::not_found(format!("no account has the id '{wanted}'"))),
    }
}

fn balances(house: &mut House, name: &str) -> Vec<Value> {
    let account = house.account(name);
    let state = house.exchange().state(account);
    let mut assets: Vec<(Asset, AccountBalance)> = state.account.balances().collect();
    for listing in house.listings() {
        for asset in [listing.definition.base, listing.definition.quote] {
            if assets.iter().all(|(known, _)| *known != asset) {
                assets.push((asset, AccountBalance::default()));
            }
        }
    }
    assets.sort_by_key(|(asset, _)| *asset);
    assets.into_iter().map(|(asset, balance)| account_body(asset, balance)).collect()
}

fn account_body(asset: Asset, balance: AccountBalance) -> Value {
    let name = asset.as_str();
    // An asset's number is its name: the same at every start.
    let number = name.bytes().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(byte));
    let amount = |value: Cash| json!({"value": value.to_string(), "currency": name});
    json!({
        "uuid": uuid(ACCOUNT, number),
        "name": format!("{name} Wallet"),
        "currency": name,
        "available_balance": amount(balance.free().unwrap_or_default()),
        "default": true,
        "active": true,
        "created_at": "2025-01-01T00:00:00Z",
        "updated_at": "2025-01-01T00:00:00Z",
        "deleted_at": null,
        "type": if name == "USD" { "ACCOUNT_TYPE_FIAT" } else { "ACCOUNT_TYPE_CRYPTO" },
        "ready": true,
        "hold": amount(balance.held),
        "retail_portfolio_id": uuid(PORTFOLIO, 1),
        "platform": "ACCOUNT_PLATFORM_CONSUMER",
    })
}

/// `GET /key_permissions`
pub(super) async fn permissions(Signer(_): Signer) -> Answer {
    Ok(Json(json!({
        "can_view": true,
        "can_trade": true,
        "can_transfer": false,
        "portfolio_uuid": uuid(PORTFOLIO, 1),
        "portfolio_type": "DEFAULT",
    })))
}

/// `GET /transaction_summary`
pub(super) async fn fees(State(api): State<Api>, Signer(name): Signer) -> Answer {
    let found = api.shared.ask(VENUE, move |house, now| {
        let account = house.account(&name);
        let dollars = |(asset, fee): (Asset, Cash)| (asset.as_str() == "USD").then_some(fee);
        let fees = house.exchange().state(account).account.fees().find_map(dollars).unwrap_or_default();
        let value = |order: &std::sync::Arc<crate::ledger::OrderRecord>| order.cum_notional;
        let volume = Cash::sum(house.ledger(account).orders().map(value)).unwrap_or_default();
        let rates = house.listings().first().map(|l| (l.definition.maker_fee, l.definition.taker_fee));
        (volume, fees, rates.unwrap_or_default(), now)
    });
    let (volume, fees, (maker, taker), now) = found.await?;
    Ok(Json(json!({
        "total_volume": volume.to_f64(),
        "total_fees": fees.to_f64(),
        "fee_tier": {
            "pricing_tier": "Simulated",
            "usd_from": "0",
            "usd_to": "",
            "taker_fee_rate": taker.to_string(),
            "maker_fee_rate": maker.to_string(),
            "aop_from": "",
            "aop_to": "",
        },
        "margin_rate": null,
        "goods_and_services_tax": null,
        "advanced_trade_only_volumes": volume.to_f64(),
        "advanced_trade_only_fees": fees.to_f64(),
        "coinbase_pro_volume": 0,
        "coinbase_pro_fees": 0,
        "total_balance": "",
        "has_promo_fee": false,
        "as_of": time::format(now),
    })))
}

/// `GET /portfolios`
pub(super) async fn portfolios(Signer(_): Signer) -> Answer {
    let portfolio =
        json!({"name": "Default", "uuid": uuid(PORTFOLIO, 1), "type": "DEFAULT", "deleted": false});
    Ok(Json(json!({"portfolios": [portfolio]})))
}
