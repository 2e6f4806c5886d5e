//! Webcams through nokhwa, which hands over frames undecoded.
//!
//! Its `frame` has no time-out and some of its drops panic, so this backend runs in a camera host
//! too. A webcam has no shutter: a capture is the sharpest of its last frames, held in memory until
//! it is fetched.

mod mjpeg;
mod yuyv;

use super::{
    Abilities, Camera, CameraError, CameraEvent, CameraSpec, Found, LiveFrame, Object, ObjectId,
    Setting,
};
use crate::imaging::{Rgb8, jpeg};
use nokhwa::utils::{ApiBackend, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use nokhwa::{Buffer, Camera as Device, NokhwaError};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A capture is the sharpest of this many frames.
const FRAMES: usize = 6;
/// A frame that is older is no part of a capture.
const RECENT: Duration = Duration::from_millis(500);
/// A frame that waited longer in the driver's queue is skipped for a newer one.
const STALE: Duration = Duration::from_millis(100);
/// The driver's queue; skipping more than these gains nothing.
const QUEUE: usize = 4;
/// Damaged frames in a row that are skipped.
const MOST_DAMAGED: usize = 10;
/// Captures that are held after they were fetched.
const KEPT: usize = 8;
const FORMATS: &[FrameFormat] = &[FrameFormat::MJPEG, FrameFormat::YUYV];

/// A webcam.
pub struct Webcam {
    device: Option<Device>,
    model: String,
    folder: String,
    recent: VecDeque<(Instant, LiveFrame)>,
    range: yuyv::Range,
    /// The driver's clock is not the system's: age cannot be told.
    clockless: bool,
    shots: u32,
    held: BTreeMap<String, Vec<u8>>,
    fetched: VecDeque<String>,
    events: Vec<CameraEvent>,
}

/// Webcams that the system lists. Asking has been seen to panic on odd device names.
pub(super) fn attached() -> Vec<Found> {
    let listed = catch_unwind(|| nokhwa::query(ApiBackend::Auto).unwrap_or_default());
    let mut all: Vec<(u32, String)> = listed
        .unwrap_or_default()
        .iter()
        .filter_map(|info| Some((info.index().as_index().ok()?, info.human_name())))
        .collect();
    all.sort();
    let found = |(number, model)| Found { model, spec: CameraSpec::Webcam(number) };
    all.into_iter().map(found).collect()
}

/// Opens at the highest resolution, or at whatever the webcam is set to when that is not to be had.
fn device(number: u32) -> Result<Device, NokhwaError> {
    let open = |wanted| {
        let mut device = Device::new(
            CameraIndex::Index(number),
            RequestedFormat::with_formats(wanted, FORMATS),
        )?;
        // Before any frame: asking for one first fails on some systems.
        device.open_stream()?;
        Ok(device)
    };
    open(RequestedFormatType::AbsoluteHighestResolution)
        .or_else(|_: NokhwaError| open(RequestedFormatType::None))
}

impl Webcam {
    /// Opens the webcam with this number and starts its stream.
    pub fn open(number: u32) -> Result<Self, CameraError> {
        #[cfg(target_os = "macos")]
        nokhwa::nokhwa_initialize(|_| {});
        let absent = |why: String| CameraError::Absent(format!("webcam:{number}"), why);
        let device = catch_unwind(|| device(number))
            .map_err(|_| absent("its driver panicked".to_owned()))?
            .map_err(|e| absent(e.to_string()))?;
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            model: device.info().human_name(),
            device: Some(device),
            // Another opening starts again at 1; its captures are others all the same.
            folder: format!("memory/{}", started.as_millis()),
            recent: VecDeque::new(),
            range: yuyv::Range::default(),
            clockless: false,
            shots: 0,
            held: BTreeMap::new(),
            fetched: VecDeque::new(),
            events: Vec::new(),
        })
    }

    fn next(&mut self) -> Result<Buffer, CameraError> {
        let gone = |why: String| CameraError::Gone("showing live view".to_owned(), why);
        let device = self.device.as_mut().ok_or_else(|| gone("it was let go".to_owned()))?;
        // After an unplug the driver's own locks may be poisoned.
        catch_unwind(AssertUnwindSafe(|| device.frame()))
            .map_err(|_| gone("its driver panicked".to_owned()))?
            .map_err(|e| gone(e.to_string()))
    }

    /// The newest frame that is undamaged; waits for the next when none is queued.
    fn grab(&mut self) -> Result<LiveFrame, CameraError> {
        let mut skipped = 0;
        for _ in 0..QUEUE + MOST_DAMAGED {
            let buffer = self.next()?;
            if !self.clockless && age(&buffer).is_some_and(|a| a > STALE) {
                skipped += 1;
                self.clockless = skipped > QUEUE;
                continue;
            }
            if let Some(frame) = self.convert(&buffer) {
                self.recent.push_back((Instant::now(), frame.clone()));
                while self.recent.len() > FRAMES {
                    self.recent.pop_front();
                }
                return Ok(frame);
            }
        }
        let why = "it sends damaged frames; use another cable or port".to_owned();
        Err(CameraError::Refused("showing live view".to_owned(), why))
    }

    fn convert(&mut self, buffer: &Buffer) -> Option<LiveFrame> {
        let (w, h) = (buffer.resolution().width() as usize, buffer.resolution().height() as usize);
        match buffer.source_frame_format() {
            FrameFormat::MJPEG => mjpeg::whole(buffer.buffer()).map(LiveFrame::Jpeg),
            FrameFormat::YUYV => {
                let bytes = buffer.buffer().get(..w.checked_mul(h)?.checked_mul(2)?)?;
                self.range = self.range.seen(bytes);
                Some(LiveFrame::Pixels(yuyv::to_rgb(bytes, w, h, self.range)))
            }
            _ => None,
        }
    }
}

