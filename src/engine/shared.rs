//! What the engine's threads share: the book of the session, the way to the client, and counters.

use super::Practice;
use super::book::Book;
use super::contract::{CameraState, Event, Level};
use super::taste::{self, Taste};
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
    /// The practice camera, once it was asked for.
    pub(super) practice: Mutex<Option<Arc<Practice>>>,
    /// What picks taught. Locked before the book, where both are.
    pub(super) taste: Mutex<Taste>,
    events: Sender<Event>,
    wake: Wake,
    stop: AtomicBool,
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
            practice: Mutex::new(None),
            taste: Mutex::new(Taste::open(taste::file())),
            events,
            wake,
            stop: AtomicBool::new(false),
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

    /// Ends every thread at its next step.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
