//! Strategies: the trait that users write against, the host that runs instances of them in the core, and the
//! built-in kinds.
//!
//! A [`Strategy`] sees what concerns it and answers with intents through its [`StrategyContext`]. It cannot state
//! a fill and cannot pass an order around risk: the context has no such method, and the core hands the means to
//! nobody but the risk gate.
//!
//! ```
//! use reprise_strategies::{
//!     InstrumentIx, OrderUpdate, ParamError, PerInstrument, Price, Qty, Registry, Strategy,
//!     StrategyContext, params, text,
//! };
//!
//! params! {
//!     /// Parameters of `up-tick`.
//!     pub struct UpTickParams {
//!         /// How much each order buys, in base units.
//!         pub qty: Qty = text("0.01"),
//!     }
//! }
//!
//! /// Buys whenever the mid is higher than before.
//! struct UpTick {
//!     qty: Qty,
//!     last_mid: PerInstrument<Option<Price>>,
//! }
//!
//! impl UpTick {
//!     fn new(params: UpTickParams) -> Result<Self, ParamError> {
//!         Ok(Self { qty: params.qty, last_mid: PerInstrument::default() })
//!     }
//! }
//!
//! impl Strategy for UpTick {
//!     fn on_quote(&mut self, ix: InstrumentIx, cx: &mut StrategyContext<'_>) {
//!         let Some(mid) = cx.mid(ix) else { return };
//!         let last = self.last_mid.of(ix).replace(mid);
//!         if last.is_some_and(|last| mid > last) {
//!             cx.buy(ix, self.qty);
//!         }
//!     }
//! }
//!
//! let mut registry = Registry::builtin();
//! registry.register("up-tick", "Buys whenever the mid is higher than before.", UpTick::new)?;
//! assert!(registry.help().contains("up-tick"));
//! # Ok::<(), reprise_strategies::StrategyError>(())
//! ```
//!
//! What it cannot do does not compile:
//!
//! ```compile_fail,E0599
//! use reprise_strategies::{Fill, StrategyContext};
//!
//! fn invent_a_fill(fill: Fill, cx: &mut StrategyContext<'_>) {
//!     cx.emit(fill);
//! }
//! ```
//!
//! With that, a configuration can run any number of instances of it:
//!
//! ```toml
//! [[strategy]]
//! id = "up"
//! kind = "up-tick"
//! instruments = ["BTC-USD.COINBASE"]
//! qty = "0.05"
//! ```

mod bars;
pub mod builtin;
mod context;
mod error;
mod host;
mod intent;
mod params;
mod per_instrument;
mod registry;
mod strategy;

pub use context::StrategyContext;
pub use error::StrategyError;
pub use host::{InstanceSettings, StrategyHost};
pub use intent::{OrderIntent, Size};
pub use params::{Param, ParamError, ParamMap, ParamValue, Params, text};
#[doc(hidden)]
pub use params::{check_names, take};
pub use per_instrument::PerInstrument;
pub use registry::{Registry, StrategyKind};
pub use strategy::{BarOrigin, OrderChange, OrderUpdate, OwnFill, Strategy};

// What a strategy needs of the rooms below, so that its crate depends on this one alone.
pub use reprise_core::{
    Bands, InstrumentIx, LastTrade, Market, Order, OrderBook, Position, RestoreError, Saved,
};
pub use reprise_model::event::{
    Bar, Book, CancelReason, Fill, Funding, Level, NewTerms, Trade, TradingState,
};
pub use reprise_model::{
    Asset, Cash, Code, Instrument, InstrumentId, MoneyError, OrderId, OrderStatus, OrderType, Price, Qty,
    QuoteSource, Rate, Refusal, RequestOf, Side, StrategyId, TimeInForce, Ts,
};
