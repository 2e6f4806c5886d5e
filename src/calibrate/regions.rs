//! Flat regions of a picture that are about as full as a parallelogram: what patches look like.

use super::working::Working;
use rayon::prelude::*;

/// Steps between neighbours that a flat region may have: low ones keep a patch apart from a gap of
/// nearly its colour, high ones bear noise.
const STEPS: [f32; 4] = [0.008, 0.016, 0.032, 0.06];
/// Fewest pixels of a region.
const FEWEST: usize = 16;
/// A region's pixels over those of the parallelogram with its moments: 1 for one, 1.05 for an
/// ellipse, less with holes or dents.
const FULL: std::ops::Range<f64> = 0.8..1.06;
/// Largest ratio of a region's principal axes.
const LONGEST: f64 = 2.3;

/// A flat region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    /// Its middle; the middle of the first pixel is at .5, .5.
    pub(super) centre: [f64; 2],
    /// Pixels.
    pub(super) area: f64,
    /// Second moments about the middle: xx, xy, yy.
    pub(super) moments: [f64; 3],
}

impl Region {
    /// Distance to a place in sides of this region, in the frame where the region is a square.
    pub(super) fn sides_to(&self, p: [f64; 2]) -> [f64; 2] {
        // The inverse square root of the moments by Cholesky: any such frame is the right one up to
        // a turn.
        let [xx, xy, yy] = self.moments;
        let (dx, dy) = (p[0] - self.centre[0], p[1] - self.centre[1]);
        let a = xx.max(1e-9).sqrt();
        let b = xy / a;
        let c = (yy - b * b).max(1e-9).sqrt();
        let u = dx / a;
        let v = (dy - b * u) / c;
        [u / 12_f64.sqrt(), v / 12_f64.sqrt()]
    }
}

/// Every region that could be a patch, larger ones first, each once.
pub(super) fn regions(picture: &Working) -> Vec<Region> {
    let smooth = picture.smoothed();
    let mut all: Vec<Region> = STEPS
        .par_iter()
        .flat_map_iter(|&step| flat_regions(picture.w, picture.h, &smooth, step))
        .collect();
    all.sort_by(|a, b| b.area.total_cmp(&a.area));
    distinct(all, picture.w, picture.h)
}

/// Keeps the largest of regions with the same middle.
fn distinct(sorted: Vec<Region>, w: usize, h: usize) -> Vec<Region> {
    let mut buckets = Buckets::new(w, h);
    let mut kept: Vec<Region> = Vec::new();
    for region in sorted {
        let near = 0.3 * region.area.sqrt();
        let twin = buckets.near(region.centre, near).any(|i| {
            let other: &Region = &kept[i];
            let far =
                (other.centre[0] - region.centre[0]).hypot(other.centre[1] - region.centre[1]);
            far < near && other.area < 2.5 * region.area
        });
        if !twin {
            buckets.add(region.centre, kept.len());
            kept.push(region);
        }
    }
    kept
}

/// Indices by place, for neighbour searches.
pub(super) struct Buckets {
    columns: usize,
    rows: usize,
    cells: Vec<Vec<usize>>,
}

impl Buckets {
    const CELL: f64 = 16.0;

    pub(super) fn new(w: usize, h: usize) -> Self {
        let (columns, rows) = (w / 16 + 1, h / 16 + 1);
        Self { columns, rows, cells: vec![Vec::new(); columns * rows] }
    }

    pub(super) fn add(&mut self, at: [f64; 2], index: usize) {
        let x = ((at[0] / Self::CELL) as usize).min(self.columns - 1);
        let y = ((at[1] / Self::CELL) as usize).min(self.rows - 1);
        self.cells[y * self.columns + x].push(index);
    }

    /// Indices in the cells that a circle touches.
    pub(super) fn near(&self, at: [f64; 2], radius: f64) -> impl Iterator<Item = usize> + '_ {
        let span = |v: f64, end: usize| {
            let low = ((v - radius) / Self::CELL).max(0.0) as usize;
            let high = ((v + radius) / Self::CELL).max(0.0) as usize;
            low.min(end - 1)..high.min(end - 1) + 1
        };
        let columns = span(at[0], self.columns);
        span(at[1], self.rows)
            .flat_map(move |y| columns.clone().map(move |x| y * self.columns + x))
            .flat_map(|cell| self.cells[cell].iter().copied())
    }
}

