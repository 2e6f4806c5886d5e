//! What lies over every picture: guides, regions, the split line.

use super::icons::{self, Icon};
use super::model::Guides;
use super::theme;
use egui::{Color32, Painter, Rect, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};

/// A line that is seen on light and on dark.
fn line(painter: &Painter, from: egui::Pos2, to: egui::Pos2) {
    painter.line_segment([from, to], Stroke::new(3.0, Color32::from_black_alpha(70)));
    painter.line_segment([from, to], Stroke::new(1.0, Color32::from_white_alpha(190)));
}

/// Thirds, or a centre cross with the measured axis: its turn in degrees and its place from the
/// frame's middle in pixels of a picture of `full`.
pub(super) fn guides(
    painter: &Painter,
    picture: Rect,
    guides: Guides,
    full: Vec2,
    axis: Option<(f32, [f32; 2])>,
) {
    let at = |x: f32, y: f32| picture.min + vec2(picture.width() * x, picture.height() * y);
    match guides {
        Guides::Off => {}
        Guides::Thirds => {
            for third in [1.0 / 3.0, 2.0 / 3.0] {
                line(painter, at(third, 0.0), at(third, 1.0));
                line(painter, at(0.0, third), at(1.0, third));
            }
        }
        Guides::Centre => {
            line(painter, at(0.5, 0.0), at(0.5, 1.0));
            line(painter, at(0.0, 0.5), at(1.0, 0.5));
            let Some((degrees, [x, y])) =
                axis.filter(|(d, o)| d.is_finite() && o[0].is_finite() && o[1].is_finite())
            else {
                return;
            };
            let middle = at(0.5 + x / full.x.max(1.0), 0.5 + y / full.y.max(1.0));
            let (sin, cos) = degrees.to_radians().sin_cos();
            let along = vec2(sin, -cos) * picture.height() * 0.42;
            let colour = if degrees.abs() < 0.5 { theme::GOOD } else { theme::WARN };
            painter.line_segment(
                [middle - along, middle + along],
                Stroke::new(3.0, Color32::from_black_alpha(90)),
            );
            painter.line_segment([middle - along, middle + along], Stroke::new(1.5, colour));
            painter.circle_stroke(middle, 5.0, Stroke::new(1.5, colour));
        }
    }
}

/// Corners around the region that a reading or a suggestion speaks of.
pub(super) fn region(painter: &Painter, picture: Rect, full: Vec2, region: crate::imaging::Rect) {
    let scale = picture.size() / full.max(Vec2::splat(1.0));
    let min = picture.min + vec2(region.x as f32, region.y as f32) * scale;
    let size = vec2(region.w as f32, region.h as f32) * scale;
    let rect = Rect::from_min_size(min, size).expand(3.0);
    painter.rect_stroke(
        rect,
        2.0,
        Stroke::new(3.0, Color32::from_black_alpha(80)),
        StrokeKind::Middle,
    );
    painter.rect_stroke(rect, 2.0, Stroke::new(1.0, theme::WARN), StrokeKind::Middle);
}

/// The line between before and after; it can be dragged. Gives its place on the screen.
pub(super) fn split(ui: &Ui, area: Rect, picture: Rect, share: &mut f32) -> f32 {
    let seen = picture.intersect(area);
    let x = (picture.left() + picture.width() * *share)
        .clamp(seen.left(), seen.right().max(seen.left()));
    let handle = Rect::from_min_max(pos2(x - 8.0, seen.top()), pos2(x + 8.0, seen.bottom()));
    let response = ui.interact(handle, ui.scope_id().with("split"), Sense::drag());
    let value = *share;
    response.widget_info(|| WidgetInfo::slider(true, f64::from(value), "Split line"));
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        *share = ((pointer.x - picture.left()) / picture.width().max(1.0)).clamp(0.02, 0.98);
    }
    response.on_hover_and_drag_cursor(egui::CursorIcon::ResizeHorizontal);
    x
}

/// Draws the split line at `x`, above both sides.
pub(super) fn split_line(painter: &Painter, area: Rect, picture: Rect, x: f32) {
    let seen = picture.intersect(area);
    line(painter, pos2(x, seen.top()), pos2(x, seen.bottom()));
    let knob = pos2(x, seen.center().y);
    painter.circle_filled(knob, 11.0, Color32::from_black_alpha(150));
    icons::paint(painter, Icon::Left, knob - vec2(4.5, 0.0), 11.0, theme::STRONG);
    icons::paint(painter, Icon::Right, knob + vec2(4.5, 0.0), 11.0, theme::STRONG);
}

/// A white frame, for judging colour.
pub(super) fn white_frame(painter: &Painter, picture: Rect) {
    let frame = picture.expand(10.0);
    painter.rect_filled(frame, 0.0, Color32::WHITE);
}
