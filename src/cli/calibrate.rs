//! `culet calibrate`: a calibration from a picture of a grey card or a 24-patch chart.

use super::complain;
use super::results::Originals;
use crate::calibrate::{
    Calibration, Card, Edition, Found, NotFound, Options, Source, Transfer, dcp, find, fit, icc,
    read_at, report,
};
use crate::engine::{load_calibration, load_reference};
use crate::imaging::files::write_atomic;
use crate::imaging::open::Kind;
use crate::imaging::{open, raw};
use crate::session::Moment;
use anyhow::{Context as _, Error, Result};
use clap::ValueEnum;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The picture with the card in it.
    picture: PathBuf,
    /// Which card is in it.
    #[arg(long, value_enum, default_value_t = CardName::Auto)]
    card: CardName,
    /// When a 24-patch chart was made: its back says it.
    #[arg(long, value_enum, default_value_t = EditionName::After2014)]
    edition: EditionName,
    /// The file of a card of your own (TOML, see calibration/README.md).
    #[arg(long, value_name = "FILE", conflicts_with = "edition")]
    reference: Option<PathBuf>,
    /// Where the card is, when it is not found: outer corners of its patches in pixels, of the first
    /// patch (dark skin), then bluish green, black, white.
    #[arg(long, value_name = "X,Y", num_args = 4, value_parser = corner)]
    corners: Option<Vec<[f32; 2]>>,
    /// The transfer curve of its values; recognised by default.
    #[arg(long, value_enum, default_value_t = Curve::Auto)]
    transfer: Curve,
    /// Name of the light, for the record.
    #[arg(long, default_value = "")]
    light: String,
    /// Where the calibration is written (TOML).
    #[arg(short)]
    output: Option<PathBuf>,
    /// Also writes an ICC profile of the camera under this light, for pictures developed without
    /// colour changes.
    #[arg(long, value_name = "FILE")]
    icc: Option<PathBuf>,
    /// Also writes a DNG camera profile, for raw converters.
    #[arg(long, value_name = "FILE")]
    dcp: Option<PathBuf>,
    /// Also writes a report with every patch (HTML).
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// An earlier calibration of this camera: a grey card borrows its colour model, and a chart
    /// tells whether it still holds.
    #[arg(long, value_name = "FILE")]
    base: Option<PathBuf>,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum CardName {
    Auto,
    Grey,
    Classic24,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum EditionName {
    #[value(name = "after-2014")]
    After2014,
    #[value(name = "before-2014")]
    Before2014,
}

/// `X,Y` in pixels.
fn corner(text: &str) -> Result<[f32; 2], String> {
    let read = |t: &str| t.trim().parse::<f32>().ok().filter(|v| v.is_finite());
    let pair = text.split_once(',').and_then(|(x, y)| Some([read(x)?, read(y)?]));
    pair.ok_or_else(|| "a corner is written X,Y in pixels, such as 1200,840".to_owned())
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Curve {
    Auto,
    Srgb,
    Linear,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    match measure(arguments) {
        Ok((found, calibration)) => {
            write(arguments, &calibration)?;
            tell(arguments, &found, &calibration);
            Ok(0)
        }
        Err(e) => {
            complain(&arguments.picture, &format!("{e:#}"), arguments.json);
            Ok(1)
        }
    }
}

/// Every file that was asked for.
fn write(arguments: &Arguments, calibration: &Calibration) -> Result<()> {
    let originals = Originals::new(arguments.reference.iter().chain([&arguments.picture]));
    let put = |path: &Option<PathBuf>, make: &dyn Fn() -> Result<Vec<u8>>| {
        let Some(path) = path else { return Ok(()) };
        originals.spare(path, true)?;
        write_atomic(path, &make()?)
            .with_context(|| format!("{} cannot be written", path.display()))
    };
    put(&arguments.output, &|| Ok(calibration.to_toml()?.into_bytes()))?;
    put(&arguments.icc, &|| Ok(icc::profile(calibration)))?;
    put(&arguments.dcp, &|| Ok(dcp::profile(calibration)?))?;
    put(&arguments.report, &|| Ok(report::html(calibration).into_bytes()))
}

fn measure(arguments: &Arguments) -> Result<(Found, Calibration)> {
    let card = match arguments.card {
        CardName::Auto => Card::Auto,
        CardName::Grey => Card::Grey,
        CardName::Classic24 => Card::Classic24,
    };
    let bytes = open::bytes(&arguments.picture)?;
    let found = match open::kind(&bytes)? {
        Kind::Raw => found(Source::from(&raw::sensor_linear(&bytes)?), card, arguments)?,
        _ => found(Source::from(&*open::decode(&bytes)?.to_srgb8()), card, arguments)?,
    };
    let base = arguments.base.as_deref().map(load_calibration).transpose()?;
    let mismatch = base.as_ref().and_then(|b| b.mismatch(&found));
    let reference =
        arguments.reference.as_deref().map(load_reference).transpose().map_err(Error::msg)?;
    let mut calibration = fit(&found, &Options { reference, base, ..options(arguments, &bytes) })?;
    calibration.warnings.extend(mismatch);
    Ok((found, calibration))
}

fn found(source: Source<'_>, card: Card, arguments: &Arguments) -> Result<Found, NotFound> {
    match arguments.corners.as_deref() {
        Some(&[a, b, c, d]) => read_at(source, card, [a, b, c, d]),
        _ => find(source, card),
    }
}

fn options(arguments: &Arguments, bytes: &[u8]) -> Options {
    let said = open::facts(bytes);
    let mut options = Options {
        transfer: match arguments.transfer {
            Curve::Auto => Transfer::Auto,
            Curve::Srgb => Transfer::Srgb,
            Curve::Linear => Transfer::Linear,
        },
        edition: match arguments.edition {
            EditionName::After2014 => Edition::After2014,
            EditionName::Before2014 => Edition::Before2014,
        },
        made: Moment::now().rfc3339(),
        camera: said.model.unwrap_or_default(),
        lens: said.lens.unwrap_or_default(),
        ..Options::default()
    };
    options.light.name.clone_from(&arguments.light);
    options
}

fn tell(arguments: &Arguments, found: &Found, made: &Calibration) {
    let fits = &made.delta_e_2000;
    if arguments.json {
        say!("{}", object(&arguments.picture, arguments.output.as_deref(), found, made));
        return;
    }
    say!("{}", made.summary());
    say!(
        "ΔE2000: {:.2} before, {:.2} after in the mean, {:.2} at worst",
        fits.before.mean,
        fits.after.mean,
        fits.after.max
    );
    made.warnings.iter().for_each(|w| note!("{w}"));
}

fn object(
    file: &Path,
    output: Option<&Path>,
    found: &Found,
    made: &Calibration,
) -> serde_json::Value {
    let fits = &made.delta_e_2000;
    json!({
        "file": file, "card": made.card, "corners": found.corners, "transfer": made.transfer,
        "white_balance": made.gains, "exposure_ev": made.exposure_ev, "method": made.method,
        "delta_e_2000": {
            "before": {"mean": fits.before.mean, "max": fits.before.max},
            "after": {"mean": fits.after.mean, "p90": fits.after.p90, "max": fits.after.max},
            "leave_one_out": {"mean": fits.leave_one_out},
        },
        "unevenness_ev": made.unevenness_ev, "warnings": made.warnings, "output": output,
    })
}
