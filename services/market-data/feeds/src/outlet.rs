//! Where a feed's events go.

use reprise_model::{Input, Ts};

/// Takes a feed's events in their order. The engine's intake is one; a test's list is another.
pub trait Outlet: Send {
    /// Takes an event whose frame was received at `received` (Unix nanoseconds, taken before parsing).
    ///
    /// Quotes and books may be merged under load, which the outlet counts; everything else may make the caller
    /// wait, and is never left out.
    ///
    /// # Errors
    /// When nobody takes events any more: the feed ends.
    fn take(&mut self, received: Ts, input: Input) -> Result<(), Closed>;

    /// Hands on what had to wait. A feed calls it after each frame and at least every ten milliseconds while
    /// something waits.
    ///
    /// # Errors
    /// As [`Self::take`].
    fn flush(&mut self) -> Result<(), Closed>;

    /// True while something waits for [`Self::flush`].
    fn is_waiting(&self) -> bool;
}

/// Nobody takes events any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine takes no more events")]
pub struct Closed;
