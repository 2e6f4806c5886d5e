//! What the camera makes of the light: one warp for roll, fill and shift, then shake, exposure,
//! white balance, vignette, clipping, noise and the sRGB curve.

use super::super::vectors::{Rng, mix};
use super::blur::{Picture4, Rgba};
use super::negative::{Negative, Window};
use super::shot::Shot;
use crate::imaging::{Rgb8, colour};
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::OnceLock;

/// Where each pixel of a picture comes from in the plane of the layers, and back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Warp {
    /// Layers' pixels for a step of a picture's pixel to the right; downwards it is turned by 90
    /// degrees.
    step: (f32, f32),
    centre: (f32, f32),
    from: (f32, f32),
}

impl Warp {
    /// From pictures of `to` pixels to layers of `of` pixels.
    pub(crate) fn new(shot: &Shot, of: (usize, usize), to: (usize, usize)) -> Warp {
        let k = of.0 as f32 / to.0 as f32 / shot.fill.max(0.05);
        let (s, c) = shot.roll_deg.to_radians().sin_cos();
        let w = to.0 as f32;
        Warp {
            step: (c * k, s * k),
            centre: (w * (0.5 + shot.shift.0), to.1 as f32 * 0.5 + w * shot.shift.1),
            from: (of.0 as f32 * 0.5, of.1 as f32 * 0.5),
        }
    }

    /// A place of the picture in the layers' plane; both in pixel edges.
    pub(crate) fn source(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.centre.0, y - self.centre.1);
        let (c, s) = self.step;
        (self.from.0 + c * dx + s * dy, self.from.1 + c * dy - s * dx)
    }

    /// A place of the layers' plane in the picture.
    pub(crate) fn target(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.from.0, y - self.from.1);
        let (c, s) = self.step;
        let k = 1.0 / (c * c + s * s);
        (self.centre.0 + (c * dx - s * dy) * k, self.centre.1 + (c * dy + s * dx) * k)
    }

    /// The picture's pixels for one of the layers.
    pub(crate) fn scale(&self) -> f32 {
        1.0 / self.step.0.hypot(self.step.1)
    }

    /// What of the layers' plane a part of the picture needs.
    pub(crate) fn window(&self, tile: Window) -> Window {
        let (x, y) = (tile.x as f32, tile.y as f32);
        let corners = [(0, 0), (1, 0), (0, 1), (1, 1)]
            .map(|(i, j)| self.source(x + (tile.w * i) as f32, y + (tile.h * j) as f32));
        let (mut lo, mut hi) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
        for c in corners {
            (lo.0, lo.1) = (lo.0.min(c.0), lo.1.min(c.1));
            (hi.0, hi.1) = (hi.0.max(c.0), hi.1.max(c.1));
        }
        let (left, top) = (lo.0.floor() as isize - 2, lo.1.floor() as isize - 2);
        let (right, low) = (hi.0.ceil() as isize + 2, hi.1.ceil() as isize + 2);
        Window { x: left, y: top, w: (right - left) as usize, h: (low - top) as usize }
    }
}

/// Gives the negative that covers a window: one that is kept, or a new tile.
pub(crate) type Source<'a> = dyn Fn(Window) -> Cow<'a, Negative> + Sync + 'a;

impl Clone for Negative {
    fn clone(&self) -> Self {
        Negative { window: self.window, light: self.light.clone() }
    }
}

/// Width of a tile: a run of noise.
const TILE: usize = NOISE_RUN;

/// Rows of a tile. Around each the blur needs a margin, which costs less around a few large ones;
/// small pictures are cut for many cores.
fn tile_rows(h: usize) -> usize {
    if h > 1500 { 256 } else { 96 }
}

/// Turns light into pictures of one size.
pub(crate) struct Camera {
    pub(crate) warp: Warp,
    size: (usize, usize),
    /// Points for each pixel along a side: pictures smaller than the layers are means.
    fine: usize,
    gains: [f32; 3],
    vignette: f32,
    noise: f32,
    shake: (f32, f32),
    seed: u32,
}

