//! The host's own side: opens the camera, answers questions, and ends when the studio does.

use crate::camera::serve::serve;
use crate::camera::wire::{self, Ask, PROTOCOL, Tell, WireError};
use crate::camera::{CameraSpec, Pulse, doctor, found, open_here};
use crate::engine::thread::{Joined, spawn};
use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often a sign of life is given.
const BEAT: Duration = Duration::from_secs(1);
/// How long the camera may take to be let go after the studio has.
const GRACE: Duration = Duration::from_secs(2);

/// Stdout, shared with the thread that beats.
#[derive(Clone)]
struct Voice(Arc<Mutex<io::Stdout>>);

impl Voice {
    fn tell(&self, tell: &Tell, payload: &[u8]) -> Result<(), WireError> {
        wire::write(&mut *self.0.lock(), tell, payload)
    }
}

/// The main of a camera host: serves `spec`, or says what is attached when there is none. The
/// result is the exit status.
pub fn run(spec: Option<&CameraSpec>) -> u8 {
    match host(spec) {
        Ok(()) => 0,
        Err(e) => {
            tracing::info!("camera host: {e}");
            1
        }
    }
}

fn host(spec: Option<&CameraSpec>) -> Result<(), WireError> {
    let voice = Voice(Arc::new(Mutex::new(io::stdout())));
    let pulse = Pulse::default();
    voice.tell(&Tell::Hello { protocol: PROTOCOL }, &[])?;
    let asks = questions()?;
    let _heart = Heart::start(voice.clone(), pulse.clone())?;
    let Some(spec) = spec else {
        return voice.tell(&Tell::Looked { found: found(), findings: doctor::examine() }, &[]);
    };
    let mut camera = match open_here(spec, &pulse) {
        Ok(camera) => camera,
        Err(e) => return voice.tell(&Tell::Failed(e), &[]),
    };
    let (model, serial, abilities) = (camera.model(), camera.serial(), camera.abilities());
    let opened = Tell::Opened { model, serial, abilities };
    voice.tell(&opened, &[])?;
    serve(camera.as_mut(), asks, &mut |tell, payload| voice.tell(tell, payload))
}

/// Questions from stdin. When the studio closes it, or is gone, the process ends: in order if the
/// driver lets it, without if it hangs.
fn questions() -> Result<Receiver<Ask>, WireError> {
    let (sender, asks) = bounded(4);
    let stdin = own_stdin()?;
    let thread = spawn("host-asks", move || {
        forward(stdin, sender);
        std::thread::sleep(GRACE);
        tracing::warn!("the camera driver hangs; its host ends without it");
        #[expect(
            clippy::exit,
            reason = "the driver hangs on another thread, nothing else ends it"
        )]
        std::process::exit(2);
    })?;
    // It reads for as long as the process lives.
    std::mem::forget(thread);
    Ok(asks)
}

/// Stdin under a number of its own: libgphoto2 closes file 0 when a network camera is let go before
/// its connection was complete, which would look like the end of the studio.
#[cfg(unix)]
fn own_stdin() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd as _;
    io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from)
}

#[cfg(not(unix))]
fn own_stdin() -> io::Result<io::Stdin> {
    Ok(io::stdin())
}

/// Hands questions on until the last. The sender is dropped at the end, which ends the serving.
fn forward(mut stdin: impl io::Read, sender: Sender<Ask>) {
    loop {
        match wire::read::<Ask>(&mut stdin) {
            Ok(Some((Ask::Close, _)) | None) => break,
            Ok(Some((ask, _))) => {
                if sender.send(ask).is_err() {
                    break;
                }
            }
            Err(e) => {
                tracing::error!("{e}");
                break;
            }
        }
    }
    drop(sender);
}

/// Gives signs of life from a thread of its own: the driver's is busy.
struct Heart {
    stop: Arc<AtomicBool>,
    _thread: Joined,
}

impl Heart {
    fn start(voice: Voice, pulse: Pulse) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = spawn("host-heart", move || beat(&voice, &pulse, &stopped))?;
        Ok(Self { stop, _thread: thread })
    }
}

fn beat(voice: &Voice, pulse: &Pulse, stopped: &AtomicBool) {
    let (mut count, mut last) = (pulse.count(), Instant::now());
    while !stopped.load(Ordering::Relaxed) {
        let now = pulse.count();
        let told = if now != count {
            voice.tell(&Tell::Step, &[])
        } else if last.elapsed() >= BEAT {
            voice.tell(&Tell::Beat, &[])
        } else {
            std::thread::park_timeout(LOOK);
            continue;
        };
        if told.is_err() {
            return;
        }
        (count, last) = (now, Instant::now());
        std::thread::park_timeout(LOOK);
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
