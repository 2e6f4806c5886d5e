//! What the suggested finish of live view does, step by step: each can be refused, and what is left is
//! given to the captures to come.

use super::app::App;
use super::commands::Action;
use super::model::Finish;
use super::theme;
use super::widgets::{command_button, heading};
use crate::engine::contract::Command;
use crate::retouch::{Recipe, Step};
use egui::{Label, RichText, Ui};

/// The list, while a finish is shown.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    if app.model.look.live_finish == Finish::Before {
        return;
    }
    let Some(recipe) = app.live.finish.clone() else { return };
    let given = app.model.next_edit.is_some();
    ui.add_space(6.0);
    heading(ui, if given { "Edit of the captures to come" } else { "Suggested finish" });
    for step in recipe.steps.iter().filter(|s| s.acts()) {
        ui.add_enabled_ui(!given, |ui| line(app, ui, step, given));
    }
    if given {
        if command_button(ui, "Captures to come get this edit", true, Action::EditNext) {
            app.perform(ui.ctx(), Action::EditNext);
        }
    } else if ui.button("Give it to the captures to come").clicked() {
        let mut taken: Recipe = (*recipe).clone();
        taken.steps.retain(|s| !app.model.refused.contains(s.id()));
        app.model.next_edit = Some(taken.clone());
        app.model.send(Command::EditNext(Some(taken)));
    }
}

fn line(app: &mut App, ui: &mut Ui, step: &Step, given: bool) {
    let mut taken = given || !app.model.refused.contains(step.id());
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let switch = ui.checkbox(&mut taken, step.label());
        if switch.on_hover_text(step.help()).changed() {
            let id = step.id().to_owned();
            if taken {
                app.model.refused.remove(&id);
            } else {
                app.model.refused.insert(id.clone());
            }
            app.model.send(Command::Refuse { step: id, refused: !taken });
        }
        let text = RichText::new(step.summary()).size(11.5).color(theme::WEAK);
        ui.add(Label::new(text).truncate());
    });
}
