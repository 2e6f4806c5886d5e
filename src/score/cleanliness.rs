//! Dust: small spots that differ from what is around them. On the backdrop they are found; on the
//! piece they are counted as a hint only, since glints and engraving look alike.

use super::components::{Component, append_runs, find_runs};
use super::stats::{above, quantile};
use super::subject::{Subject, spread};
use super::view::View;
use super::words::count;
use super::{Cleanliness, Reading, Speck};
use crate::imaging::lanes::wide_fn;
use crate::imaging::{Plane, Rect};
use std::ops::Range;

/// Half the side of the square that a pixel is compared with, working pixels.
const AROUND: usize = 7;
/// Larger spots are something else, working pixels across.
const LARGEST: usize = 22;
/// From so many on it is the backdrop's own texture.
const TEXTURE: usize = 60;
/// On a ground brighter than this less than the other of tone is no speck: where a finished picture is
/// white all over, nothing hides what its compression leaves around a piece.
const KNOCKED_OUT: (f32, f32) = (0.97, 0.045);
/// Specks with three others within this share of the longer side are no dust.
const CROWD: f32 = 0.03;
/// A bright spot that still has this share of its contrast beside itself is no speck but a part of a streak.
const TRAIL: f32 = 0.25;
/// At most so many are listed.
const LISTED: usize = 64;

/// Buffers that are kept from picture to picture.
#[derive(Default)]
pub(super) struct Buffers {
    differs: Plane,
    columns: Vec<f32>,
    sums: Vec<f32>,
}

/// Finds the specks.
pub(super) fn read(
    view: &View,
    subject: &Subject,
    noise: f32,
    buffers: &mut Buffers,
) -> Cleanliness {
    let tone = &view.tone;
    if !subject.plain || tone.w < 4 * AROUND || tone.h < 4 * AROUND {
        let reading = Reading::new(0.8, "no plain backdrop to look for dust on");
        return Cleanliness { reading, ..Cleanliness::default() };
    }
    less_surroundings(tone, buffers);
    let clear = clear(subject);
    let at = |x: usize, y: usize| clear[subject.place(x, y)];
    let floor = threshold(&buffers.differs, noise, |x, y| at(x, y) == Ground::Backdrop);
    let level = subject.backdrop.level(subject.mask.w, subject.mask.h);
    let floor = floor.max(if level > KNOCKED_OUT.0 { KNOCKED_OUT.1 } else { 0.0 });
    let d = &buffers.differs;
    let whole = Rect::new(AROUND, AROUND, tone.w - 2 * AROUND, tone.h - 2 * AROUND);
    let on = |within: Rect, ground: Ground, floor: f32| {
        let (mut places, mut stretches, mut of) = (Vec::new(), Vec::new(), None);
        find_runs(within, |y, runs| {
            let first = subject.place(0, y);
            if of != Some(first) {
                let row = &clear[first..first + subject.mask.w];
                stretches = row_stretches(row, ground, subject.step(), within);
                of = Some(first);
            }
            for stretch in &stretches {
                places.clear();
                above(&d.data[y * d.w..][stretch.clone()], floor, &mut places);
                append_runs(y, places.iter().map(|x| stretch.start + *x as usize), runs);
            }
        })
    };
    let found = on(whole, Ground::Backdrop, floor);
    let round: Vec<&Component> =
        found.iter().filter(|c| is_speck(c, d) && !is_streak(c, d)).collect();
    let specks: Vec<Speck> = round.iter().map(|c| speck(c, view, d)).collect();
    let mut specks = apart(&specks, view);
    // So many are no dust: plaster, paper with a grain, print.
    if specks.len() > TEXTURE {
        let reading = Reading::new(0.8, "the backdrop has a texture: dust cannot be told from it");
        return Cleanliness { reading, ..Cleanliness::default() };
    }
    specks.sort_by(|a, b| visibility(b).total_cmp(&visibility(a)));
    let on_backdrop = specks.len();
    specks.truncate(LISTED);
    let spots = on(whole.intersection(&subject.rect), Ground::Piece, (2.0 * floor).max(0.05));
    let on_piece = spots.iter().filter(|c| is_speck(c, d) && stands_alone(c, tone)).count();
    let reading = reading(on_backdrop, on_piece, &specks, view);
    Cleanliness { reading, specks, on_backdrop, on_piece }
}

/// Specks that lie apart from others. Dust falls anywhere; links of a chain, grain and print come in
/// rows and crowds.
fn apart(specks: &[Speck], view: &View) -> Vec<Speck> {
    let reach = CROWD * (view.tone.w.max(view.tone.h) * view.step) as f32;
    let near =
        |s: &Speck| specks.iter().filter(|o| (o.x - s.x).hypot(o.y - s.y) < reach).count() - 1;
    specks.iter().filter(|s| near(s) < 3).copied().collect()
}

fn visibility(s: &Speck) -> f32 {
    s.contrast_ev.abs() * s.radius
}

