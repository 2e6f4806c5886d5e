//! What a file's name says about what is in it; [`super::open`] looks at the bytes.

use std::ffi::OsStr;
use std::path::Path;

/// Endings of camera raw files that Culet opens.
const RAW: &[&str] = &[
    "3fr", "arw", "cr2", "cr3", "crw", "dng", "erf", "fff", "iiq", "nef", "nrw", "orf", "pef",
    "raf", "rw2", "rwl", "sr2", "srf", "srw",
];

const JPEG: &[&str] = &["jpg", "jpeg"];

/// Endings of other finished pictures that Culet opens.
const FINISHED: &[&str] = &["png", "tif", "tiff"];

/// Endings of pictures that a camera writes and Culet keeps, but does not open.
const SEALED: &[&str] = &["heic", "heif", "hif", "raw", "x3f"];

/// Whether a name is that of a camera raw file.
pub fn is_raw(name: impl AsRef<Path>) -> bool {
    ends_in(name.as_ref(), &[RAW])
}

/// Whether a name is that of a JPEG.
pub fn is_jpeg(name: impl AsRef<Path>) -> bool {
    ends_in(name.as_ref(), &[JPEG])
}

/// Whether a name is that of a picture that Culet opens.
pub fn can_open(name: impl AsRef<Path>) -> bool {
    ends_in(name.as_ref(), &[RAW, JPEG, FINISHED])
}

/// Whether a name is that of a picture: JPEG, PNG, TIFF, HEIF or a maker's raw format.
pub fn is_picture(name: impl AsRef<Path>) -> bool {
    ends_in(name.as_ref(), &[RAW, JPEG, FINISHED, SEALED])
}

fn ends_in(name: &Path, lists: &[&[&str]]) -> bool {
    let is = |end: &OsStr| lists.iter().flat_map(|l| *l).any(|k| end.eq_ignore_ascii_case(k));
    name.extension().is_some_and(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_names() {
        for name in ["DSC_0001.JPG", "a.b.nef", "x.Cr3", "scan.tiff", "p.png", "IMG_1.HEIC"] {
            assert!(is_picture(name), "{name}");
        }
        for name in ["DSC_0001.MOV", ".jpg", "jpg", "notes.txt", "a.jpg.part", ""] {
            assert!(!is_picture(name), "{name}");
        }
        assert!(is_raw("a.NEF") && !is_raw("a.jpg") && !is_raw("IMG_1.HEIC"));
        assert!(is_jpeg("DSC_0001.JPG") && is_jpeg("a.b.jpeg") && !is_jpeg("a.jpg.nef"));
        assert!(can_open("DSC_0001.JPG") && can_open("a.dng") && !can_open("IMG_1.HEIC"));
    }
}
