//! How good a picture is: one file a measure. Every number carries the sentence that says why.
//!
//! A picture is made ready once (`view`), the piece is found before its backdrop (`subject`), and each
//! measure looks at those. Takes are grouped and series recognised by [`curate()`].

mod backdrop;
mod cleanliness;
mod components;
mod curate;
mod edges;
mod focus;
mod intruders;
mod lighting;
pub mod limits;
mod lit;
pub mod live;
mod mirror;
mod motion;
mod quality;
mod reading;
mod scale;
mod series;
mod signature;
mod stats;
mod subject;
mod symmetry;
mod types;
mod view;
mod weights;
mod widths;
mod words;

pub use curate::{Candidate, Facts, Group, Kind, alike, curate};
pub use reading::{Reading, Verdict};
pub use signature::Signature;
pub use types::{
    Blob, Cleanliness, Flaw, Focus, Histogram, Lighting, Motion, Pair, PartFocus, Quality, Score,
    Shadow, Speck, Symmetry,
};
pub use weights::Weights;
pub use words::place;

use crate::imaging::{Mask, Parts, Rgb8};
use std::cell::RefCell;
use subject::{Found, Subject};
use view::View;

/// Judges an sRGB-encoded, upright picture; a large one on a reduced copy. A decoder that reduces to
/// 1500 pixels or more on the longest side loses nothing that is measured here.
pub fn judge(picture: &Rgb8) -> Score {
    examine(picture, None).score
}

/// Sharpness alone, the figure of [`Focus::energy`]: what takes of one framing are ranked by. A mask of
/// the piece has the frame's shape, at any size. 0 where there is nothing to measure.
pub fn energy(picture: &Rgb8, subject: Option<&Mask>) -> f32 {
    let mut view = View::default();
    view.load(picture, view::STILL, true);
    if view.is_tiny() {
        return 0.0;
    }
    let subject = Subject::find(&view, subject, None);
    let noise = focus::noise(&view.tone);
    focus::energy(&view, &subject, noise)
}

/// A score and the maps behind it, for drawing over the picture.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// Every measure.
    pub score: Score,
    /// The piece as it was found; smaller than the picture, of the same shape.
    pub subject: Mask,
    /// Its shadow, at the same size.
    pub shadow: Mask,
    /// Blur by tile.
    pub blur: Vec<BlurTile>,
    /// Where the halves differ; none without a mirror axis.
    pub residual: Option<Residual>,
}

/// How soft one tile of the picture is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlurTile {
    /// Where, pixels of the judged picture.
    pub region: crate::imaging::Rect,
    /// Sigma of the blur, pixels of the judged picture.
    pub blur_px: f32,
}

/// Differences between the piece and its mirror image.
#[derive(Clone, Debug)]
pub struct Residual {
    /// 0 alike, 1 nothing alike; square.
    pub plane: crate::imaging::Plane,
    /// Pixels of the judged picture at the centre of the plane's first pixel.
    pub origin: (f32, f32),
    /// Pixels of the judged picture for one pixel of the plane.
    pub scale: f32,
}

/// Judges a picture and keeps the maps. What a network saw in it helps to find the piece and its stones.
pub fn examine(picture: &Rgb8, seen: Option<&Parts>) -> Examined {
    let mut bench = BENCH.take();
    let examined = bench.examine(picture, seen);
    BENCH.set(bench);
    examined
}

/// The memory that a picture is judged in. Fresh memory costs as much as a pass over it: whoever judges one
/// picture after the other uses it again.
#[derive(Default)]
struct Workbench {
    view: View,
    focus: focus::Buffers,
    dust: cleanliness::Buffers,
}

thread_local! {
    static BENCH: RefCell<Workbench> = RefCell::default();
}

impl Workbench {
    fn examine(&mut self, picture: &Rgb8, seen: Option<&Parts>) -> Examined {
        let Self { view, focus: buffers, dust } = self;
        view.load(picture, view::STILL, true);
        if view.is_tiny() {
            return Examined { score: too_tiny(picture), ..Examined::default() };
        }
        let view = &*view;
        let subject = Subject::find(view, None, seen);
        let noise = focus::noise(&view.tone);
        let focus = focus::read(view, &subject, noise, buffers);
        let standing = symmetry::read(view, &subject);
        let lighting = lighting::read(view, view.rgb(picture), &subject);
        let cleanliness = cleanliness::read(view, &subject, noise, dust);
        let seen = quality::Seen {
            view,
            picture,
            subject: &subject,
            focus: &focus,
            light: &lighting,
            noise,
        };
        let quality = quality::read(&seen);
        let signature = Some(Signature::of(picture));
        let size = [picture.w, picture.h];
        let piece = (subject.found == Found::Piece).then(|| view.outward(subject.rect));
        let symmetry = standing.symmetry;
        let mut score =
            Score { focus, symmetry, lighting, cleanliness, quality, ..Score::default() };
        (score.size, score.subject, score.signature) = (size, piece, signature);
        conclude(&mut score, &Weights::default());
        let blur = blur_tiles(view, buffers);
        let step = view.step as f32;
        let residual = standing.residual.map(|(plane, canvas)| {
            let (x, y) = canvas.outward(0.0, 0.0);
            Residual { plane, origin: (x * step, y * step), scale: canvas.scale() * step }
        });
        Examined { score, subject: subject.mask, shadow: subject.shadow, blur, residual }
    }
}

