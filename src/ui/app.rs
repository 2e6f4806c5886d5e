//! The frame: events in, keys, panels around the picture. `logic` takes in, `ui` draws.

use super::canvas::Zoom;
use super::commands::{self, Action};
use super::live_picture::LivePicture;
use super::model::{Finish, Model, View};
use super::pictures::{Key, Pictures};
use super::settings::Folder;
use super::{
    brush, calibrate, card, client, compare, cull, export, keysheet, live, palette, readings,
    retouch, settings, side, status, strip, theme, topbar,
};
use crate::engine::contract::{CameraState, Command, Event, Link, LiveView, TakeId};
use crate::engine::latest::Reader;
use crate::engine::thread;
use crate::imaging::{Mask, Rect as Region};
use crate::retouch::{Preset, Recipe};
use crossbeam_channel::{Receiver, Sender, bounded};
use egui::{CentralPanel, Context, Frame, Panel, TextureHandle, Ui};
use std::path::PathBuf;
use std::sync::Arc;

/// What is open above everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sheet {
    /// Commands by name.
    Palette,
    /// Keys.
    Keys,
    /// Format, quality, size.
    Export,
    /// The session's folder.
    Session,
    /// Habits.
    Settings,
}

/// What was typed into fields.
#[derive(Default)]
pub(super) struct Fields {
    pub camera: String,
    pub session: String,
    pub copies: String,
    pub palette: String,
    pub palette_row: usize,
    pub palette_opened: bool,
}

/// The window.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct App {
    events: Receiver<Event>,
    frames: Reader<LiveView>,
    /// What is known and looked at.
    pub(super) model: Model,
    pub(super) live: LivePicture,
    pub(super) pictures: Pictures,
    /// Zoom of takes, kept between them.
    pub(super) zoom: Zoom,
    pub(super) live_zoom: Zoom,
    /// The key for 100 % was pressed.
    pub(super) zoom_asked: bool,
    pub(super) zoom_text: String,
    pub(super) sheet: Option<Sheet>,
    pub(super) fields: Fields,
    /// The region that the meter under the pointer speaks of.
    pub(super) pointed: Option<Region>,
    /// The value under the pointer.
    pub(super) probe: Option<[u8; 3]>,
    pub(super) columns: usize,
    pub(super) reveal_grid: bool,
    pub(super) client: bool,
    pub(super) full_screen: bool,
    pub(super) calibrate_from_take: bool,
    /// What is told about the card.
    pub(super) card: card::Choices,
    /// The retouching brush in the hand.
    pub(super) brush: Option<brush::Tool>,
    /// What the cut-out leaves out, and the mask that it was made of.
    pub(super) left_out: Option<(Arc<Mask>, TextureHandle)>,
    /// The looks that the retouch panel offers.
    pub(super) presets: Vec<Preset>,
    held_before: bool,
    /// A dragged edit that the engine has not heard of.
    unsent_edit: bool,
    chosen: (Sender<(Folder, PathBuf)>, Receiver<(Folder, PathBuf)>),
    dialog: Option<thread::Joined>,
}

/// Events that are taken in at once, so that a flood never costs a frame.
const AT_ONCE: usize = 500;

impl App {
    /// A window on an engine.
    pub fn new(ctx: &Context, link: Link) -> Self {
        theme::apply(ctx);
        Self {
            events: link.events,
            frames: link.live,
            model: Model::new(link.commands),
            live: LivePicture::default(),
            pictures: Pictures::default(),
            zoom: Zoom::default(),
            live_zoom: Zoom::default(),
            zoom_asked: false,
            zoom_text: String::new(),
            sheet: None,
            fields: Fields::default(),
            pointed: None,
            probe: None,
            columns: 1,
            reveal_grid: false,
            client: false,
            full_screen: false,
            calibrate_from_take: false,
            card: card::Choices::default(),
            brush: None,
            left_out: None,
            presets: Preset::built_in(),
            held_before: false,
            unsent_edit: false,
            chosen: bounded(1),
            dialog: None,
        }
    }

    /// What is known and looked at.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// With or without the edit, as takes are shown now.
    pub(super) fn finish(&self) -> Finish {
        if self.held_before { Finish::Before } else { self.model.look.finish }
    }

    /// With or without the suggested finish, as live view is shown now.
    pub(super) fn live_finish(&self) -> Finish {
        if self.held_before { Finish::Before } else { self.model.look.live_finish }
    }

    /// Opens a sheet, or closes it when it is open.
    pub(super) fn open(&mut self, sheet: Sheet) {
        self.sheet = if self.sheet == Some(sheet) { None } else { Some(sheet) };
        if sheet == Sheet::Palette {
            self.fields.palette.clear();
            self.fields.palette_row = 0;
            self.fields.palette_opened = true;
        }
        if let (Sheet::Session, Some(folder)) = (sheet, &self.model.folder) {
            self.fields.session = folder.to_string_lossy().into_owned();
        }
    }

