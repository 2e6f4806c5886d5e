//! Where frames and captures come from: one file a backend.
//!
//! [`Camera`] is what the engine sees. Backends that talk to hardware run in a process of their own
//! (`culet camera-host`), so that a hang or a crash of a driver never takes the studio along.

pub mod doctor;
mod folder;
#[cfg(feature = "gphoto")]
mod gphoto;
#[cfg_attr(not(feature = "gphoto"), allow(dead_code, reason = "libgphoto2's names"))]
mod names;
pub mod serve;
#[cfg(feature = "webcam")]
mod webcam;
pub mod white;
pub mod wire;

pub use folder::Folder;
#[cfg(feature = "gphoto")]
pub use gphoto::{Gphoto, attached};
#[cfg(feature = "webcam")]
pub use webcam::Webcam;

use crate::imaging::Rgb8;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Which camera is meant, as the command line writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CameraSpec {
    /// The built-in practice camera.
    Practice,
    /// The first real camera that is found.
    Auto,
    /// A camera that libgphoto2 drives, by model and port where they are known.
    Gphoto {
        /// libgphoto2's model name.
        model: Option<String>,
        /// libgphoto2's port, such as `usb:001,011`.
        port: Option<String>,
    },
    /// A camera on the network.
    PtpIp {
        /// Host name or address.
        host: String,
        /// Port; 15740 is the usual one.
        port: u16,
    },
    /// A webcam by its number.
    Webcam(u32),
    /// A hot folder: what another program puts there is a capture.
    Folder(PathBuf),
}

/// A camera's name that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no camera is called {0}; use practice, auto, gphoto[:MODEL[@PORT]], ptpip:HOST[:PORT], webcam[:N] or folder:DIR"
)]
pub struct UnknownCamera(String);

impl FromStr for CameraSpec {
    type Err = UnknownCamera;

    fn from_str(text: &str) -> Result<Self, UnknownCamera> {
        let unknown = || UnknownCamera(text.to_owned());
        let (kind, rest) = text.split_once(':').map_or((text, None), |(k, r)| (k, Some(r)));
        match (kind, rest.filter(|r| !r.is_empty())) {
            ("practice", None) => Ok(Self::Practice),
            ("auto", None) => Ok(Self::Auto),
            ("gphoto", None) => Ok(Self::Gphoto { model: None, port: None }),
            ("gphoto", Some(rest)) => {
                let (model, port) =
                    rest.split_once('@').map_or((rest, None), |(m, p)| (m, Some(p)));
                let model = (!model.is_empty()).then(|| model.to_owned());
                Ok(Self::Gphoto { model, port: port.map(str::to_owned) })
            }
            ("ptpip", Some(rest)) => match rest.rsplit_once(':') {
                Some((host, port)) if !host.is_empty() => {
                    let port = port.parse().map_err(|_| unknown())?;
                    Ok(Self::PtpIp { host: host.to_owned(), port })
                }
                _ => Ok(Self::PtpIp { host: rest.to_owned(), port: 15_740 }),
            },
            ("webcam", None) => Ok(Self::Webcam(0)),
            ("webcam", Some(n)) => n.parse().map(Self::Webcam).map_err(|_| unknown()),
            ("folder", Some(dir)) => Ok(Self::Folder(PathBuf::from(dir))),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for CameraSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Practice => f.write_str("practice"),
            Self::Auto => f.write_str("auto"),
            Self::Gphoto { model: None, port: None } => f.write_str("gphoto"),
            Self::Gphoto { model, port } => {
                write!(f, "gphoto:{}", model.as_deref().unwrap_or_default())?;
                port.as_ref().map_or(Ok(()), |port| write!(f, "@{port}"))
            }
            Self::PtpIp { host, port } => write!(f, "ptpip:{host}:{port}"),
            Self::Webcam(n) => write!(f, "webcam:{n}"),
            Self::Folder(dir) => write!(f, "folder:{}", dir.display()),
        }
    }
}

/// What can go wrong with a camera, in studio words. The same on both sides of a camera host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CameraError {
    /// None is there.
    #[error(
        "no camera answers at {0}; check the cable, that it is switched on, and that no other program holds it ({1})"
    )]
    Absent(String, String),
    /// It was there and is gone: the next step is to open it again.
    #[error(
        "the camera stopped answering while {0} ({1}); check the cable and its power-off setting"
    )]
    Gone(String, String),
    /// It is there and refused this one thing.
    #[error("the camera refused while {0} ({1})")]
    Refused(String, String),
    /// The camera does not offer a setting or value.
    #[error("this camera does not offer {0} = {1}; it offers {2}")]
    NotOffered(String, String, String),
    /// Its card is full.
    #[error("the camera's card is full; change it or make room, captures on the computer are safe")]
    CardFull,
    /// It cannot do this at all.
    #[error("this camera cannot do that: {0}")]
    Cannot(String),
    /// This build cannot.
    #[error("this Culet was built without {0}")]
    NotBuilt(String),
}

