//! How wide one edge or one line is, from the light along its normal.
//!
//! The gradient ratio at two scales (Zhuo and Sim, Defocus map estimation from a single image, 2011) takes
//! every edge for a lone step. Jewellery has few of those: a neighbour of the other sign makes an edge
//! look twice as sharp as it is, and a thin light under a disk of confusion has flanks that are steeper
//! than the blur is wide. So only two shapes are measured, and only where nothing else is near:
//!
//! - a **step**: the gradient falls on both sides and stays low;
//! - a **line**: the light rises and falls again by about as much, and stays level on both sides.
//!
//! The gradient of a blurred step and the light of a blurred thin line are both the projection of the
//! lens' blur. Where it has fallen to a fifth, it is 1.79 sigma wide if the blur is a Gaussian, and
//! 1.96 sigma if it is a disk: the width there hardly asks which of them it is, as a peak or a ratio of
//! peaks does. What is wide by itself only adds to the width.

use crate::imaging::Plane;

/// Pixels that are looked at to either side of an edge.
pub(super) const REACH: usize = 22;
/// The middle of a profile.
const MIDDLE: usize = REACH;
/// Values of a profile.
const N: usize = 2 * REACH + 1;
/// The share of its peak at which a shape's half width is taken.
const LOW: f32 = 0.2;
/// That half width over sigma: between a Gaussian's and a disk's.
const WIDTH: f32 = 1.877;
/// A pixel gathers light over its own square.
const PIXEL: f32 = 1.0 / 12.0;
/// Variance of the smoothing: the binomial's.
const SMOOTH: f32 = 1.0;
/// And that of a central difference on top of it.
const DIFFERENCE: f32 = 1.0 / 3.0;
/// What a step is widened by before it is measured.
pub(super) const SMOOTHING: f32 = SMOOTH + DIFFERENCE + PIXEL;
/// A gradient that rises again by this share of its peak belongs to a neighbour.
const RISE: f32 = 0.08;
/// A gradient of this share of the peak, either way, is a neighbour.
const NEIGHBOUR: f32 = 0.3;
/// A step's neighbours must be farther than this many of its half widths.
const STEP_APART: f32 = 2.6;
/// A line's must be this many half widths beyond its own.
const LINE_APART: f32 = 1.5;
/// One side of a line is at most so many times as high as the other.
const UNEVEN: f32 = 1.7;

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Step,
    Line,
}

/// Light along a normal, and its central differences.
struct Profile {
    light: [f32; N],
    slope: [f32; N],
}

/// Variance of the blur, pixels², at an edge of a smoothed picture whose normal is `(ux, uy)`; none where
/// it is neither a lone step nor a lone line.
pub(super) fn variance(p: &Plane, x: usize, y: usize, ux: f32, uy: f32) -> Option<(f32, Shape)> {
    let profile = Profile::along(p, x as f32, y as f32, ux, uy);
    if let Some(width) = profile.step() {
        return Some((blur(width, SMOOTH + DIFFERENCE), Shape::Step));
    }
    // A bright line beyond the edge, or a dark one before it, which is a bright one upside down.
    let widths = [profile.line(), profile.turned().line()];
    let width = widths.into_iter().flatten().min_by(f32::total_cmp)?;
    Some((blur(width, SMOOTH), Shape::Line))
}

/// A half width without what the smoothing and the pixel added.
fn blur(width: f32, smoothing: f32) -> f32 {
    ((width / WIDTH).powi(2) - smoothing - PIXEL).max(0.0)
}

impl Profile {
    /// Linear weights between pixels; the border repeats.
    fn along(p: &Plane, x: f32, y: f32, ux: f32, uy: f32) -> Self {
        let (right, bottom) = (p.w as f32 - 1.001, p.h as f32 - 1.001);
        let taken: [f32; N + 2] = std::array::from_fn(|k| {
            let t = k as f32 - (MIDDLE + 1) as f32;
            let (x, y) = ((x + t * ux).clamp(0.0, right), (y + t * uy).clamp(0.0, bottom));
            let (i, j) = (x as usize, y as usize);
            let (fx, fy) = (x - i as f32, y - j as f32);
            let at = j * p.w + i;
            let (a, b) = (&p.data[at..at + 2], &p.data[at + p.w..at + p.w + 2]);
            let (above, below) = (a[0] + fx * (a[1] - a[0]), b[0] + fx * (b[1] - b[0]));
            above + fy * (below - above)
        });
        Self {
            light: std::array::from_fn(|k| taken[k + 1]),
            slope: std::array::from_fn(|k| 0.5 * (taken[k + 2] - taken[k])),
        }
    }

    /// Read from the other end and upside down: the slopes keep their signs.
    fn turned(&self) -> Self {
        Self {
            light: std::array::from_fn(|k| -self.light[N - 1 - k]),
            slope: std::array::from_fn(|k| self.slope[N - 1 - k]),
        }
    }

    /// The slope `k` pixels to the right of the middle, or to the left.
    fn slope_at(&self, k: usize, left: bool) -> f32 {
        self.slope[if left { MIDDLE - k } else { MIDDLE + k }]
    }

    /// Half the width of a lone step.
    fn step(&self) -> Option<f32> {
        let peak = self.slope[MIDDLE];
        if peak <= 0.0 {
            return None;
        }
        let sides = [self.falls(peak, true)?, self.falls(peak, false)?];
        let width = 0.5 * (sides[0] + sides[1]);
        let apart = STEP_APART * width;
        if apart > REACH as f32 + 0.5 {
            return None;
        }
        let alone = |(side, left): (f32, bool)| {
            let (from, to) = ((side + 1.0) as usize + 1, (apart as usize).min(REACH));
            (from..=to).all(|k| self.slope_at(k, left).abs() <= NEIGHBOUR * peak)
        };
        [(sides[0], true), (sides[1], false)].into_iter().all(alone).then_some(width)
    }

