//! A journal as a live run leaves it: the venue's reports are inputs, and the journal tells what is durable.

use std::path::Path;

use reprise_assembly::{Config, assemble, to_recorded};
use reprise_core::{Core, Outcomes};
use reprise_journal::{DurabilityMode, JournalWriter, WriterOptions};
use reprise_model::codec::RawJson;
use reprise_model::event::{
    ReportAccepted, ReportCanceled, ReportExpired, ReportFilled, ReportRejected, ReportReplaced,
    ReportUnanswered, RunMode,
};
use reprise_model::{Input, Label, Liquidity, OrderId, RequestOf, RunTag, Seq, Ts};

use crate::scripted::registry;
use crate::tape::{Tape, of, spot, started};

const EPOCH: u32 = 1_742_914_020;
const ID: &str = "BTC-USD.SIM";

/// The journal of a run, as its runtime would write it.
struct Run {
    core: Core,
    outcomes: Outcomes,
    writer: JournalWriter,
}

impl Run {
    fn step(&mut self, ts: Ts, input: &Input) {
        let seq = self.core.step(ts, input, &mut self.outcomes).unwrap();
        let decided = self.outcomes.as_slice();
        self.writer.append_input(seq, ts, input, decided.len() as u32).unwrap();
        for one in decided {
            self.writer.append_outcome(one.seq, one.ts, one.cause, &one.outcome).unwrap();
        }
        self.writer.commit_batch().unwrap();
    }
}

/// Orders at a venue that answers, answers twice, late, or not at all.
pub fn venue_reports(out: &Path, config: &Config) {
    let instruments = vec![spot(ID)];
    let mut core = assemble(config, &registry(), &instruments, EPOCH).unwrap();
    core.resume_after(Seq(1));
    let options = WriterOptions { durability: DurabilityMode::Orders, ..WriterOptions::default() };
    let writer = JournalWriter::create(out, options).unwrap();
    let mut run = Run { core, outcomes: Outcomes::default(), writer };

    let mut begun = started(RunMode::Live, instruments);
    begun.run = "venue-reports".to_owned();
    (begun.tag, begun.epoch) = (RunTag(0x0123_4567_89ab_cdef), EPOCH);
    begun.config = RawJson::new(&to_recorded(config));
    let tape = reports();
    run.writer.append_input(Seq(1), tape.events[0].0, &Input::from(Box::new(begun)), 0).unwrap();
    run.writer.commit_batch().unwrap();
    for (n, (ts, input)) in tape.events.iter().enumerate() {
        run.step(*ts, input);
        if n % 4 == 3 {
            run.writer.sync(ts.plus_ns(700)).unwrap();
        }
    }
    let ended = run.writer.run_ended("an operator ended it", run.core.state().inputs());
    run.step(tape.now, &Input::from(Box::new(ended)));
    run.writer.finish().unwrap();
}

fn order(n: u32) -> OrderId {
    OrderId { epoch: EPOCH, n }
}

fn accepted(n: u32) -> ReportAccepted {
    let venue_order_id = Some(Label::new(&format!("V-{n}")).unwrap());
    ReportAccepted { order: order(n), venue_order_id, venue_ts: None }
}

fn filled(n: u32, exec_id: &str, qty: &str, price: &str, fee: &str) -> ReportFilled {
    ReportFilled {
        order: order(n),
        exec_id: Label::new(exec_id).unwrap(),
        qty: of(qty),
        price: of(price),
        fee: of(fee),
        fee_asset: of("USD"),
        liquidity: Liquidity::Taker,
        venue_ts: None,
    }
}

fn reports() -> Tape {
    let mut tape = Tape::new(Vec::new());
    // Orders 1 to 6 leave.
    tape.quote(ID, "100 5", "100.1 5");
    tape.wait(5).push(accepted(1)).wait(1).push(filled(1, "e1", "0.4", "100.1", "0.04"));
    tape.push(filled(1, "e1", "0.4", "100.1", "0.04")).wait(1).push(filled(1, "e2", "0.6", "100.1", "0.06"));
    tape.push(accepted(2)).push(accepted(1));
    let reason = "price too far from the market".to_owned();
    tape.push(ReportRejected { order: order(3), request: RequestOf::New, reason });
    let reason = "no answer for 5 s".to_owned();
    tape.wait(5_000).push(ReportUnanswered { order: order(4), request: RequestOf::New, reason });
    tape.push(accepted(5)).push(accepted(6));
    // Order 2 is replaced, 5 canceled, 6 canceled too late.
    tape.quote(ID, "100 5", "100.1 5");
    tape.push(ReportReplaced {
        order: order(2),
        qty: Some(of("2")),
        price: Some(of("98")),
        stop_price: None,
    });
    tape.push(ReportCanceled { order: order(5), reason: None });
    let reason = "already done".to_owned();
    tape.push(ReportRejected { order: order(6), request: RequestOf::Cancel, reason });
    tape.wait(3).push(filled(6, "e3", "1", "99.5", "0.0995"));
    tape.quote(ID, "100 5", "100.1 5");
    // The unknown order is found at the venue after all, and its time runs out.
    tape.push(accepted(4)).wait(20).push(ReportExpired { order: order(4) });
    tape.push(ReportCanceled { order: order(2), reason: Some("self-trade prevention".to_owned()) });
    tape.wait(10).push(filled(2, "e4", "0.5", "98", "0.049"));
    tape.quote(ID, "100 5", "100.1 5").clock();
    tape
}
