//! A second copy of an original in another folder, read back and compared by hash.

use super::journal::Original;
use crate::imaging::files::{sha256_file, write_atomic};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why there is no second copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The original on the session's disk is not what was stored.
    #[error("{0} no longer has the hash that was stored; copy it from the card again")]
    Changed(PathBuf),
    /// Another file of that name is there.
    #[error("{0} is another file; move it away or choose another folder for second copies")]
    Taken(PathBuf),
    /// The copy reads back differently.
    #[error("{0} reads back differently from what was written; that disk is failing")]
    Differs(PathBuf),
    /// The original cannot be read.
    #[error("{0} cannot be read ({1}); copy it from the card again")]
    Lost(PathBuf, #[source] io::Error),
    /// The other folder refuses.
    #[error(
        "{0} cannot be written ({1}); make room there or connect its disk, everything is copied then"
    )]
    Refused(PathBuf, #[source] io::Error),
}

/// Copies an original from `from` into `to` and compares what was written by hash. One that is
/// there already and equal is left alone.
pub fn copy_verified(original: &Original, from: &Path, to: &Path) -> Result<(), CopyError> {
    let (source, target) = (from.join(&original.file), to.join(&original.file));
    let failed = |e: io::Error| CopyError::Refused(to.to_owned(), e);
    if target.exists() {
        let same = sha256_file(&target).map_err(failed)? == original.sha256;
        return if same { Ok(()) } else { Err(CopyError::Taken(target)) };
    }
    let bytes = fs::read(&source).map_err(|e| CopyError::Lost(source.clone(), e))?;
    if crate::imaging::files::sha256(&bytes) != original.sha256 {
        return Err(CopyError::Changed(source));
    }
    fs::create_dir_all(to).map_err(failed)?;
    write_atomic(&target, &bytes).map_err(failed)?;
    if sha256_file(&target).map_err(failed)? == original.sha256 {
        Ok(())
    } else {
        Err(CopyError::Differs(target))
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::Source;
    use super::*;
    use crate::imaging::files::sha256;

    #[test]
    fn a_copy_is_equal_and_never_replaces_another_file() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write_atomic(&from.path().join("a.jpg"), b"abc").unwrap();
        let source = Source { camera: String::new(), folder: String::new(), name: String::new() };
        let original =
            Original { source, file: "a.jpg".to_owned(), bytes: 3, sha256: sha256(b"abc") };
        let second = to.path().join("deep/second");
        copy_verified(&original, from.path(), &second).unwrap();
        copy_verified(&original, from.path(), &second).unwrap();
        assert_eq!(fs::read(second.join("a.jpg")).unwrap(), b"abc");
        write_atomic(&second.join("a.jpg"), b"other").unwrap();
        let refused = copy_verified(&original, from.path(), &second);
        assert!(matches!(refused, Err(CopyError::Taken(_))), "{refused:?}");
        write_atomic(&from.path().join("a.jpg"), b"rot").unwrap();
        let refused = copy_verified(&original, from.path(), to.path());
        assert!(matches!(refused, Err(CopyError::Changed(_))), "{refused:?}");
        fs::remove_file(from.path().join("a.jpg")).unwrap();
        let lost = copy_verified(&original, from.path(), to.path());
        assert!(matches!(lost, Err(CopyError::Lost(..))), "{lost:?}");
    }
}
