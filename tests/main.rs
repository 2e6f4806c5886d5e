//! All integration tests, in one binary so that the program is linked once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail loudly, and say what they skip"
)]

mod architecture;
#[cfg(all(unix, feature = "gphoto"))]
mod camera;
#[cfg(all(unix, feature = "gphoto", feature = "studio"))]
mod colour;
mod cutout;
mod hostile_files;
mod pipes;
#[cfg(all(unix, feature = "gphoto"))]
mod proxy;
mod retouch;
mod shoot;
#[cfg(all(target_os = "linux", feature = "gphoto"))]
mod tether;
#[cfg(feature = "studio")]
mod window;
