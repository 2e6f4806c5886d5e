//! Focus: ladders, stacks, edge width, motion.

use super::data::{ALL, disk, expose, load, names, reduced, scene};
use super::ranks::{auc, mean, quantile, spearman};
use super::table::{Bar, note, row, section};
use culet::imaging::{Image, Mask, Rgb8};
use culet::practice::{Focus, Shot};
use culet::score::{energy, judge};
use rayon::prelude::*;

const RADII: [f32; 8] = [0.0, 0.7, 1.2, 2.0, 3.0, 4.0, 6.0, 8.0];
const STOPS: [f32; 3] = [-1.5, 0.0, 0.6];
const NOISES: [f32; 3] = [0.0, 0.006, 0.02];

const REAL: [&str; 8] = [
    "jewellery/hires/ring.jpg",
    "jewellery/hires/BARCELET.jpg",
    "jewellery/web/ring.jpg",
    "jewellery/web/item-8.jpg",
    "jewellery/dslr-session/_MG_9914.jpg",
    "jewellery/dslr-session/17HK0260.jpg",
    "jewellery/dslr-session/DSC04446.jpg",
    "focus/pcb-switch10/pcb_004.JPG",
];

/// The measures that are compared.
const MEASURES: [(&str, fn(&Rgb8) -> f64); 3] = [
    ("Culet's energy", |p| f64::from(energy(p, None))),
    ("variance of Laplacian", laplacian),
    ("Tenengrad", tenengrad),
];

fn grey(p: &Rgb8) -> Vec<f64> {
    let luma =
        |q: &[u8]| 0.299 * f64::from(q[0]) + 0.587 * f64::from(q[1]) + 0.114 * f64::from(q[2]);
    p.data.chunks_exact(3).map(luma).collect()
}

/// The usual blur score: variance of the four-neighbour Laplacian of the encoded grey picture.
fn laplacian(p: &Rgb8) -> f64 {
    let (g, w) = (grey(p), p.w);
    let inner = (1..p.h - 1).flat_map(|y| (1..w - 1).map(move |x| y * w + x));
    let v: Vec<f64> =
        inner.map(|i| g[i - 1] + g[i + 1] + g[i - w] + g[i + w] - 4.0 * g[i]).collect();
    let m = mean(&v);
    v.iter().map(|x| (x - m).powi(2)).sum::<f64>() / v.len() as f64
}

/// Mean squared Sobel gradient of the encoded grey picture.
fn tenengrad(p: &Rgb8) -> f64 {
    let (g, w) = (grey(p), p.w);
    let inner = (1..p.h - 1).flat_map(|y| (1..w - 1).map(move |x| y * w + x));
    let one = |i: usize| {
        let row = |j: usize| g[j + 1] - g[j - 1];
        let dx = row(i - w) + 2.0 * row(i) + row(i + w);
        let column = |j: usize| g[j + w] - g[j - w];
        let dy = column(i - 1) + 2.0 * column(i) + column(i + 1);
        dx * dx + dy * dy
    };
    let v: Vec<f64> = inner.map(one).collect();
    mean(&v)
}

/// Sharp pictures in linear light, with their names.
fn sharp() -> Vec<(String, Image)> {
    let still = Shot { focus: Focus::Flat(0.0), noise: 0.0, ..Shot::default() };
    let rendered = ALL.iter().map(|name| {
        // Values above white stay: a blurred glint is what a lens makes of it.
        ((*name).to_owned(), scene(name, 480, 320).truth(&still).linear)
    });
    let real =
        REAL.iter().filter_map(|name| Some(((*name).to_owned(), reduced(&load(name)?, 700))));
    rendered.chain(real).collect()
}

