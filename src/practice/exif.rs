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

/// A directory that starts at `at` in the block; values over four bytes follow it.
fn directory(at: u32, entries: &[Entry]) -> Vec<u8> {
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
    head.extend([0; 4]);
    head.extend(tail);
    head
}

/// Puts the exposure's EXIF right behind the start marker of a JPEG.
pub(super) fn insert(jpeg: &[u8], exposure: &Exposure) -> Vec<u8> {
    let mut first = vec![
        ascii(0x010f, "Culet"),
        ascii(0x0110, "Practice Camera"),
        short(0x0112, 1),
        ascii(0x0132, &exposure.taken),
        (0x8769, 4, 1, vec![0; 4]),
    ];
    let detail_at = 8 + directory(8, &first).len() as u32;
    first[4].3 = detail_at.to_be_bytes().to_vec();
    let detail = [
        rational(0x829a, (exposure.shutter_s * 1e6) as u32, 1_000_000),
        rational(0x829d, (exposure.f_number * 10.0).round() as u32, 10),
        short(0x8827, exposure.iso as u16),
        ascii(0x9003, &exposure.taken),
        rational(0x920a, 105, 1),
        ascii(0xa434, "Culet Practice 105mm"),
    ];
    let mut block = b"Exif\0\0MM\0\x2a\0\0\0\x08".to_vec();
    block.extend(directory(8, &first));
    block.extend(directory(detail_at, &detail));
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
        let with = insert(&jpeg, &exposure);
        let read = exif::Reader::new()
            .read_from_container(&mut std::io::Cursor::new(&with))
            .unwrap();
        let show = |tag| {
            read.get_field(tag, exif::In::PRIMARY).unwrap().display_value().to_string()
        };
        assert_eq!(show(exif::Tag::FNumber), "5.6");
        assert_eq!(show(exif::Tag::PhotographicSensitivity), "200");
        assert_eq!(show(exif::Tag::ExposureTime), "1/125");
        assert!(show(exif::Tag::Model).contains("Practice Camera"));
        assert!(crate::imaging::jpeg::decode(&with).is_ok());
    }
}
