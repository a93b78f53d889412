//! `breakout`: buys when the price leaves the channel of the last prices upwards, sells when it leaves it downwards.
//!
//! This is the file to change. It shows the parts that most strategies have: parameters with defaults, something
//! kept for each instrument and over restarts, a look at the position, and orders. A stop, a pair of exits, a timer
//! or bars are a line each: the callbacks there are, what the context tells and what it can be asked for are
//! documented in `reprise_strategies`, see `cargo doc --open -p reprise-strategies`.

use std::collections::VecDeque;

use reprise_strategies::{
    Cash, InstrumentIx, ParamError, PerInstrument, Price, RestoreError, Saved, Size, Strategy,
    StrategyContext, params, text,
};

params! {
    /// Parameters of `breakout`, as they stand under `[[strategy]]` in the configuration.
    pub struct BreakoutParams {
        /// How many prices the channel holds, at least 2.
        pub length: u32 = 20,
        /// What each entry is worth, in quote units.
        pub notional: Cash = text("100"),
    }
}

/// The strategy.
#[derive(Debug)]
pub struct Breakout {
    length: usize,
    notional: Cash,
    /// The last prices of each instrument.
    channels: PerInstrument<VecDeque<Price>>,
}

impl Breakout {
    pub const ABOUT: &'static str =
        "Buys when the mid rises above the highest of the last mids, sells when it falls below the lowest.";

    /// An instance with these parameters. What is refused here stops the run before it begins.
    pub fn new(params: BreakoutParams) -> Result<Self, ParamError> {
        if params.length < 2 {
            return Err(ParamError::value("length", params.length, "a whole number of at least 2"));
        }
        if !params.notional.is_positive() {
            return Err(ParamError::value("notional", params.notional, "a decimal number above 0"));
        }
        Ok(Self {
            length: params.length as usize,
            notional: params.notional,
            channels: PerInstrument::default(),
        })
    }
}

impl Strategy for Breakout {
    fn on_quote(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
        let Some(mid) = cx.mid(ix) else { return };
        let mids = self.channels.of(ix);
        if mids.len() == self.length {
            let is_above = mids.iter().all(|seen| mid > *seen);
            let is_below = mids.iter().all(|seen| mid < *seen);
            // An order takes time: while one is on its way, nothing else is asked for.
            let is_idle = cx.open_orders_in(ix).next().is_none();
            let held = cx.position(ix).qty;
            if is_idle && is_above && held.is_zero() {
                cx.buy(ix, Size::Quote(self.notional));
            } else if is_idle && is_below && held.is_positive() {
                cx.sell(ix, held);
            }
            mids.pop_front();
        }
        mids.push_back(mid);
    }

    // These two let a live run go on after a restart where it was. Whatever you keep beside the parameters belongs
    // into them; without them a restart takes the run's events in again from the first, which is slower.

    fn save(&self) -> Option<Saved> {
        Saved::of(&self.channels)
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), RestoreError> {
        self.channels = saved.read()?;
        Ok(())
    }
}
