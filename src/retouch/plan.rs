//! Planning. A recipe and a proxy make a [`Plan`], which renders any size of the picture.

use super::geometry::Geometry;
use super::point::{Bounds, Point};
use super::proxy::Proxy;
use super::recipe::Recipe;
use super::repair::Repair;
use super::tile::{Frame, Source, Tile};
use super::{reduce, render};
use crate::imaging::colour::Lab;
use crate::imaging::{Picture, Pixels, Rect, Rgb8, Space};
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

/// A step that is ready to run.
#[derive(Clone, Debug)]
pub(super) enum Pass {
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
    pub(super) fn touches(&self, frame: &Frame, part: Rect) -> bool {
        match self {
            Self::Point(_) => true,
            Self::Area { stage, .. } => stage.touches(frame, part),
        }
    }

    pub(super) fn margin(&self, frame: &Frame) -> usize {
        match self {
            Self::Point(_) => 0,
            Self::Area { stage, .. } => stage.margin(frame),
        }
    }

    pub(super) fn bounds(&self, frame: &Frame, part: Rect, range: Bounds) -> Option<Bounds> {
        match self {
            Self::Point(point) => Some(point.bounds(range)),
            Self::Area { stage, opacity } if *opacity >= 1.0 => stage.bounds(frame, part, range),
            Self::Area { .. } => None,
        }
    }

    pub(super) fn render(&self, tile: &mut Tile) {
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
    pub(super) repairs: Arc<Vec<Repair>>,
    pub(super) passes: Vec<Pass>,
    pub(super) geometry: Option<Geometry>,
    /// Whether a step makes anything pure white.
    pub(super) whitens: bool,
    steps: Vec<(&'static str, String)>,
}

/// The picture no larger than a side.
fn sized(picture: Picture, side: Option<usize>) -> Picture {
    match side {
        Some(side) => reduce::reduced(&picture, side),
        None => picture,
    }
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

impl Plan {
    /// The steps that do something on this picture: identifier and one line for people.
    pub fn steps(&self) -> &[(&'static str, String)] {
        &self.steps
    }

    /// The colour that the metal has after the edit, as [`Proxy::metal`]; the proxy is the one that
    /// the plan was made with.
    pub fn metal(&self, proxy: &Proxy) -> Option<Lab> {
        let mut tile = proxy.small();
        let (frame, rect) = (tile.frame, tile.rect);
        for pass in self.passes.iter().filter(|p| p.touches(&frame, rect)) {
            pass.render(&mut tile);
        }
        proxy.metal_in(&tile)
    }

    /// The same plan without its turn and cut, so that places stay comparable.
    #[must_use]
    pub(super) fn uncut(mut self) -> Self {
        self.geometry = None;
        self
    }

    /// The edited picture at its full size, depth and primaries; metadata is carried over.
    pub fn render(&self, picture: &Picture) -> Picture {
        let pixels = render::rendered(self, &Source::of(picture), Depth::Same);
        Picture { pixels, space: picture.space, metadata: picture.metadata.clone() }
    }

    /// The edited picture with another depth or size.
    pub fn render_to(&self, picture: &Picture, output: &Output) -> Picture {
        let pixels = render::rendered(self, &Source::of(picture), output.depth);
        let space = match pixels {
            Pixels::Eight(_) => Space::Srgb,
            Pixels::Sixteen(_) => picture.space,
        };
        let whole = Picture { pixels, space, metadata: picture.metadata.clone() };
        sized(whole, output.side)
    }

    /// As [`Self::render_to`], in the picture's own memory where its depth and size stay.
    pub fn render_over(&self, mut picture: Picture, output: &Output) -> Picture {
        let same = matches!(
            (output.depth, &picture.pixels),
            (Depth::Same, _)
                | (Depth::Eight, Pixels::Eight(_))
                | (Depth::Sixteen, Pixels::Sixteen(_))
        );
        if !same || self.geometry.is_some() {
            return self.render_to(&picture, output);
        }
        render::over(self, &mut picture);
        sized(picture, output.side)
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
        self.eight(&Source::of_bytes(frame))
    }

    fn eight(&self, source: &Source<'_>) -> Rgb8 {
        match render::rendered(self, source, Depth::Eight) {
            Pixels::Eight(p) => p,
            Pixels::Sixteen(p) => p.to_rgb8(),
        }
    }

    /// A rendering of a picture of a size.
    pub(super) fn frame(&self, (w, h): (usize, usize)) -> Frame {
        Frame { w, h, scale: w as f32 / self.original.0.max(1) as f32 }
    }
}
