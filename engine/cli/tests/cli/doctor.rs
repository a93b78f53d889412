//! `reprise doctor` in worlds that are broken in one place each, and in one that is whole.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use reprise_venues::hyperliquid::sign::SecretKey;
use serde_json::Value;

use crate::kit::{Place, REPRISE, Said};
use crate::running::Venues;

/// No secret of these tests is without it.
const CANARY: &str = "canary4711";
/// A key that is one, made for this test and used nowhere.
const HYPERLIQUID_KEY: &str = "0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A world: what is set up in its place, and what the doctor is told.
#[derive(Default)]
struct World {
    args: Vec<String>,
    env: Vec<(&'static str, String)>,
    /// What must stay open while the doctor looks.
    kept: Vec<TcpListener>,
}

impl World {
    fn of(args: &str) -> Self {
        Self { args: args.split_whitespace().map(str::to_owned).collect(), ..Self::default() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    fn examined(&self, place: &Place) -> Said {
        let mut command = place.command(REPRISE);
        command.args(["doctor", "--json"]).args(&self.args);
        command.envs(self.env.iter().map(|(name, value)| (*name, value.as_str())));
        Said::of(&command.output().unwrap())
    }
}

fn row<'a>(report: &'a Value, check: &str) -> &'a Value {
    let rows = report["checks"].as_array().unwrap();
    // A check may have several rows; the worst one is meant.
    let of_check = || rows.iter().filter(|row| row["check"] == check);
    let worst = of_check().find(|row| row["verdict"] != "ok").or_else(|| of_check().next());
    worst.unwrap_or_else(|| panic!("no row '{check}': {report}"))
}

/// Answers every connection with these bytes, for as long as the test runs.
fn answering(answer: impl Fn() -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut heard = [0; 4096];
            // Whoever hangs up early is of no interest.
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read(&mut heard).and_then(|_| stream.write_all(&answer()));
        }
    });
    address.to_string()
}

/// A webhook, and what it was asked.
fn webhook() -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(String::new()));
    let its = Arc::clone(&asked);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut heard = [0; 4096];
            let length = stream.read(&mut heard).unwrap_or_default();
            its.lock().unwrap().push_str(&String::from_utf8_lossy(&heard[..length]));
            let _ = stream.write_all(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (address, asked)
}

/// Hyperliquid, by a clock that is 5 s ahead.
fn ahead() -> String {
    answering(|| {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(5));
        let body = r#"{"universe":[]}"#;
        let head = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\n");
        format!("{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
    })
}

/// An address where nobody is.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// One market of one venue at these addresses.
fn only(venue: &str, rest: &str, ws: &str) -> World {
    let list =
        |name: &str, market: &str| if name == venue { format!("[\"{market}\"]") } else { "[]".to_owned() };
    let settings = [
        format!("venues.coinbase.products={}", list("coinbase", "BTC-USD")),
        format!("venues.hyperliquid.coins={}", list("hyperliquid", "BTC")),
        format!("venues.{venue}.rest_url=http://{rest}"),
        format!("venues.{venue}.ws_url=ws://{ws}"),
        "control.listen=127.0.0.1:0".to_owned(),
    ];
    World {
        args: settings.into_iter().flat_map(|one| ["--set".to_owned(), one]).collect(),
        ..World::default()
    }
}

