//! Tests of the gate, the watch and the kill switch inside a real core.

mod draft;
mod exits;
mod gate;
mod kill;
mod limits;
mod properties;
mod rows;
mod settings;
mod terms;
mod watch;
mod world;

pub(crate) use self::world::{SPOT, World, buy, id, price};
