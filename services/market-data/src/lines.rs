//! Lines of text files of any length, plain or packed (gzip, zstd, zip entries), in constant memory.
//!
//! How a file is packed is told by its first bytes, never by its name. A line that cannot be text is a
//! fault of that line and reading goes on behind it; a file that breaks off is a fault of its last line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest line that is read; a whole-book snapshot takes a few megabytes.
pub const MAX_LINE_BYTES: usize = 16 << 20;

const BUFFER_BYTES: usize = 64 << 10;

/// Bytes read from disk so far, shared with whoever shows progress.
#[derive(Debug, Clone, Default)]
pub struct BytesRead(Arc<AtomicU64>);

impl BytesRead {
    /// The count.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// The line holds bytes that are not UTF-8.
    #[error("byte {at} of the line is not UTF-8 text")]
    NotUtf8 {
        /// The first such byte, counted from 1.
        at: usize,
    },
    /// The line is longer than [`MAX_LINE_BYTES`].
    #[error("the line is longer than {max} bytes")]
    TooLong {
        /// The bound.
        max: usize,
    },
    /// The file breaks off or its packing is damaged; nothing can be read behind this point.
    #[error("the file is damaged or cut off here: {detail}")]
    Damaged {
        /// What the reader said.
        detail: String,
    },
}

/// How a file is packed, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip, one or more members.
    Gzip,
    /// Zstandard, one or more frames.
    Zstd,
    /// A zip archive.
    Zip,
    /// Apache Parquet, which is no text at all.
    Parquet,
}

/// Tells a file's packing by its first bytes.
#[must_use]
pub fn packing_of(start: &[u8]) -> Packing {
    match start {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Packing::Zstd,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Packing::Zip,
        [b'P', b'A', b'R', b'1', ..] => Packing::Parquet,
        _ => Packing::Plain,
    }
}

/// A reader that counts what it hands out.
struct Counted<R> {
    inner: R,
    count: BytesRead,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count.0.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Opens a regular file and tells its packing.
///
/// # Errors
/// When the file cannot be opened or read, or is not a regular file.
pub fn open_file(path: &Path) -> io::Result<(File, Packing)> {
    let mut file = File::open(path)?;
    let kind = file.metadata()?;
    if kind.is_dir() {
        return Err(io::Error::other("it is a folder; name the files in it"));
    }
    if !kind.is_file() {
        return Err(io::Error::other("it is not a regular file, and the import has to read it twice"));
    }
    let mut start = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok((file, packing_of(&start)))
}

/// The lines of one text.
pub struct Lines {
    reader: Box<dyn BufRead + Send>,
    number: u64,
    ended: bool,
    line: Vec<u8>,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("number", &self.number)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Lines {
    /// Opens a file, plain, gzip or zstd.
    ///
    /// # Errors
    /// When the file cannot be opened, or is not a regular file.
    pub fn open(path: &Path, count: &BytesRead) -> io::Result<Self> {
        let (file, packing) = open_file(path)?;
        let file = BufReader::with_capacity(BUFFER_BYTES, Counted { inner: file, count: count.clone() });
        Ok(match packing {
            Packing::Gzip => Self::unpacked(flate2::bufread::MultiGzDecoder::new(file)),
            Packing::Zstd => Self::unpacked(zstd::stream::read::Decoder::with_buffer(file)?),
            Packing::Plain | Packing::Zip | Packing::Parquet => Self::new(file),
        })
    }

    /// The lines of anything that can be read in buffers.
    pub fn new(reader: impl BufRead + Send + 'static) -> Self {
        Self { reader: Box::new(reader), number: 0, ended: false, line: Vec::new() }
    }

    fn unpacked(reader: impl Read + Send + 'static) -> Self {
        Self::new(BufReader::with_capacity(BUFFER_BYTES, reader))
    }

    /// The number of the line that was read last, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line without its end, `None` behind the last one. A last line needs no line end; a byte
    /// order mark at the start of the text is left out.
    ///
    /// # Errors
    /// When this line is no text; reading may go on, and after [`LineFault::Damaged`] finds the end.
    pub fn next_line(&mut self) -> Result<Option<&str>, LineFault> {
        if self.ended {
            return Ok(None);
        }
        self.line.clear();
        self.number += 1;
        let whole = self.fill_line()?;
        if self.line.is_empty() && !whole {
            self.ended = true;
            self.number -= 1;
            return Ok(None);
        }
        let mut bytes = self.line.as_slice();
        if self.number == 1 {
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(fault) => Err(LineFault::NotUtf8 { at: fault.valid_up_to() + 1 }),
        }
    }

    /// Reads up to the line's end; false when the text ended before it.
    fn fill_line(&mut self) -> Result<bool, LineFault> {
        let room = MAX_LINE_BYTES as u64 + 1;
        let read = self.reader.by_ref().take(room).read_until(b'\n', &mut self.line);
        if let Err(fault) = read {
            return Err(self.damaged(&fault));
        }
        if self.line.last() == Some(&b'\n') {
            return Ok(true);
        }
        if self.line.len() > MAX_LINE_BYTES {
            self.line = Vec::new();
            self.skip_line()?;
            return Err(LineFault::TooLong { max: MAX_LINE_BYTES });
        }
        Ok(false)
    }

    /// Passes over the rest of a line without keeping it.
    fn skip_line(&mut self) -> Result<(), LineFault> {
        match self.reader.skip_until(b'\n') {
            Ok(_) => Ok(()),
            Err(fault) => Err(self.damaged(&fault)),
        }
    }

    fn damaged(&mut self, fault: &io::Error) -> LineFault {
        self.ended = true;
        LineFault::Damaged { detail: fault.to_string() }
    }
}

/// A file inside a zip archive, where it lies and what its unpacked bytes must sum to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipEntry {
    /// Its name in the archive.
    pub name: String,
    /// Where its packed bytes start in the archive.
    start: u64,
    packed_bytes: u64,
    bytes: u64,
    crc: u32,
    deflated: bool,
}

/// The files inside a zip archive, in its own order.
///
/// # Errors
/// When the archive is damaged, or holds a file that is encrypted or packed in an unusual way.
pub fn zip_entries(path: &Path) -> io::Result<Vec<ZipEntry>> {
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(path)?)).map_err(io::Error::other)?;
    let mut entries = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(io::Error::other)?;
        if entry.is_dir() {
            continue;
        }
        if entry.encrypted() {
            return Err(io::Error::other(format!("{} is encrypted", entry.name())));
        }
        let deflated = match entry.compression() {
            zip::CompressionMethod::Deflated => true,
            zip::CompressionMethod::Stored => false,
            other => return Err(io::Error::other(format!("{} is packed with {other}", entry.name()))),
        };
        entries.push(ZipEntry {
            name: entry.name().to_owned(),
            start: entry.data_start(),
            packed_bytes: entry.compressed_size(),
            bytes: entry.size(),
            crc: entry.crc32(),
            deflated,
        });
    }
    Ok(entries)
}

