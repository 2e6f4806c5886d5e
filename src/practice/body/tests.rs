//! Plays the protocol on loopback as a client would, without libgphoto2: every fault of the
//! catalogue, and what the settings do.

use super::super::{Exposure, Sensor, Still};
use super::codes::{event, operation, property, response};
use super::wire::{self, Writer, packet};
use super::*;
use crate::imaging::files::sha256;
use std::io;
use std::net::TcpStream;
use std::sync::atomic::AtomicI32;
use std::thread::Scope;
use std::time::Instant;

/// Makes recognisable "pictures" at once.
#[derive(Default)]
struct Plain {
    focus: AtomicI32,
}

impl Sensor for Plain {
    fn sizes(&self) -> [(u32, u32); 3] {
        [(600, 400), (300, 200), (150, 100)]
    }

    fn live(&self, e: &Exposure) -> Vec<u8> {
        format!("live at ISO {}", e.iso).into_bytes()
    }

    fn still(&self, e: &Exposure) -> Still {
        let mut jpeg = format!("still {} at {e:?}", e.shot).into_bytes();
        jpeg.resize(300_000, b'.');
        Still { jpeg, thumbnail: b"thumb".to_vec() }
    }

    fn drive_focus(&self, steps: i32) -> bool {
        self.focus.fetch_add(steps, Ordering::Relaxed);
        steps.abs() < 1000
    }

    fn autofocus(&self) -> bool {
        self.focus.store(0, Ordering::Relaxed);
        true
    }
}

/// A response: its code, its data, its parameter.
struct Reply {
    code: u16,
    data: Vec<u8>,
    number: u32,
}

/// A PTP/IP client.
struct Client {
    command: TcpStream,
    _events: TcpStream,
    id: u32,
    name: Vec<u8>,
}

static NEVER: AtomicBool = AtomicBool::new(false);

impl Client {
    fn connect(port: u16) -> io::Result<Client> {
        let open = || -> io::Result<TcpStream> {
            let s = TcpStream::connect(("127.0.0.1", port))?;
            s.set_read_timeout(Some(Duration::from_millis(100)))?;
            Ok(s)
        };
        let mut command = open()?;
        wire::send(&mut command, packet::INIT_COMMAND, &[0; 26])?;
        let (kind, name) = wire::receive(&mut command, &NEVER)?;
        assert_eq!(kind, packet::INIT_COMMAND_ACK);
        let mut events = open()?;
        wire::send(&mut events, packet::INIT_EVENT, &1_u32.to_le_bytes())?;
        assert_eq!(wire::receive(&mut events, &NEVER)?.0, packet::INIT_EVENT_ACK);
        let mut client = Client { command, _events: events, id: 0, name };
        client.ask(operation::OPEN_SESSION, &[1])?;
        Ok(client)
    }

    fn request(
        &mut self,
        operation: u16,
        parameters: &[u32],
        data: Option<&[u8]>,
    ) -> io::Result<()> {
        self.id += 1;
        let mut w = Writer::default();
        w.u32(if data.is_some() { 2 } else { 1 }).u16(operation).u32(self.id);
        for p in parameters {
            w.u32(*p);
        }
        wire::send(&mut self.command, packet::REQUEST, &w.0)?;
        if let Some(data) = data {
            wire::start_data(&mut self.command, self.id, data.len() as u64)?;
            wire::send_part(&mut self.command, self.id, data, true)?;
        }
        Ok(())
    }

    /// Asks and waits; `stop` ends the wait.
    fn ask_until(
        &mut self,
        stop: &AtomicBool,
        operation: u16,
        parameters: &[u32],
    ) -> io::Result<Reply> {
        self.request(operation, parameters, None)?;
        self.reply(stop)
    }

    fn ask(&mut self, operation: u16, parameters: &[u32]) -> io::Result<Reply> {
        self.ask_until(&NEVER, operation, parameters)
    }

