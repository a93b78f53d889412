//! `reprise strategies`: what can be run, and with which parameters.

use anyhow::Result;
use reprise_assembly::Registry;
use serde_json::json;

use crate::args::StrategiesArgs;
use crate::exit;
use crate::output::{print_json, print_line};

/// Lists.
pub fn run(args: &StrategiesArgs, registry: &Registry) -> Result<u8> {
    if args.json {
        let kinds: Vec<_> = registry
            .kinds()
            .map(|kind| {
                let params: Vec<_> = kind
                    .params
                    .iter()
                    .map(
                        |p| json!({"name": p.name, "takes": p.takes, "default": p.default, "about": p.about}),
                    )
                    .collect();
                json!({"name": kind.name, "about": kind.about, "params": params})
            })
            .collect();
        print_json(&kinds)?;
    } else {
        print_line(registry.help().trim_end())?;
    }
    Ok(exit::DONE)
}
