//! Focus: gradient energy inside the piece, free of exposure and noise; blur in pixels by parts.
//!
//! Energy: the tone (luminance to the power 1/2.4) is scaled so that the mean luminance is .16,
//! and `mean(|grad|²)` by Sobel's kernels is taken, less what white noise of the measured size adds.
//! Clipped glints stay in: leaving them out makes the ranking worse. Variance of Laplacian, the usual
//! blur score, ranks a bright blurred frame above a dark sharp one.

use super::edges::{Edges, Measured};
use super::motion::Trace;
use super::stats::{fall, quantile};
use super::subject::{Found, Subject};
use super::view::View;
use super::{Focus, Motion, PartFocus, Reading};
use crate::imaging::lanes::wide_fn;
use crate::imaging::{Plane, Rect};

/// What white noise of variance 1 adds to `|grad|²` by Sobel's kernels over eight: twice their squared
/// sum.
const NOISE_GAIN: f32 = 2.0 * 12.0 / 64.0;
/// Mean luminance that exposure is scaled to.
const GREY: f32 = 0.16;
/// Side of the tiles from which noise is taken off, working pixels.
const CELL: usize = 16;
/// A tile below so many times the noise's own energy holds nothing but noise.
const ABOVE: f64 = 1.12;
/// A movement that blurs by less, sigma in working pixels, leaves edges enough that can be measured.
const SHORT: f32 = 2.2;
/// How fine a shaken picture is across its movement.
const FINE: f32 = 0.3;
/// What the widths of single places add to a trace.
const SINGLE: f32 = 0.1;
/// A part needs this many measured places to be spoken of.
const LEAST: usize = 16;

/// Buffers that are kept from frame to frame.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) edges: Edges,
}

/// The energy alone, in thousandths: cheap enough for every frame.
///
/// It is summed over the whole frame, unless the piece's place was handed in: a piece that is found
/// grows and falls apart as it blurs, and its mean with it. A plain backdrop adds nothing but noise,
/// which is taken off tile by tile.
pub(super) fn energy(view: &View, subject: &Subject, noise: f32) -> f32 {
    let t = &view.tone;
    if subject.found == Found::Nothing || t.w < 8 || t.h < 8 {
        return 0.0;
    }
    let within =
        if subject.given { subject.rect.grown(2, t.w, t.h) } else { Rect::new(0, 0, t.w, t.h) };
    let floor = f64::from(NOISE_GAIN * noise * noise);
    let (left, right) = (within.x.max(1), within.right().min(t.w - 1));
    let (mut sum, mut area) = (0.0, 0.0);
    let mut columns = vec![0.0; right.saturating_sub(left)];
    for y in (within.y.max(1)..within.bottom().min(t.h - 1)).step_by(CELL) {
        let rows = y..(y + CELL).min(t.h - 1);
        strip_energy(t, left, rows.clone(), &mut columns);
        for (k, cell) in columns.chunks(CELL).enumerate() {
            if subject.given && !subject.inside(left + k * CELL + CELL / 2, y + CELL / 2) {
                continue;
            }
            let n = (cell.len() * rows.len()) as f64;
            let energy = f64::from(cell.iter().sum::<f32>()) / 64.0;
            area += n;
            if energy > ABOVE * floor * n {
                sum += energy - floor * n;
            }
        }
    }
    let gain = (GREY / subject.mean).powf(2.0 / 2.4);
    (1000.0 * sum / area.max(1.0) * f64::from(gain)) as f32
}

wide_fn! {
    /// Squared Sobel gradients summed down each column of a strip of rows, 64 times too large.
    fn strip_energy(tone: &Plane, left: usize, rows: std::ops::Range<usize>, columns: &mut [f32]) {
        columns.fill(0.0);
        let n = columns.len();
        for y in rows {
            let row = |y: usize, k: usize| &tone.data[y * tone.w + left - 1 + k..][..n];
            let (a, b, c) = (row(y - 1, 0), row(y - 1, 1), row(y - 1, 2));
            let (d, f) = (row(y, 0), row(y, 2));
            let (g, h, i) = (row(y + 1, 0), row(y + 1, 1), row(y + 1, 2));
            for x in 0..n {
                let dx = (c[x] - a[x]) + 2.0 * (f[x] - d[x]) + (i[x] - g[x]);
                let dy = (g[x] - a[x]) + 2.0 * (h[x] - b[x]) + (i[x] - c[x]);
                columns[x] += dx * dx + dy * dy;
            }
        }
    }
}

