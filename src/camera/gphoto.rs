//! Cameras through libgphoto2.
//!
//! What its crate does not say: every C call of a process runs on one thread, nothing has a
//! time-out, and the only real abort is the end of the process. So this backend runs in a camera
//! host. Opening is lazy, the first operation tells whether somebody is there. An error of the kind
//! "other" may be a refusal or the end of the line: only asking again tells.

mod able;
mod opening;
mod widgets;

pub use opening::attached;
pub(super) use opening::version;

use super::names::{
    AUTOFOCUS, BATTERY, CARD, CLOCK, FOCUS_DRIVE, NO_CARD, SERIAL, SETTINGS, SLEEP, VIEWFINDER,
};
use super::{
    Abilities, Camera, CameraError, CameraEvent as Told, Facts, LiveFrame, Object, ObjectId, Pulse,
    Setting,
};
use crate::imaging::endings::is_picture;
use gphoto2::camera::CameraEvent;
use gphoto2::context::ProgressHandler;
use gphoto2::error::ErrorKind;
use gphoto2::filesys::StorageInfo;
use gphoto2::widget::Widget;
use gphoto2::{Camera as Handle, Context, Error};
use opening::{absent, context, find};
use std::collections::{BTreeSet, VecDeque};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// libgphoto2 asks the body again after this long.
const POLL: Duration = Duration::from_millis(100);
/// Events that are drained at once; a storm must not keep live view from its turn.
const MOST_EVENTS: usize = 64;
/// How long a body may stay busy before that is said.
const BUSY: Duration = Duration::from_secs(2);
/// How long a body may take until a new value is read back.
const SETTLE: Duration = Duration::from_millis(1500);
/// Folders inside folders on a card.
const DEEPEST: usize = 6;
/// Events in a row that libgphoto2 may fail to read while the body still answers.
const MOST_HICCUPS: u32 = 5;
/// Pictures that stay in a body's memory after they were fetched.
const STAY: usize = 3;
/// Files that libgphoto2 may still have in its memory, or whose size it remembers.
const REMEMBERED: usize = 20_000;
/// The folder under which libgphoto2 shows what is only in a body's memory.
const MEMORY: &str = "/";
const SENDING: &str = "sending a picture";
/// A card with less room than this is full.
const ROOM: u64 = 4 << 20;

/// A camera that libgphoto2 drives.
pub struct Gphoto {
    context: Context,
    camera: Handle,
    pulse: Pulse,
    model: String,
    serial: Option<String>,
    abilities: Abilities,
    /// Model and port under which it was opened.
    meant: (Option<String>, Option<String>),
    /// Events that are known before they are asked for: of bodies that give their picture at once,
    /// and from before a reopening.
    taken: Vec<Told>,
    /// Pictures in the body's memory that were fetched and wait for their removal.
    drained: VecDeque<ObjectId>,
    /// What this opening has read already and libgphoto2 therefore gives from its memory: whether
    /// the card was listed, and the files that were fetched.
    listed: bool,
    fetched: BTreeSet<ObjectId>,
    hiccups: u32,
}

/// Tells the pulse whenever libgphoto2 tells of a transfer's progress.
struct Steps(Pulse);

impl ProgressHandler for Steps {
    fn start(&mut self, _: f32, _: String) -> u32 {
        self.0.step();
        0
    }
    fn update(&mut self, _: u32, _: f32) {
        self.0.step();
    }
    fn stop(&mut self, _: u32) {
        self.0.step();
    }
}

impl Gphoto {
    /// Opens the camera at a port such as `usb:001,011` or `ptpip:127.0.0.1:15740:15740`, or the
    /// first that is found when none is named. The capture target is set to the card.
    pub fn open(port: Option<&str>) -> Result<Self, CameraError> {
        Self::open_as(None, port, Pulse::default())
    }

    /// Opens a camera by model, port, both or neither; `pulse` steps while transfers run.
    pub fn open_as(
        model: Option<&str>,
        port: Option<&str>,
        pulse: Pulse,
    ) -> Result<Self, CameraError> {
        let place = port.or(model).unwrap_or("any port");
        let context = context().map_err(|e| absent(place, &e))?;
        let camera = find(&context, model, port)?;
        let mut this = Self {
            context,
            camera,
            pulse,
            model: String::new(),
            serial: None,
            abilities: Abilities::default(),
            meant: (model.map(str::to_owned), port.map(str::to_owned)),
            taken: Vec::new(),
            drained: VecDeque::new(),
            listed: false,
            fetched: BTreeSet::new(),
            hiccups: 0,
        };
        let summary = this.camera.summary().map_err(|e| absent(place, &e))?;
        this.pulse.step();
        this.model = this.name();
        this.serial = this.first(SERIAL).map(|w| widgets::value(&w)).filter(|s| !s.is_empty());
        // Each question to a body that fell silent costs libgphoto2's 2.5 s: not a dozen of them.
        this.still_there(place)?;
        let kept = this.keep_on_card();
        this.still_there(place)?;
        this.abilities = this.able(&summary, kept);
        Ok(this)
    }

