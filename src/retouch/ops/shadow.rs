//! Shadow: a soft one made under the product, for pictures that have none or lost theirs.
//!
//! Standing pieces touch the ground along their lower edge: there a narrow, dark and a wide, faint
//! shadow are laid. Lying pieces cast theirs to one side. Only light is taken, so that the ground
//! keeps its colour, and nothing falls on the product.

use crate::imaging::{Plane, Rect};
use crate::retouch::controls::{Choice, choose};
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::region::{Matte, Region};
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How the product rests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// It stands: dark where it touches.
    #[default]
    Standing,
    /// It lies and is seen from above: the light comes from the upper left.
    Lying,
}

impl Choice for Rest {
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Standing, "standing"), (Self::Lying, "lying")];
}

/// Grounds the product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shadow {
    /// How dark, 0 to 1.
    pub strength: f32,
    /// How wide and soft, part of the picture's longer side, .005 to .1.
    pub size: f32,
    /// How the product rests.
    pub rest: Rest,
}

impl Default for Shadow {
    fn default() -> Self {
        Self { strength: 0.0, size: 0.025, rest: Rest::Standing }
    }
}

impl Operation for Shadow {
    const ID: &'static str = "shadow";
    const LABEL: &'static str = "Made shadow";
    const HELP: &'static str = "Lays a soft shadow under the product.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("strength", "Strength", &mut self.strength, 0.0..=1.0, "", "How dark.");
        let help = "How wide and soft, part of the picture.";
        c.slider("size", "Size", &mut self.size, 0.005..=0.1, "", help);
        choose(c, "rest", "Product", &mut self.rest, "How it rests on the ground.");
    }

    fn is_neutral(&self) -> bool {
        self.strength == 0.0
    }

    fn summary(&self) -> String {
        let rest = Rest::ALL.iter().find(|r| r.0 == self.rest).map_or("", |r| r.1);
        format!("{:.0} %, {rest}", self.strength * 100.0)
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let subject = view.proxy.subject().plane();
        let size = (self.size * subject.w.max(subject.h) as f32).max(2.0) as usize;
        let shade = match self.rest {
            Rest::Standing => standing(subject, size)?,
            Rest::Lying => lying(subject, size),
        };
        let matte = match view.proxy.matte() {
            // A coarse outline has steps: the shadow runs softly under the product's rim, which hides
            // them and grounds the piece.
            Matte::Coarse(region) => Matte::Coarse(region.shrunk(UNDER).softened(UNDER)),
            fine @ Matte::Fine(_) => fine,
        };
        let strength = self.strength;
        Some(Planned::Area(Arc::new(Cast { strength, matte, shade })))
    }
}

/// Half the width, in pixels of the reduced picture, over which a shadow fades under a coarse outline.
const UNDER: usize = 2;

/// Thrice a box is nearly a Gaussian.
fn soft(plane: Plane, by: usize) -> Plane {
    let by = by.max(1);
    Region::new(plane).softened(by).softened(by).softened(by).plane().clone()
}

/// Along the lower edge, as far as it is near the ground.
fn standing(subject: &Plane, size: usize) -> Option<Region> {
    let (w, h) = (subject.w, subject.h);
    let inside = |x: usize, y: usize| subject.at(x, y) > 0.5;
    let lowest: Vec<Option<usize>> = (0..w).map(|x| (0..h).rev().find(|&y| inside(x, y))).collect();
    let bottom = lowest.iter().flatten().max().copied()?;
    let top = (0..h).find(|&y| (0..w).any(|x| inside(x, y)))?;
    let reach = ((bottom - top) / 8).max(size);
    let mut line = Plane::new(w, h);
    for (x, y) in lowest.iter().enumerate().filter_map(|(x, y)| y.map(|y| (x, y))) {
        // What hangs higher above the ground touches it less.
        let near = 1.0 - (bottom - y) as f32 / reach as f32;
        if near > 0.0 {
            for j in y.saturating_sub(size / 3)..(y + size / 4 + 1).min(h) {
                line.data[j * w + x] = near;
            }
        }
    }
    let (tight, wide) = (soft(line.clone(), size / 6), soft(line, size / 2));
    let data = tight.data.iter().zip(&wide.data);
    let data = data.map(|(t, w)| (0.9 * t + 0.8 * w).min(1.0)).collect();
    Some(Region::new(Plane { w, h, data }))
}

/// To the lower right, as far as the piece is high.
fn lying(subject: &Plane, size: usize) -> Region {
    let (w, h) = (subject.w, subject.h);
    let by = size / 2;
    let moved = |by: usize| {
        Plane::from_fn(w, h, |x, y| if x < by || y < by { 0.0 } else { subject.at(x - by, y - by) })
    };
    let (near, far) = (soft(moved(by / 3), size / 8), soft(moved(by), size / 3));
    let data = near.data.iter().zip(&far.data).map(|(n, f)| 0.45 * n + 0.4 * f).collect();
    Region::new(Plane { w, h, data })
}

#[derive(Debug)]
struct Cast {
    strength: f32,
    matte: Matte,
    shade: Region,
}

impl Stage for Cast {
    fn touches(&self, frame: &Frame, part: Rect) -> bool {
        self.shade.touches(frame, part)
    }

    fn render(&self, tile: &mut Tile) {
        let w = tile.rect.w;
        let (mut matte, mut shade) = (vec![0.0; w], vec![0.0; w]);
        let (mut mattes, mut shades) = (self.matte.over(tile), self.shade.over(tile));
        for y in 0..tile.rect.h {
            let row = tile.rect.y + y;
            mattes.row(row, &mut matte);
            shades.row(row, &mut shade);
            for (s, a) in shade.iter_mut().zip(&matte) {
                *s = 1.0 - self.strength * *s * (1.0 - a);
            }
            for plane in &mut tile.planes {
                plane[y * w..(y + 1) * w].iter_mut().zip(&shade).for_each(|(v, s)| *v *= s);
            }
        }
    }
}
