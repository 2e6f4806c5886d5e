//! Straighten and crop: the last step, whatever its place in the recipe.

use crate::retouch::geometry::Geometry;
use crate::retouch::plan::{Planned, View};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};

/// Turns the picture and cuts its sides. A turn cuts as much more as keeps the corners filled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Straighten {
    /// Degrees, clockwise positive, -20 to 20.
    pub roll: f32,
    /// Cut from the left, part of the width, 0 to .45.
    pub left: f32,
    /// Cut from the right.
    pub right: f32,
    /// Cut from the top, part of the height.
    pub top: f32,
    /// Cut from the bottom.
    pub bottom: f32,
}

impl Operation for Straighten {
    const ID: &'static str = "straighten";
    const LABEL: &'static str = "Straighten and crop";
    const HELP: &'static str = "Turns the picture upright and cuts its sides.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("roll", "Turn", &mut self.roll, -20.0..=20.0, "deg", "Clockwise is positive.");
        c.slider("left", "Left", &mut self.left, 0.0..=0.45, "", "Cut from the left.");
        c.slider("right", "Right", &mut self.right, 0.0..=0.45, "", "Cut from the right.");
        c.slider("top", "Top", &mut self.top, 0.0..=0.45, "", "Cut from the top.");
        c.slider("bottom", "Bottom", &mut self.bottom, 0.0..=0.45, "", "Cut from the bottom.");
    }

    fn is_neutral(&self) -> bool {
        *self == Self::default()
    }

    fn summary(&self) -> String {
        let cut = 100.0 * (1.0 - (1.0 - self.left - self.right) * (1.0 - self.top - self.bottom));
        format!("{:+.1} deg, {cut:.0} % cut", self.roll)
    }

    fn plan(&self, _: &mut View<'_>) -> Option<Planned> {
        Some(Planned::Geometry(Geometry {
            roll: self.roll.to_radians(),
            cut: [self.left, self.top, self.right, self.bottom],
        }))
    }
}
