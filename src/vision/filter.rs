//! Small tools over planes of numbers: means, filling, distances, connected parts.

use crate::imaging::lanes::wide;
use crate::imaging::{Plane, Rect};
use std::f32::consts::SQRT_2;

/// The mean over a square of side `2 r + 1`, cut at the frame.
pub(super) fn box_mean(src: &Plane, r: usize) -> Plane {
    if r == 0 || src.is_empty() {
        return src.clone();
    }
    let (w, h) = (src.w, src.h);
    let count = |i: usize, n: usize| (i + r).min(n - 1) - i.saturating_sub(r) + 1;
    let shares: Vec<f32> = (0..w).map(|x| 1.0 / count(x, w) as f32).collect();
    let mut across = Plane::new(w, h);
    let mut windows = Windows::new(w, r);
    for (row, out) in src.data.chunks_exact(w).zip(across.data.chunks_exact_mut(w)) {
        windows.sum(row, out);
        wide(|| out.iter_mut().zip(&shares).for_each(|(o, k)| *o *= k));
    }
    let mut out = Plane::new(w, h);
    let line = |y: usize| &across.data[y * w..][..w];
    // Doubles: what is added here is taken away further down.
    let mut sum = vec![0.0_f64; w];
    let add = |sum: &mut [f64], row: &[f32]| {
        wide(|| sum.iter_mut().zip(row).for_each(|(s, v)| *s += f64::from(*v)));
    };
    (0..r.min(h)).for_each(|y| add(&mut sum, line(y)));
    for (y, out) in out.data.chunks_exact_mut(w).enumerate() {
        if y + r < h {
            add(&mut sum, line(y + r));
        }
        if y > r {
            let gone = line(y - r - 1);
            wide(|| sum.iter_mut().zip(gone).for_each(|(s, v)| *s -= f64::from(*v)));
        }
        let share = 1.0 / count(y, h) as f64;
        wide(|| out.iter_mut().zip(&sum).for_each(|(o, s)| *o = (*s * share) as f32));
    }
    out
}

/// Sums over a window that moves along a row: spans of 1, 2, 4 ... values are each the sum of two shorter
/// ones, and a window is put together of a few, so that wide registers can be used.
struct Windows {
    r: usize,
    span: Vec<f32>,
    next: Vec<f32>,
}

impl Windows {
    fn new(w: usize, r: usize) -> Self {
        Self { r, span: vec![0.0; w + 2 * r], next: vec![0.0; w + 2 * r] }
    }

    /// `out` is the sum of `row` up to `r` away; what lies outside of the row counts 0.
    fn sum(&mut self, row: &[f32], out: &mut [f32]) {
        let (w, window) = (row.len(), 2 * self.r + 1);
        self.span.fill(0.0);
        self.span[self.r..self.r + w].copy_from_slice(row);
        out.fill(0.0);
        let (mut long, mut at) = (1, 0);
        loop {
            let span = &self.span;
            if window & long != 0 {
                wide(|| out.iter_mut().zip(&span[at..]).for_each(|(o, v)| *o += v));
                at += long;
            }
            if 2 * long > window {
                return;
            }
            let next = &mut self.next;
            wide(|| {
                for ((n, a), b) in next.iter_mut().zip(span).zip(&span[long..]) {
                    *n = a + b;
                }
            });
            std::mem::swap(&mut self.span, &mut self.next);
            long *= 2;
        }
    }
}

/// Three box means that together are close to a Gaussian of this sigma, in pixels.
pub(super) fn soften(src: &Plane, sigma: f32) -> Plane {
    let r = (sigma * 0.95 + 0.2).round().max(1.0) as usize;
    box_mean(&box_mean(&box_mean(src, r), r), r)
}

