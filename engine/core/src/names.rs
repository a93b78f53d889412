//! From an instrument's id to its place: every event asks for it, so it must not slow down with many instruments.

use reprise_model::InstrumentId;

/// Below this many ids, comparing them one by one is faster than a table.
const FEW: usize = 4;

/// The ids in order of definition, with a table by hash beside them.
///
/// The table is only ever asked for one id, never walked, and its hash is the same on every machine; so its
/// order can reach nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    ids: Vec<InstrumentId>,
    /// The place plus one, 0 for an empty slot; always a power of two long and at most half full.
    slots: Vec<u32>,
}

impl Names {
    /// The id's place.
    #[inline]
    pub fn find(&self, id: &InstrumentId) -> Option<usize> {
        if self.ids.len() <= FEW {
            return self.ids.iter().position(|known| known == id);
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash(id) & mask;
        loop {
            match self.slots[slot] {
                0 => return None,
                place if self.ids[place as usize - 1] == *id => return Some(place as usize - 1),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    /// Adds an id that is not there yet.
    pub fn push(&mut self, id: InstrumentId) {
        self.ids.push(id);
        if self.ids.len() * 2 > self.slots.len() {
            self.slots = vec![0; (self.ids.len() * 4).next_power_of_two()];
            for place in 0..self.ids.len() {
                self.enter(place);
            }
        } else {
            self.enter(self.ids.len() - 1);
        }
    }

    fn enter(&mut self, place: usize) {
        let mask = self.slots.len() - 1;
        let mut slot = hash(&self.ids[place]) & mask;
        while self.slots[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = place as u32 + 1;
    }
}

/// Eight bytes at a time, each stirred in by a multiplication.
#[inline]
fn hash(id: &InstrumentId) -> usize {
    let stir = |h: u64, word: u64| (h.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (words, rest) = id.as_bytes().as_chunks::<8>();
    let h = words.iter().fold(rest.len() as u64, |h, word| stir(h, u64::from_le_bytes(*word)));
    let last = rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
    (stir(h, last) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when an instrument is taken for another, or lost, once there are many.
    #[test]
    fn every_id_keeps_its_place() {
        let id = |n: usize| format!("C{}-USD.VENUE{}", n * 7919, n % 3).parse::<InstrumentId>().unwrap();
        let mut names = Names::default();
        for n in 0..1000 {
            assert_eq!(names.find(&id(n)), None, "{n} before it is there");
            names.push(id(n));
            for known in (0..=n).step_by(1 + n / 10) {
                assert_eq!(names.find(&id(known)), Some(known), "{known} of {n}");
            }
        }
    }
}
