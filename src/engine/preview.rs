//! The live pipeline: a frame comes in, everything that the window shows of it goes out. Frames that
//! come while one is worked on are dropped; the newest is always next.

use super::colour::{InForce, Lookout, Sighting};
use super::contract::{KnownCard, Level, LiveLook, LiveView};
use super::develop::Job;
use super::finish::Finish;
use super::latest::{Publisher, Reader};
use super::piece::{News, Piece};
use super::shared::Shared;
use super::tether::Frame;
use crate::camera::LiveFrame;
use crate::imaging::jpeg::{Decoder, Shrink};
use crate::imaging::lanes::{unpack, wide};
use crate::imaging::{Mask, Rgb8, Rgba8, resize};
use crate::retouch::Recipe;
use crate::score::live::{Analyser, Overlays};
use crate::suggest::Advisor;
use crossbeam_channel::Sender;
use parking_lot::Mutex;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// What the client wishes to see; shared with the thread that takes its commands.
#[derive(Default)]
pub(super) struct Wishes {
    /// Size and overlays.
    pub(super) look: LiveLook,
    /// Kinds of suggestion, and whether they are muted.
    pub(super) muted: BTreeMap<String, bool>,
    /// The edit that captures get, shown instead of the automatic one.
    pub(super) recipe: Option<Recipe>,
    /// Steps that are left out of the suggested finish.
    pub(super) refused: BTreeSet<String>,
    /// A card is to be looked for in the next frame.
    pub(super) calibrate: Option<KnownCard>,
}

