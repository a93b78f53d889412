//! What was kept is told again, word for word.

use proptest::prelude::*;
use reprise_model::event::{BookAction, Level};
use reprise_model::{Cash, FeeAsset, Input, InstrumentClass, Price, Qty, QuoteSource, Rate};
use tempfile::TempDir;

use super::*;
use crate::outlet::Closed;
use crate::settings::HyperliquidSettings;

/// Everything that came out, with its time.
#[derive(Debug, Default, PartialEq)]
struct Kept(Vec<(Ts, Input)>);

impl Outlet for Kept {
    fn take(&mut self, received: Ts, input: Input) -> Result<(), Closed> {
        self.0.push((received, input));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Closed> {
        Ok(())
    }

    fn is_waiting(&self) -> bool {
        false
    }
}

fn settings() -> FeedSettings {
    FeedSettings::Hyperliquid(HyperliquidSettings { coins: vec!["BTC".to_owned()], ..Default::default() })
}

fn listing(tick: &str) -> Listing {
    let definition = Instrument {
        instrument: "BTC-PERP.HYPERLIQUID".parse().unwrap(),
        class: InstrumentClass::Perpetual,
        base: "BTC".parse().unwrap(),
        quote: "USDC".parse().unwrap(),
        tick: tick.parse().unwrap(),
        significant_digits: Some(5),
        lot: Qty::ONE,
        min_notional: Cash::ONE,
        maker_fee: Rate::ZERO,
        taker_fee: Rate::ZERO,
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    };
    Listing { symbol: "BTC".to_owned(), heard_as: "BTC".to_owned(), definition }
}

/// Things to tell that own their texts.
#[derive(Debug, Clone)]
enum Thing {
    Started(u64),
    Defined(&'static str),
    Undefined(String),
    Connected,
    Frame(String),
    Closed(Option<u16>, String),
    Tick,
    Stopped,
}

impl Thing {
    fn told(&self) -> Told<'_> {
        match self {
            Self::Started(seed) => Told::Started { seed: *seed },
            Self::Defined(tick) => Told::Defined(vec![listing(tick)]),
            Self::Undefined(why) => Told::Undefined { why: why.clone() },
            Self::Connected => Told::Connected,
            Self::Frame(text) => Told::Frame(text),
            Self::Closed(code, why) => Told::Closed { code: *code, why: why.clone() },
            Self::Tick => Told::Tick,
            Self::Stopped => Told::Stopped,
        }
    }
}

fn frame() -> impl Strategy<Value = String> {
    let book = (0..50u32, 1..9u32).prop_map(|(time, size)| {
        format!(
            "{{\"channel\":\"l2Book\",\r\n\"data\":{{\"coin\":\"BTC\",\"time\":{time},\"levels\":[[{{\"px\":\"9\",\"sz\":\"{size}\"}}],[]]}}}}"
        )
    });
    let trade = (1..99u32).prop_map(|tid| {
        format!(
            "{{\"channel\":\"trades\",\"data\":[{{\"coin\":\"BTC\",\"side\":\"B\",\"px\":\"9\",\"sz\":\"1\",\"time\":1,\"tid\":{tid}}}]}}"
        )
    });
    let odd = prop_oneof![
        Just(String::new()),
        Just(" ".to_owned()),
        Just("\n".to_owned()),
        Just("{\"a\":\"\\n\\\"\"}".to_owned()),
        any::<String>(),
    ];
    prop_oneof![4 => book, 4 => trade, 2 => odd]
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        12 => frame().prop_map(Thing::Frame),
        2 => Just(Thing::Tick),
        1 => Just(Thing::Connected),
        1 => prop_oneof![Just("0.1"), Just("1")].prop_map(Thing::Defined),
        1 => any::<String>().prop_map(Thing::Undefined),
        1 => (any::<Option<u16>>(), any::<String>()).prop_map(|(code, why)| Thing::Closed(code, why)),
        1 => any::<u64>().prop_map(Thing::Started),
        1 => Just(Thing::Stopped),
    ]
}

/// Keeps the things, and gives back what a session makes of them at once.
fn keep(folder: &TempDir, rotate_bytes: u64, things: &[(u32, Thing)]) -> Kept {
    let mut live = Kept::default();
    let mut session = Session::new(&settings());
    let open = || {
        let settings = CaptureSettings { folder: folder.path().join("raw"), rotate_bytes };
        Capture::open(settings, "HYPERLIQUID").unwrap()
    };
    let mut capture = None;
    let (mut now, mut actions) = (Ts(1_700_000_000_000_000_000), Vec::new());
    for (ms, thing) in things {
        now = now.plus_ns(u64::from(*ms) * 1_000_000);
        if matches!(thing, Thing::Started(_)) {
            // Another process, with files of its own.
            session = Session::new(&settings());
            capture.iter_mut().for_each(Capture::flush);
            capture = None;
        }
        let capture = capture.get_or_insert_with(open);
        capture.told(now, &thing.told());
        session.tell(now, thing.told(), &mut actions);
        for action in actions.drain(..) {
            match action {
                Action::Emit(input) => live.take(now, input).unwrap(),
                Action::Send(text) => capture.sent(now, &text),
                Action::Define | Action::Connect | Action::Disconnect { .. } => {}
            }
        }
    }
    capture.iter_mut().for_each(Capture::flush);
    live
}

