//! From layers to a photograph: what lens, sensor and camera make of them.
//! `Negative` is what depends on focus alone (cached); `develop` is what runs for every frame.
use super::{trace::*, vectors::*};
use rayon::prelude::*;

/// A disk blur over RGBA by running sums along rows: the cost grows with the radius, not its square.
fn disk(src: &[[f32; 4]], w: usize, h: usize, r: f32) -> Vec<[f32; 4]> {
    if r < 0.4 { return src.to_vec() }
    let mut sums = vec![[0.0_f32; 4]; (w + 1) * h];
    let busy: Vec<bool> = sums.par_chunks_mut(w + 1).zip(src.par_chunks(w)).map(|(s, p)| {
        for x in 0..w { for c in 0..4 { s[x + 1][c] = s[x][c] + p[x][c] } }
        s[w] != [0.0; 4]
    }).collect();
    // half widths of the disk's rows; the last fractional row counts in part
    let n = (r + 0.5).ceil() as isize;
    let rows: Vec<(isize, f32, f32)> = (-n..=n).filter_map(|dy| {
        let y = dy.abs() as f32;
        let (y0, y1) = ((y - 0.5).max(0.0), (y + 0.5).min(r));
        let share = if dy == 0 { 2.0 * y1 } else { y1 - y0 };
        (share > 0.0).then(|| (dy, (r * r - 0.25 * (y0 + y1).powi(2)).sqrt(), share))
    }).collect();
    let norm = 1.0 / rows.iter().map(|(_, half, s)| (2.0 * half).max(1.0) * s).sum::<f32>();
    let mut out = vec![[0.0_f32; 4]; w * h];
    out.par_chunks_mut(w).enumerate().for_each(|(y, line)| {
        for &(dy, half, share) in &rows {
            let yy = y as isize + dy;
            if yy < 0 || yy >= h as isize || !busy[yy as usize] { continue }
            let s = &sums[yy as usize * (w + 1)..][..w + 1];
            let half = half.max(0.5);
            let (k, f) = ((half + 0.5) as isize, (half + 0.5).fract()); // ends between pixels
            let at = |i: isize| s[i.clamp(0, w as isize) as usize];
            let g = share * norm;
            for (x, o) in line.iter_mut().enumerate() {
                let x = x as isize;
                let (a0, a1, b0, b1) = (at(x - k), at(x + 1 - k), at(x + k), at(x + k + 1));
                for c in 0..4 { o[c] += g * (mix(b0[c], b1[c], f) - mix(a1[c], a0[c], f)) }
            }
        }
    });
    out
}

/// Halves a premultiplied picture, or doubles it back with linear weights.
fn halve(src: &[[f32; 4]], w: usize, h: usize) -> (Vec<[f32; 4]>, usize, usize) {
    let (w2, h2) = (w.div_ceil(2), h.div_ceil(2));
    let v = (0..w2 * h2).into_par_iter().with_min_len(1024).map(|i| {
        let mut s = [0.0; 4];
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let p = src[(i / w2 * 2 + dy).min(h - 1) * w + (i % w2 * 2 + dx).min(w - 1)];
            for c in 0..4 { s[c] += 0.25 * p[c] }
        }
        s
    }).collect();
    (v, w2, h2)
}
fn tap(src: &[[f32; 4]], w: usize, h: usize, x: f32, y: f32) -> [f32; 4] {
    let (x, y) = (x.clamp(0.0, (w - 1) as f32 - 1e-3), y.clamp(0.0, (h - 1) as f32 - 1e-3));
    let (i, j) = (x as usize, y as usize);
    let (fx, fy) = (x - i as f32, y - j as f32);
    let (a, b) = (&src[j * w + i..][..2], &src[(j + 1) * w + i..][..2]);
    std::array::from_fn(|c| mix(mix(a[0][c], a[1][c], fx), mix(b[0][c], b[1][c], fx), fy))
}
/// A wide disk is drawn at half size: no detail is left to lose.
fn defocus(src: &[[f32; 4]], w: usize, h: usize, r: f32) -> Vec<[f32; 4]> {
    if r <= 6.0 { return disk(src, w, h, r) }
    let (s, w2, h2) = halve(src, w, h);
    let b = defocus(&s, w2, h2, (r * r - 3.0).sqrt() * 0.5); // the two resamplings blur a little themselves
    (0..w * h).into_par_iter().with_min_len(1024).map(|i| tap(&b, w2, h2, (i % w) as f32 * 0.5 - 0.25, (i / w) as f32 * 0.5 - 0.25)).collect()
}

const TILE: usize = 128;

pub struct Lens { pub focus: f32, pub blur: f32 } // mm from the eye; blur radius in frame widths per mm

