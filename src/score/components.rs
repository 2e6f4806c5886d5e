//! Connected areas of a yes-or-no picture, by runs along rows and union-find (eight neighbours).

use crate::imaging::Rect;

/// One connected area.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Component {
    /// Pixels.
    pub(super) area: usize,
    /// Extent.
    pub(super) rect: Rect,
    /// Middle of mass, pixel centres at whole numbers.
    pub(super) centre: (f32, f32),
    /// Its runs: row, first column, column after the last.
    pub(super) runs: Vec<(usize, usize, usize)>,
}

impl Component {
    /// How thick it is, by the mean lengths of its cuts across and down: exact for a straight line in any
    /// direction; of a disk .56 of its diameter.
    pub(super) fn thickness(&self) -> f32 {
        let area = self.area as f32;
        // Pixels with one of its own above them begin no cut.
        let (mut above, mut shared) = (0, 0);
        for &(y, a, b) in &self.runs {
            while self.runs[above].0 + 1 < y
                || self.runs[above].0 + 1 == y && self.runs[above].2 <= a
            {
                above += 1;
            }
            let row = self.runs[above..].iter().take_while(|r| r.0 + 1 == y && r.1 < b);
            shared += row.map(|r| r.2.min(b).saturating_sub(r.1.max(a))).sum::<usize>();
        }
        let across = area / self.runs.len().max(1) as f32;
        let down = area / (self.area - shared).max(1) as f32;
        1.0 / (1.0 / (across * across) + 1.0 / (down * down)).sqrt()
    }
}

/// Every connected area inside `within`, largest first.
pub(super) fn find(within: Rect, is: impl Fn(usize, usize) -> bool) -> Vec<Component> {
    find_runs(within, |y, runs| row_runs(within, y, &is, runs))
}

/// As [`find`], where the runs of each row are found by other means: in order of columns, apart from each
/// other.
pub(super) fn find_runs(
    within: Rect,
    mut row: impl FnMut(usize, &mut Vec<(usize, usize, usize)>),
) -> Vec<Component> {
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    let mut parent: Vec<usize> = Vec::new();
    let mut above = 0..0;
    for y in within.y..within.bottom() {
        let start = runs.len();
        row(y, &mut runs);
        parent.extend(start..runs.len());
        join_rows(&runs, above, start, &mut parent);
        above = start..runs.len();
    }
    gather(&runs, &mut parent)
}

/// Appends the runs of the columns of a row that come one after the other.
pub(super) fn append_runs(
    y: usize,
    columns: impl Iterator<Item = usize>,
    runs: &mut Vec<(usize, usize, usize)>,
) {
    for x in columns {
        match runs.last_mut() {
            Some(run) if run.0 == y && run.2 == x => run.2 = x + 1,
            _ => runs.push((y, x, x + 1)),
        }
    }
}

/// Appends the runs of one row.
fn row_runs(
    within: Rect,
    y: usize,
    is: &impl Fn(usize, usize) -> bool,
    runs: &mut Vec<(usize, usize, usize)>,
) {
    let mut x = within.x;
    while x < within.right() {
        if is(x, y) {
            let from = x;
            while x < within.right() && is(x, y) {
                x += 1;
            }
            runs.push((y, from, x));
        }
        x += 1;
    }
}

/// Joins runs that touch runs of the row above; both rows are in order of columns.
fn join_rows(
    runs: &[(usize, usize, usize)],
    above: std::ops::Range<usize>,
    start: usize,
    parent: &mut [usize],
) {
    let mut a = above.start;
    for b in start..runs.len() {
        let (_, from, to) = runs[b];
        while a < above.end && runs[a].2 < from {
            a += 1;
        }
        let mut c = a;
        while c < above.end && runs[c].1 <= to {
            let (p, q) = (root(parent, b), root(parent, c));
            parent[p.max(q)] = p.min(q);
            c += 1;
        }
    }
}

fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}

fn gather(runs: &[(usize, usize, usize)], parent: &mut [usize]) -> Vec<Component> {
    let mut slot = vec![usize::MAX; runs.len()];
    let mut found: Vec<(Component, f64, f64)> = Vec::new();
    for (i, &(y, from, to)) in runs.iter().enumerate() {
        let r = root(parent, i);
        if slot[r] == usize::MAX {
            slot[r] = found.len();
            let empty =
                Component { area: 0, rect: Rect::default(), centre: (0.0, 0.0), runs: vec![] };
            found.push((empty, 0.0, 0.0));
        }
        let (component, sx, sy) = &mut found[slot[r]];
        component.area += to - from;
        component.rect = component.rect.union(&Rect::new(from, y, to - from, 1));
        *sx += (from..to).sum::<usize>() as f64;
        *sy += ((to - from) * y) as f64;
        component.runs.push((y, from, to));
    }
    let mut all: Vec<Component> = found
        .into_iter()
        .map(|(mut component, sx, sy)| {
            let n = component.area as f64;
            component.centre = ((sx / n) as f32, (sy / n) as f32);
            component
        })
        .collect();
    all.sort_by_key(|c| std::cmp::Reverse(c.area));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_join_over_corners_and_come_largest_first() {
        let rows = ["#..#....", ".##.....", "......##", "#.....##", "#.#....."];
        let is = |x: usize, y: usize| rows[y].as_bytes()[x] == b'#';
        let found = find(Rect::new(0, 0, 8, 5), is);
        let areas: Vec<usize> = found.iter().map(|c| c.area).collect();
        assert_eq!(areas, [4, 4, 2, 1]);
        assert_eq!(found[0].rect, Rect::new(0, 0, 4, 2));
        assert_eq!(found[1].centre, (6.5, 2.5));
    }

    #[test]
    fn lines_are_as_thick_as_they_are_drawn_and_disks_nearly() {
        for deg in [0.0_f32, 20.0, 45.0, 70.0, 90.0] {
            let (s, c) = deg.to_radians().sin_cos();
            let line = |x: usize, y: usize| {
                let (dx, dy) = (x as f32 - 99.5, y as f32 - 99.5);
                (s * dx - c * dy).abs() < 3.0 && (c * dx + s * dy).abs() < 80.0
            };
            let got = find(Rect::new(0, 0, 200, 200), line)[0].thickness();
            assert!((got - 6.0).abs() < 0.8, "{deg}: {got}");
        }
        let disk = |x: usize, y: usize| (x as f32 - 50.0).hypot(y as f32 - 50.0) < 20.0;
        let got = find(Rect::new(0, 0, 100, 100), disk)[0].thickness();
        assert!((got - 22.2).abs() < 1.5, "{got}");
    }

    #[test]
    fn columns_become_runs() {
        let mut runs = vec![(3, 0, 9)];
        append_runs(4, [2, 3, 4, 9, 11, 12].into_iter(), &mut runs);
        assert_eq!(runs, [(3, 0, 9), (4, 2, 5), (4, 9, 10), (4, 11, 13)]);
    }

    #[test]
    fn a_comb_is_one_area() {
        let found = find(Rect::new(0, 0, 99, 20), |x, y| x % 2 == 0 || y == 19);
        assert_eq!((found.len(), found[0].area), (1, 50 * 19 + 99));
    }
}
