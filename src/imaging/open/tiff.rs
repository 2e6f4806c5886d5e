//! A TIFF file to a picture: grey, palette, RGB, CMYK, L*a*b* and `YCbCr`, 8 or 16 bits, striped or
//! tiled, in planes or not; the first picture of the file.
//!
//! Source: TIFF 6.0; Adobe Photoshop TIFF technical notes (`ICCLab`, alpha).

use super::orient::Orientation;
use super::png::{meaning, meant, tripled, with_grey_tripled};
use super::{Kind, OpenError, Opened, check_size, jpeg, over_white};
use crate::imaging::exif::ifd;
use crate::imaging::save::upright_xmp;
use crate::imaging::{Mask, Metadata, Picture, Pixels, Rgb8, Rgb16, Space, colour, exif, icc};
use std::borrow::Cow;
use std::io::Cursor;
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

/// More than deflate, LZW, `PackBits` or fax make of one byte; JPEG in TIFF stays below too.
const EXPANSION: usize = 4096;

const PHOTOMETRIC: u16 = 0x0106;
const PALETTE: u32 = 3;
const CIE_LAB: u32 = 8;
const ICC_LAB: u32 = 9;

/// Opens the first picture of a TIFF.
pub(super) fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    let photometric = photometric(bytes);
    let stored = disguised(bytes, photometric);
    let limits = {
        let mut limits = Limits::default();
        limits.decoding_buffer_size = super::MOST_BYTES;
        limits.intermediate_buffer_size = super::MOST_BYTES / 4;
        limits.ifd_value_size = 64 << 20;
        limits
    };
    let mut decoder = Decoder::new(Cursor::new(&*stored)).map_err(error)?.with_limits(limits);
    let (w, h) = decoder.dimensions().map_err(error)?;
    let size = (w as usize, h as usize);
    let color = decoder.colortype().map_err(error)?;
    let bits = usize::from(color.bit_depth()) * usize::from(color.num_samples());
    check_size(Kind::Tiff, size, bits.div_ceil(8), (bytes.len(), EXPANSION))?;
    let tags = Tags::read(&mut decoder, bytes);
    let samples = samples(&mut decoder, size, color)?;
    let mut warnings = Vec::new();
    let (pixels, space, alpha) = match photometric {
        Some(PALETTE) => (painted(samples, size, &tags)?, Space::Srgb, None),
        Some(CIE_LAB) => lab(&samples, size, color, true)?,
        Some(ICC_LAB) => lab(&samples, size, color, false)?,
        _ => coloured(samples, size, color, &tags, &mut warnings)?,
    };
    let orientation = Orientation::from_exif(tags.orientation);
    let picture = Picture {
        pixels: jpeg::turned(pixels, orientation),
        space,
        metadata: Metadata {
            exif: exif::of_tiff(bytes),
            xmp: tags.xmp.as_deref().map(upright_xmp),
            iptc: tags.iptc,
        },
    };
    let alpha = alpha.map(|a| orientation.mask(a));
    Ok(Opened { picture, kind: Kind::Tiff, alpha, warnings })
}

fn error(e: tiff::TiffError) -> OpenError {
    use tiff::TiffError as E;
    let kind = Kind::Tiff;
    match e {
        E::UnsupportedError(what) => OpenError::Variant { kind, what: format!("unusual ({what})") },
        E::LimitsExceeded => OpenError::damaged(kind, "it asks for more memory than it can need"),
        other => OpenError::damaged(kind, other),
    }
}

fn unusual(what: impl Into<String>) -> OpenError {
    OpenError::Variant { kind: Kind::Tiff, what: what.into() }
}

fn photometric(bytes: &[u8]) -> Option<u32> {
    let tiff = ifd::Tiff::new(bytes)?;
    tiff.first()?.number(&tiff, PHOTOMETRIC)
}

/// The tiff library refuses palettes and L*a*b* although it can read their samples: a copy
/// that calls them grey and RGB is read instead.
fn disguised(bytes: &[u8], photometric: Option<u32>) -> Cow<'_, [u8]> {
    let as_what: u16 = match photometric {
        Some(PALETTE) => 1,
        Some(CIE_LAB | ICC_LAB) => 2,
        _ => return Cow::Borrowed(bytes),
    };
    let place = ifd::Tiff::new(bytes)
        .and_then(|t| Some((t.big_endian, t.first()?.find(PHOTOMETRIC)?.start)));
    let Some((big_endian, start)) = place else { return Cow::Borrowed(bytes) };
    let mut copy = bytes.to_vec();
    let value = if big_endian { as_what.to_be_bytes() } else { as_what.to_le_bytes() };
    copy[start..start + 2].copy_from_slice(&value);
    Cow::Owned(copy)
}

