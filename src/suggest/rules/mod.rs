//! The table of rules. A rule turns a score into one signed amount and that amount into a sentence;
//! thresholds, averaging and holding are the same for all of them and live elsewhere.

mod backdrop;
mod cast;
mod centre;
mod clipping;
mod exposure;
mod fill;
mod flat;
mod focus;
mod hand;
mod head;
mod level;
mod roll;
mod shake;
mod specks;

use super::Suggestion;
use crate::imaging::Rect;
use crate::score::Score;

/// One thing that can be said.
pub struct Rule {
    /// Its name: muting goes by it.
    pub kind: &'static str,
    /// Unit of the amount: `EV`, `deg`, `px`, `%`, or empty for a count.
    pub unit: &'static str,
    /// From this amount on, either way, it speaks.
    pub threshold: f32,
    /// What to change by how much, signed; none when the score cannot tell.
    pub measure: fn(&Score) -> Option<f32>,
    /// What leaving it so costs the picture, 0..1, by the amount.
    pub cost: fn(f32) -> f32,
    /// The sentence for an amount.
    pub text: fn(&Score, f32) -> String,
    /// Where.
    pub region: fn(&Score) -> Option<Rect>,
}

impl Rule {
    /// The suggestion for an amount, which may be an average of several looks.
    pub(super) fn say(&self, score: &Score, amount: f32) -> Suggestion {
        Suggestion {
            kind: self.kind.to_owned(),
            text: (self.text)(score, amount),
            amount,
            unit: self.unit.to_owned(),
            cost: (self.cost)(amount).clamp(0.0, 1.0),
            region: (self.region)(score),
        }
    }
}

/// Every rule.
pub const TABLE: &[Rule] = &[
    hand::RULE,
    shake::RULE,
    focus::RULE,
    exposure::RULE,
    clipping::RULE,
    roll::RULE,
    level::RULE,
    head::RULE,
    fill::RULE,
    centre::ACROSS,
    centre::DOWN,
    backdrop::RULE,
    cast::RULE,
    flat::RULE,
    specks::RULE,
];

/// No place in particular.
fn nowhere(_: &Score) -> Option<Rect> {
    None
}

/// The piece.
fn piece(score: &Score) -> Option<Rect> {
    score.subject
}

/// Whether the piece runs out of the frame: left or right, and at the top or the bottom. Chains that hang
/// in from above are meant so; where their middle is, nobody can tell.
fn runs_out(score: &Score) -> [bool; 2] {
    let Some(r) = score.subject else { return [false; 2] };
    let [w, h] = score.size;
    let (x, y) = (w / 80 + 1, h / 80 + 1);
    [r.x < x || r.right() + x > w, r.y < y || r.bottom() + y > h]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn kinds_are_unique_and_every_sentence_is_finished() {
        let kinds: BTreeSet<_> = TABLE.iter().map(|r| r.kind).collect();
        assert_eq!(kinds.len(), TABLE.len());
        for rule in TABLE {
            for amount in [-2.0 * rule.threshold, 2.0 * rule.threshold] {
                let said = rule.say(&Score::default(), amount);
                assert!(said.text.len() > 10 && !said.text.contains("NaN"), "{said:?}");
                assert!((0.0..=1.0).contains(&said.cost) && said.cost > 0.0, "{said:?}");
            }
        }
    }
}
