//! Lean's zips of CSV: trade bars, quote bars and ticks of one instrument, one day or all days a file.
//!
//! Names tell what a file holds: `20180404_btcusd_minute_quote.csv` in `btcusd_20180404_quote.zip`, or, for hours
//! and days, `btcusd.csv` in `daily/btcusd_trade.zip`. A row begins with milliseconds since the day's midnight UTC,
//! or for hours and days with `YYYYMMDD HH:MM`. A bar becomes an event when it closes: a trade bar one bar, a
//! quote bar one quote of its closing bid and ask. Sizes and prices carry float noise and are rounded to 8
//! decimals.

use std::path::Path;

use reprise_model::event::{Bar, Trade};
use reprise_model::{Input, InstrumentId, Ts};

use super::definitions::{Naming, SymbolIx, Symbols};
use super::error::{BadRow, clip};
use super::pair::Pair;
use super::row::{Digits, Kind, Parse, Parsed, Payload, Row, quote};
use super::time::{NS_PER_DAY, NS_PER_MS, compact_date, digits, fault};

const DIGITS: Digits = Digits::Rounded(8);
const DEFAULT_VENUE: &str = "COINBASE";

/// Folders that are markets, and the venues they stand for.
const MARKETS: [(&str, &str); 14] = [
    ("coinbase", "COINBASE"),
    ("gdax", "COINBASE"),
    ("binance", "BINANCE"),
    ("binanceus", "BINANCEUS"),
    ("bitfinex", "BITFINEX"),
    ("bitstamp", "BITSTAMP"),
    ("bybit", "BYBIT"),
    ("dydx", "DYDX"),
    ("ftx", "FTX"),
    ("ftxus", "FTXUS"),
    ("hyperliquid", "HYPERLIQUID"),
    ("kraken", "KRAKEN"),
    ("okx", "OKX"),
    ("poloniex", "POLONIEX"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolution {
    Tick,
    Second,
    Minute,
    Hour,
    Daily,
}

impl Resolution {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "tick" => Self::Tick,
            "second" => Self::Second,
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "daily" => Self::Daily,
            _ => return None,
        })
    }

    fn interval_ns(self) -> u64 {
        match self {
            Self::Tick => 0,
            Self::Second => 1_000_000_000,
            Self::Minute => 60 * 1_000_000_000,
            Self::Hour => 3_600 * 1_000_000_000,
            Self::Daily => NS_PER_DAY,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Trades,
    Quotes,
}

/// What a file's name says about what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeanName {
    symbol: String,
    venue: &'static str,
    resolution: Resolution,
    holds: Holds,
    /// Midnight of the file's day, where its rows count from it.
    midnight: Option<Ts>,
}

impl LeanName {
    /// Reads the names of the entry, of the zip and of the folders it lies in.
    pub(crate) fn of(file: &Path, entry: Option<&str>) -> Result<Self, String> {
        let folders: Vec<String> = file
            .parent()
            .map(|parent| {
                parent.iter().rev().take(4).map(|name| name.to_string_lossy().to_lowercase()).collect()
            })
            .unwrap_or_default();
        let stem = |name: &str| {
            let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
            name.split('.').next().unwrap_or_default().to_owned()
        };
        let outer = file.file_name().map(|name| stem(&name.to_string_lossy())).unwrap_or_default();
        let words: Vec<String> = entry
            .map(stem)
            .into_iter()
            .chain([outer])
            .flat_map(|name| name.split('_').map(str::to_owned).collect::<Vec<_>>())
            .filter(|word| !word.is_empty())
            .collect();
        let resolution_at = folders.iter().position(|name| Resolution::of(name).is_some());
        let resolution = words
            .iter()
            .chain(resolution_at.map(|at| &folders[at]))
            .find_map(|word| Resolution::of(word))
            .ok_or("its name and folder do not say tick, second, minute, hour or daily")?;
        let holds = words.iter().find_map(|word| match word.as_str() {
            "trade" => Some(Ok(Holds::Trades)),
            "quote" => Some(Ok(Holds::Quotes)),
            "openinterest" => Some(Err("it holds open interest, which is not imported")),
            _ => None,
        });
        let holds = holds.unwrap_or(Err("its name does not say trade or quote"))?;
        let midnight = words.iter().find_map(|word| compact_date(word));
        if midnight.is_none() && !matches!(resolution, Resolution::Hour | Resolution::Daily) {
            return Err("its name holds no date YYYYMMDD".to_owned());
        }
        let is_symbol = |word: &&String| {
            Resolution::of(word).is_none()
                && !matches!(word.as_str(), "trade" | "quote")
                && compact_date(word).is_none()
        };
        // A zip in `minute/btcusd/` may be named by its date alone.
        let folder_symbol = resolution_at.and_then(|at| at.checked_sub(1)).map(|at| &folders[at]);
        let symbol = words.iter().chain(folder_symbol).find(is_symbol).ok_or("its name holds no symbol")?;
        let market = folders.iter().find_map(|name| MARKETS.iter().find(|(folder, _)| folder == name));
        let venue = market.map_or(DEFAULT_VENUE, |(_, venue)| venue);
        Ok(Self { symbol: symbol.clone(), venue, resolution, holds, midnight })
    }

