//! Clipped areas that are no glints: where, and how much of the piece.

use super::Rule;
use crate::score::{Score, limits, place};

pub(super) const RULE: Rule = Rule {
    kind: "clipping",
    unit: "%",
    threshold: 100.0 * limits::CLIPPED,
    measure: |score| Some(100.0 * score.lighting.clipped),
    cost: |percent| 0.15 + 0.05 * percent.abs(),
    text: sentence,
    region: |score| score.lighting.blobs.first().and_then(|blob| blob.region),
};

fn sentence(score: &Score, percent: f32) -> String {
    let blob = score.lighting.blobs.first().and_then(|blob| blob.region);
    let (Some(blob), Some(piece)) = (blob, score.subject) else {
        return format!("diffuse the light: {percent:.1} % of the piece is clipped");
    };
    format!("diffuse the light {}: {percent:.1} % of the piece is clipped", place(blob, piece))
}
