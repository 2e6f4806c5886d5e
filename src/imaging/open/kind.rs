//! What a file is, by its content: names lie.

use crate::imaging::exif::ifd;
use std::fmt;

/// A kind of picture that Culet opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// ISO/IEC 10918.
    Jpeg,
    /// Portable Network Graphics.
    Png,
    /// TIFF 6.0 or `BigTIFF`.
    Tiff,
    /// A camera's own raw file, of any maker.
    Raw,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::Raw => "camera raw",
        })
    }
}

/// What the bytes are; `Err` names what they are instead, if that is known.
pub(super) fn of(bytes: &[u8]) -> Result<Kind, Option<&'static str>> {
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return Ok(Kind::Jpeg);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Kind::Png);
    }
    if is_raw_by_mark(bytes) {
        return Ok(Kind::Raw);
    }
    if is_tiff(bytes) {
        return Ok(if is_raw_tiff(bytes) { Kind::Raw } else { Kind::Tiff });
    }
    Err(foreign(bytes))
}

fn at(bytes: &[u8], offset: usize, mark: &[u8]) -> bool {
    bytes.get(offset..).is_some_and(|rest| rest.starts_with(mark))
}

fn is_tiff(bytes: &[u8]) -> bool {
    [b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b"].iter().any(|m| bytes.starts_with(*m))
}

/// Marks that only raw files carry: where, what.
const RAW_MARKS: &[(usize, &[u8])] = &[
    (8, b"CR\x02"),           // Canon CR2, inside TIFF
    (4, b"ftypcrx "),         // Canon CR3
    (6, b"HEAPCCDR"),         // Canon CRW
    (0, b"FUJIFILMCCD-RAW"),  // Fujifilm RAF
    (0, b"IIRO"),             // Olympus ORF
    (0, b"IIRS"),             // Olympus ORF
    (0, b"MMOR"),             // Olympus ORF
    (0, b"IIU\0"),            // Panasonic RW2
    (0, b"\0MRM"),            // Minolta MRW
    (0, b"FOVb"),             // Sigma X3F
    (8, b"IIII"),             // Phase One IIQ, inside TIFF
    (8, b"MMMM"),             // Phase One IIQ, inside TIFF
    (0, b"ARRI\x12\x34\x56"), // Arri ARI
];

fn is_raw_by_mark(bytes: &[u8]) -> bool {
    RAW_MARKS.iter().any(|(offset, mark)| at(bytes, *offset, mark))
}

/// A raw file in TIFF's clothes: DNG's version tag, or a directory whose pixels are a colour
/// filter array or linear sensor data.
fn is_raw_tiff(bytes: &[u8]) -> bool {
    const DNG_VERSION: u16 = 0xc612;
    const PHOTOMETRIC: u16 = 0x0106;
    const SUB_DIRECTORIES: u16 = 0x014a;
    const CFA_OR_LINEAR: [u32; 2] = [32_803, 34_892];
    let Some(tiff) = ifd::Tiff::new(bytes) else { return false };
    let Some(root) = tiff.first() else { return false };
    let sensor = |d: &ifd::Directory| {
        d.number(&tiff, PHOTOMETRIC).is_some_and(|v| CFA_OR_LINEAR.contains(&v))
    };
    root.find(DNG_VERSION).is_some()
        || sensor(&root)
        || root
            .numbers(&tiff, SUB_DIRECTORIES)
            .into_iter()
            .take(16)
            .any(|offset| tiff.directory(offset as usize).is_some_and(|d| sensor(&d)))
}

/// Pictures and other things that people drop on a window, named so that the refusal helps.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    const MARKS: &[(usize, &[u8], &str)] = &[
        (0, b"GIF8", "a GIF"),
        (0, b"BM", "a BMP"),
        (8, b"WEBP", "a WebP picture"),
        (4, b"ftypheic", "a HEIC picture"),
        (4, b"ftypheix", "a HEIC picture"),
        (4, b"ftypmif1", "a HEIF picture"),
        (4, b"ftypavif", "an AVIF picture"),
        (4, b"ftyp", "a video or another ISO media file"),
        (0, b"\xff\x0a", "a JPEG XL picture"),
        (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
        (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
        (0, b"8BPS", "a Photoshop document"),
        (0, b"%PDF", "a PDF"),
        (36, b"acsp", "an ICC profile"),
        (0, b"<?xpacket", "an XMP sidecar"),
        (0, b"<x:xmpmeta", "an XMP sidecar"),
        (0, b"<svg", "an SVG drawing"),
        (0, b"\x76\x2f\x31\x01", "an OpenEXR picture"),
        (0, b"PK\x03\x04", "a ZIP archive"),
    ];
    MARKS.iter().find(|(offset, mark, _)| at(bytes, *offset, mark)).map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_and_strangers_are_named() {
        assert_eq!(of(&[0xff, 0xd8, 0xff, 0xe0]), Ok(Kind::Jpeg));
        assert_eq!(of(b"\x89PNG\r\n\x1a\n...."), Ok(Kind::Png));
        assert_eq!(of(b"II\x2a\0\x10\0\0\0CR\x02\0"), Ok(Kind::Raw));
        assert_eq!(of(b"II\x2a\0\x08\0\0\0\0\0\0\0\0\0"), Ok(Kind::Tiff));
        assert_eq!(of(b"\0\0\0\x18ftypcrx \0\0"), Ok(Kind::Raw));
        assert_eq!(of(b"GIF89a"), Err(Some("a GIF")));
        assert_eq!(of(b"RIFF\0\0\0\0WEBPVP8 "), Err(Some("a WebP picture")));
        assert_eq!(of(b""), Err(None));
    }

    #[test]
    fn a_directory_with_a_filter_array_is_raw() {
        // One entry: PhotometricInterpretation, SHORT, 1, 32803.
        let mut bytes = b"II\x2a\0\x08\0\0\0\x01\0\x06\x01\x03\0\x01\0\0\0".to_vec();
        bytes.extend_from_slice(&32_803_u32.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        assert_eq!(of(&bytes), Ok(Kind::Raw));
    }
}
