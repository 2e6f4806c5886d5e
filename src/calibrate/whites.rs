//! Whites of lights and the adaptation between them.

use crate::imaging::colour::{self, LinearSrgb, Matrix3, Xyz};

/// The colour temperature of the light, kelvin, from how a camera that is set to `camera_kelvin`
/// shows something grey (linear sRGB): what to set the camera to. Good to about 2 %.
pub fn light_kelvin(grey: LinearSrgb, camera_kelvin: f32) -> f32 {
    let xyz = colour::apply(&colour::SRGB_TO_XYZ, grey);
    colour::kelvin(colour::apply(&bradford(colour::D65, white_of(camera_kelvin)), xyz))
}

/// The matrix that adapts from one white to another (Bradford, after Lindbloom).
pub(super) fn bradford(from: Xyz, to: Xyz) -> Matrix3 {
    const CONES: Matrix3 =
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
    const BACK: Matrix3 = [
        [0.986_993, -0.147_054, 0.159_963],
        [0.432_305, 0.518_360, 0.049_291],
        [-0.008_529, 0.040_043, 0.968_487],
    ];
    let (a, b) = (colour::apply(&CONES, from), colour::apply(&CONES, to));
    let scale =
        std::array::from_fn(|i| std::array::from_fn(|j| if i == j { b[i] / a[i] } else { 0.0 }));
    colour::multiply(&BACK, &colour::multiply(&scale, &CONES))
}

/// The white of a light, Y = 1: CIE daylight from 4000 K on (CIE 15:2018), the Planckian locus after
/// Kim et al. 2002 below.
pub(super) fn white_of(kelvin: f32) -> Xyz {
    let t = f64::from(kelvin);
    let (x, y) = if t >= 4000.0 {
        let x = if t <= 7000.0 {
            -4.607e9 / t.powi(3) + 2.9678e6 / t.powi(2) + 0.099_11e3 / t + 0.244_063
        } else {
            -2.0064e9 / t.powi(3) + 1.9018e6 / t.powi(2) + 0.247_48e3 / t + 0.237_04
        };
        (x, -3.0 * x * x + 2.87 * x - 0.275)
    } else {
        let x =
            -0.266_123_9e9 / t.powi(3) - 0.234_358_9e6 / t.powi(2) + 0.877_695_6e3 / t + 0.179_91;
        let y = if t <= 2222.0 {
            -1.106_381_4 * x.powi(3) - 1.348_110_2 * x * x + 2.185_558_32 * x - 0.202_196_83
        } else {
            -0.954_947_6 * x.powi(3) - 1.374_185_93 * x * x + 2.091_370_15 * x - 0.167_488_67
        };
        (x, y)
    };
    [(x / y) as f32, 1.0, ((1.0 - x - y) / y) as f32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whites_are_those_of_the_published_loci() {
        // CIE 15:2018: D55, D65 and A, and D50 within the rounding of its temperature.
        for (kelvin, x, y) in
            [(5503.0, 0.3324, 0.3474), (6504.0, 0.3127, 0.3290), (2856.0, 0.4476, 0.4074)]
        {
            let w = white_of(kelvin);
            let sum: f32 = w.iter().sum();
            let off = (w[0] / sum - x).hypot(w[1] / sum - y);
            assert!(off < 8e-4, "{kelvin}: {off}");
        }
    }

    #[test]
    fn adaptation_brings_white_to_white_and_is_the_published_matrix() {
        let to_d50 = bradford(colour::D65, colour::D50);
        let white = colour::apply(&to_d50, colour::D65);
        for (got, want) in white.iter().zip(colour::D50) {
            assert!((got - want).abs() < 1e-4, "{white:?}");
        }
        for (row, published) in to_d50.iter().zip(colour::D65_TO_D50) {
            for (a, b) in row.iter().zip(published) {
                assert!((a - b).abs() < 2e-4, "{to_d50:?}");
            }
        }
    }

    #[test]
    fn the_camera_is_told_the_temperature_of_the_light() {
        // colour-science 0.4.7: CCT_to_xy_CIE_D([5350, 4600]).
        for (kelvin, x, y) in [(5350.0, 0.336_190, 0.350_795), (4600.0, 0.358_533, 0.368_352)] {
            let light = [x / y, 1.0, (1.0 - x - y) / y];
            let shown = colour::apply(&bradford(white_of(5500.0), colour::D65), light);
            let grey = colour::apply(&colour::XYZ_TO_SRGB, shown).map(|v| v * 0.3);
            let told = light_kelvin(grey, 5500.0);
            assert!((told / kelvin - 1.0).abs() < 0.01, "{kelvin}: {told}");
        }
    }
}
