//! What lies behind the lens: paper, shadow, mirror image, card, dust and the piece, defocused by
//! depth, in linear light and before exposure. Made in tiles, so that a large picture never exists
//! as a whole in floating point.

use super::super::scene::Stage;
use super::super::trace::{Layers, Part, Steps};
use super::blur::{Picture4, Rgba};
use super::card::Placed;
use super::dust::{Drawn, scatter};
use super::shot::{Focus, Shot};
use rayon::prelude::*;

/// A part of the plane of the layers, in their pixels; it may reach over their edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) x: isize,
    pub(crate) y: isize,
    pub(crate) w: usize,
    pub(crate) h: usize,
}

/// Linear light over a window; the fourth value is how much of the pixel is the piece.
pub(crate) struct Negative {
    pub(crate) window: Window,
    pub(crate) light: Picture4,
}

/// Radius of the disk of confusion in pixels, signed: negative is nearer than the focus.
#[derive(Clone, Copy)]
pub(crate) enum Confusion {
    Thin { focus_mm: f32, per_mm: f32 },
    Flat(f32),
}

impl Confusion {
    /// Blur of a 105 mm lens at half life size, in frame widths per millimetre at f/8.
    const PER_MM: f32 = 0.000_25;

    fn of(shot: &Shot, layers: &Layers) -> Confusion {
        match shot.focus {
            Focus::At(mm) => Confusion::Thin {
                focus_mm: layers.span.best_mm + mm,
                per_mm: Self::PER_MM * 8.0 / shot.f_number.max(0.5) * layers.w as f32,
            },
            Focus::Flat(px) => Confusion::Flat(px.max(0.0)),
        }
    }

    pub(crate) fn at(self, depth_mm: f32) -> f32 {
        match self {
            Confusion::Thin { focus_mm, per_mm } => (depth_mm - focus_mm) * per_mm,
            Confusion::Flat(px) => px,
        }
    }
}

/// All that the light meets on its way to the sensor.
pub(crate) struct Bench<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) layers: &'a Layers,
    pub(crate) weights: [f32; 3],
    pub(crate) confusion: Confusion,
    /// Thickness of a slice of depth, in pixels of blur, and the widest blur.
    slice: f32,
    widest: f32,
    pub(crate) marks: Vec<Drawn>,
    pub(crate) card: Option<Placed<'a>>,
    pub(crate) piece: bool,
    /// The defocused mirror image of the piece.
    pub(crate) mirror: Picture4,
    steps: Steps,
}

/// Tiles start on multiples of this, so that their half sizes agree.
const ALIGN: isize = 16;
/// Side of a tile of a whole negative.
const TILE: usize = 128;
/// Depth is cut into about this many slices.
const SLICES: f32 = 7.0;
/// The thinnest slice worth its time, pixels of blur.
const THIN: f32 = 0.8;

