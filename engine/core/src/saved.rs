//! What survives a restart: everything that the core and its services keep, as JSON, exactly.
//!
//! A core that was saved and restored goes on as if it had never stopped: the same inputs lead to the same outcomes
//! and the same digests. Numbers of money stand in their canonical form, and floats in the shortest text that
//! reads as the same bits.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::digest::STATE_VERSION;

/// What one service saved: JSON of a form that only the service knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Saved(Box<RawValue>);

impl Saved {
    /// A value as JSON; `None` when it cannot be told in JSON.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Option<Self> {
        serde_json::value::to_raw_value(value).ok().map(Self)
    }

    /// Nothing: what a service saves that keeps nothing.
    #[must_use]
    pub fn nothing() -> Option<Self> {
        Self::of(&())
    }

    /// The value again.
    ///
    /// # Errors
    /// When it is not of this form.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, RestoreError> {
        serde_json::from_str(self.0.get()).map_err(RestoreError::form)
    }
}

/// Why a core cannot go on from what was saved. It can always go on from the journal instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// It does not read.
    #[error("what was saved does not read: {reason}")]
    Form {
        /// Why not.
        reason: String,
    },
    /// It is not what was written.
    #[error("what was saved is damaged: its checksum is another")]
    Damaged,
    /// Another version saved it.
    #[error("it was saved by version {saved}, and this is {own}")]
    OtherVersion {
        /// Who saved it.
        saved: String,
        /// This version.
        own: String,
    },
    /// The core was put together from other services.
    #[error("it was saved by the services {saved}, and these are {own}: is the configuration the same?")]
    OtherServices {
        /// Their names, in order.
        saved: String,
        /// The names of this core's services, in order.
        own: String,
    },
    /// A service cannot take up what it saved.
    #[error("'{service}' cannot be restored: {reason}")]
    Service {
        /// Its name.
        service: String,
        /// Why not.
        reason: String,
    },
    /// The state is another than the one that was saved.
    #[error("the restored state has the digest {restored}, and {saved} was saved")]
    OtherState {
        /// What was saved.
        saved: String,
        /// What came out.
        restored: String,
    },
}

impl RestoreError {
    /// What was saved does not read.
    #[must_use]
    pub fn form(reason: impl ToString) -> Self {
        Self::Form { reason: reason.to_string() }
    }

    pub(crate) fn within(self, service: &str) -> Self {
        Self::Service { service: service.to_owned(), reason: self.to_string() }
    }
}

/// Who saves: what another version keeps may have the same form and another meaning.
pub(crate) fn version() -> String {
    format!("{} with state {STATE_VERSION}", env!("CARGO_PKG_VERSION"))
}

/// The outer form: what was saved, and its checksum.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    blake3: String,
    core: Box<RawValue>,
}

/// A value with a checksum around it, as bytes.
pub(crate) fn seal<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    let core = serde_json::value::to_raw_value(value).ok()?;
    let blake3 = blake3::hash(core.get().as_bytes()).to_hex().to_string();
    serde_json::to_vec(&Sealed { blake3, core }).ok()
}

/// What stands within the checksum.
pub(crate) fn unseal(bytes: &[u8]) -> Result<Saved, RestoreError> {
    let sealed: Sealed = serde_json::from_slice(bytes).map_err(RestoreError::form)?;
    if blake3::hash(sealed.core.get().as_bytes()).to_hex().as_str() != sealed.blake3 {
        return Err(RestoreError::Damaged);
    }
    Ok(Saved(sealed.core))
}

/// Maps whose keys are no text, as lists of pairs: for `#[serde(with = "…")]`.
pub mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// The pairs in the order of their keys.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    /// The map again.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Vec::<(K, V)>::deserialize(deserializer).map(BTreeMap::from_iter)
    }
}
