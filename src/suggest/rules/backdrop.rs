//! An uneven backdrop: which side is darker, by how many stops.

use super::{Rule, nowhere};
use crate::score::limits;

pub(super) const RULE: Rule = Rule {
    kind: "backdrop",
    unit: "EV",
    threshold: limits::UNEVEN_EV,
    measure: |score| Some(score.lighting.backdrop_ev),
    cost: |ev| 0.05 + 0.15 * ev.abs(),
    text: |score, ev| {
        let side = match score.lighting.darkest.as_str() {
            "" => "on one side".to_owned(),
            "corners" => "in the corners".to_owned(),
            "middle" => "in the middle".to_owned(),
            side => format!("on the {side}"),
        };
        format!("backdrop {ev:.1} EV darker {side}: lift or turn a light there")
    },
    region: nowhere,
};
