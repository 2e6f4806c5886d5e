//! The camera's thread: it alone talks to the camera. Live frames are published and may be dropped;
//! every announced file is journalled, fetched, checked and stored before anything else is done.

use super::contract::{CameraState, Event, Level, TakeId};
use super::host::Backoff;
use super::latest::Publisher;
use super::open::{Opened, open};
use super::shared::Shared;
use crate::camera::{Camera, CameraError, CameraEvent, CameraSpec, LiveFrame, ObjectId};
use crate::imaging::jpeg;
use crate::session::journal::Source;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What the camera's thread is told to do.
#[derive(Clone, Debug)]
pub(super) enum Order {
    /// Connects a camera.
    Connect(CameraSpec),
    /// Lets it go.
    Disconnect,
    /// Fires the shutter.
    Capture,
    /// Live view on or off.
    LiveView(bool),
    /// Moves the focus.
    DriveFocus(i32),
    /// Lets it focus.
    Autofocus,
    /// Writes a setting.
    Set(String, String),
    /// A photographer looks for what is missing: compares the card with the journal now.
    Reconcile,
}

/// A live frame on its way to the preview.
pub(super) struct Frame {
    /// Counts from 1.
    pub(super) number: u64,
    /// When its bytes had arrived.
    pub(super) arrived: Instant,
    /// The picture as it came.
    pub(super) picture: LiveFrame,
}

/// A stored capture on its way to the judge.
pub(super) struct Arrival {
    /// Which take.
    pub(super) take: TakeId,
    /// When its last byte had arrived; none for takes of an earlier run.
    pub(super) arrived: Option<Instant>,
}

/// Live frames a second that are asked for.
const FRAME_TIME: Duration = Duration::from_millis(33);
/// How long a triggered picture may take to be announced.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the raw half of a pair is waited for when the camera does not say that it is done.
const PAIR_PATIENCE: Duration = Duration::from_secs(2);
/// How often a battery is read.
const BATTERY_EVERY: Duration = Duration::from_secs(30);
/// Waits before a store that failed is tried again.
const STORE_AGAIN: Duration = Duration::from_secs(3);

/// Where the camera's thread sends what it gets.
pub(super) struct Outlets {
    /// Live frames.
    pub(super) frames: Publisher<Frame>,
    /// Stored captures, to be judged.
    pub(super) arrivals: Sender<Arrival>,
    /// Rung when there is something to copy.
    pub(super) copies: Sender<()>,
}

/// The camera's thread.
pub(super) struct Tether {
    shared: Arc<Shared>,
    orders: Receiver<Order>,
    out: Outlets,
    spec: Option<CameraSpec>,
    opened: Option<Opened>,
    back_off: Backoff,
    complained: bool,
    next_attempt: Instant,
    live: bool,
    frames: u64,
    next_frame: Instant,
    events_cost: Duration,
    next_events: Instant,
    next_battery: Instant,
    exposure: Option<Exposure>,
    wanted: VecDeque<Wanted>,
    store_again: Instant,
    storing_fails: bool,
}

/// A picture that was triggered and is not complete yet.
struct Exposure {
    triggered: Instant,
    announced: Option<Instant>,
    complete: bool,
}

/// A file to be fetched.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    source: Source,
    /// Bytes that were fetched and could not be stored yet.
    bytes: Option<Vec<u8>>,
    triggered: Option<Instant>,
    tries: u32,
    /// Told again although it was stored: an equal file is no news.
    again: bool,
}

impl Wanted {
    fn new(source: Source, triggered: Option<Instant>) -> Self {
        Self { source, bytes: None, triggered, tries: 0, again: false }
    }
}

impl Tether {
    pub(super) fn new(shared: Arc<Shared>, orders: Receiver<Order>, out: Outlets) -> Self {
        let now = Instant::now();
        Self {
            shared,
            orders,
            out,
            spec: None,
            opened: None,
            back_off: Backoff::new(),
            complained: false,
            next_attempt: now,
            live: true,
            frames: 0,
            next_frame: now,
            events_cost: Duration::ZERO,
            next_events: now,
            next_battery: now,
            exposure: None,
            wanted: VecDeque::new(),
            store_again: now,
            storing_fails: false,
        }
    }

    /// Runs until the engine ends.
    pub(super) fn run(mut self) {
        while !self.shared.stopped() {
            let wait = self.wait();
            match self.orders.recv_timeout(wait) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.opened.is_some() {
                if let Err(e) = self.step() {
                    self.trouble(e);
                }
            } else if self.spec.is_some() && Instant::now() >= self.next_attempt {
                self.connect();
            }
        }
        if let Some(mut opened) = self.opened.take() {
            opened.camera.end_live().ok();
        }
    }

