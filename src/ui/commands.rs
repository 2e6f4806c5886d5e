//! Every command of the window in one table: menus, shortcuts, the key sheet, the palette and the
//! tests are made from it.

use super::model::View;
use crate::session::Label;
use egui::{Event, Key, Modifiers};

/// What the window can be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table below describes each")]
pub enum Action {
    Capture,
    LiveView,
    Autofocus,
    FocusNear,
    FocusFar,
    FocusNearFast,
    FocusFarFast,
    Stars(u8),
    StarsAndNext(u8),
    StarUp,
    StarDown,
    Pick,
    Reject,
    Unmark,
    Paint(Label),
    Previous,
    Next,
    First,
    Last,
    RowUp,
    RowDown,
    SelectAll,
    Follow,
    Advance,
    SortByScore,
    Show(View),
    Back,
    ActualSize,
    BeforeAfter,
    Split,
    Before,
    Clipping,
    Zebra,
    Peaking,
    Guides,
    Information,
    SidePanels,
    AllPanels,
    LeftPanel,
    RightPanel,
    Strip,
    LightsOut,
    FullScreen,
    ClientView,
    Assess,
    Retouch,
    RemoveEdit,
    CopyEdit,
    PasteEdit,
    EditNext,
    HealBrush,
    CloneBrush,
    LightBrush,
    LightCircle,
    KeepBrush,
    RemoveBrush,
    RefineBrush,
    BrushLarger,
    BrushSmaller,
    Undo,
    Redo,
    Calibrate,
    Export,
    ExportAgain,
    OpenSession,
    Palette,
    KeySheet,
    Settings,
    Quit,
}

/// Where a command is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Group {
    Camera,
    Rate,
    Go,
    View,
    Edit,
    Studio,
}

impl Group {
    /// All, in the order in which they are listed.
    pub const ALL: [Self; 6] =
        [Self::Camera, Self::Rate, Self::Go, Self::View, Self::Edit, Self::Studio];

    /// Heading for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Camera => "Camera",
            Self::Rate => "Rate and sort",
            Self::Go => "Go",
            Self::View => "Look",
            Self::Edit => "Edit",
            Self::Studio => "Studio",
        }
    }
}

/// A key with what is held beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The key.
    pub key: Key,
    /// Shift is held.
    pub shift: bool,
    /// Ctrl, or Cmd on a Mac, is held.
    pub command: bool,
    /// Only in this view.
    pub only: Option<View>,
}

impl Keys {
    const fn new(key: Key) -> Self {
        Self { key, shift: false, command: false, only: None }
    }

    const fn shift(key: Key) -> Self {
        Self { shift: true, ..Self::new(key) }
    }

    const fn ctrl(key: Key) -> Self {
        Self { command: true, ..Self::new(key) }
    }

    const fn ctrl_shift(key: Key) -> Self {
        Self { shift: true, ..Self::ctrl(key) }
    }

    const fn only(self, view: View) -> Self {
        Self { only: Some(view), ..self }
    }

    /// How it is written, such as `Ctrl+Shift+Z`.
    pub fn text(&self) -> String {
        let control = if cfg!(target_os = "macos") { "Cmd+" } else { "Ctrl+" };
        format!(
            "{}{}{}",
            if self.command { control } else { "" },
            if self.shift { "Shift+" } else { "" },
            name(self.key)
        )
    }

    /// Whether a press is this one. `physical` decides for digits, which shifted are other signs.
    fn is(&self, key: Key, physical: Option<Key>, held: Modifiers) -> bool {
        let digit = physical.filter(|_| DIGITS.contains(&self.key));
        let pressed = digit.unwrap_or(key);
        // A question mark is shifted on some keyboards and not on others.
        let shift = self.shift == held.shift || self.key == Key::Questionmark;
        pressed == self.key && shift && self.command == held.command && !held.alt
    }

    /// The modifiers to press it with.
    pub fn modifiers(&self) -> Modifiers {
        let held = if self.command { Modifiers::COMMAND } else { Modifiers::NONE };
        if self.shift { held | Modifiers::SHIFT } else { held }
    }