impl<'a> Bench<'a> {
    pub(crate) fn new(stage: &'a Stage, layers: &'a Layers, shot: &'a Shot) -> Bench<'a> {
        let confusion = Confusion::of(shot, layers);
        let (near, far) = (layers.span.near_mm, layers.span.far_mm);
        let widest = confusion.at(near).abs().max(confusion.at(far).abs());
        let mut bench = Bench {
            stage,
            layers,
            weights: shot.lights.weights(),
            confusion,
            slice: (widest * 2.0 / SLICES).max(THIN),
            widest,
            marks: scatter(layers, &shot.dust, shot.seed),
            card: shot.card.as_ref().map(super::card::Card::placed),
            piece: shot.piece,
            mirror: Picture4::new(0, 0),
            steps: Steps::new(),
        };
        if bench.piece {
            bench.mirror = bench.blurred_mirror();
        }
        bench
    }

    /// The three groups' light of one pixel, weighed and summed.
    pub(crate) fn mixed(
        &self,
        radiance: &[Vec<super::super::trace::Rgbe>; 3],
        i: usize,
    ) -> [f32; 3] {
        let mut sum = [0.0; 3];
        for (layer, weight) in radiance.iter().zip(self.weights) {
            let c = self.steps.unpack(layer[i]);
            for k in 0..3 {
                sum[k] += weight * c[k];
            }
        }
        sum
    }

    /// The whole window at once, on all cores.
    pub(crate) fn whole(&self, window: Window) -> Negative {
        let (columns, rows) = (window.w.div_ceil(TILE), window.h.div_ceil(TILE));
        let tiles: Vec<Negative> = (0..columns * rows)
            .into_par_iter()
            .map(|i| {
                let (x, y) = (i % columns * TILE, i / columns * TILE);
                self.tile(Window {
                    x: window.x + x as isize,
                    y: window.y + y as isize,
                    w: TILE.min(window.w - x),
                    h: TILE.min(window.h - y),
                })
            })
            .collect();
        let mut light = Picture4::new(window.w, window.h);
        for tile in &tiles {
            let (x, y) = ((tile.window.x - window.x) as usize, (tile.window.y - window.y) as usize);
            for (j, row) in tile.light.v.chunks_exact(tile.window.w).enumerate() {
                light.v[(y + j) * window.w + x..][..tile.window.w].copy_from_slice(row);
            }
        }
        Negative { window, light }
    }

    /// One tile, on this thread.
    pub(crate) fn tile(&self, window: Window) -> Negative {
        let mut light = self.floor(window);
        if self.piece
            && let Some(piece) = self.piece(window)
        {
            over(&mut light, &piece);
        }
        Negative { window, light }
    }

    /// The piece over a window, slice of depth by slice; each pixel is shared between its two
    /// nearest slices. None where there is nothing of it.
    fn piece(&self, window: Window) -> Option<Picture4> {
        let padded = self.padded(window);
        let (sharp, coc, range) = self.load(padded)?;
        let mut sum = Picture4::new(window.w, window.h);
        let (dx, dy) = ((window.x - padded.x) as usize, (window.y - padded.y) as usize);
        for k in (range.0 / self.slice).floor() as i32..=(range.1 / self.slice).ceil() as i32 {
            let r = k as f32 * self.slice;
            let part = self.slice_of(&sharp, &coc, r).defocused(self.radius_of(r));
            for (row, line) in sum.v.chunks_exact_mut(window.w).enumerate() {
                let from = &part.v[(row + dy) * padded.w + dx..][..window.w];
                for (s, p) in line.iter_mut().zip(from) {
                    for c in 0..4 {
                        s[c] += p[c];
                    }
                }
            }
        }
        Some(sum)
    }

    /// Flat blur is one slice, of just that radius.
    fn radius_of(&self, r: f32) -> f32 {
        match self.confusion {
            Confusion::Flat(px) => px,
            Confusion::Thin { .. } => r.abs(),
        }
    }

    /// A window with room for blur on all sides, on even places.
    fn padded(&self, window: Window) -> Window {
        let margin = self.widest.ceil() as isize + 2;
        let x = (window.x - margin).div_euclid(ALIGN) * ALIGN;
        let y = (window.y - margin).div_euclid(ALIGN) * ALIGN;
        let w = (window.x + window.w as isize + margin - x) as usize;
        let h = (window.y + window.h as isize + margin - y) as usize;
        Window { x, y, w, h }
    }

    /// The sharp piece in a window with its dust, the blur of every pixel (NaN for none), and the
    /// range of the blur.
    fn load(&self, window: Window) -> Option<(Picture4, Vec<f32>, (f32, f32))> {
        let a = self.layers.area;
        let mut sharp = Picture4::new(window.w, window.h);
        let mut coc = vec![f32::NAN; window.w * window.h];
        let mut range = (f32::MAX, f32::MIN);
        for i in 0..coc.len() {
            let u = window.x + (i % window.w) as isize - a.x as isize;
            let v = window.y + (i / window.w) as isize - a.y as isize;
            if u < 0 || v < 0 || u >= a.w as isize || v >= a.h as isize {
                continue;
            }
            let j = v as usize * a.w + u as usize;
            if self.layers.alpha[j] > 0 {
                let c = self.mixed(&self.layers.radiance, j);
                sharp.v[i] = [c[0], c[1], c[2], f32::from(self.layers.alpha[j]) / 255.0];
                coc[i] = match self.confusion {
                    Confusion::Flat(_) => 0.0,
                    thin @ Confusion::Thin { .. } => thin.at(self.layers.depth_mm(j)),
                };
                range = (range.0.min(coc[i]), range.1.max(coc[i]));
            }
        }
        if range.0 > range.1 {
            return None;
        }
        let light = self.light_on(0.0, 0.0).bare;
        for mark in self.marks.iter().filter(|m| !m.on_paper()) {
            mark.draw(&mut sharp, window.x, window.y, 0.0, light);
        }
        Some((sharp, coc, range))
    }

    /// What of the piece belongs to the slice of blur `r`.
    fn slice_of(&self, sharp: &Picture4, coc: &[f32], r: f32) -> Picture4 {
        let share = |c: f32| (1.0 - (c - r).abs() / self.slice).max(0.0); // NaN counts as none
        let v = sharp.v.iter().zip(coc).map(|(p, &c)| p.map(|v| v * share(c)));
        Picture4 { w: sharp.w, h: sharp.h, v: v.collect() }
    }

    /// What the layers show at a pixel of their frame, and the blur there.
    pub(crate) fn part_at(&self, x: isize, y: isize) -> (Part, f32) {
        let a = self.layers.area;
        let (u, v) = (x - a.x as isize, y - a.y as isize);
        if !self.piece || u < 0 || v < 0 || u >= a.w as isize || v >= a.h as isize {
            return (Part::Paper, 0.0);
        }
        let i = v as usize * a.w + u as usize;
        let part = match self.layers.part[i] {
            1 => Part::Metal,
            2 => Part::Stone,
            _ => return (Part::Paper, 0.0),
        };
        (part, self.confusion.at(self.layers.depth_mm(i)).abs())
    }

    /// Blur of the paper at a place of the frame.
    pub(crate) fn paper_blur(&self, y: f32) -> f32 {
        self.confusion.at(self.floor_depth(y)).abs()
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        (self.layers.w, self.layers.h)
    }
}

/// Lays premultiplied pixels over others; slices that overlap count once. The result's fourth value
/// is the coverage.
fn over(below: &mut Picture4, above: &Picture4) {
    for (o, s) in below.v.iter_mut().zip(&above.v) {
        if s[3] > 0.0 {
            *o = cover(*o, *s);
        }
    }
}

fn cover(o: Rgba, s: Rgba) -> Rgba {
    let once = 1.0 / s[3].max(1.0);
    let a = (s[3] * once).min(1.0);
    [
        o[0] * (1.0 - a) + s[0] * once,
        o[1] * (1.0 - a) + s[1] * once,
        o[2] * (1.0 - a) + s[2] * once,
        a,
    ]
}
