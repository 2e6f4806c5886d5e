//! What stands behind the subject: the photographed empty set matched in exposure, or a smooth
//! backdrop fitted to what surrounds the subject.

use super::{Method, filter, proxy};
use crate::imaging::lanes::wide;
use crate::imaging::{Image, Mask, Plane, Rgb8, colour};
use nalgebra::{SMatrix, SVector};

/// The least noise that is believed, encoded: eight bits cannot tell finer.
const LEAST_NOISE: f32 = 0.003;
/// A fitted backdrop with more texture than this, encoded, is not smooth.
const ROUGH: f32 = 0.05;
/// Share of the frame that must look like the empty set, or it is another set.
const LEAST_MATCH: f32 = 0.25;

/// The reduced picture and what is known about its ground.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// The reduced picture, linear.
    pub picture: Image,
    /// Its ground without the subject, linear, the same size.
    pub ground: Image,
    /// Light of the picture over that of the empty set, a channel.
    pub gain: [f32; 3],
    /// Noise and texture of the ground in the reduced picture, encoded, one sigma.
    pub noise: f32,
    /// Whether the ground is too textured to be fitted.
    pub rough: bool,
    /// What the ground comes from.
    pub method: Method,
    /// Sentences for the photographer.
    pub warnings: Vec<String>,
}

impl Scene {
    /// Reduces the picture and finds its ground.
    pub(super) fn new(rgb: &Rgb8, empty: Option<&Rgb8>, coarse: Option<&Mask>) -> Self {
        Self::sized(rgb, empty, coarse, proxy::size(rgb.w, rgb.h))
    }

    /// The same at a size of one's own.
    pub(super) fn sized(
        rgb: &Rgb8,
        empty: Option<&Rgb8>,
        coarse: Option<&Mask>,
        (w, h): (usize, usize),
    ) -> Self {
        let picture = proxy::reduce(rgb, w, h);
        let mut warnings = Vec::new();
        if let Some(empty) = empty {
            let plate = proxy::reduce(empty, w, h);
            match match_exposure(&picture, &plate) {
                Some(gain) => return Self::from_plate(picture, plate, gain, warnings),
                None => warnings.push(
                    "the empty set does not look like this picture and was not used; photograph it again"
                        .to_owned(),
                ),
            }
        }
        Self::fitted(picture, coarse, warnings)
    }

    fn from_plate(
        picture: Image,
        mut ground: Image,
        gain: [f32; 3],
        mut warnings: Vec<String>,
    ) -> Self {
        for p in &mut ground.data {
            for c in 0..3 {
                p[c] = (p[c] * gain[c]).min(1.0);
            }
        }
        let stops = colour::luminance(gain).max(1e-6).log2();
        if stops.abs() > 0.5 {
            warnings.push(format!(
                "the empty set is {:.1} stops {} than the picture; photograph it with the same settings",
                stops.abs(),
                if stops > 0.0 { "darker" } else { "lighter" }
            ));
        }
        let noise = ground_noise(&picture, &ground);
        Self { picture, ground, gain, noise, rough: false, method: Method::EmptySet, warnings }
    }

    fn fitted(picture: Image, coarse: Option<&Mask>, warnings: Vec<String>) -> Self {
        let ground = fit(&picture, coarse);
        let noise = ground_noise(&picture, &ground);
        let rough = noise > ROUGH;
        Self { picture, ground, gain: [1.0; 3], noise, rough, method: Method::Backdrop, warnings }
    }

    /// Whether the ground was photographed.
    pub(super) fn known(&self) -> bool {
        self.method == Method::EmptySet
    }
}

/// Light of the picture over light of the plate: the commonest ratio of luminance over the frame, then the
/// mean of each channel where the ratio is that one. `None` when too little of the frame agrees.
fn match_exposure(picture: &Image, plate: &Image) -> Option<[f32; 3]> {
    const STEP: f32 = 0.02; // natural log of the ratio
    // On dark ground the ratio of two single pixels is noise.
    let side = (picture.w.min(picture.h) / 64).clamp(1, 8);
    let (picture, plate) = (&blocks(picture, side), &blocks(plate, side));
    let ratio = |a: [f32; 3], b: [f32; 3]| {
        (colour::luminance(a) + 1e-3).ln() - (colour::luminance(b) + 1e-3).ln()
    };
    let mut bins = vec![0_u32; 201];
    let bin = |r: f32| ((r / STEP).round() as i32 + 100).clamp(0, 200) as usize;
    for (&a, &b) in picture.data.iter().zip(&plate.data) {
        bins[bin(ratio(a, b))] += 1;
    }
    let near = |i: usize| bins[i.saturating_sub(1)..(i + 2).min(201)].iter().sum::<u32>();
    let best = (1..200).max_by_key(|&i| near(i))?;
    let centre = (best as f32 - 100.0) * STEP;
    let (mut sums, mut n) = ([[0.0_f64; 2]; 3], 0);
    for (&a, &b) in picture.data.iter().zip(&plate.data) {
        // Full wells say nothing about exposure.
        let clipped = a.iter().chain(&b).any(|&v| v > 0.98);
        if (ratio(a, b) - centre).abs() < 2.0 * STEP {
            n += 1;
            for c in 0..3 {
                if !clipped {
                    sums[c][0] += f64::from(a[c]);
                    sums[c][1] += f64::from(b[c]);
                }
            }
        }
    }
    let enough = n as f32 > LEAST_MATCH * picture.data.len() as f32;
    enough.then(|| sums.map(|[a, b]| if b > 1e-6 { (a / b) as f32 } else { 1.0 }))
}

