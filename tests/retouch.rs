//! `culet retouch` through the program itself: where results go, and what it leaves alone.

use culet::imaging::{Rgb8, files, jpeg, open};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A gold disc on grey paper.
fn picture() -> Vec<u8> {
    let disc = |x: usize, y: usize| (x as f32 - 160.0).hypot(y as f32 - 120.0) < 60.0;
    let rgb = Rgb8::from_fn(320, 240, |x, y| if disc(x, y) { [200, 150, 70] } else { [190; 3] });
    jpeg::encode(&rgb, 95).unwrap()
}

fn retouch(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_culet"));
    command.current_dir(home).env("HOME", home).arg("retouch").args(arguments).output().unwrap()
}

fn refused(out: &Output, word: &str) {
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(1) && said.contains(word), "{said}");
}

#[test]
fn results_of_files_that_are_named_alike_do_not_replace_each_other() {
    let home = tempfile::tempdir().unwrap();
    for shoot in ["monday", "tuesday"] {
        fs::create_dir(home.path().join(shoot)).unwrap();
        files::write_atomic(&home.path().join(shoot).join("ring.jpg"), &picture()).unwrap();
    }
    let all = ["monday", "tuesday", "-o", "done", "--jobs", "2"];
    let out = retouch(home.path(), &all);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let results = ["ring.jpg", "ring-2.jpg"].map(|name| home.path().join("done").join(name));
    assert!(results.iter().all(|result| open::read(result).is_ok()));

    files::write_atomic(&results[0], b"the retoucher's own").unwrap();
    refused(&retouch(home.path(), &all), "--replace");
    assert_eq!(fs::read(&results[0]).unwrap(), b"the retoucher's own");
    let mut replaced = all.to_vec();
    replaced.push("--replace");
    assert!(retouch(home.path(), &replaced).status.success());
    assert!(open::read(&results[0]).is_ok());
}

#[test]
fn no_result_lies_over_an_original() {
    let home = tempfile::tempdir().unwrap();
    let [raw, camera] = ["ring.JPG", "ring.jpg"].map(|name| home.path().join(name));
    for file in [&raw, &camera] {
        files::write_atomic(file, &picture()).unwrap();
    }
    // `ring.JPG` would become `ring.jpg`, which is the other original.
    let out = retouch(home.path(), &["ring.JPG", "ring.jpg", "-o", ".", "--replace"]);
    refused(&out, "original");
    assert!(fs::read(&raw).unwrap() == picture() && fs::read(&camera).unwrap() == picture());
}