fn reading(on_backdrop: usize, on_piece: usize, specks: &[Speck], view: &View) -> Reading {
    let dirt = specks.iter().map(visibility).sum::<f32>() / view.step as f32;
    let value = 1.0 / (1.0 + dirt / 12.0);
    let because = match (on_backdrop, on_piece) {
        (0, 0..4) => "clean".to_owned(),
        (0, n) => format!("perhaps {} on the piece: look closely", count(n, "speck")),
        (n, _) => format!("{} on the backdrop: clean before you shoot", count(n, "speck")),
    };
    let region = specks.first().map(|s| {
        let r = (2.0 * s.radius).ceil() as usize + 2;
        Rect::new((s.x as usize).saturating_sub(r), (s.y as usize).saturating_sub(r), 2 * r, 2 * r)
    });
    Reading::new(value, because).at(region.unwrap_or_default())
}

/// What a place is, for dust.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ground {
    Backdrop,
    Piece,
    Neither,
}

/// The ground of each proxy pixel: backdrop only where neither the piece nor a shadow is near, piece
/// only away from its outline.
fn clear(subject: &Subject) -> Vec<Ground> {
    let (w, h) = (subject.mask.w, subject.mask.h);
    let all = |mask: &[u8], r: usize, is: &dyn Fn(u8) -> bool| {
        let mut data: Vec<u8> = mask.iter().map(|v| u8::from(is(*v))).collect();
        spread(&mut data, w, h, r, false);
        data
    };
    let deep = all(&subject.mask.data, 1, &|v| v > 0);
    // A speck of its own is darker backdrop too: only the piece keeps specks away, and wide shadow. What a
    // pixel is compared with must not reach into the piece, however small the picture is.
    let apart = (AROUND + 1).div_ceil(subject.step()).max(2);
    let open = all(&subject.mask.data, apart, &|v| v == 0);
    let shadow = all(&subject.shadow.data, 2, &|v| v > 0);
    let ground = |i: usize| match () {
        () if deep[i] > 0 => Ground::Piece,
        () if open[i] > 0 && shadow[i] == 0 => Ground::Backdrop,
        () => Ground::Neither,
    };
    let mut grounds: Vec<Ground> = (0..w * h).map(ground).collect();
    // What was taken off the piece may hold some of it.
    for r in subject.aside.iter().map(|r| r.grown(2, w, h)) {
        for i in (r.y..r.bottom()).flat_map(|y| (r.x..r.right()).map(move |x| y * w + x)) {
            if grounds[i] == Ground::Backdrop {
                grounds[i] = Ground::Neither;
            }
        }
    }
    grounds
}

/// Where a row of the mask is one ground, in working pixels inside `within`; its last column goes on to the
/// picture's edge.
fn row_stretches(row: &[Ground], is: Ground, step: usize, within: Rect) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for (x, _) in row.iter().enumerate().filter(|(_, ground)| **ground == is) {
        let end = if x + 1 == row.len() { within.right() } else { (x + 1) * step };
        let (from, to) = ((x * step).max(within.x), end.min(within.right()));
        match out.last_mut() {
            Some(last) if last.end == from => last.end = to.max(from),
            _ if from < to => out.push(from..to),
            _ => {}
        }
    }
    out
}

/// Each pixel less the mean of the square around it. Sums run along columns, then rows.
fn less_surroundings(tone: &Plane, buffers: &mut Buffers) {
    let Buffers { differs: out, columns, sums } = buffers;
    let (w, h, r) = (tone.w, tone.h, AROUND);
    if (out.w, out.h) != (w, h) {
        // The border stays at zero.
        *out = Plane::new(w, h);
    }
    columns.clear();
    columns.resize(w, 0.0);
    sums.resize(w, 0.0);
    let row = |y: usize| &tone.data[y * w..(y + 1) * w];
    (0..=(2 * r)).for_each(|y| columns.iter_mut().zip(row(y)).for_each(|(c, v)| *c += v));
    for y in r..h - r {
        let (line, out) = (&row(y)[r..w - r], &mut out.data[y * w + r..(y + 1) * w - r]);
        less_boxes(columns, sums, line, out);
        if y + r + 1 < h {
            exchange(columns, row(y + r + 1), row(y - r));
        }
    }
}

wide_fn! {
    /// A line less the means of the squares whose columns' sums are given. Fifteen neighbours are two times
    /// eight less the one in the middle, and eight are found by doubling.
    fn less_boxes(columns: &[f32], sums: &mut [f32], line: &[f32], out: &mut [f32]) {
        const { assert!(AROUND == 7) };
        let norm = 1.0 / ((2 * AROUND + 1) * (2 * AROUND + 1)) as f32;
        let n = line.len();
        let sums = &mut sums[..n + 13];
        let (a, b) = (&columns[..n + 13], &columns[1..n + 14]);
        for i in 0..n + 13 {
            sums[i] = a[i] + b[i];
        }
        let (eight, four) = (n + 7, n + 11);
        for i in 0..four {
            sums[i] += sums[i + 2];
        }
        for i in 0..eight {
            sums[i] += sums[i + 4];
        }
        let (first, second, middle) = (&sums[..n], &sums[7..7 + n], &columns[7..7 + n]);
        let out = &mut out[..n];
        for i in 0..n {
            out[i] = line[i] - (first[i] + second[i] - middle[i]) * norm;
        }
    }
}

