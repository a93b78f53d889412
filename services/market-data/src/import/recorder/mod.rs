//! Raw venue messages behind their receive times, `recv_ns {json}` a line, as the collector of hftbacktest writes
//! them. Which venue a message is from is told by its shape.

mod binance;
mod hyperliquid;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;

use reprise_model::Ts;
use reprise_model::event::Level;
use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};

use super::definitions::{Naming, SymbolIx, Symbols};
use super::error::{BadRow, clip};
use super::pair::Pair;
use super::row::{Digits, Parse, Parsed, RawText, json};
use super::time::unix_ns;
use crate::lines::{BytesRead, Lines};

/// Lines that are looked at to learn whose messages a file holds.
const LINES_AHEAD: usize = 1_000;

/// Whose a message is that names no symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileSymbol {
    /// The file's only symbol.
    One(String),
    /// It cannot be told; these are candidates.
    Unclear(String),
}

/// The parts of a message that tell whose it is.
#[derive(Deserialize)]
struct Envelope<'a> {
    /// Binance, combined streams.
    #[serde(borrow)]
    stream: Option<RawText<'a>>,
    #[serde(borrow)]
    data: Option<RawText<'a>>,
    /// Hyperliquid.
    #[serde(borrow)]
    channel: Option<RawText<'a>>,
    /// Binance, single streams.
    #[serde(borrow)]
    e: Option<RawText<'a>>,
    #[serde(borrow)]
    u: Option<RawText<'a>>,
    #[serde(borrow)]
    s: Option<RawText<'a>>,
    /// Binance, a snapshot asked for.
    #[serde(borrow, rename = "lastUpdateId")]
    last_update_id: Option<RawText<'a>>,
}

/// Finds the symbol of a file in its first lines and its name.
pub(crate) fn file_symbol(file: &Path) -> io::Result<FileSymbol> {
    let mut lines = Lines::open(file, &BytesRead::default())?;
    let mut found = BTreeSet::new();
    for _ in 0..LINES_AHEAD {
        match lines.next_line() {
            Ok(Some(line)) => {
                let message = line.split_once(' ').map_or("", |(_, message)| message);
                found.extend(
                    json::<Envelope<'_>>(message).ok().and_then(|envelope| binance::symbol_of(&envelope)),
                );
            }
            Ok(None) => break,
            Err(_) => {}
        }
    }
    let name = file.file_name().map(|name| name.to_string_lossy().to_uppercase()).unwrap_or_default();
    let named = name.split(['_', '.']).next().unwrap_or_default().to_owned();
    let only = found.len() == 1;
    Ok(match found.pop_first() {
        None if !Pair::of(&named).guessed => FileSymbol::One(named),
        None => FileSymbol::Unclear("none".to_owned()),
        Some(one) if only => FileSymbol::One(one),
        Some(one) if one == named || found.contains(&named) => FileSymbol::One(named),
        Some(one) => {
            let others = found.into_iter().take(4);
            FileSymbol::Unclear(std::iter::once(one).chain(others).collect::<Vec<_>>().join(", "))
        }
    })
}

/// The rows of such a file.
#[derive(Debug)]
pub(crate) struct RecorderRows {
    file_symbol: FileSymbol,
    /// The file's first receive time.
    since: Option<Ts>,
    symbols: HashMap<String, SymbolIx>,
}

impl RecorderRows {
    pub(crate) fn new(file_symbol: FileSymbol) -> Self {
        Self { file_symbol, since: None, symbols: HashMap::new() }
    }

    fn symbol(
        &mut self,
        source: &str,
        symbols: &mut Symbols,
        naming: impl FnOnce() -> Naming,
    ) -> Result<SymbolIx, BadRow> {
        if let Some(found) = self.symbols.get(source) {
            return Ok(*found);
        }
        let found = symbols.resolve(source, &naming())?;
        self.symbols.insert(source.to_owned(), found);
        Ok(found)
    }
}

impl Parse for RecorderRows {
    fn parse(&mut self, line: &str, symbols: &mut Symbols) -> Result<Parsed, BadRow> {
        let Some((ts, message)) = line.trim().split_once([' ', '\t']) else {
            return Err(BadRow::Shape { expected: "recv_ns {json}", text: clip(line) });
        };
        let ts = unix_ns("receive time", ts)?;
        let envelope: Envelope<'_> = json(message)?;
        let since = *self.since.get_or_insert(ts);
        match (&envelope.channel, &envelope.stream, envelope.data) {
            (Some(channel), _, Some(content)) => self.hyperliquid(ts, since, channel.0, content.0, symbols),
            (Some(channel), _, None) => Ok(Parsed::Passed(channel.0.to_owned())),
            (None, Some(stream), Some(content)) => self.binance(ts, Some(stream.0), content.0, symbols),
            (None, _, _) if binance::is_single(&envelope) => self.binance(ts, None, message.trim(), symbols),
            (None, _, _) => Ok(Parsed::Passed("messages of no known kind".to_owned())),
        }
    }
}

/// `["61737.63","0.5"]`, whatever follows the two.
struct PriceAndSize<'a>(&'a str, &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for PriceAndSize<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;
        impl<'de> Visitor<'de> for Pair {
            type Value = (&'de str, &'de str);

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("[price, size]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let short = || serde::de::Error::invalid_length(1, &"[price, size]");
                let price: RawText<'de> = seq.next_element()?.ok_or_else(short)?;
                let size: RawText<'de> = seq.next_element()?.ok_or_else(short)?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok((price.0, size.0))
            }
        }
        deserializer.deserialize_seq(Pair).map(|(price, size)| Self(price, size))
    }
}

/// The levels of a book's side; a size of zero is kept only where it means that a level is gone.
fn levels(text: &str, keep_empty: bool) -> Result<Vec<Level>, BadRow> {
    let raw: Vec<PriceAndSize<'_>> = json(text)?;
    let mut levels = Vec::with_capacity(raw.len());
    for PriceAndSize(price, size) in raw {
        let level = level(price, size)?;
        if keep_empty || !level.qty.is_zero() {
            levels.push(level);
        }
    }
    Ok(levels)
}

fn level(price: &str, size: &str) -> Result<Level, BadRow> {
    Ok(Level {
        price: Digits::Exact.price("level's price", price)?,
        qty: Digits::Exact.size("level's size", size)?,
    })
}

fn need<'a>(field: &'static str, value: Option<RawText<'a>>) -> Result<&'a str, BadRow> {
    value.map(|text| text.0).ok_or(BadRow::Missing { field })
}

/// A whole book must not be crossed; locked is allowed.
fn check_whole_book(bids: &[Level], asks: &[Level]) -> Result<(), BadRow> {
    let best_bid = bids.iter().max_by_key(|level| level.price);
    let best_ask = asks.iter().min_by_key(|level| level.price);
    super::row::check_crossed(best_bid, best_ask)
}
