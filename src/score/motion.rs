//! Motion against defocus: how much finer structure there is in one direction than in another.
//!
//! Every edge lends its energy to the structure tensor of the gradients (Förstner and Gülch 1987). How
//! much of that energy is left after a little more smoothing tells how fine the structure is that runs in
//! a direction, however much of it there is: `r(ψ) = ln(uᵀ T u / uᵀ T' u)`. A lens that is out of focus
//! takes the fine away in every direction, a movement only along itself. A sharp chain or a ring has
//! thin lines in one direction and broad ones in another; along a movement nothing is fine, so
//! `r(ψ + 90°) - 1.5 r(ψ)` is what tells, as long as something is fine across it. No place is picked: a
//! long movement leaves no edge alone enough to be measured, and still leaves its trace here.

use crate::imaging::Plane;
use crate::imaging::lanes::wide_fn;
use std::ops::Range;

/// Side of the squares from which noise is taken off, pixels.
const CELL: usize = 16;
/// A square below so many times the noise's own energy is left out.
const ABOVE: f32 = 4.0;
/// What white noise of variance 1 leaves in a squared central difference, smoothed by the binomial once
/// and twice.
const NOISE: [f32; 2] = [70.0 / 256.0 * 21.0 / 256.0, 0.196_381 * 0.037_094];
/// How much less fine the movement's own direction must be.
const ALONG: f32 = 1.5;
/// From here on a picture moved: no sharp or defocused one of the tuning scenes reaches it.
const MOVED: f32 = -0.04;
/// Along a movement is at most this share of what is fine across it.
const SHARE: f32 = 0.78;
/// And that is at least so much: a lens far out of focus leaves nothing fine in any direction.
const ACROSS: f32 = 0.18;
/// Directions that are looked at, over half a turn.
const DIRECTIONS: usize = 36;

/// The direction in which a picture is least fine for what it is across.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trace {
    /// From the x axis, clockwise positive, -90 to 90.
    pub(super) angle_deg: f32,
    /// Above 0 what moved: by how much less fine it is along than across.
    pub(super) contrast: f32,
    /// At least 0 where there is enough to go by.
    pub(super) sure: f32,
    /// How fine it is across the direction.
    pub(super) across: f32,
    /// Sigma of a movement that leaves so little fine structure along itself, pixels.
    pub(super) along: f32,
}

/// Buffers that are kept from picture to picture.
#[derive(Default)]
pub(super) struct Buffers {
    columns: [[Vec<f32>; 3]; 2],
}

/// Looks for a movement in linear light that was smoothed by the binomial once, and once more; `noise` is
/// the standard deviation of the tone's.
pub(super) fn trace(
    once: &Plane,
    twice: &Plane,
    noise: f32,
    buffers: &mut Buffers,
) -> Option<Trace> {
    let tensors = tensors(once, twice, noise, buffers)?;
    let fine: [f32; DIRECTIONS] = std::array::from_fn(|k| {
        let (s, c) = angle(k).sin_cos();
        let energy = |[xx, xy, yy]: [f32; 3]| c * c * xx + 2.0 * c * s * xy + s * s * yy;
        let [a, b] = tensors.map(|t| energy(t).max(1e-12));
        (a / b).ln()
    });
    let read = |k: usize| {
        let (along, across) = (fine[k], fine[(k + DIRECTIONS / 2) % DIRECTIONS]);
        let sure = (SHARE * across - along).min(across - ACROSS);
        (across - ALONG * along - MOVED, sure)
    };
    let least = |k: usize| read(k).0.min(read(k).1);
    let k = (0..DIRECTIONS).max_by(|&a, &b| least(a).total_cmp(&least(b)))?;
    let (contrast, sure) = read(k);
    let deg = angle(k).to_degrees();
    let angle_deg = if deg > 90.0 { deg - 180.0 } else { deg };
    let across = fine[(k + DIRECTIONS / 2) % DIRECTIONS];
    Some(Trace { angle_deg, contrast, sure, across, along: along(fine[k]) })
}

fn angle(k: usize) -> f32 {
    k as f32 / DIRECTIONS as f32 * std::f32::consts::PI
}

/// By movements of known length on rendered pieces: what is left is as its power -.52, .343 at four pixels.
fn along(fine: f32) -> f32 {
    let length = 4.0 * (0.343 / fine.max(0.1)).powf(1.91);
    length / 12.0_f32.sqrt()
}

/// The structure tensors of both planes, less the noise's, over squares that hold more than noise.
fn tensors(
    once: &Plane,
    twice: &Plane,
    noise: f32,
    buffers: &mut Buffers,
) -> Option<[[f32; 3]; 2]> {
    let (w, h) = (once.w, once.h);
    if w < 2 * CELL || h < 2 * CELL {
        return None;
    }
    let mut sums = [[0.0_f64; 3]; 2];
    for y in (1..h - 1).step_by(CELL) {
        let rows = y..(y + CELL).min(h - 1);
        for (plane, columns) in [once, twice].into_iter().zip(&mut buffers.columns) {
            strip(plane, rows.clone(), columns);
        }
        for x in (0..w - 2).step_by(CELL) {
            let within = x..(x + CELL).min(w - 2);
            let n = (within.len() * rows.len()) as f32;
            let cell = |k: usize| -> [f32; 3] {
                std::array::from_fn(|c| buffers.columns[k][c][within.clone()].iter().sum())
            };
            let middle = &once.data[(y + rows.len() / 2) * w + 1..][within.clone()];
            let level = middle.iter().sum::<f32>() / within.len() as f32;
            // The slope of light over its 2.5th root, which the noise was measured on.
            let slope = 2.5 * level.max(1e-4).powf(0.6);
            let each = NOISE.map(|gain| gain * (slope * noise).powi(2) * n);
            let cells = [cell(0), cell(1)];
            if cells[0][0] + cells[0][2] <= ABOVE * 2.0 * each[0] {
                continue;
            }
            for k in 0..2 {
                let off = [each[k], 0.0, each[k]];
                (0..3).for_each(|c| sums[k][c] += f64::from(cells[k][c] - off[c]));
            }
        }
    }
    let told = sums.iter().all(|t| t[0] > 0.0 && t[2] > 0.0);
    told.then(|| sums.map(|t| t.map(|v| v as f32)))
}

