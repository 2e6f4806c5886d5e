//! From scene to layers: what the lens would see if everything were sharp, linear and noiseless.
use super::{set::*, vectors::*};
use rayon::prelude::*;

/// Rectangle of the frame that the piece can touch; only there are object layers kept.
#[derive(Clone, Copy, Debug)]
pub struct Area { pub x: usize, pub y: usize, pub w: usize, pub h: usize }

pub struct Layers {
    pub w: usize,
    pub h: usize,
    pub area: Area,
    pub piece: Vec<[f32; 4]>, // premultiplied radiance and alpha, inside `area`
    pub depth: Vec<f32>, // mm from the eye along the axis; 0 where there is no piece; inside `area`
    pub id: Vec<u8>, // 0 paper, 1 metal, 2 stone; inside `area`
    pub plate: Vec<[f32; 3]>, // the empty set
    pub shadow: Vec<f32>, // share of the plate's light that is left
    pub mirror: Vec<[f32; 3]>, // the piece in the paper's gloss, at 1/`mirror_div` size, inside `mirror_area`
    pub mirror_div: usize,
    pub mirror_area: Area,
    pub floor_depth: Vec<f32>, // one a row
}

struct Dot { c: V, a: f32, depth: f32, id: u8 }

fn fresnel(cos_i: f32, eta: f32) -> f32 {
    let s2 = eta * eta * (1.0 - cos_i * cos_i);
    if s2 >= 1.0 { return 1.0 }
    let ct = (1.0 - s2).sqrt();
    let (a, b) = ((eta * cos_i - ct) / (eta * cos_i + ct), (cos_i - eta * ct) / (cos_i + eta * ct));
    0.5 * (a * a + b * b)
}

impl Scene {
    /// Radiance from the metal at `p` (the piece's frame) toward -d.
    fn metal(&self, p: V, n: V, d: V, depth: u32, rng: &mut Rng) -> V {
        let (u, v) = n.frame();
        // polish: a little roughness, plus a slow waviness that keeps highlights from being perfect
        let wav = |a: V, k: f32| (p.dot(a) * k).sin();
        let wave = 0.006 * (wav(V(1., 0.7, 0.4), 3.1) + wav(V(-0.5, 1., 0.8), 5.3) * 0.6);
        let n2 = (n + u * (rng.gauss() * self.set.rough + wave) + v * (rng.gauss() * self.set.rough - wave)).unit();
        let mut r = d.reflect(n2);
        if r.dot(n) < 0.02 { r = d.reflect(n) }
        let c = (-d.dot(n2)).clamp(0.0, 1.0);
        let f = self.set.f0 + (gray(1.0) - self.set.f0) * (1.0 - c).powi(5);
        f * self.see(p + n * 0.01, r, depth + 1, rng)
    }
    /// Light arriving at a point of the piece (its frame) from direction d.
    fn see(&self, o: V, d: V, depth: u32, rng: &mut Rng) -> V {
        if depth < 4 && let Some(h) = self.hit(o, d, true, if depth == 1 { 56 } else { 36 }) {
            let p = o + d * h.t;
            return match h.kind {
                1 if depth < 3 => self.metal(p, h.n, d, depth, rng),
                1 => self.set.f0 * self.surround(self.to_world(p), self.world(d.reflect(h.n))), // enough bounces: look past the piece
                _ => self.stone(p, d, &h, depth, rng),
            };
        }
        self.surround(self.to_world(o), self.world(d))
    }
    /// A ray through a stone: the outer reflection, then one chain of inner reflections for each of
    /// three wavelengths; every bounce leaks what is not reflected.
    fn stone(&self, p: V, d: V, h: &Hit, depth: u32, rng: &mut Rng) -> V {
        let s = &self.stones[h.stone];
        let cos = -d.dot(h.n);
        let f = fresnel(cos, 1.0 / 2.418);
        let mut sum = self.surround(self.to_world(p), self.world(d.reflect(h.n))) * f;
        let fire = depth == 0;
        let bounces = if fire { 9 } else { 4 };
        for (ch, ior) in [(0, 2.405_f32), (1, 2.418), (2, 2.447)] {
            let ior = if fire { ior } else { 2.418 };
            let Some(mut dir) = d.refract(h.n, 1.0 / ior) else { continue };
            let (mut at, mut left) = (p, 1.0 - f);
            let mut got = V(0., 0., 0.);
            for _ in 0..bounces {
                let (t, i) = s.leave(at, dir);
                at = at + dir * t;
                let n = s.normal(i);
                let fr = fresnel(dir.dot(n).clamp(0.0, 1.0), ior);
                if fr < 1.0 && let Some(out) = dir.refract(-n, ior) {
                    got = got + self.leak(at + n * 0.01, out.unit(), depth, rng) * (left * (1.0 - fr));
                    left *= fr;
                }
                if left < 0.03 { break }
                left *= 0.985;
                dir = dir.reflect(n).unit();
                at = at - n * 1e-4;
            }
            got = got + gray(0.25) * left; // what was cut off
            if !fire { return sum + got }
            match ch { 0 => sum.0 += got.0, 1 => sum.1 += got.1, _ => sum.2 += got.2 }
        }
        sum
    }
    fn leak(&self, o: V, d: V, depth: u32, rng: &mut Rng) -> V {
        if depth < 2 && let Some(h) = self.hit(o, d, false, 28) { return self.metal(o + d * h.t, h.n, d, 2, rng) }
        self.surround(self.to_world(o), self.world(d))
    }
    fn primary(&self, o: V, d: V, rng: &mut Rng) -> Option<Dot> {
        let (lo, ld) = (self.to_local(o), self.local_dir(d));
        let h = self.hit(lo, ld, true, 90)?;
        let p = lo + ld * h.t;
        let c = if h.kind == 1 { self.metal(p, h.n, ld, 0, rng) } else { self.stone(p, ld, &h, 0, rng) };
        Some(Dot { c, a: 1.0, depth: (self.to_world(p) - self.eye).dot(self.fwd), id: h.kind })
    }
    fn local_dir(&self, d: V) -> V { self.to_local(d) - self.to_local(V(0., 0., 0.)) }
    fn lens_ray(&self, w: usize, h: usize, x: f32, y: f32) -> V {
        let s = 2.0 / w as f32;
        (self.right * ((x - w as f32 * 0.5) * s) + self.up * ((h as f32 * 0.5 - y) * s) + self.fwd * self.focal).unit()
    }
    /// Frame area under a ball, with a margin.
    fn area(&self, w: usize, h: usize, centre: V, r: f32) -> Area {
        let q = centre - self.eye;
        let z = q.dot(self.fwd);
        let k = self.focal / z * w as f32 * 0.5;
        let (x, y, r) = (w as f32 * 0.5 + q.dot(self.right) * k, h as f32 * 0.5 - q.dot(self.up) * k, r * k * 1.02 + 2.0);
        let (x0, y0) = ((x - r).max(0.) as usize, (y - r).max(0.) as usize);
        let (x1, y1) = (((x + r).max(0.) as usize).min(w), ((y + r).max(0.) as usize).min(h));
        Area { x: x0, y: y0, w: x1.saturating_sub(x0), h: y1.saturating_sub(y0) }
    }

