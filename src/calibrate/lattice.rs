//! Regions that stand in rows and columns, such as the patches of a chart, under any perspective.

use super::geometry::Homography;
use super::regions::{Buckets, Region};
use std::collections::BTreeMap;
use std::collections::VecDeque;

/// Distances between the middles of neighbouring patches, in patch sides as they are seen: flat
/// middles of blurred patches look smaller than they are.
const APART: std::ops::Range<f64> = 0.95..2.3;
/// How far a patch may be from where its row expects it, in pitches.
const OFF: f64 = 0.27;
/// Ratio of areas of neighbours.
const LIKE: std::ops::Range<f64> = 0.4..2.5;
/// Fewest patches that make a lattice.
const FEWEST: usize = 7;
/// Farthest place from the seed, in rows and columns.
const FARTHEST: i32 = 9;

/// Column and row from a seed.
pub(super) type Place = (i32, i32);

/// Regions at whole places, and the map from places to the picture.
pub(super) struct Lattice {
    pub(super) cells: BTreeMap<Place, usize>,
    pub(super) map: Homography,
}

/// Every lattice in the picture, the one with most regions first.
pub(super) fn lattices(regions: &[Region], w: usize, h: usize) -> Vec<Lattice> {
    let mut buckets = Buckets::new(w, h);
    for (i, r) in regions.iter().enumerate() {
        buckets.add(r.centre, i);
    }
    let field = Field { regions, buckets };
    let mut taken = vec![false; regions.len()];
    let mut found = Vec::new();
    for seed in 0..regions.len() {
        if taken[seed] {
            continue;
        }
        if let Some(lattice) = field.best_from(seed) {
            for &i in lattice.cells.values() {
                taken[i] = true;
            }
            found.push(lattice);
        }
    }
    found.sort_by_key(|l| std::cmp::Reverse(l.cells.len()));
    found
}

/// Regions, findable by place.
struct Field<'a> {
    regions: &'a [Region],
    buckets: Buckets,
}

/// What is known at a place while a lattice grows: the region, and its steps to the right and down.
#[derive(Clone, Copy)]
struct Cell {
    region: usize,
    steps: [[f64; 2]; 2],
}

