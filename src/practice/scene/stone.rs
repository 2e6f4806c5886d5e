//! A cut stone: a convex polyhedron of half-spaces n·p <= w, laid out so that tests over all
//! facets vectorise.

use super::super::vectors::V;
use std::f32::consts::PI;

/// Half-spaces of one stone; unused ones hold everything.
const FACETS: usize = 96;
/// Facets that are tested side by side.
const LANES: usize = 8;

/// A stone in the piece's frame, millimetres.
pub(crate) struct Stone {
    nx: [f32; FACETS],
    ny: [f32; FACETS],
    nz: [f32; FACETS],
    w: [f32; FACETS],
    at: V,
    radius: f32,
}

/// Where a ray is inside the stone, and through which facets it comes and goes.
struct Span {
    enters: (f32, usize),
    leaves: (f32, usize),
}

impl Stone {
    /// A round brilliant with its table up and its girdle at `at`: table 57 %, crown 34.5 degrees,
    /// pavilion 40.75 degrees, star 50 %, lower halves 77 % (Tolkowsky's angles as graded today).
    pub(crate) fn brilliant(at: V, radius: f32) -> Stone {
        let mut planes = crown_and_pavilion();
        planes.extend((0..32).map(|k| (ring_point((k as f32 + 0.5) * PI / 16.0, 1.0, 0.0), 0.997)));
        Stone::from_planes(&planes, at, radius)
    }

    fn from_planes(planes: &[(V, f32)], at: V, radius: f32) -> Stone {
        let mut s = Stone {
            nx: [0.0; FACETS],
            ny: [0.0; FACETS],
            nz: [0.0; FACETS],
            w: [1e9; FACETS],
            at,
            radius,
        };
        for (i, (n, w)) in planes.iter().enumerate() {
            (s.nx[i], s.ny[i], s.nz[i], s.w[i]) = (n.0, n.1, n.2, w * radius + n.dot(at));
        }
        s
    }

    /// Outward normal of a facet.
    pub(crate) fn normal(&self, i: usize) -> V {
        V(self.nx[i], self.ny[i], self.nz[i])
    }

    /// Last entry and first exit along a ray.
    fn span(&self, o: V, d: V) -> Span {
        let (mut tn, mut tf) = ([-1e9_f32; LANES], [1e9_f32; LANES]);
        let (mut jn, mut jf) = ([0_u32; LANES], [0_u32; LANES]);
        for c in 0..FACETS / LANES {
            for l in 0..LANES {
                let i = c * LANES + l;
                let den = self.nx[i] * d.0 + self.ny[i] * d.1 + self.nz[i] * d.2;
                let t = (self.w[i] - self.nx[i] * o.0 - self.ny[i] * o.1 - self.nz[i] * o.2) / den;
                let enters = (den < -1e-7) && (t > tn[l]);
                let leaves = (den > 1e-7) && (t < tf[l]);
                tn[l] = if enters { t } else { tn[l] };
                jn[l] = if enters { i as u32 } else { jn[l] };
                tf[l] = if leaves { t } else { tf[l] };
                jf[l] = if leaves { i as u32 } else { jf[l] };
            }
        }
        let (mut a, mut b) = (0, 0);
        for l in 1..LANES {
            a = if tn[l] > tn[a] { l } else { a };
            b = if tf[l] < tf[b] { l } else { b };
        }
        Span { enters: (tn[a], jn[a] as usize), leaves: (tf[b], jf[b] as usize) }
    }

    /// Distance and facet where a ray from outside enters.
    pub(crate) fn enter(&self, o: V, d: V) -> Option<(f32, usize)> {
        let oc = self.at - o;
        let b = oc.dot(d);
        if oc.dot(oc) - b * b > self.radius * self.radius * 1.02 || b < 0.0 {
            return None;
        }
        let span = self.span(o, d);
        let (t, i) = span.enters;
        (t < span.leaves.0 && t > 1e-4).then_some((t, i))
    }

    /// Distance and facet where a ray from inside leaves.
    pub(crate) fn leave(&self, o: V, d: V) -> (f32, usize) {
        let (t, i) = self.span(o, d).leaves;
        (t.max(0.0), i)
    }
}

fn ring_point(angle: f32, r: f32, y: f32) -> V {
    V(r * angle.cos(), y, r * angle.sin())
}

/// The plane through three points, facing away from the origin.
fn facet(a: V, b: V, c: V) -> (V, f32) {
    let n = (b - a).cross(c - a).unit();
    let n = if n.dot(a) < 0.0 { -n } else { n };
    (n, n.dot(a))
}

/// The 57 facets of a brilliant of girdle radius 1, without the girdle.
fn crown_and_pavilion() -> Vec<(V, f32)> {
    let (girdle, table, star, low) = (0.025_f32, 0.57_f32, 0.763_f32, 0.23_f32);
    let (crown, pavilion) = (34.5_f32.to_radians().tan(), 40.75_f32.to_radians().tan());
    let c8 = (PI / 8.0).cos();
    let y_table = girdle + (1.0 - table) * crown;
    let y_star = girdle + (1.0 - star * c8) * crown;
    let y_low = -girdle - (1.0 - low * c8) * pavilion;
    let mut planes = vec![(V(0.0, 1.0, 0.0), y_table)];
    for k in 0..8 {
        let (f, h) = (k as f32 * PI / 4.0, PI / 8.0);
        let corner = |a: f32| ring_point(a, table, y_table);
        let tip = ring_point(f + h, star, y_star);
        let above = |a: f32| ring_point(a, 1.0, girdle);
        let below = |a: f32| ring_point(a, 1.0, -girdle);
        let deep = |a: f32| ring_point(a, low, y_low);
        planes.extend([
            facet(corner(f), tip, ring_point(f - h, star, y_star)), // bezel
            facet(corner(f), corner(f + 2.0 * h), tip),             // star
            facet(tip, above(f + h), above(f)),                     // upper halves
            facet(tip, above(f + h), above(f + 2.0 * h)),
            facet(below(f), deep(f + h), deep(f - h)), // pavilion main
            facet(below(f), below(f + h), deep(f + h)), // lower halves
            facet(below(f + 2.0 * h), below(f + h), deep(f + h)),
        ]);
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::super::super::vectors::Rng;
    use super::*;

    #[test]
    fn a_ray_into_the_brilliant_leaves_it_on_the_far_side() {
        let s = Stone::brilliant(V::ZERO, 1.0);
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
}
