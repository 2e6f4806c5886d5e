//! Fill: nearer or farther. Marketplaces want the piece large; crops and soft edges want some air.

use super::{Rule, piece};
use crate::score::Score;

/// Share of the frame that the piece's larger side should take.
const AIM: f32 = 0.65;

pub(super) const RULE: Rule = Rule {
    kind: "fill",
    unit: "%",
    threshold: 15.0,
    measure: |score| Some(100.0 * (AIM - score.subject.map(|_| score.symmetry.fill)?)),
    cost: |percent| 0.01 * percent.abs(),
    text: sentence,
    region: piece,
};

fn sentence(_: &Score, percent: f32) -> String {
    let verb = if percent > 0.0 { "move closer" } else { "step back" };
    format!("{verb}: fill {:.0} %, aim {:.0} %", 100.0 * AIM - percent, 100.0 * AIM)
}