/// Weights 1 2 1 both ways; the frame's border goes on.
pub(super) fn smooth3(src: &Plane) -> Plane {
    let (w, h) = (src.w, src.h);
    if src.is_empty() {
        return src.clone();
    }
    let mut across = Plane::new(w, h);
    let mut padded = vec![0.0; w + 2];
    for (row, out) in src.data.chunks_exact(w).zip(across.data.chunks_exact_mut(w)) {
        (padded[0], padded[w + 1]) = (row[0], row[w - 1]);
        padded[1..=w].copy_from_slice(row);
        let sides = padded.iter().zip(&padded[2..]);
        wide(|| {
            for ((o, v), (a, b)) in out.iter_mut().zip(row).zip(sides) {
                *o = 0.5 * v + (0.25 * a + 0.25 * b);
            }
        });
    }
    let mut out = Plane::new(w, h);
    let line = |y: usize| &across.data[y * w..][..w];
    for (y, out) in out.data.chunks_exact_mut(w).enumerate() {
        let (up, own, low) = (line(y.saturating_sub(1)), line(y), line((y + 1).min(h - 1)));
        wide(|| {
            for (((o, v), a), b) in out.iter_mut().zip(own).zip(up).zip(low) {
                *o = 0.5 * v + 0.25 * (a + b);
            }
        });
    }
    out
}

/// Continues values into places of weight 0, smoothly, from coarse to fine (push and pull; Gortler,
/// Grzeszczuk, Szeliski, Cohen 1996). Where the weight is 1 the value stays.
pub(super) fn fill(values: &Plane, weight: &Plane) -> Plane {
    if values.w <= 1 && values.h <= 1 {
        return values.clone();
    }
    let (w, h) = (values.w.div_ceil(2), values.h.div_ceil(2));
    let (mut low, mut low_weight) = (Plane::new(w, h), Plane::new(w, h));
    for y in 0..h {
        // A last row that stands alone counts twice, which changes no mean.
        let rows = [2 * y, (2 * y + 1).min(values.h - 1)].map(|j| j * values.w);
        let parts = rows.map(|at| (&values.data[at..][..values.w], &weight.data[at..][..values.w]));
        let out = low.data[y * w..][..w].iter_mut().zip(&mut low_weight.data[y * w..][..w]);
        for (x, (low, low_weight)) in out.enumerate() {
            let (mut sum, mut all) = (0.0, 0.0);
            let columns = 2 * x..(2 * x + 2).min(values.w);
            for (values, weight) in parts {
                for (v, k) in values[columns.clone()].iter().zip(&weight[columns.clone()]) {
                    sum += v * k;
                    all += k;
                }
            }
            *low = if all > 0.0 { sum / all } else { 0.0 };
            *low_weight = all.min(1.0);
        }
    }
    let low = fill(&low, &low_weight);
    let mut out = values.clone();
    for (y, (out, weight)) in
        out.data.chunks_exact_mut(values.w).zip(weight.data.chunks_exact(values.w)).enumerate()
    {
        for (x, (v, k)) in out.iter_mut().zip(weight).enumerate().filter(|(_, (_, k))| **k < 1.0) {
            let below = low.sample(x as f32 * 0.5 - 0.25, y as f32 * 0.5 - 0.25);
            *v = *v * k + below * (1.0 - k);
        }
    }
    out
}

/// Distance in pixels to the nearest place where `to` holds, by two passes over the neighbours; right
/// within 4 %. `f32::MAX` when there is none.
pub(super) fn distance(w: usize, h: usize, to: impl Fn(usize) -> bool) -> Vec<f32> {
    let mut far: Vec<f32> = (0..w * h).map(|i| if to(i) { 0.0 } else { f32::MAX }).collect();
    if far.is_empty() {
        return far;
    }
    // The row before, with nothing known beside it.
    let mut before = vec![f32::MAX; w + 2];
    far.chunks_exact_mut(w).for_each(|row| nearer(row, &mut before));
    before.fill(f32::MAX);
    far.chunks_exact_mut(w).rev().for_each(|row| nearer(row, &mut before));
    far
}

