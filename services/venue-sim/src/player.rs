//! Plays a recording as if it happened now: its market events, at their distances divided by the speed.

use std::path::{Path, PathBuf};

use reprise_journal::JournalReader;
use reprise_model::{Input, Instrument, Ts};

use crate::error::SimError;
use crate::settings::Speed;

/// How long the market rests between the end of the recording and its next beginning.
const REST_NS: u64 = 100_000_000;

/// A recording that is being played.
pub struct Player {
    run: PathBuf,
    reader: JournalReader,
    speed: Speed,
    looped: bool,
    /// The next event and its recorded time; `None` once there is no more.
    next: Option<(Ts, Input)>,
    /// The recorded time of this pass's first event.
    first: Ts,
    /// When this pass began.
    began: Ts,
    /// When the last event happened.
    last: Ts,
    passes: u64,
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Player").field("run", &self.run).field("passes", &self.passes).finish_non_exhaustive()
    }
}

impl Player {
    /// Opens a recording and reads up to its first market event; gives the instruments defined before it.
    ///
    /// # Errors
    /// When it does not open or read, or holds no market event.
    pub fn open(run: &Path, speed: Speed, looped: bool) -> Result<(Self, Vec<Instrument>), SimError> {
        let unplayable = |error| SimError::Recording { run: run.to_owned(), source: Box::new(error) };
        let mut reader = JournalReader::open(run).map_err(unplayable)?;
        let mut instruments: Vec<Instrument> = Vec::new();
        let mut define = |definition: &Instrument| {
            instruments.retain(|known| known.instrument != definition.instrument);
            instruments.push(definition.clone());
        };
        let next = loop {
            let Some((_, ts, input)) = reader.next_input().map_err(unplayable)? else {
                return Err(SimError::NoMarket { run: run.to_owned() });
            };
            match &input {
                Input::RunStarted(started) => started.instruments.iter().for_each(&mut define),
                Input::InstrumentDefined(defined) => define(&defined.definition),
                _ if is_market(&input) => break (ts, input),
                _ => {}
            }
        };
        let first = next.0;
        let player = Self {
            run: run.to_owned(),
            reader,
            speed,
            looped,
            next: Some(next),
            first,
            began: Ts(0),
            last: Ts(0),
            passes: 1,
        };
        Ok((player, instruments))
    }

    /// The first event happens at this time.
    pub fn begin(&mut self, at: Ts) {
        (self.began, self.last) = (at, at);
    }

    /// When the next event happens; `None` once there is no more.
    #[must_use]
    pub fn next_due(&self) -> Option<Ts> {
        self.next.as_ref().map(|(recorded, _)| self.due(*recorded))
    }

    /// How many times the recording was begun.
    #[must_use]
    pub fn passes(&self) -> u64 {
        self.passes
    }

    fn due(&self, recorded: Ts) -> Ts {
        let since_first = recorded.since(self.first) as f64 / self.speed.factor();
        self.began.plus_ns(since_first as u64).max(self.last)
    }

    /// The next event if it happened at or before `now`, and when.
    pub fn next_event(&mut self, now: Ts) -> Option<(Ts, Input)> {
        let due = self.next_due().filter(|&due| due <= now)?;
        let (_, input) = self.next.take()?;
        self.last = due;
        self.next = self.read().or_else(|| self.begin_again());
        Some((due, input))
    }

    fn read(&mut self) -> Option<(Ts, Input)> {
        loop {
            match self.reader.next_input() {
                Ok(Some((_, ts, input))) if is_market(&input) || is_definition(&input) => {
                    return Some((ts, input));
                }
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(%error, "the recording ends here");
                    return None;
                }
            }
        }
    }

    fn begin_again(&mut self) -> Option<(Ts, Input)> {
        if !self.looped {
            tracing::info!("the recording is over; the market stands still");
            return None;
        }
        match JournalReader::open(&self.run) {
            Ok(reader) => self.reader = reader,
            Err(error) => {
                tracing::error!(%error, "the recording cannot be played again");
                return None;
            }
        }
        let next = self.read()?;
        self.began = self.last.plus_ns(REST_NS);
        self.first = next.0;
        self.passes += 1;
        tracing::debug!(pass = self.passes, "the recording begins again");
        Some(next)
    }
}

/// What a market shows.
fn is_market(input: &Input) -> bool {
    matches!(
        input,
        Input::Quote(_)
            | Input::Trade(_)
            | Input::Book(_)
            | Input::Bar(_)
            | Input::Mark(_)
            | Input::Funding(_)
    )
}

fn is_definition(input: &Input) -> bool {
    matches!(input, Input::InstrumentDefined(_))
}
