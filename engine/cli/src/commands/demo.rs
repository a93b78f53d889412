//! `reprise demo`: the bundled recording, traded on paper, offline.

use std::path::Path;

use anyhow::{Context, Result};
use reprise_assembly::Registry;
use reprise_replays::{Backtest, BacktestOptions};

use crate::args::{ConfigArgs, DemoArgs};
use crate::commands::backtest::{REPORT_FILE, print_report, write_report};
use crate::exit;
use crate::folders::{free_folder, refuse_used_folder};
use crate::layers::{config_of, layers_over};
use crate::output::{print_json, print_line, progress_bar, show, warn};

const CONFIG_NAME: &str = "conf/demo.toml";
const CONFIG: &str = include_str!("../../../../conf/demo.toml");
const SAMPLE_NAME: &str = "replays/samples/binance-spot-20250325";
/// Three minutes of three markets: see replays/samples/README.md.
const SAMPLE: &[u8] = include_bytes!("../../../../replays/samples/binance-spot-20250325/000001.jsonl.zst");
const SAMPLE_MANIFEST: &[u8] =
    include_bytes!("../../../../replays/samples/binance-spot-20250325/manifest.json");

/// Runs the demo.
pub fn run(args: &DemoArgs, registry: &Registry) -> Result<u8> {
    let dir = match &args.output {
        Some(dir) => dir.clone(),
        None => free_folder(Path::new("runs"), "demo")?,
    };
    let config = config_of(&layers_over(CONFIG_NAME, CONFIG, &ConfigArgs::default())?, registry)?;
    refuse_used_folder(&dir)?;
    let sample = unpack_sample()?;
    let options = BacktestOptions {
        copy_inputs: true,
        source_name: Some(SAMPLE_NAME.to_owned()),
        ..Default::default()
    };
    let bar = progress_bar("replaying");
    let report = Backtest::new(sample.path(), &config, registry, options)
        .run(&dir, &mut |p| show(&bar, p.read_bytes, p.total_bytes))?;
    bar.finish_and_clear();
    write_report(&dir, &report)?;
    for warning in &report.warnings {
        warn(warning);
    }
    if args.json {
        print_json(&report)?;
        return Ok(exit::DONE);
    }
    print_line("Three minutes of BTC, ETH and SOL against USDT, Binance, 2025-03-25, traded on paper.")?;
    print_report(&report)?;
    print_next(&dir)?;
    Ok(exit::DONE)
}

fn unpack_sample() -> Result<tempfile::TempDir> {
    let dir = tempfile::tempdir().context("no temporary folder for the bundled recording")?;
    std::fs::write(dir.path().join("000001.jsonl.zst"), SAMPLE).context("unpacking the bundled recording")?;
    std::fs::write(dir.path().join("manifest.json"), SAMPLE_MANIFEST)
        .context("unpacking the bundled recording")?;
    Ok(dir)
}

fn print_next(dir: &Path) -> Result<()> {
    let dir = dir.display();
    print_line(format_args!("\nThe journal is in {dir}, the figures are in {dir}/{REPORT_FILE}. Try next:"))?;
    let next = [
        (format!("reprise verify {dir}"), "recompute every decision and compare, byte by byte"),
        (format!("reprise journal verify {dir}"), "check the chain of every line"),
        (format!("reprise journal cat {dir} --kind order. --kind risk."), "read what was decided"),
        (
            format!("reprise backtest {dir} --strategy twap -o runs/twap"),
            "the same market, another strategy, no frictions",
        ),
        ("reprise init my-strategy".to_owned(), "a crate with a strategy of your own"),
    ];
    let width = next.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, why) in next {
        print_line(format_args!("  {command:width$}  {why}"))?;
    }
    Ok(())
}
