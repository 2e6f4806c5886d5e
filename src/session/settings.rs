//! What a session remembers of how it is shot: `culet-session.toml` in its folder.

use crate::imaging::files::write_atomic;
use crate::retouch::Recipe;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const VERSION: u32 = 1;

/// How a session is shot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Format.
    pub version: u32,
    /// Names of captures, see [`super::naming`].
    pub pattern: String,
    /// The piece in front of the camera.
    pub sku: String,
    /// Folder of the second copy.
    pub second_copy: Option<PathBuf>,
    /// The edit that captures get by themselves.
    pub next_recipe: Option<Recipe>,
    /// The calibration in force, by its file name in the session folder.
    pub calibration: Option<String>,
    /// The falloff of the light, by its file name in the session folder.
    pub flat_field: Option<String>,
    /// The capture that shows the set without the piece, by its file name.
    pub empty_set: Option<String>,
    /// What the watched strip of live view read when it was made: linear, the camera's primaries.
    pub light_baseline: Option<[f32; 3]>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: VERSION,
            pattern: "{original}".to_owned(),
            sku: String::new(),
            second_copy: None,
            next_recipe: None,
            calibration: None,
            flat_field: None,
            empty_set: None,
            light_baseline: None,
        }
    }
}

/// Why a session file was not used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A later Culet wrote it.
    #[error(
        "the session is of version {0}; this Culet reads up to {VERSION}: update Culet, nothing was changed"
    )]
    Newer(u32),
    /// It cannot be understood.
    #[error("{0} cannot be read ({1}); correct it, or move it away to begin with defaults")]
    Damaged(PathBuf, String),
}

impl Settings {
    /// Reads those of a session folder; the defaults where there are none.
    pub fn read(folder: &Path) -> Result<Self, SettingsError> {
        let path = path(folder);
        let damaged = |why: String| SettingsError::Damaged(path.clone(), why);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(damaged(e.to_string())),
        };
        let settings: Self = toml::from_str(&text).map_err(|e| damaged(e.to_string()))?;
        if settings.version > VERSION {
            return Err(SettingsError::Newer(settings.version));
        }
        Ok(settings)
    }

    /// Writes them whole.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let text = toml::to_string_pretty(self).map_err(io::Error::other)?;
        write_atomic(&path(folder), text.as_bytes())
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("culet-session.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_and_a_newer_or_damaged_file_is_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { sku: "R-7".to_owned(), ..Settings::default() };
        settings.write(folder.path()).unwrap();
        assert_eq!(Settings::read(folder.path()).unwrap(), settings);
        write_atomic(&path(folder.path()), b"version = 9").unwrap();
        assert!(matches!(Settings::read(folder.path()), Err(SettingsError::Newer(9))));
        write_atomic(&path(folder.path()), b"version = \"").unwrap();
        assert!(matches!(Settings::read(folder.path()), Err(SettingsError::Damaged(..))));
    }
}
