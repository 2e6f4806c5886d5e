//! Watches that the light stays what it was at calibration, on the backdrop or on a card left at the
//! edge of the frame.
//!
//! Readings are averaged over seconds and the alarm has two thresholds, so that noise and a passing
//! hand neither raise it nor make it flicker. There is no clock here: the caller says when a reading
//! was taken.

use super::calibration::Calibration;
use super::reading::Source;
use super::whites::{bradford, white_of};
use crate::imaging::Rect;
use crate::imaging::colour::{self, LinearSrgb, Xyz};

/// Change of colour temperature that raises the alarm, and below which it ends, kelvin at 5500 K.
/// Both are applied to the change in mireds, which is what the eye sees.
const KELVIN: (f32, f32) = (100.0, 75.0);
/// Change of brightness that raises the alarm, and below which it ends, EV.
const EV: (f32, f32) = (0.10, 0.075);
/// Seconds over which readings are averaged.
const SECONDS: f64 = 6.0;
/// Seconds of readings before anything is said.
const SETTLE: f64 = 4.0;
/// The light when the calibration does not know it, kelvin.
const DAYLIGHT: f32 = 5500.0;
/// Darker readings say nothing about colour.
const DARKEST: f32 = 0.002;

/// How the light differs from the calibration's.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// Change of the correlated colour temperature, kelvin; negative is warmer.
    pub kelvin: f32,
    /// Change of the brightness, EV.
    pub ev: f32,
    /// Whether it matters.
    pub alarm: bool,
    /// What happened and what to do; empty without an alarm.
    pub because: String,
}

/// Watches one region.
#[derive(Clone, Debug)]
pub struct Watch {
    calibration: Calibration,
    kelvin: f32,
    baseline: [f32; 3],
    average: Option<[f32; 3]>,
    first: f64,
    last: f64,
    alarm: bool,
}

/// Mean linear colour of a region in the camera's primaries; none when it is empty, too dark or
/// clipped.
pub fn read<'a>(
    picture: impl Into<Source<'a>>,
    region: Rect,
    calibration: &Calibration,
) -> Option<[f32; 3]> {
    let source = picture.into();
    let (w, h) = source.size();
    let r = region.intersection(&Rect::new(0, 0, w, h));
    let srgb = matches!(source, Source::Encoded(_))
        && calibration.transfer != super::fit::Transfer::Linear;
    let step = ((r.area() as f32 / 10_000.0).sqrt() as usize).max(1);
    let (mut sum, mut n, mut clipped) = ([0.0_f32; 3], 0.0_f32, 0.0_f32);
    for y in (r.y..r.bottom()).step_by(step) {
        for x in (r.x..r.right()).step_by(step) {
            let v = source.values(x, y);
            if v.iter().any(|&v| v >= 0.99) {
                clipped += 1.0;
            }
            let v = if srgb { v.map(colour::srgb_decode) } else { v };
            sum = std::array::from_fn(|c| sum[c] + v[c]);
            n += 1.0;
        }
    }
    let mean = sum.map(|v| v / n);
    (n > 0.0 && clipped < 0.05 * n && mean.iter().all(|&v| v > DARKEST)).then_some(mean)
}

impl Watch {
    /// Watches a region that read `baseline` (linear, the camera's primaries) when the calibration
    /// was made.
    pub fn new(calibration: &Calibration, baseline: [f32; 3]) -> Self {
        Self {
            kelvin: calibration.light.kelvin.unwrap_or(DAYLIGHT).clamp(2000.0, 12_000.0),
            calibration: calibration.clone(),
            baseline,
            average: None,
            first: f64::NAN,
            last: f64::NAN,
            alarm: false,
        }
    }

    /// Takes a reading at a time in seconds. Readings that are not numbers, or go back in time, are
    /// not used.
    pub fn update(&mut self, seconds: f64, reading: [f32; 3]) -> Drift {
        let usable = seconds.is_finite()
            && reading.iter().all(|v| v.is_finite() && *v > 0.0)
            && (self.last.is_nan() || seconds >= self.last);
        if usable {
            self.average(seconds, reading);
        }
        self.judge()
    }

    fn average(&mut self, seconds: f64, reading: [f32; 3]) {
        let Some(old) = self.average else {
            self.average = Some(reading);
            (self.first, self.last) = (seconds, seconds);
            return;
        };
        // While it settles every reading weighs alike; afterwards old ones fade. A long silence
        // forgets what was before it.
        let elapsed = seconds - self.last;
        let memory = SECONDS.min(seconds - self.first).max(1e-3);
        let share = (1.0 - (-elapsed / memory).exp()) as f32;
        self.average = Some(std::array::from_fn(|c| old[c] + share * (reading[c] - old[c])));
        self.last = seconds;
    }

    fn judge(&mut self) -> Drift {
        let (kelvin, ev) = self.amounts();
        let settled = self.last - self.first >= SETTLE;
        // Kelvin steps are larger for the eye under warm light: compare at 5500 K.
        let alike = kelvin * (DAYLIGHT / self.kelvin).powi(2);
        let over = |(raise, end): (f32, f32), value: f32, on: bool| {
            value.abs() >= if on { end } else { raise }
        };
        self.alarm = settled && (over(KELVIN, alike, self.alarm) || over(EV, ev, self.alarm));
        let because = if self.alarm { sentence(kelvin, alike, ev) } else { String::new() };
        Drift { kelvin, ev, alarm: self.alarm, because }
    }