/// Everything in linear light as the sensor would see it, before exposure.
pub struct Negative { pub w: usize, pub h: usize, pub v: Vec<[f32; 4]> }

pub fn negative(l: &Layers, lens: &Lens) -> Negative {
    let coc = |z: f32| (z - lens.focus) * lens.blur * l.w as f32;
    // paper, shadow and mirror image; shadows are soft already, so only the mirror needs its blur
    let (m, a, small) = (l.mirror_area, l.area, 1.0 / l.mirror_div as f32);
    let pad: Vec<[f32; 4]> = l.mirror.iter().map(|c| [c[0], c[1], c[2], 0.0]).collect();
    let soft = if m.w > 2 && m.h > 2 { defocus(&pad, m.w, m.h, coc(l.floor_depth[((m.y + m.h / 2) * l.mirror_div).min(l.h - 1)]).abs() * small) } else { pad };
    let mut v: Vec<[f32; 4]> = (0..l.w * l.h).into_par_iter().with_min_len(4096).map(|i| {
        let (p, s) = (l.plate[i], l.shadow[i]);
        let (x, y) = (((i % l.w) as f32 + 0.5) * small - 0.5 - m.x as f32, ((i / l.w) as f32 + 0.5) * small - 0.5 - m.y as f32);
        let r = if m.w > 2 && x >= 0.0 && y >= 0.0 && x < m.w as f32 && y < m.h as f32 { tap(&soft, m.w, m.h, x, y) } else { [0.0; 4] };
        [p[0] * s + r[0], p[1] * s + r[1], p[2] * s + r[2], 1.0]
    }).collect();
    // the piece, tile by tile, in slices of depth; each pixel is shared between its two nearest slices
    let reach = l.piece.iter().zip(&l.depth).filter(|(p, _)| p[3] > 0.0).map(|(_, &z)| coc(z).abs()).fold(0.0, f32::max);
    let step = (reach * 2.0 / 7.0).max(0.8);
    let margin = (reach.ceil() as usize + 18) & !15; // tiles start on multiples of 16, so that half sizes agree
    let cols = (a.w + 2 * margin).div_ceil(TILE);
    let tiles: Vec<(usize, usize, Vec<[f32; 4]>)> = (0..cols * (a.h + 2 * margin).div_ceil(TILE)).into_par_iter().filter_map(|t| {
        let (x, y) = ((t % cols * TILE) as isize - margin as isize, (t / cols * TILE) as isize - margin as isize);
        let n = TILE + 2 * margin;
        let from = |i: usize| { // index into the layers of pixel i of the tile with its margin
            let (u, v) = (x + (i % n) as isize - margin as isize, y + (i / n) as isize - margin as isize);
            (u >= 0 && v >= 0 && u < a.w as isize && v < a.h as isize).then(|| v as usize * a.w + u as usize)
        };
        let (mut lo, mut hi) = (f32::MAX, f32::MIN);
        for j in (0..n * n).filter_map(from).filter(|&j| l.piece[j][3] > 0.0) { (lo, hi) = (lo.min(coc(l.depth[j])), hi.max(coc(l.depth[j]))) }
        if lo > hi { return None }
        let mut sum = vec![[0.0_f32; 4]; TILE * TILE];
        for k in (lo / step).floor() as i32..=(hi / step).ceil() as i32 {
            let r = k as f32 * step;
            let part: Vec<[f32; 4]> = (0..n * n).map(|i| match from(i) {
                Some(j) if l.piece[j][3] > 0.0 => { let g = (1.0 - (coc(l.depth[j]) - r).abs() / step).max(0.0); l.piece[j].map(|c| c * g) }
                _ => [0.0; 4],
            }).collect();
            let b = defocus(&part, n, n, r.abs());
            for (i, s) in sum.iter_mut().enumerate() {
                let b = b[(i / TILE + margin) * n + i % TILE + margin];
                for c in 0..4 { s[c] += b[c] }
            }
        }
        Some(((x + a.x as isize + margin as isize) as usize, (y + a.y as isize + margin as isize) as usize, sum))
    }).collect();
    for (x, y, sum) in tiles {
        for (i, s) in sum.iter().enumerate().filter(|(_, s)| s[3] > 0.0) {
            let (Some(u), Some(w)) = ((x + i % TILE).checked_sub(margin), (y + i / TILE).checked_sub(margin)) else { continue };
            if u >= l.w || w >= l.h { continue }
            let over = 1.0 / s[3].max(1.0); // slices that overlap count once
            let o = &mut v[w * l.w + u];
            for c in 0..3 { o[c] = o[c] * (1.0 - (s[3] * over).min(1.0)) + s[c] * over }
        }
    }
    Negative { w: l.w, h: l.h, v }
}

