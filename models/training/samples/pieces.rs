//! Pieces of jewellery at random: rings, bangles, chains, hoops, studs, pearls, filigree, pendants, plates.

use crate::mesh::{Mesh, V3, add, cross, ellipse, scale, sub, unit};
use crate::random::Random;
use std::f32::consts::TAU;

/// Materials by their index in a piece: metal, stone, and a second of each.
pub(crate) const METAL: u8 = 0;
pub(crate) const STONE: u8 = 1;
pub(crate) const BODY: u8 = 2;
pub(crate) const ACCENT: u8 = 3;

const UP: V3 = [0.0, 1.0, 0.0];
const KINDS: usize = 12;

fn even(_: f32) -> f32 {
    1.0
}

/// A piece of about one unit, and whether it can stand upright.
pub(crate) fn piece(random: &mut Random) -> (Mesh, bool) {
    let mut m = Mesh::default();
    match random.below(KINDS) {
        0 | 1 => {
            for k in 0..if random.chance(0.2) { 2 } else { 1 } {
                let at = [k as f32 * random.within(0.6, 1.1), 0.0, random.within(-0.2, 0.2)];
                ring(&mut m, at, random);
            }
            (m, true)
        }
        2 => {
            bangle(&mut m, random);
            (m, true)
        }
        3 | 4 => {
            chain(&mut m, random);
            (m, false)
        }
        5 => {
            hoops(&mut m, random);
            (m, true)
        }
        6 => {
            studs(&mut m, random);
            (m, true)
        }
        7 => {
            pearls(&mut m, random);
            (m, false)
        }
        8 => {
            filigree(&mut m, random);
            (m, true)
        }
        9 => {
            pendant(&mut m, random);
            (m, true)
        }
        10 => {
            wires(&mut m, random);
            (m, true)
        }
        _ => {
            plates(&mut m, random);
            (m, true)
        }
    }
}

/// A point of a circle of radius `r` in the plane of x and z, and the way out of it.
fn around(a: f32, r: f32) -> (V3, V3) {
    let out = [a.cos(), 0.0, a.sin()];
    (scale(out, r), out)
}

fn ring(m: &mut Mesh, at: V3, random: &mut Random) {
    let r = random.within(0.32, 0.45);
    let thick = random.scaled(0.012, 0.07);
    let wide = thick * random.scaled(0.7, 5.0);
    let exponent = if random.chance(0.5) { 2.0 } else { random.within(2.2, 7.0) };
    let taper = random.within(0.0, 0.4);
    let curve: Vec<V3> = ellipse([0.0; 3], r, r * random.within(0.93, 1.0), 96);
    let mut own = Mesh::default();
    let grow = |t: f32| 1.0 - taper * (0.5 - 0.5 * (t * TAU).cos());
    own.tube(&curve, true, UP, (thick, wide), exponent, METAL, &grow);
    let top = random.unit();
    if top < 0.4 {
        head(&mut own, scale([1.0, 0.0, 0.0], r + thick), [1.0, 0.0, 0.0], random);
    } else if top < 0.7 {
        // Stones set into the upper part of the band.
        let (n, rows) = (5 + random.below(16), 1 + random.below(3));
        let size = (r * 1.8 / n as f32).min(wide / rows as f32) * 0.95;
        for i in 0..n {
            for row in 0..rows {
                let a = (i as f32 - (n - 1) as f32 / 2.0) * 1.8 / n as f32;
                let (p, out) = around(a, r + thick * 0.8);
                let h = (row as f32 - (rows - 1) as f32 / 2.0) * size * 2.1;
                own.stone(add(p, [0.0, h, 0.0]), out, (size, size), 0, STONE, random);
                if random.chance(0.5) {
                    let (p, _) = around(a + 0.9 / n as f32, r + thick * 0.9);
                    own.ball(add(p, [0.0, h, 0.0]), [size * 0.3; 3], METAL);
                }
            }
        }
    } else if top < 0.8 {
        // A twisted second wire.
        let twist: Vec<V3> = (0..240)
            .map(|i| {
                let (a, b) = (i as f32 / 240.0 * TAU, i as f32 / 240.0 * TAU * 14.0);
                let (p, _) = around(a, r + b.cos() * thick);
                add(p, [0.0, b.sin() * (wide + thick), 0.0])
            })
            .collect();
        own.tube(&twist, true, UP, (thick * 0.5, thick * 0.5), 2.0, METAL, &even);
    }
    own.map(|p| add(p, at), |n| n);
    m.triangles.append(&mut own.triangles);
}