    fn still_there(&self, place: &str) -> Result<(), CameraError> {
        if self.answers() {
            return Ok(());
        }
        let why = "it fell silent while it was opened".to_owned();
        Err(CameraError::Absent(place.to_owned(), why))
    }

    /// The driver's name for the model, or the body's own where the driver has only a general one.
    fn name(&self) -> String {
        let general = self.camera.abilities().model().into_owned();
        let own = self.key("cameramodel").map(|w| widgets::value(&w)).unwrap_or_default();
        if !own.is_empty() && (general.starts_with("PTP/IP") || general.contains("PTP Class")) {
            own
        } else {
            general
        }
    }

    /// Sets the capture target to the card, or to the body's memory when it has none in it; says
    /// whether pictures stay on a card.
    fn keep_on_card(&mut self) -> bool {
        let card = self.has_card();
        let Some(widget) = self.first(&["capturetarget"]) else { return card };
        let offered = widgets::choices(&widget);
        let wanted = if card { CARD } else { NO_CARD };
        let Some(target) = wanted.iter().find(|c| offered.iter().any(|o| o == *c)) else {
            tracing::warn!("pictures cannot be kept as they should; the camera offers {offered:?}");
            return false;
        };
        if let Err(e) = self.set("capture_target", target) {
            tracing::warn!("pictures may not stay on the card: {e}");
            return false;
        }
        card
    }

    /// Asks the body for its cards; a question that every PTP body answers.
    fn has_card(&self) -> bool {
        self.camera.storages().wait().is_ok_and(|cards| !cards.is_empty())
    }

    /// What this body can do.
    fn able(&self, summary: &str, card: bool) -> Abilities {
        let driver = self.camera.abilities().camera_operations();
        let maker = self.key("manufacturer").map(|w| widgets::value(&w)).unwrap_or_default();
        let switch = self.first(&[VIEWFINDER]).is_some();
        let (trigger, live) = able::able(summary, &maker, switch).unwrap_or((true, true));
        Abilities {
            live: live && driver.capture_preview(),
            trigger: trigger && (driver.trigger_capture() || driver.capture_image()),
            focus_drive: self.first(FOCUS_DRIVE).is_some(),
            autofocus: self.first(AUTOFOCUS).is_some(),
            card,
        }
    }

    fn key(&self, name: &str) -> gphoto2::Result<Widget> {
        self.camera.config_key::<Widget>(name).wait()
    }

    /// The first of several names that the body has.
    fn first(&self, names: &[&str]) -> Option<Widget> {
        names.iter().find_map(|name| self.key(name).ok())
    }

    /// Whether the body still answers.
    fn answers(&self) -> bool {
        let refused = |e: Error| e.kind() == ErrorKind::NotSupported;
        self.camera.storages().wait().map_or_else(refused, |_| true)
    }

    /// An error in studio words.
    fn failed(&self, what: &str, e: &Error) -> CameraError {
        let (what_, why) = (what.to_owned(), e.to_string());
        match e.kind() {
            ErrorKind::NotSupported => CameraError::Cannot(what_),
            ErrorKind::NoSpace => CameraError::CardFull,
            ErrorKind::Io
            | ErrorKind::IoRead
            | ErrorKind::IoWrite
            | ErrorKind::IoUpdate
            | ErrorKind::IoLock
            | ErrorKind::IoUsbFind
            | ErrorKind::IoUsbClaim
            | ErrorKind::IoUsbClearHalt
            | ErrorKind::UnknownPort => CameraError::Gone(what_, why),
            ErrorKind::CameraBusy
            | ErrorKind::BadParameters
            | ErrorKind::FileNotFound
            | ErrorKind::DirectoryNotFound => CameraError::Refused(what_, why),
            _ if self.answers() => CameraError::Refused(what_, why),
            _ => CameraError::Gone(what_, why),
        }
    }

    /// Does it again while the body is busy.
    fn patiently<T>(
        &self,
        what: &str,
        mut once: impl FnMut(&Self) -> gphoto2::Result<T>,
    ) -> Result<T, CameraError> {
        let start = Instant::now();
        loop {
            match once(self) {
                Err(e) if e.kind() == ErrorKind::CameraBusy && start.elapsed() < BUSY => {
                    sleep(Duration::from_millis(25));
                }
                done => return done.map_err(|e| self.failed(what, &e)),
            }
        }
    }

