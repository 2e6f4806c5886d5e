//! Exposure: how many stops to raise or lower it.

use super::{Rule, nowhere};
use crate::score::limits;

pub(super) const RULE: Rule = Rule {
    kind: "exposure",
    unit: "EV",
    threshold: limits::EXPOSURE_EV,
    // The score says how far off the picture is; the amount is what to do about it.
    measure: |score| Some(-score.lighting.exposure_ev),
    cost: |ev| 0.3 * ev.abs(),
    text: |_, ev| {
        let verb = if ev > 0.0 { "raise" } else { "lower" };
        format!("{verb} exposure {:.1} EV", ev.abs())
    },
    region: nowhere,
};
