//! The edges of a picture in linear light, and how blurred it is at them: over the whole, by tile, by
//! direction. `widths` measures single ones.

use super::focus::binomial_row;
use super::motion::{self, Trace};
use super::stats::quantile;
use super::subject::Subject;
use super::view::View;
use super::widths::{self, Shape};
use crate::imaging::lanes::wide_fn;
use crate::imaging::{Plane, Rect};

/// What is left of the variance of white noise in a gradient of the first scale.
const SMOOTHED: f32 = (70.0 / 256.0) * (21.0 / 256.0);
/// At most about so many edges of a picture are measured: more tell no more.
const MEASURED: usize = 1800;
/// Steps err both ways: their middle counts.
const STEPS: f32 = 0.45;
/// Lines are never thinner than the blur, many are wider by themselves: the thinner ones count.
const LINES: f32 = 0.2;
/// Where lines are so many times as frequent as steps, they alone count.
const LINES_OUTNUMBER: f32 = 4.0;
/// And the other way round.
const STEPS_OUTNUMBER: f32 = 2.0;
/// Lines that are so many times as wide as the steps, and so many pixels wider: where shapes are dense,
/// those steps are flanks of something wider.
const FLANKS: (f32, f32) = (1.5, 0.6);
/// A window of the picture needs this many measured places for a reading of its own.
const ENOUGH: usize = 24;
/// A tile needs this many.
const FEW: usize = 8;
/// Tiles along the side of a window.
const WINDOW: usize = 4;
/// Side of the tiles of the map, working pixels.
pub(super) const TILE: usize = 32;

/// One place on an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    /// Working pixels.
    pub(super) x: u16,
    /// Working pixels.
    pub(super) y: u16,
    /// Range of light across the edge over its gradient: how wide it is, roughly and at no cost, as the
    /// sigma of a step. For drawing.
    pub(super) rough: f32,
    /// The edge's normal.
    normal: [f32; 2],
}

/// A place that is a lone step or a lone line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    /// Working pixels.
    pub(super) x: u16,
    /// Working pixels.
    pub(super) y: u16,
    /// Variance of the blur, pixels².
    variance: f32,
    shape: Shape,
    normal: [f32; 2],
}

/// The edges of a picture and the buffers that find them.
#[derive(Default)]
pub(super) struct Edges {
    pub(super) all: Vec<Edge>,
    measured: Vec<Measured>,
    /// What the planes show of the picture.
    rect: Rect,
    /// Linear light, smoothed by the binomial.
    fine: Plane,
    /// And once more.
    coarse: Plane,
    motion: motion::Buffers,
    rows: Rows,
    /// Columns of a row where it is steepest across an edge.
    places: Vec<u32>,
    /// Squared gradients of three rows of the fine plane, row `y` at `y % 3`.
    squares: [Vec<f32>; 3],
}

/// Rows on their way through a blur: what is kept in a cache is not written to memory and read again.
#[derive(Default)]
struct Rows {
    light: Vec<f32>,
    /// Smoothed across, row `y` at `y % 5`.
    across: [Vec<f32>; 5],
}

impl Edges {
    /// Knows no edges any more.
    pub(super) fn forget(&mut self) {
        self.all.clear();
        self.measured.clear();
    }

    /// Finds the edges inside the piece's extent.
    pub(super) fn find(&mut self, view: &View, subject: &Subject, noise: f32) {
        self.forget();
        // Room around the piece: whether an outline has neighbours shows outside of it.
        let rect = subject.rect.grown(12, view.tone.w, view.tone.h);
        self.rect = Rect::default();
        if rect.w < 24 || rect.h < 24 {
            return;
        }
        let tone = &view.tone;
        let part = |y: usize| &tone.data[(rect.y + y) * tone.w + rect.x..][..rect.w];
        blur(rect.w, rect.h, |y, out| linear(part(y), out), &mut self.rows, &mut self.fine);
        let floor = self.floor(noise, subject, rect).powi(2);
        let mut places = std::mem::take(&mut self.places);
        (4..6).for_each(|y| square(&self.fine, y, &mut self.squares[y % 3]));
        for y in 5..rect.h - 5 {
            square(&self.fine, y + 1, &mut self.squares[(y + 1) % 3]);
            let squares = [y - 1, y, y + 1].map(|y| self.squares[y % 3].as_slice());
            let fine = [y - 1, y, y + 1].map(|y| &self.fine.data[y * rect.w..][..rect.w]);
            places.clear();
            crests(fine, squares, floor, &mut places);
            for x in &places {
                self.consider(*x as usize, y, tone, subject, rect);
            }
        }
        self.places = places;
        self.rect = rect;
    }

