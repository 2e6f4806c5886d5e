//! The book of a session: its takes as the client sees them, kept in step with the sidecars.

use super::contract::{Safety, Take, TakeId, Timing};
use crate::imaging::endings::is_raw;
use crate::score::{Facts, Kind};
use crate::session::journal::Original;
use crate::session::{Fetched, Session, Sidecar, naming, xmp};
use std::io;
use std::path::PathBuf;

/// The session and its takes.
pub(super) struct Book {
    /// The folder on the disk.
    pub(super) session: Session,
    takes: Vec<Take>,
    /// Name of the last file that the camera sent, from which the next name is guessed.
    last_original: Option<String>,
    /// The body that captures come from.
    pub(super) camera: String,
}

impl Book {
    /// Reads what the session's folder holds. The sentences say what could not be read.
    pub(super) fn open(session: Session) -> (Self, Vec<String>) {
        let mut this =
            Self { session, takes: Vec::new(), last_original: None, camera: String::new() };
        let mut troubles = Vec::new();
        for original in this.session.journal().originals().to_vec() {
            let Some(id) = this.add(&original) else { continue };
            this.last_original = Some(original.source.name.clone());
            let take = &mut this.takes[id];
            if !take.file.exists() {
                take.trouble = Some(format!(
                    "{} is missing from the Capture folder; copy it from the card or the second copy",
                    take.name
                ));
                continue;
            }
            match Sidecar::read(&take.file) {
                Ok(Some(sidecar)) => learn(take, sidecar),
                Ok(None) => {}
                Err(e) => troubles.push(e.to_string()),
            }
            // Stars that another program gave in the meantime.
            if let Some(marks) = xmp::read(&take.file) {
                take.rating = marks.rating;
                take.label = marks.label;
                if marks.flag != crate::session::Flag::None
                    || take.flag == crate::session::Flag::Reject
                {
                    take.flag = marks.flag;
                }
            }
        }
        (this, troubles)
    }

    /// Enters a stored original; none if it is the raw half of a take that is there.
    pub(super) fn add(&mut self, original: &Original) -> Option<TakeId> {
        let file = self.session.capture_folder().join(&original.file);
        let (stem, _) = naming::split(&original.file);
        if is_raw(&original.file)
            && let Some(take) = self.takes.iter_mut().find(|t| naming::split(&t.name).0 == stem)
        {
            take.companion = Some(file);
            return None;
        }
        let id = self.takes.len();
        let copied = |folder: &PathBuf| self.session.journal().is_copied(&original.file, folder);
        let second = self.session.settings().second_copy.as_ref().is_some_and(copied);
        self.takes.push(Take {
            id,
            name: original.file.clone(),
            file,
            companion: None,
            bytes: original.bytes,
            sha256: original.sha256.clone(),
            timing: Timing::default(),
            thumbnail: None,
            score: None,
            trouble: None,
            group: id,
            best: false,
            kind: Kind::Single,
            facts: Facts::default(),
            rating: 0,
            flag: crate::session::Flag::None,
            label: None,
            recipe: self.session.settings().next_recipe.clone(),
            calibration: None,
            safety: if second { Safety::TwoDisks } else { Safety::Disk },
        });
        Some(id)
    }

    /// Keeps an original and enters it.
    pub(super) fn store(
        &mut self,
        fetched: &Fetched<'_>,
    ) -> io::Result<(Original, Option<TakeId>)> {
        let original = self.session.store(fetched)?;
        let id = self.add(&original);
        if id.is_some() {
            self.last_original = Some(fetched.source.name.clone());
        }
        Ok((original, id))
    }

    /// All takes, in order of capture.
    pub(super) fn takes(&self) -> &[Take] {
        &self.takes
    }

    /// One take.
    pub(super) fn take(&self, id: TakeId) -> Option<&Take> {
        self.takes.get(id)
    }

    /// Changes a take without touching its sidecar; gives the take as it is then.
    pub(super) fn change(&mut self, id: TakeId, change: impl FnOnce(&mut Take)) -> Option<Take> {
        let take = self.takes.get_mut(id)?;
        change(take);
        Some(take.clone())
    }

