//! Triangles with normals: what every piece is made of, and how they are drawn.

use crate::random::Random;
use std::f32::consts::TAU;

pub(crate) type V3 = [f32; 3];

pub(crate) fn add(a: V3, b: V3) -> V3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(crate) fn sub(a: V3, b: V3) -> V3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn scale(a: V3, k: f32) -> V3 {
    a.map(|v| v * k)
}

pub(crate) fn dot(a: V3, b: V3) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: V3, b: V3) -> V3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(crate) fn unit(a: V3) -> V3 {
    scale(a, 1.0 / dot(a, a).sqrt().max(1e-9))
}

/// Rows are the new axes: `turn(m, v)` is `v` seen along them.
pub(crate) fn turn(m: &[V3; 3], v: V3) -> V3 {
    m.map(|axis| dot(axis, v))
}

/// A triangle: three points with their normals, what it is made of, and a number that facets differ by.
#[derive(Clone, Copy)]
pub(crate) struct Triangle {
    pub(crate) at: [V3; 3],
    pub(crate) normal: [V3; 3],
    /// Index of the piece's material.
    pub(crate) material: u8,
    pub(crate) facet: u32,
}

/// A piece in a frame of its own: about one unit large, y up, lying in the plane of x and z.
#[derive(Default)]
pub(crate) struct Mesh {
    pub(crate) triangles: Vec<Triangle>,
}

impl Mesh {
    fn quad(&mut self, at: [V3; 4], normal: [V3; 4], material: u8) {
        for k in [[0, 1, 2], [0, 2, 3]] {
            self.triangles.push(Triangle {
                at: k.map(|i| at[i]),
                normal: k.map(|i| normal[i]),
                material,
                facet: 0,
            });
        }
    }

    /// A tube along a curve. `up` is what its cross-section's second axis leans to; the section is a
    /// superellipse of half axes `half` (across the curve beside `up`, along `up`): exponent 2 is round, more is
    /// flatter. `grow` scales the section along the curve, 0 to 1.
    pub(crate) fn tube(
        &mut self,
        curve: &[V3],
        closed: bool,
        up: V3,
        half: (f32, f32),
        exponent: f32,
        material: u8,
        grow: &dyn Fn(f32) -> f32,
    ) {
        let n = curve.len();
        let sides = if half.0.max(half.1) > 0.03 { 20 } else { 10 };
        let mut rings = Vec::with_capacity(n);
        for i in 0..n {
            let next = if closed { curve[(i + 1) % n] } else { curve[(i + 1).min(n - 1)] };
            let back = if closed { curve[(i + n - 1) % n] } else { curve[i.saturating_sub(1)] };
            let along = unit(sub(next, back));
            let across = unit(cross(along, up));
            let lift = cross(across, along);
            let k = grow(i as f32 / n as f32);
            let ring: Vec<(V3, V3)> = (0..sides)
                .map(|s| {
                    let a = s as f32 / sides as f32 * TAU;
                    let (sin, cos) = a.sin_cos();
                    let power = |v: f32| v.abs().powf(2.0 / exponent).copysign(v);
                    let slope = |v: f32| v.abs().powf(2.0 - 2.0 / exponent).copysign(v);
                    let (u, v) = (power(cos) * half.0 * k, power(sin) * half.1 * k);
                    let normal = unit(add(
                        scale(across, slope(cos) / half.0),
                        scale(lift, slope(sin) / half.1),
                    ));
                    (add(curve[i], add(scale(across, u), scale(lift, v))), normal)
                })
                .collect();
            rings.push(ring);
        }
        for i in 0..if closed { n } else { n - 1 } {
            let (a, b) = (&rings[i], &rings[(i + 1) % n]);
            for s in 0..sides {
                let t = (s + 1) % sides;
                let corners = [a[s], a[t], b[t], b[s]];
                self.quad(corners.map(|c| c.0), corners.map(|c| c.1), material);
            }
        }
        if !closed {
            self.ball(curve[0], scale([half.0, half.1.min(half.0), half.0], grow(0.0)), material);
            self.ball(
                curve[n - 1],
                scale([half.0, half.1.min(half.0), half.0], grow(1.0)),
                material,
            );
        }
    }

    /// An ellipsoid along the axes.
    pub(crate) fn ball(&mut self, at: V3, half: V3, material: u8) {
        let (rows, columns) = if half[0] > 0.04 { (18, 32) } else { (8, 12) };
        let point = |i: usize, j: usize| {
            let (a, b) = (i as f32 / rows as f32 * TAU / 2.0, j as f32 / columns as f32 * TAU);
            let d = [a.sin() * b.cos(), a.cos(), a.sin() * b.sin()];
            let n = unit([d[0] / half[0], d[1] / half[1], d[2] / half[2]]);
            (add(at, [d[0] * half[0], d[1] * half[1], d[2] * half[2]]), n)
        };
        for i in 0..rows {
            for j in 0..columns {
                let c = [point(i, j), point(i, j + 1), point(i + 1, j + 1), point(i + 1, j)];
                self.quad(c.map(|c| c.0), c.map(|c| c.1), material);
            }
        }
    }

