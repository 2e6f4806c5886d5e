//! Where something is: a coverage at the proxy's size, read at any size.

use super::tile::{Frame, Tile};
use crate::imaging::lanes::wide;
use crate::imaging::{Mask, Plane, Rect};
use std::sync::Arc;

/// Values of a region that are read together, and one more.
const LINE: usize = 128;

/// Whether all values of a row are the same.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "no way out early, so that wide registers can be used"
)]
#[inline(always)]
fn alike(row: &[f32], first: f32) -> bool {
    row.iter().fold(true, |same, v| same & (*v == first))
}

/// Reads a line, whose first value is that of column `from`, between its values: `step` of its own
/// pixels for each pixel from `x` on, at most at column `last`.
fn between(
    line: &[f32; LINE],
    (x, from): (usize, usize),
    (step, last): (f32, f32),
    out: &mut [f32],
) {
    const PART: usize = 32;
    for (part, out) in out.chunks_mut(PART).enumerate() {
        let (mut cells, mut parts) = ([0_i32; PART], [0.0_f32; PART]);
        let x = (x + part * PART) as i32;
        wide(|| {
            for k in 0..PART {
                let u = ((x + k as i32) as f32 + 0.5) * step - 0.5;
                let u = if u > 0.0 { u } else { 0.0 };
                let u = if u < last { u } else { last };
                let cell = u as i32;
                (cells[k], parts[k]) = (cell - from as i32, u - cell as f32);
            }
        });
        for ((out, cell), part) in out.iter_mut().zip(cells).zip(parts) {
            let i = cell as usize & (LINE - 1);
            let (a, b) = (line[i], line[(i + 1) & (LINE - 1)]);
            *out = a + (b - a) * part;
        }
    }
}

/// Coverage from 0 to 1 over the whole picture. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Region(Arc<Plane>);

impl Region {
    /// Of a plane that covers the whole picture at any size.
    pub(super) fn new(plane: Plane) -> Self {
        Self(Arc::new(plane))
    }

    /// A mask brought to a size by area averages (smaller) or linear weights (larger).
    pub(super) fn from_mask(mask: &Mask, w: usize, h: usize) -> Self {
        let (sx, sy) = (mask.w as f32 / w as f32, mask.h as f32 / h as f32);
        let part = |x: usize, y: usize| {
            let from = |i: usize, s: f32| (i as f32 * s) as usize;
            let (x0, y0) = (from(x, sx), from(y, sy));
            let (x1, y1) = (from(x + 1, sx).max(x0 + 1), from(y + 1, sy).max(y0 + 1));
            let mut sum = 0_u32;
            for j in y0..y1.min(mask.h) {
                let row = &mask.data[j * mask.w..][x0.min(mask.w)..x1.min(mask.w)];
                sum += row.iter().map(|&v| u32::from(v)).sum::<u32>();
            }
            sum as f32 / (255 * (x1 - x0) * (y1 - y0)) as f32
        };
        if mask.is_empty() {
            return Self::new(Plane::new(w, h));
        }
        if (mask.w, mask.h) == (w, h) {
            let data = mask.data.iter().map(|v| f32::from(*v) * (1.0 / 255.0)).collect();
            return Self::new(Plane { w, h, data });
        }
        Self::new(Plane::from_fn(w, h, part))
    }

    /// Its values.
    pub(super) fn plane(&self) -> &Plane {
        &self.0
    }

    /// Whether any coverage lies inside a part of the frame.
    pub(super) fn touches(&self, frame: &Frame, part: Rect) -> bool {
        self.rows(frame, part).any(|row| row.iter().any(|&v| v > 0.0))
    }

    /// Whether a part of the frame is covered wholly.
    pub(super) fn covers(&self, frame: &Frame, part: Rect) -> bool {
        self.rows(frame, part).all(|row| row.iter().all(|&v| v >= 1.0))
    }

    /// Its own values that a part of the frame reads.
    fn rows(&self, frame: &Frame, part: Rect) -> impl Iterator<Item = &[f32]> {
        let (sx, sy) = self.steps(frame);
        // One pixel more on each side: reading between the pixels reaches that far.
        let low = |v: usize, s: f32| ((v as f32 * s - 1.0).max(0.0)) as usize;
        let high = |v: usize, s: f32, n: usize| ((v as f32 * s + 2.0) as usize).min(n);
        let (x0, x1) = (low(part.x, sx), high(part.right(), sx, self.0.w));
        let (y0, y1) = (low(part.y, sy), high(part.bottom(), sy, self.0.h));
        (y0..y1).map(move |y| &self.0.data[y * self.0.w..][x0..x1])
    }

