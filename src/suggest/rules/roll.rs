//! Roll: how far to turn the piece until its mirror axis is upright.

use super::{Rule, piece, runs_out};
use crate::score::{Score, limits};

pub(super) const RULE: Rule = Rule {
    kind: "roll",
    unit: "deg",
    threshold: limits::ROLL_DEG,
    measure,
    cost: |deg| 0.12 + 0.06 * deg.abs(),
    text: |_, deg| format!("rotate the piece {:.1}° {}", deg.abs(), way(deg)),
    region: piece,
};

/// Halves less alike than this are seen from the side: the piece is posed, not crooked.
const ALIKE: f32 = 0.75;

/// A pair is straightened piece by piece: see `level`. What runs out of the frame is hung or posed.
fn measure(score: &Score) -> Option<f32> {
    let s = &score.symmetry;
    let told = s.mirrored && s.pair.is_none() && s.likeness > ALIKE;
    (told && !runs_out(score).contains(&true)).then_some(-s.roll_deg)
}

pub(super) fn way(deg: f32) -> &'static str {
    if deg > 0.0 { "clockwise" } else { "counter-clockwise" }
}