/// Distances of a row by way of the row before and along itself, which then is the row before.
fn nearer(row: &mut [f32], before: &mut [f32]) {
    let least = |a: f32, b: f32| if b < a { b } else { a };
    let (straight, right) = (&before[1..], &before[2..]);
    wide(|| {
        for (((d, s), a), b) in row.iter_mut().zip(straight).zip(&*before).zip(right) {
            *d = least(*d, least(s + 1.0, least(*a, *b) + SQRT_2));
        }
    });
    let mut walked = f32::MAX;
    let mut walk = |d: &mut f32| {
        walked = least(*d, walked + 1.0);
        *d = walked;
    };
    row.iter_mut().for_each(&mut walk);
    row.iter_mut().rev().for_each(&mut walk);
    before[1..=row.len()].copy_from_slice(row);
}

/// Like [`distance`], with the index of that place; `u32::MAX` when there is none.
pub(super) fn nearest(w: usize, h: usize, to: impl Fn(usize) -> bool) -> (Vec<f32>, Vec<u32>) {
    let mut far: Vec<f32> = (0..w * h).map(|i| if to(i) { 0.0 } else { f32::MAX }).collect();
    let mut who: Vec<u32> =
        (0..w * h).map(|i| if far[i] == 0.0 { i as u32 } else { u32::MAX }).collect();
    let mut look = |i: usize, x: usize, y: usize, dx: isize, dy: isize| {
        let (Some(u), Some(v)) = (x.checked_add_signed(dx), y.checked_add_signed(dy)) else {
            return;
        };
        if u < w && v < h {
            let j = v * w + u;
            let step = if dx != 0 && dy != 0 { SQRT_2 } else { 1.0 };
            if who[j] != u32::MAX && far[j] + step < far[i] {
                far[i] = far[j] + step;
                who[i] = who[j];
            }
        }
    };
    for y in 0..h {
        for x in 0..w {
            let i = y * w + x;
            for (dx, dy) in [(-1, 0), (-1, -1), (0, -1), (1, -1)] {
                look(i, x, y, dx, dy);
            }
        }
        for x in (0..w).rev() {
            look(y * w + x, x, y, 1, 0);
        }
    }
    for y in (0..h).rev() {
        for x in (0..w).rev() {
            let i = y * w + x;
            for (dx, dy) in [(1, 0), (1, 1), (0, 1), (-1, 1)] {
                look(i, x, y, dx, dy);
            }
        }
        for x in 0..w {
            look(y * w + x, x, y, -1, 0);
        }
    }
    (far, who)
}

/// A connected part of a set of pixels.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// Indices of its pixels.
    pub pixels: Vec<u32>,
    /// What holds it.
    pub rect: Rect,
}

/// The connected parts of the pixels where `inside` holds; corners connect when `corners` is set.
pub(super) fn parts(
    w: usize,
    h: usize,
    corners: bool,
    inside: impl Fn(usize) -> bool,
) -> Vec<Part> {
    let mut seen: Vec<bool> = (0..w * h).map(|i| !inside(i)).collect();
    let mut found = Vec::new();
    for start in 0..w * h {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut pixels = vec![start as u32];
        let (mut x0, mut y0, mut x1, mut y1) = (w, h, 0, 0);
        let mut next = 0;
        while next < pixels.len() {
            let i = pixels[next] as usize;
            let (x, y) = (i % w, i / w);
            (x0, x1) = (x0.min(x), x1.max(x + 1));
            (y0, y1) = (y0.min(y), y1.max(y + 1));
            neighbours(x, y, w, h, corners, |j| {
                if !seen[j] {
                    seen[j] = true;
                    pixels.push(j as u32);
                }
            });
            next += 1;
        }
        found.push(Part { pixels, rect: Rect::new(x0, y0, x1 - x0, y1 - y0) });
    }
    found
}

