//! A PNG file of eight or sixteen bits.

use super::{Format, How, SaveError, exif_block, space, xmp_packet};
use crate::imaging::open::XMP_KEYWORD;
use crate::imaging::{Mask, Picture, Rgba8};
use png::{BitDepth, ColorType, Compression, Encoder, Filter, Info};
use std::borrow::Cow;
use std::io::Write;

pub(super) fn write(
    to: &mut dyn Write,
    picture: &Picture,
    how: &How,
) -> Result<Vec<String>, SaveError> {
    let (w, h) = picture.size();
    let deep = how.format == Format::Png16;
    let mut lost = Vec::new();
    if picture.metadata.iptc.is_some() {
        lost.push("PNG has no place for its IPTC".to_owned());
    }
    let mut info = Info::with_size(w as u32, h as u32);
    info.color_type = ColorType::Rgb;
    info.bit_depth = if deep { BitDepth::Sixteen } else { BitDepth::Eight };
    info.icc_profile = Some(Cow::Borrowed(how.profile.icc()));
    info.exif_metadata = Some(Cow::Owned(exif_block(picture, how, usize::MAX, &mut lost)));
    let mut encoder = Encoder::with_info(to, info).map_err(failed)?;
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Adaptive);
    let xmp = String::from_utf8_lossy(&xmp_packet(&picture.metadata, how)).into_owned();
    encoder.add_itxt_chunk(XMP_KEYWORD.to_owned(), xmp).map_err(failed)?;
    let mut writer = encoder.write_header().map_err(failed)?;
    let mut stream = writer.stream_writer().map_err(failed)?;
    if deep {
        let pixels = space::sixteen(picture, how.profile);
        for row in pixels.data.chunks(w * 3) {
            let bytes: Vec<u8> = row.iter().flat_map(|v| v.to_be_bytes()).collect();
            stream.write_all(&bytes)?;
        }
    } else {
        stream.write_all(&space::eight(picture, how.profile).data)?;
    }
    stream.finish().map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(lost)
}

/// A PNG with straight alpha; sRGB, eight bits, with the EXIF block and XMP of the picture that it was cut
/// from.
pub(super) fn write_cut(
    to: &mut dyn Write,
    pixels: &Rgba8,
    from: &Picture,
    how: &How,
) -> Result<Vec<String>, SaveError> {
    let mut lost = Vec::new();
    let mut info = Info::with_size(pixels.w as u32, pixels.h as u32);
    info.color_type = ColorType::Rgba;
    info.bit_depth = BitDepth::Eight;
    info.icc_profile = Some(Cow::Borrowed(super::Profile::Srgb.icc()));
    info.exif_metadata = Some(Cow::Owned(exif_block(from, how, usize::MAX, &mut lost)));
    let mut encoder = Encoder::with_info(to, info).map_err(failed)?;
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Adaptive);
    let xmp = String::from_utf8_lossy(&xmp_packet(&from.metadata, how)).into_owned();
    encoder.add_itxt_chunk(XMP_KEYWORD.to_owned(), xmp).map_err(failed)?;
    let mut writer = encoder.write_header().map_err(failed)?;
    let mut stream = writer.stream_writer().map_err(failed)?;
    for row in pixels.data.chunks(pixels.w.max(1)) {
        stream.write_all(bytemuck::cast_slice(row))?;
    }
    stream.finish().map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(lost)
}

/// A PNG of one grey channel, eight bits: a coverage, 255 is inside.
pub(super) fn write_mask(to: &mut dyn Write, mask: &Mask) -> Result<(), SaveError> {
    let mut encoder = Encoder::new(to, mask.w as u32, mask.h as u32);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&mask.data).map_err(failed)?;
    writer.finish().map_err(failed)
}

fn failed(e: png::EncodingError) -> SaveError {
    match e {
        png::EncodingError::IoError(e) => SaveError::Stream(e),
        other => SaveError::Encode(format!("the PNG could not be written: {other}")),
    }
}
