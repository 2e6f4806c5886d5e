//! The recipe: a versioned list of steps in a readable sidecar. It is the whole edit.

use super::controls::{Clamp, Set, parse_bool, parse_number};
use super::{Local, Mark, Op, Shape, Step, operations};
use serde::{Deserialize, Serialize};

/// The sidecar format that this version writes.
pub const VERSION: u32 = 2;

/// Most steps that a sidecar may hold: a damaged file must not eat the memory.
const MOST_STEPS: usize = 1000;

/// The non-destructive edit of one capture: its steps, first to last.
///
/// Reading migrates version 1 (a flat list of five numbers), pulls wild values into their range, and
/// refuses a newer version and operations or parameters that it does not know: an edit is applied
/// whole or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Recipe {
    /// Sidecar format; readers refuse a newer one.
    pub version: u32,
    /// Applied first to last.
    pub steps: Vec<Step>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self { version: VERSION, steps: Vec::new() }
    }
}

/// Why a recipe was not read or not changed.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// A later Culet wrote it.
    #[error("the recipe is of version {0}; this Culet reads up to {VERSION}: update Culet")]
    Newer(u32),
    /// It cannot be read.
    #[error("the recipe cannot be read ({0}); correct it, or start afresh without it")]
    Damaged(String),
    /// It has an entry that no operation has.
    #[error("the recipe's step {step} ({op}) has no {name}; correct the spelling or delete it")]
    Unknown {
        /// Counted from 1.
        step: usize,
        /// Its operation.
        op: &'static str,
        /// The entry.
        name: String,
    },
    /// A name that `set` does not know.
    #[error("there is no {name}; known are {known}")]
    NoSuch {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A value that does not fit.
    #[error("{name} takes {wanted}, not {value}")]
    Value {
        /// `step.parameter`.
        name: String,
        /// What it takes.
        wanted: String,
        /// What was given.
        value: String,
    },
}

/// A sidecar of any version, as it is written.
#[derive(Deserialize)]
struct Stored {
    #[serde(default = "first")]
    version: u32,
    #[serde(default)]
    steps: Vec<Step>,
    // Version 1:
    exposure_ev: Option<f32>,
    white_balance: Option<[f32; 3]>,
    contrast: Option<f32>,
    sharpening: Option<f32>,
}

/// Only version 1 could leave its number out.
const fn first() -> u32 {
    1
}

impl TryFrom<Stored> for Recipe {
    type Error = RecipeError;

    fn try_from(stored: Stored) -> Result<Self, RecipeError> {
        if stored.version > VERSION {
            return Err(RecipeError::Newer(stored.version));
        }
        if stored.steps.len() > MOST_STEPS {
            return Err(RecipeError::Damaged(format!("it has more than {MOST_STEPS} steps")));
        }
        let mut recipe = Self { version: VERSION, steps: Vec::new() };
        if stored.version < 2 {
            recipe.steps = stored.migrate();
        } else {
            recipe.steps = stored.steps;
        }
        recipe.tame();
        Ok(recipe)
    }
}

impl Stored {
    /// Version 1 had one exposure, one white balance, one contrast and one sharpening.
    fn migrate(self) -> Vec<Step> {
        use super::ops::{Exposure, Sharpen, Tone, WhiteBalance};
        let mut steps = Vec::new();
        if let Some([red, green, blue]) = self.white_balance {
            let op = WhiteBalance { red, green, blue, ..WhiteBalance::default() };
            steps.push(Step::new(Op::WhiteBalance(op)));
        }
        if let Some(ev) = self.exposure_ev {
            steps.push(Step::new(Op::Exposure(Exposure { ev, ..Exposure::default() })));
        }
        if let Some(contrast) = self.contrast {
            steps.push(Step::new(Op::Tone(Tone { contrast, ..Tone::default() })));
        }
        if let Some(amount) = self.sharpening {
            let op = Sharpen { amount: amount * 0.5, ..Sharpen::default() };
            steps.push(Step::new(Op::Sharpen(op)));
        }
        steps.retain(|s| !s.is_neutral());
        steps
    }
}

