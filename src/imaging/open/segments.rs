//! The application segments of a JPEG: EXIF, XMP, IPTC, ICC and Adobe's mark.
//!
//! Sources: ITU-T T.81 annex B (markers), CIPA DC-008 (EXIF), Adobe XMP part 3, ICC.1:2022 annex
//! B.4, Adobe Photoshop file formats (image resources), Adobe technical note 5116.

/// What stands before the first scan; slices of the file.
#[derive(Debug, Default)]
pub(crate) struct Segments<'a> {
    /// A TIFF structure.
    pub(crate) exif: Option<&'a [u8]>,
    pub(crate) xmp: Option<&'a [u8]>,
    /// The IIM records inside Photoshop's resource 0404.
    pub(crate) iptc: Option<Vec<u8>>,
    /// The profile, put together from its parts.
    pub(crate) icc: Option<Vec<u8>>,
    /// Adobe's colour transform: 0 none, 1 `YCbCr`, 2 YCCK.
    pub(crate) adobe: Option<u8>,
}

pub(crate) const EXIF: &[u8] = b"Exif\0\0";
pub(crate) const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
pub(crate) const ICC: &[u8] = b"ICC_PROFILE\0";
pub(crate) const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
/// The resource that holds IPTC-IIM.
pub(crate) const IPTC_RESOURCE: u16 = 0x0404;

/// Reads up to the first scan; what is broken is left out.
pub(crate) fn read(bytes: &[u8]) -> Segments<'_> {
    let mut found = Segments::default();
    let mut icc = Vec::new();
    let mut resources = Vec::new();
    for (marker, body) in Markers::new(bytes) {
        match marker {
            0xe1 => {
                found.exif = found.exif.or_else(|| body.strip_prefix(EXIF));
                found.xmp = found.xmp.or_else(|| body.strip_prefix(XMP));
            }
            0xe2 => icc.extend(body.strip_prefix(ICC)),
            0xed => resources.extend_from_slice(body.strip_prefix(PHOTOSHOP).unwrap_or(&[])),
            0xee if body.starts_with(b"Adobe") => found.adobe = body.get(11).copied(),
            _ => {}
        }
    }
    found.icc = joined_icc(icc);
    found.iptc = resource(&resources, IPTC_RESOURCE).map(<[u8]>::to_vec);
    found
}

/// Marker codes and bodies from the start to the first scan.
pub(crate) struct Markers<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Markers<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 2 }
    }
}

impl<'a> Iterator for Markers<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // Between segments there may be fill bytes; stray bytes are skipped as decoders do.
        let skip = self
            .bytes
            .get(self.at..)?
            .windows(2)
            .position(|p| p[0] == 0xff && !matches!(p[1], 0x00 | 0xff | 0x01 | 0xd0..=0xd8))?;
        let at = self.at + skip;
        let marker = self.bytes[at + 1];
        if matches!(marker, 0xda | 0xd9) {
            return None;
        }
        let len =
            usize::from(u16::from_be_bytes([*self.bytes.get(at + 2)?, *self.bytes.get(at + 3)?]));
        let body = self.bytes.get(at + 4..at + 2 + len.max(2))?;
        self.at = at + 2 + len.max(2);
        Some((marker, body))
    }
}

/// Parts are numbered from 1; a part that is missing makes the profile useless.
fn joined_icc(mut parts: Vec<&[u8]>) -> Option<Vec<u8>> {
    parts.retain(|p| p.len() > 2);
    parts.sort_by_key(|p| p[0]);
    parts.dedup_by_key(|p| p[0]);
    let whole = !parts.is_empty()
        && usize::from(parts[0][1]) == parts.len()
        && parts.iter().enumerate().all(|(i, p)| usize::from(p[0]) == i + 1);
    // An incomplete profile is handed on as it is: reading it fails, and that is said.
    let first_alone = if whole { parts.len() } else { parts.len().min(1) };
    (!parts.is_empty())
        .then(|| parts[..first_alone].iter().flat_map(|p| &p[2..]).copied().collect())
}

/// The data of one of Photoshop's image resources (`8BIM`).
pub(crate) fn resource(mut rest: &[u8], wanted: u16) -> Option<&[u8]> {
    while let Some(body) = rest.strip_prefix(b"8BIM") {
        let id = u16::from_be_bytes(body.get(..2)?.try_into().ok()?);
        // A Pascal string, padded to even length.
        let name = (usize::from(*body.get(2)?) + 2) & !1;
        let at = 2 + name;
        let len = u32::from_be_bytes(body.get(at..at + 4)?.try_into().ok()?) as usize;
        let data = body.get(at + 4..(at + 4).checked_add(len)?)?;
        if id == wanted {
            return Some(data);
        }
        rest = body.get(at + 4 + len + (len & 1)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![0xff, marker];
        out.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
        out.extend_from_slice(body);
        out
    }

    #[test]
    fn segments_are_found_and_icc_parts_are_put_in_order() {
        let mut jpeg = vec![0xff, 0xd8];
        jpeg.extend(segment(0xe2, b"ICC_PROFILE\0\x02\x02world"));
        jpeg.extend(segment(0xe1, b"Exif\0\0II*\0"));
        jpeg.extend(segment(0xe2, b"ICC_PROFILE\0\x01\x02hello "));
        jpeg.extend(segment(0xee, b"Adobe\0\x64\0\0\0\0\x02"));
        jpeg.extend(segment(0xed, b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x03\x1c\x02\x05\0"));
        jpeg.extend([0xff, 0xda, 0, 2]);
        let found = read(&jpeg);
        assert_eq!(found.icc.as_deref(), Some(&b"hello world"[..]));
        assert_eq!(found.exif, Some(&b"II*\0"[..]));
        assert_eq!(found.adobe, Some(2));
        assert_eq!(found.iptc.as_deref(), Some(&b"\x1c\x02\x05"[..]));
    }

    #[test]
    fn lengths_that_lie_end_the_search() {
        for bytes in [&b"\xff\xd8\xff\xe1\xff\xffExif"[..], b"\xff\xd8\xff\xe1\0", b"\xff\xd8", b""]
        {
            assert!(read(bytes).exif.is_none());
        }
        assert!(resource(b"8BIM\x04\x04\0\0\xff\xff\xff\xff", IPTC_RESOURCE).is_none());
    }
}
