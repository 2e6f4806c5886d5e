//! Small things that several panels draw.

use super::commands::{Action, tooltip};
use super::icons::{self, Icon};
use super::theme;
use crate::score::Reading;
use crate::session::{Flag, Label};
use egui::{
    Align2, Color32, CornerRadius, FontId, Rect, Response, Role, Sense, Stroke, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

/// A label's colour.
pub(super) fn label_colour(label: Label) -> Color32 {
    match label {
        Label::Red => Color32::from_rgb(205, 82, 76),
        Label::Yellow => Color32::from_rgb(212, 180, 70),
        Label::Green => Color32::from_rgb(98, 168, 104),
        Label::Blue => Color32::from_rgb(84, 132, 208),
    }
}

/// A label's name.
pub(super) fn label_name(label: Label) -> &'static str {
    match label {
        Label::Red => "red",
        Label::Yellow => "yellow",
        Label::Green => "green",
        Label::Blue => "blue",
    }
}

/// All labels.
pub(super) const LABELS: [Label; 4] = [Label::Red, Label::Yellow, Label::Green, Label::Blue];

/// A button with a sign; `name` is for screen readers and tests.
pub(super) fn icon_button(ui: &mut Ui, icon: Icon, on: bool, name: &str, help: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(24.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), on, name));
    let style = ui.style().interact_selectable(&response, on);
    if on || response.hovered() {
        ui.painter().rect_filled(rect, 3.0, style.weak_bg_fill);
    }
    icons::paint(ui.painter(), icon, rect.center(), 14.0, style.text_color());
    response.on_hover_text(help)
}

/// A text button for a command, with its help and keys.
pub(super) fn command_button(ui: &mut Ui, text: &str, on: bool, action: Action) -> bool {
    ui.add(egui::Button::selectable(on, text).frame_when_inactive(true))
        .on_hover_text(tooltip(action))
        .clicked()
}

/// A difference in points, with a sign that is as wide as a plus.
pub(super) fn signed(points: f32) -> String {
    format!("{points:+.0}").replace('-', "\u{2212}")
}

/// A small heading.
pub(super) fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(2.0);
    ui.label(egui::RichText::new(text).color(theme::WEAK).size(11.5));
}

/// Text that is cut with an ellipsis and shown whole under the pointer.
pub(super) fn line(ui: &mut Ui, text: &str, colour: Color32) -> Response {
    ui.add(egui::Label::new(egui::RichText::new(text).color(colour)).truncate())
}

/// A reading: name, bar with a mark at its peak, value, and always two lines for the reason, so
/// that nothing jumps while it changes.
pub(super) fn meter(ui: &mut Ui, name: &str, reading: &Reading, peak: Option<f32>) -> Response {
    let value = if reading.value.is_finite() { reading.value.clamp(0.0, 1.0) } else { 0.0 };
    let size = vec2(ui.available_width(), 58.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| {
        let mut info =
            WidgetInfo::labeled(Role::Meter, true, format!("{name}: {}", reading.because));
        info.value = Some(f64::from(value));
        info
    });
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let font = FontId::proportional(13.0);
    painter.text(rect.left_top(), Align2::LEFT_TOP, name, font.clone(), theme::STRONG);
    let measured = !reading.because.is_empty();
    let shown = if measured { format!("{:.0}", value * 100.0) } else { "\u{2013}".to_owned() };
    painter.text(rect.right_top(), Align2::RIGHT_TOP, shown, font, theme::STRONG);
    let groove = Rect::from_min_size(rect.min + vec2(0.0, 18.0), vec2(rect.width(), 6.0));
    painter.rect_filled(groove, 2.0, theme::WELL);
    let filled = Rect::from_min_size(groove.min, vec2(groove.width() * value, groove.height()));
    painter.rect_filled(filled, 2.0, theme::of_score(value));
    if let Some(peak) = peak.filter(|p| measured && p.is_finite()) {
        let x = groove.left() + groove.width() * peak.clamp(0.0, 1.0);
        painter.vline(
            x.min(groove.right() - 1.0),
            groove.y_range(),
            Stroke::new(2.0, theme::STRONG),
        );
    }
    wrapped(ui, rect.min + vec2(0.0, 27.0), rect.width(), &reading.because, theme::TEXT);
    response.on_hover_text(&reading.because)
}

