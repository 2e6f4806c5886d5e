//! The moving scene as a camera's sensor.
//!
//! A first view is there within seconds; [`Studio::refine`] then renders better ones in the
//! background, and keeps them on disk. Until the large view is there, stills come from the small one,
//! at their full size.

use super::cache::Cache;
use super::motion::Moment;
use super::photo::{self, Bench, Camera, Card, Negative, Shot, Truth, Window};
use super::scene::{Sampling, Stage};
use super::trace::{Layers, Quality};
use super::{Exposure, Scene, Sensor, Still, exif, kelvin_gains};
use crate::imaging::{Rgb8, jpeg};
use parking_lot::Mutex;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is laid out, and how large.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which piece on which paper.
    pub scene: Scene,
    /// Where the motion starts, and the lot of every picture's noise and dust.
    pub seed: u32,
    /// Nothing moves by itself.
    pub still: bool,
    /// A card on the set; a chart takes the piece's place.
    pub card: Option<Card>,
    /// Size of live view, pixels.
    pub live: (usize, usize),
    /// Sizes of stills, pixels: large, medium, small. The large one is also what is rendered for
    /// stills, unless it is no larger than live view.
    pub stills: [(u32, u32); 3],
    /// Where rendered views are kept.
    pub cache: Cache,
}

impl Default for Options {
    /// A solitaire at full size: 960 x 640 live, stills of 24 megapixels; kept in the user's cache.
    fn default() -> Self {
        Self {
            scene: Scene::default(),
            seed: 1,
            still: false,
            card: None,
            live: (960, 640),
            stills: [(6000, 4000), (3000, 2000), (1500, 1000)],
            cache: Cache::user(),
        }
    }
}

impl Options {
    /// The default, or [`Options::small`] where the environment variable `CULET_PRACTICE_SCALE` says
    /// `small`: for tests of the whole program.
    pub fn from_environment() -> Self {
        match std::env::var("CULET_PRACTICE_SCALE") {
            Ok(scale) if scale == "small" => Self::small(),
            _ => Self::default(),
        }
    }

    /// For tests: everything at 480 x 320 or less, nothing kept on disk; laid out within a second
    /// or two, with nothing left to render in the background.
    pub fn small() -> Self {
        Self {
            live: (480, 320),
            stills: [(480, 320), (360, 240), (240, 160)],
            cache: Cache::NONE,
            ..Self::default()
        }
    }
}

/// A view and the set that it is of.
struct View {
    stage: Arc<Stage>,
    layers: Layers,
    /// Counts up with every better view.
    version: u32,
}

/// What a live negative was made for.
#[derive(Clone, Copy, PartialEq)]
struct LiveKey {
    version: u32,
    focus: photo::Focus,
    f_number: f32,
    lights: photo::Lights,
}

/// What the photographer does to the lens.
struct Lens {
    /// Off the best focus, millimetres.
    focus_mm: f32,
    /// When a motor last moved: the lens does not hunt for a while after.
    touched: Option<Instant>,
}

/// The practice set: a piece on paper that turns gently while the focus hunts.
pub struct Studio {
    options: Options,
    start: Instant,
    live: Mutex<Option<Arc<View>>>,
    still: Mutex<Option<Arc<View>>>,
    negative: Mutex<Option<(LiveKey, Arc<Negative>)>>,
    lens: Mutex<Lens>,
    held: Mutex<Option<Moment>>,
    last: Mutex<Option<Shot>>,
    last_live: Mutex<Option<Instant>>,
}

/// A motor step, and how far the motor goes to both sides.
const STEP_MM: f32 = 0.01;
const WAY_MM: f32 = 60.0;
/// The lens rests this long after it was driven.
const REST: Duration = Duration::from_secs(15);
/// Live negatives reach over the frame by this share, so that the piece can move.
const OVERSCAN: f32 = 0.12;

impl Studio {
    /// A studio in which nothing is laid out yet: see [`Studio::prepare`].
    pub fn new(options: Options) -> Self {
        Self {
            options,
            start: Instant::now(),
            live: Mutex::new(None),
            still: Mutex::new(None),
            negative: Mutex::new(None),
            lens: Mutex::new(Lens { focus_mm: -2.0, touched: None }),
            held: Mutex::new(None),
            last: Mutex::new(None),
            last_live: Mutex::new(None),
        }
    }

    /// Lays out the set and has a first live view ready: from the cache, or rendered with few rays
    /// on all cores, in about two seconds.
    pub fn prepare(&self) {
        let _ = self.live_view();
    }

