//! The backdrop as a smooth function of place: quadratic polynomials for log luminance and for two
//! log ratios of channels, fitted so that the piece, its shadow and dust do not pull at them.
//!
//! Iteratively re-weighted least squares with Tukey's biweight (Holland and Welsch 1977). It starts
//! from the median along the frame's border and lets in what agrees.

use super::stats::{ln, median};
use super::view::Proxy;
use crate::imaging::lanes::wide_fn;
use nalgebra::{SMatrix, SVector};

/// Terms: 1, u, v, u², uv, v².
const TERMS: usize = 6;

/// Log luminance, ln(R/G) and ln(B/G) of a pixel; small floors keep black from being noise.
pub(super) type Features = [f32; 3];

/// Three features of every pixel of the proxy, each by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers([Vec<f32>; 3]);

impl Layers {
    /// A pixel's features.
    pub(super) fn at(&self, i: usize) -> Features {
        std::array::from_fn(|c| self.0[c][i])
    }

    /// The first feature: that of luminance.
    pub(super) fn light(&self) -> &[f32] {
        &self.0[0]
    }
}

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
/// Added to a channel before its logarithm.
const DARK: f32 = 0.012;

/// Features of every pixel of the proxy.
pub(super) fn features(proxy: &Proxy) -> Layers {
    let channel = |c: usize| -> Vec<f32> { proxy.rgb.iter().map(|p| p[c] + DARK).collect() };
    let light = proxy.y.iter().map(|y| y + FLOOR).collect();
    let mut all: [Vec<f32>; 4] = [light, channel(0), channel(2), channel(1)];
    all.iter_mut().for_each(|v| logarithms(v));
    let [light, mut red, mut blue, green] = all;
    subtract(&mut red, &green);
    subtract(&mut blue, &green);
    Layers([light, red, blue])
}

impl Backdrop {
    /// Fits the backdrop of a picture; `rough` is each pixel's gradient of log luminance.
    pub(super) fn fit(features: &Layers, rough: &[f32], w: usize, h: usize) -> Self {
        let mut fit = Self { w: w as f32, h: h as f32, ..Self::default() };
        let border = border(w, h);
        for c in 0..3 {
            let mut values: Vec<f32> = border.iter().map(|&i| features.0[c][i]).collect();
            fit.terms[c][0] = median(&mut values);
        }
        // The scale shrinks from round to round: 1.4 stops of fall-off are let in at first.
        fit.sigma = [0.35, 0.12, 0.12];
        let samples = Samples::of(features, rough, w, h);
        for round in 0..5 {
            fit.refine(&samples, round);
        }
        fit.plain = fit.is_plain(features, &border);
        fit
    }

    /// The backdrop's features at a place of the proxy.
    pub(super) fn at(&self, x: f32, y: f32) -> Features {
        let (u, v) = self.inward(x, y);
        self.row(v).map(|[a, b, c]| a + u * (b + u * c))
    }

    /// Luminance in the middle of the frame.
    pub(super) fn level(&self, w: usize, h: usize) -> f32 {
        self.at(w as f32 * 0.5, h as f32 * 0.5)[0].exp() - FLOOR
    }

    /// Each pixel's features less the backdrop's.
    pub(super) fn residual(&self, features: &Layers) -> Layers {
        let (w, h) = (self.w as usize, self.h as usize);
        let across: Vec<f32> = (0..w).map(|x| self.inward(x as f32, 0.0).0).collect();
        let mut out = features.clone();
        for y in 0..h {
            let rows = self.row(self.inward(0.0, y as f32).1);
            for ([a, b, c], plane) in rows.into_iter().zip(&mut out.0) {
                let line = &mut plane[y * w..(y + 1) * w];
                line.iter_mut().zip(&across).for_each(|(d, u)| *d -= a + u * (b + u * c));
            }
        }
        out
    }

