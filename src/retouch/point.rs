//! Operations that look at one pixel only: matrices and hue-keeping curves, fused.
//!
//! A curve maps the largest of red, green and blue, n, to n'; all three are scaled by n'/n. Ratios
//! between the channels, and so hue and saturation, stay exactly.

use super::tile::Tile;
use crate::imaging::colour::{Matrix3, multiply};
use std::sync::Arc;

/// Luminance weights of linear Rec.2020 (ITU-R BT.2020).
pub(super) const LUMA: [f32; 3] = [0.262_7, 0.678_0, 0.059_3];

/// The matrix that scales each channel.
pub(super) const fn diagonal(d: [f32; 3]) -> Matrix3 {
    [[d[0], 0.0, 0.0], [0.0, d[1], 0.0], [0.0, 0.0, d[2]]]
}

/// That changes nothing.
pub(super) const IDENTITY: Matrix3 = diagonal([1.0; 3]);

/// Steps of the table in a doubling of light.
const STEPS: u32 = 256;
/// Octaves of the table.
const OCTAVES: u32 = 20;
/// Smallest value of the table, 2^-16: a thousandth of the last sRGB byte.
const SMALLEST: f32 = 1.0 / 65_536.0;
/// Bits of a float below those that choose a table entry.
const LOW_BITS: u32 = 15;

/// A curve as a table of n'/n over the logarithm of n, from 2^-16 to 16.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    ratio: Arc<Vec<f32>>,
    /// Whether values from 1 on stay as they are.
    rests_above_1: bool,
}

impl Curve {
    /// Tabulates n' = f(n).
    pub(super) fn new(f: impl Fn(f32) -> f32) -> Self {
        let start = SMALLEST.to_bits();
        let at = |i: u32| f32::from_bits(start + (i << LOW_BITS));
        let ratio = |i| {
            let n = at(i);
            let r = f(n) / n;
            if r.is_finite() { r.max(0.0) } else { 1.0 }
        };
        Self::of((0..=STEPS * OCTAVES).map(ratio).collect())
    }

    fn of(ratio: Vec<f32>) -> Self {
        let one = (1.0_f32.to_bits() - SMALLEST.to_bits()) >> LOW_BITS;
        let rests_above_1 = ratio[one as usize..].iter().all(|r| *r == 1.0);
        Self { ratio: Arc::new(ratio), rests_above_1 }
    }

    /// n'/n, linear between the entries; the ends go on.
    #[inline]
    pub(super) fn ratio(&self, n: f32) -> f32 {
        let last = (STEPS * OCTAVES) << LOW_BITS;
        let bits = n.max(SMALLEST).to_bits() - SMALLEST.to_bits();
        let bits = bits.min(last - 1);
        let i = (bits >> LOW_BITS) as usize;
        let part = (bits & ((1 << LOW_BITS) - 1)) as f32 * (1.0 / (1 << LOW_BITS) as f32);
        let (a, b) = (self.ratio[i], self.ratio[i + 1]);
        a + (b - a) * part
    }

    /// First this, then `next`.
    fn then(&self, next: &Self) -> Self {
        Self::new(|n| {
            let middle = n * self.ratio(n);
            middle * next.ratio(middle)
        })
    }

    /// `opacity` of it over what was.
    fn faded(&self, opacity: f32) -> Self {
        Self::of(self.ratio.iter().map(|r| 1.0 + (r - 1.0) * opacity).collect())
    }
}

/// One part of a chain: a matrix, a curve after it.
#[derive(Clone, Debug)]
struct Link {
    matrix: Matrix3,
    curve: Option<Curve>,
}

/// A chain of matrices and curves on linear Rec.2020.
#[derive(Clone, Debug, Default)]
pub(super) struct Point {
    links: Vec<Link>,
}

impl Point {
    /// One matrix.
    pub(super) fn matrix(matrix: Matrix3) -> Self {
        Self { links: vec![Link { matrix, curve: None }] }
    }

    /// One curve.
    pub(super) fn curve(curve: Curve) -> Self {
        Self { links: vec![Link { matrix: IDENTITY, curve: Some(curve) }] }
    }

    /// `opacity` of it over what was; for a chain of one.
    pub(super) fn faded(mut self, opacity: f32) -> Self {
        if opacity < 1.0 {
            for link in &mut self.links {
                let m = link.matrix;
                link.matrix = std::array::from_fn(|i| {
                    std::array::from_fn(|j| IDENTITY[i][j] + (m[i][j] - IDENTITY[i][j]) * opacity)
                });
                link.curve = link.curve.as_ref().map(|c| c.faded(opacity));
            }
        }
        self
    }

    /// Puts `next` behind, fused where possible.
    pub(super) fn push(&mut self, next: &Self) {
        for link in &next.links {
            match self.links.last_mut() {
                Some(last) if last.curve.is_none() => {
                    last.matrix = multiply(&link.matrix, &last.matrix);
                    last.curve.clone_from(&link.curve);
                }
                Some(Link { curve: Some(curve), .. }) if link.matrix == IDENTITY => {
                    if let Some(next) = &link.curve {
                        *curve = curve.then(next);
                    }
                }
                _ => self.links.push(link.clone()),
            }
        }
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Takes the first matrix out, so that it can be fused into what comes before.
    pub(super) fn take_first_matrix(&mut self) -> Matrix3 {
        match self.links.first_mut() {
            Some(link) => std::mem::replace(&mut link.matrix, IDENTITY),
            None => IDENTITY,
        }
    }

    /// Takes the last matrix out if no curve follows it.
    pub(super) fn take_last_matrix(&mut self) -> Matrix3 {
        match self.links.last() {
            Some(Link { curve: None, .. }) => self.links.pop().map_or(IDENTITY, |l| l.matrix),
            _ => IDENTITY,
        }
    }

    /// Changes every pixel.
    pub(super) fn render(&self, tile: &mut Tile) {
        for link in &self.links {
            if link.matrix != IDENTITY {
                apply_matrix(&link.matrix, tile);
            }
            if let Some(curve) = &link.curve {
                apply_curve(curve, tile);
            }
        }
    }
}

fn apply_matrix(m: &Matrix3, tile: &mut Tile) {
    let [r, g, b] = &mut tile.planes;
    for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
        let v = [*r, *g, *b];
        *r = m[0][0] * v[0] + m[0][1] * v[1] + m[0][2] * v[2];
        *g = m[1][0] * v[0] + m[1][1] * v[1] + m[1][2] * v[2];
        *b = m[2][0] * v[0] + m[2][1] * v[1] + m[2][2] * v[2];
    }
}

fn apply_curve(curve: &Curve, tile: &mut Tile) {
    let [r, g, b] = &mut tile.planes;
    let parts = r.chunks_mut(PART).zip(g.chunks_mut(PART)).zip(b.chunks_mut(PART));
    for ((r, g), b) in parts {
        // White paper is most of many pictures, and most curves leave it.
        if !(curve.rests_above_1 && r.iter().all(|v| *v >= 1.0)) {
            apply_curve_to(curve, r, g, b);
        }
    }
}

/// Pixels that are looked at together.
const PART: usize = 64;

fn apply_curve_to(curve: &Curve, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
    for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
        let ratio = curve.ratio(r.max(*g).max(*b));
        *r *= ratio;
        *g *= ratio;
        *b *= ratio;
    }
}
