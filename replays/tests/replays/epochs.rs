//! Runs of several epochs, as a live engine makes them: it saves its core now and then, stops or is killed, recovers
//! its journal, restores the core, steps what the journal holds behind that place, and goes on.

use std::fs;
use std::path::Path;

use reprise_assembly::{Amendments, Config, assemble, to_recorded};
use reprise_core::{Core, Outcomes};
use reprise_journal::{
    DurabilityMode, JournalReader, JournalWriter, Position, Verdict as JournalVerdict, WriterOptions,
    content, plain_name, seal, verify_journal,
};
use reprise_model::codec::RawJson;
use reprise_model::event::{RunMode, RunStarted};
use reprise_model::{Input, Instrument, Seq, Ts};
use reprise_replays::{Backtest, BacktestOptions, Verdict, VerifyOptions, verify};

use crate::cases::config_of;
use crate::random::world;
use crate::scripted::registry;
use crate::tape::{START, started};

/// How an epoch stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Ended,
    Killed,
    /// In the middle of the last batch.
    Torn,
}

/// A live engine in short.
struct Engine<'a> {
    config: &'a Config,
    instruments: Vec<Instrument>,
    core: Core,
    writer: JournalWriter,
    outcomes: Outcomes,
    /// The core as it was saved last, and where.
    saved: Option<(Vec<u8>, Position)>,
}

const OPTIONS: WriterOptions = WriterOptions { durability: DurabilityMode::Orders, segment_bytes: 40_000 };

fn fresh(config: &Config, instruments: &[Instrument]) -> Core {
    assemble(config, &registry(), instruments, 0).unwrap()
}

impl<'a> Engine<'a> {
    fn create(run: &Path, config: &'a Config, instruments: &[Instrument]) -> Self {
        let instruments = Amendments::of(config).amended(instruments);
        let core = fresh(config, &instruments);
        let writer = JournalWriter::create(run, OPTIONS).unwrap();
        Self { config, instruments, core, writer, outcomes: Outcomes::default(), saved: None }
    }

    /// Takes the run up again: from what was saved, or from its first event.
    fn resume(self, run: &Path, now: Ts) -> Self {
        let Self { config, instruments, saved, writer, .. } = self;
        drop(writer);
        let (writer, recovered) = JournalWriter::resume(run, OPTIONS, now).unwrap();
        assert_eq!(recovered.wait_ns(now), 0);
        let (mut core, mut outcomes) = (fresh(config, &instruments), Outcomes::default());
        let mut reader = JournalReader::open(run).unwrap();
        if let Some((bytes, position)) = &saved
            && let Ok(behind) = JournalReader::open_at(run, position)
        {
            core.restore(bytes).unwrap();
            reader = behind;
        }
        while let Some((seq, ts, input)) = reader.next_input().unwrap() {
            match &input {
                Input::RunStarted(started) => core.begin_epoch(seq, started.epoch),
                _ => assert_eq!(core.step(ts, &input, &mut outcomes).unwrap(), seq),
            }
        }
        assert_eq!(core.state().seq(), recovered.last_seq);
        Self { config, instruments, core, writer, outcomes, saved }
    }

    fn start(&mut self, epoch: u32, now: Ts) {
        let config = RawJson::new(&to_recorded(self.config));
        let started = RunStarted { epoch, config, ..started(RunMode::Paper, self.instruments.clone()) };
        let seq = self.writer.last_seq().next();
        self.writer.append_input(seq, now, &Input::from(Box::new(started)), 0).unwrap();
        self.writer.commit_batch().unwrap();
        self.core.begin_epoch(seq, epoch);
    }

    fn step(&mut self, ts: Ts, input: &Input) {
        let seq = self.core.step(ts, input, &mut self.outcomes).unwrap();
        let decided = self.outcomes.as_slice();
        self.writer.append_input(seq, ts, input, decided.len() as u32).unwrap();
        for one in decided {
            self.writer.append_outcome(one.seq, one.ts, one.cause, &one.outcome).unwrap();
        }
        self.writer.commit_batch().unwrap();
    }

