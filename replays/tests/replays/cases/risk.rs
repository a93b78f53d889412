//! Markets for the cases that are about limits, losses and the kill switch.

use reprise_model::event::{Command, FeedState, Quote, TransferReason};
use reprise_model::{Instrument, Ts};

use crate::tape::{Tape, cents, level, of, perpetual, spot};

/// A quote in each of the instruments whose orders are to be denied, each for its own reason.
pub fn denials() -> Tape {
    let names =
        ["RULE-USD.SIM", "SIZE-USD.SIM", "BAND-USD.SIM", "FEED-USD.SIM", "SKEW-USD.SIM", "LATE-USD.SIM"];
    let mut instruments: Vec<Instrument> = names.iter().map(|id| spot(id)).collect();
    instruments.extend(["DARK-USD.SIM", "CROSS-USD.SIM", "EURO-EUR.SIM", "OFF-USD.SIM"].map(spot));
    instruments.push(perpetual("PERP-USD.SIM"));
    let digits = Instrument { significant_digits: Some(4), ..spot("DIGIT-USD.SIM") };
    instruments.push(digits);
    let mut tape = Tape::new(instruments);
    for id in names.iter().chain(&["EURO-EUR.SIM", "OFF-USD.SIM", "PERP-USD.SIM", "DIGIT-USD.SIM"]) {
        tape.quote(id, "100 5", "100.1 5");
    }
    tape.quote("CROSS-USD.SIM", "100.2 5", "100.1 5").quote("DARK-USD.SIM", "100 5", "");
    tape.feed("FEED-USD.SIM", FeedState::Stale);
    let venue_ts = Some(Ts(tape.now.0 - 9_000_000_000));
    let behind = |id| Quote {
        instrument: of(id),
        bid: level("100 5"),
        ask: level("100.1 5"),
        venue_ts,
        conflated: None,
    };
    tape.push(behind("SKEW-USD.SIM"));
    // Everything but the late one is fresh when the orders come.
    tape.wait(3_000);
    for id in names.iter().filter(|id| !["LATE-USD.SIM", "SKEW-USD.SIM"].contains(id)) {
        tape.quote(id, "100 5", "100.1 5");
    }
    tape.push(behind("SKEW-USD.SIM"));
    for id in ["EURO-EUR.SIM", "OFF-USD.SIM", "PERP-USD.SIM", "DIGIT-USD.SIM"] {
        tape.quote(id, "100 5", "100.1 5");
    }
    for n in 0..6 {
        tape.quote("BAND-USD.SIM", &format!("{} 5", 100 + n % 2), &format!("{}.1 5", 100 + n % 2));
    }
    for _ in 0..4 {
        tape.quote("RULE-USD.SIM", "100 5", "100.1 5");
    }
    tape
}

/// Two quiet instruments, in which orders pile up until the account's limits say no.
pub fn account_limits() -> Tape {
    let mut tape = Tape::new(vec![spot("A-USD.SIM"), spot("B-USD.SIM")]);
    for _ in 0..12 {
        tape.quote("A-USD.SIM", "100 50", "100.1 50").quote("B-USD.SIM", "50 50", "50.1 50");
    }
    tape
}

/// A fall that costs more than a day may, across the hour at which the day begins; then the switch is released.
pub fn daily_loss() -> Tape {
    const ID: &str = "BTC-USD.SIM";
    let mut tape = Tape::new(vec![spot(ID)]);
    tape.quote(ID, "100 50", "100.1 50")
        .quote(ID, "100 50", "100.1 50")
        .transfer("USD", "500", TransferReason::Deposit)
        .quote(ID, "99 50", "99.1 50")
        .quote(ID, "97 4", "97.1 50")
        .quote(ID, "96.9 4", "97.1 50")
        .wait(1_000)
        .quote(ID, "96.8 50", "97.1 50")
        .quote(ID, "96.8 50", "97.1 50")
        .operator(Command::Release, " ", |_| {})
        .quote(ID, "96.8 50", "97.1 50")
        .operator(Command::Release, "looked at it", |_| {})
        .quote(ID, "96.8 50", "97.1 50")
        .wait(60_000)
        .clock()
        .operator(Command::Release, "a new day", |_| {})
        .quote(ID, "96.8 50", "97.1 50")
        .quote(ID, "97 50", "97.1 50");
    tape
}

