//! How good a picture is: one file a measure. Every number carries the sentence that says why.

mod focus;
mod lighting;
mod symmetry;

use crate::imaging::{Mask, Plane, Rgb8};
use serde::{Deserialize, Serialize};

/// One measured quality, 0 (reject) to 1 (keeper).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// 0 is unusable, 1 is as good as this measure can tell.
    pub value: f32,
    /// One short sentence in studio language.
    pub because: String,
}

/// The light on subject and backdrop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lighting {
    /// 0..1 and why.
    #[serde(flatten)]
    pub reading: Reading,
    /// Backdrop's median luminance against the light backdrop that is aimed at, in stops.
    pub exposure_ev: f32,
    /// Share of the subject with a clipped channel.
    pub clipped: f32,
    /// Backdrop's right third against its left third, in stops.
    pub backdrop_ev: f32,
}

/// How the piece stands in the frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Symmetry {
    /// 0..1 and why.
    #[serde(flatten)]
    pub reading: Reading,
    /// Turn of the mirror axis from upright in degrees, clockwise positive.
    pub roll_deg: f32,
    /// Subject's centre from the frame's centre, pixels of the judged picture.
    pub offset: [f32; 2],
    /// Larger side of the subject against the frame's.
    pub fill: f32,
}

/// How many pixels have each encoded value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Red, green, blue, luma; 256 bins each.
    pub bins: [[u32; 256]; 4],
}

/// Every measure of one picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Sharpness of the subject.
    pub focus: Reading,
    /// Stand, roll and fill.
    pub symmetry: Symmetry,
    /// Light.
    pub lighting: Lighting,
    /// The mean that takes are ordered by, 0..1; focus counts twice.
    pub overall: f32,
}

/// Judges an sRGB-encoded picture; large ones on a reduced copy of at most 1500 pixels.
pub fn judge(picture: &Rgb8) -> Score {
    let step = (picture.w.max(picture.h)).div_ceil(1500).max(1);
    let small = reduce(picture, step);
    let luminance = small.to_luminance();
    let subject = subject(&luminance, &small);
    let focus = focus::read(&luminance, &subject);
    let mut symmetry = symmetry::read(&luminance, &subject);
    symmetry.offset = symmetry.offset.map(|v| v * step as f32);
    let lighting = lighting::read(&small, &luminance, &subject);
    let overall = (2.0 * focus.value + symmetry.reading.value + lighting.reading.value) / 4.0;
    Score { focus, symmetry, lighting, overall }
}

/// Mean over blocks of `step` x `step` encoded values: enough for measures, not for delivery.
fn reduce(picture: &Rgb8, step: usize) -> Rgb8 {
    if step == 1 {
        return picture.clone();
    }
    let (w, h) = ((picture.w / step).max(1), (picture.h / step).max(1));
    Rgb8::from_fn(w, h, |x, y| {
        let mut sum = [0_u32; 3];
        let mut n = 0;
        for v in y * step..((y + 1) * step).min(picture.h) {
            for u in x * step..((x + 1) * step).min(picture.w) {
                let p = picture.at(u, v);
                (0..3).for_each(|c| sum[c] += u32::from(p[c]));
                n += 1;
            }
        }
        sum.map(|s| (s / n.max(1)) as u8)
    })
}

/// What differs from the backdrop: its median along the border, by luminance and by colour.
fn subject(luminance: &Plane, picture: &Rgb8) -> Mask {
    let (w, h) = (luminance.w, luminance.h);
    let mut border: Vec<f32> = (0..w).flat_map(|x| [luminance.at(x, 0), luminance.at(x, h - 1)]).collect();
    border.extend((0..h).flat_map(|y| [luminance.at(0, y), luminance.at(w - 1, y)]));
    let backdrop = median(&mut border).max(1e-3);
    Mask::from_fn(w, h, |x, y| {
        let p = picture.at(x, y).map(f32::from);
        let spread = p[0].max(p[1]).max(p[2]) - p[0].min(p[1]).min(p[2]);
        let ratio = (luminance.at(x, y).max(1e-3) / backdrop).log2().abs();
        if spread > 40.0 || ratio > 1.3 { 255 } else { 0 }
    })
}

fn median(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gold bar with a pattern on light grey, turned clockwise by `deg`, blurred by `soft`, lit by `gain`.
    fn piece(deg: f32, soft: f32, gain: f32) -> Rgb8 {
        let (s, c) = deg.to_radians().sin_cos();
        Rgb8::from_fn(300, 200, |x, y| {
            let (dx, dy) = (x as f32 - 149.5, y as f32 - 99.5);
            let (u, v) = (c * dx + s * dy, c * dy - s * dx);
            let edge = |d: f32| (0.5 - d / (1.0 + 2.0 * soft)).clamp(0.0, 1.0);
            let body = edge(u.abs() - 25.0) * edge(v.abs() - 70.0);
            let cap = edge((u * u + (v + 60.0).powi(2)).sqrt() - 12.0);
            let light = [0.55 - 0.35 * body + 0.4 * cap, 0.55 - 0.42 * body, 0.55 - 0.53 * body];
            light.map(|v| crate::imaging::colour::srgb_encode8(v * gain))
        })
    }

    #[test]
    fn a_blurred_frame_never_outranks_a_darker_sharp_one() {
        let (sharp, soft) = (judge(&piece(0.0, 0.0, 0.35)), judge(&piece(0.0, 4.0, 1.0)));
        assert!(sharp.focus.value > soft.focus.value, "{sharp:?} {soft:?}");
    }

    #[test]
    fn roll_has_its_sign_and_size() {
        for deg in [-8.0, -2.0, 0.0, 3.0, 10.0] {
            let got = judge(&piece(deg, 0.5, 1.0)).symmetry.roll_deg;
            assert!((got - deg).abs() < 0.6, "{deg}: {got}");
        }
    }

    #[test]
    fn a_stop_is_read_as_a_stop() {
        let (one, half) = (judge(&piece(0.0, 0.0, 1.0)), judge(&piece(0.0, 0.0, 0.5)));
        let fell = one.lighting.exposure_ev - half.lighting.exposure_ev;
        assert!((fell - 1.0).abs() < 0.05, "{fell}");
    }
}
