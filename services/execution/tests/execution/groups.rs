//! Brackets and one-cancels-the-other, with the paper venue.

use crate::script::{Row, check};

const BRACKETS_PROTECT_WHAT_WAS_FILLED: &[Row] = &[
    Row {
        name: "each fill of the entry brings a pair of exits for its quantity",
        setup: "",
        script: "
                q 100x5 101x3
                t 100x1
                buy 5 @101 tp=110 sl=90
                > accepted 1
                > part 1 3@101 taker left 2
                > exit 2 sell 3 limit 110 of 1
                > exit 3 sell 3 stop 90 of 1
                > accepted 2
                > accepted 3
                q 100x5 101x4
                > filled 1 2@101 maker
                > exit 4 sell 2 limit 110 of 1
                > exit 5 sell 2 stop 90 of 1
                > accepted 4
                > accepted 5
                q 90x9 91x9
                t 90x1
                > filled 3 3@90 taker
                > filled 5 2@90 taker
                > canceled 2 group 3
                > canceled 4 group 2",
    },
    Row {
        name: "a target that is filled in part shrinks its own stop only",
        setup: "",
        script: "
                q 100x5 101x3
                t 100x1
                buy 5 @101 tp=110 sl=90
                > accepted 1
                > part 1 3@101 taker left 2
                > exit 2 sell 3 limit 110 of 1
                > exit 3 sell 3 stop 90 of 1
                > accepted 2
                > accepted 3
                cancel 1
                > canceled 1 strategy 2
                q 110x1 111x1
                > part 2 1@110 maker left 2
                > replaced 3
                q 110x2 111x1
                > filled 2 2@110 maker
                > canceled 3 group 2",
    },
    Row {
        name: "a stop alone, a target alone, a short entry",
        setup: "",
        script: "
                q 100x5 101x3
                buy 1 sl=90
                > accepted 1
                > filled 1 1@101 taker
                > exit 2 sell 1 stop 90 of 1
                > accepted 2
                sell 3 tp=95
                > accepted 3
                > filled 3 3@100 taker
                > exit 4 buy 3 limit 95 of 3
                > accepted 4
                q 89x5 90x9
                > part 4 2@95 maker left 1
                > canceled 4 reduce_only 1
                > canceled 2 reduce_only 1",
    },
    Row {
        name: "what the venue takes in base is not there to be sold",
        setup: "fees=0/0.01 base_fee lot=0.1",
        script: "
                q 100x5 101x30
                buy 5 sl=90
                > accepted 1
                > filled 1 5@101 taker fee 0.05 BTC
                > exit 2 sell 4.9 stop 90 of 1
                > accepted 2",
    },
    Row {
        name: "exits that could both trade at once: only one does",
        setup: "",
        script: "
                q 100x5 101x9
                buy 4
                > accepted 1
                > filled 1 4@101 taker
                buy 1 tp=99 sl=100
                > accepted 2
                > filled 2 1@101 taker
                > exit 3 sell 1 limit 99 of 2
                > exit 4 sell 1 stop 100 of 2
                > accepted 3
                > filled 3 1@100 taker
                > accepted 4
                > canceled 4 group 1",
    },
    Row {
        name: "a stop that has nothing left to reduce ends when it is triggered",
        setup: "",
        script: "
                q 100x5 101x3
                buy 1 sl=90
                > accepted 1
                > filled 1 1@101 taker
                > exit 2 sell 1 stop 90 of 1
                > accepted 2
                sell 1
                > accepted 3
                > filled 3 1@100 taker
                q 90x9 91x9
                > canceled 2 reduce_only 1",
    },
];

/// Breaks when a position is left with the wrong exits, or an exit outlives the position it was for.
#[test]
fn brackets_protect_what_was_filled() {
    check(BRACKETS_PROTECT_WHAT_WAS_FILLED);
}

const ONE_CANCELS_THE_OTHER: &[Row] = &[
    Row {
        name: "filled in full, the others are canceled",
        setup: "",
        script: "
                q 100x5 101x3
                t 100x1
                buy 2 stop=105 oco=1
                > accepted 1
                sell 2 stop=95 oco=1
                > accepted 2
                buy 1 @90
                > accepted 3
                q 105x5 106x3
                t 105x1
                > filled 1 2@106 taker
                > canceled 2 group 2
                t 94x1
                q 89x1 90x1
                > filled 3 1@90 maker",
    },
    Row {
        name: "filled in part, the other shrinks; what is left of both stays equal",
        setup: "",
        script: "
                q 100x5 101x3
                buy 4 @99 oco=1
                > accepted 1
                buy 4 @98 oco=1
                > accepted 2
                q 98x5 99x1
                > part 1 1@99 maker left 3
                > replaced 2
                q 96x5 97x2
                > part 1 2@99 maker left 1
                > replaced 2
                q 96x5 98x1
                > filled 1 1@99 maker
                > canceled 2 group 1",
    },
    Row {
        name: "a member that is canceled leaves the other alone",
        setup: "",
        script: "
                q 100x5 101x3
                buy 4 @99 oco=1
                > accepted 1
                sell 4 @103 oco=1
                > accepted 2
                cancel 1
                > canceled 1 strategy 4
                q 103x4 104x1
                > filled 2 4@103 maker",
    },
    Row {
        name: "a member that is filled at once cancels one that has not left yet",
        setup: "",
        script: "
                q 100x5 101x3
                buy 4 @99 oco=1
                > accepted 1
                buy 3 @101 oco=1
                > accepted 2
                > filled 2 3@101 taker
                > canceled 1 group 4",
    },
];

/// Breaks when both of two orders of which one cancels the other can be filled.
#[test]
fn one_cancels_the_other() {
    check(ONE_CANCELS_THE_OTHER);
}
