//! The piece: what differs from a smooth backdrop and is no shadow, on the proxy.
//!
//! Seeds are pixels that a shadow cannot make: another hue, brighter than the backdrop, far darker, or
//! at an edge that is too steep. What differs only a little counts where seeds surround it; a shadow
//! always has a side at which it fades into the backdrop.

use super::backdrop::{Backdrop, Features, Layers, features};
use super::components::{Component, find};
use super::stats::quantile;
use super::view::{Proxy, View};
use crate::imaging::{Mask, Parts, Rect};

/// What was found in the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Found {
    /// A piece before a backdrop.
    Piece,
    /// No plain backdrop: the whole frame is taken for the piece.
    Frame,
    /// A backdrop and nothing before it.
    #[default]
    Nothing,
}

/// The piece and what surrounds it.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub(super) found: Found,
    /// Proxy size, 0 or 255.
    pub(super) mask: Mask,
    /// Proxy size, 0 or 255: stones of the piece, where a network saw them; empty where none looked.
    pub(super) stone: Mask,
    /// Proxy size, 0 or 255: darker backdrop beside the piece.
    pub(super) shadow: Mask,
    /// Proxy pixels of the mask.
    pub(super) area: usize,
    /// Whether there is a plain backdrop to be read.
    pub(super) plain: bool,
    /// Extent in working pixels.
    pub(super) rect: Rect,
    /// Separate pieces, largest first, in proxy pixels.
    pub(super) pieces: Vec<Component>,
    /// The backdrop's fit.
    pub(super) backdrop: Backdrop,
    /// The backdrop's log luminance and each pixel's distance from it.
    pub(super) residual: Layers,
    /// Gradient of log luminance.
    pub(super) rough: Vec<f32>,
    /// Mean luminance of the frame, or of a piece that was handed in: what exposure is scaled by. The mean,
    /// not the log mean: blur leaves it as it is, so that a blurred take is not scaled otherwise than a sharp
    /// one.
    pub(super) mean: f32,
    /// Whether the mask was handed in, or seen where no plain backdrop tells the piece: all around it is
    /// something else.
    pub(super) given: bool,
    /// Contact shadows and reflections that were taken for the piece at first, on the proxy: neither piece
    /// nor plain backdrop.
    pub(super) aside: Vec<Rect>,
    step: usize,
    /// 2^32 over the step, rounded up: a product takes the place of a division.
    inverse: u64,
}

/// Dilation that closes the gaps between a piece's edges, proxy pixels.
const CLOSE: usize = 3;
/// Darker than this against the backdrop is no shadow, in natural logarithms.
const DEEP: f32 = -1.5;
/// A darker backdrop may shine: luminance.
const MIRROR: f32 = 0.1;
/// What is reflected in it is dimmer than this share of the piece's lights.
const REFLECTED: f32 = 0.3;
/// A shadow that was taken for the piece is peeled off in so many layers, proxy pixels.
const LAYERS: usize = 14;
/// A piece's lowest outline is at least this share as steep as a tenth of its places.
const CONTACT: f32 = 0.5;
/// Steeper than this, in log luminance, is an outline and no shadow.
const STEEPEST: f32 = 0.4;
/// Coverage below which a network says that something is no piece.
const LIKELY: u8 = 64;
/// Coverage from which it is believed where nothing else tells the piece from its backdrop.
const SURE: u8 = 220;

