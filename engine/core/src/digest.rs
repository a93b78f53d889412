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
    writer: Writer,
}

impl Default for DecisionDigest {
    fn default() -> Self {
        Self { hasher: blake3::Hasher::new(), writer: Writer::for_digest() }
    }
}

impl DecisionDigest {
    /// Takes one outcome in.
    pub fn add(&mut self, outcome: &Outcome) {
        if matches!(outcome, Outcome::Checkpoint(_)) {
            return;
        }
        self.writer.clear();
        self.writer.raw(outcome.kind().as_bytes());
        self.writer.raw(b" ");
        outcome.write_data(&mut self.writer);
        self.writer.raw(b"\n");
        self.hasher.update(self.writer.as_bytes());
    }

    /// The digest so far, 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}
