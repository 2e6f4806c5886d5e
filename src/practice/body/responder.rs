//! The network side: one PTP/IP client after the other on loopback. The event connection stays
//! silent, because libgphoto2 asks for events itself.

use super::Body;
use super::codes::{operation, response};
use super::operations::{Answer, Gate, Spoil};
use super::wire::{self, CHUNK, Request, Writer, packet};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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
            if let Err(e) = self.accept(stop).and_then(|c| self.client(c, body, stop)) {
                tracing::debug!("practice client left: {e}");
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
        let serial = match body.connected() {
            (serial, Gate::Pass(_)) => serial,
            (_, Gate::Silence) => {
                swallow(&mut command, stop)?;
                return Ok(());
            }
            _ => return Err(io::ErrorKind::ConnectionRefused.into()),
        };
        if wire::receive(&mut command, stop)?.0 != packet::INIT_COMMAND {
            return Err(io::ErrorKind::InvalidData.into());
        }
        wire::send(&mut command, packet::INIT_COMMAND_ACK, &greeting(serial))?;
        let mut events = self.accept(stop)?;
        if wire::receive(&mut events, stop)?.0 != packet::INIT_EVENT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        wire::send(&mut events, packet::INIT_EVENT_ACK, &[])?;
        while serve_request(&mut command, body, stop)? {}
        Ok(())
    }
}

/// Connection number, the body's identity, its name, and the protocol's version.
fn greeting(serial: u32) -> Vec<u8> {
    let mut w = Writer::default();
    w.u32(1).u64(0x0043_554c_4554_0001).u64(u64::from(serial));
    for c in "Culet Practice\0".encode_utf16() {
        w.u16(c);
    }
    w.u32(0x0001_0000);
    w.0
}

/// Answers one request; false when the client closed its session.
fn serve_request(stream: &mut TcpStream, body: &Body, stop: &AtomicBool) -> io::Result<bool> {
    let request = wire::receive_request(stream, stop)?;
    match body.gate(&request) {
        Gate::Disconnect => return Err(io::ErrorKind::ConnectionAborted.into()),
        Gate::Silence => return swallow(stream, stop),
        Gate::Busy => {
            wire::respond(stream, response::BUSY, request.transaction, None)?;
            return Ok(true);
        }
        Gate::Pass(wait) => std::thread::sleep(wait),
    }
    reply(stream, body, &request)?;
    Ok(request.operation != operation::CLOSE_SESSION)
}

fn reply(stream: &mut TcpStream, body: &Body, request: &Request) -> io::Result<()> {
    let id = request.transaction;
    match body.answer(request) {
        Answer::Code(code) => wire::respond(stream, code, id, None),
        Answer::Number(n) => wire::respond(stream, response::OK, id, Some(n)),
        Answer::Data(d) => {
            send_data(stream, id, &d, None)?;
            wire::respond(stream, response::OK, id, None)
        }
        Answer::File(part) => {
            let spoil = body.spoil(&part);
            let sent = send_file(stream, id, &part.data, spoil)?;
            // GetPartialObject says how much it sent.
            let partial = request.operation == operation::GET_PARTIAL_OBJECT;
            wire::respond(stream, response::OK, id, partial.then_some(sent as u32))
        }
    }
}

/// Sends a file, spoiled or not; how many bytes went.
fn send_file(
    stream: &mut TcpStream,
    id: u32,
    data: &[u8],
    spoil: Option<Spoil>,
) -> io::Result<usize> {
    let half = &data[..data.len() / 2];
    match spoil {
        Some(Spoil::Corrupt) => send_data(stream, id, &corrupted(data), None)?,
        Some(Spoil::Truncate) => send_data(stream, id, half, None)?,
        Some(Spoil::Cut(byte)) => send_data(stream, id, data, Some(byte))?,
        None => send_data(stream, id, data, None)?,
    }
    Ok(if spoil == Some(Spoil::Truncate) { half.len() } else { data.len() })
}

/// The bytes with a packet missing.
fn corrupted(data: &[u8]) -> Vec<u8> {
    let mut bad = data.to_vec();
    corrupt(&mut bad);
    bad
}

/// Bytes of a USB bulk packet.
const PACKET: usize = 512;

/// Zeros in place of a packet in the middle.
pub(super) fn corrupt(data: &mut [u8]) {
    let middle = data.len() / 2;
    data.iter_mut().skip(middle).take(PACKET).for_each(|b| *b = 0);
}

/// Sends data in packets; with `cut` the connection is closed once so many bytes are sent.
fn send_data(stream: &mut TcpStream, id: u32, data: &[u8], cut: Option<u64>) -> io::Result<()> {
    wire::start_data(stream, id, data.len() as u64)?;
    let cut = cut.map(|byte| (byte as usize).min(data.len().saturating_sub(1)));
    let mut rest = &data[..cut.unwrap_or(data.len())];
    loop {
        let (part, after) = rest.split_at(rest.len().min(CHUNK));
        wire::send_part(stream, id, part, after.is_empty() && cut.is_none())?;
        if after.is_empty() {
            return if cut.is_some() {
                Err(io::ErrorKind::ConnectionAborted.into())
            } else {
                Ok(())
            };
        }
        rest = after;
    }
}

/// Reads on without a word until the client gives up.
fn swallow(stream: &mut TcpStream, stop: &AtomicBool) -> io::Result<bool> {
    loop {
        wire::receive(stream, stop)?;
    }
}
