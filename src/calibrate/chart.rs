//! Tells a 24-patch chart among lattices by its colours, settles its corners, and says what is wrong
//! with it.

use super::geometry::Homography;
use super::lattice::{self, Lattice};
use super::reading::{Card, Found, Grid, NotFound, PatchReading, Source, read, reference_of};
use super::regions;
use super::working::Working;
use crate::imaging::colour::{self, LinearSrgb};
use nalgebra::{Matrix3, Vector3};

/// Longer sides of the reduced pictures that are searched, one after another.
const SIDES: [usize; 2] = [1000, 2000];
/// Lattices that are compared with a chart, the largest ones: chains and cloth make hundreds.
const MOST_LATTICES: usize = 40;
/// Patches whose colour fits better than this, in ΔE2000 after a 3x3 matrix, agree.
const AGREES: f32 = 14.0;
/// A patch that differs more than this is not the patch that should be there.
const FOREIGN: f32 = 25.0;
/// Patches that must agree before a lattice is a chart at all.
const ENOUGH: usize = 11;
/// Median ΔE2000 of these after a 3x3 matrix, at most.
const MEDIAN: f32 = 8.0;
/// Patches that may lie in a shadow or a reflection; they are left out of the fit.
const UNEVEN_BEARABLE: usize = 2;
/// Narrowest patch that is read, in pixels.
const NARROWEST: usize = 8;
/// Clipped patches up to this number are left out of the fit; more are refused.
const CLIPPED_BEARABLE: usize = 3;

/// Looks for a chart; the reason when there is none, or not a whole one.
pub(super) fn find_chart(source: Source<'_>) -> Result<Found, NotFound> {
    let mut best: Option<Placement> = None;
    let mut last = 0;
    for side in SIDES {
        let plain = Working::new(source, side, false);
        // A picture that is already small is not searched twice at the same size.
        if plain.factor == last {
            break;
        }
        last = plain.factor;
        let linear = matches!(source, Source::Linear(_));
        let dark = plain.is_dark();
        for lift in [false, true] {
            let done = best.as_ref().is_some_and(|b| b.agreeing >= 22);
            if done || (lift && !dark && !linear) || (!lift && linear) {
                continue;
            }
            let found = if lift {
                place(&Working::new(source, side, true), source)
            } else {
                place(&plain, source)
            };
            if found.as_ref().is_some_and(|f| best.as_ref().is_none_or(|b| f.better_than(b))) {
                best = found;
            }
        }
        if best.is_some() {
            break;
        }
    }
    best.ok_or(NotFound::Nothing("24-patch chart"))?.checked(source)
}

/// A chart on a lattice, not yet checked.
struct Placement {
    /// From the chart's places to the source's pixels.
    map: Homography,
    side: f64,
    agreeing: usize,
    median: f32,
    outside: usize,
    /// Patches whose edges towards the frame are not where they should be.
    covered: Vec<usize>,
}

impl Placement {
    fn better_than(&self, other: &Self) -> bool {
        (self.agreeing, other.median) > (other.agreeing, self.median)
    }

    /// Reads the patches and refuses a chart that is not whole.
    fn checked(self, source: Source<'_>) -> Result<Found, NotFound> {
        if self.outside > 0 {
            return Err(NotFound::CutOff);
        }
        let reference = reference_of(Card::Classic24);
        let grid = Grid::of(&reference, self.side);
        let mut found = read(source, &reference, &grid, &self.map).ok_or(NotFound::CutOff)?;
        let (w, h) = source.size();
        let inside =
            |c: &[f32; 2]| (0.0..=w as f32).contains(&c[0]) && (0.0..=h as f32).contains(&c[1]);
        if !found.corners.iter().all(inside) {
            return Err(NotFound::CutOff);
        }
        let pitch = narrowest(&self.map) * self.side;
        if pitch < NARROWEST as f64 {
            return Err(NotFound::TooSmall(pitch as usize, NARROWEST));
        }
        found.card = Card::Classic24;
        let uneven = faults(&found.patches, found.encoded, &self.covered)?;
        found.warnings.extend(uneven.into_iter().chain(clipped(&found.patches)?));
        Ok(found)
    }
}