    /// Typing it could be meant as text.
    fn is_bare(&self) -> bool {
        !self.command
            && !matches!(
                self.key,
                Key::F2 | Key::F4 | Key::F6 | Key::F7 | Key::F8 | Key::F11 | Key::F12
            )
    }
}

const DIGITS: [Key; 10] = [
    Key::Num0,
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

fn name(key: Key) -> &'static str {
    match key {
        Key::ArrowLeft => "Left",
        Key::ArrowRight => "Right",
        Key::ArrowUp => "Up",
        Key::ArrowDown => "Down",
        Key::Escape => "Esc",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::Backslash => "\\",
        Key::Comma => ",",
        Key::Period => ".",
        Key::Questionmark => "?",
        other => other.name(),
    }
}

/// One command.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it does.
    pub action: Action,
    /// Where it is listed.
    pub group: Group,
    /// Its name.
    pub text: &'static str,
    /// One sentence about it.
    pub help: &'static str,
    /// Its keys; the first is shown beside it.
    pub keys: &'static [Keys],
}

macro_rules! table {
    ($($group:ident { $($action:expr, $text:literal, $help:literal, [$($keys:expr),*];)* })*) => {
        &[$($(Entry {
            action: $action, group: Group::$group, text: $text, help: $help, keys: &[$($keys),*],
        }),*),*]
    };
}

use Action as A;
use Keys as K;

