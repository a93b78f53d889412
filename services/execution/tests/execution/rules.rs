//! The paper venue's rules, a row each.

use crate::script::{Row, check};

const MARKET_ORDERS_WALK_WHAT_IS_SHOWN: &[Row] = &[
    Row {
        name: "whole at the quote, in one cascade",
        setup: "",
        script: "
                q 100x5 101x3
                buy 2
                > accepted 1
                > filled 1 2@101 taker
                sell 5
                > accepted 2
                > filled 2 5@100 taker",
    },
    Row {
        name: "with quotes only, no more than the size displayed at the top; the rest is canceled",
        setup: "",
        script: "
                q 100x5 101x3
                buy 5
                > accepted 1
                > part 1 3@101 taker left 2
                > canceled 1 immediate 2",
    },
    Row {
        name: "size once taken stays taken until its level changes",
        setup: "",
        script: "
                q 100x5 101x3
                buy 2
                > accepted 1
                > filled 1 2@101 taker
                q 99x5 101x3
                buy 2
                > accepted 2
                > part 2 1@101 taker left 1
                > canceled 2 immediate 1
                q 99x4 101x3
                buy 1
                > accepted 3
                > canceled 3 immediate 1
                q 99x4 101x4
                buy 4
                > accepted 4
                > filled 4 4@101 taker
                q 99x4 102x4
                q 99x4 101x4
                buy 4
                > accepted 5
                > filled 5 4@101 taker",
    },
    Row {
        name: "beyond the quote it walks the book's worse levels, not its stale better ones",
        setup: "",
        script: "
                snap bids 99x1 asks 100x9 101x9 102x2 103x4
                q 99x5 101x3
                buy 7
                > accepted 1
                > part 1 3@101 taker left 4
                > part 1 2@102 taker left 2
                > filled 1 2@103 taker
                buy 9
                > accepted 2
                > part 2 2@103 taker left 7
                > canceled 2 immediate 7
                upd asks 102x3
                buy 9
                > accepted 3
                > part 3 3@102 taker left 6
                > canceled 3 immediate 6",
    },
    Row {
        name: "a source without quotes trades against its book",
        setup: "book",
        script: "
                snap bids 99x1 98x2 asks 101x1 102x2
                sell 3
                > accepted 1
                > part 1 1@99 taker left 2
                > filled 1 2@98 taker
                buy 4
                > accepted 2
                > part 2 1@101 taker left 3
                > part 2 2@102 taker left 1
                > canceled 2 immediate 1",
    },
    Row {
        name: "unlimited depth fills whole at the best price, again and again",
        setup: "depth=\"unlimited\"",
        script: "
                q 100x5 101x1
                buy 50
                > accepted 1
                > filled 1 50@101 taker
                buy 50
                > accepted 2
                > filled 2 50@101 taker",
    },
    Row {
        name: "nothing on the other side is refused",
        setup: "",
        script: "
                buy 1
                > rejected 1 new no_liquidity
                q 100x5 -
                buy 1
                > rejected 2 new no_liquidity
                sell 1
                > accepted 3
                > filled 3 1@100 taker",
    },
];

/// Breaks when market orders no longer walk the quote and the book, or size that was taken comes back.
#[test]
fn market_orders_walk_what_is_shown() {
    check(MARKET_ORDERS_WALK_WHAT_IS_SHOWN);
}

const LIMIT_ORDERS_KEEP_THEIR_TERMS: &[Row] = &[
    Row {
        name: "the marketable part takes up to the limit, the rest rests",
        setup: "",
        script: "
                snap asks 101x3 102x2 103x4
                q 100x5 101x3
                buy 9 @102
                > accepted 1
                > part 1 3@101 taker left 6
                > part 1 2@102 taker left 4
                q 100x5 102x5
                > filled 1 4@102 maker",
    },
    Row {
        name: "immediate-or-cancel cancels the rest, fill-or-kill fills whole or not at all",
        setup: "",
        script: "
                q 100x5 101x3
                buy 4 @101 ioc
                > accepted 1
                > part 1 3@101 taker left 1
                > canceled 1 immediate 1
                q 100x5 101x4
                buy 5 @101 fok
                > accepted 2
                > canceled 2 fill_or_kill 5
                buy 4 @101 fok
                > accepted 3
                > filled 3 4@101 taker
                buy 1 @100 ioc
                > accepted 4
                > canceled 4 immediate 1",
    },
    Row {
        name: "post-only refuses to take, also when it is replaced, and rests below",
        setup: "",
        script: "
                q 100x5 101x3
                buy 1 @101 post
                > rejected 1 new post_only
                buy 1 @100 post
                > accepted 2
                replace 2 price=101
                > rejected 2 replace post_only
                q 99x5 100x2
                > filled 2 1@100 maker",
    },
    Row {
        name: "good till date expires at its time, before the event that comes then",
        setup: "",
        script: "
                q 100x5 101x3
                buy 1 @99 gtd=10
                > accepted 1
                wait 9
                q 100x6 101x3
                wait 1
                q 98x5 99x3
                > expired 1 1
                buy 1 @90 gtd=0
                > rejected 2 new already_expired",
    },
    Row {
        name: "an expiry that comes after the end is nothing",
        setup: "",
        script: "
                q 100x5 101x3
                buy 1 @99 gtd=10
                > accepted 1
                cancel 1
                > canceled 1 strategy 1
                wait 20
                clock",
    },
    Row {
        name: "with unlimited depth a marketable limit fills whole at the top",
        setup: "depth=\"unlimited\"",
        script: "
                q 100x5 101x3
                buy 9 @105
                > accepted 1
                > filled 1 9@101 taker
                buy 9 @100
                > accepted 2
                q 99x1 100x1
                > filled 2 9@100 maker",
    },
];

