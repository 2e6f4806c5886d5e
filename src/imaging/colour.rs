//! Colour spaces and differences. Matrices are row-major, chosen for D65 unless a name says D50.
//!
//! Sources: IEC 61966-2-1 (sRGB), ITU-R BT.2020, Lindbloom (Bradford), CIE 15:2004 (Lab), Sharma, Wu
//! and Dalal 2005 (ΔE2000), Robertson-free temperature after `McCamy` 1992.

use std::sync::OnceLock;

/// Linear light with sRGB primaries and white D65; 1 is white.
pub type LinearSrgb = [f32; 3];
/// CIE L*a*b*; the white is the one that the conversion names.
pub type Lab = [f32; 3];
/// CIE XYZ, Y of white is 1.
pub type Xyz = [f32; 3];
/// Three rows of three.
pub type Matrix3 = [[f32; 3]; 3];

/// White point D65 (2 degrees), Y = 1.
pub const D65: Xyz = [0.950_47, 1.0, 1.088_83];
/// White point D50 (2 degrees), Y = 1.
pub const D50: Xyz = [0.964_22, 1.0, 0.825_21];

/// Linear sRGB to XYZ (D65).
pub const SRGB_TO_XYZ: Matrix3 = [
    [0.412_456_4, 0.357_576_1, 0.180_437_5],
    [0.212_672_9, 0.715_152_2, 0.072_175_0],
    [0.019_333_9, 0.119_192_0, 0.950_304_1],
];
/// XYZ (D65) to linear sRGB.
pub const XYZ_TO_SRGB: Matrix3 = [
    [3.240_454_2, -1.537_138_5, -0.498_531_4],
    [-0.969_266_0, 1.876_010_8, 0.041_556_0],
    [0.055_643_4, -0.204_025_9, 1.057_225_2],
];
/// Linear sRGB to linear Rec.2020 (BT.2087).
pub const SRGB_TO_REC2020: Matrix3 = [
    [0.627_403_9, 0.329_283_0, 0.043_313_1],
    [0.069_097_3, 0.919_540_4, 0.011_362_3],
    [0.016_391_4, 0.088_013_3, 0.895_595_3],
];
/// Linear Rec.2020 to linear sRGB.
pub const REC2020_TO_SRGB: Matrix3 = [
    [1.660_491, -0.587_641_1, -0.072_849_9],
    [-0.124_550_5, 1.132_899_9, -0.008_349_4],
    [-0.018_150_8, -0.100_578_9, 1.118_729_7],
];
/// Adaptation from D50 to D65 by Bradford.
pub const D50_TO_D65: Matrix3 = [
    [0.955_576_6, -0.023_039_3, 0.063_163_6],
    [-0.028_289_5, 1.009_941_6, 0.021_007_7],
    [0.012_298_2, -0.020_483_0, 1.329_909_8],
];
/// Adaptation from D65 to D50 by Bradford.
pub const D65_TO_D50: Matrix3 = [
    [1.047_811_2, 0.022_886_6, -0.050_127_0],
    [0.029_542_4, 0.990_484_4, -0.017_049_1],
    [-0.009_234_5, 0.015_043_6, 0.752_131_6],
];

/// `m * v`.
#[inline]
pub fn apply(m: &Matrix3, v: [f32; 3]) -> [f32; 3] {
    [
        m[0][0] * v[0] + m[0][1] * v[1] + m[0][2] * v[2],
        m[1][0] * v[0] + m[1][1] * v[1] + m[1][2] * v[2],
        m[2][0] * v[0] + m[2][1] * v[1] + m[2][2] * v[2],
    ]
}

