//! What is written is read again, by Culet and by libraries that share no code with the writers.
//!
//! `samples_for_other_readers` writes all five kinds, for `exiftool -validate -warning -a -G1 -s` and
//! other programs to judge.

use super::{
    Edit, Format, How, Path, Picture, Profile, SaveError, Write, encode, files, io, write, write_to,
};
use crate::imaging::{Metadata, Pixels, Rgb8, Rgb16, Space, exif, open};
use ::exif::{In, Reader, Tag};
use std::io::Cursor;

const ALL: [Format; 5] =
    [Format::Jpeg(97), Format::Png8, Format::Png16, Format::Tiff8, Format::Tiff16];

fn smooth() -> Rgb8 {
    Rgb8::from_fn(96, 64, |x, y| [40 + x as u8 * 2, 60 + y as u8 * 2, 120 + (x + y) as u8 / 2])
}

/// A camera's block, big-endian, with orientation 6, GPS, a maker note and a thumbnail's place;
/// written by the library that the tests also read with.
fn camera_block() -> Vec<u8> {
    use ::exif::experimental::Writer;
    use ::exif::{Field, Rational, Value};
    let field = |tag, value| Field { tag, ifd_num: In::PRIMARY, value };
    let text = |t: &str| Value::Ascii(vec![t.as_bytes().to_vec()]);
    let ratio = |num, denom| Value::Rational(vec![Rational { num, denom }]);
    let fields = [
        field(Tag::Make, text("Practice")),
        field(Tag::Model, text("Bench One")),
        field(Tag::Orientation, Value::Short(vec![6])),
        field(Tag::Software, text("Firmware 1.2")),
        field(Tag::DateTimeOriginal, text("2024:02:29 10:20:30")),
        field(Tag::SubSecTimeOriginal, text("25")),
        field(Tag::ExposureTime, ratio(1, 125)),
        field(Tag::FNumber, ratio(11, 1)),
        field(Tag::PhotographicSensitivity, Value::Short(vec![200])),
        field(Tag::FocalLength, ratio(105, 1)),
        field(Tag::LensModel, text("Macro 105")),
        field(Tag::PixelXDimension, Value::Long(vec![6000])),
        field(Tag::MakerNote, Value::Undefined((0..200).collect(), 0)),
        field(Tag::GPSLatitudeRef, text("N")),
        field(
            Tag::GPSLatitude,
            Value::Rational([50, 6, 30].map(|num| Rational { num, denom: 1 }).to_vec()),
        ),
    ];
    let mut writer = Writer::new();
    fields.iter().for_each(|f| writer.push_field(f));
    let mut out = Cursor::new(Vec::new());
    writer.write(&mut out, false).unwrap();
    out.into_inner()
}

fn told() -> Picture {
    let metadata = Metadata {
        exif: Some(camera_block()),
        xmp: None,
        // 2:05 is the title (IIM 4).
        iptc: Some(b"\x1c\x02\x05\x00\x04Ring".to_vec()),
    };
    Picture { metadata, ..Picture::from_srgb8(smooth()) }
}

fn how(format: Format) -> How {
    How { format, steps: vec!["exposure +0.3 EV".to_owned()], ..How::default() }
}

