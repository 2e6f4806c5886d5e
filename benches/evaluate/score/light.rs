//! Exposure, gradient, clipping and cast on rendered truth; the real bracket.

use super::data::{ALL, load, scene};
use super::ranks::quantile;
use super::table::{Bar, note, row, section};
use culet::imaging::colour::{delta_e_2000, linear_srgb_to_lab, luminance};
use culet::imaging::{Image, Rect};
use culet::practice::{Lights, Set, Shot, kelvin_gains};
use culet::score::judge;
use std::collections::VecDeque;

/// What the rule says of the light before it clips, with the true outline, at 0 EV: a light paper's middle
/// against 75 %, or before a dark one the 83rd percentile of what is more than six times as bright as the
/// paper, against 93 %. And how many stops more are read before what tells it clips.
fn ruled(set: &Set, dark: bool) -> (f32, f32) {
    let truth = set.truth(&Shot { noise: 0.0, ..Shot::default() });
    let light = |i: usize| f64::from(luminance(truth.linear.data[i]));
    let all = 0..truth.linear.data.len();
    let paper = |i: &usize| truth.subject.data[*i] == 0 && truth.shadow.data[*i] > 0.97;
    let paper: Vec<f64> = all.clone().filter(paper).map(light).collect();
    let middle = quantile(&paper, 0.5);
    let lit = |i: &usize| truth.subject.data[*i] > 127 && light(*i) > 6.0 * middle;
    let level =
        if dark { quantile(&all.filter(lit).map(light).collect::<Vec<_>>(), 0.83) } else { middle };
    let (level, aim) = (level as f32, if dark { 0.93 } else { 0.75 });
    ((level / aim).log2(), -(level / 0.97).log2())
}

pub fn exposure() {
    section("Exposure read at -1.5 to +1 EV, less that at 0, against the truth (EV)");
    let (mut under, mut over) = (Vec::new(), Vec::new());
    // The reading at 0 EV is no truth where levels clip there already: the rule on the light itself is.
    let (mut seen, mut burnt) = ([Vec::new(), Vec::new()], Vec::new());
    for name in ALL {
        let set = scene(name, 900, 600);
        let read =
            |ev: f32| judge(&set.picture(&Shot { ev, ..Shot::default() })).lighting.exposure_ev;
        let zero = read(0.0);
        let dark = name.ends_with("dark");
        let (want, room) = ruled(&set, dark);
        let errors: Vec<(f32, f32)> = [-1.5, -1.0, -0.66, -0.33, 0.33, 0.66, 1.0]
            .map(|ev| (ev, read(ev) - zero - ev))
            .to_vec();
        println!(
            "    {name}: at 0 EV {zero:+.2}; errors {:?}",
            errors.iter().map(|e| format!("{:+.2}", e.1)).collect::<Vec<_>>()
        );
        for (ev, error) in errors {
            let list = if ev < 0.0 { &mut under } else { &mut over };
            list.push(f64::from(error.abs()));
            let off = f64::from((error + zero - want).abs());
            let list = if ev < room { &mut seen[usize::from(dark)] } else { &mut burnt };
            list.push(off);
        }
    }
    row("under, 95th percentile", Bar::AtMost(0.05), quantile(&under, 0.95));
    row("over (levels clip), 95th percentile", Bar::AtMost(0.05), quantile(&over, 0.95));
    let [light, dark] = seen;
    let ruled = |what: &str, off: &[f64]| {
        let what = format!("against the rule on the light itself, {what}, 95th percentile");
        row(&what, Bar::AtMost(0.05), quantile(off, 0.95));
    };
    ruled("light paper that does not clip", &light);
    ruled("dark paper, lights that do not clip", &dark);
    note("the same where what tells it clips, 95th percentile", quantile(&burnt, 0.95));
}

/// Range of the empty set's log luminance over the same grid as the score's, by a mean over squares.
pub fn true_range(empty: &Image) -> f32 {
    let mut levels = Vec::new();
    for j in 0..9 {
        for i in 0..9 {
            let x = ((0.05 + 0.9 * i as f32 / 8.0) * empty.w as f32) as usize;
            let y = ((0.05 + 0.9 * j as f32 / 8.0) * empty.h as f32) as usize;
            let r = Rect::new(x, y, 1, 1).grown(6, empty.w, empty.h);
            let mut sum = 0.0;
            for v in r.y..r.bottom() {
                for u in r.x..r.right() {
                    sum += luminance(empty.data[v * empty.w + u]);
                }
            }
            levels.push((sum / r.area() as f32).clamp(1e-3, 1.0).log2());
        }
    }
    levels.iter().copied().fold(f32::MIN, f32::max)
        - levels.iter().copied().fold(f32::MAX, f32::min)
}

pub fn gradient() {
    section("Backdrop's range against the empty set's (EV): white paper, three lightings");
    let mut off = Vec::new();
    for name in ["solitaire", "bracelet", "earrings", "pendant"] {
        let set = scene(name, 900, 600);
        for (key, fill, top) in [(1.0, 1.0, 1.0), (1.0, 0.2, 0.7), (0.2, 1.6, 0.5)] {
            let shot = Shot { lights: Lights { key, fill, top }, ev: -0.4, ..Shot::default() };
            let light = judge(&set.picture(&shot)).lighting;
            let want = true_range(&set.truth(&Shot { piece: false, noise: 0.0, ..shot }).linear);
            println!(
                "    {name} {key}/{fill}/{top}: {:.2} for {want:.2}, darkest {}",
                light.backdrop_ev, light.darkest
            );
            off.push(f64::from((light.backdrop_ev - want).abs()));
        }
    }
    row("median error", Bar::AtMost(0.05), quantile(&off, 0.5));
    row("95th percentile", Bar::AtMost(0.05), quantile(&off, 0.95));
}

