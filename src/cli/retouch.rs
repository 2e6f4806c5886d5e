//! `culet retouch`: full retouching of files; originals are not touched.

use super::results::{Originals, targets};
use super::specks::{self, Specks};
use super::{complain, count, pictures, progress};
use crate::calibrate::{Calibration, FlatField, Transfer};
use crate::imaging::{Picture, Pixels, open, save};
use crate::retouch::{Depth, Fill, Op, Output, Preset, Proxy, Recipe, Step, plan};
use crate::{engine, score};
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
    /// A look to start from: a name of `culet presets`, or a preset file.
    #[arg(long, conflicts_with = "recipe")]
    preset: Option<String>,
    /// What lies behind the product: keep, white, or a colour such as #e8e4de.
    #[arg(long, default_value = "keep", value_parser = background)]
    background: Background,
    /// A picture of the set without the product, from the same place: a better mask.
    #[arg(long, value_name = "PICTURE")]
    empty_set: Option<PathBuf>,
    /// True colour by a calibration (TOML, from `culet calibrate` or a session), in place of a guessed
    /// white balance.
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    /// A picture of a white or grey card that fills the frame, in the same light: its falloff is
    /// taken out.
    #[arg(long, value_name = "PICTURE")]
    flat_field: Option<PathBuf>,
    /// Specks: auto takes those on the backdrop away, ask also offers those on the product one by
    /// one (with --json or without a terminal they are only listed), off leaves all.
    #[arg(long, value_enum, default_value_t = Specks::Auto)]
    specks: Specks,
    /// Turns the product upright by the roll that was measured.
    #[arg(long)]
    straighten: bool,
    /// Crops until the product fills this part of the picture, .2 to 1.
    #[arg(long, value_name = "PART", value_parser = part)]
    fill: Option<f32>,
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
    #[arg(long, value_parser = count)]
    side: Option<usize>,
    /// Pictures worked on at once.
    #[arg(long, default_value_t = 1, value_parser = count)]
    jobs: usize,
    /// Also writes the recipe beside each result.
    #[arg(long)]
    keep_recipe: bool,
    /// Replaces results that are there already.
    #[arg(long)]
    replace: bool,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    Jpeg,
    Png,
    /// Sixteen bits a channel.
    Tiff,
    /// Eight bits a channel.
    #[value(name = "tiff8")]
    Tiff8,
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
            Self::Tiff | Self::Tiff8 => "tif",
        }
    }
}

/// What to put behind the product.
#[derive(Clone, Copy, PartialEq)]
enum Background {
    Keep,
    Colour([u8; 3]),
}

fn background(text: &str) -> Result<Background, String> {
    let hex = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    match text {
        "keep" => Ok(Background::Keep),
        "white" => Ok(Background::Colour([255; 3])),
        "transparent" => {
            Err("a retouch has no transparency; culet cutout writes a transparent PNG".to_owned())
        }
        _ if text.len() == 7 && text.starts_with('#') => {
            let colour = (hex(1), hex(3), hex(5));
            let (Some(r), Some(g), Some(b)) = colour else {
                return Err(format!("{text} is no colour; write six digits, such as #e8e4de"));
            };
            Ok(Background::Colour([r, g, b]))
        }
        _ => Err("write keep, white, or a colour such as #e8e4de".to_owned()),
    }
}

fn part(text: &str) -> Result<f32, String> {
    let part = text.parse::<f32>().ok().filter(|v| (0.2..=1.0).contains(v));
    part.ok_or_else(|| "write a number from 0.2 to 1".to_owned())
}

