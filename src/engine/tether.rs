//! The camera's thread: it alone talks to the camera. Live frames are published and may be dropped;
//! every announced file is journalled, fetched, checked and stored before anything else is done.

mod ingest;
mod room;

use super::contract::{CameraState, Event, Level, TakeId};
use super::host::Backoff;
use super::latest::Publisher;
use super::open::{Opened, open};
use super::shared::Shared;
use crate::camera::{Camera, CameraError, CameraEvent, CameraSpec, LiveFrame, doctor};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use ingest::Ingest;
use room::Room;
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
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the raw half of a pair is waited for when the camera does not say that it is done.
const PAIR_PATIENCE: Duration = Duration::from_secs(2);
/// How often a battery is read.
const BATTERY_EVERY: Duration = Duration::from_secs(30);
/// How often a card is asked for its room while nothing happens, and how soon after a picture came.
const ROOM_EVERY: Duration = Duration::from_secs(10);
const ROOM_SOON: Duration = Duration::from_secs(1);
/// A card with less room than this takes no picture: the body's own shutter does nothing then, and no
/// event says why.
const FULL: u64 = 4 << 20;
/// How long after the shutter a picture that nobody announced is looked for on the card: events get
/// lost. A long exposure is disturbed by that, so not too soon, and once more at the end.
const LOOK_AFTER: Duration = Duration::from_secs(8);
/// The same once the camera said that it is done.
const LOOK_WHEN_DONE: Duration = Duration::from_secs(2);

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
    room: Room,
    next_room: Instant,
    /// That the card is full was said.
    full: bool,
    /// A setting was changed on the body and not read again yet.
    turned: bool,
    exposure: Option<Exposure>,
    ingest: Ingest,
    /// Why live view rests, once that was said.
    rests: String,
    /// Cameras whose state was told at the beginning.
    greeted: Vec<String>,
}

/// A picture that was triggered and is not complete yet.
struct Exposure {
    triggered: Instant,
    announced: Option<Instant>,
    /// When the camera said that it is done.
    complete: Option<Instant>,
    /// Whether the card was looked at in vain.
    looked: bool,
}

impl Exposure {
    fn begin() -> Self {
        Self { triggered: Instant::now(), announced: None, complete: None, looked: false }
    }

    /// Whether the picture is overdue, so that its card should tell.
    fn overdue(&self) -> bool {
        let done = self.complete.is_some_and(|at| at.elapsed() > LOOK_WHEN_DONE);
        self.announced.is_none() && !self.looked && (done || self.triggered.elapsed() > LOOK_AFTER)
    }

