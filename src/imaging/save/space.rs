//! From the picture's space to the space of a file.

use crate::imaging::colour::{self, Matrix3};
use crate::imaging::{Picture, Pixels, Rgb8, Rgb16, Space};
use moxcms::ColorProfile;
use nalgebra as na;
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::OnceLock;

/// The colour space of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// IEC 61966-2-1: the web, and every shop.
    #[default]
    Srgb,
    /// P3 primaries with white D65 and the sRGB curve.
    DisplayP3,
    /// Adobe RGB (1998): print.
    AdobeRgb,
}

/// x and y of red, green and blue; white is D65 in all.
type Primaries = [[f64; 2]; 3];
/// ITU-R BT.709.
const BT709: Primaries = [[0.64, 0.33], [0.30, 0.60], [0.15, 0.06]];
/// ITU-R BT.2020.
const BT2020: Primaries = [[0.708, 0.292], [0.170, 0.797], [0.131, 0.046]];
/// SMPTE EG 432-1.
const P3: Primaries = [[0.680, 0.320], [0.265, 0.690], [0.150, 0.060]];
/// Adobe RGB (1998) Color Image Encoding, 4.3.1.
const ADOBE: Primaries = [[0.64, 0.33], [0.21, 0.71], [0.15, 0.06]];
/// ITU-R BT.709, the x and y of D65 to four digits, as all four standards give it.
const WHITE: [f64; 2] = [0.3127, 0.3290];
/// Adobe RGB (1998), 4.3.4.2: 563/256.
const ADOBE_GAMMA: f32 = 563.0 / 256.0;
/// Steps of the tables over the square root of linear light.
const STEPS: usize = 1 << 14;

impl Profile {
    /// The bytes of its ICC profile.
    pub fn icc(self) -> &'static [u8] {
        static BYTES: OnceLock<[Vec<u8>; 3]> = OnceLock::new();
        let all = BYTES.get_or_init(|| {
            [
                ColorProfile::new_srgb(),
                ColorProfile::new_display_p3(),
                ColorProfile::new_adobe_rgb(),
            ]
            .map(|p| p.encode().unwrap_or_default())
        });
        &all[self as usize]
    }

    /// Its name as people know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Srgb => "sRGB",
            Self::DisplayP3 => "Display P3",
            Self::AdobeRgb => "Adobe RGB (1998)",
        }
    }

    fn primaries(self) -> Primaries {
        match self {
            Self::Srgb => BT709,
            Self::DisplayP3 => P3,
            Self::AdobeRgb => ADOBE,
        }
    }

    /// Linear light to sixteen bits, over the square root of light, which is nearly straight under
    /// all these curves.
    fn encode_table(self) -> Vec<f32> {
        let curve = |v: f32| match self {
            Self::Srgb | Self::DisplayP3 => colour::srgb_encode(v),
            Self::AdobeRgb => v.powf(1.0 / ADOBE_GAMMA),
        };
        (0..=STEPS + 1)
            .map(|i| curve((i.min(STEPS) as f32 / STEPS as f32).powi(2)) * 65_535.0)
            .collect()
    }
}

/// Red, green and blue to XYZ, after SMPTE RP 177.
fn to_xyz(primaries: Primaries) -> na::Matrix3<f64> {
    let xyz = |[x, y]: [f64; 2]| na::Vector3::new(x / y, 1.0, (1.0 - x - y) / y);
    let columns = na::Matrix3::from_columns(&primaries.map(xyz));
    let share = columns.try_inverse().unwrap_or_else(na::Matrix3::identity) * xyz(WHITE);
    columns * na::Matrix3::from_diagonal(&share)
}

/// Linear light of `space` to linear light of `profile`.
fn matrix(space: Space, profile: Profile) -> Matrix3 {
    let from = match space {
        Space::Srgb => BT709,
        Space::Rec2020 => BT2020,
    };
    let back = to_xyz(profile.primaries()).try_inverse().unwrap_or_else(na::Matrix3::identity);
    let m = back * to_xyz(from);
    std::array::from_fn(|r| std::array::from_fn(|c| m[(r, c)] as f32))
}

/// Whether the picture's numbers are the file's already.
fn is_same(space: Space, profile: Profile) -> bool {
    space == Space::Srgb && profile == Profile::Srgb
}

/// Eight bits in the space of the file; colours outside are clipped.
pub(super) fn eight(picture: &Picture, profile: Profile) -> Cow<'_, Rgb8> {
    match &picture.pixels {
        Pixels::Eight(p) if is_same(picture.space, profile) => Cow::Borrowed(p),
        Pixels::Sixteen(p) if is_same(picture.space, profile) => Cow::Owned(p.to_rgb8()),
        Pixels::Eight(p) => {
            let data = converted(&p.data, picture.space, profile, wide8, narrow);
            Cow::Owned(Rgb8 { w: p.w, h: p.h, data })
        }
        Pixels::Sixteen(p) => {
            let data = converted(&p.data, picture.space, profile, usize::from, narrow);
            Cow::Owned(Rgb8 { w: p.w, h: p.h, data })
        }
    }
}

