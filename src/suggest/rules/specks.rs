//! Dust: clean before you shoot.

use super::Rule;
use crate::imaging::Rect;
use crate::score::Score;

pub(super) const RULE: Rule = Rule {
    kind: "specks",
    unit: "",
    threshold: 2.5,
    measure: |score| Some(score.cleanliness.on_backdrop as f32),
    cost: |count| 0.05 + 0.01 * count.abs(),
    text: |_, count| format!("{:.0} specks on the backdrop: clean before you shoot", count.abs()),
    region: most_visible,
};

fn most_visible(score: &Score) -> Option<Rect> {
    let speck = score.cleanliness.specks.first()?;
    let reach = 2.0 * speck.radius + 2.0;
    let from = |v: f32| (v - reach).max(0.0) as usize;
    let side = (2.0 * reach).ceil() as usize;
    Some(Rect::new(from(speck.x), from(speck.y), side, side))
}
