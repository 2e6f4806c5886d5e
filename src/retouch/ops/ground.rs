//! Ground: the backdrop replaced by a colour or a gradient, the real shadow kept on it.
//!
//! A pixel of the picture is a F + (1 - a) s B: the product F over the backdrop B in its shadow s,
//! mixed by the matte a. Taking away (1 - a) s B and adding (1 - a) s G puts the same product on the
//! new ground G without having to know F, so that no rim of the old backdrop is left. What remains of
//! the old backdrop where there is no product (its grain, its dust) is dropped.

use super::smoothstep;
use crate::imaging::colour::{SRGB_TO_REC2020, apply, srgb_decode};
use crate::imaging::{Plane, Rect};
use crate::retouch::controls::{Choice, choose};
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::point::LUMA;
use crate::retouch::region::{Matte, Region, filled_in};
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the new ground is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// The picture's own backdrop stays.
    #[default]
    Keep,
    /// One colour.
    Colour,
    /// The colour at the top, darker or lighter towards the bottom.
    Gradient,
    /// The colour around the product, darker or lighter towards the corners.
    Vignette,
}

impl Choice for Fill {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Keep, "keep"),
        (Self::Colour, "colour"),
        (Self::Gradient, "gradient"),
        (Self::Vignette, "vignette"),
    ];
}

/// Puts the product on another ground.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ground {
    /// What it is.
    pub fill: Fill,
    /// Red of the colour on the sRGB scale, 0 to 255.
    pub red: f32,
    /// Green.
    pub green: f32,
    /// Blue.
    pub blue: f32,
    /// How far the light falls (below 0) or rises across a gradient, stops, -3 to 3.
    pub fall: f32,
    /// How much of the real shadow stays, 0 to 1.
    pub shadow: f32,
}

impl Default for Ground {
    fn default() -> Self {
        Self { fill: Fill::Keep, red: 255.0, green: 255.0, blue: 255.0, fall: -1.0, shadow: 1.0 }
    }
}

impl Ground {
    /// The linear colour at a place, 0 to 1 across and down.
    fn light(&self, u: f32, v: f32) -> [f32; 3] {
        let base = [self.red, self.green, self.blue].map(|v| srgb_decode(v / 255.0));
        let stops = match self.fill {
            Fill::Keep | Fill::Colour => 0.0,
            Fill::Gradient => self.fall * smoothstep(0.0, 1.0, v),
            Fill::Vignette => self.fall * smoothstep(0.15, 0.75, (u - 0.5).hypot(v - 0.5)),
        };
        apply(&SRGB_TO_REC2020, base.map(|v| (v * stops.exp2()).min(1.0)))
    }
}

impl Operation for Ground {
    const ID: &'static str = "ground";
    const LABEL: &'static str = "New ground";
    const HELP: &'static str = "Replaces the backdrop by a colour or a gradient.";

    fn controls(&mut self, c: &mut dyn Controls) {
        choose(c, "fill", "Fill", &mut self.fill, "What lies behind the product.");
        c.slider("red", "Red", &mut self.red, 0.0..=255.0, "", "Of the colour, sRGB.");
        c.slider("green", "Green", &mut self.green, 0.0..=255.0, "", "Of the colour, sRGB.");
        c.slider("blue", "Blue", &mut self.blue, 0.0..=255.0, "", "Of the colour, sRGB.");
        let help = "How the light falls or rises over a gradient.";
        c.slider("fall", "Falloff", &mut self.fall, -3.0..=3.0, "EV", help);
        let help = "How much of the real shadow lies on the new ground.";
        c.slider("shadow", "Shadow", &mut self.shadow, 0.0..=1.0, "", help);
    }

    fn is_neutral(&self) -> bool {
        self.fill == Fill::Keep
    }