fn worst(a: &Rgb8, b: &Rgb8) -> u8 {
    assert_eq!((a.w, a.h), (b.w, b.h));
    a.data.iter().zip(&b.data).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn pixels_come_back_in_every_format_and_space() {
    let picture = told();
    for format in ALL {
        for profile in [Profile::Srgb, Profile::DisplayP3, Profile::AdobeRgb] {
            let bytes = encode(&picture, &How { profile, ..how(format) }).unwrap();
            let opened = open::open(&bytes).unwrap();
            assert_eq!(opened.warnings, Vec::<String>::new(), "{format:?} {profile:?}");
            let space = if profile == Profile::Srgb { Space::Srgb } else { Space::Rec2020 };
            assert_eq!(opened.picture.space, space, "{format:?} {profile:?}");
            let off = worst(&opened.picture.to_srgb8(), &smooth());
            let most = match format {
                // What JPEG loses in the other space grows on the way back.
                Format::Jpeg(_) => 14,
                _ if profile == Profile::Srgb => 0,
                Format::Png8 | Format::Tiff8 => 3,
                _ => 1,
            };
            assert!(off <= most, "{format:?} {profile:?}: {off}");
        }
    }
}

#[test]
fn sixteen_bits_stay_sixteen_bits() {
    let data = (0..64 * 48 * 3).map(|i| (i * 7) as u16).collect();
    let deep = Picture {
        pixels: Pixels::Sixteen(Rgb16 { w: 64, h: 48, data }),
        ..Picture::from_srgb8(Rgb8::default())
    };
    for format in [Format::Png16, Format::Tiff16] {
        let back = open::decode(&encode(&deep, &how(format)).unwrap()).unwrap();
        let (Pixels::Sixteen(a), Pixels::Sixteen(b)) = (&back.pixels, &deep.pixels) else {
            panic!("eight bits")
        };
        let first = a.data.iter().zip(&b.data).enumerate().find(|(_, (a, b))| a != b);
        assert_eq!((first, back.space), (None, deep.space), "{format:?}");
    }
}

#[test]
fn another_library_reads_the_same_pixels() {
    for format in ALL {
        let bytes = encode(&told(), &how(format)).unwrap();
        let read = image::load_from_memory(&bytes).unwrap();
        assert_eq!(
            matches!(format, Format::Png16 | Format::Tiff16),
            read.color().bytes_per_pixel() == 6
        );
        let (w, h) = (read.width() as usize, read.height() as usize);
        let off = worst(&Rgb8 { w, h, data: read.into_rgb8().into_raw() }, &smooth());
        assert!(off <= if matches!(format, Format::Jpeg(_)) { 6 } else { 0 }, "{format:?}: {off}");
    }
}

#[test]
fn exif_is_kept_upright_without_the_place() {
    for format in ALL {
        for keep_gps in [false, true] {
            let bytes = encode(&told(), &How { keep_gps, ..how(format) }).unwrap();
            let exif = Reader::new().read_from_container(&mut Cursor::new(&bytes)).unwrap();
            let say = |tag| exif.get_field(tag, In::PRIMARY).map(|f| f.display_value().to_string());
            assert_eq!(say(Tag::Make).as_deref(), Some("\"Practice\""), "{format:?}");
            assert_eq!(say(Tag::Orientation).as_deref(), Some("row 0 at top and column 0 at left"));
            assert_eq!(say(Tag::ExposureTime).as_deref(), Some("1/125"));
            assert_eq!(say(Tag::PixelXDimension).as_deref(), Some("96"));
            assert!(say(Tag::Software).unwrap().contains("Culet"));
            assert_eq!(say(Tag::GPSLatitude).is_some(), keep_gps, "{format:?}");
            let note = exif.get_field(Tag::MakerNote, In::PRIMARY).unwrap();
            assert!(matches!(&note.value, ::exif::Value::Undefined(v, _) if v.len() == 200));
        }
    }
}

#[test]
fn culet_reads_back_what_it_wrote_about_a_picture() {
    for format in ALL {
        let back = open::decode(&encode(&told(), &how(format)).unwrap()).unwrap();
        let facts = exif::facts(&back.metadata.exif.unwrap());
        assert_eq!(facts.model.as_deref(), Some("Bench One"), "{format:?}");
        assert_eq!((facts.iso, facts.f_number, facts.orientation), (Some(200), Some(11.0), 1));
        // `date -u -d '2024-02-29 10:20:30' +%s`, and a quarter of a second.
        assert_eq!(facts.taken, Some(1_709_202_030.25));
        let xmp = String::from_utf8(back.metadata.xmp.unwrap()).unwrap();
        assert!(xmp.contains("<rdf:li>exposure +0.3 EV</rdf:li>"), "{format:?} {xmp}");
        let has_iptc = !matches!(format, Format::Png8 | Format::Png16);
        assert_eq!(back.metadata.iptc.is_some(), has_iptc, "{format:?}");
    }
}

/// Makers' notes count their offsets from the start of the block.
#[test]
fn a_maker_note_keeps_its_place() {
    let before = camera_block();
    let place = |block: &[u8]| {
        let note: Vec<u8> = (0..200).collect();
        block.windows(200).position(|w| w == note).unwrap()
    };
    let after =
        exif::edited(&before, &Edit { software: Some(&"x".repeat(300)), ..Edit::default() });
    assert_eq!(place(&after.unwrap()), place(&before));
}

#[test]
fn a_block_that_is_too_long_for_a_jpeg_loses_the_maker_note_first() {
    let mut block = camera_block();
    // The note's length grows to most of a segment; its entry is LONG count at +4.
    let entry = block.windows(4).position(|w| w == [0x92, 0x7c, 0, 7]).unwrap();
    let start = block.len() as u32;
    block.extend(vec![7; 65_500]);
    block[entry + 4..entry + 8].copy_from_slice(&65_500_u32.to_be_bytes());
    block[entry + 8..entry + 12].copy_from_slice(&start.to_be_bytes());
    let mut picture = told();
    picture.metadata.exif = Some(block);
    let back = open::decode(&encode(&picture, &how(Format::Jpeg(90))).unwrap()).unwrap();
    let facts = exif::facts(&back.metadata.exif.unwrap());
    assert_eq!(facts.lens.as_deref(), Some("Macro 105"));
}

#[test]
fn a_full_disk_leaves_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.jpg");
    let full = |_: &mut dyn Write| Err(SaveError::Stream(io::ErrorKind::StorageFull.into()));
    let error = files::write_atomic_with(&path, full).unwrap_err().at(&path);
    assert!(error.to_string().contains("the disk is full: free some space"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // A folder that is not there.
    let error = write(&folder.path().join("no/ring.jpg"), &told(), &How::default()).unwrap_err();
    assert!(error.to_string().contains("could not be written"), "{error}");
}

/// The writer fails after every possible number of bytes: no format swallows it.
#[test]
fn a_write_that_fails_anywhere_is_an_error() {
    struct Short(usize);
    impl Write for Short {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let n = bytes.len().min(self.0);
            self.0 -= n;
            Ok(n)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let picture = told();
    for format in ALL {
        let whole = encode(&picture, &how(format)).unwrap().len();
        for room in (0..whole).step_by(whole / 37) {
            assert!(
                write_to(&mut Short(room), &picture, &how(format)).is_err(),
                "{format:?} {room}"
            );
        }
        assert!(write_to(&mut Short(whole), &picture, &how(format)).is_ok());
    }
}

/// `CULET_SAMPLES=folder cargo test --lib samples_for_other -- --ignored`, then exiftool.
#[test]
#[ignore = "writes files to look at with other programs"]
fn samples_for_other_readers() {
    let Some(folder) = std::env::var_os("CULET_SAMPLES") else { return };
    for (i, format) in ALL.into_iter().enumerate() {
        let name = format!("sample-{i}.{}", format.extension());
        write(&Path::new(&folder).join(name), &told(), &how(format)).unwrap();
    }
}

#[test]
fn no_picture_at_all_is_refused() {
    let nothing = Picture::from_srgb8(Rgb8::default());
    for format in ALL {
        assert!(encode(&nothing, &how(format)).is_err());
    }
}
