//! `culet retouch --specks ask`: the specks on the product, one by one, the surest first.

use crate::retouch::{Op, Recipe, Speck, Step};
use serde_json::json;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

/// What happens to specks.
#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
pub(super) enum Specks {
    /// Those on the backdrop go by themselves.
    Auto,
    /// Those on the product are offered too.
    Ask,
    /// All stay.
    Off,
}

/// As `--json` tells it.
pub(super) fn object(speck: &Speck) -> serde_json::Value {
    let r = speck.rect;
    json!({"region": [r.x, r.y, r.w, r.h], "place": speck.place, "contrast": speck.contrast,
        "confidence": speck.confidence})
}

/// Asks on the terminal which of the specks on the product go. Without a terminal, or where other
/// programs read along, nothing is asked and nothing goes.
pub(super) fn ask(file: &Path, specks: &[Speck], recipe: &mut Recipe, json: bool) {
    if json || specks.is_empty() || !std::io::stdin().is_terminal() {
        return;
    }
    let Some(Step { op: Op::Specks(step), .. }) = recipe.step("specks") else { return };
    let shown = file.display();
    note!("{shown}: {} places on the product look like dust", specks.len());
    for (i, speck) in specks.iter().enumerate() {
        let (x, y) = speck.rect.centre();
        let kind = if speck.contrast < 0.0 { "dark" } else { "light" };
        let question = format!(
            "  {} of {}: {kind}, {} x {} px at {x:.0}, {y:.0}, {:.0} % sure. Take it away? [y/N/q] ",
            i + 1,
            specks.len(),
            speck.rect.w,
            speck.rect.h,
            speck.confidence * 100.0
        );
        let mut terminal = std::io::stderr();
        if terminal.write_all(question.as_bytes()).and_then(|()| terminal.flush()).is_err() {
            return;
        }
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line).is_err() {
            return;
        }
        match line.trim() {
            "y" | "Y" | "yes" => step.confirmed.push(speck.place),
            "q" | "Q" => return,
            _ => {}
        }
    }
}
