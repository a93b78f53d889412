//! `reprise status`, `orders`, `positions`, `limits`, `pause`, `resume`, `reduce-only`, `cancel-all`, `kill`,
//! `release`, `set-limit`: the control API from a shell.

mod client;
pub mod top;

use anyhow::Result;
use reprise_model::Ts;
use serde_json::{Map, Value};

use crate::args::{
    CancelAllArgs, Given, KillArgs, LookArgs, PauseArgs, ReduceOnlyArgs, ReleaseArgs, SetLimitArgs, Where,
};
use crate::exit;
use crate::output::{moment, print_json, print_line, print_table};

pub use client::{Client, ControlError, TOKEN};

/// A column of a table: its name, its field, and whether it is a number.
type Column = (&'static str, &'static str, bool);

/// What is told of how a run stands, what matters most first.
const STATUS: &[&str] = &[
    "run",
    "mode",
    "phase",
    "trading",
    "trading_reason",
    "strategies",
    "feed",
    "equity",
    "open_orders",
    "orders",
    "fills",
    "denied",
    "ts",
    "seq",
    "durable",
    "inputs",
    "offered",
    "conflated",
    "waiting",
    "engine",
];
const ORDERS: &[Column] = &[
    ("order", "order", false),
    ("instrument", "instrument", false),
    ("side", "side", false),
    ("type", "order_type", false),
    ("qty", "qty", true),
    ("filled", "filled", true),
    ("price", "price", true),
    ("status", "status", false),
    ("strategy", "strategy", false),
];
const POSITIONS: &[Column] = &[
    ("instrument", "instrument", false),
    ("strategy", "strategy", false),
    ("qty", "qty", true),
    ("average", "average", true),
    ("mark", "mark", true),
    ("unrealized", "unrealized", true),
    ("realized", "realized", true),
    ("fees", "fees", true),
];
const LIMITS: &[Column] = &[
    ("limit", "key", false),
    ("instrument", "instrument", false),
    ("used", "used", true),
    ("allowed", "limit", true),
    ("room", "room", true),
    ("%", "percent", true),
];

/// What a field holds, for a person.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn client(place: &Where) -> Result<Client> {
    Client::new(place.url.as_deref(), place.patience)
}

/// Shows how a run stands.
pub fn status(args: &LookArgs) -> Result<u8> {
    let status = client(&args.place)?.get("status")?;
    if args.place.json {
        print_json(&status)?;
        return Ok(exit::DONE);
    }
    for field in STATUS {
        let value = match (*field, status[*field].as_u64()) {
            ("ts", Some(ts)) => moment(Ts(ts)),
            _ => shown(&status[*field]),
        };
        print_line(format_args!("{:<15} {value}", field.replace('_', " ")))?;
    }
    Ok(exit::DONE)
}

/// Lists the open orders.
pub fn orders(args: &LookArgs) -> Result<u8> {
    list(&args.place, "orders", ORDERS, "no open orders")
}

/// Lists the positions.
pub fn positions(args: &LookArgs) -> Result<u8> {
    list(&args.place, "positions", POSITIONS, "no positions")
}

/// Lists the limits with their head-room.
pub fn limits(args: &LookArgs) -> Result<u8> {
    list(&args.place, "limits", LIMITS, "no limits are set")
}

fn list(place: &Where, path: &str, columns: &[Column], nothing: &str) -> Result<u8> {
    let rows = client(place)?.get(path)?;
    let listed = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    if place.json {
        print_json(&rows)?;
    } else if listed.is_empty() {
        print_line(nothing)?;
    } else {
        let (header, rows, right) = table_of(listed, columns);
        print_table(&header, &rows, &right)?;
    }
    Ok(exit::DONE)
}

fn table_of(listed: &[Value], columns: &[Column]) -> (Vec<&'static str>, Vec<Vec<String>>, Vec<usize>) {
    let header = columns.iter().map(|(name, ..)| *name).collect();
    let row = |row: &Value| columns.iter().map(|(_, field, _)| shown(&row[*field])).collect();
    let right = columns.iter().enumerate().filter(|(_, column)| column.2).map(|(at, _)| at).collect();
    (header, listed.iter().map(row).collect(), right)
}

/// Pauses the strategies.
pub fn pause(args: &PauseArgs) -> Result<u8> {
    give("pause", &args.given, Map::new())
}

/// Lets the strategies go on.
pub fn resume(args: &PauseArgs) -> Result<u8> {
    give("resume", &args.given, Map::new())
}

/// Lets only orders go that reduce exposure.
pub fn reduce_only(args: &ReduceOnlyArgs) -> Result<u8> {
    give("reduce-only", &args.given, body([("all", flag(args.all))]))
}

/// Cancels open orders.
pub fn cancel_all(args: &CancelAllArgs) -> Result<u8> {
    let fields =
        [("order", text(&args.order)), ("instrument", text(&args.instrument)), ("all", flag(args.all))];
    give("cancel-all", &args.given, body(fields))
}

/// Pulls the kill switch.
pub fn kill(args: &KillArgs) -> Result<u8> {
    give("kill", &args.given, body([("flatten", flag(args.flatten)), ("all", flag(args.all))]))
}

/// Releases the kill switch.
pub fn release(args: &ReleaseArgs) -> Result<u8> {
    let given = Given { reason: Some(args.reason.clone()), by: args.by.clone(), place: args.place.clone() };
    give("release", &given, Map::new())
}

/// Sets a limit.
pub fn set_limit(args: &SetLimitArgs) -> Result<u8> {
    let fields = [
        ("key", Some(args.key.clone().into())),
        ("value", Some(args.value.clone().into())),
        ("instrument", text(&args.instrument)),
    ];
    give("set-limit", &args.given, body(fields))
}

fn flag(is_set: bool) -> Option<Value> {
    is_set.then_some(Value::Bool(true))
}

fn text(said: &Option<String>) -> Option<Value> {
    said.clone().map(Value::String)
}

fn body<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    let said = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    said.collect()
}

fn give(path: &str, given: &Given, mut body: Map<String, Value>) -> Result<u8> {
    let user =
        || ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|u| !u.is_empty());
    let by = given.by.clone().or_else(user).unwrap_or_else(|| "operator".to_owned());
    body.insert("by".to_owned(), by.into());
    if let Some(reason) = &given.reason {
        body.insert("reason".to_owned(), reason.clone().into());
    }
    let done = client(&given.place)?.post(path, body)?;
    if given.place.json {
        print_json(&done)?;
    } else {
        print_line(format_args!("{path}: seq {} by {}", shown(&done["seq"]), shown(&done["by"])))?;
    }
    Ok(exit::DONE)
}
