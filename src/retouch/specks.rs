//! Specks: dust, lint and scratches that stand out from what surrounds them.
//!
//! A block whose darkest (or lightest) pixel leaves the level of the blocks around it is a
//! candidate; around each candidate the pixels themselves decide, against the median of their
//! surroundings, and give the tight mask that a repair needs. On a smooth backdrop this is safe. On
//! the product facets look like dust: what is found there is only a ranked list for a person, headed
//! by what a metal's colour gives away ([`grey`]).

use super::backdrop::{components, median};
use super::grey::{self, Grey, places};
use super::region::Region;
use super::survey::Survey;
use super::tile::{Frame, Source};
use crate::imaging::lanes::wide;
use crate::imaging::{Mask, Rect};

/// A speck or a scratch.
#[derive(Clone, Debug, PartialEq)]
pub struct Speck {
    /// Where it is, pixels of the picture.
    pub rect: Rect,
    /// Its pixels, of the size of `rect`.
    pub mask: Mask,
    /// How far it leaves its surroundings, on the byte scale; negative is darker.
    pub contrast: f32,
    /// Whether it lies on the product.
    pub on_product: bool,
    /// How sure it is, 0 to 1: contrast against the unrest around it. On the product .5 is a mark as
    /// likely as not, where its metal has a colour to tell by.
    pub confidence: f32,
    /// Its middle, 0 to 1 across and down: its name in a recipe.
    pub place: [f32; 2],
}

/// Least contrast of a candidate, on the byte scale.
const LEAST: f32 = 5.0;
/// More than this on a backdrop is a texture, not dust.
const MOST: usize = 400;
/// Candidates on the product that are kept for the list.
const MOST_ON_PRODUCT: usize = 60;

/// What of its confidence a mark on coloured metal keeps when only its light tells of it: nine in ten
/// of those are reflections.
const BY_LIGHT_ALONE: f32 = 0.3;
/// The score of a grey mark that is as likely a mark as not.
const EVEN: f32 = 1.3;

/// What stands out, the surest first.
pub(super) fn find(source: &Source<'_>, survey: &Survey, subject: &Region) -> Vec<Speck> {
    let blocks = Blocks::of(survey, subject);
    let mut specks: Vec<Speck> = Vec::new();
    for product in [false, true] {
        let groups = blocks.candidates(product);
        if !product && groups.len() > MOST {
            continue;
        }
        let mut found: Vec<Speck> = groups
            .iter()
            .take(MOST)
            .filter_map(|group| examine(source, survey.block, group, product))
            .collect();
        if !product {
            found = alone(source, found, &blocks.near);
        }
        if product && let Some(greys) = grey::find(survey, subject) {
            found.iter_mut().for_each(|s| s.confidence *= BY_LIGHT_ALONE);
            found.extend(greys.iter().filter_map(|g| grey_mark(source, survey.block, g)));
        }
        found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        found.truncate(if product { MOST_ON_PRODUCT } else { MOST });
        specks.extend(without_repeats(found));
    }
    specks
}

/// Keeps the first of any that overlap.
fn without_repeats(specks: Vec<Speck>) -> Vec<Speck> {
    let mut kept: Vec<Speck> = Vec::new();
    for speck in specks {
        if kept.iter().all(|k| k.rect.intersection(&speck.rect).is_empty()) {
            kept.push(speck);
        }
    }
    kept
}

/// Part of a speck's own pixels that may stand out like it beside it, and a few.
const BESIDE: (f32, usize) = (0.3, 4);
/// Marks as large as a speck beside it, a quarter of it or more, that make all of them a pattern: the
/// pieces of a torn hair are two to each.
const ALIKE: usize = 3;

