//! The wire: PTP data sets (little endian) and PTP/IP packets (CIPA DC-005).

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

/// Kinds of packets.
pub(crate) mod packet {
    pub(crate) const INIT_COMMAND: u32 = 1;
    pub(crate) const INIT_COMMAND_ACK: u32 = 2;
    pub(crate) const INIT_EVENT: u32 = 3;
    pub(crate) const INIT_EVENT_ACK: u32 = 4;
    pub(crate) const REQUEST: u32 = 6;
    pub(crate) const RESPONSE: u32 = 7;
    pub(crate) const START_DATA: u32 = 9;
    pub(crate) const DATA: u32 = 10;
    pub(crate) const END_DATA: u32 = 12;
}

/// The longest packet that is taken; a client's header may lie.
const LONGEST: usize = 1 << 24;
/// Bytes of data in one packet.
pub(crate) const CHUNK: usize = 65_536;

/// Builds a data set.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn u8(&mut self, v: u8) -> &mut Self {
        self.0.push(v);
        self
    }

    pub(crate) fn u16(&mut self, v: u16) -> &mut Self {
        self.0.extend(v.to_le_bytes());
        self
    }

    pub(crate) fn u32(&mut self, v: u32) -> &mut Self {
        self.0.extend(v.to_le_bytes());
        self
    }

    pub(crate) fn u64(&mut self, v: u64) -> &mut Self {
        self.0.extend(v.to_le_bytes());
        self
    }

    /// A string: its length in UTF-16 units with the ending zero, then the units.
    pub(crate) fn text(&mut self, s: &str) -> &mut Self {
        if s.is_empty() {
            return self.u8(0);
        }
        let units: Vec<u16> = s.encode_utf16().take(254).collect();
        self.u8(units.len() as u8 + 1);
        for c in units {
            self.u16(c);
        }
        self.u16(0)
    }

    pub(crate) fn u16s(&mut self, a: &[u16]) -> &mut Self {
        self.u32(a.len() as u32);
        for v in a {
            self.u16(*v);
        }
        self
    }

    pub(crate) fn u32s(&mut self, a: &[u32]) -> &mut Self {
        self.u32(a.len() as u32);
        for v in a {
            self.u32(*v);
        }
        self
    }
}

/// A string of a data set; none when it is cut off.
pub(crate) fn text(d: &[u8]) -> Option<String> {
    let n = usize::from(*d.first()?);
    let units: Vec<u16> = d
        .get(1..1 + 2 * n)?
        .chunks_exact(2)
        .map(|c| u16::from_le_bytes([c[0], c[1]]))
        .take_while(|c| *c != 0)
        .collect();
    Some(String::from_utf16_lossy(&units))
}

/// One request of the client, with the data it sent along.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) operation: u16,
    pub(crate) transaction: u32,
    pub(crate) parameters: Vec<u32>,
    pub(crate) data: Vec<u8>,
}

impl Request {
    /// A parameter; 0 when it was not sent.
    pub(crate) fn parameter(&self, i: usize) -> u32 {
        self.parameters.get(i).copied().unwrap_or(0)
    }
}

/// Sends one packet.
pub(crate) fn send(stream: &mut TcpStream, kind: u32, body: &[u8]) -> io::Result<()> {
    let mut w = Writer::default();
    w.u32(body.len() as u32 + 8).u32(kind);
    w.0.extend_from_slice(body);
    stream.write_all(&w.0)
}

/// Announces `length` bytes of data.
pub(crate) fn start_data(stream: &mut TcpStream, transaction: u32, length: u64) -> io::Result<()> {
    let mut w = Writer::default();
    w.u32(transaction).u64(length);
    send(stream, packet::START_DATA, &w.0)
}

/// Sends a part of the data.
pub(crate) fn send_part(
    stream: &mut TcpStream,
    transaction: u32,
    part: &[u8],
    last: bool,
) -> io::Result<()> {
    let mut w = Writer::default();
    w.u32(transaction);
    w.0.extend_from_slice(part);
    send(stream, if last { packet::END_DATA } else { packet::DATA }, &w.0)
}

/// Ends a transaction.
pub(crate) fn respond(
    stream: &mut TcpStream,
    code: u16,
    transaction: u32,
    parameter: Option<u32>,
) -> io::Result<()> {
    let mut w = Writer::default();
    w.u16(code).u32(transaction);
    if let Some(p) = parameter {
        w.u32(p);
    }
    send(stream, packet::RESPONSE, &w.0)
}

/// The next request, with its data; packets of other kinds are passed over.
pub(crate) fn receive_request(stream: &mut TcpStream, stop: &AtomicBool) -> io::Result<Request> {
    loop {
        let (kind, body) = receive(stream, stop)?;
        if kind != packet::REQUEST || body.len() < 10 {
            continue;
        }
        let word = |i: usize| u32::from_le_bytes([body[i], body[i + 1], body[i + 2], body[i + 3]]);
        let parameters = (10..body.len().saturating_sub(3)).step_by(4).map(word).collect();
        let data = if word(0) == 2 { receive_data(stream, stop)? } else { Vec::new() };
        return Ok(Request {
            operation: u16::from_le_bytes([body[4], body[5]]),
            transaction: word(6),
            parameters,
            data,
        });
    }
}

fn receive_data(stream: &mut TcpStream, stop: &AtomicBool) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let (kind, part) = receive(stream, stop)?;
        if kind == packet::DATA || kind == packet::END_DATA {
            data.extend_from_slice(part.get(4..).unwrap_or_default());
        }
        if kind == packet::END_DATA {
            return Ok(data);
        }
        if data.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// One packet; waits as long as it takes, but not past `stop`.
pub(crate) fn receive(stream: &mut TcpStream, stop: &AtomicBool) -> io::Result<(u32, Vec<u8>)> {
    let mut head = [0_u8; 8];
    fill(stream, &mut head, stop)?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    if !(8..=LONGEST).contains(&length) {
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