    /// Whether no card has room for another picture.
    fn full(&self) -> bool {
        // The crate calls these kilobytes; they are bytes.
        let full = |s: &StorageInfo| {
            s.free_images() == Some(0) || s.free_kb().is_some_and(|bytes| bytes < ROOM)
        };
        self.camera.storages().wait().is_ok_and(|all| !all.is_empty() && all.iter().all(full))
    }

    /// Takes a picture the slow way and keeps what it is called for the next look at events.
    fn capture(&mut self) -> Result<(), CameraError> {
        let path = self.patiently("taking a picture", |c| c.camera.capture_image().wait())?;
        let id = ObjectId { folder: path.folder().into_owned(), name: path.name().into_owned() };
        self.taken.extend([Told::Added(id), Told::Complete]);
        Ok(())
    }

    /// One event, or none within the time. Some bodies tell of properties that libgphoto2 does not
    /// know; it fails once then, and the body is asked whether it is still there.
    fn event(&mut self, within: Duration) -> Result<Option<CameraEvent>, CameraError> {
        match self.camera.wait_event(within).wait() {
            Ok(event) => {
                self.hiccups = 0;
                Ok(Some(event).filter(|e| !matches!(e, CameraEvent::Timeout)))
            }
            Err(e) => match self.failed("waiting for a picture", &e) {
                gone @ CameraError::Gone(..) if !self.answers() => Err(gone),
                other if self.hiccups >= MOST_HICCUPS => Err(other),
                _ => {
                    self.hiccups += 1;
                    tracing::debug!("an event could not be read: {e}");
                    Ok(None)
                }
            },
        }
    }

    /// Pictures below a folder of the card.
    fn walk(&self, folder: &str, deep: usize, out: &mut Vec<Object>) -> Result<(), CameraError> {
        let what = "listing its card";
        let fs = self.camera.fs();
        let names = fs.list_files(folder).wait().map_err(|e| self.failed(what, &e))?;
        self.pulse.step();
        for name in names.filter(|n| is_picture(n)) {
            let info = fs.file_info(folder, &name).wait().ok();
            let bytes = info.as_ref().and_then(|i| i.file().size()).filter(|b| known(*b));
            let dated = info.and_then(|i| i.file().mtime()).filter(|t| *t > 0);
            out.push(Object { id: ObjectId { folder: folder.to_owned(), name }, bytes, dated });
            self.pulse.step();
        }
        if deep == 0 {
            return Ok(());
        }
        let inside = fs.list_folders(folder).wait().map_err(|e| self.failed(what, &e))?;
        let inside: Vec<String> = inside.collect();
        // A card with pictures has a DCIM folder; others beside it are the maker's own.
        let dcim: Vec<&String> = inside.iter().filter(|n| n.eq_ignore_ascii_case("DCIM")).collect();
        let chosen = if dcim.is_empty() { inside.iter().collect() } else { dcim };
        for name in chosen {
            self.walk(&format!("{}/{name}", folder.trim_end_matches('/')), deep - 1, out)?;
        }
        Ok(())
    }

    /// A file's bytes, as many as were announced.
    fn download(&self, object: &ObjectId) -> Result<Vec<u8>, Short> {
        let failed = |e: Error| Short::Failed(self.failed(SENDING, &e));
        let size = self.announced(object).unwrap_or(1);
        let mut task = self.camera.fs().download(&object.folder, &object.name);
        task.set_progress_handler(Steps(self.pulse.clone()));
        let file = task.wait().map_err(failed)?;
        let data = file.get_data(&self.context).wait().map_err(failed)?;
        // A connection that broke off gives a short file and no error.
        if (data.len() as u64) < size {
            return Err(Short::Cut(format!(
                "{} of {size} bytes of {} came",
                data.len(),
                object.name
            )));
        }
        Ok(data.into_vec())
    }

    fn remember(&mut self, object: &ObjectId) {
        if self.fetched.len() >= REMEMBERED {
            self.fetched.pop_first();
        }
        self.fetched.insert(object.clone());
    }

    /// Lets the body go and takes it again: libgphoto2 keeps what it downloaded, a short file too,
    /// and what it listed.
    fn reopen(&mut self) -> Result<(), CameraError> {
        let waiting = self.events(Duration::ZERO)?;
        self.taken.extend(waiting);
        let (model, port) = &self.meant;
        self.camera = find(&self.context, model.as_deref(), port.as_deref())?;
        self.listed = false;
        self.fetched.clear();
        let summary = self.camera.summary();
        summary.map(drop).map_err(|e| CameraError::Gone(SENDING.to_owned(), e.to_string()))
    }

