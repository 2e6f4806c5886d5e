//! Two takes side by side, zoomed in step, and which is the better one in what.

use super::app::App;
use super::{cull, scores, take_view, theme};
use crate::engine::contract::TakeId;
use egui::{Align, Layout, Rect, RichText, Stroke, Ui, pos2, vec2};

/// Height of the line with differences.
const FOOT: f32 = 34.0;

/// Draws the view.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    let Some((left, right)) = app.model.pair() else {
        return if app.model.active.is_some() {
            super::widgets::empty(
                ui,
                "Only one take",
                "Compare needs two: capture another, or select two with Ctrl.",
                |_| {},
            );
        } else {
            cull::no_takes(app, ui);
        };
    };
    let area = ui.max_rect();
    let middle = area.center().x;
    let foot = area.max.y - FOOT;
    for (id, from, to) in [(left, area.min.x, middle - 1.0), (right, middle + 1.0, area.max.x)] {
        take_view::show(app, ui, Rect::from_min_max(pos2(from, area.min.y), pos2(to, foot)), id);
    }
    ui.painter().vline(middle, area.min.y..=foot, Stroke::new(2.0, theme::BAR));
    let below = Rect::from_min_max(pos2(area.min.x, foot), area.max).shrink2(vec2(14.0, 4.0));
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(egui::UiBuilder::new().max_rect(below).layout(layout), |ui| {
        differences(app, ui, left, right);
    });
}

/// What the right take is better or worse in, in points.
fn differences(app: &App, ui: &mut Ui, left: TakeId, right: TakeId) {
    let score = |id| app.model.takes.get(&id).and_then(|t| t.score.clone());
    let (Some(a), Some(b)) = (score(left), score(right)) else {
        ui.label(RichText::new("A score is pending.").color(theme::WEAK));
        return;
    };
    let words = match b.overall - a.overall {
        d if d > 0.01 => "the right take is better",
        d if d < -0.01 => "the left take is better",
        _ => "both are as good",
    };
    ui.label(RichText::new(words).color(theme::STRONG));
    ui.add_space(14.0);
    let before = scores::meters(&a);
    for (name, reading) in scores::meters(&b) {
        let Some((_, other)) = before.iter().find(|(n, _)| *n == name) else { continue };
        if reading.because.is_empty() && other.because.is_empty() {
            continue;
        }
        let points = (reading.value - other.value) * 100.0;
        let colour = match points {
            p if p >= 1.0 => theme::GOOD,
            p if p <= -1.0 => theme::WARN,
            _ => theme::WEAK,
        };
        ui.label(RichText::new(format!("{name} {}", super::widgets::signed(points))).color(colour));
        ui.add_space(6.0);
    }
}
