//! Limits of size, price, position, exposure and traffic.

use reprise_model::{Code, OrderId, Side};

use super::rows::{as_is, check, row};
use super::world::{EURO, OnCancel, OnNew, PERP, SPOT, World, buy, cash, id, order, qty, rate, sell};
use crate::RiskSettings;
use crate::settings::{BandSettings, CollarSides, Limits};

fn order_qty(s: &mut RiskSettings) {
    s.limits.max_order_qty = Some(qty("5"));
    s.instruments.insert(id(EURO), Limits { max_order_qty: Some(qty("2")), ..Limits::default() });
}

fn notional(s: &mut RiskSettings) {
    s.limits.max_order_notional = Some(cash("500"));
}

fn collar(s: &mut RiskSettings) {
    s.limits.price_collar = Some(rate("0.05"));
}

fn worse(s: &mut RiskSettings) {
    collar(s);
    s.limits.collar_sides = Some(CollarSides::Worse);
}

fn narrow(s: &mut RiskSettings) {
    s.limits.price_collar = Some(rate("0.0099"));
}

fn bands(s: &mut RiskSettings) {
    s.limits.band_collar = Some(true);
    s.bands = vec![BandSettings { window: 2, width: 1.0, interval_ms: 0, ..BandSettings::default() }];
}

fn warm(w: &mut World) {
    // Mids 100 and 102: mean 101, deviation 1.41421….
    w.quote(SPOT, "101", "103");
}

fn slippage(s: &mut RiskSettings) {
    s.limits.max_slippage = Some(rate("0.02"));
}

fn thin(w: &mut World) {
    w.asks(SPOT, &[("101", "1"), ("103", "1"), ("105", "1")]);
    w.quote_sized(SPOT, Some(("99", "1")), Some(("101", "1")));
}

/// Breaks when one order can be larger than allowed, or priced away from the market.
#[test]
fn size_and_price() {
    use Code::{BandCollar, BandsNotReady, MaxOrderNotional, MaxOrderQty, MaxSlippage, PriceCollar};
    check(vec![
        row("order qty", order_qty, as_is, buy("5"), None),
        row("order qty past", order_qty, as_is, buy("5.001"), Some((MaxOrderQty, "5.001", "5"))),
        row(
            "own limit of an instrument",
            order_qty,
            as_is,
            buy("2.001").of(EURO),
            Some((MaxOrderQty, "2.001", "2")),
        ),
        row("notional", notional, as_is, buy("5").limit("100"), None),
        row(
            "notional past",
            notional,
            as_is,
            buy("5.001").limit("100"),
            Some((MaxOrderNotional, "500.1", "500")),
        ),
        row(
            "a sale below the bid brings the bid",
            notional,
            as_is,
            sell("5.051").limit("50"),
            Some((MaxOrderNotional, "500.049", "500")),
        ),
        row("collar above", collar, as_is, buy("1").limit("105"), None),
        row("past it", collar, as_is, buy("1").limit("105.01"), Some((PriceCollar, "105.01", "105"))),
        row("collar below", collar, as_is, buy("1").limit("95"), None),
        row("past that", collar, as_is, buy("1").limit("94.99"), Some((PriceCollar, "94.99", "95"))),
        row("only what is worse: buy low", worse, as_is, buy("1").limit("94.99"), None),
        row("only what is worse: sell high", worse, as_is, sell("1").limit("105.01"), None),
        row(
            "only what is worse: sell low",
            worse,
            as_is,
            sell("1").limit("94.99"),
            Some((PriceCollar, "94.99", "95")),
        ),
        row("stop too far", collar, as_is, buy("1").stop("105.01"), Some((PriceCollar, "105.01", "105"))),
        row("market order meets the ask", narrow, as_is, buy("1"), Some((PriceCollar, "101", "100.99"))),
        row("bands cold", bands, as_is, buy("1"), Some((BandsNotReady, "not ready", "ready"))),
        row("upper band", bands, warm, buy("1").limit("102.41"), None),
        row("above it", bands, warm, buy("1").limit("102.42"), Some((BandCollar, "102.42", "102.41"))),
        row("lower band", bands, warm, sell("1").limit("99.59"), None),
        row("below it", bands, warm, sell("1").limit("99.58"), Some((BandCollar, "99.58", "99.59"))),
        row("slippage within", slippage, thin, buy("2"), None),
        row("slippage past", slippage, thin, buy("2.001"), Some((MaxSlippage, "0.020014992504", "0.02"))),
        row("too little depth", slippage, thin, buy("3.001"), Some((MaxSlippage, "3", "3.001"))),
        row("a limit waits for what it does not find", slippage, thin, buy("9").limit("103"), None),
        row("what rests has no slippage", slippage, thin, buy("9").limit("100"), None),
    ]);
}

