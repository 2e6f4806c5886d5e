//! The backdrop as a smooth surface of light, and the subject as what stands out from it.
//!
//! The logarithm of each channel over plain backdrop is fitted by a cubic in x and y, from the
//! picture's border inwards, robustly: what stands out is left out of the next round.

use super::field::Field;
use super::ops::smoothstep;
use super::point::luminance;
use super::region::Region;
use super::tile::{Frame, Tile};
use crate::imaging::lanes::wide;
use crate::imaging::{Mask, Plane, Rect};
use nalgebra::{DMatrix, DVector};

/// Longest side of the copy that is fitted, pixels.
const SIDE: usize = 240;
/// Longest side of the grid on which crumbs are counted.
const LITTER_SIDE: usize = 400;
/// Terms of a cubic in two variables.
const TERMS: usize = 10;
/// Luminance ratio to the backdrop, in stops, within which a pixel can be plain backdrop.
const PLAIN_STOPS: f32 = 0.12;
/// The same for the ratios of red and blue to green.
const PLAIN_CHROMA: f32 = 0.10;

/// Pixels of the reduced picture on each side whose mean tells paper.
const AROUND: usize = 2;
/// Step between neighbouring pixels, part of the paper's light, from which on there is an edge.
const EDGE: f32 = 0.05;
/// Half the width of a gap through which paper goes on, pixels of the reduced picture.
const GAP: usize = 3;

/// A plain backdrop.
#[derive(Clone, Debug)]
pub(super) struct Backdrop {
    /// Coefficients of the logarithm (base 2) of linear red, green and blue.
    fields: [[f32; TERMS]; 3],
    /// Median of the fitted light over the plain pixels, linear Rec.2020.
    pub(super) level: [f32; 3],
    /// Part of the picture's border that it explains, 0 to 1.
    pub(super) share: f32,
    /// Robust spread of plain pixels about the surface, in stops of luminance.
    pub(super) spread: f32,
    /// Part of what is not the subject that is neither plain nor far from it: shadows, or things
    /// that only look like backdrop.
    pub(super) doubtful: f32,
    /// How far the surface goes from blue to amber over its plain part, stops of red to blue: paper in
    /// one light has one colour.
    pub(super) tints: f32,
}

impl Backdrop {
    /// The light at a place, `u` and `v` from 0 to 1 across and down.
    pub(super) fn light(&self, u: f32, v: f32) -> [f32; 3] {
        let terms = terms(u, v);
        self.fields.map(|f| f.iter().zip(terms).map(|(a, b)| a * b).sum::<f32>().exp2())
    }

    /// Whether it is paper in a light that a lamp or a window can have: a coloured backdrop was
    /// chosen for its colour. Stops off the way from blue to amber (lamps lean to green there, never
    /// to magenta), and along it.
    pub(super) fn is_paper(&self) -> bool {
        let [r, g, b] = self.level.map(f32::log2);
        let (off, along) = (0.5 * (r + b) - g, 0.5 * (r - b));
        (-0.28..0.14).contains(&off) && along.abs() < 0.45
    }

    /// Whether whitening it can be trusted.
    pub(super) fn is_clean(&self) -> bool {
        self.spread < 0.07 && self.doubtful < 0.15
    }

    /// Luminance of its usual light.
    pub(super) fn luminance(&self) -> f32 {
        luminance(self.level)
    }

    /// Whether it is as light as nothing but a retoucher makes it.
    pub(super) fn is_white(&self) -> bool {
        self.luminance() > 0.96
    }

    /// The ratio to the surface below which a pixel is certainly darker than paper, and the one from
    /// which on it is paper for certain, given the standard deviation of the picture's noise. Beside
    /// white that was `finished` before, what is a little darker was left there on purpose: soft ends of
    /// shadows and reflections.
    pub(super) fn plainness(&self, noise: f32, finished: bool) -> (f32, f32) {
        // What is uneven in white that was made is shadow.
        let (uneven, most, soft) =
            if finished { (0.0, 0.978, 0.04) } else { (0.7 * self.spread, 0.965, 0.12) };
        let spread = uneven.hypot(2.2 * noise);
        // Paper in one colour is paper in all three: at six deviations no grain is left over.
        let high = (1.0 - 6.0 * spread).clamp(0.80, most);
        (high - soft, high)
    }

