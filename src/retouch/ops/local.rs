//! Local adjustments: a radial one or a brushed one, with feather.

use super::{Place, disc, smoothstep, tame_places};
use crate::imaging::{Plane, Rect};
use crate::retouch::controls::{Choice, choose};
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::point::luminance;
use crate::retouch::region::Region;
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an adjustment covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// An ellipse.
    #[default]
    Radial,
    /// What was painted.
    Brush,
}

impl Choice for Shape {
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Radial, "radial"), (Self::Brush, "brush")];
}

/// Brightens, warms or strengthens the colour of a part of the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Local {
    /// Stops, -2 to 2.
    pub ev: f32,
    /// Cooler to warmer, -1 to 1, as in the white balance.
    pub warmth: f32,
    /// Less or more colour, -1 to 1.
    pub saturation: f32,
    /// What it covers.
    pub shape: Shape,
    /// Middle of the ellipse across, 0 to 1.
    pub x: f32,
    /// Middle of the ellipse down, 0 to 1.
    pub y: f32,
    /// Half the ellipse's width, part of the picture's.
    pub width: f32,
    /// Half the ellipse's height, part of the picture's.
    pub height: f32,
    /// How much of the shape is soft, 0 to 1.
    pub feather: f32,
    /// Radius of the brush as a part of the picture's longer side, up to .2.
    pub brush: f32,
    /// What was painted: points, 0 to 1 across and down.
    pub points: Vec<Place>,
}

impl Default for Local {
    fn default() -> Self {
        Self {
            ev: 0.0,
            warmth: 0.0,
            saturation: 0.0,
            shape: Shape::Radial,
            x: 0.5,
            y: 0.5,
            width: 0.2,
            height: 0.2,
            feather: 0.5,
            brush: 0.03,
            points: Vec::new(),
        }
    }
}

impl Operation for Local {
    const ID: &'static str = "local";
    const LABEL: &'static str = "Local adjustment";
    const HELP: &'static str = "Light and colour inside an ellipse or where you paint.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("ev", "Exposure", &mut self.ev, -2.0..=2.0, "EV", "Light inside.");
        c.slider("warmth", "Warmth", &mut self.warmth, -1.0..=1.0, "", "Cooler or warmer inside.");
        c.slider(
            "saturation",
            "Saturation",
            &mut self.saturation,
            -1.0..=1.0,
            "",
            "Colour inside.",
        );
        choose(c, "shape", "Shape", &mut self.shape, "An ellipse, or what was painted.");
        c.slider("x", "Across", &mut self.x, 0.0..=1.0, "", "Middle of the ellipse.");
        c.slider("y", "Down", &mut self.y, 0.0..=1.0, "", "Middle of the ellipse.");
        c.slider("width", "Width", &mut self.width, 0.01..=1.0, "", "Half the ellipse's width.");
        c.slider(
            "height",
            "Height",
            &mut self.height,
            0.01..=1.0,
            "",
            "Half the ellipse's height.",
        );
        c.slider("feather", "Feather", &mut self.feather, 0.0..=1.0, "", "How soft the rim is.");
        c.slider("brush", "Brush", &mut self.brush, 0.002..=0.2, "", "Radius of the brush.");
    }

    fn is_neutral(&self) -> bool {
        let idle = self.shape == Shape::Brush && self.points.is_empty();
        idle || (self.ev == 0.0 && self.warmth == 0.0 && self.saturation == 0.0)
    }

    fn summary(&self) -> String {
        let place = match self.shape {
            Shape::Radial => format!("at {:.2} {:.2}", self.x, self.y),
            Shape::Brush => format!("{} painted points", self.points.len()),
        };
        format!(
            "{:+.2} EV, warmth {:+.2}, colour {:+.2}, {place}",
            self.ev, self.warmth, self.saturation
        )
    }

    fn tame(&mut self) {
        tame_places(&mut self.points);
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let (w, h) = (view.proxy.tile().rect.w, view.proxy.tile().rect.h);
        let plane = match self.shape {
            Shape::Radial => self.ellipse(w, h),
            Shape::Brush => self.painted(w, h),
        };
        let gains =
            [self.warmth * 0.25 + self.ev, self.ev, self.ev - self.warmth * 0.25].map(f32::exp2);
        let stage = Adjust { gains, saturation: self.saturation, region: Region::new(plane) };
        Some(Planned::Area(Arc::new(stage)))
    }
}

impl Local {
    fn ellipse(&self, w: usize, h: usize) -> Plane {
        let inner = 1.0 - self.feather.max(0.02);
        Plane::from_fn(w, h, |x, y| {
            let (u, v) = ((x as f32 + 0.5) / w as f32, (y as f32 + 0.5) / h as f32);
            let d = ((u - self.x) / self.width).hypot((v - self.y) / self.height);
            1.0 - smoothstep(inner, 1.0, d)
        })
    }

    fn painted(&self, w: usize, h: usize) -> Plane {
        let mut plane = Plane::new(w, h);
        for at in &self.points {
            let Some((rect, mask)) = disc((w, h), *at, self.brush, self.feather) else { continue };
            for y in 0..rect.h {
                let row = &mut plane.data[(rect.y + y) * w + rect.x..][..rect.w];
                let dab = &mask.data[y * rect.w..];
                row.iter_mut().zip(dab).for_each(|(p, d)| *p = p.max(f32::from(*d) / 255.0));
            }
        }
        plane
    }
}

#[derive(Debug)]
struct Adjust {
    gains: [f32; 3],
    saturation: f32,
    region: Region,
}

impl Stage for Adjust {
    fn touches(&self, frame: &Frame, part: Rect) -> bool {
        self.region.touches(frame, part)
    }

    fn render(&self, tile: &mut Tile) {
        self.region.change(tile, |p, cover| {
            let lit: [f32; 3] = std::array::from_fn(|c| p[c] * self.gains[c]);
            let grey = luminance(lit);
            let new: [f32; 3] = std::array::from_fn(|c| {
                (grey + (lit[c] - grey) * (1.0 + self.saturation)).max(0.0)
            });
            std::array::from_fn(|c| p[c] + (new[c] - p[c]) * cover)
        });
    }
}
