//! Groups the takes of a session anew after each score, and proposes the best of each group. A
//! proposal changes no rating.

use super::book::Book;
use super::contract::Take;
use crate::score::{Candidate, Facts, Weights, curate};
use std::collections::BTreeMap;

/// Gives the takes whose group or proposal changed.
pub(super) fn regroup(book: &mut Book, weights: &Weights) -> Vec<Take> {
    let scored: Vec<Take> = book.takes().iter().filter(|t| t.score.is_some()).cloned().collect();
    let candidates: Vec<Candidate<'_>> = scored
        .iter()
        .filter_map(|take| {
            let score = take.score.as_deref()?;
            Some(Candidate { name: &take.name, score, facts: Facts { ..take.facts } })
        })
        .collect();
    let mut wanted = BTreeMap::new();
    for group in curate(&candidates, weights) {
        let Some(&first) = group.members.first() else { continue };
        let number = scored[first].id;
        for &member in &group.members {
            wanted.insert(scored[member].id, (number, group.best == Some(member), group.kind));
        }
    }
    let mut changed = Vec::new();
    for (id, (group, best, kind)) in wanted {
        let now = book.take(id).map(|t| (t.group, t.best, t.kind));
        if now != Some((group, best, kind)) {
            let update = |t: &mut Take| (t.group, t.best, t.kind) = (group, best, kind);
            changed.extend(book.change(id, update));
        }
    }
    changed
}
