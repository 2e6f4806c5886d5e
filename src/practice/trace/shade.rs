//! The light that comes back along a ray from metal and stone.

use super::super::scene::{Glow, Hit, Stage, Surface};
use super::super::vectors::{Rng, V, gray};

/// Bounces between parts of the piece after which a ray looks past it.
const METAL_BOUNCES: u32 = 3;
/// Reflections inside a stone: seen by the eye, and seen in metal.
const INNER: (usize, usize) = (9, 4);
/// Refractive index of diamond for red, green and blue (Peter 1923, at 656, 589 and 486 nm).
const DIAMOND: [f32; 3] = [2.405, 2.418, 2.447];
/// What a stone keeps of the light at each inner reflection.
const CLARITY: f32 = 0.985;

/// What one ray of the camera found.
pub(crate) struct Dot {
    pub(crate) glow: Glow,
    /// Millimetres from the eye along the axis.
    pub(crate) depth: f32,
    pub(crate) stone: bool,
}

/// Unpolarised Fresnel reflectance; `eta` is n1/n2.
fn fresnel(cos_i: f32, eta: f32) -> f32 {
    let s2 = eta * eta * (1.0 - cos_i * cos_i);
    if s2 >= 1.0 {
        return 1.0;
    }
    let ct = (1.0 - s2).sqrt();
    let a = (eta * cos_i - ct) / (eta * cos_i + ct);
    let b = (cos_i - eta * ct) / (cos_i + eta * ct);
    0.5 * (a * a + b * b)
}

/// Light of an average direction, for what a chain of reflections was cut off from.
fn lost() -> Glow {
    Glow([gray(0.11), gray(0.05), gray(0.09)])
}

impl Stage {
    /// Follows a ray of the world; none where it misses the piece.
    pub(crate) fn look(&self, o: V, d: V, rng: &mut Rng) -> Option<Dot> {
        let (lo, ld) = (self.to_local(o), self.local(d));
        let hit = self.hit(lo, ld, true, 90)?;
        let p = lo + ld * hit.t;
        let glow = match hit.what {
            Surface::Metal => self.metal(p, hit.normal, ld, 0, rng),
            Surface::Stone(_) => self.stone(p, ld, &hit, 0, rng),
        };
        let depth = self.view.depth(self.to_world(p));
        Some(Dot { glow, depth, stone: hit.what != Surface::Metal })
    }

    /// Radiance from the metal at `p` toward -d, in the piece's frame.
    fn metal(&self, p: V, n: V, d: V, depth: u32, rng: &mut Rng) -> Glow {
        let (u, v) = n.frame();
        // Polish: a little roughness, and a slow waviness that keeps highlights from being perfect.
        let wave = 0.006
            * ((p.dot(V(1.0, 0.7, 0.4)) * 3.1).sin()
                + (p.dot(V(-0.5, 1.0, 0.8)) * 5.3).sin() * 0.6);
        let rough = self.setup.rough;
        let tilt = u * (rng.gauss() * rough + wave) + v * (rng.gauss() * rough - wave);
        let facet = (n + tilt).unit();
        let mirrored = d.reflect(facet);
        let r = if mirrored.dot(n) < 0.02 { d.reflect(n) } else { mirrored };
        self.see(p + n * 0.01, r, depth + 1, rng) * self.schlick(-d.dot(facet))
    }

    /// Reflectance of the metal (Schlick 1994).
    fn schlick(&self, cos: f32) -> V {
        let f0 = self.setup.metal;
        f0 + (gray(1.0) - f0) * (1.0 - cos.clamp(0.0, 1.0)).powi(5)
    }

    /// Light that arrives at a point of the piece against direction d.
    fn see(&self, o: V, d: V, depth: u32, rng: &mut Rng) -> Glow {
        let steps = if depth == 1 { 56 } else { 36 };
        let hit = if depth <= METAL_BOUNCES { self.hit(o, d, true, steps) } else { None };
        let Some(hit) = hit else { return self.past(o, d) };
        let p = o + d * hit.t;
        match hit.what {
            Surface::Metal if depth < METAL_BOUNCES => self.metal(p, hit.normal, d, depth, rng),
            Surface::Metal => self.past(p, d.reflect(hit.normal)) * self.setup.metal,
            Surface::Stone(_) => self.stone(p, d, &hit, depth, rng),
        }
    }

    /// What is behind the piece, from a point of its frame.
    fn past(&self, o: V, d: V) -> Glow {
        self.surround(self.to_world(o), self.world(d))
    }

    /// A ray into a stone: the outer reflection, and one chain of inner reflections for each of
    /// three wavelengths. Seen in metal, one chain stands for all three.
    fn stone(&self, p: V, d: V, hit: &Hit, depth: u32, rng: &mut Rng) -> Glow {
        let Surface::Stone(which) = hit.what else { return Glow::default() };
        let outer = fresnel(-d.dot(hit.normal), 1.0 / DIAMOND[1]);
        let mut sum = self.past(p, d.reflect(hit.normal)) * outer;
        let fire = depth == 0;
        if !fire {
            sum += self.inside(which, p, d, hit.normal, DIAMOND[1], depth, rng) * (1.0 - outer);
            return sum;
        }
        for (channel, index) in DIAMOND.into_iter().enumerate() {
            let got = self.inside(which, p, d, hit.normal, index, depth, rng) * (1.0 - outer);
            sum.add_channel(&got, channel);
        }
        sum
    }

    /// The chain of reflections inside a stone; every bounce leaks what is not reflected.
    fn inside(
        &self,
        which: usize,
        p: V,
        d: V,
        n: V,
        index: f32,
        depth: u32,
        rng: &mut Rng,
    ) -> Glow {
        let mut got = Glow::default();
        let Some(mut dir) = d.refract(n, 1.0 / index) else { return got };
        let stone = &self.stones[which];
        let (mut at, mut left) = (p, 1.0_f32);
        for _ in 0..if depth == 0 { INNER.0 } else { INNER.1 } {
            let (t, facet) = stone.leave(at, dir);
            at += dir * t;
            let n = stone.normal(facet);
            let reflected = fresnel(dir.dot(n).clamp(0.0, 1.0), index);
            if reflected < 1.0
                && let Some(out) = dir.refract(-n, index)
            {
                let leak = self.leak(at + n * 0.01, out.unit(), depth, rng);
                got += leak * (left * (1.0 - reflected));
                left *= reflected;
            }
            if left < 0.03 {
                break;
            }
            left *= CLARITY;
            dir = dir.reflect(n).unit();
            at += n * -1e-4;
        }
        got += lost() * left;
        got
    }

    /// Light that a stone takes in from outside through a facet.
    fn leak(&self, o: V, d: V, depth: u32, rng: &mut Rng) -> Glow {
        if depth < 2
            && let Some(hit) = self.hit(o, d, false, 28)
        {
            return self.metal(o + d * hit.t, hit.normal, d, 2, rng);
        }
        self.past(o, d)
    }
}