    fn send(&mut self, operation: u16, parameters: &[u32], data: &[u8]) -> u16 {
        self.request(operation, parameters, Some(data)).unwrap();
        self.reply(&NEVER).unwrap().code
    }

    fn reply(&mut self, stop: &AtomicBool) -> io::Result<Reply> {
        let mut data = Vec::new();
        loop {
            let (kind, part) = wire::receive(&mut self.command, stop)?;
            match kind {
                packet::DATA | packet::END_DATA => data.extend_from_slice(&part[4..]),
                packet::RESPONSE => {
                    let code = u16::from_le_bytes([part[0], part[1]]);
                    let number =
                        part.get(6..10).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                    return Ok(Reply { code, data, number });
                }
                _ => {}
            }
        }
    }

    fn events(&mut self) -> Vec<(u16, u32)> {
        let data = self.ask(operation::GET_EVENT, &[]).unwrap().data;
        let record = |b: &[u8]| {
            (u16::from_le_bytes([b[0], b[1]]), u32::from_le_bytes([b[2], b[3], b[4], b[5]]))
        };
        data[2..].chunks_exact(6).map(record).collect()
    }

    /// Takes a picture and waits until it is stored.
    fn capture(&mut self) -> u16 {
        let code = self.ask(operation::CAPTURE_TO_MEDIA, &[u32::MAX, 0]).unwrap().code;
        while self.ask(operation::DEVICE_READY, &[]).unwrap().code == response::BUSY {}
        code
    }

    /// Handles that events announced, waiting for at least one.
    fn announced(&mut self) -> Vec<u32> {
        let start = Instant::now();
        loop {
            let all = self.events();
            let added: Vec<u32> = all
                .iter()
                .filter(|(e, _)| matches!(*e, event::OBJECT_ADDED | event::OBJECT_IN_MEMORY))
                .map(|(_, handle)| *handle)
                .collect();
            if !added.is_empty() || start.elapsed() > Duration::from_secs(2) {
                return added;
            }
        }
    }

    fn set_u16(&mut self, code: u16, value: u16) {
        let sent = self.send(operation::SET_PROPERTY, &[u32::from(code)], &value.to_le_bytes());
        assert_eq!(sent, response::OK);
    }
}

/// Runs a body with its threads while `test` plays a client.
fn with_body(faults: &[&str], test: impl FnOnce(&Body, u16)) {
    let body = Body::new(Arc::<Plain>::default(), 7);
    faults.iter().for_each(|f| body.inject(f.parse::<Planned>().unwrap()));
    let responder = Responder::bind(0).unwrap();
    let port = responder.port().unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|s: &Scope<'_, '_>| {
        s.spawn(|| responder.serve(&body, &stop));
        s.spawn(|| body.expose_until(&stop));
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(&body, port)));
        stop.store(true, Ordering::Relaxed);
        if let Err(e) = done {
            std::panic::resume_unwind(e);
        }
    });
}

#[test]
fn a_capture_is_stored_announced_listed_sent_and_removed() {
    with_body(&[], |body, port| {
        let mut c = Client::connect(port).unwrap();
        c.set_u16(property::ISO, 400);
        assert_eq!(c.capture(), response::OK);
        let handle = c.announced()[0];
        let got = c.ask(operation::GET_OBJECT, &[handle]).unwrap().data;
        assert!(got.starts_with(b"still 0 at Exposure { iso: 400.0"));
        assert_eq!(sha256(&got), body.stored()[0].sha256);
        let part = c.ask(operation::GET_PARTIAL_OBJECT, &[handle, 299_990, 100]).unwrap();
        assert_eq!((part.data.len(), part.number), (10, 10));
        assert_eq!(c.ask(operation::GET_THUMB, &[handle]).unwrap().data, b"thumb");
        let root = c.ask(operation::GET_OBJECT_HANDLES, &[u32::MAX, 0, u32::MAX]).unwrap().data;
        assert_eq!(root[..4], 1_u32.to_le_bytes());
        let info = c.ask(operation::GET_OBJECT_INFO, &[handle]).unwrap().data;
        assert_eq!(info[8..12], 300_000_u32.to_le_bytes());
        assert_eq!(c.ask(operation::DELETE_OBJECT, &[handle]).unwrap().code, response::OK);
        let gone = c.ask(operation::GET_OBJECT, &[handle]).unwrap().code;
        assert_eq!(gone, response::INVALID_HANDLE);
        assert!(body.stored().is_empty());
    });
}

