//! One declaration of each parameter serves the window's sliders, `--set step.name=value`, the
//! check of sidecars, the reference table and the random-parameter tests.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// Something that is shown each parameter of a step in turn, and may change it.
pub trait Controls {
    /// A number in a range. `name` is the sidecar's and the command line's, `label` is for people.
    fn slider(
        &mut self,
        name: &'static str,
        label: &'static str,
        value: &mut f32,
        range: RangeInclusive<f32>,
        unit: &'static str,
        help: &'static str,
    );

    /// A switch.
    fn toggle(
        &mut self,
        name: &'static str,
        label: &'static str,
        value: &mut bool,
        help: &'static str,
    );

    /// One of a few; `value` counts from 0 in the order of `options`.
    fn choice(
        &mut self,
        name: &'static str,
        label: &'static str,
        value: &mut usize,
        options: &[&'static str],
        help: &'static str,
    );
}

/// Pulls values into their range; what is not a number goes to the nearest allowed value to 0.
pub(super) struct Clamp;

impl Controls for Clamp {
    fn slider(
        &mut self,
        _: &'static str,
        _: &'static str,
        value: &mut f32,
        range: RangeInclusive<f32>,
        _: &'static str,
        _: &'static str,
    ) {
        let wanted = if value.is_nan() { 0.0 } else { *value };
        *value = wanted.clamp(*range.start(), *range.end());
    }

    fn toggle(&mut self, _: &'static str, _: &'static str, _: &mut bool, _: &'static str) {}

    fn choice(
        &mut self,
        _: &'static str,
        _: &'static str,
        value: &mut usize,
        options: &[&'static str],
        _: &'static str,
    ) {
        *value = (*value).min(options.len().saturating_sub(1));
    }
}

/// Sets one parameter by name from text, as `--set sharpen.amount=0.4` does.
pub(super) struct Set<'a> {
    /// The parameter to look for.
    pub(super) name: &'a str,
    /// Its new value.
    pub(super) text: &'a str,
    /// What came of it: none while the name was not met.
    pub(super) done: Option<Result<(), String>>,
    /// The names that were met.
    pub(super) names: Vec<&'static str>,
}

impl<'a> Set<'a> {
    /// Nothing met yet.
    pub(super) fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text, done: None, names: Vec::new() }
    }

    fn meets(&mut self, name: &'static str) -> bool {
        self.names.push(name);
        name == self.name
    }
}

/// `true`, `on`, `yes`, `1` and their opposites.
pub(super) fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err("on or off".to_owned()),
    }
}

/// A finite number inside a range.
pub(super) fn parse_number(text: &str, range: &RangeInclusive<f32>) -> Result<f32, String> {
    let number = text.parse::<f32>().ok().filter(|v| range.contains(v));
    number.ok_or_else(|| format!("a number from {} to {}", range.start(), range.end()))
}

impl Controls for Set<'_> {
    fn slider(
        &mut self,
        name: &'static str,
        _: &'static str,
        value: &mut f32,
        range: RangeInclusive<f32>,
        _: &'static str,
        _: &'static str,
    ) {
        if self.meets(name) {
            self.done = Some(parse_number(self.text, &range).map(|v| *value = v));
        }
    }

    fn toggle(&mut self, name: &'static str, _: &'static str, value: &mut bool, _: &'static str) {
        if self.meets(name) {
            self.done = Some(parse_bool(self.text).map(|v| *value = v));
        }
    }

    fn choice(
        &mut self,
        name: &'static str,
        _: &'static str,
        value: &mut usize,
        options: &[&'static str],
        _: &'static str,
    ) {
        if self.meets(name) {
            let found = options.iter().position(|o| *o == self.text);
            let wanted = || format!("one of {}", options.join(", "));
            self.done = Some(found.map(|v| *value = v).ok_or_else(wanted));
        }
    }
}

/// Writes the reference table of a step: one Markdown row a parameter.
#[derive(Default)]
pub struct Table(pub String);

impl Controls for Table {
    fn slider(
        &mut self,
        name: &'static str,
        _: &'static str,
        value: &mut f32,
        range: RangeInclusive<f32>,
        unit: &'static str,
        help: &'static str,
    ) {
        let (low, high) = range.into_inner();
        writeln!(self.0, "| `{name}` | {low} to {high} {unit} | {value} | {help} |").ok();
    }

    fn toggle(
        &mut self,
        name: &'static str,
        _: &'static str,
        value: &mut bool,
        help: &'static str,
    ) {
        writeln!(self.0, "| `{name}` | on or off | {value} | {help} |").ok();
    }

    fn choice(
        &mut self,
        name: &'static str,
        _: &'static str,
        value: &mut usize,
        options: &[&'static str],
        help: &'static str,
    ) {
        let now = options.get(*value).unwrap_or(&"");
        writeln!(self.0, "| `{name}` | {} | {now} | {help} |", options.join(", ")).ok();
    }
}

/// An enumeration that a sidecar writes in words and a window shows as a choice.
pub(super) trait Choice: Copy + PartialEq + 'static {
    /// Every value with its name, in the order shown.
    const ALL: &'static [(Self, &'static str)];
}

/// Shows an enumeration as a choice.
pub(super) fn choose<T: Choice>(
    controls: &mut dyn Controls,
    name: &'static str,
    label: &'static str,
    value: &mut T,
    help: &'static str,
) {
    let names: Vec<&'static str> = T::ALL.iter().map(|(_, n)| *n).collect();
    let mut index = T::ALL.iter().position(|(v, _)| v == value).unwrap_or(0);
    controls.choice(name, label, &mut index, &names, help);
    if let Some((chosen, _)) = T::ALL.get(index) {
        *value = *chosen;
    }
}
