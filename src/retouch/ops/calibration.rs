//! Calibration: gains and a colour matrix measured on a grey card or a colour chart.

use crate::imaging::colour::{Matrix3, REC2020_TO_SRGB, SRGB_TO_REC2020, multiply};
use crate::retouch::plan::{Planned, View};
use crate::retouch::point::{Point, diagonal};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};

const IDENTITY: Matrix3 = diagonal([1.0; 3]);

/// Brings colours to what a card or a chart says they are. Set by a calibration, not by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calibration {
    /// Gains of red, green and blue, applied first, on linear sRGB.
    pub gains: [f32; 3],
    /// Corrected linear sRGB from linear sRGB with the gains applied; rows of three.
    pub matrix: Matrix3,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { gains: [1.0; 3], matrix: IDENTITY }
    }
}

impl Operation for Calibration {
    const ID: &'static str = "calibration";
    const LABEL: &'static str = "Calibration";
    const HELP: &'static str = "Colours as the grey card or the chart of this light says.";

    fn controls(&mut self, _: &mut dyn Controls) {}

    fn is_neutral(&self) -> bool {
        *self == Self::default()
    }

    fn summary(&self) -> String {
        let [r, g, b] = self.gains;
        let matrix = if self.matrix == IDENTITY { "" } else { " and a colour matrix" };
        format!("gains {r:.3} {g:.3} {b:.3}{matrix}")
    }

    fn tame(&mut self) {
        let pull = |v: f32, low: f32, neutral: f32| {
            if v.is_finite() { v.clamp(low, 8.0) } else { neutral }
        };
        self.gains = self.gains.map(|g| pull(g, 0.05, 1.0));
        let rows = std::array::from_fn(|i| {
            std::array::from_fn(|j| pull(self.matrix[i][j], -8.0, IDENTITY[i][j]))
        });
        self.matrix = rows;
    }

    fn plan(&self, _: &mut View<'_>) -> Option<Planned> {
        let srgb = multiply(&self.matrix, &diagonal(self.gains));
        let wide = multiply(&SRGB_TO_REC2020, &multiply(&srgb, &REC2020_TO_SRGB));
        Some(Planned::Point(Point::matrix(wide)))
    }
}
