//! How bright the lights of a piece before a dark backdrop are, in linear light.
//!
//! What a piece reflects of a dark set is as dark as the set and cannot be told from it. How much of that
//! counts as the piece changes with exposure and noise, and with it every quantile over the piece. So only
//! what is lit counts: what is some times as bright as the backdrop, a border that moves as all light does.
//!
//! What clips has no level. But a metal's lights have the metal's hue: while one channel is left, it tells
//! the light. Where none is left, the tail of the distribution tells about how far above the level lies.

use super::stats::{median, quantile};
use super::subject::Subject;
use crate::imaging::Rgb8;
use crate::imaging::colour::{luminance, srgb_decode_table};

/// What is no brighter than so many times the backdrop may be part of it, or mirrored in it.
const FAINT: f32 = 2.0;
/// What is so many times as bright as the backdrop is lit.
const LIT: f32 = 6.0;
/// And so is at least this share of the lights, before a grey backdrop.
const BRIGHT: f32 = 1.0 / 6.0;
/// The quantile of what is not faint at which lights begin.
const LIGHTS: f32 = 0.9;
/// The quantile of what is lit that is the level.
const LEVEL: f32 = 0.83;
/// At most about so many pixels of the piece are looked at: half as many would add .05 EV of chance.
const LOOKED_AT: f32 = 24_000.0;
/// Fewer lit ones tell nothing, in all or as a share of the piece: those are lamps in the dark.
const LEAST: (usize, f32) = (30, 0.07);
/// A channel has no level from here on: encoded.
const FULL: u8 = 247;
/// Nor has luminance.
const TOP: f32 = 0.9;
/// What is higher than everything that has a level.
const BURNT: f32 = f32::MAX;
/// The tail of the distribution falls so many times as fast above the top as below it.
const STEEPER: f32 = 2.0;
/// No more stops above the top are believed.
const BEYOND: f32 = 1.5;

/// The level of the lights of a piece; none where next to nothing is lit.
pub(super) fn level(rgb: &Rgb8, subject: &Subject, backdrop: f32) -> Option<f32> {
    let (mut all, looked_at) = luminances(rgb, subject, backdrop);
    all.sort_unstable_by(f32::total_cmp);
    let least = LEAST.0.max((LEAST.1 * looked_at as f32) as usize);
    let above = |floor: f32| &all[all.partition_point(|y| *y <= floor)..];
    if all.len() < least {
        return None;
    }
    let bright = BRIGHT * read(&all, LIGHTS).min(1.0);
    let lit = above((LIT * backdrop).min(bright));
    (lit.len() >= least).then(|| read(lit, LEVEL))
}

/// A quantile of sorted values; above the top by the slope of the tail below it, as Pareto's distribution
/// has it.
fn read(all: &[f32], share: f32) -> f32 {
    let at = ((all.len() - 1) as f32 * share).round() as usize;
    if all[at] < BURNT {
        return all[at];
    }
    let known = all.partition_point(|y| *y < BURNT);
    let top = all[..known].last().map_or(TOP, |y| y.min(TOP));
    let above = |y: f32| (all.len() - all.partition_point(|v| *v < y)).max(1) as f32;
    let slope = STEEPER * (above(0.5 * top) / above(top)).log2().max(0.1);
    let wanted = (1.0 - share) * all.len() as f32;
    top * ((above(top) / wanted).log2() / slope).clamp(0.0, BEYOND).exp2()
}

/// Luminance of those of some of the piece's pixels that are not faint, and how many were looked at.
fn luminances(rgb: &Rgb8, subject: &Subject, backdrop: f32) -> (Vec<f32>, usize) {
    let table = srgb_decode_table();
    let r = subject.rect;
    let step = (subject.working_area() / LOOKED_AT).ceil().max(1.0) as usize;
    let (mut all, mut clipped, mut looked_at) = (Vec::new(), Vec::new(), 0);
    for y in (r.y..r.bottom()).step_by(step) {
        for x in r.x..r.right() {
            if !subject.inside(x, y) {
                continue;
            }
            looked_at += 1;
            let p = rgb.at(x, y);
            let light = p.map(|v| table[v as usize]);
            if luminance(light) <= FAINT * backdrop {
                continue;
            }
            if p.iter().all(|v| *v < FULL) { all.push(light) } else { clipped.push((p, light)) }
        }
    }
    let mut out: Vec<f32> = all.iter().map(|p| luminance(*p)).collect();
    let bright = quantile(&mut out.clone(), 0.8);
    let lights: Vec<&[f32; 3]> =
        all.iter().zip(&out).filter(|l| *l.1 >= bright).map(|l| l.0).collect();
    // Luminance over each channel, in the hue of the lights.
    let over: [f32; 3] = std::array::from_fn(|c| {
        median(&mut lights.iter().map(|p| luminance(**p) / p[c].max(1e-3)).collect::<Vec<_>>())
    });
    out.extend(clipped.into_iter().map(|(p, light)| {
        let left = (0..3).filter(|c| p[*c] < FULL).map(|c| light[c] * over[c]);
        left.min_by(f32::total_cmp).map_or(BURNT, |y| y.max(luminance(light)))
    }));
    (out, looked_at)
}

#[cfg(test)]
mod tests {
    use crate::imaging::Rgb8;
    use crate::imaging::colour::srgb_encode8;

    /// A polished ring before dark paper: most of it as dark as the paper, stripes of light across it.
    fn set(metal: [f32; 3], ev: f32) -> Rgb8 {
        Rgb8::from_fn(480, 320, |x, y| {
            let (dx, dy) = (x as f32 - 240.0, y as f32 - 160.0);
            let light = 1.3 * (0.5 + 0.5 * (7.0 * dy.atan2(dx)).cos()).powi(6);
            let piece = (80.0..115.0).contains(&dx.hypot(dy));
            let p = if piece { metal.map(|m| m * (0.01 + light)) } else { [0.015; 3] };
            p.map(|v| srgb_encode8((v * ev.exp2()).min(1.0)))
        })
    }

    #[test]
    fn a_stop_is_a_stop_though_dark_reflections_come_and_go_and_lights_clip() {
        // Gold keeps a channel where it clips, silver none: its tail alone is left to go by, and that is a guess.
        for (metal, most) in [([0.95, 0.65, 0.3], 0.08), ([0.9, 0.9, 0.9], 0.8)] {
            let read = |ev: f32| crate::score::judge(&set(metal, ev)).lighting.exposure_ev - ev;
            let want = read(-0.5);
            for ev in [-1.5, -1.0, 0.0, 0.5, 1.0] {
                let most = if ev < 0.0 { 0.05 } else { most };
                assert!((read(ev) - want).abs() < most, "{metal:?} {ev}: {} {want}", read(ev));
            }
        }
    }
}
