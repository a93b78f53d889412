//! The table of kinds, and the three enums that hold them.

use super::{
    AccountChanged, AccountTransferred, AlertDelivered, AlertFailed, AlertRaised, Bar, Book, Checkpoint,
    ClockAdvanced, FeedStatus, Funding, InstrumentDefined, JournalCut, JournalSynced, Mark, OperatorCommand,
    OrderAccepted, OrderCancelSubmitted, OrderCanceled, OrderDenied, OrderExpired, OrderFilled,
    OrderPartiallyFilled, OrderRejected, OrderReplaceSubmitted, OrderReplaced, OrderRequested,
    OrderSubmitted, OrderUnknown, PositionChanged, Quote, ReportAccepted, ReportCanceled, ReportExpired,
    ReportFilled, ReportRejected, ReportReplaced, ReportUnanswered, RiskBands, RiskBreach, RiskState,
    RunEnded, RunStarted, TimerArmed, TimerFired, Trade,
};
use crate::codec::{Field, ReadError, Reader, Writer};
use crate::ids::{InstrumentId, OrderId};

crate::words! {
    /// What an event is to the core.
    pub enum Class {
        /// A fact from outside.
        Input = "input",
        /// What the core decided.
        Outcome = "outcome",
        /// Bookkeeping of the shell.
        Record = "record",
    }
}

crate::words! {
    /// How soon an event must be on disk under durability `orders`.
    pub enum Durability {
        /// Before it is published: it can cost money.
        Money = "money",
        /// Within 5 ms.
        Market = "market",
    }
}

crate::words! {
    /// What a replay does with a recorded event.
    pub enum Treatment {
        /// Takes the configuration from it.
        Configure = "configures",
        /// Steps the core with it.
        Step = "steps",
        /// Recomputes it and compares the bytes.
        Compare = "compares",
        /// Leaves it out: the replay makes its own.
        Leave = "leaves out",
        /// Passes over it.
        Ignore = "ignores",
    }
}

/// One row of the table of kinds.
#[derive(Debug, Clone, Copy)]
pub struct KindRow {
    /// The name on the wire.
    pub kind: &'static str,
    /// What it is to the core.
    pub class: Class,
    /// How soon it must be on disk.
    pub durability: Durability,
    /// What `verify` does with it.
    pub verify: Treatment,
    /// What `backtest` does with it.
    pub backtest: Treatment,
    /// What `what-if` does with it.
    pub what_if: Treatment,
    /// What happened, in a sentence.
    pub about: &'static str,
    /// The JSON Schema of its data.
    pub schema: fn() -> serde_json::Value,
}

