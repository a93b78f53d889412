//! `/info`: what can be asked without a signature.

mod account;
mod market;
mod money;

use reprise_venues::hyperliquid::sign::Address;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use account::fills;
use market::candles;
pub(super) use market::{asset_context, book, candle, interval_ns, mids, trade};

use super::{Counter, Front, Unanswered};

/// A question; which fields are needed depends on its type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    #[serde(rename = "type")]
    kind: String,
    user: Option<Address>,
    coin: Option<String>,
    dex: Option<String>,
    oid: Option<Value>,
    start_time: Option<u64>,
    end_time: Option<u64>,
    n_sig_figs: Option<u32>,
    mantissa: Option<u32>,
    req: Option<CandleRequest>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CandleRequest {
    coin: String,
    interval: String,
    start_time: u64,
    end_time: Option<u64>,
}

impl Question {
    fn user(&self) -> Result<Address, Unanswered> {
        self.user.ok_or(Unanswered::Unreadable)
    }

    fn coin(&self) -> Result<&str, Unanswered> {
        self.coin.as_deref().ok_or(Unanswered::Unreadable)
    }

    /// From and to, Unix milliseconds, both included.
    fn times(&self) -> std::ops::RangeInclusive<u64> {
        self.start_time.unwrap_or(0)..=self.end_time.unwrap_or(u64::MAX)
    }
}

/// Answers a question.
pub(super) async fn answer(front: &Front, body: &str) -> Result<Value, Unanswered> {
    let question: Question = serde_json::from_str(body).map_err(|_| Unanswered::Unreadable)?;
    front.ask(move |counter| ask(counter, &question)).await?
}

/// The answer to a question that was read already.
pub(super) async fn answer_value(front: &Front, question: Value) -> Result<Value, Unanswered> {
    let question: Question = serde_json::from_value(question).map_err(|_| Unanswered::Unreadable)?;
    front.ask(move |counter| ask(counter, &question)).await?
}

fn ask(counter: &mut Counter<'_>, question: &Question) -> Result<Value, Unanswered> {
    match of_market(counter, question) {
        Some(answer) => answer,
        None => of_account(counter, question),
    }
}

/// Answers about markets; nothing for a question about something else.
fn of_market(counter: &Counter<'_>, question: &Question) -> Option<Result<Value, Unanswered>> {
    // There is one exchange of perpetuals; those that others deploy have names, and there are none.
    let is_own = question.dex.as_deref().unwrap_or_default().is_empty();
    Some(match question.kind.as_str() {
        "meta" => Ok(market::meta(counter, is_own)),
        "metaAndAssetCtxs" => Ok(market::meta_and_contexts(counter, is_own)),
        "spotMeta" => Ok(market::spot_meta(counter)),
        "spotMetaAndAssetCtxs" => Ok(json!([market::spot_meta(counter), []])),
        "perpDexs" => Ok(json!([null])),
        "allMids" => Ok(if is_own { mids(counter) } else { json!({}) }),
        "l2Book" => question.coin().map(|coin| book(counter, coin, question.n_sig_figs, question.mantissa)),
        "recentTrades" => question.coin().map(|coin| market::recent_trades(counter, coin)),
        "candleSnapshot" => question.req.as_ref().ok_or(Unanswered::Unreadable).and_then(|req| {
            let times = req.start_time..=req.end_time.unwrap_or(u64::MAX);
            candles(counter, &req.coin, &req.interval, &times).ok_or(Unanswered::Unreadable)
        }),
        "fundingHistory" => question.coin().map(|_| json!([])),
        "predictedFundings" | "perpsAtOpenInterestCap" => Ok(json!([])),
        "exchangeStatus" => Ok(json!({"time": counter.now_ms(), "specialStatuses": null})),
        _ => return None,
    })
}

/// Answers about accounts.
fn of_account(counter: &mut Counter<'_>, question: &Question) -> Result<Value, Unanswered> {
    let user = question.user()?;
    let account = counter.house.account(&user.to_string());
    let counter = &*counter;
    Ok(match question.kind.as_str() {
        "clearinghouseState" => money::clearinghouse(counter, account, user),
        "spotClearinghouseState" => money::spot(counter, account, user),
        "activeAssetData" => money::active_asset(counter, account, user, question.coin()?),
        "openOrders" => account::open_orders(counter, account, false),
        "frontendOpenOrders" => account::open_orders(counter, account, true),
        "orderStatus" => {
            account::order_status(counter, account, question.oid.as_ref().ok_or(Unanswered::Unreadable)?)
        }
        "historicalOrders" => account::historical_orders(counter, account),
        "userFills" => fills(counter, account),
        "userFillsByTime" => account::fills_by_time(counter, account, &question.times()),
        "userFunding" => account::funding(counter, account, &question.times()),
        "userFees" => account::fees(counter),
        "userRole" => account::role(counter, user),
        "userRateLimit" => account::rate_limit(counter, account),
        "extraAgents" => account::agents(counter, user),
        "portfolio" => account::portfolio(),
        "subAccounts" | "userToMultiSigSigners" | "userDexAbstraction" | "referral" => Value::Null,
        "maxBuilderFee" => json!(0),
        "delegations"
        | "delegatorRewards"
        | "delegatorHistory"
        | "userVaultEquities"
        | "userTwapSliceFills"
        | "userNonFundingLedgerUpdates" => json!([]),
        _ => return Err(Unanswered::Unreadable),
    })
}
