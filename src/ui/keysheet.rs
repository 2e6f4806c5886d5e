//! Every key on one page.

use super::commands::{Group, Keys, TABLE};
use super::theme;
use egui::{RichText, ScrollArea, Ui, vec2};

/// Groups in three columns of about the same height.
const COLUMNS: [&[Group]; 3] =
    [&[Group::Camera, Group::Go], &[Group::Rate], &[Group::View, Group::Edit, Group::Studio]];

/// Draws the sheet.
pub(super) fn show(ui: &mut Ui) {
    let room = ui.ctx().content_rect().size();
    ui.set_width((room.x - 80.0).min(1120.0));
    ui.label(RichText::new("Keys").size(17.0).color(theme::STRONG));
    let tall = room.y - 130.0;
    ScrollArea::vertical().max_height(tall).min_scrolled_height(tall).show(ui, |ui| {
        ui.columns(COLUMNS.len(), |columns| {
            for (ui, groups) in columns.iter_mut().zip(COLUMNS) {
                for group in groups {
                    section(ui, *group);
                }
            }
        });
    });
}

fn section(ui: &mut Ui, group: Group) {
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.spacing_mut().interact_size.y = 17.0;
    ui.label(RichText::new(group.title()).color(theme::WEAK));
    ui.add_space(2.0);
    for entry in TABLE.iter().filter(|e| e.group == group) {
        let keys: Vec<_> = entry.keys.iter().map(Keys::text).collect();
        ui.horizontal(|ui| {
            ui.set_min_height(17.0);
            let (rect, _) = ui.allocate_exact_size(vec2(108.0, 17.0), egui::Sense::hover());
            let font = egui::FontId::proportional(12.0);
            let text = keys.join(", ");
            ui.painter().text(
                rect.left_center(),
                egui::Align2::LEFT_CENTER,
                text,
                font,
                theme::STRONG,
            );
            let label = egui::Label::new(RichText::new(entry.text).size(12.5)).truncate();
            ui.add(label).on_hover_text(entry.help);
        });
    }
    ui.add_space(10.0);
}
