//! A TIFF file of eight or sixteen bits, uncompressed: one structure of tags, which is also its
//! EXIF block, then strips. Source: TIFF 6.0, baseline RGB.

use super::{Format, How, SaveError, exif_block, space, xmp_packet};
use crate::imaging::exif::{Builder, serialise_with};
use crate::imaging::{Picture, Rgb16};
use std::io::Write;

/// Bytes of a strip, about.
const STRIP: usize = 1 << 20;

pub(super) fn write(
    to: &mut dyn Write,
    picture: &Picture,
    how: &How,
) -> Result<Vec<String>, SaveError> {
    let (w, h) = picture.size();
    let deep = how.format == Format::Tiff16;
    let row = w * 3 * if deep { 2 } else { 1 };
    if row * h > u32::MAX as usize - (1 << 26) {
        let said = "the picture is too large for a TIFF: save it with 8 bits or smaller";
        return Err(SaveError::Encode(said.to_owned()));
    }
    let mut lost = Vec::new();
    let block = exif_block(picture, how, usize::MAX, &mut lost);
    let strips = Strips::new(row, h);
    let xmp = xmp_packet(&picture.metadata, how);
    let head = |offset: usize| {
        let mut tags = Builder::new(&block);
        tags.long(0x0100, &[w as u32]);
        tags.long(0x0101, &[h as u32]);
        tags.short(0x0102, &[if deep { 16 } else { 8 }; 3]);
        tags.short(0x0103, &[1]); // no compression
        tags.short(0x0106, &[2]); // RGB
        tags.long(0x0111, &strips.offsets(offset));
        tags.short(0x0115, &[3]);
        tags.long(0x0116, &[strips.rows as u32]);
        tags.long(0x0117, &strips.lengths());
        tags.short(0x011c, &[1]); // interleaved
        tags.bytes(0x02bc, &xmp);
        if let Some(iptc) = &picture.metadata.iptc {
            tags.bytes(0x83bb, iptc);
        }
        tags.undefined(0x8773, how.profile.icc());
        serialise_with(&tags)
    };
    // How long the tags are does not depend on where the strips stand.
    let offset = head(0).0.len().next_multiple_of(4);
    let (mut tags, big_endian) = head(offset);
    tags.resize(offset, 0);
    to.write_all(&tags)?;
    if deep {
        words(to, &space::sixteen(picture, how.profile), big_endian)?;
    } else {
        to.write_all(&space::eight(picture, how.profile).data)?;
    }
    Ok(lost)
}

fn words(to: &mut dyn Write, pixels: &Rgb16, big_endian: bool) -> Result<(), SaveError> {
    for part in pixels.data.chunks(1 << 15) {
        let bytes: Vec<u8> = part
            .iter()
            .flat_map(|v| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() })
            .collect();
        to.write_all(&bytes)?;
    }
    Ok(())
}

/// How the rows are divided.
struct Strips {
    row: usize,
    h: usize,
    rows: usize,
}

impl Strips {
    fn new(row: usize, h: usize) -> Self {
        Self { row, h, rows: (STRIP / row.max(1)).clamp(1, h) }
    }

    fn offsets(&self, first: usize) -> Vec<u32> {
        (0..self.h).step_by(self.rows).map(|y| (first + y * self.row) as u32).collect()
    }

    fn lengths(&self) -> Vec<u32> {
        let len = |y: usize| (self.rows.min(self.h - y) * self.row) as u32;
        (0..self.h).step_by(self.rows).map(len).collect()
    }
}
