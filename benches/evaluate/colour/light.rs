//! Flat field on rendered vignettes, and drift alarms on noisy traces of black bodies.

use super::bar;
use culet::calibrate::drift::Watch;
use culet::calibrate::{Calibration, FlatField, Light, Options, Transfer};
use culet::imaging::Image;

pub(super) fn run() {
    flat_field();
    drift();
}

/// Vignettes with a slope of the light and noise: EV left after the flat field, over 5 x 5 blocks of
/// another picture of the same card.
fn flat_field() {
    println!("\n-- flat field on rendered vignettes");
    let mut worst = 0.0_f32;
    for (corner_ev, slope_ev, noise) in
        [(0.3, 0.0, 0.01), (0.6, 0.2, 0.02), (0.9, 0.4, 0.02), (0.7, 0.1, 0.06)]
    {
        for (w, h) in [(900, 600), (600, 900)] {
            let card = vignette(w, h, corner_ev, slope_ev, noise, 1);
            let field = FlatField::from_card(&card, Transfer::Linear).expect("an even card");
            let mut other = vignette(w, h, corner_ev, slope_ev, noise, 2);
            field.apply(&mut other);
            let left = residual(&other);
            println!(
                "  corners -{corner_ev} EV, slope {slope_ev} EV, noise {noise}, {w}x{h}: {left:.4} EV left"
            );
            worst = worst.max(left);
        }
    }
    bar("flat field: worst residual, EV", 0.03, worst);
}

fn vignette(w: usize, h: usize, corner_ev: f32, slope_ev: f32, noise: f32, seed: u32) -> Image {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    // The fourth power of the cosine, its steepness chosen so that the corner falls by so much.
    let steep = (corner_ev / 2.0).exp2() - 1.0;
    Image::from_fn(w, h, |x, y| {
        let (u, v) =
            ((x as f32 + 0.5) / w as f32 * 2.0 - 1.0, (y as f32 + 0.5) / h as f32 * 2.0 - 1.0);
        let r2 = (u * u * (w * w) as f32 + v * v * (h * h) as f32) / (w * w + h * h) as f32;
        let level = 0.5 * (1.0 + steep * r2).powi(-2) * (slope_ev * u * 0.5).exp2();
        std::array::from_fn(|c| level * (1.0 + noise * random()) * [1.0, 0.95, 0.8][c])
    })
}

fn residual(image: &Image) -> f32 {
    let (bw, bh) = (image.w / 15, image.h / 15);
    let block = |i: usize, j: usize| {
        let (x0, y0) = (i * (image.w - bw) / 4, j * (image.h - bh) / 4);
        let sum: f32 = (y0..y0 + bh)
            .flat_map(|y| (x0..x0 + bw).map(move |x| (x, y)))
            .map(|(x, y)| image.data[y * image.w + x][1])
            .sum();
        (sum / (bw * bh) as f32).log2()
    };
    let middle = block(2, 2);
    let all = (0..25).map(|k| (block(k % 5, k / 5) - middle).abs());
    all.fold(0.0, f32::max)
}

/// Alarm rates over minutes of readings, ten a second, each with noise of 2 % in every channel.
fn drift() {
    println!("\n-- drift alarms on noisy minutes of black bodies at 5500 K");
    let mut state = 7_u64;
    let mut count = |kelvin: f64, ev: f64| {
        (0..40).filter(|_| alarmed(kelvin, ev, &mut state)).count() as f32 / 40.0 * 100.0
    };
    for (kelvin, ev) in [(150.0, 0.0), (-150.0, 0.0), (0.0, 0.15), (0.0, -0.15), (240.0, -0.2)] {
        let missed = 100.0 - count(kelvin, ev);
        bar(&format!("drift: % of alarms missed at {kelvin:+} K {ev:+} EV"), 0.0, missed);
    }
    for (kelvin, ev) in
        [(50.0, 0.0), (-50.0, 0.0), (0.0, 0.05), (0.0, -0.05), (50.0, 0.05), (0.0, 0.0)]
    {
        bar(&format!("drift: % of false alarms at {kelvin:+} K {ev:+} EV"), 0.0, count(kelvin, ev));
    }
}

/// Whether a minute under a light that changed ends in an alarm (or ever had one).
fn alarmed(kelvin: f64, ev: f64, state: &mut u64) -> bool {
    let c = balanced_at(5500.0);
    let mut watch = Watch::new(&c, grey_under(5500.0));
    let light = grey_under(5500.0 + kelvin).map(|v| v * (ev.exp2() as f32));
    let mut random = || {
        let mut sum = 0.0;
        for _ in 0..6 {
            *state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            sum += (*state >> 40) as f32 / 16_777_216.0 - 0.5;
        }
        sum * 1.414
    };
    let mut ever = false;
    for i in 0..600 {
        let reading = light.map(|v| v * (1.0 + 0.02 * random()));
        ever |= watch.update(f64::from(i) * 0.1, reading).alarm;
    }
    ever
}

/// A calibration whose camera sees with the eye's own primaries and is balanced at a temperature.
fn balanced_at(kelvin: f64) -> Calibration {
    let grey = grey_under(kelvin);
    let found = culet::calibrate::Found {
        card: culet::calibrate::Card::Grey,
        corners: [[0.0; 2]; 4],
        patches: vec![culet::calibrate::PatchReading {
            name: "grey card".to_owned(),
            centre: [0.0; 2],
            values: grey,
            decoded: grey,
            unevenness: 0.0,
            clipped: 0.0,
            pixels: 100,
        }],
        encoded: false,
        warnings: Vec::new(),
    };
    let light = Light { name: "lamp".to_owned(), kelvin: Some(kelvin as f32) };
    culet::calibrate::fit(&found, &Options { light, ..Options::default() }).expect("a grey card")
}

/// Linear sRGB of an 18 % grey under a black body, as bright in luminance at every temperature:
/// Planck's law over the CIE 1931 observer.
fn grey_under(kelvin: f64) -> [f32; 3] {
    let observer = super::spectral::read(include_str!("../../../calibration/spectra/observer.csv"));
    let planck = |nm: f64| {
        let m = nm * 1e-9;
        m.powi(-5) / ((1.438_776_877e-2 / (m * kelvin)).exp() - 1.0)
    };
    let sum = |c: &str| -> f64 {
        (0..31).map(|i| observer[c][i as usize] * planck(400.0 + 10.0 * f64::from(i))).sum()
    };
    let y = sum("y");
    let xyz = ["x", "y", "z"].map(|c| (sum(c) / y * 0.18) as f32);
    culet::imaging::colour::apply(&culet::imaging::colour::XYZ_TO_SRGB, xyz)
}
