//! The two digests: of what was decided, and of the state it led to.

use reprise_model::codec::Writer;
use reprise_model::event::Outcome;
use serde::{Deserialize, Serialize};

use crate::saved::{RestoreError, Saved};

/// Version of the state's canonical encoding; state digests compare only at equal versions.
pub const STATE_VERSION: u32 = 1;

/// A running BLAKE3 over the outcomes: each one's kind and canonical `data`, a newline after each.
///
/// The lines are hashed in pieces, each together with the hash of those before it: a piece ends with the line that
/// makes it 32 KiB or longer. So a digest can be saved and goes on elsewhere, and where it was saved makes no
/// difference. Up to the first end of a piece the digest is the plain BLAKE3 of the lines.
///
/// Run id, epoch, paths and time stamps are left out, so the same decisions give the same digest wherever and
/// whenever they are computed. Checkpoints are left out too: how often they are taken decides nothing.
#[derive(Debug)]
pub struct DecisionDigest {
    /// The hash of the pieces before; `None` before the end of the first.
    previous: Option<blake3::Hash>,
    /// The lines of the piece at hand.
    waiting: Writer,
}

/// A piece has at least so many bytes: the hash is several times as fast over many blocks at once.
const PIECE: usize = 32 * 1024;

impl Default for DecisionDigest {
    fn default() -> Self {
        Self { previous: None, waiting: Writer::for_digest() }
    }
}

/// A digest as it is saved.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    previous: Option<String>,
    waiting: String,
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
        if self.waiting.as_bytes().len() >= PIECE {
            self.previous = Some(self.hash());
            self.waiting.clear();
        }
    }

    fn hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        if let Some(previous) = &self.previous {
            hasher.update(previous.as_bytes());
        }
        hasher.update(self.waiting.as_bytes());
        hasher.finalize()
    }

    /// The digest so far, 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        self.hash().to_hex().to_string()
    }

    pub(crate) fn save(&self) -> Option<Saved> {
        let waiting = String::from_utf8(self.waiting.as_bytes().to_vec()).ok()?;
        Saved::of(&Kept { previous: self.previous.map(|hash| hash.to_hex().to_string()), waiting })
    }

    pub(crate) fn restored(saved: &Saved) -> Result<Self, RestoreError> {
        let Kept { previous, waiting } = saved.read()?;
        let previous = previous.map(blake3::Hash::from_hex).transpose().map_err(RestoreError::form)?;
        let mut digest = Self { previous, ..Self::default() };
        digest.waiting.raw(waiting.as_bytes());
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reprise_model::event::OrderUnknown;
    use reprise_model::{OrderId, codec};

    fn unknown(n: u32) -> OrderUnknown {
        OrderUnknown { order: OrderId { epoch: 7, n }, reason: "x".repeat(n as usize % 90) }
    }

    fn line(n: u32) -> Vec<u8> {
        let written = String::from_utf8(codec::to_bytes(&unknown(n))).expect("text").replace("\"7-", "\"-");
        format!("order.unknown {written}\n").into_bytes()
    }

    /// Breaks when the digest is another than that of the lines, cut into pieces by their content alone: a pinned
    /// one would then be another after a restart.
    #[test]
    fn the_digest_is_of_the_lines() {
        let mut digest = DecisionDigest::default();
        let (mut before, mut piece, mut pieces) = (Vec::new(), Vec::new(), 0);
        for n in 0..2000 {
            piece.extend(line(n));
            digest.add(&unknown(n).into());
            if piece.len() >= PIECE {
                before = blake3::hash(&[&before[..], &piece].concat()).as_bytes().to_vec();
                piece.clear();
                pieces += 1;
            }
            if n % 97 == 0 {
                let expected = blake3::hash(&[&before[..], &piece].concat());
                assert_eq!(digest.hex(), expected.to_hex().to_string(), "after {n}");
                digest = DecisionDigest::restored(&digest.save().expect("text")).expect("as saved");
            }
        }
        assert!(pieces > 2, "{pieces} pieces");
    }
}
