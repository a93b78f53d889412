//! How fast orders leave: counts in windows of event time, and what was sent a moment ago.

use std::collections::{BTreeMap, VecDeque};

use reprise_core::InstrumentIx;
use reprise_model::{NewOrder, OrderType, Price, Qty, Side, StrategyId, Ts};
use serde::{Deserialize, Serialize};

use crate::settings::RiskSettings;

const NS_A_MS: u64 = 1_000_000;
/// Entries of the memory of sent orders after which those that are too old are thrown out.
const SWEEP_AFTER: usize = 1_024;

/// What makes two orders the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Sameness {
    strategy: StrategyId,
    ix: InstrumentIx,
    side: Side,
    order_type: OrderType,
    price: Option<Price>,
    stop_price: Option<Price>,
    qty: Qty,
}

impl Sameness {
    pub(crate) fn of(ix: InstrumentIx, terms: &NewOrder) -> Self {
        Self {
            strategy: terms.strategy,
            ix,
            side: terms.side,
            order_type: terms.order_type,
            price: terms.price,
            stop_price: terms.stop_price,
            qty: terms.qty,
        }
    }
}

/// The moments of the last orders that left, as many as the largest limit needs, and the orders themselves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Pace {
    left_at: VecDeque<Ts>,
    #[serde(with = "reprise_core::pairs")]
    sent: BTreeMap<Sameness, Ts>,
}

impl Pace {
    /// An order or a replacement left.
    pub(crate) fn note_order(&mut self, now: Ts, settings: &RiskSettings) {
        let needed = settings.order_rate.max(settings.order_burst).unwrap_or(0);
        if needed == 0 {
            self.left_at.clear();
            return;
        }
        self.left_at.push_back(now);
        while self.left_at.len() > needed as usize {
            self.left_at.pop_front();
        }
    }

    /// These terms left.
    pub(crate) fn note_terms(&mut self, now: Ts, sameness: Sameness, settings: &RiskSettings) {
        let window_ns = settings.duplicate_window_ms.saturating_mul(NS_A_MS);
        if window_ns == 0 {
            return;
        }
        if self.sent.len() >= SWEEP_AFTER {
            self.sent.retain(|_, at| now.since(*at) < window_ns);
        }
        self.sent.insert(sameness, now);
    }

    /// Orders that left in the last `window_ms`, of which only the last `limit` matter.
    pub(crate) fn count(&self, now: Ts, window_ms: u64, limit: u32) -> u64 {
        let window_ns = window_ms.saturating_mul(NS_A_MS);
        let is_before = |at: &Ts| now.since(*at) >= window_ns && !(window_ns == 0 && *at == now);
        let before = self.left_at.partition_point(is_before);
        (self.left_at.len() - before).min(limit as usize) as u64
    }

    /// Milliseconds since the same order left, if that was within the window.
    pub(crate) fn since_same(&self, now: Ts, sameness: &Sameness, window_ms: u64) -> Option<u64> {
        let since_ns = now.since(*self.sent.get(sameness)?);
        (since_ns < window_ms.saturating_mul(NS_A_MS)).then_some(since_ns / NS_A_MS)
    }
}