impl Subject {
    /// Finds the piece; a mask that is handed in (any size, the frame's shape) is believed. Otherwise what a
    /// network saw is put beside what the backdrop tells.
    pub(super) fn find(view: &View, given: Option<&Mask>, seen: Option<&Parts>) -> Self {
        let proxy = &view.proxy;
        let features = features(proxy);
        let rough = rough(features.light(), proxy.w, proxy.h);
        let backdrop = Backdrop::fit(&features, &rough, proxy.w, proxy.h);
        let residual = backdrop.residual(&features);
        let mut subject = Self { backdrop, residual, rough, ..Self::default() };
        subject.set_step(proxy.step);
        let levels = Levels::of(&subject.backdrop);
        match given.filter(|mask| !mask.is_empty()) {
            Some(mask) => subject.believe(mask, proxy),
            None if subject.backdrop.plain => subject.search(&levels, proxy),
            None => subject.take_frame(proxy),
        }
        subject.plain = subject.found != Found::Frame;
        if let Some(seen) = seen.filter(|s| !s.subject.is_empty() && !subject.given) {
            subject.agree(seen, proxy);
        }
        subject.find_shadow(&levels, proxy);
        subject.rect = subject.extent(view);
        let (sum, n) = if subject.given {
            subject.pixels().fold((0.0, 0), |(sum, n), i| (sum + proxy.y[i], n + 1))
        } else {
            (proxy.y.iter().sum::<f32>(), proxy.len())
        };
        subject.mean = (sum / n.max(1) as f32).max(1e-4);
        subject
    }

    /// Whether a working pixel belongs to the piece.
    pub(super) fn inside(&self, x: usize, y: usize) -> bool {
        self.mask.data[self.place(x, y)] > 127
    }

    /// The index of the mask's pixel that a working pixel belongs to. Exact for every side that a working copy
    /// may have.
    pub(super) fn place(&self, x: usize, y: usize) -> usize {
        let small = |v: usize| ((v as u64 * self.inverse) >> 32) as usize;
        small(y).min(self.mask.h - 1) * self.mask.w + small(x).min(self.mask.w - 1)
    }

    fn set_step(&mut self, step: usize) {
        self.step = step;
        self.inverse = (1_u64 << 32).div_ceil(step.max(1) as u64);
    }

    /// Working pixels for one pixel of the mask.
    pub(super) fn step(&self) -> usize {
        self.step
    }

    /// The piece's area in working pixels.
    pub(super) fn working_area(&self) -> f32 {
        (self.area * self.step * self.step) as f32
    }

