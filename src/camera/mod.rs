//! Where frames and captures come from: one file a backend.

#[cfg(feature = "gphoto")]
mod gphoto;

#[cfg(feature = "gphoto")]
pub use gphoto::{Gphoto, attached};

use std::time::Duration;

/// What can go wrong with a camera, in studio words.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// None is there.
    #[error("no camera answers at {0}; check the cable, that it is switched on, and that no other program holds it ({1})")]
    Absent(String, String),
    /// A call failed on a camera that was there.
    #[error("the camera stopped answering while {0} ({1}); check the cable and its power-off setting")]
    Failed(&'static str, String),
    /// The camera does not offer a setting or value.
    #[error("this camera does not offer {0} = {1}; it offers {2}")]
    NotOffered(String, String, String),
    /// This build cannot.
    #[error("this Culet was built without {0}")]
    NotBuilt(&'static str),
}

/// A file on the camera.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId {
    /// Folder on the camera.
    pub folder: String,
    /// File name.
    pub name: String,
}

/// A connected camera. One thread owns it.
pub trait Camera {
    /// Maker's name for the model.
    fn model(&self) -> String;
    /// One live-view frame as JPEG.
    fn frame(&mut self) -> Result<Vec<u8>, CameraError>;
    /// Fires the shutter; the picture is announced by [`Camera::added`].
    fn trigger(&mut self) -> Result<(), CameraError>;
    /// Files that were announced within the time.
    fn added(&mut self, within: Duration) -> Result<Vec<ObjectId>, CameraError>;
    /// The untouched bytes of a file; it stays on the camera.
    fn fetch(&mut self, object: &ObjectId) -> Result<Vec<u8>, CameraError>;
    /// Writes a setting after checking its choices, and reads it back.
    fn set(&mut self, name: &str, value: &str) -> Result<String, CameraError>;
}
