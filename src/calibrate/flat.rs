//! Flat field: evens lens falloff and the light's gradient with a picture of a white or grey card.
//!
//! The picture is reduced to a small grid, blurred by 2.5 % of its width and divided into its own
//! middle. The blur works on the logarithm and goes on straight past the edges, so that the falloff
//! in the corners is neither cut nor pulled inwards.

use super::calibration::CalibrationError;
use super::fit::Transfer;
use super::reading::Source;
use crate::imaging::{Image, colour};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Cells along the longer side; a falloff is smooth enough for straight lines between them.
const CELLS: usize = 64;
/// Standard deviation of the blur as a share of the picture's width.
const BLUR: f32 = 0.025;
/// Largest gain; the smallest is its inverse.
const MOST: f32 = 2.0;
/// Cells that differ from the blurred card by this much, EV, are no part of an even card.
const UNEVEN: f32 = 0.12;
const VERSION: u32 = 1;

/// What each place of a picture is multiplied by, per channel; 1 in the middle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlatField {
    version: u32,
    columns: usize,
    rows: usize,
    /// Darkest place of the card against its middle, EV below 0.
    pub falloff_ev: f32,
    /// `columns * rows` gains of red, green and blue.
    gains: Vec<[f32; 3]>,
}

/// Why a picture is no flat field.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum FlatError {
    /// Too few pixels.
    #[error("the picture is too small for a flat field")]
    TooSmall,
    /// Overexposed.
    #[error("{0:.0} % of the card is overexposed: darken the exposure and photograph it again")]
    Clipped(f32),
    /// Too dark to divide by.
    #[error("the card is too dark: brighten the exposure and photograph it again")]
    Dark,
    /// There is something in it.
    #[error(
        "the picture shows more than an even card ({0:.0} % of it): fill the frame with the card, out of focus"
    )]
    NotEven(f32),
}

impl FlatField {
    /// From a picture that a white or grey card fills; `transfer` says what an encoded picture's
    /// values are, and [`Transfer::Auto`] takes them for sRGB.
    pub fn from_card<'a>(
        picture: impl Into<Source<'a>>,
        transfer: Transfer,
    ) -> Result<Self, FlatError> {
        let source = picture.into();
        let grid = Grid::of(source, transfer)?;
        let blurred = grid.blurred();
        let cells = grid.levels.len();
        let off = |(a, b): (&[f32; 3], &[f32; 3])| (a[1] - b[1]).abs() > UNEVEN;
        let uneven = grid.levels.iter().zip(&blurred).filter(|p| off(*p)).count();
        if uneven * 50 > cells {
            return Err(FlatError::NotEven(100.0 * uneven as f32 / cells as f32));
        }
        let middle = blurred[grid.rows / 2 * grid.columns + grid.columns / 2];
        let gain = |p: &[f32; 3]| {
            std::array::from_fn(|c| (middle[c] - p[c]).exp2().clamp(1.0 / MOST, MOST))
        };
        let lowest = blurred.iter().map(|p| p[1] - middle[1]).fold(0.0, f32::min);
        Ok(Self {
            version: VERSION,
            columns: grid.columns,
            rows: grid.rows,
            falloff_ev: lowest,
            gains: blurred.iter().map(gain).collect(),
        })
    }

    /// Evens a linear picture of the same framing, at any size.
    pub fn apply(&self, picture: &mut Image) {
        let (w, h) = (picture.w, picture.h);
        if w == 0 || h == 0 {
            return;
        }
        picture.data.par_chunks_mut(w).enumerate().for_each(|(y, row)| {
            let v = (y as f32 + 0.5) / h as f32;
            let line = self.line(v);
            for (x, p) in row.iter_mut().enumerate() {
                let gain = between(&line, (x as f32 + 0.5) / w as f32);
                *p = std::array::from_fn(|c| p[c] * gain[c]);
            }
        });
    }

    /// The gains at a place, as shares of width and height.
    pub fn gain_at(&self, x: f32, y: f32) -> [f32; 3] {
        between(&self.line(y), x)
    }

    /// The gains along a line across the picture.
    fn line(&self, v: f32) -> Vec<[f32; 3]> {
        let (a, b, t) = cell(v, self.rows);
        let row = |r: usize| &self.gains[r * self.columns..(r + 1) * self.columns];
        row(a).iter().zip(row(b)).map(|(p, q)| mix(*p, *q, t)).collect()
    }

    /// As a file.
    pub fn to_toml(&self) -> Result<String, CalibrationError> {
        toml::to_string(self).map_err(|e| CalibrationError::Damaged(e.to_string()))
    }

    /// Reads what [`Self::to_toml`] wrote.
    pub fn parse(text: &str) -> Result<Self, CalibrationError> {
        let damaged = |e: toml::de::Error| CalibrationError::Damaged(e.message().to_owned());
        let field: Self = toml::from_str(text).map_err(damaged)?;
        if field.version > VERSION {
            return Err(CalibrationError::Newer(i64::from(field.version)));
        }
        let fits = field.columns.checked_mul(field.rows) == Some(field.gains.len());
        let sane = field.gains.iter().flatten().all(|g| (1.0 / MOST..=MOST).contains(g));
        if !fits || !sane || field.columns < 2 || field.rows < 2 {
            let said = "its flat field does not hold together".to_owned();
            return Err(CalibrationError::Damaged(said));
        }
        Ok(field)
    }
}

