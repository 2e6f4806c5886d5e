//! What stands between the body and the scene: the body asks for pictures, the scene makes them.

/// How the body is set when a picture is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// Sensitivity, ISO.
    pub iso: f32,
    /// Relative aperture, 8 for f/8.
    pub f_number: f32,
    /// Exposure time in seconds.
    pub shutter_s: f32,
    /// White balance in kelvin; none for automatic.
    pub kelvin: Option<f32>,
    /// Size of a still in pixels.
    pub size: (u32, u32),
    /// JPEG quality of a still, 1 to 100.
    pub quality: u8,
    /// When the picture is taken, as EXIF writes it: `2026:01:31 12:00:00`.
    pub taken: String,
    /// Counts up with every still; makes the noise of each picture its own.
    pub shot: u32,
}

/// A still as the body stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Still {
    /// JPEG with EXIF.
    pub jpeg: Vec<u8>,
    /// A JPEG of 160 pixels width.
    pub thumbnail: Vec<u8>,
}

/// Something that makes pictures for a camera body. Called from several threads.
pub trait Sensor: Send + Sync {
    /// Sizes of stills that it makes, pixels: large, medium, small.
    fn sizes(&self) -> [(u32, u32); 3];

    /// A live-view frame of this moment as JPEG; must be quick.
    fn live(&self, exposure: &Exposure) -> Vec<u8>;

    /// A still of this moment; may take a second or two.
    fn still(&self, exposure: &Exposure) -> Still;

    /// Moves the focus by motor steps; positive is away from the camera. False at the end of the
    /// motor's way.
    fn drive_focus(&self, steps: i32) -> bool;

    /// Finds the focus; false when it cannot.
    fn autofocus(&self) -> bool;
}