/// 1 4 6 4 1 over 16 along a row; its ends repeat.
#[inline(always)]
pub(super) fn binomial_row(row: &[f32], out: &mut [f32]) {
    let n = row.len();
    let tap =
        |a: f32, b: f32, c: f32, d: f32, e: f32| (6.0 * c + 4.0 * (b + d) + a + e) * (1.0 / 16.0);
    for (o, v) in out[2..n - 2].iter_mut().zip(row.windows(5)) {
        *o = tap(v[0], v[1], v[2], v[3], v[4]);
    }
    let at = |i: isize| row[i.clamp(0, n as isize - 1) as usize];
    for x in [0, 1, n as isize - 2, n as isize - 1] {
        out[x as usize] = tap(at(x - 2), at(x - 1), at(x), at(x + 1), at(x + 2));
    }
}

/// Noise of the tone as its standard deviation: a low percentile over tiles of Immerkær's estimate
/// (Fast noise variance estimation, 1996), so that texture does not count as noise.
pub(super) fn noise(tone: &Plane) -> f32 {
    let mut tiles = Vec::new();
    for ty in (1..tone.h.saturating_sub(TILE + 1)).step_by(3 * TILE) {
        for tx in (1..tone.w.saturating_sub(TILE + 1)).step_by(2 * TILE) {
            let (sigma, level) = tile_noise(tone, tx, ty);
            // A tile that is clipped at either end has no noise left to measure.
            if (0.08..0.97).contains(&level) {
                tiles.push(sigma);
            }
        }
    }
    quantile(&mut tiles, 0.2)
}

/// Side of the tiles that noise is measured on.
const TILE: usize = 16;

wide_fn! {
    /// Noise and level of a tile that does not touch the frame's border.
    fn tile_noise(tone: &Plane, tx: usize, ty: usize) -> (f32, f32) {
        let (mut sums, mut levels) = ([0.0_f32; TILE], [0.0_f32; TILE]);
        for y in ty..ty + TILE {
            let row = |y: usize, k: usize| &tone.data[y * tone.w + tx + k - 1..][..TILE];
            let (a, b, c) = (row(y - 1, 0), row(y - 1, 1), row(y - 1, 2));
            let (d, e, f) = (row(y, 0), row(y, 1), row(y, 2));
            let (g, h, i) = (row(y + 1, 0), row(y + 1, 1), row(y + 1, 2));
            for x in 0..TILE {
                let (corners, sides) = (a[x] + c[x] + g[x] + i[x], b[x] + d[x] + f[x] + h[x]);
                sums[x] += (corners + 4.0 * e[x] - 2.0 * sides).abs();
                levels[x] += e[x];
            }
        }
        let n = (TILE * TILE) as f32;
        let (sum, level) = (sums.iter().sum::<f32>(), levels.iter().sum::<f32>());
        // sqrt(π/2) / 6: the mask's squared sum is 36.
        (sum / n * 1.253_314 / 6.0, level / n)
    }
}

/// The whole reading, with the parts and the direction of the blur.
pub(super) fn read(view: &View, subject: &Subject, noise: f32, buffers: &mut Buffers) -> Focus {
    buffers.edges.forget();
    if subject.found == Found::Nothing {
        return Focus { reading: Reading::new(0.0, "no piece in the frame"), ..Focus::default() };
    }
    let energy = energy(view, subject, noise);
    buffers.edges.find(view, subject, noise);
    buffers.edges.measure();
    let trace = buffers.edges.trace(noise);
    let edges = &buffers.edges;
    let sharpest = edges.sharpest();
    let step = view.step as f32;
    let blur = sharpest.map_or_else(|| edges.blur().unwrap_or(6.0), |(_, blur)| blur);
    let (motion, along, directed) = moved(edges.anisotropy(), trace);
    let blur = if motion.is_some() { blur.max(along) } else { blur };
    let parts = parts(view, subject, edges);
    // The piece's own share: a small piece is no softer than a large one.
    let share =
        if subject.given { 1.0 } else { subject.working_area() / view.tone.data.len() as f32 };
    let value = value(blur, energy / share.max(0.01));
    let because = sentence(value, blur * step, motion, &parts);
    let mut reading = Reading::new(value, because);
    if let Some((rect, _)) = sharpest {
        reading = reading.at(view.outward(rect));
    }
    Focus { reading, blur_px: blur * step, energy, parts, directed, motion }
}

