//! Two bodies of one model, bodies that are swapped, and bodies that say too much or nothing.

use super::{Rig, Shooter, Verdict};
use culet::engine::contract::{CameraState, Command};
use culet::practice::{Fault, Stage};

/// Bodies of one model number their files alike: what one holds is never asked of the other.
#[test]
fn two_bodies_of_one_model_are_told_apart() {
    let (one, two) = (Rig::new(41), Rig::new(42));
    let folder = tempfile::tempdir().unwrap();
    let mut shooter = Shooter::start(folder.path());
    shooter.connect(one.port);
    shooter.shoot(&one);
    // The second of the first body stays on its card: the cable is pulled before it is sent.
    one.body.inject(Fault::Disconnect(Stage::Download));
    shooter.send(Command::Capture);
    shooter.until(10.0, |s| matches!(s.state, CameraState::Gone(_)));
    two.body.press_shutter();
    while two.body.is_busy() {}
    let old = two.truth();
    shooter.send(Command::Connect(crate::camera::at(two.port)));
    shooter.until(20.0, Shooter::is_ready);
    shooter.wait(1.0);
    assert_eq!(super::journal(folder.path()).len(), 1, "{:?}", shooter.said);
    assert!(!shooter.heard("removed from the card"), "it waits on the other body");
    let before = two.body.shots();
    shooter.send(Command::Capture);
    shooter.until(5.0, |_| two.body.shots() > before);
    assert!(shooter.until(10.0, |_| super::journal(folder.path()).len() == 2));
    shooter.connect(one.port);
    assert!(shooter.has_all(&one, 10.0), "{:?}", shooter.said);
    let mut truth = one.truth();
    truth.extend(two.truth().into_iter().filter(|(hash, _)| !old.contains_key(hash)));
    let verdict = Verdict::of(folder.path(), &truth);
    assert!(verdict.good() && verdict.pictures == 3, "{verdict:?} {:?}", shooter.said);
}

/// The events of a picture got lost: the card tells of it, without a reconnection.
#[test]
fn a_picture_that_nobody_announced_is_found_on_the_card() {
    let rig = Rig::new(43);
    let folder = tempfile::tempdir().unwrap();
    let mut shooter = Shooter::start(folder.path());
    shooter.connect(rig.port);
    shooter.shoot(&rig);
    rig.body.inject(Fault::LostEvents);
    shooter.shoot(&rig);
    shooter.shoot(&rig);
    let verdict = Verdict::of(folder.path(), &rig.truth());
    assert!(verdict.good() && verdict.pictures == 3, "{verdict:?} {:?}", shooter.said);
    assert!(shooter.heard("missed"), "{:?}", shooter.said);
}

/// Live view is prohibited: that is said once, and pictures are taken all the same.
#[test]
fn a_body_without_live_view_says_so_once() {
    let rig = Rig::new(44);
    rig.body.inject(Fault::NoLiveView);
    let folder = tempfile::tempdir().unwrap();
    let mut shooter = Shooter::start(folder.path());
    shooter.connect(rig.port);
    shooter.wait(2.5);
    shooter.shoot(&rig);
    let rests = shooter.said.iter().filter(|(_, text)| text.contains("live view rests")).count();
    assert_eq!(rests, 1, "{:?}", shooter.said);
    assert!(Verdict::of(folder.path(), &rig.truth()).good(), "{:?}", shooter.said);
}

/// What would end a shoot early is said before it begins, by the doctor and when the body is connected.
#[test]
fn the_look_before_a_shoot_asks_the_camera() {
    let rig = Rig::new(45);
    let home = tempfile::tempdir().unwrap();
    let doctor = || {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_culet"))
            .env("HOME", home.path())
            .args(["doctor", "--json", "--camera", &format!("ptpip:127.0.0.1:{}", rig.port)])
            .arg("--session")
            .arg(home.path())
            .output()
            .unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    let good = doctor();
    for text in ["#CULET0045 answers", "stay on the camera's card", "room for", "clock is right"] {
        let line =
            good.lines().find(|l| l.contains(text)).unwrap_or_else(|| panic!("{text}: {good}"));
        assert!(line.contains(r#""good":true"#), "{line}");
    }
    rig.body.turn_dial(super::matrix::BATTERY, 12);
    let low = doctor();
    let line =
        low.lines().find(|l| l.contains("battery at 12 %")).unwrap_or_else(|| panic!("{low}"));
    assert!(line.contains("charge it") && line.contains(r#""good":false"#), "{line}");
    let mut shooter = Shooter::start(&home.path().join("session"));
    shooter.connect(rig.port);
    assert!(shooter.until(5.0, |s| s.heard("battery at 12 %: charge it")), "{:?}", shooter.said);
}
