//! Exposure: how many stops to raise or lower it.

use super::{Rule, nowhere};
use crate::score::limits;

pub(super) const RULE: Rule = Rule {
    kind: "exposure",
    unit: "EV",
    threshold: limits::EXPOSURE_EV,
    // The score says how far off the picture is; the amount is what to do about it.
    measure: |score| {
        let ev = -score.lighting.exposure_ev;
        let least = limits::exposure_ev(score.lighting.backdrop);
        // What is under the rule's own threshold still counts: the advisor averages it.
        (least <= limits::EXPOSURE_EV || ev.abs() >= least).then_some(ev)
    },
    cost: |ev| 0.3 * ev.abs(),
    text: |_, ev| {
        let verb = if ev > 0.0 { "raise" } else { "lower" };
        format!("{verb} exposure {:.1} EV", ev.abs())
    },
    region: nowhere,
};

#[cfg(test)]
mod tests {
    use crate::score::Score;

    #[test]
    fn before_a_dark_backdrop_less_than_pieces_differ_by_is_not_said() {
        let said = |backdrop: f32, ev: f32| {
            let mut score = Score::default();
            (score.lighting.backdrop, score.lighting.exposure_ev) = (backdrop, ev);
            crate::suggest::advise(&score).iter().any(|s| s.kind == "exposure")
        };
        assert!(said(0.7, 0.3) && said(0.015, 0.4) && said(0.0, -0.3));
        assert!(!said(0.015, 0.3) && !said(0.7, 0.2));
    }
}
