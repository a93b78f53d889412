//! The decision table of recovery: what was found, how the whole batches stand to what is durable, what is
//! done about it.

use crate::error::DamageKind;

reprise_model::words! {
    /// The first thing in the journal that is not as it should be.
    pub enum Finding {
        /// Nothing: every batch is whole.
        Whole = "whole",
        /// The last segment has no byte, or nothing but the names of segments was made.
        EmptySegment = "empty_segment",
        /// The last line has no newline.
        HalfLine = "half_line",
        /// The last input's outcomes are not all there.
        OpenBatch = "open_batch",
        /// Bytes that are no line: garbage, or zeros.
        NotALine = "not_a_line",
        /// A line whose crc is wrong: bits flipped, lines lost, repeated or swapped.
        BrokenChain = "broken_chain",
        /// A line whose crc is right and whose number, batch or time is not.
        WrongOrder = "wrong_order",
        /// A segment is missing between others.
        MissingSegment = "missing_segment",
        /// Any of these in a segment that is sealed, or before one, or whose sealed form is there too.
        SealedDamage = "sealed_damage",
    }
}

reprise_model::words! {
    /// How far the whole batches reach.
    pub enum Standing {
        /// To what is known to be durable, or past it.
        Durable = "durable",
        /// Not even to what was durable.
        Short = "short",
        /// To the end of the run: the last of them is `run.ended`.
        Ended = "ended",
        /// Nowhere: no batch is whole.
        Nothing = "nothing",
    }
}

reprise_model::words! {
    /// What recovery does.
    pub enum Action {
        /// Nothing.
        Keep = "keep",
        /// Removes the segments without a byte.
        RemoveEmpty = "remove_empty",
        /// Cuts behind the last whole batch, keeps what was cut aside, and says so in the journal.
        Cut = "cut",
        /// The same without a line in the journal: nothing but another epoch may follow the end of a run.
        CutSilently = "cut_silently",
        /// Refuses, and names the place.
        Refuse = "refuse",
    }
}

/// One row: the action for a finding under a standing, and why.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What was found.
    pub finding: Finding,
    /// How the whole batches stand.
    pub standing: Standing,
    /// What is done.
    pub action: Action,
    /// Why.
    pub why: &'static str,
}

const LOST: &str = "events that were durable are damaged, so nothing is cut; restore the journal from a copy, or start \
    a new run from the venue's state";
const LOST_SEALED: &str = "a sealed segment was durable, so nothing is cut; restore the segment from a copy";
const NOTHING: &str = "not one batch is whole, so there is no run to go on with; start a new one";
const TAIL: &str = "it lies past what is durable";
const AFTER_END: &str =
    "the run has ended, and what stands behind its end is not the whole beginning of another epoch";

const fn row(finding: Finding, standing: Standing, action: Action, why: &'static str) -> Row {
    Row { finding, standing, action, why }
}