    /// A place of the proxy from -1 to 1.
    fn inward(&self, x: f32, y: f32) -> (f32, f32) {
        (2.0 * (x + 0.5) / self.w - 1.0, 2.0 * (y + 0.5) / self.h - 1.0)
    }

    /// Each feature along a row: a quadratic of u.
    fn row(&self, v: f32) -> [[f32; 3]; 3] {
        self.terms.map(|t| [t[0] + v * (t[2] + v * t[5]), t[1] + v * t[4], t[3]])
    }

    fn refine(&mut self, samples: &Samples, round: usize) {
        let mut normal = SMatrix::<f64, TERMS, TERMS>::zeros();
        let mut right = [SVector::<f64, TERMS>::zeros(); 3];
        let mut inside = 0.0;
        let scale = self.sigma.map(|s| 1.0 / (4.5 * s));
        for (k, v) in samples.rows.iter().enumerate() {
            let rows = self.row(*v);
            let sums = row_sums(samples, k, rows, scale);
            inside += f64::from(sums[LAST]);
            add(&mut normal, &mut right, &sums, f64::from(*v));
        }
        // Early rounds see little of the frame: a stiff ridge keeps the curve flat there.
        let ridge = if round < 2 { 0.05 } else { 1e-3 } * (inside + 1.0);
        (1..TERMS).for_each(|k| normal[(k, k)] += ridge * if k > 2 { 1.0 } else { 0.2 });
        normal[(0, 0)] += 1e-9;
        let Some(inverse) = normal.try_inverse() else { return };
        if inside < 40.0 {
            return;
        }
        for c in 0..3 {
            let solved = inverse * right[c];
            self.terms[c] = std::array::from_fn(|k| solved[k] as f32);
        }
        self.spread(samples, scale);
    }

    /// Sets the spread from the samples that agree, by the median of absolute deviations.
    fn spread(&mut self, samples: &Samples, scale: Features) {
        let floor = [0.012, 0.008, 0.008];
        let mut all: [Vec<f32>; 3] = Default::default();
        for (k, v) in samples.rows.iter().enumerate() {
            let rows = self.row(*v);
            for i in (k * samples.stride + k % 3..(k + 1) * samples.stride).step_by(3) {
                let (u, smooth) = (samples.u[i], samples.smooth[i]);
                let d: Features = std::array::from_fn(|c| {
                    samples.features[c][i] - (rows[c][0] + u * (rows[c][1] + u * rows[c][2]))
                });
                let t: f32 = (0..3).map(|c| (d[c] * scale[c]).powi(2)).sum();
                if t < 1.0 && smooth > 0.0 {
                    (0..3).for_each(|c| all[c].push(d[c].abs()));
                }
            }
        }
        self.sigma = std::array::from_fn(|c| {
            (1.4826 * median(&mut all[c])).clamp(floor[c], self.sigma[c].max(floor[c]))
        });
    }