    /// Measures some of the edges that were found, spread evenly over the piece.
    pub(super) fn measure(&mut self) {
        let rect = self.rect;
        // Odd, so that it does not keep step with what repeats.
        let step = (self.all.len() / MEASURED) | 1;
        for e in self.all.iter().step_by(step) {
            let (x, y) = (e.x as usize - rect.x, e.y as usize - rect.y);
            let [ux, uy] = e.normal;
            if let Some((variance, shape)) = widths::variance(&self.fine, x, y, ux, uy) {
                self.measured.push(Measured { x: e.x, y: e.y, variance, shape, normal: e.normal });
            }
        }
    }

    /// Weaker gradients are noise or shading: five times the noise, and a fifth of the piece's strong ones.
    fn floor(&self, noise: f32, subject: &Subject, rect: Rect) -> f32 {
        let (w, h) = (self.fine.w, self.fine.h);
        // Some thousands of places tell it. Columns shift from row to row, so that nothing keeps step with
        // what repeats.
        let across = ((w * h / 40_000) | 1) + 4;
        let mut some = Vec::with_capacity(w * h / across / 2 + w);
        for y in (1..h - 1).step_by(2) {
            let places = (1 + y * 2 % across..w - 1).step_by(across);
            some.extend(places.filter(|x| subject.inside(rect.x + x, rect.y + y)).map(|x| {
                let [dx, dy] = self.gradient(x, y);
                dx * dx + dy * dy
            }));
        }
        let strong = quantile(&mut some, 0.98).sqrt();
        // Noise was measured on the tone; around middle grey linear light is .7 times as steep.
        let noise = 0.7 * noise * SMOOTHED.sqrt();
        (5.0 * noise).max(0.2 * strong).max(0.003)
    }

    /// Central differences of the fine plane, right and down; 0 along the border.
    fn gradient(&self, x: usize, y: usize) -> [f32; 2] {
        let (p, i) = (&self.fine, y * self.fine.w + x);
        if x == 0 || y == 0 || x + 1 >= p.w || y + 1 >= p.h {
            return [0.0; 2];
        }
        let at = |i: usize| p.data[i];
        [0.5 * (at(i + 1) - at(i - 1)), 0.5 * (at(i + p.w) - at(i - p.w))]
    }

    /// Keeps a pixel of a crest if it belongs to the piece and is not beside a clipped one.
    fn consider(&mut self, x: usize, y: usize, tone: &Plane, subject: &Subject, rect: Rect) {
        let [dx, dy] = self.gradient(x, y);
        let square = dx * dx + dy * dy;
        // The neighbour along the normal: a component of at least half of its length is a step.
        let toward = |d: f32| if 4.0 * d * d < square { 0 } else { d.signum() as isize };
        let (sx, sy) = (toward(dx), toward(dy));
        // The outline of a blurred piece is where the mask ends, or a little outside.
        let reach = subject.step() as isize + 1;
        let near = |k: isize| {
            let along = |from: usize, v: usize, s: isize| (from + v).saturating_add_signed(k * s);
            subject.inside(along(rect.x, x, sx), along(rect.y, y, sy))
        };
        if ![0, reach, -reach].into_iter().any(near) {
            return;
        }
        let strength = square.sqrt();
        let (ux, uy) = (dx / strength, dy / strength);
        let (mut low, mut high) = (f32::MAX, f32::MIN);
        let (i, stride) = ((rect.y + y) * tone.w + rect.x + x, sy * tone.w as isize + sx);
        for k in -4..=4 {
            let v = tone.data[i.wrapping_add_signed(k * stride)];
            // `min` and `max` ask for NaN first, which a tone never is.
            low = if v < low { v } else { low };
            high = if v > high { v } else { high };
        }
        let (low, high) = (light(low), light(high));
        if high > 0.97 {
            return;
        }
        // A Gaussian step's range is sqrt(2 pi) sigma times its steepest gradient.
        let sigma = (high - low) / (2.507 * strength);
        self.all.push(Edge {
            x: (rect.x + x) as u16,
            y: (rect.y + y) as u16,
            rough: (sigma * sigma - widths::SMOOTHING).max(0.0).sqrt(),
            normal: [ux, uy],
        });
    }

