//! What a strategy keeps for each of its instruments.

use reprise_core::InstrumentIx;
use serde::{Deserialize, Serialize};

/// One value an instrument, made when it is first asked for; finding it costs an index.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PerInstrument<T> {
    values: Vec<Option<T>>,
}

impl<T> Default for PerInstrument<T> {
    fn default() -> Self {
        Self { values: Vec::new() }
    }
}

impl<T: Default> PerInstrument<T> {
    /// The instrument's value, a default one at first.
    #[inline]
    pub fn of(&mut self, ix: InstrumentIx) -> &mut T {
        if self.values.len() <= ix.at() {
            self.values.resize_with(ix.at() + 1, || None);
        }
        self.values[ix.at()].get_or_insert_with(T::default)
    }
}

impl<T> PerInstrument<T> {
    /// The instrument's value, if it was asked for before.
    #[must_use]
    #[inline]
    pub fn get(&self, ix: InstrumentIx) -> Option<&T> {
        self.values.get(ix.at())?.as_ref()
    }
}
