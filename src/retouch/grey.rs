//! Grey marks on coloured metal: dust and scratches are grey, gold is not.
//!
//! The light that gold throws back, from whatever it mirrors, has gold's own ratio of blue to red,
//! or less of it after several bounces. A grey speck in front of it, or metal torn open so that it
//! scatters, adds blue. So `e = sqrt(B) - sqrt(k R)`, with `k` the metal's ratio, is zero over all
//! reflections, however wild, and stands up at a mark: a single picture does tell them apart, by
//! colour, where light alone does not. Clipped glints have lost their ratio and are left out; stones
//! throw back every colour, so a mark counts only with metal around it. Silver, platinum and steel
//! have no colour to go by: nothing is found there.
//!
//! Everything is looked at on the reduced picture, linear sRGB.

use super::backdrop::median;
use super::region::Region;
use super::survey::Survey;
use super::tile::Tile;
use crate::imaging::Rect;
use crate::imaging::colour::{REC2020_TO_SRGB, apply};

/// A mark on the reduced picture.
#[derive(Clone, Debug)]
pub(super) struct Grey {
    /// Its pixels' rectangle.
    pub(super) rect: Rect,
    /// The excess of blue half-way up from the metal around it to its peak: what has more is mark.
    pub(super) half: f32,
    /// How far it stands out, in spreads of the metal around it.
    pub(super) score: f32,
    /// The metal's ratio of blue to red.
    pub(super) metal: f32,
}

/// Coverage from which on a pixel is the product's.
const COVERED: f32 = 0.78;
/// Light of a channel from which on it may be clipped.
const CLIPPED: f32 = 0.955;
/// Blue to red below which a pixel has a metal's colour, and the part of the product that must.
const COLOURED: (f32, f32) = (0.6, 0.1);
/// The ring around a mark, reduced pixels.
const RING: (f32, f32) = (3.0, 6.5);
/// Part of the ring that must be plain metal.
const METAL: f32 = 0.6;
/// Least excess of a mark, and the most that plain metal has.
const EXCESS: (f32, f32) = (0.03, 0.06);
/// A mark is at most this long and wide, reduced pixels, and this much of it may be clipped.
const LONGEST: f32 = 34.0;
const WIDEST: f32 = 4.5;
const MOST_CLIPPED: f32 = 0.15;
/// How far from its middle a mark may reach, reduced pixels.
const REACH: usize = 16;

/// Every mark that stands out, the surest first, none over another; none at all where the product's
/// metal has no colour to tell them by.
pub(super) fn find(survey: &Survey, subject: &Region) -> Option<Vec<Grey>> {
    let metal = Metal::of(survey, subject)?;
    let mut marks: Vec<Grey> = metal.peaks().filter_map(|(x, y)| metal.examine(x, y)).collect();
    marks.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Grey> = Vec::new();
    for mark in marks {
        if kept.iter().all(|k| k.rect.intersection(&mark.rect).is_empty()) {
            kept.push(mark);
        }
    }
    Some(kept)
}

/// The pixels of a rectangle.
pub(super) fn places(rect: Rect) -> impl Iterator<Item = (usize, usize)> {
    (rect.y..rect.bottom()).flat_map(move |y| (rect.x..rect.right()).map(move |x| (x, y)))
}

/// The excess of blue of a pixel of linear sRGB over a metal.
pub(super) fn excess([r, _, b]: [f32; 3], metal: f32) -> f32 {
    b.max(0.0).sqrt() - (metal * r.max(0.0)).sqrt()
}

/// What a pixel of the product is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Not the product.
    Off,
    /// Metal in its colour.
    Plain,
    /// Clipped in some channel.
    Clipped,
    /// A stone, a mark, or too dark to tell.
    Other,
}

/// The part of the reduced picture that holds the product.
struct Metal {
    w: usize,
    h: usize,
    /// Its upper left in the reduced picture.
    at: (usize, usize),
    ratio: f32,
    excess: Vec<f32>,
    kinds: Vec<Kind>,
    /// Far enough from the rim, not clipped, no bluer than grey.
    may: Vec<bool>,
    ring: Vec<(isize, isize)>,
}

