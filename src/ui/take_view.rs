//! A take in an area of the screen, with or without its edit, zoomed as all takes are.

use super::app::App;
use super::canvas::{self, Place};
use super::marks::Marks;
use super::model::{Finish, View};
use super::pictures::WHOLE;
use super::{brush, cell, overlay, scores, widgets};
use crate::engine::contract::{Take, TakeId};
use egui::{Align2, Color32, PointerButton, Rect, Ui, pos2, vec2};

/// Draws the take; asks for what is missing.
pub(super) fn show(app: &mut App, ui: &mut Ui, area: Rect, id: TakeId) {
    let Some(take) = app.model.takes.get(&id).cloned() else { return };
    ui.push_id(("view of take", id), |ui| draw(app, ui, area, &take));
}

fn draw(app: &mut App, ui: &mut Ui, area: Rect, take: &Take) {
    if let Some(trouble) = &take.trouble {
        ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| {
            widgets::empty(ui, &format!("{} cannot be opened", take.name), trouble, |_| {});
        });
        return;
    }
    let finish = if take.recipe.is_some() { app.finish() } else { Finish::Before };
    let after = (take.id, true);
    let before = (take.id, false);
    let main = if finish == Finish::Before { before } else { after };
    let size = app.pictures.full(before).or_else(|| app.pictures.full(after));
    let stand_in = take.thumbnail.as_ref().map_or((3, 2), |t| (t.w.max(1), t.h.max(1)));
    let (w, h) = size.unwrap_or((stand_in.0 * 20, stand_in.1 * 20));
    let place = Place { area, full: vec2(w as f32, h as f32), density: ui.pixels_per_point() };
    let name = format!("Picture of {}", take.name);
    let zoom = app.zoom;
    let response = canvas::interact(
        ui,
        ui.scope_id().with("canvas"),
        &name,
        &place,
        &mut app.zoom,
        &mut app.zoom_asked,
    );
    let in_hand = app.model.view == View::Retouch && app.brush.is_some();
    if in_hand && (response.dragged_by(PointerButton::Primary) || response.double_clicked()) {
        app.zoom = zoom; // the brush has the pointer
    }
    app.zoom_text = place.percent(&app.zoom);
    let rect = place.rect(&app.zoom);
    let side = rect.size().max_elem() * place.density;
    app.want(main, side);
    if finish == Finish::Split {
        app.want(before, side);
    }
    let painter = ui.painter().with_clip_rect(area);
    if app.model.look.assess {
        overlay::white_frame(&painter, rect);
    }
    let marks = marks(app);
    if !app.pictures.paint(&painter, main, rect, marks)
        && !app.pictures.paint(&painter, before, rect, marks)
    {
        stand_in_paint(app, &painter, take, rect);
    }
    if finish == Finish::Split {
        let x = overlay::split(ui, area, rect, &mut app.model.look.split);
        let left = Rect::from_min_max(area.min, pos2(x, area.max.y));
        let half = ui.painter().with_clip_rect(left);
        app.pictures.paint(&half, before, rect, marks);
        overlay::split_line(&painter, area, rect, x);
    }
    let judged = scores::judged(take.score.as_deref(), place.full);
    let axis = take.score.as_deref().and_then(scores::axis);
    overlay::guides(&painter, rect, app.model.look.guides, judged, axis);
    if let Some(region) = app.pointed.filter(|_| app.model.active == Some(take.id)) {
        overlay::region(&painter, rect, judged, region);
    }
    if in_hand {
        brush::paint(app, ui, &response, &painter, rect, take);
    }
    super::card::overlay(app, ui, &painter, rect);
    words(app, &painter, area, take, finish);
    let pointer = ui.ctx().pointer_hover_pos().filter(|p| area.contains(*p));
    if let Some(pointer) = pointer {
        app.probe = app.pictures.probe(main, ((pointer - rect.min) / rect.size()).to_pos2());
    }
}

fn marks(app: &App) -> Marks {
    let look = &app.model.look;
    Marks { clipping: look.clipping, zebra: look.zebra, peaking: look.peaking }
}

/// The thumbnail, until the picture is there.
fn stand_in_paint(app: &mut App, painter: &egui::Painter, take: &Take, rect: Rect) {
    let thumbnail = take.thumbnail.as_ref();
    match thumbnail.and_then(|t| app.pictures.thumbnail(painter.ctx(), take.id, t)) {
        Some(texture) => {
            painter.image(texture.id(), rect, WHOLE, Color32::WHITE);
        }
        None => {
            painter.rect_filled(rect, 0.0, Color32::from_gray(60));
        }
    }
}

/// Name and marks at the upper left; which side is which.
fn words(app: &App, painter: &egui::Painter, area: Rect, take: &Take, finish: Finish) {
    let corner = area.min + vec2(12.0, 10.0);
    if finish == Finish::Split {
        let low = area.max.y - 10.0;
        widgets::over_picture(
            painter,
            pos2(area.min.x + 12.0, low),
            Align2::LEFT_BOTTOM,
            "before",
            13.0,
        );
        widgets::over_picture(
            painter,
            pos2(area.max.x - 12.0, low),
            Align2::RIGHT_BOTTOM,
            "after",
            13.0,
        );
    }
    if !app.model.look.information || app.model.look.lights_out {
        return;
    }
    let score =
        take.score.as_ref().map_or("pending".to_owned(), |s| format!("{:.0}", s.overall * 100.0));
    let which = match finish {
        _ if take.recipe.is_none() => "",
        Finish::Before => "  before",
        Finish::After => "  with its edit",
        Finish::Split => "",
    };
    let text = format!("{}   {score}{which}", take.name);
    let plate = widgets::over_picture(painter, corner, Align2::LEFT_TOP, &text, 13.0);
    let mut below = pos2(plate.left(), plate.bottom() + 12.0);
    if take.rating > 0 || take.flag != crate::session::Flag::None || take.label.is_some() {
        let width = 10.0
            + 13.0 * f32::from(take.rating)
            + if take.flag == crate::session::Flag::None { 0.0 } else { 18.0 }
            + if take.label.is_some() { 16.0 } else { 0.0 };
        widgets::plate(painter, Rect::from_min_size(below - vec2(0.0, 9.0), vec2(width, 18.0)));
        below.x += 5.0;
        widgets::stars(painter, below, take.rating, 12.0);
        below.x += 13.0 * f32::from(take.rating);
        if take.flag != crate::session::Flag::None {
            widgets::flag(painter, below + vec2(7.0, 0.0), take.flag, 12.0);
            below.x += 18.0;
        }
        if let Some(label) = take.label {
            painter.circle_filled(below + vec2(6.0, 0.0), 5.0, widgets::label_colour(label));
        }
    }
    if take.safety == crate::engine::contract::Safety::Card {
        let at = pos2(area.max.x - 12.0, area.min.y + 10.0);
        let text = if area.width() > 560.0 { cell::safety(take.safety) } else { "card only" };
        widgets::over_picture(painter, at, Align2::RIGHT_TOP, text, 13.0);
    }
    if app.model.is_awaited(take.id) {
        let at = pos2(area.center().x, area.min.y + 10.0);
        widgets::over_picture(painter, at, Align2::CENTER_TOP, "retouching \u{2026}", 14.0);
    }
}
