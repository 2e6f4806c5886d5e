//! Whether decoded sensor values can be a photograph: decoders give black, constant or random
//! values for files that are cut off, without an error.

use super::sensor::Pixels;
use crate::imaging::Rect;

/// Horizontal bands that are looked at one by one: a file is cut off from some row on.
const BANDS: usize = 16;

/// What is wrong with the values, as the end of a sentence; `None` if nothing is.
pub(super) fn fault(pixels: &Pixels, w: usize, area: Rect) -> Option<&'static str> {
    let (data, channels, period) = match pixels {
        Pixels::Mosaic(m, config) => (&m.data, 1, config.cfa.width),
        Pixels::Rgb(v) => (v, 3, 1),
        Pixels::Grey(v) => (v, 1, 1),
    };
    let row = w * channels;
    let step = period * channels;
    let left = area.x.next_multiple_of(period.max(1)) * channels;
    let right = (area.right() * channels).min(row);
    let rows = (area.h / BANDS).max(1);
    let mut faults = (0..BANDS).filter_map(|band| {
        let top = area.y + band * rows;
        let bottom = (top + rows).min(area.bottom());
        let lines = (top..bottom).step_by((rows / 8).max(1));
        let lines = lines.filter_map(|y| data.get(y * row + left..y * row + right));
        Band::measure(lines, step).fault()
    });
    faults.next()
}

/// Statistics of one band: only samples of one colour are compared with each other.
#[derive(Default)]
struct Band {
    count: f64,
    sum: f64,
    squares: f64,
    steps: f64,
    least: f32,
    most: f32,
}

impl Band {
    fn measure<'a>(lines: impl Iterator<Item = &'a [f32]>, step: usize) -> Self {
        let mut band = Self { least: f32::MAX, most: f32::MIN, ..Self::default() };
        for line in lines {
            let samples: Vec<f32> = line.iter().step_by(step.max(1)).copied().collect();
            for pair in samples.windows(2) {
                let v = f64::from(pair[0]);
                band.count += 1.0;
                band.sum += v;
                band.squares += v * v;
                band.steps += f64::from((pair[1] - pair[0]).abs());
                band.least = band.least.min(pair[0]);
                band.most = band.most.max(pair[0]);
            }
        }
        band
    }

    fn fault(&self) -> Option<&'static str> {
        if self.count < 64.0 {
            return None;
        }
        // A sensor always has some noise, except where it is saturated.
        if self.least == self.most && self.most < 0.95 {
            return Some("part of its picture is one flat value: the file is cut off");
        }
        let mean = self.sum / self.count;
        let deviation = (self.squares / self.count - mean * mean).max(0.0).sqrt();
        // Neighbours in a photograph are alike. Independent values differ by 1.13 standard
        // deviations (Gaussian) or 1.15 (uniform) on average; dark noise does too, but is small.
        let roughness = self.steps / self.count / deviation.max(1e-9);
        if deviation > 0.12 && roughness > 0.9 {
            return Some("its picture is random values: the file is cut off or false");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(f: impl Fn(usize, usize) -> f32) -> Option<&'static str> {
        let (w, h) = (320, 160);
        let data = (0..w * h).map(|i| f(i % w, i / w)).collect();
        fault(&Pixels::Grey(data), w, Rect::new(0, 0, w, h))
    }

    /// A small generator: the test must not depend on the clock.
    fn noise(x: usize, y: usize) -> f32 {
        let mut v = (x * 7919 + y * 104_729) as u32;
        for _ in 0..3 {
            v = (v ^ (v >> 15)).wrapping_mul(0x2c1b_3c6d);
        }
        (v >> 8) as f32 / (1 << 24) as f32
    }

    #[test]
    fn photographs_pass_and_the_rest_is_named() {
        let picture = |x: usize, y: usize| (x as f32 / 40.0).sin() * 0.3 + 0.5 + 0.02 * noise(x, y);
        assert_eq!(fault_of(picture), None);
        assert_eq!(fault_of(|x, y| 0.004 * noise(x, y)), None, "a dark frame");
        assert_eq!(fault_of(|_, _| 1.0), None, "a saturated frame");
        assert!(fault_of(|_, _| 0.0).unwrap().contains("flat"));
        assert!(fault_of(noise).unwrap().contains("random"));
        let cut = |x: usize, y: usize| if y < 120 { picture(x, y) } else { 0.0 };
        assert!(fault_of(cut).unwrap().contains("cut off"));
    }
}
