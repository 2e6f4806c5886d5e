//! The closed contract between the engine and its clients: commands go in, events come out, and
//! live view is a channel that holds only the newest value.

use super::latest::Reader;
use crate::calibrate::drift::Drift;
use crate::calibrate::{Calibration, Edition};
use crate::camera::{CameraSpec, Setting};
use crate::imaging::colour::Lab;
use crate::imaging::save::Profile;
use crate::imaging::{Mask, Rgb8, Rgba8, jpeg};
use crate::retouch::{Preset, Recipe, Speck};
use crate::score::{Facts, Histogram, Kind, Score};
use crate::session::{Flag, Label};
use crate::suggest::Suggestion;
use crossbeam_channel::{Receiver, Sender};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A take of the session, counted from 0 in the order of capture. Stable for the life of a session.
pub type TakeId = usize;

/// What a client asks for. The engine answers with [`Event`]s; nothing here waits.
#[derive(Clone, Debug)]
pub enum Command {
    /// Connects a camera; one that is connected is let go first.
    Connect(CameraSpec),
    /// Lets the camera go.
    Disconnect,
    /// Lists what is attached; answered by [`Event::Cameras`].
    FindCameras,
    /// Fires the shutter.
    Capture,
    /// Live view on or off.
    LiveView(bool),
    /// Moves the focus by motor steps; positive is away from the camera.
    DriveFocus(i32),
    /// Lets the camera focus by itself.
    Autofocus,
    /// Writes a camera setting; its choices are checked first.
    Set {
        /// The setting's [`Setting::name`].
        name: String,
        /// One of its choices.
        value: String,
    },
    /// What is drawn over live view, and how large it is on screen.
    Look(LiveLook),
    /// Mutes a kind of suggestion for this session, or hears it again.
    Mute {
        /// [`Suggestion::kind`].
        kind: String,
        /// Whether it is muted.
        muted: bool,
    },
    /// Leaves a step out of the suggested finish, or takes it in again.
    Refuse {
        /// [`Step::id`](crate::retouch::Step::id).
        step: String,
        /// Whether it is left out.
        refused: bool,
    },
    /// Opens or makes a session folder and shows what is in it.
    OpenSession(PathBuf),
    /// Names of the captures to come: tokens in braces, and the piece's number.
    Name {
        /// Pattern, such as `{sku}_{counter:4}`.
        pattern: String,
        /// The piece in front of the camera; empty is none.
        sku: String,
    },
    /// Keeps a second copy of every capture in this folder; none stops.
    SecondCopy(Option<PathBuf>),
    /// Stars of takes, 0 to 5.
    Rate(Vec<TakeId>, u8),
    /// Pick or reject.
    Mark(Vec<TakeId>, Flag),
    /// Forgets what picks taught about which take is better.
    ForgetPicks,
    /// Colour label.
    Paint(Vec<TakeId>, Option<Label>),
    /// Reads a take at a size for the screen; answered by [`Event::Picture`].
    Show {
        /// Which take.
        take: TakeId,
        /// Longest side that is wanted, in pixels; `usize::MAX` for the full size.
        side: usize,
        /// Whether with its edit.
        edited: bool,
    },
    /// The one-key retouch: a recipe made for this take; answered by [`Event::TakeChanged`].
    Retouch(TakeId),
    /// A recipe made for this take with a look; answered by [`Event::TakeChanged`].
    RetouchWith(TakeId, Box<Preset>),
    /// Replaces the edit of a take; none removes it.
    Edit(TakeId, Option<Recipe>),
    /// The recipe that captures get by themselves from now on; none for none.
    EditNext(Option<Recipe>),
    /// Writes finished pictures into the session's Output folder.
    Export(Vec<TakeId>, ExportOptions),
    /// Finds a card in a take, or in the newest live frame when none is named, and calibrates.
    Calibrate(Option<TakeId>, KnownCard),
    /// Takes a take of a white or grey card that fills the frame as the light's flat field; none
    /// forgets it.
    FlatField(Option<TakeId>),
    /// Takes a take as the picture of the set without the piece, from which later cut-outs know their
    /// backdrop; none forgets it.
    EmptySet(Option<TakeId>),
    /// Takes a calibration file into force; none goes back to the camera's own colours.
    UseCalibration(Option<PathBuf>),
}

/// What is known of a card before it is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownCard {
    /// Where it was placed by hand; none looks for it.
    pub placed: Option<Placed>,
    /// When a 24-patch chart was made.
    pub edition: Edition,
    /// The file of a card of one's own; none takes the published values.
    pub reference: Option<PathBuf>,
    /// Name of the light, for the record.
    pub light: String,
    /// The temperature that the camera's own white balance stands for, kelvin; none where it finds its
    /// white by itself. From it the light's temperature follows.
    pub camera_kelvin: Option<f32>,
}

