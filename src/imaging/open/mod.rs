//! Opening pictures: JPEG, PNG, TIFF and camera raw, told apart by content, upright, with what
//! their colours mean.
//!
//! | pixels in the file | pixels in the [`Picture`] |
//! | --- | --- |
//! | sRGB, or a profile within one step of it, or none | the file's own values, 8 or 16 bits, sRGB |
//! | any other RGB profile; Adobe RGB named in EXIF | 16 bits, Rec.2020 primaries, sRGB curve |
//! | CMYK, YCCK, Lab | the same; CMYK without a profile by the plain formula, to sRGB |
//! | grey | three equal channels, sRGB |
//! | camera raw | developed as shot to 16 bits, Rec.2020 |
//!
//! Alpha is laid over white in the picture and handed out beside it ([`Opened::alpha`]). A profile
//! that cannot be read is a warning, and sRGB is assumed. EXIF orientation is applied, and reset to
//! 1 in [`Metadata::exif`](super::Metadata::exif).
//!
//! Limits hold before memory is taken: [`MOST_PIXELS`], [`MOST_BYTES`], [`MOST_FILE`], and what a
//! file of its length can hold. A panic inside a decoder becomes [`OpenError::Damaged`].

mod error;
mod facts;
mod jpeg;
mod kind;
pub(super) mod orient;
mod over_white;
mod png;
mod preview;
pub(super) mod segments;
mod tiff;

pub use error::{MOST_BYTES, MOST_FILE, MOST_PIXELS, OpenError};
pub use facts::facts;
pub use kind::Kind;
pub use preview::{Preview, preview};

use error::check_size;
pub(super) use png::XMP_KEYWORD;

use super::endings::{is_jpeg, is_raw};
use super::{Mask, Picture, guard};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// A picture and what was found on the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The upright picture; alpha is laid over white.
    pub picture: Picture,
    /// What the file was.
    pub kind: Kind,
    /// The file's own alpha, upright; `None` if it has none. For cut-outs.
    pub alpha: Option<Mask>,
    /// Sentences about what was odd but not in the way, such as a broken colour profile.
    pub warnings: Vec<String>,
}

/// Opens the file at `path`; what was odd goes to the log.
pub fn read(path: &Path) -> Result<Picture, OpenError> {
    decode(&bytes(path)?)
}

/// Opens a picture from the bytes of its file; what was odd goes to the log.
pub fn decode(bytes: &[u8]) -> Result<Picture, OpenError> {
    let opened = open(bytes)?;
    for warning in &opened.warnings {
        tracing::warn!("{} picture: {warning}", opened.kind);
    }
    Ok(opened.picture)
}

/// Opens a picture from the bytes of its file, with its alpha and its warnings.
pub fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    let kind = kind(bytes)?;
    let opened = guard::catch(|| match kind {
        Kind::Jpeg => jpeg::open(bytes),
        Kind::Png => png::open(bytes),
        Kind::Tiff => tiff::open(bytes),
        Kind::Raw => super::raw::open(bytes),
    });
    opened.unwrap_or_else(|why| Err(OpenError::damaged(kind, why)))
}

/// What the bytes are, by content.
pub fn kind(bytes: &[u8]) -> Result<Kind, OpenError> {
    kind::of(bytes).map_err(|other| other.map_or(OpenError::Unknown, OpenError::Foreign))
}

/// The bytes of a file that can be a picture: no folder, no pipe, not longer than [`MOST_FILE`].
pub fn bytes(path: &Path) -> Result<Vec<u8>, OpenError> {
    let io = |why| OpenError::Io { path: path.to_owned(), why };
    let not = |what| OpenError::NotAFile { path: path.to_owned(), what };
    // Asked before opening: opening a pipe waits for its other end.
    let about = std::fs::metadata(path).map_err(io)?;
    if about.is_dir() {
        return Err(not("a folder"));
    }
    if !about.is_file() {
        return Err(not("a device or a pipe"));
    }
    if about.len() > MOST_FILE {
        return Err(not("longer than 1 GiB"));
    }
    let mut bytes = Vec::with_capacity(about.len() as usize);
    File::open(path).and_then(|f| f.take(MOST_FILE).read_to_end(&mut bytes)).map_err(io)?;
    if bytes.is_empty() {
        return Err(not("an empty file"));
    }
    Ok(bytes)
}

/// What is odd about the content of a file that is called so: a damaged transfer, or one that still goes on.
pub fn complaint(name: &str, bytes: &[u8]) -> Option<String> {
    if is_jpeg(name) {
        super::jpeg::complaint(bytes)
    } else if is_raw(name) {
        super::raw::complaint(bytes)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
