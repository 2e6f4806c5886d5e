//! The light, in linear light before any tone curve: exposure, clipping, the backdrop, the shadow, the
//! cast, contrast, key and fill.

use super::components::{Component, append_runs, find_runs};
use super::limits;
use super::lit;
use super::stats::{fall, median, quantile};
use super::subject::{Found, Subject};
use super::view::{Proxy, View};
use super::{Blob, Lighting, Reading, Shadow, place};
use crate::imaging::Rgb8;
use crate::imaging::colour::{linear_srgb_to_lab, luminance};
use crate::imaging::lanes::wide_fn;

/// A light backdrop that still holds detail: about 225 in sRGB.
const BACKDROP_AIM: f32 = 0.75;
/// Where a piece's lights belong on a dark backdrop, by the share that is darker.
const LIGHTS_AIM: f32 = 0.85;
/// And where [`lit::level`] belongs: what the practice camera's dark sets have that are exposed as its light
/// ones are. Pieces differ by a quarter of a stop to either side.
const LIT_AIM: f32 = 0.93;
/// Middle grey.
const GREY: f32 = 0.18;
/// From here on an encoded value is full.
const FULL: u8 = 253;
/// A clipped area under this share of the piece is a glint.
const GLINT: f32 = 0.0002;
/// A clipped line as thin as this share of the piece's longer side is a highlight as polish has it.
const LINE: f32 = 0.015;
/// Pixels of a row that are looked at together for clipped ones.
const RUN: usize = 32;
/// Luminance of L* 30.
const DARK: f32 = 0.0623;

/// Reads the light.
pub(super) fn read(view: &View, rgb: &Rgb8, subject: &Subject) -> Lighting {
    if subject.found == Found::Nothing {
        let mut light =
            Lighting { reading: Reading::new(0.0, "no piece in the frame"), ..Lighting::default() };
        backdrop(&mut light, &view.proxy, subject);
        return light;
    }
    let mut light = Lighting::default();
    let high = piece(&mut light, &view.proxy, subject);
    // A frame without a plain backdrop holds much that is meant to be dark: only its lights count.
    let top = if subject.found == Found::Frame { 0.995 } else { 0.95 };
    let [key, lights] = levels(view, subject, [0.5, top]);
    (light.key_ev, light.lights_ev) = (ev(key, GREY), ev(lights, GREY));
    backdrop(&mut light, &view.proxy, subject);
    let full = clipping(&mut light, view, rgb, subject);
    light.shadow = shadow(subject);
    let lit = || {
        let piece = subject.found == Found::Piece;
        piece.then(|| lit::level(rgb, subject, light.backdrop)).flatten()
    };
    light.exposure_ev = exposure(&light, lit, [lights, high], full);
    light.reading = reading(&light, view, subject);
    light
}

fn ev(a: f32, b: f32) -> f32 {
    (a.max(1e-5) / b.max(1e-5)).log2()
}

/// Contrast, sides and darks of the piece; where its lights are on the proxy, which softens glints.
fn piece(light: &mut Lighting, proxy: &Proxy, subject: &Subject) -> f32 {
    let mut all: Vec<f32> = subject.pixels().map(|i| proxy.y[i]).collect();
    let n = all.len().max(1) as f32;
    light.darks = all.iter().filter(|y| **y < DARK).count() as f32 / n;
    let top = if subject.found == Found::Frame { 0.995 } else { 0.95 };
    let [low, high] = [0.05, top].map(|q| quantile(&mut all, q).max(1e-4));
    light.contrast_ev = ev(high, low);
    let middle = subject.mask.extent().centre().0;
    let side = |left: bool| {
        let of = |i: &usize| (((i % proxy.w) as f32) < middle) == left;
        median(&mut subject.pixels().filter(of).map(|i| proxy.y[i]).collect::<Vec<_>>())
    };
    light.key_to_fill_ev = ev(side(true), side(false));
    high
}

/// Levels of some of a piece's pixels, and the quantiles of their luminance that are asked for. By pixels
/// and not by the proxy's means, of which a clipped glint would be a part.
fn levels<const N: usize>(view: &View, subject: &Subject, shares: [f32; N]) -> [f32; N] {
    let (r, frame) = (subject.rect, subject.found == Found::Frame);
    let mut tones = Vec::new();
    for y in (r.y..r.bottom()).step_by(2) {
        for x in (r.x + y / 2 % 3..r.right()).step_by(3) {
            if frame || subject.inside(x, y) {
                tones.push(view.tone.at(x, y));
            }
        }
    }
    shares.map(|q| quantile(&mut tones, q).powf(2.4))
}

