//! The one-key finish: a recipe made for one picture.

use super::backdrop::Backdrop as Surface;
use super::ops::{Backdrop, Exposure, Glare, Noise, Sharpen, Specks, Tone, WhiteBalance};
use super::proxy::Proxy;
use super::recipe::Recipe;
use super::{Op, Step, operations};

/// Linear light of the backdrop from which on it is meant to be white.
const LIGHT: f32 = 0.25;
/// Where a light backdrop is brought by exposure: the rest of the way to white is left to the
/// backdrop step, which spares the product.
const PAPER: f32 = 0.90;

/// Where paper has to be for the backdrop step to make it wholly white.
const WHITENED: f32 = 0.52;

/// Stops from blue to amber from which on a backdrop is of more than one colour, or in more than one
/// light, and says nothing about white.
const TINTS: f32 = 0.3;

/// Part of a backdrop in crumbs from which on it is a place, not paper, and is not made white.
const LITTERED: f32 = 0.004;

impl Recipe {
    /// A finished, believable product picture in one step: what a careful retoucher would do
    /// without being asked. Steps that this picture does not need are left out.
    pub fn automatic(proxy: &Proxy) -> Self {
        let finished = proxy.is_finished();
        let mut ops = vec![Op::Specks(Specks { sensitivity: 0.5, ..Specks::default() })];
        ops.extend(light(proxy));
        if !finished {
            ops.extend(noise(proxy));
            // Without a subject that can be told from the rest a white shirt would be a hot spot.
            if proxy.knows_subject() {
                ops.push(Op::Glare(Glare { strength: 0.5, ..Glare::default() }));
            }
            ops.extend(tone(proxy));
        }
        ops.extend(sharpen(proxy, if finished { 0.3 } else { 1.0 }));
        let order = operations();
        let place = |s: &Step| order.iter().position(|o| o.id() == s.id());
        let mut steps: Vec<Step> = ops.into_iter().map(Step::new).collect();
        steps.sort_by_key(place);
        Self { steps, ..Self::default() }
    }
}

/// Luminance of a plain backdrop that is paper.
fn paper(proxy: &Proxy) -> Option<f32> {
    proxy.paper().map(Surface::luminance).filter(|light| *light >= LIGHT)
}

/// White balance, exposure and backdrop from a light plain backdrop. A dark one was meant dark and
/// says nothing about white.
fn light(proxy: &Proxy) -> Vec<Op> {
    let (Some(backdrop), Some(level)) = (proxy.backdrop(), paper(proxy)) else {
        return Vec::new();
    };
    let mut ops = Vec::new();
    let [red, green, blue] = backdrop.level.map(|b| (level / b).clamp(0.6, 1.6));
    // Less than a tint that the eye sees on white is left alone.
    let tinted = [red, green, blue].iter().any(|g| (g - 1.0).abs() > 0.01);
    if tinted && backdrop.tints < TINTS {
        ops.push(Op::WhiteBalance(WhiteBalance { red, green, blue, ..WhiteBalance::default() }));
    }
    let whitened = backdrop.is_clean() && proxy.litter() < LITTERED;
    let mut ev = Exposure::lifting(level, PAPER);
    // Lights of the metal that lie apart are not pressed together for the sake of paper that is made white
    // by itself.
    if let Some(light) = proxy.subject_light().filter(|_| whitened) {
        ev = ev.min(Exposure::unpressed(light).max(Exposure::lifting(level, WHITENED)));
    }
    if ev > 0.03 {
        ops.push(Op::Exposure(Exposure { ev, ..Exposure::default() }));
    }
    if whitened {
        ops.push(Op::Backdrop(Backdrop { even: 1.0, white: 1.0, ..Backdrop::default() }));
    }
    ops
}

/// A little contrast where the subject has little of its own: the distance between its dark and its
/// light twentieth, on the square root of light.
fn tone(proxy: &Proxy) -> Option<Op> {
    let range = proxy.subject_range()?;
    let contrast = ((0.72 - range) * 0.8).clamp(0.0, 0.25);
    (contrast > 0.02).then_some(Op::Tone(Tone { contrast, ..Tone::default() }))
}

/// Against noise that the eye sees.
fn noise(proxy: &Proxy) -> Option<Op> {
    let seen = (proxy.noise() - 0.008) / 0.012;
    let (luminance, colour) = ((0.5 * seen).clamp(0.0, 0.6), seen.clamp(0.0, 0.8));
    (seen > 0.1).then_some(Op::Noise(Noise { luminance, colour }))
}

/// As much as the subject's edges are soft, and less where there is noise.
fn sharpen(proxy: &Proxy, part: f32) -> Option<Op> {
    let soft = proxy.crispness().map_or(0.3, |c| (0.72 - c) * 2.2);
    let amount = part * soft.clamp(0.0, 0.8);
    let threshold = (proxy.noise() * 1000.0 * 1.5).clamp(4.0, 30.0);
    (amount > 0.05).then(|| Op::Sharpen(Sharpen { amount, threshold, ..Sharpen::default() }))
}