    /// Blur in pixels over the places that `is` picks; none where there are fewer than `least`.
    pub(super) fn blur_of(&self, least: usize, is: impl Fn(&Measured) -> bool) -> Option<f32> {
        let picked = || self.measured.iter().filter(|m| is(m)).copied();
        (picked().take(least.max(1)).count() >= least.max(1)).then(|| combine(picked()))
    }

    /// Blur over the whole piece. Where nothing is alone enough to be measured, the rough widths tell.
    pub(super) fn blur(&self) -> Option<f32> {
        let rough = || {
            let mut all: Vec<f32> = self.all.iter().map(|e| e.rough).collect();
            (!all.is_empty()).then(|| quantile(&mut all, 0.5))
        };
        self.blur_of(FEW, |_| true).or_else(rough)
    }

    /// Blur by tile: column, row, pixels; only tiles with enough places.
    pub(super) fn tiles(&self) -> Vec<(usize, usize, f32)> {
        let grid = Grid::of(self.measured.iter().map(|m| (m.x, m.y)));
        let read = |(x, y): (usize, usize)| {
            let near = |reach: usize| {
                move |m: &Measured| {
                    let (i, j) = tile_of(m.x, m.y);
                    i.abs_diff(x) <= reach && j.abs_diff(y) <= reach
                }
            };
            // Its own places, or those around it.
            let blur = match grid.count(x, y, 1) {
                0 | 1 => None,
                few if few < FEW => self.blur_of(2 * FEW, near(1)),
                _ => self.blur_of(FEW, near(0)),
            };
            blur.map(|blur| (x, y, blur))
        };
        grid.places().filter_map(read).collect()
    }

    /// The sharpest window of four tiles a side, and the blur of the sharper half of such windows: the
    /// sharpest by itself may be an accident.
    pub(super) fn sharpest(&self) -> Option<(Rect, f32)> {
        let grid = Grid::of(self.measured.iter().map(|m| (m.x, m.y)));
        let mut by_tile = vec![Vec::new(); grid.counts.len()];
        for m in &self.measured {
            let (x, y) = tile_of(m.x, m.y);
            by_tile[y * grid.w + x].push(*m);
        }
        let read = |at: (usize, usize)| {
            let enough = grid.count(at.0, at.1, WINDOW) >= ENOUGH;
            let inside = || grid.square(at.0, at.1, WINDOW).flat_map(|i| &by_tile[i]);
            let blur = enough.then(|| combine(inside().copied()))?;
            Some((at, blur))
        };
        let mut windows: Vec<((usize, usize), f32)> = grid.places().filter_map(read).collect();
        windows.sort_by(|a, b| a.1.total_cmp(&b.1));
        let at = windows.get(windows.len() / 10)?.0;
        let mut half = vec![false; by_tile.len()];
        for w in &windows[..windows.len().div_ceil(2)] {
            grid.square(w.0.0, w.0.1, WINDOW).for_each(|i| half[i] = true);
        }
        let inside = by_tile.iter().zip(half).filter(|(_, inside)| *inside);
        let blur = combine(inside.flat_map(|(all, _)| all).copied());
        Some((Rect::new(at.0 * TILE, at.1 * TILE, WINDOW * TILE, WINDOW * TILE), blur))
    }