    fn naming(&self) -> Naming {
        let pair = Pair::of(&self.symbol);
        let symbol = if pair.guessed {
            self.symbol.to_ascii_uppercase()
        } else {
            format!("{}-{}", pair.base, pair.quote)
        };
        Naming { pair, ..Naming::spot(&symbol, self.venue) }
    }
}

/// The rows of a Lean CSV.
#[derive(Debug)]
pub(crate) struct LeanRows {
    name: LeanName,
    symbol: SymbolIx,
    instrument: InstrumentId,
}

impl LeanRows {
    pub(crate) fn new(name: &LeanName, symbols: &mut Symbols) -> Result<Self, BadRow> {
        let naming = name.naming();
        let symbol = symbols.resolve(&format!("{}.{}", naming.symbol, naming.venue), &naming)?;
        Ok(Self { name: name.clone(), symbol, instrument: symbols.id(symbol) })
    }

    /// The start of a row's interval.
    fn start(&self, text: &str) -> Result<Ts, BadRow> {
        const FIELD: &str = "time";
        if let Some((date, clock)) = text.split_once(' ') {
            let parts = (compact_date(date), clock.split_once(':'));
            if let (Some(day), Some((hour, minute))) = parts
                && hour.len() == 2
                && minute.len() == 2
                && let (Some(hour @ 0..24), Some(minute @ 0..60)) =
                    (digits(hour.as_bytes()), digits(minute.as_bytes()))
            {
                return Ok(day.plus_ns((hour * 60 + minute) * 60_000 * NS_PER_MS));
            }
            return Err(fault(FIELD, text, "a time YYYYMMDD HH:MM"));
        }
        let expected = "a number of milliseconds since midnight";
        let Some(midnight) = self.name.midnight else {
            return Err(fault(FIELD, text, "a time YYYYMMDD HH:MM"));
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let ms = digits(whole.as_bytes()).filter(|&ms| ms < NS_PER_DAY / NS_PER_MS);
        let len = u32::try_from(fraction.len()).ok().filter(|len| (1..=6).contains(len));
        match (ms, len, digits(fraction.as_bytes())) {
            (Some(ms), Some(len), Some(parts)) => {
                Ok(midnight.plus_ns(ms * NS_PER_MS + parts * 10u64.pow(6 - len)))
            }
            _ => Err(fault(FIELD, text, expected)),
        }
    }

    fn trade_bar(&self, row: &[&str]) -> Result<Input, BadRow> {
        let [_, open, high, low, close, volume] = row else { return Err(counted(row, "6")) };
        let bar = Bar {
            instrument: self.instrument,
            interval_ns: self.name.resolution.interval_ns(),
            open: DIGITS.price("open", open)?,
            high: DIGITS.price("high", high)?,
            low: DIGITS.price("low", low)?,
            close: DIGITS.price("close", close)?,
            volume: DIGITS.size("volume", volume)?,
        };
        for (field, price) in [("high", bar.high), ("open", bar.open), ("close", bar.close)] {
            if price < bar.low || price > bar.high {
                let [price, low, high] = [price, bar.low, bar.high].map(|price| price.to_string());
                return Err(BadRow::Bar { field, price, low, high });
            }
        }
        Ok(Input::Bar(bar))
    }

    fn quote_bar(&self, row: &[&str]) -> Result<Input, BadRow> {
        let [_, bid @ .., _, _, _, _, _] = row else { return Err(counted(row, "11")) };
        let [_, _, _, bid_close, bid_size] = bid else { return Err(counted(row, "11")) };
        let [ask_close, ask_size] = [row[9], row[10]];
        for (field, price) in [("bid", 1), ("bid", 2), ("bid", 3), ("ask", 6), ("ask", 7), ("ask", 8)]
            .map(|(field, at)| (field, row[at]))
        {
            if !price.is_empty() {
                DIGITS.price(field, price)?;
            }
        }
        let bid = DIGITS.side(("closing bid", "bid size"), bid_close, bid_size)?;
        let ask = DIGITS.side(("closing ask", "ask size"), ask_close, ask_size)?;
        quote(self.instrument, bid, ask, None)
    }

    fn trade_tick(&self, row: &[&str]) -> Result<Input, BadRow> {
        let [_, price, qty, ..] = row else { return Err(counted(row, "3 or 4")) };
        Ok(Input::Trade(Trade {
            instrument: self.instrument,
            price: DIGITS.price("price", price)?,
            qty: DIGITS.traded("quantity", qty)?,
            side: None,
            trade_id: None,
            historical: false,
            venue_ts: None,
        }))
    }

    fn quote_tick(&self, row: &[&str]) -> Result<Input, BadRow> {
        let [_, bid, bid_size, ask, ask_size, ..] = row else { return Err(counted(row, "5 or 6")) };
        let bid = DIGITS.side(("bid", "bid size"), bid, bid_size)?;
        let ask = DIGITS.side(("ask", "ask size"), ask, ask_size)?;
        quote(self.instrument, bid, ask, None)
    }
}

fn counted(row: &[&str], expected: &str) -> BadRow {
    BadRow::Fields { found: row.len(), expected: expected.to_owned() }
}

impl Parse for LeanRows {
    fn parse(&mut self, line: &str, _: &mut Symbols) -> Result<Parsed, BadRow> {
        let row: Vec<&str> = line.split(',').map(str::trim).collect();
        if row.len() < 3 {
            return Err(BadRow::Shape {
                expected: "a time and prices, set apart by commas",
                text: clip(line),
            });
        }
        let start = self.start(row[0])?;
        let tick = self.name.resolution == Resolution::Tick;
        let (kind, fields, input) = match (self.name.holds, tick) {
            (Holds::Trades, false) => (Kind::Bar, 6, self.trade_bar(&row)?),
            (Holds::Quotes, false) => (Kind::Quote, 11, self.quote_bar(&row)?),
            (Holds::Trades, true) => (Kind::Trade, 3, self.trade_tick(&row)?),
            (Holds::Quotes, true) => (Kind::Quote, 5, self.quote_tick(&row)?),
        };
        // A tick may carry a flag for suspicious ones, which Lean leaves out too.
        match row.get(fields) {
            None => {}
            Some(&"0" | &"") if tick && row.len() == fields + 1 => {}
            Some(&"1") if tick && row.len() == fields + 1 => {
                return Ok(Parsed::Passed("ticks marked as suspicious".to_owned()));
            }
            Some(_) => return Err(counted(&row, &fields.to_string())),
        }
        let ts = start.plus_ns(self.name.resolution.interval_ns());
        Ok(Parsed::Row(Row { ts, symbol: self.symbol, kind, payload: Payload::One(input) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a file's rows get the wrong day, instrument or length.
    #[test]
    fn names_tell_what_a_file_holds() {
        let rows = [
            (
                "coinbase/minute/btcusd_20180404_quote.zip",
                Some("20180404_btcusd_minute_quote.csv"),
                Ok("btcusd COINBASE Minute Quotes 1522800000000000000"),
            ),
            (
                "crypto/gdax/minute/ethusd/20180404_trade.zip",
                Some("20180404_ethusd_minute_trade.csv"),
                Ok("ethusd COINBASE Minute Trades 1522800000000000000"),
            ),
            ("x/daily/BTCUSD_trade.zip", Some("btcusd.csv"), Ok("btcusd COINBASE Daily Trades 0")),
            ("kraken/hour/xbtusd_quote.zip", Some("xbtusd.csv"), Ok("xbtusd KRAKEN Hour Quotes 0")),
            (
                "binance/tick/btcusdt/20180404_quote.csv",
                None,
                Ok("btcusdt BINANCE Tick Quotes 1522800000000000000"),
            ),
            ("a/btcusd_trade.zip", Some("btcusd.csv"), Err("its name and folder do not say tick")),
            ("minute/20180404.zip", Some("20180404_btcusd.csv"), Err("its name does not say trade or quote")),
            ("minute/btcusd_trade.zip", Some("btcusd.csv"), Err("its name holds no date")),
            ("20180404_minute_trade.zip", Some("20180404_minute_trade.csv"), Err("its name holds no symbol")),
            ("minute/btcusd_20180404_openinterest.zip", None, Err("it holds open interest")),
        ];
        for (file, entry, expected) in rows {
            let found = LeanName::of(Path::new(file), entry);
            let shown = found.as_ref().map(|name| {
                let midnight = name.midnight.map_or(0, |ts| ts.0);
                format!("{} {} {:?} {:?} {midnight}", name.symbol, name.venue, name.resolution, name.holds)
            });
            match (shown, expected) {
                (Ok(shown), Ok(expected)) => assert_eq!(shown, expected, "{file}"),
                (Err(shown), Err(expected)) => assert!(shown.starts_with(expected), "{file}: {shown}"),
                (shown, expected) => panic!("{file}: {shown:?}, expected {expected:?}"),
            }
        }
    }
}