/// A card that was placed by hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// A grey card, or a 24-patch chart.
    pub grey: bool,
    /// As [`Found::corners`](crate::calibrate::Found::corners), in parts of the picture's width and height.
    pub corners: [[f32; 2]; 4],
}

/// What is drawn on live view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveLook {
    /// Longest side on the screen in pixels; larger frames are scaled down.
    pub side: usize,
    /// Also renders the suggested finish.
    pub finish: bool,
    /// Marks what is in focus.
    pub peaking: bool,
    /// Marks clipped highlights and shadows.
    pub clipping: bool,
}

impl Default for LiveLook {
    fn default() -> Self {
        Self { side: 1280, finish: false, peaking: false, clipping: false }
    }
}

/// How finished pictures are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportOptions {
    /// File format.
    pub format: ExportFormat,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Longest side in pixels; none keeps the size.
    pub side: Option<usize>,
    /// Colour space.
    pub profile: Profile,
    /// Whether the place where a picture was taken stays in its metadata.
    pub keep_place: bool,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self {
            format: ExportFormat::Jpeg,
            quality: 95,
            side: None,
            profile: Profile::Srgb,
            keep_place: false,
        }
    }
}

/// File formats of exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Eight bits.
    Jpeg,
    /// Eight bits, lossless.
    Png,
    /// Sixteen bits, lossless.
    Tiff,
    /// Eight bits, lossless.
    Tiff8,
}

/// The newest live frame with everything that was measured on it.
#[derive(Clone)]
pub struct LiveView {
    /// Counts frames from the camera; gaps are frames that were dropped.
    pub number: u64,
    /// When its bytes had arrived.
    pub arrived: Instant,
    /// Size of the camera's frame, pixels; regions in readings are in these.
    pub size: (usize, usize),
    /// The camera's picture, scaled for the screen.
    pub picture: Arc<Rgba8>,
    /// With the suggested finish, when it was asked for.
    pub finished: Option<Arc<Rgba8>>,
    /// The finish's edit, with the steps that are refused; none until it was planned.
    pub finish: Option<Arc<Recipe>>,
    /// Peaking and clipping, transparent elsewhere, when either was asked for.
    pub overlay: Option<Arc<Rgba8>>,
    /// What was measured.
    pub score: Arc<Score>,
    /// Of the camera's picture.
    pub histogram: Arc<Histogram>,
    /// What to change now, most costly first; at most three.
    pub suggestions: Arc<Vec<Suggestion>>,
    /// The light against the calibration's; none while nothing is watched.
    pub drift: Option<Arc<Drift>>,
}

/// What a camera is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraState {
    /// None is wanted.
    Off,
    /// Looking for it; the text says where.
    Looking(String),
    /// It was found and is being set up.
    Connecting(String),
    /// Connected, live view off.
    Ready(String),
    /// Live view runs.
    Live(String),
    /// The shutter was fired.
    Capturing(String),
    /// A picture is on its way from the camera.
    Transferring(String),
    /// It vanished; the text says why and that it is looked for.
    Gone(String),
}

/// A take as the client shows it.
#[derive(Clone, Debug)]
pub struct Take {
    /// Its number.
    pub id: TakeId,
    /// File name of the original.
    pub name: String,
    /// The original.
    pub file: PathBuf,
    /// The raw file of a RAW+JPEG pair, once it is stored.
    pub companion: Option<PathBuf>,
    /// Size of the original.
    pub bytes: u64,
    /// SHA-256 of the original in hexadecimal.
    pub sha256: String,
    /// How long it took; none for takes of an earlier run.
    pub timing: Timing,
    /// A small upright picture, at most 320 pixels; none until it is decoded.
    pub thumbnail: Option<Thumbnail>,
    /// Its score; none while pending.
    pub score: Option<Arc<Score>>,
    /// Why it could not be opened, when it could not.
    pub trouble: Option<String>,
    /// Takes with the same number show the same thing.
    pub group: usize,
    /// Whether it is proposed as the best of its group.
    pub best: bool,
    /// What its group is.
    pub kind: Kind,
    /// What the camera said of the exposure.
    pub facts: Facts,
    /// Stars, 0 to 5.
    pub rating: u8,
    /// Pick or reject.
    pub flag: Flag,
    /// Colour label.
    pub label: Option<Label>,
    /// Its edit.
    pub recipe: Option<Recipe>,
    /// Where it is safe.
    pub safety: Safety,
    /// File name of the calibration that it was judged with.
    pub calibration: Option<String>,
}

/// A small upright picture in sRGB. It is kept as a JPEG, since a day's takes stay in memory; whoever
/// shows it decodes it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// Width, pixels.
    pub w: usize,
    /// Height, pixels.
    pub h: usize,
    jpeg: Arc<[u8]>,
}

impl Thumbnail {
    /// Differences at this quality are not seen in a strip.
    const QUALITY: u8 = 88;

