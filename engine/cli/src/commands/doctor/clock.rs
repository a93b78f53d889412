//! Does the clock go, how fine is it, and how far is it from the venues' clocks.

use std::time::{Duration, Instant};

use reprise_model::Ts;
use reprise_runtime::wall_clock;

use super::World;
use super::row::Row;

const NS_A_SECOND: i128 = 1_000_000_000;
const NS_A_MS: i128 = 1_000_000;
/// Certainly further away than this is worth a look.
const WORTH_A_LOOK: i128 = NS_A_SECOND / 2;
/// Certainly further away than this is wrong, unless the configuration says another bound.
const TOO_FAR: i128 = 2 * NS_A_SECOND;
/// Events that are stamped in one such step cannot be told apart.
const COARSE: Duration = Duration::from_micros(1);
/// Steps that are looked at.
const STEPS: u32 = 1_000;
/// A clock that stands is given up after so long.
const STANDS: Duration = Duration::from_secs(1);
/// What to do about a clock that is wrong.
const REMEDY: &str =
    "have it set by NTP: timedatectl set-ntp true, then chronyc tracking or timedatectl timesync-status";

/// The machine's own clock.
pub fn check(_: &World) -> Vec<Row> {
    const CHECK: &str = "clock";
    let (began, mut last, mut finest, mut steps) = (Instant::now(), wall_clock(), u64::MAX, 0);
    while steps < STEPS && began.elapsed() < STANDS {
        let now = wall_clock();
        if now < last {
            let back = Duration::from_nanos(last.since(now));
            return vec![Row::failed(CHECK, format!("it was set back by {back:?} during the check"), REMEDY)];
        }
        if now > last {
            finest = finest.min(now.since(last));
            (last, steps) = (now, steps + 1);
        }
    }
    let step = Duration::from_nanos(finest);
    if steps == 0 {
        return vec![Row::failed(CHECK, "it stands still", REMEDY)];
    }
    if step > COARSE {
        let remedy =
            "latencies are told no finer than that; choose another clock source of the kernel, such as tsc";
        return vec![Row::warning(CHECK, format!("it goes in steps of {step:?}"), remedy)];
    }
    vec![Row::ok(CHECK, format!("it goes, in steps of {step:?}"))]
}

/// How far our clock is ahead of another: somewhere between these two, in nanoseconds. The other may have taken its
/// time at any moment between question and answer, and may have left out what is below its resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    least: i128,
    most: i128,
}

impl Skew {
    /// What one answer tells: it came `round_trip` after the question of `sent`, and said `shown`, cut to `resolution`.
    pub fn of(sent: Ts, round_trip: Duration, shown: Ts, resolution: Duration) -> Self {
        let (sent, shown) = (i128::from(sent.0), i128::from(shown.0));
        let answered = sent + round_trip.as_nanos() as i128;
        Self { least: sent - shown - resolution.as_nanos() as i128, most: answered - shown }
    }

    /// What two answers tell together; the first alone when they contradict each other, as when a clock was set.
    pub fn and(self, other: Self) -> Self {
        let both = Self { least: self.least.max(other.least), most: self.most.min(other.most) };
        if both.least <= both.most { both } else { self }
    }

    /// How far apart the clocks are for certain.
    fn certainly(self) -> i128 {
        if self.least > 0 {
            self.least
        } else if self.most < 0 {
            -self.most
        } else {
            0
        }
    }

    /// `12 ms ahead, ± 40 ms`.
    fn in_words(self) -> String {
        let (middle, width) = ((self.least + self.most) / 2, (self.most - self.least) / 2);
        let side = if middle < 0 { "behind" } else { "ahead of" };
        format!("our clock is {} ms {side} it, ± {} ms", middle.abs() / NS_A_MS, width / NS_A_MS + 1)
    }

    /// The row; `bound_ms` is the configuration's own bound.
    pub fn row(self, check: String, bound_ms: Option<u64>) -> Row {
        let bound = bound_ms.map_or(TOO_FAR, |ms| i128::from(ms) * NS_A_MS);
        let found = self.in_words();
        match self.certainly() {
            off if off > bound => {
                Row::failed(check, format!("{found}; more than {} ms is too much", bound / NS_A_MS), REMEDY)
            }
            off if off > WORTH_A_LOOK => Row::warning(check, found, REMEDY),
            _ => Row::ok(check, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::Verdict;
    use super::*;

    /// Breaks when a clock is blamed for what rounding or a slow answer may have done, or a wrong one passes.
    #[test]
    fn skew_counts_what_is_certain() {
        let (second, ms) = (Duration::from_secs(1), Duration::from_millis(1));
        let cases = [
            // Our time, the answer's way, what was shown, its resolution, and what comes of it.
            (100_000, 10, 100_000, ms, Verdict::Ok),
            (100_999, 1, 100_000, second, Verdict::Ok),
            (100_000, 900, 100_500, second, Verdict::Ok),
            (101_700, 10, 100_000, second, Verdict::Warning),
            (100_000, 10, 100_700, ms, Verdict::Warning),
            (105_000, 10, 100_000, second, Verdict::Failed),
            (100_000, 10, 105_000, second, Verdict::Failed),
            // A venue 5 s ahead, and an answer so slow that it may as well be right.
            (100_000, 6_000, 105_000, second, Verdict::Ok),
        ];
        for (ours, way, shown, resolution, expected) in cases {
            let at = |ms: u64| Ts(ms * 1_000_000);
            let skew = Skew::of(at(ours), Duration::from_millis(way), at(shown), resolution);
            let row = skew.row("venue".to_owned(), None);
            assert_eq!(row.verdict, expected, "{ours} {way} {shown}: {row:?}");
        }
    }

    /// Breaks when the configuration's own bound is not what counts, or a second answer tells nothing.
    #[test]
    fn bounds_and_several_answers() {
        let one = Skew { least: -NS_A_SECOND, most: 40 * NS_A_MS };
        let two = Skew { least: 20 * NS_A_MS, most: NS_A_SECOND };
        let both = one.and(two);
        assert_eq!(both.certainly(), 20 * NS_A_MS);
        assert_eq!(both.in_words(), "our clock is 30 ms ahead of it, ± 11 ms");
        assert_eq!(both.row("venue".to_owned(), Some(10)).verdict, Verdict::Failed);
        assert_eq!(both.row("venue".to_owned(), Some(30)).verdict, Verdict::Ok);
        assert_eq!(one.and(Skew { least: 5 * NS_A_SECOND, most: 6 * NS_A_SECOND }), one);
    }
}
