//! The panel at the left: session, piece, camera, filters.

use super::app::{App, Sheet};
use super::commands::{Action, tooltip};
use super::icons::{self, Icon};
use super::widgets::{self, LABELS, heading, line};
use super::{theme, topbar};
use crate::camera::CameraSpec;
use crate::engine::contract::{CameraState, Command};
use crate::session::Flag;
use egui::{Button, RichText, ScrollArea, Sense, TextEdit, Ui, vec2};

/// Draws the panel.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        session(app, ui);
        ui.add_space(8.0);
        camera(app, ui);
        ui.add_space(8.0);
        filters(app, ui);
        muted(app, ui);
    });
}

fn session(app: &mut App, ui: &mut Ui) {
    heading(ui, "Session");
    let folder = app.model.folder.clone();
    let name =
        folder.as_ref().and_then(|f| f.file_name()).map(|n| n.to_string_lossy().into_owned());
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let open = ui.button("Open \u{2026}").on_hover_text(tooltip(Action::OpenSession));
            if open.clicked() {
                app.open(Sheet::Session);
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let shown = line(ui, name.as_deref().unwrap_or("none open"), theme::STRONG);
                if let Some(folder) = &folder {
                    shown.on_hover_text(folder.to_string_lossy());
                }
            });
        });
    });
    let field = |ui: &mut Ui, text: &mut String, name: &str, hint: &str, help: &str| {
        let label = ui.label(RichText::new(name).size(11.5).color(theme::WEAK));
        let edit =
            TextEdit::singleline(text).hint_text(hint.to_owned()).desired_width(f32::INFINITY);
        let response = ui.add(edit).labelled_by(label.id).on_hover_text(help);
        response.lost_focus()
    };
    let sku = "Number of the piece in front of the camera; used by {sku} in the names of captures";
    let mut named = field(ui, &mut app.model.sku, "Piece (SKU)", "none", sku);
    let pattern = "Names of captures: {sku} {counter:4} {date} {time} {camera} {original}";
    named |= field(ui, &mut app.model.pattern, "Names", "as the camera names them", pattern);
    if named {
        app.model.tell_names();
    }
}

fn camera(app: &mut App, ui: &mut Ui) {
    heading(ui, "Camera");
    let (name, state, colour) = topbar::describe(&app.model.camera);
    line(ui, name, theme::STRONG).on_hover_text(name);
    if !matches!(app.model.camera, CameraState::Off) {
        ui.label(RichText::new(state).size(11.5).color(colour));
    }
    ui.horizontal(|ui| {
        if ui.button("Find").on_hover_text("Lists what is attached.").clicked() {
            app.model.send(Command::FindCameras);
        }
        let off = matches!(app.model.camera, CameraState::Off);
        let go = ui.add_enabled(!off, Button::new("Disconnect"));
        if go.on_hover_text("Lets the camera go, for another program.").clicked() {
            app.model.send(Command::Disconnect);
        }
    });
    choices(app, ui);
    let edit = TextEdit::singleline(&mut app.fields.camera)
        .hint_text("practice, ptpip:HOST, webcam, folder:DIR")
        .desired_width(f32::INFINITY);
    let response = ui.add(edit).accessible_name("Camera by name");
    let entered = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
    response.on_hover_text(
        "practice, auto, gphoto:MODEL@PORT, ptpip:HOST:PORT, webcam:N or folder:DIR, then Enter",
    );
    if entered && !app.fields.camera.trim().is_empty() {
        match app.fields.camera.trim().parse::<CameraSpec>() {
            Ok(spec) => app.model.send(Command::Connect(spec)),
            Err(e) => app.model.say(crate::engine::contract::Level::Warning, e.to_string()),
        }
    }
}

/// What was found, and the practice camera, which is always there.
pub(super) fn choices(app: &mut App, ui: &mut Ui) {
    let found = app.model.cameras.clone().unwrap_or_default();
    let practice = (!found.contains(&CameraSpec::Practice)).then_some(CameraSpec::Practice);
    if app.model.cameras.is_some() && found.iter().all(|c| *c == CameraSpec::Practice) {
        let text = "No camera was found. Check the cable and that the camera is on.";
        ui.label(RichText::new(text).size(11.5).color(theme::WEAK));
    }
    for spec in found.into_iter().chain(practice) {
        let text = match &spec {
            CameraSpec::Practice => "Practice camera".to_owned(),
            CameraSpec::Gphoto { model: Some(model), .. } => model.clone(),
            other => other.to_string(),
        };
        let button = Button::new(text).truncate().min_size(vec2(ui.available_width(), 24.0));
        if ui.add(button).on_hover_text(format!("Connects {spec}.")).clicked() {
            app.model.send(Command::Connect(spec));
        }
    }
}

fn filters(app: &mut App, ui: &mut Ui) {
    heading(ui, "Show only");
    let before = app.model.filter().clone();
    let mut filter = before.clone();
    ui.horizontal(|ui| {
        if let Some(stars) = widgets::star_row(ui, filter.stars, "At least stars") {
            filter.stars = if filter.stars == stars { 0 } else { stars };
        }
        ui.add_space(6.0);
        ui.label(RichText::new("or more").size(11.5).color(theme::WEAK));
    });
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let marks = [("Picks", Flag::Pick), ("Rejects", Flag::Reject), ("Unmarked", Flag::None)];
        for (text, flag) in marks {
            let on = filter.flag == Some(flag);
            let text = RichText::new(text).size(12.0);
            if ui.add(Button::selectable(on, text).frame_when_inactive(true)).clicked() {
                filter.flag = if on { None } else { Some(flag) };
            }
        }
    });
    ui.horizontal(|ui| {
        for label in LABELS {
            let on = filter.label == Some(label);
            let (rect, response) = ui.allocate_exact_size(vec2(22.0, 22.0), Sense::click());
            let name = format!("Only {} labels", widgets::label_name(label));
            response
                .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, &name));
            let radius = if on { 9.0 } else { 6.5 };
            ui.painter().circle_filled(rect.center(), radius, widgets::label_colour(label));
            if on {
                ui.painter().circle_stroke(
                    rect.center(),
                    10.0,
                    egui::Stroke::new(1.5, theme::STRONG),
                );
            }
            if response.on_hover_text(name).clicked() {
                filter.label = if on { None } else { Some(label) };
            }
        }
    });
    ui.checkbox(&mut filter.best, "Best of each group");
    if filter != super::model::Filter::default() && ui.button("Show all").clicked() {
        filter = super::model::Filter::default();
    }
    if filter != before {
        app.model.set_filter(filter);
    }
}

/// Suggestions that were muted can be heard again.
fn muted(app: &mut App, ui: &mut Ui) {
    if app.model.muted.is_empty() {
        return;
    }
    ui.add_space(8.0);
    heading(ui, "Muted suggestions");
    for kind in app.model.muted.clone() {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(14.0, 20.0), Sense::hover());
            icons::paint(ui.painter(), Icon::Mute, rect.center(), 13.0, theme::WEAK);
            let button = ui.add(Button::new(kind.as_str()).frame(false));
            if button.on_hover_text("Hear it again.").clicked() {
                app.model.mute(&kind, false);
            }
        });
    }
}
