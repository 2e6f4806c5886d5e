//! Defocus: a disk of confusion over premultiplied colour, by running sums along rows, so that the
//! cost grows with the radius and not with its square.

use super::super::vectors::mix;

/// Premultiplied linear red, green, blue, and coverage.
pub(crate) type Rgba = [f32; 4];

/// A picture of premultiplied pixels, row by row.
#[derive(Clone)]
pub(crate) struct Picture4 {
    pub(crate) w: usize,
    pub(crate) h: usize,
    pub(crate) v: Vec<Rgba>,
}

/// A radius that leaves a pixel as it is.
const SHARP: f32 = 0.4;
/// Wider disks are drawn at half size: no detail is left to lose.
const WIDE: f32 = 6.0;

impl Picture4 {
    pub(crate) fn new(w: usize, h: usize) -> Picture4 {
        Picture4 { w, h, v: vec![[0.0; 4]; w * h] }
    }

    /// Between the pixels, by linear weights; places outside take the nearest pixel.
    pub(crate) fn tap(&self, x: f32, y: f32) -> Rgba {
        let x = x.clamp(0.0, self.w as f32 - 1.001);
        let y = y.clamp(0.0, self.h as f32 - 1.001);
        let (i, j) = (x as usize, y as usize);
        let (fx, fy) = (x - i as f32, y - j as f32);
        let (a, b) = (&self.v[j * self.w + i..][..2], &self.v[(j + 1) * self.w + i..][..2]);
        std::array::from_fn(|c| mix(mix(a[0][c], a[1][c], fx), mix(b[0][c], b[1][c], fx), fy))
    }

    /// Half the size, each pixel the mean of four.
    fn halved(&self) -> Picture4 {
        let (w, h) = (self.w.div_ceil(2), self.h.div_ceil(2));
        let mut out = Picture4::new(w, h);
        for (i, o) in out.v.iter_mut().enumerate() {
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let x = (i % w * 2 + dx).min(self.w - 1);
                let y = (i / w * 2 + dy).min(self.h - 1);
                let p = self.v[y * self.w + x];
                for c in 0..4 {
                    o[c] += 0.25 * p[c];
                }
            }
        }
        out
    }

    /// Spreads every pixel over a disk of radius `r` pixels.
    pub(crate) fn defocused(self, r: f32) -> Picture4 {
        if r < SHARP {
            return self;
        }
        if r <= WIDE || self.w < 4 || self.h < 4 {
            return self.disk(r);
        }
        // The two resamplings blur a little themselves.
        let small = self.halved().defocused((r * r - 3.0).sqrt() * 0.5);
        let mut out = self;
        let w = out.w;
        for (i, o) in out.v.iter_mut().enumerate() {
            *o = small.tap((i % w) as f32 * 0.5 - 0.25, (i / w) as f32 * 0.5 - 0.25);
        }
        out
    }

    fn disk(&self, r: f32) -> Picture4 {
        let sums = RowSums::of(self);
        let rows = rows_of_disk(r);
        let norm = 1.0 / rows.iter().map(|row| (2.0 * row.half).max(1.0) * row.share).sum::<f32>();
        let mut out = Picture4::new(self.w, self.h);
        for (y, line) in out.v.chunks_exact_mut(self.w).enumerate() {
            for row in &rows {
                let yy = y as isize + row.dy;
                if yy >= 0 && (yy as usize) < self.h {
                    sums.add_run(yy as usize, row.half.max(0.5), row.share * norm, line);
                }
            }
        }
        out
    }
}

/// One row of a disk: its offset, half its width, and how much of the row's height is inside.
struct DiskRow {
    dy: isize,
    half: f32,
    share: f32,
}

/// The rows of a disk; the outermost, fractional ones count in part.
fn rows_of_disk(r: f32) -> Vec<DiskRow> {
    let n = (r + 0.5).ceil() as isize;
    let row = |dy: isize| {
        let y = dy.abs() as f32;
        let (y0, y1) = ((y - 0.5).max(0.0), (y + 0.5).min(r));
        let share = if dy == 0 { 2.0 * y1 } else { y1 - y0 };
        let half = (r * r - 0.25 * (y0 + y1).powi(2)).sqrt();
        (share > 0.0).then_some(DiskRow { dy, half, share })
    };
    (-n..=n).filter_map(row).collect()
}

/// Sums of each row from its start, and which rows have anything in them.
struct RowSums {
    w: usize,
    sums: Vec<Rgba>,
    busy: Vec<bool>,
}

impl RowSums {
    fn of(p: &Picture4) -> RowSums {
        let mut sums = vec![[0.0_f32; 4]; (p.w + 1) * p.h];
        let rows = sums.chunks_exact_mut(p.w + 1).zip(p.v.chunks_exact(p.w));
        let busy = rows.map(|(s, row)| {
            let mut sum = [0.0; 4];
            for (x, v) in row.iter().enumerate() {
                for c in 0..4 {
                    sum[c] += v[c];
                }
                s[x + 1] = sum;
            }
            sum != [0.0; 4]
        });
        let busy = busy.collect();
        RowSums { w: p.w, sums, busy }
    }

    /// Adds to every pixel of `line` the sum over `half` pixels to both sides, times `gain`; the
    /// ends fall between pixels.
    fn add_run(&self, y: usize, half: f32, gain: f32, line: &mut [Rgba]) {
        if !self.busy[y] {
            return;
        }
        let s = &self.sums[y * (self.w + 1)..][..=self.w];
        let (k, f) = ((half + 0.5) as isize, (half + 0.5).fract());
        let at = |i: isize| s[i.clamp(0, self.w as isize) as usize];
        for (x, o) in line.iter_mut().enumerate() {
            let x = x as isize;
            let (a0, a1, b0, b1) = (at(x - k), at(x + 1 - k), at(x + k), at(x + k + 1));
            for c in 0..4 {
                o[c] += gain * (mix(b0[c], b1[c], f) - mix(a1[c], a0[c], f));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_keeps_its_light_and_its_width() {
        for r in [0.7, 1.5, 3.2, 5.9, 9.0, 17.0] {
            let n = 96;
            let mut src = Picture4::new(n, n);
            src.v[48 * n + 48] = [1.0; 4];
            let out = src.defocused(r).v;
            let sum: f32 = out.iter().map(|p| p[0]).sum();
            let spread =
                |i: usize| ((i % n) as f32 - 48.0).powi(2) + ((i / n) as f32 - 48.0).powi(2);
            let var = out.iter().enumerate().map(|(i, p)| p[0] * spread(i)).sum::<f32>() / sum;
            let seen = (2.0 * var).sqrt(); // the radius of a disk with this spread
            assert!((sum - 1.0).abs() < 0.03, "r {r}: light {sum}");
            assert!((seen - r).abs() < 0.3 + 0.05 * r, "r {r}: radius {seen}");
        }
    }
}
