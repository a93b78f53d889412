//! `reprise run` and `reprise record`: a live run, from its configuration to its end.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use reprise_assembly::{Config, Registry, from_recorded, to_toml};
use reprise_journal::{Body, JournalReader};
use reprise_model::Input;
use reprise_model::event::{RunMode, RunStarted};
use reprise_runtime::{Engine, TakenUp};

use crate::args::{ConfigArgs, LiveArgs, RecordArgs, RunArgs, TradingMode};
use crate::commands::live;
use crate::environment::Environment;
use crate::exit;
use crate::folders::{free_folder, refuse_used_folder};
use crate::layers::{PAPER_NAME, PAPER_TEXT, config_of, layers_live};
use crate::logs;
use crate::output::{grouped, print_line, say};

/// Trades.
pub fn run(args: &RunArgs, registry: &Registry) -> Result<u8> {
    let TradingMode::Paper = args.mode;
    live_run(RunMode::Paper, &args.config, &args.live, registry)
}

/// Records.
pub fn record(args: &RecordArgs, registry: &Registry) -> Result<u8> {
    live_run(RunMode::Record, &args.config, &args.live, registry)
}

fn live_run(mode: RunMode, config: &ConfigArgs, live: &LiveArgs, registry: &Registry) -> Result<u8> {
    logs::begin(live.log);
    let environment = Environment::read()?;
    let official_sdk = environment.is_on("USE_OFFICIAL_SDK");
    let begun = live.resume_or_new.as_ref().filter(|dir| refuse_used_folder(dir).is_err());
    let (dir, mut config, is_new) = match live.resume.as_ref().or(begun) {
        Some(dir) => (dir.clone(), resumed_config(dir, mode, config, environment, registry)?, false),
        None => {
            let layers = layers_live(PAPER_NAME, PAPER_TEXT, config, environment)?;
            if config.files.is_empty() {
                say(format_args!("no -c FILE: using the built-in {PAPER_NAME}"));
            }
            (new_folder(mode, live)?, config_of(&layers, registry)?, true)
        }
    };
    config.venues.coinbase.official_sdk |= official_sdk;
    if config.venues.coinbase.products.is_empty() && config.venues.hyperliquid.coins.is_empty() {
        bail!("no market is named; set venues.coinbase.products or venues.hyperliquid.coins");
    }
    let engine = if is_new {
        Engine::create(&dir, &config, registry, mode)?
    } else {
        let (engine, taken_up) = Engine::resume(&dir, Some(&config), registry)?;
        tell_taken_up(&dir, &taken_up);
        engine
    };
    let summary = live::run(engine, &dir, &config, live)?;
    if !live.json {
        live::print_summary(&summary)?;
        print_line(format_args!("next: reprise verify {}", dir.display()))?;
    }
    Ok(exit::DONE)
}

fn new_folder(mode: RunMode, live: &LiveArgs) -> Result<PathBuf> {
    let dir = match live.output.as_ref().or(live.resume_or_new.as_ref()) {
        Some(dir) => dir.clone(),
        None => free_folder(Path::new("runs"), mode.as_str())?,
    };
    refuse_used_folder(&dir)?;
    Ok(dir)
}

/// What a run recorded, with what is said over it now.
fn resumed_config(
    dir: &Path,
    mode: RunMode,
    args: &ConfigArgs,
    environment: Environment,
    registry: &Registry,
) -> Result<Config> {
    let started = first_line(dir)?;
    if started.mode != mode {
        bail!(
            "{} is a {} run; take it up with: reprise {}",
            dir.display(),
            started.mode,
            match started.mode {
                RunMode::Paper => "run --mode paper --resume",
                RunMode::Record => "record --resume",
                RunMode::Backtest => "backtest, which runs it again",
                RunMode::Live => "run --mode live --resume",
            }
        );
    }
    let recorded = to_toml(&from_recorded(started.config.as_str())?)?;
    let name = format!("the configuration of {}", dir.display());
    let layers = layers_live(&name, &recorded, args, environment)?;
    config_of(&layers, registry)
}

fn first_line(dir: &Path) -> Result<Box<RunStarted>> {
    let mut reader = JournalReader::open(dir)?;
    match reader.next_entry()?.map(|entry| entry.body) {
        Some(Body::Input { input: Input::RunStarted(started), .. }) => Ok(started),
        _ => bail!("{} does not begin with run.started; it is no run", dir.display()),
    }
}

fn tell_taken_up(dir: &Path, taken_up: &TakenUp) {
    let recovered = &taken_up.recovered;
    let from = match taken_up.snapshot {
        Some(seq) => format!("from the snapshot at seq {seq}"),
        None => "from its first line".to_owned(),
    };
    say(format_args!(
        "{}: {} ({}), whole up to seq {}; {} inputs stepped {from}; epoch {} begins",
        dir.display(),
        recovered.finding,
        recovered.action,
        recovered.last_seq,
        grouped(taken_up.stepped),
        taken_up.epoch
    ));
    for (file, bytes) in &recovered.kept {
        say(format_args!("{bytes} bytes that were cut are kept in {}", file.display()));
    }
}
