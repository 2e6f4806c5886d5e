//! A host process as the studio sees it: pipes, signs of life, deadlines, and its end.

use super::Launch;
use crate::camera::wire::{self, Ask, PROTOCOL, Tell};
use crate::camera::{CameraError, CameraSpec};
use crate::engine::thread::{Joined, spawn};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Between two looks at the clock while an answer is awaited.
const TICK: Duration = Duration::from_millis(50);
/// How long a host may take to let its camera go before it is killed.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long a killed host is waited for; one that hangs inside the kernel is left behind.
const LAST_WAIT: Duration = Duration::from_secs(2);
/// What drivers print may arrive a moment after the answer that it explains.
const ECHO: Duration = Duration::from_millis(30);
/// What a driver printed this long before it crashed may say why.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Lines of the driver that are kept.
const LINES: usize = 12;
/// Longest line of a driver that is kept, bytes.
const LONGEST_LINE: u64 = 4096;

/// Until a new process greets; it may have to wait for a busy computer.
const STARTING: Patience = patience(20, 20);

/// How long something may take before it counts as a hang.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Without any sign of life of the host.
    pub(super) silence: Duration,
    /// Without an answer or a step of progress of the driver.
    pub(super) still: Duration,
}

pub(super) const fn patience(silence_s: u64, still_s: u64) -> Patience {
    Patience { silence: Duration::from_secs(silence_s), still: Duration::from_secs(still_s) }
}

/// Signs of life, written by the threads that listen.
struct Signs {
    start: Instant,
    /// Milliseconds after `start` of the last sign of life.
    heard: AtomicU64,
    /// Of the last answer or step.
    moved: AtomicU64,
    /// What the drivers printed last.
    said: Mutex<VecDeque<(Instant, String)>>,
}

impl Signs {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            heard: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            said: Mutex::default(),
        }
    }

    fn hear(&self) {
        self.heard.store(self.start.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    fn step(&self) {
        self.hear();
        self.moved.store(self.start.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// How long ago a sign was, counted from `asked` at the earliest.
    fn since(&self, sign: &AtomicU64, asked: Instant) -> Duration {
        let at = self.start + Duration::from_millis(sign.load(Ordering::Relaxed));
        at.max(asked).elapsed()
    }

    fn say(&self, text: String) {
        let mut said = self.said.lock();
        said.push_back((Instant::now(), text));
        while said.len() > LINES {
            said.pop_front();
        }
    }

    /// What was said since, each thing once.
    fn said_since(&self, asked: Instant) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for (_, text) in self.said.lock().iter().filter(|(at, _)| *at >= asked) {
            if !all.contains(text) {
                all.push(text.clone());
            }
        }
        all
    }
}

pub(super) type Answer = (Tell, Vec<u8>);

/// A host process and the pipes to it.
pub(super) struct Host {
    pub(super) child: Child,
    stdin: Option<ChildStdin>,
    answers: Receiver<Result<Answer, String>>,
    signs: Arc<Signs>,
    /// The studio closes: it has other things to do than to wait for this.
    stop: Arc<AtomicBool>,
    /// Why it is over, once it is.
    over: Option<String>,
    threads: Vec<Joined>,
}

/// Forwards answers until the host's stdout ends.
fn listen(mut from: ChildStdout, signs: &Signs, answers: &Sender<Result<Answer, String>>) {
    loop {
        match wire::read::<Tell>(&mut from) {
            Ok(Some((Tell::Beat, _))) => signs.hear(),
            Ok(Some((Tell::Step, _))) => signs.step(),
            Ok(Some(answer)) => {
                signs.step();
                if answers.send(Ok(answer)).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(e) => {
                let _ = answers.send(Err(e.to_string()));
                return;
            }
        }
    }
}

/// Sends what the host prints to the log, and keeps what its drivers say.
fn overhear(from: impl Read, signs: &Signs) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without an end must not fill the memory.
        match from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        if text.is_empty() {
            continue;
        }
        // The host's own warnings are the studio's; what drivers complain of explains an error at most.
        if [" WARN culet", " ERROR culet"].iter().any(|own| text.contains(own)) {
            tracing::warn!(target: "culet::host", "{text}");
        } else {
            tracing::debug!(target: "culet::host", "{text}");
        }
        if let Some(words) = driver_words(&text) {
            signs.say(words);
        }
    }
}

/// What a driver said in a line of the host's stderr: the text of libgphoto2 in a line of the log,
/// or a line that C code printed by itself.
fn driver_words(line: &str) -> Option<String> {
    if let Some((_, text)) = line.split_once(" gphoto2: ") {
        return Some(text.trim().to_owned());
    }
    let log = [" ERROR ", " WARN ", " INFO ", " DEBUG ", " TRACE "];
    (!log.iter().any(|level| line.contains(level))).then(|| line.to_owned())
}

/// How a process ended, in studio words.
fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            4 | 6 | 7 | 8 | 11 => format!("the camera driver crashed (signal {signal})"),
            _ => format!("the camera host was killed (signal {signal})"),
        };
    }
    match status.code() {
        Some(101) => "the camera driver failed in a way that it should not".to_owned(),
        Some(code) => format!("the camera host ended with status {code}"),
        None => "the camera host ended".to_owned(),
    }
}