#[derive(Clone)]
pub struct Frame { pub ev: f32, pub gains: [f32; 3], pub roll: f32, pub fill: f32, pub shift: (f32, f32), pub vignette: f32, pub read: f32, pub shot: f32, pub seed: u32 }

/// The camera's fixed tables: the tone curve by 16-bit linear value, and noise to be picked from.
pub struct Body { curve: Vec<u8>, noise: Vec<f32> }
impl Body {
    pub fn new() -> Body {
        let mut rng = Rng::new(5, 5);
        let srgb = |v: f32| if v < 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
        Body { curve: (0..65536).map(|i| (srgb(i as f32 / 65535.0) * 255.0 + 0.5) as u8).collect(), noise: (0..1 << 16).map(|_| rng.gauss()).collect() }
    }
    /// Warp, light, noise and tone curve in one pass over rows.
    pub fn develop(&self, n: &Negative, f: &Frame, out: &mut [u8]) {
        let (w, h) = (n.w as f32, n.h as f32);
        let (s, c) = f.roll.to_radians().sin_cos();
        let (s, c) = (s / f.fill, c / f.fill);
        let gain = f.gains.map(|g| g * f.ev.exp2());
        let still = f.roll == 0.0 && f.fill == 1.0 && f.shift == (0.0, 0.0);
        let read2 = f.read * f.read;
        out.par_chunks_mut(n.w * 3).enumerate().for_each_init(|| vec![0.0_f32; n.w * 3], |buf, (y, line)| {
            let mut rng = Rng::new(y as u32, f.seed);
            let dy = y as f32 + 0.5 - h * 0.5;
            // 16.16 fixed point along the row: no conversion of floats to indices inside
            let fix = |v: f32| (v * 65536.0) as i32;
            let x0 = 0.5 - w * 0.5;
            let (mut u, mut t) = (fix(c * x0 + s * dy + w * 0.5 - 0.5 - f.shift.0), fix(c * dy - s * x0 + h * 0.5 - 0.5 - f.shift.1));
            let (du, dt) = (fix(c), fix(-s));
            let (umax, tmax) = (((n.w - 1) << 16) as i32 - 1, ((n.h - 1) << 16) as i32 - 1);
            let k4 = 4.0 * f.vignette / (w * w + h * h);
            for (x, o) in buf.chunks_exact_mut(3).enumerate() {
                let p = if still { n.v[y * n.w + x] } else {
                    let (a, b) = (u.clamp(0, umax), t.clamp(0, tmax));
                    let (fx, fy) = ((a & 0xffff) as f32 / 65536.0, (b & 0xffff) as f32 / 65536.0);
                    let i = (b >> 16) as usize * n.w + (a >> 16) as usize;
                    let (top, low) = (&n.v[i..i + 2], &n.v[i + n.w..i + n.w + 2]);
                    let (k11, k01, k10) = (fx * fy, fx - fx * fy, fy - fx * fy);
                    let k00 = 1.0 - fx - k10;
                    let mut o = [0.0; 4];
                    for k in 0..4 { o[k] = top[0][k] * k00 + top[1][k] * k01 + low[0][k] * k10 + low[1][k] * k11 }
                    (u, t) = (u + du, t + dt);
                    o
                };
                let dx = x as f32 + x0;
                let fall = 1.0 - k4 * (dx * dx + dy * dy);
                for k in 0..3 { o[k] = (p[k] * gain[k] * fall).min(1.0) } // the sensor is full at 1
            }
            for v in buf.chunks_mut(384) {
                let noise = &self.noise[rng.bits() as usize % (65536 - 384)..][..v.len()]; // a new stretch of the table
                for (v, &g) in v.iter_mut().zip(noise) { *v = (*v + (f.shot * *v + read2).sqrt() * g) * 65535.0 }
            }
            for (o, &v) in line.iter_mut().zip(&*buf) { *o = self.curve[v as u16 as usize] }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_disk_keeps_its_light_and_its_width() {
        for r in [0.7, 1.5, 3.2, 5.9, 9.0, 17.0] {
            let n = 96;
            let mut src = vec![[0.0; 4]; n * n];
            src[48 * n + 48] = [1.0; 4];
            let out = defocus(&src, n, n, r);
            let sum: f32 = out.iter().map(|p| p[0]).sum();
            let var = out.iter().enumerate().map(|(i, p)| p[0] * (((i % n) as f32 - 48.0).powi(2) + ((i / n) as f32 - 48.0).powi(2))).sum::<f32>() / sum;
            let seen = (2.0 * var).sqrt(); // the radius of a disk with this spread
            println!("r {r} light {sum:.3} radius {seen:.2}");
            assert!((sum - 1.0).abs() < 0.03 && (seen - r).abs() < 0.3 + 0.05 * r);
        }
    }
}
