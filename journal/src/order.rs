//! The rules that hold from line to line: the crc chain, the numbering, batches, time.
//!
//! Reader, verification and recovery all judge by this one state.

use reprise_model::event::{Class, RunMode};
use reprise_model::{Input, Seq, Ts};

use crate::error::DamageKind;
use crate::line::Envelope;

/// The kind that begins each epoch.
pub(crate) const RUN_STARTED: &[u8] = b"run.started";
/// The kind that ends an epoch.
pub(crate) const RUN_ENDED: &[u8] = b"run.ended";

/// What the lines so far led to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// The crc stored on the last line.
    pub crc: u32,
    /// The last sequence number, 0 before the first line.
    pub seq: Seq,
    /// The last input's time.
    pub ts: Ts,
    /// Outcomes of the last input that are still to come.
    pub pending: u32,
    /// True when inputs are left out, so that numbers rise with gaps.
    pub sparse: bool,
    /// True between `run.ended` and the next `run.started`.
    pub ended: bool,
}

/// Which rule a line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrderFault {
    #[error("its crc is {found:08x} and should be {expected:08x}")]
    Crc { found: u32, expected: u32 },
    #[error("seq {found} follows {last}")]
    Seq { found: Seq, last: Seq },
    #[error("a record says that it stands after seq {found}, and stands after {last}")]
    After { found: Seq, last: Seq },
    #[error("{pending} outcomes of the batch are missing before it")]
    BatchOpen { pending: u32 },
    #[error("an outcome stands outside a batch")]
    NoBatch,
    #[error("the cause of outcome {seq} is {cause}, which does not come before it")]
    Cause { seq: Seq, cause: Seq },
    #[error("the input's ts {found} is before the ts {last} of the one before it")]
    Time { found: Ts, last: Ts },
    #[error("the first line of a journal is not run.started")]
    NoStart,
    #[error("it follows the end of the run, and only another epoch's run.started may")]
    AfterEnd,
}

impl OrderFault {
    /// What kind of damage it is.
    pub fn kind(self) -> DamageKind {
        match self {
            Self::Crc { .. } => DamageKind::Chain,
            Self::AfterEnd => DamageKind::AfterEnd,
            Self::Seq { .. }
            | Self::After { .. }
            | Self::BatchOpen { .. }
            | Self::NoBatch
            | Self::Cause { .. }
            | Self::Time { .. }
            | Self::NoStart => DamageKind::Order,
        }
    }
}

impl Order {
    /// Takes the next line, or says which rule it breaks; then nothing has changed.
    #[inline]
    pub fn accept(&mut self, line: &Envelope<'_>) -> Result<(), OrderFault> {
        let crc = line.crc_after(self.crc);
        if crc != line.crc {
            return Err(OrderFault::Crc { found: line.crc, expected: crc });
        }
        self.place(line)?;
        self.crc = line.crc;
        Ok(())
    }

    /// As [`Self::accept`], without the crc: for lines that are being made.
    #[inline]
    pub fn place(&mut self, line: &Envelope<'_>) -> Result<(), OrderFault> {
        match line.class {
            Class::Input => self.place_input(line),
            Class::Outcome => self.place_outcome(line),
            Class::Record => self.place_record(line),
        }
    }

    /// Takes what an epoch's first line says about the lines to come.
    #[inline]
    pub fn learn(&mut self, input: &Input) {
        if let Input::RunStarted(started) = input {
            self.sparse = started.mode == RunMode::Backtest && !started.copied_inputs;
        }
    }

    #[inline]
    fn follows(&self, seq: Seq) -> Result<(), OrderFault> {
        let contiguous = seq.0.checked_sub(1) == Some(self.seq.0);
        if contiguous || (self.sparse && self.pending == 0 && seq > self.seq) {
            return Ok(());
        }
        Err(OrderFault::Seq { found: seq, last: self.seq })
    }

    #[inline]
    fn place_input(&mut self, line: &Envelope<'_>) -> Result<(), OrderFault> {
        if self.pending > 0 {
            return Err(OrderFault::BatchOpen { pending: self.pending });
        }
        if self.ended && line.kind != RUN_STARTED {
            return Err(OrderFault::AfterEnd);
        }
        self.follows(line.seq)?;
        if self.seq == Seq(0) && line.kind != RUN_STARTED {
            return Err(OrderFault::NoStart);
        }
        if line.ts < self.ts {
            return Err(OrderFault::Time { found: line.ts, last: self.ts });
        }
        self.ended = line.kind == RUN_ENDED;
        (self.seq, self.ts, self.pending) = (line.seq, line.ts, line.outcomes);
        Ok(())
    }

    #[inline]
    fn place_outcome(&mut self, line: &Envelope<'_>) -> Result<(), OrderFault> {
        if self.pending == 0 {
            if self.ended {
                return Err(OrderFault::AfterEnd);
            }
            if !self.sparse {
                return Err(if self.seq == Seq(0) { OrderFault::NoStart } else { OrderFault::NoBatch });
            }
        }
        self.follows(line.seq)?;
        if line.cause >= line.seq || line.cause == Seq(0) {
            return Err(OrderFault::Cause { seq: line.seq, cause: line.cause });
        }
        self.pending = self.pending.saturating_sub(1);
        self.seq = line.seq;
        Ok(())
    }

    fn place_record(&mut self, line: &Envelope<'_>) -> Result<(), OrderFault> {
        if self.pending > 0 {
            return Err(OrderFault::BatchOpen { pending: self.pending });
        }
        if self.ended {
            return Err(OrderFault::AfterEnd);
        }
        if self.seq == Seq(0) {
            return Err(OrderFault::NoStart);
        }
        if line.seq != self.seq {
            return Err(OrderFault::After { found: line.seq, last: self.seq });
        }
        Ok(())
    }
}
