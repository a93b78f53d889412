//! What a strategy is: callbacks for what happens, and a context through which it says what it wants.

use reprise_core::{InstrumentIx, Order, RestoreError, Saved};
use reprise_model::event::{Bar, Book, CancelReason, Fill, Funding, NewTerms, Trade};
use reprise_model::{Qty, Refusal, RequestOf};

use crate::context::StrategyContext;

/// A strategy: sees what concerns its instruments and its own orders, and answers with intents.
///
/// Every callback does nothing unless it is written. Each is handed a [`StrategyContext`]: what is known now,
/// read-only, and the intents. An intent is decided after the callback returns; a strategy learns what became
/// of it in [`Self::on_order`] and [`Self::on_fill`], never as a return value, because at a real venue the
/// answer takes time.
///
/// The same events must lead to the same intents: no clock but [`StrategyContext::now`], no randomness, no
/// I/O, no hash maps whose order is random, and of `f64` only `+ - * / sqrt` and comparisons.
pub trait Strategy {
    /// The run begins; nothing is known of the market yet. Called once, before any other callback.
    fn on_start(&mut self, cx: &mut StrategyContext<'_>) {
        let _ = cx;
    }

    /// An instrument is this instance's from now on: at the start, or when it is defined later. Called once for
    /// each instrument.
    fn on_instrument(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        let _ = (ix, cx);
    }

    /// The best bid or ask changed. The context has the new quote.
    fn on_quote(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        let _ = (ix, cx);
    }

    /// Others traded.
    fn on_trade(&mut self, ix: InstrumentIx, trade: &Trade, cx: &mut StrategyContext<'_>) {
        let _ = (ix, trade, cx);
    }

    /// Levels of the book changed. The context has the whole book; a change of its top that counts as a quote
    /// also calls [`Self::on_quote`], after this.
    fn on_book(&mut self, ix: InstrumentIx, change: &Book, cx: &mut StrategyContext<'_>) {
        let _ = (ix, change, cx);
    }

    /// An interval closed.
    fn on_bar(&mut self, ix: InstrumentIx, bar: &Bar, origin: BarOrigin, cx: &mut StrategyContext<'_>) {
        let _ = (ix, bar, origin, cx);
    }

    /// A perpetual's mark or oracle price changed. The context has both.
    fn on_mark(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        let _ = (ix, cx);
    }

    /// A perpetual's funding interval ended.
    fn on_funding(&mut self, ix: InstrumentIx, funding: &Funding, cx: &mut StrategyContext<'_>) {
        let _ = (ix, funding, cx);
    }

    /// A wake-up that this instance asked for, with the key it gave.
    fn on_timer(&mut self, key: u64, cx: &mut StrategyContext<'_>) {
        let _ = (key, cx);
    }

    /// An own order moved on, other than by a fill.
    fn on_order(&mut self, update: &OrderUpdate<'_>, cx: &mut StrategyContext<'_>) {
        let _ = (update, cx);
    }

    /// An own order was filled, whole or in part. The position in the context has the fill already.
    fn on_fill(&mut self, fill: &OwnFill<'_>, cx: &mut StrategyContext<'_>) {
        let _ = (fill, cx);
    }

    /// The length of the bars, in milliseconds, that are to be built from quotes for this instance; `None` for
    /// none. Asked once, when the instance is built. Bars start at multiples of the length since 1970.
    fn bar_interval_ms(&self) -> Option<u64> {
        None
    }

    /// All that the instance keeps and its parameters do not tell, so that [`Self::restore`] makes it go on exactly
    /// where it is: `Saved::of(&self.channels)`, or of a tuple of several. `None`, as long as this is not written,
    /// means that it cannot be saved: a restart of the run then takes the run's events in again from the first.
    fn save(&self) -> Option<Saved> {
        None
    }

    /// Takes over what [`Self::save`] of an instance with the same parameters gave: `self.channels = saved.read()?`.
    ///
    /// # Errors
    /// When it is not that.
    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        let _ = saved;
        Err(RestoreError::form("this strategy cannot be saved"))
    }
}

/// Where a bar comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarOrigin {
    /// The source sent it (`market.bar`).
    Source,
    /// It was built from mids, because the instance asked for it. Its volume is what others traded meanwhile.
    Built,
}

/// What became of an own order, other than a fill.
#[derive(Debug, Clone, Copy)]
pub struct OrderUpdate<'a> {
    /// Where it trades.
    pub ix: InstrumentIx,
    /// The order as it is now.
    pub order: &'a Order,
    /// What happened.
    pub change: OrderChange<'a>,
}

impl OrderUpdate<'_> {
    /// True when the order is over and nothing more is expected of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.order.status.is_terminal()
    }
}

/// What happened to an own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderChange<'a> {
    /// Risk refused it, or its replacement; it never left.
    Denied {
        /// Whether the order itself or its replacement was refused.
        request: RequestOf,
        /// Why, with its number.
        refusal: &'a Refusal,
    },
    /// Risk approved it; it is on its way.
    Submitted,
    /// The venue took it.
    Accepted,
    /// A cancel is on its way.
    CancelSubmitted(CancelReason),
    /// The venue canceled what was left.
    Canceled {
        /// Why.
        reason: CancelReason,
        /// What was left, in base units.
        leaves_qty: Qty,
    },
    /// Risk approved new terms; they are on their way.
    ReplaceSubmitted(NewTerms),
    /// The venue took the new terms.
    Replaced(NewTerms),
    /// The venue refused the order, its cancel or its replacement.
    Rejected {
        /// Which request it refused.
        request: RequestOf,
        /// Why, with its number.
        refusal: &'a Refusal,
    },
    /// Its time ran out with this much left, in base units.
    Expired {
        /// What was left.
        leaves_qty: Qty,
    },
    /// Nobody knows what became of it; it counts at its worst until the venue gives evidence.
    Unknown {
        /// Why it is not known.
        reason: &'a str,
    },
}

/// An own order was executed, whole or in part.
#[derive(Debug, Clone, Copy)]
pub struct OwnFill<'a> {
    /// Where.
    pub ix: InstrumentIx,
    /// The order as it is now.
    pub order: &'a Order,
    /// What was executed.
    pub fill: &'a Fill,
    /// True when nothing of the order is left.
    pub is_last: bool,
}
