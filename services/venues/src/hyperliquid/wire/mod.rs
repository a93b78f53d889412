//! What Hyperliquid's answers and messages look like.
//!
//! Reading is tolerant: unknown fields are passed over and unknown words kept. Prices, sizes and money are
//! exact.
//!
//! Source: hyperliquid.gitbook.io, "Info endpoint", "Exchange endpoint", "Websocket".

mod account;
mod exchange;
mod market;
mod socket;

pub use account::{
    AssetPosition, ClearinghouseState, Funding, Leverage, MarginSummary, OpenOrder, OrderStatusAnswer,
    OrderStatusDetail, OrderUpdate, Position, SpotBalance, SpotState, UserFill, UserFills, UserFundings,
};
pub use exchange::{
    ExchangeAnswer, ExchangeContent, ExchangeStatuses, FilledOrder, OrderOutcome, RestingOrder,
};
pub use market::{
    ActiveAssetContext, AssetContext, Bbo, BookLevel, Candle, L2Book, Meta, PerpetualAsset, SideLetter,
    SpotMeta, SpotPair, SpotToken, Trade,
};
pub use socket::{Envelope, PostRequest, Request, Subscription};
