//! The body of the practice camera: PTP/IP (CIPA DC-005) with a Nikon personality, which unmodified
//! libgphoto2 tethers to. One client at a time; the event connection stays silent because libgphoto2
//! asks for events itself (opcode 90C7).

use super::{Exposure, Sensor};
use crate::imaging::files::sha256;
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const STORE: u32 = 0x0001_0001;
const SDRAM: u32 = 0xffff_0001;
const OK: u16 = 0x2001;
const OPERATIONS: [u16; 24] = [
    0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1007, 0x1008, 0x1009, 0x100b, 0x100e, 0x1014,
    0x1015, 0x1016, 0x101b, 0x90c0, 0x90c1, 0x90c2, 0x90c7, 0x90c8, 0x9201, 0x9202, 0x9203, 0x9207,
];
const EVENTS: [u16; 6] = [0x4002, 0x4003, 0x4006, 0x400d, 0xc101, 0xc102];

/// Little-endian PTP data sets.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn u8(&mut self, v: u8) -> &mut Self {
        self.0.push(v);
        self
    }
    fn u16(&mut self, v: u16) -> &mut Self {
        self.0.extend(v.to_le_bytes());
        self
    }
    fn u32(&mut self, v: u32) -> &mut Self {
        self.0.extend(v.to_le_bytes());
        self
    }
    fn u64(&mut self, v: u64) -> &mut Self {
        self.0.extend(v.to_le_bytes());
        self
    }
    fn text(&mut self, s: &str) -> &mut Self {
        if s.is_empty() {
            return self.u8(0);
        }
        let units: Vec<u16> = s.encode_utf16().collect();
        self.u8(units.len() as u8 + 1);
        for c in units {
            self.u16(c);
        }
        self.u16(0)
    }
    fn u16s(&mut self, a: &[u16]) -> &mut Self {
        self.u32(a.len() as u32);
        for v in a {
            self.u16(*v);
        }
        self
    }
    fn u32s(&mut self, a: &[u32]) -> &mut Self {
        self.u32(a.len() as u32);
        for v in a {
            self.u32(*v);
        }
        self
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    U8(u8),
    U16(u16),
    U32(u32),
    Text(String),
}

impl Value {
    fn kind(&self) -> u16 {
        match self {
            Self::U8(_) => 2,
            Self::U16(_) => 4,
            Self::U32(_) => 6,
            Self::Text(_) => 0xffff,
        }
    }
    fn put(&self, w: &mut Writer) {
        match self {
            Self::U8(v) => w.u8(*v),
            Self::U16(v) => w.u16(*v),
            Self::U32(v) => w.u32(*v),
            Self::Text(s) => w.text(s),
        };
    }
    /// A value of the same type from a data set.
    fn read(&self, d: &[u8]) -> Option<Self> {
        Some(match self {
            Self::U8(_) => Self::U8(*d.first()?),
            Self::U16(_) => Self::U16(u16::from_le_bytes(d.get(..2)?.try_into().ok()?)),
            Self::U32(_) => Self::U32(u32::from_le_bytes(d.get(..4)?.try_into().ok()?)),
            Self::Text(_) => {
                let n = usize::from(*d.first()?);
                let units: Vec<u16> = d
                    .get(1..1 + 2 * n)?
                    .chunks_exact(2)
                    .map(|c| u16::from_le_bytes([c[0], c[1]]))
                    .take_while(|c| *c != 0)
                    .collect();
                Self::Text(String::from_utf16_lossy(&units))
            }
        })
    }
    fn number(&self) -> f32 {
        match self {
            Self::U8(v) => f32::from(*v),
            Self::U16(v) => f32::from(*v),
            Self::U32(v) => *v as f32,
            Self::Text(_) => 0.0,
        }
    }
}

struct Property {
    writable: bool,
    value: Value,
    choices: Vec<Value>,
}

struct Object {
    format: u16,
    parent: u32,
    name: String,
    data: Arc<Vec<u8>>,
}

/// A file that the camera holds, for checks against what was downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// File name on the card.
    pub name: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Length in bytes.
    pub bytes: usize,
}

