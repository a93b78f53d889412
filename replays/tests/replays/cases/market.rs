//! Markets for the cases that are about orders, fills and positions.

use reprise_model::event::{BookAction, FeedState, Trade, TransferReason};
use reprise_model::{FeeAsset, Instrument, Label, QuoteSource, Side};

use crate::tape::{Tape, cents, of, perpetual, spot};

const BTC: &str = "BTC-USD.SIM";
const ETH: &str = "ETH-BTC.SIM";

fn btc() -> Instrument {
    Instrument { fee_asset: FeeAsset::BaseOnBuy, maker_fee: of("-0.0001"), ..spot(BTC) }
}

/// Ten quotes around 100, with size that runs out and a price that walks up, down, and through the stops.
pub fn spot_orders() -> Tape {
    let mut tape = Tape::new(vec![btc()]);
    tape.quote(BTC, "100 5", "101 5")
        .quote(BTC, "100 5", "101 5")
        .quote(BTC, "100.2 5", "100.8 4")
        .quote(BTC, "100.2 5", "100.7 3")
        .trade(BTC, Side::Buy, "100.7", "0.5")
        .quote(BTC, "99.4 5", "99.5 0.4")
        .quote(BTC, "99.3 2", "99.5 6")
        .trade(BTC, Side::Sell, "98", "1")
        .quote(BTC, "102 5", "102.5 5")
        .trade(BTC, Side::Buy, "103", "2")
        .quote(BTC, "104 5", "104.5 5")
        .wait(2_000)
        .quote(BTC, "105 5", "105.5 5")
        .quote(BTC, "104 5", "104.5 5")
        .clock();
    tape
}

/// Prices that reach a target, a stop, and one member of a pair.
pub fn groups() -> Tape {
    let mut tape = Tape::new(vec![spot(BTC)]);
    tape.quote(BTC, "100 5", "100.1 3")
        .quote(BTC, "100 5", "100.1 5")
        .quote(BTC, "105.2 2", "105.3 5")
        .quote(BTC, "105.2 5", "105.3 5")
        .quote(BTC, "100 5", "100.1 5")
        .quote(BTC, "94.8 5", "94.9 5")
        .quote(BTC, "96 5", "96.1 5")
        .quote(BTC, "96 5", "96.1 5")
        .quote(BTC, "99 1", "99.1 5")
        .quote(BTC, "99.2 5", "99.3 5")
        .quote(BTC, "90 5", "90.1 5")
        .quote(BTC, "100 5", "100.1 5");
    tape
}

/// A book that is assembled, lost and assembled again; trades that work through the queues.
pub fn queues() -> Tape {
    let mut tape = Tape::new(vec![Instrument { quote_source: QuoteSource::Book, ..btc() }]);
    let (snapshot, update) = (BookAction::Snapshot, BookAction::Update);
    tape.feed(BTC, FeedState::Live)
        .book(BTC, snapshot, "100 5, 99.9 8, 99.8 2", "100.1 4, 100.2 6, 100.3 9")
        .book(BTC, update, "100 6", "")
        .trade(BTC, Side::Sell, "100", "2")
        .book(BTC, update, "100 4", "")
        .book(BTC, update, "100 2.5", "")
        .trade(BTC, Side::Sell, "100", "3")
        .book(BTC, update, "100 0, 99.9 5", "100.1 3")
        .trade(BTC, Side::Buy, "100.3", "1")
        .book(BTC, update, "", "100.1 0, 100.2 0")
        .feed(BTC, FeedState::Gap)
        .wait(500)
        .feed(BTC, FeedState::Stale)
        .book(BTC, snapshot, "101 5, 100.9 8", "101.1 4, 101.2 6")
        .feed(BTC, FeedState::Live)
        .book(BTC, update, "101 4", "101.1 5")
        .define(Instrument { tick: of("0.1"), quote_source: QuoteSource::Book, ..btc() })
        .book(BTC, update, "101 3", "101.1 6")
        .trade(BTC, Side::Sell, "101", "1")
        .book(BTC, update, "101 0, 100.9 0, 100.5 3", "101.1 0, 100.7 4")
        .wait(3_000)
        .feed(BTC, FeedState::Down)
        .transfer("USD", "-25", TransferReason::Withdrawal)
        .clock();
    tape
}