/// The shortest distance between neighbouring patches, pixels.
fn narrowest(map: &Homography) -> f64 {
    let apart = |a: [f64; 2], b: [f64; 2]| {
        let (p, q) = (map.map(a), map.map(b));
        (p[0] - q[0]).hypot(p[1] - q[1])
    };
    [
        ([0.0, 0.0], [1.0, 0.0]),
        ([0.0, 0.0], [0.0, 1.0]),
        ([5.0, 3.0], [4.0, 3.0]),
        ([5.0, 3.0], [5.0, 2.0]),
    ]
    .into_iter()
    .map(|(a, b)| apart(a, b))
    .fold(f64::INFINITY, f64::min)
}

/// Refuses covered and glared-on patches; says which few are merely uneven.
fn faults(
    patches: &[PatchReading],
    encoded: bool,
    covered: &[usize],
) -> Result<Option<String>, NotFound> {
    let (linear, differences) = best_reading(patches, encoded);
    let (mut hidden, mut glared, mut uneven) = (0, 0, Vec::new());
    for (i, patch) in patches.iter().enumerate() {
        let foreign = differences[i].0 > FOREIGN || covered.contains(&i);
        if !foreign && !patch.is_uneven(linear[i]) {
            continue;
        }
        uneven.push(patch.name.as_str());
        if foreign || uneven.len() > UNEVEN_BEARABLE {
            if differences[i].1 > 1.25 { glared += 1 } else { hidden += 1 }
        }
    }
    match (hidden, glared) {
        (0, 0) if uneven.is_empty() => Ok(None),
        (0, 0) => Ok(Some(format!(
            "a shadow or a reflection lies on {}: it is left out",
            uneven.join(" and ")
        ))),
        (h, g) if h >= g => Err(NotFound::Hidden(uneven.len())),
        _ => Err(NotFound::Glare(uneven.len())),
    }
}

/// The readings as linear light and their differences, under the curve that fits better.
fn best_reading(patches: &[PatchReading], encoded: bool) -> (Vec<[f32; 3]>, Vec<(f32, f32)>) {
    let targets = targets();
    let under = |f: fn(&PatchReading) -> [f32; 3]| {
        let values: Vec<_> = patches.iter().map(f).collect();
        let known: Vec<_> = values.iter().map(|v| Some(*v)).collect();
        let differences = differences(&known, &targets);
        let mut sorted: Vec<f32> = differences.iter().map(|d| d.0).collect();
        sorted.sort_by(f32::total_cmp);
        (sorted[sorted.len() / 2], values, differences)
    };
    let linear = under(|p| p.values);
    let srgb = under(|p| p.decoded);
    let (_, values, differences) = if encoded && srgb.0 <= linear.0 { srgb } else { linear };
    (values, differences)
}

/// Refuses a chart with many clipped patches; says which few are.
fn clipped(patches: &[PatchReading]) -> Result<Option<String>, NotFound> {
    let names: Vec<&str> =
        patches.iter().filter(|p| p.clipped > 0.3).map(|p| p.name.as_str()).collect();
    match names.len() {
        0 => Ok(None),
        n if n > CLIPPED_BEARABLE => Err(NotFound::Clipped(n)),
        _ => Ok(Some(format!("overexposed: {}; darken the exposure a little", names.join(", ")))),
    }
}

fn targets() -> Vec<LinearSrgb> {
    reference_of(Card::Classic24).patches.iter().map(super::Patch::linear_srgb).collect()
}

/// The best chart of a reduced picture.
fn place(working: &Working, source: Source<'_>) -> Option<Placement> {
    let regions = regions::regions(working);
    let targets = targets();
    let mut best: Option<Placement> = None;
    for lattice in lattice::lattices(&regions, working.w, working.h).into_iter().take(MOST_LATTICES)
    {
        let Some(found) = best_on(&lattice, working, source, &targets) else { continue };
        if best.as_ref().is_none_or(|b| found.better_than(b)) {
            best = Some(found);
        }
    }
    best
}

