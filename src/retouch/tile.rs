//! Tiles: a part of a picture in linear Rec.2020, and the way in and out of a picture's own depth
//! and primaries. A pixel that goes in and comes out unchanged is the same to the last bit.

use super::point::{Bounds, IDENTITY, LUMA, mix};
use super::survey::keep;
use crate::imaging::colour::{
    Matrix3, REC2020_TO_SRGB, SRGB_TO_REC2020, multiply, srgb_decode, srgb_decode_table,
    srgb_encode,
};
use crate::imaging::{Picture, Pixels, Rect, Rgb8, Rgb16, Space};
use std::sync::OnceLock;

/// The picture that is being rendered: its size, and its pixels per pixel of the original.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) w: usize,
    pub(super) h: usize,
    pub(super) scale: f32,
}

/// A part of a picture, linear Rec.2020, one plane a channel, unclipped.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    /// Where it lies in the frame, margins included.
    pub(super) rect: Rect,
    /// The frame.
    pub(super) frame: Frame,
    /// `rect.area()` values each.
    pub(super) planes: [Vec<f32>; 3],
}

impl Tile {
    /// Room for a part; nothing in it yet.
    pub(super) fn new(frame: Frame, rect: Rect) -> Self {
        Self { rect, frame, planes: std::array::from_fn(|_| vec![0.0; rect.area()]) }
    }

    /// Moves it to another place, keeping its memory.
    pub(super) fn reset(&mut self, rect: Rect) {
        self.rect = rect;
        self.planes.iter_mut().for_each(|p| p.resize(rect.area(), 0.0));
    }

    /// The pixel at an index.
    #[inline]
    pub(super) fn at(&self, i: usize) -> [f32; 3] {
        [self.planes[0][i], self.planes[1][i], self.planes[2][i]]
    }

    /// Writes the pixel at an index.
    #[inline]
    pub(super) fn put(&mut self, i: usize, p: [f32; 3]) {
        for (plane, v) in self.planes.iter_mut().zip(p) {
            plane[i] = v;
        }
    }

    /// Linear luminance.
    pub(super) fn luminance(&self) -> Vec<f32> {
        let [r, g, b] = &self.planes;
        let mut light: Vec<f32> = r.iter().map(|r| LUMA[0] * r).collect();
        light.iter_mut().zip(g).for_each(|(l, g)| *l += LUMA[1] * g);
        light.iter_mut().zip(b).for_each(|(l, b)| *l += LUMA[2] * b);
        light
    }

    /// Square root of luminance, 0 for what is darker than black: roughly even to the eye.
    pub(super) fn roots(&self) -> Vec<f32> {
        let mut light = self.luminance();
        light.iter_mut().for_each(|v| *v = (if *v > 0.0 { *v } else { 0.0 }).sqrt());
        light
    }

    /// Reads its part of a picture; `first` is applied on linear Rec.2020.
    pub(super) fn load(&mut self, source: &Source<'_>, first: &Matrix3) {
        let to_wide = match source.space() {
            Space::Srgb => multiply(first, &SRGB_TO_REC2020),
            Space::Rec2020 => *first,
        };
        let (x, w) = (self.rect.x, self.rect.w);
        for row in 0..self.rect.h {
            let at = row * w;
            let [r, g, b] = &mut self.planes;
            let (r, g, b) = (&mut r[at..at + w], &mut g[at..at + w], &mut b[at..at + w]);
            source.decode_row(self.rect.y + row, x, [r, g, b]);
            if to_wide != IDENTITY {
                mix(&to_wide, r, g, b);
            }
        }
    }

    /// Writes the part inside `core` into rows of a band of the result. `last` is applied first.
    pub(super) fn store(&self, core: Rect, last: &Matrix3, space: Space, band: &mut Band<'_>) {
        let out = match space {
            Space::Srgb => multiply(&srgb_from_rec2020(), last),
            Space::Rec2020 => *last,
        };
        let mut scratch: [Vec<f32>; 3] = std::array::from_fn(|_| vec![0.0; core.w]);
        for y in core.y..core.bottom() {
            let at = (y - self.rect.y) * self.rect.w + core.x - self.rect.x;
            for (s, plane) in scratch.iter_mut().zip(&self.planes) {
                s.copy_from_slice(&plane[at..at + core.w]);
            }
            let [r, g, b] = &mut scratch;
            if out != IDENTITY {
                mix(&out, r, g, b);
            }
            band.encode_row(y, core.x, [r, g, b]);
        }
    }
}

