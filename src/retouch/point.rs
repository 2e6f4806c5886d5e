//! Operations that look at one pixel only: matrices and hue-keeping curves, fused.
//!
//! A curve maps the largest of red, green and blue, n, to n'; all three are scaled by n'/n. Ratios
//! between the channels, and so hue and saturation, stay exactly.

use super::tile::Tile;
use crate::imaging::colour::{Matrix3, multiply};
use crate::imaging::lanes::{wide, wide_fn};
use std::sync::Arc;

/// Luminance weights of linear Rec.2020 (ITU-R BT.2020).
pub(super) const LUMA: [f32; 3] = [0.262_7, 0.678_0, 0.059_3];

/// Luminance of linear Rec.2020.
#[inline(always)]
pub(super) fn luminance(p: [f32; 3]) -> f32 {
    p[0] * LUMA[0] + p[1] * LUMA[1] + p[2] * LUMA[2]
}

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

/// Entries of the table, and room so that any masked index is inside.
const ENTRIES: usize = (STEPS * OCTAVES) as usize + 1;
const ROOM: usize = 8192;

/// A curve as a table of n'/n over the logarithm of n, from 2^-16 to 16.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    /// The ratio at an entry, and what it gains up to the next.
    entries: Arc<[[f32; 2]; ROOM]>,
    /// Whether values from 1 on stay as they are.
    rests_above_1: bool,
}

impl Curve {
    /// Tabulates n' = f(n).
    pub(super) fn new(f: impl Fn(f32) -> f32) -> Self {
        let start = SMALLEST.to_bits();
        let at = |i: usize| f32::from_bits(start + ((i as u32) << LOW_BITS));
        let ratio = |i| {
            let n = at(i);
            let r = f(n) / n;
            if r.is_finite() { r.max(0.0) } else { 1.0 }
        };
        Self::of(ratio)
    }

    fn of(at: impl Fn(usize) -> f32) -> Self {
        let ratio: Vec<f32> = (0..ENTRIES).map(at).collect();
        let mut entries = [[ratio[ENTRIES - 1], 0.0]; ROOM];
        for (entry, pair) in entries.iter_mut().zip(ratio.windows(2)) {
            *entry = [pair[0], pair[1] - pair[0]];
        }
        let one = ((1.0_f32.to_bits() - SMALLEST.to_bits()) >> LOW_BITS) as usize;
        let rests_above_1 = ratio[one..].iter().all(|r| *r == 1.0);
        Self { entries: Arc::new(entries), rests_above_1 }
    }

    /// n'/n, linear between the entries; the ends go on.
    #[inline]
    pub(super) fn ratio(&self, n: f32) -> f32 {
        let (i, part) = place(n);
        self.between(i, part)
    }

    #[inline(always)]
    fn between(&self, i: u32, part: f32) -> f32 {
        let [ratio, step] = self.entries[i as usize & (ROOM - 1)];
        ratio + step * part
    }

    /// Least and greatest n'/n from `low` to `high`.
    fn extremes(&self, low: f32, high: f32) -> (f32, f32) {
        let (first, last) = (place(low).0 as usize, place(high).0 as usize + 1);
        let part = self.entries.get(first..=last.max(first)).unwrap_or(&self.entries[..]);
        let (mut least, mut most) = (f32::MAX, f32::MIN);
        for [r, _] in part {
            least = if *r < least { *r } else { least };
            most = if *r > most { *r } else { most };
        }
        (least, most)
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
        Self::of(|i| 1.0 + (self.entries[i][0] - 1.0) * opacity)
    }
}

/// The entry of the table before a value, and how far on to the next.
#[inline(always)]
fn place(n: f32) -> (u32, f32) {
    const GREATEST: f32 = (1_u32 << (OCTAVES - 16)) as f32 * 0.999_999;
    let n = if n > SMALLEST { n } else { SMALLEST };
    let n = if n < GREATEST { n } else { GREATEST };
    let bits = n.to_bits().wrapping_sub(SMALLEST.to_bits());
    let low = (bits & ((1 << LOW_BITS) - 1)) as i32;
    (bits >> LOW_BITS, low as f32 * (1.0 / (1 << LOW_BITS) as f32))
}

