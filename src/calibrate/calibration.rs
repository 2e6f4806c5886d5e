//! What a card said about a light and a camera, and how pictures are brought to true colour with it.

use super::fit::Transfer;
use super::model::{self, Method, Rows};
use crate::imaging::colour::{Lab, LinearSrgb};
use crate::imaging::correction::Correction;
use crate::imaging::{Image, Rgb8, files};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Files of this version are written, and this and older ones read.
const VERSION: u32 = 1;

/// The light that a calibration was made under.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Light {
    /// As the photographer calls it; may be empty.
    pub name: String,
    /// Correlated colour temperature in kelvin, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kelvin: Option<f32>,
}

/// ΔE2000 over the patches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Mean.
    pub mean: f32,
    /// 90th percentile.
    pub p90: f32,
    /// Largest.
    pub max: f32,
}

impl Spread {
    /// Of some differences; zeros from none.
    pub fn of(differences: &[f32]) -> Self {
        let mut sorted = differences.to_vec();
        sorted.sort_by(f32::total_cmp);
        let Some(&max) = sorted.last() else { return Self::default() };
        let mean = sorted.iter().sum::<f32>() / sorted.len() as f32;
        let p90 = sorted[((sorted.len() as f32 * 0.9).ceil() as usize).clamp(1, sorted.len()) - 1];
        Self { mean, p90, max }
    }
}

/// How far the patches were from their references, in ΔE2000 under D65.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Differences {
    /// As the picture came, exposed like the reference.
    pub as_shot: Spread,
    /// After white balance and exposure alone.
    pub before: Spread,
    /// After the calibration.
    pub after: Spread,
    /// Mean over the patches, each predicted by a fit that had not seen it: what to expect of
    /// colours that are not on the card.
    pub leave_one_out: f32,
}

/// One patch of the card, before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatchResidual {
    /// Name of the patch.
    pub name: String,
    /// Reference, L*a*b* under D65.
    pub reference_lab: Lab,
    /// After white balance and exposure alone, L*a*b* under D65.
    pub before_lab: Lab,
    /// After the calibration, L*a*b* under D65.
    pub after_lab: Lab,
    /// ΔE2000 after white balance and exposure alone.
    pub before: f32,
    /// ΔE2000 after the calibration.
    pub after: f32,
    /// Whether the fit used it; clipped patches are left out.
    pub used: bool,
}

/// Brings pictures of one camera under one light to true colour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Of the file's format.
    pub version: u32,
    /// Name of the card.
    pub card: String,
    /// The transfer curve of the pictures: never [`Transfer::Auto`].
    pub transfer: Transfer,
    /// Whether the readings are a raw file's sensor values; otherwise those of a developed picture.
    #[serde(default)]
    pub sensor: bool,
    /// White balance: what red, green and blue are multiplied by; green is 1.
    pub gains: [f32; 3],
    /// How much brighter the picture of the card was than the card's reflectance, in EV; negative is
    /// darker.
    pub exposure_ev: f32,
    /// The model.
    pub method: Method,
    /// Linear sRGB from the [`super::terms`] of the white-balanced camera.
    pub rows: Rows,
    /// The camera's linear reading of the pin: the card's most neutral light grey.
    pub pin: [f32; 3],
    /// The light.
    pub light: Light,
    /// When it was made, as the caller writes dates.
    pub made: String,
    /// The camera; empty when unknown.
    pub camera: String,
    /// The lens; empty when unknown.
    pub lens: String,
    /// Brightness of the light from one end of the card to the other, EV.
    pub unevenness_ev: f32,
    /// How well it fits.
    pub delta_e_2000: Differences,
    /// What is not quite right, one sentence each.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Patch by patch.
    #[serde(default, rename = "patch")]
    pub patches: Vec<PatchResidual>,
}

/// Why a calibration was not read.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// Not TOML, or a field is missing or of the wrong kind.
    #[error("the calibration is damaged ({0}); photograph the card again")]
    Damaged(String),
    /// Written by a newer Culet.
    #[error("the calibration has version {0}, newer than this Culet reads; update Culet")]
    Newer(i64),
}

impl Calibration {
    /// The version that this Culet writes.
    pub const VERSION: u32 = VERSION;

    /// Reads what [`Self::to_toml`] wrote.
    pub fn parse(text: &str) -> Result<Self, CalibrationError> {
        let damaged = |e: toml::de::Error| CalibrationError::Damaged(e.message().to_owned());
        let table: toml::Table = toml::from_str(text).map_err(damaged)?;
        if let Some(v) = table.get("version").and_then(toml::Value::as_integer)
            && v > i64::from(VERSION)
        {
            return Err(CalibrationError::Newer(v));
        }
        let calibration: Self = table.try_into().map_err(damaged)?;
        calibration.checked()
    }