    /// The window of about a third of the piece with by far the most edges: a stone's facets.
    pub(super) fn busiest(&self, piece: Rect) -> Option<Rect> {
        let side = (piece.w.max(piece.h) * 9 / 25).max(TILE);
        let grid = Grid::of(self.all.iter().map(|e| (e.x, e.y)));
        let half = side / 2;
        let middle = |v: usize| v * TILE + TILE / 2;
        let tiles: Vec<(usize, usize, usize)> = grid
            .places()
            .map(|(x, y)| (middle(x), middle(y), grid.count(x, y, 1)))
            .filter(|t| t.2 >= FEW)
            .collect();
        let count = |cx: usize, cy: usize| {
            let near =
                |t: &&(usize, usize, usize)| t.0.abs_diff(cx) <= half && t.1.abs_diff(cy) <= half;
            tiles.iter().filter(near).map(|t| t.2).sum::<usize>()
        };
        let &(x, y, _) = tiles.iter().max_by_key(|t| count(t.0, t.1))?;
        let share =
            side.min(piece.w) as f32 * side.min(piece.h) as f32 / piece.area().max(1) as f32;
        let dense = count(x, y) as f32 / self.all.len().max(1) as f32 > (1.9 * share).min(0.75);
        let corner = |v: usize| v.saturating_sub(half);
        let window = Rect::new(corner(x), corner(y), side, side).intersection(&piece);
        (dense && share < 0.6 && !window.is_empty()).then_some(window)
    }

    /// How much the blur of single places depends on direction (0..1), and the blur along the direction of
    /// most blur in pixels; none without enough of every direction to tell. What lies across a movement
    /// is wide, what lies along it is not: the variance is fitted by `a + b cos 2(ψ - φ)` over the normals'
    /// angles ψ. That does not ask how many edges run each way, as the anisotropy of a spectrum does,
    /// which chains fool. A movement shows in steps and in lines alike: a rim that is seen wider in one
    /// direction than in another widens the lines only. So the calmest of what both say together and each
    /// by itself counts.
    pub(super) fn anisotropy(&self) -> Option<(f32, f32)> {
        let [mut all, mut steps, mut lines] = [(); 3].map(|()| Directions::default());
        for m in &self.measured {
            all.add(m);
            if m.shape == Shape::Step { steps.add(m) } else { lines.add(m) }
        }
        let read = |of: Directions| {
            let points = of.points(5);
            let [a, c, s] = (points.len() >= 7).then(|| harmonic(&points))?;
            let swing = c.hypot(s);
            Some((strength(a, swing), (a + swing).max(0.0).sqrt()))
        };
        let whole = read(all)?;
        let each = [Some(whole), read(steps), read(lines)];
        each.into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// What moved, as the whole piece shows it; after [`Self::find`].
    pub(super) fn trace(&mut self, noise: f32) -> Option<Trace> {
        if self.rect.is_empty() {
            return None;
        }
        let (w, h, fine) = (self.fine.w, self.fine.h, &self.fine);
        let row = |y: usize, out: &mut [f32]| out.copy_from_slice(&fine.data[y * w..(y + 1) * w]);
        blur(w, h, row, &mut self.rows, &mut self.coarse);
        motion::trace(&self.fine, &self.coarse, noise, &mut self.motion)
    }
}

/// Twice the swing of the variance over its largest value. The constant: what a sharp picture's lines and
/// steps differ by is no movement.
fn strength(level: f32, swing: f32) -> f32 {
    (2.0 * swing / (level + swing + 0.3).max(0.3)).clamp(0.0, 1.0)
}

/// Variances by the normal's direction.
#[derive(Default)]
struct Directions([Vec<f32>; SECTORS]);

impl Directions {
    fn add(&mut self, m: &Measured) {
        let turn = m.normal[1].atan2(m.normal[0]) / std::f32::consts::PI + 1.0;
        self.0[(turn * SECTORS as f32) as usize % SECTORS].push(m.variance);
    }