/// The product's rectangle in a plane of coverage.
fn extent(w: usize, cover: &[f32]) -> Rect {
    let (mut x0, mut x1, mut y0, mut y1) = (usize::MAX, 0, usize::MAX, 0);
    for (y, row) in cover.chunks_exact(w).enumerate() {
        let Some(first) = row.iter().position(|c| *c > COVERED) else { continue };
        let last = row.iter().rposition(|c| *c > COVERED).unwrap_or(first);
        (x0, x1, y0, y1) = (x0.min(first), x1.max(last + 1), y0.min(y), y + 1);
    }
    if x0 >= x1 { Rect::default() } else { Rect::new(x0, y0, x1 - x0, y1 - y0) }
}

/// Linear sRGB of a part of a tile.
fn lights(tile: &Tile, part: Rect) -> Vec<[f32; 3]> {
    let row = |y: usize| (part.x..part.right()).map(move |x| y * tile.rect.w + x);
    let places = (part.y..part.bottom()).flat_map(row);
    places.map(|i| apply(&REC2020_TO_SRGB, tile.at(i))).collect()
}

impl Metal {
    /// None where the product has no metal with a colour.
    fn of(survey: &Survey, subject: &Region) -> Option<Self> {
        let plane = subject.plane();
        let part = extent(plane.w, &plane.data);
        if part.w <= 2 * REACH || part.h <= 2 * REACH {
            return None;
        }
        let cut = |values: &[f32]| -> Vec<f32> {
            (part.y..part.bottom())
                .flat_map(|y| values[y * plane.w..][part.x..part.right()].iter().copied())
                .collect()
        };
        let cover = cut(&plane.data);
        let (inner, deep) = (subject.shrunk(2), subject.shrunk(3));
        let (inner, deep) = (cut(&inner.plane().data), cut(&deep.plane().data));
        let light = lights(&survey.tile, part);
        let high = |i: usize| survey.high[(part.y + i / part.w) * plane.w + part.x + i % part.w];
        let most = |p: [f32; 3]| p.into_iter().fold(0.0, f32::max);
        let clipped = |i: usize| most(light[i]) >= CLIPPED || high(i) >= 250;
        let all = (0..light.len()).filter(|&i| deep[i] > COVERED && !clipped(i));
        let seen: Vec<[f32; 3]> = all.map(|i| light[i]).filter(|p| p[0] > 0.02).collect();
        let coloured = seen.iter().filter(|p| p[2] < COLOURED.0 * p[0]);
        let mut ratios: Vec<f32> = coloured.map(|p| p[2].max(0.0) / p[0]).collect();
        if ratios.len() < 200 || (ratios.len() as f32) < COLOURED.1 * seen.len() as f32 {
            return None;
        }
        // Above the middle: after several bounces metal has less blue than its own ratio.
        let at = ratios.len() * 6 / 10;
        let ratio = *ratios.select_nth_unstable_by(at, f32::total_cmp).1;
        let excess: Vec<f32> = light.iter().map(|p| excess(*p, ratio)).collect();
        let kind = |i: usize| match light[i] {
            _ if cover[i] <= COVERED => Kind::Off,
            _ if clipped(i) => Kind::Clipped,
            [red, ..] if excess[i] < EXCESS.1 && red > 0.008 => Kind::Plain,
            _ => Kind::Other,
        };
        let kinds: Vec<Kind> = (0..light.len()).map(kind).collect();
        let grey = |p: [f32; 3]| p[2] < 1.05 * p[0] + 0.004;
        let may = |i: usize| inner[i] > COVERED && kinds[i] != Kind::Clipped && grey(light[i]);
        let may = (0..light.len()).map(may).collect();
        let (w, h, at) = (part.w, part.h, (part.x, part.y));
        Some(Self { w, h, at, ratio, excess, kinds, may, ring: ring() })
    }

    /// Where the excess, a little softened against noise, is greatest among its neighbours.
    fn peaks(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let soft = softened(&self.excess, self.w, self.h);
        let inside = (REACH / 2..self.h - REACH / 2)
            .flat_map(|y| (REACH / 2..self.w - REACH / 2).map(move |x| (x, y)));
        inside.filter(move |&(x, y)| {
            let v = soft[y * self.w + x];
            let top = || {
                let rows = (y - 1..=y + 1).map(|j| &soft[j * self.w + x - 1..][..3]);
                rows.flatten().all(|n| *n <= v)
            };
            v > EXCESS.0 && self.may[y * self.w + x] && top()
        })
    }