/// Sixteen bits in the space of the file; colours outside are clipped.
pub(super) fn sixteen(picture: &Picture, profile: Profile) -> Cow<'_, Rgb16> {
    match &picture.pixels {
        Pixels::Sixteen(p) if is_same(picture.space, profile) => Cow::Borrowed(p),
        Pixels::Eight(p) if is_same(picture.space, profile) => {
            let data = p.data.iter().map(|&v| u16::from(v) * 257).collect();
            Cow::Owned(Rgb16 { w: p.w, h: p.h, data })
        }
        Pixels::Eight(p) => {
            let data = converted(&p.data, picture.space, profile, wide8, whole);
            Cow::Owned(Rgb16 { w: p.w, h: p.h, data })
        }
        Pixels::Sixteen(p) => {
            let data = converted(&p.data, picture.space, profile, usize::from, whole);
            Cow::Owned(Rgb16 { w: p.w, h: p.h, data })
        }
    }
}

fn wide8(v: u8) -> usize {
    usize::from(v) * 257
}

/// 0..65535 to a byte.
fn narrow(v: f32) -> u8 {
    (v / 257.0 + 0.5) as u8
}

/// 0..65535 to a whole number.
fn whole(v: f32) -> u16 {
    (v + 0.5) as u16
}

fn decode_table() -> &'static [f32] {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    TABLE.get_or_init(|| {
        (0..=u16::MAX).map(|v| colour::srgb_decode(f32::from(v) / 65_535.0)).collect()
    })
}

fn converted<A: Copy + Sync, B: Copy + Default + Send>(
    from: &[A],
    space: Space,
    profile: Profile,
    index: impl Fn(A) -> usize + Sync,
    round: impl Fn(f32) -> B + Sync,
) -> Vec<B> {
    let (decode, encode) = (decode_table(), profile.encode_table());
    let matrix = matrix(space, profile);
    let mut out = vec![B::default(); from.len()];
    let chunk = 3 << 14;
    out.par_chunks_mut(chunk).zip(from.par_chunks(chunk)).for_each(|(to, from)| {
        for (to, p) in to.as_chunks_mut::<3>().0.iter_mut().zip(from.as_chunks::<3>().0) {
            let linear = p.map(|v| decode[index(v)]);
            *to = colour::apply(&matrix, linear).map(|v| round(look_up(&encode, v)));
        }
    });
    out
}

fn look_up(table: &[f32], v: f32) -> f32 {
    let at = v.clamp(0.0, 1.0).sqrt() * STEPS as f32;
    let i = at as usize;
    table[i] + (table[i + 1] - table[i]) * (at - i as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Metadata;
    use moxcms::{Layout, TransformOptions};

    #[test]
    fn matrices_are_the_published_ones() {
        // Lindbloom, RGB/XYZ matrices: Adobe RGB (1998), D65; ITU-R BT.2087 for Rec.2020 to sRGB.
        let m = to_xyz(ADOBE);
        assert!((m[(0, 0)] - 0.576_730_9).abs() < 2e-4 && (m[(2, 2)] - 0.991_108_5).abs() < 5e-4);
        let back = matrix(Space::Rec2020, Profile::Srgb);
        for (row, want) in back.iter().zip(colour::REC2020_TO_SRGB) {
            assert!(row.iter().zip(want).all(|(a, b)| (a - b).abs() < 2e-4), "{row:?} {want:?}");
        }
    }

    /// moxcms does the same conversion from the profiles; it is the other opinion.
    #[test]
    fn conversions_agree_with_a_colour_management_library() {
        let mut data = Vec::new();
        for r in (0..=255_u16).step_by(51) {
            for g in (0..=255_u16).step_by(51) {
                data.extend((0..=255_u16).step_by(51).flat_map(|b| [r * 257, g * 257, b * 257]));
            }
        }
        let targets = [
            (Profile::DisplayP3, ColorProfile::new_display_p3()),
            (Profile::AdobeRgb, ColorProfile::new_adobe_rgb()),
            (Profile::Srgb, ColorProfile::new_srgb()),
        ];
        let sources = [
            (Space::Srgb, ColorProfile::new_srgb()),
            (Space::Rec2020, crate::imaging::icc::rec2020()),
        ];
        for (space, source) in &sources {
            let picture = Picture {
                pixels: Pixels::Sixteen(Rgb16 { w: data.len() / 3, h: 1, data: data.clone() }),
                space: *space,
                metadata: Metadata::default(),
            };
            for (profile, target) in &targets {
                let options = TransformOptions { prefer_fixed_point: false, ..Default::default() };
                let other = source
                    .create_transform_16bit(Layout::Rgb, target, Layout::Rgb, options)
                    .unwrap();
                let mut want = vec![0; data.len()];
                other.transform(&data, &mut want).unwrap();
                let got = sixteen(&picture, *profile);
                let worst = got.data.iter().zip(&want).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert!(worst <= 200, "{space:?} to {profile:?}: {worst} of 65535");
                let small = eight(&picture, *profile);
                let off = small.data.iter().zip(&got.data);
                assert!(
                    off.into_iter()
                        .all(|(a, b)| (f32::from(*a) - f32::from(*b) / 257.0).abs() < 0.51)
                );
            }
        }
    }

    #[test]
    fn srgb_stays_bit_identical() {
        let rgb = Rgb8::from_fn(16, 16, |x, y| [(x * 16 + y) as u8, 3, 200]);
        let picture = Picture::from_srgb8(rgb.clone());
        assert_eq!(*eight(&picture, Profile::Srgb), rgb);
        assert_eq!(sixteen(&picture, Profile::Srgb).to_rgb8(), rgb);
    }
}
