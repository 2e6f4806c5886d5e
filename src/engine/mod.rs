//! Threads, processes and queues. The only module that starts them.

pub mod contract;
pub mod latest;
#[cfg(feature = "gphoto")]
pub mod shoot;
#[cfg(feature = "gphoto")]
pub mod studio;
pub mod thread;

use crate::practice::{Body, Responder, Studio};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thread::Joined;

/// A running practice camera; it stops when dropped.
pub struct Practice {
    /// The port on 127.0.0.1 that it answers at.
    pub port: u16,
    /// The body, for its truth.
    pub body: Arc<Body>,
    stop: Arc<AtomicBool>,
    _threads: [Joined; 2],
}

impl Practice {
    /// Lays out the set (about twenty seconds of one core) and answers at `port`; 0 takes any free one.
    pub fn start(port: u16) -> io::Result<Self> {
        let responder = Responder::bind(port)?;
        let port = responder.port()?;
        let studio = Arc::new(Studio::new());
        // Both before the first client: a frame that waits behind the still's rays would time out.
        studio.prepare_live();
        studio.prepare_stills();
        let body = Arc::new(Body::new(studio));
        let stop = Arc::new(AtomicBool::new(false));
        let (b1, s1) = (Arc::clone(&body), Arc::clone(&stop));
        let (b2, s2) = (Arc::clone(&body), Arc::clone(&stop));
        let threads = [
            thread::spawn("practice-link", move || responder.serve(&b1, &s1))?,
            thread::spawn("practice-shutter", move || b2.expose_until(&s2))?,
        ];
        Ok(Self { port, body, stop, _threads: threads })
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
