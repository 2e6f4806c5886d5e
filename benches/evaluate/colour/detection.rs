//! Charts in real pictures: found with exact corners, refused when not whole, never seen in jewellery.

use super::{bar, data, open};
use culet::calibrate::{self, Card, Found};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What should happen, and the middles of the first, sixth, last and nineteenth patch, in pixels: for
/// the illuminants from the test data's own marks, for the others marked by eye at three to five
/// times the size.
enum Truth {
    Whole([[f32; 2]; 4]),
    NotWhole,
}

const CHARTS: &[(&str, Truth)] = &[
    (
        "illuminants/d65_colorchecker.jpg",
        Truth::Whole([[725.9, 736.0], [1947.8, 736.0], [1947.8, 1459.9], [725.9, 1459.9]]),
    ),
    (
        "illuminants/CWF_colorchecker.jpg",
        Truth::Whole([[725.9, 736.0], [1947.8, 736.0], [1947.8, 1459.9], [725.9, 1459.9]]),
    ),
    (
        "colorchecker.jpg",
        Truth::Whole([[152.9, 135.8], [1342.5, 140.4], [1355.6, 862.2], [156.3, 854.3]]),
    ),
    (
        "below_fishbox.jpg",
        Truth::Whole([[1345.0, 984.0], [1685.0, 982.0], [1687.0, 1187.0], [1347.0, 1190.0]]),
    ),
    (
        "img-colorchecker.jpg",
        Truth::Whole([[260.7, 303.0], [511.0, 301.8], [515.0, 444.0], [261.0, 452.7]]),
    ),
    (
        "plantcv/calibrite-passport.png",
        Truth::Whole([[95.0, 339.6], [99.2, 106.2], [237.6, 107.6], [235.7, 340.1]]),
    ),
    (
        "plantcv/classic.png",
        Truth::Whole([[225.5, 58.2], [225.0, 332.6], [67.1, 331.2], [57.8, 59.2]]),
    ),
    (
        "plantcv/nano.jpeg",
        Truth::Whole([[73.6, 134.1], [334.8, 134.1], [334.8, 268.5], [73.6, 268.5]]),
    ),
    (
        "plantcv/source1_img.png",
        Truth::Whole([[233.0, 167.2], [231.4, 272.4], [169.0, 272.0], [170.0, 166.2]]),
    ),
    (
        "plantcv/target_img.png",
        Truth::Whole([[234.0, 170.4], [231.6, 276.0], [169.4, 275.8], [171.0, 169.4]]),
    ),
    ("plantcv/partial_card_rgb.png", Truth::NotWhole),
    ("white-paper/indoor_after.jpg", Truth::NotWhole),
    ("white-paper/indoor_before.jpg", Truth::NotWhole),
];

pub(super) fn run() {
    let Some(data) = data() else {
        println!("detection: skipped, no test data");
        return;
    };
    println!("\n-- detection of 24-patch charts (corner error in % of the chart's width)");
    for (name, truth) in CHARTS {
        chart(&data.join("charts").join(name), name, truth);
    }
    jewellery(&data.join("jewellery"));
}

fn chart(path: &Path, name: &str, truth: &Truth) {
    let Some(picture) = open(path) else {
        println!("{name}: cannot be opened");
        return;
    };
    let start = Instant::now();
    let found = calibrate::find(&picture, Card::Classic24);
    let ms = start.elapsed().as_millis();
    let size = format!("{}x{}", picture.w, picture.h);
    match (found, truth) {
        (Ok(found), Truth::Whole(truth)) => {
            let middles: Vec<_> =
                [0, 5, 23, 18].iter().map(|&i| found.patches[i].centre.map(f32::round)).collect();
            println!("{name} {size} {ms} ms: middles {middles:?} {:?}", found.warnings);
            bar(&format!("  {name}"), 2.0, corner_error(&found, truth));
        }
        (Err(e), Truth::NotWhole) => println!("{name} {size} {ms} ms: ok, refused: {e}"),
        (Ok(f), Truth::NotWhole) => {
            println!("{name} {size} {ms} ms: MISSED, found at {:?}", f.corners);
        }
        (Err(e), Truth::Whole(_)) => println!("{name} {size} {ms} ms: MISSED: {e}"),
    }
}

/// The largest distance of a corner patch's middle from the truth, in % of the chart's width.
pub(super) fn corner_error(found: &Found, truth: &[[f32; 2]; 4]) -> f32 {
    let off = [0, 5, 23, 18].iter().zip(truth).map(|(&i, t)| {
        let c = found.patches[i].centre;
        (c[0] - t[0]).hypot(c[1] - t[1])
    });
    100.0 * off.fold(0.0, f32::max) / found.width()
}

fn jewellery(folder: &Path) {
    let mut files = Vec::new();
    list(folder, &mut files);
    files.sort();
    let (mut seen, mut charts, mut slowest) = (0, 0, 0);
    for path in files {
        // The largest ones cost seconds to decode and are reduced before the search anyway.
        if std::fs::metadata(&path).is_ok_and(|m| m.len() > 4_000_000) {
            continue;
        }
        let Some(picture) = open(&path) else { continue };
        let start = Instant::now();
        let found = calibrate::find(&picture, Card::Auto);
        let ms = start.elapsed().as_millis();
        if ms > 500 {
            println!("  {}x{} {ms} ms {}", picture.w, picture.h, path.display());
        }
        slowest = slowest.max(ms);
        seen += 1;
        match found {
            Ok(f) => {
                charts += 1;
                println!(
                    "  {}x{} {}: {:?} at {:?}",
                    picture.w,
                    picture.h,
                    path.display(),
                    f.card,
                    f.corners
                );
            }
            Err(calibrate::NotFound::Nothing(_)) => {}
            Err(e) => println!("  {}: {e}", path.display()),
        }
    }
    println!("{seen} pictures of jewellery, slowest {slowest} ms");
    bar("cards found in jewellery", 0.0, charts as f32);
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}
