//! What a measure says: a number, the sentence behind it, and the place it speaks of.

use crate::imaging::Rect;
use serde::{Deserialize, Serialize};

/// One measured quality, 0 (unusable) to 1 (as good as the measure can tell).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reading {
    /// 0 to 1, 1 is best; always finite.
    pub value: f32,
    /// One short sentence in studio language.
    pub because: String,
    /// Where, in pixels of the judged picture; in files `[x, y, w, h]`.
    #[serde(with = "as_list", skip_serializing_if = "Option::is_none")]
    pub region: Option<Rect>,
}

impl Reading {
    /// A reading of the whole picture; the value is pulled into 0..1 (not-a-number becomes 0).
    pub fn new(value: f32, because: impl Into<String>) -> Self {
        let value = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
        Self { value, because: because.into(), region: None }
    }

    /// The same reading about a place; an empty place is none.
    #[must_use]
    pub fn at(mut self, region: Rect) -> Self {
        self.region = (!region.is_empty()).then_some(region);
        self
    }
}

/// What to do with a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing that could be measured is wrong with it.
    Keep,
    /// Usable, or a person must say.
    #[default]
    Maybe,
    /// Something that no retouch mends; [`super::Score::reason`] names it.
    Reject,
}

impl Verdict {
    /// The word that files and the command line use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Maybe => "maybe",
            Self::Reject => "reject",
        }
    }
}

/// A rectangle in files as `[x, y, w, h]`.
pub(super) mod as_list {
    use super::Rect;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::score) fn serialize<S: Serializer>(
        rect: &Option<Rect>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        rect.map(|r| [r.x, r.y, r.w, r.h]).serialize(out)
    }

    pub(in crate::score) fn deserialize<'d, D: Deserializer<'d>>(
        from: D,
    ) -> Result<Option<Rect>, D::Error> {
        Ok(Option::<[usize; 4]>::deserialize(from)?.map(|[x, y, w, h]| Rect::new(x, y, w, h)))
    }
}
