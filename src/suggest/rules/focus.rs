//! Focus: which part is soft, by how many pixels.

use super::Rule;
use crate::score::{PartFocus, Score, limits};

pub(super) const RULE: Rule = Rule {
    kind: "focus",
    unit: "px",
    threshold: limits::SOFT_PX,
    measure: |score| {
        // Shake is another fault, with another remedy.
        let still = score.focus.motion.is_none() && score.focus.blur_px > 0.0;
        // No part is sharper than the sharpest: what reads so holds too little to be read.
        let part = |part: &PartFocus| part.blur_px.max(score.focus.blur_px);
        still.then(|| wanted(score).map_or(score.focus.blur_px, part))
    },
    cost: |px| 0.2 + 0.1 * px.abs(),
    text: |score, px| {
        let part = wanted(score).map_or("piece", |part| part.name.as_str());
        format!("focus on the {part}: {px:.1} px soft")
    },
    region: |score| wanted(score).map_or(score.focus.reading.region, |part| part.region),
};

/// The part that buyers look at: the stone where there is one.
fn wanted(score: &Score) -> Option<&PartFocus> {
    score.focus.parts.iter().find(|part| part.name == "stone")
}
