//! A raw file through rawler to scaled sensor values: black subtracted, white at 1, with the
//! camera's white balance and colour matrix.

use crate::imaging::colour::{self, Matrix3};
use crate::imaging::open::{Kind, MOST_BYTES, MOST_PIXELS, OpenError};
use crate::imaging::{Rect, guard};
use nalgebra as na;
use rawler::RawImage;
use rawler::decoders::{Decoder, RawDecodeParams};
use rawler::imgop::xyz::Illuminant;
use rawler::pixarray::PixF32;
use rawler::rawimage::{CFAConfig, RawImageData, RawPhotometricInterpretation};
use rawler::rawsource::RawSource;
use rayon::prelude::*;

/// Bytes a pixel while a raw file is developed: sensor values as whole numbers and as f32, the
/// result.
const WORKING_BYTES: usize = 12;

/// What the sensor saw.
#[expect(clippy::large_enum_variant, reason = "there is one of it a file")]
pub(super) enum Pixels {
    /// One colour a pixel.
    Mosaic(PixF32, CFAConfig),
    /// All colours (`w * h * 3` values), from files that were demosaiced in the camera.
    Rgb(Vec<f32>),
    /// No colour filters.
    Grey(Vec<f32>),
}

/// A decoded raw file.
pub(super) struct Decoded {
    pub(super) w: usize,
    pub(super) h: usize,
    pub(super) pixels: Pixels,
    /// The part that is the picture.
    pub(super) area: Rect,
    /// Multipliers of red, green and blue; the smallest is 1.
    pub(super) white_balance: [f32; 3],
    pub(super) to_rec2020: Matrix3,
    pub(super) orientation: u32,
    pub(super) exif: Option<Vec<u8>>,
    pub(super) warnings: Vec<String>,
}

/// The size of the picture, before it is turned upright, and its orientation.
pub(super) fn size(bytes: &[u8]) -> Result<((usize, usize), u32), OpenError> {
    check_length(bytes, 0)?;
    let source = RawSource::new_from_slice(bytes);
    let decoder = rawler::get_decoder(&source).map_err(damaged)?;
    let raw = decoder.raw_image(&source, &RawDecodeParams::default(), true).map_err(damaged)?;
    let area = area(&raw);
    Ok(((area.w, area.h), orientation(&*decoder, &source, &raw)))
}

/// Fewer bytes than any raw file's directories take.
const SHORTEST: usize = 2048;
/// The most pixels that a byte of a raw file stands for; the strongest lossy compression that
/// cameras write needs half a bit a pixel.
const PIXELS_A_BYTE: usize = 32;

/// A header may claim what a file of this length cannot hold.
fn check_length(bytes: &[u8], pixels: usize) -> Result<(), OpenError> {
    if bytes.len() < SHORTEST || bytes.len().saturating_mul(PIXELS_A_BYTE) < pixels {
        return Err(damaged("it is far shorter than the picture it claims: it was cut off"));
    }
    Ok(())
}

/// Decodes a whole raw file.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, OpenError> {
    check_length(bytes, 0)?;
    let source = RawSource::new_from_slice(bytes);
    let decoder = rawler::get_decoder(&source).map_err(damaged)?;
    let params = RawDecodeParams::default();
    // Once without pixels, so that what a header claims is known before memory is taken.
    let claimed = decoder.raw_image(&source, &params, true).map_err(damaged)?;
    check_size(&claimed)?;
    check_length(bytes, claimed.width.saturating_mul(claimed.height))?;
    let raw = decoder.raw_image(&source, &params, false).map_err(damaged)?;
    let orientation = orientation(&*decoder, &source, &raw);
    let mut warnings = Vec::new();
    // A lens that is not understood is no reason to refuse a picture.
    let exif = if let Ok(Ok(metadata)) = guard::catch(|| decoder.raw_metadata(&source, &params)) {
        Some(super::metadata::block(&metadata, &raw))
    } else {
        warnings.push("what it says about the shot could not be read".to_owned());
        None
    };
    let to_xyz = xyz_to_camera(&raw, &mut warnings);
    let white_balance = white_balance(&raw, &to_xyz, &mut warnings);
    Ok(Decoded {
        w: raw.width,
        h: raw.height,
        area: area(&raw),
        white_balance,
        to_rec2020: to_rec2020(&to_xyz),
        orientation,
        exif,
        warnings,
        pixels: pixels(raw)?,
    })
}

