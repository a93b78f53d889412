//! The board: estimates that services compute anew from inputs and show to each other.
//!
//! What stands here is not part of the state: it is never journaled tick by tick and is recomputed by replay.

use reprise_model::Price;
use serde::{Deserialize, Serialize};

use crate::market::InstrumentIx;

/// An instrument's volatility bands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bands {
    /// Below this a price is out of band.
    pub lower: Price,
    /// The middle.
    pub middle: Price,
    /// Above this a price is out of band.
    pub upper: Price,
}

/// The latest estimates, by instrument.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Board {
    bands: Vec<Option<Bands>>,
}

impl Board {
    /// The instrument's bands, `None` until they are warm.
    #[must_use]
    #[inline]
    pub fn bands(&self, ix: InstrumentIx) -> Option<Bands> {
        self.bands.get(ix.at()).copied().flatten()
    }

    /// Shows an instrument's bands.
    #[inline]
    pub fn set_bands(&mut self, ix: InstrumentIx, bands: Option<Bands>) {
        if self.bands.len() <= ix.at() {
            self.bands.resize(ix.at() + 1, None);
        }
        self.bands[ix.at()] = bands;
    }
}