/// How long ago the driver took a frame, where it says and its clock is the system's.
fn age(buffer: &Buffer) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    now.checked_sub(buffer.capture_timestamp()?)
}

/// A frame's JPEG, for keeping.
fn file(frame: LiveFrame) -> Option<Vec<u8>> {
    match frame {
        LiveFrame::Jpeg(bytes) => Some(bytes),
        LiveFrame::Pixels(picture) => jpeg::encode(&picture, 97).ok(),
    }
}

/// Mean squared step between neighbours in green: among frames of one moment the sharpest has the
/// most. It compares frames of one webcam and means nothing else.
fn sharpness(frame: &LiveFrame) -> f64 {
    let steps = |p: &Rgb8| {
        let (row, mut sum) = (p.w * 3, 0_u64);
        for (line, below) in
            p.data.chunks_exact(row.max(1)).zip(p.data.chunks_exact(row.max(1)).skip(1))
        {
            for x in (1..row.saturating_sub(3)).step_by(3) {
                let (dx, dy) = (line[x].abs_diff(line[x + 3]), line[x].abs_diff(below[x]));
                sum += u64::from(dx).pow(2) + u64::from(dy).pow(2);
            }
        }
        sum as f64 / (p.w * p.h).max(1) as f64
    };
    match frame {
        LiveFrame::Pixels(picture) => steps(picture),
        LiveFrame::Jpeg(bytes) => jpeg::decode(bytes).map_or(-1.0, |picture| steps(&picture)),
    }
}

impl Camera for Webcam {
    fn model(&self) -> String {
        self.model.clone()
    }

    fn abilities(&self) -> Abilities {
        Abilities { live: true, trigger: true, ..Abilities::default() }
    }

    fn frame(&mut self) -> Result<LiveFrame, CameraError> {
        self.grab()
    }

    fn end_live(&mut self) -> Result<(), CameraError> {
        self.recent.clear();
        Ok(())
    }

