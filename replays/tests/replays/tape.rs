//! Recordings to replay: a market, written down event by event.

use std::path::Path;

use reprise_journal::{DurabilityMode, JournalWriter, WriterOptions};
use reprise_model::codec::RawJson;
use reprise_model::event::{
    AccountTransferred, Bar, Book, BookAction, ClockAdvanced, Command, FeedState, FeedStatus, Funding,
    InstrumentDefined, Level, Mark, OperatorCommand, Quote, RunMode, RunStarted, Trade, TransferReason,
};
use reprise_model::{
    FeeAsset, Input, Instrument, InstrumentClass, InstrumentId, Label, Price, QuoteSource, RunTag,
    SCHEMA_VERSION, Seq, Side, Ts,
};

/// When recordings begin: 2025-03-25 14:47:00 UTC.
pub const START: Ts = Ts(1_742_914_020_000_000_000);

/// An id, price or amount from its text.
pub fn of<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// A price of so many hundredths, in its one form.
pub fn cents(n: u64) -> String {
    of::<Price>(&format!("{}.{:02}", n / 100, n % 100)).to_string()
}

/// A spot instrument with fees in quote.
pub fn spot(id: &str) -> Instrument {
    let id: InstrumentId = of(id);
    let (base, quote) = id.symbol().split_once('-').unwrap();
    Instrument {
        instrument: id,
        class: InstrumentClass::Spot,
        base: of(base),
        quote: of(quote),
        tick: of("0.01"),
        significant_digits: None,
        lot: of("0.001"),
        min_notional: of("1"),
        maker_fee: of("0.0002"),
        taker_fee: of("0.001"),
        fee_asset: FeeAsset::Quote,
        quote_source: QuoteSource::Quotes,
        max_leverage: None,
        maintenance_margin: None,
    }
}

/// A linear perpetual whose makers are paid.
pub fn perpetual(id: &str) -> Instrument {
    Instrument {
        class: InstrumentClass::Perpetual,
        maker_fee: of("-0.0001"),
        taker_fee: of("0.0005"),
        max_leverage: Some(of("10")),
        maintenance_margin: Some(of("0.05")),
        ..spot(id)
    }
}

/// A price and a size, from `"100.5 2"`; nothing from an empty text.
pub fn level(text: &str) -> Option<Level> {
    let (price, qty) = text.split_once(' ')?;
    Some(Level { price: of(price), qty: of(qty) })
}

/// Levels from `"100 2, 99.5 4"`.
pub fn levels(text: &str) -> Vec<Level> {
    text.split(',').filter_map(|one| level(one.trim())).collect()
}

/// A market, event by event.
#[derive(Debug, Clone)]
pub struct Tape {
    pub instruments: Vec<Instrument>,
    pub events: Vec<(Ts, Input)>,
    pub now: Ts,
}

impl Tape {
    pub fn new(instruments: Vec<Instrument>) -> Self {
        Self { instruments, events: Vec::new(), now: START }
    }

    /// Lets time pass before the next event.
    pub fn wait(&mut self, ms: u64) -> &mut Self {
        self.now = self.now.plus_ns(ms * 1_000_000);
        self
    }

    pub fn push(&mut self, input: impl Into<Input>) -> &mut Self {
        self.events.push((self.now, input.into()));
        self
    }

    /// 100 ms later a quote, each side as `"price size"`, or empty.
    pub fn quote(&mut self, id: &str, bid: &str, ask: &str) -> &mut Self {
        self.wait(100);
        let venue_ts = Some(Ts(self.now.0 - 3_000_000));
        self.push(Quote { instrument: of(id), bid: level(bid), ask: level(ask), venue_ts, conflated: None })
    }

    /// 10 ms later a trade of others; `side` is the aggressor's.
    pub fn trade(&mut self, id: &str, side: Side, price: &str, qty: &str) -> &mut Self {
        self.wait(10);
        let trade_id = Some(Label::new(&format!("t{}", self.events.len())).unwrap());
        self.push(Trade {
            instrument: of(id),
            price: of(price),
            qty: of(qty),
            side: Some(side),
            trade_id,
            historical: false,
            venue_ts: None,
        })
    }

