//! The line below: how live view runs, what waits, what was said.

use super::app::App;
use super::icons::Icon;
use super::theme;
use super::widgets::icon_button;
use crate::engine::contract::{CameraState, Level};
use egui::{Align, Layout, RichText, Sense, Ui, vec2};

/// Draws the line.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 14.0;
        let small = |text: String| RichText::new(text).size(11.5).color(theme::WEAK);
        let vitals = &app.model.vitals;
        let live = matches!(app.model.camera, CameraState::Live(_));
        let speed = if live {
            let (rate, late) = (vitals.frames_per_second, vitals.latency_p95_ms);
            format!("{rate:.0} frames/s   {late:.0} ms   {} dropped", vitals.dropped)
        } else {
            "live view off".to_owned()
        };
        ui.label(small(speed)).on_hover_text(
            "Live frames a second; from a frame's arrival to the screen, 19 of 20 frames; frames that newer ones replaced",
        );
        if vitals.waiting > 0 {
            ui.label(small(format!("scoring {}", vitals.waiting)));
        }
        if vitals.copying > 0 {
            ui.label(small(format!("copying {}", vitals.copying)));
        }
        if let Some((what, done, all)) = &app.model.progress {
            ui.label(small(format!("{what} {done} of {all}")));
            let share = *done as f32 / (*all).max(1) as f32;
            ui.add(egui::ProgressBar::new(share).desired_width(90.0).desired_height(6.0));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(small(app.zoom_text.clone()));
            if let Some([r, g, b]) = app.probe {
                ui.label(small(format!("R {r}  G {g}  B {b}")));
            }
            message(app, ui);
        });
    });
}

/// The last message; those before under the pointer.
fn message(app: &App, ui: &mut Ui) {
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let Some((level, text)) = app.model.messages.back() else { return };
        if *level != Level::Note {
            let (rect, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
            ui.painter().circle_filled(rect.center(), 4.0, colour(*level));
        }
        let label = egui::Label::new(RichText::new(text).size(12.0).color(theme::TEXT)).truncate();
        ui.add(label.sense(Sense::hover())).on_hover_ui(|ui| {
            for (level, text) in app.model.messages.iter().rev().take(14).rev() {
                let colour = if *level == Level::Note { theme::TEXT } else { colour(*level) };
                ui.label(RichText::new(text).color(colour));
            }
        });
    });
}

/// A message's colour.
fn colour(level: Level) -> egui::Color32 {
    match level {
        Level::Note => theme::TEXT,
        Level::Warning => theme::WARN,
        Level::Error => theme::BAD,
    }
}

/// A warning or an error stays over the window until it is seen to.
pub(super) fn notice(app: &mut App, ctx: &egui::Context, above: f32) {
    let Some((level, text)) = app.model.notice.clone() else { return };
    let area = egui::Area::new(egui::Id::unique("notice"))
        .anchor(egui::Align2::CENTER_TOP, vec2(0.0, above + 10.0))
        .order(egui::Order::Foreground);
    area.show(ctx, |ui| {
        egui::Frame::popup(ui.style()).inner_margin(10.0).show(ui, |ui| {
            ui.horizontal(|ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(12.0, 22.0), Sense::hover());
                ui.painter().circle_filled(rect.center(), 5.0, colour(level));
                ui.vertical(|ui| {
                    ui.set_max_width(520.0);
                    ui.add_space(3.0);
                    ui.add(egui::Label::new(RichText::new(text).color(theme::STRONG)).wrap());
                });
                if icon_button(ui, Icon::Cross, false, "Seen", "Seen").clicked() {
                    app.model.notice = None;
                }
            });
        });
    });
}
