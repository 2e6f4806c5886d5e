//! Glare: hot spots calmed, glints kept.
//!
//! A blob of near-white on the subject that is larger than a glint is pressed under a soft shoulder,
//! and where all channels were clipped its colour is taken from the unclipped metal around it. Small
//! blobs are glints: they are what sells, and stay. Nothing outside the blobs changes.

use crate::imaging::{Plane, Rect};
use crate::retouch::backdrop::{components, median};
use crate::retouch::field::Field;
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::point::luminance;
use crate::retouch::proxy::Proxy;
use crate::retouch::region::Region;
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Calms hot spots on the subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Glare {
    /// How far they are pressed down, 0 to 1.
    pub strength: f32,
    /// Where a hot spot begins, luminance, linear, .5 to 1.
    pub threshold: f32,
    /// Blobs smaller than this are glints and stay: part of the subject's area in percent, 0 to 2.
    pub glint: f32,
}

impl Default for Glare {
    fn default() -> Self {
        Self { strength: 0.0, threshold: 0.88, glint: 0.15 }
    }
}

impl Operation for Glare {
    const ID: &'static str = "glare";
    const LABEL: &'static str = "Glare";
    const HELP: &'static str = "Calms hot spots on the product and leaves its sparkle.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("strength", "Strength", &mut self.strength, 0.0..=1.0, "", "How far down.");
        c.slider(
            "threshold",
            "From",
            &mut self.threshold,
            0.5..=1.0,
            "",
            "Where a hot spot begins.",
        );
        let help = "Smaller spots are sparkle and stay.";
        c.slider("glint", "Keep up to", &mut self.glint, 0.0..=2.0, "%", help);
    }

    fn is_neutral(&self) -> bool {
        self.strength == 0.0
    }

    fn summary(&self) -> String {
        format!("{:.0} % above {:.2}", self.strength * 100.0, self.threshold)
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let subject = view.proxy.subject().clone();
        let area: f32 = subject.plane().data.iter().sum();
        let paper = mirrored(view.proxy);
        let piece = view.proxy.piece().clone();
        let tile = view.tile();
        let (w, h) = (tile.rect.w, tile.rect.h);
        // Luminance, not the largest channel: bright gold is not glare, burnt-out gold is.
        let value = tile.luminance();
        let cover = &subject.plane().data;
        let lit = |i: usize| value[i] > self.threshold && piece.plane().data[i] > 0.5;
        let hot = |i: usize| lit(i) && paper.as_ref().is_none_or(|p| !p[i]);
        let glint = (area * self.glint * 0.01).max(2.0) as usize;
        // What covers a fifth of the product is its own brightness.
        let most = (area * 0.2) as usize;
        let blobs = components(w, h, &hot);
        let hot: Vec<_> = blobs.iter().filter(|b| b.len() > glint && b.len() < most).collect();
        if hot.is_empty() {
            return None;
        }
        let mut mask = Plane::new(w, h);
        let (cw, ch) = (w.div_ceil(COARSE), h.div_ceil(COARSE));
        let mut colour = [(); 3].map(|()| Plane { w: cw, h: ch, data: vec![1.0; cw * ch] });
        for blob in hot {
            let tint = surrounding(tile, blob, &value, cover, self.threshold);
            for i in blob {
                let (x, y) = (i % w, i / w);
                for j in y.saturating_sub(REACH)..=(y + REACH).min(h - 1) {
                    mask.data[j * w + x.saturating_sub(REACH)..j * w + (x + REACH + 1).min(w)]
                        .fill(1.0);
                }
                let (x, y) = (x / COARSE, y / COARSE);
                for j in y.saturating_sub(1)..=(y + 1).min(ch - 1) {
                    let row = j * cw + x.saturating_sub(1)..j * cw + (x + 2).min(cw);
                    (0..3).for_each(|c| colour[c].data[row.clone()].fill(tint[c]));
                }
            }
        }
        // Paper beside the metal is never pressed down.
        let inner = subject.shrunk(1);
        let mut mask = Region::new(mask).softened(2).plane().clone();
        mask.data.iter_mut().zip(&inner.plane().data).for_each(|(m, i)| *m *= i);
        let stage = Calm {
            strength: self.strength,
            threshold: self.threshold,
            mask: Region::new(mask),
            colour: colour.map(|c| Region::new(c).softened(1)),
        };
        Some(Planned::Area(Arc::new(stage)))
    }
}

/// Light over that of the paper from which on it is a lamp's, and no mirror image of the paper.
const OVER_PAPER: f32 = 1.04;

