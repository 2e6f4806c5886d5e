//! The studio and its camera hosts are killed at random moments. The body's card is the truth; the
//! studio is `culet shoot`, started again on the same session folder.

use super::{Dice, Rig, Verdict, number};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Shoot {
    session: PathBuf,
    home: PathBuf,
    second: PathBuf,
    port: u16,
}

impl Shoot {
    fn start(&self, shots: u32) -> Child {
        let camera = format!("ptpip:127.0.0.1:{}", self.port);
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.home.join("log"))
            .unwrap();
        Command::new(env!("CARGO_BIN_EXE_culet"))
            .env("HOME", &self.home)
            .args(["shoot", "--live", "0", "--json", "--camera", &camera])
            .args(["--shots", &shots.to_string(), "--session"])
            .arg(&self.session)
            .arg("--second-copy")
            .arg(&self.second)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }
}

pub(super) fn signal(name: &str, process: u32) {
    Command::new("kill").args([name, &process.to_string()]).stderr(Stdio::null()).status().unwrap();
}

/// The camera hosts of a studio.
pub(super) fn hosts(studio: u32) -> Vec<u32> {
    let parent = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|e| e.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent(*pid) == Some(studio)).collect()
}

fn kill_host(studio: u32, crash: bool) {
    for host in hosts(studio) {
        if crash {
            // Rust's own handler lets the first pass; a bad address would fault again.
            signal("-SEGV", host);
            std::thread::sleep(Duration::from_millis(20));
        }
        signal(if crash { "-SEGV" } else { "-KILL" }, host);
    }
}

/// Waits for the end; false when that takes too long.
fn ended(child: &mut Child, within: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < within {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// Shoots so many pictures with so many kills.
fn shoot_and_kill(pictures: u32, kills: u32, seed: u64) {
    let rig = Rig::new(61);
    let folder = tempfile::tempdir().unwrap();
    let shoot = Shoot {
        session: folder.path().join("session"),
        home: folder.path().to_owned(),
        second: folder.path().join("second"),
        port: rig.port,
    };
    let mut dice = Dice(seed | 1);
    let (mut studios, mut killed, mut crashed) = (0, 0, 0);
    let mut child = shoot.start(pictures);
    let mut log = Vec::new();
    while studios + killed + crashed < kills {
        let done = rig.body.shots();
        // A picture or more between two kills, so that they spread over the session.
        let more = u64::from(pictures) / u64::from(kills);
        let next = done + 1 + dice.below(2 * more.max(1)) as u32;
        let begun = Instant::now();
        while rig.body.shots() < next && begun.elapsed() < Duration::from_secs(15) {
            if child.try_wait().unwrap().is_some() {
                child = shoot.start(pictures);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(dice.below(250)));
        match dice.below(3) {
            0 => {
                kill_host(child.id(), false);
                killed += 1;
            }
            1 => {
                kill_host(child.id(), true);
                crashed += 1;
            }
            _ => {
                child.kill().unwrap();
                child.wait().unwrap();
                studios += 1;
                child = shoot.start(pictures);
            }
        }
        log.push(rig.body.shots());
    }
    while rig.body.shots() < pictures && !ended(&mut child, Duration::from_millis(50)) {}
    child.kill().unwrap();
    child.wait().unwrap();
    // The last time nobody disturbs it, and nothing is taken: it only fetches what is missing.
    let mut child = shoot.start(0);
    let well = ended(&mut child, Duration::from_mins(1));
    let verdict = Verdict::of(&shoot.session, &rig.truth());
    println!(
        "studio killed {studios}, host killed {killed}, host crashed {crashed} times (seed {seed}, at \
         pictures {log:?}): {verdict:?}"
    );
    let said = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    assert!(well && verdict.good() && verdict.pictures >= pictures as usize, "{}", said());
    second_copies(&shoot);
    numbering(&shoot.session);
}

/// Every original has its equal copy.
fn second_copies(shoot: &Shoot) {
    for line in super::journal(&shoot.session) {
        let copy = culet::imaging::files::sha256_file(&shoot.second.join(&line.file));
        assert_eq!(copy.unwrap(), line.hash, "{}", line.file);
    }
}

/// The body counts from one to the last picture without a gap; so do the names in the session.
fn numbering(session: &Path) {
    let mut names: Vec<String> = super::journal(session).into_iter().map(|l| l.file).collect();
    names.sort();
    let want: Vec<String> = (1..=names.len()).map(|n| format!("DSC_{n:04}.JPG")).collect();
    assert_eq!(names, want);
}

#[test]
fn killed_studios_and_hosts_lose_nothing() {
    shoot_and_kill(10, 5, 7);
}

#[test]
#[ignore = "minutes: make faults"]
fn whole_kills() {
    let pictures = number("CULET_SHOTS", 200) as u32;
    shoot_and_kill(pictures, number("CULET_KILLS", 30) as u32, 20_261_124);
}
