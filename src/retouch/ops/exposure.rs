//! Exposure: a gain in stops on linear light, with a shoulder that keeps highlights apart, and
//! separate lifts of the lights and the darks.

use super::smoothstep;
use crate::retouch::plan::{Planned, View};
use crate::retouch::point::{Curve, Point};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};

/// Where the shoulder begins when the gain is above 1, linear.
const KNEE: f32 = 0.85;

/// Brightens or darkens. Works on the largest of red, green and blue and scales all three alike, so
/// that hue and saturation stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exposure {
    /// Stops, -4 to 4.
    pub ev: f32,
    /// Lights from -1 (a stop down) to 1 (a stop up).
    pub highlights: f32,
    /// Darks from -1 (a stop and a half down) to 1 (as much up).
    pub shadows: f32,
}

impl Exposure {
    fn tone(&self, n: f32) -> f32 {
        let exposed = shoulder(n, self.ev.exp2());
        let s = exposed.max(0.0).sqrt();
        let lights = self.highlights * smoothstep(0.4, 1.0, s);
        let darks = 1.5 * self.shadows * (1.0 - smoothstep(0.0, 0.7, s));
        exposed * (lights + darks).exp2()
    }
}

/// `n * gain`; above the knee a rational shoulder with the same slope at the knee that brings an
/// input of 1 to exactly 1, so that nothing which was apart clips together.
fn shoulder(n: f32, gain: f32) -> f32 {
    let x = n * gain;
    if gain <= 1.0 || x <= KNEE {
        return x;
    }
    let (t, a) = ((x - KNEE) / (gain - KNEE), (gain - 1.0) / (1.0 - KNEE));
    KNEE + (1.0 - KNEE) * (1.0 + a) * t / (1.0 + a * t)
}

impl Exposure {
    /// The gain that brings a light of `from` to `to`, with the shoulder reckoned in; 0 to 2 stops.
    pub(in crate::retouch) fn lifting(from: f32, to: f32) -> f32 {
        let (mut low, mut high) = (0.0_f32, 2.0_f32);
        for _ in 0..24 {
            let middle = 0.5 * (low + high);
            if shoulder(from, middle.exp2()) < to { low = middle } else { high = middle }
        }
        low
    }

    /// The gain under which a light of `from` stays below the shoulder, stops; 0 where it is there already.
    pub(in crate::retouch) fn unpressed(from: f32) -> f32 {
        (KNEE / from.max(1e-4)).log2().max(0.0)
    }
}

impl Operation for Exposure {
    const ID: &'static str = "exposure";
    const LABEL: &'static str = "Exposure";
    const HELP: &'static str = "Brightens or darkens without clipping what was apart.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("ev", "Exposure", &mut self.ev, -4.0..=4.0, "EV", "+1 doubles the light.");
        c.slider("highlights", "Highlights", &mut self.highlights, -1.0..=1.0, "", "The lights.");
        c.slider("shadows", "Shadows", &mut self.shadows, -1.0..=1.0, "", "The darks.");
    }

    fn is_neutral(&self) -> bool {
        *self == Self::default()
    }

    fn summary(&self) -> String {
        let part = |name: &str, v: f32| {
            if v == 0.0 { String::new() } else { format!(", {name} {v:+.2}") }
        };
        let (lights, darks) = (part("highlights", self.highlights), part("shadows", self.shadows));
        format!("{:+.2} EV{lights}{darks}", self.ev)
    }

    fn plan(&self, _: &mut View<'_>) -> Option<Planned> {
        Some(Planned::Point(Point::curve(Curve::new(|n| self.tone(n)))))
    }
}
