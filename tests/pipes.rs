//! Whoever reads along may go away: no command panics, and files are made all the same.

use culet::imaging::{Rgb8, files, jpeg};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Runs a command with both of its outputs closed; what it wrote to neither.
fn unread(arguments: &[&str]) -> ExitStatus {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_culet"));
    command.args(arguments).stdin(Stdio::null());
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    command.status().unwrap()
}

/// A brass disc on grey paper.
fn picture(folder: &Path) -> String {
    let disc = Rgb8::from_fn(300, 200, |x, y| {
        let grain = (x * 7 + y * 13) as u8 % 4;
        let inside = (x as f32 - 150.0).hypot(y as f32 - 100.0) < 45.0;
        if inside { [120 + grain, 90, 50] } else { [205 + grain, 203, 200] }
    });
    let path = folder.join("ring.jpg");
    files::write_atomic(&path, &jpeg::encode(&disc, 95).unwrap()).unwrap();
    path.display().to_string()
}

#[test]
fn a_closed_pipe_ends_no_command_in_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let (picture, out) = (picture(folder.path()), folder.path().join("out"));
    let out_text = out.display().to_string();
    for arguments in [
        &["operations"][..],
        &["presets", "--json"],
        &["practice", "--fault", "help"],
        &["judge", &picture],
        &["judge", "--json", &picture, "/nowhere.jpg"],
        &["retouch", &picture, "/nowhere.jpg", "-o", &out_text],
        &["cutout", &picture, "-o", &out_text],
    ] {
        let code = unread(arguments).code();
        // A Rust panic ends with 101, a signal with none.
        let fails = arguments.contains(&"/nowhere.jpg");
        assert_eq!(code, Some(i32::from(fails)), "{arguments:?}");
    }
    assert!(out.join("ring.jpg").exists(), "the retouch was made though nobody listened");
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_is_full_is_said_and_fails() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run =
        Command::new(env!("CARGO_BIN_EXE_culet")).arg("operations").stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