    /// How long nothing needs to be done.
    fn wait(&self) -> Duration {
        let now = Instant::now();
        let until = |at: Instant| at.saturating_duration_since(now);
        if self.opened.is_none() {
            let idle = Duration::from_millis(200);
            return if self.spec.is_some() { until(self.next_attempt).min(idle) } else { idle };
        }
        if self.exposure.is_some() {
            return Duration::ZERO;
        }
        let fetch = if self.wanted.is_empty() { FRAME_TIME * 3 } else { until(self.store_again) };
        let frame = if self.shows_live() { until(self.next_frame) } else { FRAME_TIME * 3 };
        fetch.min(frame).min(until(self.next_events))
    }

    fn shows_live(&self) -> bool {
        self.live && self.opened.as_ref().is_some_and(|o| o.abilities.live)
    }

    fn model(&self) -> String {
        self.opened.as_ref().map(|o| o.model.clone()).unwrap_or_default()
    }

    /// Tells what the camera is doing now.
    fn tell_state(&self) {
        let model = self.model();
        self.shared.camera(match (&self.opened, &self.spec) {
            (None, None) => CameraState::Off,
            (None, Some(spec)) => CameraState::Looking(spec.to_string()),
            (Some(_), _) if self.exposure.as_ref().is_some_and(|e| e.announced.is_none()) => {
                CameraState::Capturing(model)
            }
            (Some(_), _) if !self.wanted.is_empty() => CameraState::Transferring(model),
            (Some(_), _) if self.shows_live() => CameraState::Live(model),
            (Some(_), _) => CameraState::Ready(model),
        });
    }

    fn obey(&mut self, order: Order) {
        let done = match order {
            Order::Connect(spec) => {
                self.let_go();
                self.spec = Some(spec);
                self.back_off.reset();
                self.complained = false;
                self.next_attempt = Instant::now();
                Ok(())
            }
            Order::Disconnect => {
                self.let_go();
                self.spec = None;
                Ok(())
            }
            Order::LiveView(on) => self.set_live(on),
            Order::Reconcile => self.reconcile(),
            _ if self.opened.is_none() => {
                self.shared.say(
                    Level::Warning,
                    "no camera is connected; check the cable and that it is switched on",
                );
                return;
            }
            Order::Capture => self.trigger(),
            Order::DriveFocus(steps) => self.camera().and_then(|c| c.drive_focus(steps)),
            Order::Autofocus => self.camera().and_then(Camera::autofocus),
            Order::Set(name, value) => self.set(&name, &value),
        };
        match done {
            Ok(()) => self.tell_state(),
            Err(e) => self.trouble(e),
        }
    }

    fn camera(&mut self) -> Result<&mut dyn Camera, CameraError> {
        match &mut self.opened {
            Some(opened) => Ok(opened.camera.as_mut()),
            None => Err(CameraError::Cannot("none is connected".to_owned())),
        }
    }

    fn let_go(&mut self) {
        self.end_exposure();
        if let Some(mut opened) = self.opened.take() {
            opened.camera.end_live().ok();
        }
    }

    /// An exposure that is not over will not be waited for; its file is found on the card later.
    fn end_exposure(&mut self) {
        self.exposure = None;
    }

    /// A refusal is told; a camera that is gone is looked for.
    fn trouble(&mut self, error: CameraError) {
        match error {
            CameraError::Gone(..) | CameraError::Absent(..) => {
                self.end_exposure();
                self.opened = None;
                // Bytes that are here already are stored; the rest is found on the card again.
                self.wanted.retain(|w| w.bytes.is_some());
                self.back_off.reset();
                self.next_attempt = Instant::now() + self.back_off.wait();
                self.complained = true;
                let why = format!("{error}; it is looked for, and the shoot goes on by itself");
                self.shared.camera(CameraState::Gone(why.clone()));
                self.shared.say(Level::Warning, why);
            }
            refused => {
                self.end_exposure();
                self.shared.say(Level::Warning, refused.to_string());
                self.tell_state();
            }
        }
    }

