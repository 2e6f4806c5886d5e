//! The practice camera: a jewellery scene with known truth behind a PTP/IP responder.

mod sensor;

pub use sensor::{Exposure, Sensor};
