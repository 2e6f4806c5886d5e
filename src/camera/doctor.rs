//! What stands between this computer and its cameras, as findings with advice. Cameras are not
//! opened: who holds one and who may use it is read from the system.

use super::{Abilities, Facts};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Finding {
    /// The version of libgphoto2; none if this Culet was built without it.
    Library(Option<String>),
    /// A camera that can be used.
    Camera {
        /// Its model.
        model: String,
        /// Where it is.
        port: String,
    },
    /// None is attached.
    NoCamera,
    /// Another program holds a camera's USB connection.
    Held {
        /// The camera.
        model: String,
        /// Where it is.
        port: String,
        /// Names of the programs.
        by: Vec<String>,
    },
    /// The user may not use a camera's USB connection.
    Forbidden {
        /// The camera.
        model: String,
        /// Where it is.
        port: String,
    },
    /// A still camera on USB that libgphoto2 does not list.
    Unknown {
        /// What it calls itself.
        model: String,
        /// Where it is.
        port: String,
    },
    /// Whether pictures stay on the camera's card.
    Kept(bool),
    /// The camera's battery in percent.
    Battery(u8),
    /// Pictures for which the cards have room.
    Room(u64),
    /// Seconds by which the camera's clock is ahead of this computer's.
    Clock(i64),
    /// After how long the camera switches itself off, in its own words.
    Sleep(String),
}

/// A battery below this does not last a session, percent.
const LOW: u8 = 30;
/// Cards with room for fewer pictures than this fill up during a session.
const FEW: u64 = 100;
/// A clock that is off by more sorts pictures wrongly among those of other cameras, seconds.
const OFF: i64 = 60;
/// Words for a camera that does not switch itself off.
const NEVER: &[&str] = &["0", "off", "disable", "disabled", "never", "unlimited", "no limit"];

/// What a connected camera says of itself, as findings.
pub fn preflight(able: Abilities, facts: &Facts) -> Vec<Finding> {
    // A webcam has neither card nor battery.
    let has_store = able.card || *facts != Facts::default();
    let kept = has_store.then_some(Finding::Kept(able.card));
    let battery = facts.battery.map(Finding::Battery);
    let room = facts.card_free_pictures.map(Finding::Room);
    let clock = facts.clock_ahead_s.map(Finding::Clock);
    let sleep = facts.sleeps_after.clone().map(Finding::Sleep);
    [kept, battery, room, clock, sleep].into_iter().flatten().collect()
}

impl Finding {
    /// Whether nothing needs to be done.
    pub fn good(&self) -> bool {
        match self {
            Self::Library(version) => version.is_some(),
            Self::Camera { .. } => true,
            Self::NoCamera | Self::Held { .. } | Self::Forbidden { .. } | Self::Unknown { .. } => {
                false
            }
            Self::Kept(kept) => *kept,
            Self::Battery(percent) => *percent >= LOW,
            Self::Room(pictures) => *pictures >= FEW,
            Self::Clock(ahead) => ahead.abs() <= OFF,
            Self::Sleep(after) => NEVER.contains(&after.trim().to_lowercase().as_str()),
        }
    }

    /// What to do, when something is to be done.
    pub fn advice(&self) -> Option<String> {
        if self.good() {
            return None;
        }
        let text = match self {
            Self::Camera { .. } => return None,
            Self::Library(_) => {
                "build Culet with the feature gphoto to tether cameras; webcams and folders work"
                    .to_owned()
            }
            Self::NoCamera => {
                "switch the camera on, use its own cable, set its USB mode to PTP or PC remote"
                    .to_owned()
            }
            Self::Held { by, .. } if by.iter().any(|b| b.starts_with("gvfs")) => {
                "the desktop has opened it as a drive; free it with: gio mount -s gphoto2"
                    .to_owned()
            }
            Self::Held { by, .. } => format!("close {}", by.join(", ")),
            Self::Forbidden { .. } => {
                "install libgphoto2's udev rules (Debian: libgphoto2-6), then plug the camera in \
                 again"
                    .to_owned()
            }
            Self::Unknown { .. } => {
                "set its USB mode to PTP; if it is newer than this libgphoto2, install a newer one"
                    .to_owned()
            }
            Self::Kept(_) => {
                "put a card into the camera; without one a picture is lost when the cable fails"
                    .to_owned()
            }
            Self::Battery(_) => "charge it, or run the camera from the mains".to_owned(),
            Self::Room(_) => "put in an empty card; every picture stays on it".to_owned(),
            Self::Clock(_) => "set the camera's clock; pictures are sorted by it".to_owned(),
            Self::Sleep(_) => "switch its automatic power-off off for the session".to_owned(),
        };
        Some(text)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(Some(version)) => write!(f, "libgphoto2 {version}"),
            Self::Library(None) => f.write_str("no libgphoto2 in this Culet"),
            Self::Camera { model, port } => write!(f, "{model} at {port} is free"),
            Self::NoCamera => f.write_str("no camera is attached"),
            Self::Held { model, port, by } => {
                write!(f, "{model} at {port} is held by {}", by.join(", "))
            }
            Self::Forbidden { model, port } => {
                write!(f, "{model} at {port} may not be used by you")
            }
            Self::Kept(true) => f.write_str("pictures stay on the camera's card"),
            Self::Kept(false) => f.write_str("pictures are only in the camera's memory"),
            Self::Battery(percent) => write!(f, "battery at {percent} %"),
            Self::Room(pictures) => write!(f, "room for {pictures} pictures on the card"),
            Self::Clock(s) if s.abs() <= OFF => f.write_str("the camera's clock is right"),
            Self::Clock(s) => {
                let way = if *s > 0 { "ahead" } else { "behind" };
                let minutes = s.unsigned_abs().div_ceil(60);
                write!(f, "the camera's clock is {minutes} minutes {way}")
            }
            Self::Sleep(after) => write!(f, "automatic power-off: {after}"),
            Self::Unknown { model, port } => {
                write!(f, "libgphoto2 does not know {model} at {port}")
            }
        }
    }
}

