//! The brushes of the retouch view. A stroke becomes part of the edit: of its heal step, of its
//! cut-out, or of a local adjustment.

use super::app::App;
use super::commands::Action;
use super::pictures::WHOLE;
use super::theme;
use super::widgets::command_button;
use crate::engine::contract::{Level, Take, TakeId};
use crate::retouch::{Brush, Local, Mark, Op, Place, Shape, Side, Step, Stroke};
use egui::{
    Color32, ColorImage, Painter, PointerButton, Pos2, Rect, Response, RichText, Slider,
    TextureOptions, Ui,
};
use std::sync::Arc;

/// What a brush does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Takes away.
    Heal,
    /// Copies.
    Clone,
    /// Changes the light where it paints.
    Light,
    /// Changes the light inside a circle that is drawn from its middle.
    Circle,
    /// Says what belongs to the product and what does not.
    Mark(Side),
}

impl Kind {
    /// The brush that a command takes up.
    pub(super) fn of(action: Action) -> Self {
        match action {
            Action::CloneBrush => Self::Clone,
            Action::LightBrush => Self::Light,
            Action::LightCircle => Self::Circle,
            Action::KeepBrush => Self::Mark(Side::Keep),
            Action::RemoveBrush => Self::Mark(Side::Remove),
            Action::RefineBrush => Self::Mark(Side::Refine),
            _ => Self::Heal,
        }
    }
}

/// A brush in the hand.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tool {
    /// What it does.
    pub kind: Kind,
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
    pub(super) fn take_brush(&mut self, kind: Kind) {
        let radius = self.brush.as_ref().map_or(0.008, |b| b.radius);
        let again = self.brush.as_ref().is_some_and(|b| b.kind == kind);
        let tool = Tool { kind, radius, points: Vec::new(), source: None, offset: None };
        self.brush = (!again).then_some(tool);
    }

    /// With a brush for the cut-out in the hand, the shown take is cut out exactly.
    pub(super) fn cut_exactly(&mut self) {
        if !matches!(self.brush, Some(Tool { kind: Kind::Mark(_), .. })) {
            return;
        }
        let Some(take) = self.model.take() else { return };
        let (id, mut recipe) = (take.id, take.recipe.clone().unwrap_or_default());
        if recipe.cut_out().is_none()
            && let Some(Step { op: Op::CutOut(cut), .. }) = recipe.step("cutout")
        {
            cut.exact = true;
            self.edit(id, recipe);
        }
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
    let rows: [&[(&str, Action)]; 3] = [
        &[("Heal", Action::HealBrush), ("Clone", Action::CloneBrush)],
        &[("Light", Action::LightBrush), ("Light circle", Action::LightCircle)],
        &[
            ("Keep", Action::KeepBrush),
            ("Cut away", Action::RemoveBrush),
            ("Refine edge", Action::RefineBrush),
        ],
    ];
    for (i, row) in rows.into_iter().enumerate() {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for &(text, action) in row {
                let on = app.brush.as_ref().is_some_and(|b| b.kind == Kind::of(action));
                if command_button(ui, text, on, action) {
                    app.perform(ui.ctx(), action);
                }
            }
            if let (0, Some(tool)) = (i, &mut app.brush) {
                let slider = Slider::new(&mut tool.radius, RADII.0..=RADII.1).logarithmic(true);
                ui.add(slider.show_value(false)).on_hover_text("Size of the brush: Shift+[ and ]");
            }
        });
    }
    let Some(tool) = &app.brush else { return };
    let text = match (tool.kind, tool.source) {
        (Kind::Clone, None) => "Alt+click where to copy from, then paint.",
        (Kind::Clone, Some(_)) => "Paint; Alt+click chooses another source.",
        (Kind::Heal, None) => {
            "Paint over what should go; Alt+click first to take detail from a place."
        }
        (Kind::Heal, Some(_)) => "Paint over what should go; its detail comes from your source.",
        (Kind::Light, _) => {
            "Paint where the light should change; its sliders are in Local adjustment."
        }
        (Kind::Circle, _) => "Drag from the middle outwards; its sliders are in Local adjustment.",
        (Kind::Mark(Side::Keep), _) => {
            "Paint what belongs to the product. What is left out is red; it is cut anew after each stroke."
        }
        (Kind::Mark(Side::Remove), _) => {
            "Paint what does not belong to the product. What is left out is red."
        }
        (Kind::Mark(Side::Refine), _) => "Paint along an edge that was cut wrongly.",
    };
    ui.add(egui::Label::new(RichText::new(text).color(theme::WEAK)).wrap());
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
    if matches!(app.brush, Some(Tool { kind: Kind::Mark(_), .. })) {
        left_out(app, painter, rect, take.id);
    }
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
    if let (Kind::Circle, [middle, .., rim]) = (tool.kind, &tool.points[..]) {
        let (middle, rim) = (on_screen(*middle), on_screen(*rim));
        painter.circle_stroke(middle, (rim - middle).length(), (1.0, Color32::WHITE));
    } else {
        for p in &tool.points {
            painter.circle_filled(on_screen(*p), radius, Color32::from_white_alpha(24));
        }
    }
    let (alt, down) = ui.input(|i| (i.modifiers.alt, i.pointer.primary_down()));
    let pressed = response.is_pointer_button_down_on() && down;
    let at = response.interact_pointer_pos().map(place);
    if alt && matches!(tool.kind, Kind::Heal | Kind::Clone) {
        if let Some(at) = at.filter(|_| response.clicked() || pressed) {
            (tool.source, tool.offset) = (Some(at), None);
        }
        return;
    }
    let click = response.clicked_by(PointerButton::Primary);
    if let Some(at) = at.filter(|_| pressed || click) {
        let least = if tool.kind == Kind::Circle { 1e-3 } else { tool.radius * 0.2 };
        let far = |p: &Place| (p[0] - at[0]).hypot(p[1] - at[1]) > least;
        if tool.points.last().is_none_or(far) {
            tool.points.push(at);
        }
    }
    if !pressed && !tool.points.is_empty() {
        let points = std::mem::take(&mut tool.points);
        finish(app, take, points, rect.size());
    }
}

