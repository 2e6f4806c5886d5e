//! The newest live frame on the screen: uploaded once, where the window is drawn, never while it is
//! hidden.

use super::marks::{Marks, overlay};
use crate::calibrate::drift::Drift;
use crate::engine::contract::LiveView;
use crate::imaging::Rgba8;
use crate::retouch::Recipe;
use crate::score::{Histogram, Score};
use crate::suggest::Suggestion;
use egui::{Color32, ColorImage, Context, TextureHandle, TextureOptions};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A texture that is renewed in place.
#[derive(Default)]
pub(super) struct Layer {
    texture: Option<TextureHandle>,
    shown: bool,
}

impl Layer {
    /// The texture, when this frame has one.
    pub(super) fn texture(&self) -> Option<&TextureHandle> {
        self.texture.as_ref().filter(|_| self.shown)
    }

    fn put(&mut self, ctx: &Context, name: &str, image: Option<Arc<ColorImage>>) {
        self.shown = image.is_some();
        let Some(image) = image else { return };
        match &mut self.texture {
            Some(texture) if texture.size() == image.size => {
                texture.set_partial([0, 0], image, TextureOptions::LINEAR);
            }
            Some(texture) => texture.set(image, TextureOptions::LINEAR),
            None => self.texture = Some(ctx.load_texture(name, image, TextureOptions::LINEAR)),
        }
    }
}

/// The highest of the last seconds.
#[derive(Clone, Copy)]
struct Peak {
    value: f32,
    at: Instant,
}

/// How long a peak is held.
const HELD: Duration = Duration::from_secs(8);

/// The newest frame.
#[derive(Default)]
pub(super) struct LivePicture {
    /// As the camera sees it.
    pub picture: Layer,
    /// With the suggested finish.
    pub finished: Layer,
    /// Peaking and clipping.
    pub overlay: Layer,
    /// Zebra.
    pub zebra: Layer,
    /// Size of the camera's frame.
    pub size: (usize, usize),
    /// What was measured.
    pub score: Option<Arc<Score>>,
    /// Its histogram.
    pub histogram: Option<Arc<Histogram>>,
    /// What to change.
    pub suggestions: Arc<Vec<Suggestion>>,
    /// The suggested finish's edit.
    pub finish: Option<Arc<Recipe>>,
    /// The light against the calibration's.
    pub drift: Option<Arc<Drift>>,
    pixels: Option<Arc<ColorImage>>,
    peaks: BTreeMap<&'static str, Peak>,
}

impl LivePicture {
    /// Uploads a frame and keeps its readings.
    pub(super) fn put(&mut self, ctx: &Context, view: LiveView, zebra: bool) {
        let zebra =
            if zebra { overlay(&view.picture, Marks { zebra, ..Marks::default() }) } else { None };
        let limit = ctx.input(|i| i.max_texture_side);
        let Some(picture) = image(view.picture, limit) else { return };
        self.pixels = Some(Arc::clone(&picture));
        self.picture.put(ctx, "live", Some(picture));
        self.finished.put(ctx, "finished", view.finished.and_then(|p| image(p, limit)));
        self.overlay.put(ctx, "overlay", view.overlay.and_then(|p| image(p, limit)));
        self.zebra.put(ctx, "zebra", zebra.map(Arc::new));
        self.size = view.size;
        for (name, reading) in super::scores::meters(&view.score) {
            let new = Peak { value: reading.value, at: view.arrived };
            let peak = self.peaks.entry(name).or_insert(new);
            let over = view.arrived.saturating_duration_since(peak.at) > HELD;
            if reading.value >= peak.value || over {
                *peak = new;
            }
        }
        self.score = Some(view.score);
        self.histogram = Some(view.histogram);
        self.suggestions = view.suggestions;
        self.finish = view.finish;
        self.drift = view.drift;
    }

    /// Live view ended: what was seen is no longer what is there.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// The highest value of a meter in the last seconds.
    pub(super) fn peak(&self, meter: &str) -> Option<f32> {
        self.peaks.get(meter).map(|p| p.value)
    }

    /// Forgets the peaks.
    pub(super) fn reset_peaks(&mut self) {
        self.peaks.clear();
    }

    /// The encoded value at a place, 0 to 1 of the picture.
    pub(super) fn probe(&self, at: egui::Pos2) -> Option<[u8; 3]> {
        let image = self.pixels.as_ref()?;
        let place = |v: f32, n: usize| (0.0..1.0).contains(&v).then_some((v * n as f32) as usize);
        let (x, y) = (place(at.x, image.size[0])?, place(at.y, image.size[1])?);
        image.pixels.get(y * image.size[0] + x).map(|p| [p.r(), p.g(), p.b()])
    }
}

/// Pixels as a texture wants them; moved, not copied, when nobody else holds them.
fn image(picture: Arc<Rgba8>, limit: usize) -> Option<Arc<ColorImage>> {
    let (w, h) = (picture.w, picture.h);
    let fits = (1..=limit).contains(&w) && (1..=limit).contains(&h);
    if !fits || picture.data.len() != w * h {
        return None;
    }
    let pixels: Vec<Color32> = match Arc::try_unwrap(picture) {
        Ok(own) => bytemuck::cast_vec(own.data),
        Err(shared) => bytemuck::cast_slice(&shared.data).to_vec(),
    };
    Some(Arc::new(ColorImage::new([w, h], pixels)))
}