/// Level, evenness, cast and white of the backdrop.
fn backdrop(light: &mut Lighting, proxy: &Proxy, subject: &Subject) {
    if !subject.plain {
        return;
    }
    let all: Vec<usize> = subject.backdrop_pixels().collect();
    if all.is_empty() {
        return;
    }
    let n = all.len() as f32;
    // Some thousands of pixels tell a median; the step shares no factor with a row's length.
    let some = || all.iter().step_by(1 + 2 * (all.len() / 12_000));
    let channel = |c: usize| median(&mut some().map(|&i| proxy.rgb[i][c]).collect::<Vec<_>>());
    let colour = [channel(0), channel(1), channel(2)];
    let [_, a, b] = linear_srgb_to_lab(colour);
    light.backdrop = luminance(colour);
    light.backdrop_ab = [a, b];
    let white = |i: &&usize| proxy.encoded[**i].iter().all(|v| *v >= 244.5);
    light.backdrop_white = all.iter().filter(white).count() as f32 / n;
    (light.backdrop_ev, light.darkest) = evenness(subject, proxy);
}

/// Brightest against darkest place of the quadratic fit, and where the darkest is. The fit is read on
/// a grid that keeps off the frame's outermost twentieth.
fn evenness(subject: &Subject, proxy: &Proxy) -> (f32, String) {
    const N: usize = 9;
    let level = |i: usize, j: usize| {
        let place = |k: usize, n: usize| (0.05 + 0.9 * k as f32 / (N - 1) as f32) * n as f32 - 0.5;
        // The fit is of ln(Y + floor).
        let log = subject.backdrop.at(place(i, proxy.w), place(j, proxy.h))[0];
        (log.exp() - super::backdrop::FLOOR).clamp(1e-3, 1.0).log2()
    };
    let grid: Vec<(f32, usize, usize)> =
        (0..N * N).map(|k| (level(k % N, k / N), k % N, k / N)).collect();
    let by_level = |a: &&(f32, usize, usize), b: &&(f32, usize, usize)| a.0.total_cmp(&b.0);
    let (Some(low), Some(high)) = (grid.iter().min_by(by_level), grid.iter().max_by(by_level))
    else {
        return (0.0, String::new());
    };
    let range = high.0 - low.0;
    // A black backdrop has no evenness to speak of.
    if range < 0.1 || high.0 < -6.0 {
        return (range.min(0.1), String::new());
    }
    (range, side(&grid, range, N))
}

/// Names the darkest side by the mean slopes across and down, or the corners or the middle.
fn side(grid: &[(f32, usize, usize)], range: f32, n: usize) -> String {
    let mean = |is: &dyn Fn(usize, usize) -> bool| {
        let picked: Vec<f32> = grid.iter().filter(|g| is(g.1, g.2)).map(|g| g.0).collect();
        picked.iter().sum::<f32>() / picked.len().max(1) as f32
    };
    let (low, high) = (n / 3, n - n / 3);
    let across = mean(&|x, _| x >= high) - mean(&|x, _| x < low);
    let down = mean(&|_, y| y >= high) - mean(&|_, y| y < low);
    let middle = mean(&|x, y| (low..high).contains(&x) && (low..high).contains(&y));
    if across.hypot(down) < 0.35 * range {
        let around = mean(&|x, y| (x < low || x >= high) && (y < low || y >= high));
        return if around < middle { "corners" } else { "middle" }.to_owned();
    }
    let horizontal = if across < 0.0 { "right" } else { "left" };
    let vertical = if down < 0.0 { "bottom" } else { "top" };
    match () {
        () if down.abs() < 0.4 * across.abs() => horizontal.to_owned(),
        () if across.abs() < 0.4 * down.abs() => vertical.to_owned(),
        () => format!("{} {horizontal}", if down < 0.0 { "lower" } else { "upper" }),
    }
}

