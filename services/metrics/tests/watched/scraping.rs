//! What is scraped is what the table says and what the journal has.

use std::collections::{BTreeMap, BTreeSet};

use reprise_journal::{Body, JournalReader};
use reprise_metrics::{Settings, TABLE, Type};
use reprise_model::event::{Command, FeedState, OperatorCommand, RunMode, kind_row};
use reprise_model::{Input, Outcome};

use crate::support::{BTC, ETH, Otlp, PATIENCE, Scrape, Watched, feed, get};

/// The metric that a series is of.
fn metric_of(series: &str) -> &str {
    let name = series.split('{').next().unwrap();
    let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
    let is_histogram = |base: &&str| TABLE.iter().any(|row| row.name == *base && row.kind == Type::Histogram);
    base.filter(is_histogram).unwrap_or(name)
}

fn labels_of(series: &str) -> BTreeSet<&str> {
    let labels = series.split_once('{').map_or("", |(_, labels)| labels.trim_end_matches('}'));
    let names = labels.split("\",").filter_map(|label| label.split_once("=\"")).map(|(name, _)| name);
    names.filter(|name| *name != "le").collect()
}

/// Every name that is exposed is in the table, with its type, meaning and labels, and every row is exposed.
fn check_table(scrape: &Scrape) {
    let mut exposed = BTreeSet::new();
    for series in scrape.series.keys() {
        let name = metric_of(series);
        let row = TABLE
            .iter()
            .find(|row| row.name == name)
            .unwrap_or_else(|| panic!("{series} is not in the table"));
        assert_eq!(labels_of(series), row.labels.iter().copied().collect(), "{series}");
        exposed.insert(name);
    }
    for row in TABLE {
        assert!(exposed.contains(row.name), "{} is in the table and nowhere else", row.name);
        let help = format!("# HELP {} {}\n# TYPE {0} {}\n", row.name, row.meaning.trim(), row.kind);
        assert_eq!(scrape.text.matches(&help).count(), 1, "{help}");
    }
}

/// How many of each kind the journal has up to a number.
fn kinds_up_to(dir: &std::path::Path, seq: u64) -> BTreeMap<&'static str, u64> {
    let mut reader = JournalReader::open(dir).unwrap();
    let mut kinds = BTreeMap::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        let kind = match &entry.body {
            Body::Input { input: Input::RunStarted(_), .. } => continue,
            Body::Input { input, .. } => input.kind(),
            Body::Outcome { outcome, .. } => outcome.kind(),
            _ => continue,
        };
        if entry.seq.0 <= seq {
            *kinds.entry(kind).or_insert(0) += 1;
        }
    }
    kinds
}

fn command(command: Command) -> Input {
    Input::OperatorCommand(Box::new(OperatorCommand::new(command, "test", "to see it")))
}

/// Breaks when a number is exposed that nobody can look up, a promised one is not there, or one says something else
/// than the journal and the engine.
#[test]
fn a_run_that_trades() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let collector = Otlp::start(&[]);
    let mut watched = Watched::start(&run, RunMode::Paper, Some(&collector.url));
    watched.open_market(BTC);
    watched.open_market(ETH);
    watched.trade_until(|gauges| gauges.fills() >= 5 && gauges.denied() >= 3);
    watched.controller.send_numbered(command(Command::Pause), PATIENCE).unwrap();
    watched.controller.send_numbered(command(Command::ReduceOnly), PATIENCE).unwrap();
    watched.take(feed(ETH, FeedState::Gap));
    std::thread::sleep(std::time::Duration::from_millis(250));
    let scrape = watched.scrape_settled();
    check_table(&scrape);
    check_state(&watched, &scrape);

    let events: BTreeMap<_, _> = kinds_up_to(&run, scrape.value("reprise_journal_seq", "") as u64);
    for (kind, count) in &events {
        let class = kind_row(kind).unwrap().class;
        let labels = format!("class=\"{class}\",kind=\"{kind}\"");
        assert_eq!(scrape.value("reprise_events_total", &labels), *count as f64, "{kind}");
    }
    let all = scrape.series.iter().filter(|(name, _)| name.starts_with("reprise_events_total"));
    assert_eq!(all.map(|(_, count)| *count as u64).sum::<u64>(), events.values().sum::<u64>());
    let denied = scrape.value("reprise_denials_total", "code=\"302\",rule=\"max_order_notional\"");
    assert_eq!(denied, events["order.denied"] as f64);
    let acked = scrape.value("reprise_order_duration_seconds_count", "step=\"ack\"");
    assert_eq!(acked, events["order.accepted"] as f64);
    let sent = ["order.submitted", "order.cancel_submitted", "order.replace_submitted"];
    let sent: u64 = sent.iter().filter_map(|kind| events.get(kind)).sum();
    assert_eq!(scrape.value("reprise_stage_duration_seconds_count", "stage=\"send\""), sent as f64);
    let waited = scrape.value("reprise_order_duration_seconds_sum", "step=\"ack\"");
    assert!(waited > acked * 0.002_999, "the paper venue takes 3 ms: {waited} s for {acked}");
    let summary = watched.stop();
    assert!(summary.orders >= 5);
}