/// What is no lighter in the original than the paper at its place: the paper itself, seen through the
/// piece or in it. Nothing where there is no paper.
fn mirrored(proxy: &Proxy) -> Option<Vec<bool>> {
    let paper = proxy.paper()?;
    let light = Field::new(|u, v| [luminance(paper.light(u, v)) * OVER_PAPER, 0.0, 0.0]);
    let tile = proxy.tile();
    let mut row = [(); 3].map(|()| vec![0.0; tile.rect.w]);
    let own = tile.luminance();
    let mut out = Vec::with_capacity(own.len());
    for (y, own) in own.chunks_exact(tile.rect.w.max(1)).enumerate() {
        light.row(&tile.frame, tile.rect.x, tile.rect.y + y, &mut row);
        out.extend(own.iter().zip(&row[0]).map(|(own, paper)| own <= paper));
    }
    Some(out)
}

/// Pixels of the proxy across one of the tints: metal changes its colour slowly.
const COARSE: usize = 4;
/// Pixels of the proxy around a blob in which the pressing fades out.
const REACH: usize = 3;

/// Usual colour, scaled to a largest channel of 1, of the unclipped subject around a blob. Not the
/// mean: a white facet among grey ones must not take the hue of the gold that holds the stone.
fn surrounding(tile: &Tile, blob: &[usize], value: &[f32], cover: &[f32], limit: f32) -> [f32; 3] {
    let (w, h) = (tile.rect.w, tile.rect.h);
    let pixel = |i: &usize| Rect::new(i % w, i / w, 1, 1);
    let extent = blob.iter().fold(Rect::default(), |r, i| r.union(&pixel(i))).grown(6, w, h);
    // A few thousand pixels tell a colour.
    let step = (extent.area() / 20_000).max(1);
    let mut parts = [(); 3].map(|()| Vec::new());
    for y in extent.y..extent.bottom() {
        for i in (y * w + extent.x..y * w + extent.right()).step_by(step) {
            if cover[i] > 0.9 && value[i] < limit && value[i] > 0.25 * limit {
                let p = tile.at(i).map(|v| v.max(1e-4));
                let most = p[0].max(p[1]).max(p[2]);
                (0..3).for_each(|c| parts[c].push(p[c] / most));
            }
        }
    }
    let usual = parts.map(|mut p| median(&mut p).unwrap_or(1.0));
    let most = usual.iter().fold(0.0_f32, |a, &b| a.max(b));
    usual.map(|v| v / most)
}

#[derive(Debug)]
struct Calm {
    strength: f32,
    threshold: f32,
    mask: Region,
    colour: [Region; 3],
}

impl Stage for Calm {
    fn touches(&self, frame: &Frame, part: Rect) -> bool {
        self.mask.touches(frame, part)
    }

    fn render(&self, tile: &mut Tile) {
        let w = tile.rect.w;
        let mut cover = vec![0.0; w];
        let mut colour = [(); 3].map(|()| vec![1.0; w]);
        let (mut mask, mut tints) =
            (self.mask.over(tile), self.colour.each_ref().map(|c| c.over(tile)));
        for y in 0..tile.rect.h {
            let row = tile.rect.y + y;
            mask.row(row, &mut cover);
            if cover.iter().all(|c| *c <= 0.0) {
                continue;
            }
            for (tint, out) in tints.iter_mut().zip(&mut colour) {
                tint.row(row, out);
            }
            for x in (0..w).filter(|x| cover[*x] > 0.0) {
                let tint = [colour[0][x], colour[1][x], colour[2][x]];
                let i = y * w + x;
                tile.put(i, self.calmed(tile.at(i), tint, cover[x]));
            }
        }
    }
}

impl Calm {
    #[inline]
    fn calmed(&self, p: [f32; 3], tint: [f32; 3], cover: f32) -> [f32; 3] {
        let n = p[0].max(p[1]).max(p[2]);
        let knee = 0.8 * self.threshold;
        if n <= knee {
            return p;
        }
        // Above the knee differences are halved and more; full strength brings 1 to the knee + .07.
        let over = n - knee;
        let pressed = knee + over / (1.0 + 4.0 * over);
        let amount = self.strength * cover;
        let ratio = (n + (pressed - n) * amount) / n;
        // Towards the clip the colour is no longer the metal's: it is taken from around.
        let lost = ((n - self.threshold) / (1.0 - self.threshold).max(1e-3)).clamp(0.0, 1.0);
        let mix = 0.6 * lost * amount;
        std::array::from_fn(|c| ratio * (p[c] + (tint[c] * n - p[c]) * mix))
    }
}
