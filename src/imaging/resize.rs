//! Resampling through `fast_image_resize`: Lanczos with three lobes, area-weighted when shrinking.

use super::lanes::wide;
use super::{Mask, Plane, Rgb8, Rgb16, colour};
use bytemuck::{Pod, cast_slice, cast_slice_mut};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{F32, U8, U8x3, U16x3};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use rayon::prelude::*;
use std::sync::OnceLock;

/// The size of a `w` x `h` picture whose longer side is `longer`; never empty.
pub fn fit((w, h): (usize, usize), longer: usize) -> (usize, usize) {
    let side = w.max(h).max(1);
    let scaled = |v: usize| ((v * longer + side / 2) / side).max(1);
    (scaled(w), scaled(h))
}

/// Resamples the encoded values: quick, right for previews and measures. Thin bright lines on dark
/// ground come out a little darker than in [`rgb8_linear`].
pub fn rgb8(from: &Rgb8, w: usize, h: usize) -> Rgb8 {
    if (from.w, from.h) == (w, h) {
        return from.clone();
    }
    let mut out = Rgb8::new(w, h);
    let size = (from.w, from.h);
    run::<_, U8x3>(&from.data, size, &mut out.data, (w, h), FilterType::Lanczos3);
    out
}

/// [`rgb8`] for a much smaller copy: whole blocks are averaged down to three pixels for each that is
/// wanted before those are weighed, which is several times quicker. On real pictures few bytes differ by
/// more than one.
pub fn rgb8_much_smaller(from: &Rgb8, w: usize, h: usize) -> Rgb8 {
    let block = (from.w / (3 * w.max(1))).min(from.h / (3 * h.max(1))).min(MOST);
    if block < 2 {
        return rgb8(from, w, h);
    }
    let blocks = averaged(from, block);
    let mut out = Rgb8::new(w, h);
    // The last blocks may be cut: what they lack lies outside of the picture.
    let side = |n: usize| n as f64 / block as f64;
    let options = options(FilterType::Lanczos3).crop(0.0, 0.0, side(from.w), side(from.h));
    let size = (blocks.w, blocks.h);
    run_with::<_, U8x3>(&blocks.data, size, &mut out.data, (w, h), &options);
    out
}

/// So many rows and columns of bytes can be added in sixteen bits.
const MOST: usize = 16;

/// The means of squares of a side of at most [`MOST`]; those at the right and lower edge may be cut.
fn averaged(from: &Rgb8, side: usize) -> Rgb8 {
    let (w, h) = (from.w.div_ceil(side), from.h.div_ceil(side));
    let mut out = Rgb8::new(w, h);
    out.data.par_chunks_exact_mut(w * 3).enumerate().for_each(|(y, out)| {
        let rows = side.min(from.h - y * side);
        // Wrapping, because a check at each sum would keep the compiler from wide registers. Beyond the
        // last column there is nothing.
        let n = w * side * 3;
        let mut sums = vec![0_u16; n];
        for row in from.data[y * side * from.w * 3..].chunks_exact(from.w * 3).take(rows) {
            wide(|| {
                sums.iter_mut().zip(row).for_each(|(s, v)| *s = s.wrapping_add(u16::from(*v)));
            });
        }
        // Every column with as many after it as a block has: more than is wanted, but in wide registers.
        let mut all = sums.clone();
        for k in 1..side {
            wide(|| all.iter_mut().zip(&sums[3 * k..]).for_each(|(a, s)| *a = a.wrapping_add(*s)));
        }
        for (x, (out, all)) in out.chunks_exact_mut(3).zip(all.chunks_exact(side * 3)).enumerate() {
            let columns = side.min(from.w - x * side);
            let share = 1.0 / (rows * columns) as f32;
            (0..3).for_each(|c| out[c] = (f32::from(all[c]) * share + 0.5) as u8);
        }
    });
    out
}

