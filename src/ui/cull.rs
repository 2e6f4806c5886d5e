//! Choosing: one take large, all takes in a grid, or the selected ones side by side.

use super::app::App;
use super::{cell, take_view, theme, widgets};
use egui::{Rect, ScrollArea, Ui, vec2};

/// What to do while there are no takes.
pub(super) fn no_takes(app: &App, ui: &mut Ui) {
    if app.model.takes.is_empty() {
        widgets::empty(
            ui,
            "No takes yet",
            "Press F12 to take one, or open a session folder with Ctrl+O.",
            |_| {},
        );
    } else {
        let advice = "Click one in the strip, or clear the filters in the panel at the left.";
        widgets::empty(ui, "No take is selected", advice, |_| {});
    }
}

/// One take.
pub(super) fn loupe(app: &mut App, ui: &mut Ui) {
    let area = ui.max_rect();
    match app.model.active {
        Some(id) => {
            take_view::show(app, ui, area, id);
            app.prefetch(area.size().max_elem() * ui.pixels_per_point());
        }
        None => no_takes(app, ui),
    }
}

/// All takes; only rows that are seen are built.
pub(super) fn grid(app: &mut App, ui: &mut Ui) {
    if app.model.order().is_empty() {
        return no_takes(app, ui);
    }
    let order = app.model.order().to_vec();
    let width = ui.available_width() - 24.0;
    let columns = ((width / 210.0).floor() as usize).clamp(1, 12);
    app.columns = columns;
    let cell = vec2(width / columns as f32, width / columns as f32 * 0.72 + cell::FOOT);
    let rows = order.len().div_ceil(columns);
    let reveal = std::mem::take(&mut app.reveal_grid);
    ScrollArea::vertical().auto_shrink(false).show_viewport(ui, |ui, seen| {
        ui.set_height(rows as f32 * cell.y + 16.0);
        let origin = ui.max_rect().min + vec2(12.0, 8.0);
        let place = |i: usize| {
            let at = vec2((i % columns) as f32 * cell.x, (i / columns) as f32 * cell.y);
            Rect::from_min_size(origin + at, cell).shrink(3.0)
        };
        let first = (seen.top() / cell.y).max(0.0) as usize * columns;
        let last = ((seen.bottom() / cell.y).ceil().max(0.0) as usize * columns).min(order.len());
        for i in first.min(last)..last {
            cell::show(app, ui, place(i), order[i]);
        }
        let active = app.model.active.and_then(|a| order.iter().position(|o| *o == a));
        if let Some(i) = active.filter(|_| reveal) {
            ui.scroll_to_rect(place(i).expand(8.0), None);
        }
    });
}

/// The selected takes side by side, as large as they fit.
pub(super) fn survey(app: &mut App, ui: &mut Ui) {
    let area = ui.max_rect();
    let mut takes: Vec<_> =
        app.model.order().iter().copied().filter(|id| app.model.selected.contains(id)).collect();
    if takes.len() < 2
        && let Some(group) = app.model.take().map(|t| t.group)
    {
        // Of a single take: its group.
        takes = app.model.takes.values().filter(|t| t.group == group).map(|t| t.id).collect();
    }
    takes.truncate(9);
    if takes.is_empty() {
        return no_takes(app, ui);
    }
    let columns = (takes.len() as f32).sqrt().ceil() as usize;
    let rows = takes.len().div_ceil(columns);
    let size = vec2(area.width() / columns as f32, area.height() / rows as f32);
    for (i, id) in takes.into_iter().enumerate() {
        let at = vec2((i % columns) as f32 * size.x, (i / columns) as f32 * size.y);
        let place = Rect::from_min_size(area.min + at, size).shrink(2.0);
        if app.model.active == Some(id) {
            let stroke = egui::Stroke::new(1.0, theme::METER);
            ui.painter().rect_stroke(place, 0.0, stroke, egui::StrokeKind::Inside);
        }
        take_view::show(app, ui, place.shrink(1.0), id);
    }
}
