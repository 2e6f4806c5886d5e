//! White balance of the practice camera: what a preset or a temperature does to the picture.

use crate::imaging::colour;

/// The light on the practice set, kelvin: what a camera must be set to for neutral paper.
pub const LIGHT_KELVIN: f32 = 5500.0;

/// Gains of linear red, green and blue of a camera that is set to `kelvin` under the light of the
/// practice set; green is 1. A higher setting makes the picture warmer.
///
/// The white that the camera is told about is the Planckian locus in Kim's cubic approximation
/// (US patent 7024034), 1667 to 25000 K, brought to linear sRGB.
pub fn kelvin_gains(kelvin: f32) -> [f32; 3] {
    let (told, true_white) = (white(kelvin), white(LIGHT_KELVIN));
    let gain: [f32; 3] = std::array::from_fn(|c| true_white[c] / told[c].max(0.02));
    gain.map(|g| g / gain[1])
}

/// Linear sRGB of a black body, luminance 1.
fn white(kelvin: f32) -> [f32; 3] {
    let (x, y) = planckian(kelvin.clamp(1667.0, 25_000.0));
    colour::apply(&colour::XYZ_TO_SRGB, [x / y, 1.0, (1.0 - x - y) / y])
}

/// CIE 1931 x, y of a black body.
fn planckian(t: f32) -> (f32, f32) {
    let (a, b, c) = (1e9 / t / t / t, 1e6 / t / t, 1e3 / t);
    let x = if t <= 4000.0 {
        -0.266_123_9 * a - 0.234_358_9 * b + 0.877_695_6 * c + 0.179_910
    } else {
        -3.025_846_9 * a + 2.107_037_9 * b + 0.222_634_7 * c + 0.240_390
    };
    let y = if t <= 2222.0 {
        ((-1.106_381_4 * x - 1.348_110_2) * x + 2.185_558_3) * x - 0.202_196_83
    } else if t <= 4000.0 {
        ((-0.954_947_6 * x - 1.374_185_9) * x + 2.091_370_2) * x - 0.167_488_67
    } else {
        ((3.081_758 * x - 5.873_387) * x + 3.751_13) * x - 0.370_014_83
    };
    (x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locus_is_where_the_tables_say() {
        // Wyszecki and Stiles, Color Science, table 1(3.11).
        for (kelvin, x, y) in
            [(2856.0, 0.4475, 0.4075), (5000.0, 0.3451, 0.3516), (6500.0, 0.3135, 0.3237)]
        {
            let (gx, gy) = planckian(kelvin);
            assert!((gx - x).abs() < 0.002 && (gy - y).abs() < 0.002, "{kelvin}: {gx} {gy}");
        }
    }

    #[test]
    fn the_light_itself_is_neutral_and_more_kelvin_is_warmer() {
        assert!(kelvin_gains(LIGHT_KELVIN).iter().all(|g| (g - 1.0).abs() < 1e-6));
        let warm = kelvin_gains(7500.0);
        assert!(warm[0] > 1.05 && warm[2] < 0.9, "{warm:?}");
        let cold = kelvin_gains(3200.0);
        assert!(cold[0] < 0.8 && cold[2] > 1.3, "{cold:?}");
    }
}
