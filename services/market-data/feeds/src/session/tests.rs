//! Frames in, events and messages out.
