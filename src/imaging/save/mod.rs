//! Pictures into files: JPEG, PNG and TIFF with a colour profile and what the original said.
//!
//! | | pixels | ICC | EXIF | XMP | IPTC |
//! | --- | --- | --- | --- | --- | --- |
//! | JPEG | 8 bits, 4:4:4 from quality 90 | APP2 | APP1 | APP1 up to 64 KiB | APP13 |
//! | PNG | 8 or 16 bits | `iCCP` | `eXIf` | `iTXt` | no |
//! | TIFF | 8 or 16 bits, uncompressed | 34675 | IFD0, EXIF, GPS | 700 | 33723 |
//!
//! EXIF is written upright, without the thumbnail of the unedited picture, with the new size, the
//! program and the time-honoured rest; XMP says which program and which steps. Without
//! [`How::keep_gps`] the place is taken out of both. A file is whole or not there: see
//! [`files::write_atomic_with`]. Names that are taken are replaced; who must not replace asks first.

mod jpeg;
mod png;
pub(super) mod space;
mod tiff;
mod xmp;

pub use space::Profile;
pub(super) use xmp::upright as upright_xmp;

use super::exif::{self, Edit};
use super::{Mask, Metadata, Picture, Rgba8, files};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The kind of file and its depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG of quality 1 to 100.
    Jpeg(u8),
    /// PNG of eight bits a channel.
    Png8,
    /// PNG of sixteen bits a channel.
    Png16,
    /// TIFF of eight bits a channel.
    Tiff8,
    /// TIFF of sixteen bits a channel.
    Tiff16,
}

impl Format {
    /// The usual end of a name, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg(_) => "jpg",
            Self::Png8 | Self::Png16 => "png",
            Self::Tiff8 | Self::Tiff16 => "tif",
        }
    }
}

/// How a picture is written.
#[derive(Clone, Debug, PartialEq)]
pub struct How {
    /// The kind of file.
    pub format: Format,
    /// The colour space of its numbers.
    pub profile: Profile,
    /// Whether the place where it was taken stays in the file.
    pub keep_gps: bool,
    /// What is named as the program that wrote it.
    pub software: String,
    /// What was done to the picture, in order, for whoever reads the file.
    pub steps: Vec<String>,
}

impl Default for How {
    fn default() -> Self {
        Self {
            format: Format::Jpeg(95),
            profile: Profile::Srgb,
            keep_gps: false,
            software: concat!("Culet ", env!("CARGO_PKG_VERSION")).to_owned(),
            steps: Vec::new(),
        }
    }
}

/// Why a picture was not written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The disk is full.
    #[error("the disk is full: free some space and export again; nothing was written to {}", .0.display())]
    Full(PathBuf),
    /// The file system refused.
    #[error("{} could not be written: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The picture does not fit the kind of file.
    #[error("{0}")]
    Encode(String),
    /// While making the bytes.
    #[error("the picture could not be written: {0}")]
    Stream(#[from] io::Error),
}

impl SaveError {
    fn at(self, path: &Path) -> Self {
        match self {
            Self::Stream(e) if e.kind() == io::ErrorKind::StorageFull => {
                Self::Full(path.to_owned())
            }
            Self::Stream(why) => Self::Io { path: path.to_owned(), why },
            other => other,
        }
    }
}

/// Writes a picture to a file that is whole or not there. What could not be kept is returned as
/// sentences.
pub fn write(path: &Path, picture: &Picture, how: &How) -> Result<Vec<String>, SaveError> {
    let mut lost = Vec::new();
    files::write_atomic_with(path, |file| {
        lost = write_to(file, picture, how)?;
        Ok(())
    })
    .map_err(|e: SaveError| e.at(path))?;
    Ok(lost)
}

/// Writes a cut-out with straight alpha as PNG, sRGB, with what the picture `from` says beside its pixels; the
/// file is whole or not there.
pub fn write_cut(
    path: &Path,
    pixels: &Rgba8,
    from: &Picture,
    how: &How,
) -> Result<Vec<String>, SaveError> {
    if pixels.is_empty() {
        return Err(SaveError::Encode("there are no pixels to write".to_owned()));
    }
    let mut lost = Vec::new();
    files::write_atomic_with(path, |file| {
        lost = png::write_cut(file, pixels, from, how)?;
        Ok(())
    })
    .map_err(|e: SaveError| e.at(path))?;
    Ok(lost)
}

/// Writes a coverage as a grey PNG that is whole or not there.
pub fn write_mask(path: &Path, mask: &Mask) -> Result<(), SaveError> {
    if mask.is_empty() {
        return Err(SaveError::Encode("there are no pixels to write".to_owned()));
    }
    files::write_atomic_with(path, |file| png::write_mask(file, mask))
        .map_err(|e: SaveError| e.at(path))
}

/// The bytes that [`write`] would put into a file.
pub fn encode(picture: &Picture, how: &How) -> Result<Vec<u8>, SaveError> {
    let mut bytes = Vec::new();
    write_to(&mut bytes, picture, how)?;
    Ok(bytes)
}

/// Writes a picture; what could not be kept is returned as sentences.
pub fn write_to(
    to: &mut dyn Write,
    picture: &Picture,
    how: &How,
) -> Result<Vec<String>, SaveError> {
    if picture.size().0 == 0 || picture.size().1 == 0 {
        return Err(SaveError::Encode("there are no pixels to write".to_owned()));
    }
    match how.format {
        Format::Jpeg(quality) => jpeg::write(to, picture, how, quality),
        Format::Png8 | Format::Png16 => png::write(to, picture, how),
        Format::Tiff8 | Format::Tiff16 => tiff::write(to, picture, how),
    }
}

/// How an EXIF block is changed for a file written `how`.
fn edit<'a>(picture: &Picture, how: &'a How) -> Edit<'a> {
    Edit {
        software: Some(&how.software),
        keep_gps: how.keep_gps,
        size: Some(picture.size()),
        is_srgb: Some(how.profile == Profile::Srgb),
    }
}

/// The EXIF block for a file, of at most `most` bytes; a picture without one gets a small one.
fn exif_block(picture: &Picture, how: &How, most: usize, lost: &mut Vec<String>) -> Vec<u8> {
    let edit = edit(picture, how);
    if let Some(block) = &picture.metadata.exif {
        match exif::edited_to_fit(block, &edit, most) {
            Some(block) => return block,
            None => lost.push("its EXIF could not be kept".to_owned()),
        }
    }
    exif::small(&edit)
}

/// The XMP packet for a file.
fn xmp_packet(metadata: &Metadata, how: &How) -> Vec<u8> {
    xmp::packet(metadata.xmp.as_deref(), &how.software, &how.steps, how.keep_gps)
}

#[cfg(test)]
mod tests;