    /// Twice the angle of every sector with enough places, their low variance, and its weight.
    fn points(mut self, least: usize) -> Vec<(f32, f32, f32)> {
        let sectors = self.0.iter_mut().enumerate().filter(|(_, v)| v.len() >= least);
        let point = |(k, v): (usize, &mut Vec<f32>)| {
            (double_angle(k), quantile(v, SHARP), v.len().min(40) as f32)
        };
        sectors.map(point).collect()
    }
}

/// Blur in pixels of at least one measured place.
fn combine(all: impl Iterator<Item = Measured>) -> f32 {
    let (steps, lines): (Vec<Measured>, Vec<Measured>) = all.partition(|m| m.shape == Shape::Step);
    let [mut steps, mut lines] =
        [steps, lines].map(|of| of.iter().map(|m| m.variance).collect::<Vec<f32>>());
    let many = |a: &[f32], b: &[f32], times: f32| a.len() as f32 > times * b.len() as f32;
    let no_steps = many(&lines, &steps, LINES_OUTNUMBER);
    let no_lines = many(&steps, &lines, STEPS_OUTNUMBER);
    let step = quantile(&mut steps, STEPS).sqrt();
    let line = quantile(&mut lines, LINES).sqrt();
    match (no_steps, no_lines) {
        (true, _) => line,
        (_, true) => step,
        _ if line > FLANKS.0 * step && line > FLANKS.1 + step => line,
        _ => 0.5 * (step + line),
    }
}

/// How many places lie in each tile.
struct Grid {
    w: usize,
    counts: Vec<usize>,
}

impl Grid {
    fn of(places: impl Iterator<Item = (u16, u16)> + Clone) -> Self {
        let most = places.clone().map(|(x, y)| tile_of(x, y));
        let (w, h) = most.fold((0, 0), |(w, h), (x, y)| (w.max(x + 1), h.max(y + 1)));
        let mut counts = vec![0; w * h];
        for (x, y) in places.map(|(x, y)| tile_of(x, y)) {
            counts[y * w + x] += 1;
        }
        Self { w, counts }
    }

    /// Indices of the tiles of the square that begins at one.
    fn square(&self, x: usize, y: usize, side: usize) -> impl Iterator<Item = usize> {
        let (w, h) = (self.w, self.counts.len() / self.w.max(1));
        (y..(y + side).min(h)).flat_map(move |j| (x..(x + side).min(w)).map(move |i| j * w + i))
    }

    /// Places in that square.
    fn count(&self, x: usize, y: usize, side: usize) -> usize {
        self.square(x, y, side).map(|i| self.counts[i]).sum()
    }

    /// Every tile, row by row.
    fn places(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.counts.len()).map(|i| (i % self.w, i / self.w))
    }
}

fn tile_of(x: u16, y: u16) -> (usize, usize) {
    (x as usize / TILE, y as usize / TILE)
}

/// The share of a direction's places that is sharper than what stands for it: what is wide by itself, like
/// a shadow, only adds to widths.
const SHARP: f32 = 0.2;
/// Sectors of half a turn.
const SECTORS: usize = 12;

/// Twice the angle in the middle of a sector.
fn double_angle(k: usize) -> f32 {
    (k as f32 + 0.5) / SECTORS as f32 * std::f32::consts::TAU
}

/// Weighted least squares of `a + c cos t + s sin t`; points are t, the value and its weight.
fn harmonic(points: &[(f32, f32, f32)]) -> [f32; 3] {
    let mut normal = nalgebra::Matrix3::<f32>::zeros();
    let mut right = nalgebra::Vector3::<f32>::zeros();
    for &(t, v, weight) in points {
        let basis = nalgebra::Vector3::new(1.0, t.cos(), t.sin());
        normal += basis * basis.transpose() * weight;
        right += basis * v * weight;
    }
    normal.try_inverse().map_or([0.0; 3], |inverse| (inverse * right).into())
}

/// Light of a tone: to the power 2.5, which square root and products give and which differs from 2.4 by less
/// than edges notice.
#[inline(always)]
fn light(tone: f32) -> f32 {
    tone * tone * tone.sqrt()
}