/// The best way to lay the chart on a lattice: turned by quarters, shifted by whole places.
fn best_on(
    lattice: &Lattice,
    working: &Working,
    source: Source<'_>,
    targets: &[LinearSrgb],
) -> Option<Placement> {
    let mut best: Option<(usize, f32, Laid)> = None;
    for laid in layings(lattice) {
        let Some((agreeing, median)) = laid.agreement(lattice, working, source, targets) else {
            continue;
        };
        if best.as_ref().is_none_or(|b| (agreeing, b.1) > (b.0, median)) {
            best = Some((agreeing, median, laid));
        }
    }
    let (agreeing, median, laid) = best?;
    if agreeing < ENOUGH || median > MEDIAN {
        return None;
    }
    let (map, side) = super::edges::settle(working, &laid.map(&lattice.map)?);
    let scale = working.factor as f64;
    let pairs: Vec<_> = [[0.0, 0.0], [5.0, 0.0], [5.0, 3.0], [0.0, 3.0]]
        .map(|p| (p, map.map(p).map(|v| v * scale)))
        .into();
    let outside = Laid::places().filter(|&p| working.sample(map.map(p)).is_none()).count();
    let covered = super::edges::covered(working, &map);
    let map = Homography::from_pairs(&pairs)?;
    Some(Placement { map, side, agreeing, median, outside, covered })
}

/// How a chart lies on a lattice: its first patch, and the steps along its rows and columns.
#[derive(Clone, Copy)]
struct Laid {
    first: [f64; 2],
    right: [f64; 2],
    down: [f64; 2],
}

impl Laid {
    /// The chart's places, row by row.
    fn places() -> impl Iterator<Item = [f64; 2]> {
        (0..24).map(|i| [f64::from(i % 6), f64::from(i / 6)])
    }

    fn on_lattice(&self, p: [f64; 2]) -> [f64; 2] {
        std::array::from_fn(|c| self.first[c] + p[0] * self.right[c] + p[1] * self.down[c])
    }

    fn map(&self, lattice: &Homography) -> Option<Homography> {
        let pairs: Vec<_> = Self::places().map(|p| (p, lattice.map(self.on_lattice(p)))).collect();
        Homography::from_pairs(&pairs)
    }

    /// Patches whose colours agree, and the median ΔE2000, under the better transfer curve.
    fn agreement(
        &self,
        lattice: &Lattice,
        working: &Working,
        source: Source<'_>,
        targets: &[LinearSrgb],
    ) -> Option<(usize, f32)> {
        let seen: Vec<Option<[f32; 3]>> = Self::places()
            .map(|p| sample(working, source, lattice.map.map(self.on_lattice(p))))
            .collect();
        if seen.iter().flatten().count() < ENOUGH {
            return None;
        }
        let linear = score(&seen, targets);
        if matches!(source, Source::Linear(_)) {
            return linear;
        }
        let decoded: Vec<_> = seen.iter().map(|v| v.map(|v| v.map(colour::srgb_decode))).collect();
        let srgb = score(&decoded, targets);
        [linear, srgb].into_iter().flatten().max_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))
    }
}

/// The stored values around a place of the reduced picture.
fn sample(working: &Working, source: Source<'_>, at: [f64; 2]) -> Option<[f32; 3]> {
    working.sample(at)?;
    let (w, h) = source.size();
    let scale = working.factor as f64;
    let mut sum = [0.0; 3];
    for dy in -1..=1 {
        for dx in -1..=1 {
            let place = |v: f64, d: i32, end: usize| {
                (((v + f64::from(d)) * scale).max(0.0) as usize).min(end - 1)
            };
            let v = source.values(place(at[0], dx, w), place(at[1], dy, h));
            sum = [sum[0] + v[0], sum[1] + v[1], sum[2] + v[2]];
        }
    }
    Some(sum.map(|v| v / 9.0))
}

fn score(seen: &[Option<[f32; 3]>], targets: &[LinearSrgb]) -> Option<(usize, f32)> {
    let differences = differences(seen, targets);
    let mut sorted: Vec<f32> = differences.iter().map(|d| d.0).collect();
    sorted.sort_by(f32::total_cmp);
    Some((agreeing(&differences), *sorted.get(ENOUGH / 2)?))
}

fn agreeing(differences: &[(f32, f32)]) -> usize {
    differences.iter().filter(|d| d.0 < AGREES).count()
}

