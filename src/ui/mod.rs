//! The window: a client of the engine. It only draws and sends commands.

use crate::engine::studio::Studio;
use crate::session::Session;
use egui::{Color32, ColorImage, Key, TextureHandle, TextureOptions};
use std::time::Duration;

struct Window {
    studio: Studio,
    texture: Option<TextureHandle>,
    shown: u64,
}

/// Opens the studio and returns when it is closed.
pub fn run(session: Session) -> Result<(), eframe::Error> {
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default().with_inner_size([1200.0, 760.0]),
        ..Default::default()
    };
    eframe::run_native(
        "Culet",
        options,
        Box::new(|creation| {
            let ctx = creation.egui_ctx.clone();
            let wake = move || ctx.request_repaint_after(Duration::from_micros(100));
            let studio = Studio::start(session, wake)?;
            Ok(Box::new(Window { studio, texture: None, shown: 0 }))
        }),
    )
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        let view = self.studio.view();
        if let Some(frame) = view.frame.as_ref().filter(|_| view.number != self.shown) {
            let image = ColorImage::from_rgb([frame.w, frame.h], &frame.data);
            match &mut self.texture {
                Some(texture) => texture.set(image, TextureOptions::LINEAR),
                None => {
                    let made = ui.ctx().load_texture("live", image, TextureOptions::LINEAR);
                    self.texture = Some(made);
                }
            }
            self.shown = view.number;
        }
        let pressed = ui.input_mut(|i| i.consume_key(egui::Modifiers::NONE, Key::F12));
        egui::Panel::top("bar").show_inside(ui, |ui| {
            ui.horizontal(|ui| {
                if ui.button("Capture").on_hover_text("F12").clicked() || pressed {
                    self.studio.capture();
                }
                ui.label(&view.status);
            });
        });
        egui::Panel::right("readings").show_inside(ui, |ui| {
            ui.set_width(280.0);
            ui.heading("Readings");
            if let Some(s) = &view.score {
                let readings = [
                    ("Focus", &s.focus),
                    ("Symmetry", &s.symmetry.reading),
                    ("Lighting", &s.lighting.reading),
                ];
                for (name, reading) in readings {
                    ui.add(egui::ProgressBar::new(reading.value).text(name));
                    ui.label(&reading.because);
                }
            }
            ui.separator();
            ui.heading("Takes");
            for (name, score) in view.takes.iter().rev().take(20) {
                ui.label(format!("{name}  {score:.2}"));
            }
        });
        let surround = egui::Frame::new().fill(Color32::from_gray(56));
        egui::CentralPanel::default().frame(surround).show_inside(ui, |ui| {
            if let Some(texture) = &self.texture {
                ui.centered_and_justified(|ui| {
                    ui.add(egui::Image::new(texture).shrink_to_fit());
                });
            }
        });
    }
}
