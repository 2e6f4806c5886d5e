//! Planning and rendering. A recipe and a proxy make a [`Plan`]; a plan renders any size of the
//! picture, tile by tile, and never holds more than a tile a thread in `f32`.

use super::geometry::Geometry;
use super::point::{Bounds, IDENTITY, Point};
use super::proxy::Proxy;
use super::recipe::Recipe;
use super::reduce;
use super::repair::{self, Patch, Repair};
use super::tile::{Band, BandPixels, Frame, Source, Tile};
use crate::imaging::colour::{Matrix3, SRGB_TO_REC2020};
use crate::imaging::{Picture, Pixels, Rect, Rgb8, Rgb16, Space};
use rayon::prelude::*;
use std::fmt::Debug;
use std::sync::Arc;

/// A change that looks at more than one pixel, or at where a pixel is.
pub(super) trait Stage: Debug + Send + Sync {
    /// How far around a tile it looks, in pixels of the frame.
    fn margin(&self, _frame: &Frame) -> usize {
        0
    }

    /// Whether it can change anything inside a part of the frame.
    fn touches(&self, frame: &Frame, part: Rect) -> bool;

    /// Whether it makes anything pure white.
    fn whitens(&self) -> bool {
        false
    }

    /// What becomes of pixels between bounds anywhere in a part of the frame; none where that
    /// cannot be said without looking at each.
    fn bounds(&self, _frame: &Frame, _part: Rect, _range: Bounds) -> Option<Bounds> {
        None
    }

    /// Changes the tile. Pixels closer to its edge than the margin may come out wrong, unless that
    /// edge is the frame's.
    fn render(&self, tile: &mut Tile);
}

/// What an operation decided.
pub(super) enum Planned {
    /// Looks at single pixels; fused with its neighbours.
    Point(Point),
    /// Places that are mended before every other step, whatever the order of the steps.
    Repairs(Vec<Repair>),
    /// A turn and a cut, after every other step; the last one counts.
    Geometry(Geometry),
    /// Anything else.
    Area(Arc<dyn Stage>),
}

#[derive(Clone, Debug)]
enum Pass {
    Point(Point),
    Area { stage: Arc<dyn Stage>, opacity: f32 },
}

/// What an operation looks at: the proxy, and its picture with the steps before already rendered.
pub(super) struct View<'a> {
    /// What is known of the original.
    pub(super) proxy: &'a Proxy,
    tile: Option<Tile>,
    passes: Vec<Pass>,
    repairs: Vec<Repair>,
    geometry: Option<Geometry>,
    rendered: usize,
}

impl<'a> View<'a> {
    fn new(proxy: &'a Proxy) -> Self {
        Self {
            proxy,
            tile: None,
            passes: Vec::new(),
            repairs: Vec::new(),
            geometry: None,
            rendered: 0,
        }
    }

    /// The reduced picture as it stands before this step.
    pub(super) fn tile(&mut self) -> &Tile {
        let tile = self.tile.get_or_insert_with(|| self.proxy.tile().clone());
        let (frame, rect) = (tile.frame, tile.rect);
        for pass in &self.passes[self.rendered..] {
            if pass.touches(&frame, rect) {
                pass.render(tile);
            }
        }
        self.rendered = self.passes.len();
        tile
    }

    fn push(&mut self, planned: Planned, opacity: f32) {
        match planned {
            Planned::Point(point) => self.passes.push(Pass::Point(point.faded(opacity))),
            Planned::Area(stage) => self.passes.push(Pass::Area { stage, opacity }),
            Planned::Geometry(geometry) => self.geometry = Some(geometry),
            Planned::Repairs(repairs) => {
                self.repairs.extend(repairs.into_iter().map(|r| Repair { opacity, ..r }));
            }
        }
    }
}

impl Pass {
    fn touches(&self, frame: &Frame, part: Rect) -> bool {
        match self {
            Self::Point(_) => true,
            Self::Area { stage, .. } => stage.touches(frame, part),
        }
    }