fn blur_tiles(view: &View, buffers: &focus::Buffers) -> Vec<BlurTile> {
    let side = edges::TILE;
    let tile = |(x, y, blur): (usize, usize, f32)| BlurTile {
        region: view.outward(crate::imaging::Rect::new(x * side, y * side, side, side)),
        blur_px: blur * view.step as f32,
    };
    buffers.edges.tiles().into_iter().map(tile).collect()
}

/// Sets the overall figure, the verdict and its reason.
pub fn conclude(score: &mut Score, weights: &Weights) {
    score.overall = weights.overall(score);
    let worst = score.quality.flaws.first().filter(|f| f.weight >= 0.5);
    let weakest = score.meters().into_iter().min_by(|a, b| a.1.value.total_cmp(&b.1.value));
    let weakest = weakest.map(|(_, r)| (r.value, r.because.clone())).unwrap_or_default();
    (score.verdict, score.reason) = match worst {
        Some(flaw) => (Verdict::Reject, flaw.text.clone()),
        None if score.overall >= 0.7 && weakest.0 >= 0.4 => {
            (Verdict::Keep, format!("focus: {}", score.focus.reading.because))
        }
        None => (Verdict::Maybe, weakest.1),
    };
}

/// Nothing can be measured on a picture of a few pixels.
fn too_tiny(picture: &Rgb8) -> Score {
    let text = format!("a picture of {} x {} pixels cannot be judged", picture.w, picture.h);
    let quality = Quality {
        reading: Reading::new(0.0, text.clone()),
        flaws: vec![Flaw { kind: "small".to_owned(), text, weight: 1.0, region: None }],
        noise: 0.0,
    };
    let mut score = Score { quality, size: [picture.w, picture.h], ..Score::default() };
    conclude(&mut score, &Weights::default());
    score
}

#[cfg(test)]
pub(in crate::score) mod tests {
    use super::*;
    use crate::imaging::Plane;

    /// 1 4 6 4 1 down and across, as the edges are smoothed.
    pub(super) fn smoothed(p: &Plane) -> Plane {
        let pass = |p: &Plane, dx: isize, dy: isize| {
            Plane::from_fn(p.w, p.h, |x, y| {
                let at = |k: isize| {
                    let clamp = |v: isize, n: usize| v.clamp(0, n as isize - 1) as usize;
                    p.at(clamp(x as isize + k * dx, p.w), clamp(y as isize + k * dy, p.h))
                };
                (6.0 * at(0) + 4.0 * (at(-1) + at(1)) + at(-2) + at(2)) / 16.0
            })
        };
        pass(&pass(p, 1, 0), 0, 1)
    }

    /// A gold bar with a pattern on light grey, turned clockwise by `deg`, blurred by `soft`, lit by `gain`.
    pub(super) fn piece(deg: f32, soft: f32, gain: f32) -> Rgb8 {
        let (s, c) = deg.to_radians().sin_cos();
        Rgb8::from_fn(300, 200, |x, y| {
            let (dx, dy) = (x as f32 - 149.5, y as f32 - 99.5);
            let (u, v) = (c * dx + s * dy, c * dy - s * dx);
            let edge = |d: f32| (0.5 - d / (1.0 + 2.0 * soft)).clamp(0.0, 1.0);
            let body = edge(u.abs() - 25.0) * edge(v.abs() - 70.0);
            let cap = edge((u * u + (v + 60.0).powi(2)).sqrt() - 12.0);
            let light = [0.55 - 0.35 * body + 0.4 * cap, 0.55 - 0.42 * body, 0.55 - 0.53 * body];
            light.map(|v| crate::imaging::colour::srgb_encode8(v * gain))
        })
    }

    #[test]
    fn a_blurred_frame_never_outranks_a_darker_sharp_one() {
        let (sharp, soft) = (judge(&piece(0.0, 0.0, 0.35)), judge(&piece(0.0, 4.0, 1.0)));
        assert!(sharp.focus.reading.value > soft.focus.reading.value, "{sharp:?} {soft:?}");
    }

    #[test]
    fn roll_has_its_sign_and_size() {
        for deg in [-8.0, -2.0, 0.0, 3.0, 10.0] {
            let got = judge(&piece(deg, 0.5, 1.0)).symmetry.roll_deg;
            assert!((got - deg).abs() < 0.6, "{deg}: {got}");
        }
    }

    #[test]
    fn a_stop_is_read_as_a_stop() {
        let (one, half) = (judge(&piece(0.0, 0.0, 1.0)), judge(&piece(0.0, 0.0, 0.5)));
        let fell = one.lighting.exposure_ev - half.lighting.exposure_ev;
        assert!((fell - 1.0).abs() < 0.05, "{fell}");
    }
}