    fn examine(&self, x: usize, y: usize) -> Option<Grey> {
        let around: Vec<usize> = self.ring.iter().filter_map(|o| self.offset(x, y, *o)).collect();
        let plain = around.iter().filter(|&&i| self.kinds[i] == Kind::Plain);
        let mut metal: Vec<f32> = plain.map(|&i| self.excess[i]).collect();
        if (metal.len() as f32) < METAL * self.ring.len() as f32 {
            return None;
        }
        let middle = median(&mut metal)?;
        let mut off: Vec<f32> = metal.iter().map(|v| (v - middle).abs()).collect();
        let spread = 1.48 * median(&mut off)?;
        let product = around.iter().filter(|&&i| self.kinds[i] != Kind::Off);
        let mut all: Vec<f32> = product.map(|&i| self.excess[i]).collect();
        let high = all.len() * 7 / 10;
        let high = *all.select_nth_unstable_by(high, f32::total_cmp).1;
        let (seed, peak) = self.top(x, y);
        let half = (0.5 * (middle + peak)).max(middle + 2.0 * spread);
        let rect = self.shape(seed, half)?;
        let score = (peak - high.max(middle)) / (spread + 0.015);
        let place = Rect { x: rect.x + self.at.0, y: rect.y + self.at.1, ..rect };
        (score > 0.0).then_some(Grey { rect: place, half, score, metal: self.ratio })
    }

    fn offset(&self, x: usize, y: usize, (dx, dy): (isize, isize)) -> Option<usize> {
        let (x, y) = (x.checked_add_signed(dx)?, y.checked_add_signed(dy)?);
        (x < self.w && y < self.h).then_some(y * self.w + x)
    }

    /// The greatest excess of a place and its neighbours.
    fn top(&self, x: usize, y: usize) -> ((usize, usize), f32) {
        let near = (y - 1..=y + 1).flat_map(|j| (x - 1..=x + 1).map(move |i| (i, j)));
        let with = near.map(|(i, j)| ((i, j), self.excess[j * self.w + i]));
        with.fold(((x, y), f32::MIN), |a, b| if b.1 > a.1 { b } else { a })
    }

    /// The rectangle of what stands above a level around a place, if it has the shape of a mark:
    /// a crumb or a line, not the rim of something larger.
    fn shape(&self, (x, y): (usize, usize), level: f32) -> Option<Rect> {
        let window = Rect::new(x, y, 1, 1).grown(REACH, self.w, self.h);
        let mut seen = vec![false; window.area()];
        let at = |x: usize, y: usize| (y - window.y) * window.w + x - window.x;
        let (mut part, mut next) = (vec![(x, y)], 0);
        seen[at(x, y)] = true;
        while let Some(&(x, y)) = part.get(next) {
            next += 1;
            for (i, j) in places(Rect::new(x, y, 1, 1).grown(1, self.w, self.h)) {
                if !window.contains(i, j) {
                    return None;
                }
                if !seen[at(i, j)] && self.excess[j * self.w + i] > level {
                    seen[at(i, j)] = true;
                    part.push((i, j));
                }
            }
        }
        let rect = part.iter().fold(Rect::default(), |r, p| r.union(&Rect::new(p.0, p.1, 1, 1)));
        let beside = |p: &(usize, usize)| {
            let near = Rect::new(p.0, p.1, 1, 1).grown(1, self.w, self.h);
            places(near).any(|(i, j)| window.contains(i, j) && seen[at(i, j)])
        };
        let own: Vec<_> = places(rect.grown(1, self.w, self.h)).filter(beside).collect();
        let clipped = own.iter().filter(|p| self.kinds[p.1 * self.w + p.0] == Kind::Clipped);
        let clipped = clipped.count() as f32 / own.len() as f32;
        let (long, wide) = sides(&part);
        (long <= LONGEST && wide <= WIDEST && clipped <= MOST_CLIPPED).then_some(rect)
    }
}

