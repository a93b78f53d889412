//! The table of metrics: every name there is, with its type, unit, labels and meaning. Nothing is exposed that is not
//! in it; `docs/METRICS.md` lists it.

use std::fmt;

/// What a metric's number does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// It only grows, from 0 at the start of the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Times in buckets.
    Histogram,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What its number does.
    pub kind: Type,
    /// What its number counts.
    pub unit: &'static str,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

macro_rules! rows {
    ($( $(#[doc = $doc:literal])* $row:ident = $kind:ident $name:literal $unit:literal [$($label:literal),*]; )*) => {
        $(
            $(#[doc = $doc])*
            pub(crate) const $row: Row = Row {
                name: $name,
                kind: Type::$kind,
                unit: $unit,
                labels: &[$($label),*],
                meaning: concat!($($doc),*),
            };
        )*

        /// Every metric there is.
        pub const TABLE: &[Row] = &[$($row),*];
    };
}

rows! {
    /// 1, for the run that the numbers are of.
    RUN = Gauge "reprise_run_info" "1" ["run", "mode", "version"];
    /// 1 once the run was told to end.
    ENDING = Gauge "reprise_run_ending" "0 or 1" [];
    /// When the engine last answered a look; everything that is seen of its state is of then.
    LOOKED = Gauge "reprise_look_timestamp_seconds" "seconds since 1970" [];
    /// How long the engine was held by that look.
    LOOK_TOOK = Gauge "reprise_look_duration_seconds" "seconds" [];
    /// Events that a subscriber here lost because it did not keep up; what it counts is short of them.
    LOST = Counter "reprise_telemetry_lost_total" "events" ["subscriber"];

    /// Events of the journal in this epoch, by kind.
    EVENTS = Counter "reprise_events_total" "events" ["class", "kind"];
    /// Market events that feeds offered.
    OFFERED = Counter "reprise_market_events_offered_total" "events" [];
    /// Market events that were handed on to the engine.
    PASSED = Counter "reprise_market_events_passed_total" "events" [];
    /// Market events that were merged into others under load.
    CONFLATED = Counter "reprise_market_events_conflated_total" "events" [];
    /// Market events that wait for the engine.
    WAITING = Gauge "reprise_market_events_waiting" "events" [];

    /// Frames that a feed received.
    FEED_FRAMES = Counter "reprise_feed_frames_total" "frames" ["venue"];
    /// Bytes of those frames.
    FEED_BYTES = Counter "reprise_feed_received_bytes_total" "bytes" ["venue"];
    /// Events that a feed handed on.
    FEED_EVENTS = Counter "reprise_feed_events_total" "events" ["venue"];
    /// Losses that a feed saw.
    FEED_GAPS = Counter "reprise_feed_gaps_total" "gaps" ["venue"];
    /// Connections of a feed after its first.
    FEED_RECONNECTS = Counter "reprise_feed_reconnects_total" "connections" ["venue"];
    /// What a feed received and had received before.
    FEED_DUPLICATES = Counter "reprise_feed_duplicates_total" "messages" ["venue"];
    /// What a feed could not read.
    FEED_MALFORMED = Counter "reprise_feed_malformed_total" "messages" ["venue"];
    /// What a feed received and does not know or did not ask for.
    FEED_UNKNOWN = Counter "reprise_feed_unknown_total" "messages" ["venue"];
    /// Errors that the venue sent to a feed.
    FEED_REFUSALS = Counter "reprise_feed_refusals_total" "messages" ["venue"];
    /// How long ago a feed last handed an event on.
    FEED_SILENCE = Gauge "reprise_feed_silence_seconds" "seconds" ["venue"];
    /// 1 for the state in which an instrument's feed is, 0 for the others.
    FEED_STATE = Gauge "reprise_feed_state" "0 or 1" ["instrument", "state"];
    /// How old an instrument's last price is.
    PRICE_AGE = Gauge "reprise_price_age_seconds" "seconds" ["instrument"];
    /// Receive time less the venue's own time at the last event that told it.
    SKEW = Gauge "reprise_venue_skew_seconds" "seconds" ["instrument"];
    /// The price at which an instrument's positions are valued.
    PRICE = Gauge "reprise_price" "quote units" ["instrument"];

    /// What a strategy owns; negative is short.
    POSITION = Gauge "reprise_position" "base units" ["instrument", "strategy"];
    /// What the net position in an instrument is worth; negative is short.
    EXPOSURE_QUOTE = Gauge "reprise_exposure_quote" "quote units" ["instrument", "asset"];
    /// The same in the reporting asset; NaN without a price or a rate of exchange.
    EXPOSURE = Gauge "reprise_exposure" "reporting units" ["instrument", "asset"];
    /// All exposures added up, longs and shorts alike.
    GROSS = Gauge "reprise_gross_exposure" "reporting units" ["asset"];
    /// Long exposures less short ones.
    NET = Gauge "reprise_net_exposure" "reporting units" ["asset"];
    /// Opening balances, profit and loss; NaN while something that is owned cannot be priced.
    EQUITY = Gauge "reprise_equity" "reporting units" ["asset"];
    /// The highest equity so far.
    PEAK = Gauge "reprise_equity_peak" "reporting units" ["asset"];
    /// How far equity has fallen from its peak.
    DRAWDOWN = Gauge "reprise_drawdown" "reporting units" ["asset"];
    /// What equity has lost since the day began; negative is a gain.
    DAY_LOSS = Gauge "reprise_day_loss" "reporting units" ["asset"];
    /// Profit that a strategy realised, gross of fees.
    REALIZED = Gauge "reprise_realized_pnl" "reporting units" ["strategy", "asset"];
    /// Profit that a strategy has and did not realise; NaN without a price.
    UNREALIZED = Gauge "reprise_unrealized_pnl" "reporting units" ["strategy", "asset"];
    /// Fees that a strategy paid; negative is a rebate.
    FEES = Gauge "reprise_fees_paid" "reporting units" ["strategy", "asset"];
    /// Funding that a strategy received; negative was paid.
    FUNDING = Gauge "reprise_funding_received" "reporting units" ["strategy", "asset"];
    /// What the account has of an asset.
    BALANCE = Gauge "reprise_balance" "units of the asset" ["asset"];
    /// Of it held by open orders.
    HELD = Gauge "reprise_balance_held" "units of the asset" ["asset"];

    /// Orders that are open, by instrument.
    OPEN_ORDERS = Gauge "reprise_open_orders" "orders" ["instrument"];
    /// Open orders of which it is not known what became of them.
    UNKNOWN_ORDERS = Gauge "reprise_unknown_orders" "orders" [];
    /// 1 for the state in which trading is, 0 for the others.
    TRADING = Gauge "reprise_trading_state" "0 or 1" ["state"];
    /// 1 while the kill switch lets less through than everything.
    KILL_SWITCH = Gauge "reprise_kill_switch_engaged" "0 or 1" [];
    /// 1 while an operator has paused the strategies.
    PAUSED = Gauge "reprise_strategies_paused" "0 or 1" [];
    /// Orders and replacements that risk denied, by rule.
    DENIALS = Counter "reprise_denials_total" "orders" ["code", "rule"];
    /// Requests that a venue refused, by what was asked for.
    REJECTIONS = Counter "reprise_rejections_total" "requests" ["request"];
    /// Limits on losses and refusals that were reached, by rule.
    BREACHES = Counter "reprise_breaches_total" "breaches" ["code", "rule"];
    /// Alerts that rules raised, by how much they matter.
    ALERTS = Counter "reprise_alerts_raised_total" "alerts" ["severity"];
    /// What became of messages: delivered, given_up, failed_attempt (tried again unless given up); left out without a channel.
    MESSAGES = Counter "reprise_alert_messages_total" "messages" ["channel", "outcome"];
    /// Messages that are neither delivered nor given up; left out without a channel.
    MESSAGES_WAITING = Gauge "reprise_alert_messages_waiting" "messages" ["channel"];
    /// Commands of operators.
    COMMANDS = Counter "reprise_operator_commands_total" "commands" ["command"];

    /// The last sequence number that was given.
    SEQ = Gauge "reprise_journal_seq" "sequence number" [];
    /// The last sequence number that is known to be on disk; left out where nothing is synced.
    DURABLE = Gauge "reprise_journal_durable_seq" "sequence number" [];
    /// Events that were decided and are not known to be on disk; left out where nothing is synced.
    LAG = Gauge "reprise_journal_lag_events" "events" [];
    /// How long each stage took: queue (received until taken up), decide, append, durable, send (taken up until an order is let out), sync.
    STAGE = Histogram "reprise_stage_duration_seconds" "seconds" ["stage"];
    /// How long an order waited for the venue: ack, fill (from the ack to the last fill), cancel, replace.
    ORDER_STEP = Histogram "reprise_order_duration_seconds" "seconds" ["step"];

    /// Spans that a collector took; left out without one.
    SPANS_EXPORTED = Counter "reprise_spans_exported_total" "spans" [];
    /// Spans that no collector took and that were let go; left out without one.
    SPANS_DROPPED = Counter "reprise_spans_dropped_total" "spans" [];
    /// Memory of the process that is resident.
    MEMORY = Gauge "reprise_process_resident_memory_bytes" "bytes" [];
    /// Processor time of the process, user and system.
    CPU = Counter "reprise_process_cpu_seconds_total" "seconds" [];
    /// Files and sockets that the process has open.
    OPEN_FDS = Gauge "reprise_process_open_fds" "file descriptors" [];
    /// How many it may have open.
    MAX_FDS = Gauge "reprise_process_max_fds" "file descriptors" [];
    /// Threads of the process.
    THREADS = Gauge "reprise_process_threads" "threads" [];
    /// When the process started.
    STARTED = Gauge "reprise_process_start_time_seconds" "seconds since 1970" [];
}