    /// Renders what is still missing on this thread, in small steps with rests while live view is
    /// looked at, as long as `go_on` says so. A minute or two of one core on the very first start,
    /// about a second after that.
    pub fn refine(&self, go_on: &dyn Fn() -> bool) {
        let patient = || {
            self.give_way();
            go_on()
        };
        let (w, h) = self.options.stills[0];
        let size = (w as usize, h as usize);
        if size.0 <= self.options.live.0 {
            return;
        }
        let first = self.live_view();
        let stage = if first.version > 0 {
            Arc::clone(&first.stage)
        } else {
            let stage = Arc::new(Stage::new(self.options.scene.setup(), Sampling::FINE));
            if let Some(view) = self.better(&stage, self.options.live, Quality::GOOD, &patient) {
                *self.live.lock() = Some(Arc::new(view));
            }
            stage
        };
        if let Some(view) = self.better(&stage, size, Quality::STILL, &patient) {
            *self.still.lock() = Some(Arc::new(view));
        }
    }

    /// Leaves the processor to live view while somebody looks at it.
    fn give_way(&self) {
        let watched =
            self.last_live.lock().is_some_and(|t| t.elapsed() < Duration::from_millis(500));
        if watched {
            std::thread::sleep(Duration::from_millis(60));
        }
    }

    /// A view from the cache, or a new one that is then kept.
    fn better(
        &self,
        stage: &Arc<Stage>,
        size: (usize, usize),
        quality: Quality,
        go_on: &dyn Fn() -> bool,
    ) -> Option<View> {
        let cache = &self.options.cache;
        let layers = if let Some(layers) = cache.load(&stage.setup, size, quality) {
            layers
        } else {
            let layers = Layers::render_quietly(stage, size.0, size.1, quality, go_on)?;
            cache.store(&stage.setup, quality, &layers);
            layers
        };
        Some(View { stage: Arc::clone(stage), layers, version: 1 })
    }

    /// Whether the large view for stills is there (or none is needed).
    pub fn stills_are_ready(&self) -> bool {
        self.still.lock().is_some() || self.options.stills[0].0 as usize <= self.options.live.0
    }

    fn live_view(&self) -> Arc<View> {
        let mut live = self.live.lock();
        if let Some(view) = &*live {
            return Arc::clone(view);
        }
        let (setup, (w, h)) = (self.options.scene.setup(), self.options.live);
        let kept = self.options.cache.load(&setup, (w, h), Quality::GOOD);
        let sampling = if kept.is_some() { Sampling::FINE } else { Sampling::COARSE };
        let stage = Arc::new(Stage::new(setup, sampling));
        let version = u32::from(kept.is_some());
        let layers = kept.unwrap_or_else(|| Layers::render(&stage, w, h, Quality::FIRST));
        let view = Arc::new(View { stage, layers, version });
        *live = Some(Arc::clone(&view));
        view
    }

    /// The best view for a still of this width.
    fn still_view(&self, width: u32) -> Arc<View> {
        let large = self.still.lock().clone();
        match large {
            Some(view) if width as usize > self.options.live.0 => view,
            _ => self.live_view(),
        }
    }

    /// Holds the scene still as it is at this moment, or lets it move again.
    pub fn hold(&self, still: bool) {
        let now = still.then(|| self.moment());
        *self.held.lock() = now;
    }

    fn moment(&self) -> Moment {
        // Nobody moves a card while it is looked at; and a card out of focus takes long to draw.
        if self.options.still || self.options.card.is_some() {
            return Moment::STILL;
        }
        let held = *self.held.lock();
        held.unwrap_or_else(|| {
            let mut m = Moment::at(self.start.elapsed().as_secs_f32(), self.options.seed);
            if self.lens.lock().touched.is_some_and(|t| t.elapsed() < REST) {
                m.hunt_mm = 0.0;
            }
            m
        })
    }

    /// What the camera would take at this moment.
    pub fn shot(&self, e: &Exposure) -> Shot {
        let stops =
            (e.shutter_s * 125.0).log2() + (e.iso / 100.0).log2() - 2.0 * (e.f_number / 8.0).log2();
        let mut shot = Shot {
            ev: stops,
            f_number: e.f_number,
            gains: e.kelvin.map_or([1.0; 3], kelvin_gains),
            noise: (e.iso / 100.0).sqrt(),
            seed: self.options.seed.wrapping_mul(65_537).wrapping_add(e.shot),
            piece: self.options.card.as_ref().is_none_or(|c| c.patches.len() == 1),
            card: self.options.card.clone(),
            ..Shot::default()
        };
        let focus_mm = self.lens.lock().focus_mm;
        self.moment().apply(&mut shot, focus_mm);
        shot
    }