pub fn ladders() {
    section(
        "Focus, blur ladders: disk of 0-8 px in linear light, -1.5/0/+.6 EV, noise 0/.006/.02, JPEG 92",
    );
    let pictures = sharp();
    println!("  {} pictures (rendered and real)", pictures.len());
    let values: Vec<Vec<[f64; 3]>> = pictures.par_iter().map(|(_, p)| ladder(p)).collect();
    for (m, (name, _)) in MEASURES.iter().enumerate() {
        let mut within = Vec::new();
        let mut pooled = Vec::new();
        for (k, picture) in values.iter().enumerate() {
            let series = series(picture, m);
            within.extend(series.iter().map(|s| s.1));
            let (r, v): (Vec<f64>, Vec<f64>) = picture
                .iter()
                .enumerate()
                .map(|(i, v)| (-f64::from(RADII[i / (STOPS.len() * NOISES.len())]), v[m]))
                .unzip();
            pooled.push(spearman(&r, &v));
            if m == 0 && (*pooled.last().unwrap() < 0.93 || series.iter().any(|s| s.1 < 0.99)) {
                let worst = series.iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
                println!(
                    "    {}: pooled {:.3}, worst series {:.3} ({})",
                    pictures[k].0,
                    pooled.last().unwrap(),
                    worst.1,
                    worst.0
                );
            }
        }
        let worst = |v: &[f64]| v.iter().copied().fold(f64::MAX, f64::min);
        if m == 0 {
            row(&format!("{name}: within series, mean"), Bar::AtLeast(0.99), mean(&within));
            row(&format!("{name}: within series, worst"), Bar::AtLeast(0.99), worst(&within));
            row(&format!("{name}: pooled, mean"), Bar::AtLeast(0.95), mean(&pooled));
            row(&format!("{name}: pooled, worst"), Bar::AtLeast(0.85), worst(&pooled));
        } else {
            note(&format!("{name}: within series, mean"), mean(&within));
            note(&format!("{name}: within series, worst"), worst(&within));
            note(&format!("{name}: pooled, mean"), mean(&pooled));
            note(&format!("{name}: pooled, worst"), worst(&pooled));
        }
    }
}

/// Each measure at each radius, stop and noise, in that order.
fn ladder(p: &Image) -> Vec<[f64; 3]> {
    let mut out = Vec::new();
    for r in RADII {
        let soft = disk(p, r);
        for (i, ev) in STOPS.iter().enumerate() {
            for (j, noise) in NOISES.iter().enumerate() {
                let shot = expose(&soft, *ev, *noise, 92, 77 + (i * 3 + j) as u32);
                out.push(MEASURES.map(|(_, measure)| measure(&shot)));
            }
        }
    }
    out
}

/// The correlation with sharpness of every series of one exposure and noise.
fn series(picture: &[[f64; 3]], m: usize) -> Vec<(String, f64)> {
    let n = STOPS.len() * NOISES.len();
    let one = |k: usize| {
        let v: Vec<f64> = (0..RADII.len()).map(|r| picture[r * n + k][m]).collect();
        let r: Vec<f64> = RADII.iter().map(|r| -f64::from(*r)).collect();
        (format!("{} EV, noise {}", STOPS[k / 3], NOISES[k % 3]), spearman(&r, &v))
    };
    (0..n).map(one).collect()
}

/// Stacks with the index of their sharpest frame.
const STACKS: [(&str, usize); 3] =
    [("focus/pcb-switch10", 4), ("focus/leaves6", 4), ("focus/nikon28", 12)];

pub fn stacks() {
    section(
        "Focus, real stacks: how many frames the peak is off, worst of 0 EV, ±1 EV and noise .02",
    );
    for (folder, best) in STACKS {
        let frames: Vec<Image> =
            names(folder).iter().filter_map(|n| Some(reduced(&load(n)?, 1100))).collect();
        if frames.is_empty() {
            println!("  {folder}: not there, skipped");
            continue;
        }
        // An oracle that is not ours and that a brighter frame does not fool.
        let level: Vec<f32> = frames.iter().map(mean_luminance).collect();
        let even = |i: usize, f: &Image| tenengrad(&expose(f, (0.1 / level[i]).log2(), 0.0, 98, 1));
        let v: Vec<f64> = frames.par_iter().enumerate().map(|(i, f)| even(i, f)).collect();
        let best_even = (0..v.len()).max_by(|&a, &b| v[a].total_cmp(&v[b])).unwrap();
        println!(
            "    {folder}: frame {best} is listed; Tenengrad at equal brightness: {best_even}"
        );
        let best = best_even;
        for (m, (name, _)) in MEASURES.iter().enumerate() {
            let conditions = [(0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 0.02), (-1.0, 0.02)];
            let off =
                conditions.map(|(ev, noise)| peak(&frames, m, ev, noise).abs_diff(best) as f64);
            let worst = off.iter().copied().fold(0.0, f64::max);
            if m == 0 {
                row(&format!("{folder}, {name}"), Bar::AtMost(1.0), worst);
            } else {
                note(&format!("{folder}, {name}"), worst);
            }
        }
        mixed(&frames, best, folder);
    }
    regions();
}

