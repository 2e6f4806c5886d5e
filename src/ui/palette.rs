//! The palette: every command by its name.

use super::app::App;
use super::commands::{Action, Entry, Keys, TABLE};
use super::theme;
use egui::{Button, Key, Modifiers, RichText, ScrollArea, TextEdit, Ui, vec2};

/// Draws the palette; gives the command that was chosen.
pub(super) fn show(app: &mut App, ui: &mut Ui) -> Option<Action> {
    ui.set_width(460.0);
    let (up, down, enter) = ui.input_mut(|i| {
        (
            i.consume_key(Modifiers::NONE, Key::ArrowUp),
            i.consume_key(Modifiers::NONE, Key::ArrowDown),
            i.key_pressed(Key::Enter),
        )
    });
    let edit = TextEdit::singleline(&mut app.fields.palette)
        .hint_text("Find a command")
        .desired_width(f32::INFINITY)
        .font(egui::FontId::proportional(16.0));
    let response = ui.add(edit).accessible_name("Command");
    if app.fields.palette_opened {
        response.request_focus();
        app.fields.palette_opened = false;
    }
    if response.changed() {
        app.fields.palette_row = 0;
    }
    let found = matching(&app.fields.palette);
    let last = found.len().saturating_sub(1);
    let row = &mut app.fields.palette_row;
    *row = if down {
        (*row + 1).min(last)
    } else if up {
        row.saturating_sub(1)
    } else {
        (*row).min(last)
    };
    let row = *row;
    let mut chosen = None;
    ScrollArea::vertical()
        .max_height(420.0)
        .min_scrolled_height(420.0)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (i, entry) in found.iter().enumerate() {
                let keys = entry.keys.first().map_or(String::new(), Keys::text);
                let text = RichText::new(entry.text).color(if i == row {
                    theme::STRONG
                } else {
                    theme::TEXT
                });
                let button = Button::selectable(i == row, text)
                    .shortcut_text(keys)
                    .min_size(vec2(ui.available_width(), 24.0));
                let response = ui.add(button).on_hover_text(entry.help);
                if i == row && (up || down) {
                    response.scroll_to_me(None);
                }
                if response.clicked() || (enter && i == row) {
                    chosen = Some(entry.action);
                }
            }
            if found.is_empty() {
                ui.label(RichText::new("No command is called that.").color(theme::WEAK));
            }
        });
    chosen
}

/// Commands with every typed word in their name, their sentence or their group.
fn matching(query: &str) -> Vec<&'static Entry> {
    let words: Vec<_> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let in_text = |e: &Entry| {
        let text = e.text.to_lowercase();
        words.iter().all(|w| text.contains(w.as_str()))
    };
    let anywhere = |e: &Entry| {
        let all = format!("{} {} {}", e.text, e.help, e.group.title()).to_lowercase();
        words.iter().all(|w| all.contains(w.as_str()))
    };
    let (first, rest): (Vec<_>, Vec<_>) =
        TABLE.iter().filter(|e| anywhere(e)).partition(|e| in_text(e));
    first.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_before_sentences_and_nothing_typed_shows_all() {
        assert_eq!(matching("").len(), TABLE.len());
        assert_eq!(matching("capture")[0].action, Action::Capture);
        assert_eq!(matching("SPLIT  picture")[0].action, Action::Split);
        assert!(matching("xyzzy").is_empty());
    }
}
