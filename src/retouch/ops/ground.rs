//! Ground: the backdrop replaced by a colour or a gradient, the real shadow kept on it.
//!
//! A pixel of the picture is a F + (1 - a) s B: the product F over the backdrop B in its shadow s,
//! mixed by the matte a. Taking away (1 - a) s B and adding (1 - a) s G puts the same product on the
//! new ground G without having to know F, so that no rim of the old backdrop is left. Where there is no
//! product each pixel's own shadow s is laid on G, and what is lighter than any shadow (grain) is not.

use super::smoothstep;
use crate::imaging::colour::{SRGB_TO_REC2020, apply, srgb_decode};
use crate::imaging::{Plane, Rect};
use crate::retouch::backdrop::{self, Backdrop};
use crate::retouch::controls::{Choice, choose};
use crate::retouch::field::Field;
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::point::luminance;
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
        let surface = view.proxy.backdrop().is_some().then(|| backdrop::fit(view.tile(), &subject));
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
        // How much darker than the backdrop's own light a place is says nothing where there is none.
        let told = |light: f32| smoothstep(DARK.0, DARK.1, light) * self.shadow;
        let shade = |i: usize| {
            let Some(surface) = &surface else { return 1.0 };
            let (u, v) = place(i);
            let light = luminance(surface.light(u, v));
            let now = luminance([old[0][i], old[1][i], old[2][i]]);
            (now / light.max(1e-4)).clamp(0.02, 1.0).powf(told(light))
        };
        let (mut shaded, mut bare) = (Vec::with_capacity(w * h), Vec::with_capacity(w * h));
        for i in 0..w * h {
            let ((u, v), s) = (place(i), shade(i));
            bare.push(self.light(u, v));
            // A deviation in the backdrop's grain is not shadow.
            shaded.push(if s > 0.985 { 1.0 } else { s });
        }
        let region = |data: Vec<f32>| Region::new(Plane { w, h, data });
        // What the backdrop step made white has no grain left.
        let whitened = surface.as_ref().is_some_and(Backdrop::is_white);
        let noise = if whitened { 0.0 } else { view.proxy.noise() };
        let finished = whitened || view.proxy.is_finished();
        let plain = surface.as_ref().map_or((0.0, 1.0), |s| s.plainness(noise, finished));
        let sheet = match &surface {
            Some(surface) => surface.sheet(view.tile(), &subject, noise, finished),
            None => region(vec![1.0; w * h]),
        };
        let paper = Field::new(|u, v| {
            let light = surface.as_ref().map_or(0.0, |s| luminance(s.light(u, v)));
            [1.0 / light.max(1e-4), told(light), 0.0]
        });
        let new = [0, 1, 2].map(|c| region(bare.iter().map(|p| p[c]).collect()));
        let (old, shade) = (old.map(region), region(shaded));
        Some(Planned::Area(Arc::new(Swap { matte, old, new, shade, paper, sheet, plain })))
    }
}

/// Light of a backdrop, linear, below which no shadow can be seen on it, and from which on all of one.
const DARK: (f32, f32) = (0.02, 0.08);

/// Least ratio between the channels, each against the backdrop's, of what can be its shadow.
const SHADE: f32 = 0.88;

#[derive(Debug)]
struct Swap {
    matte: Matte,
    /// The old backdrop in its shadow, without the product.
    old: [Region; 3],
    /// The new one.
    new: [Region; 3],
    /// The old one's shadow, continued under the product.
    shade: Region,
    /// One over the old backdrop's own luminance, and how much of a shadow on it is kept.
    paper: Field,
    /// As [`Backdrop::sheet`] and [`Backdrop::plainness`].
    sheet: Region,
    plain: (f32, f32),
}

impl Stage for Swap {
    fn touches(&self, _: &Frame, _: Rect) -> bool {
        true
    }

    fn render(&self, tile: &mut Tile) {
        let (frame, w) = (tile.frame, tile.rect.w);
        let mut matte = vec![0.0; w];
        let (mut shade, mut sheet) = (matte.clone(), matte.clone());
        let [mut old, mut new, mut paper] = [(); 3].map(|()| [(); 3].map(|()| vec![0.0; w]));
        let mut mattes = self.matte.over(tile);
        let [mut shades, mut sheets] = [&self.shade, &self.sheet].map(|r| r.over(tile));
        let [mut olds, mut news] =
            [&self.old, &self.new].map(|r| r.each_ref().map(|r| r.over(tile)));
        for y in 0..tile.rect.h {
            let (x, row) = (tile.rect.x, tile.rect.y + y);
            mattes.row(row, &mut matte);
            if matte.iter().all(|a| *a >= 1.0) {
                continue;
            }
            for c in 0..3 {
                olds[c].row(row, &mut old[c]);
                news[c].row(row, &mut new[c]);
            }
            shades.row(row, &mut shade);
            sheets.row(row, &mut sheet);
            self.paper.row(&frame, x, row, &mut paper);
            for k in (0..w).filter(|k| matte[*k] < 1.0) {
                let at = |planes: &[Vec<f32>; 3]| [0, 1, 2].map(|c| planes[c][k]);
                let p = tile.at(y * w + k);
                let own = self.own_shade(p, (paper[0][k], paper[1][k]), sheet[k]);
                let (old, new) = (at(&old), at(&new));
                tile.put(y * w + k, swapped(p, matte[k], (old, new), (own, shade[k])));
            }
        }
    }
}