    /// A part of a tile's light over the surface's, by channels.
    fn ratios(&self, tile: &Tile, part: Rect) -> [Vec<f32>; 3] {
        let light = Field::new(|u, v| self.light(u, v).map(|v| 1.0 / v.max(1e-3)));
        let mut row = [(); 3].map(|()| vec![0.0; part.w]);
        let mut out = [(); 3].map(|()| vec![0.0; part.area()]);
        for y in 0..part.h {
            let from = (part.y + y) * tile.rect.w + part.x;
            light.row(&tile.frame, tile.rect.x + part.x, tile.rect.y + part.y + y, &mut row);
            for ((out, plane), light) in out.iter_mut().zip(&tile.planes).zip(&row) {
                let (out, plane) = (&mut out[y * part.w..][..part.w], &plane[from..][..part.w]);
                wide(|| {
                    out.iter_mut().zip(plane).zip(light).for_each(|((o, p), l)| *o = p * l);
                });
            }
        }
        out
    }

    /// How surely each place of a tile is paper, by the mean of what is not the subject around it; see
    /// [`Self::plainness`].
    pub(super) fn sheet(
        &self,
        tile: &Tile,
        subject: &Region,
        noise: f32,
        finished: bool,
    ) -> Region {
        let (w, h) = (tile.rect.w, tile.rect.h);
        let [r, g, b] = self.ratios(tile, Rect::new(0, 0, w, h));
        let mut least = vec![0.0; w * h];
        wide(|| {
            for (k, out) in least.iter_mut().enumerate() {
                let v = if r[k] < g[k] { r[k] } else { g[k] };
                let v = if b[k] < v { b[k] } else { v };
                // A light speck must not make up for a dark one.
                *out = if v < 1.0 { v } else { 1.0 };
            }
        });
        let mut weight: Vec<f32> = subject.widened(1).plane().data.clone();
        weight.iter_mut().for_each(|v| *v = if *v > 0.0 { 0.0 } else { 1.0 });
        let counted = least.iter().zip(&weight).map(|(v, w)| v * w).collect();
        let sum = Region::new(Plane { w, h, data: counted }).softened(AROUND);
        let all = Region::new(Plane { w, h, data: weight }).softened(AROUND);
        let (low, high) = self.plainness(noise / (2 * AROUND + 1) as f32, finished);
        let means = sum.plane().data.iter().zip(&all.plane().data).zip(&least);
        let data = means.map(|((sum, all), own)| {
            let mean = if *all > 0.01 { sum / all } else { *own };
            smoothstep(low, high, mean)
        });
        Region::new(Plane { w, h, data: data.collect() })
    }

    /// The subject without what goes over into the paper around it without an edge, as light as paper or
    /// lighter: paper in the sheen of the piece, or whatever else an outline took in too much.
    pub(super) fn without_sheen(&self, tile: &Tile, subject: &Region, noise: f32) -> Region {
        let part = extent(subject.plane()).grown(2 * GAP, tile.rect.w, tile.rect.h);
        let (w, h) = (part.w, part.h);
        let soft =
            self.ratios(tile, part).map(|data| Region::new(Plane { w, h, data }).softened(1));
        let at = |i: usize| [0, 1, 2].map(|c| soft[c].plane().data[i]);
        let place = |i: usize| (part.y + i / w) * subject.plane().w + part.x + i % w;
        let outside = |i: usize| subject.plane().data[place(i)] <= 0.5;
        let edge = EDGE.max(noise);
        let sheen = |i: usize| {
            let p = at(i);
            let even = |j: usize| {
                let q = at(j);
                (0..3).all(|c| (p[c] - q[c]).abs() < edge)
            };
            p[1] > 0.9 && p[0] > 0.9 && p[2] > 0.6 && neighbours(w, h, i).all(even)
        };
        let open: Vec<bool> = (0..w * h).map(|i| outside(i) || sheen(i)).collect();
        // Through a gap narrower than this nothing is entered: the rim of pale metal is one.
        let data = open.iter().map(|o| f32::from(u8::from(*o))).collect();
        let wide_open = Region::new(Plane { w, h, data }).shrunk(GAP);
        let mut gone = Plane::new(w, h);
        for part in components(w, h, &|i| wide_open.plane().data[i] > 0.5) {
            let entered = part.iter().filter(|i| outside(**i)).count();
            if entered > 0 && entered < part.len() {
                part.into_iter().for_each(|i| gone.data[i] = 1.0);
            }
        }
        let gone = Region::new(gone).widened(GAP);
        let mut left = subject.plane().clone();
        (0..w * h)
            .filter(|&i| open[i] && gone.plane().data[i] > 0.5)
            .for_each(|i| left.data[place(i)] = 0.0);
        Region::new(left)
    }

