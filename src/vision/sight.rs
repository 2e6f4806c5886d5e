//! What the subject network looks at: the picture, and how it differs from its ground.

use super::backdrop::Scene;
use super::proxy;
use crate::imaging::Rgb8;

/// A reduced picture beside its ground, photographed or fitted, as the network wants them. Training and use
/// share this code, so that the network meets in use what it was trained on.
#[derive(Debug)]
pub struct Sight {
    scene: Scene,
    /// Size of the picture, and whether its empty set was given.
    of: (usize, usize, bool),
}

impl Sight {
    /// Side of the square that the network looks at, pixels.
    pub const SIDE: usize = 320;
    /// Planes of the square: the picture's red, green and blue, then how each differs from the ground.
    pub const PLANES: usize = 6;

    /// The whole picture, squeezed into one square. `empty_set` is the same set without the piece, of the
    /// same size; without one a smooth ground is fitted.
    pub fn whole(picture: &Rgb8, empty_set: Option<&Rgb8>) -> Self {
        Self {
            scene: Scene::sized(picture, empty_set, None, (Self::SIDE, Self::SIDE)),
            of: (picture.w, picture.h, empty_set.is_some()),
        }
    }

    /// The next picture of the same set, of any size, before the ground that is known.
    pub fn follow(&mut self, picture: &Rgb8) {
        let (w, h) = self.size();
        self.scene.picture = proxy::reduce(picture, w, h);
        self.of = (picture.w, picture.h, self.of.2);
    }

    /// The picture at the size at which a cut-out is decided, to be looked at square by square.
    pub fn close(picture: &Rgb8, empty_set: Option<&Rgb8>) -> Self {
        Self {
            scene: Scene::new(picture, empty_set, None),
            of: (picture.w, picture.h, empty_set.is_some()),
        }
    }

    /// Whether it can be a close look at this picture, with an empty set or without.
    pub(super) fn is_of(&self, picture: &Rgb8, empty_set: bool) -> bool {
        self.of == (picture.w, picture.h, empty_set)
            && self.size() == proxy::size(picture.w, picture.h)
    }

    /// The reduced picture and its ground.
    pub(super) fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Width and height.
    pub fn size(&self) -> (usize, usize) {
        (self.scene.picture.w, self.scene.picture.h)
    }

    /// The square whose upper left corner is at `left`, `top`, plane by plane, row by row; what lies
    /// outside repeats the border. Colours are encoded by the sRGB curve, less a half; differences are
    /// encoded too, their root with the sign kept, so that faint ones can be told apart: dark metal on a dark
    /// ground differs by less than a hundredth.
    pub fn square(&self, left: usize, top: usize) -> Vec<f32> {
        square(&self.scene, left, top)
    }
}

/// See [`Sight::square`].
pub(super) fn square(scene: &Scene, left: usize, top: usize) -> Vec<f32> {
    const N: usize = Sight::SIDE * Sight::SIDE;
    let (w, h) = (scene.picture.w, scene.picture.h);
    // Room for the guess that the network wants as well.
    let mut out = Vec::with_capacity((Sight::PLANES + 1) * N);
    out.resize(Sight::PLANES * N, 0.0);
    for i in 0..N {
        let (x, y) = (left + i % Sight::SIDE, top + i / Sight::SIDE);
        let at = y.min(h - 1) * w + x.min(w - 1);
        let (p, g) = (scene.picture.data[at], scene.ground.data[at]);
        for c in 0..3 {
            let seen = proxy::encode(p[c]);
            let apart = seen - proxy::encode(g[c]);
            out[c * N + i] = seen - 0.5;
            out[(3 + c) * N + i] = apart.abs().sqrt().copysign(apart);
        }
    }
    out
}
