//! From sensor values to a picture: demosaic, white balance, camera matrix, Rec.2020.
//!
//! Bayer sensors by pixel grouping (PPG, Chuan-kai Lin), X-Trans by Markesteijn's method, both in
//! rawler, on balanced values, since both compare colours with each other. The frame is worked on
//! in bands of rows, so that no whole picture exists in f32.
//!
//! Highlights: a balanced channel above 1 is cut to 1. The smallest gain is 1, so that a sample at
//! the sensor's white level is at 1 or above in every channel: what is burnt out comes out white,
//! never pink, and rebuilding a burnt-out channel from the others could only raise what is at white
//! already.

use super::sensor::{self, Decoded, Pixels};
use super::{Sensor, check};
use crate::imaging::colour;
use crate::imaging::open::orient::Orientation;
use crate::imaging::open::{Kind, OpenError, Opened};
use crate::imaging::{Image, Metadata, Picture, Rect, Rgb16, Space};
use rawler::imgop::sensor::bayer::ppg::PPGDemosaic;
use rawler::imgop::sensor::xtrans::markesteijn::XTransMarkesteijnDemosaic;
use rawler::imgop::sensor::{Demosaic as _, SensorType};
use rawler::imgop::{Dim2, Point};
use rawler::pixarray::PixF32;
use rawler::rawimage::CFAConfig;
use rayon::prelude::*;
use std::sync::OnceLock;

/// Rows of a band, and rows beside it that its edge needs; multiples of both mosaics' periods.
const BAND: usize = 384;
const MARGIN: usize = 24;

/// Width and height, upright.
pub(super) fn size(bytes: &[u8]) -> Result<(usize, usize), OpenError> {
    let ((w, h), orientation) = sensor::size(bytes)?;
    Ok(Orientation::from_exif(orientation).size(w, h))
}

/// Develops a raw file as shot.
pub(super) fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    let raw = checked(bytes)?;
    let Rect { w, h, .. } = raw.area;
    let mut rgb = Rgb16::new(w, h);
    let encode = encode_table();
    bands(&raw, |top, band| {
        let rows = &mut rgb.data[top * w * 3..][..band.len() * 3];
        rows.par_chunks_mut(w * 3).zip(band.par_chunks(w)).for_each(|(to, from)| {
            for (to, p) in to.chunks_exact_mut(3).zip(from) {
                let wide = colour::apply(&raw.to_rec2020, p.map(|v| v.min(1.0)));
                to.copy_from_slice(&wide.map(|v| encoded(encode, v)));
            }
        });
    });
    let orientation = Orientation::from_exif(raw.orientation);
    let picture = Picture {
        pixels: crate::imaging::Pixels::Sixteen(orientation.rgb16(rgb)),
        space: Space::Rec2020,
        metadata: Metadata { exif: raw.exif, xmp: None, iptc: None },
    };
    Ok(Opened { picture, kind: Kind::Raw, alpha: None, warnings: raw.warnings })
}

/// The sensor's own values, upright.
pub(super) fn sensor(bytes: &[u8]) -> Result<Sensor, OpenError> {
    let raw = checked(bytes)?;
    let Rect { w, h, .. } = raw.area;
    let mut image = Image::new(w, h);
    let back = raw.white_balance.map(f32::recip);
    bands(&raw, |top, band| {
        let rows = &mut image.data[top * w..][..band.len()];
        for (to, p) in rows.iter_mut().zip(band) {
            *to = std::array::from_fn(|i| p[i] * back[i]);
        }
    });
    let image = upright(image, Orientation::from_exif(raw.orientation));
    Ok(Sensor { image, white_balance: raw.white_balance, to_rec2020: raw.to_rec2020 })
}

/// White balance, and balanced camera values to linear Rec.2020.
pub(super) fn primaries(bytes: &[u8]) -> Result<([f32; 3], colour::Matrix3), OpenError> {
    sensor::decode(bytes).map(|raw| (raw.white_balance, raw.to_rec2020))
}

fn checked(bytes: &[u8]) -> Result<Decoded, OpenError> {
    let raw = sensor::decode(bytes)?;
    match check::fault(&raw.pixels, raw.w, raw.area) {
        Some(why) => Err(sensor::damaged(why)),
        None => Ok(raw),
    }
}

