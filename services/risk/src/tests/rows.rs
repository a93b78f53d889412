//! Rows of orders and the refusals that are expected: what passes just at a limit, and what is denied past it.

use reprise_model::Code;

use super::world::{Draft, World};
use crate::RiskSettings;

/// The refusal that is expected: code, measured, limit.
pub(super) type Want = Option<(Code, &'static str, &'static str)>;

pub(super) struct Row {
    name: &'static str,
    settings: fn(&mut RiskSettings),
    stage: fn(&mut World),
    draft: Draft,
    want: Want,
}

pub(super) fn check(rows: Vec<Row>) {
    for row in rows {
        let mut settings = RiskSettings::default();
        (row.settings)(&mut settings);
        settings.validate().unwrap();
        let mut world = World::new(settings);
        (row.stage)(&mut world);
        check_verdict(&mut world, row.name, row.draft, row.want);
    }
}

pub(super) fn check_verdict(world: &mut World, name: &str, draft: Draft, want: Want) {
    let (_, verdict) = world.ask(draft.terms());
    let got = verdict.err().map(|r| (r.code, r.measured.unwrap_or_default(), r.limit.unwrap_or_default()));
    let got = got.as_ref().map(|(code, measured, limit)| (*code, measured.as_str(), limit.as_str()));
    assert_eq!(got, want, "{name}");
}

pub(super) fn row(
    name: &'static str,
    settings: fn(&mut RiskSettings),
    stage: fn(&mut World),
    draft: Draft,
    want: Want,
) -> Row {
    Row { name, settings, stage, draft, want }
}

pub(super) fn off(_: &mut RiskSettings) {}

pub(super) fn as_is(_: &mut World) {}
