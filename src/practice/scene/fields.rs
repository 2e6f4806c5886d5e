//! Primitives of signed distance fields (after Quilez, "Distance functions").

use super::super::vectors::{V, mix};

/// Euclidean length; `f32::hypot` guards against overflow that cannot happen here, ten times slower.
pub(crate) fn length(a: f32, b: f32) -> f32 {
    (a * a + b * b).sqrt()
}

/// The smaller of two distances with a rounded seam of width `k` (polynomial smooth minimum).
pub(crate) fn smin(a: f32, b: f32, k: f32) -> f32 {
    let h = (k - (a - b).abs()).max(0.0) / k;
    a.min(b) - h * h * k * 0.25
}

/// A round bar in the plane z = 0 from `a` to `b`, of radius `ra` to `rb`.
pub(crate) fn capsule(p: V, a: (f32, f32), b: (f32, f32), ra: f32, rb: f32) -> f32 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let along = (p.0 - a.0) * dx + (p.1 - a.1) * dy;
    let h = (along / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    let (x, y) = (p.0 - a.0 - dx * h, p.1 - a.1 - dy * h);
    V(x, y, p.2).len() - mix(ra, rb, h)
}

/// A torus from the distance to its axis and the height over its plane.
pub(crate) fn torus(rho: f32, y: f32, big: f32, small: f32) -> f32 {
    length(rho - big, y) - small
}
