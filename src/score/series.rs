//! Which takes follow each other as takes of one thing, and which are a series.
//!
//! Framing is compared by the correlation of log luma over 16 x 16 cells, which neither exposure nor
//! focus changes much; content by colour shares, which reframing does not change much.

use super::Signature;
use super::curate::{Candidate, Kind};
use super::signature::{COARSE, FINE, OCTAVE};

/// How two pictures compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Likeness {
    /// Correlation of log luma: 1 the same framing of the same thing.
    pub(super) framing: f32,
    /// Mean difference of hue over the cells, encoded values.
    pub(super) hue: f32,
    /// Common share of colours, 0..1.
    pub(super) colours: f32,
    /// Mean difference of luma along the border, encoded values.
    pub(super) border: f32,
}

/// Compares two signatures.
pub(super) fn likeness(a: &Signature, b: &Signature) -> Likeness {
    let hue = mean_difference(&a.chroma, &b.chroma);
    // Shares are stored as square roots of 255.
    let product = |(p, q): (&u8, &u8)| f32::from(*p) * f32::from(*q) / (255.0 * 255.0);
    let colours = a.colours.iter().zip(&b.colours).map(product).sum::<f32>().min(1.0);
    let rim = |i: &usize| {
        let (x, y) = (i % FINE, i / FINE);
        x == 0 || y == 0 || x == FINE - 1 || y == FINE - 1
    };
    let rims: Vec<usize> = (0..FINE * FINE).filter(rim).collect();
    let pick = |s: &Signature| rims.iter().map(|&i| s.luma[i]).collect::<Vec<u8>>();
    let border = mean_difference(&pick(a), &pick(b));
    Likeness { framing: framing(a, b), hue, colours, border }
}

fn mean_difference(a: &[u8], b: &[u8]) -> f32 {
    let sum: u32 = a.iter().zip(b).map(|(p, q)| u32::from(p.abs_diff(*q))).sum();
    sum as f32 / a.len().max(1) as f32
}

/// The best correlation over shifts of at most one cell: hands move, focus breathes.
fn framing(a: &Signature, b: &Signature) -> f32 {
    let (a, b) = (logs(a), logs(b));
    let shifts = (-1..=1).flat_map(|y: isize| (-1..=1).map(move |x: isize| (x, y)));
    shifts.map(|(x, y)| correlation(&a, &b, x, y)).fold(-1.0, f32::max)
}

fn logs(s: &Signature) -> Vec<f32> {
    s.luma.iter().map(|v| (f32::from(*v) + 6.0).ln()).collect()
}

fn correlation(a: &[f32], b: &[f32], dx: isize, dy: isize) -> f32 {
    let n = FINE as isize;
    let range = |d: isize| d.max(0)..(n + d.min(0));
    let mut pairs = Vec::with_capacity(FINE * FINE);
    for y in range(dy) {
        for x in range(dx) {
            pairs.push((a[(y * n + x) as usize], b[((y - dy) * n + x - dx) as usize]));
        }
    }
    let count = pairs.len() as f32;
    let (ma, mb) = pairs.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / count, m.1 + p.1 / count));
    let (mut ab, mut aa, mut bb) = (0.0, 1e-4, 1e-4);
    for (p, q) in pairs {
        let (p, q) = (p - ma, q - mb);
        (ab, aa, bb) = (ab + p * q, aa + p * p, bb + q * q);
    }
    ab / (aa * bb).sqrt()
}

/// Two takes that follow each other.
struct Step {
    like: Likeness,
    /// Seconds between them, if both say when they were taken.
    gap: Option<f64>,
    /// Stops that the camera was changed by, if both say.
    exposure: Option<f32>,
    /// Stops that the pictures differ by.
    level: f32,
    /// Many places lost their detail to many others.
    refocused: bool,
    same_shape: bool,
}

/// Cuts takes into groups that follow each other, and names each.
pub(super) fn split(takes: &[Candidate]) -> Vec<(Vec<usize>, Kind)> {
    let steps: Vec<Option<Step>> = takes.windows(2).map(|w| step(&w[0], &w[1])).collect();
    let turning = turntables(takes, &steps);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in 0..takes.len() {
        let joins = i > 0
            && turning[i] == turning[i - 1]
            && (turning[i] > 0 || steps[i - 1].as_ref().is_some_and(joins));
        match groups.last_mut() {
            Some(group) if joins => group.push(i),
            _ => groups.push(vec![i]),
        }
    }
    let named = |group: Vec<usize>| {
        let kind =
            if turning[group[0]] > 0 { Kind::Turntable } else { kind(takes, &group, &steps) };
        (group, kind)
    };
    groups.into_iter().map(named).collect()
}

