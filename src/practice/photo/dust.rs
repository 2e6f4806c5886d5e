//! Dust, hairs and scratches: they lie on things, so they are drawn before the lens, and their
//! places are known.

use super::super::trace::{Layers, Part};
use super::super::vectors::{Rng, mix, smooth};
use super::blur::{Picture4, Rgba};
use super::shot::Dust;
use crate::imaging::Rect;
use std::f32::consts::TAU;

/// What a mark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A speck on the paper.
    PaperSpeck,
    /// A hair on the paper.
    Hair,
    /// A speck on the piece.
    PieceSpeck,
    /// A scratch in the metal.
    Scratch,
}

/// A mark and where it is in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speck {
    /// What it is.
    pub mark: Mark,
    /// The smallest rectangle that holds it, pixels of the picture.
    pub rect: Rect,
}

/// A line of points in the layers' pixels, as thick as twice its radius. A speck has one point.
pub(crate) struct Drawn {
    pub(crate) mark: Mark,
    pub(crate) points: Vec<(f32, f32)>,
    pub(crate) radius: f32,
    /// Reflectance of the thing itself, and how much of what is behind it it hides.
    grey: f32,
    opacity: f32,
    /// Shifts the waves of a speck's rim.
    phase: f32,
}

/// Draws lots for every mark.
pub(crate) fn scatter(layers: &Layers, dust: &Dust, seed: u32) -> Vec<Drawn> {
    let mut lots =
        Lots { layers, rng: Rng::new(seed, 9), unit: dust.size * layers.w as f32 * 3e-4 };
    let mut all = Vec::with_capacity(dust.count());
    all.extend((0..dust.paper).filter_map(|_| lots.paper_speck()));
    all.extend((0..dust.hairs).filter_map(|_| lots.hair()));
    all.extend((0..dust.piece).filter_map(|_| lots.piece_speck()));
    all.extend((0..dust.scratches).filter_map(|_| lots.scratch()));
    all
}

/// Lots for a place are drawn this often before a mark is given up.
const TRIES: usize = 400;

struct Lots<'a> {
    layers: &'a Layers,
    rng: Rng,
    /// Radius of the smallest speck, pixels.
    unit: f32,
}

impl Lots<'_> {
    /// What the piece shows at a place of the frame.
    fn part(&self, x: f32, y: f32) -> Part {
        let a = self.layers.area;
        if x < 0.0 || y < 0.0 || !a.contains(x as usize, y as usize) {
            return Part::Paper;
        }
        let i = (y as usize - a.y) * a.w + x as usize - a.x;
        match self.layers.part[i] {
            1 => Part::Metal,
            2 => Part::Stone,
            _ if self.layers.alpha[i] > 0 => Part::Metal,
            _ => Part::Paper,
        }
    }

    fn on_paper(&mut self) -> Option<(f32, f32)> {
        let (w, h, room) = (self.layers.w as f32, self.layers.h as f32, self.unit * 8.0);
        (0..TRIES).find_map(|_| {
            let (x, y) = (self.rng.unit() * w, self.rng.unit() * h);
            let clear = [(0.0, 0.0), (-room, 0.0), (room, 0.0), (0.0, -room), (0.0, room)]
                .iter()
                .all(|(dx, dy)| self.part(x + dx, y + dy) == Part::Paper);
            clear.then_some((x, y))
        })
    }

    fn on_piece(&mut self, wanted: impl Fn(Part) -> bool) -> Option<(f32, f32)> {
        let a = self.layers.area;
        (0..TRIES * 10).find_map(|_| {
            let x = a.x as f32 + self.rng.unit() * a.w as f32;
            let y = a.y as f32 + self.rng.unit() * a.h as f32;
            wanted(self.part(x, y)).then_some((x, y))
        })
    }

    fn drawn(&mut self, mark: Mark, points: Vec<(f32, f32)>, radius: f32, grey: f32) -> Drawn {
        let opacity = 0.55 + 0.4 * self.rng.unit();
        Drawn { mark, points, radius, grey, opacity, phase: self.rng.unit() * TAU }
    }

    fn paper_speck(&mut self) -> Option<Drawn> {
        let at = self.on_paper()?;
        let radius = self.unit * (1.0 + 2.0 * self.rng.unit().powi(2));
        Some(self.drawn(Mark::PaperSpeck, vec![at], radius, 0.30))
    }

    fn hair(&mut self) -> Option<Drawn> {
        let start = self.on_paper()?;
        let length = self.unit * (30.0 + 60.0 * self.rng.unit());
        let bend = (self.rng.unit() - 0.5) * 0.28;
        let points = self.walk(start, length, bend);
        let visible: Vec<_> =
            points.into_iter().take_while(|p| self.part(p.0, p.1) == Part::Paper).collect();
        Some(self.drawn(Mark::Hair, visible, self.unit * 0.45, 0.30))
    }

    fn piece_speck(&mut self) -> Option<Drawn> {
        let at = self.on_piece(|p| p != Part::Paper)?;
        let radius = self.unit * (0.8 + 1.6 * self.rng.unit().powi(2));
        let grey = if self.rng.unit() < 0.7 { 0.75 } else { 0.06 };
        Some(self.drawn(Mark::PieceSpeck, vec![at], radius, grey))
    }

    fn scratch(&mut self) -> Option<Drawn> {
        let start = self.on_piece(|p| p == Part::Metal)?;
        let length = self.unit * (15.0 + 35.0 * self.rng.unit());
        let bend = (self.rng.unit() - 0.5) * 0.04;
        let points = self.walk(start, length, bend);
        let visible: Vec<_> =
            points.into_iter().take_while(|p| self.part(p.0, p.1) == Part::Metal).collect();
        let grey = if self.rng.unit() < 0.6 { 0.85 } else { 0.08 };
        Some(self.drawn(Mark::Scratch, visible, self.unit * 0.35, grey))
    }

    /// Sixteen points along a bent line in a random direction.
    fn walk(&mut self, (mut x, mut y): (f32, f32), length: f32, bend: f32) -> Vec<(f32, f32)> {
        let mut turn = self.rng.unit() * TAU;
        let mut points = vec![(x, y)];
        for _ in 0..16 {
            (x, y) = (x + turn.cos() * length / 16.0, y + turn.sin() * length / 16.0);
            turn += bend;
            points.push((x, y));
        }
        points
    }
}

