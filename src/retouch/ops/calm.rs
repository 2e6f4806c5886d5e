//! Calm: unwanted reflections, haze and fingerprints on metal brought to the light around them.
//!
//! Inside each place the broad light (not the detail) of every channel is replaced by what its rim
//! says, so that polish, grain and edges stay. Places are put by hand, or taken from the list that
//! [`crate::retouch::Proxy::blotches`] ranks.

use super::stones::covered;
use super::{Ellipse, tame_ellipses};
use crate::imaging::{Plane, Rect};
use crate::retouch::blotches::mean;
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::region::{Region, filled_in};
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Evens out blotches on the product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calm {
    /// How far the light is evened, 0 to 1.
    pub strength: f32,
    /// How many of the blotches that were found are calmed, the surest first, 0 to 24.
    pub found: f32,
    /// Places put by hand.
    pub places: Vec<Ellipse>,
}

impl Default for Calm {
    fn default() -> Self {
        Self { strength: 0.7, found: 0.0, places: Vec::new() }
    }
}

impl Operation for Calm {
    const ID: &'static str = "calm";
    const LABEL: &'static str = "Reflections and fingerprints";
    const HELP: &'static str =
        "Calms blotches on metal: those placed by hand, or the surest found.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("strength", "Strength", &mut self.strength, 0.0..=1.0, "", "How far.");
        let help = "How many of the blotches found are calmed, the surest first.";
        c.slider("found", "Found", &mut self.found, 0.0..=24.0, "", help);
    }

    fn is_neutral(&self) -> bool {
        self.strength == 0.0 || (self.found < 1.0 && self.places.is_empty())
    }

    fn summary(&self) -> String {
        let (found, placed) = (self.found as usize, self.places.len());
        format!("{:.0} %, up to {found} found, {placed} placed", self.strength * 100.0)
    }

    fn tame(&mut self) {
        tame_ellipses(&mut self.places);
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let found = view.proxy.blotches();
        let chosen = found.iter().take(self.found as usize).map(|b| b.ellipse);
        let places: Vec<Ellipse> = self.places.iter().copied().chain(chosen).collect();
        if places.is_empty() {
            return None;
        }
        let subject = view.proxy.subject().shrunk(1);
        let tile = view.tile();
        let size = (tile.rect.w, tile.rect.h);
        let cover = covered(&places, size, 0.55);
        let metal = &subject.plane().data;
        let seen = cover.data.iter().zip(metal);
        let seen: Vec<f32> =
            seen.map(|(c, m)| f32::from(u8::from(*c <= 0.0 && *m > 0.9))).collect();
        let by = (size.0.max(size.1) / 200).max(2);
        let gain = [0, 1, 2].map(|c| {
            let broad = mean(&tile.planes[c], metal, size, by);
            let calm = filled_in(&broad, &seen, size.0, size.1);
            let pairs = calm.iter().zip(&broad);
            let data = pairs.map(|(a, b)| ((a + 1e-3) / (b + 1e-3)).clamp(0.4, 2.5)).collect();
            Region::new(Plane { w: size.0, h: size.1, data })
        });
        let data = cover.data.iter().zip(metal).map(|(c, m)| c * m * self.strength).collect();
        let cover = Region::new(Plane { data, ..cover });
        Some(Planned::Area(Arc::new(Even { cover, gain })))
    }
}

#[derive(Debug)]
struct Even {
    cover: Region,
    gain: [Region; 3],
}

impl Stage for Even {
    fn touches(&self, frame: &Frame, part: Rect) -> bool {
        self.cover.touches(frame, part)
    }

    fn render(&self, tile: &mut Tile) {
        let w = tile.rect.w;
        let (mut cover, mut gain) = (vec![0.0; w], vec![1.0; w]);
        let (mut covers, mut gains) =
            (self.cover.over(tile), self.gain.each_ref().map(|g| g.over(tile)));
        for y in 0..tile.rect.h {
            let row = tile.rect.y + y;
            covers.row(row, &mut cover);
            if cover.iter().all(|c| *c <= 0.0) {
                continue;
            }
            for (plane, gains) in tile.planes.iter_mut().zip(&mut gains) {
                gains.row(row, &mut gain);
                for ((v, g), c) in plane[y * w..(y + 1) * w].iter_mut().zip(&gain).zip(&cover) {
                    *v *= 1.0 + (g - 1.0) * c;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::imaging::{Mask, Picture, Rgb8};
    use crate::retouch::{Proxy, Recipe, plan};

    /// Smooth metal with fine grain and one broad lighter spot.
    fn metal(spot: f32) -> Rgb8 {
        Rgb8::from_fn(600, 400, |x, y| {
            let d = ((x as f32 - 320.0) / 34.0).hypot((y as f32 - 180.0) / 26.0);
            let grain = ((x * 7 + y * 13) % 5) as f32 - 2.0;
            let v = 118.0 + 0.03 * x as f32 + spot * (-d * d).exp() + grain;
            [v, v * 0.95, v * 0.8].map(|v| v as u8)
        })
    }

    #[test]
    fn a_spot_is_found_first_and_calmed_and_the_rest_stays() {
        let picture = Picture::from_srgb8(metal(22.0));
        let mask = Mask { w: 600, h: 400, data: vec![255; 240_000] };
        let proxy = Proxy::new(&picture, Some(&mask));
        let first = proxy.blotches()[0];
        let [x, y] = first.ellipse.at;
        assert!((x - 0.533).abs() < 0.02 && (y - 0.45).abs() < 0.03, "{first:?}");
        let mut recipe = Recipe::default();
        recipe.set("calm.found", "1").unwrap();
        recipe.set("calm.strength", "1").unwrap();
        let out = plan(&recipe, &proxy).render(&picture).to_srgb8().into_owned();
        let (plain, before) = (metal(0.0), metal(22.0));
        let off = |p: &Rgb8, x: usize, y: usize| p.at(x, y)[1].abs_diff(plain.at(x, y)[1]);
        let (was, is) = (off(&before, 320, 180), off(&out, 320, 180));
        assert!(was > 15 && is <= 8, "{was} {is} {first:?}");
        assert!((0..600).all(|x| off(&out, x, 20) == 0));
    }
}