    fn checked(self) -> Result<Self, CalibrationError> {
        let gains = self.gains.iter().all(|g| (1e-3..=1e3).contains(g));
        let rows = self.rows.iter().flatten().all(|m| m.abs() <= 100.0);
        let pin = self.pin.iter().all(|v| *v > 0.0 && *v < 1e3);
        let damaged = |what: &str| Err(CalibrationError::Damaged(what.to_owned()));
        if !gains {
            return damaged("its white balance is out of range");
        }
        if !rows || !pin || self.exposure_ev.is_nan() || self.exposure_ev.abs() > 20.0 {
            return damaged("its colour model is out of range");
        }
        if self.transfer == Transfer::Auto {
            return damaged("it does not name the transfer curve");
        }
        Ok(self)
    }

    /// As a readable file.
    pub fn to_toml(&self) -> Result<String, CalibrationError> {
        toml::to_string(self).map_err(|e| CalibrationError::Damaged(e.to_string()))
    }

    /// A short name that follows from the content: what a capture notes about the calibration that it
    /// was judged and retouched with.
    pub fn id(&self) -> String {
        let text = self.to_toml().unwrap_or_default();
        let mut id = files::sha256(text.as_bytes());
        id.truncate(12);
        id
    }

    /// A linear camera colour to true colour at the card's exposure: the card comes out at its
    /// reflectance.
    #[inline]
    pub fn convert(&self, camera: [f32; 3]) -> LinearSrgb {
        let scale = (-self.exposure_ev).exp2();
        self.balanced(camera).map(|v| v * scale)
    }

    /// A linear camera colour to true colour, as bright as it was taken.
    #[inline]
    pub fn balanced(&self, camera: [f32; 3]) -> LinearSrgb {
        let white = std::array::from_fn(|c| camera[c] * self.gains[c]);
        model::convert(&self.rows, white)
    }

    /// What turns the camera's pictures into true colour, as bright as they were taken.
    pub fn correction(&self) -> Correction {
        Correction { gains: self.gains, rows: self.rows }
    }

    /// Brings an encoded picture of the camera to true colour, as bright as it was taken.
    pub fn correct(&self, picture: &mut Rgb8) {
        self.correction().apply_to(picture, self.transfer == Transfer::Linear);
    }

    /// Brings a linear picture in the camera's primaries to true colour and to the card's exposure.
    pub fn apply(&self, picture: &mut Image) {
        picture.data.par_iter_mut().with_min_len(1 << 14).for_each(|p| *p = self.convert(*p));
    }

    /// One line for people: light, date and residual.
    pub fn summary(&self) -> String {
        let light = match (self.light.name.as_str(), self.light.kelvin) {
            ("", None) => "an unnamed light".to_owned(),
            ("", Some(k)) => format!("{k:.0} K"),
            (name, None) => name.to_owned(),
            (name, Some(k)) => format!("{name} ({k:.0} K)"),
        };
        let d = &self.delta_e_2000;
        let made = if self.made.is_empty() { String::new() } else { format!(", {}", self.made) };
        if self.method == Method::GreyOnly {
            return format!("{light}{made}: white balance and exposure from a {}", self.card);
        }
        format!("{light}{made}: ΔE2000 {:.1} before, {:.1} after", d.before.mean, d.after.mean)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::fitted;
    use super::*;

    #[test]
    fn a_calibration_survives_its_file() {
        let made = fitted();
        let back = Calibration::parse(&made.to_toml().unwrap()).unwrap();
        assert_eq!(back, made);
        assert_eq!((back.id(), back.id().len()), (made.id(), 12));
        let other = Calibration { made: "2026-02-01".to_owned(), ..made };
        assert_ne!(other.id(), back.id());
    }

    #[test]
    fn newer_and_damaged_files_are_refused_with_a_sentence() {
        let text = fitted().to_toml().unwrap();
        let newer = text.replacen("version = 1", "version = 2\nunknown = 3", 1);
        assert!(matches!(Calibration::parse(&newer), Err(CalibrationError::Newer(2))));
        for end in (0..text.len()).step_by(97) {
            if let Err(e) = Calibration::parse(&text[..end]) {
                assert!(e.to_string().contains("damaged"), "{e}");
            }
        }
        let wild = text.replacen("exposure_ev = ", "exposure_ev = 9", 1);
        let nan = text.replacen("gains = [", "gains = [nan, ", 1);
        assert!(Calibration::parse(&wild).is_err() || Calibration::parse(&nan).is_err());
        assert!(Calibration::parse("\0\u{ff}[[").is_err());
    }

    #[test]
    fn percentiles_of_differences() {
        let spread = Spread::of(&[5.0, 1.0, 2.0, 3.0, 4.0, 6.0, 7.0, 8.0, 9.0, 10.0]);
        assert_eq!(spread, Spread { mean: 5.5, p90: 9.0, max: 10.0 });
        assert_eq!(Spread::of(&[]), Spread::default());
    }
}
