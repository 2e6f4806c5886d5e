//! Sensor dust: shadows of dust on the sensor, at the same place in every frame.

use super::disc;
use crate::retouch::plan::{Planned, View};
use crate::retouch::repair::{Method, Repair};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};

/// A round spot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// Middle, 0 to 1 across.
    pub x: f32,
    /// Middle, 0 to 1 down.
    pub y: f32,
    /// Radius as a part of the picture's longer side, up to .05.
    pub radius: f32,
}

/// Fills the spots of a dust map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dust {
    /// The dust map: where the sensor is dirty.
    pub spots: Vec<Spot>,
}

/// Most spots of a map.
const MOST: usize = 2000;

impl Operation for Dust {
    const ID: &'static str = "dust";
    const LABEL: &'static str = "Sensor dust";
    const HELP: &'static str = "Fills the places where dust lies on the sensor.";

    fn controls(&mut self, _: &mut dyn Controls) {}

    fn is_neutral(&self) -> bool {
        self.spots.is_empty()
    }

    fn summary(&self) -> String {
        format!("{} spots", self.spots.len())
    }

    fn tame(&mut self) {
        self.spots.retain(|s| [s.x, s.y, s.radius].iter().all(|v| v.is_finite()));
        self.spots.truncate(MOST);
        for s in &mut self.spots {
            (s.x, s.y) = (s.x.clamp(0.0, 1.0), s.y.clamp(0.0, 1.0));
            s.radius = s.radius.clamp(0.0, 0.05);
        }
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let size = view.proxy.size();
        let repair = |s: &Spot| {
            let (rect, mask) = disc(size, [s.x, s.y], s.radius, 0.0)?;
            Some(Repair { rect, mask, method: Method::Fill, opacity: 1.0 })
        };
        let repairs: Vec<Repair> = self.spots.iter().filter_map(repair).collect();
        (!repairs.is_empty()).then_some(Planned::Repairs(repairs))
    }
}
