//! What a picture shows, in half a kilobyte: enough to tell takes of one thing from each other and
//! to recognise series, without its pixels.

use crate::imaging::Rgb8;
use crate::imaging::colour::srgb_decode_table;
use crate::imaging::lanes::wide_fn;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Cells of the luma grid along each side.
pub(super) const FINE: usize = 16;
/// Cells of the chroma and energy grids along each side.
pub(super) const COARSE: usize = 8;
/// Bins of the colour histogram: four levels a channel.
pub(super) const BINS: usize = 64;
/// Steps of an octave of energy: sixteen octaves fit a byte.
pub(super) const OCTAVE: f32 = 16.0;
/// Bytes in a file, before the one that says how it is written.
const BYTES: usize = FINE * FINE + 3 * COARSE * COARSE + BINS + 2;
/// How it is written: files without this byte have 24 steps an octave, and no more than ten octaves.
const WRITTEN: u8 = 1;

/// Samples that are taken along the longer side.
const SAMPLES: usize = 384;

/// A picture's content in grids over the frame. In files a string of hexadecimal digits.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// Mean luma of 16 x 16 cells, encoded 0..255.
    pub(super) luma: Vec<u8>,
    /// Mean red minus green and blue minus green of 8 x 8 cells, encoded, 128 is neutral.
    pub(super) chroma: Vec<u8>,
    /// Gradient energy of 8 x 8 cells: [`OCTAVE`] steps an octave from 2^-4 on, clipped to 0..255.
    pub(super) energy: Vec<u8>,
    /// Share of pixels of each of 64 colours as the square root, 0..255.
    pub(super) colours: Vec<u8>,
    /// Mean luminance in sixteenths of a stop below white, 0..65535.
    pub(super) level: u16,
}

impl Signature {
    /// The signature of an sRGB-encoded picture. Reads at most 400 samples a side.
    pub fn of(picture: &Rgb8) -> Self {
        let grid = Samples::of(picture);
        let luma = cells(&grid, FINE, |s, i, _| s.luma[i]);
        let red = cells(&grid, COARSE, |s, i, _| s.rgb[i][0] - s.rgb[i][1] + 128.0);
        let blue = cells(&grid, COARSE, |s, i, _| s.rgb[i][2] - s.rgb[i][1] + 128.0);
        let energy = cells(&grid, COARSE, Samples::energy);
        let byte = |v: &f32| v.round().clamp(0.0, 255.0) as u8;
        Self {
            luma: luma.iter().map(byte).collect(),
            chroma: red.iter().chain(&blue).map(byte).collect(),
            energy: energy.iter().map(|v| byte(&(OCTAVE * ((v + 1e-3).log2() + 4.0)))).collect(),
            colours: grid.colours(),
            level: (-16.0 * grid.level().max(1e-5).log2()).clamp(0.0, 65_535.0) as u16,
        }
    }

    /// Mean luminance against white, stops; 0 or less.
    pub fn level_ev(&self) -> f32 {
        -f32::from(self.level) / 16.0
    }

    fn to_hex(&self) -> String {
        let level = self.level.to_be_bytes();
        [&self.luma[..], &self.chroma, &self.energy, &self.colours, &level, &[WRITTEN]]
            .concat()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect()
    }

    fn from_hex(text: &str) -> Option<Self> {
        let old = text.len() == 2 * BYTES;
        if !(old || text.len() == 2 * (BYTES + 1)) || !text.is_ascii() {
            return None;
        }
        let bytes: Option<Vec<u8>> = (0..text.len() / 2)
            .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok())
            .collect();
        let bytes = bytes?;
        let mut rest = &bytes[..];
        let mut take = |n: usize| {
            let (head, tail) = rest.split_at(n);
            rest = tail;
            head.to_vec()
        };
        let (luma, chroma) = (take(FINE * FINE), take(2 * COARSE * COARSE));
        let (mut energy, colours, level) = (take(COARSE * COARSE), take(BINS), take(2));
        match rest.first() {
            None => energy.iter_mut().for_each(|e| *e = (f32::from(*e) * OCTAVE / 24.0) as u8),
            Some(&WRITTEN) => {}
            Some(_) => return None,
        }
        let level = u16::from_be_bytes([level[0], level[1]]);
        Some(Self { luma, chroma, energy, colours, level })
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.to_hex())
    }
}

impl<'d> Deserialize<'d> for Signature {
    fn deserialize<D: Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not a picture's signature"))
    }
}

/// Every n-th pixel of a picture.
struct Samples {
    w: usize,
    h: usize,
    rgb: Vec<[f32; 3]>,
    luma: Vec<f32>,
}