fn mean_luminance(p: &Image) -> f32 {
    let sum: f64 = p.data.iter().map(|v| f64::from(culet::imaging::colour::luminance(*v))).sum();
    (sum / p.data.len() as f64) as f32
}

fn peak(frames: &[Image], m: usize, ev: f32, noise: f32) -> usize {
    let v: Vec<f64> = frames
        .par_iter()
        .enumerate()
        .map(|(i, f)| MEASURES[m].1(&expose(f, ev, noise, 92, 5 + i as u32)))
        .collect();
    (0..v.len()).max_by(|&a, &b| v[a].total_cmp(&v[b])).unwrap()
}

/// The sharpest frame a stop darker than its neighbours: the usual score prefers a brighter soft one.
fn mixed(frames: &[Image], best: usize, folder: &str) {
    for (m, (name, _)) in MEASURES.iter().enumerate() {
        let v: Vec<f64> = frames
            .par_iter()
            .enumerate()
            .map(|(i, f)| {
                MEASURES[m].1(&expose(f, if i == best { -1.5 } else { 0.0 }, 0.004, 92, 9))
            })
            .collect();
        let top = (0..v.len()).max_by(|&a, &b| v[a].total_cmp(&v[b])).unwrap();
        let off = top.abs_diff(best) as f64;
        let what = format!("{folder}, its sharpest frame 1.5 EV darker, {name}");
        if m == 0 { row(&what, Bar::AtMost(1.0), off) } else { note(&what, off) }
    }
}

/// Parts of the beetle at different depths, judged by eye on crops at full size: the face right of the
/// middle is sharp from frame 11 to 17, the hairs below the middle only in the last frame.
fn regions() {
    let frames: Vec<Rgb8> = names("focus/nikon28").iter().filter_map(|n| load(n)).collect();
    if frames.is_empty() {
        return;
    }
    let parts = [("face", (52, 40, 8, 12), 14, 3.0), ("hairs", (36, 34, 14, 5), 27, 1.0)];
    for (name, (x, y, w, h), truth, slack) in parts {
        let area = culet::imaging::Rect::new(x, y, w, h);
        let mask = Mask::from_fn(90, 60, |x, y| if area.contains(x, y) { 255 } else { 0 });
        let v: Vec<f64> = frames.par_iter().map(|f| f64::from(energy(f, Some(&mask)))).collect();
        let top = (0..v.len()).max_by(|&a, &b| v[a].total_cmp(&v[b])).unwrap();
        println!("    the {name}: sharpest in frame {top}");
        let what = format!("focus/nikon28, the {name} alone (by eye: frame {truth})");
        row(&what, Bar::AtMost(slack), (top as f64 - f64::from(truth)).abs());
    }
}