struct State {
    properties: BTreeMap<u16, Property>,
    objects: BTreeMap<u32, Object>,
    next: u32,
    shots: u32,
    events: VecDeque<(u16, u32)>,
    live: bool,
    /// Shots that are asked for and not yet taken; true: to memory instead of the card.
    pending: VecDeque<bool>,
}

/// The camera's state, shared by the client's connection and the shutter.
pub struct Body {
    state: Mutex<State>,
    sensor: Arc<dyn Sensor>,
}

fn properties() -> BTreeMap<u16, Property> {
    use Value::{Text, U8, U16, U32};
    let text = |s: &str| Text(s.to_owned());
    let mut all = BTreeMap::new();
    let mut add = |code: u16, writable: bool, value: Value, choices: Vec<Value>| {
        all.insert(code, Property { writable, value, choices });
    };
    add(0x5001, false, U8(87), vec![]);
    add(0x5003, true, text("3000x2000"), vec![text("3000x2000"), text("960x640")]);
    add(0x5004, true, U8(2), (0..3).map(U8).collect());
    add(0x5005, true, U16(2), [2, 4, 5, 6, 7, 0x8010].map(U16).to_vec());
    add(0x5007, true, U16(800), [280, 400, 560, 800, 1100, 1600, 2200].map(U16).to_vec());
    add(0x500a, true, U16(1), [1, 0x8010, 0x8011].map(U16).to_vec());
    let times = [10, 20, 40, 80, 166, 333, 666, 1250, 2500, 5000, 10_000];
    add(0x500d, true, U32(80), times.map(U32).to_vec());
    add(0x500e, true, U16(1), [1, 2, 3, 4].map(U16).to_vec());
    add(0x500f, true, U16(100), [64, 100, 200, 400, 800, 1600, 3200].map(U16).to_vec());
    add(0x5011, true, text("20260101T120000"), vec![]);
    add(0xd10b, true, U8(0), vec![U8(0), U8(1)]);
    add(0xd1a2, false, U8(0), vec![]);
    add(0xd1a4, false, U32(0), vec![]);
    all
}

/// What an operation answers.
enum Answer {
    Code(u16),
    Count(u32),
    Data(Vec<u8>),
    File(Arc<Vec<u8>>),
}

impl Body {
    /// A body that takes its pictures from `sensor`.
    pub fn new(sensor: Arc<dyn Sensor>) -> Self {
        let folder = |parent, name: &str| Object {
            format: 0x3001,
            parent,
            name: name.to_owned(),
            data: Arc::default(),
        };
        let objects = BTreeMap::from([(1, folder(0, "DCIM")), (2, folder(1, "100CULET"))]);
        let state = State {
            properties: properties(),
            objects,
            next: 16,
            shots: 0,
            events: VecDeque::new(),
            live: false,
            pending: VecDeque::new(),
        };
        Self { state: Mutex::new(state), sensor }
    }

    /// Every picture on the card.
    pub fn stored(&self) -> Vec<Stored> {
        let state = self.state.lock();
        let pictures = state.objects.values().filter(|o| o.format != 0x3001);
        pictures
            .map(|o| Stored {
                name: o.name.clone(),
                sha256: sha256(&o.data),
                bytes: o.data.len(),
            })
            .collect()
    }

    /// The photographer presses the shutter on the body.
    pub fn press_shutter(&self) {
        self.state.lock().pending.push_back(false);
    }

