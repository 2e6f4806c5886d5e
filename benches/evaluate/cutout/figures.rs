//! What is measured on an alpha against its truth.

use super::scenes::blur;
use culet::imaging::Mask;

/// Figures of one picture.
#[derive(Clone, Copy, Default)]
pub(super) struct Figures {
    /// Sum of absolute differences, thousands.
    pub(super) sad: f64,
    /// Mean squared difference, times 1000.
    pub(super) mse: f64,
    /// Rhemann et al. 2009: squared difference of the alphas' gradients (Gaussian of 1.4), summed, thousands.
    pub(super) gradient: f64,
    /// Intersection over union at half coverage.
    pub(super) iou: f64,
    /// Holes of the truth that are open.
    pub(super) holes_open: f64,
    /// Holes of the truth.
    pub(super) holes: f64,
    /// 1 when the number of holes is the truth's.
    pub(super) number_right: f64,
    /// Pictures that were added.
    pub(super) n: f64,
}

impl Figures {
    pub(super) fn of(got: &Mask, truth: &Mask) -> Self {
        let (w, h) = (truth.w, truth.h);
        let a = got.data.iter().map(|&v| f32::from(v) / 255.0).collect::<Vec<_>>();
        let b = truth.data.iter().map(|&v| f32::from(v) / 255.0).collect::<Vec<_>>();
        let pairs = || a.iter().zip(&b).map(|(a, b)| f64::from(a - b));
        let (ga, gb) = (gradients(&a, w, h), gradients(&b, w, h));
        let both = a.iter().zip(&b).filter(|(a, b)| **a > 0.5 && **b > 0.5).count();
        let any = a.iter().zip(&b).filter(|(a, b)| **a > 0.5 || **b > 0.5).count();
        let holes = holes(truth);
        let open =
            |hole: &&Vec<usize>| hole.iter().filter(|&&i| a[i] < 0.5).count() * 2 > hole.len();
        let number = self::holes(got).len();
        Self {
            sad: pairs().map(f64::abs).sum::<f64>() / 1000.0,
            mse: pairs().map(|d| d * d).sum::<f64>() / (w * h) as f64 * 1000.0,
            gradient: ga.iter().zip(&gb).map(|(a, b)| f64::from((a - b).powi(2))).sum::<f64>()
                / 1000.0,
            iou: if any == 0 { 1.0 } else { both as f64 / any as f64 },
            holes_open: holes.iter().filter(open).count() as f64,
            holes: holes.len() as f64,
            number_right: f64::from(u8::from(number == holes.len())),
            n: 1.0,
        }
    }

    pub(super) fn add(&mut self, o: &Self) {
        for (a, b) in [
            (&mut self.sad, o.sad),
            (&mut self.mse, o.mse),
            (&mut self.gradient, o.gradient),
            (&mut self.iou, o.iou),
            (&mut self.holes_open, o.holes_open),
            (&mut self.holes, o.holes),
            (&mut self.number_right, o.number_right),
            (&mut self.n, o.n),
        ] {
            *a += b;
        }
    }

    /// Means, but holes as a share of all.
    pub(super) fn mean(&self) -> Self {
        let n = self.n.max(1.0);
        Self {
            sad: self.sad / n,
            mse: self.mse / n,
            gradient: self.gradient / n,
            iou: self.iou / n,
            holes_open: self.holes_open / self.holes.max(1.0),
            number_right: self.number_right / n,
            ..*self
        }
    }
}

fn gradients(a: &[f32], w: usize, h: usize) -> Vec<f32> {
    let s = blur(a, w, h, 1.4);
    (0..w * h)
        .map(|i| {
            let (x, y) = (i % w, i / w);
            let gx = s[y * w + (x + 1).min(w - 1)] - s[y * w + x.saturating_sub(1)];
            let gy = s[(y + 1).min(h - 1) * w + x] - s[y.saturating_sub(1) * w + x];
            0.5 * gx.hypot(gy)
        })
        .collect()
}

/// Closed openings of at least twelve pixels.
fn holes(mask: &Mask) -> Vec<Vec<usize>> {
    let (w, h) = (mask.w, mask.h);
    let mut seen: Vec<bool> = mask.data.iter().map(|&v| v > 127).collect();
    let mut found = Vec::new();
    for start in 0..w * h {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let (mut pixels, mut next, mut closed) = (vec![start], 0, true);
        while next < pixels.len() {
            let i = pixels[next];
            let (x, y) = (i % w, i / w);
            closed &= x > 0 && y > 0 && x + 1 < w && y + 1 < h;
            let beside = [
                (x > 0).then(|| i - 1),
                (x + 1 < w).then_some(i + 1),
                (y > 0).then(|| i - w),
                (y + 1 < h).then_some(i + w),
            ];
            for j in beside.into_iter().flatten() {
                if !seen[j] {
                    seen[j] = true;
                    pixels.push(j);
                }
            }
            next += 1;
        }
        if closed && pixels.len() >= 12 {
            found.push(pixels);
        }
    }
    found
}

/// Pearson's correlation.
pub(super) fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let n = a.len().max(1) as f64;
    let mean = |v: &[f32]| v.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let (ma, mb) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 1e-12, 1e-12);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) - ma, f64::from(b) - mb);
        (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
    }
    ab / (aa * bb).sqrt()
}
