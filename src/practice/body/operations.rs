//! What each request of a client does.

use super::card::STORE;
use super::codes::{event, format, operation, property, response};
use super::fault::{Fault, Stage};
use super::properties::{Refused, Value};
use super::wire::{self, Request, Writer};
use super::{Body, State, Target};
use std::sync::Arc;
use std::time::Duration;

/// What an operation answers.
pub(crate) enum Answer {
    /// A code alone.
    Code(u16),
    /// OK with one number.
    Number(u32),
    /// OK with data.
    Data(Vec<u8>),
    /// OK with a file or a part of one, which faults may spoil.
    File(Part),
}

/// Bytes of a file that are sent at once.
pub(crate) struct Part {
    pub(crate) data: Arc<Vec<u8>>,
    /// Where in the file they start, and whether the file ends with them.
    pub(crate) from: u64,
    pub(crate) last: bool,
}

/// What stands before an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Nothing, after a wait.
    Pass(Duration),
    /// The connection is closed.
    Disconnect,
    /// Nothing is answered any more.
    Silence,
    /// The camera is busy.
    Busy,
}

/// What happens to a file on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoil {
    /// The connection is closed after so many bytes.
    Cut(u64),
    /// Bytes in the middle change.
    Corrupt,
    /// Only the first half is sent.
    Truncate,
}

/// Bytes before a live frame's JPEG, as bodies of this kind send them.
const LIVE_HEADER: usize = 384;

pub(super) fn stage(operation: u16) -> Stage {
    match operation {
        operation::OPEN_SESSION | operation::CLOSE_SESSION => Stage::Session,
        operation::GET_PROPERTY_DESC | operation::GET_PROPERTY | operation::SET_PROPERTY => {
            Stage::Settings
        }
        operation::START_LIVE_VIEW | operation::END_LIVE_VIEW | operation::GET_LIVE_VIEW => {
            Stage::Live
        }
        operation::AF_DRIVE | operation::MF_DRIVE => Stage::Focus,
        operation::INITIATE_CAPTURE
        | operation::CAPTURE_TO_MEDIA
        | operation::CAPTURE_TO_MEMORY => Stage::Capture,
        operation::DEVICE_READY => Stage::Ready,
        operation::GET_EVENT => Stage::Events,
        operation::GET_STORAGE_IDS..=operation::GET_OBJECT_INFO => Stage::List,
        operation::GET_OBJECT | operation::GET_PARTIAL_OBJECT | operation::GET_THUMB => {
            Stage::Download
        }
        operation::DELETE_OBJECT => Stage::Delete,
        _ => Stage::Info,
    }
}

fn found(data: Option<Vec<u8>>, or: u16) -> Answer {
    data.map_or(Answer::Code(or), Answer::Data)
}

fn numbers(values: &[u32]) -> Answer {
    let mut w = Writer::default();
    w.u32s(values);
    Answer::Data(w.0)
}

impl Body {
    /// A client connects: the number of the body that it meets, and what stands before the answer.
    pub(crate) fn connected(&self) -> (u32, Gate) {
        let mut state = self.state.lock();
        if state.faults.is_due(Fault::OtherBody) {
            state.serial += 1;
            state.card = super::Card::empty(1);
        }
        let serial = state.serial;
        (serial, state.gate_of(Stage::Connect).unwrap_or(Gate::Pass(Duration::ZERO)))
    }

    /// What faults do to a request before it is answered.
    pub(crate) fn gate(&self, request: &Request) -> Gate {
        let at = stage(request.operation);
        let mut state = self.state.lock();
        if let Some(gate) = state.gate_of(at) {
            return gate;
        }
        if matches!(at, Stage::Capture | Stage::Ready) && state.faults.busy() {
            return Gate::Busy;
        }
        let late = state.faults.lasting(|f| match f {
            Fault::Slow(ms) => Some(u64::from(ms)),
            _ => None,
        });
        Gate::Pass(Duration::from_millis(late.unwrap_or(0)))
    }

    /// What faults do to a part of a file that is sent. A cut behind the file's end comes at its
    /// last byte.
    pub(crate) fn spoil(&self, part: &Part) -> Option<Spoil> {
        let end = part.from + part.data.len() as u64;
        self.state.lock().faults.due(|f| match f {
            Fault::Cut(byte) if part.last || byte < end => {
                Some(Spoil::Cut(byte.saturating_sub(part.from)))
            }
            Fault::Corrupt => Some(Spoil::Corrupt),
            Fault::Truncate => Some(Spoil::Truncate),
            _ => None,
        })
    }

