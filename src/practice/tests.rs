//! What the pictures of the practice set promise to tests of other rooms.

use super::*;
use crate::imaging::{Mask, Rgb8, colour, files, jpeg};
use std::path::PathBuf;
use std::sync::OnceLock;

/// One small solitaire for all tests here.
fn set() -> &'static Set {
    static SET: OnceLock<Set> = OnceLock::new();
    SET.get_or_init(|| Set::new(Scene::default(), 300, 200, Quality::FIRST))
}

fn quiet() -> Shot {
    Shot { noise: 0.0, vignette: 0.0, ..Shot::default() }
}

#[test]
fn the_light_is_linear_in_its_groups() {
    let with =
        |key, fill, top| set().truth(&Shot { lights: Lights { key, fill, top }, ..quiet() }).linear;
    let (all, key, fill, top) =
        (with(1.0, 1.0, 1.0), with(1.0, 0.0, 0.0), with(0.0, 1.0, 0.0), with(0.0, 0.0, 1.0));
    let mixed = with(0.5, 2.0, 0.0);
    for i in 0..all.data.len() {
        for c in 0..3 {
            let (k, f, t) = (key.data[i][c], fill.data[i][c], top.data[i][c]);
            assert!((all.data[i][c] - k - f - t).abs() < 1e-3 * (1.0 + all.data[i][c]));
            assert!((mixed.data[i][c] - 0.5 * k - 2.0 * f).abs() < 1e-3 * (1.0 + mixed.data[i][c]));
        }
    }
    let mean = |p: &crate::imaging::Image| {
        p.data.iter().map(|c| colour::luminance(*c)).sum::<f32>() / p.data.len() as f32
    };
    assert!(mean(&key) > 0.05 && mean(&fill) > 0.01 && mean(&top) > 0.05);
}

/// Centre of a mask, pixels.
fn centre(mask: &Mask) -> (f32, f32) {
    let (mut x, mut y, mut n) = (0.0, 0.0, 0.0);
    for (i, v) in mask.data.iter().enumerate() {
        let v = f32::from(*v);
        (x, y, n) = (x + v * (i % mask.w) as f32, y + v * (i / mask.w) as f32, n + v);
    }
    (x / n, y / n)
}

/// Direction from the metal's centre to the stone's, degrees clockwise from upright.
fn upright(truth: &Truth) -> f32 {
    let (metal, stone) = (centre(&truth.metal), centre(&truth.stone));
    (stone.0 - metal.0).atan2(metal.1 - stone.1).to_degrees()
}

#[test]
fn roll_is_clockwise_and_of_the_size_that_was_asked_for() {
    let straight = upright(&set().truth(&quiet()));
    for roll_deg in [-7.0, 4.0, 10.0] {
        let turned = upright(&set().truth(&Shot { roll_deg, ..quiet() }));
        assert!((turned - straight - roll_deg).abs() < 0.5, "{roll_deg}: {straight} {turned}");
    }
}

#[test]
fn shift_and_fill_move_the_piece_by_what_they_say() {
    let rest = set().truth(&quiet()).subject;
    let moved = set().truth(&Shot { shift: (0.05, -0.03), ..quiet() }).subject;
    let (a, b) = (centre(&rest), centre(&moved));
    assert!((b.0 - a.0 - 15.0).abs() < 0.3 && (b.1 - a.1 + 9.0).abs() < 0.3, "{a:?} {b:?}");
    let small = set().truth(&Shot { fill: 0.5, ..quiet() }).subject;
    let ratio = small.count() as f32 / rest.count() as f32;
    assert!((ratio - 0.25).abs() < 0.02, "{ratio}");
}

#[test]
fn one_stop_is_twice_the_light_and_the_empty_set_is_what_shows_beside_the_piece() {
    let (rest, more) = (set().truth(&quiet()), set().truth(&Shot { ev: 1.0, ..quiet() }));
    for (a, b) in rest.linear.data.iter().zip(&more.linear.data) {
        assert!((b[1] - 2.0 * a[1]).abs() < 1e-4 * (1.0 + b[1]));
    }
    let picture = set().picture(&quiet());
    for i in 0..rest.subject.data.len() {
        let clear = rest.subject.data[i] == 0 && rest.shadow.data[i] > 0.995;
        // Where the light is free, the paper may still mirror a little of the piece.
        if clear && i / 300 < 60 {
            let d = picture.data[i * 3].abs_diff(rest.empty_set.data[i * 3]);
            assert!(d <= 2, "{d} at {} {}", i % 300, i / 300);
        }
    }
    assert!(rest.shadow.data.iter().any(|s| *s < 0.5), "there is a shadow");
}

/// Spread of the mask's edge: the share of pixels that are neither in nor out.
fn softness(mask: &Mask) -> f32 {
    let soft = mask.data.iter().filter(|v| (13..=242).contains(*v)).count();
    soft as f32 / mask.count() as f32
}

