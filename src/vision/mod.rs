//! Where the subject is, and the cut-out: alpha at full size, holes, shadow, and what it is laid on.
//!
//! The tripod's advantage carries this room: the backdrop is known, either photographed ([`CutOut::empty_set`])
//! or fitted. In order: `proxy` reduces, `backdrop` says what stands behind the subject, `coarse` labels the
//! reduced picture and tests holes, `edge` solves alpha at full size in the band between the labels, or `soft`
//! where no ground explains the picture and a network's mask is all that is known, `compose` lays the result on
//! a new ground. `network` turns a model file into a coarse mask; nothing here needs one.
//!
//! Values: "linear" is linear light, 1 is white; "encoded" is that through the sRGB curve, in which
//! camera noise and visible differences are roughly the same for dark and light.

mod backdrop;
mod coarse;
mod compose;
mod edge;
mod filter;
mod maxflow;
#[cfg(feature = "network")]
pub mod network;
mod profile;
mod proxy;
mod sight;
mod soft;
mod stroke;

pub use compose::{Background, ShadowLayer, compose, foreground};
pub use sight::Sight;
pub use stroke::{Brush, Stroke};

use crate::imaging::{Image, Mask, Picture, Pixels, Plane, Rect, Rgb8, Rgb16, Space};
use std::borrow::Cow;

/// What the cut-out may use beside the picture.
#[derive(Clone, Copy, Debug, Default)]
pub struct CutOut<'a> {
    /// The same set without the piece, from the same place with the same settings and light. Exposure and white
    /// balance are matched; [`average`] of several frames is better than one.
    pub empty_set: Option<&'a Picture>,
    /// Roughly where the subject is, at any size of the picture's shape: a network's mask. It decides
    /// which object is meant and what is inside; edges and holes come from the picture.
    pub coarse: Option<&'a Mask>,
    /// Where the subject is as Culet's own network sees it, beside its ground, at any size. Where it is sure there is
    /// subject, however much metal looks like what it mirrors; the rest comes from the picture.
    pub seen: Option<&'a Mask>,
    /// [`Sight::close`] of this very picture and empty set, where there is one: its ground is known, and is not
    /// looked for a second time.
    pub sight: Option<&'a Sight>,
    /// What the photographer painted, in order; a later stroke wins.
    pub strokes: &'a [Stroke],
}

/// What a cut-out rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The photographed empty set.
    EmptySet,
    /// A coarse mask from a network, on a backdrop that is not smooth.
    Network,
    /// A smooth backdrop that was fitted around the subject.
    Backdrop,
}

/// A finished cut-out.
#[derive(Clone, Debug)]
pub struct Cut {
    /// Coverage of the subject, the size of the picture. No shadow is in it.
    pub alpha: Mask,
    /// What the subject does to the light on its ground: picture over backdrop outside the subject,
    /// 1 is no shadow, continued smoothly under the subject. Reduced; the picture's shape.
    pub shadow: Plane,
    /// The backdrop without subject and shadow, linear, as large as `shadow`.
    pub backdrop: Image,
    /// What holds the subject, in pixels of the picture; empty when nothing was found.
    pub subject: Rect,
    /// How many closed openings show the ground.
    pub holes: usize,
    /// What it rests on.
    pub method: Method,
    /// 0 (look closely) to 1 (sure).
    pub confidence: f32,
    /// Sentences for the photographer.
    pub warnings: Vec<String>,
}

/// Why there is no cut-out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// A side of zero, or too small to hold a subject.
    #[error("the picture is {0}x{1} pixels; a cut-out needs at least 16x16")]
    TooSmall(usize, usize),
    /// Its buffer does not have the size that it claims.
    #[error("the picture's buffer does not fit its size; open the file again")]
    Damaged,
    /// The empty set has another size.
    #[error(
        "the empty set is {0}x{1} pixels and the picture {2}x{3}; photograph it again with the same settings"
    )]
    EmptySetSize(usize, usize, usize, usize),
    /// [`average`] of nothing.
    #[error("no picture of the empty set was given")]
    NoFrames,
}

