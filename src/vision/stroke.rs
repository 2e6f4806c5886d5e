//! Keep and remove: what the photographer paints where the cut-out is wrong.

use super::coarse::{Label, Labels};
use crate::imaging::Mask;
use serde::{Deserialize, Serialize};

/// What a stroke does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Brush {
    /// This belongs to the subject.
    Keep,
    /// This does not.
    Remove,
    /// The edge runs somewhere here: solve it again.
    Refine,
}

/// One stroke of a round brush, in pixels of the upright picture: it means the same at any zoom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stroke {
    /// What it does.
    pub brush: Brush,
    /// Radius of the brush in pixels.
    pub radius: f32,
    /// The way of its middle, x and y in pixels; one point is a dab.
    pub points: Vec<[f32; 2]>,
}

impl Stroke {
    /// Calls `f` with the index of every pixel whose centre the stroke covers, in a picture of `w` x `h`
    /// that is `scale` times as large as the one painted on. Bad numbers cover nothing.
    fn cover(&self, w: usize, h: usize, scale: f32, mut f: impl FnMut(usize)) {
        // A brush narrower than a reduced pixel still touches the one under it.
        let r = (self.radius * scale).max(0.71);
        if !r.is_finite() {
            return;
        }
        let place = |p: [f32; 2]| p.map(|v| (v + 0.5) * scale - 0.5);
        let ends = self.points.iter().zip(self.points.iter().skip(1).chain(self.points.last()));
        for (&a, &b) in ends {
            let (a, b) = (place(a), place(b));
            if a.iter().chain(&b).any(|v| !v.is_finite()) {
                continue;
            }
            let span = |i: usize, n: usize| {
                let lo = (a[i].min(b[i]) - r).ceil().clamp(0.0, n as f32) as usize;
                let hi = (a[i].max(b[i]) + r + 1.0).floor().clamp(0.0, n as f32) as usize;
                lo..hi.max(lo)
            };
            for y in span(1, h) {
                for x in span(0, w) {
                    if distance_to_segment([x as f32, y as f32], a, b) <= r {
                        f(y * w + x);
                    }
                }
            }
        }
    }
}

fn distance_to_segment(p: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let along = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy).max(1e-9);
    let t = along.clamp(0.0, 1.0);
    (p[0] - a[0] - dx * t).hypot(p[1] - a[1] - dy * t)
}

/// Writes strokes into the labels of the reduced picture, so that the edge is solved around them.
pub(super) fn paint_labels(labels: &mut Labels, strokes: &[Stroke], full: (usize, usize)) {
    let (w, h) = (labels.w, labels.h);
    let scale = w as f32 / full.0 as f32;
    for stroke in strokes {
        let label = match stroke.brush {
            Brush::Keep => Label::Inside,
            Brush::Remove => Label::Outside,
            Brush::Refine => Label::Band,
        };
        stroke.cover(w, h, scale, |i| labels.label[i] = label);
    }
    if !strokes.is_empty() {
        labels.open_band_between();
    }
}

/// Keep and remove are the last word at full size.
pub(super) fn paint_alpha(alpha: &mut Mask, strokes: &[Stroke]) {
    for stroke in strokes {
        let value = match stroke.brush {
            Brush::Keep => 255,
            Brush::Remove => 0,
            Brush::Refine => continue,
        };
        stroke.cover(alpha.w, alpha.h, 1.0, |i| alpha.data[i] = value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dab_covers_its_disk_and_wild_numbers_nothing() {
        let mut alpha = Mask::new(40, 30);
        let dab =
            |x: f32, r: f32| Stroke { brush: Brush::Keep, radius: r, points: vec![[x, 15.0]] };
        paint_alpha(&mut alpha, &[dab(20.0, 5.0)]);
        let area = std::f32::consts::PI * 25.0;
        assert!((alpha.count() as f32 - area).abs() < 6.0, "{}", alpha.count());
        assert_eq!(alpha.extent(), crate::imaging::Rect::new(15, 10, 11, 11));
        paint_alpha(&mut alpha, &[dab(f32::NAN, 3.0), dab(3.0, f32::INFINITY), dab(1e30, 2.0)]);
        assert!((alpha.count() as f32 - area).abs() < 6.0);
    }

    #[test]
    fn strokes_survive_their_sidecar() {
        let stroke =
            Stroke { brush: Brush::Remove, radius: 12.5, points: vec![[1.0, 2.0], [30.25, 4.0]] };
        let text = serde_json::to_string(&stroke).unwrap();
        assert_eq!(serde_json::from_str::<Stroke>(&text).unwrap(), stroke);
        assert!(text.contains("\"remove\""), "{text}");
    }
}
