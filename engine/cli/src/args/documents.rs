//! The commands that documents and files of the configuration tell people to give are commands.

use std::path::{Path, PathBuf};

use clap::Parser;

use super::Args;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The words of a line as a shell reads them, up to a comment, a pipe or a redirection.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                word.get_or_insert_default();
                quote = Some(c);
            }
            (None, '#' | '|' | '>' | ';' | '&') if word.is_none() => break,
            (None, ' ') => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The commands in a document: lines of a console with `$`, and what stands in backquotes and begins with the
/// binary's name and says more than it.
fn commands(document: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut prose = String::new();
    let mut is_fenced = false;
    for line in document.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if is_fenced {
            found.extend(
                line.trim_start_matches("$ ").starts_with("reprise ").then(|| line.trim_start_matches("$ ")),
            );
        } else {
            prose.push_str(line.trim());
            prose.push(' ');
        }
    }
    let inline = prose.split('`').skip(1).step_by(2).filter(|quoted| quoted.starts_with("reprise "));
    found.into_iter().chain(inline).map(words).collect()
}

/// Breaks when somebody is told at three in the morning to give a command that there is not.
#[test]
fn every_command_of_the_runbook_is_one() {
    let document = std::fs::read_to_string(root().join("docs/RUNBOOK.md")).expect("there is a runbook");
    let commands = commands(&document);
    assert!(commands.len() > 40, "only {} commands were found: the runbook is not read", commands.len());
    for command in commands {
        if let Err(error) = Args::try_parse_from(&command) {
            assert_eq!(error.exit_code(), 0, "{}: {error}", command.join(" "));
        }
    }
}

/// Breaks when the check above can no longer tell a command from what is none.
#[test]
fn what_is_no_command_is_seen() {
    let document = "`reprise nosuch` and `reprise kill\n--reason 'a b' # why`\n```\n$ reprise status | less\nreprise x\n```";
    let found = commands(document);
    let expected = [
        vec!["reprise", "status"],
        vec!["reprise", "x"],
        vec!["reprise", "nosuch"],
        vec!["reprise", "kill", "--reason", "a b"],
    ];
    assert_eq!(found, expected);
    let parse = |command: &Vec<String>| Args::try_parse_from(command).is_ok();
    assert_eq!(found.iter().map(parse).collect::<Vec<_>>(), [true, false, false, true]);
}
