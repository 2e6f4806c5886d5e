//! One file an operation.

mod backdrop;
mod brilliance;
mod calibration;
mod calm;
mod cutout;
mod dust;
mod exposure;
mod flat_field;
mod glare;
mod ground;
mod heal;
mod local;
mod metal;
mod noise;
mod shadow;
mod sharpen;
mod specks;
mod stones;
mod straighten;
mod tone;
mod white_balance;

pub use backdrop::Backdrop;
pub use brilliance::Brilliance;
pub use calibration::Calibration;
pub use calm::Calm;
pub use cutout::{CutOut, Mark, Side};
pub use dust::{Dust, Spot};
pub use exposure::Exposure;
pub use flat_field::FlatField;
pub use glare::Glare;
pub use ground::{Fill, Ground};
pub use heal::{Brush, Heal, Stroke};
pub use local::{Local, Shape};
pub use metal::Metal;
pub use noise::Noise;
pub use shadow::{Rest, Shadow};
pub use sharpen::Sharpen;
pub use specks::Specks;
pub use stones::Stones;
pub use straighten::Straighten;
pub use tone::Tone;
pub use white_balance::WhiteBalance;

use crate::imaging::{Mask, Rect};
use serde::{Deserialize, Serialize};

/// A place in a picture: 0 to 1 across and down.
pub type Place = [f32; 2];

/// An ellipse around a stone or a blotch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ellipse {
    /// Its middle, 0 to 1 across and down.
    pub at: Place,
    /// Half its width and height, 0 to .5 of the picture's.
    pub half: Place,
}

/// Most ellipses of a step.
const MOST_ELLIPSES: usize = 500;

/// Pulls ellipses into the picture and drops what is none.
fn tame_ellipses(ellipses: &mut Vec<Ellipse>) {
    ellipses.retain(|s| s.at.iter().chain(&s.half).all(|v| v.is_finite()));
    ellipses.truncate(MOST_ELLIPSES);
    for s in ellipses {
        s.at = s.at.map(|v| v.clamp(0.0, 1.0));
        s.half = s.half.map(|v| v.clamp(0.0, 0.5));
    }
}

/// Most places that a list may hold.
const MOST_PLACES: usize = 10_000;

/// Pulls places into the picture and drops what is no place.
fn tame_places(places: &mut Vec<Place>) {
    places.retain(|p| p.iter().all(|v| v.is_finite()));
    places.truncate(MOST_PLACES);
    places.iter_mut().flatten().for_each(|v| *v = v.clamp(0.0, 1.0));
}

/// Whether two places name the same speck.
fn near(a: Place, b: Place) -> bool {
    (a[0] - b[0]).abs() < 2e-3 && (a[1] - b[1]).abs() < 2e-3
}

/// A disc on a picture of a size: its rectangle and its coverage there. The radius is a part of the
/// longer side, and `feather` the part of it that is soft.
fn disc(size: (usize, usize), at: Place, radius: f32, feather: f32) -> Option<(Rect, Mask)> {
    let (w, h) = size;
    let r = radius * w.max(h) as f32;
    let (cx, cy) = (at[0] * w as f32, at[1] * h as f32);
    let (x0, y0) = ((cx - r - 1.0).max(0.0) as usize, (cy - r - 1.0).max(0.0) as usize);
    let (x1, y1) = (((cx + r + 2.0) as usize).min(w), ((cy + r + 2.0) as usize).min(h));
    if radius <= 0.0 || x1 <= x0 || y1 <= y0 {
        return None;
    }
    let soft = (r * feather).max(1.0);
    let mask = Mask::from_fn(x1 - x0, y1 - y0, |x, y| {
        let d = ((x0 + x) as f32 + 0.5 - cx).hypot((y0 + y) as f32 + 0.5 - cy);
        (((r + 0.5 - d) / soft).clamp(0.0, 1.0) * 255.0) as u8
    });
    Some((Rect::new(x0, y0, x1 - x0, y1 - y0), mask))
}

/// 0 below `low`, 1 above `high`, smooth between (Hermite).
pub(super) fn smoothstep(low: f32, high: f32, v: f32) -> f32 {
    let t = ((v - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