    /// Kelvin and EV since calibration.
    fn amounts(&self) -> (f32, f32) {
        let Some(now) = self.average else { return (0.0, 0.0) };
        let (then, now) =
            (self.calibration.balanced(self.baseline), self.calibration.balanced(now));
        let (a, b) = (colour::luminance(then), colour::luminance(now));
        if a <= 0.0 || b <= 0.0 {
            return (0.0, 0.0);
        }
        let light: LinearSrgb = std::array::from_fn(|c| now[c] / then[c].max(1e-6));
        let kelvin = |white: LinearSrgb| colour::kelvin(self.seen(white));
        (kelvin(light) - kelvin([1.0; 3]), (b / a).log2())
    }

    /// A white of the calibrated space as it is under the calibration's light.
    fn seen(&self, white: LinearSrgb) -> Xyz {
        let xyz = colour::apply(&colour::SRGB_TO_XYZ, white);
        colour::apply(&bradford(colour::D65, white_of(self.kelvin)), xyz)
    }
}

/// What the alarm says.
fn sentence(kelvin: f32, alike: f32, ev: f32) -> String {
    let mut said = Vec::new();
    if alike.abs() >= KELVIN.1 {
        let way = if kelvin < 0.0 { "warmer" } else { "cooler" };
        said.push(format!("{:.0} K {way}", kelvin.abs()));
    }
    if ev.abs() >= EV.1 {
        let way = if ev < 0.0 { "darker" } else { "brighter" };
        said.push(format!("{:.2} EV {way}", ev.abs()));
    }
    format!("the light is {} than at calibration: calibrate again", said.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::fitted;
    use super::*;

    /// A calibration that changes nothing, so that readings are linear sRGB.
    fn plain() -> Calibration {
        let mut c = fitted();
        c.gains = [1.0; 3];
        c.rows = super::super::model::IDENTITY;
        c.light.kelvin = Some(5500.0);
        c
    }

    /// Linear sRGB of a white card under daylight of a temperature, when 5500 K is balanced. The
    /// chromaticities are published: colour-science 0.4.7,
    /// `colour.temperature.CCT_to_xy_CIE_D([5500, 5350, 5450, 5260])`.
    fn under(xy: [f32; 2]) -> LinearSrgb {
        let xyz = [xy[0] / xy[1], 1.0, (1.0 - xy[0] - xy[1]) / xy[1]];
        let adapted = colour::apply(&bradford(white_of(5500.0), colour::D65), xyz);
        colour::apply(&colour::XYZ_TO_SRGB, adapted).map(|v| v * 0.5)
    }

    const D5500: [f32; 2] = [0.332_502, 0.347_608];
    const D5450: [f32; 2] = [0.333_706, 0.348_657];
    const D5350: [f32; 2] = [0.336_190, 0.350_795];
    const D5260: [f32; 2] = [0.338_515, 0.352_761];

    /// Runs a noisy minute; whether there was an alarm, and the last drift.
    fn minute(light: LinearSrgb, ev: f32) -> (bool, Drift) {
        let mut watch = Watch::new(&plain(), under(D5500));
        let mut state = 12_345_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            1.0 + ((state >> 8) as f32 / 16_777_216.0 - 0.5) * 0.06
        };
        let mut ever = false;
        let mut last = watch.update(0.0, light.map(|v| v * ev.exp2()));
        for i in 1..600 {
            let reading = light.map(|v| v * ev.exp2() * noise());
            last = watch.update(f64::from(i) * 0.1, reading);
            ever |= last.alarm;
        }
        (ever, last)
    }

    #[test]
    fn a_warmer_light_raises_the_alarm_with_its_amount() {
        let (_, drift) = minute(under(D5260), 0.0);
        assert!(drift.alarm && (drift.kelvin + 240.0).abs() < 30.0, "{drift:?}");
        assert!(drift.because.contains("K warmer than at calibration"), "{drift:?}");
        assert!(minute(under(D5350), 0.0).1.alarm);
    }

    #[test]
    fn small_changes_under_noise_raise_none() {
        for (light, ev) in
            [(D5450, 0.0), (D5500, 0.05), (D5500, -0.05), (D5450, 0.05), (D5500, 0.0)]
        {
            let (ever, drift) = minute(under(light), ev);
            assert!(!ever, "{light:?} {ev}: {drift:?}");
        }
    }

    #[test]
    fn a_dimmer_light_is_said_to_be_darker() {
        let (_, drift) = minute(under(D5500), -0.15);
        assert!(drift.alarm && drift.because.contains("EV darker"), "{drift:?}");
        assert!(!drift.because.contains(" K "), "{drift:?}");
    }

    #[test]
    fn a_passing_hand_is_no_drift_and_wild_readings_are_not_used() {
        let mut watch = Watch::new(&plain(), under(D5500));
        let light = under(D5500);
        for i in 0..100 {
            watch.update(f64::from(i) * 0.1, light);
        }
        watch.update(10.0, light.map(|v| v * 0.2));
        let after = watch.update(10.1, light);
        assert!(!after.alarm, "{after:?}");
        let wild = watch.update(f64::NAN, [f32::NAN, -1.0, f32::INFINITY]);
        assert!(!wild.alarm && wild.ev.is_finite() && wild.kelvin.is_finite());
    }

    #[test]
    fn a_region_is_read_and_a_clipped_one_is_not() {
        let c = plain();
        let grey =
            crate::imaging::Image::from_fn(60, 40, |x, _| if x < 30 { [0.4; 3] } else { [1.0; 3] });
        let mean = read(&grey, Rect::new(5, 5, 20, 20), &c).unwrap();
        assert!((mean[0] - 0.4).abs() < 1e-5);
        assert!(read(&grey, Rect::new(35, 5, 20, 20), &c).is_none());
        assert!(read(&grey, Rect::new(100, 100, 5, 5), &c).is_none());
    }
}
