//! The calibration view: place the card, find it, measure, remembered.

use super::app::App;
use super::commands::Action;
use super::settings::Folder;
use super::widgets::heading;
use super::{histogram, live, take_view, theme};
use crate::calibrate::Calibration;
use crate::camera::white;
use crate::engine::contract::Command;
use crate::imaging::colour;
use egui::{Button, Color32, Rect, RichText, Sense, Ui, vec2};

/// What flashes and most lamps for products have, kelvin.
const STUDIO_LIGHT: f32 = 5400.0;

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
        if app.calibrate_from_take != from_take {
            (app.calibrate_from_take, app.model.card_found) = (from_take, false);
        }
    });
    super::card::panel(app, ui);
    ui.add_space(4.0);
    let busy = app.model.calibrating;
    let text = match (busy, app.card.by_hand()) {
        (true, _) => "Looking for the card \u{2026}",
        (false, false) => "Find the card and calibrate",
        (false, true) => "Read the card there and calibrate",
    };
    let button = Button::new(RichText::new(text).color(theme::STRONG));
    let button = ui.add_enabled(!busy, button.min_size(vec2(ui.available_width(), 32.0)));
    if button.on_hover_text(super::commands::tooltip(Action::Calibrate)).clicked() {
        app.perform(ui.ctx(), Action::Calibrate);
    }
    ui.add_space(8.0);
    heading(ui, "In use");
    egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        in_use(app, ui);
        ui.add_space(8.0);
        flat_field(app, ui);
        ui.add_space(8.0);
        empty_set(app, ui);
    });
}

/// The set without the piece, from which the cut-out knows its backdrop.
fn empty_set(app: &mut App, ui: &mut Ui) {
    heading(ui, "Empty set");
    if let Some(name) = app.model.empty_set.clone() {
        let text = format!("Every piece is cut out against {name}.");
        ui.add(egui::Label::new(text).wrap());
        if ui.button("Forget the empty set").clicked() {
            app.model.send(Command::EmptySet(None));
        }
    } else {
        let text = "Photograph the set without the piece, camera and light unmoved: cut-outs become exact.";
        ui.add(egui::Label::new(text).wrap());
        let take = app.model.active;
        ui.add_enabled_ui(take.is_some(), |ui| {
            if ui.button("Take the selected take as empty set").clicked() {
                app.model.send(Command::EmptySet(take));
            }
        });
    }
}

/// The falloff of the light, from a take of a white or grey card that fills the frame.
fn flat_field(app: &mut App, ui: &mut Ui) {
    heading(ui, "Flat field");
    if let Some(falloff) = app.model.flat_field {
        ui.label(format!("Retouches take {:.2} EV of falloff out.", -falloff));
        if ui.button("Forget the flat field").clicked() {
            app.model.send(Command::FlatField(None));
        }
    } else {
        ui.label("Photograph a white or grey card that fills the frame, out of focus.");
        let take = app.model.active;
        ui.add_enabled_ui(take.is_some(), |ui| {
            if ui.button("Take the selected take as flat field").clicked() {
                app.model.send(Command::FlatField(take));
            }
        });
    }
}

/// The calibration in force: how well it fits, patch by patch, and whether its light is still there.
fn in_use(app: &mut App, ui: &mut Ui) {
    let Some(made) = app.model.calibration.clone() else {
        ui.label(
            RichText::new("Not calibrated: colours are as the camera guesses them.")
                .color(theme::WARN),
        );
        white_balance(app, ui, None);
        choose(app, ui);
        return;
    };
    ui.add(egui::Label::new(RichText::new(made.summary()).color(theme::STRONG)).wrap());
    ui.label(format!("{}, exposure {:+.2} EV against it", made.card, made.exposure_ev));
    let [red, _, blue] = made.gains;
    ui.label(format!("White balance: red x{red:.2}, blue x{blue:.2}"));
    light(app, ui);
    white_balance(app, ui, Some(&made));
    ui.horizontal_wrapped(|ui| {
        choose(app, ui);
        if ui.button("Use the camera's own colours").clicked() {
            app.model.send(Command::UseCalibration(None));
        }
    });
    patches(ui, &made);
    for warning in &made.warnings {
        ui.add(egui::Label::new(RichText::new(warning).color(theme::WARN)).wrap());
    }
}

