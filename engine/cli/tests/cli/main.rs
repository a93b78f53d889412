//! The product as its users meet it: the binary, run on files in a folder of its own.

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod bad_configuration;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod bad_journals;
#[cfg(test)]
mod bad_places;
#[cfg(test)]
mod bars;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod control;
#[cfg(test)]
mod demo;
#[cfg(test)]
#[path = "../../../../services/console/tests/console/devtools.rs"]
#[expect(dead_code, reason = "pictures are taken by the console's own tests")]
mod devtools;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod ema_cross;
#[cfg(test)]
mod forged;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod live;
#[cfg(test)]
mod market;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod running;
#[cfg(test)]
mod same_decisions;
#[cfg(test)]
mod segments;
#[cfg(test)]
mod service;
#[cfg(test)]
#[path = "../../../../services/alerts/delivery/tests/delivery/shapes/mod.rs"]
mod shapes;
#[cfg(test)]
mod watched;
