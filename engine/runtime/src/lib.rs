//! The live loop, and everything it needs around it.
//!
//! [`Engine::create`] begins a run, [`Engine::resume`] takes one up where it was interrupted; [`Engine::intake`] is
//! where feeds bring facts in, [`Engine::controller`] where commands come in, [`Engine::subscribe`] where whoever
//! acts on the world or shows it sees what the journal has. [`Engine::run`] is one thread that owns all of it.

mod clock;
mod control;
mod engine;
mod error;
mod gauges;
mod intake;
mod latency;
mod merge;
mod publish;
mod settings;
mod snapshot;
mod start;
mod syncer;

pub use clock::{Clock, wall_clock};
pub use control::{Controller, EngineView};
pub use engine::{Engine, Summary};
pub use error::RuntimeError;
pub use gauges::Gauges;
pub use intake::{Arrival, Closed, Intake, IntakeCounts, intake};
pub use latency::{Buckets, Latencies, Stage};
pub use publish::{Event, Interest, Published, Subscription};
pub use settings::RunSettings;
pub use start::TakenUp;
