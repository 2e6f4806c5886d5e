//! JPEG through libjpeg-turbo, with hard limits; whole stills and live frames.

use super::{Rgb8, Rgba8};
use turbojpeg::{
    Colorspace, Compressor, DecompressHeader, Decompressor, Image, PixelFormat, ScalingFactor,
    Subsamp,
};

pub use super::open::MOST_PIXELS;

/// A progressive picture has about ten scans; one with more than this is made to cost time.
const MOST_SCANS: u32 = 200;

/// Why a JPEG was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum JpegError {
    /// Not a JPEG, or cut off.
    #[error("this is not a whole JPEG ({0}); copy it from the card again")]
    Damaged(String),
    /// The header claims more than the limit, or more than its bytes can hold.
    #[error("the picture claims {0}x{1} pixels, more than Culet opens or than the file can hold")]
    TooLarge(usize, usize),
    /// libjpeg-turbo refused to write.
    #[error("the JPEG could not be written: {0}")]
    Encode(String),
}

/// By how much a picture is made smaller while it is decoded; each is rounded up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shrink {
    /// As it is.
    #[default]
    No,
    /// Half the width and height.
    Half,
    /// A quarter of the width and height.
    Quarter,
    /// An eighth of the width and height.
    Eighth,
}

impl Shrink {
    /// The strongest that leaves a side of `longer` pixels with at least `at_least`.
    pub fn to_reach(longer: usize, at_least: usize) -> Self {
        [Self::Eighth, Self::Quarter, Self::Half]
            .into_iter()
            .find(|s| s.factor().scale(longer) >= at_least)
            .unwrap_or(Self::No)
    }

    /// A side of `length` after shrinking.
    pub fn scaled(self, length: usize) -> usize {
        self.factor().scale(length)
    }

    fn factor(self) -> ScalingFactor {
        match self {
            Self::No => ScalingFactor::ONE,
            Self::Half => ScalingFactor::ONE_HALF,
            Self::Quarter => ScalingFactor::ONE_QUARTER,
            Self::Eighth => ScalingFactor::ONE_EIGHTH,
        }
    }
}

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Width in pixels, as stored.
    pub w: usize,
    /// Height in pixels, as stored.
    pub h: usize,
    /// Four inks instead of red, green and blue.
    pub is_cmyk: bool,
    /// One channel.
    pub is_grey: bool,
}

/// A decoder that can be used again and again; keep one a thread.
#[derive(Debug)]
pub struct Decoder {
    inner: Decompressor,
}

/// Makes a buffer of a length, in its own memory where that is enough: fresh memory comes zeroed from the
/// system, where growing would write zeros into all of it once more.
fn make_room<T: bytemuck::Zeroable + Clone>(data: &mut Vec<T>, n: usize) {
    if data.capacity() < n {
        *data = bytemuck::zeroed_vec(n);
    } else {
        data.resize(n, T::zeroed());
    }
}

impl Decoder {
    /// A decoder; fails only without memory.
    pub fn new() -> Result<Self, JpegError> {
        let mut inner = Decompressor::new().map_err(damaged)?;
        inner.set_scan_limit(MOST_SCANS).map_err(damaged)?;
        Ok(Self { inner })
    }

