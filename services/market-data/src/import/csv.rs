//! Generic CSV: `ts_ns,instrument,bid,bid_size,ask,ask_size[,last,last_size,side]`, columns by name in any order.
//!
//! Each row is a quote; where `last` is filled, a trade follows it. A row whose quote columns are all empty is
//! a trade alone.

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
const DEFAULT_VENUE: &str = "CSV";

/// The rows of a CSV file.
#[derive(Debug)]
pub(crate) struct CsvRows {
    /// Where each of the nine columns stands.
    columns: [Option<usize>; 9],
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
        let (columns, width) = read_header(&header).map_err(|reason| match looks_like(&header) {
            Some((format, looks)) if format != Some(Format::Csv) => {
                ImportError::WrongFormat { file: file.to_owned(), line, expected: Format::Csv, looks }
            }
            _ => ImportError::Header { file: file.to_owned(), line, reason },
        })?;
        let venue = venue.unwrap_or(DEFAULT_VENUE).to_owned();
        Ok(Self { columns, width, venue, symbols: HashMap::new() })
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

fn read_header(header: &str) -> Result<([Option<usize>; 9], usize), String> {
    let names = fields(header);
    let mut columns = [None; 9];
    for (at, name) in names.iter().enumerate() {
        let name = name.trim().to_ascii_lowercase();
        let Some(column) = REQUIRED.iter().chain(&OPTIONAL).position(|known| *known == name) else {
            continue;
        };
        if columns[column].replace(at).is_some() {
            return Err(format!("names the column {name} twice"));
        }
    }
    let missing: Vec<&str> =
        REQUIRED.iter().zip(&columns).filter(|(_, at)| at.is_none()).map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        return Err(format!("lacks {}; it must name {}", missing.join(", "), REQUIRED.join(",")));
    }
    if columns[6].is_some() != columns[7].is_some() {
        return Err("names one of last and last_size without the other".to_owned());
    }
    Ok((columns, names.len()))
}

/// The fields of a line. A field may stand in quotes, which may hold commas and doubled quotes.
fn fields(line: &str) -> Vec<std::borrow::Cow<'_, str>> {
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
        let found = fields(line);
        if found.len() != self.width {
            return Err(BadRow::Fields { found: found.len(), expected: self.width.to_string() });
        }
        let columns = self.columns;
        let text =
            |column: usize| columns[column].and_then(|at| found.get(at)).map_or("", |field| field.trim());
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
        let side = if text(8).is_empty() { None } else { Some(parse_side(text(8))?) };
        let trade = match (text(6), text(7)) {
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
