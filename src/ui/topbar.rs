//! The bar above: the shutter, the camera and its exposure, the next name, the views.

use super::app::{App, Sheet};
use super::commands::{Action, tooltip};
use super::icons::{self, Icon};
use super::model::View;
use super::theme;
use super::widgets::{icon_button, line};
use crate::camera::{Setting, white};
use crate::engine::contract::{CameraState, Command};
use egui::{Align, Button, Color32, Layout, RichText, Ui, vec2};

/// The tabs, with the view that each opens.
const TABS: [(&str, View); 5] = [
    ("Live", View::Live),
    ("Cull", View::Loupe),
    ("Compare", View::Compare),
    ("Retouch", View::Retouch),
    ("Calibrate", View::Calibrate),
];

/// Draws the bar.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    let width = ui.available_width();
    ui.horizontal_centered(|ui| {
        capture(app, ui);
        ui.add_space(4.0);
        camera(app, ui, if width > 1180.0 { 170.0 } else { 110.0 });
        exposure(app, ui);
        if width > 1250.0 {
            focus(app, ui);
        }
        if width > 1080.0 {
            ui.add_space(4.0);
            name(app, ui);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            tabs(app, ui);
        });
    });
}

fn capture(app: &mut App, ui: &mut Ui) {
    let ready = matches!(
        app.model.camera,
        CameraState::Ready(_)
            | CameraState::Live(_)
            | CameraState::Capturing(_)
            | CameraState::Transferring(_)
    );
    let text = RichText::new("Capture").size(15.0).color(Color32::from_gray(20)).strong();
    let button = Button::new(text)
        .fill(if ready { Color32::from_gray(208) } else { Color32::from_gray(120) })
        .right_text(RichText::new("F12").size(11.0).color(Color32::from_gray(70)))
        .min_size(vec2(128.0, 32.0));
    let response = ui.add(button).accessible_name("Capture");
    let response = response.on_hover_text(tooltip(Action::Capture));
    if response.clicked() {
        app.perform(ui.ctx(), Action::Capture);
    }
}

/// Maker's name and what the camera does; battery and card.
fn camera(app: &App, ui: &mut Ui, width: f32) {
    let (name, state, colour) = describe(&app.model.camera);
    ui.allocate_ui_with_layout(vec2(width, 32.0), Layout::top_down(Align::Min), |ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = 0.0;
        line(ui, name, theme::STRONG).on_hover_text(name);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.label(RichText::new(state).size(11.5).color(colour));
            if let Some(percent) = app.model.vitals.battery {
                let colour = if percent <= 20 { theme::BAD } else { theme::WEAK };
                let (rect, _) = ui.allocate_exact_size(vec2(16.0, 14.0), egui::Sense::hover());
                icons::paint(ui.painter(), Icon::Battery, rect.center(), 14.0, colour);
                ui.label(RichText::new(format!("{percent} %")).size(11.5).color(colour));
            }
        });
    });
}

/// Name, state and colour of a camera's state.
pub(super) fn describe(state: &CameraState) -> (&str, &'static str, Color32) {
    match state {
        CameraState::Off => ("No camera", "connect one in the panel at the left", theme::WEAK),
        CameraState::Looking(t) => (t, "looking for it", theme::WARN),
        CameraState::Connecting(t) => (t, "connecting", theme::WARN),
        CameraState::Ready(t) => (t, "ready", theme::GOOD),
        CameraState::Live(t) => (t, "live", theme::GOOD),
        CameraState::Capturing(t) => (t, "capturing", theme::STRONG),
        CameraState::Transferring(t) => (t, "fetching the picture", theme::STRONG),
        CameraState::Gone(t) => (t, "gone", theme::BAD),
    }
}

/// f-number, shutter, ISO and white balance; choices where the camera offers some.
fn exposure(app: &mut App, ui: &mut Ui) {
    let wanted = [
        ("aperture", 70.0),
        ("shutter", 74.0),
        ("iso", 84.0),
        ("white_balance", 104.0),
        ("color_temperature", 64.0),
    ];
    // The temperature counts only where the white balance is set by it.
    let shown = if white::is_by_temperature(&app.model.settings) { 5 } else { 4 };
    let mut chosen = None;
    for (name, width) in wanted.into_iter().take(shown) {
        let Some(setting) = app.model.settings.iter().find(|s| s.name == name) else { continue };
        let text = value(setting, &setting.value);
        if setting.choices.is_empty() {
            ui.label(text).on_hover_text(&setting.label);
            continue;
        }
        ui.name_inputs(setting.label.as_str(), |ui| {
            let combo =
                egui::ComboBox::from_id_salt(name).selected_text(text).width(width).truncate();
            let shown = combo.height(420.0).show_ui(ui, |ui| {
                for choice in &setting.choices {
                    if ui
                        .selectable_label(*choice == setting.value, value(setting, choice))
                        .clicked()
                    {
                        chosen = Some((setting.name.clone(), choice.clone()));
                    }
                }
            });
            shown.response.on_hover_text(&setting.label);
        });
    }
    if let Some((name, value)) = chosen {
        app.model.send(Command::Set { name, value });
    }
}