    /// Writes what is known of a take beside its original.
    pub(super) fn keep(&self, id: TakeId) -> io::Result<()> {
        let Some(take) = self.takes.get(id) else { return Ok(()) };
        let mut sidecar = Sidecar::new(take.sha256.clone());
        sidecar.score = take.score.as_deref().cloned();
        sidecar.recipe.clone_from(&take.recipe);
        sidecar.rating = take.rating;
        sidecar.flag = take.flag;
        sidecar.label = take.label;
        sidecar.calibration.clone_from(&take.calibration);
        sidecar.write(&take.file)
    }

    /// Writes the marks of a take for other programs, and its place among the selects.
    pub(super) fn keep_marks(&self, id: TakeId) -> io::Result<()> {
        let Some(take) = self.takes.get(id) else { return Ok(()) };
        let marks = xmp::Marks { rating: take.rating, flag: take.flag, label: take.label };
        xmp::write(&take.file, marks)?;
        self.session.select(&take.name, take.flag == crate::session::Flag::Pick)
    }

    /// The name that the next capture gets. The camera's own next name is guessed by counting on.
    pub(super) fn next_name(&self) -> String {
        let original =
            self.last_original.as_deref().map_or_else(|| "DSC_0001.JPG".to_owned(), count_on);
        self.session.next_name(&original, &self.camera)
    }
}

/// What a sidecar says of a take.
fn learn(take: &mut Take, sidecar: Sidecar) {
    take.score = sidecar.score.map(std::sync::Arc::new);
    take.recipe = sidecar.recipe;
    take.rating = sidecar.rating;
    take.flag = sidecar.flag;
    take.label = sidecar.label;
    take.calibration = sidecar.calibration;
}

/// `DSC_0009.JPG` becomes `DSC_0010.JPG`; 9999 starts again at 0001, as cameras count.
fn count_on(name: &str) -> String {
    let (stem, ending) = naming::split(name);
    let digits = stem.chars().rev().take_while(char::is_ascii_digit).count();
    let (head, number) = stem.split_at(stem.len() - digits);
    let Ok(n) = number.parse::<u64>() else { return name.to_owned() };
    let next = if number.chars().all(|c| c == '9') { 1 } else { n + 1 };
    format!("{head}{next:0digits$}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::files::sha256;
    use crate::session::journal::Source;

    #[test]
    fn camera_names_count_on() {
        assert_eq!(count_on("DSC_0009.JPG"), "DSC_0010.JPG");
        assert_eq!(count_on("DSC_9999.JPG"), "DSC_0001.JPG");
        assert_eq!(count_on("ring.jpg"), "ring.jpg");
    }

    #[test]
    fn a_pair_is_one_take_and_marks_survive_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let store = |book: &mut Book, name: &str, bytes: &[u8]| {
            let source =
                Source { camera: "Nikon".into(), folder: "/DCIM".into(), name: name.into() };
            let sha256 = sha256(bytes);
            book.store(&Fetched { source: &source, bytes, sha256: &sha256, dated: None }).unwrap().1
        };
        let (mut book, _) = Book::open(Session::open(folder.path()).unwrap());
        let id = store(&mut book, "A_1.JPG", b"jpeg");
        assert_eq!(store(&mut book, "A_1.NEF", b"raw"), None);
        book.change(id.unwrap(), |t| {
            t.rating = 4;
            t.flag = crate::session::Flag::Pick;
        });
        book.keep(0).unwrap();
        book.keep_marks(0).unwrap();
        assert_eq!(book.next_name(), "A_2.JPG");
        drop(book);
        let (book, troubles) = Book::open(Session::open(folder.path()).unwrap());
        assert!(troubles.is_empty(), "{troubles:?}");
        assert_eq!(book.takes().len(), 1);
        let take = book.take(0).unwrap();
        assert_eq!((take.rating, take.flag), (4, crate::session::Flag::Pick));
        assert!(take.companion.is_some());
    }
}
