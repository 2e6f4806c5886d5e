//! Where something is: a coverage at the proxy's size, read at any size.

use super::tile::{Frame, Tile};
use crate::imaging::lanes::wide;
use crate::imaging::{Mask, Plane, Rect};
use std::collections::VecDeque;
use std::sync::Arc;

/// Coverage from 0 to 1 over the whole picture. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Region(Arc<Plane>);

impl Region {
    /// Of a plane that covers the whole picture at any size.
    pub(super) fn new(plane: Plane) -> Self {
        Self(Arc::new(plane))
    }

    /// A mask brought to a size: the mean of what lies under each pixel, the nearest where there is less than one.
    pub(super) fn from_mask(mask: &Mask, w: usize, h: usize) -> Self {
        if mask.is_empty() {
            return Self::new(Plane::new(w, h));
        }
        if (mask.w, mask.h) == (w, h) {
            let data = mask.data.iter().map(|v| f32::from(*v) * (1.0 / 255.0)).collect();
            return Self::new(Plane { w, h, data });
        }
        // Which pixels of the mask lie under each of these, at least one.
        let spans = |old: usize, new: usize| {
            let place = move |i: usize| (i as f32 * (old as f32 / new as f32)) as usize;
            (0..new).map(move |i| {
                let from = place(i).min(old - 1);
                from..place(i + 1).clamp(from + 1, old)
            })
        };
        let columns: Vec<_> = spans(mask.w, w).collect();
        let mut data = Vec::with_capacity(w * h);
        for rows in spans(mask.h, h) {
            let under = &mask.data[rows.start * mask.w..rows.end * mask.w];
            data.extend(columns.iter().map(|columns| {
                let rows = under.chunks_exact(mask.w).flat_map(|row| &row[columns.clone()]);
                let sum = rows.map(|&v| u32::from(v)).sum::<u32>();
                sum as f32 / (255 * columns.len() * (under.len() / mask.w)) as f32
            }));
        }
        Self::new(Plane { w, h, data })
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
        let mut rows = self.over(tile);
        let mut cover = vec![0.0; w];
        for y in 0..tile.rect.h {
            rows.row(tile.rect.y + y, &mut cover);
            for x in (0..w).filter(|x| cover[*x] > 0.0) {
                tile.put(y * w + x, new(tile.at(y * w + x), cover[x]));
            }
        }
    }

    /// Its rows over `w` columns of the frame from `x` on.
    pub(super) fn across(&self, frame: &Frame, x: usize, w: usize) -> Across<'_> {
        let (step, down) = self.steps(frame);
        let last = self.0.w - 1;
        let places = (x..x + w).map(|x| {
            let u = ((x as f32 + 0.5) * step - 0.5).clamp(0.0, last as f32);
            // Not `fract`: it is a call where the processor's base line has no rounding.
            (u as u32, u - (u as u32) as f32)
        });
        let line = || Line { of: usize::MAX, even: true, values: vec![0.0; w] };
        Across { plane: &self.0, down, places: places.collect(), upper: line(), lower: line() }
    }

    /// Its rows over a tile's columns.
    pub(super) fn over(&self, tile: &Tile) -> Across<'_> {
        self.across(&tile.frame, tile.rect.x, tile.rect.w)
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

/// Rows of a region over the same columns of a frame, linear between its own: what lies between its columns
/// is worked out once for each of its rows, whichever rows of the frame it is read for.
pub(super) struct Across<'a> {
    plane: &'a Plane,
    /// Rows of the region per row of the frame.
    down: f32,
    /// For each column the region's column before it, and how far on to the next.
    places: Vec<(u32, f32)>,
    upper: Line,
    lower: Line,
}

/// One of a region's own rows at the columns of a frame.
struct Line {
    /// Its number.
    of: usize,
    /// Whether all of it is the same.
    even: bool,
    values: Vec<f32>,
}

