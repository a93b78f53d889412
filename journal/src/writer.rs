//! Writing a journal: whole batches into one buffer, whole buffers into segments, group commit.
//!
//! A batch is an input and its outcomes. It is encoded into the buffer line by line and counts from
//! [`JournalWriter::commit_batch`] on; only finished batches are ever handed to the operating system, and a
//! segment never ends within one. After the first failed write or sync every call returns an error: what
//! the disk holds is then not known, and only recovery may look at it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use reprise_model::codec::Writer;
use reprise_model::event::{Class, Durability, JournalSynced, RunEnded};
use reprise_model::{Input, Outcome, Record, Seq, Ts};

use crate::durability::{self, Commit, DurabilityMode};
use crate::error::JournalError;
use crate::files;
use crate::line::{self, Envelope};
use crate::lock::{LOCK_FILE, Lock};
use crate::manifest::{Manifest, SegmentSummary};
use crate::order::Order;
use crate::position::Position;
use crate::segment::{MAX_SEGMENTS, plain_name};

/// What is handed to the operating system at once.
const FLUSH_BYTES: usize = 256 << 10;

/// How a journal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterOptions {
    /// How soon batches must be on disk.
    pub durability: DurabilityMode,
    /// A segment takes no more batches once it has this many bytes.
    pub segment_bytes: u64,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { durability: DurabilityMode::Orders, segment_bytes: 256 << 20 }
    }
}

/// Writes one run's journal; holds its lock.
#[derive(Debug)]
pub struct JournalWriter {
    dir: PathBuf,
    options: WriterOptions,
    _lock: Lock,
    pub(crate) file: File,
    /// The segment being written, what is in the buffer included.
    current: SegmentSummary,
    closed: Vec<SegmentSummary>,
    run: String,
    buffer: Writer,
    /// How much of the buffer is whole batches.
    committed_len: usize,
    /// How much of the buffer the hash has.
    hashed_len: usize,
    hash: blake3::Hasher,
    order: Order,
    /// The most urgent event of the batch at hand.
    urgency: Durability,
    /// Behind the last batch or record that counts.
    committed: Position,
    durable: Seq,
    /// What the last `journal.synced` said.
    recorded: Seq,
    poison: Option<String>,
}

/// Where a writer goes on: what recovery, or nothing at all, leads to.
pub(crate) struct Resumption {
    pub order: Order,
    pub hash: blake3::Hasher,
    pub run: String,
    pub closed: Vec<SegmentSummary>,
}

impl JournalWriter {
    /// Makes a new journal in a folder that is new or empty.
    ///
    /// # Errors
    /// When the folder holds anything, or cannot be made.
    pub fn create(dir: &Path, options: WriterOptions) -> Result<Self, JournalError> {
        files::create_dir(dir)?;
        let listed = std::fs::read_dir(dir).map_err(|e| JournalError::io("list", dir, e))?;
        for entry in listed {
            let entry = entry.map_err(|e| JournalError::io("list", dir, e))?;
            if entry.file_name() != LOCK_FILE {
                return Err(JournalError::NotEmpty { path: dir.to_owned() });
            }
        }
        let lock = Lock::take(dir)?;
        let from = Resumption {
            order: Order::default(),
            hash: blake3::Hasher::new(),
            run: String::new(),
            closed: Vec::new(),
        };
        Self::begin(dir, options, lock, from)
    }

    /// Opens the next segment.
    pub(crate) fn begin(
        dir: &Path,
        options: WriterOptions,
        lock: Lock,
        from: Resumption,
    ) -> Result<Self, JournalError> {
        let Resumption { order, hash, run, closed } = from;
        let number = closed.last().map_or(1, |s| s.number + 1);
        // Until something is written to the segment, the place is the end of the one before.
        let closed_at = closed.last().map_or_else(
            || Position::new(1, 0, 0, &order),
            |last| Position::new(last.number, last.lines, last.bytes, &order),
        );
        let file = new_segment(dir, number, options.durability)?;
        Ok(Self {
            dir: dir.to_owned(),
            options,
            _lock: lock,
            file,
            current: SegmentSummary::begin(number, order.seq, order.crc),
            closed,
            run,
            buffer: Writer::new(),
            committed_len: 0,
            hashed_len: 0,
            hash,
            urgency: Durability::Market,
            committed: closed_at,
            durable: order.seq,
            recorded: order.seq,
            order,
            poison: None,
        })
    }

