//! `culet cutout`: the subject without its ground, with or without its shadow.

use super::results::{self, Originals};
use super::{complain, is_picture, pictures, progress};
use crate::engine::product;
use crate::imaging::{Mask, Picture, Rgb8, Rgba8, open, save};
use crate::vision::{self, Background, Cut, CutOut, Method, ShadowLayer};
use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Pictures, or folders of them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Folder for the results; for one picture also a file's name (.png, .jpg or .tif).
    #[arg(short, long = "out", default_value = "cutouts")]
    output: PathBuf,
    /// A picture of the same set without the piece. May be repeated: several frames have less noise.
    #[arg(long, value_name = "PICTURE")]
    empty_set: Vec<PathBuf>,
    /// Also writes the alpha as a grey PNG: a file's name, or a folder for several pictures.
    #[arg(long, value_name = "PATH")]
    mask: Option<PathBuf>,
    /// What the subject is laid on: keep, transparent, white, a colour as #rrggbb, or a picture.
    #[arg(long, default_value = "transparent")]
    background: Ground,
    /// What becomes of its shadow.
    #[arg(long, value_enum, default_value_t = Shadow::Drop)]
    shadow: Shadow,
    /// Which network helps: auto is Culet's own; none, a name from models/models.toml, or an .onnx file of yours.
    #[arg(long, default_value = "auto")]
    model: String,
    /// JPEG quality of results that are not transparent.
    #[arg(long, default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// Replaces results that are there already.
    #[arg(long)]
    replace: bool,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Shadow {
    /// As it fell.
    Keep,
    /// Half as deep, with a softer rim.
    Soften,
    /// None.
    Drop,
    /// A made one, where the subject stands.
    Contact,
}

impl From<Shadow> for ShadowLayer {
    fn from(shadow: Shadow) -> Self {
        match shadow {
            Shadow::Keep => Self::Keep,
            Shadow::Soften => Self::Soften(0.5),
            Shadow::Drop => Self::Drop,
            Shadow::Contact => Self::Contact,
        }
    }
}

/// What is written after `--background`.
#[derive(Clone, Debug, PartialEq)]
enum Ground {
    Keep,
    Transparent,
    White,
    Colour([u8; 3]),
    File(PathBuf),
}

impl FromStr for Ground {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "keep" => Self::Keep,
            "transparent" => Self::Transparent,
            "white" => Self::White,
            _ if text.starts_with('#') => Self::Colour(colour(text).ok_or_else(|| {
                format!(
                    "{text} is no colour; write # and six digits of 0-9 and a-f, such as #f4f1ec"
                )
            })?),
            _ if Path::new(text).is_file() => Self::File(text.into()),
            _ => {
                return Err(format!(
                    "{text} is neither keep, transparent, white, a colour such as #f4f1ec, nor a file that is there"
                ));
            }
        })
    }
}

fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii())?;
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    // `from_str_radix` takes a sign; a colour has none.
    let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| Some([part(0)?, part(2)?, part(4)?]))?
}

impl Ground {
    fn read(&self) -> Result<Background> {
        Ok(match self {
            Self::Keep => Background::Keep,
            Self::Transparent => Background::Transparent,
            Self::White => Background::White,
            Self::Colour(colour) => Background::Colour(*colour),
            Self::File(path) => {
                let picture = open::read(path)
                    .with_context(|| format!("the background {} is not used", path.display()))?;
                Background::Picture(picture.to_srgb8().into_owned())
            }
        })
    }
}

/// All that is the same for every picture.
struct Job<'a> {
    arguments: &'a Arguments,
    ground: Background,
    empty: Option<Picture>,
    network: Eye,
}