/// What stands beside the pixels.
struct Tags {
    orientation: u32,
    icc: Option<Vec<u8>>,
    xmp: Option<Vec<u8>>,
    iptc: Option<Vec<u8>>,
    /// Red, then green, then blue; sixteen bits each.
    palette: Vec<u16>,
    /// Alpha has been multiplied into the colours.
    associated: bool,
}

impl Tags {
    fn read(d: &mut Decoder<Cursor<&[u8]>>, file: &[u8]) -> Self {
        let mut bytes = |tag| d.get_tag_u8_vec(tag).ok().filter(|b| !b.is_empty());
        let (icc, xmp) = (bytes(Tag::IccProfile), bytes(Tag::Unknown(0x02bc)));
        // Often wrongly called longs; its bytes are meant.
        let iptc = || {
            let tiff = ifd::Tiff::new(file)?;
            Some(tiff.value(tiff.first()?.find(0x83bb)?).to_vec())
        };
        let iptc = iptc().or_else(|| bytes(Tag::Unknown(0x83bb)));
        Self {
            orientation: d.get_tag_u32(Tag::Orientation).unwrap_or(1),
            icc,
            xmp,
            iptc,
            palette: d.get_tag_u16_vec(Tag::ColorMap).unwrap_or_default(),
            associated: d.get_tag_u16_vec(Tag::ExtraSamples).is_ok_and(|e| e.first() == Some(&1)),
        }
    }
}

/// Samples of eight or sixteen bits, interleaved.
enum Samples {
    Eight(Vec<u8>),
    Sixteen(Vec<u16>),
}

impl Samples {
    fn len(&self) -> usize {
        match self {
            Self::Eight(v) => v.len(),
            Self::Sixteen(v) => v.len(),
        }
    }
}

fn samples(
    decoder: &mut Decoder<Cursor<&[u8]>>,
    (w, h): (usize, usize),
    color: ColorType,
) -> Result<Samples, OpenError> {
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result).map_err(error)?;
    let channels = usize::from(color.num_samples());
    let planes = layout.planes > 1;
    let whole = match (result, color.bit_depth()) {
        (DecodingResult::U8(v), 8) => Samples::Eight(v),
        (DecodingResult::U8(v), bits @ (1 | 2 | 4)) if channels == 1 => {
            Samples::Eight(unpacked(&v, w, h, bits))
        }
        (DecodingResult::U16(v), 16) => Samples::Sixteen(v),
        (DecodingResult::F16(_) | DecodingResult::F32(_) | DecodingResult::F64(_), bits) => {
            return Err(unusual(format!("stored as {bits}-bit floating point")));
        }
        (DecodingResult::I8(_) | DecodingResult::I16(_) | DecodingResult::I32(_), _) => {
            return Err(unusual("stored as signed numbers"));
        }
        (_, bits) => return Err(unusual(format!("stored with {bits} bits a channel"))),
    };
    if whole.len() < w * h * channels {
        return Err(OpenError::damaged(Kind::Tiff, "pixels are missing"));
    }
    Ok(match whole {
        Samples::Eight(v) if planes => Samples::Eight(interleaved(&v, w * h, channels)),
        Samples::Sixteen(v) if planes => Samples::Sixteen(interleaved(&v, w * h, channels)),
        other => other,
    })
}

/// One byte a sample of 1, 2 or 4 bits; values are not scaled.
fn unpacked(packed: &[u8], w: usize, h: usize, bits: u8) -> Vec<u8> {
    let per_byte = usize::from(8 / bits);
    let mask = (1_u8 << bits) - 1;
    let row = w.div_ceil(per_byte);
    let mut out = Vec::with_capacity(w * h);
    for line in packed.chunks_exact(row.max(1)).take(h) {
        out.extend((0..w).map(|x| {
            let shift = 8 - bits * (x % per_byte + 1) as u8;
            (line[x / per_byte] >> shift) & mask
        }));
    }
    out
}

