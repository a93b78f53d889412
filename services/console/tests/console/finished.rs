//! A run that is over is shown as it was, and nothing in it can be changed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use reprise_assembly::{Registry, assemble, from_recorded};
use reprise_console::{Chronicle, Desk, Finished, Guard, Sampling, Snapshot};
use reprise_core::Outcomes;
use reprise_journal::JournalReader;
use reprise_model::{Input, Seq, Ts};
use reprise_runtime::{EngineView, Latencies};

use crate::guarded::{runtime, told};
use crate::kit::Running;

/// Steps a run's journal through a core.
pub fn stepped(run: &Path) -> Finished {
    let mut reader = JournalReader::open(run).unwrap();
    let Some((_, _, Input::RunStarted(started))) = reader.next_input().unwrap() else {
        unreachable!("no run")
    };
    let config = from_recorded(started.config.as_str()).unwrap();
    let mut core = assemble(&config, &Registry::builtin(), &started.instruments, started.epoch).unwrap();
    core.begin_epoch(Seq(1), started.epoch);
    let (chronicle, mut outcomes) = (Chronicle::new(Sampling(50_000_000)), Outcomes::default());
    let latencies = Latencies::default();
    let look = |core: &reprise_core::Core, now: Ts| {
        let seq = core.state().seq();
        let view = EngineView {
            core: Some(core),
            mode: started.mode,
            seq,
            durable: seq,
            now,
            latencies: &latencies,
            is_ending: false,
        };
        Snapshot::of(&view, &started.run)
    };
    let mut last = Ts(0);
    while let Some((_, ts, input)) = reader.next_input().unwrap() {
        let seq = core.step(ts, &input, &mut outcomes).unwrap();
        chronicle.note_step(seq, ts, &input, outcomes.as_slice());
        if chronicle.is_due(ts) {
            chronicle.sample(&look(&core, ts));
        }
        last = ts;
    }
    let snapshot = look(&core, last);
    Finished::new(snapshot, chronicle)
}

/// Breaks when a run looks otherwise after its end than before it, or can still be commanded.
#[test]
fn a_finished_run_shows_the_same_numbers_and_takes_no_commands() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let mut running = Running::start(&run, &[]);
    running.play(2_000, Duration::from_millis(1_500));
    assert_eq!(running.post("/pause", "").status, 200);
    // What is under way settles, and a later look is another one.
    std::thread::sleep(Duration::from_millis(300));
    let before = running.get("/snapshot").json();
    running.stop();
    let desk = Desk::new(
        Arc::new(stepped(&run)),
        Guard { token: reprise_console::Token::new("t"), ..Guard::default() },
    );
    runtime().block_on(async {
        let ask = |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path).header("host", "localhost");
            request.header("authorization", "Bearer t").body(Body::empty()).unwrap()
        };
        let (status, body) = told(desk.answer(ask("GET", "/snapshot")).await).await;
        assert_eq!(status, 200);
        let after: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(after["status"]["phase"], "finished");
        assert_eq!(after["positions"], before["positions"]);
        assert_eq!(after["status"]["fills"], before["status"]["fills"]);
        assert_eq!(after["account"]["profit"], before["account"]["profit"]);
        let (_, equity) = told(desk.answer(ask("GET", "/equity")).await).await;
        assert!(serde_json::from_str::<Vec<serde_json::Value>>(&equity).unwrap().len() > 10, "{equity}");
        for path in ["/kill", "/pause", "/resume", "/cancel-all", "/reduce-only"] {
            let (status, words) = told(desk.answer(ask("POST", path)).await).await;
            assert_eq!(status, 409, "{path}: {words}");
        }
    });
}
