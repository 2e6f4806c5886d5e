//! The mirror axis that a picture agrees with best: its angle, its place, and how well it agrees.
//!
//! The picture is turned by the candidate's angle and compared with itself, read backwards along
//! rows, at a range of shifts; the likeness is the correlation divided by the turned picture's own
//! energy. The search is coarse, then fine, then a parabola through the best three.
//!
//! Two things keep it free of the bias toward the grid that comparing a turned picture with the
//! unturned one has (0.6° at upright): only one picture is resampled, so that what interpolation
//! softens is softened on both sides of the comparison; and the canvas is smoothed before, so that
//! interpolation softens little. A glide along the axis is not searched: it would let a skew picture
//! pass for a turned one.

use super::stats::dot;
use crate::imaging::Plane;
use crate::imaging::lanes::wide_fn;
use std::ops::Range;

/// How far from upright is searched, degrees.
pub(super) const REACH: f32 = 21.0;
/// Coarse steps of 3° to either side: one more than the reach, so that its end is a peak too.
const COARSE: usize = 8;
/// Shifts that are searched: the axis may be beside the canvas' middle by this share of its side.
const ASIDE: f32 = 0.13;

/// What the search found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Axis {
    /// Turn from upright, degrees, clockwise positive.
    pub(super) deg: f32,
    /// Distance of the axis from the canvas' middle along the turned x axis, canvas pixels.
    pub(super) aside: f32,
    /// Likeness of the halves: 1 alike, 0 nothing in common.
    pub(super) likeness: f32,
    /// How far the likeness rises above that of the other angles.
    pub(super) rise: f32,
    /// Whether the best angle lies inside the search and not at its end.
    pub(super) inner: bool,
}

/// Searches the axis of a square canvas whose values are 0 outside the piece.
pub(super) fn search(canvas: &Plane) -> Axis {
    let small = halve(canvas);
    let mut turned = Turned::new(&small);
    let whole = Shifts { about: 0.0, reach: 2.0 * ASIDE * small.w as f32 };
    let (coarse, asides): (Vec<f32>, Vec<f32>) =
        steps(0.0, 3.0, COARSE).map(|deg| turned.likeness(&small, deg, whole)).unzip();
    let best = largest(&coarse);
    let rise = coarse[best] - middle_of(&coarse);
    let between = best.clamp(1, coarse.len() - 2);
    let (offset, _) = vertex(coarse[between - 1], coarse[between], coarse[between + 1]);
    let start = (between as f32 + offset - COARSE as f32) * 3.0;
    let mut turned = Turned::new(canvas);
    // The axis hardly moves while the angle is refined.
    let near = Shifts { about: 4.0 * asides[best], reach: 6.0 };
    let (deg, _) = peak(&mut turned, canvas, start, 1.0, 2, near);
    let (deg, likeness) = peak(&mut turned, canvas, deg, 0.5, 2, near);
    let (_, aside) = turned.likeness(canvas, deg, near);
    let inner = best > 0 && best + 1 < coarse.len() && deg.abs() < REACH;
    Axis { deg, aside, likeness, rise, inner }
}

/// The best angle among `2 n + 1` steps around `about`, between the steps by a parabola.
fn peak(
    turned: &mut Turned,
    canvas: &Plane,
    about: f32,
    step: f32,
    n: usize,
    near: Shifts,
) -> (f32, f32) {
    let degrees: Vec<f32> = steps(about, step, n).collect();
    let got: Vec<f32> = degrees.iter().map(|&deg| turned.likeness(canvas, deg, near).0).collect();
    let at = largest(&got).clamp(1, got.len() - 2);
    let (offset, value) = vertex(got[at - 1], got[at], got[at + 1]);
    (degrees[at] + step * offset, value)
}

fn steps(about: f32, step: f32, n: usize) -> impl Iterator<Item = f32> {
    let n = n as i32;
    (-n..=n).map(move |k| about + k as f32 * step)
}

/// The vertex of the parabola through values at -1, 0 and 1: its place and its value.
fn vertex(low: f32, mid: f32, high: f32) -> (f32, f32) {
    let bend = low - 2.0 * mid + high;
    if bend >= -1e-9 {
        return (0.0, mid);
    }
    let at = (0.5 * (low - high) / bend).clamp(-1.0, 1.0);
    (at, mid - 0.25 * (low - high) * at)
}

fn largest(values: &[f32]) -> usize {
    (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0)
}

fn middle_of(values: &[f32]) -> f32 {
    super::stats::median(&mut values.to_vec())
}

/// Means of blocks of 2 x 2.
fn halve(p: &Plane) -> Plane {
    Plane::from_fn(p.w / 2, p.h / 2, |x, y| {
        let i = 2 * y * p.w + 2 * x;
        0.25 * (p.data[i] + p.data[i + 1] + p.data[i + p.w] + p.data[i + p.w + 1])
    })
}

