//! A live run whose alerts are delivered, and what its journal says of them.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use reprise_alert_delivery::{
    Channel, ChannelCounts, ChannelSettings, Delivery, DeliveryCounts, DeliverySettings, ProcessAlerts,
    Secrets, Timing, channels,
};
use reprise_assembly::{Config, Layers, Registry, interpret};
use reprise_journal::{Body, JournalReader};
use reprise_model::event::{AlertDelivered, AlertFailed, Command, OperatorCommand, RunMode};
use reprise_model::{Input, Outcome, Record};
use reprise_runtime::{Controller, Engine, Gauges};

use crate::server::{PATIENCE, Server, until};

const CONFIG: &str = r#"
[account]
reporting_asset = "USD"
[account.balances]
USD = "1000"
[[alerts.rule]]
kind = "kill_switch"
rate = 100000
"#;

pub fn config() -> Config {
    let mut layers = Layers::default();
    layers.add_text(Path::new("test.toml"), CONFIG).unwrap();
    interpret(&layers, &Registry::builtin()).unwrap()
}

/// Both servers as channels.
pub fn both(slack: &Server, teams: &Server) -> Vec<Channel> {
    both_within(slack, teams, Duration::from_millis(400))
}

/// Both servers as channels that have so long to answer.
pub fn both_within(slack: &Server, teams: &Server, timeout: Duration) -> Vec<Channel> {
    let settings = ChannelSettings {
        slack_api_url: "https://slack.com/api".to_owned(),
        slack_webhook_url: Some(slack.url.clone()),
        teams_webhook_url: Some(teams.url.clone()),
        slack_channel: None,
        timeout,
    };
    channels(&settings, &Secrets::default()).unwrap()
}

pub fn settings(dir: &Path) -> DeliverySettings {
    DeliverySettings {
        dir: dir.to_owned(),
        timing: Timing {
            first_retry: Duration::from_millis(20),
            longest_retry: Duration::from_millis(100),
            give_up_after: Duration::from_secs(3_600),
            finish: Duration::from_secs(5),
        },
        process: ProcessAlerts::default(),
    }
}

/// A run on its way.
pub struct Run {
    pub controller: Controller,
    pub gauges: std::sync::Arc<Gauges>,
    counts: Option<DeliveryCounts>,
    thread: JoinHandle<()>,
}

impl Run {
    /// Begins a run, or takes it up again when there is one.
    pub fn start(channels: Vec<Channel>, settings: DeliverySettings) -> Self {
        let (give, take) = std::sync::mpsc::channel();
        // The engine does not travel between threads.
        let thread = std::thread::spawn(move || {
            let (config, registry) = (config(), Registry::builtin());
            let mut engine = if settings.dir.exists() {
                Engine::resume(&settings.dir, Some(&config), &registry).unwrap().0
            } else {
                Engine::create(&settings.dir, &config, &registry, RunMode::Paper).unwrap()
            };
            let delivery = if channels.is_empty() {
                None
            } else {
                Some(Delivery::start(&mut engine, channels, settings).unwrap())
            };
            let counts = delivery.as_ref().map(Delivery::counts);
            give.send((engine.controller(), engine.gauges(), counts)).unwrap();
            let halted = engine.run().err().map(|error| error.to_string());
            if let Some(delivery) = delivery {
                delivery.finish(halted.as_deref());
            }
        });
        let (controller, gauges, counts) = take.recv_timeout(PATIENCE).unwrap();
        Self { controller, gauges, counts, thread }
    }

    /// The kill switch is moved: each time an alert.
    pub fn command(&self, command: Command) -> u64 {
        let input = Input::OperatorCommand(Box::new(OperatorCommand::new(command, "test", "because")));
        self.controller.send_numbered(input, PATIENCE).unwrap().0
    }

    /// What the delivery has counted for a channel.
    pub fn counts(&self, channel: &str) -> ChannelCounts {
        let counts = self.counts.as_ref().unwrap().read();
        counts.into_iter().find(|counts| counts.channel.as_str() == channel).unwrap()
    }

    pub fn stop(self) {
        self.controller.stop("the test is over");
        self.thread.join().unwrap();
    }

    /// The engine ends, and the delivery is left to finish meanwhile.
    pub fn stop_later(self) -> JoinHandle<()> {
        self.controller.stop("the test is over");
        self.thread
    }
}

/// What a journal says of alerts.
#[derive(Debug, Default)]
pub struct Told {
    pub raised: Vec<String>,
    pub delivered: Vec<AlertDelivered>,
    pub failed: Vec<AlertFailed>,
}

pub fn told(dir: &Path) -> Told {
    let mut told = Told::default();
    let Ok(mut reader) = JournalReader::open(dir) else { return told };
    while let Ok(Some(entry)) = reader.next_entry() {
        match entry.body {
            Body::Outcome { outcome: Outcome::AlertRaised(alert), .. } => {
                told.raised.push(alert.alert.to_string())
            }
            Body::Record(Record::AlertDelivered(record)) => told.delivered.push(record),
            Body::Record(Record::AlertFailed(record)) => told.failed.push(record),
            _ => {}
        }
    }
    told
}

/// Waits until the journal has so many deliveries.
pub fn until_delivered(dir: &Path, count: usize) {
    until(&format!("{count} deliveries in the journal"), || told(dir).delivered.len() >= count);
}
