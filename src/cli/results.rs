//! Where results go: each to a file of its own, never over an original, over what is there only when asked.

use anyhow::{Result, ensure};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A name for each file's result in `folder`: its own with another ending. Files that are named alike, in two
/// folders or as the two halves of a RAW+JPEG pair, get a number: `ring.jpg`, `ring-2.jpg`.
pub(super) fn targets(files: &[PathBuf], folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut taken = BTreeSet::new();
    files
        .iter()
        .map(|file| {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let names =
                std::iter::once(stem.to_string()).chain((2_usize..).map(|n| format!("{stem}-{n}")));
            // Some file systems take `Ring` and `ring` for one.
            let mut free = names.filter(|name| taken.insert(name.to_lowercase()));
            folder.join(format!("{}.{ending}", free.next().unwrap_or_default()))
        })
        .collect()
}

/// The files that this run reads, which nothing may replace.
pub(super) struct Originals(BTreeSet<PathBuf>);

impl Originals {
    pub(super) fn new<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        Self(files.into_iter().filter_map(|file| file.canonicalize().ok()).collect())
    }

    /// Refuses a target that is an original, and one that is there unless it may be replaced.
    pub(super) fn spare(&self, target: &Path, replace: bool) -> Result<()> {
        let Ok(there) = target.canonicalize() else { return Ok(()) };
        ensure!(
            !self.0.contains(&there),
            "the result would replace the original {}; choose another place for it",
            target.display()
        );
        ensure!(
            replace,
            "{} is there already; say --replace, or choose another place for it",
            target.display()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_result_of_its_own() {
        let files = ["a/ring.CR3", "a/ring.JPG", "b/Ring.jpg", "b/ring-2.png", "pin.v2.jpg"];
        let got = targets(&files.map(PathBuf::from), Path::new("out"), "jpg");
        let expected = ["ring.jpg", "ring-2.jpg", "Ring-3.jpg", "ring-2-2.jpg", "pin.v2.jpg"];
        assert_eq!(got, expected.map(|name| Path::new("out").join(name)));
    }

    #[test]
    fn originals_are_spared_and_results_only_replaced_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let [raw, camera, old] = ["ring.cr3", "ring.jpg", "old.jpg"].map(|n| folder.path().join(n));
        for file in [&raw, &camera, &old] {
            crate::imaging::files::write_atomic(file, b"picture").unwrap();
        }
        let originals = Originals::new([&raw, &camera]);
        assert!(originals.spare(&camera, true).unwrap_err().to_string().contains("the original"));
        assert!(originals.spare(&old, false).unwrap_err().to_string().contains("--replace"));
        assert!(originals.spare(&old, true).is_ok());
        assert!(originals.spare(&folder.path().join("new.jpg"), false).is_ok());
    }
}
