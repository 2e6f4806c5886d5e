//! How the piece stands: roll, a ring's head against its band, pairs, place and fill, and where the
//! halves differ.
//!
//! What is compared is .6 of the gradient, scaled to its strong edges, and .4 of the soft mask: light
//! falls from one side, outlines do not.

use super::components::{Component, find};
use super::limits::{HEAD_DEG, PAIR_DEG, ROLL_DEG};
use super::mirror::{self, Axis};
use super::stats::{fall, quantile};
use super::subject::{Found, Subject};
use super::view::View;
use super::{Pair, Reading, Symmetry};
use crate::imaging::{Mask, Plane, Rect};

/// Side of the canvas that is searched.
const SIDE: usize = 128;
/// Halves less alike than this are no mirror images.
const ALIKE: f32 = 0.62;
/// A likeness that rises less than this is the same from every side.
const RISE: f32 = 0.02;

/// What was found, and where the halves differ.
pub(super) struct Standing {
    pub(super) symmetry: Symmetry,
    /// Differences of the halves and the working pixels that its canvas covers.
    pub(super) residual: Option<(Plane, Canvas)>,
}

/// Reads the stand of the piece.
pub(super) fn read(view: &View, subject: &Subject) -> Standing {
    let mut symmetry = framing(view, subject);
    if subject.found != Found::Piece {
        let because = match subject.found {
            Found::Nothing => "no piece in the frame",
            _ => "no plain backdrop: the piece's outline cannot be told",
        };
        symmetry.reading =
            Reading::new(if subject.found == Found::Nothing { 0.0 } else { 0.5 }, because);
        return Standing { symmetry, residual: None };
    }
    if let Some([left, right]) = pair(subject) {
        symmetry.pair = Some(read_pair(view, subject, left, right));
    }
    let canvas = Canvas::around(subject.rect);
    let drawn = canvas.draw(view, subject, subject.rect, 0.0);
    let axis = mirror::search(&drawn);
    symmetry.likeness = axis.likeness.clamp(0.0, 1.0);
    symmetry.mirrored = found(axis);
    if symmetry.mirrored {
        symmetry.roll_deg = axis.deg;
        symmetry.head_deg = symmetry.pair.is_none().then(|| head(subject, axis)).flatten();
    }
    let residual = symmetry.mirrored.then(|| (mirror::residual(&drawn, axis), canvas));
    symmetry.reading = reading(&symmetry, axis);
    if let Some((differs, canvas)) = &residual
        && let Some(rect) = canvas.largest(differs)
    {
        symmetry.reading = symmetry.reading.at(view.outward(rect));
    }
    Standing { symmetry, residual }
}

fn found(axis: Axis) -> bool {
    axis.inner && axis.likeness >= ALIKE && axis.rise >= RISE
}

/// Whether the likeness is the same at every turn.
fn round(axis: Axis) -> bool {
    axis.likeness >= ALIKE && axis.rise < RISE
}

/// Place and fill: the extent against the frame.
fn framing(view: &View, subject: &Subject) -> Symmetry {
    if subject.found != Found::Piece {
        let fill = if subject.found == Found::Frame { 1.0 } else { 0.0 };
        return Symmetry { fill, ..Symmetry::default() };
    }
    let (r, step) = (subject.rect, view.step as f32);
    let (cx, cy) = r.centre();
    let [w, h] = view.full.map(|v| v as f32);
    let offset = [cx * step - 0.5 * w, cy * step - 0.5 * h];
    let fill = (r.w as f32 * step / w).max(r.h as f32 * step / h).min(1.0);
    Symmetry { offset, fill, ..Symmetry::default() }
}

