//! The journal: one line for everything that happened to a capture, appended and flushed to the disk
//! before the next step is taken. It is what a shoot is resumed from.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

/// A file on a camera, as the journal knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    /// Which body: its model, and its serial number where it tells.
    pub camera: String,
    /// Folder on the camera.
    pub folder: String,
    /// File name on the camera.
    pub name: String,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Entry {
    /// It was on the card before the session began.
    Seen {
        /// Which file.
        source: Source,
        /// Its size, when the camera says.
        bytes: Option<u64>,
        /// When it was written by the camera's clock, seconds since 1970, when the camera says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dated: Option<i64>,
    },
    /// All that was on this body's card before is listed above: what is new there is the session's.
    Met {
        /// Which body.
        camera: String,
    },
    /// The camera told of it; it is to be fetched.
    Announced {
        /// Which file.
        source: Source,
    },
    /// It is on the session's disk, whole.
    Stored {
        /// Which file.
        source: Source,
        /// Name in the Capture folder.
        file: String,
        /// Size.
        bytes: u64,
        /// SHA-256 in hexadecimal.
        sha256: String,
        /// When it was written by the camera's clock, seconds since 1970, when the camera says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dated: Option<i64>,
    },
    /// It was fetched again, and is the very file that is stored.
    Same {
        /// Which file.
        source: Source,
        /// Its size.
        bytes: u64,
        /// When it was written, as the camera says it now.
        dated: Option<i64>,
    },
    /// A second copy lies in another folder and was read back.
    Copied {
        /// Name in the Capture folder.
        file: String,
        /// The other folder.
        folder: PathBuf,
    },
    /// It cannot be had any more: it was removed from the card before it was fetched.
    Missing {
        /// Which file.
        source: Source,
    },
}

/// What became of a file on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was there before the session.
    Old,
    /// It is to be fetched.
    Wanted,
    /// It is on the disk.
    Stored,
    /// It is gone from the card.
    Missing,
}

/// An original that the journal says is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Where it came from.
    pub source: Source,
    /// Name in the Capture folder.
    pub file: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Cards keep a date to two seconds (FAT).
const DATE_STEP: i64 = 2;

