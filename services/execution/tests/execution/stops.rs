//! Stops and bars.

use crate::script::{Row, check};

const STOPS_ARE_TRIGGERED_AND_BECOME_ORDERS: &[Row] = &[
    Row {
        name: "by the last trade, however the quote stands",
        setup: "",
        script: "
                q 100x5 101x3
                t 100x1
                buy 1 stop=103
                > accepted 1
                sell 1 stop=98
                > accepted 2
                q 103x5 104x3
                t 102x1
                t 103x1
                > filled 1 1@104 taker
                t 97x1
                > filled 2 1@103 taker",
    },
    Row {
        name: "without trades by the price at which it would trade",
        setup: "",
        script: "
                q 100x5 101x3
                buy 1 stop=103
                > accepted 1
                sell 1 stop=98
                > accepted 2
                q 101x5 103x3
                > filled 1 1@103 taker
                q 98x5 99x3
                > filled 2 1@98 taker",
    },
    Row {
        name: "by the mark, where so set",
        setup: "trigger_by=\"mark\"",
        script: "
                q 100x5 101x3
                mark 100
                t 100x1
                sell 1 stop=98
                > accepted 1
                t 90x1
                q 97x5 98x3
                mark 98
                > filled 1 1@97 taker",
    },
    Row {
        name: "by the quote, where so set",
        setup: "trigger_by=\"quote\"",
        script: "
                q 100x5 101x3
                t 100x1
                sell 1 stop=98
                > accepted 1
                t 90x1
                q 98x5 99x3
                > filled 1 1@98 taker",
    },
    Row {
        name: "one that is reached already triggers when it arrives",
        setup: "",
        script: "
                q 100x5 101x3
                t 100x1
                sell 1 stop=100
                > accepted 1
                > filled 1 1@100 taker",
    },
    Row {
        name: "a stop is a market order: what is not displayed is canceled",
        setup: "",
        script: "
                q 100x5 101x3
                t 100x1
                sell 7 stop=99
                > accepted 1
                t 99x1
                > part 1 5@100 taker left 2
                > canceled 1 immediate 2",
    },
    Row {
        name: "a stop-limit is a limit order, and rests",
        setup: "",
        script: "
                q 100x5 101x3
                t 100x1
                buy 4 @102 stop=101
                > accepted 1
                q 101x5 103x3
                t 101x1
                q 101x5 102x3
                > part 1 3@102 maker left 1
                replace 1 stop=99
                > rejected 1 replace malformed",
    },
    Row {
        name: "a stop's trigger can be replaced, and reached by that",
        setup: "",
        script: "
                q 100x5 101x3
                t 100x1
                sell 1 stop=90
                > accepted 1
                replace 1 stop=95
                > replaced 1
                replace 1 stop=100
                > replaced 1
                > filled 1 1@100 taker",
    },
    Row {
        name: "canceled and expired like any other",
        setup: "",
        script: "
                q 100x5 101x3
                sell 1 stop=90
                > accepted 1
                cancel 1
                > canceled 1 strategy 1
                sell 1 stop=90 gtd=5
                > accepted 2
                wait 5
                clock
                > expired 2 1",
    },
];

/// Breaks when stops are triggered by another price than the one that is set, or turn into something else.
#[test]
fn stops_are_triggered_and_become_orders() {
    check(STOPS_ARE_TRIGGERED_AND_BECOME_ORDERS);
}