/// Clipped areas of the piece, split into glints and blobs. The share of all that are larger than glints,
/// wanted ones among them.
fn clipping(light: &mut Lighting, view: &View, rgb: &Rgb8, subject: &Subject) -> f32 {
    // Before a white backdrop what is white all over is the backdrop, seen through the piece.
    let knocked_out = light.backdrop_white > 0.5;
    let r = subject.rect;
    let full = |y: usize, runs: &mut Vec<_>| {
        let row = &rgb.data[(y * rgb.w + r.x) * 3..(y * rgb.w + r.right()) * 3];
        // Most of a row is nowhere near full.
        for (k, some) in row.chunks(3 * RUN).enumerate() {
            if largest(some) < FULL {
                continue;
            }
            let pixels = some.chunks_exact(3).enumerate();
            let burnt = pixels.filter(|(_, p)| burnt(p, knocked_out));
            let columns = burnt.map(|(x, _)| r.x + k * RUN + x);
            append_runs(y, columns.filter(|x| subject.inside(*x, y)), runs);
        }
    };
    let area = subject.working_area().max(1.0);
    let (mut glints, mut blobs, mut large) = (0, 0, 0);
    for c in find_runs(r, full) {
        if (c.area as f32) < (GLINT * area).max(4.0) {
            glints += c.area;
            continue;
        }
        large += c.area;
        if is_wanted(&c, subject) {
            glints += c.area;
        } else {
            blobs += c.area;
        }
        if light.blobs.len() < 8 {
            light.blobs.push(Blob {
                region: Some(view.outward(c.rect)),
                share: c.area as f32 / area,
                channels: channels(rgb, &c.runs),
            });
        }
    }
    light.glints = glints as f32 / area;
    light.clipped = blobs as f32 / area;
    large as f32 / area
}

/// Lines of light that shape polished metal, and facets that flash in a stone that was seen, are wanted
/// however long or many they are: broad ones on metal are not.
fn is_wanted(c: &Component, subject: &Subject) -> bool {
    if subject.found != Found::Piece {
        return false;
    }
    let s = subject.step();
    let stone = |&(y, a, b): &(usize, usize, usize)| {
        let (x, y) = ((a + b) / 2 / s, y / s);
        let within = x < subject.stone.w && y < subject.stone.h;
        if within && subject.stone.at(x, y) > 0 { b - a } else { 0 }
    };
    let flashes = 2 * c.runs.iter().map(stone).sum::<usize>() > c.area;
    flashes || c.thickness() <= LINE * subject.rect.w.max(subject.rect.h) as f32
}

wide_fn! {
    fn largest(values: &[u8]) -> u8 {
        values.iter().fold(0, |m, v| m.max(*v))
    }
}

/// Whether detail is lost: two channels are full. Gold is bright with red alone full, and keeps its
/// drawing in green.
fn burnt(p: &[u8], knocked_out: bool) -> bool {
    let full = |c: usize| u8::from(p[c] >= FULL);
    full(0) + full(1) + full(2) >= 2 && !(knocked_out && p.iter().all(|v| *v >= 250))
}

/// The channels that are full in at least a tenth of an area.
fn channels(rgb: &Rgb8, runs: &[(usize, usize, usize)]) -> String {
    let mut counts = [0_usize; 3];
    let mut n = 0;
    for &(y, a, b) in runs {
        for p in rgb.data[(y * rgb.w + a) * 3..(y * rgb.w + b) * 3].chunks_exact(3) {
            (0..3).for_each(|c| counts[c] += usize::from(p[c] >= FULL));
            n += 1;
        }
    }
    "rgb".chars().zip(counts).filter(|(_, k)| k * 10 >= n).map(|(c, _)| c).collect()
}

/// Density, width of the edge and area of the shadow.
fn shadow(subject: &Subject) -> Option<Shadow> {
    let (w, h) = (subject.shadow.w, subject.shadow.h);
    let near = subject.mask.extent().grown(w / 12, w, h);
    let inside = |i: &usize| subject.shadow.data[*i] > 0 && near.contains(i % w, i / w);
    let all: Vec<usize> = (0..w * h).filter(inside).collect();
    if all.len() * 25 < subject.area || all.is_empty() {
        return None;
    }
    let dark = subject.residual.light();
    let mut depth: Vec<f32> = all.iter().map(|&i| -dark[i]).collect();
    let core = quantile(&mut depth, 0.95);
    // At half its depth a shadow's edge is steepest; core over slope is its width.
    let half = |i: &&usize| (0.3..0.7).contains(&(-dark[**i] / core.max(1e-3)));
    let mut slopes: Vec<f32> = all.iter().filter(half).map(|&i| subject.rough[i]).collect();
    let slope = quantile(&mut slopes, 0.75).max(1e-3);
    let piece = subject.mask.extent();
    Some(Shadow {
        density_ev: core / std::f32::consts::LN_2,
        softness: (core / slope / piece.w.max(piece.h).max(1) as f32).min(1.0),
        share: all.len() as f32 / subject.area.max(1) as f32,
    })
}

