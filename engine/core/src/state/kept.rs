//! The state as it is saved: without its settings, which are the configuration's.

use std::borrow::Cow;
use std::rc::Rc;

use reprise_model::event::TradingState;
use reprise_model::{Seq, Ts};
use serde::{Deserialize, Serialize};

use super::State;
use crate::account::Account;
use crate::market::Markets;
use crate::orders::Orders;
use crate::position::Positions;
use crate::saved::{RestoreError, Saved};
use crate::timers::Timers;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept<'a> {
    /// The one setting that changes on the way.
    epoch: u32,
    seq: Seq,
    now: Ts,
    inputs: u64,
    trading: TradingState,
    paused: bool,
    markets: Cow<'a, Markets>,
    orders: Cow<'a, Orders>,
    positions: Cow<'a, Positions>,
    account: Cow<'a, Account>,
    timers: Cow<'a, Timers>,
}

impl State {
    /// Everything but the settings, as JSON.
    pub(crate) fn save(&self) -> Option<Saved> {
        let Self { settings, seq, now, inputs, markets, orders, positions, account, timers, trading, paused } =
            self;
        Saved::of(&Kept {
            epoch: settings.epoch,
            seq: *seq,
            now: *now,
            inputs: *inputs,
            trading: *trading,
            paused: *paused,
            markets: Cow::Borrowed(markets),
            orders: Cow::Borrowed(orders),
            positions: Cow::Borrowed(positions),
            account: Cow::Borrowed(account),
            timers: Cow::Borrowed(timers),
        })
    }

    /// The state that was saved, under this one's settings.
    pub(crate) fn restored(&self, saved: &Saved) -> Result<Self, RestoreError> {
        let kept: Kept<'_> = saved.read()?;
        let mut state = Self {
            settings: Rc::clone(&self.settings),
            seq: kept.seq,
            now: kept.now,
            inputs: kept.inputs,
            markets: kept.markets.into_owned(),
            orders: kept.orders.into_owned(),
            positions: kept.positions.into_owned(),
            account: kept.account.into_owned(),
            timers: kept.timers.into_owned(),
            trading: kept.trading,
            paused: kept.paused,
        };
        state.set_epoch(kept.epoch);
        Ok(state)
    }
}
