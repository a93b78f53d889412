//! A folder to work in, the binary to run there, and what it said.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The binary under test.
pub const REPRISE: &str = env!("CARGO_BIN_EXE_reprise");

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Said {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// What it printed, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }
}

/// A folder of its own, removed in the end.
pub struct Place {
    dir: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file, and its folder where that is missing.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Copies a folder of files.
    pub fn copy(&self, from: &str, to: &str) {
        std::fs::create_dir_all(self.path(to)).unwrap();
        for entry in std::fs::read_dir(self.path(from)).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), self.path(to).join(entry.file_name())).unwrap();
        }
    }

    /// A command in this folder, without any environment: no command needs a variable, a home or a secret.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path()).env_clear().env("RUST_BACKTRACE", "1");
        command
    }

    /// Runs the binary with arguments that are set apart by spaces.
    pub fn reprise(&self, args: &str) -> Said {
        self.reprise_with(args, &[])
    }

    pub fn reprise_with(&self, args: &str, env: &[(&str, &str)]) -> Said {
        let mut command = self.command(REPRISE);
        command.args(args.split_whitespace()).envs(env.iter().copied());
        Said::of(&command.output().unwrap())
    }

    /// Runs a line of the shell in which `$REPRISE` is the binary.
    pub fn shell(&self, line: &str) -> Said {
        let mut command = self.command("/bin/sh");
        command
            .args(["-c", line])
            .env("REPRISE", REPRISE)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Said::of(&command.output().unwrap())
    }

    /// Runs the binary, which must succeed.
    pub fn done(&self, args: &str) -> Said {
        let said = self.reprise(args);
        assert_eq!(said.code, 0, "reprise {args}: {said:?}");
        said
    }

    /// Runs the binary, which must succeed and print JSON.
    pub fn json(&self, args: &str) -> Value {
        self.done(args).json()
    }

    /// The lines of a run's kinds, as JSON.
    pub fn events(&self, run: &str, kinds: &str) -> Vec<Value> {
        let said = self.done(&format!("journal cat {run} {kinds}"));
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A decimal number in units of 1e-12, exactly.
pub fn exact(value: &Value) -> i128 {
    let text = value.as_str().unwrap_or_else(|| panic!("money is text: {value}"));
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(decimals.len() <= 12 && !decimals.ends_with('0'), "{text} is not in the one form");
    sign * format!("{whole}{decimals:0<12}").parse::<i128>().unwrap_or_else(|error| panic!("{text}: {error}"))
}