/// Tints what the exact cut-out leaves out, while one of its brushes is in the hand.
fn left_out(app: &mut App, painter: &Painter, rect: Rect, id: TakeId) {
    let Some((take, mask)) = app.model.cut_out.clone() else { return };
    if take != id {
        return;
    }
    let stale = app.left_out.as_ref().is_none_or(|(of, _)| !Arc::ptr_eq(of, &mask));
    if stale {
        let tint = |v: &u8| Color32::from_rgba_unmultiplied(220, 30, 40, (255 - v) / 2);
        let pixels = mask.data.iter().map(tint).collect();
        let image = ColorImage::new([mask.w, mask.h], pixels);
        let texture = painter.ctx().load_texture("left out", image, TextureOptions::LINEAR);
        app.left_out = Some((mask, texture));
    }
    if let Some((_, texture)) = &app.left_out {
        painter.image(texture.id(), rect, WHOLE, Color32::WHITE);
    }
}

/// Puts a stroke into the edit.
fn finish(app: &mut App, take: &Take, points: Vec<Place>, shown: egui::Vec2) {
    let Some(tool) = app.brush.as_mut() else { return };
    let mut recipe = take.recipe.clone().unwrap_or_default();
    if recipe.steps.iter().any(|s| s.id() == "straighten" && s.acts()) {
        let text = "switch Straighten off while you paint, so that strokes fall where they belong";
        return app.model.say(Level::Warning, text.to_owned());
    }
    if let Kind::Mark(side) = tool.kind {
        let radius = tool.radius;
        if let Some(Step { op: Op::CutOut(cut), .. }) = recipe.step("cutout") {
            cut.marks.push(Mark { side, points, radius });
        }
        return app.edit(take.id, recipe);
    }
    if matches!(tool.kind, Kind::Light | Kind::Circle) {
        let shape = if tool.kind == Kind::Light { Shape::Brush } else { Shape::Radial };
        if let Some(local) = recipe.local(shape) {
            light(local, &points, tool.radius, shown);
        }
        return app.edit(take.id, recipe);
    }
    if let (Some(source), None, Some(first)) = (tool.source, tool.offset, points.first()) {
        tool.offset = Some([source[0] - first[0], source[1] - first[1]]);
    }
    let brush = match (tool.kind == Kind::Clone, tool.offset) {
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

/// What a first stroke does to the light, stops: enough to see where it is.
const FIRST: f32 = 0.3;

/// Puts a stroke, or a circle from its middle to its rim, into a local adjustment.
fn light(local: &mut Local, points: &[Place], radius: f32, shown: egui::Vec2) {
    match (local.shape, points) {
        (Shape::Brush, _) => {
            local.brush = radius;
            local.points.extend_from_slice(points);
        }
        (Shape::Radial, [middle, .., rim]) => {
            let off = egui::vec2(rim[0] - middle[0], rim[1] - middle[1]) * shown;
            (local.x, local.y) = (middle[0], middle[1]);
            let half = egui::Vec2::splat(off.length()) / shown.max(egui::Vec2::splat(1.0));
            (local.width, local.height) = (half.x.clamp(0.01, 1.0), half.y.clamp(0.01, 1.0));
        }
        // A click without a drag has no size.
        (Shape::Radial, _) => return,
    }
    if local.ev == 0.0 && local.warmth == 0.0 && local.saturation == 0.0 {
        local.ev = FIRST;
    }
}
