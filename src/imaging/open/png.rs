//! A PNG file to a picture: palettes and grey become RGB, alpha goes over white.

use super::orient::Orientation;
use super::{Kind, OpenError, Opened, check_size, jpeg, over_white};
use crate::imaging::icc::{self, Meaning};
use crate::imaging::save::upright_xmp;
use crate::imaging::{Mask, Metadata, Picture, Pixels, Rgb8, Rgb16, Space, exif};
use moxcms::DataColorSpace;
use png::{BitDepth, ColorType, Transformations};
use std::borrow::Cow;
use std::io::Cursor;

/// The most that deflate can expand (zlib technical details: 1032 : 1).
const DEFLATE: usize = 1032;
/// Profiles and texts are compressed too; none needs more.
const MOST_BESIDE: usize = 64 << 20;
/// The keyword of XMP in a text chunk (XMP specification part 3, 1.1.5).
pub(crate) const XMP_KEYWORD: &str = "XML:com.adobe.xmp";

/// Opens a whole PNG; of an animation the still that stands for it.
pub(super) fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    let fail = |e: png::DecodingError| OpenError::damaged(Kind::Png, e);
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: MOST_BESIDE });
    decoder.set_transformations(Transformations::EXPAND);
    let header = decoder.read_header_info().map_err(fail)?;
    let size = (header.width as usize, header.height as usize);
    check_size(Kind::Png, size, bytes_a_pixel(header), (bytes.len(), DEFLATE * 32))?;
    check_held(header, bytes.len())?;
    let mut reader = decoder.read_info().map_err(fail)?;
    let len =
        reader.output_buffer_size().ok_or_else(|| OpenError::damaged(Kind::Png, "too large"))?;
    let mut data = vec![0; len];
    let frame = reader.next_frame(&mut data).map_err(fail)?;
    // What stands after the pixels (EXIF, XMP) may be cut off without harm to them.
    let mut warnings = Vec::new();
    if let Err(e) = reader.finish() {
        warnings.push(format!("its end is damaged ({e})"));
    }
    data.truncate(frame.buffer_size());
    let samples = Samples::new(size, frame.color_type, frame.bit_depth, data);
    let info = reader.info();
    let (pixels, space, alpha) = samples.into_picture(info.icc_profile.as_deref(), &mut warnings);
    let metadata = metadata(info);
    let orientation = Orientation::from_exif(metadata.exif.as_deref().map_or(1, exif::orientation));
    let picture = Picture {
        pixels: jpeg::turned(pixels, orientation),
        space,
        metadata: Metadata { exif: metadata.exif.as_deref().map(exif::upright), ..metadata },
    };
    let alpha = alpha.map(|a| orientation.mask(a));
    Ok(Opened { picture, kind: Kind::Png, alpha, warnings })
}

/// Bytes of a decoded pixel after palettes and low depths are expanded.
fn bytes_a_pixel(info: &png::Info<'_>) -> usize {
    let channels = match info.color_type {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb | ColorType::Indexed | ColorType::Rgba => 4,
    };
    channels * if info.bit_depth == BitDepth::Sixteen { 2 } else { 1 }
}

/// The pixels as stored cannot be more than deflate can make of the file.
fn check_held(info: &png::Info<'_>, file: usize) -> Result<(), OpenError> {
    let (w, h) = (info.width as usize, info.height as usize);
    let stored = info.raw_row_length().saturating_mul(h);
    if stored > file.saturating_mul(DEFLATE).saturating_add(1 << 20) {
        return Err(OpenError::Implausible { kind: Kind::Png, w, h, bytes: file });
    }
    Ok(())
}

fn metadata(info: &png::Info<'_>) -> Metadata {
    let xmp = info.utf8_text.iter().find(|t| t.keyword == XMP_KEYWORD);
    Metadata {
        exif: info.exif_metadata.as_ref().map(|e| e.to_vec()),
        xmp: xmp.and_then(|t| t.get_text().ok()).map(|t| upright_xmp(t.as_bytes())),
        iptc: None,
    }
}

/// Decoded samples of any colour type.
struct Samples {
    size: (usize, usize),
    color: ColorType,
    deep: bool,
    data: Vec<u8>,
}

impl Samples {
    fn new(size: (usize, usize), color: ColorType, depth: BitDepth, data: Vec<u8>) -> Self {
        Self { size, color, deep: depth == BitDepth::Sixteen, data }
    }

