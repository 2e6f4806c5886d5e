//! A DNG camera profile (DCP) of the calibrated camera: what raw converters read.
//!
//! Adobe, Digital Negative Specification 1.7: a TIFF directory behind the mark `IIRC`. Its forward
//! matrix is the white-pinned 3x3 that fits the card's patches: the root-polynomial has no place in
//! it.

use super::calibration::Calibration;
use super::model::{self, Method, Pair};
use super::whites::{bradford, white_of};
use crate::imaging::colour::{self, Matrix3};
use nalgebra as na;

/// EXIF light sources with their temperatures: standard light A, D50, D55, D65.
const LIGHTS: [(u16, f32); 4] = [(17, 2856.0), (23, 5003.0), (20, 5503.0), (21, 6504.0)];

/// Why there is no profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DcpError {
    /// A grey card measures no colours.
    #[error("a grey card alone makes no camera profile: photograph a 24-patch chart")]
    GreyOnly,
    /// The picture was not raw.
    #[error("a camera profile needs a raw picture of the chart, not a JPEG")]
    NotRaw,
    /// The matrix folds colours.
    #[error("the chart's colours do not determine a matrix; photograph the chart again")]
    Singular,
}

/// The profile's bytes. The camera's name must be the one that raw converters know it by.
pub fn profile(calibration: &Calibration) -> Result<Vec<u8>, DcpError> {
    if calibration.transfer != super::Transfer::Linear {
        return Err(DcpError::NotRaw);
    }
    let forward = forward_matrix(calibration)?;
    let (code, colour_matrix) = colour_matrix(calibration, &forward)?;
    let name = format!("Culet {}", calibration.light.name);
    let camera = if calibration.camera.is_empty() { "unknown" } else { &calibration.camera };
    // In rising order of tags, as TIFF demands.
    Ok(directory(&[
        (50_708, ascii(camera)),
        (50_721, rationals(&colour_matrix)),
        (50_778, Entry { kind: 3, count: 1, bytes: code.to_le_bytes().to_vec() }),
        (50_936, ascii(name.trim())),
        // Embedding and copying are allowed.
        (50_941, Entry { kind: 4, count: 1, bytes: 0_u32.to_le_bytes().to_vec() }),
        (50_942, ascii("No copyright, use freely")),
        (50_964, rationals(&forward)),
    ]))
}

/// White-balanced camera to XYZ under D50; white comes out as D50 exactly.
fn forward_matrix(calibration: &Calibration) -> Result<Matrix3, DcpError> {
    if calibration.method == Method::GreyOnly {
        return Err(DcpError::GreyOnly);
    }
    let pairs: Vec<Pair> = calibration
        .patches
        .iter()
        .filter(|p| p.used)
        .map(|p| Pair {
            camera: colour::lab_to_linear_srgb(p.before_lab),
            reference: colour::lab_to_linear_srgb(p.reference_lab),
        })
        .collect();
    let rows = model::solve(Method::Matrix3, [1.0; 3], &pairs).ok_or(DcpError::Singular)?;
    let square = rows.map(|r| [r[0], r[1], r[2]]);
    let to_d50 = colour::multiply(&colour::D65_TO_D50, &colour::SRGB_TO_XYZ);
    let mut forward = colour::multiply(&to_d50, &square);
    for (row, white) in forward.iter_mut().zip(colour::D50) {
        let sum: f32 = row.iter().sum();
        *row = row.map(|v| v * white / sum);
    }
    Ok(forward)
}

/// The EXIF code of the nearest standard light, and the matrix from XYZ under it to the camera.
fn colour_matrix(calibration: &Calibration, forward: &Matrix3) -> Result<(u16, Matrix3), DcpError> {
    let kelvin = calibration.light.kelvin.unwrap_or(5003.0);
    let mired = |k: f32| 1e6 / k;
    let near = |k: f32| (mired(k) - mired(kelvin)).abs();
    let (code, standard) =
        LIGHTS.into_iter().min_by(|a, b| near(a.1).total_cmp(&near(b.1))).unwrap_or(LIGHTS[1]);
    let f = na::Matrix3::from_fn(|i, j| f64::from(forward[i][j]));
    let back = f.try_inverse().ok_or(DcpError::Singular)?;
    let adapt = bradford(white_of(standard), colour::D50);
    let adapt = na::Matrix3::from_fn(|i, j| f64::from(adapt[i][j]));
    let balance =
        na::Matrix3::from_fn(
            |i, j| {
                if i == j { 1.0 / f64::from(calibration.gains[i]) } else { 0.0 }
            },
        );
    let m = balance * back * adapt;
    Ok((code, std::array::from_fn(|i| std::array::from_fn(|j| m[(i, j)] as f32))))
}

