//! Calibrations and flat fields that are made, chosen or forgotten: they are kept with the session, and
//! what is judged and retouched from then on names them.

use super::colour;
use super::contract::{Event, KnownCard, Level, Placed};
use super::shared::Shared;
use crate::calibrate::{
    self, Calibration, Card, FlatField, Found, Method, Options, Reference, Transfer,
};
use crate::imaging::{Rgb8, files};
use crate::session::{Moment, Settings};
use std::fs;
use std::path::Path;

/// The session's flat field.
const FLAT_FIELD: &str = "flat-field.toml";

/// Finds or reads the card, fits a calibration and takes it into force. A grey card alone borrows the
/// colour model of the chart that is in force.
pub(super) fn calibrate(
    shared: &Shared,
    rgb: &Rgb8,
    card: &KnownCard,
    options: Options,
) -> Result<(), String> {
    let found = found(rgb, card)?;
    let grey = found.card == Card::Grey;
    let reference = match &card.reference {
        Some(path) if !grey => Some(load_reference(path)?),
        _ => None,
    };
    let in_force = shared.colour.lock().clone().map(|c| c.calibration);
    let base = in_force
        .filter(|c| grey && !c.sensor && c.method != Method::GreyOnly && c.camera == options.camera)
        .map(|c| (*c).clone());
    let mut options = Options {
        made: Moment::now().rfc3339(),
        edition: card.edition,
        camera_kelvin: card.camera_kelvin,
        reference,
        base,
        ..options
    };
    options.light.name.clone_from(&card.light);
    let made = calibrate::fit(&found, &options).map_err(|e| e.to_string())?;
    let (w, h) = (rgb.w.max(1) as f32, rgb.h.max(1) as f32);
    let corners = found.corners.map(|[x, y]| [x / w, y / h]);
    take_into_force(shared, made)?;
    shared.tell(Event::Card(Placed { grey, corners }));
    Ok(())
}

fn found(rgb: &Rgb8, card: &KnownCard) -> Result<Found, String> {
    let found = match card.placed {
        Some(Placed { grey, corners }) => {
            let corners = corners.map(|[x, y]| [x * rgb.w as f32, y * rgb.h as f32]);
            calibrate::read_at(rgb, if grey { Card::Grey } else { Card::Classic24 }, corners)
        }
        None => calibrate::find(rgb, Card::Auto),
    };
    found.map_err(|e| e.to_string())
}

/// Reads the file of a card of one's own.
pub fn load_reference(path: &Path) -> Result<Reference, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|e| format!("{name} cannot be read ({e})"))?;
    Reference::parse(&text).map_err(|e| format!("{name}: {e}"))
}

fn take_into_force(shared: &Shared, made: Calibration) -> Result<(), String> {
    let text = made.to_toml().map_err(|e| e.to_string())?;
    let now = Moment::now();
    let name = format!("calibration-{}-{}.toml", now.date(), now.time());
    let path = shared.book.lock().session.folder().join(&name);
    files::write_atomic(&path, text.as_bytes())
        .and_then(|()| remember(shared, Some(name)))
        .map_err(|e| format!("{} could not be written ({e}); make room", path.display()))?;
    made.warnings.into_iter().for_each(|w| shared.say(Level::Warning, w));
    Ok(())
}

/// The session's calibration is this file from now on.
fn remember(shared: &Shared, file: Option<String>) -> std::io::Result<()> {
    let change = |s: &mut Settings| (s.calibration, s.light_baseline) = (file, None);
    shared.book.lock().session.change_settings(change)?;
    shared.load_calibration();
    Ok(())
}

/// Takes a calibration file into force; none goes back to the camera's own colours.
pub(super) fn choose(shared: &Shared, path: Option<&Path>) -> Result<(), String> {
    let Some(path) = path else {
        return remember(shared, None).map_err(|e| format!("the session cannot be written ({e})"));
    };
    take_into_force(shared, colour::load(path).map_err(|e| e.to_string())?)
}

/// Keeps what the light read when the calibration was made.
pub(super) fn keep_baseline(shared: &Shared, baseline: [f32; 3]) -> Result<(), String> {
    if let Some(colour) = shared.colour.lock().as_mut() {
        colour.baseline = Some(baseline);
    }
    keep(shared, |s| s.light_baseline = Some(baseline))
}

/// Changes what the session remembers.
fn keep(shared: &Shared, change: impl FnOnce(&mut Settings)) -> Result<(), String> {
    let kept = shared.book.lock().session.change_settings(change);
    kept.map_err(|e| format!("the session cannot be written ({e}); make room"))
}

/// Takes a capture, by its file name, as the picture of the set without the piece; none forgets it.
pub(super) fn empty_set(shared: &Shared, name: Option<String>) -> Result<(), String> {
    keep(shared, |s| s.empty_set.clone_from(&name))?;
    shared.tell(Event::EmptySet(name));
    Ok(())
}

/// Takes a picture of a white or grey card, with its name, as the flat field; none forgets it.
pub(super) fn flat_field(shared: &Shared, card: Option<(&str, &Rgb8)>) -> Result<(), String> {
    let file = match card {
        None => None,
        Some((name, rgb)) => {
            let field =
                FlatField::from_card(rgb, Transfer::Srgb).map_err(|e| format!("{name}: {e}"))?;
            let text = field.to_toml().map_err(|e| e.to_string())?;
            let path = shared.book.lock().session.folder().join(FLAT_FIELD);
            files::write_atomic(&path, text.as_bytes())
                .map_err(|e| format!("{} could not be written ({e}); make room", path.display()))?;
            Some(FLAT_FIELD.to_owned())
        }
    };
    keep(shared, |s| s.flat_field = file)?;
    shared.load_flat_field();
    Ok(())
}