/// Works until no more frames come.
pub(super) fn run(
    shared: &Shared,
    wishes: &Mutex<Wishes>,
    frames: &Reader<Frame>,
    views: &Publisher<LiveView>,
    jobs: &Sender<Job>,
) {
    let mut pipeline = Pipeline::new();
    for frame in frames.receiver() {
        if shared.stopped() {
            break;
        }
        let (look, recipe) = {
            let mut wishes = wishes.lock();
            for (kind, muted) in std::mem::take(&mut wishes.muted) {
                pipeline.advisor.mute(&kind, muted);
            }
            if let Some(card) = wishes.calibrate.take()
                && let Some(rgb) = decode(&frame)
            {
                jobs.try_send(Job::CalibrateFrame(Arc::new(rgb), card)).ok();
            }
            pipeline.finish.refuse(&wishes.refused);
            (wishes.look, wishes.recipe.clone())
        };
        let colour = shared.colour.lock().clone();
        let Some((view, sighting)) =
            pipeline.look_at(&frame, look, recipe.as_ref(), colour.as_ref())
        else {
            continue;
        };
        if let Some(baseline) = sighting.baseline {
            jobs.try_send(Job::KeepBaseline(baseline)).ok();
        }
        if sighting.raised {
            let because = sighting.drift.map(|d| d.because).unwrap_or_default();
            shared.say(Level::Warning, because);
        }
        let arrived = view.arrived;
        if let Ok(dropped) = views.publish(view) {
            if dropped {
                shared.meters.dropped.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
            shared.meters.add_latency(arrived.elapsed());
            shared.wake();
        }
    }
}

struct Pipeline {
    decoder: Option<Decoder>,
    buffer: Rgb8,
    analyser: Analyser,
    advisor: Advisor,
    finish: Finish,
    piece: Piece,
    lookout: Lookout,
    start: Instant,
}

impl Pipeline {
    fn new() -> Self {
        Self {
            decoder: Decoder::new().ok(),
            buffer: Rgb8::default(),
            analyser: Analyser::default(),
            advisor: Advisor::default(),
            finish: Finish::new(),
            piece: Piece::new(),
            lookout: Lookout::default(),
            start: Instant::now(),
        }
    }

    /// None for a frame that does not decode: the next one comes soon.
    fn look_at(
        &mut self,
        frame: &Frame,
        look: LiveLook,
        recipe: Option<&Recipe>,
        colour: Option<&InForce>,
    ) -> Option<(LiveView, Sighting)> {
        // The buffer is taken out while it is looked at, and kept for the next frame.
        let mut buffer = std::mem::take(&mut self.buffer);
        let colour = colour.filter(|c| !c.calibration.sensor);
        let view = match (&frame.picture, colour) {
            (LiveFrame::Pixels(rgb), None) => {
                Some((self.measure(frame, rgb, look, recipe), Sighting::default()))
            }
            (picture, colour) => self.fill(picture, &mut buffer).then(|| {
                let sighting = self.true_colour(frame, &mut buffer, colour);
                let mut view = self.measure(frame, &buffer, look, recipe);
                view.drift = sighting.drift.clone().map(Arc::new);
                (view, sighting)
            }),
        };
        self.buffer = buffer;
        view
    }

    /// Brings a frame's pixels into the buffer; false when it does not decode.
    fn fill(&mut self, picture: &LiveFrame, buffer: &mut Rgb8) -> bool {
        match picture {
            LiveFrame::Jpeg(bytes) => {
                self.decoder.as_mut().is_some_and(|d| d.rgb(bytes, Shrink::No, buffer).is_ok())
            }
            LiveFrame::Pixels(rgb) => {
                buffer.clone_from(rgb);
                true
            }
        }
    }

    /// Watches the light, and brings the frame to true colour, when there is a calibration.
    fn true_colour(&mut self, frame: &Frame, rgb: &mut Rgb8, colour: Option<&InForce>) -> Sighting {
        let Some(colour) = colour else { return Sighting::default() };
        let at = (frame.arrived - self.start).as_secs_f64();
        let sighting = self.lookout.look(colour, rgb, at);
        colour.calibration.correct(rgb);
        sighting
    }

    fn measure(
        &mut self,
        frame: &Frame,
        rgb: &Rgb8,
        look: LiveLook,
        recipe: Option<&Recipe>,
    ) -> LiveView {
        let wanted = Overlays { peaking: look.peaking, clipping: look.clipping };
        match self.piece.look(rgb) {
            Some(News::Seen(parts)) => self.analyser.set_seen(Some(parts)),
            Some(News::Lost) => self.analyser.set_seen(None),
            None => {}
        }
        let seen = self.analyser.analyse(rgb, wanted);
        let suggestions = self.advisor.look(&seen.score, frame.arrived - self.start);
        let shown = shrink(rgb, look.side);
        let finished = look.finish.then(|| self.finish.render(rgb, &shown, recipe));
        let overlay = overlay(seen.peaking.as_deref(), seen.clipping.as_deref());
        LiveView {
            number: frame.number,
            arrived: frame.arrived,
            size: (rgb.w, rgb.h),
            picture: Arc::new(to_screen(&shown)),
            finished: finished.map(|rgb| Arc::new(to_screen(&rgb))),
            finish: look.finish.then(|| self.finish.recipe()).flatten(),
            overlay: overlay.map(Arc::new),
            score: Arc::new(seen.score),
            histogram: Arc::new(seen.histogram),
            suggestions: Arc::new(suggestions),
            drift: None,
        }
    }
}

/// The pixels of a frame.
fn decode(frame: &Frame) -> Option<Rgb8> {
    match &frame.picture {
        LiveFrame::Jpeg(bytes) => crate::imaging::jpeg::decode(bytes).ok(),
        LiveFrame::Pixels(rgb) => Some(rgb.clone()),
    }
}

/// Scaled down to fit a longest side; never up.
pub(super) fn shrink(rgb: &Rgb8, side: usize) -> Cow<'_, Rgb8> {
    if rgb.w.max(rgb.h) <= side.max(1) {
        return Cow::Borrowed(rgb);
    }
    let (w, h) = resize::fit((rgb.w, rgb.h), side.max(1));
    Cow::Owned(resize::rgb8(rgb, w, h))
}

/// For the screen, opaque.
pub(super) fn to_screen(rgb: &Rgb8) -> Rgba8 {
    let mut out = Rgba8::new(rgb.w, rgb.h);
    wide(|| {
        unpack(&rgb.data, &mut out.data);
        // The bytes stand in memory in this order on any machine.
        out.data.iter_mut().for_each(|p| *p = (*p | 0xff00_0000).to_le());
    });
    out
}

/// Green where the picture is in focus, red where it is clipped bright, blue where dark.
fn overlay(peaking: Option<&Mask>, clipping: Option<&Mask>) -> Option<Rgba8> {
    let first = peaking.or(clipping)?;
    let mut out = Rgba8::new(first.w, first.h);
    if let Some(mask) = peaking {
        paint(&mut out, mask, |v| (v > 127).then_some([60, 255, 90, 255]));
    }
    if let Some(mask) = clipping {
        paint(&mut out, mask, |v| match v {
            0 => None,
            1 => Some([60, 120, 255, 255]),
            _ => Some([255, 50, 40, 255]),
        });
    }
    Some(out)
}

fn paint(out: &mut Rgba8, mask: &Mask, colour: impl Fn(u8) -> Option<[u8; 4]>) {
    for (o, &v) in out.data.iter_mut().zip(&mask.data) {
        if let Some(bytes) = colour(v) {
            *o = u32::from_ne_bytes(bytes);
        }
    }
}
