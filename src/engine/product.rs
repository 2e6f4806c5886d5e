//! Where the product is in a picture, roughly or exactly: what a retouch is planned with.

use crate::imaging::{Mask, Picture, Rgb8, resize};
use crate::retouch::{Mark, Place, Recipe, Side};
use crate::vision::{self, Brush, CutError, CutOut, Sight, Stroke};

/// Longest side at which the subject is looked for, pixels: the time goes with its square.
pub const LOOK: usize = 480;

/// The product of a picture; none where nothing, or nearly everything, stands out of the backdrop:
/// then the plan decides for itself.
fn product(picture: &Picture) -> Option<Mask> {
    let small = reduced(picture, LOOK);
    let seen = glance(&small);
    plausible(vision::subject(&small, seen.as_ref()))
}

/// The network, opened once; none when the program was built without.
#[cfg(feature = "network")]
pub(super) fn network() -> Option<&'static vision::network::SubjectNetwork> {
    use vision::network::SubjectNetwork;
    static NETWORK: std::sync::OnceLock<Option<SubjectNetwork>> = std::sync::OnceLock::new();
    let open = || SubjectNetwork::built_in().map_err(|e| tracing::error!("{e}")).ok();
    NETWORK.get_or_init(open).as_ref()
}

/// Where the network sees the piece at one look at the whole picture, in a square; none without a network.
fn glance(picture: &Rgb8) -> Option<Mask> {
    #[cfg(feature = "network")]
    return network()?
        .glance(picture, None)
        .map_err(|e| tracing::warn!("{e}"))
        .ok()
        .map(|p| p.subject);
    #[cfg(not(feature = "network"))]
    {
        let _ = picture;
        None
    }
}

/// What the network saw of a picture closely, for [`CutOut::seen`] and [`CutOut::sight`].
pub struct Look {
    /// Where the piece is.
    pub seen: Mask,
    /// The picture beside its ground.
    pub sight: Sight,
}

/// Where the network sees the piece closely; none without a network.
pub fn look(picture: &Picture, empty_set: Option<&Picture>) -> Option<Look> {
    #[cfg(feature = "network")]
    {
        let (rgb, empty) = (picture.to_srgb8(), empty_set.map(Picture::to_srgb8));
        let network = network()?;
        let first = network.glance(&rgb, empty.as_deref());
        let sight = Sight::close(&rgb, empty.as_deref());
        let parts = first.and_then(|first| network.look_closely(&first.subject, &sight));
        let parts = parts.map_err(|e| tracing::warn!("{e}")).ok()?;
        Some(Look { seen: parts.subject, sight })
    }
    #[cfg(not(feature = "network"))]
    {
        let _ = (picture, empty_set);
        None
    }
}

/// The product of a picture as an edit needs it: at full size, with what was painted, for an edit that
/// asks for it or where the empty set is known; quickly otherwise. With sentences about what is unsure.
pub fn product_for(
    picture: &Picture,
    edit: &Recipe,
    empty_set: Option<&Picture>,
) -> Result<(Option<Mask>, Vec<String>), CutError> {
    let marks = match edit.cut_out() {
        Some(marks) => marks,
        None if empty_set.is_some() => &[],
        None => return Ok((product(picture), Vec::new())),
    };
    let (w, h) = picture.size();
    let strokes: Vec<Stroke> = marks.iter().map(|m| stroke(m, (w, h))).collect();
    let look = look(picture, empty_set);
    let (seen, sight) = look.as_ref().map(|l| (&l.seen, &l.sight)).unzip();
    let with = CutOut { empty_set, strokes: &strokes, seen, sight, ..CutOut::default() };
    let cut = vision::cut_out(picture, &with)?;
    Ok((plausible(cut.alpha), cut.warnings))
}