/// The cells before and after a place, and how far it is between their middles. Past the outer
/// middles the slope goes on.
fn cell(at: f32, cells: usize) -> (usize, usize, f32) {
    let place = at * cells as f32 - 0.5;
    let first = (place.floor().max(0.0) as usize).min(cells - 2);
    (first, first + 1, place - first as f32)
}

fn between(line: &[[f32; 3]], at: f32) -> [f32; 3] {
    let (a, b, t) = cell(at, line.len());
    mix(line[a], line[b], t)
}

fn mix(p: [f32; 3], q: [f32; 3], t: f32) -> [f32; 3] {
    std::array::from_fn(|c| p[c] + (q[c] - p[c]) * t)
}

/// Mean levels of the card in EV.
struct Grid {
    columns: usize,
    rows: usize,
    levels: Vec<[f32; 3]>,
}

impl Grid {
    fn of(source: Source<'_>, transfer: Transfer) -> Result<Self, FlatError> {
        let (w, h) = source.size();
        let columns = if w >= h { CELLS } else { (CELLS * w).div_ceil(h.max(1)) };
        let rows = if w >= h { (CELLS * h).div_ceil(w.max(1)) } else { CELLS };
        if columns < 4 || rows < 4 || w < columns * 2 || h < rows * 2 {
            return Err(FlatError::TooSmall);
        }
        let encoded = matches!(source, Source::Encoded(_)) && transfer != Transfer::Linear;
        let cells: Vec<(f32, [f32; 3])> = (0..columns * rows)
            .into_par_iter()
            .map(|i| {
                let (c, r) = (i % columns, i / columns);
                let across = c * w / columns..(c + 1) * w / columns;
                block(source, encoded, across, r * h / rows..(r + 1) * h / rows)
            })
            .collect();
        let clipped = cells.iter().map(|c| c.0).sum::<f32>() / cells.len() as f32;
        if clipped > 0.01 {
            return Err(FlatError::Clipped(clipped * 100.0));
        }
        if cells.iter().any(|c| c.1.iter().any(|&v| v < 0.003)) {
            return Err(FlatError::Dark);
        }
        let levels = cells.iter().map(|c| c.1.map(f32::log2)).collect();
        Ok(Self { columns, rows, levels })
    }

    fn blurred(&self) -> Vec<[f32; 3]> {
        let sigma = BLUR * self.columns as f32;
        let rows: Vec<[f32; 3]> =
            self.levels.chunks_exact(self.columns).flat_map(|row| blur_line(row, sigma)).collect();
        let mut out = rows.clone();
        for c in 0..self.columns {
            let column: Vec<_> = (0..self.rows).map(|r| rows[r * self.columns + c]).collect();
            for (r, v) in blur_line(&column, sigma).into_iter().enumerate() {
                out[r * self.columns + c] = v;
            }
        }
        out
    }
}

/// Share of clipped pixels and mean linear value of a block, of at most about 1000 of its pixels.
fn block(
    source: Source<'_>,
    encoded: bool,
    across: std::ops::Range<usize>,
    down: std::ops::Range<usize>,
) -> (f32, [f32; 3]) {
    let step = ((across.len() * down.len()) as f32 / 1000.0).sqrt().ceil().max(1.0) as usize;
    let (mut n, mut clipped, mut sum) = (0.0_f32, 0.0_f32, [0.0_f32; 3]);
    for y in down.step_by(step) {
        for x in across.clone().step_by(step) {
            let v = source.values(x, y);
            if v.iter().any(|&v| v >= 0.995) {
                clipped += 1.0;
            }
            let v = if encoded { v.map(colour::srgb_decode) } else { v };
            sum = std::array::from_fn(|c| sum[c] + v[c]);
            n += 1.0;
        }
    }
    (clipped / n.max(1.0), sum.map(|v| v / n.max(1.0)))
}

