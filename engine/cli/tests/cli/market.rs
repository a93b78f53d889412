//! Random recordings from a seed, for the importer to read and for references to compute with.

use std::fmt::Write as _;

/// xorshift64* (Vigna, 2016).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// A quote as a row of CSV says it.
#[derive(Debug, Clone)]
pub struct Row {
    pub ts: u64,
    pub instrument: &'static str,
    pub bid: String,
    pub ask: String,
}

/// The instruments of a random recording, with the decimals of their prices.
pub const INSTRUMENTS: [(&str, usize, u64); 3] =
    [("BTC-USD.SIM", 2, 6_000_000), ("ETH-USD.SIM", 2, 250_000), ("DOGE-USD.SIM", 5, 12_345)];

/// Quotes of all instruments in the order in which they were received: random walks of a few ticks a step.
pub fn random_quotes(seed: u64, count: usize) -> Vec<Row> {
    let mut chance = Chance::new(seed);
    let mut ts = 1_700_000_000_000_000_000;
    let mut ticks = INSTRUMENTS.map(|(_, _, start)| start);
    let text = |ticks: u64, decimals: usize| {
        let scale = 10_u64.pow(decimals as u32);
        format!("{}.{:0decimals$}", ticks / scale, ticks % scale)
    };
    let mut rows = Vec::with_capacity(count);
    for _ in 0..count {
        // Now and then two quotes at the same time.
        ts += chance.below(300_000_000) / 7 * u64::from(chance.below(20) > 0);
        let which = chance.below(3) as usize;
        let (instrument, decimals, start) = INSTRUMENTS[which];
        let step = start / 2_000 + 1;
        ticks[which] = (ticks[which] + chance.below(2 * step + 1)).saturating_sub(step).max(start / 2);
        let (bid, spread) = (ticks[which], chance.below(4));
        rows.push(Row { ts, instrument, bid: text(bid, decimals), ask: text(bid + spread, decimals) });
    }
    rows
}

/// The recording as CSV. Rows of different instruments change places here and there, within the window in which
/// an import puts them in order; those of one instrument do not.
pub fn as_csv(rows: &[Row], seed: u64) -> String {
    let mut chance = Chance::new(seed ^ 0xC5);
    let mut rows = rows.to_vec();
    for at in 1..rows.len() {
        let (before, after) = (&rows[at - 1], &rows[at]);
        if before.instrument != after.instrument && before.ts < after.ts && chance.below(3) == 0 {
            rows.swap(at - 1, at);
        }
    }
    let mut csv = "ts_ns,instrument,bid,bid_size,ask,ask_size\n".to_owned();
    for Row { ts, instrument, bid, ask } in rows {
        writeln!(csv, "{ts},{instrument},{bid},0.504,{ask},0.25").unwrap();
    }
    csv
}