    fn connect(&mut self) {
        let Some(spec) = self.spec.clone() else { return };
        self.shared.camera(CameraState::Connecting(match spec {
            CameraSpec::Practice => "practice: laying out the set".to_owned(),
            _ => spec.to_string(),
        }));
        match open(&spec, &self.shared.practice) {
            Ok(opened) => {
                self.back_off.reset();
                self.complained = false;
                self.shared.book.lock().camera.clone_from(&opened.model);
                self.opened = Some(opened);
                let now = Instant::now();
                (self.next_frame, self.next_events, self.next_battery) = (now, now, now);
                self.tell_state();
                self.tell_settings();
                if let Err(e) = self.reconcile() {
                    self.trouble(e);
                }
            }
            Err(e) => {
                self.next_attempt = Instant::now() + self.back_off.wait();
                if !self.complained {
                    self.shared.say(Level::Error, e.to_string());
                }
                self.complained = true;
                self.shared.camera(CameraState::Gone(e.to_string()));
            }
        }
    }

    /// Compares the card with the journal: what was missed while the camera was gone is fetched.
    fn reconcile(&mut self) -> Result<(), CameraError> {
        let Some(opened) = &mut self.opened else { return Ok(()) };
        if !opened.abilities.card {
            return Ok(());
        }
        let identity = opened.identity.clone();
        let listed = match opened.camera.list() {
            Ok(listed) => listed,
            Err(CameraError::Cannot(_)) => return Ok(()),
            Err(e) => return Err(e),
        };
        let on_card: Vec<_> =
            listed.into_iter().map(|o| (source(&identity, &o.id), o.bytes)).collect();
        let met = self.shared.book.lock().session.meet(&identity, &on_card);
        match met {
            Ok(missed) => {
                let there = |s: &Source| on_card.iter().any(|(listed, _)| listed == s);
                let (there, gone): (Vec<_>, Vec<_>) = missed.into_iter().partition(there);
                self.want_missed(there);
                gone.iter().for_each(|source| self.miss(source));
            }
            Err(e) => self.shared.say(Level::Error, journal_trouble(&e)),
        }
        Ok(())
    }

    fn want_missed(&mut self, sources: Vec<Source>) {
        if sources.is_empty() {
            return;
        }
        let n = sources.len();
        let what = if n == 1 { "1 picture".to_owned() } else { format!("{n} pictures") };
        self.shared.say(
            Level::Note,
            format!("{what} taken while the camera was away is on the card and fetched now"),
        );
        for source in sources {
            self.want(Wanted::new(source, None));
        }
        self.tell_state();
    }

    fn miss(&self, source: &Source) {
        self.shared.say(
            Level::Warning,
            format!("{} was removed from the card before it was fetched", source.name),
        );
        if let Err(e) = self.shared.book.lock().session.miss(source) {
            tracing::error!("{}", journal_trouble(&e));
        }
    }

