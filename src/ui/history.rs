//! What can be undone: ratings, marks, labels and edits, one point for each finished interaction.

use crate::engine::contract::{Command, TakeId};
use crate::retouch::Recipe;
use crate::session::{Flag, Label};
use std::collections::BTreeMap;

/// One thing that was done, with the way back. Values are by take.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Stars before and after.
    Rate(BTreeMap<TakeId, (u8, u8)>),
    /// Marks before and after.
    Mark(BTreeMap<TakeId, (Flag, Flag)>),
    /// Labels before and after.
    Paint(BTreeMap<TakeId, (Option<Label>, Option<Label>)>),
    /// Edits before and after.
    Edit(BTreeMap<TakeId, (Option<Recipe>, Option<Recipe>)>),
}

/// Undo points, newest last.
#[derive(Debug, Default)]
pub struct History {
    done: Vec<Change>,
    undone: Vec<Change>,
}

/// More than anyone counts back; recipes are small.
const DEPTH: usize = 500;

impl History {
    /// Remembers a change; what was undone before it is gone.
    pub fn push(&mut self, change: Change) {
        self.undone.clear();
        self.done.push(change);
        if self.done.len() > DEPTH {
            self.done.remove(0);
        }
    }

    /// The newest change, which becomes undone.
    pub fn undo(&mut self) -> Option<Change> {
        let change = self.done.pop()?;
        self.undone.push(change.clone());
        Some(change)
    }

    /// The last undone change, which is done again.
    pub fn redo(&mut self) -> Option<Change> {
        let change = self.undone.pop()?;
        self.done.push(change.clone());
        Some(change)
    }

    /// Completes the newest edit of a take, if its result was not known when it was done.
    pub fn settle(&mut self, take: TakeId, recipe: Option<&Recipe>) {
        let edit = self.done.iter_mut().rev().find_map(|c| match c {
            Change::Edit(edits) => edits.get_mut(&take),
            _ => None,
        });
        if let Some((before, after)) = edit
            && before == after
        {
            *after = recipe.cloned();
        }
    }

    /// Whether anything can be undone, and redone.
    pub fn depth(&self) -> (usize, usize) {
        (self.done.len(), self.undone.len())
    }
}

impl Change {
    /// The commands that bring the values back, or again with `forward`.
    pub fn commands(&self, forward: bool) -> Vec<Command> {
        match self {
            Self::Rate(v) => grouped(v, forward, |t, r| Command::Rate(t, *r)),
            Self::Mark(v) => grouped(v, forward, |t, f| Command::Mark(t, *f)),
            Self::Paint(v) => grouped(v, forward, |t, l| Command::Paint(t, *l)),
            Self::Edit(v) => v
                .iter()
                .map(|(take, (before, after))| {
                    Command::Edit(*take, if forward { after } else { before }.clone())
                })
                .collect(),
        }
    }
}

/// One command for all takes that get the same value.
fn grouped<T: PartialEq>(
    values: &BTreeMap<TakeId, (T, T)>,
    forward: bool,
    command: impl Fn(Vec<TakeId>, &T) -> Command,
) -> Vec<Command> {
    let mut groups: Vec<(&T, Vec<TakeId>)> = Vec::new();
    for (take, (before, after)) in values {
        let value = if forward { after } else { before };
        match groups.iter_mut().find(|(v, _)| *v == value) {
            Some((_, takes)) => takes.push(*take),
            None => groups.push((value, vec![*take])),
        }
    }
    groups.into_iter().map(|(value, takes)| command(takes, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undo_gives_each_take_its_own_value_back_in_as_few_commands_as_values() {
        let change = Change::Rate([(1, (0, 5)), (2, (3, 5)), (4, (0, 5))].into());
        let back = format!("{:?}", change.commands(false));
        assert_eq!(back, "[Rate([1, 4], 0), Rate([2], 3)]");
        assert_eq!(format!("{:?}", change.commands(true)), "[Rate([1, 2, 4], 5)]");
    }

    #[test]
    fn a_new_change_ends_what_could_be_redone() {
        let mut history = History::default();
        let change = |n| Change::Rate([(n, (0, 1))].into());
        history.push(change(0));
        history.push(change(1));
        assert_eq!(history.undo(), Some(change(1)));
        assert_eq!(history.depth(), (1, 1));
        history.push(change(2));
        assert_eq!(history.redo(), None);
        assert_eq!(history.depth(), (2, 0));
    }

    #[test]
    fn only_a_result_that_was_awaited_settles_an_edit() {
        let mut history = History::default();
        let (one, two) = (Recipe::default(), Recipe { version: 1, ..Recipe::default() });
        history.push(Change::Edit([(3, (None, None))].into()));
        history.settle(3, Some(&one));
        history.settle(3, Some(&two));
        history.settle(4, Some(&two));
        assert_eq!(history.undo(), Some(Change::Edit([(3, (None, Some(one)))].into())));
    }
}
