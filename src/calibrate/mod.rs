//! Colour that can be trusted: finds a grey card or a chart and fits a calibration.
//!
//! The way through this room: [`find()`] looks for a card and reads its patches ([`Found`]), [`fit()`]
//! turns the readings into a [`Calibration`], and [`Calibration::apply`] brings pictures taken under
//! the same light to true colour. [`FlatField`] evens the light, [`drift`] watches that it stays the
//! same, [`metals`] names the colour of a metal, [`icc`], [`dcp`] and [`report`] take the result out.
//!
//! All colour is linear light with sRGB primaries (D65) unless a name says otherwise; readings of a
//! camera that is not calibrated yet are linear in the camera's own primaries.

mod calibration;
mod chart;
pub mod dcp;
pub mod drift;
mod edges;
mod find;
mod fit;
mod flat;
mod geometry;
mod grey;
pub mod icc;
mod lattice;
pub mod metals;
mod model;
mod reading;
mod record;
mod reference;
mod regions;
pub mod report;
mod whites;
mod working;

pub use calibration::{Calibration, CalibrationError, Differences, Light, PatchResidual, Spread};
pub use find::find;
pub use fit::{FitError, Options, Transfer, fit};
pub use flat::{FlatError, FlatField};
pub use geometry::Homography;
pub use model::{Method, Rows, TERMS, convert, terms};
pub use reading::{Card, Found, NotFound, PatchReading, Source, read_at};
pub use record::{Setup, Validity};
pub use reference::{Edition, Patch, Reference, ReferenceError};
pub use whites::light_kelvin;