    /// Indices of the proxy's pixels that are plain backdrop.
    pub(super) fn backdrop_pixels(&self) -> impl Iterator<Item = usize> + '_ {
        let clear = |&i: &usize| self.mask.data[i] == 0 && self.shadow.data[i] == 0;
        (0..self.mask.data.len()).filter(clear)
    }

    /// Where a network saw the largest stone, in working pixels; none where there is none.
    pub(super) fn largest_stone(&self) -> Option<Rect> {
        let all = find(self.stone.bounds(), |x, y| self.stone.at(x, y) > 0);
        let r = all.first()?.rect;
        let s = self.step;
        Some(Rect::new(r.x * s, r.y * s, r.w * s, r.h * s))
    }

    /// Indices of the proxy's pixels that are the piece.
    pub(super) fn pixels(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.mask.data.len()).filter(|&i| self.mask.data[i] > 127)
    }

    fn take_frame(&mut self, proxy: &Proxy) {
        self.found = Found::Frame;
        self.mask = Mask { w: proxy.w, h: proxy.h, data: vec![255; proxy.len()] };
        self.area = proxy.len();
    }

    fn believe(&mut self, mask: &Mask, proxy: &Proxy) {
        self.given = true;
        self.mask = Mask::from_fn(proxy.w, proxy.h, |x, y| {
            let v = mask.at(x * mask.w / proxy.w, y * mask.h / proxy.h);
            if v > 127 { 255 } else { 0 }
        });
        let all = find(proxy_rect(proxy), |x, y| self.mask.at(x, y) > 127);
        if !self.keep(all) {
            self.found = Found::Nothing;
        }
    }

    /// What differs from the backdrop and looks like a piece, and what surely looks like one and hangs
    /// together with it: a mirror image does not. Where the two know nothing of each other, there is no
    /// backdrop to go by, and what the network saw is the piece.
    fn agree(&mut self, seen: &Parts, proxy: &Proxy) {
        let (w, h) = (proxy.w, proxy.h);
        let coverage = |mask: &Mask, i: usize| {
            let place = |v: usize, n: usize, of: usize| (2 * v + 1) * of / (2 * n);
            mask.at(place(i % w, w, mask.w), place(i / w, h, mask.h))
        };
        let looks: Vec<u8> = (0..w * h).map(|i| coverage(&seen.subject, i)).collect();
        let own = self.mask.clone();
        let both =
            (0..w * h).filter(|&i| own.data.get(i) > Some(&127) && looks[i] > LIKELY).count();
        let told = self.found == Found::Piece && both * 4 > self.area;
        let all = if told {
            let piece = |x: usize, y: usize| {
                let i = y * w + x;
                looks[i] > SURE || looks[i] > LIKELY && own.data[i] > 127
            };
            let mut all = find(proxy_rect(proxy), piece);
            let from_own = |c: &Component| {
                let runs = c.runs.iter().flat_map(|&(y, a, b)| &own.data[y * w + a..y * w + b]);
                runs.filter(|v| **v > 127).count()
            };
            all.retain(|c| from_own(c) * 20 >= c.area);
            all
        } else {
            find(proxy_rect(proxy), |x, y| looks[y * w + x] > 127)
        };
        if !self.keep(all) {
            return;
        }
        self.given = !told;
        let left = |&i: &usize| told && own.data[i] > 127 && self.mask.data[i] == 0;
        self.aside.extend((0..w * h).filter(left).map(|i| Rect::new(i % w, i / w, 1, 1)));
        let stone = |i: usize| self.mask.data[i] > 127 && coverage(&seen.stone, i) > 127;
        self.stone = Mask { w, h, data: (0..w * h).map(|i| 255 * u8::from(stone(i))).collect() };
    }

    fn search(&mut self, levels: &Levels, proxy: &Proxy) {
        let (w, h) = (proxy.w, proxy.h);
        let kinds: Vec<Kind> =
            (0..proxy.len()).map(|i| levels.kind(self.residual.at(i), self.rough[i])).collect();
        let mut closed: Vec<u8> = kinds.iter().map(|k| u8::from(*k == Kind::Seed)).collect();
        spread(&mut closed, w, h, CLOSE, true);
        spread(&mut closed, w, h, CLOSE, false);
        let mut body: Vec<bool> =
            kinds.iter().zip(&closed).map(|(k, c)| *k != Kind::Backdrop && *c > 0).collect();
        let open: Vec<bool> =
            kinds.iter().zip(&body).map(|(k, body)| *k == Kind::Differs && !body).collect();
        for area in find(proxy_rect(proxy), |x, y| open[y * w + x]).iter().filter(|a| a.area > 3) {
            if enclosed(area, &open, &body, w, h) {
                area.runs.iter().for_each(|&(y, a, b)| body[y * w + a..y * w + b].fill(true));
            }
        }
        if self.backdrop.level(w, h) >= MIRROR {
            self.peel(&mut body, levels, w, h);
        }
        self.mask = Mask { w, h, data: vec![0; w * h] };
        let mut all = find(proxy_rect(proxy), |x, y| body[y * w + x]);
        if self.backdrop.level(w, h) < MIRROR {
            all = without_reflections(all, proxy, &mut self.aside);
        }
        self.keep(all);
        if self.area as f32 > 0.85 * proxy.len() as f32 {
            self.take_frame(proxy);
        }
    }

    /// Takes contact shadows off a piece that has a hue of its own, layer by layer from outside: they are
    /// darker than the backdrop, of its hue, and not too steep. White metal has its outline there.
    fn peel(&mut self, body: &mut [bool], levels: &Levels, w: usize, h: usize) {
        let hue = |i: usize| {
            let d = self.residual.at(i);
            d[1].abs().max(d[2].abs())
        };
        let (mut all, mut coloured) = (0, 0);
        for i in (0..body.len()).filter(|i| body[*i]) {
            all += 1;
            coloured += usize::from(hue(i) > 2.0 * levels.hue);
        }
        if coloured * 3 < all {
            return;
        }
        let shadow = |i: usize| {
            let d = self.residual.at(i)[0];
            d < 0.0 && d > 1.5 * DEEP && hue(i) < 1.5 * levels.hue && self.rough[i] < STEEPEST
        };
        let dark = self.residual.light();
        let mut peeled = Vec::new();
        let mut rim: Vec<usize> = (0..body.len()).filter(|i| body[*i] && shadow(*i)).collect();
        for _ in 0..LAYERS {
            // It fades into the backdrop: beside it are its own outer parts, never the clean backdrop.
            let faint = |i: usize, body: &[bool]| !body[i] && dark[i] < -levels.light;
            let open = |i: usize, body: &[bool]| {
                let (x, y) = (i % w, i / w);
                x > 0 && faint(i - 1, body)
                    || x + 1 < w && faint(i + 1, body)
                    || y > 0 && faint(i - w, body)
                    || y + 1 < h && faint(i + w, body)
            };
            let (outer, inner): (Vec<usize>, Vec<usize>) =
                rim.into_iter().partition(|&i| open(i, body));
            outer.iter().for_each(|&i| body[i] = false);
            peeled.extend(outer.iter().map(|&i| Rect::new(i % w, i / w, 1, 1)));
            rim = inner;
            if outer.is_empty() {
                break;
            }
        }
        self.aside.extend(peeled);
    }

    /// Keeps the pieces that are large, or near to large ones; the rest is dust. False where all is dust, and
    /// nothing was changed.
    fn keep(&mut self, all: Vec<Component>) -> bool {
        let frame = self.mask.data.len();
        let least = (frame / 2500).max(8);
        let Some(first) = all.first().filter(|c| c.area >= least) else { return false };
        let large = (first.area / 30).max(least);
        let (mut kept, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|c| c.area >= large);
        let near = |c: &Component, kept: &[Component]| {
            let reach = c.rect.grown(6, self.mask.w, self.mask.h);
            c.area >= 6 && kept.iter().any(|k| !k.rect.intersection(&reach).is_empty())
        };
        for c in rest {
            if near(&c, &kept) {
                kept.push(c);
            }
        }
        self.mask.data.fill(0);
        for &(y, a, b) in kept.iter().flat_map(|c| &c.runs) {
            self.mask.data[y * self.mask.w + a..y * self.mask.w + b].fill(255);
        }
        self.area = kept.iter().map(|c| c.area).sum();
        self.pieces = kept;
        self.found = Found::Piece;
        true
    }

    fn find_shadow(&mut self, levels: &Levels, proxy: &Proxy) {
        self.shadow = Mask::new(proxy.w, proxy.h);
        if !self.plain {
            return;
        }
        for (i, out) in self.shadow.data.iter_mut().enumerate() {
            let d = self.residual.at(i);
            let dark = d[0] < -levels.light && d[0] > 1.6 * DEEP;
            if dark && self.mask.data[i] == 0 && d[1].abs().max(d[2].abs()) < 2.0 * levels.hue {
                *out = 255;
            }
        }
        for r in &self.aside {
            for i in (r.y..r.bottom()).flat_map(|y| (r.x..r.right()).map(move |x| y * proxy.w + x))
            {
                self.shadow.data[i] = 255 - self.mask.data[i];
            }
        }
    }

    /// The extent in working pixels. The proxy's is as coarse as its pixels, so each side is looked
    /// for again among the working pixels of the two proxy pixels around it.
    fn extent(&self, view: &View) -> Rect {
        let (coarse, s) = (self.mask.extent(), self.step);
        let (w, h) = (view.tone.w, view.tone.h);
        if self.found != Found::Piece {
            return if coarse.is_empty() { coarse } else { Rect::new(0, 0, w, h) };
        }
        let rect = Rect::new(coarse.x * s, coarse.y * s, coarse.w * s, coarse.h * s);
        if !self.plain {
            return rect;
        }
        let reach = rect.grown(s, w, h);
        let floor = (2.5 * self.backdrop.sigma[0] / 2.4).max(0.025);
        let differs = |x: usize, y: usize| {
            let place = |v: usize| (v as f32 + 0.5) / s as f32 - 0.5;
            let level = (self.backdrop.at(place(x), place(y))[0] * (1.0 / 2.4)).exp();
            let d = view.tone.at(x, y) - level;
            // Darker backdrop is shadow unless it is far darker.
            d > floor * level.max(0.2) || d < -0.25 * level || self.inside(x, y)
        };
        let tight = tighten(rect, reach, s, &differs);
        let light = self.backdrop.level(self.mask.w, self.mask.h) >= MIRROR;
        if light && !self.given { self.off_contact(tight, view) } else { tight }
    }

    /// Without the contact shadow below a piece on a light ground, which no mask of this size tells from
    /// metal that mirrors it: a piece ends in an outline about as steep as its other ones, a shadow does not.
    fn off_contact(&self, r: Rect, view: &View) -> Rect {
        let t = &view.tone;
        let steep = |x: usize, y: usize| {
            let i = y * t.w + x;
            let (dx, dy) = (t.data[i + 1] - t.data[i - 1], t.data[i + t.w] - t.data[i - t.w]);
            dx.abs().max(dy.abs())
        };
        let inner = r.intersection(&Rect::new(1, 1, t.w - 2, t.h - 2));
        let mut some = Vec::new();
        for y in (inner.y..inner.bottom()).step_by(5) {
            let row = (inner.x + y % 3..inner.right()).step_by(3);
            some.extend(row.filter(|&x| self.inside(x, y)).map(|x| steep(x, y)));
        }
        let least = CONTACT * quantile(&mut some, 0.9);
        let outlined = |y: &usize| {
            (inner.x..inner.right())
                .filter(|&x| steep(x, *y) > least && self.inside(x, *y))
                .nth(1)
                .is_some()
        };
        let from = inner.bottom().saturating_sub((r.h / 16).max(4 * self.step)).max(inner.y);
        let last = (from..inner.bottom()).rev().find(outlined);
        last.map_or(r, |y| Rect::new(r.x, r.y, r.w, y + 1 - r.y))
    }
}

