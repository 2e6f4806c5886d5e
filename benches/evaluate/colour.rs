//! Colour: ΔE2000, the fit on simulated and real cameras, detection, flat field, drift.

mod detection;
mod light;
mod spectral;

use culet::calibrate::{self, Calibration, Card, Found, Options};
use culet::imaging::Rgb8;
use std::path::{Path, PathBuf};

pub fn run() {
    spectral::run();
    detection::run();
    real();
    light::run();
    sharma();
}

/// The published pairs of Sharma, Wu and Dalal 2005.
fn sharma() {
    let pairs = include_str!("../../src/imaging/ciede2000_sharma.csv");
    let off = pairs.lines().filter(|l| !l.starts_with('#')).map(|line| {
        let v: Vec<f32> = line.split(',').map(|t| t.trim().parse().expect("a number")).collect();
        (culet::imaging::colour::delta_e_2000([v[0], v[1], v[2]], [v[3], v[4], v[5]]) - v[6]).abs()
    });
    println!();
    bar("ΔE2000 against Sharma's 34 pairs, worst", 1e-4, off.fold(0.0, f32::max));
}

/// One line of a table: what, the bar, what was reached.
pub(crate) fn bar(what: &str, most: f32, reached: f32) {
    let verdict = if reached <= most { "ok" } else { "MISSED" };
    println!("{what:<56} bar {most:>8.4}  reached {reached:>8.4}  {verdict}");
}

/// The folder of real pictures, when it is there.
pub(crate) fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("CULET_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    folder.is_dir().then_some(folder)
}

/// Any JPEG or PNG as eight bits.
pub(crate) fn open(path: &Path) -> Option<Rgb8> {
    let rgb = image::open(path).ok()?.to_rgb8();
    let (w, h) = (rgb.width() as usize, rgb.height() as usize);
    Some(Rgb8 { w, h, data: rgb.into_raw() })
}

/// Real charts under known conditions.
fn real() {
    let Some(data) = data() else {
        println!("real charts: skipped, no test data");
        return;
    };
    println!("\n-- real charts");
    let mut fits = Vec::new();
    for name in ["d65", "CWF"] {
        let path = data.join(format!("charts/illuminants/{name}_colorchecker.jpg"));
        let picture = open(&path).expect("an illuminant chart");
        let (found, c) = fitted(name, calibrate::find(&picture, Card::Classic24));
        bar(&format!("illuminants/{name}: mean ΔE2000 after"), 2.9, c.delta_e_2000.after.mean);
        println!("  recognised as {:?}", c.transfer);
        fits.push((name, found, c));
    }
    let mismatch = fits[0].2.mismatch(&fits[1].1);
    println!("d65's profile on CWF: {}", mismatch.as_deref().unwrap_or("NOT NOTICED"));
    let same = fits[0].2.mismatch(&fits[0].1);
    println!("d65's profile on d65: {}", same.as_deref().unwrap_or("no warning"));
    let bytes = std::fs::read(data.join("raw/colorchart.dng")).unwrap_or_default();
    match culet::imaging::raw::sensor_linear(&bytes) {
        Ok(sensor) => {
            let (found, c) = fitted("colorchart.dng", calibrate::find(&sensor, Card::Classic24));
            // The test data's own marks.
            let truth = [[715.0, 625.0], [1252.0, 615.0], [1257.0, 922.0], [702.0, 930.0]];
            bar(
                "colorchart.dng: corners, % of width",
                2.0,
                detection::corner_error(&found, &truth),
            );
            bar("colorchart.dng: mean ΔE2000 after", 2.4, c.delta_e_2000.after.mean);
            bar("colorchart.dng: leave one out", 3.0, c.delta_e_2000.leave_one_out);
        }
        Err(e) => println!("colorchart.dng: skipped ({e})"),
    }
}

fn fitted(name: &str, found: Result<Found, calibrate::NotFound>) -> (Found, Calibration) {
    let found = found.unwrap_or_else(|e| panic!("{name}: {e}"));
    let c = calibrate::fit(&found, &Options::default()).expect("a fit");
    let d = &c.delta_e_2000;
    println!(
        "{name}: {:?}, {:?}, as shot {:.2}, balanced {:.2}, after {:.2} (max {:.2}), left out {:.2}, uneven {:.2} EV",
        c.method,
        c.transfer,
        d.as_shot.mean,
        d.before.mean,
        d.after.mean,
        d.after.max,
        d.leave_one_out,
        c.unevenness_ev
    );
    (found, c)
}
