//! The calibration view: place the card, find it, measure, remembered.

use super::app::App;
use super::commands::Action;
use super::widgets::heading;
use super::{histogram, live, take_view, theme};
use egui::{Button, RichText, Ui, vec2};

/// The picture in which the card is looked for.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    let area = ui.max_rect();
    match app.calibrate_take() {
        Some(id) => take_view::show(app, ui, area, id),
        None => live::show(app, ui),
    }
}

/// The panel at the right.
pub(super) fn panel(app: &mut App, ui: &mut Ui) {
    app.pointed = None;
    histogram::show(ui, app.live.histogram.as_deref());
    heading(ui, "Calibrate");
    for (number, text) in [
        (
            "1",
            "Lay a grey card or a 24-patch chart where the piece will be, whole and without glare.",
        ),
        ("2", "Set the exposure so that nothing on it is clipped (J shows it)."),
        ("3", "Find it. Live view, scores and retouches are in true colour from then on."),
    ] {
        ui.horizontal_top(|ui| {
            ui.label(RichText::new(number).color(theme::STRONG));
            ui.add(egui::Label::new(text).wrap());
        });
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let mut from_take = app.calibrate_from_take;
        ui.selectable_value(&mut from_take, false, "In live view");
        ui.add_enabled_ui(app.model.active.is_some(), |ui| {
            ui.selectable_value(&mut from_take, true, "In the selected take");
        });
        app.calibrate_from_take = from_take;
    });
    ui.add_space(4.0);
    let busy = app.model.calibrating;
    let text = if busy { "Looking for the card \u{2026}" } else { "Find the card and calibrate" };
    let button = Button::new(RichText::new(text).color(theme::STRONG));
    let button = ui.add_enabled(!busy, button.min_size(vec2(ui.available_width(), 32.0)));
    if button.on_hover_text(super::commands::tooltip(Action::Calibrate)).clicked() {
        app.perform(ui.ctx(), Action::Calibrate);
    }
    ui.add_space(8.0);
    heading(ui, "In use");
    match &app.model.calibration {
        Some(text) => ui.add(egui::Label::new(RichText::new(text).color(theme::STRONG)).wrap()),
        None => ui.label(
            RichText::new("Not calibrated: colours are as the camera guesses them.")
                .color(theme::WARN),
        ),
    };
}
