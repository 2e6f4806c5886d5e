//! The command line: a client of the engine. One JSON object a line on stdout with `--json`, plain
//! lines on stderr otherwise.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is its work")]

use crate::deliver::contact_sheet;
use crate::imaging::files::write_atomic;
use crate::imaging::jpeg;
use crate::retouch::Recipe;
use crate::score::judge;
use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Parser)]
#[command(name = "culet", version, about = "Live tethered-capture assistant for jewellery and product photography")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Opens the window on the practice camera.
    #[cfg(all(feature = "studio", feature = "gphoto"))]
    Studio,
    /// Lists what is attached, and the practice camera.
    Cameras,
    /// Runs the practice camera alone, for any PTP/IP program.
    Practice {
        /// Port on 127.0.0.1; 0 takes any free one.
        #[arg(long, default_value_t = 15740)]
        port: u16,
    },
    /// A tethered session without a window; the best take is retouched.
    Shoot {
        /// `practice`, `auto`, or `ptpip:HOST:PORT`.
        #[arg(long, default_value = "practice")]
        camera: String,
        /// The session's folder; a new one by default.
        #[arg(long)]
        session: Option<PathBuf>,
        /// How many pictures.
        #[arg(long, default_value_t = 4)]
        shots: usize,
        /// Seconds of live view before each picture.
        #[arg(long, default_value_t = 1.5)]
        live: f32,
        /// One JSON object a line on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Scores pictures and names the best.
    Judge {
        /// JPEG files.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// One JSON object a line on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Retouches pictures; originals are not touched.
    Retouch {
        /// JPEG files.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Folder for the results.
        #[arg(short)]
        output: PathBuf,
        /// A recipe in TOML; automatic by default.
        #[arg(long)]
        recipe: Option<PathBuf>,
        /// JPEG quality.
        #[arg(long, default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100))]
        quality: u8,
        /// One JSON object a line on stdout.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command line; the exit status is 0 for all well, 1 when some inputs failed, 2 for wrong
/// usage (clap's own).
pub fn run() -> u8 {
    let done = match Arguments::parse().command {
        #[cfg(all(feature = "studio", feature = "gphoto"))]
        Command::Studio => studio(),
        Command::Cameras => Ok(cameras()),
        Command::Practice { port } => practice(port),
        Command::Shoot { camera, session, shots, live, json } => {
            shoot(&camera, session, shots, live, json)
        }
        Command::Judge { paths, json } => Ok(judge_all(&paths, json)),
        Command::Retouch { paths, output, recipe, quality, json } => {
            retouch_all(&paths, &output, recipe.as_deref(), quality, json)
        }
    };
    match done {
        Ok(status) => status,
        Err(e) => {
            eprintln!("culet: {e:#}");
            1
        }
    }
}

#[cfg(all(feature = "studio", feature = "gphoto"))]
fn studio() -> Result<u8> {
    let folder = new_session_folder()?;
    let session = crate::session::Session::open(&folder)
        .with_context(|| format!("{} cannot be written", folder.display()))?;
    crate::ui::run(session).map_err(|e| anyhow::anyhow!("no window could be opened ({e}); culet shoot works without"))?;
    eprintln!("session: {}", folder.display());
    Ok(0)
}

fn cameras() -> u8 {
    println!("practice: the practice camera (built in)");
    #[cfg(feature = "gphoto")]
    for (model, port) in crate::camera::attached() {
        println!("{port}: {model}");
    }
    0
}

fn practice(port: u16) -> Result<u8> {
    let camera = crate::engine::Practice::start(port)
        .with_context(|| format!("port {port} cannot be used; choose another with --port"))?;
    println!("listening on ptpip:127.0.0.1:{0}:{0}", camera.port);
    loop {
        std::thread::park();
    }
}

#[cfg(not(feature = "gphoto"))]
fn shoot(_: &str, _: Option<PathBuf>, _: usize, _: f32, _: bool) -> Result<u8> {
    Err(crate::camera::CameraError::NotBuilt("libgphoto2 (feature `gphoto`)".to_owned()).into())
}

#[cfg(feature = "gphoto")]
fn shoot(spec: &str, session: Option<PathBuf>, shots: usize, live: f32, json: bool) -> Result<u8> {
    use crate::camera::Gphoto;
    use crate::engine::{Practice, shoot as engine};
    use crate::session::{Session, Sidecar};
    let folder = session.map_or_else(new_session_folder, Ok)?;
    let session = Session::open(&folder).with_context(|| {
        format!("{} cannot be written; choose another with --session", folder.display())
    })?;
    let mut practice = None;
    let port = match spec {
        "practice" => {
            eprintln!("laying out the practice set …");
            let camera = Practice::start(0).context("the practice camera did not start")?;
            let port = format!("ptpip:127.0.0.1:{0}:{0}", camera.port);
            practice = Some(camera);
            Some(port)
        }
        "auto" => None,
        other if other.starts_with("ptpip:") => {
            let port = other.rsplit(':').next().unwrap_or_default();
            Some(format!("{other}:{port}"))
        }
        other => anyhow::bail!("{other} is no camera; say practice, auto or ptpip:HOST:PORT"),
    };
    let mut camera = Gphoto::open(port.as_deref())?;
    let plan = engine::Plan { shots, live_s: live };
    let outcome = engine::shoot(&mut camera, &session, &plan, &mut |event| {
        if json { println!("{event}") } else { eprintln!("{}", plain(&event)) }
    })?;
    drop(camera);
    let mut status = u8::from(outcome.lost > 0);
    if let Some(practice) = &practice {
        let held = practice.body.stored();
        let same = outcome.takes.iter().filter(|t| held.iter().any(|h| h.sha256 == t.sha256)).count();
        eprintln!("{same} of {} stored files have the hash that the camera holds", outcome.takes.len());
        status |= u8::from(same != outcome.takes.len());
    }
    let mut sheet = Vec::new();
    for take in &outcome.takes {
        if let (Some(score), Ok(bytes)) = (&take.score, std::fs::read(&take.file))
            && let Ok(picture) = jpeg::decode(&bytes)
        {
            sheet.push((picture, score.overall));
        }
    }
    let scored = outcome.takes.iter().filter_map(|t| t.score.as_ref().map(|s| (t, s)));
    if let Some((best, score)) = scored.max_by(|a, b| a.1.overall.total_cmp(&b.1.overall)) {
        let picture = jpeg::decode(&std::fs::read(&best.file)?)?;
        let recipe = Recipe::automatic(&picture);
        let stem = best.file.file_stem().unwrap_or_default().to_string_lossy();
        let output = session.output(&format!("{stem}-retouched.jpg"));
        write_atomic(&output, &jpeg::encode(&recipe.render(&picture), 95)?)?;
        let sidecar = Sidecar {
            sha256: best.sha256.clone(),
            score: Some(score.clone()),
            recipe: Some(recipe),
            rating: 0,
        };
        session.write_sidecar(&best.file, &sidecar)?;
        eprintln!("best take {stem}: {:.2}; {}", score.overall, score.focus.because);
        eprintln!("retouched: {}", output.display());
    }
    if !sheet.is_empty() {
        let path = session.output("contact-sheet.jpg");
        write_atomic(&path, &jpeg::encode(&contact_sheet(&sheet), 92)?)?;
        eprintln!("contact sheet: {}", path.display());
    }
    eprintln!("session: {}", session.folder().display());
    Ok(status)
}

/// `~/Pictures/Culet/session-N`, the first that does not exist.
#[cfg(feature = "gphoto")]
fn new_session_folder() -> Result<PathBuf> {
    let home = directories::UserDirs::new().context("no home folder; name one with --session")?;
    let base = home.picture_dir().map_or_else(|| home.home_dir().join("Pictures"), Path::to_owned);
    let free = (1..).map(|n| base.join("Culet").join(format!("session-{n}"))).find(|p| !p.exists());
    free.context("no free session name")
}

/// An event as a line for people.
#[cfg(feature = "gphoto")]
fn plain(event: &serde_json::Value) -> String {
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    let kind = text(&event["event"]);
    let rest = match kind.as_str() {
        "connected" => text(&event["model"]),
        "reading" => ["focus", "symmetry", "lighting"]
            .map(|m| format!("{m} {:.2}: {}", event[m]["value"].as_f64().unwrap_or(0.0), text(&event[m]["because"])))
            .join("; "),
        "stored" => format!("{} ({} bytes)", text(&event["file"]), event["bytes"]),
        "scored" => format!("{:.2}", event["score"]["overall"].as_f64().unwrap_or(0.0)),
        "warning" => text(&event["because"]),
        "done" => format!("{} captures, {} stored, {} lost", event["captures"], event["stored"], event["lost"]),
        _ => format!("{}", event["number"]),
    };
    format!("{:7.2} s  {kind}: {rest}", event["t"].as_f64().unwrap_or(0.0))
}

fn judge_all(paths: &[PathBuf], json: bool) -> u8 {
    let mut status = 0;
    let mut best: Option<(f32, &Path)> = None;
    for path in paths {
        let judged = read(path).map(|picture| ((picture.w, picture.h), judge(&picture)));
        match judged {
            Ok((size, score)) => {
                if best.is_none_or(|b| score.overall > b.0) {
                    best = Some((score.overall, path));
                }
                if json {
                    println!("{}", json!({"file": path, "size": [size.0, size.1], "scores":
                        {"focus": score.focus, "symmetry": score.symmetry, "lighting": score.lighting},
                        "overall": score.overall}));
                } else {
                    println!("{:.2}  {}  {}; {}; {}", score.overall, path.display(), score.focus.because,
                        score.symmetry.reading.because, score.lighting.reading.because);
                }
            }
            Err(e) => {
                status = 1;
                complain(path, &e, json);
            }
        }
    }
    if let (Some((_, path)), false) = (best, json) {
        println!("best: {}", path.display());
    }
    status
}

fn retouch_all(
    paths: &[PathBuf],
    output: &Path,
    recipe: Option<&Path>,
    quality: u8,
    json: bool,
) -> Result<u8> {
    let given = recipe
        .map(|p| -> Result<Recipe> {
            let text = std::fs::read_to_string(p)
                .with_context(|| format!("{} cannot be read", p.display()))?;
            Ok(Recipe::parse(&text)?)
        })
        .transpose()?;
    std::fs::create_dir_all(output)
        .with_context(|| format!("{} cannot be made; choose another with -o", output.display()))?;
    let mut status = 0;
    for path in paths {
        let one = || -> Result<(PathBuf, Recipe)> {
            let picture = read(path)?;
            let recipe = given.clone().unwrap_or_else(|| Recipe::automatic(&picture));
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let target = output.join(format!("{stem}.jpg"));
            anyhow::ensure!(
                !target.exists() || target.canonicalize()? != path.canonicalize()?,
                "the result would replace the original; choose another folder with -o"
            );
            write_atomic(&target, &jpeg::encode(&recipe.render(&picture), quality)?)
                .with_context(|| format!("{} cannot be written; make room", target.display()))?;
            Ok((target, recipe))
        };
        match one() {
            Ok((target, recipe)) if json => {
                let steps: Vec<_> = recipe
                    .summary()
                    .into_iter()
                    .map(|(op, summary)| json!({"op": op, "summary": summary}))
                    .collect();
                println!("{}", json!({"file": path, "output": target, "steps": steps, "warnings": []}));
            }
            Ok((target, _)) => println!("{} -> {}", path.display(), target.display()),
            Err(e) => {
                status = 1;
                complain(path, &e, json);
            }
        }
    }
    Ok(status)
}

fn read(path: &Path) -> Result<crate::imaging::Rgb8> {
    let bytes = std::fs::read(path).context("the file cannot be read")?;
    Ok(jpeg::decode(&bytes)?)
}

fn complain(path: &Path, e: &anyhow::Error, json: bool) {
    if json {
        println!("{}", json!({"file": path, "error": format!("{e:#}")}));
    } else {
        eprintln!("{}: {e:#}", path.display());
    }
}