/// `a * b`: first `b`, then `a`.
pub fn multiply(a: &Matrix3, b: &Matrix3) -> Matrix3 {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// Luminance Y of linear sRGB.
#[inline]
pub fn luminance(p: LinearSrgb) -> f32 {
    0.212_672_9 * p[0] + 0.715_152_2 * p[1] + 0.072_175 * p[2]
}

/// The sRGB curve: encoded 0..1 to linear light.
pub fn srgb_decode(v: f32) -> f32 {
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// The sRGB curve: linear light to encoded 0..1; mirrored for values below 0.
pub fn srgb_encode(v: f32) -> f32 {
    let a = v.abs();
    let e = if a <= 0.003_130_8 { 12.92 * a } else { 1.055 * a.powf(1.0 / 2.4) - 0.055 };
    e.copysign(v)
}

/// [`srgb_decode`] of each of the 256 eight-bit values.
pub fn srgb_decode_table() -> &'static [f32; 256] {
    static TABLE: OnceLock<[f32; 256]> = OnceLock::new();
    TABLE.get_or_init(|| std::array::from_fn(|i| srgb_decode(i as f32 / 255.0)))
}

/// Linear light to an sRGB-encoded byte, clipped, by a table that is exact to the nearest byte.
#[inline]
pub fn srgb_encode8(v: f32) -> u8 {
    static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        // The table is indexed by the square root, where sRGB is nearly straight: 16384 steps
        // leave the rounding wrong for less than one input in a thousand, and never by 2.
        (0..=16_384)
            .map(|i| (srgb_encode((i as f32 / 16_384.0).powi(2)) * 255.0 + 0.5) as u8)
            .collect()
    });
    // NaN becomes 0 by the saturating cast.
    table[(v.clamp(0.0, 1.0).sqrt() * 16_384.0 + 0.5) as usize & 0x7fff]
}

/// XYZ to L*a*b* against a white.
pub fn xyz_to_lab(xyz: Xyz, white: Xyz) -> Lab {
    let f = |t: f32| {
        if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 }
    };
    let [x, y, z] = std::array::from_fn(|i| f(xyz[i] / white[i]));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// L*a*b* against a white to XYZ.
pub fn lab_to_xyz(lab: Lab, white: Xyz) -> Xyz {
    let y = (lab[0] + 16.0) / 116.0;
    let f = |t: f32| {
        let cube = t * t * t;
        if cube > 216.0 / 24_389.0 { cube } else { (116.0 * t - 16.0) * 27.0 / 24_389.0 }
    };
    [f(y + lab[1] / 500.0) * white[0], f(y) * white[1], f(y - lab[2] / 200.0) * white[2]]
}

/// Linear sRGB to L*a*b* (D65).
pub fn linear_srgb_to_lab(p: LinearSrgb) -> Lab {
    xyz_to_lab(apply(&SRGB_TO_XYZ, p), D65)
}

/// L*a*b* (D65) to linear sRGB.
pub fn lab_to_linear_srgb(lab: Lab) -> LinearSrgb {
    apply(&XYZ_TO_SRGB, lab_to_xyz(lab, D65))
}

/// The chroma C* of a colour.
pub fn chroma(lab: Lab) -> f32 {
    lab[1].hypot(lab[2])
}

