//! What every measure looks at: a working copy of the picture of bounded size, its tone, and a small
//! proxy in linear light. Buffers are kept from picture to picture.

use crate::imaging::colour::{luminance, srgb_decode_table};
use crate::imaging::lanes::{unpack, wide_fn};
use crate::imaging::{Plane, Rect, Rgb8};

/// Longest side of a still's working copy, pixels.
pub(super) const STILL: usize = 1536;
/// Longest side of a live frame's working copy, pixels.
pub(super) const LIVE: usize = 1080;
/// Longest side of the proxy, pixels.
const PROXY: usize = 256;

/// A picture made ready for the measures.
#[derive(Default)]
pub(super) struct View {
    /// Judged pixels for one working pixel along each side.
    pub(super) step: usize,
    /// Width and height of the judged picture.
    pub(super) full: [usize; 2],
    /// The reduced copy; empty when the picture is its own working copy.
    reduced: Rgb8,
    /// Encoded luma, shifted so that it is luminance to the power 1/2.4: working size, 0.05 to 1.
    /// Scaling exposure multiplies it.
    pub(super) tone: Plane,
    /// The small picture.
    pub(super) proxy: Proxy,
    sums: Vec<u16>,
    line: Vec<u8>,
    pixels: Vec<u32>,
}

/// A small picture in linear light: means over blocks of the working copy's encoded values.
#[derive(Default)]
pub(super) struct Proxy {
    pub(super) w: usize,
    pub(super) h: usize,
    /// Working pixels for one proxy pixel along each side.
    pub(super) step: usize,
    /// Encoded means, 0 to 255.
    pub(super) encoded: Vec<[f32; 3]>,
    /// Linear sRGB.
    pub(super) rgb: Vec<[f32; 3]>,
    /// Luminance, linear.
    pub(super) y: Vec<f32>,
    sums: Vec<u16>,
    blocks: Vec<u16>,
    /// Linear light by sums of encoded values.
    curve: Vec<f32>,
}

impl View {
    /// Makes a picture ready; its working copy's longest side is at most `side`. Without the small
    /// picture the last one's stays.
    pub(super) fn load(&mut self, picture: &Rgb8, side: usize, small: bool) {
        self.step = picture.w.max(picture.h).div_ceil(side).max(1);
        self.full = [picture.w, picture.h];
        if self.step > 1 {
            reduce(picture, self.step, &mut self.reduced, &mut self.sums, &mut self.line);
        } else {
            self.reduced = Rgb8::default();
        }
        let rgb = if self.step > 1 { &self.reduced } else { picture };
        tone(rgb, &mut self.tone, &mut self.pixels);
        if small {
            self.proxy.load(rgb);
        }
    }

    /// The working copy's pixels.
    pub(super) fn rgb<'a>(&'a self, picture: &'a Rgb8) -> &'a Rgb8 {
        if self.step > 1 { &self.reduced } else { picture }
    }

    /// Whether there is anything to measure.
    pub(super) fn is_tiny(&self) -> bool {
        self.tone.w < 24 || self.tone.h < 24
    }

    /// A place of the working copy in pixels of the judged picture.
    pub(super) fn outward(&self, r: Rect) -> Rect {
        let s = self.step;
        let grown = Rect::new(r.x * s, r.y * s, r.w * s, r.h * s);
        grown.intersection(&Rect::new(0, 0, self.full[0], self.full[1]))
    }
}

impl Proxy {
    fn load(&mut self, rgb: &Rgb8) {
        self.step = rgb.w.max(rgb.h).div_ceil(PROXY).max(1);
        let s = self.step;
        (self.w, self.h) = (rgb.w / s, rgb.h / s);
        self.set_curve(s);
        self.encoded.clear();
        self.rgb.clear();
        self.y.clear();
        // A proxy pixel of a working copy is at most some pixels high: its sum fits sixteen bits.
        let (norm, used) = (1.0 / (s * s) as f32, self.w * s * 3);
        for y in 0..self.h {
            add_rows(rgb, y * s..(y + 1) * s, used, &mut self.sums);
            add_pixels(&self.sums, s, &mut self.blocks);
            let first = || self.blocks.chunks_exact(s * 3).map(|b| [b[0], b[1], b[2]]);
            self.encoded.extend(first().map(|b| b.map(|v| f32::from(v) * norm)));
            let curve = self.curve.as_slice();
            let linear = first().map(|b| b.map(|v| curve.get(v as usize).copied().unwrap_or(1.0)));
            self.rgb.extend(linear);
        }
        self.y.extend(self.rgb.iter().map(|&p| luminance(p)));
    }

    /// The linear light of every sum that a block of `step` x `step` values may have.
    fn set_curve(&mut self, step: usize) {
        let n = step * step;
        if self.curve.len() == 255 * n + 1 {
            return;
        }
        let table = srgb_decode_table();
        let norm = 1.0 / n as f32;
        self.curve = (0..=255 * n).map(|sum| between(table, sum as f32 * norm)).collect();
    }

    /// The whole proxy.
    pub(super) fn len(&self) -> usize {
        self.w * self.h
    }
}

wide_fn! {
    /// The sums of rows, column by column, over their first `used` values.
    fn add_rows(rgb: &Rgb8, rows: std::ops::Range<usize>, used: usize, sums: &mut Vec<u16>) {
        sums.clear();
        sums.resize(used, 0);
        for y in rows {
            let row = &rgb.data[y * rgb.w * 3..][..used];
            sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += u16::from(*v));
        }
    }
}

