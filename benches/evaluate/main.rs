//! `make evaluate`: every figure that Culet claims about quality, measured against truth from outside.
//! `cargo bench --bench evaluate -- score` runs one part.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a report, not a library"
)]

mod colour;
mod cutout;
mod retouch;
mod score;
mod suggest;

/// A named part of the evaluation.
type Part = (&'static str, fn());

const PARTS: &[Part] = &[
    ("score", score::run),
    ("suggest", suggest::run),
    ("cutout", cutout::run),
    ("retouch", retouch::run),
    ("colour", colour::run),
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
