//! The picture for viewing inside a raw file. Every maker puts it elsewhere, but it is always a
//! JPEG: so the file is searched for JPEGs, which needs no list of makers.

use crate::imaging::exif::{self, ifd::Tiff};
use crate::imaging::open::segments::{self, Markers};

/// More than any raw file holds; a file with more is made to cost time.
const MOST_CANDIDATES: usize = 64;

/// A JPEG inside a raw file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Embedded<'a> {
    /// From its start to the end of the file: decoders stop at its end.
    pub(crate) jpeg: &'a [u8],
    /// Its longer side in pixels.
    pub(crate) longer: usize,
    /// Which way is up, as EXIF counts.
    pub(crate) orientation: u32,
    size: (usize, usize),
}

/// The smallest embedded picture whose longer side has at least `at_least` pixels.
pub(crate) fn embedded(bytes: &[u8], at_least: usize) -> Option<Embedded<'_>> {
    all(bytes).into_iter().filter(|e| e.longer >= at_least).min_by_key(|e| e.longer)
}

/// The largest embedded picture.
pub(super) fn largest(bytes: &[u8]) -> Option<Embedded<'_>> {
    all(bytes).into_iter().max_by_key(|e| e.longer)
}

/// Upright width and height of the largest embedded picture.
pub(super) fn largest_size(bytes: &[u8]) -> Option<(usize, usize)> {
    let largest = largest(bytes)?;
    let (w, h) = largest.size;
    Some(if largest.orientation >= 5 { (h, w) } else { (w, h) })
}

fn all(bytes: &[u8]) -> Vec<Embedded<'_>> {
    let outer = container_orientation(bytes);
    let starts = starts(bytes);
    starts.into_iter().filter_map(|at| candidate(&bytes[at..], outer)).collect()
}

fn candidate(jpeg: &[u8], outer: Option<u32>) -> Option<Embedded<'_>> {
    let size = viewable_size(jpeg)?;
    let own = segments::read(jpeg).exif.map(exif::orientation);
    let orientation = own.or(outer).unwrap_or(1);
    Some(Embedded { jpeg, longer: size.0.max(size.1), orientation, size })
}

/// Width and height of a baseline or progressive JPEG of eight bits; sensor data is lossless JPEG.
fn viewable_size(jpeg: &[u8]) -> Option<(usize, usize)> {
    let (_, frame) = Markers::new(jpeg).take(64).find(|(m, _)| matches!(m, 0xc0..=0xc2))?;
    let word =
        |i: usize| Some(usize::from(u16::from_be_bytes([*frame.get(i)?, *frame.get(i + 1)?])));
    let (h, w) = (word(1)?, word(3)?);
    (frame[0] == 8 && matches!(frame.get(5), Some(1 | 3)) && w > 0 && h > 0).then_some((w, h))
}

/// Offsets of `ff d8 ff`, eight bytes at a time: raw files are long.
fn starts(bytes: &[u8]) -> Vec<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let mut found = Vec::new();
    for (i, word) in bytes.as_chunks::<8>().0.iter().enumerate() {
        // A byte of `inverted` is zero where the file has ff.
        let inverted = !u64::from_le_bytes(*word);
        if inverted.wrapping_sub(LOW) & !inverted & (LOW << 7) == 0 {
            continue;
        }
        let at = i * 8;
        found.extend((at..at + 8).filter(|&o| bytes[o..].starts_with(&[0xff, 0xd8, 0xff])));
        if found.len() >= MOST_CANDIDATES {
            break;
        }
    }
    found
}

/// What the raw file says about its pixels: in its first directory, or in Canon CR3's box CMT1,
/// which holds one.
fn container_orientation(bytes: &[u8]) -> Option<u32> {
    let block = if Tiff::new(bytes).is_some() {
        bytes
    } else {
        let head = &bytes[..bytes.len().min(1 << 16)];
        let at = head.windows(4).position(|w| w == b"CMT1")?;
        &bytes[at + 4..]
    };
    Some(exif::orientation(block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{Rgb8, jpeg};

    fn carrier(sizes: &[usize]) -> Vec<u8> {
        // A TIFF with the single entry Orientation = 8, then pictures.
        let mut file =
            b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x08\0\0\0\0\0\0\0".to_vec();
        for &w in sizes {
            file.extend_from_slice(&[0xff; 5]);
            let picture = Rgb8::from_fn(w, w / 2, |x, _| [x as u8; 3]);
            file.extend(jpeg::encode(&picture, 90).unwrap());
        }
        file
    }

    #[test]
    fn the_smallest_that_is_large_enough_is_taken_with_the_files_orientation() {
        let file = carrier(&[64, 640, 160]);
        let found = embedded(&file, 100).unwrap();
        assert_eq!((found.longer, found.orientation), (160, 8));
        assert_eq!(embedded(&file, 161).unwrap().longer, 640);
        assert!(embedded(&file, 641).is_none());
        assert_eq!(largest_size(&file), Some((320, 640)));
    }

    #[test]
    fn lossless_sensor_data_is_no_picture() {
        let mut file = carrier(&[64]);
        let frame = file.windows(2).position(|p| p == [0xff, 0xc0]).unwrap();
        file[frame + 1] = 0xc3;
        assert!(embedded(&file, 1).is_none());
    }
}