    fn trigger(&mut self) -> Result<(), CameraError> {
        self.recent.retain(|(at, _)| at.elapsed() < RECENT);
        while self.recent.len() < FRAMES {
            self.grab()?;
        }
        let scored = self.recent.drain(..).map(|(_, frame)| (sharpness(&frame), frame));
        let best = scored.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(s, _)| *s >= 0.0);
        let Some(bytes) = best.and_then(|(_, frame)| file(frame)) else {
            let why = "none of its frames could be read".to_owned();
            return Err(CameraError::Refused("taking a picture".to_owned(), why));
        };
        self.shots += 1;
        let name = format!("WEBCAM_{:04}.JPG", self.shots);
        self.held.insert(name.clone(), bytes);
        let id = ObjectId { folder: self.folder.clone(), name };
        self.events.extend([CameraEvent::Added(id), CameraEvent::Complete]);
        Ok(())
    }

    fn events(&mut self, within: Duration) -> Result<Vec<CameraEvent>, CameraError> {
        if self.events.is_empty() {
            // Nothing happens on a webcam by itself; frames show whether it is still there.
            std::thread::sleep(within.min(Duration::from_millis(100)));
        }
        Ok(std::mem::take(&mut self.events))
    }

    fn list(&mut self) -> Result<Vec<Object>, CameraError> {
        let object = |(name, bytes): (&String, &Vec<u8>)| Object {
            dated: None,
            id: ObjectId { folder: self.folder.clone(), name: name.clone() },
            bytes: Some(bytes.len() as u64),
        };
        Ok(self.held.iter().map(object).collect())
    }

    fn fetch(&mut self, object: &ObjectId) -> Result<Vec<u8>, CameraError> {
        let held = self.held.get(&object.name).filter(|_| object.folder == self.folder);
        let Some(bytes) = held.cloned() else {
            let why = format!("{} is not held any more", object.name);
            return Err(CameraError::Refused("sending a picture".to_owned(), why));
        };
        if !self.fetched.contains(&object.name) {
            self.fetched.push_back(object.name.clone());
        }
        if self.fetched.len() > KEPT
            && let Some(oldest) = self.fetched.pop_front()
        {
            self.held.remove(&oldest);
        }
        Ok(bytes)
    }

    fn settings(&mut self) -> Result<Vec<Setting>, CameraError> {
        Ok(Vec::new())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<String, CameraError> {
        let offered = "no settings".to_owned();
        Err(CameraError::NotOffered(name.to_owned(), value.to_owned(), offered))
    }

    fn drive_focus(&mut self, _: i32) -> Result<(), CameraError> {
        Err(CameraError::Cannot("move the focus".to_owned()))
    }

    fn autofocus(&mut self) -> Result<(), CameraError> {
        Err(CameraError::Cannot("focus on request".to_owned()))
    }

    fn battery(&mut self) -> Option<u8> {
        None
    }
}

impl Drop for Webcam {
    fn drop(&mut self) {
        // Drivers panic here when the webcam is gone already.
        let device = self.device.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(device)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sharper_of_two_frames_is_known() {
        let sharp =
            Rgb8::from_fn(64, 64, |x, y| [0, if (x / 4 + y / 4) % 2 == 0 { 30 } else { 220 }, 0]);
        let soft = Rgb8::from_fn(64, 64, |x, y| {
            let v = 125.0 + 95.0 * ((x as f32 * 0.39).sin() * (y as f32 * 0.39).sin());
            [0, v as u8, 0]
        });
        let jpeg = LiveFrame::Jpeg(jpeg::encode(&sharp, 92).unwrap());
        assert!(sharpness(&jpeg) > 2.0 * sharpness(&LiveFrame::Pixels(soft)));
        assert!(sharpness(&LiveFrame::Jpeg(vec![1, 2, 3])) < 0.0, "a damaged frame never wins");
        assert_eq!(sharpness(&LiveFrame::Pixels(Rgb8::new(0, 0))), 0.0);
    }
}
