//! The table of checks, in the order in which they are made; the first that fails gives the refusal.
//!
//! A check gets a [`Case`] and answers with what it measured and what is allowed, or that it does not apply (its
//! limit is off, or the order is exempt, see [`Case::is_exempt`]), or that it cannot judge, which refuses.

mod exposure;
mod funds;
mod losses;
mod market;
mod size;
mod terms;
mod traffic;

use reprise_model::Code;

pub(crate) use self::exposure::Exposure;
pub(crate) use self::funds::hold;
pub(crate) use self::losses::{
    daily_loss, daily_loss_floor, day_start, drawdown, drawdown_floor, drawdown_fraction,
    drawdown_fraction_floor, peak,
};
use crate::case::Case;
use crate::finding::Checked;

/// A check and the code under which it refuses.
pub(crate) struct Check {
    pub(crate) code: Code,
    pub(crate) judge: fn(&Case<'_>) -> Checked,
}

const fn row(code: Code, judge: fn(&Case<'_>) -> Checked) -> Check {
    Check { code, judge }
}

/// Every check. The instrument was found before, under [`Code::UnknownInstrument`].
pub(crate) const CHECKS: &[Check] = &[
    row(Code::Halted, terms::not_halted),
    row(Code::Malformed, terms::well_formed),
    row(Code::PriceRule, terms::price_rule),
    row(Code::Lot, terms::lot),
    row(Code::ReduceOnly, terms::reduce_only),
    // Before the state that a breach of theirs leads to, so that the refusal tells the cause and its numbers.
    row(Code::MaxDailyLoss, losses::daily_loss_of),
    row(Code::MaxDrawdown, losses::drawdown_of),
    row(Code::MaxDrawdown, losses::drawdown_fraction_of),
    row(Code::MaxConsecutiveRejects, losses::rejects),
    row(Code::ReduceOnlyState, terms::reduces_in_reduce_only),
    row(Code::Operator, terms::not_paused),
    row(Code::NotAllowed, terms::allowed),
    row(Code::NoMarketData, market::has_price),
    row(Code::FeedNotLive, market::feed_is_live),
    row(Code::StaleData, market::is_fresh),
    row(Code::ClockSkew, market::clocks_agree),
    row(Code::BandsNotReady, market::bands_are_ready),
    row(Code::NoConversion, market::converts),
    row(Code::MinNotional, size::min_notional),
    row(Code::MaxOrderQty, size::max_order_qty),
    row(Code::MaxOrderNotional, size::max_order_notional),
    row(Code::PriceCollar, market::within_collar),
    row(Code::BandCollar, market::within_bands),
    row(Code::MaxSlippage, market::slippage),
    row(Code::MaxPositionQty, size::max_position_qty),
    row(Code::MaxPositionNotional, size::max_position_notional),
    row(Code::MaxGrossExposure, exposure::gross),
    row(Code::MaxNetExposure, exposure::net),
    row(Code::MaxLeverage, exposure::leverage),
    row(Code::MaxOpenOrders, traffic::max_open_orders),
    row(Code::MaxOpenOrders, traffic::max_open_orders_in_instrument),
    row(Code::OrderRate, traffic::order_rate),
    row(Code::OrderBurst, traffic::order_burst),
    row(Code::DuplicateOrder, traffic::duplicate),
    row(Code::SelfTrade, traffic::self_trade),
    row(Code::SpotShort, funds::spot_short),
    row(Code::InitialMargin, funds::initial_margin),
    row(Code::InsufficientFunds, funds::funds),
];
