//! Where the edge runs, to a part of a pixel: from the profile across the outline.
//!
//! The outline of a cut runs where a difference from the ground can just be told from noise, in the skirt of the
//! blurred edge. The subject's colour at its very rim is unknown and changes within two pixels: polished metal
//! mirrors the ground at its rim and the lights beside it. What is known is the lens: a step, and a ramp
//! beginning at the same place, both blurred by it. The place that explains the profile best is the edge.

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
}

impl Edge {
    /// How far a place lies inside the edge; negative outside.
    pub(super) fn inside(&self, x: f32, y: f32) -> f32 {
        (x - self.at[0]) * self.normal[0] + (y - self.at[1]) * self.normal[1] - self.offset
    }
}

/// Share of a Gaussian of sigma 1 below `u`: the profile of a blurred step. Within 1e-3 (a logistic of a cubic).
pub(super) fn step(u: f32) -> f32 {
    1.0 / (1.0 + (-u * (1.595_769 + 0.070_565 * u * u)).exp())
}

/// The blurred ramp: the integral of [`step`].
fn ramp(u: f32) -> f32 {
    u * step(u) + (-0.5 * u * u).exp() * 0.398_942
}

/// The edge at a pixel of the outline; `None` where the subject is too thin to have one side only, or where the
/// direction is not clear.
pub(super) fn locate(field: &Field, i: usize) -> Option<Edge> {
    let (w, h) = (field.w as isize, field.h as isize);
    let (x, y) = ((i % field.w) as isize, (i / field.w) as isize);
    let unit = (field.sigma / 0.8).max(1.0);
    let radius = (4.0 * unit).ceil() as isize;
    if x < radius || y < radius || x + radius >= w || y + radius >= h {
        return None;
    }
    let normal = normal(field, x, y)?;
    // Of a thin wire the rim is narrower than the lens can part from the rest.
    let thick = (2..=THICK).all(|k| {
        let (u, v) =
            (x as f32 + normal[0] * k as f32 * unit, y as f32 + normal[1] * k as f32 * unit);
        let (u, v) = ((u + 0.5) as isize, (v + 0.5) as isize);
        u < 0 || v < 0 || u >= w || v >= h || field.cut[(v * w + u) as usize]
    });
    if !thick {
        return None;
    }
    let mut bins = [[0.0_f32; 5]; BINS];
    let (mut inside, mut open) = (0, 0);
    for dy in -radius..=radius {
        for dx in -radius..=radius {
            let (u, v) = (dx as f32, dy as f32);
            let t = (u * normal[0] + v * normal[1]) / unit;
            let along = (v * normal[0] - u * normal[1]).abs() / unit;
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
            let weight = 1.0 - along / 2.5;
            let off = (field.off)(j);
            let b = &mut bins[bin as usize];
            b[0] += weight;
            b[1] += weight * t;
            (0..3).for_each(|c| b[2 + c] += weight * off[c]);
        }
    }
    if open * 8 > inside {
        return None;
    }
    let offset = best(&bins, field.noise, field.sigma / unit)?;
    Some(Edge { at: [x as f32, y as f32], normal, offset: offset * unit })
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
            let mut said = Vec::with_capacity(12);
            for v in y.saturating_sub(2)..=(y + 2).min(h - 1) {
                for u in x.saturating_sub(2)..=(x + 2).min(w - 1) {
                    let k = index[v * w + u];
                    if k == u32::MAX {
                        continue;
                    }
                    if let Some(other) = found[k as usize] {
                        let dot = own.normal[0] * other.normal[0] + own.normal[1] * other.normal[1];
                        if dot > 0.8 {
                            let at =
                                |c: usize| other.at[c] + other.normal[c] * other.offset - own.at[c];
                            said.push(at(0) * own.normal[0] + at(1) * own.normal[1]);
                        }
                    }
                }
            }
            Some(Edge { offset: super::filter::median(said), ..own })
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

    #[test]
    fn a_wire_has_no_one_side() {
        let wire = |i: usize| (i % 40).abs_diff(20) < 2;
        let cut: Vec<bool> = (0..1600).map(wire).collect();
        let off = |i: usize| [f32::from(u8::from(wire(i))); 3];
        let field = Field { w: 40, h: 40, cut: &cut, off: &off, sigma: 0.8, noise: 0.003 };
        assert!(locate(&field, 20 * 40 + 19).is_none());
    }
}
