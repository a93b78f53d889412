//! Raw frames, kept: everything a session was told, one line each, so that the same events can be made of it again.
//!
//! A line is `<ns> <mark> <rest>`: when, in Unix nanoseconds, and what.
//!
//! | mark | rest |
//! | --- | --- |
//! | `start` | the seed of the waits, 16 hexadecimal digits |
//! | `define` | `[["symbol","heard as",{definition}],…]` |
//! | `undefined` | why, as a JSON string |
//! | `open` | |
//! | `<` | a frame as it came |
//! | `<"` | a frame that holds line breaks, as a JSON string |
//! | `close` | the close code or `-`, and why, as a JSON string |
//! | `tick` | |
//! | `stop` | |
//! | `>` | a frame that was sent; for the reader alone |

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use reprise_model::codec::{from_bytes, to_bytes};
use reprise_model::{Instrument, Ts};
use serde_json::value::RawValue;

use crate::outlet::Outlet;
use crate::session::{Action, Listing, Session, Told};
use crate::settings::{CaptureSettings, FeedSettings};

/// What waits for the disk at most; a larger frame goes straight through.
const BUFFER: usize = 64 << 10;

/// Why frames cannot be kept, or not be read again.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The folder or a file in it.
    #[error("the capture {path} cannot be {done}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried.
        done: &'static str,
        /// What came of it.
        source: io::Error,
    },
    /// A line that says nothing.
    #[error("line {line} of the capture {path} cannot be read: {reason}")]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A later file alone.
    #[error(
        "the capture {path} begins in the middle of a session; name its folder to read it with those before it"
    )]
    Middle {
        /// Which file.
        path: PathBuf,
    },
    /// No file at all.
    #[error("there is no capture of {venue} in {path}")]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// The venue.
        venue: &'static str,
    },
    /// Whoever took the events takes no more.
    #[error(transparent)]
    Closed(#[from] crate::outlet::Closed),
}

/// The files of one venue, being written.
#[derive(Debug)]
pub(crate) struct Capture {
    settings: CaptureSettings,
    prefix: String,
    number: u32,
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
    line: Vec<u8>,
    /// The disk refused something: nothing more is kept.
    is_broken: bool,
}

impl Capture {
    pub(crate) fn open(settings: CaptureSettings, venue: &str) -> Result<Self, CaptureError> {
        let folder = &settings.folder;
        let fault = |source| CaptureError::Io { path: folder.clone(), done: "made", source };
        fs::create_dir_all(folder).map_err(fault)?;
        let prefix = venue.to_lowercase();
        let number = files(folder, &prefix)?.last().map_or(0, |(number, _)| *number) + 1;
        let (path, file) = create(folder, &prefix, number)?;
        Ok(Self { settings, prefix, number, path, file, bytes: 0, line: Vec::new(), is_broken: false })
    }

    /// Keeps what a session is told.
    pub(crate) fn told(&mut self, now: Ts, told: &Told<'_>) {
        self.line.clear();
        let _ = write!(self.line, "{now} ");
        write_told(told, &mut self.line);
        self.keep();
    }

    /// Keeps what was sent.
    pub(crate) fn sent(&mut self, now: Ts, text: &str) {
        self.line.clear();
        let _ = write!(self.line, "{now} > ");
        self.line.extend(text.bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }));
        self.keep();
    }

    fn keep(&mut self) {
        self.line.push(b'\n');
        let Self { file, line, is_broken, .. } = self;
        if *is_broken {
            return;
        }
        let written = file.write_all(line);
        self.bytes += self.line.len() as u64;
        let rotated = match written {
            Ok(()) if self.bytes >= self.settings.rotate_bytes => self.rotate(),
            Ok(()) => Ok(()),
            Err(source) => Err(CaptureError::Io { path: self.path.clone(), done: "written", source }),
        };
        self.note(rotated);
    }

    fn rotate(&mut self) -> Result<(), CaptureError> {
        self.flush();
        self.number += 1;
        (self.path, self.file) = create(&self.settings.folder, &self.prefix, self.number)?;
        self.bytes = 0;
        Ok(())
    }

    pub(crate) fn flush(&mut self) {
        if !self.is_broken {
            let flushed = self.file.flush();
            let flushed = flushed.map_err(|source| CaptureError::Io {
                path: self.path.clone(),
                done: "written",
                source,
            });
            self.note(flushed);
        }
    }

    /// A full disk must not stop trading: frames are kept no more, and that is said.
    fn note(&mut self, done: Result<(), CaptureError>) {
        if let Err(fault) = done {
            self.is_broken = true;
            tracing::error!(%fault, "raw frames are kept no more; the feed goes on");
        }
    }
}

fn create(folder: &Path, prefix: &str, number: u32) -> Result<(PathBuf, BufWriter<File>), CaptureError> {
    let path = folder.join(format!("{prefix}-{number:06}.frames"));
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path) {
        Ok(file) => Ok((path, BufWriter::with_capacity(BUFFER, file))),
        Err(source) => Err(CaptureError::Io { path, done: "made", source }),
    }
}

/// The numbered files of a venue in a folder, by number.
fn files(folder: &Path, prefix: &str) -> Result<Vec<(u32, PathBuf)>, CaptureError> {
    let fault = |source| CaptureError::Io { path: folder.to_owned(), done: "listed", source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name
            .strip_prefix(prefix)
            .and_then(|name| name.strip_prefix('-')?.strip_suffix(".frames")?.parse().ok());
        if let Some(number) = number {
            files.push((number, path));
        }
    }
    files.sort();
    Ok(files)
}

