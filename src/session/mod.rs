//! The shoot on disk: `Capture` holds originals that are never written to again, `Output` holds
//! what is made from them. A sidecar lies beside each original.

use crate::imaging::files::{sha256, write_atomic};
use crate::retouch::Recipe;
use crate::score::Score;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A person's choice between takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Not decided.
    #[default]
    None,
    /// A keeper.
    Pick,
    /// Not wanted; the file stays.
    Reject,
}

/// Colour labels, as Lightroom, darktable and Capture One name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are colours")]
pub enum Label {
    Red,
    Yellow,
    Green,
    Blue,
}

/// What Culet knows of a capture, kept beside it as `NAME.culet.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Hash of the original.
    pub sha256: String,
    /// Its scores.
    pub score: Option<Score>,
    /// Its edit, if there is one.
    pub recipe: Option<Recipe>,
    /// Stars that a person gave, 0 to 5.
    pub rating: u8,
}

/// A stored original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it lies.
    pub file: PathBuf,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A session folder.
pub struct Session {
    folder: PathBuf,
}

impl Session {
    /// Opens or makes the folder; what is in it stays.
    pub fn open(folder: &Path) -> io::Result<Self> {
        for sub in ["Capture", "Output"] {
            fs::create_dir_all(folder.join(sub))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path for something made from the captures.
    pub fn output(&self, name: &str) -> PathBuf {
        self.folder.join("Output").join(name)
    }

    /// Keeps an original under its camera's name; a name that is taken gets a number, so nothing is
    /// ever replaced. The bytes are on the disk when this returns.
    pub fn store(&self, name: &str, bytes: &[u8]) -> io::Result<Stored> {
        let safe: String =
            name.chars().filter(|c| c.is_alphanumeric() || "._-".contains(*c)).collect();
        let safe = safe.trim_start_matches('.');
        let (stem, extension) = safe.rsplit_once('.').unwrap_or((safe, "bin"));
        let folder = self.folder.join("Capture");
        let mut file = folder.join(format!("{stem}.{extension}"));
        for n in 2.. {
            if !file.exists() {
                break;
            }
            file = folder.join(format!("{stem}-{n}.{extension}"));
        }
        write_atomic(&file, bytes)?;
        Ok(Stored { file, sha256: sha256(bytes) })
    }

    /// Writes the sidecar of a capture.
    pub fn write_sidecar(&self, capture: &Path, sidecar: &Sidecar) -> io::Result<()> {
        write_atomic(&sidecar_path(capture), &serde_json::to_vec_pretty(sidecar)?)
    }
}

/// Where the sidecar of a capture lies.
pub fn sidecar_path(capture: &Path) -> PathBuf {
    let mut name = capture.as_os_str().to_owned();
    name.push(".culet.json");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let session = Session::open(folder.path()).unwrap();
        let one = session.store("DSC_0001.JPG", b"one").unwrap();
        let two = session.store("DSC_0001.JPG", b"two").unwrap();
        assert_ne!(one.file, two.file);
        assert_eq!(fs::read(&one.file).unwrap(), b"one");
        let outside = session.store("../../evil.jpg", b"x").unwrap();
        assert!(outside.file.starts_with(folder.path().join("Capture")), "{outside:?}");
    }

    #[test]
    fn a_sidecar_survives() {
        let folder = tempfile::tempdir().unwrap();
        let session = Session::open(folder.path()).unwrap();
        let stored = session.store("a.jpg", b"x").unwrap();
        let sidecar =
            Sidecar { sha256: stored.sha256, score: None, recipe: Some(Recipe::default()), rating: 4 };
        session.write_sidecar(&stored.file, &sidecar).unwrap();
        let text = fs::read(sidecar_path(&stored.file)).unwrap();
        assert_eq!(serde_json::from_slice::<Sidecar>(&text).unwrap(), sidecar);
    }
}
