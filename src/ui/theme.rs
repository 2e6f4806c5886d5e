//! Greys of a neutral studio: no colour but in states that mean something.

use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, TextStyle, Theme};

/// Bars above and below.
pub(super) const BAR: Color32 = Color32::from_gray(38);
/// Panels at the sides.
pub(super) const PANEL: Color32 = Color32::from_gray(43);
/// Around the picture while working.
pub(super) const SURROUND: Color32 = Color32::from_gray(52);
/// Around the picture with the lights out.
pub(super) const DARK: Color32 = Color32::from_gray(24);
/// L* 50, around the picture while judging colour.
pub(super) const ASSESS: Color32 = Color32::from_gray(119);
/// Lines between things.
pub(super) const LINE: Color32 = Color32::from_gray(60);
/// Wells: text fields, meter grooves.
pub(super) const WELL: Color32 = Color32::from_gray(29);
/// Text.
pub(super) const TEXT: Color32 = Color32::from_gray(180);
/// Text of less weight.
pub(super) const WEAK: Color32 = Color32::from_gray(140);
/// Text that matters.
pub(super) const STRONG: Color32 = Color32::from_gray(228);
/// Filled parts of neutral meters.
pub(super) const METER: Color32 = Color32::from_gray(150);
/// Good, safe.
pub(super) const GOOD: Color32 = Color32::from_rgb(116, 178, 120);
/// Needs a look.
pub(super) const WARN: Color32 = Color32::from_rgb(214, 170, 86);
/// Not done, rejected, clipped.
pub(super) const BAD: Color32 = Color32::from_rgb(222, 104, 92);

/// A height of the top bar in points.
pub(super) const BAR_HEIGHT: f32 = 46.0;
/// Height of the status line.
pub(super) const STATUS_HEIGHT: f32 = 24.0;
/// Height of the strip.
pub(super) const STRIP_HEIGHT: f32 = 122.0;
/// Width of the panel at the left.
pub(super) const LEFT_WIDTH: f32 = 220.0;
/// Width of the panel at the right.
pub(super) const RIGHT_WIDTH: f32 = 300.0;

/// Colour of a value from 0 (reject) to 1 (keeper): grey unless it means something.
pub(super) fn of_score(value: f32) -> Color32 {
    match value {
        v if v >= 0.75 => GOOD,
        v if v >= 0.45 => METER,
        v if v >= 0.25 => WARN,
        _ => BAD,
    }
}

/// A panel's frame.
pub(super) fn panel(fill: Color32) -> egui::Frame {
    egui::Frame::new().fill(fill).inner_margin(Margin::symmetric(12, 8))
}

/// Sets fonts, spacing and colours, once.
pub(super) fn apply(ctx: &egui::Context) {
    ctx.set_theme(Theme::Dark);
    // Ctrl with + and - belongs to the picture, not to the size of the letters.
    ctx.options_mut(|o| o.zoom_with_keyboard = false);
    ctx.all_styles_mut(|style| {
        style.visuals = visuals();
        style.text_styles = [
            (TextStyle::Small, FontId::new(11.0, FontFamily::Proportional)),
            (TextStyle::Body, FontId::new(13.0, FontFamily::Proportional)),
            (TextStyle::Button, FontId::new(13.0, FontFamily::Proportional)),
            (TextStyle::Heading, FontId::new(16.0, FontFamily::Proportional)),
            (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
        ]
        .into();
        style.spacing.item_spacing = egui::vec2(8.0, 6.0);
        style.spacing.button_padding = egui::vec2(8.0, 4.0);
        style.spacing.interact_size.y = 24.0;
        style.spacing.combo_width = 60.0;
        style.spacing.scroll = egui::style::ScrollStyle::thin();
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.4;
        // A sliding panel is a picture that moves: switch at once.
        style.animation_time = 0.0;
    });
}

fn visuals() -> egui::Visuals {
    let mut v = egui::Visuals::dark();
    let radius = CornerRadius::same(3);
    v.panel_fill = PANEL;
    v.window_fill = Color32::from_gray(46);
    v.window_stroke = Stroke::new(1.0, Color32::from_gray(72));
    v.window_corner_radius = CornerRadius::same(4);
    v.menu_corner_radius = radius;
    v.extreme_bg_color = WELL;
    v.text_edit_bg_color = Some(WELL);
    v.faint_bg_color = Color32::from_gray(47);
    v.weak_text_color = Some(WEAK);
    v.warn_fg_color = WARN;
    v.error_fg_color = BAD;
    v.selection.bg_fill = Color32::from_gray(92);
    v.selection.stroke = Stroke::new(1.0, STRONG);
    v.hyperlink_color = STRONG;
    v.slider_trailing_fill = true;
    v.widgets.noninteractive.bg_stroke = Stroke::new(1.0, LINE);
    v.widgets.noninteractive.fg_stroke = Stroke::new(1.0, TEXT);
    for (widget, grey, text) in [
        (&mut v.widgets.inactive, 60, TEXT),
        (&mut v.widgets.hovered, 72, STRONG),
        (&mut v.widgets.active, 90, STRONG),
        (&mut v.widgets.open, 66, STRONG),
    ] {
        widget.bg_fill = Color32::from_gray(grey + 20);
        widget.weak_bg_fill = Color32::from_gray(grey);
        widget.bg_stroke = Stroke::NONE;
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    v.widgets.noninteractive.corner_radius = radius;
    v
}
