//! What can be said on the command line.

mod control;
#[cfg(test)]
mod documents;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use reprise_market_data::import::Format;
use reprise_model::{Asset, Cash};
use reprise_venue_sim::{CoinbaseKey, MapRule, Network, Speed};

pub use control::{
    CancelAllArgs, ConsoleArgs, Given, KillArgs, LookArgs, PauseArgs, ReduceOnlyArgs, ReleaseArgs,
    SetLimitArgs, TopArgs, Where,
};

/// An event-sourced trading engine: it journals what it saw and decided, and proves it by replay.
#[derive(Debug, Parser)]
#[command(name = "reprise", version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 error, 2 usage or not to be judged, 3 not running, \
                        4 configuration, 5 timeout, 6 verification found a difference, 8 journal damaged.")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay the bundled recording of three real markets and trade on paper; offline, a few seconds.
    Demo(DemoArgs),
    /// Turn recordings into a journal.
    Import(ImportArgs),
    /// Replay a journal's inputs through a strategy, risk and the paper venue.
    Backtest(BacktestArgs),
    /// Trade on paper on live market data, journal everything, go on after an interruption.
    Run(RunArgs),
    /// Record live market data without trading; the journal backtests.
    Record(RecordArgs),
    /// Show how a live run stands.
    Status(LookArgs),
    /// List a live run's open orders.
    Orders(LookArgs),
    /// List a live run's positions.
    Positions(LookArgs),
    /// List a live run's limits with their head-room.
    Limits(LookArgs),
    /// Pause a live run's strategies: no new orders.
    Pause(PauseArgs),
    /// Let a live run's strategies go on.
    Resume(PauseArgs),
    /// Let only orders go that reduce exposure.
    ReduceOnly(ReduceOnlyArgs),
    /// Cancel a live run's open orders.
    CancelAll(CancelAllArgs),
    /// Pull a live run's kill switch: halt, cancel, flatten if so asked.
    Kill(KillArgs),
    /// Release a live run's kill switch.
    Release(ReleaseArgs),
    /// Set a limit of a live run.
    SetLimit(SetLimitArgs),
    /// Watch a live run in the terminal.
    Top(TopArgs),
    /// Look at a run that is over in the browser.
    Console(ConsoleArgs),
    /// Serve a recording as Coinbase and Hyperliquid would, on loopback, with faults on demand.
    VenueSim(VenueSimArgs),
    /// Recompute a run's decisions and prove that they are identical, or name the first difference.
    Verify(VerifyArgs),
    /// Look into a journal, check it, seal it.
    Journal(JournalArgs),
    /// Try whether alerts arrive, and when their rules would have spoken.
    Alerts(AlertsArgs),
    /// Check a configuration and show what it means.
    CheckConfig(CheckConfigArgs),
    /// Check that everything a live run needs is there: exit 1 if something is not.
    Doctor(DoctorArgs),
    /// List the strategies and their parameters.
    Strategies(StrategiesArgs),
    /// Print the JSON Schema of journal lines, or the table of event kinds or refusals.
    Schema(SchemaArgs),
    /// Make a crate with a strategy of your own, ready to build and backtest.
    Init(InitArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
}