    /// Takes the pictures that are asked for until `stop`; the caller gives it a thread, so that
    /// the connection answers "busy" meanwhile instead of falling silent.
    pub fn expose_until(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let (job, exposure) = {
                let state = self.state.lock();
                (state.pending.front().copied(), Self::exposure(&state))
            };
            let Some(to_memory) = job else {
                std::thread::sleep(Duration::from_millis(3));
                continue;
            };
            let data = Arc::new(self.sensor.still(&exposure));
            let mut state = self.state.lock();
            state.shots += 1;
            let name = format!("DSC_{:04}.JPG", (state.shots - 1) % 9999 + 1);
            let handle = if to_memory {
                SDRAM
            } else {
                state.next += 1;
                state.next
            };
            let parent = if to_memory { 0 } else { 2 };
            state.objects.insert(handle, Object { format: 0x3801, parent, name, data });
            state.events.push_back((if to_memory { 0xc101 } else { 0x4002 }, handle));
            state.events.push_back((if to_memory { 0xc102 } else { 0x400d }, 0));
            state.pending.pop_front();
        }
    }

    fn exposure(state: &State) -> Exposure {
        let number = |code: u16| state.properties.get(&code).map_or(0.0, |p| p.value.number());
        let size = match state.properties.get(&0x5003).map(|p| &p.value) {
            Some(Value::Text(s)) if s.starts_with("960") => (960, 640),
            _ => (3000, 2000),
        };
        let kelvin = match number(0x5005) as u16 {
            4 => Some(5500.0),
            5 => Some(4200.0),
            6 => Some(3000.0),
            7 => Some(5900.0),
            0x8010 => Some(6500.0),
            _ => None,
        };
        Exposure {
            iso: number(0x500f),
            f_number: number(0x5007) / 100.0,
            shutter_s: number(0x500d) / 10_000.0,
            kelvin,
            size,
            quality: [75, 88, 95][(number(0x5004) as usize).min(2)],
            taken: "2026:01:01 12:00:00".to_owned(),
            shot: state.shots,
        }
    }

    fn device_info(state: &State) -> Vec<u8> {
        let codes: Vec<u16> = state.properties.keys().copied().collect();
        let mut w = Writer::default();
        w.u16(100).u32(0x0a).u16(100).text("nikon.com: 1.0;").u16(0);
        w.u16s(&OPERATIONS).u16s(&EVENTS).u16s(&codes).u16s(&[0x3801]).u16s(&[0x3001, 0x3801]);
        w.text("Nikon Corporation").text("Culet Practice").text("1.0").text("CULET0001");
        w.0
    }

    fn describe(state: &State, code: u16) -> Option<Vec<u8>> {
        let p = state.properties.get(&code)?;
        let mut w = Writer::default();
        w.u16(code).u16(p.value.kind()).u8(u8::from(p.writable));
        p.value.put(&mut w);
        p.value.put(&mut w);
        if p.choices.is_empty() {
            w.u8(0);
        } else {
            w.u8(2).u16(p.choices.len() as u16);
            p.choices.iter().for_each(|v| v.put(&mut w));
        }
        Some(w.0)
    }

    fn object_info(state: &State, handle: u32) -> Option<Vec<u8>> {
        let o = state.objects.get(&handle)?;
        let folder = o.format == 0x3001;
        let (width, height) = if folder { (0, 0) } else { Self::exposure(state).size };
        let mut w = Writer::default();
        w.u32(STORE).u16(o.format).u16(0).u32(o.data.len() as u32).u16(0).u32(0).u32(0).u32(0);
        w.u32(width).u32(height).u32(24).u32(o.parent).u16(u16::from(folder)).u32(0).u32(0);
        w.text(&o.name).text("20260101T120000").text("20260101T120000").text("");
        Some(w.0)
    }

    fn children(state: &State, parent: u32) -> Vec<u8> {
        let inside = |o: &Object| match parent {
            0 => true,
            u32::MAX => o.parent == 0,
            p => o.parent == p,
        };
        let handles: Vec<u32> = state
            .objects
            .iter()
            .filter(|(h, o)| **h != SDRAM && inside(o))
            .map(|(h, _)| *h)
            .collect();
        let mut w = Writer::default();
        w.u32s(&handles);
        w.0
    }

    fn set(state: &mut State, code: u16, data: &[u8]) -> u16 {
        let Some(p) = state.properties.get_mut(&code) else { return 0x200a };
        if !p.writable {
            return 0x200f;
        }
        let Some(value) = p.value.read(data) else { return 0x201b };
        if !p.choices.is_empty() && !p.choices.contains(&value) {
            return 0x201c;
        }
        p.value = value;
        state.events.push_back((0x4006, u32::from(code)));
        OK
    }

    fn answer(&self, op: u16, p: &[u32], data: &[u8]) -> Answer {
        let arg = |i: usize| p.get(i).copied().unwrap_or(0);
        if op == 0x9203 {
            let (live, exposure) = {
                let state = self.state.lock();
                (state.live, Self::exposure(&state))
            };
            if !live {
                return Answer::Code(0xa00b);
            }
            let mut frame = vec![0_u8; 384]; // a header, as bodies of this kind send one
            frame.extend(self.sensor.live(&exposure));
            return Answer::Data(frame);
        }
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let found = |d: Option<Vec<u8>>, or: u16| d.map_or(Answer::Code(or), Answer::Data);
        match op {
            0x1001 => Answer::Data(Self::device_info(state)),
            0x1002 | 0x1003 | 0x90c1 | 0x90c2 => Answer::Code(OK),
            0x1004 => {
                let mut w = Writer::default();
                w.u32s(&[STORE]);
                Answer::Data(w.0)
            }
            0x1005 => {
                let mut w = Writer::default();
                w.u16(4).u16(2).u16(0).u64(64 << 30).u64(32 << 30).u32(9999);
                w.text("Practice card").text("");
                Answer::Data(w.0)
            }
            0x1006 => Answer::Count(state.objects.len() as u32),
            0x1007 => Answer::Data(Self::children(state, arg(2))),
            0x1008 => found(Self::object_info(state, arg(0)), 0x2009),
            0x1009 => match state.objects.get(&arg(0)) {
                Some(o) => Answer::File(Arc::clone(&o.data)),
                None => Answer::Code(0x2009),
            },
            0x101b => match state.objects.get(&arg(0)) {
                Some(o) => {
                    let from = (arg(1) as usize).min(o.data.len());
                    let to = from.saturating_add(arg(2) as usize).min(o.data.len());
                    Answer::Data(o.data[from..to].to_vec())
                }
                None => Answer::Code(0x2009),
            },
            0x100b => match state.objects.remove(&arg(0)) {
                Some(_) => Answer::Code(OK),
                None => Answer::Code(0x2009),
            },
            0x100e => {
                state.pending.push_back(false);
                Answer::Code(OK)
            }
            0x90c0 => {
                state.pending.push_back(true);
                Answer::Code(OK)
            }
            0x9207 => {
                if !state.pending.is_empty() {
                    return Answer::Code(0x2019);
                }
                state.pending.push_back(arg(1) == 1);
                Answer::Code(OK)
            }
            0x90c8 => Answer::Code(if state.pending.is_empty() { OK } else { 0x2019 }),
            0x90c7 => {
                let n = state.events.len().min(40);
                let mut w = Writer::default();
                w.u16(n as u16);
                for (event, parameter) in state.events.drain(..n) {
                    w.u16(event).u32(parameter);
                }
                Answer::Data(w.0)
            }
            0x1014 => found(Self::describe(state, arg(0) as u16), 0x200a),
            0x1015 => {
                let value = state.properties.get(&(arg(0) as u16)).map(|q| {
                    let mut w = Writer::default();
                    q.value.put(&mut w);
                    w.0
                });
                found(value, 0x200a)
            }
            0x1016 => Answer::Code(Self::set(state, arg(0) as u16, data)),
            0x9201 | 0x9202 => {
                state.live = op == 0x9201;
                if let Some(p) = state.properties.get_mut(&0xd1a2) {
                    p.value = Value::U8(u8::from(state.live));
                }
                Answer::Code(OK)
            }
            _ => Answer::Code(0x2005),
        }
    }
}

