//! Finds a grey card by its shape (an even, straight-edged quadrilateral) and its neutrality.

use super::geometry::{Homography, doubled_area};
use super::reading::{Card, Found, Grid, NotFound, Source, read, reference_of};
use super::regions::{Sums, label, sums};
use super::working::Working;
use crate::imaging::colour;

/// Longer side of the reduced picture.
const SIDE: usize = 500;
/// Steps between neighbours that the card may have, as in `regions`.
const STEPS: [f32; 3] = [0.012, 0.024, 0.045];
/// Share of the frame that a card covers.
const SHARE: std::ops::Range<f64> = 0.012..0.7;
/// Pixels of the region over the area of its quadrilateral.
const FULL: std::ops::Range<f64> = 0.93..1.05;
/// Standard deviation over the mean inside a card, at most.
const UNEVEN: f32 = 0.09;
/// Largest ratio of the channels of a card in linear light: a white balance may be far off, but a
/// red cloth is no card.
const CAST: f32 = 1.9;
/// Largest ratio of a card's sides, and of opposite ones; largest cosine of its angles.
const LONGEST: f64 = 2.0;
const ALIKE: f64 = 1.3;
const LEANING: f64 = 0.35;
/// Where an edge is looked for: places along it, and just inside and outside, in sides of the card.
const ALONG: [f64; 7] = [-0.42, -0.3, -0.15, 0.0, 0.15, 0.3, 0.42];
const INSIDE: f64 = 0.455;
const OUTSIDE: f64 = 0.555;
/// Smallest step of brightness from a card to what is around it.
const STANDS_OUT: f32 = 0.05;

/// Looks for a grey card; the largest one when there are several.
pub(super) fn find_grey(source: Source<'_>) -> Result<Found, NotFound> {
    let working = Working::new(source, SIDE, matches!(source, Source::Linear(_)));
    let smooth = working.smoothed();
    let mut best: Option<(f64, Found)> = None;
    let mut clipped = false;
    let frame = (working.w * working.h) as f64;
    let pixels = (SHARE.start * frame) as usize..(SHARE.end * frame) as usize;
    for step in STEPS {
        let labels = label(working.w, working.h, &smooth, step);
        for (root, sums) in sums(working.w, &labels, pixels.clone()) {
            let Some(corners) = quadrilateral(&working, &labels, root, &sums) else { continue };
            let Some(found) = card_at(source, &working, corners) else { continue };
            if found.patches[0].clipped > 0.1 {
                clipped = true;
            } else if best.as_ref().is_none_or(|b| b.0 < f64::from(sums.n)) {
                best = Some((f64::from(sums.n), found));
            }
        }
    }
    match best {
        Some((_, found)) => Ok(found),
        None if clipped => Err(NotFound::Clipped(1)),
        None => Err(NotFound::Nothing("grey card")),
    }
}

/// The corners of a region, clockwise from the upper left, when it is a quadrilateral away from the
/// frame's edge.
fn quadrilateral(
    working: &Working,
    labels: &[u32],
    root: u32,
    sums: &Sums,
) -> Option<[[f64; 2]; 4]> {
    let (w, h) = (working.w, working.h);
    let mut points = Vec::new();
    for y in 0..h {
        let row = &labels[y * w..(y + 1) * w];
        let Some(first) = row.iter().position(|&l| l == root) else { continue };
        let last = row.iter().rposition(|&l| l == root)?;
        if first == 0 || last == w - 1 || y == 0 || y == h - 1 {
            return None;
        }
        for x in [first as f64, last as f64 + 1.0] {
            points.push([x, y as f64]);
            points.push([x, y as f64 + 1.0]);
        }
    }
    let corners = extremes(&points, [sums.x / f64::from(sums.n), sums.y / f64::from(sums.n)])?;
    let area = doubled_area(&corners).abs() / 2.0;
    let full = FULL.contains(&(f64::from(sums.n) / area));
    (full && is_card_shaped(&corners)).then_some(corners)
}

