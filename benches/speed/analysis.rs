//! Live frames through every measure against decoding them alone; scores of 24-megapixel captures
//! against their quarter-scale decode; and how many such pictures two cores cull in a minute.

use crate::measure::{median, row, time};
use culet::engine::judge_file;
use culet::imaging::jpeg::{Decoder, Shrink};
use culet::imaging::{Rgb8, files, jpeg, open, resize};
use culet::practice::{Dust, Quality, Scene, Set, Shot};
use culet::score::judge;
use culet::score::live::{Analyser, Overlays};
use std::hint::black_box;

/// Frames of one measurement: whole rounds of the analyser, so that every measure has its share.
const FRAMES: usize = 60;
const ROUNDS: usize = 5;
/// Pictures that are culled.
const PICTURES: usize = 40;

/// Frames of a scene whose piece drifts and trembles a little, as JPEGs like a camera's live view.
fn frames(w: usize, h: usize) -> Vec<Vec<u8>> {
    let set = Set::new(Scene::default(), 840, 560, Quality::FIRST);
    (0..6_u32)
        .map(|k| {
            let t = k as f32;
            let shot = Shot {
                roll_deg: 1.5 + 0.2 * t,
                shift: (0.004 * (t * 1.3).sin(), 0.003 * (t * 0.9).cos()),
                dust: Dust { paper: 6, size: 3.0, ..Dust::NONE },
                seed: k + 1,
                ..Shot::default()
            };
            let frame = resize::rgb8(&set.picture(&shot), w, w * 2 / 3);
            let top = (frame.h - h.min(frame.h)) / 2;
            let cut = culet::imaging::Rect::new(0, top, w, h.min(frame.h));
            jpeg::encode(&frame.crop(cut), 85).unwrap()
        })
        .collect()
}

/// Live view: CPU milliseconds a frame.
pub fn live() {
    for (w, h) in [(960, 640), (1920, 1080)] {
        let frames = frames(w, h);
        let (mut decoder, mut buffer) = (Decoder::new().unwrap(), Rgb8::default());
        let mut analyser = Analyser::new();
        let (mut decodes, mut plain, mut drawn) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let mut pass = |look: &mut dyn FnMut(&Rgb8)| {
                let ((), cpu, _) = time(|| {
                    for bytes in frames.iter().cycle().take(FRAMES) {
                        decoder.rgb(bytes, Shrink::No, &mut buffer).unwrap();
                        look(&buffer);
                    }
                });
                cpu * 1000.0 / FRAMES as f64
            };
            decodes.push(pass(&mut |frame| _ = black_box(frame.w)));
            let mut with = |on: bool| {
                let wanted = Overlays { peaking: on, clipping: on };
                pass(&mut |frame| drop(black_box(analyser.analyse(frame, wanted))))
            };
            plain.push(with(false));
            drawn.push(with(true));
        }
        let (decode, plain, drawn) = (median(decodes), median(plain), median(drawn));
        let name = |what: &str| format!("{w}x{h}: {what}");
        row(&name("decode"), "", decode, "ms", true);
        row(&name("decode and all measures"), "", plain, "ms", true);
        if w == 960 {
            let what = name("decode, all measures, overlays");
            row(&what, "<= 4", drawn, "ms", drawn <= 4.0);
        } else {
            row(&name("decode, all measures, overlays"), "", drawn, "ms", true);
            let ratio = drawn / decode;
            row(&name("the same over the decode"), "<= 2.5", ratio, "x", ratio <= 2.5);
        }
    }
}

/// A capture: a sharp picture of 24 megapixels with grain, as a camera stores it.
fn capture(seed: u32) -> Vec<u8> {
    let set = Set::new(Scene::default(), 840, 560, Quality::FIRST);
    let small = set.picture(&Shot { roll_deg: seed as f32 * 0.4, seed, ..Shot::default() });
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut large = resize::rgb8(&small, 6000, 4000);
    for v in &mut large.data {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *v = v.saturating_add((state >> 30) as u8);
    }
    jpeg::encode(&large, 95).unwrap()
}

/// Scores of stills: one against its decode, and a folder in a minute.
pub fn cull() {
    let bytes = capture(1);
    println!("24 MP JPEG of {:.1} MB", bytes.len() as f64 / 1e6);
    let (mut decodes, mut judged) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (preview, cpu, _) = time(|| open::preview(&bytes, 1500).unwrap());
        decodes.push(cpu * 1000.0);
        judged.push(time(|| drop(black_box(judge(&preview.rgb)))).1 * 1000.0);
    }
    let (decode, judge) = (median(decodes), median(judged));
    row("quarter-scale decode", "", decode, "ms", true);
    row("every measure of a still", "", judge, "ms", true);
    let ratio = (decode + judge) / decode;
    row("decode and score over the decode", "<= 1.2", ratio, "x", ratio <= 1.2);

    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..PICTURES)
        .map(|k| {
            let path = folder.path().join(format!("{k}.jpg"));
            files::write_atomic(&path, &bytes).unwrap();
            path
        })
        .collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let ((), cpu, wall) = time(|| {
        pool.install(|| {
            use rayon::prelude::*;
            paths.par_iter().for_each(|p| drop(black_box(judge_file(p, None).unwrap().score)));
        });
    });
    let rate = PICTURES as f64 * 60.0 / wall;
    row("pictures a minute, two threads", ">= 1200", rate, "", rate >= 1200.0);
    let idle = PICTURES as f64 * 60.0 / (cpu / 2.0);
    row("the same by CPU time, as on idle cores", "", idle, "", true);
}
