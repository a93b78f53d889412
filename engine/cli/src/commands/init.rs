//! placeholder
use anyhow::Result;

use crate::args::InitArgs;

/// x
pub fn run(_args: &InitArgs) -> Result<u8> {
    Ok(0)
}
