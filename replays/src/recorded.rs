//! What a run recorded, outcome by outcome, to be compared with what is recomputed.

use std::path::Path;

use reprise_core::Decided;
use reprise_journal::line::{self, Envelope};
use reprise_journal::{Body, JournalReader};
use reprise_model::codec::{Reader, Writer};
use reprise_model::event::{Class, RunStarted};
use reprise_model::{Input, Seq, Ts};

use crate::difference::{self, Difference};
use crate::error::ReplayError;

/// The recorded outcomes, one by one.
///
/// They are compared as bytes and never decoded, so that a forged line which does not read is found like any
/// other, at its place.
pub(crate) struct Recorded {
    reader: JournalReader,
    /// The recomputed line.
    line: Writer,
    /// Outcomes that were compared.
    pub(crate) compared: u64,
    /// True when the inputs that are stepped stand in this journal too.
    pub(crate) has_inputs: bool,
    /// What this version does not know of `run.started` and `run.ended`.
    pub(crate) unknown: Option<String>,
}

/// What was recorded next.
pub(crate) enum Next<'r> {
    /// An outcome.
    Outcome(Envelope<'r>),
    /// The run's own end, in a journal without inputs.
    End(Ts, Input),
    /// Nothing more.
    Nothing,
}

impl Recorded {
    /// Opens a run and reads its `run.started`.
    ///
    /// # Errors
    /// When there is no journal, or it does not begin with `run.started`.
    pub(crate) fn open(run: &Path) -> Result<(Self, Box<RunStarted>), ReplayError> {
        let mut reader = JournalReader::open(run)?;
        let no_start = || ReplayError::NoStart { run: run.to_owned() };
        let first = reader.next_entry()?.ok_or_else(no_start)?;
        let unknown = first.unknown.first().map(|field| unknown_field(field, "run.started", first.seq));
        let Body::Input { input: Input::RunStarted(started), .. } = first.body else {
            return Err(no_start());
        };
        let has_inputs = started.source.is_none() || started.copied_inputs;
        let recorded = Self { reader, line: Writer::new(), compared: 0, has_inputs, unknown };
        Ok((recorded, started))
    }

    /// Another reader of the same run, from its start.
    pub(crate) fn again(&self) -> JournalReader {
        self.reader.again()
    }

    /// The last number that was read.
    pub(crate) fn last_seq(&self) -> Seq {
        self.reader.last_seq()
    }

    /// True once the run's end was read.
    pub(crate) fn ended(&self) -> bool {
        self.reader.ended()
    }

    /// Compares the outcomes of one input with the next recorded ones.
    #[inline]
    pub(crate) fn compare(&mut self, decided: &[Decided]) -> Result<Option<Difference>, ReplayError> {
        for one in decided {
            self.line.clear();
            line::encode_outcome(&mut self.line, one.seq, one.ts, one.cause, &one.outcome);
            let line = self.line.as_bytes();
            let difference =
                advance(&mut self.reader, self.has_inputs, &mut self.unknown, |next| match next {
                    Next::Outcome(recorded) if recorded.covered == line => None,
                    Next::Outcome(recorded) => against(Some(&recorded), one, line),
                    Next::End(..) | Next::Nothing => against(None, one, line),
                })?;
            if difference.is_some() {
                return Ok(difference);
            }
            self.compared += 1;
        }
        Ok(None)
    }

    /// Goes on to the next outcome, or to the run's end where the inputs stand elsewhere.
    pub(crate) fn next<R>(&mut self, judge: impl FnOnce(Next<'_>) -> R) -> Result<R, ReplayError> {
        advance(&mut self.reader, self.has_inputs, &mut self.unknown, judge)
    }
}

/// Shows `judge` what was recorded next; other inputs and records are passed over.
#[inline]
fn advance<R>(
    reader: &mut JournalReader,
    has_inputs: bool,
    unknown: &mut Option<String>,
    judge: impl FnOnce(Next<'_>) -> R,
) -> Result<R, ReplayError> {
    while let Some(found) = reader.next_line()? {
        match found.class {
            Class::Outcome => return Ok(judge(Next::Outcome(found))),
            Class::Input if !has_inputs => {
                if let Some(ended) = read_end(&found, unknown) {
                    return Ok(judge(Next::End(found.ts, ended)));
                }
            }
            Class::Input | Class::Record => {}
        }
    }
    Ok(judge(Next::Nothing))
}

/// The run's end in a journal that should hold no other input; what else stands there is noted.
#[cold]
fn read_end(found: &Envelope<'_>, unknown: &mut Option<String>) -> Option<Input> {
    let kind = String::from_utf8_lossy(found.kind);
    let mut reader = Reader::new(found.payload);
    let read = Input::read_data(found.kind, &mut reader).and_then(Result::ok);
    if let Some(field) = reader.unknown().first() {
        unknown.get_or_insert_with(|| unknown_field(field, &kind, found.seq));
    }
    match read {
        Some(ended @ Input::RunEnded(_)) => Some(ended),
        _ => {
            unknown.get_or_insert_with(|| {
                format!(
                    "'{kind}' at seq {} does not belong into a run that names its inputs elsewhere",
                    found.seq
                )
            });
            None
        }
    }
}

fn unknown_field(field: &str, kind: &str, seq: Seq) -> String {
    format!("field '{field}' of {kind} at seq {seq} is not known to this version")
}

/// The difference between a recorded outcome and what was decided; `line` is what it should have been.
#[cold]
fn against(recorded: Option<&Envelope<'_>>, decided: &Decided, line: &[u8]) -> Option<Difference> {
    let mut payload = Writer::new();
    decided.outcome.write_data(&mut payload);
    let recomputed = Envelope {
        class: Class::Outcome,
        seq: decided.seq,
        ts: decided.ts,
        kind: decided.outcome.kind().as_bytes(),
        outcomes: 0,
        cause: decided.cause,
        payload: payload.as_bytes(),
        covered: line,
        crc: 0,
    };
    difference::between(recorded, Some(&recomputed))
}