/// Resamples the encoded values of sixteen bits.
pub fn rgb16(from: &Rgb16, w: usize, h: usize) -> Rgb16 {
    if (from.w, from.h) == (w, h) {
        return from.clone();
    }
    let mut out = Rgb16::new(w, h);
    let size = (from.w, from.h);
    run::<_, U16x3>(&from.data, size, &mut out.data, (w, h), FilterType::Lanczos3);
    out
}

/// Resamples sRGB-encoded values in linear light at sixteen bits: right for exports.
pub fn rgb8_linear(from: &Rgb8, w: usize, h: usize) -> Rgb8 {
    if (from.w, from.h) == (w, h) {
        return from.clone();
    }
    let table = colour::srgb_decode_table().map(|v| (v * 65_535.0 + 0.5) as u16);
    let data = from.data.iter().map(|&v| table[usize::from(v)]).collect();
    let small = rgb16(&Rgb16 { w: from.w, h: from.h, data }, w, h);
    let encode = encode_table();
    // The tables round differently: sixteen linear bits cannot hold the darkest sRGB steps apart,
    // except that each of the 256 is its own number. Checked below.
    let data =
        small.data.par_iter().with_min_len(1 << 16).map(|&v| (encode[usize::from(v)] / 257) as u8);
    let data = data.collect();
    Rgb8 { w, h, data }
}

/// Resamples values under the sRGB curve in linear light at sixteen bits: right for exports.
pub fn rgb16_linear(from: &Rgb16, w: usize, h: usize) -> Rgb16 {
    if (from.w, from.h) == (w, h) {
        return from.clone();
    }
    let decode = |v: u16| colour::srgb_decode(f32::from(v) / 65_535.0);
    // One channel at a time in f32 keeps the darks; memory is a third of three channels at once.
    let mut out = Rgb16::new(w, h);
    for c in 0..3 {
        let data = from.data[c..].par_iter().step_by(3).map(|&v| decode(v)).collect();
        let small = plane(&Plane { w: from.w, h: from.h, data }, w, h);
        for (to, v) in out.data[c..].iter_mut().step_by(3).zip(&small.data) {
            *to = (colour::srgb_encode(*v).clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16;
        }
    }
    out
}

/// Resamples a plane of numbers.
pub fn plane(from: &Plane, w: usize, h: usize) -> Plane {
    let mut out = Plane::new(w, h);
    let size = (from.w, from.h);
    run::<_, F32>(&from.data, size, &mut out.data, (w, h), FilterType::Lanczos3);
    out
}

/// Resamples a coverage without overshoot: linear weights when growing, their area when shrinking.
pub fn mask(from: &Mask, w: usize, h: usize) -> Mask {
    if (from.w, from.h) == (w, h) {
        return from.clone();
    }
    let mut out = Mask::new(w, h);
    let size = (from.w, from.h);
    run::<_, U8>(&from.data, size, &mut out.data, (w, h), FilterType::Bilinear);
    out
}

/// Sixteen linear bits to sixteen bits under the sRGB curve.
fn encode_table() -> &'static [u16] {
    static TABLE: OnceLock<Vec<u16>> = OnceLock::new();
    TABLE.get_or_init(|| {
        (0..=u16::MAX)
            .map(|v| (colour::srgb_encode(f32::from(v) / 65_535.0) * 65_535.0 + 128.5) as u16)
            .collect()
    })
}

/// `to` stays zero if a side is 0: there is nothing to weigh. The typed call is taken on purpose: the
/// other one would compile every kernel for each of the library's thirteen kinds of pixel.
fn run<T: Pod, P: PixelTrait>(
    from: &[T],
    size: (usize, usize),
    to: &mut [T],
    new: (usize, usize),
    filter: FilterType,
) {
    run_with::<T, P>(from, size, to, new, &options(filter));
}

fn options(filter: FilterType) -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false)
}

