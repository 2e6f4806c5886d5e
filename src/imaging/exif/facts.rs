//! What an EXIF block says about how the picture was taken, as numbers.

use exif::{Exif, In, Reader, Tag, Value};

/// How a picture was taken; what the block does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The maker of the camera.
    pub make: Option<String>,
    /// The camera.
    pub model: Option<String>,
    /// The lens.
    pub lens: Option<String>,
    /// When, in seconds since 1970-01-01 by the camera's own clock and time zone, with its
    /// fraction of a second: good for differences between pictures of one camera.
    pub taken: Option<f64>,
    /// Exposure time in seconds.
    pub shutter_s: Option<f64>,
    /// Aperture: focal length over the diameter of the entrance pupil.
    pub f_number: Option<f64>,
    /// Sensitivity.
    pub iso: Option<u32>,
    /// What the photographer added to the metered exposure, in stops.
    pub exposure_bias_ev: Option<f64>,
    /// Focal length in millimetres.
    pub focal_mm: Option<f64>,
    /// Focal length that shows as much on 36 x 24 mm film, in millimetres.
    pub focal_35mm: Option<u32>,
    /// Which way is up in the block, 1 to 8; 1 is upright. A picture opened by Culet is upright.
    pub orientation: u32,
    /// Whether the flash fired.
    pub flash: Option<bool>,
    /// The program that wrote the file last.
    pub software: Option<String>,
}

impl Facts {
    /// The exposure value for ISO 100: log2(N²/t) - log2(ISO/100).
    pub fn ev100(&self) -> Option<f64> {
        let (n, t, iso) = (self.f_number?, self.shutter_s?, f64::from(self.iso?));
        (n > 0.0 && t > 0.0 && iso > 0.0).then(|| (n * n / t).log2() - (iso / 100.0).log2())
    }
}

/// Reads a block; broken fields are passed over, and a broken block says nothing.
pub fn facts(block: &[u8]) -> Facts {
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let read = crate::imaging::guard::catch(|| {
        reader.read_raw(block.to_vec()).or_else(|e| e.distill_partial_result(|_| {}))
    });
    match read {
        Ok(Ok(exif)) => of(&exif),
        _ => Facts { orientation: 1, ..Facts::default() },
    }
}

fn of(exif: &Exif) -> Facts {
    let real = |tag| exif.get_field(tag, In::PRIMARY).and_then(|f| number(&f.value));
    let whole = |tag| real(tag).filter(|v| *v >= 0.0).map(|v| v as u32);
    let text = |tag| exif.get_field(tag, In::PRIMARY).and_then(|f| words(&f.value));
    Facts {
        make: text(Tag::Make),
        model: text(Tag::Model),
        lens: text(Tag::LensModel),
        taken: taken(exif),
        shutter_s: real(Tag::ExposureTime)
            .or_else(|| real(Tag::ShutterSpeedValue).map(|v| (-v).exp2()))
            .filter(|v| *v > 0.0),
        f_number: real(Tag::FNumber)
            .or_else(|| real(Tag::ApertureValue).map(|v| (v / 2.0).exp2()))
            .filter(|v| *v > 0.0),
        iso: whole(Tag::PhotographicSensitivity)
            // 65535 stands for "see the longer field".
            .filter(|v| *v != 65_535)
            .or_else(|| whole(Tag::ISOSpeed))
            .or_else(|| whole(Tag::RecommendedExposureIndex))
            .filter(|v| *v > 0),
        exposure_bias_ev: real(Tag::ExposureBiasValue),
        focal_mm: real(Tag::FocalLength).filter(|v| *v > 0.0),
        focal_35mm: whole(Tag::FocalLengthIn35mmFilm).filter(|v| *v > 0),
        orientation: whole(Tag::Orientation).filter(|v| (1..=8).contains(v)).unwrap_or(1),
        flash: whole(Tag::Flash).map(|v| v & 1 == 1),
        software: text(Tag::Software),
    }
}

fn number(value: &Value) -> Option<f64> {
    let n = match value {
        Value::Rational(v) => v.first()?.to_f64(),
        Value::SRational(v) => v.first()?.to_f64(),
        Value::Float(v) => f64::from(*v.first()?),
        Value::Double(v) => *v.first()?,
        other => f64::from(other.get_uint(0)?),
    };
    n.is_finite().then_some(n)
}

fn words(value: &Value) -> Option<String> {
    let Value::Ascii(parts) = value else { return None };
    let text = String::from_utf8_lossy(parts.first()?);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

fn taken(exif: &Exif) -> Option<f64> {
    let (tag, fraction) = [
        (Tag::DateTimeOriginal, Tag::SubSecTimeOriginal),
        (Tag::DateTimeDigitized, Tag::SubSecTimeDigitized),
        (Tag::DateTime, Tag::SubSecTime),
    ]
    .into_iter()
    .find(|(tag, _)| exif.get_field(*tag, In::PRIMARY).is_some())?;
    let Value::Ascii(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let at = exif::DateTime::from_ascii(parts.first()?).ok()?;
    let days = days_since_1970(i64::from(at.year), i64::from(at.month), i64::from(at.day));
    let seconds = days * 86_400
        + i64::from(at.hour) * 3600
        + i64::from(at.minute) * 60
        + i64::from(at.second);
    let fraction = exif
        .get_field(fraction, In::PRIMARY)
        .and_then(|f| words(&f.value))
        .and_then(|digits| format!("0.{digits}").parse::<f64>().ok())
        .unwrap_or(0.0);
    Some(seconds as f64 + fraction)
}

/// Days of the proleptic Gregorian calendar (H. Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `days_from_civil`).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_agree_with_known_dates() {
        // `date -u -d 2000-03-01 +%s` and so on, over 86400.
        assert_eq!(days_since_1970(1970, 1, 1), 0);
        assert_eq!(days_since_1970(2000, 3, 1), 11_017);
        assert_eq!(days_since_1970(2024, 2, 29), 19_782);
        assert_eq!(days_since_1970(1969, 12, 31), -1);
    }

    #[test]
    fn a_block_of_nonsense_says_nothing() {
        for block in [&b""[..], b"II*\0", b"MM\0*\0\0\0\x08\xff\xff", &[0xff; 64]] {
            assert_eq!(facts(block), Facts { orientation: 1, ..Facts::default() });
        }
    }
}