fn reading(s: &Symmetry, axis: Axis) -> Reading {
    let framed = 0.5 + 0.5 * fall((s.fill - 0.65).abs(), 0.2, 0.6);
    if let Some(pair) = s.pair {
        return pair_reading(pair, framed);
    }
    if round(axis) {
        return Reading::new(0.9 * framed, "round: it looks the same at every turn");
    }
    if !s.mirrored {
        return Reading::new(0.6 * framed, "no mirror symmetry from here: stand is not judged");
    }
    let straight = fall(s.roll_deg.abs(), 0.4, 8.0);
    let head = s.head_deg.map_or(1.0, |deg| fall(deg.abs(), 0.7 * HEAD_DEG, 15.0));
    let value = framed * straight.min(head) * (0.7 + 0.3 * s.likeness);
    let because = if s.head_deg.is_some_and(|deg| deg.abs() >= s.roll_deg.abs().max(HEAD_DEG)) {
        let deg = s.head_deg.unwrap_or_default();
        format!("the head is turned {:.1}° {} against the band", deg.abs(), way(deg))
    } else if s.roll_deg.abs() >= ROLL_DEG {
        format!("the piece leans {:.1}° {}", s.roll_deg.abs(), way(s.roll_deg))
    } else if s.fill < 0.4 {
        format!("upright, but small: it fills {:.0} % of the frame", s.fill * 100.0)
    } else {
        format!("upright within {:.1}°", s.roll_deg.abs().max(0.1))
    };
    Reading::new(value, because)
}

fn pair_reading(pair: Pair, framed: f32) -> Reading {
    let worst =
        pair.roll_deg.iter().flatten().fold(0.0_f32, |a, b| if b.abs() > a.abs() { *b } else { a });
    let odd = (pair.size_ratio.ln().abs() * 100.0).min(99.0);
    let value = framed * fall(worst.abs(), 0.6, 10.0) * fall(odd, 6.0, 40.0);
    let because = if worst.abs() >= PAIR_DEG {
        let what = match pair.roll_deg {
            [Some(a), Some(b)] if a == b => "it is turned",
            [Some(a), _] if a == worst => "the left piece leans",
            _ => "the right piece leans",
        };
        format!("a pair: {what} {:.1}° {}", worst.abs(), way(worst))
    } else if odd > 8.0 {
        format!("a pair: one looks {odd:.0} % larger, set both at one distance")
    } else {
        "a pair, alike and straight".to_owned()
    };
    Reading::new(value, because)
}

fn way(deg: f32) -> &'static str {
    if deg > 0.0 { "clockwise" } else { "counter-clockwise" }
}

/// Two separate pieces of about one size side by side, in proxy pixels, left one first.
fn pair(subject: &Subject) -> Option<[&Component; 2]> {
    let [a, b] = subject.pieces.get(..2)? else { return None };
    let third = subject.pieces.get(2).map_or(0, |c| c.area);
    let alike = b.area * 3 > a.area * 2 && third * 4 < b.area;
    let apart = a.rect.right() <= b.rect.x || b.rect.right() <= a.rect.x;
    let level = a.rect.y.max(b.rect.y) < a.rect.bottom().min(b.rect.bottom());
    let (left, right) = if a.rect.x < b.rect.x { (a, b) } else { (b, a) };
    (alike && apart && level).then_some([left, right])
}

fn read_pair(view: &View, subject: &Subject, left: &Component, right: &Component) -> Pair {
    let s = subject.step();
    let axis = |r: Rect| {
        let r = Rect::new(r.x * s, r.y * s, r.w * s, r.h * s);
        mirror::search(&Canvas::around(r).draw(view, subject, r, 0.0))
    };
    // Middles of mass: an extent's is as coarse as the proxy's pixels.
    let ((lx, ly), (rx, ry)) = (left.centre, right.centre);
    let askew = (ry - ly).atan2(rx - lx).to_degrees();
    let roll_deg = match [axis(left.rect), axis(right.rect)] {
        // Round ones have no axis of their own: the line through both tells, unless they were laid out
        // aslant.
        [a, b] if round(a) && round(b) => [(askew.abs() < 12.0).then_some(askew); 2],
        both => both.map(|axis| found(axis).then_some(axis.deg)),
    };
    let scale = (s * view.step) as f32;
    let size = |r: Rect| (r.w as f32 * r.h as f32).sqrt();
    Pair {
        roll_deg,
        drop_px: (ry - ly) * scale,
        size_ratio: size(right.rect) / size(left.rect).max(1.0),
    }
}

