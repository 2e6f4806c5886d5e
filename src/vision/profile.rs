//! Where the edge runs, to a part of a pixel: from the profile across the outline.
//!
//! The outline of a cut runs where a difference from the ground can just be told from noise, in the skirt of the
//! blurred edge. The subject's colour at its very rim is unknown and changes within two pixels: polished metal
//! mirrors the ground at its rim and the lights beside it. What is known is the lens: a step, and a ramp
//! beginning at the same place, both blurred by it. The place that explains the profile best is the edge.
//! A wire, light on one side and dark on the other, has two: between them its colour changes evenly.

/// An edge is located only where the subject goes on for so many units behind it.
const THICK: isize = 10;
/// Half the number of bins across the outline.
const HALF: usize = 8;
/// Bins of the profile.
const BINS: usize = 2 * HALF + 1;
/// Places that are tried, a quarter of a unit apart.
const TRIED: usize = 13;
/// The first of them, in units inwards from the outline.
const FIRST: f32 = -0.75;

/// The surroundings of an outline.
pub(super) struct Field<'a> {
    pub w: usize,
    pub h: usize,
    /// Whether a pixel is subject, as far as is known.
    pub cut: &'a [bool],
    /// Difference from the ground, proportional to linear light near each place, as large as an encoded one.
    pub off: &'a dyn Fn(usize) -> [f32; 3],
    /// Blur of edges, in pixels.
    pub sigma: f32,
    /// Noise of `off`, one sigma.
    pub noise: f32,
}

/// A straight piece of edge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    at: [f32; 2],
    /// Inwards, of length 1.
    normal: [f32; 2],
    /// From `at` along the normal to the edge.
    offset: f32,
    /// The same to where a wire ends again.
    far: Option<f32>,
}

impl Edge {
    /// How far a place lies inside the edge; negative outside.
    fn inside(&self, x: f32, y: f32) -> f32 {
        (x - self.at[0]) * self.normal[0] + (y - self.at[1]) * self.normal[1] - self.offset
    }

    /// Whether it is that of a wire, whose other edge is known as well.
    pub(super) fn is_wire(&self) -> bool {
        self.far.is_some()
    }

    /// Coverage of a place seen through a lens of this blur.
    pub(super) fn coverage(&self, x: f32, y: f32, sigma: f32) -> f32 {
        let inside = self.inside(x, y);
        let covered = |inside: f32| match inside / sigma {
            u if u > 3.0 => 1.0,
            u if u < -3.0 => 0.0,
            u => step(u),
        };
        let beyond = self.far.map_or(0.0, |far| covered(inside + self.offset - far));
        covered(inside) - beyond
    }
}

/// Share of a Gaussian of sigma 1 below `u`: the profile of a blurred step. Within 1e-3 (a logistic of a cubic).
pub(super) fn step(u: f32) -> f32 {
    1.0 / (1.0 + (-u * (1.595_769 + 0.070_565 * u * u)).exp())
}

/// A Gaussian of sigma 1: how fast [`step`] rises.
fn bell(u: f32) -> f32 {
    (-0.5 * u * u).exp() * 0.398_942
}

/// The blurred ramp: the integral of [`step`].
fn ramp(u: f32) -> f32 {
    u * step(u) + bell(u)
}

/// How far inwards along a normal a neighbour lies, and how far beside it, in units.
fn places(normal: [f32; 2], unit: f32, dx: isize, dy: isize) -> (f32, f32) {
    let (u, v) = (dx as f32, dy as f32);
    let inwards = (u * normal[0] + v * normal[1]) / unit;
    (inwards, (v * normal[0] - u * normal[1]).abs() / unit)
}

/// Adds a pixel to its bin of a profile: weight, place and colour. Those beside the normal count less.
fn add(bin: &mut [f32; 5], t: f32, along: f32, off: [f32; 3]) {
    let weight = 1.0 - along / 2.5;
    bin[0] += weight;
    bin[1] += weight * t;
    (0..3).for_each(|c| bin[2 + c] += weight * off[c]);
}

