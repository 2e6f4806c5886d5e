//! Whether a calibration is valid for what is about to be photographed.

use super::calibration::Calibration;
use super::reading::Found;
use crate::imaging::colour;

/// A set-up that a calibration is asked about; empty texts are unknown and contradict nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// The camera.
    pub camera: String,
    /// The lens.
    pub lens: String,
    /// Name of the light.
    pub light: String,
    /// Today, written as dates are in [`Calibration::made`] (compared up to the first `T` or space).
    pub today: String,
}

/// What a calibration is worth for a set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It was made for it.
    Valid,
    /// It may be used; each sentence says what is different.
    Doubtful(Vec<String>),
    /// It must not be used; the sentence says why.
    Invalid(String),
}

/// A neutral patch that comes out farther from its reference than this, in ΔE2000 at equal
/// lightness, was under another light.
const OTHER_LIGHT: f32 = 3.0;

impl Calibration {
    /// Whether this calibration may be used for a set-up: never for another camera or another light,
    /// with a remark for another lens or another day.
    pub fn validity(&self, setup: &Setup) -> Validity {
        if differ(&self.camera, &setup.camera) {
            return Validity::Invalid(format!(
                "the calibration is of the {}, the camera is a {}: calibrate this camera",
                self.camera, setup.camera
            ));
        }
        if differ(&self.light.name, &setup.light) {
            return Validity::Invalid(format!(
                "the calibration was made under \"{}\", the light is \"{}\": calibrate under this light",
                self.light.name, setup.light
            ));
        }
        let mut remarks = Vec::new();
        if differ(&self.lens, &setup.lens) {
            remarks.push(format!(
                "the calibration was made with another lens ({}): its falloff and colour may differ",
                self.lens
            ));
        }
        if differ(day(&self.made), day(&setup.today)) {
            remarks.push(format!(
                "the calibration is of {}: photograph the card once to check it",
                day(&self.made)
            ));
        }
        if remarks.is_empty() { Validity::Valid } else { Validity::Doubtful(remarks) }
    }

    /// Says so when a card that was found is under another light than this calibration was made
    /// under: its neutral patches do not come out neutral.
    pub fn mismatch(&self, found: &Found) -> Option<String> {
        let srgb = found.encoded && self.transfer != super::Transfer::Linear;
        let neutral = |i: &usize| colour::chroma(self.patches[*i].reference_lab) < 5.0;
        let brightest = (0..self.patches.len().min(found.patches.len()))
            .filter(|&i| found.patches[i].clipped < 0.02)
            .filter(neutral)
            .max_by(|&a, &b| {
                self.patches[a].reference_lab[0].total_cmp(&self.patches[b].reference_lab[0])
            })?;
        let patch = &found.patches[brightest];
        let out = self.balanced(if srgb { patch.decoded } else { patch.values });
        let reference = self.patches[brightest].reference_lab;
        let want = colour::luminance(colour::lab_to_linear_srgb(reference));
        let scale = want / colour::luminance(out).max(1e-6);
        let got = colour::linear_srgb_to_lab(out.map(|v| v * scale));
        let off = colour::delta_e_2000(got, reference);
        let (a, b) = (got[1] - reference[1], got[2] - reference[2]);
        let towards = if b.abs() > a.abs() {
            if b > 0.0 { "yellow" } else { "blue" }
        } else if a > 0.0 {
            "red"
        } else {
            "green"
        };
        (off > OTHER_LIGHT).then(|| {
            format!(
                "this calibration was made under another light: grey comes out {off:.1} ΔE2000 towards {towards}; calibrate again"
            )
        })
    }
}

fn differ(a: &str, b: &str) -> bool {
    !a.is_empty() && !b.is_empty() && !a.eq_ignore_ascii_case(b)
}

fn day(date: &str) -> &str {
    date.split(['T', ' ']).next().unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::{fitted, found};
    use super::*;

    fn calibration() -> Calibration {
        let mut c = fitted();
        c.camera = "Canon EOS R5".to_owned();
        c.lens = "RF 100 mm".to_owned();
        c.light.name = "left softbox".to_owned();
        c.made = "2026-01-31T10:00".to_owned();
        c
    }

    fn setup() -> Setup {
        Setup {
            camera: "Canon EOS R5".to_owned(),
            lens: "RF 100 mm".to_owned(),
            light: "left softbox".to_owned(),
            today: "2026-01-31 17:20".to_owned(),
        }
    }

    #[test]
    fn the_same_set_up_is_valid_and_unknowns_contradict_nothing() {
        assert_eq!(calibration().validity(&setup()), Validity::Valid);
        assert_eq!(calibration().validity(&Setup::default()), Validity::Valid);
    }

    #[test]
    fn another_camera_or_light_is_refused_another_lens_or_day_is_remarked() {
        let camera = Setup { camera: "Nikon Z8".to_owned(), ..setup() };
        let light = Setup { light: "window".to_owned(), ..setup() };
        for other in [camera, light] {
            assert!(matches!(calibration().validity(&other), Validity::Invalid(_)));
        }
        let later =
            Setup { lens: "EF 50 mm".to_owned(), today: "2026-02-01".to_owned(), ..setup() };
        let Validity::Doubtful(said) = calibration().validity(&later) else { panic!() };
        assert_eq!(said.len(), 2, "{said:?}");
    }

    #[test]
    fn a_card_under_another_light_is_noticed_and_the_same_light_is_not() {
        let c = fitted();
        assert_eq!(c.mismatch(&found(true, 0.8)), None);
        assert_eq!(c.mismatch(&found(true, 0.3)), None);
        let mut warm = found(true, 0.8);
        for p in &mut warm.patches {
            p.decoded = [p.decoded[0] * 1.3, p.decoded[1], p.decoded[2] * 0.7];
        }
        assert!(c.mismatch(&warm).unwrap().contains("another light"));
    }
}
