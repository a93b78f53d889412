//! A run as `conf/systemd/reprise@.service` starts it, under a supervisor of this test's own.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kit::{Place, REPRISE, root};

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the supervisor waits for a sign of life.
const WATCHDOG: Duration = Duration::from_secs(4);
const TOKEN: &str = "canary-of-the-service";

/// Markets where nobody is, and a control API.
const CONFIG: &str = r#"
[venues.coinbase]
products = ["BTC-USD"]
rest_url = "http://127.0.0.1:1"
ws_url = "ws://127.0.0.1:1"
[control]
listen = "127.0.0.1:0"
[runtime]
snapshot_s = 0
"#;

fn unit() -> String {
    std::fs::read_to_string(root().join("conf/systemd/reprise@.service")).unwrap()
}

/// The values of a directive, in their order.
fn said<'a>(unit: &'a str, directive: &str) -> Vec<&'a str> {
    let of_line =
        |line: &'a str| line.split_once('=').filter(|(name, _)| *name == directive).map(|(_, value)| value);
    unit.lines().filter_map(of_line).collect()
}

/// The unit's own command, with its places in this one.
fn exec_start(place: &Place) -> Vec<String> {
    let unit = unit();
    let [line] = said(&unit, "ExecStart")[..] else { panic!("one ExecStart: {unit}") };
    let at = |name: &str| place.path(name).to_str().unwrap().to_owned();
    let line = line.replace("/usr/local/bin/reprise", REPRISE);
    let line =
        line.replace("/etc/reprise/%i.toml", &at("a.toml")).replace("/var/lib/reprise/%i", &at("state"));
    assert!(!line.contains('%') && !line.contains("/var/lib") && !line.contains("/etc/"), "{line}");
    line.split_whitespace().map(str::to_owned).collect()
}

/// A run on its way, and what its supervisor hears.
struct Service {
    process: Child,
    supervisor: UnixDatagram,
    url: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    fn command(place: &Place) -> Command {
        let argv = exec_start(place);
        let mut command = place.command(&argv[0]);
        // Systemd hands credentials over in a folder of its own, by other means than modes.
        place.write("credentials/secrets.env", format!("REPRISE_CONTROL_TOKEN={TOKEN}\n"));
        std::fs::create_dir_all(place.path("state")).unwrap();
        command.args(&argv[1..]).env("CREDENTIALS_DIRECTORY", place.path("credentials"));
        command
    }

    fn start(place: &Place) -> Self {
        let socket = place.path("notify");
        let _ = std::fs::remove_file(&socket);
        let supervisor = UnixDatagram::bind(&socket).unwrap();
        supervisor.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = Self::command(place);
        command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut log = String::new();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            log.push_str(&line);
            serde_json::from_str::<Value>(&line).ok()?["address"].as_str().map(str::to_owned)
        });
        // What it says later must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        let url = format!("http://{}", address.unwrap_or_else(|| panic!("it says where it listens: {log}")));
        Self { process, supervisor, url }
    }

    fn heard(&self) -> String {
        let mut bytes = [0; 4096];
        let length = self.supervisor.recv(&mut bytes).expect("the supervisor is told in time");
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    fn until(&self, words: &str) -> String {
        let began = Instant::now();
        loop {
            let heard = self.heard();
            if heard.contains(words) {
                return heard;
            }
            assert!(began.elapsed() < PATIENCE, "'{words}' is never told: {heard}");
        }
    }

    fn trading(&self, place: &Place) -> Value {
        place.json(&format!("status --json --url {}", self.url))["trading"].clone()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.process.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }
}

