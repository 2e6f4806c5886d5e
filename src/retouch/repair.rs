//! Repairs: small places whose pixels are replaced before anything else happens.
//!
//! Filling solves the biharmonic equation inside the mask: the smoothest surface that meets its
//! surroundings in value and slope. Each place is solved once a rendering, on the pixels of the size
//! that is rendered, and laid over every tile that shows a part of it.

use super::point::IDENTITY;
use super::tile::{Frame, Source, Tile};
use crate::imaging::{Mask, Rect};

/// How a place is mended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Method {
    /// From its surroundings.
    Fill,
    /// From another place, this far away (fractions of width and height), its light matched to the
    /// surroundings.
    Heal([f32; 2]),
    /// From another place as it is.
    Clone([f32; 2]),
}

/// A place to mend.
#[derive(Clone, Debug)]
pub(super) struct Repair {
    /// Where, pixels of the original.
    pub(super) rect: Rect,
    /// Which pixels; coverage is mixed in.
    pub(super) mask: Mask,
    /// How.
    pub(super) method: Method,
    /// How much of it is mixed in.
    pub(super) opacity: f32,
}

/// Mended pixels at the size that is rendered.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    tile: Tile,
    cover: Vec<f32>,
}

/// Pixels around a mask that the surface must meet.
const RIM: usize = 3;
/// A place of more pixels than this is left alone: it is no blemish.
const MOST_PIXELS: usize = 4_000_000;

impl Repair {
    /// Its place in a frame.
    fn placed(&self, frame: &Frame) -> Rect {
        self.rect.scaled(frame.scale).intersection(&Rect::new(0, 0, frame.w, frame.h))
    }

    /// Solves it on the pixels of a source; `before` are repairs already made.
    fn solve(&self, source: &Source<'_>, frame: Frame, before: &[Patch]) -> Option<Patch> {
        let place = self.placed(&frame);
        if place.is_empty() || place.area() > MOST_PIXELS {
            return None;
        }
        let rect = place.grown(RIM, frame.w, frame.h);
        let mut tile = Tile::new(frame, rect);
        tile.load(source, &IDENTITY);
        before.iter().for_each(|p| p.lay(&mut tile));
        let cover = self.cover(&frame, rect);
        match &self.method {
            Method::Fill => fill(&mut tile, &cover),
            Method::Heal(by) | Method::Clone(by) => {
                let other = moved(rect, &frame, *by)?;
                let mut from = Tile::new(frame, other);
                from.load(source, &IDENTITY);
                before.iter().for_each(|p| p.lay(&mut from));
                if matches!(self.method, Method::Heal(_)) {
                    blend(&mut tile, &from, &cover);
                } else {
                    tile.planes = from.planes;
                }
            }
        }
        let cover = cover.iter().map(|c| c * self.opacity).collect();
        Some(Patch { tile, cover })
    }

    /// Coverage over a rectangle of the frame: the greatest of the mask inside each pixel.
    fn cover(&self, frame: &Frame, rect: Rect) -> Vec<f32> {
        let step = 1.0 / frame.scale;
        let greatest = |x: usize, y: usize| {
            let span = |v: usize, origin: usize, n: usize| {
                let low = (v as f32 * step).floor() - origin as f32;
                let high = ((v + 1) as f32 * step).ceil() - origin as f32;
                (low.max(0.0) as usize, (high.max(0.0) as usize).min(n))
            };
            let (x0, x1) = span(x, self.rect.x, self.mask.w);
            let (y0, y1) = span(y, self.rect.y, self.mask.h);
            let rows = (y0..y1).flat_map(|j| &self.mask.data[j * self.mask.w..][x0.min(x1)..x1]);
            f32::from(rows.copied().max().unwrap_or(0)) / 255.0
        };
        let places =
            (rect.y..rect.bottom()).flat_map(|y| (rect.x..rect.right()).map(move |x| (x, y)));
        places.map(|(x, y)| greatest(x, y)).collect()
    }
}

/// A rectangle moved by fractions of the frame, if it stays inside.
fn moved(rect: Rect, frame: &Frame, by: [f32; 2]) -> Option<Rect> {
    let x = rect.x as f32 + (by[0] * frame.w as f32).round();
    let y = rect.y as f32 + (by[1] * frame.h as f32).round();
    let inside =
        x >= 0.0 && y >= 0.0 && x as usize + rect.w <= frame.w && y as usize + rect.h <= frame.h;
    inside.then(|| Rect::new(x as usize, y as usize, rect.w, rect.h))
}

impl Patch {
    /// Whether it shows in a part of the frame.
    pub(super) fn touches(&self, part: Rect) -> bool {
        !self.tile.rect.intersection(&part).is_empty()
    }

    /// Lays it over a tile.
    pub(super) fn lay(&self, tile: &mut Tile) {
        let common = self.tile.rect.intersection(&tile.rect);
        for y in common.y..common.bottom() {
            for x in common.x..common.right() {
                let i = (y - self.tile.rect.y) * self.tile.rect.w + x - self.tile.rect.x;
                let cover = self.cover[i];
                if cover > 0.0 {
                    let j = (y - tile.rect.y) * tile.rect.w + x - tile.rect.x;
                    let (old, new) = (tile.at(j), self.tile.at(i));
                    tile.put(j, std::array::from_fn(|c| old[c] + (new[c] - old[c]) * cover));
                }
            }
        }
    }
}

