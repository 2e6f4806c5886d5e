//! What the window reads from a score, in one place.

use crate::imaging::Rect;
use crate::score::{Reading, Score, Verdict};
use egui::{Color32, Vec2, vec2};

/// The meters in the order in which they are shown.
pub(super) fn meters(score: &Score) -> Vec<(&'static str, &Reading)> {
    score.meters()
}

/// Where a reading speaks of, pixels of the judged picture.
pub(super) fn region(reading: &Reading) -> Option<Rect> {
    reading.region
}

/// Stops from the exposure that is aimed at.
pub(super) fn exposure_ev(score: &Score) -> f32 {
    score.lighting.exposure_ev
}

/// Size of the picture that regions are pixels of; `otherwise` where the score does not say.
pub(super) fn judged(score: Option<&Score>, otherwise: Vec2) -> Vec2 {
    let size = score.map_or([0, 0], |s| s.size);
    if size.contains(&0) { otherwise } else { vec2(size[0] as f32, size[1] as f32) }
}

/// The symmetry axis, where there is one: turn in degrees, clockwise positive, and its place from
/// the frame's middle in pixels of the judged picture.
pub(super) fn axis(score: &Score) -> Option<(f32, [f32; 2])> {
    let symmetry = &score.symmetry;
    symmetry.mirrored.then_some((symmetry.roll_deg, symmetry.offset))
}

/// The verdict with its reason, and its colour; none while nothing needs saying.
pub(super) fn verdict(score: &Score) -> Option<(String, Color32)> {
    if score.reason.is_empty() {
        return None;
    }
    let colour = match score.verdict {
        Verdict::Keep => super::theme::GOOD,
        Verdict::Maybe => super::theme::TEXT,
        Verdict::Reject => super::theme::BAD,
    };
    Some((format!("{}: {}", score.verdict.name(), score.reason), colour))
}