/// The journal of one session.
pub struct Journal {
    file: File,
    /// Bytes of whole lines; what a failed write left behind them is cut off before the next.
    length: u64,
    torn: bool,
    fates: BTreeMap<Source, Fate>,
    sizes: BTreeMap<Source, u64>,
    dates: BTreeMap<Source, i64>,
    met: BTreeSet<String>,
    originals: Vec<Original>,
    names: BTreeSet<String>,
    copies: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl Journal {
    /// Opens the journal or begins one. A last line that was cut off by a crash is left out; its step
    /// is simply taken again.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut this = Self {
            file: file.try_clone()?,
            length: 0,
            torn: false,
            fates: BTreeMap::new(),
            sizes: BTreeMap::new(),
            dates: BTreeMap::new(),
            met: BTreeSet::new(),
            originals: Vec::new(),
            names: BTreeSet::new(),
            copies: BTreeMap::new(),
        };
        let mut lines = BufReader::new(&file);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            this.length += line.len() as u64;
            let ended = line.pop_if(|b| *b == b'\n').is_some();
            match serde_json::from_slice(&line) {
                Ok(entry) => this.learn(entry),
                Err(_) if line.is_empty() => {}
                Err(e) => tracing::warn!("a journal line was left out: {e}"),
            }
            if !ended {
                // The next entry must not be glued to this one, be it torn or whole.
                (&file).write_all(b"\n")?;
                this.length += 1;
            }
            line.clear();
        }
        Ok(this)
    }

    /// Writes an entry; it is on the disk when this returns.
    pub fn write(&mut self, entry: Entry) -> io::Result<()> {
        self.write_all(vec![entry])
    }

    /// Writes entries with one flush.
    pub fn write_all(&mut self, entries: Vec<Entry>) -> io::Result<()> {
        let mut text = Vec::new();
        for entry in &entries {
            serde_json::to_writer(&mut text, entry)?;
            text.push(b'\n');
        }
        self.append(&text)?;
        entries.into_iter().for_each(|entry| self.learn(entry));
        Ok(())
    }

    /// Appends whole lines. On a full disk a part of them may get through, which would spoil the
    /// next line as well: it is cut off again.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.length)?;
            self.torn = false;
        }
        let written = self.file.write_all(lines).and_then(|()| self.file.sync_data());
        if written.is_ok() {
            self.length += lines.len() as u64;
        } else {
            self.torn = self.file.set_len(self.length).is_err();
        }
        written
    }

    fn learn(&mut self, entry: Entry) {
        match entry {
            Entry::Seen { source, bytes, dated } => {
                bytes.map(|bytes| self.sizes.insert(source.clone(), bytes));
                self.date(&source, dated);
                self.fates.entry(source).or_insert(Fate::Old);
            }
            Entry::Met { camera } => {
                self.met.insert(camera);
            }
            Entry::Announced { source } => {
                self.fates.insert(source, Fate::Wanted);
            }
            Entry::Stored { source, file, bytes, sha256, dated } => {
                self.date(&source, dated);
                self.fates.insert(source.clone(), Fate::Stored);
                self.sizes.insert(source.clone(), bytes);
                self.names.insert(file.clone());
                self.originals.push(Original { source, file, bytes, sha256 });
            }
            Entry::Same { source, bytes, dated } => {
                self.date(&source, dated);
                self.sizes.insert(source.clone(), bytes);
                self.fates.insert(source, Fate::Stored);
            }
            Entry::Copied { file, folder } => {
                self.copies.entry(folder).or_default().insert(file);
            }
            Entry::Missing { source } => {
                self.fates.insert(source, Fate::Missing);
            }
        }
    }

    fn date(&mut self, source: &Source, dated: Option<i64>) {
        match dated {
            Some(date) => self.dates.insert(source.clone(), date),
            // What was known belongs to another file of that name.
            None => self.dates.remove(source),
        };
    }

    /// What became of a file on the card; none if it was never heard of.
    pub fn fate(&self, source: &Source) -> Option<Fate> {
        self.fates.get(source).copied()
    }

    /// Whether a file on the card is none that the journal knows: its name is new, or its size or
    /// date is another one, as after the card was formatted and the body counts from one again.
    pub fn is_news(&self, source: &Source, bytes: Option<u64>, dated: Option<i64>) -> bool {
        match self.fate(source) {
            None | Some(Fate::Missing) => true,
            Some(Fate::Wanted) => false,
            Some(Fate::Old | Fate::Stored) => {
                let resized =
                    bytes.zip(self.sizes.get(source)).is_some_and(|(now, then)| now != *then);
                resized || self.moved(source, dated).is_some_and(|s| s.abs() > DATE_STEP)
            }
        }
    }

    /// By how many seconds a file's date differs from the one that was noted.
    pub fn moved(&self, source: &Source, dated: Option<i64>) -> Option<i64> {
        Some(dated? - self.dates.get(source)?)
    }

    /// Whether this body's card was ever compared with this session.
    pub fn knows(&self, camera: &str) -> bool {
        self.met.contains(camera)
    }

    /// Files of this body that were announced and not stored.
    pub fn wanted(&self, camera: &str) -> Vec<Source> {
        let open = |(source, fate): (&Source, &Fate)| {
            (*fate == Fate::Wanted && source.camera == camera).then(|| source.clone())
        };
        self.fates.iter().filter_map(open).collect()
    }

    /// Everything stored, in order.
    pub fn originals(&self) -> &[Original] {
        &self.originals
    }

    /// Whether an original of this name is stored.
    pub fn has_file(&self, file: &str) -> bool {
        self.names.contains(file)
    }

    /// Whether an original has its verified copy in a folder.
    pub fn is_copied(&self, file: &str, folder: &Path) -> bool {
        self.copies.get(folder).is_some_and(|files| files.contains(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str) -> Source {
        Source { camera: "Nikon".into(), folder: "/DCIM".into(), name: name.into() }
    }

    fn stored(name: &str) -> Entry {
        Entry::Stored {
            source: source(name),
            file: name.to_owned(),
            bytes: 3,
            sha256: "ab".to_owned(),
            dated: Some(1_000),
        }
    }

    #[test]
    fn a_shoot_is_resumed_from_its_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal
            .write(Entry::Seen { source: source("old.jpg"), bytes: Some(9), dated: None })
            .unwrap();
        journal.write(Entry::Met { camera: "Nikon".to_owned() }).unwrap();
        journal.write(Entry::Announced { source: source("a.jpg") }).unwrap();
        journal.write(stored("a.jpg")).unwrap();
        journal.write(Entry::Announced { source: source("b.jpg") }).unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.fate(&source("old.jpg")), Some(Fate::Old));
        assert_eq!(journal.wanted("Nikon"), [source("b.jpg")]);
        assert!(!journal.is_news(&source("old.jpg"), Some(9), None));
        assert!(journal.is_news(&source("old.jpg"), Some(8), None), "the card was formatted");
        let news = |dated| journal.is_news(&source("a.jpg"), Some(3), dated);
        assert!(!news(None) && !news(Some(1_001)), "the very file");
        assert!(news(Some(1_060)), "the card was formatted, and this one is as long by chance");
        assert_eq!(journal.originals().len(), 1);
        assert!(journal.knows("Nikon") && !journal.knows("Canon"));
    }

    #[test]
    fn a_torn_line_costs_that_step_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal.write(Entry::Announced { source: source("a.jpg") }).unwrap();
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(br#"{"what":"stored","sour"#).unwrap();
        drop(file);
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.wanted("Nikon"), [source("a.jpg")], "to be fetched again");
        journal.write(stored("a.jpg")).unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.fate(&source("a.jpg")), Some(Fate::Stored));
        assert_eq!(journal.originals().len(), 1);
    }

    /// Cut at every byte of its last line: what was whole stays, and the next entry is not spoilt.
    #[test]
    fn a_journal_that_is_cut_at_any_byte_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal.write(Entry::Announced { source: source("a.jpg") }).unwrap();
        let first = std::fs::metadata(&path).unwrap().len();
        journal.write(stored("a.jpg")).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for cut in first..=whole.len() as u64 {
            crate::imaging::files::write_atomic(&path, &whole[..cut as usize]).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            let had = journal.originals().len();
            assert_eq!(had, usize::from(cut + 1 >= whole.len() as u64), "cut at {cut}");
            journal.write(stored("b.jpg")).unwrap();
            drop(journal);
            let journal = Journal::open(&path).unwrap();
            assert_eq!(journal.originals().len(), had + 1, "cut at {cut}");
            assert!(journal.has_file("b.jpg") && journal.fate(&source("a.jpg")).is_some());
        }
        crate::imaging::files::write_atomic(&path, &[0; 4096]).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        journal.write(stored("a.jpg")).unwrap();
        drop(journal);
        assert!(Journal::open(&path).unwrap().has_file("a.jpg"), "after zeros of a power cut");
    }
}