/// CIEDE2000 between two colours, kL = kC = kH = 1 (Sharma, Wu, Dalal 2005).
pub fn delta_e_2000(first: Lab, second: Lab) -> f32 {
    let [l1, a1, b1] = first.map(f64::from);
    let [l2, a2, b2] = second.map(f64::from);
    let c_mean7 = f64::midpoint(a1.hypot(b1), a2.hypot(b2)).powi(7);
    let g = 0.5 * (1.0 - (c_mean7 / (c_mean7 + 25_f64.powi(7))).sqrt());
    let (a1, a2) = ((1.0 + g) * a1, (1.0 + g) * a2);
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| {
        if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) }
    };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let apart = h2 - h1;
    let dh = if c1 * c2 == 0.0 {
        0.0
    } else if apart.abs() <= 180.0 {
        apart
    } else {
        apart - 360.0 * apart.signum()
    };
    let d_hue = 2.0 * (c1 * c2).sqrt() * (dh / 2.0).to_radians().sin();
    let (l, c) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2));
    let h = if c1 * c2 == 0.0 {
        h1 + h2
    } else if apart.abs() <= 180.0 {
        f64::midpoint(h1, h2)
    } else if h1 + h2 < 360.0 {
        f64::midpoint(h1 + h2, 360.0)
    } else {
        f64::midpoint(h1 + h2, -360.0)
    };
    let t = 1.0 - 0.17 * (h - 30.0).to_radians().cos()
        + 0.24 * (2.0 * h).to_radians().cos()
        + 0.32 * (3.0 * h + 6.0).to_radians().cos()
        - 0.20 * (4.0 * h - 63.0).to_radians().cos();
    let turn = 30.0 * (-((h - 275.0) / 25.0).powi(2)).exp();
    let c7 = c.powi(7);
    let rc = 2.0 * (c7 / (c7 + 25_f64.powi(7))).sqrt();
    let l50 = (l - 50.0).powi(2);
    let sl = 1.0 + 0.015 * l50 / (20.0 + l50).sqrt();
    let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let rt = -(2.0 * turn).to_radians().sin() * rc;
    let (dl, dc, dh) = ((l2 - l1) / sl, (c2 - c1) / sc, d_hue / sh);
    (dl * dl + dc * dc + dh * dh + rt * dc * dh).max(0.0).sqrt() as f32
}

/// Correlated colour temperature in kelvin of an XYZ colour, after `McCamy` 1992 (good to about 2 %
/// from 2856 to 6504 K).
pub fn kelvin(xyz: Xyz) -> f32 {
    let sum = (xyz[0] + xyz[1] + xyz[2]).max(1e-9);
    let (x, y) = (xyz[0] / sum, xyz[1] / sum);
    let n = (x - 0.332) / (0.1858 - y);
    449.0 * n.powi(3) + 3525.0 * n.powi(2) + 6823.3 * n + 5520.33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delta_e_2000_agrees_with_sharmas_published_pairs() {
        // Sharma, Wu, Dalal: The CIEDE2000 Color-Difference Formula, Table 1.
        let pairs = include_str!("ciede2000_sharma.csv");
        let mut seen = 0;
        for line in pairs.lines().filter(|l| !l.starts_with('#')) {
            let v: Vec<f32> = line.split(',').map(|t| t.trim().parse().unwrap()).collect();
            let got = delta_e_2000([v[0], v[1], v[2]], [v[3], v[4], v[5]]);
            assert!((got - v[6]).abs() < 1e-4, "{line}: {got}");
            seen += 1;
        }
        assert_eq!(seen, 34);
    }

    #[test]
    fn white_is_white_everywhere() {
        let lab = linear_srgb_to_lab([1.0; 3]);
        assert!((lab[0] - 100.0).abs() < 1e-3 && chroma(lab) < 0.01, "{lab:?}");
        let wide = apply(&SRGB_TO_REC2020, [1.0; 3]);
        assert!(wide.iter().all(|v| (v - 1.0).abs() < 1e-5), "{wide:?}");
        let d50 = apply(&D65_TO_D50, D65);
        assert!(d50.iter().zip(D50).all(|(a, b)| (a - b).abs() < 1e-4), "{d50:?}");
    }

    #[test]
    fn the_byte_table_is_within_one_and_keeps_every_byte() {
        for (i, &v) in srgb_decode_table().iter().enumerate() {
            assert_eq!(srgb_encode8(v), i as u8);
        }
        for i in 0..100_000 {
            let v = i as f32 / 100_000.0;
            let exact = srgb_encode(v) * 255.0;
            assert!((f32::from(srgb_encode8(v)) - exact).abs() < 0.56, "{v}");
        }
        assert_eq!((srgb_encode8(f32::NAN), srgb_encode8(-1.0), srgb_encode8(9.0)), (0, 0, 255));
    }

    #[test]
    fn temperature_of_the_standard_illuminants() {
        assert!((kelvin(D65) - 6504.0).abs() < 30.0, "{}", kelvin(D65));
        assert!((kelvin(D50) - 5003.0).abs() < 30.0, "{}", kelvin(D50));
    }
}