/// A stone in prongs or a bezel, perhaps in a halo, on `axis`.
fn head(m: &mut Mesh, at: V3, axis: V3, random: &mut Random) {
    let g = random.scaled(0.06, 0.24);
    let oval = if random.chance(0.4) { random.within(0.65, 1.0) } else { 1.0 };
    let corners = if random.chance(0.3) { [4, 6, 8][random.below(3)] } else { 0 };
    let centre = add(at, scale(axis, g * random.within(0.5, 0.9)));
    let dome = random.chance(0.2);
    if dome {
        m.ball(centre, [g; 3], if random.chance(0.5) { BODY } else { STONE });
    } else {
        m.stone(centre, axis, (g, g * oval), corners, STONE, random);
    }
    let u = unit(cross(axis, if axis[1].abs() < 0.9 { UP } else { [1.0, 0.0, 0.0] }));
    let v = cross(axis, u);
    let rim = |a: f32, k: f32, h: f32| {
        let p = add(scale(u, a.cos() * g * k), scale(v, a.sin() * g * oval * k));
        add(centre, add(p, scale(axis, h * g)))
    };
    if random.chance(0.35) {
        let curve: Vec<V3> = (0..48).map(|i| rim(i as f32 / 48.0 * TAU, 1.05, 0.0)).collect();
        m.tube(&curve, true, axis, (g * 0.08, g * 0.25), 3.0, METAL, &even);
    } else {
        let n = [4, 4, 6, 8][random.below(4)];
        let wire = g * random.within(0.07, 0.13);
        for i in 0..n {
            let a = (i as f32 + 0.5) / n as f32 * TAU;
            let curve: Vec<V3> =
                [(0.4, -1.0), (0.75, -0.5), (1.07, -0.05), (1.02, 0.12), (0.85, 0.2)]
                    .map(|(k, h)| rim(a, k, h))
                    .to_vec();
            m.tube(&curve, false, axis, (wire, wire), 2.0, METAL, &even);
        }
        for (k, h) in [(0.8, -0.35), (0.5, -0.9)] {
            let curve: Vec<V3> = (0..40).map(|i| rim(i as f32 / 40.0 * TAU, k, h)).collect();
            m.tube(&curve, true, axis, (wire, wire), 2.0, METAL, &even);
        }
    }
    if random.chance(0.3) {
        let n = 10 + random.below(14);
        let size = g * 3.6 / n as f32;
        for i in 0..n {
            let a = i as f32 / n as f32 * TAU;
            m.stone(rim(a, 1.3, -0.1), axis, (size, size), 0, STONE, random);
        }
        let curve: Vec<V3> = (0..48).map(|i| rim(i as f32 / 48.0 * TAU, 1.3, -0.25)).collect();
        m.tube(&curve, true, axis, (size, size * 0.6), 3.0, METAL, &even);
    }
}

fn bangle(m: &mut Mesh, random: &mut Random) {
    let n = 1 + random.below(3);
    for k in 0..n {
        let r = random.within(0.38, 0.5);
        let thick = random.scaled(0.006, 0.04);
        let wide = thick * random.scaled(1.0, 8.0);
        let open = random.chance(0.25);
        let mut curve = ellipse(
            [0.05 * k as f32, k as f32 * wide * 2.1, 0.03 * k as f32],
            r,
            r * random.within(0.8, 1.0),
            120,
        );
        if open {
            curve.truncate(105);
        }
        m.tube(&curve, !open, UP, (thick, wide), random.within(2.0, 6.0), METAL, &even);
        if open {
            m.ball(curve[0], [thick * 2.5; 3], ACCENT);
            m.ball(curve[104], [thick * 2.5; 3], ACCENT);
        }
    }
}

/// A line on the ground: closed, hanging like a necklace, or wound.
fn path(random: &mut Random) -> (Vec<V3>, bool) {
    let n = 600;
    let (a, b, c) = (random.within(0.3, 0.6), random.within(0.15, 0.55), random.within(0.0, 6.0));
    let kind = random.below(3);
    let point = |i: usize| {
        let t = i as f32 / n as f32;
        match kind {
            0 => {
                let p = t * TAU;
                let k = 1.0 + 0.12 * (2.0 * p + c).sin() + 0.08 * (3.0 * p - c).cos();
                [a * k * p.cos(), 0.0, b * k * p.sin()]
            }
            1 => {
                let x = 2.0 * t - 1.0;
                [x * a * 1.3, 0.0, -b + 1.6 * b * (1.0 - x.abs().powf(1.6 + c * 0.2))]
            }
            _ => {
                let x = 2.0 * t - 1.0;
                [x * 0.7, 0.0, b * (3.0 * x + c).sin() + 0.12 * (7.0 * x).cos()]
            }
        }
    };
    ((0..n).map(point).collect(), kind == 0)
}

