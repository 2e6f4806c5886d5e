//! A JPEG file to a picture: grey, RGB, and the four inks of CMYK and YCCK.

use super::orient::Orientation;
use super::segments::{self, Segments};
use super::{Kind, OpenError, Opened};
use crate::imaging::icc::{self, Meaning};
use crate::imaging::jpeg::{self, JpegError, Shrink};
use crate::imaging::save::upright_xmp;
use crate::imaging::{Metadata, Picture, Pixels, Rgb8, Rgb16, Space, exif};
use moxcms::DataColorSpace;

/// Opens a whole JPEG.
pub(super) fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    let segments = segments::read(bytes);
    let mut warnings = Vec::new();
    let (pixels, space) = match decoded(bytes, Shrink::No)? {
        Decoded::Rgb(rgb) => coloured(rgb, &segments, &mut warnings),
        Decoded::Inks(w, h, mut inks) => {
            upright_inks(&mut inks, segments.adobe.is_some());
            let (data, space) = inked(&inks, segments.icc.as_deref(), icc::widen8, &mut warnings);
            (Pixels::Sixteen(Rgb16 { w, h, data }), space)
        }
    };
    let orientation = orientation(&segments);
    let picture =
        Picture { pixels: turned(pixels, orientation), space, metadata: metadata(segments) };
    Ok(Opened { picture, kind: Kind::Jpeg, alpha: None, warnings })
}

/// What the file says about which way is up.
pub(super) fn orientation(segments: &Segments<'_>) -> Orientation {
    Orientation::from_exif(segments.exif.map_or(1, exif::orientation))
}

/// Pixels the way up that the file asks for.
pub(super) fn turned(pixels: Pixels, orientation: Orientation) -> Pixels {
    match pixels {
        Pixels::Eight(p) => Pixels::Eight(orientation.rgb8(p)),
        Pixels::Sixteen(p) => Pixels::Sixteen(orientation.rgb16(p)),
    }
}

/// What the decoder gives.
pub(super) enum Decoded {
    /// Grey comes as three equal channels.
    Rgb(Rgb8),
    /// Width, height, and four inks a pixel as they are stored.
    Inks(usize, usize, Vec<u8>),
}

/// Decodes at the size that `shrink` gives.
pub(super) fn decoded(bytes: &[u8], shrink: Shrink) -> Result<Decoded, OpenError> {
    let mut decoder = jpeg::Decoder::new().map_err(|e| error(e, bytes))?;
    let header = match decoder.header(bytes) {
        // libjpeg-turbo's binding stops at headers that are only unusual; zune-jpeg goes on.
        Err(JpegError::Damaged(why)) => return second_opinion(bytes, &why),
        other => other.map_err(|e| error(e, bytes))?,
    };
    if header.is_cmyk {
        let (w, h, inks) = decoder.cmyk(bytes, shrink).map_err(|e| error(e, bytes))?;
        return Ok(Decoded::Inks(w, h, inks));
    }
    let mut rgb = Rgb8::default();
    decoder.rgb(bytes, shrink, &mut rgb).map_err(|e| error(e, bytes))?;
    Ok(Decoded::Rgb(rgb))
}

fn second_opinion(bytes: &[u8], why: &str) -> Result<Decoded, OpenError> {
    use image::ImageDecoder as _;
    let damaged = || OpenError::damaged(Kind::Jpeg, why);
    if !why.contains("JFIF") && !why.contains("Adobe") {
        return Err(damaged());
    }
    let decoder = image::codecs::jpeg::JpegDecoder::new(std::io::Cursor::new(bytes))
        .map_err(|_| damaged())?;
    let (w, h) = decoder.dimensions();
    super::check_size(Kind::Jpeg, (w as usize, h as usize), 3, (bytes.len(), 3 * 8 * 64))?;
    let picture = image::DynamicImage::from_decoder(decoder).map_err(|_| damaged())?;
    Ok(Decoded::Rgb(Rgb8 { w: w as usize, h: h as usize, data: picture.into_rgb8().into_raw() }))
}

