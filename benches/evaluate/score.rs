//! Judging against truth: blur ladders, focus stacks, stand, light, dust, flaws, groups and speed.
//!
//! Rendered truth comes from the practice sets; real pictures from `../shared/data` (or the folder in
//! `CULET_DATA`) when it is there. Hardly anything is held out: most thresholds were set while looking at
//! these pictures and at the figures below, those of edge width at the same scenes with another roll, fill
//! and noise. Read the figures as tuned, not as promises.

mod data;
mod focus;
mod groups;
mod light;
mod ranks;
mod stand;
mod table;

pub use data::{ALL, chosen, scene};
pub use light::true_range;

/// A named section of this part.
type Section = (&'static str, fn());

const SECTIONS: &[Section] = &[
    ("ladders", focus::ladders),
    ("stacks", focus::stacks),
    ("edge-width", focus::edge_width),
    ("motion", focus::motion),
    ("masks", stand::masks),
    ("roll", stand::roll),
    ("framing", stand::framing),
    ("residual", stand::residual),
    ("dust", stand::dust),
    ("exposure", light::exposure),
    ("gradient", light::gradient),
    ("clipping", light::clipping),
    ("cast", light::cast),
    ("bracket", light::bracket),
    ("rough", groups::rough),
    ("finished", groups::finished),
    ("sets", groups::sets),
    ("pieces", groups::pieces),
];

/// Every section, or those that are named: `cargo bench --bench evaluate -- score ladders stacks`.
pub fn run() {
    let names: Vec<&str> = SECTIONS.iter().map(|s| s.0).collect();
    let wanted = chosen(&names);
    for (name, section) in SECTIONS.iter().filter(|s| wanted.contains(&s.0)) {
        let begun = std::time::Instant::now();
        section();
        println!("    ({name}: {:.0} s)", begun.elapsed().as_secs_f32());
    }
}
