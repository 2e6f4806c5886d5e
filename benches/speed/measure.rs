//! CPU time, memory and the table.

use std::fs;
use std::time::Instant;

/// One line of the table.
pub fn row(what: &str, bar: &str, reached: f64, unit: &str, fine: bool) {
    let mark = if fine { "" } else { "  MISSED" };
    println!("{what:<52} {bar:>10} {reached:>9.2} {unit}{mark}");
}

/// CPU seconds of this process so far, all threads together.
pub fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let own: f64 = stat.split_whitespace().next().and_then(|v| v.parse().ok()).unwrap_or(0.0);
    // schedstat is of one thread; the others are under task.
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let all: f64 = tasks
        .filter_map(|t| fs::read_to_string(t.path().join("schedstat")).ok())
        .filter_map(|s| s.split_whitespace().next().and_then(|v| v.parse::<f64>().ok()))
        .sum();
    all.max(own) / 1e9
}

/// CPU and wall seconds of a piece of work.
pub fn time<T>(work: impl FnOnce() -> T) -> (T, f64, f64) {
    let (start, wall) = (cpu(), Instant::now());
    let out = work();
    (out, cpu() - start, wall.elapsed().as_secs_f64())
}

/// The middle of repeated measurements.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Peak resident memory of this process in MiB; none where the system does not tell.
pub fn peak_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}
