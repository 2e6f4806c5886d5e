//! `culet shoot`: a tethered session without a window, as a client of the same engine: live view is
//! read, pictures are taken, stored and scored, the best is retouched, a contact sheet is written.

use crate::camera::CameraSpec;
use crate::deliver::{SheetEntry, contact_sheet};
use crate::engine::Studio;
use crate::engine::contract::{
    CameraState, Command, Event, ExportOptions, Level, Link, LiveView, Take, TakeId,
};
use crate::imaging::files::write_atomic;
use crate::imaging::jpeg;
use anyhow::{Context as _, Result, bail};
use crossbeam_channel::select;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// `practice`, `auto`, `gphoto[:MODEL[@PORT]]`, `ptpip:HOST[:PORT]`, `webcam[:N]`, `folder:DIR`.
    #[arg(long, default_value = "practice")]
    camera: CameraSpec,
    /// The session's folder; a new one by default. An existing one is continued.
    #[arg(long)]
    session: Option<PathBuf>,
    /// How many pictures; 0 only fetches what the session still misses. Those of a folder are waited for, each up
    /// to two minutes.
    #[arg(long, default_value_t = 4)]
    shots: usize,
    /// A picture every so many seconds.
    #[arg(long, conflicts_with = "when_ready")]
    every: Option<f32>,
    /// A picture as soon as nothing is left to be suggested for a second (at the latest after ten).
    #[arg(long)]
    when_ready: bool,
    /// Seconds of live view before each picture.
    #[arg(long, default_value_t = 1.5)]
    live: f32,
    /// Keeps a second copy of every capture in this folder.
    #[arg(long)]
    second_copy: Option<PathBuf>,
    /// Names of captures, such as `{sku}_{counter:4}`.
    #[arg(long)]
    name: Option<String>,
    /// The piece's number, for `{sku}` in the name.
    #[arg(long, default_value = "")]
    sku: String,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

/// How long the camera may take to answer for the first time; the practice set is laid out then.
const CONNECT_PATIENCE: Duration = Duration::from_secs(90);
/// How long one picture may take from the shutter to its score.
const SHOT_PATIENCE: Duration = Duration::from_mins(2);
/// How long the next picture in a folder is waited for.
const RECEIVE_PATIENCE: Duration = Duration::from_mins(2);
/// How long room may be made on a disk that does not take a picture.
const STORE_PATIENCE: Duration = Duration::from_secs(20);
/// How long a picture that was taken and not told of is waited for.
const LATE_PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing happens before everything has happened.
const QUIET: Duration = Duration::from_millis(700);
/// How long second copies are waited for.
const COPY_PATIENCE: Duration = Duration::from_mins(1);
/// The longest wait for a ready scene.
const READY_PATIENCE: f32 = 10.0;

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let folder = arguments.session.clone().map_or_else(super::new_session_folder, Ok)?;
    let (studio, link) = Studio::start(&folder, Box::new(|| {}))?;
    let mut shoot = Shoot::new(arguments, link);
    shoot.set_up()?;
    shoot.connect(&arguments.camera)?;
    if let CameraSpec::Folder(_) = arguments.camera {
        shoot.receive()?;
    } else {
        for _ in 0..arguments.shots {
            shoot.frame_up()?;
            shoot.capture()?;
        }
    }
    shoot.settle()?;
    let too_few = shoot.captures < arguments.shots;
    let mut status = u8::from(shoot.lost() > 0 || shoot.refused > 0 || too_few);
    if let Some(practice) = studio.practice() {
        let held = practice.body.stored();
        let is_held = |t: &&Take| held.iter().any(|h| h.sha256 == t.sha256);
        let same = shoot.new_takes().filter(is_held).count();
        let all = shoot.new_takes().count();
        note!("{same} of {all} stored files have the hash that the camera holds");
        status |= u8::from(same != all);
    }
    shoot.finish_best()?;
    shoot.done();
    shoot.write_sheet(&folder)?;
    note!("session: {}", folder.display());
    Ok(status)
}

