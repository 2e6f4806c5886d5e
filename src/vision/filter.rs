//! Small tools over planes of numbers: means, filling, distances, connected parts.

use crate::imaging::{Plane, Rect};

/// The mean over a square of side `2 r + 1`, cut at the frame.
pub(super) fn box_mean(src: &Plane, r: usize) -> Plane {
    if r == 0 {
        return src.clone();
    }
    let across = Plane {
        w: src.w,
        h: src.h,
        data: src.data.chunks_exact(src.w).flat_map(|row| running_mean(row, r)).collect(),
    };
    let mut out = Plane::new(src.w, src.h);
    let mut sum = vec![0.0_f64; src.w];
    let add = |sum: &mut [f64], y: usize, sign: f64| {
        for (s, v) in sum.iter_mut().zip(&across.data[y * src.w..(y + 1) * src.w]) {
            *s += sign * f64::from(*v);
        }
    };
    (0..r.min(src.h)).for_each(|y| add(&mut sum, y, 1.0));
    for y in 0..src.h {
        if y + r < src.h {
            add(&mut sum, y + r, 1.0);
        }
        if y > r {
            add(&mut sum, y - r - 1, -1.0);
        }
        let n = (y + r).min(src.h - 1) - y.saturating_sub(r) + 1;
        for (o, s) in out.data[y * src.w..(y + 1) * src.w].iter_mut().zip(&sum) {
            *o = (s / n as f64) as f32;
        }
    }
    out
}

fn running_mean(row: &[f32], r: usize) -> Vec<f32> {
    let mut sum: f64 = row[..r.min(row.len())].iter().map(|&v| f64::from(v)).sum();
    (0..row.len())
        .map(|x| {
            if x + r < row.len() {
                sum += f64::from(row[x + r]);
            }
            if x > r {
                sum -= f64::from(row[x - r - 1]);
            }
            let n = (x + r).min(row.len() - 1) - x.saturating_sub(r) + 1;
            (sum / n as f64) as f32
        })
        .collect()
}

/// Three box means that together are close to a Gaussian of this sigma, in pixels.
pub(super) fn soften(src: &Plane, sigma: f32) -> Plane {
    let r = (sigma * 0.95 + 0.2).round().max(1.0) as usize;
    box_mean(&box_mean(&box_mean(src, r), r), r)
}

/// Weights 1 2 1 both ways.
pub(super) fn smooth3(src: &Plane) -> Plane {
    let (w, h) = (src.w, src.h);
    let row = |i: usize, a: usize, b: usize| 0.25 * src.data[i + a] + 0.25 * src.data[i + b];
    let across = Plane::from_fn(w, h, |x, y| {
        let i = y * w;
        0.5 * src.data[i + x] + row(i, x.saturating_sub(1), (x + 1).min(w - 1))
    });
    Plane::from_fn(w, h, |x, y| {
        let (up, low) = (y.saturating_sub(1), (y + 1).min(h - 1));
        0.5 * across.at(x, y) + 0.25 * (across.at(x, up) + across.at(x, low))
    })
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
        for x in 0..w {
            let (mut sum, mut all) = (0.0, 0.0);
            for (i, j) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let (i, j) = (2 * x + i, 2 * y + j);
                if i < values.w && j < values.h {
                    sum += values.at(i, j) * weight.at(i, j);
                    all += weight.at(i, j);
                }
            }
            low.data[y * w + x] = if all > 0.0 { sum / all } else { 0.0 };
            low_weight.data[y * w + x] = all.min(1.0);
        }
    }
    let low = fill(&low, &low_weight);
    Plane::from_fn(values.w, values.h, |x, y| {
        let k = weight.at(x, y);
        if k >= 1.0 {
            return values.at(x, y);
        }
        let below = low.sample(x as f32 * 0.5 - 0.25, y as f32 * 0.5 - 0.25);
        values.at(x, y) * k + below * (1.0 - k)
    })
}

/// Distance in pixels to the nearest place where `to` holds, by two passes over the neighbours; right
/// within 4 %. `f32::MAX` when there is none.
pub(super) fn distance(w: usize, h: usize, to: impl Fn(usize) -> bool) -> Vec<f32> {
    nearest(w, h, to).0
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
            let step = if dx != 0 && dy != 0 { std::f32::consts::SQRT_2 } else { 1.0 };
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