/// Extent and area of the largest clipped area of the piece, by flood fill on the truth.
fn largest_clipped(linear: &Image, inside: impl Fn(usize) -> bool) -> (Rect, usize) {
    // What encodes to 253 or more in two channels: one alone still draws.
    let full = |i: usize| linear.data[i].iter().filter(|v| **v >= 0.9822).count() >= 2 && inside(i);
    let (w, h) = (linear.w, linear.h);
    let mut seen = vec![false; w * h];
    let mut best = (Rect::default(), 0);
    for start in 0..w * h {
        if seen[start] || !full(start) {
            continue;
        }
        let (mut queue, mut rect, mut area) = (VecDeque::from([start]), Rect::default(), 0);
        seen[start] = true;
        while let Some(i) = queue.pop_front() {
            area += 1;
            rect = rect.union(&Rect::new(i % w, i / w, 1, 1));
            for v in (i / w).saturating_sub(1)..(i / w + 2).min(h) {
                for u in (i % w).saturating_sub(1)..(i % w + 2).min(w) {
                    if !seen[v * w + u] && full(v * w + u) {
                        seen[v * w + u] = true;
                        queue.push_back(v * w + u);
                    }
                }
            }
        }
        if area > best.1 {
            best = (rect, area);
        }
    }
    best
}

pub fn clipping() {
    section(
        "Clipping: the largest blob's extent (IoU) at three strengths of the key light, dark paper",
    );
    let mut got = Vec::new();
    for name in ["solitaire-dark", "bracelet-dark", "earrings-dark", "pendant-dark"] {
        let set = scene(name, 900, 600);
        for key in [1.5, 2.5, 4.0] {
            let shot =
                Shot { lights: Lights { key, ..Lights::ALL }, noise: 0.3, ..Shot::default() };
            let (picture, truth) = set.photograph(&shot);
            let (want, area) = largest_clipped(&truth.linear, |i| truth.subject.data[i] > 127);
            let least = 0.0002 * truth.subject.count() as f32;
            if (area as f32) < 2.0 * least.max(4.0) {
                continue;
            }
            let blob =
                judge(&picture).lighting.blobs.first().and_then(|b| b.region).unwrap_or_default();
            let both = want.intersection(&blob).area() as f64;
            let iou = both / ((want.area() + blob.area()) as f64 - both).max(1.0);
            println!("    {name} x{key}: {iou:.2}, {want:?} {blob:?}");
            got.push(iou);
        }
    }
    row("median IoU", Bar::AtLeast(0.8), quantile(&got, 0.5));
    note("worst IoU", quantile(&got, 0.0));
}

pub fn cast() {
    section(
        "Cast of the white paper under a wrong white balance (ΔE00 of the a*, b* that are read)",
    );
    let mut off = Vec::new();
    for name in ["solitaire", "bracelet", "earrings", "pendant"] {
        let set = scene(name, 900, 600);
        for kelvin in [3800.0, 4600.0, 5200.0, 7000.0, 9000.0] {
            let shot = Shot { gains: kelvin_gains(kelvin), ev: -0.6, ..Shot::default() };
            let (picture, _) = set.photograph(&shot);
            let empty = set.truth(&Shot { piece: false, noise: 0.0, ..shot }).linear;
            let middle = |c: usize| {
                let mut v: Vec<f32> = empty.data.iter().map(|p| p[c]).collect();
                v.sort_by(f32::total_cmp);
                v[v.len() / 2]
            };
            let want = linear_srgb_to_lab([middle(0), middle(1), middle(2)]);
            let [a, b] = judge(&picture).lighting.backdrop_ab;
            off.push(f64::from(delta_e_2000(want, [want[0], a, b])));
        }
    }
    row("95th percentile", Bar::AtMost(0.5), quantile(&off, 0.95));
}

pub fn bracket() {
    section("hdr-taipei, an exposure bracket");
    let names = ["58", "60", "62", "65"].map(|n| format!("focus/hdr-taipei/DSC_00{n}.png"));
    let scores: Vec<_> = names.iter().filter_map(|n| Some(judge(&load(n)?))).collect();
    if scores.len() < 4 {
        println!("  not there, skipped");
        return;
    }
    for s in &scores {
        let l = &s.lighting;
        println!(
            "    {:.2}  {:+.1} EV, clipped {:.3}: {}",
            l.reading.value, l.exposure_ev, l.clipped, l.reading.because
        );
    }
    let v: Vec<f32> = scores.iter().map(|s| s.lighting.reading.value).collect();
    let top = (0..4).max_by(|&a, &b| v[a].total_cmp(&v[b])).unwrap();
    let unimodal =
        v[..=top].windows(2).all(|w| w[0] <= w[1]) && v[top..].windows(2).all(|w| w[0] >= w[1]);
    row("the light's score is unimodal (1 yes)", Bar::AtLeast(1.0), f64::from(u8::from(unimodal)));
}