/// A file on the camera.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectId {
    /// Folder on the camera.
    pub folder: String,
    /// File name.
    pub name: String,
}

/// A file on the camera and its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Where it is.
    pub id: ObjectId,
    /// Bytes, when the camera says.
    pub bytes: Option<u64>,
    /// When it was written by the camera's clock, seconds since 1970, when the camera says. It tells
    /// two files of one name and size apart.
    pub dated: Option<i64>,
}

/// A live-view picture as it came.
#[derive(Clone)]
pub enum LiveFrame {
    /// A JPEG.
    Jpeg(Vec<u8>),
    /// Pixels, already decoded.
    Pixels(Rgb8),
}

impl fmt::Debug for LiveFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jpeg(bytes) => write!(f, "Jpeg({} bytes)", bytes.len()),
            Self::Pixels(picture) => write!(f, "Pixels({}x{})", picture.w, picture.h),
        }
    }
}

/// A camera setting and what it may be set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Culet's name for it: `iso`, `aperture`, `shutter`, `white_balance`, `color_temperature`,
    /// `focus_mode`, `quality`, `size`, `capture_target`, `exposure_compensation`.
    pub name: String,
    /// For people.
    pub label: String,
    /// What it is now, in the camera's words.
    pub value: String,
    /// What it may be; empty when it cannot be written.
    pub choices: Vec<String>,
}

/// What a camera can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// Live view.
    pub live: bool,
    /// The shutter can be fired from here.
    pub trigger: bool,
    /// Focus can be driven.
    pub focus_drive: bool,
    /// It can focus by itself on request.
    pub autofocus: bool,
    /// Captures stay on a card until they are removed.
    pub card: bool,
}

/// Something that the camera told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CameraEvent {
    /// A file is new on the camera.
    Added(ObjectId),
    /// The exposure that was triggered is complete.
    Complete,
    /// Some setting was changed on the body.
    SettingsChanged,
    /// More has happened than was told at once: ask again soon.
    More,
}

/// A connected camera. One thread owns it.
pub trait Camera: Send {
    /// Maker's name for the model.
    fn model(&self) -> String;
    /// Its serial number, which tells two bodies of one model apart; none where it does not say.
    fn serial(&self) -> Option<String> {
        None
    }
    /// What it can do.
    fn abilities(&self) -> Abilities;
    /// One live-view frame; starts live view when it is off.
    fn frame(&mut self) -> Result<LiveFrame, CameraError>;
    /// Ends live view.
    fn end_live(&mut self) -> Result<(), CameraError>;
    /// Fires the shutter; the picture is announced by [`Camera::events`].
    fn trigger(&mut self) -> Result<(), CameraError>;
    /// What happened, waiting at most `within` for the first thing; empty when nothing did.
    fn events(&mut self, within: Duration) -> Result<Vec<CameraEvent>, CameraError>;
    /// Every picture file on the camera, for comparison with what was stored.
    fn list(&mut self) -> Result<Vec<Object>, CameraError>;
    /// The untouched bytes of a file; it stays on the camera. They come from the camera anew each
    /// time, so that two answers can be compared.
    fn fetch(&mut self, object: &ObjectId) -> Result<Vec<u8>, CameraError>;
    /// When a file was written, as [`Object::dated`].
    fn dated(&mut self, object: &ObjectId) -> Option<i64> {
        let _ = object;
        None
    }
    /// The settings that people use, by single reads.
    fn settings(&mut self) -> Result<Vec<Setting>, CameraError>;
    /// Writes a setting after checking its choices, and reads it back.
    fn set(&mut self, name: &str, value: &str) -> Result<String, CameraError>;
    /// Moves the focus by motor steps; positive is away from the camera.
    fn drive_focus(&mut self, steps: i32) -> Result<(), CameraError>;
    /// Lets the camera focus by itself.
    fn autofocus(&mut self) -> Result<(), CameraError>;
    /// Battery in percent, when it says.
    fn battery(&mut self) -> Option<u8>;
    /// Room on all cards, bytes, by one quick question; none where it does not say.
    fn room(&mut self) -> Option<u64> {
        None
    }
    /// What a look before the shoot wants to know; a camera says what it can.
    fn facts(&mut self) -> Facts {
        Facts::default()
    }
}

