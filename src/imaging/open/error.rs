//! Why a picture was not opened, in sentences that say what to do.

use super::Kind;
use std::path::PathBuf;

/// No picture with more pixels is opened: a header may lie.
pub const MOST_PIXELS: usize = 200_000_000;
/// No picture is opened whose pixels, as they stand in the file's own depth, need more bytes.
/// With the result beside them opening stays under 2.5 GiB.
pub const MOST_BYTES: usize = 1 << 30;
/// No longer file is read.
pub const MOST_FILE: u64 = 1 << 30;

/// Why a picture was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file system refused.
    #[error("{} could not be read: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// A folder, a pipe, or a file longer than [`MOST_FILE`].
    #[error("{} is {what}, not a picture that Culet opens", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// No picture of any known kind.
    #[error("this is not a picture that Culet knows; it opens JPEG, PNG, TIFF and camera raw")]
    Unknown,
    /// A known kind that is not opened.
    #[error("this is {0}; Culet opens JPEG, PNG, TIFF and camera raw: save it as one of these")]
    Foreign(&'static str),
    /// A variant of an opened kind that is not read.
    #[error(
        "this {kind} is {what}, which Culet does not read: save it with 8 or 16 bits a channel in RGB, grey, CMYK or Lab"
    )]
    Variant {
        /// The kind of file.
        kind: Kind,
        /// What is unusual about it.
        what: String,
    },
    /// More pixels or bytes than the limits.
    #[error("the {kind} claims {w} x {h} pixels, more than Culet opens ({} million)", MOST_PIXELS / 1_000_000)]
    TooLarge {
        /// The kind of file.
        kind: Kind,
        /// Claimed width.
        w: usize,
        /// Claimed height.
        h: usize,
    },
    /// The header claims more than the file can hold.
    #[error(
        "the {kind} claims {w} x {h} pixels, more than its {bytes} bytes can hold: it is cut off or false; copy it from the card again"
    )]
    Implausible {
        /// The kind of file.
        kind: Kind,
        /// Claimed width.
        w: usize,
        /// Claimed height.
        h: usize,
        /// How long the file is.
        bytes: usize,
    },
    /// Cut off or broken.
    #[error("this {kind} is damaged ({why}); copy it from the card again or export it anew")]
    Damaged {
        /// The kind of file.
        kind: Kind,
        /// What the decoder said.
        why: String,
    },
    /// Built without the feature `raw`.
    #[error(
        "this Culet was built without camera raw (feature `raw`): open the JPEG beside it, or build with raw"
    )]
    NoRaw,
}

impl OpenError {
    pub(super) fn damaged(kind: Kind, why: impl std::fmt::Display) -> Self {
        Self::Damaged { kind, why: why.to_string() }
    }
}

/// Holds a claimed size against the limits before anything is allocated. `bytes_a_pixel` is what
/// the decoder needs; `expansion` is how many bytes of pixels one byte of file can become.
pub(super) fn check_size(
    kind: Kind,
    (w, h): (usize, usize),
    bytes_a_pixel: usize,
    (file, expansion): (usize, usize),
) -> Result<(), OpenError> {
    let pixels = w.saturating_mul(h);
    if pixels == 0 {
        return Err(OpenError::damaged(kind, "it has no pixels"));
    }
    let bytes = pixels.saturating_mul(bytes_a_pixel);
    if pixels > MOST_PIXELS || bytes > MOST_BYTES {
        return Err(OpenError::TooLarge { kind, w, h });
    }
    if bytes > file.saturating_mul(expansion).saturating_add(1 << 20) {
        return Err(OpenError::Implausible { kind, w, h, bytes: file });
    }
    Ok(())
}
