//! Draws the parameters of an operation: what is declared once becomes a slider, a switch or a
//! choice.

use super::theme;
use crate::retouch::Controls;
use egui::{RichText, Sense, Slider, Ui, vec2};
use std::ops::RangeInclusive;

/// Draws controls into a panel.
pub(super) struct Sliders<'a> {
    ui: &'a mut Ui,
}

/// Width of a slider's label.
const LABEL: f32 = 88.0;

impl<'a> Sliders<'a> {
    /// Controls at the end of a panel.
    pub(super) fn new(ui: &'a mut Ui) -> Self {
        Self { ui }
    }

    /// A number in a range, with its unit.
    pub(super) fn number(
        &mut self,
        label: &str,
        value: &mut f32,
        range: RangeInclusive<f32>,
        unit: &str,
        help: &str,
    ) {
        let ui = &mut *self.ui;
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(LABEL, 20.0), Sense::hover());
            let font = egui::FontId::proportional(12.0);
            let mut job =
                egui::text::LayoutJob::simple_singleline(label.to_owned(), font, theme::TEXT);
            job.wrap = egui::text::TextWrapping::truncate_at_width(LABEL);
            let galley = ui.painter().layout_job(job);
            let at = rect.left_center() - vec2(0.0, galley.size().y * 0.5);
            ui.painter().galley(at, galley, theme::TEXT);
            let span = range.end() - range.start();
            let decimals = if span > 40.0 {
                0
            } else if span > 12.0 {
                1
            } else if span > 0.5 {
                2
            } else {
                // The slider rounds what it shows: a brush of .008 must not become one of .01.
                3
            };
            ui.spacing_mut().interact_size = vec2(54.0, 18.0);
            ui.spacing_mut().slider_width = (ui.available_width() - 70.0).max(40.0);
            let suffix = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            let slider = Slider::new(value, range).suffix(suffix).fixed_decimals(decimals);
            ui.name_inputs(label, |ui| ui.add(slider).on_hover_text(help));
        });
    }
}

impl Controls for Sliders<'_> {
    fn slider(
        &mut self,
        _: &'static str,
        label: &'static str,
        value: &mut f32,
        range: RangeInclusive<f32>,
        unit: &'static str,
        help: &'static str,
    ) {
        self.number(label, value, range, unit, help);
    }

    fn toggle(
        &mut self,
        _: &'static str,
        label: &'static str,
        value: &mut bool,
        help: &'static str,
    ) {
        self.ui.checkbox(value, RichText::new(label).size(12.0)).on_hover_text(help);
    }

    fn choice(
        &mut self,
        name: &'static str,
        label: &'static str,
        value: &mut usize,
        options: &[&'static str],
        help: &'static str,
    ) {
        self.ui.horizontal(|ui| {
            ui.label(RichText::new(label).size(12.0));
            let shown = options.get(*value).copied().unwrap_or("?");
            ui.name_inputs(label, |ui| {
                let combo = egui::ComboBox::from_id_salt(name).selected_text(shown).width(120.0);
                let combo = combo.show_ui(ui, |ui| {
                    for (i, option) in options.iter().enumerate() {
                        ui.selectable_value(value, i, *option);
                    }
                });
                combo.response.on_hover_text(help);
            });
        });
    }
}
