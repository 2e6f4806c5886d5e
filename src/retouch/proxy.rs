//! What planning looks at: a reduced linear picture, the subject, the backdrop, specks, and how
//! noisy and how sharp the picture is.

use super::backdrop::{self, Backdrop, median};
use super::blotches::{self, Blotch};
use super::ops::Straighten;
use super::region::{Matte, Region};
use super::specks::{self, Speck};
use super::survey::Survey;
use super::tile::{Frame, Source, Tile};
use crate::imaging::colour::{Lab, REC2020_TO_SRGB, apply, linear_srgb_to_lab};
use crate::imaging::{Mask, Picture, Rect, Rgb8};
use std::sync::{Arc, OnceLock};

/// A picture as planning sees it. Made once a picture; every recipe for it can be planned on it.
#[derive(Clone, Debug)]
pub struct Proxy {
    size: (usize, usize),
    tile: Tile,
    subject: Region,
    /// The mask that was given, where it is finer than `subject`.
    fine: Option<Arc<Mask>>,
    backdrop: Backdrop,
    specks: Vec<Speck>,
    noise: f32,
    crispness: Option<f32>,
    told: bool,
    /// See [`Self::piece`].
    piece: OnceLock<Region>,
}

impl Proxy {
    /// Looks at a picture. `subject` is 255 where the product is, at any size (a new ground uses all
    /// of its fineness); without one, what stands out from a plain backdrop is taken.
    pub fn new(picture: &Picture, subject: Option<&Mask>) -> Self {
        Self::look(&Source::of(picture), subject, true)
    }

    /// Looks at a live frame; specks are not looked for.
    pub fn live(frame: &Rgb8, subject: Option<&Mask>) -> Self {
        Self::look(&Source::of_bytes(frame), subject, false)
    }

    fn look(source: &Source<'_>, subject: Option<&Mask>, with_specks: bool) -> Self {
        let survey = Survey::of(source);
        let (w, h) = (survey.tile.rect.w, survey.tile.rect.h);
        let (backdrop, coarse) = backdrop::find(&survey.tile);
        let told = subject.is_some();
        let fine = subject.filter(|m| m.w > w && m.h > h).map(|m| Arc::new(m.clone()));
        let subject = match subject {
            Some(mask) => Region::from_mask(mask, w, h),
            None => Region::from_mask(&backdrop::refined(&survey.tile, &backdrop, &coarse), w, h),
        };
        let specks = if with_specks { specks::find(source, &survey, &subject) } else { Vec::new() };
        let noise = noise(source, &subject);
        let crispness = crispness(source, &subject);
        Self {
            size: source.size(),
            tile: survey.tile,
            subject,
            fine,
            backdrop,
            specks,
            noise,
            crispness,
            told,
            piece: OnceLock::new(),
        }
    }

    /// Width and height of the picture itself.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Specks and scratches: those on the backdrop, then those on the product, each the surest
    /// first.
    pub fn specks(&self) -> &[Speck] {
        &self.specks
    }

    /// Blotches on the product, the surest first: unwanted reflections, haze, fingerprints, and what
    /// only looks like them. Looked for at each call, which takes some hundredths of a second.
    pub fn blotches(&self) -> Vec<Blotch> {
        blotches::find(&self.tile, &self.subject)
    }

    /// Standard deviation of the noise of the picture's own pixels on the sRGB scale, 0 to 1,
    /// measured where it is smooth.
    pub fn noise(&self) -> f32 {
        self.noise
    }

    /// How much of an edge's step lies between two neighbouring pixels, about 1/3 (soft) to 1 (as
    /// crisp as can be), the median over the subject's strong edges; none if there are too few.
    pub fn crispness(&self) -> Option<f32> {
        self.crispness
    }

    /// The colour of the metal in CIE L*a*b* (D65): the median over the subject's middle tones; none
    /// if there is no subject.
    pub fn metal(&self) -> Option<Lab> {
        self.metal_in(&self.small())
    }

    /// The reduced picture reduced once more: a colour needs few pixels, and is asked for at every
    /// step of a slider.
    pub(super) fn small(&self) -> Tile {
        let whole = self.tile.rect;
        let k = whole.w.max(whole.h).div_ceil(METAL_SIDE).max(1);
        let (w, h) = ((whole.w / k).max(1), (whole.h / k).max(1));
        let scale = self.tile.frame.scale * w as f32 / whole.w.max(1) as f32;
        let mut small = Tile::new(Frame { w, h, scale }, Rect::new(0, 0, w, h));
        let part = 1.0 / (k * k) as f32;
        for (small, plane) in small.planes.iter_mut().zip(&self.tile.planes) {
            for (y, row) in small.chunks_exact_mut(w).enumerate() {
                for line in plane[y * k * whole.w..].chunks_exact(whole.w).take(k) {
                    let cells = row.iter_mut().zip(line.chunks_exact(k));
                    cells.for_each(|(v, cell)| *v += cell.iter().sum::<f32>() * part);
                }
            }
        }
        small
    }

