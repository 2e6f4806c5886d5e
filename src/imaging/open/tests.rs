//! Files made here, opened: every kind of pixel, orientation, profiles, and lies.

use super::{Kind, OpenError, decode, open, preview, read};
use crate::imaging::exif::ifd::Tiff;
use crate::imaging::{Picture, Pixels, Rgb8, Space, exif, icc, jpeg};
use ::tiff::encoder::{TiffEncoder, colortype};
use moxcms::ColorProfile;
use std::io::Cursor;

fn smooth() -> Rgb8 {
    Rgb8::from_fn(48, 32, |x, y| [x as u8 * 5, y as u8 * 7, 90])
}

/// A JPEG with segments put behind its start.
fn jpeg_with(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let plain = jpeg::encode(&smooth(), 98).unwrap();
    let mut out = plain[..2].to_vec();
    for (marker, body) in segments {
        out.extend([0xff, *marker]);
        out.extend((body.len() as u16 + 2).to_be_bytes());
        out.extend(body);
    }
    out.extend(&plain[2..]);
    out
}

fn exif_segment(block: &[u8]) -> (u8, Vec<u8>) {
    (0xe1, [b"Exif\0\0", block].concat())
}

fn icc_segment(profile: &[u8]) -> (u8, Vec<u8>) {
    (0xe2, [b"ICC_PROFILE\0\x01\x01", profile].concat())
}

/// A little-endian block with one short in its first directory.
fn block(tag: u16, value: u16) -> Vec<u8> {
    let mut out = b"II\x2a\0\x08\0\0\0\x01\0".to_vec();
    out.extend(tag.to_le_bytes());
    out.extend([3, 0, 1, 0, 0, 0]);
    out.extend(u32::from(value).to_le_bytes());
    out.extend([0; 4]);
    out
}

fn near(a: [u8; 3], b: [u8; 3], by: u8) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= by)
}

#[test]
fn a_turned_jpeg_is_upright_and_says_so_once() {
    let bytes = jpeg_with(&[exif_segment(&block(0x0112, 6))]);
    let opened = open(&bytes).unwrap();
    assert_eq!(opened.picture.size(), (32, 48));
    // The stored lower left corner is the upper left one.
    let want = smooth().at(0, 31);
    assert!(near(opened.picture.to_srgb8().at(0, 0), want, 9));
    assert_eq!(exif::orientation(opened.picture.metadata.exif.as_deref().unwrap()), 1);
    let small = preview(&bytes, 16).unwrap();
    assert_eq!((small.full, small.rgb.w, small.rgb.h), ((32, 48), 16, 24));
}

#[test]
fn an_srgb_profile_changes_no_bit() {
    let plain = open(&jpeg_with(&[])).unwrap().picture;
    let profile = ColorProfile::new_srgb().encode().unwrap();
    let tagged = open(&jpeg_with(&[icc_segment(&profile)])).unwrap();
    assert_eq!((&tagged.picture.pixels, tagged.picture.space), (&plain.pixels, Space::Srgb));
    assert!(tagged.warnings.is_empty());
}

#[test]
fn a_wide_profile_becomes_rec2020_with_the_same_colours() {
    let profile = ColorProfile::new_adobe_rgb().encode().unwrap();
    let opened = open(&jpeg_with(&[icc_segment(&profile)])).unwrap();
    assert_eq!(opened.picture.space, Space::Rec2020);
    let Pixels::Sixteen(deep) = &opened.picture.pixels else { panic!("eight bits") };
    assert_eq!((deep.w, deep.h), (48, 32));
    let small = preview(&jpeg_with(&[icc_segment(&profile)]), 48).unwrap().rgb;
    let whole = opened.picture.to_srgb8();
    let worst = small.data.iter().zip(&whole.data).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(2), "{worst:?}");
}

#[test]
fn adobe_rgb_named_only_in_exif_is_seen() {
    // IFD0 with an EXIF directory at 26, in it interoperability at 44, in it index "R03".
    let mut tiff = b"II\x2a\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0".to_vec();
    tiff.extend(b"\x01\0\x05\xa0\x04\0\x01\0\0\0\x2c\0\0\0\0\0\0\0");
    tiff.extend(b"\x01\0\x01\0\x02\0\x04\0\0\0R03\0\0\0\0\0");
    assert!(exif::says_adobe_rgb(&tiff));
    let named = open(&jpeg_with(&[exif_segment(&tiff)])).unwrap().picture;
    let profile = ColorProfile::new_adobe_rgb().encode().unwrap();
    let tagged = open(&jpeg_with(&[icc_segment(&profile)])).unwrap().picture;
    assert_eq!(named.space, Space::Rec2020);
    let off =
        named.to_srgb8().data.iter().zip(&tagged.to_srgb8().data).all(|(a, b)| a.abs_diff(*b) < 2);
    assert!(off);
}

