//! What Coinbase's messages look like.
//!
//! Reading is tolerant: unknown fields are passed over, words that are not known are kept or marked as such,
//! numbers and booleans may be quoted. Prices, sizes and money are exact.
//!
//! Source: docs.cdp.coinbase.com, "Advanced Trade API", REST reference and WebSocket channels.

mod orders;
mod products;
mod socket;

pub use orders::{
    CancelAnswer, CancelOrders, CancelResult, CreateOrder, CreateOrderAnswer, CreatedOrder, EditOrder,
    EditOrderAnswer, Fill, FillList, LimitFok, LimitGtc, LimitGtd, LimitIoc, Market, Order, OrderAnswer,
    OrderConfiguration, OrderList, OrderRefused, OrderSide, OrderState, ScaledGtc, StopDirection,
    StopLimitGtc, StopLimitGtd, TriggerBracketGtc, TriggerBracketGtd, TwapGtd,
};
pub use products::{
    Account, AccountList, Amount, BookAnswer, BookLevel, KeyPermissions, Product, ProductBook, ProductList,
    ServerTime,
};
pub use socket::{
    BookEvent, BookSide, BookUpdate, Candle, CandlesEvent, Envelope, EventKind, Heartbeat, MarketTrade,
    MarketTradesEvent, ProductStatus, Request, RequestKind, StatusEvent, SubscriptionsEvent, Ticker,
    TickerEvent, UserEvent, UserOrder,
};
