//! What the journal says of alerts: which were raised, and which were delivered where.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use reprise_journal::{JournalError, JournalReader, Position};
use reprise_model::codec::Reader;
use reprise_model::event::{AlertDelivered, AlertRaised};
use reprise_model::{Outcome, Record, Seq, Ts};

const RAISED: &[u8] = b"alert.raised";
const DELIVERED: &[u8] = b"alert.delivered";

/// An alert with its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raised {
    pub alert: AlertRaised,
    pub cause: Seq,
    pub seq: Seq,
    pub ts: Ts,
    /// The place before its batch; `None` when it was not read from the journal, or from its first batch.
    pub before: Option<Position>,
}

/// What a line of the journal says of alerts.
#[derive(Debug)]
pub(crate) enum Said {
    Raised(Box<Raised>),
    Delivered(AlertDelivered),
}

/// All that a journal says of alerts, and where it ended.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub raised: Vec<Raised>,
    pub delivered: Vec<AlertDelivered>,
    pub end: Option<Position>,
}

/// Reads a journal's alerts, and goes on later from where it was.
#[derive(Debug, Clone)]
pub(crate) struct JournalAlerts {
    dir: PathBuf,
    position: Option<Position>,
}

impl JournalAlerts {
    pub(crate) fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), position: None }
    }

    /// The last number of what was read.
    pub(crate) fn seq(&self) -> Seq {
        self.position.map_or(Seq(0), |position| position.seq)
    }

    /// Goes on from another place.
    pub(crate) fn go_to(&mut self, position: Option<Position>) {
        self.position = position;
    }

    /// Shows what the journal has had since the last time, as far as it is whole: a run that is being written ends in
    /// the middle of something. Whoever breaks off is shown the same batch again the next time.
    pub(crate) fn read_on(&mut self, mut show: impl FnMut(Said) -> ControlFlow<()>) {
        if let Err(error) = self.try_read_on(&mut show) {
            tracing::debug!(%error, "the journal was read as far as it is whole");
        }
    }

    /// Everything since the last time.
    pub(crate) fn read_all(&mut self) -> Found {
        let mut found = Found::default();
        self.read_on(|said| {
            match said {
                Said::Raised(raised) => found.raised.push(*raised),
                Said::Delivered(record) => found.delivered.push(record),
            }
            ControlFlow::Continue(())
        });
        Found { end: self.position, ..found }
    }

    fn try_read_on(&mut self, show: &mut impl FnMut(Said) -> ControlFlow<()>) -> Result<(), JournalError> {
        let mut reader = match &self.position {
            Some(position) => JournalReader::open_at(&self.dir, position)?,
            None => JournalReader::open(&self.dir)?,
        };
        while let Some(line) = reader.next_line()? {
            let mut payload = Reader::new(line.payload);
            let said = match line.kind {
                RAISED => match Outcome::read_data(line.kind, &mut payload) {
                    Some(Ok(Outcome::AlertRaised(alert))) => {
                        let (cause, seq, ts, before) = (line.cause, line.seq, line.ts, self.position);
                        Some(Said::Raised(Box::new(Raised { alert: *alert, cause, seq, ts, before })))
                    }
                    _ => None,
                },
                DELIVERED => match Record::read_data(line.kind, &mut payload) {
                    Some(Ok(Record::AlertDelivered(record))) => Some(Said::Delivered(record)),
                    _ => None,
                },
                _ => None,
            };
            if said.is_some_and(|said| show(said).is_break()) {
                return Ok(());
            }
            if let Some(position) = reader.position() {
                self.position = Some(position);
            }
        }
        Ok(())
    }
}
