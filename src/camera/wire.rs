//! What studio and camera host say to each other over the host's stdin and stdout.
//!
//! A packet is `CULT`, the length of its header and of its payload as little-endian `u32`, the
//! header as JSON, and the payload: the bytes of a picture. Lengths are checked before they are
//! believed, and a driver that prints to stdout is noticed, not misread.

use super::doctor::Finding;
use super::{
    Abilities, CameraError, CameraEvent, Facts, Found, LiveFrame, Object, ObjectId, Setting,
};
use crate::imaging::Rgb8;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// Rises whenever a packet changes its meaning; both sides must agree.
pub const PROTOCOL: u32 = 3;

const MARK: &[u8; 4] = b"CULT";
/// A header of this many bytes would list a hundred thousand pictures.
const MOST_HEADER: u32 = 16 << 20;
/// No picture file is larger; live pixels of a 100-megapixel camera are not either.
const MOST_PAYLOAD: u32 = 1 << 30;

/// What the studio asks. One question is open at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// One live frame.
    Frame,
    /// Ends live view.
    EndLive,
    /// Fires the shutter.
    Trigger,
    /// What happened; waits at most this many milliseconds.
    Events(u64),
    /// Every picture file.
    List,
    /// The bytes of a file.
    Fetch(ObjectId),
    /// When a file was written.
    Dated(ObjectId),
    /// The settings.
    Settings,
    /// Writes a setting: name, value.
    Set(String, String),
    /// Moves the focus.
    DriveFocus(i32),
    /// Focuses.
    Autofocus,
    /// The battery.
    Battery,
    /// Room on its cards.
    Room,
    /// What a look before the shoot wants to know.
    Facts,
    /// What it can do now.
    Abilities,
    /// Lets the camera go and ends.
    Close,
}

/// What the host says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tell {
    /// The first packet.
    Hello {
        /// The host's [`PROTOCOL`].
        protocol: u32,
    },
    /// The camera is open.
    Opened {
        /// Its model.
        model: String,
        /// Its serial number.
        serial: Option<String>,
        /// What it can do.
        abilities: Abilities,
    },
    /// The host lives; says nothing about the driver.
    Beat,
    /// The driver moved on with something long.
    Step,
    /// Done, with nothing to show.
    Done,
    /// A live frame; the payload is a JPEG.
    Jpeg,
    /// A live frame; the payload is sRGB pixels, three bytes each.
    Pixels {
        /// Width.
        w: usize,
        /// Height.
        h: usize,
    },
    /// What happened.
    Events(Vec<CameraEvent>),
    /// Every picture file.
    Objects(Vec<Object>),
    /// The payload is the file.
    File,
    /// When a file was written, seconds since 1970.
    Dated(Option<i64>),
    /// The settings.
    Settings(Vec<Setting>),
    /// A setting as it was read back.
    Value(String),
    /// The battery in percent.
    Battery(Option<u8>),
    /// Room on its cards, bytes.
    Room(Option<u64>),
    /// What it says about itself.
    Facts(Facts),
    /// What it can do now.
    Abilities(Abilities),
    /// It was not done.
    Failed(CameraError),
    /// What is attached and what stands in the way.
    Looked {
        /// Cameras.
        found: Vec<Found>,
        /// Findings for the doctor.
        findings: Vec<Finding>,
    },
}

/// Why a packet was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The pipe broke.
    #[error("the connection to the camera host broke ({0})")]
    Io(#[from] io::Error),
    /// It ended inside a packet.
    #[error("the camera host stopped in the middle of a sentence")]
    Truncated,
    /// Something else is on the line.
    #[error("the camera host said something that is not Culet's ({0})")]
    Nonsense(String),
}

/// Writes a packet and flushes.
pub fn write<T: Serialize>(
    out: &mut impl Write,
    header: &T,
    payload: &[u8],
) -> Result<(), WireError> {
    let json = serde_json::to_vec(header).map_err(|e| WireError::Nonsense(e.to_string()))?;
    let length = |n: usize, most: u32| {
        u32::try_from(n)
            .ok()
            .filter(|n| *n <= most)
            .ok_or_else(|| WireError::Nonsense(format!("a packet of {n} bytes")))
    };
    let mut head = Vec::with_capacity(12 + json.len());
    head.extend(MARK);
    head.extend(length(json.len(), MOST_HEADER)?.to_le_bytes());
    head.extend(length(payload.len(), MOST_PAYLOAD)?.to_le_bytes());
    head.extend(json);
    out.write_all(&head)?;
    out.write_all(payload)?;
    out.flush()?;
    Ok(())
}