    fn over(&self) -> bool {
        match self.announced {
            Some(at) => self.complete.is_some() || at.elapsed() > PAIR_PATIENCE,
            None => self.triggered.elapsed() > PATIENCE,
        }
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
            room: Room::default(),
            next_room: now,
            full: false,
            turned: false,
            exposure: None,
            ingest: Ingest::new(now),
            rests: String::new(),
            greeted: Vec::new(),
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
        let fetch = self.ingest.next().map_or(FRAME_TIME * 3, until);
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
            (Some(_), _) if !self.ingest.is_idle() => CameraState::Transferring(model),
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
            Order::Reconcile => self.reconcile().map(drop),
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
        self.ingest.let_go();
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
                self.ingest.let_go();
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
        match open(&spec, &self.shared.practice, self.shared.stop_sign()) {
            Ok(opened) => {
                self.back_off.reset();
                self.complained = false;
                self.shared.book.lock().camera.clone_from(&opened.model);
                self.opened = Some(opened);
                let now = Instant::now();
                (self.next_frame, self.next_events, self.next_battery) = (now, now, now);
                (self.room, self.next_room, self.turned) = (Room::default(), now, false);
                // Ready is said once the card is known: what comes on it from then on is ours.
                match self.reconcile() {
                    Ok(_) => {
                        self.tell_state();
                        self.tell_settings();
                        self.greet();
                    }
                    Err(e) => {
                        self.ingest.list_again();
                        self.trouble(e);
                    }
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

    /// What would end this shoot early, said once a body: its battery, its card, its clock.
    fn greet(&mut self) {
        let practice = self.spec == Some(CameraSpec::Practice);
        let Some(opened) = &mut self.opened else { return };
        if practice || self.greeted.contains(&opened.identity) {
            return;
        }
        let facts = opened.camera.facts();
        let findings = doctor::preflight(opened.abilities, &facts);
        self.greeted.push(opened.identity.clone());
        let said = findings.iter().filter_map(|f| Some(format!("{f}: {}", f.advice()?)));
        said.for_each(|text| self.shared.say(Level::Warning, text));
        let folder = self.shared.book.lock().session.folder().to_owned();
        let room = super::checks::room(&folder);
        if let Some(advice) = room.advice {
            self.shared.say(Level::Warning, format!("{}: {advice}", room.found));
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
        self.exposure = Some(Exposure::begin());
        self.ingest.expect_news();
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
            self.meet_again();
            self.fetch_next()?;
            self.show_frame()?;
            self.read_battery();
            self.read_room()?;
        }
        Ok(())
    }

    /// Waits for the files of the picture that was triggered. Live view rests meanwhile, since a
    /// preview request would stand in the shutter's way.
    fn watch_exposure(&mut self) -> Result<(), CameraError> {
        self.poll_events(Duration::from_millis(50))?;
        let overdue = self.exposure.as_ref().is_some_and(Exposure::overdue);
        let over = self.exposure.as_ref().is_some_and(Exposure::over);
        let silent = self.exposure.as_ref().is_some_and(|e| e.announced.is_none());
        if overdue || (over && silent) {
            self.look_for_exposure()?;
        } else if over {
            self.exposure = None;
            self.tell_state();
        }
        Ok(())
    }

    /// The picture was not announced: it is looked for on the card.
    fn look_for_exposure(&mut self) -> Result<(), CameraError> {
        let found = match self.reconcile() {
            Err(gone @ (CameraError::Gone(..) | CameraError::Absent(..))) => return Err(gone),
            found => found.unwrap_or(0),
        };
        let Some(exposure) = &mut self.exposure else { return Ok(()) };
        let over = exposure.over();
        (exposure.looked, exposure.announced) = (true, (found > 0).then(Instant::now));
        exposure.complete = exposure.complete.or(exposure.announced);
        if found == 0 && over {
            self.exposure = None;
            self.shared.say(
                Level::Warning,
                "no picture came within a minute and none is on the card; was the shutter released?",
            );
            self.tell_state();
        }
        Ok(())
    }

    /// Asks for events. The pause until the next time grows with what asking costs on this body.
    fn poll_events(&mut self, within: Duration) -> Result<(), CameraError> {
        let asked = Instant::now();
        let events = self.camera()?.events(within)?;
        let more = events.contains(&CameraEvent::More);
        if !more {
            let cost = asked.elapsed().saturating_sub(within);
            self.events_cost = (self.events_cost * 3 + cost) / 4;
        }
        let pause = (self.events_cost * 8).clamp(Duration::from_millis(60), Duration::from_secs(1));
        // In a storm of events a live frame comes between two looks, and no more.
        self.next_events = Instant::now() + if more { Duration::ZERO } else { pause };
        for event in events {
            match event {
                CameraEvent::Added(id) => self.announced(&id),
                CameraEvent::Complete => {
                    if let Some(exposure) = &mut self.exposure {
                        exposure.complete = exposure.complete.or_else(|| Some(Instant::now()));
                    }
                }
                CameraEvent::SettingsChanged => self.turned = true,
                CameraEvent::More => {}
            }
        }
        // Reading them would hold up a picture that is being taken.
        if !more && self.exposure.is_none() && std::mem::take(&mut self.turned) {
            self.tell_settings();
        }
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
            Err(e @ (CameraError::Gone(..) | CameraError::Absent(..))) => return Err(e),
            Err(e) => {
                self.rest(now, &e);
                return Ok(());
            }
        };
        self.rests.clear();
        self.frames += 1;
        let frame = Frame { number: self.frames, arrived: Instant::now(), picture };
        self.shared.meters.frames.store(self.frames, Ordering::Relaxed);
        if self.out.frames.publish(frame) == Ok(true) {
            self.shared.meters.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Mirror up, menu open, too hot: the body says why, once, and is asked again a little later.
    fn rest(&mut self, now: Instant, error: &CameraError) {
        self.next_frame = now + Duration::from_secs(1);
        let why = error.to_string();
        if self.rests != why {
            self.shared.say(Level::Warning, format!("live view rests: {why}"));
        }
        self.rests = why;
        if let Some(opened) = &mut self.opened {
            opened.abilities = opened.camera.abilities();
        }
        if !self.shows_live() {
            self.tell_state();
        }
    }

    /// A picture of the body's own shutter whose event got lost shows in the room on its card.
    fn read_room(&mut self) -> Result<(), CameraError> {
        let now = Instant::now();
        let kept = self.opened.as_ref().is_some_and(|o| o.abilities.card);
        if now < self.next_room || !self.ingest.is_idle() || !kept {
            return Ok(());
        }
        // What is told but not heard yet is not missing.
        self.poll_events(Duration::ZERO)?;
        let Some(opened) = self.opened.as_mut().filter(|_| self.ingest.is_idle()) else {
            return Ok(());
        };
        let room = opened.camera.room();
        // What asking costs on this body must not be felt in live view.
        self.next_room = now + ROOM_EVERY.max(now.elapsed() * 200);
        let full = room.is_some_and(|bytes| bytes < FULL);
        if full && !self.full {
            self.shared.say(Level::Warning, CameraError::CardFull.to_string());
        }
        self.full = full;
        if self.room.is_short(room) {
            self.reconcile()?;
        }
        Ok(())
    }

    /// A file of so many bytes came: there was room for it.
    fn note_room(&mut self, bytes: u64) {
        self.room.came(bytes);
        self.full = false;
        self.next_room = self.next_room.min(Instant::now() + ROOM_SOON);
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
