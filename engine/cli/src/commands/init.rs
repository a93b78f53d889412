//! `reprise init`: a crate with a strategy of the user's own, which builds and backtests as it stands.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::args::InitArgs;
use crate::exit;
use crate::output::print_line;

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("../../templates/init/", $name))
    };
}

/// The new crate's files: where each goes, and its text with `{{name}}` and `{{reprise}}` to be filled in.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", template!("Cargo.toml.tmpl")),
    (".gitignore", template!("gitignore.tmpl")),
    ("rustfmt.toml", template!("rustfmt.toml")),
    ("README.md", template!("README.md")),
    ("src/main.rs", template!("src/main.rs")),
    ("src/my_strategy.rs", template!("src/my_strategy.rs")),
    ("conf/backtest.toml", template!("conf/backtest.toml")),
    ("tests/backtest.rs", template!("tests/backtest.rs")),
];

/// Makes the crate.
pub fn run(args: &InitArgs) -> Result<u8> {
    let dir = std::path::absolute(&args.dir)?;
    let name = package_name(&dir)?;
    let reprise = reprise_source(args)?;
    if dir.exists() {
        let is_empty =
            fs::read_dir(&dir).with_context(|| format!("{} is no folder", dir.display()))?.next().is_none();
        ensure!(is_empty, "{} is not empty; name a new folder", dir.display());
    }
    for (path, text) in FILES {
        let path = dir.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
        }
        let text = text.replace("{{name}}", &name).replace("{{reprise}}", &reprise.to_string_lossy());
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    // The same versions as here, so that nothing new has to be fetched.
    if let Ok(lock) = fs::read(reprise.join("Cargo.lock")) {
        fs::write(dir.join("Cargo.lock"), lock)?;
    }
    print_line(format_args!("made {} in {}", name, dir.display()))?;
    print_line(format_args!("next: cd {} && cargo test", args.dir.display()))?;
    Ok(exit::DONE)
}

/// A package name made from the folder's.
fn package_name(dir: &Path) -> Result<String> {
    let folder = dir.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name: String =
        folder.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let name = name.trim_matches('-').to_owned();
    let begins_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    ensure!(begins_well, "'{folder}' is no name for a crate; begin the folder's name with a letter");
    ensure!(!["test", "core", "std", "alloc"].contains(&name.as_str()), "'{name}' cannot be a crate's name");
    Ok(name)
}

/// Where the source of reprise is: as said, or the checkout that this binary was built from.
fn reprise_source(args: &InitArgs) -> Result<PathBuf> {
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let said = args.reprise.clone().unwrap_or(built_from);
    let is_source = said.join("engine/cli/Cargo.toml").is_file();
    if !is_source {
        bail!("{} does not hold the source of reprise; name its checkout with --reprise DIR", said.display());
    }
    said.canonicalize().with_context(|| format!("{} cannot be found", said.display()))
}
