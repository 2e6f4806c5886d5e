//! Capture sharpening: gives back what lens and sensor blurred, on the subject only.
//!
//! Unsharp masking of the square root of luminance (roughly even to the eye), with three brakes:
//! detail at the level of the noise is left alone, the result stays within the range of the 3x3
//! neighbours plus a twentieth of it, and the backdrop is not touched.

use crate::imaging::{Plane, Rect};
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::region::Region;
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Sharpens the subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sharpen {
    /// Strength, 0 to 2; 1 doubles the finest detail that is kept.
    pub amount: f32,
    /// Width of the blur that is undone, standard deviation in pixels of the original, .4 to 3.
    pub radius: f32,
    /// Detail below this is noise, in thousandths of the square-root scale, 0 to 30.
    pub threshold: f32,
    /// Also outside the subject.
    pub everywhere: bool,
}

impl Default for Sharpen {
    fn default() -> Self {
        Self { amount: 0.0, radius: 0.8, threshold: 6.0, everywhere: false }
    }
}

impl Operation for Sharpen {
    const ID: &'static str = "sharpen";
    const LABEL: &'static str = "Sharpening";
    const HELP: &'static str = "Gives back the crispness that lens and sensor blurred.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("amount", "Amount", &mut self.amount, 0.0..=2.0, "", "How much.");
        c.slider(
            "radius",
            "Radius",
            &mut self.radius,
            0.4..=3.0,
            "px",
            "Width of the blur undone.",
        );
        let help = "Detail below this is left alone as noise.";
        c.slider("threshold", "Threshold", &mut self.threshold, 0.0..=30.0, "", help);
        c.toggle("everywhere", "Everywhere", &mut self.everywhere, "Also outside the subject.");
    }

    fn is_neutral(&self) -> bool {
        self.amount == 0.0
    }

    fn summary(&self) -> String {
        let place = if self.everywhere { "everywhere" } else { "on the subject" };
        format!("{:.2} at {:.1} px, {place}", self.amount, self.radius)
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let region = (!self.everywhere).then(|| view.proxy.subject().grown(2));
        let stage = Unsharp {
            amount: self.amount,
            radius: self.radius,
            threshold: self.threshold * 1e-3,
            region,
        };
        Some(Planned::Area(Arc::new(stage)))
    }
}

#[derive(Debug)]
struct Unsharp {
    amount: f32,
    radius: f32,
    threshold: f32,
    region: Option<Region>,
}

/// At reduced sizes the blur that is undone falls below what the pixels hold.
const LEAST_RADIUS: f32 = 0.3;

impl Stage for Unsharp {
    fn margin(&self, frame: &Frame) -> usize {
        (self.radius * frame.scale * 3.0).ceil() as usize + 1
    }

    fn touches(&self, frame: &Frame, part: Rect) -> bool {
        self.radius * frame.scale >= LEAST_RADIUS
            && self.region.as_ref().is_none_or(|r| r.touches(frame, part))
    }

    fn render(&self, tile: &mut Tile) {
        let (w, h) = (tile.rect.w, tile.rect.h);
        let root = Plane { w, h, data: tile.roots() };
        let blurred = blur(&root, self.radius * tile.frame.scale);
        let [low, high] = ranges3(&root);
        let mut cover = vec![1.0; w];
        let mut ratio = vec![1.0; w];
        for y in 0..h {
            if let Some(region) = &self.region {
                region.row(&tile.frame, tile.rect.x, tile.rect.y + y, &mut cover);
                if cover.iter().all(|c| *c <= 0.0) {
                    continue;
                }
            }
            let row = y * w..(y + 1) * w;
            let near = [&low[row.clone()], &high[row.clone()]];
            self.ratios(
                &root.data[row.clone()],
                &blurred.data[row.clone()],
                near,
                &cover,
                &mut ratio,
            );
            for plane in &mut tile.planes {
                plane[row.clone()].iter_mut().zip(&ratio).for_each(|(v, r)| *v *= r);
            }
        }
    }
}