    /// Does what is asked.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        match request.operation {
            // These ask the sensor, which must not hold up the shutter.
            operation::GET_LIVE_VIEW => self.live_frame(),
            operation::AF_DRIVE => {
                let focused = self.sensor.autofocus();
                Answer::Code(if focused { response::OK } else { response::OUT_OF_FOCUS })
            }
            operation::MF_DRIVE => self.drive_focus(request),
            _ => {
                let answer = self.state.lock().answer(request);
                self.asked.notify_all();
                answer
            }
        }
    }

    fn live_frame(&self) -> Answer {
        let (live, exposure) = {
            let state = self.state.lock();
            (state.live, state.exposure())
        };
        if !live {
            return Answer::Code(response::NOT_LIVE_VIEW);
        }
        let mut frame = vec![0_u8; LIVE_HEADER];
        frame.extend(self.sensor.live(&exposure));
        Answer::Data(frame)
    }

    /// Direction 1 is toward the camera, 2 away from it.
    fn drive_focus(&self, request: &Request) -> Answer {
        if !self.state.lock().live {
            return Answer::Code(response::NOT_LIVE_VIEW);
        }
        let steps = request.parameter(1).min(32_767) as i32;
        let moved = self.sensor.drive_focus(if request.parameter(0) == 1 { -steps } else { steps });
        Answer::Code(if moved { response::OK } else { response::FOCUS_STEP_END })
    }
}

impl State {
    /// Whether the body falls silent or goes at a stage.
    fn gate_of(&mut self, at: Stage) -> Option<Gate> {
        if self.battery_is_dead() {
            return Some(Gate::Disconnect);
        }
        self.faults.due(|f| match f {
            Fault::Disconnect(s) if s == at => Some(Gate::Disconnect),
            Fault::Silence(s) if s == at => Some(Gate::Silence),
            _ => None,
        })
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let first = request.parameter(0);
        match request.operation {
            operation::GET_DEVICE_INFO => Answer::Data(self.device_info()),
            operation::OPEN_SESSION => self.open_session(),
            operation::CLOSE_SESSION | operation::CHANGE_MODE => Answer::Code(response::OK),
            operation::GET_STORAGE_IDS => numbers(&[STORE]),
            operation::GET_STORAGE_INFO => {
                let full = self.card_is_full();
                Answer::Data(self.card.storage_info(full))
            }
            operation::GET_NUM_OBJECTS => Answer::Number(self.card.count() as u32),
            operation::GET_OBJECT_HANDLES => {
                numbers(&self.card.children(request.parameter(2), request.parameter(1)))
            }
            operation::GET_OBJECT_INFO => {
                found(self.card.object_info(first), response::INVALID_HANDLE)
            }
            operation::GET_OBJECT => self.file(first),
            operation::GET_PARTIAL_OBJECT => self.part(request),
            operation::GET_THUMB if !self.card.has(first) => Answer::Code(response::INVALID_HANDLE),
            operation::GET_THUMB => {
                found(self.card.thumbnail(first).map(|t| t.to_vec()), response::NO_THUMBNAIL)
            }
            operation::DELETE_OBJECT => self.delete(first),
            // The recording medium, which libgphoto2 sets to memory for live view, speaks for the plain
            // capture alone: the others name their target.
            operation::INITIATE_CAPTURE if self.properties.to_memory() => {
                self.capture(Target::Memory)
            }
            operation::INITIATE_CAPTURE => self.capture(Target::Card),
            operation::CAPTURE_TO_MEMORY => self.capture(Target::Memory),
            operation::CAPTURE_TO_MEDIA if request.parameter(1) == 1 => {
                self.capture(Target::Memory)
            }
            operation::CAPTURE_TO_MEDIA => self.capture(Target::Card),
            operation::DEVICE_READY if self.pending.is_empty() => Answer::Code(response::OK),
            operation::DEVICE_READY => Answer::Code(response::BUSY),
            operation::GET_EVENT => Answer::Data(self.events.take()),
            operation::GET_PROPERTY_DESC => {
                self.refresh_clock();
                found(self.properties.describe(first as u16), response::PROPERTY_NOT_SUPPORTED)
            }
            operation::GET_PROPERTY => self.property(first as u16),
            operation::SET_PROPERTY => self.set_property(first as u16, &request.data),
            operation::START_LIVE_VIEW => self.start_live_view(),
            operation::END_LIVE_VIEW => self.set_live(false),
            _ => Answer::Code(response::OPERATION_NOT_SUPPORTED),
        }
    }

