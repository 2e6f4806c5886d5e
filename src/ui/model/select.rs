//! Which takes are active and selected.

use super::Model;
use crate::engine::contract::{Take, TakeId};
use std::collections::BTreeSet;

impl Model {
    /// Makes one take active and the only selected one.
    pub fn select(&mut self, id: TakeId) {
        if self.takes.contains_key(&id) {
            self.active = Some(id);
            self.selected = BTreeSet::from([id]);
            self.reveal = true;
        }
    }

    /// Adds a take to the selection, or takes it out.
    pub fn toggle(&mut self, id: TakeId) {
        if !self.takes.contains_key(&id) {
            return;
        }
        if !self.selected.remove(&id) {
            self.selected.insert(id);
            self.active = Some(id);
        } else if self.active == Some(id) {
            self.active = self.selected.first().copied();
        }
    }

    /// Selects from the active take to this one, in the order of the strip.
    pub fn select_to(&mut self, id: TakeId) {
        let place = |id| self.order.iter().position(|o| *o == id);
        match (self.active.and_then(place), place(id)) {
            (Some(a), Some(b)) => self.selected.extend(&self.order[a.min(b)..=a.max(b)]),
            _ => self.select(id),
        }
    }

    /// Selects all that the filters let through.
    pub fn select_all(&mut self) {
        self.selected = self.order.iter().copied().collect();
        if self.active.is_none_or(|a| !self.selected.contains(&a)) {
            self.active = self.order.first().copied();
        }
    }

    /// Goes `by` takes on in the order of the strip, not beyond its ends.
    pub fn step(&mut self, by: isize) {
        if self.order.is_empty() {
            return;
        }
        let last = self.order.len() - 1;
        let here = self.active.and_then(|a| self.order.iter().position(|o| *o == a));
        let to = here.map_or(last, |h| h.saturating_add_signed(by).min(last));
        self.select(self.order[to]);
    }

    /// The active take beside the best other of its group, or its neighbour.
    pub fn pair(&self) -> Option<(TakeId, TakeId)> {
        let active = self.active?;
        if let Some(other) = self.selected.iter().find(|s| **s != active) {
            return Some((*other, active));
        }
        let take = self.takes.get(&active)?;
        let rival = self.takes.values().filter(|t| t.group == take.group && t.id != active).max_by(
            |a, b| {
                let score = |t: &Take| t.score.as_ref().map_or(-1.0, |s| s.overall);
                a.best.cmp(&b.best).then(score(a).total_cmp(&score(b)))
            },
        );
        let here = self.order.iter().position(|o| *o == active)?;
        let beside = || {
            let before = here.checked_sub(1).and_then(|i| self.order.get(i));
            before.or_else(|| self.order.get(here + 1)).copied()
        };
        rival.map(|t| t.id).or_else(beside).map(|other| (other, active))
    }
}