impl Unsharp {
    /// What the pixels of a row are multiplied by; exactly 1 where nothing is covered.
    fn ratios(
        &self,
        root: &[f32],
        blurred: &[f32],
        [low, high]: [&[f32]; 2],
        cover: &[f32],
        out: &mut [f32],
    ) {
        let quiet = self.threshold * self.threshold + 1e-12;
        let places = root.iter().zip(blurred).zip(low.iter().zip(high)).zip(cover);
        for (out, (((here, soft), (low, high)), cover)) in out.iter_mut().zip(places) {
            let detail = here - soft;
            let kept = detail * detail / (detail * detail + quiet);
            let wanted = here + self.amount * cover * detail * kept;
            let slack = 0.05 * (high - low);
            let (low, high) = (low - slack, high + slack);
            let new = if wanted > low { wanted } else { low };
            let new = if new < high { new } else { high };
            let new = if new > 0.0 { new } else { 0.0 };
            // In deep black a ratio would blow noise up.
            let floor = 0.02;
            let ratio = (new + floor) / (here + floor);
            *out = ratio * ratio;
        }
    }
}

/// Least and greatest of the 3x3 around each pixel; the border goes on.
fn ranges3(plane: &Plane) -> [Vec<f32>; 2] {
    [three(plane, |a, b| if b < a { b } else { a }), three(plane, |a, b| if b > a { b } else { a })]
}

/// Joins each value with its neighbours in the row, then in the column.
fn three(plane: &Plane, join: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    let (w, h) = (plane.w, plane.h);
    let mut across = plane.data.clone();
    for (row, out) in plane.data.chunks_exact(w).zip(across.chunks_exact_mut(w)) {
        out.iter_mut().skip(1).zip(row).for_each(|(o, v)| *o = join(*o, *v));
        out.iter_mut().zip(&row[1..]).for_each(|(o, v)| *o = join(*o, *v));
    }
    let mut out = across.clone();
    for (y, out) in out.chunks_exact_mut(w).enumerate() {
        for j in [y.saturating_sub(1), (y + 1).min(h - 1)] {
            out.iter_mut().zip(&across[j * w..]).for_each(|(o, v)| *o = join(*o, *v));
        }
    }
    out
}

/// Gaussian blur, separable, three standard deviations wide; the border goes on.
pub(super) fn blur(plane: &Plane, sigma: f32) -> Plane {
    let reach = (sigma * 3.0).ceil() as usize;
    let mut kernel: Vec<f32> =
        (0..=reach).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
    let sum = kernel[0] + 2.0 * kernel[1..].iter().sum::<f32>();
    kernel.iter_mut().for_each(|k| *k /= sum);
    let (w, h) = (plane.w, plane.h);
    let mut across = vec![0.0; w * h];
    let mut padded = vec![0.0; w + 2 * reach];
    for (row, out) in plane.data.chunks_exact(w).zip(across.chunks_exact_mut(w)) {
        padded[..reach].fill(row[0]);
        padded[reach..reach + w].copy_from_slice(row);
        padded[reach + w..].fill(row[w - 1]);
        weighted(out, &padded[reach..reach + w], None, kernel[0]);
        for (k, weight) in kernel.iter().enumerate().skip(1) {
            let (left, right) = (&padded[reach - k..][..w], &padded[reach + k..][..w]);
            weighted(out, left, Some(right), *weight);
        }
    }
    let mut data = vec![0.0; w * h];
    for (y, out) in data.chunks_exact_mut(w).enumerate() {
        let row = |j: usize| &across[j * w..][..w];
        weighted(out, row(y), None, kernel[0]);
        for (k, weight) in kernel.iter().enumerate().skip(1) {
            weighted(out, row(y.saturating_sub(k)), Some(row((y + k).min(h - 1))), *weight);
        }
    }
    Plane { w, h, data }
}

/// Adds a weighted row, or the sum of two.
fn weighted(out: &mut [f32], a: &[f32], b: Option<&[f32]>, weight: f32) {
    match b {
        None => out.iter_mut().zip(a).for_each(|(o, a)| *o += weight * a),
        Some(b) => out.iter_mut().zip(a).zip(b).for_each(|((o, a), b)| *o += weight * (a + b)),
    }
}