/// Means over squares of this side.
fn blocks(image: &Image, side: usize) -> Image {
    Image::from_fn(image.w / side, image.h / side, |x, y| {
        let mut sum = [0.0_f32; 3];
        for v in y * side..(y + 1) * side {
            for p in &image.data[v * image.w + x * side..v * image.w + (x + 1) * side] {
                (0..3).for_each(|c| sum[c] += p[c]);
            }
        }
        sum.map(|v| v / (side * side) as f32)
    })
}

/// Noise of the picture over its ground as one sigma, encoded: the middle absolute difference from the mean of
/// the neighbours, or what the ground leaves unexplained over wider reaches, in the outer part of the
/// frame. Half of that may be anything else.
fn ground_noise(picture: &Image, ground: &Image) -> f32 {
    let apart = |i: usize| {
        let a = proxy::encode(colour::luminance(picture.data[i]));
        a - proxy::encode(colour::luminance(ground.data[i]))
    };
    let (w, h) = (picture.w, picture.h);
    let plane = Plane { w, h, data: (0..w * h).map(apart).collect() };
    let smooth = filter::box_mean(&plane, 3);
    // The outer part of the frame is the likeliest to show the ground alone.
    let edge = (w.min(h) / 6).max(2);
    let outer = |x: usize, y: usize| x < edge || y < edge || x + edge >= w || y + edge >= h;
    let over = |f: &dyn Fn(usize) -> f32| {
        let values = (0..w * h).filter(|i| outer(i % w, i / w)).map(f).collect();
        1.4826 * filter::median(values)
    };
    let fine = over(&|i| (plane.data[i] - smooth.data[i]).abs());
    let wide = over(&|i| smooth.data[i].abs());
    fine.max(0.6 * wide).max(LEAST_NOISE)
}

/// Longest side that the fit works at.
const FIT: usize = 240;
/// Terms of a polynomial of degree 3 in two variables.
const TERMS: usize = 10;
/// So often the places that follow the polynomial are chosen anew.
const ROUNDS: usize = 9;

/// A smooth backdrop: a robust polynomial of degree 3 in encoded values, then what is left of the places
/// that follow it, continued smoothly under the subject.
fn fit(picture: &Image, coarse: Option<&Mask>) -> Image {
    let longest = picture.w.max(picture.h);
    let scale = (longest as f32 / FIT as f32).max(1.0);
    let (w, h) = ((picture.w as f32 / scale) as usize, (picture.h as f32 / scale) as usize);
    let (w, h) = (w.max(4), h.max(4));
    let small = shrink(picture, w, h);
    let away = coarse.map(|mask| away_from(mask, w, h));
    let trusted = inliers(&small, w, h, away.as_deref());
    let values = channels(&small, w, h);
    let weight: Vec<f32> = trusted.iter().map(|&t| f32::from(u8::from(t))).collect();
    let smooth = Cubic::fit(&values, &weight).planes();
    let planes: [Plane; 3] = std::array::from_fn(|c| local(&values[c], &smooth[c], &trusted));
    let (pw, ph) = (picture.w, picture.h);
    let place = |i: usize, n: usize, all: usize| {
        let v = ((i as f32 + 0.5) * n as f32 / all as f32 - 0.5).clamp(0.0, (n - 1) as f32);
        (v as usize, (v as usize + 1).min(n - 1), v - (v as usize) as f32)
    };
    let columns: Vec<_> = (0..pw).map(|x| place(x, w, pw)).collect();
    let mut data = vec![[0.0; 3]; pw * ph];
    let mut line = vec![0.0; w];
    for (y, row) in data.chunks_exact_mut(pw).enumerate() {
        let (up, low, down) = place(y, h, ph);
        for (c, plane) in planes.iter().enumerate() {
            let rows = [up, low].map(|j| &plane.data[j * w..][..w]);
            wide(|| {
                for ((o, a), b) in line.iter_mut().zip(rows[0]).zip(rows[1]) {
                    *o = a * (1.0 - down) + b * down;
                }
            });
            for (out, (left, right, across)) in row.iter_mut().zip(&columns) {
                out[c] = proxy::decode(line[*left] * (1.0 - across) + line[*right] * across);
            }
        }
    }
    Image { w: pw, h: ph, data }
}