impl Recipe {
    /// Reads a sidecar in TOML.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(default = "first")]
            version: u32,
        }
        let damaged = |e: toml::de::Error| RecipeError::Damaged(e.message().to_owned());
        let head: Head = toml::from_str(text).map_err(damaged)?;
        if head.version > VERSION {
            return Err(RecipeError::Newer(head.version));
        }
        let table: toml::Table = toml::from_str(text).map_err(damaged)?;
        let known: &[&str] = match head.version {
            ..2 => &["version", "exposure_ev", "white_balance", "contrast", "sharpening"],
            _ => &["version", "steps"],
        };
        // A calibration is a numbered TOML file too.
        if let Some(stranger) = table.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(RecipeError::Damaged(format!("{stranger} is no part of a recipe")));
        }
        let recipe: Self = toml::from_str(text).map_err(damaged)?;
        if head.version == VERSION {
            recipe.refuse_unknown(&table)?;
        }
        Ok(recipe)
    }

    /// Every entry of a step must be one that the step would write itself.
    fn refuse_unknown(&self, text: &toml::Table) -> Result<(), RecipeError> {
        let given = text.get("steps").and_then(toml::Value::as_array);
        for (i, (step, given)) in self.steps.iter().zip(given.into_iter().flatten()).enumerate() {
            let known = toml::Table::try_from(step).unwrap_or_default();
            let stranger =
                given.as_table().and_then(|t| t.keys().find(|k| !known.contains_key(*k)));
            if let Some(name) = stranger {
                return Err(RecipeError::Unknown {
                    step: i + 1,
                    op: step.id(),
                    name: name.clone(),
                });
            }
        }
        Ok(())
    }

    /// The sidecar's text in TOML.
    pub fn to_toml(&self) -> String {
        // Every step is a flat table of numbers, words and lists: TOML can always hold it.
        toml::to_string(self).unwrap_or_default()
    }

    /// Pulls every value into its range.
    pub fn tame(&mut self) {
        for step in &mut self.steps {
            let opacity = step.opacity;
            step.opacity = if opacity.is_nan() { 1.0 } else { opacity.clamp(0.0, 1.0) };
            step.controls(&mut Clamp);
            step.op.tame();
        }
    }

    /// What the edit does, step by step: the identifier and one line for people. Steps that are
    /// off or neutral are left out.
    pub fn summary(&self) -> Vec<(&'static str, String)> {
        let doing = self.steps.iter().filter(|s| s.acts());
        doing.map(|s| (s.id(), s.summary())).collect()
    }

    /// The outline that the edit needs at full size, with what was painted; none where the quick one does.
    pub fn cut_out(&self) -> Option<&[Mark]> {
        let acting = || self.steps.iter().filter(|s| s.acts());
        let own = acting().find_map(|s| match &s.op {
            Op::CutOut(cut) => Some(cut.marks.as_slice()),
            _ => None,
        });
        own.or_else(|| acting().any(|s| s.id() == "ground").then_some(&[]))
    }

    /// The first step of an operation; a neutral one is put in, in pipeline order, if there is none.
    pub fn step(&mut self, id: &str) -> Option<&mut Step> {
        let all = operations();
        let order = |id: &str| all.iter().position(|s| s.id() == id);
        let wanted = order(id)?;
        let index = if let Some(index) = self.steps.iter().position(|s| s.id() == id) {
            index
        } else {
            let after = |s: &Step| order(s.id()).is_some_and(|o| o > wanted);
            let index = self.steps.iter().position(after).unwrap_or(self.steps.len());
            self.steps.insert(index, all.get(wanted)?.clone());
            index
        };
        self.steps.get_mut(index)
    }

    /// The local adjustment of a shape: the one that is there, an untouched one, or a new one after the
    /// others.
    pub fn local(&mut self, shape: Shape) -> Option<&mut Local> {
        let of = |s: &Step| match &s.op {
            Op::Local(local) => Some(local.clone()),
            _ => None,
        };
        let own = |s: &Step| of(s).is_some_and(|l| l.shape == shape);
        let free = |s: &Step| of(s).is_some_and(|l| l == Local::default());
        let found = self.steps.iter().position(own).or_else(|| self.steps.iter().position(free));
        let last = self.steps.iter().rposition(|s| of(s).is_some());
        let index = match (found, last) {
            (Some(index), _) => index,
            (None, Some(last)) => {
                self.steps.insert(last + 1, Step::new(Op::Local(Local::default())));
                last + 1
            }
            (None, None) => {
                self.step("local")?;
                self.steps.iter().position(|s| of(s).is_some())?
            }
        };
        match &mut self.steps[index].op {
            Op::Local(local) => {
                local.shape = shape;
                Some(local)
            }
            _ => None,
        }
    }

    /// Sets `step.parameter`, `step.on` or `step.opacity` from text. A step that is missing is put
    /// in; a refused name or value changes nothing.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), RecipeError> {
        let (id, parameter) = name.split_once('.').unwrap_or((name, ""));
        let mut changed = self.clone();
        let Some(step) = changed.step(id) else {
            let known = operations().iter().map(Step::id).collect::<Vec<_>>().join(", ");
            return Err(RecipeError::NoSuch { name: id.to_owned(), known });
        };
        let done = match parameter {
            "on" => parse_bool(value).map(|v| step.on = v),
            "opacity" => parse_number(value, &(0.0..=1.0)).map(|v| step.opacity = v),
            _ => {
                let mut set = Set::new(parameter, value);
                step.controls(&mut set);
                let known = || format!("on, opacity, {}", set.names.join(", "));
                set.done
                    .ok_or_else(|| RecipeError::NoSuch { name: name.to_owned(), known: known() })?
            }
        };
        done.map_err(|wanted| RecipeError::Value {
            name: name.to_owned(),
            wanted,
            value: value.to_owned(),
        })?;
        *self = changed;
        Ok(())
    }
}