/// Points at even distances along a line, and the ways it runs there.
fn spaced(line: &[V3], closed: bool, step: f32) -> Vec<(V3, V3)> {
    let mut out = Vec::new();
    let mut left = 0.0;
    for i in 0..if closed { line.len() } else { line.len() - 1 } {
        let (a, b) = (line[i], line[(i + 1) % line.len()]);
        let d = sub(b, a);
        let long = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt();
        let mut at = left;
        while at < long {
            out.push((add(a, scale(d, at / long.max(1e-6))), unit(d)));
            at += step;
        }
        left = at - long;
    }
    out
}

fn chain(m: &mut Mesh, random: &mut Random) {
    let (line, closed) = path(random);
    let link = random.scaled(0.012, 0.075);
    let wire = link * random.within(0.13, 0.32);
    let style = random.below(4);
    let places = spaced(&line, closed, if style == 3 { link * 1.05 } else { (link - wire) * 1.8 });
    for (i, &(p, along)) in places.iter().enumerate().take(160) {
        let across = cross(along, UP);
        // Links lie flat and stand on edge by turns; curb links all lean.
        let tilt = match style {
            0 => {
                if i % 2 == 0 {
                    0.15
                } else {
                    1.35
                }
            }
            1 => 0.6,
            _ => random.within(0.0, 1.2),
        };
        let side = add(scale(across, f32::cos(tilt)), scale(UP, f32::sin(tilt)));
        if style == 3 {
            m.ball(add(p, [0.0, link * 0.5, 0.0]), [link * 0.5; 3], METAL);
            continue;
        }
        let (long, short) = (link, link * if style == 2 { 0.9 } else { 0.62 });
        let curve: Vec<V3> = (0..20)
            .map(|k| {
                let (s, c) = (k as f32 / 20.0 * TAU).sin_cos();
                add(p, add(scale(along, c * long), scale(side, s * short)))
            })
            .collect();
        m.tube(&curve, true, cross(along, side), (wire, wire), 2.0, METAL, &even);
    }
    if random.chance(0.5) {
        let (p, _) = places[places.len().min(160) / 2];
        let mut own = Mesh::default();
        match random.below(3) {
            0 => head(&mut own, [0.0; 3], UP, random),
            1 => own.ball([0.0; 3], [random.within(0.04, 0.12); 3], ACCENT),
            _ => filigree(&mut own, random),
        }
        let k = random.within(0.4, 1.0);
        own.map(|q| add(p, scale(q, k)), |n| n);
        m.triangles.append(&mut own.triangles);
    }
}

fn hoops(m: &mut Mesh, random: &mut Random) {
    let pair = random.chance(0.7);
    let (r, wire) = (random.within(0.12, 0.3), random.scaled(0.004, 0.03));
    let squash = random.within(0.7, 1.0);
    let beads = random.below(7);
    for x in if pair { vec![-0.33, 0.33] } else { vec![0.0] } {
        let lean = random.within(-0.1, 0.1);
        let mut curve = ellipse([x, 0.0, lean], r * squash, r, 90);
        let open = random.chance(0.4);
        if open {
            curve.truncate(82);
        }
        m.tube(
            &curve,
            !open,
            UP,
            (wire, wire * random.within(0.8, 2.5)),
            random.within(2.0, 4.0),
            METAL,
            &even,
        );
        for k in 0..beads {
            let (p, _) = around(1.0 + 0.3 * k as f32, r);
            let p = [p[0] * squash + x, 0.0, p[2] + lean];
            m.ball(p, [wire * random.within(1.6, 3.0); 3], ACCENT);
        }
        if random.chance(0.5) {
            // A drop under the hoop.
            let at = [x, 0.0, r + lean + random.within(0.05, 0.12)];
            let size = random.within(0.03, 0.09);
            if random.chance(0.5) {
                m.ball(at, [size, size, size * random.within(1.0, 1.6)], ACCENT);
            } else {
                m.stone(at, UP, (size, size * random.within(1.0, 1.5)), 0, STONE, random);
            }
        }
    }
}

