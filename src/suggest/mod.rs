//! What to change before the shutter is pressed: one rule a file, readings in, one sentence with an
//! amount out.

use crate::imaging::Rect;
use serde::{Deserialize, Serialize};

/// One thing to change, with its amount. Never applies itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
