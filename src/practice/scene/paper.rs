//! The paper sweep as small tables over millimetres: the light on it by group, and what the piece
//! leaves of that light. From these the empty set and the shadow follow at any size.

use super::super::vectors::{Rng, V, mix, smooth};
use super::lights::{GROUPS, Group, Panel};
use rayon::prelude::*;
use std::f32::consts::TAU;

/// One table for every group.
pub(crate) type Grouped = [Grid; GROUPS];

/// Values over a square of the paper with the piece in its middle.
#[derive(Clone)]
pub(crate) struct Grid {
    half: f32,
    n: usize,
    v: Vec<f32>,
}

impl Grid {
    fn at(&self, x: f32, z: f32) -> f32 {
        let s = (self.n - 1) as f32 / (2.0 * self.half);
        let most = (self.n - 1) as f32 - 1e-3;
        let (a, b) =
            (((x + self.half) * s).clamp(0.0, most), ((z + self.half) * s).clamp(0.0, most));
        let (i, j) = (a as usize, b as usize);
        let (fa, fb) = (a - i as f32, b - j as f32);
        let r = &self.v[j * self.n + i..];
        mix(mix(r[0], r[1], fa), mix(r[self.n], r[self.n + 1], fa), fb)
    }

    /// Fills one grid a group; `f` gets the place and a number for its noise.
    fn fill(half: f32, n: usize, f: impl Fn(f32, f32, u32) -> [f32; GROUPS] + Sync) -> Grouped {
        let s = 2.0 * half / (n - 1) as f32;
        let cells: Vec<[f32; GROUPS]> = (0..n * n)
            .into_par_iter()
            .map(|i| f((i % n) as f32 * s - half, (i / n) as f32 * s - half, i as u32))
            .collect();
        std::array::from_fn(|g| Grid { half, n, v: cells.iter().map(|c| c[g]).collect() })
    }

    /// Binomial smoothing that takes the sampling noise off.
    fn soften(&mut self, times: usize) {
        let n = self.n;
        for _ in 0..times {
            let s = self.v.clone();
            for j in 1..n - 1 {
                for k in j * n + 1..(j + 1) * n - 1 {
                    let row = |k: usize| s[k - 1] + 2.0 * s[k] + s[k + 1];
                    self.v[k] = (row(k - n) + 2.0 * row(k) + row(k + n)) / 16.0;
                }
            }
        }
    }
}

/// How finely the tables are sampled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sampling {
    /// Cells along a side of the table near the piece and of the wide one.
    pub(crate) cells: (usize, usize),
    /// Rays to a light are this number squared, near the piece.
    pub(crate) rays: usize,
}

impl Sampling {
    /// For a first look and for tests.
    pub(crate) const COARSE: Sampling = Sampling { cells: (88, 56), rays: 4 };
    /// For stills.
    pub(crate) const FINE: Sampling = Sampling { cells: (144, 112), rays: 5 };
}

/// Half the side of the table of light, and of the wide table of shadow, millimetres.
const LIT: f32 = 450.0;
const WIDE: f32 = 80.0;
/// Light from the room on the paper.
const AMBIENT: f32 = 0.10;
/// What of a light passes a stone: it is clear, but spreads the light.
const THROUGH_STONE: f32 = 0.55;

/// What stands in a ray's way to a light.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocked {
    Open,
    ByStone,
    ByMetal,
}

/// Light and shadow on the paper.
pub(crate) struct Sweep {
    light: Grouped,
    near: Grouped,
    wide: Grouped,
}

impl Sweep {
    /// Measures light and shadow; `blocked` looks from a point into a direction, in the world, and
    /// `reach` is the radius of the ball that holds the piece.
    pub(crate) fn lay(
        panels: &[Panel],
        reach: f32,
        sampling: Sampling,
        blocked: impl Fn(V, V) -> Blocked + Sync,
    ) -> Sweep {
        let open =
            |x: f32, z: f32, i: u32, n: usize| openness(panels, V(x, 0.02, z), i, n, &blocked);
        let (near, wide) = sampling.cells;
        let rays = sampling.rays;
        let mut near = Grid::fill(1.15 * reach, near, |x, z, i| open(x, z, i, rays));
        let mut wide = Grid::fill(WIDE, wide, |x, z, i| open(x, z, i, rays - 1));
        near.iter_mut().for_each(|g| g.soften(3));
        wide.iter_mut().for_each(|g| g.soften(2));
        Sweep { light: floor_light(panels), near, wide }
    }

    /// Light on the bare paper by group; a paper of reflectance 1 shows this radiance.
    pub(crate) fn light(&self, x: f32, z: f32) -> [f32; GROUPS] {
        std::array::from_fn(|g| self.light[g].at(x, z))
    }

    /// Share of each group's light that the piece leaves.
    pub(crate) fn shadow(&self, x: f32, z: f32) -> [f32; GROUPS] {
        let far = x.abs().max(z.abs());
        let m = smooth(0.85, 1.0, far / self.near[0].half);
        std::array::from_fn(|g| {
            let wide = if far > WIDE { 1.0 } else { self.wide[g].at(x, z) };
            if m >= 1.0 { wide } else { mix(self.near[g].at(x, z), wide, m) }
        })
    }
}

fn floor_light(panels: &[Panel]) -> Grouped {
    const SIDE: usize = 6;
    let middle = |k: usize| (k as f32 + 0.5) / SIDE as f32 * 2.0 - 1.0;
    Grid::fill(LIT, 128, |x, z, _| {
        let mut light = [0.0; GROUPS];
        light[Group::Top as usize] = AMBIENT;
        for panel in panels.iter().filter(|p| p.shines()) {
            let points = (0..SIDE * SIDE)
                .map(|k| panel.ray_to(V(x, 0.0, z), middle(k % SIDE), middle(k / SIDE)).1);
            light[panel.group() as usize] += points.sum::<f32>() / (SIDE * SIDE) as f32;
        }
        light
    })
}

/// Share of each group's light that reaches a point of the paper: `n` x `n` rays to every light,
/// and as many into the room.
fn openness(
    panels: &[Panel],
    p: V,
    seed: u32,
    n: usize,
    blocked: &impl Fn(V, V) -> Blocked,
) -> [f32; GROUPS] {
    let mut rng = Rng::new(seed, n as u32);
    let (mut all, mut open) = ([0.0_f32; GROUPS], [0.0_f32; GROUPS]);
    let mut cast = |group: Group, d: V, weight: f32| {
        all[group as usize] += weight;
        open[group as usize] += weight
            * match blocked(p, d) {
                Blocked::Open => 1.0,
                Blocked::ByStone => THROUGH_STONE,
                Blocked::ByMetal => 0.0,
            };
    };
    for k in 0..n * n {
        let a = ((k % n) as f32 + rng.unit()) / n as f32;
        let b = ((k / n) as f32 + rng.unit()) / n as f32;
        for panel in panels.iter().filter(|p| p.shines()) {
            let (d, weight) = panel.ray_to(p, a * 2.0 - 1.0, b * 2.0 - 1.0);
            cast(panel.group(), d, weight);
        }
        // The room: cosine-weighted directions (Malley's method).
        let (r, f) = (a.sqrt(), b * TAU);
        cast(Group::Top, V(r * f.cos(), (1.0 - a).sqrt(), r * f.sin()), 0.14);
    }
    std::array::from_fn(|g| if all[g] > 0.0 { open[g] / all[g] } else { 1.0 })
}
