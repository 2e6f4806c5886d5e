//! Pictures of takes: asked for at the size they are shown at, kept while they are near, drawn from
//! tiles, since a texture may not be as large as a picture.

use super::marks::{Marks, overlay};
use crate::engine::contract::{Command, TakeId, Thumbnail};
use crate::imaging::{Rect as Cut, Rgba8};
use crate::score::Histogram;
use egui::{
    Color32, ColorImage, Context, Painter, Pos2, Rect, TextureHandle, TextureOptions, pos2, vec2,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A take with or without its edit.
pub(super) type Key = (TakeId, bool);

/// Side of a tile without its apron, pixels.
const TILE: usize = 1022;
/// Pixels that may be uploaded in a frame: about 2 ms.
const BUDGET: usize = 3 << 20;
/// Larger than any fitted picture; beyond it the full size is asked for.
const LARGE: usize = 2816;
/// Pictures that are kept.
const KEPT: usize = 10;
/// Pictures in full size that are kept: about 100 MB each.
const KEPT_FULL: usize = 3;
/// Thumbnails that are kept as textures.
const KEPT_THUMBNAILS: usize = 800;
/// When an answer is no longer expected.
const PATIENCE: Duration = Duration::from_secs(10);

/// One picture as tiles.
struct Tiled {
    pixels: Arc<Rgba8>,
    tiles: BTreeMap<(usize, usize), TextureHandle>,
    marked: Option<(Marks, Option<TextureHandle>)>,
    /// Magnified, it shows its pixels instead of a blur.
    crisp: bool,
    histogram: Option<Arc<Histogram>>,
}

/// What is known of a take's picture.
#[derive(Default)]
struct Slot {
    full: (usize, usize),
    fitted: Option<Tiled>,
    actual: Option<Tiled>,
    used: u64,
    /// Counts changes of the edit.
    revision: u64,
    outdated: bool,
}

struct Asked {
    at: Instant,
    revision: u64,
}

/// All pictures of takes.
#[derive(Default)]
pub(super) struct Pictures {
    slots: BTreeMap<Key, Slot>,
    asked: BTreeMap<Key, Asked>,
    thumbnails: BTreeMap<TakeId, (Thumbnail, TextureHandle)>,
    clock: u64,
    budget: usize,
    /// Something could not be uploaded in this frame.
    pub unfinished: bool,
}

impl Pictures {
    /// A frame begins.
    pub(super) fn begin(&mut self) {
        self.clock += 1;
        self.budget = BUDGET;
        self.unfinished = false;
    }

    /// A session was opened: everything is another.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.asked.clear();
        self.thumbnails.clear();
    }

    /// A picture came. One whose numbers do not fit is left out.
    pub(super) fn put(&mut self, key: Key, full: (usize, usize), pixels: Arc<Rgba8>) {
        if pixels.is_empty() || pixels.w.checked_mul(pixels.h) != Some(pixels.data.len()) {
            return;
        }
        let full = (full.0.max(pixels.w), full.1.max(pixels.h));
        let asked = self.asked.remove(&key);
        let large = pixels.w.max(pixels.h) > LARGE;
        let clock = self.clock;
        let slot = self.slots.entry(key).or_default();
        slot.full = full;
        slot.used = clock;
        let tiled =
            Tiled { pixels, tiles: BTreeMap::new(), marked: None, crisp: large, histogram: None };
        let other = if large {
            slot.actual = Some(tiled);
            &mut slot.fitted
        } else {
            slot.fitted = Some(tiled);
            &mut slot.actual
        };
        if slot.outdated {
            *other = None;
        }
        // An answer that was on its way when the edit changed is of the edit before.
        slot.outdated = asked.is_some_and(|a| a.revision != slot.revision);
        self.forget();
    }

    /// Drops what was not looked at for longest.
    fn forget(&mut self) {
        let mut ages: Vec<_> = self.slots.iter().map(|(k, s)| (s.used, *k)).collect();
        ages.sort_unstable();
        let surplus = ages.len().saturating_sub(KEPT);
        for (_, key) in &ages[..surplus] {
            self.slots.remove(key);
        }
        let large: Vec<_> = ages
            .iter()
            .filter(|(_, k)| self.slots.get(k).is_some_and(|s| s.actual.is_some()))
            .collect();
        for (_, key) in large.iter().take(large.len().saturating_sub(KEPT_FULL)) {
            if let Some(slot) = self.slots.get_mut(key) {
                slot.actual = None;
            }
        }
    }

    /// The edit of a take changed: its finished picture is to be asked for again.
    pub(super) fn outdate(&mut self, take: TakeId) {
        let slot = self.slots.entry((take, true)).or_default();
        slot.outdated = true;
        slot.revision += 1;
    }

    /// Whether an answer is awaited.
    pub(super) fn is_asked(&self, key: Key) -> bool {
        self.asked.get(&key).is_some_and(|a| a.at.elapsed() < PATIENCE)
    }

    /// Size of the whole picture, once known.
    pub(super) fn full(&self, key: Key) -> Option<(usize, usize)> {
        self.slots.get(&key).map(|s| s.full).filter(|f| f.0 > 0)
    }

    /// The command that gets what is missing to show `key` with its longest side over `side` screen
    /// pixels; none when it is there or on its way.
    pub(super) fn ask(&mut self, key: Key, side: f32) -> Option<Command> {
        if self.is_asked(key) {
            return None;
        }
        let slot = self.slots.get(&key);
        let have = slot.and_then(|s| s.actual.as_ref().or(s.fitted.as_ref()));
        let have = have.map_or(0, |t| t.pixels.w.max(t.pixels.h));
        let largest = slot.map_or(usize::MAX, |s| s.full.0.max(s.full.1));
        let enough = have > 0 && (have as f32 >= side * 0.9 || have >= largest);
        if enough && !slot.is_some_and(|s| s.outdated) {
            return None;
        }
        let large = side > LARGE as f32;
        let side = if large { usize::MAX } else { (side as usize).next_multiple_of(256).max(512) };
        let revision = slot.map_or(0, |s| s.revision);
        self.asked.insert(key, Asked { at: Instant::now(), revision });
        Some(Command::Show { take: key.0, side, edited: key.1 })
    }

    /// Draws the picture over `to`, cut to the painter's clip. False when nothing of it is there.
    pub(super) fn paint(&mut self, painter: &Painter, key: Key, to: Rect, marks: Marks) -> bool {
        let clock = self.clock;
        let Some(slot) = self.slots.get_mut(&key) else { return false };
        slot.used = clock;
        let shown = to.width().max(to.height()) * painter.pixels_per_point();
        let mut any = false;
        if let Some(fitted) = &mut slot.fitted {
            any |= fitted.paint(painter, to, &mut self.budget, &mut self.unfinished);
        }
        if let Some(actual) = slot.actual.as_mut().filter(|_| shown > LARGE as f32 || !any) {
            any |= actual.paint(painter, to, &mut self.budget, &mut self.unfinished);
        }
        if marks.any()
            && let Some(source) = slot.fitted.as_mut().or(slot.actual.as_mut())
        {
            source.paint_marks(painter, to, marks);
        }
        any
    }

    /// The encoded value at a place, 0 to 1 of the picture.
    pub(super) fn probe(&self, key: Key, at: Pos2) -> Option<[u8; 3]> {
        let slot = self.slots.get(&key)?;
        let pixels = &slot.actual.as_ref().or(slot.fitted.as_ref())?.pixels;
        let place = |v: f32, n: usize| (0.0..1.0).contains(&v).then_some((v * n as f32) as usize);
        let (x, y) = (place(at.x, pixels.w)?, place(at.y, pixels.h)?);
        let [r, g, b, _] = pixels.data.get(y * pixels.w + x)?.to_ne_bytes();
        Some([r, g, b])
    }

    /// How many pixels have each value; counted once, on some of them.
    pub(super) fn histogram(&mut self, key: Key) -> Option<Arc<Histogram>> {
        let slot = self.slots.get_mut(&key)?;
        let tiled = slot.fitted.as_mut().or(slot.actual.as_mut())?;
        let pixels = &tiled.pixels;
        Some(Arc::clone(
            tiled.histogram.get_or_insert_with(|| Arc::new(super::histogram::count(pixels))),
        ))
    }

    /// A thumbnail as a texture, made when it is first seen.
    pub(super) fn thumbnail(
        &mut self,
        ctx: &Context,
        take: TakeId,
        thumbnail: &Thumbnail,
    ) -> Option<TextureHandle> {
        if let Some((known, texture)) = self.thumbnails.get(&take)
            && known.is(thumbnail)
        {
            return Some(texture.clone());
        }
        let limit = ctx.input(|i| i.max_texture_side);
        if thumbnail.w > limit || thumbnail.h > limit {
            return None;
        }
        if self.budget < thumbnail.w * thumbnail.h {
            self.unfinished = true;
            return None;
        }
        let picture = thumbnail.picture()?;
        // Decoding costs more than a copy.
        self.budget = self.budget.saturating_sub(8 * picture.w * picture.h);
        let image = ColorImage::from_rgb([picture.w, picture.h], &picture.data);
        let texture = ctx.load_texture("thumbnail", image, TextureOptions::LINEAR);
        if self.thumbnails.len() >= KEPT_THUMBNAILS {
            self.thumbnails.clear();
        }
        self.thumbnails.insert(take, (thumbnail.clone(), texture.clone()));
        Some(texture)
    }
}