/// Encoded middle values of the pixels under each small pixel: the middle ignores thin wires.
fn shrink(picture: &Image, w: usize, h: usize) -> Vec<[f32; 3]> {
    let (mut out, mut under) = (Vec::with_capacity(w * h), Vec::new());
    for y in 0..h {
        for x in 0..w {
            let (x0, x1) =
                (x * picture.w / w, ((x + 1) * picture.w / w).max(x * picture.w / w + 1));
            let (y0, y1) =
                (y * picture.h / h, ((y + 1) * picture.h / h).max(y * picture.h / h + 1));
            out.push(std::array::from_fn(|c| {
                under.clear();
                for row in picture.data.chunks_exact(picture.w).take(y1).skip(y0) {
                    under.extend(row[x0..x1].iter().map(|p| proxy::encode(p[c])));
                }
                filter::median_of(&mut under)
            }));
        }
    }
    out
}

/// Where a coarse mask and its surroundings are not.
fn away_from(mask: &Mask, w: usize, h: usize) -> Vec<bool> {
    let small = proxy::resize_mask(mask, w, h);
    let far = filter::distance(w, h, |i| small.data[i] > 64);
    far.iter().map(|&d| d > w.max(h) as f32 * 0.03).collect()
}

/// Which small pixels follow a smooth polynomial, beginning with the frame's border, or with what lies
/// away from the coarse mask.
fn inliers(small: &[[f32; 3]], w: usize, h: usize, away: Option<&[bool]>) -> Vec<bool> {
    let edge = (w.min(h) / 12).max(2);
    let border = |i: usize| {
        let (x, y) = (i % w, i / w);
        x < edge || y < edge || x + edge >= w || y + edge >= h
    };
    let start = |i: usize| away.map_or_else(|| border(i), |a| a[i]);
    let known = (0..w * h).filter(|&i| start(i)).count();
    let start = |i: usize| if known * 20 < w * h { border(i) } else { start(i) };
    let mut weight: Vec<f32> = (0..w * h).map(|i| f32::from(u8::from(start(i)))).collect();
    let planes = channels(small, w, h);
    let mut trusted = Vec::new();
    for round in 0..ROUNDS {
        let smooth = Cubic::fit(&planes, &weight);
        let off = |i: usize| {
            let there = smooth.at(i);
            (0..3).map(|c| (planes[c].data[i] - there[c]).abs()).fold(0.0, f32::max)
        };
        let near: Vec<f32> = sparse(w, h).map(off).collect();
        let judged = sparse(w, h).zip(&near).filter(|(i, _)| start(*i)).map(|(_, v)| *v).collect();
        let reach = (1.4826 * filter::median(judged)).clamp(0.006, 0.08) * 4.0;
        for (i, off) in sparse(w, h).zip(&near) {
            // First the border alone, by Tukey's weights; then all that follows what the border says.
            let counts = round >= 5 || start(i);
            let t = (off / reach).min(1.0);
            weight[i] = if counts { (1.0 - t * t).powi(2) } else { 0.0 };
        }
        if round + 1 == ROUNDS {
            trusted = (0..w * h).map(|i| off(i) < reach).collect();
        }
    }
    trusted
}

/// A plane a channel.
fn channels(small: &[[f32; 3]], w: usize, h: usize) -> [Plane; 3] {
    std::array::from_fn(|c| Plane { w, h, data: small.iter().map(|p| p[c]).collect() })
}

/// Every second row and column: enough to know ten numbers by.
fn sparse(w: usize, h: usize) -> impl Iterator<Item = usize> {
    (0..h).step_by(2).flat_map(move |y| (0..w).step_by(2).map(move |x| y * w + x))
}

/// The weighted least-squares polynomials of degree 3 of three planes.
struct Cubic {
    w: usize,
    h: usize,
    factors: [SVector<f64, TERMS>; 3],
}