/// Every finding under every standing under which it can be met: where there is nothing at all, something is
/// missing.
pub const TABLE: &[Row] = &[
    row(Finding::Whole, Standing::Durable, Action::Keep, "every batch is whole"),
    row(Finding::Whole, Standing::Short, Action::Refuse, LOST),
    row(Finding::Whole, Standing::Ended, Action::Keep, "the run has ended"),
    row(Finding::EmptySegment, Standing::Durable, Action::RemoveEmpty, "it holds nothing"),
    row(Finding::EmptySegment, Standing::Short, Action::Refuse, LOST),
    row(Finding::EmptySegment, Standing::Ended, Action::RemoveEmpty, AFTER_END),
    row(Finding::EmptySegment, Standing::Nothing, Action::Refuse, NOTHING),
    row(Finding::HalfLine, Standing::Durable, Action::Cut, TAIL),
    row(Finding::HalfLine, Standing::Short, Action::Refuse, LOST),
    row(Finding::HalfLine, Standing::Ended, Action::CutSilently, AFTER_END),
    row(Finding::HalfLine, Standing::Nothing, Action::Refuse, NOTHING),
    row(Finding::OpenBatch, Standing::Durable, Action::Cut, TAIL),
    row(Finding::OpenBatch, Standing::Short, Action::Refuse, LOST),
    row(Finding::OpenBatch, Standing::Nothing, Action::Refuse, NOTHING),
    row(Finding::OpenBatch, Standing::Ended, Action::CutSilently, AFTER_END),
    row(Finding::NotALine, Standing::Durable, Action::Cut, TAIL),
    row(Finding::NotALine, Standing::Short, Action::Refuse, LOST),
    row(Finding::NotALine, Standing::Ended, Action::CutSilently, AFTER_END),
    row(Finding::NotALine, Standing::Nothing, Action::Refuse, NOTHING),
    row(Finding::BrokenChain, Standing::Durable, Action::Cut, TAIL),
    row(Finding::BrokenChain, Standing::Short, Action::Refuse, LOST),
    row(Finding::BrokenChain, Standing::Ended, Action::CutSilently, AFTER_END),
    row(Finding::BrokenChain, Standing::Nothing, Action::Refuse, NOTHING),
    row(Finding::WrongOrder, Standing::Durable, Action::Cut, TAIL),
    row(Finding::WrongOrder, Standing::Short, Action::Refuse, LOST),
    row(Finding::WrongOrder, Standing::Ended, Action::CutSilently, AFTER_END),
    row(Finding::WrongOrder, Standing::Nothing, Action::Refuse, NOTHING),
    row(Finding::MissingSegment, Standing::Durable, Action::Cut, TAIL),
    row(Finding::MissingSegment, Standing::Short, Action::Refuse, LOST),
    row(Finding::MissingSegment, Standing::Ended, Action::CutSilently, AFTER_END),
    row(Finding::MissingSegment, Standing::Nothing, Action::Refuse, NOTHING),
    row(Finding::SealedDamage, Standing::Durable, Action::Refuse, LOST_SEALED),
    row(Finding::SealedDamage, Standing::Short, Action::Refuse, LOST_SEALED),
    row(Finding::SealedDamage, Standing::Ended, Action::Refuse, LOST_SEALED),
    row(Finding::SealedDamage, Standing::Nothing, Action::Refuse, LOST_SEALED),
];

/// The row for a finding under a standing.
#[must_use]
pub fn decide(finding: Finding, standing: Standing) -> Row {
    let found = TABLE.iter().copied().find(|r| r.finding == finding && r.standing == standing);
    // A test holds that only what cannot be met has no row; refusing is the safe side of that.
    found.unwrap_or(row(finding, standing, Action::Refuse, LOST))
}

impl Finding {
    /// The finding that a damage in a plain segment is.
    pub(super) fn of(kind: DamageKind) -> Self {
        match kind {
            DamageKind::Empty => Self::EmptySegment,
            DamageKind::HalfLine => Self::HalfLine,
            DamageKind::OpenBatch => Self::OpenBatch,
            DamageKind::NotALine => Self::NotALine,
            DamageKind::Chain => Self::BrokenChain,
            DamageKind::MissingSegment => Self::MissingSegment,
            DamageKind::Sealed => Self::SealedDamage,
            DamageKind::Order
            | DamageKind::Event
            | DamageKind::AfterEnd
            | DamageKind::Content
            | DamageKind::Manifest => Self::WrongOrder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a case has no decision, or two.
    #[test]
    fn every_case_has_one_row() {
        let never = [(Finding::Whole, Standing::Nothing)];
        for &finding in Finding::ALL {
            for &standing in Standing::ALL {
                let rows = TABLE.iter().filter(|r| r.finding == finding && r.standing == standing).count();
                assert_eq!(rows, usize::from(!never.contains(&(finding, standing))), "{finding} {standing}");
            }
        }
    }

    /// Breaks when the table lets recovery cut what was durable, or a sealed segment.
    #[test]
    fn what_was_durable_is_never_cut() {
        for row in TABLE {
            let cuts = matches!(row.action, Action::Cut | Action::CutSilently);
            let must_not = row.standing == Standing::Short || row.finding == Finding::SealedDamage;
            assert!(!(cuts && must_not), "{row:?}");
        }
    }
}
