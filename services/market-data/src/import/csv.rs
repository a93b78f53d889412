//! Generic CSV: `ts_ns,instrument,bid,bid_size,ask,ask_size[,last,last_size,side]`, columns by name in any order.
//!
//! Each row is a quote; where `last` is filled, a trade follows it. A row whose quote columns are all empty is
//! a trade alone.

use std::borrow::Cow;
use std::collections::HashMap;

use reprise_model::event::Trade;
use reprise_model::{Input, InstrumentId};

use super::Format;
use super::definitions::{Naming, SymbolIx, Symbols};
use super::error::{BadRow, ImportError, clip};
use super::part::looks_like;
use super::row::{Digits, Kind, Parse, Parsed, Payload, Row, parse_side, quote};
use super::time::unix_ns;
use crate::lines::Lines;

const REQUIRED: [&str; 6] = ["ts_ns", "instrument", "bid", "bid_size", "ask", "ask_size"];
const OPTIONAL: [&str; 3] = ["last", "last_size", "side"];
const LAST: usize = 6;
const LAST_SIZE: usize = 7;
const SIDE: usize = 8;
const DEFAULT_VENUE: &str = "CSV";

/// The rows of a CSV file.
#[derive(Debug)]
pub(crate) struct CsvRows {
    /// Which of the nine columns each field is.
    columns: Vec<Option<usize>>,
    width: usize,
    venue: String,
    symbols: HashMap<String, SymbolIx>,
}

impl CsvRows {
    /// Reads the header.
    pub(crate) fn open(file: &str, lines: &mut Lines, venue: Option<&str>) -> Result<Self, ImportError> {
        let header = loop {
            match lines.next_line() {
                Ok(Some(line)) if line.trim().is_empty() => {}
                Ok(Some(line)) => break line.to_owned(),
                Ok(None) => {
                    return Err(ImportError::NoRows {
                        file: file.to_owned(),
                        reason: "the file is empty".to_owned(),
                    });
                }
                Err(fault) => {
                    let line = lines.number();
                    return Err(ImportError::Row { file: file.to_owned(), line, reason: fault.into() });
                }
            }
        };
        let line = lines.number();
        let columns = read_header(&header).map_err(|reason| match looks_like(&header) {
            Some((format, looks)) if format != Some(Format::Csv) => {
                ImportError::WrongFormat { file: file.to_owned(), line, expected: Format::Csv, looks }
            }
            _ => ImportError::Header { file: file.to_owned(), line, reason },
        })?;
        let venue = venue.unwrap_or(DEFAULT_VENUE).to_owned();
        let width = columns.len();
        Ok(Self { columns, width, venue, symbols: HashMap::new() })
    }

    /// Puts the fields that are read into the columns' order and counts all.
    fn pick<'a>(&self, fields: impl Iterator<Item = &'a str>, texts: &mut [&'a str; 9]) -> usize {
        let mut found = 0;
        for field in fields {
            if let Some(Some(column)) = self.columns.get(found) {
                texts[*column] = field.trim();
            }
            found += 1;
        }
        found
    }

    fn symbol(&mut self, text: &str, symbols: &mut Symbols) -> Result<SymbolIx, BadRow> {
        if let Some(found) = self.symbols.get(text) {
            return Ok(*found);
        }
        let found = match text.parse::<InstrumentId>() {
            Ok(id) => symbols.resolve_id(text, id),
            Err(_) => symbols.resolve(text, &Naming::spot(text, &self.venue))?,
        };
        self.symbols.insert(text.to_owned(), found);
        Ok(found)
    }
}

fn read_header(header: &str) -> Result<Vec<Option<usize>>, String> {
    let mut columns = Vec::new();
    for name in fields(header) {
        let name = name.trim().to_ascii_lowercase();
        let column = REQUIRED.iter().chain(&OPTIONAL).position(|known| *known == name);
        if column.is_some() && columns.contains(&column) {
            return Err(format!("names the column {name} twice"));
        }
        columns.push(column);
    }
    let lacks = |column: usize| !columns.contains(&Some(column));
    let missing: Vec<&str> = (0..REQUIRED.len()).filter(|&at| lacks(at)).map(|at| REQUIRED[at]).collect();
    if !missing.is_empty() {
        return Err(format!("lacks {}; it must name {}", missing.join(", "), REQUIRED.join(",")));
    }
    if lacks(LAST) != lacks(LAST_SIZE) {
        return Err("names one of last and last_size without the other".to_owned());
    }
    Ok(columns)
}

/// The fields of a line. A field may stand in quotes, which may hold commas and doubled quotes.
fn fields(line: &str) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(',').map(Into::into).collect();
    }
    let mut out = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(std::mem::take(&mut field).into()),
            c => field.push(c),
        }
    }
    out.push(field.into());
    out
}

impl Parse for CsvRows {
    fn parse(&mut self, line: &str, symbols: &mut Symbols) -> Result<Parsed, BadRow> {
        // Fields in quotes are rare, and the others need no room of their own.
        let quoted = if line.contains('"') { fields(line) } else { Vec::new() };
        let mut texts = [""; 9];
        let found = if quoted.is_empty() {
            self.pick(line.split(','), &mut texts)
        } else {
            self.pick(quoted.iter().map(AsRef::as_ref), &mut texts)
        };
        if found != self.width {
            return Err(BadRow::Fields { found, expected: self.width.to_string() });
        }
        let text = |column: usize| texts[column];
        let ts = unix_ns("ts_ns", text(0))?;
        let name = text(1);
        if name.is_empty() {
            return Err(BadRow::Missing { field: "instrument" });
        }
        let symbol = self.symbol(name, symbols)?;
        let instrument = symbols.id(symbol);
        let exact = Digits::Exact;
        let bid = exact.side(("bid", "bid_size"), text(2), text(3))?;
        let ask = exact.side(("ask", "ask_size"), text(4), text(5))?;
        let unquoted = (2..6).all(|column| text(column).is_empty());
        let side = if text(SIDE).is_empty() { None } else { Some(parse_side(text(SIDE))?) };
        let trade = match (text(LAST), text(LAST_SIZE)) {
            ("", "") => None,
            ("", _) => return Err(BadRow::Missing { field: "last" }),
            (_, "") => return Err(BadRow::Missing { field: "last_size" }),
            (last, size) => Some(Input::Trade(Trade {
                instrument,
                price: exact.price("last", last)?,
                qty: exact.traded("last_size", size)?,
                side,
                trade_id: None,
                historical: false,
                venue_ts: None,
            })),
        };
        let (kind, payload) = match (unquoted, trade) {
            (true, None) => {
                return Err(BadRow::Shape { expected: "a bid, an ask or a last price", text: clip(line) });
            }
            (true, Some(trade)) => (Kind::Trade, Payload::One(trade)),
            (false, None) => (Kind::Quote, Payload::One(quote(instrument, bid, ask, None)?)),
            (false, Some(trade)) => {
                (Kind::Quote, Payload::Two(Box::new((quote(instrument, bid, ask, None)?, trade))))
            }
        };
        Ok(Parsed::Row(Row { ts, symbol, kind, payload }))
    }
}
