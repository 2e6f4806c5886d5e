//! An ICC profile of the calibrated camera (ICC.1:2001-04, version 2.4, input class).
//!
//! The root-polynomial is no matrix, so the profile holds a table of 33 x 33 x 33 colours in Lab.
//! Values of the picture, as its file stores them, go in; the middle of the tone range is where the
//! table is densest.

use super::calibration::Calibration;
use super::fit::Transfer;
use crate::imaging::colour;

/// Colours along each side of the table.
const GRID: usize = 33;
/// Entries of the curves before it.
const CURVE: usize = 1024;

/// The profile's bytes: pictures of this camera under this light, without any colour change of the
/// raw converter. As bright as they were taken; white is the brightest balanced green.
pub fn profile(calibration: &Calibration) -> Vec<u8> {
    let name = format!("Culet {}", calibration.summary());
    let tags: [(&[u8; 4], Vec<u8>); 4] = [
        (b"desc", description(&name)),
        (b"cprt", text("No copyright, use freely")),
        (b"wtpt", xyz(colour::D50)),
        (b"A2B0", table(calibration)),
    ];
    let mut data = Vec::new();
    let mut index = Vec::new();
    let start = 128 + 4 + 12 * tags.len();
    index.extend_from_slice(&(tags.len() as u32).to_be_bytes());
    for (signature, bytes) in &tags {
        index.extend_from_slice(*signature);
        index.extend_from_slice(&((start + data.len()) as u32).to_be_bytes());
        index.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        data.extend_from_slice(bytes);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut all = header(start + data.len());
    all.extend_from_slice(&index);
    all.extend_from_slice(&data);
    all
}

fn header(size: usize) -> Vec<u8> {
    let mut h = vec![0; 128];
    let mut put = |at: usize, bytes: &[u8]| h[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &(size as u32).to_be_bytes());
    put(8, &[2, 0x40, 0, 0]);
    put(12, b"scnr");
    put(16, b"RGB ");
    put(20, b"Lab ");
    // A fixed date: the same calibration makes the same bytes.
    for (i, v) in [2024_u16, 1, 1, 0, 0, 0].into_iter().enumerate() {
        put(24 + 2 * i, &v.to_be_bytes());
    }
    put(36, b"acsp");
    for (i, v) in colour::D50.into_iter().enumerate() {
        put(68 + 4 * i, &fixed(v));
    }
    h
}

/// s15Fixed16Number.
fn fixed(v: f32) -> [u8; 4] {
    ((f64::from(v) * 65_536.0).round() as i32).to_be_bytes()
}

fn text(s: &str) -> Vec<u8> {
    let mut out = b"text\0\0\0\0".to_vec();
    out.extend(s.bytes().filter(u8::is_ascii));
    out.push(0);
    out
}

/// textDescriptionType: ASCII only; other letters are left out.
fn description(s: &str) -> Vec<u8> {
    let plain: Vec<u8> = s.replace('Δ', "d").bytes().filter(u8::is_ascii).take(200).collect();
    let mut out = b"desc\0\0\0\0".to_vec();
    out.extend_from_slice(&(plain.len() as u32 + 1).to_be_bytes());
    out.extend_from_slice(&plain);
    out.push(0);
    // No Unicode and no Macintosh text.
    out.extend_from_slice(&[0; 4 + 4 + 2 + 1 + 67]);
    out
}

fn xyz(v: [f32; 3]) -> Vec<u8> {
    let mut out = b"XYZ \0\0\0\0".to_vec();
    for c in v {
        out.extend_from_slice(&fixed(c));
    }
    out
}

/// lut16Type: curves to where the table is dense, the table, no curves after it.
fn table(calibration: &Calibration) -> Vec<u8> {
    let mut out = b"mft2\0\0\0\0".to_vec();
    out.extend_from_slice(&[3, 3, GRID as u8, 0]);
    for v in [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0] {
        out.extend_from_slice(&fixed(v));
    }
    out.extend_from_slice(&(CURVE as u16).to_be_bytes());
    out.extend_from_slice(&2_u16.to_be_bytes());
    let mut put = |v: f32| {
        let word = (v.clamp(0.0, 1.0) * 65_535.0).round() as u16;
        out.extend_from_slice(&word.to_be_bytes());
    };
    for _ in 0..3 {
        for i in 0..CURVE {
            let stored = i as f32 / (CURVE - 1) as f32;
            let linear = calibration.transfer == Transfer::Linear;
            put(if linear { colour::srgb_encode(stored) } else { stored });
        }
    }
    let side = |i: usize| colour::srgb_decode(i as f32 / (GRID - 1) as f32);
    for i in 0..GRID * GRID * GRID {
        let camera = [side(i / (GRID * GRID)), side(i / GRID % GRID), side(i % GRID)];
        for v in encoded_lab(calibration.balanced(camera)) {
            put(v);
        }
    }
    for _ in 0..3 {
        put(0.0);
        put(1.0);
    }
    out
}

/// L*a*b* under D50 as version 2 profiles store it in 16 bits, over 65535.
fn encoded_lab(linear_srgb: [f32; 3]) -> [f32; 3] {
    let d65 = colour::apply(&colour::SRGB_TO_XYZ, linear_srgb);
    let d50 = colour::apply(&colour::D65_TO_D50, d65).map(|v| v.max(0.0));
    let [l, a, b] = colour::xyz_to_lab(d50, colour::D50);
    [l * 652.8 / 65_535.0, (a + 128.0) * 256.0 / 65_535.0, (b + 128.0) * 256.0 / 65_535.0]
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::fitted;
    use super::*;
    use moxcms::{ColorProfile, Layout, TransformOptions};

    /// Colours through the profile by another library (moxcms), to linear sRGB.
    fn through(profile: &[u8], stored: &[[f32; 3]]) -> Vec<[f32; 3]> {
        let camera = ColorProfile::new_from_slice(profile).unwrap();
        let srgb = ColorProfile::new_srgb();
        let t = camera
            .create_transform_16bit(Layout::Rgb, &srgb, Layout::Rgb, TransformOptions::default())
            .unwrap();
        let source: Vec<u16> =
            stored.iter().flatten().map(|v| (v * 65_535.0).round() as u16).collect();
        let mut out = vec![0; source.len()];
        t.transform(&source, &mut out).unwrap();
        let linear = |v: u16| colour::srgb_decode(f32::from(v) / 65_535.0);
        out.chunks(3).map(|p| [linear(p[0]), linear(p[1]), linear(p[2])]).collect()
    }

    #[test]
    fn another_library_reads_the_same_colours_out_of_it() {
        for transfer in [Transfer::Srgb, Transfer::Linear] {
            let mut c = fitted();
            c.transfer = transfer;
            let stored: Vec<[f32; 3]> = (0..60)
                .map(|i| {
                    let v = |k: usize| 0.25 + ((i * k) % 13) as f32 / 26.0;
                    [v(3), v(5), v(7)]
                })
                .collect();
            let seen = through(&profile(&c), &stored);
            let mut compared = 0;
            for (s, got) in stored.iter().zip(seen) {
                let linear =
                    if transfer == Transfer::Srgb { s.map(colour::srgb_decode) } else { *s };
                let want = c.balanced(linear);
                if want.iter().all(|v| (0.01..0.98).contains(v)) {
                    let lab = colour::linear_srgb_to_lab;
                    let off = colour::delta_e_2000(lab(got), lab(want));
                    assert!(off < 1.0, "{transfer:?} {s:?}: {got:?} {want:?} {off}");
                    compared += 1;
                }
            }
            assert!(compared > 15, "{compared}");
        }
    }
}
