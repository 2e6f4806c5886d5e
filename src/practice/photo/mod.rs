//! From layers to a photograph: what lens, dust, sensor and camera make of them.

mod blur;
mod card;
mod develop;
mod dust;
mod floor;
mod negative;
mod shot;
mod truth;

pub use card::{Card, CardTruth, Grid};
pub use dust::{Mark, Speck};
pub use shot::{Dust, Focus, Lights, Shot};
pub use truth::Truth;

pub(crate) use develop::Camera;
pub(crate) use negative::{Bench, Negative, Window};

use super::scene::Stage;
use super::trace::Layers;
use crate::imaging::Rgb8;
use std::borrow::Cow;

/// A picture of `size`, developed in tiles that are made when they are needed.
pub(crate) fn picture(stage: &Stage, layers: &Layers, shot: &Shot, size: (usize, usize)) -> Rgb8 {
    let bench = Bench::new(stage, layers, shot);
    let camera = Camera::new(shot, (layers.w, layers.h), size);
    camera.develop(&|window| Cow::Owned(bench.tile(window)))
}

/// What is known about that picture.
pub(crate) fn truth(stage: &Stage, layers: &Layers, shot: &Shot, size: (usize, usize)) -> Truth {
    let bench = Bench::new(stage, layers, shot);
    let camera = Camera::new(shot, (layers.w, layers.h), size);
    truth::truth(&bench, &camera, &|window| Cow::Owned(bench.tile(window)), size)
}