/// What was done to one picture.
struct Done {
    cut: Cut,
    warnings: Vec<String>,
    ms: f32,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let files = pictures(&arguments.paths);
    ensure!(
        !files.is_empty(),
        "there is no picture in what was named; Culet reads JPEG, PNG, TIFF and camera raw"
    );
    let single = files.len() == 1 && is_picture(&arguments.output) && !arguments.output.is_dir();
    let job = Job {
        arguments,
        ground: arguments.background.read()?,
        empty: empty_set(&arguments.empty_set)?,
        network: Eye::open(&arguments.model)?,
    };
    let folder = if single { arguments.output.parent() } else { Some(arguments.output.as_path()) };
    for folder in folder.into_iter().chain(mask_folder(arguments, files.len())) {
        std::fs::create_dir_all(folder).with_context(|| {
            format!("{} cannot be made; choose another with -o", folder.display())
        })?;
    }
    let ending = if job.ground == Background::Transparent { "png" } else { "jpg" };
    let targets = if single {
        vec![arguments.output.clone()]
    } else {
        results::targets(&files, &arguments.output, ending)
    };
    let masks: Vec<Option<PathBuf>> = match &arguments.mask {
        None => vec![None; files.len()],
        Some(path) if files.len() == 1 => vec![Some(path.clone())],
        Some(folder) => results::targets(&files, folder, "png").into_iter().map(Some).collect(),
    };
    let laid_on = match &arguments.background {
        Ground::File(path) => Some(path),
        _ => None,
    };
    let originals = Originals::new(files.iter().chain(&arguments.empty_set).chain(laid_on));
    let bar = progress(files.len(), arguments.json);
    let mut failures = 0;
    for (file, (target, mask)) in files.iter().zip(targets.iter().zip(&masks)) {
        let mask = mask.as_deref();
        let free = spare(&originals, target, mask, arguments.replace);
        let done = free.and_then(|()| job.one(file, target, mask));
        bar.suspend(|| match &done {
            Ok(done) => tell(file, target, mask, done, arguments.json),
            Err(e) => {
                failures += 1;
                complain(file, &format!("{e:#}"), arguments.json);
            }
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(u8::from(failures > 0))
}

/// Refuses places that hold something, or are one.
fn spare(originals: &Originals, target: &Path, mask: Option<&Path>, replace: bool) -> Result<()> {
    originals.spare(target, replace)?;
    let Some(mask) = mask else { return Ok(()) };
    ensure!(
        mask != target,
        "the mask would replace the cut-out {}; choose another place with --mask",
        target.display()
    );
    originals.spare(mask, replace)
}

/// The folder that masks go to.
fn mask_folder(arguments: &Arguments, files: usize) -> Option<&Path> {
    let path = arguments.mask.as_deref()?;
    if files > 1 { Some(path) } else { path.parent() }
}

/// The mean of the frames of the empty set.
fn empty_set(paths: &[PathBuf]) -> Result<Option<Picture>> {
    let frames = paths
        .iter()
        .map(|p| {
            open::read(p).with_context(|| format!("the empty set {} is not used", p.display()))
        })
        .collect::<Result<Vec<_>>>()?;
    match frames.len() {
        0 => Ok(None),
        1 => Ok(frames.into_iter().next()),
        _ => Ok(Some(vision::average(&frames)?)),
    }
}

impl Job<'_> {
    fn one(&self, file: &Path, target: &Path, mask: Option<&Path>) -> Result<Done> {
        let start = Instant::now();
        let opened = open::open(&open::bytes(file)?)?;
        let mut warnings = opened.warnings;
        let coarse = match self.network.mask(&opened.picture) {
            Ok(mask) => mask,
            Err(e) => {
                warnings.push(format!("without the network: {e:#}"));
                None
            }
        };
        let empty_set = self.empty.as_ref();
        let look = match self.arguments.model.as_str() {
            "auto" => product::look(&opened.picture, empty_set),
            _ => None,
        };
        let (seen, sight) = look.as_ref().map(|l| (&l.seen, &l.sight)).unzip();
        let coarse = coarse.as_ref();
        let with = CutOut { empty_set, coarse, seen, sight, ..CutOut::default() };
        let cut = vision::cut_out(&opened.picture, &with)?;
        warnings.extend(cut.warnings.iter().cloned());
        let laid =
            vision::compose(&opened.picture, &cut, &self.ground, self.arguments.shadow.into());
        warnings.extend(self.write(target, &laid, &opened.picture)?);
        if let Some(mask) = mask {
            save::write_mask(mask, &cut.alpha)?;
        }
        Ok(Done { cut, warnings, ms: start.elapsed().as_secs_f32() * 1000.0 })
    }

    fn write(&self, target: &Path, laid: &Rgba8, from: &Picture) -> Result<Vec<String>> {
        let ending = target.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let format = match ending.as_str() {
            "png" => save::Format::Png8,
            "jpg" | "jpeg" => save::Format::Jpeg(self.arguments.quality),
            "tif" | "tiff" => save::Format::Tiff8,
            other => bail!("{other} cannot be written; name a .png, .jpg or .tif"),
        };
        let how = save::How { format, steps: vec!["cut out".to_owned()], ..save::How::default() };
        if self.ground == Background::Transparent {
            ensure!(
                format == save::Format::Png8,
                "only PNG keeps transparency; name a .png, or choose a --background"
            );
            return Ok(save::write_cut(target, laid, from, &how)?);
        }
        let data = laid.data.iter().flat_map(|p| {
            let [r, g, b, _] = p.to_ne_bytes();
            [r, g, b]
        });
        let picture = Picture {
            metadata: from.metadata.clone(),
            ..Picture::from_srgb8(Rgb8 { w: laid.w, h: laid.h, data: data.collect() })
        };
        Ok(save::write(target, &picture, &how)?)
    }
}

fn tell(file: &Path, target: &Path, mask: Option<&Path>, done: &Done, json: bool) {
    let (cut, s) = (&done.cut, done.cut.subject);
    let method = match cut.method {
        Method::EmptySet => "empty-set",
        Method::Network => "network",
        Method::Backdrop => "backdrop",
    };
    if json {
        say!(
            "{}",
            json!({"file": file, "output": target, "mask": mask, "method": method,
                "subject": [s.x, s.y, s.w, s.h], "holes": cut.holes, "confidence": cut.confidence,
                "warnings": done.warnings, "ms": done.ms})
        );
        return;
    }
    say!("{} -> {}", file.display(), target.display());
    say!(
        "  {}x{} at {},{}; {} holes; by {method}; sure {:.0} %",
        s.w,
        s.h,
        s.x,
        s.y,
        cut.holes,
        cut.confidence * 100.0
    );
    done.warnings.iter().for_each(|w| note!("  {w}"));
}

/// The network of others that was asked for, if any.
struct Eye {
    #[cfg(feature = "network")]
    network: Option<vision::network::Network>,
}

impl Eye {
    /// A name or a file must be there.
    #[cfg(feature = "network")]
    fn open(model: &str) -> Result<Self> {
        use vision::network::{Network, Registry};
        let own = Path::new(model);
        let network = match model {
            "none" | "auto" => None,
            _ if own.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx")) => {
                Some(Network::open_own(own)?)
            }
            _ => {
                let registry = Registry::built_in()?;
                let spec = registry.find(model).with_context(|| {
                    let names: Vec<&str> =
                        registry.models.iter().map(|m| m.name.as_str()).collect();
                    format!(
                        "there is no model {model}; say auto, none, {} or an .onnx file",
                        names.join(", ")
                    )
                })?;
                let folders = model_folders();
                let folder = folders
                    .iter()
                    .find(|f| f.join(&spec.file).is_file())
                    .or(folders.first())
                    .context("there is no folder for models; name one in CULET_MODELS")?;
                Some(Network::open(folder, spec)?)
            }
        };
        Ok(Self { network })
    }

    #[cfg(not(feature = "network"))]
    fn open(model: &str) -> Result<Self> {
        ensure!(
            matches!(model, "auto" | "none"),
            "this Culet was built without networks; leave --model out"
        );
        Ok(Self {})
    }

    #[cfg(feature = "network")]
    fn mask(&self, picture: &Picture) -> Result<Option<Mask>> {
        let Some(network) = &self.network else { return Ok(None) };
        Ok(Some(network.mask(&picture.to_srgb8())?))
    }

    #[cfg(not(feature = "network"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the same call with networks"
    )]
    fn mask(&self, _: &Picture) -> Result<Option<Mask>> {
        Ok(None)
    }
}

/// Where networks may lie: `CULET_MODELS`, `models` here, beside the program, and the user's data folder.
#[cfg(feature = "network")]
fn model_folders() -> Vec<PathBuf> {
    let asked = std::env::var_os("CULET_MODELS").map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let beside =
        program.iter().flat_map(|p| p.ancestors().skip(1).take(3)).map(|p| p.join("models"));
    let own = directories::ProjectDirs::from("", "", "culet").map(|d| d.data_dir().join("models"));
    asked.into_iter().chain([PathBuf::from("models")]).chain(beside).chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_background_is_read_or_refused_in_words() {
        assert_eq!("#F4f1ec".parse(), Ok(Ground::Colour([0xf4, 0xf1, 0xec])));
        assert_eq!("white".parse(), Ok(Ground::White));
        for bad in ["#12345", "#+1+2+3", "#12345é", "purple"] {
            let said = bad.parse::<Ground>().unwrap_err();
            assert!(said.contains("#f4f1ec"), "{said}");
        }
    }
}
