//! `culet doctor`: what a shoot needs, line by line, with what to do about what is missing.

use crate::camera::CameraSpec;
use crate::engine::checks;
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A camera that is opened and asked for its battery, card and clock, written as for `shoot`.
    #[arg(long)]
    camera: Option<CameraSpec>,
    /// Where the shoot will be kept; the usual place by default.
    #[arg(long)]
    session: Option<PathBuf>,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

/// 1 when something needs to be done before a shoot.
pub(super) fn run(arguments: &Arguments) -> u8 {
    let usual = || super::new_session_folder().unwrap_or_else(|_| PathBuf::from("."));
    let folder = arguments.session.clone().unwrap_or_else(usual);
    let mut status = 0;
    for check in checks(&folder, arguments.camera.as_ref()) {
        status |= u8::from(!check.good);
        if arguments.json {
            say!(
                "{}",
                json!({"what": check.what, "good": check.good, "found": check.found,
                    "advice": check.advice})
            );
            continue;
        }
        let mark = if check.good { "ok  " } else { "LOOK" };
        say!("{mark}  {:<11} {}", check.what, check.found);
        if let Some(advice) = check.advice {
            say!("      {:<11} {advice}", "");
        }
    }
    status
}
