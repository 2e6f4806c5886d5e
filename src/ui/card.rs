//! What is told about the card before it is read: its edition, its file, the light, and its corners when
//! they are dragged into place by hand.

use super::app::App;
use super::model::View;
use super::settings::Folder;
use super::theme;
use crate::calibrate::Edition;
use crate::engine::contract::{KnownCard, Placed};
use egui::{
    Align2, Color32, ComboBox, FontId, Painter, Pos2, Rect, RichText, Role, Sense, Stroke,
    TextEdit, Ui, Vec2, WidgetInfo,
};

/// The choices of the calibration panel.
pub(super) struct Choices {
    /// What the engine is told, but for the place.
    pub(super) known: KnownCard,
    by_hand: bool,
    placed: Placed,
}

impl Default for Choices {
    fn default() -> Self {
        let corners = [[0.3, 0.3], [0.7, 0.3], [0.7, 0.6], [0.3, 0.6]];
        let placed = Placed { grey: false, corners };
        Self { known: KnownCard::default(), by_hand: false, placed }
    }
}

impl Choices {
    /// What the engine is told.
    pub(super) fn known(&self) -> KnownCard {
        KnownCard { placed: self.by_hand.then_some(self.placed), ..self.known.clone() }
    }

    /// Whether the card is placed by hand.
    pub(super) fn by_hand(&self) -> bool {
        self.by_hand
    }

    /// The card was found there.
    pub(super) fn found(&mut self, placed: Placed) {
        self.placed = placed;
    }
}

/// What each corner is, in the order of [`Placed::corners`].
const CHART: [&str; 4] = ["dark skin", "bluish green", "black", "white"];

/// The lines of the panel.
pub(super) fn panel(app: &mut App, ui: &mut Ui) {
    let mut browse = false;
    ui.horizontal(|ui| {
        ui.label("Chart");
        ui.name_inputs("Chart", |ui| browse = edition(&mut app.card.known, ui));
    });
    ui.horizontal(|ui| {
        ui.label("Light");
        let field = TextEdit::singleline(&mut app.card.known.light).hint_text("its name");
        ui.name_inputs("Name of the light", |ui| ui.add(field));
    });
    if browse {
        app.browse(ui.ctx(), Folder::Card);
    }
    ui.checkbox(&mut app.card.by_hand, "Place the card by hand");
    if !app.card.by_hand {
        return;
    }
    ui.horizontal(|ui| {
        ui.selectable_value(&mut app.card.placed.grey, false, "24-patch chart");
        ui.selectable_value(&mut app.card.placed.grey, true, "Grey card");
    });
    let text = if app.card.placed.grey {
        "Drag the corners to the card's own, or well inside of it."
    } else {
        "Drag each corner to the outer corner of its patch: dark skin, bluish green, black, white."
    };
    ui.add(egui::Label::new(RichText::new(text).color(theme::WEAK)).wrap());
}

/// When the chart was made, or the file of a card of one's own; says whether a file is to be chosen.
fn edition(known: &mut KnownCard, ui: &mut Ui) -> bool {
    let editions = [
        (Edition::After2014, "made from November 2014 on"),
        (Edition::Before2014, "made before November 2014"),
    ];
    let own = known.reference.as_ref().map(|p| {
        p.file_name().map_or_else(|| p.display().to_string(), |n| n.to_string_lossy().into_owned())
    });
    let published = editions.iter().find(|e| e.0 == known.edition).map_or("", |e| e.1);
    let selected = own.as_deref().unwrap_or(published);
    let mut browse = false;
    ComboBox::from_id_salt("chart").selected_text(selected).width(180.0).show_ui(ui, |ui| {
        for (edition, text) in editions {
            let is = own.is_none() && known.edition == edition;
            if ui.selectable_label(is, text).clicked() {
                (known.edition, known.reference) = (edition, None);
            }
        }
        browse = ui.selectable_label(own.is_some(), "a file of my own \u{2026}").clicked();
    });
    browse
}

/// The card on the picture: where it was found, or its corners to be dragged.
pub(super) fn overlay(app: &mut App, ui: &Ui, painter: &Painter, picture: Rect) {
    if app.model.view != View::Calibrate {
        return;
    }
    if !app.card.by_hand {
        if app.model.card_found {
            outline(painter, app.card.placed.corners.map(|c| at(picture, c)), 1.0);
        }
        return;
    }
    let id = ui.scope_id().with("card");
    for (i, name) in CHART.iter().enumerate() {
        let place = at(picture, app.card.placed.corners[i]);
        let handle = Rect::from_center_size(place, Vec2::splat(26.0));
        let response = ui.interact(handle, id.with(i), Sense::drag());
        let label = format!("Corner {} of the card", i + 1);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
        if response.dragged()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            let moved = (pointer - picture.min) / picture.size();
            app.card.placed.corners[i] = [moved.x.clamp(0.0, 1.0), moved.y.clamp(0.0, 1.0)];
        }
        let reached = response.hovered() || response.dragged();
        painter.circle_stroke(place, 9.0, Stroke::new(3.0, Color32::from_black_alpha(120)));
        let colour = if reached { theme::STRONG } else { theme::WARN };
        painter.circle_stroke(place, 9.0, Stroke::new(1.5, colour));
        let text = if app.card.placed.grey { "" } else { name };
        let below = place + Vec2::new(0.0, 12.0);
        painter.text(below, Align2::CENTER_TOP, text, FontId::proportional(11.0), colour);
    }
    outline(painter, app.card.placed.corners.map(|c| at(picture, c)), 1.0);
}

fn at(picture: Rect, [x, y]: [f32; 2]) -> Pos2 {
    picture.min + Vec2::new(x, y) * picture.size()
}

fn outline(painter: &Painter, corners: [Pos2; 4], width: f32) {
    let around = [corners[0], corners[1], corners[2], corners[3], corners[0]];
    painter.line(around.to_vec(), Stroke::new(width + 2.0, Color32::from_black_alpha(90)));
    painter.line(around.to_vec(), Stroke::new(width, theme::WARN));
}
