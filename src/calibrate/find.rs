//! Looks for a card in a picture.

use super::chart::find_chart;
use super::grey::find_grey;
use super::reading::{Card, Found, NotFound, Source};

/// No card is read in a picture narrower than this, pixels.
const NARROWEST: usize = 48;

/// Looks for a card anywhere in a picture and reads its patches: turned, in perspective, of any size
/// from patches of eight pixels on. A card that is not whole is refused with a reason.
pub fn find<'a>(picture: impl Into<Source<'a>>, card: Card) -> Result<Found, NotFound> {
    let source = picture.into();
    let (w, h) = source.size();
    if w.min(h) < NARROWEST {
        return Err(NotFound::NoPicture(w, h));
    }
    match card {
        Card::Classic24 => find_chart(source),
        Card::Grey => find_grey(source),
        Card::Auto => find_chart(source).or_else(|chart| match chart {
            // A chart that is there but not whole is what the photographer wants to hear about.
            NotFound::Nothing(_) => {
                find_grey(source).map_err(|_| NotFound::Nothing("24-patch chart or grey card"))
            }
            reason => Err(reason),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::geometry::Homography;
    use super::super::reference::{Edition, Reference};
    use super::*;
    use crate::imaging::colour::LinearSrgb;
    use crate::imaging::{Image, Rgb8};

    /// A chart in a set: where its corner patches' middles are, and what was done to it.
    struct Scene {
        middles: [[f64; 2]; 4],
        exposure: f32,
        cast: [f32; 3],
        /// Changes the light of a place on the card: its column and row, and the colour there.
        change: fn([f64; 2], LinearSrgb) -> LinearSrgb,
    }

    const SIZE: (usize, usize) = (640, 480);

    /// A chart turned by degrees around a place, with patches `pitch` pixels apart, seen a little
    /// from the side.
    fn turned(x: f64, y: f64, pitch: f64, degrees: f64, lean: f64) -> Scene {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let corner = |c: f64, r: f64| {
            let (u, v) = ((c - 2.5) * pitch, (r - 1.5) * pitch);
            let near = 1.0 + lean * (u + 0.5 * v) / (5.0 * pitch);
            [x + (u * cos - v * sin) / near, y + (u * sin + v * cos) / near]
        };
        Scene {
            middles: [corner(0.0, 0.0), corner(5.0, 0.0), corner(5.0, 3.0), corner(0.0, 3.0)],
            exposure: 0.8,
            cast: [1.0; 3],
            change: |_, v| v,
        }
    }

    fn render(scene: &Scene) -> Image {
        let reference = Reference::classic24(Edition::After2014);
        let places = [[0.0, 0.0], [5.0, 0.0], [5.0, 3.0], [0.0, 3.0]];
        let pairs: Vec<_> = scene.middles.iter().copied().zip(places).collect();
        let back = Homography::from_pairs(&pairs).unwrap();
        let surface = |p: [f64; 2]| -> LinearSrgb {
            let [c, r] = back.map(p);
            if !((-0.9..5.9).contains(&c) && (-0.9..3.9).contains(&r)) {
                // A striped cloth of two greys.
                let stripe = ((p[0] + 0.6 * p[1]) / 37.0) as i64 % 2 == 0;
                return if stripe { [0.32, 0.31, 0.3] } else { [0.22, 0.22, 0.24] };
            }
            let (i, j) = (c.round().clamp(0.0, 5.0), r.round().clamp(0.0, 3.0));
            let inside = (c - i).abs() < 0.43 && (r - j).abs() < 0.43;
            let patch = &reference.patches[j as usize * 6 + i as usize];
            let plain = if inside { patch.linear_srgb() } else { [0.012; 3] };
            (scene.change)([c, r], plain)
        };
        let mut state = 99_u32;
        Image::from_fn(SIZE.0, SIZE.1, |x, y| {
            let mut sum = [0.0; 3];
            for (dx, dy) in [(0.2, 0.3), (0.7, 0.2), (0.3, 0.8), (0.8, 0.7)] {
                let v = surface([x as f64 + dx, y as f64 + dy]);
                sum = std::array::from_fn(|c| sum[c] + 0.25 * v[c]);
            }
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = 1.0 + 0.03 * ((state >> 8) as f32 / 16_777_216.0 - 0.5);
            std::array::from_fn(|c| sum[c].max(0.0) * scene.exposure * scene.cast[c] * noise)
        })
    }

    fn photograph(scene: &Scene) -> Rgb8 {
        render(scene).to_srgb8()
    }

    /// The largest distance of a corner patch's middle from the truth, over the chart's width.
    fn error(found: &Found, scene: &Scene) -> f64 {
        [0, 5, 23, 18]
            .iter()
            .zip(scene.middles)
            .map(|(&i, t)| {
                let c = found.patches[i].centre.map(f64::from);
                (c[0] - t[0]).hypot(c[1] - t[1])
            })
            .fold(0.0, f64::max)
            / f64::from(found.width())
    }

    #[test]
    fn charts_are_found_turned_leaning_small_and_in_any_light() {
        for degrees in [-30.0, -12.0, 0.0, 30.0, 90.0, 180.0] {
            for (pitch, lean) in [(60.0, 0.0), (52.0, 0.25), (20.0, 0.1)] {
                let mut scene = turned(320.0, 240.0, pitch, degrees, lean);
                scene.cast = [1.1, 0.9, 0.5];
                let found = find(&photograph(&scene), Card::Auto)
                    .unwrap_or_else(|e| panic!("{degrees} {pitch} {lean}: {e}"));
                let off = error(&found, &scene);
                assert!(off < 0.01, "{degrees} {pitch} {lean}: {off}");
                assert!(found.encoded && found.warnings.is_empty(), "{found:?}");
            }
        }
    }

    #[test]
    fn outer_corners_are_those_of_the_patches() {
        let scene = turned(320.0, 240.0, 60.0, 0.0, 0.0);
        let found = find(&photograph(&scene), Card::Classic24).unwrap();
        let first = [320.0 - 2.5 * 60.0 - 0.43 * 60.0, 240.0 - 1.5 * 60.0 - 0.43 * 60.0];
        let c = found.corners[0];
        let off = (f64::from(c[0]) - first[0]).hypot(f64::from(c[1]) - first[1]);
        assert!(off < 0.02 * 300.0, "{c:?} {first:?}");
    }

    #[test]
    fn linear_pictures_are_searched_too() {
        let mut scene = turned(300.0, 230.0, 44.0, 8.0, 0.1);
        scene.exposure = 0.3;
        scene.cast = [0.5, 1.0, 0.7];
        let found = find(&render(&scene), Card::Auto).unwrap();
        assert!(error(&found, &scene) < 0.01 && !found.encoded);
    }

    #[test]
    fn a_chart_that_is_cut_off_is_refused() {
        let scene = turned(90.0, 240.0, 60.0, 0.0, 0.0);
        assert_eq!(find(&photograph(&scene), Card::Classic24), Err(NotFound::CutOff));
    }

    #[test]
    fn a_covered_chart_is_refused() {
        let mut scene = turned(320.0, 240.0, 60.0, 5.0, 0.0);
        scene.change = |[c, r], v| if c + r < 1.9 { [0.45, 0.27, 0.19] } else { v };
        let refused = find(&photograph(&scene), Card::Classic24);
        assert!(matches!(refused, Err(NotFound::Hidden(_))), "{refused:?}");
    }

    #[test]
    fn glare_is_refused() {
        let mut scene = turned(320.0, 240.0, 60.0, 5.0, 0.0);
        scene.change = |[c, r], v| {
            let near = (-((c - 1.5).powi(2) + (r - 1.0).powi(2)) / 0.8).exp() as f32;
            v.map(|v| v + 0.5 * near)
        };
        let refused = find(&photograph(&scene), Card::Classic24);
        assert!(matches!(refused, Err(NotFound::Glare(_) | NotFound::Hidden(_))), "{refused:?}");
    }

    #[test]
    fn an_overexposed_chart_is_refused() {
        let mut scene = turned(320.0, 240.0, 60.0, 0.0, 0.0);
        scene.exposure = 2.6;
        let refused = find(&photograph(&scene), Card::Classic24);
        assert!(matches!(refused, Err(NotFound::Clipped(_))), "{refused:?}");
    }

    #[test]
    fn a_chart_of_a_few_pixels_is_refused() {
        let scene = turned(320.0, 240.0, 8.0, 0.0, 0.0);
        let refused = find(&photograph(&scene), Card::Classic24);
        assert!(
            matches!(refused, Err(NotFound::TooSmall(..) | NotFound::Nothing(_))),
            "{refused:?}"
        );
    }

    #[test]
    fn a_grey_card_is_found_by_its_shape_and_a_red_one_is_none() {
        let card = |colour: LinearSrgb| {
            Image::from_fn(SIZE.0, SIZE.1, |x, y| {
                let (u, v) = (x as f32 - 300.0, y as f32 - 220.0);
                let (a, b) = (u * 0.97 + v * 0.24, v * 0.97 - u * 0.24);
                let grain = 1.0 + 0.03 * (((x * 31 + y * 17) % 13) as f32 / 13.0 - 0.5);
                if a.abs() < 120.0 && b.abs() < 80.0 { colour.map(|v| v * grain) } else { [0.6; 3] }
            })
            .to_srgb8()
        };
        let grey = find(&card([0.2, 0.18, 0.15]), Card::Auto).unwrap();
        assert_eq!((grey.card, grey.patches.len()), (Card::Grey, 1));
        let read = grey.patches[0].decoded;
        assert!((read[0] - 0.2).abs() < 0.01 && (read[2] - 0.15).abs() < 0.01, "{read:?}");
        let red = find(&card([0.4, 0.05, 0.04]), Card::Grey);
        assert!(matches!(red, Err(NotFound::Nothing(_))), "{red:?}");
    }

    #[test]
    fn pictures_without_a_card_say_what_to_do() {
        let empty = Rgb8::from_fn(400, 300, |x, y| [(x / 2) as u8, (y / 2) as u8, 90]);
        let said = find(&empty, Card::Classic24).unwrap_err().to_string();
        assert!(said.contains("24-patch chart") && said.contains("hold it"), "{said}");
        assert!(matches!(find(&Rgb8::new(0, 0), Card::Auto), Err(NotFound::NoPicture(0, 0))));
        let nan = Image::from_fn(200, 200, |_, _| [f32::NAN, f32::INFINITY, -1.0]);
        assert!(find(&nan, Card::Auto).is_err());
    }
}
