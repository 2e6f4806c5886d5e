//! Wide vector instructions: a loop is compiled once more for the widest ones, and runs that way on
//! machines that have them. Results are the same to the last bit.

/// Runs a loop with the widest vector instructions that this machine has. It is inlined into code for
/// each kind of machine; what is not stays narrow: functions that it calls must be `#[inline(always)]`,
/// and a long loop may be left out by the optimiser, which a profile shows.
#[inline(always)]
pub fn wide<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}

/// A function whose loops run with the widest vector instructions that this machine has, however long
/// they are: its body is written into the code for each kind of machine, where a closure handed to
/// [`wide`] may be left out. What it calls must be `#[inline(always)]`.
macro_rules! wide_fn {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $out:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name($($arg: $kind),*) $(-> $out)? {
            #[inline(always)]
            fn narrow($($arg: $kind),*) $(-> $out)? $body
            struct Call<T>(T);
            impl ::pulp::WithSimd for Call<($($kind,)*)> {
                type Output = $crate::imaging::lanes::wide_fn!(@output $($out)?);
                #[inline(always)]
                fn with_simd<S: ::pulp::Simd>(self, _: S) -> Self::Output {
                    let ($($arg,)*) = self.0;
                    narrow($($arg),*)
                }
            }
            ::pulp::Arch::new().dispatch(Call(($($arg,)*)))
        }
    };
    (@output) => { () };
    (@output $out:ty) => { $out };
}
pub(crate) use wide_fn;

/// Red, green and blue bytes as one number a pixel, `0x00bbggrr`: what follows vectorises, which bytes
/// in threes do not.
#[inline(always)]
pub fn unpack(rgb: &[u8], out: &mut [u32]) {
    let ((four, rest), (bytes, _)) = (out.as_chunks_mut::<4>(), rgb.as_chunks::<12>());
    let done = four.len();
    for (o, b) in four.iter_mut().zip(bytes) {
        let word = |k: usize| u32::from_le_bytes([b[k], b[k + 1], b[k + 2], b[k + 3]]);
        *o = [word(0) & 0x00ff_ffff, word(3) & 0x00ff_ffff, word(6) & 0x00ff_ffff, word(8) >> 8];
    }
    for (o, p) in rest.iter_mut().zip(rgb[done * 12..].chunks_exact(3)) {
        *o = u32::from_le_bytes([p[0], p[1], p[2], 0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_threes_become_pixels() {
        for n in 0..11 {
            let bytes: Vec<u8> = (0..3 * n).map(|i| (i * 37 + 5) as u8).collect();
            let mut out = vec![0; n];
            unpack(&bytes, &mut out);
            let want = bytes.chunks_exact(3).map(|p| u32::from_le_bytes([p[0], p[1], p[2], 0]));
            assert_eq!(out, want.collect::<Vec<_>>());
        }
    }

    wide_fn! {
        fn twice(values: &[f32], out: &mut Vec<f32>) -> usize {
            out.extend(values.iter().map(|v| v + v));
            out.len()
        }
    }

    #[test]
    fn a_wide_function_gives_what_its_body_says() {
        let mut out = Vec::new();
        assert_eq!((twice(&[1.0, -2.5], &mut out), out), (2, vec![2.0, -5.0]));
    }

    #[test]
    fn a_wide_loop_gives_what_a_narrow_one_does() {
        let values: Vec<f32> = (0..1003).map(|i| (i as f32).sin()).collect();
        let squares = |v: &[f32]| v.iter().map(|v| v * v + 0.1 * v).collect::<Vec<f32>>();
        assert_eq!(wide(|| squares(&values)), squares(&values));
    }
}