/// Offsets of the ring's pixels.
fn ring() -> Vec<(isize, isize)> {
    let r = RING.1.ceil() as isize;
    let all = (-r..=r).flat_map(|y| (-r..=r).map(move |x| (x, y)));
    all.filter(|(x, y)| (RING.0..=RING.1).contains(&(*x as f32).hypot(*y as f32))).collect()
}

/// A Gaussian of .6 pixels.
fn softened(values: &[f32], w: usize, h: usize) -> Vec<f32> {
    const SIDE: f32 = 0.1664;
    let join = |a: f32, b: f32, c: f32| SIDE * (a + c) + (1.0 - 2.0 * SIDE) * b;
    let mut across = values.to_vec();
    for (out, row) in across.chunks_exact_mut(w).zip(values.chunks_exact(w)) {
        for x in 1..w - 1 {
            out[x] = join(row[x - 1], row[x], row[x + 1]);
        }
    }
    let mut out = across.clone();
    for y in 1..h - 1 {
        for x in 0..w {
            let at = y * w + x;
            out[at] = join(across[at - w], across[at], across[at + w]);
        }
    }
    out
}

/// Length and width of a set of pixels: those of the rectangle with the same second moments.
fn sides(part: &[(usize, usize)]) -> (f32, f32) {
    let n = part.len() as f32;
    let mean =
        |of: fn(&(usize, usize)) -> usize| part.iter().map(|p| of(p) as f32).sum::<f32>() / n;
    let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in part {
        let (dx, dy) = (*x as f32 - mx, *y as f32 - my);
        (xx, yy, xy) = (xx + dx * dx, yy + dy * dy, xy + dx * dy);
    }
    let (xx, yy, xy) = (xx / n + 1.0 / 12.0, yy / n + 1.0 / 12.0, xy / n);
    let (half, root) = (0.5 * (xx + yy), (0.25 * (xx - yy).powi(2) + xy * xy).sqrt());
    ((12.0 * (half + root)).sqrt(), (12.0 * (half - root).max(0.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use crate::imaging::{Mask, Picture, Rgb8};
    use crate::retouch::Proxy;

    /// Metal of a colour that mirrors stripes and grain of every lightness, with three grey specks, two
    /// darker and one lighter than the gold around them, and a gold one.
    fn metal(colour: [f32; 3]) -> Picture {
        let specks = [(60.0, 50.0, 0.22), (120.0, 90.0, 0.5), (200.0, 60.0, 0.10)];
        Picture::from_srgb8(Rgb8::from_fn(260, 140, |x, y| {
            let (u, v) = (x as f32, y as f32);
            let stripes = 0.3 + 0.25 * (u * 0.31).sin() * (v * 0.17 + u * 0.05).cos();
            let grain = ((((x * 73 + y * 151) * 2_654_435) >> 7) % 64) as f32 / 64.0;
            let light = stripes * (0.6 + 0.4 * grain);
            let mut p = colour.map(|c| c * light);
            for (cx, cy, grey) in specks {
                let cover = (1.9 - (u - cx).hypot(v - cy)).clamp(0.0, 1.0) * 0.8;
                p = p.map(|c| c + (grey - c) * cover);
            }
            if (u - 160.0).hypot(v - 110.0) < 1.5 {
                p = colour.map(|c| c * 0.9);
            }
            p.map(crate::imaging::colour::srgb_encode8)
        }))
    }

    fn sure(colour: [f32; 3]) -> Vec<(usize, usize)> {
        let picture = metal(colour);
        let mask = Mask { w: 260, h: 140, data: vec![255; 260 * 140] };
        let proxy = Proxy::new(&picture, Some(&mask));
        let sure = proxy.specks().iter().filter(|s| s.on_product && s.confidence > 0.5);
        let middle = |s: &crate::retouch::Speck| (s.rect.x + s.rect.w / 2, s.rect.y + s.rect.h / 2);
        let mut found: Vec<_> = sure.map(middle).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn grey_specks_on_gold_are_told_from_everything_that_it_mirrors() {
        let found = sure([1.0, 0.73, 0.31]);
        let near =
            |x: usize, y: usize| found.iter().any(|f| f.0.abs_diff(x) < 3 && f.1.abs_diff(y) < 3);
        assert!(near(60, 50) && near(120, 90) && near(200, 60), "{found:?}");
        assert_eq!(found.len(), 3, "the gold one is a glint: {found:?}");
    }
}
