//! Tone: contrast, black point and middle tones.

use crate::imaging::colour::{srgb_decode, srgb_encode};
use crate::retouch::plan::{Planned, View};
use crate::retouch::point::{Curve, Point};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};

/// Bends the tone curve on the sRGB scale. Black, the middle and white stay where they are under
/// contrast; hue and saturation always stay (see [`super::Exposure`]).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tone {
    /// Steeper or flatter around the middle, -1 to 1.
    pub contrast: f32,
    /// What becomes black, 0 to .2 of the sRGB scale.
    pub black: f32,
    /// Middle tones darker or lighter, -1 to 1: a power of 2 to 1/2 on the sRGB scale.
    pub middle: f32,
}

impl Tone {
    fn tone(&self, n: f32) -> f32 {
        if n >= 1.0 {
            return n;
        }
        let t = ((srgb_encode(n) - self.black) / (1.0 - self.black)).max(0.0);
        let t = t.powf((-self.middle).exp2());
        srgb_decode(t + 2.0 * self.contrast * t * (1.0 - t) * (t - 0.5))
    }
}

impl Operation for Tone {
    const ID: &'static str = "tone";
    const LABEL: &'static str = "Tone";
    const HELP: &'static str = "Contrast, depth of the blacks and middle tones.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("contrast", "Contrast", &mut self.contrast, -1.0..=1.0, "", "Around the middle.");
        c.slider("black", "Black point", &mut self.black, 0.0..=0.2, "", "Deepens the darks.");
        c.slider("middle", "Middle tones", &mut self.middle, -1.0..=1.0, "", "Ends stay in place.");
    }

    fn is_neutral(&self) -> bool {
        *self == Self::default()
    }

    fn summary(&self) -> String {
        let part = |name: &str, v: f32| (v != 0.0).then(|| format!("{name} {v:+.2}"));
        let parts = [
            part("contrast", self.contrast),
            part("black point", self.black),
            part("middle tones", self.middle),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn plan(&self, _: &mut View<'_>) -> Option<Planned> {
        Some(Planned::Point(Point::curve(Curve::new(|n| self.tone(n)))))
    }
}