/// Cuts the subject out of a picture.
///
/// Time: .1 s a megapixel or less on two cores; memory beside the picture and the mask: about 60 MB of
/// reduced planes and 2 MB a thread.
pub fn cut_out(picture: &Picture, with: &CutOut) -> Result<Cut, CutError> {
    let (rgb, empty) = eight_bits(picture, with.empty_set)?;
    let whole = |m: &&Mask| m.data.len() == m.w * m.h;
    let (coarse, seen) = (with.coarse.filter(whole), with.seen.filter(whole));
    // A coarse mask says what is no ground; without one it is the ground that the network looked beside.
    let known = with.sight.filter(|s| {
        coarse.is_none() && picture.space == Space::Srgb && s.is_of(&rgb, with.empty_set.is_some())
    });
    let scene = match known {
        Some(sight) => Cow::Borrowed(sight.scene()),
        None => Cow::Owned(backdrop::Scene::new(&rgb, empty.as_deref(), coarse)),
    };
    let mut labels = coarse::label(&scene, coarse, seen);
    stroke::paint_labels(&mut labels, with.strokes, (rgb.w, rgb.h));
    let mut alpha = match &labels.hint {
        Some(hint) => soft::solve(&rgb, &scene, &labels, hint),
        None => edge::solve(&rgb, empty.as_deref(), &scene, &labels),
    };
    stroke::paint_alpha(&mut alpha, with.strokes);
    Ok(finish(alpha, &scene, labels))
}

/// Quickly and without an empty set where the subject of a picture is: for retouching and scoring. `seen` as in
/// [`CutOut`]. The mask is as large as the picture; made for pictures of up to 1500 pixels, larger ones are
/// reduced and their mask is enlarged. All zero when nothing stands out.
pub fn subject(picture: &Rgb8, seen: Option<&Mask>) -> Mask {
    if picture.w < 16 || picture.h < 16 || picture.data.len() != picture.w * picture.h * 3 {
        return Mask::new(picture.w, picture.h);
    }
    let scene = backdrop::Scene::new(picture, None, None);
    let labels = coarse::label(&scene, None, seen.filter(|m| m.data.len() == m.w * m.h));
    proxy::enlarge(&labels.soft_mask(), picture.w, picture.h)
}

/// The mean of several frames of the same set in linear light, at sixteen bits: less noise than one.
pub fn average(frames: &[Picture]) -> Result<Picture, CutError> {
    let first = frames.first().ok_or(CutError::NoFrames)?;
    let (w, h) = first.size();
    let mut sum = vec![0.0_f32; w * h * 3];
    for frame in frames {
        let (fw, fh) = frame.size();
        if (fw, fh) != (w, h) {
            return Err(CutError::EmptySetSize(fw, fh, w, h));
        }
        proxy::add_linear(&mut sum, frame)?;
    }
    let data = proxy::encode16(&sum, frames.len());
    Ok(Picture { pixels: Pixels::Sixteen(Rgb16 { w, h, data }), ..first.clone() })
}

/// Both pictures at eight bits in one colour space, checked.
fn eight_bits<'a>(
    picture: &'a Picture,
    empty: Option<&'a Picture>,
) -> Result<(Cow<'a, Rgb8>, Option<Cow<'a, Rgb8>>), CutError> {
    let (w, h) = picture.size();
    if w < 16 || h < 16 {
        return Err(CutError::TooSmall(w, h));
    }
    if let Some((ew, eh)) = empty.map(Picture::size).filter(|&size| size != (w, h)) {
        return Err(CutError::EmptySetSize(ew, eh, w, h));
    }
    // One space is enough to compare the two; only when they differ is a conversion paid for.
    let same = empty.is_none_or(|e| e.space == picture.space);
    let view = |p: &'a Picture| match &p.pixels {
        Pixels::Sixteen(deep) if same => Cow::Owned(deep.to_rgb8()),
        _ => p.to_srgb8(),
    };
    let whole = |p: &Picture| match &p.pixels {
        Pixels::Eight(p) => p.data.len() == w * h * 3,
        Pixels::Sixteen(p) => p.data.len() == w * h * 3,
    };
    if !whole(picture) || !empty.is_none_or(whole) {
        return Err(CutError::Damaged);
    }
    Ok((view(picture), empty.map(view)))
}

