//! White balance: gains on linear light, measured, with two sliders of taste on top.

use crate::retouch::plan::{Planned, View};
use crate::retouch::point::{Point, diagonal, luminance};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};

/// Makes the backdrop or a grey card neutral. Von Kries gains on linear Rec.2020, scaled so that a
/// neutral grey keeps its luminance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WhiteBalance {
    /// Gain of red, .25 to 4.
    pub red: f32,
    /// Gain of green, .25 to 4.
    pub green: f32,
    /// Gain of blue, .25 to 4.
    pub blue: f32,
    /// Cooler to warmer, -1 to 1: a quarter stop of red against blue at the ends.
    pub warmth: f32,
    /// Green to magenta, -1 to 1: a quarter stop of green at the ends.
    pub tint: f32,
}

impl Default for WhiteBalance {
    fn default() -> Self {
        Self { red: 1.0, green: 1.0, blue: 1.0, warmth: 0.0, tint: 0.0 }
    }
}

impl WhiteBalance {
    /// The gains with the sliders of taste in them.
    fn gains(&self) -> [f32; 3] {
        let taste = [0.25 * self.warmth, -0.25 * self.tint, -0.25 * self.warmth].map(f32::exp2);
        let gains = [self.red * taste[0], self.green * taste[1], self.blue * taste[2]];
        let grey = luminance(gains);
        gains.map(|g| g / grey)
    }
}

impl Operation for WhiteBalance {
    const ID: &'static str = "white_balance";
    const LABEL: &'static str = "White balance";
    const HELP: &'static str = "Makes what is grey in life grey in the picture.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider(
            "warmth",
            "Warmth",
            &mut self.warmth,
            -1.0..=1.0,
            "",
            "Cooler or warmer, to taste.",
        );
        c.slider("tint", "Tint", &mut self.tint, -1.0..=1.0, "", "Greener or more magenta.");
        c.slider("red", "Red", &mut self.red, 0.25..=4.0, "x", "Measured gain of red.");
        c.slider("green", "Green", &mut self.green, 0.25..=4.0, "x", "Measured gain of green.");
        c.slider("blue", "Blue", &mut self.blue, 0.25..=4.0, "x", "Measured gain of blue.");
    }

    fn is_neutral(&self) -> bool {
        self.red == self.green && self.green == self.blue && self.warmth == 0.0 && self.tint == 0.0
    }

    fn summary(&self) -> String {
        let [r, g, b] = self.gains();
        format!("gains {r:.3} {g:.3} {b:.3}")
    }

    fn plan(&self, _: &mut View<'_>) -> Option<Planned> {
        Some(Planned::Point(Point::matrix(diagonal(self.gains()))))
    }
}
