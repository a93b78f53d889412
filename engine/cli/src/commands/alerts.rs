//! `reprise alerts`: do messages arrive, and when would rules have spoken.

use std::path::Path;

use anyhow::{Context, Result, bail};
use reprise_alert_delivery::{Channel, Message};
use reprise_assembly::{Config, Registry, assemble, from_recorded};
use reprise_core::Outcomes;
use reprise_model::event::{AlertRaised, RunMode, Source};
use reprise_model::{Input, Instrument, Outcome, Ts};
use reprise_replays::{Inputs, Selection};
use serde_json::json;

use crate::args::{AlertsBacktestArgs, AlertsCommand, AlertsTestArgs, ConfigArgs};
use crate::commands::live::channels_of;
use crate::environment::Environment;
use crate::exit;
use crate::layers::{PAPER_NAME, PAPER_TEXT, config_of, layers_live};
use crate::output::{moment, print_json, print_line, print_table, say};

/// Does what is asked for.
pub fn run(command: &AlertsCommand, registry: &Registry) -> Result<u8> {
    match command {
        AlertsCommand::Test(args) => test(args, registry),
        AlertsCommand::Backtest(args) => backtest(args, registry),
    }
}

fn said(args: &ConfigArgs, registry: &Registry) -> Result<Config> {
    let layers = layers_live(PAPER_NAME, PAPER_TEXT, args, Environment::read()?)?;
    config_of(&layers, registry)
}

fn test(args: &AlertsTestArgs, registry: &Registry) -> Result<u8> {
    let config = said(&args.config, registry)?;
    let channels = channels_of(&config.alerts, &Environment::read()?)?;
    if channels.is_empty() {
        bail!(
            "no channel is configured: set SLACK_WEBHOOK_URL, SLACK_BOT_TOKEN with alerts.slack.channel, or \
             TEAMS_WEBHOOK_URL, in the environment or conf/secrets.env"
        );
    }
    let message = Message::test(reprise_runtime::wall_clock());
    let results = send_to_all(&channels, &message)?;
    let has_failed = results.iter().any(|(_, failure)| failure.is_some());
    if args.json {
        let row =
            |(channel, failure): &(String, Option<String>)| json!({"channel": channel, "failure": failure});
        print_json(&json!({"alert": message.id, "channels": results.iter().map(row).collect::<Vec<_>>()}))?;
    } else {
        let row = |(channel, failure): &(String, Option<String>)| {
            vec![channel.clone(), failure.clone().unwrap_or_else(|| "delivered".to_owned())]
        };
        print_table(&["channel", message.id.as_str()], &results.iter().map(row).collect::<Vec<_>>(), &[])?;
    }
    Ok(if has_failed { exit::ERROR } else { exit::DONE })
}

/// One attempt each.
fn send_to_all(channels: &[Channel], message: &Message) -> Result<Vec<(String, Option<String>)>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    Ok(runtime.block_on(async {
        let mut results = Vec::new();
        for channel in channels {
            let failure = channel.send(message).await.err().map(|failure| failure.to_string());
            results.push((channel.name().to_string(), failure));
        }
        results
    }))
}

/// What a rule would have said, and when.
struct Told {
    ts: Ts,
    alert: AlertRaised,
}

fn backtest(args: &AlertsBacktestArgs, registry: &Registry) -> Result<u8> {
    let told = replay(args, registry)?;
    if args.json {
        let row = |one: &Told| {
            json!({"ts": one.ts, "time": one.ts.in_words(), "alert": one.alert.alert, "rule": one.alert.rule,
                "severity": one.alert.severity, "text": one.alert.text, "figures": one.alert.figures})
        };
        return print_json(&told.iter().map(row).collect::<Vec<_>>()).map(|()| exit::DONE);
    }
    if told.is_empty() {
        print_line("no rule would have said anything")?;
        return Ok(exit::DONE);
    }
    let row = |one: &Told| {
        vec![
            moment(one.ts),
            one.alert.alert.to_string(),
            one.alert.severity.to_string(),
            one.alert.text.clone(),
        ]
    };
    print_table(&["time", "alert", "severity", "what"], &told.iter().map(row).collect::<Vec<_>>(), &[])?;
    Ok(exit::DONE)
}

/// A run's inputs, and the configuration under which they are replayed.
struct Replayed {
    inputs: Inputs,
    config: Config,
    instruments: Vec<Instrument>,
    epoch: u32,
}

/// A run is replayed under its own configuration, with the rules that are said, if any are; a recording, which has
/// decided nothing, under the configuration that is said.
fn replayed(args: &AlertsBacktestArgs, registry: &Registry) -> Result<Replayed> {
    let inputs = Inputs::open(&args.run, Selection::Verify)?;
    let started = inputs.started().clone();
    let (instruments, epoch) = (started.instruments.clone(), started.epoch);
    if started.mode == RunMode::Record {
        let inputs = Inputs::open(&args.run, Selection::Backtest)?;
        return Ok(Replayed { inputs, config: said(&args.config, registry)?, instruments, epoch: 0 });
    }
    let recorded = from_recorded(started.config.as_str())?;
    let has_said = !args.config.files.is_empty() || !args.config.settings.is_empty();
    let config =
        if has_said { Config { alerts: said(&args.config, registry)?.alerts, ..recorded } } else { recorded };
    let inputs = match &started.source {
        Some(source) if !started.copied_inputs => of_source(&args.run, source)?,
        _ => inputs,
    };
    Ok(Replayed { inputs, config, instruments, epoch })
}

/// The inputs of a backtest that names them elsewhere.
fn of_source(run: &Path, source: &Source) -> Result<Inputs> {
    let folder = if run.is_dir() { run } else { run.parent().unwrap_or(run) };
    let selection = if source.market_only { Selection::MarketOnly } else { Selection::Backtest };
    Inputs::open(&folder.join(&source.path), selection).with_context(|| {
        format!("{} holds no inputs, and those of the run that it names cannot be read", run.display())
    })
}

/// Every alert that the rules raise, in order.
fn replay(args: &AlertsBacktestArgs, registry: &Registry) -> Result<Vec<Told>> {
    let Replayed { inputs, config, instruments, epoch } = replayed(args, registry)?;
    if config.alerts.rule.is_empty() {
        say("the configuration has no [[alerts.rule]]; name one with -c FILE");
    }
    let mut inputs = inputs.amended_by(&config);
    let mut core = assemble(&config, registry, &instruments, epoch)?;
    let (mut outcomes, mut told) = (Outcomes::default(), Vec::new());
    while let Some((seq, ts, input)) = inputs.next_input()? {
        if let Input::RunStarted(started) = &input {
            core.begin_epoch(seq, started.epoch);
            continue;
        }
        core.step(ts, &input, &mut outcomes).with_context(|| format!("the engine halts at seq {seq}"))?;
        told.extend(outcomes.as_slice().iter().filter_map(|decided| match &decided.outcome {
            Outcome::AlertRaised(alert) => Some(Told { ts: decided.ts, alert: (**alert).clone() }),
            _ => None,
        }));
    }
    Ok(told)
}