/// A ring shows the backdrop through its band. The head is what lies above that hole: the turn of
/// its own axis against that of the whole.
fn head(subject: &Subject, whole: Axis) -> Option<f32> {
    let s = subject.step();
    let hole = hole(subject)?;
    let (r, hole) = (subject.rect, Rect::new(hole.x * s, hole.y * s, hole.w * s, hole.h * s));
    // The band's upper arc belongs to the band: start a little above the hole.
    let bottom = hole.y.saturating_sub(hole.h / 12);
    let head = Rect::new(r.x, r.y, r.w, bottom.saturating_sub(r.y));
    let head = head_extent(subject, head)?;
    if (head.h as f32) < 0.14 * r.h as f32 || head.w < 24 || head.h < 24 {
        return None;
    }
    let fade = 0.3 * head.h as f32;
    // By its outline alone: light falls on a head from one side, and that must not turn it.
    let axis = mirror::search(&smooth(&Canvas::around(head).cover(subject, head, fade)));
    let deg = axis.deg - whole.deg;
    (found(axis) && deg.abs() < 15.0).then_some(deg)
}

/// The part of the mask inside a rectangle of working pixels.
fn head_extent(subject: &Subject, within: Rect) -> Option<Rect> {
    let s = subject.step();
    let small = Rect::new(within.x / s, within.y / s, within.w.div_ceil(s), within.h / s);
    let part = subject.mask.crop(small).extent();
    let rect = Rect::new((small.x + part.x) * s, (small.y + part.y) * s, part.w * s, part.h * s);
    (!part.is_empty()).then_some(rect)
}

/// The largest opening through the piece, if it is a twelfth of its extent or more; proxy pixels.
fn hole(subject: &Subject) -> Option<Rect> {
    let m = &subject.mask;
    let extent = m.extent();
    let inner = |c: &&Component| {
        let r = c.rect;
        r.x > extent.x
            && r.y > extent.y
            && r.right() < extent.right()
            && r.bottom() < extent.bottom()
    };
    let open = find(extent, |x, y| m.at(x, y) == 0);
    let hole = open.iter().find(inner)?;
    (hole.area * 12 > extent.area()).then_some(hole.rect)
}

/// A square of working pixels that the mirror search looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    /// Upper left corner, working pixels.
    x: f32,
    y: f32,
    /// Working pixels for one canvas pixel.
    scale: f32,
}

impl Canvas {
    /// A canvas that still holds the rectangle when it is turned.
    fn around(rect: Rect) -> Self {
        let (cx, cy) = rect.centre();
        let scale = 1.08 * (rect.w as f32).hypot(rect.h as f32) / SIDE as f32;
        let half = 0.5 * SIDE as f32 * scale;
        Self { x: cx - half, y: cy - half, scale }
    }

    /// Edges and soft mask of what is inside `only`, fading over the last `fade` working pixels at
    /// its lower side; 0 elsewhere.
    fn draw(&self, view: &View, subject: &Subject, only: Rect, fade: f32) -> Plane {
        let tone = self.means(view);
        let mask = self.cover(subject, only, fade);
        let mut edges = Plane::new(SIDE, SIDE);
        for y in 1..SIDE - 1 {
            for x in 1..SIDE - 1 {
                let i = y * SIDE + x;
                let dx = tone.data[i + 1] - tone.data[i - 1];
                let dy = tone.data[i + SIDE] - tone.data[i - SIDE];
                edges.data[i] = (dx * dx + dy * dy).sqrt();
            }
        }
        let mut strong: Vec<f32> = edges.data.iter().copied().filter(|v| *v > 1e-3).collect();
        let scale = 1.0 / quantile(&mut strong, 0.95).max(1e-3);
        let feature = Plane {
            w: SIDE,
            h: SIDE,
            data: edges
                .data
                .iter()
                .zip(&mask.data)
                .map(|(e, m)| (0.6 * (e * scale).min(1.0) + 0.4) * m)
                .collect(),
        };
        smooth(&feature)
    }