/// The client's state.
struct Shoot<'a> {
    arguments: &'a Arguments,
    link: Link,
    start: Instant,
    takes: BTreeMap<TakeId, Take>,
    old: usize,
    state: CameraState,
    connected: bool,
    captures: usize,
    /// Pictures that the camera did not take.
    refused: usize,
    /// What could not be done last, and when that was said.
    failed: Option<(Instant, String)>,
    /// The session's takes were all told.
    told_all: bool,
    copies_fail: bool,
    quiet_since: Instant,
    frames: u64,
    dropped: u64,
    view: Option<LiveView>,
    said: Vec<String>,
    told_frame: Instant,
    exported: bool,
    latencies: Vec<f32>,
    stored_ms: Vec<f32>,
    /// The camera's own part of that, and the rest.
    camera_ms: Vec<f32>,
    fetched_ms: Vec<f32>,
    scored_ms: Vec<f32>,
}

impl<'a> Shoot<'a> {
    fn new(arguments: &'a Arguments, link: Link) -> Self {
        let start = Instant::now();
        Self {
            arguments,
            link,
            start,
            takes: BTreeMap::new(),
            old: 0,
            state: CameraState::Off,
            connected: false,
            captures: 0,
            refused: 0,
            failed: None,
            told_all: false,
            copies_fail: false,
            quiet_since: start,
            frames: 0,
            dropped: 0,
            view: None,
            said: Vec::new(),
            told_frame: start,
            exported: false,
            latencies: Vec::new(),
            stored_ms: Vec::new(),
            camera_ms: Vec::new(),
            fetched_ms: Vec::new(),
            scored_ms: Vec::new(),
        }
    }

    fn send(&self, command: Command) -> Result<()> {
        self.link.commands.send(command).context("the engine ended")
    }

    fn set_up(&mut self) -> Result<()> {
        if self.arguments.name.is_some() || !self.arguments.sku.is_empty() {
            let pattern = match &self.arguments.name {
                Some(pattern) => pattern.clone(),
                None => "{sku}_{counter:4}".to_owned(),
            };
            crate::session::naming::check(&pattern)?;
            self.send(Command::Name { pattern, sku: self.arguments.sku.clone() })?;
        }
        if let Some(folder) = &self.arguments.second_copy {
            self.send(Command::SecondCopy(Some(folder.clone())))?;
        }
        Ok(())
    }

    fn connect(&mut self, spec: &CameraSpec) -> Result<()> {
        // What the session holds already is told before anything new, and numbers after it.
        while !self.told_all {
            self.watch_for(Duration::from_millis(20));
        }
        self.old = self.takes.len();
        self.send(Command::Connect(spec.clone()))?;
        let begun = Instant::now();
        while !self.connected {
            self.watch_for(Duration::from_millis(100));
            if let CameraState::Gone(why) = &self.state {
                bail!("{why}");
            }
            if begun.elapsed() > CONNECT_PATIENCE {
                bail!("the camera does not answer; culet doctor says what to check");
            }
        }
        Ok(())
    }

    /// Live view until it is time for the next picture.
    fn frame_up(&mut self) -> Result<()> {
        let begun = Instant::now();
        let mut quiet_since = Instant::now();
        loop {
            self.watch_for(Duration::from_millis(50));
            let view_has = |v: &LiveView| !v.suggestions.is_empty();
            if self.view.as_ref().is_none_or(view_has) {
                quiet_since = Instant::now();
            }
            let seconds = begun.elapsed().as_secs_f32();
            let ready = quiet_since.elapsed().as_secs_f32() >= 1.0 || seconds >= READY_PATIENCE;
            let over = match (self.arguments.when_ready, self.arguments.every) {
                (true, _) => seconds >= self.arguments.live && ready,
                (false, every) => seconds >= every.unwrap_or(self.arguments.live),
            };
            if over {
                break;
            }
        }
        if let Some(view) = self.view.take() {
            self.tell_reading(&view);
        }
        Ok(())
    }

    fn tell_reading(&self, view: &LiveView) {
        let mut object = json!({"t": self.t(), "event": "reading", "overall": view.score.overall});
        for (name, reading) in view.score.meters() {
            object[name] = json!({"value": reading.value, "because": reading.because});
        }
        self.tell(&object);
        for suggestion in view.suggestions.iter() {
            self.tell(&json!({"t": self.t(), "event": "suggestion", "kind": suggestion.kind,
                "text": suggestion.text, "amount": suggestion.amount, "unit": suggestion.unit}));
        }
    }

