//! JPEG through libjpeg-turbo, with hard limits.

use super::Rgb8;
use turbojpeg::{Compressor, Decompressor, Image, PixelFormat, Subsamp};

/// No picture larger than this is opened: a header may lie.
pub const MOST_PIXELS: usize = 200_000_000;

/// Why a JPEG was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum JpegError {
    /// Not a JPEG, or cut off.
    #[error("this is not a whole JPEG ({0}); copy it from the card again")]
    Damaged(String),
    /// The header claims more than the limit.
    #[error("the picture claims {0}x{1} pixels, more than Culet opens")]
    TooLarge(usize, usize),
    /// libjpeg-turbo refused to write.
    #[error("the JPEG could not be written: {0}")]
    Encode(String),
}

/// Decodes a whole JPEG; one that ends early is an error, not a grey picture.
pub fn decode(bytes: &[u8]) -> Result<Rgb8, JpegError> {
    let damaged = |e: turbojpeg::Error| JpegError::Damaged(e.to_string());
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return Err(JpegError::Damaged("no JPEG header".to_owned()));
    }
    let mut decoder = Decompressor::new().map_err(damaged)?;
    let header = decoder.read_header(bytes).map_err(damaged)?;
    let (w, h) = (header.width, header.height);
    if w.saturating_mul(h) > MOST_PIXELS {
        return Err(JpegError::TooLarge(w, h));
    }
    let mut out = Rgb8::new(w, h);
    let image = Image {
        pixels: out.data.as_mut_slice(),
        width: w,
        pitch: w * 3,
        height: h,
        format: PixelFormat::RGB,
    };
    decoder.decompress(bytes, image).map_err(damaged)?;
    Ok(out)
}

/// Encodes sRGB pixels; full chroma resolution from quality 90 on.
pub fn encode(picture: &Rgb8, quality: u8) -> Result<Vec<u8>, JpegError> {
    let failed = |e: turbojpeg::Error| JpegError::Encode(e.to_string());
    let mut encoder = Compressor::new().map_err(failed)?;
    encoder.set_quality(i32::from(quality.clamp(1, 100))).map_err(failed)?;
    let subsampling = if quality >= 95 { Subsamp::None } else { Subsamp::Sub2x2 };
    encoder.set_subsamp(subsampling).map_err(failed)?;
    let image = Image {
        pixels: picture.data.as_slice(),
        width: picture.w,
        pitch: picture.w * 3,
        height: picture.h,
        format: PixelFormat::RGB,
    };
    encoder.compress_to_vec(image).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_survives_and_a_cut_one_is_refused() {
        let picture = Rgb8::from_fn(64, 48, |x, y| [x as u8 * 3, y as u8 * 4, 99]);
        let bytes = encode(&picture, 98).unwrap();
        let back = decode(&bytes).unwrap();
        let worst = picture.data.iter().zip(&back.data).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst < Some(8), "{worst:?}");
        assert!(decode(&bytes[..bytes.len() / 2]).is_err());
        assert!(decode(b"GIF89a").is_err());
    }
}
