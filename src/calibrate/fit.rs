//! From the readings of a card to a calibration, in linear light.

use super::calibration::{
    Calibration, CalibrationError, Differences, Light, PatchResidual, Spread,
};
use super::model::{self, Method, Pair, Rows};
use super::reading::{Card, Found, PatchReading};
use super::reference::{Edition, Reference};
use super::whites::light_kelvin;
use crate::imaging::colour::{self, Lab, LinearSrgb};
use serde::{Deserialize, Serialize};

/// Patches with more clipped pixels than this are left out.
const CLIPPED: f32 = 0.02;
/// A slope of the light over the card from which on the fit takes it out, EV.
const CLEAR_SLOPE: f32 = 0.1;
/// Fewest patches for a colour model: the root-polynomial has 15 free numbers, 3 a patch.
const FEWEST: usize = 9;

/// The transfer curve of a picture's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transfer {
    /// The one that fits the card better.
    #[default]
    Auto,
    /// IEC 61966-2-1.
    Srgb,
    /// Values are linear light.
    Linear,
}

/// What is known beside the readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The picture's transfer curve. Linear pictures ignore it.
    pub transfer: Transfer,
    /// Edition of a 24-patch chart.
    pub edition: Edition,
    /// The user's own card; none takes the published one of the edition, or a grey card of 18 %.
    pub reference: Option<Reference>,
    /// The camera's linear reading of a neutral card under the same light, when one was in the set:
    /// it is pinned instead of the chart's white.
    pub neutral: Option<[f32; 3]>,
    /// A calibration of the same camera under another light, whose model a grey card alone borrows.
    pub base: Option<Calibration>,
    /// The light. Its temperature is measured when it is not given and `camera_kelvin` is.
    pub light: Light,
    /// The white balance that the camera made an sRGB picture with, kelvin.
    pub camera_kelvin: Option<f32>,
    /// The date, as the caller writes dates.
    pub made: String,
    /// The camera.
    pub camera: String,
    /// The lens.
    pub lens: String,
}

/// Why no calibration came out of a card that was found.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// The card has another number of patches than its reference.
    #[error(
        "the reading has {0} patches but the card \"{2}\" has {1}; choose the card that was photographed"
    )]
    OtherCard(usize, usize, String),
    /// Too few patches are usable.
    #[error(
        "only {0} patches are neither clipped nor black; expose so that white stays below clipping and light the card evenly"
    )]
    TooFew(usize),
    /// The pin has no value to divide by.
    #[error("the card's white is black or clipped in the picture; expose the card correctly")]
    NoWhite,
    /// The borrowed calibration is not usable.
    #[error(transparent)]
    Base(#[from] CalibrationError),
}

/// Fits the calibration that brings the readings to the card's references.
pub fn fit(found: &Found, options: &Options) -> Result<Calibration, FitError> {
    let reference = options.reference.clone().unwrap_or_else(|| match found.card {
        Card::Grey => Reference::grey_card(0.18),
        Card::Auto | Card::Classic24 => Reference::classic24(options.edition),
    });
    if reference.patches.len() != found.patches.len() {
        let (read, listed) = (found.patches.len(), reference.patches.len());
        return Err(FitError::OtherCard(read, listed, reference.name));
    }
    let choose = |transfer| Fitting::new(found, &reference, options, transfer)?.best();
    let (fitting, transfer) = match (found.encoded, options.transfer) {
        (false, _) | (true, Transfer::Linear) => (choose(Transfer::Linear)?, Transfer::Linear),
        (true, Transfer::Srgb) => (choose(Transfer::Srgb)?, Transfer::Srgb),
        (true, Transfer::Auto) => recognise(choose(Transfer::Srgb), choose(Transfer::Linear))?,
    };
    Ok(fitting.into_calibration(transfer, found, reference, options))
}

