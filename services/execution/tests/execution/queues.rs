//! Resting orders: their place in the queue, and what fills them.

use crate::script::{Row, check};

const TRADES_WORK_THROUGH_THE_QUEUE: &[Row] = &[
    Row {
        name: "behind everything displayed; trades at the price take from the front",
        setup: "",
        script: "
                q 100x5 101x3
                buy 2 @100
                > accepted 1
                t 100x3 sell
                t 100x3 sell
                > part 1 1@100 maker left 1
                t 100x9 sell
                > filled 1 1@100 maker",
    },
    Row {
        name: "a buyer's trade does not hit a bid; a trade of unknown side hits whom its price fits",
        setup: "",
        script: "
                q 100x5 101x3
                buy 2 @100
                > accepted 1
                sell 2 @101
                > accepted 2
                t 100x99 buy
                t 101x4 buy
                > part 2 1@101 maker left 1
                t 100x6
                > part 1 1@100 maker left 1
                t 102x1
                > filled 2 1@101 maker",
    },
    Row {
        name: "a trade through the price fills whole, at the limit",
        setup: "",
        script: "
                q 100x5 101x3
                buy 7 @100
                > accepted 1
                buy 7 @99
                > accepted 2
                t 99x1 sell
                > filled 1 7@100 maker",
    },
    Row {
        name: "a trade from before the subscription never fills",
        setup: "",
        script: "
                q 100x5 101x3
                buy 1 @100
                > accepted 1
                t 99x1 sell historical
                t 100x99 sell historical",
    },
    Row {
        name: "inside the spread nobody is in front",
        setup: "",
        script: "
                q 100x5 103x3
                buy 2 @101
                > accepted 1
                t 101x1 sell
                > part 1 1@101 maker left 1",
    },
    Row {
        name: "own orders at one price share a trade, first come first",
        setup: "",
        script: "
                q 100x2 101x3
                buy 2 @100
                > accepted 1
                buy 2 @100
                > accepted 2
                t 100x5 sell
                > filled 1 2@100 maker
                > part 2 1@100 maker left 1
                t 100x1 sell
                > filled 2 1@100 maker",
    },
    Row {
        name: "better prices first, whenever they came",
        setup: "",
        script: "
                q 100x2 105x3
                buy 1 @101
                > accepted 1
                buy 1 @102
                > accepted 2
                q 100x2 101x1
                > filled 2 1@102 maker",
    },
    Row {
        name: "a price that is not shown: what is first seen there counts as in front",
        setup: "",
        script: "
                q 100x5 101x3
                buy 1 @98
                > accepted 1
                t 98x9 sell
                q 98x4 101x3
                t 98x4 sell
                t 98x1 sell
                > filled 1 1@98 maker",
    },
    Row {
        name: "an optimist takes a price that is not shown for empty",
        setup: "queue_model=\"optimistic\"",
        script: "
                q 100x5 101x3
                buy 1 @98
                > accepted 1
                t 98x1 sell
                > filled 1 1@98 maker",
    },
    Row {
        name: "the book shows the queue beyond the quote",
        setup: "",
        script: "
                q 100x5 101x3
                snap bids 100x5 98x2 97x1 asks 101x3
                buy 1 @98
                > accepted 1
                buy 1 @99
                > accepted 2
                t 98x2 sell
                > filled 2 1@99 maker
                t 98x1 sell
                > filled 1 1@98 maker",
    },
    Row {
        name: "the opposite quote at the price fills from the size displayed, once",
        setup: "",
        script: "
                q 100x5 102x3
                buy 5 @101
                > accepted 1
                q 100x5 101x3
                > part 1 3@101 maker left 2
                q 99x5 101x3
                q 99x5 101x1
                > part 1 1@101 maker left 1
                q 99x5 98x9
                > filled 1 1@101 maker",
    },
    Row {
        name: "what a market order took is not there for a resting order",
        setup: "",
        script: "
                q 100x5 102x3
                buy 2 @101
                > accepted 1
                buy 3
                > accepted 2
                > filled 2 3@102 taker
                q 100x5 101x2
                > filled 1 2@101 maker
                buy 1
                > accepted 3
                > canceled 3 immediate 1",
    },
];

/// Breaks when a resting order is filled before those in front of it, or not when its turn has come.
#[test]
fn trades_work_through_the_queue() {
    check(TRADES_WORK_THROUGH_THE_QUEUE);
}

