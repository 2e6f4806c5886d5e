//! What no retouch mends: softness, too few pixels, burnt metal, heavy noise, crushed compression,
//! light of two colours, hands, and the black bars of a screenshot. A flaw whose weight is one half
//! or more rejects the picture, and it is named.

use super::intruders;
use super::stats::{fall, median};
use super::subject::{Found, Subject};
use super::view::View;
use super::{Flaw, Focus, Lighting, Quality, Reading};
use crate::imaging::{Rect, Rgb8};

/// What the flaws are judged from.
pub(super) struct Seen<'a> {
    pub(super) view: &'a View,
    /// The picture at its own size.
    pub(super) picture: &'a Rgb8,
    pub(super) subject: &'a Subject,
    pub(super) focus: &'a Focus,
    pub(super) light: &'a Lighting,
    /// Standard deviation of the tone's noise.
    pub(super) noise: f32,
}

/// Every check but those that ask what is between black bars, in no order.
const CHECKS: &[fn(&Seen) -> Option<Flaw>] =
    &[empty, soft, small, clipped, exposed, noisy, compressed, mixed_light];

/// Reads what is wrong with a picture.
pub(super) fn read(seen: &Seen) -> Quality {
    let content = intruders::inside_bars(seen.view, seen.view.rgb(seen.picture));
    let framed = [hand(seen, content), bars(seen, content)];
    let found = CHECKS.iter().filter_map(|check| check(seen));
    let mut flaws: Vec<Flaw> = found.chain(framed.into_iter().flatten()).collect();
    flaws.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let value = flaws.iter().map(|f| 1.0 - f.weight).product();
    let because = flaws
        .first()
        .map_or("nothing that retouching could not mend".to_owned(), |f| f.text.clone());
    let mut reading = Reading::new(value, because);
    reading.region = flaws.first().and_then(|f| f.region);
    Quality { reading, flaws, noise: seen.noise }
}

fn flaw(kind: &str, weight: f32, text: String) -> Option<Flaw> {
    let weight = weight.clamp(0.0, 1.0);
    (weight > 0.05).then(|| Flaw { kind: kind.to_owned(), text, weight, region: None })
}

fn at(flaw: Option<Flaw>, region: Rect) -> Option<Flaw> {
    flaw.map(|f| Flaw { region: (!region.is_empty()).then_some(region), ..f })
}

fn empty(seen: &Seen) -> Option<Flaw> {
    if seen.subject.found != Found::Nothing {
        return None;
    }
    flaw(
        "empty",
        1.0,
        "no piece in the frame: place it, or check the lens cap and the light".to_owned(),
    )
}

fn soft(seen: &Seen) -> Option<Flaw> {
    if seen.subject.found == Found::Nothing {
        return None;
    }
    let blur = seen.focus.blur_px;
    // Working pixels: what a reader of a reduced picture sees; 3 of 1000 show at every size.
    let worked =
        blur / seen.view.step as f32 * 1000.0 / seen.view.tone.w.max(seen.view.tone.h) as f32;
    let weight = 1.0 - fall(worked, 2.6, 5.4);
    if seen.focus.motion.is_some() {
        return flaw(
            "motion",
            weight,
            format!("shake of {blur:.1} px: shoot again with a shorter shutter or a remote"),
        );
    }
    flaw("soft", weight, format!("soft by {blur:.1} px even at its sharpest: focus again"))
}

fn small(seen: &Seen) -> Option<Flaw> {
    let [w, h] = seen.view.full;
    let r = seen.view.outward(seen.subject.rect);
    let piece = r.w.max(r.h);
    if piece == 0 {
        return None;
    }
    let weight = fall(piece as f32, 150.0, 450.0);
    let text = format!("the piece is only {piece} px large in a picture of {w} x {h}: move closer");
    at(flaw("small", weight.min(0.9), text), r)
}

fn clipped(seen: &Seen) -> Option<Flaw> {
    let share = seen.light.clipped;
    let weight = 1.0 - fall(share, 0.02, 0.45);
    let text = format!(
        "{:.0} % of the piece is burnt out: lower exposure or diffuse the light",
        share * 100.0
    );
    let region = seen.light.blobs.first().and_then(|b| b.region).unwrap_or_default();
    at(flaw("clipped", weight, text), region)
}

