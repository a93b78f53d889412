//! Random lines against naive twins: a decoder that builds a tree, a crc that goes bit by bit.

use proptest::prelude::*;
use reprise_journal::line::{self, decode};
use reprise_model::codec::{RawJson, Writer};
use reprise_model::event::{
    Bar, Book, BookAction, Checkpoint, ClockAdvanced, Command, FeedState, FeedStatus, JournalCut,
    JournalSynced, OperatorCommand, OrderUnknown, Quote, RiskBands, RunEnded, TimerFired, Trade,
};
use reprise_model::event::{Class, Level};
use reprise_model::{Input, Label, OrderId, Outcome, Price, Qty, Record, Seq, Side, TimerId, Ts};
use serde_json::Value;

use crate::support;

/// CRC32C as its definition has it: one bit at a time.
fn naive_crc(seed: u32, bytes: &[u8]) -> u32 {
    let mut crc = !seed;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    !crc
}

fn price() -> impl Strategy<Value = Price> {
    (0..10_i64.pow(9), 0..10_u32.pow(6)).prop_map(|(a, b)| format!("{a}.{b:06}").parse().unwrap())
}

fn qty() -> impl Strategy<Value = Qty> {
    price().prop_map(|p| p.to_string().parse().unwrap())
}

fn level() -> impl Strategy<Value = Level> {
    (price(), qty()).prop_map(|(price, qty)| Level { price, qty })
}

fn ts() -> impl Strategy<Value = Ts> {
    prop_oneof![any::<u64>(), 0..1_000_u64, Just(u64::MAX)].prop_map(Ts)
}

fn instrument() -> impl Strategy<Value = reprise_model::InstrumentId> {
    "[A-Z0-9:/-]{1,12}\\.[A-Z]{1,8}".prop_map(|text| text.parse().unwrap())
}

