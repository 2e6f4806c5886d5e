//! What the moving scene promises to a body: settings that change the picture, focus that can be
//! driven and found, sizes that are what they say, and views that are kept.

use super::*;
use crate::imaging::{colour, jpeg};
use std::sync::OnceLock;

fn studio() -> &'static Studio {
    static STUDIO: OnceLock<Studio> = OnceLock::new();
    STUDIO.get_or_init(|| Studio::new(Options { still: true, ..Options::small() }))
}

fn exposure() -> Exposure {
    Exposure {
        iso: 100.0,
        f_number: 8.0,
        shutter_s: 0.004,
        kelvin: None,
        size: (240, 160),
        quality: 95,
        taken: "2026:01:31 12:00:00".to_owned(),
        shot: 3,
    }
}

/// Mean linear red, green and blue of a live frame.
fn mean(exposure: &Exposure) -> [f32; 3] {
    let frame = jpeg::decode(&studio().live(exposure)).unwrap().to_linear();
    let n = frame.data.len() as f32;
    let sum = frame.data.iter().fold([0.0; 3], |s, p| std::array::from_fn(|c| s[c] + p[c]));
    sum.map(|v| v / n)
}

#[test]
fn every_setting_changes_the_picture_by_what_it_means() {
    let base = colour::luminance(mean(&exposure()));
    let ratio = |e: Exposure| colour::luminance(mean(&e)) / base;
    let near = |got: f32, want: f32| assert!((got / want - 1.0).abs() < 0.08, "{got} {want}");
    near(ratio(Exposure { iso: 50.0, ..exposure() }), 0.5);
    near(ratio(Exposure { shutter_s: 0.001, ..exposure() }), 0.25);
    near(ratio(Exposure { f_number: 16.0, ..exposure() }), 0.25);
    let cold = mean(&Exposure { kelvin: Some(3200.0), ..exposure() });
    let warm = mean(&Exposure { kelvin: Some(8000.0), ..exposure() });
    assert!(cold[2] / cold[0] > 1.3 * warm[2] / warm[0], "{cold:?} {warm:?}");
}

#[test]
fn focus_can_be_driven_away_and_found_again() {
    let studio = Studio::new(Options { still: true, ..Options::small() });
    let off = |s: &Studio| match s.shot(&exposure()).focus {
        Focus::At(mm) => mm,
        Focus::Flat(_) => f32::NAN,
    };
    assert!(studio.drive_focus(-1500));
    assert!(off(&studio) < -12.0);
    assert!(!studio.drive_focus(-32_000), "the motor has an end");
    assert!(studio.autofocus());
    assert_eq!(off(&studio), 0.0);
}

#[test]
fn a_scene_that_is_held_does_not_move_and_one_that_is_let_go_does() {
    let studio = Studio::new(Options::small());
    studio.hold(true);
    let first = studio.shot(&exposure());
    std::thread::sleep(std::time::Duration::from_millis(30));
    assert_eq!(studio.shot(&exposure()), first);
    studio.hold(false);
    assert_ne!(studio.shot(&exposure()), first);
}

#[test]
fn stills_have_the_size_and_the_exif_that_were_asked_for() {
    for size in [(240, 160), (700, 466)] {
        let still = studio().still(&Exposure { size, ..exposure() });
        let picture = jpeg::decode(&still.jpeg).unwrap();
        assert_eq!((picture.w as u32, picture.h as u32), size);
        let small = jpeg::decode(&still.thumbnail).unwrap();
        assert_eq!(small.w, 160);
        let mut file = std::io::Cursor::new(&still.jpeg);
        let read = ::exif::Reader::new().read_from_container(&mut file).unwrap();
        let width = read.get_field(::exif::Tag::PixelXDimension, ::exif::In::PRIMARY).unwrap();
        assert_eq!(width.value.get_uint(0), Some(size.0));
    }
}

#[test]
fn the_truth_of_a_still_is_at_hand() {
    let still = studio().still(&exposure());
    // Nothing moves here: the shot of any moment is that of the still.
    let shot = studio().shot(&exposure());
    let truth = studio().truth(&shot, (240, 160));
    let picture = jpeg::decode(&still.jpeg).unwrap().to_linear();
    let mut worst = 0.0_f32;
    let apart = |i: usize| {
        let want = colour::luminance(truth.linear.data[i]).min(1.0);
        (colour::luminance(picture.data[i]) - want).abs()
    };
    let paper = (0..240 * 160).filter(|&i| truth.subject.data[i] == 0);
    for i in paper {
        worst = worst.max(apart(i));
    }
    assert!(worst < 0.08, "{worst}");
}

#[test]
fn better_views_are_rendered_behind_and_kept_for_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options {
        live: (96, 64),
        stills: [(192, 128), (96, 64), (48, 32)],
        cache: Cache::at(folder.path()),
        still: true,
        ..Options::small()
    };
    let first = Studio::new(options());
    let large = Exposure { size: (192, 128), ..exposure() };
    let before = jpeg::decode(&first.still(&large).jpeg).unwrap();
    assert_eq!((before.w, first.stills_are_ready()), (192, false));
    first.refine(&|| true);
    assert!(first.stills_are_ready());
    let after = first.still(&large).jpeg;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    let second = Studio::new(options());
    second.refine(&|| true);
    assert_eq!(second.still(&large).jpeg, after, "the same picture from the kept views");
}