    /// Part of the backdrop that would be left over as crumbs if it were made white: it is darker than
    /// the surface, and neither the subject nor a shadow that touches it. A wall, cloth and props leave
    /// crumbs, paper does not.
    pub(super) fn litter(&self, tile: &Tile, subject: &Region, noise: f32) -> f32 {
        let (tw, th) = (tile.rect.w, tile.rect.h);
        let step = tw.max(th).div_ceil(LITTER_SIDE).max(1);
        let (w, h) = (tw.div_ceil(step), th.div_ceil(step));
        let near = subject.widened(2 * step);
        let high = self.plainness(noise, false).1;
        let dark = high - 0.06;
        let at = |i: usize| (i / w * step) * tw + i % w * step;
        let ratios = self.ratios(tile, Rect::new(0, 0, tw, th));
        let seen = |i: usize| [0, 1, 2].map(|c| ratios[c][at(i)]);
        let covered = |i: usize| near.plane().data[at(i)] > 0.5;
        let least = |i: usize| seen(i).into_iter().fold(f32::MAX, f32::min);
        let kinds: Vec<(bool, bool)> = (0..w * h).map(|i| (covered(i), least(i) < dark)).collect();
        let open = kinds.iter().filter(|(near, _)| !near).count();
        let parts = components(w, h, &|i| kinds[i].0 || kinds[i].1);
        let alone = parts.iter().filter(|part| part.iter().all(|&i| !kinds[i].0));
        let crumbs = alone.map(Vec::len).sum::<usize>();
        crumbs as f32 / open.max(1) as f32
    }

    /// Whether a pixel cannot be backdrop or its shadow.
    fn stands_out(&self, p: [f32; 3], (u, v): (f32, f32)) -> bool {
        let light = self.light(u, v);
        let d: [f32; 3] = std::array::from_fn(|c| (p[c].max(1e-4) / light[c]).log2());
        let chroma = (d[0] - d[1]).abs().max((d[2] - d[1]).abs());
        d[1] > 2.0 * PLAIN_STOPS || d[1] < -0.8 || chroma > 2.0 * PLAIN_CHROMA
    }

    /// Whether the border is explained well enough to speak of a plain backdrop.
    pub(super) fn is_plain(&self) -> bool {
        self.share >= 0.6 && self.spread < 0.2
    }
}

/// 1, x, y, ... y^3 of a place, centred.
fn terms(u: f32, v: f32) -> [f32; TERMS] {
    let (x, y) = (2.0 * u - 1.0, 2.0 * v - 1.0);
    [1.0, x, y, x * x, x * y, y * y, x * x * x, x * x * y, x * y * y, y * y * y]
}

/// The cubics of a row: coefficients of 1, x, x^2, x^3 for each channel.
fn along(fields: &[[f32; TERMS]; 3], v: f32) -> [[f32; 4]; 3] {
    let y = 2.0 * v - 1.0;
    fields.map(|f| {
        [
            f[0] + y * (f[2] + y * (f[5] + y * f[9])),
            f[1] + y * (f[4] + y * f[8]),
            f[3] + y * f[7],
            f[6],
        ]
    })
}

/// What one pixel is, as far as colour tells.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    /// Darker than the backdrop, in its colour: shadow or grey metal.
    Darker,
    Other,
}

