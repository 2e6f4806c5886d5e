//! Backdrop: light evened out, paper brought to pure white, shadow kept, softened or taken away.
//!
//! Evening divides the whole picture, subject included, by the smooth surface that was fitted to the
//! backdrop, as a flat field would: there is no edge at which it could go wrong. Whitening acts
//! outside the subject on the ratio of a pixel to that surface: what is as light as the paper becomes
//! exactly white, and what is darker (a shadow, the soft edge of the product) keeps its ratio. Whether a
//! place is paper is told by the mean around it, since in a single pixel grain and the soft end of a
//! shadow look alike; a pixel that no grain makes so dark stays whatever lies around it.

use super::smoothstep;
use crate::imaging::Rect;
use crate::imaging::lanes::{wide, wide_fn};
use crate::retouch::backdrop::{self, Backdrop as Surface};
use crate::retouch::field::Field;
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::point::Bounds;
use crate::retouch::region::{Matte, Region};
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Cleans a plain backdrop. Does nothing where there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Backdrop {
    /// How far falling light is evened out, 0 to 1.
    pub even: f32,
    /// How far a light backdrop is brought to pure white, 0 to 1.
    pub white: f32,
    /// How much of the shadow stays, 0 to 1.
    pub shadow: f32,
}

impl Default for Backdrop {
    fn default() -> Self {
        Self { even: 0.0, white: 0.0, shadow: 1.0 }
    }
}

impl Operation for Backdrop {
    const ID: &'static str = "backdrop";
    const LABEL: &'static str = "Backdrop";
    const HELP: &'static str = "Evens the backdrop out, makes it white and minds the shadow.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("even", "Even out", &mut self.even, 0.0..=1.0, "", "Takes falling light away.");
        let help = "Brings a light backdrop to pure white; the product is left alone.";
        c.slider("white", "Pure white", &mut self.white, 0.0..=1.0, "", help);
        let help = "1 keeps the shadow, 0 takes it away.";
        c.slider("shadow", "Shadow", &mut self.shadow, 0.0..=1.0, "", help);
    }

    fn is_neutral(&self) -> bool {
        self.even == 0.0 && self.white == 0.0 && self.shadow == 1.0
    }

    fn summary(&self) -> String {
        let part = |name: &str, v: f32| (v > 0.0).then(|| format!("{name} {:.0} %", v * 100.0));
        let shadow = (self.shadow < 1.0).then(|| format!("shadow {:.0} %", self.shadow * 100.0));
        let parts = [part("evened", self.even), part("white", self.white), shadow];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        view.proxy.backdrop()?;
        let subject = view.proxy.subject().clone();
        let surface = backdrop::fit(view.tile(), &subject);
        // Only paper can become white; grey and black backdrops are evened out.
        let white = self.white * smoothstep(0.35, 0.5, surface.luminance());
        let evened = |u: f32, v: f32| {
            let here = surface.light(u, v);
            std::array::from_fn(|c| (surface.level[c] / here[c]).clamp(0.4, 2.5).powf(self.even))
        };
        let (noise, finished) = (view.proxy.noise(), view.proxy.is_finished());
        let sheet = surface.sheet(view.tile(), &subject, noise, finished);
        // An outline that was cut exactly, or painted, is taken at its word.
        let inside = match view.proxy.matte() {
            Matte::Coarse(_) => backdrop::without_facets(view.proxy.piece()),
            Matte::Fine(_) => subject,
        };
        let light = Field::new(|u, v| paper(&surface, self.even, u, v));
        let stage = Clean {
            sheet,
            gain: Field::new(evened),
            flat: light.is_flat(),
            paper: light,
            deep: inside.shrunk(RIM).softened(RIM),
            inside: inside.shrunk(2).softened(2),
            white,
            shadow: self.shadow,
            plain: surface.plainness(noise, finished),
        };
        Some(Planned::Area(Arc::new(stage)))
    }
}

/// Half the width, in pixels of the reduced picture, over which the paper's gain fades in the subject.
const RIM: usize = 8;
/// Light, linear, from which on the subject gains less, and none at all: nothing burns out.
const SPARED: (f32, f32) = (0.6, 0.95);

/// The inverse of the backdrop's light after evening.
fn paper(surface: &Surface, even: f32, u: f32, v: f32) -> [f32; 3] {
    let here = surface.light(u, v);
    std::array::from_fn(|c| {
        let gain = (surface.level[c] / here[c]).clamp(0.4, 2.5).powf(even);
        1.0 / (here[c] * gain).max(1e-3)
    })
}