/// The motion if there is one, the blur along it in working pixels, and how much speaks for it, 0 to 1
/// with the border at one half. Two witnesses: short movements show in single widths, long ones in what
/// is left of fine structure. Edges along a movement stay sharp: only the blur along it tells how far it
/// went.
fn moved(single: Option<(f32, f32)>, trace: Option<Trace>) -> (Option<Motion>, f32, f32) {
    let Some(trace) = trace else { return (None, 0.0, 0.0) };
    let (strength, width) = single.unwrap_or_default();
    // A wire beside a broad stone leaves such a trace as a short movement does: both must say so.
    let sure = trace.sure.min(if trace.along < SHORT { strength - 0.5 } else { f32::MAX });
    let over = (trace.contrast + SINGLE * (strength - 0.5)).min(sure);
    // Smooth at both ends: what is far from a movement is still told from what is farther. Against what is
    // fine at all: far out of focus that is little, and so is every difference.
    let directed = 1.0 / (1.0 + (-12.0 * over * FINE / trace.across.max(0.05)).exp());
    let motion = Motion { angle_deg: trace.angle_deg, strength: directed };
    ((over > 0.0).then_some(motion), width.max(trace.along), directed)
}

/// Mostly the blur of the sharpest part in working pixels, and a little of the energy, so that two
/// takes of one blur are still told apart.
fn value(blur: f32, energy: f32) -> f32 {
    let crisp = fall(blur, 0.7, 4.0);
    let rich = 1.0 - (-(energy / 1000.0).sqrt() / 0.03).exp();
    0.75 * crisp + 0.25 * rich
}

fn sentence(value: f32, blur_px: f32, motion: Option<Motion>, parts: &[PartFocus]) -> String {
    if motion.is_some() {
        return format!("blurred {blur_px:.1} px along one direction: shake or a moving piece");
    }
    // Under half a pixel the sampling hides the difference: a smaller number would promise too much.
    let px =
        |blur: f32| if blur < 0.5 { "under .5 px".to_owned() } else { format!("{blur:.1} px") };
    let by_blur = |a: &&PartFocus, b: &&PartFocus| a.blur_px.total_cmp(&b.blur_px);
    let (best, worst) = (parts.iter().min_by(by_blur), parts.iter().max_by(by_blur));
    match (best, worst) {
        (Some(best), Some(worst)) if worst.blur_px > 1.6 * best.blur_px && worst.blur_px > 1.4 => {
            let word = if value > 0.6 { "sharp" } else { "softish" };
            format!(
                "{} {word} ({}), {} soft ({})",
                best.name,
                px(best.blur_px),
                worst.name,
                px(worst.blur_px)
            )
        }
        _ if value > 0.75 => format!("crisp: edges are blurred {}", px(blur_px)),
        _ if value > 0.5 => format!("nearly sharp: edges are blurred {}", px(blur_px)),
        _ => format!("soft by {blur_px:.1} px: refocus on the piece"),
    }
}

/// The named parts of a piece that have edges enough.
fn parts(view: &View, subject: &Subject, edges: &Edges) -> Vec<PartFocus> {
    let r = subject.rect;
    let third = r.h / 3;
    // Without a network the busiest place stands for it: a stone's facets.
    let looked = !subject.stone.is_empty();
    let stone = if looked { subject.largest_stone() } else { edges.busiest(r) };
    let in_stone = |e: &Measured| stone.is_some_and(|s| s.contains(e.x as usize, e.y as usize));
    let mut out = Vec::new();
    let mut add = |name: &str, region: Rect, edge: &dyn Fn(&Measured) -> bool| {
        let of = |e: &Measured| region.contains(e.x as usize, e.y as usize) && edge(e);
        if let Some(blur) = edges.blur_of(LEAST, of) {
            let region = Some(view.outward(region));
            out.push(PartFocus { name: name.to_owned(), blur_px: blur * view.step as f32, region });
        }
    };
    if let Some(stone) = stone {
        add("stone", stone, &|_| true);
    }
    // What is nearer to the camera is lower in the frame, since it looks down at the set.
    add("front", Rect::new(r.x, r.bottom() - third, r.w, third), &|e| !in_stone(e));
    add("back", Rect::new(r.x, r.y, r.w, third), &|e| !in_stone(e));
    add("band", Rect::new(r.x, r.y + third, r.w, r.h - 2 * third), &|e| !in_stone(e));
    out
}