    /// A cut stone: table and crown over a girdle at `at`, the table towards `axis`. Its outline is a circle, an
    /// oval, or has `corners`.
    pub(crate) fn stone(
        &mut self,
        at: V3,
        axis: V3,
        half: (f32, f32),
        corners: usize,
        material: u8,
        random: &mut Random,
    ) {
        let axis = unit(axis);
        let side = if axis[1].abs() < 0.9 { [0.0, 1.0, 0.0] } else { [1.0, 0.0, 0.0] };
        let u = unit(cross(axis, side));
        let v = cross(axis, u);
        let n = if corners > 0 { corners } else { 16 };
        let place = |a: f32, k: f32, h: f32| {
            let p = add(scale(u, a.cos() * half.0 * k), scale(v, a.sin() * half.1 * k));
            add(at, add(p, scale(axis, h * half.0)))
        };
        let first = random.unit();
        let angle = |i: f32| (i + first) / n as f32 * TAU;
        let (crown, table) = (random.within(0.2, 0.4), random.within(0.45, 0.65));
        let mut facet = |corners: [V3; 3], this: &mut Self| {
            let normal = unit(cross(sub(corners[1], corners[0]), sub(corners[2], corners[0])));
            let normal = if dot(normal, axis) < 0.0 { scale(normal, -1.0) } else { normal };
            let facet = (random.unit() * 1e6) as u32 + 1;
            this.triangles.push(Triangle { at: corners, normal: [normal; 3], material, facet });
        };
        for i in 0..n {
            let (a, b, c) = (angle(i as f32), angle(i as f32 + 0.5), angle(i as f32 + 1.0));
            let (lo, hi, mid) =
                (place(a, 1.0, 0.0), place(c, 1.0, 0.0), place(b, 0.82, crown * 0.6));
            let (t0, t1) = (place(a, table, crown), place(c, table, crown));
            facet([lo, hi, mid], self);
            facet([lo, mid, t0], self);
            facet([hi, t1, mid], self);
            facet([t0, mid, t1], self);
            // Under the table the pavilion shows through as a star.
            let centre = place(0.0, 0.0, crown);
            let half_way = place(b, table * 0.55, crown);
            facet([t0, t1, half_way], self);
            facet([t0, half_way, centre], self);
            facet([half_way, t1, centre], self);
            // The pavilion, seen from the side.
            facet([lo, hi, place(0.0, 0.0, -0.85)], self);
        }
    }

    /// A flat disk with a bevelled rim, its face towards y.
    pub(crate) fn disk(&mut self, at: V3, half: (f32, f32), height: f32, bevel: f32, material: u8) {
        let n = 64;
        let point = |i: usize, k: f32, h: f32| {
            let a = i as f32 / n as f32 * TAU;
            add(at, [a.cos() * half.0 * k, h, a.sin() * half.1 * k])
        };
        let out = |i: usize| {
            let a = i as f32 / n as f32 * TAU;
            [a.cos(), 0.0, a.sin()]
        };
        let (up, down) = ([0.0, 1.0, 0.0], [0.0, -1.0, 0.0]);
        for i in 0..n {
            let j = i + 1;
            let (face, rim) = (1.0 - bevel, 1.0);
            for (h, normal) in [(height, up), (-height, down)] {
                let c = add(at, [0.0, h, 0.0]);
                self.triangles.push(Triangle {
                    at: [c, point(i, face, h), point(j, face, h)],
                    normal: [normal; 3],
                    material,
                    facet: 0,
                });
                let low = h * 0.5;
                let tilt = |i: usize| unit(add(out(i), normal));
                self.quad(
                    [point(i, face, h), point(j, face, h), point(j, rim, low), point(i, rim, low)],
                    [tilt(i), tilt(j), tilt(j), tilt(i)],
                    material,
                );
            }
            self.quad(
                [
                    point(i, rim, height * 0.5),
                    point(j, rim, height * 0.5),
                    point(j, rim, -height * 0.5),
                    point(i, rim, -height * 0.5),
                ],
                [out(i), out(j), out(j), out(i)],
                material,
            );
        }
    }

    /// Changes every point and turns every normal.
    pub(crate) fn map(&mut self, point: impl Fn(V3) -> V3, normal: impl Fn(V3) -> V3) {
        for t in &mut self.triangles {
            t.at = t.at.map(&point);
            t.normal = t.normal.map(&normal);
        }
    }
}

/// Points along a circle or ellipse in the plane of x and z.
pub(crate) fn ellipse(at: V3, a: f32, b: f32, n: usize) -> Vec<V3> {
    let point = |i: usize| {
        let (s, c) = (i as f32 / n as f32 * TAU).sin_cos();
        add(at, [a * c, 0.0, b * s])
    };
    (0..n).map(point).collect()
}

/// Calls `f` with every pixel whose middle a triangle covers and the weights of its corners there.
pub(crate) fn cover(
    p: [[f32; 2]; 3],
    (w, h): (usize, usize),
    mut f: impl FnMut(usize, usize, [f32; 3]),
) {
    let area =
        (p[1][0] - p[0][0]) * (p[2][1] - p[0][1]) - (p[1][1] - p[0][1]) * (p[2][0] - p[0][0]);
    if area.abs() < 1e-9 || !area.is_finite() {
        return;
    }
    let lo = |i: usize| p[0][i].min(p[1][i]).min(p[2][i]);
    let hi = |i: usize| p[0][i].max(p[1][i]).max(p[2][i]);
    let span = |i: usize, n: usize| {
        (lo(i) - 0.5).ceil().max(0.0) as usize..((hi(i) + 0.5).floor().max(0.0) as usize).min(n)
    };
    let inverse = 1.0 / area;
    for y in span(1, h) {
        for x in span(0, w) {
            let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
            let edge = |a: [f32; 2], b: [f32; 2]| {
                ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) * inverse
            };
            let k = [edge(p[1], p[2]), edge(p[2], p[0]), edge(p[0], p[1])];
            if k.iter().all(|&v| v >= 0.0) {
                f(x, y, k);
            }
        }
    }
}