/// Solves repairs one after the other: a later one sees what the earlier ones mended.
pub(super) fn solve(repairs: &[Repair], source: &Source<'_>, frame: Frame) -> Vec<Patch> {
    let mut patches: Vec<Patch> = Vec::new();
    for repair in repairs {
        if let Some(patch) = repair.solve(source, frame, &patches) {
            patches.push(patch);
        }
    }
    patches
}

/// Fills what is covered by the biharmonic surface of what is not.
fn fill(tile: &mut Tile, cover: &[f32]) {
    let (w, h) = (tile.rect.w, tile.rect.h);
    let unknown: Vec<bool> = cover.iter().map(|c| *c > 0.0).collect();
    for plane in &mut tile.planes {
        let solved = biharmonic(plane, &unknown, w, h);
        plane.copy_from_slice(&solved);
    }
}

/// Takes another place's detail and the surroundings' light: the difference of the two places is
/// filled smoothly and added.
fn blend(tile: &mut Tile, from: &Tile, cover: &[f32]) {
    let (w, h) = (tile.rect.w, tile.rect.h);
    let unknown: Vec<bool> = cover.iter().map(|c| *c > 0.0).collect();
    for (plane, from) in tile.planes.iter_mut().zip(&from.planes) {
        let apart: Vec<f32> = plane.iter().zip(from).map(|(a, b)| a - b).collect();
        let apart = biharmonic(&apart, &unknown, w, h);
        for (v, (from, apart)) in plane.iter_mut().zip(from.iter().zip(apart)) {
            *v = from + apart;
        }
    }
}

/// Minimises the squared Laplacian over the unknown pixels by conjugate gradients.
fn biharmonic(values: &[f32], unknown: &[bool], w: usize, h: usize) -> Vec<f32> {
    let mut x: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
    start(&mut x, unknown, w, h);
    let only = |mut v: Vec<f64>| {
        v.iter_mut().zip(unknown).for_each(|(v, u)| *v = if *u { *v } else { 0.0 });
        v
    };
    let apply = |v: &[f64]| only(laplacian(&laplacian(v, w, h), w, h));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut residual: Vec<f64> = apply(&x).iter().map(|v| -v).collect();
    let mut direction = residual.clone();
    let mut size = dot(&residual, &residual);
    let count = unknown.iter().filter(|u| **u).count();
    let enough = count as f64 * 1e-12;
    for _ in 0..(4 * count).min(600) {
        if size <= enough {
            break;
        }
        let image = apply(&direction);
        let length = dot(&direction, &image);
        if length <= 0.0 {
            break;
        }
        let step = size / length;
        for i in 0..x.len() {
            x[i] += step * direction[i];
            residual[i] -= step * image[i];
        }
        let new = dot(&residual, &residual);
        direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = r + new / size * *d);
        size = new;
    }
    x.iter().map(|v| *v as f32).collect()
}

/// A first guess: the mean of the known pixels.
fn start(x: &mut [f64], unknown: &[bool], w: usize, h: usize) {
    let known = || x.iter().zip(unknown).filter(|(_, u)| !**u).map(|(v, _)| *v);
    let count = known().count();
    let mean = if count == 0 { 0.5 } else { known().sum::<f64>() / count as f64 };
    debug_assert_eq!(x.len(), w * h);
    x.iter_mut().zip(unknown).filter(|(_, u)| **u).for_each(|(v, _)| *v = mean);
}

/// The sum of differences to the neighbours that exist; symmetric, so its square is too.
fn laplacian(v: &[f64], w: usize, h: usize) -> Vec<f64> {
    let mut out = vec![0.0; v.len()];
    for y in 0..h {
        for x in 0..w {
            let i = y * w + x;
            let mut sum = 0.0;
            if x > 0 {
                sum += v[i - 1] - v[i];
            }
            if x + 1 < w {
                sum += v[i + 1] - v[i];
            }
            if y > 0 {
                sum += v[i - w] - v[i];
            }
            if y + 1 < h {
                sum += v[i + w] - v[i];
            }
            out[i] = sum;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_in_a_quadratic_surface_is_filled_exactly() {
        let (w, h) = (21, 17);
        let surface = |i: usize| {
            let (x, y) = ((i % w) as f32 / 20.0, (i / w) as f32 / 20.0);
            0.3 + 0.2 * x - 0.1 * y + 0.3 * x * y
        };
        let unknown: Vec<bool> =
            (0..w * h).map(|i| (8..13).contains(&(i % w)) && (6..11).contains(&(i / w))).collect();
        let values: Vec<f32> =
            (0..w * h).map(|i| if unknown[i] { 9.0 } else { surface(i) }).collect();
        let filled = biharmonic(&values, &unknown, w, h);
        let worst = (0..w * h).map(|i| (filled[i] - surface(i)).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-3, "{worst}");
    }
}
