//! What can be said to the commands that look at a run or command it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args as ClapArgs;

/// Where the run is that is looked at or commanded.
#[derive(Debug, Clone, ClapArgs)]
pub struct Where {
    /// The run's control API; REPRISE_CONTROL_URL says the same.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// How long to wait for an answer.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = crate::duration::parse)]
    pub patience: std::time::Duration,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `reprise status`, `orders`, `positions`, `limits`
#[derive(Debug, ClapArgs)]
pub struct LookArgs {
    /// Where.
    #[command(flatten)]
    pub place: Where,
}

/// What every command is given with. The token is taken from REPRISE_CONTROL_TOKEN.
#[derive(Debug, Clone, ClapArgs)]
pub struct Given {
    /// Why, for the journal.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Who gives the command; the user's name when left out.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where.
    #[command(flatten)]
    pub place: Where,
}

/// `reprise pause`, `resume`
#[derive(Debug, ClapArgs)]
pub struct PauseArgs {
    /// Who, why, where.
    #[command(flatten)]
    pub given: Given,
}

/// `reprise reduce-only`
#[derive(Debug, ClapArgs)]
pub struct ReduceOnlyArgs {
    /// Cancel resting reduce-only protection too.
    #[arg(long)]
    pub all: bool,
    /// Who, why, where.
    #[command(flatten)]
    pub given: Given,
}

/// `reprise cancel-all`
#[derive(Debug, ClapArgs)]
pub struct CancelAllArgs {
    /// Only this order.
    #[arg(long, value_name = "ID")]
    pub order: Option<String>,
    /// Only in this instrument.
    #[arg(long, value_name = "ID")]
    pub instrument: Option<String>,
    /// Resting reduce-only protection too.
    #[arg(long)]
    pub all: bool,
    /// Who, why, where.
    #[command(flatten)]
    pub given: Given,
}

/// `reprise kill`
#[derive(Debug, ClapArgs)]
pub struct KillArgs {
    /// Sell what was bought and buy back what was sold, too.
    #[arg(long)]
    pub flatten: bool,
    /// Cancel resting reduce-only protection too.
    #[arg(long)]
    pub all: bool,
    /// Who, why, where.
    #[command(flatten)]
    pub given: Given,
}

/// `reprise release`
#[derive(Debug, ClapArgs)]
pub struct ReleaseArgs {
    /// Why, for the journal.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who gives the command; the user's name when left out.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where.
    #[command(flatten)]
    pub place: Where,
}

/// `reprise set-limit`
#[derive(Debug, ClapArgs)]
pub struct SetLimitArgs {
    /// The limit, as in `[risk]`: max_drawdown, limits.max_position_qty.
    #[arg(value_name = "LIMIT")]
    pub key: String,
    /// Its new value; off takes it away.
    #[arg(value_name = "VALUE")]
    pub value: String,
    /// Only in this instrument.
    #[arg(long, value_name = "ID")]
    pub instrument: Option<String>,
    /// Who, why, where.
    #[command(flatten)]
    pub given: Given,
}

/// `reprise top`
#[derive(Debug, ClapArgs)]
pub struct TopArgs {
    /// Print one frame and end.
    #[arg(long)]
    pub once: bool,
    /// The run's control API; REPRISE_CONTROL_URL says the same.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// How long to wait for an answer.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = crate::duration::parse)]
    pub patience: std::time::Duration,
}

/// `reprise console`
#[derive(Debug, ClapArgs)]
pub struct ConsoleArgs {
    /// The run.
    #[arg(value_name = "RUNDIR")]
    pub run: PathBuf,
    /// Where the page is served; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9466")]
    pub listen: SocketAddr,
    /// Where a backtest's inputs are, if they are no longer where its journal says.
    #[arg(long, value_name = "RUNDIR")]
    pub source: Option<PathBuf>,
    /// Print the address as JSON.
    #[arg(long)]
    pub json: bool,
}
