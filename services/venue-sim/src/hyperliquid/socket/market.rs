//! What market subscriptions say: at first, at once, and at their cadence.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reprise_venues::hyperliquid::wire::Subscription;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::show::number;
use super::super::{Counter, info};
use super::{End, Session, account};
use crate::exchange::AccountIx;
use crate::house::{MarketEvent, MarketNews};
use crate::settings::Venue;

/// Old trades that the first message repeats.
const OLD_TRADES: usize = 30;

/// What a new subscription begins with.
pub(super) struct Opening {
    pub(super) account: Option<AccountIx>,
    pub(super) seen: u64,
    /// Channel and content.
    pub(super) messages: Vec<(&'static str, Value)>,
}

/// The coin of a subscription that has one.
pub(super) fn coin(subscription: &Subscription) -> Option<&str> {
    match subscription {
        Subscription::L2Book { coin, .. }
        | Subscription::Bbo { coin }
        | Subscription::Trades { coin }
        | Subscription::Candle { coin, .. }
        | Subscription::ActiveAssetCtx { coin } => Some(coin),
        _ => None,
    }
}

/// How often at most a subscription is told of what changed; nothing where it is told at once.
fn cadence(subscription: &Subscription) -> Option<Duration> {
    let ms = match subscription {
        Subscription::L2Book { fast: Some(true), .. } => 100,
        Subscription::L2Book { .. } | Subscription::Candle { .. } => 500,
        Subscription::AllMids { .. } | Subscription::ActiveAssetCtx { .. } => 1_000,
        _ => return None,
    };
    Some(Duration::from_millis(ms))
}

/// What a subscription begins with; nothing when it is for something that is not there.
pub(super) fn opening(counter: &mut Counter<'_>, wanted: &Subscription) -> Option<Opening> {
    let seen = counter.house.news_number();
    if let Some(user) = account::user(wanted) {
        let account = counter.house.account(&user.to_string());
        let messages = account::opening(counter, wanted, user, account);
        return Some(Opening { account: Some(account), seen, messages });
    }
    if let Some(coin) = coin(wanted) {
        counter.house.find(coin)?;
    }
    if let Subscription::Candle { interval, .. } = wanted {
        info::interval_ns(interval)?;
    }
    if let Subscription::L2Book { n_sig_figs, mantissa, .. } = wanted {
        let is_known = n_sig_figs.is_none_or(|digits| (2..=5).contains(&digits))
            && mantissa.is_none_or(|m| matches!(m, 1 | 2 | 5) && *n_sig_figs == Some(5));
        is_known.then_some(())?;
    }
    Some(Opening { account: None, seen, messages: now(counter, wanted).into_iter().collect() })
}

/// A subscription's whole message as things stand: channel and content.
fn now(counter: &Counter<'_>, wanted: &Subscription) -> Option<(&'static str, Value)> {
    let listing = coin(wanted).and_then(|coin| counter.house.find(coin));
    Some(match wanted {
        Subscription::L2Book { coin, n_sig_figs, mantissa, .. } => {
            ("l2Book", info::book(counter, coin, *n_sig_figs, *mantissa))
        }
        Subscription::Bbo { coin } => {
            let market = counter.house.market(listing?)?;
            ("bbo", bbo(coin, counter.now_ms(), [market.bid, market.ask]))
        }
        Subscription::Trades { coin } => {
            let trades = counter.house.tape(listing?).trades();
            let old = trades.len().saturating_sub(OLD_TRADES);
            let shown = trades.skip(old).map(|one| info::trade(counter.pen().ms(one.ts), coin, one));
            ("trades", shown.collect())
        }
        Subscription::Candle { coin, interval } => {
            let length = info::interval_ns(interval)?;
            let bar = counter.house.tape(listing?).candles(length).pop()?;
            ("candle", info::candle(coin, interval, length, &bar))
        }
        Subscription::AllMids { .. } => ("allMids", json!({"mids": info::mids(counter)})),
        Subscription::ActiveAssetCtx { coin } => {
            ("activeAssetCtx", json!({"coin": coin, "ctx": info::asset_context(counter, listing?)}))
        }
        _ => return None,
    })
}

fn bbo(coin: &str, time: u64, sides: [Option<reprise_model::event::Level>; 2]) -> Value {
    let side = sides
        .map(|level| level.map(|level| json!({"px": number(level.price), "sz": number(level.qty), "n": 1})));
    json!({"coin": coin, "time": time, "bbo": side})
}

impl Session {
    /// Tells of quotes and trades at once, and notes what is to be told at its cadence.
    pub(super) fn tell_market(&mut self, burst: &[Arc<MarketNews>]) {
        let mut messages: Vec<(&'static str, String, Value)> = Vec::new();
        let mut trades: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let shared = self.front.shared.clone();
        let ms = |ts| shared.stamp(Venue::Hyperliquid, ts).0 / 1_000_000;
        for news in burst {
            for (subscription, followed) in &mut self.followed {
                let is_about = coin(subscription).is_none_or(|coin| *coin == *news.name);
                if followed.account.is_some() || news.number <= followed.seen || !is_about {
                    continue;
                }
                match (subscription, &news.event) {
                    (Subscription::Bbo { coin }, _) if news.top_changed => {
                        messages.push(("bbo", coin.clone(), bbo(coin, ms(news.ts), [news.bid, news.ask])));
                    }
                    (Subscription::Trades { coin }, MarketEvent::Trade(trade)) => {
                        let shown = info::trade(ms(trade.ts), coin, trade);
                        trades.entry(coin.clone()).or_default().push(shown);
                    }
                    (Subscription::L2Book { .. }, _) => followed.is_due |= !news.changes.is_empty(),
                    (Subscription::Candle { .. }, MarketEvent::Trade(_)) => followed.is_due = true,
                    (Subscription::AllMids { .. }, _) => followed.is_due |= news.top_changed,
                    (Subscription::ActiveAssetCtx { .. }, _) => {
                        followed.is_due |= news.top_changed || news.event == MarketEvent::Mark;
                    }
                    _ => {}
                }
            }
        }
        messages.extend(trades.into_iter().map(|(coin, trades)| ("trades", coin, trades.into())));
        for (channel, coin, data) in messages {
            self.say(channel, Some(&coin), data);
        }
    }

    /// Tells what changed and has its turn.
    pub(super) async fn tell_due(&mut self) -> Result<(), End> {
        let mut wanted = Vec::new();
        for (subscription, followed) in &mut self.followed {
            let Some(cadence) = cadence(subscription) else { continue };
            if followed.is_due && followed.told.elapsed() >= cadence {
                (followed.is_due, followed.told) = (false, Instant::now());
                wanted.push(subscription.clone());
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let messages = self.front.ask(move |counter| {
            let each = wanted.iter().filter_map(|one| {
                let (channel, data) = now(counter, one)?;
                Some((channel, coin(one).map(str::to_owned), data))
            });
            each.collect::<Vec<_>>()
        });
        for (channel, coin, data) in messages.await? {
            self.say(channel, coin.as_deref(), data);
        }
        Ok(())
    }
}
