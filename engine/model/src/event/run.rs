//! The run itself: its start, its end, time that passed, checkpoints, and the journal's own bookkeeping.

use crate::codec::RawJson;
use crate::ids::{RunTag, Seq, Ts};
use crate::instrument::Instrument;

crate::words! {
    /// What a run does.
    pub enum RunMode {
        /// Records a market, or holds an imported recording; no core steps.
        Record = "record",
        /// Replays the inputs of another run.
        Backtest = "backtest",
        /// Live data, paper venue.
        Paper = "paper",
        /// Live data, real venues.
        Live = "live",
    }
}

crate::object! {
    /// The run whose inputs a backtest replays.
    pub struct Source {
        /// The folder, relative to the run's own where that is possible.
        pub path: String,
        /// The source's run id.
        pub run: String,
        /// BLAKE3 of the source's uncompressed journal up to and without its `run.ended` line.
        pub content: String,
        /// The first sequence number that was replayed.
        pub first: Seq,
        /// The last sequence number that was replayed.
        pub last: Seq,
        /// True when only market data was replayed.
        pub market_only: bool,
    }
}

crate::object! {
    /// An epoch of a run begins.
    pub struct RunStarted {
        /// The run's id, the name of its folder.
        pub run: String,
        /// The run's tag in client order ids.
        pub tag: RunTag,
        /// 0 offline; live at least the Unix seconds of the start.
        pub epoch: u32,
        /// What the run does.
        pub mode: RunMode,
        /// The journal's schema version, `major.minor`.
        pub schema: String,
        /// The engine's version.
        pub engine: String,
        /// The whole effective configuration, without secrets.
        pub config: RawJson,
        /// The instruments known at the start.
        pub instruments: Vec<Instrument>,
        /// Whose inputs are replayed.
        pub source: Option<Source>,
        /// True when those inputs are copied into this journal.
        pub copied_inputs: bool,
    }
}

crate::object! {
    /// A run ends.
    pub struct RunEnded {
        /// Why.
        pub reason: String,
        /// Inputs that were stepped, this one not counted.
        pub inputs: u64,
        /// BLAKE3 of the uncompressed journal before this line.
        pub content: String,
    }
}

crate::object! {
    /// Time passed and nothing else happened.
    #[derive(Copy)]
    pub struct ClockAdvanced {
    }
}

crate::object! {
    /// The state's digest after so many inputs.
    pub struct Checkpoint {
        /// Inputs stepped so far.
        pub inputs: u64,
        /// Version of the state's canonical encoding.
        pub state_version: u32,
        /// BLAKE3 of the state's canonical encoding.
        pub state: String,
        /// The decision digest so far.
        pub decisions: String,
    }
}

crate::object! {
    /// Record: everything up to `through` is on disk.
    #[derive(Copy)]
    pub struct JournalSynced {
        /// The last sequence number that is durable.
        pub through: Seq,
        /// Wall time of the sync.
        pub at: Ts,
    }
}

crate::object! {
    /// Record: a torn tail was cut off and kept aside.
    pub struct JournalCut {
        /// The bytes that were cut.
        pub bytes: u64,
        /// The file beside the segments that keeps them.
        pub kept: String,
        /// Why they were cut.
        pub reason: String,
    }
}