/// The edge at a pixel of the outline, or both edges of a wire; `None` where the subject is too thin to have one side
/// only and too thick for a wire, or where the direction is not clear.
pub(super) fn locate(field: &Field, i: usize) -> Option<Edge> {
    let (w, h) = (field.w as isize, field.h as isize);
    let (x, y) = ((i % field.w) as isize, (i / field.w) as isize);
    let unit = (field.sigma / 0.8).max(1.0);
    let radius = (4.0 * unit).ceil() as isize;
    if x < radius || y < radius || x + radius >= w || y + radius >= h {
        return None;
    }
    let normal = normal(field, x, y)?;
    let cut_at = |t: f32| {
        let (u, v) = (x as f32 + normal[0] * t, y as f32 + normal[1] * t);
        let (u, v) = ((u + 0.5) as isize, (v + 0.5) as isize);
        u < 0 || v < 0 || u >= w || v >= h || field.cut[(v * w + u) as usize]
    };
    // Of a thin wire the rim is narrower than the lens can part from the rest.
    let ends = (4..=2 * THICK).map(|k| 0.5 * k as f32).find(|k| !cut_at(k * unit));
    if let Some(width) = ends {
        return if width > THIN { None } else { across(field, (x, y), normal, unit, width) };
    }
    let mut bins = [[0.0_f32; 5]; BINS];
    let (mut inside, mut open) = (0, 0);
    for dy in -radius..=radius {
        for dx in -radius..=radius {
            let (t, along) = places(normal, unit, dx, dy);
            let bin = (t * 2.0).round() + HALF as f32;
            if along > 2.0 || bin < 0.0 || bin >= BINS as f32 {
                continue;
            }
            let j = ((y + dy) * w + x + dx) as usize;
            let cut = field.cut[j];
            if t > 1.0 && t < 4.0 {
                inside += 1;
                open += usize::from(!cut);
            }
            // Another piece across a gap, or what lies beyond this one.
            if t < -1.0 && cut || t > 1.0 && !cut {
                continue;
            }
            add(&mut bins[bin as usize], t, along, (field.off)(j));
        }
    }
    if open * 8 > inside {
        return None;
    }
    let offset = best(&bins, field.noise, field.sigma / unit)?;
    Some(Edge { at: [x as f32, y as f32], normal, offset: offset * unit, far: None })
}

/// A wider cut than this, in units, is no wire: its colour changes in more than one way.
const THIN: f32 = 5.5;
/// Places of a wire's near edge that are tried, a quarter of a unit apart, and as many of its far edge.
const SIDES: usize = 12;
/// Bins of the profile across a wire, half a unit each.
const WIDE: usize = 2 * (THICK as usize + 8);
/// Bins before the outline.
const BEFORE: f32 = 7.0;

