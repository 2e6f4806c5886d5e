//! Pixels: buffers, colour, and files in and out. Knows nothing of cameras or of Culet.
//!
//! Coordinates start at the upper left, x to the right and y down. Angles are clockwise positive,
//! as a photographer sees them. Every colour value says its space in its name or in its type.

mod buffer;
pub mod colour;
pub mod correction;
pub mod endings;
pub mod exif;
pub mod files;
mod guard;
mod icc;
pub mod jpeg;
pub mod lanes;
pub mod open;
mod picture;
pub mod raw;
mod rect;
pub mod resize;
pub mod save;

pub use buffer::{Image, Mask, Parts, Plane, Rgb8, Rgb16, Rgba8};
pub use picture::{Metadata, Picture, Pixels, Space};
pub use rect::Rect;