    /// How far from the middle the slope has fallen; none where it rises again before that.
    fn falls(&self, peak: f32, left: bool) -> Option<f32> {
        let (mut before, mut lowest) = (1.0, 1.0_f32);
        for k in 1..=REACH {
            let v = self.slope_at(k, left) / peak;
            if v <= LOW {
                return Some(k as f32 - 1.0 + (before - LOW) / (before - v));
            }
            if v > lowest + RISE {
                return None;
            }
            (before, lowest) = (v, lowest.min(v));
        }
        None
    }

    /// Half the width of a lone bright line whose left flank is in the middle.
    fn line(&self) -> Option<f32> {
        let (l, d, peak) = (&self.light, &self.slope, self.slope[MIDDLE]);
        if peak <= 0.0 {
            return None;
        }
        let top = (MIDDLE + 1..N).find(|&k| d[k] <= 0.0)?;
        let crest = top as f32 - 1.0 + d[top - 1] / (d[top - 1] - d[top]).max(1e-9);
        let height = l[top].max(l[top - 1]);
        // Where the flanks begin and end.
        let start = (0..MIDDLE).rev().find(|&k| d[k] < 0.1 * peak)?;
        let mut lowest = d[top];
        let end = (top + 1..N).find(|&k| {
            lowest = lowest.min(d[k]);
            lowest < -NEIGHBOUR * peak && d[k] > -0.1 * peak
        })?;
        let (rise, fall) = (height - l[start], height - l[end]);
        if rise <= 0.0 || fall <= 0.0 || rise > UNEVEN * fall || fall > UNEVEN * rise {
            return None;
        }
        let (left, right) = (l[start] + LOW * rise, l[end] + LOW * fall);
        let i = (0..top).rev().find(|&k| l[k] <= left)?;
        let j = (top + 1..N).find(|&k| l[k] <= right)?;
        let from = i as f32 + (left - l[i]) / (l[i + 1] - l[i]).max(1e-9);
        let to = j as f32 - 1.0 + (l[j - 1] - right) / (l[j - 1] - l[j]).max(1e-9);
        let width = 0.5 * (to - from);
        let apart = (1.0 + LINE_APART) * width;
        let first = (crest - apart).max(0.0) as usize + 1;
        let last = ((crest + apart).ceil() as usize).min(N);
        let quiet = |k: usize| d[k].abs() <= NEIGHBOUR * peak;
        let alone = (first..start.saturating_sub(1)).all(quiet) && (end + 2..last).all(quiet);
        (alone && width > 0.0).then_some(width)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::smoothed;
    use super::*;

    /// Area of a disk of radius `r` to the left of `u`, of 1.
    fn disk(u: f32, r: f32) -> f32 {
        let t = (u / r).clamp(-1.0, 1.0);
        0.5 + (t * (1.0 - t * t).max(0.0).sqrt() + t.asin()) / std::f32::consts::PI
    }

    /// The normal distribution (Abramowitz and Stegun 26.2.17).
    fn gauss(u: f32, s: f32) -> f32 {
        let z = (u / s).abs();
        let t = 1.0 / (1.0 + 0.231_641_9 * z);
        let series = [0.319_381_53, -0.356_563_78, 1.781_477_9, -1.821_255_9, 1.330_274_4];
        let tail = 0.398_942_3
            * (-0.5 * z * z).exp()
            * series.iter().rev().fold(0.0, |sum, c| t * (sum + c));
        if u > 0.0 { 1.0 - tail } else { tail }
    }

    /// Sigma that is read at a slanted step, or a line two pixels wide.
    fn read(edge: impl Fn(f32) -> f32, line: bool) -> Option<f32> {
        let (c, s) = (0.94, 0.34);
        let at = |x: f32, y: f32| c * (x - 60.0) + s * (y - 40.0);
        let value = |u: f32| if line { edge(u + 1.0) - edge(u - 1.0) } else { edge(u) };
        let p = smoothed(&Plane::from_fn(120, 80, |x, y| value(at(x as f32, y as f32))));
        // The steepest place of a row.
        let row = |x: usize| p.at(x + 1, 40) - p.at(x - 1, 40);
        let x = (20..100).max_by(|&a, &b| row(a).total_cmp(&row(b)))?;
        Some(variance(&p, x, 40, c, s)?.0.sqrt())
    }

    #[test]
    fn steps_and_lines_are_as_wide_as_the_blur_whatever_its_shape() {
        for sigma in [0.7, 1.0, 1.5, 2.0, 2.5, 3.0_f32] {
            for line in [false, true] {
                // A line two pixels wide has a variance of a third by itself.
                let want = if line { (sigma * sigma + 0.33).sqrt() } else { sigma };
                let of_disk = read(|u| disk(u, 2.0 * sigma), line);
                let of_gauss = read(|u| gauss(u, sigma), line);
                for got in [of_disk, of_gauss] {
                    let near = got.is_some_and(|g| (g - want).abs() < 0.1 + 0.07 * want);
                    assert!(near, "{sigma}, line {line}: {got:?} for {want}");
                }
            }
        }
    }

    #[test]
    fn an_edge_with_a_near_neighbour_is_not_measured() {
        // Stripes of four pixels.
        let p = smoothed(&Plane::from_fn(120, 80, |x, _| if x / 4 % 2 == 0 { 0.2 } else { 0.8 }));
        assert_eq!(variance(&p, 60, 40, 1.0, 0.0), None);
        assert_eq!(variance(&Plane::from_fn(60, 60, |_, _| 0.5), 30, 30, 1.0, 0.0), None);
    }
}
