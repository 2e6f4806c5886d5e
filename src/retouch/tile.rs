//! Tiles: a part of a picture in linear Rec.2020, and the way in and out of a picture's own depth
//! and primaries. A pixel that goes in and comes out unchanged is the same to the last bit.

use super::point::{Bounds, IDENTITY, LUMA, mix};
use crate::imaging::colour::{
    Matrix3, REC2020_TO_SRGB, SRGB_TO_REC2020, apply, multiply, srgb_decode, srgb_decode_table,
    srgb_encode,
};
use crate::imaging::lanes::{wide, wide_fn};
use crate::imaging::{Picture, Pixels, Rect, Rgb8, Space};
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
        let mut light = vec![0.0; self.planes[0].len()];
        luminance(self.planes.each_ref().map(Vec::as_slice), &mut light);
        light
    }

    /// Square root of luminance, 0 for what is darker than black: roughly even to the eye.
    pub(super) fn roots(&self) -> Vec<f32> {
        let mut light = self.luminance();
        positive_roots(&mut light);
        light
    }

    /// [`Self::roots`] of a part of the tile, in its own coordinates.
    pub(super) fn roots_of(&self, part: Rect) -> Vec<f32> {
        let mut light = vec![0.0; part.area()];
        for (y, out) in light.chunks_exact_mut(part.w.max(1)).enumerate() {
            let at = (part.y + y) * self.rect.w + part.x;
            luminance(self.planes.each_ref().map(|p| &p[at..at + part.w]), out);
            positive_roots(out);
        }
        light
    }

    /// Reads its part of a picture; `first` is applied on linear Rec.2020.
    pub(super) fn load(&mut self, source: &Source<'_>, first: &Matrix3) {
        let to_wide = match source.space {
            Space::Srgb => multiply(first, &SRGB_TO_REC2020),
            Space::Rec2020 => *first,
        };
        let (rect, [r, g, b]) = (self.rect, &mut self.planes);
        if rect.w == 0 {
            return;
        }
        let rows = r.chunks_exact_mut(rect.w).zip(g.chunks_exact_mut(rect.w));
        for (y, ((r, g), b)) in (rect.y..).zip(rows.zip(b.chunks_exact_mut(rect.w))) {
            source.decode_row(y, rect.x, [&mut *r, &mut *g, &mut *b]);
            if to_wide != IDENTITY {
                mix(&to_wide, r, g, b);
            }
        }
    }

    /// Writes the part inside `core` into rows of a band of the result. `last` is applied first. What
    /// the tile holds is used up.
    pub(super) fn store(&mut self, core: Rect, last: &Matrix3, band: &mut Band<'_>) {
        let out = match band.space {
            Space::Srgb => multiply(&srgb_from_rec2020(), last),
            Space::Rec2020 => *last,
        };
        for y in core.y..core.bottom() {
            let at = (y - self.rect.y) * self.rect.w + core.x - self.rect.x;
            let [r, g, b] = &mut self.planes;
            let end = at + core.w;
            band.encode_row(y, core.x, &out, [&mut r[at..end], &mut g[at..end], &mut b[at..end]]);
        }
    }
}

/// Linear luminance of rows.
fn luminance([r, g, b]: [&[f32]; 3], out: &mut [f32]) {
    let n = out.len();
    let (r, g, b) = (&r[..n], &g[..n], &b[..n]);
    wide(|| (0..n).for_each(|k| out[k] = LUMA[0] * r[k] + LUMA[1] * g[k] + LUMA[2] * b[k]));
}

