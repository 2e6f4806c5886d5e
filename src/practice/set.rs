//! A set that tests and evaluations take pictures of, with the truth about each.

use super::photo::{self, Shot, Truth};
use super::scene::{Piece, Sampling, Setup, Stage};
use super::trace::{Layers, Quality};
use super::vectors::{Rng, V, gray};
use crate::imaging::Rgb8;
use std::fmt;
use std::str::FromStr;

/// A piece on a paper, as `--scene` names it: `solitaire`, `bracelet-dark` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene {
    /// What lies there.
    pub piece: Piece,
    /// On black paper instead of white.
    pub dark: bool,
}

impl Default for Scene {
    fn default() -> Self {
        Self { piece: Piece::Solitaire, dark: false }
    }
}

/// A scene that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no practice scene is called {0}; use solitaire, bracelet, earrings or pendant, each also with -dark behind it"
)]
pub struct UnknownScene(String);

impl FromStr for Scene {
    type Err = UnknownScene;

    fn from_str(text: &str) -> Result<Self, UnknownScene> {
        Scene::all().find(|s| s.to_string() == text).ok_or_else(|| UnknownScene(text.to_owned()))
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.piece {
            Piece::Solitaire => "solitaire",
            Piece::Bracelet => "bracelet",
            Piece::Earrings => "earrings",
            Piece::Pendant => "pendant",
        })?;
        f.write_str(if self.dark { "-dark" } else { "" })
    }
}

/// Gold of 18 carat and rhodium-plated white gold at normal incidence, linear sRGB.
const GOLD: V = V(1.00, 0.73, 0.31);
const WHITE_GOLD: V = V(0.78, 0.76, 0.73);

impl Scene {
    /// Every scene.
    pub fn all() -> impl Iterator<Item = Scene> {
        let both = |piece| [false, true].map(|dark| Scene { piece, dark });
        Piece::ALL.into_iter().flat_map(both)
    }

    /// How it is laid out.
    pub(crate) fn setup(self) -> Setup {
        let (yaw, lean, elevation, frame_mm) = match self.piece {
            Piece::Solitaire => (0.0, 0.0, 24.0, 52.0),
            Piece::Bracelet => (0.0, 0.0, 38.0, 72.0),
            Piece::Earrings => (0.0, 62.0, 24.0, 46.0),
            Piece::Pendant => (12.0, 24.0, 52.0, 46.0),
        };
        Setup {
            piece: self.piece,
            yaw,
            lean,
            metal: if self.dark { WHITE_GOLD } else { GOLD },
            paper: if self.dark { gray(0.016) } else { gray(0.80) },
            gloss: if self.dark { 0.8 } else { 0.35 },
            rough: 0.018,
            elevation,
            frame_mm,
        }
    }
}

/// Metals and papers that studios have, at random, the piece and the camera turned.
fn vary(setup: Setup, rng: &mut Rng) -> Setup {
    let mut within = |lo: f32, hi: f32| lo + (hi - lo) * rng.unit();
    let metals = [GOLD, WHITE_GOLD, V(0.95, 0.93, 0.90), V(0.95, 0.68, 0.55), V(0.06, 0.06, 0.065)];
    let metal = metals[within(0.0, 4.99) as usize] * within(0.85, 1.0);
    // White and black papers are what products are photographed on; the rest is spread evenly.
    let light = match within(0.0, 1.0) {
        p if p < 0.35 => within(0.65, 0.88),
        p if p < 0.65 => within(0.006, 0.03),
        _ => within(0.03, 0.65),
    };
    let tint = if within(0.0, 1.0) < 0.3 { 0.35 } else { 0.03 };
    let paper =
        V(within(1.0 - tint, 1.0), within(1.0 - tint, 1.0), within(1.0 - tint, 1.0)) * light;
    Setup {
        yaw: within(-180.0, 180.0),
        lean: setup.lean + within(-12.0, 12.0),
        metal,
        paper,
        gloss: within(0.0, 0.9),
        rough: within(0.005, 0.12),
        elevation: within(18.0, 75.0),
        frame_mm: setup.frame_mm * within(0.8, 1.7),
        ..setup
    }
}

/// A scene rendered at one size, ready for any number of shots.
///
/// ```
/// use culet::practice::{Quality, Scene, Set, Shot};
///
/// let set = Set::new(Scene::default(), 120, 80, Quality::FIRST);
/// let (picture, truth) = set.photograph(&Shot { roll_deg: 3.0, ..Shot::default() });
/// assert_eq!((picture.w, truth.subject.w), (120, 120));
/// ```
pub struct Set {
    stage: Stage,
    layers: Layers,
}

impl Set {
    /// Lays out and renders a scene; pictures of it are `w` x `h` pixels. At 480 x 320 this takes
    /// about a second of one core, at 960 x 640 three, at 1500 x 1000 six.
    pub fn new(scene: Scene, w: usize, h: usize, quality: Quality) -> Set {
        let sampling = if w < 900 { Sampling::COARSE } else { Sampling::FINE };
        let stage = Stage::new(scene.setup(), sampling);
        let layers = Layers::render(&stage, w, h, quality);
        Set { stage, layers }
    }

    /// A piece as no scene of the practice camera shows it: turned and tilted, of some metal, on some paper, seen from
    /// some height. `seed` chooses; what a network is trained on.
    pub fn varied(piece: Piece, seed: u32, w: usize, h: usize, quality: Quality) -> Set {
        let mut rng = Rng::new(seed, 0x5e7);
        let scene = Scene { piece, dark: rng.unit() < 0.5 };
        let setup = vary(scene.setup(), &mut rng);
        let stage = Stage::new(setup, Sampling::COARSE);
        let layers = Layers::render(&stage, w, h, quality);
        Set { stage, layers }
    }

    /// The picture alone.
    pub fn picture(&self, shot: &Shot) -> Rgb8 {
        photo::picture(&self.stage, &self.layers, shot, self.size())
    }

    /// The truth alone.
    pub fn truth(&self, shot: &Shot) -> Truth {
        photo::truth(&self.stage, &self.layers, shot, self.size())
    }

    /// A picture and what is known about it.
    pub fn photograph(&self, shot: &Shot) -> (Rgb8, Truth) {
        (self.picture(shot), self.truth(shot))
    }

    /// Width and height of its pictures.
    pub fn size(&self) -> (usize, usize) {
        (self.layers.w, self.layers.h)
    }
}
