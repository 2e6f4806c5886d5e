//! Lighting, in linear light: exposure, clipping and evenness of the backdrop.

use super::{Lighting, Reading, median};
use crate::imaging::{Mask, Plane, Rgb8};

/// A light backdrop that still holds detail, linear: about 225 in sRGB.
const BACKDROP_AIM: f32 = 0.75;

pub(super) fn read(picture: &Rgb8, luminance: &Plane, subject: &Mask) -> Lighting {
    let (w, h) = (luminance.w, luminance.h);
    let backdrop = |from: usize, to: usize| {
        let mut values: Vec<f32> = (0..h)
            .step_by(2)
            .flat_map(|y| (from..to).step_by(2).map(move |x| y * w + x))
            .filter(|&i| subject.data[i] < 128)
            .map(|i| luminance.data[i])
            .collect();
        median(&mut values).max(1e-4)
    };
    let exposure_ev = (backdrop(0, w) / BACKDROP_AIM).log2();
    let backdrop_ev = (backdrop(2 * w / 3, w) / backdrop(0, w / 3)).log2();
    let full = |p: &[u8]| p.iter().any(|&v| v >= 254);
    let inside = subject.count().max(1);
    let clipped = picture
        .data
        .chunks_exact(3)
        .zip(&subject.data)
        .filter(|(p, m)| **m > 127 && full(p))
        .count() as f32
        / inside as f32;
    let cost = 0.35 * exposure_ev.abs().min(2.0) + 3.0 * (clipped - 0.01).max(0.0) + 0.25 * backdrop_ev.abs();
    let because = if exposure_ev.abs() > 0.3 {
        let verb = if exposure_ev < 0.0 { "raise" } else { "lower" };
        format!("{verb} exposure {:.1} EV", exposure_ev.abs())
    } else if clipped > 0.03 {
        format!("{:.1} % of the piece is clipped: diffuse the light", clipped * 100.0)
    } else if backdrop_ev.abs() > 0.3 {
        let side = if backdrop_ev < 0.0 { "right" } else { "left" };
        format!("the backdrop is {:.1} EV darker on the {side}", backdrop_ev.abs())
    } else {
        "exposure and backdrop are even".to_owned()
    };
    let reading = Reading { value: (1.0 - cost).clamp(0.0, 1.0), because };
    Lighting { reading, exposure_ev, clipped, backdrop_ev }
}
