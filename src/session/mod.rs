//! The shoot on disk.
//!
//! ```text
//! SESSION/
//!   Capture/            originals as they came, never written to again
//!     R-1042_0007.JPG
//!     R-1042_0007.JPG.culet.json   scores, marks, the edit
//!     R-1042_0007.xmp              stars and label for other programs
//!   Selects/            links to the picks
//!   Output/             what is made from the captures
//!   culet-session.toml  naming, second copy
//!   culet-journal.jsonl what happened to every capture
//! ```

pub mod clock;
mod copy;
pub mod journal;
pub mod naming;
mod settings;
pub mod sidecar;
pub mod xmp;

pub use clock::Moment;
pub use settings::Settings;
pub use sidecar::{Sidecar, SidecarError};

use crate::imaging::files::{TEMPORARY, sha256_file, write_atomic};
use journal::{Entry, Fate, Journal, Original, Source};
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

impl Label {
    /// All, in the order of the keys 6 to 9.
    pub const ALL: [Self; 4] = [Self::Red, Self::Yellow, Self::Green, Self::Blue];

    /// The name in XMP.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Red => "Red",
            Self::Yellow => "Yellow",
            Self::Green => "Green",
            Self::Blue => "Blue",
        }
    }

    /// From its name in XMP.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.name().eq_ignore_ascii_case(name.trim()))
    }
}

/// Why a session folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Another Culet works in it.
    #[error("{0} is open in another Culet; close that one or choose another folder")]
    Busy(PathBuf),
    /// It cannot be written.
    #[error(
        "{0} cannot be written ({1}); choose another folder, or mend its permissions or its disk"
    )]
    Unwritable(PathBuf, io::Error),
    /// Its settings file is of a later version or damaged.
    #[error("{0}")]
    Settings(#[from] settings::SettingsError),
}

/// A file on a card as the camera lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which file.
    pub source: Source,
    /// Its size, when the camera says.
    pub bytes: Option<u64>,
    /// When it was written by the camera's clock, seconds since 1970, when the camera says.
    pub dated: Option<i64>,
}

/// A file as it came from the camera.
#[derive(Clone, Copy, Debug)]
pub struct Fetched<'a> {
    /// Which file.
    pub source: &'a Source,
    /// Its content.
    pub bytes: &'a [u8],
    /// SHA-256 of that in hexadecimal.
    pub sha256: &'a str,
    /// As in [`Listed`].
    pub dated: Option<i64>,
}

/// Time zones differ by quarters of an hour, and by a day and a bit at most.
const QUARTER: i64 = 900;
const DAY: i64 = 26 * 3600;

/// An open session folder. Only one program may have it open.
pub struct Session {
    folder: PathBuf,
    settings: Settings,
    journal: Journal,
    /// Files in the Capture folder that the journal does not know, with their sizes: a crash came
    /// between the two.
    strays: Vec<(String, u64)>,
    _lock: fs::File,
}

