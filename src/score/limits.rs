//! From where on something is worth a word: a score's sentence and the advice beside it go by the same
//! figures, so that one never says "in order" where the other asks for a change.

/// Stops from the exposure that is aimed at.
pub const EXPOSURE_EV: f32 = 0.25;
/// The same where the piece's lights alone tell it: pieces under one light differ by a quarter of a stop.
pub const EXPOSURE_BY_LIGHTS_EV: f32 = 0.35;
/// A backdrop darker than this is meant to be dark, and the piece's lights are what is exposed for.
pub const DARK_BACKDROP: f32 = 0.12;
/// Share of the piece that is burnt out in blobs.
pub const CLIPPED: f32 = 0.0015;
/// Stops between the brightest and the darkest place of the backdrop.
pub const UNEVEN_EV: f32 = 0.35;
/// Range of the piece, darks to lights, under which its metal may look flat; stops.
pub const FLAT_EV: f32 = 2.0;
/// Share of the piece that reflects something dark: with no more it may look flat.
pub const DARKS: f32 = 0.01;
/// Turn of the mirror axis from upright, degrees.
pub const ROLL_DEG: f32 = 0.8;
/// Turn of a ring's head against its band, degrees. What is measured on an upright ring whose head leans
/// towards the camera reaches 4.
pub const HEAD_DEG: f32 = 5.0;
/// Turn of one piece of a pair, degrees.
pub const PAIR_DEG: f32 = 1.1;
/// Blur, sigma in pixels: a sharp lens on fine work reads up to one.
pub const SOFT_PX: f32 = 1.3;

/// Stops of exposure that are worth a word before a backdrop of a luminance, which is 0 where there is none.
pub fn exposure_ev(backdrop: f32) -> f32 {
    if backdrop > 0.0 && backdrop < DARK_BACKDROP { EXPOSURE_BY_LIGHTS_EV } else { EXPOSURE_EV }
}
