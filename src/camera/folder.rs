//! A hot folder: pictures that another program puts there are captures. Nothing in it is ever
//! written, renamed or removed.

use super::{Abilities, Camera, CameraError, CameraEvent, LiveFrame, Object, ObjectId, Setting};
use crate::imaging::endings::{is_jpeg, is_picture};
use crate::imaging::{jpeg, open};
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Component, Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// A file is whole once nothing about it has changed for this long, and its content says nothing else.
const STABLE: Duration = Duration::from_secs(1);
/// A file whose content is not whole becomes a capture all the same after this long: networks stall, but
/// some files are broken for good.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at the folder.
const POLL: Duration = Duration::from_millis(100);
/// Between two live frames; the newest picture does not change quickly.
const PACE: Duration = Duration::from_millis(200);
/// Pictures that are tried before live view is given up for now.
const TRIES: usize = 5;
/// No picture file is larger.
const MOST_BYTES: u64 = 1 << 30;

/// What a file looked like, and since when.
#[derive(Clone, Copy, Debug)]
struct Seen {
    bytes: u64,
    changed: Option<SystemTime>,
    since: Instant,
    announced: bool,
    /// Whether its content is, where that was looked at.
    whole: Option<bool>,
}

/// A file's name and when it was last written.
type Version = (String, Option<SystemTime>);

/// A folder in which pictures appear.
pub struct Folder {
    dir: PathBuf,
    device: Option<u64>,
    files: BTreeMap<String, Seen>,
    newest: Option<(Version, Vec<u8>)>,
    shown: Option<Instant>,
}

/// Names under which programs write before they rename.
fn temporary(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let endings = [".part", ".partial", ".tmp", ".temp", ".crdownload", ".download"];
    name.starts_with(['.', '~']) || endings.iter().any(|e| lower.ends_with(e))
}

/// The file system that a folder is on: an unmounted one leaves an empty folder on another.
#[cfg(unix)]
fn device(meta: &Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::dev(meta))
}
#[cfg(not(unix))]
fn device(_: &Metadata) -> Option<u64> {
    None
}

impl Folder {
    /// Watches `dir` from now on; what is there already is no capture.
    pub fn open(dir: &Path) -> Result<Self, CameraError> {
        let absent =
            |why: String| CameraError::Absent(format!("the folder {}", dir.display()), why);
        let meta = fs::metadata(dir).map_err(|e| absent(e.to_string()))?;
        if !meta.is_dir() {
            return Err(absent("it is a file".to_owned()));
        }
        let mut this = Self {
            dir: dir.to_owned(),
            device: device(&meta),
            files: BTreeMap::new(),
            newest: None,
            shown: None,
        };
        this.scan()?;
        this.files.values_mut().for_each(|f| f.announced = true);
        this.refresh();
        Ok(this)
    }

    fn gone(&self, why: &str) -> CameraError {
        CameraError::Gone(
            format!("watching the folder {}", self.dir.display()),
            format!("{why}; connect its disk or share again"),
        )
    }

    /// Looks at the folder once.
    fn scan(&mut self) -> Result<(), CameraError> {
        let meta = fs::metadata(&self.dir).map_err(|e| self.gone(&e.to_string()))?;
        if device(&meta) != self.device {
            return Err(self.gone("its disk is not mounted any more"));
        }
        let entries = fs::read_dir(&self.dir).map_err(|e| self.gone(&e.to_string()))?;
        let (now, mut files) = (Instant::now(), BTreeMap::new());
        for entry in entries.flatten() {
            let Some((name, meta)) = picture(&entry) else { continue };
            let (bytes, changed) = (meta.len(), meta.modified().ok());
            let seen = match self.files.get(&name) {
                Some(old) if old.bytes == bytes && old.changed == changed => *old,
                // What goes on after all becomes a capture once more.
                Some(old) => {
                    let announced = old.announced && old.whole != Some(false);
                    Seen { bytes, changed, since: now, announced, whole: None }
                }
                None => Seen { bytes, changed, since: now, announced: false, whole: None },
            };
            files.insert(name, seen);
        }
        self.files = files;
        Ok(())
    }

    /// Names that became captures, in the order in which they were written.
    fn ripe(&mut self) -> Vec<String> {
        let mut ripe: Vec<Version> = Vec::new();
        for (name, file) in &mut self.files {
            let still = file.since.elapsed();
            if file.announced || file.bytes == 0 || still < STABLE {
                continue;
            }
            if file.whole.is_none() && file.bytes <= MOST_BYTES {
                // Its program may still hold it.
                let Ok(bytes) = fs::read(self.dir.join(name)) else { continue };
                file.whole = Some(open::complaint(name, &bytes).is_none_or(|w| jpeg::is_quirk(&w)));
            }
            if file.whole != Some(false) || still >= PATIENCE {
                file.announced = true;
                ripe.push((name.clone(), file.changed));
            }
        }
        ripe.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        ripe.into_iter().map(|(name, _)| name).collect()
    }