/// Both edges of a wire: a colour that changes evenly from one to the other, blurred by the lens, explains the
/// profile across it best. `width` is that of the cut, in units.
fn across(
    field: &Field,
    (x, y): (isize, isize),
    normal: [f32; 2],
    unit: f32,
    width: f32,
) -> Option<Edge> {
    let (w, h) = (field.w as isize, field.h as isize);
    let (before, beyond) = (3.5 * unit, (width + 3.0) * unit);
    let corner = |t: f32, along: f32, c: usize| {
        t * normal[c] + along * if c == 0 { -normal[1] } else { normal[0] }
    };
    let span = |c: usize, at: isize, n: isize| {
        let ends = [(-before, -2.0), (-before, 2.0), (beyond, -2.0), (beyond, 2.0)]
            .map(|(t, along)| corner(t, along * unit, c));
        let lo = ends.iter().fold(f32::MAX, |a, &b| a.min(b)).floor() as isize;
        let hi = ends.iter().fold(f32::MIN, |a, &b| a.max(b)).ceil() as isize;
        (at + lo >= 0 && at + hi < n).then_some(lo..=hi)
    };
    let (across, down) = (span(0, x, w)?, span(1, y, h)?);
    let mut bins = [[0.0_f32; 5]; WIDE];
    let (mut wrong, mut seen) = (0, 0);
    for dy in down {
        for dx in across.clone() {
            let (t, along) = places(normal, unit, dx, dy);
            let bin = (t * 2.0 + BEFORE).round();
            if along > 2.0 || bin < 0.0 || bin >= WIDE as f32 || t > width + 3.0 {
                continue;
            }
            let j = ((y + dy) * w + x + dx) as usize;
            let cut = field.cut[j];
            let outside = t < -1.0 || t > width + 0.5;
            let inside = t > 0.7 && t < width - 1.2;
            seen += usize::from(outside || inside);
            wrong += usize::from(outside && cut || inside && !cut);
            if outside && cut {
                continue;
            }
            add(&mut bins[bin as usize], t, along, (field.off)(j));
        }
    }
    // Another wire crosses here, or this one ends.
    if wrong * 8 > seen {
        return None;
    }
    let (near, far) = both(&bins, width, field.noise, field.sigma / unit)?;
    Some(Edge { at: [x as f32, y as f32], normal, offset: near * unit, far: Some(far * unit) })
}

/// The pair of places, in units inwards, between which an even change of colour leaves the least of the profile
/// unexplained.
fn both(bins: &[[f32; 5]; WIDE], width: f32, noise: f32, sigma: f32) -> Option<(f32, f32)> {
    let near = |k: usize| -0.5 + 0.25 * k as f32;
    let far = |k: usize| width - 0.5 - near(k);
    // Of a bin: its place; how much of the lens lies before each edge, and the mean of that part.
    let parts = |edge: f32, t: f32| {
        let u = (t - edge) / sigma;
        (step(u), sigma * bell(u))
    };
    let used: Vec<(&[f32; 5], f32)> =
        bins.iter().filter(|b| b[0] >= 0.5).map(|b| (b, b[1] / b[0])).collect();
    let all: f32 = used.iter().map(|(b, _)| b[0]).sum();
    let square: f32 =
        used.iter().map(|(b, _)| (b[2] * b[2] + b[3] * b[3] + b[4] * b[4]) / b[0]).sum();
    let strongest =
        used.iter().flat_map(|(b, _)| (2..5).map(|c| b[c].abs() / b[0])).fold(0.0, f32::max);
    if all < 15.0 || strongest < 3.0 * noise {
        return None;
    }
    let edges: Vec<[Vec<(f32, f32)>; 2]> = used
        .iter()
        .map(|&(_, t)| {
            [
                (0..SIDES).map(|k| parts(near(k), t)).collect(),
                (0..SIDES).map(|k| parts(far(k), t)).collect(),
            ]
        })
        .collect();
    let mut best = (f32::MAX, 0, 0);
    let mut costs = [[f32::MAX; SIDES]; SIDES];
    for i in 0..SIDES {
        for j in 0..SIDES {
            let (a, b) = (near(i), far(j));
            let half = 0.5 * (b - a);
            if half < 0.4 {
                continue;
            }
            let middle = 0.5 * (a + b);
            let (mut m, mut r) = ([0.0_f32; 3], [[0.0_f32; 2]; 3]);
            for ((bin, t), edge) in used.iter().zip(&edges) {
                let ((pa, ga), (pb, gb)) = (edge[0][i], edge[1][j]);
                let f = pa - pb;
                let g = ((t - middle) * f + sigma * (ga - gb)) / half;
                m[0] += bin[0] * f * f;
                m[1] += bin[0] * f * g;
                m[2] += bin[0] * g * g;
                for c in 0..3 {
                    r[c][0] += bin[2 + c] * f;
                    r[c][1] += bin[2 + c] * g;
                }
            }
            let (p, q) = (m[0] + 1e-4 * all, m[2] + 1e-4 * all);
            let det = (p * q - m[1] * m[1]).max(1e-9);
            let explained: f32 = r
                .iter()
                .map(|r| (r[0] * r[0] * q - 2.0 * r[0] * r[1] * m[1] + r[1] * r[1] * p) / det)
                .sum();
            let usual = (near(i) - 0.8, near(j) - 0.8);
            costs[i][j] = (square - explained) / all
                + noise * noise * 2.0 * (usual.0 * usual.0 + usual.1 * usual.1);
            if costs[i][j] < best.0 {
                best = (costs[i][j], i, j);
            }
        }
    }
    if best.0 == f32::MAX {
        return None;
    }
    let (_, i, j) = best;
    let bend = |at: usize, cost: &dyn Fn(usize) -> f32| {
        if at == 0 || at + 1 == SIDES || cost(at - 1) == f32::MAX || cost(at + 1) == f32::MAX {
            return 0.0;
        }
        let curve = cost(at - 1) - 2.0 * cost(at) + cost(at + 1);
        let vertex = 0.5 * (cost(at - 1) - cost(at + 1)) / curve;
        if curve > 0.0 { vertex.clamp(-0.5, 0.5) } else { 0.0 }
    };
    let a = near(i) + 0.25 * bend(i, &|k| costs[k][j]);
    let b = far(j) - 0.25 * bend(j, &|k| costs[i][k]);
    // Polished metal is as light as its ground at its very rim, which it mirrors.
    let rim = 0.015 * (b - a);
    Some((a - rim, b + rim))
}