/// Looks at libgphoto2 and at what is attached; a driver is asked, which can hang.
pub fn examine() -> Vec<Finding> {
    #[cfg(feature = "gphoto")]
    let (version, attached) = (super::gphoto::version().map(str::to_owned), super::attached());
    #[cfg(not(feature = "gphoto"))]
    let (version, attached) = (None, Vec::new());
    let mut all = vec![Finding::Library(version)];
    all.extend(System::default().cameras(&attached));
    all
}

/// Where the system shows its devices and processes.
struct System {
    usb: PathBuf,
    processes: PathBuf,
    nodes: PathBuf,
}

impl Default for System {
    fn default() -> Self {
        Self {
            usb: PathBuf::from("/sys/bus/usb/devices"),
            processes: PathBuf::from("/proc"),
            nodes: PathBuf::from("/dev/bus/usb"),
        }
    }
}

fn line(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|s| s.trim().to_owned()).filter(|s| !s.is_empty())
}

fn entries(path: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path())
}

impl System {
    /// Findings about cameras that libgphoto2 lists (model and port), and others on USB.
    fn cameras(&self, attached: &[(String, String)]) -> Vec<Finding> {
        let state = |(model, port): &(String, String)| self.state(model.clone(), port.clone());
        let mut all: Vec<Finding> = attached.iter().map(state).collect();
        let strange = self.still_cameras();
        let strange = strange.into_iter().filter(|(_, p)| !attached.iter().any(|(_, a)| a == p));
        all.extend(strange.map(|(model, port)| Finding::Unknown { model, port }));
        if all.is_empty() {
            all.push(Finding::NoCamera);
        }
        all
    }

    fn state(&self, model: String, port: String) -> Finding {
        let Some(node) = self.node(&port) else { return Finding::Camera { model, port } };
        let by = self.holders(&node);
        if !by.is_empty() {
            return Finding::Held { model, port, by };
        }
        let opened = fs::OpenOptions::new().read(true).write(true).open(&node);
        match opened.map_err(|e| e.kind()) {
            Err(std::io::ErrorKind::PermissionDenied) => Finding::Forbidden { model, port },
            _ => Finding::Camera { model, port },
        }
    }

    /// The device node of libgphoto2's port `usb:001,011`.
    fn node(&self, port: &str) -> Option<PathBuf> {
        let (bus, device) = port.strip_prefix("usb:")?.split_once(',')?;
        Some(self.nodes.join(bus).join(device))
    }

    /// Other programs of this user that have a device node open.
    fn holders(&self, node: &Path) -> Vec<String> {
        let own = std::process::id().to_string();
        let holds = |p: &PathBuf| {
            p.file_name().is_some_and(|n| n != own.as_str())
                && entries(&p.join("fd")).any(|fd| fs::read_link(fd).is_ok_and(|to| to == node))
        };
        let mut by: Vec<String> =
            entries(&self.processes).filter(holds).filter_map(|p| line(&p.join("comm"))).collect();
        by.sort();
        by.dedup();
        by
    }

