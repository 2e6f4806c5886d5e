//! The studio's camera thread: newest live frame out, captures in; the window only looks.

use super::Practice;
use super::thread::{Joined, spawn};
use crate::camera::{Camera as _, CameraError, Gphoto, LiveFrame};
use crate::imaging::{Rgb8, jpeg};
use crate::score::{Score, judge};
use crate::session::{Session, Sidecar};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What the window shows; only the newest is kept.
#[derive(Clone, Default)]
pub struct View {
    /// The newest live frame.
    pub frame: Option<Arc<Rgb8>>,
    /// Counts frames; a change means a new picture.
    pub number: u64,
    /// Its readings.
    pub score: Option<Score>,
    /// What just happened, for the status line.
    pub status: String,
    /// Takes of this session: name and overall score.
    pub takes: Vec<(String, f32)>,
}

/// A running studio; it stops when dropped.
pub struct Studio {
    view: Arc<Mutex<View>>,
    capture: Sender<()>,
    stop: Arc<AtomicBool>,
    _thread: Joined,
}

impl Studio {
    /// Starts the camera thread on the practice camera; `wake` is called after every change.
    pub fn start(session: Session, wake: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let view = Arc::new(Mutex::new(View::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (capture, asked) = bounded(8);
        let (shown, ended) = (Arc::clone(&view), Arc::clone(&stop));
        let thread = spawn("studio-camera", move || {
            let say = |text: String| {
                shown.lock().status = text;
                wake();
            };
            say("laying out the practice set …".to_owned());
            let practice = match Practice::start(0) {
                Ok(practice) => practice,
                Err(e) => return say(format!("the practice camera did not start: {e}")),
            };
            while !ended.load(Ordering::Relaxed) {
                if let Err(e) = run(practice.port, &session, &asked, &shown, &wake, &ended) {
                    say(format!("{e}; trying again"));
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
        })?;
        Ok(Self { view, capture, stop, _thread: thread })
    }

    /// The newest state.
    pub fn view(&self) -> View {
        self.view.lock().clone()
    }

    /// Asks for a picture; false when eight are waiting already.
    pub fn capture(&self) -> bool {
        !matches!(self.capture.try_send(()), Err(TrySendError::Full(())))
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn run(
    port: u16,
    session: &Session,
    asked: &Receiver<()>,
    view: &Mutex<View>,
    wake: &dyn Fn(),
    stop: &AtomicBool,
) -> Result<(), CameraError> {
    let mut camera = Gphoto::open(Some(&format!("ptpip:127.0.0.1:{port}:{port}")))?;
    view.lock().status = format!("live: {}", camera.model());
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        if asked.try_recv().is_ok() {
            view.lock().status = "capturing …".to_owned();
            wake();
            camera.trigger()?;
            for object in super::shoot::added(&mut camera)? {
                let bytes = camera.fetch(&object)?;
                let said = keep(session, &object.name, &bytes, view);
                view.lock().status = said;
            }
        }
        let LiveFrame::Jpeg(frame) = camera.frame()? else { continue };
        if let Ok(picture) = jpeg::decode(&frame) {
            let score = judge(&picture);
            let mut view = view.lock();
            view.frame = Some(Arc::new(picture));
            view.number += 1;
            view.score = Some(score);
        }
        wake();
        std::thread::sleep(Duration::from_millis(33).saturating_sub(start.elapsed()));
    }
    Ok(())
}

/// Stores and scores a capture; says what happened.
fn keep(session: &Session, name: &str, bytes: &[u8], view: &Mutex<View>) -> String {
    let stored = match session.store(name, bytes) {
        Ok(stored) => stored,
        Err(e) => return format!("{name} stays on the card: the folder cannot be written ({e})"),
    };
    let score = jpeg::decode(bytes).map(|p| judge(&p)).ok();
    let overall = score.as_ref().map_or(0.0, |s| s.overall);
    let sidecar = Sidecar { sha256: stored.sha256, score, recipe: None, rating: 0 };
    let noted = session.write_sidecar(&stored.file, &sidecar);
    view.lock().takes.push((name.to_owned(), overall));
    match noted {
        Ok(()) => format!("{} is safe on disk, score {overall:.2}", stored.file.display()),
        Err(e) => format!("{name} is safe on disk; its scores could not be written ({e})"),
    }
}
