//! EXIF blocks: what they say, and the few changes that keep them true.
//!
//! A block is a whole TIFF structure without the `Exif\0\0` mark, as in
//! [`Metadata::exif`](super::Metadata::exif). Source: CIPA DC-008-2019 (EXIF 2.32), TIFF 6.0.

mod block;
mod facts;
pub(crate) mod ifd;

pub use block::{Edit, edited};
pub use facts::{Facts, facts};

pub(super) use block::{Builder, edited_to_fit, serialise_with, small};
#[cfg(feature = "raw")]
pub(super) use block::{Field, serialise};

use ifd::Tiff;

/// Tag numbers that more than one file names.
pub(crate) mod tag {
    pub(crate) const ORIENTATION: u16 = 0x0112;
    pub(crate) const SOFTWARE: u16 = 0x0131;
    pub(crate) const EXIF: u16 = 0x8769;
    pub(crate) const GPS: u16 = 0x8825;
    pub(crate) const INTEROPERABILITY: u16 = 0xa005;
    pub(crate) const MAKER_NOTE: u16 = 0x927c;
    pub(crate) const COLOR_SPACE: u16 = 0xa001;
    pub(crate) const PIXEL_X: u16 = 0xa002;
    pub(crate) const PIXEL_Y: u16 = 0xa003;
    pub(crate) const JPEG_OFFSET: u16 = 0x0201;
    pub(crate) const JPEG_LENGTH: u16 = 0x0202;
}

/// Which way is up, 1 to 8; 0 and 1 are upright.
pub(crate) fn orientation(block: &[u8]) -> u32 {
    let read = || {
        let tiff = Tiff::new(block)?;
        tiff.first()?.number(&tiff, tag::ORIENTATION)
    };
    read().unwrap_or(1)
}

/// The block with its orientation set to 1 in place: its pixels are upright now.
pub(crate) fn upright(block: &[u8]) -> Vec<u8> {
    let mut out = block.to_vec();
    let place = || {
        let tiff = Tiff::new(block)?;
        let entry = *tiff.first()?.find(tag::ORIENTATION)?;
        (entry.kind == 3 && entry.count == 1).then_some((entry.start, tiff.big_endian))
    };
    if let Some((start, big_endian)) = place() {
        let one = if big_endian { 1_u16.to_be_bytes() } else { 1_u16.to_le_bytes() };
        out[start..start + 2].copy_from_slice(&one);
    }
    out
}

/// The JPEG thumbnail of the second directory.
pub(crate) fn thumbnail(block: &[u8]) -> Option<&[u8]> {
    let tiff = Tiff::new(block)?;
    let second = tiff.directory(tiff.first()?.next)?;
    let start = second.number(&tiff, tag::JPEG_OFFSET)? as usize;
    let len = second.number(&tiff, tag::JPEG_LENGTH)? as usize;
    block.get(start..start.checked_add(len)?).filter(|t| t.starts_with(&[0xff, 0xd8]))
}

/// Cameras that write Adobe RGB without a profile say so by the interoperability index R03
/// (DCF 2.0, option file).
pub(crate) fn says_adobe_rgb(block: &[u8]) -> bool {
    let read = || {
        let tiff = Tiff::new(block)?;
        let exif = tiff.directory(tiff.first()?.number(&tiff, tag::EXIF)? as usize)?;
        let at = exif.number(&tiff, tag::INTEROPERABILITY)? as usize;
        let index = *tiff.directory(at)?.find(1)?;
        Some(tiff.value(&index).starts_with(b"R03"))
    };
    read().unwrap_or(false)
}

/// What a TIFF picture says about itself as an EXIF block: without what describes its strips, and
/// upright. `None` for `BigTIFF` and for a file that says nothing.
pub(crate) fn of_tiff(bytes: &[u8]) -> Option<Vec<u8>> {
    let edit = Edit { software: None, keep_gps: true, size: None, is_srgb: None };
    edited(bytes, &edit).filter(|block| block.len() > 14)
}