/// Fits the backdrop and finds the subject; both at the size of a small copy.
pub(super) fn find(tile: &Tile) -> (Backdrop, Mask) {
    let small = Small::of(tile);
    let mut kinds: Vec<Kind> = (0..small.len())
        .map(|i| if small.is_border(i) { Kind::Plain } else { Kind::Other })
        .collect();
    let mut fields = small.fit(&kinds);
    for round in 0..6 {
        // Wide at first: a border that holds a part of the subject must not decide.
        let slack = if round < 2 { 2.5 } else { 1.0 };
        kinds = small.kinds(&fields, slack);
        fields = small.fit(&kinds);
    }
    let backdrop = small.describe(fields, &kinds);
    let subject = small.subject(&kinds);
    (backdrop, subject)
}

/// The subject at the tile's own size: within two coarse pixels of its outline each pixel is judged
/// by itself against the surface.
pub(super) fn refined(tile: &Tile, backdrop: &Backdrop, coarse: &Mask) -> Mask {
    let (w, h) = (tile.rect.w, tile.rect.h);
    let k = w.max(h).div_ceil(SIDE).max(1);
    if k == 1 {
        return coarse.clone();
    }
    let cover = Region::from_mask(coarse, coarse.w, coarse.h);
    let (inner, outer) = (cover.shrunk(REACH), cover.widened(REACH));
    let mut out = Mask::new(w, h);
    for (y, row) in out.data.chunks_exact_mut(w.max(1)).enumerate() {
        let j = (y / k).min(coarse.h - 1) * coarse.w;
        for (i, cell) in row.chunks_mut(k).enumerate() {
            let at = j + i.min(coarse.w - 1);
            if inner.plane().data[at] > 0.5 {
                cell.fill(255);
            } else if outer.plane().data[at] > 0.5 {
                for (x, v) in (i * k..).zip(cell) {
                    let place = ((x as f32 + 0.5) / w as f32, (y as f32 + 0.5) / h as f32);
                    let other = backdrop.stands_out(tile.at(y * w + x), place);
                    *v = if other { 255 } else { 0 };
                }
            }
        }
    }
    out
}

/// Coarse pixels on both sides of the coarse outline that are looked at.
const REACH: usize = 2;

/// Fits the backdrop around a known subject.
pub(super) fn fit(tile: &Tile, subject: &Region) -> Backdrop {
    let small = Small::of(tile);
    let cover = small.cover(subject);
    let outside = |i: usize| cover[i] < 0.02;
    let mut kinds: Vec<Kind> =
        (0..small.len()).map(|i| if outside(i) { Kind::Plain } else { Kind::Other }).collect();
    let mut fields = small.fit(&kinds);
    for slack in [2.5, 1.5, 1.0] {
        kinds = small.kinds(&fields, slack);
        (0..small.len()).filter(|i| !outside(*i)).for_each(|i| kinds[i] = Kind::Other);
        fields = small.fit(&kinds);
    }
    small.describe(fields, &kinds)
}

/// A small copy in stops.
struct Small {
    w: usize,
    h: usize,
    /// Logarithms of red, green and blue.
    stops: Vec<[f32; 3]>,
    /// Largest step of green to a neighbour, stops.
    step: Vec<f32>,
}

impl Small {
    fn of(tile: &Tile) -> Self {
        let (tw, th) = (tile.rect.w, tile.rect.h);
        let k = tw.max(th).div_ceil(SIDE).max(1);
        let (w, h) = ((tw / k).max(1), (th / k).max(1));
        let mut stops = vec![[0.0_f32; 3]; w * h];
        let mut sums = vec![0.0; tw];
        for (y, row) in stops.chunks_exact_mut(w).enumerate() {
            for (c, plane) in tile.planes.iter().enumerate() {
                sums.fill(0.0);
                for line in plane.chunks_exact(tw.max(1)).take((y + 1) * k).skip(y * k) {
                    wide(|| sums.iter_mut().zip(line).for_each(|(s, v)| *s += v));
                }
                for (stops, part) in row.iter_mut().zip(sums.chunks(k)) {
                    stops[c] = (part.iter().sum::<f32>() / (k * k) as f32).max(1e-4).log2();
                }
            }
        }
        let green = |x: usize, y: usize| stops[y * w + x][1];
        let step = Plane::from_fn(w, h, |x, y| {
            let (x1, y1) = ((x + 1).min(w - 1), (y + 1).min(h - 1));
            let (x0, y0) = (x.saturating_sub(1), y.saturating_sub(1));
            (green(x1, y) - green(x0, y)).abs().max((green(x, y1) - green(x, y0)).abs())
        });
        Self { w, h, stops, step: step.data }
    }

