//! The numbers of actions: the venue takes each once, and only those near its own time.

/// Gives every action of one wallet its number. The caller writes a number down before it uses it, and after a
/// restart goes on behind the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonces {
    last: u64,
}

impl Nonces {
    /// Numbers behind `last`; 0 when none was used yet.
    #[must_use]
    pub const fn after(last: u64) -> Self {
        Self { last }
    }

    /// The next number: the time, or one more than the last where the time has not moved on.
    pub fn next(&mut self, now_ms: u64) -> u64 {
        self.last = now_ms.max(self.last.saturating_add(1));
        self.last
    }

    /// The last number given.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a number is given twice or falls behind, so that the venue refuses the action.
    #[test]
    fn numbers_only_rise() {
        let mut nonces = Nonces::after(100);
        let given = [50, 100, 103, 103, 102, 200].map(|now_ms| nonces.next(now_ms));
        assert_eq!(given, [101, 102, 103, 104, 105, 200]);
        assert_eq!(nonces.last(), 200);
    }
}
