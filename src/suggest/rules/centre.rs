//! The piece's place in the frame, across and down.

use super::{Rule, piece, runs_out};
use crate::score::Score;

pub(super) const ACROSS: Rule = Rule {
    kind: "centre",
    unit: "%",
    threshold: 5.0,
    measure: |score| share(score, 0),
    cost: |percent| 0.01 * percent.abs(),
    text: |_, percent| sentence(percent, ["left", "right"], "width"),
    region: piece,
};

// Up and down is more often meant: room is left for a shadow or for words.
pub(super) const DOWN: Rule = Rule {
    kind: "height",
    unit: "%",
    threshold: 9.0,
    measure: |score| share(score, 1),
    cost: |percent| 0.008 * percent.abs(),
    text: |_, percent| sentence(percent, ["up", "down"], "height"),
    region: piece,
};

/// What to move by, percent of the frame's side; right and down are positive.
fn share(score: &Score, axis: usize) -> Option<f32> {
    let side = score.size[axis] as f32;
    (score.subject.is_some() && side > 0.0 && !runs_out(score)[axis])
        .then(|| -100.0 * score.symmetry.offset[axis] / side)
}

fn sentence(percent: f32, [less, more]: [&str; 2], side: &str) -> String {
    let way = if percent > 0.0 { more } else { less };
    format!("move the piece {:.0} % of the {side} {way}", percent.abs())
}