    /// Reads the newest picture that decodes, if it is another than before.
    fn refresh(&mut self) {
        let mut jpegs: Vec<Version> = self
            .files
            .iter()
            .filter(|(name, f)| f.announced && is_jpeg(name))
            .map(|(name, f)| (name.clone(), f.changed))
            .collect();
        jpegs.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
        for version in jpegs.into_iter().take(TRIES) {
            if self.newest.as_ref().is_some_and(|(v, _)| *v == version) {
                return;
            }
            let bytes = fs::read(self.dir.join(&version.0)).unwrap_or_default();
            if jpeg::decode(&bytes).is_ok() {
                self.newest = Some((version, bytes));
                return;
            }
        }
        self.newest = None;
    }

    fn folder(&self) -> String {
        self.dir.display().to_string()
    }
}

/// Seconds since 1970.
fn seconds(time: SystemTime) -> Option<i64> {
    time.duration_since(SystemTime::UNIX_EPOCH).ok().map(|since| since.as_secs() as i64)
}

/// A picture's name and state; none for folders, other files, and names under way.
fn picture(entry: &fs::DirEntry) -> Option<(String, Metadata)> {
    let name = entry.file_name().into_string().ok()?;
    if temporary(&name) || !is_picture(&name) {
        return None;
    }
    // Through a link: programs link as well as copy.
    fs::metadata(entry.path()).ok().filter(Metadata::is_file).map(|meta| (name, meta))
}

fn cannot<T>(what: &str) -> Result<T, CameraError> {
    Err(CameraError::Cannot(format!(
        "{what}; a folder only receives, use the program that fills it"
    )))
}

impl Camera for Folder {
    fn model(&self) -> String {
        format!("Folder {}", self.dir.display())
    }

    fn abilities(&self) -> Abilities {
        Abilities { live: self.newest.is_some(), card: true, ..Abilities::default() }
    }

    fn frame(&mut self) -> Result<LiveFrame, CameraError> {
        if let Some(shown) = self.shown {
            sleep(PACE.saturating_sub(shown.elapsed()));
        }
        self.shown = Some(Instant::now());
        self.scan()?;
        self.refresh();
        match &self.newest {
            Some((_, bytes)) => Ok(LiveFrame::Jpeg(bytes.clone())),
            None => {
                Err(CameraError::Cannot("show a picture before one is in the folder".to_owned()))
            }
        }
    }

    fn end_live(&mut self) -> Result<(), CameraError> {
        Ok(())
    }

    fn trigger(&mut self) -> Result<(), CameraError> {
        cannot("fire a shutter")
    }

    fn events(&mut self, within: Duration) -> Result<Vec<CameraEvent>, CameraError> {
        let start = Instant::now();
        loop {
            self.scan()?;
            let ripe = self.ripe();
            if !ripe.is_empty() {
                self.refresh();
                let folder = self.folder();
                let id = |name| ObjectId { folder: folder.clone(), name };
                let added = ripe.into_iter().map(|name| CameraEvent::Added(id(name)));
                return Ok(added.chain([CameraEvent::Complete]).collect());
            }
            let left = within.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            sleep(left.min(POLL));
        }
    }

    fn list(&mut self) -> Result<Vec<Object>, CameraError> {
        self.scan()?;
        let folder = self.folder();
        let whole = self.files.iter().filter(|(_, f)| f.announced);
        let object = |(name, f): (&String, &Seen)| Object {
            dated: f.changed.and_then(seconds),
            id: ObjectId { folder: folder.clone(), name: name.clone() },
            bytes: Some(f.bytes),
        };
        Ok(whole.map(object).collect())
    }

    fn dated(&mut self, object: &ObjectId) -> Option<i64> {
        self.files.get(&object.name)?.changed.and_then(seconds)
    }

    fn fetch(&mut self, object: &ObjectId) -> Result<Vec<u8>, CameraError> {
        let what = || format!("reading {}", object.name);
        let refused = |why: String| CameraError::Refused(what(), why);
        let mut parts = Path::new(&object.name).components();
        let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
        if !plain || object.folder != self.folder() {
            return Err(refused("it is not in the folder that is watched".to_owned()));
        }
        let path = self.dir.join(&object.name);
        let meta = fs::metadata(&path).map_err(|e| match fs::metadata(&self.dir) {
            Ok(_) => refused(e.to_string()),
            Err(_) => self.gone(&e.to_string()),
        })?;
        if meta.len() > MOST_BYTES {
            return Err(refused(format!("{} bytes are more than Culet opens", meta.len())));
        }
        fs::read(&path).map_err(|e| refused(e.to_string()))
    }

