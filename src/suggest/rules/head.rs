//! The head of a ring against its band.

use super::roll::way;
use super::{Rule, piece};
use crate::score::limits;

pub(super) const RULE: Rule = Rule {
    kind: "head",
    unit: "deg",
    threshold: limits::HEAD_DEG,
    measure: |score| score.symmetry.head_deg.map(|deg| -deg),
    cost: |deg| 0.1 + 0.03 * deg.abs(),
    text: |_, deg| {
        format!(
            "the head sits {:.1}° {} of the band: turn the ring, or check its setting",
            deg.abs(),
            way(-deg)
        )
    },
    region: piece,
};
