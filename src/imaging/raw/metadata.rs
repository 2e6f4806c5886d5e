//! What a raw file says about the picture, as an EXIF block: rawler reads every maker's way of
//! saying it, and knows many lenses by their numbers.

use crate::imaging::exif::{Field, serialise, tag};
use rawler::RawImage;
use rawler::decoders::RawMetadata;
use rawler::formats::tiff::{Rational, SRational};

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;
const SIGNED_RATIONAL: u16 = 10;

/// A little-endian EXIF block; orientation is 1, as the pixels are upright.
pub(super) fn block(metadata: &RawMetadata, raw: &RawImage) -> Vec<u8> {
    let exif = &metadata.exif;
    let (make, model) = (given(&raw.make, &metadata.make), given(&raw.model, &metadata.model));
    let mut root = Fields::default();
    root.text(0x010f, Some(make));
    root.text(0x0110, Some(model));
    root.short(tag::ORIENTATION, Some(1));
    root.text(0x0132, exif.modify_date.as_deref());
    root.text(0x013b, exif.artist.as_deref());
    root.text(0x8298, exif.copyright.as_deref());
    let mut shot = Fields::default();
    shot.rational(0x829a, exif.exposure_time.as_ref());
    shot.rational(0x829d, exif.fnumber.as_ref());
    shot.short(0x8822, exif.exposure_program);
    shot.short(0x8827, exif.iso_speed_ratings);
    shot.short(0x8830, exif.sensitivity_type);
    shot.long(0x8832, exif.recommended_exposure_index);
    shot.long(0x8833, exif.iso_speed);
    shot.text(0x9003, exif.date_time_original.as_deref());
    shot.text(0x9004, exif.create_date.as_deref());
    shot.text(0x9010, exif.offset_time.as_deref());
    shot.text(0x9011, exif.offset_time_original.as_deref());
    shot.signed(0x9201, exif.shutter_speed_value.as_ref());
    shot.rational(0x9202, exif.aperture_value.as_ref());
    shot.signed(0x9204, exif.exposure_bias.as_ref());
    shot.rational(0x9205, exif.max_aperture_value.as_ref());
    shot.rational(0x9206, exif.subject_distance.as_ref());
    shot.short(0x9207, exif.metering_mode);
    shot.short(0x9208, exif.light_source);
    shot.short(0x9209, exif.flash);
    shot.rational(0x920a, exif.focal_length.as_ref());
    shot.text(0x9290, exif.sub_sec_time.as_deref());
    shot.text(0x9291, exif.sub_sec_time_original.as_deref());
    shot.short(0xa402, exif.exposure_mode);
    shot.short(0xa403, exif.white_balance);
    shot.short(0xa406, exif.scene_capture_type);
    shot.text(0xa431, exif.serial_number.as_deref());
    shot.rationals(0xa432, exif.lens_spec.as_ref().map(|v| &v[..]));
    shot.text(0xa433, exif.lens_make.as_deref());
    shot.text(0xa434, exif.lens_model.as_deref());
    root.0.push(Field::below(tag::EXIF, shot.0));
    serialise(false, &root.0)
}

/// What the file says, or else what the library calls it.
fn given<'a>(of_file: &'a str, clean: &'a str) -> &'a str {
    if of_file.trim().is_empty() { clean } else { of_file.trim() }
}

#[derive(Default)]
struct Fields(Vec<Field>);

impl Fields {
    fn text(&mut self, tag: u16, text: Option<&str>) {
        self.0.extend(text.filter(|t| !t.is_empty()).map(|t| Field::ascii(tag, t)));
    }

    fn short(&mut self, tag: u16, v: Option<u16>) {
        self.0.extend(v.map(|v| Field::bytes(tag, SHORT, v.to_le_bytes().to_vec())));
    }

    fn long(&mut self, tag: u16, v: Option<u32>) {
        self.0.extend(v.map(|v| Field::bytes(tag, LONG, v.to_le_bytes().to_vec())));
    }

    fn rational(&mut self, tag: u16, v: Option<&Rational>) {
        self.rationals(tag, v.map(std::slice::from_ref));
    }

    fn rationals(&mut self, tag: u16, v: Option<&[Rational]>) {
        let bytes = |v: &[Rational]| {
            v.iter().flat_map(|r| [r.n.to_le_bytes(), r.d.to_le_bytes()]).flatten().collect()
        };
        self.0.extend(v.map(|v| Field::bytes(tag, RATIONAL, bytes(v))));
    }

    fn signed(&mut self, tag: u16, v: Option<&SRational>) {
        let bytes = |v: &SRational| [v.n.to_le_bytes(), v.d.to_le_bytes()].concat();
        self.0.extend(v.map(|v| Field::bytes(tag, SIGNED_RATIONAL, bytes(v))));
    }
}