#[derive(Debug)]
struct Clean {
    /// How surely a place is paper.
    sheet: Region,
    gain: Field,
    paper: Field,
    /// Whether `paper` is the same everywhere.
    flat: bool,
    /// Well inside the subject.
    inside: Region,
    /// Far inside: the light that the paper gains goes over into the subject softly, so that a shadow
    /// which the outline cuts through has no step there.
    deep: Region,
    white: f32,
    shadow: f32,
    plain: (f32, f32),
}

impl Stage for Clean {
    fn touches(&self, _: &Frame, _: Rect) -> bool {
        true
    }

    fn whitens(&self) -> bool {
        self.white >= 1.0
    }

    fn bounds(&self, frame: &Frame, part: Rect, range: Bounds) -> Option<Bounds> {
        let (gain, paper) = (self.gain.least(frame, part), self.paper.least(frame, part));
        let plain = (0..3).all(|c| range.low[c] * gain[c] * paper[c] >= self.plain.1);
        let alone = !self.inside.touches(frame, part) && self.sheet.covers(frame, part);
        let white = self.white >= 1.0 && plain && alone;
        white.then_some(Bounds::WHITE)
    }

    fn render(&self, tile: &mut Tile) {
        let w = tile.rect.w;
        let mut gain = [(); 3].map(|()| vec![1.0; w]);
        let mut paper = gain.clone();
        let mut inside = vec![0.0; w];
        let mut sheet = vec![1.0; w];
        let mut deep = vec![0.0; w];
        let whole = self.sheet.covers(&tile.frame, tile.rect);
        let outside = self.white > 0.0 || self.shadow < 1.0;
        let protects = self.inside.touches(&tile.frame, tile.rect);
        let mut product = protects.then(|| [&self.inside, &self.deep].map(|r| r.over(tile)));
        let mut sheets = (!whole).then(|| self.sheet.over(tile));
        if self.flat {
            self.paper.row(&tile.frame, tile.rect.x, tile.rect.y, &mut paper);
        }
        for y in 0..tile.rect.h {
            let row = tile.rect.y + y;
            self.gain.row(&tile.frame, tile.rect.x, row, &mut gain);
            let at = y * w;
            for (plane, gain) in tile.planes.iter_mut().zip(&gain) {
                let row = &mut plane[at..at + w];
                wide(|| row.iter_mut().zip(gain).for_each(|(v, g)| *v *= g));
            }
            if !outside {
                continue;
            }
            if !self.flat {
                self.paper.row(&tile.frame, tile.rect.x, row, &mut paper);
            }
            if let Some([insides, deeps]) = &mut product
                && insides.row(row, &mut inside) != Some(0.0)
            {
                deeps.row(row, &mut deep);
                self.lighten(tile, at, &paper, (&inside, &deep));
            }
            let plain = match &mut sheets {
                Some(sheets) => sheets.row(row, &mut sheet) == Some(1.0),
                None => true,
            };
            if !protects && plain && self.white >= 1.0 && self.whitened(tile, at, &paper) {
                continue;
            }
            if self.shadow >= 1.0 {
                self.clean_row(tile, at, &paper, (&inside, &sheet));
                continue;
            }
            for x in 0..w {
                let mix = 1.0 - inside[x];
                if mix > 0.0 {
                    let paper = [paper[0][x], paper[1][x], paper[2][x]];
                    let p = tile.at(at + x);
                    tile.put(at + x, self.cleaned(p, paper, (mix, sheet[x])));
                }
            }
        }
    }
}

impl Clean {
    /// The paper's gain in the rim of the subject. What is outside of it is left to whitening.
    fn lighten(
        &self,
        tile: &mut Tile,
        at: usize,
        paper: &[Vec<f32>; 3],
        (inside, deep): (&[f32], &[f32]),
    ) {
        for k in (0..inside.len()).filter(|k| inside[*k] > 0.0 && deep[*k] < 1.0) {
            let p = tile.at(at + k);
            let most = p[0].max(p[1]).max(p[2]);
            let spared = smoothstep(SPARED.0, SPARED.1, most);
            let part = self.white * inside[k] * (1.0 - deep[k]) * (1.0 - spared);
            let lighter = |c: usize| p[c] * (1.0 + (paper[c][k] - 1.0) * part);
            tile.put(at + k, [lighter(0), lighter(1), lighter(2)]);
        }
    }