fn market() -> impl Strategy<Value = Input> {
    let option = proptest::option::of::<BoxedStrategy<Level>>;
    let levels = || proptest::collection::vec(level(), 0..5);
    prop_oneof![
        (instrument(), option(level().boxed()), option(level().boxed()), proptest::option::of(ts()))
            .prop_map(|(instrument, bid, ask, venue_ts)| Input::from(Quote {
                instrument,
                bid,
                ask,
                venue_ts,
                conflated: None
            })),
        (instrument(), price(), qty(), any::<bool>(), "[a-z0-9]{1,20}").prop_map(
            |(instrument, price, qty, flag, id)| Input::from(Trade {
                instrument,
                price,
                qty,
                side: flag.then_some(Side::Buy),
                trade_id: Label::new(&id).ok(),
                historical: flag,
                venue_ts: None,
            })
        ),
        (instrument(), levels(), levels()).prop_map(|(instrument, bids, asks)| Input::from(Book {
            instrument,
            action: BookAction::Snapshot,
            bids,
            asks,
            venue_ts: None,
            conflated: None
        })),
        (instrument(), price(), price(), qty(), any::<u64>()).prop_map(
            |(instrument, open, close, volume, interval_ns)| Input::from(Bar {
                instrument,
                interval_ns,
                open,
                high: open,
                low: close,
                close,
                volume,
            })
        ),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        4 => market(),
        1 => (proptest::option::of(any::<String>()), any::<u64>()).prop_map(|(reason, n)| Input::from(FeedStatus {
            venue: Label::new("COINBASE").unwrap(),
            instrument: None,
            state: FeedState::Gap,
            reason,
            conflated: Some(n),
        })),
        1 => (any::<String>(), any::<String>(), any::<bool>()).prop_map(|(by, reason, flatten)| {
            Input::from(Box::new(OperatorCommand {
                flatten,
                all: !flatten,
                key: Some(reason.clone()),
                ..OperatorCommand::new(Command::Kill, &by, &reason)
            }))
        }),
        1 => Just(Input::from(ClockAdvanced {})),
        1 => any::<String>().prop_map(|text| {
            let mut started = support::started(reprise_model::event::RunMode::Live);
            started.config = RawJson::new(&serde_json::json!({"note": text, "list": [1, {"x": null}]}));
            started.run = text;
            Input::from(Box::new(started))
        }),
        1 => (any::<String>(), any::<u64>()).prop_map(|(reason, inputs)| {
            Input::from(Box::new(RunEnded { reason, inputs, content: "ab".to_owned() }))
        }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        (any::<u32>(), any::<u32>(), any::<String>()).prop_map(|(epoch, n, reason)| Outcome::from(
            OrderUnknown { order: OrderId { epoch, n }, reason }
        )),
        (instrument(), price(), price(), price()).prop_map(|(instrument, lower, middle, upper)| {
            Outcome::from(RiskBands { instrument, lower, middle, upper })
        }),
        (any::<u64>(), any::<u64>()).prop_map(|(timer, key)| Outcome::from(TimerFired {
            timer: TimerId(timer),
            owner: Label::new("twap").unwrap(),
            key
        })),
        (any::<u64>(), any::<String>()).prop_map(|(inputs, state)| Outcome::from(Checkpoint {
            inputs,
            state_version: 1,
            state,
            decisions: String::new()
        })),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    prop_oneof![
        (any::<u64>(), ts())
            .prop_map(|(through, at)| Record::from(JournalSynced { through: Seq(through), at })),
        (any::<u64>(), any::<String>()).prop_map(|(bytes, reason)| Record::from(JournalCut {
            bytes,
            kept: "cut.bin".to_owned(),
            reason
        })),
    ]
}

#[derive(Debug, Clone)]
enum Event {
    Input(Input, u32),
    Outcome(Outcome, u64),
    Record(Record),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (input(), prop_oneof![Just(0), any::<u32>()])
            .prop_map(|(input, outcomes)| Event::Input(input, outcomes)),
        (outcome(), any::<u64>()).prop_map(|(outcome, cause)| Event::Outcome(outcome, cause)),
        record().prop_map(Event::Record),
    ]
}

fn encode(event: &Event, seq: u64, ts: Ts, seed: u32) -> Vec<u8> {
    let mut w = Writer::new();
    match event {
        Event::Input(input, outcomes) => line::encode_input(&mut w, Seq(seq), ts, input, *outcomes),
        Event::Outcome(outcome, cause) => line::encode_outcome(&mut w, Seq(seq), ts, Seq(*cause), outcome),
        Event::Record(record) => line::encode_record(&mut w, Seq(seq), ts, record),
    }
    let mut bytes = w.into_bytes();
    line::end_line(&mut bytes, 0, seed);
    assert_eq!(bytes.pop(), Some(b'\n'));
    bytes
}

/// What a line says: class, number, time, kind, outcomes, cause, payload, crc.
type Said = (Class, u64, u64, String, u64, u64, Value, String);

/// By a tree.
fn naive(bytes: &[u8]) -> Option<Said> {
    let tree: Value = serde_json::from_slice(bytes).ok()?;
    let number = |key: &str| tree.get(key).and_then(Value::as_u64);
    let text = |key: &str| Some(tree.get(key)?.as_str()?.to_owned());
    let class = match (number("after"), number("cause")) {
        (Some(_), _) => Class::Record,
        (None, Some(_)) => Class::Outcome,
        (None, None) => Class::Input,
    };
    Some((
        class,
        number("seq").or(number("after"))?,
        number("ts")?,
        text("kind")?,
        number("outcomes").unwrap_or(0),
        number("cause").unwrap_or(0),
        tree.get("data")?.clone(),
        text("crc")?,
    ))
}

fn fast(bytes: &[u8]) -> Option<Said> {
    let line = decode(bytes).ok()?;
    Some((
        line.class,
        line.seq.0,
        line.ts.0,
        String::from_utf8(line.kind.to_vec()).ok()?,
        u64::from(line.outcomes),
        line.cause.0,
        serde_json::from_slice(line.payload).ok()?,
        format!("{:08x}", line.crc),
    ))
}

/// A failing case's seed is printed, and kept in a file beside this one, from which it is run again.
fn config() -> ProptestConfig {
    let seeds = proptest::test_runner::FileFailurePersistence::WithSource("regressions");
    ProptestConfig { cases: 400, failure_persistence: Some(Box::new(seeds)), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// Breaks when the fast decoder reads another thing than the line says.
    #[test]
    fn decoders_agree(event in event(), seq in any::<u64>(), ts in ts(), seed in any::<u32>()) {
        let bytes = encode(&event, seq, ts, seed);
        let twin = naive(&bytes);
        prop_assert!(twin.is_some());
        prop_assert_eq!(fast(&bytes), twin);
        let line = decode(&bytes).unwrap();
        prop_assert_eq!(line.crc, naive_crc(seed, &bytes[..bytes.len() - 18]));
        prop_assert_eq!(line.crc_after(seed), line.crc);
    }

    /// Breaks when a damaged line panics the decoder, or reads as something that is not in it.
    #[test]
    fn damaged_lines(
        event in event(),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encode(&event, 7, Ts(8), 9);
        let place = at.index(bytes.len());
        bytes[place] = to;
        if let (Some(fast), Some(naive)) = (fast(&bytes), naive(&bytes)) {
            prop_assert_eq!(fast, naive);
        }
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(decode(&bytes).is_err());
    }
}
