//! Market data for Reprise: recordings become a stream of inputs, and venue messages become books.
//!
//! [`import`] reads recorded files in two passes: the first checks every row and infers the instruments'
//! definitions, the second emits the inputs in time order. [`book`] puts order books together by the
//! venue's sequence rules. [`lines`] reads text of any length, packed or plain, in constant memory.
//!
//! Nothing here decides anything about trading, and nothing here writes a journal.

pub mod book;
pub mod import;
pub mod lines;