/// Those that lie alone. Dust falls anywhere; a mark among others like it, which are no dust or touch
/// what is none, is a letter, a leaf of a pattern, a thread of cloth: it stays with them.
fn alone(source: &Source<'_>, specks: Vec<Speck>, product: &Region) -> Vec<Speck> {
    let around: Vec<Around> =
        specks.iter().map(|s| Around::of(source, s, &specks, product)).collect();
    let mut stays = vec![false; specks.len()];
    loop {
        let leaves = |(s, a): (&Speck, &Around)| {
            let kept: usize = a.others.iter().filter(|o| stays[o.0]).map(|o| o.1).sum();
            let own = s.mask.data.iter().filter(|v| **v > 0).count();
            let alike = a.others.iter().filter(|o| 4 * o.1 >= own).count();
            alike >= ALIKE || a.free + kept > BESIDE.1 + (BESIDE.0 * own as f32) as usize
        };
        let next: Vec<bool> = specks.iter().zip(&around).map(leaves).collect();
        if next == stays {
            break;
        }
        stays = next;
    }
    specks.into_iter().zip(stays).filter(|(_, stays)| !stays).map(|(s, _)| s).collect()
}

/// What stands out beside a speck as it does itself, in pixels.
struct Around {
    /// Of no speck.
    free: usize,
    /// Of others, by number.
    others: Vec<(usize, usize)>,
}

impl Around {
    fn of(source: &Source<'_>, speck: &Speck, all: &[Speck], product: &Region) -> Self {
        let (w, h) = source.size();
        let frame = Frame { w, h, scale: 1.0 };
        let r = speck.rect;
        let window = r.grown(6 + r.w.max(r.h).min(40), w, h);
        let places = || places(window);
        let greens: Vec<f32> = places().map(|(x, y)| source.green(x, y)).collect();
        let Some(surface) = Surface::around(&greens, window.w, window.h) else {
            return Self { free: 0, others: Vec::new() };
        };
        let beside = |s: &Speck| !s.rect.intersection(&window).is_empty() && s.rect != r;
        let mut others: Vec<(usize, usize)> =
            (0..all.len()).filter(|i| beside(&all[*i])).map(|i| (i, 0)).collect();
        let holds = |s: &Speck, x: usize, y: usize| {
            s.rect.contains(x, y) && s.mask.at(x - s.rect.x, y - s.rect.y) > 0
        };
        let least = (0.5 * speck.contrast.abs()).max(LEAST).max(4.0 * surface.spread);
        let mut free = 0;
        for ((x, y), green) in places().zip(&greens) {
            let off = (green - surface.at(x - window.x, y - window.y)) * speck.contrast.signum();
            if off < least || holds(speck, x, y) || product.nearest(&frame, x, y) > 0.0 {
                continue;
            }
            match others.iter_mut().find(|(i, _)| holds(&all[*i], x, y)) {
                Some((_, count)) => *count += 1,
                None => free += 1,
            }
        }
        Self { free, others }
    }
}

/// Neighbouring candidate blocks.
struct Group {
    /// In blocks.
    rect: Rect,
    /// Of the strongest block, byte scale; negative is darker.
    contrast: f32,
}

/// The extremes of green by blocks.
struct Blocks<'a> {
    w: usize,
    h: usize,
    low: &'a [u8],
    high: &'a [u8],
    cover: &'a [f32],
    /// Where a block belongs to the backdrop and to the product with certainty.
    near: Region,
    /// Whether a block may stand out at all: a cheap look at every one.
    rough: Vec<bool>,
}

/// Distance of the ring that a block is held against, blocks.
const RING: usize = 4;

impl<'a> Blocks<'a> {
    fn of(survey: &'a Survey, subject: &'a Region) -> Self {
        let (w, h) = (survey.tile.rect.w, survey.tile.rect.h);
        let (low, high) = (&survey.low[..], &survey.high[..]);
        let near = subject.grown(3);
        let rough = rough(w, h, low, high);
        Self { w, h, low, high, cover: &subject.plane().data, near, rough }
    }

