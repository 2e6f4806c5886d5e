//! Finding a camera and reaching it.

use crate::camera::CameraError;
use gphoto2::error::ErrorKind;
use gphoto2::list::CameraDescriptor;
use gphoto2::{Camera as Handle, Context, Error};
use parking_lot::Mutex;

/// libgphoto2's messages are sent to the context that came first: there is one a process.
static CONTEXT: Mutex<Option<Context>> = Mutex::new(None);

pub(super) fn context() -> Result<Context, Error> {
    let mut kept = CONTEXT.lock();
    if let Some(context) = &*kept {
        return Ok(context.clone());
    }
    let context = Context::new()?;
    *kept = Some(context.clone());
    Ok(context)
}

/// Model and port of every camera that libgphoto2 sees.
pub fn attached() -> Vec<(String, String)> {
    let list = context().and_then(|context| context.list_cameras().wait());
    list.map(|list| list.map(|c| (c.model, c.port)).collect()).unwrap_or_default()
}

/// The version of libgphoto2 that is loaded.
pub(in crate::camera) fn version() -> Option<&'static str> {
    gphoto2::library_version()
}

/// What is said when a camera does not open.
pub(super) fn absent(place: &str, e: &Error) -> CameraError {
    let why = match e.kind() {
        ErrorKind::IoUsbClaim | ErrorKind::IoLock => {
            format!(
                "{e}: another program holds it; on a GNOME desktop `gio mount -s gphoto2` frees it"
            )
        }
        _ => e.to_string(),
    };
    CameraError::Absent(place.to_owned(), why)
}

/// The camera that is meant by a model, a port, both or neither.
pub(super) fn find(
    context: &Context,
    model: Option<&str>,
    port: Option<&str>,
) -> Result<Handle, CameraError> {
    let place = match (model, port) {
        (_, Some(port)) => port.to_owned(),
        (Some(model), None) => format!("any port under the name {model}"),
        (None, None) => "any port".to_owned(),
    };
    let failed = |e: Error| absent(&place, &e);
    let wanted = |c: &CameraDescriptor| {
        port.is_none_or(|p| c.port == p)
            && model.is_none_or(|m| c.model.to_lowercase().contains(&m.to_lowercase()))
    };
    let named = |model: &str, port: &str| CameraDescriptor {
        model: model.to_owned(),
        port: port.to_owned(),
    };
    let descriptor = match port {
        Some(port) if port.starts_with("ptpip:") => Some(named("PTP/IP Camera", port)),
        _ => {
            let listed = context.list_cameras().wait().map_err(failed)?.find(wanted);
            // A serial port is not listed; it takes both names.
            listed.or_else(|| Some(named(model?, port?)))
        }
    };
    let descriptor = descriptor.ok_or_else(|| {
        CameraError::Absent(place.clone(), "libgphoto2 sees none there".to_owned())
    })?;
    context.get_camera(&descriptor).wait().map_err(failed)
}