    /// A new session knows nothing of what was told in the one before.
    fn open_session(&mut self) -> Answer {
        self.events.clear();
        self.set_live(false)
    }

    fn device_info(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.u16(100).u32(0x0a).u16(100).text("nikon.com: 1.0;").u16(0);
        w.u16s(&operation::ALL).u16s(&event::ALL).u16s(&self.properties.codes());
        w.u16s(&[format::JPEG]).u16s(&[format::UNDEFINED, format::FOLDER, format::JPEG]);
        w.text("Nikon Corporation").text("Culet Practice").text(env!("CARGO_PKG_VERSION"));
        w.text(&format!("CULET{:04}", self.serial));
        w.0
    }

    fn vanish(&mut self, handle: u32) {
        if self.faults.is_due(Fault::Vanish) {
            self.card.remove(handle);
            self.tell(event::OBJECT_REMOVED, handle);
        }
    }

    fn file(&mut self, handle: u32) -> Answer {
        self.vanish(handle);
        self.card.read(handle).map_or(Answer::Code(response::INVALID_HANDLE), |data| {
            Answer::File(Part { data, from: 0, last: true })
        })
    }

    fn part(&mut self, request: &Request) -> Answer {
        if request.parameter(1) == 0 {
            self.vanish(request.parameter(0));
        }
        let Some(file) = self.card.read(request.parameter(0)) else {
            return Answer::Code(response::INVALID_HANDLE);
        };
        let from = (request.parameter(1) as usize).min(file.len());
        let to = from.saturating_add(request.parameter(2) as usize).min(file.len());
        Answer::File(Part {
            data: Arc::new(file[from..to].to_vec()),
            from: from as u64,
            last: to == file.len(),
        })
    }

    fn delete(&mut self, handle: u32) -> Answer {
        let removed = self.card.remove(handle);
        Answer::Code(if removed { response::OK } else { response::INVALID_HANDLE })
    }

    fn capture(&mut self, target: Target) -> Answer {
        if !self.pending.is_empty() {
            return Answer::Code(response::BUSY);
        }
        if target == Target::Card && self.card_is_full() {
            return Answer::Code(response::STORE_FULL);
        }
        self.pending.push(target);
        Answer::Code(response::OK)
    }

    fn property(&mut self, code: u16) -> Answer {
        self.refresh_clock();
        // libgphoto2 asks whether it may before it starts live view.
        if code == property::LIVE_VIEW_PROHIBIT && self.properties.number(code) != 0 {
            self.faults.plays(Fault::NoLiveView);
        }
        let value = self.properties.value(code).map(|v| {
            let mut w = Writer::default();
            v.put(&mut w);
            w.0
        });
        found(value, response::PROPERTY_NOT_SUPPORTED)
    }

    fn refresh_clock(&mut self) {
        let mut w = Writer::default();
        Value::Text(self.clock.ptp()).put(&mut w);
        let _ = self.properties.write(property::DATE_TIME, &w.0);
    }

    fn set_property(&mut self, code: u16, data: &[u8]) -> Answer {
        let set = if code == property::DATE_TIME {
            let text = wire::text(data).ok_or(Refused::BadData);
            text.and_then(|t| if self.clock.set(&t) { Ok(()) } else { Err(Refused::NotAChoice) })
        } else {
            self.properties.write(code, data)
        };
        Answer::Code(match set {
            Ok(()) => {
                self.tell(event::PROPERTY_CHANGED, u32::from(code));
                response::OK
            }
            Err(Refused::NoSuchProperty) => response::PROPERTY_NOT_SUPPORTED,
            Err(Refused::ReadOnly) => response::ACCESS_DENIED,
            Err(Refused::BadData) => response::INVALID_FORMAT,
            Err(Refused::NotAChoice) => response::INVALID_VALUE,
        })
    }

    fn start_live_view(&mut self) -> Answer {
        if self.properties.number(property::LIVE_VIEW_PROHIBIT) != 0 {
            self.faults.plays(Fault::NoLiveView);
            return Answer::Code(response::INVALID_STATUS);
        }
        self.set_live(true)
    }

    pub(super) fn set_live(&mut self, live: bool) -> Answer {
        self.live = live;
        self.properties.turn(property::LIVE_VIEW_STATUS, i64::from(live));
        Answer::Code(response::OK)
    }
}