    fn len(&self) -> usize {
        self.stops.len()
    }

    /// Coverage of a region at each pixel.
    fn cover(&self, region: &Region) -> Vec<f32> {
        let frame = Frame { w: self.w, h: self.h, scale: 1.0 };
        let mut cover = vec![0.0; self.len()];
        let mut rows = region.across(&frame, 0, self.w);
        for (y, row) in cover.chunks_exact_mut(self.w).enumerate() {
            rows.row(y, row);
        }
        cover
    }

    fn place(&self, i: usize) -> (f32, f32) {
        let (x, y) = ((i % self.w) as f32 + 0.5, (i / self.w) as f32 + 0.5);
        (x / self.w as f32, y / self.h as f32)
    }

    /// The outer eighth.
    fn is_border(&self, i: usize) -> bool {
        let (u, v) = self.place(i);
        u.min(v).min(1.0 - u).min(1.0 - v) < 0.06
    }

    /// Least squares over the plain pixels; brighter ones count more, since a shadow is never the
    /// backdrop's own light.
    fn fit(&self, kinds: &[Kind]) -> [[f32; TERMS]; 3] {
        let (mut sums, mut rights) = ([[0.0_f64; TERMS]; TERMS], [[0.0_f64; TERMS]; 3]);
        // One pixel in eleven is plenty for ten unknowns.
        for i in (0..self.len()).step_by(11).filter(|&i| kinds[i] == Kind::Plain) {
            let (u, v) = self.place(i);
            let t = terms(u, v).map(f64::from);
            wide(|| {
                for (row, a) in sums.iter_mut().zip(&t) {
                    row.iter_mut().zip(&t).for_each(|(s, b)| *s += a * b);
                }
            });
            for (right, stops) in rights.iter_mut().zip(&self.stops[i]) {
                let stops = f64::from(*stops);
                right.iter_mut().zip(&t).for_each(|(s, a)| *s += a * stops);
            }
        }
        let mut normal = DMatrix::from_fn(TERMS, TERMS, |a, b| sums[a][b]);
        let right = rights.map(|r| DVector::from_column_slice(&r));
        // A ridge keeps the cubic calm where the backdrop is not seen.
        let weight = normal[(0, 0)].max(1.0);
        for a in 0..TERMS {
            normal[(a, a)] += weight * if a == 0 { 1e-9 } else { 1e-3 };
        }
        let Some(solver) = normal.cholesky() else { return [[0.0; TERMS]; 3] };
        right.map(|r| {
            let x = solver.solve(&r);
            std::array::from_fn(|i| x[i] as f32)
        })
    }

    /// Every pixel against the surface: stops of luminance (green), and of red and blue to green.
    fn against(&self, fields: &[[f32; TERMS]; 3]) -> Vec<(f32, f32)> {
        let mut out = Vec::with_capacity(self.len());
        for (y, row) in self.stops.chunks_exact(self.w).enumerate() {
            let cubics = along(fields, (y as f32 + 0.5) / self.h as f32);
            out.extend(row.iter().enumerate().map(|(x, stops)| {
                let x = 2.0 * (x as f32 + 0.5) / self.w as f32 - 1.0;
                let off = |c: usize| {
                    let k = &cubics[c];
                    stops[c] - (k[0] + x * (k[1] + x * (k[2] + x * k[3])))
                };
                let d = [off(0), off(1), off(2)];
                (d[1], larger((d[0] - d[1]).abs(), (d[2] - d[1]).abs()))
            }));
        }
        out
    }

    fn kinds(&self, fields: &[[f32; TERMS]; 3], slack: f32) -> Vec<Kind> {
        let against = self.against(fields);
        against.iter().enumerate().map(|(i, a)| self.kind(i, *a, slack)).collect()
    }