/// The exact inverse of [`SRGB_TO_REC2020`]; the published [`REC2020_TO_SRGB`] is rounded to seven
/// digits, which a sixteen-bit round trip shows. One Newton step makes it exact to `f32`.
fn srgb_from_rec2020() -> Matrix3 {
    static EXACT: OnceLock<Matrix3> = OnceLock::new();
    *EXACT.get_or_init(|| {
        let a = SRGB_TO_REC2020.map(|r| r.map(f64::from));
        let x = REC2020_TO_SRGB.map(|r| r.map(f64::from));
        let product = |p: &[[f64; 3]; 3], q: &[[f64; 3]; 3]| -> [[f64; 3]; 3] {
            std::array::from_fn(|i| {
                std::array::from_fn(|j| (0..3).map(|k| p[i][k] * q[k][j]).sum())
            })
        };
        let xax = product(&product(&x, &a), &x);
        std::array::from_fn(|i| std::array::from_fn(|j| (2.0 * x[i][j] - xax[i][j]) as f32))
    })
}

/// Pixels to read from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// Eight bits, sRGB.
    Eight(&'a Rgb8),
    /// Sixteen bits.
    Sixteen(&'a Rgb16, Space),
}

impl<'a> Source<'a> {
    /// Of a picture. Eight bits are always sRGB.
    pub(super) fn of(picture: &'a Picture) -> Self {
        match &picture.pixels {
            Pixels::Eight(p) => Self::Eight(p),
            Pixels::Sixteen(p) => Self::Sixteen(p, picture.space),
        }
    }

    /// Width and height.
    pub(super) const fn size(&self) -> (usize, usize) {
        match self {
            Self::Eight(p) => (p.w, p.h),
            Self::Sixteen(p, _) => (p.w, p.h),
        }
    }

    /// Primaries.
    pub(super) const fn space(&self) -> Space {
        match self {
            Self::Eight(_) => Space::Srgb,
            Self::Sixteen(_, space) => *space,
        }
    }

    /// One part of a row as linear light in the picture's own primaries.
    fn decode_row(&self, y: usize, x: usize, planes: [&mut [f32]; 3]) {
        match self {
            Self::Eight(p) => {
                let table = srgb_decode_table();
                apart(&p.data[(y * p.w + x) * 3..], planes, |v| table[usize::from(v)]);
            }
            Self::Sixteen(p, _) => {
                let table = decode_table_16();
                apart(&p.data[(y * p.w + x) * 3..], planes, |v| table[usize::from(v)]);
            }
        }
    }

    /// The least and the greatest value of each channel in a part of the picture, linear in the
    /// picture's own primaries; only of eight bits.
    pub(super) fn bounds(&self, part: Rect) -> Option<Bounds> {
        let Self::Eight(p) = self else { return None };
        let n = (part.w * 3).min(LANES);
        let (mut low, mut high) = ([u8::MAX; LANES], [0_u8; LANES]);
        for y in part.y..part.bottom() {
            for row in p.data[(y * p.w + part.x) * 3..][..part.w * 3].chunks(LANES) {
                keep(row, &mut low[..n], |a, b| if b < a { b } else { a });
                keep(row, &mut high[..n], |a, b| if b > a { b } else { a });
            }
        }
        let table = srgb_decode_table();
        let of = |v: &[u8], c: usize, join: fn(u8, u8) -> u8| {
            let joined = v.iter().skip(c).step_by(3).copied().reduce(join);
            table[usize::from(joined.unwrap_or(0))]
        };
        let least = |c| of(&low[..n], c, u8::min);
        let most = |c| of(&high[..n], c, u8::max);
        Some(Bounds { low: [least(0), least(1), least(2)], high: [most(0), most(1), most(2)] })
    }

    /// A row at eight bits, red green blue interleaved; `room` is used where it must be made.
    pub(super) fn bytes<'b>(&'b self, y: usize, room: &'b mut [u8]) -> &'b [u8] {
        match self {
            Self::Eight(p) => &p.data[y * p.w * 3..][..p.w * 3],
            Self::Sixteen(p, _) => {
                let row = &p.data[y * p.w * 3..];
                room.iter_mut().zip(row).for_each(|(r, v)| *r = (v >> 8) as u8);
                room
            }
        }
    }

    /// Green on the byte scale at a place.
    pub(super) fn green(&self, x: usize, y: usize) -> f32 {
        match self {
            Self::Eight(p) => f32::from(p.data[(y * p.w + x) * 3 + 1]),
            Self::Sixteen(p, _) => f32::from(p.data[(y * p.w + x) * 3 + 1]) / 257.0,
        }
    }

    /// Adds `weight` times a row, linear, red green blue interleaved.
    pub(super) fn add_row(&self, y: usize, weight: f32, sum: &mut [f32]) {
        match self {
            Self::Eight(p) => {
                let table = srgb_decode_table().map(|v| v * weight);
                let row = &p.data[y * p.w * 3..];
                sum.iter_mut().zip(row).for_each(|(s, v)| *s += table[usize::from(*v)]);
            }
            Self::Sixteen(p, _) => {
                let table = decode_table_16();
                let row = &p.data[y * p.w * 3..];
                sum.iter_mut().zip(row).for_each(|(s, v)| *s += table[usize::from(*v)] * weight);
            }
        }
    }
}

/// Bytes that are looked at together: whole pixels and whole registers.
const LANES: usize = 192;

/// Red, green and blue of interleaved values, each through a table.
fn apart<T: Copy>(row: &[T], [r, g, b]: [&mut [f32]; 3], table: impl Fn(T) -> f32) {
    let (row, _) = row.as_chunks::<3>();
    for (((p, r), g), b) in row.iter().zip(r).zip(g).zip(b) {
        (*r, *g, *b) = (table(p[0]), table(p[1]), table(p[2]));
    }
}

/// [`srgb_decode`] of every sixteen-bit value.
fn decode_table_16() -> &'static [f32] {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    TABLE.get_or_init(|| (0..=u16::MAX).map(|v| srgb_decode(f32::from(v) / 65_535.0)).collect())
}