const SHRINKING_LEVELS_MOVE_ORDERS_UP_BY_THE_MODEL: &[Row] = &[
    Row {
        name: "pessimistic: who leaves stood behind",
        setup: "late_trade_window_ms=0",
        script: "
                q 100x4 101x3
                buy 1 @100
                > accepted 1
                q 100x8 101x3
                q 100x5 101x3
                wait 1
                t 100x4 sell
                t 100x1 sell
                > filled 1 1@100 maker",
    },
    Row {
        name: "pessimistic: nobody can be in front who is not displayed",
        setup: "late_trade_window_ms=0",
        script: "
                q 100x8 101x3
                buy 1 @100
                > accepted 1
                q 100x2 101x3
                wait 1
                t 100x3 sell
                > filled 1 1@100 maker",
    },
    Row {
        name: "proportional: who leaves is spread over the queue, rounded down to the lot",
        setup: "late_trade_window_ms=0 queue_model=\"proportional\"",
        script: "
                q 100x4 101x3
                buy 1 @100
                > accepted 1
                q 100x8 101x3
                q 100x5 101x3
                wait 1
                t 100x3 sell
                t 100x1 sell
                > filled 1 1@100 maker",
    },
    Row {
        name: "optimistic: who leaves stood in front",
        setup: "late_trade_window_ms=0 queue_model=\"optimistic\"",
        script: "
                q 100x4 101x3
                buy 1 @100
                > accepted 1
                q 100x8 101x3
                q 100x5 101x3
                wait 1
                t 100x1 sell
                t 100x1 sell
                > filled 1 1@100 maker",
    },
    Row {
        name: "a decrease and its late trade count once",
        setup: "queue_model=\"optimistic\"",
        script: "
                q 100x8 101x3
                buy 1 @100
                > accepted 1
                q 100x5 101x3
                wait 1000
                t 100x3 sell
                t 100x5 sell
                t 100x1 sell
                > filled 1 1@100 maker",
    },
    Row {
        name: "past the window a trade is one of its own",
        setup: "queue_model=\"optimistic\"",
        script: "
                q 100x8 101x3
                buy 1 @100
                > accepted 1
                q 100x5 101x3
                wait 1001
                t 100x3 sell
                t 100x3 sell
                > filled 1 1@100 maker",
    },
    Row {
        name: "a trade and its late decrease count once",
        setup: "queue_model=\"optimistic\"",
        script: "
                q 100x8 101x3
                buy 1 @100
                > accepted 1
                t 100x3 sell
                wait 500
                q 100x5 101x3
                t 100x5 sell
                t 100x1 sell
                > filled 1 1@100 maker",
    },
    Row {
        name: "a decrease that a trade explains moves nobody",
        setup: "queue_model=\"optimistic\"",
        script: "
                q 100x8 101x3
                buy 1 @100
                > accepted 1
                t 100x3 sell
                q 100x5 101x3
                wait 1001
                t 100x5 sell
                t 100x1 sell
                > filled 1 1@100 maker",
    },
    Row {
        name: "a trade larger than the decrease that came before it counts for the rest",
        setup: "queue_model=\"proportional\"",
        script: "
                q 100x8 101x3
                buy 2 @100
                > accepted 1
                q 100x4 101x3
                t 100x9 sell
                > part 1 1@100 maker left 1",
    },
    Row {
        name: "a level that vanishes leaves nobody in front",
        setup: "",
        script: "
                q 100x8 101x3
                buy 2 @100
                > accepted 1
                q 99x8 101x3
                t 100x9 sell
                > part 1 1@100 maker left 1",
    },
];

/// Breaks when a shrinking level moves orders up by another rule than the model's, or counts a trade twice.
#[test]
fn shrinking_levels_move_orders_up_by_the_model() {
    check(SHRINKING_LEVELS_MOVE_ORDERS_UP_BY_THE_MODEL);
}

const NEW_TERMS_KEEP_OR_LOSE_THE_PLACE: &[Row] = &[
    Row {
        name: "a smaller quantity keeps the place",
        setup: "",
        script: "
                q 100x2 101x3
                buy 3 @100
                > accepted 1
                t 100x1 sell
                replace 1 qty=2
                > replaced 1
                t 100x2 sell
                > part 1 1@100 maker left 1",
    },
    Row {
        name: "a larger quantity or another price goes to the end",
        setup: "",
        script: "
                q 100x2 101x3
                buy 1 @100
                > accepted 1
                t 100x2 sell
                replace 1 qty=2
                > replaced 1
                t 100x3 sell
                > part 1 1@100 maker left 1
                replace 1 price=99
                > replaced 1
                replace 1 price=100
                > replaced 1
                t 100x2 sell
                t 100x1 sell
                > filled 1 1@100 maker",
    },
    Row {
        name: "a price that reaches the other side takes at once",
        setup: "",
        script: "
                q 100x2 101x3
                buy 5 @100
                > accepted 1
                replace 1 price=101
                > replaced 1
                > part 1 3@101 taker left 2
                replace 1 qty=3
                > rejected 1 replace malformed
                cancel 1
                > canceled 1 strategy 2
                cancel 1
                replace 1 qty=9
                > denied 1 replace not_open",
    },
];

/// Breaks when new terms keep a place that a real venue would take, or take one that it would leave.
#[test]
fn new_terms_keep_or_lose_the_place() {
    check(NEW_TERMS_KEEP_OR_LOSE_THE_PLACE);
}
