//! Each estimator against its naive twin, which goes through all samples from scratch; and the service.

use proptest::prelude::*;

use super::atr::{Atr, Range};
use super::deviation::Deviation;
use super::estimator::{Bounds, Estimator};
use super::ewma::Ewma;
use super::{combined, exact};
use crate::settings::{BandKind, BandSettings, Combine};
use crate::tests::{SPOT, World, buy, price};
use crate::{RiskSettings, tests};
use reprise_core::Bands;
use reprise_model::event::Outcome;
use reprise_model::{Code, Price, Ts};

/// Relative agreement that is asked for.
const CLOSE: f64 = 1e-9;

/// Mean and sample standard deviation in two passes.
fn naive_deviation(samples: &[f64]) -> (f64, f64) {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let squares: f64 = samples.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// Weighted mean and variance with the weights written out.
fn naive_ewma(samples: &[f64], decay: f64) -> (f64, f64) {
    let mut weights = Vec::new();
    let mut weight = 1.0;
    for _ in 1..samples.len() {
        weights.push((1.0 - decay) * weight);
        weight *= decay;
    }
    weights.push(weight);
    let weighted =
        |f: &dyn Fn(f64) -> f64| -> f64 { samples.iter().rev().zip(&weights).map(|(&x, w)| w * f(x)).sum() };
    let mean = weighted(&|x| x);
    (mean, weighted(&|x| (x - mean) * (x - mean)).sqrt())
}

/// Wilder's average from the first bar on.
fn naive_atr(bars: &[Range], window: usize) -> (f64, f64) {
    let ranges: Vec<f64> = (0..bars.len())
        .map(|at| {
            let bar = bars[at];
            let Some(before) = at.checked_sub(1).map(|at| bars[at].close) else { return bar.high - bar.low };
            [bar.high - bar.low, (bar.high - before).abs(), (bar.low - before).abs()]
                .into_iter()
                .fold(0.0, f64::max)
        })
        .collect();
    let n = window as f64;
    let first = ranges[..window].iter().sum::<f64>() / n;
    let average = ranges[window..].iter().fold(first, |average, range| (average * (n - 1.0) + range) / n);
    (bars[bars.len() - 1].close, average)
}

/// Agreement relative to the value, and for a spread no closer than the prices themselves are held.
fn is_close(a: f64, b: f64, price: f64) -> bool {
    (a - b).abs() <= CLOSE * a.abs().max(b.abs()) || (a - b).abs() <= price * 1e-15 * 64.0
}

/// Prices that wander, jump by factors and stand still.
fn prices() -> impl Strategy<Value = Vec<f64>> {
    let step = prop_oneof![
        8 => (-100..100_i32).prop_map(|ticks| (1.0, f64::from(ticks) / 100.0)),
        2 => Just((1.0, 0.0)),
        1 => (1..1_000_000_u32).prop_map(|factor| (f64::from(factor) / 1_000.0, 0.0)),
    ];
    (1.0..100_000.0_f64, prop::collection::vec(step, 30..400)).prop_map(|(start, steps)| {
        let mut price = start;
        steps
            .into_iter()
            .map(|(factor, add)| {
                price = (start * factor + (price - start) + add).clamp(0.01, 1e12);
                price
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Breaks when the sliding deviation drifts away from the deviation of the samples in its window.
    #[test]
    fn the_deviation_is_that_of_its_window(prices in prices(), window in 2..60_u32) {
        let mut fast = Deviation::new(window);
        for at in 0..prices.len() {
            fast.add(prices[at]);
            let first = (at + 1).checked_sub(window as usize);
            prop_assert_eq!(fast.mean_and_deviation().is_some(), first.is_some());
            if let (Some(first), Some((mean, deviation))) = (first, fast.mean_and_deviation()) {
                let twin = naive_deviation(&prices[first..=at]);
                let scale = prices[first..=at].iter().copied().fold(0.0, f64::max);
                prop_assert!(is_close(mean, twin.0, scale), "mean {mean} {}", twin.0);
                prop_assert!(is_close(deviation, twin.1, scale), "deviation {deviation} {}", twin.1);
            }
        }
    }

    /// Breaks when the recursion is not the weighted mean and variance that it stands for.
    #[test]
    fn the_ewma_is_the_weighted_one(prices in prices(), decay in 0.5..0.99_f64) {
        let mut fast = Ewma::new(decay);
        for at in 0..prices.len() {
            fast.add(prices[at]);
            if let Some((mean, deviation)) = fast.mean_and_deviation() {
                let twin = naive_ewma(&prices[..=at], decay);
                let scale = prices[..=at].iter().copied().fold(0.0, f64::max);
                prop_assert!(is_close(mean, twin.0, scale), "mean {mean} {}", twin.0);
                // The root of a small difference of large squares is held less closely than the prices.
                let spread = (deviation * deviation - twin.1 * twin.1).abs();
                prop_assert!(
                    is_close(deviation, twin.1, scale) || spread <= scale * scale * 1e-14,
                    "deviation {deviation} {}", twin.1
                );
            }
        }
    }

    /// Breaks when the average true range is not Wilder's.
    #[test]
    fn the_true_range_is_wilders(prices in prices(), window in 1..20_u32) {
        let bars: Vec<Range> = prices
            .chunks(3)
            .map(|part| Range {
                high: part.iter().copied().fold(0.0, f64::max),
                low: part.iter().copied().fold(f64::MAX, f64::min),
                close: part[part.len() - 1],
            })
            .collect();
        let mut fast = Atr::new(window);
        for at in 0..bars.len() {
            fast.add(bars[at]);
            let is_warm = at + 1 >= window as usize;
            prop_assert_eq!(fast.close_and_range().is_some(), is_warm);
            if let Some((close, range)) = fast.close_and_range() {
                let twin = naive_atr(&bars[..=at], window as usize);
                let scale = bars[..=at].iter().map(|bar| bar.high).fold(0.0, f64::max);
                prop_assert!(is_close(close, twin.0, scale) && is_close(range, twin.1, scale), "{range} {}", twin.1);
            }
        }
    }

    /// Breaks when a bound is not a number, or a negative zero gets on the board.
    #[test]
    fn bounds_are_numbers(prices in prices(), width in 0.1..50.0_f64) {
        for kind in [BandKind::Stddev, BandKind::Ewma, BandKind::Atr] {
            let settings = BandSettings { kind, window: 5, width, interval_ms: 0, ..BandSettings::default() };
            let mut estimator = Estimator::new(&settings);
            for &price in &prices {
                estimator.add_price(Ts(0), Price::from_f64_rounded(price, 12).unwrap());
                if let Some(Bounds { lower, middle, upper }) = estimator.bounds() {
                    prop_assert!(lower.is_finite() && lower.is_sign_positive());
                    prop_assert!(lower <= middle && middle <= upper && upper.is_finite());
                }
            }
        }
    }
}

/// Breaks when a large sample that left the window still shows in the deviation.
#[test]
fn what_left_the_window_is_forgotten() {
    let mut fast = Deviation::new(4);
    for price in [1e12, 0.01, 0.02, 0.03, 0.02] {
        fast.add(price);
    }
    let (mean, deviation) = fast.mean_and_deviation().unwrap();
    let twin = naive_deviation(&[0.01, 0.02, 0.03, 0.02]);
    assert!(is_close(mean, twin.0, 0.03) && is_close(deviation, twin.1, 0.03), "{mean} {deviation}");
}

/// Breaks when intervals are cut elsewhere than at multiples of their length, or quiet ones are made up.
#[test]
fn intervals_close_with_the_first_price_after_them() {
    const MS: u64 = 1_000_000;
    let settings = BandSettings {
        kind: BandKind::Atr,
        window: 1,
        width: 1.0,
        interval_ms: 10,
        ..BandSettings::default()
    };
    let mut estimator = Estimator::new(&settings);
    // Moment in milliseconds, price, and close and range of the last closed bar after it.
    let rows = [
        (3, 10.0, None),
        (5, 14.0, None),
        (9, 12.0, None),
        (10, 20.0, Some((12.0, 4.0))),
        (19, 30.0, Some((12.0, 4.0))),
        (75, 25.0, Some((30.0, 18.0))),
        (80, 24.0, Some((25.0, 5.0))),
    ];
    for (ms, price, want) in rows {
        estimator.add_price(Ts(ms * MS), Price::from_f64_rounded(price, 12).unwrap());
        let got = estimator.bounds().map(|bounds| (bounds.middle, bounds.upper - bounds.middle));
        assert_eq!(got, want, "at {ms}");
    }
}

/// Breaks when several bands become another band than the one that is documented.
#[test]
fn bands_combine() {
    let estimator = |width: f64, prices: [f64; 3]| {
        let settings = BandSettings { window: 3, width, interval_ms: 0, ..BandSettings::default() };
        let mut estimator = Estimator::new(&settings);
        for price in prices {
            estimator.add_price(Ts(0), Price::from_f64_rounded(price, 12).unwrap());
        }
        estimator
    };
    // Mean 10 with deviation 1, mean 11 with deviation 1, and one far from both.
    let (low, high, far) = (
        estimator(2.0, [9.0, 10.0, 11.0]),
        estimator(2.0, [10.0, 11.0, 12.0]),
        estimator(1.0, [99.0, 100.0, 101.0]),
    );
    let cold = Estimator::new(&BandSettings::default());
    let bounds = |lower, middle, upper| Some(Bounds { lower, middle, upper });
    let rows = [
        (vec![low.clone()], Combine::Widest, bounds(8.0, 10.0, 12.0)),
        (vec![low.clone(), high.clone()], Combine::Widest, bounds(8.0, 10.5, 13.0)),
        (vec![low.clone(), high.clone()], Combine::Tightest, bounds(9.0, 10.5, 12.0)),
        (vec![low.clone(), far], Combine::Tightest, None),
        (vec![low, cold], Combine::Widest, None),
        (vec![], Combine::Widest, None),
    ];
    for (estimators, combine, want) in rows {
        assert_eq!(combined(&estimators, combine), want);
    }
}

/// Breaks when a bound is rounded out of the band, or breaks the instrument's price rule.
#[test]
fn bounds_are_rounded_into_the_band() {
    let world = World::new(RiskSettings::default());
    let mut definition = world.state().markets.by_id(&tests::id(SPOT)).unwrap().definition.clone();
    let bounds = |lower, middle, upper| Bounds { lower, middle, upper };
    let bands = |lower, middle, upper| {
        Some(Bands { lower: price(lower), middle: price(middle), upper: price(upper) })
    };
    assert_eq!(exact(&bounds(99.001, 100.0, 100.999), &definition), Ok(bands("99.01", "100", "100.99")));
    assert_eq!(exact(&bounds(0.0, 0.5, 1.0), &definition), Ok(bands("0", "0.5", "1")));
    assert_eq!(exact(&bounds(100.001, 100.005, 100.009), &definition), Ok(None));
    definition.significant_digits = Some(4);
    assert_eq!(exact(&bounds(99.001, 100.0, 100.999), &definition), Ok(bands("99.01", "100", "100.9")));
    assert!(exact(&bounds(1.0, f64::NAN, 2.0), &definition).is_err());
}

proptest! {
    /// Breaks when the quick way to a price on the tick ends outside the band or more than a tick inside it.
    #[test]
    fn bounds_are_rounded_as_little_as_possible(lower in 0.0..1e6_f64, width in 0.05..1e3_f64, tick in 1..5_u32) {
        let world = World::new(RiskSettings::default());
        let mut definition = world.state().markets.by_id(&tests::id(SPOT)).unwrap().definition.clone();
        definition.tick = price(["0", "0.01", "0.05", "0.000025", "0.001"][tick as usize]);
        let upper = lower + width;
        let bands = exact(&Bounds { lower, middle: lower, upper }, &definition).unwrap().unwrap();
        let tick = definition.tick;
        prop_assert!(bands.lower.is_multiple_of(tick) && bands.upper.is_multiple_of(tick));
        prop_assert!(bands.lower.to_f64() >= lower && bands.upper.to_f64() <= upper);
        prop_assert!(bands.lower.checked_sub(tick).map_or(true, |below| below.to_f64() < lower));
        prop_assert!(bands.upper.checked_add(tick).unwrap().to_f64() > upper);
    }
}

/// Breaks when bands are journaled although nothing was decided by them, or more than once an interval.
#[test]
fn bands_are_stated_when_they_deny_and_once_an_interval() {
    let mut settings = RiskSettings::default();
    settings.limits.band_collar = Some(true);
    settings.bands = vec![BandSettings { window: 2, width: 1.0, interval_ms: 0, ..BandSettings::default() }];
    let mut world = World::new(settings);
    world.quote(SPOT, "101", "103");
    let stated =
        |world: &World| world.last.iter().filter(|outcome| matches!(outcome, Outcome::RiskBands(_))).count();
    // Whether the order is inside, how long to wait before it, how often the bands are stated.
    for (at, wait, want) in [("102", 0, 0), ("110", 0, 1), ("110", 999, 0), ("110", 1, 1), ("102", 5_000, 0)]
    {
        world.later(wait);
        let (_, verdict) = world.ask(buy("1").limit(at).terms());
        assert_eq!(verdict.err().map(|refusal| refusal.code), (at == "110").then_some(Code::BandCollar));
        assert_eq!(stated(&world), want, "{at} after {wait}");
    }
}