/// Rows of the result, from `y` on.
pub(super) struct Band<'a> {
    /// Its first column in the frame.
    pub(super) x: usize,
    /// Its first row in the frame.
    pub(super) y: usize,
    /// Its width.
    pub(super) w: usize,
    /// Its pixels.
    pub(super) pixels: BandPixels<'a>,
}

/// The pixels of a band, red green blue interleaved.
pub(super) enum BandPixels<'a> {
    /// Eight bits.
    Eight(&'a mut [u8]),
    /// Sixteen bits.
    Sixteen(&'a mut [u16]),
}

/// Steps of the encoding tables over the square root of linear light, where sRGB is nearly straight.
const ROOTS: usize = 16_384;

impl Band<'_> {
    /// The primaries of what is written: eight bits are always sRGB.
    pub(super) fn space(&self, source: &Source<'_>) -> Space {
        match self.pixels {
            BandPixels::Eight(_) => Space::Srgb,
            BandPixels::Sixteen(_) => source.space(),
        }
    }

    /// Encodes one part of a row, clipped to 0..1.
    fn encode_row(&mut self, y: usize, x: usize, rows: [&mut [f32]; 3]) {
        let from = ((y - self.y) * self.w + x - self.x) * 3;
        let [r, g, b] = rows;
        for v in [&mut *r, &mut *g, &mut *b] {
            // Comparisons that are false for NaN, so that it becomes 0.
            v.iter_mut().for_each(|v| {
                let positive = if *v > 0.0 { *v } else { 0.0 };
                *v = (if positive < 1.0 { positive } else { 1.0 }).sqrt();
            });
        }
        match &mut self.pixels {
            BandPixels::Eight(data) => {
                let table = encode_table_8();
                together(&mut data[from..], [r, g, b], |root| table[nearest(root)]);
            }
            BandPixels::Sixteen(data) => {
                together(&mut data[from..], [r, g, b], encode_root_16);
            }
        }
    }

    /// Makes a part white; false if the picture is not of eight bits.
    pub(super) fn whiten(&mut self, core: Rect) -> bool {
        let BandPixels::Eight(data) = &mut self.pixels else { return false };
        for y in core.y..core.bottom() {
            let to = ((y - self.y) * self.w + core.x - self.x) * 3;
            data[to..to + core.w * 3].fill(u8::MAX);
        }
        true
    }

    /// Copies one part of a row from a picture of the same kind; false if the kinds differ.
    pub(super) fn copy(&mut self, source: &Source<'_>, core: Rect) -> bool {
        for y in core.y..core.bottom() {
            let to = ((y - self.y) * self.w + core.x - self.x) * 3;
            match (source, &mut self.pixels) {
                (Source::Eight(p), BandPixels::Eight(data)) => {
                    let from = (y * p.w + core.x) * 3;
                    let row = &p.data[from..from + core.w * 3];
                    data[to..to + core.w * 3].copy_from_slice(row);
                }
                (Source::Sixteen(p, _), BandPixels::Sixteen(data)) => {
                    let from = (y * p.w + core.x) * 3;
                    let row = &p.data[from..from + core.w * 3];
                    data[to..to + core.w * 3].copy_from_slice(row);
                }
                _ => return false,
            }
        }
        true
    }
}