/// Breaks when limit orders take more than their limit allows, or their time in force is not honoured.
#[test]
fn limit_orders_keep_their_terms() {
    check(LIMIT_ORDERS_KEEP_THEIR_TERMS);
}

const THE_VENUE_REFUSES_WHAT_A_REAL_ONE_REFUSES: &[Row] = &[Row {
    name: "rules of price, size and value, contradictory terms",
    setup: "tick=0.5 lot=0.1 min=10",
    script: "
            q 100x5 101x3
            buy 1 @99.3
            > rejected 1 new price_rule
            buy 1 stop=101.2
            > rejected 2 new price_rule
            buy 0.15 @99
            > rejected 3 new lot
            buy 0.1 @99
            > rejected 4 new min_notional
            buy 0.1
            > accepted 5
            > filled 5 0.1@101 taker
            sell 0.1 reduce
            > accepted 6
            > filled 6 0.1@100 taker
            buy 1 post
            > rejected 7 new malformed
            buy 1 @99 ioc post
            > rejected 8 new malformed
            buy 1 @99
            > accepted 9
            replace 9 price=99.3
            > rejected 9 replace price_rule
            replace 9 qty=0.05
            > rejected 9 replace lot
            replace 9 stop=98
            > rejected 9 replace malformed
            replace 9 qty=0.1
            > rejected 9 replace min_notional
            replace 9 price=98
            > replaced 9",
}];

/// Breaks when an order that a real venue refuses goes through, or an exit is trapped by a rule for entries.
#[test]
fn the_venue_refuses_what_a_real_one_refuses() {
    check(THE_VENUE_REFUSES_WHAT_A_REAL_ONE_REFUSES);
}

const REDUCE_ONLY_ORDERS_ONLY_REDUCE: &[Row] = &[
    Row {
        name: "refused when it would grow, trimmed when it is too large",
        setup: "",
        script: "
                q 100x9 101x9
                sell 1 reduce
                > rejected 1 new reduce_only
                buy 2
                > accepted 2
                > filled 2 2@101 taker
                buy 1 reduce
                > rejected 3 new reduce_only
                sell 5 reduce
                > accepted 4
                > part 4 2@100 taker left 3
                > canceled 4 reduce_only 3",
    },
    Row {
        name: "a resting one is trimmed when it trades, one without a position ends",
        setup: "",
        script: "
                q 100x9 101x9
                buy 3
                > accepted 1
                > filled 1 3@101 taker
                sell 3 @103 reduce
                > accepted 2
                sell 3 @104 reduce
                > accepted 3
                sell 1
                > accepted 4
                > filled 4 1@100 taker
                q 105x9 106x9
                > part 2 2@103 maker left 1
                > canceled 2 reduce_only 1
                > canceled 3 reduce_only 3",
    },
    Row {
        name: "fill-or-kill that would have to be trimmed is canceled whole",
        setup: "",
        script: "
                q 100x9 101x9
                buy 1
                > accepted 1
                > filled 1 1@101 taker
                sell 2 @100 fok reduce
                > accepted 2
                > canceled 2 fill_or_kill 2",
    },
    Row {
        name: "the net position counts, whoever holds it",
        setup: "",
        script: "
                q 100x9 101x9
                buy 2 by=a
                > accepted 1
                > filled 1 2@101 taker
                sell 2 by=b
                > accepted 2
                > filled 2 2@100 taker
                sell 2 by=a reduce
                > rejected 3 new reduce_only",
    },
];

/// Breaks when a reduce-only order can grow or turn the account's net position.
#[test]
fn reduce_only_orders_only_reduce() {
    check(REDUCE_ONLY_ORDERS_ONLY_REDUCE);
}

const FILLS_COST_WHAT_THE_INSTRUMENT_SAYS: &[Row] = &[
    Row {
        name: "maker and taker in quote, rounded half to even",
        setup: "fees=-0.0001/0.001 tick=0.01 lot=0.0001",
        script: "
                q 100x5 101x3
                buy 0.5
                > accepted 1
                > filled 1 0.5@101 taker fee 0.0505 USD
                buy 1 @100.5
                > accepted 2
                q 100x5 100.5x3
                > filled 2 1@100.5 maker fee -0.01005 USD",
    },
    Row {
        name: "base on buys, quote on sells",
        setup: "fees=0.01/0.02 base_fee lot=0.01",
        script: "
                q 100x5 101x5
                buy 1
                > accepted 1
                > filled 1 1@101 taker fee 0.02 BTC
                sell 0.5
                > accepted 2
                > filled 2 0.5@100 taker fee 1 USD",
    },
    Row {
        name: "the venue's settings override the instrument's fees",
        setup: "fees=0.01/0.02 maker_fee=0 taker_fee=\"0.5\"",
        script: "
                q 100x5 101x5
                buy 1
                > accepted 1
                > filled 1 1@101 taker fee 50.5 USD",
    },
];

/// Breaks when fees are taken at the wrong rate, in the wrong asset or with the wrong rounding.
#[test]
fn fills_cost_what_the_instrument_says() {
    check(FILLS_COST_WHAT_THE_INSTRUMENT_SAYS);
}