/// Moves each side of `rect` to the outermost line, at most `s` outside and `s` inside, with at least
/// two pixels that differ.
fn tighten(rect: Rect, reach: Rect, s: usize, differs: &dyn Fn(usize, usize) -> bool) -> Rect {
    let column = |x: usize| (rect.y..rect.bottom()).filter(|&y| differs(x, y)).nth(1).is_some();
    let line = |y: usize| (rect.x..rect.right()).filter(|&x| differs(x, y)).nth(1).is_some();
    let left = (reach.x..rect.x + s).find(|&x| column(x)).unwrap_or(rect.x);
    let right = (rect.right().saturating_sub(s)..reach.right()).rev().find(|&x| column(x));
    let top = (reach.y..rect.y + s).find(|&y| line(y)).unwrap_or(rect.y);
    let bottom = (rect.bottom().saturating_sub(s)..reach.bottom()).rev().find(|&y| line(y));
    let right = right.map_or(rect.right(), |x| x + 1);
    let bottom = bottom.map_or(rect.bottom(), |y| y + 1);
    Rect::new(left, top, right.saturating_sub(left), bottom.saturating_sub(top))
}

/// Cuts off what a dark, shining ground reflects of the pieces: below them, and dim all over. A piece's
/// last rows hold some of its lights.
fn without_reflections(all: Vec<Component>, proxy: &Proxy, cut: &mut Vec<Rect>) -> Vec<Component> {
    let row = |&(y, a, b): &(usize, usize, usize)| &proxy.y[y * proxy.w + a..y * proxy.w + b];
    let mut lights: Vec<f32> =
        all.iter().flat_map(|c| c.runs.iter().flat_map(row)).copied().collect();
    let high = quantile(&mut lights, 0.98);
    lights.retain(|y| *y > 0.25 * high);
    let dim = REFLECTED * quantile(&mut lights, 0.9);
    let lit = |run: &(usize, usize, usize)| row(run).iter().any(|y| *y > dim);
    let dust = all.first().map_or(0, |c| c.area) / 40;
    let mut kept: Vec<Component> = all
        .into_iter()
        .filter_map(|mut c| {
            if c.area <= dust {
                return Some(c);
            }
            let last = c.runs.iter().filter(|run| lit(run)).map(|run| run.0).max();
            let kept = |run: &(usize, usize, usize)| last.is_some_and(|last| run.0 <= last);
            let extent = |(y, a, b): &(usize, usize, usize)| Rect::new(*a, *y, b - a, 1);
            let reflection = c.runs.iter().filter(|run| !kept(run)).map(extent);
            // Its faint rim too.
            cut.extend(reflection.reduce(|r, s| r.union(&s)).map(|r| r.grown(3, proxy.w, proxy.h)));
            c.runs.retain(kept);
            c.area = c.runs.iter().map(|(_, a, b)| b - a).sum();
            let n = c.area as f32;
            let add = |m: (f32, f32), &(y, a, b): &(usize, usize, usize)| {
                let share = (b - a) as f32 / n;
                (m.0 + share * 0.5 * (a + b - 1) as f32, m.1 + share * y as f32)
            };
            c.centre = c.runs.iter().fold((0.0, 0.0), add);
            c.rect = c.runs.iter().map(extent).reduce(|r, s| r.union(&s))?;
            Some(c)
        })
        .collect();
    kept.sort_by_key(|c| std::cmp::Reverse(c.area));
    kept
}

