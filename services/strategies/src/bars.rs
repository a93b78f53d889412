//! Bars built from mids, for the instances that asked for them.

use reprise_core::InstrumentIx;
use reprise_model::event::Bar;
use reprise_model::{InstrumentId, Price, Qty, Ts};
use serde::{Deserialize, Serialize};

/// The bars of one length.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Series {
    interval_ns: u64,
    open: Vec<Option<Growing>>,
}

/// A bar that has not closed yet.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Growing {
    end: Ts,
    ohlc: Option<Ohlc>,
    volume: Qty,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Ohlc {
    open: Price,
    high: Price,
    low: Price,
    close: Price,
}

impl Series {
    pub(crate) fn new(interval_ns: u64) -> Self {
        Self { interval_ns, open: Vec::new() }
    }

    pub(crate) fn interval_ns(&self) -> u64 {
        self.interval_ns
    }

    fn growing(&mut self, ix: InstrumentIx, now: Ts) -> &mut Growing {
        if self.open.len() <= ix.at() {
            self.open.resize(ix.at() + 1, None);
        }
        let since_start = now.0 % self.interval_ns;
        let end = now.plus_ns(self.interval_ns - since_start);
        self.open[ix.at()].get_or_insert(Growing { end, ohlc: None, volume: Qty::ZERO })
    }

    /// Takes a mid in; bars that are due must have been closed before. Returns when the bar ends.
    pub(crate) fn see_mid(&mut self, ix: InstrumentIx, mid: Price, now: Ts) -> Ts {
        let bar = self.growing(ix, now);
        bar.ohlc = Some(match bar.ohlc {
            None => Ohlc { open: mid, high: mid, low: mid, close: mid },
            Some(seen) => {
                Ohlc { open: seen.open, high: seen.high.max(mid), low: seen.low.min(mid), close: mid }
            }
        });
        bar.end
    }

    /// Adds to the volume what others traded. Returns when the bar ends.
    pub(crate) fn see_trade(&mut self, ix: InstrumentIx, qty: Qty, now: Ts) -> Ts {
        let bar = self.growing(ix, now);
        bar.volume = bar.volume.checked_add(qty).unwrap_or(Qty::MAX);
        bar.end
    }

    /// When the next bar ends.
    pub(crate) fn next_end(&self) -> Ts {
        self.open.iter().flatten().map(|bar| bar.end).min().unwrap_or(Ts::NEVER)
    }

    /// Closes an instrument's bar if it is due. An interval without a mid leaves no bar.
    pub(crate) fn close(&mut self, ix: InstrumentIx, instrument: InstrumentId, now: Ts) -> Option<Bar> {
        let slot = self.open.get_mut(ix.at())?;
        let bar = slot.take_if(|bar| bar.end <= now)?;
        let seen = bar.ohlc?;
        Some(Bar {
            instrument,
            interval_ns: self.interval_ns,
            open: seen.open,
            high: seen.high,
            low: seen.low,
            close: seen.close,
            volume: bar.volume,
        })
    }
}