pub fn edge_width() {
    section(
        "Edge sigma: rendered pieces under a disk of known radius (sigma is half of it), and steps",
    );
    let mut off = Vec::new();
    for name in ALL {
        let set = scene(name, 900, 600);
        for r in [1.4_f32, 2.0, 3.0, 4.0, 6.0] {
            let shot = Shot { focus: Focus::Flat(r), ..Shot::default() };
            let got = judge(&set.picture(&shot)).focus.blur_px;
            off.push(f64::from((got - r / 2.0).abs()));
            if (got - r / 2.0).abs() > 0.3 {
                println!("    {name}: sigma {:.2} read as {got:.2}", r / 2.0);
            }
        }
    }
    row("rendered, sigma .7-3 px, median error", Bar::AtMost(0.3), quantile(&off, 0.5));
    row(
        "rendered, sigma .7-3 px, 95th percentile of error",
        Bar::AtMost(0.3),
        quantile(&off, 0.95),
    );
    let steps: Vec<f64> =
        [0.7_f32, 1.0, 1.5, 2.0, 2.5, 3.0].iter().map(|s| step_error(*s)).collect();
    row("slanted steps under a Gaussian, largest error", Bar::AtMost(0.3), quantile(&steps, 1.0));
}

/// Bars with slanted edges under a Gaussian, drawn by its integral.
fn step_error(sigma: f32) -> f64 {
    let p = Image::from_fn(480, 320, |x, y| {
        let (dx, dy) = (x as f32 - 240.0, y as f32 - 160.0);
        let (u, v) = (0.94 * dx + 0.34 * dy, 0.94 * dy - 0.34 * dx);
        let soft = |d: f32| 1.0 / (1.0 + (-1.702 * d / sigma).exp());
        let inside = soft(80.0 - u.abs()) * soft(90.0 - v.abs());
        [0.75 - 0.55 * inside, 0.75 - 0.6 * inside, 0.75 - 0.7 * inside]
    });
    f64::from((judge(&expose(&p, 0.0, 0.004, 95, 3)).focus.blur_px - sigma).abs())
}

pub fn motion() {
    section(
        "Motion against defocus: rendered shake of 4-9 px in four directions, and disks of the same spread",
    );
    let (mut shaken, mut soft, mut angles) = (Vec::new(), Vec::new(), Vec::new());
    let mut other = Vec::new();
    for name in ALL {
        let set = scene(name, 900, 600);
        for (k, px) in [4.0_f32, 6.0, 9.0].into_iter().enumerate() {
            for turn in 0..4 {
                let deg = 45.0 * turn as f32 + 11.0 * k as f32 - 67.0;
                let shot = Shot { shake_px: px, shake_deg: deg, seed: turn + 1, ..Shot::default() };
                let focus = judge(&set.picture(&shot)).focus;
                shaken.push(f64::from(focus.directed));
                if let Some(motion) = focus.motion {
                    let off = (motion.angle_deg - deg).rem_euclid(180.0);
                    angles.push(f64::from(off.min(180.0 - off)));
                }
            }
            for (j, scale) in [0.8, 1.0, 1.25].into_iter().enumerate() {
                // A line of length L has the variance L²/12 along itself; a disk R²/4 each way.
                let r = px / 3.0_f32.sqrt() * scale;
                let shot = Shot { focus: Focus::Flat(r), seed: j as u32 + 9, ..Shot::default() };
                soft.push(f64::from(judge(&set.picture(&shot)).focus.directed));
            }
        }
        // Out of focus by depth, where blur differs from place to place, and far out of focus.
        for focus in
            [-8.0, -5.0, 5.0, 8.0].map(Focus::At).into_iter().chain([6.0, 9.0].map(Focus::Flat))
        {
            let shot = Shot { focus, f_number: 8.0, ..Shot::default() };
            other.push(judge(&set.picture(&shot)).focus.motion.is_some());
        }
    }
    row("AUC", Bar::AtLeast(0.93), auc(&shaken, &soft));
    let named = angles.len() as f64 / shaken.len() as f64;
    note("share of the shaken that are named so", named);
    let false_names = soft.iter().filter(|s| **s > 0.5).count() as f64 / soft.len() as f64;
    note("share of the defocused that are named shaken", false_names);
    let false_names = other.iter().filter(|named| **named).count() as f64 / other.len() as f64;
    row(
        "share of those out of focus by depth, or far, that are named shaken",
        Bar::AtMost(0.0),
        false_names,
    );
    row("median error of the direction, degrees", Bar::AtMost(8.0), quantile(&angles, 0.5));
}
