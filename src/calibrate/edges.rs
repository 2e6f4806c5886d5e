//! Settles where the patches of a chart begin and end, from the edges towards the gaps.

use super::geometry::Homography;
use super::reading::SIDE;
use super::working::Working;

/// Distances from a patch's middle that are looked at, in pitches: from inside it to mid-gap.
const FROM: f64 = 0.24;
const TO: f64 = 0.56;
const STEPS: usize = 33;
/// Places beside one another over which an edge is averaged, in pitches from the middle.
const ACROSS: [f64; 5] = [-0.2, -0.1, 0.0, 0.1, 0.2];
/// Smallest step of a channel at an edge.
const EDGE: f32 = 0.015;

/// The map that puts the middles of the patches between their edges, and the patches' side in
/// pitches.
pub(super) fn settle(working: &Working, start: &Homography) -> (Homography, f64) {
    let mut map = *start;
    let mut side = SIDE;
    for _ in 0..2 {
        let edges = edges(working, &map);
        side = common_side(&edges).unwrap_or(side);
        let Some(better) = through(&edges, &map, side) else { break };
        map = better;
    }
    (map, side)
}

/// For each patch the distances to its left, right, upper and lower edge, in pitches.
fn edges(working: &Working, map: &Homography) -> Vec<[Option<f64>; 4]> {
    let patch = |i: usize| {
        let centre = [(i % 6) as f64, (i / 6) as f64];
        [[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]]
            .map(|towards| edge(working, map, centre, towards))
    };
    (0..24).map(patch).collect()
}

/// The distance at which the colour changes most on the way from a patch's middle to the gap.
fn edge(working: &Working, map: &Homography, centre: [f64; 2], towards: [f64; 2]) -> Option<f64> {
    let at = |k: usize| FROM + (TO - FROM) * k as f64 / (STEPS - 1) as f64;
    let profile: Option<Vec<[f32; 3]>> = (0..STEPS)
        .map(|k| {
            let mut sum = [0.0; 3];
            for across in ACROSS {
                let p = [
                    centre[0] + towards[0] * at(k) + towards[1] * across,
                    centre[1] + towards[1] * at(k) + towards[0] * across,
                ];
                let v = working.sample(map.map(p))?;
                sum = [sum[0] + v[0], sum[1] + v[1], sum[2] + v[2]];
            }
            Some(sum.map(|v| v / ACROSS.len() as f32))
        })
        .collect();
    let profile = profile?;
    let change = |k: usize| {
        let (a, b) = (profile[k - 2], profile[k + 2]);
        (0..3).map(|c| (a[c] - b[c]).abs()).sum::<f32>()
    };
    let changes: Vec<f32> = (2..STEPS - 2).map(change).collect();
    let top = changes.iter().copied().fold(0.0, f32::max);
    if top < EDGE {
        return None;
    }
    // The middle of the edge's own weight: finer than a step and steadier than its peak.
    let (mut sum, mut weight) = (0.0, 0.0);
    for (k, &c) in changes.iter().enumerate() {
        let over = f64::from((c - 0.5 * top).max(0.0));
        sum += over * at(k + 2);
        weight += over;
    }
    Some(sum / weight)
}

/// The median side over all patches with two opposite edges.
fn common_side(edges: &[[Option<f64>; 4]]) -> Option<f64> {
    let mut sides: Vec<f64> = edges
        .iter()
        .flat_map(|e| [e[0].zip(e[1]), e[2].zip(e[3])])
        .flatten()
        .map(|(a, b)| a + b)
        .collect();
    sides.sort_by(f64::total_cmp);
    (sides.len() >= 6).then(|| sides[sides.len() / 2])
}

/// The map through the middles between the edges; patches whose edges are another side apart, or are
/// not seen, keep the place that the old map gives them.
fn through(edges: &[[Option<f64>; 4]], map: &Homography, side: f64) -> Option<Homography> {
    let middle = |low: Option<f64>, high: Option<f64>| match (low, high) {
        (Some(l), Some(h)) if (l + h - side).abs() < 0.08 => (h - l) / 2.0,
        _ => 0.0,
    };
    let pairs: Vec<_> = edges
        .iter()
        .enumerate()
        .map(|(i, e)| {
            let place = [(i % 6) as f64, (i / 6) as f64];
            let found = [place[0] + middle(e[0], e[1]), place[1] + middle(e[2], e[3])];
            (place, map.map(found))
        })
        .collect();
    Homography::from_pairs(&pairs)
}

/// Smallest difference from the chart's frame, of a channel, for a patch to have edges at all.
const STANDS_OUT: f32 = 0.12;
/// Share of that difference that must be seen between a patch and the gap beside it.
const SEEN: f32 = 0.25;

/// Patches that differ clearly from the chart's frame and yet have no frame around them: something
/// lies over both.
pub(super) fn covered(working: &Working, map: &Homography) -> Vec<usize> {
    let at = |p: [f64; 2]| working.sample(map.map(p));
    let gaps: Vec<[f32; 3]> = (0..24).flat_map(|i| sides(i).map(|s| s.1)).filter_map(at).collect();
    let frame: [f32; 3] = std::array::from_fn(|c| {
        let mut values: Vec<f32> = gaps.iter().map(|g| g[c]).collect();
        values.sort_by(f32::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    });
    let apart = |a: [f32; 3], b: [f32; 3]| (0..3).map(|c| (a[c] - b[c]).abs()).fold(0.0, f32::max);
    let is_covered = |&i: &usize| {
        let Some(own) = at([(i % 6) as f64, (i / 6) as f64]) else { return false };
        let contrast = apart(own, frame);
        let seen = sides(i).into_iter().filter(|(inside, gap)| {
            at(*inside).zip(at(*gap)).is_some_and(|(a, b)| apart(a, b) > SEEN * contrast)
        });
        contrast > STANDS_OUT && seen.count() <= 1
    };
    (0..24).filter(is_covered).collect()
}

/// For each side of a patch a place inside it and one in the middle of the gap.
fn sides(i: usize) -> [([f64; 2], [f64; 2]); 4] {
    let (c, r) = ((i % 6) as f64, (i / 6) as f64);
    [[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]].map(|d| {
        let at = |far: f64| [c + d[0] * far, r + d[1] * far];
        (at(0.3), at(0.5))
    })
}
