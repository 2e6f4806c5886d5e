//! Order statistics and small filters that several measures share.

/// The value below which a share `q` of the values lies; 0 of none. Reorders the values.
pub(super) fn quantile(values: &mut [f32], q: f32) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f32 * q.clamp(0.0, 1.0)).round() as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

/// The middle value; 0 of none. Reorders the values.
pub(super) fn median(values: &mut [f32]) -> f32 {
    quantile(values, 0.5)
}

/// The sum of products, in eight lanes so that it vectorises.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f32 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for k in 0..8 {
            lanes[k] += x[k] * y[k];
        }
    }
    lanes.iter().sum::<f32>() + tail
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
