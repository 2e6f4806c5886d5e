//! The eight orientations of EXIF (CIPA DC-008, tag 0112), undone.

use crate::imaging::{Mask, Rgb8, Rgb16};
use bytemuck::Pod;
use rayon::prelude::*;

/// Pixels of a square that fits the first-level cache when both its rows and columns are read.
const BLOCK: usize = 32;

/// How the file's rows and columns become upright ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Orientation {
    /// Rows become columns, before the mirrors.
    transposed: bool,
    /// Left and right change places.
    mirrored: bool,
    /// Top and bottom change places.
    flipped: bool,
}

impl Orientation {
    /// From the EXIF value; 0, and what the standard does not know, is upright.
    pub(crate) fn from_exif(value: u32) -> Self {
        let (transposed, mirrored, flipped) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { transposed, mirrored, flipped }
    }

    /// Whether nothing has to move.
    pub(crate) fn is_upright(self) -> bool {
        self == Self::default()
    }

    /// Width and height when upright.
    pub(crate) fn size(self, w: usize, h: usize) -> (usize, usize) {
        if self.transposed { (h, w) } else { (w, h) }
    }

    /// `data` is `w` x `h` pixels of `N` samples.
    fn apply<T: Pod + Send + Sync, const N: usize>(
        self,
        data: Vec<T>,
        w: usize,
        h: usize,
    ) -> Vec<T> {
        if self.is_upright() || data.is_empty() {
            return data;
        }
        let from: &[[T; N]] = as_pixels(&data);
        let (ow, oh) = self.size(w, h);
        let mut out = vec![T::zeroed(); data.len()];
        let source = |x: usize, y: usize| {
            let x = if self.mirrored { ow - 1 - x } else { x };
            let y = if self.flipped { oh - 1 - y } else { y };
            if self.transposed { from[x * w + y] } else { from[y * w + x] }
        };
        out.par_chunks_mut(ow * N * BLOCK).enumerate().for_each(|(band, rows)| {
            for left in (0..ow).step_by(BLOCK) {
                for (row, line) in rows.chunks_exact_mut(ow * N).enumerate() {
                    for x in left..(left + BLOCK).min(ow) {
                        line[x * N..(x + 1) * N].copy_from_slice(&source(x, band * BLOCK + row));
                    }
                }
            }
        });
        out
    }

    /// Linear pixels upright; `w`, `h` as stored.
    pub(crate) fn pixels(self, data: Vec<[f32; 3]>, w: usize, h: usize) -> Vec<[f32; 3]> {
        self.apply::<[f32; 3], 1>(data, w, h)
    }

    /// The picture upright.
    pub(crate) fn rgb8(self, p: Rgb8) -> Rgb8 {
        let (w, h) = self.size(p.w, p.h);
        Rgb8 { w, h, data: self.apply::<u8, 3>(p.data, p.w, p.h) }
    }

    /// The picture upright.
    pub(crate) fn rgb16(self, p: Rgb16) -> Rgb16 {
        let (w, h) = self.size(p.w, p.h);
        Rgb16 { w, h, data: self.apply::<u16, 3>(p.data, p.w, p.h) }
    }

    /// The mask upright.
    pub(crate) fn mask(self, p: Mask) -> Mask {
        let (w, h) = self.size(p.w, p.h);
        Mask { w, h, data: self.apply::<u8, 1>(p.data, p.w, p.h) }
    }
}

/// Whole pixels of interleaved samples.
fn as_pixels<T, const N: usize>(data: &[T]) -> &[[T; N]] {
    data.as_chunks::<N>().0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where EXIF says that the 0th row and the 0th column are, after CIPA DC-008 table 4.6.4.
    #[test]
    fn every_orientation_puts_row_and_column_where_the_standard_says() {
        // The stored picture, 3 x 2: letters a to f.
        let stored = Mask { w: 3, h: 2, data: b"abcdef".to_vec() };
        let upright = [
            (0, (3, 2), "abcdef"),
            (1, (3, 2), "abcdef"), // row 0 top, column 0 left
            (2, (3, 2), "cbafed"), // top, right
            (3, (3, 2), "fedcba"), // bottom, right
            (4, (3, 2), "defabc"), // bottom, left
            (5, (2, 3), "adbecf"), // left, top
            (6, (2, 3), "daebfc"), // right, top
            (7, (2, 3), "fcebda"), // right, bottom
            (8, (2, 3), "cfbead"), // left, bottom
            (9, (3, 2), "abcdef"),
        ];
        for (value, size, want) in upright {
            let got = Orientation::from_exif(value).mask(stored.clone());
            assert_eq!(((got.w, got.h), &*got.data), (size, want.as_bytes()), "{value}");
        }
    }

    #[test]
    fn large_pictures_turn_like_small_ones() {
        let picture = Rgb8::from_fn(131, 77, |x, y| [x as u8, y as u8, 7]);
        let turned = Orientation::from_exif(6).rgb8(picture.clone());
        assert_eq!((turned.w, turned.h), (77, 131));
        for (x, y) in [(0, 0), (130, 76), (40, 33), (64, 0)] {
            assert_eq!(turned.at(76 - y, x), picture.at(x, y));
        }
        assert_eq!(Orientation::from_exif(8).rgb8(turned), picture);
    }
}
