//! What account subscriptions say.

use std::sync::Arc;

use reprise_model::event::CancelReason;
use reprise_model::{Outcome, RequestOf};
use reprise_venues::hyperliquid::sign::Address;
use reprise_venues::hyperliquid::wire::Subscription;
use serde_json::{Value, json};

use super::super::show::{Pen, coin};
use super::super::{Counter, Front, info};
use super::{End, Session};
use crate::exchange::AccountIx;
use crate::house::AccountNews;

/// Whose a subscription is, of an account's.
pub(super) fn user(subscription: &Subscription) -> Option<Address> {
    match subscription {
        Subscription::OrderUpdates { user }
        | Subscription::UserEvents { user }
        | Subscription::UserFills { user, .. }
        | Subscription::UserFundings { user } => Some(*user),
        _ => None,
    }
}

/// What an account's subscription begins with.
pub(super) fn opening(
    counter: &Counter<'_>,
    wanted: &Subscription,
    user: Address,
    account: AccountIx,
) -> Vec<(&'static str, Value)> {
    match wanted {
        Subscription::UserFills { .. } => {
            let fills = info::fills(counter, account);
            vec![("userFills", json!({"isSnapshot": true, "user": user, "fills": fills}))]
        }
        Subscription::UserFundings { .. } => {
            let payments = counter.desk.payments(account).iter();
            let fundings: Vec<Value> = payments.map(|payment| counter.pen().funding(payment)).collect();
            vec![("userFundings", json!({"isSnapshot": true, "user": user, "fundings": fundings}))]
        }
        _ => Vec::new(),
    }
}

impl Session {
    /// Tells of what happened to accounts that are followed.
    pub(super) async fn tell_accounts(&mut self, burst: &[Arc<AccountNews>]) -> Result<(), End> {
        for news in burst {
            let followed: Vec<Subscription> = self
                .followed
                .iter()
                .filter(|(_, followed)| followed.account == Some(news.account))
                .map(|(subscription, _)| subscription.clone())
                .collect();
            if followed.is_empty() {
                continue;
            }
            let funding = funding(self.front.clone(), news).await?;
            for subscription in followed {
                let Some(user) = user(&subscription) else { continue };
                let told = self.front.write(|pen| tell(pen, &subscription, user, news, funding.as_ref()));
                if let Some((channel, data)) = told {
                    self.say(channel, news.order.as_ref().map(|order| coin(order)), data);
                }
            }
        }
        Ok(())
    }
}

/// The payment behind news of funding.
async fn funding(front: Front, news: &Arc<AccountNews>) -> Result<Option<Value>, End> {
    let Some(Outcome::PositionChanged(line)) = &news.outcome else { return Ok(None) };
    let (account, ts, line) = (news.account, news.ts, *line);
    let payment = front.ask(move |counter| counter.payment(account, ts, &line)).await?;
    Ok(Some(front.write(|pen| pen.funding(&payment))))
}

/// What a subscription says of news: channel and content.
fn tell(
    pen: Pen<'_>,
    subscription: &Subscription,
    user: Address,
    news: &AccountNews,
    funding: Option<&Value>,
) -> Option<(&'static str, Value)> {
    let fill = || Some(pen.fill(news.fill.as_deref()?, coin(news.order.as_deref()?)));
    match subscription {
        Subscription::OrderUpdates { .. } => Some(("orderUpdates", json!([order_update(pen, news)?]))),
        Subscription::UserFills { .. } => Some(("userFills", json!({"user": user, "fills": [fill()?]}))),
        Subscription::UserFundings { .. } => {
            Some(("userFundings", json!({"user": user, "fundings": [funding?]})))
        }
        Subscription::UserEvents { .. } => {
            let event = match (fill(), funding) {
                (Some(fill), _) => json!({"fills": [fill]}),
                (None, Some(funding)) => json!({"funding": funding}),
                (None, None) => json!({"nonUserCancel": [unasked_cancel(news)?]}),
            };
            Some(("user", event))
        }
        _ => None,
    }
}

/// What became of an order; nothing for news that do not change where it stands.
fn order_update(pen: Pen<'_>, news: &AccountNews) -> Option<Value> {
    let order = news.order.as_deref()?;
    let status = match &news.outcome {
        None => "triggered",
        Some(Outcome::OrderAccepted(_) | Outcome::OrderPartiallyFilled(_)) => "open",
        Some(Outcome::OrderReplaced(_)) => "open",
        Some(Outcome::OrderDenied(denied)) if denied.request != RequestOf::New => return None,
        Some(Outcome::OrderRejected(rejected)) if rejected.request != RequestOf::New => return None,
        Some(_) => pen.status(order),
    };
    Some(pen.order_update(order, status, news.ts))
}

/// A cancel that the account's owner did not ask for.
fn unasked_cancel(news: &AccountNews) -> Option<Value> {
    let Some(Outcome::OrderCanceled(canceled)) = &news.outcome else { return None };
    let order = news.order.as_deref()?;
    let is_own = matches!(canceled.reason, CancelReason::Strategy | CancelReason::Immediate);
    (!is_own).then(|| json!({"coin": coin(order), "oid": order.number}))
}
