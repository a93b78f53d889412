//! The core as it is saved: its state, the digest of what it decided, and what each service keeps.

use serde::{Deserialize, Serialize};

use super::Core;
use crate::context::Queue;
use crate::digest::DecisionDigest;
use crate::saved::{self, RestoreError, Saved};
use crate::service::Service;

/// A core as it is saved.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: String,
    /// The state's.
    digest: String,
    state: Saved,
    decisions: Saved,
    board: Saved,
    /// Each with its name.
    services: Vec<(String, Saved)>,
    gate: (String, Saved),
}

/// What is read before all else.
#[derive(Deserialize)]
struct Version {
    version: String,
}

fn kept<S: Service + ?Sized>(service: &S) -> Option<(String, Saved)> {
    Some((service.name().to_owned(), service.save()?))
}

impl Core {
    /// Everything that must survive a restart, as JSON; `None` when a strategy, or another service, cannot be
    /// saved. Asked between two inputs.
    #[must_use]
    pub fn save(&self) -> Option<Vec<u8>> {
        let services = self.services.iter().map(|service| kept(service.as_ref()));
        saved::seal(&Kept {
            version: saved::version(),
            digest: self.state.digest(),
            state: self.state.save()?,
            decisions: self.digest.save()?,
            board: Saved::of(&self.board)?,
            services: services.collect::<Option<_>>()?,
            gate: kept(self.gate.as_ref())?,
        })
    }

    /// Takes over what was saved. The core must have been put together from the same configuration, whatever
    /// inputs it has seen.
    ///
    /// # Errors
    /// When it was saved by another version or other services, or is not what was saved; the core is not to be
    /// used after it.
    pub fn restore(&mut self, saved: &[u8]) -> Result<(), RestoreError> {
        let core = saved::unseal(saved)?;
        let Version { version } = core.read()?;
        if version != saved::version() {
            return Err(RestoreError::OtherVersion { saved: version, own: saved::version() });
        }
        let Kept { digest, state, decisions, board, services, gate, .. } = core.read()?;
        let own: Vec<&str> =
            self.services.iter().map(|service| service.name()).chain([self.gate.name()]).collect();
        let found: Vec<&str> = services.iter().chain([&gate]).map(|(name, _)| name.as_str()).collect();
        if own != found {
            return Err(RestoreError::OtherServices { saved: found.join(", "), own: own.join(", ") });
        }
        let state = self.state.restored(&state)?;
        if state.digest() != digest {
            return Err(RestoreError::OtherState { saved: digest, restored: state.digest() });
        }
        for (service, (name, saved)) in self.services.iter_mut().zip(&services) {
            service.restore(saved).map_err(|error| error.within(name))?;
        }
        self.gate.restore(&gate.1).map_err(|error| error.within(&gate.0))?;
        (self.state, self.board, self.digest) = (state, board.read()?, DecisionDigest::restored(&decisions)?);
        (self.queue, self.tick) = (Queue::default(), None);
        Ok(())
    }
}
