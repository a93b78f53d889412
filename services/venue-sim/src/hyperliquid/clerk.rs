//! What the venue does by itself: places the exits of an entry that was filled, and writes funding down.

use std::sync::Arc;

use reprise_model::{OrderStatus, Outcome};
use tokio::sync::broadcast::error::RecvError;

use super::Front;
use super::exchange::orders;
use crate::house::AccountNews;
use crate::settings::Venue;

/// Works until the simulator ends.
pub(super) async fn work(front: Front) {
    let mut news = front.shared.account_news(Venue::Hyperliquid);
    loop {
        match news.recv().await {
            Ok(news) => {
                if is_mine(&news) && front.ask(move |counter| follow(counter, &news)).await.is_err() {
                    return;
                }
            }
            Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "exits and funding may be missing"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn is_mine(news: &AccountNews) -> bool {
    matches!(
        news.outcome,
        Some(
            Outcome::PositionChanged(_)
                | Outcome::OrderFilled(_)
                | Outcome::OrderCanceled(_)
                | Outcome::OrderExpired(_)
        )
    )
}

fn follow(counter: &mut super::Counter<'_>, news: &Arc<AccountNews>) {
    if let Some(Outcome::PositionChanged(line)) = &news.outcome {
        counter.payment(news.account, news.ts, line);
    }
    let Some(order) = &news.order else { return };
    if let Some(exits) = counter.desk.take_exits(news.account, order.number)
        && order.status == OrderStatus::Filled
    {
        orders::place_exits(counter, news.account, &exits, false);
    }
}
