//! Live view: the frame with its overlays, and what to change now.

use super::app::App;
use super::canvas::{self, Place};
use super::icons::Icon;
use super::model::{Finish, View};
use super::pictures::WHOLE;
use super::widgets::{self, icon_button};
use super::{overlay, scores, side, theme};
use crate::engine::contract::{CameraState, Command};
use crate::suggest::Suggestion;
use egui::{Align, Align2, Color32, Layout, Rect, RichText, Ui, pos2, vec2};

/// Height of the band with suggestions; always there, so that the picture never jumps.
const BAND: f32 = 84.0;

/// Draws the view.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    let area = ui.max_rect();
    let band = if app.model.look.lights_out { 0.0 } else { BAND };
    let middle = Rect::from_min_max(area.min, pos2(area.max.x, area.max.y - band));
    if app.live.picture.texture().is_none() {
        ui.scope_builder(egui::UiBuilder::new().max_rect(middle), |ui| nothing(app, ui));
        tell_side(app, ui, middle.size().max_elem());
        return;
    }
    picture(app, ui, middle);
    if band > 0.0 {
        let below = Rect::from_min_max(pos2(area.min.x, middle.max.y), area.max);
        ui.scope_builder(egui::UiBuilder::new().max_rect(below), |ui| suggestions(app, ui));
    }
}

/// Why there is no picture, and what to do.
fn nothing(app: &mut App, ui: &mut Ui) {
    match app.model.camera.clone() {
        CameraState::Off => widgets::empty(
            ui,
            "No camera",
            "Connect one by USB and switch it on, then press Find. Or try the practice camera: it behaves like a real one.",
            |ui| {
                if ui.button("Find cameras").clicked() {
                    app.model.send(Command::FindCameras);
                }
                ui.scope(|ui| {
                    ui.set_max_width(220.0);
                    side::choices(app, ui);
                });
            },
        ),
        CameraState::Ready(_) => widgets::empty(
            ui,
            "Live view is off",
            "Press V to see what the camera sees. F12 captures either way.",
            |ui| {
                if ui.button("Start live view").clicked() {
                    app.model.send(Command::LiveView(true));
                }
            },
        ),
        CameraState::Gone(why) => widgets::empty(
            ui,
            "The camera is gone",
            &format!(
                "{why} Captures that were stored are safe; Culet goes on when it answers again."
            ),
            |_| {},
        ),
        CameraState::Looking(what) | CameraState::Connecting(what) => {
            widgets::empty(ui, "Connecting", &what, |_| {});
        }
        CameraState::Live(_) | CameraState::Capturing(_) | CameraState::Transferring(_) => {
            widgets::empty(ui, "Waiting for the first frame", "It comes within seconds.", |_| {});
        }
    }
}