/// What a camera says about itself before a shoot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Battery in percent.
    pub battery: Option<u8>,
    /// Room on all cards, bytes.
    pub card_free_bytes: Option<u64>,
    /// Pictures that fit on all cards, by the camera's own guess.
    pub card_free_pictures: Option<u64>,
    /// How many seconds its clock is ahead of this computer's.
    pub clock_ahead_s: Option<i64>,
    /// After how long it switches itself off, in its own words.
    pub sleeps_after: Option<String>,
}

/// Counts the steps of long jobs, so that whoever waits can tell a hang from a slow transfer.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Something moved.
    pub fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How often something moved.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Opens a camera in this process, driver and all. The engine does this through its camera host,
/// except for a hot folder, which has no driver that could hang.
#[cfg_attr(
    not(feature = "gphoto"),
    allow(clippy::only_used_in_recursion, reason = "only libgphoto2 tells of its progress")
)]
pub fn open_here(spec: &CameraSpec, pulse: &Pulse) -> Result<Box<dyn Camera>, CameraError> {
    match spec {
        CameraSpec::Practice => Err(CameraError::Absent(
            "practice".to_owned(),
            "the practice camera has not been started".to_owned(),
        )),
        CameraSpec::Folder(dir) => Ok(Box::new(Folder::open(dir)?)),
        #[cfg(feature = "gphoto")]
        CameraSpec::Gphoto { model, port } => {
            Ok(Box::new(Gphoto::open_as(model.as_deref(), port.as_deref(), pulse.clone())?))
        }
        #[cfg(feature = "gphoto")]
        CameraSpec::PtpIp { host, port } => {
            // The port twice: the second is the event connection's, 15740 otherwise.
            let path = format!("ptpip:{host}:{port}:{port}");
            Ok(Box::new(Gphoto::open_as(None, Some(&path), pulse.clone())?))
        }
        #[cfg(not(feature = "gphoto"))]
        CameraSpec::Gphoto { .. } | CameraSpec::PtpIp { .. } => {
            Err(CameraError::NotBuilt("libgphoto2 (feature `gphoto`)".to_owned()))
        }
        #[cfg(feature = "webcam")]
        CameraSpec::Webcam(number) => Ok(Box::new(Webcam::open(*number)?)),
        #[cfg(not(feature = "webcam"))]
        CameraSpec::Webcam(_) => {
            Err(CameraError::NotBuilt("webcams (feature `webcam`)".to_owned()))
        }
        CameraSpec::Auto => found()
            .into_iter()
            .next()
            .ok_or_else(|| {
                CameraError::Absent("any port".to_owned(), "nothing is attached".to_owned())
            })
            .and_then(|first| open_here(&first.spec, pulse)),
    }
}

/// A camera that is attached to this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its name for people.
    pub model: String,
    /// How to open it.
    pub spec: CameraSpec,
}

/// What is attached, cameras before webcams. Drivers are asked, which can hang: the engine does
/// this in a process of its own.
pub fn found() -> Vec<Found> {
    #[cfg_attr(
        not(any(feature = "gphoto", feature = "webcam")),
        expect(unused_mut, reason = "no driver is built in")
    )]
    let mut all = Vec::new();
    #[cfg(feature = "gphoto")]
    all.extend(attached().into_iter().map(|(model, port)| Found {
        spec: CameraSpec::Gphoto { model: Some(model.clone()), port: Some(port) },
        model,
    }));
    #[cfg(feature = "webcam")]
    all.extend(webcam::attached());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_camera_name_survives_being_written_and_read() {
        for name in [
            "practice",
            "auto",
            "gphoto",
            "gphoto:Nikon D750",
            "gphoto:Nikon D750@usb:001,011",
            "ptpip:127.0.0.1:15740",
            "webcam:2",
            "folder:/tmp/hot",
        ] {
            assert_eq!(name.parse::<CameraSpec>().unwrap().to_string(), name);
        }
        assert_eq!("webcam".parse(), Ok(CameraSpec::Webcam(0)));
        assert_eq!("ptpip:cam".parse::<CameraSpec>().unwrap().to_string(), "ptpip:cam:15740");
        for bad in ["", "nikon", "webcam:x", "ptpip", "ptpip:a:b", "folder"] {
            assert!(bad.parse::<CameraSpec>().is_err(), "{bad}");
        }
    }
}