/// Offers to set the camera's own white balance to the light, or at least to let it stand still.
fn white_balance(app: &mut App, ui: &mut Ui, made: Option<&Calibration>) {
    let settings = &app.model.settings;
    let automatic = white::is_automatic(settings);
    let light = made.and_then(|c| c.light.kelvin);
    let target = light.or_else(|| automatic.then_some(STUDIO_LIGHT));
    let Some(offer) = target.and_then(|kelvin| white::nearest(settings, kelvin)) else { return };
    let text = match light {
        _ if automatic => {
            "The camera's white balance is automatic: it moves from shot to shot, and no calibration holds."
                .to_owned()
        }
        Some(kelvin) => format!("The light is about {kelvin:.0} K, the camera is set to another."),
        None => return,
    };
    ui.add(egui::Label::new(RichText::new(text).color(theme::WARN)).wrap());
    let button = ui.button(format!("Set its white balance to {}", offer.label));
    if button.on_hover_text("Then calibrate: the camera's colours change with it.").clicked() {
        for (name, value) in offer.settings {
            app.model.send(Command::Set { name, value });
        }
    }
}

fn choose(app: &mut App, ui: &mut Ui) {
    if ui.button("Use a saved calibration \u{2026}").clicked() {
        app.browse(ui.ctx(), Folder::Calibration);
    }
}

/// Whether the light is what it was.
pub(super) fn light(app: &App, ui: &mut Ui) {
    let Some(drift) = &app.live.drift else { return };
    let text = if drift.alarm {
        RichText::new(&drift.because).color(theme::WARN)
    } else {
        RichText::new(format!(
            "The light is as it was ({:+.0} K, {:+.2} EV)",
            drift.kelvin, drift.ev
        ))
    };
    ui.add(egui::Label::new(text).wrap());
}

/// Patches in the card's own order, six in a row: the reference around, the corrected colour in the
/// middle, what the camera saw under it.
fn patches(ui: &mut Ui, made: &Calibration) {
    if made.patches.is_empty() {
        return;
    }
    let side = ((ui.available_width() - 2.0) / 6.0).min(44.0);
    let rows = made.patches.len().div_ceil(6);
    let (area, response) =
        ui.allocate_exact_size(vec2(6.0 * side, rows as f32 * side), Sense::hover());
    let at = |i: usize| {
        let corner = area.min + vec2((i % 6) as f32 * side, (i / 6) as f32 * side);
        Rect::from_min_size(corner, vec2(side - 2.0, side - 2.0))
    };
    for (i, patch) in made.patches.iter().enumerate() {
        let whole = at(i);
        ui.painter().rect_filled(whole, 2.0, screen(patch.reference_lab));
        let inner = whole.shrink(side * 0.22);
        let (upper, lower) = inner.split_top_bottom_at_fraction(0.5);
        ui.painter().rect_filled(upper, 0.0, screen(patch.after_lab));
        ui.painter().rect_filled(lower, 0.0, screen(patch.before_lab));
    }
    let pointed = response
        .hover_pos()
        .and_then(|p| (0..made.patches.len()).find(|i| at(*i).contains(p)))
        .map(|i| &made.patches[i]);
    let d = &made.delta_e_2000;
    let text = match pointed {
        Some(p) => format!("{}: \u{394}E {:.1} before, {:.1} after", p.name, p.before, p.after),
        None => format!(
            "\u{394}E2000 {:.1} before, {:.1} after, {:.1} at worst, {:.1} for other colours",
            d.before.mean, d.after.mean, d.after.max, d.leave_one_out
        ),
    };
    ui.add(egui::Label::new(RichText::new(text).size(11.0)).wrap());
    ui.label(RichText::new("around: reference; upper: corrected; lower: camera").size(10.5));
}

fn screen(lab: [f32; 3]) -> Color32 {
    let [r, g, b] = colour::lab_to_linear_srgb(lab).map(colour::srgb_encode8);
    Color32::from_rgb(r, g, b)
}
