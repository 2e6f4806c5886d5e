//! Wide vector instructions: a loop is compiled once more for the widest ones, and runs that way on
//! machines that have them. Results are the same to the last bit.

/// Runs a loop with the widest vector instructions that this machine has. Functions that the loop
/// calls must be `#[inline(always)]`, or they stay narrow.
#[inline(always)]
pub fn wide<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_loop_gives_what_a_narrow_one_does() {
        let values: Vec<f32> = (0..1003).map(|i| (i as f32).sin()).collect();
        let squares = |v: &[f32]| v.iter().map(|v| v * v + 0.1 * v).collect::<Vec<f32>>();
        assert_eq!(wide(|| squares(&values)), squares(&values));
    }
}