impl Field<'_> {
    /// The largest lattice around a region.
    fn best_from(&self, seed: usize) -> Option<Lattice> {
        let neighbours = self.neighbours(seed);
        let mut best: Option<Lattice> = None;
        for &j in &neighbours {
            for &k in &neighbours {
                let Some(steps) = self.basis(seed, j, k) else { continue };
                let Some(lattice) = self.grow(Cell { region: seed, steps }) else { continue };
                if best.as_ref().is_none_or(|b| b.cells.len() < lattice.cells.len()) {
                    best = Some(lattice);
                }
            }
        }
        best
    }

    fn neighbours(&self, i: usize) -> Vec<usize> {
        let own = &self.regions[i];
        let reach = own.area.sqrt() * APART.end * 1.6;
        let fits = |&j: &usize| {
            let other = &self.regions[j];
            let d = own.sides_to(other.centre);
            j != i && APART.contains(&d[0].hypot(d[1])) && LIKE.contains(&(other.area / own.area))
        };
        self.buckets.near(own.centre, reach).filter(fits).collect()
    }

    /// Two neighbours at about right angles, the second clockwise from the first, as long as one
    /// another, with a region at the fourth corner: the steps of a lattice.
    fn basis(&self, i: usize, j: usize, k: usize) -> Option<[[f64; 2]; 2]> {
        let (own, a, b) = (&self.regions[i], &self.regions[j], &self.regions[k]);
        let (u, v) = (own.sides_to(a.centre), own.sides_to(b.centre));
        let (lu, lv) = (u[0].hypot(u[1]), v[0].hypot(v[1]));
        let cos = (u[0] * v[0] + u[1] * v[1]) / (lu * lv);
        let sin = (u[0] * v[1] - u[1] * v[0]) / (lu * lv);
        if sin < 0.85 || cos.abs() > 0.5 || !(0.72..1.4).contains(&(lu / lv)) {
            return None;
        }
        let step = |r: &Region| [r.centre[0] - own.centre[0], r.centre[1] - own.centre[1]];
        let steps = [step(a), step(b)];
        let corner = std::array::from_fn(|c| own.centre[c] + steps[0][c] + steps[1][c]);
        self.at(corner, steps[0][0].hypot(steps[0][1]), own.area)?;
        Some(steps)
    }

    /// The region nearest to a place, when it is near and like enough.
    fn at(&self, place: [f64; 2], pitch: f64, area: f64) -> Option<usize> {
        let near = OFF * pitch;
        let distance = |i: usize| {
            let c = self.regions[i].centre;
            (c[0] - place[0]).hypot(c[1] - place[1])
        };
        self.buckets
            .near(place, near)
            .filter(|&i| distance(i) < near && LIKE.contains(&(self.regions[i].area / area)))
            .min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
    }

    fn grow(&self, seed: Cell) -> Option<Lattice> {
        let mut cells: BTreeMap<Place, Cell> = BTreeMap::from([((0, 0), seed)]);
        let mut open = VecDeque::from([(0, 0)]);
        while let Some(place) = open.pop_front() {
            for (axis, sign) in [(0, 1), (0, -1), (1, 1), (1, -1)] {
                let next = neighbour(place, axis, sign);
                if next.0.abs() > FARTHEST || next.1.abs() > FARTHEST || cells.contains_key(&next) {
                    continue;
                }
                if let Some(cell) = self.step(&cells, place, axis, sign) {
                    cells.insert(next, cell);
                    open.push_back(next);
                }
            }
        }
        self.settle(&cells)
    }

    /// The cell beside another one, when there is a region where it is expected.
    fn step(
        &self,
        cells: &BTreeMap<Place, Cell>,
        place: Place,
        axis: usize,
        sign: i32,
    ) -> Option<Cell> {
        let cell = cells.get(&place)?;
        let own = &self.regions[cell.region];
        let mut along = cell.steps[axis];
        if let Some(behind) = cells.get(&neighbour(place, axis, -sign)) {
            let b = &self.regions[behind.region];
            let straight = |c: usize| (own.centre[c] - b.centre[c]) * f64::from(sign);
            along = [straight(0), straight(1)];
        }
        let s = f64::from(sign);
        let expected = [own.centre[0] + s * along[0], own.centre[1] + s * along[1]];
        let region = self.at(expected, along[0].hypot(along[1]), own.area)?;
        let c = self.regions[region].centre;
        let mut steps = cell.steps;
        steps[axis] = [(c[0] - own.centre[0]) * s, (c[1] - own.centre[1]) * s];
        Some(Cell { region, steps })
    }

    /// The map through the cells, without those that it misses.
    fn settle(&self, cells: &BTreeMap<Place, Cell>) -> Option<Lattice> {
        let mut kept: BTreeMap<Place, usize> = cells.iter().map(|(p, c)| (*p, c.region)).collect();
        for _ in 0..3 {
            if kept.len() < FEWEST || !spans(&kept) {
                return None;
            }
            let pairs: Vec<_> =
                kept.iter().map(|(p, &i)| (point(*p), self.regions[i].centre)).collect();
            let map = Homography::from_pairs(&pairs)?;
            let pitch = self.regions[*kept.values().next()?].area.sqrt() * 1.2;
            let before = kept.len();
            kept.retain(|p, i| {
                let (q, c) = (map.map(point(*p)), self.regions[*i].centre);
                (q[0] - c[0]).hypot(q[1] - c[1]) < 0.18 * pitch
            });
            if kept.len() == before {
                return Some(Lattice { cells: kept, map });
            }
        }
        None
    }
}

fn neighbour(place: Place, axis: usize, sign: i32) -> Place {
    if axis == 0 { (place.0 + sign, place.1) } else { (place.0, place.1 + sign) }
}

fn point(p: Place) -> [f64; 2] {
    [f64::from(p.0), f64::from(p.1)]
}

/// Whether there are at least two columns and two rows, and three of one.
fn spans(cells: &BTreeMap<Place, usize>) -> bool {
    let (columns, rows) = extent(cells);
    let (c, r) = (columns.1 - columns.0, rows.1 - rows.0);
    c.min(r) >= 1 && c.max(r) >= 2
}

/// First and last column, first and last row.
pub(super) fn extent(cells: &BTreeMap<Place, usize>) -> ((i32, i32), (i32, i32)) {
    let span = |f: fn(&Place) -> i32| {
        let low = cells.keys().map(f).min().unwrap_or(0);
        (low, cells.keys().map(f).max().unwrap_or(0))
    };
    (span(|p| p.0), span(|p| p.1))
}
