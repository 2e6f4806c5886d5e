//! A running practice camera: its three threads and its end.

use super::thread::{self, Joined};
use crate::calibrate::{Edition, Patch, Reference};
use crate::practice::{Body, Card, Options, Planned, Responder, Studio};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A running practice camera; it stops when dropped. Any number can run at once.
pub struct Practice {
    /// The port on 127.0.0.1 that it answers at.
    pub port: u16,
    /// The body, for what it holds and for its shutter.
    pub body: Arc<Body>,
    /// The scene in front of it, for its truth.
    pub studio: Arc<Studio>,
    stop: Arc<AtomicBool>,
    _threads: [Joined; 3],
}

impl Practice {
    /// Lays out the usual set and answers at `port`; 0 takes any free one. The environment variable
    /// `CULET_PRACTICE_CARD` puts a card on it: `grey` or `chart`.
    pub fn start(port: u16) -> io::Result<Self> {
        let card = std::env::var("CULET_PRACTICE_CARD").ok().and_then(|name| card(&name));
        Self::start_with(port, Options { card, ..Options::from_environment() }, &[])
    }

    /// Lays out a set and answers at `port`, with faults to come. Live view is ready when this
    /// returns, after about two seconds on the very first start; what is rendered for stills follows
    /// in the background, and until then stills come from the smaller view.
    pub fn start_with(port: u16, options: Options, faults: &[Planned]) -> io::Result<Self> {
        let responder = Responder::bind(port)?;
        let port = responder.port()?;
        let serial = options.seed;
        let studio = Arc::new(Studio::new(options));
        // Before the first client: libgphoto2 takes 2.5 s of silence for a dead camera.
        studio.prepare();
        let body = Arc::new(Body::new(Arc::clone(&studio) as _, serial));
        faults.iter().for_each(|f| body.inject(*f));
        let stop = Arc::new(AtomicBool::new(false));
        let threads = [
            spawn(&body, &stop, "practice-link", move |body, stop| responder.serve(body, stop))?,
            spawn(&body, &stop, "practice-shutter", Body::expose_until)?,
            spawn(&studio, &stop, "practice-refine", |studio, stop| {
                studio.refine(&|| !stop.load(Ordering::Relaxed));
            })?,
        ];
        Ok(Self { port, body, studio, stop, _threads: threads })
    }
}

/// A card for the set: `grey` is one of 18 % beside the piece, `chart` the 24 patches of the
/// published reference in its place.
pub fn card(name: &str) -> Option<Card> {
    let chart = || Reference::classic24(Edition::After2014).patches;
    match name {
        "grey" => Some(Card::grey()),
        "chart" => Some(Card::chart(chart().iter().map(Patch::linear_srgb).collect())),
        _ => None,
    }
}

/// A thread that shares something and the sign to stop.
fn spawn<T: Send + Sync + 'static>(
    shared: &Arc<T>,
    stop: &Arc<AtomicBool>,
    name: &'static str,
    work: impl FnOnce(&T, &AtomicBool) + Send + 'static,
) -> io::Result<Joined> {
    let (shared, stop) = (Arc::clone(shared), Arc::clone(stop));
    thread::spawn(name, move || work(&shared, &stop))
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
