//! The set: a piece of jewellery on a paper sweep, among soft boxes and cards, seen by a camera.
//!
//! Millimetres; y is up; the camera looks from +z. The piece has a frame of its own, in which rays
//! are marched.

mod fields;
mod lights;
mod paper;
mod piece;
mod stone;

pub use piece::Piece;

pub(crate) use lights::{GROUPS, Glow};
pub(crate) use paper::{Blocked, Sampling};
pub(crate) use stone::Stone;

use super::vectors::{V, gray, smooth};
use lights::{Group, Panel};
use paper::Sweep;

/// How the piece lies, what it is made of, what it lies on, and from where it is seen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setup {
    pub(crate) piece: Piece,
    /// Turn about the vertical, then lean toward the camera, degrees.
    pub(crate) yaw: f32,
    pub(crate) lean: f32,
    /// Reflectance of the metal at normal incidence, linear sRGB.
    pub(crate) metal: V,
    /// Reflectance of the paper, linear sRGB.
    pub(crate) paper: V,
    /// How much the paper mirrors, 0 to 1.
    pub(crate) gloss: f32,
    /// Roughness of the metal: spread of its normals, radians.
    pub(crate) rough: f32,
    /// Height of the camera over the paper, degrees.
    pub(crate) elevation: f32,
    /// Width of the frame at the piece, millimetres.
    pub(crate) frame_mm: f32,
}

/// What a ray hits first.
pub(crate) struct Hit {
    pub(crate) t: f32,
    pub(crate) normal: V,
    pub(crate) what: Surface,
}

/// Metal, or a stone by its number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    Metal,
    Stone(usize),
}

/// Where the camera stands and how it is turned.
pub(crate) struct View {
    pub(crate) eye: V,
    pub(crate) forward: V,
    pub(crate) right: V,
    pub(crate) up: V,
    /// Focal length in half frame widths.
    pub(crate) focal: f32,
}

/// Distance from the camera to the middle of the piece.
const CAMERA_MM: f32 = 380.0;

impl View {
    /// Aimed at the piece, whose ball has its middle at `middle`.
    fn of(setup: &Setup, middle: V) -> View {
        let look = match setup.piece {
            Piece::Solitaire => V(0.0, 11.2, 0.0),
            Piece::Bracelet | Piece::Earrings => V(0.0, 2.0, 0.0),
            Piece::Pendant => middle,
        };
        let e = setup.elevation.to_radians();
        let back = V(0.0, e.sin(), e.cos());
        let (forward, right) = (-back, V(1.0, 0.0, 0.0));
        View {
            eye: look + back * CAMERA_MM,
            forward,
            right,
            up: right.cross(forward),
            focal: CAMERA_MM / (setup.frame_mm * 0.5),
        }
    }

    /// Direction through a point of a frame of `w` x `h` pixels.
    pub(crate) fn ray(&self, w: usize, h: usize, x: f32, y: f32) -> V {
        let s = 2.0 / w as f32;
        let across = self.right * ((x - w as f32 * 0.5) * s);
        let along = self.up * ((h as f32 * 0.5 - y) * s);
        (across + along + self.forward * self.focal).unit()
    }

    /// Where a point of the world falls in a frame of `w` x `h` pixels, and its distance along the
    /// axis in millimetres.
    pub(crate) fn project(&self, w: usize, h: usize, p: V) -> (f32, f32, f32) {
        let q = p - self.eye;
        let z = q.dot(self.forward);
        let k = self.focal / z * w as f32 * 0.5;
        (w as f32 * 0.5 + q.dot(self.right) * k, h as f32 * 0.5 - q.dot(self.up) * k, z)
    }

    /// Distance along the axis to a point.
    pub(crate) fn depth(&self, p: V) -> f32 {
        (p - self.eye).dot(self.forward)
    }
}

/// The set as it stands.
pub(crate) struct Stage {
    pub(crate) setup: Setup,
    pub(crate) view: View,
    pub(crate) stones: Vec<Stone>,
    panels: Vec<Panel>,
    /// The piece's axes in the world, and its origin.
    axes: [V; 3],
    at: V,
    sweep: Option<Sweep>,
}

impl Stage {
    /// Lays the piece down and measures the light on the paper.
    pub(crate) fn new(setup: Setup, sampling: Sampling) -> Stage {
        let axes = axes(&setup);
        let up = V(axes[0].1, axes[1].1, axes[2].1);
        let at = V(0.0, setup.piece.rest(up), 0.0);
        let c = setup.piece.ball().0;
        let middle = at + axes[0] * c.0 + axes[1] * c.1 + axes[2] * c.2;
        let view = View::of(&setup, middle);
        let mut stage = Stage {
            stones: setup.piece.stones(),
            panels: lights::studio(view.eye, -view.forward),
            axes,
            at,
            sweep: None,
            view,
            setup,
        };
        let reach = stage.setup.piece.ball().1;
        let sweep = Sweep::lay(&stage.panels, reach, sampling, |p, d| stage.blocked(p, d));
        stage.sweep = Some(sweep);
        stage
    }

    /// A direction of the world in the piece's frame.
    pub(crate) fn local(&self, v: V) -> V {
        V(v.dot(self.axes[0]), v.dot(self.axes[1]), v.dot(self.axes[2]))
    }

    /// A direction of the piece in the world.
    pub(crate) fn world(&self, v: V) -> V {
        self.axes[0] * v.0 + self.axes[1] * v.1 + self.axes[2] * v.2
    }

    pub(crate) fn to_local(&self, p: V) -> V {
        self.local(p - self.at)
    }