fn step(a: &Candidate, b: &Candidate) -> Option<Step> {
    let (one, two) = (a.score.signature.as_ref()?, b.score.signature.as_ref()?);
    let like = likeness(one, two);
    let level = two.level_ev() - one.level_ev();
    let refocused = refocused(one, two);
    let gap = a.facts.taken.zip(b.facts.taken).map(|(a, b)| (b - a).abs());
    let exposure = a.facts.exposure_ev().zip(b.facts.exposure_ev()).map(|(a, b)| b - a);
    let shape = |s: [usize; 2]| s[0] as f32 / s[1].max(1) as f32;
    let same_shape = (shape(a.score.size) / shape(b.score.size)).ln().abs() < 0.05;
    Some(Step { like, gap, exposure, level, refocused, same_shape })
}

/// Two octaves of energy gained in some cells and lost in others, in half of them altogether.
fn refocused(a: &Signature, b: &Signature) -> bool {
    let changed = |by: f32| {
        let change = |(p, q): (&u8, &u8)| (f32::from(*q) - f32::from(*p)) / OCTAVE * by > 2.0;
        a.energy.iter().zip(&b.energy).filter(|pair| change(*pair)).count()
    };
    let (gained, lost) = (changed(1.0), changed(-1.0));
    gained.min(lost) >= 6 && gained + lost >= COARSE * COARSE / 2
}

/// Whether a take shows what the one before it did.
fn joins(step: &Step) -> bool {
    let l = &step.like;
    let soon = step.gap.is_some_and(|gap| gap <= 15.0);
    let later = step.gap.is_some_and(|gap| gap > 180.0);
    // A change of exposure on purpose lifts shadows out of black: little of the picture is the same.
    let bracketed = step.exposure.is_some_and(|ev| ev.abs() > 0.6) && l.framing > 0.6
        // The camera may not say so: the pictures do.
        || step.exposure.is_none() && step.level.abs() > 0.7 && l.framing > 0.85 && l.hue < 6.0;
    let framed = l.framing > 0.945 && l.hue < 9.0 && l.colours > 0.6;
    // Focus that goes from one end of the room to the other leaves little of either as it was.
    let refocused = step.refocused && l.framing > 0.88 && l.hue < 6.0 && l.colours > 0.95;
    let at_once = step.gap.is_some_and(|gap| gap <= 5.0);
    let moved = soon && l.colours > if at_once { 0.7 } else { 0.84 } && l.framing > 0.2;
    step.same_shape && !later && (framed || moved || bracketed || refocused)
}

/// Numbers the runs of at least six takes in which the piece turns before a backdrop that stays:
/// 0 where there is none.
fn turntables(takes: &[Candidate], steps: &[Option<Step>]) -> Vec<usize> {
    let mut number = vec![0; takes.len()];
    let (mut start, mut count) = (0, 0);
    for i in 0..takes.len() {
        let goes_on = steps.get(i).and_then(Option::as_ref).is_some_and(turns);
        if goes_on {
            continue;
        }
        let run = start..i + 1;
        if run.len() >= 6 && steady(&steps[start..i]) {
            count += 1;
            number[run].fill(count);
        }
        start = i + 1;
    }
    number
}

/// The backdrop and the colours stay, the piece does not.
fn turns(step: &Step) -> bool {
    let l = &step.like;
    let set = step.same_shape && l.border < 4.0 && l.colours > 0.93 && l.hue < 6.0;
    set && (0.55..0.985).contains(&l.framing) && step.exposure.is_none_or(|ev| ev.abs() < 0.2)
}

/// Steps of a turntable take about the same time each.
fn steady(steps: &[Option<Step>]) -> bool {
    let gaps: Vec<f64> = steps.iter().flatten().filter_map(|s| s.gap).collect();
    if gaps.len() < steps.len() {
        return true;
    }
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    gaps.iter().all(|gap| (gap - mean).abs() < 0.6 * mean + 1.5)
}

/// What a group is.
fn kind(takes: &[Candidate], group: &[usize], steps: &[Option<Step>]) -> Kind {
    if group.len() < 2 {
        return Kind::Single;
    }
    let inner: Vec<&Step> = group[1..].iter().filter_map(|&i| steps[i - 1].as_ref()).collect();
    if is_bracket(takes, group) {
        return Kind::Bracket;
    }
    if is_focus(takes, group) {
        return Kind::Focus;
    }
    let soon = inner.iter().all(|s| s.gap.is_some_and(|gap| gap <= 15.0));
    if soon && group.len() > 2 { Kind::Burst } else { Kind::Takes }
}

/// Exposures that differ by half a stop or more from take to take, and pictures that follow them.
fn is_bracket(takes: &[Candidate], group: &[usize]) -> bool {
    let level = |&i: &usize| takes[i].score.signature.as_ref().map_or(0.0, Signature::level_ev);
    let levels: Vec<f32> = group.iter().map(level).collect();
    let set: Vec<Option<f32>> = group.iter().map(|&i| takes[i].facts.exposure_ev()).collect();
    let apart = |v: &[f32]| {
        let mut sorted = v.to_vec();
        sorted.sort_by(f32::total_cmp);
        sorted.windows(2).all(|w| w[1] - w[0] > 0.28) && sorted[sorted.len() - 1] - sorted[0] > 0.9
    };
    let known: Option<Vec<f32>> = set.into_iter().collect();
    match known {
        Some(set) if apart(&set) => {
            let order = |v: &[f32], i: usize, j: usize| (v[i] - v[j]).signum();
            (1..set.len()).all(|i| order(&set, i, i - 1) == order(&levels, i, i - 1))
        }
        // The camera says that nothing was changed: then the light was.
        Some(set) if set.iter().all(|ev| (ev - set[0]).abs() < 0.25) => false,
        _ => group.len() >= 3 && apart(&levels),
    }
}

