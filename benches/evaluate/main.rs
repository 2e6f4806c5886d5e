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

#[path = "../common/parts.rs"]
mod parts;

mod colour;
mod cutout;
mod retouch;
mod score;
mod suggest;

const PARTS: &[parts::Part] = &[
    ("score", score::run),
    ("suggest", suggest::run),
    ("cutout", cutout::run),
    ("retouch", retouch::run),
    ("colour", colour::run),
];

fn main() {
    parts::run(PARTS);
}
