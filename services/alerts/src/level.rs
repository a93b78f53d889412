//! A level with hysteresis: reached at one value, over at another, and nothing in between.

use reprise_model::Cash;

/// From which side a level is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// From below: told when the value is as high.
    Above,
    /// From above: told when the value is as low.
    Below,
}

/// A level as it stands at a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    pub edge: Edge,
    /// Where it is reached.
    pub at: Cash,
    /// Where it is over.
    pub back: Cash,
}

impl Level {
    /// Whether the level is reached, when it was or was not before.
    pub(crate) fn is_reached(&self, was: bool, value: Cash) -> bool {
        match (self.edge, was) {
            (Edge::Above, false) => value >= self.at,
            (Edge::Above, true) => value > self.back,
            (Edge::Below, false) => value <= self.at,
            (Edge::Below, true) => value < self.back,
        }
    }
}
