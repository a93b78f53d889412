//! The two digests: of what was decided, and of the state it led to.

use reprise_model::codec::Writer;
use reprise_model::event::Outcome;

/// Version of the state's canonical encoding; state digests compare only at equal versions.
pub const STATE_VERSION: u32 = 1;

/// A running BLAKE3 over the outcomes: each one's kind and canonical `data`, a newline after each.
///
/// Run id, epoch, paths and time stamps are left out, so the same decisions give the same digest wherever and
/// whenever they are computed. Checkpoints are left out too: how often they are taken decides nothing.
#[derive(Debug)]
pub struct DecisionDigest {
    hasher: blake3::Hasher,
    /// What is not hashed yet: the hash is several times as fast over many blocks at once.
    waiting: Writer,
}

/// Bytes that wait before they are hashed together.
const TOGETHER: usize = 32 * 1024;

impl Default for DecisionDigest {
    fn default() -> Self {
        Self { hasher: blake3::Hasher::new(), waiting: Writer::for_digest() }
    }
}

impl DecisionDigest {
    /// Takes one outcome in.
    pub fn add(&mut self, outcome: &Outcome) {
        if matches!(outcome, Outcome::Checkpoint(_)) {
            return;
        }
        self.waiting.raw(outcome.kind().as_bytes());
        self.waiting.raw(b" ");
        outcome.write_data(&mut self.waiting);
        self.waiting.raw(b"\n");
        if self.waiting.as_bytes().len() >= TOGETHER {
            self.hasher.update(self.waiting.as_bytes());
            self.waiting.clear();
        }
    }

    /// The digest so far, 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        let mut hasher = self.hasher.clone();
        hasher.update(self.waiting.as_bytes());
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reprise_model::event::OrderUnknown;
    use reprise_model::{OrderId, codec};

    /// Breaks when the digest is another than that of all the lines together: a pinned one would then depend on
    /// how the hashing is cut into pieces.
    #[test]
    fn the_digest_is_of_the_lines() {
        let mut digest = DecisionDigest::default();
        let mut lines = Vec::new();
        for n in 0..2000 {
            let unknown =
                OrderUnknown { order: OrderId { epoch: 7, n }, reason: "x".repeat(n as usize % 90) };
            let written = String::from_utf8(codec::to_bytes(&unknown)).expect("text").replace("\"7-", "\"-");
            lines.extend_from_slice(format!("order.unknown {written}\n").as_bytes());
            digest.add(&unknown.into());
            if n % 97 == 0 {
                assert_eq!(digest.hex(), blake3::hash(&lines).to_hex().to_string(), "after {n}");
            }
        }
        assert!(lines.len() > 2 * TOGETHER, "hashed in several pieces");
    }
}