fn interleaved<T: Copy>(planes: &[T], pixels: usize, channels: usize) -> Vec<T> {
    (0..pixels * channels).map(|i| planes[i % channels * pixels + i / channels]).collect()
}

/// Everything but palettes and CIE L*a*b*.
fn coloured(
    samples: Samples,
    size: (usize, usize),
    color: ColorType,
    tags: &Tags,
    warnings: &mut Vec<String>,
) -> Result<(Pixels, Space, Option<Mask>), OpenError> {
    let icc = tags.icc.as_deref();
    match color {
        ColorType::Gray(bits) => {
            let pixels = grey(samples, size, bits);
            let (pixels, space) = meant(pixels, &meaning(icc, true, warnings), true, warnings);
            Ok((pixels, space, None))
        }
        ColorType::GrayA(_) | ColorType::Multiband { num_samples: 2, .. } => {
            let rgba = match samples {
                Samples::Eight(v) => Samples::Eight(with_grey_tripled(&v)),
                Samples::Sixteen(v) => Samples::Sixteen(with_grey_tripled(&v)),
            };
            Ok(clear(rgba, size, tags, true, warnings))
        }
        ColorType::RGBA(_) => Ok(clear(samples, size, tags, false, warnings)),
        ColorType::RGB(_) => {
            let pixels = three(samples, size);
            let (pixels, space) = meant(pixels, &meaning(icc, false, warnings), false, warnings);
            Ok((pixels, space, None))
        }
        ColorType::YCbCr(8) => {
            let Samples::Eight(mut v) = samples else { return Err(unusual("YCbCr")) };
            v.chunks_exact_mut(3).for_each(rgb_of_ycbcr);
            let pixels = three(Samples::Eight(v), size);
            let (pixels, space) = meant(pixels, &meaning(icc, false, warnings), false, warnings);
            Ok((pixels, space, None))
        }
        ColorType::CMYK(_) => Ok(inks(samples, size, icc, warnings)),
        other => Err(unusual(format!("{other:?}"))),
    }
}

fn three(samples: Samples, (w, h): (usize, usize)) -> Pixels {
    match samples {
        Samples::Eight(data) => Pixels::Eight(Rgb8 { w, h, data }),
        Samples::Sixteen(data) => Pixels::Sixteen(Rgb16 { w, h, data }),
    }
}

/// Grey of any depth as three channels; low depths are stretched to eight bits.
fn grey(samples: Samples, size: (usize, usize), bits: u8) -> Pixels {
    let stretch = 255 / ((1_u16 << bits.min(8)) - 1) as u8;
    match samples {
        Samples::Eight(v) => {
            three(Samples::Eight(tripled(&v).into_iter().map(|g| g * stretch).collect()), size)
        }
        Samples::Sixteen(v) => three(Samples::Sixteen(tripled(&v)), size),
    }
}

/// RGBA over white.
fn clear(
    rgba: Samples,
    (w, h): (usize, usize),
    tags: &Tags,
    is_grey: bool,
    warnings: &mut Vec<String>,
) -> (Pixels, Space, Option<Mask>) {
    let (pixels, alpha) = match rgba {
        Samples::Eight(mut v) => {
            if tags.associated {
                v.chunks_exact_mut(4).for_each(separate8);
            }
            let (rgb, alpha) = over_white::eight(w, h, &v);
            (Pixels::Eight(rgb), alpha)
        }
        Samples::Sixteen(mut v) => {
            if tags.associated {
                v.chunks_exact_mut(4).for_each(separate16);
            }
            let (rgb, alpha) = over_white::sixteen(w, h, &v);
            (Pixels::Sixteen(rgb), alpha)
        }
    };
    let meaning = meaning(tags.icc.as_deref(), is_grey, warnings);
    let (pixels, space) = meant(pixels, &meaning, is_grey, warnings);
    (pixels, space, Some(alpha))
}

/// Takes the alpha out of colours that it was multiplied into.
fn separate8(p: &mut [u8]) {
    let a = u32::from(p[3]);
    if a > 0 {
        p[..3].iter_mut().for_each(|v| *v = ((u32::from(*v) * 255 + a / 2) / a).min(255) as u8);
    }
}

