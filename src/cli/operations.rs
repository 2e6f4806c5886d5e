//! `culet operations`: every retouching operation from its own declaration.

use crate::retouch::{Controls, operations};
use anyhow::Result;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Only this operation.
    step: Option<String>,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let mut shown = 0;
    for mut step in operations() {
        if arguments.step.as_ref().is_some_and(|wanted| *wanted != step.id()) {
            continue;
        }
        shown += 1;
        let mut list = List::default();
        let (id, label, help) = (step.id(), step.label(), step.help());
        step.controls(&mut list);
        if arguments.json {
            say!("{}", json!({"op": id, "label": label, "help": help, "parameters": list.0}));
            continue;
        }
        say!("{id}: {label}. {help}");
        for p in &list.0 {
            say!("  {id}.{:<18} {:<22} {}", text(&p["name"]), text(&p["range"]), text(&p["help"]));
        }
    }
    anyhow::ensure!(shown > 0, "no operation is called that; culet operations lists them all");
    Ok(0)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Notes every parameter that a step declares.
#[derive(Default)]
struct List(Vec<Value>);

impl Controls for List {
    fn slider(
        &mut self,
        name: &'static str,
        label: &'static str,
        value: &mut f32,
        range: RangeInclusive<f32>,
        unit: &'static str,
        help: &'static str,
    ) {
        let (low, high) = (*range.start(), *range.end());
        self.0.push(json!({"name": name, "label": label, "default": *value, "unit": unit,
            "low": low, "high": high, "range": format!("{low} to {high} {unit}"), "help": help}));
    }

    fn toggle(
        &mut self,
        name: &'static str,
        label: &'static str,
        value: &mut bool,
        help: &'static str,
    ) {
        self.0.push(json!({"name": name, "label": label, "default": *value, "unit": "",
            "range": "true or false", "help": help}));
    }

    fn choice(
        &mut self,
        name: &'static str,
        label: &'static str,
        value: &mut usize,
        options: &[&'static str],
        help: &'static str,
    ) {
        self.0
            .push(json!({"name": name, "label": label, "default": options.get(*value), "unit": "",
            "options": options, "range": options.join(", "), "help": help}));
    }
}
