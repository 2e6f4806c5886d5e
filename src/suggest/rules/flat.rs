//! Flat metal: nothing dark is reflected in it.

use super::{Rule, piece};
use crate::score::limits;

/// Share of dark reflections that shapes metal, percent of the piece.
const AIM: f32 = 4.0;

pub(super) const RULE: Rule = Rule {
    kind: "flat",
    unit: "%",
    threshold: AIM - 100.0 * limits::DARKS,
    measure: |score| {
        // Contrast that comes from elsewhere, such as stones, is shape enough; an exposure that is
        // off says nothing about the light.
        let told = score.subject.is_some() && score.lighting.exposure_ev.abs() < 1.0;
        let flat = told && score.lighting.contrast_ev < limits::FLAT_EV;
        flat.then(|| (AIM - 100.0 * score.lighting.darks).max(0.0))
    },
    cost: |percent| 0.05 + 0.03 * percent.abs(),
    text: |_, _| "the metal looks flat: set a black card where it reflects".to_owned(),
    region: piece,
};
