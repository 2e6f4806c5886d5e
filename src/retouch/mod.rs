//! The edit: planned on the picture, rendered without touching the original.
//!
//! A [`Recipe`] is the whole edit and lives in a readable sidecar; applying it again gives the same
//! picture. Point operations are fused into one table a channel; sharpening works on rows.

use crate::imaging::{Rgb8, colour};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The sidecar format that this version writes.
pub const VERSION: u32 = 1;

/// The non-destructive edit of one capture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    /// Sidecar format; readers refuse a newer one.
    pub version: u32,
    /// Gain in stops on linear light, -4 to 4.
    pub exposure_ev: f32,
    /// Gains of red, green and blue on linear light, .25 to 4; neutral is 1, 1, 1.
    pub white_balance: [f32; 3],
    /// Bends the tone curve around middle grey, -1 to 1; neutral is 0.
    pub contrast: f32,
    /// Adds back fine luminance detail, 0 to 2; neutral is 0.
    pub sharpening: f32,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            version: VERSION,
            exposure_ev: 0.0,
            white_balance: [1.0; 3],
            contrast: 0.0,
            sharpening: 0.0,
        }
    }
}

/// Why a sidecar was not used.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// A later Culet wrote it.
    #[error("the recipe is of version {0}; this Culet reads up to {VERSION}: update Culet")]
    Newer(u32),
    /// It cannot be read.
    #[error("the recipe cannot be read ({0}); correct it or delete it to start afresh")]
    Damaged(#[from] toml::de::Error),
}

impl Recipe {
    /// Reads a sidecar; values out of range are pulled back into it.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        let mut recipe: Self = toml::from_str(text)?;
        if recipe.version > VERSION {
            return Err(RecipeError::Newer(recipe.version));
        }
        let pull = |v: f32, low: f32, high: f32, neutral: f32| {
            if v.is_finite() { v.clamp(low, high) } else { neutral }
        };
        recipe.exposure_ev = pull(recipe.exposure_ev, -4.0, 4.0, 0.0);
        recipe.white_balance = recipe.white_balance.map(|g| pull(g, 0.25, 4.0, 1.0));
        recipe.contrast = pull(recipe.contrast, -1.0, 1.0, 0.0);
        recipe.sharpening = pull(recipe.sharpening, 0.0, 2.0, 0.0);
        Ok(recipe)
    }

    /// A finish for a piece on a light backdrop: the backdrop's median becomes neutral and light.
    pub fn automatic(picture: &Rgb8) -> Self {
        let table = colour::srgb_decode_table();
        let (w, h) = (picture.w, picture.h);
        let edge = (w.min(h) / 12).max(1);
        let mut channels: [Vec<f32>; 3] = Default::default();
        for y in (0..h).step_by(3) {
            for x in (0..w).step_by(3) {
                if x < edge || y < edge || x + edge >= w || y + edge >= h {
                    let p = picture.at(x, y);
                    (0..3).for_each(|c| channels[c].push(table[p[c] as usize]));
                }
            }
        }
        let backdrop = channels.map(|mut v| {
            let middle = v.len() / 2;
            if v.is_empty() { 0.5 } else { *v.select_nth_unstable_by(middle, f32::total_cmp).1 }
        });
        let luminance = colour::luminance(backdrop);
        // A dark backdrop was meant dark: only a light one says where white is.
        if luminance < 0.2 {
            return Self { sharpening: 0.6, contrast: 0.1, ..Self::default() };
        }
        let gains = backdrop.map(|b| (luminance / b.max(1e-3)).clamp(0.7, 1.4));
        Self {
            exposure_ev: (0.8 / luminance).log2().clamp(-1.5, 1.5),
            white_balance: gains,
            contrast: 0.15,
            sharpening: 0.6,
            version: VERSION,
        }
    }

    /// What the edit does, step by step, for people and for the report.
    pub fn summary(&self) -> Vec<(&'static str, String)> {
        let mut steps = Vec::new();
        if self.exposure_ev != 0.0 {
            steps.push(("exposure", format!("{:+.2} EV", self.exposure_ev)));
        }
        if self.white_balance != [1.0; 3] {
            let [r, g, b] = self.white_balance;
            steps.push(("white_balance", format!("gains {r:.3} {g:.3} {b:.3}")));
        }
        if self.contrast != 0.0 {
            steps.push(("contrast", format!("{:+.2}", self.contrast)));
        }
        if self.sharpening != 0.0 {
            steps.push(("sharpening", format!("{:.2}", self.sharpening)));
        }
        steps
    }

    /// Applies the edit to a copy; a neutral recipe gives the same bytes.
    pub fn render(&self, picture: &Rgb8) -> Rgb8 {
        let tables: Vec<[u8; 256]> = self.white_balance.iter().map(|g| self.table(*g)).collect();
        let mut out = picture.clone();
        out.data.par_chunks_exact_mut(3).with_min_len(1 << 14).for_each(|p| {
            (0..3).for_each(|c| p[c] = tables[c][p[c] as usize]);
        });
        if self.sharpening > 0.0 { sharpen(&out, self.sharpening) } else { out }
    }

    fn table(&self, gain: f32) -> [u8; 256] {
        let gain = gain * self.exposure_ev.exp2();
        std::array::from_fn(|i| {
            let decoded = colour::srgb_decode(i as f32 / 255.0) * gain;
            // Above .8 highlights roll off towards white instead of clipping at once.
            let light = if gain > 1.0 && decoded > 0.8 {
                0.8 + 0.2 * (1.0 - (-(decoded - 0.8) / 0.2).exp())
            } else {
                decoded
            };
            let tone = colour::srgb_encode(light).clamp(0.0, 1.0);
            let bend = self.contrast * tone * (1.0 - tone) * (tone - 0.5) * 2.0;
            ((tone + bend).clamp(0.0, 1.0) * 255.0 + 0.5) as u8
        })
    }
}