#[test]
fn memory_holds_one_picture_and_the_shutter_on_the_body_works() {
    with_body(&[], |body, port| {
        let mut c = Client::connect(port).unwrap();
        assert_eq!(c.ask(operation::CAPTURE_TO_MEMORY, &[]).unwrap().code, response::OK);
        assert_eq!(c.announced(), [card::IN_MEMORY]);
        assert_eq!(body.stored()[0].folder, "");
        body.press_shutter();
        let handle = c.announced()[0];
        assert_ne!(handle, card::IN_MEMORY);
        assert_eq!((body.shots(), body.stored().len()), (2, 2));
        assert!(body.turn_dial(property::ISO, 800) && !body.turn_dial(property::ISO, 801));
        let changed = (event::PROPERTY_CHANGED, u32::from(property::ISO));
        assert!(c.events().contains(&changed));
    });
}

#[test]
fn live_view_starts_shows_settings_and_drives_the_focus() {
    with_body(&[], |_, port| {
        let mut c = Client::connect(port).unwrap();
        assert_eq!(c.ask(operation::GET_LIVE_VIEW, &[]).unwrap().code, response::NOT_LIVE_VIEW);
        assert_eq!(c.ask(operation::MF_DRIVE, &[1, 9]).unwrap().code, response::NOT_LIVE_VIEW);
        c.ask(operation::START_LIVE_VIEW, &[]).unwrap();
        c.set_u16(property::ISO, 640);
        assert!(c.ask(operation::GET_LIVE_VIEW, &[]).unwrap().data.ends_with(b"live at ISO 640"));
        assert_eq!(c.ask(operation::MF_DRIVE, &[2, 9]).unwrap().code, response::OK);
        let end = c.ask(operation::MF_DRIVE, &[1, 5000]).unwrap().code;
        assert_eq!(end, response::FOCUS_STEP_END);
        assert_eq!(c.ask(operation::AF_DRIVE, &[]).unwrap().code, response::OK);
        assert_eq!(c.ask(0x9999, &[]).unwrap().code, response::OPERATION_NOT_SUPPORTED);
    });
}

#[test]
fn a_pulled_cable_ends_the_connection_at_its_stage_and_the_next_client_finds_the_card() {
    for (stage, name) in Stage::ALL {
        if matches!(stage, Stage::Connect | Stage::Session) {
            continue;
        }
        with_body(&[&format!("disconnect:{name}")], |body, port| {
            body.press_shutter();
            let mut c = Client::connect(port).unwrap();
            let all = [
                operation::GET_DEVICE_INFO,
                operation::GET_PROPERTY,
                operation::START_LIVE_VIEW,
                operation::AF_DRIVE,
                operation::CAPTURE_TO_MEDIA,
                operation::DEVICE_READY,
                operation::GET_EVENT,
                operation::GET_STORAGE_IDS,
                operation::GET_OBJECT,
                operation::DELETE_OBJECT,
            ];
            let broke = all.iter().position(|op| c.ask(*op, &[]).is_err());
            assert_eq!(broke.map(|i| operations::stage(all[i])), Some(stage));
            let mut again = Client::connect(port).unwrap();
            while body.is_busy() {}
            let listed = again.ask(operation::GET_NUM_OBJECTS, &[]).unwrap().number;
            assert!(listed >= 3, "{name}: {listed}");
            assert!(body.planned_faults().is_empty());
        });
    }
}

