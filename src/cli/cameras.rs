//! `culet cameras`: what is attached, and the practice camera.

use crate::camera::{CameraSpec, Found};
use crate::engine::attached;
use serde_json::json;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> u8 {
    let practice =
        Found { model: "practice camera (built in)".to_owned(), spec: CameraSpec::Practice };
    let (found, status) = match attached() {
        Ok(found) => (found, 0),
        Err(e) => {
            super::complain(std::path::Path::new("attached cameras"), &e, arguments.json);
            (Vec::new(), 1)
        }
    };
    for one in std::iter::once(&practice).chain(&found) {
        tell(one, arguments.json);
    }
    if found.is_empty() && !arguments.json {
        note!("no camera is attached; culet doctor says what to check");
    }
    status
}

fn tell(found: &Found, json: bool) {
    let (port, can) = about(&found.spec);
    if json {
        say!(
            "{}",
            json!({"camera": found.spec.to_string(), "model": found.model, "port": port, "can": can})
        );
    } else {
        say!("{:<40} {} ({})", found.spec.to_string(), found.model, can.join(", "));
    }
}

/// Where a kind of camera is and what it can do before it is opened.
fn about(spec: &CameraSpec) -> (String, &'static [&'static str]) {
    const ALL: &[&str] = &["live view", "capture", "settings"];
    match spec {
        CameraSpec::Gphoto { port, .. } => {
            (port.clone().unwrap_or_default(), &["capture", "settings"])
        }
        CameraSpec::PtpIp { host, port } => (format!("{host}:{port}"), ALL),
        CameraSpec::Webcam(n) => (format!("webcam {n}"), &["live view", "capture"]),
        CameraSpec::Folder(dir) => (dir.display().to_string(), &["capture"]),
        CameraSpec::Practice | CameraSpec::Auto => (String::new(), ALL),
    }
}
