//! Camera raw files: developed as shot, as linear sensor values, or by the picture they carry for
//! viewing.
//!
//! The decoder is rawler (feature `raw`); without it a raw file still shows its embedded picture,
//! and opening it says what is missing.

#[cfg(feature = "raw")]
mod check;
mod complaint;
#[cfg(feature = "raw")]
mod develop;
mod embedded;
#[cfg(feature = "raw")]
mod metadata;
#[cfg(feature = "raw")]
mod sensor;

pub use complaint::complaint;
pub(super) use embedded::embedded;

use super::colour::Matrix3;
use super::open::{OpenError, Opened};
use super::{Image, guard};

/// A raw picture as the sensor saw it, upright.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    /// Camera red, green and blue: linear, black subtracted, 1 is the sensor's white level; no
    /// white balance. Demosaiced.
    pub image: Image,
    /// Multipliers that the camera's white balance asks for; the smallest is 1.
    pub white_balance: [f32; 3],
    /// Balanced camera values to linear Rec.2020; white stays white.
    pub to_rec2020: Matrix3,
}

/// Camera RGB, linear, black subtracted, 1 is the white level, no white balance, upright: what
/// calibration works on.
pub fn sensor_linear(bytes: &[u8]) -> Result<Image, OpenError> {
    sensor(bytes).map(|s| s.image)
}

/// The sensor's values with what is needed to develop them.
pub fn sensor(bytes: &[u8]) -> Result<Sensor, OpenError> {
    let read = guard::catch(|| imp::sensor(bytes));
    read.unwrap_or_else(|why| Err(damaged(why)))
}

/// The camera's red, green and blue, without white balance, from the linear Rec.2020 of a developed
/// raw picture; none for what is no raw file, or cannot be read.
pub fn primaries(bytes: &[u8]) -> Option<Matrix3> {
    if super::open::kind(bytes).ok()? != super::open::Kind::Raw {
        return None;
    }
    let (white_balance, to_rec2020) = guard::catch(|| imp::primaries(bytes)).ok()?.ok()?;
    let inverse = nalgebra::Matrix3::from(to_rec2020).transpose().try_inverse()?;
    Some(std::array::from_fn(|i| std::array::from_fn(|j| inverse[(i, j)] / white_balance[i])))
}

/// A whole developed picture, Rec.2020 at sixteen bits.
pub(super) fn open(bytes: &[u8]) -> Result<Opened, OpenError> {
    imp::open(bytes)
}

/// Width and height upright: of the sensor's picture, or if that cannot be read of the largest
/// embedded one.
pub(super) fn size(bytes: &[u8]) -> Result<(usize, usize), OpenError> {
    let read = guard::catch(|| imp::size(bytes)).unwrap_or_else(|why| Err(damaged(why)));
    read.or_else(|e| embedded::largest_size(bytes).ok_or(e))
}

fn damaged(why: String) -> OpenError {
    OpenError::Damaged { kind: super::open::Kind::Raw, why }
}

#[cfg(feature = "raw")]
mod imp {
    pub(super) use super::develop::{open, primaries, sensor, size};
}

#[cfg(not(feature = "raw"))]
mod imp {
    use super::{OpenError, Opened, Sensor};

    pub(super) fn open(_: &[u8]) -> Result<Opened, OpenError> {
        Err(OpenError::NoRaw)
    }

    pub(super) fn sensor(_: &[u8]) -> Result<Sensor, OpenError> {
        Err(OpenError::NoRaw)
    }

    pub(super) fn primaries(_: &[u8]) -> Result<([f32; 3], super::Matrix3), OpenError> {
        Err(OpenError::NoRaw)
    }

    pub(super) fn size(_: &[u8]) -> Result<(usize, usize), OpenError> {
        Err(OpenError::NoRaw)
    }
}
