//! What an edit did to the product, and whether that is honest.
//!
//! Exposure and white balance change every pixel and misrepresent nothing. So the whole edit is
//! compared with the same edit without its local steps: what is left is what was painted out, cloned,
//! recoloured or smoothed. Repairs of specks on the backdrop lie outside the product and do not count.

use super::backdrop::components;
use super::plan::plan;
use super::proxy::Proxy;
use super::recipe::Recipe;
use super::region::Region;
use super::{Op, Step};
use crate::imaging::colour::{Lab, delta_e_2000, linear_srgb_to_lab, srgb_decode_table};
use crate::imaging::{Picture, Plane, Rgb8};

/// How much a viewer may be misled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Honesty {
    /// The product is shown as it is.
    Honest,
    /// Worth a look.
    Warn,
    /// Say it to the buyer, or take it back.
    Ask,
}

/// What the local steps of an edit changed on the product.
#[derive(Clone, Debug, PartialEq)]
pub struct Fidelity {
    /// Largest connected part of the product with a CIEDE2000 above 6, part of its area, 0 to 1.
    pub largest: f32,
    /// Largest such part with what of it lies beside the product, over the square of the picture's longer
    /// side, 0 to 1: a prong or an inclusion is a small part of a large piece.
    pub patch: f32,
    /// 95th percentile of CIEDE2000 over the product.
    pub p95: f32,
    /// Move of the product's colour in the plane of a* and b*, at the 80th percentile: a piece of
    /// two metals is recoloured even where only one of them moved. CIEDE2000 forgives saturated
    /// colours a great deal: gold turned by ten degrees of hue reads 1 to 3 there, and 10 here.
    pub tint: f32,
    /// Fine detail after over before; 1 is the same.
    pub detail: f32,
    /// The verdict.
    pub honesty: Honesty,
    /// One sentence that says why.
    pub because: String,
}

/// Side at which pictures are compared, pixels.
const SIDE: usize = 1000;
/// A changed part of the product as large as this, of the square of the picture's longer side, is seen in
/// the whole picture: a hundredth of that side across.
const PATCH: f32 = 1e-4;
/// Part of a changed place that must be product for the place to count as the product's.
const OVERLAP: f32 = 0.05;
/// CIEDE2000 that anybody sees.
const SEEN: f32 = 6.0;

/// Measures what a recipe's local steps did to the product of its picture.
pub fn fidelity(recipe: &Recipe, proxy: &Proxy, picture: &Picture) -> Fidelity {
    let whole = plan(recipe, proxy).uncut().preview(picture, SIDE);
    let plain = plan(&without_local(recipe), proxy).uncut().preview(picture, SIDE);
    let subject = proxy.subject_mask();
    let inside = |i: usize| {
        let (x, y) = (i % whole.w, i / whole.w);
        subject.at(x * subject.w / whole.w, y * subject.h / whole.h) > 127
    };
    let product: Vec<usize> = (0..whole.w * whole.h).filter(|i| inside(*i)).collect();
    // Sharpening moves edges by much and misrepresents little: colour is compared without detail.
    let (calm, before) = (labs(&whole), labs(&plain));
    let change = |i: usize| {
        if calm[i] == before[i] { 0.0 } else { delta_e_2000(calm[i], before[i]) }
    };
    let changes: Vec<f32> = (0..whole.w * whole.h).map(change).collect();
    let turn = |i: &usize| (calm[*i][1] - before[*i][1]).hypot(calm[*i][2] - before[*i][2]);
    let mut turns: Vec<f32> = product.iter().map(turn).collect();
    let fifth = turns.len() * 4 / 5;
    let tint =
        if turns.is_empty() { 0.0 } else { *turns.select_nth_unstable_by(fifth, f32::total_cmp).1 };
    let blobs = components(whole.w, whole.h, &|i| changes[i] > SEEN);
    let area = product.len().max(1) as f32;
    let on_product = |blob: &[usize]| blob.iter().filter(|i| inside(**i)).count() as f32;
    let largest = blobs.iter().map(|b| on_product(b)).fold(0.0, f32::max) / area;
    // A blob counts whole where a part of it is product: an outline may hold little of a piece.
    let counts = |b: &&Vec<usize>| on_product(b) > OVERLAP * b.len() as f32;
    let blob = blobs.iter().filter(counts).map(Vec::len).max().unwrap_or(0) as f32;
    let patch = blob / (whole.w.max(whole.h) as f32).powi(2);
    let mut sorted: Vec<f32> = product.iter().map(|&i| changes[i]).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let p95 = sorted.get((sorted.len().saturating_sub(1)) * 95 / 100).copied().unwrap_or(0.0);
    let before = detail(&plain, &product);
    let detail = if before > 0.0 { detail(&whole, &product) / before } else { 1.0 };
    judged((largest, patch), p95, tint, detail)
}

