//! The measures of live view: the same as those of stills, with buffers that are kept from frame to
//! frame. Energy is measured on every frame, and the piece found and the light read on every third
//! one; edges, stand, dust and flaws take turns, so that no frame pays for all of them, unless the
//! piece jumped.

use super::stats::fall;
use super::subject::{Found, Subject};
use super::view::{self, View};
use super::{
    Cleanliness, Focus, Histogram, Lighting, Quality, Score, Symmetry, Weights, cleanliness,
    conclude, focus, lighting, quality, symmetry, too_tiny,
};
use crate::imaging::lanes::wide_fn;
use crate::imaging::{Mask, Parts, Rect, Rgb8};
use std::sync::Arc;

/// What is to be drawn over the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlays {
    /// Mark what is in focus.
    pub peaking: bool,
    /// Mark clipped highlights and shadows.
    pub clipping: bool,
}

/// Values of [`Live::clipping`].
pub mod clip {
    /// Neither.
    pub const NONE: u8 = 0;
    /// Every channel at 2 or less: no detail in the shadow.
    pub const SHADOW: u8 = 1;
    /// At least one channel at 253 or more: no detail in the light.
    pub const HIGHLIGHT: u8 = 2;
}

/// What was measured on one live frame.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Every measure; without a signature.
    pub score: Score,
    /// Of the frame, every second pixel of every eighth row.
    pub histogram: Histogram,
    /// The frame's size: 0 where soft, up to 255 where an edge is as sharp as the pixels allow.
    pub peaking: Option<Arc<Mask>>,
    /// The frame's size, values of [`clip`].
    pub clipping: Option<Arc<Mask>>,
}

/// Judges one live frame after the other.
#[derive(Default)]
pub struct Analyser {
    view: View,
    focus: focus::Buffers,
    dust: cleanliness::Buffers,
    seen: Option<Parts>,
    frame: u32,
    noise: f32,
    /// The piece as it was found last.
    subject: Option<Subject>,
    last: Option<Last>,
    /// Masks of the last frame, used again once nobody looks at them any more.
    drawn: [Arc<Mask>; 2],
}

/// What was measured on earlier frames.
#[derive(Default)]
struct Last {
    rect: Rect,
    full: [usize; 2],
    focus: Focus,
    symmetry: Symmetry,
    lighting: Lighting,
    cleanliness: Cleanliness,
    quality: Quality,
}

/// Frames until each of the slow measures has had its turn: .4 s of a live view.
const ROUND: u32 = 12;
/// The piece is found and its light read on the first of so many frames: a tenth of a second.
const REST: u32 = 3;

impl Analyser {
    /// An analyser that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a network saw in one of the last frames, until it says something else; none lets the analyser find
    /// the piece by itself.
    pub fn set_seen(&mut self, seen: Option<Parts>) {
        self.seen = seen;
    }

    /// Measures a frame.
    pub fn analyse(&mut self, frame: &Rgb8, wanted: Overlays) -> Live {
        let same = self.last.as_ref().is_some_and(|last| last.full == [frame.w, frame.h]);
        let kept = self.subject.take().filter(|_| same && !self.frame.is_multiple_of(REST));
        // The small picture is what the piece is found on and the light read.
        self.view.load(frame, view::LIVE, kept.is_none());
        let histogram = histogram(frame);
        let clipping = wanted.clipping.then(|| {
            let mut mask = blank(&mut self.drawn[0], [frame.w, frame.h]);
            clipping(frame, &mut mask);
            lend(&mut self.drawn[0], mask)
        });
        if self.view.is_tiny() {
            return Live { score: too_tiny(frame), histogram, clipping, peaking: None };
        }
        let fresh = kept.is_none();
        let subject = kept.unwrap_or_else(|| Subject::find(&self.view, None, self.seen.as_ref()));
        let score = self.measure(frame, &subject, fresh, wanted.peaking);
        self.subject = Some(subject);
        let peaking = wanted.peaking.then(|| {
            let mut mask = blank(&mut self.drawn[1], self.view.full);
            self.peaking(&mut mask);
            lend(&mut self.drawn[1], mask)
        });
        self.frame = (self.frame + 1) % ROUND;
        Live { score, histogram, peaking, clipping }
    }

