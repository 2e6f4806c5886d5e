//! All integration tests, in one binary so that the program is linked once.

mod architecture;
#[cfg(all(unix, feature = "gphoto"))]
mod camera;
mod cutout;
mod hostile_files;
#[cfg(all(unix, feature = "gphoto"))]
mod proxy;
mod shoot;
#[cfg(feature = "studio")]
mod window;