    /// Takes a picture and waits until it is scored.
    fn capture(&mut self) -> Result<()> {
        let begun = Instant::now();
        while !self.connected && begun.elapsed() < CONNECT_PATIENCE {
            self.watch_for(Duration::from_millis(50));
        }
        self.captures += 1;
        let before = self.takes.len();
        self.tell(&json!({"t": self.t(), "event": "capture", "number": self.captures}));
        self.send(Command::Capture)?;
        self.failed = None;
        self.quiet_since = Instant::now();
        let begun = Instant::now();
        while begun.elapsed() < SHOT_PATIENCE {
            self.watch_for(Duration::from_millis(50));
            if self.takes.len() > before && self.is_judged() {
                break;
            }
            self.give_up_on_a_full_disk()?;
            if self.takes.len() == before && self.is_quiet() && self.failed.is_some() {
                self.refused += 1;
                break;
            }
        }
        Ok(())
    }

    /// Waits for the pictures that another program puts into the folder.
    fn receive(&mut self) -> Result<()> {
        let wanted = self.arguments.shots;
        if wanted > 0 {
            note!("waiting for pictures in the folder: {wanted}");
        }
        let (mut came, mut since) = (0, Instant::now());
        while came < wanted && since.elapsed() < RECEIVE_PATIENCE {
            self.watch_for(Duration::from_millis(50));
            self.give_up_on_a_full_disk()?;
            if self.new_takes().count() > came {
                (came, since) = (self.new_takes().count(), Instant::now());
            }
        }
        self.captures = came;
        if came < wanted {
            note!("{came} of {wanted} pictures came; the shoot ends since no more did for a while");
        }
        Ok(())
    }

    fn is_judged(&self) -> bool {
        self.takes.values().all(|t| t.score.is_some() || t.trouble.is_some())
    }

    /// Whether the camera has been waiting for orders for a while.
    fn is_quiet(&self) -> bool {
        let idle = matches!(self.state, CameraState::Ready(_) | CameraState::Live(_));
        idle && self.quiet_since.elapsed() > QUIET
    }

    /// A picture that cannot be stored stays on the card; somebody may be making room.
    fn give_up_on_a_full_disk(&self) -> Result<()> {
        let waiting = matches!(self.state, CameraState::Transferring(_));
        match &self.failed {
            Some((at, why)) if waiting && at.elapsed() > STORE_PATIENCE => bail!(
                "{why}. The shoot ends here; the same command with the same --session goes on \
                 and fetches what is on the card"
            ),
            _ => Ok(()),
        }
    }

    /// Waits for pictures that come late, such as those that a vanished camera kept, and for second
    /// copies.
    fn settle(&mut self) -> Result<()> {
        let begun = Instant::now();
        self.quiet_since = begun;
        loop {
            self.watch_for(Duration::from_millis(100));
            self.give_up_on_a_full_disk()?;
            let stored = self.is_quiet() && self.is_judged();
            let late = if self.lost() > 0 { LATE_PATIENCE } else { Duration::ZERO };
            let hopeless = self.copies_fail || begun.elapsed() > COPY_PATIENCE;
            if stored && begun.elapsed() > late && (self.is_copied() || hopeless) {
                return Ok(());
            }
            if begun.elapsed() > SHOT_PATIENCE {
                return Ok(());
            }
        }
    }

    fn is_copied(&self) -> bool {
        use crate::engine::contract::Safety;
        let copied = |t: &Take| t.safety == Safety::TwoDisks;
        self.arguments.second_copy.is_none() || self.takes.values().all(copied)
    }

    fn new_takes(&self) -> impl Iterator<Item = &Take> {
        self.takes.values().skip(self.old)
    }

    fn lost(&self) -> usize {
        self.captures.saturating_sub(self.refused + self.new_takes().count())
    }

    /// The best of this run's takes is retouched and exported.
    fn finish_best(&mut self) -> Result<()> {
        let overall = |t: &Take| t.score.as_ref().map(|s| s.overall);
        let scored = self.new_takes().filter_map(|t| Some((t.id, overall(t)?)));
        let Some((best, value)) = scored.max_by(|a, b| a.1.total_cmp(&b.1)) else { return Ok(()) };
        let take = &self.takes[&best];
        let reasons: Vec<String> = take
            .score
            .iter()
            .flat_map(|s| {
                s.meters().into_iter().map(|(_, r)| r.because.clone()).collect::<Vec<_>>()
            })
            .collect();
        note!("best take {}: {value:.2}; {}", take.name, reasons.join("; "));
        self.send(Command::Retouch(best))?;
        self.send(Command::Export(vec![best], ExportOptions::default()))?;
        let begun = Instant::now();
        self.exported = false;
        while !self.exported && begun.elapsed() < SHOT_PATIENCE {
            self.watch_for(Duration::from_millis(100));
        }
        Ok(())
    }

