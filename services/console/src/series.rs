//! A series of points that never grows beyond its bound: when it is full, every other point goes, and from then
//! on points are taken half as often.

use reprise_model::Ts;

/// Points that are kept at most.
const CAPACITY: usize = 2_048;

/// Points in the order of time.
#[derive(Debug)]
pub(crate) struct Series<P> {
    points: Vec<P>,
    /// The least time between two points, in nanoseconds.
    apart_ns: u64,
}

/// Something that was so at a moment.
pub(crate) trait Moment: Copy {
    fn ts(&self) -> Ts;
}

impl<P: Moment> Series<P> {
    /// A series whose points are at least so far apart.
    pub fn new(apart_ns: u64) -> Self {
        Self { points: Vec::new(), apart_ns: apart_ns.max(1) }
    }

    /// True when a point of this moment would be taken.
    pub fn is_due(&self, ts: Ts) -> bool {
        self.points.last().is_none_or(|last| ts.since(last.ts()) >= self.apart_ns)
    }

    /// Takes a point, unless the last one is too near.
    pub fn push(&mut self, point: P) {
        if !self.is_due(point.ts()) {
            return;
        }
        self.points.push(point);
        if self.points.len() >= CAPACITY {
            let mut at = 0;
            self.points.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.apart_ns = self.apart_ns.saturating_mul(2);
        }
    }

    /// The points after a moment.
    pub fn since(&self, ts: Ts) -> Vec<P> {
        let from = self.points.partition_point(|point| point.ts() <= ts);
        self.points[from..].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Moment for Ts {
        fn ts(&self) -> Ts {
            *self
        }
    }

    /// Breaks when a run of a week fills the memory, or its beginning is no longer shown.
    #[test]
    fn a_long_series_gets_coarser_and_keeps_its_ends() {
        let mut series = Series::new(10);
        for n in 0..1_000_000 {
            series.push(Ts(n * 5));
        }
        let points = series.since(Ts(0));
        assert!(points.len() < CAPACITY && points.len() > CAPACITY / 4, "{}", points.len());
        assert!(points[0].0 < 50_000 && points[points.len() - 1].0 > 4_900_000, "{points:?}");
        assert!(points.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(series.since(Ts(5_000_000)).is_empty());
    }
}