    /// Reads the header and holds it against the limits; nothing is allocated for pixels.
    pub fn header(&mut self, bytes: &[u8]) -> Result<Header, JpegError> {
        let header = self.checked(bytes)?;
        Ok(Header {
            w: header.width,
            h: header.height,
            is_cmyk: matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK),
            is_grey: header.colorspace == Colorspace::Gray,
        })
    }

    fn checked(&mut self, bytes: &[u8]) -> Result<DecompressHeader, JpegError> {
        if !bytes.starts_with(&[0xff, 0xd8]) {
            return Err(JpegError::Damaged("no JPEG header".to_owned()));
        }
        let header = self.inner.read_header(bytes).map_err(damaged)?;
        check(&header, bytes.len())?;
        Ok(header)
    }

    /// Decodes into `out`, whose memory is used again. A picture that ends early is an error, and
    /// `out` is then undefined. Four inks are refused: see [`super::open`].
    pub fn rgb(&mut self, bytes: &[u8], shrink: Shrink, out: &mut Rgb8) -> Result<(), JpegError> {
        let (w, h) = self.prepare(bytes, shrink)?;
        (out.w, out.h) = (w, h);
        make_room(&mut out.data, w * h * 3);
        self.decode(bytes, (w, h), PixelFormat::RGB, &mut out.data)
    }

    /// As [`Self::rgb`], for the screen; alpha is 255.
    pub fn rgba(&mut self, bytes: &[u8], shrink: Shrink, out: &mut Rgba8) -> Result<(), JpegError> {
        let (w, h) = self.prepare(bytes, shrink)?;
        (out.w, out.h) = (w, h);
        make_room(&mut out.data, w * h);
        self.decode(bytes, (w, h), PixelFormat::RGBA, bytemuck::cast_slice_mut(&mut out.data))
    }

    /// The inks of a CMYK or YCCK picture as they are stored (Adobe stores them inverted):
    /// `w * h * 4` bytes.
    pub(super) fn cmyk(
        &mut self,
        bytes: &[u8],
        shrink: Shrink,
    ) -> Result<(usize, usize, Vec<u8>), JpegError> {
        let (w, h) = self.prepare(bytes, shrink)?;
        let mut inks = vec![0; w * h * 4];
        self.decode(bytes, (w, h), PixelFormat::CMYK, &mut inks)?;
        Ok((w, h, inks))
    }

    /// The size that decoding will give; lossless JPEG cannot be made smaller on the way.
    fn prepare(&mut self, bytes: &[u8], shrink: Shrink) -> Result<(usize, usize), JpegError> {
        let header = self.checked(bytes)?;
        let shrink = if header.is_lossless { Shrink::No } else { shrink };
        self.inner.set_scaling_factor(shrink.factor()).map_err(damaged)?;
        Ok((shrink.scaled(header.width), shrink.scaled(header.height)))
    }

    fn decode(
        &mut self,
        bytes: &[u8],
        (width, height): (usize, usize),
        format: PixelFormat,
        pixels: &mut [u8],
    ) -> Result<(), JpegError> {
        let image = Image { pixels, width, pitch: width * format.size(), height, format };
        match self.inner.decompress(bytes, image) {
            Err(e) if !is_harmless(&e) => Err(damaged(e)),
            _ => Ok(()),
        }
    }
}

fn damaged(e: turbojpeg::Error) -> JpegError {
    JpegError::Damaged(match e {
        turbojpeg::Error::TurboJpegError(text) => text,
        other => other.to_string(),
    })
}

/// libjpeg-turbo reports its warnings as errors, after it has decoded the whole picture. These do
/// not touch pixels: padding before a marker, numbers in unused headers (`jerror.h`).
fn is_harmless(e: &turbojpeg::Error) -> bool {
    matches!(e, turbojpeg::Error::TurboJpegError(text) if is_quirk(text))
}

/// Whether what libjpeg-turbo says, as in [`complaint`], is a way of some writers and no damage.
pub fn is_quirk(text: &str) -> bool {
    let harmless = [
        "extraneous bytes before marker 0xd9",
        "unknown JFIF revision",
        "Unknown Adobe color transform",
        "Invalid SOS parameters for sequential JPEG",
        "bad ICC marker",
    ];
    harmless.iter().any(|t| text.contains(t))
}

/// Limits that hold before anything is allocated. With Huffman coding every block of 8 x 8 pixels
/// takes a bit at the least; a progressive picture also needs its coefficients in memory.
fn check(header: &DecompressHeader, bytes: usize) -> Result<(), JpegError> {
    let (w, h) = (header.width, header.height);
    let pixels = w.saturating_mul(h);
    let most = if header.is_progressive { MOST_PIXELS / 2 } else { MOST_PIXELS };
    let held = if header.is_arithmetic { usize::MAX } else { most_held(bytes) };
    if pixels > most || pixels > held {
        return Err(JpegError::TooLarge(w, h));
    }
    Ok(())
}

/// The most pixels that a file of so many bytes can hold, with some room for tiny files.
pub(super) fn most_held(bytes: usize) -> usize {
    bytes.saturating_mul(8 * 64).saturating_add(1 << 16)
}

/// Decodes a whole JPEG; one that ends early is an error, not a grey picture.
pub fn decode(bytes: &[u8]) -> Result<Rgb8, JpegError> {
    let mut out = Rgb8::default();
    Decoder::new()?.rgb(bytes, Shrink::No, &mut out)?;
    Ok(out)
}

/// Whether a JPEG begins and ends as it must; a file that was cut off does not. Zeros or other bytes
/// that some bodies put behind the end marker do not matter.
pub fn is_whole(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8]) && bytes.windows(2).rev().any(|pair| pair == [0xff, 0xd9])
}

/// What is odd about a JPEG's data, in libjpeg-turbo's words: it ends early, or its codes do not add
/// up. Decodes it at an eighth of its size. Some bodies write such files; a damaged transfer gives
/// another one when it is repeated.
pub fn complaint(bytes: &[u8]) -> Option<String> {
    if !is_whole(bytes) {
        return Some("it ends early".to_owned());
    }
    let looked = Decoder::new().and_then(|mut decoder| {
        let inks = decoder.header(bytes)?.is_cmyk;
        let format = if inks { PixelFormat::CMYK } else { PixelFormat::RGBA };
        let (width, height) = decoder.prepare(bytes, Shrink::Eighth)?;
        let mut pixels = vec![0; width * height * 4];
        let image =
            Image { pixels: pixels.as_mut_slice(), width, pitch: width * 4, height, format };
        decoder.inner.decompress(bytes, image).map_err(damaged)
    });
    looked.err().map(|e| e.to_string())
}

