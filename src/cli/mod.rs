//! The command line: a client of the engine, one file a command. With `--json` one JSON object a
//! line goes to stdout and nothing else; sentences and progress go to stderr.

#[macro_use]
mod say;

mod calibrate;
mod cameras;
mod cutout;
mod doctor;
mod judge;
mod operations;
mod practice;
mod presets;
mod results;
mod retouch;
mod shoot;
mod specks;
#[cfg(feature = "studio")]
mod studio;

use crate::imaging::endings;
use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use serde_json::json;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

#[derive(Parser)]
#[command(
    name = "culet",
    version,
    about = "Live tethered-capture studio assistant for jewellery and product photography",
    after_help = "Without a command Culet opens its window. Exit status: 0 all went well, 1 some inputs failed, 2 wrong usage."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Opens the window (the same as no command).
    #[cfg(feature = "studio")]
    Studio(studio::Arguments),
    /// Lists what is attached, and the practice camera.
    Cameras(cameras::Arguments),
    /// Runs the practice camera alone, for any PTP/IP program.
    Practice(practice::Arguments),
    /// A tethered session without a window; the best take is retouched.
    Shoot(shoot::Arguments),
    /// Scores pictures, groups takes, names the keepers.
    Judge(judge::Arguments),
    /// Finds a grey card or a chart in a picture and makes a calibration.
    Calibrate(calibrate::Arguments),
    /// Cuts the subject out: alpha, holes, and its shadow as a layer.
    Cutout(cutout::Arguments),
    /// Retouches pictures; originals are not touched.
    Retouch(retouch::Arguments),
    /// Lists every retouching operation with its parameters, ranges, units and help.
    Operations(operations::Arguments),
    /// Lists the looks that retouch --preset knows.
    Presets(presets::Arguments),
    /// Checks what a shoot needs, and says what to do about what is missing.
    Doctor(doctor::Arguments),
    /// Talks to one camera for the studio.
    #[command(hide = true)]
    CameraHost {
        /// Which camera; none to say what is attached.
        #[arg(long)]
        camera: Option<crate::camera::CameraSpec>,
    },
}

/// Runs the command line; the exit status is 0 for all well, 1 when some inputs failed, 2 for wrong
/// usage (clap's own).
pub fn run() -> u8 {
    let done = match Arguments::parse().command {
        #[cfg(feature = "studio")]
        None => studio::run(&studio::Arguments::default()),
        #[cfg(not(feature = "studio"))]
        None => Err(anyhow::anyhow!("this Culet was built without its window; see culet --help")),
        #[cfg(feature = "studio")]
        Some(Command::Studio(arguments)) => studio::run(&arguments),
        Some(Command::Cameras(arguments)) => Ok(cameras::run(&arguments)),
        Some(Command::Practice(arguments)) => practice::run(&arguments),
        Some(Command::Shoot(arguments)) => shoot::run(&arguments),
        Some(Command::Judge(arguments)) => judge::run(&arguments),
        Some(Command::Calibrate(arguments)) => calibrate::run(&arguments),
        Some(Command::Cutout(arguments)) => cutout::run(&arguments),
        Some(Command::Retouch(arguments)) => retouch::run(&arguments),
        Some(Command::Operations(arguments)) => operations::run(&arguments),
        Some(Command::Presets(arguments)) => presets::run(&arguments),
        Some(Command::Doctor(arguments)) => Ok(doctor::run(&arguments)),
        Some(Command::CameraHost { camera }) => Ok(crate::engine::host::run(camera.as_ref())),
    };
    match done {
        Ok(status) => status.max(u8::from(say::lost())),
        Err(e) => {
            note!("culet: {e:#}");
            1
        }
    }
}

/// `~/Pictures/Culet/session-N`, the first that does not exist.
fn new_session_folder() -> Result<PathBuf> {
    let home = directories::UserDirs::new().context("no home folder; name one with --session")?;
    let base = home.picture_dir().map_or_else(|| home.home_dir().join("Pictures"), Path::to_owned);
    let free =
        (1..=9999).map(|n| base.join("Culet").join(format!("session-{n}"))).find(|p| !p.exists());
    free.context("no free session name")
}

/// Says that an input failed: an object with `error` on stdout, or a sentence on stderr.
fn complain(path: &Path, e: &dyn std::fmt::Display, json: bool) {
    if json {
        say!("{}", json!({"file": path, "error": e.to_string()}));
        return;
    }
    let (text, name) = (e.to_string(), path.display().to_string());
    // Some sentences name their file already.
    if text.contains(&name) {
        note!("{text}");
    } else {
        note!("{name}: {text}");
    }
}

/// Paths as given, with folders replaced by the pictures in them, in order of name.
fn pictures(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for path in paths {
        if !path.is_dir() {
            out.push(path.clone());
            continue;
        }
        let inside = std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path());
        let mut found: Vec<PathBuf> = inside.filter(|p| is_picture(p)).collect();
        found.sort();
        out.extend(found);
    }
    out
}

/// A whole number from 1.
fn count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|&n| n > 0);
    count.ok_or_else(|| "write a whole number from 1".to_owned())
}

fn is_picture(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
    !hidden && endings::can_open(path)
}

/// A progress bar with the remaining time on a terminal, nothing otherwise.
fn progress(all: usize, quiet: bool) -> indicatif::ProgressBar {
    if quiet || all < 2 || !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let bar = indicatif::ProgressBar::new(all as u64);
    let style = indicatif::ProgressStyle::with_template("{pos}/{len} {wide_bar} {eta} left");
    bar.with_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()))
}