/// Which shifts of the mirrored picture are tried, pixels: twice the axis' distance from the middle.
#[derive(Clone, Copy)]
struct Shifts {
    about: f32,
    reach: f32,
}

/// A canvas turned by an angle, and the same read backwards.
struct Turned {
    /// Values from the beginning of a row to that of the next: between them are zeros, so that a shifted
    /// picture is one long product with the other, without rows' ends.
    stride: usize,
    rows: Vec<f32>,
    backwards: Vec<f32>,
    /// How far from the middle the canvas holds anything, across and down.
    half: [f32; 2],
}

impl Turned {
    fn new(canvas: &Plane) -> Self {
        let side = canvas.w;
        let stride = side + side * 3 / 8;
        let middle = (side as f32 - 1.0) * 0.5;
        let mut half = [0.0_f32; 2];
        for (y, row) in canvas.data.chunks_exact(side).enumerate() {
            let Some(first) = row.iter().position(|v| *v > 0.0) else { continue };
            let last = row.iter().rposition(|v| *v > 0.0).unwrap_or(first);
            let reach = (first as f32 - middle).abs().max((last as f32 - middle).abs());
            half = [half[0].max(reach), half[1].max((y as f32 - middle).abs())];
        }
        let rows = vec![0.0; side * stride];
        Self { stride, backwards: rows.clone(), rows, half }
    }

    /// The columns and rows that hold something after a turn.
    fn within(&self, side: usize, deg: f32) -> [Range<usize>; 2] {
        let (s, c) = deg.to_radians().sin_cos();
        let (s, c) = (s.abs(), c.abs());
        let middle = (side as f32 - 1.0) * 0.5;
        let [w, h] = self.half;
        [c * w + s * h, s * w + c * h].map(|reach| {
            // One more to each side: interpolation reaches there.
            let first = (middle - reach - 1.0).max(0.0) as usize;
            first..((middle + reach + 2.0).ceil() as usize).min(side)
        })
    }

    /// The best likeness over the shifts at an angle, and the axis' distance from the middle.
    fn likeness(&mut self, canvas: &Plane, deg: f32, shifts: Shifts) -> (f32, f32) {
        let within = self.within(canvas.w, deg);
        turn(&mut self.rows, &mut self.backwards, self.stride, canvas, deg, &within);
        let rows = within[1].start * self.stride..within[1].end * self.stride;
        let (rows, backwards) = (&self.rows[rows.clone()], &self.backwards[rows]);
        let energy = dot(rows, rows).max(1e-9);
        let (first, last) = (shifts.about - shifts.reach, shifts.about + shifts.reach);
        let gap = (self.stride - canvas.w) as isize;
        let whole = |v: f32| (v.round() as isize).clamp(-gap, gap);
        let (first, last) = (whole(first), whole(last).max(whole(first) + 2));
        let mut got = vec![0.0; (last - first + 1) as usize];
        overlaps(rows, backwards, first, &mut got);
        got.iter_mut().for_each(|v| *v /= energy);
        let at = largest(&got).clamp(1, got.len() - 2);
        let (offset, value) = vertex(got[at - 1], got[at], got[at + 1]);
        (value, 0.5 * (at as f32 + offset + first as f32))
    }
}

wide_fn! {
    /// Rows of the canvas along the direction that is turned clockwise by `deg`, and the same backwards.
    /// Outside of the columns and rows that hold something they are 0.
    fn turn(rows: &mut [f32], backwards: &mut [f32], stride: usize, canvas: &Plane, deg: f32, within: &[Range<usize>; 2]) {
        let (n, (s, c)) = (canvas.w, deg.to_radians().sin_cos());
        let middle = (n as f32 - 1.0) * 0.5;
        // Places are counted in whole parts of a pixel: that spares the way from numbers with a point to whole
        // ones and back.
        let whole = |v: f32| (v * PARTS as f32) as i32;
        let (across, down) = (whole(c), whole(s));
        let last = canvas.w.min(canvas.h) as u32 - 1;
        let [columns, lines] = within;
        let u = columns.start as f32 - middle;
        for y in lines.clone() {
            let v = y as f32 - middle;
            let row = &mut rows[y * stride..][..n];
            row.fill(0.0);
            let mut at = [whole(middle + c * u - s * v), whole(middle + s * u + c * v)];
            for out in &mut row[columns.clone()] {
                *out = pick_parts(canvas, at, last);
                at = [at[0] + across, at[1] + down];
            }
            let back = &mut backwards[y * stride..][..n];
            back.iter_mut().zip(row.iter().rev()).for_each(|(b, v)| *b = *v);
        }
    }
}

wide_fn! {
    /// Sums of the products of the picture and of itself mirrored about axes `shift / 2` to the right of
    /// the middle, one for each shift from `first` on.
    fn overlaps(rows: &[f32], backwards: &[f32], first: isize, out: &mut [f32]) {
        for (i, out) in out.iter_mut().enumerate() {
            let shift = first + i as isize;
            let k = shift.unsigned_abs();
            *out = if shift >= 0 { dot(&rows[k..], backwards) } else { dot(rows, &backwards[k..]) };
        }
    }
}

