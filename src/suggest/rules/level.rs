//! A pair: the piece of the two that hangs more askew.

use super::roll::way;
use super::{Rule, piece};
use crate::score::{Score, limits};

pub(super) const RULE: Rule = Rule {
    kind: "pair",
    unit: "deg",
    threshold: limits::PAIR_DEG,
    measure: |score| worse(score).map(|(_, deg)| -deg),
    cost: |deg| 0.12 + 0.06 * deg.abs(),
    text: |score, deg| {
        let side = worse(score).map_or("left", |(side, _)| side);
        // Two round pieces have one turn: that of the line through both.
        let what = match score.symmetry.pair.map(|pair| pair.roll_deg) {
            Some([Some(a), Some(b)]) if a == b => "rotate the pair".to_owned(),
            _ => format!("rotate the {side} piece"),
        };
        format!("{what} {:.1}° {}", deg.abs(), way(deg))
    },
    region: piece,
};

/// The piece with the larger roll, and that roll in degrees.
fn worse(score: &Score) -> Option<(&'static str, f32)> {
    let pair = score.symmetry.pair?;
    // Two that lean towards or away from each other by the same amount are laid out so.
    if let [Some(a), Some(b)] = pair.roll_deg
        && (a + b).abs() < 3.0
        && (a - b).abs() > 6.0
    {
        return None;
    }
    let sides = ["left", "right"].into_iter().zip(pair.roll_deg);
    sides
        .filter_map(|(side, deg)| deg.map(|deg| (side, deg)))
        .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
}
