//! What the order manager makes of a venue's reports, without a paper venue.

use crate::script::{Row, check};

const REPORTS_BECOME_OUTCOMES: &[Row] = &[
    Row {
        name: "the usual way",
        setup: "reports",
        script: "
                buy 3 @100
                ack 1
                > accepted 1
                fill 1 1@100 E1
                > part 1 1@100 taker left 2
                fill 1 2@99 E2
                > filled 1 2@99 taker",
    },
    Row {
        name: "a doubled ack, a fill by two paths",
        setup: "reports",
        script: "
                buy 3 @100
                ack 1
                > accepted 1
                ack 1
                fill 1 1@100 E1
                > part 1 1@100 taker left 2
                fill 1 1@100 E1
                ack 1",
    },
    Row {
        name: "a fill before the ack, a whole one too",
        setup: "reports",
        script: "
                buy 3 @100
                fill 1 1@100 E1
                > part 1 1@100 taker left 2
                ack 1
                > accepted 1
                fill 1 2@100 E2
                > filled 1 2@100 taker
                ack 1",
    },
    Row {
        name: "a fill after the cancel's ack, the last one too",
        setup: "reports",
        script: "
                buy 3 @100
                ack 1
                > accepted 1
                cancel 1
                > asked to cancel 1 strategy
                end 1
                > canceled 1 strategy 3
                fill 1 1@100 E1
                > part 1 1@100 taker left 2
                fill 1 2@100 E2
                > filled 1 2@100 taker
                fill 1 2@100 E2
                end 1",
    },
    Row {
        name: "a fill after a reject, after an expiry",
        setup: "reports",
        script: "
                buy 3 @100
                refuse 1 new
                > rejected 1 new venue_refused
                fill 1 1@100 E1
                > part 1 1@100 taker left 2
                buy 3 @100
                ack 2
                > accepted 2
                expire 2
                > expired 2 3
                expire 2
                fill 2 3@100 E2
                > filled 2 3@100 taker",
    },
    Row {
        name: "reports about orders that are not known lead to nothing",
        setup: "reports",
        script: "
                ack 7
                fill 7 1@100 E1
                end 7
                refuse 7 new
                took 7 qty=1
                expire 7
                silence 7 new",
    },
    Row {
        name: "no answer makes it unknown; whatever comes then is evidence",
        setup: "reports",
        script: "
                buy 3 @100
                silence 1 new
                > unknown 1
                silence 1 new
                ack 1
                > accepted 1
                silence 1 new
                cancel 1
                > asked to cancel 1 strategy
                silence 1 cancel
                > unknown 1
                fill 1 1@100 E1
                > part 1 1@100 taker left 2
                cancel 1
                > asked to cancel 1 strategy
                end 1
                > canceled 1 strategy 2
                silence 1 cancel",
    },
    Row {
        name: "an unknown order that turns out refused, or filled",
        setup: "reports",
        script: "
                buy 3 @100
                silence 1 new
                > unknown 1
                refuse 1 new
                > rejected 1 new venue_refused
                buy 3 @100
                silence 2 new
                > unknown 2
                fill 2 3@100 E1
                > filled 2 3@100 taker",
    },
    Row {
        name: "a refused cancel leaves the order working; a late one is nothing",
        setup: "reports",
        script: "
                buy 3 @100
                ack 1
                > accepted 1
                cancel 1
                > asked to cancel 1 strategy
                refuse 1 cancel
                > rejected 1 cancel venue_refused
                cancel 1
                > asked to cancel 1 strategy
                fill 1 3@100 E1
                > filled 1 3@100 taker
                refuse 1 cancel",
    },
    Row {
        name: "replaced, refused to be, and filled under the new terms before they were known",
        setup: "reports",
        script: "
                buy 3 @100
                ack 1
                > accepted 1
                replace 1 qty=5
                > asked to replace 1 qty 5
                fill 1 4@100 E1
                > part 1 4@100 taker left 1
                took 1 qty=5
                > replaced 1
                replace 1 qty=9
                > asked to replace 1 qty 9
                refuse 1 replace
                > rejected 1 replace venue_refused
                fill 1 1@100 E2
                > filled 1 1@100 taker",
    },
    Row {
        name: "filled to its new quantity before that was known",
        setup: "reports",
        script: "
                buy 3 @100
                ack 1
                > accepted 1
                replace 1 qty=2
                > asked to replace 1 qty 2
                fill 1 2@100 E1
                > part 1 2@100 taker left 1
                took 1 qty=2
                > replaced 1
                > canceled 1 venue 0",
    },
    Row {
        name: "a replace without an answer",
        setup: "reports",
        script: "
                buy 3 @100
                ack 1
                > accepted 1
                replace 1 qty=5
                > asked to replace 1 qty 5
                silence 1 replace
                > unknown 1
                took 1 qty=5
                > replaced 1
                fill 1 5@100 E1
                > filled 1 5@100 taker",
    },
    Row {
        name: "canceled by the venue: by the order's own terms, or for its own reasons",
        setup: "reports",
        script: "
                buy 3 @100 ioc
                end 1
                > canceled 1 immediate 3
                buy 3 @100 fok
                end 2
                > canceled 2 fill_or_kill 3
                buy 3
                fill 3 1@100 E1
                > part 3 1@100 taker left 2
                end 3
                > canceled 3 immediate 2
                buy 3 @100
                end 4
                > canceled 4 venue 3",
    },
    Row {
        name: "a reject of what was filled in part is nothing",
        setup: "reports",
        script: "
                buy 3 @100
                fill 1 1@100 E1
                > part 1 1@100 taker left 2
                refuse 1 new",
    },
];