/// Of a reading as sRGB and as linear light, the one whose patches predict one another better. A
/// grey card alone cannot tell and is read as sRGB.
fn recognise(
    srgb: Result<Fitted, FitError>,
    linear: Result<Fitted, FitError>,
) -> Result<(Fitted, Transfer), FitError> {
    match (srgb, linear) {
        (Ok(s), Ok(l)) if l.leave_one_out < s.leave_one_out => Ok((l, Transfer::Linear)),
        (Ok(s), _) => Ok((s, Transfer::Srgb)),
        (Err(_), Ok(l)) => Ok((l, Transfer::Linear)),
        (Err(e), Err(_)) => Err(e),
    }
}

/// The patches under one assumption about the transfer curve, balanced and exposed on the pin.
struct Fitting {
    readings: Vec<[f32; 3]>,
    targets: Vec<LinearSrgb>,
    used: Vec<bool>,
    gains: [f32; 3],
    exposure_ev: f32,
    pin: [f32; 3],
    pin_target: LinearSrgb,
    borrowed: Option<(Method, Rows)>,
    grey: bool,
    /// Relative brightness of the light at each patch.
    light: Vec<f32>,
    unevenness_ev: f32,
    centres: Vec<[f32; 2]>,
    pin_patch: Option<usize>,
}

/// A model for a [`Fitting`].
struct Fitted {
    fitting: Fitting,
    method: Method,
    rows: Rows,
    leave_one_out: f32,
}

impl Fitting {
    fn new(
        found: &Found,
        reference: &Reference,
        options: &Options,
        transfer: Transfer,
    ) -> Result<Self, FitError> {
        let linear = |p: &PatchReading| {
            if transfer == Transfer::Srgb { p.decoded } else { p.values }
        };
        let readings: Vec<_> = found.patches.iter().map(linear).collect();
        let targets: Vec<_> = reference.patches.iter().map(super::Patch::linear_srgb).collect();
        let used: Vec<_> = found
            .patches
            .iter()
            .zip(&readings)
            .map(|(p, r)| {
                p.clipped <= CLIPPED
                    && !p.is_uneven(*r)
                    && r.iter().all(|v| v.is_finite())
                    && r[1] > 0.0
            })
            .collect();
        let pin_patch = pin_of(&targets, &used);
        let (pin, pin_target) = match (options.neutral, pin_patch) {
            (Some(card), Some(white)) => {
                (card, neutral_target(card, readings[white], targets[white]))
            }
            (None, Some(white)) => (readings[white], targets[white]),
            (_, None) => return Err(FitError::NoWhite),
        };
        if !pin.iter().all(|v| v.is_finite() && *v > 1e-5) {
            return Err(FitError::NoWhite);
        }
        let exposure = pin[1] / pin_target[1];
        let gains = std::array::from_fn(|c| pin_target[c] / pin[c] * exposure);
        let usable = used.iter().filter(|u| **u).count();
        let grey = reference.patches.len() < FEWEST;
        if !grey && usable < FEWEST {
            return Err(FitError::TooFew(usable));
        }
        Ok(Self {
            light: vec![1.0; readings.len()],
            unevenness_ev: 0.0,
            centres: found.patches.iter().map(|p| p.centre).collect(),
            readings,
            targets,
            used,
            gains,
            exposure_ev: exposure.log2(),
            pin,
            pin_target,
            borrowed: options.base.as_ref().map(|b| (b.method, b.rows)),
            grey,
            pin_patch: pin_patch.filter(|_| options.neutral.is_none()),
        })
    }

    /// Camera colours balanced and exposed so that the pin has its reference.
    fn camera(&self, i: usize) -> [f32; 3] {
        let scale = (-self.exposure_ev).exp2() / self.light[i];
        std::array::from_fn(|c| self.readings[i][c] * self.gains[c] * scale)
    }

    fn pair(&self, i: usize) -> Pair {
        Pair { camera: self.camera(i), reference: self.targets[i] }
    }

    /// The model of a kind from all usable patches but one.
    fn solve_without(&self, method: Method, without: Option<usize>) -> Option<Rows> {
        let pairs: Vec<_> = (0..self.targets.len())
            .filter(|&i| self.used[i] && Some(i) != without)
            .map(|i| self.pair(i))
            .collect();
        model::solve(method, self.pin_target, &pairs)
    }