    /// Name and port of every USB device with an interface of the class "still image" (6).
    fn still_cameras(&self) -> Vec<(String, String)> {
        let device = |path: PathBuf| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            let (parent, _) = name.split_once(':')?;
            (line(&path.join("bInterfaceClass"))? == "06").then(|| self.usb.join(parent))
        };
        let mut devices: Vec<PathBuf> = entries(&self.usb).filter_map(device).collect();
        devices.sort();
        devices.dedup();
        let describe = |path: PathBuf| {
            let number = |name: &str| line(&path.join(name))?.parse::<u32>().ok();
            let port = format!("usb:{:03},{:03}", number("busnum")?, number("devnum")?);
            let words =
                ["manufacturer", "product"].map(|n| line(&path.join(n)).unwrap_or_default());
            Some((words.join(" ").trim().to_owned(), port))
        };
        devices.into_iter().filter_map(describe).collect()
    }
}

#[cfg(all(test, unix))]
#[expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the system's files are laid out by hand"
)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A computer with a camera at bus 1, device 11, which a program holds or not.
    fn computer(root: &Path, holder: Option<&str>) -> System {
        let system =
            System { usb: root.join("sys"), processes: root.join("proc"), nodes: root.join("dev") };
        let write = |path: PathBuf, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(system.usb.join("1-2:1.0/bInterfaceClass"), "06\n");
        write(system.usb.join("1-3:1.0/bInterfaceClass"), "03\n");
        for (name, text) in [
            ("busnum", "1\n"),
            ("devnum", "11\n"),
            ("manufacturer", "NIKON\n"),
            ("product", "D750\n"),
        ] {
            write(system.usb.join("1-2").join(name), text);
        }
        write(system.nodes.join("001/011"), "");
        if let Some(name) = holder {
            write(system.processes.join("4711/comm"), &format!("{name}\n"));
            fs::create_dir_all(system.processes.join("4711/fd")).unwrap();
            symlink(system.nodes.join("001/011"), system.processes.join("4711/fd/7")).unwrap();
        }
        system
    }

    fn attached() -> Vec<(String, String)> {
        vec![("Nikon DSC D750".to_owned(), "usb:001,011".to_owned())]
    }

    #[test]
    fn a_camera_that_the_desktop_holds_is_found_and_freed() {
        let root = tempfile::tempdir().unwrap();
        let found = computer(root.path(), Some("gvfsd-gphoto2")).cameras(&attached());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(!found[0].good());
        assert_eq!(found[0].to_string(), "Nikon DSC D750 at usb:001,011 is held by gvfsd-gphoto2");
        assert!(found[0].advice().unwrap().contains("gio mount -s gphoto2"));
        let root = tempfile::tempdir().unwrap();
        let other = computer(root.path(), Some("darktable")).cameras(&attached());
        assert_eq!(other[0].advice().unwrap(), "close darktable");
    }

    #[test]
    fn what_would_end_a_session_early_is_said() {
        let facts = Facts {
            battery: Some(12),
            card_free_pictures: Some(7),
            clock_ahead_s: Some(-7200),
            sleeps_after: Some("30".to_owned()),
            ..Facts::default()
        };
        let bad = preflight(Abilities::default(), &facts);
        assert_eq!(bad.len(), 5);
        assert!(bad.iter().all(|f| !f.good() && f.advice().is_some()), "{bad:?}");
        assert_eq!(bad[3].to_string(), "the camera's clock is 120 minutes behind");
        let facts = Facts {
            battery: Some(80),
            card_free_pictures: Some(900),
            clock_ahead_s: Some(3),
            sleeps_after: Some("Disable".to_owned()),
            ..Facts::default()
        };
        let card = Abilities { card: true, ..Abilities::default() };
        let good = preflight(card, &facts);
        assert!(
            good.len() == 5 && good.iter().all(|f| f.good() && f.advice().is_none()),
            "{good:?}"
        );
        assert!(
            preflight(Abilities::default(), &Facts::default()).is_empty(),
            "a camera that says nothing has no findings"
        );
    }

    #[test]
    fn a_free_camera_is_good_and_an_unlisted_one_is_named() {
        let root = tempfile::tempdir().unwrap();
        let system = computer(root.path(), None);
        let free = system.cameras(&attached());
        assert!(free.len() == 1 && free[0].good() && free[0].advice().is_none(), "{free:?}");
        let strange = system.cameras(&[]);
        let want = Finding::Unknown { model: "NIKON D750".into(), port: "usb:001,011".into() };
        assert_eq!(strange, [want]);
        let none = System { usb: root.path().join("none"), ..system };
        assert_eq!(none.cameras(&[]), [Finding::NoCamera]);
    }
}