/// The four or eight neighbours inside the frame.
#[inline]
pub(super) fn neighbours(
    x: usize,
    y: usize,
    w: usize,
    h: usize,
    corners: bool,
    mut f: impl FnMut(usize),
) {
    let i = y * w + x;
    let (left, right, up, low) = (x > 0, x + 1 < w, y > 0, y + 1 < h);
    if left {
        f(i - 1);
    }
    if right {
        f(i + 1);
    }
    if up {
        f(i - w);
    }
    if low {
        f(i + w);
    }
    if corners {
        if up && left {
            f(i - w - 1);
        }
        if up && right {
            f(i - w + 1);
        }
        if low && left {
            f(i + w - 1);
        }
        if low && right {
            f(i + w + 1);
        }
    }
}

/// The middle value; 0 of nothing.
pub(super) fn median(mut values: Vec<f32>) -> f32 {
    median_of(&mut values)
}

/// The middle value of what may be brought into another order; 0 of nothing.
pub(super) fn median_of(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// The guided filter of one guide (He, Sun, Tang 2010): `input` with the edges of `guide`.
pub(super) fn guided(guide: &Plane, input: &Plane, r: usize, eps: f32) -> Plane {
    let product = |a: &Plane, b: &Plane| Plane {
        w: a.w,
        h: a.h,
        data: a.data.iter().zip(&b.data).map(|(a, b)| a * b).collect(),
    };
    let (mean_g, mean_i) = (box_mean(guide, r), box_mean(input, r));
    let (gg, gi) = (box_mean(&product(guide, guide), r), box_mean(&product(guide, input), r));
    let (mut a, mut b) = (gg.clone(), gg.clone());
    for i in 0..a.data.len() {
        let (g, v) = (mean_g.data[i], mean_i.data[i]);
        let slope = (gi.data[i] - g * v) / ((gg.data[i] - g * g).max(0.0) + eps);
        (a.data[i], b.data[i]) = (slope, v - slope * g);
    }
    let (a, b) = (box_mean(&a, r), box_mean(&b, r));
    let data = (0..a.data.len()).map(|i| a.data[i] * guide.data[i] + b.data[i]).collect();
    Plane { w: guide.w, h: guide.h, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_mean_is_the_mean() {
        let src = Plane::from_fn(13, 9, |x, y| ((x * 7 + y * 11) % 17) as f32);
        let got = box_mean(&src, 3);
        for (x, y) in [(0_usize, 0_usize), (6, 4), (12, 8), (1, 7)] {
            let (mut sum, mut n) = (0.0, 0.0);
            for v in y.saturating_sub(3)..=(y + 3_usize).min(8) {
                for u in x.saturating_sub(3)..=(x + 3_usize).min(12) {
                    sum += src.at(u, v);
                    n += 1.0;
                }
            }
            assert!((got.at(x, y) - sum / n).abs() < 1e-4);
        }
    }

    #[test]
    fn filling_continues_a_slope() {
        let slope = Plane::from_fn(64, 48, |x, _| x as f32);
        let weight = Plane::from_fn(64, 48, |x, y| {
            if (20..40).contains(&x) && (16..32).contains(&y) { 0.0 } else { 1.0 }
        });
        let got = fill(&slope, &weight);
        assert!((got.at(30, 24) - 30.0).abs() < 3.0, "{}", got.at(30, 24));
        assert_eq!(got.at(3, 3), 3.0);
    }

    #[test]
    fn distances_and_parts() {
        let far = distance(50, 40, |i| i == 20 * 50 + 10);
        let exact = 30.0_f32.hypot(5.0);
        assert!((far[25 * 50 + 40] - exact).abs() < 0.08 * exact);
        let ring = |i: usize| {
            let r = ((i % 50) as f32 - 25.0).hypot((i / 50) as f32 - 20.0);
            (10.0..14.0).contains(&r)
        };
        assert_eq!(parts(50, 40, true, ring).len(), 1);
        assert_eq!(parts(50, 40, false, |i| !ring(i)).len(), 2);
    }
}
