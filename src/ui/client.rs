//! The client view: a second window with nothing but the picture.

use super::app::App;
use super::pictures::WHOLE;
use super::{cell, theme};
use egui::{Color32, Context, ViewportBuilder, ViewportId};

/// Draws the second window while it is wanted.
pub(super) fn show(app: &mut App, ctx: &Context) {
    if !app.client {
        return;
    }
    let builder = ViewportBuilder::default()
        .with_title("Culet: client view")
        .with_inner_size([1000.0, 700.0]);
    ctx.show_viewport_immediate(ViewportId::from_hash_of("client"), builder, |ui, _| {
        let area = ui.max_rect();
        ui.painter().rect_filled(area, 0.0, theme::SURROUND);
        picture(app, ui, area.shrink(16.0));
        if ui.input(|i| i.viewport().close_requested()) {
            app.client = false;
        }
    });
}

fn picture(app: &mut App, ui: &egui::Ui, area: egui::Rect) {
    if app.model.view == super::model::View::Live
        && let Some(texture) = app.live.finished.texture().or(app.live.picture.texture())
    {
        let at = cell::fitted(area, texture.size_vec2());
        ui.painter().image(texture.id(), at, WHOLE, Color32::WHITE);
        return;
    }
    let Some(take) = app.model.take() else { return };
    let (id, edited) = (take.id, take.recipe.is_some());
    for key in [(id, edited), (id, false)] {
        if let Some((w, h)) = app.pictures.full(key) {
            let at = cell::fitted(area, egui::vec2(w as f32, h as f32));
            if app.pictures.paint(ui.painter(), key, at, super::marks::Marks::default()) {
                return;
            }
        }
    }
}
