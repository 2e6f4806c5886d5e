//! A take as a thumbnail with its marks, for strip and grid.

use super::app::App;
use super::icons::{self, Icon};
use super::{theme, widgets};
use crate::engine::contract::{Safety, Take, TakeId};
use egui::{
    Align2, Color32, FontId, Modifiers, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

/// Height of the line below the thumbnail.
pub(super) const FOOT: f32 = 18.0;

/// Draws a take; a click selects it, with Ctrl one more, with Shift up to it; a double click opens
/// it.
pub(super) fn show(app: &mut App, ui: &mut Ui, rect: Rect, id: TakeId) -> Option<Response> {
    let take = app.model.takes.get(&id)?;
    let (selected, active) = (app.model.selected.contains(&id), app.model.active == Some(id));
    let response = ui.interact(rect, ui.scope_id().with(("take", id)), Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(Role::Button, true, selected, format!("Take {}", take.name))
    });
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let fill = match (active, selected, response.hovered()) {
        (true, ..) => 92,
        (_, true, _) => 74,
        (.., true) => 58,
        _ => 48,
    };
    painter.rect_filled(rect, 3.0, Color32::from_gray(fill));
    if active {
        painter.rect_stroke(
            rect,
            3.0,
            Stroke::new(1.5, Color32::from_gray(190)),
            StrokeKind::Inside,
        );
    }
    let room = Rect::from_min_max(rect.min + Vec2::splat(5.0), rect.max - vec2(5.0, FOOT + 3.0));
    let picture = match take.thumbnail.clone() {
        Some(thumbnail) => {
            let texture = app.pictures.thumbnail(ui.ctx(), id, &thumbnail);
            texture.map(|t| (t.id(), fitted(room, t.size_vec2())))
        }
        None => None,
    };
    let take = app.model.takes.get(&id)?;
    let dim = take.flag == crate::session::Flag::Reject;
    let tint = if dim { Color32::from_white_alpha(90) } else { Color32::WHITE };
    let at = if let Some((texture, at)) = picture {
        painter.image(texture, at, super::pictures::WHOLE, tint);
        at
    } else {
        let text = if take.trouble.is_some() { "cannot be opened" } else { "reading \u{2026}" };
        let font = FontId::proportional(11.0);
        painter.text(room.center(), Align2::CENTER_CENTER, text, font, theme::WEAK);
        room
    };
    marks(&painter, rect, at, take);
    select(app, ui, &response, id);
    Some(response.on_hover_ui(|ui| hover(app, ui, id)))
}

/// The largest rectangle of a shape in the middle of another.
pub(super) fn fitted(room: Rect, size: Vec2) -> Rect {
    let scale = (room.width() / size.x.max(1.0)).min(room.height() / size.y.max(1.0));
    Rect::from_center_size(room.center(), size * scale)
}

fn marks(painter: &egui::Painter, rect: Rect, picture: Rect, take: &Take) {
    let foot = rect.bottom() - FOOT * 0.5 - 2.0;
    widgets::stars(painter, pos2(rect.left() + 6.0, foot), take.rating, 11.0);
    let mut right = rect.right() - 12.0;
    let (icon, colour) = match take.safety {
        Safety::Card => (Icon::Card, theme::WARN),
        Safety::Disk => (Icon::Disk, theme::WEAK),
        Safety::TwoDisks => (Icon::TwoDisks, theme::GOOD),
    };
    icons::paint(painter, icon, pos2(right, foot), 12.0, colour);
    right -= 16.0;
    if take.recipe.is_some() {
        icons::paint(painter, Icon::Sliders, pos2(right, foot), 12.0, theme::WEAK);
        right -= 16.0;
    }
    if take.rating == 0 {
        let clip = painter.with_clip_rect(Rect::from_min_max(rect.min, pos2(right, rect.max.y)));
        let name = take.name.rsplit_once('.').map_or(take.name.as_str(), |(stem, _)| stem);
        let font = FontId::proportional(11.0);
        clip.text(pos2(rect.left() + 6.0, foot), Align2::LEFT_CENTER, name, font, theme::TEXT);
    }
    if take.flag != crate::session::Flag::None {
        let at = picture.min + Vec2::splat(10.0);
        painter.circle_filled(at, 9.0, Color32::from_black_alpha(150));
        widgets::flag(painter, at, take.flag, 11.0);
    }
    score(painter, picture, take);
    if let Some(label) = take.label {
        let line = Rect::from_min_max(
            pos2(rect.left() + 2.0, rect.bottom() - 3.0),
            rect.max - vec2(2.0, 0.0),
        );
        painter.rect_filled(line, 1.0, widgets::label_colour(label));
    }
}

/// The overall score in the picture's corner; a crown when it is the best of its group.
fn score(painter: &egui::Painter, picture: Rect, take: &Take) {
    let text = match &take.score {
        Some(score) => format!("{:.0}", score.overall * 100.0),
        None if take.trouble.is_some() => return,
        None => "pending".to_owned(),
    };
    let galley = painter.layout_no_wrap(text, FontId::proportional(11.5), theme::STRONG);
    let crown = if take.best { 15.0 } else { 0.0 };
    let size = galley.size() + vec2(8.0 + crown, 2.0);
    let plate = Rect::from_min_size(pos2(picture.right() - size.x, picture.top()), size);
    widgets::plate(painter, plate);
    if take.best {
        let at = pos2(plate.left() + 10.0, plate.center().y);
        icons::paint(painter, Icon::Crown, at, 12.0, theme::GOOD);
    }
    painter.galley(plate.min + vec2(4.0 + crown, 1.0), galley, theme::STRONG);
}

fn select(app: &mut App, ui: &Ui, response: &Response, id: TakeId) {
    let held = ui.input(|i| i.modifiers);
    if response.double_clicked() {
        app.model.select(id);
        app.model.show(super::model::View::Loupe);
    } else if response.clicked() {
        match held {
            Modifiers { command: true, .. } => app.model.toggle(id),
            Modifiers { shift: true, .. } => app.model.select_to(id),
            _ => {
                app.model.select(id);
                // Someone who clicks a take wants to see it.
                if app.model.view == super::model::View::Calibrate {
                    app.model.show(super::model::View::Loupe);
                }
            }
        }
        app.model.reveal = false;
    }
}

fn hover(app: &App, ui: &mut Ui, id: TakeId) {
    let Some(take) = app.model.takes.get(&id) else { return };
    ui.label(egui::RichText::new(&take.name).color(theme::STRONG));
    if let Some(trouble) = &take.trouble {
        ui.label(egui::RichText::new(trouble).color(theme::BAD));
    }
    if let Some(score) = &take.score {
        for (name, reading) in super::scores::meters(score) {
            ui.label(format!("{name} {:.0}: {}", reading.value * 100.0, reading.because));
        }
    }
    ui.label(safety(take.safety));
}

/// Where a capture is safe, as a sentence.
pub(super) fn safety(safety: Safety) -> &'static str {
    match safety {
        Safety::Card => "On the card only, not on this computer yet.",
        Safety::Disk => "Safe on this computer.",
        Safety::TwoDisks => "Safe on this computer and in the second folder.",
    }
}