/// Every command.
pub const TABLE: &[Entry] = table! {
    Camera {
        A::Capture, "Capture", "Fires the shutter.", [K::new(Key::F12), K::new(Key::Space).only(View::Live)];
        A::LiveView, "Live view on or off", "Starts or ends the camera's live picture.", [K::new(Key::V)];
        A::Autofocus, "Autofocus", "Lets the camera focus by itself.", [K::shift(Key::F)];
        A::FocusNear, "Focus a little nearer", "Moves the focus by a small step towards the camera.", [K::new(Key::Comma)];
        A::FocusFar, "Focus a little farther", "Moves the focus by a small step away from the camera.", [K::new(Key::Period)];
        A::FocusNearFast, "Focus much nearer", "Moves the focus by a large step towards the camera.", [K::shift(Key::Comma)];
        A::FocusFarFast, "Focus much farther", "Moves the focus by a large step away from the camera.", [K::shift(Key::Period)];
        A::Calibrate, "Find the card and calibrate", "Looks for a grey card or chart in live view, or in the shown take.", [K::ctrl_shift(Key::G)];
    }
    Rate {
        A::Stars(0), "No stars", "Takes the stars away.", [K::new(Key::Num0)];
        A::Stars(1), "1 star", "Rates the take; the same number again takes the stars away.", [K::new(Key::Num1)];
        A::Stars(2), "2 stars", "Rates the take; the same number again takes the stars away.", [K::new(Key::Num2)];
        A::Stars(3), "3 stars", "Rates the take; the same number again takes the stars away.", [K::new(Key::Num3)];
        A::Stars(4), "4 stars", "Rates the take; the same number again takes the stars away.", [K::new(Key::Num4)];
        A::Stars(5), "5 stars", "Rates the take; the same number again takes the stars away.", [K::new(Key::Num5)];
        A::StarsAndNext(1), "1 star and on", "Rates the take and goes on to the next.", [K::shift(Key::Num1)];
        A::StarsAndNext(2), "2 stars and on", "Rates the take and goes on to the next.", [K::shift(Key::Num2)];
        A::StarsAndNext(3), "3 stars and on", "Rates the take and goes on to the next.", [K::shift(Key::Num3)];
        A::StarsAndNext(4), "4 stars and on", "Rates the take and goes on to the next.", [K::shift(Key::Num4)];
        A::StarsAndNext(5), "5 stars and on", "Rates the take and goes on to the next.", [K::shift(Key::Num5)];
        A::StarUp, "A star more", "Adds a star.", [K::new(Key::CloseBracket)];
        A::StarDown, "A star less", "Takes a star away.", [K::new(Key::OpenBracket)];
        A::Pick, "Pick", "Marks the take as a keeper.", [K::new(Key::P)];
        A::Reject, "Reject", "Marks the take as not wanted; its file stays.", [K::new(Key::X)];
        A::Unmark, "No mark", "Takes pick or reject away.", [K::new(Key::U)];
        A::Paint(Label::Red), "Red label", "Gives the take a red label; again takes it away.", [K::new(Key::Num6)];
        A::Paint(Label::Yellow), "Yellow label", "Gives the take a yellow label; again takes it away.", [K::new(Key::Num7)];
        A::Paint(Label::Green), "Green label", "Gives the take a green label; again takes it away.", [K::new(Key::Num8)];
        A::Paint(Label::Blue), "Blue label", "Gives the take a blue label; again takes it away.", [K::new(Key::Num9)];
        A::Advance, "Go on after rating", "Every rating goes on to the next take.", [K::shift(Key::A)];
        A::SortByScore, "Sort by score", "Orders the strip by score instead of by time.", [K::shift(Key::S)];
    }
    Go {
        A::Previous, "Previous take", "Goes to the take before.", [K::new(Key::ArrowLeft)];
        A::Next, "Next take", "Goes to the take after.", [K::new(Key::ArrowRight)];
        A::First, "First take", "Goes to the first take of the strip.", [K::new(Key::Home)];
        A::Last, "Last take", "Goes to the last take of the strip.", [K::new(Key::End)];
        A::RowUp, "Row above", "Goes a row up in the grid.", [K::new(Key::ArrowUp)];
        A::RowDown, "Row below", "Goes a row down in the grid.", [K::new(Key::ArrowDown)];
        A::SelectAll, "Select all takes", "Selects every take that the filters let through.", [K::ctrl(Key::A)];
        A::Follow, "Follow new captures", "Every capture becomes the selected take.", [K::shift(Key::L)];
        A::Show(View::Live), "Live", "Shows what the camera sees.", [K::new(Key::F2)];
        A::Show(View::Loupe), "Loupe", "Shows one take as large as it fits.", [K::new(Key::E), K::new(Key::Enter)];
        A::Show(View::Grid), "Grid", "Shows all takes.", [K::new(Key::G)];
        A::Show(View::Compare), "Compare", "Shows the take beside the best of its group, zoomed in step.", [K::new(Key::C)];
        A::Show(View::Survey), "Survey", "Shows the selected takes side by side.", [K::new(Key::N)];
        A::Show(View::Retouch), "Retouch view", "Shows the take with its edit, step by step.", [K::new(Key::D)];
        A::Show(View::Calibrate), "Calibrate view", "Finds a card or chart and remembers the light.", [K::new(Key::F4)];
        A::Back, "Back", "Goes back to the view before, or closes what is open.", [K::new(Key::Escape)];
    }
    View {
        A::ActualSize, "100 %", "Shows the file's own pixels at the pointer, or all of the picture again.", [K::new(Key::Z)];
        A::BeforeAfter, "Before and after", "Shows the picture with or without its finish.", [K::new(Key::Y)];
        A::Split, "Before beside after", "Splits the picture; the line can be dragged.", [K::shift(Key::Y)];
        A::Before, "Before, while held", "Shows the picture without its finish as long as the key is held.", [K::new(Key::Backslash)];
        A::Clipping, "Clipping", "Marks clipped highlights red and crushed shadows blue.", [K::new(Key::J)];
        A::Zebra, "Zebra", "Stripes what is nearly white.", [K::shift(Key::J)];
        A::Peaking, "Focus peaking", "Marks what is in focus.", [K::new(Key::K)];
        A::Guides, "Guides", "Off, thirds, centre cross with the symmetry axis.", [K::new(Key::O)];
        A::Information, "Information", "Name, size and marks over the picture.", [K::new(Key::I)];
        A::SidePanels, "Side panels", "Hides or shows the panels at the sides.", [K::new(Key::Tab)];
        A::AllPanels, "All panels", "Hides or shows every panel.", [K::shift(Key::Tab)];
        A::Strip, "Strip", "Hides or shows the strip of takes.", [K::new(Key::F6)];
        A::LeftPanel, "Session panel", "Hides or shows session, camera and filters.", [K::new(Key::F7)];
        A::RightPanel, "Readings panel", "Hides or shows histogram, scores and edit.", [K::new(Key::F8)];
        A::LightsOut, "Lights out", "Leaves nothing but the picture, on dark grey.", [K::new(Key::L)];
        A::FullScreen, "Full screen", "Fills the screen with the window.", [K::new(Key::F)];
        A::ClientView, "Client view", "A second window with nothing but the picture.", [K::new(Key::F11)];
        A::Assess, "Judge colour", "Middle grey and a white frame around the picture.", [K::ctrl(Key::B)];
    }
    Edit {
        A::Retouch, "Retouch", "Makes the edit for this take by itself; every step stays adjustable.", [K::new(Key::R)];
        A::RemoveEdit, "Remove the edit", "Shows the take as the camera made it.", [K::ctrl_shift(Key::R)];
        A::CopyEdit, "Copy the edit", "Keeps the edit for pasting.", [K::ctrl_shift(Key::C)];
        A::PasteEdit, "Paste the edit", "Gives the copied edit to the selected takes.", [K::ctrl_shift(Key::V)];
        A::EditNext, "Apply to next captures", "Captures to come get this edit by themselves; again ends it.", [K::ctrl_shift(Key::N)];
        A::HealBrush, "Heal brush", "Paints away what should go; again lays it down.", [K::new(Key::Q)];
        A::CloneBrush, "Clone brush", "Paints a copy of another place, chosen with Alt+click; again lays it down.", [K::new(Key::S)];
        A::LightBrush, "Light brush", "Paints where the light changes; again lays it down.", [K::new(Key::B)];
        A::LightCircle, "Light circle", "Draws a circle in which the light changes; again lays it down.", [K::shift(Key::B)];
        A::KeepBrush, "Keep brush", "Paints what belongs to the product; again lays it down.", [K::new(Key::A)];
        A::RemoveBrush, "Remove brush", "Paints what does not belong to the product; again lays it down.", [K::new(Key::W)];
        A::RefineBrush, "Refine edge brush", "Paints where the product's edge is to be found again; again lays it down.", [K::shift(Key::W)];
        A::BrushLarger, "Larger brush", "Makes the brush in the hand larger.", [K::shift(Key::CloseBracket)];
        A::BrushSmaller, "Smaller brush", "Makes the brush in the hand smaller.", [K::shift(Key::OpenBracket)];
        A::Undo, "Undo", "Takes the last rating or edit back.", [K::ctrl(Key::Z)];
        A::Redo, "Redo", "Does it again.", [K::ctrl_shift(Key::Z), K::ctrl(Key::Y)];
    }
    Studio {
        A::Export, "Export …", "Writes finished pictures into the session's Output folder.", [K::ctrl(Key::E)];
        A::ExportAgain, "Export as last time", "Exports the selected takes at once, with the last choices.", [K::ctrl_shift(Key::E), K::shift(Key::E)];
        A::OpenSession, "Open a session …", "Opens or makes a session folder.", [K::ctrl(Key::O)];
        A::Palette, "Find a command …", "Every command by its name.", [K::ctrl(Key::K)];
        A::KeySheet, "Keys", "Every key on one page.", [K::new(Key::Questionmark)];
        A::Settings, "Settings", "Camera, names, second copy and habits.", [K::ctrl(Key::Comma)];
        A::Quit, "Quit", "Closes Culet; captures on their way are stored first.", [K::ctrl(Key::Q)];
    }
};