/// Interleaves red, green and blue, each through a table.
fn together<T>(data: &mut [T], [r, g, b]: [&mut [f32]; 3], table: impl Fn(f32) -> T) {
    let (data, _) = data.as_chunks_mut::<3>();
    for (((p, r), g), b) in data.iter_mut().zip(r).zip(g).zip(b) {
        *p = [table(*r), table(*g), table(*b)];
    }
}

/// The table index of a square root in 0..1. Adding 2^23 leaves the rounded number in the low bits
/// of the float, which is quicker than a saturating cast.
#[inline]
fn nearest(root: f32) -> usize {
    ((root * ROOTS as f32 + 8_388_608.0).to_bits() & 0x7fff) as usize
}

/// sRGB bytes over the square root of linear light; filled up so that any masked index is inside.
fn encode_table_8() -> &'static [u8; 0x8000] {
    static TABLE: OnceLock<Box<[u8; 0x8000]>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Box::new([255_u8; 0x8000]);
        for (i, v) in table.iter_mut().enumerate().take(ROOTS) {
            *v = (srgb_encode((i as f32 / ROOTS as f32).powi(2)) * 255.0 + 0.5) as u8;
        }
        table
    })
}

/// sRGB at sixteen bits of a square root of linear light in 0..1.
#[inline]
fn encode_root_16(root: f32) -> u16 {
    static TABLE: OnceLock<Vec<f32>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let at = |i: usize| srgb_encode((i as f32 / ROOTS as f32).powi(2)) * 65_535.0;
        (0..=ROOTS + 1).map(at).collect()
    });
    let place = root * ROOTS as f32;
    let i = (place as usize).min(ROOTS);
    let (a, b) = (table[i], table[i + 1]);
    (a + (b - a) * (place - i as f32) + 0.5) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_every_deep_value_survives_the_way_in_and_out() {
        let byte = |i: usize| [(i % 256) as u8, (i / 256) as u8, (i * 7 % 256) as u8];
        let eight = Rgb8::from_fn(256, 256, |x, y| byte(y * 256 + x));
        let mut data = eight.data.clone();
        data.fill(1);
        through(&Source::Eight(&eight), BandPixels::Eight(&mut data), 256, 256);
        assert!(data == eight.data);

        let values: Vec<u16> = (0..65_536_u32)
            .flat_map(|i| [i, i * 40_503 % 65_536, i * 7 % 65_536])
            .map(|v| v as u16)
            .collect();
        let sixteen = Rgb16 { w: 256, h: 256, data: values };
        for space in [Space::Srgb, Space::Rec2020] {
            let mut data = vec![1; sixteen.data.len()];
            through(&Source::Sixteen(&sixteen, space), BandPixels::Sixteen(&mut data), 256, 256);
            let wrong = data.iter().zip(&sixteen.data).filter(|(a, b)| a != b).count();
            assert_eq!(wrong, 0, "{space:?}");
        }
    }

    fn through(source: &Source<'_>, pixels: BandPixels<'_>, w: usize, h: usize) {
        let rect = Rect::new(0, 0, w, h);
        let mut tile = Tile::new(Frame { w, h, scale: 1.0 }, rect);
        tile.load(source, &IDENTITY);
        tile.store(rect, &IDENTITY, source.space(), &mut Band { x: 0, y: 0, w, pixels });
    }
}
