//! Where the time goes, on this machine, now. The bars of speed are held by `make bench`.

use super::data::scene;
use super::ranks::quantile;
use super::table::{note, section};
use culet::imaging::{Rgb8, jpeg};
use culet::practice::Shot;
use culet::score::judge;
use culet::score::live::{Analyser, Overlays};
use std::hint::black_box;
use std::time::Instant;

/// Median milliseconds of some runs.
fn time(runs: usize, mut f: impl FnMut()) -> f64 {
    f();
    let one = |_| {
        let start = Instant::now();
        f();
        start.elapsed().as_secs_f64() * 1000.0
    };
    quantile(&(0..runs).map(one).collect::<Vec<_>>(), 0.5)
}

/// Each pixel `n` times along both sides.
fn enlarged(p: &Rgb8, n: usize) -> Rgb8 {
    Rgb8::from_fn(p.w * n, p.h * n, |x, y| p.at(x / n, y / n))
}

pub fn run() {
    section("Time, milliseconds (wall, median)");
    let small = scene("solitaire", 960, 640).picture(&Shot::default());
    let hd = Rgb8::from_fn(1920, 1080, |x, y| small.at(x / 2, (y / 2 + 50).min(639)));
    for (name, frame) in [("960x640", &small), ("1920x1080", &hd)] {
        let bytes = jpeg::encode(frame, 85).unwrap();
        let decode = time(15, || drop(black_box(jpeg::decode(&bytes))));
        note(&format!("live {name}: decode"), decode);
        let mut analyser = Analyser::new();
        for (what, on) in [("measures", false), ("measures and overlays", true)] {
            let wanted = Overlays { peaking: on, clipping: on };
            // A whole number of rounds, so that every measure has its share.
            let all =
                time(9, || (0..6).for_each(|_| drop(black_box(analyser.analyse(frame, wanted)))))
                    / 6.0;
            note(&format!("live {name}: {what}"), all);
            note(
                &format!("live {name}: decode and {what}, over the decode"),
                (decode + all) / decode,
            );
        }
    }
    let quarter = enlarged(&small, 2).crop(culet::imaging::Rect::new(160, 140, 1500, 1000));
    note(
        "judging a 1500x1000 picture (24 MP at a quarter scale)",
        time(7, || drop(black_box(judge(&quarter)))),
    );
    let whole = enlarged(&small, 6);
    note(
        "judging a 5760x3840 picture (22 MP), reducing it first",
        time(3, || drop(black_box(judge(&whole)))),
    );
}
