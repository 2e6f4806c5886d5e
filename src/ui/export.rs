//! The export sheet: format, quality, size, colour space, and whether the place stays.

use super::app::App;
use super::theme;
use crate::engine::contract::ExportFormat;
use crate::imaging::save::Profile;
use egui::{Button, RichText, Slider, Ui, vec2};

/// Longest sides that shops ask for.
const SIDES: [(Option<usize>, &str); 5] = [
    (None, "full size"),
    (Some(4000), "4000 px"),
    (Some(2500), "2500 px"),
    (Some(2000), "2000 px"),
    (Some(1200), "1200 px"),
];

/// Draws the sheet.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    ui.set_width(380.0);
    let count = app.model.selected.len();
    let what = match count {
        0 => "No take is selected".to_owned(),
        1 => app.model.take().map_or("1 take".to_owned(), |t| t.name.clone()),
        n => format!("{n} takes"),
    };
    ui.label(RichText::new(format!("Export {what}")).size(17.0).color(theme::STRONG));
    ui.label("Finished pictures go to the session's Output folder; originals stay as they are.");
    ui.add_space(4.0);
    let options = &mut app.model.export;
    ui.horizontal(|ui| {
        let formats = [
            (ExportFormat::Jpeg, "JPEG"),
            (ExportFormat::Png, "PNG"),
            (ExportFormat::Tiff, "TIFF, 16 bits"),
            (ExportFormat::Tiff8, "TIFF, 8 bits"),
        ];
        for (format, text) in formats {
            ui.selectable_value(&mut options.format, format, text);
        }
    });
    ui.add_enabled_ui(options.format == ExportFormat::Jpeg, |ui| {
        ui.horizontal(|ui| {
            ui.label("Quality");
            ui.name_inputs("Quality", |ui| {
                ui.add(Slider::new(&mut options.quality, 60..=100));
            });
        });
    });
    ui.horizontal(|ui| {
        for (side, text) in SIDES {
            ui.selectable_value(&mut options.side, side, text);
        }
    });
    ui.horizontal(|ui| {
        let spaces = [
            (Profile::Srgb, "sRGB"),
            (Profile::DisplayP3, "Display P3"),
            (Profile::AdobeRgb, "Adobe RGB"),
        ];
        for (profile, text) in spaces {
            ui.selectable_value(&mut options.profile, profile, text);
        }
    });
    let help = "Without it the coordinates are taken out; the rest of the metadata stays.";
    ui.checkbox(&mut options.keep_place, "Keep the place where it was taken").on_hover_text(help);
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let button = Button::new(RichText::new("Export").color(theme::STRONG));
        let button = ui.add_enabled(count > 0, button.min_size(vec2(110.0, 28.0)));
        let enter = ui.input(|i| i.key_pressed(egui::Key::Enter)) && count > 0;
        if button.clicked() || enter {
            app.model.export_selected();
            app.sheet = None;
        }
        if ui.button("Cancel").clicked() {
            app.sheet = None;
        }
    });
}
