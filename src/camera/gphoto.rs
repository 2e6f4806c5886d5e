//! Cameras through libgphoto2. Pictures stay on the card; a setting is checked against its choices
//! before it is written, because libgphoto2 writes anything, and read back after.

use super::{
    Abilities, Camera, CameraError, CameraEvent as Told, LiveFrame, Object, ObjectId, Setting,
};
use gphoto2::camera::CameraEvent;
use gphoto2::list::CameraDescriptor;
use gphoto2::widget::RadioWidget;
use gphoto2::{Camera as Handle, Context};
use std::time::{Duration, Instant};

/// A camera that libgphoto2 drives.
pub struct Gphoto {
    context: Context,
    camera: Handle,
}

/// Model and port of every camera that libgphoto2 sees.
pub fn attached() -> Vec<(String, String)> {
    let Ok(context) = Context::new() else { return Vec::new() };
    context
        .list_cameras()
        .wait()
        .map(|list| list.map(|c| (c.model, c.port)).collect())
        .unwrap_or_default()
}

impl Gphoto {
    /// Opens the camera at a port such as `usb:001,011` or `ptpip:127.0.0.1:15740:15740`, or the
    /// first that is found when none is named. The capture target is set to the card.
    pub fn open(port: Option<&str>) -> Result<Self, CameraError> {
        let absent = |e: gphoto2::Error| {
            CameraError::Absent(port.unwrap_or("any port").to_owned(), e.to_string())
        };
        let context = Context::new().map_err(absent)?;
        let camera = match port {
            None => context.autodetect_camera().wait().map_err(absent)?,
            Some(port) => {
                let named = context
                    .list_cameras()
                    .wait()
                    .ok()
                    .and_then(|mut list| list.find(|c| c.port == port));
                let model = named.map_or_else(|| "PTP/IP Camera".to_owned(), |c| c.model);
                let descriptor = CameraDescriptor { model, port: port.to_owned() };
                context.get_camera(&descriptor).wait().map_err(absent)?
            }
        };
        let mut this = Self { context, camera };
        // Opening is lazy: the first operation tells whether somebody is there.
        this.camera.summary().map_err(absent)?;
        if let Err(e) = this.set("capturetarget", "Memory card") {
            tracing::warn!("pictures may not stay on the card: {e}");
        }
        Ok(this)
    }
}

fn failed(what: &'static str) -> impl Fn(gphoto2::Error) -> CameraError {
    move |e| CameraError::Gone(what.to_owned(), e.to_string())
}

impl Camera for Gphoto {
    fn model(&self) -> String {
        self.camera.abilities().model().into_owned()
    }

    fn abilities(&self) -> Abilities {
        Abilities { live: true, trigger: true, focus_drive: true, autofocus: true, card: true }
    }

    fn frame(&mut self) -> Result<LiveFrame, CameraError> {
        let file = self.camera.capture_preview().wait().map_err(failed("showing live view"))?;
        let data = file.get_data(&self.context).wait().map_err(failed("showing live view"))?;
        Ok(LiveFrame::Jpeg(data.into_vec()))
    }

    fn end_live(&mut self) -> Result<(), CameraError> {
        Ok(())
    }

    fn trigger(&mut self) -> Result<(), CameraError> {
        self.camera.trigger_capture().wait().map_err(failed("taking a picture"))
    }

    fn events(&mut self, within: Duration) -> Result<Vec<Told>, CameraError> {
        let start = Instant::now();
        loop {
            let left = within.saturating_sub(start.elapsed());
            let event = self.camera.wait_event(left.min(Duration::from_millis(100))).wait();
            match event.map_err(failed("waiting for a picture"))? {
                CameraEvent::NewFile(path) => {
                    return Ok(vec![Told::Added(ObjectId {
                        folder: path.folder().into_owned(),
                        name: path.name().into_owned(),
                    })]);
                }
                CameraEvent::CaptureComplete => return Ok(vec![Told::Complete]),
                _ if start.elapsed() >= within => return Ok(Vec::new()),
                _ => {}
            }
        }
    }

    fn list(&mut self) -> Result<Vec<Object>, CameraError> {
        Err(CameraError::Cannot("list its card".to_owned()))
    }

    fn settings(&mut self) -> Result<Vec<Setting>, CameraError> {
        Ok(Vec::new())
    }

    fn drive_focus(&mut self, _: i32) -> Result<(), CameraError> {
        Err(CameraError::Cannot("drive the focus".to_owned()))
    }

    fn autofocus(&mut self) -> Result<(), CameraError> {
        Err(CameraError::Cannot("focus by itself".to_owned()))
    }

    fn battery(&mut self) -> Option<u8> {
        None
    }

    fn fetch(&mut self, object: &ObjectId) -> Result<Vec<u8>, CameraError> {
        let fs = self.camera.fs();
        let file =
            fs.download(&object.folder, &object.name).wait().map_err(failed("sending a picture"))?;
        let data = file.get_data(&self.context).wait().map_err(failed("sending a picture"))?;
        Ok(data.into_vec())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<String, CameraError> {
        let read = || self.camera.config_key::<RadioWidget>(name).wait();
        let widget = read().map_err(failed("reading a setting"))?;
        let choices: Vec<String> = widget.choices_iter().collect();
        if !choices.iter().any(|c| c == value) {
            let offered = choices.join(", ");
            return Err(CameraError::NotOffered(name.to_owned(), value.to_owned(), offered));
        }
        widget.set_choice(value).map_err(failed("changing a setting"))?;
        self.camera.set_config(&widget).wait().map_err(failed("changing a setting"))?;
        Ok(read().map_err(failed("reading a setting"))?.choice())
    }
}