fn exposed(seen: &Seen) -> Option<Flaw> {
    if seen.subject.found == Found::Nothing {
        return None;
    }
    let ev = seen.light.exposure_ev;
    flaw(
        "dark",
        1.0 - fall(-ev, 1.5, 5.0),
        format!("{:.1} EV too dark: raising it would show noise", -ev),
    )
}

fn noisy(seen: &Seen) -> Option<Flaw> {
    let weight = 1.0 - fall(seen.noise, 0.012, 0.06);
    let text = format!("noise of {:.1} %: lower the ISO and add light", seen.noise * 100.0);
    flaw("noise", weight, text)
}

/// Blocks of 8 x 8: steps across their borders against steps inside them, at the picture's own size.
fn compressed(seen: &Seen) -> Option<Flaw> {
    let (inside, border) = block_steps(seen.picture)?;
    let ratio = border / inside.max(0.25);
    let weight = (1.0 - fall(ratio, 1.6, 4.0)) * (1.0 - fall(border, 1.0, 3.0));
    flaw(
        "compression",
        0.9 * weight,
        "crushed by compression: ask for the camera's own file".to_owned(),
    )
}

/// Mean steps inside blocks and across their borders in encoded values, over smooth places only.
fn block_steps(p: &Rgb8) -> Option<(f32, f32)> {
    if p.w < 64 || p.h < 64 {
        return None;
    }
    let (mut inside, mut border) = ((0_u32, 0_u32), (0_u32, 0_u32));
    let rows = (p.h / 160).max(1);
    for y in (4..p.h).step_by(rows * 3 + 1) {
        let green = |x: usize| i32::from(p.data[(y * p.w + x) * 3 + 1]);
        for block in (8..p.w - 8).step_by(8) {
            let step = |x: usize| green(x).abs_diff(green(x - 1));
            let (across, within) = (step(block), [2, 4, 6].map(|k| step(block + k)));
            if within.iter().max() > Some(&6) || across > 24 {
                continue;
            }
            border = (border.0 + across, border.1 + 1);
            inside = (inside.0 + within.iter().sum::<u32>(), inside.1 + 3);
        }
    }
    let mean = |(sum, n): (u32, u32)| sum as f32 / n.max(1) as f32;
    (border.1 > 200).then(|| (mean(inside), mean(border)))
}

/// Light of two colours: the backdrop's hue differs between its thirds.
fn mixed_light(seen: &Seen) -> Option<Flaw> {
    if seen.subject.found != Found::Piece || seen.light.backdrop < 0.04 {
        return None;
    }
    let proxy = &seen.view.proxy;
    let (w, subject) = (proxy.w, seen.subject);
    let clear = |i: &usize| subject.mask.data[*i] == 0 && subject.shadow.data[*i] == 0;
    // Every second pixel of a row tells a median.
    let third = |from: usize, to: usize, c: usize| {
        let ratio = |i: usize| (proxy.rgb[i][c] + 0.01) / (proxy.rgb[i][1] + 0.01);
        let places = (0..proxy.h).flat_map(|y| (y * w + from + y % 2..y * w + to).step_by(2));
        let mut all: Vec<f32> = places.filter(clear).map(ratio).collect();
        if all.len() < 15 { None } else { Some(median(&mut all).log2()) }
    };
    let differs = |c| Some((third(0, w / 3, c)? - third(2 * w / 3, w, c)?).abs());
    let ev = differs(0)?.max(differs(2)?);
    let weight = 0.6 * (1.0 - fall(ev, 0.22, 0.9));
    flaw(
        "mixed-light",
        weight,
        "light of two colours, left and right differ: use one kind of lamp".to_owned(),
    )
}

fn hand(seen: &Seen, content: Option<Rect>) -> Option<Flaw> {
    let (share, region) = intruders::hand(seen.view, content)?;
    let text =
        "skin in the picture: if a hand holds the piece, lay it down or use a stand".to_owned();
    // Skin is told by its colour, and some is meant to be there: named, but never the whole reason to
    // reject.
    at(flaw("hand", (0.3 + share).min(0.45), text), region)
}

fn bars(seen: &Seen, content: Option<Rect>) -> Option<Flaw> {
    let content = content?;
    let text = "black bars, as in a screenshot: use the original picture".to_owned();
    at(flaw("bars", 0.8, text), seen.view.outward(content))
}
