//! A smooth colour field over the whole picture, kept as a coarse grid.

use super::tile::Frame;
use crate::imaging::Rect;
use crate::imaging::lanes::wide;

/// Cells across and down.
const CELLS: usize = 32;

/// Three smooth values a place, linear between the nodes of a grid.
#[derive(Clone, Debug)]
pub(super) struct Field {
    nodes: Vec<[f32; 3]>,
}

impl Field {
    /// Tabulates a function of the place, 0 to 1 across and down.
    pub(super) fn new(f: impl Fn(f32, f32) -> [f32; 3]) -> Self {
        let at = |i: usize| i as f32 / CELLS as f32;
        let nodes = (0..=CELLS).flat_map(|y| (0..=CELLS).map(move |x| (x, y)));
        Self { nodes: nodes.map(|(x, y)| f(at(x), at(y))).collect() }
    }

    /// Whether it is the same everywhere.
    pub(super) fn is_flat(&self) -> bool {
        let first = self.nodes[0];
        let near = |n: &[f32; 3]| (0..3).all(|c| (n[c] - first[c]).abs() <= 1e-5 * first[c].abs());
        self.nodes.iter().all(near)
    }

    /// The least value of each channel in a part of the frame. Between four nodes it lies at a corner.
    pub(super) fn least(&self, frame: &Frame, part: Rect) -> [f32; 3] {
        let stops = |from: usize, to: usize, n: usize| {
            let place = |v: usize| v as f32 * CELLS as f32 / n.max(1) as f32;
            let (from, to) = (place(from), place(to).min(CELLS as f32));
            let nodes = (from as usize + 1..to.ceil() as usize).map(|node| node as f32);
            [from, to].into_iter().chain(nodes)
        };
        let mut least = [f32::MAX; 3];
        for v in stops(part.y, part.bottom(), frame.h) {
            for u in stops(part.x, part.right(), frame.w) {
                let here = self.at(u, v);
                (0..3).for_each(|c| least[c] = least[c].min(here[c]));
            }
        }
        least
    }

    /// The values at a place in cells.
    fn at(&self, u: f32, v: f32) -> [f32; 3] {
        let ((i, fx), (j, fy)) = (cell(u), cell(v));
        let node = |i: usize, j: usize, c: usize| self.nodes[j * (CELLS + 1) + i][c];
        std::array::from_fn(|c| {
            let upper = node(i, j, c) + (node(i + 1, j, c) - node(i, j, c)) * fx;
            let lower = node(i, j + 1, c) + (node(i + 1, j + 1, c) - node(i, j + 1, c)) * fx;
            upper + (lower - upper) * fy
        })
    }

    /// The values of a part of a row of the frame, from `x`, `y` on.
    pub(super) fn row(&self, frame: &Frame, x: usize, y: usize, out: &mut [Vec<f32>; 3]) {
        let step = CELLS as f32 / frame.w.max(1) as f32;
        let v = (y as f32 + 0.5) * CELLS as f32 / frame.h.max(1) as f32;
        let (j, fy) = cell(v);
        let node = |i: usize, c: usize| {
            let upper = self.nodes[j * (CELLS + 1) + i][c];
            let lower = self.nodes[(j + 1) * (CELLS + 1) + i][c];
            upper + (lower - upper) * fy
        };
        let width = out[0].len();
        let mut at = 0;
        while at < width {
            let u = ((x + at) as f32 + 0.5) * step;
            let i = (u as usize).min(CELLS - 1);
            // How many pixels lie in this cell: always at least this one.
            let end = ((i + 1) as f32 / step - 0.5).ceil() as usize;
            let end =
                if i + 1 == CELLS { width } else { end.saturating_sub(x).clamp(at + 1, width) };
            for (c, out) in out.iter_mut().enumerate() {
                let (a, b) = (node(i, c), node(i + 1, c));
                let slope = (b - a) * step;
                let first = a + (b - a) * (u - i as f32);
                let part = &mut out[at..end];
                wide(|| {
                    for (k, out) in part.iter_mut().enumerate() {
                        *out = first + slope * (k as i32) as f32;
                    }
                });
            }
            at = end;
        }
    }
}

/// The cell that a place lies in, and how far it lies in it.
fn cell(place: f32) -> (usize, f32) {
    let cell = (place as usize).min(CELLS - 1);
    (cell, place - cell as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_a_part_is_that_of_its_pixels() {
        // Falls to a valley across the middle and rises along it.
        let field = Field::new(|u, v| [(u - 0.47).abs() + 0.2 * v, 1.0 - u * v, 0.5 + u]);
        let frame = Frame { w: 700, h: 400, scale: 1.0 };
        for part in [Rect::new(0, 0, 64, 8), Rect::new(300, 90, 90, 60), Rect::new(690, 392, 10, 8)]
        {
            let mut pixels = [f32::MAX; 3];
            let mut row = [(); 3].map(|()| vec![0.0; part.w]);
            for y in part.y..part.bottom() {
                field.row(&frame, part.x, y, &mut row);
                (0..3).for_each(|c| pixels[c] = row[c].iter().fold(pixels[c], |a, b| a.min(*b)));
            }
            let least = field.least(&frame, part);
            for c in 0..3 {
                let below = pixels[c] - least[c];
                assert!((-1e-6..0.004).contains(&below), "{part:?}, channel {c}: {below}");
            }
        }
    }

    #[test]
    fn a_plane_is_read_exactly_at_any_size() {
        let field = Field::new(|u, v| [u, v, 1.0]);
        for (w, h) in [(1, 1), (7, 5), (500, 300)] {
            let frame = Frame { w, h, scale: 1.0 };
            let mut out = [(); 3].map(|()| vec![0.0; w]);
            for y in 0..h {
                field.row(&frame, 0, y, &mut out);
                for x in 0..w {
                    let want = [(x as f32 + 0.5) / w as f32, (y as f32 + 0.5) / h as f32, 1.0];
                    let near = (0..3).all(|c| (out[c][x] - want[c]).abs() < 1e-4);
                    assert!(near, "{w} {h} {x} {y}");
                }
            }
        }
    }
}
