//! The buffers that pictures live in. All are row-major without padding.

use super::Rect;
use super::colour::{self, LinearSrgb};
use rayon::prelude::*;

/// Eight bits a channel, red green blue interleaved, sRGB-encoded unless a name says otherwise.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Rgb8 {
    /// Width in pixels.
    pub w: usize,
    /// Height in pixels.
    pub h: usize,
    /// `w * h * 3` bytes.
    pub data: Vec<u8>,
}

/// Sixteen bits a channel, red green blue interleaved, sRGB-encoded unless a name says otherwise.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Rgb16 {
    /// Width in pixels.
    pub w: usize,
    /// Height in pixels.
    pub h: usize,
    /// `w * h * 3` values.
    pub data: Vec<u16>,
}

/// For the screen: each value holds red, green, blue and alpha as its four bytes in memory order.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Rgba8 {
    /// Width in pixels.
    pub w: usize,
    /// Height in pixels.
    pub h: usize,
    /// `w * h` pixels.
    pub data: Vec<u32>,
}

/// Linear light, red green blue, 1 is white; sRGB primaries unless a name says otherwise.
/// Values below 0 and above 1 are kept.
#[derive(Clone, PartialEq, Default)]
pub struct Image {
    /// Width in pixels.
    pub w: usize,
    /// Height in pixels.
    pub h: usize,
    /// `w * h` pixels.
    pub data: Vec<LinearSrgb>,
}

/// One number a pixel.
#[derive(Clone, PartialEq, Default)]
pub struct Plane {
    /// Width in pixels.
    pub w: usize,
    /// Height in pixels.
    pub h: usize,
    /// `w * h` values.
    pub data: Vec<f32>,
}

/// A coverage of 0 (outside) to 255 (inside) a pixel.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Mask {
    /// Width in pixels.
    pub w: usize,
    /// Height in pixels.
    pub h: usize,
    /// `w * h` coverages.
    pub data: Vec<u8>,
}

/// What a picture shows where: coverages of one size, to be stretched over the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Of the piece.
    pub subject: Mask,
    /// Of its metal.
    pub metal: Mask,
    /// Of its stones, pearls and enamel.
    pub stone: Mask,
}

macro_rules! sized {
    ($($name:ident, $value:expr, $channels:expr);* $(;)?) => { $(
        impl $name {
            /// A buffer of zeros.
            pub fn new(w: usize, h: usize) -> Self {
                Self { w, h, data: vec![$value; w * h * $channels] }
            }

            /// The whole frame.
            pub fn bounds(&self) -> Rect {
                Rect::new(0, 0, self.w, self.h)
            }

            /// Whether there are no pixels.
            pub fn is_empty(&self) -> bool {
                self.data.is_empty()
            }

            /// A copy of the part inside `r`, cut to the frame.
            #[must_use]
            pub fn crop(&self, r: Rect) -> Self {
                let r = r.intersection(&self.bounds());
                let mut data = Vec::with_capacity(r.area() * $channels);
                for y in r.y..r.bottom() {
                    let start = (y * self.w + r.x) * $channels;
                    data.extend_from_slice(&self.data[start..start + r.w * $channels]);
                }
                Self { w: r.w, h: r.h, data }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), " {}x{}"), self.w, self.h)
            }
        }
    )* };
}

sized! {
    Rgb8, 0_u8, 3;
    Rgb16, 0_u16, 3;
    Rgba8, 0_u32, 1;
    Image, [0.0_f32; 3], 1;
    Plane, 0.0_f32, 1;
    Mask, 0_u8, 1;
}

impl Rgb8 {
    /// Each pixel from its place.
    pub fn from_fn(w: usize, h: usize, mut f: impl FnMut(usize, usize) -> [u8; 3]) -> Self {
        let mut data = Vec::with_capacity(w * h * 3);
        for y in 0..h {
            for x in 0..w {
                data.extend_from_slice(&f(x, y));
            }
        }
        Self { w, h, data }
    }

    /// The pixel at a place inside the frame.
    pub fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let i = (y * self.w + x) * 3;
        [self.data[i], self.data[i + 1], self.data[i + 2]]
    }

    /// The sRGB-encoded picture as linear light.
    pub fn to_linear(&self) -> Image {
        let table = colour::srgb_decode_table();
        let data = self
            .data
            .par_chunks_exact(3)
            .with_min_len(1 << 14)
            .map(|p| [table[p[0] as usize], table[p[1] as usize], table[p[2] as usize]])
            .collect();
        Image { w: self.w, h: self.h, data }
    }

    /// The luminance Y of the sRGB-encoded picture in linear light, 0 to 1.
    pub fn to_luminance(&self) -> Plane {
        let table = colour::srgb_decode_table();
        let data = self
            .data
            .par_chunks_exact(3)
            .with_min_len(1 << 14)
            .map(|p| {
                colour::luminance([
                    table[p[0] as usize],
                    table[p[1] as usize],
                    table[p[2] as usize],
                ])
            })
            .collect();
        Plane { w: self.w, h: self.h, data }
    }
}

impl Rgb16 {
    /// Every value rounded to eight bits.
    pub fn to_rgb8(&self) -> Rgb8 {
        let data = self.data.par_iter().with_min_len(1 << 16).map(|&v| to_8(v)).collect();
        Rgb8 { w: self.w, h: self.h, data }
    }