/// What a pixel is by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Backdrop,
    Differs,
    Seed,
}

/// From which distances on a pixel differs.
struct Levels {
    light: f32,
    hue: f32,
    steep: f32,
}

impl Levels {
    fn of(backdrop: &Backdrop) -> Self {
        let sigma = backdrop.sigma;
        Self {
            light: (4.0 * sigma[0]).max(0.06),
            hue: (5.0 * sigma[1].max(sigma[2])).max(0.07),
            steep: (5.0 * sigma[0]).max(0.11),
        }
    }

    fn kind(&self, d: Features, steep: f32) -> Kind {
        let hue = d[1].abs().max(d[2].abs());
        let differs = d[0].abs() > self.light || hue > self.hue;
        let seed = hue > 1.5 * self.hue
            || d[0] > 1.6 * self.light
            || d[0] < DEEP
            || (steep > self.steep && differs);
        match (seed, differs) {
            (true, _) => Kind::Seed,
            (false, true) => Kind::Differs,
            _ => Kind::Backdrop,
        }
    }
}

fn proxy_rect(proxy: &Proxy) -> Rect {
    Rect::new(0, 0, proxy.w, proxy.h)
}

/// Central differences of log luminance.
fn rough(light: &[f32], w: usize, h: usize) -> Vec<f32> {
    let mut out = vec![0.0; w * h];
    for y in 1..h.saturating_sub(1) {
        let row = |y: usize| &light[y * w..(y + 1) * w];
        let (up, mid, down) = (row(y - 1), row(y), row(y + 1));
        let line = &mut out[y * w + 1..(y + 1) * w - 1];
        for ((o, m), (u, d)) in
            line.iter_mut().zip(mid.windows(3)).zip(up[1..].iter().zip(&down[1..]))
        {
            let (dx, dy) = (m[2] - m[0], d - u);
            *o = 0.5 * (dx * dx + dy * dy).sqrt();
        }
    }
    out
}

