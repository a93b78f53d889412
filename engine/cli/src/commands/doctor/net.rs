//! Asking others, with a deadline, and saying where it stopped: name, connection, TLS, answer.

use std::future::Future;
use std::time::{Duration, Instant};

use reprise_model::Ts;
use reprise_runtime::wall_clock;
use reqwest::{Client, RequestBuilder, StatusCode, Url, header};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// How long one request may take.
pub const EACH: Duration = Duration::from_secs(4);
/// The largest answer that is read: Hyperliquid's list of markets has some 100 kB.
const LARGEST: usize = 8 << 20;

/// Why nothing was heard: where it stopped, and what to do.
#[derive(Debug)]
pub struct Silence {
    /// Where it stopped.
    pub found: String,
    /// What to do.
    pub remedy: &'static str,
}

/// An answer, with what it takes to compare clocks.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body.
    pub body: Vec<u8>,
    /// When the question left.
    pub sent: Ts,
    /// How long the answer's head took.
    pub round_trip: Duration,
    /// What time the answer says it is, to a second.
    pub date: Option<Ts>,
}

/// Runs requests to their end, at most `patience` long. Name servers that hang are left behind.
pub fn block_on<T>(patience: Duration, work: impl Future<Output = T>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let done = runtime.block_on(async { timeout(patience, work).await.ok() });
    runtime.shutdown_background();
    done
}

/// A client that follows nobody elsewhere.
pub fn client() -> Result<Client, Silence> {
    let built = Client::builder()
        .user_agent(concat!("reprise/", env!("CARGO_PKG_VERSION")))
        .timeout(EACH)
        .redirect(reqwest::redirect::Policy::none())
        .build();
    built.map_err(|error| Silence {
        found: format!("no HTTP client can be made: {}", deepest(&error)),
        remedy: "install the system's certificates, such as the package ca-certificates",
    })
}

/// Asks.
pub async fn ask(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    // A cache would tell an old time.
    let request = request.header(header::CACHE_CONTROL, "no-cache");
    let (sent, began) = (wall_clock(), Instant::now());
    let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
    let round_trip = began.elapsed();
    let date = response.headers().get(header::DATE).and_then(|value| value.to_str().ok()).and_then(moment);
    let (status, mut body) = (response.status(), Vec::new());
    while let Some(part) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + part.len() > LARGEST {
            break;
        }
        body.extend_from_slice(&part);
    }
    Ok(Answer { status, body, sent, round_trip, date })
}

fn moment(date: &str) -> Option<Ts> {
    let at = httpdate::parse_http_date(date).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok().map(Ts)
}

/// Whether a connection comes about: the name, then TCP.
pub async fn reach(url: &Url) -> Result<(), Silence> {
    let Some((host, port)) = url.host_str().zip(url.port_or_known_default()) else {
        return Err(Silence { found: "the address names no host".to_owned(), remedy: "correct the address" });
    };
    let silence = |found: String, remedy| Err(Silence { found, remedy });
    let host = host.trim_matches(['[', ']']);
    let addresses: Vec<_> = match timeout(EACH, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(fault)) => return silence(format!("its name does not resolve: {fault}"), NAME),
        Err(_) => return silence("no name server answers".to_owned(), NAME),
    };
    match timeout(EACH, TcpStream::connect(&addresses[..])).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(fault)) => silence(format!("its name resolves, and no connection comes about: {fault}"), WAY),
        Err(_) => silence("its name resolves, and no connection comes about".to_owned(), WAY),
    }
}

/// Where it stopped. `error` is what the request said.
pub async fn diagnose(url: &Url, error: &str) -> Silence {
    let talk = || Silence { found: format!("a connection comes about, and then: {error}"), remedy: TALK };
    reach(url).await.err().unwrap_or_else(talk)
}

const NAME: &str = "check the address, the network, and the name servers: getent hosts NAME";
const WAY: &str = "check the address and its port, the firewall, and whether the other side is up";
const TALK: &str = "check that the address is the right one, the certificates of this machine, its clock, and the other \
                    side's own status page";

/// What is at the bottom of an error; the outermost text says little.
pub fn deepest(error: &dyn std::error::Error) -> String {
    let (mut words, mut next) = (error.to_string(), error.source());
    while let Some(cause) = next {
        words = cause.to_string();
        next = cause.source();
    }
    words
}

/// Whether anybody speaks HTTP where a URL points, told without its path: how long the answer took.
pub async fn knock(url: &Url) -> Result<Duration, Silence> {
    let mut door = url.clone();
    door.set_path("/");
    door.set_query(None);
    door.set_fragment(None);
    // What stands before the host may be a secret, too. These cannot fail: the URL has a host.
    let _ = door.set_password(None);
    let _ = door.set_username("");
    match ask(client()?.head(door.clone())).await {
        Ok(answer) => Ok(answer.round_trip),
        Err(error) => Err(diagnose(&door, &deepest(&error)).await),
    }
}