impl Tiled {
    /// Draws the tiles that are seen; uploads those that the budget allows.
    fn paint(
        &mut self,
        painter: &Painter,
        to: Rect,
        budget: &mut usize,
        unfinished: &mut bool,
    ) -> bool {
        let clip = painter.clip_rect().intersect(to);
        if !clip.is_positive() {
            return true;
        }
        let (w, h) = (self.pixels.w, self.pixels.h);
        let scale = vec2(to.width() / w as f32, to.height() / h as f32);
        let first = (clip.min - to.min) / scale / TILE as f32;
        let last = (clip.max - to.min) / scale / TILE as f32;
        let end = |v: f32, n: usize| (v.ceil().max(0.0) as usize).min(n.div_ceil(TILE));
        let mut all = true;
        for ty in first.y.max(0.0) as usize..end(last.y, h) {
            for tx in first.x.max(0.0) as usize..end(last.x, w) {
                let inner =
                    Cut::new(tx * TILE, ty * TILE, TILE, TILE).intersection(&self.pixels.bounds());
                // One pixel more on every side, so that no seam shows between smoothed tiles.
                let outer = inner.grown(1, w, h);
                if !self.tiles.contains_key(&(tx, ty)) {
                    if *budget < outer.area() {
                        *unfinished = true;
                        all = false;
                        continue;
                    }
                    *budget -= outer.area();
                    self.tiles
                        .insert((tx, ty), upload(painter.ctx(), &self.pixels, outer, self.crisp));
                }
                let Some(texture) = self.tiles.get(&(tx, ty)) else { continue };
                let uv = |x: usize, y: usize| {
                    pos2(
                        (x - outer.x) as f32 / outer.w as f32,
                        (y - outer.y) as f32 / outer.h as f32,
                    )
                };
                let on = |x: usize, y: usize| to.min + vec2(x as f32, y as f32) * scale;
                let uv =
                    Rect::from_min_max(uv(inner.x, inner.y), uv(inner.right(), inner.bottom()));
                let on =
                    Rect::from_min_max(on(inner.x, inner.y), on(inner.right(), inner.bottom()));
                painter.image(texture.id(), on, uv, Color32::WHITE);
            }
        }
        all || !self.tiles.is_empty()
    }

