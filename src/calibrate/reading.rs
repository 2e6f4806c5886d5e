//! Cards in a picture: which one, where, and what its patches measure.

use super::geometry::{Homography, is_convex_front};
use super::reference::{Edition, Reference};
use crate::imaging::{Image, Rgb8, colour};

/// The side of a patch over the distance between two patches' middles, as on the Classic.
pub(super) const SIDE: f64 = 0.86;
/// The middle part of a patch that is read, as a share of the patch's side.
const READ: f64 = 0.6;
/// Values from here on count as clipped (the last two of 256).
const CLIPPED: f32 = 253.5 / 255.0;

/// Standard deviation over the mean of the stored values from which on a patch is uneven.
const UNEVEN: f32 = 0.16;

/// Which card is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Card {
    /// A 24-patch chart, or else a grey card.
    #[default]
    Auto,
    /// A neutral grey card.
    Grey,
    /// A chart with the 24 patches of the ColorChecker Classic, of any size.
    Classic24,
}

/// A picture to look for cards in.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// As a file stores it; whether its values are sRGB-encoded or linear is for the fit to tell.
    Encoded(&'a Rgb8),
    /// Linear light, in the camera's primaries (raw) or in sRGB's.
    Linear(&'a Image),
}

impl<'a> From<&'a Rgb8> for Source<'a> {
    fn from(picture: &'a Rgb8) -> Self {
        Self::Encoded(picture)
    }
}

impl<'a> From<&'a Image> for Source<'a> {
    fn from(picture: &'a Image) -> Self {
        Self::Linear(picture)
    }
}

impl Source<'_> {
    /// Width and height in pixels.
    pub fn size(&self) -> (usize, usize) {
        match self {
            Self::Encoded(p) => (p.w, p.h),
            Self::Linear(p) => (p.w, p.h),
        }
    }

    /// The stored values at a place inside the frame, 0 to 1; not a number reads as 0.
    pub(super) fn values(&self, x: usize, y: usize) -> [f32; 3] {
        match self {
            Self::Encoded(p) => p.at(x, y).map(|v| f32::from(v) / 255.0),
            Self::Linear(p) => p.data[y * p.w + x].map(|v| if v.is_finite() { v } else { 0.0 }),
        }
    }

    /// The values decoded with the sRGB curve when the picture is encoded.
    fn decoded(&self, values: [f32; 3]) -> [f32; 3] {
        match self {
            Self::Encoded(_) => values.map(colour::srgb_decode),
            Self::Linear(_) => values,
        }
    }
}

/// What one patch measures.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchReading {
    /// Name of the patch.
    pub name: String,
    /// Its middle in pixels of the picture.
    pub centre: [f32; 2],
    /// Mean of the stored values, 0 to 1.
    pub values: [f32; 3],
    /// Mean of the values decoded with the sRGB curve; the same as `values` for linear pictures.
    pub decoded: [f32; 3],
    /// Standard deviation over the mean of the middle part's brightness: high when something lies
    /// on it, or light glares on it.
    pub unevenness: f32,
    /// Share of its pixels with a clipped channel.
    pub clipped: f32,
    /// Pixels that were averaged.
    pub pixels: usize,
}

impl PatchReading {
    /// Whether something lies on the patch, or shades it, or glares on it; `linear` is its colour in
    /// linear light. Noise and the grain of a dark patch are uneven in proportion and do not count.
    pub(super) fn is_uneven(&self, linear: [f32; 3]) -> bool {
        self.unevenness > UNEVEN && self.unevenness * brightness(linear) > 0.008
    }
}

/// A card that was found whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Which one: never [`Card::Auto`].
    pub card: Card,
    /// Outer corners of the patches in pixels: of the first patch (dark skin), then clockwise in the
    /// card's own sense: bluish green, black, white. Of a grey card: clockwise from the upper left.
    pub corners: [[f32; 2]; 4],
    /// The patches, row by row as the card is read when its name stands upright.
    pub patches: Vec<PatchReading>,
    /// Whether the transfer curve is open: the picture was [`Source::Encoded`].
    pub encoded: bool,
    /// What is not quite right with it, one sentence each.
    pub warnings: Vec<String>,
}

impl Found {
    /// Length of the card's upper edge in pixels.
    pub fn width(&self) -> f32 {
        let [a, b, ..] = self.corners;
        (a[0] - b[0]).hypot(a[1] - b[1])
    }
}

