//! Shake: a blur with a direction.

use super::{Rule, piece};

pub(super) const RULE: Rule = Rule {
    kind: "shake",
    unit: "px",
    threshold: 1.2,
    measure: |score| score.focus.motion.map(|_| score.focus.blur_px),
    cost: |px| 0.3 + 0.1 * px.abs(),
    text: |_, px| format!("shake, {px:.1} px: use a shorter shutter or a remote"),
    region: piece,
};
