//! The strip below: every take, the newest at the right; only those that are seen are built.

use super::app::App;
use super::cell;
use super::commands::{Action, tooltip};
use super::icons::Icon;
use super::model::Sort;
use super::theme;
use super::widgets::icon_button;
use egui::{Rect, RichText, ScrollArea, Stroke, Ui, pos2, vec2};

/// Width of a take.
const WIDTH: f32 = 124.0;
/// Width of the switches at the left.
const SWITCHES: f32 = 62.0;

/// Draws the strip.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    let area = ui.max_rect();
    let switches = Rect::from_min_size(area.min, vec2(SWITCHES, area.height()));
    ui.scope_builder(egui::UiBuilder::new().max_rect(switches), |ui| controls(app, ui));
    let takes = Rect::from_min_max(pos2(area.left() + SWITCHES, area.top()), area.max);
    ui.scope_builder(egui::UiBuilder::new().max_rect(takes), |ui| {
        if app.model.order().is_empty() {
            let text = if app.model.takes.is_empty() {
                "Captures appear here. Press F12 to take one, or Ctrl+O to open a session."
            } else {
                "No take passes the filters. Clear them in the panel at the left."
            };
            ui.centered_and_justified(|ui| ui.label(RichText::new(text).color(theme::WEAK)));
        } else {
            row(app, ui);
        }
    });
    ui.advance_cursor_after_rect(area);
}

fn controls(app: &mut App, ui: &mut Ui) {
    ui.spacing_mut().item_spacing.y = 2.0;
    let follow = app.model.follow;
    if icon_button(ui, Icon::Follow, follow, "Follow new captures", &tooltip(Action::Follow))
        .clicked()
    {
        app.perform(ui.ctx(), Action::Follow);
    }
    let by_score = app.model.sort == Sort::Score;
    let text = if by_score { "score" } else { "time" };
    let sort = egui::Button::new(RichText::new(text).size(11.5)).min_size(vec2(46.0, 22.0));
    let sort = ui.add(sort).accessible_name("Sort the strip");
    if sort.on_hover_text(tooltip(Action::SortByScore)).clicked() {
        app.perform(ui.ctx(), Action::SortByScore);
    }
    let (shown, all) = (app.model.order().len(), app.model.takes.len());
    let count = if shown == all { format!("{all}") } else { format!("{shown} of {all}") };
    ui.label(RichText::new(count).size(11.5).color(theme::WEAK)).on_hover_text("Takes");
}

fn row(app: &mut App, ui: &mut Ui) {
    let order = app.model.order().to_vec();
    let height = ui.available_height() - 8.0;
    let reveal = std::mem::take(&mut app.model.reveal);
    ScrollArea::horizontal().auto_shrink(false).show_viewport(ui, |ui, seen| {
        ui.set_width(order.len() as f32 * WIDTH);
        ui.set_height(height);
        let origin = ui.max_rect().min;
        let place = |i: usize| {
            Rect::from_min_size(origin + vec2(i as f32 * WIDTH, 0.0), vec2(WIDTH - 4.0, height))
        };
        let first = (seen.left() / WIDTH).max(0.0) as usize;
        let last = ((seen.right() / WIDTH).ceil().max(0.0) as usize).min(order.len());
        for i in first..last {
            cell::show(app, ui, place(i), order[i]);
            let group = |i: usize| app.model.takes.get(order.get(i)?).map(|t| t.group);
            let pair = |a: usize, b: usize| group(a).is_some() && group(a) == group(b);
            // A line beside a group of several; single takes need none.
            if i > 0 && !pair(i, i - 1) && (pair(i, i + 1) || (i > 1 && pair(i - 1, i - 2))) {
                let x = place(i).left() - 2.0;
                ui.painter().vline(
                    x,
                    place(i).y_range().shrink(14.0),
                    Stroke::new(1.0, theme::METER),
                );
            }
        }
        let active = app.model.active.and_then(|a| order.iter().position(|o| *o == a));
        if let Some(i) = active.filter(|_| reveal) {
            // With its neighbours, so that the way on is seen.
            ui.scroll_to_rect(place(i).expand2(vec2(WIDTH, 0.0)), None);
        }
    });
}