/// Four corners: the farthest point from the middle, the farthest from that, and the farthest on
/// either side of the line between them.
fn extremes(points: &[[f64; 2]], middle: [f64; 2]) -> Option<[[f64; 2]; 4]> {
    let far = |from: [f64; 2]| {
        let d = |p: &[f64; 2]| (p[0] - from[0]).powi(2) + (p[1] - from[1]).powi(2);
        points.iter().copied().max_by(|a, b| d(a).total_cmp(&d(b)))
    };
    let a = far(middle)?;
    let c = far(a)?;
    let beside = |p: &[f64; 2]| (c[0] - a[0]) * (p[1] - a[1]) - (c[1] - a[1]) * (p[0] - a[0]);
    let b = points.iter().copied().min_by(|p, q| beside(p).total_cmp(&beside(q)))?;
    let d = points.iter().copied().max_by(|p, q| beside(p).total_cmp(&beside(q)))?;
    let mut corners = [a, b, c, d];
    let upper_left = (0..4).min_by(|&i, &j| {
        let sum = |k: usize| corners[k][0] + corners[k][1];
        sum(i).total_cmp(&sum(j))
    })?;
    corners.rotate_left(upper_left);
    Some(corners)
}

/// Reads the card and checks that it is even, neutral and stands out from what is around it.
fn card_at(source: Source<'_>, working: &Working, corners: [[f64; 2]; 4]) -> Option<Found> {
    let reference = reference_of(Card::Grey);
    let grid = Grid::of(&reference, 1.0);
    let pairs: Vec<_> = grid.corners().into_iter().zip(corners).collect();
    let near = Homography::from_pairs(&pairs)?;
    if !stands_out(working, &near) {
        return None;
    }
    let scale = working.factor as f64;
    let pairs: Vec<_> = pairs.into_iter().map(|(p, q)| (p, q.map(|v| v * scale))).collect();
    let found = read(source, &reference, &grid, &Homography::from_pairs(&pairs)?)?;
    let patch = &found.patches[0];
    let light = if found.encoded { patch.decoded } else { patch.values };
    let (low, high) = light.iter().fold((f32::MAX, 0.0_f32), |s, &v| (s.0.min(v), s.1.max(v)));
    // A sensor's own primaries are far from balanced; neutrality says nothing there.
    let neutral = !found.encoded || high < CAST * low.max(1e-4);
    let lit = colour::luminance(light) > 0.01;
    (neutral && lit && patch.unevenness < UNEVEN).then_some(Found { card: Card::Grey, ..found })
}

/// Whether the brightness changes at the edges that the corners promise, all along all four of them.
fn stands_out(working: &Working, map: &Homography) -> bool {
    let level = |p: [f64; 2]| working.sample(map.map(p)).map(|v| v.iter().sum::<f32>() / 3.0);
    let changes = |p: [f64; 2], q: [f64; 2]| {
        level(p).zip(level(q)).is_some_and(|(i, o)| (i - o).abs() > STANDS_OUT)
    };
    let side = |towards: [f64; 2]| {
        let seen = ALONG.iter().filter(|&&along| {
            let at =
                |d: f64| [towards[0] * d + towards[1] * along, towards[1] * d + towards[0] * along];
            changes(at(INSIDE), at(OUTSIDE))
        });
        seen.count() >= ALONG.len() - 1
    };
    [[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]].into_iter().all(side)
}

/// Whether the corners are those of a rectangle seen not too far from its front: opposite sides of
/// about one length, and angles near right ones.
fn is_card_shaped(corners: &[[f64; 2]; 4]) -> bool {
    let side = |i: usize| {
        let (a, b) = (corners[i], corners[(i + 1) % 4]);
        [b[0] - a[0], b[1] - a[1]]
    };
    let length = |v: [f64; 2]| v[0].hypot(v[1]);
    let alike = |i: usize| {
        let ratio = length(side(i)) / length(side(i + 2)).max(1e-9);
        (1.0 / ALIKE..ALIKE).contains(&ratio)
    };
    let upright = |i: usize| {
        let (a, b) = (side(i), side((i + 1) % 4));
        (a[0] * b[0] + a[1] * b[1]).abs() < LEANING * length(a) * length(b)
    };
    let ratio = length(side(0)) / length(side(1)).max(1e-9);
    (1.0 / LONGEST..LONGEST).contains(&ratio) && (0..2).all(alike) && (0..4).all(upright)
}