    fn margin(&self, frame: &Frame) -> usize {
        match self {
            Self::Point(_) => 0,
            Self::Area { stage, .. } => stage.margin(frame),
        }
    }

    fn bounds(&self, frame: &Frame, part: Rect, range: Bounds) -> Option<Bounds> {
        match self {
            Self::Point(point) => Some(point.bounds(range)),
            Self::Area { stage, opacity } if *opacity >= 1.0 => stage.bounds(frame, part, range),
            Self::Area { .. } => None,
        }
    }

    fn render(&self, tile: &mut Tile) {
        match self {
            Self::Point(point) => point.render(tile),
            Self::Area { stage, opacity } if *opacity >= 1.0 => stage.render(tile),
            Self::Area { stage, opacity } => {
                let before = tile.planes.clone();
                stage.render(tile);
                for (new, old) in tile.planes.iter_mut().flatten().zip(before.iter().flatten()) {
                    // Where nothing changed this adds exactly nothing.
                    *new = old + (*new - old) * opacity;
                }
            }
        }
    }
}

/// Depth of a rendered picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// As the picture that goes in.
    #[default]
    Same,
    /// Eight bits; a wide picture becomes sRGB.
    Eight,
    /// Sixteen bits.
    Sixteen,
}

/// What is wanted of a rendering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Bits a channel.
    pub depth: Depth,
    /// Longest side in pixels; none keeps the size. The picture is rendered at full size first.
    pub side: Option<usize>,
}

/// A recipe that has looked at its picture. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Plan {
    original: (usize, usize),
    repairs: Arc<Vec<Repair>>,
    passes: Vec<Pass>,
    geometry: Option<Geometry>,
    /// Whether a step makes anything pure white.
    whitens: bool,
    steps: Vec<(&'static str, String)>,
}

/// Lets each step that is on look at the proxy and decide.
pub fn plan(recipe: &Recipe, proxy: &Proxy) -> Plan {
    let mut view = View::new(proxy);
    let mut steps = Vec::new();
    for step in recipe.steps.iter().filter(|s| s.acts()) {
        if let Some(planned) = step.plan(&mut view) {
            view.push(planned, step.opacity);
            steps.push((step.id(), step.summary()));
        }
    }
    let repairs = Arc::new(view.repairs);
    let geometry = view.geometry;
    let passes = fused(view.passes);
    let whitens = passes.iter().any(|p| matches!(p, Pass::Area { stage, .. } if stage.whitens()));
    Plan { original: proxy.size(), repairs, passes, geometry, whitens, steps }
}

/// Neighbouring point passes become one.
fn fused(passes: Vec<Pass>) -> Vec<Pass> {
    let mut out: Vec<Pass> = Vec::new();
    for pass in passes {
        match (out.last_mut(), pass) {
            (Some(Pass::Point(last)), Pass::Point(next)) => last.push(&next),
            (_, pass) => out.push(pass),
        }
    }
    out
}

/// Rows of a band and columns of a tile: three planes of a tile with margins stay in a core's cache.
const TILE: (usize, usize) = (256, 128);
/// Rows of a tile that are worked on together where no pass looks at neighbours.
const STRIP: usize = 8;
/// Columns of a strip that are told white together.
const BLOCK: usize = 64;

