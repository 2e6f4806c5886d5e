//! Specks that were found, one by one: those on the backdrop go unless they are kept, those on the
//! product stay unless they are confirmed.

use super::app::App;
use super::theme;
use crate::engine::contract::TakeId;
use crate::retouch::{Op, Recipe, Speck, Specks, Step};
use egui::{CollapsingHeader, RichText, Ui};

/// Lines that are shown of a list.
const LINES: usize = 60;

/// Both lists; says whether one was changed. The speck under the pointer is marked on the picture.
pub(super) fn show(app: &mut App, ui: &mut Ui, id: TakeId, recipe: &mut Recipe) -> bool {
    let Some(found) = app.model.specks.get(&id).cloned() else { return false };
    let mut op = match recipe.steps.iter().find(|s| s.id() == "specks") {
        Some(Step { op: Op::Specks(op), .. }) => op.clone(),
        _ => Specks::default(),
    };
    let was = op.clone();
    for product in [false, true] {
        let listed: Vec<&Speck> = found.iter().filter(|s| s.on_product == product).collect();
        if listed.is_empty() {
            continue;
        }
        let gone = listed.iter().filter(|s| op.removes(s)).count();
        let place = if product { "on the product" } else { "on the backdrop" };
        let title = format!("Specks {place}: {gone} of {} go", listed.len());
        CollapsingHeader::new(title).id_salt(("specks", product)).show(ui, |ui| {
            for (i, speck) in listed.iter().take(LINES).enumerate() {
                let mut goes = op.removes(speck);
                let line = ui.checkbox(&mut goes, RichText::new(text(speck)).size(12.0));
                if line.hovered() {
                    app.pointed = Some(speck.rect.grown(6, usize::MAX, usize::MAX));
                }
                let name = format!("Speck {} {place}", i + 1);
                if line.accessible_name(name).changed() {
                    turn(&mut op, speck, goes);
                }
            }
            if listed.len() > LINES {
                let more = format!("{} fainter ones are not listed", listed.len() - LINES);
                ui.label(RichText::new(more).color(theme::WEAK));
            }
        });
    }
    if op == was {
        return false;
    }
    if let Some(Step { op: Op::Specks(held), .. }) = recipe.step("specks") {
        *held = op;
    }
    true
}

fn text(speck: &Speck) -> String {
    let kind = if speck.contrast < 0.0 { "dark" } else { "light" };
    let (w, h, sure) = (speck.rect.w, speck.rect.h, speck.confidence * 100.0);
    format!("{kind}, {w} x {h} px, {sure:.0} % sure")
}

/// Keeps or takes away one speck.
fn turn(op: &mut Specks, speck: &Speck, goes: bool) {
    op.kept.retain(|p| *p != speck.place);
    op.confirmed.retain(|p| *p != speck.place);
    if op.removes(speck) != goes {
        let list = if goes { &mut op.confirmed } else { &mut op.kept };
        list.push(speck.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{Mask, Rect};

    #[test]
    fn a_speck_is_kept_or_confirmed_and_turned_back() {
        for on_product in [false, true] {
            let speck = Speck {
                rect: Rect::new(1, 1, 3, 3),
                mask: Mask::new(3, 3),
                contrast: -20.0,
                on_product,
                confidence: 0.3,
                place: [0.2, 0.4],
            };
            let mut op = Specks::default();
            turn(&mut op, &speck, true);
            assert!(op.removes(&speck), "{op:?}");
            turn(&mut op, &speck, false);
            assert!(!op.removes(&speck), "{op:?}");
        }
    }
}