/// Breaks when systemd is not told that the run is ready, lives and ends, or a run whose kill switch was pulled trades
/// again because its process was killed or stopped and started by the unit's own command.
#[test]
fn a_killed_run_stays_killed() {
    let place = Place::new();
    place.write("a.toml", CONFIG);
    let service = Service::start(&place);
    assert!(service.until("READY=1").contains("STATUS=seq "));
    for _ in 0..3 {
        let began = Instant::now();
        assert!(service.until("WATCHDOG=1").contains(", active, "));
        assert!(began.elapsed() < WATCHDOG, "a sign of life took {:?}", began.elapsed());
    }
    let at = format!("--url {}", service.url);
    let killed = place
        .reprise_with(&format!("kill --by ann --reason enough {at}"), &[("REPRISE_CONTROL_TOKEN", TOKEN)]);
    assert_eq!(killed.code, 0, "the token of the credential is taken: {killed:?}");
    service.until(", halted, ");
    service.signal("KILL");
    drop(service);

    let mut service = Service::start(&place);
    assert!(service.until("READY=1").contains(", halted, "), "a crash releases nothing");
    assert_eq!(service.trading(&place), "halted");
    service.signal("TERM");
    service.until("STOPPING=1");
    assert_eq!(service.process.wait().unwrap().code(), Some(0), "an end in order is no failure");
    drop(service);

    let service = Service::start(&place);
    assert!(service.until("READY=1").contains(", halted, "), "a stop releases nothing");
    let release = format!("release --by ann --reason seen --url {}", service.url);
    assert_eq!(place.reprise_with(&release, &[("REPRISE_CONTROL_TOKEN", TOKEN)]).code, 0);
    service.until(", active, ");
    drop(service);
    let journal = place.done("journal cat state/run").out;
    assert!(journal.contains("enough") && !journal.contains(TOKEN), "the journal says why, and no secret");
}

/// Breaks when the unit restarts a run that ended in order or that its configuration keeps from beginning, does not
/// restart one that crashed or hangs, or takes less care of secrets than it says.
#[test]
fn the_unit_says_what_it_must() {
    let unit = unit();
    let one = |directive: &str| said(&unit, directive).join(" ");
    let rows = [
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("WatchdogSec", "30s"),
        ("Restart", "on-failure"),
        ("StartLimitBurst", "3"),
        ("StartLimitIntervalSec", "600"),
        ("DynamicUser", "yes"),
        ("StateDirectory", "reprise/%i"),
        ("LoadCredential", "secrets.env:/etc/reprise/secrets.env"),
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("LimitCORE", "0"),
    ];
    for (directive, value) in rows {
        assert_eq!(one(directive), value, "{directive}");
    }
    let prevented = one("RestartPreventExitStatus");
    let place = Place::new();
    for (config, wrong) in
        [("[risk]\nmax_fun = 1\n", "an unknown key"), ("[venues.coinbase]\nws_url = \"x\"\n", "no URL")]
    {
        place.write("a.toml", config);
        let code = Service::command(&place).output().unwrap().status.code().unwrap();
        assert!(prevented.split(' ').any(|one| one == code.to_string()), "{wrong}: {code}");
    }
}

/// Breaks when systemd itself does not understand the unit.
#[test]
fn systemd_understands_the_unit() {
    let place = Place::new();
    place.write("units/reprise@.service", unit().replace("/usr/local/bin/reprise", REPRISE));
    let mut command = Command::new("systemd-analyze");
    command.arg("verify").arg(place.path("units/reprise@.service"));
    let Ok(output) = command.output() else {
        eprintln!("skipped: systemd-analyze is missing");
        return;
    };
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let about_ours = words.lines().filter(|line| line.contains("reprise@")).collect::<Vec<_>>();
    assert!(output.status.success() && about_ours.is_empty(), "{words}");
}

/// Breaks when a run cannot be begun and gone on with by the same command, or goes on where nothing was.
#[test]
fn one_command_begins_and_goes_on() {
    let place = Place::new();
    place.write("a.toml", CONFIG);
    std::fs::create_dir(place.path("empty")).unwrap();
    for folder in ["missing", "empty"] {
        let command = format!("run --mode paper -c a.toml --resume-or-new {folder} --duration 300ms --json");
        let epochs = |place: &Place| place.events(folder, "--kind run.started").len();
        assert_eq!(place.reprise(&command).code, 0);
        assert_eq!(epochs(&place), 1);
        let again = place.reprise(&command);
        assert!(again.code == 0 && again.err.contains("epoch"), "{again:?}");
        assert_eq!(epochs(&place), 2);
    }
    place.write("other/file", "no journal");
    let refused = place.reprise("run --mode paper -c a.toml --resume-or-new other");
    assert!(refused.code != 0 && refused.err.contains("other"), "{refused:?}");
    for with in ["--resume x", "-o x"] {
        assert_eq!(place.reprise(&format!("run --mode paper --resume-or-new y {with}")).code, 2, "{with}");
    }
}