/// The direction inwards at a pixel.
fn normal(field: &Field, x: isize, y: isize) -> Option<[f32; 2]> {
    let (mut gx, mut gy) = (0.0, 0.0);
    for dy in -3..=3_isize {
        for dx in -3..=3_isize {
            let j = ((y + dy) * field.w as isize + x + dx) as usize;
            let far = (dx * dx + dy * dy) as f32;
            if field.cut[j] && far < 12.0 {
                let weight = (-far / 6.0).exp();
                gx += weight * dx as f32;
                gy += weight * dy as f32;
            }
        }
    }
    let length = gx.hypot(gy);
    (length > 0.8).then(|| [gx / length, gy / length])
}

/// The place, in units inwards, at which a step and a ramp leave the least of the profile unexplained.
fn best(bins: &[[f32; 5]; BINS], noise: f32, sigma: f32) -> Option<f32> {
    let mut costs = [0.0_f32; TRIED];
    let mut strongest = 0.0_f32;
    for (k, cost) in costs.iter_mut().enumerate() {
        let place = FIRST + 0.25 * k as f32;
        let (mut m, mut r) = ([0.0_f32; 3], [[0.0_f32; 2]; 3]);
        let (mut square, mut all) = (0.0, 0.0);
        for b in bins {
            if b[0] < 0.5 {
                continue;
            }
            let t = b[1] / b[0];
            if !(-3.0..2.8).contains(&t) {
                continue;
            }
            let u = (t - place) / sigma;
            let (f, g) = (step(u), sigma * ramp(u));
            m[0] += b[0] * f * f;
            m[1] += b[0] * f * g;
            m[2] += b[0] * g * g;
            all += b[0];
            for c in 0..3 {
                let v = b[2 + c];
                r[c][0] += v * f;
                r[c][1] += v * g;
                square += v * v / b[0];
                strongest = strongest.max(v.abs() / b[0]);
            }
        }
        if all < 10.0 {
            return None;
        }
        // A step is likelier than a ramp.
        let (a, d) = (m[0] + 1e-4 * all, m[2] + 0.002 * all);
        let det = (a * d - m[1] * m[1]).max(1e-9);
        let explained: f32 = r
            .iter()
            .map(|r| (r[0] * r[0] * d - 2.0 * r[0] * r[1] * m[1] + r[1] * r[1] * a) / det)
            .sum();
        let usual = place - 0.8;
        *cost = (square - explained) / all + noise * noise * 0.1 * usual * usual;
    }
    if strongest < 2.0 * noise {
        return None;
    }
    let k = (0..TRIED).min_by(|&a, &b| costs[a].total_cmp(&costs[b]))?;
    // Between the places that were tried: the vertex of a parabola.
    let bend = if k > 0 && k + 1 < TRIED {
        let (a, b, c) = (costs[k - 1], costs[k], costs[k + 1]);
        let curve = a - 2.0 * b + c;
        if curve > 0.0 { 0.5 * (a - c) / curve } else { 0.0 }
    } else {
        0.0
    };
    Some(FIRST + 0.25 * (k as f32 + bend.clamp(-0.5, 0.5)))
}

