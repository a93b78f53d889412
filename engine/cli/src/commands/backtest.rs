//! `reprise backtest`: a run's inputs through a strategy, into a run of its own.

use anyhow::{Context, Result};
use reprise_assembly::Registry;
use reprise_replays::{Backtest, BacktestOptions, Report};

use crate::args::BacktestArgs;
use crate::exit;
use crate::folders::{refuse_other_file, refuse_used_folder};
use crate::layers::{DEFAULT_NAME, config_of, layers_of, located, unknown_instruments};
use crate::output::{grouped, print_json, print_line, print_table, progress_bar, say, show, warn};

/// The report beside the run's journal.
pub const REPORT_FILE: &str = "report.json";

/// Backtests.
pub fn run(args: &BacktestArgs, registry: &Registry) -> Result<u8> {
    let layers = layers_of(&args.config)?;
    let config = config_of(&layers, registry)?;
    refuse_other_file(&args.run)?;
    refuse_used_folder(&args.output)?;
    if args.config.files.is_empty() {
        say(format_args!("no -c FILE: using the built-in {DEFAULT_NAME}"));
    }
    let options = BacktestOptions {
        copy_inputs: args.copy_inputs,
        market_only: args.market_only,
        threads: args.threads,
        source_name: None,
    };
    let bar = progress_bar("replaying");
    let backtest = Backtest::new(&args.run, &config, registry, options);
    let report = backtest
        .run(&args.output, &mut |p| show(&bar, p.read_bytes, p.total_bytes))
        .map_err(|error| located(error, &config, &layers))?;
    bar.finish_and_clear();
    let held: Vec<_> = report.instruments.iter().map(|i| i.instrument).collect();
    for warning in unknown_instruments(&config, &held).iter().chain(&report.warnings) {
        warn(warning);
    }
    write_report(&args.output, &report)?;
    if args.json {
        print_json(&report)?;
    } else {
        print_report(&report)?;
        print_line(format_args!("next: reprise verify {}", args.output.display()))?;
    }
    Ok(exit::DONE)
}

/// Writes the report beside the journal.
pub fn write_report(dir: &std::path::Path, report: &Report) -> Result<()> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    let file = dir.join(REPORT_FILE);
    std::fs::write(&file, text).with_context(|| format!("the report cannot be written to {}", file.display()))
}

/// Prints a report for a person.
pub fn print_report(report: &Report) -> Result<()> {
    let rows: Vec<Vec<String>> = report
        .instruments
        .iter()
        .map(|i| {
            vec![
                i.instrument.to_string(),
                i.orders.to_string(),
                i.denied.to_string(),
                i.fills.to_string(),
                i.position.to_string(),
                i.fees.to_string(),
                i.realized_pnl.to_string(),
                i.unrealized_pnl.to_string(),
                i.quote_asset.to_string(),
            ]
        })
        .collect();
    let header =
        ["instrument", "orders", "denied", "fills", "position", "fees", "realized", "unrealized", "in"];
    print_table(&header, &rows, &[1, 2, 3, 4, 5, 6, 7])?;
    print_bands(report)?;
    print_denials(report)?;
    let asset = report.reporting_asset;
    let rows = [
        ("equity at the start", report.equity_start.to_string()),
        ("realized", report.realized_pnl.to_string()),
        ("unrealized", report.unrealized_pnl.to_string()),
        ("fees", report.fees.to_string()),
        ("funding", report.funding.to_string()),
        ("equity at the end", report.equity_end.to_string()),
    ];
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|(name, value)| vec![name.to_owned(), value, asset.to_string()]).collect();
    print_table(&["account", "amount", "in"], &rows, &[1])?;
    print_line(format_args!("trading state   {}", report.trading_state))?;
    print_line(format_args!("decision digest {}", report.digest))?;
    print_line(format_args!(
        "{} events in {:.2} s, {} events/s",
        grouped(report.events),
        report.elapsed_s,
        grouped(report.events_per_s as u64)
    ))
}

fn print_bands(report: &Report) -> Result<()> {
    let rows: Vec<Vec<String>> = report
        .instruments
        .iter()
        .filter_map(|i| {
            let bands = i.bands?;
            let price = i.last_price.map(|p| p.to_string()).unwrap_or_default();
            let prices = [bands.lower, bands.middle, bands.upper].map(|p| p.to_string());
            Some([vec![i.instrument.to_string()], prices.to_vec(), vec![price]].concat())
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    print_table(&["bands", "lower", "middle", "upper", "last price"], &rows, &[1, 2, 3, 4])
}

fn print_denials(report: &Report) -> Result<()> {
    let rows: Vec<Vec<String>> = report
        .denials
        .iter()
        .map(|(code, count)| {
            let known = code.parse().ok().and_then(reprise_model::Code::from_number);
            let (rule, meaning) = known.map_or(("", ""), |code| (code.rule(), code.meaning().trim()));
            vec![code.clone(), rule.to_owned(), count.to_string(), meaning.to_owned()]
        })
        .collect();
    if rows.is_empty() {
        return print_line("no order was denied");
    }
    print_table(&["code", "denied by", "count", "because"], &rows, &[0, 2])
}