/// Why no card was read. Each says what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotFound {
    /// Nothing looks like it.
    #[error(
        "no {0} was found: hold it flat towards the camera, in the light of the product, filling a tenth of the frame or more"
    )]
    Nothing(&'static str),
    /// A part is outside the frame.
    #[error(
        "the chart is cut off by the edge of the frame: move it until all 24 patches are in the picture"
    )]
    CutOff,
    /// Patches are covered.
    #[error("{0} of the 24 patches are hidden or covered: uncover the chart")]
    Hidden(usize),
    /// Patches are overexposed.
    #[error("{0} patches are overexposed: darken the exposure by a stop")]
    Clipped(usize),
    /// Patches reflect a light.
    #[error("light glares on the chart ({0} patches): tilt it away from the lamp")]
    Glare(usize),
    /// It is there, but covers too few pixels.
    #[error(
        "the chart is too small: its patches are {0} pixels wide, at least {1} are needed; bring it nearer"
    )]
    TooSmall(usize, usize),
    /// The picture has no pixels, or too few for any card.
    #[error("the picture is too small to hold a card ({0}x{1} pixels)")]
    NoPicture(usize, usize),
    /// The corners that were given make no card.
    #[error(
        "the four corners must be given clockwise, each inside the picture, starting at the first patch"
    )]
    Corners,
}

/// Reads a card whose corners are known, such as dragged by hand; the corners as in [`Found`].
/// Nothing is checked but that they make a card inside the picture.
pub fn read_at<'a>(
    picture: impl Into<Source<'a>>,
    card: Card,
    corners: [[f32; 2]; 4],
) -> Result<Found, NotFound> {
    let source = picture.into();
    let (w, h) = source.size();
    let inside =
        |c: &[f32; 2]| (0.0..=w as f32).contains(&c[0]) && (0.0..=h as f32).contains(&c[1]);
    let quad = corners.map(|c| c.map(f64::from));
    if !corners.iter().all(inside) || !is_convex_front(&quad) {
        return Err(NotFound::Corners);
    }
    let reference = reference_of(card);
    let grid = Grid::of(&reference, if reference.patches.len() == 1 { 1.0 } else { SIDE });
    let pairs: Vec<_> = grid.corners().into_iter().zip(quad).collect();
    let map = Homography::from_pairs(&pairs).ok_or(NotFound::Corners)?;
    let found = read(source, &reference, &grid, &map).ok_or(NotFound::Corners)?;
    Ok(Found { card: if found.patches.len() == 1 { Card::Grey } else { Card::Classic24 }, ..found })
}

/// Layout of a card's names; the colours do not matter here.
pub(super) fn reference_of(card: Card) -> Reference {
    match card {
        Card::Grey => Reference::grey_card(0.18),
        Card::Auto | Card::Classic24 => Reference::classic24(Edition::default()),
    }
}

/// The places of patches in the card's own coordinates: middles at whole numbers.
pub(super) struct Grid {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Side of a patch; the distance between middles is 1.
    pub(super) side: f64,
}

impl Grid {
    pub(super) fn of(reference: &Reference, side: f64) -> Self {
        Self { columns: reference.columns, rows: reference.rows, side }
    }

    /// Outer corners, clockwise from the first patch.
    pub(super) fn corners(&self) -> [[f64; 2]; 4] {
        let half = self.side / 2.0;
        let (r, b) = (self.columns as f64 - 1.0 + half, self.rows as f64 - 1.0 + half);
        [[-half, -half], [r, -half], [r, b], [-half, b]]
    }

    /// Middles of the patches, row by row.
    pub(super) fn centres(&self) -> impl Iterator<Item = [f64; 2]> + '_ {
        (0..self.columns * self.rows)
            .map(|i| [(i % self.columns) as f64, (i / self.columns) as f64])
    }
}

/// Reads every patch through the map from the card to the picture; none when one has no pixel.
pub(super) fn read(
    source: Source<'_>,
    reference: &Reference,
    grid: &Grid,
    map: &Homography,
) -> Option<Found> {
    let patches: Option<Vec<_>> = grid
        .centres()
        .zip(&reference.patches)
        .map(|(centre, patch)| read_patch(source, map, centre, grid.side * READ, &patch.name))
        .collect();
    let corners = grid.corners().map(|c| map.map(c).map(|v| v as f32));
    let encoded = matches!(source, Source::Encoded(_));
    Some(Found { card: Card::Auto, corners, patches: patches?, encoded, warnings: Vec::new() })
}