impl Session {
    /// Opens or makes the folder; what is in it stays.
    pub fn open(folder: &Path) -> Result<Self, SessionError> {
        let unwritable = |e: io::Error| SessionError::Unwritable(folder.to_owned(), e);
        for sub in ["Capture", "Selects", "Output"] {
            fs::create_dir_all(folder.join(sub)).map_err(unwritable)?;
        }
        let lock = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join(".culet-lock"))
            .map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(SessionError::Busy(folder.to_owned())),
            // A file system without locks: go on, as other programs do.
            Err(fs::TryLockError::Error(e)) => tracing::warn!("no lock on the session: {e}"),
        }
        let settings = Settings::read(folder)?;
        let journal = Journal::open(&folder.join("culet-journal.jsonl")).map_err(unwritable)?;
        let strays = strays(&folder.join("Capture"), &journal);
        Ok(Self { folder: folder.to_owned(), settings, journal, strays, _lock: lock })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its name, for `{session}`.
    pub fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Where originals lie.
    pub fn capture_folder(&self) -> PathBuf {
        self.folder.join("Capture")
    }

    /// A path for something made from the captures.
    pub fn output(&self, name: &str) -> PathBuf {
        self.folder.join("Output").join(name)
    }

    /// Naming and second copy.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes and keeps them.
    pub fn change_settings(&mut self, change: impl FnOnce(&mut Settings)) -> io::Result<()> {
        change(&mut self.settings);
        self.settings.write(&self.folder)
    }

    /// What happened to the captures.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The name that the next capture gets, when the camera's own name is known.
    pub fn next_name(&self, original: &str, camera: &str) -> String {
        let (_, ending) = naming::split(original);
        let stem = self.free_stem(original, camera);
        if ending.is_empty() { stem } else { format!("{stem}.{}", naming::safe(ending)) }
    }

    /// Notes what lies on a card that this session meets for the first time: none of it is ours,
    /// but for what was announced meanwhile. On a card that it knows, what is new there was missed
    /// and is wanted.
    pub fn meet(
        &mut self,
        camera: &str,
        on_card: &[Listed],
        announced: &[Source],
    ) -> io::Result<Vec<Source>> {
        let known = self.journal.knows(camera);
        let shift = self.clock_shift(on_card);
        let news = on_card
            .iter()
            .filter(|l| self.journal.is_news(&l.source, l.bytes, l.dated.map(|date| date - shift)));
        let mut entries: Vec<Entry> = news
            .map(|listed| {
                let Listed { source, bytes, dated } = listed.clone();
                if known || announced.contains(&source) {
                    Entry::Announced { source }
                } else {
                    Entry::Seen { source, bytes, dated }
                }
            })
            .collect();
        if !known {
            // Last: a list that a crash cut off is made again.
            entries.push(Entry::Met { camera: camera.to_owned() });
        }
        if !entries.is_empty() {
            self.journal.write_all(entries)?;
        }
        Ok(self.journal.wanted(camera))
    }

    /// By how many seconds all dates of a card differ from what was noted. Cards keep the time of
    /// day, so this computer's time zone moves all of them by the same quarters of an hour; a card
    /// that was formatted has dates of its own.
    fn clock_shift(&self, on_card: &[Listed]) -> i64 {
        let moved = |l: &Listed| self.journal.moved(&l.source, l.dated);
        let mut shifts = on_card.iter().filter_map(moved);
        let Some(first) = shifts.next() else { return 0 };
        let is_zone = first % QUARTER == 0 && first.abs() <= DAY && shifts.all(|s| s == first);
        if is_zone { first } else { 0 }
    }

    /// Files of a body that were announced and are not stored.
    pub fn wanted(&self, camera: &str) -> Vec<Source> {
        self.journal.wanted(camera)
    }

    /// Notes an announcement before the file is fetched. False when a file of that name was stored:
    /// the event may have come twice, or the card may have been formatted; its bytes tell.
    pub fn announce(&mut self, source: &Source) -> io::Result<bool> {
        match self.journal.fate(source) {
            Some(Fate::Stored) => Ok(false),
            Some(Fate::Wanted) => Ok(true),
            // The camera says that it is new, so a file of that name from before is another one.
            None | Some(Fate::Old | Fate::Missing) => {
                self.journal.write(Entry::Announced { source: source.clone() })?;
                Ok(true)
            }
        }
    }

    /// Whether the bytes of this hash were stored from this place already.
    pub fn has(&self, source: &Source, sha256: &str) -> bool {
        self.journal.originals().iter().any(|o| o.source == *source && o.sha256 == sha256)
    }

    /// Notes that a file which was fetched again is the one that is stored.
    pub fn note_same(&mut self, fetched: &Fetched<'_>) -> io::Result<()> {
        let Fetched { source, bytes, dated, .. } = *fetched;
        let known = self.journal.fate(source) == Some(Fate::Stored)
            && !self.journal.is_news(source, Some(bytes.len() as u64), dated);
        if known {
            return Ok(());
        }
        let bytes = bytes.len() as u64;
        self.journal.write(Entry::Same { source: source.clone(), bytes, dated })
    }

    /// Notes that a file is gone from the card.
    pub fn miss(&mut self, source: &Source) -> io::Result<()> {
        self.journal.write(Entry::Missing { source: source.clone() })
    }

    /// Keeps an original. The bytes are on the disk and the journal knows when this returns; a name
    /// that is taken gets a number, so nothing is ever replaced. The raw half of a pair keeps the
    /// name of its JPEG.
    pub fn store(&mut self, fetched: &Fetched<'_>) -> io::Result<Original> {
        let Fetched { source, bytes, sha256, dated } = *fetched;
        let (own_stem, ending) = naming::split(&source.name);
        let ending = naming::safe(ending);
        let partner = self.partner(source, own_stem);
        let stem = match partner {
            Some(stem) => stem,
            None => self.free_stem(&source.name, &source.camera),
        };
        let ending = if ending.is_empty() { "bin".to_owned() } else { ending };
        let file = match self.stray(&ending, bytes.len() as u64, sha256) {
            Some(file) => file,
            None => self.keep(&stem, &ending, bytes)?,
        };
        let original = Original {
            source: source.clone(),
            file,
            bytes: bytes.len() as u64,
            sha256: sha256.to_owned(),
        };
        self.journal.write(Entry::Stored {
            source: original.source.clone(),
            file: original.file.clone(),
            bytes: original.bytes,
            sha256: original.sha256.clone(),
            dated,
        })?;
        self.strays.retain(|(name, _)| *name != original.file);
        Ok(original)
    }

    /// Writes a file that the journal is to hear of next; it is a stray until then.
    fn keep(&mut self, stem: &str, ending: &str, bytes: &[u8]) -> io::Result<String> {
        let file = self.free(stem, ending);
        write_atomic(&self.capture_folder().join(&file), bytes)?;
        self.strays.push((file.clone(), bytes.len() as u64));
        Ok(file)
    }

    /// A file with these bytes that was kept before a crash or a full disk hindered the journal.
    fn stray(&self, ending: &str, bytes: u64, hash: &str) -> Option<String> {
        let folder = self.capture_folder();
        let alike = |(name, size): &&(String, u64)| {
            *size == bytes
                && naming::split(name).1 == ending
                && sha256_file(&folder.join(name)).is_ok_and(|h| h == hash)
        };
        self.strays.iter().find(alike).map(|(name, _)| name.clone())
    }

    /// The stem of the other half of a RAW+JPEG pair that is stored already.
    fn partner(&self, source: &Source, own_stem: &str) -> Option<String> {
        let ours = self.journal.originals().iter().rev().find(|o| {
            o.source.camera == source.camera
                && o.source.folder == source.folder
                && o.source.name != source.name
                && naming::split(&o.source.name).0 == own_stem
        })?;
        Some(naming::split(&ours.file).0.to_owned())
    }

    fn free(&self, stem: &str, ending: &str) -> String {
        let folder = self.capture_folder();
        let names = std::iter::once(format!("{stem}.{ending}"))
            .chain((2_u32..).map(|n| format!("{stem}-{n}.{ending}")));
        let mut free = names.filter(|name| !folder.join(name).exists());
        free.next().unwrap_or_default()
    }

    /// The pattern's name, or the first free one after it; also free of other endings, so that a
    /// picture never becomes half of a pair that it is not.
    fn free_stem(&self, original: &str, camera: &str) -> String {
        let facts = naming::Facts {
            original,
            sku: &self.settings.sku,
            counter: self.journal.originals().len() as u32 + 1,
            session: &self.name(),
            camera,
            at: Moment::now(),
        };
        let stem = naming::stem(&self.settings.pattern, &facts).unwrap_or_else(|e| {
            // The pattern was checked when it was set; a session file edited by hand may differ.
            tracing::warn!("{e}");
            naming::safe(naming::split(original).0)
        });
        let taken =
            |stem: &str| self.journal.originals().iter().any(|o| naming::split(&o.file).0 == stem);
        if !taken(&stem) {
            return stem;
        }
        let mut free = (2_u32..).map(|n| format!("{stem}-{n}")).filter(|s| !taken(s));
        free.next().unwrap_or(stem)
    }

    /// Originals that still need their copy in the second folder.
    pub fn uncopied(&self) -> impl Iterator<Item = &Original> {
        let folder = self.settings.second_copy.as_ref();
        let open = move |o: &&Original| folder.is_some_and(|f| !self.journal.is_copied(&o.file, f));
        self.journal.originals().iter().filter(open)
    }

    /// Notes a copy that was read back and compared.
    pub fn note_copy(&mut self, file: &str, folder: &Path) -> io::Result<()> {
        self.journal.write(Entry::Copied { file: file.to_owned(), folder: folder.to_owned() })
    }

    /// Shows a pick in the Selects folder as a link, or takes it out.
    pub fn select(&self, file: &str, picked: bool) -> io::Result<()> {
        let link = self.folder.join("Selects").join(file);
        if !picked {
            return match fs::remove_file(&link) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
                _ => Ok(()),
            };
        }
        if link.exists() {
            return Ok(());
        }
        let original = self.capture_folder().join(file);
        // A second name costs no space; a file system without them gets a copy.
        fs::hard_link(&original, &link).or_else(|_| fs::copy(&original, &link).map(drop))
    }
}