impl Cubic {
    /// By the [`sparse`] pixels.
    fn fit(values: &[Plane; 3], weight: &[f32]) -> Self {
        let (w, h) = (values[0].w, values[0].h);
        let mut cubic = Self { w, h, factors: [SVector::zeros(); 3] };
        let (mut normal, mut right) = ([[0.0; TERMS]; TERMS], [[0.0; TERMS]; 3]);
        for i in sparse(w, h).filter(|&i| weight[i] > 0.0) {
            let t = cubic.terms(i);
            let weighted = t.map(|t| t * f64::from(weight[i]));
            let light = values.each_ref().map(|plane| f64::from(plane.data[i]));
            wide(|| {
                for (row, t) in normal.iter_mut().zip(&t) {
                    row.iter_mut().zip(&weighted).for_each(|(s, k)| *s += k * t);
                }
                for (row, v) in right.iter_mut().zip(&light) {
                    row.iter_mut().zip(&weighted).for_each(|(s, k)| *s += k * v);
                }
            });
        }
        let ridge = SMatrix::<f64, TERMS, TERMS>::identity() * 1e-3;
        if let Some(solver) = (SMatrix::from(normal) + ridge).cholesky() {
            cubic.factors = right.map(|r| solver.solve(&SVector::from(r)));
        }
        cubic
    }

    #[inline(always)]
    fn terms(&self, i: usize) -> [f64; TERMS] {
        let x = (i % self.w) as f64 / self.w as f64 * 2.0 - 1.0;
        let y = (i / self.w) as f64 / self.h as f64 * 2.0 - 1.0;
        [1.0, x, y, x * x, x * y, y * y, x * x * x, x * x * y, x * y * y, y * y * y]
    }

    fn at(&self, i: usize) -> [f32; 3] {
        let t = self.terms(i);
        [0, 1, 2].map(|c| (0..TERMS).map(|a| t[a] * self.factors[c][a]).sum::<f64>() as f32)
    }

    /// Everywhere.
    fn planes(&self) -> [Plane; 3] {
        let mut out = [(); 3].map(|()| Plane::new(self.w, self.h));
        for i in 0..self.w * self.h {
            let there = self.at(i);
            (0..3).for_each(|c| out[c].data[i] = there[c]);
        }
        out
    }
}

/// The polynomial plus what the trusted places leave over, smoothed and continued.
fn local(values: &Plane, smooth: &Plane, trusted: &[bool]) -> Plane {
    let (w, h) = (values.w, values.h);
    // The rim of whatever is no backdrop is half mixed with it.
    let off = filter::distance(w, h, |i| !trusted[i]);
    let weight = Plane { w, h, data: off.iter().map(|&d| f32::from(u8::from(d > 2.5))).collect() };
    let left = Plane { w, h, data: (0..w * h).map(|i| values.data[i] - smooth.data[i]).collect() };
    let continued =
        filter::soften(&filter::fill(&left, &weight), (w.max(h) as f32 / 60.0).max(1.0));
    Plane { w, h, data: (0..w * h).map(|i| smooth.data[i] + continued.data[i]).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grey sweep that falls off to one side, with a dark disk on it.
    fn sweep(disk: bool) -> Rgb8 {
        Rgb8::from_fn(300, 200, |x, y| {
            let ground = 200.0 - 0.2 * x as f32 - 0.1 * y as f32;
            let inside = disk && (x as f32 - 150.0).hypot(y as f32 - 100.0) < 50.0;
            [if inside { 40 } else { ground as u8 }; 3]
        })
    }

    #[test]
    fn a_fitted_backdrop_goes_on_under_the_subject() {
        let scene = Scene::new(&sweep(true), None, None);
        let truth = proxy::reduce(&sweep(false), 300, 200);
        let worst = (0..300 * 200)
            .map(|i| {
                (proxy::encode(scene.ground.data[i][1]) - proxy::encode(truth.data[i][1])).abs()
            })
            .fold(0.0, f32::max);
        assert!(worst < 0.02, "{worst}");
        assert!(!scene.rough && scene.method == Method::Backdrop);
    }

    #[test]
    fn another_exposure_of_the_empty_set_is_matched_and_another_set_refused() {
        let darker = Rgb8 {
            data: sweep(false).data.iter().map(|&v| (u16::from(v) * 4 / 5) as u8).collect(),
            w: 300,
            h: 200,
        };
        let scene = Scene::new(&sweep(true), Some(&darker), None);
        assert_eq!(scene.method, Method::EmptySet);
        let (got, want) = (scene.ground.at_green(299, 199), proxy::reduce(&sweep(false), 300, 200));
        assert!((got - want.at_green(299, 199)).abs() < 0.02, "{got}");
        let other = Rgb8::from_fn(300, 200, |x, y| [((x * 7 + y * 13) % 251) as u8; 3]);
        let scene = Scene::new(&sweep(true), Some(&other), None);
        assert!(scene.method == Method::Backdrop && scene.warnings.len() == 1);
    }

    trait Green {
        fn at_green(&self, x: usize, y: usize) -> f32;
    }
    impl Green for Image {
        fn at_green(&self, x: usize, y: usize) -> f32 {
            self.data[y * self.w + x][1]
        }
    }
}
