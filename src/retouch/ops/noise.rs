//! Noise: grain of luminance and of colour taken down, edges kept.
//!
//! Two levels (luminance) and three (colour) of an undecimated wavelet with the B3 spline (Starck,
//! Murtagh 2006), on the square root of light, where shot noise is even. Each coefficient d is kept
//! as d^3 / (d^2 + t^2), with t from the noise that was measured on the picture.

use crate::imaging::Rect;
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Takes noise down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Noise {
    /// Grain of light, 0 to 1.
    pub luminance: f32,
    /// Grain of colour, 0 to 1.
    pub colour: f32,
}

impl Operation for Noise {
    const ID: &'static str = "noise";
    const LABEL: &'static str = "Noise";
    const HELP: &'static str = "Takes grain down as far as it was measured on the picture.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("luminance", "Luminance", &mut self.luminance, 0.0..=1.0, "", "Grain of light.");
        c.slider("colour", "Colour", &mut self.colour, 0.0..=1.0, "", "Grain of colour.");
    }

    fn is_neutral(&self) -> bool {
        self.luminance == 0.0 && self.colour == 0.0
    }

    fn summary(&self) -> String {
        format!("luminance {:.2}, colour {:.2}", self.luminance, self.colour)
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let noise = view.proxy.noise().max(1e-3);
        let stage =
            Denoise { luminance: 3.0 * noise * self.luminance, colour: 8.0 * noise * self.colour };
        Some(Planned::Area(Arc::new(stage)))
    }
}

#[derive(Debug)]
struct Denoise {
    luminance: f32,
    colour: f32,
}

/// What white noise of deviation 1 leaves in each level of the wavelet.
const LEVELS: [f32; 3] = [0.89, 0.20, 0.086];

impl Stage for Denoise {
    fn margin(&self, _: &Frame) -> usize {
        2 + 4 + 8
    }

    fn touches(&self, frame: &Frame, _: Rect) -> bool {
        // A reduced picture has averaged its noise away.
        frame.scale > 0.4
    }

    fn render(&self, tile: &mut Tile) {
        let (w, h) = (tile.rect.w, tile.rect.h);
        let scale = tile.frame.scale.min(1.0);
        let [mut light, mut across, mut green] = opponents(tile);
        shrink(&mut light, w, h, self.luminance * scale, 2);
        shrink(&mut across, w, h, self.colour * scale, 3);
        shrink(&mut green, w, h, self.colour * scale, 3);
        let [r, g, b] = &mut tile.planes;
        for i in 0..w * h {
            let (y, co, cg) = (light[i], across[i], green[i]);
            (r[i], g[i], b[i]) = (
                squared(y - 0.5 * cg + 0.5 * co),
                squared(y + 0.5 * cg),
                squared(y - 0.5 * cg - 0.5 * co),
            );
        }
    }
}

fn root(v: f32) -> f32 {
    v.abs().sqrt().copysign(v)
}

fn squared(v: f32) -> f32 {
    v * v.abs()
}

/// Light (r + 2 g + b)/4, r - b, and g - (r + b)/2 of the square roots.
fn opponents(tile: &Tile) -> [Vec<f32>; 3] {
    let mut out = [(); 3].map(|()| Vec::with_capacity(tile.rect.area()));
    for i in 0..tile.rect.area() {
        let [r, g, b] = tile.at(i).map(root);
        out[0].push(0.25 * (r + b) + 0.5 * g);
        out[1].push(r - b);
        out[2].push(g - 0.5 * (r + b));
    }
    out
}

/// Shrinks the wavelet coefficients of a plane.
fn shrink(plane: &mut Vec<f32>, w: usize, h: usize, threshold: f32, levels: usize) {
    if threshold <= 0.0 {
        return;
    }
    let mut coarse = plane.clone();
    let mut kept = vec![0.0; plane.len()];
    for (level, usual) in LEVELS.iter().enumerate().take(levels) {
        let smooth = spline(&coarse, w, h, 1 << level);
        let t2 = (threshold * usual).powi(2) + 1e-12;
        for (k, (a, b)) in kept.iter_mut().zip(coarse.iter().zip(&smooth)) {
            let d = a - b;
            *k += d * d * d / (d * d + t2);
        }
        coarse = smooth;
    }
    *plane = coarse.iter().zip(&kept).map(|(a, b)| a + b).collect();
}

/// The B3 spline 1 4 6 4 1 over 16 with holes of `gap`, along rows and columns; the border goes on.
fn spline(v: &[f32], w: usize, h: usize, gap: usize) -> Vec<f32> {
    let mix = |a: f32, b: f32, c: f32, d: f32, e: f32| (a + e + 4.0 * (b + d) + 6.0 * c) / 16.0;
    let mut across = Vec::with_capacity(v.len());
    for row in v.chunks_exact(w) {
        across.extend((0..w).map(|x| {
            let (l, r) = (x.saturating_sub(gap), (x + gap).min(w - 1));
            mix(
                row[x.saturating_sub(2 * gap)],
                row[l],
                row[x],
                row[r],
                row[(x + 2 * gap).min(w - 1)],
            )
        }));
    }
    let mut out = Vec::with_capacity(v.len());
    for y in 0..h {
        let row = |j: usize| &across[j * w..][..w];
        let rows = [y.saturating_sub(2 * gap), y.saturating_sub(gap), y, y + gap, y + 2 * gap]
            .map(|j| row(j.min(h - 1)));
        out.extend((0..w).map(|x| mix(rows[0][x], rows[1][x], rows[2][x], rows[3][x], rows[4][x])));
    }
    out
}
