//! Can the run's folder be written and synced, how long does that take, and how much room is left.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::World;
use super::row::Row;

const FOLDER: &str = "run folder";
const SYNC: &str = "disk sync";

/// Less room than this ends a run soon.
#[cfg(unix)]
const TOO_LITTLE: u64 = 256 << 20;
/// Less room than this is worth a look: a busy run with books writes gigabytes a day.
#[cfg(unix)]
const LITTLE: u64 = 5 << 30;
/// Orders wait for a sync; one that takes longer is felt.
const SLOW: Duration = Duration::from_millis(100);
/// Syncs that are tried; the middle one counts.
const TRIED: usize = 5;

/// Its rows.
pub fn check(world: &World) -> Vec<Row> {
    let place = existing(&world.folder);
    if !place.is_dir() {
        let found = format!("{} is no folder", place.display());
        return vec![Row::failed(FOLDER, found, "name another with -o")];
    }
    match synced(&place) {
        Ok(times) => [vec![folder(world, &place), sync(times)], space(&place)].concat(),
        Err(error) => {
            let remedy = format!(
                "make {} writable for the user that runs reprise, or name another folder with -o",
                place.display()
            );
            let found = format!("{} cannot be written: {error}", place.display());
            [vec![Row::failed(FOLDER, found, remedy)], space(&place)].concat()
        }
    }
}

/// The folder, or the nearest above it that is there already.
fn existing(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    absolute.ancestors().find(|place| place.exists()).map_or_else(|| PathBuf::from("/"), Path::to_owned)
}

/// How long it takes to write a page and have it on disk, from the quickest to the slowest. The file goes away by
/// itself.
fn synced(place: &Path) -> std::io::Result<[Duration; TRIED]> {
    let mut file = tempfile::Builder::new().prefix(".doctor-").tempfile_in(place)?;
    let mut times = [Duration::ZERO; TRIED];
    for time in &mut times {
        let began = Instant::now();
        file.write_all(&[b'\n'; 4096])?;
        file.as_file().sync_all()?;
        *time = began.elapsed();
    }
    times.sort_unstable();
    Ok(times)
}

fn sync(times: [Duration; TRIED]) -> Row {
    let (usual, slowest) = (times[TRIED / 2], times[TRIED - 1]);
    let found = format!("a sync takes {usual:.1?}, the slowest of {TRIED} took {slowest:.1?}");
    if usual > SLOW {
        return Row::warning(
            SYNC,
            found,
            "orders wait for it: use a local disk that is not busy with other work",
        );
    }
    Row::ok(SYNC, found)
}

fn folder(world: &World, place: &Path) -> Row {
    let found = if place == world.folder || world.folder.exists() {
        format!("{} can be written and synced", world.folder.display())
    } else {
        format!("{} can be made in {}", world.folder.display(), place.display())
    };
    if is_anybodys(place) {
        let remedy = format!("chmod o-w {}", place.display());
        return Row::warning(FOLDER, format!("{found}, and everybody may write there"), remedy);
    }
    Row::ok(FOLDER, found)
}

/// True where everybody may take away what others put there.
#[cfg(unix)]
fn is_anybodys(place: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    const STICKY: u32 = 0o1000;
    const OTHERS_WRITE: u32 = 0o002;
    let mode = place.metadata().map_or(0, |metadata| metadata.permissions().mode());
    mode & OTHERS_WRITE != 0 && mode & STICKY == 0
}

#[cfg(not(unix))]
fn is_anybodys(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn space(place: &Path) -> Vec<Row> {
    const CHECK: &str = "disk space";
    let told = match rustix::fs::statvfs(place) {
        Ok(told) => told,
        Err(error) => return vec![Row::skipped(CHECK, format!("{} does not say: {error}", place.display()))],
    };
    if told.f_blocks == 0 {
        return vec![Row::skipped(CHECK, format!("{} is no disk", place.display()))];
    }
    let free = told.f_bavail.saturating_mul(told.f_frsize);
    let percent = told.f_bavail.saturating_mul(100) / told.f_blocks;
    let found = format!("{:.1} GiB free, {percent} %", free as f64 / f64::from(1 << 30));
    let remedy = "move old runs away, or seal them: reprise journal seal RUNDIR";
    let row = if free < TOO_LITTLE {
        Row::failed(CHECK, found, remedy)
    } else if free < LITTLE {
        Row::warning(CHECK, found, remedy)
    } else if told.f_files > 0 && told.f_favail < 1_000 {
        Row::failed(CHECK, format!("{found}, and room for {} files", told.f_favail), "remove small files")
    } else {
        Row::ok(CHECK, found)
    };
    vec![row]
}

#[cfg(not(unix))]
fn space(_: &Path) -> Vec<Row> {
    vec![Row::skipped("disk space", "this system is not asked")]
}