fn judged((largest, patch): (f32, f32), p95: f32, tint: f32, detail: f32) -> Fidelity {
    let percent = largest * 100.0;
    let (honesty, because) = if largest > 0.01 {
        (
            Honesty::Ask,
            format!("{percent:.1} % of the product in one piece was replaced or recoloured"),
        )
    } else if p95 > 5.0 {
        (
            Honesty::Ask,
            format!("the product's colour was moved: CIEDE2000 {p95:.1} at the 95th percentile"),
        )
    } else if tint > 2.5 {
        let honesty = if tint > 5.0 { Honesty::Ask } else { Honesty::Warn };
        (honesty, format!("the metal or stone was recoloured by {tint:.1} in a* and b*"))
    } else if largest > 0.003 {
        (
            Honesty::Warn,
            format!("{percent:.1} % of the product in one piece was replaced or recoloured"),
        )
    } else if patch > PATCH {
        let side = patch.sqrt() * 100.0;
        (
            Honesty::Warn,
            format!("a part {side:.1} % of the picture across was replaced or recoloured"),
        )
    } else if detail < 0.8 {
        (Honesty::Warn, format!("the product was smoothed: {detail:.2} of its fine detail is left"))
    } else if detail > 1.6 {
        (
            Honesty::Warn,
            format!("the product was sharpened beyond the picture: detail {detail:.2} times"),
        )
    } else {
        (Honesty::Honest, "the local steps left the product as it is".to_owned())
    };
    Fidelity { largest, patch, p95, tint, detail, honesty, because }
}

/// The recipe without what acts on a part of the product, and without a colour chosen for it.
fn without_local(recipe: &Recipe) -> Recipe {
    let global = |s: &&Step| {
        !matches!(
            s.op,
            Op::Heal(_) | Op::Local(_) | Op::Calm(_) | Op::Metal(_) | Op::Stones(_) | Op::Specks(_)
        )
    };
    Recipe { version: recipe.version, steps: recipe.steps.iter().filter(global).cloned().collect() }
}

/// CIE L*a*b* of the mean over 5x5 pixels, in linear light.
fn labs(p: &Rgb8) -> Vec<Lab> {
    let table = srgb_decode_table();
    let plane = |c: usize| {
        let data = p.data.iter().skip(c).step_by(3).map(|v| table[usize::from(*v)]).collect();
        Region::new(Plane { w: p.w, h: p.h, data }).softened(2)
    };
    let planes = [plane(0), plane(1), plane(2)];
    let at = |i: usize| linear_srgb_to_lab([0, 1, 2].map(|c| planes[c].plane().data[i]));
    (0..p.w * p.h).map(at).collect()
}

/// Mean size of the second difference of green along rows.
fn detail(p: &Rgb8, places: &[usize]) -> f32 {
    let green = |i: usize| f32::from(p.data[i * 3 + 1]);
    let inner = places.iter().filter(|i| (1..p.w - 1).contains(&(**i % p.w)));
    let sum: f32 = inner.map(|&i| (green(i - 1) - 2.0 * green(i) + green(i + 1)).abs()).sum();
    sum / places.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::super::ops::{Brush, Heal, Stroke};
    use super::super::tests::scene;
    use super::*;

    fn of(settings: &[(&str, &str)], extra: Option<Op>) -> Fidelity {
        let picture = Picture::from_srgb8(scene(600, 400));
        let proxy = Proxy::new(&picture, None);
        let mut recipe = Recipe::automatic(&proxy);
        settings.iter().for_each(|(name, value)| recipe.set(name, value).unwrap());
        recipe.steps.extend(extra.map(Step::new));
        fidelity(&recipe, &proxy, &picture)
    }

    #[test]
    fn a_small_part_of_a_large_piece_counts_by_its_size_in_the_picture() {
        let of = |largest, patch| judged((largest, patch), 0.5, 0.5, 1.0).honesty;
        assert_eq!(of(0.001, 0.001), Honesty::Warn, "a prong of a large piece");
        assert_eq!(of(0.001, 0.00005), Honesty::Honest, "a speck of it");
        assert_eq!(of(0.02, 0.00005), Honesty::Ask, "much of a small piece");
    }

    #[test]
    fn exposure_is_honest_and_a_cloned_facet_a_moved_metal_or_a_painted_part_is_not() {
        assert_eq!(of(&[("exposure.ev", "0.5")], None).honesty, Honesty::Honest);
        let moved = of(&[("metal.yellow", "12"), ("metal.red", "-12")], None);
        assert_eq!(moved.honesty, Honesty::Ask, "{moved:?}");
        let painted =
            of(&[("local.ev", "1"), ("local.width", "0.05"), ("local.height", "0.05")], None);
        assert_eq!(painted.honesty, Honesty::Ask, "{painted:?}");
        let stroke = Stroke {
            brush: Brush::Clone,
            points: vec![[0.5, 0.5]],
            radius: 0.02,
            feather: 0.0,
            offset: [0.3, 0.0],
        };
        let cloned = of(&[], Some(Op::Heal(Heal { strokes: vec![stroke] })));
        assert!(cloned.honesty >= Honesty::Warn, "{cloned:?}");
    }
}
