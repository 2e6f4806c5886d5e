//! `make bench`: what Culet costs, as a ratio to the floor that any program pays, both measured in
//! turn in the same run. `cargo bench --bench speed -- retouch` runs one part.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a report, not a library"
)]

mod analysis;
mod measure;
mod retouch;
mod studio;

/// A named part of the measurement.
type Part = (&'static str, fn());

const PARTS: &[Part] = &[
    ("live", analysis::live),
    ("cull", analysis::cull),
    ("retouch", retouch::run),
    ("studio", studio::run),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    for (name, run) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            println!("\n== {name}");
            run();
        }
    }
}
