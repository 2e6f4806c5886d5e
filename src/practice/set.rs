//! The set: a piece of jewellery (metal as a distance field, stones as convex polyhedra), cards and
//! soft boxes, and a paper sweep. Millimetres; y is up; the camera looks from +z.
use super::vectors::*;
use rayon::prelude::*;
use std::f32::consts::{PI, TAU};

/// A cut stone: half-spaces n.p <= w, in arrays of lanes so that the tests over facets vectorise.
pub const FACETS: usize = 96;
pub struct Stone { nx: [f32; FACETS], ny: [f32; FACETS], nz: [f32; FACETS], w: [f32; FACETS], pub at: V, pub radius: f32 }

impl Stone {
    /// Round brilliant, table up: 57 % table, crown 34.5 degrees, pavilion 40.75, star 50 %, lower halves 77 %.
    pub fn brilliant(at: V, radius: f32) -> Stone {
        let (g, table, star, low) = (0.025_f32, 0.57_f32, 0.763_f32, 0.23_f32);
        let (tc, tp) = (34.5_f32.to_radians().tan(), 40.75_f32.to_radians().tan());
        let c8 = (PI / 8.0).cos();
        let pt = |a: f32, r: f32, y: f32| V(r * a.cos(), y, r * a.sin());
        let (yt, ys, yl) = (g + (1.0 - table) * tc, g + (1.0 - star * c8) * tc, -g - (1.0 - low * c8) * tp);
        let mut planes: Vec<(V, f32)> = vec![(V(0., 1., 0.), yt)];
        let mut facet = |a: V, b: V, c: V| {
            let mut n = (b - a).cross(c - a).unit();
            if n.dot(a) < 0.0 { n = -n }
            planes.push((n, n.dot(a)));
        };
        for k in 0..8 {
            let (f, h) = (k as f32 * PI / 4.0, PI / 8.0);
            let tip = pt(f + h, star, ys);
            facet(pt(f, table, yt), tip, pt(f - h, star, ys)); // bezel
            facet(pt(f, table, yt), pt(f + 2.0 * h, table, yt), tip); // star
            facet(tip, pt(f + h, 1., g), pt(f, 1., g)); // upper halves
            facet(tip, pt(f + h, 1., g), pt(f + 2.0 * h, 1., g));
            facet(pt(f, 1., -g), pt(f + h, low, yl), pt(f - h, low, yl)); // pavilion main
            facet(pt(f, 1., -g), pt(f + h, 1., -g), pt(f + h, low, yl)); // lower halves
            facet(pt(f + 2.0 * h, 1., -g), pt(f + h, 1., -g), pt(f + h, low, yl));
        }
        planes.extend((0..32).map(|k| (pt((k as f32 + 0.5) * PI / 16.0, 1., 0.), 0.997))); // girdle
        let mut s = Stone { nx: [0.; FACETS], ny: [0.; FACETS], nz: [0.; FACETS], w: [1e9; FACETS], at, radius };
        for (i, (n, w)) in planes.iter().enumerate() {
            (s.nx[i], s.ny[i], s.nz[i], s.w[i]) = (n.0, n.1, n.2, w * radius + n.dot(at));
        }
        s
    }
    pub fn normal(&self, i: usize) -> V { V(self.nx[i], self.ny[i], self.nz[i]) }
    /// Last entry and first exit along a ray, with the facets: (t_in, facet, t_out, facet).
    fn span(&self, o: V, d: V) -> (f32, usize, f32, usize) {
        let (mut tn, mut tf) = ([-1e9_f32; 8], [1e9_f32; 8]);
        let (mut jn, mut jf) = ([0_u32; 8], [0_u32; 8]);
        for c in 0..FACETS / 8 {
            for l in 0..8 {
                let i = c * 8 + l;
                let den = self.nx[i] * d.0 + self.ny[i] * d.1 + self.nz[i] * d.2;
                let t = (self.w[i] - self.nx[i] * o.0 - self.ny[i] * o.1 - self.nz[i] * o.2) / den;
                let enters = (den < -1e-7) & (t > tn[l]);
                let leaves = (den > 1e-7) & (t < tf[l]);
                tn[l] = if enters { t } else { tn[l] };
                jn[l] = if enters { i as u32 } else { jn[l] };
                tf[l] = if leaves { t } else { tf[l] };
                jf[l] = if leaves { i as u32 } else { jf[l] };
            }
        }
        let (mut a, mut b) = (0, 0);
        for l in 1..8 {
            if tn[l] > tn[a] { a = l }
            if tf[l] < tf[b] { b = l }
        }
        (tn[a], jn[a] as usize, tf[b], jf[b] as usize)
    }
    pub fn enter(&self, o: V, d: V) -> Option<(f32, usize)> {
        let oc = self.at - o;
        let b = oc.dot(d);
        if oc.dot(oc) - b * b > self.radius * self.radius * 1.02 || b < 0.0 { return None }
        let (t0, i, t1, _) = self.span(o, d);
        (t0 < t1 && t0 > 1e-4).then_some((t0, i))
    }
    pub fn leave(&self, o: V, d: V) -> (f32, usize) {
        let (_, _, t, i) = self.span(o, d);
        (t.max(0.0), i)
    }
}