    fn difference(&self, rows: &Rows, i: usize) -> f32 {
        let got = model::convert(rows, self.camera(i));
        difference(got, self.targets[i])
    }

    /// Mean ΔE2000 of patches that the fit had not seen; the pin cannot be left out.
    fn leave_one_out(&self, method: Method) -> Option<f32> {
        let mut sum = 0.0;
        let mut count = 0;
        for i in (0..self.targets.len()).filter(|&i| self.used[i] && Some(i) != self.pin_patch) {
            sum += self.difference(&self.solve_without(method, Some(i))?, i);
            count += 1;
        }
        (count > 0).then(|| sum / count as f32)
    }

    /// The root-polynomial, unless leaving patches out shows that the matrix predicts better.
    fn best(mut self) -> Result<Fitted, FitError> {
        if self.grey {
            let (method, rows) = self.borrowed.unwrap_or((Method::GreyOnly, model::IDENTITY));
            return Ok(Fitted { fitting: self, method, rows, leave_one_out: 0.0 });
        }
        let usable = self.used.iter().filter(|u| **u).count();
        let undetermined = FitError::TooFew(usable);
        let Some(first) = self.solve_without(Method::Matrix3, None) else {
            return Err(undetermined);
        };
        self.measure_light(&first);
        let mut best: Option<(Method, Rows, f32)> = None;
        for method in [Method::RootPolynomial2, Method::Matrix3] {
            let scored = self.solve_without(method, None).zip(self.leave_one_out(method));
            let Some((rows, error)) = scored else { continue };
            if best.is_none_or(|b| error < b.2) {
                best = Some((method, rows, error));
            }
        }
        let (method, rows, leave_one_out) = best.ok_or(undetermined)?;
        Ok(Fitted { fitting: self, method, rows, leave_one_out })
    }

    /// The slope of the light over the card: a plane through the patches' log brightness against
    /// their references, by least squares with the worst fifth left out. A clear slope is taken out
    /// of the readings, so that it does not end up in the colours.
    fn measure_light(&mut self, rows: &Rows) {
        let frame = Frame::of(&self.centres);
        let mut samples = Vec::new();
        for i in (0..self.targets.len()).filter(|&i| self.used[i]) {
            let got = colour::luminance(model::convert(rows, self.camera(i)));
            let want = colour::luminance(self.targets[i]);
            if got > 1e-4 && want > 1e-4 {
                let [x, y] = frame.place(self.centres[i]);
                samples.push(([1.0, x, y], f64::from((got / want).log2())));
            }
        }
        let Some(plane) = robust_plane(samples) else { return };
        let at = |c: [f32; 2]| {
            let [x, y] = frame.place(c);
            (plane[1] * x + plane[2] * y) as f32
        };
        let levels: Vec<f32> = self.centres.iter().map(|&c| at(c)).collect();
        let high = levels.iter().copied().fold(f32::MIN, f32::max);
        let low = levels.iter().copied().fold(f32::MAX, f32::min);
        self.unevenness_ev = high - low;
        if self.unevenness_ev > CLEAR_SLOPE {
            // The pin keeps its brightness; a neutral card beside the chart has no known place.
            let here = self.pin_patch.map_or(0.0, |i| levels[i]);
            self.light = levels.iter().map(|l| (l - here).exp2()).collect();
        }
    }
}

/// The patch to pin: of the usable bright grey ones the most neutral, on a ColorChecker neutral 8.
/// Its white is yellowish and the first to clip.
fn pin_of(targets: &[LinearSrgb], used: &[bool]) -> Option<usize> {
    let chroma = |i: usize| colour::chroma(colour::linear_srgb_to_lab(targets[i]));
    let grey: Vec<usize> = (0..targets.len()).filter(|&i| used[i] && chroma(i) < 5.0).collect();
    let brightest = grey.iter().map(|&i| targets[i][1]).fold(0.0, f32::max);
    grey.into_iter()
        .filter(|&i| targets[i][1] > 0.5 * brightest)
        .min_by(|&a, &b| chroma(a).total_cmp(&chroma(b)))
}