/// Adds what the driver said to an error's reason.
fn explained(error: CameraError, said: &[String]) -> CameraError {
    let full = said.iter().any(|s| s.to_lowercase().contains("store full"));
    let with = |why: String| {
        let new = said.iter().filter(|s| !why.contains(s.as_str()));
        new.fold(why.clone(), |all, s| format!("{all}; {s}"))
    };
    match error {
        CameraError::Refused(..) if full => CameraError::CardFull,
        CameraError::Refused(what, why) => CameraError::Refused(what, with(why)),
        CameraError::Gone(what, why) => CameraError::Gone(what, with(why)),
        CameraError::Absent(place, why) => CameraError::Absent(place, with(why)),
        other => other,
    }
}

impl Host {
    /// Starts a host and hears its greeting.
    pub(super) fn spawn(
        spec: Option<&CameraSpec>,
        launch: &Launch,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, CameraError> {
        let place = spec.map_or_else(|| "any port".to_owned(), ToString::to_string);
        let failed = |e: std::io::Error| {
            CameraError::Absent(place.clone(), format!("no camera host could be started: {e}"))
        };
        let mut child = launch.command(spec).spawn().map_err(failed)?;
        let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (sender, answers) = bounded(4);
        let signs = Arc::new(Signs::new());
        let mut host = Self {
            child,
            stdin,
            answers,
            signs: Arc::clone(&signs),
            stop,
            over: None,
            threads: Vec::new(),
        };
        let heard = Arc::clone(&signs);
        if let (Some(out), Some(err)) = (out, err) {
            let ears = spawn("host-answers", move || listen(out, &heard, &sender));
            host.threads.push(ears.map_err(failed)?);
            let log = spawn("host-log", move || overhear(err, &signs));
            host.threads.push(log.map_err(failed)?);
        }
        match host.hear("starting", STARTING, Instant::now())? {
            (Tell::Hello { protocol: PROTOCOL }, _) => Ok(host),
            (other, _) => Err(host.confused("starting", &other)),
        }
    }

    /// Asks and waits for the answer.
    pub(super) fn ask(
        &mut self,
        what: &str,
        ask: &Ask,
        patience: Patience,
    ) -> Result<Answer, CameraError> {
        if let Some(why) = &self.over {
            return Err(CameraError::Gone(what.to_owned(), why.clone()));
        }
        let asked = Instant::now();
        let sent = self.stdin.as_mut().map(|stdin| wire::write(stdin, ask, &[]));
        if !matches!(sent, Some(Ok(()))) {
            return Err(self.ended(what));
        }
        self.hear(what, patience, asked)
    }

    /// Waits for an answer.
    pub(super) fn hear(
        &mut self,
        what: &str,
        p: Patience,
        asked: Instant,
    ) -> Result<Answer, CameraError> {
        let mut stopped = None;
        loop {
            match self.answers.recv_timeout(TICK) {
                Ok(Ok((Tell::Failed(error), _))) => {
                    std::thread::sleep(ECHO);
                    return Err(explained(error, &self.signs.said_since(asked)));
                }
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(why)) => return Err(self.bury(what, why)),
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended(what)),
                Err(RecvTimeoutError::Timeout) => {
                    if self.stop.load(Ordering::Relaxed)
                        && stopped.get_or_insert_with(Instant::now).elapsed() > FAREWELL
                    {
                        return Err(self.bury(what, "the studio was closed".to_owned()));
                    }
                    if self.signs.since(&self.signs.heard, asked) > p.silence {
                        let s = p.silence.as_secs();
                        return Err(
                            self.bury(what, format!("its driver was silent for {s} seconds"))
                        );
                    }
                    if self.signs.since(&self.signs.moved, asked) > p.still {
                        let s = p.still.as_secs();
                        return Err(self.bury(what, format!("its driver hung for {s} seconds")));
                    }
                }
            }
        }
    }

    /// The host said something that is no answer to the question.
    pub(super) fn confused(&mut self, what: &str, told: &Tell) -> CameraError {
        tracing::error!("camera host said {told:?} while {what}");
        let why = "the camera host is of another version; start Culet again".to_owned();
        self.bury(what, why)
    }

    /// The host closed its end: it crashed, was killed, or ends.
    fn ended(&mut self, what: &str) -> CameraError {
        let start = Instant::now();
        while start.elapsed() < FAREWELL {
            if let Ok(Some(status)) = self.child.try_wait() {
                std::thread::sleep(ECHO);
                let lately = start.checked_sub(LAST_WORDS).unwrap_or(start);
                let words = [vec![ending(status)], self.signs.said_since(lately)].concat();
                return self.bury(what, words.join("; "));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.bury(what, "the camera host closed its connection".to_owned())
    }

    /// Ends the process, whatever it does, and remembers why.
    fn bury(&mut self, what: &str, why: String) -> CameraError {
        tracing::warn!("camera host over while {what}: {why}");
        self.end();
        self.over = Some(why.clone());
        CameraError::Gone(what.to_owned(), why)
    }

    /// Kills and reaps.
    fn end(&mut self) {
        self.stdin = None;
        let _ = self.child.kill();
        let start = Instant::now();
        while !matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
            if start.elapsed() > LAST_WAIT {
                // Its pipes stay open as long as it does: whoever listens is left behind too.
                tracing::error!("a camera host hangs inside the system; unplug its camera");
                self.threads.drain(..).for_each(std::mem::forget);
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Lets the camera go in order if the host still can.
    fn close(&mut self) {
        if self.over.is_some() {
            return;
        }
        if let Some(mut stdin) = self.stdin.take() {
            let _ = wire::write(&mut stdin, &Ask::Close, &[]);
        }
        let start = Instant::now();
        while start.elapsed() < FAREWELL {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.end();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.close();
        // A listener that waits to hand over an answer must not wait for this thread.
        while self.answers.try_recv().is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_words_are_found_in_a_log() {
        let line = "2026-01-01T00:00:00.000000Z ERROR gphoto2: PTP Store Full";
        assert_eq!(driver_words(line).as_deref(), Some("PTP Store Full"));
        assert_eq!(driver_words("2026-01-01T00:00:00Z  WARN culet::camera: kept"), None);
        let printed = "connect cmd: Connection refused";
        assert_eq!(driver_words(printed).as_deref(), Some(printed));
    }

    #[test]
    fn a_refusal_over_a_full_card_says_so() {
        let refused = CameraError::Refused("taking a picture".into(), "Unspecified error".into());
        let full = explained(refused.clone(), &["PTP Store Full".into()]);
        assert_eq!(full, CameraError::CardFull);
        let CameraError::Refused(_, why) = explained(refused, &["Out of Focus".into()]) else {
            panic!("refused")
        };
        assert_eq!(why, "Unspecified error; Out of Focus");
    }
}
