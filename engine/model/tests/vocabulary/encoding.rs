//! Every kind's encoding: written, read and written again; with fields it does not know; and damaged.

use proptest::prelude::*;
use reprise_model::codec::{ReadError, Reader, Writer, from_bytes, to_bytes};
use reprise_model::event::{Book, FeedStatus, OrderRequested, OrderSubmitted, Quote, RiskBreach, Trade};
use reprise_model::{Input, Outcome, Record};

use crate::arbitrary::{Arbitrary, Dice, Event, one_of_each};
use crate::schema;

impl Event {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Input(e) => e.kind(),
            Self::Outcome(e) => e.kind(),
            Self::Record(e) => e.kind(),
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut w = Writer::new();
        match self {
            Self::Input(e) => e.write_data(&mut w),
            Self::Outcome(e) => e.write_data(&mut w),
            Self::Record(e) => e.write_data(&mut w),
        }
        w.into_bytes()
    }

    /// Reads data of this event's kind; the names that were not known beside it.
    fn read(&self, bytes: &[u8]) -> Result<(Self, Vec<String>), ReadError> {
        let (kind, mut r) = (self.kind().as_bytes(), Reader::new(bytes));
        let read = match self {
            Self::Input(_) => Input::read_data(kind, &mut r).expect("an input's kind").map(Self::Input),
            Self::Outcome(_) => {
                Outcome::read_data(kind, &mut r).expect("an outcome's kind").map(Self::Outcome)
            }
            Self::Record(_) => Record::read_data(kind, &mut r).expect("a record's kind").map(Self::Record),
        }?;
        r.finish()?;
        Ok((read, r.unknown().to_vec()))
    }
}

/// The offsets at which the fields of the outermost object begin, and that of its closing brace.
fn field_starts(bytes: &[u8]) -> Vec<usize> {
    let (mut depth, mut in_string, mut escaped, mut starts) = (0, false, false, Vec::new());
    for (at, &byte) in bytes.iter().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        if (depth == 1 && matches!(byte, b'{' | b',')) && bytes.get(at + 1) != Some(&b'}') {
            starts.push(at + 1);
        }
    }
    starts.push(bytes.len() - 1);
    starts
}

/// The fields of the outermost object, as they stand there.
fn fields(bytes: &[u8]) -> Vec<Vec<u8>> {
    let starts = field_starts(bytes);
    let (last, starts) = starts.split_last().expect("at least the brace");
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([*last]);
    starts.iter().zip(ends).map(|(&start, end)| bytes[start..end].to_vec()).collect()
}

