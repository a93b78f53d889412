//! The environment, with `conf/secrets.env` below it: the two places where secrets may stand. A service manager hands
//! the file over as a credential, which stands in for it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// Where secrets stand when they are in a file.
pub const SECRETS_FILE: &str = "conf/secrets.env";

/// Where systemd puts credentials, and the name of the one that is such a file.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
const CREDENTIAL: &str = "secrets.env";

/// What the environment says, over what the file says. Values are never printed.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// Reads both.
    pub fn read() -> Result<Self> {
        let mut all = of_file(Path::new(SECRETS_FILE), check_mode)?;
        if let Some(credential) = Self::credential() {
            // Whoever put it there sees to it that nobody else reads it, by other means than its mode.
            all.extend(of_file(&credential, |_| Ok(()))?);
        }
        all.extend(std::env::vars_os());
        Ok(Self(all))
    }

    /// The file of secrets that a service manager hands over, where it does.
    pub fn credential() -> Option<PathBuf> {
        let folder = std::env::var_os(CREDENTIALS)?;
        Some(Path::new(&folder).join(CREDENTIAL)).filter(|path| path.exists())
    }

    /// Reads what the process was given, and no file.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// True when a switch is on: `true`, `1` or `yes`.
    pub fn is_on(&self, name: &str) -> bool {
        let value = self.0.get(&OsString::from(name)).and_then(|value| value.to_str());
        value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "yes"))
    }

    /// What a name stands for; `None` when it is empty or not set. It may be a secret: never print it.
    pub fn secret(&self, name: &str) -> Option<String> {
        let value = self.0.get(&OsString::from(name)).and_then(|value| value.to_str());
        value.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Every name with its value.
    pub fn into_vars(self) -> impl Iterator<Item = (OsString, OsString)> {
        self.0.into_iter()
    }
}

fn of_file(path: &Path, is_kept: fn(&Path) -> Result<()>) -> Result<BTreeMap<OsString, OsString>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    is_kept(path)?;
    let mut found = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            // The line itself may hold a secret.
            bail!("{} line {}: write NAME=VALUE", path.display(), at + 1);
        };
        found.insert(name.trim().into(), unquoted(value.trim()).into());
    }
    Ok(found)
}

/// A PEM key stands on one line, its line ends written `\n`, within quotes.
fn unquoted(value: &str) -> String {
    let inner = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    match (inner('"'), inner('\'')) {
        (Some(quoted), _) => quoted.replace("\\n", "\n"),
        (None, Some(quoted)) => quoted.to_owned(),
        (None, None) => value.replace("\\n", "\n"),
    }
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = path.metadata().with_context(|| format!("{} cannot be read", path.display()))?;
    let mode = metadata.permissions().mode() & 0o777;
    ensure!(
        mode.trailing_zeros() >= 6,
        "{} can be read by others (mode {mode:04o}), and it holds secrets: chmod 600 {0}",
        path.display()
    );
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, mode: u32) -> Result<BTreeMap<OsString, OsString>> {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("secrets.env");
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
        of_file(&path, check_mode)
    }

    /// Breaks when a secrets file that others can read is used, or one that is written as shells write it is not
    /// understood.
    #[test]
    fn secrets_file() {
        let text = "# keys\n\nA=plain\nexport B='single # quoted'\nC=\"two\\nlines\"\nD = spaced \n";
        let rows = [("A", "plain"), ("B", "single # quoted"), ("C", "two\nlines"), ("D", "spaced")];
        let found = written(text, 0o600).expect("it reads");
        assert_eq!(found.len(), rows.len());
        for (name, value) in rows {
            assert_eq!(found[&OsString::from(name)], OsString::from(value), "{name}");
        }
        for mode in [0o640, 0o604, 0o620, 0o644, 0o777] {
            let refused = written(text, mode).expect_err("others can read it").to_string();
            assert!(refused.contains("chmod 600") && !refused.contains("plain"), "{refused}");
        }
        let refused = written("A=1\nhunter2\n", 0o600).expect_err("no name").to_string();
        assert!(refused.contains("line 2") && !refused.contains("hunter2"), "{refused}");
    }
}
