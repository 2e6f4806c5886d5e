//! From the set to layers: what the lens would see if all were sharp, linear and noiseless, with the
//! light kept apart by group.

mod layers;
mod pack;
mod rgbe;
mod shade;

pub use layers::Quality;
pub(crate) use layers::{Layers, Part};
pub(crate) use pack::{pack, unpack};
pub(crate) use rgbe::{Rgbe, Steps};