    /// Changes every pixel of a tile that is covered, given its coverage.
    pub(super) fn change(&self, tile: &mut Tile, new: impl Fn([f32; 3], f32) -> [f32; 3]) {
        let w = tile.rect.w;
        let mut cover = vec![0.0; w];
        for y in 0..tile.rect.h {
            self.row(&tile.frame, tile.rect.x, tile.rect.y + y, &mut cover);
            for x in (0..w).filter(|x| cover[*x] > 0.0) {
                tile.put(y * w + x, new(tile.at(y * w + x), cover[x]));
            }
        }
    }

    /// The coverage of `out.len()` pixels of the frame from `x`, `y` on; linear between its own.
    pub(super) fn row(&self, frame: &Frame, x: usize, y: usize, out: &mut [f32]) {
        let plane = &*self.0;
        let (sx, sy) = self.steps(frame);
        let v = ((y as f32 + 0.5) * sy - 0.5).clamp(0.0, (plane.h - 1) as f32);
        // Not `fract`: it is a call where the processor's base line has no rounding.
        let (j, fy) = (v as usize, v - (v as usize) as f32);
        let last = plane.w - 1;
        let column = |x: usize| ((((x as f32 + 0.5) * sx - 0.5).max(0.0)) as usize).min(last);
        let (from, to) = (column(x), column(x + out.len().saturating_sub(1)) + 1);
        let span = from..to.min(last) + 1;
        let upper = &plane.data[j * plane.w..][span.clone()];
        let lower = &plane.data[(j + 1).min(plane.h - 1) * plane.w..][span];
        let first = upper[0];
        if wide(|| alike(upper, first) & alike(lower, first)) {
            out.fill(first);
            return;
        }
        let mut line = [0.0; LINE];
        if upper.len() + 1 > LINE {
            // A region that is finer than the frame, or a long row: by halves.
            let (left, right) = out.split_at_mut(out.len() / 2);
            if !left.is_empty() {
                self.row(frame, x, y, left);
                self.row(frame, x + left.len(), y, right);
                return;
            }
        }
        let n = upper.len().min(LINE - 1);
        wide(|| {
            for k in 0..n {
                line[k] = upper[k] + (lower[k] - upper[k]) * fy;
            }
            line[n] = line[n - 1];
        });
        between(&line, (x, from), (sx, last as f32), out);
    }

    /// The coverage of a pixel of the frame, of the nearest of its own.
    pub(super) fn nearest(&self, frame: &Frame, x: usize, y: usize) -> f32 {
        let (w, h) = (self.0.w, self.0.h);
        self.0.at((x * w / frame.w.max(1)).min(w - 1), (y * h / frame.h.max(1)).min(h - 1))
    }

    /// Pixels of the region per pixel of the frame.
    fn steps(&self, frame: &Frame) -> (f32, f32) {
        (self.0.w as f32 / frame.w.max(1) as f32, self.0.h as f32 / frame.h.max(1) as f32)
    }

    /// Shrunk by `by` pixels of its own.
    pub(super) fn shrunk(&self, by: usize) -> Self {
        let mut plane = (*self.0).clone();
        least(&mut plane, by);
        Self::new(plane)
    }

    /// The mean over a square of side `2 by + 1` of its own pixels.
    pub(super) fn softened(&self, by: usize) -> Self {
        let mut plane = (*self.0).clone();
        mean(&mut plane, by);
        Self::new(plane)
    }

    /// Grown by `by` pixels of its own.
    pub(super) fn widened(&self, by: usize) -> Self {
        let mut plane = (*self.0).clone();
        greatest(&mut plane, by);
        Self::new(plane)
    }

    /// Grown by `by` pixels of its own and feathered by as much.
    pub(super) fn grown(&self, by: usize) -> Self {
        let mut plane = (*self.0).clone();
        spread(&mut plane, by);
        Self::new(plane)
    }
}

/// The product's coverage as finely as it is known: a mask of any size, read at any size.
#[derive(Clone, Debug)]
pub(super) enum Matte {
    /// As planning sees it.
    Coarse(Region),
    /// Finer than planning sees: an alpha of the picture's own size.
    Fine(Arc<Mask>),
}

impl Matte {
    /// The coverage of `out.len()` pixels of the frame from `x`, `y` on.
    pub(super) fn row(&self, frame: &Frame, x: usize, y: usize, out: &mut [f32]) {
        let mask = match self {
            Self::Coarse(region) => return region.row(frame, x, y, out),
            Self::Fine(mask) => mask,
        };
        let place = |v: usize, n: usize, frame: usize| {
            let v = ((v as f32 + 0.5) * n as f32 / frame.max(1) as f32 - 0.5).max(0.0);
            let i = (v as usize).min(n - 1);
            (i, (i + 1).min(n - 1), v - i as f32)
        };
        let (j0, j1, fy) = place(y, mask.h, frame.h);
        for (k, out) in out.iter_mut().enumerate() {
            let (i0, i1, fx) = place(x + k, mask.w, frame.w);
            let at = |i: usize, j: usize| f32::from(mask.data[j * mask.w + i]);
            let upper = at(i0, j0) + (at(i1, j0) - at(i0, j0)) * fx;
            let lower = at(i0, j1) + (at(i1, j1) - at(i0, j1)) * fx;
            *out = (upper + (lower - upper) * fy) / 255.0;
        }
    }
}