fn secrets(place: &Place, mode: u32) {
    let path = place.write("conf/secrets.env", format!("UNUSED={CANARY}\n"));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn taken() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// How a world is broken, the row that fails, and words of what was found and of the remedy.
type Broken = (&'static str, fn(&Place) -> World, &'static str, &'static str, &'static str);

/// Worlds that need nobody else.
const AT_HOME: &[Broken] = &[
    ("an unwritable folder", |_| World::of("-o /proc/runs"), "run folder", "cannot be written", "-o"),
    (
        "a file in the way",
        |place| {
            place.write("runs", "");
            World::default()
        },
        "run folder",
        "no folder",
        "-o",
    ),
    (
        "secrets that others read",
        |place| {
            secrets(place, 0o644);
            World::default()
        },
        "secrets file",
        "0644",
        "chmod 600",
    ),
    (
        "a secrets file that does not read",
        |place| {
            let path = place.write("conf/secrets.env", CANARY);
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
            World::default()
        },
        "secrets file",
        "line 1",
        "NAME=VALUE",
    ),
    (
        "a garbage key",
        |_| {
            World::default()
                .with("COINBASE_API_KEY", CANARY)
                .with("COINBASE_API_SECRET", format!("!{CANARY}"))
        },
        "coinbase key",
        "neither PEM",
        "-----BEGIN",
    ),
    (
        "a key of another kind",
        |_| {
            let pem = format!("-----BEGIN {CANARY}-----\nAAAA\n-----END {CANARY}-----");
            World::default().with("COINBASE_API_KEY", CANARY).with("COINBASE_API_SECRET", pem)
        },
        "coinbase key",
        "another kind",
        "-----BEGIN",
    ),
    (
        "half a key",
        |_| World::default().with("COINBASE_API_KEY", CANARY),
        "coinbase key",
        "COINBASE_API_SECRET is not",
        "set",
    ),
    (
        "a short wallet key",
        |_| {
            World::default()
                .with("HYPERLIQUID_PRIVATE_KEY", format!("0x{CANARY}"))
                .with("HYPERLIQUID_ACCOUNT_ADDRESS", CANARY)
        },
        "hyperliquid key",
        "32 bytes",
        "64 hexadecimal",
    ),
    (
        "a garbage account",
        |_| {
            World::default()
                .with("HYPERLIQUID_PRIVATE_KEY", HYPERLIQUID_KEY)
                .with("HYPERLIQUID_ACCOUNT_ADDRESS", CANARY)
        },
        "hyperliquid key",
        "not an address",
        "40 hexadecimal",
    ),
    (
        "a wrong configuration",
        |_| World::of("--set risk.max_drawdawn=5"),
        "configuration",
        "max_drawdown",
        "check-config",
    ),
    (
        "no market",
        |_| World::of("--set venues.coinbase.products=[] --set venues.hyperliquid.coins=[]"),
        "configuration",
        "no market",
        "venues.coinbase.products",
    ),
    (
        "a control port that is taken",
        |_| {
            let (listener, address) = taken();
            World { kept: vec![listener], ..World::of(&format!("--set control.listen={address}")) }
        },
        "control address",
        "taken by another program",
        "control.listen",
    ),
    (
        "a metrics port that is taken",
        |_| {
            let (listener, address) = taken();
            World { kept: vec![listener], ..World::of(&format!("--set metrics.listen={address}")) }
        },
        "metrics address",
        "taken by another program",
        "metrics.listen",
    ),
];

/// Worlds of which the fault is outside.
const OUTSIDE: &[Broken] = &[
    (
        "a dead REST service",
        |_| only("coinbase", &nobody(), &nobody()),
        "coinbase rest",
        "no connection",
        "firewall",
    ),
    (
        "a dead socket",
        |_| only("hyperliquid", &nobody(), &nobody()),
        "hyperliquid feed",
        "no connection",
        "firewall",
    ),
    (
        "a garbage REST service",
        |_| only("coinbase", &answering(|| b"hello, hello\r\n".to_vec()), &nobody()),
        "coinbase rest",
        "a connection comes about",
        "status page",
    ),
    (
        "another REST service",
        |_| {
            let page = || b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>".to_vec();
            only("hyperliquid", &answering(page), &nobody())
        },
        "hyperliquid rest",
        "cannot be read",
        "status page",
    ),
    (
        "a garbage socket",
        |_| {
            let garbage = answering(|| b"hello, hello\r\n".to_vec());
            only("coinbase", &garbage, &garbage)
        },
        "coinbase feed",
        "0 of 1 markets live",
        "status page",
    ),
    (
        "a venue that is 5 s ahead",
        |_| only("hyperliquid", &ahead(), &nobody()),
        "hyperliquid clock",
        "behind",
        "NTP",
    ),
    (
        "a malformed webhook",
        |_| {
            only("coinbase", &nobody(), &nobody())
                .with("SLACK_WEBHOOK_URL", format!("hooks.slack.com/{CANARY}"))
        },
        "alerts",
        "SLACK_WEBHOOK_URL",
        "https://",
    ),
    (
        "half a webhook",
        |_| {
            let url = format!("https://hooks.slack.com/services/{CANARY}");
            only("coinbase", &nobody(), &nobody()).with("SLACK_WEBHOOK_URL", url)
        },
        "slack",
        "not whole",
        "copy it again",
    ),
    (
        "a connector of old",
        |_| {
            let url = format!("https://x.webhook.office.com/{CANARY}");
            only("coinbase", &nobody(), &nobody()).with("TEAMS_WEBHOOK_URL", url)
        },
        "teams",
        "connector",
        "workflow",
    ),
    (
        "a dead webhook",
        |_| {
            only("coinbase", &nobody(), &nobody())
                .with("TEAMS_WEBHOOK_URL", format!("http://{}/{CANARY}", nobody()))
        },
        "teams",
        "no connection",
        "address",
    ),
];

fn check((name, set_up, check, found, remedy): &Broken, more: &[&str]) {
    let place = Place::new();
    let mut world = set_up(&place);
    world.args.extend(more.iter().map(|&arg| arg.to_owned()));
    let said = world.examined(&place);
    assert_eq!(said.code, 1, "{name}: {said:?}");
    let report = said.json();
    let row = row(&report, check);
    assert_eq!(row["verdict"], "failed", "{name}: {report}");
    let says = |field: &str, words: &str| row[field].as_str().is_some_and(|text| text.contains(words));
    assert!(says("found", found) && says("remedy", remedy), "{name}: {row}");
    assert!(!format!("{said:?}").contains(CANARY), "{name} shows a secret: {said:?}");
    for other in report["checks"].as_array().unwrap() {
        let needs_one = other["verdict"] == "failed" || other["verdict"] == "warning";
        assert_eq!(other["remedy"].is_string(), needs_one, "{name}: {other}");
    }
}

/// Breaks when something that keeps a run from working passes, is not told in its own row with a remedy, or shows a
/// secret.
#[test]
fn what_is_broken_at_home_fails() {
    for broken in AT_HOME {
        check(broken, &["--offline"]);
    }
}

/// Breaks when a venue or a webhook that cannot be used passes, or a check waits for ever.
#[test]
fn what_is_broken_outside_fails() {
    let began = Instant::now();
    thread::scope(|scope| {
        for broken in OUTSIDE {
            scope.spawn(|| check(broken, &[]));
        }
    });
    assert!(began.elapsed() < Duration::from_secs(40), "each ends within 14 s: {:?}", began.elapsed());
}

/// Breaks when what works and is doubtful passes without a word, or fails.
#[test]
fn what_is_doubtful_warns() {
    let own = HYPERLIQUID_KEY.parse::<SecretKey>().unwrap().address().to_string();
    let rows: [(&str, World, &str, &str); 6] = [
        ("anybody's folder", World::of("-o everybodys"), "run folder", "everybody"),
        ("no token", World::default(), "control token", "not set"),
        (
            "a short token",
            World::default().with("REPRISE_CONTROL_TOKEN", "hunter2"),
            "control token",
            "characters",
        ),
        (
            "the master's key",
            World::default()
                .with("HYPERLIQUID_PRIVATE_KEY", HYPERLIQUID_KEY)
                .with("HYPERLIQUID_ACCOUNT_ADDRESS", own),
            "hyperliquid key",
            "master account",
        ),
        (
            "a market that nobody follows",
            World::of("--set risk.allow_list=[\"BTC-UDS.COINBASE\"]"),
            "configuration",
            "BTC-USD",
        ),
        ("an address for all", World::of("--set metrics.listen=0.0.0.0:0"), "metrics address", "others"),
    ];
    for (name, mut world, check, words) in rows {
        let place = Place::new();
        std::fs::create_dir(place.path("everybodys")).unwrap();
        std::fs::set_permissions(place.path("everybodys"), std::fs::Permissions::from_mode(0o777)).unwrap();
        world.args.push("--offline".to_owned());
        let said = world.examined(&place);
        assert_eq!(said.code, 0, "{name}: {said:?}");
        let report = said.json();
        let row = row(&report, check);
        assert_eq!(row["verdict"], "warning", "{name}: {row}");
        assert!(row["found"].as_str().unwrap().contains(words) && row["remedy"].is_string(), "{name}: {row}");
        assert!(!said.out.contains("hunter2"), "{said:?}");
    }
}

/// Breaks when the doctor never ends where nothing answers: connections come about and nobody ever speaks.
#[test]
fn silence_ends() {
    let place = Place::new();
    let (silent, address) = taken();
    let mut world =
        only("coinbase", &address, &address).with("TEAMS_WEBHOOK_URL", format!("http://{address}/{CANARY}"));
    world.kept.push(silent);
    let began = Instant::now();
    let said = world.examined(&place);
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    assert_eq!(said.code, 1, "{said:?}");
    for check in ["coinbase rest", "coinbase feed", "teams"] {
        assert_eq!(row(&said.json(), check)["verdict"], "failed", "{said:?}");
    }
    assert!(!format!("{said:?}").contains(CANARY), "{said:?}");
}

/// The folder holds nothing that was not there before.
fn is_untouched(folder: &Path, before: &[&str]) -> bool {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names == before
}

/// Breaks when a world that is whole is found fault with, something is left behind or posted, or a secret is shown.
#[test]
fn a_whole_world() {
    let place = Place::new();
    let venues = Venues::start(&place, "");
    secrets(&place, 0o600);
    let (hook, asked) = webhook();
    let token = format!("{CANARY}-and-long-enough");
    let mut world = World { args: venues.args(), ..World::default() }
        .with("REPRISE_CONTROL_TOKEN", token)
        .with("HYPERLIQUID_PRIVATE_KEY", HYPERLIQUID_KEY)
        .with("HYPERLIQUID_ACCOUNT_ADDRESS", format!("0x{}", "ab".repeat(20)))
        .with("TEAMS_WEBHOOK_URL", format!("http://{CANARY}@{hook}/{CANARY}?sig={CANARY}"));
    world.args.extend(
        ["--set", "control.listen=127.0.0.1:0", "--set", "metrics.listen=127.0.0.1:0"].map(str::to_owned),
    );
    let said = world.examined(&place);
    assert_eq!(said.code, 0, "{said:?}");
    let report = said.json();
    assert_eq!(report["healthy"], true);
    let all_ok = [
        "configuration",
        "secrets file",
        "run folder",
        "hyperliquid key",
        "control token",
        "control address",
        "metrics address",
        "open files",
        "clock",
        "coinbase rest",
        "coinbase clock",
        "hyperliquid rest",
        "hyperliquid clock",
        "coinbase feed",
        "hyperliquid feed",
        "teams",
    ];
    for check in all_ok {
        assert_eq!(row(&report, check)["verdict"], "ok", "{report}");
    }
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked.starts_with("HEAD / HTTP/1.1") && !asked.contains("POST") && !asked.contains(CANARY),
        "{asked}"
    );
    assert!(is_untouched(&place.path(""), &["conf"]), "nothing is left behind");
    let table = place
        .reprise_with(&format!("doctor --offline {}", world.args.join(" ")), &[("SLACK_BOT_TOKEN", CANARY)]);
    assert!(table.code == 0 && table.out.contains("--offline: nobody outside was asked"), "{table:?}");
    for secret in [CANARY, HYPERLIQUID_KEY, &HYPERLIQUID_KEY[..10], "abababab"] {
        assert!(!format!("{said:?} {table:?}").contains(secret), "{said:?} {table:?}");
    }
}
