//! `culet retouch`: full retouching of files; originals are not touched.

use super::{complain, pictures, progress};
use crate::imaging::{Pixels, open, save};
use crate::retouch::{Depth, Output, Proxy, Recipe, plan};
use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use parking_lot::Mutex;
use rayon::prelude::*;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Pictures, or folders of them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Folder for the results.
    #[arg(short)]
    output: PathBuf,
    /// A recipe in TOML; made for each picture by default.
    #[arg(long)]
    recipe: Option<PathBuf>,
    /// Changes a parameter, such as `exposure.ev=0.5`; see culet operations. May be repeated.
    #[arg(long = "set", value_name = "STEP.PARAM=VALUE")]
    set: Vec<String>,
    /// File format of the results.
    #[arg(long, value_enum, default_value_t = Format::Jpeg)]
    format: Format,
    /// JPEG quality.
    #[arg(long, default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// Colour space of the results.
    #[arg(long, value_enum, default_value_t = Space::Srgb)]
    profile: Space,
    /// Keeps the place where a picture was taken in its metadata.
    #[arg(long)]
    keep_gps: bool,
    /// Longest side of the results in pixels; the picture's own by default.
    #[arg(long)]
    side: Option<usize>,
    /// Pictures worked on at once.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Also writes the recipe beside each result.
    #[arg(long)]
    keep_recipe: bool,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Jpeg,
    Png,
    Tiff,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Space {
    Srgb,
    DisplayP3,
    AdobeRgb,
}

impl From<Space> for save::Profile {
    fn from(space: Space) -> Self {
        match space {
            Space::Srgb => Self::Srgb,
            Space::DisplayP3 => Self::DisplayP3,
            Space::AdobeRgb => Self::AdobeRgb,
        }
    }
}

impl Format {
    const fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Tiff => "tif",
        }
    }
}

/// What was done to one picture.
struct Done {
    target: PathBuf,
    steps: Vec<(&'static str, String)>,
    warnings: Vec<String>,
    ms: [f32; 4],
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let files = pictures(&arguments.paths);
    ensure!(
        !files.is_empty(),
        "there is no picture in what was named; Culet reads JPEG, PNG, TIFF and camera raw"
    );
    let given = arguments.recipe.as_deref().map(read_recipe).transpose()?;
    // A wrong name is told once, before the first picture.
    adjust(&mut given.clone().unwrap_or_default(), &arguments.set)?;
    std::fs::create_dir_all(&arguments.output).with_context(|| {
        format!("{} cannot be made; choose another with -o", arguments.output.display())
    })?;
    let bar = progress(files.len(), arguments.json);
    let failures = Mutex::new(0);
    let work = |file: &PathBuf| {
        let done = one(file, given.as_ref(), arguments);
        bar.suspend(|| match &done {
            Ok(done) => tell(file, done, arguments.json),
            Err(e) => {
                *failures.lock() += 1;
                complain(file, &format!("{e:#}"), arguments.json);
            }
        });
        bar.inc(1);
    };
    if arguments.jobs > 1 {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.jobs).build()?;
        pool.install(|| files.par_iter().for_each(work));
    } else {
        files.iter().for_each(work);
    }
    bar.finish_and_clear();
    Ok(u8::from(failures.into_inner() > 0))
}

fn read_recipe(path: &Path) -> Result<Recipe> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Recipe::parse(&text).with_context(|| format!("{} is not used", path.display()))
}

fn adjust(recipe: &mut Recipe, changes: &[String]) -> Result<()> {
    for change in changes {
        let (name, value) = change
            .split_once('=')
            .with_context(|| format!("--set {change} has no value; write STEP.PARAM=VALUE"))?;
        recipe.set(name.trim(), value.trim())?;
    }
    Ok(())
}

fn one(file: &Path, given: Option<&Recipe>, arguments: &Arguments) -> Result<Done> {
    let mut clock = Instant::now();
    let mut lap = || {
        let ms = clock.elapsed().as_secs_f32() * 1000.0;
        clock = Instant::now();
        ms
    };
    let target = target(file, arguments)?;
    let opened = open::open(&open::bytes(file)?)?;
    let decode = lap();
    let proxy = Proxy::new(&opened.picture, None);
    let mut recipe = given.cloned().unwrap_or_else(|| Recipe::automatic(&proxy));
    adjust(&mut recipe, &arguments.set)?;
    let plan = plan(&recipe, &proxy);
    let planned = lap();
    let depth = match arguments.format {
        Format::Tiff => Depth::Sixteen,
        Format::Png => Depth::Same,
        Format::Jpeg => Depth::Eight,
    };
    let picture = plan.render_to(&opened.picture, &Output { depth, side: arguments.side });
    let render = lap();
    let steps = plan.steps().to_vec();
    let mut warnings = opened.warnings;
    warnings.extend(write(&target, &picture, &steps, arguments)?);
    if arguments.keep_recipe {
        let beside = target.with_extension("culet.toml");
        crate::imaging::files::write_atomic(&beside, recipe.to_toml().as_bytes())
            .with_context(|| format!("{} cannot be written; make room", beside.display()))?;
    }
    Ok(Done { target, steps, warnings, ms: [decode, planned, render, lap()] })
}

/// Where a result goes; never the original.
fn target(file: &Path, arguments: &Arguments) -> Result<PathBuf> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let target = arguments.output.join(format!("{stem}.{}", arguments.format.ending()));
    let same = target.exists() && target.canonicalize()? == file.canonicalize()?;
    ensure!(!same, "the result would replace the original; choose another folder with -o");
    Ok(target)
}

fn write(
    target: &Path,
    picture: &crate::imaging::Picture,
    steps: &[(&'static str, String)],
    arguments: &Arguments,
) -> Result<Vec<String>> {
    let how = save::How {
        format: match (arguments.format, &picture.pixels) {
            (Format::Jpeg, _) => save::Format::Jpeg(arguments.quality),
            (Format::Png, Pixels::Eight(_)) => save::Format::Png8,
            (Format::Png, Pixels::Sixteen(_)) => save::Format::Png16,
            (Format::Tiff, _) => save::Format::Tiff16,
        },
        profile: arguments.profile.into(),
        keep_gps: arguments.keep_gps,
        steps: steps.iter().map(|(op, summary)| format!("{op}: {summary}")).collect(),
        ..save::How::default()
    };
    Ok(save::write(target, picture, &how)?)
}

fn tell(file: &Path, done: &Done, json: bool) {
    if json {
        let steps: Vec<_> =
            done.steps.iter().map(|(op, summary)| json!({"op": op, "summary": summary})).collect();
        let [decode, plan, render, encode] = done.ms;
        println!(
            "{}",
            json!({"file": file, "output": done.target, "ms": {"decode": decode, "plan": plan,
                "render": render, "encode": encode}, "steps": steps, "warnings": done.warnings})
        );
        return;
    }
    println!("{} -> {}", file.display(), done.target.display());
    for (op, summary) in &done.steps {
        println!("  {op}: {summary}");
    }
    done.warnings.iter().for_each(|w| eprintln!("  {w}"));
}