fn replay(folder: &TempDir) -> Kept {
    let mut again = Kept::default();
    let replayed = replay_capture(&folder.path().join("raw"), &settings(), &mut again).unwrap();
    assert_eq!(replayed.events, again.0.len() as u64);
    again
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Breaks when a capture, told again, gives other events, or at other times, than the feed gave that kept it.
    #[test]
    fn what_was_kept_gives_the_same_events(
        things in prop::collection::vec((0..20_000u32, thing()), 0..60),
        rotate_bytes in 1..4_000u64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let begun = [Thing::Started(5), Thing::Defined("0.1"), Thing::Connected];
        let things: Vec<_> = begun.into_iter().map(|thing| (1, thing)).chain(things).collect();
        let live = keep(&folder, rotate_bytes, &things);
        prop_assert_eq!(replay(&folder), live);
    }
}

/// Breaks when a capture whose writer died cannot be read, or when files do not grow to their size and no further.
#[test]
fn files_follow_each_other_and_may_end_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let things: Vec<(u32, Thing)> = [Thing::Started(5), Thing::Defined("1"), Thing::Connected]
        .into_iter()
        .chain((0..40).map(|tid| {
            Thing::Frame(format!(
                "{{\"channel\":\"trades\",\"data\":[{{\"coin\":\"BTC\",\"side\":\"B\",\"px\":\"9\",\"sz\":\"1\",\"time\":1,\"tid\":{tid}}}]}}"
            ))
        }))
        .map(|thing| (1, thing))
        .collect();
    let live = keep(&folder, 1_000, &things);
    assert_eq!(live.0.len(), 40 + 3, "trades, a definition, and two states");
    let raw = folder.path().join("raw");
    let paths: Vec<PathBuf> = files(&raw, "hyperliquid").unwrap().into_iter().map(|(_, path)| path).collect();
    assert!(paths[0].ends_with("hyperliquid-000001.frames") && paths.len() > 5, "{paths:?}");
    for path in &paths[..paths.len() - 1] {
        let len = fs::metadata(path).unwrap().len();
        assert!((1_000..2_500).contains(&len), "{len}");
    }
    let last = paths.last().unwrap();
    let mut bytes = fs::read(last).unwrap();
    bytes.extend_from_slice(b"1700000000000000000 < {\"chan");
    fs::write(last, &bytes).unwrap();
    assert_eq!(replay(&folder), live);
    let alone = replay_capture(&paths[1], &settings(), &mut Kept::default()).unwrap_err();
    assert!(matches!(alone, CaptureError::Middle { .. }), "{alone}");
}

/// Breaks when a capture that cannot be read is read, or its error does not say where and why.
#[test]
fn what_is_no_capture_is_refused() {
    let start = "1 start 0000000000000007\n";
    for (text, expected) in [
        ("x\n", "line 1 of the capture"),
        ("x y\n", "its time is no whole number"),
        ("1 what\n", "its mark is not known"),
        ("1 start g\n", "its seed is no hexadecimal number"),
        ("1 start 7\n2 close\n", "line 2 of the capture"),
        ("1 start 7\n2 close x \"\"\n", "its close code is no number"),
        ("1 start 7\n2 define [[]]\n", "its definitions cannot be read"),
        ("1 start 7\n2 undefined why\n", "its text is no JSON string"),
        ("1 open\n", "begins in the middle of a session"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hyperliquid-000001.frames");
        fs::write(&path, text).unwrap();
        let fault = replay_capture(&path, &settings(), &mut Kept::default()).unwrap_err().to_string();
        assert!(fault.contains(expected), "{text:?}: {fault}");
    }
    let folder = tempfile::tempdir().unwrap();
    let nothing = replay_capture(folder.path(), &settings(), &mut Kept::default()).unwrap_err();
    assert!(nothing.to_string().starts_with("there is no capture of HYPERLIQUID in "), "{nothing}");
    fs::write(folder.path().join("hyperliquid-000001.frames"), start).unwrap();
    let one = replay_capture(folder.path(), &settings(), &mut Kept::default()).unwrap();
    assert_eq!(one, Replayed { told: 1, events: 1 });
}

/// Breaks when a book loses its level or its action on the way through a capture's definitions and frames.
#[test]
fn kept_frames_keep_their_content() {
    let folder = tempfile::tempdir().unwrap();
    let book = "{\"channel\":\"l2Book\",\n\"data\":{\"coin\":\"BTC\",\"time\":1700000000000,\"levels\":[[{\"px\":\"9\",\"sz\":\"2\"}],[]]}}";
    let things = [Thing::Started(5), Thing::Defined("1"), Thing::Connected, Thing::Frame(book.to_owned())]
        .map(|one| (1, one));
    keep(&folder, 1 << 20, &things);
    let again = replay(&folder);
    let found = again.0.iter().find_map(|(_, input)| match input {
        Input::Book(book) => Some(book),
        _ => None,
    });
    let level = Level { price: Price::from_int(9).unwrap(), qty: Qty::from_int(2).unwrap() };
    let book = found.unwrap();
    assert_eq!((book.action, book.bids.as_slice(), book.asks.len()), (BookAction::Snapshot, &[level][..], 0));
}