fn upright(image: Image, orientation: Orientation) -> Image {
    let (w, h) = orientation.size(image.w, image.h);
    let data = orientation.pixels(image.data, image.w, image.h);
    Image { w, h, data }
}

/// Hands out balanced camera RGB a band at a time, with the row it starts at.
fn bands(raw: &Decoded, mut each: impl FnMut(usize, &[[f32; 3]])) {
    let Rect { x, y, w, h } = raw.area;
    for top in (0..h).step_by(BAND) {
        let rows = BAND.min(h - top);
        let band = match &raw.pixels {
            Pixels::Mosaic(mosaic, config) => {
                let part = Rect::new(x, y + top, w, rows);
                demosaiced(mosaic, config, part, raw.white_balance, (raw.w, raw.h))
            }
            Pixels::Rgb(data) => gathered(w, rows, |col, row| {
                let at = ((y + top + row) * raw.w + x + col) * 3;
                std::array::from_fn(|i| data[at + i] * raw.white_balance[i])
            }),
            Pixels::Grey(data) => {
                gathered(w, rows, |col, row| [data[(y + top + row) * raw.w + x + col]; 3])
            }
        };
        each(top, &band);
    }
}

fn gathered(w: usize, rows: usize, f: impl Fn(usize, usize) -> [f32; 3] + Sync) -> Vec<[f32; 3]> {
    (0..w * rows).into_par_iter().with_min_len(1 << 14).map(|i| f(i % w, i / w)).collect()
}

/// The part of the mosaic with all three colours, balanced.
fn demosaiced(
    mosaic: &PixF32,
    config: &CFAConfig,
    part: Rect,
    gains: [f32; 3],
    (w, h): (usize, usize),
) -> Vec<[f32; 3]> {
    let wide = part.grown(MARGIN, w, h);
    let mut values = PixF32::new(wide.w, wide.h);
    let cfa = config.cfa.shift(wide.x, wide.y);
    values.pixels_mut().par_chunks_mut(wide.w).enumerate().for_each(|(row, line)| {
        let from = &mosaic.data[(wide.y + row) * w + wide.x..][..wide.w];
        for (col, (to, v)) in line.iter_mut().zip(from).enumerate() {
            *to = v * gains[cfa.color_at(row, col).min(2)];
        }
    });
    let all = rawler::imgop::Rect { p: Point::zero(), d: Dim2 { w: wide.w, h: wide.h } };
    let rgb = match config.sensor {
        SensorType::Bayer => PPGDemosaic::new().demosaic(&values, &cfa, &config.colors, all),
        SensorType::Xtrans => {
            XTransMarkesteijnDemosaic::new_pass_1().demosaic(&values, &cfa, &config.colors, all)
        }
    };
    let (dx, dy) = (part.x - wide.x, part.y - wide.y);
    let rows = rgb.data.chunks_exact(wide.w).skip(dy).take(part.h);
    rows.flat_map(|row| &row[dx..dx + part.w]).copied().collect()
}

/// Linear 0..1 to sixteen bits under the sRGB curve, through a table over the square root, which
/// is nearly straight under that curve.
fn encoded(table: &[u16], v: f32) -> u16 {
    let at = v.clamp(0.0, 1.0).sqrt() * (table.len() - 2) as f32;
    let i = at as usize;
    let (low, high) = (f32::from(table[i]), f32::from(table[i + 1]));
    (low + (high - low) * (at - i as f32) + 0.5) as u16
}

fn encode_table() -> &'static [u16] {
    static TABLE: OnceLock<Vec<u16>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let value = |i: u32| colour::srgb_encode((i.min(4096) as f32 / 4096.0).powi(2)) * 65_535.0;
        (0..=4097).map(|i| (value(i) + 0.5) as u16).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_curve() {
        let table = encode_table();
        for i in 0..=100_000 {
            let v = i as f32 / 100_000.0;
            let want = colour::srgb_encode(v) * 65_535.0;
            let got = f32::from(encoded(table, v));
            assert!((got - want).abs() < 6.0, "{v}: {got} {want}");
        }
        assert_eq!((encoded(table, -1.0), encoded(table, 9.0)), (0, 65_535));
    }
}
