//! The body of the practice camera: PTP/IP with a Nikon personality, which unmodified libgphoto2
//! tethers to.
//!
//! `wire` (packets) → `responder` (connections) → `operations` (what each request does) on a
//! [`Body`]: its `properties`, its `card`, its `events`, and the `fault`s that it plays.

mod card;
mod clock;
mod codes;
mod events;
mod fault;
mod operations;
mod properties;
mod responder;
mod wire;

#[cfg(test)]
mod tests;

pub use card::Stored;
pub use fault::{FAULTS, Fault, Planned, Stage, UnknownFault};
pub use responder::Responder;

use super::{Exposure, Sensor, Still};
use card::{Card, NewFile};
use clock::Clock;
use codes::{event, format, property};
use events::Events;
use fault::Faults;
use parking_lot::{Condvar, Mutex};
use properties::Properties;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Pictures that the body remembers to take.
const BUFFER: usize = 20;

/// Where a picture goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Card,
    Memory,
}

struct State {
    properties: Properties,
    card: Card,
    events: Events,
    faults: Faults,
    clock: Clock,
    shots: u32,
    live: bool,
    /// Pictures that are asked for and not yet taken.
    pending: Vec<Target>,
    serial: u32,
}

/// The camera's state, shared by the client's connection and the shutter. Two bodies in one program
/// know nothing of each other.
pub struct Body {
    state: Mutex<State>,
    /// Told when a picture is asked for.
    asked: Condvar,
    sensor: Arc<dyn Sensor>,
}

impl Body {
    /// A body that takes its pictures from `sensor`; bodies differ by their serial number.
    pub fn new(sensor: Arc<dyn Sensor>, serial: u32) -> Self {
        let state = State {
            properties: Properties::factory(sensor.sizes()),
            card: Card::empty(1),
            events: Events::default(),
            faults: Faults::default(),
            clock: Clock::default(),
            shots: 0,
            live: false,
            pending: Vec::new(),
            serial,
        };
        Self { state: Mutex::new(state), asked: Condvar::new(), sensor }
    }

    /// Every file on the card and in the memory.
    pub fn stored(&self) -> Vec<Stored> {
        self.state.lock().card.stored()
    }

    /// How many pictures were taken, wherever they went.
    pub fn shots(&self) -> u32 {
        self.state.lock().shots
    }

    /// Whether pictures are asked for that are not yet taken.
    pub fn is_busy(&self) -> bool {
        !self.state.lock().pending.is_empty()
    }

    /// The photographer presses the shutter on the body. A full card or a full buffer stops it.
    pub fn press_shutter(&self) {
        let mut state = self.state.lock();
        if !state.card_is_full() && state.pending.len() < BUFFER {
            state.pending.push(Target::Card);
            self.asked.notify_all();
        }
    }

    /// The photographer turns a setting on the body: a PTP property code and its number, such as
    /// `0x500F` and 400 for ISO 400. False when that is not offered.
    pub fn turn_dial(&self, property: u16, number: i64) -> bool {
        let mut state = self.state.lock();
        let turned = state.properties.turn(property, number);
        if turned {
            state.tell(event::PROPERTY_CHANGED, u32::from(property));
        }
        turned
    }

    /// Plans a fault.
    pub fn inject(&self, planned: impl Into<Planned>) {
        let planned = planned.into();
        let mut state = self.state.lock();
        match planned.fault {
            Fault::NameWrap => state.card = Card::empty(9998),
            Fault::NoLiveView => {
                state.properties.turn(property::LIVE_VIEW_PROHIBIT, 1 << 17);
                // A body that gets too hot ends what runs.
                state.set_live(false);
            }
            _ => {}
        }
        state.faults.add(planned);
    }

    /// How often each fault, by its name, did something to a client since the body was made.
    pub fn faults_met(&self) -> BTreeMap<String, u32> {
        self.state.lock().faults.met().clone()
    }

    /// The photographer formats the card: it is empty, and files are numbered from one again.
    pub fn format_card(&self) {
        self.state.lock().card = Card::empty(1);
    }

    /// Faults that are still to come.
    pub fn planned_faults(&self) -> Vec<Planned> {
        self.state.lock().faults.planned()
    }

    /// Forgets all faults that are still to come.
    pub fn clear_faults(&self) {
        self.state.lock().faults.clear();
    }

    /// Takes the pictures that are asked for until `stop`; the caller gives it a thread, so that
    /// the connection answers "busy" meanwhile instead of falling silent.
    pub fn expose_until(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let Some((target, exposure)) = self.next_exposure() else { continue };
            let begun = Instant::now();
            let still = self.sensor.still(&exposure);
            tracing::debug!("a practice still took {} ms", begun.elapsed().as_millis());
            let mut state = self.state.lock();
            state.keep(target, &exposure, still);
            state.pending.remove(0);
        }
    }

    /// Waits a moment for a picture that is asked for.
    fn next_exposure(&self) -> Option<(Target, Exposure)> {
        let mut state = self.state.lock();
        if state.pending.is_empty() {
            self.asked.wait_for(&mut state, Duration::from_millis(50));
        }
        let target = state.pending.first().copied()?;
        Some((target, state.exposure()))
    }
}

