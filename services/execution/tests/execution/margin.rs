//! Perpetuals: liquidation at maintenance margin.

use crate::script::{Row, check};

const POSITIONS_ARE_LIQUIDATED_AT_MAINTENANCE_MARGIN: &[Row] = &[
    Row {
        name: "below maintenance: orders canceled, positions closed at what the book shows, the rest at mark",
        setup: "perp mm=0.05 cash=100 fees=0/0.01",
        script: "
                q 100x9 101x9
                mark 100
                buy 5 @100
                > accepted 1
                t 99x1 sell
                > filled 1 5@100 maker
                buy 1 @50
                > accepted 2
                mark 85
                q 80x3 81x9
                mark 84
                > canceled 2 liquidation 1
                > adopted 3 s sell 5
                > part 3 3@80 taker fee 2.4 USD left 2
                > filled 3 2@84 taker fee 1.68 USD",
    },
    Row {
        name: "exactly at maintenance it stands",
        setup: "perp mm=0.1 cash=105",
        script: "
                q 100x9 101x9
                mark 100
                sell 5
                > accepted 1
                > filled 1 5@100 taker
                mark 96
                mark 110
                mark 111
                > adopted 2 s buy 5
                > filled 2 5@101 taker",
    },
    Row {
        name: "a short, at the ask; both strategies; margin is shared by all of a quote asset",
        setup: "perp mm=0.1 cash=100 second",
        script: "
                q 100x9 101x9
                q 10x9 11x9 at=ETH-USD.X
                mark 100
                sell 3 by=a
                > accepted 1
                > filled 1 3@100 taker
                sell 2 by=b
                > accepted 2
                > filled 2 2@100 taker
                buy 1 at=ETH-USD.X
                > accepted 3
                > filled 3 1@11 taker
                buy 1 @5 at=ETH-USD.X
                > accepted 4
                q 107x9 108x9
                mark 109
                mark 110
                > canceled 4 liquidation 1
                > adopted 5 a buy 3
                > filled 5 3@108 taker
                > adopted 6 b buy 2
                > filled 6 2@108 taker
                > adopted 7 s sell 1
                > filled 7 1@10 taker",
    },
    Row {
        name: "without a mark the mid counts; without a position nothing does",
        setup: "perp mm=0.1 cash=100",
        script: "
                q 100x9 100x9
                buy 5
                > accepted 1
                > filled 1 5@100 taker
                q 91x9 91x9
                q 86x9 86x9
                > adopted 2 s sell 5
                > filled 2 5@86 taker
                q 1x9 1x9",
    },
    Row {
        name: "told late, liquidated once",
        setup: "perp mm=0.1 cash=100 response_latency=5000000",
        script: "
                q 100x9 100x9
                buy 5
                wait 5
                clock
                > accepted 1
                > filled 1 5@100 taker
                q 86x9 86x9
                > adopted 2 s sell 5
                q 85x9 85x9
                wait 5
                clock
                > filled 2 5@86 taker",
    },
    Row {
        name: "spot is not margined",
        setup: "cash=100",
        script: "
                q 100x9 100x9
                buy 5
                > accepted 1
                > filled 1 5@100 taker
                q 1x9 1x9",
    },
];

/// Breaks when an account that is out of margin trades on, or a solvent one is liquidated.
#[test]
fn positions_are_liquidated_at_maintenance_margin() {
    check(POSITIONS_ARE_LIQUIDATED_AT_MAINTENANCE_MARGIN);
}
