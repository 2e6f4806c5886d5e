//! The pieces of jewellery: metal as a signed distance field, stones as polyhedra. Each lies in a
//! frame of its own, in millimetres, y along its axis.

use super::super::vectors::{V, mix, smooth};
use super::fields::{capsule, length, smin, torus};
use super::stone::Stone;
use rayon::prelude::*;
use std::f32::consts::TAU;

/// A piece of jewellery that can lie on the practice set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece {
    /// A ring with one brilliant in six prongs.
    Solitaire,
    /// A closed chain of 34 links; no stone.
    Bracelet,
    /// A pair of studs: a brilliant in four prongs inside a halo of wire.
    Earrings,
    /// A brilliant in a bezel under a bail, on a piece of fine chain.
    Pendant,
}

/// Centre line of the ring's band.
const BAND: f32 = 9.3;
/// Girdle of the solitaire above the centre of the band, and its radius.
const GIRDLE: (f32, f32) = (13.75, 3.85);
/// Half the distance between the studs.
const APART: f32 = 7.5;
/// Girdle radius of a stud.
const STUD: f32 = 3.0;
/// Girdle radius of the pendant's stone.
const DROP: f32 = 4.2;

impl Piece {
    /// Every piece.
    pub const ALL: [Piece; 4] =
        [Piece::Solitaire, Piece::Bracelet, Piece::Earrings, Piece::Pendant];

    pub(crate) fn stones(self) -> Vec<Stone> {
        match self {
            Piece::Solitaire => vec![Stone::brilliant(V(0.0, GIRDLE.0, 0.0), GIRDLE.1)],
            Piece::Bracelet => vec![],
            Piece::Earrings => {
                [-APART, APART].map(|x| Stone::brilliant(V(x, 0.0, 0.0), STUD)).into()
            }
            Piece::Pendant => vec![Stone::brilliant(V(0.0, 0.0, 0.0), DROP)],
        }
    }

    /// A ball that holds the piece.
    pub(crate) fn ball(self) -> (V, f32) {
        match self {
            Piece::Solitaire => (V(0.0, 2.6, 0.0), 13.1),
            Piece::Bracelet => (V::ZERO, 26.0),
            Piece::Earrings => (V(0.0, -1.5, 0.0), 13.2),
            Piece::Pendant => (V(0.0, -0.8, -4.6), 14.0),
        }
    }

    /// How high the origin stands when the lowest metal along `up` touches the paper.
    pub(crate) fn rest(self, up: V) -> f32 {
        let (c, r) = self.ball();
        let (n, step) = (160, r / 80.0);
        let place = |i: usize| (i as f32 - 79.5) * step;
        let lowest = (0..n * n * n).into_par_iter().map(|i| {
            let p = c + V(place(i % n), place(i / n % n), place(i / n / n));
            let d = if p.dot(up) < c.dot(up) { self.metal(p) } else { 1.0 };
            if d.abs() < step { p.dot(up) - d.max(-0.1) } else { 1e9 }
        });
        -lowest.reduce(|| 1e9, f32::min)
    }

    /// Distance to the metal; a lower bound far from it.
    pub(crate) fn metal(self, p: V) -> f32 {
        match self {
            Piece::Solitaire => solitaire(p),
            Piece::Bracelet => links(p),
            Piece::Earrings => stud(V(p.0.abs() - APART, p.1, p.2)),
            Piece::Pendant => pendant(p),
        }
    }
}

/// Prongs, rails and cup for a round stone of girdle radius `g`, its girdle at y = 0.
fn head(p: V, g: f32, prongs: f32) -> f32 {
    let rho = length(p.0, p.2);
    let sector = TAU / prongs;
    let a = p.2.atan2(p.0) + sector * 0.25;
    let a = a - sector * (a / sector).round();
    let q = V(rho * a.cos(), p.1, rho * a.sin());
    let w = 0.10 * g;
    let shoulder = (1.065 * g, -0.03 * g);
    let leg = capsule(q, (0.42 * g, -1.05 * g), shoulder, w * 0.85, w);
    let claw = capsule(q, shoulder, (0.925 * g, 0.125 * g), w, w * 0.92);
    let prong = smin(leg, claw, 0.05 * g);
    let upper = torus(rho, p.1 + 0.34 * g, 0.80 * g, 0.060 * g);
    let lower = torus(rho, p.1 + 0.98 * g, 0.44 * g, 0.085 * g);
    smin(prong, upper.min(lower), 0.09 * g)
}

/// The ring's band: domed outside, comfort fit inside, tapering to the head.
fn band(p: V) -> f32 {
    let rho = length(p.0, p.1);
    let up = 0.5 + 0.5 * p.1 / (rho + 1e-6); // 0 at the bottom, 1 under the stone
    let half = mix(1.25, 0.92, smooth(0.25, 0.95, up));
    let thick = mix(0.92, 1.10, smooth(0.3, 1.0, up));
    let r = rho - BAND;
    let dome = if r > 0.0 { 0.22 } else { 0.10 };
    let z = p.2.abs();
    let t = thick - dome * z.min(half).powi(2);
    // Edge radius; never more than the half thickness, or the field breaks at the inner edge.
    let e = 0.56;
    let (qx, qz) = (r.abs() - (t - e), z - (half - e));
    0.93 * (length(qx.max(0.0), qz.max(0.0)) + qx.max(qz).min(0.0) - e)
}

