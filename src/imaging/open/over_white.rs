//! Alpha laid over white, and kept beside.

use crate::imaging::{Mask, Rgb8, Rgb16};

/// Splits eight-bit RGBA into the picture over white and its alpha. The blend is of the encoded
/// values, as browsers and catalogue sites do it, so that soft edges look as they do there.
pub(super) fn eight(w: usize, h: usize, rgba: &[u8]) -> (Rgb8, Mask) {
    let mut rgb = Rgb8 { w, h, data: Vec::with_capacity(w * h * 3) };
    let mut alpha = Mask { w, h, data: Vec::with_capacity(w * h) };
    for p in rgba.chunks_exact(4) {
        let a = u32::from(p[3]);
        rgb.data.extend(p[..3].iter().map(|&v| {
            let sum = u32::from(v) * a + 255 * (255 - a);
            ((sum + 127) / 255) as u8
        }));
        alpha.data.push(p[3]);
    }
    (rgb, alpha)
}

/// As [`eight`], from sixteen bits; alpha is rounded to eight.
pub(super) fn sixteen(w: usize, h: usize, rgba: &[u16]) -> (Rgb16, Mask) {
    let mut rgb = Rgb16 { w, h, data: Vec::with_capacity(w * h * 3) };
    let mut alpha = Mask { w, h, data: Vec::with_capacity(w * h) };
    for p in rgba.chunks_exact(4) {
        let a = u64::from(p[3]);
        rgb.data.extend(p[..3].iter().map(|&v| {
            let sum = u64::from(v) * a + 65_535 * (65_535 - a);
            ((sum + 32_767) / 65_535) as u16
        }));
        alpha.data.push(((a * 255 + 32_767) / 65_535) as u8);
    }
    (rgb, alpha)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_is_white_and_solid_stays() {
        let (rgb, alpha) = eight(3, 1, &[9, 8, 7, 255, 9, 8, 7, 0, 0, 0, 0, 128]);
        assert_eq!(rgb.data, [9, 8, 7, 255, 255, 255, 127, 127, 127]);
        assert_eq!(alpha.data, [255, 0, 128]);
        let (rgb, alpha) = sixteen(2, 1, &[900, 800, 700, 65_535, 0, 0, 0, 0]);
        assert_eq!(rgb.data, [900, 800, 700, 65_535, 65_535, 65_535]);
        assert_eq!(alpha.data, [255, 0]);
    }
}
