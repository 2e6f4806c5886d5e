//! Cut-out: how exactly the product is told from its backdrop, and what was painted where that went
//! wrong. It changes no pixel by itself: every step that keeps to the product, or to what is around
//! it, follows the mask that is made from it.

use super::{Place, tame_places};
use crate::retouch::plan::{Planned, View};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};

/// What a mark says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// This belongs to the product.
    #[default]
    Keep,
    /// This does not.
    Remove,
    /// The edge runs somewhere here: solve it again.
    Refine,
}

/// One stroke of the keep and remove brush.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// What it says.
    pub side: Side,
    /// Its points, 0 to 1 across and down.
    pub points: Vec<Place>,
    /// Radius as a part of the picture's longer side, up to .15.
    pub radius: f32,
}

/// The product's outline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CutOut {
    /// At full size, which takes seconds; otherwise quickly and roughly.
    pub exact: bool,
    /// What was painted, in order; a later mark wins.
    pub marks: Vec<Mark>,
}

/// Most marks of a step.
const MOST: usize = 1000;

impl Operation for CutOut {
    const ID: &'static str = "cutout";
    const LABEL: &'static str = "Cut-out";
    const HELP: &'static str =
        "Finds the product's outline exactly, with its holes; marks by hand settle the rest.";

    fn controls(&mut self, c: &mut dyn Controls) {
        let help = "Cuts at full size, as a new ground does; takes some seconds.";
        c.toggle("exact", "Exact", &mut self.exact, help);
    }

    fn is_neutral(&self) -> bool {
        !self.exact && self.marks.is_empty()
    }

    fn summary(&self) -> String {
        match self.marks.len() {
            0 => "at full size".to_owned(),
            n => format!("at full size, {n} marks by hand"),
        }
    }

    fn tame(&mut self) {
        self.marks.truncate(MOST);
        for mark in &mut self.marks {
            tame_places(&mut mark.points);
            mark.radius = if mark.radius.is_finite() { mark.radius.clamp(0.0, 0.15) } else { 0.0 };
        }
    }

    fn plan(&self, _: &mut View<'_>) -> Option<Planned> {
        // Its work is in the proxy's mask already.
        Some(Planned::Repairs(Vec::new()))
    }
}
