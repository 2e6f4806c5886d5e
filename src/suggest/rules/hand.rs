//! Something in the picture that must go before the shutter is pressed.

use super::Rule;
use crate::score::{Flaw, Score};

pub(super) const RULE: Rule = Rule {
    kind: "hand",
    unit: "",
    threshold: 0.34,
    measure: |score| Some(flaw(score).map_or(0.0, |flaw| flaw.weight)),
    cost: |weight| 0.4 + 0.5 * weight.abs(),
    text: |_, _| "skin in the picture: lay the piece down or use a stand".to_owned(),
    region: |score| flaw(score).and_then(|flaw| flaw.region),
};

fn flaw(score: &Score) -> Option<&Flaw> {
    score.quality.flaws.iter().find(|flaw| flaw.kind == "hand")
}
