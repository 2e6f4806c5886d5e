//! The heal and clone brush of the retouch view. A stroke becomes part of the edit's heal step.

use super::app::App;
use super::commands::Action;
use super::theme;
use super::widgets::command_button;
use crate::engine::contract::{Level, Take};
use crate::retouch::{Brush, Op, Place, Step, Stroke};
use egui::{Color32, Painter, PointerButton, Pos2, Rect, Response, RichText, Slider, Ui};

/// A brush in the hand.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tool {
    /// Clones; otherwise heals.
    pub clone: bool,
    /// Radius as a part of the picture's longer side.
    radius: f32,
    /// The stroke that is being painted.
    points: Vec<Place>,
    /// From where it copies, as it was chosen.
    source: Option<Place>,
    /// From where it copies, added to its own place; kept between strokes.
    offset: Option<Place>,
}

/// Smallest and largest radius.
const RADII: (f32, f32) = (0.001, 0.1);
/// How much of the radius is soft.
const FEATHER: f32 = 0.4;

impl App {
    /// Takes a brush up, or lays the same one down.
    pub(super) fn take_brush(&mut self, clone: bool) {
        let radius = self.brush.as_ref().map_or(0.008, |b| b.radius);
        let again = self.brush.as_ref().is_some_and(|b| b.clone == clone);
        let tool = Tool { clone, radius, points: Vec::new(), source: None, offset: None };
        self.brush = (!again).then_some(tool);
    }

    /// Makes the brush larger or smaller.
    pub(super) fn size_brush(&mut self, factor: f32) {
        if let Some(tool) = &mut self.brush {
            tool.radius = (tool.radius * factor).clamp(RADII.0, RADII.1);
        }
    }
}

/// The brushes in the panel, and what is to be known of the one in the hand.
pub(super) fn panel(app: &mut App, ui: &mut Ui) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (text, action, clone) in
            [("Heal", Action::HealBrush, false), ("Clone", Action::CloneBrush, true)]
        {
            let on = app.brush.as_ref().is_some_and(|b| b.clone == clone);
            if command_button(ui, text, on, action) {
                app.perform(ui.ctx(), action);
            }
        }
        if let Some(tool) = &mut app.brush {
            let slider = Slider::new(&mut tool.radius, RADII.0..=RADII.1).logarithmic(true);
            ui.add(slider.show_value(false)).on_hover_text("Size of the brush: Shift+[ and ]");
        }
    });
    if let Some(tool) = &app.brush {
        let text = match (tool.clone, tool.source) {
            (true, None) => "Alt+click where to copy from, then paint.",
            (true, Some(_)) => "Paint; Alt+click chooses another source.",
            (false, None) => {
                "Paint over what should go; Alt+click first to take detail from a place."
            }
            (false, Some(_)) => "Paint over what should go; its detail comes from your source.",
        };
        ui.add(egui::Label::new(RichText::new(text).color(theme::WEAK)).wrap());
    }
}

/// Follows the hand on a picture that is shown at `rect`.
pub(super) fn paint(
    app: &mut App,
    ui: &Ui,
    response: &Response,
    painter: &Painter,
    rect: Rect,
    take: &Take,
) {
    let Some(tool) = app.brush.as_mut() else { return };
    let place = |p: Pos2| {
        let at = (p - rect.min) / rect.size().max(egui::Vec2::splat(1e-3));
        [at.x, at.y]
    };
    let on_screen = |p: Place| rect.min + egui::vec2(p[0], p[1]) * rect.size();
    let radius = tool.radius * rect.size().max_elem();
    if let Some(pointer) = response.hover_pos().or(response.interact_pointer_pos()) {
        painter.circle_stroke(pointer, radius, (2.5, Color32::from_black_alpha(90)));
        painter.circle_stroke(pointer, radius, (1.0, Color32::WHITE));
        let from = tool.offset.map(|o| pointer + egui::vec2(o[0], o[1]) * rect.size());
        if let Some(from) = from.or(tool.source.map(on_screen)) {
            painter.circle_stroke(from, radius, (1.0, theme::GOOD));
        }
    }
    for p in &tool.points {
        painter.circle_filled(on_screen(*p), radius, Color32::from_white_alpha(24));
    }
    let (alt, down) = ui.input(|i| (i.modifiers.alt, i.pointer.primary_down()));
    let pressed = response.is_pointer_button_down_on() && down;
    let at = response.interact_pointer_pos().map(place);
    if alt {
        if let Some(at) = at.filter(|_| response.clicked() || pressed) {
            (tool.source, tool.offset) = (Some(at), None);
        }
        return;
    }
    let click = response.clicked_by(PointerButton::Primary);
    if let Some(at) = at.filter(|_| pressed || click) {
        let far = |p: &Place| (p[0] - at[0]).hypot(p[1] - at[1]) > tool.radius * 0.2;
        if tool.points.last().is_none_or(far) {
            tool.points.push(at);
        }
    }
    if !pressed && !tool.points.is_empty() {
        let points = std::mem::take(&mut tool.points);
        finish(app, take, points);
    }
}

/// Puts a stroke into the edit.
fn finish(app: &mut App, take: &Take, points: Vec<Place>) {
    let Some(tool) = app.brush.as_mut() else { return };
    let mut recipe = take.recipe.clone().unwrap_or_default();
    if recipe.steps.iter().any(|s| s.id() == "straighten" && s.acts()) {
        let text = "switch Straighten off while you paint, so that strokes fall where they belong";
        return app.model.say(Level::Warning, text.to_owned());
    }
    if let (Some(source), None, Some(first)) = (tool.source, tool.offset, points.first()) {
        tool.offset = Some([source[0] - first[0], source[1] - first[1]]);
    }
    let brush = match (tool.clone, tool.offset) {
        (true, None) => {
            let text = "Alt+click where the clone brush copies from first".to_owned();
            return app.model.say(Level::Note, text);
        }
        (true, Some(_)) => Brush::Clone,
        (false, Some(_)) => Brush::Heal,
        (false, None) => Brush::Fill,
    };
    let (radius, offset) = (tool.radius, tool.offset.unwrap_or_default());
    if let Some(Step { op: Op::Heal(heal), .. }) = recipe.step("heal") {
        heal.strokes.push(Stroke { brush, points, radius, feather: FEATHER, offset });
    }
    app.edit(take.id, recipe);
}