    /// Bodies fill up when pictures stay in their memory. The last few stay, for whoever asked may
    /// not have them on a disk yet.
    fn drain(&mut self, object: &ObjectId) {
        if !self.drained.contains(object) {
            self.drained.push_back(object.clone());
        }
        if self.drained.len() > STAY
            && let Some(old) = self.drained.pop_front()
            && let Err(e) = self.camera.fs().delete_file(&old.folder, &old.name).wait()
        {
            tracing::debug!("{} stays in the camera's memory: {e}", old.name);
        }
    }

    fn announced(&self, object: &ObjectId) -> Option<u64> {
        let info = self.camera.fs().file_info(&object.folder, &object.name).wait().ok()?;
        info.file().size().filter(|b| known(*b))
    }
}

/// Why a file did not come whole.
enum Short {
    /// Fewer bytes came than were announced.
    Cut(String),
    /// None came.
    Failed(CameraError),
}

/// Whether a size says anything: PTP's field has 32 bits, and some bodies leave it empty.
fn known(bytes: u64) -> bool {
    bytes != 0 && bytes != u64::from(u32::MAX)
}

impl Camera for Gphoto {
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
        let what = "showing live view";
        if !self.abilities.live {
            return Err(CameraError::Cannot(what.to_owned()));
        }
        let file = self.patiently(what, |c| c.camera.capture_preview().wait());
        if matches!(file, Err(CameraError::Cannot(_))) {
            self.abilities.live = false;
        }
        let data = file?.get_data(&self.context).wait().map_err(|e| self.failed(what, &e))?;
        if data.is_empty() {
            return Err(CameraError::Refused(what.to_owned(), "an empty frame".to_owned()));
        }
        Ok(LiveFrame::Jpeg(data.into_vec()))
    }

    fn end_live(&mut self) -> Result<(), CameraError> {
        let Ok(Widget::Toggle(switch)) = self.key(VIEWFINDER) else { return Ok(()) };
        switch.set_toggled(false);
        self.patiently("ending live view", |c| c.camera.set_config(&switch).wait())
    }

    fn trigger(&mut self) -> Result<(), CameraError> {
        match self.patiently("taking a picture", |c| c.camera.trigger_capture().wait()) {
            Err(CameraError::Cannot(_)) => self.capture(),
            Err(CameraError::Refused(..)) if self.full() => Err(CameraError::CardFull),
            done => done,
        }
    }

    fn events(&mut self, within: Duration) -> Result<Vec<Told>, CameraError> {
        if !self.taken.is_empty() {
            return Ok(std::mem::take(&mut self.taken));
        }
        let (start, mut all, mut count) = (Instant::now(), Vec::new(), 0);
        loop {
            if count == MOST_EVENTS {
                all.push(Told::More);
                break;
            }
            let left = within.saturating_sub(start.elapsed());
            let wait = if all.is_empty() { left.min(POLL) } else { Duration::ZERO };
            match self.event(wait)?.map(studio_words) {
                Some(Some(told)) => {
                    count += 1;
                    if all.last() != Some(&told) {
                        all.push(told);
                    }
                }
                Some(None) if start.elapsed() < within => {}
                None if all.is_empty() && start.elapsed() < within => {}
                _ => break,
            }
        }
        Ok(all)
    }

    fn list(&mut self) -> Result<Vec<Object>, CameraError> {
        if self.listed {
            self.reopen()?;
        }
        let mut all = Vec::new();
        self.walk("/", DEEPEST, &mut all)?;
        self.listed = true;
        Ok(all)
    }

    fn fetch(&mut self, object: &ObjectId) -> Result<Vec<u8>, CameraError> {
        if object.folder != MEMORY && self.fetched.contains(object) {
            self.reopen()?;
        }
        self.remember(object);
        let bytes = match self.download(object) {
            Err(Short::Cut(why)) if object.folder != MEMORY => {
                tracing::warn!("{why}; it is asked for again");
                self.reopen()?;
                self.download(object)
            }
            done => done,
        };
        let bytes = bytes.map_err(|short| match short {
            Short::Cut(why) => CameraError::Refused(SENDING.to_owned(), why),
            Short::Failed(error) => error,
        })?;
        if object.folder == MEMORY {
            self.drain(object);
        }
        Ok(bytes)
    }

    fn dated(&mut self, object: &ObjectId) -> Option<i64> {
        let info = self.camera.fs().file_info(&object.folder, &object.name).wait().ok()?;
        info.file().mtime().filter(|t| *t > 0)
    }

    fn settings(&mut self) -> Result<Vec<Setting>, CameraError> {
        let mut all = Vec::new();
        for known in SETTINGS {
            self.pulse.step();
            if let Some(widget) = self.first(known.keys) {
                all.push(Setting {
                    name: known.name.to_owned(),
                    label: known.label.to_owned(),
                    value: widgets::value(&widget),
                    choices: widgets::choices(&widget),
                });
            }
        }
        if all.is_empty() && !self.answers() {
            let why = "no setting could be read".to_owned();
            return Err(CameraError::Gone("reading its settings".to_owned(), why));
        }
        Ok(all)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<String, CameraError> {
        let not_offered = |offered: String| {
            Err(CameraError::NotOffered(name.to_owned(), value.to_owned(), offered))
        };
        let known = SETTINGS.iter().find(|s| s.name == name);
        let Some(widget) = known.and_then(|s| self.first(s.keys)) else {
            return not_offered(format!("no {name} to change"));
        };
        let offered = widgets::choices(&widget);
        let Some(choice) = widgets::chosen(&offered, value) else {
            return not_offered(if offered.is_empty() {
                format!("{name} only to be read, perhaps because of the mode on its dial")
            } else {
                offered.join(", ")
            });
        };
        let what = format!("changing {name} to {choice}");
        widgets::write(&widget, &choice).map_err(|e| self.failed(&what, &e))?;
        self.patiently(&what, |c| c.camera.set_config(&widget).wait())?;
        let (key, start) = (widget.name(), Instant::now());
        loop {
            let read = self.patiently(&what, |c| c.key(&key)).map(|w| widgets::value(&w))?;
            if read == choice {
                if name == "capture_target" {
                    self.abilities.card = CARD.contains(&read.as_str());
                }
                return Ok(read);
            }
            if start.elapsed() > SETTLE {
                return Err(CameraError::Refused(what, format!("it stays at {read}")));
            }
            sleep(Duration::from_millis(50));
        }
    }

    fn drive_focus(&mut self, steps: i32) -> Result<(), CameraError> {
        let what = "moving the focus";
        let Some(widget) = self.first(FOCUS_DRIVE) else {
            return Err(CameraError::Cannot(what.to_owned()));
        };
        if steps == 0 {
            return Ok(());
        }
        widgets::drive(&widget, steps).map_err(|e| self.failed(what, &e))?;
        self.patiently(what, |c| c.camera.set_config(&widget).wait())
    }

    fn autofocus(&mut self) -> Result<(), CameraError> {
        let what = "focusing";
        let Some(Widget::Toggle(switch)) = self.first(AUTOFOCUS) else {
            return Err(CameraError::Cannot(what.to_owned()));
        };
        switch.set_toggled(true);
        self.patiently(what, |c| c.camera.set_config(&switch).wait())
    }

    fn battery(&mut self) -> Option<u8> {
        widgets::percent(&widgets::value(&self.first(BATTERY)?))
    }

    fn room(&mut self) -> Option<u64> {
        let cards = self.camera.storages().wait().unwrap_or_default();
        // The crate calls these kilobytes; they are bytes.
        cards.iter().filter_map(StorageInfo::free_kb).reduce(|a, b| a + b)
    }

    fn facts(&mut self) -> Facts {
        let cards = self.camera.storages().wait().unwrap_or_default();
        let clock = self.first(CLOCK).as_ref().and_then(widgets::seconds);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Facts {
            battery: self.battery(),
            // The crate calls these kilobytes; they are bytes.
            card_free_bytes: cards.iter().filter_map(StorageInfo::free_kb).reduce(|a, b| a + b),
            card_free_pictures: cards
                .iter()
                .filter_map(StorageInfo::free_images)
                .reduce(|a, b| a + b),
            clock_ahead_s: clock.map(|s| s - now.as_secs() as i64),
            sleeps_after: self.first(SLEEP).map(|w| widgets::value(&w)).filter(|s| !s.is_empty()),
        }
    }
}

/// An event that matters to a studio.
fn studio_words(event: CameraEvent) -> Option<Told> {
    match event {
        CameraEvent::NewFile(path) => Some(Told::Added(ObjectId {
            folder: path.folder().into_owned(),
            name: path.name().into_owned(),
        })),
        CameraEvent::CaptureComplete => Some(Told::Complete),
        // libgphoto2's own words: `PTP Property 500f changed, "iso" to "200"`.
        CameraEvent::Unknown(text) if text.contains("Property") => Some(Told::SettingsChanged),
        _ => None,
    }
}
