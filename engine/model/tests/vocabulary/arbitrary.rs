//! Arbitrary values of everything an event can hold, each from one seed.

use reprise_model::codec::{RawJson, SchemaValue};
use reprise_model::event::*;
use reprise_model::*;

/// SplitMix64: a stream of numbers from a seed that a failing test prints.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Of any width alike, so that short and long forms both come.
    fn wide(&mut self) -> u64 {
        match self.below(66) {
            0 => 0,
            1 => u64::MAX,
            shift => self.roll() >> (shift - 2),
        }
    }

    /// Visible ASCII that a label can hold, quotes and backslashes left out.
    fn plain(&mut self, max: usize) -> String {
        let len = 1 + self.below(max);
        (0..len)
            .map(|_| {
                loop {
                    let c = char::from(0x21 + self.below(0x7f - 0x21) as u8);
                    if c != '"' && c != '\\' {
                        break c;
                    }
                }
            })
            .collect()
    }
}

pub trait Arbitrary {
    fn arbitrary(dice: &mut Dice) -> Self;
}

impl Arbitrary for std::num::NonZeroU32 {
    fn arbitrary(dice: &mut Dice) -> Self {
        Self::MIN.saturating_add(dice.wide() as u32)
    }
}

impl<T: Arbitrary> Arbitrary for Option<T> {
    fn arbitrary(dice: &mut Dice) -> Self {
        (dice.below(3) > 0).then(|| T::arbitrary(dice))
    }
}

impl<T: Arbitrary> Arbitrary for Box<T> {
    fn arbitrary(dice: &mut Dice) -> Self {
        Box::new(T::arbitrary(dice))
    }
}

impl<T: Arbitrary> Arbitrary for Vec<T> {
    fn arbitrary(dice: &mut Dice) -> Self {
        (0..dice.below(4)).map(|_| T::arbitrary(dice)).collect()
    }
}

impl Arbitrary for bool {
    fn arbitrary(dice: &mut Dice) -> Self {
        dice.below(2) == 0
    }
}

impl Arbitrary for u64 {
    fn arbitrary(dice: &mut Dice) -> Self {
        dice.wide()
    }
}

impl Arbitrary for u32 {
    fn arbitrary(dice: &mut Dice) -> Self {
        (dice.wide() >> 32) as u32
    }
}

impl Arbitrary for String {
    fn arbitrary(dice: &mut Dice) -> Self {
        const LETTERS: &[char] = &[
            'a', 'Z', '0', ' ', '"', '\\', '/', '\n', '\r', '\t', '\0', '\u{1f}', '\u{7f}', 'é', '→', '🦀',
            '{', '}', '[', ']', ',', ':', '\u{2028}', '\u{ffff}',
        ];
        (0..dice.below(12)).map(|_| dice.pick(LETTERS)).collect()
    }
}

impl Arbitrary for RawJson {
    fn arbitrary(dice: &mut Dice) -> Self {
        let leaf = |dice: &mut Dice| match dice.below(4) {
            0 => SchemaValue::Null,
            1 => SchemaValue::from(dice.wide()),
            2 => SchemaValue::from(String::arbitrary(dice)),
            _ => SchemaValue::from(dice.below(2) == 0),
        };
        let value = match dice.below(3) {
            0 => leaf(dice),
            1 => SchemaValue::from_iter((0..dice.below(4)).map(|_| leaf(dice)).collect::<Vec<_>>()),
            _ => {
                let n = dice.below(4);
                SchemaValue::from_iter(
                    (0..n).map(|_| (String::arbitrary(dice), leaf(dice))).collect::<Vec<_>>(),
                )
            }
        };
        Self::new(&value)
    }
}

impl<const N: usize> Arbitrary for Label<N> {
    fn arbitrary(dice: &mut Dice) -> Self {
        Self::new(&dice.plain(N)).expect("visible ASCII")
    }
}

impl Arbitrary for InstrumentId {
    fn arbitrary(dice: &mut Dice) -> Self {
        format!("{}.{}", dice.plain(20), dice.plain(18)).parse().unwrap_or_else(|_| Self::arbitrary(dice))
    }
}

macro_rules! by_name {
    ($($ty:ident $max:literal),*) => { $(
        impl Arbitrary for $ty {
            fn arbitrary(dice: &mut Dice) -> Self {
                dice.plain($max).parse().expect("visible ASCII")
            }
        }
    )* };
}
by_name!(StrategyId 31, Asset 15);

macro_rules! by_number {
    ($($ty:ident),*) => { $(
        impl Arbitrary for $ty {
            fn arbitrary(dice: &mut Dice) -> Self {
                Self(dice.wide())
            }
        }
    )* };
}
by_number!(Seq, Ts, TimerId, RunTag);

/// The widest decimals there are: 1e15 whole, 1e-12 in fractions.
macro_rules! by_decimal {
    ($($ty:ident $sign:literal),*) => { $(
        impl Arbitrary for $ty {
            fn arbitrary(dice: &mut Dice) -> Self {
                let whole = dice.wide() % 1_000_000_000_000_000;
                let fraction = dice.wide() % 1_000_000_000_000;
                let text = match dice.below(4) {
                    0 => whole.to_string(),
                    1 => format!("0.{fraction:012}"),
                    2 => "1e15".to_owned(),
                    _ => format!("{whole}.{fraction:012}"),
                };
                let sign = if dice.below(2) == 0 { $sign } else { "" };
                Self::parse(&format!("{sign}{text}")).expect("within the range")
            }
        }
    )* };
}
by_decimal!(Price "", Qty "-", Cash "-", Rate "-");

