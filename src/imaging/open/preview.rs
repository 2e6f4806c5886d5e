//! The quickest way to an upright picture of a given size: for scores, the strip and the screen.

use super::jpeg::Decoded;
use super::orient::Orientation;
use super::segments::{self, Segments};
use super::{Kind, OpenError, jpeg, kind, open};
use crate::imaging::icc;
use crate::imaging::jpeg::{Decoder, Shrink};
use crate::imaging::{Picture, Pixels, Rgb8, Space, exif, guard, raw, resize};

/// A picture to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Upright, sRGB.
    pub rgb: Rgb8,
    /// Width and height of the whole picture, upright.
    pub full: (usize, usize),
}

/// An upright sRGB picture whose longer side has at least `at_least` pixels, or all that the file
/// has. The first of these that is large enough: the picture that a raw file carries for viewing,
/// the thumbnail in EXIF if it shows the same frame, a JPEG decoded at 1/8, 1/4 or 1/2, and the
/// whole picture made smaller. How much larger than `at_least` it is depends on which one it was.
pub fn preview(bytes: &[u8], at_least: usize) -> Result<Preview, OpenError> {
    let kind = kind(bytes)?;
    let at_least = at_least.max(1);
    let found = guard::catch(|| match kind {
        Kind::Jpeg => of_jpeg(bytes, at_least),
        Kind::Raw => of_raw(bytes, at_least),
        Kind::Png | Kind::Tiff => of_whole(bytes, at_least),
    });
    found.unwrap_or_else(|why| Err(OpenError::damaged(kind, why)))
}

fn of_jpeg(bytes: &[u8], at_least: usize) -> Result<Preview, OpenError> {
    let segments = segments::read(bytes);
    let header = Decoder::new().and_then(|mut d| d.header(bytes));
    let Ok(header) = header else { return of_whole(bytes, at_least) };
    let orientation = jpeg::orientation(&segments);
    let full = orientation.size(header.w, header.h);
    if let Some(rgb) = thumbnail(&segments, (header.w, header.h), at_least) {
        return Ok(Preview { rgb: orientation.rgb8(rgb), full });
    }
    let rgb = shrunk(bytes, &segments, Shrink::to_reach(header.w.max(header.h), at_least))?;
    Ok(Preview { rgb: orientation.rgb8(rgb), full })
}

/// Decoded small, in sRGB, not yet upright.
fn shrunk(bytes: &[u8], segments: &Segments<'_>, shrink: Shrink) -> Result<Rgb8, OpenError> {
    // A preview says nothing about profiles: opening the picture does.
    let mut warnings = Vec::new();
    match jpeg::decoded(bytes, shrink)? {
        Decoded::Rgb(mut rgb) => {
            if let Some(grey) = jpeg::grey(&rgb, segments) {
                return Ok(grey);
            }
            let meaning = jpeg::rgb_meaning(segments, &mut warnings);
            if icc::preview(&mut rgb, &meaning).is_err() {
                tracing::debug!("a preview's colour profile was not used");
            }
            Ok(rgb)
        }
        Decoded::Inks(w, h, mut inks) => {
            jpeg::upright_inks(&mut inks, segments.adobe.is_some());
            let profile = segments.icc.as_deref();
            let (data, space) = jpeg::inked(&inks, profile, icc::widen8, &mut warnings);
            let wide = crate::imaging::Rgb16 { w, h, data };
            Ok(if space == Space::Rec2020 { wide.rec2020_to_srgb8() } else { wide.to_rgb8() })
        }
    }
}

/// The thumbnail in EXIF, if it is large enough and shows the whole frame: many cameras put black
/// bars around a 4:3 thumbnail of a 3:2 picture.
fn thumbnail(segments: &Segments<'_>, full: (usize, usize), at_least: usize) -> Option<Rgb8> {
    let small = exif::thumbnail(segments.exif?)?;
    let header = Decoder::new().ok()?.header(small).ok()?;
    let longer = header.w.max(header.h);
    let same_frame =
        (header.w * full.1).abs_diff(header.h * full.0) * longer <= header.w * full.1 * 2;
    if longer < at_least || !same_frame {
        return None;
    }
    // Its numbers mean what the whole picture's mean.
    shrunk(small, &Segments { icc: segments.icc.clone(), ..segments::read(small) }, Shrink::No).ok()
}

fn of_raw(bytes: &[u8], at_least: usize) -> Result<Preview, OpenError> {
    let full = raw::size(bytes)?;
    let Some(inside) = raw::embedded(bytes, at_least) else { return of_whole(bytes, at_least) };
    let segments = segments::read(inside.jpeg);
    let shrink = Shrink::to_reach(inside.longer, at_least);
    let Ok(rgb) = shrunk(inside.jpeg, &segments, shrink) else {
        return of_whole(bytes, at_least);
    };
    Ok(Preview { rgb: Orientation::from_exif(inside.orientation).rgb8(rgb), full })
}

fn of_whole(bytes: &[u8], at_least: usize) -> Result<Preview, OpenError> {
    let picture = open(bytes)?.picture;
    let full = picture.size();
    Ok(Preview { rgb: smaller(&picture, at_least), full })
}

/// sRGB with a longer side of `at_least`, or the picture as it is if that is not longer.
fn smaller(picture: &Picture, at_least: usize) -> Rgb8 {
    let (w, h) = picture.size();
    if w.max(h) <= at_least {
        return picture.to_srgb8().into_owned();
    }
    let (w, h) = resize::fit((w, h), at_least);
    match &picture.pixels {
        Pixels::Eight(p) => resize::rgb8(p, w, h),
        Pixels::Sixteen(p) => {
            let small = resize::rgb16(p, w, h);
            match picture.space {
                Space::Srgb => small.to_rgb8(),
                Space::Rec2020 => small.rec2020_to_srgb8(),
            }
        }
    }
}