/// Two lines of small text at a place.
fn wrapped(ui: &Ui, at: egui::Pos2, width: f32, text: &str, colour: Color32) {
    let mut job =
        egui::text::LayoutJob::simple(text.to_owned(), FontId::proportional(12.0), colour, width);
    job.wrap.max_rows = 2;
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(at, galley, colour);
}

/// Stars, drawn; grey outlines where none are.
pub(super) fn stars(painter: &egui::Painter, at: egui::Pos2, rating: u8, size: f32) {
    for i in 0..rating.min(5) {
        let centre = at + vec2((f32::from(i) + 0.5) * (size + 1.0), 0.0);
        icons::paint(painter, Icon::Star, centre, size, theme::STRONG);
    }
}

/// A row of stars that can be clicked; gives the number that was.
pub(super) fn star_row(ui: &mut Ui, rating: u8, what: &str) -> Option<u8> {
    let mut clicked = None;
    ui.spacing_mut().item_spacing.x = 0.0;
    for i in 1..=5_u8 {
        let (rect, response) = ui.allocate_exact_size(vec2(20.0, 22.0), Sense::click());
        let name = format!("{what} {i}");
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, i <= rating, &name));
        let (icon, colour) = if i <= rating {
            (Icon::Star, theme::STRONG)
        } else {
            (Icon::StarLine, if response.hovered() { theme::STRONG } else { theme::WEAK })
        };
        icons::paint(ui.painter(), icon, rect.center(), 15.0, colour);
        if response.clicked() {
            clicked = Some(i);
        }
    }
    clicked
}

/// Pick or reject, drawn.
pub(super) fn flag(painter: &egui::Painter, at: egui::Pos2, flag: Flag, size: f32) {
    match flag {
        Flag::Pick => icons::paint(painter, Icon::Flag, at, size, theme::STRONG),
        Flag::Reject => icons::paint(painter, Icon::Cross, at, size, theme::BAD),
        Flag::None => {}
    }
}

/// A sentence in the middle of an empty place, with what to do about it.
pub(super) fn empty(ui: &mut Ui, title: &str, advice: &str, below: impl FnOnce(&mut Ui)) {
    let area = ui.max_rect();
    let width = (area.width() - 40.0).clamp(100.0, 460.0);
    let top = area.top() + (area.height() - 150.0).max(0.0) * 0.42;
    let rect = Rect::from_min_size(pos2(area.center().x - width * 0.5, top), vec2(width, 200.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
        ui.vertical_centered(|ui| {
            ui.label(egui::RichText::new(title).size(20.0).color(theme::STRONG));
            ui.add_space(4.0);
            ui.label(egui::RichText::new(advice).size(14.0).color(theme::TEXT));
            ui.add_space(10.0);
            below(ui);
        });
    });
}

/// A dark translucent plate behind text over a picture.
pub(super) fn plate(painter: &egui::Painter, rect: Rect) {
    painter.rect_filled(rect, CornerRadius::same(3), Color32::from_black_alpha(150));
}

/// Text over a picture on its plate; gives the plate.
pub(super) fn over_picture(
    painter: &egui::Painter,
    at: egui::Pos2,
    anchor: Align2,
    text: &str,
    size: f32,
) -> Rect {
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(size), theme::STRONG);
    let rect = anchor.anchor_size(at, galley.size() + vec2(12.0, 6.0));
    plate(painter, rect);
    painter.galley(rect.min + vec2(6.0, 3.0), galley, theme::STRONG);
    rect
}
