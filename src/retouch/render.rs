//! Rendering: bands of rows side by side, tile by tile, into a new picture or over the original
//! itself; never more than a tile a thread in `f32`.

use super::plan::{Depth, Pass, Plan};
use super::point::{Bounds, IDENTITY, Point};
use super::repair::{self, Patch};
use super::tile::{Band, BandPixels, Frame, Source, Tile};
use crate::imaging::colour::{Matrix3, SRGB_TO_REC2020};
use crate::imaging::{Picture, Pixels, Rect, Rgb8, Rgb16, Space};
use rayon::prelude::*;

/// Columns of a tile and rows of a band: three planes of a tile with margins stay in a core's cache.
const TILE: (usize, usize) = (256, 128);
/// Rows of a tile that are worked on together where no pass looks at neighbours.
const STRIP: usize = 8;
/// Columns of a strip that are told white together.
const BLOCK: usize = 64;

/// A new picture.
pub(super) fn rendered(plan: &Plan, source: &Source<'_>, depth: Depth) -> Pixels {
    let job = Job::new(plan, source);
    let eight = match depth {
        Depth::Eight => true,
        Depth::Sixteen => false,
        Depth::Same => source.is_eight(),
    };
    let rows = TILE.1 * job.kept.w.max(1) * 3;
    if eight {
        let mut out = Rgb8::new(job.kept.w, job.kept.h);
        out.data.par_chunks_mut(rows).enumerate().for_each(|(i, data)| {
            let mut band = job.band(i, Space::Srgb, BandPixels::Eight(data));
            job.fill(source, &mut band);
        });
        Pixels::Eight(out)
    } else {
        let mut out = Rgb16::new(job.kept.w, job.kept.h);
        out.data.par_chunks_mut(rows).enumerate().for_each(|(i, data)| {
            let mut band = job.band(i, source.space(), BandPixels::Sixteen(data));
            job.fill(source, &mut band);
        });
        Pixels::Sixteen(out)
    }
}

/// Over the picture itself; a turn and a cut are left out. What a band needs of its neighbours is
/// kept before any of them changes.
pub(super) fn over(plan: &Plan, picture: &mut Picture) {
    let source = Source::of(picture);
    let job = Job { kept: whole(source.size()), ..Job::new(plan, &source) };
    let hulls: Vec<Rect> = job.bands().map(|band| job.hull(band)).collect();
    let rows = TILE.1 * job.frame.w.max(1) * 3;
    match &mut picture.pixels {
        Pixels::Eight(p) => {
            let halos = halos(&p.data, &job, &hulls);
            let bands = p.data.par_chunks_mut(rows).zip(halos).zip(&hulls).enumerate();
            bands.for_each(|(i, ((data, halo), hull))| {
                let kept = halo.joined(data, job.row(i), *hull, job.frame.w);
                let beside = Source::of_part(&kept, *hull, (job.frame.w, job.frame.h));
                job.change(&beside, &mut job.band(i, Space::Srgb, BandPixels::Eight(data)));
            });
        }
        Pixels::Sixteen(p) => {
            let space = picture.space;
            let halos = halos(&p.data, &job, &hulls);
            let bands = p.data.par_chunks_mut(rows).zip(halos).zip(&hulls).enumerate();
            bands.for_each(|(i, ((data, halo), hull))| {
                let kept = halo.joined(data, job.row(i), *hull, job.frame.w);
                let size = (job.frame.w, job.frame.h);
                let beside = Source::of_deep_part(&kept, space, *hull, size);
                job.change(&beside, &mut job.band(i, space, BandPixels::Sixteen(data)));
            });
        }
    }
}

const fn whole((w, h): (usize, usize)) -> Rect {
    Rect::new(0, 0, w, h)
}

/// The rows above and below a band that its tiles look at, as they were.
struct Halo<T> {
    above: Vec<T>,
    below: Vec<T>,
}

/// Of every band.
fn halos<T: Copy>(data: &[T], job: &Job<'_>, hulls: &[Rect]) -> Vec<Halo<T>> {
    let w = job.frame.w;
    let rows = |hull: &Rect, from: usize, to: usize| {
        let mut out = Vec::with_capacity(hull.w * 3 * to.saturating_sub(from));
        (from..to).for_each(|y| out.extend_from_slice(&data[(y * w + hull.x) * 3..][..hull.w * 3]));
        out
    };
    let halo = |(band, hull): (Rect, &Rect)| Halo {
        above: rows(hull, hull.y, band.y.max(hull.y).min(hull.bottom())),
        below: rows(hull, band.bottom().min(hull.bottom()).max(hull.y), hull.bottom()),
    };
    job.bands().zip(hulls).map(halo).collect()
}

