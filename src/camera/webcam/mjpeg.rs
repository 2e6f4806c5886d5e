//! One frame of Motion-JPEG: cut out of the driver's buffer, whose rest is older frames, and made
//! complete. Webcams leave out the Huffman tables; a file needs them.

/// The tables of ITU-T T.81, annex K.3, as four segments' worth of class, counts and values.
const TABLES: [(u8, [u8; 16], &[u8]); 4] = [
    (0x00, [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], DC),
    (0x10, [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], AC_LUMA),
    (0x01, [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], DC),
    (0x11, [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], AC_CHROMA),
];
const DC: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const AC_LUMA: &[u8] = &[
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07,
    0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0,
    0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28,
    0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
    0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
    0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
    0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
    0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5,
    0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
    0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
    0xf9, 0xfa,
];
const AC_CHROMA: &[u8] = &[
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71,
    0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0,
    0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26,
    0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
    0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
    0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87,
    0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5,
    0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
    0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
    0xf9, 0xfa,
];

/// Where things are in a JPEG.
struct Parts {
    /// Just before the first scan.
    scan: usize,
    /// Just after the end marker.
    end: usize,
    /// Whether it brings its Huffman tables.
    tables: bool,
}

/// The frame at the start of `buffer` as a complete JPEG; none if it is cut or no JPEG.
pub(super) fn whole(buffer: &[u8]) -> Option<Vec<u8>> {
    let parts = parts(buffer)?;
    let frame = &buffer[..parts.end];
    if parts.tables {
        return Some(frame.to_vec());
    }
    let (before, after) = frame.split_at(parts.scan);
    Some([before, &tables(), after].concat())
}

/// Follows the markers: an end marker inside a segment, such as a thumbnail's, is none.
fn parts(jpeg: &[u8]) -> Option<Parts> {
    if !jpeg.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    let (mut at, mut scan, mut tables) = (2, None, false);
    loop {
        let (&mark, &kind) = (jpeg.get(at)?, jpeg.get(at + 1)?);
        match (mark, kind) {
            // Padding before a marker.
            (0xff, 0xff) => at += 1,
            (0xff, 0xd9) => return Some(Parts { scan: scan?, end: at + 2, tables }),
            (0xff, 0x01 | 0xd0..=0xd7) => at += 2,
            (0xff, kind) if kind >= 0xc0 => {
                let length = u16::from_be_bytes([*jpeg.get(at + 2)?, *jpeg.get(at + 3)?]);
                if length < 2 {
                    return None;
                }
                tables |= kind == 0xc4;
                let after = at + 2 + usize::from(length);
                if kind == 0xda {
                    scan.get_or_insert(at);
                    at = data_end(jpeg, after)?;
                } else {
                    at = after;
                }
            }
            _ => return None,
        }
    }
}

/// The next marker after a scan's data: not a stuffed byte, not a restart.
fn data_end(jpeg: &[u8], from: usize) -> Option<usize> {
    let pairs = jpeg.get(from..)?.windows(2);
    let marker = |p: &[u8]| p[0] == 0xff && !matches!(p[1], 0x00 | 0xff | 0xd0..=0xd7);
    pairs.enumerate().find(|(_, p)| marker(p)).map(|(i, _)| from + i)
}

fn tables() -> Vec<u8> {
    let mut out = Vec::with_capacity(432);
    for (class, counts, values) in TABLES {
        let length = 2 + 1 + 16 + values.len();
        out.extend([0xff, 0xc4]);
        out.extend((length as u16).to_be_bytes());
        out.push(class);
        out.extend(counts);
        out.extend(values);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{Rgb8, jpeg};

    fn picture() -> Vec<u8> {
        let p = Rgb8::from_fn(64, 48, |x, y| [(x * 4) as u8, (y * 5) as u8, (x * y) as u8]);
        jpeg::encode(&p, 80).unwrap()
    }

    /// A JPEG as webcams send it: no segments with Huffman tables.
    fn without_tables(jpeg: &[u8]) -> Vec<u8> {
        let (mut out, mut at) = (jpeg[..2].to_vec(), 2);
        while jpeg[at + 1] != 0xda {
            let after = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
            if jpeg[at + 1] != 0xc4 {
                out.extend(&jpeg[at..after]);
            }
            at = after;
        }
        out.extend(&jpeg[at..]);
        out
    }

    #[test]
    fn a_frame_is_cut_at_its_own_end() {
        let frame = picture();
        let older = [frame.as_slice(), &[1, 2, 0xff, 0xd9, 7], &frame].concat();
        assert!(whole(&older).unwrap() == frame);
        // A thumbnail in a segment brings an end marker of its own.
        let thumb =
            [&frame[..2], &[0xff, 0xe1, 0, 6, 0xff, 0xd8, 0xff, 0xd9], &frame[2..]].concat();
        assert!(whole(&thumb).unwrap() == thumb);
    }

    #[test]
    fn the_standard_tables_are_libjpegs() {
        let frame = picture();
        let bare = without_tables(&frame);
        assert!(bare.len() + 400 < frame.len(), "libjpeg-turbo wrote its standard tables");
        let back = whole(&bare).unwrap();
        let segments = tables();
        assert!(segments.windows(2).any(|w| w == [0xff, 0xc4]) && segments.len() == 432);
        assert!(jpeg::decode(&back).unwrap().data == jpeg::decode(&frame).unwrap().data);
        // The same bytes that libjpeg-turbo writes, in whatever order it has its segments.
        for (class, counts, values) in TABLES {
            let table = [&[class], counts.as_slice(), values].concat();
            assert!(frame.windows(table.len()).any(|w| w == table), "class {class:#x}");
        }
    }

    #[test]
    fn cut_and_wild_frames_are_none() {
        let frame = picture();
        for end in 0..frame.len() {
            assert!(whole(&frame[..end]).is_none(), "cut at {end}");
        }
        assert!(whole(&[0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xd9]).is_none());
        assert!(whole(&[0; 64]).is_none());
    }
}
