//! The practice camera: a jewellery scene with known truth behind a PTP/IP responder that real
//! libgphoto2 talks to.
//!
//! # Pictures with truth
//!
//! Tests and evaluations of every room take pictures of a [`Set`] without any camera:
//!
//! ```
//! use culet::practice::{Dust, Focus, Lights, Quality, Scene, Set, Shot};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let scene: Scene = "solitaire-dark".parse()?;
//! let set = Set::new(scene, 120, 80, Quality::FIRST);
//! let shot = Shot {
//!     roll_deg: 2.0,                                // clockwise
//!     focus: Focus::At(-4.0),                       // four millimetres in front of the best plane
//!     lights: Lights { fill: 0.0, ..Lights::ALL },  // the strip on the right is off
//!     dust: Dust { paper: 12, ..Dust::NONE },
//!     ..Shot::default()
//! };
//! let (picture, truth) = set.photograph(&shot);
//! assert_eq!((picture.w, picture.h), (120, 80));
//! assert_eq!(truth.specks.len(), 12);
//! # Ok(())
//! # }
//! ```
//!
//! - **Linear in the lights**: a weight of [`Lights`] is exactly a factor on that light's share of
//!   every pixel of [`Truth::linear`].
//! - **Roll is clockwise positive**, in degrees; shift is in frame widths, right and down.
//! - [`Focus::Flat`] blurs the piece by a known radius; [`Focus::At`] by depth, as a lens does.
//! - The same set and shot give the same picture; another seed gives other noise and other dust.
//! - Rendering is what costs: make one [`Set`] and take many shots of it. `Set::new` at 480 x 320
//!   with [`Quality::FIRST`] is about a second; a shot at that size a few milliseconds.
//!
//! # The camera
//!
//! `scene` (piece, lights, paper) → `trace` (layers of one view) → `photo` (what lens and sensor make
//! of them) → [`Studio`] (the moving scene as a [`Sensor`]) → [`Body`] behind a [`Responder`].

mod balance;
mod body;
mod cache;
mod exif;
mod motion;
mod photo;
mod scene;
mod sensor;
mod set;
mod studio;
mod trace;
mod vectors;

pub use balance::{LIGHT_KELVIN, kelvin_gains};
pub use body::{Body, FAULTS, Fault, Planned, Responder, Stage, Stored, UnknownFault};
pub use cache::Cache;
pub use photo::{Card, CardTruth, Dust, Focus, Grid, Lights, Mark, Shot, Speck, Truth};
pub use scene::Piece;
pub use sensor::{Exposure, Sensor, Still};
pub use set::{Scene, Set, UnknownScene};
pub use studio::{Options, Studio};
pub use trace::Quality;

#[cfg(test)]
mod studio_tests;
#[cfg(test)]
mod tests;
