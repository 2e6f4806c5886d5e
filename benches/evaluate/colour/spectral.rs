//! A simulated studio: three cameras' measured sensitivities, eight lights, measured reflectances.
//!
//! The reference of every surface is its colour under D50, brought to D65 by Bradford, as for a real
//! chart. The chart's readings go through the same fit as a picture's.

use super::bar;
use culet::calibrate::{Calibration, Card, Found, Options, Patch, PatchReading, Reference, fit};
use culet::imaging::colour;
use std::collections::BTreeMap;

pub(super) type Spectra = BTreeMap<String, Vec<f64>>;

/// Lights of studios: tungsten, daylight and flash, two LEDs. The bars speak of these.
const LIGHTS: [&str; 6] = ["A", "D50", "D55", "D65", "LED-B3", "LED-B5"];
/// A poor fluorescent tube and a violet-pumped LED.
const HARDER_LIGHTS: [&str; 2] = ["FL2", "LED-V1"];
const CAMERAS: [&str; 2] = ["nikon5100", "canon5d2"];
/// Layered silicon instead of a filter mosaic: three sensitivities that overlap widely.
const HARDER_CAMERA: &str = "sigma_sd";
const METALS: [&str; 4] = ["gold", "rose", "silver", "platinum"];
/// Greenish gold and rhodium, beside the metals that the bars speak of.
const OTHER_METALS: [&str; 2] = ["gold80_silver20", "rhodium"];
const HELD_OUT: usize = 400;

pub(super) fn read(text: &str) -> Spectra {
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let names: Vec<&str> = lines.next().expect("a header").split(',').skip(1).collect();
    let mut all = Spectra::new();
    for line in lines {
        let values = line.split(',').skip(1).map(|v| v.parse::<f64>().expect("a number"));
        for (name, value) in names.iter().zip(values) {
            all.entry((*name).to_owned()).or_default().push(value);
        }
    }
    all
}

struct Studio {
    sensors: Spectra,
    lights: Spectra,
    observer: Spectra,
    chart: Vec<Vec<f64>>,
    metals: Spectra,
    held_out: Vec<Vec<f64>>,
}

impl Studio {
    fn new() -> Self {
        let chart = read(include_str!("../../../calibration/spectra/chart.csv"));
        Self {
            sensors: read(include_str!("../../../calibration/spectra/sensors.csv")),
            lights: read(include_str!("../../../calibration/spectra/lights.csv")),
            observer: read(include_str!("../../../calibration/spectra/observer.csv")),
            chart: (1..=24).map(|i| chart[&format!("p{i}")].clone()).collect(),
            metals: read(include_str!("../../../calibration/spectra/metals.csv")),
            held_out: smooth_reflectances(),
        }
    }

    /// L*a*b* under D50 of a surface.
    fn lab_d50(&self, surface: &[f64]) -> [f32; 3] {
        let light = &self.lights["D50"];
        let under = |s: &dyn Fn(usize) -> f64| -> [f64; 3] {
            ["x", "y", "z"].map(|c| (0..31).map(|i| self.observer[c][i] * light[i] * s(i)).sum())
        };
        let white = under(&|_| 1.0);
        let seen = under(&|i| surface[i]);
        // Against the white of this very table, so that a perfect white is neutral.
        let xyz = std::array::from_fn(|c| (seen[c] / white[c]) as f32 * colour::D50[c]);
        colour::xyz_to_lab(xyz, colour::D50)
    }

    fn camera(&self, camera: &str, light: &str, surface: &[f64]) -> [f32; 3] {
        let light = &self.lights[light];
        let signal = |c: &str, s: &dyn Fn(usize) -> f64| -> f64 {
            let sensor = &self.sensors[&format!("{camera}_{c}")];
            (0..31).map(|i| sensor[i] * light[i] * s(i)).sum()
        };
        let green = signal("g", &|_| 1.0);
        ["r", "g", "b"].map(|c| (signal(c, &|i| surface[i]) / green * 0.9) as f32)
    }
}

/// Reflectances that the fit never sees: sigmoids of random quadratics, after Jakob and Hanika 2019,
/// "A Low-Dimensional Function Space for Efficient Spectral Upsampling".
fn smooth_reflectances() -> Vec<Vec<f64>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0
    };
    (0..HELD_OUT)
        .map(|_| {
            let (a, b, c, middle) = (random() * 4.0, random() * 2.5, random() * 1.5, random());
            (0..31)
                .map(|i| {
                    let x = f64::from(i) / 15.0 - 1.0 - 0.5 * middle;
                    let v = a * x * x + b * x + c;
                    let sigmoid = 0.5 + v / (2.0 * (1.0 + v * v).sqrt());
                    0.03 + 0.9 * sigmoid
                })
                .collect()
        })
        .collect()
}

