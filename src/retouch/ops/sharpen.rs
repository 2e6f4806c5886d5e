//! Capture sharpening: gives back what lens and sensor blurred, on the subject only.
//!
//! Unsharp masking of the square root of luminance (roughly even to the eye), with three brakes:
//! detail at the level of the noise is left alone, the result stays within the range of the 3x3
//! neighbours plus a twentieth of it, and the backdrop is not touched.

use crate::imaging::lanes::{wide, wide_fn};
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
        let cover = self.cover(tile);
        let Some(part) = covered(&cover, tile.rect.w) else { return };
        // Only what is covered, and what that looks at.
        let sigma = self.radius * tile.frame.scale;
        let kernel = gaussian(sigma);
        let near = part.grown(kernel.len(), tile.rect.w, tile.rect.h);
        let root = Plane { w: near.w, h: near.h, data: tile.roots_of(near) };
        let across = blurred_across(&root, &kernel);
        let mut rows = [(); 4].map(|()| vec![0.0; near.w]);
        for y in part.y..part.bottom() {
            let j = y - near.y;
            let [soft, low, high, ratio] = &mut rows;
            blurred_down(&across, &kernel, j, soft);
            extremes(&root, j, low, high);
            let (from, to) = (part.x - near.x, part.right() - near.x);
            let at = y * tile.rect.w + part.x;
            ratios(
                [&root.data[j * near.w..][from..to], &soft[from..to]],
                [&low[from..to], &high[from..to]],
                &cover[at..at + part.w],
                (self.amount, self.threshold * self.threshold + 1e-12),
                &mut ratio[..part.w],
            );
            for plane in &mut tile.planes {
                multiply(&mut plane[at..at + part.w], &ratio[..part.w]);
            }
        }
    }
}

/// Multiplies a row by another.
fn multiply(row: &mut [f32], by: &[f32]) {
    wide(|| row.iter_mut().zip(by).for_each(|(v, r)| *v *= r));
}

/// The rectangle outside of which a plane of a width is 0.
fn covered(cover: &[f32], w: usize) -> Option<Rect> {
    let rows = cover.chunks_exact(w.max(1)).enumerate();
    let span = |(y, row): (usize, &[f32])| {
        let first = row.iter().position(|c| *c > 0.0)?;
        let last = row.iter().rposition(|c| *c > 0.0)?;
        Some(Rect::new(first, y, last + 1 - first, 1))
    };
    rows.filter_map(span).reduce(|a, b| a.union(&b))
}

impl Unsharp {
    /// How much of it each pixel of a tile gets.
    fn cover(&self, tile: &Tile) -> Vec<f32> {
        let mut cover = vec![1.0; tile.rect.area()];
        if let Some(region) = &self.region {
            let rows = cover.chunks_exact_mut(tile.rect.w.max(1)).enumerate();
            let mut region = region.over(tile);
            for (y, row) in rows {
                region.row(tile.rect.y + y, row);
            }
        }
        cover
    }
}

wide_fn! {
    /// What the pixels of a row, `rows` sharp and blurred, are multiplied by; exactly 1 where nothing is
    /// covered. `ends` are the least and the greatest around each, `strength` the amount and the square of
    /// what counts as noise.
    fn ratios(
        rows: [&[f32]; 2],
        ends: [&[f32]; 2],
        cover: &[f32],
        strength: (f32, f32),
        out: &mut [f32],
    ) {
        let n = out.len();
        let [root, blurred] = rows.map(|row| &row[..n]);
        let [low, high] = ends.map(|row| &row[..n]);
        let (cover, (amount, quiet)) = (&cover[..n], strength);
        for k in 0..n {
            let here = root[k];
            let detail = here - blurred[k];
            let kept = detail * detail / (detail * detail + quiet);
            let wanted = here + amount * cover[k] * detail * kept;
            let slack = 0.05 * (high[k] - low[k]);
            let (low, high) = (low[k] - slack, high[k] + slack);
            let new = if wanted > low { wanted } else { low };
            let new = if new < high { new } else { high };
            let new = if new > 0.0 { new } else { 0.0 };
            // In deep black a ratio would blow noise up.
            let floor = 0.02;
            let ratio = (new + floor) / (here + floor);
            out[k] = ratio * ratio;
        }
    }
}