    /// How far the block's extreme leaves the ring around it; darker is negative.
    fn contrast(&self, x: usize, y: usize) -> f32 {
        let ring = self.ring(x, y);
        let i = y * self.w + x;
        let mean = |v: &[u8]| ring.iter().map(|&j| i32::from(v[j])).sum::<i32>() as f32 / 8.0;
        let (dark, light) =
            (f32::from(self.low[i]) - mean(self.low), f32::from(self.high[i]) - mean(self.high));
        if dark.min(0.0) + light.max(0.0) < 0.0 { dark.min(0.0) } else { light.max(0.0) }
    }

    fn ring(&self, x: usize, y: usize) -> [usize; 8] {
        let (x0, x1) = (x.saturating_sub(RING), (x + RING).min(self.w - 1));
        let (y0, y1) = (y.saturating_sub(RING), (y + RING).min(self.h - 1));
        [(x0, y0), (x, y0), (x1, y0), (x0, y), (x1, y), (x0, y1), (x, y1), (x1, y1)]
            .map(|(x, y)| y * self.w + x)
    }

    /// Least to greatest of the ring: a block beside an edge is no speck.
    fn unrest(&self, x: usize, y: usize) -> f32 {
        let ring = self.ring(x, y);
        let spread = |v: &[u8]| {
            let values = ring.map(|j| v[j]);
            let (low, high) = (values.iter().min(), values.iter().max());
            f32::from(*high.unwrap_or(&0)) - f32::from(*low.unwrap_or(&0))
        };
        spread(self.low).max(spread(self.high))
    }

    fn candidates(&self, product: bool) -> Vec<Group> {
        let near = &self.near.plane().data;
        let wanted = |i: usize| if product { self.cover[i] > 0.9 } else { near[i] <= 0.0 };
        let contrast = |i: usize| self.contrast(i % self.w, i / self.w);
        let mut sample: Vec<f32> = (0..self.low.len())
            .step_by(61)
            .filter(|&i| wanted(i))
            .map(|i| contrast(i).abs())
            .collect();
        let usual = 1.48 * median(&mut sample).unwrap_or(0.0);
        let least = LEAST.max(if product { 2.0 } else { 5.0 } * usual);
        let judge = |i: usize| {
            let c = contrast(i).abs();
            c > least && c > 0.8 * self.unrest(i % self.w, i / self.w)
        };
        let stands_out: Vec<bool> =
            (0..self.rough.len()).map(|i| self.rough[i] && wanted(i) && judge(i)).collect();
        components(self.w, self.h, &|i| stands_out[i])
            .into_iter()
            .filter(|part| part.len() * 500 < self.w * self.h)
            .map(|part| self.group(&part))
            .collect()
    }

    fn group(&self, part: &[usize]) -> Group {
        let block = |i: &usize| Rect::new(i % self.w, i / self.w, 1, 1);
        let rect = part.iter().fold(Rect::default(), |r, i| r.union(&block(i)));
        let contrasts = part.iter().map(|&i| self.contrast(i % self.w, i / self.w));
        let stronger = |a: f32, c: f32| if c.abs() > a.abs() { c } else { a };
        Group { rect, contrast: contrasts.fold(0.0, stronger) }
    }
}