pub(super) fn damaged(e: impl std::fmt::Display) -> OpenError {
    let text = e.to_string();
    // The library asks its users to report files; a photographer wants to know what is wrong.
    let first = text.lines().next().unwrap_or_default().split(". Please ").next();
    OpenError::Damaged { kind: Kind::Raw, why: first.unwrap_or_default().to_owned() }
}

fn check_size(raw: &RawImage) -> Result<(), OpenError> {
    let (w, h) = (raw.width, raw.height);
    let pixels = w.saturating_mul(h).saturating_mul(raw.cpp);
    if pixels > MOST_PIXELS || pixels.saturating_mul(WORKING_BYTES) > 2 * MOST_BYTES {
        return Err(OpenError::TooLarge { kind: Kind::Raw, w, h });
    }
    Ok(())
}

fn orientation(decoder: &dyn Decoder, source: &RawSource, raw: &RawImage) -> u32 {
    let told = decoder.raw_metadata(source, &RawDecodeParams::default());
    let told = told.ok().and_then(|m| m.exif.orientation).map(u32::from);
    told.unwrap_or_else(|| u32::from(raw.orientation.to_u16()))
}

/// The recommended crop, or what is not masked, or everything; inside the frame.
fn area(raw: &RawImage) -> Rect {
    let whole = Rect::new(0, 0, raw.width, raw.height);
    let part = raw.crop_area.or(raw.active_area);
    let part = part.map(|r| Rect::new(r.p.x, r.p.y, r.d.w, r.d.h).intersection(&whole));
    part.filter(|r| r.w >= 16 && r.h >= 16).unwrap_or(whole)
}

fn pixels(raw: RawImage) -> Result<Pixels, OpenError> {
    if raw.fuji_rotation_width.is_some() {
        return Err(variant("from a diagonal sensor"));
    }
    let (w, h) = (raw.width, raw.height);
    let scaled = scaled(&raw)?;
    match (raw.photometric, raw.cpp) {
        (RawPhotometricInterpretation::Cfa(config), 1) if config.cfa.is_rgb() => {
            Ok(Pixels::Mosaic(PixF32::new_with(scaled, w, h), config))
        }
        (RawPhotometricInterpretation::Cfa(_), _) => {
            Err(variant("from a sensor with other colours than red, green and blue"))
        }
        (_, 1) => Ok(Pixels::Grey(scaled)),
        (_, 3) => Ok(Pixels::Rgb(scaled)),
        _ => Err(variant("stored with an unusual number of channels")),
    }
}

fn variant(what: &str) -> OpenError {
    OpenError::Variant { kind: Kind::Raw, what: what.to_owned() }
}

/// Black subtracted, white at 1, clipped above: what is above the white level says nothing more.
/// Below black the noise stays, so that its mean stays true.
fn scaled(raw: &RawImage) -> Result<Vec<f32>, OpenError> {
    let cpp = raw.cpp;
    let (w, h) = (raw.width * cpp, raw.height);
    let levels = Levels::of(raw);
    let mut out = vec![0.0_f32; w * h];
    let enough = match &raw.data {
        RawImageData::Integer(v) => v.len() >= out.len(),
        RawImageData::Float(v) => v.len() >= out.len(),
    };
    if !enough || out.is_empty() {
        return Err(damaged("pixels are missing"));
    }
    out.par_chunks_mut(w).enumerate().for_each(|(y, row)| {
        for (x, to) in row.iter_mut().enumerate() {
            let value = match &raw.data {
                RawImageData::Integer(v) => f32::from(v[y * w + x]),
                RawImageData::Float(v) => v[y * w + x],
            };
            let (black, scale) = levels.at(x, y);
            // NaN becomes 1 by `min`.
            *to = ((value - black) * scale).min(1.0);
        }
    });
    Ok(out)
}

/// Black levels and scales of the repeating pattern.
struct Levels {
    width: usize,
    height: usize,
    pairs: Vec<(f32, f32)>,
}