/// Files that the journal does not know. What a crash left of files that were being written is
/// removed: the session is locked, so nobody writes them any more.
fn strays(capture: &Path, journal: &Journal) -> Vec<(String, u64)> {
    let mut strays = Vec::new();
    for entry in fs::read_dir(capture).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Some(meta) = entry.metadata().ok().filter(fs::Metadata::is_file) else { continue };
        if name.starts_with(TEMPORARY) {
            fs::remove_file(entry.path()).ok();
        } else if !journal.has_file(&name) && !name.ends_with(".json") && !name.ends_with(".xmp") {
            strays.push((name, meta.len()));
        }
    }
    strays.sort();
    strays
}

pub use copy::{CopyError, copy_verified};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::files::sha256;

    fn source(name: &str) -> Source {
        Source { camera: "Nikon".into(), folder: "/DCIM".into(), name: name.into() }
    }

    /// Stores bytes as they come from the camera.
    fn store(session: &mut Session, source: &Source, bytes: &[u8]) -> io::Result<Original> {
        session.store(&Fetched { source, bytes, sha256: &sha256(bytes), dated: None })
    }

    fn session() -> (tempfile::TempDir, Session) {
        let folder = tempfile::tempdir().unwrap();
        let session = Session::open(folder.path()).unwrap();
        (folder, session)
    }

    #[test]
    fn a_name_that_is_taken_is_never_replaced() {
        let (folder, mut session) = session();
        let one = store(&mut session, &source("DSC_0001.JPG"), b"one").unwrap();
        let other = Source { folder: "/DCIM/101".into(), ..source("DSC_0001.JPG") };
        let two = store(&mut session, &other, b"two").unwrap();
        assert_ne!(one.file, two.file);
        assert_eq!(fs::read(session.capture_folder().join(&one.file)).unwrap(), b"one");
        let outside = store(&mut session, &source("../../evil.jpg"), b"x").unwrap();
        let path = session.capture_folder().join(outside.file);
        assert!(path.canonicalize().unwrap().starts_with(folder.path().canonicalize().unwrap()));
    }

    #[test]
    fn a_pair_keeps_one_name_whatever_the_pattern() {
        let (_folder, mut session) = session();
        session
            .change_settings(|s| {
                s.pattern = "{sku}_{counter:3}".to_owned();
                s.sku = "R9".to_owned();
            })
            .unwrap();
        let jpeg = store(&mut session, &source("DSC_0001.JPG"), b"j").unwrap();
        let raw = store(&mut session, &source("DSC_0001.NEF"), b"r").unwrap();
        let next = store(&mut session, &source("DSC_0002.JPG"), b"n").unwrap();
        assert_eq!((jpeg.file.as_str(), raw.file.as_str()), ("R9_001.JPG", "R9_001.NEF"));
        assert_ne!(naming::split(&next.file).0, "R9_001");
    }

    #[test]
    fn what_was_on_the_card_before_is_not_ours_and_what_was_missed_is() {
        let (folder, mut session) = session();
        let listed = |name| Listed { source: source(name), bytes: Some(3), dated: None };
        assert!(session.meet("Nikon", &[listed("OLD.JPG")], &[]).unwrap().is_empty());
        assert!(session.announce(&source("A.JPG")).unwrap());
        store(&mut session, &source("A.JPG"), b"abc").unwrap();
        let has = |bytes| session.has(&source("A.JPG"), &sha256(bytes));
        assert!(has(b"abc") && !has(b"new"));
        assert!(!session.announce(&source("A.JPG")).unwrap(), "told twice, stored once");
        drop(session);
        let mut session = Session::open(folder.path()).unwrap();
        let on_card = [listed("OLD.JPG"), listed("A.JPG"), listed("B.JPG")];
        assert_eq!(session.meet("Nikon", &on_card, &[]).unwrap(), [source("B.JPG")]);
    }

    /// The card was formatted while the cable was out, and by chance the new file of the old name is
    /// as long as the old one: its date tells. A computer in another time zone does not.
    #[test]
    fn a_formatted_card_is_known_by_its_dates() {
        let (_folder, mut session) = session();
        session.meet("Nikon", &[], &[]).unwrap();
        let listed = |name: &str, dated| Listed { source: source(name), bytes: Some(3), dated };
        for (name, bytes, date) in [("A.JPG", b"abc", 1_000), ("B.JPG", b"xyz", 2_000)] {
            session.announce(&source(name)).unwrap();
            let (source, sha256) = (source(name), sha256(bytes));
            let fetched = Fetched { source: &source, bytes, sha256: &sha256, dated: Some(date) };
            session.store(&fetched).unwrap();
        }
        let zone = [listed("A.JPG", Some(1_000 + 7200)), listed("B.JPG", Some(2_000 + 7200))];
        assert!(session.meet("Nikon", &zone, &[]).unwrap().is_empty(), "two hours east");
        let formatted = [listed("A.JPG", Some(5_000))];
        assert_eq!(session.meet("Nikon", &formatted, &[]).unwrap(), [source("A.JPG")]);
        // It is the same file after all: that is noted, and it is not asked for again.
        let (a, sha256) = (source("A.JPG"), sha256(b"abc"));
        let same = Fetched { source: &a, bytes: b"abc", sha256: &sha256, dated: Some(5_000) };
        assert!(session.has(&a, &sha256));
        session.note_same(&same).unwrap();
        assert!(session.meet("Nikon", &formatted, &[]).unwrap().is_empty());
        assert_eq!(session.journal().originals().len(), 2);
    }

    #[test]
    fn an_empty_card_is_known_afterwards() {
        let (_folder, mut session) = session();
        assert!(session.meet("Nikon", &[], &[]).unwrap().is_empty());
        let listed = [Listed { source: source("B.JPG"), bytes: None, dated: None }];
        assert_eq!(session.meet("Nikon", &listed, &[]).unwrap(), [source("B.JPG")]);
    }

    #[test]
    fn what_is_announced_before_the_card_was_met_is_ours() {
        let (_folder, mut session) = session();
        // The disk was full when the camera was connected, so its card was not met.
        session.announce(&source("A.JPG")).unwrap();
        let listed = ["OLD.JPG", "A.JPG", "B.JPG"].map(|n| Listed {
            source: source(n),
            bytes: Some(3),
            dated: None,
        });
        let wanted = session.meet("Nikon", &listed, &[source("B.JPG")]).unwrap();
        assert_eq!(wanted, [source("A.JPG"), source("B.JPG")]);
    }

    /// Killed between the file and its line in the journal: the file is not stored a second time.
    #[test]
    fn a_file_that_the_journal_missed_is_taken_up_again() {
        let (folder, mut session) = session();
        session.announce(&source("A.JPG")).unwrap();
        drop(session);
        let capture = folder.path().join("Capture");
        write_atomic(&capture.join("A.JPG"), b"abc").unwrap();
        write_atomic(&capture.join(format!("{TEMPORARY}x1y2z3")), b"ab").unwrap();
        let mut session = Session::open(folder.path()).unwrap();
        assert_eq!(store(&mut session, &source("A.JPG"), b"abc").unwrap().file, "A.JPG");
        assert_eq!(fs::read_dir(&capture).unwrap().count(), 1, "no copy, no crumb");
        // Another picture of that name is another file.
        assert_eq!(store(&mut session, &source("A.JPG"), b"xyz").unwrap().file, "A-2.JPG");
        assert_eq!(fs::read(capture.join("A.JPG")).unwrap(), b"abc");
    }

    #[test]
    fn two_programs_do_not_share_a_session() {
        let (folder, _session) = session();
        assert!(matches!(Session::open(folder.path()), Err(SessionError::Busy(_))));
    }

    #[test]
    fn a_pick_is_linked_and_a_reject_stays_where_it_is() {
        let (folder, mut session) = session();
        let stored = store(&mut session, &source("A.JPG"), b"a").unwrap();
        session.select(&stored.file, true).unwrap();
        session.select(&stored.file, true).unwrap();
        let link = folder.path().join("Selects/A.JPG");
        assert_eq!(fs::read(&link).unwrap(), b"a");
        session.select(&stored.file, false).unwrap();
        assert!(!link.exists() && session.capture_folder().join("A.JPG").exists());
    }
}