/// Listens on loopback for one PTP/IP client after the other.
pub struct Responder {
    listener: TcpListener,
}

impl Responder {
    /// Binds a port of 127.0.0.1; 0 takes any free one.
    pub fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener })
    }

    /// The port it listens on.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Serves clients until `stop`. A client that breaks off or speaks nonsense ends its own
    /// connection only.
    pub fn serve(&self, body: &Body, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            match self.accept(stop).and_then(|command| self.client(command, body, stop)) {
                Ok(()) => {}
                Err(e) => tracing::debug!("practice client left: {e}"),
            }
        }
    }

    fn accept(&self, stop: &AtomicBool) -> io::Result<TcpStream> {
        while !stop.load(Ordering::Relaxed) {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
                    return Ok(stream);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(e) => return Err(e),
            }
        }
        Err(io::ErrorKind::Interrupted.into())
    }

    fn client(&self, mut command: TcpStream, body: &Body, stop: &AtomicBool) -> io::Result<()> {
        let (kind, _) = receive(&mut command, stop)?;
        if kind != 1 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut w = Writer::default();
        w.u32(1).u64(0x0043_554c_4554_0001).u64(1);
        for c in "Culet Practice\0".encode_utf16() {
            w.u16(c);
        }
        w.u32(0x0001_0000);
        send(&mut command, 2, &w.0)?;
        let mut events = self.accept(stop)?;
        if receive(&mut events, stop)?.0 != 3 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        send(&mut events, 4, &[])?;
        while request(&mut command, body, stop)? {}
        Ok(())
    }
}

