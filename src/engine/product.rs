//! Where the product is in a picture, quickly: what a retouch is planned with.

use crate::imaging::{Mask, Picture, Rgb8, resize};
use crate::vision;

/// Longest side at which the subject is looked for, pixels: the time goes with its square.
const LOOK: usize = 640;

/// The product of a picture; none where nothing, or nearly everything, stands out of the backdrop:
/// then the plan decides for itself.
pub fn product(picture: &Picture) -> Option<Mask> {
    plausible(vision::subject(&reduced(picture, LOOK)))
}

/// A mask that can be a product on a backdrop.
pub fn plausible(mask: Mask) -> Option<Mask> {
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
    resize::rgb8(&whole, w, h)
}