/// Stops from the exposure that is aimed at. A backdrop that is lighter than the piece's middle is
/// what a shot is exposed for; before a darker one the piece's own lights are, as far as they are told from
/// it.
fn exposure(
    light: &Lighting,
    lit: impl Fn() -> Option<f32>,
    [lights, soft]: [f32; 2],
    full: f32,
) -> f32 {
    let by_lights = ev(lights, LIGHTS_AIM);
    let by_backdrop = ev(light.backdrop, BACKDROP_AIM);
    let key = GREY * light.key_ev.exp2();
    // Slate and black are dark by themselves, even before a darker piece.
    let light_backdrop = light.backdrop > (0.9 * key).max(limits::DARK_BACKDROP);
    // A grey set that is exposed rightly: its backdrop is dark but the piece's lights are in place.
    let grey = by_backdrop < -1.0 && ev(soft, LIGHTS_AIM) > -0.35;
    if !light_backdrop && let Some(level) = lit() {
        return ev(level, LIT_AIM);
    }
    over(if light_backdrop && !grey { by_backdrop } else { by_lights }, light, full)
}

/// What is clipped has no level any more: where blobs show that exposure is too high, the piece's
/// median says by how much. A white backdrop alone is no fault.
fn over(read: f32, light: &Lighting, full: f32) -> f32 {
    if read < 0.2 {
        return read;
    }
    let burnt = full > 0.01 || light.backdrop_white > 0.5;
    if burnt { (light.key_ev - 1.2).max(if full > 0.02 { read } else { 0.0 }) } else { read }
}

fn reading(light: &Lighting, view: &View, subject: &Subject) -> Reading {
    let (ev, told) = (light.exposure_ev.abs(), limits::exposure_ev(light.backdrop));
    // How good each is, and whether it is worth a word.
    let worst = [
        (fall(ev, told, 2.5), ev >= told),
        (fall(light.clipped, limits::CLIPPED, 0.12), light.clipped >= limits::CLIPPED),
        (fall(light.backdrop_ev, 0.3, 2.5), light.backdrop_ev >= limits::UNEVEN_EV),
        (fall(limits::FLAT_EV - light.contrast_ev, 0.0, 1.9), flat(light)),
    ];
    let value = worst.iter().map(|w| 0.35 + 0.65 * w.0).product::<f32>();
    let wrong = worst.iter().enumerate().filter(|(_, w)| w.1);
    let kind = wrong.min_by(|a, b| a.1.0.total_cmp(&b.1.0)).map(|(k, _)| k);
    let reading = |text: String| Reading::new(value, text);
    match kind {
        Some(0) => {
            let word = if light.exposure_ev < 0.0 { "under" } else { "over" };
            reading(format!("{:.1} EV {word}exposed", light.exposure_ev.abs()))
        }
        Some(1) => {
            let region = light.blobs.first().and_then(|b| b.region).unwrap_or_default();
            let at = place(region, view.outward(subject.rect));
            reading(format!("{:.1} % of the piece is clipped, mostly {at}", light.clipped * 100.0))
                .at(region)
        }
        Some(2) => reading(uneven(light)),
        Some(3) => reading(format!("flat light: {:.1} EV from darks to lights", light.contrast_ev)),
        _ => reading("exposure, lights and backdrop are in order".to_owned()),
    }
}

/// Little contrast, and hardly anything dark. What is far too dark or too light says nothing about it.
fn flat(light: &Lighting) -> bool {
    let even = light.contrast_ev < limits::FLAT_EV && light.darks <= limits::DARKS;
    even && light.exposure_ev.abs() < 1.0
}

fn uneven(light: &Lighting) -> String {
    let ev = light.backdrop_ev;
    match light.darkest.as_str() {
        "" => format!("the backdrop varies by {ev:.1} EV"),
        "corners" => format!("the backdrop's corners are {ev:.1} EV darker"),
        "middle" => format!("the backdrop's middle is {ev:.1} EV darker"),
        side => format!("the backdrop is {ev:.1} EV darker on the {side}"),
    }
}