/// Unsharp masking of luma over 3x3, kept within the neighbours' range so that no halo is drawn.
fn sharpen(picture: &Rgb8, amount: f32) -> Rgb8 {
    let (w, h) = (picture.w, picture.h);
    let luma = |i: usize| {
        let p = &picture.data[i * 3..i * 3 + 3];
        (54 * i32::from(p[0]) + 183 * i32::from(p[1]) + 19 * i32::from(p[2])) >> 8
    };
    let mut out = picture.clone();
    out.data.par_chunks_exact_mut(w.max(1) * 3).enumerate().for_each(|(y, row)| {
        if y == 0 || y + 1 >= h {
            return;
        }
        for x in 1..w.saturating_sub(1) {
            let i = y * w + x;
            let (mut sum, mut low, mut high) = (0, 255, 0);
            for j in [i - w - 1, i - w, i - w + 1, i - 1, i, i + 1, i + w - 1, i + w, i + w + 1] {
                let v = luma(j);
                sum += v;
                low = low.min(v);
                high = high.max(v);
            }
            let here = luma(i);
            // Differences of a level or two are noise, not detail.
            let detail = here * 9 - sum;
            if detail.abs() < 18 {
                continue;
            }
            let wanted = here + (amount * detail as f32 / 9.0).round() as i32;
            let change = wanted.clamp(low - 6, high + 6) - here;
            for v in &mut row[x * 3..x * 3 + 3] {
                *v = (i32::from(*v) + change).clamp(0, 255) as u8;
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Rgb8 {
        Rgb8::from_fn(40, 30, |x, y| [(x * 6) as u8, (y * 8) as u8, ((x * y) % 251) as u8])
    }

    #[test]
    fn neutral_changes_nothing() {
        assert!(Recipe::default().render(&picture()) == picture());
    }

    #[test]
    fn a_stop_doubles_linear_light() {
        let recipe = Recipe { exposure_ev: 1.0, ..Recipe::default() };
        let before = Rgb8::from_fn(1, 1, |_, _| [100; 3]);
        let after = recipe.render(&before).at(0, 0)[0];
        let table = colour::srgb_decode_table();
        let ratio = table[after as usize] / table[100];
        assert!((ratio - 2.0).abs() < 0.03, "{ratio}");
    }

    #[test]
    fn a_sidecar_survives_is_pulled_into_range_and_a_newer_one_is_refused() {
        let recipe = Recipe { contrast: 0.25, ..Recipe::default() };
        let text = toml::to_string(&recipe).unwrap();
        assert_eq!(Recipe::parse(&text).unwrap(), recipe);
        let wild = Recipe::parse("version = 1\nexposure_ev = 99.0\nsharpening = nan").unwrap();
        assert_eq!((wild.exposure_ev, wild.sharpening), (4.0, 0.0));
        assert!(matches!(Recipe::parse("version = 2"), Err(RecipeError::Newer(2))));
        assert!(Recipe::parse("version = \"x").is_err());
    }

    #[test]
    fn the_automatic_finish_makes_a_grey_backdrop_neutral_and_light() {
        let warm = Rgb8::from_fn(60, 40, |_, _| [170, 160, 140]);
        let p = Recipe::automatic(&warm).render(&warm).at(0, 0);
        assert!(p.iter().max().unwrap() - p.iter().min().unwrap() <= 3, "{p:?}");
        assert!(p[1] > 215, "{p:?}");
    }
}
