//! Faults that the practice camera plays on request: what real cameras, cables and cards do to a
//! shoot. `culet practice --fault NAME[:ARGUMENT][@K]`; with `@K` at the Kth occasion.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A step of a tethered session at which the cable can be pulled or the body can fall silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A client connects.
    Connect,
    /// The session is opened.
    Session,
    /// The client asks what the body can do.
    Info,
    /// A setting is read or written.
    Settings,
    /// Live view is started, ended, or a frame is asked for.
    Live,
    /// Focus is driven.
    Focus,
    /// A picture is asked for.
    Capture,
    /// The client asks whether the body is done.
    Ready,
    /// The client asks what happened.
    Events,
    /// The card is listed.
    List,
    /// A picture is sent.
    Download,
    /// A picture is removed.
    Delete,
}

impl Stage {
    /// Every stage with its name.
    pub const ALL: [(Stage, &'static str); 12] = [
        (Stage::Connect, "connect"),
        (Stage::Session, "session"),
        (Stage::Info, "info"),
        (Stage::Settings, "settings"),
        (Stage::Live, "live"),
        (Stage::Focus, "focus"),
        (Stage::Capture, "capture"),
        (Stage::Ready, "ready"),
        (Stage::Events, "events"),
        (Stage::List, "list"),
        (Stage::Download, "download"),
        (Stage::Delete, "delete"),
    ];

    fn named(text: &str) -> Option<Stage> {
        Stage::ALL.iter().find(|(_, n)| *n == text).map(|(s, _)| *s)
    }

    fn name(self) -> &'static str {
        Stage::ALL.iter().find(|(s, _)| *s == self).map_or("", |(_, n)| n)
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed at a stage; once.
    Disconnect(Stage),
    /// The connection is closed after this many bytes of a download; once.
    Cut(u64),
    /// The body stops answering at a stage until the client connects again; once.
    Silence(Stage),
    /// Every answer comes this many milliseconds late.
    Slow(u32),
    /// Captures and readiness are answered "busy" this many times.
    Busy(u32),
    /// The card is full after this many pictures.
    StoreFull(u32),
    /// A downloaded picture has zeros for a packet that got lost in its middle; once.
    Corrupt,
    /// A downloaded picture ends early; once.
    Truncate,
    /// The card keeps a picture with a packet of zeros in its middle; once.
    BadCard,
    /// Events are told this many milliseconds late.
    LateEvents(u32),
    /// Every event is told twice.
    DoubleEvents,
    /// Events of the next capture are not told at all; once.
    LostEvents,
    /// This many events about settings come with the next capture; once.
    EventStorm(u32),
    /// A picture is gone from the card before it can be downloaded; once.
    Vanish,
    /// File numbers start at 9998 and wrap to 0001 in the next folder.
    NameWrap,
    /// A new folder after this many pictures.
    Rollover(u32),
    /// A raw file is written beside every JPEG.
    RawPair,
    /// The battery loses this many percent with each picture, and the body dies with it.
    Battery(u32),
    /// Live view is prohibited.
    NoLiveView,
    /// The next client meets another body with an empty card; once.
    OtherBody,
}

/// One line of the catalogue: name, argument, what it does.
type Line = (&'static str, &'static str, &'static str);

/// Every fault as the command line shows it: name, argument, and one line about it.
pub const FAULTS: [Line; 20] = [
    ("disconnect", "STAGE", "closes the connection at a stage, once"),
    ("cut", "BYTE", "closes the connection after so many bytes of a download, once"),
    ("silence", "STAGE", "stops answering at a stage until a client connects again, once"),
    ("slow", "MS", "answers everything so many milliseconds late"),
    ("busy", "TIMES", "answers captures with busy so many times"),
    ("store-full", "SHOTS", "has a full card after so many pictures"),
    ("corrupt", "", "sends a picture with zeros for a lost packet, once"),
    ("truncate", "", "sends a picture that ends early, once"),
    ("bad-card", "", "keeps a picture with zeros in it on its card, once"),
    ("late-events", "MS", "tells events so many milliseconds late"),
    ("double-events", "", "tells every event twice"),
    ("lost-events", "", "does not tell about a capture, once"),
    ("event-storm", "COUNT", "tells so many events about settings with a capture, once"),
    ("vanish", "", "removes a picture before it is downloaded, once"),
    ("name-wrap", "", "numbers files from DSC_9998 over DSC_9999 to DSC_0001 in the next folder"),
    ("rollover", "SHOTS", "starts a new folder after so many pictures"),
    ("raw-pair", "", "writes a raw file beside every JPEG"),
    ("battery", "PERCENT", "loses so much battery with each picture and dies with it"),
    ("no-live-view", "", "prohibits live view"),
    ("other-body", "", "is another body with an empty card for the next client"),
];

/// A fault and the occasion at which it comes, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What goes wrong.
    pub fault: Fault,
    /// At which of its occasions: requests at the stage, downloads, captures, or clients.
    pub at: u32,
}

/// A fault that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no fault is called {0}; say NAME[:ARGUMENT][@K], one of {names}; stages are {stages}",
    names = FAULTS.map(|f| f.0).join(", "), stages = Stage::ALL.map(|s| s.1).join(", "))]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let unknown = || UnknownFault(text.to_owned());
        let (name, argument) = text.split_once(':').map_or((text, None), |(n, a)| (n, Some(a)));
        let stage = || argument.and_then(Stage::named).ok_or_else(unknown);
        let number = || argument.and_then(|a| a.parse::<u32>().ok()).ok_or_else(unknown);
        let plain = |fault| if argument.is_none() { Ok(fault) } else { Err(unknown()) };
        match name {
            "disconnect" => stage().map(Fault::Disconnect),
            "cut" => argument.and_then(|a| a.parse().ok()).map(Fault::Cut).ok_or_else(unknown),
            "silence" => stage().map(Fault::Silence),
            "slow" => number().map(Fault::Slow),
            "busy" => number().map(Fault::Busy),
            "store-full" => number().map(Fault::StoreFull),
            "corrupt" => plain(Fault::Corrupt),
            "truncate" => plain(Fault::Truncate),
            "bad-card" => plain(Fault::BadCard),
            "late-events" => number().map(Fault::LateEvents),
            "double-events" => plain(Fault::DoubleEvents),
            "lost-events" => plain(Fault::LostEvents),
            "event-storm" => number().map(Fault::EventStorm),
            "vanish" => plain(Fault::Vanish),
            "name-wrap" => plain(Fault::NameWrap),
            "rollover" => number().map(Fault::Rollover),
            "raw-pair" => plain(Fault::RawPair),
            "battery" => number().map(Fault::Battery),
            "no-live-view" => plain(Fault::NoLiveView),
            "other-body" => plain(Fault::OtherBody),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Fault::Disconnect(s) => write!(f, "disconnect:{}", s.name()),
            Fault::Cut(k) => write!(f, "cut:{k}"),
            Fault::Silence(s) => write!(f, "silence:{}", s.name()),
            Fault::Slow(ms) => write!(f, "slow:{ms}"),
            Fault::Busy(n) => write!(f, "busy:{n}"),
            Fault::StoreFull(n) => write!(f, "store-full:{n}"),
            Fault::Corrupt => f.write_str("corrupt"),
            Fault::Truncate => f.write_str("truncate"),
            Fault::BadCard => f.write_str("bad-card"),
            Fault::LateEvents(ms) => write!(f, "late-events:{ms}"),
            Fault::DoubleEvents => f.write_str("double-events"),
            Fault::LostEvents => f.write_str("lost-events"),
            Fault::EventStorm(n) => write!(f, "event-storm:{n}"),
            Fault::Vanish => f.write_str("vanish"),
            Fault::NameWrap => f.write_str("name-wrap"),
            Fault::Rollover(n) => write!(f, "rollover:{n}"),
            Fault::RawPair => f.write_str("raw-pair"),
            Fault::Battery(n) => write!(f, "battery:{n}"),
            Fault::NoLiveView => f.write_str("no-live-view"),
            Fault::OtherBody => f.write_str("other-body"),
        }
    }
}

