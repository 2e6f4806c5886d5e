//! The window: one client of the engine. It shows the newest state and sends commands; it reads no
//! files, decodes nothing and starts nothing slower than a frame.
//!
//! | file | what it draws or knows |
//! | --- | --- |
//! | [`commands`] | every command with its text, help and keys, as one table |
//! | [`model`] | the state that events build up, and what commands do to it; knows no egui |
//! | [`history`] | what can be undone |
//! | [`app`] | the frame: events in, keys, panels around the picture |
//! | `theme`, `icons`, `widgets` | greys, painted signs, meters and switches |
//! | `canvas`, `pictures`, `live_picture`, `marks` | zoom and pan; tiles, textures and overlays |
//! | `topbar`, `side`, `strip`, `status` | the panels around the picture |
//! | `live`, `cull`, `compare`, `retouch`, `calibrate` | the views in the middle |
//! | `readings`, `histogram`, `stack`, `sliders` | the panel at the right |
//! | `palette`, `keysheet`, `export`, `settings` | what opens above everything |

pub mod app;
pub mod commands;
pub mod history;
pub mod model;

mod brush;
mod calibrate;
mod canvas;
mod card;
mod cell;
mod client;
mod compare;
mod cull;
mod export;
mod histogram;
mod icons;
mod keysheet;
mod live;
mod live_picture;
mod marks;
mod overlay;
mod palette;
mod perform;
mod pictures;
mod readings;
mod retouch;
mod scores;
mod settings;
mod side;
mod sliders;
mod specks;
mod stack;
mod status;
mod strip;
mod suggested;
mod take_view;
mod theme;
mod topbar;
mod widgets;

pub use app::App;

use crate::engine::contract::Link;
use anyhow::anyhow;
use std::error::Error;
use std::time::Duration;

/// Called by the engine after anything that the window should see; from any thread.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// Opens the window and returns when it is closed. `start` is called once the window can be woken;
/// what keeps the engine alive stays with the caller.
pub fn run(
    start: impl FnOnce(Wake) -> Result<Link, Box<dyn Error + Send + Sync>>,
) -> anyhow::Result<()> {
    let viewport = egui::ViewportBuilder::default()
        .with_title("Culet")
        .with_app_id("culet")
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([960.0, 600.0]);
    // Without dithering a screen pixel is exactly the file's pixel.
    let options = eframe::NativeOptions { viewport, dithering: false, ..Default::default() };
    eframe::run_native(
        "Culet",
        options,
        Box::new(|creation| {
            let ctx = creation.egui_ctx.clone();
            // Asked for when the window is made, X11's window managers do not hear it.
            ctx.send_viewport_cmd(egui::ViewportCommand::Maximized(true));
            // `request_repaint` would paint twice; a tenth of a millisecond later paints once.
            let link = start(Box::new(move || {
                ctx.request_repaint_after(Duration::from_micros(100));
            }))?;
            Ok(Box::new(App::new(&creation.egui_ctx, link)))
        }),
    )
    .map_err(|e| match e {
        // The engine's own sentence.
        eframe::Error::AppCreation(e) => anyhow!("{e}"),
        eframe::Error::WinitEventLoop(e) => {
            tracing::debug!("{e}");
            anyhow!("no display was found to open the window on; culet shoot does the same job without one")
        }
        e => anyhow!("no window could be opened: {e}; culet shoot does the same job without one"),
    })
}
