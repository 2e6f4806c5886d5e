//! Overlays that the window makes itself from what it shows: clipping, zebra and peaking of takes,
//! zebra of live view. At most [`SIDE`] pixels on a side, so that none costs a frame.

use crate::imaging::Rgba8;
use egui::{Color32, ColorImage};

/// What is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Red where a channel is at least 250, blue where all are at most 5.
    pub clipping: bool,
    /// Stripes from luma 240.
    pub zebra: bool,
    /// Where neighbours differ strongly.
    pub peaking: bool,
}

impl Marks {
    /// Whether anything is.
    pub(super) fn any(self) -> bool {
        self.clipping || self.zebra || self.peaking
    }
}

/// Longest side of an overlay.
const SIDE: usize = 960;
const RED: Color32 = Color32::from_rgb(230, 40, 40);
const BLUE: Color32 = Color32::from_rgb(60, 110, 255);
const STRIPE: Color32 = Color32::from_rgb(250, 190, 40);
const EDGE: Color32 = Color32::from_rgb(60, 235, 90);

/// The overlay, transparent where nothing is marked; none for an empty picture.
pub(super) fn overlay(picture: &Rgba8, marks: Marks) -> Option<ColorImage> {
    if picture.w == 0 || picture.h == 0 || picture.data.len() != picture.w * picture.h {
        return None;
    }
    let step = picture.w.max(picture.h).div_ceil(SIDE);
    let (w, h) = (picture.w / step, picture.h / step);
    if w == 0 || h == 0 {
        return None;
    }
    let mut pixels = vec![Color32::TRANSPARENT; w * h];
    for (y, row) in pixels.chunks_exact_mut(w).enumerate() {
        let line = &picture.data[y * step * picture.w..];
        let below = &picture.data[((y * step + 1).min(picture.h - 1)) * picture.w..];
        for (x, out) in row.iter_mut().enumerate() {
            let at = x * step;
            let here = line[at].to_ne_bytes();
            let beside = line[(at + 1).min(picture.w - 1)].to_ne_bytes();
            let under = below[at].to_ne_bytes();
            *out = mark(marks, x + y, here, [beside, under]);
        }
    }
    Some(ColorImage::new([w, h], pixels))
}

fn mark(marks: Marks, diagonal: usize, here: [u8; 4], near: [[u8; 4]; 2]) -> Color32 {
    let [r, g, b, _] = here;
    if marks.clipping {
        if r.max(g).max(b) >= 250 {
            return RED;
        }
        if r.max(g).max(b) <= 5 {
            return BLUE;
        }
    }
    if marks.peaking {
        let middle = luma(here);
        let edge = near.iter().map(|n| luma(*n).abs_diff(middle)).sum::<u32>();
        if edge >= 34 {
            return EDGE;
        }
    }
    if marks.zebra && luma(here) >= 240 && diagonal % 8 < 3 {
        return STRIPE;
    }
    Color32::TRANSPARENT
}

/// Rec. 709 luma of encoded values.
fn luma([r, g, b, _]: [u8; 4]) -> u32 {
    (54 * u32::from(r) + 183 * u32::from(g) + 19 * u32::from(b)) >> 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_is_where_it_belongs_and_nowhere_else() {
        let rows = [[255, 90, 90], [3, 2, 5], [120, 120, 120], [244, 243, 242]];
        let mut picture = Rgba8::new(64, 64);
        for (i, p) in picture.data.iter_mut().enumerate() {
            let [r, g, b] = rows[i / 64 / 16];
            *p = u32::from_ne_bytes([r, g, b, 255]);
        }
        let at = |image: &ColorImage, row: usize| image.pixels[row * 64 + 5];
        let clipped = overlay(&picture, Marks { clipping: true, ..Marks::default() }).unwrap();
        let expected = [RED, BLUE, Color32::TRANSPARENT, Color32::TRANSPARENT];
        assert_eq!([8, 24, 40, 56].map(|row| at(&clipped, row)), expected);
        let edges = overlay(&picture, Marks { peaking: true, ..Marks::default() }).unwrap();
        assert_eq!([15, 8, 31].map(|row| at(&edges, row)), [EDGE, Color32::TRANSPARENT, EDGE]);
        let zebra = overlay(&picture, Marks { zebra: true, ..Marks::default() }).unwrap();
        let striped = zebra.pixels.iter().filter(|p| **p == STRIPE).count();
        assert_eq!(striped, 16 * 64 * 3 / 8, "three of eight diagonals of the light quarter");
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        let all = Marks { clipping: true, zebra: true, peaking: true };
        assert!(overlay(&Rgba8::new(0, 40), all).is_none());
        assert!(overlay(&Rgba8 { w: 40, h: 40, data: vec![0; 3] }, all).is_none());
        assert!(overlay(&Rgba8::new(5000, 1), all).is_none());
        assert!(overlay(&Rgba8::new(1, 1), all).is_some());
    }
}