fn object(fields: &[Vec<u8>]) -> Vec<u8> {
    [b"{", fields.join(&b","[..]).as_slice(), b"}"].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    /// Breaks when an event does not come back as it was, has two spellings, or does not fit its own schema.
    #[test]
    fn every_kind_comes_back(seed: u64) {
        for event in one_of_each(&mut Dice(seed)) {
            let bytes = event.write();
            let (read, unknown) = event.read(&bytes).unwrap_or_else(|e| panic!("{event:?}: {e}"));
            prop_assert_eq!(&read, &event);
            prop_assert!(unknown.is_empty());
            prop_assert_eq!(read.write(), bytes.clone());
            let row = reprise_model::event::kind_row(event.kind()).expect("a row");
            let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            if let Err(why) = schema::check(&(row.schema)(), &value) {
                panic!("{}: {why}\n{value}", event.kind());
            }
        }
    }

    /// Breaks when a field of a later version stops an older reader, is dropped without a word, or is noted
    /// under another name.
    #[test]
    fn unknown_fields_are_noted(seed: u64) {
        let values: [&[u8]; 6] = [b"1", b"\"a,}\\\"\"", b"null", b"{\"bid\":[1,{\"x\":\"}\"}]}", b"[]", b"-0.5e3"];
        let mut dice = Dice(seed);
        for event in one_of_each(&mut dice) {
            let own = fields(&event.write());
            for at in 0..=own.len() {
                let value = values[dice.below(values.len())];
                let mut with = own.clone();
                with.insert(at, [b"\"from_later\":", value].concat());
                let (read, unknown) = event
                    .read(&object(&with))
                    .unwrap_or_else(|e| panic!("{}: {e}", String::from_utf8_lossy(&object(&with))));
                prop_assert_eq!(&read, &event);
                prop_assert_eq!(unknown, ["from_later"]);
            }
        }
    }

    /// Breaks when an event with a field twice, two fields exchanged, or a needed field left out, is read as if
    /// nothing were wrong.
    #[test]
    fn fields_stand_once_and_in_order(seed: u64) {
        for event in one_of_each(&mut Dice(seed)) {
            let own = fields(&event.write());
            for at in 0..own.len() {
                let mut twice = own.clone();
                twice.insert(at, own[at].clone());
                prop_assert!(event.read(&object(&twice)).is_err(), "{} twice", event.kind());
                if at > 0 {
                    let mut swapped = own.clone();
                    swapped.swap(at - 1, at);
                    prop_assert!(event.read(&object(&swapped)).is_err(), "{} swapped", event.kind());
                }
                let mut without = own.clone();
                without.remove(at);
                // What may be left out is another event then, and not this one.
                if let Ok((read, _)) = event.read(&object(&without)) {
                    prop_assert_ne!(&read, &event);
                    prop_assert_eq!(read.write(), object(&without));
                }
            }
        }
    }

    /// Breaks when half an event, or one with a changed byte, panics or passes for an event that would be
    /// written in another way.
    #[test]
    fn damage_is_found(seed: u64) {
        let mut dice = Dice(seed);
        for event in one_of_each(&mut dice) {
            let bytes = event.write();
            for end in 0..bytes.len() {
                prop_assert!(event.read(&bytes[..end]).is_err(), "{} cut at {end}", event.kind());
            }
            for at in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << dice.below(8);
                if let Ok((read, unknown)) = event.read(&damaged) {
                    // A changed digit is another number; a changed name is an unknown field.
                    prop_assert!(
                        !unknown.is_empty() || read.write() == damaged,
                        "{} reads as {}",
                        String::from_utf8_lossy(&damaged),
                        String::from_utf8_lossy(&read.write())
                    );
                }
            }
        }
    }

    /// Breaks when any bytes at all make a reader panic.
    #[test]
    fn noise_never_panics(seed: u64, noise in proptest::collection::vec(any::<u8>(), 0..80)) {
        for event in one_of_each(&mut Dice(seed)) {
            let _ = event.read(&noise);
            let _ = event.read(&[b"{", noise.as_slice(), b"}"].concat());
        }
    }

    /// Breaks when the digest's form of an event tells the epoch, or differs in anything else.
    #[test]
    fn digests_hide_the_epoch_alone(seed: u64) {
        let mut dice = Dice(seed);
        let order = OrderRequested::arbitrary(&mut dice);
        let other = OrderRequested { order: reprise_model::OrderId { epoch: 7, ..order.order }, ..order.clone() };
        let form = |event: &OrderRequested| {
            let mut w = Writer::for_digest();
            Outcome::from(Box::new(event.clone())).write_data(&mut w);
            w.into_bytes()
        };
        prop_assert_eq!(form(&order), form(&other));
        let told = format!("\"order\":\"{}-", order.order.epoch);
        let plain = String::from_utf8(to_bytes(&order)).expect("text");
        prop_assert_eq!(form(&order), plain.replacen(&told, "\"order\":\"-", 1).into_bytes());
    }
}