#[test]
fn defocus_is_as_wide_as_the_truth_says() {
    let sharp = set().truth(&Shot { focus: Focus::Flat(0.0), ..quiet() });
    let soft = set().truth(&Shot { focus: Focus::Flat(3.0), ..quiet() });
    assert!((soft.mean_blur_px() - 3.0).abs() < 1e-3 && sharp.mean_blur_px() == 0.0);
    assert!(softness(&soft.subject) > 2.0 * softness(&sharp.subject));
    let near = set().truth(&Shot { f_number: 2.8, ..quiet() });
    let far = set().truth(&Shot { f_number: 2.8, focus: Focus::At(30.0), ..quiet() });
    assert!(far.mean_blur_px() > 2.0 * near.mean_blur_px());
}

#[test]
fn every_speck_changes_the_picture_where_the_truth_says_and_nowhere_else() {
    let dust = Dust { paper: 20, piece: 6, hairs: 3, scratches: 3, size: 4.0 };
    let sharp = Shot { focus: Focus::Flat(0.0), ..quiet() };
    let clean = set().picture(&sharp);
    let (dusty, truth) = set().photograph(&Shot { dust, ..sharp });
    assert_eq!(truth.specks.len(), dust.count());
    let changed =
        |i: usize| (0..3).any(|c| clean.data[i * 3 + c].abs_diff(dusty.data[i * 3 + c]) > 3);
    for speck in &truth.specks {
        let r = speck.rect;
        let hit = (r.y..r.bottom()).any(|y| (r.x..r.right()).any(|x| changed(y * 300 + x)));
        assert!(hit, "{speck:?}");
    }
    for i in (0..300 * 200).filter(|&i| changed(i)) {
        let inside = |s: &Speck| s.rect.grown(2, 300, 200).contains(i % 300, i / 300);
        assert!(truth.specks.iter().any(inside), "{} {}", i % 300, i / 300);
    }
}

#[test]
fn a_chart_lies_where_the_truth_says_with_the_colours_that_were_given() {
    let patches: Vec<[f32; 3]> =
        (0..24).map(|i| [0.1 + 0.03 * i as f32, 0.5, 0.8 - 0.03 * i as f32]).collect();
    let shot = Shot { piece: false, card: Some(Card::chart(patches.clone())), ..quiet() };
    let truth = set().truth(&shot);
    let card = truth.card.as_ref().unwrap();
    let light = truth.linear.data[0][1] / 0.80;
    for (want, quad) in patches.iter().zip(&card.patches) {
        let x = quad.iter().map(|p| p.0).sum::<f32>() / 4.0;
        let y = quad.iter().map(|p| p.1).sum::<f32>() / 4.0;
        let got = truth.linear.data[y as usize * 300 + x as usize];
        // Evenly lit to a few percent; the ratios of the channels are exact.
        assert!((got[0] / got[1] - want[0] / want[1]).abs() < 0.01, "{got:?} {want:?}");
        assert!((got[1] / light / want[1] - 1.0).abs() < 0.35, "{got:?} {light}");
    }
}

#[test]
fn shake_blurs_along_its_direction_only() {
    let shaken = set().picture(&Shot { shake_px: 9.0, shake_deg: 90.0, ..quiet() });
    let rest = set().picture(&quiet());
    let roughness = |p: &Rgb8, dx: usize, dy: usize| {
        let at = |x: usize, y: usize| i64::from(p.at(x, y)[1]);
        let d = |x: usize, y: usize| (at(x + dx, y + dy) - at(x, y)).abs();
        (0..199).flat_map(|y| (0..299).map(move |x| (x, y))).map(|(x, y)| d(x, y)).sum::<i64>()
    };
    let across = roughness(&shaken, 1, 0) as f32 / roughness(&rest, 1, 0) as f32;
    let along = roughness(&shaken, 0, 1) as f32 / roughness(&rest, 0, 1) as f32;
    assert!(along < 0.75 * across, "{along} {across}");
}

#[test]
fn scenes_are_called_what_they_say() {
    for scene in Scene::all() {
        assert_eq!(scene.to_string().parse(), Ok(scene));
    }
    let said = "brooch".parse::<Scene>().unwrap_err().to_string();
    assert!(said.contains("solitaire"), "{said}");
}

/// Writes pictures to look at: `CULET_LOOK=folder cargo test --lib look_at -- --ignored`, with
/// `CULET_LOOK_SCENES=solitaire,bracelet` and `CULET_LOOK_WIDTH=960` to choose.
#[test]
#[ignore = "for eyes; set CULET_LOOK to a folder"]
fn look_at_the_scenes() {
    let Some(folder) = std::env::var_os("CULET_LOOK").map(PathBuf::from) else { return };
    let wanted = std::env::var("CULET_LOOK_SCENES").unwrap_or_default();
    let width: usize = std::env::var("CULET_LOOK_WIDTH").map_or(960, |w| w.parse().unwrap());
    for scene in
        Scene::all().filter(|s| wanted.is_empty() || wanted.split(',').any(|w| w == s.to_string()))
    {
        let start = std::time::Instant::now();
        let set = Set::new(scene, width, width * 2 / 3, Quality::GOOD);
        let laid = start.elapsed();
        let start = std::time::Instant::now();
        let picture = set.picture(&Shot::default());
        println!("{scene}: laid out in {laid:.2?}, a picture in {:.2?}", start.elapsed());
        let bytes = jpeg::encode(&picture, 95).unwrap();
        files::write_atomic(&folder.join(format!("{scene}-{width}.jpg")), &bytes).unwrap();
    }
}