fn studs(m: &mut Mesh, random: &mut Random) {
    let pair = random.chance(0.6);
    let mut one = Mesh::default();
    if random.chance(0.4) {
        // A cluster round a middle.
        let g = random.within(0.08, 0.2);
        let round = if random.chance(0.5) { ACCENT } else { BODY };
        one.ball([0.0; 3], [g, g * random.within(0.4, 1.0), g], round);
        let n = 8 + random.below(10);
        let size = g * 3.4 / n as f32;
        for i in 0..n {
            let (p, _) = around(i as f32 / n as f32 * TAU, g + size);
            one.ball(p, [size; 3], if random.chance(0.5) { round } else { METAL });
        }
        one.tube(
            &ellipse([0.0; 3], g * 1.05, g * 1.05, 60),
            true,
            UP,
            (g * 0.12, g * 0.12),
            2.0,
            METAL,
            &even,
        );
    } else {
        head(&mut one, [0.0; 3], UP, random);
    }
    if random.chance(0.5) {
        let pin = [[0.0, -0.05, 0.0], [0.0, -0.2, 0.0], [0.0, -0.35, 0.0]];
        one.tube(&pin, false, [1.0, 0.0, 0.0], (0.01, 0.01), 2.0, METAL, &even);
    }
    let xs = if pair { vec![-0.3, 0.3] } else { vec![0.0] };
    for x in xs {
        m.triangles.extend(one.triangles.iter().map(|t| {
            let mut t = *t;
            t.at = t.at.map(|p| add(p, [x, 0.0, 0.0]));
            t
        }));
    }
}

fn pearls(m: &mut Mesh, random: &mut Random) {
    if random.chance(0.4) {
        let r = random.within(0.1, 0.3);
        m.ball([0.0; 3], [r, r * random.within(0.85, 1.1), r], BODY);
        m.tube(
            &ellipse([0.0, 0.0, -r - 0.05], 0.05, 0.06, 40),
            true,
            UP,
            (0.012, 0.012),
            2.0,
            METAL,
            &even,
        );
        return;
    }
    let (line, closed) = path(random);
    let r = random.scaled(0.012, 0.06);
    let gap = if random.chance(0.3) { random.within(2.0, 5.0) } else { 1.0 };
    m.tube(&line, closed, UP, (r * 0.15, r * 0.15), 2.0, METAL, &even);
    for (p, _) in spaced(&line, closed, 2.02 * r * gap).into_iter().take(120) {
        let k = random.within(0.92, 1.05);
        m.ball(p, scale([r; 3], k), BODY);
    }
}

/// Rings and scrolls in a rim, by turns about the middle.
fn filigree(m: &mut Mesh, random: &mut Random) {
    let (r, n) = (random.within(0.2, 0.42), 3 + random.below(9));
    let wire = random.scaled(0.006, 0.022);
    if random.chance(0.8) {
        m.tube(
            &ellipse([0.0; 3], r, r, 120),
            true,
            UP,
            (wire * 1.3, wire * 1.3),
            2.0,
            METAL,
            &even,
        );
    }
    for layer in 0..=random.below(3) {
        let k = random.within(0.3, 0.9) * r;
        let (a, b) = (random.within(0.1, 0.5) * r, random.within(0.06, 0.3) * r);
        let curl = random.within(0.0, 3.0);
        for i in 0..n {
            let turned = (i as f32 + layer as f32 * 0.5) / n as f32 * TAU;
            let (s, c) = turned.sin_cos();
            let curve: Vec<V3> = (0..40)
                .map(|j| {
                    let t = j as f32 / 40.0 * TAU;
                    let q = [
                        k + a * t.cos(),
                        wire * (curl * t).sin(),
                        b * t.sin() + 0.2 * b * (curl * t).cos(),
                    ];
                    [q[0] * c - q[2] * s, q[1], q[0] * s + q[2] * c]
                })
                .collect();
            m.tube(&curve, true, UP, (wire, wire), 2.0, METAL, &even);
            if random.chance(0.4) {
                let (p, _) = around(turned, k);
                m.ball(p, [wire * 2.0; 3], if random.chance(0.5) { ACCENT } else { METAL });
            }
        }
    }
    if random.chance(0.5) {
        m.stone([0.0; 3], UP, (r * 0.25, r * 0.25), 0, STONE, random);
    }
}