impl From<Fault> for Planned {
    fn from(fault: Fault) -> Self {
        Planned { fault, at: 1 }
    }
}

impl FromStr for Planned {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let Some((fault, at)) = text.split_once('@') else {
            return text.parse::<Fault>().map(Planned::from);
        };
        let at = at.parse().ok().filter(|k| *k > 0).ok_or_else(|| UnknownFault(text.to_owned()))?;
        Ok(Planned { fault: fault.parse()?, at })
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at == 1 {
            write!(f, "{}", self.fault)
        } else {
            write!(f, "{}@{}", self.fault, self.at)
        }
    }
}

/// The faults that are still to come, and how often each was met.
#[derive(Default)]
pub(crate) struct Faults {
    planned: Vec<Planned>,
    met: BTreeMap<String, u32>,
}

impl Faults {
    pub(crate) fn add(&mut self, planned: Planned) {
        self.planned.push(planned);
    }

    pub(crate) fn clear(&mut self) {
        self.planned.clear();
    }

    pub(crate) fn planned(&self) -> Vec<Planned> {
        self.planned.clone()
    }

    /// How often each fault, by the name that it was planned under, did something to a client.
    pub(crate) fn met(&self) -> &BTreeMap<String, u32> {
        &self.met
    }

    fn meet(&mut self, fault: Fault) {
        tracing::debug!("practice fault: {fault}");
        *self.met.entry(fault.to_string()).or_default() += 1;
    }