wide_fn! {
    fn linear(tone: &[f32], out: &mut [f32]) {
        out.iter_mut().zip(tone).for_each(|(o, t)| *o = light(*t));
    }
}

wide_fn! {
    /// Squared central differences along a row that is neither the first nor the last; 0 at its ends.
    fn square(p: &Plane, y: usize, out: &mut Vec<f32>) {
        let n = p.w - 2;
        out.resize(p.w, 0.0);
        (out[0], out[p.w - 1]) = (0.0, 0.0);
        let row = |y: usize, k: usize| &p.data[y * p.w + k..][..n];
        let (above, below) = (row(y - 1, 1), row(y + 1, 1));
        let (before, after) = (row(y, 0), row(y, 2));
        let out = &mut out[1..=n];
        for x in 0..n {
            let (dx, dy) = (0.5 * (after[x] - before[x]), 0.5 * (below[x] - above[x]));
            out[x] = dx * dx + dy * dy;
        }
    }
}

wide_fn! {
    /// Adds the columns at which the middle one of three rows is steeper than a squared gradient of `floor`,
    /// and the steepest along its own direction, of four; of two equal ones the later counts. Most of a
    /// picture is not steep: so many columns are looked at together.
    fn crests(fine: [&[f32]; 3], squares: [&[f32]; 3], floor: f32, out: &mut Vec<u32>) {
        const N: usize = 16;
        let n = fine[1].len();
        let [up, mid, down] = fine.map(|row| &row[..n]);
        let [above, own, below] = squares.map(|row| &row[..n]);
        for begin in (5..n - 5).step_by(N) {
            let some = &own[begin..(begin + N).min(n - 5)];
            if !some.iter().fold(false, |any, v| any | (*v > floor)) {
                continue;
            }
            for x in (begin..begin + some.len()).filter(|x| own[*x] > floor) {
                let (dx, dy) = (0.5 * (mid[x + 1] - mid[x - 1]), 0.5 * (down[x] - up[x]));
                let square = own[x];
                // A component of at least half of the gradient's length is a step.
                let (across, along) = (4.0 * dx * dx >= square, 4.0 * dy * dy >= square);
                let (first, then) = match (across, along) {
                    (true, false) => (own[x - 1], own[x + 1]),
                    (false, _) => (above[x], below[x]),
                    _ if (dx > 0.0) == (dy > 0.0) => (above[x - 1], below[x + 1]),
                    _ => (above[x + 1], below[x - 1]),
                };
                if (then <= square) & (first < square) {
                    out.push(x as u32);
                }
            }
        }
    }
}

/// 1 4 6 4 1 along both sides of rows that are asked for one after the other; edges repeat.
fn blur(w: usize, h: usize, source: impl Fn(usize, &mut [f32]), rows: &mut Rows, out: &mut Plane) {
    (out.w, out.h) = (w, h);
    out.data.resize(w * h, 0.0);
    rows.light.resize(w, 0.0);
    rows.across.iter_mut().for_each(|row| row.resize(w, 0.0));
    for y in 0..h + 2 {
        if y < h {
            source(y, &mut rows.light);
            across(&rows.light, &mut rows.across[y % 5]);
        }
        let Some(middle) = y.checked_sub(2) else { continue };
        let row = |k: isize| {
            let near = (middle as isize + k).clamp(0, h as isize - 1) as usize;
            rows.across[near % 5].as_slice()
        };
        let five = [row(-2), row(-1), row(0), row(1), row(2)];
        down(five, &mut out.data[middle * w..(middle + 1) * w]);
    }
}

wide_fn! {
    fn across(row: &[f32], out: &mut [f32]) {
        binomial_row(row, out);
    }
}

wide_fn! {
    fn down(rows: [&[f32]; 5], out: &mut [f32]) {
        let n = out.len();
        let [a, b, c, d, e] = rows.map(|row| &row[..n]);
        for x in 0..n {
            out[x] = (6.0 * c[x] + 4.0 * (b[x] + d[x]) + a[x] + e[x]) * (1.0 / 16.0);
        }
    }
}
