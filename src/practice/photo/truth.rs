//! What is known exactly about a picture of the practice set.

use super::super::trace::Part;
use super::card::CardTruth;
use super::develop::{Camera, Source};
use super::dust::{Drawn, Mark, Speck};
use super::negative::{Bench, Window};
use crate::imaging::{Image, Mask, Plane, Rect, Rgb8, colour};
use rayon::prelude::*;

/// The truth about one picture; every field has the picture's size and is in its pixels.
#[derive(Clone, Debug)]
pub struct Truth {
    /// How much of each pixel is the piece, as the lens draws it: defocused and shaken.
    pub subject: Mask,
    /// Pixels that show mostly metal, before the lens: 255 or 0.
    pub metal: Mask,
    /// Pixels that show mostly stone, before the lens: 255 or 0.
    pub stone: Mask,
    /// Share of the paper's light that the piece leaves, 0 to 1; 1 is no shadow.
    pub shadow: Plane,
    /// The same picture of the bare paper: no piece, no shadow, no dust, no card, no noise.
    pub empty_set: Rgb8,
    /// Linear sRGB as it falls on the sensor, with exposure, white balance, vignette and shake,
    /// before clipping and noise; values above 1 are kept.
    pub linear: Image,
    /// Radius of the disk of confusion of the piece in pixels; 0 where there is none of it.
    pub blur_px: Plane,
    /// Every mark that is in the frame.
    pub specks: Vec<Speck>,
    /// The card, when there is one.
    pub card: Option<CardTruth>,
}

impl Truth {
    /// Mean radius of the disk of confusion over the whole piece, pixels.
    pub fn mean_blur_px(&self) -> f32 {
        let on = |i: &usize| self.metal.data[*i] > 0 || self.stone.data[*i] > 0;
        let (sum, n) = (0..self.blur_px.data.len())
            .filter(on)
            .fold((0.0_f64, 0), |(s, n), i| (s + f64::from(self.blur_px.data[i]), n + 1));
        (sum / f64::from(n.max(1))) as f32
    }
}

/// Rows that are worked on together.
const BAND: usize = 32;

pub(crate) fn truth(
    bench: &Bench<'_>,
    camera: &Camera,
    source: &Source<'_>,
    size: (usize, usize),
) -> Truth {
    let bands: Vec<Band> = (0..size.1)
        .step_by(BAND)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|y| band(bench, camera, source, (size.0, BAND.min(size.1 - y)), y))
        .collect();
    let mut out = assemble(bands, size);
    out.specks = bench.marks.iter().filter_map(|m| speck(bench, camera, m, size)).collect();
    out.card = bench.card.as_ref().map(|card| {
        let (w, h) = bench.size();
        card.truth(|p| {
            let (x, y, _) = bench.stage.view.project(w, h, p);
            camera.warp.target(x, y)
        })
    });
    out
}

#[derive(Default)]
struct Band {
    subject: Vec<u8>,
    metal: Vec<u8>,
    stone: Vec<u8>,
    shadow: Vec<f32>,
    empty: Vec<u8>,
    linear: Vec<[f32; 3]>,
    blur: Vec<f32>,
}

fn band(
    bench: &Bench<'_>,
    camera: &Camera,
    source: &Source<'_>,
    (w, h): (usize, usize),
    y: usize,
) -> Band {
    let tile = Window { x: 0, y: y as isize, w, h };
    let mut light = camera.light(tile, source);
    camera.expose(tile, &mut light);
    let lattice = bench.lattice(camera.warp.window(tile));
    let (paper, scale) = (bench.stage.setup.paper, camera.warp.scale());
    let mut out = Band::default();
    for (i, p) in light.v.iter().enumerate() {
        let (x, y) = ((i % w) as f32 + 0.5, (y + i / w) as f32 + 0.5);
        let (u, v) = camera.warp.source(x, y);
        let (u, v) = (u.floor() as isize, v.floor() as isize);
        let (floor, gain) = (lattice.at(u, v), camera.gain_at(x, y));
        let (part, blur) = bench.part_at(u, v);
        out.subject.push((p[3] * 255.0 + 0.5) as u8);
        out.metal.push(if part == Part::Metal { 255 } else { 0 });
        out.stone.push(if part == Part::Stone { 255 } else { 0 });
        out.shadow.push(floor.lit / floor.bare.max(1e-6));
        let empty = [paper.0 * gain[0], paper.1 * gain[1], paper.2 * gain[2]];
        out.empty.extend(empty.map(|v| colour::srgb_encode8(v * floor.bare)));
        out.linear.push([p[0], p[1], p[2]]);
        out.blur.push(blur * scale);
    }
    out
}

fn assemble(bands: Vec<Band>, (w, h): (usize, usize)) -> Truth {
    let mut all = Band::default();
    for b in bands {
        all.subject.extend(b.subject);
        all.metal.extend(b.metal);
        all.stone.extend(b.stone);
        all.shadow.extend(b.shadow);
        all.empty.extend(b.empty);
        all.linear.extend(b.linear);
        all.blur.extend(b.blur);
    }
    Truth {
        subject: Mask { w, h, data: all.subject },
        metal: Mask { w, h, data: all.metal },
        stone: Mask { w, h, data: all.stone },
        shadow: Plane { w, h, data: all.shadow },
        empty_set: Rgb8 { w, h, data: all.empty },
        linear: Image { w, h, data: all.linear },
        blur_px: Plane { w, h, data: all.blur },
        specks: Vec::new(),
        card: None,
    }
}

/// A mark in the picture; none when it is outside.
fn speck(bench: &Bench<'_>, camera: &Camera, m: &Drawn, (w, h): (usize, usize)) -> Option<Speck> {
    let at = m.points.first().copied().unwrap_or_default();
    let soft = match m.mark {
        Mark::PaperSpeck | Mark::Hair => bench.paper_blur(at.1),
        Mark::PieceSpeck | Mark::Scratch => bench.part_at(at.0 as isize, at.1 as isize).1,
    };
    let (lo, hi) = m.extent(soft);
    let corners = [(lo.0, lo.1), (hi.0, lo.1), (lo.0, hi.1), (hi.0, hi.1)]
        .map(|(x, y)| camera.warp.target(x + 0.5, y + 0.5));
    let range = |of: fn(&(f32, f32)) -> f32, most: usize| {
        let (a, b) =
            corners.iter().map(of).fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(v), b.max(v)));
        let a = a.floor().clamp(0.0, most as f32) as usize;
        (a, (b.ceil().clamp(0.0, most as f32) as usize).saturating_sub(a))
    };
    let ((x, rw), (y, rh)) = (range(|c| c.0, w), range(|c| c.1, h));
    (rw > 0 && rh > 0).then_some(Speck { mark: m.mark, rect: Rect::new(x, y, rw, rh) })
}
