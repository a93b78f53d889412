//! The core, tested as a whole: its state against naive twins, its bus against what it promises.

mod accounts;
mod books;
mod cascades;
mod digests;
mod folding;
mod markets;
mod orders;
mod script;
mod support;
mod timers;
mod twin;