    fn set_live(&mut self, on: bool) -> Result<(), CameraError> {
        self.live = on;
        match &mut self.opened {
            Some(opened) if !on => opened.camera.end_live(),
            _ => Ok(()),
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), CameraError> {
        let now = self.camera()?.set(name, value)?;
        if now != value {
            let text = format!("the camera set {name} to {now} instead of {value}");
            self.shared.say(Level::Warning, text);
        }
        self.tell_settings();
        Ok(())
    }

    fn tell_settings(&mut self) {
        let Ok(camera) = self.camera() else { return };
        match camera.settings() {
            Ok(settings) => self.shared.tell(Event::Settings(settings)),
            Err(e) => tracing::warn!("settings were not read: {e}"),
        }
    }

    fn trigger(&mut self) -> Result<(), CameraError> {
        if self.exposure.is_some() {
            // One exposure at a time; the next waits in the queue of orders.
            self.finish_exposure()?;
        }
        let triggered = Instant::now();
        self.exposure = Some(Exposure { triggered, announced: None, complete: false });
        self.tell_state();
        self.camera()?.trigger()
    }

    fn finish_exposure(&mut self) -> Result<(), CameraError> {
        while self.exposure.is_some() && !self.shared.stopped() {
            self.watch_exposure()?;
        }
        Ok(())
    }

    /// One round: events, then files, then a live frame.
    fn step(&mut self) -> Result<(), CameraError> {
        if self.exposure.is_some() {
            self.watch_exposure()?;
        } else if Instant::now() >= self.next_events {
            self.poll_events(Duration::ZERO)?;
        }
        if self.exposure.is_none() {
            self.fetch_next()?;
            self.show_frame()?;
            self.read_battery();
        }
        Ok(())
    }

    /// Waits for the files of the picture that was triggered. Live view rests meanwhile, since a
    /// preview request would stand in the shutter's way.
    fn watch_exposure(&mut self) -> Result<(), CameraError> {
        self.poll_events(Duration::from_millis(50))?;
        let Some(exposure) = &self.exposure else { return Ok(()) };
        let over = match exposure.announced {
            Some(at) => exposure.complete || at.elapsed() > PAIR_PATIENCE,
            None => exposure.triggered.elapsed() > PATIENCE,
        };
        if !over {
            return Ok(());
        }
        if exposure.announced.is_none() {
            self.shared.say(
                Level::Warning,
                "the camera announced no picture within a minute; look on its card",
            );
        }
        self.exposure = None;
        self.tell_state();
        Ok(())
    }

    /// Asks for events. The pause until the next time grows with what asking costs on this body.
    fn poll_events(&mut self, within: Duration) -> Result<(), CameraError> {
        let asked = Instant::now();
        let events = self.camera()?.events(within)?;
        let cost = asked.elapsed().saturating_sub(within);
        self.events_cost = (self.events_cost * 3 + cost) / 4;
        let pause = (self.events_cost * 8).clamp(Duration::from_millis(60), Duration::from_secs(1));
        self.next_events = Instant::now() + pause;
        let mut settings = false;
        for event in events {
            match event {
                CameraEvent::Added(id) => self.announced(&id),
                CameraEvent::Complete => {
                    if let Some(exposure) = &mut self.exposure {
                        exposure.complete = true;
                    }
                }
                CameraEvent::SettingsChanged => settings = true,
            }
        }
        if settings && self.exposure.is_none() {
            self.tell_settings();
        }
        Ok(())
    }

    fn announced(&mut self, id: &ObjectId) {
        let Some(opened) = &self.opened else { return };
        let source = source(&opened.identity, id);
        let triggered = self.exposure.as_mut().map(|e| {
            e.announced = Some(Instant::now());
            e.triggered
        });
        let mut wanted = Wanted::new(source, triggered);
        match self.shared.book.lock().session.announce(&wanted.source) {
            Ok(new) => wanted.again = !new,
            // It is fetched all the same; after a crash the card is compared with the journal.
            Err(e) => tracing::error!("{}", journal_trouble(&e)),
        }
        self.want(wanted);
    }

    /// Queues a file; the JPEG of a pair goes before its raw file.
    fn want(&mut self, wanted: Wanted) {
        if self.wanted.iter().any(|w| w.source == wanted.source) {
            return;
        }
        let raw = super::book::is_raw(&wanted.source.name);
        let stem = |s: &Source| crate::session::naming::split(&s.name).0.to_owned();
        let own = stem(&wanted.source);
        let before_its_raw = self.wanted.iter().position(|w| {
            !raw && w.source.folder == wanted.source.folder && stem(&w.source) == own
        });
        match before_its_raw {
            Some(at) => self.wanted.insert(at, wanted),
            None => self.wanted.push_back(wanted),
        }
    }

    /// Fetches and stores the next file. One that cannot be stored waits here and stays on the card.
    fn fetch_next(&mut self) -> Result<(), CameraError> {
        if Instant::now() < self.store_again {
            return Ok(());
        }
        let Some(mut wanted) = self.wanted.pop_front() else { return Ok(()) };
        if wanted.bytes.is_none() {
            match self.fetch(&mut wanted) {
                Ok(bytes) => wanted.bytes = Some(bytes),
                Err(e @ (CameraError::Gone(..) | CameraError::Absent(..))) => return Err(e),
                Err(e) => {
                    self.not_fetched(wanted, &e);
                    return Ok(());
                }
            }
        }
        let arrived = Instant::now();
        match self.store(&wanted, arrived) {
            Ok(()) => {
                self.storing_fails = false;
                if self.wanted.is_empty() {
                    self.tell_state();
                }
            }
            Err(e) => self.not_stored(wanted, &e),
        }
        Ok(())
    }

    fn not_fetched(&mut self, mut wanted: Wanted, error: &CameraError) {
        wanted.tries += 1;
        if wanted.tries < 3 {
            self.wanted.push_back(wanted);
            self.store_again = Instant::now() + Duration::from_millis(300);
            return;
        }
        let name = &wanted.source.name;
        self.shared.say(Level::Warning, format!("{name} could not be fetched: {error}"));
        // Removed from the card, or damaged there: the next comparison of the card tells.
        if let Err(e) = self.reconcile() {
            self.trouble(e);
        }
    }

    fn not_stored(&mut self, wanted: Wanted, error: &std::io::Error) {
        if !self.storing_fails {
            let name = &wanted.source.name;
            self.shared.say(
                Level::Error,
                format!(
                    "{name} cannot be stored ({error}); it stays on the camera's card. Make room or \
                     mend the folder: everything is fetched then"
                ),
            );
        }
        self.storing_fails = true;
        // Held bytes would fill the memory: all but this one are fetched again.
        self.wanted.push_front(wanted);
        self.store_again = Instant::now() + STORE_AGAIN;
    }

    fn fetch(&mut self, wanted: &mut Wanted) -> Result<Vec<u8>, CameraError> {
        let id =
            ObjectId { folder: wanted.source.folder.clone(), name: wanted.source.name.clone() };
        let mut bytes = self.camera()?.fetch(&id)?;
        // A cut-off transfer succeeds in libgphoto2; a JPEG tells by its end.
        while is_jpeg(&wanted.source.name) && !jpeg::is_whole(&bytes) && wanted.tries < 2 {
            wanted.tries += 1;
            bytes = self.camera()?.fetch(&id)?;
        }
        Ok(bytes)
    }

    fn store(&mut self, wanted: &Wanted, arrived: Instant) -> std::io::Result<()> {
        let bytes = wanted.bytes.as_deref().unwrap_or_default();
        let mut book = self.shared.book.lock();
        if wanted.again && book.session.has(&wanted.source, bytes) {
            return Ok(());
        }
        let (original, id) = book.store(&wanted.source, bytes)?;
        let shutter_to_stored = wanted.triggered.map(|t| t.elapsed());
        let added =
            id.and_then(|id| book.change(id, |t| t.timing.shutter_to_stored = shutter_to_stored));
        let changed = id.is_none().then(|| {
            let stem = crate::session::naming::split(&original.file).0.to_owned();
            book.takes().iter().find(|t| t.name.starts_with(&stem)).cloned()
        });
        drop(book);
        if is_jpeg(&wanted.source.name) && !jpeg::is_whole(bytes) {
            let text = format!(
                "{} arrived damaged, three times the same; it was kept as it is, look at it on the card",
                original.file
            );
            self.shared.say(Level::Warning, text);
        }
        if let Some(take) = added {
            self.shared.meters.waiting.fetch_add(1, Ordering::Relaxed);
            let arrival = Arrival { take: take.id, arrived: Some(arrived) };
            self.shared.tell(Event::TakeAdded(take));
            // The judge outlives this thread; its queue holds numbers, not pictures.
            self.out.arrivals.send(arrival).ok();
        }
        if let Some(take) = changed.flatten() {
            self.shared.tell(Event::TakeChanged(take));
        }
        self.out.copies.try_send(()).ok();
        Ok(())
    }

    fn show_frame(&mut self) -> Result<(), CameraError> {
        let now = Instant::now();
        if !self.shows_live() || now < self.next_frame {
            return Ok(());
        }
        self.next_frame = (self.next_frame + FRAME_TIME).max(now);
        let picture = match self.camera()?.frame() {
            Ok(picture) => picture,
            Err(CameraError::Refused(what, why)) => {
                // Mirror up, menu open, too hot: the body says why, and is asked again a little later.
                self.next_frame = now + Duration::from_secs(1);
                tracing::warn!("live view rests: {what} ({why})");
                return Ok(());
            }
            Err(e) => return Err(e),
        };
        self.frames += 1;
        let frame = Frame { number: self.frames, arrived: Instant::now(), picture };
        self.shared.meters.frames.store(self.frames, Ordering::Relaxed);
        if self.out.frames.publish(frame) == Ok(true) {
            self.shared.meters.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn read_battery(&mut self) {
        if Instant::now() < self.next_battery {
            return;
        }
        self.next_battery = Instant::now() + BATTERY_EVERY;
        let percent = self.opened.as_mut().and_then(|o| o.camera.battery());
        self.shared.meters.battery.store(percent.map_or(u64::MAX, u64::from), Ordering::Relaxed);
        if percent.is_some_and(|p| p <= 15) {
            let text = format!("the camera's battery is at {} %", percent.unwrap_or_default());
            self.shared.say(Level::Warning, text);
        }
    }
}

fn source(identity: &str, id: &ObjectId) -> Source {
    Source { camera: identity.to_owned(), folder: id.folder.clone(), name: id.name.clone() }
}

fn is_jpeg(name: &str) -> bool {
    let (_, ending) = crate::session::naming::split(name);
    ["jpg", "jpeg"].iter().any(|e| e.eq_ignore_ascii_case(ending))
}

fn journal_trouble(e: &std::io::Error) -> String {
    format!(
        "the session's journal cannot be written ({e}); captures stay on the camera's card: make room or mend the folder"
    )
}