/// Encodes sRGB pixels; full chroma resolution from quality 90 on.
pub fn encode(picture: &Rgb8, quality: u8) -> Result<Vec<u8>, JpegError> {
    let failed = |e: turbojpeg::Error| JpegError::Encode(e.to_string());
    let mut encoder = Compressor::new().map_err(failed)?;
    encoder.set_quality(i32::from(quality.clamp(1, 100))).map_err(failed)?;
    let subsampling = if quality >= 90 { Subsamp::None } else { Subsamp::Sub2x2 };
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

    fn sample() -> Rgb8 {
        Rgb8::from_fn(64, 48, |x, y| [x as u8 * 3, y as u8 * 4, 99])
    }

    #[test]
    fn a_picture_survives_and_a_cut_one_is_refused() {
        let picture = sample();
        let bytes = encode(&picture, 98).unwrap();
        let back = decode(&bytes).unwrap();
        let worst = picture.data.iter().zip(&back.data).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst < Some(8), "{worst:?}");
        assert!(decode(&bytes[..bytes.len() / 2]).is_err());
        assert!(decode(b"GIF89a").is_err());
    }

    #[test]
    fn bytes_after_the_end_do_not_matter() {
        let mut bytes = encode(&sample(), 95).unwrap();
        let clean = decode(&bytes).unwrap();
        bytes.extend_from_slice(&[0, 1, 2, 0xff, 0xd8, 0xff]);
        assert_eq!(decode(&bytes).unwrap(), clean);
        // Padding before the end mark.
        let end = bytes.len() - 8;
        bytes.splice(end..end, [0, 0, 0, 0]);
        assert_eq!(decode(&bytes).unwrap(), clean);
    }

    #[test]
    fn a_damaged_transfer_is_complained_of() {
        let noise = Rgb8::from_fn(256, 192, |x, y| {
            let v = (x * 7919 + y * 104_729) as u32;
            [v as u8, (v >> 3) as u8, (v >> 5) as u8]
        });
        let bytes = encode(&noise, 92).unwrap();
        assert_eq!(complaint(&bytes), None);
        assert!(complaint(&bytes[..bytes.len() / 2]).is_some());
        let mut noticed = 0;
        for at in (1000..bytes.len() - 100).step_by(bytes.len() / 60) {
            let mut bad = bytes.clone();
            bad[at..at + 64].iter_mut().for_each(|b| *b = !*b);
            noticed += usize::from(complaint(&bad).is_some());
        }
        println!("{noticed} of some 60 stretches of 64 wrong bytes are noticed");
        assert!(noticed >= 54, "{noticed}");
    }

    #[test]
    fn live_frames_reuse_their_buffer_and_shrink() {
        let bytes = encode(&sample(), 95).unwrap();
        let mut decoder = Decoder::new().unwrap();
        let mut frame = Rgba8::default();
        decoder.rgba(&bytes, Shrink::No, &mut frame).unwrap();
        let place = frame.data.as_ptr();
        decoder.rgba(&bytes, Shrink::Half, &mut frame).unwrap();
        assert_eq!((frame.w, frame.h, frame.data.len()), (32, 24, 32 * 24));
        assert_eq!(frame.data.as_ptr(), place);
        let pixel = frame.data[0].to_ne_bytes();
        assert!(pixel[3] == 255 && pixel[2].abs_diff(99) < 8, "{pixel:?}");
        let mut whole = Rgb8::default();
        decoder.rgb(&bytes, Shrink::No, &mut whole).unwrap();
        assert_eq!(whole, decode(&bytes).unwrap());
    }

    #[test]
    fn a_header_that_claims_more_than_its_bytes_hold_costs_nothing() {
        let mut bytes = encode(&sample(), 95).unwrap();
        let sof = bytes.windows(2).position(|p| p == [0xff, 0xc0]).unwrap();
        bytes[sof + 5..sof + 9].copy_from_slice(&[0xff, 0xdc, 0x0b, 0xb8]);
        assert!(matches!(decode(&bytes), Err(JpegError::TooLarge(3000, 65500))));
    }

    #[test]
    fn shrinking_keeps_at_least_what_is_asked() {
        assert_eq!(Shrink::to_reach(6000, 750), Shrink::Eighth);
        assert_eq!(Shrink::to_reach(6000, 1024), Shrink::Quarter);
        assert_eq!(Shrink::to_reach(6000, 3001), Shrink::No);
        assert_eq!(Shrink::to_reach(100, 1024), Shrink::No);
    }
}
