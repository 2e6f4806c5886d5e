//! The values that a picture's score is made of. They live in sidecars: a field that a file lacks
//! takes its default, one that this version does not know is passed over.

use super::reading::as_list;
use super::{Reading, Signature, Verdict};
use crate::imaging::Rect;
use serde::{Deserialize, Serialize};

/// Sharpness of the piece.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Focus {
    /// 0..1 and why; the region is the sharpest part.
    #[serde(flatten)]
    pub reading: Reading,
    /// Blur of the sharpest part, the sigma of a Gaussian in pixels of the judged picture.
    pub blur_px: f32,
    /// Gradient energy in thousandths, free of exposure and noise: takes of one framing rank by it.
    pub energy: f32,
    /// Named parts of the piece with a blur of their own.
    pub parts: Vec<PartFocus>,
    /// How much speaks for a movement, 0..1: from one half on it is called one.
    pub directed: f32,
    /// Set when the blur has a direction: the camera or the piece moved.
    pub motion: Option<Motion>,
}

/// How sharp one part of the piece is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartFocus {
    /// `stone`, `front`, `back` or `band`.
    pub name: String,
    /// Sigma in pixels of the judged picture.
    pub blur_px: f32,
    /// Where it is.
    #[serde(with = "as_list", skip_serializing_if = "Option::is_none")]
    pub region: Option<Rect>,
}

/// A blur with a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Motion {
    /// Direction of the movement, degrees from the x axis, clockwise positive, -90 to 90.
    pub angle_deg: f32,
    /// How much more blur lies along it than across it: 0 none, 1 all.
    pub strength: f32,
}

/// How the piece stands in the frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Symmetry {
    /// 0..1 and why; the region is where the halves differ most.
    #[serde(flatten)]
    pub reading: Reading,
    /// Turn of the mirror axis from upright in degrees, clockwise positive; 0 without an axis.
    pub roll_deg: f32,
    /// Middle of the piece from the frame's middle, pixels of the judged picture, right and down.
    pub offset: [f32; 2],
    /// Larger side of the piece against the frame's.
    pub fill: f32,
    /// Whether there is a mirror axis within 20 degrees of upright.
    pub mirrored: bool,
    /// Likeness of the halves, 0..1.
    pub likeness: f32,
    /// A ring's head: turn of its own axis against that of the band, degrees, clockwise positive.
    pub head_deg: Option<f32>,
    /// A pair, such as earrings.
    pub pair: Option<Pair>,
}

/// Two pieces side by side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pair {
    /// Roll of the left and the right piece in degrees, clockwise positive; none without an axis.
    pub roll_deg: [Option<f32>; 2],
    /// How much lower the right one hangs, pixels of the judged picture.
    pub drop_px: f32,
    /// Size of the right one over that of the left one.
    pub size_ratio: f32,
}

/// The light on piece and backdrop. All figures are of linear light.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lighting {
    /// 0..1 and why; the region is the worst place.
    #[serde(flatten)]
    pub reading: Reading,
    /// Stops above (+) or below (-) the exposure that is aimed at: a light backdrop at 75 % of
    /// white, or on a dark one the piece's lights at 93 %: of what stands out from it, the 83rd percentile.
    pub exposure_ev: f32,
    /// Share of the piece with two or more clipped channels; glints, thin lines of light on metal and facets of
    /// stones that a network saw are left out. Before a white backdrop
    /// what is white all over counts as backdrop seen through the piece.
    pub clipped: f32,
    /// Darkest against brightest end of the backdrop's quadratic fit, stops, 0 or more.
    pub backdrop_ev: f32,
    /// Where the backdrop is darkest: `left`, `upper right`, `corners`, …; empty when even.
    pub darkest: String,
    /// Share of the piece that is clipped in glints, lines and facets, which are wanted.
    pub glints: f32,
    /// Clipped areas larger than glints, largest first, at most eight.
    pub blobs: Vec<Blob>,
    /// The piece's median luminance against 18 %, stops.
    pub key_ev: f32,
    /// The piece's 95th percentile against 18 %, stops; without a plain backdrop the frame's 99.5th.
    pub lights_ev: f32,
    /// The piece's 95th percentile against its 5th, stops.
    pub contrast_ev: f32,
    /// Left half of the piece against its right half, stops; positive when the left is brighter.
    pub key_to_fill_ev: f32,
    /// Share of the piece darker than L* 30: dark reflections that shape metal.
    pub darks: f32,
    /// Median luminance of the backdrop, 1 is white.
    pub backdrop: f32,
    /// Share of the backdrop at or above 245 in every channel.
    pub backdrop_white: f32,
    /// CIE a*, b* of the backdrop at its median: the cast, if it is meant to be neutral.
    pub backdrop_ab: [f32; 2],
    /// The shadow, if there is one.
    pub shadow: Option<Shadow>,
}

