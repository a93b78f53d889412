//! Do the venues answer over REST, and is it the same time there as here.

use std::time::Duration;

use reprise_model::Ts;
use reprise_venues::coinbase::wire::ServerTime;
use reprise_venues::hyperliquid::wire::Meta;
use reqwest::{Client, RequestBuilder, Url};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::World;
use super::clock::Skew;
use super::keys::{COINBASE_NAME, COINBASE_SECRET};
use super::net::{Answer, EACH, Silence, ask, block_on, client, deepest, diagnose, knock};
use super::row::Row;

/// Questions a venue: the first pays for name, connection and TLS, the others tell the time.
const QUESTIONS: usize = 3;
const REMEDY: &str = "check that the address is the venue's REST service, and the venue's status page";

/// Its rows.
pub fn check(world: &World) -> Vec<Row> {
    let Some(config) = &world.config else {
        return vec![Row::skipped("venues", "the configuration does not say which")];
    };
    let client = match client() {
        Ok(client) => client,
        Err(silence) => return vec![Row::failed("venues", silence.found, silence.remedy)],
    };
    let (coinbase, hyperliquid) = (&config.venues.coinbase, &config.venues.hyperliquid);
    let bound_ms = config.risk.max_clock_skew_ms;
    let mut asked = Vec::new();
    if !coinbase.products.is_empty() {
        let url = format!("{}/time", coinbase.rest_url.trim_end_matches('/'));
        asked.push(Asked { venue: "coinbase", url, question: get, read: coinbase_time, bound_ms });
    }
    if !hyperliquid.coins.is_empty() {
        let url = format!("{}/info", hyperliquid.rest_url.trim_end_matches('/'));
        asked.push(Asked { venue: "hyperliquid", url, question: meta, read: hyperliquid_markets, bound_ms });
    }
    let of_user =
        [COINBASE_NAME, COINBASE_SECRET].iter().all(|name| world.environment.secret(name).is_some());
    let user = of_user.then_some(coinbase.ws_user_url.as_str());
    let work = async {
        let first = async { asked_in_turn(asked.first(), &client).await };
        let second = async { asked_in_turn(asked.get(1), &client).await };
        let (first, second, user) = tokio::join!(first, second, user_socket(user));
        [first, second, user].concat()
    };
    block_on(EACH * 3, work).unwrap_or_else(|| {
        vec![Row::failed(
            "venues",
            "no answer in time",
            "check the network: a venue or a name server does not answer",
        )]
    })
}

/// What one venue is asked, and how its answer is read.
struct Asked {
    venue: &'static str,
    url: String,
    question: fn(&Client, Url) -> RequestBuilder,
    read: fn(&Answer) -> Result<Told, String>,
    bound_ms: Option<u64>,
}

/// What an answer told.
struct Told {
    words: String,
    /// The time there, and what was cut off it.
    time: Option<(Ts, Duration)>,
}

fn get(client: &Client, url: Url) -> RequestBuilder {
    client.get(url)
}

fn meta(client: &Client, url: Url) -> RequestBuilder {
    client.post(url).json(&json!({"type": "meta"}))
}

fn coinbase_time(answer: &Answer) -> Result<Told, String> {
    let time: ServerTime = parsed(answer)?;
    let ts = Ts(time.epoch_ms.saturating_mul(1_000_000));
    Ok(Told { words: "tells its time".to_owned(), time: Some((ts, Duration::from_millis(1))) })
}

fn hyperliquid_markets(answer: &Answer) -> Result<Told, String> {
    let meta: Meta = parsed(answer)?;
    let time = answer.date.map(|date| (date, Duration::from_secs(1)));
    Ok(Told { words: format!("lists {} perpetuals", meta.universe.len()), time })
}

fn parsed<T: DeserializeOwned>(answer: &Answer) -> Result<T, String> {
    if !answer.status.is_success() {
        return Err(format!("it answers {}", answer.status));
    }
    serde_json::from_slice(&answer.body).map_err(|error| format!("its answer cannot be read: {error}"))
}

async fn asked_in_turn(asked: Option<&Asked>, client: &Client) -> Vec<Row> {
    let Some(asked) = asked else { return Vec::new() };
    asked.rows(client).await
}

impl Asked {
    async fn rows(&self, client: &Client) -> Vec<Row> {
        let check = format!("{} rest", self.venue);
        let url = match self.url.parse::<Url>() {
            Ok(url) => url,
            Err(error) => {
                return vec![Row::failed(check, format!("{}: {error}", self.url), "correct rest_url")];
            }
        };
        let (mut skew, mut quickest, mut words) = (None::<Skew>, Duration::MAX, String::new());
        for _ in 0..QUESTIONS {
            let answer = match ask((self.question)(client, url.clone())).await {
                Ok(answer) => answer,
                Err(error) => {
                    let Silence { found, remedy } = diagnose(&url, &deepest(&error)).await;
                    return vec![Row::failed(check, format!("{url}: {found}"), remedy)];
                }
            };
            let told = match (self.read)(&answer) {
                Ok(told) => told,
                Err(found) => return vec![Row::failed(check, format!("{url}: {found}"), REMEDY)],
            };
            if let Some((time, resolution)) = told.time {
                let one = Skew::of(answer.sent, answer.round_trip, time, resolution);
                skew = Some(skew.map_or(one, |before| one.and(before)));
            }
            quickest = quickest.min(answer.round_trip);
            words = told.words;
        }
        let clock = format!("{} clock", self.venue);
        let clock = match skew {
            Some(skew) => skew.row(clock, self.bound_ms),
            None => Row::skipped(clock, "its answers do not say what time it is"),
        };
        vec![Row::ok(check, format!("{url} {words}, in {quickest:.1?}")), clock]
    }
}

/// The account's socket, wanted only where there is a key: name, connection, TLS, and that HTTP is spoken.
async fn user_socket(url: Option<&str>) -> Vec<Row> {
    const CHECK: &str = "coinbase user socket";
    let Some(text) = url else { return Vec::new() };
    // An upgrade begins as HTTP does.
    let Ok(url) = text.replacen("ws", "http", 1).parse::<Url>() else {
        return vec![Row::failed(
            CHECK,
            format!("{text} does not read"),
            "correct venues.coinbase.ws_user_url",
        )];
    };
    vec![match knock(&url).await {
        Ok(took) => Row::ok(CHECK, format!("{text} answers in {took:.1?}")),
        Err(silence) => Row::failed(CHECK, format!("{text}: {}", silence.found), silence.remedy),
    }]
}
