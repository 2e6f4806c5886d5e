//! The edit as a stack of steps, each with its switch, its opacity and its controls. What an
//! operation declares is all that is known of it here.

use super::icons::{self, Icon};
use super::sliders::Sliders;
use super::theme;
use crate::retouch::{Recipe, Step, operations};
use egui::{Checkbox, Label, RichText, Role, Sense, Ui, WidgetInfo, vec2};

/// A line of the stack: a step of the recipe, or a neutral one that is not in it yet.
struct Row {
    step: Step,
    index: Option<usize>,
}

/// Draws every step with its controls; says whether anything was moved. A step that is not in the
/// recipe comes into it, at its place in the pipeline, when it is touched.
/// A note stands under the step of its identifier.
pub(super) fn show(ui: &mut Ui, recipe: &mut Recipe, notes: &[(&str, String)]) -> bool {
    let mut changed = false;
    let mut before = 0;
    for (i, row) in rows(recipe).into_iter().enumerate() {
        let mut step = row.step.clone();
        let note = notes.iter().find(|n| n.0 == step.id()).map(|n| n.1.as_str());
        ui.push_id((step.id(), i), |ui| draw(ui, &mut step, row.index.is_some(), note));
        if step == row.step {
            before = row.index.map_or(before, |index| index + 1);
            continue;
        }
        changed = true;
        match row.index {
            Some(index) => recipe.steps[index] = step,
            None => recipe.steps.insert(before, step),
        }
        // The other lines' places moved; they are drawn again in the next frame.
        break;
    }
    changed
}

/// The recipe's own steps in their order, with the missing ones where the pipeline has them.
fn rows(recipe: &Recipe) -> Vec<Row> {
    let all = operations();
    let place = |step: &Step| all.iter().position(|o| o.id() == step.id()).unwrap_or(usize::MAX);
    let own = recipe.steps.iter().cloned().enumerate();
    let mut rows: Vec<_> = own.map(|(i, step)| Row { step, index: Some(i) }).collect();
    for (p, missing) in all.iter().enumerate() {
        if recipe.steps.iter().all(|s| s.id() != missing.id()) {
            let at = rows.iter().position(|r| place(&r.step) > p).unwrap_or(rows.len());
            rows.insert(at, Row { step: missing.clone(), index: None });
        }
    }
    rows
}

fn draw(ui: &mut Ui, step: &mut Step, present: bool, note: Option<&str>) {
    let open_id = ui.scope_id().with("open");
    let mut open = ui.data(|d| d.get_temp(open_id)).unwrap_or_else(|| present && step.acts());
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.add_space(3.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let mut on = present && step.on;
        let name = format!("{} on", step.label());
        let switch = ui.add_enabled(present, Checkbox::without_text(&mut on));
        if switch.accessible_name(name).on_hover_text("Its switch.").changed() {
            step.on = on;
        }
        let (rect, head) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::click());
        let label = step.label();
        head.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, open, label));
        let colour =
            if head.hovered() || (present && step.acts()) { theme::STRONG } else { theme::TEXT };
        let icon = if open { Icon::Down } else { Icon::Right };
        icons::paint(ui.painter(), icon, rect.left_center() + vec2(7.0, 0.0), 11.0, colour);
        let font = egui::FontId::proportional(13.0);
        let at = rect.left_center() + vec2(18.0, 0.0);
        ui.painter().text(at, egui::Align2::LEFT_CENTER, label, font, colour);
        if head.on_hover_text(step.help()).clicked() {
            open = !open;
            ui.data_mut(|d| d.insert_temp(open_id, open));
        }
    });
    if let Some(note) = note {
        ui.indent("note", |ui| {
            ui.add(Label::new(RichText::new(note).size(11.5).color(theme::WEAK)).wrap());
        });
    }
    if !open {
        return;
    }
    ui.indent("controls", |ui| {
        if present && !step.is_neutral() {
            let text = RichText::new(step.summary()).size(11.5).color(theme::WEAK);
            ui.add(Label::new(text).truncate());
        }
        let mut sliders = Sliders::new(ui);
        step.controls(&mut sliders);
        if present {
            let help = "How much of the step is mixed in.";
            sliders.number("Opacity", &mut step.opacity, 0.0..=1.0, "", help);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_steps_stand_where_the_pipeline_has_them_and_the_recipe_keeps_its_order() {
        let all = operations();
        let (first, last) = (all[0].clone(), all[all.len() - 1].clone());
        let recipe = Recipe { steps: vec![first.clone(), last.clone()], ..Recipe::default() };
        let ids: Vec<_> = rows(&recipe).iter().map(|r| r.step.id()).collect();
        assert_eq!(ids, all.iter().map(Step::id).collect::<Vec<_>>());
        let turned = Recipe { steps: vec![last.clone(), first.clone()], ..Recipe::default() };
        let own: Vec<_> =
            rows(&turned).into_iter().filter_map(|r| r.index.map(|_| r.step.id())).collect();
        assert_eq!(own, [last.id(), first.id()]);
    }
}