    fn measure(&mut self, frame: &Rgb8, subject: &Subject, fresh: bool, peaking: bool) -> Score {
        let view = &self.view;
        let jumped = self.last.as_ref().is_none_or(|last| last.jumped(subject.rect, view));
        let turn = |k: u32| jumped || self.frame == k;
        if turn(0) {
            self.noise = focus::noise(&view.tone);
        }
        let mut last = self.last.take().unwrap_or_default();
        if fresh {
            last.lighting = lighting::read(view, view.rgb(frame), subject);
        }
        (last.rect, last.full) = (subject.rect, view.full);
        if turn(1) || turn(7) {
            last.focus = focus::read(view, subject, self.noise, &mut self.focus);
        } else {
            last.focus.energy = focus::energy(view, subject, self.noise);
            if peaking {
                // What is drawn must lie on this frame's edges; how wide they are is measured in turn.
                self.focus.edges.find(view, subject, self.noise);
            }
        }
        if turn(3) {
            last.symmetry = symmetry::read(view, subject).symmetry;
        }
        if turn(5) {
            last.cleanliness = cleanliness::read(view, subject, self.noise, &mut self.dust);
        }
        if turn(10) {
            let (focus, light, noise) = (&last.focus, &last.lighting, self.noise);
            let seen = quality::Seen { view, picture: frame, subject, focus, light, noise };
            last.quality = quality::read(&seen);
        }
        let piece = (subject.found == Found::Piece).then(|| view.outward(subject.rect));
        let mut score = Score {
            focus: last.focus.clone(),
            symmetry: last.symmetry.clone(),
            lighting: last.lighting.clone(),
            cleanliness: last.cleanliness.clone(),
            quality: last.quality.clone(),
            size: view.full,
            subject: piece,
            ..Score::default()
        };
        conclude(&mut score, &Weights::default());
        self.last = Some(last);
        score
    }

    /// The edges that were just found, each as bright as it is sharp, in the frame's pixels.
    fn peaking(&self, mask: &mut Mask) {
        let ([w, _], s) = (self.view.full, self.view.step);
        for edge in &self.focus.edges.all {
            let bright = (255.0 * fall(edge.rough, 0.8, 1.9)) as u8;
            let (x, y) = (edge.x as usize * s, edge.y as usize * s);
            for row in mask.data.chunks_exact_mut(w).skip(y).take(s) {
                row[x..(x + s).min(w)].iter_mut().for_each(|v| *v = (*v).max(bright));
            }
        }
    }
}

impl Last {
    /// Whether what was measured is about a piece that is elsewhere by now.
    fn jumped(&self, rect: Rect, view: &View) -> bool {
        let ((ax, ay), (bx, by)) = (self.rect.centre(), rect.centre());
        let moved = (ax - bx).hypot(ay - by) > 0.04 * view.tone.w as f32;
        self.full != view.full || self.rect.is_empty() != rect.is_empty() || moved
    }
}

fn histogram(frame: &Rgb8) -> Histogram {
    let mut histogram = Histogram::default();
    let [red, green, blue, all] = &mut histogram.bins;
    for y in (0..frame.h).step_by(8) {
        let row = &frame.data[y * frame.w * 3..(y + 1) * frame.w * 3];
        for p in row.chunks_exact(6) {
            let luma = (54 * u32::from(p[0]) + 183 * u32::from(p[1]) + 19 * u32::from(p[2])) >> 8;
            red[p[0] as usize] += 1;
            green[p[1] as usize] += 1;
            blue[p[2] as usize] += 1;
            all[luma as usize & 255] += 1;
        }
    }
    histogram
}