    /// The same in another rendering of [`Self::small`].
    pub(super) fn metal_in(&self, tile: &Tile) -> Option<Lab> {
        let mut cover = vec![0.0; tile.rect.area()];
        let mut subject = self.subject.over(tile);
        for (y, row) in cover.chunks_exact_mut(tile.rect.w.max(1)).enumerate() {
            subject.row(y, row);
        }
        let inside = (0..cover.len()).filter(|&i| cover[i] > 0.9);
        let labs = inside.map(|i| linear_srgb_to_lab(apply(&REC2020_TO_SRGB, tile.at(i))));
        let middle: Vec<Lab> = labs.filter(|lab| (35.0..85.0).contains(&lab[0])).collect();
        let of = |c: usize| median(&mut middle.iter().map(|lab| lab[c]).collect::<Vec<_>>());
        Some([of(0)?, of(1)?, of(2)?])
    }

    /// From the dark to the light twentieth of the subject, on the square root of luminance.
    pub(super) fn subject_range(&self) -> Option<f32> {
        let roots = self.tile.roots();
        let [dark, light] = self.subject_at([0.05, 0.95], |i| Some(roots[i]))?;
        Some(light - dark)
    }

    /// Where the light twentieth of the subject begins in its largest channel, linear; what is clipped is left out.
    /// Of sRGB's channels, too: gold fills its red long before any of Rec.2020.
    pub(super) fn subject_light(&self) -> Option<f32> {
        let largest = |i: usize| {
            let p = [0, 1, 2].map(|c| self.tile.planes[c][i]);
            p.into_iter().chain(apply(&REC2020_TO_SRGB, p)).fold(0.0, f32::max)
        };
        let [light] = self.subject_at([0.95], |i| Some(largest(i)).filter(|v| *v < CLIPPED))?;
        Some(light)
    }

    /// The values below which parts of the subject lie; none where there is hardly a subject.
    fn subject_at<const N: usize>(
        &self,
        parts: [f32; N],
        value: impl Fn(usize) -> Option<f32>,
    ) -> Option<[f32; N]> {
        let cover = &self.subject.plane().data;
        let inside = (0..cover.len()).filter(|&i| cover[i] > 0.9);
        let mut inside: Vec<f32> = inside.filter_map(value).collect();
        (inside.len() >= 100).then(|| {
            parts.map(|part| {
                let i = (part * (inside.len() - 1) as f32) as usize;
                *inside.select_nth_unstable_by(i, f32::total_cmp).1
            })
        })
    }

    /// The reduced picture.
    pub(super) fn tile(&self) -> &Tile {
        &self.tile
    }

    /// Where the product is.
    pub(super) fn subject(&self) -> &Region {
        &self.subject
    }

    /// Straightening by a turn (degrees, clockwise positive) and, with `fill`, a crop in the picture's
    /// own shape about the product until its longer side fills that part of the frame.
    pub fn framed(&self, roll: f32, fill: Option<f32>) -> Straighten {
        let mut step = Straighten { roll: roll.clamp(-20.0, 20.0), ..Straighten::default() };
        let extent = self.subject_mask().extent();
        let Some(fill) = fill.filter(|_| !extent.is_empty()) else { return step };
        let (w, h) = (self.tile.rect.w as f32, self.tile.rect.h as f32);
        let (cx, cy) = extent.centre();
        // In parts of the frame: the crop has the frame's own shape.
        let side = (extent.w as f32 / w).max(extent.h as f32 / h) / fill.max(0.05);
        let cut = |centre: f32| {
            let low = (centre - 0.5 * side).max(0.0);
            let high = (1.0 - centre - 0.5 * side).max(0.0);
            (low.min(0.45), high.min(0.45))
        };
        ((step.left, step.right), (step.top, step.bottom)) = (cut(cx / w), cut(cy / h));
        step
    }

    /// The product without the paper that its outline took in, where there is paper.
    pub(super) fn piece(&self) -> &Region {
        self.piece.get_or_init(|| match self.paper() {
            Some(paper) => paper.without_sheen(&self.tile, &self.subject, self.noise),
            None => self.subject.clone(),
        })
    }

    /// The product's coverage as finely as it is known.
    pub(super) fn matte(&self) -> Matte {
        match &self.fine {
            Some(mask) => Matte::Fine(Arc::clone(mask)),
            None => Matte::Coarse(self.subject.clone()),
        }
    }

    /// Whether the subject was given, or stands out from a plain backdrop.
    pub(super) fn knows_subject(&self) -> bool {
        self.told || self.backdrop.is_plain()
    }