/// A mark in pixels of a picture of a size.
fn stroke(mark: &Mark, (w, h): (usize, usize)) -> Stroke {
    let brush = match mark.side {
        Side::Keep => Brush::Keep,
        Side::Remove => Brush::Remove,
        Side::Refine => Brush::Refine,
    };
    let place = |p: &Place| [p[0] * w as f32 - 0.5, p[1] * h as f32 - 0.5];
    let points = mark.points.iter().map(place).collect();
    Stroke { brush, radius: mark.radius * w.max(h) as f32, points }
}

/// A mask that can be a product on a backdrop.
fn plausible(mask: Mask) -> Option<Mask> {
    let share = mask.count() as f32 / (mask.w * mask.h).max(1) as f32;
    (0.001..0.8).contains(&share).then_some(mask)
}

/// An sRGB copy with its longest side reduced; small pictures stay as they are.
pub fn reduced(picture: &Picture, side: usize) -> Rgb8 {
    let whole = picture.to_srgb8();
    let (w, h) = picture.size();
    if w.max(h) <= side {
        return whole.into_owned();
    }
    let (w, h) = resize::fit((w, h), side);
    resize::rgb8_much_smaller(&whole, w, h)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retouch::{self, Op, Step};

    /// A dark disc with a bright one beside it, on a light backdrop.
    fn set(with_piece: bool) -> Picture {
        Picture::from_srgb8(Rgb8::from_fn(300, 200, |x, y| {
            let inside = |cx: f32| (x as f32 - cx).hypot(y as f32 - 100.0) < 35.0;
            let grain = (x * 7 + y * 13) as u8 % 4;
            if with_piece && inside(100.0) {
                [80 + grain, 60, 40]
            } else if with_piece && inside(200.0) {
                [90 + grain, 70, 40]
            } else {
                [205 + grain, 203, 200]
            }
        }))
    }

    fn edit(marks: Vec<Mark>) -> Recipe {
        let cut = retouch::CutOut { exact: true, marks };
        Recipe { steps: vec![Step::new(Op::CutOut(cut))], ..Recipe::default() }
    }

    fn cut(edit: &Recipe, empty_set: Option<&Picture>) -> Mask {
        product_for(&set(true), edit, empty_set).unwrap().0.unwrap()
    }

    #[test]
    fn marks_decide_what_belongs_to_the_product() {
        let plain = cut(&edit(Vec::new()), None);
        assert!(plain.at(100, 100) > 250 && plain.at(200, 100) > 250 && plain.at(20, 20) == 0);
        let mark = |side, x: f32| Mark { side, points: vec![[x, 0.5]], radius: 0.14 };
        let marked = edit(vec![mark(Side::Remove, 200.5 / 300.0), mark(Side::Keep, 20.0 / 300.0)]);
        let painted = cut(&marked, None);
        assert!(painted.at(100, 100) > 250 && painted.at(20, 100) > 250);
        assert_eq!(painted.at(200, 100), 0, "cut away");
    }

    #[test]
    fn the_empty_set_is_used_whenever_it_is_known_and_must_fit() {
        let empty = set(false);
        let cut = cut(&Recipe::default(), Some(&empty));
        assert_eq!((cut.w, cut.h), (300, 200));
        assert!(cut.at(200, 100) > 250 && cut.at(150, 20) == 0);
        let other = Picture::from_srgb8(Rgb8::new(120, 80));
        assert!(product_for(&set(true), &Recipe::default(), Some(&other)).is_err());
    }

    #[test]
    fn an_edit_with_a_new_ground_asks_for_the_exact_outline() {
        let mut recipe = Recipe::default();
        assert_eq!(recipe.cut_out(), None);
        recipe.set("ground.fill", "colour").unwrap();
        assert_eq!(recipe.cut_out(), Some([].as_slice()));
        recipe.set("ground.on", "off").unwrap();
        assert_eq!(recipe.cut_out(), None);
        recipe.set("cutout.exact", "on").unwrap();
        assert!(recipe.cut_out().is_some());
    }
}