    /// The take in which the card is looked for; none looks in live view.
    pub(super) fn calibrate_take(&self) -> Option<TakeId> {
        self.model.active.filter(|_| self.calibrate_from_take && self.model.view == View::Calibrate)
    }

    /// Asks for a picture at a size on the screen, unless it is there.
    pub(super) fn want(&mut self, key: Key, side: f32) {
        if self.unsent_edit && key.1 {
            return;
        }
        if let Some(command) = self.pictures.ask(key, side) {
            self.model.send(command);
        }
    }

    /// Asks for the takes beside the active one, once that one is there.
    pub(super) fn prefetch(&mut self, side: f32) {
        let Some(active) = self.model.active else { return };
        let order = self.model.order();
        let Some(here) = order.iter().position(|o| *o == active) else { return };
        let beside = [order.get(here + 1), here.checked_sub(1).and_then(|i| order.get(i))];
        let beside: Vec<_> = beside.into_iter().flatten().copied().collect();
        let key = |app: &Self, id: TakeId| {
            let edited = app.model.takes.get(&id).is_some_and(|t| t.recipe.is_some());
            (id, edited && app.finish() != Finish::Before)
        };
        if self.pictures.is_asked(key(self, active)) {
            return;
        }
        for id in beside {
            let readable = self.model.takes.get(&id).is_some_and(|t| t.trouble.is_none());
            if readable && self.pictures.full(key(self, id)).is_none() {
                return self.want(key(self, id), side);
            }
        }
    }

    /// A slider of an edit was moved.
    pub(super) fn edit(&mut self, id: TakeId, recipe: Recipe) {
        self.model.drag_edit(id, recipe);
        self.model.look.finish = match self.model.look.finish {
            Finish::Before => Finish::After,
            same => same,
        };
        self.unsent_edit = true;
    }

    /// Opens the system's own dialog on a thread; its answer fills the field.
    pub(super) fn browse(&mut self, ctx: &Context, which: Folder) {
        if self.dialog.is_some() && self.chosen.1.is_empty() {
            return; // it is open
        }
        let (answer, ctx) = (self.chosen.0.clone(), ctx.clone());
        let opened = thread::spawn("folder-dialog", move || {
            let dialog = rfd::FileDialog::new();
            let folder = match which {
                Folder::Calibration => {
                    dialog.add_filter("Calibration", &["toml"]).pick_file().unwrap_or_default()
                }
                Folder::Card => {
                    dialog.add_filter("Card", &["toml"]).pick_file().unwrap_or_default()
                }
                Folder::Session | Folder::Copies => dialog.pick_folder().unwrap_or_default(),
            };
            let _ = answer.try_send((which, folder));
            ctx.request_repaint();
        });
        self.dialog = opened.ok();
    }

    fn take_in(&mut self) {
        for event in self.events.try_iter().take(AT_ONCE).collect::<Vec<_>>() {
            match event {
                Event::Picture { take, edited, full, picture } => {
                    self.pictures.put((take, edited), full, picture);
                }
                Event::Card(placed) => {
                    self.card.found(placed);
                    self.model.card_found = true;
                }
                Event::Session { .. } => {
                    self.pictures.clear();
                    self.model.apply(event);
                }
                Event::Camera(
                    CameraState::Off
                    | CameraState::Ready(_)
                    | CameraState::Looking(_)
                    | CameraState::Connecting(_),
                ) => {
                    self.live.end();
                    self.model.apply(event);
                }
                other => self.model.apply(other),
            }
        }
        self.model.tidy();
        for take in std::mem::take(&mut self.model.outdated) {
            self.pictures.outdate(take);
        }
        if let Ok((which, folder)) = self.chosen.1.try_recv() {
            self.dialog = None;
            let text = folder.to_string_lossy().into_owned();
            match which {
                _ if text.is_empty() => {}
                Folder::Session => self.fields.session = text,
                Folder::Copies => self.fields.copies = text,
                Folder::Calibration => self.model.send(Command::UseCalibration(Some(folder))),
                Folder::Card => self.card.known.reference = Some(folder),
            }
        }
    }

    /// Tells the engine of a dragged edit, no faster than it renders; ends the drag with the hand.
    fn tend_edit(&mut self, ctx: &Context) {
        let Some((id, recipe)) = self.model.dragged_edit() else {
            self.unsent_edit = false;
            return;
        };
        let busy = ctx.input(|i| i.pointer.any_down()) || ctx.text_edit_focused();
        if !busy {
            self.model.end_drag();
            self.unsent_edit = false;
        } else if self.unsent_edit && !self.pictures.is_asked((id, true)) {
            self.model.send(Command::Edit(id, recipe));
            self.unsent_edit = false;
        }
        for take in std::mem::take(&mut self.model.outdated) {
            self.pictures.outdate(take);
        }
    }