    /// Means of the tone over each canvas pixel's square.
    fn means(&self, view: &View) -> Plane {
        let t = &view.tone;
        let n = (self.scale.round() as usize).clamp(1, 6);
        let place = |from: f32, k: usize, end: usize| {
            let v = from + (k as f32 + 0.5) * self.scale / n as f32;
            v.clamp(0.0, end as f32 - 1.0) as usize
        };
        let columns: Vec<usize> = (0..SIDE * n).map(|k| place(self.x, k, t.w)).collect();
        let mut out = Plane::new(SIDE, SIDE);
        let mut sums = vec![0.0_f32; SIDE * n];
        for (y, line) in out.data.chunks_exact_mut(SIDE).enumerate() {
            sums.fill(0.0);
            for j in 0..n {
                let row = &t.data[place(self.y, y * n + j, t.h) * t.w..][..t.w];
                sums.iter_mut().zip(&columns).for_each(|(sum, x)| *sum += row[*x]);
            }
            for (out, some) in line.iter_mut().zip(sums.chunks_exact(n)) {
                *out = some.iter().sum::<f32>() / (n * n) as f32;
            }
        }
        out
    }

    /// The mask with linear weights between its pixels.
    fn cover(&self, subject: &Subject, only: Rect, fade: f32) -> Plane {
        let m = &subject.mask;
        let s = subject.step() as f32;
        let reach = only.grown(2, usize::MAX / 2, usize::MAX / 2);
        let end = only.bottom() as f32;
        Plane::from_fn(SIDE, SIDE, |x, y| {
            let (u, v) = self.outward(x as f32, y as f32);
            if !inside(reach, u, v) {
                return 0.0;
            }
            // A straight cut would be an edge of its own, and a level one: it fades instead.
            let kept = if fade > 0.0 { ((end - v) / fade).clamp(0.0, 1.0) } else { 1.0 };
            kept * cover_at(m, u / s - 0.5, v / s - 0.5)
        })
    }

    /// The largest connected area of the residual in working pixels, if it is large enough to matter.
    pub(super) fn largest(&self, residual: &Plane) -> Option<Rect> {
        let whole = Rect::new(0, 0, residual.w, residual.h);
        let blob = find(whole, |x, y| residual.at(x, y) > 0.3).into_iter().next()?;
        let r = blob.rect;
        let at = |v: usize, from: f32| (from + v as f32 * self.scale).max(0.0) as usize;
        let side = |n: usize| (n as f32 * self.scale).ceil() as usize;
        (blob.area >= 20).then(|| Rect::new(at(r.x, self.x), at(r.y, self.y), side(r.w), side(r.h)))
    }

    /// A place of the canvas in working pixels.
    pub(super) fn outward(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + (x + 0.5) * self.scale, self.y + (y + 0.5) * self.scale)
    }

    /// Working pixels for one canvas pixel.
    pub(super) fn scale(&self) -> f32 {
        self.scale
    }
}

/// A mask's coverage between its pixels, 0 to 1; outside that of the border.
fn cover_at(m: &Mask, x: f32, y: f32) -> f32 {
    let (x, y) = (x.clamp(0.0, (m.w - 1) as f32), y.clamp(0.0, (m.h - 1) as f32));
    let (i, j) = (x as usize, y as usize);
    let (fx, fy) = (x - i as f32, y - j as f32);
    let (right, below) = (usize::from(i + 1 < m.w), usize::from(j + 1 < m.h) * m.w);
    let at = j * m.w + i;
    let four = [at, at + right, at + below, at + below + right].map(|k| m.data[k]);
    if four == [0; 4] {
        return 0.0;
    }
    let [a, b, c, d] = four.map(|v| f32::from(v) * (1.0 / 255.0));
    let (top, low) = (a + fx * (b - a), c + fx * (d - c));
    top + fy * (low - top)
}

fn inside(r: Rect, x: f32, y: f32) -> bool {
    x >= r.x as f32 && y >= r.y as f32 && x < r.right() as f32 && y < r.bottom() as f32
}

/// The binomial 1 4 6 4 1 along both sides.
fn smooth(p: &Plane) -> Plane {
    let mut across = Plane::new(p.w, p.h);
    for (row, out) in p.data.chunks_exact(p.w).zip(across.data.chunks_exact_mut(p.w)) {
        super::focus::binomial_row(row, out);
    }
    Plane::from_fn(p.w, p.h, |x, y| {
        let at = |k: isize| across.at(x, (y as isize + k).clamp(0, p.h as isize - 1) as usize);
        (6.0 * at(0) + 4.0 * (at(-1) + at(1)) + at(-2) + at(2)) / 16.0
    })
}
