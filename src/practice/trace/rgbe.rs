//! Linear radiance in four bytes: three mantissas with one exponent (Ward, "Real Pixels", 1991).
//! A step is at most 0.8 % of the brightest channel, under the noise of any exposure.

/// Red, green, blue and the exponent plus 128; all zero is black.
pub(crate) type Rgbe = [u8; 4];

/// Rounds to the nearest; negative and undefined values are black.
pub(crate) fn pack(c: [f32; 3]) -> Rgbe {
    let most = c[0].max(c[1]).max(c[2]);
    if most.is_nan() || most < 1e-9 {
        return [0; 4];
    }
    // The exponent with which the brightest channel fills its byte without rounding up past it.
    let mut exponent = most.log2().floor() as i32 + 1;
    if most * scale(exponent) >= 255.5 {
        exponent += 1;
    }
    let k = scale(exponent);
    let byte = |v: f32| (v * k + 0.5) as u8;
    [byte(c[0]), byte(c[1]), byte(c[2]), (exponent + 128).clamp(1, 255) as u8]
}

/// What one unit of light is in mantissa steps.
fn scale(exponent: i32) -> f32 {
    (256.0_f32) / (exponent as f32).exp2()
}

/// The light of a mantissa step for every exponent.
pub(crate) struct Steps([f32; 256]);

impl Steps {
    pub(crate) fn new() -> Steps {
        Steps(std::array::from_fn(|e| match e {
            0 => 0.0,
            e => (e as f32 - 128.0 - 8.0).exp2(),
        }))
    }

    pub(crate) fn unpack(&self, p: Rgbe) -> [f32; 3] {
        let k = self.0[usize::from(p[3])];
        [f32::from(p[0]) * k, f32::from(p[1]) * k, f32::from(p[2]) * k]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_within_half_a_step() {
        let steps = Steps::new();
        for i in 0..40_000 {
            let v = (i as f32 / 40_000.0 * 24.0 - 14.0).exp2();
            let c = [v, v * 0.73, v * 0.31];
            let back = steps.unpack(pack(c));
            for k in 0..3 {
                assert!((back[k] - c[k]).abs() <= v / 250.0, "{c:?} {back:?}");
            }
        }
        assert_eq!(steps.unpack(pack([0.0; 3])), [0.0; 3]);
        assert_eq!(pack([f32::NAN; 3]), [0; 4]);
        assert_eq!(pack([-1.0; 3]), [0; 4]);
    }
}