/// For each patch ΔE2000 and the ratio of brightness to its target, after the 3x3 matrix that fits
/// best; infinite where nothing is seen. The patches that fit worst are left out of the matrix, more
/// and more of them while that makes more patches agree, so that a covered part does not spoil the
/// rest.
fn differences(seen: &[Option<[f32; 3]>], targets: &[LinearSrgb]) -> Vec<(f32, f32)> {
    let under = |kept: &[usize]| -> Option<Vec<(f32, f32)>> {
        let matrix = matrix(seen, targets, kept)?;
        Some(seen.iter().zip(targets).map(|(s, t)| difference(&matrix, s.as_ref(), *t)).collect())
    };
    let mut kept: Vec<usize> = (0..seen.len()).filter(|&i| seen[i].is_some()).collect();
    let Some(mut last) = under(&kept) else { return vec![(f32::INFINITY, 1.0); seen.len()] };
    let mut best = last.clone();
    for count in [18, 14, 11] {
        kept.sort_by(|&a, &b| last[a].0.total_cmp(&last[b].0));
        kept.truncate(count);
        let Some(next) = under(&kept) else { break };
        // The first step is always taken: it is what makes the fit robust.
        if count == 18 || agreeing(&next) > agreeing(&best) {
            best.clone_from(&next);
        }
        last = next;
    }
    best
}

fn difference(matrix: &Matrix3<f64>, seen: Option<&[f32; 3]>, target: LinearSrgb) -> (f32, f32) {
    let Some(seen) = seen else { return (f32::INFINITY, 1.0) };
    let out = matrix * Vector3::from_fn(|c, _| f64::from(seen[c]));
    let out: LinearSrgb = std::array::from_fn(|c| out[c] as f32);
    let (a, b) = (colour::linear_srgb_to_lab(out), colour::linear_srgb_to_lab(target));
    let ratio = colour::luminance(out).max(1e-4) / colour::luminance(target).max(1e-4);
    (colour::delta_e_2000(a, b), ratio)
}

/// Least squares, weighted against the targets' brightness as the eye does.
fn matrix(
    seen: &[Option<[f32; 3]>],
    targets: &[LinearSrgb],
    kept: &[usize],
) -> Option<Matrix3<f64>> {
    let (mut normal, mut right) = (Matrix3::zeros(), Matrix3::zeros());
    for &i in kept {
        let Some(v) = seen[i] else { continue };
        let x = Vector3::from_fn(|c, _| f64::from(v[c]));
        let t = Vector3::from_fn(|c, _| f64::from(targets[i][c]));
        let weight = 1.0 / (0.05 + f64::from(colour::luminance(targets[i])));
        normal += x * x.transpose() * (weight * weight);
        right += x * t.transpose() * (weight * weight);
    }
    let ridge = 1e-6 * normal.trace();
    let inverse = (normal + Matrix3::identity() * ridge).try_inverse()?;
    Some((inverse * right).transpose())
}

/// Every way to lay the chart on a lattice such that it covers as much of it as can be.
fn layings(lattice: &Lattice) -> Vec<Laid> {
    let ((left, right), (top, bottom)) = lattice::extent(&lattice.cells);
    let mut all = Vec::new();
    for turned in [false, true] {
        let (columns, rows) = if turned { (4, 6) } else { (6, 4) };
        for x in offsets(left, right, columns) {
            for y in offsets(top, bottom, rows) {
                let (x, y) = (f64::from(x), f64::from(y));
                let (far_x, far_y) = (x + f64::from(columns - 1), y + f64::from(rows - 1));
                let two = if turned {
                    [
                        Laid { first: [far_x, y], right: [0.0, 1.0], down: [-1.0, 0.0] },
                        Laid { first: [x, far_y], right: [0.0, -1.0], down: [1.0, 0.0] },
                    ]
                } else {
                    [
                        Laid { first: [x, y], right: [1.0, 0.0], down: [0.0, 1.0] },
                        Laid { first: [far_x, far_y], right: [-1.0, 0.0], down: [0.0, -1.0] },
                    ]
                };
                all.extend(two);
            }
        }
    }
    all
}

/// First places of a window of `count` over a span, such that one holds the other.
fn offsets(low: i32, high: i32, count: i32) -> std::ops::RangeInclusive<i32> {
    let (a, b) = (high - count + 1, low);
    a.min(b)..=a.max(b)
}