fn write_told(told: &Told<'_>, line: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = match told {
        Told::Started { seed } => write!(line, "start {seed:016x}"),
        Told::Defined(listings) => {
            line.extend_from_slice(b"define ");
            write_listings(listings, line);
            Ok(())
        }
        Told::Undefined { why } => write!(line, "undefined {}", quoted(why)),
        Told::Connected => write!(line, "open"),
        Told::Frame(text) if text.contains(['\n', '\r']) => write!(line, "<\" {}", quoted(text)),
        Told::Frame(text) => write!(line, "< {text}"),
        Told::Closed { code: Some(code), why } => write!(line, "close {code} {}", quoted(why)),
        Told::Closed { code: None, why } => write!(line, "close - {}", quoted(why)),
        Told::Tick => write!(line, "tick"),
        Told::Stopped => write!(line, "stop"),
    };
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn write_listings(listings: &[Listing], line: &mut Vec<u8>) {
    line.push(b'[');
    for (at, listing) in listings.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(line, "{comma}[{},{},", quoted(&listing.symbol), quoted(&listing.heard_as));
        line.extend_from_slice(&to_bytes(&listing.definition));
        line.push(b']');
    }
    line.push(b']');
}

/// A line, read: what was told and when; `None` for what was sent. `room` holds a text that had to be unquoted.
fn read_line<'a>(line: &'a str, room: &'a mut String) -> Result<Option<(Ts, Told<'a>)>, &'static str> {
    let (time, rest) = line.split_once(' ').ok_or("no time and mark")?;
    let now = Ts(time.parse().map_err(|_| "its time is no whole number of nanoseconds")?);
    let (mark, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let text = |text| serde_json::from_str::<String>(text).map_err(|_| "its text is no JSON string");
    Ok(Some((
        now,
        match mark {
            "start" => Told::Started {
                seed: u64::from_str_radix(rest, 16).map_err(|_| "its seed is no hexadecimal number")?,
            },
            "define" => Told::Defined(read_listings(rest).ok_or("its definitions cannot be read")?),
            "undefined" => Told::Undefined { why: text(rest)? },
            "open" => Told::Connected,
            "<" => Told::Frame(rest),
            "<\"" => {
                *room = text(rest)?;
                Told::Frame(room)
            }
            "close" => {
                let (code, why) = rest.split_once(' ').ok_or("its close has no reason")?;
                let code = match code {
                    "-" => None,
                    code => Some(code.parse().map_err(|_| "its close code is no number")?),
                };
                Told::Closed { code, why: text(why)? }
            }
            "tick" => Told::Tick,
            "stop" => Told::Stopped,
            ">" => return Ok(None),
            _ => return Err("its mark is not known"),
        },
    )))
}

fn read_listings(text: &str) -> Option<Vec<Listing>> {
    let raw: Vec<(String, String, &RawValue)> = serde_json::from_str(text).ok()?;
    raw.into_iter()
        .map(|(symbol, heard_as, definition)| {
            let definition: Instrument = from_bytes(definition.get().as_bytes()).ok()?;
            Some(Listing { symbol, heard_as, definition })
        })
        .collect()
}

/// What was made of a capture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Things told.
    pub told: u64,
    /// Events handed on.
    pub events: u64,
}

/// Tells sessions again what a capture kept, and hands on the events they make of it: with the same settings the
/// same events at the same times. `path` is the folder, or a file that begins with a start.
///
/// # Errors
/// When there is no capture, it cannot be read, or the outlet is closed. A last line without an end is left out.
pub fn replay_capture(
    path: &Path,
    settings: &FeedSettings,
    outlet: &mut dyn Outlet,
) -> Result<Replayed, CaptureError> {
    let venue = settings.venue();
    let paths = match path.is_dir() {
        true => files(path, &venue.to_lowercase())?.into_iter().map(|(_, path)| path).collect(),
        false => vec![path.to_owned()],
    };
    if paths.is_empty() {
        return Err(CaptureError::Nothing { path: path.to_owned(), venue });
    }
    let mut replayed = Replayed::default();
    let mut session = None;
    for path in &paths {
        replay_file(path, settings, &mut session, &mut replayed, outlet)?;
    }
    outlet.flush()?;
    Ok(replayed)
}

fn replay_file(
    path: &Path,
    settings: &FeedSettings,
    session: &mut Option<Session>,
    replayed: &mut Replayed,
    outlet: &mut dyn Outlet,
) -> Result<(), CaptureError> {
    let fault = |source| CaptureError::Io { path: path.to_owned(), done: "read", source };
    let mut reader = BufReader::new(File::open(path).map_err(fault)?);
    let (mut line, mut room, mut actions) = (String::new(), String::new(), Vec::new());
    for number in 1.. {
        line.clear();
        reader.read_line(&mut line).map_err(fault)?;
        // What was being written when the process ended is no line.
        let Some(text) = line.strip_suffix('\n') else { break };
        let read = read_line(text, &mut room);
        let read =
            read.map_err(|reason| CaptureError::Line { path: path.to_owned(), line: number, reason })?;
        let Some((now, told)) = read else { continue };
        if matches!(told, Told::Started { .. }) {
            *session = Some(Session::new(settings));
        }
        let Some(session) = session.as_mut() else {
            return Err(CaptureError::Middle { path: path.to_owned() });
        };
        session.tell(now, told, &mut actions);
        replayed.told += 1;
        for action in actions.drain(..) {
            if let Action::Emit(input) = action {
                replayed.events += 1;
                outlet.take(now, input)?;
            }
        }
        outlet.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
