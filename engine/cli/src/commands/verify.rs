//! `reprise verify`: recompute a run's decisions and compare.

use anyhow::Result;
use reprise_assembly::Registry;
use reprise_replays::{Verdict, VerifyOptions, verify};
use serde_json::json;

use crate::args::VerifyArgs;
use crate::exit;
use crate::folders::refuse_other_file;
use crate::output::{grouped, print_json, print_line, print_table, progress_bar, say, show};

/// Verifies.
pub fn run(args: &VerifyArgs, registry: &Registry) -> Result<u8> {
    for path in std::iter::once(&args.run).chain(&args.source) {
        refuse_other_file(path)?;
    }
    let bar = progress_bar("verifying");
    let options = VerifyOptions { source: args.source.clone() };
    let verdict = verify(&args.run, registry, &options, &mut |p| show(&bar, p.read_bytes, p.total_bytes))?;
    bar.finish_and_clear();
    match verdict {
        Verdict::Identical { inputs, outcomes, digest, ended, through, halted } => {
            if args.json {
                print_json(&json!({
                    "identical": true, "inputs": inputs, "outcomes": outcomes, "digest": digest, "ended": ended,
                    "through": through.0, "halted": halted,
                }))?;
            } else {
                let open = if ended {
                    String::new()
                } else {
                    format!("; the run has not ended, verified up to seq {through}")
                };
                print_line(format_args!(
                    "identical: {} outcomes recomputed from {} inputs{open}",
                    grouped(outcomes),
                    grouped(inputs)
                ))?;
                if let Some(reason) = halted {
                    print_line(format_args!(
                        "then the engine halts, as it did when the run was made: {reason}"
                    ))?;
                }
                print_line(format_args!("decision digest {digest}"))?;
            }
            Ok(exit::DONE)
        }
        Verdict::Different(difference) => {
            if args.json {
                print_json(&json!({"identical": false, "first_difference": difference,
                    "seq": difference.seq, "kind": difference.kind, "field": difference.field,
                    "recorded": difference.recorded, "recomputed": difference.recomputed}))?;
            } else {
                let rows = [vec![
                    difference.seq.to_string(),
                    difference.kind,
                    difference.field,
                    difference.recorded.to_string(),
                    difference.recomputed.to_string(),
                ]];
                print_line("different: the first difference is")?;
                print_table(&["seq", "kind", "field", "recorded", "recomputed"], &rows, &[0])?;
            }
            Ok(exit::DIFFERENT)
        }
        Verdict::NotJudged(reason) => {
            if args.json {
                print_json(&json!({"identical": null, "reason": reason}))?;
            }
            say(format_args!("could not judge: {reason}"));
            Ok(exit::NOT_JUDGED)
        }
    }
}
