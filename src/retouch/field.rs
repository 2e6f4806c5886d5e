//! A smooth colour field over the whole picture, kept as a coarse grid.

use super::tile::Frame;
use crate::imaging::Rect;

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

    /// The least value of each channel in a part of the frame, or a little less.
    pub(super) fn least(&self, frame: &Frame, part: Rect) -> [f32; 3] {
        let node = |v: usize, n: usize| (v * CELLS / n.max(1)).min(CELLS);
        let (x0, y0) = (node(part.x, frame.w), node(part.y, frame.h));
        let (x1, y1) = (node(part.right(), frame.w), node(part.bottom(), frame.h));
        let mut least = [f32::MAX; 3];
        for y in y0..=(y1 + 1).min(CELLS) {
            for n in &self.nodes[y * (CELLS + 1) + x0..=y * (CELLS + 1) + (x1 + 1).min(CELLS)] {
                (0..3).for_each(|c| least[c] = least[c].min(n[c]));
            }
        }
        least
    }

    /// The values of a part of a row of the frame, from `x`, `y` on.
    pub(super) fn row(&self, frame: &Frame, x: usize, y: usize, out: &mut [Vec<f32>; 3]) {
        let step = CELLS as f32 / frame.w.max(1) as f32;
        let v = (y as f32 + 0.5) * CELLS as f32 / frame.h.max(1) as f32;
        let (j, fy) = ((v as usize).min(CELLS - 1), v - (v as usize).min(CELLS - 1) as f32);
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
                for (k, out) in out[at..end].iter_mut().enumerate() {
                    *out = first + slope * (k as i32) as f32;
                }
            }
            at = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