/// `reprise demo`
#[derive(Debug, ClapArgs)]
pub struct DemoArgs {
    /// The folder of the run; runs/demo-1 or the next free one when left out.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `reprise import`
#[derive(Debug, ClapArgs)]
pub struct ImportArgs {
    /// The files' format: lean (zips of Lean CSV), recorder (`recv_ns {json}` lines of Binance or Hyperliquid),
    /// item-jsonl (`{"Item":…}` lines) or csv (ts_ns,instrument,bid,bid_size,ask,ask_size[,last,last_size,side]).
    #[arg(long, value_name = "FORMAT")]
    pub format: Format,
    /// The venue, where the recording does not tell it.
    #[arg(long, value_name = "VENUE")]
    pub venue: Option<String>,
    /// The instrument's id, for recordings of one instrument: SYMBOL.VENUE, such as BTC-USD.COINBASE.
    #[arg(long, value_name = "ID")]
    pub instrument: Option<String>,
    /// Count bad rows and go on, instead of stopping at the first.
    #[arg(long)]
    pub skip_bad: bool,
    /// The recordings; where times are equal, rows of the file named first come first.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The new run's folder.
    #[arg(short, long, value_name = "RUNDIR")]
    pub output: PathBuf,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Where a configuration comes from.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct ConfigArgs {
    /// A configuration file; later ones are laid over earlier ones. Without any, the built-in conf/backtest.toml.
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Run only this strategy: one of the configuration by its id or kind, or any other kind as it comes.
    #[arg(long, value_name = "NAME")]
    pub strategy: Option<String>,
    /// Set one value, over files and environment: risk.limits.max_position_qty=0.5, strategy.fast=20 for the single
    /// strategy, strategy.ID.fast=20 for one of several.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
}

/// `reprise backtest`
#[derive(Debug, ClapArgs)]
pub struct BacktestArgs {
    /// The run whose inputs are replayed.
    #[arg(value_name = "RUNDIR")]
    pub run: PathBuf,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The new run's folder.
    #[arg(short, long, value_name = "OUTDIR")]
    pub output: PathBuf,
    /// Copy the inputs too, so that the run can be verified without its source.
    #[arg(long)]
    pub copy_inputs: bool,
    /// Replay market data alone: leave out recorded feed states, commands, transfers and wake-ups.
    #[arg(long)]
    pub market_only: bool,
    /// Threads: 1 does everything on one; 2 reads and decodes on another. The decisions are the same.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub threads: u8,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Where orders go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TradingMode {
    /// To the paper venue: live data, no money.
    Paper,
}

/// `reprise run`
#[derive(Debug, ClapArgs)]
pub struct RunArgs {
    /// Where orders go.
    #[arg(long, value_enum)]
    pub mode: TradingMode,
    /// The configuration; without any, the built-in conf/paper.toml.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// How the run lives.
    #[command(flatten)]
    pub live: LiveArgs,
}

/// `reprise record`
#[derive(Debug, ClapArgs)]
pub struct RecordArgs {
    /// The configuration, of which the venues and the journal matter; without any, the built-in conf/paper.toml.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// How the run lives.
    #[command(flatten)]
    pub live: LiveArgs,
}

/// How a live run lives.
#[derive(Debug, ClapArgs)]
pub struct LiveArgs {
    /// The new run's folder; runs/paper-1, runs/record-1 or the next free one when left out.
    #[arg(short, long, value_name = "RUNDIR", conflicts_with_all = ["resume", "resume_or_new"])]
    pub output: Option<PathBuf>,
    /// Go on with a run that was interrupted or ended, under the configuration it recorded unless -c names it.
    #[arg(long, value_name = "RUNDIR")]
    pub resume: Option<PathBuf>,
    /// Go on with the run in this folder, or begin it there where the folder is missing or empty: the one command
    /// that a supervisor needs.
    #[arg(long, value_name = "RUNDIR", conflicts_with = "resume")]
    pub resume_or_new: Option<PathBuf>,
    /// End after so long: 500ms, 60s, 10m, 8h, 2d. Without it, at Ctrl-C.
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub duration: Option<std::time::Duration>,
    /// Print how the run stands, and its end, as JSON lines on stdout.
    #[arg(long)]
    pub json: bool,
    /// How logs are written on stderr; REPRISE_LOG=debug shows more of them.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `reprise venue-sim`
#[derive(Debug, ClapArgs)]
pub struct VenueSimArgs {
    /// The recording that is played as if it happened now.
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Serve Coinbase here: REST under /api/v3/brokerage, WebSockets /ws and /ws-user. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub coinbase: Option<SocketAddr>,
    /// Serve Coinbase over TLS here.
    #[arg(long, value_name = "ADDR", requires_all = ["tls_cert", "tls_key"])]
    pub coinbase_tls: Option<SocketAddr>,
    /// The certificate, PEM; a self-signed one will do.
    #[arg(long, value_name = "FILE", requires = "coinbase_tls")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, PEM.
    #[arg(long, value_name = "FILE", requires = "coinbase_tls")]
    pub tls_key: Option<PathBuf>,
    /// Serve Hyperliquid here: /info, /exchange and the WebSocket /ws.
    #[arg(long, value_name = "ADDR")]
    pub hyperliquid: Option<SocketAddr>,
    /// Which network of Hyperliquid signatures must be for: mainnet or testnet.
    #[arg(long, value_name = "NETWORK", default_value = "mainnet")]
    pub network: Network,
    /// How many times as fast as it was recorded.
    #[arg(long, value_name = "N", default_value = "1")]
    pub speed: Speed,
    /// Begin again at the recording's end, as often as it takes.
    #[arg(long = "loop")]
    pub looped: bool,
    /// A script of faults, TOML; see docs/VENUE_SIM.md.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// What every account starts with, such as USD=50000; may be given more than once, and then replaces the usual
    /// 100000 USD, 100000 USDC, 10 BTC and 100 ETH.
    #[arg(long = "balance", value_name = "ASSET=AMOUNT", value_parser = crate::commands::venue_sim::balance)]
    pub balances: Vec<(Asset, Cash)>,
    /// Check the signatures of a Coinbase key: its name and the PEM file of its public key.
    #[arg(long = "coinbase-key", value_name = "NAME=FILE")]
    pub coinbase_keys: Vec<CoinbaseKey>,
    /// Name an instrument of the recording: BTCUSDT.BINANCE=BTC-USD is product BTC-USD and coin BTC.
    #[arg(long = "map", value_name = "INSTRUMENT=PRODUCT")]
    pub maps: Vec<MapRule>,
}

/// `reprise verify`
#[derive(Debug, ClapArgs)]
pub struct VerifyArgs {
    /// The run.
    #[arg(value_name = "RUNDIR")]
    pub run: PathBuf,
    /// Where a backtest's inputs are, if they are no longer where its journal says.
    #[arg(long, value_name = "RUNDIR")]
    pub source: Option<PathBuf>,
    /// Print the verdict as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `reprise journal`
#[derive(Debug, ClapArgs)]
pub struct JournalArgs {
    /// What to do with the journal.
    #[command(subcommand)]
    pub command: JournalCommand,
}

/// Every journal command.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Check chain, order and completeness: exit 0 clean, 1 corrupt, 2 could not judge.
    Verify(JournalRun),
    /// Count what is in it.
    Stat(JournalRun),
    /// Print its lines.
    Cat(JournalCat),
    /// Compress its segments; their content stays what it is.
    Seal(JournalRun),
    /// Make it whole after a crash: cut what is torn at its end, and keep that aside.
    Repair(JournalRun),
}

/// A journal command's run.
#[derive(Debug, ClapArgs)]
pub struct JournalRun {
    /// The run.
    #[arg(value_name = "RUNDIR")]
    pub run: PathBuf,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `reprise journal cat`
#[derive(Debug, ClapArgs)]
pub struct JournalCat {
    /// The run.
    #[arg(value_name = "RUNDIR")]
    pub run: PathBuf,
    /// Only from this number on.
    #[arg(long, value_name = "SEQ")]
    pub from: Option<u64>,
    /// Only up to this number.
    #[arg(long, value_name = "SEQ")]
    pub to: Option<u64>,
    /// Only this kind, or kinds that begin so: order. or market.quote; may be given more than once.
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<String>,
    /// Lines are JSON already; accepted for the sake of scripts.
    #[arg(long)]
    pub json: bool,
}

/// `reprise alerts`
#[derive(Debug, ClapArgs)]
pub struct AlertsArgs {
    /// What to do with alerts.
    #[command(subcommand)]
    pub command: AlertsCommand,
}

/// Every alerts command.
#[derive(Debug, Subcommand)]
pub enum AlertsCommand {
    /// Send a test message to every configured channel: exit 1 if one does not take it.
    Test(AlertsTestArgs),
    /// List when the rules would have spoken in a run.
    Backtest(AlertsBacktestArgs),
}

/// `reprise alerts test`
#[derive(Debug, ClapArgs)]
pub struct AlertsTestArgs {
    /// The configuration, of which alerts matter; without any, the built-in conf/paper.toml.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `reprise alerts backtest`
#[derive(Debug, ClapArgs)]
pub struct AlertsBacktestArgs {
    /// The run whose inputs are replayed.
    #[arg(value_name = "RUNDIR")]
    pub run: PathBuf,
    /// Where the rules are; without it the run's own. A recording is traded under it as a whole.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `reprise check-config`
#[derive(Debug, ClapArgs)]
pub struct CheckConfigArgs {
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Show each value and where it comes from.
    #[arg(long)]
    pub print: bool,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `reprise doctor`
#[derive(Debug, ClapArgs)]
pub struct DoctorArgs {
    /// The configuration of the run; without any, the built-in conf/paper.toml.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The run's folder, or the one that runs go to.
    #[arg(short, long, value_name = "DIR", default_value = "runs")]
    pub output: PathBuf,
    /// Ask nobody outside: no venue, no webhook.
    #[arg(long)]
    pub offline: bool,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `reprise strategies`
#[derive(Debug, ClapArgs)]
pub struct StrategiesArgs {
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What `reprise schema` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemaTopic {
    /// The JSON Schema of a journal's lines.
    Journal,
    /// The table of event kinds.
    Kinds,
    /// The table of numbered refusals.
    Refusals,
}

/// `reprise schema`
#[derive(Debug, ClapArgs)]
pub struct SchemaArgs {
    /// What to print.
    #[arg(value_enum, default_value_t = SchemaTopic::Journal)]
    pub topic: SchemaTopic,
    /// Print tables as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `reprise init`
#[derive(Debug, ClapArgs)]
pub struct InitArgs {
    /// The new crate's folder.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Where the source of reprise is, for the crate's dependency; found by itself in a checkout.
    #[arg(long, value_name = "DIR")]
    pub reprise: Option<PathBuf>,
}

/// `reprise completions`
#[derive(Debug, ClapArgs)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