/// Breaks when the wire form of the common events changes: every journal ever written would read differently.
#[test]
fn forms_are_pinned() {
    let quote = r#"{"instrument":"BTC-USD.COINBASE","bid":"97012.34","bid_size":"0.51","ask":"97012.35","ask_size":"1.2","venue_ts":1763675591120000000}"#;
    let one_sided = r#"{"instrument":"BTC-USD.COINBASE","ask":"1","ask_size":"0"}"#;
    let trade = r#"{"instrument":"A.B","price":"0.000000000001","qty":"1","side":"sell","trade_id":"7","historical":true}"#;
    let book = r#"{"instrument":"A.B","action":"snapshot","bids":[["1","2"],["0.5","3"]],"asks":[]}"#;
    let submitted = r#"{"order":"0-1","strategy":"s","instrument":"A.B","side":"buy","order_type":"stop_limit","time_in_force":"gtd","qty":"1","price":"2","stop_price":"3","expire_ts":4,"post_only":true,"reduce_only":true,"group":{"id":1,"role":"oco"},"take_profit":"5","stop_loss":"6","origin":"bracket","intent":7,"note":"a\"\\\n\u0001é","hold":{"asset":"USD","amount":"2"}}"#;
    let breach = r#"{"code":701,"rule":"max_daily_loss","measured":"-5","limit":"4"}"#;
    fn same<T: reprise_model::codec::Field + std::fmt::Debug>(text: &str) {
        let value: T = from_bytes(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(String::from_utf8(to_bytes(&value)).expect("text"), text);
    }
    same::<Quote>(quote);
    same::<Quote>(one_sided);
    same::<Trade>(trade);
    same::<Book>(book);
    same::<OrderSubmitted>(submitted);
    same::<RiskBreach>(breach);
}

/// Breaks when a second spelling of a value is read: bytes could then differ though nothing did.
#[test]
fn other_spellings_are_refused() {
    let trade = |rest: &str| format!(r#"{{"instrument":"A.B",{rest}}}"#);
    let rows = [
        ("a number for a decimal", trade(r#""price":1,"qty":"1""#)),
        ("a trailing zero", trade(r#""price":"1.0","qty":"1""#)),
        ("a plus sign", trade(r#""price":"+1","qty":"1""#)),
        ("minus zero", trade(r#""price":"1","qty":"-0""#)),
        ("an exponent", trade(r#""price":"1e3","qty":"1""#)),
        ("a negative price", trade(r#""price":"-1","qty":"1""#)),
        ("a flag that is false", trade(r#""price":"1","qty":"1","historical":false"#)),
        ("a null", trade(r#""price":"1","qty":"1","side":null"#)),
        ("a space", trade(r#""price": "1","qty":"1""#)),
        ("an escape in a name", r#"{"instrument":"\u0041.B","price":"1","qty":"1"}"#.to_owned()),
        ("an escape in a key", trade(r#""pric\u0065":"1","qty":"1""#)),
        ("a leading zero", trade(r#""price":"1","qty":"1","venue_ts":01"#)),
        ("a negative time", trade(r#""price":"1","qty":"1","venue_ts":-1"#)),
        ("a time of 65 bits", trade(r#""price":"1","qty":"1","venue_ts":18446744073709551616"#)),
        ("a word of its own", trade(r#""price":"1","qty":"1","side":"Buy""#)),
        ("something after it", format!("{} ", trade(r#""price":"1","qty":"1""#))),
        ("a comma too many", trade(r#""price":"1","qty":"1","#)),
    ];
    assert!(from_bytes::<Trade>(trade(r#""price":"1","qty":"1""#).as_bytes()).is_ok());
    for (name, text) in rows {
        assert!(from_bytes::<Trade>(text.as_bytes()).is_err(), "{name}: {text}");
    }
    let status = |reason: &str| {
        let text = format!(r#"{{"venue":"V","state":"live","reason":{reason}}}"#);
        from_bytes::<FeedStatus>(text.as_bytes()).is_ok()
    };
    for (reason, good) in [
        (r#""a\"b\\c\nd\u0001""#, true),
        (r#""é🦀""#, true),
        (r#""\u0041""#, false),
        (r#""\/""#, false),
        (r#""\u000a""#, false),
        (r#""\u00e9""#, false),
        ("\"\u{1}\"", false),
        (" \"a\"", false),
    ] {
        assert_eq!(status(reason), good, "{reason}");
    }
}

/// Breaks when an error does not say where it is and what should stand there.
#[test]
fn errors_say_where_and_what() {
    let rows = [
        (
            r#"{"instrument":"A.B","price":"x","qty":"1"}"#,
            "at byte 28: expected a canonical decimal string, found 'x'",
        ),
        (r#"{"instrument":"A.B","qty":"1"}"#, "at byte 19: field 'price' is missing or out of order"),
        (
            r#"{"instrument":"A.B","price":"1","qty":"1"}}"#,
            "at byte 42: something follows the end of the value",
        ),
        (
            r#"{"instrument":"A.B","price":"1","qty":"1","side":"up"}"#,
            "at byte 49: expected a word of Side, found 'up'",
        ),
        (r#"["#, "at byte 0: expected {, found '['"),
    ];
    for (text, says) in rows {
        let error = from_bytes::<Trade>(text.as_bytes()).expect_err(text);
        assert_eq!(error.to_string(), says, "{text}");
    }
    let half = r#"{"instrument":"A.B","bid":"1"}"#;
    let error = from_bytes::<Quote>(half.as_bytes()).expect_err(half);
    assert_eq!(error.to_string(), "at byte 19: field 'bid_size' is missing or out of order");
}
