//! Metal colour: measured in CIE L*a*b* on the subject, moved only when asked.
//!
//! The colour of the metal is the median over the subject's middle tones. The sliders move it by a
//! difference in a* and b*; every pixel of the subject takes part by how near its own chromaticity
//! is to the metal's, so that stones and skin keep theirs.

use crate::imaging::Rect;
use crate::imaging::colour::{Lab, SRGB_TO_REC2020, apply, lab_to_linear_srgb};
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::region::Region;
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Moves the colour of the metal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metal {
    /// Added to a* of the metal: greener to redder, -12 to 12.
    pub red: f32,
    /// Added to b* of the metal: bluer to yellower, -12 to 12.
    pub yellow: f32,
}

impl Operation for Metal {
    const ID: &'static str = "metal";
    const LABEL: &'static str = "Metal colour";
    const HELP: &'static str = "Moves the metal's colour; stones and backdrop keep theirs.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("red", "Red", &mut self.red, -12.0..=12.0, "a*", "Greener or redder metal.");
        c.slider(
            "yellow",
            "Yellow",
            &mut self.yellow,
            -12.0..=12.0,
            "b*",
            "Bluer or yellower metal.",
        );
    }

    fn is_neutral(&self) -> bool {
        self.red == 0.0 && self.yellow == 0.0
    }

    fn summary(&self) -> String {
        format!("a* {:+.1}, b* {:+.1}", self.red, self.yellow)
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let [l, a, b] = view.proxy.metal()?;
        let wide = |lab: Lab| apply(&SRGB_TO_REC2020, lab_to_linear_srgb(lab)).map(|v| v.max(1e-4));
        let (from, to) = (wide([l, a, b]), wide([l, a + self.red, b + self.yellow]));
        let gains = std::array::from_fn(|c| (to[c] / from[c]).clamp(0.5, 2.0));
        let region = view.proxy.subject().clone();
        Some(Planned::Area(Arc::new(Move { gains, metal: ratios(from), region })))
    }
}

/// Logarithms of red and blue to green.
fn ratios(p: [f32; 3]) -> [f32; 2] {
    let [r, g, b] = p.map(|v| v.max(1e-4));
    [(r / g).log2(), (b / g).log2()]
}

#[derive(Debug)]
struct Move {
    gains: [f32; 3],
    metal: [f32; 2],
    region: Region,
}

impl Stage for Move {
    fn touches(&self, frame: &Frame, part: Rect) -> bool {
        self.region.touches(frame, part)
    }

    fn render(&self, tile: &mut Tile) {
        self.region.change(tile, |p, cover| {
            let [r, b] = ratios(p);
            let apart = (r - self.metal[0]).hypot(b - self.metal[1]);
            let part = cover * (-(apart / 0.5).powi(2)).exp();
            std::array::from_fn(|c| p[c] * (1.0 + (self.gains[c] - 1.0) * part))
        });
    }
}