/// Answers one request; false when the client closed its session.
fn request(stream: &mut TcpStream, body: &Body, stop: &AtomicBool) -> io::Result<bool> {
    let (kind, b) = receive(stream, stop)?;
    if kind != 6 || b.len() < 10 {
        return Ok(true);
    }
    let word = |i: usize| u32::from_le_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]]);
    let (phase, op, transaction) = (word(0), u16::from_le_bytes([b[4], b[5]]), word(6));
    let parameters: Vec<u32> = (10..b.len().saturating_sub(3)).step_by(4).map(word).collect();
    let mut data = Vec::new();
    while phase == 2 {
        let (kind, part) = receive(stream, stop)?;
        if kind == 10 || kind == 12 {
            data.extend_from_slice(part.get(4..).unwrap_or_default());
        }
        if kind == 12 {
            break;
        }
    }
    let (code, count) = match body.answer(op, &parameters, &data) {
        Answer::Code(code) => (code, None),
        Answer::Count(n) => (OK, Some(n)),
        Answer::Data(d) => {
            send_data(stream, transaction, &d)?;
            (OK, None)
        }
        Answer::File(d) => {
            send_data(stream, transaction, &d)?;
            (OK, None)
        }
    };
    let mut w = Writer::default();
    w.u16(code).u32(transaction);
    if let Some(n) = count {
        w.u32(n);
    }
    send(stream, 7, &w.0)?;
    Ok(op != 0x1003)
}

fn send(stream: &mut TcpStream, kind: u32, body: &[u8]) -> io::Result<()> {
    let mut w = Writer::default();
    w.u32(body.len() as u32 + 8).u32(kind);
    w.0.extend_from_slice(body);
    stream.write_all(&w.0)
}

fn send_data(stream: &mut TcpStream, transaction: u32, data: &[u8]) -> io::Result<()> {
    let mut w = Writer::default();
    w.u32(transaction).u64(data.len() as u64);
    send(stream, 9, &w.0)?;
    let mut rest = data;
    loop {
        let (part, after) = rest.split_at(rest.len().min(65_536));
        let mut w = Writer::default();
        w.u32(transaction);
        w.0.extend_from_slice(part);
        send(stream, if after.is_empty() { 12 } else { 10 }, &w.0)?;
        if after.is_empty() {
            return Ok(());
        }
        rest = after;
    }
}

/// One packet; waits as long as it takes, but not past `stop`.
fn receive(stream: &mut TcpStream, stop: &AtomicBool) -> io::Result<(u32, Vec<u8>)> {
    let mut head = [0_u8; 8];
    fill(stream, &mut head, stop)?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    if !(8..=1 << 24).contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length - 8];
    fill(stream, &mut body, stop)?;
    Ok((u32::from_le_bytes([head[4], head[5], head[6], head[7]]), body))
}

fn fill(stream: &mut TcpStream, buffer: &mut [u8], stop: &AtomicBool) -> io::Result<()> {
    let mut done = 0;
    while done < buffer.len() {
        match stream.read(&mut buffer[done..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => done += n,
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                if stop.load(Ordering::Relaxed) {
                    return Err(io::ErrorKind::Interrupted.into());
                }
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