    /// Rec.2020 with the sRGB curve to sRGB at eight bits; colours outside are clipped.
    pub fn rec2020_to_srgb8(&self) -> Rgb8 {
        let data = self
            .data
            .par_chunks_exact(3)
            .with_min_len(1 << 14)
            .flat_map_iter(|p| {
                let wide = [p[0], p[1], p[2]].map(|v| colour::srgb_decode(f32::from(v) / 65_535.0));
                colour::apply(&colour::REC2020_TO_SRGB, wide).map(colour::srgb_encode8)
            })
            .collect();
        Rgb8 { w: self.w, h: self.h, data }
    }
}

/// 65535 to 255, rounded to the nearest.
fn to_8(v: u16) -> u8 {
    ((u32::from(v) * 255 + 32_895) >> 16) as u8
}

impl Image {
    /// Each pixel from its place.
    pub fn from_fn(w: usize, h: usize, mut f: impl FnMut(usize, usize) -> LinearSrgb) -> Self {
        let mut data = Vec::with_capacity(w * h);
        for y in 0..h {
            for x in 0..w {
                data.push(f(x, y));
            }
        }
        Self { w, h, data }
    }

    /// sRGB-encoded at eight bits, clipped to 0..1.
    pub fn to_srgb8(&self) -> Rgb8 {
        let data = self
            .data
            .par_iter()
            .with_min_len(1 << 14)
            .flat_map_iter(|p| p.map(colour::srgb_encode8))
            .collect();
        Rgb8 { w: self.w, h: self.h, data }
    }

    /// The luminance Y, linear.
    pub fn to_luminance(&self) -> Plane {
        let data = self.data.iter().map(|&p| colour::luminance(p)).collect();
        Plane { w: self.w, h: self.h, data }
    }
}

impl Plane {
    /// Each value from its place.
    pub fn from_fn(w: usize, h: usize, mut f: impl FnMut(usize, usize) -> f32) -> Self {
        let mut data = Vec::with_capacity(w * h);
        for y in 0..h {
            for x in 0..w {
                data.push(f(x, y));
            }
        }
        Self { w, h, data }
    }

    /// The value at a place inside the frame.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.w + x]
    }

    /// Between the pixels, by linear weights; places outside take the nearest pixel. Pixel centres
    /// are whole numbers here.
    pub fn sample(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x.clamp(0.0, (self.w - 1) as f32), y.clamp(0.0, (self.h - 1) as f32));
        let (i, j) = (x as usize, y as usize);
        let (fx, fy) = (x - i as f32, y - j as f32);
        let (i1, j1) = ((i + 1).min(self.w - 1), (j + 1).min(self.h - 1));
        let top = self.at(i, j) * (1.0 - fx) + self.at(i1, j) * fx;
        let low = self.at(i, j1) * (1.0 - fx) + self.at(i1, j1) * fx;
        top * (1.0 - fy) + low * fy
    }
}

impl Mask {
    /// Each coverage from its place.
    pub fn from_fn(w: usize, h: usize, mut f: impl FnMut(usize, usize) -> u8) -> Self {
        let mut data = Vec::with_capacity(w * h);
        for y in 0..h {
            for x in 0..w {
                data.push(f(x, y));
            }
        }
        Self { w, h, data }
    }

    /// The coverage at a place inside the frame.
    pub fn at(&self, x: usize, y: usize) -> u8 {
        self.data[y * self.w + x]
    }

    /// How many pixels are at least half inside.
    pub fn count(&self) -> usize {
        self.data.iter().filter(|&&v| v > 127).count()
    }

    /// The smallest rectangle that holds every pixel at least half inside.
    pub fn extent(&self) -> Rect {
        let (mut x0, mut y0, mut x1, mut y1) = (self.w, self.h, 0, 0);
        for (y, row) in self.data.chunks_exact(self.w.max(1)).enumerate() {
            if let Some(first) = row.iter().position(|&v| v > 127) {
                let last = row.iter().rposition(|&v| v > 127).unwrap_or(first);
                (x0, x1) = (x0.min(first), x1.max(last + 1));
                (y0, y1) = (y0.min(y), y + 1);
            }
        }
        if x1 <= x0 { Rect::default() } else { Rect::new(x0, y0, x1 - x0, y1 - y0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_round_to_the_nearest_eight() {
        for v in 0..=u16::MAX {
            assert_eq!(to_8(v), (f64::from(v) / 257.0).round() as u8, "{v}");
        }
    }

    #[test]
    fn a_crop_outside_the_frame_is_cut() {
        let image = Rgb8::from_fn(4, 3, |x, y| [x as u8, y as u8, 0]);
        let part = image.crop(Rect::new(2, 1, 9, 9));
        assert_eq!((part.w, part.h, part.at(0, 0)), (2, 2, [2, 1, 0]));
    }

    #[test]
    fn the_extent_of_a_mask_is_tight() {
        let mask = Mask::from_fn(9, 9, |x, y| if (2..5).contains(&x) && y == 7 { 255 } else { 0 });
        assert_eq!(mask.extent(), Rect::new(2, 7, 3, 1));
        assert!(Mask::new(3, 3).extent().is_empty());
    }
}
