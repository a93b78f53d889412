//! How soon what was written must be on disk.

use reprise_model::event::{Class, Durability, KINDS};
use reprise_model::{Input, Outcome};

reprise_model::words! {
    /// When the journal is synced to disk.
    pub enum DurabilityMode {
        /// A batch with an order, risk or control event before it is published; market events within 5 ms.
        Orders = "orders",
        /// Every batch before it is published.
        All = "all",
        /// Never: for runs that can be repeated.
        None = "none",
    }
}

/// What a finished batch asks for before it may be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Commit {
    /// Nothing: publish it.
    Free,
    /// Publish it, and sync within 5 ms.
    SyncSoon,
    /// Sync before it is published.
    SyncDue,
}

impl DurabilityMode {
    /// What a batch asks for whose most urgent event has this durability.
    #[must_use]
    pub const fn asks(self, most_urgent: Durability) -> Commit {
        match (self, most_urgent) {
            (Self::None, _) => Commit::Free,
            (Self::All, _) | (Self::Orders, Durability::Money) => Commit::SyncDue,
            (Self::Orders, Durability::Market) => Commit::SyncSoon,
        }
    }

    /// Whether anything is ever synced.
    #[must_use]
    pub const fn syncs(self) -> bool {
        !matches!(self, Self::None)
    }
}

/// The durability of an input's kind, as the table of kinds has it.
#[must_use]
pub fn of_input(input: &Input) -> Durability {
    match input {
        Input::Quote(_) | Input::Trade(_) | Input::Book(_) => Durability::Market,
        other => in_table(Class::Input, other.kind()),
    }
}

/// The durability of an outcome's kind, as the table of kinds has it.
#[must_use]
pub fn of_outcome(outcome: &Outcome) -> Durability {
    in_table(Class::Outcome, outcome.kind())
}

fn in_table(class: Class, kind: &str) -> Durability {
    KINDS
        .iter()
        .find(|row| row.class == class && row.kind == kind)
        .map_or(Durability::Money, |row| row.durability)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when an event that can cost money may be published before it is durable.
    #[test]
    fn table() {
        let rows = [
            (DurabilityMode::Orders, Durability::Money, Commit::SyncDue),
            (DurabilityMode::Orders, Durability::Market, Commit::SyncSoon),
            (DurabilityMode::All, Durability::Money, Commit::SyncDue),
            (DurabilityMode::All, Durability::Market, Commit::SyncDue),
            (DurabilityMode::None, Durability::Money, Commit::Free),
            (DurabilityMode::None, Durability::Market, Commit::Free),
        ];
        for (mode, durability, commit) in rows {
            assert_eq!(mode.asks(durability), commit, "{mode} {durability}");
        }
    }

    /// Breaks when the short cut for frequent inputs says another thing than the table of kinds.
    #[test]
    fn short_cuts_agree_with_the_table() {
        for kind in ["market.quote", "market.trade", "market.book"] {
            assert_eq!(in_table(Class::Input, kind), Durability::Market, "{kind}");
        }
        assert_eq!(in_table(Class::Outcome, "order.submitted"), Durability::Money);
    }
}