impl Camera {
    /// For pictures of `to` pixels of layers of `of` pixels.
    pub(crate) fn new(shot: &Shot, of: (usize, usize), to: (usize, usize)) -> Camera {
        let warp = Warp::new(shot, of, to);
        let (s, c) = shot.shake_deg.to_radians().sin_cos();
        let length = shot.shake_px.clamp(0.0, 200.0);
        Camera {
            warp,
            size: to,
            fine: ((1.0 / warp.scale()).round() as usize).clamp(1, 8),
            gains: shot.gains.map(|g| g * shot.ev.exp2()),
            vignette: shot.vignette,
            noise: shot.noise,
            shake: (c * length, s * length),
            seed: shot.seed,
        }
    }

    /// A picture, band by band on all cores.
    pub(crate) fn develop(&self, source: &Source<'_>) -> Rgb8 {
        let (w, h) = self.size;
        let mut out = Rgb8::new(w, h);
        let height = tile_rows(h);
        out.data.par_chunks_mut(w * 3 * height).enumerate().for_each(|(band, rows)| {
            let y = band * height;
            for x in (0..w).step_by(TILE) {
                let tile = Window {
                    x: x as isize,
                    y: y as isize,
                    w: TILE.min(w - x),
                    h: rows.len() / 3 / w,
                };
                let mut light = self.light(tile, source);
                self.expose(tile, &mut light);
                self.digitise(tile, &light, x, rows);
            }
        });
        out
    }

    /// Linear light of a tile before exposure, with the camera's shake.
    pub(crate) fn light(&self, tile: Window, source: &Source<'_>) -> Picture4 {
        let reach = self.shake.0.hypot(self.shake.1);
        if reach < 0.5 {
            return self.warped(tile, source);
        }
        let margin = (reach * 0.5).ceil() as usize + 1;
        let wide = Window {
            x: tile.x - margin as isize,
            y: tile.y - margin as isize,
            w: tile.w + 2 * margin,
            h: tile.h + 2 * margin,
        };
        let still = self.warped(wide, source);
        let n = (reach * 1.5).ceil().max(2.0) as usize;
        let mut out = Picture4::new(tile.w, tile.h);
        for (i, o) in out.v.iter_mut().enumerate() {
            let (x, y) = ((i % tile.w + margin) as f32, (i / tile.w + margin) as f32);
            for k in 0..n {
                let t = (k as f32 + 0.5) / n as f32 - 0.5;
                let p = still.tap(x + self.shake.0 * t, y + self.shake.1 * t);
                for c in 0..4 {
                    o[c] += p[c] / n as f32;
                }
            }
        }
        out
    }

    fn warped(&self, tile: Window, source: &Source<'_>) -> Picture4 {
        let negative = source(self.warp.window(tile));
        let mut out = Picture4::new(tile.w, tile.h);
        let n = self.fine;
        let share = 1.0 / (n * n) as f32;
        for (j, row) in out.v.chunks_exact_mut(tile.w).enumerate() {
            for sub in 0..n * n {
                let dx = ((sub % n) as f32 + 0.5) / n as f32;
                let dy = ((sub / n) as f32 + 0.5) / n as f32;
                let start = (tile.x as f32 + dx, (tile.y + j as isize) as f32 + dy);
                self.sample_row(&negative, start, row, share);
            }
        }
        out
    }