/// A value as photographers write it.
fn value(setting: &Setting, value: &str) -> String {
    let number = value.starts_with(|c: char| c.is_ascii_digit());
    match setting.name.as_str() {
        "iso" if number => format!("ISO {value}"),
        "aperture" if number => format!("f/{value}"),
        "white_balance" => format!("WB {value}"),
        "color_temperature" if number => format!("{value} K"),
        "shutter" => shutter(value),
        _ => value.to_owned(),
    }
}

/// libgphoto2's `0.0080s` as photographers write it: 1/125.
fn shutter(value: &str) -> String {
    // Times as cameras print them, which are not always the fraction that is nearest.
    const PRINTED: [(f64, &str); 3] = [(0.0166, "1/60"), (0.0062, "1/160"), (0.0003, "1/3200")];
    let seconds = value.strip_suffix('s').and_then(|v| v.parse::<f64>().ok());
    let Some(seconds) = seconds.filter(|s| s.is_finite() && *s > 0.0) else {
        return value.to_owned();
    };
    match PRINTED.iter().find(|p| p.0 == seconds) {
        Some((_, text)) => (*text).to_owned(),
        None if seconds < 0.3 => format!("1/{:.0}", 1.0 / seconds),
        None => format!("{seconds} s"),
    }
}

fn focus(app: &mut App, ui: &mut Ui) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (text, action) in
            [("AF", Action::Autofocus), ("\u{2212}", Action::FocusNear), ("+", Action::FocusFar)]
        {
            let name = super::commands::entry(action).map_or("", |e| e.text);
            let response = ui.add(Button::new(text).min_size(vec2(24.0, 24.0)));
            let response = response.accessible_name(name).on_hover_text(tooltip(action));
            if response.clicked() {
                app.perform(ui.ctx(), action);
            }
        }
    });
}

/// The next file's name, the session and the room on its disk.
fn name(app: &App, ui: &mut Ui) {
    let room = (ui.available_width() - 440.0).clamp(60.0, 240.0);
    ui.allocate_ui_with_layout(vec2(room, 32.0), Layout::top_down(Align::Min), |ui| {
        ui.set_width(room);
        ui.spacing_mut().item_spacing.y = 0.0;
        let next = &app.model.vitals.next_name;
        let next = if next.is_empty() { "next name not known yet" } else { next };
        line(ui, next, theme::STRONG).on_hover_text("Name of the next capture");
        let folder = app.model.folder.as_ref().and_then(|f| f.file_name());
        let folder = folder.map_or("no session".into(), |f| f.to_string_lossy());
        let (space, colour) = space(app.model.vitals.free_bytes);
        ui.add(
            egui::Label::new(RichText::new(format!("{folder}{space}")).size(11.5).color(colour))
                .truncate(),
        );
    });
}

/// Room on the disk; less than 2 GB is little.
fn space(bytes: Option<u64>) -> (String, Color32) {
    let Some(bytes) = bytes else { return (String::new(), theme::WEAK) };
    let gb = bytes as f64 / 1e9;
    let text = if gb >= 10.0 {
        format!(" \u{b7} {gb:.0} GB free")
    } else {
        format!(" \u{b7} {gb:.1} GB free")
    };
    (text, if gb < 2.0 { theme::BAD } else { theme::WEAK })
}

fn tabs(app: &mut App, ui: &mut Ui) {
    ui.spacing_mut().item_spacing.x = 2.0;
    if icon_button(ui, Icon::Search, false, "Find a command", &tooltip(Action::Palette)).clicked() {
        app.open(Sheet::Palette);
    }
    ui.add_space(4.0);
    for (text, view) in TABS.iter().rev() {
        let cull = matches!(app.model.view, View::Loupe | View::Grid | View::Survey);
        let on = app.model.view == *view || (*view == View::Loupe && cull);
        let label = RichText::new(*text).color(if on { theme::STRONG } else { theme::TEXT });
        let tab = Button::selectable(on, label).min_size(vec2(0.0, 28.0));
        if ui.add(tab).on_hover_text(tooltip(Action::Show(*view))).clicked() {
            app.perform(ui.ctx(), Action::Show(*view));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shutter;

    #[test]
    fn shutter_times_read_as_on_a_camera() {
        for (raw, shown) in [
            ("0.0080s", "1/125"),
            ("0.0166s", "1/60"),
            ("0.5000s", "0.5 s"),
            ("1/200", "1/200"),
            ("Bulb", "Bulb"),
        ] {
            assert_eq!(shutter(raw), shown);
        }
    }
}