fn picture(app: &mut App, ui: &mut Ui, area: Rect) {
    let Some(shown) = app.live.picture.texture().map(egui::TextureHandle::size_vec2) else {
        return;
    };
    let told = vec2(app.live.size.0 as f32, app.live.size.1 as f32);
    let full = if told.min_elem() < 1.0 { shown } else { told };
    let place = Place { area, full, density: ui.pixels_per_point() };
    let id = ui.scope_id().with("live");
    canvas::interact(ui, id, "Live view", &place, &mut app.live_zoom, &mut app.zoom_asked);
    app.zoom_text = place.percent(&app.live_zoom);
    let rect = place.rect(&app.live_zoom);
    let side = rect.size().max_elem();
    let painter = ui.painter().with_clip_rect(area);
    if app.model.look.assess {
        overlay::white_frame(&painter, rect);
    }
    let finish = app.live_finish();
    if let Some(texture) = app.live.picture.texture() {
        painter.image(texture.id(), rect, WHOLE, Color32::WHITE);
    }
    if finish != Finish::Before
        && let Some(texture) = app.live.finished.texture().map(egui::TextureHandle::id)
    {
        if finish == Finish::Split {
            let x = overlay::split(ui, area, rect, &mut app.model.look.split);
            let right = Rect::from_min_max(pos2(x, area.min.y), area.max);
            ui.painter().with_clip_rect(right).image(texture, rect, WHOLE, Color32::WHITE);
            overlay::split_line(&painter, area, rect, x);
        } else {
            painter.image(texture, rect, WHOLE, Color32::WHITE);
        }
    }
    for layer in [&app.live.overlay, &app.live.zebra] {
        if let Some(texture) = layer.texture() {
            painter.image(texture.id(), rect, WHOLE, Color32::WHITE);
        }
    }
    let judged = scores::judged(app.live.score.as_deref(), full);
    let axis = app.live.score.as_deref().and_then(scores::axis);
    overlay::guides(&painter, rect, app.model.look.guides, judged, axis);
    let advised = app.live.suggestions.first().filter(|_| app.model.view != View::Calibrate);
    if let Some(region) = advised.and_then(|s| s.region) {
        overlay::region(&painter, rect, judged, region);
    }
    if let Some(region) = app.pointed {
        overlay::region(&painter, rect, judged, region);
    }
    super::card::overlay(app, ui, &painter, rect);
    let words = match &app.model.camera {
        CameraState::Capturing(_) => Some("capturing \u{2026}"),
        CameraState::Transferring(_) => Some("fetching the picture \u{2026}"),
        CameraState::Gone(_) => Some("the camera is gone; this is its last frame"),
        _ if finish != Finish::Before && app.live.finished.texture().is_none() => {
            Some("finish \u{2026}")
        }
        _ => None,
    };
    if let Some(words) = words {
        let at = pos2(area.center().x, area.top() + 10.0);
        widgets::over_picture(&painter, at, Align2::CENTER_TOP, words, 14.0);
    }
    let pointer = ui.ctx().pointer_hover_pos().filter(|p| area.contains(*p));
    app.probe = pointer.and_then(|p| app.live.probe(((p - rect.min) / rect.size()).to_pos2()));
    tell_side(app, ui, side);
}

/// How large live frames are wanted: as on the screen, in coarse steps.
fn tell_side(app: &mut App, ui: &Ui, points: f32) {
    let largest = app.live.size.0.max(app.live.size.1);
    let side = (points * ui.pixels_per_point()).clamp(256.0, 4096.0) as usize;
    let side = side.next_multiple_of(128);
    // Larger than the camera's own frames there is nothing to gain.
    let side = if largest > 0 { side.min(largest.next_multiple_of(128)) } else { side };
    app.model.tell_look(side);
}

/// The most costly one large, the others small; each can be muted.
fn suggestions(app: &mut App, ui: &mut Ui) {
    let all = std::sync::Arc::clone(&app.live.suggestions);
    let mut heard = all.iter().filter(|s| !app.model.muted.contains(&s.kind));
    let mut mute: Option<String> = None;
    let rect = ui.max_rect().shrink2(vec2(16.0, 6.0));
    let (large, small) = rect.split_top_bottom_at_fraction(0.55);
    let row =
        |rect| egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center));
    ui.scope_builder(row(large), |ui| {
        let Some(first) = heard.next() else {
            let text = if app.live.score.is_some() { "Nothing to change." } else { "" };
            ui.label(RichText::new(text).size(17.0).color(theme::GOOD));
            return;
        };
        mute = mute_button(ui, first);
        let text = RichText::new(&first.text).size(21.0).color(theme::STRONG);
        ui.add(egui::Label::new(text).truncate());
    });
    // A row of their own: next to the large one they would run into it in a narrow window.
    ui.scope_builder(row(small), |ui| {
        let others: Vec<&Suggestion> = heard.collect();
        let width = ui.available_width() / others.len().max(1) as f32;
        for other in others {
            ui.allocate_ui_with_layout(
                vec2(width - 10.0, small.height()),
                Layout::left_to_right(Align::Center),
                |ui| {
                    if let Some(kind) = mute_button(ui, other) {
                        mute = Some(kind);
                    }
                    let text = RichText::new(&other.text).size(13.0).color(theme::TEXT);
                    ui.add(egui::Label::new(text).truncate());
                },
            );
        }
    });
    if let Some(kind) = mute {
        app.model.mute(&kind, true);
    }
}

fn mute_button(ui: &mut Ui, suggestion: &Suggestion) -> Option<String> {
    let name = format!("Mute {}", suggestion.kind);
    let help =
        "Not for this set: it stays silent until it is heard again in the panel at the left.";
    icon_button(ui, Icon::Mute, false, &name, help).clicked().then(|| suggestion.kind.clone())
}