/// A rise and a fall from its peak, after which only what reduces may go.
pub fn drawdown() -> Tape {
    const ID: &str = "BTC-USD.SIM";
    let mut tape = Tape::new(vec![spot(ID)]);
    for bid in [10_000, 10_000, 10_400, 10_300, 10_190, 10_150, 10_150, 10_150, 10_150] {
        tape.quote(ID, &format!("{} 50", cents(bid)), &format!("{} 50", cents(bid + 9)));
    }
    tape.clock();
    tape
}

/// Post-only orders that cross, size that is gone when the order arrives, a time that is over, an order that is
/// filled before its cancel comes.
pub fn venue_refusals() -> Tape {
    const ID: &str = "BTC-USD.SIM";
    let mut tape = Tape::new(vec![spot(ID)]);
    for (bid, ask) in [
        ("100 5", "100.1 5"),
        ("100 5", ""),
        ("100 5", "100.1 5"),
        ("100 5", "100.1 5"),
        ("100.4 5", "100.5 5"),
        ("100.4 5", "100.5 5"),
        ("100.4 5", "100.5 5"),
        ("100.4 5", "100.5 5"),
        ("100.4 5", "100.5 5"),
        ("100.4 5", "100.5 5"),
        ("100.4 5", "100.5 5"),
        ("100.4 5", "100.5 5"),
    ] {
        tape.quote(ID, bid, ask);
    }
    tape.wait(1_000).clock();
    tape
}

/// Everything an operator can say, with orders open and positions held.
pub fn operator() -> Tape {
    const ID: &str = "BTC-USD.SIM";
    const OTHER: &str = "ETH-USD.SIM";
    let mut tape = Tape::new(vec![spot(ID), spot(OTHER)]);
    tape.quote(ID, "100 5", "100.1 5")
        .quote(OTHER, "10 50", "10.1 50")
        .quote(ID, "100 5", "100.1 5")
        .operator(Command::Pause, "lunch", |_| {})
        .quote(ID, "100 5", "100.1 5")
        .operator(Command::Resume, "back", |_| {})
        .operator(Command::SetLimit, "smaller", |said| {
            (said.key, said.value) = (Some("max_order_qty".to_owned()), Some("2".to_owned()));
        })
        .quote(ID, "100 5", "100.1 5")
        .operator(Command::CancelAll, "that market only", |said| said.instrument = Some(of(OTHER)))
        .quote(ID, "100 5", "100.1 5")
        .operator(Command::CancelAll, "that order", |said| said.order = Some(of("0-6")))
        .operator(Command::ReduceOnly, "careful", |_| {})
        .quote(ID, "100 5", "100.1 5")
        .operator(Command::Release, "fine again", |_| {})
        .quote(ID, "100 5", "100.1 5")
        .operator(Command::Kill, "enough", |_| {})
        .quote(ID, "100 5", "100.1 5")
        .operator(Command::Kill, "and sell", |said| (said.flatten, said.all) = (true, true))
        .quote(ID, "100 5", "100.1 5")
        .wait(4_000)
        .quote(OTHER, "10 50", "10.1 50")
        .quote(ID, "100 5", "100.1 5")
        .wait(4_000)
        .clock();
    tape
}

/// A rise and a fall of what is held, a feed that is lost and comes back, and an operator who stops and goes on.
pub fn alerts() -> Tape {
    const ID: &str = "BTC-USD.SIM";
    let mut tape = Tape::new(vec![spot(ID)]);
    for bid in [10_000, 10_000, 10_000, 10_000, 10_000, 10_100, 10_300, 10_250, 10_150, 9_900, 9_750, 9_850] {
        tape.quote(ID, &format!("{} 60", cents(bid)), &format!("{} 60", cents(bid + 10))).wait(200);
    }
    tape.feed(ID, FeedState::Gap)
        .wait(3_000)
        .clock()
        .feed(ID, FeedState::Live)
        .quote(ID, "99 60", "99.1 60")
        .operator(Command::Kill, "enough", |_| {})
        .operator(Command::Release, "looked at it", |_| {})
        .quote(ID, "98 60", "98.1 60")
        .wait(1_000)
        .quote(ID, "90 60", "90.1 60")
        .wait(30_000)
        .quote(ID, "90 60", "90.1 60")
        .wait(60_000)
        .clock();
    tape
}
