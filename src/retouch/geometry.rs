//! Turning and cropping: where each pixel of the result comes from.

use super::tile::{Frame, Tile};
use crate::imaging::Rect;

/// A turn about the middle of the picture, then a cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Geometry {
    /// Radians, clockwise positive.
    pub(super) roll: f32,
    /// Parts cut from the left, top, right and bottom.
    pub(super) cut: [f32; 4],
}

/// Pixels around a place that the interpolation reads.
const REACH: usize = 2;

impl Geometry {
    /// The part of the turned frame that is kept, in whole pixels.
    pub(super) fn kept(&self, frame: &Frame) -> Rect {
        let (w, h) = (frame.w as f32, frame.h as f32);
        // The largest rectangle of the same shape inside the turned frame.
        let (sin, cos) = (self.roll.sin().abs(), self.roll.cos());
        let scale = 1.0 / (cos + sin * (w / h).max(h / w));
        let (mx, my) = (0.5 * (1.0 - scale), 0.5 * (1.0 - scale));
        let [left, top, right, bottom] = self.cut;
        let edge = |cut: f32, least: f32, n: f32| (cut.max(least) * n).round();
        let (x0, y0) = (edge(left, mx, w), edge(top, my, h));
        let (x1, y1) = (w - edge(right, mx, w), h - edge(bottom, my, h));
        let at_least = |a: f32, b: f32, n: usize| ((b - a) as usize).clamp(1, n);
        let (x, y) = (x0.min(w - 1.0) as usize, y0.min(h - 1.0) as usize);
        Rect::new(x, y, at_least(x0, x1, frame.w - x), at_least(y0, y1, frame.h - y))
    }

    /// Where the middle of a pixel of the turned frame comes from.
    fn source(&self, frame: &Frame, x: f32, y: f32) -> (f32, f32) {
        if self.roll == 0.0 {
            return (x, y);
        }
        let (cx, cy) = (0.5 * frame.w as f32 - 0.5, 0.5 * frame.h as f32 - 0.5);
        let (sin, cos) = self.roll.sin_cos();
        let (dx, dy) = (x - cx, y - cy);
        (cx + cos * dx + sin * dy, cy - sin * dx + cos * dy)
    }

    /// The pixels of the frame that a part of the result is made of.
    pub(super) fn needs(&self, frame: &Frame, part: Rect) -> Rect {
        let (x0, x1) = (part.x as f32, (part.right() - 1) as f32);
        let (y0, y1) = (part.y as f32, (part.bottom() - 1) as f32);
        let corners =
            [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| self.source(frame, x, y));
        let least = |f: fn(&(f32, f32)) -> f32| corners.iter().map(f).fold(f32::MAX, f32::min);
        let most = |f: fn(&(f32, f32)) -> f32| corners.iter().map(f).fold(f32::MIN, f32::max);
        let low = |v: f32, n: usize| (v.floor().max(0.0) as usize).min(n - 1);
        let high = |v: f32, n: usize| ((v.ceil().max(0.0) as usize) + 1).clamp(1, n);
        let (x, y) = (low(least(|c| c.0), frame.w), low(least(|c| c.1), frame.h));
        let (r, b) = (high(most(|c| c.0), frame.w), high(most(|c| c.1), frame.h));
        let rect = Rect::new(x, y, r.saturating_sub(x).max(1), b.saturating_sub(y).max(1));
        rect.grown(REACH, frame.w, frame.h)
    }

    /// Fills a part of the turned frame from a tile that holds what it [`Self::needs`].
    pub(super) fn fill(&self, from: &Tile, part: Rect) -> Tile {
        let mut out = Tile::new(from.frame, part);
        for y in 0..part.h {
            for x in 0..part.w {
                let (u, v) = self.source(&from.frame, (part.x + x) as f32, (part.y + y) as f32);
                out.put(y * part.w + x, cubic(from, u, v));
            }
        }
        out
    }
}

/// Between the pixels by Catmull-Rom cubics (Keys 1981, a = -1/2); the frame's border goes on.
/// Kept within the four nearest pixels, so that no edge rings.
fn cubic(tile: &Tile, x: f32, y: f32) -> [f32; 3] {
    let (fx, fy) = (x.floor(), y.floor());
    let (wx, wy) = (weights(x - fx), weights(y - fy));
    let place = |v: f32, origin: usize, n: usize| {
        (v as i64 - origin as i64).clamp(0, n as i64 - 1) as usize
    };
    let mut sum = [0.0_f32; 3];
    let (mut low, mut high) = ([f32::MAX; 3], [f32::MIN; 3]);
    for (j, wy) in wy.iter().enumerate() {
        let row = place(fy + j as f32 - 1.0, tile.rect.y, tile.rect.h) * tile.rect.w;
        for (i, wx) in wx.iter().enumerate() {
            let p = tile.at(row + place(fx + i as f32 - 1.0, tile.rect.x, tile.rect.w));
            for c in 0..3 {
                sum[c] += wx * wy * p[c];
                if (1..3).contains(&i) && (1..3).contains(&j) {
                    (low[c], high[c]) = (low[c].min(p[c]), high[c].max(p[c]));
                }
            }
        }
    }
    std::array::from_fn(|c| sum[c].clamp(low[c], high[c]))
}

fn weights(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        -0.5 * t3 + t2 - 0.5 * t,
        1.5 * t3 - 2.5 * t2 + 1.0,
        -1.5 * t3 + 2.0 * t2 + 0.5 * t,
        0.5 * t3 - 0.5 * t2,
    ]
}
