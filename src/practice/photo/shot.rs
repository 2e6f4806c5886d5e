//! How one picture of the set is taken. Everything here is exact: what a test asks for is what is in
//! the picture.

use super::card::Card;

/// How strong each group of lights is; 1 is as the studio was laid out.
///
/// Radiance is linear in the lights, so a weight of .5 is exactly half the light of that group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lights {
    /// The large soft box high on the left, with the white card beside it.
    pub key: f32,
    /// The strip on the right.
    pub fill: f32,
    /// The light from above and behind, the glints and the room.
    pub top: f32,
}

impl Lights {
    /// All lights as the studio was laid out.
    pub const ALL: Lights = Lights { key: 1.0, fill: 1.0, top: 1.0 };

    pub(crate) fn weights(self) -> [f32; 3] {
        [self.key, self.fill, self.top]
    }
}

/// Where the lens is focused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Focus {
    /// At a distance from the best plane (the middle of the stones, or the front of the metal), in
    /// millimetres; positive is away from the camera. Blur then goes with depth and f-number.
    At(f32),
    /// Everything blurred alike, by a disk of this radius in pixels; 0 is sharp all over.
    Flat(f32),
}

/// Dust and damage with known places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dust {
    /// Specks on the paper.
    pub paper: usize,
    /// Specks on the piece.
    pub piece: usize,
    /// Hairs on the paper.
    pub hairs: usize,
    /// Scratches in the metal.
    pub scratches: usize,
    /// How large; 1 is a radius of .03 to .09 % of the frame's width.
    pub size: f32,
}

impl Dust {
    /// A clean set.
    pub const NONE: Dust = Dust { paper: 0, piece: 0, hairs: 0, scratches: 0, size: 1.0 };

    /// How many marks there are in all.
    pub fn count(&self) -> usize {
        self.paper + self.piece + self.hairs + self.scratches
    }
}

/// One picture: the camera's place, the lens, the exposure, and what lies on the set.
///
/// ```
/// use culet::practice::{Focus, Shot};
///
/// let shot = Shot { roll_deg: 2.0, focus: Focus::At(-3.0), ..Shot::default() };
/// assert_eq!(shot.fill, 1.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Shot {
    /// The piece and all of the set turned clockwise in the picture, degrees.
    pub roll_deg: f32,
    /// The set moved to the right and down, in frame widths.
    pub shift: (f32, f32),
    /// How large the set is in the frame; 1 as it was laid out.
    pub fill: f32,
    /// Where the lens is focused.
    pub focus: Focus,
    /// Relative aperture: scales the blur of [`Focus::At`]. It does not change the exposure; that is
    /// `ev` alone.
    pub f_number: f32,
    /// Exposure in stops; 0 leaves the paper of the white set a little under white.
    pub ev: f32,
    /// Gains of linear red, green and blue: a wrong white balance. See
    /// [`kelvin_gains`](super::super::kelvin_gains).
    pub gains: [f32; 3],
    /// How strong the lights are.
    pub lights: Lights,
    /// What the corners lose of the light, 0 to 1.
    pub vignette: f32,
    /// Noise; 1 is ISO 100, and it grows with the square root of ISO. 0 is none.
    pub noise: f32,
    /// Dust and damage.
    pub dust: Dust,
    /// Length of the camera's movement during the exposure, pixels of the picture.
    pub shake_px: f32,
    /// Its direction: 0 along x, 90 along y (downwards), degrees.
    pub shake_deg: f32,
    /// Whether the piece is there; the empty set has no shadow either.
    pub piece: bool,
    /// A grey card or chart that lies on the set.
    pub card: Option<Card>,
    /// Makes noise and dust of this picture its own.
    pub seed: u32,
}

impl Default for Shot {
    /// Upright, centred, in focus at f/11, well exposed, with the noise of ISO 100.
    fn default() -> Self {
        Self {
            roll_deg: 0.0,
            shift: (0.0, 0.0),
            fill: 1.0,
            focus: Focus::At(0.0),
            f_number: 11.0,
            ev: 0.0,
            gains: [1.0; 3],
            lights: Lights::ALL,
            vignette: 0.12,
            noise: 1.0,
            dust: Dust::NONE,
            shake_px: 0.0,
            shake_deg: 0.0,
            piece: true,
            card: None,
            seed: 1,
        }
    }
}
