//! `culet cutout` through the program itself: files, exit status, and what it refuses.

use culet::imaging::{Mask, Rgb8, files, jpeg, open};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A brass ring on grey paper, its shadow to the lower right; without the piece the empty set.
fn set(piece: bool) -> Rgb8 {
    Rgb8::from_fn(480, 360, |x, y| {
        let r = (x as f32 - 230.0).hypot(y as f32 - 170.0);
        let d = (x as f32 - 270.0).hypot(y as f32 - 215.0);
        let shade = if piece { 1.0 - 0.4 * (-d * d / 4000.0).exp() } else { 1.0 };
        let noise = ((x * 31 + y * 17 + usize::from(piece)) % 5) as f32 - 2.0;
        let a = if piece { (16.5 - (r - 90.0).abs()).clamp(0.0, 1.0) } else { 0.0 };
        [(205.0, 196.0), (203.0, 150.0), (200.0, 70.0)]
            .map(|(ground, metal)| (ground * shade * (1.0 - a) + metal * a + noise) as u8)
    })
}

fn truth() -> Mask {
    Mask::from_fn(480, 360, |x, y| {
        let r = (x as f32 - 230.0).hypot(y as f32 - 170.0);
        ((16.5 - (r - 90.0).abs()).clamp(0.0, 1.0) * 255.0) as u8
    })
}

fn write(folder: &Path, name: &str, picture: &Rgb8) {
    files::write_atomic(&folder.join(name), &jpeg::encode(picture, 98).unwrap()).unwrap();
}

fn cutout(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_culet"))
        .current_dir(folder)
        .env("HOME", folder)
        .args(["cutout", "--model", "none", "--json"])
        .args(arguments)
        .output()
        .unwrap()
}

fn objects(out: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn iou(a: &Mask, b: &Mask) -> f32 {
    let both = a.data.iter().zip(&b.data).filter(|(a, b)| **a > 127 && **b > 127).count();
    let any = a.data.iter().zip(&b.data).filter(|(a, b)| **a > 127 || **b > 127).count();
    both as f32 / any as f32
}

#[test]
fn a_ring_is_cut_with_its_hole_and_the_original_stays() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "ring.jpg", &set(true));
    write(here, "empty.jpg", &set(false));
    let before = files::sha256_file(&here.join("ring.jpg")).unwrap();
    let out =
        cutout(here, &["ring.jpg", "--empty-set", "empty.jpg", "-o", "cut", "--mask", "a.png"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let said = &objects(&out)[0];
    assert_eq!((&said["method"], &said["holes"]), (&"empty-set".into(), &1.into()), "{said}");
    let opened = open::open(&fs::read(here.join("cut/ring.png")).unwrap()).unwrap();
    let alpha = opened.alpha.unwrap();
    let got = iou(&alpha, &truth());
    assert!(got > 0.97, "{got}");
    let mask = open::read(&here.join("a.png")).unwrap().to_srgb8().into_owned();
    assert_eq!([mask.at(230, 170)[0], mask.at(320, 170)[0]], [0, 255]);
    assert_eq!(files::sha256_file(&here.join("ring.jpg")).unwrap(), before);

    // What is there is not replaced unasked.
    let again = cutout(here, &["ring.jpg", "-o", "cut"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(objects(&again)[0]["error"].as_str().unwrap().contains("--replace"));
    let white = cutout(here, &["ring.jpg", "-o", "on.jpg", "--background", "white"]);
    assert!(white.status.success(), "{}", String::from_utf8_lossy(&white.stderr));
    let white = open::read(&here.join("on.jpg")).unwrap().to_srgb8().into_owned();
    assert!(white.at(230, 170).iter().all(|&v| v > 250), "{:?}", white.at(230, 170));
}

#[test]
fn one_bad_picture_does_not_stop_the_others_and_wrong_words_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write(here, "ring.jpg", &set(true));
    files::write_atomic(&here.join("torn.jpg"), &[0xff, 0xd8, 0xff, 0xe0, 0, 1]).unwrap();
    write(here, "small.jpg", &Rgb8::new(40, 30));
    let out = cutout(here, &["torn.jpg", "gone.jpg", "ring.jpg", "-o", "cut"]);
    assert_eq!(out.status.code(), Some(1));
    let said = objects(&out);
    assert!(said[0]["error"].is_string() && said[1]["error"].is_string(), "{said:?}");
    assert_eq!(said[2]["method"], "backdrop", "{said:?}");
    // An empty set of another size is told for each picture that it does not fit.
    let out = cutout(here, &["ring.jpg", "-o", "other", "--empty-set", "small.jpg"]);
    assert!(objects(&out)[0]["error"].as_str().unwrap().contains("40x30"));
    assert_eq!(cutout(here, &["ring.jpg", "--background", "mauve"]).status.code(), Some(2));
    let out = cutout(here, &["ring.jpg", "-o", "x.jpg"]);
    assert!(objects(&out)[0]["error"].as_str().unwrap().contains("transparency"));
    let out = Command::new(env!("CARGO_BIN_EXE_culet"))
        .current_dir(here)
        .env("HOME", here)
        .args(["cutout", "ring.jpg", "--model", "torn.jpg"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(1) && said.contains("auto, none"), "{said}");
}
