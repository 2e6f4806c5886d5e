//! Symmetry: the mirror axis that the piece agrees with best, its offset and its fill.

use super::{Reading, Symmetry};
use crate::imaging::{Mask, Plane};

/// Half the side of the canvas that is searched, in samples.
const HALF: isize = 48;
/// How far from upright is searched, degrees.
const REACH: f32 = 20.0;

pub(super) fn read(luminance: &Plane, subject: &Mask) -> Symmetry {
    let extent = subject.extent();
    if subject.count() < 100 {
        let because = "no piece was found in the frame".to_owned();
        let reading = Reading { value: 0.0, because };
        return Symmetry { reading, roll_deg: 0.0, offset: [0.0; 2], fill: 0.0 };
    }
    let (mut sx, mut sy, mut n) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (i, &m) in subject.data.iter().enumerate() {
        if m > 127 {
            sx += (i % subject.w) as f64;
            sy += (i / subject.w) as f64;
            n += 1.0;
        }
    }
    let centre = ((sx / n) as f32, (sy / n) as f32);
    let scale = extent.w.max(extent.h) as f32 * 0.62 / HALF as f32;
    let mask = Plane { w: subject.w, h: subject.h, data: subject.data.iter().map(|&m| f32::from(m) / 255.0).collect() };
    let look = |u: f32, v: f32| {
        let (x, y) = (centre.0 + u * scale, centre.1 + v * scale);
        let m = mask.sample(x, y);
        m * (0.6 + 0.4 * luminance.sample(x, y))
    };
    // How much the halves left and right of an axis differ; the axis may pass beside the centre.
    let cost = |deg: f32, shift: f32| {
        let (s, c) = deg.to_radians().sin_cos();
        let (mut differ, mut all) = (0.0, 1e-6);
        for j in -HALF..=HALF {
            for i in 1..=HALF {
                let (i, j) = (i as f32, j as f32);
                let at = |i: f32| look(c * i - s * j, s * i + c * j);
                let (left, right) = (at(shift - i), at(shift + i));
                differ += (left - right).abs();
                all += left + right;
            }
        }
        differ / all
    };
    let best_shift = |deg: f32| {
        (-3..=3).map(|k| cost(deg, k as f32)).fold(f32::MAX, f32::min)
    };
    let steps = (REACH / 2.0) as i32;
    let coarse = (-steps..=steps)
        .map(|k| k as f32 * 2.0)
        .min_by(|a, b| best_shift(*a).total_cmp(&best_shift(*b)))
        .unwrap_or(0.0);
    let fine: Vec<(f32, f32)> =
        (-5..=5).map(|k| coarse + k as f32 * 0.4).map(|d| (d, best_shift(d))).collect();
    let at = (1..fine.len() - 1).min_by(|&a, &b| fine[a].1.total_cmp(&fine[b].1)).unwrap_or(5);
    let (low, mid, high) = (fine[at - 1].1, fine[at].1, fine[at + 1].1);
    let bend = (low - 2.0 * mid + high).max(1e-6);
    let roll_deg = fine[at].0 + 0.4 * (0.5 * (low - high) / bend).clamp(-0.5, 0.5);
    let (cx, cy) = extent.centre();
    let offset = [cx - subject.w as f32 * 0.5, cy - subject.h as f32 * 0.5];
    let fill = (extent.w as f32 / subject.w as f32).max(extent.h as f32 / subject.h as f32);
    let likeness = (1.0 - mid).clamp(0.0, 1.0);
    let value = (likeness - 0.04 * roll_deg.abs()).clamp(0.0, 1.0);
    // A best axis at the end of the search is no axis: say so instead of giving a number.
    let found = likeness >= 0.6 && roll_deg.abs() < REACH - 0.5;
    let (value, roll_deg) = if found { (value, roll_deg) } else { (0.5, 0.0) };
    let because = if !found {
        "the piece has no mirror symmetry from here".to_owned()
    } else if roll_deg.abs() >= 0.7 {
        let way = if roll_deg > 0.0 { "counter-clockwise" } else { "clockwise" };
        format!("rotate the piece {:.1}° {way}", roll_deg.abs())
    } else {
        format!("upright within {:.1}°", roll_deg.abs())
    };
    Symmetry { reading: Reading { value, because }, roll_deg, offset, fill }
}