/// A TIFF field.
struct Entry {
    kind: u16,
    count: u32,
    bytes: Vec<u8>,
}

fn ascii(s: &str) -> Entry {
    let mut bytes: Vec<u8> = s.bytes().filter(|b| b.is_ascii_graphic() || *b == b' ').collect();
    bytes.push(0);
    Entry { kind: 2, count: bytes.len() as u32, bytes }
}

/// SRATIONAL in ten-thousandths.
fn rationals(m: &Matrix3) -> Entry {
    let mut bytes = Vec::new();
    for v in m.iter().flatten() {
        bytes.extend_from_slice(&((v * 10_000.0).round() as i32).to_le_bytes());
        bytes.extend_from_slice(&10_000_i32.to_le_bytes());
    }
    Entry { kind: 10, count: 9, bytes }
}

/// A file with one directory; values longer than four bytes lie behind it.
fn directory(fields: &[(u16, Entry)]) -> Vec<u8> {
    let mut head = b"IIRC".to_vec();
    head.extend_from_slice(&8_u32.to_le_bytes());
    head.extend_from_slice(&(fields.len() as u16).to_le_bytes());
    let mut tail: Vec<u8> = Vec::new();
    let behind = 8 + 2 + 12 * fields.len() + 4;
    for (tag, entry) in fields {
        head.extend_from_slice(&tag.to_le_bytes());
        head.extend_from_slice(&entry.kind.to_le_bytes());
        head.extend_from_slice(&entry.count.to_le_bytes());
        if entry.bytes.len() <= 4 {
            let mut value = entry.bytes.clone();
            value.resize(4, 0);
            head.extend_from_slice(&value);
        } else {
            head.extend_from_slice(&((behind + tail.len()) as u32).to_le_bytes());
            tail.extend_from_slice(&entry.bytes);
            tail.resize(tail.len().next_multiple_of(2), 0);
        }
    }
    head.extend_from_slice(&0_u32.to_le_bytes());
    head.extend_from_slice(&tail);
    head
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::found;
    use super::super::{Options, fit};
    use super::*;

    fn calibration() -> Calibration {
        let camera = "Culet Test".to_owned();
        fit(&found(false, 0.8), &Options { camera, ..Options::default() }).unwrap()
    }

    /// The fields of a profile, read by the TIFF rules: tag to bytes.
    fn fields(file: &[u8]) -> std::collections::BTreeMap<u16, Vec<u8>> {
        assert_eq!(&file[..4], b"IIRC");
        let short = |at: usize| u16::from_le_bytes([file[at], file[at + 1]]);
        let long = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let start = long(4);
        (0..short(start) as usize)
            .map(|i| {
                let at = start + 2 + 12 * i;
                let size = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8][short(at + 2) as usize] * long(at + 4);
                let from = if size <= 4 { at + 8 } else { long(at + 8) };
                (short(at), file[from..from + size].to_vec())
            })
            .collect()
    }

    fn matrix(bytes: &[u8]) -> Matrix3 {
        let v = |i: usize| {
            let n = |at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
            n(i * 8) as f32 / n(i * 8 + 4) as f32
        };
        std::array::from_fn(|r| std::array::from_fn(|c| v(r * 3 + c)))
    }

    #[test]
    fn its_fields_are_sorted_and_white_goes_to_white() {
        let c = calibration();
        let file = profile(&c).unwrap();
        let fields = fields(&file);
        assert_eq!(fields[&50_708], b"Culet Test\0");
        let forward = matrix(&fields[&50_964]);
        let white = colour::apply(&forward, [1.0; 3]);
        assert!(white.iter().zip(colour::D50).all(|(a, b)| (a - b).abs() < 3e-4), "{white:?}");
        // The camera's own answer to the calibration light is the inverse of the gains.
        let neutral = colour::apply(&matrix(&fields[&50_721]), white_of(5003.0));
        for (n, g) in neutral.iter().zip(c.gains) {
            assert!((n * g - 1.0).abs() < 5e-3, "{neutral:?} {:?}", c.gains);
        }
    }

    #[test]
    fn grey_cards_and_jpegs_make_no_profile() {
        let mut grey = calibration();
        grey.method = Method::GreyOnly;
        assert_eq!(profile(&grey), Err(DcpError::GreyOnly));
        let jpeg = fit(&found(true, 0.8), &Options::default()).unwrap();
        assert_eq!(profile(&jpeg), Err(DcpError::NotRaw));
    }
}