impl<T: Copy> Halo<T> {
    /// All of the hull: the halo, and between it the band's own rows as they are now.
    fn joined(self, band: &[T], top: usize, hull: Rect, w: usize) -> Vec<T> {
        if hull.is_empty() {
            return Vec::new();
        }
        let mut out = self.above;
        out.reserve_exact(hull.area() * 3 - out.len());
        let own = band.chunks_exact(w * 3).enumerate();
        for (_, row) in own.filter(|(y, _)| (hull.y..hull.bottom()).contains(&(top + y))) {
            out.extend_from_slice(&row[hull.x * 3..hull.right() * 3]);
        }
        out.extend_from_slice(&self.below);
        out
    }
}

/// One rendering.
struct Job<'a> {
    plan: &'a Plan,
    frame: Frame,
    /// The part of the frame that the result shows.
    kept: Rect,
    patches: Vec<Patch>,
}

impl<'a> Job<'a> {
    fn new(plan: &'a Plan, source: &Source<'_>) -> Self {
        let frame = plan.frame(source.size());
        let kept = plan.geometry.map_or(whole(source.size()), |g| g.kept(&frame));
        Self { plan, frame, kept, patches: repair::solve(&plan.repairs, source, frame) }
    }

    /// The first row of a band.
    const fn row(&self, i: usize) -> usize {
        self.kept.y + i * TILE.1
    }

    fn rect(&self, i: usize) -> Rect {
        let y = self.row(i);
        Rect { y, h: TILE.1.min(self.kept.bottom() - y), ..self.kept }
    }