/// Least and greatest of the 3x3 around each pixel of a row; the border goes on.
fn extremes(plane: &Plane, y: usize, low: &mut [f32], high: &mut [f32]) {
    let w = plane.w;
    let row = |j: usize| &plane.data[j * w..][..w];
    let (above, here, below) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(plane.h - 1)));
    let (mut least, mut most) = (vec![0.0; w + 2], vec![0.0; w + 2]);
    let rows = [above, here, below];
    least_of(rows, &mut least[1..=w]);
    greatest_of(rows, &mut most[1..=w]);
    (least[0], least[w + 1]) = (least[1], least[w]);
    (most[0], most[w + 1]) = (most[1], most[w]);
    least_of([&least, &least[1..], &least[2..]], &mut low[..w]);
    greatest_of([&most, &most[1..], &most[2..]], &mut high[..w]);
}

wide_fn! {
    /// The least of three rows, place by place.
    fn least_of(rows: [&[f32]; 3], out: &mut [f32]) {
        let [a, b, c] = rows;
        for (((o, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
            let least = if b < a { *b } else { *a };
            *o = if *c < least { *c } else { least };
        }
    }
}

wide_fn! {
    /// The greatest of three rows, place by place.
    fn greatest_of(rows: [&[f32]; 3], out: &mut [f32]) {
        let [a, b, c] = rows;
        for (((o, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
            let greatest = if b > a { *b } else { *a };
            *o = if *c > greatest { *c } else { greatest };
        }
    }
}

/// Half a Gaussian, three standard deviations wide, from its middle on; the whole has the sum 1.
fn gaussian(sigma: f32) -> Vec<f32> {
    let reach = (sigma * 3.0).ceil() as usize;
    let mut kernel: Vec<f32> =
        (0..=reach).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
    let sum = kernel[0] + 2.0 * kernel[1..].iter().sum::<f32>();
    kernel.iter_mut().for_each(|k| *k /= sum);
    kernel
}

/// Gaussian blur, separable, three standard deviations wide; the border goes on.
pub(super) fn blur(plane: &Plane, sigma: f32) -> Plane {
    let kernel = gaussian(sigma);
    let across = blurred_across(plane, &kernel);
    let mut out = Plane::new(plane.w, plane.h);
    let rows = out.data.chunks_exact_mut(plane.w.max(1)).enumerate();
    rows.for_each(|(y, row)| blurred_down(&across, &kernel, y, row));
    out
}

fn blurred_across(plane: &Plane, kernel: &[f32]) -> Plane {
    let (w, reach) = (plane.w, kernel.len() - 1);
    let mut across = Plane::new(w, plane.h);
    let mut padded = vec![0.0; w + 2 * reach];
    let rows = plane.data.chunks_exact(w.max(1)).zip(across.data.chunks_exact_mut(w.max(1)));
    for (row, out) in rows {
        padded[..reach].fill(row[0]);
        padded[reach..reach + w].copy_from_slice(row);
        padded[reach + w..].fill(row[w - 1]);
        let at = |k: usize| &padded[k..k + w];
        weighted(out, kernel, at(reach), |k| [at(reach - k), at(reach + k)]);
    }
    across
}

fn blurred_down(across: &Plane, kernel: &[f32], y: usize, out: &mut [f32]) {
    let row = |j: usize| &across.data[j.min(across.h - 1) * across.w..][..across.w];
    weighted(out, kernel, row(y), |k| [row(y.saturating_sub(k)), row(y + k)]);
}

/// The weighted sum of a row and of the pairs of rows around it.
fn weighted<'a>(
    out: &mut [f32],
    kernel: &[f32],
    middle: &[f32],
    pair: impl Fn(usize) -> [&'a [f32]; 2],
) {
    wide(|| out.iter_mut().zip(middle).for_each(|(o, v)| *o = kernel[0] * v));
    for (k, weight) in kernel.iter().enumerate().skip(1) {
        let [a, b] = pair(k);
        wide(|| out.iter_mut().zip(a).zip(b).for_each(|((o, a), b)| *o += weight * (a + b)));
    }
}