#[test]
fn clients_are_turned_away_and_sessions_break_once() {
    for fault in ["disconnect:connect", "disconnect:session"] {
        with_body(&[fault], |_, port| {
            assert!(Client::connect(port).is_err(), "{fault}");
            assert!(Client::connect(port).is_ok(), "{fault}");
        });
    }
}

/// A body with one picture whose download is spoiled: what came, and what the card holds.
fn spoiled(fault: &str) -> (io::Result<Vec<u8>>, Vec<u8>) {
    let mut out = None;
    with_body(&[fault], |_, port| {
        let mut c = Client::connect(port).unwrap();
        c.capture();
        let handle = c.announced()[0];
        let bad = c.ask(operation::GET_OBJECT, &[handle]).map(|r| r.data);
        if bad.is_err() {
            c = Client::connect(port).unwrap();
        }
        let good = c.ask(operation::GET_OBJECT, &[handle]).unwrap().data;
        out = Some((bad, good));
    });
    out.unwrap()
}

#[test]
fn downloads_break_at_a_byte_end_early_or_lie_once() {
    let (cut, good) = spoiled("cut:70000");
    assert!(cut.is_err() && good.len() == 300_000);
    let (short, good) = spoiled("truncate");
    assert_eq!((short.unwrap().len(), good.len()), (150_000, 300_000));
    let (bad, good) = spoiled("corrupt");
    assert_ne!(sha256(&bad.unwrap()), sha256(&good));
    with_body(&["vanish"], |body, port| {
        let mut c = Client::connect(port).unwrap();
        c.capture();
        let handle = c.announced()[0];
        let gone = c.ask(operation::GET_OBJECT, &[handle]).unwrap().code;
        assert_eq!((gone, body.stored().len()), (response::INVALID_HANDLE, 0));
    });
}

#[test]
fn silence_slowness_and_being_busy_are_what_they_say() {
    with_body(&["silence:info"], |_, port| {
        let mut c = Client::connect(port).unwrap();
        let enough = AtomicBool::new(true); // gives up at the first time-out
        assert!(c.ask_until(&enough, operation::GET_DEVICE_INFO, &[]).is_err());
        drop(c);
        let mut again = Client::connect(port).unwrap();
        assert_eq!(again.ask(operation::GET_DEVICE_INFO, &[]).unwrap().code, response::OK);
    });
    with_body(&["slow:60", "busy:2"], |_, port| {
        let start = Instant::now();
        let mut c = Client::connect(port).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(60));
        let mut capture = || c.ask(operation::CAPTURE_TO_MEDIA, &[u32::MAX, 0]).unwrap().code;
        assert_eq!([capture(), capture()], [response::BUSY; 2]);
        assert_eq!(capture(), response::OK);
    });
}

#[test]
fn events_are_late_double_lost_or_a_storm() {
    with_body(&["late-events:150"], |_, port| {
        let mut c = Client::connect(port).unwrap();
        let start = Instant::now();
        c.capture();
        assert!(c.events().is_empty());
        assert_eq!(c.announced().len(), 1);
        assert!(start.elapsed() >= Duration::from_millis(150));
    });
    with_body(&["double-events"], |_, port| {
        let mut c = Client::connect(port).unwrap();
        c.capture();
        let told = c.announced();
        assert!(told.len() == 2 && told[0] == told[1]);
    });
    with_body(&["lost-events", "event-storm:100"], |body, port| {
        let mut c = Client::connect(port).unwrap();
        c.capture();
        let storm: Vec<_> = (0..4).flat_map(|_| c.events()).collect();
        assert_eq!(storm.len(), 100);
        assert!(storm.iter().all(|e| e.0 == event::PROPERTY_CHANGED));
        assert_eq!(body.stored().len(), 1);
        c.capture();
        assert_eq!(c.announced().len(), 1);
    });
}

