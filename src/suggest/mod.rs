//! What to change before the shutter is pressed: one rule a file, readings in, one sentence with an
//! amount out.
//!
//! [`advise`] looks at a still and forgets it. [`Advisor`] watches live view: it averages, holds
//! what it shows long enough to be read, and keeps still while the scene moves.

mod advisor;
mod rules;

pub use advisor::Advisor;
pub use rules::{Rule, TABLE};

use crate::imaging::Rect;
use crate::score::Score;
use serde::{Deserialize, Serialize};

/// How many are shown at once.
pub const MOST: usize = 3;

/// One thing to change, with its amount. Never applies itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Suggestion {
    /// Names the rule, such as `exposure` or `roll`; muting goes by it.
    pub kind: String,
    /// One sentence in studio language, such as `raise exposure 0.5 EV`.
    pub text: String,
    /// How much, in `unit`; signed.
    pub amount: f32,
    /// Unit of the amount: `EV`, `deg`, `px`, `%`, or empty for a count.
    pub unit: String,
    /// What it costs the picture to leave it, 0 to 1; the most costly is shown first.
    pub cost: f32,
    /// Where, in pixels of the judged picture.
    pub region: Option<Rect>,
}

/// Every rule that speaks about a still, most costly first.
pub fn advise(score: &Score) -> Vec<Suggestion> {
    let mut all: Vec<Suggestion> = TABLE
        .iter()
        .filter_map(|rule| {
            let amount = (rule.measure)(score)?;
            (amount.abs() >= rule.threshold).then(|| rule.say(score, amount))
        })
        .collect();
    order(&mut all);
    all
}

/// Most costly first; equal ones keep the table's order.
fn order(all: &mut [Suggestion]) {
    all.sort_by(|a, b| b.cost.total_cmp(&a.cost));
}
