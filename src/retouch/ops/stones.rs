//! Stones: what the lens blurred is undone inside the stones, and their facets are set apart.
//!
//! Richardson-Lucy deconvolution of linear luminance with a Gaussian blur (Richardson 1972, Lucy
//! 1974), ten rounds, kept within the range of the 5x5 neighbours plus a hundredth of it; then local
//! contrast against a broad mean. Nothing outside the regions changes.

use super::sharpen::blur;
use super::{Ellipse, smoothstep, tame_ellipses};
use crate::imaging::{Plane, Rect};
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::region::Region;
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Makes stones crisp.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stones {
    /// How much of the blur is undone, 0 to 1.
    pub clarity: f32,
    /// Width of the blur, standard deviation in pixels of the original, .4 to 3.
    pub radius: f32,
    /// How far facets are set apart, 0 to 1.
    pub facets: f32,
    /// Where the stones are; without any, the whole subject.
    pub stones: Vec<Ellipse>,
}

impl Default for Stones {
    fn default() -> Self {
        Self { clarity: 0.0, radius: 0.8, facets: 0.0, stones: Vec::new() }
    }
}

impl Operation for Stones {
    const ID: &'static str = "stones";
    const LABEL: &'static str = "Stones";
    const HELP: &'static str = "Makes stones crisp and sets their facets apart.";

    fn controls(&mut self, c: &mut dyn Controls) {
        let help = "How much of the lens's blur is undone.";
        c.slider("clarity", "Clarity", &mut self.clarity, 0.0..=1.0, "", help);
        c.slider("radius", "Radius", &mut self.radius, 0.4..=3.0, "px", "Width of that blur.");
        let help = "Contrast between neighbouring facets.";
        c.slider("facets", "Facets", &mut self.facets, 0.0..=1.0, "", help);
    }

    fn is_neutral(&self) -> bool {
        self.clarity == 0.0 && self.facets == 0.0
    }

    fn summary(&self) -> String {
        let place = match self.stones.len() {
            0 => "on the subject".to_owned(),
            n => format!("in {n} stones"),
        };
        format!(
            "clarity {:.2} at {:.1} px, facets {:.2}, {place}",
            self.clarity, self.radius, self.facets
        )
    }

    fn tame(&mut self) {
        tame_ellipses(&mut self.stones);
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let noise = view.proxy.noise();
        let subject = view.proxy.subject().clone();
        let rect = view.tile().rect;
        let region = if self.stones.is_empty() {
            subject
        } else {
            Region::new(covered(&self.stones, (rect.w, rect.h), 0.8))
        };
        let base = broad(view.tile());
        let stage = Crisp {
            clarity: self.clarity,
            radius: self.radius,
            facets: self.facets,
            noise,
            region,
            base,
        };
        Some(Planned::Area(Arc::new(stage)))
    }
}

/// Ellipses on a picture of a size, with a soft rim from `inner` (part of the radius) on.
pub(super) fn covered(ellipses: &[Ellipse], (w, h): (usize, usize), inner: f32) -> Plane {
    Plane::from_fn(w, h, |x, y| {
        let (u, v) = ((x as f32 + 0.5) / w as f32, (y as f32 + 0.5) / h as f32);
        let inside = |s: &Ellipse| {
            let d =
                ((u - s.at[0]) / s.half[0].max(1e-6)).hypot((v - s.at[1]) / s.half[1].max(1e-6));
            1.0 - smoothstep(inner, 1.0, d)
        };
        ellipses.iter().map(inside).fold(0.0, f32::max)
    })
}

/// Square root of luminance over about a hundredth of the picture: what local contrast leaves.
pub(super) fn broad(tile: &Tile) -> Region {
    let plane = Plane { w: tile.rect.w, h: tile.rect.h, data: tile.roots() };
    let by = (plane.w.max(plane.h) / 120).max(1);
    Region::new(plane).softened(by)
}

#[derive(Debug)]
struct Crisp {
    clarity: f32,
    radius: f32,
    facets: f32,
    noise: f32,
    region: Region,
    base: Region,
}

