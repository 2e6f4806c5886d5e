//! The tether under fire. The body's pictures are known by hash; a session has lost nothing when every
//! one of them is in its journal and on its disk, once, with that hash.
//!
//! What runs in `make test` is a slice; `make faults` and `make soak` run all of it (`-- --ignored`).

mod bodies;
mod cables;
mod cards;
mod disk;
mod kills;
mod matrix;
mod soak;

use crate::camera::at;
use crossbeam_channel::RecvTimeoutError;
use culet::engine::Studio;
use culet::engine::contract::{CameraState, Command, Event, Level, Link, Take, Vitals};
use culet::engine::host::Launch;
use culet::engine::thread::{Joined, spawn};
use culet::imaging::files::sha256_file;
use culet::imaging::{Rgb8, jpeg};
use culet::practice::{Body, Exposure, Responder, Sensor, Still};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A sensor without a scene: a grey disc on white under noise that no two shots share, made in a
/// millisecond.
struct Noise {
    seed: u32,
    live: Vec<u8>,
    /// Zeros make every file this long, as raw files without compression are.
    length: usize,
}

fn disc(w: usize, h: usize, seed: u32) -> Rgb8 {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    Rgb8::from_fn(w, h, |x, y| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let (dx, dy) = (x as f32 - w as f32 / 2.0, y as f32 - h as f32 / 2.0);
        let level = if dx.hypot(dy) < h as f32 / 4.0 { 120 } else { 225 };
        [0, 8, 16].map(|shift| level + ((state >> shift) & 15) as u8)
    })
}

impl Sensor for Noise {
    fn sizes(&self) -> [(u32, u32); 3] {
        [(240, 160), (180, 120), (120, 80)]
    }

    fn live(&self, _: &Exposure) -> Vec<u8> {
        self.live.clone()
    }

    fn still(&self, e: &Exposure) -> Still {
        let picture = disc(240, 160, self.seed.wrapping_mul(100_003).wrapping_add(e.shot));
        let mut jpeg = jpeg::encode(&picture, 92).unwrap();
        jpeg.resize(jpeg.len().max(self.length), 0);
        Still { jpeg, thumbnail: self.live.clone() }
    }

    fn drive_focus(&self, _: i32) -> bool {
        true
    }

    fn autofocus(&self) -> bool {
        true
    }
}

/// A body on the net, and every picture that was ever on its card.
struct Rig {
    body: Arc<Body>,
    port: u16,
    ledger: Arc<Mutex<BTreeMap<String, String>>>,
    /// Pictures are removed from the card: those are nobody's any more.
    removes: AtomicBool,
    stop: Arc<AtomicBool>,
    _threads: [Joined; 2],
}

impl Rig {
    fn new(serial: u32) -> Self {
        Self::with_files_of(serial, 0)
    }

    /// Every picture has this many bytes, or more if it needs them.
    fn with_files_of(serial: u32, length: usize) -> Self {
        let live = jpeg::encode(&disc(160, 106, 7), 80).unwrap();
        let body = Arc::new(Body::new(Arc::new(Noise { seed: serial, live, length }), serial));
        let responder = Responder::bind(0).unwrap();
        let port = responder.port().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (b1, b2) = (Arc::clone(&body), Arc::clone(&body));
        let (s1, s2) = (Arc::clone(&stop), Arc::clone(&stop));
        let threads = [
            spawn("test-link", move || responder.serve(&b1, &s1)).unwrap(),
            spawn("test-shutter", move || b2.expose_until(&s2)).unwrap(),
        ];
        let removes = AtomicBool::new(false);
        Self { body, port, ledger: Arc::default(), removes, stop, _threads: threads }
    }