    /// Begins a batch with its input; `outcomes` lines must follow before the batch is committed.
    ///
    /// # Errors
    /// When the line would break the order of the journal, or an earlier write failed.
    #[inline]
    pub fn append_input(
        &mut self,
        seq: Seq,
        ts: Ts,
        input: &Input,
        outcomes: u32,
    ) -> Result<(), JournalError> {
        let kind = input.kind().as_bytes();
        self.place(&envelope(Class::Input, seq, ts, kind, outcomes, Seq(0)))?;
        match input {
            Input::RunStarted(started) => self.run.clone_from(&started.run),
            Input::RunEnded(ended) if ended.content != self.content_hash() => {
                let reason = "its content is not the hash of the journal before it".to_owned();
                return Err(self.fail(JournalError::OutOfTurn { path: self.dir.clone(), seq, reason }));
            }
            _ => {}
        }
        self.order.learn(input);
        self.urgency = durability::of_input(input);
        let start = self.buffer.as_bytes().len();
        line::encode_input(&mut self.buffer, seq, ts, input, outcomes);
        self.end_line(start);
        Ok(())
    }

    /// Appends an outcome to the batch at hand; in a backtest without inputs, to one of outcomes alone.
    ///
    /// # Errors
    /// As [`Self::append_input`].
    #[inline]
    pub fn append_outcome(
        &mut self,
        seq: Seq,
        ts: Ts,
        cause: Seq,
        outcome: &Outcome,
    ) -> Result<(), JournalError> {
        self.place(&envelope(Class::Outcome, seq, ts, outcome.kind().as_bytes(), 0, cause))?;
        if self.urgency == Durability::Market {
            self.urgency = durability::of_outcome(outcome);
        }
        let start = self.buffer.as_bytes().len();
        line::encode_outcome(&mut self.buffer, seq, ts, cause, outcome);
        self.end_line(start);
        Ok(())
    }

    /// Appends a record between batches; it counts at once.
    ///
    /// # Errors
    /// As [`Self::append_input`]; nothing follows `run.ended`.
    pub fn append_record(&mut self, after: Seq, ts: Ts, record: &Record) -> Result<(), JournalError> {
        self.between_batches(after)?;
        self.place(&envelope(Class::Record, after, ts, record.kind().as_bytes(), 0, Seq(0)))?;
        let start = self.buffer.as_bytes().len();
        line::encode_record(&mut self.buffer, after, ts, record);
        self.end_line(start);
        self.committed_len = self.buffer.as_bytes().len();
        self.note_place();
        Ok(())
    }

    /// Ends the batch: from here on it counts. Tells what must happen before it may be published.
    ///
    /// # Errors
    /// When outcomes are missing, or a write fails.
    #[inline]
    pub fn commit_batch(&mut self) -> Result<Commit, JournalError> {
        self.check_poison()?;
        if self.order.pending > 0 {
            let reason = format!("{} outcomes of its batch are missing", self.order.pending);
            return Err(self.out_of_turn(self.order.seq, reason));
        }
        self.committed_len = self.buffer.as_bytes().len();
        self.note_place();
        let asks = self.options.durability.asks(self.urgency);
        self.urgency = Durability::Market;
        if self.committed_len >= FLUSH_BYTES {
            self.flush()?;
        }
        Ok(asks)
    }

    /// Writes and syncs what is committed, and says so in the journal: one sync for many batches.
    /// `now` is the wall clock. Under durability `none` it only writes. Returns what is durable.
    ///
    /// # Errors
    /// When a write or the sync fails; both are final.
    pub fn sync(&mut self, now: Ts) -> Result<Seq, JournalError> {
        match self.start_sync()? {
            Some(sync) => self.finish_sync(sync.run(), now),
            None => Ok(self.durable),
        }
    }

    /// Writes what is committed, and gives the sync to run, on another thread if wanted; `None` when there
    /// is nothing to sync. Batches may be appended meanwhile.
    ///
    /// # Errors
    /// When the write fails.
    pub fn start_sync(&mut self) -> Result<Option<PendingSync>, JournalError> {
        self.flush()?;
        let nothing_new = self.durable >= self.committed.seq && self.recorded >= self.durable;
        if !self.options.durability.syncs() || nothing_new {
            return Ok(None);
        }
        match self.file.try_clone() {
            Ok(file) => Ok(Some(PendingSync { file, through: self.committed.seq })),
            Err(e) => Err(self.fail_io("open again", e)),
        }
    }

    /// Takes a sync's result and appends `journal.synced`. Call it between batches.
    ///
    /// # Errors
    /// When the sync failed, which is final.
    pub fn finish_sync(&mut self, done: SyncDone, now: Ts) -> Result<Seq, JournalError> {
        self.check_poison()?;
        if let Err(e) = done.result {
            return Err(self.fail_io("sync", e));
        }
        self.durable = self.durable.max(done.through);
        if self.recorded < self.durable && !self.order.ended {
            let record = Record::from(JournalSynced { through: self.durable, at: now });
            self.append_record(self.order.seq, now, &record)?;
            self.recorded = self.durable;
        }
        Ok(self.durable)
    }