macro_rules! by_word {
    ($($ty:ident),* $(,)?) => { $(
        impl Arbitrary for $ty {
            fn arbitrary(dice: &mut Dice) -> Self {
                dice.pick(Self::ALL)
            }
        }
    )* };
}
by_word!(
    BookAction,
    CancelReason,
    Code,
    Command,
    FeeAsset,
    FeedState,
    Severity,
    GroupRole,
    InstrumentClass,
    Liquidity,
    OrderOrigin,
    OrderType,
    PositionReason,
    QuoteSource,
    RequestOf,
    RunMode,
    Side,
    TimeInForce,
    TradingState,
    TransferReason,
    TrippedBy,
);

macro_rules! by_field {
    ($($ty:ident { $($field:ident),* $(,)? })*) => { $(
        impl Arbitrary for $ty {
            fn arbitrary(dice: &mut Dice) -> Self {
                let _ = &dice;
                Self { $($field: Arbitrary::arbitrary(dice)),* }
            }
        }
    )* };
}
by_field! {
    AccountChanged { balances, equity, peak, day_start, day_ts }
    AccountTransferred { asset, amount, reason }
    AlertDelivered { alert, channel, attempts, at }
    AlertFailed { alert, channel, attempts, at, reason, will_retry }
    AlertRaised { alert, rule, severity, text, figures, instrument, strategy, order, held_back }
    Balance { asset, total, held }
    Bar { instrument, interval_ns, open, high, low, close, volume }
    Book { instrument, action, bids, asks, venue_ts, conflated }
    Checkpoint { inputs, state_version, state, decisions }
    ClockAdvanced {}
    FeedStatus { venue, instrument, state, reason, conflated }
    Figure { name, value }
    Fill { order, exec_id, qty, price, fee, fee_asset, liquidity, cum_qty, leaves_qty }
    Funding { instrument, rate, oracle, venue_ts }
    Hold { asset, amount }
    Instrument {
        instrument, class, base, quote, tick, significant_digits, lot, min_notional, maker_fee, taker_fee,
        fee_asset, quote_source, max_leverage, maintenance_margin,
    }
    InstrumentDefined { definition }
    JournalCut { bytes, kept, reason }
    JournalSynced { through, at }
    Level { price, qty }
    Mark { instrument, mark, oracle, venue_ts }
    NewOrder {
        strategy, instrument, side, order_type, time_in_force, qty, price, stop_price, expire_ts, post_only,
        reduce_only, group, take_profit, stop_loss, origin, intent, note,
    }
    NewTerms { qty, price, stop_price }
    OperatorCommand { command, by, reason, order, instrument, flatten, all, key, value }
    OrderAccepted { order, venue_order_id, adopted }
    OrderCancelSubmitted { order, reason }
    OrderCanceled { order, reason, leaves_qty }
    OrderDenied { order, request, refusal }
    OrderExpired { order, leaves_qty }
    OrderFilled { fill }
    OrderGroup { id, role }
    OrderId { epoch, n }
    OrderPartiallyFilled { fill }
    OrderRejected { order, request, refusal, reason }
    OrderReplaceSubmitted { order, terms, hold }
    OrderReplaced { order, terms }
    OrderRequested { order, terms }
    OrderSubmitted { order, terms, hold }
    OrderUnknown { order, reason }
    PositionChanged { instrument, strategy, reason, qty, cost, realized, fees, funding }
    Quote { instrument, bid, ask, venue_ts, conflated }
    Refusal { code, rule, measured, limit }
    ReportAccepted { order, venue_order_id, venue_ts }
    ReportCanceled { order, reason }
    ReportExpired { order }
    ReportFilled { order, exec_id, qty, price, fee, fee_asset, liquidity, venue_ts }
    ReportRejected { order, request, reason }
    ReportReplaced { order, qty, price, stop_price }
    ReportUnanswered { order, request, reason }
    RiskBands { instrument, lower, middle, upper }
    RiskBreach { refusal, instrument }
    RiskState { state, by, rule, reason, flatten }
    RunEnded { reason, inputs, content }
    RunStarted { run, tag, epoch, mode, schema, engine, config, instruments, source, copied_inputs }
    Source { path, run, content, first, last, market_only }
    TimerArmed { timer, owner, key, due }
    TimerFired { timer, owner, key }
    Trade { instrument, price, qty, side, trade_id, historical, venue_ts }
}

/// An event of any class.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Input(Input),
    Outcome(Outcome),
    Record(Record),
}

macro_rules! by_kind {
    ($($class:ident { $($variant:ident),* $(,)? })*) => {
        /// One arbitrary event of each kind.
        pub fn one_of_each(dice: &mut Dice) -> Vec<Event> {
            vec![$($( Event::$class($class::$variant(Arbitrary::arbitrary(dice))) ),*),*]
        }
    };
}
by_kind! {
    Input {
        Quote, Trade, Book, Bar, Mark, Funding, InstrumentDefined, FeedStatus, ReportAccepted, ReportRejected,
        ReportFilled, ReportCanceled, ReportReplaced, ReportExpired, ReportUnanswered, AccountTransferred,
        OperatorCommand, ClockAdvanced, RunStarted, RunEnded,
    }
    Outcome {
        OrderRequested, OrderDenied, OrderSubmitted, OrderAccepted, OrderPartiallyFilled, OrderFilled,
        OrderCancelSubmitted, OrderCanceled, OrderReplaceSubmitted, OrderReplaced, OrderRejected, OrderExpired,
        OrderUnknown, RiskBands, RiskState, RiskBreach, PositionChanged, AccountChanged, TimerArmed, TimerFired,
        AlertRaised, Checkpoint,
    }
    Record { JournalSynced, JournalCut, AlertDelivered, AlertFailed }
}
