//! Disks that are full or read-only, of the session and of the second copy: small file systems in
//! memory, where this user may mount them.

use super::{Rig, Shooter, Verdict};
use culet::engine::contract::{Command, Level};
use culet::imaging::files::write_atomic;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use tempfile::TempDir;

/// A small disk that can be filled.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// None, with a line, where mounting is not allowed.
    fn mount(kilobytes: usize) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={kilobytes}k");
        let mounted = Program::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|o| o.status.success()) {
            return Some(Self { folder });
        }
        println!("skipped: this user may not mount a small disk");
        None
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn remount(&self, option: &str) {
        let option = format!("remount,{option}");
        assert!(
            Program::new("mount")
                .args(["-o", &option])
                .arg(self.path())
                .status()
                .unwrap()
                .success()
        );
    }

    /// Takes all but so many bytes.
    fn fill_to(&self, left: u64) -> PathBuf {
        let ballast = self.path().join("ballast");
        // Sidecars come and go meanwhile.
        for _ in 0..50 {
            let free = fs4::available_space(self.path()).unwrap();
            if write_atomic(&ballast, &vec![0; free.saturating_sub(left) as usize]).is_ok() {
                return ballast;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the disk cannot be filled");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Program::new("umount").arg("-l").arg(self.path()).status().ok();
    }
}

#[test]
fn a_full_disk_keeps_captures_on_the_card_and_gets_them_once_there_is_room() {
    let Some(disk) = Disk::mount(4096) else { return };
    let rig = Rig::new(71);
    let session = disk.path().join("session");
    let mut shooter = Shooter::start(&session);
    shooter.connect(rig.port);
    shooter.shoot(&rig);
    // Room for one picture and a bit, for none, and for part of a line of the journal.
    let picture = rig.body.stored()[0].bytes as u64;
    for left in [picture * 3 / 2, picture / 4, 4096, 0] {
        let ballast = disk.fill_to(left);
        let said = shooter.said.len();
        let before = rig.body.shots();
        for n in 1..=3 {
            shooter.send(Command::Capture);
            shooter.until(5.0, |_| rig.body.shots() >= before + n);
        }
        let warned = |s: &Shooter| s.said[said..].iter().any(|(l, _)| *l == Level::Error);
        assert!(shooter.until(5.0, warned), "{left} left: {:?}", &shooter.said[said..]);
        shooter.wait(0.5);
        let errors = shooter.said[said..].iter().filter(|(l, _)| *l == Level::Error).count();
        assert!(errors <= 3, "said too often: {:?}", &shooter.said[said..]);
        std::fs::remove_file(ballast).unwrap();
        assert!(shooter.has_all(&rig, 10.0), "{left} left: {:?}", shooter.said);
    }
    let errors = shooter.said.iter().filter(|(l, _)| *l == Level::Error);
    println!("{}", errors.map(|(_, t)| t.as_str()).collect::<Vec<_>>().join("\n"));
    drop(shooter);
    let verdict = Verdict::of(&session, &rig.truth());
    assert!(verdict.good() && verdict.pictures == 13, "{verdict:?}");
    // The journal is read as it was written.
    let mut again = Shooter::start(&session);
    again.connect(rig.port);
    again.wait(1.0);
    assert_eq!(again.takes.len(), 13);
    assert!(Verdict::of(&session, &rig.truth()).good());
}

#[test]
fn a_disk_that_turns_read_only_is_a_sentence_and_no_loss() {
    let Some(disk) = Disk::mount(8192) else { return };
    let rig = Rig::new(72);
    let session = disk.path().join("session");
    let mut shooter = Shooter::start(&session);
    shooter.connect(rig.port);
    shooter.shoot(&rig);
    // A journal that is open for writing keeps the whole file system writable: the folder's own
    // flag is what a broken disk or a wrong permission look like.
    let capture = session.join("Capture");
    let flag = |sign: &str| {
        Program::new("chattr")
            .arg(format!("{sign}i"))
            .arg(&capture)
            .output()
            .is_ok_and(|o| o.status.success())
    };
    if !flag("+") {
        println!("skipped: folders cannot be made immutable here");
        return;
    }
    shooter.send(Command::Capture);
    assert!(shooter.until(10.0, |s| s.heard("cannot be stored")), "{:?}", shooter.said);
    assert!(flag("-"));
    assert!(shooter.has_all(&rig, 10.0), "{:?}", shooter.said);
    drop(shooter);
    assert!(Verdict::of(&session, &rig.truth()).good());
    disk.remount("ro");
    let (studio, sentence) = match culet::engine::Studio::start(&session, Box::new(|| {})) {
        Ok(started) => (Some(started), String::new()),
        Err(e) => (None, e.to_string()),
    };
    assert!(studio.is_none() && sentence.contains("cannot be written"), "{sentence}");
}

#[test]
fn a_full_second_disk_is_said_once_and_copied_to_once_there_is_room() {
    let Some(disk) = Disk::mount(1024) else { return };
    let rig = Rig::new(73);
    let folder = tempfile::tempdir().unwrap();
    let mut shooter = Shooter::start(folder.path());
    shooter.connect(rig.port);
    shooter.shoot(&rig);
    let ballast = disk.fill_to(rig.body.stored()[0].bytes as u64 * 3 / 2);
    shooter.send(Command::SecondCopy(Some(disk.path().to_owned())));
    for _ in 0..4 {
        shooter.shoot(&rig);
    }
    assert!(shooter.until(10.0, |s| s.heard("no second copy")), "{:?}", shooter.said);
    shooter.wait(6.0);
    let said = shooter.said.iter().filter(|(_, t)| t.contains("no second copy")).count();
    assert_eq!(said, 1, "{:?}", shooter.said);
    assert!(shooter.vitals.copying > 0, "what waits is shown");
    std::fs::remove_file(ballast).unwrap();
    assert!(shooter.until(12.0, |s| s.vitals.copying == 0), "{:?}", shooter.vitals);
    for line in super::journal(folder.path()) {
        let copy = culet::imaging::files::sha256_file(&disk.path().join(&line.file)).unwrap();
        assert_eq!(copy, line.hash);
    }
}

/// `culet shoot` ends with a sentence soon, not after minutes.
#[test]
fn a_shoot_without_a_window_ends_on_a_full_disk_with_what_to_do() {
    let Some(disk) = Disk::mount(2048) else { return };
    let rig = Rig::new(74);
    let home = tempfile::tempdir().unwrap();
    let session = disk.path().join("session");
    disk.fill_to(70_000);
    let shoot = |shots: &str| {
        Program::new(env!("CARGO_BIN_EXE_culet"))
            .env("HOME", home.path())
            .args(["shoot", "--live", "0", "--shots", shots, "--session"])
            .arg(&session)
            .args(["--camera", &format!("ptpip:127.0.0.1:{}", rig.port)])
            .output()
            .unwrap()
    };
    let begun = std::time::Instant::now();
    let out = shoot("4");
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(begun.elapsed().as_secs() < 45, "{:?}", begun.elapsed());
    assert!(said.contains("same --session goes on"), "{said}");
    std::fs::remove_file(disk.path().join("ballast")).unwrap();
    let out = shoot("0");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let verdict = Verdict::of(&session, &rig.truth());
    assert!(verdict.good() && verdict.pictures >= 2, "{verdict:?}");
}