#[test]
fn a_broken_profile_is_a_warning() {
    for profile in [&b"nonsense"[..], &[0; 200]] {
        let opened = open(&jpeg_with(&[icc_segment(profile)])).unwrap();
        assert_eq!(opened.picture.space, Space::Srgb);
        assert!(opened.warnings[0].contains("colour profile"), "{:?}", opened.warnings);
    }
    let grey = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
    let cmyk_like = open(&jpeg_with(&[icc_segment(&grey)])).unwrap();
    assert_eq!(cmyk_like.picture.space, Space::Srgb);
}

#[test]
fn adobes_inverted_inks_are_not_a_negative() {
    use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};
    // Magenta and yellow without black is red; stored inverted: 255, 0, 0, 255.
    let inks: Vec<u8> = [255, 0, 0, 255].repeat(32 * 32);
    let image =
        Image { pixels: &inks[..], width: 32, pitch: 128, height: 32, format: PixelFormat::CMYK };
    let mut compressor = Compressor::new().unwrap();
    compressor.set_quality(97).unwrap();
    compressor.set_subsamp(Subsamp::None).unwrap();
    let bytes = compressor.compress_to_vec(image).unwrap();
    let opened = open(&bytes).unwrap();
    let got = opened.picture.to_srgb8().at(9, 9);
    assert!(near(got, [255, 0, 0], 4), "{got:?}");
    assert!(opened.warnings[0].contains("no colour profile"), "{:?}", opened.warnings);
    assert!(near(preview(&bytes, 8).unwrap().rgb.at(3, 3), [255, 0, 0], 4));
}

/// `python3 -c "ImageCms.buildTransform(profile, sRGB, 'CMYK', 'RGB', renderingIntent=0)"`, Pillow
/// 11 with `LittleCMS` 2 and Ghostscript's SWOP profile, which is not ours to pass on.
#[test]
fn inks_through_a_profile_agree_with_littlecms() {
    let path = "/usr/share/color/icc/ghostscript/default_cmyk.icc";
    let Ok(profile) = std::fs::read(path) else {
        println!("skipped: no {path}");
        return;
    };
    let pairs: [([u8; 4], [u8; 3]); 9] = [
        ([0, 0, 0, 0], [255, 255, 255]),
        ([255, 0, 0, 0], [0, 175, 239]),
        ([0, 255, 0, 0], [236, 20, 141]),
        ([0, 0, 255, 0], [255, 242, 0]),
        ([0, 0, 0, 255], [43, 41, 42]),
        ([128, 64, 32, 16], [124, 158, 185]),
        ([50, 50, 50, 0], [205, 196, 194]),
        ([20, 180, 220, 30], [202, 100, 58]),
        ([200, 20, 60, 80], [6, 131, 146]),
    ];
    let inks: Vec<u8> = pairs.iter().flat_map(|(inks, _)| *inks).collect();
    let mut warnings = Vec::new();
    let (data, space) = super::jpeg::inked(&inks, Some(&profile), icc::widen8, &mut warnings);
    assert_eq!((space, warnings.len()), (Space::Rec2020, 0));
    let rgb = crate::imaging::Rgb16 { w: 9, h: 1, data }.rec2020_to_srgb8();
    for (i, (inks, want)) in pairs.iter().enumerate() {
        // Near or outside the edge of sRGB LittleCMS goes there straight by its table, Culet through
        // Rec.2020, and each cuts colours off in its own way.
        let edge = want.iter().min() < Some(&64);
        let most = if edge { 24 } else { 6 };
        assert!(near(rgb.at(i, 0), *want, most), "{inks:?}: {:?}, not {want:?}", rgb.at(i, 0));
    }
}

fn png(color: png::ColorType, depth: png::BitDepth, w: u32, h: u32, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, w, h);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![10, 20, 30, 200, 100, 50, 0, 0, 255, 255, 255, 255]);
        encoder.set_trns(vec![255, 255, 0]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    out
}