/// Counts, measures and words of a solved alpha.
fn finish(alpha: Mask, scene: &backdrop::Scene, labels: coarse::Labels) -> Cut {
    let subject = alpha.extent();
    let mut warnings = scene.warnings.clone();
    if scene.rough || labels.hint.is_some() {
        warnings.push(
            "the backdrop is not smooth; photograph the empty set for a clean cut-out".to_owned(),
        );
    }
    if subject.is_empty() {
        warnings
            .push("no subject stands out from the backdrop; paint over it to keep it".to_owned());
    } else if subject.x == 0 || subject.right() == alpha.w || subject.bottom() == alpha.h {
        warnings.push("the subject touches the frame; leave room around it".to_owned());
    }
    let confidence = if subject.is_empty() { 0.0 } else { labels.confidence };
    if confidence > 0.0 && confidence < 0.5 {
        warnings.push("the edge is hard to tell from the backdrop; look at it enlarged".to_owned());
    }
    Cut {
        holes: labels.holes,
        shadow: labels.shadow,
        backdrop: scene.ground.clone(),
        method: if labels.hint.is_some() { Method::Network } else { scene.method },
        alpha,
        subject,
        confidence,
        warnings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cloth with a weave, lighter to the left; `piece` lays a silver ring on it.
    fn cloth(piece: bool, seed: usize) -> Picture {
        Picture::from_srgb8(Rgb8::from_fn(360, 260, |x, y| {
            let weave = 14.0 * ((x as f32 * 0.9).sin() * (y as f32 * 1.1).cos());
            let noise = ((x * 7919 + y * 104_729 + seed * 31) % 97 % 5) as f32 - 2.0;
            let ground = 150.0 - 0.1 * x as f32 + weave + noise;
            let r = (x as f32 - 180.0).hypot(y as f32 - 130.0);
            let a = if piece { (22.5 - (r - 80.0).abs()).clamp(0.0, 1.0) } else { 0.0 };
            let metal = 140.0 + 90.0 * ((r - 80.0) * 0.2).sin() + noise;
            let v = ground * (1.0 - a) + metal * a;
            [v, v * (1.0 - 0.15 * (1.0 - a)), v * (1.0 - 0.3 * (1.0 - a))].map(|v| v as u8)
        }))
    }

    fn truth() -> Mask {
        Mask::from_fn(360, 260, |x, y| {
            let r = (x as f32 - 180.0).hypot(y as f32 - 130.0);
            ((22.5 - (r - 80.0).abs()).clamp(0.0, 1.0) * 255.0) as u8
        })
    }

    fn iou(a: &Mask, b: &Mask) -> f32 {
        let count = |f: &dyn Fn(u8, u8) -> bool| {
            a.data.iter().zip(&b.data).filter(|(a, b)| f(**a, **b)).count() as f32
        };
        count(&|a, b| a > 127 && b > 127) / count(&|a, b| a > 127 || b > 127)
    }

    #[test]
    fn an_empty_set_cuts_from_cloth_that_no_smooth_backdrop_explains() {
        let empty = average(&[cloth(false, 1), cloth(false, 2), cloth(false, 3)]).unwrap();
        let with = CutOut { empty_set: Some(&empty), ..CutOut::default() };
        let cut = cut_out(&cloth(true, 4), &with).unwrap();
        let got = iou(&cut.alpha, &truth());
        assert!(got > 0.97, "{got}");
        assert_eq!((cut.method, cut.holes), (Method::EmptySet, 1));
        assert!(cut.shadow.data.iter().all(|&s| (0.85..1.15).contains(&s)));
    }

    #[test]
    fn a_ground_that_the_network_looked_beside_is_not_looked_for_again() {
        let (picture, empty) = (cloth(true, 4), cloth(false, 1));
        let (rgb, plate) = (picture.to_srgb8(), empty.to_srgb8());
        for known in [true, false] {
            let sight = Sight::close(&rgb, known.then_some(&plate));
            let with = CutOut { empty_set: known.then_some(&empty), ..CutOut::default() };
            let plain = cut_out(&picture, &with).unwrap();
            let shared = cut_out(&picture, &CutOut { sight: Some(&sight), ..with }).unwrap();
            assert_eq!(plain.alpha, shared.alpha);
            assert_eq!((plain.method, plain.warnings), (shared.method, shared.warnings));
        }
        // One of another picture, or of one whose set was not known, counts for nothing.
        let other = Sight::close(&Rgb8::new(90, 60), None);
        let with = CutOut { empty_set: Some(&empty), sight: Some(&other), ..CutOut::default() };
        assert_eq!(cut_out(&picture, &with).unwrap().method, Method::EmptySet);
        let unknown = Sight::close(&rgb, None);
        let with = CutOut { sight: Some(&unknown), ..with };
        assert_eq!(cut_out(&picture, &with).unwrap().method, Method::EmptySet);
    }

    #[test]
    fn strokes_are_the_last_word() {
        let stroke = |brush, x: f32, y: f32| Stroke { brush, radius: 9.0, points: vec![[x, y]] };
        let strokes = [stroke(Brush::Keep, 30.0, 30.0), stroke(Brush::Remove, 180.0, 50.0)];
        let empty = cloth(false, 1);
        let with = CutOut { empty_set: Some(&empty), strokes: &strokes, ..CutOut::default() };
        let alpha = cut_out(&cloth(true, 4), &with).unwrap().alpha;
        assert_eq!((alpha.at(30, 30), alpha.at(36, 30), alpha.at(180, 50)), (255, 255, 0));
        assert_eq!(alpha.at(180, 210), 255);
    }

    #[test]
    fn bad_input_is_refused_in_words() {
        let good = cloth(true, 1);
        let tiny = Picture::from_srgb8(Rgb8::new(3, 900));
        assert_eq!(cut_out(&tiny, &CutOut::default()).unwrap_err(), CutError::TooSmall(3, 900));
        let torn = Picture::from_srgb8(Rgb8 { w: 360, h: 260, data: vec![0; 77] });
        assert_eq!(cut_out(&torn, &CutOut::default()).unwrap_err(), CutError::Damaged);
        let with = CutOut { empty_set: Some(&torn), ..CutOut::default() };
        assert_eq!(cut_out(&good, &with).unwrap_err(), CutError::Damaged);
        let other = Picture::from_srgb8(Rgb8::new(100, 100));
        let with = CutOut { empty_set: Some(&other), ..CutOut::default() };
        assert!(cut_out(&good, &with).unwrap_err().to_string().contains("100x100"));
        assert_eq!(average(&[]).unwrap_err(), CutError::NoFrames);
        assert!(average(&[good.clone(), torn]).is_err());
        // Nothing to see is an answer, not an error; a mask that lies about its size says nothing.
        let black = Picture::from_srgb8(Rgb8::new(64, 64));
        let nothing = Mask { w: 9, h: 9, data: vec![1; 7] };
        let with = CutOut { coarse: Some(&nothing), ..CutOut::default() };
        let cut = cut_out(&black, &with).unwrap();
        assert!(cut.subject.is_empty() && cut.confidence == 0.0 && cut.warnings.len() == 1);
    }

    #[test]
    fn the_quick_subject_is_as_large_as_its_picture() {
        let mut large = Rgb8::from_fn(2600, 900, |x, y| {
            let inside = (x as f32 - 1300.0).hypot(y as f32 - 450.0) < 200.0;
            if inside { [150, 90, 30] } else { [220, 221, 222] }
        });
        let mask = subject(&large, None);
        assert_eq!((mask.w, mask.h), (2600, 900));
        let area = std::f32::consts::PI * 200.0 * 200.0;
        assert!((mask.count() as f32 / area - 1.0).abs() < 0.05, "{}", mask.count());
        large.data.truncate(5);
        assert_eq!(subject(&large, None).count(), 0);
    }
}