/// Sums over a region's pixels.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    /// Pixels.
    pub(super) n: u32,
    /// Sums of their middles.
    pub(super) x: f64,
    pub(super) y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

fn flat_regions(w: usize, h: usize, smooth: &[[f32; 3]], step: f32) -> Vec<Region> {
    sums(w, &label(w, h, smooth, step), FEWEST..w * h / 12)
        .iter()
        .filter_map(|(_, s)| region(s))
        .collect()
}

/// The regions with a number of pixels within bounds: their roots and the sums over them.
pub(super) fn sums(w: usize, labels: &[u32], pixels: std::ops::Range<usize>) -> Vec<(u32, Sums)> {
    const NONE: u32 = u32::MAX;
    let mut counts = vec![0_u32; labels.len()];
    for &root in labels {
        counts[root as usize] += 1;
    }
    // From here on a count becomes the place in the list.
    let mut places = counts;
    let mut all: Vec<(u32, Sums)> = Vec::new();
    for (root, place) in places.iter_mut().enumerate() {
        *place = if pixels.contains(&(*place as usize)) {
            all.push((root as u32, Sums::default()));
            all.len() as u32 - 1
        } else {
            NONE
        };
    }
    for (i, &root) in labels.iter().enumerate() {
        let place = places[root as usize];
        if place == NONE {
            continue;
        }
        let (x, y) = ((i % w) as f64 + 0.5, (i / w) as f64 + 0.5);
        let s = &mut all[place as usize].1;
        s.n += 1;
        s.x += x;
        s.y += y;
        s.xx += x * x;
        s.xy += x * y;
        s.yy += y * y;
    }
    all
}

fn region(s: &Sums) -> Option<Region> {
    let n = f64::from(s.n);
    let centre = [s.x / n, s.y / n];
    // A pixel is a square with moments of its own.
    let xx = s.xx / n - centre[0] * centre[0] + 1.0 / 12.0;
    let yy = s.yy / n - centre[1] * centre[1] + 1.0 / 12.0;
    let xy = s.xy / n - centre[0] * centre[1];
    let det = xx * yy - xy * xy;
    if det <= 0.0 {
        return None;
    }
    let fullness = n / (12.0 * det.sqrt());
    let half = f64::midpoint(xx, yy);
    let spread = ((xx - yy) * 0.5).hypot(xy);
    let longest = ((half + spread) / (half - spread).max(1e-9)).sqrt();
    (FULL.contains(&fullness) && longest < LONGEST).then_some(Region {
        centre,
        area: n,
        moments: [xx, xy, yy],
    })
}

/// For each pixel the root of its region: neighbours whose channels differ by less than `step` are
/// one region.
pub(super) fn label(w: usize, h: usize, smooth: &[[f32; 3]], step: f32) -> Vec<u32> {
    let mut parents: Vec<u32> = (0..(w * h) as u32).collect();
    let same = |a: usize, b: usize| {
        let (p, q) = (smooth[a], smooth[b]);
        (p[0] - q[0]).abs() < step && (p[1] - q[1]).abs() < step && (p[2] - q[2]).abs() < step
    };
    for y in 0..h {
        for x in 0..w {
            let i = y * w + x;
            if x > 0 && same(i, i - 1) {
                join(&mut parents, i as u32, i as u32 - 1);
            }
            if y > 0 && same(i, i - w) {
                join(&mut parents, i as u32, (i - w) as u32);
            }
        }
    }
    for i in 0..parents.len() as u32 {
        let root = root(&mut parents, i);
        parents[i as usize] = root;
    }
    parents
}

fn root(parents: &mut [u32], mut i: u32) -> u32 {
    while parents[i as usize] != i {
        parents[i as usize] = parents[parents[i as usize] as usize];
        i = parents[i as usize];
    }
    i
}

fn join(parents: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b) as usize] = a.min(b);
}