    /// 50 ms later levels of a book.
    pub fn book(&mut self, id: &str, action: BookAction, bids: &str, asks: &str) -> &mut Self {
        self.wait(50);
        self.push(Book {
            instrument: of(id),
            action,
            bids: levels(bids),
            asks: levels(asks),
            venue_ts: None,
            conflated: None,
        })
    }

    /// A minute later a bar: open, high, low, close.
    pub fn bar(&mut self, id: &str, ohlc: [&str; 4]) -> &mut Self {
        self.wait(60_000);
        let [open, high, low, close] = ohlc.map(of);
        self.push(Bar {
            instrument: of(id),
            interval_ns: 60_000_000_000,
            open,
            high,
            low,
            close,
            volume: of("12.5"),
        })
    }

    /// At once a mark and an oracle price.
    pub fn mark(&mut self, id: &str, mark: &str, oracle: &str) -> &mut Self {
        let venue_ts = Some(Ts(self.now.0 - 1_000_000));
        self.push(Mark { instrument: of(id), mark: Some(of(mark)), oracle: Some(of(oracle)), venue_ts })
    }

    /// At once the end of a funding interval.
    pub fn funding(&mut self, id: &str, rate: &str) -> &mut Self {
        self.push(Funding { instrument: of(id), rate: of(rate), oracle: None, venue_ts: None })
    }

    pub fn feed(&mut self, id: &str, state: FeedState) -> &mut Self {
        let instrument: InstrumentId = of(id);
        let venue = Label::new(instrument.venue()).unwrap();
        let reason = (state != FeedState::Live).then(|| format!("the feed is {state}"));
        self.push(FeedStatus { venue, instrument: Some(instrument), state, reason, conflated: Some(3) })
    }

    pub fn transfer(&mut self, asset: &str, amount: &str, reason: TransferReason) -> &mut Self {
        self.push(AccountTransferred { asset: of(asset), amount: of(amount), reason })
    }

    pub fn define(&mut self, definition: Instrument) -> &mut Self {
        self.push(Box::new(InstrumentDefined { definition }))
    }

    pub fn clock(&mut self) -> &mut Self {
        self.push(ClockAdvanced {})
    }

    /// At once an operator's command; `with` fills in what it needs besides.
    pub fn operator(&mut self, command: Command, reason: &str, with: fn(&mut OperatorCommand)) -> &mut Self {
        let mut said = OperatorCommand::new(command, "ops", reason);
        with(&mut said);
        self.push(Box::new(said))
    }

    /// Writes the recording into a new folder.
    pub fn record(&self, dir: &Path) {
        let options = WriterOptions { durability: DurabilityMode::None, ..WriterOptions::default() };
        let mut writer = JournalWriter::create(dir, options).unwrap();
        let started = started(RunMode::Record, self.instruments.clone());
        append(&mut writer, START, &Input::from(Box::new(started)));
        for (ts, input) in &self.events {
            append(&mut writer, *ts, input);
        }
        let ended = writer.run_ended("recorded", self.events.len() as u64);
        append(&mut writer, self.now, &Input::from(Box::new(ended)));
        writer.finish().unwrap();
    }
}

/// The first line of a run without a configuration.
pub fn started(mode: RunMode, instruments: Vec<Instrument>) -> RunStarted {
    RunStarted {
        run: "recording".to_owned(),
        tag: RunTag(0),
        epoch: 0,
        mode,
        schema: SCHEMA_VERSION.to_string(),
        engine: "test".to_owned(),
        config: RawJson::new(&serde_json::json!({})),
        instruments,
        source: None,
        copied_inputs: false,
    }
}

fn append(writer: &mut JournalWriter, ts: Ts, input: &Input) {
    let seq: Seq = writer.last_seq().next();
    writer.append_input(seq, ts, input, 0).unwrap();
    writer.commit_batch().unwrap();
}