impl Across<'_> {
    /// The coverage along a row of the frame; it is returned as well where all of it is the same.
    pub(super) fn row(&mut self, y: usize, out: &mut [f32]) -> Option<f32> {
        let last = self.plane.h - 1;
        let v = ((y as f32 + 0.5) * self.down - 0.5).clamp(0.0, last as f32);
        let (j, part) = (v as usize, v - (v as usize) as f32);
        if self.upper.of != j && self.lower.of == j {
            std::mem::swap(&mut self.upper, &mut self.lower);
        }
        self.upper.read(self.plane, j, &self.places);
        self.lower.read(self.plane, (j + 1).min(last), &self.places);
        let (upper, lower) = (&self.upper.values[..], &self.lower.values[..]);
        let first = |line: &[f32]| line.first().copied().unwrap_or(0.0);
        if self.upper.even && self.lower.even {
            let all = first(upper) + (first(lower) - first(upper)) * part;
            out.fill(all);
            return Some(all);
        }
        wide(|| {
            for ((o, a), b) in out.iter_mut().zip(upper).zip(lower) {
                *o = a + (b - a) * part;
            }
        });
        None
    }
}

impl Line {
    fn read(&mut self, plane: &Plane, j: usize, places: &[(u32, f32)]) {
        let (Some(from), Some(to)) = (places.first(), places.last()) else { return };
        if self.of == j {
            return;
        }
        self.of = j;
        let row = &plane.data[j * plane.w..][..plane.w];
        let row = &row[from.0 as usize..(to.0 as usize + 2).min(plane.w)];
        self.even = row.iter().all(|v| *v == row[0]);
        if self.even {
            self.values.fill(row[0]);
            return;
        }
        for (out, (column, part)) in self.values.iter_mut().zip(places) {
            let i = (column - from.0) as usize;
            let (a, b) = (row[i], row[(i + 1).min(row.len() - 1)]);
            *out = a + (b - a) * part;
        }
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
    /// Its rows over a tile's columns.
    pub(super) fn over(&self, tile: &Tile) -> MatteAcross<'_> {
        match self {
            Self::Coarse(region) => MatteAcross::Coarse(region.over(tile)),
            Self::Fine(mask) => MatteAcross::Fine(mask, tile.frame, tile.rect.x),
        }
    }
}

/// Rows of a [`Matte`] over the same columns of a frame.
pub(super) enum MatteAcross<'a> {
    Coarse(Across<'a>),
    Fine(&'a Mask, Frame, usize),
}

impl MatteAcross<'_> {
    /// The coverage along a row of the frame.
    pub(super) fn row(&mut self, y: usize, out: &mut [f32]) {
        let (mask, frame, x) = match self {
            Self::Coarse(rows) => {
                rows.row(y, out);
                return;
            }
            Self::Fine(mask, frame, x) => (mask, frame, *x),
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
    // What lies above is written over from row to row: as many rows as are still looked at are kept.
    let mut above: VecDeque<Vec<f32>> = vec![plane.data[..w].to_vec(); by].into();
    let mut out = vec![0.0; w];
    for y in 0..h {
        let line = |j: usize| &plane.data[j.min(h - 1) * w..][..w];
        out.copy_from_slice(line(y));
        let mut take = |other: &[f32]| {
            wide(|| out.iter_mut().zip(other).for_each(|(a, b)| *a = join(*a, *b)));
        };
        above.iter().for_each(|row| take(row));
        (y + 1..=y + by).for_each(|j| take(line(j)));
        wide(|| out.iter_mut().for_each(|v| *v *= scale));
        if let Some(mut oldest) = above.pop_front() {
            oldest.copy_from_slice(line(y));
            above.push_back(oldest);
        }
        plane.data[y * w..][..w].copy_from_slice(&out);
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

    #[test]
    fn wide_windows_see_every_value_once_and_the_border_goes_on() {
        let (w, h) = (150_usize, 40_usize);
        let source = Plane::from_fn(w, h, |x, y| ((x * 31 + y * 57) % 23) as f32);
        for by in [1, 2, 3, 8, 30] {
            let (mut means, mut most) = (source.clone(), source.clone());
            mean(&mut means, by);
            greatest(&mut most, by);
            for (x, y) in [(0, 0), (70, 20), (149, 39), (64, 3), (3, 38)] {
                let near = |v: usize, n: usize| {
                    (0..=2 * by).map(move |k| (v + k).saturating_sub(by).min(n - 1))
                };
                let all = near(y, h).flat_map(|j| near(x, w).map(move |i| (i, j)));
                let all: Vec<f32> = all.map(|(i, j)| source.at(i, j)).collect();
                let middle = all.iter().sum::<f32>() / all.len() as f32;
                assert!((means.at(x, y) - middle).abs() < 1e-3, "{by}: {x} {y}");
                assert_eq!(most.at(x, y), all.iter().copied().fold(0.0, f32::max), "{by}: {x} {y}");
            }
        }
    }
}
