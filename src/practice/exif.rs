//! The EXIF block of a practice still (CIPA DC-008, big endian).

use super::Exposure;

/// One directory entry: tag, type, count, and its bytes.
type Entry = (u16, u16, u32, Vec<u8>);

fn ascii(tag: u16, text: &str) -> Entry {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    (tag, 2, bytes.len() as u32, bytes)
}

fn rational(tag: u16, top: u32, low: u32) -> Entry {
    (tag, 5, 1, [top.to_be_bytes(), low.to_be_bytes()].concat())
}

fn short(tag: u16, value: u16) -> Entry {
    (tag, 3, 1, value.to_be_bytes().to_vec())
}

fn long(tag: u16, value: u32) -> Entry {
    (tag, 4, 1, value.to_be_bytes().to_vec())
}

/// A directory that starts at `at` in the block; values over four bytes follow it. `next` is where
/// the next directory starts, 0 for none.
fn directory(at: u32, entries: &[Entry], next: u32) -> Vec<u8> {
    let mut head = (entries.len() as u16).to_be_bytes().to_vec();
    let mut tail = Vec::new();
    let after = at + 2 + 12 * entries.len() as u32 + 4;
    for (tag, kind, count, bytes) in entries {
        head.extend(tag.to_be_bytes());
        head.extend(kind.to_be_bytes());
        head.extend(count.to_be_bytes());
        if bytes.len() <= 4 {
            let mut padded = bytes.clone();
            padded.resize(4, 0);
            head.extend(padded);
        } else {
            head.extend((after + tail.len() as u32).to_be_bytes());
            tail.extend(bytes);
            if tail.len() % 2 == 1 {
                tail.push(0);
            }
        }
    }
    head.extend(next.to_be_bytes());
    head.extend(tail);
    head
}

/// Where the first directory starts.
const FIRST: u32 = 8;

/// What the first directory says, with the place of the second.
fn about_the_camera(exposure: &Exposure, detail_at: u32) -> Vec<Entry> {
    vec![
        ascii(0x010f, "Culet"),
        ascii(0x0110, "Practice Camera"),
        short(0x0112, 1),
        rational(0x011a, 300, 1),
        rational(0x011b, 300, 1),
        short(0x0128, 2),
        ascii(0x0131, concat!("Culet ", env!("CARGO_PKG_VERSION"))),
        ascii(0x0132, &exposure.taken),
        long(0x8769, detail_at),
    ]
}

fn about_the_exposure(e: &Exposure) -> Vec<Entry> {
    // An exposure time as people write it: 1/125, or tenths of a second.
    let (top, low) = if e.shutter_s < 0.3 {
        (1, (1.0 / e.shutter_s.max(1e-5)).round() as u32)
    } else {
        ((e.shutter_s * 10.0).round() as u32, 10)
    };
    vec![
        rational(0x829a, top, low),
        rational(0x829d, (e.f_number * 10.0).round() as u32, 10),
        short(0x8822, 1),
        short(0x8827, e.iso as u16),
        (0x9000, 7, 4, b"0232".to_vec()),
        ascii(0x9003, &e.taken),
        ascii(0x9004, &e.taken),
        rational(0x920a, 105, 1),
        short(0xa001, 1),
        long(0xa002, e.size.0),
        long(0xa003, e.size.1),
        short(0xa403, u16::from(e.kelvin.is_some())),
        ascii(0xa434, "Culet Practice 105mm"),
    ]
}

/// Puts the exposure's EXIF with a thumbnail right behind the start marker of a JPEG.
pub(super) fn insert(jpeg: &[u8], exposure: &Exposure, thumbnail: &[u8]) -> Vec<u8> {
    let length = |entries: &[Entry]| directory(0, entries, 0).len() as u32;
    let detail_at = FIRST + length(&about_the_camera(exposure, 0));
    let detail = about_the_exposure(exposure);
    let second_at = detail_at + length(&detail);
    let small =
        |at: u32| [short(0x0103, 6), long(0x0201, at), long(0x0202, thumbnail.len() as u32)];
    let thumbnail_at = second_at + length(&small(0));
    let mut block = b"Exif\0\0MM\0\x2a\0\0\0\x08".to_vec();
    let fits = thumbnail_at as usize + thumbnail.len() + 16 < usize::from(u16::MAX);
    let with_thumbnail = fits && !thumbnail.is_empty();
    let next = if with_thumbnail { second_at } else { 0 };
    block.extend(directory(FIRST, &about_the_camera(exposure, detail_at), next));
    block.extend(directory(detail_at, &detail, 0));
    if with_thumbnail {
        block.extend(directory(second_at, &small(thumbnail_at), 0));
        block.extend(thumbnail);
    }
    let mut out = Vec::with_capacity(jpeg.len() + block.len() + 4);
    out.extend([0xff, 0xd8, 0xff, 0xe1]);
    out.extend((block.len() as u16 + 2).to_be_bytes());
    out.extend(block);
    out.extend(jpeg.get(2..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_independent_reader_finds_the_exposure() {
        let exposure = Exposure {
            iso: 200.0,
            f_number: 5.6,
            shutter_s: 0.008,
            kelvin: None,
            size: (8, 8),
            quality: 90,
            taken: "2026:01:31 12:00:00".to_owned(),
            shot: 1,
        };
        let jpeg = crate::imaging::jpeg::encode(&crate::imaging::Rgb8::new(8, 8), 90).unwrap();
        let with = insert(&jpeg, &exposure, &jpeg);
        let read =
            exif::Reader::new().read_from_container(&mut std::io::Cursor::new(&with)).unwrap();
        let show =
            |tag| read.get_field(tag, exif::In::PRIMARY).unwrap().display_value().to_string();
        assert_eq!(show(exif::Tag::FNumber), "5.6");
        assert_eq!(show(exif::Tag::PhotographicSensitivity), "200");
        assert_eq!(show(exif::Tag::ExposureTime), "1/125");
        assert!(show(exif::Tag::Model).contains("Practice Camera"));
        let small =
            |tag| read.get_field(tag, exif::In::THUMBNAIL).unwrap().value.get_uint(0).unwrap();
        let (at, n) = (
            small(exif::Tag::JPEGInterchangeFormat) as usize,
            small(exif::Tag::JPEGInterchangeFormatLength) as usize,
        );
        assert_eq!(&read.buf()[at..at + n], &jpeg[..], "the thumbnail is where it is said to be");
        assert!(crate::imaging::jpeg::decode(&with).is_ok());
    }
}