    fn save(&mut self) {
        self.writer.sync(self.core.state().now()).unwrap();
        self.saved = Some((self.core.save().unwrap(), self.writer.position()));
    }

    fn stop(&mut self, run: &Path, stop: Stop) {
        match stop {
            Stop::Ended => {
                // Long enough for timers to be due and for an account line, were this an event like others.
                let ts = self.core.state().now().plus_ns(2_500_000_000);
                let ended = self.writer.run_ended("stopped", self.core.state().inputs());
                self.step(ts, &Input::from(Box::new(ended)));
                self.writer.sync(ts).unwrap();
            }
            Stop::Killed => self.writer.flush().unwrap(),
            Stop::Torn => {
                self.writer.flush().unwrap();
                let last = run.join(plain_name(self.writer.position().segment));
                let bytes = fs::read(&last).unwrap();
                fs::write(&last, &bytes[..bytes.len() - 30]).unwrap();
            }
        }
    }
}

/// Makes a run of three epochs from a seed, and gives the decision digest of the engine that made it.
fn live(run: &Path, config: &Config, seed: u64, stops: [Stop; 3]) -> String {
    let (_, mut tape) = world(seed, 150);
    for at in (5..150).step_by(20) {
        let (ts, _) = tape.events[at];
        tape.events.insert(at, (ts, reprise_model::event::ClockAdvanced {}.into()));
    }
    let mut engine = Engine::create(run, config, &tape.instruments);
    let third = tape.events.len() / 3 + 1;
    for (n, (events, stop)) in tape.events.chunks(third).zip(stops).enumerate() {
        // The run stands still for a while between two epochs.
        let late = |ts: Ts| ts.plus_ns(n as u64 * 7_000_000_000);
        let now = if n == 0 { START } else { late(events[0].0) };
        if n > 0 {
            engine = engine.resume(run, now);
        }
        engine.start(1_700_000_000 + n as u32, now);
        for (at, (ts, input)) in events.iter().enumerate() {
            engine.step(late(*ts), input);
            if at == third / 2 && seed % 3 != n as u64 {
                engine.save();
            }
        }
        engine.stop(run, stop);
    }
    // What was torn off is no part of the run.
    let end = engine.core.state().now().plus_ns(7_000_000_000);
    engine = engine.resume(run, end);
    engine.core.decision_digest()
}

const STOPS: [[Stop; 3]; 6] = [
    [Stop::Ended, Stop::Ended, Stop::Ended],
    [Stop::Killed, Stop::Killed, Stop::Killed],
    [Stop::Torn, Stop::Torn, Stop::Torn],
    [Stop::Ended, Stop::Torn, Stop::Ended],
    [Stop::Torn, Stop::Ended, Stop::Killed],
    [Stop::Killed, Stop::Ended, Stop::Torn],
];

/// Breaks when a run that was stopped and taken up again decides otherwise than its journal tells, does not verify,
/// or its backtest decides otherwise than the run itself.
#[test]
fn runs_that_were_taken_up_again() {
    let mut orders = 0;
    for (seed, stops) in (0..12).zip(STOPS.iter().cycle()) {
        let context = format!("seed {seed}, {stops:?}");
        let scratch = tempfile::tempdir().unwrap();
        let run = scratch.path().join("run");
        let config = config_of(&world(seed, 150).0);
        let digest = live(&run, &config, seed, *stops);

        let JournalVerdict::Clean(stat) = verify_journal(&run) else { panic!("{context}") };
        assert_eq!((stat.epochs, stat.ended), (3, stops[2] == Stop::Ended), "{context}");
        assert!(stat.segments.len() > 2, "{context}");
        orders +=
            stat.kinds.iter().find(|(kind, _)| kind == "order.submitted").map_or(0, |(_, count)| *count);
        for sealed in [false, true] {
            if sealed {
                seal(&run).unwrap();
            }
            let verdict = verify(&run, &registry(), &VerifyOptions::default(), &mut |_| {}).unwrap();
            let Verdict::Identical { digest: verified, ended, through, .. } = verdict else {
                panic!("{context}: {verdict:?}")
            };
            assert_eq!((&verified, ended, through), (&digest, stat.ended, stat.last_seq), "{context}");
        }
        for copy_inputs in [false, true] {
            let out = scratch.path().join(format!("out-{copy_inputs}"));
            let options = BacktestOptions { copy_inputs, ..BacktestOptions::default() };
            let report = Backtest::new(&run, &config, &registry(), options).run(&out, &mut |_| {}).unwrap();
            assert_eq!(report.digest, digest, "{context}: backtest");
            let verdict = verify(&out, &registry(), &VerifyOptions::default(), &mut |_| {}).unwrap();
            assert!(
                matches!(&verdict, Verdict::Identical { digest: verified, .. } if *verified == digest),
                "{context}: {verdict:?}"
            );
        }
        assert_eq!(content(&run).unwrap().last, stat.last_seq, "{context}");
    }
    assert!(orders > 100, "{orders} orders");
}