impl State {
    fn exposure(&self) -> Exposure {
        self.properties.exposure(self.clock.exif(), self.shots)
    }

    fn tell(&mut self, event: u16, parameter: u32) {
        self.events.push(event, parameter, &mut self.faults);
    }

    fn card_is_full(&mut self) -> bool {
        let pictures = self.card.pictures();
        let full = |f| matches!(f, Fault::StoreFull(n) if pictures >= n as usize).then_some(());
        self.faults.lasting(full).is_some()
    }

    /// Stores a picture that was taken and tells about it.
    fn keep(&mut self, target: Target, exposure: &Exposure, still: Still) {
        self.shots += 1;
        let raw = self.properties.with_raw() || self.faults.plays(Fault::RawPair);
        let file = |format, extension, data, thumbnail| NewFile {
            format,
            extension,
            data,
            thumbnail,
            size: exposure.size,
            taken: self.clock.ptp(),
        };
        let (mut files, thumbnail) = (Vec::new(), Arc::new(still.thumbnail));
        if raw && target == Target::Card {
            // libgphoto2 sends no file of an unknown format without a thumbnail; real raw files have one.
            let thumbnail = Arc::clone(&thumbnail);
            files.push(file(
                format::UNDEFINED,
                "NEF",
                practice_raw(self.shots, &still.jpeg),
                thumbnail,
            ));
        }
        files.push(file(format::JPEG, "JPG", still.jpeg, thumbnail));
        if self.faults.is_due(Fault::BadCard) {
            files.iter_mut().for_each(|f| responder::corrupt(&mut f.data));
        }
        let told = !self.faults.is_due(Fault::LostEvents);
        self.storm();
        match target {
            Target::Card => self.keep_on_card(files, told),
            Target::Memory => {
                if let Some(file) = files.pop() {
                    self.card.keep_in_memory(file);
                }
                if told {
                    self.tell(event::OBJECT_IN_MEMORY, card::IN_MEMORY);
                    self.tell(event::MEMORY_CAPTURE_COMPLETE, 0);
                }
            }
        }
        self.drain_battery();
    }

    fn keep_on_card(&mut self, files: Vec<NewFile>, told: bool) {
        let (in_folder, number) = self.card.place();
        let rolls = |f| matches!(f, Fault::Rollover(n) if in_folder >= n.max(1)).then_some(());
        if self.faults.lasting(rolls).is_some() {
            self.card.roll_over();
        }
        if number == card::LAST_NUMBER {
            self.faults.plays(Fault::NameWrap);
        }
        let handles = self.card.store(files);
        if told {
            for handle in handles {
                self.tell(event::OBJECT_ADDED, handle);
            }
            self.tell(event::CAPTURE_COMPLETE, 0);
        }
    }

    fn storm(&mut self) {
        let count = self.faults.due(|f| match f {
            Fault::EventStorm(n) => Some(n),
            _ => None,
        });
        for _ in 0..count.unwrap_or(0) {
            self.tell(event::PROPERTY_CHANGED, u32::from(property::ISO));
        }
    }

    fn drain_battery(&mut self) {
        let loss = self.faults.lasting(|f| match f {
            Fault::Battery(percent) => Some(i64::from(percent)),
            _ => None,
        });
        if let Some(loss) = loss {
            let left = (self.properties.number(property::BATTERY) - loss).max(0);
            self.properties.turn(property::BATTERY, left);
            self.tell(event::PROPERTY_CHANGED, u32::from(property::BATTERY));
        }
    }

    fn battery_is_dead(&self) -> bool {
        self.properties.number(property::BATTERY) == 0
    }
}

/// A raw file of the practice camera: a TIFF header that says what it is and where the picture for
/// viewing lies, which is in the middle, between bytes that no two pictures share.
fn practice_raw(shot: u32, view: &[u8]) -> Vec<u8> {
    const LEAST: usize = 1 << 20;
    let text = b"Culet practice raw file: it holds no sensor values\0";
    let size = LEAST.max(view.len() * 3 / 2);
    let start = (size - view.len()) / 2;
    let entries =
        [(0x010e_u16, 2_u16, text.len(), 50), (0x0201, 4, 1, start), (0x0202, 4, 1, view.len())];
    let mut data = b"II*\0\x08\0\0\0\x03\0".to_vec();
    for (tag, kind, count, value) in entries {
        data.extend(tag.to_le_bytes());
        data.extend(kind.to_le_bytes());
        data.extend((count as u32).to_le_bytes());
        data.extend((value as u32).to_le_bytes());
    }
    data.extend([0; 4]);
    data.extend(text);
    let mut rng = super::vectors::Rng::new(shot, 0x4e45_4600);
    let mut fill = |data: &mut Vec<u8>, to: usize| {
        while data.len() < to {
            data.extend(rng.bits().to_le_bytes());
        }
        data.truncate(to);
    };
    fill(&mut data, start);
    data.extend(view);
    fill(&mut data, size);
    data
}