    /// The backdrop if it is plain: one smooth surface.
    pub(super) fn backdrop(&self) -> Option<&Backdrop> {
        Some(&self.backdrop).filter(|b| b.is_plain())
    }

    /// The backdrop if it is plain paper.
    pub(super) fn paper(&self) -> Option<&Backdrop> {
        self.backdrop().filter(|b| b.is_paper())
    }

    /// Whether its backdrop was made white before: what a retoucher did stays.
    pub(super) fn is_finished(&self) -> bool {
        self.paper().is_some_and(Backdrop::is_white)
    }

    /// Part of the backdrop that whitening would leave as crumbs: see [`Backdrop::litter`].
    pub(super) fn litter(&self) -> f32 {
        self.backdrop.litter(&self.tile, &self.subject, self.noise)
    }

    /// The subject as a mask at the size of the reduced picture.
    pub fn subject_mask(&self) -> Mask {
        let plane = self.subject.plane();
        let data = plane.data.iter().map(|v| (v * 255.0 + 0.5) as u8).collect();
        Mask { w: plane.w, h: plane.h, data }
    }
}

/// Linear light from which on a channel is taken for clipped.
const CLIPPED: f32 = 0.97;
/// Longest side of the picture whose metal is measured, pixels.
const METAL_SIDE: usize = 400;

/// Rows and columns that a measure skips so that it looks at about a hundred thousand places.
fn stride(w: usize, h: usize) -> usize {
    (((w * h) as f32 / 1e5).sqrt() as usize).max(1)
}

/// Visits places outside (`inside` false) or inside the subject, away from the border.
fn visit(size: (usize, usize), subject: &Region, inside: bool, mut f: impl FnMut(usize, usize)) {
    let (w, h) = size;
    let step = stride(w, h);
    let frame = Frame { w, h, scale: 1.0 };
    for y in (2..h.saturating_sub(2)).step_by(step) {
        for x in (2..w.saturating_sub(3)).step_by(if inside { 1 + step / 3 } else { step }) {
            if inside == (subject.nearest(&frame, x, y) > 0.5) {
                f(x, y);
            }
        }
    }
}

/// Fewer places than this tell nothing about noise.
const FEW: usize = 500;

/// Sizes of second differences along rows, on the byte scale.
fn bends(source: &Source<'_>, subject: &Region, inside: bool) -> Vec<f32> {
    let mut sample = Vec::new();
    visit(source.size(), subject, inside, |x, y| {
        let v = [x - 1, x, x + 1].map(|x| source.green(x, y));
        // Clipped white has no noise to tell of.
        if v[1] < 250.0 {
            sample.push((v[0] - 2.0 * v[1] + v[2]).abs());
        }
    });
    sample
}

/// Second differences along a row cancel any slope; white noise comes through with sqrt(6).
fn noise(source: &Source<'_>, subject: &Region) -> f32 {
    let mut sample = bends(source, subject, false);
    if sample.len() < FEW {
        // The product fills the frame: where it is calmest, what is left is noise. The smallest fifth
        // of |x| of a normal deviate ends at .253 of its deviation.
        let mut sample = bends(source, subject, true);
        let fifth = sample.len() / 5;
        if sample.is_empty() {
            return 0.0;
        }
        return *sample.select_nth_unstable_by(fifth, f32::total_cmp).1
            / 0.253
            / 6.0_f32.sqrt()
            / 255.0;
    }
    // The mean of the smaller part: a median of whole numbers would only know steps.
    let kept = sample.len() * 3 / 4;
    let (smaller, _, _) = sample.select_nth_unstable_by(kept, f32::total_cmp);
    let mean = smaller.iter().sum::<f32>() / (kept as f32).max(1.0);
    // The mean of the smallest three quarters of |x| of a normal deviate is .463 of its deviation.
    mean / 0.463 / 6.0_f32.sqrt() / 255.0
}

fn crispness(source: &Source<'_>, subject: &Region) -> Option<f32> {
    let mut parts = Vec::new();
    visit(source.size(), subject, true, |x, y| {
        let v = [x - 1, x, x + 1, x + 2].map(|x| source.green(x, y));
        let (whole, middle) = ((v[3] - v[0]).abs(), (v[2] - v[1]).abs());
        if parts.len() > 20_000 || whole <= 30.0 {
            return;
        }
        let even = (v[1] - v[0]) * (v[2] - v[1]) >= 0.0 && (v[2] - v[1]) * (v[3] - v[2]) >= 0.0;
        // Only where the step is steepest in the middle.
        let steepest = middle >= (v[1] - v[0]).abs() && middle >= (v[3] - v[2]).abs();
        if even && steepest {
            parts.push(middle / whole);
        }
    });
    if parts.len() < 50 { None } else { median(&mut parts) }
}
