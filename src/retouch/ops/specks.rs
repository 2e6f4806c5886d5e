//! Specks: dust and scratches on the backdrop by themselves, those on the product when confirmed.

use super::{Place, near, tame_places};
use crate::retouch::plan::{Planned, View};
use crate::retouch::repair::{Method, Repair};
use crate::retouch::specks::Speck;
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};

/// Removes specks that [`crate::retouch::Proxy::specks`] found: every one on the backdrop that is
/// sure enough and not kept; on the product only those that a person confirmed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Specks {
    /// How faint a speck on the backdrop may be to go, 0 (none goes) to 1.
    pub sensitivity: f32,
    /// Places of specks that stay: 0 to 1 across and down.
    pub kept: Vec<Place>,
    /// Places of specks that a person wants gone: on the product, or too faint to go by themselves.
    pub confirmed: Vec<Place>,
}

impl Specks {
    /// Whether a speck goes.
    pub fn removes(&self, speck: &Speck) -> bool {
        let among = |places: &[Place]| places.iter().any(|p| near(*p, speck.place));
        let sure = !speck.on_product && speck.confidence >= 1.0 - self.sensitivity;
        among(&self.confirmed) || (sure && !among(&self.kept))
    }
}

impl Operation for Specks {
    const ID: &'static str = "specks";
    const LABEL: &'static str = "Specks";
    const HELP: &'static str =
        "Takes dust and scratches off the backdrop; on the product only those confirmed.";

    fn controls(&mut self, c: &mut dyn Controls) {
        let help = "How faint a speck on the backdrop may be to go.";
        c.slider("sensitivity", "Sensitivity", &mut self.sensitivity, 0.0..=1.0, "", help);
    }

    fn is_neutral(&self) -> bool {
        self.sensitivity == 0.0 && self.confirmed.is_empty()
    }

    fn summary(&self) -> String {
        let confirmed = match self.confirmed.len() {
            0 => String::new(),
            n => format!(", {n} confirmed"),
        };
        let kept = match self.kept.len() {
            0 => String::new(),
            n => format!(", {n} kept"),
        };
        format!("sensitivity {:.2}{confirmed}{kept}", self.sensitivity)
    }

    fn tame(&mut self) {
        tame_places(&mut self.kept);
        tame_places(&mut self.confirmed);
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let gone = view.proxy.specks().iter().filter(|s| self.removes(s));
        let repair = |s: &Speck| Repair {
            rect: s.rect,
            mask: s.mask.clone(),
            method: Method::Fill,
            opacity: 1.0,
        };
        let repairs: Vec<Repair> = gone.map(repair).collect();
        (!repairs.is_empty()).then_some(Planned::Repairs(repairs))
    }
}