wide_fn! {
    /// Takes a row into sums and another one out.
    fn exchange(sums: &mut [f32], row: &[f32], last: &[f32]) {
        sums.iter_mut().zip(row.iter().zip(last)).for_each(|(c, (n, l))| *c += n - l);
    }
}

/// From where on a difference counts: seven times what is usual on the backdrop, so that paper and
/// cloth do not count as dust.
fn threshold(differs: &Plane, noise: f32, is: impl Fn(usize, usize) -> bool) -> f32 {
    let mut some = Vec::new();
    for y in (AROUND..differs.h - AROUND).step_by(7) {
        for x in (AROUND + y % 5..differs.w - AROUND).step_by(5) {
            if is(x, y) {
                some.push(differs.at(x, y).abs());
            }
        }
    }
    let usual = 1.4826 * quantile(&mut some, 0.5);
    // What is above the middle is in the upper half now: eight tenths up there are nine of all.
    let middle = some.len() / 2;
    let rough = quantile(&mut some[middle..], 0.8) * 0.6;
    (7.0 * usual.max(rough)).max(5.5 * noise).max(0.014)
}

/// Small, compact, and at least two pixels unless it is very distinct.
fn is_speck(c: &Component, d: &Plane) -> bool {
    let (w, h) = (c.rect.w, c.rect.h);
    let (long, short) = (w.max(h), w.min(h));
    let filled = c.area as f32 / (w * h) as f32;
    let peak = c.runs.iter().flat_map(|&(y, a, b)| d.data[y * d.w + a..y * d.w + b].iter());
    let peak = peak.fold(0.0_f32, |m, v| m.max(v.abs()));
    let whole = c.area >= 2 || peak > 0.08;
    long <= LARGEST && long <= 3 * short + 1 && filled > 0.4 && whole
}

/// Whether a spot goes on to two sides: what a piece throws onto its ground is brightest in one place and
/// trails off from there.
fn is_streak(c: &Component, d: &Plane) -> bool {
    let (x, y) = c.centre;
    let within = c.runs.iter().flat_map(|&(y, a, b)| d.data[y * d.w + a..y * d.w + b].iter());
    let peak = within.fold(0.0_f32, |m, v| if v.abs() > m.abs() { *v } else { m });
    let reach = 0.5 * c.rect.w.max(c.rect.h) as f32 + 2.5;
    let goes_on = |k: &usize| {
        let (s, cos) = (*k as f32 * std::f32::consts::TAU / 16.0).sin_cos();
        d.sample(x + reach * cos, y + reach * s) > TRAIL * peak.abs()
    };
    peak > 0.0 && (0..16).filter(goes_on).count() >= 2
}

fn speck(c: &Component, view: &View, d: &Plane) -> Speck {
    let (x, y) = (c.centre.0.round() as usize, c.centre.1.round() as usize);
    let peak = c
        .runs
        .iter()
        .flat_map(|&(y, a, b)| (a..b).map(move |x| (x, y)))
        .map(|(x, y)| d.at(x, y))
        .fold(0.0_f32, |m, v| if v.abs() > m.abs() { v } else { m });
    let around = (view.tone.at(x, y) - d.at(x, y)).max(0.05);
    let step = view.step as f32;
    Speck {
        x: (c.centre.0 + 0.5) * step,
        y: (c.centre.1 + 0.5) * step,
        radius: (c.area as f32 / std::f32::consts::PI).sqrt() * step,
        contrast_ev: 2.4 * ((around + peak).max(0.05) / around).log2(),
    }
}

/// Whether a ring around a spot is even: a spot of its own and no part of an edge.
fn stands_alone(c: &Component, tone: &Plane) -> bool {
    let (x, y) = c.centre;
    let r = 0.5 * c.rect.w.max(c.rect.h) as f32 + 3.0;
    let ring = (0..12).map(|k| {
        let (s, cos) = (k as f32 * std::f32::consts::TAU / 12.0).sin_cos();
        tone.sample(x + r * cos, y + r * s)
    });
    let (low, high) = ring.fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
    high - low < 0.035
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_mask_is_cut_into_stretches() {
        use Ground::{Backdrop as B, Neither as N, Piece as P};
        let row = [B, B, N, P, B, B];
        let within = Rect::new(3, 0, 24, 9);
        assert_eq!(row_stretches(&row, B, 4, within), [3..8, 16..27]);
        assert_eq!(row_stretches(&row, P, 4, within), [12..16]);
        assert!(row_stretches(&row, N, 4, Rect::new(13, 0, 9, 9)).is_empty());
    }
}