/// The decoder's reasons as ours.
pub(super) fn error(e: JpegError, bytes: &[u8]) -> OpenError {
    let kind = Kind::Jpeg;
    match e {
        JpegError::TooLarge(w, h) if w * h > jpeg::most_held(bytes.len()) => {
            OpenError::Implausible { kind, w, h, bytes: bytes.len() }
        }
        JpegError::TooLarge(w, h) => OpenError::TooLarge { kind, w, h },
        JpegError::Damaged(why) if why.contains("precision") => {
            OpenError::Variant { kind, what: "stored with other than 8 bits a channel".to_owned() }
        }
        JpegError::Damaged(why) | JpegError::Encode(why) => OpenError::damaged(kind, why),
    }
}

/// What RGB numbers mean: the embedded profile, or Adobe RGB named in EXIF, or sRGB.
pub(super) fn rgb_meaning(segments: &Segments<'_>, warnings: &mut Vec<String>) -> Meaning {
    match &segments.icc {
        // A grey JPEG with a grey profile: the curve is close enough to keep.
        Some(profile) => icc::meaning(profile, DataColorSpace::Rgb).unwrap_or_else(|why| {
            warnings.push(format!("{why}; read as sRGB"));
            Meaning::Srgb
        }),
        None if segments.exif.is_some_and(exif::says_adobe_rgb) => icc::adobe_rgb(),
        None => Meaning::Srgb,
    }
}

fn coloured(rgb: Rgb8, segments: &Segments<'_>, warnings: &mut Vec<String>) -> (Pixels, Space) {
    if let Some(rgb) = grey(&rgb, segments) {
        return (Pixels::Eight(rgb), Space::Srgb);
    }
    let meaning = rgb_meaning(segments, warnings);
    icc::rgb8(rgb, &meaning).unwrap_or_else(|(rgb, why)| {
        warnings.push(format!("{why}; read as sRGB"));
        (Pixels::Eight(rgb), Space::Srgb)
    })
}

/// Grey pixels with a grey profile, through its curve; `None` if this is no such picture.
pub(super) fn grey(rgb: &Rgb8, segments: &Segments<'_>) -> Option<Rgb8> {
    let profile = segments.icc.as_deref()?;
    let Ok(Meaning::Other(profile)) = icc::meaning(profile, DataColorSpace::Gray) else {
        return None;
    };
    let Some(table) = icc::grey_table(&profile).ok()? else { return Some(rgb.clone()) };
    let bytes: Vec<u8> = (0..256).map(|v| (table[v * 257] / 257) as u8).collect();
    let data = rgb.data.iter().map(|&v| bytes[usize::from(v)]).collect();
    Some(Rgb8 { w: rgb.w, h: rgb.h, data })
}

/// Makes 0 bare paper: Adobe's programs store inks inverted and mark the file as theirs.
pub(super) fn upright_inks(inks: &mut [u8], by_adobe: bool) {
    if by_adobe {
        for v in inks {
            *v = 255 - *v;
        }
    }
}

/// Inks (0 is bare paper) to red, green and blue.
pub(super) fn inked<T: Copy + Sync>(
    inks: &[T],
    profile: Option<&[u8]>,
    widen: impl Fn(T) -> u16 + Copy + Sync,
    warnings: &mut Vec<String>,
) -> (Vec<u16>, Space) {
    let through = match profile {
        None => Err("it has no colour profile".to_owned()),
        Some(icc) => icc::meaning(icc, DataColorSpace::Cmyk).and_then(|meaning| match meaning {
            Meaning::Other(profile) => icc::cmyk(inks, &profile, widen),
            Meaning::Srgb => Err("its colour profile is not for inks".to_owned()),
        }),
    };
    match through {
        Ok(data) => (data, Space::Rec2020),
        Err(why) => {
            warnings.push(format!("{why}: the colours of its inks are a guess"));
            (plain_inks(inks, widen), Space::Srgb)
        }
    }
}

/// Each ink takes its share of the light, black takes from all.
fn plain_inks<T: Copy>(inks: &[T], widen: impl Fn(T) -> u16) -> Vec<u16> {
    inks.chunks_exact(4)
        .flat_map(|p| {
            let [c, m, y, k] = [p[0], p[1], p[2], p[3]].map(|v| 65_535 - u64::from(widen(v)));
            [c, m, y].map(|v| ((v * k + 32_767) / 65_535) as u16)
        })
        .collect()
}

fn metadata(segments: Segments<'_>) -> Metadata {
    Metadata {
        exif: segments.exif.map(exif::upright),
        xmp: segments.xmp.map(upright_xmp),
        iptc: segments.iptc,
    }
}