/// Parts of a pixel.
const PARTS: i32 = 1 << 20;

/// As [`pick`], at a place in parts of a pixel.
#[inline(always)]
fn pick_parts(p: &Plane, [x, y]: [i32; 2], last: u32) -> f32 {
    let (i, j) = ((x >> 20) as u32, (y >> 20) as u32);
    if i >= last || j >= last {
        return 0.0;
    }
    let share = |v: i32| (v & (PARTS - 1)) as f32 * (1.0 / PARTS as f32);
    let (fx, fy) = (share(x), share(y));
    let w = p.w;
    let Some(four) = p.data.get(j as usize * w + i as usize..).and_then(|d| d.get(..w + 2)) else {
        return 0.0;
    };
    let (top, low) = (four[0] + fx * (four[1] - four[0]), four[w] + fx * (four[w + 1] - four[w]));
    top + fy * (low - top)
}

/// Linear interpolation; 0 outside.
#[inline(always)]
fn pick(p: &Plane, x: f32, y: f32) -> f32 {
    if x < 0.0 || y < 0.0 || x >= (p.w - 1) as f32 || y >= (p.h - 1) as f32 {
        return 0.0;
    }
    let (i, j) = (x as usize, y as usize);
    let (fx, fy) = (x - i as f32, y - j as f32);
    let at = j * p.w + i;
    let (a, b) = (p.data[at], p.data[at + 1]);
    let (c, d) = (p.data[at + p.w], p.data[at + p.w + 1]);
    let (top, low) = (a + fx * (b - a), c + fx * (d - c));
    top + fy * (low - top)
}

/// How much the halves differ: the canvas less its mirror image about the axis, at the canvas' places.
pub(super) fn residual(canvas: &Plane, axis: Axis) -> Plane {
    let (s, c) = axis.deg.to_radians().sin_cos();
    let middle = (canvas.w as f32 - 1.0) * 0.5;
    Plane::from_fn(canvas.w, canvas.h, |x, y| {
        let (dx, dy) = (x as f32 - middle, y as f32 - middle);
        let (u, v) = (c * dx + s * dy, c * dy - s * dx);
        let u = 2.0 * axis.aside - u;
        let twin = pick(canvas, middle + c * u - s * v, middle + s * u + c * v);
        (canvas.at(x, y) - twin).abs()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pendant of soft shapes, turned and moved; `odd` adds something on one side.
    fn pendant(deg: f32, move_x: f32, odd: f32) -> Plane {
        let (s, c) = deg.to_radians().sin_cos();
        Plane::from_fn(128, 128, |x, y| {
            let (dx, dy) = (x as f32 - 63.5 - move_x, y as f32 - 63.5);
            let (u, v) = (c * dx + s * dy, c * dy - s * dx);
            let soft = |d: f32| (1.0 / (1.0 + (d / 1.2).exp())).clamp(0.0, 1.0);
            let body = soft((u / 20.0).hypot(v / 34.0) * 20.0 - 20.0);
            let hole = soft((u.abs() - 8.0).hypot(v - 10.0) - 5.0);
            let drop = soft(u.hypot(v + 36.0) - 6.0);
            body - 0.6 * hole + drop + odd * soft((u - 10.0).hypot(v + 5.0) - 4.0)
        })
    }

    #[test]
    fn angles_are_exact_over_the_whole_range_and_upright_is_upright() {
        for deg in [-20.0, -13.3, -7.1, -3.0, -1.2, -0.4, 0.0, 0.25, 0.6, 2.5, 9.9, 19.5] {
            for x in [0.0, 3.4, -5.0] {
                let axis = search(&pendant(deg, x, 0.0));
                assert!((axis.deg - deg).abs() < 0.1 && axis.inner, "{deg} {x}: {axis:?}");
                let want = x * deg.to_radians().cos();
                assert!((axis.aside - want).abs() < 0.2, "{deg} {x}: {axis:?}");
                assert!(axis.likeness > 0.98 && axis.rise > 0.05, "{axis:?}");
            }
        }
    }

    #[test]
    fn the_residual_shows_what_has_no_twin() {
        let canvas = pendant(6.0, 2.0, 0.8);
        let axis = search(&canvas);
        let left = residual(&canvas, axis);
        let most = left.data.iter().copied().fold(0.0, f32::max);
        let (s, c) = 6_f32.to_radians().sin_cos();
        let (x, y) = (65.5 + 10.0 * c + 5.0 * s, 63.5 - 5.0 * c + 10.0 * s);
        assert!(most > 0.5 && left.sample(x, y) > 0.8 * most, "{} of {most}", left.sample(x, y));
    }
}
