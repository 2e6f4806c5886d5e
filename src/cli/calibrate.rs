//! `culet calibrate`: a calibration from a picture of a grey card or a 24-patch chart.

use super::complain;
use crate::calibrate::{Calibration, Card, Found, Options, Transfer, find, fit};
use crate::imaging::files::write_atomic;
use crate::imaging::open::Kind;
use crate::imaging::{open, raw};
use crate::session::Moment;
use anyhow::{Context as _, Result};
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
    /// The transfer curve of its values; recognised by default.
    #[arg(long, value_enum, default_value_t = Curve::Auto)]
    transfer: Curve,
    /// Name of the light, for the record.
    #[arg(long, default_value = "")]
    light: String,
    /// Where the calibration is written (TOML).
    #[arg(short)]
    output: Option<PathBuf>,
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
enum Curve {
    Auto,
    Srgb,
    Linear,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    match measure(arguments) {
        Ok((found, calibration)) => {
            if let Some(path) = &arguments.output {
                write_atomic(path, calibration.to_toml()?.as_bytes())
                    .with_context(|| format!("{} cannot be written", path.display()))?;
            }
            tell(arguments, &found, &calibration);
            Ok(0)
        }
        Err(e) => {
            complain(&arguments.picture, &format!("{e:#}"), arguments.json);
            Ok(1)
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(Found, Calibration)> {
    let card = match arguments.card {
        CardName::Auto => Card::Auto,
        CardName::Grey => Card::Grey,
        CardName::Classic24 => Card::Classic24,
    };
    let bytes = open::bytes(&arguments.picture)?;
    let found = match open::kind(&bytes)? {
        Kind::Raw => find(&raw::sensor_linear(&bytes)?, card)?,
        _ => find(&*open::decode(&bytes)?.to_srgb8(), card)?,
    };
    let calibration = fit(&found, &options(arguments, &bytes))?;
    Ok((found, calibration))
}

fn options(arguments: &Arguments, bytes: &[u8]) -> Options {
    let said = open::facts(bytes);
    let mut options = Options {
        transfer: match arguments.transfer {
            Curve::Auto => Transfer::Auto,
            Curve::Srgb => Transfer::Srgb,
            Curve::Linear => Transfer::Linear,
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
        println!("{}", object(&arguments.picture, arguments.output.as_deref(), found, made));
        return;
    }
    println!("{}", made.summary());
    println!(
        "ΔE2000: {:.2} before, {:.2} after in the mean, {:.2} at worst",
        fits.before.mean, fits.after.mean, fits.after.max
    );
    made.warnings.iter().for_each(|w| eprintln!("{w}"));
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
