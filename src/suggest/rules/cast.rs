//! A cast on a backdrop that is nearly neutral. A coloured backdrop is meant so.

use super::{Rule, nowhere};
use crate::score::Score;

pub(super) const RULE: Rule = Rule {
    kind: "cast",
    unit: "",
    threshold: 4.0,
    measure,
    cost: |chroma| 0.1 + 0.01 * chroma.abs(),
    text: sentence,
    region: nowhere,
};

/// C* of the backdrop while it is small enough to be a cast.
fn measure(score: &Score) -> Option<f32> {
    let [a, b] = score.lighting.backdrop_ab;
    let chroma = a.hypot(b);
    // Lamps err between blue and yellow; paper that is clearly pink or green was chosen.
    let chosen = a.abs() > 0.8 * b.abs() && chroma > 8.0;
    // Light paper that is far off along that line is paper under the wrong lamp; darker grounds that are
    // as coloured, such as wood, are meant so.
    let lamp = a.abs() < 0.45 * b.abs() && score.lighting.backdrop > 0.35;
    let most = if lamp { 40.0 } else { 25.0 };
    (score.lighting.backdrop > 0.05 && chroma < most && !chosen).then_some(chroma)
}

fn sentence(score: &Score, chroma: f32) -> String {
    let [a, b] = score.lighting.backdrop_ab;
    let hue = match (a.abs() > b.abs(), a > 0.0, b > 0.0) {
        (true, true, _) => "magenta",
        (true, false, _) => "green",
        (false, _, true) => "yellow",
        (false, _, false) => "blue",
    };
    format!("the backdrop leans to {hue} (C* {chroma:.0}): set white balance on a grey card")
}
