//! Blotches: broad, faint changes of light on smooth metal, as fingerprints, haze and unwanted
//! reflections make them. A single picture cannot tell them from a wanted reflection, so they are a
//! ranked list for a person, and nothing is calmed by itself.

use super::backdrop::components;
use super::ops::Ellipse;
use super::region::Region;
use super::tile::Tile;
use crate::imaging::{Plane, Rect};

/// A soft-edged place on the product that is a little lighter or darker than around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blotch {
    /// Where it is: what a calming step takes.
    pub ellipse: Ellipse,
    /// How far it leaves its surroundings, stops; negative is darker.
    pub stops: f32,
    /// How sure it is, 0 to 1: its contrast against the texture in and around it.
    pub confidence: f32,
}

/// Stops between which a change is faint but seen.
const FAINT: (f32, f32) = (0.07, 0.9);
/// Most that are listed.
const MOST: usize = 24;

/// The blotches of a reduced picture, the surest first.
pub(super) fn find(tile: &Tile, subject: &Region) -> Vec<Blotch> {
    let (w, h) = (tile.rect.w, tile.rect.h);
    let inner = subject.shrunk(2);
    let metal: Vec<f32> =
        inner.plane().data.iter().map(|c| f32::from(u8::from(*c > 0.9))).collect();
    let area: f32 = metal.iter().sum();
    let stops: Vec<f32> = tile.luminance().iter().map(|l| l.max(2e-3).log2()).collect();
    let longest = w.max(h);
    let near = mean(&stops, &metal, (w, h), (longest / 300).max(1));
    let wide = mean(&stops, &metal, (w, h), (longest / 30).max(4));
    let rough: Vec<f32> = stops.iter().zip(&near).map(|(a, b)| (a - b).abs()).collect();
    let rough = mean(&rough, &metal, (w, h), (longest / 200).max(2));
    let off: Vec<f32> = near.iter().zip(&wide).map(|(a, b)| a - b).collect();
    let smooth = |i: usize| metal[i] > 0.0 && rough[i] < 0.35 * off[i].abs();
    let faint = |i: usize, sign: f32| sign * off[i] > FAINT.0 && sign * off[i] < FAINT.1;
    let mut found = Vec::new();
    for sign in [1.0, -1.0] {
        let parts = components(w, h, &|i| smooth(i) && faint(i, sign));
        let sized = parts.into_iter().filter(|p| {
            let part = p.len() as f32 / area.max(1.0);
            p.len() > 12 && (0.0004..0.06).contains(&part)
        });
        found.extend(sized.map(|part| blotch(&part, &off, &rough, (w, h))));
    }
    found.sort_by(|a: &Blotch, b| b.confidence.total_cmp(&a.confidence));
    found.truncate(MOST);
    found
}

fn blotch(part: &[usize], off: &[f32], rough: &[f32], (w, h): (usize, usize)) -> Blotch {
    let pixel = |i: &usize| Rect::new(i % w, i / w, 1, 1);
    let extent = part.iter().fold(Rect::default(), |r, i| r.union(&pixel(i)));
    let (cx, cy) = extent.centre();
    let count = part.len() as f32;
    let stops = part.iter().map(|&i| off[i]).sum::<f32>() / count;
    let texture = part.iter().map(|&i| rough[i]).sum::<f32>() / count;
    // Twice as far as it is seen: its foot is fainter, and the rim must be free of it.
    let half = [extent.w as f32 / w as f32, extent.h as f32 / h as f32].map(|v| v.min(0.5));
    // What fills its ellipse is a spot; what is long and thin is the edge of a reflection.
    let filled = (count / (0.785 * extent.area() as f32)).min(1.0);
    let sure = stops.abs() / (stops.abs() + 6.0 * texture + 0.08);
    Blotch {
        ellipse: Ellipse { at: [cx / w as f32, cy / h as f32], half },
        stops,
        confidence: sure * filled,
    }
}

/// Means over squares of side `2 by + 1` of what `weight` counts.
pub(super) fn mean(values: &[f32], weight: &[f32], size: (usize, usize), by: usize) -> Vec<f32> {
    let plane = |data: Vec<f32>| Region::new(Plane { w: size.0, h: size.1, data }).softened(by);
    let sum = plane(values.iter().zip(weight).map(|(v, w)| v * w).collect());
    let all = plane(weight.to_vec());
    let pairs = sum.plane().data.iter().zip(&all.plane().data).zip(values);
    pairs.map(|((s, a), v)| if *a > 1e-3 { s / a } else { *v }).collect()
}