/// What a neutral card beside the chart is: grey, as bright against the chart's white as measured.
fn neutral_target(card: [f32; 3], white: [f32; 3], white_target: LinearSrgb) -> LinearSrgb {
    [card[1] / white[1].max(1e-6) * white_target[1]; 3]
}

/// Coordinates over the card's extent, about -1 to 1.
struct Frame {
    middle: [f32; 2],
    scale: f32,
}

impl Frame {
    fn of(points: &[[f32; 2]]) -> Self {
        let n = points.len().max(1) as f32;
        let middle: [f32; 2] =
            std::array::from_fn(|k| points.iter().map(|p| p[k]).sum::<f32>() / n);
        let far = points.iter().map(|p| (p[0] - middle[0]).hypot(p[1] - middle[1]));
        Self { middle, scale: far.fold(1e-6, f32::max) }
    }

    fn place(&self, p: [f32; 2]) -> [f64; 2] {
        std::array::from_fn(|k| f64::from((p[k] - self.middle[k]) / self.scale))
    }
}

/// A plane by least squares, twice: the second time without the fifth that fits worst.
fn robust_plane(mut samples: Vec<([f64; 3], f64)>) -> Option<[f64; 3]> {
    let first = plane(&samples)?;
    let off = |s: &([f64; 3], f64)| (dot(&first, &s.0) - s.1).abs();
    samples.sort_by(|a, b| off(a).total_cmp(&off(b)));
    samples.truncate(samples.len() - samples.len() / 5);
    plane(&samples)
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn plane(samples: &[([f64; 3], f64)]) -> Option<[f64; 3]> {
    let mut normal = nalgebra::Matrix3::zeros();
    let mut right = nalgebra::Vector3::zeros();
    for (x, y) in samples {
        let x = nalgebra::Vector3::from_row_slice(x);
        normal += x * x.transpose();
        right += x * *y;
    }
    let found = normal.lu().solve(&right)?;
    found.iter().all(|v| v.is_finite()).then(|| [found[0], found[1], found[2]])
}

fn difference(a: LinearSrgb, b: LinearSrgb) -> f32 {
    colour::delta_e_2000(colour::linear_srgb_to_lab(a), colour::linear_srgb_to_lab(b))
}

impl Fitted {
    fn into_calibration(
        self,
        transfer: Transfer,
        found: &Found,
        reference: Reference,
        options: &Options,
    ) -> Calibration {
        let patches = self.residuals(&reference);
        let f = &self.fitting;
        let delta_e_2000 = Differences {
            as_shot: Spread::of(&self.as_shot()),
            before: Spread::of(&patches.iter().map(|p| p.before).collect::<Vec<_>>()),
            after: Spread::of(&patches.iter().map(|p| p.after).collect::<Vec<_>>()),
            leave_one_out: self.leave_one_out,
        };
        let mut warnings = found.warnings.clone();
        warnings.extend(self.warnings(transfer, found, options, &delta_e_2000));
        Calibration {
            version: Calibration::VERSION,
            card: reference.name,
            transfer,
            sensor: !found.encoded,
            gains: f.gains,
            exposure_ev: f.exposure_ev,
            method: self.method,
            rows: self.rows,
            pin: f.pin,
            light: self.light(transfer, options),
            made: options.made.clone(),
            camera: options.camera.clone(),
            lens: options.lens.clone(),
            unevenness_ev: f.unevenness_ev,
            delta_e_2000,
            warnings,
            patches,
        }
    }

    fn light(&self, transfer: Transfer, options: &Options) -> Light {
        let mut light = options.light.clone();
        if transfer == Transfer::Srgb && light.kelvin.is_none() {
            // What a neutral grey would read: the pin's reference is only nearly grey.
            let grey = self.fitting.gains.map(|g| 0.5 / g);
            light.kelvin = options.camera_kelvin.map(|k| light_kelvin(grey, k));
        }
        light
    }

    fn residuals(&self, reference: &Reference) -> Vec<PatchResidual> {
        let f = &self.fitting;
        let one = |i: usize| {
            let camera = f.camera(i);
            let lab = colour::linear_srgb_to_lab;
            let (want, before): (Lab, Lab) = (lab(f.targets[i]), lab(camera));
            let after = lab(model::convert(&self.rows, camera));
            PatchResidual {
                name: reference.patches[i].name.clone(),
                reference_lab: want,
                before_lab: before,
                after_lab: after,
                before: colour::delta_e_2000(before, want),
                after: colour::delta_e_2000(after, want),
                used: f.used[i],
            }
        };
        (0..f.targets.len()).map(one).collect()
    }

    /// The picture's own colours, only exposed like the reference.
    fn as_shot(&self) -> Vec<f32> {
        let f = &self.fitting;
        let scale = colour::luminance(f.pin_target) / colour::luminance(f.pin).max(1e-6);
        let one = |(r, t): (&[f32; 3], &LinearSrgb)| difference(r.map(|v| v * scale), *t);
        f.readings.iter().zip(&f.targets).map(one).collect()
    }

    fn warnings(
        &self,
        transfer: Transfer,
        found: &Found,
        options: &Options,
        differences: &Differences,
    ) -> Vec<String> {
        let f = &self.fitting;
        let mut said = Vec::new();
        if found.encoded && options.transfer == Transfer::Auto && transfer == Transfer::Linear {
            said.push("the picture's values are linear light, not sRGB: it is read so".to_owned());
        }
        let clipped = f.used.iter().filter(|u| !**u).count();
        if clipped > 0 {
            said.push(format!(
                "{clipped} of {} patches are clipped or black and were left out: darken the exposure",
                f.used.len()
            ));
        }
        if f.unevenness_ev > 0.25 {
            said.push(format!(
                "the light falls off by {:.2} EV over the card: even it, or take a flat field",
                f.unevenness_ev
            ));
        }
        if differences.after.mean > 5.0 {
            said.push(format!(
                "the colours still differ by {:.1} ΔE2000 on average: the picture has a tone curve or a look of its own (use raw, or a neutral profile), or the card is another edition",
                differences.after.mean
            ));
        }
        said
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A camera with mixed primaries and a colour cast, seen through `curve`.
    pub(crate) fn found(encoded: bool, exposure: f32) -> Found {
        let reference = Reference::classic24(Edition::After2014);
        let read = |(i, patch): (usize, &super::super::Patch)| {
            let [r, g, b] = patch.linear_srgb();
            let camera = [
                (0.72 * r + 0.24 * g + 0.04 * b) * 0.6,
                0.1 * r + 0.8 * g + 0.1 * b,
                (0.02 * r + 0.2 * g + 0.78 * b) * 0.7,
            ]
            .map(|v| v * exposure);
            let values = if encoded { camera.map(colour::srgb_encode) } else { camera };
            let centre = [(i % 6 * 100) as f32, (i / 6 * 100) as f32];
            let name = patch.name.clone();
            let decoded = camera;
            PatchReading {
                name,
                centre,
                values,
                decoded,
                unevenness: 0.0,
                clipped: 0.0,
                pixels: 99,
            }
        };
        Found {
            card: Card::Classic24,
            corners: [[0.0; 2]; 4],
            patches: reference.patches.iter().enumerate().map(read).collect(),
            encoded,
            warnings: Vec::new(),
        }
    }

    pub(crate) fn fitted() -> Calibration {
        let options = Options { made: "2026-01-31".to_owned(), ..Options::default() };
        fit(&found(true, 0.8), &options).unwrap()
    }

    #[test]
    fn a_mixing_camera_is_unmixed_and_the_pin_is_exact() {
        let c = fitted();
        assert!(c.delta_e_2000.before.mean > 3.0, "{:?}", c.delta_e_2000);
        assert!(c.delta_e_2000.after.mean < 0.3, "{:?}", c.delta_e_2000);
        assert!(c.patches[19].after < 1e-3, "{:?}", c.patches[19]);
        assert_eq!(c.transfer, Transfer::Srgb);
        let white = c.convert(c.pin);
        let target = Reference::classic24(Edition::After2014).patches[19].linear_srgb();
        assert!(white.iter().zip(target).all(|(a, b)| (a - b).abs() < 1e-5), "{white:?}");
    }

    #[test]
    fn linear_values_in_a_picture_are_recognised_and_can_be_named() {
        let mut linear = found(true, 0.8);
        for p in &mut linear.patches {
            p.values = p.decoded;
            p.decoded = p.values.map(colour::srgb_decode);
        }
        let c = fit(&linear, &Options::default()).unwrap();
        assert_eq!(c.transfer, Transfer::Linear);
        assert!(c.warnings.iter().any(|w| w.contains("linear")), "{:?}", c.warnings);
        assert!(c.delta_e_2000.after.mean < 0.3, "{:?}", c.delta_e_2000);
        let named = Options { transfer: Transfer::Srgb, ..Options::default() };
        let wrong = fit(&linear, &named).unwrap();
        assert!(wrong.delta_e_2000.after.mean > 5.0, "{:?}", wrong.delta_e_2000);
    }

    #[test]
    fn exposure_is_measured_and_does_not_change_the_model() {
        let (bright, dark) = (found(false, 0.8), found(false, 0.2));
        let a = fit(&bright, &Options::default()).unwrap();
        let b = fit(&dark, &Options::default()).unwrap();
        assert!((a.exposure_ev - b.exposure_ev - 2.0).abs() < 1e-4);
        let (x, y) = (a.convert([0.2, 0.3, 0.1]), b.convert([0.05, 0.075, 0.025]));
        assert!(x.iter().zip(y).all(|(p, q)| (p - q).abs() < 1e-4), "{x:?} {y:?}");
    }

    #[test]
    fn a_slope_of_the_light_is_measured() {
        let mut sloped = found(false, 0.8);
        for p in &mut sloped.patches {
            let light = (0.5 * p.centre[0] / 500.0).exp2();
            p.values = p.values.map(|v| v * light);
        }
        let c = fit(&sloped, &Options::default()).unwrap();
        assert!((c.unevenness_ev - 0.5).abs() < 0.15, "{}", c.unevenness_ev);
        assert!(c.warnings.iter().any(|w| w.contains("flat field")), "{:?}", c.warnings);
    }

    #[test]
    fn a_grey_card_balances_and_borrows_the_cameras_model() {
        let mut grey = found(false, 1.0);
        grey.card = Card::Grey;
        grey.patches.truncate(1);
        grey.patches[0].values = [0.1, 0.2, 0.15];
        let alone = fit(&grey, &Options::default()).unwrap();
        assert_eq!(alone.method, Method::GreyOnly);
        let out = alone.convert([0.1, 0.2, 0.15]);
        assert!(out.iter().all(|v| (v - 0.18).abs() < 1e-3), "{out:?}");
        let base = Some(fitted());
        let with = fit(&grey, &Options { base, ..Options::default() }).unwrap();
        assert_eq!(with.method, fitted().method);
        assert_eq!(with.rows, fitted().rows);
    }

    #[test]
    fn another_card_and_unusable_patches_are_refused() {
        let mut short = found(false, 1.0);
        short.patches.truncate(20);
        assert!(matches!(fit(&short, &Options::default()), Err(FitError::OtherCard(20, 24, _))));
        let mut burnt = found(false, 1.0);
        for p in &mut burnt.patches[..20] {
            p.clipped = 0.5;
        }
        assert!(matches!(fit(&burnt, &Options::default()), Err(FitError::TooFew(4))));
        let mut black = found(false, 1.0);
        for p in &mut black.patches {
            p.values = [0.0, f32::NAN, 0.0];
        }
        assert!(matches!(fit(&black, &Options::default()), Err(FitError::NoWhite)));
    }
}