/// Each edge moved to the middle of what its neighbours along the outline say.
pub(super) fn steady(
    w: usize,
    h: usize,
    places: &[usize],
    found: &[Option<Edge>],
) -> Vec<Option<Edge>> {
    let mut index = vec![u32::MAX; w * h];
    places.iter().enumerate().for_each(|(k, &i)| index[i] = k as u32);
    found
        .iter()
        .map(|own| {
            let own = (*own)?;
            let (x, y) = (own.at[0] as usize, own.at[1] as usize);
            let (mut said, mut ends) = (Vec::with_capacity(12), Vec::new());
            for v in y.saturating_sub(2)..=(y + 2).min(h - 1) {
                for u in x.saturating_sub(2)..=(x + 2).min(w - 1) {
                    let k = index[v * w + u];
                    if k == u32::MAX {
                        continue;
                    }
                    if let Some(other) = found[k as usize] {
                        let dot = own.normal[0] * other.normal[0] + own.normal[1] * other.normal[1];
                        if dot > 0.8 && own.far.is_some() == other.far.is_some() {
                            let along = |t: f32| {
                                let at = |c: usize| other.at[c] + other.normal[c] * t - own.at[c];
                                at(0) * own.normal[0] + at(1) * own.normal[1]
                            };
                            said.push(along(other.offset));
                            ends.extend(other.far.map(along));
                        }
                    }
                }
            }
            let far = own.far.map(|_| super::filter::median(ends));
            Some(Edge { offset: super::filter::median(said), far, ..own })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A half plane whose rim has another colour than what lies further in, through a lens of sigma .8.
    fn off(shift: f32, angle: f32) -> impl Fn(usize) -> [f32; 3] {
        move |i| {
            let (x, y) = ((i % 40) as f32 - 20.0, (i / 40) as f32 - 20.0);
            let d = x * angle.cos() + y * angle.sin() - shift;
            [0.08 * step(d / 0.8) + 0.5 * step((d - 2.2) / 0.8); 3]
        }
    }

    #[test]
    fn a_dim_rim_before_a_highlight_is_subject() {
        for (shift, angle) in [(0.0_f32, 0.0_f32), (0.3, 0.4), (-0.4, 1.1), (0.45, 2.5)] {
            let off = off(shift, angle);
            let cut: Vec<bool> = (0..1600).map(|i| off(i)[0] > 0.006).collect();
            let field = Field { w: 40, h: 40, cut: &cut, off: &off, sigma: 0.8, noise: 0.003 };
            let rim = (0..1600_usize)
                .filter(|&i| cut[i] && (i % 40).abs_diff(20) < 8 && (i / 40).abs_diff(20) < 8)
                .find(|&i| !cut[i - 1] || !cut[i + 1] || !cut[i - 40] || !cut[i + 40])
                .unwrap();
            let edge = locate(&field, rim).unwrap();
            let (c, s) = (angle.cos(), angle.sin());
            let got = edge.inside(20.0 + shift * c, 20.0 + shift * s);
            // The highlight, seven times as strong, begins 2.2 pixels further in.
            assert!(got.abs() < 1.0, "{shift} {angle}: {got}");
        }
    }

    #[test]
    fn the_step_is_the_integral_of_a_gaussian() {
        // Abramowitz and Stegun, table 26.1.
        for (u, p) in [(0.0, 0.5), (0.5, 0.69146), (1.0, 0.84134), (2.0, 0.97725), (-1.5, 0.06681)]
        {
            assert!((step(u) - p).abs() < 1e-3, "{u}");
        }
    }

    /// A wire across a field of 40 x 40, light on one side and dark on the other, as a lens of sigma .8 shows it.
    fn wire(near: f32, far: f32, angle: f32) -> Vec<[f32; 3]> {
        (0..1600_usize)
            .map(|i| {
                let (x, y) = ((i % 40) as f32 - 20.0, (i / 40) as f32 - 20.0);
                let at = x * angle.cos() + y * angle.sin();
                let (mut sum, mut all) = (0.0, 0.0);
                for k in -200..=200 {
                    let u = k as f32 * 0.02;
                    let weight = (-0.5 * (u / 0.8) * (u / 0.8)).exp();
                    let place = (at + u - near) / (far - near);
                    all += weight;
                    sum += if (0.0..1.0).contains(&place) {
                        weight * (0.3 - 0.2 * place)
                    } else {
                        0.0
                    };
                }
                [sum / all; 3]
            })
            .collect()
    }

    #[test]
    fn both_edges_of_a_wire_are_found() {
        for (near, far, angle) in
            [(-1.2_f32, 1.1_f32, 0.0_f32), (-1.0, 1.0, 0.5), (-1.1, 1.3, 1.2), (-1.2, 0.9, 3.6)]
        {
            let seen = wire(near, far, angle);
            let cut: Vec<bool> = seen.iter().map(|v| v[0] > 0.01).collect();
            let off = |i: usize| seen[i];
            let field = Field { w: 40, h: 40, cut: &cut, off: &off, sigma: 0.8, noise: 0.003 };
            let (c, s) = (angle.cos(), angle.sin());
            let along = |i: usize| ((i % 40) as f32 - 20.0) * c + ((i / 40) as f32 - 20.0) * s;
            let middle = |i: &usize| (i % 40).abs_diff(20) < 8 && (i / 40).abs_diff(20) < 8;
            // Of the near outline the pixel straight before the middle.
            let beside = |i: usize| [i - 1, i + 1, i - 40, i + 40].iter().any(|&j| !cut[j]);
            let off_axis =
                |i: usize| (((i / 40) as f32 - 20.0) * c - ((i % 40) as f32 - 20.0) * s).abs();
            let rim = (0..1600_usize)
                .filter(|i| middle(i) && cut[*i] && beside(*i) && along(*i) < 0.0)
                .min_by(|&a, &b| off_axis(a).total_cmp(&off_axis(b)))
                .unwrap();
            let edge = locate(&field, rim).unwrap();
            assert!(edge.is_wire());
            let got = |at: f32| edge.coverage(20.0 + at * c, 20.0 + at * s, 0.8);
            let want = |at: f32| step((at - near) / 0.8) - step((at - far) / 0.8);
            for at in [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0] {
                let (got, want) = (got(at), want(at));
                assert!(
                    (got - want).abs() < 0.15,
                    "{near} {far} {angle} at {at}: {got}, not {want}"
                );
            }
        }
    }

    #[test]
    fn a_band_that_is_neither_thin_nor_thick_has_no_known_edge() {
        let band = |i: usize| (i % 40).abs_diff(20) < 5;
        let cut: Vec<bool> = (0..1600).map(band).collect();
        let off = |i: usize| [f32::from(u8::from(band(i))); 3];
        let field = Field { w: 40, h: 40, cut: &cut, off: &off, sigma: 0.8, noise: 0.003 };
        assert!(locate(&field, 20 * 40 + 16).is_none());
    }
}