    fn settings(&mut self) -> Result<Vec<Setting>, CameraError> {
        Ok(Vec::new())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<String, CameraError> {
        let offered = "no settings, it is a folder".to_owned();
        Err(CameraError::NotOffered(name.to_owned(), value.to_owned(), offered))
    }

    fn drive_focus(&mut self, _: i32) -> Result<(), CameraError> {
        cannot("move the focus")
    }

    fn autofocus(&mut self) -> Result<(), CameraError> {
        cannot("focus")
    }

    fn battery(&mut self) -> Option<u8> {
        None
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "another program does not write whole files")]
mod tests {
    use super::*;
    use crate::imaging::Rgb8;

    fn sample(shade: u8) -> Vec<u8> {
        jpeg::encode(&Rgb8::from_fn(32, 24, |x, _| [shade, x as u8, 9]), 90).unwrap()
    }

    fn names(events: &[CameraEvent]) -> Vec<&str> {
        let added = events.iter().filter_map(|e| match e {
            CameraEvent::Added(id) => Some(id.name.as_str()),
            _ => None,
        });
        added.collect()
    }

    #[test]
    fn a_file_is_a_capture_once_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let (old, new) = (sample(10), sample(200));
        fs::write(at("old.jpg"), &old).unwrap();
        let mut folder = Folder::open(dir.path()).unwrap();
        assert!(folder.abilities().live, "the picture that is there stands in for live view");
        assert!(folder.events(Duration::ZERO).unwrap().is_empty(), "old pictures are none");

        fs::create_dir(at("sub.jpg")).unwrap();
        for noise in ["a.jpg.part", "b.tmp", ".hidden.jpg", "notes.txt", "c.jpg.crdownload"] {
            fs::write(at(noise), &new).unwrap();
        }
        // Written in pieces, a pause in between.
        fs::write(at("new.jpg"), &new[..new.len() / 2]).unwrap();
        assert!(folder.events(Duration::from_millis(700)).unwrap().is_empty());
        fs::write(at("new.jpg"), &new).unwrap();
        assert!(folder.events(Duration::from_millis(700)).unwrap().is_empty(), "it grew just now");
        let events = folder.events(Duration::from_secs(3)).unwrap();
        assert_eq!(names(&events), ["new.jpg"]);
        assert_eq!(events.last(), Some(&CameraEvent::Complete));
        assert!(folder.events(Duration::ZERO).unwrap().is_empty(), "once");

        let CameraEvent::Added(id) = &events[0] else { panic!("{events:?}") };
        assert!(folder.fetch(id).unwrap() == new);
        let LiveFrame::Jpeg(live) = folder.frame().unwrap() else { panic!("a JPEG") };
        assert!(live == new, "the newest is shown");
        let listed = folder.list().unwrap();
        assert_eq!(
            listed.iter().map(|o| o.id.name.as_str()).collect::<Vec<_>>(),
            ["new.jpg", "old.jpg"]
        );
        assert!(fs::read(at("new.jpg")).unwrap() == new, "the original stays as it was");
    }

    #[test]
    fn a_file_that_stalls_is_waited_for_and_taken_again_when_it_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(dir.path()).unwrap();
        let (path, whole) = (dir.path().join("slow.jpg"), sample(80));
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(folder.events(Duration::from_millis(1500)).unwrap().is_empty(), "it may go on");
        // As if nothing had come for too long.
        folder.files.get_mut("slow.jpg").unwrap().since -= PATIENCE;
        assert_eq!(names(&folder.events(Duration::ZERO).unwrap()), ["slow.jpg"]);
        fs::write(&path, &whole).unwrap();
        assert_eq!(names(&folder.events(Duration::from_secs(5)).unwrap()), ["slow.jpg"]);
        // What is whole stays one capture: programs write ratings into pictures.
        fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
        assert!(folder.events(Duration::from_millis(1500)).unwrap().is_empty());
    }

    #[test]
    fn a_broken_picture_is_not_shown_and_nothing_outside_is_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("cut.jpg"), &sample(1)[..200]).unwrap();
        let mut folder = Folder::open(dir.path()).unwrap();
        assert!(!folder.abilities().live);
        assert!(matches!(folder.frame(), Err(CameraError::Cannot(_))));
        let own = folder.folder();
        let id = |name: &str| ObjectId { folder: own.clone(), name: name.to_owned() };
        for outside in ["../x.jpg", "/etc/passwd", "a/b.jpg", "..", "", "missing.jpg"] {
            let id = id(outside);
            assert!(matches!(folder.fetch(&id), Err(CameraError::Refused(..))), "{outside}");
        }
    }

    #[test]
    fn a_folder_that_vanishes_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(dir.path()).unwrap();
        drop(dir);
        let gone = folder.events(Duration::ZERO).unwrap_err();
        assert!(matches!(gone, CameraError::Gone(..)), "{gone}");
        assert!(gone.to_string().contains("connect its disk"), "{gone}");
        assert!(matches!(Folder::open(Path::new("/no/such")), Err(CameraError::Absent(..))));
    }
}