    /// The shot behind the picture or frame that was made last.
    pub fn last_shot(&self) -> Option<Shot> {
        self.last.lock().clone()
    }

    /// The truth about a shot, for pictures of `size` pixels.
    pub fn truth(&self, shot: &Shot, size: (usize, usize)) -> Truth {
        let view = self.still_view(size.0 as u32);
        photo::truth(&view.stage, &view.layers, shot, size)
    }

    /// The negative of a live frame: kept while only the hand moves, made anew with the focus.
    fn live_negative(&self, view: &View, shot: &Shot) -> Arc<Negative> {
        let key = LiveKey {
            version: view.version,
            focus: shot.focus,
            f_number: shot.f_number,
            lights: shot.lights,
        };
        let mut kept = self.negative.lock();
        if let Some((_, n)) = kept.as_ref().filter(|(k, _)| *k == key) {
            return Arc::clone(n);
        }
        let (w, h) = (view.layers.w, view.layers.h);
        let margin = (w as f32 * OVERSCAN) as usize;
        let window = Window {
            x: -(margin as isize),
            y: -(margin as isize),
            w: w + 2 * margin,
            h: h + 2 * margin,
        };
        let n = Arc::new(Bench::new(&view.stage, &view.layers, shot).whole(window));
        *kept = Some((key, Arc::clone(&n)));
        n
    }
}

/// JPEG quality of live frames and thumbnails.
const LIVE_QUALITY: u8 = 88;
const THUMBNAIL_QUALITY: u8 = 80;
/// Width of a thumbnail (DCF).
const THUMBNAIL: usize = 160;

fn encoded(picture: &Rgb8, quality: u8) -> Vec<u8> {
    jpeg::encode(picture, quality).unwrap_or_else(|e| {
        tracing::error!("a practice picture was lost: {e}");
        Vec::new()
    })
}

/// A small copy: each pixel is the mean of a few points of its place.
fn thumbnail(picture: &Rgb8) -> Rgb8 {
    const POINTS: usize = 6;
    let (w, h) = (THUMBNAIL, (THUMBNAIL * picture.h / picture.w.max(1)).max(1));
    Rgb8::from_fn(w, h, |x, y| {
        let mut sum = [0_usize; 3];
        for k in 0..POINTS * POINTS {
            let u = (x * POINTS + k % POINTS) * picture.w / (w * POINTS);
            let v = (y * POINTS + k / POINTS) * picture.h / (h * POINTS);
            let p = picture.at(u.min(picture.w - 1), v.min(picture.h - 1));
            for c in 0..3 {
                sum[c] += usize::from(p[c]);
            }
        }
        sum.map(|s| (s / (POINTS * POINTS)) as u8)
    })
}

impl Sensor for Studio {
    fn sizes(&self) -> [(u32, u32); 3] {
        self.options.stills
    }

    fn live(&self, exposure: &Exposure) -> Vec<u8> {
        *self.last_live.lock() = Some(Instant::now());
        let view = self.live_view();
        let shot = self.shot(exposure);
        let negative = self.live_negative(&view, &shot);
        let size = self.options.live;
        let camera = Camera::new(&shot, (view.layers.w, view.layers.h), size);
        let frame = camera.develop(&|_| Cow::Borrowed(&*negative));
        *self.last.lock() = Some(shot);
        encoded(&frame, LIVE_QUALITY)
    }

    fn still(&self, exposure: &Exposure) -> Still {
        let shot = self.shot(exposure);
        let view = self.still_view(exposure.size.0);
        let size = (exposure.size.0 as usize, exposure.size.1 as usize);
        let picture = photo::picture(&view.stage, &view.layers, &shot, size);
        *self.last.lock() = Some(shot);
        let thumbnail = encoded(&thumbnail(&picture), THUMBNAIL_QUALITY);
        let jpeg = exif::insert(&encoded(&picture, exposure.quality), exposure, &thumbnail);
        Still { jpeg, thumbnail }
    }

    fn drive_focus(&self, steps: i32) -> bool {
        let mut lens = self.lens.lock();
        let wanted = lens.focus_mm + steps as f32 * STEP_MM;
        lens.focus_mm = wanted.clamp(-WAY_MM, WAY_MM);
        lens.touched = Some(Instant::now());
        lens.focus_mm == wanted
    }

    fn autofocus(&self) -> bool {
        *self.lens.lock() = Lens { focus_mm: 0.0, touched: Some(Instant::now()) };
        true
    }
}