fn solitaire(p: V) -> f32 {
    let b = band(p);
    let q = V(p.0, p.1 - GIRDLE.0, p.2);
    // The ball must hold every prong, or rays land inside them.
    let far = V(q.0, q.1 + 1.2, q.2).len() - 4.8;
    if far > 0.8 {
        return b.min(far);
    }
    smin(b, head(q, GIRDLE.1, 6.0), 0.35)
}

/// One stud: head and halo in front, the post behind with a notch for the clutch.
fn stud(q: V) -> f32 {
    let rod = length(q.0, q.2);
    let notch = 0.1 * smooth(0.35, 0.1, (q.1 + 5.2).abs());
    let post = (rod - 0.42 + notch).max((q.1 + 4.2).abs() - 1.8);
    let halo = torus(rod, q.1 + 0.15, 3.75, 0.34).min(torus(rod, q.1 + 0.9, 3.2, 0.5));
    smin(smin(head(q, STUD, 4.0), post, 0.4), halo, 0.2)
}

/// A bezel with a milled rim, a loop on its rim and a tapering bail through the loop. The chain
/// would hide the bail, so the piece is shown without one, as catalogues do.
fn pendant(p: V) -> f32 {
    let rho = length(p.0, p.2);
    let wall = torus(rho, p.1 + 0.10, DROP + 0.30, 0.42);
    let cup = {
        // A cone frustum's shell under the girdle.
        let along = ((-p.1) / 3.0).clamp(0.0, 1.0);
        let r = mix(DROP + 0.28, 1.6, along);
        let off = length(rho - r, (p.1 + along * 3.0) * 0.6);
        0.62 * (off - 0.34)
    };
    let base = torus(rho, p.1 + 3.0, 1.7, 0.42);
    let bezel = smin(smin(wall, cup, 0.25), base, 0.3);
    let eye = loop_at(V(p.0, p.1 + 0.3, p.2 + DROP + 1.5), 0.95, 0.28);
    let bail = bail(V(p.0, p.1 + 0.2, p.2 + DROP + 4.6));
    smin(bezel, eye, 0.2).min(bail)
}

/// A ring of wire that stands in the plane of y and z.
fn loop_at(q: V, big: f32, wire: f32) -> f32 {
    torus(length(q.1, q.2), q.0, big, wire)
}

/// A drop-shaped band of metal, broad at the top and narrow where it holds the loop.
fn bail(q: V) -> f32 {
    let t = ((q.2 + 2.4) / 4.8).clamp(0.0, 1.0); // 0 at the top, 1 at the loop
    let (half, bow) = (mix(1.15, 0.42, t), mix(1.45, 1.0, t));
    let radial = length(q.1 / bow, q.2 / 2.5);
    let shell = (radial - 1.0).abs() * 0.9 * bow - 0.30;
    let side = q.0.abs() - half;
    0.55 * (length(shell.max(0.0), side.max(0.0)) + shell.max(side).min(0.0) - 0.12)
}

/// A chain closed to a circle: one link drawn, folded to the nearest two of N, every second one
/// turned the other way.
fn links(p: V) -> f32 {
    const N: f32 = 34.0;
    let (rho, a) = (length(p.0, p.2), p.2.atan2(p.0));
    let k = a / TAU * N;
    let link = |c: f32| {
        let x = (a - c * TAU / N) * 22.0; // arc length from the link's centre
        let (s, t) = (if c.rem_euclid(2.0) < 0.5 { 0.75_f32 } else { -0.75 }).sin_cos();
        let (u, v) = ((rho - 22.0) * t + p.1 * s, p.1 * t - (rho - 22.0) * s);
        let xs = (x.abs() - 1.35).max(0.0); // a stadium: two half circles and two bars
        length(length(xs, u) - 1.15, v) - 0.46
    };
    link(k.floor()).min(link(k.floor() + 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::super::vectors::Rng;
    use super::*;

    #[test]
    fn the_metal_field_never_promises_more_room_than_there_is() {
        let mut rng = Rng::new(2, 2);
        for piece in Piece::ALL {
            let (c, r) = piece.ball();
            let mut worst = 0.0_f32; // how deep a step of the march can land inside metal, mm
            for _ in 0..200_000 {
                let cube = V(rng.unit() - 0.5, rng.unit() - 0.5, rng.unit() - 0.5);
                let p = c + cube * (2.0 * r);
                let a = piece.metal(p);
                let q = p + V(rng.gauss(), rng.gauss(), rng.gauss()).unit() * (a * 0.92);
                if a > 0.0 {
                    worst = worst.max(-piece.metal(q));
                }
            }
            assert!(worst < 0.05, "{piece:?} {worst}");
        }
    }

    #[test]
    fn the_ball_holds_all_the_metal() {
        let mut rng = Rng::new(3, 3);
        for piece in Piece::ALL {
            let (c, r) = piece.ball();
            for _ in 0..100_000 {
                let p = c + V(rng.gauss(), rng.gauss(), rng.gauss()).unit() * (r * 1.001);
                assert!(piece.metal(p) > 0.0, "{piece:?} {p:?}");
            }
        }
    }
}