#[test]
fn every_colour_type_of_png_opens() {
    use png::{BitDepth as D, ColorType as C};
    let first = |bytes: &[u8]| {
        let opened = open(bytes).unwrap();
        (opened.picture.to_srgb8().at(0, 0), opened.alpha.map(|a| a.at(0, 0)))
    };
    assert_eq!(first(&png(C::Grayscale, D::One, 8, 1, &[0x80])), ([255; 3], None));
    assert_eq!(first(&png(C::Grayscale, D::Four, 2, 1, &[0x70])), ([119; 3], None));
    assert_eq!(first(&png(C::Grayscale, D::Sixteen, 1, 1, &[0x12, 0x34])), ([18; 3], None));
    assert_eq!(first(&png(C::GrayscaleAlpha, D::Eight, 1, 1, &[9, 0])), ([255; 3], Some(0)));
    assert_eq!(first(&png(C::Rgb, D::Eight, 1, 1, &[1, 2, 3])), ([1, 2, 3], None));
    assert_eq!(first(&png(C::Rgba, D::Eight, 1, 1, &[1, 2, 3, 255])), ([1, 2, 3], Some(255)));
    let deep = [0, 0, 0, 0, 0, 0, 0x80, 0];
    assert_eq!(first(&png(C::Rgba, D::Sixteen, 1, 1, &deep)), ([127; 3], Some(128)));
    let palette = png(C::Indexed, D::Two, 4, 1, &[0b0001_1011]);
    let opened = open(&palette).unwrap();
    let rgb = opened.picture.to_srgb8();
    assert_eq!(
        [rgb.at(0, 0), rgb.at(1, 0), rgb.at(2, 0)],
        [[10, 20, 30], [200, 100, 50], [255; 3]]
    );
    assert_eq!(opened.alpha.unwrap().data, [255, 255, 0, 255]);
}

/// The checksum of PNG chunks (ISO/IEC 15948 annex D).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, b| {
        (0..8).fold(crc ^ u32::from(*b), |c, _| (c >> 1) ^ (0xedb8_8320 * (c & 1)))
    })
}

#[test]
fn headers_that_lie_are_refused_before_memory_is_taken() {
    let mut bomb = png(png::ColorType::Rgb, png::BitDepth::Eight, 1, 1, &[1, 2, 3]);
    for (w, h, lies) in [(60_000_u32, 3_000_u32, true), (60_000, 60_000, false)] {
        bomb[16..20].copy_from_slice(&w.to_be_bytes());
        bomb[20..24].copy_from_slice(&h.to_be_bytes());
        let sum = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.to_be_bytes());
        match open(&bomb) {
            Err(OpenError::Implausible { .. }) => assert!(lies),
            Err(OpenError::TooLarge { .. }) => assert!(!lies),
            other => panic!("{other:?}"),
        }
    }
    let mut tiff = tiff_of(&[7; 12], |e, d| e.write_image::<colortype::RGB8>(2, 2, d).unwrap());
    let parsed = Tiff::new(&tiff).unwrap();
    let places: Vec<usize> =
        [0x100, 0x101].iter().map(|t| parsed.first().unwrap().find(*t).unwrap().start).collect();
    for place in places {
        tiff[place..place + 4].copy_from_slice(&13_000_u32.to_le_bytes());
    }
    // Which one depends on what the library looks at first.
    let said = open(&tiff);
    let refused = matches!(said, Err(OpenError::Implausible { .. } | OpenError::Damaged { .. }));
    assert!(refused, "{said:?}");
}

fn tiff_of<T>(
    data: &[T],
    write: impl FnOnce(&mut TiffEncoder<&mut Cursor<Vec<u8>>>, &[T]),
) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    write(&mut TiffEncoder::new(&mut out).unwrap(), data);
    out.into_inner()
}

#[test]
fn grey_rgb_and_ink_tiffs_open() {
    let grey =
        tiff_of(&[40_u16 * 257], |e, d| e.write_image::<colortype::Gray16>(1, 1, d).unwrap());
    assert_eq!(open(&grey).unwrap().picture.to_srgb8().at(0, 0), [40; 3]);
    let inks =
        tiff_of(&[0_u8, 255, 255, 0], |e, d| e.write_image::<colortype::CMYK8>(1, 1, d).unwrap());
    let opened = open(&inks).unwrap();
    assert_eq!(opened.picture.to_srgb8().at(0, 0), [255, 0, 0]);
    assert_eq!((opened.kind, opened.warnings.len()), (Kind::Tiff, 1));
    let float =
        tiff_of(&[0.5_f32; 3], |e, d| e.write_image::<colortype::RGB32Float>(1, 1, d).unwrap());
    let said = open(&float).unwrap_err().to_string();
    assert!(said.contains("32-bit floating point"), "{said}");
}