    fn write_sheet(&self, folder: &Path) -> Result<()> {
        let entries: Vec<SheetEntry> = self
            .new_takes()
            .filter_map(|take| {
                let score = take.score.as_ref()?;
                Some(SheetEntry {
                    picture: take.thumbnail.as_ref()?.picture()?,
                    name: take.name.clone(),
                    value: score.overall,
                    best: take.best,
                })
            })
            .collect();
        if entries.is_empty() {
            return Ok(());
        }
        let path = folder.join("Output").join("contact-sheet.jpg");
        write_atomic(&path, &jpeg::encode(&contact_sheet(&entries), 92)?)
            .with_context(|| format!("{} cannot be written; make room", path.display()))?;
        note!("contact sheet: {}", path.display());
        Ok(())
    }

    fn done(&mut self) {
        let stored = self.new_takes().count();
        let latency = percentiles(&mut self.latencies);
        let to_stored = percentiles(&mut self.stored_ms);
        let to_announced = percentiles(&mut self.camera_ms);
        let from_announced = percentiles(&mut self.fetched_ms);
        let to_scored = percentiles(&mut self.scored_ms);
        self.tell(&json!({"t": self.t(), "event": "done", "frames": self.frames,
            "frames_dropped": self.dropped, "captures": self.captures, "refused": self.refused, "stored": stored,
            "lost": self.lost(), "live_latency_ms": latency, "shutter_to_stored_ms": to_stored,
            "shutter_to_announced_ms": to_announced, "announced_to_stored_ms": from_announced,
            "arrived_to_scored_ms": to_scored}));
    }

    /// Takes in what the engine tells for a while.
    fn watch_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let (events, live) = (self.link.events.clone(), self.link.live.receiver().clone());
            select! {
                recv(events) -> event => match event {
                    Ok(event) => self.hear(event),
                    Err(_) => return,
                },
                recv(live) -> view => if let Ok(view) = view { self.see(view) },
                default(left) => return,
            }
        }
    }

    fn see(&mut self, view: LiveView) {
        self.latencies.push(view.arrived.elapsed().as_secs_f32() * 1000.0);
        self.frames += 1;
        if self.told_frame.elapsed() > Duration::from_secs(1) {
            self.told_frame = Instant::now();
            let latency = self.latencies.last().copied().map(rounded);
            let object = json!({"t": self.t(), "event": "frame", "number": view.number,
                "latency_ms": latency});
            if self.arguments.json {
                say!("{object}");
            }
        }
        self.view = Some(view);
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Camera(state) => self.hear_state(state),
            Event::Settings(settings) => {
                let list: Vec<Value> =
                    settings.iter().map(|s| json!({"name": s.name, "value": s.value})).collect();
                self.tell(&json!({"t": self.t(), "event": "setting", "settings": list}));
            }
            Event::TakeAdded(take) => self.hear_take(take, true),
            Event::TakeChanged(take) => self.hear_take(take, false),
            Event::Message(level, text) => self.hear_message(level, text),
            Event::Progress { done, all, .. } => self.exported |= done == all,
            Event::Vitals(vitals) => {
                self.dropped = vitals.dropped;
                self.told_all = true;
            }
            Event::Session { .. }
            | Event::Cameras(_)
            | Event::Picture { .. }
            | Event::Calibrated(_)
            | Event::FlatField(_)
            | Event::Card(_)
            | Event::CutOut { .. }
            | Event::EditNext(_)
            | Event::EmptySet(_)
            | Event::Metal { .. }
            | Event::Specks { .. } => {}
        }
    }

    fn hear_state(&mut self, state: CameraState) {
        let model = match &state {
            CameraState::Ready(m) | CameraState::Live(m) => Some(m.clone()),
            _ => None,
        };
        if let Some(model) = model
            && !self.connected
        {
            let event = if self.captures == 0 { "connected" } else { "reconnected" };
            self.tell(&json!({"t": self.t(), "event": event, "model": model}));
            self.connected = true;
        }
        if let CameraState::Gone(why) = &state
            && self.connected
        {
            self.tell(&json!({"t": self.t(), "event": "disconnected", "because": why}));
            self.connected = false;
        }
        self.state = state;
        self.quiet_since = Instant::now();
    }

    fn hear_take(&mut self, take: Take, new: bool) {
        let known = self.takes.insert(take.id, take.clone());
        if new {
            self.quiet_since = Instant::now();
            self.failed = None;
        }
        if new && self.connected {
            let ms = |time: Duration| time.as_secs_f32() * 1000.0;
            let timing = take.timing;
            if let Some((all, own)) = timing.shutter_to_stored.zip(timing.shutter_to_announced) {
                self.stored_ms.push(ms(all));
                self.camera_ms.push(ms(own));
                self.fetched_ms.push(ms(all.saturating_sub(own)));
            }
            self.tell(&json!({"t": self.t(), "event": "stored", "file": take.file,
                "bytes": take.bytes, "sha256": take.sha256,
                "copies": if self.arguments.second_copy.is_some() { 2 } else { 1 }}));
        }
        let was_scored = known.is_some_and(|k| k.score.is_some());
        if let (Some(score), false, Some(time)) =
            (&take.score, was_scored, take.timing.arrived_to_scored)
        {
            self.scored_ms.push(time.as_secs_f32() * 1000.0);
            self.tell(&json!({"t": self.t(), "event": "scored", "file": take.file,
                "overall": score.overall, "score": **score}));
        }
    }

    fn hear_message(&mut self, level: Level, text: String) {
        let copies = text.starts_with("no second copy");
        self.copies_fail |= copies;
        if level >= Level::Warning && !copies {
            self.failed = Some((Instant::now(), text.clone()));
        }
        if level >= Level::Warning && self.said.last() != Some(&text) {
            self.tell(&json!({"t": self.t(), "event": "warning", "because": text}));
        } else if level == Level::Note {
            note!("{text}");
        }
        self.said.push(text);
    }

    fn t(&self) -> f64 {
        (self.start.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
    }

    fn tell(&self, event: &Value) {
        if self.arguments.json {
            say!("{event}");
        } else {
            note!("{}", plain(event));
        }
    }
}