    /// An occasion for a fault that comes once: counts it, and takes the fault when it is its turn.
    pub(crate) fn due<T>(&mut self, wanted: impl Fn(Fault) -> Option<T>) -> Option<T> {
        let mut due = None;
        self.planned.retain_mut(|p| match wanted(p.fault) {
            Some(value) if due.is_none() => {
                p.at -= 1;
                let now = p.at == 0;
                if now {
                    due = Some((p.fault, value));
                }
                !now
            }
            _ => true,
        });
        let (fault, value) = due?;
        self.meet(fault);
        Some(value)
    }

    /// What a lasting fault says, when it is there; asked only where that makes a difference, for it
    /// counts as met.
    pub(crate) fn lasting<T>(&mut self, wanted: impl Fn(Fault) -> Option<T>) -> Option<T> {
        let (fault, value) = self.planned.iter().find_map(|p| Some((p.fault, wanted(p.fault)?)))?;
        self.meet(fault);
        Some(value)
    }

    /// Whether a lasting fault is there; as [`Self::lasting`], it counts as met.
    pub(crate) fn plays(&mut self, fault: Fault) -> bool {
        self.lasting(|f| (f == fault).then_some(())).is_some()
    }

    /// Whether a fault that comes once is due now.
    pub(crate) fn is_due(&mut self, fault: Fault) -> bool {
        self.due(|f| (f == fault).then_some(())).is_some()
    }

    /// Counts down a fault that comes a number of times.
    pub(crate) fn busy(&mut self) -> bool {
        let mut busy = None;
        self.planned.retain_mut(|p| match &mut p.fault {
            Fault::Busy(n) if busy.is_none() && *n > 0 => {
                busy = Some(Fault::Busy(*n));
                *n -= 1;
                *n > 0
            }
            _ => true,
        });
        busy.inspect(|fault| self.meet(*fault)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_the_catalogue_can_be_said_and_is_said_back() {
        for (name, argument, _) in FAULTS {
            let text = match argument {
                "" => name.to_owned(),
                "STAGE" => format!("{name}:download"),
                _ => format!("{name}:7"),
            };
            for text in [text.clone(), format!("{text}@3")] {
                assert_eq!(text.parse::<Planned>().unwrap().to_string(), text);
            }
        }
    }

    #[test]
    fn what_is_no_fault_is_refused_with_the_list() {
        for bad in ["", "earthquake", "cut", "cut:x", "corrupt:1", "disconnect:lunch", "slow:1@0"] {
            let said = bad.parse::<Planned>().unwrap_err().to_string();
            assert!(said.contains("event-storm") && said.contains("download"), "{bad}: {said}");
        }
    }

    #[test]
    fn a_fault_waits_for_its_occasion_and_comes_once() {
        let mut faults = Faults::default();
        faults.add("corrupt@3".parse().unwrap());
        let mut due = || faults.is_due(Fault::Corrupt);
        assert_eq!([due(), due(), due(), due()], [false, false, true, false]);
        assert_eq!(faults.met()["corrupt"], 1);
    }

    #[test]
    fn what_a_client_met_is_counted() {
        let mut faults = Faults::default();
        faults.add(Fault::Slow(3).into());
        faults.add(Fault::Busy(2).into());
        let slow = |f| if let Fault::Slow(ms) = f { Some(ms) } else { None };
        assert_eq!((faults.lasting(slow), faults.lasting(slow)), (Some(3), Some(3)));
        assert!(faults.busy() && faults.busy() && !faults.busy());
        assert!(!faults.plays(Fault::RawPair));
        let met: u32 =
            faults.met().iter().filter(|(f, _)| f.starts_with("busy")).map(|m| m.1).sum();
        assert_eq!((faults.met()["slow:3"], met, faults.met().len()), (2, 2, 3));
    }
}