/// An empty mask of a size, in the memory of one that nobody else holds any more.
fn blank(last: &mut Arc<Mask>, [w, h]: [usize; 2]) -> Mask {
    let mut mask = Arc::get_mut(last).map(std::mem::take).unwrap_or_default();
    (mask.w, mask.h) = (w, h);
    mask.data.clear();
    mask.data.resize(w * h, 0);
    mask
}

/// Keeps a mask and shares it.
fn lend(last: &mut Arc<Mask>, mask: Mask) -> Arc<Mask> {
    *last = Arc::new(mask);
    Arc::clone(last)
}

fn clipping(frame: &Rgb8, mask: &mut Mask) {
    /// Pixels that are looked at together: most of a frame is nowhere near either end.
    const RUN: usize = 64;
    for (bytes, out) in frame.data.chunks(3 * RUN).zip(mask.data.chunks_mut(RUN)) {
        let (low, high) = ends(bytes);
        if low > 2 && high < 253 {
            continue;
        }
        for (out, p) in out.iter_mut().zip(bytes.as_chunks::<3>().0) {
            let high = p[0].max(p[1]).max(p[2]);
            *out = u8::from(high <= 2) * clip::SHADOW + u8::from(high >= 253) * clip::HIGHLIGHT;
        }
    }
}

wide_fn! {
    fn ends(values: &[u8]) -> (u8, u8) {
        values.iter().fold((255, 0), |(low, high), v| (low.min(*v), high.max(*v)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::piece;
    use super::*;

    #[test]
    fn live_measures_are_those_of_stills_after_one_round() {
        let frame = piece(4.0, 0.5, 1.0);
        let mut analyser = Analyser::new();
        let wanted = Overlays { peaking: true, clipping: true };
        let lives: Vec<Live> = (0..=ROUND).map(|_| analyser.analyse(&frame, wanted)).collect();
        let still = super::super::judge(&frame);
        for live in &lives {
            assert_eq!(live.score.symmetry, still.symmetry);
            assert_eq!(live.score.lighting, still.lighting);
            assert_eq!(live.score.focus, still.focus);
        }
        let peaking = lives[ROUND as usize].peaking.as_ref().map(|mask| mask.count());
        assert!(peaking > Some(50), "{peaking:?}");
    }

    #[test]
    fn clipping_marks_both_ends() {
        let frame = Rgb8::from_fn(3, 1, |x, _| [[0, 1, 2], [9, 9, 9], [200, 254, 0]][x]);
        let mut mask = Mask::new(3, 1);
        clipping(&frame, &mut mask);
        assert_eq!(mask.data, [clip::SHADOW, clip::NONE, clip::HIGHLIGHT]);
    }

    #[test]
    fn what_a_network_saw_takes_part_until_it_is_withdrawn() {
        let frame = piece(0.0, 0.5, 1.0);
        let mut analyser = Analyser::new();
        let own = analyser.analyse(&frame, Overlays::default()).score.subject.unwrap();
        // It sees the left half of the piece alone.
        let (middle, _) = own.centre();
        let left = |x: usize, y: usize| own.contains(x, y) && (x as f32) < middle;
        let subject = Mask::from_fn(frame.w, frame.h, |x, y| 255 * u8::from(left(x, y)));
        let nothing = Mask::new(frame.w, frame.h);
        let half = Parts { subject, metal: nothing.clone(), stone: nothing };
        analyser.set_seen(Some(half));
        let last = (0..=ROUND).map(|_| analyser.analyse(&frame, Overlays::default())).last();
        let rect = last.and_then(|l| l.score.subject).unwrap();
        assert!(rect.w * 10 < own.w * 7 && rect.x.abs_diff(own.x) < 9, "{rect:?} of {own:?}");
        analyser.set_seen(None);
        let last = (0..=ROUND).map(|_| analyser.analyse(&frame, Overlays::default())).last();
        assert_eq!(last.and_then(|l| l.score.subject), Some(own));
    }
}
