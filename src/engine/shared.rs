//! What the engine's threads share: the book of the session, the way to the client, and counters.

use super::Practice;
use super::book::Book;
use super::colour::InForce;
use super::contract::{CameraState, Event, Level};
use super::taste::{self, Taste};
use crate::calibrate::FlatField;
use crossbeam_channel::{Sender, TrySendError};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Calls the client's thread: something is new.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// Shared by every thread of one studio.
pub(super) struct Shared {
    /// The session and its takes.
    pub(super) book: Mutex<Book>,
    /// Numbers for the status line.
    pub(super) meters: Meters,
    /// The calibration in force.
    pub(super) colour: Mutex<Option<InForce>>,
    /// The light's falloff, when a card was photographed for it.
    pub(super) flat_field: Mutex<Option<FlatField>>,
    /// The practice camera, once it was asked for.
    pub(super) practice: Mutex<Option<Arc<Practice>>>,
    /// What picks taught. Locked before the book, where both are.
    pub(super) taste: Mutex<Taste>,
    events: Sender<Event>,
    wake: Wake,
    stop: Arc<AtomicBool>,
}

/// Counters that several threads add to.
#[derive(Default)]
pub(super) struct Meters {
    /// Frames that the camera gave.
    pub(super) frames: AtomicU64,
    /// Frames that were replaced before they were looked at.
    pub(super) dropped: AtomicU64,
    /// Recent times from arrival to readiness, milliseconds.
    pub(super) latencies: Mutex<Vec<f32>>,
    /// Captures that are being fetched.
    pub(super) fetching: AtomicU64,
    /// Captures that wait to be scored.
    pub(super) waiting: AtomicU64,
    /// Battery in percent; above 100 for unknown.
    pub(super) battery: AtomicU64,
}

/// Latencies that are kept for a percentile.
const KEPT: usize = 240;

impl Meters {
    /// Adds a frame's latency.
    pub(super) fn add_latency(&self, latency: Duration) {
        let mut kept = self.latencies.lock();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(latency.as_secs_f32() * 1000.0);
    }

    /// The 95th percentile of recent latencies, milliseconds.
    pub(super) fn latency_p95(&self) -> f32 {
        let mut sorted = self.latencies.lock().clone();
        sorted.sort_by(f32::total_cmp);
        sorted.get(sorted.len() * 95 / 100).copied().unwrap_or_default()
    }
}

impl Shared {
    /// Around a book.
    pub(super) fn new(book: Book, events: Sender<Event>, wake: Wake) -> Self {
        let meters = Meters { battery: AtomicU64::new(u64::MAX), ..Meters::default() };
        Self {
            book: Mutex::new(book),
            meters,
            colour: Mutex::new(None),
            flat_field: Mutex::new(None),
            practice: Mutex::new(None),
            taste: Mutex::new(Taste::open(taste::file())),
            events,
            wake,
            stop: Arc::default(),
        }
    }

    /// Tells the client. Numbers are left out when it does not listen; everything else waits for it.
    pub(super) fn tell(&self, event: Event) {
        match self.events.try_send(event) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(Event::Vitals(_) | Event::Progress { .. })) => {}
            Err(TrySendError::Full(event)) => {
                (self.wake)();
                let mut event = event;
                // A client that closes stops listening; its engine must still end.
                while !self.stopped() {
                    match self.events.send_timeout(event, Duration::from_millis(200)) {
                        Ok(()) => break,
                        Err(e) if e.is_disconnected() => break,
                        Err(e) => event = e.into_inner(),
                    }
                }
            }
        }
        (self.wake)();
    }

    /// Takes the session's calibration into force, and tells the client.
    pub(super) fn load_calibration(&self) {
        let (file, baseline, folder) = {
            let book = self.book.lock();
            let settings = book.session.settings();
            let folder = book.session.folder().to_owned();
            (settings.calibration.clone(), settings.light_baseline, folder)
        };
        let loaded = file.and_then(|file| match super::colour::load(&folder.join(&file)) {
            Ok(made) => Some(InForce { file, calibration: Arc::new(made), baseline }),
            Err(e) => {
                self.say(Level::Warning, e.to_string());
                None
            }
        });
        let told = loaded.as_ref().map(|c| Arc::clone(&c.calibration));
        *self.colour.lock() = loaded;
        self.tell(Event::Calibrated(told));
    }

    /// Takes the session's flat field into force, and tells the client.
    pub(super) fn load_flat_field(&self) {
        let path = {
            let book = self.book.lock();
            let file = book.session.settings().flat_field.clone();
            file.map(|f| book.session.folder().join(f))
        };
        let read = |path: std::path::PathBuf| {
            let text = std::fs::read_to_string(&path).map_err(|e| e.to_string());
            let field = text.and_then(|t| FlatField::parse(&t).map_err(|e| e.to_string()));
            field.map_err(|e| format!("{}: {e}; photograph the card again", path.display()))
        };
        let loaded = path.map(read).transpose().unwrap_or_else(|e| {
            self.say(Level::Warning, e);
            None
        });
        let falloff = loaded.as_ref().map(|f| f.falloff_ev);
        *self.flat_field.lock() = loaded;
        self.tell(Event::FlatField(falloff));
    }

    /// One sentence for the client; it is told there and nowhere else.
    pub(super) fn say(&self, level: Level, text: impl Into<String>) {
        self.tell(Event::Message(level, text.into()));
    }

    /// What the camera is doing.
    pub(super) fn camera(&self, state: CameraState) {
        self.tell(Event::Camera(state));
    }

    /// The client's thread has something to look at.
    pub(super) fn wake(&self) {
        (self.wake)();
    }

    /// Whether the engine is to end.
    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The sign to stop, for what waits without this.
    pub(super) fn stop_sign(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Ends every thread at its next step.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