/// An event as a line for people.
fn plain(event: &Value) -> String {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let number = |v: &Value| v.as_f64().unwrap_or_default();
    let kind = text(&event["event"]);
    let rest = match kind.as_str() {
        "connected" | "reconnected" => text(&event["model"]),
        "reading" => plain_reading(event),
        "suggestion" => text(&event["text"]),
        "stored" => {
            format!("{} ({:.1} MB)", text(&event["file"]), number(&event["bytes"]) / 1e6)
        }
        "scored" => format!("{:.2}", number(&event["overall"])),
        "warning" | "disconnected" => text(&event["because"]),
        "setting" => plain_settings(event),
        "done" => plain_done(event),
        _ => event["number"].to_string(),
    };
    format!("{:7.2} s  {kind}: {rest}", number(&event["t"]))
}

fn plain_reading(event: &Value) -> String {
    let Some(object) = event.as_object() else { return String::new() };
    let meters = object.iter().filter(|(_, v)| v["because"].is_string());
    let parts = meters.map(|(name, v)| {
        let because = v["because"].as_str().unwrap_or_default();
        format!("{name} {:.2}: {because}", v["value"].as_f64().unwrap_or_default())
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn plain_settings(event: &Value) -> String {
    let list = event["settings"].as_array().cloned().unwrap_or_default();
    let parts = list.iter().map(|s| {
        let text = |key: &str| s[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("name"), text("value"))
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn plain_done(event: &Value) -> String {
    let of = |key: &str, q: &str| event[key][q].as_f64().unwrap_or_default();
    format!(
        "{} captures, {} stored, {} lost; {} frames, {} dropped; live latency p95 {:.0} ms; shutter to \
         stored p50 {:.0} ms (the camera itself {:.0}, fetched, checked and stored {:.0}); arrived \
         to scored p50 {:.0} ms",
        event["captures"],
        event["stored"],
        event["lost"],
        event["frames"],
        event["frames_dropped"],
        of("live_latency_ms", "p95"),
        of("shutter_to_stored_ms", "p50"),
        of("shutter_to_announced_ms", "p50"),
        of("announced_to_stored_ms", "p50"),
        of("arrived_to_scored_ms", "p50"),
    )
}

fn percentiles(values: &mut [f32]) -> Value {
    values.sort_by(f32::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = |q: f32| values.get(((values.len() as f32 * q) as usize).min(last)).copied();
    json!({"p50": at(0.5).map(rounded), "p95": at(0.95).map(rounded),
        "max": values.last().copied().map(rounded)})
}

/// To a tenth: more digits would promise too much.
fn rounded(ms: f32) -> f64 {
    f64::from((ms * 10.0).round()) / 10.0
}
