//! Taking facts in: stamp, step, append, commit.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use reprise_journal::{Commit, keep_poison};
use reprise_model::event::{ClockAdvanced, FeedState, FeedStatus};
use reprise_model::{Input, InstrumentId, Label, Outcome, Seq, Ts};

use super::{Engine, Phase};
use crate::control::{Control, EngineView};
use crate::error::RuntimeError;
use crate::intake::Arrival;

/// Why a feed is down before it has said anything.
const NOTHING_YET: &str = "nothing came yet";

impl Engine {
    /// Takes what waits beside the market; true when there was anything.
    pub(super) fn take_controls(&mut self) -> Result<bool, RuntimeError> {
        let mut has_any = false;
        while let Ok(control) = self.controls.try_recv() {
            has_any = true;
            self.obey(control)?;
        }
        Ok(has_any)
    }

    pub(super) fn obey(&mut self, control: Control) -> Result<(), RuntimeError> {
        match control {
            Control::Input(input) => {
                self.take_in(None, input)?;
                Ok(())
            }
            Control::Numbered(input, number) => {
                let seq = self.take_in(None, input)?;
                // Whoever asked may have stopped waiting.
                let _ = number.send(seq);
                Ok(())
            }
            Control::Record(record) => {
                self.writer.append_record(self.writer.last_seq(), self.clock.now(), &record)?;
                // A record that nothing follows must not wait in memory for ever.
                let sync_ms = Duration::from_millis(self.settings.sync_ms);
                self.sync_at.get_or_insert_with(|| Instant::now() + sync_ms);
                Ok(())
            }
            Control::Question(look) => {
                look(&self.view());
                Ok(())
            }
            Control::Subscribe(interest, capacity, give) => {
                // Whoever asked may have stopped waiting; the subscription ends with what he does not take.
                let _ = give.send(self.publisher.subscribe(interest, capacity));
                Ok(())
            }
            Control::Stop { reason } => self.begin_to_end(reason),
        }
    }

