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

/// A driver that hangs in a transfer does not keep the window from closing.
#[test]
fn a_studio_closes_while_its_camera_host_hangs() {
    let rig = Rig::new(46);
    let folder = tempfile::tempdir().unwrap();
    let mut shooter = Shooter::start(folder.path());
    shooter.connect(rig.port);
    let wanted = rig.port.to_string();
    let own = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).ends_with(&format!(":{wanted}\0"))
    };
    let hosts: Vec<u32> = super::kills::hosts(std::process::id()).into_iter().filter(own).collect();
    assert_eq!(hosts.len(), 1);
    super::kills::signal("-STOP", hosts[0]);
    shooter.send(Command::Capture);
    shooter.wait(0.2);
    let begun = std::time::Instant::now();
    drop(shooter);
    let patience = culet::engine::contract::PATIENCE_AT_END;
    assert!(begun.elapsed() < patience, "{:?}", begun.elapsed());
}

#[cfg(feature = "webcam")]
mod webcam {
    use super::super::journal;
    use crate::camera::webcam::shim;
    use culet::imaging::files::write_atomic;
    use serde_json::Value;
    use std::path::Path;
    use std::process::Command;

    /// `culet shoot` with the preloaded webcam: what it said, and its last line.
    fn shoot(session: &Path, unplug: Option<&str>) -> Option<(String, Value)> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_culet"));
        if let Some(n) = unplug {
            command.env("SHIM_UNPLUG", n);
        }
        let out = command
            .env("LD_PRELOAD", shim()?)
            .env("HOME", session)
            .args(["shoot", "--camera", "webcam:0", "--live", "0", "--shots", "3", "--json"])
            .arg("--session")
            .arg(session)
            .output()
            .unwrap();
        let told = String::from_utf8(out.stdout).unwrap();
        let last = told.lines().last().unwrap_or_default().to_owned();
        let done = serde_json::from_str(&last).unwrap_or_else(|_| {
            panic!("{told} {}", String::from_utf8_lossy(&out.stderr));
        });
        Some((told, done))
    }

    /// A webcam numbers its captures anew with each opening; what its memory lost is said and noted.
    #[test]
    fn a_webcam_goes_on_under_new_names_and_what_its_memory_lost_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let lost = r#"{"what":"announced","source":{"camera":"Culet Test Webcam","folder":"memory/1","name":"WEBCAM_0009.JPG"}}"#;
        let path = folder.path().join("culet-journal.jsonl");
        write_atomic(&path, format!("{lost}\n").as_bytes()).unwrap();
        let Some((told, done)) = shoot(folder.path(), None) else { return };
        assert!(told.contains("WEBCAM_0009.JPG was only in the camera's memory"), "{told}");
        assert_eq!((&done["stored"], &done["lost"]), (&3.into(), &0.into()), "{told}");
        let Some((told, done)) = shoot(folder.path(), None) else { return };
        assert!(!told.contains("WEBCAM_0009"), "said twice: {told}");
        assert_eq!((&done["stored"], &done["lost"]), (&3.into(), &0.into()), "{told}");
        let names: std::collections::BTreeSet<String> =
            journal(folder.path()).into_iter().map(|l| l.file).collect();
        assert_eq!(names.len(), 6);
    }

    /// Every opening is unplugged after forty frames: the shoot goes on with the next.
    #[test]
    fn a_webcam_that_is_unplugged_again_and_again_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let Some((told, done)) = shoot(folder.path(), Some("40")) else { return };
        assert!(told.contains(r#""event":"disconnected""#), "{told}");
        let number = |key: &str| done[key].as_u64().unwrap();
        assert_eq!((number("lost"), number("stored") + number("refused")), (0, 3), "{told}");
        assert!(number("stored") >= 1, "{told}");
    }
}