pub(super) fn run() {
    let studio = Studio::new();
    println!("-- simulated studio: ΔE2000, means");
    println!(
        "camera     light    method            chart  loo    held  metals  worst  other    grey  -1.5 EV"
    );
    let mut rows = Vec::new();
    for camera in CAMERAS {
        rows.extend(LIGHTS.map(|light| one(&studio, camera, light)));
    }
    let mean = |i: usize| rows.iter().map(|r| r[i]).sum::<f32>() / rows.len() as f32;
    let worst = |i: usize| rows.iter().map(|r| r[i]).fold(0.0, f32::max);
    bar("chart, mean over cameras and lights", 0.8, mean(0));
    bar("held-out reflectances, mean", 0.9, mean(1));
    bar("metals, mean", 0.3, mean(2));
    bar("metals, the worst one, mean over cameras and lights", 0.5, mean(3));
    println!("  (the worst metal under the worst light: {:.2})", worst(3));
    bar("grey card, chroma, worst", 1e-3, worst(4));
    bar("change at -1.5 EV, worst patch of all", 0.05, worst(5));
    println!("harder ones, beside the bars:");
    for camera in CAMERAS {
        for light in HARDER_LIGHTS {
            one(&studio, camera, light);
        }
    }
    for light in LIGHTS {
        one(&studio, HARDER_CAMERA, light);
    }
}

fn one(studio: &Studio, camera: &str, light: &str) -> [f32; 6] {
    let reference = reference(studio);
    let grey = studio.camera(camera, light, &[0.18; 31]);
    let found = found(studio, &reference, camera, light, 1.0);
    let options =
        Options { reference: Some(reference.clone()), neutral: Some(grey), ..Options::default() };
    let c = fit(&found, &options).expect("a fit");
    let error = |surface: &[f64], c: &Calibration, exposure: f32| {
        let seen = studio.camera(camera, light, surface).map(|v| v * exposure);
        let out = c.balanced(seen).map(|v| v / exposure * (-c.exposure_ev).exp2());
        let patch = Patch { name: String::new(), lab: studio.lab_d50(surface) };
        let lab = colour::linear_srgb_to_lab;
        colour::delta_e_2000(lab(out), lab(patch.linear_srgb()))
    };
    let mean = |all: &mut dyn Iterator<Item = f32>| {
        let all: Vec<f32> = all.collect();
        all.iter().sum::<f32>() / all.len() as f32
    };
    let held = mean(&mut studio.held_out.iter().map(|s| error(s, &c, 1.0)));
    let metals: Vec<f32> = METALS.iter().map(|m| error(&studio.metals[*m], &c, 1.0)).collect();
    let others = OTHER_METALS.iter().map(|m| error(&studio.metals[*m], &c, 1.0));
    let other = others.fold(0.0, f32::max);
    let worst = metals.iter().copied().fold(0.0, f32::max);
    let neutral = colour::chroma(colour::linear_srgb_to_lab(c.convert(grey)));
    let dark = studio.chart.iter().map(|s| (error(s, &c, 0.353_553) - error(s, &c, 1.0)).abs());
    let change = dark.fold(0.0, f32::max);
    let d = &c.delta_e_2000;
    let metal = mean(&mut metals.iter().copied());
    println!(
        "{camera:<10} {light:<8} {:<16} {:>6.2} {:>6.2} {held:>6.2} {metal:>6.2} {worst:>6.2} {other:>6.2} {neutral:>8.4} {change:>7.4}",
        format!("{:?}", c.method),
        d.after.mean,
        d.leave_one_out,
    );
    [d.after.mean, held, metal, worst, neutral, change]
}

fn reference(studio: &Studio) -> Reference {
    let mut card = Reference::classic24(culet::calibrate::Edition::Before2014);
    for (patch, surface) in card.patches.iter_mut().zip(&studio.chart) {
        patch.lab = studio.lab_d50(surface);
    }
    card
}

fn found(
    studio: &Studio,
    reference: &Reference,
    camera: &str,
    light: &str,
    exposure: f32,
) -> Found {
    let read = |(i, surface): (usize, &Vec<f64>)| {
        let values = studio.camera(camera, light, surface).map(|v| v * exposure);
        PatchReading {
            name: reference.patches[i].name.clone(),
            centre: [(i % 6) as f32, (i / 6) as f32],
            values,
            decoded: values,
            unevenness: 0.0,
            clipped: 0.0,
            pixels: 400,
        }
    };
    Found {
        card: Card::Classic24,
        corners: [[0.0, 0.0], [6.0, 0.0], [6.0, 4.0], [0.0, 4.0]],
        patches: studio.chart.iter().enumerate().map(read).collect(),
        encoded: false,
        warnings: Vec::new(),
    }
}