    fn view(&self) -> EngineView<'_> {
        EngineView {
            core: self.core.as_ref(),
            mode: self.settings.mode,
            seq: self.writer.last_seq(),
            durable: self.writer.durable_through(),
            now: self.clock.now(),
            latencies: &self.latencies,
            is_ending: self.phase != Phase::Running,
        }
    }

    /// Takes market events, at most one batch; true when there was any.
    pub(super) fn take_arrivals(&mut self) -> Result<bool, RuntimeError> {
        for n in 0..self.settings.batch {
            let Ok(arrival) = self.arrivals.try_recv() else { return Ok(n > 0) };
            self.take_arrival(arrival)?;
        }
        Ok(true)
    }

    pub(super) fn take_arrival(&mut self, arrival: Arrival) -> Result<(), RuntimeError> {
        let newcomer = self.newcomer(&arrival.input);
        self.take_in(Some(arrival.received), arrival.input)?;
        if let Some(instrument) = newcomer {
            self.take_in(None, not_yet_live(instrument))?;
        }
        Ok(())
    }

    /// The instrument that an input defines and that was not known. Its feed is down until the feed says otherwise:
    /// a live market that says nothing must not pass for a recording that does not say.
    fn newcomer(&self, input: &Input) -> Option<InstrumentId> {
        let Input::InstrumentDefined(event) = input else { return None };
        let id = event.definition.instrument;
        let markets = &self.core.as_ref()?.state().markets;
        markets.find(&id).is_none().then_some(id)
    }

    /// Lets the timers that are due fire, when nothing else came to carry the time.
    pub(super) fn wake(&mut self) -> Result<bool, RuntimeError> {
        let due = self.core.as_ref().and_then(|core| core.state().timers.next_due());
        if due.is_none_or(|due| due > self.clock.now()) {
            return Ok(false);
        }
        self.take_in(None, Input::ClockAdvanced(ClockAdvanced {}))?;
        Ok(true)
    }

    /// Stamps an input, steps the core with it, and commits both to the journal; gives its number.
    pub(crate) fn take_in(&mut self, received: Option<Ts>, mut input: Input) -> Result<Seq, RuntimeError> {
        if let Input::InstrumentDefined(event) = &mut input {
            self.amendments.amend(&mut event.definition);
        }
        let taken = Instant::now();
        let ts = self.clock.now().max(self.last_ts);
        if let Some(received) = received {
            self.latencies.queue.record_ns(ts.since(received));
        }
        let seq = self.decide(ts, &input)?;
        let decided = Instant::now();
        self.latencies.decide.record(decided - taken);
        self.last_ts = ts;
        self.append(seq, ts, &input)?;
        self.latencies.append.record(decided.elapsed());
        let commit = self.writer.commit_batch()?;
        self.note_commit(commit, taken);
        self.publisher.commit(seq, ts, &input, self.outcomes.as_slice(), commit == Commit::SyncDue);
        Ok(seq)
    }

    /// What the core decides; in a recording it decides nothing.
    fn decide(&mut self, ts: Ts, input: &Input) -> Result<Seq, RuntimeError> {
        let Some(core) = &mut self.core else { return Ok(self.writer.last_seq().next()) };
        let outcomes = &mut self.outcomes;
        // A core that panicked is not used again.
        let stepped = catch_unwind(AssertUnwindSafe(|| core.step(ts, input, outcomes)));
        let reason = match stepped {
            Ok(Ok(seq)) => return Ok(seq),
            Ok(Err(halt)) => halt.to_string(),
            Err(panic) => format!("a part of the engine panicked: {}", in_words(panic.as_ref())),
        };
        Err(self.halted(ts, input, reason))
    }

    #[cold]
    fn halted(&self, ts: Ts, input: &Input, reason: String) -> RuntimeError {
        let seq = self.writer.last_seq().next();
        match keep_poison(&self.dir, (seq, ts, input), &reason) {
            Ok(poison) => RuntimeError::Halted { seq, reason, poison },
            Err(source) => {
                let what = format!("the engine halted at seq {seq} ({reason}), and the input cannot be kept");
                RuntimeError::System { what, source }
            }
        }
    }

    fn append(&mut self, seq: Seq, ts: Ts, input: &Input) -> Result<(), RuntimeError> {
        let decided = self.outcomes.as_slice();
        let count = u32::try_from(decided.len()).unwrap_or(u32::MAX);
        self.writer.append_input(seq, ts, input, count)?;
        for one in decided {
            self.writer.append_outcome(one.seq, one.ts, one.cause, &one.outcome)?;
            self.shown.outcomes_by_kind[one.outcome.place()] += 1;
            match &one.outcome {
                Outcome::OrderSubmitted(_) => self.shown.orders += 1,
                Outcome::OrderDenied(_) => self.shown.denied += 1,
                Outcome::OrderPartiallyFilled(_) | Outcome::OrderFilled(_) => self.shown.fills += 1,
                _ => {}
            }
        }
        self.shown.inputs += 1;
        self.shown.inputs_by_kind[input.place()] += 1;
        self.shown.outcomes += u64::from(count);
        Ok(())
    }
}

/// The state of a feed that has not said anything.
pub(crate) fn not_yet_live(instrument: InstrumentId) -> Input {
    Input::FeedStatus(FeedStatus {
        venue: venue_of(&instrument),
        instrument: Some(instrument),
        state: FeedState::Down,
        reason: Some(NOTHING_YET.to_owned()),
        conflated: None,
    })
}

fn venue_of(instrument: &InstrumentId) -> Label<15> {
    // The instrument is named beside it; a venue's name that is too long for a label says nothing more.
    #[expect(clippy::expect_used, reason = "a constant that is a valid label")]
    Label::new(instrument.venue()).unwrap_or_else(|_| Label::new("VENUE").expect("a valid label"))
}

fn in_words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it does not say why")
}