/// Whether an extreme of a block leaves both neighbours of its row or of its column.
fn rough(w: usize, h: usize, low: &[u8], high: &[u8]) -> Vec<bool> {
    let mut out = vec![false; w * h];
    let mut padded = [vec![0_u8; w + 2 * RING], vec![0_u8; w + 2 * RING]];
    for (y, out) in out.chunks_exact_mut(w.max(1)).enumerate() {
        let at = |j: usize| j * w..(j + 1) * w;
        let (y0, y1) = (y.saturating_sub(RING), (y + RING).min(h - 1));
        let (lows, highs) = ([&low[at(y0)], &low[at(y1)]], [&high[at(y0)], &high[at(y1)]]);
        wide(|| leaves(out, &low[at(y)], &high[at(y)], lows, highs));
        for (padded, row) in padded.iter_mut().zip([&low[at(y)], &high[at(y)]]) {
            padded[..RING].fill(row[0]);
            padded[RING..RING + w].copy_from_slice(row);
            padded[RING + w..].fill(row[w - 1]);
        }
        let beside = |p: &'_ [u8]| -> [Vec<u8>; 2] { [p[..w].to_vec(), p[2 * RING..].to_vec()] };
        let ([l0, l1], [h0, h1]) = (beside(&padded[0]), beside(&padded[1]));
        wide(|| leaves(out, &low[at(y)], &high[at(y)], [&l0, &l1], [&h0, &h1]));
    }
    out
}

/// Sets `out` where `low` lies 3 below both of the other lows, or `high` 3 above both other highs.
#[inline(always)]
fn leaves(out: &mut [bool], low: &[u8], high: &[u8], lows: [&[u8]; 2], highs: [&[u8]; 2]) {
    let pairs = low.iter().zip(high).zip(lows[0].iter().zip(lows[1]));
    let rows = pairs.zip(highs[0].iter().zip(highs[1]));
    for (out, (((l, h), (l0, l1)), (h0, h1))) in out.iter_mut().zip(rows) {
        let dark = l.saturating_add(3) <= if l0 < l1 { *l0 } else { *l1 };
        let light = *h >= (if h0 > h1 { *h0 } else { *h1 }).saturating_add(3);
        *out |= dark | light;
    }
}

/// Largest part of the window that a speck may fill: one that fills more is no speck.
const MOST_FILLED: f32 = 0.45;

/// Judges the pixels around a candidate.
fn examine(source: &Source<'_>, block: usize, group: &Group, on_product: bool) -> Option<Speck> {
    let (w, h) = source.size();
    let r = group.rect;
    let core = Rect::new(r.x * block, r.y * block, r.w * block, r.h * block)
        .intersection(&Rect::new(0, 0, w, h));
    let window = core.grown(2 * block + 6, w, h);
    let green: Vec<f32> = (window.y..window.bottom())
        .flat_map(|y| (window.x..window.right()).map(move |x| (x, y)))
        .map(|(x, y)| source.green(x, y))
        .collect();
    let surface = Surface::around(&green, window.w, window.h)?;
    let sign = group.contrast.signum();
    let leaves = |i: usize| sign * (green[i] - surface.at(i % window.w, i / window.w));
    let threshold = (LEAST * 0.6).max(3.5 * surface.spread).max(0.25 * group.contrast.abs());
    let parts = components(window.w, window.h, &|i| leaves(i) > threshold);
    let inside = |i: usize| core.contains(window.x + i % window.w, window.y + i / window.w);
    let taken: Vec<usize> =
        parts.into_iter().filter(|p| p.iter().any(|&i| inside(i))).flatten().collect();
    let peak = taken.iter().map(|&i| leaves(i)).fold(0.0_f32, f32::max);
    if peak < LEAST || taken.len() as f32 > MOST_FILLED * green.len() as f32 {
        return None;
    }
    let contrast = sign * peak;
    let sure = peak / (peak + 6.0 * surface.spread + 4.0);
    Some(Speck { on_product, ..speck(&taken, window, (w, h), contrast, sure) })
}