/// A level that shrinks before the trade that took from it is told, and after; trades from before the
/// subscription; a stop that a quote triggers.
pub fn late_trades() -> Tape {
    let mut tape = Tape::new(vec![spot(BTC)]);
    let old = Trade {
        instrument: of(BTC),
        price: of("90"),
        qty: of("100"),
        side: None,
        trade_id: Some(Label::new("old").unwrap()),
        historical: true,
        venue_ts: None,
    };
    tape.quote(BTC, "100 5", "100.2 5")
        .push(old)
        .quote(BTC, "100 3", "100.2 5")
        .trade(BTC, Side::Sell, "100", "2")
        .trade(BTC, Side::Sell, "100", "1.5")
        .quote(BTC, "100 1.5", "100.2 5")
        .wait(1_500)
        .quote(BTC, "100 0.5", "100.2 5")
        .trade(BTC, Side::Sell, "100", "1")
        .quote(BTC, "", "100.2 5")
        .quote(BTC, "100 2", "100.1 5")
        .quote(BTC, "101 2", "101.4 5")
        .quote(BTC, "101 2", "101.4 5");
    tape
}

/// Bars that gap, that hold a stop and a target at once, and that touch a limit without trading through it.
pub fn bars() -> Tape {
    let mut tape = Tape::new(vec![Instrument { quote_source: QuoteSource::Bars, ..spot(BTC) }]);
    for ohlc in [
        ["100", "101", "99", "100.5"],
        ["100.5", "102", "100", "101"],
        ["101", "103", "100.5", "102.5"],
        ["102.5", "104", "98", "103"],
        ["99", "99.5", "95", "96"],
        ["96", "97", "94", "96.5"],
        ["96.5", "99", "96", "98"],
        ["98", "101", "97", "100"],
        ["100", "106", "99.5", "105"],
        ["105", "107", "101", "102"],
        ["102", "103", "98", "99"],
        ["99", "100", "93", "94"],
    ] {
        tape.bar(BTC, ohlc);
    }
    tape
}

/// Two strategies against each other in one perpetual; funding both ways; then the mark falls until the venue
/// closes what is left.
pub fn perpetual_positions() -> Tape {
    const PERP: &str = "BTC-USD.PERP";
    let mut tape = Tape::new(vec![perpetual(PERP)]);
    tape.quote(PERP, "100 20", "100.1 20")
        .mark(PERP, "100.05", "100.02")
        .quote(PERP, "100 20", "100.1 20")
        .quote(PERP, "100.1 20", "100.2 20")
        .wait(1_000)
        .funding(PERP, "0.0001")
        .quote(PERP, "101 20", "101.1 20")
        .mark(PERP, "101.2", "101.1")
        .quote(PERP, "101.4 20", "101.5 20")
        .trade(PERP, Side::Buy, "102", "3")
        .wait(1_000)
        .funding(PERP, "-0.00025")
        .quote(PERP, "99 20", "99.1 20")
        .mark(PERP, "98.9", "99")
        .quote(PERP, "99 20", "99.1 20")
        .transfer("USD", "12.5", TransferReason::Interest)
        .mark(PERP, "90", "90.1")
        .quote(PERP, "86 3", "86.2 1")
        .mark(PERP, "75", "75.1")
        .wait(1_000)
        .funding(PERP, "0.0001")
        .quote(PERP, "85 20", "85.2 20");
    tape
}

/// A wandering price in two instruments, one quoted in the other's base; enough of it for averages and bands.
pub fn side_by_side() -> Tape {
    let mut tape = Tape::new(vec![spot(BTC), spot(ETH)]);
    let mut dice: u64 = 7;
    let mut draw = |below: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % below
    };
    let (mut btc, mut eth) = (10_000, 500);
    for n in 0..110_u64 {
        // A slow wave under the noise, so that the averages cross.
        let drift = if n % 50 < 25 { 3 } else { 0 };
        btc = btc + draw(18) + drift - 10;
        tape.quote(
            BTC,
            &format!("{} {}", cents(btc), 1 + draw(4)),
            &format!("{} {}", cents(btc + 8), 1 + draw(4)),
        );
        if n % 3 == 0 {
            eth = eth + draw(5) - 2;
            tape.quote(ETH, &format!("{} 9", cents(eth)), &format!("{} 9", cents(eth + 1)));
        }
        if n % 4 == 1 {
            let side = if draw(2) == 0 { Side::Buy } else { Side::Sell };
            tape.trade(BTC, side, &cents(btc + draw(16) - 4), "0.75");
        }
    }
    tape
}