impl Lines {
    /// Opens a file inside a zip archive; its length and checksum are verified at its end.
    ///
    /// # Errors
    /// When the archive cannot be opened.
    pub fn open_entry(path: &Path, entry: &ZipEntry, count: &BytesRead) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(entry.start))?;
        let packed = BufReader::with_capacity(
            BUFFER_BYTES,
            Counted { inner: file, count: count.clone() }.take(entry.packed_bytes),
        );
        let (left, crc) = (entry.bytes, entry.crc);
        Ok(if entry.deflated {
            let inner = flate2::bufread::DeflateDecoder::new(packed);
            Self::unpacked(Checked { inner, left, crc, sum: flate2::Crc::new() })
        } else {
            Self::unpacked(Checked { inner: packed, left, crc, sum: flate2::Crc::new() })
        })
    }
}

/// Verifies length and checksum when the end is reached.
struct Checked<R> {
    inner: R,
    left: u64,
    crc: u32,
    sum: flate2::Crc,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.sum.update(&buf[..n]);
        match self.left.checked_sub(n as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other("it unpacks to more than the archive says")),
        }
        if n == 0 && !buf.is_empty() {
            if self.left > 0 {
                return Err(io::Error::other("it unpacks to less than the archive says"));
            }
            if self.sum.sum() != self.crc {
                return Err(io::Error::other("its checksum is not the one in the archive"));
            }
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn all(mut lines: Lines) -> Vec<(u64, Result<String, LineFault>)> {
        let mut out = Vec::new();
        loop {
            let found = lines.next_line().map(|line| line.map(str::to_owned));
            match found {
                Ok(None) => return out,
                Ok(Some(line)) => out.push((lines.number(), Ok(line))),
                Err(fault) => out.push((lines.number(), Err(fault))),
            }
        }
    }

    fn texts(bytes: &'static [u8]) -> Vec<(u64, Result<String, LineFault>)> {
        all(Lines::new(bytes))
    }

    /// Breaks when line ends, a byte order mark, a missing last line end or bad bytes are read wrongly, or
    /// when line numbers run off.
    #[test]
    fn lines_keep_their_numbers() {
        let ok = |n: u64, s: &str| (n, Ok(s.to_owned()));
        let rows: [(&'static [u8], Vec<_>); 7] = [
            (b"", vec![]),
            (b"a", vec![ok(1, "a")]),
            (b"a\n", vec![ok(1, "a")]),
            (b"a\r\n\r\nb", vec![ok(1, "a"), ok(2, ""), ok(3, "b")]),
            (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", vec![ok(1, "a"), ok(2, "\u{feff}b")]),
            (b"a\nb\xffc\nd\n", vec![ok(1, "a"), (2, Err(LineFault::NotUtf8 { at: 2 })), ok(3, "d")]),
            (b"\n\n", vec![ok(1, ""), ok(2, "")]),
        ];
        for (bytes, expected) in rows {
            assert_eq!(texts(bytes), expected, "{bytes:?}");
        }
    }

    /// Breaks when one endless line fills the memory, or hides the lines behind it.
    #[test]
    fn a_line_without_end_is_passed_over() {
        let long = io::repeat(b'x').take(MAX_LINE_BYTES as u64 + 10).chain(&b"\nb\n"[..]);
        let found = all(Lines::unpacked(long));
        assert_eq!(found, [(1, Err(LineFault::TooLong { max: MAX_LINE_BYTES })), (2, Ok("b".to_owned()))]);
        let longest = io::repeat(b'x').take(MAX_LINE_BYTES as u64).chain(&b"\nb\n"[..]);
        assert_eq!(all(Lines::unpacked(longest)).len(), 2);
    }

    fn packed(text: &[u8]) -> [(Packing, Vec<u8>); 3] {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&text[..text.len() / 2]).unwrap();
        let mut members = gz.finish().unwrap();
        let mut second = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        second.write_all(&text[text.len() / 2..]).unwrap();
        members.extend(second.finish().unwrap());
        let zst = zstd::stream::encode_all(text, 1).unwrap();
        [(Packing::Plain, text.to_vec()), (Packing::Gzip, members), (Packing::Zstd, zst)]
    }

    /// Breaks when a packed file reads otherwise than the plain one, or when a cut one passes for whole.
    #[test]
    fn packed_files_read_like_plain_ones() {
        let folder = tempfile::tempdir().unwrap();
        let text: Vec<u8> = (0..5000).flat_map(|n| format!("line {n} {}\n", n * 7919).into_bytes()).collect();
        for (packing, bytes) in packed(&text) {
            let path = folder.path().join("named-badly.txt");
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(open_file(&path).unwrap().1, packing);
            let count = BytesRead::default();
            let found = all(Lines::open(&path, &count).unwrap());
            assert_eq!(found.len(), 5000, "{packing:?}");
            assert_eq!(found[4999], (5000, Ok("line 4999 39587081".to_owned())));
            assert_eq!(count.get(), bytes.len() as u64);
            if packing != Packing::Plain {
                std::fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
                let cut = all(Lines::open(&path, &count).unwrap());
                assert!(matches!(cut.last(), Some((_, Err(LineFault::Damaged { .. })))), "{packing:?}");
            }
        }
    }

    /// Breaks when an archive's entry is read past its end, or a damaged one passes for whole.
    #[test]
    fn zip_entries_are_verified() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, method) in
            [("stored", zip::CompressionMethod::Stored), ("deflated", zip::CompressionMethod::Deflated)]
        {
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            zip.start_file(name, options).unwrap();
            zip.write_all(b"one\ntwo\n").unwrap();
        }
        zip.finish().unwrap();
        let entries = zip_entries(&path).unwrap();
        assert_eq!(entries.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["stored", "deflated"]);
        for entry in &entries {
            let good = all(Lines::open_entry(&path, entry, &BytesRead::default()).unwrap());
            assert_eq!(good, [(1, Ok("one".to_owned())), (2, Ok("two".to_owned()))]);
            for wrong in
                [ZipEntry { crc: entry.crc ^ 1, ..entry.clone() }, ZipEntry { bytes: 7, ..entry.clone() }]
            {
                let bad = all(Lines::open_entry(&path, &wrong, &BytesRead::default()).unwrap());
                assert!(matches!(bad.last(), Some((_, Err(LineFault::Damaged { .. })))), "{bad:?}");
            }
        }
        std::fs::write(&path, &std::fs::read(&path).unwrap()[..60]).unwrap();
        assert!(zip_entries(&path).is_err());
        assert!(open_file(folder.path()).is_err());
    }
}
