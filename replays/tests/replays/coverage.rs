//! What the golden cases show between them: every kind of event, order, refusal and setting that there is.

use std::collections::BTreeSet;

use reprise_model::event::{
    CancelReason, Command, FeedState, KINDS, PositionReason, RunMode, TradingState, TransferReason, TrippedBy,
};
use reprise_model::{Code, GroupRole, Liquidity, OrderOrigin, OrderType, RequestOf, TimeInForce};
use serde_json::Value;

use crate::cases::CASES;
use crate::journals::{bodies, value};

/// What no case can show, and why not.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("kind journal.cut", "written by recovery alone; the tests of the journal hold it"),
    ("kind alert.delivered", "told by the delivery, which no replay has; its own tests hold it"),
    ("kind alert.failed", "told by the delivery, which no replay has; its own tests hold it"),
    ("mode backtest, inputs elsewhere", "cases carry their inputs"),
    ("code 105", "every venue of this version can do every kind of order"),
    ("code 805", "a strategy names instruments by their place, so it cannot name one that is not defined"),
    ("code 902", "a fill-or-kill order that finds too little is canceled, not refused"),
    ("cancel expiry", "the paper venue and the venues' reports end an order by order.expired"),
    ("order market gtc", "a market order is immediate"),
    ("order market gtd", "a market order is immediate"),
    ("order market fok", "asked for as a limit order"),
    ("order stop ioc", "a stop waits, whatever it does then"),
    ("order stop fok", "a stop waits, whatever it does then"),
    ("order stop gtd", "shown by stop_limit gtd"),
    ("order stop_limit ioc", "a stop waits, whatever it does then"),
    ("order stop_limit fok", "a stop waits, whatever it does then"),
];

/// Everything that the vocabulary lets one show.
fn expected() -> BTreeSet<String> {
    let mut all: BTreeSet<String> = KINDS.iter().map(|row| format!("kind {}", row.kind)).collect();
    all.extend(Code::ALL.iter().map(|code| format!("code {}", code.number())));
    for order_type in OrderType::ALL {
        all.extend(TimeInForce::ALL.iter().map(|tif| format!("order {order_type} {tif}")));
    }
    let mut words = |prefix: &str, words: Vec<&'static str>| {
        all.extend(words.into_iter().map(|word| format!("{prefix} {word}")));
    };
    words("cancel", CancelReason::ALL.iter().map(|w| w.as_str()).collect());
    words("command", Command::ALL.iter().map(|w| w.as_str()).collect());
    words("feed", FeedState::ALL.iter().map(|w| w.as_str()).collect());
    words("position", PositionReason::ALL.iter().map(|w| w.as_str()).collect());
    words("trading", TradingState::ALL.iter().map(|w| w.as_str()).collect());
    words("tripped by", TrippedBy::ALL.iter().map(|w| w.as_str()).collect());
    words("transfer", TransferReason::ALL.iter().map(|w| w.as_str()).collect());
    words("role", GroupRole::ALL.iter().map(|w| w.as_str()).collect());
    words("liquidity", Liquidity::ALL.iter().map(|w| w.as_str()).collect());
    words("origin", OrderOrigin::ALL.iter().map(|w| w.as_str()).collect());
    words("refused request", RequestOf::ALL.iter().map(|w| w.as_str()).collect());
    words("depth", vec!["book", "unlimited"]);
    words("queue_model", vec!["pessimistic", "proportional", "optimistic"]);
    words("trigger_by", vec!["last", "quote", "mark"]);
    words("latency", vec!["constant", "uniform", "exponential", "lognormal"]);
    words("band", vec!["stddev", "ewma", "atr"]);
    words("combine", vec!["widest", "tightest"]);
    words("on_loss", vec!["reduce_only", "halt"]);
    words("strategy", vec!["scripted", "ema-cross", "mean-reversion", "market-maker", "twap"]);
    all.extend(
        ["fee in base", "rebate", "bracket", "post-only", "reduce-only", "note", "flatten"]
            .map(str::to_owned),
    );
    all
}

