//! Sheets for the session and for habits.

use super::app::{App, Sheet};
use super::theme;
use super::widgets::heading;
use crate::engine::contract::{Command, Level};
use egui::{Button, RichText, TextEdit, Ui, vec2};
use std::path::PathBuf;

/// Which folder or file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folder {
    /// The session's.
    Session,
    /// The one for second copies.
    Copies,
    /// A calibration file.
    Calibration,
    /// The file of a card of one's own.
    Card,
}

/// Opens or makes a session folder.
pub(super) fn session(app: &mut App, ui: &mut Ui) {
    ui.set_width(520.0);
    ui.label(RichText::new("Open a session").size(17.0).color(theme::STRONG));
    ui.label("A folder for the shoot; it is made if it does not exist, and what is in it stays.");
    if path(app, ui, Folder::Session, "Open")
        && let Some(folder) = typed(&app.fields.session)
    {
        app.model.send(Command::OpenSession(folder));
        app.sheet = None;
    }
}

/// Habits, and where second copies go.
pub(super) fn show(app: &mut App, ui: &mut Ui) {
    ui.set_width(520.0);
    ui.label(RichText::new("Settings").size(17.0).color(theme::STRONG));
    ui.checkbox(&mut app.model.follow, "Every capture becomes the selected take");
    ui.checkbox(&mut app.model.advance, "Rating a take goes on to the next");
    ui.checkbox(&mut app.model.look.information, "Name and marks over the picture");
    heading(ui, "Second copy");
    ui.label("Every capture is also kept in this folder, best on another disk. Empty: none.");
    if path(app, ui, Folder::Copies, "Use") {
        let folder = typed(&app.fields.copies);
        let text = folder.as_ref().map_or("no second copies from now on".to_owned(), |f| {
            format!("second copies go to {}", f.display())
        });
        app.model.send(Command::SecondCopy(folder));
        app.model.say(Level::Note, text);
    }
    heading(ui, "Proposals");
    ui.label(
        "Takes that you pick against the proposal teach what counts for you, on this machine only.",
    );
    if ui.button("Forget what my picks taught").clicked() {
        app.model.send(Command::ForgetPicks);
    }
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        if ui.button("All keys").clicked() {
            app.open(Sheet::Keys);
        }
        if ui.button("Close").clicked() {
            app.sheet = None;
        }
    });
}

/// A typed path, with the system's own dialog beside it; true when it is to be used.
fn path(app: &mut App, ui: &mut Ui, which: Folder, verb: &str) -> bool {
    let mut use_it = false;
    let (text, name) = match which {
        Folder::Session => (&mut app.fields.session, "Session folder"),
        Folder::Copies => (&mut app.fields.copies, "Folder for second copies"),
        Folder::Calibration | Folder::Card => return false, // chosen in the system's dialog only
    };
    let mut browse = false;
    ui.horizontal(|ui| {
        let edit = TextEdit::singleline(text).hint_text("/path/to/folder").desired_width(340.0);
        let response = ui.add(edit).accessible_name(name);
        let entered = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        let button = ui.add(Button::new(verb).min_size(vec2(60.0, 24.0)));
        use_it = entered || button.clicked();
        browse = ui.button("Browse \u{2026}").clicked();
    });
    if browse {
        app.browse(ui.ctx(), which);
    }
    use_it
}

/// What was typed as a path; `~` is the home folder.
fn typed(text: &str) -> Option<PathBuf> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let home = || directories::UserDirs::new().map(|d| d.home_dir().to_owned());
    match text.strip_prefix("~/") {
        Some(rest) => home().map(|h| h.join(rest)),
        None => Some(PathBuf::from(text)),
    }
}