fn positive_roots(light: &mut [f32]) {
    wide(|| light.iter_mut().for_each(|v| *v = (if *v > 0.0 { *v } else { 0.0 }).sqrt()));
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

/// Pixels, red green blue interleaved.
#[derive(Clone, Copy)]
enum Raw<'a> {
    /// Eight bits.
    Eight(&'a [u8]),
    /// Sixteen bits.
    Sixteen(&'a [u16]),
}

/// Pixels to read from: a whole picture, or a part of it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    raw: Raw<'a>,
    space: Space,
    /// Width and height of the whole picture.
    size: (usize, usize),
    /// The part of it that `raw` holds.
    part: Rect,
}

impl<'a> Source<'a> {
    /// Of a picture. Eight bits are always sRGB.
    pub(super) fn of(picture: &'a Picture) -> Self {
        match &picture.pixels {
            Pixels::Eight(p) => Self::of_bytes(p),
            Pixels::Sixteen(p) => {
                let part = Rect::new(0, 0, p.w, p.h);
                Self { raw: Raw::Sixteen(&p.data), space: picture.space, size: (p.w, p.h), part }
            }
        }
    }

    /// Of an sRGB picture.
    pub(super) fn of_bytes(p: &'a Rgb8) -> Self {
        let part = Rect::new(0, 0, p.w, p.h);
        Self { raw: Raw::Eight(&p.data), space: Space::Srgb, size: (p.w, p.h), part }
    }

    /// Of a part of an sRGB picture of a size.
    pub(super) const fn of_part(data: &'a [u8], part: Rect, size: (usize, usize)) -> Self {
        Self { raw: Raw::Eight(data), space: Space::Srgb, size, part }
    }

    /// Of a part of a picture of sixteen bits.
    pub(super) const fn of_deep_part(
        data: &'a [u16],
        space: Space,
        part: Rect,
        size: (usize, usize),
    ) -> Self {
        Self { raw: Raw::Sixteen(data), space, size, part }
    }

    /// Width and height of the whole picture.
    pub(super) const fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Primaries.
    pub(super) const fn space(&self) -> Space {
        self.space
    }

    /// Whether the pixels have eight bits.
    pub(super) const fn is_eight(&self) -> bool {
        matches!(self.raw, Raw::Eight(_))
    }

    /// The index of a pixel's red.
    const fn index(&self, x: usize, y: usize) -> usize {
        ((y - self.part.y) * self.part.w + x - self.part.x) * 3
    }

    /// One part of a row as linear light in the picture's own primaries.
    fn decode_row(&self, y: usize, x: usize, planes: [&mut [f32]; 3]) {
        let at = self.index(x, y);
        match self.raw {
            Raw::Eight(data) => {
                let table = srgb_decode_table();
                apart(&data[at..], planes, |v| table[usize::from(v)]);
            }
            Raw::Sixteen(data) => {
                let table = decode_table_16();
                apart(&data[at..], planes, |v| table[usize::from(v)]);
            }
        }
    }

    /// The least and the greatest value of each channel in a part of the picture, linear in the
    /// picture's own primaries; only of eight bits.
    pub(super) fn bounds(&self, part: Rect) -> Option<Bounds> {
        let Raw::Eight(data) = self.raw else { return None };
        let (mut low, mut high) = ([u8::MAX; LANES], [0_u8; LANES]);
        let rows = data[self.index(part.x, part.y)..].chunks(self.part.w * 3);
        rows.take(part.h).for_each(|row| widen(&row[..part.w * 3], &mut low, &mut high));
        let table = srgb_decode_table();
        let of = |v: [u8; 3]| v.map(|v| table[usize::from(v)]);
        Some(Bounds { low: of(joined(low, u8::min)), high: of(joined(high, u8::max)) })
    }

    /// A row at eight bits, red green blue interleaved; `room` is used where it must be made. Only of
    /// a whole picture.
    pub(super) fn bytes<'b>(&'b self, y: usize, room: &'b mut [u8]) -> &'b [u8] {
        let at = self.index(self.part.x, y);
        match self.raw {
            Raw::Eight(data) => &data[at..at + self.part.w * 3],
            Raw::Sixteen(data) => {
                let row = &data[at..at + self.part.w * 3];
                room.iter_mut().zip(row).for_each(|(r, v)| *r = (v >> 8) as u8);
                room
            }
        }
    }

    /// Green on the byte scale at a place.
    pub(super) fn green(&self, x: usize, y: usize) -> f32 {
        let at = self.index(x, y) + 1;
        match self.raw {
            Raw::Eight(data) => f32::from(data[at]),
            Raw::Sixteen(data) => f32::from(data[at]) / 257.0,
        }
    }

    /// Linear sRGB at a place.
    pub(super) fn light(&self, x: usize, y: usize) -> [f32; 3] {
        let at = self.index(x, y);
        let p = match self.raw {
            Raw::Eight(data) => [0, 1, 2].map(|c| srgb_decode_table()[usize::from(data[at + c])]),
            Raw::Sixteen(data) => [0, 1, 2].map(|c| decode_table_16()[usize::from(data[at + c])]),
        };
        match self.space {
            Space::Srgb => p,
            Space::Rec2020 => apply(&REC2020_TO_SRGB, p),
        }
    }

    /// Adds `weight` times a row, linear, red green blue interleaved.
    pub(super) fn add_row(&self, y: usize, weight: f32, sum: &mut [f32]) {
        let at = self.index(self.part.x, y);
        match self.raw {
            Raw::Eight(data) => {
                let table = srgb_decode_table().map(|v| v * weight);
                let row = &data[at..];
                sum.iter_mut().zip(row).for_each(|(s, v)| *s += table[usize::from(*v)]);
            }
            Raw::Sixteen(data) => {
                let table = decode_table_16();
                let row = &data[at..];
                sum.iter_mut().zip(row).for_each(|(s, v)| *s += table[usize::from(*v)] * weight);
            }
        }
    }
}

/// Bytes that are looked at together: whole pixels and whole registers.
const LANES: usize = 192;

wide_fn! {
    /// Takes a row into the least and the greatest of each lane.
    fn widen(row: &[u8], low: &mut [u8; LANES], high: &mut [u8; LANES]) {
        let (whole, rest) = row.as_chunks::<LANES>();
        for row in whole {
            for k in 0..LANES {
                low[k] = if row[k] < low[k] { row[k] } else { low[k] };
                high[k] = if row[k] > high[k] { row[k] } else { high[k] };
            }
        }
        for ((low, high), v) in low.iter_mut().zip(high).zip(rest) {
            (*low, *high) = ((*low).min(*v), (*high).max(*v));
        }
    }
}

/// Joins lanes until one pixel is left.
fn joined(mut lanes: [u8; LANES], join: fn(u8, u8) -> u8) -> [u8; 3] {
    let mut n = LANES;
    while n > 3 {
        n /= 2;
        let (kept, other) = lanes.split_at_mut(n);
        kept.iter_mut().zip(other).for_each(|(k, v)| *k = join(*k, *v));
    }
    [lanes[0], lanes[1], lanes[2]]
}

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

/// Rows of the result, or of a picture that becomes the result.
pub(super) struct Band<'a> {
    /// Where it lies in the frame.
    pub(super) rect: Rect,
    /// The primaries of its pixels: eight bits are always sRGB.
    pub(super) space: Space,
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
    /// Its pixels as a part of a picture of a size.
    pub(super) fn source(&self, size: (usize, usize)) -> Source<'_> {
        let raw = match &self.pixels {
            BandPixels::Eight(data) => Raw::Eight(data),
            BandPixels::Sixteen(data) => Raw::Sixteen(data),
        };
        Source { raw, space: self.space, size, part: self.rect }
    }

    /// The index of a pixel's red.
    const fn index(&self, x: usize, y: usize) -> usize {
        ((y - self.rect.y) * self.rect.w + x - self.rect.x) * 3
    }

    /// Encodes one part of a row after a matrix, clipped to 0..1.
    fn encode_row(&mut self, y: usize, x: usize, matrix: &Matrix3, [r, g, b]: [&mut [f32]; 3]) {
        let mut from = self.index(x, y);
        for ((r, g), b) in r.chunks_mut(RUN).zip(g.chunks_mut(RUN)).zip(b.chunks_mut(RUN)) {
            let n = r.len();
            // Paper that was made white is most of many pictures.
            if wide(|| [&*r, &*g, &*b].into_iter().all(alike)) {
                self.encode(from, matrix, [&mut r[..1], &mut g[..1], &mut b[..1]]);
                self.repeat(from, n);
            } else {
                self.encode(from, matrix, [r, g, b]);
            }
            from += 3 * n;
        }
    }

    /// Writes the pixel at an index `n` times.
    fn repeat(&mut self, from: usize, n: usize) {
        fn repeat<T: Copy + PartialEq>(data: &mut [T]) {
            if let Some(([r, g, b], rest)) = data.split_first_chunk_mut::<3>() {
                if r == g && g == b {
                    rest.fill(*r);
                } else {
                    rest.as_chunks_mut::<3>().0.fill([*r, *g, *b]);
                }
            }
        }
        match &mut self.pixels {
            BandPixels::Eight(data) => repeat(&mut data[from..from + 3 * n]),
            BandPixels::Sixteen(data) => repeat(&mut data[from..from + 3 * n]),
        }
    }

    /// Encodes pixels from an index on.
    fn encode(&mut self, from: usize, matrix: &Matrix3, [r, g, b]: [&mut [f32]; 3]) {
        if *matrix != IDENTITY {
            mix(matrix, r, g, b);
        }
        match &mut self.pixels {
            BandPixels::Eight(data) => {
                let table = encode_table_8();
                for v in [&mut *r, &mut *g, &mut *b] {
                    wide(|| v.iter_mut().for_each(|v| *v = placed(root(*v))));
                }
                let entry = |v: f32| table[(v.to_bits() & 0x7fff) as usize];
                together(&mut data[from..], [r, g, b], entry);
            }
            BandPixels::Sixteen(data) => {
                for v in [&mut *r, &mut *g, &mut *b] {
                    wide(|| v.iter_mut().for_each(|v| *v = root(*v)));
                }
                together(&mut data[from..], [r, g, b], encode_root_16);
            }
        }
    }

    /// Makes a part white; false if the picture is not of eight bits.
    pub(super) fn whiten(&mut self, core: Rect) -> bool {
        for y in core.y..core.bottom() {
            let to = self.index(core.x, y);
            let BandPixels::Eight(data) = &mut self.pixels else { return false };
            data[to..to + core.w * 3].fill(u8::MAX);
        }
        true
    }

    /// Copies one part from a picture of the same kind; false if the kinds differ.
    pub(super) fn copy(&mut self, source: &Source<'_>, core: Rect) -> bool {
        for y in core.y..core.bottom() {
            let (from, to) = (source.index(core.x, y), self.index(core.x, y));
            let (from, to) = (from..from + core.w * 3, to..to + core.w * 3);
            match (source.raw, &mut self.pixels) {
                (Raw::Eight(old), BandPixels::Eight(new)) => {
                    new[to].copy_from_slice(&old[from]);
                }
                (Raw::Sixteen(old), BandPixels::Sixteen(new)) => {
                    new[to].copy_from_slice(&old[from]);
                }
                _ => return false,
            }
        }
        true
    }
}