/// Rounds of the deconvolution.
const ROUNDS: usize = 10;

impl Stage for Crisp {
    fn margin(&self, frame: &Frame) -> usize {
        (self.radius * frame.scale * 8.0).ceil() as usize + 4
    }

    fn touches(&self, frame: &Frame, part: Rect) -> bool {
        self.region.touches(frame, part)
    }

    fn render(&self, tile: &mut Tile) {
        let (w, h) = (tile.rect.w, tile.rect.h);
        let light = Plane { w, h, data: tile.luminance() };
        let sigma = self.radius * tile.frame.scale;
        let sharp = if self.clarity > 0.0 && sigma > 0.3 {
            deconvolved(&light, sigma, ROUNDS)
        } else {
            light.clone()
        };
        let (mut cover, mut base) = (vec![0.0; w], vec![0.0; w]);
        let (mut region, mut bases) = (self.region.over(tile), self.base.over(tile));
        for y in 0..h {
            region.row(tile.rect.y + y, &mut cover);
            bases.row(tile.rect.y + y, &mut base);
            for x in (0..w).filter(|x| cover[*x] > 0.0) {
                let i = y * w + x;
                let here = light.data[i].max(0.0);
                let new = self.light(&light, &sharp, x, y, base[x]);
                let ratio = (new.max(0.0) + 1e-4) / (here + 1e-4);
                let ratio = 1.0 + (ratio - 1.0) * cover[x];
                tile.planes.iter_mut().for_each(|p| p[i] *= ratio);
            }
        }
    }
}

impl Crisp {
    /// The new luminance of a pixel.
    fn light(&self, light: &Plane, sharp: &Plane, x: usize, y: usize, base: f32) -> f32 {
        let here = light.at(x, y).max(0.0);
        let detail = sharp.at(x, y) - here;
        // Noise in linear light, from its size on the sRGB scale.
        let noise = 2.0 * self.noise * here.sqrt() + 1e-5;
        let kept = detail * detail / (detail * detail + noise * noise);
        let (low, high) = range5(light, x, y);
        let slack = 0.01 * (high - low);
        let crisp = (here + self.clarity * detail * kept).clamp(low - slack, high + slack).max(0.0);
        let root = crisp.sqrt();
        // Ends stay: contrast must not clip what was not.
        let room = (4.0 * root * (1.0 - root)).clamp(0.0, 1.0);
        (root + 0.5 * self.facets * (root - base) * room).max(0.0).powi(2)
    }
}

/// Least and greatest of the 5x5 around a pixel.
fn range5(plane: &Plane, x: usize, y: usize) -> (f32, f32) {
    let (x0, x1) = (x.saturating_sub(2), (x + 2).min(plane.w - 1));
    let (mut low, mut high) = (f32::MAX, f32::MIN);
    for j in y.saturating_sub(2)..=(y + 2).min(plane.h - 1) {
        for &v in &plane.data[j * plane.w + x0..=j * plane.w + x1] {
            low = low.min(v);
            high = high.max(v);
        }
    }
    (low, high)
}

/// Richardson-Lucy with a Gaussian of the given deviation.
fn deconvolved(seen: &Plane, sigma: f32, rounds: usize) -> Plane {
    // A floor keeps ratios calm in black.
    let floor = 1e-3;
    let data: Vec<f32> = seen.data.iter().map(|v| v.max(0.0) + floor).collect();
    let seen = Plane { w: seen.w, h: seen.h, data };
    let mut guess = seen.clone();
    for _ in 0..rounds {
        let mut ratio = blur(&guess, sigma);
        ratio.data.iter_mut().zip(&seen.data).for_each(|(b, s)| *b = s / b.max(1e-6));
        let correction = blur(&ratio, sigma);
        guess.data.iter_mut().zip(&correction.data).for_each(|(g, c)| *g *= c);
    }
    guess.data.iter_mut().for_each(|v| *v -= floor);
    guess
}
