//! What is done to takes: ratings, marks, labels, edits, and taking them back.

use super::Model;
use crate::engine::contract::{Command, Take, TakeId};
use crate::retouch::{Preset, Recipe};
use crate::session::{Flag, Label};
use crate::ui::history::Change;
use std::collections::BTreeMap;

impl Model {
    fn targets(&self) -> Vec<TakeId> {
        self.selected.iter().copied().filter(|id| self.takes.contains_key(id)).collect()
    }

    /// Stars for the selected takes; the same again takes them away.
    pub fn rate(&mut self, stars: u8, again_clears: bool) {
        let same = self.take().is_some_and(|t| t.rating == stars);
        let stars = if same && again_clears { 0 } else { stars };
        self.rate_each(|_| stars);
    }

    /// A star more or less for each selected take.
    pub fn nudge_stars(&mut self, by: i8) {
        self.rate_each(|before| before.saturating_add_signed(by));
    }

    fn rate_each(&mut self, stars: impl Fn(u8) -> u8) {
        let change = self.changes(|t| (t.rating, stars(t.rating).min(5)));
        self.perform(Change::Rate(change));
    }

    /// Pick, reject or neither for the selected takes.
    pub fn mark(&mut self, flag: Flag) {
        let change = self.changes(|t| (t.flag, flag));
        self.perform(Change::Mark(change));
    }

    /// A label for the selected takes; the same again takes it away.
    pub fn paint(&mut self, label: Label) {
        let same = self.take().is_some_and(|t| t.label == Some(label));
        let label = if same { None } else { Some(label) };
        let change = self.changes(|t| (t.label, label));
        self.perform(Change::Paint(change));
    }

    /// The same edit for the selected takes; none removes it.
    pub fn edit_selected(&mut self, recipe: Option<Recipe>) {
        let change = self.changes(|t| (t.recipe.clone(), recipe.clone()));
        self.perform(Change::Edit(change));
    }

    fn changes<T: PartialEq>(&self, f: impl Fn(&Take) -> (T, T)) -> BTreeMap<TakeId, (T, T)> {
        let each = self.targets().into_iter().filter_map(|id| Some((id, f(self.takes.get(&id)?))));
        each.filter(|(_, (before, after))| before != after).collect()
    }

    fn perform(&mut self, change: Change) {
        let commands = change.commands(true);
        if !commands.is_empty() {
            self.history.push(change);
            self.carry_out(commands);
        }
    }

    /// Shows at once what the engine will confirm, and tells it.
    fn carry_out(&mut self, commands: Vec<Command>) {
        for command in commands {
            match &command {
                Command::Rate(takes, stars) => self.each(takes, |t| t.rating = *stars),
                Command::Mark(takes, flag) => self.each(takes, |t| t.flag = *flag),
                Command::Paint(takes, label) => self.each(takes, |t| t.label = *label),
                Command::Edit(take, recipe) => {
                    self.each(&[*take], |t| t.recipe.clone_from(recipe));
                    self.outdated.insert(*take);
                    self.awaited.remove(take);
                }
                _ => {}
            }
            self.send(command);
        }
        self.sort_takes();
    }

    fn each(&mut self, takes: &[TakeId], f: impl Fn(&mut Take)) {
        for id in takes {
            if let Some(take) = self.takes.get_mut(id) {
                f(take);
            }
        }
    }

    /// Takes the newest change back; says whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(change) = self.history.undo() else { return false };
        self.carry_out(change.commands(false));
        true
    }

    /// Does the last undone change again; says whether there was one.
    pub fn redo(&mut self) -> bool {
        let Some(change) = self.history.redo() else { return false };
        self.carry_out(change.commands(true));
        true
    }

    /// Asks for the automatic edit of the selected takes.
    pub fn retouch(&mut self) {
        self.ask_for_edits(Command::Retouch);
    }

    /// Asks for an edit of the selected takes with a look.
    pub fn retouch_with(&mut self, preset: &Preset) {
        self.ask_for_edits(|id| Command::RetouchWith(id, Box::new(preset.clone())));
    }

    fn ask_for_edits(&mut self, command: impl Fn(TakeId) -> Command) {
        let takes = self.targets();
        if takes.is_empty() {
            return;
        }
        // The result is not known yet; it settles the undo point when it comes.
        let change = takes.iter().filter_map(|id| {
            let before = self.takes.get(id)?.recipe.clone();
            Some((*id, (before.clone(), before)))
        });
        let change = Change::Edit(change.collect());
        self.history.push(change);
        for id in takes {
            self.awaited.insert(id);
            self.send(command(id));
        }
    }

    /// Whether an automatic edit of this take is being made.
    pub fn is_awaited(&self, take: TakeId) -> bool {
        self.awaited.contains(&take)
    }

    /// An edit in the middle of an interaction: shown and told, not yet an undo point.
    pub fn drag_edit(&mut self, id: TakeId, recipe: Recipe) {
        let Some(take) = self.takes.get_mut(&id) else { return };
        let before = take.recipe.replace(recipe.clone());
        if self.dragging.as_ref().is_none_or(|(held, _)| *held != id) {
            self.end_drag();
            self.dragging = Some((id, before));
        }
        self.awaited.remove(&id);
        self.outdated.insert(id);
    }

    /// The edit that is being dragged, for the engine.
    pub fn dragged_edit(&self) -> Option<(TakeId, Option<Recipe>)> {
        let (id, _) = self.dragging.as_ref()?;
        Some((*id, self.takes.get(id)?.recipe.clone()))
    }

    /// The interaction ended: one undo point, and the final edit for the engine.
    pub fn end_drag(&mut self) {
        let Some((id, before)) = self.dragging.take() else { return };
        let Some(after) = self.takes.get(&id).map(|t| t.recipe.clone()) else { return };
        if before != after {
            self.history.push(Change::Edit([(id, (before, after.clone()))].into()));
        }
        self.send(Command::Edit(id, after));
        self.outdated.insert(id);
    }

    /// Exports the selected takes.
    pub fn export_selected(&mut self) {
        let takes = self.targets();
        if !takes.is_empty() {
            self.send(Command::Export(takes, self.export.clone()));
        }
    }
}
