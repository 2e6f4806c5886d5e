//! Roll: how far to turn the piece until its mirror axis is upright.

use super::{Rule, piece};
use crate::score::Score;

pub(super) const RULE: Rule = Rule {
    kind: "roll",
    unit: "deg",
    threshold: 0.6,
    measure,
    cost: |deg| 0.12 + 0.06 * deg.abs(),
    text: |_, deg| format!("rotate the piece {:.1}° {}", deg.abs(), way(deg)),
    region: piece,
};

/// A pair is straightened piece by piece: see `level`.
fn measure(score: &Score) -> Option<f32> {
    (score.symmetry.mirrored && score.symmetry.pair.is_none()).then_some(-score.symmetry.roll_deg)
}

pub(super) fn way(deg: f32) -> &'static str {
    if deg > 0.0 { "clockwise" } else { "counter-clockwise" }
}