const BARS_FILL_AGAINST_THE_ORDER: &[Row] = &[
    Row {
        name: "market orders at the next open, half a spread against them, on the price rule",
        setup: "bars bar_half_spread=\"0.001\" tick=0.5",
        script: "
                bar 100 110 90 105
                buy 2
                > accepted 1
                sell 1
                > accepted 2
                bar 105 106 104 105
                > filled 1 2@105.5 taker
                > filled 2 1@104.5 taker",
    },
    Row {
        name: "an order that comes while a bar is open waits for the next one",
        setup: "bars",
        script: "
                bar 100 110 90 105
                wait 1
                buy 2
                > accepted 1
                bar 105 106 104 105
                bar 106 107 105 106
                > filled 1 2@106 taker",
    },
    Row {
        name: "limits only when traded through, at the better of open and limit",
        setup: "bars",
        script: "
                bar 100 110 90 105
                buy 1 @100
                > accepted 1
                sell 1 @110
                > accepted 2
                bar 105 110 100 105
                bar 105 111 99 105
                > filled 1 1@100 maker
                > filled 2 1@110 maker
                buy 1 @104
                > accepted 3
                bar 103 104 102 103
                > filled 3 1@103 taker",
    },
    Row {
        name: "immediate orders trade at the next open or not at all",
        setup: "bars",
        script: "
                bar 100 110 90 105
                buy 1 @104 ioc
                > accepted 1
                buy 1 @104 fok
                > accepted 2
                buy 1 @105 ioc
                > accepted 3
                buy 1 @106 post
                > accepted 4
                bar 105 110 100 105
                > canceled 1 immediate 1
                > canceled 2 fill_or_kill 1
                > filled 3 1@105 taker
                > canceled 4 venue 1",
    },
    Row {
        name: "stops at the stop, or past it at the open",
        setup: "bars",
        script: "
                bar 100 110 90 105
                sell 1 stop=95
                > accepted 1
                buy 1 stop=120
                > accepted 2
                bar 105 119 96 105
                bar 105 119 95 100
                > filled 1 1@95 taker
                bar 125 130 90 100
                > filled 2 1@125 taker",
    },
    Row {
        name: "a stop-limit waits for the next bar unless the bar opened past its stop",
        setup: "bars",
        script: "
                bar 100 110 90 105
                buy 1 @112 stop=110
                > accepted 1
                bar 105 111 96 105
                bar 105 107 96 105
                > filled 1 1@105 taker
                buy 1 @112 stop=110
                > accepted 2
                bar 111 115 96 105
                > filled 2 1@111 taker",
    },
    Row {
        name: "stop before target within one bar, also of orders that are not reduce-only",
        setup: "bars",
        script: "
                bar 100 110 90 100
                buy 1
                > accepted 1
                bar 100 110 90 100
                > filled 1 1@100 taker
                sell 1 @105 oco=2
                > accepted 2
                sell 1 stop=95 oco=2
                > accepted 3
                bar 100 110 90 100
                > filled 3 1@95 taker
                > canceled 2 group 1",
    },
    Row {
        name: "good till date ends before the bar that closes later",
        setup: "bars",
        script: "
                bar 100 110 90 105
                buy 1 @100 gtd=30000
                > accepted 1
                bar 105 110 90 105
                > expired 1 1",
    },
    Row {
        name: "a bracket on bars",
        setup: "bars",
        script: "
                bar 100 110 90 100
                buy 2 tp=110 sl=90
                > accepted 1
                bar 100 120 80 100
                > filled 1 2@100 taker
                > exit 2 sell 2 limit 110 of 1
                > exit 3 sell 2 stop 90 of 1
                > accepted 2
                > accepted 3
                bar 100 120 80 100
                > filled 3 2@90 taker
                > canceled 2 group 2",
    },
    Row {
        name: "terms can be replaced and orders canceled between bars",
        setup: "bars",
        script: "
                bar 100 110 90 105
                buy 1 @90
                > accepted 1
                buy 1 @91
                > accepted 2
                cancel 2
                > canceled 2 strategy 1
                bar 105 110 95 105
                replace 1 price=100
                > replaced 1
                bar 105 110 95 105
                > filled 1 1@100 maker",
    },
    Row {
        name: "bars of an instrument that has quotes fill nothing",
        setup: "",
        script: "
                q 100x5 101x3
                buy 1 @99
                > accepted 1
                bar 100 110 90 105",
    },
];

/// Breaks when an order is filled on a bar that it could not have known, or in its own favour where a bar
/// leaves a doubt.
#[test]
fn bars_fill_against_the_order() {
    check(BARS_FILL_AGAINST_THE_ORDER);
}