macro_rules! kinds {
    (
        $( $(#[$emeta:meta])* enum $class:ident {
            $( $(#[doc = $doc:literal])* $variant:ident($ty:ty) = $kind:literal
                $durability:ident $verify:ident $backtest:ident $what_if:ident ),* $(,)?
        } )*
    ) => {
        $(
            $(#[$emeta])*
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub enum $class {
                $( $(#[doc = $doc])* $variant($ty), )*
            }

            impl $class {
                /// How many kinds of this class there are.
                pub const KINDS: usize = [$($kind),*].len();

                /// The kind's place among those of its class, in the order of [`KINDS`].
                #[must_use]
                #[inline]
                pub const fn place(&self) -> usize {
                    enum Place { $($variant),* }
                    match self { $( Self::$variant(_) => Place::$variant as usize, )* }
                }

                /// The kind's name on the wire.
                #[must_use]
                #[inline]
                pub const fn kind(&self) -> &'static str {
                    match self { $( Self::$variant(_) => $kind, )* }
                }

                /// Appends the canonical `data`.
                #[inline]
                pub fn write_data(&self, w: &mut Writer) {
                    match self { $( Self::$variant(data) => data.write(w), )* }
                }

                /// Reads the canonical `data` of a kind; `None` when the kind is not of this class.
                ///
                /// # Errors
                /// When the data does not read.
                pub fn read_data(kind: &[u8], r: &mut Reader<'_>) -> Option<Result<Self, ReadError>> {
                    $( if kind == $kind.as_bytes() { return Some(<$ty>::read(r).map(Self::$variant)); } )*
                    None
                }
            }

            $( impl From<$ty> for $class {
                fn from(data: $ty) -> Self {
                    Self::$variant(data)
                }
            } )*
        )*

        /// Every kind there is.
        pub const KINDS: &[KindRow] = &[
            $( $( KindRow {
                kind: $kind,
                class: Class::$class,
                durability: Durability::$durability,
                verify: Treatment::$verify,
                backtest: Treatment::$backtest,
                what_if: Treatment::$what_if,
                about: concat!($($doc),*),
                schema: <$ty as Field>::schema,
            }, )* )*
        ];
    };
}

kinds! {
    /// A fact from outside.
    enum Input {
        /// The best bid and ask changed.
        Quote(Quote) = "market.quote" Market Step Step Step,
        /// Others traded.
        Trade(Trade) = "market.trade" Market Step Step Step,
        /// Levels of a book changed, or the whole book came.
        Book(Book) = "market.book" Market Step Step Step,
        /// An interval closed.
        Bar(Bar) = "market.bar" Market Step Step Step,
        /// A mark or oracle price changed.
        Mark(Mark) = "market.mark" Market Step Step Step,
        /// A funding interval ended.
        Funding(Funding) = "market.funding" Money Step Step Step,
        /// An instrument was defined or redefined.
        InstrumentDefined(Box<InstrumentDefined>) = "instrument.defined" Market Step Step Step,
        /// A feed changed how it stands.
        FeedStatus(FeedStatus) = "feed.status" Market Step Step Step,
        /// The venue took an order.
        ReportAccepted(ReportAccepted) = "report.accepted" Money Step Leave Leave,
        /// The venue refused a request.
        ReportRejected(ReportRejected) = "report.rejected" Money Step Leave Leave,
        /// The venue executed a part of an order.
        ReportFilled(ReportFilled) = "report.filled" Money Step Leave Leave,
        /// The venue canceled an order.
        ReportCanceled(ReportCanceled) = "report.canceled" Money Step Leave Leave,
        /// The venue replaced an order's terms.
        ReportReplaced(ReportReplaced) = "report.replaced" Money Step Leave Leave,
        /// The venue ended an order at its time.
        ReportExpired(ReportExpired) = "report.expired" Money Step Leave Leave,
        /// A request got no answer.
        ReportUnanswered(ReportUnanswered) = "report.unanswered" Money Step Leave Leave,
        /// Money moved without a trade.
        AccountTransferred(AccountTransferred) = "account.transferred" Money Step Step Step,
        /// An operator told the engine what to do.
        OperatorCommand(Box<OperatorCommand>) = "operator.command" Money Step Step Step,
        /// Time passed.
        ClockAdvanced(ClockAdvanced) = "clock.advanced" Market Step Step Step,
        /// An epoch begins.
        RunStarted(Box<RunStarted>) = "run.started" Money Configure Leave Leave,
        /// The run ends.
        RunEnded(Box<RunEnded>) = "run.ended" Money Step Leave Leave,
    }

    /// What the core decided because of an input.
    enum Outcome {
        /// Somebody asked for an order.
        OrderRequested(Box<OrderRequested>) = "order.requested" Money Compare Leave Compare,
        /// Risk refused an order or its replacement.
        OrderDenied(OrderDenied) = "order.denied" Money Compare Leave Compare,
        /// Risk approved an order and it is on its way.
        OrderSubmitted(Box<OrderSubmitted>) = "order.submitted" Money Compare Leave Compare,
        /// The venue took an order.
        OrderAccepted(OrderAccepted) = "order.accepted" Money Compare Leave Compare,
        /// A part of an order was executed.
        OrderPartiallyFilled(OrderPartiallyFilled) = "order.partially_filled" Money Compare Leave Compare,
        /// The last part of an order was executed.
        OrderFilled(OrderFilled) = "order.filled" Money Compare Leave Compare,
        /// A cancel is on its way.
        OrderCancelSubmitted(OrderCancelSubmitted) = "order.cancel_submitted" Money Compare Leave Compare,
        /// The venue canceled an order.
        OrderCanceled(OrderCanceled) = "order.canceled" Money Compare Leave Compare,
        /// New terms for an order are on their way.
        OrderReplaceSubmitted(OrderReplaceSubmitted) = "order.replace_submitted" Money Compare Leave Compare,
        /// The venue took an order's new terms.
        OrderReplaced(OrderReplaced) = "order.replaced" Money Compare Leave Compare,
        /// The venue refused a request.
        OrderRejected(OrderRejected) = "order.rejected" Money Compare Leave Compare,
        /// An order's time ran out.
        OrderExpired(OrderExpired) = "order.expired" Money Compare Leave Compare,
        /// What became of an order is not known.
        OrderUnknown(OrderUnknown) = "order.unknown" Money Compare Leave Compare,
        /// An instrument's volatility bands.
        RiskBands(RiskBands) = "risk.bands" Market Compare Leave Compare,
        /// The kill switch moved.
        RiskState(RiskState) = "risk.state" Money Compare Leave Compare,
        /// A watched limit was reached.
        RiskBreach(RiskBreach) = "risk.breach" Money Compare Leave Compare,
        /// A position changed.
        PositionChanged(PositionChanged) = "position.changed" Money Compare Leave Compare,
        /// The account changed.
        AccountChanged(AccountChanged) = "account.changed" Money Compare Leave Compare,
        /// A timer was armed.
        TimerArmed(TimerArmed) = "timer.armed" Market Compare Leave Compare,
        /// A timer fired.
        TimerFired(TimerFired) = "timer.fired" Market Compare Leave Compare,
        /// A rule asks for attention.
        AlertRaised(Box<AlertRaised>) = "alert.raised" Money Compare Leave Compare,
        /// The state's digest.
        Checkpoint(Checkpoint) = "checkpoint" Market Compare Leave Ignore,
    }

    /// Bookkeeping of the shell.
    enum Record {
        /// Everything so far is on disk.
        JournalSynced(JournalSynced) = "journal.synced" Market Ignore Ignore Ignore,
        /// A torn tail was cut off.
        JournalCut(JournalCut) = "journal.cut" Market Ignore Ignore Ignore,
        /// An alert was delivered.
        AlertDelivered(AlertDelivered) = "alert.delivered" Market Ignore Ignore Ignore,
        /// An alert could not be delivered.
        AlertFailed(AlertFailed) = "alert.failed" Market Ignore Ignore Ignore,
    }
}

/// The row of a kind, `None` for one this version does not know.
#[must_use]
pub fn kind_row(kind: &str) -> Option<&'static KindRow> {
    KINDS.iter().find(|row| row.kind == kind)
}

impl Outcome {
    /// The order the outcome is about, if it is about one.
    #[must_use]
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Self::OrderRequested(e) => Some(e.order),
            Self::OrderDenied(e) => Some(e.order),
            Self::OrderSubmitted(e) => Some(e.order),
            Self::OrderAccepted(e) => Some(e.order),
            Self::OrderPartiallyFilled(e) => Some(e.fill.order),
            Self::OrderFilled(e) => Some(e.fill.order),
            Self::OrderCancelSubmitted(e) => Some(e.order),
            Self::OrderCanceled(e) => Some(e.order),
            Self::OrderReplaceSubmitted(e) => Some(e.order),
            Self::OrderReplaced(e) => Some(e.order),
            Self::OrderRejected(e) => Some(e.order),
            Self::OrderExpired(e) => Some(e.order),
            Self::OrderUnknown(e) => Some(e.order),
            Self::AlertRaised(e) => e.order,
            Self::RiskBands(_)
            | Self::RiskState(_)
            | Self::RiskBreach(_)
            | Self::PositionChanged(_)
            | Self::AccountChanged(_)
            | Self::TimerArmed(_)
            | Self::TimerFired(_)
            | Self::Checkpoint(_) => None,
        }
    }
}