    /// Keeps a picture; none for one without pixels.
    pub fn of(picture: &Rgb8) -> Option<Self> {
        let whole = !picture.is_empty() && picture.data.len() == picture.w * picture.h * 3;
        let jpeg = whole.then(|| jpeg::encode(picture, Self::QUALITY).ok()).flatten()?;
        Some(Self { w: picture.w, h: picture.h, jpeg: jpeg.into() })
    }

    /// Its pixels.
    pub fn picture(&self) -> Option<Rgb8> {
        jpeg::decode(&self.jpeg).ok()
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.jpeg.len()
    }

    /// Whether this is the very same one, without a look at its bytes.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.jpeg, &other.jpeg)
    }
}

/// How long a capture took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// From the shutter command to the original on the disk; none if the body's own button was used.
    pub shutter_to_stored: Option<Duration>,
    /// The camera's own part of that: from the shutter command until it told of the picture.
    pub shutter_to_announced: Option<Duration>,
    /// From the last byte's arrival to the score.
    pub arrived_to_scored: Option<Duration>,
}

/// Where a capture is safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Safety {
    /// Only on the card.
    #[default]
    Card,
    /// On the session's disk.
    Disk,
    /// On the disk and in the second folder, both checked by hash.
    TwoDisks,
}

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something went as asked.
    Note,
    /// Something needs a look.
    Warning,
    /// Something was not done.
    Error,
}

/// Numbers for the status line, about once a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vitals {
    /// Live frames a second.
    pub frames_per_second: f32,
    /// 95th percentile from a frame's arrival to its readiness for the screen, milliseconds.
    pub latency_p95_ms: f32,
    /// Frames that were replaced by newer ones.
    pub dropped: u64,
    /// Captures that wait to be scored.
    pub waiting: usize,
    /// Captures that wait for their second copy.
    pub copying: usize,
    /// Free space of the session's disk, bytes.
    pub free_bytes: Option<u64>,
    /// Name that the next capture gets.
    pub next_name: String,
    /// Camera battery, percent.
    pub battery: Option<u8>,
}

/// What the engine tells its clients. Applying all of them in order gives the whole state.
#[derive(Clone, Debug)]
pub enum Event {
    /// What is attached.
    Cameras(Vec<CameraSpec>),
    /// What the camera is doing.
    Camera(CameraState),
    /// Its settings, all of them, after a change.
    Settings(Vec<Setting>),
    /// A session was opened; takes follow.
    Session {
        /// Its folder.
        folder: PathBuf,
    },
    /// A take is new; its original is on the disk.
    TakeAdded(Take),
    /// Something about a take changed.
    TakeChanged(Take),
    /// The answer to [`Command::Show`].
    Picture {
        /// Which take.
        take: TakeId,
        /// Whether with its edit.
        edited: bool,
        /// Size of the whole picture in pixels.
        full: (usize, usize),
        /// The picture.
        picture: Arc<Rgba8>,
    },
    /// An export or another long job moved on.
    Progress {
        /// What is being done.
        what: String,
        /// Pieces that are done.
        done: usize,
        /// All pieces.
        all: usize,
    },
    /// One sentence for the status line.
    Message(Level, String),
    /// A calibration is in force: it was made, chosen, or opened with the session; none when there
    /// is none any more.
    Calibrated(Option<Arc<Calibration>>),
    /// Where the card is that was calibrated with.
    Card(Placed),
    /// What was found on a take that was opened at full size, the surest first.
    Specks {
        /// Which take.
        take: TakeId,
        /// Places in pixels of the original.
        specks: Arc<Vec<Speck>>,
    },
    /// The edit that captures get by themselves; none for none.
    EditNext(Option<Recipe>),
    /// The colour of the metal on a take as it was shown last.
    Metal {
        /// Which take.
        take: TakeId,
        /// CIE L*a*b* (D65), the median over the piece's middle tones; none without a piece.
        lab: Option<Lab>,
    },
    /// A flat field is in force, with its falloff in EV (0 or less); none when there is none any more.
    FlatField(Option<f32>),
    /// The name of the capture that shows the set without the piece; none when there is none any more.
    EmptySet(Option<String>),
    /// The product's outline on a take, exactly cut: 255 where the product is.
    CutOut {
        /// Which take.
        take: TakeId,
        /// Reduced to a size for the screen.
        mask: Arc<Mask>,
    },
    /// Numbers for the status line.
    Vitals(Vitals),
}

/// A client's side of the engine. Tests make one by hand.
pub struct Link {
    /// Commands go in here; the engine never lets it fill up for long.
    pub commands: Sender<Command>,
    /// Events come out here, in order.
    pub events: Receiver<Event>,
    /// The newest live frame.
    pub live: Reader<LiveView>,
}

/// The longest that closing the engine may take.
pub const PATIENCE_AT_END: Duration = Duration::from_secs(10);
