//! The practice camera: a jewellery scene with known truth behind a PTP/IP responder that real
//! libgphoto2 talks to.
//!
//! `vectors` → `set` (piece, lights, paper) → `trace` (layers of one view) → `photograph` (what lens
//! and sensor make of them) → `studio` (the moving scene as a [`Sensor`]) → `ptpip` (the body).

mod exif;
mod photograph;
mod ptpip;
mod sensor;
mod set;
mod studio;
mod trace;
mod vectors;

pub use ptpip::{Body, Responder, Stored};
pub use sensor::{Exposure, Sensor};
pub use studio::Studio;
