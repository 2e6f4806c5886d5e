//! The backdrop as a smooth function of place: quadratic polynomials for log luminance and for two
//! log ratios of channels, fitted so that the piece, its shadow and dust do not pull at them.
//!
//! Iteratively re-weighted least squares with Tukey's biweight (Holland and Welsch 1977). It starts
//! from the median along the frame's border and lets in what agrees.

use super::stats::median;
use super::view::Proxy;
use nalgebra::{SMatrix, SVector};

/// Terms: 1, u, v, u², uv, v².
const TERMS: usize = 6;

/// Log luminance, ln(R/G) and ln(B/G) of a pixel; small floors keep black from being noise.
pub(super) type Features = [f32; 3];

/// What was found out about the backdrop.
#[derive(Clone, Debug, Default)]
pub(super) struct Backdrop {
    terms: [[f32; TERMS]; 3],
    w: f32,
    h: f32,
    /// Spread of each feature about the fit.
    pub(super) sigma: Features,
    /// Whether the border of the frame is one smooth backdrop at all.
    pub(super) plain: bool,
}

/// Added to luminance before its logarithm, so that black is not all noise.
pub(super) const FLOOR: f32 = 0.004;

/// Features of every pixel of the proxy.
pub(super) fn features(proxy: &Proxy) -> Vec<Features> {
    let one = |(p, y): (&[f32; 3], &f32)| {
        let [r, g, b] = p.map(|v| v + 0.012);
        [(y + FLOOR).ln(), (r / g).ln(), (b / g).ln()]
    };
    proxy.rgb.iter().zip(&proxy.y).map(one).collect()
}

impl Backdrop {
    /// Fits the backdrop of a picture; `rough` is each pixel's gradient of log luminance.
    pub(super) fn fit(features: &[Features], rough: &[f32], w: usize, h: usize) -> Self {
        let mut fit = Self { w: w as f32, h: h as f32, ..Self::default() };
        let border = border(w, h);
        for c in 0..3 {
            let mut values: Vec<f32> = border.iter().map(|&i| features[i][c]).collect();
            fit.terms[c][0] = median(&mut values);
        }
        // The scale shrinks from round to round: 1.4 stops of fall-off are let in at first.
        fit.sigma = [0.35, 0.12, 0.12];
        let samples = samples(rough, w, h);
        for round in 0..5 {
            fit.refine(features, &samples, round);
        }
        fit.plain = fit.is_plain(features, &border);
        fit
    }

    /// The backdrop's features at a place of the proxy.
    pub(super) fn at(&self, x: f32, y: f32) -> Features {
        let basis = self.basis(x, y);
        self.terms.map(|terms| terms.iter().zip(basis).map(|(t, b)| t * b).sum())
    }

    /// A pixel's features less the backdrop's.
    pub(super) fn residual(&self, features: &[Features], i: usize) -> Features {
        let w = self.w as usize;
        let fit = self.at((i % w) as f32, (i / w) as f32);
        std::array::from_fn(|c| features[i][c] - fit[c])
    }

    fn basis(&self, x: f32, y: f32) -> [f32; TERMS] {
        let u = 2.0 * (x + 0.5) / self.w - 1.0;
        let v = 2.0 * (y + 0.5) / self.h - 1.0;
        [1.0, u, v, u * u, u * v, v * v]
    }

    fn refine(&mut self, features: &[Features], samples: &[(usize, f32)], round: usize) {
        let w = self.w as usize;
        let mut normal = SMatrix::<f64, TERMS, TERMS>::zeros();
        let mut right = [SVector::<f64, TERMS>::zeros(); 3];
        let mut inside = Vec::new();
        for &(i, smooth) in samples {
            let d = self.residual(features, i);
            let t: f32 = (0..3).map(|c| (d[c] / (4.5 * self.sigma[c])).powi(2)).sum();
            if t >= 1.0 {
                continue;
            }
            let weight = f64::from((1.0 - t) * (1.0 - t) * smooth);
            let basis = SVector::from(self.basis((i % w) as f32, (i / w) as f32).map(f64::from));
            normal += basis * basis.transpose() * weight;
            for c in 0..3 {
                right[c] += basis * (weight * f64::from(features[i][c]));
            }
            inside.push(i);
        }
        // Early rounds see little of the frame: a stiff ridge keeps the curve flat there.
        let ridge = if round < 2 { 0.05 } else { 1e-3 } * (inside.len() as f64 + 1.0);
        (1..TERMS).for_each(|k| normal[(k, k)] += ridge * if k > 2 { 1.0 } else { 0.2 });
        normal[(0, 0)] += 1e-9;
        let Some(inverse) = normal.try_inverse() else { return };
        if inside.len() < 40 {
            return;
        }
        for c in 0..3 {
            let solved = inverse * right[c];
            self.terms[c] = std::array::from_fn(|k| solved[k] as f32);
        }
        self.spread(features, &inside);
    }

    /// Sets the spread from the pixels that agree, by the median of absolute deviations.
    fn spread(&mut self, features: &[Features], inside: &[usize]) {
        let floor = [0.012, 0.008, 0.008];
        let all: Vec<Features> =
            inside.iter().step_by(3).map(|&i| self.residual(features, i)).collect();
        self.sigma = std::array::from_fn(|c| {
            let mut d: Vec<f32> = all.iter().map(|d| d[c].abs()).collect();
            (1.4826 * median(&mut d)).clamp(floor[c], self.sigma[c].max(floor[c]))
        });
    }

    fn is_plain(&self, features: &[Features], border: &[usize]) -> bool {
        let agrees = |&&i: &&usize| {
            let d = self.residual(features, i);
            d[0].abs() < (4.0 * self.sigma[0]).max(0.15)
                && d[1].abs().max(d[2].abs()) < (4.0 * self.sigma[1].max(self.sigma[2])).max(0.12)
        };
        let share = border.iter().filter(agrees).count() as f32 / border.len().max(1) as f32;
        share > 0.6 && self.sigma[0] < 0.14
    }
}

/// Pixels of a ring along the frame's border, a sixteenth of the shorter side wide.
fn border(w: usize, h: usize) -> Vec<usize> {
    let ring = (w.min(h) / 16).max(1);
    let near = |v: usize, n: usize| v < ring || v + ring >= n;
    let all = (0..h).flat_map(|y| (0..w).map(move |x| (x, y)));
    all.filter(|&(x, y)| near(x, w) || near(y, h)).map(|(x, y)| y * w + x).step_by(2).collect()
}

/// Every third pixel of every second row, with a weight that falls where the picture is rough.
fn samples(rough: &[f32], w: usize, h: usize) -> Vec<(usize, f32)> {
    let places = (0..h).step_by(2).flat_map(|y| (y % 3..w).step_by(3).map(move |x| y * w + x));
    places.map(|i| (i, 1.0 / (1.0 + (rough[i] / 0.03).powi(2)))).collect()
}