fn separate16(p: &mut [u16]) {
    let a = u32::from(p[3]);
    if a > 0 {
        let whole = |v: u16| (u64::from(v) * 65_535 + u64::from(a) / 2) / u64::from(a);
        p[..3].iter_mut().for_each(|v| *v = whole(*v).min(65_535) as u16);
    }
}

/// ITU-R BT.601 at full range, as in JFIF and TIFF 6.0's defaults.
fn rgb_of_ycbcr(p: &mut [u8]) {
    let [y, cb, cr] = [f32::from(p[0]), f32::from(p[1]) - 128.0, f32::from(p[2]) - 128.0];
    let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    for (to, v) in p.iter_mut().zip(rgb) {
        *to = (v + 0.5).clamp(0.0, 255.0) as u8;
    }
}

fn inks(
    samples: Samples,
    (w, h): (usize, usize),
    icc: Option<&[u8]>,
    warnings: &mut Vec<String>,
) -> (Pixels, Space, Option<Mask>) {
    let (data, space) = match samples {
        Samples::Eight(v) => jpeg::inked(&v, icc, icc::widen8, warnings),
        Samples::Sixteen(v) => jpeg::inked(&v, icc, |v| v, warnings),
    };
    (Pixels::Sixteen(Rgb16 { w, h, data }), space, None)
}

/// Palette numbers through the colour map.
fn painted(samples: Samples, (w, h): (usize, usize), tags: &Tags) -> Result<Pixels, OpenError> {
    let Samples::Eight(indices) = samples else { return Err(unusual("a 16-bit palette")) };
    let count = tags.palette.len() / 3;
    if count == 0 {
        return Err(OpenError::damaged(Kind::Tiff, "its palette is missing"));
    }
    // Some programs write the map with eight bits; then no value is above 255.
    let shift = if tags.palette.iter().all(|&v| v < 256) { 0 } else { 8 };
    let channel = |i: usize, c: usize| (tags.palette[c * count + i] >> shift) as u8;
    let data = indices
        .iter()
        .flat_map(|&i| {
            let i = usize::from(i).min(count - 1);
            [channel(i, 0), channel(i, 1), channel(i, 2)]
        })
        .collect();
    Ok(Pixels::Eight(Rgb8 { w, h, data }))
}

/// L*a*b* (D50) to Rec.2020. `signed`: a* and b* are two's complement (`CIELab`, TIFF 6.0); else
/// their zero is at half (`ICCLab`). L* is unsigned in both; white is all ones, except that `ICCLab`
/// of sixteen bits has it at 0xff00.
fn lab(
    samples: &Samples,
    (w, h): (usize, usize),
    color: ColorType,
    signed: bool,
) -> Result<(Pixels, Space, Option<Mask>), OpenError> {
    if color.num_samples() != 3 {
        return Err(unusual("L*a*b* with further channels"));
    }
    let a_of = |v: f32, half: f32| if signed && v >= half { v - 2.0 * half } else { v };
    let offset = if signed { 0.0 } else { 128.0 };
    let number = |i: usize, v: u16, deep: bool| -> f32 {
        let v = f32::from(v);
        match (i, deep) {
            (0, false) => v * 100.0 / 255.0,
            (0, true) => v * 100.0 / if signed { 65_535.0 } else { 65_280.0 },
            (_, false) => a_of(v, 128.0) - offset,
            (_, true) => a_of(v, 32_768.0) / 256.0 - offset,
        }
    };
    let one = |p: [f32; 3]| {
        let xyz = colour::apply(&colour::D50_TO_D65, colour::lab_to_xyz(p, colour::D50));
        let rec2020 =
            colour::apply(&colour::SRGB_TO_REC2020, colour::apply(&colour::XYZ_TO_SRGB, xyz));
        rec2020.map(|v| (colour::srgb_encode(v).clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16)
    };
    let data = match samples {
        Samples::Eight(v) => v
            .chunks_exact(3)
            .flat_map(|p| one(std::array::from_fn(|i| number(i, u16::from(p[i]), false))))
            .collect(),
        Samples::Sixteen(v) => v
            .chunks_exact(3)
            .flat_map(|p| one(std::array::from_fn(|i| number(i, p[i], true))))
            .collect(),
    };
    Ok((Pixels::Sixteen(Rgb16 { w, h, data }), Space::Rec2020, None))
}
