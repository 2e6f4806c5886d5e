//! How wide edges are: the ratio of an edge's gradient at two scales (Zhuo and Sim, Defocus map
//! estimation from a single image, 2011), in linear light.
//!
//! For a step blurred by a Gaussian of variance `b`, the gradient at a scale of variance `s` is
//! proportional to `1 / sqrt(b + s)`. Its ratio `R` at two scales gives
//! `b = (s2 - R² s1) / (R² - 1)`. Single edges err; upper quartiles over tiles or parts are used.

use super::stats::quantile;
use super::subject::Subject;
use super::view::View;
use crate::imaging::lanes::wide;
use crate::imaging::{Plane, Rect};

/// Variance of the first scale: binomial (1) and central difference (the derivative of a box of two
/// pixels, 1/3).
const FINE: f32 = 1.0 + 1.0 / 3.0;
/// The second scale: the binomial with every second tap (4) on top.
const COARSE: f32 = FINE + 4.0;
/// A pixel gathers light over its own square.
const PIXEL: f32 = 1.0 / 12.0;
/// What is left of the variance of white noise in a gradient of the first scale.
const SMOOTHED: f32 = (70.0 / 256.0) * (21.0 / 256.0);
/// Wider edges cannot be told from shading.
const WIDEST: f32 = 7.0;
/// The edge that stands for many: the upper quartile. Jewellery's edges are close together, and a
/// neighbour of the other sign makes an edge look sharper than it is, never softer.
const USUAL: f32 = 0.75;
/// Side of the tiles of the map, working pixels.
pub(super) const TILE: usize = 32;

/// One place on an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    /// Working pixels.
    pub(super) x: u16,
    /// Working pixels.
    pub(super) y: u16,
    /// Variance of the blur, pixels².
    pub(super) variance: f32,
    /// Gradient at the first scale, linear light a pixel.
    pub(super) strength: f32,
    /// Twice the angle of the edge's normal: cosine and sine.
    double: [f32; 2],
}

/// The edges of a picture and the buffers that find them.
#[derive(Default)]
pub(super) struct Edges {
    pub(super) all: Vec<Edge>,
    linear: Plane,
    fine: Plane,
    coarse: Plane,
    spare: Vec<f32>,
    /// Of the first scale: right, down, squared length.
    gradients: [Vec<f32>; 3],
}

impl Edges {
    /// Finds the edges inside the piece's extent.
    pub(super) fn find(&mut self, view: &View, subject: &Subject, noise: f32) {
        self.all.clear();
        let rect = subject.rect.grown(6, view.tone.w, view.tone.h);
        if rect.w < 24 || rect.h < 24 {
            return;
        }
        wide(|| linear(&view.tone, rect, &mut self.linear));
        wide(|| blur(&self.linear, 1, &mut self.fine, &mut self.spare));
        wide(|| blur(&self.fine, 2, &mut self.coarse, &mut self.spare));
        wide(|| differentiate(&self.fine, &mut self.gradients));
        let floor = self.floor(noise).powi(2);
        for y in 5..rect.h - 5 {
            let mask = subject.row(rect.y + y);
            let near = |x: usize| mask.get((rect.x + x) / subject.step()).is_some_and(|m| *m > 127);
            for x in 5..rect.w - 5 {
                if self.gradients[2][y * rect.w + x] > floor && near(x) {
                    self.consider(x, y, rect);
                }
            }
        }
    }

    /// Weaker gradients are noise or shading: five times the noise, and a fifth of the strong ones.
    fn floor(&self, noise: f32) -> f32 {
        let step = (self.gradients[2].len() / 20_000) | 1;
        let mut some: Vec<f32> = self.gradients[2].iter().step_by(step).copied().collect();
        let strong = quantile(&mut some, 0.98).sqrt();
        // Noise was measured on the tone; around middle grey linear light is .7 times as steep.
        let noise = 0.7 * noise * SMOOTHED.sqrt();
        (5.0 * noise).max(0.2 * strong).max(0.003)
    }

    /// Keeps a pixel that is a maximum across its edge and is not beside a clipped one.
    fn consider(&mut self, x: usize, y: usize, rect: Rect) {
        let w = self.fine.w;
        let [dx, dy, square] = [0, 1, 2].map(|k: usize| self.gradients[k][y * w + x]);
        let strength = square.sqrt();
        let (ux, uy) = (dx / strength, dy / strength);
        let (sx, sy) = (ux.round() as isize, uy.round() as isize);
        let at = |k: isize| (y as isize + k * sy) as usize * w + (x as isize + k * sx) as usize;
        if self.gradients[2][at(1)] > square || self.gradients[2][at(-1)] >= square {
            return;
        }
        if (-4..=4).any(|k| self.linear.data[at(k)] > 0.97) {
            return;
        }
        let [cx, cy] = gradient(&self.coarse, x, y);
        // Along the same direction, so that a crossing edge does not add to the wide scale.
        let wide = (cx * ux + cy * uy).max(1e-6);
        let ratio = (strength / wide).powi(2);
        let widest = WIDEST * WIDEST;
        let variance =
            if ratio <= 1.0 { widest } else { (COARSE - ratio * FINE) / (ratio - 1.0) - PIXEL };
        self.all.push(Edge {
            x: (rect.x + x) as u16,
            y: (rect.y + y) as u16,
            variance: variance.clamp(0.0, widest),
            strength,
            double: [ux * ux - uy * uy, 2.0 * ux * uy],
        });
    }