/// Pixels of a row that are looked at together.
const RUN: usize = 64;

/// Whether all values are the same. No way out early, so that wide registers can be used.
#[inline(always)]
fn alike(row: &[f32]) -> bool {
    let first = row.first().copied().unwrap_or(0.0);
    row.iter().fold(true, |same, v| same & (*v == first))
}

/// Square root, clipped to 0..1. Comparisons that are false for what is not a number make it 0.
#[inline(always)]
fn root(v: f32) -> f32 {
    let positive = if v > 0.0 { v } else { 0.0 };
    (if positive < 1.0 { positive } else { 1.0 }).sqrt()
}

/// Interleaves red, green and blue, each through a table.
fn together<T>(data: &mut [T], [r, g, b]: [&mut [f32]; 3], table: impl Fn(f32) -> T) {
    let (data, _) = data.as_chunks_mut::<3>();
    for (((p, r), g), b) in data.iter_mut().zip(r).zip(g).zip(b) {
        *p = [table(*r), table(*g), table(*b)];
    }
}

/// A square root in 0..1 with its table index, the nearest, in the low bits: adding 2^23 leaves the
/// rounded number there, which is quicker than a saturating cast.
#[inline(always)]
fn placed(root: f32) -> f32 {
    root * ROOTS as f32 + 8_388_608.0
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
    use crate::imaging::{Metadata, Rgb16};

    #[test]
    fn every_byte_and_every_deep_value_survives_the_way_in_and_out() {
        let byte = |i: usize| [(i % 256) as u8, (i / 256) as u8, (i * 7 % 256) as u8];
        let eight = Rgb8::from_fn(256, 256, |x, y| byte(y * 256 + x));
        let mut data = eight.data.clone();
        data.fill(1);
        let source = Source::of_bytes(&eight);
        through(&source, BandPixels::Eight(&mut data), Rect::new(0, 0, 256, 256));
        assert!(data == eight.data);

        let values: Vec<u16> = (0..65_536_u32)
            .flat_map(|i| [i, i * 40_503 % 65_536, i * 7 % 65_536])
            .map(|v| v as u16)
            .collect();
        let deep = Rgb16 { w: 256, h: 256, data: values };
        for space in [Space::Srgb, Space::Rec2020] {
            let mut data = vec![1; deep.data.len()];
            let pixels = Pixels::Sixteen(deep.clone());
            let picture = Picture { pixels, space, metadata: Metadata::default() };
            let source = Source::of(&picture);
            through(&source, BandPixels::Sixteen(&mut data), Rect::new(0, 0, 256, 256));
            let wrong = data.iter().zip(&deep.data).filter(|(a, b)| a != b).count();
            assert_eq!(wrong, 0, "{space:?}");
        }
    }

    fn through(source: &Source<'_>, pixels: BandPixels<'_>, rect: Rect) {
        let mut tile = Tile::new(Frame { w: rect.w, h: rect.h, scale: 1.0 }, rect);
        tile.load(source, &IDENTITY);
        tile.store(rect, &IDENTITY, &mut Band { rect, space: source.space(), pixels });
    }

    #[test]
    fn bounds_are_the_least_and_greatest_of_each_channel() {
        let p = Rgb8::from_fn(150, 9, |x, y| [(x + y) as u8, 200 - x as u8, 7 + y as u8]);
        let bounds = Source::of_bytes(&p).bounds(Rect::new(3, 2, 140, 5)).unwrap();
        let table = srgb_decode_table();
        assert_eq!(bounds.low, [5, 58, 9].map(|v: usize| table[v]));
        assert_eq!(bounds.high, [148, 197, 13].map(|v: usize| table[v]));
    }
}
