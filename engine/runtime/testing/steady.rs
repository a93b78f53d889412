//! A steady load for benchmarks.

use std::time::{Duration, Instant};

use reprise_model::Input;
use reprise_runtime::{Intake, wall_clock};

/// Sends events at a rate, in steps of half a millisecond, until all of them have passed.
pub fn send(intake: &mut Intake, a_second: u64, seconds: u64, mut next: impl FnMut() -> Input) {
    let (began, total, mut sent) = (Instant::now(), a_second * seconds, 0);
    while sent < total || intake.is_waiting() {
        let due = (began.elapsed().as_secs_f64() * a_second as f64) as u64;
        while sent < due.min(total) {
            intake.take(wall_clock(), next()).unwrap();
            sent += 1;
        }
        intake.flush().unwrap();
        std::thread::sleep(Duration::from_micros(500));
    }
}