    /// Draws the layers. `few` samples inside a surface, `many` where neighbours differ.
    pub fn layers(&self, w: usize, h: usize, few: u32, many: u32) -> Layers {
        let (bc, br) = self.set.piece.ball();
        let ball = self.to_world(bc);
        let area = self.area(w, h, ball, br);
        // sample k of pixel i: a golden-ratio sequence shifted by the pixel, even for any count
        let one = |i: usize, k: u32| -> Option<Dot> {
            let mut rng = Rng::new(i as u32, 1);
            let (jx, jy) = ((rng.unit() + k as f32 * 0.754_877_7).fract(), (rng.unit() + k as f32 * 0.569_840_3).fract());
            let (x, y) = ((area.x + i % area.w) as f32 + jx, (area.y + i / area.w) as f32 + jy);
            self.primary(self.eye, self.lens_ray(w, h, x, y), &mut Rng::new(i as u32, 2 + k))
        };
        // first pass: one sample a pixel; second: more, by how much the neighbours differ
        let first: Vec<(V, f32, u8)> = (0..area.w * area.h).into_par_iter().with_min_len(256).map(|i| match one(i, 0) {
            Some(d) => (d.c, d.depth, d.id),
            None => (V(0., 0., 0.), 0., 0),
        }).collect();
        let tone = |c: V| c.luma() / (0.4 + c.luma());
        let done: Vec<([f32; 4], f32, u8)> = (0..area.w * area.h).into_par_iter().with_min_len(256).map(|i| {
            let (x, y) = (i % area.w, i / area.w);
            let (mut lo, mut hi, mut same) = (9.0_f32, 0.0_f32, true);
            for yy in y.saturating_sub(1)..(y + 2).min(area.h) {
                for xx in x.saturating_sub(1)..(x + 2).min(area.w) {
                    let f = &first[yy * area.w + xx];
                    same &= f.2 == first[i].2;
                    lo = lo.min(tone(f.0));
                    hi = hi.max(tone(f.0));
                }
            }
            if same && first[i].2 == 0 { return ([0.; 4], 0., 0) }
            let mut n = if !same || hi - lo > 0.08 { many } else { few };
            let (mut sum, mut a, mut dep, mut ids) = (V(0., 0., 0.), 0.0, 0.0, [0_u32; 3]);
            let mut k = 0;
            (lo, hi) = (9.0, 0.0);
            while k < n {
                match one(i, k) {
                    Some(d) => {
                        // a glint never comes from one sample: tame single wild ones
                        let c = d.c * (24.0 / d.c.luma().max(24.0));
                        (sum, a, dep) = (sum + c, a + d.a, dep + d.depth);
                        (lo, hi) = (lo.min(tone(c)), hi.max(tone(c)));
                        ids[d.id as usize] += 1;
                    }
                    None => ids[0] += 1,
                }
                k += 1;
                if k == few && hi - lo > 0.08 { n = many } // the few disagree: ask more
            }
            let (k, id) = (1.0 / n as f32, if ids[1].max(ids[2]) * 2 < n { 0 } else if ids[2] > ids[1] { 2 } else { 1 });
            ([sum.0 * k, sum.1 * k, sum.2 * k, a * k], if a > 0.0 { dep / a } else { 0.0 }, id)
        }).collect();
        drop(first);
        let (plate, shadow) = self.floor(w, h);
        // the mirror image is soft: a small picture of it is enough
        let mirror_div = (w / 600).max(2);
        let mirror_area = self.area(w / mirror_div, h / mirror_div, V(ball.0, -ball.1, ball.2), br);
        let mirror = self.mirror(w / mirror_div, h / mirror_div, mirror_area, few.max(6));
        let floor_depth = (0..h).map(|y| {
            let d = self.lens_ray(w, h, w as f32 * 0.5, y as f32 + 0.5);
            if d.1 < -1e-3 { (d * (-self.eye.1 / d.1)).dot(self.fwd) } else { 1e4 }
        }).collect();
        Layers {
            w, h, area, mirror_area, mirror_div, plate, shadow, mirror, floor_depth,
            piece: done.par_iter().map(|d| d.0).collect(),
            depth: done.par_iter().map(|d| d.1).collect(),
            id: done.par_iter().map(|d| d.2).collect(),
        }
    }
    fn floor(&self, w: usize, h: usize) -> (Vec<[f32; 3]>, Vec<f32>) {
        (0..w * h).into_par_iter().with_min_len(4096).map(|i| {
            let d = self.lens_ray(w, h, (i % w) as f32 + 0.5, (i / w) as f32 + 0.5);
            if d.1 > -1e-3 { return ([0.3; 3], 1.0) }
            let p = self.eye + d * (-self.eye.1 / d.1);
            let c = self.paper(p.0, p.2);
            ([c.0, c.1, c.2], self.shadow(p.0, p.2))
        }).unzip()
    }
    /// The piece mirrored in the floor, blurred by the paper's own roughness.
    fn mirror(&self, w: usize, h: usize, a: Area, n: u32) -> Vec<[f32; 3]> {
        if self.set.gloss <= 0.0 { return vec![[0.0; 3]; a.w * a.h] }
        let rough = mix(0.016, 0.002, self.set.gloss);
        let mut v: Vec<[f32; 3]> = (0..a.w * a.h).into_par_iter().with_min_len(256).map(|i| {
            let mut sum = V(0., 0., 0.);
            for k in 0..n {
                let mut rng = Rng::new(i as u32, 77 + k);
                let d = self.lens_ray(w, h, (a.x + i % a.w) as f32 + rng.unit(), (a.y + i / a.w) as f32 + rng.unit());
                if d.1 > -1e-3 { continue }
                let p = self.eye + d * (-self.eye.1 / d.1);
                let r = V(d.0 + rng.gauss() * rough, -d.1 + rng.gauss() * rough, d.2).unit();
                let f = self.set.gloss * (0.04 + 0.96 * (1.0 + d.1).powi(5));
                if let Some(q) = self.primary(p, r, &mut rng) { sum = sum + q.c * (f * (8.0 / q.c.luma().max(8.0))) }
            }
            [sum.0 / n as f32, sum.1 / n as f32, sum.2 / n as f32]
        }).collect();
        for step in [1, a.w, 1, a.w] { // few samples leave grain: smooth along x, y, x, y
            let s = v.clone();
            for i in step..v.len().saturating_sub(step) { for c in 0..3 { v[i][c] = 0.25 * (s[i - step][c] + s[i + step][c]) + 0.5 * s[i][c] } }
        }
        v
    }
}
