//! Rendered layers in the user's cache folder. The cache is only ever a shortcut: what is missing,
//! damaged or of another version is rendered again, and a folder that cannot be written is no error.

use super::scene::Setup;
use super::trace::{Layers, Quality, pack, unpack};
use crate::imaging::files;
use std::path::PathBuf;

/// Goes up with every change of what a set-up renders to.
const SCENE_VERSION: u32 = 1;
/// What the names of all files begin with.
const PREFIX: &str = "practice-";

/// A folder of rendered layers.
#[derive(Clone, Debug, Default)]
pub struct Cache(Option<PathBuf>);

impl Cache {
    /// Keeps nothing.
    pub const NONE: Cache = Cache(None);

    /// The folder named by the environment variable `CULET_CACHE`, or the user's own cache folder.
    pub fn user() -> Cache {
        let named = std::env::var_os("CULET_CACHE").filter(|v| !v.is_empty()).map(PathBuf::from);
        let own =
            || directories::ProjectDirs::from("", "", "culet").map(|d| d.cache_dir().to_owned());
        Cache(named.or_else(own))
    }

    /// A folder of the caller's choice.
    pub fn at(folder: impl Into<PathBuf>) -> Cache {
        Cache(Some(folder.into()))
    }

    fn path(&self, setup: &Setup, (w, h): (usize, usize), quality: Quality) -> Option<PathBuf> {
        let key = files::sha256(format!("{setup:?} {quality:?}").as_bytes());
        let name = format!("{PREFIX}{SCENE_VERSION}-{w}x{h}-{}.layers", &key[..24]);
        self.0.as_ref().map(|folder| folder.join(name))
    }

    /// Layers that were kept; none when there are none that are whole.
    pub(crate) fn load(
        &self,
        setup: &Setup,
        size: (usize, usize),
        quality: Quality,
    ) -> Option<Layers> {
        let path = self.path(setup, size, quality)?;
        let layers = unpack(&std::fs::read(&path).ok()?);
        match &layers {
            Some(l) if (l.w, l.h) == size => layers,
            _ => {
                tracing::info!("{} is damaged and will be made again", path.display());
                None
            }
        }
    }

    /// Keeps layers; what cannot be written is rendered again next time.
    pub(crate) fn store(&self, setup: &Setup, quality: Quality, layers: &Layers) {
        let Some(path) = self.path(setup, (layers.w, layers.h), quality) else { return };
        let Some(folder) = path.parent() else { return };
        let written = std::fs::create_dir_all(folder).and_then(|()| {
            let packed = pack(layers).ok_or(std::io::ErrorKind::InvalidInput)?;
            files::write_atomic(&path, &packed)
        });
        match written {
            Ok(()) => self.forget_other_versions(),
            Err(e) => tracing::info!("the practice scene is not kept in {}: {e}", folder.display()),
        }
    }

    /// Removes what versions before left.
    fn forget_other_versions(&self) {
        let current = format!("{PREFIX}{SCENE_VERSION}-");
        let Some(Ok(entries)) = self.0.as_ref().map(std::fs::read_dir) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(PREFIX) && name.ends_with(".layers") && !name.starts_with(&current)
            {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scene;
    use super::super::scene::{Sampling, Stage};
    use super::*;

    #[test]
    fn a_damaged_file_is_no_error_and_old_versions_go() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let setup = Scene::default().setup();
        let stage = Stage::new(setup.clone(), Sampling { cells: (16, 16), rays: 2 });
        let layers = Layers::render(&stage, 48, 32, Quality::FIRST);
        let old = folder.path().join("practice-0-48x32-aa.layers");
        files::write_atomic(&old, b"old").unwrap();
        cache.store(&setup, Quality::FIRST, &layers);
        assert!(!old.exists());
        assert!(cache.load(&setup, (48, 32), Quality::FIRST).is_some());
        assert!(cache.load(&setup, (48, 32), Quality::GOOD).is_none());
        let path = cache.path(&setup, (48, 32), Quality::FIRST).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        files::write_atomic(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(cache.load(&setup, (48, 32), Quality::FIRST).is_none());
        assert!(Cache::NONE.load(&setup, (48, 32), Quality::FIRST).is_none());
    }
}