impl Input {
    /// The order the input is about, if it is about one.
    #[must_use]
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Self::ReportAccepted(e) => Some(e.order),
            Self::ReportRejected(e) => Some(e.order),
            Self::ReportFilled(e) => Some(e.order),
            Self::ReportCanceled(e) => Some(e.order),
            Self::ReportReplaced(e) => Some(e.order),
            Self::ReportExpired(e) => Some(e.order),
            Self::ReportUnanswered(e) => Some(e.order),
            Self::OperatorCommand(e) => e.order,
            Self::Quote(_)
            | Self::Trade(_)
            | Self::Book(_)
            | Self::Bar(_)
            | Self::Mark(_)
            | Self::Funding(_)
            | Self::InstrumentDefined(_)
            | Self::FeedStatus(_)
            | Self::AccountTransferred(_)
            | Self::ClockAdvanced(_)
            | Self::RunStarted(_)
            | Self::RunEnded(_) => None,
        }
    }

    /// The instrument the input is about, if it is about one.
    #[must_use]
    #[inline]
    pub fn instrument(&self) -> Option<&InstrumentId> {
        match self {
            Self::Quote(e) => Some(&e.instrument),
            Self::Trade(e) => Some(&e.instrument),
            Self::Book(e) => Some(&e.instrument),
            Self::Bar(e) => Some(&e.instrument),
            Self::Mark(e) => Some(&e.instrument),
            Self::Funding(e) => Some(&e.instrument),
            Self::InstrumentDefined(e) => Some(&e.definition.instrument),
            Self::FeedStatus(e) => e.instrument.as_ref(),
            Self::OperatorCommand(e) => e.instrument.as_ref(),
            Self::ReportAccepted(_)
            | Self::ReportRejected(_)
            | Self::ReportFilled(_)
            | Self::ReportCanceled(_)
            | Self::ReportReplaced(_)
            | Self::ReportExpired(_)
            | Self::ReportUnanswered(_)
            | Self::AccountTransferred(_)
            | Self::ClockAdvanced(_)
            | Self::RunStarted(_)
            | Self::RunEnded(_) => None,
        }
    }

    /// True for what a market sends: what `--market-only` keeps.
    #[must_use]
    pub fn is_market(&self) -> bool {
        self.kind().starts_with("market.") || self.kind() == "instrument.defined"
    }
}