impl Plan {
    /// The steps that do something on this picture: identifier and one line for people.
    pub fn steps(&self) -> &[(&'static str, String)] {
        &self.steps
    }

    /// The same plan without its turn and cut, so that places stay comparable.
    #[must_use]
    pub(super) fn uncut(mut self) -> Self {
        self.geometry = None;
        self
    }

    /// The edited picture at its full size, depth and primaries; metadata is carried over.
    pub fn render(&self, picture: &Picture) -> Picture {
        let pixels = self.pixels(&Source::of(picture), Depth::Same);
        Picture { pixels, space: picture.space, metadata: picture.metadata.clone() }
    }

    /// The edited picture with another depth or size.
    pub fn render_to(&self, picture: &Picture, output: &Output) -> Picture {
        let pixels = self.pixels(&Source::of(picture), output.depth);
        let space = match pixels {
            Pixels::Eight(_) => Space::Srgb,
            Pixels::Sixteen(_) => picture.space,
        };
        let whole = Picture { pixels, space, metadata: picture.metadata.clone() };
        match output.side {
            Some(side) => reduce::reduced(&whole, side),
            None => whole,
        }
    }

    /// For the screen, the longest side at most `side`: the same steps on a reduced picture. The
    /// picture may itself be a reduced one.
    pub fn preview(&self, picture: &Picture, side: usize) -> Rgb8 {
        let (w, h) = picture.size();
        if w.max(h) <= side {
            return self.eight(&Source::of(picture));
        }
        self.eight(&Source::of(&reduce::reduced(picture, side)))
    }

    /// A live frame with the plan of this or of an earlier frame.
    pub fn render_live(&self, frame: &Rgb8) -> Rgb8 {
        self.eight(&Source::Eight(frame))
    }

    fn eight(&self, source: &Source<'_>) -> Rgb8 {
        match self.pixels(source, Depth::Eight) {
            Pixels::Eight(p) => p,
            Pixels::Sixteen(p) => p.to_rgb8(),
        }
    }

    fn pixels(&self, source: &Source<'_>, depth: Depth) -> Pixels {
        let (w, h) = source.size();
        let scale = w as f32 / self.original.0.max(1) as f32;
        let frame = Frame { w, h, scale };
        let eight = match (depth, source) {
            (Depth::Eight, _) | (Depth::Same, Source::Eight(_)) => true,
            (Depth::Sixteen, _) | (Depth::Same, Source::Sixteen(..)) => false,
        };
        let kept = self.geometry.map_or(Rect::new(0, 0, w, h), |g| g.kept(&frame));
        let rows = TILE.1 * kept.w.max(1) * 3;
        let job = Job {
            plan: self,
            source,
            frame,
            kept,
            patches: repair::solve(&self.repairs, source, frame),
        };
        if eight {
            let mut out = Rgb8::new(kept.w, kept.h);
            out.data.par_chunks_mut(rows).enumerate().for_each(|(i, data)| {
                let pixels = BandPixels::Eight(data);
                job.band(Band { x: kept.x, y: kept.y + i * TILE.1, w: kept.w, pixels });
            });
            Pixels::Eight(out)
        } else {
            let mut out = Rgb16::new(kept.w, kept.h);
            out.data.par_chunks_mut(rows).enumerate().for_each(|(i, data)| {
                let pixels = BandPixels::Sixteen(data);
                job.band(Band { x: kept.x, y: kept.y + i * TILE.1, w: kept.w, pixels });
            });
            Pixels::Sixteen(out)
        }
    }

    /// Every pass over the whole picture as one tile: what tiling must not change.
    #[cfg(test)]
    fn whole(&self, picture: &Picture) -> Tile {
        let (w, h) = picture.size();
        let frame = Frame { w, h, scale: w as f32 / self.original.0 as f32 };
        let mut tile = Tile::new(frame, Rect::new(0, 0, w, h));
        let source = Source::of(picture);
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
    #[cfg(test)]
    pub(super) fn render_whole(&self, picture: &Picture) -> Picture {
        let tile = self.whole(picture);
        let mut out = Rgb8::new(tile.rect.w, tile.rect.h);
        let pixels = BandPixels::Eight(&mut out.data);
        let mut band = Band { x: 0, y: 0, w: tile.rect.w, pixels };
        tile.store(tile.rect, &IDENTITY, Space::Srgb, &mut band);
        Picture::from_srgb8(out)
    }

    /// Whether no pass makes anything that is not a number.
    #[cfg(test)]
    pub(super) fn all_finite(&self, picture: &Picture) -> bool {
        self.whole(picture).planes.iter().flatten().all(|v| v.is_finite())
    }
}

/// One rendering.
struct Job<'a> {
    plan: &'a Plan,
    source: &'a Source<'a>,
    frame: Frame,
    /// The part of the frame that the result shows.
    kept: Rect,
    patches: Vec<Patch>,
}

impl Job<'_> {
    fn band(&self, mut band: Band<'_>) {
        let h = TILE.1.min(self.kept.bottom() - band.y);
        let mut tile = Tile::new(self.frame, Rect::default());
        for x in (self.kept.x..self.kept.right()).step_by(TILE.0) {
            let core = Rect::new(x, band.y, TILE.0.min(self.kept.right() - x), h);
            self.part(core, &mut tile, &mut band);
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

    fn part(&self, core: Rect, tile: &mut Tile, band: &mut Band<'_>) {
        let space = band.space(self.source);
        if let Some(geometry) = self.plan.geometry.filter(|g| g.roll != 0.0) {
            let from = geometry.needs(&self.frame, core);
            let (passes, need) = self.needed(from);
            let last = self.develop(&passes, need, tile);
            geometry.fill(tile, core).store(core, &last, space, band);
            return;
        }
        let (passes, need) = self.needed(core);
        let mended = self.patches.iter().any(|p| p.touches(need));
        if passes.is_empty() && !mended && band.copy(self.source, core) {
            return;
        }
        if need == core {
            self.by_strips(&passes, core, tile, band);
        } else {
            let last = self.develop(&passes, need, tile);
            tile.store(core, &last, space, band);
        }
    }

    /// Passes that look at single pixels go strip by strip, so that everything stays in the
    /// first-level cache. Blocks that can only come out white are not looked at pixel by pixel.
    fn by_strips(&self, passes: &[&Pass], core: Rect, tile: &mut Tile, band: &mut Band<'_>) {
        let mended = self.patches.iter().any(|p| p.touches(core));
        let whitens = self.plan.whitens && !mended;
        for y in (core.y..core.bottom()).step_by(STRIP) {
            let strip = Rect::new(core.x, y, core.w, STRIP.min(core.bottom() - y));
            if !whitens {
                self.strip(passes, strip, tile, band);
                continue;
            }
            let mut open = strip.x;
            for x in (strip.x..strip.right()).step_by(BLOCK) {
                let block = Rect::new(x, y, BLOCK.min(strip.right() - x), strip.h);
                if self.is_white(passes, block) && band.whiten(block) {
                    self.strip(passes, Rect { x: open, w: x - open, ..strip }, tile, band);
                    open = block.right();
                }
            }
            self.strip(passes, Rect { x: open, w: strip.right() - open, ..strip }, tile, band);
        }
    }

    fn strip(&self, passes: &[&Pass], strip: Rect, tile: &mut Tile, band: &mut Band<'_>) {
        if strip.w > 0 {
            let last = self.develop(passes, strip, tile);
            tile.store(strip, &last, band.space(self.source), band);
        }
    }

    /// Whether every pixel of a block comes out pure white, told from its lightest and darkest.
    fn is_white(&self, passes: &[&Pass], block: Rect) -> bool {
        let Some(range) = self.source.bounds(block) else { return false };
        // Nobody takes such a dark thing for paper; most blocks of a product end here.
        if range.low.iter().any(|v| *v < 0.05) {
            return false;
        }
        let range = Some(range.through(&SRGB_TO_REC2020));
        let end = passes
            .iter()
            .fold(range, |range, pass| range.and_then(|r| pass.bounds(&self.frame, block, r)));
        end == Some(Bounds::WHITE)
    }

    /// Loads a part of the picture, lays repairs over it and runs the passes. What is left is a
    /// matrix that the way out can take along.
    fn develop(&self, passes: &[&Pass], need: Rect, tile: &mut Tile) -> Matrix3 {
        let (mut first, mut rest) = match passes.split_first() {
            Some((Pass::Point(point), rest)) => (point.clone(), rest),
            _ => (Point::default(), passes),
        };
        let mended = self.patches.iter().any(|p| p.touches(need));
        let matrix = if mended { IDENTITY } else { first.take_first_matrix() };
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
        tile.load(self.source, &matrix);
        self.patches.iter().filter(|p| p.touches(need)).for_each(|p| p.lay(tile));
        first.render(tile);
        rest.iter().for_each(|pass| pass.render(tile));
        last.render(tile);
        out
    }
}