fn position(s: &mut RiskSettings) {
    s.limits.max_position_qty = Some(qty("5"));
}

fn position_notional(s: &mut RiskSettings) {
    s.limits.max_position_notional = Some(cash("500"));
}

fn two_and_two(w: &mut World) {
    w.own("a", SPOT, Side::Buy, "2");
    w.must(buy("2").limit("90").by("b").terms());
}

fn unknown(w: &mut World) {
    w.own("a", SPOT, Side::Buy, "2");
    w.venue_does(OnNew::Lose);
    w.must(buy("2").limit("90").terms());
}

fn unanswered_cancel(w: &mut World) {
    two_and_two(w);
    w.venue_cancels(OnCancel::Silence);
    let open: Vec<OrderId> = w.state().orders.open().map(|o| o.id).collect();
    w.cancel(open[0]);
}

fn gross(s: &mut RiskSettings) {
    s.max_gross_exposure = Some(cash("1000"));
}

fn net(s: &mut RiskSettings) {
    s.max_net_exposure = Some(cash("100"));
}

fn five(w: &mut World) {
    w.own("a", SPOT, Side::Buy, "1");
    w.quote(SPOT, "499", "501");
}

fn leverage(s: &mut RiskSettings) {
    s.limits.leverage = Some(rate("5"));
    s.max_leverage = Some(rate("0.5"));
}

fn open_orders(s: &mut RiskSettings) {
    s.max_open_orders = Some(2);
}

fn open_in_instrument(s: &mut RiskSettings) {
    s.limits.max_open_orders = Some(1);
}

fn one_open(w: &mut World) {
    w.must(buy("1").limit("90").terms());
}

fn two_open(w: &mut World) {
    one_open(w);
    w.must(buy("1").limit("80").of(EURO).terms());
}

