//! The journal of Reprise: an ordered, chained, append-only record of everything a run was told and decided.
//!
//! One event a line ([`mod@line`]), in segments ([`Segment`]), written in whole batches by one writer
//! ([`JournalWriter`]), read in constant memory ([`JournalReader`]). The journal is the truth: whatever else
//! a run leaves behind can be made from it again.
//!
//! No trading rule lives here.

mod content;
pub mod durability;
mod error;
mod files;
mod hash;
pub mod line;
mod lock;
mod manifest;
mod order;
mod poison;
mod position;
mod reader;
pub mod recovery;
mod schema;
mod seal;
mod segment;
mod source;
mod survey;
mod unfinished;
mod verify;
mod writer;

pub use content::{Content, content, content_by_reading};
pub use durability::{Commit, DurabilityMode};
pub use error::{Damage, DamageKind, JournalError};
pub use lock::{LOCK_FILE, Lock};
pub use manifest::{MANIFEST_FILE, Manifest, SealedForm, SegmentSummary};
pub use poison::{POISON_FILE, keep_poison};
pub use position::Position;
pub use reader::{Body, Entry, JournalReader, Unknown};
pub use recovery::{Recovered, recover};
pub use schema::line_schema;
pub use seal::{Sealed, seal};
pub use segment::{Segment, plain_name, sealed_name};
pub use source::Progress;
pub use survey::{Stat, stat};
pub use verify::{Verdict, verify_journal};
pub use writer::{JournalWriter, PendingSync, SyncDone, WriterOptions};
