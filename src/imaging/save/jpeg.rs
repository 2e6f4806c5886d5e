//! A JPEG file: the segments that describe it, then what libjpeg-turbo made.

use super::{How, SaveError, exif_block, space, xmp_packet};
use crate::imaging::open::segments::{EXIF, ICC, IPTC_RESOURCE, PHOTOSHOP, XMP};
use crate::imaging::{Picture, jpeg};
use std::io::Write;

/// The most that a segment holds beside its two bytes of length.
const SEGMENT: usize = 65_533;
/// The longest side that a JPEG can have.
const LONGEST: usize = 65_500;

pub(super) fn write(
    to: &mut dyn Write,
    picture: &Picture,
    how: &How,
    quality: u8,
) -> Result<Vec<String>, SaveError> {
    let (w, h) = picture.size();
    if w.max(h) > LONGEST {
        let said = format!("a JPEG cannot be longer than {LONGEST} pixels: save it as PNG or TIFF");
        return Err(SaveError::Encode(said));
    }
    let pixels = space::eight(picture, how.profile);
    let body = jpeg::encode(&pixels, quality).map_err(|e| SaveError::Encode(e.to_string()))?;
    drop(pixels);
    let mut lost = Vec::new();
    // The mark of the start and JFIF's segment, after which the others come.
    let head = if body.get(2..4) == Some(&[0xff, 0xe0]) {
        4 + usize::from(u16::from_be_bytes([body[4], body[5]]))
    } else {
        2
    };
    to.write_all(&body[..head])?;
    segment(to, 0xe1, EXIF, &exif_block(picture, how, SEGMENT - EXIF.len(), &mut lost))?;
    let xmp = xmp_packet(&picture.metadata, how);
    if xmp.len() + XMP.len() <= SEGMENT {
        segment(to, 0xe1, XMP, &xmp)?;
    } else {
        lost.push("its XMP is too long for a JPEG".to_owned());
    }
    if let Some(iptc) = &picture.metadata.iptc {
        let resource = resource(iptc);
        if resource.len() + PHOTOSHOP.len() <= SEGMENT {
            segment(to, 0xed, PHOTOSHOP, &resource)?;
        } else {
            lost.push("its IPTC is too long for a JPEG".to_owned());
        }
    }
    profile(to, how.profile.icc())?;
    to.write_all(&body[head..])?;
    Ok(lost)
}

fn segment(to: &mut dyn Write, marker: u8, name: &[u8], body: &[u8]) -> Result<(), SaveError> {
    let len = (2 + name.len() + body.len()) as u16;
    to.write_all(&[0xff, marker])?;
    to.write_all(&len.to_be_bytes())?;
    to.write_all(name)?;
    Ok(to.write_all(body)?)
}

/// ICC.1:2022 annex B.4: numbered parts.
fn profile(to: &mut dyn Write, icc: &[u8]) -> Result<(), SaveError> {
    let parts = icc.chunks(SEGMENT - ICC.len() - 2);
    let count = parts.len() as u8;
    for (i, part) in parts.enumerate() {
        let mut body = vec![i as u8 + 1, count];
        body.extend_from_slice(part);
        segment(to, 0xe2, ICC, &body)?;
    }
    Ok(())
}

/// IPTC as one of Photoshop's resources, without a name.
fn resource(iptc: &[u8]) -> Vec<u8> {
    let mut out = b"8BIM".to_vec();
    out.extend_from_slice(&IPTC_RESOURCE.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&(iptc.len() as u32).to_be_bytes());
    out.extend_from_slice(iptc);
    out.resize(out.len().next_multiple_of(2), 0);
    out
}