impl Drawn {
    pub(crate) fn on_paper(&self) -> bool {
        matches!(self.mark, Mark::PaperSpeck | Mark::Hair)
    }

    /// Upper left and lower right corner in the layers' pixels, with a blur of `soft` pixels.
    pub(crate) fn extent(&self, soft: f32) -> ((f32, f32), (f32, f32)) {
        let r = self.radius * 1.35 + soft;
        let mut it = self.points.iter();
        let first = it.next().copied().unwrap_or_default();
        let (lo, hi) = it.fold((first, first), |(lo, hi), p| {
            ((lo.0.min(p.0), lo.1.min(p.1)), (hi.0.max(p.0), hi.1.max(p.1)))
        });
        ((lo.0 - r, lo.1 - r), (hi.0 + r, hi.1 + r))
    }

    /// How much of a pixel it covers, when its edge is `soft` pixels wide.
    fn cover(&self, x: f32, y: f32, soft: f32) -> f32 {
        let d = self.distance(x, y);
        let r = self.rim(x, y);
        let soft = soft.max(0.5);
        // What is narrower than its blur fades: a speck with its area, a line with its width.
        let thin = (r / soft).min(1.0);
        let fade = if self.points.len() == 1 { thin * thin } else { thin };
        let inside = (r - soft).max(0.0);
        fade * (1.0 - smooth(inside, r + soft, d))
    }

    /// A crumb is no perfect disk.
    fn rim(&self, x: f32, y: f32) -> f32 {
        if self.points.len() > 1 {
            return self.radius;
        }
        let turn = (y - self.points[0].1).atan2(x - self.points[0].0);
        let waves =
            0.30 * (2.0 * turn + self.phase).sin() + 0.16 * (3.0 * turn - 2.0 * self.phase).sin();
        self.radius * (1.0 + waves)
    }

    fn distance(&self, x: f32, y: f32) -> f32 {
        let from_point = |p: (f32, f32)| (x - p.0).powi(2) + (y - p.1).powi(2);
        let from_piece = |w: &[(f32, f32)]| {
            let (dx, dy) = (w[1].0 - w[0].0, w[1].1 - w[0].1);
            let along = ((x - w[0].0) * dx + (y - w[0].1) * dy) / (dx * dx + dy * dy).max(1e-9);
            let t = along.clamp(0.0, 1.0);
            from_point((w[0].0 + dx * t, w[0].1 + dy * t))
        };
        let ends = self.points.first().map_or(f32::MAX, |p| from_point(*p));
        self.points.windows(2).map(from_piece).fold(ends, f32::min).sqrt()
    }

    /// Draws the mark into a part of the frame whose upper left pixel is `x0`, `y0`; `light` is what
    /// falls on it.
    pub(crate) fn draw(&self, into: &mut Picture4, x0: isize, y0: isize, soft: f32, light: f32) {
        let (lo, hi) = self.extent(soft);
        let range = |a: f32, b: f32, from: isize, n: usize| {
            let start = (a.floor() as isize - from).clamp(0, n as isize) as usize;
            start..(b.ceil() as isize + 1 - from).clamp(start as isize, n as isize) as usize
        };
        for j in range(lo.1, hi.1, y0, into.h) {
            for i in range(lo.0, hi.0, x0, into.w) {
                let m = self.cover((i as isize + x0) as f32, (j as isize + y0) as f32, soft);
                if m > 0.0 {
                    blend(
                        &mut into.v[j * into.w + i],
                        self.grey * light,
                        self.opacity * m,
                        self.on_paper(),
                    );
                }
            }
        }
    }
}

/// Mixes grey into a premultiplied pixel of the piece, or into the paper.
fn blend(p: &mut Rgba, grey: f32, share: f32, paper: bool) {
    let cover = if paper { 1.0 } else { p[3] };
    for c in &mut p[..3] {
        *c = mix(*c, grey * cover, share);
    }
}