    fn keys(&mut self, ctx: &Context) {
        self.held_before =
            ctx.input(|i| i.key_down(egui::Key::Backslash)) && !ctx.text_edit_focused();
        for action in commands::typed(ctx, self.model.view, self.sheet.is_some()) {
            // Held, not pressed: read above.
            if action != Action::Before {
                self.perform(ctx, action);
            }
        }
    }

    fn panels(&mut self, ui: &mut Ui) {
        let panels = self.model.panels;
        if self.model.look.lights_out {
            return;
        }
        if panels.bars {
            let bar =
                Panel::top("bar").exact_size(theme::BAR_HEIGHT).frame(theme::panel(theme::BAR));
            bar.show(ui, |ui| topbar::show(self, ui));
            let line = Frame::new().fill(theme::BAR).inner_margin(egui::Margin::symmetric(12, 2));
            let bar = Panel::bottom("status").exact_size(theme::STATUS_HEIGHT).frame(line);
            bar.show(ui, |ui| status::show(self, ui));
        }
        if panels.strip {
            let frame = Frame::new().fill(theme::PANEL).inner_margin(egui::Margin::symmetric(8, 4));
            let strip = Panel::bottom("strip").exact_size(theme::STRIP_HEIGHT).frame(frame);
            strip.show(ui, |ui| strip::show(self, ui));
        }
        if panels.left {
            let panel = Panel::left("session").exact_size(theme::LEFT_WIDTH).resizable(false);
            panel.frame(theme::panel(theme::PANEL)).show(ui, |ui| side::show(self, ui));
        }
        if panels.right {
            let panel = Panel::right("readings").exact_size(theme::RIGHT_WIDTH).resizable(false);
            panel.frame(theme::panel(theme::PANEL)).show(ui, |ui| match self.model.view {
                View::Live => readings::live(self, ui),
                View::Retouch => retouch::panel(self, ui),
                View::Calibrate => calibrate::panel(self, ui),
                _ => readings::take(self, ui),
            });
        }
    }

    fn surround(&self) -> egui::Color32 {
        match self.model.look {
            look if look.assess => theme::ASSESS,
            look if look.lights_out => theme::DARK,
            _ => theme::SURROUND,
        }
    }

    fn sheets(&mut self, ctx: &Context) {
        let Some(sheet) = self.sheet else { return };
        let mut chosen = None;
        let modal = egui::Modal::new(egui::Id::unique("sheet")).show(ctx, |ui| {
            Frame::new().inner_margin(8.0).show(ui, |ui| match sheet {
                Sheet::Palette => chosen = palette::show(self, ui),
                Sheet::Keys => keysheet::show(ui),
                Sheet::Export => export::show(self, ui),
                Sheet::Session => settings::session(self, ui),
                Sheet::Settings => settings::show(self, ui),
            });
        });
        if modal.should_close() && self.sheet == Some(sheet) {
            self.sheet = None;
        }
        if let Some(action) = chosen {
            self.sheet = None;
            self.perform(ctx, action);
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // A folder dialog that is still open ends with the process; nobody waits for it.
        if let Some(dialog) = self.dialog.take().filter(|_| self.chosen.1.is_empty()) {
            std::mem::forget(dialog);
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _: &mut eframe::Frame) {
        self.take_in();
        if self.model.flush() || !self.events.is_empty() {
            ctx.request_repaint_after(std::time::Duration::from_millis(5));
        }
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.pictures.begin();
        self.probe = None;
        // Here and not in `logic`: textures of a hidden window pile up.
        let off = matches!(self.model.camera, CameraState::Off | CameraState::Ready(_));
        if let Some(view) = self.frames.receiver().try_recv().ok().filter(|_| !off) {
            self.live.put(&ctx, view, self.model.look.zebra);
        }
        self.keys(&ctx);
        self.panels(ui);
        self.tend_edit(&ctx);
        let surround = Frame::new().fill(self.surround());
        CentralPanel::default().frame(surround).show(ui, |ui| match self.model.view {
            View::Live => live::show(self, ui),
            View::Loupe => cull::loupe(self, ui),
            View::Grid => cull::grid(self, ui),
            View::Survey => cull::survey(self, ui),
            View::Compare => compare::show(self, ui),
            View::Retouch => retouch::show(self, ui),
            View::Calibrate => calibrate::show(self, ui),
        });
        let bar = self.model.panels.bars && !self.model.look.lights_out;
        status::notice(self, &ctx, if bar { theme::BAR_HEIGHT } else { 0.0 });
        self.sheets(&ctx);
        client::show(self, &ctx);
        self.zoom_asked = false;
        if self.pictures.unfinished {
            ctx.request_repaint();
        }
    }
}

impl App {
    /// Does what a line of the command table says; for menus and tests.
    pub fn act(&mut self, ctx: &Context, action: Action) {
        self.perform(ctx, action);
    }
}
