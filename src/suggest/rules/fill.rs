//! Fill: nearer or farther. Marketplaces want the piece large; crops and soft edges want some air.

use super::{Rule, piece, runs_out};
use crate::score::Score;

/// Share of the frame that the piece's larger side should take.
const AIM: f32 = 0.65;

/// Less air than this around the piece leaves nothing to crop.
const MOST: f32 = 0.93;

pub(super) const RULE: Rule = Rule {
    kind: "fill",
    unit: "%",
    threshold: 15.0,
    measure,
    cost: |percent| 0.01 * percent.abs(),
    text: sentence,
    region: piece,
};

/// Large is what shops ask for: only what nearly fills the frame is too large, and what runs out of it
/// on purpose has no size.
fn measure(score: &Score) -> Option<f32> {
    let fill = score.subject.map(|_| score.symmetry.fill)?;
    let cropped = runs_out(score).contains(&true);
    (!cropped && !(AIM..=MOST).contains(&fill)).then_some(100.0 * (AIM - fill))
}

fn sentence(_: &Score, percent: f32) -> String {
    let verb = if percent > 0.0 { "move closer" } else { "step back" };
    format!("{verb}: fill {:.0} %, aim {:.0} %", 100.0 * AIM - percent, 100.0 * AIM)
}