fn pendant(m: &mut Mesh, random: &mut Random) {
    let r = random.within(0.15, 0.32);
    match random.below(3) {
        0 => {
            m.ball([0.0; 3], [r, r * 0.4, r * random.within(1.0, 1.5)], BODY);
            let rim = ellipse([0.0; 3], r * 1.02, r * 1.25, 80);
            m.tube(&rim, true, UP, (r * 0.08, r * 0.12), 3.0, METAL, &even);
        }
        1 => {
            m.stone(
                [0.0; 3],
                UP,
                (r, r * random.within(1.0, 1.5)),
                [0, 6, 8][random.below(3)],
                STONE,
                random,
            );
            m.tube(
                &ellipse([0.0; 3], r, r * 1.2, 80),
                true,
                UP,
                (r * 0.07, r * 0.1),
                3.0,
                METAL,
                &even,
            );
        }
        _ => {
            m.disk([0.0; 3], (r, r * random.within(0.8, 1.3)), r * 0.12, 0.1, METAL);
            if random.chance(0.6) {
                m.stone([0.0, r * 0.13, 0.0], UP, (r * 0.3, r * 0.3), 0, STONE, random);
            }
        }
    }
    let bail = ellipse([0.0, 0.0, -r * 1.35], 0.05, 0.07, 40);
    m.tube(&bail, true, [0.3, 1.0, 0.0], (0.012, 0.02), 2.0, METAL, &even);
    if random.chance(0.5) {
        let side = random.within(0.4, 0.8);
        let (l, z) = (random.scaled(0.012, 0.03), -r * 1.4);
        for s in [-1.0, 1.0] {
            for i in 0..40 {
                let t = i as f32 / 40.0;
                let p = [s * side * t, 0.0, z - 0.6 * t * t.sqrt()];
                let along = unit([s * side, 0.0, -0.9 * t.sqrt()]);
                let lie = if i % 2 == 0 { cross(along, UP) } else { UP };
                let curve: Vec<V3> = (0..16)
                    .map(|k| {
                        let (sin, cos) = (k as f32 / 16.0 * TAU).sin_cos();
                        add(p, add(scale(along, cos * l), scale(lie, sin * l * 0.6)))
                    })
                    .collect();
                m.tube(&curve, true, cross(along, lie), (l * 0.2, l * 0.2), 2.0, METAL, &even);
            }
        }
    }
}

fn wires(m: &mut Mesh, random: &mut Random) {
    let n = 1 + random.below(4);
    let wire = random.scaled(0.0025, 0.014);
    for _ in 0..n {
        let (a, b) = ((1 + random.below(3)) as f32, (1 + random.below(4)) as f32);
        let (phase, wide, high) =
            (random.within(0.0, 6.0), random.within(0.2, 0.6), random.within(0.1, 0.4));
        let part = if random.chance(0.5) { 1.0 } else { random.within(0.3, 0.9) };
        let curve: Vec<V3> = (0..360)
            .map(|i| {
                let t = i as f32 / 360.0 * TAU * part;
                [wide * (a * t + phase).cos(), wire * (5.0 * t).sin(), high * (b * t).sin()]
            })
            .collect();
        m.tube(&curve, part == 1.0, UP, (wire, wire), 2.0, METAL, &even);
    }
    if random.chance(0.4) {
        m.ball([0.0, 0.0, 0.2], [random.within(0.03, 0.1); 3], ACCENT);
    }
}

fn plates(m: &mut Mesh, random: &mut Random) {
    for k in 0..=random.below(2) {
        let r = random.within(0.12, 0.36);
        let at = [k as f32 * 0.6 - 0.2, 0.0, random.within(-0.1, 0.1)];
        match random.below(3) {
            0 => m.disk(
                at,
                (r, r * random.within(0.4, 1.0)),
                r * random.within(0.05, 0.3),
                random.within(0.03, 0.2),
                METAL,
            ),
            1 => m.ball(at, [r, r * random.within(0.2, 0.8), r * random.within(0.4, 1.0)], METAL),
            _ => {
                let bar = [add(at, [-r, 0.0, 0.0]), at, add(at, [r, 0.0, 0.0])];
                m.tube(&bar, false, UP, (r * 0.3, r * 0.1), 8.0, METAL, &even);
            }
        }
        if random.chance(0.4) {
            m.stone(add(at, [0.0, r * 0.3, 0.0]), UP, (r * 0.25, r * 0.25), 0, STONE, random);
        }
    }
}
