//! Order statistics and small filters that several measures share.

use crate::imaging::lanes::wide_fn;

/// The value below which a share `q` of the values lies; 0 of none. Reorders the values.
pub(super) fn quantile(values: &mut [f32], q: f32) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f32 * q.clamp(0.0, 1.0)).round() as usize;
    // Whole numbers in the same order are compared in one instruction.
    let bits = bytemuck::cast_slice_mut::<f32, i32>(values);
    turn(bits);
    let found = turned(*bits.select_nth_unstable(at).1);
    turn(bits);
    f32::from_bits(found as u32)
}

/// A float's bits as a number in the order of [`f32::total_cmp`], and back.
#[inline(always)]
fn turned(bits: i32) -> i32 {
    bits ^ ((bits >> 31) as u32 >> 1) as i32
}

wide_fn! {
    fn turn(bits: &mut [i32]) {
        bits.iter_mut().for_each(|b| *b = turned(*b));
    }
}

/// The middle value; 0 of none. Reorders the values.
pub(super) fn median(values: &mut [f32]) -> f32 {
    quantile(values, 0.5)
}

/// Natural logarithm of a positive, normal number, within 1e-6: no call, so that a loop of it
/// vectorises. The argument is `2^k m` with m about 1; `ln m` is the series of `2 atanh`.
#[inline(always)]
pub(super) fn ln(v: f32) -> f32 {
    /// Bits of the square root of one half.
    const HALF: i32 = 0x3f35_04f3;
    let bits = v.to_bits() as i32;
    let k = (bits - HALF) >> 23;
    let f = f32::from_bits((bits - (k << 23)) as u32) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let series = 1.0 + z * (1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0 + z * (1.0 / 9.0))));
    2.0 * s * series + k as f32 * std::f32::consts::LN_2
}

/// The sum of products, in sixteen lanes so that it vectorises.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (whole, mut sum) = (a.len().min(b.len()) / 16 * 16, 0.0);
    for (x, y) in a.chunks_exact(16).zip(b.chunks_exact(16)) {
        for k in 0..16 {
            lanes[k] += x[k] * y[k];
        }
    }
    for (x, y) in a[whole..].iter().zip(&b[whole..]) {
        sum += x * y;
    }
    for lane in lanes {
        sum += lane;
    }
    sum
}

wide_fn! {
    /// Adds the places of values whose size is above a floor. Most lie below it: sixteen are looked at
    /// together.
    pub(super) fn above(values: &[f32], floor: f32, out: &mut Vec<u32>) {
        for (k, some) in values.chunks(16).enumerate() {
            if some.iter().fold(false, |any, v| any | (v.abs() > floor)) {
                let places = some.iter().enumerate().filter(|(_, v)| v.abs() > floor);
                out.extend(places.map(|(x, _)| (16 * k + x) as u32));
            }
        }
    }
}

/// Falls smoothly from 1 at `good` to 0 at `bad`.
pub(super) fn fall(v: f32, good: f32, bad: f32) -> f32 {
    let t = ((v - good) / (bad - good)).clamp(0.0, 1.0);
    1.0 - t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_library() {
        for k in -40..40 {
            for m in [1.0, 1.1, 1.37, 1.4142, 1.42, 1.7, 1.9999_f32] {
                let v = m * 2_f32.powi(k);
                assert!((ln(v) - v.ln()).abs() < 1e-6 * v.ln().abs().max(1.0), "{v}");
            }
        }
    }

    #[test]
    fn quantiles_and_products() {
        let mut v: Vec<f32> = (0..101).rev().map(|i| i as f32).collect();
        assert_eq!(
            (median(&mut v), quantile(&mut v, 0.95), quantile(&mut [], 0.5)),
            (50.0, 95.0, 0.0)
        );
        let v: Vec<f32> = (0..19).map(|i| i as f32).collect();
        assert_eq!(dot(&v, &v), 2109.0);
        assert_eq!(
            (fall(1.0, 1.0, 2.0), fall(2.5, 1.0, 2.0), fall(1.5, 1.0, 2.0)),
            (1.0, 0.0, 0.5)
        );
    }
}
