//! The calibration in force: how it reaches live frames, scores and edits, and the watch over the
//! light that it was made under.

use crate::calibrate::{Calibration, CalibrationError, FlatField, drift};
use crate::imaging::colour::REC2020_TO_SRGB;
use crate::imaging::{Rect, Rgb8, raw};
use crate::retouch::{self, Op, Recipe, Step};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// A calibration that pictures are judged and retouched with.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    /// Its file name in the session folder.
    pub(super) file: String,
    /// The calibration.
    pub(super) calibration: Arc<Calibration>,
    /// What the watched strip of live frames read when it was made; none until it was read.
    pub(super) baseline: Option<[f32; 3]>,
}

/// Why a calibration file was not used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("{0} cannot be read ({1}); choose another calibration, or photograph the card again")]
    Unreadable(String, std::io::Error),
    /// It is no calibration.
    #[error("{0}: {1}")]
    Refused(String, CalibrationError),
}

/// Reads a calibration file.
pub fn load(path: &Path) -> Result<Calibration, LoadError> {
    let name = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|e| LoadError::Unreadable(name(), e))?;
    Calibration::parse(&text).map_err(|e| LoadError::Refused(name(), e))
}

/// Why a calibration does not fit a picture.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MisfitError {
    /// Made from sensor values, and the picture has none.
    #[error(
        "the calibration is of the sensor's own values and fits raw files only: calibrate with a JPEG of the card"
    )]
    NeedsRaw,
    /// Made from developed pictures, and this one is raw.
    #[error(
        "the calibration is of the camera's JPEGs and does not fit raw files: calibrate with a raw file of the card"
    )]
    NeedsJpeg,
}

/// The step of an edit that applies a calibration to a picture file, given as its bytes.
pub fn step(name: &str, calibration: &Calibration, bytes: &[u8]) -> Result<Step, MisfitError> {
    let primaries = raw::primaries(bytes);
    let camera = match (calibration.sensor, primaries) {
        (false, None) => REC2020_TO_SRGB,
        (true, Some(p)) => p,
        (true, None) => return Err(MisfitError::NeedsRaw),
        (false, Some(_)) => return Err(MisfitError::NeedsJpeg),
    };
    Ok(Step::new(Op::Calibration(retouch::Calibration {
        name: name.to_owned(),
        camera,
        linear: !calibration.sensor && calibration.transfer == crate::calibrate::Transfer::Linear,
        gains: calibration.gains,
        rows: calibration.rows,
    })))
}

/// The step of an edit that takes a light's falloff out.
pub fn flat_field_step(field: &FlatField) -> Step {
    Step::new(Op::FlatField(retouch::FlatField::sampled(|x, y| field.gain_at(x, y))))
}

/// Puts a step in its place in an edit; one of the same operation goes.
pub fn put_step(recipe: &mut Recipe, step: Step) {
    if let Some(held) = recipe.step(step.id()) {
        *held = step;
    }
}

/// Puts a calibration into an edit that was made without one: its white balance takes the place of
/// the guessed one.
pub fn calibrate_recipe(recipe: &mut Recipe, step: Step) {
    recipe.steps.retain(|s| !matches!(s.op, Op::WhiteBalance(_)));
    put_step(recipe, step);
}

/// The edit as it applies to a frame that is in true colour already.
pub(super) fn without_calibration(recipe: &Recipe) -> Recipe {
    let mut plain = recipe.clone();
    plain.steps.retain(|s| !matches!(s.op, Op::Calibration(_)));
    plain
}

/// The strip along the upper edge of live frames that is watched: backdrop in nearly every set-up.
fn strip(frame: &Rgb8) -> Rect {
    Rect::new(0, 0, frame.w, (frame.h / 24).max(1))
}

/// Seconds over which the baseline is averaged.
const BASELINE_S: f64 = 3.0;

/// Watches live frames, as the camera gave them, for a light that changes.
#[derive(Debug, Default)]
pub(super) struct Lookout {
    file: String,
    gathering: Option<(f64, [f64; 3], f64)>,
    watch: Option<drift::Watch>,
    alarm: bool,
}

/// What a frame told the lookout.
#[derive(Debug, Default)]
pub(super) struct Sighting {
    /// The light against the calibration's; none while it is not watched.
    pub(super) drift: Option<drift::Drift>,
    /// The baseline is known now and wants to be kept.
    pub(super) baseline: Option<[f32; 3]>,
    /// The alarm was just raised.
    pub(super) raised: bool,
}