/// Breaks when a report of a real venue (doubled, late, out of order, contradictory) halts the engine, counts
/// twice or is lost.
#[test]
fn reports_become_outcomes() {
    check(REPORTS_BECOME_OUTCOMES);
}

const GROUPS_WAIT_FOR_SLOW_VENUES: &[Row] = &[
    Row {
        name: "a sibling that the venue has not acked shrinks once it has",
        setup: "reports",
        script: "
                buy 3 tp=110 sl=90
                fill 1 3@100 E1
                > filled 1 3@100 taker
                > exit 2 sell 3 limit 110 of 1
                > exit 3 sell 3 stop 90 of 1
                ack 2
                > accepted 2
                fill 2 1@110 E2
                > part 2 1@110 taker left 2
                ack 3
                > accepted 3
                > asked to replace 3 qty 2
                fill 2 1@110 E3
                > part 2 1@110 taker left 1
                took 3 qty=2
                > replaced 3
                > asked to replace 3 qty 1
                took 3 qty=1
                > replaced 3
                fill 2 1@110 E4
                > filled 2 1@110 taker
                > asked to cancel 3 group
                end 3
                > canceled 3 group 1",
    },
    Row {
        name: "a sibling that cannot shrink stays if it can only reduce, and is canceled if not",
        setup: "reports",
        script: "
                buy 3 tp=110 sl=90
                fill 1 3@100 E1
                > filled 1 3@100 taker
                > exit 2 sell 3 limit 110 of 1
                > exit 3 sell 3 stop 90 of 1
                ack 2
                > accepted 2
                ack 3
                > accepted 3
                fill 2 1@110 E2
                > part 2 1@110 taker left 2
                > asked to replace 3 qty 2
                refuse 3 replace
                > rejected 3 replace venue_refused
                buy 3 @90 oco=4
                ack 4
                > accepted 4
                buy 3 @89 oco=4
                ack 5
                > accepted 5
                fill 4 1@90 E5
                > part 4 1@90 taker left 2
                > asked to replace 5 qty 2
                refuse 5 replace
                > rejected 5 replace venue_refused
                > asked to cancel 5 group",
    },
    Row {
        name: "a quantity that the owner changes is what the member is for from then on",
        setup: "reports",
        script: "
                buy 3 @90 oco=1
                ack 1
                > accepted 1
                buy 3 @89 oco=1
                ack 2
                > accepted 2
                replace 2 qty=5
                > asked to replace 2 qty 5
                took 2 qty=5
                > replaced 2
                fill 1 1@90 E1
                > part 1 1@90 taker left 2
                > asked to replace 2 qty 4",
    },
    Row {
        name: "exits for a fill that comes after the entry was canceled",
        setup: "reports",
        script: "
                buy 3 @100 sl=90
                ack 1
                > accepted 1
                cancel 1
                > asked to cancel 1 strategy
                end 1
                > canceled 1 strategy 3
                fill 1 1@100 E1
                > part 1 1@100 taker left 2
                > exit 2 sell 1 stop 90 of 1",
    },
];

/// Breaks when a group held by the engine forgets a member that could not be changed at the time.
#[test]
fn groups_wait_for_slow_venues() {
    check(GROUPS_WAIT_FOR_SLOW_VENUES);
}