wide_fn! {
    /// Products of central differences, summed down each column but the outermost of a strip of rows.
    fn strip(p: &Plane, rows: Range<usize>, columns: &mut [Vec<f32>; 3]) {
        let n = p.w - 2;
        for c in &mut *columns {
            c.clear();
            c.resize(n, 0.0);
        }
        let [xx, xy, yy] = columns;
        let (xx, xy, yy) = (&mut xx[..n], &mut xy[..n], &mut yy[..n]);
        for y in rows {
            let row = |y: usize, k: usize| &p.data[y * p.w + k..][..n];
            let (above, below) = (row(y - 1, 1), row(y + 1, 1));
            let (before, after) = (row(y, 0), row(y, 2));
            for x in 0..n {
                let (dx, dy) = (0.5 * (after[x] - before[x]), 0.5 * (below[x] - above[x]));
                xx[x] += dx * dx;
                xy[x] += dx * dy;
                yy[x] += dy * dy;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::smoothed;
    use super::*;

    /// Spots of light of one pixel or as wide as given, along both sides.
    fn spots(wide: f32, high: f32) -> Plane {
        let places = (0..40).map(|k| ((k * 37 % 200) as f32 + 20.0, (k * 53 % 130) as f32 + 15.0));
        let places: Vec<(f32, f32)> = places.collect();
        Plane::from_fn(240, 160, |x, y| {
            let cover = |d: f32, half: f32| (half + 0.5 - d.abs()).clamp(0.0, 1.0);
            let lit = |(u, v): &(f32, f32)| {
                cover(x as f32 - u, 0.5 * wide) * cover(y as f32 - v, 0.5 * high)
                    / (wide * high).sqrt()
            };
            0.1 + 0.5 * places.iter().map(lit).fold(0.0_f32, f32::max)
        })
    }

    fn read(p: &Plane) -> Trace {
        let once = smoothed(p);
        trace(&once, &smoothed(&once), 0.0, &mut Buffers::default()).unwrap()
    }

    #[test]
    fn sharp_spots_and_soft_ones_have_not_moved() {
        // Far out of focus nothing is fine in any direction.
        let soft = Plane::from_fn(240, 160, |x, y| {
            let (u, v) = ((x % 40) as f32 - 20.0, (y % 40) as f32 - 20.0);
            0.1 + 0.5 * (-(u * u + v * v) / 32.0).exp()
        });
        for still in [spots(2.0, 2.0), spots(7.0, 7.0), soft].map(|p| read(&p)) {
            assert!(still.contrast.min(still.sure) < -0.02, "{still:?}");
        }
    }

    #[test]
    fn rings_that_moved_are_told_from_rings_and_so_is_the_direction() {
        let rings = |x: f32, y: f32| {
            let r = (x - 120.0).hypot(y - 80.0);
            let near = [20.0_f32, 35.0, 50.0].map(|at| (2.0 - (r - at).abs()).clamp(0.0, 1.0));
            0.1 + 0.5 * near.into_iter().fold(0.0_f32, f32::max)
        };
        let moved = |dx: f32, dy: f32| {
            read(&Plane::from_fn(240, 160, |x, y| {
                let at = |t: i32| rings(x as f32 + dx * t as f32, y as f32 + dy * t as f32);
                (-4..=4).map(at).sum::<f32>() / 9.0
            }))
        };
        let still = moved(0.0, 0.0);
        assert!(still.contrast.min(still.sure) < -0.02, "{still:?}");
        for (dx, dy, deg) in [(1.0, 0.0, 0.0), (0.0, 1.0, 90.0)] {
            let got = moved(dx, dy);
            assert!(got.contrast.min(got.sure) > 0.0, "{got:?}");
            assert!((got.angle_deg.abs() - deg).abs() < 6.0, "{got:?}");
        }
    }

    #[test]
    fn what_noise_leaves_is_known() {
        let mut state = 9_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 16_777_216.0 - 0.5
        };
        let p = Plane::from_fn(400, 300, |_, _| random());
        let once = smoothed(&p);
        for (plane, gain) in [(&once, NOISE[0]), (&smoothed(&once), NOISE[1])] {
            let mut columns = Default::default();
            strip(plane, 10..290, &mut columns);
            let n = (columns[0].len() * 280) as f32;
            // The variance of the uniform distribution is a twelfth.
            let got = columns[0].iter().sum::<f32>() / n * 12.0;
            assert!((got / gain - 1.0).abs() < 0.1, "{got} for {gain}");
        }
    }
}