/// The mean over the middle part of a patch, without its darkest and brightest tenth: dust and
/// glints do not count.
fn read_patch(
    source: Source<'_>,
    map: &Homography,
    centre: [f64; 2],
    side: f64,
    name: &str,
) -> Option<PatchReading> {
    let mut pixels = pixels_inside(source, map, centre, side)?;
    let all = pixels.len();
    let clipped = pixels.iter().filter(|p| p.iter().any(|&v| v >= CLIPPED)).count();
    pixels.sort_by(|a, b| brightness(*a).total_cmp(&brightness(*b)));
    let kept = &pixels[all / 10..all - all / 10];
    let n = kept.len() as f32;
    let mean = |f: &dyn Fn([f32; 3]) -> [f32; 3]| {
        let sum = kept.iter().fold([0.0_f32; 3], |s, p| {
            let v = f(*p);
            std::array::from_fn(|c| s[c] + v[c])
        });
        sum.map(|v| v / n)
    };
    let values = mean(&|p| p);
    let level = brightness(values);
    let variance =
        pixels.iter().map(|p| (brightness(*p) - level).powi(2)).sum::<f32>() / all as f32;
    Some(PatchReading {
        name: name.to_owned(),
        centre: map.map(centre).map(|v| v as f32),
        values,
        decoded: mean(&|p| source.decoded(p)),
        unevenness: variance.sqrt() / level.max(1e-3),
        clipped: clipped as f32 / all as f32,
        pixels: kept.len(),
    })
}

fn brightness(p: [f32; 3]) -> f32 {
    (p[0] + p[1] + p[2]) / 3.0
}

/// The pixels whose middle lies in the square of a side around a place on the card; at most about
/// 4096 of them, evenly spread.
fn pixels_inside(
    source: Source<'_>,
    map: &Homography,
    centre: [f64; 2],
    side: f64,
) -> Option<Vec<[f32; 3]>> {
    let back = map.inverse()?;
    let half = side / 2.0;
    let corners = [[-half, -half], [half, -half], [half, half], [-half, half]]
        .map(|d| map.map([centre[0] + d[0], centre[1] + d[1]]));
    let (w, h) = source.size();
    let span = |i: usize, end: usize| {
        let low = corners.iter().map(|c| c[i]).fold(f64::INFINITY, f64::min);
        let high = corners.iter().map(|c| c[i]).fold(f64::NEG_INFINITY, f64::max);
        (low.floor().clamp(0.0, end as f64) as usize, high.ceil().clamp(0.0, end as f64) as usize)
    };
    let ((x0, x1), (y0, y1)) = (span(0, w), span(1, h));
    let step = ((((x1 - x0) * (y1 - y0)) as f64 / 4096.0).sqrt() as usize).max(1);
    let mut pixels = Vec::new();
    for y in (y0..y1).step_by(step) {
        for x in (x0..x1).step_by(step) {
            let p = back.map([x as f64 + 0.5, y as f64 + 0.5]);
            if (p[0] - centre[0]).abs() <= half && (p[1] - centre[1]).abs() <= half {
                pixels.push(source.values(x, y));
            }
        }
    }
    (!pixels.is_empty()).then_some(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flat picture with a square chart drawn from `at`, patches of 20 pixels, gaps of 4.
    fn drawn() -> Rgb8 {
        Rgb8::from_fn(200, 160, |x, y| {
            let (c, r) = ((x.wrapping_sub(20)) / 24, (y.wrapping_sub(20)) / 24);
            let inside = c < 6 && r < 4 && (x - 20) % 24 < 20 && (y - 20) % 24 < 20;
            if inside { [(c * 40) as u8, (r * 60) as u8, 100] } else { [10, 10, 10] }
        })
    }

    #[test]
    fn corners_given_by_hand_read_every_patch() {
        let corners = [[20.0, 20.0], [160.0, 20.0], [160.0, 112.0], [20.0, 112.0]];
        let found = read_at(&drawn(), Card::Classic24, corners).unwrap();
        assert_eq!((found.patches.len(), found.card), (24, Card::Classic24));
        for (i, p) in found.patches.iter().enumerate() {
            let expected = [(i % 6 * 40) as f32, (i / 6 * 60) as f32, 100.0].map(|v| v / 255.0);
            let off = p.values.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-5 && p.unevenness < 1e-4 && p.clipped == 0.0, "{i}: {p:?}");
        }
    }

    #[test]
    fn corners_that_make_no_card_are_refused() {
        let picture = drawn();
        let mirrored = [[160.0, 20.0], [20.0, 20.0], [20.0, 112.0], [160.0, 112.0]];
        let outside = [[-9.0, 20.0], [160.0, 20.0], [160.0, 112.0], [20.0, 112.0]];
        let nan = [[f32::NAN, 20.0], [160.0, 20.0], [160.0, 112.0], [20.0, 112.0]];
        for corners in [mirrored, outside, nan] {
            assert_eq!(read_at(&picture, Card::Classic24, corners), Err(NotFound::Corners));
        }
    }
}
