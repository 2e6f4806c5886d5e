//! What a shoot needs, checked before it begins: cameras and who holds them, the disk's room and
//! speed, a display, the networks' files.

use crate::camera::CameraSpec;
use crate::camera::doctor::{Finding, preflight};
use parking_lot::Mutex;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// One line of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// Whether nothing needs to be done.
    pub good: bool,
    /// What was found.
    pub found: String,
    /// What to do, when something is to be done.
    pub advice: Option<String>,
}

impl Check {
    fn new(what: &str, found: String, advice: Option<&str>) -> Self {
        let advice = advice.map(str::to_owned);
        Self { what: what.to_owned(), good: advice.is_none(), found, advice }
    }
}

/// A RAW+JPEG pair of a body of 45 megapixels, bytes; space is told in so many captures.
const CAPTURE_BYTES: u64 = 70_000_000;
/// Fewer than this and a shoot may end early.
const FEW_CAPTURES: u64 = 200;
/// What is written to measure a disk's speed, bytes.
const PROBE: usize = 32 << 20;
/// Slower than this and captures queue up, bytes a second.
const SLOW_DISK: f64 = 30e6;

/// Every check; `folder` is where sessions are kept, and `camera` is opened to be asked.
pub fn checks(folder: &Path, camera: Option<&CameraSpec>) -> Vec<Check> {
    let mut all = match super::host::Launch::usual().and_then(|launch| super::host::look(&launch)) {
        Ok((_, findings)) => findings.iter().map(of_finding).collect(),
        Err(e) => vec![Check::new("cameras", e.to_string(), Some("mend this first"))],
    };
    all.extend(camera.map(connected).unwrap_or_default());
    all.extend(disk(folder));
    all.push(display());
    all
}

fn of_finding(finding: &Finding) -> Check {
    Check {
        what: "cameras".to_owned(),
        good: finding.good(),
        found: finding.to_string(),
        advice: finding.advice(),
    }
}

/// What a camera says of itself once it is open.
fn connected(spec: &CameraSpec) -> Vec<Check> {
    let mut opened = match super::open::open(spec, &Mutex::default(), Arc::default()) {
        Ok(opened) => opened,
        Err(e) => return vec![Check::new("camera", e.to_string(), Some("mend this first"))],
    };
    let mut all = vec![Check::new("camera", format!("{} answers", opened.identity), None)];
    let findings = preflight(opened.abilities, &opened.camera.facts());
    all.extend(findings.iter().map(|f| Check { what: "camera".to_owned(), ..of_finding(f) }));
    all
}

/// The nearest folder above a path that exists.
fn existing(path: &Path) -> PathBuf {
    path.ancestors().find(|p| p.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

/// Room for captures on the disk of a folder.
pub(super) fn room(folder: &Path) -> Check {
    let folder = existing(folder);
    match fs4::available_space(&folder) {
        Ok(bytes) => {
            let captures = bytes / CAPTURE_BYTES;
            let advice = (captures < FEW_CAPTURES).then_some("make room or choose another disk");
            let found = format!(
                "{:.1} GB free in {}: about {captures} captures of RAW and JPEG",
                bytes as f64 / 1e9,
                folder.display()
            );
            Check::new("disk space", found, advice)
        }
        Err(e) => Check::new("disk space", e.to_string(), Some("choose another folder")),
    }
}

fn disk(folder: &Path) -> Vec<Check> {
    let folder = existing(folder);
    let room = room(&folder);
    let speed = match write_speed(&folder) {
        Ok(rate) => {
            let advice =
                (rate < SLOW_DISK).then_some("use a faster disk, or captures will queue up");
            Check::new("disk speed", format!("{:.0} MB/s written and flushed", rate / 1e6), advice)
        }
        Err(e) => {
            let found = format!("{} cannot be written ({e})", folder.display());
            Check::new("disk speed", found, Some("choose another folder with --session"))
        }
    };
    vec![room, speed]
}

/// Bytes a second, flushed to the disk.
fn write_speed(folder: &Path) -> std::io::Result<f64> {
    let mut file = tempfile::tempfile_in(folder)?;
    let bytes: Vec<u8> = (0..PROBE).map(|i| (i * 31 % 251) as u8).collect();
    let begun = Instant::now();
    file.write_all(&bytes)?;
    file.sync_all()?;
    Ok(PROBE as f64 / begun.elapsed().as_secs_f64().max(1e-6))
}

fn display() -> Check {
    let has = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    if cfg!(any(target_os = "macos", windows)) || has("WAYLAND_DISPLAY") || has("DISPLAY") {
        return Check::new("display", "there is one for the window".to_owned(), None);
    }
    let advice = Some("use culet shoot, or set DISPLAY; it does the same job without a window");
    Check::new("display", "there is none for the window".to_owned(), advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_measured_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let found = disk(&folder.path().join("not/there/yet"));
        assert_eq!(found.len(), 2);
        assert!(found[1].found.contains("MB/s"), "{found:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
