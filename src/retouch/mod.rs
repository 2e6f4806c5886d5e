//! The edit: planned on a reduced picture, rendered in tiles without touching the original.
//!
//! A [`Recipe`] is the whole edit and lives in a readable sidecar. Every operation is one file in
//! `ops` and one line in [`operations!`]; it names its parameters once ([`Controls`]). [`plan`] lets
//! each step look at a [`Proxy`] and decide (which specks, which gains, where the backdrop is); the
//! [`Plan`] then renders any size of the same picture: the live frame, the preview and the export
//! run the same code.
//!
//! Inside, pixels are linear light with Rec.2020 primaries, unclipped, and only one tile at a time
//! is in `f32`. A step at its neutral values leaves every byte as it was.

mod automatic;
mod backdrop;
mod blotches;
mod controls;
mod fidelity;
mod field;
mod geometry;
mod grey;
mod ops;
mod plan;
mod point;
mod preset;
mod proxy;
mod recipe;
mod reduce;
mod region;
mod render;
mod repair;
mod specks;
mod survey;
mod tile;

pub use blotches::Blotch;
pub use controls::{Controls, Table};
pub use fidelity::{Fidelity, Honesty, fidelity};
pub use ops::*;
pub use plan::{Depth, Output, Plan, plan};
pub use preset::Preset;
pub use proxy::Proxy;
pub use recipe::{Recipe, RecipeError, VERSION};
pub use reduce::reduced;
pub use specks::Speck;

use plan::{Planned, View};
use serde::{Deserialize, Serialize};

/// What every operation provides. Its fields are its parameters; its default is neutral.
trait Operation: Default + Clone + PartialEq {
    /// Name in sidecars and on the command line.
    const ID: &'static str;
    /// Name for people.
    const LABEL: &'static str;
    /// One sentence for people.
    const HELP: &'static str;

    /// Shows every parameter once.
    fn controls(&mut self, controls: &mut dyn Controls);

    /// Whether it changes nothing, whatever the picture.
    fn is_neutral(&self) -> bool;

    /// One line that says what it does with its parameters.
    fn summary(&self) -> String;

    /// Pulls what `controls` does not show (lists of places) into range.
    fn tame(&mut self) {}

    /// Looks at the picture and decides; nothing when there is nothing to do.
    fn plan(&self, view: &mut View<'_>) -> Option<Planned>;
}

/// One step of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its switch.
    #[serde(default = "on")]
    pub on: bool,
    /// How much of it is mixed in, 0 to 1, in linear light.
    #[serde(default = "whole")]
    pub opacity: f32,
    /// What it does.
    #[serde(flatten)]
    pub op: Op,
}

const fn on() -> bool {
    true
}

const fn whole() -> f32 {
    1.0
}

impl Step {
    /// Switched on, at full opacity.
    pub const fn new(op: Op) -> Self {
        Self { on: true, opacity: 1.0, op }
    }

    /// Whether it is on, visible and not neutral.
    pub fn acts(&self) -> bool {
        self.on && self.opacity > 0.0 && !self.is_neutral()
    }
}

macro_rules! operations {
    ($($op:ident),* $(,)?) => {
        /// An operation with its parameters.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "op", rename_all = "snake_case")]
        #[expect(missing_docs, reason = "each variant is documented by its own type")]
        pub enum Op { $($op($op)),* }

        /// A neutral step of every operation, in pipeline order.
        pub fn operations() -> Vec<Step> {
            vec![$(Step::new(Op::$op($op::default()))),*]
        }

        impl Step {
            /// Name in sidecars and on the command line.
            pub fn id(&self) -> &'static str {
                match &self.op { $(Op::$op(_) => <$op as Operation>::ID),* }
            }

            /// Name for people.
            pub fn label(&self) -> &'static str {
                match &self.op { $(Op::$op(_) => <$op as Operation>::LABEL),* }
            }

            /// One sentence for people.
            pub fn help(&self) -> &'static str {
                match &self.op { $(Op::$op(_) => <$op as Operation>::HELP),* }
            }

            /// Shows every parameter once.
            pub fn controls(&mut self, controls: &mut dyn Controls) {
                match &mut self.op { $(Op::$op(op) => op.controls(controls)),* }
            }

            /// One line that says what it does with its parameters.
            pub fn summary(&self) -> String {
                match &self.op { $(Op::$op(op) => op.summary()),* }
            }

            /// Whether its parameters change nothing, whatever the picture.
            pub fn is_neutral(&self) -> bool {
                match &self.op { $(Op::$op(op) => op.is_neutral()),* }
            }

            fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
                match &self.op { $(Op::$op(op) => op.plan(view)),* }
            }
        }

        impl Op {
            fn tame(&mut self) {
                match self { $(Self::$op(op) => op.tame()),* }
            }
        }
    };
}

// Pipeline order. To add an operation: its file in `ops`, and its line here.
operations! {
    CutOut,
    Dust,
    Specks,
    Heal,
    Noise,
    FlatField,
    Calibration,
    WhiteBalance,
    Exposure,
    Backdrop,
    Glare,
    Calm,
    Metal,
    Stones,
    Brilliance,
    Tone,
    Local,
    Ground,
    Shadow,
    Sharpen,
    Straighten,
}

#[cfg(test)]
mod tests;
