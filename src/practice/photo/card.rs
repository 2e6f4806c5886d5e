//! A grey card or a chart of 24 patches that lies on the set, with known corners.

use super::super::scene::Stage;
use super::super::vectors::V;

/// How the patches lie on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Patches in a row.
    pub columns: usize,
    /// Rows of patches.
    pub rows: usize,
}

/// A flat card with patches. It is lit as the paper is where it lies, and lies over the paper and
/// behind the piece: put it beside the piece, not in front of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// How the patches lie.
    pub grid: Grid,
    /// Reflectance of every patch in linear sRGB, row by row from the upper left.
    pub patches: Vec<[f32; 3]>,
    /// Reflectance of the border and the gaps, linear sRGB.
    pub border: [f32; 3],
    /// Share of a cell that is gap, 0 to 1.
    pub gap: f32,
    /// The middle of the card's lower edge on the paper, millimetres to the right of the piece's
    /// middle and toward the camera.
    pub at_mm: (f32, f32),
    /// Width in millimetres; the height follows from square patches.
    pub width_mm: f32,
    /// Turned on the paper, clockwise as seen from above, degrees.
    pub turn_deg: f32,
    /// Tilted up from the paper, degrees: 0 lies flat, 66 faces the camera of the usual set.
    pub tilt_deg: f32,
}

impl Card {
    /// A grey card of one patch with the usual reflectance of 18 %, beside the piece.
    pub fn grey() -> Card {
        Card {
            grid: Grid { columns: 1, rows: 1 },
            patches: vec![[0.18; 3]],
            border: [0.18; 3],
            gap: 0.0,
            at_mm: (-16.0, 12.0),
            width_mm: 14.0,
            turn_deg: 0.0,
            tilt_deg: 40.0,
        }
    }

    /// A chart of 6 x 4 patches on black that faces the camera in the middle of the frame; for a
    /// shot without the piece.
    pub fn chart(patches: Vec<[f32; 3]>) -> Card {
        Card {
            grid: Grid { columns: 6, rows: 4 },
            patches,
            border: [0.03; 3],
            gap: 0.12,
            at_mm: (0.0, 0.0),
            width_mm: 30.0,
            turn_deg: 0.0,
            tilt_deg: 66.0,
        }
    }

    fn height_mm(&self) -> f32 {
        self.width_mm * self.grid.rows as f32 / self.grid.columns.max(1) as f32
    }

    pub(crate) fn placed(&self) -> Placed<'_> {
        let (st, ct) = self.turn_deg.to_radians().sin_cos();
        let (sl, cl) = self.tilt_deg.to_radians().sin_cos();
        let right = V(ct, 0.0, st);
        let back = V(st, 0.0, -ct);
        let up = back * cl + V(0.0, sl, 0.0);
        let foot = V(self.at_mm.0, 0.05, self.at_mm.1);
        let corner = foot + right * (-0.5 * self.width_mm) + up * self.height_mm();
        Placed { card: self, corner, right, down: -up, normal: right.cross(up) }
    }

    /// Reflectance at a place of the card, in fractions of its width and height.
    fn reflectance(&self, u: f32, v: f32) -> [f32; 3] {
        let (x, y) = (u * self.grid.columns as f32, v * self.grid.rows as f32);
        let edge = 0.5 * self.gap;
        let inside = |t: f32| t.fract() >= edge && t.fract() < 1.0 - edge;
        if !(inside(x) && inside(y)) {
            return self.border;
        }
        let (i, j) =
            ((x as usize).min(self.grid.columns - 1), (y as usize).min(self.grid.rows - 1));
        self.patches.get(j * self.grid.columns + i).copied().unwrap_or(self.border)
    }
}

/// A card in the world.
pub(crate) struct Placed<'a> {
    card: &'a Card,
    /// Its upper left corner.
    corner: V,
    right: V,
    down: V,
    normal: V,
}

/// Where the card and its patches are in a picture, pixels, each as upper left, upper right, lower
/// right and lower left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct CardTruth {
    /// The whole card.
    pub corners: [(f32, f32); 4],
    /// Each patch without its gap.
    pub patches: Vec<[(f32, f32); 4]>,
}

impl Placed<'_> {
    /// A place of the card, in fractions of its width and height, in the world.
    fn world(&self, u: f32, v: f32) -> V {
        let (w, h) = (self.card.width_mm, self.card.height_mm());
        self.corner + self.right * (u * w) + self.down * (v * h)
    }

    /// The card's corners, and those of its patches, through `project`.
    pub(crate) fn truth(&self, project: impl Fn(V) -> (f32, f32)) -> CardTruth {
        let quad = |u0: f32, v0: f32, u1: f32, v1: f32| {
            [(u0, v0), (u1, v0), (u1, v1), (u0, v1)].map(|(u, v)| project(self.world(u, v)))
        };
        let (nx, ny) = (self.card.grid.columns, self.card.grid.rows);
        let edge = 0.5 * self.card.gap;
        let patches = (0..nx * ny).map(|i| {
            let (x, y) = ((i % nx) as f32, (i / nx) as f32);
            quad(
                (x + edge) / nx as f32,
                (y + edge) / ny as f32,
                (x + 1.0 - edge) / nx as f32,
                (y + 1.0 - edge) / ny as f32,
            )
        });
        CardTruth { corners: quad(0.0, 0.0, 1.0, 1.0), patches: patches.collect() }
    }

    /// Depth of the card's middle along the camera's axis.
    pub(crate) fn depth(&self, stage: &Stage) -> f32 {
        stage.view.depth(self.world(0.5, 0.5))
    }

    /// Reflectance seen along a ray and where on the paper the light is that falls there; none
    /// beside the card.
    pub(crate) fn seen(&self, o: V, d: V) -> Option<([f32; 3], (f32, f32))> {
        let t = (self.corner - o).dot(self.normal) / d.dot(self.normal);
        let p = o + d * t;
        let q = p - self.corner;
        let u = q.dot(self.right) / self.card.width_mm;
        let v = q.dot(self.down) / self.card.height_mm();
        let on = t > 0.0 && (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v);
        on.then(|| (self.card.reflectance(u, v), (p.0, p.2)))
    }
}
