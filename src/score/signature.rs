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
        let cells = |plane: &[f32], n: usize| cells(plane, grid.w, grid.h, n);
        let [red, green, blue] = [0, 1, 2].map(|c| cells(&grid.rgb[c], COARSE));
        let against = |of: &[f32]| -> Vec<f32> {
            of.iter().zip(&green).map(|(v, green)| v - green + 128.0).collect()
        };
        let energy = cells(&grid.energy(), COARSE);
        let byte = |v: &f32| v.round().clamp(0.0, 255.0) as u8;
        Self {
            luma: cells(&grid.luma, FINE).iter().map(byte).collect(),
            chroma: against(&red).iter().chain(&against(&blue)).map(byte).collect(),
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
    /// Encoded, 0 to 255, channel by channel.
    rgb: [Vec<f32>; 3],
    luma: Vec<f32>,
}

impl Samples {
    fn of(picture: &Rgb8) -> Self {
        let step = picture.w.max(picture.h).div_ceil(SAMPLES).max(1);
        let (w, h) = (picture.w / step, picture.h / step);
        let mut rgb = [(); 3].map(|()| vec![0.0; w * h]);
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
            for (x, block) in sums.chunks_exact(step * 3).enumerate() {
                let mut sum = [0_u16; 3];
                for p in spread.iter().map(|i| &block[3 * i..3 * i + 3]) {
                    (0..3).for_each(|c| sum[c] += p[c]);
                }
                (0..3).for_each(|c| rgb[c][y * w + x] = f32::from(sum[c]) * norm);
            }
        }
        let luma = luma(&rgb);
        Self { w, h, rgb, luma }
    }

    /// Squared central differences; 0 along the border.
    fn energy(&self) -> Vec<f32> {
        let (w, h) = (self.w, self.h);
        let mut out = vec![0.0; w * h];
        for y in 1..h.saturating_sub(1) {
            let [above, own, below] = [y - 1, y, y + 1].map(|y| &self.luma[y * w..][..w]);
            differences(above, own, below, &mut out[y * w..][..w]);
        }
        out
    }

    fn colours(&self) -> Vec<u8> {
        let mut bins = [0_u32; BINS];
        let [red, green, blue] = &self.rgb;
        let level = |v: f32| v as usize / 64;
        for (r, (g, b)) in red.iter().zip(green.iter().zip(blue)) {
            bins[level(*r) * 16 + level(*g) * 4 + level(*b)] += 1;
        }
        let n = self.luma.len().max(1) as f32;
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

wide_fn! {
    fn luma(rgb: &[Vec<f32>; 3]) -> Vec<f32> {
        let [red, green, blue] = rgb;
        let pairs = red.iter().zip(green.iter().zip(blue));
        pairs.map(|(r, (g, b))| 0.21 * r + 0.72 * g + 0.07 * b).collect()
    }
}

wide_fn! {
    fn differences(above: &[f32], own: &[f32], below: &[f32], out: &mut [f32]) {
        let n = out.len().saturating_sub(2);
        if n == 0 {
            return;
        }
        let (above, below) = (&above[1..=n], &below[1..=n]);
        let (before, after, out) = (&own[..n], &own[2..n + 2], &mut out[1..=n]);
        for x in 0..n {
            let (dx, dy) = (after[x] - before[x], below[x] - above[x]);
            out[x] = 0.25 * (dx * dx + dy * dy);
        }
    }
}

wide_fn! {
    /// The mean of a plane over `n` x `n` cells; 0 for cells without a sample.
    fn cells(plane: &[f32], w: usize, h: usize, n: usize) -> Vec<f32> {
        let edge = |k: usize, side: usize| (k * side).div_ceil(n);
        let mut out = Vec::with_capacity(n * n);
        let mut columns = vec![0.0_f32; w];
        for j in 0..n {
            let rows = edge(j, h)..edge(j + 1, h);
            columns.fill(0.0);
            for row in rows.clone().map(|y| &plane[y * w..(y + 1) * w]) {
                columns.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
            }
            for i in 0..n {
                let across = edge(i, w)..edge(i + 1, w);
                let count = across.len() * rows.len();
                out.push(columns[across].iter().sum::<f32>() / count.max(1) as f32);
            }
        }
        out
    }
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