#[test]
fn cards_fill_wrap_and_roll_over_and_raw_files_come_in_pairs() {
    with_body(&["store-full:2"], |body, port| {
        let mut c = Client::connect(port).unwrap();
        assert_eq!(
            [c.capture(), c.capture(), c.capture()],
            [response::OK, response::OK, response::STORE_FULL]
        );
        body.press_shutter();
        assert!(!body.is_busy() && body.shots() == 2);
    });
    with_body(&["name-wrap", "raw-pair"], |body, port| {
        let mut c = Client::connect(port).unwrap();
        (0..3).for_each(|_| assert_eq!(c.capture(), response::OK));
        let names: Vec<_> =
            body.stored().iter().map(|s| format!("{}/{}", s.folder, s.name)).collect();
        assert_eq!(names[..2], ["100CULET/DSC_9998.NEF", "100CULET/DSC_9998.JPG"]);
        assert_eq!(names[5], "101CULET/DSC_0001.JPG");
        let hashes: std::collections::BTreeSet<_> =
            body.stored().into_iter().map(|s| s.sha256).collect();
        assert_eq!(hashes.len(), 6, "no two files are alike");
        assert_eq!(c.announced().len(), 6);
    });
    with_body(&["rollover:1"], |body, port| {
        let mut c = Client::connect(port).unwrap();
        (0..3).for_each(|_| assert_eq!(c.capture(), response::OK));
        let folders: Vec<_> = body.stored().into_iter().map(|s| s.folder).collect();
        assert_eq!(folders, ["100CULET", "101CULET", "102CULET"]);
    });
}

#[test]
fn batteries_die_live_view_is_prohibited_and_bodies_are_swapped() {
    with_body(&["battery:50"], |_, port| {
        let mut c = Client::connect(port).unwrap();
        c.capture();
        let left = c.ask(operation::GET_PROPERTY, &[u32::from(property::BATTERY)]).unwrap().data;
        assert_eq!(left, [37]);
        c.ask(operation::CAPTURE_TO_MEDIA, &[u32::MAX, 0]).unwrap();
        let start = Instant::now();
        while c.ask(operation::DEVICE_READY, &[]).is_ok() {
            assert!(start.elapsed() < Duration::from_secs(5));
        }
        assert!(Client::connect(port).is_err());
    });
    with_body(&["no-live-view"], |_, port| {
        let mut c = Client::connect(port).unwrap();
        assert_eq!(c.ask(operation::START_LIVE_VIEW, &[]).unwrap().code, response::INVALID_STATUS);
    });
    with_body(&["other-body@2"], |body, port| {
        let mut c = Client::connect(port).unwrap();
        c.capture();
        let first = c.name.clone();
        drop(c);
        let second = Client::connect(port).unwrap();
        assert_ne!(first, second.name);
        assert!(body.stored().is_empty());
    });
}

#[test]
fn two_bodies_know_nothing_of_each_other() {
    with_body(&["store-full:0"], |full, one| {
        with_body(&[], |free, two| {
            let (mut a, mut b) = (Client::connect(one).unwrap(), Client::connect(two).unwrap());
            assert_eq!(a.capture(), response::STORE_FULL);
            assert_eq!(b.capture(), response::OK);
            assert_eq!((full.shots(), free.shots()), (0, 1));
        });
    });
}

#[test]
fn a_client_that_speaks_nonsense_ends_only_its_own_connection() {
    use std::io::Write as _;
    with_body(&[], |_, port| {
        for junk in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], &[8, 0, 0, 0, 99, 0, 0, 0], &[]] {
            let mut s = TcpStream::connect(("127.0.0.1", port)).unwrap();
            s.write_all(junk).unwrap();
        }
        let mut c = Client::connect(port).unwrap();
        assert_eq!(
            c.ask(operation::GET_PROPERTY, &[0x5fff]).unwrap().code,
            response::PROPERTY_NOT_SUPPORTED
        );
        let sent = c.send(operation::SET_PROPERTY, &[u32::from(property::ISO)], &[1]);
        assert_eq!(sent, response::INVALID_FORMAT);
    });
}