/// The state as it is shown against the state as it is.
fn check_state(watched: &Watched, scrape: &Scrape) {
    let expected = watched.controller.ask(PATIENCE, |view| {
        let state = view.core.unwrap().state();
        let ix = state.markets.find(&BTC.parse().unwrap()).unwrap();
        let position = state.positions.get(ix, "ema-cross".parse().unwrap());
        let price = state.markets.get(ix).valuation().unwrap();
        let peak = state.account.peak().unwrap();
        let equity = state.equity().unwrap().unwrap();
        [
            ("reprise_position", "instrument=\"BTC-USD.TEST\",strategy=\"ema-cross\"", position.qty.to_f64()),
            ("reprise_equity", "asset=\"USD\"", equity.to_f64()),
            ("reprise_drawdown", "asset=\"USD\"", peak.max(equity).checked_sub(equity).unwrap().to_f64()),
            ("reprise_fees_paid", "strategy=\"ema-cross\",asset=\"USD\"", position.fees.to_f64()),
            ("reprise_realized_pnl", "strategy=\"ema-cross\",asset=\"USD\"", position.realized.to_f64()),
            (
                "reprise_unrealized_pnl",
                "strategy=\"ema-cross\",asset=\"USD\"",
                position.unrealized(price).unwrap().to_f64(),
            ),
            (
                "reprise_gross_exposure",
                "asset=\"USD\"",
                reprise_model::Cash::notional(price, position.qty).unwrap().abs().to_f64(),
            ),
            (
                "reprise_balance",
                "asset=\"USD\"",
                state.account.balance("USD".parse().unwrap()).total.to_f64(),
            ),
            ("reprise_price", "instrument=\"BTC-USD.TEST\"", price.to_f64()),
            ("reprise_kill_switch_engaged", "", 1.0),
            ("reprise_trading_state", "state=\"reduce_only\"", 1.0),
            ("reprise_trading_state", "state=\"active\"", 0.0),
            ("reprise_strategies_paused", "", 1.0),
            ("reprise_feed_state", "instrument=\"ETH-USD.TEST\",state=\"gap\"", 1.0),
            ("reprise_feed_state", "instrument=\"BTC-USD.TEST\",state=\"live\"", 1.0),
            ("reprise_feed_gaps_total", "venue=\"TEST\"", 2.0),
            ("reprise_alerts_raised_total", "severity=\"critical\"", 1.0),
            ("reprise_alert_messages_total", "channel=\"slack\",outcome=\"delivered\"", 4.0),
            ("reprise_alert_messages_total", "channel=\"slack\",outcome=\"given_up\"", 1.0),
            ("reprise_alert_messages_total", "channel=\"slack\",outcome=\"failed_attempt\"", 6.0),
            ("reprise_alert_messages_waiting", "channel=\"slack\"", 2.0),
            ("reprise_operator_commands_total", "command=\"pause\"", 1.0),
            ("reprise_run_info", "run=\"run\",mode=\"paper\",version=\"0.1.0\"", 1.0),
        ]
    });
    for (name, labels, value) in expected.unwrap() {
        let found = scrape.value(name, labels);
        assert!((found - value).abs() < 1e-9, "{name}{{{labels}}} is {found}, not {value}");
    }
    let decided = scrape.value("reprise_stage_duration_seconds_count", "stage=\"decide\"");
    assert!(decided > 100.0 && decided <= watched.gauges.inputs() as f64, "{decided}");
    let within = scrape.value("reprise_stage_duration_seconds_bucket", "stage=\"decide\",le=\"+Inf\"");
    assert_eq!(within, decided);
    assert!(scrape.value("reprise_stage_duration_seconds_count", "stage=\"sync\"") > 0.0);
}

/// Breaks when a recording, which has no core, cannot be watched.
#[test]
fn a_recording() {
    let dir = tempfile::tempdir().unwrap();
    let mut watched = Watched::start(&dir.path().join("run"), RunMode::Record, None);
    watched.open_market(BTC);
    watched.trade_until(|gauges| gauges.inputs() >= 50);
    let scrape = watched.scrape_settled();
    let quotes = scrape.value("reprise_events_total", "class=\"input\",kind=\"market.quote\"");
    assert!(quotes >= 40.0, "{}", scrape.text);
    assert_eq!(scrape.value("reprise_feed_state", "instrument=\"BTC-USD.TEST\",state=\"live\""), 1.0);
    assert!(scrape.value("reprise_equity", "asset=\"USD\"").is_nan(), "there is no account");
    let (status, _) = get(watched.address.unwrap(), "/elsewhere");
    assert!(status.contains("404"), "{status}");
    assert_eq!(watched.stop().orders, 0);
}

/// Breaks when a run goes on unwatched though it was to be watched, or the words do not say what to change.
#[test]
fn an_address_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { listen: Some(taken.local_addr().unwrap()), ..Settings::of("run") };
    let refused = Watched::try_start(&dir.path().join("run"), RunMode::Paper, settings);
    let words = refused.err().unwrap().to_string();
    assert!(words.contains("metrics.listen") && words.contains("127.0.0.1:"), "{words}");
}

/// Breaks when a kind of event has no series until it happened: an alert on its first time would not fire.
#[test]
fn every_kind_is_counted_from_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut watched = Watched::start(&dir.path().join("run"), RunMode::Paper, None);
    watched.open_market(BTC);
    watched.trade_until(|gauges| gauges.inputs() >= 20);
    let scrape = watched.scrape_settled();
    let kinds = scrape.series.keys().filter(|name| name.starts_with("reprise_events_total")).count();
    assert_eq!(kinds, Input::KINDS + Outcome::KINDS);
    watched.stop();
}