    fn kind(&self, i: usize, (light, chroma): (f32, f32), slack: f32) -> Kind {
        // Dark pixels have noisy ratios.
        let dark = larger(-4.0 - self.stops[i][1], 0.0);
        let chroma = chroma / (1.0 + dark);
        if light.abs() < PLAIN_STOPS * slack && chroma < PLAIN_CHROMA * slack {
            Kind::Plain
        } else if light < 0.0 && light > -1.6 && chroma < 1.5 * PLAIN_CHROMA && self.step[i] < 0.14
        {
            Kind::Darker
        } else {
            Kind::Other
        }
    }

    fn describe(&self, fields: [[f32; TERMS]; 3], kinds: &[Kind]) -> Backdrop {
        let plain = |i: &usize| kinds[*i] == Kind::Plain;
        let border: Vec<usize> = (0..self.len()).filter(|&i| self.is_border(i)).collect();
        let held = border.iter().filter(|i| kinds[**i] != Kind::Other).count();
        let against = self.against(&fields);
        let mut residuals: Vec<f32> =
            (0..self.len()).filter(plain).map(|i| against[i].0.abs()).collect();
        let spread = 1.48 * median(&mut residuals).unwrap_or(1.0);
        let mut backdrop =
            Backdrop { fields, level: [0.0; 3], share: 0.0, spread, doubtful: 0.0, tints: 0.0 };
        backdrop.share = held as f32 / border.len().max(1) as f32;
        let count = |kind: Kind| kinds.iter().filter(|k| **k == kind).count() as f32;
        let (light, darker) = (count(Kind::Plain), count(Kind::Darker));
        backdrop.doubtful = darker / (light + darker).max(1.0);
        let mut lights = [const { Vec::new() }; 3];
        for i in (0..self.len()).filter(plain) {
            let (u, v) = self.place(i);
            let light = backdrop.light(u, v);
            (0..3).for_each(|c| lights[c].push(light[c]));
        }
        let warmth = lights[0].iter().zip(&lights[2]).map(|(r, b)| (r / b).log2());
        backdrop.tints = range(warmth.collect());
        backdrop.level = lights.map(|mut l| median(&mut l).unwrap_or(0.5));
        backdrop
    }

    /// Everything that is neither plain nor a shadow; crumbs are dropped.
    fn subject(&self, kinds: &[Kind]) -> Mask {
        let mut inside: Vec<bool> = kinds.iter().map(|k| *k == Kind::Other).collect();
        for part in components(self.w, self.h, &|i| kinds[i] == Kind::Darker) {
            // A shadow lies mostly against the backdrop; grey metal against other metal.
            let (mut plain, mut other) = (0_usize, 0_usize);
            for &i in &part {
                for j in neighbours(self.w, self.h, i) {
                    plain += usize::from(kinds[j] == Kind::Plain);
                    other += usize::from(kinds[j] == Kind::Other);
                }
            }
            if plain * 2 < other {
                part.iter().for_each(|&i| inside[i] = true);
            }
        }
        for part in components(self.w, self.h, &|i| inside[i]) {
            if part.len() * 4000 < self.len() {
                part.iter().for_each(|&i| inside[i] = false);
            }
        }
        let data = inside.iter().map(|&v| if v { 255 } else { 0 }).collect();
        Mask { w: self.w, h: self.h, data }
    }
}

/// Part of the subject's pixels that a hole may have to be a facet.
const FACET: f32 = 0.01;
/// Part of a facet's surroundings that must be subject; and that must be subject or another such hole.
const DEEP: (f32, f32) = (0.75, 0.95);