/// A plane whose values count only where `seen` is 1, continued smoothly over the rest: means over
/// ever wider squares, the narrowest that sees enough.
pub(super) fn filled_in(values: &[f32], seen: &[f32], w: usize, h: usize) -> Vec<f32> {
    let known = values.iter().zip(seen).map(|(v, s)| v * s).collect();
    let mut sum = Plane { w, h, data: known };
    let mut weight = Plane { w, h, data: seen.to_vec() };
    let mut out: Vec<f32> = values.to_vec();
    let mut open: Vec<bool> = seen.iter().map(|s| *s <= 0.0).collect();
    let longest = w.max(h);
    let mut by = 2;
    while by < longest && open.iter().any(|o| *o) {
        mean(&mut sum, by);
        mean(&mut weight, by);
        for i in (0..w * h).filter(|i| weight.data[*i] > 0.08) {
            if open[i] {
                out[i] = sum.data[i] / weight.data[i];
                open[i] = false;
            }
        }
        by *= 2;
    }
    // Both are of the same pixels, so a little of one is a little of the other.
    let all = seen.iter().sum::<f32>().max(1.0);
    let usual = values.iter().zip(seen).map(|(v, s)| v * s).sum::<f32>() / all;
    open.iter().zip(&mut out).filter(|(o, _)| **o).for_each(|(_, v)| *v = usual);
    smoothed(out, seen, w, h)
}

/// Where the plane was continued the steps between the widths are smoothed away.
fn smoothed(values: Vec<f32>, seen: &[f32], w: usize, h: usize) -> Vec<f32> {
    let mut soft = Plane { w, h, data: values.clone() };
    mean(&mut soft, 3);
    mean(&mut soft, 3);
    let pairs = values.into_iter().zip(soft.data).zip(seen);
    pairs.map(|((v, s), seen)| if *seen > 0.0 { v } else { s }).collect()
}

/// The greatest value within a square of side `2 by + 1`, then the mean over one of the same size.
fn spread(plane: &mut Plane, by: usize) {
    greatest(plane, by);
    mean(plane, by);
}

fn greatest(plane: &mut Plane, by: usize) {
    each_window(plane, by, |a, b| if a > b { a } else { b }, 1.0);
}

fn least(plane: &mut Plane, by: usize) {
    each_window(plane, by, |a, b| if a < b { a } else { b }, 1.0);
}

fn mean(plane: &mut Plane, by: usize) {
    each_window(plane, by, |a, b| a + b, 1.0 / (2 * by + 1) as f32);
}

/// Joins each value with those up to `by` away along its row, then along its column, and scales the
/// result; the border goes on. Whole rows at a time, so that the compiler can use wide registers.
fn each_window(plane: &mut Plane, by: usize, join: impl Fn(f32, f32) -> f32, scale: f32) {
    let (w, h) = (plane.w, plane.h);
    if w == 0 || h == 0 {
        return;
    }
    let mut padded = vec![0.0; w + 2 * by];
    for row in plane.data.chunks_exact_mut(w) {
        padded[..by].fill(row[0]);
        padded[by..by + w].copy_from_slice(row);
        padded[by + w..].fill(row[w - 1]);
        row.copy_from_slice(&padded[..w]);
        wide(|| {
            for k in 1..=2 * by {
                row.iter_mut().zip(&padded[k..]).for_each(|(a, b)| *a = join(*a, *b));
            }
            row.iter_mut().for_each(|v| *v *= scale);
        });
    }
    let across = plane.data.clone();
    let line = |j: usize| &across[j * w..][..w];
    for (y, row) in plane.data.chunks_exact_mut(w).enumerate() {
        row.copy_from_slice(line(y.saturating_sub(by)));
        wide(|| {
            for k in 1..=2 * by {
                let other = line((y + k).saturating_sub(by).min(h - 1));
                row.iter_mut().zip(other).for_each(|(a, b)| *a = join(*a, *b));
            }
            row.iter_mut().for_each(|v| *v *= scale);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_grow_shrink_and_average_by_whole_pixels() {
        let dot = || Plane::from_fn(9, 7, |x, y| if (x, y) == (4, 3) { 1.0 } else { 0.0 });
        let mut plane = dot();
        greatest(&mut plane, 1);
        assert_eq!(plane.data.iter().sum::<f32>(), 9.0);
        least(&mut plane, 1);
        assert_eq!(plane.data, dot().data);
        mean(&mut plane, 1);
        assert!((plane.at(3, 2) - 1.0 / 9.0).abs() < 1e-6 && plane.at(2, 2) == 0.0);
    }
}