/// One framing, one exposure, and sharpness that wanders: over the frames as a whole, or from place to
/// place.
fn is_focus(takes: &[Candidate], group: &[usize]) -> bool {
    let steps: Option<Vec<i32>> = group.iter().map(|&i| takes[i].facts.focus_step).collect();
    if let Some(mut steps) = steps {
        steps.sort_unstable();
        steps.dedup();
        return steps.len() == group.len() && group.len() > 1;
    }
    let signatures: Vec<&Signature> =
        group.iter().filter_map(|&i| takes[i].score.signature.as_ref()).collect();
    let framed = signatures.windows(2).all(|w| likeness(w[0], w[1]).framing > 0.9);
    if signatures.len() < group.len() || !framed {
        return false;
    }
    // Log2 energies, one row a frame.
    let maps: Vec<Vec<f32>> = signatures
        .iter()
        .map(|s| s.energy.iter().map(|e| f32::from(*e) / OCTAVE).collect())
        .collect();
    wanders(&maps) || sweeps(&maps)
}

/// Two places of which one gains what the other loses between two frames: an octave of energy.
fn wanders(maps: &[Vec<f32>]) -> bool {
    let (Some(first), Some(last)) = (maps.first(), maps.last()) else { return false };
    let lively = |i: &usize| first[*i].max(last[*i]) > 3.0;
    let changes: Vec<f32> =
        (0..COARSE * COARSE).filter(lively).map(|i| last[i] - first[i]).collect();
    let up = changes.iter().filter(|c| **c > 1.0).count();
    let down = changes.iter().filter(|c| **c < -1.0).count();
    up >= 3 && down >= 3
}

/// The frame's energy rises and falls once, by more than half an octave.
fn sweeps(maps: &[Vec<f32>]) -> bool {
    if maps.len() < 3 {
        return false;
    }
    let total: Vec<f32> =
        maps.iter().map(|m| m.iter().map(|e| e.exp2()).sum::<f32>().max(1e-3).log2()).collect();
    let (low, high) = total.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    if high - low < 0.6 {
        return false;
    }
    // Small steps back are breathing and noise.
    let slack = 0.12 * (high - low);
    let peak = (0..total.len()).max_by(|&a, &b| total[a].total_cmp(&total[b])).unwrap_or(0);
    let rises = total[..=peak].windows(2).all(|w| w[1] > w[0] - slack);
    let falls = total[peak..].windows(2).all(|w| w[1] < w[0] + slack);
    // One jump is a spoilt take, not a sweep.
    let largest = total.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    rises && falls && largest < 0.85 * (high - low)
}

#[cfg(test)]
mod tests {
    use super::super::{Facts, Score};
    use super::*;
    use crate::imaging::Rgb8;

    /// A picture that grows lighter downwards, with a texture of its own contrast in each half.
    fn score(gain: f32, textures: [f32; 2]) -> Score {
        let picture = Rgb8::from_fn(320, 320, |x, y| {
            let texture = textures[usize::from(x >= 160)];
            let sign = if (x / 3 + y / 3) % 2 == 0 { 1.0 } else { -1.0 };
            let v =
                gain * (40.0 + 0.4 * y as f32 + 30.0 * (x as f32 * 0.05).sin() + texture * sign);
            [v as u8, (0.9 * v) as u8, (0.7 * v) as u8]
        });
        let signature = Some(Signature::of(&picture));
        Score { signature, size: [320, 320], ..Score::default() }
    }

    fn groups(scores: &[Score], facts: Facts) -> Vec<(Vec<usize>, Kind)> {
        let takes: Vec<Candidate> =
            scores.iter().map(|score| Candidate { name: "take", score, facts }).collect();
        split(&takes)
    }

    #[test]
    fn a_bracket_is_known_by_its_pictures_when_the_camera_says_nothing() {
        let steps = [1.3, 0.75, 0.45, 0.25].map(|gain| score(gain, [12.0; 2]));
        assert_eq!(groups(&steps, Facts::default()), [(vec![0, 1, 2, 3], Kind::Bracket)]);
    }

    #[test]
    fn focus_that_goes_from_one_half_to_the_other_is_one_set() {
        let pulled = [score(1.0, [24.0, 1.0]), score(1.0, [1.0, 24.0])];
        assert_eq!(groups(&pulled, Facts::default()), [(vec![0, 1], Kind::Focus)]);
        let same = [score(1.0, [24.0, 1.0]), score(1.0, [24.0, 1.0])];
        assert_eq!(groups(&same, Facts::default())[0].1, Kind::Takes);
    }
}