/// Reads a packet; none when the other side closed before one.
pub fn read<T: DeserializeOwned>(input: &mut impl Read) -> Result<Option<(T, Vec<u8>)>, WireError> {
    let mut head = [0_u8; 12];
    match fill(input, &mut head)? {
        0 => return Ok(None),
        12 => {}
        _ => return Err(WireError::Truncated),
    }
    let [m0, m1, m2, m3, h0, h1, h2, h3, p0, p1, p2, p3] = head;
    if [m0, m1, m2, m3] != *MARK {
        return Err(WireError::Nonsense(String::from_utf8_lossy(&head).into_owned()));
    }
    let header = take(input, u32::from_le_bytes([h0, h1, h2, h3]), MOST_HEADER)?;
    let payload = take(input, u32::from_le_bytes([p0, p1, p2, p3]), MOST_PAYLOAD)?;
    let header = serde_json::from_slice(&header).map_err(|e| WireError::Nonsense(e.to_string()))?;
    Ok(Some((header, payload)))
}

/// As many bytes as there are, up to the buffer's length.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match input.read(&mut buffer[done..]) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// Exactly `length` bytes; memory grows with what arrives, not with what is claimed.
fn take(input: &mut impl Read, length: u32, most: u32) -> Result<Vec<u8>, WireError> {
    if length > most {
        return Err(WireError::Nonsense(format!("a packet of {length} bytes")));
    }
    let mut bytes = Vec::with_capacity(length.min(1 << 20) as usize);
    input.take(u64::from(length)).read_to_end(&mut bytes)?;
    if bytes.len() == length as usize { Ok(bytes) } else { Err(WireError::Truncated) }
}

/// A live frame as a packet.
pub fn pack(frame: LiveFrame) -> (Tell, Vec<u8>) {
    match frame {
        LiveFrame::Jpeg(bytes) => (Tell::Jpeg, bytes),
        LiveFrame::Pixels(Rgb8 { w, h, data }) => (Tell::Pixels { w, h }, data),
    }
}

/// A packet as a live frame; none if it is not one, or its size is a lie.
pub fn unpack(tell: &Tell, payload: Vec<u8>) -> Option<LiveFrame> {
    match *tell {
        Tell::Jpeg => Some(LiveFrame::Jpeg(payload)),
        Tell::Pixels { w, h } => {
            let bytes = w.checked_mul(h)?.checked_mul(3)?;
            (bytes == payload.len()).then_some(LiveFrame::Pixels(Rgb8 { w, h, data: payload }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(tell: &Tell, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, tell, payload).unwrap();
        bytes
    }

    #[test]
    fn packets_survive_one_after_the_other() {
        let told = [
            (Tell::Hello { protocol: PROTOCOL }, vec![]),
            (Tell::File, vec![7; 100_000]),
            (Tell::Failed(CameraError::CardFull), vec![]),
            (Tell::Pixels { w: 2, h: 1 }, vec![1, 2, 3, 4, 5, 6]),
        ];
        let bytes: Vec<u8> = told.iter().flat_map(|(t, p)| packet(t, p)).collect();
        let mut input = bytes.as_slice();
        for want in told {
            assert_eq!(read::<Tell>(&mut input).unwrap(), Some(want));
        }
        assert!(read::<Tell>(&mut input).unwrap().is_none(), "then it is over");
    }

    #[test]
    fn every_cut_is_noticed() {
        let bytes = packet(&Tell::File, &[1, 2, 3]);
        for end in 1..bytes.len() {
            let cut = read::<Tell>(&mut &bytes[..end]);
            assert!(matches!(cut, Err(WireError::Truncated)), "cut at {end}: {cut:?}");
        }
    }

    #[test]
    fn lengths_are_not_believed() {
        let mut bytes = packet(&Tell::File, &[]);
        bytes[8..12].copy_from_slice(&(MOST_PAYLOAD).to_le_bytes());
        assert!(matches!(read::<Tell>(&mut bytes.as_slice()), Err(WireError::Truncated)));
        bytes[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(read::<Tell>(&mut bytes.as_slice()), Err(WireError::Nonsense(_))));
        let printed = b"a driver printed this to stdout\n";
        assert!(matches!(read::<Tell>(&mut printed.as_slice()), Err(WireError::Nonsense(_))));
        assert!(unpack(&Tell::Pixels { w: usize::MAX, h: 3 }, vec![0; 9]).is_none());
        assert!(unpack(&Tell::Pixels { w: 2, h: 2 }, vec![0; 9]).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), mark: bool) {
            let mut all = if mark { MARK.to_vec() } else { Vec::new() };
            all.extend(bytes);
            let _ = read::<Tell>(&mut all.as_slice());
            let _ = read::<Ask>(&mut all.as_slice());
        }
    }
}
