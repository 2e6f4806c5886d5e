//! What each command does.

use super::app::{App, Sheet};
use super::brush;
use super::commands::Action;
use super::model::{Finish, Guides, Sort, View};
use crate::camera::white;
use crate::engine::contract::{CameraState, Command, KnownCard, Level};
use crate::session::Flag;
use egui::{Context, ViewportCommand};

/// Motor steps of a small and of a large move.
const NUDGE: i32 = 10;
const LEAP: i32 = 100;

impl App {
    /// Does what was asked for, by whatever way it was asked.
    pub(super) fn perform(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::Capture
            | Action::LiveView
            | Action::Autofocus
            | Action::FocusNear
            | Action::FocusFar
            | Action::FocusNearFast
            | Action::FocusFarFast
            | Action::Calibrate => self.camera(action),
            Action::Stars(_)
            | Action::StarsAndNext(_)
            | Action::StarUp
            | Action::StarDown
            | Action::Pick
            | Action::Reject
            | Action::Unmark
            | Action::Paint(_) => self.rate(action),
            Action::Previous
            | Action::Next
            | Action::First
            | Action::Last
            | Action::RowUp
            | Action::RowDown => {
                self.go(action);
            }
            Action::Retouch
            | Action::RemoveEdit
            | Action::CopyEdit
            | Action::PasteEdit
            | Action::EditNext
            | Action::Undo
            | Action::Redo
            | Action::ExportAgain => self.change(action),
            Action::HealBrush
            | Action::CloneBrush
            | Action::LightBrush
            | Action::LightCircle
            | Action::KeepBrush
            | Action::RemoveBrush
            | Action::RefineBrush => {
                self.take_brush(brush::Kind::of(action));
                if self.brush.is_some() {
                    self.model.show(View::Retouch);
                    self.cut_exactly();
                }
            }
            Action::BrushLarger => self.size_brush(1.25),
            Action::BrushSmaller => self.size_brush(0.8),
            Action::SelectAll => self.model.select_all(),
            Action::Follow => self.model.follow = !self.model.follow,
            Action::Advance => self.advance(),
            Action::SortByScore => {
                let by_time = self.model.sort == Sort::Time;
                self.model.set_sort(if by_time { Sort::Score } else { Sort::Time });
            }
            Action::Show(view) => self.model.show(view),
            Action::Back => self.back(ctx),
            Action::Export => self.open(Sheet::Export),
            Action::OpenSession => self.open(Sheet::Session),
            Action::Palette => self.open(Sheet::Palette),
            Action::KeySheet => self.open(Sheet::Keys),
            Action::Settings => self.open(Sheet::Settings),
            Action::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            _ => self.look(ctx, action),
        }
    }

    fn camera(&mut self, action: Action) {
        match action {
            Action::Capture => self.capture(),
            Action::LiveView => {
                let on = matches!(self.model.camera, CameraState::Ready(_));
                self.model.send(Command::LiveView(on));
            }
            Action::Autofocus => self.model.send(Command::Autofocus),
            Action::FocusNear => self.model.send(Command::DriveFocus(-NUDGE)),
            Action::FocusFar => self.model.send(Command::DriveFocus(NUDGE)),
            Action::FocusNearFast => self.model.send(Command::DriveFocus(-LEAP)),
            Action::FocusFarFast => self.model.send(Command::DriveFocus(LEAP)),
            _ => {
                let take = self.calibrate_take();
                self.model.calibrating = true;
                self.model.card_found = false;
                let camera_kelvin = match take {
                    None => white::kelvin(&self.model.settings),
                    Some(_) => None, // the dial may have been turned since
                };
                let card = KnownCard { camera_kelvin, ..self.card.known() };
                self.model.send(Command::Calibrate(take, card));
                self.model.show(View::Calibrate);
            }
        }
    }

    fn capture(&mut self) {
        if self.model.camera == CameraState::Off {
            let text = "no camera is connected; connect one, or the practice camera, in the panel at the left";
            self.model.say(Level::Warning, text.to_owned());
            return;
        }
        self.model.send(Command::Capture);
    }

    fn rate(&mut self, action: Action) {
        if self.model.active.is_none() {
            self.model.say(Level::Note, "no take is selected; click one in the strip".to_owned());
            return;
        }
        let mut on = self.model.advance;
        match action {
            Action::Stars(stars) => self.model.rate(stars, true),
            Action::StarsAndNext(stars) => {
                self.model.rate(stars, false);
                on = true;
            }
            Action::StarUp => self.model.nudge_stars(1),
            Action::StarDown => self.model.nudge_stars(-1),
            Action::Pick => self.model.mark(Flag::Pick),
            Action::Reject => self.model.mark(Flag::Reject),
            Action::Unmark => self.model.mark(Flag::None),
            Action::Paint(label) => self.model.paint(label),
            _ => {}
        }
        if on && self.model.selected.len() == 1 {
            self.step(1);
        }
    }

    fn go(&mut self, action: Action) {
        let row = if self.model.view == View::Grid { self.columns.max(1) as isize } else { 1 };
        self.step(match action {
            Action::Previous => -1,
            Action::Next => 1,
            Action::First => isize::MIN / 2,
            Action::Last => isize::MAX / 2,
            Action::RowUp => -row,
            _ => row,
        });
    }

    fn step(&mut self, by: isize) {
        self.model.step(by);
        self.reveal_grid = true;
    }

    fn change(&mut self, action: Action) {
        let note = |app: &mut Self, text: &str| app.model.say(Level::Note, text.to_owned());
        match action {
            Action::Undo if !self.model.undo() => note(self, "nothing to undo"),
            Action::Redo if !self.model.redo() => note(self, "nothing to redo"),
            Action::Undo | Action::Redo => {}
            _ if self.model.active.is_none() => {
                note(self, "no take is selected; click one in the strip");
            }
            Action::Retouch => {
                self.model.retouch();
                self.model.look.finish = Finish::After;
                if !matches!(self.model.view, View::Grid | View::Survey) {
                    self.model.show(View::Retouch);
                }
            }
            Action::RemoveEdit => self.model.edit_selected(None),
            Action::CopyEdit => match self.model.take().and_then(|t| t.recipe.clone()) {
                Some(recipe) => {
                    self.model.clipboard = Some(recipe);
                    note(self, "the edit is copied");
                }
                None => note(self, "this take has no edit to copy; R makes one"),
            },
            Action::PasteEdit => match self.model.clipboard.clone() {
                Some(recipe) => self.model.edit_selected(Some(recipe)),
                None => note(self, "no edit was copied; Ctrl+Shift+C copies one"),
            },
            Action::EditNext => {
                let recipe = self.model.take().and_then(|t| t.recipe.clone());
                let next = if self.model.next_edit.is_some() { None } else { recipe };
                self.model.next_edit.clone_from(&next);
                note(
                    self,
                    if next.is_some() {
                        "captures to come get this edit"
                    } else {
                        "captures to come get no edit"
                    },
                );
                self.model.send(Command::EditNext(next));
            }
            _ => self.model.export_selected(),
        }
    }

    fn advance(&mut self) {
        self.model.advance = !self.model.advance;
        let on = self.model.advance;
        let text = if on { "rating goes on to the next take" } else { "rating stays on the take" };
        self.model.say(Level::Note, text.to_owned());
    }

    fn back(&mut self, ctx: &Context) {
        if self.sheet.take().is_some() {
            return;
        }
        if self.full_screen {
            self.look(ctx, Action::FullScreen);
        } else if self.model.look.lights_out {
            self.model.look.lights_out = false;
        } else if self.zoom.scale.is_some() || self.live_zoom.scale.is_some() {
            self.zoom.scale = None;
            self.live_zoom.scale = None;
        } else {
            self.model.go_back();
        }
    }

    fn look(&mut self, ctx: &Context, action: Action) {
        let live = matches!(self.model.view, View::Live);
        let (look, panels) = (&mut self.model.look, &mut self.model.panels);
        let finish = if live { &mut look.live_finish } else { &mut look.finish };
        match action {
            Action::ActualSize => self.zoom_asked = true,
            Action::BeforeAfter => {
                *finish = if *finish == Finish::After { Finish::Before } else { Finish::After };
            }
            Action::Before => *finish = Finish::Before,
            Action::Split => {
                let off = if live { Finish::Before } else { Finish::After };
                *finish = if *finish == Finish::Split { off } else { Finish::Split };
            }
            Action::Clipping => look.clipping = !look.clipping,
            Action::Zebra => look.zebra = !look.zebra,
            Action::Peaking => look.peaking = !look.peaking,
            Action::Guides => {
                look.guides = match look.guides {
                    Guides::Off => Guides::Thirds,
                    Guides::Thirds => Guides::Centre,
                    Guides::Centre => Guides::Off,
                };
            }
            Action::Information => look.information = !look.information,
            Action::Assess => look.assess = !look.assess,
            Action::LightsOut => look.lights_out = !look.lights_out,
            Action::SidePanels => {
                let on = !(panels.left || panels.right);
                (panels.left, panels.right) = (on, on);
            }
            Action::AllPanels => {
                let on = !panels.bars;
                (panels.left, panels.right, panels.strip, panels.bars) = (on, on, on, on);
            }
            Action::LeftPanel => panels.left = !panels.left,
            Action::RightPanel => panels.right = !panels.right,
            Action::Strip => panels.strip = !panels.strip,
            Action::ClientView => self.client = !self.client,
            Action::FullScreen => {
                self.full_screen = !self.full_screen;
                ctx.send_viewport_cmd(ViewportCommand::Fullscreen(self.full_screen));
            }
            _ => {}
        }
    }
}