/// The subject with the small holes closed that lie deep in it: facets that mirror the paper look like
/// paper. The inside of a ring is larger, and a chain's links are holes beside holes.
pub(super) fn without_facets(subject: &Region) -> Region {
    let plane = subject.plane();
    let (w, covered) = (plane.w, |i: usize| plane.data[i] > 0.5);
    let whole = extent(plane);
    let at = |i: usize| (whole.y + i / whole.w) * w + whole.x + i % whole.w;
    let count = (0..whole.area()).filter(|&i| covered(at(i))).count();
    let holes: Vec<Vec<usize>> = components(whole.w, whole.h, &|i| !covered(at(i)))
        .into_iter()
        .filter(|hole| hole.len() as f32 <= FACET * count as f32)
        .collect();
    let mut small = vec![false; whole.area()];
    holes.iter().flatten().for_each(|&i| small[i] = true);
    let mut closed: Option<Plane> = None;
    for hole in holes {
        let place = |i: &usize| Rect::new(i % whole.w, i / whole.w, 1, 1);
        let rect = hole.iter().fold(Rect::default(), |r, i| r.union(&place(i)));
        let around = rect.grown(rect.w.max(rect.h) / 2 + 3, whole.w, whole.h);
        let row = |y: usize| (around.x..around.right()).map(move |x| y * whole.w + x);
        let places = || (around.y..around.bottom()).flat_map(row);
        let beside = (around.area() - hole.len()) as f32;
        let inside = places().filter(|&i| covered(at(i))).count();
        let holes = places().filter(|&i| small[i]).count() - hole.len();
        if inside as f32 >= DEEP.0 * beside && (inside + holes) as f32 >= DEEP.1 * beside {
            let closed = closed.get_or_insert_with(|| plane.clone());
            hole.iter().for_each(|&i| closed.data[at(i)] = 1.0);
        }
    }
    closed.map_or_else(|| subject.clone(), Region::new)
}

/// The larger of two numbers; quicker than [`f32::max`], which minds what is not a number.
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The rectangle around what is covered.
fn extent(plane: &Plane) -> Rect {
    let rows = plane.data.chunks_exact(plane.w.max(1)).enumerate();
    rows.fold(Rect::default(), |r, (y, row)| {
        let Some(first) = row.iter().position(|c| *c > 0.5) else { return r };
        let last = row.iter().rposition(|c| *c > 0.5).unwrap_or(first);
        r.union(&Rect::new(first, y, last + 1 - first, 1))
    })
}

/// From the twentieth to the last but a twentieth.
fn range(mut values: Vec<f32>) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    let at = |k: usize| values.get(values.len() * k / 20).copied().unwrap_or(0.0);
    at(19) - at(1)
}

/// The middle value.
pub(super) fn median(values: &mut [f32]) -> Option<f32> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// The up to four neighbours of a pixel.
fn neighbours(w: usize, h: usize, i: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (i % w, i / w);
    let at = |ok: bool, j: usize| ok.then_some(j);
    [
        at(x > 0, i.wrapping_sub(1)),
        at(x + 1 < w, i + 1),
        at(y > 0, i.wrapping_sub(w)),
        at(y + 1 < h, i + w),
    ]
    .into_iter()
    .flatten()
}

/// Connected parts (four neighbours) of the pixels for which `inside` holds.
pub(super) fn components(w: usize, h: usize, inside: &impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let mut seen = vec![false; w * h];
    let mut parts = Vec::new();
    for start in 0..w * h {
        if seen[start] || !inside(start) {
            continue;
        }
        seen[start] = true;
        let mut part = vec![start];
        let mut next = 0;
        while let Some(&i) = part.get(next) {
            next += 1;
            for j in neighbours(w, h, i) {
                if !seen[j] && inside(j) {
                    seen[j] = true;
                    part.push(j);
                }
            }
        }
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facets_are_closed_and_the_inside_of_a_ring_and_of_links_stays_open() {
        let (w, h) = (300, 200);
        let plane = Plane::from_fn(w, h, |x, y| {
            let d = |cx: f32, cy: f32| (x as f32 - cx).hypot(y as f32 - cy);
            let stone = d(70.0, 100.0) < 50.0 && d(60.0, 90.0) > 4.0 && d(80.0, 112.0) > 3.0;
            let ring = (30.0..40.0).contains(&d(190.0, 60.0));
            let link = (0..9).any(|k| (4.0..6.0).contains(&d(150.0 + 11.0 * k as f32, 160.0)));
            f32::from(u8::from(stone || ring || link))
        });
        let closed = without_facets(&Region::new(plane));
        let at = |x: usize, y: usize| closed.plane().at(x, y);
        assert_eq!([at(60, 90), at(80, 112)], [1.0; 2], "facets");
        assert_eq!([at(190, 60), at(161, 160), at(10, 10)], [0.0; 3], "ring, link, outside");
    }
}
