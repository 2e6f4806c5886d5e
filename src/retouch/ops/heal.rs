//! The heal and clone brush: strokes painted by hand.

use super::{Place, disc, tame_places};
use crate::imaging::{Mask, Rect};
use crate::retouch::plan::{Planned, View};
use crate::retouch::repair::{Method, Repair};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};

/// What a stroke does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brush {
    /// Fills from the surroundings.
    #[default]
    Fill,
    /// Takes detail from another place and light from the surroundings.
    Heal,
    /// Copies another place.
    Clone,
}

/// One stroke of the brush.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stroke {
    /// What it does.
    pub brush: Brush,
    /// Its points, 0 to 1 across and down.
    pub points: Vec<Place>,
    /// Radius as a part of the picture's longer side, up to .15.
    pub radius: f32,
    /// How much of the radius is soft, 0 to 1.
    pub feather: f32,
    /// From where it copies: added to its own place, -1 to 1.
    pub offset: Place,
}

/// Strokes, first to last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Heal {
    /// What was painted.
    pub strokes: Vec<Stroke>,
}

/// Most strokes of a step.
const MOST: usize = 1000;

impl Stroke {
    fn tame(&mut self) {
        let pull =
            |v: f32, low: f32, high: f32| if v.is_finite() { v.clamp(low, high) } else { 0.0 };
        tame_places(&mut self.points);
        self.radius = pull(self.radius, 0.0, 0.15);
        self.feather = pull(self.feather, 0.0, 1.0);
        self.offset = self.offset.map(|v| pull(v, -1.0, 1.0));
    }

    /// Where it is, and its coverage there.
    fn painted(&self, size: (usize, usize)) -> Option<(Rect, Mask)> {
        let dabs: Vec<(Rect, Mask)> = self
            .filled()
            .iter()
            .filter_map(|p| disc(size, *p, self.radius, self.feather))
            .collect();
        let rect = dabs.iter().fold(Rect::default(), |r, (d, _)| r.union(d));
        let mut mask = Mask::new(rect.w, rect.h);
        for (dab, cover) in &dabs {
            for y in 0..dab.h {
                let at = (dab.y - rect.y + y) * rect.w + dab.x - rect.x;
                let row = &mut mask.data[at..at + dab.w];
                row.iter_mut().zip(&cover.data[y * dab.w..]).for_each(|(m, c)| *m = (*m).max(*c));
            }
        }
        (!rect.is_empty()).then_some((rect, mask))
    }

    /// Its points with others between them, so that dabs overlap.
    fn filled(&self) -> Vec<Place> {
        let step = (self.radius * 0.3).max(1e-3);
        let mut out: Vec<Place> = self.points.first().copied().into_iter().collect();
        for pair in self.points.windows(2) {
            let (dx, dy) = (pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
            let n = ((dx.hypot(dy) / step).ceil() as usize).clamp(1, 2000);
            let part = |i: usize| i as f32 / n as f32;
            out.extend((1..=n).map(|i| [pair[0][0] + dx * part(i), pair[0][1] + dy * part(i)]));
        }
        out
    }
}

impl Operation for Heal {
    const ID: &'static str = "heal";
    const LABEL: &'static str = "Heal and clone";
    const HELP: &'static str = "Strokes by hand that fill, heal or clone.";

    fn controls(&mut self, _: &mut dyn Controls) {}

    fn is_neutral(&self) -> bool {
        self.strokes.iter().all(|s| s.points.is_empty() || s.radius <= 0.0)
    }

    fn summary(&self) -> String {
        format!("{} strokes", self.strokes.len())
    }

    fn tame(&mut self) {
        self.strokes.truncate(MOST);
        self.strokes.iter_mut().for_each(Stroke::tame);
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let size = view.proxy.size();
        let repair = |s: &Stroke| {
            let (rect, mask) = s.painted(size)?;
            let method = match s.brush {
                Brush::Fill => Method::Fill,
                Brush::Heal => Method::Heal(s.offset),
                Brush::Clone => Method::Clone(s.offset),
            };
            Some(Repair { rect, mask, method, opacity: 1.0 })
        };
        let repairs: Vec<Repair> = self.strokes.iter().filter_map(repair).collect();
        (!repairs.is_empty()).then_some(Planned::Repairs(repairs))
    }
}
