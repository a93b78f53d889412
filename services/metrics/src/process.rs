//! Figures of the process itself, where the system tells them in `/proc`.
//!
//! Format: proc(5), `/proc/self/stat`, `/proc/self/status`, `/proc/self/limits`, `/proc/stat`.

use std::fs;

use crate::sheet::{Copied, Sheet};
use crate::table::{CPU, MAX_FDS, MEMORY, OPEN_FDS, STARTED, THREADS};

/// Clock ticks a second in what `/proc` tells; Linux fixes it for programs at 100 on every platform it has.
const TICKS_A_SECOND: f64 = 100.0;

/// Shows them; what the system does not tell is left out.
pub(crate) fn show(sheet: &Sheet, copied: &mut Copied) {
    if let Some(cpu) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(Stat::of) {
        copied.counter(&CPU, cpu.cpu_ticks / TICKS_A_SECOND);
        sheet.set(&THREADS, &[], cpu.threads);
        if let Some(booted) = booted() {
            sheet.set(&STARTED, &[], booted + cpu.started_ticks / TICKS_A_SECOND);
        }
    }
    if let Some(memory) = fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident_bytes) {
        sheet.set(&MEMORY, &[], memory);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder that is being read.
        sheet.set(&OPEN_FDS, &[], open.count().saturating_sub(1) as f64);
    }
    if let Some(most) = fs::read_to_string("/proc/self/limits").ok().as_deref().and_then(open_files_limit) {
        sheet.set(&MAX_FDS, &[], most);
    }
}

#[derive(Debug, PartialEq)]
struct Stat {
    cpu_ticks: f64,
    threads: f64,
    started_ticks: f64,
}

impl Stat {
    fn of(text: &str) -> Option<Self> {
        // The name, second, stands in brackets and may hold anything; what follows is numbered from 3.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self { cpu_ticks: field(14)? + field(15)?, threads: field(20)?, started_ticks: field(22)? })
    }
}

fn booted() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

fn resident_bytes(status: &str) -> Option<f64> {
    let kib: f64 =
        status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0)
}

fn open_files_limit(limits: &str) -> Option<f64> {
    limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks when a figure is read from the wrong place of what the system tells.
    #[test]
    fn figures() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4 9 0 0 0 250 50 0 0 20 0 6 0 12345 9 8 7";
        assert_eq!(Stat::of(stat), Some(Stat { cpu_ticks: 300.0, threads: 6.0, started_ticks: 12345.0 }));
        assert_eq!(Stat::of("7 (a) S 1"), None);
        assert_eq!(resident_bytes("VmHWM:\t 9 kB\nVmRSS:\t    3 kB\n"), Some(3072.0));
        let limits = "Max processes 5 6 processes\nMax open files            1024    4096   files\n";
        assert_eq!(open_files_limit(limits), Some(1024.0));
        assert_eq!(open_files_limit("Max open files  unlimited unlimited files"), None);
    }
}
