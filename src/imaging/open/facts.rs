//! What a file's EXIF block says, without decoding its pixels where the format allows that.

use super::{Kind, kind, segments};
use crate::imaging::exif;

/// How the picture in these bytes was taken; empty when the file does not say, or is no picture.
/// JPEG and raw files built like TIFF are read at their head; others say nothing here.
pub fn facts(bytes: &[u8]) -> exif::Facts {
    match kind(bytes) {
        Ok(Kind::Jpeg) => segments::read(bytes).exif.map(exif::facts).unwrap_or_default(),
        Ok(Kind::Tiff | Kind::Raw)
            if bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") =>
        {
            exif::facts(bytes)
        }
        _ => exif::Facts::default(),
    }
}