impl Samples {
    fn of(picture: &Rgb8) -> Self {
        let step = picture.w.max(picture.h).div_ceil(SAMPLES).max(1);
        let (w, h) = (picture.w / step, picture.h / step);
        let mut rgb = Vec::with_capacity(w * h);
        // The mean of at most 3 x 3 pixels spread over a block: signatures need no more.
        let n = step.min(3);
        let spread: Vec<usize> = (0..n).map(|i| i * step / n).collect();
        let norm = 1.0 / (n * n) as f32;
        let mut sums = vec![0_u16; w * step * 3];
        for y in 0..h {
            sums.fill(0);
            for row in &spread {
                let from = (y * step + row) * picture.w * 3;
                add(&mut sums, &picture.data[from..from + w * step * 3]);
            }
            rgb.extend(sums.chunks_exact(step * 3).map(|block| {
                let mut sum = [0_u16; 3];
                for p in spread.iter().map(|i| &block[3 * i..3 * i + 3]) {
                    (0..3).for_each(|c| sum[c] += p[c]);
                }
                sum.map(|s| f32::from(s) * norm)
            }));
        }
        let luma = rgb.iter().map(|p| 0.21 * p[0] + 0.72 * p[1] + 0.07 * p[2]).collect();
        Self { w, h, rgb, luma }
    }

    /// Squared central differences.
    fn energy(&self, i: usize, (x, y): (usize, usize)) -> f32 {
        if x == 0 || y == 0 || x + 1 >= self.w || y + 1 >= self.h {
            return 0.0;
        }
        let dx = self.luma[i + 1] - self.luma[i - 1];
        let dy = self.luma[i + self.w] - self.luma[i - self.w];
        0.25 * (dx * dx + dy * dy)
    }

    fn colours(&self) -> Vec<u8> {
        let mut bins = [0_u32; BINS];
        for p in &self.rgb {
            let level = p.map(|v| v as u8 as usize / 64);
            bins[level[0] * 16 + level[1] * 4 + level[2]] += 1;
        }
        let n = self.rgb.len().max(1) as f32;
        bins.iter().map(|b| (255.0 * (*b as f32 / n).sqrt()).round() as u8).collect()
    }

    /// Mean luminance, linear.
    fn level(&self) -> f32 {
        let table = srgb_decode_table();
        let sum: f64 = self.luma.iter().map(|&v| f64::from(table[v as u8 as usize])).sum();
        (sum / self.luma.len().max(1) as f64) as f32
    }
}

wide_fn! {
    fn add(sums: &mut [u16], values: &[u8]) {
        sums.iter_mut().zip(values).for_each(|(sum, v)| *sum += u16::from(*v));
    }
}

/// The mean of a quantity over `n` x `n` cells.
fn cells(
    samples: &Samples,
    n: usize,
    value: impl Fn(&Samples, usize, (usize, usize)) -> f32,
) -> Vec<f32> {
    let (w, h) = (samples.w, samples.h);
    let mut sums = vec![(0.0_f32, 0.0_f32); n * n];
    let columns: Vec<usize> = (0..w).map(|x| x * n / w).collect();
    for y in 0..h {
        let row = &mut sums[y * n / h * n..][..n];
        for (x, column) in columns.iter().enumerate() {
            let cell = &mut row[*column];
            *cell = (cell.0 + value(samples, y * w + x, (x, y)), cell.1 + 1.0);
        }
    }
    sums.iter().map(|(s, n)| if *n > 0.0 { s / n } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_survives_its_file_and_odd_ones_are_refused() {
        let picture = Rgb8::from_fn(90, 60, |x, y| [x as u8 * 2, y as u8 * 3, 77]);
        let signature = Signature::of(&picture);
        let text = serde_json::to_string(&signature).unwrap();
        assert_eq!(serde_json::from_str::<Signature>(&text).unwrap(), signature);
        assert!(serde_json::from_str::<Signature>("\"00ff\"").is_err());
        // Files of before: another scale of the energy, and no last byte.
        let mut old = signature.clone();
        old.energy = vec![240; COARSE * COARSE];
        let text = old.to_hex();
        let read = Signature::from_hex(&text[..2 * BYTES]).unwrap();
        assert_eq!((read.energy[0], &read.luma), (160, &signature.luma));
        assert!(Signature::from_hex(&format!("{}07", &text[..2 * BYTES])).is_none());
        let odd = format!("\"{}\"", "é".repeat(BYTES));
        assert!(serde_json::from_str::<Signature>(&odd).is_err());
    }

    #[test]
    fn the_smallest_pictures_have_one_too() {
        for (w, h) in [(0, 0), (1, 1), (3, 700), (17, 1)] {
            assert_eq!(Signature::of(&Rgb8::new(w, h)).luma.len(), FINE * FINE);
        }
    }
}
