//! The retouch view: the take before and after, and its edit step by step.

use super::app::App;
use super::commands::Action;
use super::model::Finish;
use super::widgets::{command_button, heading, line};
use super::{brush, cull, histogram, readings, specks, stack, take_view, theme};
use crate::calibrate::metals;
use crate::engine::contract::TakeId;
use crate::retouch::Recipe;
use egui::{Button, ComboBox, RichText, ScrollArea, Ui, vec2};

/// The picture.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    let area = ui.max_rect();
    let Some(take) = app.model.take() else { return cull::no_takes(app, ui) };
    let (id, edited) = (take.id, take.recipe.is_some());
    take_view::show(app, ui, area, id);
    if edited {
        // Both are kept at hand, so that before and after is one key and no wait.
        let side = area.size().max_elem() * ui.pixels_per_point();
        app.want((id, false), side);
    }
}

/// The panel at the right.
pub(super) fn panel(app: &mut App, ui: &mut Ui) {
    app.pointed = None;
    let Some(take) = app.model.take().cloned() else {
        ui.label(RichText::new("The edit of the selected take appears here.").color(theme::WEAK));
        return;
    };
    let shown = (take.id, take.recipe.is_some() && app.finish() != Finish::Before);
    let counted = app.pictures.histogram(shown);
    histogram::show(ui, counted.as_deref());
    readings::looks(app, ui);
    line(ui, &take.name, theme::STRONG);
    tools(app, ui, take.recipe.is_some());
    brush::panel(app, ui);
    ui.separator();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let mut recipe = take.recipe.clone().unwrap_or_default();
        if take.recipe.is_none() {
            let text = "Untouched. Press R for the automatic retouch, or move a slider.";
            ui.label(RichText::new(text).color(theme::WEAK));
        }
        let notes: Vec<_> = metal(app, take.id).into_iter().map(|n| ("metal", n)).collect();
        if specks::show(app, ui, take.id, &mut recipe) || stack::show(ui, &mut recipe, &notes) {
            app.edit(take.id, recipe);
        }
        next(app, ui, take.recipe.as_ref());
    });
}

fn tools(app: &mut App, ui: &mut Ui, edited: bool) {
    let awaited = app.model.active.is_some_and(|id| app.model.is_awaited(id));
    ui.horizontal(|ui| {
        let text = if awaited { "Retouching \u{2026}" } else { "Retouch" };
        let button =
            Button::new(RichText::new(text).color(theme::STRONG)).min_size(vec2(96.0, 26.0));
        if ui.add(button).on_hover_text(super::commands::tooltip(Action::Retouch)).clicked() {
            app.perform(ui.ctx(), Action::Retouch);
        }
        presets(app, ui);
    });
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let (undo, redo) = app.model.history.depth();
        for (text, action, able) in [
            ("Undo", Action::Undo, undo > 0),
            ("Redo", Action::Redo, redo > 0),
            ("Copy", Action::CopyEdit, edited),
            ("Paste", Action::PasteEdit, app.model.clipboard.is_some()),
            ("Remove", Action::RemoveEdit, edited),
        ] {
            ui.add_enabled_ui(able, |ui| {
                if command_button(ui, text, false, action) {
                    app.perform(ui.ctx(), action);
                }
            });
        }
    });
}

/// The looks; choosing one makes the edit of the selected takes anew.
fn presets(app: &mut App, ui: &mut Ui) {
    let mut chosen = None;
    ui.name_inputs("Preset", |ui| {
        let list = ComboBox::from_id_salt("presets").selected_text("Preset \u{2026}").width(110.0);
        let shown = list.height(420.0).show_ui(ui, |ui| {
            for preset in &app.presets {
                if ui.selectable_label(false, &preset.name).on_hover_text(&preset.about).clicked() {
                    chosen = Some(preset.clone());
                }
            }
        });
        let help = "Makes the edit for this take with a look; every step stays adjustable.";
        shown.response.on_hover_text(help);
    });
    if let Some(preset) = chosen {
        app.model.retouch_with(&preset);
        app.model.look.finish = Finish::After;
    }
}

/// What the metal measures after the edit, and which metal has that colour.
fn metal(app: &App, id: TakeId) -> Option<String> {
    let lab = *app.model.metals.get(&id)?;
    let named = metals::nearest(lab)?;
    let [l, a, b] = lab;
    let unsure = match app.model.calibration {
        Some(_) => "",
        None => "; not calibrated, so that the camera's white balance decides",
    };
    Some(format!("Measured L* {l:.0}, a* {a:+.1}, b* {b:+.1}: {}{unsure}.", named.because))
}

/// What captures to come get by themselves.
fn next(app: &mut App, ui: &mut Ui, recipe: Option<&Recipe>) {
    ui.add_space(10.0);
    heading(ui, "Captures to come");
    let on = app.model.next_edit.is_some();
    let same = on && app.model.next_edit.as_ref() == recipe;
    let text = match (on, same) {
        (false, _) => "Apply this edit to next captures",
        (true, true) => "They get this edit",
        (true, false) => "They get another edit",
    };
    ui.add_enabled_ui(recipe.is_some() || on, |ui| {
        if command_button(ui, text, on, Action::EditNext) {
            app.perform(ui.ctx(), Action::EditNext);
        }
    });
}