/// What lies between two values in each channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    /// The least red, green and blue.
    pub(super) low: [f32; 3],
    /// The greatest.
    pub(super) high: [f32; 3],
}

impl Bounds {
    /// Pure white and nothing else.
    pub(super) const WHITE: Self = Self { low: [1.0; 3], high: [1.0; 3] };

    /// Through a matrix.
    pub(super) fn through(&self, m: &Matrix3) -> Self {
        let sum = |i: usize, for_low: bool| {
            (0..3)
                .map(|j| {
                    m[i][j] * if (m[i][j] > 0.0) == for_low { self.low[j] } else { self.high[j] }
                })
                .sum()
        };
        Self {
            low: std::array::from_fn(|i| sum(i, true)),
            high: std::array::from_fn(|i| sum(i, false)),
        }
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

    /// What it makes of pixels between bounds.
    pub(super) fn bounds(&self, range: Bounds) -> Bounds {
        let most = |v: [f32; 3]| v[0].max(v[1]).max(v[2]);
        self.links.iter().fold(range, |range, link| {
            let range = if link.matrix == IDENTITY { range } else { range.through(&link.matrix) };
            let Some(curve) = &link.curve else { return range };
            let (low, high) = curve.extremes(most(range.low), most(range.high));
            Bounds {
                low: range.low.map(|v| v * if v > 0.0 { low } else { high }),
                high: range.high.map(|v| v * if v > 0.0 { high } else { low }),
            }
        })
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

/// Applies a matrix to three rows.
pub(super) fn mix(m: &Matrix3, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
    // One length, so that no access needs a check and wide registers can be used.
    let n = r.len().min(g.len()).min(b.len());
    let (r, g, b) = (&mut r[..n], &mut g[..n], &mut b[..n]);
    wide(|| {
        for k in 0..n {
            let (x, y, z) = (r[k], g[k], b[k]);
            r[k] = m[0][0] * x + m[0][1] * y + m[0][2] * z;
            g[k] = m[1][0] * x + m[1][1] * y + m[1][2] * z;
            b[k] = m[2][0] * x + m[2][1] * y + m[2][2] * z;
        }
    });
}

fn apply_matrix(m: &Matrix3, tile: &mut Tile) {
    let [r, g, b] = &mut tile.planes;
    mix(m, r, g, b);
}

/// Pixels that are looked at together.
const PART: usize = 32;

fn apply_curve(curve: &Curve, tile: &mut Tile) {
    let [r, g, b] = &mut tile.planes;
    let ((r, r_end), (g, g_end)) = (r.as_chunks_mut::<PART>(), g.as_chunks_mut::<PART>());
    let (b, b_end) = b.as_chunks_mut::<PART>();
    apply_curve_to_parts(curve, r, g, b);
    for ((r, g), b) in r_end.iter_mut().zip(g_end).zip(b_end) {
        let ratio = curve.ratio(larger(larger(*r, *g), *b));
        (*r, *g, *b) = (*r * ratio, *g * ratio, *b * ratio);
    }
}

wide_fn! {
    fn apply_curve_to_parts(
        curve: &Curve,
        r: &mut [[f32; PART]],
        g: &mut [[f32; PART]],
        b: &mut [[f32; PART]],
    ) {
        for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
            // White paper is most of many pictures, and most curves leave it.
            if !(curve.rests_above_1 && r.iter().fold(true, |white, v| white & (*v >= 1.0))) {
                apply_curve_to(curve, r, g, b);
            }
        }
    }
}

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// In three steps, of which the first and the last suit wide registers.
#[inline(always)]
fn apply_curve_to(curve: &Curve, r: &mut [f32; PART], g: &mut [f32; PART], b: &mut [f32; PART]) {
    let (mut entries, mut parts) = ([0_u32; PART], [0.0_f32; PART]);
    for k in 0..PART {
        (entries[k], parts[k]) = place(larger(larger(r[k], g[k]), b[k]));
    }
    for k in 0..PART {
        parts[k] = curve.between(entries[k], parts[k]);
    }
    for plane in [r, g, b] {
        plane.iter_mut().zip(&parts).for_each(|(v, p)| *v *= p);
    }
}
