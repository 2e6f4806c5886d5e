//! Cameras in processes of their own, and their supervision: a driver that hangs is killed, one
//! that crashes is a sentence, and neither takes the studio along.
//!
//! The studio's side is [`Hosted`], a [`Camera`] like any other; the host's side is [`run`]. Two
//! rules tell a hang from patience: a host that gives no sign of life, and a driver that gives no
//! answer and no step of progress. Outside a transfer that is five seconds, inside one sixty.

mod child;
mod process;

pub use child::run;

use crate::camera::doctor::Finding;
use crate::camera::wire::{self, Ask, Tell};
use crate::camera::{
    Abilities, Camera, CameraError, CameraEvent, CameraSpec, Facts, Folder, Found, LiveFrame,
    Object, ObjectId, Setting,
};
use process::{Answer, Host, Patience, patience};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A question that bodies answer at once.
const QUICK: Patience = patience(5, 5);
/// Something that the body moves for: mirror, focus, a new value.
const SLOW: Patience = patience(5, 15);
/// Finding and opening a camera; the host itself starts too.
const OPENING: Patience = patience(20, 30);
/// A declared transfer.
const TRANSFER: Patience = patience(60, 60);

/// Opens a camera as the engine does: in a host, except for a hot folder, which has no driver.
/// Nothing is waited for long once `stop` is set.
pub fn open(spec: &CameraSpec, stop: Arc<AtomicBool>) -> Result<Box<dyn Camera>, CameraError> {
    match spec {
        CameraSpec::Folder(dir) => Ok(Box::new(Folder::open(dir)?)),
        spec => Ok(Box::new(Hosted::start_until(spec, &Launch::usual()?, stop)?)),
    }
}

/// What is attached and what stands in the way, asked in a process of its own.
pub fn look(launch: &Launch) -> Result<(Vec<Found>, Vec<Finding>), CameraError> {
    let mut host = Host::spawn(None, launch, Arc::default())?;
    match host.hear("looking for cameras", OPENING, Instant::now())? {
        (Tell::Looked { found, findings }, _) => Ok((found, findings)),
        (other, _) => Err(host.confused("looking for cameras", &other)),
    }
}

/// Waits between attempts to reach a camera again: half a second, doubling to eight.
#[derive(Clone, Debug)]
pub struct Backoff(Duration);

impl Backoff {
    const SHORTEST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(8);

    /// Starts with the shortest wait.
    pub fn new() -> Self {
        Self(Self::SHORTEST)
    }

    /// How long to wait before the next attempt; each is twice the one before.
    pub fn wait(&mut self) -> Duration {
        let now = self.0;
        self.0 = (now * 2).min(Self::LONGEST);
        now
    }

    /// The camera answered: the next wait is the shortest again.
    pub fn reset(&mut self) {
        *self = Self::new();
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

/// How a host is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program; it must understand `camera-host`.
    pub program: PathBuf,
    /// Variables for its environment beside the studio's own.
    pub environment: Vec<(OsString, OsString)>,
}

/// What [`Launch::usual`] gives instead of this program.
static USUAL: OnceLock<Launch> = OnceLock::new();

impl Launch {
    /// This very program, or what [`Launch::make_usual`] named.
    pub fn usual() -> Result<Self, CameraError> {
        if let Some(usual) = USUAL.get() {
            return Ok(usual.clone());
        }
        let program = std::env::current_exe().map_err(|e| {
            CameraError::Absent("any port".to_owned(), format!("no host could be started: {e}"))
        })?;
        Ok(Self { program, environment: Vec::new() })
    }

    /// Makes this the way in which [`open`] starts hosts, once for the life of the process; for
    /// programs that are not Culet, such as its tests.
    pub fn make_usual(self) {
        USUAL.get_or_init(|| self);
    }