    fn summary(&self) -> String {
        let fill = Fill::ALL.iter().find(|f| f.0 == self.fill).map_or("", |f| f.1);
        let [r, g, b] = [self.red, self.green, self.blue].map(|v| (v + 0.5) as u8);
        format!("{fill} #{r:02x}{g:02x}{b:02x}, shadow {:.0} %", self.shadow * 100.0)
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let matte = view.proxy.matte();
        let subject = view.proxy.subject().clone();
        if subject.plane().data.iter().all(|v| *v < 0.5) {
            return None;
        }
        let surface = view
            .proxy
            .backdrop()
            .is_some()
            .then(|| crate::retouch::backdrop::fit(view.tile(), &subject));
        let tile = view.tile();
        let (w, h) = (tile.rect.w, tile.rect.h);
        let place =
            |i: usize| (((i % w) as f32 + 0.5) / w as f32, ((i / w) as f32 + 0.5) / h as f32);
        // Beyond the soft rim of the product, where the backdrop is seen alone; and in the rim what has
        // the backdrop's colour. The shadow is deepest there: what is a little farther away says too
        // little of it, and a light seam would run between product and shadow.
        let rim = subject.grown(1);
        let alone = |i: usize| {
            let in_shadow = || {
                let Some(surface) = &surface else { return false };
                let (u, v) = place(i);
                let (p, light) = (tile.at(i), surface.light(u, v));
                let ratio: [f32; 3] = std::array::from_fn(|c| p[c] / light[c].max(1e-4));
                let least = ratio.into_iter().fold(f32::MAX, f32::min);
                let most = ratio.into_iter().fold(0.0, f32::max);
                most < 1.02 && least > SHADE * most
            };
            subject.plane().data[i] <= 0.0 && (rim.plane().data[i] <= 0.0 || in_shadow())
        };
        let seen: Vec<f32> = (0..w * h).map(|i| f32::from(u8::from(alone(i)))).collect();
        let old = [0, 1, 2].map(|c| filled_in(&tile.planes[c], &seen, w, h));
        let shade = |i: usize| {
            let Some(surface) = &surface else { return 1.0 };
            let (u, v) = place(i);
            let dot = |p: [f32; 3]| p.iter().zip(LUMA).map(|(v, l)| v * l).sum::<f32>();
            let now = dot([old[0][i], old[1][i], old[2][i]]);
            (now / dot(surface.light(u, v)).max(1e-4)).clamp(0.02, 1.0).powf(self.shadow)
        };
        let mut new = [(); 3].map(|()| vec![0.0_f32; w * h]);
        for i in 0..w * h {
            let ((u, v), s) = (place(i), shade(i));
            let light = self.light(u, v);
            // A deviation in the backdrop's grain is not shadow.
            let s = if s > 0.985 { 1.0 } else { s };
            (0..3).for_each(|c| new[c][i] = light[c] * s);
        }
        let region = |data: Vec<f32>| Region::new(Plane { w, h, data });
        Some(Planned::Area(Arc::new(Swap { matte, old: old.map(region), new: new.map(region) })))
    }
}

/// Least ratio between the channels, each against the backdrop's, of what can be its shadow.
const SHADE: f32 = 0.88;

#[derive(Debug)]
struct Swap {
    matte: Matte,
    /// The old backdrop in its shadow, without the product.
    old: [Region; 3],
    /// The new one in the same shadow.
    new: [Region; 3],
}

impl Stage for Swap {
    fn touches(&self, _: &Frame, _: Rect) -> bool {
        true
    }

    fn render(&self, tile: &mut Tile) {
        let w = tile.rect.w;
        let (mut matte, mut old, mut new) = (vec![0.0; w], vec![0.0; w], vec![0.0; w]);
        for y in 0..tile.rect.h {
            let row = tile.rect.y + y;
            self.matte.row(&tile.frame, tile.rect.x, row, &mut matte);
            for c in 0..3 {
                self.old[c].row(&tile.frame, tile.rect.x, row, &mut old);
                self.new[c].row(&tile.frame, tile.rect.x, row, &mut new);
                let pixels = tile.planes[c][y * w..(y + 1) * w].iter_mut();
                for (((p, a), old), new) in pixels.zip(&matte).zip(&old).zip(&new) {
                    let behind = 1.0 - a;
                    let product = (*p - behind * old) * smoothstep(0.02, 0.2, *a);
                    let whole = product + behind * new;
                    *p = if *a >= 1.0 {
                        *p
                    } else if whole > 0.0 {
                        whole
                    } else {
                        0.0
                    };
                }
            }
        }
    }
}