    fn paint_marks(&mut self, painter: &Painter, to: Rect, marks: Marks) {
        if self.marked.as_ref().is_none_or(|(known, _)| *known != marks) {
            let image = overlay(&self.pixels, marks);
            let texture =
                image.map(|i| painter.ctx().load_texture("marks", i, TextureOptions::NEAREST));
            self.marked = Some((marks, texture));
        }
        if let Some((_, Some(texture))) = &self.marked {
            painter.image(texture.id(), to, WHOLE, Color32::WHITE);
        }
    }
}

/// All of a texture.
pub(super) const WHOLE: Rect = Rect { min: Pos2::ZERO, max: pos2(1.0, 1.0) };

fn upload(ctx: &Context, pixels: &Rgba8, cut: Cut, crisp: bool) -> TextureHandle {
    let image = ColorImage::new([cut.w, cut.h], bytemuck::cast_vec(pixels.crop(cut).data));
    let magnification =
        if crisp { egui::TextureFilter::Nearest } else { egui::TextureFilter::Linear };
    ctx.load_texture("tile", image, TextureOptions { magnification, ..TextureOptions::LINEAR })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(w: usize, h: usize) -> Arc<Rgba8> {
        Arc::new(Rgba8::new(w, h))
    }

    #[test]
    fn a_picture_is_asked_for_once_and_again_when_it_is_too_small_or_out_of_date() {
        let mut pictures = Pictures::default();
        let key = (7, true);
        let Some(Command::Show { take: 7, side: 1024, edited: true }) = pictures.ask(key, 900.0)
        else {
            panic!("nothing asked")
        };
        assert!(pictures.ask(key, 900.0).is_none(), "it is on its way");
        pictures.put(key, (6000, 4000), picture(1024, 683));
        assert!(pictures.ask(key, 900.0).is_none(), "it is there");
        assert!(matches!(pictures.ask(key, 6000.0), Some(Command::Show { side: usize::MAX, .. })));
        pictures.outdate(7);
        pictures.put(key, (6000, 4000), picture(6000, 4000));
        assert!(pictures.ask(key, 900.0).is_some(), "that was of the edit before");
        pictures.put(key, (6000, 4000), picture(1024, 683));
        assert!(pictures.ask(key, 900.0).is_none());
        assert!(pictures.ask(key, 6000.0).is_some(), "the old full size is gone");
    }

    #[test]
    fn pictures_with_wrong_numbers_are_left_out() {
        let mut pictures = Pictures::default();
        for bad in [
            Rgba8::new(0, 0),
            Rgba8 { w: 5, h: 5, data: vec![0; 3] },
            Rgba8 { w: usize::MAX, h: 2, data: vec![0; 3] },
        ] {
            pictures.put((0, false), (10, 10), Arc::new(bad));
            assert_eq!(pictures.full((0, false)), None);
        }
    }

    #[test]
    fn few_are_kept() {
        let mut pictures = Pictures::default();
        for take in 0..40 {
            pictures.begin();
            pictures.put((take, false), (4000, 3000), picture(4000, 3000));
        }
        assert_eq!(pictures.slots.len(), KEPT_FULL.max(KEPT));
        assert_eq!(pictures.slots.values().filter(|s| s.actual.is_some()).count(), KEPT_FULL);
    }
}
