//! The live single-writer loop.
