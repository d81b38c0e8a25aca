//! What the machine did meanwhile: CPU seconds and memory by the kernel's own accounts (Linux, `/proc`).

use std::fs;

/// CPU seconds since start, user and system together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// Of all processes of the machine.
    pub(crate) machine: f64,
    /// Of this process.
    pub(crate) own: f64,
    /// Of the server's process.
    pub(crate) server: f64,
}

/// The kernel counts in hundredths of a second (`USER_HZ`), on every architecture that Linux runs on today.
const TICKS_PER_SECOND: f64 = 100.0;

fn process(pid: u32) -> f64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return 0.0 };
    // The name in brackets may hold spaces; the numbers begin behind it, utime and stime are the 12th and 13th of them.
    let Some((_, numbers)) = stat.rsplit_once(") ") else { return 0.0 };
    let ticks: f64 = numbers.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_SECOND
}

fn machine() -> f64 {
    let Ok(stat) = fs::read_to_string("/proc/stat") else { return 0.0 };
    let Some(line) = stat.lines().next() else { return 0.0 };
    // user, nice, system, idle, iowait, irq, softirq, steal: all that is not idle or waiting is work.
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|ticks| ticks.parse().ok()).collect();
    let busy: f64 =
        ticks.iter().enumerate().filter(|(at, _)| matches!(at, 0..=2 | 5..=7)).map(|(_, ticks)| ticks).sum();
    busy / TICKS_PER_SECOND
}

/// Reads the accounts.
pub(crate) fn cpu(server: Option<u32>) -> Cpu {
    Cpu { machine: machine(), own: process(std::process::id()), server: server.map_or(0.0, process) }
}

impl Cpu {
    /// What was used between an earlier reading and this one.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            machine: self.machine - earlier.machine,
            own: self.own - earlier.own,
            server: self.server - earlier.server,
        }
    }

    /// What neither this process nor the server used; a PostgreSQL server is among them.
    pub(crate) fn others(self) -> f64 {
        (self.machine - self.own - self.server).max(0.0)
    }
}

/// Resident memory of a process in MiB.
pub(crate) fn rss_mib(pid: u32) -> f64 {
    memory_mib(&pid.to_string(), "VmRSS:")
}

/// The most resident memory of this process since [`forget_peak`], in MiB.
pub(crate) fn peak_mib() -> f64 {
    memory_mib("self", "VmHWM:")
}

/// Lets the peak begin anew at what is resident now. Where the kernel does not, the peak is that since the start.
pub(crate) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn memory_mib(process: &str, what: &str) -> f64 {
    let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) else { return 0.0 };
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kib: f64 = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0.0);
    kib / 1_024.0
}
