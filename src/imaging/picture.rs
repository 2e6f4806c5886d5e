//! A still picture in memory: upright pixels, the colour space they are in, and what its file said.

use super::{Rgb8, Rgb16};
use std::borrow::Cow;

/// Pixels of a still; the depth follows the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// From an eight-bit file.
    Eight(Rgb8),
    /// From a deeper file or a wider colour space.
    Sixteen(Rgb16),
}

/// The primaries that pixels are in; both with white D65 and the sRGB transfer curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Space {
    /// IEC 61966-2-1.
    #[default]
    Srgb,
    /// ITU-R BT.2020 primaries with the sRGB curve; always sixteen bits.
    Rec2020,
}

/// What the file said beside its pixels; carried into exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The EXIF block: a whole TIFF structure without the `Exif\0\0` mark.
    pub exif: Option<Vec<u8>>,
    /// The XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// The IPTC-IIM records.
    pub iptc: Option<Vec<u8>>,
}

/// A still picture. Pixels are upright: the file's orientation was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its pixels.
    pub pixels: Pixels,
    /// What the pixel values mean.
    pub space: Space,
    /// What the file said.
    pub metadata: Metadata,
}

impl Picture {
    /// An sRGB picture without metadata.
    pub fn from_srgb8(rgb: Rgb8) -> Self {
        Self { pixels: Pixels::Eight(rgb), space: Space::Srgb, metadata: Metadata::default() }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (usize, usize) {
        match &self.pixels {
            Pixels::Eight(p) => (p.w, p.h),
            Pixels::Sixteen(p) => (p.w, p.h),
        }
    }

    /// The picture in sRGB at eight bits; colours outside are clipped.
    pub fn to_srgb8(&self) -> Cow<'_, Rgb8> {
        match (&self.pixels, self.space) {
            (Pixels::Eight(p), _) => Cow::Borrowed(p),
            (Pixels::Sixteen(p), Space::Srgb) => Cow::Owned(p.to_rgb8()),
            (Pixels::Sixteen(p), Space::Rec2020) => Cow::Owned(p.rec2020_to_srgb8()),
        }
    }
}