/// Breaks when a position can grow past its limit, counting everything that is open at its worst.
#[test]
fn positions_and_exposure() {
    use Code::{
        MaxGrossExposure, MaxLeverage, MaxNetExposure, MaxOpenOrders, MaxPositionNotional, MaxPositionQty,
    };
    let past = Some((MaxPositionQty, "5.001", "5"));
    check(vec![
        row("position", position, two_and_two, buy("1"), None),
        row("position past", position, two_and_two, buy("1.001"), past),
        row("unknown orders count", position, unknown, buy("1.001"), past),
        row("cancels on their way count as open", position, unanswered_cancel, buy("1.001"), past),
        row("the other way", position, two_and_two, sell("7"), None),
        row("the other way past", position, two_and_two, sell("7.001"), past),
        row("position notional", position_notional, two_and_two, buy("1"), None),
        row(
            "position notional past",
            position_notional,
            two_and_two,
            buy("1.001"),
            Some((MaxPositionNotional, "500.1", "500")),
        ),
        row("gross", gross, five, order(PERP, Side::Sell, "50"), None),
        row(
            "gross past",
            gross,
            five,
            order(PERP, Side::Sell, "50.001"),
            Some((MaxGrossExposure, "1000.01", "1000")),
        ),
        row("gross in another asset", gross, five, buy("5.05").of(EURO), None),
        row(
            "gross in another asset past",
            gross,
            five,
            buy("5.051").of(EURO),
            Some((MaxGrossExposure, "1000.049", "1000")),
        ),
        row("net long", net, as_is, order(PERP, Side::Buy, "10"), None),
        row(
            "net long past",
            net,
            as_is,
            order(PERP, Side::Buy, "10.001"),
            Some((MaxNetExposure, "100.01", "100")),
        ),
        row("net short", net, as_is, order(PERP, Side::Sell, "10"), None),
        row(
            "net short past",
            net,
            as_is,
            order(PERP, Side::Sell, "10.001"),
            Some((MaxNetExposure, "100.01", "100")),
        ),
        // Equity is 100,000 USD and 100,000 EUR at 1.1.
        row("leverage", leverage, as_is, order(PERP, Side::Buy, "10500").limit("10"), None),
        row(
            "leverage past",
            leverage,
            as_is,
            order(PERP, Side::Buy, "10500.001").limit("10"),
            Some((MaxLeverage, "0.500000047619", "0.5")),
        ),
        row("open orders", open_orders, one_open, buy("1").limit("90"), None),
        row("open orders past", open_orders, two_open, buy("1").limit("90"), Some((MaxOpenOrders, "3", "2"))),
        row("open orders elsewhere", open_in_instrument, one_open, buy("1").limit("80").of(EURO), None),
        row(
            "open orders here",
            open_in_instrument,
            one_open,
            buy("1").limit("80"),
            Some((MaxOpenOrders, "2", "1")),
        ),
    ]);
}

/// Breaks when orders can leave faster than allowed, twice, or against each other.
#[test]
fn traffic() {
    use Code::{DuplicateOrder, OrderBurst, OrderRate, SelfTrade};
    fn limited(s: &mut RiskSettings) {
        s.order_rate = Some(2);
    }
    fn burst(s: &mut RiskSettings) {
        s.order_burst = Some(2);
    }
    fn twins(s: &mut RiskSettings) {
        s.duplicate_window_ms = 1_000;
    }
    fn apart(s: &mut RiskSettings) {
        s.self_trade = true;
    }
    fn twice(w: &mut World) {
        w.must(buy("1").limit("90").terms());
        w.must(buy("2").limit("90").terms());
    }
    fn twice_and_wait(w: &mut World, ms: u64) {
        twice(w);
        w.later(ms);
    }
    fn offer(w: &mut World) {
        w.must(sell("1").limit("100.5").by("b").terms());
        w.must(sell("1").limit("102").by("b").terms());
    }
    let past = Some((OrderRate, "3", "2"));
    check(vec![
        row("rate past", limited, |w| twice_and_wait(w, 999), buy("3").limit("90"), past),
        row("rate after its window", limited, |w| twice_and_wait(w, 1_000), buy("3").limit("90"), None),
        row("burst past", burst, twice, buy("3").limit("90"), Some((OrderBurst, "3", "2"))),
        row("burst a moment later", burst, |w| twice_and_wait(w, 1), buy("3").limit("90"), None),
        row(
            "the same",
            twins,
            |w| twice_and_wait(w, 999),
            buy("2").limit("90"),
            Some((DuplicateOrder, "999", "1000")),
        ),
        row("the same later", twins, |w| twice_and_wait(w, 1_000), buy("2").limit("90"), None),
        row("another price", twins, twice, buy("2").limit("90.01"), None),
        row("another strategy", twins, twice, buy("2").limit("90").by("b"), None),
        row("below own offer", apart, offer, buy("1").limit("100.49"), None),
        row("at own offer", apart, offer, buy("1").limit("100.5"), Some((SelfTrade, "100.5", "100.5"))),
        row("through own offer at market", apart, offer, buy("1"), Some((SelfTrade, "101", "100.5"))),
        row("a trigger waits", apart, offer, buy("1").stop("103"), None),
    ]);
}