    /// Usual blur, pixels, of the edges that `is` picks; none where there are fewer than `least`.
    pub(super) fn usual_of(&self, least: usize, is: impl Fn(&Edge) -> bool) -> Option<f32> {
        let mut picked: Vec<f32> = self.all.iter().filter(|e| is(e)).map(|e| e.variance).collect();
        (picked.len() >= least).then(|| quantile(&mut picked, USUAL).sqrt())
    }

    /// Usual blur of the edges that `is` picks, if there are any.
    pub(super) fn usual_blur(&self, is: impl Fn(&Edge) -> bool) -> Option<f32> {
        self.usual_of(1, is)
    }

    /// Blur by tile: column, row, pixels, edges; only tiles with enough edges.
    pub(super) fn tiles(&self) -> Vec<(usize, usize, f32, usize)> {
        let mut tagged: Vec<(usize, usize, f32)> = self
            .all
            .iter()
            .map(|e| (e.y as usize / TILE, e.x as usize / TILE, e.variance))
            .collect();
        tagged.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        tagged
            .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
            .filter(|tile| tile.len() >= 8)
            .map(|tile| (tile[0].1, tile[0].0, tile[tile.len() * 3 / 4].2.sqrt(), tile.len()))
            .collect()
    }

    /// The tile at the sharpest fifth and its blur: the very sharpest may be an accident.
    pub(super) fn sharpest_tile(&self) -> Option<(Rect, f32)> {
        let mut tiles = self.tiles();
        tiles.sort_by(|a, b| a.2.total_cmp(&b.2));
        let (x, y, blur, _) = *tiles.get(tiles.len() / 5)?;
        Some((Rect::new(x * TILE, y * TILE, TILE, TILE), blur))
    }

    /// The window of about a third of the piece with by far the most edges: a stone's facets.
    pub(super) fn busiest(&self, piece: Rect) -> Option<Rect> {
        let side = (piece.w.max(piece.h) * 9 / 25).max(TILE);
        let tiles = self.tiles();
        let half = side / 2;
        let count = |(cx, cy): (usize, usize)| {
            let near = |t: &&(usize, usize, f32, usize)| {
                (t.0 * TILE + TILE / 2).abs_diff(cx) <= half
                    && (t.1 * TILE + TILE / 2).abs_diff(cy) <= half
            };
            tiles.iter().filter(near).map(|t| t.3).sum::<usize>()
        };
        let middle =
            |t: &(usize, usize, f32, usize)| (t.0 * TILE + TILE / 2, t.1 * TILE + TILE / 2);
        let best = tiles.iter().map(middle).max_by_key(|&c| count(c))?;
        let share =
            side.min(piece.w) as f32 * side.min(piece.h) as f32 / piece.area().max(1) as f32;
        let dense = count(best) as f32 / self.all.len().max(1) as f32 > (1.9 * share).min(0.75);
        let corner = |v: usize| v.saturating_sub(half);
        let window = Rect::new(corner(best.0), corner(best.1), side, side).intersection(&piece);
        (dense && share < 0.6 && !window.is_empty()).then_some(window)
    }

    /// How much the blur depends on direction (0..1), the direction of most blur in degrees, and the
    /// blur along it in pixels; none without edges enough of every direction to tell. Edges across a movement are wide,
    /// edges along it are not: the variance is fitted by `a + b cos 2(ψ - φ)` over the normals' angles
    /// ψ. That does not ask how many edges run each way, as the anisotropy of a spectrum does, which
    /// chains fool.
    pub(super) fn anisotropy(&self) -> Option<(f32, f32, f32)> {
        let bins = self.by_direction();
        let filled: Vec<(f32, f32)> =
            bins.iter().enumerate().filter_map(|(k, v)| v.map(|v| (double_angle(k), v))).collect();
        if filled.len() < 8 {
            return None;
        }
        let [a, c, s] = harmonic(&filled);
        let swing = c.hypot(s);
        let strength = (2.0 * swing / (a + swing).max(0.3)).clamp(0.0, 1.0);
        Some((strength, 0.5 * s.atan2(c).to_degrees(), (a + swing).max(0.0).sqrt()))
    }

    /// Usual variance of the edges in each of twelve sectors of the normal's direction.
    fn by_direction(&self) -> [Option<f32>; SECTORS] {
        let mut sectors: [Vec<f32>; SECTORS] = Default::default();
        for e in &self.all {
            let turn = e.double[1].atan2(e.double[0]) / std::f32::consts::TAU + 0.5;
            sectors[((turn * SECTORS as f32) as usize).min(SECTORS - 1)].push(e.variance);
        }
        sectors.map(|mut v| (v.len() >= 6).then(|| quantile(&mut v, USUAL)))
    }
}