    fn into_picture(
        self,
        profile: Option<&[u8]>,
        warnings: &mut Vec<String>,
    ) -> (Pixels, Space, Option<Mask>) {
        let grey = matches!(self.color, ColorType::Grayscale | ColorType::GrayscaleAlpha);
        let meaning = meaning(profile, grey, warnings);
        let (pixels, alpha) = if self.deep { self.sixteen() } else { self.eight() };
        let (pixels, space) = meant(pixels, &meaning, grey, warnings);
        (pixels, space, alpha)
    }

    fn eight(self) -> (Pixels, Option<Mask>) {
        let (w, h) = self.size;
        let (data, alpha) = match self.color {
            ColorType::Rgb | ColorType::Indexed => (self.data, None),
            ColorType::Grayscale => (tripled(&self.data), None),
            ColorType::Rgba | ColorType::GrayscaleAlpha => {
                let rgba = if self.color == ColorType::Rgba {
                    Cow::Borrowed(&self.data)
                } else {
                    Cow::Owned(with_grey_tripled(&self.data))
                };
                let (rgb, alpha) = over_white::eight(w, h, &rgba);
                (rgb.data, Some(alpha))
            }
        };
        (Pixels::Eight(Rgb8 { w, h, data }), alpha)
    }

    fn sixteen(self) -> (Pixels, Option<Mask>) {
        let (w, h) = self.size;
        let words: Vec<u16> =
            self.data.as_chunks::<2>().0.iter().map(|&b| u16::from_be_bytes(b)).collect();
        drop(self.data);
        let (data, alpha) = match self.color {
            ColorType::Rgb | ColorType::Indexed => (words, None),
            ColorType::Grayscale => (tripled(&words), None),
            ColorType::Rgba | ColorType::GrayscaleAlpha => {
                let rgba =
                    if self.color == ColorType::Rgba { words } else { with_grey_tripled(&words) };
                let (rgb, alpha) = over_white::sixteen(w, h, &rgba);
                (rgb.data, Some(alpha))
            }
        };
        (Pixels::Sixteen(Rgb16 { w, h, data }), alpha)
    }
}

/// Grey as three equal channels.
pub(super) fn tripled<T: Copy>(grey: &[T]) -> Vec<T> {
    grey.iter().flat_map(|&v| [v; 3]).collect()
}

/// Grey and alpha as RGBA.
pub(super) fn with_grey_tripled<T: Copy>(grey: &[T]) -> Vec<T> {
    grey.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
}

/// What the numbers mean; what cannot be read is sRGB and a warning.
pub(super) fn meaning(profile: Option<&[u8]>, grey: bool, warnings: &mut Vec<String>) -> Meaning {
    let Some(profile) = profile else { return Meaning::Srgb };
    // Some programs write grey pixels with an RGB profile: its curve is the sRGB one in practice.
    let read = match icc::meaning(profile, DataColorSpace::Rgb) {
        Err(_) if grey => icc::meaning(profile, DataColorSpace::Gray),
        other => other,
    };
    read.unwrap_or_else(|why| {
        warnings.push(format!("{why}; read as sRGB"));
        Meaning::Srgb
    })
}

/// Pixels through their profile.
pub(super) fn meant(
    pixels: Pixels,
    meaning: &Meaning,
    grey: bool,
    warnings: &mut Vec<String>,
) -> (Pixels, Space) {
    let fallen = |pixels, why: String, warnings: &mut Vec<String>| {
        warnings.push(format!("{why}; read as sRGB"));
        (pixels, Space::Srgb)
    };
    if let (true, Meaning::Other(profile)) = (grey, meaning)
        && profile.color_space == DataColorSpace::Gray
    {
        return match icc::grey_table(profile) {
            Ok(None) => (pixels, Space::Srgb),
            Ok(Some(table)) => (through(pixels, &table), Space::Srgb),
            Err(why) => fallen(pixels, why, warnings),
        };
    }
    match pixels {
        Pixels::Eight(p) => {
            icc::rgb8(p, meaning).unwrap_or_else(|(p, why)| fallen(Pixels::Eight(p), why, warnings))
        }
        Pixels::Sixteen(p) => icc::rgb16(p, meaning)
            .unwrap_or_else(|(p, why)| fallen(Pixels::Sixteen(p), why, warnings)),
    }
}

/// Every value through a curve of 65536 steps.
fn through(pixels: Pixels, table: &[u16]) -> Pixels {
    match pixels {
        Pixels::Eight(mut p) => {
            p.data.iter_mut().for_each(|v| *v = (table[usize::from(*v) * 257] / 257) as u8);
            Pixels::Eight(p)
        }
        Pixels::Sixteen(mut p) => {
            p.data.iter_mut().for_each(|v| *v = table[usize::from(*v)]);
            Pixels::Sixteen(p)
        }
    }
}