/// Breaks when an epoch under another configuration is judged by that of the one before it.
#[test]
fn another_configuration_is_not_judged() {
    let scratch = tempfile::tempdir().unwrap();
    let text = world(3, 150).0;
    let other = text.replace("max_open_orders = 12", "max_open_orders = 11");
    // How the journal is kept decides nothing.
    let kept_otherwise = format!("{text}\n[journal]\nsegment_mib = 7\n");
    for (name, text, is_judged) in [("other", other, false), ("kept", kept_otherwise, true)] {
        let run = scratch.path().join(name);
        let config = config_of(&world(3, 150).0);
        live(&run, &config, 3, [Stop::Ended; 3]);
        let later = config_of(&text);
        let seq = append_epoch(&run, &later);
        let verdict = verify(&run, &registry(), &VerifyOptions::default(), &mut |_| {}).unwrap();
        match verdict {
            Verdict::Identical { through, .. } => assert!(is_judged && through == seq, "{name}"),
            Verdict::NotJudged(reason) => {
                assert!(!is_judged && reason.contains(&format!("begins at seq {seq}")), "{name}: {reason}");
            }
            Verdict::Different(found) => panic!("{name}: {found:?}"),
        }
    }
}

fn append_epoch(run: &Path, config: &Config) -> Seq {
    let stat = reprise_journal::stat(run).unwrap();
    let (mut writer, _) = JournalWriter::resume(run, OPTIONS, stat.last_ts).unwrap();
    let epoch = RunStarted {
        epoch: 1_800_000_000,
        config: RawJson::new(&to_recorded(config)),
        ..started(RunMode::Paper, Vec::new())
    };
    let seq = writer.last_seq().next();
    writer.append_input(seq, stat.last_ts, &Input::from(Box::new(epoch)), 0).unwrap();
    writer.commit_batch().unwrap();
    writer.finish().unwrap();
    seq
}

/// Breaks when a run is called damaged or different while it is being written, or is judged beyond what its writer
/// has finished.
#[test]
fn a_run_that_is_being_written() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let (text, tape) = world(5, 150);
    let config = config_of(&text);
    let mut engine = Engine::create(&run, &config, &tape.instruments);
    engine.start(7, START);
    for (ts, input) in &tape.events {
        engine.step(*ts, input);
    }
    engine.writer.flush().unwrap();
    let file = run.join(plain_name(engine.writer.position().segment));
    let whole = fs::read(&file).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for cut in [0, 1, 40, 200, 600, 1_200, 5_000] {
        fs::write(&file, &whole[..whole.len() - cut]).unwrap();
        let verdict = verify(&run, &registry(), &VerifyOptions::default(), &mut |_| {}).unwrap();
        let Verdict::Identical { ended: false, through, .. } = verdict else {
            panic!("cut {cut}: {verdict:?}")
        };
        assert!(
            through <= engine.writer.last_seq() && (cut == 0) == (through == engine.writer.last_seq()),
            "{cut}"
        );
        seen.insert(through);
    }
    assert!(seen.len() > 3, "{seen:?}");
    // The same without a writer is damage.
    drop(engine);
    assert!(verify(&run, &registry(), &VerifyOptions::default(), &mut |_| {}).is_err());
}