    /// Makes a row white if all of it is paper; most rows are, and this is much quicker than pixel
    /// by pixel, with the same result.
    fn whitened(&self, tile: &mut Tile, at: usize, paper: &[Vec<f32>; 3]) -> bool {
        let w = paper[0].len();
        let rows = || tile.planes.iter().zip(paper).map(|(plane, p)| (&plane[at..at + w], p));
        if rows().any(|(row, paper)| least_product(row, paper) < self.plain.1) {
            return false;
        }
        tile.planes.iter_mut().for_each(|plane| plane[at..at + w].fill(1.0));
        true
    }

    /// [`Self::cleaned`] for a row whose shadow stays.
    fn clean_row(
        &self,
        tile: &mut Tile,
        at: usize,
        paper: &[Vec<f32>; 3],
        (inside, sheet): (&[f32], &[f32]),
    ) {
        let rows = tile.planes.each_mut().map(|plane| &mut plane[at..at + inside.len()]);
        clean_row(rows, paper.each_ref().map(Vec::as_slice), inside, sheet, self.plain, self.white);
    }

    /// One pixel outside the subject.
    #[inline]
    fn cleaned(&self, p: [f32; 3], paper: [f32; 3], (mix, sheet): (f32, f32)) -> [f32; 3] {
        let ratio = [p[0] * paper[0], p[1] * paper[1], p[2] * paper[2]];
        let least = ratio[0].min(ratio[1]).min(ratio[2]);
        let plain = smoothstep(self.plain.0, self.plain.1, least).min(sheet);
        if plain >= 1.0 && self.white >= 1.0 && mix >= 1.0 {
            return [1.0; 3];
        }
        // A shadow has the backdrop's colour: darker, but alike in all three ratios.
        let most = ratio[0].max(ratio[1]).max(ratio[2]);
        let grey = if self.shadow < 1.0 {
            1.0 - smoothstep(1.1, 1.3, most / least.max(1e-3))
        } else {
            0.0
        };
        let lift = if grey > 0.0 && least < 1.0 {
            least.max(1e-3).powf((self.shadow - 1.0) * grey)
        } else {
            1.0
        };
        let one = |p: f32, ratio: f32| {
            let kept = ratio * lift;
            // Exactly 1: a channel above it would pull the others below white on the way to sRGB.
            let whole = kept + (1.0 - kept) * plain;
            // Without whitening the shadow alone is lifted, in the backdrop's own light.
            let toned = p * lift;
            let new = toned + (whole - toned) * self.white;
            p + (new - p) * mix
        };
        [one(p[0], ratio[0]), one(p[1], ratio[1]), one(p[2], ratio[2])]
    }
}

wide_fn! {
    /// See [`Clean::clean_row`]: without a branch, which suits wide registers.
    fn clean_row(
        rows: [&mut [f32]; 3],
        paper: [&[f32]; 3],
        inside: &[f32],
        sheet: &[f32],
        plain: (f32, f32),
        white: f32,
    ) {
        let n = inside.len();
        let sheet = &sheet[..n];
        let [r, g, b] = rows.map(|row| &mut row[..n]);
        let [pr, pg, pb] = paper.map(|row| &row[..n]);
        let (low, scale) = (plain.0, 1.0 / (plain.1 - plain.0));
        for k in 0..n {
            let (x, y, z) = (r[k] * pr[k], g[k] * pg[k], b[k] * pb[k]);
            let least = if x < y { x } else { y };
            let least = if z < least { z } else { least };
            let t = (least - low) * scale;
            let t = if t > 0.0 { t } else { 0.0 };
            let t = if t < 1.0 { t } else { 1.0 };
            let (plain, mix) = (t * t * (3.0 - 2.0 * t), 1.0 - inside[k]);
            let plain = if plain < sheet[k] { plain } else { sheet[k] };
            let (own, white) = (1.0 - white * mix, white * mix);
            r[k] = r[k] * own + (x + (1.0 - x) * plain) * white;
            g[k] = g[k] * own + (y + (1.0 - y) * plain) * white;
            b[k] = b[k] * own + (z + (1.0 - z) * plain) * white;
        }
    }
}

wide_fn! {
    /// The least product of two rows.
    fn least_product(a: &[f32], b: &[f32]) -> f32 {
        let ((a, a_end), (b, b_end)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
        let mut least = [f32::MAX; 16];
        for (a, b) in a.iter().zip(b) {
            for k in 0..16 {
                let product = a[k] * b[k];
                least[k] = if product < least[k] { product } else { least[k] };
            }
        }
        let end = a_end.iter().zip(b_end).map(|(a, b)| a * b);
        least.into_iter().chain(end).fold(f32::MAX, |a, b| if b < a { b } else { a })
    }
}
