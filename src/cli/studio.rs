//! `culet` and `culet studio`: the window.

use crate::camera::CameraSpec;
use crate::engine::Studio;
use crate::engine::contract::Command;
use anyhow::Result;
use std::path::PathBuf;

#[derive(clap::Args, Default)]
pub(super) struct Arguments {
    /// `practice`, `auto`, `gphoto[:MODEL[@PORT]]`, `ptpip:HOST[:PORT]`, `webcam[:N]`, `folder:DIR`;
    /// a camera that is attached, or the practice camera, by default.
    #[arg(long)]
    camera: Option<CameraSpec>,
    /// The session's folder; a new one by default.
    #[arg(long)]
    session: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let folder = arguments.session.clone().map_or_else(super::new_session_folder, Ok)?;
    let camera = arguments.camera.clone().unwrap_or_else(crate::engine::preferred_camera);
    let mut running = None;
    crate::ui::run(|wake| {
        let (studio, link) = Studio::start(&folder, wake)?;
        link.commands.send(Command::Connect(camera)).ok();
        running = Some(studio);
        Ok(link)
    })?;
    drop(running);
    note!("session: {}", folder.display());
    Ok(0)
}
