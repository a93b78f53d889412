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
    last: BTreeMap<Option<String>, Last>,
}

#[derive(Debug)]
struct Last {
    n: u64,
    /// Numbers may have passed since that nobody could read.
    unsure: bool,
}

impl Sequence {
    pub(crate) fn place(&mut self, number: &Number) -> Place {
        let Some(last) = self.last.get_mut(&number.channel) else {
            self.last.insert(number.channel.clone(), Last { n: number.n, unsure: false });
            return Place::Next;
        };
        if number.n <= last.n {
            return Place::Old;
        }
        let before = std::mem::replace(last, Last { n: number.n, unsure: false });
        if before.unsure || before.n + 1 == number.n { Place::Next } else { Place::Gap { after: before.n } }
    }

    /// A number passed that nobody could read: what comes next may have any number behind the last.
    pub(crate) fn doubt(&mut self) {
        for last in self.last.values_mut() {
            last.unsure = true;
        }
    }

    /// A connection begins, and its numbers with it.
    pub(crate) fn begin(&mut self) {
        self.last.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a hole goes unnoticed, or what comes late passes for new.
    #[test]
    fn numbers_follow_each_other() {
        let mut sequence = Sequence::default();
        let mut place =
            |channel: Option<&str>, n| sequence.place(&Number { channel: channel.map(str::to_owned), n });
        for (channel, n, expected) in [
            (None, 7, Place::Next),
            (None, 8, Place::Next),
            (None, 8, Place::Old),
            (None, 11, Place::Gap { after: 8 }),
            (None, 10, Place::Old),
            (None, 12, Place::Next),
            (Some("a"), 0, Place::Next),
            (Some("b"), 5, Place::Next),
            (Some("a"), 1, Place::Next),
            (Some("b"), 7, Place::Gap { after: 5 }),
            (None, u64::MAX, Place::Gap { after: 12 }),
        ] {
            assert_eq!(place(channel, n), expected, "{channel:?} {n}");
        }
        sequence.doubt();
        let mut place = |n| sequence.place(&Number { channel: Some("a".to_owned()), n });
        assert_eq!(
            [1, 5, 6, 8].map(&mut place),
            [Place::Old, Place::Next, Place::Next, Place::Gap { after: 6 }]
        );
        sequence.begin();
        assert_eq!(sequence.place(&Number { channel: None, n: 0 }), Place::Next);
    }
}