impl Levels {
    fn of(raw: &RawImage) -> Self {
        let black = &raw.blacklevel;
        let width = (black.width * black.cpp).max(1);
        let whites = &raw.whitelevel.0;
        let pairs = black.levels.iter().enumerate().map(|(i, level)| {
            let level = if level.d == 0 { 0.0 } else { level.as_f32() };
            let white = whites.get(i).or(whites.first()).map_or(65_535.0, |v| *v as f32);
            (level, 1.0 / (white - level).max(1e-6))
        });
        let mut pairs: Vec<_> = pairs.collect();
        if pairs.is_empty() {
            pairs.push((0.0, 1.0 / 65_535.0));
        }
        let height = (pairs.len() / width).max(1);
        Self { width: width.min(pairs.len()), height, pairs }
    }

    fn at(&self, x: usize, y: usize) -> (f32, f32) {
        self.pairs[(y % self.height) * self.width + x % self.width]
    }
}

/// XYZ (D65) to camera values, three rows; the matrix made under the light nearest to daylight.
fn xyz_to_camera(raw: &RawImage, warnings: &mut Vec<String>) -> na::Matrix3<f64> {
    const NEAREST: [Illuminant; 11] = [
        Illuminant::D65,
        Illuminant::D55,
        Illuminant::Daylight,
        Illuminant::D50,
        Illuminant::Flash,
        Illuminant::FineWeather,
        Illuminant::D75,
        Illuminant::C,
        Illuminant::B,
        Illuminant::A,
        Illuminant::Unknown,
    ];
    let usable =
        |m: &na::Matrix3<f64>| m.try_inverse().is_some() && m.iter().all(|v| v.is_finite());
    let of_file = raw
        .color_matrix_find_first(NEAREST)
        .filter(|(_, m)| m.len() >= 9)
        .map(|(_, m)| na::Matrix3::from_row_iterator(m.iter().take(9).map(|v| f64::from(*v))));
    let of_camera = na::Matrix3::from_fn(|r, c| f64::from(raw.xyz_to_cam[r][c]));
    if let Some(m) = of_file.filter(usable).or(Some(of_camera).filter(usable)) {
        return m;
    }
    warnings.push("no colour matrix is known for this camera: its colours are a guess".to_owned());
    na::Matrix3::from_fn(|r, c| f64::from(colour::XYZ_TO_SRGB[r][c]))
}

/// As shot; without it, what makes daylight (D65) neutral.
fn white_balance(
    raw: &RawImage,
    xyz_to_camera: &na::Matrix3<f64>,
    warnings: &mut Vec<String>,
) -> [f32; 3] {
    let shot = [raw.wb_coeffs[0], raw.wb_coeffs[1], raw.wb_coeffs[2]];
    let sound = |g: &[f32; 3]| g.iter().all(|v| v.is_finite() && *v > 0.01 && *v < 1e5);
    let gains = if sound(&shot) {
        shot
    } else {
        warnings.push("it says no white balance: daylight is taken".to_owned());
        let white = xyz_to_camera * na::Vector3::from_iterator(colour::D65.map(f64::from));
        [0, 1, 2].map(|i| (1.0 / white[i].abs().max(1e-6)) as f32)
    };
    let least = gains.iter().copied().fold(f32::MAX, f32::min);
    gains.map(|v| v / least)
}

/// Balanced camera values to linear Rec.2020. The rows of the way back are scaled so that white is
/// white: the balance has already made it so (as in dcraw's `cam_xyz_coeff`).
fn to_rec2020(xyz_to_camera: &na::Matrix3<f64>) -> Matrix3 {
    let matrix = |m: &Matrix3| na::Matrix3::from_fn(|r, c| f64::from(m[r][c]));
    let rec2020_to_xyz = matrix(&colour::SRGB_TO_XYZ) * matrix(&colour::REC2020_TO_SRGB);
    let mut back = xyz_to_camera * rec2020_to_xyz;
    for mut row in back.row_iter_mut() {
        let sum = row.sum();
        row /= if sum.abs() > 1e-6 { sum } else { 1.0 };
    }
    let there = back.try_inverse().unwrap_or_else(na::Matrix3::identity);
    std::array::from_fn(|r| std::array::from_fn(|c| there[(r, c)] as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_stays_white_through_the_camera_matrix() {
        // ColorMatrix1 of a Canon EOS 550D, from Adobe's DNG converter.
        let m = na::Matrix3::new(
            0.6461, -0.1164, -0.0857, -0.3825, 1.1597, 0.2534, -0.0416, 0.154, 0.6039,
        );
        let white = colour::apply(&to_rec2020(&m), [1.0; 3]);
        assert!(white.iter().all(|v| (v - 1.0).abs() < 1e-5), "{white:?}");
    }
}