/// Sectors of half a turn.
const SECTORS: usize = 12;

/// Twice the angle in the middle of a sector.
fn double_angle(k: usize) -> f32 {
    ((k as f32 + 0.5) / SECTORS as f32 - 0.5) * std::f32::consts::TAU
}

/// Least squares of `a + c cos t + s sin t`.
fn harmonic(points: &[(f32, f32)]) -> [f32; 3] {
    let mut normal = nalgebra::Matrix3::<f32>::zeros();
    let mut right = nalgebra::Vector3::<f32>::zeros();
    for &(t, v) in points {
        let basis = nalgebra::Vector3::new(1.0, t.cos(), t.sin());
        normal += basis * basis.transpose();
        right += basis * v;
    }
    normal.try_inverse().map_or([0.0; 3], |inverse| (inverse * right).into())
}

/// Central differences of a plane: right, down, squared length; 0 along the border.
#[inline(always)]
fn differentiate(p: &Plane, out: &mut [Vec<f32>; 3]) {
    let (w, h) = (p.w, p.h);
    out.iter_mut().for_each(|o| {
        o.clear();
        o.resize(w * h, 0.0);
    });
    let [right, down, square] = out;
    for y in 1..h - 1 {
        let row = |y: usize| &p.data[y * w..(y + 1) * w];
        let (above, mid, below) = (row(y - 1), row(y), row(y + 1));
        let inner = y * w + 1..(y + 1) * w - 1;
        let lines = right[inner.clone()].iter_mut().zip(&mut down[inner.clone()]);
        let lines = lines.zip(&mut square[inner]);
        for (x, ((r, d), s)) in lines.enumerate() {
            let (dx, dy) = (0.5 * (mid[x + 2] - mid[x]), 0.5 * (below[x + 1] - above[x + 1]));
            (*r, *d, *s) = (dx, dy, dx * dx + dy * dy);
        }
    }
}

/// Central differences.
fn gradient(p: &Plane, x: usize, y: usize) -> [f32; 2] {
    let i = y * p.w + x;
    [0.5 * (p.data[i + 1] - p.data[i - 1]), 0.5 * (p.data[i + p.w] - p.data[i - p.w])]
}

/// A part of the tone as linear light: to the power 2.5, which square root and products give and
/// which differs from 2.4 by less than edges notice.
#[inline(always)]
fn linear(tone: &Plane, rect: Rect, out: &mut Plane) {
    (out.w, out.h) = (rect.w, rect.h);
    out.data.clear();
    for y in rect.y..rect.bottom() {
        let start = y * tone.w + rect.x;
        out.data.extend(tone.data[start..start + rect.w].iter().map(|t| t * t * t.sqrt()));
    }
}

/// 1 4 6 4 1 along both sides, its taps `gap` pixels apart; edges repeat.
#[inline(always)]
fn blur(from: &Plane, gap: usize, out: &mut Plane, across: &mut Vec<f32>) {
    let (w, h) = (from.w, from.h);
    across.resize(w * h, 0.0);
    let tap =
        |a: f32, b: f32, c: f32, d: f32, e: f32| (6.0 * c + 4.0 * (b + d) + a + e) * (1.0 / 16.0);
    for (row, line) in from.data.chunks_exact(w).zip(across.chunks_exact_mut(w)) {
        let inner = 2 * gap..w - 2 * gap;
        let from = |k: usize| row[k * gap..].iter();
        let taps = from(0).zip(from(1)).zip(from(2)).zip(from(3)).zip(from(4));
        for (o, ((((a, b), c), d), e)) in line[inner].iter_mut().zip(taps) {
            *o = tap(*a, *b, *c, *d, *e);
        }
        let at = |i: usize, k: isize| {
            row[(i as isize + k * gap as isize).clamp(0, w as isize - 1) as usize]
        };
        for x in (0..2 * gap).chain(w - 2 * gap..w) {
            line[x] = tap(at(x, -2), at(x, -1), at(x, 0), at(x, 1), at(x, 2));
        }
    }
    (out.w, out.h) = (w, h);
    out.data.resize(w * h, 0.0);
    for y in 0..h {
        let row = |k: isize| {
            let j = (y as isize + k * gap as isize).clamp(0, h as isize - 1) as usize;
            &across[j * w..(j + 1) * w]
        };
        let (a, b, c, d, e) = (row(-2), row(-1), row(0), row(1), row(2));
        let line = &mut out.data[y * w..(y + 1) * w];
        let taps = a.iter().zip(b).zip(c).zip(d).zip(e);
        for (o, ((((a, b), c), d), e)) in line.iter_mut().zip(taps) {
            *o = tap(*a, *b, *c, *d, *e);
        }
    }
}
