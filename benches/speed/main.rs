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

#[path = "../common/parts.rs"]
mod parts;

mod analysis;
mod measure;
mod negative;
mod retouch;
mod studio;

const PARTS: &[parts::Part] = &[
    ("live", analysis::live),
    ("cull", analysis::cull),
    ("retouch", retouch::run),
    ("studio", studio::run),
];

fn main() {
    parts::run(PARTS);
}
