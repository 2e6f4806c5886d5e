//! What a person's picks taught: the weights of the measures, in `weights.toml` in the user's own
//! configuration folder. They never leave it, are told whenever they change, and are forgotten at will.
//! They order proposals; a person's own marks are read here and never written.

use super::book::Book;
use super::contract::TakeId;
use crate::imaging::files::write_atomic;
use crate::score::{Kind, Weights};
use crate::session::Flag;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

/// The weights in force, and where they are kept.
pub(super) struct Taste {
    weights: Weights,
    file: Option<PathBuf>,
    /// Pairs that were learnt from in this run: picking, unpicking and picking again is one pick.
    learnt: BTreeSet<(TakeId, TakeId)>,
}

impl Taste {
    /// The weights of a file; those of the start where there is none, or none that can be read.
    pub(super) fn open(file: Option<PathBuf>) -> Self {
        let text = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        let weights = text.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default();
        Self { weights, file, learnt: BTreeSet::new() }
    }

    /// The weights in force.
    pub(super) fn weights(&self) -> Weights {
        self.weights
    }

    /// Learns from a take that was picked while another one of its group was proposed. None when there
    /// is nothing to learn, else whether the weights could be kept.
    pub(super) fn learn(&mut self, book: &Book, picked: TakeId) -> Option<io::Result<()>> {
        let take = book.take(picked)?;
        let judged = matches!(take.kind, Kind::Takes | Kind::Burst) && !take.best;
        if take.flag != Flag::Pick || !judged {
            return None;
        }
        let rival = |t: &&super::contract::Take| t.group == take.group && t.best;
        // Two that are both picked say nothing about each other.
        let proposed = book.takes().iter().find(rival).filter(|t| t.flag != Flag::Pick)?;
        let (a, b) = (take.score.as_deref()?, proposed.score.as_deref()?);
        if !self.learnt.insert((picked, proposed.id)) {
            return None;
        }
        self.weights.learn(a, b);
        Some(self.keep())
    }

    /// Back to the weights of the start.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.weights.reset();
        self.learnt.clear();
        self.keep()
    }

    fn keep(&self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let text = toml::to_string(&self.weights).map_err(io::Error::other)?;
        file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        write_atomic(file, text.as_bytes())
    }
}

/// The file in the folder that the environment variable `CULET_CONFIG` names, or in the user's own
/// configuration folder.
pub(super) fn file() -> Option<PathBuf> {
    let named = std::env::var_os("CULET_CONFIG").filter(|v| !v.is_empty()).map(PathBuf::from);
    let own = || directories::ProjectDirs::from("", "", "culet").map(|d| d.config_dir().to_owned());
    named.or_else(own).map(|folder| folder.join("weights.toml"))
}

/// The weights that a person's picks taught, as `culet judge` uses them.
pub fn learnt_weights() -> Weights {
    Taste::open(file()).weights()
}

/// Forgets what picks taught.
pub fn forget_picks() -> io::Result<()> {
    Taste::open(file()).forget()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Score;
    use crate::session::journal::Source;
    use crate::session::{Fetched, Session};
    use std::sync::Arc;

    fn score(focus: f32, lighting: f32) -> Arc<Score> {
        let mut score = Score::default();
        score.focus.reading.value = focus;
        score.lighting.reading.value = lighting;
        Arc::new(score)
    }

    /// Two takes of one thing: the sharper is proposed, the other better lit.
    fn book(folder: &std::path::Path) -> Book {
        let (mut book, _) = Book::open(Session::open(folder).unwrap());
        for (name, bytes) in [("A_1.JPG", b"one"), ("A_2.JPG", b"two")] {
            let source = Source { camera: "N".into(), folder: "/".into(), name: name.into() };
            let sha256 = crate::imaging::files::sha256(bytes);
            let fetched = Fetched { source: &source, bytes, sha256: &sha256, dated: None };
            book.store(&fetched).unwrap();
        }
        for (id, score, best) in [(0, score(0.9, 0.3), true), (1, score(0.5, 0.9), false)] {
            book.change(id, |t| {
                (t.score, t.best, t.group, t.kind) = (Some(score), best, 0, Kind::Takes);
                t.rating = 2;
            });
        }
        book
    }

    #[test]
    fn a_pick_against_the_proposal_moves_the_weights_once_and_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config/weights.toml");
        let mut book = book(folder.path());
        let mut taste = Taste::open(Some(file.clone()));
        assert!(taste.learn(&book, 1).is_none(), "not picked yet");
        book.change(1, |t| t.flag = Flag::Pick);
        taste.learn(&book, 1).unwrap().unwrap();
        let moved = taste.weights();
        assert!(moved.lighting > Weights::default().lighting && moved.picks == 1, "{moved:?}");
        assert!(taste.learn(&book, 1).is_none(), "the same pick twice is one");
        assert_eq!(Taste::open(Some(file.clone())).weights(), moved);
        assert!(book.takes().iter().all(|t| t.rating == 2));
        taste.forget().unwrap();
        assert_eq!(Taste::open(Some(file)).weights(), Weights::default());
    }

    #[test]
    fn picking_what_was_proposed_or_both_teaches_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = book(folder.path());
        let mut taste = Taste::open(None);
        book.change(0, |t| t.flag = Flag::Pick);
        assert!(taste.learn(&book, 0).is_none());
        book.change(1, |t| t.flag = Flag::Pick);
        assert!(taste.learn(&book, 1).is_none());
    }

    #[test]
    fn a_damaged_file_is_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights.toml");
        write_atomic(&file, b"focus = \"much\"").unwrap();
        assert_eq!(Taste::open(Some(file)).weights(), Weights::default());
    }
}