/// Dilates (or erodes) a picture of zeros and ones by a square of `2 r + 1`.
pub(super) fn spread(data: &mut [u8], w: usize, h: usize, r: usize, grow: bool) {
    let pick = |a: u8, b: u8| if grow { a.max(b) } else { a.min(b) };
    let mut across = data.to_vec();
    for (row, out) in data.chunks_exact(w).zip(across.chunks_exact_mut(w)) {
        for k in 1..=r.min(w - 1) {
            out[k..].iter_mut().zip(row).for_each(|(o, v)| *o = pick(*o, *v));
            out[..w - k].iter_mut().zip(&row[k..]).for_each(|(o, v)| *o = pick(*o, *v));
        }
    }
    data.copy_from_slice(&across);
    for k in 1..=r.min(h - 1) {
        data[k * w..].iter_mut().zip(&across).for_each(|(o, v)| *o = pick(*o, *v));
        let n = (h - k) * w;
        data[..n].iter_mut().zip(&across[k * w..]).for_each(|(o, v)| *o = pick(*o, *v));
    }
}

/// Whether at least five sixths of an open area's outline touch the body.
fn enclosed(area: &Component, open: &[bool], body: &[bool], w: usize, h: usize) -> bool {
    let (mut touching, mut all) = (0, 0);
    // Places outside the frame wrap to indices that are none.
    let mut look = |x: usize, y: usize| {
        let i = (x < w && y < h).then(|| y * w + x);
        if i.is_none_or(|i| !open[i]) {
            all += 1;
            touching += usize::from(i.is_some_and(|i| body[i]));
        }
    };
    for &(y, a, b) in &area.runs {
        look(a.wrapping_sub(1), y);
        look(b, y);
        for x in a..b {
            look(x, y.wrapping_sub(1));
            look(x, y + 1);
        }
    }
    touching * 6 >= all * 5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Rgb8;
    use crate::imaging::colour::srgb_encode8;

    /// A ring with a soft shadow below it, before a backdrop that falls off; linear colours.
    fn scene(backdrop: [f32; 3], metal: [f32; 3]) -> Rgb8 {
        Rgb8::from_fn(480, 320, |x, y| {
            let (x, y) = (x as f32, y as f32);
            let fall = 1.0 - 0.35 * x / 480.0 - 0.15 * (y / 320.0).powi(2);
            let r = (x - 240.0).hypot(y - 150.0);
            let shadow =
                1.0 - 0.5 * (-((x - 250.0) / 120.0).powi(2) - ((y - 262.0) / 22.0).powi(2)).exp();
            let shape = 0.3 + 0.7 * (0.5 + 0.5 * (0.09 * x + 0.13 * y).sin());
            let p = if (70.0..100.0).contains(&r) {
                metal.map(|v| v * shape)
            } else {
                backdrop.map(|v| v * fall * shadow)
            };
            p.map(srgb_encode8)
        })
    }

    fn likeness(picture: &Rgb8) -> f32 {
        let mut view = View::default();
        view.load(picture, 1536, true);
        let subject = Subject::find(&view, None, None);
        assert_eq!(subject.found, Found::Piece);
        let s = subject.step();
        let (mut both, mut either) = (0, 0);
        for j in 0..subject.mask.h {
            for i in 0..subject.mask.w {
                let r = ((i * s) as f32 + 0.5 - 240.0).hypot((j * s) as f32 + 0.5 - 150.0);
                let (a, b) = ((70.0..100.0).contains(&r), subject.mask.at(i, j) > 127);
                both += i32::from(a && b);
                either += i32::from(a || b);
            }
        }
        both as f32 / either as f32
    }

    #[test]
    fn the_piece_is_found_on_every_backdrop_and_its_shadow_is_left_out() {
        let gold = [0.9, 0.6, 0.2];
        let silver = [0.55, 0.55, 0.57];
        for backdrop in [[0.8, 0.8, 0.8], [0.2, 0.2, 0.21], [0.003, 0.003, 0.003], [0.1, 0.3, 0.5]]
        {
            for metal in [gold, silver] {
                let got = likeness(&scene(backdrop, metal));
                assert!(got > 0.75, "{backdrop:?} {metal:?}: {got}");
            }
        }
    }

    #[test]
    fn a_piece_ends_where_its_contact_shadow_begins() {
        // As [`scene`], with a dark rim of shadow right below the ring.
        let picture = Rgb8::from_fn(480, 320, |x, y| {
            let (x, y) = (x as f32, y as f32);
            let r = (x - 240.0).hypot(y - 150.0);
            let below = (y - 249.0).max(0.0) / 9.0;
            let near = (-((x - 240.0) / 60.0).powi(2) - below * below).exp();
            let shadow = if y > 200.0 { 1.0 - 0.8 * near } else { 1.0 };
            let shape = 0.3 + 0.7 * (0.5 + 0.5 * (0.09 * x + 0.13 * y).sin());
            let p = if (70.0..100.0).contains(&r) {
                [0.9, 0.6, 0.2].map(|v| v * shape)
            } else {
                [0.8 * shadow; 3]
            };
            p.map(srgb_encode8)
        });
        let mut view = View::default();
        view.load(&picture, 1536, true);
        let r = Subject::find(&view, None, None).rect;
        assert!(r.bottom().abs_diff(250) < 4 && r.y.abs_diff(50) < 3, "{r:?}");
    }

    #[test]
    fn what_a_black_mirror_reflects_is_not_the_piece() {
        let dim = |light: [f32; 3]| light.map(|v| 0.1 * v);
        let picture = Rgb8::from_fn(480, 320, |x, y| {
            let ring = |y: f32| {
                let r = (x as f32 - 240.0).hypot(y - 120.0);
                let shape = 0.3 + 0.7 * (0.5 + 0.5 * (0.09 * x as f32).sin());
                (60.0..80.0).contains(&r).then_some([0.8 * shape, 0.8 * shape, 0.82 * shape])
            };
            // The ground begins where the ring stands.
            let (direct, mirrored) = (ring(y as f32), ring(402.0 - y as f32).map(dim));
            let light = direct.or(mirrored.filter(|_| y > 201)).unwrap_or([0.004; 3]);
            light.map(srgb_encode8)
        });
        let mut view = View::default();
        view.load(&picture, 1536, true);
        let subject = Subject::find(&view, None, None);
        let r = subject.rect;
        assert!(r.y.abs_diff(40) < 5 && r.bottom().abs_diff(200) < 8, "{r:?}");
        let s = subject.step();
        // Nor is it plain backdrop, on which specks are looked for.
        assert!(subject.shadow.at(240 / s, 212 / s) > 0);
    }

    #[test]
    fn an_empty_backdrop_holds_nothing_and_noise_everywhere_is_the_frame() {
        let mut view = View::default();
        view.load(&Rgb8::from_fn(480, 320, |x, _| [150 + (x / 12) as u8; 3]), 1536, true);
        assert_eq!(Subject::find(&view, None, None).found, Found::Nothing);
        view.load(
            &Rgb8::from_fn(480, 320, |x, y| [((x / 9 * 77) ^ (y / 9 * 131)) as u8; 3]),
            1536,
            true,
        );
        assert_eq!(Subject::find(&view, None, None).found, Found::Frame);
    }

    #[test]
    fn a_mask_that_is_handed_in_is_believed() {
        let picture = scene([0.8; 3], [0.9, 0.6, 0.2]);
        let mut view = View::default();
        view.load(&picture, 1536, true);
        let given = Mask::from_fn(48, 32, |x, y| if x < 24 && y > 16 { 255 } else { 0 });
        let subject = Subject::find(&view, Some(&given), None);
        assert!(subject.inside(100, 300) && !subject.inside(240, 60));
    }
}