    /// Adds samples along a row that starts at a place of the picture. Places are in 16.16 fixed
    /// point: nothing is converted to an index inside.
    fn sample_row(&self, n: &Negative, start: (f32, f32), row: &mut [Rgba], share: f32) {
        let (x, y) = self.warp.source(start.0, start.1);
        let fix = |v: f32| (v * 65_536.0) as i32;
        let mut u = fix(x - 0.5 - n.window.x as f32);
        let mut v = fix(y - 0.5 - n.window.y as f32);
        let (du, dv) = (fix(self.warp.step.0), -fix(self.warp.step.1));
        let (w, h) = (n.window.w, n.window.h);
        let (most_u, most_v) = (((w - 1) << 16) as i32 - 1, ((h - 1) << 16) as i32 - 1);
        for o in row {
            let (a, b) = (u.clamp(0, most_u), v.clamp(0, most_v));
            let fx = (a & 0xffff) as f32 / 65_536.0;
            let fy = (b & 0xffff) as f32 / 65_536.0;
            let i = (b >> 16) as usize * w + (a >> 16) as usize;
            let (top, low) = (&n.light.v[i..i + 2], &n.light.v[i + w..i + w + 2]);
            for c in 0..4 {
                let p = mix(mix(top[0][c], top[1][c], fx), mix(low[0][c], low[1][c], fx), fy);
                o[c] += p * share;
            }
            (u, v) = (u + du, v + dv);
        }
    }

    /// What the sensor gets at a place of the picture for one unit of light.
    pub(crate) fn gain_at(&self, x: f32, y: f32) -> [f32; 3] {
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let (dx, dy) = (x - w * 0.5, y - h * 0.5);
        let fall = 1.0 - 4.0 * self.vignette / (w * w + h * h) * (dx * dx + dy * dy);
        self.gains.map(|g| g * fall)
    }

    /// Exposure, white balance and vignette; nothing is clipped yet.
    pub(crate) fn expose(&self, tile: Window, light: &mut Picture4) {
        for (i, p) in light.v.iter_mut().enumerate() {
            let x = (tile.x + (i % tile.w) as isize) as f32 + 0.5;
            let y = (tile.y + (i / tile.w) as isize) as f32 + 0.5;
            let gain = self.gain_at(x, y);
            for c in 0..3 {
                p[c] *= gain[c];
            }
        }
    }

    /// Clips, adds noise and writes bytes: `rows` is the whole width of the band.
    fn digitise(&self, tile: Window, light: &Picture4, x: usize, rows: &mut [u8]) {
        let tables = Tables::get();
        let read = 0.0012 * self.noise;
        let (read2, shot) = (read * read, 0.000_12 * self.noise * self.noise);
        for (j, row) in light.v.chunks_exact(tile.w).enumerate() {
            let mut rng =
                Rng::new((tile.y as u32 + j as u32).wrapping_mul(64) + x as u32, self.seed);
            let to = &mut rows[(j * self.size.0 + x) * 3..][..tile.w * 3];
            for (third, out) in to.chunks_mut(NOISE_RUN).enumerate() {
                let noise = tables.run(&mut rng);
                for (k, o) in out.iter_mut().enumerate() {
                    let at = third * NOISE_RUN + k;
                    let v = row[at / 3][at % 3].clamp(0.0, 1.0); // the sensor is full at 1
                    let noisy = v + (shot * v + read2).sqrt() * noise[k];
                    *o = tables.curve[(noisy * 65_535.0) as u16 as usize];
                }
            }
        }
    }
}

/// Length of a run of noise.
const NOISE_RUN: usize = 384;

/// The camera's fixed tables: the sRGB curve by linear value, and noise to be picked from.
struct Tables {
    curve: Vec<u8>,
    noise: Vec<f32>,
}

impl Tables {
    fn get() -> &'static Tables {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(|| {
            let mut rng = Rng::new(5, 5);
            Tables {
                curve: (0..=u16::MAX)
                    .map(|i| colour::srgb_encode8(f32::from(i) / 65_535.0))
                    .collect(),
                noise: (0..1 << 16).map(|_| rng.gauss()).collect(),
            }
        })
    }

    /// A run of noise from anywhere in the table.
    fn run(&self, rng: &mut Rng) -> &[f32] {
        let start = rng.bits() as usize % (self.noise.len() - NOISE_RUN);
        &self.noise[start..][..NOISE_RUN]
    }
}
