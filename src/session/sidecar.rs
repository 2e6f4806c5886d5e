//! What Culet knows of a capture, kept beside it as `NAME.culet.json`: scores, marks and the edit.

use super::xmp::Marks;
use super::{Flag, Label};
use crate::imaging::files::write_atomic;
use crate::retouch::Recipe;
use crate::score::Score;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The format that this version writes; readers refuse a newer one.
pub const VERSION: u32 = 2;

/// What Culet knows of a capture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sidecar {
    /// Format.
    pub version: u32,
    /// Hash of the original.
    pub sha256: String,
    /// Its scores.
    pub score: Option<Score>,
    /// Its edit, if there is one.
    pub recipe: Option<Recipe>,
    /// Stars that a person gave, 0 to 5.
    pub rating: u8,
    /// Pick or reject.
    pub flag: Flag,
    /// Colour label.
    pub label: Option<Label>,
    /// The calibration that it was judged and retouched with, by its file name.
    pub calibration: Option<String>,
}

/// Why a sidecar was not used.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// A later Culet wrote it.
    #[error(
        "{0} is of version {1}; this Culet reads up to {VERSION}: update Culet, nothing was changed"
    )]
    Newer(PathBuf, u32),
    /// It cannot be understood.
    #[error("{0} is damaged ({1}); it was set aside as {2} and begun afresh")]
    Damaged(PathBuf, String, PathBuf),
    /// It cannot be read.
    #[error("{0} cannot be read ({1})")]
    Unreadable(PathBuf, io::Error),
}

/// Where the sidecar of a capture lies.
pub fn path(capture: &Path) -> PathBuf {
    let mut name = capture.as_os_str().to_owned();
    name.push(".culet.json");
    PathBuf::from(name)
}

impl Sidecar {
    /// A fresh one.
    pub fn new(sha256: String) -> Self {
        Self { version: VERSION, sha256, ..Self::default() }
    }

    /// Reads the sidecar of a capture; none if there is none. A damaged one is set aside, never
    /// overwritten.
    pub fn read(capture: &Path) -> Result<Option<Self>, SidecarError> {
        let path = path(capture);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(SidecarError::Unreadable(path, e)),
        };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(sidecar) if sidecar.version > VERSION => {
                Err(SidecarError::Newer(path, sidecar.version))
            }
            Ok(sidecar) => Ok(Some(Self { version: VERSION, ..sidecar })),
            Err(e) => {
                let mut aside = path.clone().into_os_string();
                aside.push(".damaged");
                let aside = PathBuf::from(aside);
                fs::rename(&path, &aside).ok();
                Err(SidecarError::Damaged(path, e.to_string(), aside))
            }
        }
    }

    /// Writes the sidecar of a capture whole.
    pub fn write(&self, capture: &Path) -> io::Result<()> {
        write_atomic(&path(capture), &serde_json::to_vec_pretty(self)?)
    }

    /// Marks as other programs read them.
    pub fn marks(&self) -> Marks {
        Marks { rating: self.rating, flag: self.flag, label: self.label }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sidecar_survives() {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("a.jpg");
        let mut sidecar = Sidecar::new("ab".to_owned());
        sidecar.rating = 4;
        sidecar.flag = Flag::Pick;
        sidecar.recipe = Some(Recipe::default());
        sidecar.write(&capture).unwrap();
        assert_eq!(Sidecar::read(&capture).unwrap(), Some(sidecar));
    }

    #[test]
    fn a_newer_one_is_refused_and_a_damaged_one_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("a.jpg");
        write_atomic(&path(&capture), br#"{"version": 99}"#).unwrap();
        assert!(matches!(Sidecar::read(&capture), Err(SidecarError::Newer(_, 99))));
        assert!(path(&capture).exists(), "the newer one stays as it was");
        write_atomic(&path(&capture), b"{ half").unwrap();
        let Err(SidecarError::Damaged(_, _, aside)) = Sidecar::read(&capture) else { panic!() };
        assert_eq!(fs::read(aside).unwrap(), b"{ half");
        assert_eq!(Sidecar::read(&capture).unwrap(), None);
    }
}
