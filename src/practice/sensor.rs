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

/// Something that makes pictures for a camera body. Called from several threads.
pub trait Sensor: Send + Sync {
    /// A live-view frame of this moment as JPEG, 960x640; must be quick.
    fn live(&self, exposure: &Exposure) -> Vec<u8>;

    /// A still of this moment as JPEG with EXIF; may take a second or two.
    fn still(&self, exposure: &Exposure) -> Vec<u8>;

    /// Moves the focus by motor steps; positive is away from the camera.
    fn drive_focus(&self, steps: i32);
}