    fn is_plain(&self, features: &Layers, border: &[usize]) -> bool {
        let w = self.w as usize;
        let agrees = |&&i: &&usize| {
            let (own, fit) = (features.at(i), self.at((i % w) as f32, (i / w) as f32));
            let d: Features = std::array::from_fn(|c| own[c] - fit[c]);
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

/// Sums over a row of samples: of the weight times 1, u, u², u³, u⁴, then for each feature of the
/// weighted feature times 1, u, u², and last the samples inside.
const SUMS: usize = 15;
const LAST: usize = SUMS - 1;
/// Samples that are summed side by side.
const LANES: usize = 8;

/// Every third pixel of every second row, with a weight that falls where the picture is rough.
struct Samples {
    /// v of each row.
    rows: Vec<f32>,
    /// Samples of one row; those that fill it up to a multiple of eight have no weight.
    stride: usize,
    u: Vec<f32>,
    smooth: Vec<f32>,
    features: [Vec<f32>; 3],
}

impl Samples {
    fn of(features: &Layers, rough: &[f32], w: usize, h: usize) -> Self {
        let stride = w.div_ceil(3).next_multiple_of(LANES);
        let mut all = Self {
            rows: Vec::new(),
            stride,
            u: Vec::new(),
            smooth: Vec::new(),
            features: Default::default(),
        };
        for y in (0..h).step_by(2) {
            all.rows.push(2.0 * (y as f32 + 0.5) / h as f32 - 1.0);
            for x in (y % 3..w).step_by(3) {
                let i = y * w + x;
                all.u.push(2.0 * (x as f32 + 0.5) / w as f32 - 1.0);
                all.smooth.push(1.0 / (1.0 + (rough[i] / 0.03).powi(2)));
                (0..3).for_each(|c| all.features[c].push(features.0[c][i]));
            }
            let full = all.rows.len() * stride;
            all.u.resize(full, 0.0);
            all.smooth.resize(full, 0.0);
            all.features.iter_mut().for_each(|f| f.resize(full, 0.0));
        }
        all
    }

    /// The sums of a row, weighted by Tukey's biweight of the distance from `fit`.
    #[inline(always)]
    fn sums(&self, row: usize, fit: [[f32; 3]; 3], scale: Features) -> [f32; SUMS] {
        let at = row * self.stride..(row + 1) * self.stride;
        let mut sums = [[0.0_f32; LANES]; SUMS];
        let feature = |c: usize| self.features[c][at.clone()].chunks_exact(LANES);
        let chunks = self.u[at.clone()].chunks_exact(LANES);
        let chunks = chunks.zip(self.smooth[at.clone()].chunks_exact(LANES));
        let features = feature(0).zip(feature(1)).zip(feature(2));
        for ((u, smooth), ((f0, f1), f2)) in chunks.zip(features) {
            for k in 0..LANES {
                let (u, f) = (u[k], [f0[k], f1[k], f2[k]]);
                let mut t = 0.0;
                for c in 0..3 {
                    let d = (f[c] - (fit[c][0] + u * (fit[c][1] + u * fit[c][2]))) * scale[c];
                    t += d * d;
                }
                let left = (1.0 - t).max(0.0);
                let w = left * left * smooth[k];
                let powers = [w, w * u, w * u * u];
                for (n, p) in powers.into_iter().enumerate() {
                    sums[n][k] += p;
                    (0..3).for_each(|c| sums[5 + 3 * c + n][k] += p * f[c]);
                }
                sums[3][k] += powers[2] * u;
                sums[4][k] += powers[2] * u * u;
                sums[LAST][k] += if w > 0.0 { 1.0 } else { 0.0 };
            }
        }
        sums.map(|lanes| lanes.iter().sum())
    }
}

wide_fn! {
    fn row_sums(samples: &Samples, row: usize, fit: [[f32; 3]; 3], scale: Features) -> [f32; SUMS] {
        samples.sums(row, fit, scale)
    }
}

wide_fn! {
    fn logarithms(values: &mut [f32]) {
        values.iter_mut().for_each(|v| *v = ln(*v));
    }
}

wide_fn! {
    fn subtract(from: &mut [f32], values: &[f32]) {
        from.iter_mut().zip(values).for_each(|(a, b)| *a -= b);
    }
}

/// Adds a row's sums to the normal equations.
fn add(
    normal: &mut SMatrix<f64, TERMS, TERMS>,
    right: &mut [SVector<f64, TERMS>; 3],
    sums: &[f32; SUMS],
    v: f64,
) {
    /// Powers of u and v in each term.
    const POWERS: [(usize, i32); TERMS] = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)];
    for (i, (ui, vi)) in POWERS.into_iter().enumerate() {
        for (j, (uj, vj)) in POWERS.into_iter().enumerate() {
            normal[(i, j)] += f64::from(sums[ui + uj]) * v.powi(vi + vj);
        }
        for c in 0..3 {
            right[c][i] += f64::from(sums[5 + 3 * c + ui]) * v.powi(vi);
        }
    }
}