/// Gaussian blur of a line that goes on past its ends by point reflection: a slope stays a slope.
fn blur_line(line: &[[f32; 3]], sigma: f32) -> Vec<[f32; 3]> {
    let n = line.len() as i32;
    let reach = (3.0 * sigma).ceil().max(1.0) as i32;
    let reach = reach.min(n - 1);
    let weights: Vec<f32> =
        (-reach..=reach).map(|d| (-0.5 * (d as f32 / sigma).powi(2)).exp()).collect();
    let total: f32 = weights.iter().sum();
    let at = |i: i32, c: usize| {
        if i < 0 {
            2.0 * line[0][c] - line[(-i) as usize][c]
        } else if i >= n {
            2.0 * line[(n - 1) as usize][c] - line[(2 * (n - 1) - i) as usize][c]
        } else {
            line[i as usize][c]
        }
    };
    (0..n)
        .map(|i| {
            std::array::from_fn(|c| {
                let sum: f32 = weights.iter().zip(i - reach..).map(|(w, j)| w * at(j, c)).sum();
                sum / total
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A card under falloff of the fourth power of the cosine and a slope of the light, with noise.
    fn card(w: usize, h: usize) -> (Image, impl Fn(usize, usize) -> f32) {
        let falloff = move |x: usize, y: usize| {
            let (u, v) =
                (x as f32 / w as f32 - 0.5, y as f32 / w as f32 - 0.5 * h as f32 / w as f32);
            let cos4 = (1.0 / (1.0 + 0.8 * (u * u + v * v))).powi(2);
            cos4 * (1.0 + 0.25 * u - 0.1 * v)
        };
        let image = Image::from_fn(w, h, |x, y| {
            let noise = ((x * 7919 + y * 104_729) % 101) as f32 / 101.0 - 0.5;
            let v = 0.6 * falloff(x, y) * (1.0 + 0.04 * noise);
            [v, 0.97 * v, 0.9 * v]
        });
        (image, falloff)
    }

    #[test]
    fn falloff_is_gone_everywhere_including_the_corners() {
        let (mut image, _) = card(600, 400);
        let field = FlatField::from_card(&image, Transfer::Auto).unwrap();
        field.apply(&mut image);
        let level = |x: usize, y: usize| {
            let mut sum = 0.0;
            for j in y..y + 12 {
                for i in x..x + 12 {
                    sum += image.data[j * 600 + i][1];
                }
            }
            (sum / 144.0_f32).log2()
        };
        let middle = level(294, 194);
        for (x, y) in [(0, 0), (588, 0), (0, 388), (588, 388), (294, 0), (0, 194), (150, 100)] {
            assert!((level(x, y) - middle).abs() < 0.03, "{x},{y}: {}", level(x, y) - middle);
        }
    }

    #[test]
    fn a_colour_gradient_of_the_light_is_evened_too() {
        let warm = Image::from_fn(300, 200, |x, _| {
            let t = x as f32 / 300.0;
            [0.5 + 0.1 * t, 0.5, 0.5 - 0.1 * t]
        });
        let field = FlatField::from_card(&warm, Transfer::Linear).unwrap();
        let mut evened = warm.clone();
        field.apply(&mut evened);
        let (a, b) = (evened.data[100 * 300 + 5], evened.data[100 * 300 + 294]);
        assert!(a.iter().zip(b).all(|(p, q)| (p / q).log2().abs() < 0.03), "{a:?} {b:?}");
    }

    #[test]
    fn pictures_that_are_no_even_card_are_refused() {
        let white = Image::from_fn(300, 200, |_, _| [1.0; 3]);
        let black = Image::new(300, 200);
        let stripes = Image::from_fn(300, 200, |x, _| [if x / 30 % 2 == 0 { 0.6 } else { 0.2 }; 3]);
        let nan = Image::from_fn(300, 200, |_, _| [f32::NAN; 3]);
        let of = |i: &Image| FlatField::from_card(i, Transfer::Linear);
        assert!(matches!(of(&white), Err(FlatError::Clipped(_))));
        assert_eq!(of(&black), Err(FlatError::Dark));
        assert_eq!(of(&nan), Err(FlatError::Dark));
        assert!(matches!(of(&stripes), Err(FlatError::NotEven(_))));
        assert_eq!(of(&Image::new(3, 2)), Err(FlatError::TooSmall));
    }

    #[test]
    fn a_flat_field_survives_its_file_and_gains_stay_bounded() {
        let steep = Image::from_fn(300, 200, |x, _| [0.9 * (-3.0 * x as f32 / 300.0).exp2(); 3]);
        let field = FlatField::from_card(&steep, Transfer::Linear).unwrap();
        assert!(field.gains.iter().flatten().all(|g| (0.5..=2.0).contains(g)));
        let text = field.to_toml().unwrap();
        assert_eq!(FlatField::parse(&text).unwrap(), field);
        assert!(FlatField::parse(&text.replace("columns = 64", "columns = 63")).is_err());
        assert!(matches!(
            FlatField::parse(&text.replace("version = 1", "version = 9")),
            Err(CalibrationError::Newer(9))
        ));
    }
}
