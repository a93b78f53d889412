//! What an account sets: leverage, and the time at which everything is canceled.

use super::super::{Counter, Front};
use super::refusals::about;
use super::{Answer, done, refused};
use crate::exchange::AccountIx;

/// A cancel must be scheduled at least so far ahead, in milliseconds.
const LEAST_AHEAD_MS: u64 = 5_000;

/// The leverage of a coin.
pub(super) fn leverage(
    counter: &mut Counter<'_>,
    account: AccountIx,
    asset: u32,
    is_cross: bool,
    leverage: u32,
) -> Answer {
    let place = usize::try_from(asset).ok();
    let Some((place, listing)) = place.and_then(|place| Some((place, counter.house.listings().get(place)?)))
    else {
        return refused(about("Invalid asset.", asset));
    };
    let most = reprise_model::Rate::from_int(i64::from(leverage)).ok();
    let is_allowed = leverage > 0 && most <= listing.definition.max_leverage;
    if !is_allowed {
        return refused("Invalid leverage value");
    }
    counter.house.set_leverage(account, place, leverage);
    counter.desk.set_isolated(account, place, !is_cross);
    done()
}

/// Sets or lifts the time at which everything is canceled.
pub(super) fn schedule_cancel(
    counter: &mut Counter<'_>,
    account: AccountIx,
    at_ms: Option<u64>,
    front: &Front,
) -> Answer {
    let now_ms = counter.now_ms();
    if at_ms.is_some_and(|at_ms| at_ms < now_ms + LEAST_AHEAD_MS) {
        return refused("Scheduled cancel time too early, must be at least 5 seconds from now.");
    }
    if let Err(reason) = counter.desk.schedule(account, at_ms, now_ms) {
        return refused(reason);
    }
    if let Some(at_ms) = at_ms {
        let (front, wait) = (front.clone(), std::time::Duration::from_millis(at_ms - now_ms));
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            // The simulator may be ending.
            let _ = front.ask(move |counter| strike(counter, account, at_ms)).await;
        });
    }
    done()
}

fn strike(counter: &mut Counter<'_>, account: AccountIx, at_ms: u64) {
    if !counter.desk.strikes(account, at_ms) {
        return;
    }
    let open: Vec<_> =
        counter.house.ledger(account).orders().filter(|order| order.is_open()).cloned().collect();
    tracing::info!(orders = open.len(), "a scheduled cancel strikes");
    let now = counter.now;
    for order in open {
        counter.desk.note_schedule_canceled(order.number);
        counter.house.cancel(account, now, &order);
    }
}
