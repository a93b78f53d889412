//! A seeded walk of prices over the markets of `market.rs`: the same events at every run.

use reprise_model::event::{Quote, Trade};
use reprise_model::{Input, Side};

use super::market::{quote, trade};

/// SplitMix64, by Steele, Lea and Flood (2014).
pub struct Dice(pub u64);

impl Dice {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Where the prices are.
pub struct Walk<const MARKETS: usize> {
    names: [&'static str; MARKETS],
    cents: [u64; MARKETS],
    /// How far a price moves at once, up or down, beside the one cent that it always may.
    millionths: u64,
    dice: Dice,
    n: u64,
}

impl<const MARKETS: usize> Walk<MARKETS> {
    pub fn new(names: [&'static str; MARKETS], cents: [u64; MARKETS], millionths: u64) -> Self {
        Self { names, cents, millionths, dice: Dice(7), n: 0 }
    }

    /// Moves one of the prices: what was drawn, whose it is, and where it is now.
    fn step(&mut self) -> (u64, &'static str, u64) {
        self.n += 1;
        let drawn = self.dice.draw();
        let at = (drawn % MARKETS as u64) as usize;
        let cents = &mut self.cents[at];
        let reach = *cents * self.millionths / 1_000_000 + 1;
        *cents = (*cents + (drawn >> 8) % (2 * reach + 1)).saturating_sub(reach).max(1_000);
        (drawn, self.names[at], *cents)
    }

    /// The next event when there are quotes alone.
    pub fn quote(&mut self) -> Quote {
        let (_, name, cents) = self.step();
        quote(name, cents)
    }

    /// The next event: nine quotes, then a trade.
    pub fn next(&mut self) -> Input {
        if !(self.n + 1).is_multiple_of(10) {
            return self.quote().into();
        }
        let (drawn, name, cents) = self.step();
        let side = if drawn & 1 == 0 { Side::Buy } else { Side::Sell };
        Trade { side: Some(side), ..trade(name, cents, self.n) }.into()
    }
}
