//! Flat field: the light's own falloff, photographed on a white or grey card, divided out.

use crate::imaging::Rect;
use crate::retouch::field::Field;
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Nodes across and down of the grid of gains: a falloff is smooth.
const GRID: (usize, usize) = (17, 13);

/// Multiplies every place by what the card lacked there. Set by a calibration, not by hand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlatField {
    /// How much of it is applied, 0 to 1.
    pub strength: f32,
    /// Gains of linear red, green and blue, 17 across and 13 down, from the upper left; none is
    /// no flat field.
    pub gains: Vec<[f32; 3]>,
}

impl FlatField {
    /// A flat field from the gain at each place, 0 to 1 across and down.
    pub fn sampled(gain_at: impl Fn(f32, f32) -> [f32; 3]) -> Self {
        let place = |i: usize, n: usize| i as f32 / (n - 1) as f32;
        let nodes = (0..GRID.1).flat_map(|y| (0..GRID.0).map(move |x| (x, y)));
        let gains = nodes.map(|(x, y)| gain_at(place(x, GRID.0), place(y, GRID.1))).collect();
        let mut made = Self { strength: 1.0, gains };
        made.tame();
        made
    }

    /// The gain at a place, straight between the nodes.
    fn at(&self, u: f32, v: f32) -> [f32; 3] {
        let cell = |t: f32, n: usize| {
            let t = t.clamp(0.0, 1.0) * (n - 1) as f32;
            let i = (t as usize).min(n - 2);
            (i, t - i as f32)
        };
        let ((x, fx), (y, fy)) = (cell(u, GRID.0), cell(v, GRID.1));
        let node = |x: usize, y: usize| self.gains[y * GRID.0 + x];
        std::array::from_fn(|c| {
            let upper = node(x, y)[c] + (node(x + 1, y)[c] - node(x, y)[c]) * fx;
            let lower = node(x, y + 1)[c] + (node(x + 1, y + 1)[c] - node(x, y + 1)[c]) * fx;
            (upper + (lower - upper) * fy).powf(self.strength)
        })
    }
}

impl Operation for FlatField {
    const ID: &'static str = "flat_field";
    const LABEL: &'static str = "Flat field";
    const HELP: &'static str = "Evens out the light's falloff as it was photographed on a card.";

    fn controls(&mut self, c: &mut dyn Controls) {
        let help = "How much of the falloff is taken away.";
        c.slider("strength", "Strength", &mut self.strength, 0.0..=1.0, "", help);
    }

    fn is_neutral(&self) -> bool {
        self.strength == 0.0 || self.gains.is_empty()
    }

    fn summary(&self) -> String {
        let most = self.gains.iter().flatten().fold(1.0_f32, |a, g| a.max(*g));
        format!("{:.0} % of up to {:.2} EV", self.strength * 100.0, most.log2())
    }

    fn tame(&mut self) {
        if self.gains.len() != GRID.0 * GRID.1 {
            self.gains.clear();
        }
        for gain in self.gains.iter_mut().flatten() {
            *gain = if gain.is_finite() { gain.clamp(0.5, 2.0) } else { 1.0 };
        }
    }

    fn plan(&self, _: &mut View<'_>) -> Option<Planned> {
        Some(Planned::Area(Arc::new(Divide { gain: Field::new(|u, v| self.at(u, v)) })))
    }
}

#[derive(Debug)]
struct Divide {
    gain: Field,
}

impl Stage for Divide {
    fn touches(&self, _: &Frame, _: Rect) -> bool {
        true
    }

    fn render(&self, tile: &mut Tile) {
        let w = tile.rect.w;
        let mut gain = [(); 3].map(|()| vec![1.0; w]);
        for y in 0..tile.rect.h {
            self.gain.row(&tile.frame, tile.rect.x, tile.rect.y + y, &mut gain);
            for (plane, gain) in tile.planes.iter_mut().zip(&gain) {
                plane[y * w..(y + 1) * w].iter_mut().zip(gain).for_each(|(v, g)| *v *= g);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Op, Proxy, Recipe, Step, plan};
    use super::*;
    use crate::imaging::{Picture, Rgb8};

    #[test]
    fn a_card_in_falling_light_comes_out_even() {
        let light = |u: f32| 1.0 - 0.4 * u;
        let encode = crate::imaging::colour::srgb_encode8;
        let card = Rgb8::from_fn(300, 200, |x, _| [encode(0.5 * light(x as f32 / 300.0)); 3]);
        let flat = FlatField::sampled(|u, _| [light(0.5) / light(u); 3]);
        let picture = Picture::from_srgb8(card);
        let recipe = Recipe { steps: vec![Step::new(Op::FlatField(flat))], ..Recipe::default() };
        let out =
            plan(&recipe, &Proxy::new(&picture, None)).render(&picture).to_srgb8().into_owned();
        let (low, high) = out.data.iter().fold((255, 0), |(l, h), v| (l.min(*v), h.max(*v)));
        assert!(high - low <= 3, "{low} to {high}");
        let back = Recipe::parse(&recipe.to_toml()).unwrap();
        assert_eq!(back, recipe);
    }
}
