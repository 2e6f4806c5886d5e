//! Calibration: the colour that a grey card or a chart measured for this camera and light.

use crate::imaging::Rect;
use crate::imaging::colour::{Matrix3, REC2020_TO_SRGB, SRGB_TO_REC2020, apply, srgb_encode};
use crate::imaging::correction::{Correction, Rows, TERMS};
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Leaves colours as they are.
const NO_ROWS: Rows = [
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
];

/// Brings colours to what a card or a chart says they are. Set by a calibration, not by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calibration {
    /// Which calibration it was, for people.
    pub name: String,
    /// The camera's linear red, green and blue from linear Rec.2020: sRGB for developed pictures,
    /// the sensor's own before white balance for a raw file that was calibrated as one.
    pub camera: Matrix3,
    /// Whether the pictures hold linear values although their files do not say so.
    pub linear: bool,
    /// Gains of the camera's red, green and blue.
    pub gains: [f32; 3],
    /// Linear sRGB from the terms of the balanced camera, see [`crate::imaging::correction`].
    pub rows: Rows,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            name: String::new(),
            camera: REC2020_TO_SRGB,
            linear: false,
            gains: [1.0; 3],
            rows: NO_ROWS,
        }
    }
}

impl Operation for Calibration {
    const ID: &'static str = "calibration";
    const LABEL: &'static str = "Calibration";
    const HELP: &'static str = "Colours as the grey card or the chart of this light says.";

    fn controls(&mut self, _: &mut dyn Controls) {}

    fn is_neutral(&self) -> bool {
        !self.linear && self.gains == [1.0; 3] && self.rows == NO_ROWS
    }

    fn summary(&self) -> String {
        let [r, g, b] = self.gains;
        let model = match self.rows {
            NO_ROWS => "",
            rows if rows.iter().all(|row| row[3..] == [0.0; TERMS - 3]) => " and a colour matrix",
            _ => " and a root-polynomial",
        };
        let name = if self.name.is_empty() { String::new() } else { format!("{}: ", self.name) };
        format!("{name}gains {r:.3} {g:.3} {b:.3}{model}")
    }

    fn tame(&mut self) {
        let pull = |v: &mut f32, low: f32, most: f32, neutral: f32| {
            *v = if v.is_finite() { v.clamp(low, most) } else { neutral };
        };
        self.gains.iter_mut().for_each(|g| pull(g, 1e-3, 1e3, 1.0));
        for (row, neutral) in self.rows.iter_mut().zip(NO_ROWS) {
            row.iter_mut().zip(neutral).for_each(|(v, n)| pull(v, -100.0, 100.0, n));
        }
        for (row, neutral) in self.camera.iter_mut().zip(REC2020_TO_SRGB) {
            row.iter_mut().zip(neutral).for_each(|(v, n)| pull(v, -100.0, 100.0, n));
        }
    }

    fn plan(&self, _: &mut View<'_>) -> Option<Planned> {
        let correction = Correction { gains: self.gains, rows: self.rows };
        let corrected = Corrected { camera: self.camera, linear: self.linear, correction };
        Some(Planned::Area(Arc::new(corrected)))
    }
}

/// A root-polynomial is no matrix, so that it is a pass of its own; it looks at single pixels only.
#[derive(Debug)]
struct Corrected {
    camera: Matrix3,
    linear: bool,
    correction: Correction,
}

impl Stage for Corrected {
    fn touches(&self, _: &Frame, _: Rect) -> bool {
        true
    }

    fn render(&self, tile: &mut Tile) {
        for i in 0..tile.rect.area() {
            let mut seen = apply(&self.camera, tile.at(i));
            if self.linear {
                seen = seen.map(srgb_encode);
            }
            tile.put(i, apply(&SRGB_TO_REC2020, self.correction.apply(seen)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{Picture, Rgb8};
    use crate::retouch::{Op, Proxy, Recipe, Step, plan};

    #[test]
    fn a_recipe_corrects_as_the_correction_itself_does() {
        let mut picture = Rgb8::new(32, 32);
        for (i, v) in picture.data.iter_mut().enumerate() {
            *v = (i * 37 % 200) as u8 + 20;
        }
        let mut rows = NO_ROWS;
        rows[0] = [1.1, -0.1, 0.0, 0.0, 0.0, 0.0];
        rows[2][4] = 0.05;
        let op = Calibration { gains: [0.9, 1.0, 1.2], rows, ..Calibration::default() };
        let mut want = picture.clone();
        Correction { gains: op.gains, rows }.apply_to(&mut want, false);
        let recipe = Recipe { steps: vec![Step::new(Op::Calibration(op))], ..Recipe::default() };
        let read = Recipe::parse(&recipe.to_toml()).unwrap();
        assert_eq!(read, recipe);
        let picture = Picture::from_srgb8(picture);
        let got = plan(&read, &Proxy::new(&picture, None)).render(&picture);
        let worst = got.to_srgb8().data.iter().zip(&want.data).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(1), "{worst:?}");
    }

    #[test]
    fn wild_values_are_pulled_into_range() {
        let mut op = Calibration { gains: [f32::NAN, 1e9, 0.0], ..Calibration::default() };
        op.rows[1][2] = f32::INFINITY;
        op.tame();
        assert_eq!(op.gains, [1.0, 1e3, 1e-3]);
        assert_eq!(op.rows[1][2], 0.0);
    }
}
