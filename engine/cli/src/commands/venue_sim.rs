//! `reprise venue-sim`: a recording, served as the venues would serve it.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reprise_model::{Asset, Cash};
use reprise_venue_sim::{Running, Settings, TlsSettings, start};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::args::{LogFormat, VenueSimArgs};
use crate::exit;
use crate::folders::refuse_other_file;
use crate::logs;
use crate::output::{print_line, say};

/// Serves until it is told to stop.
pub fn run(args: &VenueSimArgs) -> Result<u8> {
    logs::begin(LogFormat::Text);
    let settings = settings_of(args)?;
    let running = start(settings)?;
    tell(&running)?;
    wait_for_signal()?;
    for (kind, times) in running.faults_struck() {
        say(format_args!("fault {kind}: struck {times} times"));
    }
    running.stop();
    Ok(exit::DONE)
}

fn settings_of(args: &VenueSimArgs) -> Result<Settings> {
    refuse_other_file(&args.run)?;
    let is_served = args.coinbase.is_some() || args.coinbase_tls.is_some() || args.hyperliquid.is_some();
    ensure!(
        is_served,
        "no venue is served; name one at least: --coinbase 127.0.0.1:0 --hyperliquid 127.0.0.1:0"
    );
    let coinbase_tls = match (args.coinbase_tls, &args.tls_cert, &args.tls_key) {
        (Some(address), Some(cert), Some(key)) => {
            Some(TlsSettings { address, cert: cert.clone(), key: key.clone() })
        }
        _ => None,
    };
    let balances = if args.balances.is_empty() {
        Settings::usual_balances()
    } else {
        args.balances.iter().copied().collect()
    };
    Ok(Settings {
        coinbase: args.coinbase,
        coinbase_tls,
        hyperliquid: args.hyperliquid,
        network: args.network,
        speed: args.speed,
        looped: args.looped,
        faults: args.faults.clone(),
        balances,
        coinbase_keys: args.coinbase_keys.clone(),
        maps: args.maps.clone(),
        ..Settings::new(args.run.clone())
    })
}

/// Prints what is shown under which name and where it is served, then `ready`.
fn tell(running: &Running) -> Result<()> {
    for shown in &running.mappings {
        print_line(format_args!("{} is {} at {}", shown.source, shown.name, shown.venue))?;
    }
    if let Some(address) = running.coinbase {
        print_line(format_args!(
            "coinbase: http://{address}/api/v3/brokerage ws://{address}/ws ws://{address}/ws-user"
        ))?;
    }
    if let Some(address) = running.coinbase_tls {
        print_line(format_args!(
            "coinbase: https://{address}/api/v3/brokerage wss://{address}/ws wss://{address}/ws-user"
        ))?;
    }
    if let Some(address) = running.hyperliquid {
        print_line(format_args!("hyperliquid: http://{address}/info /exchange ws://{address}/ws"))?;
    }
    print_line("ready")
}

fn wait_for_signal() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("signals cannot be listened to")?;
    let (give, take) = mpsc::channel();
    let listen = move || {
        for (at, _) in signals.forever().enumerate() {
            if at > 0 || give.send(()).is_err() {
                std::process::exit(i32::from(exit::ERROR));
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).context("no thread for signals")?;
    while take.recv_timeout(Duration::from_secs(3_600)) == Err(mpsc::RecvTimeoutError::Timeout) {}
    Ok(())
}

/// `USD=50000`
pub fn balance(text: &str) -> Result<(Asset, Cash), String> {
    let (asset, amount) = text.split_once('=').ok_or("write ASSET=AMOUNT, such as USD=50000")?;
    let asset = asset.parse().map_err(|error| format!("{error}"))?;
    let amount: Cash = amount.parse().map_err(|error| format!("{error}"))?;
    if amount.is_negative() {
        return Err("a balance is 0 or more".to_owned());
    }
    Ok((asset, amount))
}