impl Lookout {
    /// Looks at a frame at a time in seconds.
    pub(super) fn look(&mut self, inforce: &InForce, frame: &Rgb8, at: f64) -> Sighting {
        if self.file != inforce.file {
            *self = Self { file: inforce.file.clone(), ..Self::default() };
        }
        let Some(reading) = drift::read(frame, strip(frame), &inforce.calibration) else {
            return Sighting::default();
        };
        let mut seen = Sighting::default();
        if self.watch.is_none() {
            let known = inforce.baseline.or_else(|| self.gather(reading, at));
            seen.baseline = known.filter(|_| inforce.baseline.is_none());
            self.watch = known.map(|b| drift::Watch::new(&inforce.calibration, b));
        }
        if let Some(watch) = &mut self.watch {
            let drift = watch.update(at, reading);
            seen.raised = drift.alarm && !self.alarm;
            self.alarm = drift.alarm;
            seen.drift = Some(drift);
        }
        seen
    }

    /// The mean of the first seconds.
    fn gather(&mut self, reading: [f32; 3], at: f64) -> Option<[f32; 3]> {
        let (since, sum, n) = self.gathering.get_or_insert((at, [0.0; 3], 0.0));
        sum.iter_mut().zip(reading).for_each(|(s, v)| *s += f64::from(v));
        *n += 1.0;
        (at - *since >= BASELINE_S).then(|| sum.map(|s| (s / *n) as f32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retouch::{Exposure, WhiteBalance};

    fn plain() -> Calibration {
        let text = r#"
            version = 1
            card = "grey"
            transfer = "srgb"
            gains = [1.0, 1.0, 1.0]
            exposure_ev = 0.0
            method = "GreyOnly"
            rows = [[1.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]]
            pin = [0.2, 0.2, 0.2]
            made = "2026-01-31"
            camera = ""
            lens = ""
            unevenness_ev = 0.0
            light = { name = "", kelvin = 5500.0 }
            delta_e_2000 = { leave_one_out = 0.0, as_shot = { mean = 0.0, p90 = 0.0, max = 0.0 }, before = { mean = 0.0, p90 = 0.0, max = 0.0 }, after = { mean = 0.0, p90 = 0.0, max = 0.0 } }
        "#;
        Calibration::parse(text).unwrap()
    }

    fn frame(p: [u8; 3]) -> Rgb8 {
        Rgb8 { w: 48, h: 48, data: p.repeat(48 * 48) }
    }

    #[test]
    fn a_calibration_takes_the_place_of_the_guessed_white_balance() {
        let mut recipe = Recipe::default();
        recipe.steps.push(Step::new(Op::WhiteBalance(WhiteBalance::default())));
        recipe.steps.push(Step::new(Op::Exposure(Exposure::default())));
        let jpeg = crate::imaging::jpeg::encode(&frame([100; 3]), 90).unwrap();
        let step = step("softbox", &plain(), &jpeg).unwrap();
        calibrate_recipe(&mut recipe, step.clone());
        calibrate_recipe(&mut recipe, step);
        let ids: Vec<_> = recipe.steps.iter().map(Step::id).collect();
        assert_eq!(ids, ["calibration", "exposure"]);
        assert_eq!(without_calibration(&recipe).steps.len(), 1);
        let sensor = Calibration { sensor: true, ..plain() };
        assert_eq!(super::step("raw", &sensor, &jpeg), Err(MisfitError::NeedsRaw));
    }

    #[test]
    fn a_light_that_warms_raises_one_alarm_and_the_baseline_is_kept_once() {
        let inforce = |baseline| InForce {
            file: "a.toml".to_owned(),
            calibration: Arc::new(plain()),
            baseline,
        };
        let mut lookout = Lookout::default();
        let mut kept = None;
        for i in 0..100 {
            let seen = lookout.look(&inforce(kept), &frame([120, 120, 120]), f64::from(i) * 0.1);
            assert!(!seen.raised && !seen.drift.is_some_and(|d| d.alarm));
            if let Some(baseline) = seen.baseline {
                assert!(kept.is_none(), "told twice");
                kept = Some(baseline);
            }
        }
        assert!(kept.is_some());
        let raised = (100..300)
            .filter(|i| {
                let at = f64::from(*i) * 0.1;
                lookout.look(&inforce(kept), &frame([126, 120, 112]), at).raised
            })
            .count();
        assert_eq!(raised, 1);
    }
}