/// The table's line for an action.
pub fn entry(action: Action) -> Option<&'static Entry> {
    TABLE.iter().find(|e| e.action == action)
}

/// Text and keys for a tooltip, such as `Fires the shutter.  F12`.
pub fn tooltip(action: Action) -> String {
    entry(action).map_or_else(String::new, |e| {
        let keys: Vec<_> = e.keys.iter().map(Keys::text).collect();
        format!("{}  {}", e.help, keys.join(" or "))
    })
}

/// Takes the commands that were typed out of the input. Bare keys are left to a text field that has
/// the focus; Space and Enter belong to whatever has it.
/// With a `sheet` open above everything only what closes it is heard.
pub(super) fn typed(ctx: &egui::Context, view: View, sheet: bool) -> Vec<Action> {
    let typing = ctx.text_edit_focused();
    let focused = ctx.memory(|m| m.focused().is_some()) || ctx.any_popup_open();
    let allowed = |keys: &Keys| {
        let activates = matches!(keys.key, Key::Space | Key::Enter | Key::Escape);
        !(typing && (keys.is_bare() || edits_text(keys))) && !(focused && activates)
    };
    let mut found = Vec::new();
    let mut bare = false;
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key { key, physical_key, pressed: true, modifiers, .. } = event else {
                return true;
            };
            let hit = TABLE.iter().find_map(|e| {
                let keys = e.keys.iter().find(|k| {
                    k.only.is_none_or(|v| v == view) && k.is(*key, *physical_key, *modifiers)
                })?;
                (allowed(keys) && (!sheet || closes_sheet(e.action))).then_some((e.action, keys))
            });
            let Some((action, keys)) = hit else { return true };
            bare |= keys.is_bare();
            found.push(action);
            false
        });
        if bare {
            input.events.retain(|event| !matches!(event, Event::Text(_)));
        }
    });
    if bare {
        // egui has read Tab and arrows as a wish to move the focus already.
        ctx.memory_mut(|m| m.move_focus(egui::FocusDirection::None));
    }
    found
}

