//! Where no smooth ground explains the picture: a network's mask, moved to the edges of the picture.
//!
//! Nothing is known of the ground, so the mask is believed but for the band around its edge. There each pixel is
//! asked whether its colour is rather one of the sure inside or of the sure outside near it (two Gaussians in
//! a window); that counts as much as it tells the sure pixels of the window apart. Then the colour guided filter
//! (He, Sun, Tang 2010) lays the answer along the edges of the picture. Its coefficients are found in the reduced
//! picture and applied to the whole one (He, Sun 2015).

use super::backdrop::Scene;
use super::coarse::{Label, Labels, UNSURE};
use super::{filter, proxy};
use crate::imaging::lanes::wide;
use crate::imaging::{Mask, Plane, Rgb8};
use rayon::prelude::*;

/// From this on a network is sure of subject, up to that of ground.
const SURE: [u8; 2] = [UNSURE.end, 15];
/// Radius of the windows of the colour models, in parts of the longest side.
const WINDOW: f32 = 0.04;
/// Radius of the guided filter, likewise.
const REACH: f32 = 1.0 / 130.0;
/// Variance below which the guided filter sees no edge, encoded.
const FLAT: f32 = 1e-3;
/// What the colours are worth beside the network.
const SAY: f32 = 0.2;

/// Coverage of the subject at full size.
pub(super) fn solve(rgb: &Rgb8, scene: &Scene, labels: &Labels, hint: &Mask) -> Mask {
    let (w, h) = (labels.w, labels.h);
    let colours: [Plane; 3] = std::array::from_fn(|c| {
        let data = scene.picture.data.iter().map(|p| proxy::encode(p[c])).collect();
        Plane { w, h, data }
    });
    let guess = weighed(&colours, labels, hint);
    let (slope, rest) = coefficients(&colours, &guess);
    let mut alpha = Mask::new(rgb.w, rgb.h);
    let (kx, ky) = (w as f32 / rgb.w as f32, h as f32 / rgb.h as f32);
    let rows = alpha.data.par_chunks_mut(rgb.w.max(1)).zip(rgb.data.par_chunks(rgb.w.max(1) * 3));
    rows.enumerate().for_each(|(y, (out, row))| {
        let names = &labels.label[y * h / rgb.h * w..][..w];
        let v = (y as f32 + 0.5) * ky - 0.5;
        for (x, (out, p)) in out.iter_mut().zip(row.chunks_exact(3)).enumerate() {
            *out = match names[x * w / rgb.w] {
                Label::Inside => 255,
                Label::Outside => 0,
                Label::Band => {
                    let u = (x as f32 + 0.5) * kx - 0.5;
                    let along = |c: usize| slope[c].sample(u, v) * f32::from(p[c]) / 255.0;
                    let a = along(0) + along(1) + along(2) + rest.sample(u, v);
                    (a.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
                }
            };
        }
    });
    alpha
}

/// The mask, weighed with the colours of its surroundings, 0 to 1.
fn weighed(colours: &[Plane; 3], labels: &Labels, hint: &Mask) -> Plane {
    let (w, h) = (labels.w, labels.h);
    let r = ((w.max(h) as f32 * WINDOW) as usize).max(4);
    let sure = |f: &dyn Fn(u8) -> bool| {
        let data = hint.data.iter().map(|&v| f32::from(u8::from(f(v)))).collect();
        Plane { w, h, data }
    };
    let (inside, outside) = (sure(&|v| v >= SURE[0]), sure(&|v| v <= SURE[1]));
    let models = [&inside, &outside].map(|weight| Model::new(colours, weight, r));
    let lean: Vec<f32> = (0..w * h)
        .into_par_iter()
        .map(|i| {
            let p = [0, 1, 2].map(|c| colours[c].data[i]);
            models[0].likelihood(i, p) - models[1].likelihood(i, p)
        })
        .collect();
    // How many of the sure pixels of the window the colours tell right.
    let right = |weight: &Plane, sign: f32, share: &Plane| {
        let data =
            weight.data.iter().zip(&lean).map(|(k, l)| if l * sign > 0.0 { *k } else { 0.0 });
        let mut mean = filter::box_mean(&Plane { w, h, data: data.collect() }, r);
        mean.data.iter_mut().zip(&share.data).for_each(|(m, n)| *m /= n.max(1e-6));
        mean
    };
    let told = [right(&inside, 1.0, &models[0].share), right(&outside, -1.0, &models[1].share)];
    let data = (0..w * h).map(|i| {
        let p = f32::from(hint.data[i]) / 255.0;
        if labels.label[i] != Label::Band {
            return f32::from(u8::from(labels.label[i] == Label::Inside));
        }
        let known = models.iter().all(|m| m.share.data[i] > 0.02);
        if !known || hint.data[i] > 250 || hint.data[i] < 5 {
            return p;
        }
        let worst = told[0].data[i].min(told[1].data[i]);
        let worth = ((worst - 0.7) / 0.25).clamp(0.0, 1.0);
        let p = p.clamp(0.01, 0.99);
        let odds = (p / (1.0 - p)).ln() + SAY * worth * lean[i].clamp(-6.0, 6.0);
        1.0 / (1.0 + (-odds).exp())
    });
    Plane { w, h, data: data.collect() }
}

/// Products of two of three channels, each once.
const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

/// A Gaussian of colour for every window.
struct Model {
    /// Share of the window that it was learnt from.
    share: Plane,
    mean: [Plane; 3],
    /// Of [`PAIRS`].
    spread: [Plane; 6],
}

impl Model {
    fn new(colours: &[Plane; 3], weight: &Plane, r: usize) -> Self {
        /// Less variance is noise.
        const LEAST: f32 = 4e-4;
        let share = filter::box_mean(weight, r);
        let over_share = |mut mean: Plane| {
            wide(|| mean.data.iter_mut().zip(&share.data).for_each(|(m, n)| *m /= n.max(1e-6)));
            mean
        };
        let mean = colours.each_ref().map(|c| over_share(filter::box_mean(&product(weight, c), r)));
        let spread = PAIRS.map(|(a, b)| {
            let square = product(&product(weight, &colours[a]), &colours[b]);
            let mut square = over_share(filter::box_mean(&square, r));
            let floor = if a == b { LEAST } else { 0.0 };
            for (i, v) in square.data.iter_mut().enumerate() {
                *v += floor - mean[a].data[i] * mean[b].data[i];
            }
            square
        });
        Self { share, mean, spread }
    }

    /// Logarithm of the likelihood of a colour at a pixel, but for a constant.
    fn likelihood(&self, i: usize, p: [f32; 3]) -> f32 {
        let off = [0, 1, 2].map(|c| p[c] - self.mean[c].data[i]);
        let (x, det) = solve3(self.spread.each_ref().map(|s| s.data[i]), off);
        -0.5 * (off[0] * x[0] + off[1] * x[1] + off[2] * x[2] + det.max(1e-14).ln())
    }
}

fn product(a: &Plane, b: &Plane) -> Plane {
    let mut out = Plane::new(a.w, a.h);
    wide(|| {
        for ((o, a), b) in out.data.iter_mut().zip(&a.data).zip(&b.data) {
            *o = a * b;
        }
    });
    out
}

/// The solution of three equations whose matrix is symmetric, given by [`PAIRS`], and its determinant.
fn solve3(m: [f32; 6], v: [f32; 3]) -> ([f32; 3], f32) {
    let [a, b, c, d, e, f] = m.map(f64::from);
    let minors =
        [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b];
    let det = a * minors[0] + b * minors[1] + c * minors[2];
    let over = 1.0 / det.max(1e-18);
    let [p, q, r, s, t, u] = minors;
    let [x, y, z] = v.map(f64::from);
    let out = [p * x + q * y + r * z, q * x + s * y + t * z, r * x + t * y + u * z];
    (out.map(|o| (o * over) as f32), det as f32)
}

/// Of the guided filter: what each channel is multiplied with, and what is added.
fn coefficients(colours: &[Plane; 3], guess: &Plane) -> ([Plane; 3], Plane) {
    let (w, h) = (guess.w, guess.h);
    let r = ((w.max(h) as f32 * REACH) as usize).max(2);
    let means = colours.each_ref().map(|c| filter::box_mean(c, r));
    let middle = filter::box_mean(guess, r);
    let squares = PAIRS.map(|(a, b)| filter::box_mean(&product(&colours[a], &colours[b]), r));
    let with = colours.each_ref().map(|c| filter::box_mean(&product(c, guess), r));
    let (mut slope, mut rest) = ([(); 3].map(|()| Plane::new(w, h)), Plane::new(w, h));
    for i in 0..w * h {
        let mean = means.each_ref().map(|m| m.data[i]);
        let spread: [f32; 6] = std::array::from_fn(|k| {
            let (a, b) = PAIRS[k];
            squares[k].data[i] - mean[a] * mean[b] + if a == b { FLAT } else { 0.0 }
        });
        let shared = [0, 1, 2].map(|c| with[c].data[i] - mean[c] * middle.data[i]);
        let (a, _) = solve3(spread, shared);
        (0..3).for_each(|c| slope[c].data[i] = a[c]);
        rest.data[i] = middle.data[i] - a[0] * mean[0] - a[1] * mean[1] - a[2] * mean[2];
    }
    (slope.map(|s| filter::box_mean(&s, r)), filter::box_mean(&rest, r))
}

#[cfg(test)]
mod tests {
    use super::super::{CutOut, Method, cut_out};
    use super::*;
    use crate::imaging::Picture;

    #[test]
    fn three_equations_are_solved() {
        let m = [2.0, 0.3, -0.2, 1.5, 0.4, 0.9];
        let want = [0.5, -1.0, 2.0];
        let rows = [[m[0], m[1], m[2]], [m[1], m[3], m[4]], [m[2], m[4], m[5]]];
        let v = rows.map(|r| r[0] * want[0] + r[1] * want[1] + r[2] * want[2]);
        let (got, det) = solve3(m, v);
        assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-4), "{got:?}");
        assert!((det - 2.191).abs() < 1e-3, "{det}");
    }

    /// Whether a place belongs to a star of five soft points.
    fn star(x: f32, y: f32) -> bool {
        let (dx, dy) = (x - 240.0, y - 160.0);
        dx.hypot(dy) < 80.0 + 22.0 * (5.0 * dy.atan2(dx)).sin()
    }

    /// A blue star before leaves in all greens, with a dark and a light half; nothing smooth explains it.
    fn leaves() -> Picture {
        Picture::from_srgb8(Rgb8::from_fn(480, 320, |x, y| {
            let (u, v) = (x as f32, y as f32);
            let noise = ((x * 7919 + y * 104_729) % 97 % 9) as f32;
            if star(u, v) {
                return [50.0 + noise, 70.0 + noise, 180.0 + 0.2 * u].map(|v| v as u8);
            }
            let leaf = (u * 0.13 + 3.0 * (v * 0.05).sin()).sin() + (v * 0.11 + u * 0.03).cos();
            let light = 90.0 + 40.0 * leaf + noise;
            [0.6 * light, light, 0.4 * light].map(|v| v.clamp(0.0, 255.0) as u8)
        }))
    }

    #[test]
    fn a_mask_moves_to_the_edges_of_a_picture_that_no_ground_explains() {
        let truth = Mask::from_fn(480, 320, |x, y| u8::from(star(x as f32, y as f32)) * 255);
        // As coarse as a network's, and a few pixels off.
        let coarse = Mask::from_fn(80, 80, |x, y| {
            let inside = |i: usize| {
                let (u, v) = (x as f32 + (i % 4) as f32 / 4.0, y as f32 + (i / 4) as f32 / 4.0);
                star(u * 6.0 + 4.0, v * 4.0 - 3.0)
            };
            ((0..16).filter(|&i| inside(i)).count() * 255 / 16) as u8
        });
        let with = CutOut { coarse: Some(&coarse), ..CutOut::default() };
        let cut = cut_out(&leaves(), &with).unwrap();
        let off = |m: &Mask| {
            let apart = m.data.iter().zip(&truth.data).filter(|(a, b)| (**a > 127) != (**b > 127));
            apart.count()
        };
        let (before, after) = (off(&proxy::enlarge(&coarse, 480, 320)), off(&cut.alpha));
        assert_eq!(cut.method, Method::Network);
        assert!(cut.warnings.iter().any(|w| w.contains("not smooth")), "{:?}", cut.warnings);
        assert!(after * 2 < before, "{after} of {before}");
    }
}