/// Which piece lies on the set. Each is a distance field for metal plus a list of stones.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Piece { Solitaire, Bracelet, Earrings }

fn smin(a: f32, b: f32, k: f32) -> f32 {
    let h = (k - (a - b).abs()).max(0.0) / k;
    a.min(b) - h * h * k * 0.25
}
fn capsule(px: f32, py: f32, pz: f32, a: (f32, f32), b: (f32, f32), ra: f32, rb: f32) -> f32 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let h = (((px - a.0) * dx + (py - a.1) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    let (x, y) = (px - a.0 - dx * h, py - a.1 - dy * h);
    (x * x + y * y + pz * pz).sqrt() - mix(ra, rb, h)
}
fn torus(rho: f32, y: f32, big: f32, small: f32) -> f32 { ((rho - big).powi(2) + y * y).sqrt() - small }

/// Prongs, rails and cup for a round stone of girdle radius `g`, its girdle at y = 0.
fn head(p: V, g: f32, prongs: f32) -> f32 {
    let rho = (p.0 * p.0 + p.2 * p.2).sqrt();
    let sector = TAU / prongs;
    let a = p.2.atan2(p.0) + sector * 0.25;
    let a = a - sector * (a / sector).round();
    let (x, z) = (rho * a.cos(), rho * a.sin());
    let w = 0.10 * g;
    let leg = capsule(x, p.1, z, (0.42 * g, -1.05 * g), (1.065 * g, -0.03 * g), w * 0.85, w);
    let claw = capsule(x, p.1, z, (1.065 * g, -0.03 * g), (0.925 * g, 0.125 * g), w, w * 0.92);
    let prong = smin(leg, claw, 0.05 * g);
    let rails = torus(rho, p.1 + 0.34 * g, 0.80 * g, 0.060 * g).min(torus(rho, p.1 + 0.98 * g, 0.44 * g, 0.085 * g));
    smin(prong, rails, 0.09 * g)
}

pub const RING: f32 = 9.3; // centre line of the band
const HEAD_Y: f32 = 13.75; // girdle of the solitaire, above the centre of the band
const CARAT: f32 = 3.85; // its girdle radius

fn band(p: V) -> f32 {
    let rho = (p.0 * p.0 + p.1 * p.1).sqrt();
    let up = 0.5 + 0.5 * p.1 / (rho + 1e-6); // 0 at the bottom, 1 under the stone
    let half = mix(1.25, 0.92, smooth(0.25, 0.95, up)); // the shank tapers to the head
    let thick = mix(0.92, 1.10, smooth(0.3, 1.0, up));
    let r = rho - RING;
    let dome = if r > 0.0 { 0.22 } else { 0.10 }; // rounded outside, comfort fit inside
    let z = p.2.abs();
    let t = thick - dome * (z.min(half)).powi(2);
    let e = 0.56; // edge radius; never more than the half thickness, or the field breaks at the inner edge
    let (qx, qz) = (r.abs() - (t - e), z - (half - e));
    0.93 * ((qx.max(0.0).powi(2) + qz.max(0.0).powi(2)).sqrt() + qx.max(qz).min(0.0) - e)
}

impl Piece {
    pub fn stones(self) -> Vec<Stone> {
        match self {
            Piece::Solitaire => vec![Stone::brilliant(V(0., HEAD_Y, 0.), CARAT)],
            Piece::Bracelet => vec![],
            Piece::Earrings => [-1.0, 1.0].map(|s| Stone::brilliant(V(s * 7.5, 0., 0.), 3.0)).into(),
        }
    }
    /// Ball that holds the piece, in its own frame.
    pub fn ball(self) -> (V, f32) {
        match self {
            Piece::Solitaire => (V(0., 2.6, 0.), 13.1),
            Piece::Bracelet => (V(0., 0., 0.), 26.0),
            Piece::Earrings => (V(0., -1.5, 0.), 13.2),
        }
    }
    /// How high its origin stands when its lowest point, along `up` in its own frame, touches the paper.
    fn rest(self, up: V) -> f32 {
        let (c, r) = self.ball();
        let (n, step) = (160, r / 80.0);
        (0..n * n * n).into_par_iter().map(|i| {
            let p = c + V((i % n) as f32 - 79.5, (i / n % n) as f32 - 79.5, (i / n / n) as f32 - 79.5) * step;
            let d = if p.dot(up) < c.dot(up) { self.metal(p) } else { 1.0 };
            if d.abs() < step { p.dot(up) - d.max(-0.1) } else { 1e9 }
        }).reduce(|| 1e9, f32::min) * -1.0
    }
    /// Distance to metal; a lower bound far from it.
    pub fn metal(self, p: V) -> f32 {
        match self {
            Piece::Solitaire => {
                let b = band(p);
                let q = V(p.0, p.1 - HEAD_Y, p.2);
                let far = (q.0 * q.0 + (q.1 + 1.2) * (q.1 + 1.2) + q.2 * q.2).sqrt() - 4.8; // must hold every prong, or rays land inside them
                if far > 0.8 { return b.min(far) }
                smin(b, head(q, CARAT, 6.0), 0.35)
            }
            Piece::Bracelet => links(p),
            Piece::Earrings => {
                let q = V(p.0.abs() - 7.5, p.1, p.2); // two studs, mirrored: the post behind, a notch for the clutch
                let rod = (q.0 * q.0 + q.2 * q.2).sqrt();
                let post = (rod - 0.42 + 0.1 * smooth(0.35, 0.1, (p.1 + 5.2).abs())).max((p.1 + 4.2).abs() - 1.8);
                let halo = torus(rod, q.1 + 0.15, 3.75, 0.34).min(torus(rod, q.1 + 0.9, 3.2, 0.5));
                smin(smin(head(q, 3.0, 4.0), post, 0.4), halo, 0.2)
            }
        }
    }
}

/// A chain closed to a circle: one link drawn, folded to the nearest of N, every second one on edge.
fn links(p: V) -> f32 {
    const N: f32 = 34.0;
    let (rho, a) = ((p.0 * p.0 + p.2 * p.2).sqrt(), p.2.atan2(p.0));
    let k = a / TAU * N;
    let mut best = 1e9_f32;
    for c in [k.floor(), k.floor() + 1.0] {
        let x = (a - c * TAU / N) * 22.0; // arc length from the link's centre
        let (mut u, mut v) = (rho - 22.0, p.1);
        let tilt: f32 = if c.rem_euclid(2.0) < 0.5 { 0.75 } else { -0.75 };
        (u, v) = (u * tilt.cos() + v * tilt.sin(), v * tilt.cos() - u * tilt.sin());
        let xs = (x.abs() - 1.35).max(0.0); // a stadium: two half circles and two bars
        best = best.min((((xs * xs + u * u).sqrt() - 1.15).powi(2) + v * v).sqrt() - 0.46);
    }
    best
}

/// A lit panel or a black card: a rectangle whose light falls off softly to its edges.
pub struct Card { c: V, u: V, v: V, n: V, light: V, soft: f32 }

#[derive(Clone)]
pub struct Setup { pub piece: Piece, pub yaw: f32, pub lean: f32, pub f0: V, pub paper: V, pub gloss: f32, pub rough: f32, pub elevation: f32, pub frame_mm: f32, pub key: f32 }

pub struct Hit { pub t: f32, pub kind: u8, pub n: V, pub stone: usize }

/// Floor tables, in millimetres on the paper: radiance without the piece, and what the piece leaves of it.
struct Grid { half: f32, n: usize, v: Vec<f32> }
impl Grid {
    fn at(&self, x: f32, z: f32) -> f32 {
        let s = (self.n - 1) as f32 / (2.0 * self.half);
        let (a, b) = (((x + self.half) * s).clamp(0., (self.n - 1) as f32 - 1e-3), ((z + self.half) * s).clamp(0., (self.n - 1) as f32 - 1e-3));
        let (i, j) = (a as usize, b as usize);
        let (fa, fb) = (a - i as f32, b - j as f32);
        let r = &self.v[j * self.n + i..];
        mix(mix(r[0], r[1], fa), mix(r[self.n], r[self.n + 1], fa), fb)
    }
    fn fill(half: f32, n: usize, f: impl Fn(f32, f32, u32) -> f32 + Sync) -> Grid {
        let s = 2.0 * half / (n - 1) as f32;
        let v = (0..n * n).into_par_iter().map(|i| f((i % n) as f32 * s - half, (i / n) as f32 * s - half, i as u32)).collect();
        Grid { half, n, v }
    }
    /// Binomial smoothing that takes the sampling noise off.
    fn soften(&mut self, times: usize) {
        let n = self.n;
        for _ in 0..times {
            let s = self.v.clone();
            for j in 1..n - 1 {
                for i in 1..n - 1 {
                    let k = j * n + i;
                    let row = |k: usize| s[k - 1] + 2.0 * s[k] + s[k + 1];
                    self.v[k] = (row(k - n) + 2.0 * row(k) + row(k + n)) / 16.0;
                }
            }
        }
    }
}

pub struct Scene {
    pub set: Setup,
    pub stones: Vec<Stone>,
    cards: Vec<Card>,
    cols: [V; 3], // the piece's axes in the world
    at: V,
    plate: Grid,
    near: Grid,
    wide: Grid,
    pub eye: V,
    pub fwd: V,
    pub right: V,
    pub up: V,
    pub focal: f32,
}

impl Scene {
    pub fn new(set: Setup) -> Scene {
        let (sy, cy) = set.yaw.to_radians().sin_cos();
        let (sl, cl) = set.lean.to_radians().sin_cos();
        // lean about x first, then turn about the vertical
        let turn = |v: V| V(cy * v.0 + sy * v.2, v.1, -sy * v.0 + cy * v.2);
        let tip = |v: V| V(v.0, cl * v.1 - sl * v.2, sl * v.1 + cl * v.2);
        let cols = [turn(tip(V(1., 0., 0.))), turn(tip(V(0., 1., 0.))), turn(tip(V(0., 0., 1.)))];
        let at = V(0., set.piece.rest(V(cols[0].1, cols[1].1, cols[2].1)), 0.);
        let look = V(0., if set.piece == Piece::Solitaire { 11.2 } else { 2.0 }, 0.);
        let e = set.elevation.to_radians();
        let back = V(0., e.sin(), e.cos());
        let eye = look + back * 380.0;
        let (fwd, right) = (-back, V(1., 0., 0.));
        let up = right.cross(fwd);
        let mut s = Scene {
            stones: set.piece.stones(), cards: vec![], cols, at, eye, fwd, right, up, focal: 380.0 / (set.frame_mm * 0.5),
            plate: Grid { half: 1., n: 2, v: vec![1.; 4] }, near: Grid { half: 1., n: 2, v: vec![1.; 4] }, wide: Grid { half: 1., n: 2, v: vec![1.; 4] }, set,
        };
        let k = s.set.key;
        let aim = V(0., 12., 0.);
        let mut card = |c: V, w: f32, h: f32, light: f32, soft: f32| {
            let n = (aim - c).unit();
            let u = V(0., 1., 0.).cross(n).unit();
            s.cards.push(Card { c, u: u * w, v: n.cross(u) * h, n, light: gray(light), soft });
        };
        card(V(-200., 260., 30.), 120., 90., 5.6 * k, 0.22); // key, high left
        card(V(60., 330., -150.), 190., 80., 3.4, 0.25); // top light from behind
        card(V(280., 110., 40.), 34., 160., 5.0, 0.15); // strip on the right
        card(V(-290., 50., 120.), 40., 130., 1.6, 0.12); // white card, left
        card(V(90., 300., 170.), 13., 13., 30., 0.8); // two small soft spots: glints
        card(V(-40., 330., 120.), 10., 10., 30., 0.8);
        card(V(190., 90., 190.), 75., 130., 0.012, 0.05); // black flags: the dark lines in the metal
        card(V(-190., 80., 220.), 60., 120., 0.012, 0.05);
        card(V(0., 250., 210.), 150., 40., 0.012, 0.05);
        card(V(-90., 160., -230.), 40., 110., 0.015, 0.08);
        card(V(150., 190., -220.), 26., 90., 0.015, 0.08);
        card(eye + back * 8.0, 46., 40., 0.03, 0.25); // the camera itself
        // a black card lying just below the frame: the dark edge along the near side of the band
        s.cards.push(Card { c: V(0., 1.5, 46.), u: V(34., 0., 0.), v: V(0., 0., 17.), n: V(0., 1., 0.), light: gray(0.012), soft: 0.3 });
        s.plate = s.floor_light();
        (s.near, s.wide) = s.floor_shadow();
        s
    }
    fn local(&self, v: V) -> V { V(v.dot(self.cols[0]), v.dot(self.cols[1]), v.dot(self.cols[2])) }
    pub fn world(&self, v: V) -> V { self.cols[0] * v.0 + self.cols[1] * v.1 + self.cols[2] * v.2 }
    pub fn to_local(&self, p: V) -> V { self.local(p - self.at) }
    pub fn to_world(&self, p: V) -> V { self.world(p) + self.at }

    /// First surface of the piece along a ray in the piece's own frame.
    pub fn hit(&self, o: V, d: V, with_stones: bool, steps: usize) -> Option<Hit> {
        let (c, r) = self.set.piece.ball();
        let oc = o - c;
        let b = oc.dot(d);
        let disc = b * b - oc.dot(oc) + r * r;
        if disc < 0.0 { return None }
        let (t0, t1) = ((-b - disc.sqrt()).max(0.0), -b + disc.sqrt());
        if t1 < 0.0 { return None }
        let mut best: Option<Hit> = None;
        let mut stop = t1;
        if with_stones {
            for (k, s) in self.stones.iter().enumerate() {
                if let Some((t, f)) = s.enter(o, d) && t < stop {
                    stop = t;
                    best = Some(Hit { t, kind: 2, n: s.normal(f), stone: k });
                }
            }
        }
        let mut t = t0;
        for k in 1..=steps {
            let dist = self.set.piece.metal(o + d * t);
            // a ray that skims the surface runs out of steps: close enough is a hit
            if dist < 0.0015 || (k == steps && dist < 0.03) { return Some(Hit { t, kind: 1, n: self.slope(o + d * t), stone: 0 }) }
            t += dist * 0.92;
            if t > stop { break }
        }
        best
    }
    fn slope(&self, p: V) -> V {
        let h = 0.004;
        let f = |a: f32, b: f32, c: f32| V(a, b, c) * self.set.piece.metal(p + V(a, b, c) * h);
        (f(1., -1., -1.) + f(-1., -1., 1.) + f(-1., 1., -1.) + f(1., 1., 1.)).unit()
    }
    /// What a ray sees that misses the piece: cards in order, then paper or the dark room.
    pub fn surround(&self, o: V, d: V) -> V {
        let mut found: [(f32, f32, V); 16] = [(1e9, 0., V(0., 0., 0.)); 16];
        let mut m = 0;
        for q in &self.cards {
            let den = q.n.dot(d);
            let t = (q.c - o).dot(q.n) / den;
            if !(t > 0.0) { continue }
            let p = o + d * t - q.c;
            let (a, b) = ((p.dot(q.u) / q.u.dot(q.u)).abs(), (p.dot(q.v) / q.v.dot(q.v)).abs());
            if a >= 1.0 || b >= 1.0 { continue }
            let edge = smooth(1.0, 1.0 - q.soft, a) * smooth(1.0, 1.0 - q.soft, b);
            let light = if den < 0.0 { q.light * (1.0 - 0.30 * (a * a + b * b)) } else { gray(0.01) };
            let mut i = m;
            while i > 0 && found[i - 1].0 > t { found[i] = found[i - 1]; i -= 1 }
            found[i] = (t, edge, light);
            m += 1;
        }
        let (mut sum, mut left) = (V(0., 0., 0.), 1.0);
        for (_, a, l) in &found[..m] {
            sum = sum + *l * (left * a);
            left *= 1.0 - a;
            if left < 0.003 { return sum }
        }
        sum + self.room(o, d) * left
    }
    fn room(&self, o: V, d: V) -> V {
        // the sweep rises behind the set into a wall; above and in front: a dim room
        let wall = 0.34 * smooth(0.75, 0.15, d.1) * smooth(-0.15, -0.75, d.2);
        let dim = 0.05 + 0.06 * smooth(-0.2, 1.0, d.1);
        let high = self.set.paper * wall + gray(dim);
        if d.1 > -1e-3 { return high }
        let t = -o.1 / d.1;
        let p = o + d * t;
        let far = smooth(180.0, 420.0, (p.0 * p.0 + p.2 * p.2).sqrt());
        self.paper(p.0, p.2) * self.shadow(p.0, p.2) * (1.0 - far) + high * far
    }
    /// Radiance of the bare paper.
    pub fn paper(&self, x: f32, z: f32) -> V { self.set.paper * self.plate.at(x, z) }
    /// Share of the light that the piece leaves.
    pub fn shadow(&self, x: f32, z: f32) -> f32 {
        let m = smooth(0.85, 1.0, x.abs().max(z.abs()) / self.near.half);
        let w = if x.abs().max(z.abs()) > self.wide.half { 1.0 } else { self.wide.at(x, z) };
        if m >= 1.0 { w } else { mix(self.near.at(x, z), w, m) }
    }
    fn lights(&self) -> impl Iterator<Item = &Card> { self.cards.iter().filter(|c| c.light.1 > 0.5) }
    /// Direction and weight of a point of a panel, seen from the floor.
    fn ray_to(c: &Card, p: V, a: f32, b: f32) -> (V, f32) {
        let q = c.c + c.u * a + c.v * b - p;
        let r2 = q.dot(q);
        let d = q * (1.0 / r2.sqrt());
        let area = 4.0 * c.u.len() * c.v.len();
        (d, c.light.1 * (1.0 - 0.30 * (a * a + b * b)) * d.1.max(0.) * (-c.n.dot(d)).max(0.) * area / r2 / PI)
    }
    fn floor_light(&self) -> Grid {
        Grid::fill(450.0, 128, |x, z, _| {
            let direct: f32 = self.lights().map(|c| {
                (0..36).map(|k| Self::ray_to(c, V(x, 0., z), (k % 6) as f32 / 3.0 - 0.833, (k / 6) as f32 / 3.0 - 0.833).1).sum::<f32>() / 36.0
            }).sum();
            direct + 0.10
        })
    }
    fn floor_shadow(&self) -> (Grid, Grid) {
        let cell = |x: f32, z: f32, i: u32, n: usize| {
            let mut rng = Rng::new(i, n as u32);
            let p = V(x, 0.02, z);
            let (mut all, mut open) = (0.0_f32, 0.0_f32);
            let mut cast = |d: V, w: f32| {
                all += w;
                open += w * match self.hit(self.to_local(p), self.local(d), true, 48) { None => 1.0, Some(h) if h.kind == 2 => 0.55, Some(_) => 0.0 };
            };
            for k in 0..n * n {
                let (a, b) = (((k % n) as f32 + rng.unit()) / n as f32, ((k / n) as f32 + rng.unit()) / n as f32);
                for c in self.lights() {
                    let (d, w) = Self::ray_to(c, p, a * 2.0 - 1.0, b * 2.0 - 1.0);
                    cast(d, w);
                }
                let (r, f) = (a.sqrt(), b * TAU);
                cast(V(r * f.cos(), (1.0 - a).sqrt(), r * f.sin()), 0.14);
            }
            open / all
        };
        let reach = 1.15 * self.set.piece.ball().1;
        let mut near = Grid::fill(reach, 144, |x, z, i| cell(x, z, i, 5));
        let mut wide = Grid::fill(80.0, 112, |x, z, i| cell(x, z, i, 4));
        near.soften(3);
        wide.soften(2);
        (near, wide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_ray_into_the_brilliant_leaves_it_on_the_far_side() {
        let s = Stone::brilliant(V(0., 0., 0.), 1.0);
        let mut rng = Rng::new(1, 1);
        for _ in 0..10_000 {
            let from = V(rng.gauss(), rng.gauss(), rng.gauss()).unit() * 5.0;
            let to = V(rng.gauss(), rng.gauss(), rng.gauss()) * 0.2;
            let d = (to - from).unit();
            if let Some((t, i)) = s.enter(from, d) {
                assert!(s.normal(i).dot(d) < 0.0);
                let (t2, j) = s.leave(from + d * (t + 1e-4), d);
                assert!(t2 < 2.1 && s.normal(j).dot(d) > 0.0);
            }
        }
    }
    #[test]
    fn the_metal_field_never_promises_more_room_than_there_is() {
        let mut rng = Rng::new(2, 2);
        for piece in [Piece::Solitaire, Piece::Bracelet, Piece::Earrings] {
            let (c, r) = piece.ball();
            let mut worst = 0.0_f32; // how deep a step of the march can land inside metal, mm
            for _ in 0..400_000 {
                let p = c + V(rng.unit() - 0.5, rng.unit() - 0.5, rng.unit() - 0.5) * (2.0 * r);
                let a = piece.metal(p);
                let q = p + V(rng.gauss(), rng.gauss(), rng.gauss()).unit() * (a * 0.92);
                if a > 0.0 && -piece.metal(q) > worst { worst = -piece.metal(q); }
            }
            println!("{piece:?} {worst:.4}");
            assert!(worst < 0.05, "{piece:?} {worst}");
        }
    }
}
