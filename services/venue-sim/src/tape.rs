//! What an instrument's market did lately: its last trades, minute candles and the day's statistics.

use std::collections::VecDeque;

use reprise_model::{Cash, Price, Qty, Rate, Side, Ts};

/// Trades that are kept.
const TRADES_KEPT: usize = 1_000;
/// Minute candles that are kept: a day.
const CANDLES_KEPT: usize = 1_440;
const MINUTE_NS: u64 = 60_000_000_000;

/// A trade as the venue tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapeTrade {
    /// Its number at the venue.
    pub number: u64,
    /// When.
    pub ts: Ts,
    /// At which price.
    pub price: Price,
    /// How much.
    pub qty: Qty,
    /// The aggressor's side; a buyer's where the recording does not tell.
    pub aggressor: Side,
}

/// What traded in an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// When it began, a multiple of its interval.
    pub start: Ts,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Base units traded.
    pub volume: Qty,
    /// Trades.
    pub trades: u64,
}

impl Day {
    /// How far the price has come since the first one, in percent; 0 where that cannot be counted.
    #[must_use]
    pub fn change_percent(&self) -> Rate {
        let worth = |price| Cash::notional(price, Qty::ONE);
        let change = worth(self.last)
            .and_then(|last| last.checked_sub(worth(self.open)?))
            .and_then(|change| change.checked_mul_int(100)?.ratio(worth(self.open)?));
        change.unwrap_or_default()
    }
}

impl Candle {
    fn of(trade: &TapeTrade, start: Ts) -> Self {
        let TapeTrade { price, qty, .. } = *trade;
        Self { start, open: price, high: price, low: price, close: price, volume: qty, trades: 1 }
    }

    /// Takes in what came later in the same interval.
    fn join(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume = self.volume.checked_add(later.volume).unwrap_or(self.volume);
        self.trades += later.trades;
    }
}

/// The last day's statistics; from when the simulator was ready, if that is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub last: Price,
    /// Base units traded.
    pub volume: Qty,
}

/// What an instrument's market did lately.
#[derive(Debug, Default)]
pub struct Tape {
    trades: VecDeque<TapeTrade>,
    minutes: VecDeque<Candle>,
    today: Option<Candle>,
}

impl Tape {
    pub(crate) fn note(&mut self, trade: TapeTrade) {
        if self.trades.len() == TRADES_KEPT {
            self.trades.pop_front();
        }
        self.trades.push_back(trade);
        let candle = Candle::of(&trade, floor_to(trade.ts, MINUTE_NS));
        match self.minutes.back_mut() {
            Some(last) if last.start == candle.start => last.join(&candle),
            _ => {
                self.minutes.push_back(candle);
                if self.minutes.len() > CANDLES_KEPT {
                    self.minutes.pop_front();
                    self.today = whole(&self.minutes);
                    return;
                }
            }
        }
        match &mut self.today {
            Some(today) => today.join(&candle),
            None => self.today = Some(candle),
        }
    }

    /// Trades, the oldest first.
    pub fn trades(&self) -> impl DoubleEndedIterator<Item = &TapeTrade> + ExactSizeIterator {
        self.trades.iter()
    }

    /// The last trade.
    #[must_use]
    pub fn last(&self) -> Option<&TapeTrade> {
        self.trades.back()
    }

    /// Candles of an interval, a multiple of a minute, in nanoseconds; the oldest first.
    #[must_use]
    pub fn candles(&self, interval_ns: u64) -> Vec<Candle> {
        let mut candles: Vec<Candle> = Vec::new();
        for minute in &self.minutes {
            let start = floor_to(minute.start, interval_ns.max(MINUTE_NS));
            match candles.last_mut() {
                Some(last) if last.start == start => last.join(minute),
                _ => candles.push(Candle { start, ..*minute }),
            }
        }
        candles
    }

    /// The last day's statistics; `None` before the first trade.
    #[must_use]
    pub fn day(&self) -> Option<Day> {
        let whole = self.today?;
        Some(Day {
            open: whole.open,
            high: whole.high,
            low: whole.low,
            last: whole.close,
            volume: whole.volume,
        })
    }
}

/// All of them as one.
fn whole(minutes: &VecDeque<Candle>) -> Option<Candle> {
    let mut minutes = minutes.iter();
    let mut whole = *minutes.next()?;
    minutes.for_each(|minute| whole.join(minute));
    Some(whole)
}

fn floor_to(ts: Ts, interval_ns: u64) -> Ts {
    Ts(ts.0 - ts.0 % interval_ns)
}
