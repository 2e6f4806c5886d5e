//! The reduced picture that cards are looked for in: small, and with its contrast stretched, so that
//! one set of thresholds serves dark, linear and colour-cast pictures.

use super::reading::Source;
use rayon::prelude::*;

/// A reduced picture; values 0 to 1, each channel stretched so that its brightest percent is 1.
pub(super) struct Working {
    pub(super) w: usize,
    pub(super) h: usize,
    pub(super) data: Vec<[f32; 3]>,
    /// Pixels of the source along one of this one's.
    pub(super) factor: usize,
}

impl Working {
    /// Reduced by a whole factor until the longer side is at most `side`; `lift` opens the shadows
    /// by a square root, for values that are linear light.
    pub(super) fn new(source: Source<'_>, side: usize, lift: bool) -> Self {
        let (sw, sh) = source.size();
        let factor = sw.max(sh).div_ceil(side.max(1)).max(1);
        let (w, h) = (sw / factor, sh / factor);
        let mut data = vec![[0.0; 3]; w * h];
        data.par_chunks_mut(w.max(1)).enumerate().for_each(|(y, row)| {
            for (x, p) in row.iter_mut().enumerate() {
                *p = mean(source, x * factor, y * factor, factor);
            }
        });
        let mut reduced = Self { w, h, data, factor };
        reduced.stretch(lift);
        reduced
    }

    /// Whether most of it is much darker than its lights, as with linear values.
    pub(super) fn is_dark(&self) -> bool {
        let dark = |p: &&[f32; 3]| p.iter().all(|v| *v < 0.25);
        self.data.iter().filter(dark).count() * 3 > self.data.len()
    }

    fn stretch(&mut self, lift: bool) {
        let tops: [f32; 3] = std::array::from_fn(|c| {
            let mut values: Vec<f32> = self.data.iter().step_by(7).map(|p| p[c]).collect();
            values.sort_by(f32::total_cmp);
            let top = values.len() * 99 / 100;
            values.get(top).copied().unwrap_or(1.0).max(1e-3)
        });
        for p in &mut self.data {
            for (v, top) in p.iter_mut().zip(tops) {
                let part = (*v / top).clamp(0.0, 1.5);
                *v = if lift { part.sqrt() } else { part };
            }
        }
    }

    /// Averaged over 3x3, edges repeated: noise would tear flat regions apart.
    pub(super) fn smoothed(&self) -> Vec<[f32; 3]> {
        let (w, h) = (self.w, self.h);
        let mut out = vec![[0.0; 3]; w * h];
        out.par_chunks_mut(w.max(1)).enumerate().for_each(|(y, row)| {
            let rows = [y.saturating_sub(1), y, (y + 1).min(h - 1)];
            for (x, p) in row.iter_mut().enumerate() {
                for r in rows {
                    for c in [x.saturating_sub(1), x, (x + 1).min(w - 1)] {
                        let q = self.data[r * w + c];
                        *p = [p[0] + q[0], p[1] + q[1], p[2] + q[2]];
                    }
                }
                *p = p.map(|v| v / 9.0);
            }
        });
        out
    }

    /// Between pixels; the middle of the first pixel is at .5, .5. None outside the frame.
    pub(super) fn sample(&self, at: [f64; 2]) -> Option<[f32; 3]> {
        let (x, y) = (at[0] - 0.5, at[1] - 0.5);
        let (right, low) = (self.w as f64 - 0.5, self.h as f64 - 0.5);
        if !(x >= -0.5 && y >= -0.5 && x < right && y < low) {
            return None;
        }
        let (x, y) = (x.clamp(0.0, self.w as f64 - 1.0), y.clamp(0.0, self.h as f64 - 1.0));
        let (i, j) = (x as usize, y as usize);
        let (i1, j1) = ((i + 1).min(self.w - 1), (j + 1).min(self.h - 1));
        let (fx, fy) = ((x - i as f64) as f32, (y - j as f64) as f32);
        let at = |x: usize, y: usize| self.data[y * self.w + x];
        let (a, b, c, d) = (at(i, j), at(i1, j), at(i, j1), at(i1, j1));
        Some(std::array::from_fn(|k| {
            let top = a[k] * (1.0 - fx) + b[k] * fx;
            let low = c[k] * (1.0 - fx) + d[k] * fx;
            top * (1.0 - fy) + low * fy
        }))
    }
}

/// Mean of a block, of at most 16 of its pixels.
fn mean(source: Source<'_>, x: usize, y: usize, factor: usize) -> [f32; 3] {
    let step = factor.div_ceil(4);
    let mut sum = [0.0; 3];
    let mut n = 0.0;
    for j in (0..factor).step_by(step) {
        for i in (0..factor).step_by(step) {
            let v = source.values(x + i, y + j);
            sum = [sum[0] + v[0], sum[1] + v[1], sum[2] + v[2]];
            n += 1.0;
        }
    }
    sum.map(|v| v / n)
}
