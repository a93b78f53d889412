//! Whether a numbered frame follows the one before it.

use std::collections::BTreeMap;

use crate::dialect::Number;

/// How a frame stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It follows, or it is the first.
    Next,
    /// It or a later one was there already.
    Old,
    /// Frames between are missing.
    Gap { after: u64 },
}

/// The last number of each count.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    last: BTreeMap<Option<String>, u64>,
}

impl Sequence {
    pub(crate) fn place(&mut self, number: &Number) -> Place {
        let Some(last) = self.last.get_mut(&number.channel) else {
            self.last.insert(number.channel.clone(), number.n);
            return Place::Next;
        };
        if number.n <= *last {
            return Place::Old;
        }
        let after = std::mem::replace(last, number.n);
        if after + 1 == number.n { Place::Next } else { Place::Gap { after } }
    }

    /// A number passed that nobody could read: whatever comes next is the first.
    pub(crate) fn forget(&mut self) {
        self.last.clear();
    }
}
