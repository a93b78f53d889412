//! How long requests and answers are under way.
//!
//! A draw depends on what it is for (the seed, the strategy, the instrument, the asker's own count of its
//! orders, the purpose) and on nothing else, so that one more event, or one more order of somebody else,
//! does not redraw what comes after it.

use std::fmt;

use reprise_model::NewOrder;
use serde::{Deserialize, Deserializer, Serialize, de};

/// A distribution of delays, all times in nanoseconds.
///
/// In a configuration a plain number is a constant; the others are tables such as
/// `{ kind = "lognormal", median_ns = 2000000, sigma = 0.4 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Latency {
    /// Always the same.
    Constant {
        /// The delay.
        ns: u64,
    },
    /// Every delay from `min_ns` to `max_ns` is as likely.
    Uniform {
        /// The least delay.
        min_ns: u64,
        /// The greatest delay.
        max_ns: u64,
    },
    /// `min_ns` and an exponentially distributed rest, `mean_ns` on average in all.
    Exponential {
        /// The least delay.
        min_ns: u64,
        /// The mean delay.
        mean_ns: u64,
    },
    /// `median_ns * exp(sigma * z)` with a standard normal `z`.
    Lognormal {
        /// Half of all delays are shorter.
        median_ns: u64,
        /// Standard deviation of the delay's logarithm, 0 to 5.
        sigma: f64,
    },
}

/// Sigma is never NaN, so equality is total.
impl Eq for Latency {}

/// What a draw is for. The numbers key the draws and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The order, a cancel or a replace, on its way to the venue.
    Entry = 1,
    /// An answer on its way back.
    Response = 2,
}

impl Latency {
    /// No delay at all.
    pub const NONE: Self = Self::Constant { ns: 0 };

    /// True when nothing is ever delayed.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// The delay of one draw, in nanoseconds. `index` counts the draws of one order for one purpose.
    pub(crate) fn draw_ns(&self, order_key: u64, purpose: Purpose, index: u32) -> u64 {
        let key = mix(mix(order_key ^ purpose as u64) ^ u64::from(index));
        match *self {
            Self::Constant { ns } => ns,
            Self::Uniform { min_ns, max_ns } => {
                let span = u128::from(max_ns.saturating_sub(min_ns)) + 1;
                // Multiplying instead of taking the remainder spreads the bits evenly (Lemire, 2019).
                min_ns + ((u128::from(key) * span) >> 64) as u64
            }
            Self::Exponential { min_ns, mean_ns } => {
                let rest = mean_ns.saturating_sub(min_ns) as f64 * -libm::log(unit(key));
                min_ns.saturating_add(rest as u64)
            }
            Self::Lognormal { median_ns, sigma } => {
                (median_ns as f64 * libm::exp(sigma * normal(key))) as u64
            }
        }
    }

    /// Why the numbers make no distribution.
    fn fault(&self) -> Option<String> {
        match *self {
            Self::Uniform { min_ns, max_ns } if max_ns < min_ns => {
                Some(format!("max_ns = {max_ns} is below min_ns = {min_ns}"))
            }
            Self::Exponential { min_ns, mean_ns } if mean_ns < min_ns => {
                Some(format!("mean_ns = {mean_ns} is below min_ns = {min_ns}"))
            }
            Self::Lognormal { sigma, .. } if !(0.0..=5.0).contains(&sigma) => {
                Some(format!("sigma = {sigma} is not between 0 and 5"))
            }
            _ => None,
        }
    }
}

/// The key of all draws of one order.
pub(crate) fn order_key(seed: u64, terms: &NewOrder) -> u64 {
    let role = terms.group.map_or("", |group| group.role.as_str());
    let words = [terms.strategy.as_str(), terms.instrument.as_str(), terms.origin.as_str(), role];
    let key = words
        .iter()
        .fold(mix(seed), |key, text| text.bytes().fold(mix(key), |key, byte| mix(key ^ u64::from(byte))));
    mix(key ^ u64::from(terms.intent))
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number above 0 and at most 1, of 53 random bits.
fn unit(key: u64) -> f64 {
    ((key >> 11) + 1) as f64 / (1u64 << 53) as f64
}

/// A standard normal number (Box and Muller, 1958).
fn normal(key: u64) -> f64 {
    let radius = (-2.0 * libm::log(unit(key))).sqrt();
    radius * libm::cos(std::f64::consts::TAU * unit(mix(key)))
}

/// The tables a configuration may hold.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Table {
    Constant { ns: u64 },
    Uniform { min_ns: u64, max_ns: u64 },
    Exponential { min_ns: u64, mean_ns: u64 },
    Lognormal { median_ns: u64, sigma: f64 },
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let latency = d.deserialize_any(LatencyVisitor)?;
        match latency.fault() {
            Some(fault) => Err(de::Error::custom(fault)),
            None => Ok(latency),
        }
    }
}

struct LatencyVisitor;

impl<'de> de::Visitor<'de> for LatencyVisitor {
    type Value = Latency;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "nanoseconds, or a table with kind = \"constant\", \"uniform\", \"exponential\" or \"lognormal\"",
        )
    }

    fn visit_u64<E: de::Error>(self, ns: u64) -> Result<Latency, E> {
        Ok(Latency::Constant { ns })
    }

    fn visit_i64<E: de::Error>(self, ns: i64) -> Result<Latency, E> {
        u64::try_from(ns).map(|ns| Latency::Constant { ns }).map_err(|_| {
            E::custom(format!("a latency of {ns} ns would answer before it was asked; write 0 or more"))
        })
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Latency, A::Error> {
        Ok(match Table::deserialize(de::value::MapAccessDeserializer::new(map))? {
            Table::Constant { ns } => Latency::Constant { ns },
            Table::Uniform { min_ns, max_ns } => Latency::Uniform { min_ns, max_ns },
            Table::Exponential { min_ns, mean_ns } => Latency::Exponential { min_ns, mean_ns },
            Table::Lognormal { median_ns, sigma } => Latency::Lognormal { median_ns, sigma },
        })
    }
}