/// A clipped area.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Blob {
    /// Where it is.
    #[serde(with = "as_list", skip_serializing_if = "Option::is_none")]
    pub region: Option<Rect>,
    /// Share of the piece.
    pub share: f32,
    /// Which channels are full: any of `r`, `g`, `b`.
    pub channels: String,
}

/// The piece's shadow on the backdrop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shadow {
    /// How dark its core is against the backdrop, stops, positive.
    pub density_ev: f32,
    /// Width of its edge against the larger side of the piece: 0 is hard.
    pub softness: f32,
    /// Area against that of the piece.
    pub share: f32,
}

/// Dust and specks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cleanliness {
    /// 0..1 and why; the region is the most visible speck.
    #[serde(flatten)]
    pub reading: Reading,
    /// Specks on the backdrop, most visible first, at most 64.
    pub specks: Vec<Speck>,
    /// How many specks are on the backdrop.
    pub on_backdrop: usize,
    /// Spots on the piece that may be dust; a hint, not a finding.
    pub on_piece: usize,
}

/// One speck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Speck {
    /// Middle, pixels of the judged picture.
    pub x: f32,
    /// Middle, pixels of the judged picture.
    pub y: f32,
    /// Radius of a disk of the same area, pixels of the judged picture.
    pub radius: f32,
    /// Against its surroundings, stops; negative is darker.
    pub contrast_ev: f32,
}

/// Whether the picture is fit for work at all: what cannot be mended later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// 0..1 and the worst flaw.
    #[serde(flatten)]
    pub reading: Reading,
    /// Every flaw, worst first.
    pub flaws: Vec<Flaw>,
    /// Standard deviation of noise in the encoded picture, 0..1.
    pub noise: f32,
}

/// One thing that cannot be mended later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flaw {
    /// `soft`, `motion`, `small`, `clipped`, `noise`, `compression`, `mixed-light`, `hand`,
    /// `clutter`, `bars` or `empty`.
    pub kind: String,
    /// One sentence.
    pub text: String,
    /// How bad, 0..1; from one half on the picture is rejected.
    pub weight: f32,
    /// Where it is.
    #[serde(with = "as_list", skip_serializing_if = "Option::is_none")]
    pub region: Option<Rect>,
}

/// Every measure of one picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Score {
    /// Sharpness of the piece.
    pub focus: Focus,
    /// Stand, roll and fill.
    pub symmetry: Symmetry,
    /// Light.
    pub lighting: Lighting,
    /// Dust and specks.
    pub cleanliness: Cleanliness,
    /// What cannot be mended later.
    pub quality: Quality,
    /// The weighted mean that takes are ordered by, 0..1.
    pub overall: f32,
    /// What to do with it.
    pub verdict: Verdict,
    /// Why, one sentence.
    pub reason: String,
    /// Width and height of the judged picture: all regions are in its pixels.
    pub size: [usize; 2],
    /// The piece's extent; none when none was found or it fills the frame.
    #[serde(with = "as_list", skip_serializing_if = "Option::is_none")]
    pub subject: Option<Rect>,
    /// What the picture shows, for telling takes of one thing from each other; not of live frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

impl Score {
    /// The measures in the order they are shown, with their labels.
    pub fn meters(&self) -> Vec<(&'static str, &Reading)> {
        vec![
            ("Focus", &self.focus.reading),
            ("Symmetry", &self.symmetry.reading),
            ("Lighting", &self.lighting.reading),
            ("Cleanliness", &self.cleanliness.reading),
            ("Quality", &self.quality.reading),
        ]
    }
}

/// How many pixels have each encoded value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Red, green, blue, luma; 256 bins each.
    pub bins: [[u32; 256]; 4],
}

impl Default for Histogram {
    fn default() -> Self {
        Self { bins: [[0; 256]; 4] }
    }
}