fn run_with<T: Pod, P: PixelTrait>(
    from: &[T],
    (w, h): (usize, usize),
    to: &mut [T],
    (ow, oh): (usize, usize),
    options: &ResizeOptions,
) {
    let view = TypedImageRef::<P>::from_buffer(w as u32, h as u32, cast_slice(from));
    let target = TypedImage::<P>::from_buffer(ow as u32, oh as u32, cast_slice_mut(to));
    let (Ok(view), Ok(mut target)) = (view, target) else { return };
    if let Err(e) = Resizer::new().resize_typed(&view, &mut target, options) {
        tracing::error!("a picture could not be resampled: {e}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_pictures_stay_flat_in_every_depth() {
        for v in [0_u8, 1, 7, 100, 200, 255] {
            let flat = Rgb8::from_fn(64, 40, |_, _| [v; 3]);
            assert!(rgb8(&flat, 31, 17).data.iter().all(|&x| x == v));
            assert!(rgb8_linear(&flat, 31, 17).data.iter().all(|&x| x == v), "{v}");
            let deep = Rgb16 { w: 64, h: 40, data: vec![u16::from(v) * 257; 64 * 40 * 3] };
            let small = rgb16_linear(&deep, 31, 17);
            assert!(small.data.iter().all(|&x| x.abs_diff(u16::from(v) * 257) < 3), "{v}");
            let cover = Mask { w: 64, h: 40, data: vec![v; 64 * 40] };
            assert!(mask(&cover, 100, 90).data.iter().all(|&x| x == v));
        }
    }

    #[test]
    fn linear_light_keeps_the_brightness_of_a_fine_pattern() {
        // Columns of black and white: half the light is sRGB 188 (IEC 61966-2-1), not 128.
        let lines = Rgb8::from_fn(256, 64, |x, _| [if x % 2 == 0 { 0 } else { 255 }; 3]);
        let middle = rgb8_linear(&lines, 32, 8).at(16, 4)[0];
        assert!(middle.abs_diff(188) <= 1, "{middle}");
        let plain = rgb8(&lines, 32, 8).at(16, 4)[0];
        assert!(plain.abs_diff(128) <= 1, "{plain}");
    }

    #[test]
    fn a_much_smaller_copy_is_the_same_at_once_or_by_blocks() {
        // Sides that no block divides; waves, an edge, and grain.
        let from = Rgb8::from_fn(1003, 701, |x, y| {
            let wave = 60.0 * ((x as f32 * 0.031).sin() + (y as f32 * 0.023).cos());
            let edge = if x + 2 * y > 1100 { 50.0 } else { 0.0 };
            let grain = (x * 7919 + y * 104_729) % 13;
            [100.0 + wave, 90.0 + edge, 60.0 + 0.5 * wave + edge].map(|v| v as u8 + grain as u8)
        });
        let (w, h) = fit((from.w, from.h), 100);
        let (at_once, by_blocks) = (rgb8(&from, w, h), rgb8_much_smaller(&from, w, h));
        let apart = at_once.data.iter().zip(&by_blocks.data).map(|(a, b)| a.abs_diff(*b));
        let far = apart.clone().filter(|d| *d > 1).count();
        assert!(apart.max() <= Some(4) && far * 50 < at_once.data.len(), "{far}");
        let flat = Rgb8::from_fn(900, 700, |_, _| [1, 200, 255]);
        assert!(rgb8_much_smaller(&flat, 31, 24).data.chunks(3).all(|p| p == [1, 200, 255]));
    }

    #[test]
    fn the_longer_side_fits() {
        assert_eq!(fit((6000, 4000), 1500), (1500, 1000));
        assert_eq!(fit((4000, 6000), 1500), (1000, 1500));
        assert_eq!(fit((5000, 1), 100), (100, 1));
        assert_eq!(fit((0, 0), 100), (1, 1));
    }

    #[test]
    fn a_mask_never_leaves_its_range() {
        let edge = Mask::from_fn(40, 40, |x, _| if x < 20 { 0 } else { 255 });
        let large = mask(&edge, 160, 160);
        assert!(large.data[..160].windows(2).all(|p| p[0] <= p[1]));
    }
}