    /// A given program.
    pub fn of(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), environment: Vec::new() }
    }

    /// With a variable in its environment.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn command(&self, spec: Option<&CameraSpec>) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("camera-host");
        if let Some(spec) = spec {
            command.arg("--camera").arg(spec.to_string());
        }
        // The drivers' own words are errors in the log of libgphoto2's crate.
        let log = std::env::var("RUST_LOG").unwrap_or_else(|_| "culet=warn".to_owned());
        command.env("RUST_LOG", format!("{log},gphoto2=error")).env("NO_COLOR", "1");
        command.envs(self.environment.iter().map(|(k, v)| (k, v)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // An interrupt at the terminal is the studio's: it lets the camera go in order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

/// A camera in a host. Once it is [`CameraError::Gone`] it stays so; open another.
pub struct Hosted {
    host: Host,
    model: String,
    serial: Option<String>,
    abilities: Abilities,
}

impl Hosted {
    /// Starts a host for `spec` and waits until its camera is open.
    pub fn start(spec: &CameraSpec, launch: &Launch) -> Result<Self, CameraError> {
        Self::start_until(spec, launch, Arc::default())
    }

    /// As [`Self::start`]; once `stop` is set a host that does not answer is ended soon, whatever it
    /// does.
    pub fn start_until(
        spec: &CameraSpec,
        launch: &Launch,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, CameraError> {
        let what = "being connected";
        let mut host = Host::spawn(Some(spec), launch, stop)?;
        match host.hear(what, OPENING, Instant::now())? {
            (Tell::Opened { model, serial, abilities }, _) => {
                Ok(Self { host, model, serial, abilities })
            }
            (other, _) => Err(host.confused(what, &other)),
        }
    }

    /// The host's process id, for whoever wants to look at it.
    pub fn process(&self) -> u32 {
        self.host.child.id()
    }

    /// Asks, and takes the part of the answer that is meant.
    fn get<T>(
        &mut self,
        what: &str,
        ask: &Ask,
        patience: Patience,
        take: impl FnOnce(Answer) -> Result<T, Tell>,
    ) -> Result<T, CameraError> {
        let answer = self.host.ask(what, ask, patience)?;
        take(answer).map_err(|other| self.host.confused(what, &other))
    }

    /// What a camera can do changes: without a card target, or once live view was refused.
    fn relearn(&mut self) {
        let able =
            self.get("saying what it can do", &Ask::Abilities, QUICK, |answer| match answer {
                (Tell::Abilities(able), _) => Ok(able),
                (other, _) => Err(other),
            });
        if let Ok(able) = able {
            self.abilities = able;
        }
    }

    fn done(&mut self, what: &str, ask: &Ask, patience: Patience) -> Result<(), CameraError> {
        self.get(what, ask, patience, |answer| match answer {
            (Tell::Done, _) => Ok(()),
            (other, _) => Err(other),
        })
    }
}

impl Camera for Hosted {
    fn model(&self) -> String {
        self.model.clone()
    }

    fn serial(&self) -> Option<String> {
        self.serial.clone()
    }

    fn abilities(&self) -> Abilities {
        self.abilities
    }

    fn frame(&mut self) -> Result<LiveFrame, CameraError> {
        let frame = self.get("showing live view", &Ask::Frame, QUICK, |(tell, bytes)| {
            wire::unpack(&tell, bytes).ok_or(tell)
        });
        if matches!(frame, Err(CameraError::Cannot(_))) {
            self.relearn();
        }
        frame
    }

    fn end_live(&mut self) -> Result<(), CameraError> {
        self.done("ending live view", &Ask::EndLive, SLOW)
    }

    fn trigger(&mut self) -> Result<(), CameraError> {
        self.done("taking a picture", &Ask::Trigger, SLOW)
    }

    fn events(&mut self, within: Duration) -> Result<Vec<CameraEvent>, CameraError> {
        let ask = Ask::Events(within.as_millis() as u64);
        // libgphoto2 fetches what is only in a body's memory as soon as it hears of it.
        let base = if self.abilities.card { QUICK } else { TRANSFER };
        let longer = Patience { still: base.still + within, ..base };
        self.get("waiting for a picture", &ask, longer, |answer| match answer {
            (Tell::Events(events), _) => Ok(events),
            (other, _) => Err(other),
        })
    }

    fn list(&mut self) -> Result<Vec<Object>, CameraError> {
        self.get("listing its card", &Ask::List, SLOW, |answer| match answer {
            (Tell::Objects(objects), _) => Ok(objects),
            (other, _) => Err(other),
        })
    }

    fn fetch(&mut self, object: &ObjectId) -> Result<Vec<u8>, CameraError> {
        let ask = Ask::Fetch(object.clone());
        self.get("sending a picture", &ask, TRANSFER, |answer| match answer {
            (Tell::File, bytes) => Ok(bytes),
            (other, _) => Err(other),
        })
    }

    fn dated(&mut self, object: &ObjectId) -> Option<i64> {
        let ask = Ask::Dated(object.clone());
        self.get("saying when a picture was taken", &ask, QUICK, |answer| match answer {
            (Tell::Dated(date), _) => Ok(date),
            (other, _) => Err(other),
        })
        .ok()
        .flatten()
    }

    fn settings(&mut self) -> Result<Vec<Setting>, CameraError> {
        self.get("reading its settings", &Ask::Settings, QUICK, |answer| match answer {
            (Tell::Settings(settings), _) => Ok(settings),
            (other, _) => Err(other),
        })
    }

    fn set(&mut self, name: &str, value: &str) -> Result<String, CameraError> {
        let ask = Ask::Set(name.to_owned(), value.to_owned());
        let set = self.get(&format!("changing {name}"), &ask, SLOW, |answer| match answer {
            (Tell::Value(value), _) => Ok(value),
            (other, _) => Err(other),
        })?;
        self.relearn();
        Ok(set)
    }

    fn drive_focus(&mut self, steps: i32) -> Result<(), CameraError> {
        self.done("moving the focus", &Ask::DriveFocus(steps), SLOW)
    }

    fn autofocus(&mut self) -> Result<(), CameraError> {
        self.done("focusing", &Ask::Autofocus, SLOW)
    }

    fn battery(&mut self) -> Option<u8> {
        self.get("reading its battery", &Ask::Battery, QUICK, |answer| match answer {
            (Tell::Battery(percent), _) => Ok(percent),
            (other, _) => Err(other),
        })
        .ok()
        .flatten()
    }

    fn room(&mut self) -> Option<u64> {
        self.get("saying how much room it has", &Ask::Room, QUICK, |answer| match answer {
            (Tell::Room(bytes), _) => Ok(bytes),
            (other, _) => Err(other),
        })
        .ok()
        .flatten()
    }

    fn facts(&mut self) -> Facts {
        self.get("saying how it is", &Ask::Facts, QUICK, |answer| match answer {
            (Tell::Facts(facts), _) => Ok(facts),
            (other, _) => Err(other),
        })
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_eight_seconds() {
        let mut backoff = Backoff::new();
        let waits: Vec<u64> = (0..6).map(|_| backoff.wait().as_millis() as u64).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 8000]);
        backoff.reset();
        assert_eq!(backoff.wait().as_millis(), 500);
    }

    #[test]
    fn a_program_that_is_no_host_is_a_sentence() {
        for program in ["/bin/echo", "/bin/true", "/no/such/program"] {
            let start = Hosted::start(&CameraSpec::Auto, &Launch::of(program));
            let error = start.err().unwrap().to_string();
            assert!(error.contains("camera"), "{program}: {error}");
        }
    }
}