/// An uncompressed strip with these tags.
fn handmade(
    photometric: u16,
    bits: u16,
    samples: u16,
    w: u16,
    extra: &[(u16, Vec<u16>)],
    data: &[u8],
) -> Vec<u8> {
    let mut tags = vec![
        (0x100, vec![w]),
        (0x101, vec![1]),
        (0x102, vec![bits; usize::from(samples)]),
        (0x103, vec![1]),
        (0x106, vec![photometric]),
        (0x111, vec![0]),
        (0x115, vec![samples]),
        (0x116, vec![1]),
        (0x117, vec![data.len() as u16]),
    ];
    tags.extend_from_slice(extra);
    tags.sort_by_key(|t| t.0);
    let mut beyond = 10 + 12 * tags.len() + 4;
    let pixels =
        beyond + tags.iter().filter(|t| t.1.len() > 2).map(|t| t.1.len() * 2).sum::<usize>();
    let (mut out, mut values) = (b"II\x2a\0\x08\0\0\0".to_vec(), Vec::new());
    out.extend((tags.len() as u16).to_le_bytes());
    for (tag, mut value) in tags {
        if tag == 0x111 {
            value = vec![pixels as u16];
        }
        out.extend(tag.to_le_bytes());
        out.extend([3, 0]);
        out.extend((value.len() as u32).to_le_bytes());
        let mut bytes: Vec<u8> = value.iter().flat_map(|v| v.to_le_bytes()).collect();
        if bytes.len() > 4 {
            out.extend((beyond as u32).to_le_bytes());
            beyond += bytes.len();
            values.extend(bytes);
        } else {
            bytes.resize(4, 0);
            out.extend(bytes);
        }
    }
    out.extend([0; 4]);
    out.extend(values);
    out.extend(data);
    out
}

#[test]
fn lab_tiffs_open_in_colour() {
    // L* 53.24, a* 80.09, b* 67.20 is sRGB red under D65 (Lindbloom); under D50, adapted by
    // Bradford, it is 54.29, 80.81, 69.89.
    let lab = handmade(8, 8, 3, 1, &[], &[138, 81, 70]);
    let got = open(&lab).unwrap().picture.to_srgb8().at(0, 0);
    assert!(near(got, [255, 0, 0], 6), "{got:?}");
    // ICCLab has a* and b* offset by 128.
    let icc_lab = handmade(9, 8, 3, 1, &[], &[138, 128 + 81, 128 + 70]);
    let got = open(&icc_lab).unwrap().picture.to_srgb8().at(0, 0);
    assert!(near(got, [255, 0, 0], 6), "{got:?}");
}

#[test]
fn palettes_planes_and_white_is_zero_open() {
    // Red, green and blue of 16 entries; entry 3 is (51, 102, 204).
    let mut map = vec![0_u16; 48];
    (map[3], map[19], map[35]) = (51 * 257, 102 * 257, 204 * 257);
    let palette = handmade(3, 4, 1, 2, &[(0x140, map)], &[0x30]);
    assert_eq!(open(&palette).unwrap().picture.to_srgb8().at(0, 0), [51, 102, 204]);
    let negative = handmade(0, 8, 1, 2, &[], &[0, 55]);
    let rgb = open(&negative).unwrap().picture.to_srgb8().into_owned();
    assert_eq!((rgb.at(0, 0), rgb.at(1, 0)), ([255; 3], [200; 3]));
}

#[test]
fn a_file_cut_anywhere_is_an_error_or_a_picture_but_never_a_panic() {
    let whole = [
        jpeg_with(&[exif_segment(&block(0x0112, 3))]),
        png(png::ColorType::Rgb, png::BitDepth::Eight, 48, 32, &smooth().data),
        tiff_of(&smooth().data, |e, d| e.write_image::<colortype::RGB8>(48, 32, d).unwrap()),
        handmade(8, 8, 3, 1, &[], &[138, 81, 70]),
    ];
    for bytes in &whole {
        for end in (0..bytes.len()).step_by((bytes.len() / 97).max(1)) {
            let cut = &bytes[..end];
            if let Err(e) = open(cut) {
                assert!(!e.to_string().contains("unwrap"), "{e}");
            }
            let _ = preview(cut, 16);
        }
    }
    assert!(open(&whole[0][..whole[0].len() * 3 / 4]).is_err());
    assert!(open(&whole[1][..whole[1].len() / 2]).is_err());
}

#[test]
fn what_is_no_picture_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let said = |r: Result<Picture, OpenError>| r.unwrap_err().to_string();
    assert!(said(read(folder.path())).contains("is a folder"));
    assert!(said(read(&folder.path().join("none.jpg"))).contains("could not be read"));
    let empty = folder.path().join("empty.jpg");
    crate::imaging::files::write_atomic(&empty, b"").unwrap();
    assert!(said(read(&empty)).contains("is an empty file"));
    assert!(said(decode(b"")).contains("JPEG, PNG, TIFF and camera raw"));
    assert!(said(decode(b"GIF89a")).contains("a GIF"));
}
