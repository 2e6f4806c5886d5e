//! A camera's colour correction: white balance, then a 3x3 matrix or a root-polynomial of degree 2.
//!
//! Source of the root-polynomial: Finlayson, Mackiewicz, Hurlbert 2015, "Color Correction Using
//! Root-Polynomial Regression". Its terms are homogeneous, so that the correction does not depend on
//! exposure.

use super::Rgb8;
use super::colour::{LinearSrgb, srgb_decode_table, srgb_encode8};
use rayon::prelude::*;

/// Terms of the root-polynomial of degree 2.
pub const TERMS: usize = 6;

/// Red, green and blue from the [`terms`] of a white-balanced colour. A 3x3 matrix has zeros in its
/// last three columns.
pub type Rows = [[f32; TERMS]; 3];

/// r, g, b, √rg, √gb, √rb of a linear colour; roots of negative products are 0.
#[inline]
pub fn terms(p: [f32; 3]) -> [f32; TERMS] {
    let [r, g, b] = p;
    let root = |v: f32| v.max(0.0).sqrt();
    // Each factor is cut at 0: two negative ones must not make a positive product.
    let [r0, g0, b0] = p.map(|v| v.max(0.0));
    [r, g, b, root(r0 * g0), root(g0 * b0), root(r0 * b0)]
}

/// A white-balanced linear colour through the rows.
#[inline]
pub fn convert(rows: &Rows, p: [f32; 3]) -> LinearSrgb {
    let t = terms(p);
    rows.map(|row| row.iter().zip(t).map(|(m, v)| m * v).sum())
}

/// Where the least of the channels begins to say that the sensor was full.
const NEARLY_FULL: f32 = 0.94;

/// White balance and colour model of one camera under one light.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// What red, green and blue are multiplied by first.
    pub gains: [f32; 3],
    /// The model.
    pub rows: Rows,
}

impl Correction {
    /// A linear camera colour (1 is the sensor's white) to linear sRGB, as bright as it was taken.
    /// What was clipped in every channel has no colour and stays white.
    #[inline]
    pub fn apply(&self, camera: [f32; 3]) -> LinearSrgb {
        let [r, g, b] = camera;
        let out = convert(&self.rows, [r * self.gains[0], g * self.gains[1], b * self.gains[2]]);
        let least = r.min(g).min(b);
        if least <= NEARLY_FULL {
            return out;
        }
        let full = ((least - NEARLY_FULL) / (1.0 - NEARLY_FULL)).min(1.0);
        let white = out[0].max(out[1]).max(out[2]).max(1.0);
        out.map(|v| v + (white - v) * full)
    }

    /// Corrects an encoded picture in place: sRGB, or linear where `linear` says so.
    pub fn apply_to(&self, picture: &mut Rgb8, linear: bool) {
        let table = srgb_decode_table();
        let decode = |v: u8| if linear { v as f32 / 255.0 } else { table[v as usize] };
        picture.data.par_chunks_mut(3 << 13).for_each(|part| {
            for p in part.chunks_exact_mut(3) {
                let out = self.apply([decode(p[0]), decode(p[1]), decode(p[2])]);
                p.copy_from_slice(&out.map(srgb_encode8));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARM: Correction = Correction {
        gains: [0.8, 1.0, 1.4],
        rows: [
            [1.2, -0.2, 0.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.1, 0.8, 0.0, 0.1, 0.0],
        ],
    };

    #[test]
    fn terms_agree_with_an_independent_implementation() {
        // colour-science 0.4.7:
        // colour.characterisation.polynomial_expansion_Finlayson2015(
        //     [0.17224810, 0.09170660, 0.06416938], 2, True)
        let got = terms([0.172_248_10, 0.091_706_60, 0.064_169_38]);
        let expected =
            [0.172_248_10, 0.091_706_60, 0.064_169_38, 0.125_683_28, 0.076_712_16, 0.105_133_5];
        for (g, e) in got.iter().zip(expected) {
            assert!((g - e).abs() < 1e-6, "{got:?}");
        }
    }

    #[test]
    fn burnt_out_stays_white_and_a_neutral_becomes_neutral() {
        let white = WARM.apply([1.0; 3]);
        assert!(white.iter().all(|v| *v == white[0] && *v >= 1.0), "{white:?}");
        // A grey under this camera's cast: equal after the gains.
        let grey = WARM.apply([0.4 / 0.8, 0.4, 0.4 / 1.4]);
        assert!(grey.iter().all(|v| (v - 0.4).abs() < 1e-6), "{grey:?}");
    }

    #[test]
    fn a_picture_is_corrected_pixel_by_pixel() {
        let mut picture = Rgb8 { w: 2, h: 1, data: vec![120, 90, 60, 255, 255, 255] };
        WARM.apply_to(&mut picture, false);
        let t = srgb_decode_table();
        let want = WARM.apply([t[120], t[90], t[60]]).map(srgb_encode8);
        assert_eq!(picture.data[..3], want);
        assert_eq!(picture.data[3..], [255; 3]);
    }
}
