//! Serves a recording until it is killed: for trying the simulator without the rest of the engine.
//!
//! Takes what `reprise venue-sim` takes, prints what it prints.

use std::error::Error;
use std::str::FromStr;

use reprise_venue_sim::{Running, Settings, TlsSettings, run};

fn main() -> Result<(), Box<dyn Error>> {
    let settings = read(std::env::args().skip(1))?;
    run(settings, tell, std::future::pending::<()>())?;
    Ok(())
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Settings, Box<dyn Error>> {
    let mut settings = Settings::new(words.next().ok_or("name a recording")?);
    let (mut tls, mut cert, mut key) = (None, None, None);
    while let Some(word) = words.next() {
        if word == "--loop" {
            settings.looped = true;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--coinbase" => settings.coinbase = Some(value.parse()?),
            "--coinbase-tls" => tls = Some(value.parse()?),
            "--tls-cert" => cert = Some(value.into()),
            "--tls-key" => key = Some(value.into()),
            "--hyperliquid" => settings.hyperliquid = Some(value.parse()?),
            "--network" => settings.network = parsed(&value)?,
            "--speed" => settings.speed = parsed(&value)?,
            "--faults" => settings.faults = Some(value.into()),
            "--coinbase-key" => settings.coinbase_keys.push(parsed(&value)?),
            "--map" => settings.maps.push(parsed(&value)?),
            "--balance" => {
                let (asset, amount) = value.split_once('=').ok_or("write ASSET=AMOUNT")?;
                settings.balances.insert(asset.parse()?, amount.parse()?);
            }
            other => return Err(format!("{other} is not known").into()),
        }
    }
    if let (Some(address), Some(cert), Some(key)) = (tls, cert, key) {
        settings.coinbase_tls = Some(TlsSettings { address, cert, key });
    }
    Ok(settings)
}

fn parsed<T: FromStr<Err = String>>(text: &str) -> Result<T, Box<dyn Error>> {
    text.parse().map_err(|error: String| error.into())
}

fn tell(running: &Running) {
    for shown in &running.mappings {
        println!("{} is {} at {}", shown.source, shown.name, shown.venue);
    }
    if let Some(address) = running.coinbase {
        println!("coinbase: http://{address}/api/v3/brokerage ws://{address}/ws ws://{address}/ws-user");
    }
    if let Some(address) = running.coinbase_tls {
        println!("coinbase: https://{address}/api/v3/brokerage wss://{address}/ws wss://{address}/ws-user");
    }
    if let Some(address) = running.hyperliquid {
        println!("hyperliquid: http://{address}/info /exchange ws://{address}/ws");
    }
    println!("ready");
}