/// What was done to one picture.
struct Done {
    steps: Vec<(&'static str, String)>,
    warnings: Vec<String>,
    /// Those on the product, when they were asked for.
    specks: Vec<crate::retouch::Speck>,
    ms: [f32; 4],
}

/// What all pictures of a run share.
struct Wanted {
    recipe: Option<Recipe>,
    preset: Option<Preset>,
    empty_set: Option<Picture>,
    calibration: Option<(String, Calibration)>,
    flat_field: Option<Step>,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let files = pictures(&arguments.paths);
    ensure!(
        !files.is_empty(),
        "there is no picture in what was named; Culet reads JPEG, PNG, TIFF and camera raw"
    );
    ensure!(
        arguments.specks != Specks::Ask || arguments.jobs == 1,
        "--specks ask goes picture by picture; leave --jobs out"
    );
    let wanted = Wanted {
        recipe: arguments.recipe.as_deref().map(read_recipe).transpose()?,
        preset: arguments.preset.as_deref().map(read_preset).transpose()?,
        empty_set: match &arguments.empty_set {
            Some(path) => Some(
                open::read(path)
                    .with_context(|| format!("{} is not used as the empty set", path.display()))?,
            ),
            None => None,
        },
        calibration: match &arguments.calibration {
            Some(path) => Some((path.display().to_string(), engine::load_calibration(path)?)),
            None => None,
        },
        flat_field: arguments.flat_field.as_deref().map(read_flat_field).transpose()?,
    };
    // A wrong name is told once, before the first picture.
    adjust(&mut wanted.recipe.clone().unwrap_or_default(), &arguments.set)?;
    std::fs::create_dir_all(&arguments.output).with_context(|| {
        format!("{} cannot be made; choose another with -o", arguments.output.display())
    })?;
    let bar = progress(files.len(), arguments.json);
    let failures = Mutex::new(0);
    let targets = targets(&files, &arguments.output, arguments.format.ending());
    let aids = arguments.empty_set.iter().chain(&arguments.flat_field);
    let originals = Originals::new(files.iter().chain(aids));
    let work = |(file, target): (&PathBuf, &PathBuf)| {
        let free = originals.spare(target, arguments.replace);
        let done = free.and_then(|()| one(file, target, &wanted, arguments, &bar));
        bar.suspend(|| match &done {
            Ok(done) => tell(file, target, done, arguments.json),
            Err(e) => {
                *failures.lock() += 1;
                complain(file, &format!("{e:#}"), arguments.json);
            }
        });
        bar.inc(1);
    };
    if arguments.jobs > 1 {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.jobs).build()?;
        pool.install(|| files.par_iter().zip(&targets).for_each(work));
    } else {
        files.iter().zip(&targets).for_each(work);
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

fn read_flat_field(path: &Path) -> Result<Step> {
    let said = || format!("{} is not used as the flat field", path.display());
    let card = open::read(path).with_context(said)?;
    let field = FlatField::from_card(&*card.to_srgb8(), Transfer::Srgb).with_context(said)?;
    Ok(engine::flat_field_step(&field))
}

/// A preset that Culet brings, or a file.
fn read_preset(name: &str) -> Result<Preset> {
    if let Some(preset) = Preset::named(name) {
        return Ok(preset);
    }
    let text = std::fs::read_to_string(name).with_context(|| {
        let known: Vec<String> = Preset::built_in().iter().map(Preset::id).collect();
        format!("there is no preset {name}; known are {}, or name a file", known.join(", "))
    })?;
    Preset::parse(&text).with_context(|| format!("{name} is not used"))
}

/// Longest side at which the roll is measured, pixels.
const MEASURE: usize = 1200;

/// The edit of one picture.
fn recipe_for(
    picture: &Picture,
    proxy: &Proxy,
    wanted: &Wanted,
    arguments: &Arguments,
) -> Result<Recipe> {
    let mut recipe = match (&wanted.recipe, &wanted.preset) {
        (Some(recipe), _) => recipe.clone(),
        (None, Some(preset)) => preset.recipe(proxy),
        (None, None) => Recipe::automatic(proxy),
    };
    if arguments.specks == Specks::Off {
        recipe.steps.retain(|s| s.id() != "specks");
    }
    if let Background::Colour([red, green, blue]) = arguments.background
        && let Some(Step { op: Op::Ground(ground), .. }) = recipe.step("ground")
    {
        (ground.fill, ground.red) = (Fill::Colour, f32::from(red));
        (ground.green, ground.blue) = (f32::from(green), f32::from(blue));
    }
    if arguments.straighten || arguments.fill.is_some() {
        let roll = score::judge(&engine::reduced(picture, MEASURE)).symmetry.roll_deg;
        let roll = if arguments.straighten { -roll } else { 0.0 };
        if let Some(Step { op: Op::Straighten(step), .. }) = recipe.step("straighten") {
            *step = proxy.framed(roll, arguments.fill);
        }
    }
    adjust(&mut recipe, &arguments.set)?;
    Ok(recipe)
}

/// The part of the edit that says how exactly the product is cut out, which is known before the picture.
fn outline(wanted: &Wanted, arguments: &Arguments) -> Recipe {
    let mut recipe = wanted.recipe.clone().unwrap_or_default();
    let asks = |name: &str| name.starts_with("ground.") || name.starts_with("cutout.");
    let exact = arguments.background != Background::Keep
        || wanted.preset.as_ref().is_some_and(|p| p.set.keys().any(|k| asks(k)))
        || arguments.set.iter().any(|s| asks(s));
    if exact && let Some(Step { op: Op::CutOut(cut), .. }) = recipe.step("cutout") {
        cut.exact = true;
    }
    recipe
}

fn one(
    file: &Path,
    target: &Path,
    wanted: &Wanted,
    arguments: &Arguments,
    bar: &indicatif::ProgressBar,
) -> Result<Done> {
    let mut clock = Instant::now();
    let mut lap = || {
        let ms = clock.elapsed().as_secs_f32() * 1000.0;
        clock = Instant::now();
        ms
    };
    let bytes = open::bytes(file)?;
    let opened = open::open(&bytes)?;
    let calibrate = wanted.calibration.as_ref();
    let calibrate =
        calibrate.map(|(name, c)| engine::calibration_step(name, c, &bytes)).transpose()?;
    drop(bytes);
    let decode = lap();
    let (picture, empty_set) = (&opened.picture, wanted.empty_set.as_ref());
    let (mask, unsure) = engine::product_for(picture, &outline(wanted, arguments), empty_set)?;
    let proxy = Proxy::new(&opened.picture, mask.as_ref());
    let mut recipe = recipe_for(&opened.picture, &proxy, wanted, arguments)?;
    if let Some(step) = calibrate {
        engine::calibrate_recipe(&mut recipe, step);
    }
    if let Some(step) = &wanted.flat_field {
        engine::put_step(&mut recipe, step.clone());
    }
    let mut found = Vec::new();
    if arguments.specks == Specks::Ask {
        found = proxy.specks().iter().filter(|s| s.on_product).cloned().collect();
        bar.suspend(|| specks::ask(file, &found, &mut recipe, arguments.json));
    }
    let plan = plan(&recipe, &proxy);
    drop(proxy);
    let planned = lap();
    let depth = match arguments.format {
        Format::Tiff => Depth::Sixteen,
        Format::Png => Depth::Same,
        Format::Jpeg | Format::Tiff8 => Depth::Eight,
    };
    let picture = plan.render_over(opened.picture, &Output { depth, side: arguments.side });
    let render = lap();
    let steps = plan.steps().to_vec();
    let mut warnings = opened.warnings;
    if opened.alpha.is_some_and(|alpha| alpha.data.iter().any(|a| *a < 255)) {
        warnings
            .push("what is transparent was laid on white; culet cutout writes transparency".into());
    }
    warnings.extend(unsure);
    warnings.extend(write(target, &picture, &steps, arguments)?);
    if arguments.keep_recipe {
        let beside = target.with_extension("culet.toml");
        crate::imaging::files::write_atomic(&beside, recipe.to_toml().as_bytes())
            .with_context(|| format!("{} cannot be written; make room", beside.display()))?;
    }
    Ok(Done { steps, warnings, specks: found, ms: [decode, planned, render, lap()] })
}

fn write(
    target: &Path,
    picture: &Picture,
    steps: &[(&'static str, String)],
    arguments: &Arguments,
) -> Result<Vec<String>> {
    let how = save::How {
        format: match (arguments.format, &picture.pixels) {
            (Format::Jpeg, _) => save::Format::Jpeg(arguments.quality),
            (Format::Png, Pixels::Eight(_)) => save::Format::Png8,
            (Format::Png, Pixels::Sixteen(_)) => save::Format::Png16,
            (Format::Tiff, _) => save::Format::Tiff16,
            (Format::Tiff8, _) => save::Format::Tiff8,
        },
        profile: arguments.profile.into(),
        keep_gps: arguments.keep_gps,
        steps: steps.iter().map(|(op, summary)| format!("{op}: {summary}")).collect(),
        ..save::How::default()
    };
    Ok(save::write(target, picture, &how)?)
}

fn tell(file: &Path, target: &Path, done: &Done, json: bool) {
    if json {
        let steps: Vec<_> =
            done.steps.iter().map(|(op, summary)| json!({"op": op, "summary": summary})).collect();
        let [decode, plan, render, encode] = done.ms;
        let mut object = json!({"file": file, "output": target, "ms": {"decode": decode,
            "plan": plan, "render": render, "encode": encode}, "steps": steps,
            "warnings": done.warnings});
        if !done.specks.is_empty() {
            object["specks"] = done.specks.iter().map(specks::object).collect();
        }
        say!("{object}");
        return;
    }
    say!("{} -> {}", file.display(), target.display());
    for (op, summary) in &done.steps {
        say!("  {op}: {summary}");
    }
    done.warnings.iter().for_each(|w| note!("  {w}"));
}
