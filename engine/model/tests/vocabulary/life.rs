//! The order life against a table that was written from the rules, not from the code.
//!
//! The rules: a request is denied or submitted. What is at the venue, in whatever state, can be filled, be
//! canceled, expire, become unknown, or have a cancel sent after it. What is over moves for a late fill alone.
//! An answer never undoes a request that is still on its way.

use std::collections::BTreeMap;

use reprise_model::OrderStatus;
use reprise_model::life::{OrderStep, next};

/// Where an order stands after each step: `.` stays, `-` cannot happen, a letter as in the first column.
/// A `w` stands for what works: `P` when any part was filled before, else `A`. A `J` in a cell holds only while
/// nothing was filled; what was executed cannot be refused.
///
/// Letters: q requested, N denied, S submitted, A accepted, P partially filled, F filled, C canceled,
/// J rejected, E expired, U unknown, c pending cancel, r pending replace.
const TABLE: &str = "
      denied submitted accepted part filled cancel canceled replace replaced rejected cxl-rej rpl-rej expired unknown
q     N      S         -        -    -      -      -        -       -        -        -       -       -       -
N     -      -         -        -    -      -      -        -       -        -        -       -       -       -
S     -      -         w        P    F      c      C        -       -        J        -       -       E       U
A     -      -         w        P    F      c      C        r       w        J        w       w       E       U
P     -      -         w        P    F      c      C        r       w        -        w       w       E       U
F     -      -         -        -    -      -      -        -       -        -        -       -       -       -
c     -      -         c        c    F      c      C        -       c        J        w       c       E       U
r     -      -         r        r    F      c      C        -       w        J        -       w       E       U
C     -      -         -        C    F      -      -        -       -        -        -       -       -       -
J     -      -         -        C    F      -      -        -       -        -        -       -       -       -
E     -      -         -        E    F      -      -        -       -        -        -       -       -       -
U     -      -         w        P    F      c      C        -       w        J        U       U       E       U
";

const STEPS: [OrderStep; 14] = [
    OrderStep::Denied,
    OrderStep::Submitted,
    OrderStep::Accepted,
    OrderStep::PartiallyFilled,
    OrderStep::Filled,
    OrderStep::CancelSubmitted,
    OrderStep::Canceled,
    OrderStep::ReplaceSubmitted,
    OrderStep::Replaced,
    OrderStep::Rejected,
    OrderStep::CancelRejected,
    OrderStep::ReplaceRejected,
    OrderStep::Expired,
    OrderStep::Unknown,
];

fn letter(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Requested => "q",
        OrderStatus::Denied => "N",
        OrderStatus::Submitted => "S",
        OrderStatus::Accepted => "A",
        OrderStatus::PartiallyFilled => "P",
        OrderStatus::Filled => "F",
        OrderStatus::PendingCancel => "c",
        OrderStatus::PendingReplace => "r",
        OrderStatus::Canceled => "C",
        OrderStatus::Rejected => "J",
        OrderStatus::Expired => "E",
        OrderStatus::Unknown => "U",
    }
}

/// Breaks when any step leads an order anywhere but where the table says.
#[test]
fn the_life_is_the_table() {
    let rows: BTreeMap<&str, Vec<&str>> = TABLE
        .lines()
        .skip(2)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .map(|cells| (cells[0], cells[1..].to_vec()))
        .collect();
    assert_eq!(rows.len(), OrderStatus::ALL.len());
    assert_eq!(STEPS.len(), OrderStep::ALL.len());
    for &status in OrderStatus::ALL {
        for (&step, &cell) in STEPS.iter().zip(&rows[letter(status)]) {
            for filled in [false, true] {
                let expected = match (cell, filled) {
                    ("w", true) => "P",
                    ("w", false) => "A",
                    ("J", true) => "-",
                    (cell, _) => cell,
                };
                let found = next(status, filled, step).map_or("-", letter);
                assert_eq!(found, expected, "{status}, filled {filled}, {step}");
            }
        }
    }
}

/// Breaks when an order that is over comes back to life, or moves for anything but a late fill; or when the
/// error does not name both.
#[test]
fn what_is_over_stays_over() {
    for &status in OrderStatus::ALL.iter().filter(|status| status.is_terminal()) {
        for &step in OrderStep::ALL {
            for filled in [false, true] {
                match next(status, filled, step) {
                    Ok(after) => {
                        let late_fill = matches!(step, OrderStep::PartiallyFilled | OrderStep::Filled);
                        assert!(late_fill && after.is_terminal(), "{status} {step} -> {after}");
                    }
                    Err(error) => {
                        let told = error.to_string();
                        assert!(told.contains(status.as_str()) && told.contains(step.as_str()), "{told}");
                    }
                }
            }
        }
    }
}

/// Breaks when an order can leave without a request and a verdict, or the words of a step are not those of the
/// event that brings it.
#[test]
fn every_way_begins_with_a_verdict() {
    for &step in OrderStep::ALL {
        let after = next(OrderStatus::Requested, false, step);
        let verdict = matches!(step, OrderStep::Denied | OrderStep::Submitted);
        assert_eq!(after.is_ok(), verdict, "{step}");
        let kind = step.as_str().split(' ').next().unwrap_or_default();
        assert!(reprise_model::event::kind_row(kind).is_some(), "{step} is no kind");
    }
    for &status in OrderStatus::ALL {
        let at_venue = !matches!(status, OrderStatus::Requested) && !status.is_terminal();
        assert_eq!(status.is_at_venue(), at_venue, "{status}");
    }
}
