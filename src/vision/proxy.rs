//! The reduced picture that decisions are taken on, and the way back to full size.

use super::CutError;
use crate::imaging::{Image, Mask, Picture, Pixels, Plane, Rgb8, Space, colour};
use rayon::prelude::*;
use std::sync::OnceLock;

/// Longest side of the reduced picture.
pub(super) const SIDE: usize = 1200;

/// Size of the reduced picture of one of `w` x `h`.
pub(super) fn size(w: usize, h: usize) -> (usize, usize) {
    let longest = w.max(h);
    if longest <= SIDE {
        return (w, h);
    }
    ((w * SIDE / longest).max(1), (h * SIDE / longest).max(1))
}

/// Linear light to sRGB-encoded 0..1, by a table in the square root: within 2e-4 of exact.
#[inline]
pub(super) fn encode(v: f32) -> f32 {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        (0..=4096).map(|i| colour::srgb_encode((i as f32 / 4096.0).powi(2))).collect()
    });
    table[(v.clamp(0.0, 1.0).sqrt() * 4096.0 + 0.5) as usize & 0x1fff]
}

/// Encoded 0..1 to linear light, by a table between whose entries it is straight: within 1e-5 of exact.
#[inline]
pub(super) fn decode(v: f32) -> f32 {
    let table = colour::srgb_decode_table();
    let place = v.clamp(0.0, 1.0) * 255.0;
    let i = (place as usize).min(254);
    table[i] + (table[i + 1] - table[i]) * (place - i as f32)
}

/// How much of an encoded difference a small linear one makes near this linear value; by a table as well.
#[inline]
pub(super) fn encoded_a_step(v: f32) -> f32 {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let slope = |v: f32| 0.45 * v.max(0.002).powf(-0.55);
        (0..=1024).map(|i| slope((i as f32 / 1024.0).powi(2))).collect()
    });
    table[(v.clamp(0.0, 1.0).sqrt() * 1024.0 + 0.5) as usize & 0x7ff]
}

/// Each channel [`encode`]d.
#[inline]
pub(super) fn encode3(p: [f32; 3]) -> [f32; 3] {
    p.map(encode)
}

/// The mean of the pixels under each reduced pixel, in linear light.
pub(super) fn reduce(picture: &Rgb8, w: usize, h: usize) -> Image {
    let table = colour::srgb_decode_table();
    let mut data = vec![[0.0; 3]; w * h];
    data.par_chunks_mut(w).enumerate().for_each(|(y, line)| {
        let rows = y * picture.h / h..((y + 1) * picture.h / h).max(y * picture.h / h + 1);
        for (x, out) in line.iter_mut().enumerate() {
            let (x0, x1) =
                (x * picture.w / w, ((x + 1) * picture.w / w).max(x * picture.w / w + 1));
            let mut sum = [0.0_f32; 3];
            for row in rows.clone() {
                for p in picture.data[(row * picture.w + x0) * 3..(row * picture.w + x1) * 3]
                    .chunks_exact(3)
                {
                    for c in 0..3 {
                        sum[c] += table[p[c] as usize];
                    }
                }
            }
            *out = sum.map(|v| v / (rows.len() * (x1 - x0)) as f32);
        }
    });
    Image { w, h, data }
}

/// A mask at another size: means on the way down, linear weights on the way up.
pub(super) fn resize_mask(mask: &Mask, w: usize, h: usize) -> Mask {
    if (mask.w, mask.h) == (w, h) || mask.is_empty() {
        return if mask.is_empty() { Mask::new(w, h) } else { mask.clone() };
    }
    if mask.w <= w || mask.h <= h {
        return enlarge(mask, w, h);
    }
    Mask::from_fn(w, h, |x, y| {
        let (x0, x1) = (x * mask.w / w, (x + 1) * mask.w / w);
        let (y0, y1) = (y * mask.h / h, (y + 1) * mask.h / h);
        let rows = (y0..y1).map(|y| &mask.data[y * mask.w + x0..y * mask.w + x1]);
        let sum: usize = rows.flatten().map(|&v| v as usize).sum();
        (sum / ((x1 - x0) * (y1 - y0))) as u8
    })
}

/// A reduced mask at full size by linear weights.
pub(super) fn enlarge(mask: &Mask, w: usize, h: usize) -> Mask {
    if (mask.w, mask.h) == (w, h) {
        return mask.clone();
    }
    let plane =
        Plane { w: mask.w, h: mask.h, data: mask.data.iter().map(|&v| f32::from(v)).collect() };
    let (kx, ky) = (mask.w as f32 / w as f32, mask.h as f32 / h as f32);
    let mut data = vec![0; w * h];
    data.par_chunks_mut(w).enumerate().for_each(|(y, line)| {
        for (x, out) in line.iter_mut().enumerate() {
            let v = plane.sample((x as f32 + 0.5) * kx - 0.5, (y as f32 + 0.5) * ky - 0.5);
            *out = (v + 0.5) as u8;
        }
    });
    Mask { w, h, data }
}

/// Adds the linear light of a picture, in its own primaries.
pub(super) fn add_linear(sum: &mut [f32], picture: &Picture) -> Result<(), CutError> {
    let table = colour::srgb_decode_table();
    match &picture.pixels {
        Pixels::Eight(p) if p.data.len() == sum.len() => {
            sum.par_iter_mut().zip(&p.data).for_each(|(s, &v)| *s += table[v as usize]);
        }
        Pixels::Sixteen(p) if p.data.len() == sum.len() => sum
            .par_iter_mut()
            .zip(&p.data)
            .for_each(|(s, &v)| *s += colour::srgb_decode(f32::from(v) / 65_535.0)),
        _ => return Err(CutError::Damaged),
    }
    Ok(())
}

/// The mean of `frames` sums as sixteen-bit sRGB-encoded values.
pub(super) fn encode16(sum: &[f32], frames: usize) -> Vec<u16> {
    let share = 1.0 / frames as f32;
    sum.par_iter().map(|v| (colour::srgb_encode(v * share) * 65_535.0 + 0.5) as u16).collect()
}

/// The sRGB pixels of a picture for a new ground; only [`Space::Rec2020`] is converted.
pub(super) fn srgb(picture: &Picture) -> std::borrow::Cow<'_, Rgb8> {
    debug_assert!(matches!(picture.space, Space::Srgb | Space::Rec2020));
    picture.to_srgb8()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reducing_keeps_the_light() {
        let picture =
            Rgb8::from_fn(90, 60, |x, y| [(x * 2) as u8, (y * 4) as u8, ((x ^ y) * 2) as u8]);
        let mean = |i: &Image| i.data.iter().map(|p| p[1]).sum::<f32>() / i.data.len() as f32;
        let whole = picture.to_linear();
        assert!((mean(&reduce(&picture, 30, 20)) - mean(&whole)).abs() < 1e-4);
    }

    #[test]
    fn the_table_is_close_to_the_curve() {
        let worst = (0..=10_000)
            .map(|i| i as f32 / 10_000.0)
            .map(|v| (encode(v) - colour::srgb_encode(v)).abs())
            .fold(0.0, f32::max);
        assert!(worst < 6e-4, "{worst}");
        let back = (0..=10_000).map(|i| i as f32 / 10_000.0);
        let worst = back.map(|v| (decode(v) - colour::srgb_decode(v)).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{worst}");
        assert_eq!(encode(f32::NAN), 0.0);
    }
}
