//! A rectangle of whole pixels.

use serde::{Deserialize, Serialize};

/// A rectangle of pixels; `x`, `y` is the upper left corner, inside; `x + w`, `y + h` is outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x: usize,
    /// Upper edge.
    pub y: usize,
    /// Width.
    pub w: usize,
    /// Height.
    pub h: usize,
}

impl Rect {
    /// A rectangle from its corner and its size.
    pub const fn new(x: usize, y: usize, w: usize, h: usize) -> Self {
        Self { x, y, w, h }
    }

    /// Pixels inside.
    pub const fn area(&self) -> usize {
        self.w * self.h
    }

    /// Whether nothing is inside.
    pub const fn is_empty(&self) -> bool {
        self.w == 0 || self.h == 0
    }

    /// The first column right of it.
    pub const fn right(&self) -> usize {
        self.x + self.w
    }

    /// The first row below it.
    pub const fn bottom(&self) -> usize {
        self.y + self.h
    }

    /// The middle, in pixel edges (a 1x1 rectangle at 0,0 has its middle at .5,.5).
    pub fn centre(&self) -> (f32, f32) {
        (self.x as f32 + self.w as f32 * 0.5, self.y as f32 + self.h as f32 * 0.5)
    }

    /// Grown by `by` on every side and cut to a frame of `w` x `h`.
    #[must_use]
    pub fn grown(&self, by: usize, w: usize, h: usize) -> Self {
        let (x, y) = (self.x.saturating_sub(by), self.y.saturating_sub(by));
        let (r, b) = ((self.right() + by).min(w), (self.bottom() + by).min(h));
        Self { x, y, w: r.saturating_sub(x), h: b.saturating_sub(y) }
    }

    /// What both have in common; empty if they do not touch.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (r, b) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        Self { x, y, w: r.saturating_sub(x), h: b.saturating_sub(y) }
    }

    /// The smallest rectangle that holds both; an empty one adds nothing.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return *other;
        }
        if other.is_empty() {
            return *self;
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (r, b) = (self.right().max(other.right()), self.bottom().max(other.bottom()));
        Self { x, y, w: r - x, h: b - y }
    }

    /// Whether the pixel is inside.
    pub const fn contains(&self, x: usize, y: usize) -> bool {
        x >= self.x && y >= self.y && x < self.x + self.w && y < self.y + self.h
    }

    /// The same place in a picture that is `scale` times as large, covering at least as much.
    #[must_use]
    pub fn scaled(&self, scale: f32) -> Self {
        let (x, y) = ((self.x as f32 * scale) as usize, (self.y as f32 * scale) as usize);
        let r = (self.right() as f32 * scale).ceil() as usize;
        let b = (self.bottom() as f32 * scale).ceil() as usize;
        Self { x, y, w: r.saturating_sub(x), h: b.saturating_sub(y) }
    }
}