    fn bands(&self) -> impl Iterator<Item = Rect> + '_ {
        (0..self.kept.h.div_ceil(TILE.1)).map(|i| self.rect(i))
    }

    fn band<'b>(&self, i: usize, space: Space, pixels: BandPixels<'b>) -> Band<'b> {
        Band { rect: self.rect(i), space, pixels }
    }

    /// The tiles of a band, margins aside.
    fn cores(band: Rect) -> impl Iterator<Item = Rect> {
        let columns = (band.x..band.right()).step_by(TILE.0);
        columns.map(move |x| Rect { x, w: TILE.0.min(band.right() - x), ..band })
    }

    /// What the tiles of a band look at, of those that look further than themselves.
    fn hull(&self, band: Rect) -> Rect {
        let needs = Self::cores(band).map(|core| (core, self.needed(core).1));
        needs.filter(|(core, need)| core != need).fold(Rect::default(), |r, (_, n)| r.union(&n))
    }

    /// A band of a new picture.
    fn fill(&self, source: &Source<'_>, band: &mut Band<'_>) {
        let mut tile = Tile::new(self.frame, Rect::default());
        for core in Self::cores(band.rect) {
            if let Some(geometry) = self.plan.geometry.filter(|g| g.roll != 0.0) {
                let (passes, need) = self.needed(geometry.needs(&self.frame, core));
                let last = self.develop(source, &passes, need, &mut tile);
                geometry.fill(&tile, core).store(core, &last, band);
                continue;
            }
            let (passes, need) = self.needed(core);
            let idle = passes.is_empty() && !self.is_mended(need);
            if !(idle && band.copy(source, core)) {
                self.part(Some(source), &passes, core, need, &mut tile, band);
            }
        }
    }

    /// A band of the picture itself. `beside` holds what its tiles with margins look at.
    fn change(&self, beside: &Source<'_>, band: &mut Band<'_>) {
        let mut tile = Tile::new(self.frame, Rect::default());
        for core in Self::cores(band.rect) {
            let (passes, need) = self.needed(core);
            if !passes.is_empty() || self.is_mended(need) {
                let source = (need != core).then_some(beside);
                self.part(source, &passes, core, need, &mut tile, band);
            }
        }
    }

    /// The passes that can change a part, and the part of the picture that they look at. Those that
    /// cannot are left out: a local step costs nothing elsewhere and leaves every byte there.
    fn needed(&self, core: Rect) -> (Vec<&Pass>, Rect) {
        let (mut need, mut passes) = (core, Vec::new());
        for pass in self.plan.passes.iter().rev() {
            if pass.touches(&self.frame, need) {
                need = need.grown(pass.margin(&self.frame), self.frame.w, self.frame.h);
                passes.push(pass);
            }
        }
        passes.reverse();
        (passes, need)
    }

    fn is_mended(&self, part: Rect) -> bool {
        self.patches.iter().any(|p| p.touches(part))
    }

    /// A tile; without a source it is read from the band.
    fn part(
        &self,
        source: Option<&Source<'_>>,
        passes: &[&Pass],
        core: Rect,
        need: Rect,
        tile: &mut Tile,
        band: &mut Band<'_>,
    ) {
        if need == core {
            self.by_strips(source, passes, core, tile, band);
        } else {
            self.piece(source, passes, (core, need), tile, band);
        }
    }

    /// Passes that look at single pixels go strip by strip, so that everything stays in the
    /// first-level cache. Blocks that can only come out white are not looked at pixel by pixel.
    fn by_strips(
        &self,
        source: Option<&Source<'_>>,
        passes: &[&Pass],
        core: Rect,
        tile: &mut Tile,
        band: &mut Band<'_>,
    ) {
        let mended = self.is_mended(core);
        for y in (core.y..core.bottom()).step_by(STRIP) {
            let strip = Rect::new(core.x, y, core.w, STRIP.min(core.bottom() - y));
            let mut open = strip.x;
            for x in (strip.x..strip.right()).step_by(BLOCK).filter(|_| self.plan.whitens) {
                let block = Rect::new(x, y, BLOCK.min(strip.right() - x), strip.h);
                let mended = mended && self.is_mended(block);
                let white = !mended && self.is_white(source, passes, block, band);
                if white && band.whiten(block) {
                    let before = Rect { x: open, w: x - open, ..strip };
                    self.piece(source, passes, (before, before), tile, band);
                    open = block.right();
                }
            }
            let rest = Rect { x: open, w: strip.right() - open, ..strip };
            self.piece(source, passes, (rest, rest), tile, band);
        }
    }

    fn piece(
        &self,
        source: Option<&Source<'_>>,
        passes: &[&Pass],
        (core, need): (Rect, Rect),
        tile: &mut Tile,
        band: &mut Band<'_>,
    ) {
        if core.is_empty() {
            return;
        }
        let last = match source {
            Some(source) => self.develop(source, passes, need, tile),
            None => self.develop(&band.source(self.size()), passes, need, tile),
        };
        tile.store(core, &last, band);
    }

    const fn size(&self) -> (usize, usize) {
        (self.frame.w, self.frame.h)
    }

    /// Whether every pixel of a block comes out pure white, told from its lightest and darkest.
    fn is_white(
        &self,
        source: Option<&Source<'_>>,
        passes: &[&Pass],
        block: Rect,
        band: &Band<'_>,
    ) -> bool {
        let bounds = match source {
            Some(source) => source.bounds(block),
            None => band.source(self.size()).bounds(block),
        };
        // Nobody takes such a dark thing for paper; most blocks of a product end here.
        let Some(range) = bounds.filter(|range| range.low.iter().all(|v| *v >= 0.05)) else {
            return false;
        };
        let range = Some(range.through(&SRGB_TO_REC2020));
        let end = passes
            .iter()
            .fold(range, |range, pass| range.and_then(|r| pass.bounds(&self.frame, block, r)));
        end == Some(Bounds::WHITE)
    }

    /// Loads a part of the picture, lays repairs over it and runs the passes. What is left is a
    /// matrix that the way out can take along.
    fn develop(
        &self,
        source: &Source<'_>,
        passes: &[&Pass],
        need: Rect,
        tile: &mut Tile,
    ) -> Matrix3 {
        let (mut first, mut rest) = match passes.split_first() {
            Some((Pass::Point(point), rest)) => (point.clone(), rest),
            _ => (Point::default(), passes),
        };
        let matrix = if self.is_mended(need) { IDENTITY } else { first.take_first_matrix() };
        let mut last = match rest.split_last() {
            Some((Pass::Point(point), before)) => {
                rest = before;
                point.clone()
            }
            _ => Point::default(),
        };
        let out = if rest.is_empty() && last.is_empty() {
            first.take_last_matrix()
        } else {
            last.take_last_matrix()
        };
        tile.reset(need);
        tile.load(source, &matrix);
        self.patches.iter().filter(|p| p.touches(need)).for_each(|p| p.lay(tile));
        first.render(tile);
        rest.iter().for_each(|pass| pass.render(tile));
        last.render(tile);
        out
    }
}

#[cfg(test)]
impl Plan {
    /// Every pass over the whole picture as one tile: what tiling must not change.
    fn whole(&self, picture: &Picture) -> Tile {
        let source = Source::of(picture);
        let frame = self.frame(source.size());
        let mut tile = Tile::new(frame, whole(source.size()));
        tile.load(&source, &IDENTITY);
        repair::solve(&self.repairs, &source, frame).iter().for_each(|p| p.lay(&mut tile));
        for pass in &self.passes {
            if pass.touches(&frame, tile.rect) {
                pass.render(&mut tile);
            }
        }
        tile
    }

    /// [`Plan::whole`] as an eight-bit picture.
    pub(super) fn render_whole(&self, picture: &Picture) -> Picture {
        let mut tile = self.whole(picture);
        let mut out = Rgb8::new(tile.rect.w, tile.rect.h);
        let pixels = BandPixels::Eight(&mut out.data);
        let mut band = Band { rect: tile.rect, space: Space::Srgb, pixels };
        tile.store(tile.rect, &IDENTITY, &mut band);
        Picture::from_srgb8(out)
    }

    /// Whether no pass makes anything that is not a number.
    pub(super) fn all_finite(&self, picture: &Picture) -> bool {
        self.whole(picture).planes.iter().flatten().all(|v| v.is_finite())
    }
}
