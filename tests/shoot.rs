//! The main job through the program itself: practice camera, real libgphoto2, files, scores, keeper.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn culet(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_culet"));
    // libgphoto2 keeps its settings in the home folder.
    command.env("HOME", home).env("CULET_PRACTICE_SCALE", "small");
    command
}

#[test]
fn a_shoot_loses_nothing_and_ends_with_a_keeper() {
    let home = tempfile::tempdir().unwrap();
    let session = home.path().join("session");
    let out = culet(home.path())
        .args(["shoot", "--shots", "20", "--live", "0.3", "--json", "--session"])
        .arg(&session)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{log}");
    let events: Vec<Value> = String::from_utf8(out.stdout)
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let done = events.last().unwrap();
    assert_eq!(done["event"], "done", "{done}");
    assert_eq!((done["lost"].as_u64(), done["stored"].as_u64()), (Some(0), Some(20)), "{done}");
    // The program compares every hash with what the body holds and fails when one differs.
    assert!(log.contains("20 of 20 stored files have the hash that the camera holds"), "{log}");
    for event in events.iter().filter(|e| e["event"] == "stored") {
        let file = Path::new(event["file"].as_str().unwrap());
        let hash = culet::imaging::files::sha256_file(file).unwrap();
        assert_eq!(event["sha256"], Value::String(hash), "{}", file.display());
    }
    assert!(session.join("Output/contact-sheet.jpg").exists(), "{log}");

    let first = session.join("Capture/DSC_0001.JPG");
    let broken = session.join("broken.jpg");
    let bytes = std::fs::read(&first).unwrap();
    culet::imaging::files::write_atomic(&broken, &bytes[..bytes.len() / 2]).unwrap();
    let judged =
        culet(home.path()).args(["judge", "--json"]).arg(&first).arg(&broken).output().unwrap();
    assert_eq!(judged.status.code(), Some(1), "one input is broken");
    let lines = String::from_utf8(judged.stdout).unwrap();
    assert!(lines.contains("\"overall\"") && lines.contains("\"error\""), "{lines}");
}

#[test]
fn pictures_that_come_into_a_folder_are_a_shoot() {
    let home = tempfile::tempdir().unwrap();
    let (hot, session) = (home.path().join("hot"), home.path().join("session"));
    std::fs::create_dir(&hot).unwrap();
    let mut shoot = culet(home.path());
    shoot
        .args(["shoot", "--shots", "2", "--json", "--camera"])
        .arg(format!("folder:{}", hot.display()));
    shoot.arg("--session").arg(&session).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut shoot = shoot.spawn().unwrap();
    let rgb = culet::imaging::Rgb8::from_fn(300, 200, |x, y| [x as u8, y as u8, 90]);
    let whole = culet::imaging::jpeg::encode(&rgb, 90).unwrap();
    // Only what comes once the folder is watched is a capture.
    let mut lines = BufReader::new(shoot.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("\"connected\"")));
    culet::imaging::files::write_atomic(&hot.join("a.jpg"), &whole).unwrap();
    // A program that stalls for longer than files usually need to be whole.
    let mut slow =
        std::fs::OpenOptions::new().create_new(true).write(true).open(hot.join("b.jpg")).unwrap();
    slow.write_all(&whole[..whole.len() / 2]).unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    slow.write_all(&whole[whole.len() / 2..]).unwrap();
    drop(slow);
    let last = lines.last().unwrap();
    assert!(shoot.wait().unwrap().success(), "{last}");
    for name in ["a.jpg", "b.jpg"] {
        assert!(std::fs::read(session.join("Capture").join(name)).unwrap() == whole, "{name}");
    }
}

#[test]
fn a_camera_that_is_not_there_is_a_sentence() {
    let home = tempfile::tempdir().unwrap();
    let out = culet(home.path())
        .args(["shoot", "--camera", "ptpip:127.0.0.1:9", "--session"])
        .arg(home.path().join("s"))
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains("no camera answers"), "{said}");
}