/// What a line shows.
fn shown_by(line: &Value) -> Vec<String> {
    let event = &line["data"];
    let kind = line["kind"].as_str().unwrap();
    let mut shown = vec![format!("kind {kind}")];
    let mut word = |prefix: &str, key: &str| {
        if let Some(text) = event[key].as_str() {
            shown.push(format!("{prefix} {text}"));
        }
    };
    match kind {
        "order.requested" => word("origin", "origin"),
        "order.canceled" => word("cancel", "reason"),
        "order.denied" | "order.rejected" => word("refused request", "request"),
        "operator.command" => word("command", "command"),
        "feed.status" => word("feed", "state"),
        "position.changed" => word("position", "reason"),
        "risk.state" => {
            word("trading", "state");
            word("tripped by", "by");
        }
        "account.transferred" => word("transfer", "reason"),
        "order.filled" | "order.partially_filled" => word("liquidity", "liquidity"),
        _ => {}
    }
    shown.extend(event["code"].as_u64().map(|code| format!("code {code}")));
    shown.extend(event["group"]["role"].as_str().map(|role| format!("role {role}")));
    shown.extend(event["adopted"]["origin"].as_str().map(|origin| format!("origin {origin}")));
    if kind == "order.submitted" {
        shown.push(format!(
            "order {} {}",
            event["order_type"].as_str().unwrap(),
            event["time_in_force"].as_str().unwrap()
        ));
    }
    let flags = [
        ("bracket", !event["take_profit"].is_null() && !event["stop_loss"].is_null()),
        ("post-only", event["post_only"] == true),
        ("reduce-only", event["reduce_only"] == true),
        ("flatten", event["flatten"] == true),
        ("note", event["note"].is_string()),
        ("rebate", event["fee"].as_str().is_some_and(|fee| fee.starts_with('-'))),
        // BTC is also the quote of ETH-BTC, which trades near 5: a fee in BTC at a price near 100 is one in base.
        (
            "fee in base",
            event["fee_asset"] == "BTC" && event["price"].as_str().is_some_and(|p| p.starts_with("10")),
        ),
    ];
    shown.extend(flags.iter().filter(|(_, is_shown)| *is_shown).map(|(name, _)| (*name).to_owned()));
    shown
}

/// What a configuration shows.
fn configured(config: &Value) -> Vec<String> {
    let text = |value: &Value, key: &str| format!("{key} {}", value[key].as_str().unwrap());
    let (paper, risk) = (&config["paper"], &config["risk"]);
    let mut shown = vec![
        text(paper, "depth"),
        text(paper, "queue_model"),
        text(paper, "trigger_by"),
        text(risk, "combine"),
        text(risk, "on_loss"),
    ];
    for key in ["entry_latency", "response_latency"] {
        shown.push(format!("latency {}", paper[key]["kind"].as_str().unwrap()));
    }
    shown.extend(
        risk["bands"]
            .as_array()
            .unwrap()
            .iter()
            .map(|band| format!("band {}", band["kind"].as_str().unwrap())),
    );
    let strategies = config["strategy"].as_array().unwrap().iter();
    shown.extend(strategies.map(|one| format!("strategy {}", one["kind"].as_str().unwrap())));
    shown
}

/// Breaks when something that the engine can do is in no golden journal, so that a change of it would go unseen; and
/// when something is said to be impossible and is not.
#[test]
fn cases_show_everything_there_is() {
    let mut shown = BTreeSet::new();
    let mut modes = BTreeSet::new();
    for case in CASES {
        for body in bodies(&case.folder()) {
            let line = value(&body);
            if line["kind"] == "run.started" {
                shown.extend(configured(&line["data"]["config"]));
                modes.insert(line["data"]["mode"].as_str().unwrap().to_owned());
            }
            shown.extend(shown_by(&line));
        }
    }
    let not_shown: BTreeSet<String> = NOT_SHOWN.iter().map(|(what, _)| (*what).to_owned()).collect();
    let missing: Vec<_> =
        expected().into_iter().filter(|what| !shown.contains(what) && !not_shown.contains(what)).collect();
    assert_eq!(missing, Vec::<String>::new(), "shown by no case");
    let possible: Vec<_> = not_shown.intersection(&shown).collect();
    assert_eq!(possible, Vec::<&String>::new(), "shown after all");
    assert_eq!(modes, BTreeSet::from([RunMode::Backtest, RunMode::Live].map(|mode| mode.to_string())));
}
