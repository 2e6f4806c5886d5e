//! The moving scene as a camera's sensor: layers are rendered once, frames are developed from them.

use super::photograph::{Body as Curve, Frame, Lens, Negative, negative};
use super::set::{Piece, Scene, Setup};
use super::trace::Layers;
use super::vectors::{V, gray};
use super::{Exposure, Sensor, exif};
use crate::imaging::{Rgb8, jpeg};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Live frames, pixels.
const LIVE: (usize, usize) = (960, 640);
/// The largest still, pixels; larger layers cost too much memory to keep.
const STILL: (usize, usize) = (3000, 2000);

/// The practice set: a solitaire ring on white paper that turns gently while the focus hunts.
pub struct Studio {
    scene: Scene,
    live: OnceLock<Layers>,
    still: OnceLock<Layers>,
    negative: Mutex<Option<(i32, Arc<Negative>)>>,
    curve: Curve,
    focus_steps: AtomicI32,
    start: Instant,
}

/// Where the scene is at a moment.
struct Moment {
    roll_deg: f32,
    shift: (f32, f32),
    focus_mm: f32,
}

impl Studio {
    /// Lays out the set; pictures are rendered when first asked for.
    pub fn new() -> Self {
        let setup = Setup {
            piece: Piece::Solitaire,
            yaw: 0.0,
            lean: 0.0,
            f0: V(1.00, 0.73, 0.31),
            paper: gray(0.80),
            gloss: 0.35,
            rough: 0.018,
            elevation: 24.0,
            frame_mm: 52.0,
            key: 1.0,
        };
        Self {
            scene: Scene::new(setup),
            live: OnceLock::new(),
            still: OnceLock::new(),
            negative: Mutex::new(None),
            curve: Curve::new(),
            focus_steps: AtomicI32::new(0),
            start: Instant::now(),
        }
    }

    /// Renders what live frames are developed from; a few seconds of one core.
    pub fn prepare_live(&self) {
        self.live.get_or_init(|| self.scene.layers(LIVE.0, LIVE.1, 2, 8));
    }

    /// Renders what stills are developed from; about twenty seconds of one core.
    pub fn prepare_stills(&self) {
        self.still.get_or_init(|| self.scene.layers(STILL.0, STILL.1, 2, 8));
    }

    fn moment(&self) -> Moment {
        let t = self.start.elapsed().as_secs_f32();
        Moment {
            roll_deg: 2.4 * (t * 0.31).sin(),
            shift: (0.02 * (t * 0.23).sin(), 0.012 * (t * 0.17).cos()),
            focus_mm: 6.0
                + 5.0 * (t * 0.4).sin().powi(3)
                + self.focus_steps.load(Ordering::Relaxed) as f32 * 0.01,
        }
    }

    fn lens(layers: &Layers, focus_mm: f32, f_number: f32) -> Lens {
        let near = layers
            .depth
            .iter()
            .zip(&layers.piece)
            .filter(|(_, p)| p[3] > 0.0)
            .map(|(z, _)| *z)
            .fold(f32::MAX, f32::min);
        Lens { focus: near + focus_mm, blur: 0.000_25 * 8.0 / f_number }
    }

    fn develop(&self, n: &Negative, e: &Exposure, m: &Moment) -> Rgb8 {
        let ev = (e.shutter_s * 125.0).log2() + (e.iso / 100.0).log2()
            - 2.0 * (e.f_number / 8.0).log2();
        // A camera set to a higher temperature than the light renders it warmer.
        let warm = e.kelvin.map_or(1.0, |k| k / 5500.0);
        let noise = (e.iso / 100.0).sqrt();
        let frame = Frame {
            ev,
            gains: [warm.powf(0.4), 1.0, warm.powf(-0.6)],
            roll: m.roll_deg,
            fill: 1.0,
            shift: (m.shift.0 * n.w as f32, m.shift.1 * n.w as f32),
            vignette: 0.12,
            read: 0.0012 * noise,
            shot: 0.000_12 * noise * noise,
            seed: e.shot,
        };
        let mut out = Rgb8::new(n.w, n.h);
        self.curve.develop(n, &frame, &mut out.data);
        out
    }
}

impl Default for Studio {
    fn default() -> Self {
        Self::new()
    }
}

impl Sensor for Studio {
    fn live(&self, exposure: &Exposure) -> Vec<u8> {
        let layers = self.live.get_or_init(|| self.scene.layers(LIVE.0, LIVE.1, 2, 8));
        let moment = self.moment();
        // The negative depends on focus and aperture alone: half-millimetre steps are kept.
        let key = (moment.focus_mm * 2.0).round() as i32 * 1000 + (exposure.f_number * 10.0) as i32;
        let kept = self.negative.lock().as_ref().filter(|(k, _)| *k == key).map(|(_, n)| Arc::clone(n));
        let n = kept.unwrap_or_else(|| {
            let n = Arc::new(negative(layers, &Self::lens(layers, moment.focus_mm, exposure.f_number)));
            *self.negative.lock() = Some((key, Arc::clone(&n)));
            n
        });
        jpeg::encode(&self.develop(&n, exposure, &moment), 88).unwrap_or_default()
    }

    fn still(&self, exposure: &Exposure) -> Vec<u8> {
        let moment = self.moment();
        let layers = if exposure.size.0 <= LIVE.0 as u32 {
            self.live.get_or_init(|| self.scene.layers(LIVE.0, LIVE.1, 2, 8))
        } else {
            self.still.get_or_init(|| self.scene.layers(STILL.0, STILL.1, 2, 8))
        };
        let n = negative(layers, &Self::lens(layers, moment.focus_mm, exposure.f_number));
        let picture = self.develop(&n, exposure, &moment);
        exif::insert(&jpeg::encode(&picture, exposure.quality).unwrap_or_default(), exposure)
    }

    fn drive_focus(&self, steps: i32) {
        self.focus_steps.fetch_add(steps, Ordering::Relaxed);
    }
}