wide_fn! {
    /// The sums of each value and of those of the `step - 1` pixels after it: of every pixel, since that
    /// vectorises, though only every `step`th is wanted. The last pixels' are not whole.
    fn add_pixels(values: &[u16], step: usize, out: &mut Vec<u16>) {
        out.clear();
        out.extend_from_slice(values);
        for k in 1..step {
            let next = &values[(3 * k).min(values.len())..];
            out.iter_mut().zip(next).for_each(|(o, v)| *o += v);
        }
    }
}

/// The channels' sums over one row of a block.
#[inline(always)]
fn block_sum(block: &[u16]) -> [i32; 3] {
    let mut sum = [0; 3];
    for p in block.chunks_exact(3) {
        sum[0] += i32::from(p[0]);
        sum[1] += i32::from(p[1]);
        sum[2] += i32::from(p[2]);
    }
    sum
}

/// The sRGB curve at a value between bytes.
#[inline(always)]
fn between(table: &[f32; 256], v: f32) -> f32 {
    let low = (v as usize).min(254);
    let share = v - low as f32;
    table[low] * (1.0 - share) + table[low + 1] * share
}

wide_fn! {
    /// Encoded luma by BT.709's weights, shifted from the sRGB curve to the power 1/2.4.
    fn tone(rgb: &Rgb8, out: &mut Plane, pixels: &mut Vec<u32>) {
        (out.w, out.h) = (rgb.w, rgb.h);
        out.data.resize(rgb.w * rgb.h, 0.0);
        pixels.resize(rgb.w, 0);
        let scale = 1.0 / (255.0 * 256.0 * 1.055);
        if rgb.w == 0 {
            return;
        }
        for (row, out) in rgb.data.chunks_exact(3 * rgb.w).zip(out.data.chunks_exact_mut(rgb.w)) {
            unpack(row, pixels);
            for (out, p) in out.iter_mut().zip(pixels.iter()) {
                let luma = 54 * (p & 255) + 183 * ((p >> 8) & 255) + 19 * (p >> 16);
                // Signed numbers become floats in one instruction.
                *out = luma as i32 as f32 * scale + 0.055 / 1.055;
            }
        }
    }
}

/// Means over blocks of `step` x `step` encoded values. What is left over at the right and the lower
/// edge is cut off.
fn reduce(picture: &Rgb8, step: usize, out: &mut Rgb8, sums: &mut Vec<u16>, line: &mut Vec<u8>) {
    let (w, h) = (picture.w / step, picture.h / step);
    (out.w, out.h) = (w, h);
    out.data.clear();
    // Sums of at most 255 rows fit sixteen bits.
    let rows = step.min(255);
    let scale = ((1_u64 << 32) as f64 / (rows * step) as f64) as u64;
    for y in 0..h {
        add_rows(picture, y * step..y * step + rows, w * step * 3, sums);
        if step == 2 {
            pair_means(sums, line);
            out.data.extend(line.as_chunks::<6>().0.iter().flat_map(|p| [p[0], p[1], p[2]]));
            continue;
        }
        for block in sums.chunks_exact(step * 3) {
            let byte = |t: i32| ((t as u64 * scale + (1 << 31)) >> 32).min(255) as u8;
            let [r, g, b] = block_sum(block);
            out.data.extend_from_slice(&[byte(r), byte(g), byte(b)]);
        }
    }
}

wide_fn! {
    /// Means of two rows' sums with those of the next pixel, rounded up; of every pixel, since that
    /// vectorises, though only every second one is wanted.
    fn pair_means(sums: &[u16], out: &mut Vec<u8>) {
        out.clear();
        let next = sums[3.min(sums.len())..].iter();
        out.extend(sums.iter().zip(next).map(|(a, b)| ((a + b + 2) >> 2) as u8));
        out.resize(sums.len(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_twice_the_size_is_reduced_by_means_of_four() {
        let picture = Rgb8::from_fn(1602, 48, |x, y| [(x * 7 + y * 13) as u8, (x ^ y) as u8, 9]);
        let mut view = View::default();
        view.load(&picture, 801, true);
        let small = view.rgb(&picture);
        assert_eq!((view.step, small.w, small.h), (2, 801, 24));
        for (x, y) in [(0, 0), (17, 5), (800, 23)] {
            let want: [u8; 3] = std::array::from_fn(|c| {
                let of = |i: usize, j: usize| u32::from(picture.at(2 * x + i, 2 * y + j)[c]);
                ((of(0, 0) + of(1, 0) + of(0, 1) + of(1, 1) + 2) / 4) as u8
            });
            assert_eq!(small.at(x, y), want);
        }
    }

    #[test]
    fn a_reduced_picture_keeps_its_means() {
        let picture = Rgb8::from_fn(3200, 12, |x, _| [(x % 256) as u8, 255, 7]);
        let mut view = View::default();
        view.load(&picture, 800, true);
        let small = view.rgb(&picture);
        assert_eq!((view.step, small.w, small.h), (4, 800, 3));
        // 0, 1, 2, 3 have the mean 1.5, rounded up.
        assert_eq!(small.at(0, 1), [2, 255, 7]);
    }

    #[test]
    fn tone_is_luminance_to_the_power_of_one_over_two_point_four() {
        let mut view = View::default();
        view.load(&Rgb8::from_fn(30, 30, |_, _| [188; 3]), 800, true);
        let y = srgb_decode_table()[188];
        assert!((view.tone.data[9].powf(2.4) - y).abs() < 1e-3);
        assert!((view.proxy.y[3] - y).abs() < 1e-6);
    }
}
