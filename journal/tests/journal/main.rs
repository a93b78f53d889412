//! The journal from outside: what is written is read back, damage is found, crashes are recovered from.

#[cfg(test)]
mod epochs;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod recovering;
#[cfg(test)]
mod sealing;
#[cfg(test)]
mod support;
#[cfg(test)]
mod verifying;
#[cfg(test)]
mod writing;
