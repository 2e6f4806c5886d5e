//! What is odd about a raw file that no decoder needs to be asked for: data that should lie behind the
//! file's end, and a picture for viewing that does not add up.

use super::embedded;
use crate::imaging::exif::ifd::{Directory, Tiff};
use crate::imaging::jpeg;

/// Directories that are looked at; a file with more is made to cost time.
const MOST_DIRECTORIES: usize = 32;
/// Tags of offsets and of the lengths that belong to them (TIFF 6.0; JPEG as EXIF places it).
const PLACES: [(u16, u16); 3] = [(0x0111, 0x0117), (0x0144, 0x0145), (0x0201, 0x0202)];
/// Directories below one.
const SUB_DIRECTORIES: u16 = 0x014a;

/// What is odd about a raw file: it ends early, or the picture in it that is for viewing does not
/// decode cleanly. Some bodies write such files; a damaged transfer gives another one when it is
/// repeated. Sensor values are not decoded: that takes too long for every capture.
pub fn complaint(bytes: &[u8]) -> Option<String> {
    if bytes.iter().take(64).all(|b| *b == 0) {
        return Some("it begins with zeros".to_owned());
    }
    let reach = Tiff::new(bytes).map_or(0, |tiff| reach(&tiff));
    if reach > bytes.len() as u64 {
        return Some(format!("it ends early, {} of {reach} bytes are there", bytes.len()));
    }
    let viewed = embedded::largest(bytes)?;
    // A thumbnail's neighbours on the disk say nothing about it.
    let why = jpeg::complaint(viewed.jpeg)?;
    Some(format!("the picture in it that is for viewing: {why}"))
}

/// The last byte that the directories speak of.
fn reach(tiff: &Tiff<'_>) -> u64 {
    let (mut most, mut seen) = (0, 0);
    let mut open: Vec<Directory> = tiff.first().into_iter().collect();
    while let Some(directory) = open.pop() {
        seen += 1;
        if seen > MOST_DIRECTORIES {
            break;
        }
        for (offsets, lengths) in PLACES {
            let (offsets, lengths) =
                (directory.numbers(tiff, offsets), directory.numbers(tiff, lengths));
            let ends = offsets.iter().zip(&lengths).map(|(o, l)| u64::from(*o) + u64::from(*l));
            most = ends.fold(most, u64::max);
        }
        let below = directory.numbers(tiff, SUB_DIRECTORIES);
        let next = (directory.next != 0).then_some(directory.next);
        let offsets = below.into_iter().map(|o| o as usize).chain(next);
        open.extend(offsets.filter_map(|o| tiff.directory(o)));
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Rgb8;

    /// A TIFF with a strip of so many bytes behind a picture for viewing.
    fn raw(strip: u32) -> Vec<u8> {
        let noise = Rgb8::from_fn(256, 192, |x, y| [(x * 7919 + y * 104_729) as u8; 3]);
        let view = jpeg::encode(&noise, 90).unwrap();
        let mut file = b"II\x2a\0\x08\0\0\0\x02\0".to_vec();
        let start = 8 + 2 + 24 + 4 + view.len() as u32;
        for (tag, value) in [(0x111_u16, start), (0x117, strip)] {
            file.extend(tag.to_le_bytes());
            file.extend([4, 0, 1, 0, 0, 0]);
            file.extend(value.to_le_bytes());
        }
        file.extend([0; 4]);
        file.extend(view);
        file.extend(std::iter::repeat_n(5_u8, strip as usize));
        file
    }

    #[test]
    fn a_raw_file_that_ends_early_or_came_to_harm_is_complained_of() {
        let whole = raw(5000);
        assert_eq!(complaint(&whole), None);
        let short = complaint(&whole[..whole.len() - 1]).unwrap();
        assert!(short.contains("ends early"), "{short}");
        let mut bad = whole.clone();
        let middle = bad.len() / 2;
        bad[middle..middle + 64].iter_mut().for_each(|b| *b = !*b);
        assert!(complaint(&bad).unwrap().contains("for viewing"));
        assert!(complaint(&[0; 4096]).unwrap().contains("zeros"));
    }

    #[test]
    fn no_bytes_make_it_panic_or_hang() {
        let whole = raw(100);
        for at in 0..whole.len().min(200) {
            for value in [0, 0x7f, 0xff] {
                let mut bad = whole.clone();
                bad[at] = value;
                let _ = complaint(&bad);
            }
        }
        // A directory that leads back to itself.
        let mut circle = whole;
        circle[34..38].copy_from_slice(&8_u32.to_le_bytes());
        let _ = complaint(&circle);
    }
}