impl Swap {
    /// The shadow that a pixel of the old backdrop shows itself: grain is none.
    #[inline]
    fn own_shade(&self, p: [f32; 3], (paper, told): (f32, f32), sheet: f32) -> f32 {
        if told <= 0.0 {
            return 1.0;
        }
        let shade = (luminance(p) * paper).clamp(0.02, 1.0);
        let plain = smoothstep(self.plain.0, self.plain.1, shade).min(sheet);
        let shade = shade + (1.0 - shade) * plain;
        if told < 1.0 { shade.powf(told) } else { shade }
    }
}

/// A pixel on the new ground, given the matte, the old backdrop and the new one, and the shadow: the
/// pixel's own, and the one that was continued under the product. Beside the product the own one
/// counts: the shadow is deepest where the two touch, and what is farther away would leave a light
/// seam there.
#[inline]
fn swapped(
    p: [f32; 3],
    matte: f32,
    (old, new): ([f32; 3], [f32; 3]),
    (own, continued): (f32, f32),
) -> [f32; 3] {
    let (behind, product) = (1.0 - matte, smoothstep(0.02, 0.2, matte));
    std::array::from_fn(|c| {
        let alone = new[c] * own;
        let mixed = p[c] + behind * (new[c] * continued - old[c]);
        let mixed = if mixed > 0.0 { mixed } else { 0.0 };
        alone + (mixed - alone) * product
    })
}

#[cfg(test)]
mod tests {
    use crate::imaging::{Mask, Picture, Rgb8};
    use crate::retouch::{Proxy, Recipe, plan};

    const SIDE: usize = 240;
    const RADIUS: f32 = 60.0;

    fn from_middle(x: usize, y: usize) -> f32 {
        (x as f32 - 120.0).hypot(y as f32 - 120.0)
    }

    /// A disc of metal on a ground of a light, whose shade at a distance from the disc's rim is given.
    fn disc(paper: f32, shade: impl Fn(usize, usize, f32) -> f32) -> Picture {
        Picture::from_srgb8(Rgb8::from_fn(SIDE, SIDE, |x, y| {
            let out = from_middle(x, y) - RADIUS;
            let cover = (0.5 - out).clamp(0.0, 1.0);
            let ground = paper * shade(x, y, out.max(0.0));
            [150.0, 110.0, 60.0].map(|metal: f32| (ground + (metal - ground) * cover + 0.5) as u8)
        }))
    }

    /// On a colour, with an outline that is `wide` pixels too far out.
    fn on(picture: &Picture, colour: [u8; 3], wide: f32) -> Rgb8 {
        let matte =
            |x, y| ((RADIUS + wide - from_middle(x, y) + 0.5).clamp(0.0, 1.0) * 255.0) as u8;
        let mask = Mask::from_fn(SIDE, SIDE, matte);
        let mut recipe = Recipe::default();
        recipe.set("ground.fill", "colour").unwrap();
        for (name, v) in ["red", "green", "blue"].iter().zip(colour) {
            recipe.set(&format!("ground.{name}"), &v.to_string()).unwrap();
        }
        let proxy = Proxy::new(picture, Some(&mask));
        plan(&recipe, &proxy).render(picture).to_srgb8().into_owned()
    }

    #[test]
    fn a_contact_shadow_meets_the_product_without_a_light_seam() {
        let picture = disc(235.0, |_, _, out| 1.0 - 0.7 * (-out / 8.0).exp());
        for (colour, wide) in
            [([255, 255, 255], 1.5), ([255, 255, 255], 0.0), ([225, 228, 232], 1.5)]
        {
            let done = on(&picture, colour, wide);
            let light = |out: f32| f32::from(done.at((120.0 + RADIUS + out) as usize, 120)[1]);
            for out in 2..20 {
                let (near, far) = (light(out as f32), light((out + 1) as f32));
                assert!(near <= far + 2.0, "{colour:?} {wide}: {near} at {out}, {far} after it");
            }
            assert!(light(2.0) < 0.8 * light(40.0), "the shadow is still there");
        }
    }

    #[test]
    fn a_black_mirror_leaves_neither_grain_nor_reflections_on_the_new_ground() {
        let mut seed = 5_u32;
        let mut grain = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as f32 / 64.0
        };
        let grains: Vec<f32> = (0..SIDE * SIDE).map(|_| grain()).collect();
        let picture = disc(10.0, |x, y, _| {
            let mirrored = from_middle(x, y + 100) < 40.0 && y > 190;
            (2.0 + grains[y * SIDE + x] + if mirrored { 40.0 } else { 0.0 }) / 10.0
        });
        let done = on(&picture, [255; 3], 0.0);
        let outside = (0..SIDE * SIDE).filter(|i| from_middle(i % SIDE, i / SIDE) > RADIUS + 3.0);
        let left = outside.filter(|i| done.data[i * 3..i * 3 + 3] != [255; 3]).count();
        assert_eq!(left, 0, "pixels of the old ground");
    }

    #[test]
    fn grain_is_not_laid_on_the_new_ground_and_a_shadow_is() {
        let picture = disc(200.0, |x, y, out| {
            let grain = ((x * 31 + y * 17) % 5) as f32 * 0.004 - 0.008;
            let below = (-((x as f32 - 120.0) / 50.0).powi(2)).exp() * f32::from(u8::from(y > 180));
            (1.0 - 0.4 * below * (-out / 15.0).exp()) * (1.0 + grain)
        });
        let done = on(&picture, [90, 140, 200], 0.0);
        assert_eq!([done.at(10, 10), done.at(200, 30)], [[90, 140, 200]; 2]);
        let shaded = done.at(120, 186);
        let ratio = |c: usize| f32::from(shaded[c]) / f32::from([90_u8, 140, 200][c]);
        assert!(ratio(0) < 0.9 && (ratio(0) - ratio(2)).abs() < 0.03, "{shaded:?}");
    }
}