    /// The last sequence number that is known to be on disk; always 0 under durability `none`.
    #[must_use]
    pub fn durable_through(&self) -> Seq {
        self.durable
    }

    /// The last sequence number that was committed.
    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.committed.seq
    }

    /// The place behind what was committed, for [`JournalReader::open_at`](crate::JournalReader::open_at). It is
    /// in the file once [`Self::flush`] or a sync was called.
    #[must_use]
    pub fn position(&self) -> Position {
        self.committed
    }

    /// BLAKE3 of all uncompressed bytes so far, in hexadecimal: what `run.ended` carries.
    pub fn content_hash(&mut self) -> String {
        self.hash_buffer();
        self.hash.finalize().to_hex().to_string()
    }

    /// The `run.ended` that may be appended next: nothing else may come between.
    pub fn run_ended(&mut self, reason: &str, inputs: u64) -> RunEnded {
        RunEnded { reason: reason.to_owned(), inputs, content: self.content_hash() }
    }

    /// Writes what is left, syncs it unless durability is `none`, and writes the manifest.
    ///
    /// # Errors
    /// When a batch is open, or a write or sync fails.
    pub fn finish(mut self) -> Result<Manifest, JournalError> {
        self.between_batches(self.order.seq)?;
        self.flush()?;
        let synced = self.options.durability.syncs();
        if synced && let Err(e) = self.file.sync_all() {
            return Err(self.fail_io("sync", e));
        }
        self.current.end_at(self.order.seq, self.order.crc);
        self.closed.push(self.current.clone());
        let manifest = Manifest::new(self.run.clone(), self.order.ended, synced, self.closed.clone());
        manifest.write(&self.dir, synced)?;
        Ok(manifest)
    }

    #[inline]
    fn place(&mut self, line: &Envelope<'_>) -> Result<(), JournalError> {
        self.check_poison()?;
        let at_boundary = self.committed_len == self.buffer.as_bytes().len();
        if self.current.bytes >= self.options.segment_bytes && at_boundary {
            self.roll()?;
        }
        match self.order.place(line) {
            Ok(()) => Ok(()),
            Err(fault) => Err(self.out_of_turn(line.seq, fault.to_string())),
        }
    }

    #[inline]
    fn end_line(&mut self, start: usize) {
        let buffer = self.buffer.buffer();
        self.order.crc = line::end_line(buffer, start, self.order.crc);
        self.current.lines += 1;
        self.current.bytes += (buffer.len() - start) as u64;
    }

    fn between_batches(&self, seq: Seq) -> Result<(), JournalError> {
        self.check_poison()?;
        if self.committed_len == self.buffer.as_bytes().len() {
            return Ok(());
        }
        Err(self.out_of_turn(seq, "a batch is open; commit it first".to_owned()))
    }

    fn hash_buffer(&mut self) {
        self.hash.update(&self.buffer.as_bytes()[self.hashed_len..]);
        self.hashed_len = self.buffer.as_bytes().len();
    }

    #[inline]
    fn note_place(&mut self) {
        let SegmentSummary { number, lines, bytes, .. } = self.current;
        self.committed = Position::new(number, lines, bytes, &self.order);
    }

    /// Hands what was committed to the operating system, so that it survives this process; no sync.
    ///
    /// # Errors
    /// When the write fails, which is final.
    pub fn flush(&mut self) -> Result<(), JournalError> {
        self.check_poison()?;
        if self.committed_len == 0 {
            return Ok(());
        }
        self.hash_buffer();
        if let Err(e) = self.file.write_all(&self.buffer.as_bytes()[..self.committed_len]) {
            return Err(self.fail_io("write", e));
        }
        self.buffer.buffer().drain(..self.committed_len);
        self.hashed_len -= self.committed_len;
        self.committed_len = 0;
        Ok(())
    }

    /// Ends the segment and begins the next; only done when a line comes, so that no segment stays empty.
    #[cold]
    fn roll(&mut self) -> Result<(), JournalError> {
        self.flush()?;
        let synced = self.options.durability.syncs();
        if synced {
            if let Err(e) = self.file.sync_all() {
                return Err(self.fail_io("sync", e));
            }
            self.durable = self.committed.seq;
        }
        self.current.end_at(self.order.seq, self.order.crc);
        let next = SegmentSummary::begin(self.current.number + 1, self.order.seq, self.order.crc);
        self.closed.push(std::mem::replace(&mut self.current, next));
        match new_segment(&self.dir, self.current.number, self.options.durability) {
            Ok(file) => self.file = file,
            Err(e) => return Err(self.fail(e)),
        }
        let manifest = Manifest::new(self.run.clone(), false, synced, self.closed.clone());
        manifest.write(&self.dir, synced).map_err(|e| self.fail(e))
    }

    #[inline]
    fn check_poison(&self) -> Result<(), JournalError> {
        match &self.poison {
            None => Ok(()),
            Some(reason) => Err(JournalError::Poisoned { path: self.dir.clone(), reason: reason.clone() }),
        }
    }

    #[cold]
    fn out_of_turn(&self, seq: Seq, reason: String) -> JournalError {
        JournalError::OutOfTurn { path: self.dir.clone(), seq, reason }
    }

    #[cold]
    fn fail_io(&mut self, action: &'static str, source: io::Error) -> JournalError {
        let error = JournalError::io(action, &self.dir.join(plain_name(self.current.number)), source);
        self.fail(error)
    }

    /// Nothing is written after this.
    #[cold]
    fn fail(&mut self, error: JournalError) -> JournalError {
        self.poison = Some(error.to_string());
        error
    }
}