fn closes_sheet(action: Action) -> bool {
    matches!(action, Action::Back | Action::KeySheet | Action::Palette | Action::Quit)
}

/// Commands that mean something else inside a text field.
fn edits_text(keys: &Keys) -> bool {
    matches!(keys.key, Key::Z | Key::Y | Key::A | Key::C | Key::V)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is heard when a key is pressed.
    fn press(keys: &Keys, view: View, sheet: bool) -> Vec<Action> {
        let input = egui::RawInput {
            events: vec![Event::Key {
                key: keys.key,
                physical_key: None,
                pressed: true,
                repeat: false,
                modifiers: keys.modifiers(),
            }],
            ..Default::default()
        };
        let mut found = Vec::new();
        let output =
            egui::Context::default().run_ui(input, |ui| found = typed(ui.ctx(), view, sheet));
        output.drop_without_applying_deltas();
        found
    }

    #[test]
    fn every_command_is_heard_by_each_of_its_keys() {
        for e in TABLE {
            for keys in e.keys {
                let view = keys.only.unwrap_or(View::Loupe);
                assert_eq!(press(keys, view, false), [e.action], "{}", keys.text());
                let heard = if closes_sheet(e.action) { vec![e.action] } else { vec![] };
                assert_eq!(press(keys, view, true), heard, "{} under a sheet", keys.text());
            }
        }
        assert!(
            press(&K::new(Key::Space), View::Grid, false).is_empty(),
            "Space captures on Live only"
        );
        assert!(press(&K::ctrl(Key::P), View::Live, false).is_empty(), "Ctrl+P is not P");
    }

    #[test]
    fn no_key_means_two_things() {
        let all: Vec<_> =
            TABLE.iter().flat_map(|e| e.keys.iter().map(move |k| (e.text, k))).collect();
        for (i, (text, keys)) in all.iter().enumerate() {
            for (other, same) in &all[..i] {
                let apart = keys.only.is_some() && same.only.is_some() && keys.only != same.only;
                let equal = keys.key == same.key
                    && keys.shift == same.shift
                    && keys.command == same.command;
                assert!(!equal || apart, "{} is both {text} and {other}", keys.text());
            }
        }
    }

    #[test]
    fn every_command_has_a_name_of_its_own_a_sentence_and_a_key() {
        for (i, e) in TABLE.iter().enumerate() {
            assert!(!e.keys.is_empty(), "{} has no key", e.text);
            assert!(e.help.ends_with('.') && e.help.len() > 10, "{}: {}", e.text, e.help);
            assert!(TABLE[..i].iter().all(|o| o.text != e.text), "{} twice", e.text);
            assert_eq!(entry(e.action).map(|o| o.text), Some(e.text), "listed twice");
        }
    }
}
