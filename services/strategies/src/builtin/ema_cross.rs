//! `ema-cross`: buys when the fast average of the price crosses above the slow one, sells when it falls back.
//!
//! For each instrument on its own, in `f64` and in this order of operations:
//!
//! - the price is `(bid + ask) / 2.0` of a quote, or the close of a bar;
//! - the first price starts both averages; then `e = e + a * (price - e)` with `a = 2.0 / (n + 1.0)`, the usual
//!   exponential moving average over `n` prices;
//! - whether `fast > slow` is tracked from the first price on. No order is sent during the first
//!   `max(fast, slow)` prices. Afterwards a change from false to true buys at market, a change from true to false
//!   sells at market, whatever the position.
//!
//! Every order is alike and carries no note, so that it stays cheap.

use reprise_core::{InstrumentIx, RestoreError, Saved};
use reprise_model::event::Bar;
use reprise_model::{Cash, Qty, Side};
use serde::{Deserialize, Serialize};

use crate::builtin::size::UnitSize;
use crate::context::StrategyContext;
use crate::params::{ParamError, ParamValue, text};
use crate::per_instrument::PerInstrument;
use crate::strategy::{BarOrigin, Strategy};

reprise_model::words! {
    /// Which prices the averages are of.
    pub enum PriceSource {
        /// The middle of each quote.
        Quote = "quote",
        /// The close of each bar.
        Bar = "bar",
    }
}

impl ParamValue for PriceSource {
    const TAKES: &'static str = "'quote' or 'bar'";

    fn read(value: &serde_json::Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

crate::params! {
    /// Parameters of `ema-cross`.
    pub struct EmaCrossParams {
        /// Prices over which the fast average looks back, at least 1.
        pub fast: u32 = 12,
        /// Prices over which the slow average looks back, at least 1.
        pub slow: u32 = 26,
        /// How much each order trades, in base units, exactly as it stands.
        pub qty: Option<Qty> = None,
        /// What each order is worth in quote units when `qty` is not set, in whole lots.
        pub notional: Cash = text("100"),
        /// Which prices the averages are of: the mid of each quote, or the close of each bar.
        pub source: PriceSource = PriceSource::Quote,
        /// With source = "bar": build bars of this length from quotes instead of taking those of the recording.
        pub bar_interval_ms: Option<u64> = None,
    }
}

/// The two averages of one instrument.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Averages {
    count: u32,
    fast: f64,
    slow: f64,
    is_above: bool,
}

/// The strategy.
#[derive(Debug)]
pub struct EmaCross {
    fast_weight: f64,
    slow_weight: f64,
    warm_up: u32,
    unit: UnitSize,
    source: PriceSource,
    bar_interval_ms: Option<u64>,
    averages: PerInstrument<Averages>,
}

impl EmaCross {
    pub(crate) const ABOUT: &'static str = "Buys at market when the fast exponential average crosses above the slow one, sells when it falls back.";

    /// An instance.
    ///
    /// # Errors
    /// When an average looks back over nothing, or the order size is not positive.
    pub fn new(params: EmaCrossParams) -> Result<Self, ParamError> {
        for (name, n) in [("fast", params.fast), ("slow", params.slow)] {
            if n == 0 {
                return Err(ParamError::value(name, n, "a whole number of at least 1"));
            }
        }
        let bar_interval_ms = params.bar_interval_ms.filter(|_| params.source == PriceSource::Bar);
        if bar_interval_ms == Some(0) {
            return Err(ParamError::value("bar_interval_ms", 0, "a whole number of at least 1"));
        }
        Ok(Self {
            fast_weight: 2.0 / (f64::from(params.fast) + 1.0),
            slow_weight: 2.0 / (f64::from(params.slow) + 1.0),
            warm_up: params.fast.max(params.slow),
            unit: UnitSize::new(params.qty, params.notional)?,
            source: params.source,
            bar_interval_ms,
            averages: PerInstrument::default(),
        })
    }

    #[inline]
    fn see(&mut self, ix: InstrumentIx, price: f64, cx: &mut StrategyContext<'_>) {
        let averages = self.averages.of(ix);
        if averages.count == 0 {
            *averages = Averages { count: 1, fast: price, slow: price, is_above: false };
            return;
        }
        averages.fast = averages.fast + self.fast_weight * (price - averages.fast);
        averages.slow = averages.slow + self.slow_weight * (price - averages.slow);
        let is_above = averages.fast > averages.slow;
        let changed = is_above != averages.is_above;
        averages.is_above = is_above;
        if averages.count < self.warm_up {
            averages.count += 1;
        } else if changed {
            let side = if is_above { Side::Buy } else { Side::Sell };
            self.trade(ix, side, cx);
        }
    }

    #[cold]
    fn trade(&self, ix: InstrumentIx, side: Side, cx: &mut StrategyContext<'_>) {
        let qty = self.unit.qty(ix, side, cx);
        match side {
            Side::Buy => cx.buy(ix, qty),
            Side::Sell => cx.sell(ix, qty),
        };
    }
}

impl Strategy for EmaCross {
    #[inline]
    fn on_quote(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        if self.source != PriceSource::Quote {
            return;
        }
        let market = cx.market(ix);
        if let (Some(bid), Some(ask)) = (market.bid, market.ask) {
            let mid = (bid.price.to_f64() + ask.price.to_f64()) / 2.0;
            self.see(ix, mid, cx);
        }
    }

    fn on_bar(&mut self, ix: InstrumentIx, bar: &Bar, origin: BarOrigin, cx: &mut StrategyContext<'_>) {
        let wanted = if self.bar_interval_ms.is_some() { BarOrigin::Built } else { BarOrigin::Source };
        if self.source == PriceSource::Bar && origin == wanted {
            self.see(ix, bar.close.to_f64(), cx);
        }
    }

    fn bar_interval_ms(&self) -> Option<u64> {
        self.bar_interval_ms
    }

    fn save(&self) -> Option<Saved> {
        Saved::of(&self.averages)
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        self.averages = saved.read()?;
        Ok(())
    }
}