    /// Hash and name of every picture that is or was on the card; one that was removed before
    /// anybody looked is not.
    fn truth(&self) -> BTreeMap<String, String> {
        let mut ledger = self.ledger.lock();
        if self.removes.load(Ordering::Relaxed) {
            ledger.clear();
        }
        ledger.extend(self.body.stored().into_iter().map(|s| (s.sha256, s.name)));
        ledger.clone()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Camera hosts of this process are the program's, with a home of their own.
fn host_cameras() {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("home");
    std::fs::create_dir_all(&home).unwrap();
    Launch::of(env!("CARGO_BIN_EXE_culet")).with("HOME", home).make_usual();
}

/// A client of the engine that remembers what it was told.
struct Shooter {
    link: Link,
    folder: PathBuf,
    state: CameraState,
    vitals: Vitals,
    said: Vec<(Level, String)>,
    takes: BTreeMap<usize, Take>,
    stored_ms: Vec<f32>,
    scored_ms: Vec<f32>,
    live_ms: Vec<f32>,
    _studio: Studio,
}

impl Shooter {
    fn start(folder: &Path) -> Self {
        host_cameras();
        let (studio, link) = Studio::start(folder, Box::new(|| {})).unwrap();
        Self {
            link,
            folder: folder.to_owned(),
            state: CameraState::Off,
            vitals: Vitals::default(),
            said: Vec::new(),
            takes: BTreeMap::new(),
            stored_ms: Vec::new(),
            scored_ms: Vec::new(),
            live_ms: Vec::new(),
            _studio: studio,
        }
    }

    fn send(&self, command: Command) {
        self.link.commands.send(command).unwrap();
    }

    /// Connects to a body and waits until it is ready.
    fn connect(&mut self, port: u16) {
        self.send(Command::Connect(at(port)));
        assert!(self.until(30.0, Shooter::is_ready), "{:?} {:?}", self.state, self.said);
    }

    fn is_ready(&self) -> bool {
        matches!(self.state, CameraState::Ready(_) | CameraState::Live(_))
    }

    /// Takes in what the engine tells until something holds; false after so many seconds.
    fn until(&mut self, seconds: f32, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let begun = Instant::now();
        loop {
            while let Ok(view) = self.link.live.receiver().try_recv() {
                self.live_ms.push(view.arrived.elapsed().as_secs_f32() * 1000.0);
            }
            match self.link.events.recv_timeout(Duration::from_millis(20)) {
                Ok(event) => self.hear(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            if holds(self) {
                return true;
            }
            if begun.elapsed().as_secs_f32() > seconds {
                return false;
            }
        }
    }

    fn wait(&mut self, seconds: f32) {
        self.until(seconds, |_| false);
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Camera(state) => self.state = state,
            Event::Vitals(vitals) => self.vitals = vitals,
            Event::Message(level, text) => self.said.push((level, text)),
            Event::TakeAdded(take) => {
                self.stored_ms.extend(take.timing.shutter_to_stored.map(ms));
                self.takes.insert(take.id, take);
            }
            Event::TakeChanged(take) => {
                let was = self.takes.insert(take.id, take.clone());
                if was.is_some_and(|t| t.score.is_none()) {
                    self.scored_ms.extend(take.timing.arrived_to_scored.map(ms));
                }
            }
            _ => {}
        }
    }

    /// Whether a sentence was said that contains this.
    fn heard(&self, text: &str) -> bool {
        self.said.iter().any(|(_, t)| t.contains(text))
    }

    /// Waits until the session holds every picture of the card.
    fn has_all(&mut self, rig: &Rig, seconds: f32) -> bool {
        let folder = self.folder.clone();
        self.until(seconds, |_| {
            let held: BTreeSet<String> = journal(&folder).into_iter().map(|s| s.hash).collect();
            !rig.body.is_busy() && rig.truth().keys().all(|hash| held.contains(hash))
        })
    }

    /// One picture from here; waits until it is in the session, or until it was refused.
    fn shoot(&mut self, rig: &Rig) {
        let before = rig.body.shots();
        self.send(Command::Capture);
        self.until(2.0, |_| rig.body.shots() > before);
        self.has_all(rig, 40.0);
    }
}

fn ms(time: Duration) -> f32 {
    time.as_secs_f32() * 1000.0
}

/// A line of the journal that says that a file is stored.
struct Line {
    file: String,
    hash: String,
}

fn journal(session: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(session.join("culet-journal.jsonl")).unwrap_or_default();
    let stored = |line: &str| {
        let value: Value = serde_json::from_str(line).ok()?;
        let word = |key: &str| value[key].as_str().map(str::to_owned);
        (value["what"] == "stored").then_some(())?;
        Some(Line { file: word("file")?, hash: word("sha256")? })
    };
    text.lines().filter_map(stored).collect()
}

/// What a session is compared with the truth.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    pictures: usize,
    /// On the card and not in the session.
    lost: usize,
    /// In the session more than once.
    twice: usize,
    /// On the disk with another hash than the body's or the journal's, or not at all.
    wrong: usize,
    /// In the Capture folder and in no journal.
    strays: usize,
}

impl Verdict {
    fn of(session: &Path, truth: &BTreeMap<String, String>) -> Self {
        let lines = journal(session);
        let capture = session.join("Capture");
        let hashes: BTreeSet<&String> = lines.iter().map(|l| &l.hash).collect();
        let names: BTreeSet<&String> = lines.iter().map(|l| &l.file).collect();
        let files = std::fs::read_dir(&capture).unwrap().map(|e| e.unwrap().file_name());
        let files: Vec<String> = files.map(|f| f.into_string().unwrap()).collect();
        // Sidecars are being written while this looks.
        let is_original = |f: &&String| {
            ![".json", ".xmp"].iter().any(|e| f.ends_with(e)) && !f.starts_with(".culet-")
        };
        let same = |l: &&Line| {
            truth.contains_key(&l.hash)
                && sha256_file(&capture.join(&l.file)).is_ok_and(|h| h == l.hash)
        };
        Self {
            pictures: truth.len(),
            lost: truth.keys().filter(|h| !hashes.contains(h)).count(),
            twice: lines.len() - hashes.len() + lines.len() - names.len(),
            wrong: lines.iter().filter(|l| !same(l)).count(),
            strays: files.iter().filter(is_original).filter(|f| !names.contains(f)).count(),
        }
    }

    fn good(&self) -> bool {
        self.lost + self.twice + self.wrong + self.strays == 0
    }
}

/// The value at a quantile, for tables.
fn quantile(values: &[f32], q: f32) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get((sorted.len() as f32 * q) as usize).or(sorted.last()).copied().unwrap_or(f32::NAN)
}

/// A number from the environment.
fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise)
}

/// Numbers that look random and come again with the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