/// The picture's own pixels of a mark that was found on the reduced one.
fn grey_mark(source: &Source<'_>, block: usize, mark: &Grey) -> Option<Speck> {
    let (w, h) = source.size();
    let r = mark.rect;
    let core = Rect::new(r.x * block, r.y * block, r.w * block, r.h * block);
    let core = core.intersection(&Rect::new(0, 0, w, h));
    let window = core.grown(block + 2, w, h);
    let place = |i: usize| (window.x + i % window.w, window.y + i / window.w);
    let excess = |i: usize| {
        let (x, y) = place(i);
        grey::excess(source.light(x, y), mark.metal)
    };
    let more: Vec<bool> = (0..window.area()).map(|i| excess(i) > mark.half).collect();
    let inside = |i: &usize| core.contains(place(*i).0, place(*i).1);
    let parts = components(window.w, window.h, &|i| more[i]);
    let taken: Vec<usize> = parts.into_iter().filter(|p| p.iter().any(inside)).flatten().collect();
    let green = |taken: bool| {
        let all = (0..window.area()).filter(|&i| more[i] == taken);
        median(&mut all.map(|i| source.green(place(i).0, place(i).1)).collect::<Vec<_>>())
    };
    let contrast = green(true)? - green(false)?;
    let sure = mark.score / (mark.score + EVEN);
    Some(Speck { on_product: true, ..speck(&taken, window, (w, h), contrast, sure) })
}

fn speck(
    taken: &[usize],
    window: Rect,
    (w, h): (usize, usize),
    contrast: f32,
    confidence: f32,
) -> Speck {
    let extent = taken.iter().fold(Rect::default(), |r, i| {
        r.union(&Rect::new(window.x + i % window.w, window.y + i / window.w, 1, 1))
    });
    // One pixel more: the foot of a speck is below the threshold.
    let rect = extent.grown(1, w, h);
    let mut mask = Mask::new(rect.w, rect.h);
    for &i in taken {
        let (x, y) = (window.x + i % window.w - rect.x, window.y + i / window.w - rect.y);
        for j in y.saturating_sub(1)..=(y + 1).min(rect.h - 1) {
            for k in x.saturating_sub(1)..=(x + 1).min(rect.w - 1) {
                mask.data[j * rect.w + k] = 255;
            }
        }
    }
    let (cx, cy) = rect.centre();
    let place = [cx / w as f32, cy / h as f32];
    Speck { rect, mask, contrast, on_product: false, confidence, place }
}

/// A plane through the median of what surrounds a speck.
struct Surface {
    middle: f32,
    across: f32,
    down: f32,
    /// Robust spread of the pixels about it.
    spread: f32,
    centre: (f32, f32),
}

impl Surface {
    /// From the outer ring of a window, four pixels wide; its quarters' medians give the slope.
    fn around(values: &[f32], w: usize, h: usize) -> Option<Self> {
        let band = 4.min(w / 2).min(h / 2);
        let part = |x0: usize, x1: usize, y0: usize, y1: usize| -> Vec<f32> {
            (y0..y1).flat_map(|y| values[y * w + x0..y * w + x1].iter().copied()).collect()
        };
        let (mut left, mut right) = (part(0, band, 0, h), part(w - band, w, 0, h));
        let (mut top, mut low) = (part(0, w, 0, band), part(0, w, h - band, h));
        let [l, r] = [median(&mut left)?, median(&mut right)?];
        let [t, b] = [median(&mut top)?, median(&mut low)?];
        let mut surface = Self {
            middle: 0.0,
            across: (r - l) / (w - band).max(1) as f32,
            down: (b - t) / (h - band).max(1) as f32,
            spread: 0.0,
            centre: ((w - 1) as f32 * 0.5, (h - 1) as f32 * 0.5),
        };
        let ring = |i: &usize| {
            let (x, y) = (i % w, i / w);
            x < band || y < band || x + band >= w || y + band >= h
        };
        let off = |s: &Self| -> Vec<f32> {
            (0..values.len()).filter(ring).map(|i| values[i] - s.at(i % w, i / w)).collect()
        };
        surface.middle = median(&mut off(&surface))?;
        let mut rest: Vec<f32> = off(&surface).into_iter().map(f32::abs).collect();
        surface.spread = 1.48 * median(&mut rest)?;
        Some(surface)
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.middle
            + self.across * (x as f32 - self.centre.0)
            + self.down * (y as f32 - self.centre.1)
    }
}