    pub(crate) fn to_world(&self, p: V) -> V {
        self.world(p) + self.at
    }

    /// Centre and radius of a ball that holds the piece, in the world.
    pub(crate) fn ball(&self) -> (V, f32) {
        let (c, r) = self.setup.piece.ball();
        (self.to_world(c), r)
    }

    fn blocked(&self, p: V, d: V) -> Blocked {
        match self.hit(self.to_local(p), self.local(d), true, 48).map(|h| h.what) {
            None => Blocked::Open,
            Some(Surface::Stone(_)) => Blocked::ByStone,
            Some(Surface::Metal) => Blocked::ByMetal,
        }
    }

    /// First surface of the piece along a ray in the piece's own frame, in at most `steps` steps.
    pub(crate) fn hit(&self, o: V, d: V, with_stones: bool, steps: usize) -> Option<Hit> {
        let (start, end) = through_ball(self.setup.piece.ball(), o, d)?;
        let stone = if with_stones { self.nearest_stone(o, d, end) } else { None };
        let end = stone.as_ref().map_or(end, |h| h.t);
        let mut t = start;
        for k in 1..=steps {
            let distance = self.setup.piece.metal(o + d * t);
            // A ray that skims the surface runs out of steps: close enough is a hit.
            if distance < 0.0015 || (k == steps && distance < 0.03) {
                return Some(Hit { t, normal: self.slope(o + d * t), what: Surface::Metal });
            }
            t += distance * 0.92;
            if t > end {
                break;
            }
        }
        stone
    }

    fn nearest_stone(&self, o: V, d: V, end: f32) -> Option<Hit> {
        let entries = self.stones.iter().enumerate().filter_map(|(k, s)| {
            let (t, facet) = s.enter(o, d)?;
            Some(Hit { t, normal: s.normal(facet), what: Surface::Stone(k) })
        });
        entries.filter(|h| h.t < end).min_by(|a, b| a.t.total_cmp(&b.t))
    }

    /// Normal of the metal, by differences over a tetrahedron.
    fn slope(&self, p: V) -> V {
        let f = |v: V| v * self.setup.piece.metal(p + v * 0.004);
        (f(V(1.0, -1.0, -1.0))
            + f(V(-1.0, -1.0, 1.0))
            + f(V(-1.0, 1.0, -1.0))
            + f(V(1.0, 1.0, 1.0)))
        .unit()
    }

    /// What a ray of the world sees that misses the piece: panels, then paper or the dark room.
    pub(crate) fn surround(&self, o: V, d: V) -> Glow {
        let (mut glow, left) = lights::through(&self.panels, o, d);
        if left > 0.0 {
            glow += self.room(o, d) * left;
        }
        glow
    }

    /// The sweep rises behind the set into a wall; above and in front is a dim room.
    fn room(&self, o: V, d: V) -> Glow {
        let wall = 0.34 * smooth(0.75, 0.15, d.1) * smooth(-0.15, -0.75, d.2);
        let dim = 0.05 + 0.06 * smooth(-0.2, 1.0, d.1);
        let mut high = Glow::of(Group::Top, gray(dim));
        for (glow, share) in high.0.iter_mut().zip(WALL_LIT_BY) {
            *glow += self.setup.paper * (wall * share);
        }
        if d.1 > -1e-3 {
            return high;
        }
        let p = o + d * (-o.1 / d.1);
        let far = smooth(180.0, 420.0, V(p.0, 0.0, p.2).len());
        let (light, shadow) = (self.paper_light(p.0, p.2), self.shadow(p.0, p.2));
        let near = Glow(std::array::from_fn(|g| self.setup.paper * (light[g] * shadow[g])));
        let mut glow = near * (1.0 - far);
        glow += high * far;
        glow
    }

    /// Light on the bare paper by group; times the paper's reflectance it is radiance.
    pub(crate) fn paper_light(&self, x: f32, z: f32) -> [f32; GROUPS] {
        self.sweep.as_ref().map_or([0.5; GROUPS], |s| s.light(x, z))
    }

    /// Share of each group's light on the paper that the piece leaves.
    pub(crate) fn shadow(&self, x: f32, z: f32) -> [f32; GROUPS] {
        self.sweep.as_ref().map_or([1.0; GROUPS], |s| s.shadow(x, z))
    }
}

/// Which lights the wall behind the set gets its light from; adds up to 1.
const WALL_LIT_BY: [f32; GROUPS] = [0.45, 0.20, 0.35];

/// The piece's axes in the world: leaning about x first, then turned about the vertical.
fn axes(setup: &Setup) -> [V; 3] {
    let (sy, cy) = setup.yaw.to_radians().sin_cos();
    let (sl, cl) = setup.lean.to_radians().sin_cos();
    let turn = |v: V| V(cy * v.0 + sy * v.2, v.1, -sy * v.0 + cy * v.2);
    let tip = |v: V| V(v.0, cl * v.1 - sl * v.2, sl * v.1 + cl * v.2);
    [V(1.0, 0.0, 0.0), V(0.0, 1.0, 0.0), V(0.0, 0.0, 1.0)].map(|v| turn(tip(v)))
}

/// Where a ray enters and leaves a ball.
fn through_ball((c, r): (V, f32), o: V, d: V) -> Option<(f32, f32)> {
    let oc = o - c;
    let b = oc.dot(d);
    let disc = b * b - oc.dot(oc) + r * r;
    if disc < 0.0 {
        return None;
    }
    let (start, end) = ((-b - disc.sqrt()).max(0.0), -b + disc.sqrt());
    (end >= 0.0).then_some((start, end))
}
