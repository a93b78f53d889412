//! What the journal says of alerts: which were raised, and which were delivered where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reprise_journal::{JournalError, JournalReader, Position};
use reprise_model::codec::Reader;
use reprise_model::event::{AlertId, AlertRaised, ChannelName};
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
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub raised: Vec<Raised>,
    pub delivered: BTreeSet<(ChannelName, AlertId)>,
}

/// Reads a journal's alerts, and goes on later from where it was.
#[derive(Debug)]
pub(crate) struct JournalAlerts {
    dir: PathBuf,
    position: Option<Position>,
}

impl JournalAlerts {
    pub(crate) fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), position: None }
    }

    /// What the journal has had since the last time, that is, what of it is whole: a run that is being written ends
    /// in the middle of something.
    pub(crate) fn read_on(&mut self) -> Found {
        let mut found = Found::default();
        if let Err(error) = self.try_read_on(&mut found) {
            tracing::debug!(%error, "the journal was read as far as it is whole");
        }
        found
    }

    fn try_read_on(&mut self, found: &mut Found) -> Result<(), JournalError> {
        let mut reader = match &self.position {
            Some(position) => JournalReader::open_at(&self.dir, position)?,
            None => JournalReader::open(&self.dir)?,
        };
        while let Some(line) = reader.next_line()? {
            let mut payload = Reader::new(line.payload);
            if line.kind == RAISED {
                if let Some(Ok(Outcome::AlertRaised(alert))) = Outcome::read_data(line.kind, &mut payload) {
                    let (cause, seq, ts) = (line.cause, line.seq, line.ts);
                    found.raised.push(Raised { alert: *alert, cause, seq, ts });
                }
            } else if line.kind == DELIVERED
                && let Some(Ok(Record::AlertDelivered(record))) = Record::read_data(line.kind, &mut payload)
            {
                found.delivered.insert((record.channel, record.alert));
            }
        }
        self.position = reader.position();
        Ok(())
    }
}