/// A sync that was not run yet.
#[derive(Debug)]
pub struct PendingSync {
    file: File,
    through: Seq,
}

impl PendingSync {
    /// Runs it; blocks until the disk has answered.
    #[must_use]
    pub fn run(self) -> SyncDone {
        SyncDone { through: self.through, result: self.file.sync_data() }
    }
}

/// What became of a [`PendingSync`].
#[derive(Debug)]
pub struct SyncDone {
    through: Seq,
    result: io::Result<()>,
}

#[inline]
fn envelope(class: Class, seq: Seq, ts: Ts, kind: &[u8], outcomes: u32, cause: Seq) -> Envelope<'_> {
    Envelope { class, seq, ts, kind, outcomes, cause, payload: &[], covered: &[], crc: 0 }
}

fn new_segment(dir: &Path, number: u32, durability: DurabilityMode) -> Result<File, JournalError> {
    if number > MAX_SEGMENTS {
        let reason = "it has as many segments as the format allows; start a new run".to_owned();
        return Err(JournalError::OutOfTurn { path: dir.to_owned(), seq: Seq(0), reason });
    }
    let file = files::create_new(&dir.join(plain_name(number)))?;
    if durability.syncs() {
        files::sync_dir(dir)?;
    }
    Ok(file)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use reprise_model::event::ClockAdvanced;

    use super::*;

    fn append(writer: &mut JournalWriter, seq: u64) -> Result<Commit, JournalError> {
        writer.append_input(Seq(seq), Ts(5), &Input::from(ClockAdvanced {}), 0)?;
        writer.commit_batch()
    }

    /// A writer whose segment is another file, behind a line that counts as written.
    fn writer_to(dir: &Path, device: &str) -> JournalWriter {
        let mut writer = JournalWriter::create(dir, WriterOptions::default()).unwrap();
        writer.order.seq = Seq(1);
        writer.file = std::fs::OpenOptions::new().write(true).open(device).unwrap();
        append(&mut writer, 2).unwrap();
        writer
    }

    /// Breaks when a writer goes on after a failed write or sync, whose effect on the disk nobody knows.
    #[test]
    fn the_first_failure_is_final() {
        // Writing to /dev/full fails as on a full disk; /dev/null cannot be synced.
        for (device, disk_full) in [("/dev/full", true), ("/dev/null", false)] {
            let dir = tempfile::tempdir().unwrap();
            let mut writer = writer_to(dir.path(), device);
            let error = writer.sync(Ts(6)).unwrap_err();
            assert_eq!(matches!(error, JournalError::DiskFull { .. }), disk_full, "{error:?}");
            assert!(error.to_string().contains("000001.jsonl"), "{error}");
            assert_eq!(writer.durable_through(), Seq(0));
            let later = [
                append(&mut writer, 3).map(drop),
                writer.commit_batch().map(drop),
                writer.sync(Ts(7)).map(drop),
                writer.start_sync().map(drop),
                writer.finish().map(drop),
            ];
            for result in later {
                let error = result.unwrap_err();
                assert!(matches!(&error, JournalError::Poisoned { .. }), "{error:?}");
                assert!(error.to_string().contains("an earlier write failed: cannot"), "{error}");
            }
        }
    }

    /// Breaks when the failure of a sync on another thread is lost.
    #[test]
    fn a_sync_that_fails_elsewhere_is_final() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = writer_to(dir.path(), "/dev/null");
        let pending = writer.start_sync().unwrap().unwrap();
        append(&mut writer, 3).unwrap();
        let done = std::thread::spawn(|| pending.run()).join().unwrap();
        assert!(matches!(writer.finish_sync(done, Ts(6)), Err(JournalError::Io { .. })));
        assert!(matches!(append(&mut writer, 4), Err(JournalError::Poisoned { .. })));
    }
}
