//! From a camera's name to a camera that answers.

use super::Practice;
use crate::camera::{Abilities, Camera, CameraError, CameraSpec, Found};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A camera that answered.
pub(super) struct Opened {
    /// The camera.
    pub(super) camera: Box<dyn Camera>,
    /// Maker's name for the model.
    pub(super) model: String,
    /// Tells this body from another.
    pub(super) identity: String,
    /// What it can do.
    pub(super) abilities: Abilities,
}

/// Opens a camera; the first answer tells whether somebody is there.
pub(super) fn open(
    spec: &CameraSpec,
    practice: &Mutex<Option<Arc<Practice>>>,
    stop: Arc<AtomicBool>,
) -> Result<Opened, CameraError> {
    let spec = match spec {
        CameraSpec::Practice => {
            let port = port_of(practice).map_err(|e| {
                CameraError::Absent("the practice camera".to_owned(), e.to_string())
            })?;
            CameraSpec::PtpIp { host: "127.0.0.1".to_owned(), port }
        }
        other => other.clone(),
    };
    let camera = super::host::open(&spec, stop)?;
    let model = camera.model();
    let abilities = camera.abilities();
    let identity = identity(&model, camera.serial().as_deref());
    Ok(Opened { camera, model, identity, abilities })
}

/// Tells a body from every other, over whatever cable it is reached.
fn identity(model: &str, serial: Option<&str>) -> String {
    match serial.map(str::trim) {
        // Some bodies fill the field with zeros.
        Some(serial) if serial.contains(|c| c != '0' && c != ' ') => format!("{model} #{serial}"),
        _ => model.to_owned(),
    }
}

/// The practice camera's port; the set is laid out when it is first asked for.
fn port_of(practice: &Mutex<Option<Arc<Practice>>>) -> std::io::Result<u16> {
    let mut kept = practice.lock();
    if let Some(practice) = kept.as_ref() {
        return Ok(practice.port);
    }
    let started = Practice::start(0)?;
    let port = started.port;
    *kept = Some(Arc::new(started));
    Ok(port)
}

/// What is attached, without the practice camera, which is always there.
pub fn attached() -> Result<Vec<Found>, CameraError> {
    super::host::Launch::usual()
        .and_then(|launch| super::host::look(&launch))
        .map(|(found, _)| found)
}

/// The camera that a person most likely means: the first that is attached, or the practice camera.
pub fn preferred_camera() -> CameraSpec {
    let first = attached().ok().and_then(|found| found.into_iter().next());
    first.map_or(CameraSpec::Practice, |found| found.spec)
}
