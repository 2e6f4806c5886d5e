//! The state that the engine's events build up, what is looked at, and what commands do to both.
//! Knows nothing of egui; nothing here waits.

mod deeds;
mod look;
mod select;

pub use look::{Filter, Finish, Guides, Look, Panels, Sort, View};

use super::history::History;
use crate::calibrate::Calibration;
use crate::camera::{CameraSpec, Setting};
use crate::engine::contract::{
    CameraState, Command, Event, ExportOptions, Level, LiveLook, Take, TakeId, Vitals,
};
use crate::imaging::Mask;
use crate::imaging::colour::Lab;
use crate::retouch::{Recipe, Speck};
use crossbeam_channel::{Sender, TrySendError};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

/// Everything that the window knows.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Model {
    commands: Sender<Command>,
    /// Commands that found the engine's queue full.
    late: VecDeque<Command>,
    /// What the camera does.
    pub camera: CameraState,
    /// What is attached; none until asked.
    pub cameras: Option<Vec<CameraSpec>>,
    /// The camera's settings.
    pub settings: Vec<Setting>,
    /// The session's folder.
    pub folder: Option<PathBuf>,
    /// All takes.
    pub takes: BTreeMap<TakeId, Take>,
    /// The take that keys act on first.
    pub active: Option<TakeId>,
    /// The takes that ratings and exports act on; holds the active one.
    pub selected: BTreeSet<TakeId>,
    order: Vec<TakeId>,
    /// The order no longer fits the takes.
    untidy: bool,
    /// Every capture becomes the active take.
    pub follow: bool,
    /// Ratings go on to the next take.
    pub advance: bool,
    /// Order of the strip.
    pub sort: Sort,
    filter: Filter,
    /// What is in the middle.
    pub view: View,
    back: Vec<View>,
    /// How it is looked at.
    pub look: Look,
    /// Panels.
    pub panels: Panels,
    /// Status line numbers.
    pub vitals: Vitals,
    /// Messages, oldest first.
    pub messages: VecDeque<(Level, String)>,
    /// A warning or an error that was not seen to yet.
    pub notice: Option<(Level, String)>,
    /// Long work: what, done, all.
    pub progress: Option<(String, usize, usize)>,
    /// The calibration in use.
    pub calibration: Option<Arc<Calibration>>,
    /// Specks that were found on takes that were looked at.
    pub specks: BTreeMap<TakeId, Arc<Vec<Speck>>>,
    /// The colour of the metal on takes that were looked at, CIE L*a*b*.
    pub metals: BTreeMap<TakeId, Lab>,
    /// The capture that shows the set without the piece.
    pub empty_set: Option<String>,
    /// The exact outline that was cut last: the take, and 255 where its product is.
    pub cut_out: Option<(TakeId, Arc<Mask>)>,
    /// Falloff that the flat field takes out, EV; none without one.
    pub flat_field: Option<f32>,
    /// The card of the last calibration was found where it is marked.
    pub card_found: bool,
    /// A calibration was asked for and is not answered.
    pub calibrating: bool,
    /// What can be undone.
    pub history: History,
    /// The copied edit.
    pub clipboard: Option<Recipe>,
    /// The edit of captures to come.
    pub next_edit: Option<Recipe>,
    /// Steps that are left out of live view's finish.
    pub refused: BTreeSet<String>,
    /// Kinds of suggestions that are muted.
    pub muted: BTreeSet<String>,
    /// Choices of the last export.
    pub export: ExportOptions,
    /// Name pattern of captures to come.
    pub pattern: String,
    /// The piece in front of the camera.
    pub sku: String,
    /// An edit that is being dragged, and what it was before.
    dragging: Option<(TakeId, Option<Recipe>)>,
    /// Takes whose automatic edit has not come back.
    awaited: BTreeSet<TakeId>,
    /// Takes whose finished picture is out of date.
    pub(super) outdated: BTreeSet<TakeId>,
    /// The strip should show the active take.
    pub(super) reveal: bool,
    sent_look: Option<LiveLook>,
    sent_names: (String, String),
}

/// Takes whose specks are kept at hand.
const SPECKS: usize = 64;

/// Messages that are kept for reading back.
const MESSAGES: usize = 100;

impl Model {
    /// Nothing known yet.
    pub fn new(commands: Sender<Command>) -> Self {
        Self {
            commands,
            late: VecDeque::new(),
            camera: CameraState::Off,
            cameras: None,
            settings: Vec::new(),
            folder: None,
            takes: BTreeMap::new(),
            active: None,
            selected: BTreeSet::new(),
            order: Vec::new(),
            untidy: false,
            follow: true,
            advance: false,
            sort: Sort::Time,
            filter: Filter::default(),
            view: View::Live,
            back: Vec::new(),
            look: Look::default(),
            panels: Panels::default(),
            vitals: Vitals::default(),
            messages: VecDeque::new(),
            notice: None,
            progress: None,
            calibration: None,
            specks: BTreeMap::new(),
            metals: BTreeMap::new(),
            empty_set: None,
            cut_out: None,
            flat_field: None,
            card_found: false,
            calibrating: false,
            history: History::default(),
            clipboard: None,
            next_edit: None,
            refused: BTreeSet::new(),
            muted: BTreeSet::new(),
            export: ExportOptions::default(),
            pattern: String::new(),
            sku: String::new(),
            dragging: None,
            awaited: BTreeSet::new(),
            outdated: BTreeSet::new(),
            reveal: false,
            sent_look: None,
            sent_names: (String::new(), String::new()),
        }
    }

    /// Sends a command without waiting; one that finds the queue full goes out later, in order.
    pub fn send(&mut self, command: Command) {
        self.late.push_back(command);
        self.flush();
    }

    /// Sends what waits; says whether something still does.
    pub fn flush(&mut self) -> bool {
        while let Some(command) = self.late.pop_front() {
            match self.commands.try_send(command) {
                Ok(()) => {}
                Err(TrySendError::Full(command)) => {
                    self.late.push_front(command);
                    return true;
                }
                Err(TrySendError::Disconnected(_)) => {
                    self.late.clear();
                    self.say(
                        Level::Error,
                        "the engine has stopped; close Culet and open it again".to_owned(),
                    );
                }
            }
        }
        false
    }

    /// Takes in what the engine told.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Cameras(found) => self.cameras = Some(found),
            Event::Camera(state) => self.camera = state,
            Event::Settings(settings) => self.settings = settings,
            Event::Session { folder } => self.open(folder),
            Event::TakeAdded(take) => self.add(take),
            Event::TakeChanged(take) => self.change(take),
            Event::Progress { what, done, all } => {
                self.progress = (done < all).then_some((what, done, all));
            }
            Event::Message(level, text) => self.say(level, text),
            Event::Calibrated(calibration) => {
                self.calibration = calibration;
                self.calibrating = false;
            }
            Event::Specks { take, specks } => {
                if self.specks.len() >= SPECKS {
                    self.specks.pop_first();
                }
                self.specks.insert(take, specks);
            }
            Event::Metal { take, lab: Some(lab) } => {
                self.metals.insert(take, lab);
            }
            Event::Metal { take, lab: None } => {
                self.metals.remove(&take);
            }
            Event::EditNext(recipe) => self.next_edit = recipe,
            Event::EmptySet(name) => self.empty_set = name,
            Event::CutOut { take, mask } => self.cut_out = Some((take, mask)),
            Event::FlatField(falloff) => self.flat_field = falloff,
            Event::Vitals(vitals) => self.vitals = vitals,
            Event::Picture { .. } | Event::Card(_) => {} // kept elsewhere
        }
    }

    /// Shows a sentence; what needs a look stays until it is seen to.
    pub fn say(&mut self, level: Level, text: String) {
        if level >= Level::Warning {
            self.notice = Some((level, text.clone()));
            // What was waited for may be what this is about.
            self.awaited.clear();
        }
        if level == Level::Error {
            self.calibrating = false;
        }
        self.messages.push_back((level, text));
        if self.messages.len() > MESSAGES {
            self.messages.pop_front();
        }
    }

    fn open(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
        self.takes.clear();
        self.specks.clear();
        self.metals.clear();
        self.cut_out = None;
        self.selected.clear();
        self.active = None;
        self.history = History::default();
        self.dragging = None;
        self.awaited.clear();
        self.outdated.clear();
        self.sort_takes();
    }

    fn add(&mut self, take: Take) {
        let id = take.id;
        let newest = self.takes.keys().next_back().is_none_or(|last| id >= *last);
        self.takes.insert(id, take);
        self.untidy = true;
        let calm = !matches!(self.view, View::Compare | View::Survey | View::Retouch);
        if self.active.is_none() || (newest && self.follow && calm) {
            self.select(id);
        }
    }

    fn change(&mut self, mut take: Take) {
        let id = take.id;
        let before = self.takes.get(&id).and_then(|t| t.recipe.clone());
        if self.dragging.as_ref().is_some_and(|(held, _)| *held == id) {
            // The hand on the slider is newer than the engine's answer.
            take.recipe = before;
        } else if take.recipe != before {
            self.outdated.insert(id);
            self.history.settle(id, take.recipe.as_ref());
        }
        if take.recipe.is_some() {
            self.awaited.remove(&id);
        }
        self.takes.insert(id, take);
        self.untidy = true;
    }

    /// Puts the takes in order again after events; once for many of them.
    pub fn tidy(&mut self) {
        if self.untidy {
            self.sort_takes();
        }
    }

    /// The active take.
    pub fn take(&self) -> Option<&Take> {
        self.takes.get(&self.active?)
    }

    /// The takes that are shown, in order.
    pub fn order(&self) -> &[TakeId] {
        &self.order
    }

    /// The filters.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Shows only what the filters let through.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.sort_takes();
        self.reveal = true;
    }

    /// Orders by time or by score.
    pub fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.sort_takes();
        self.reveal = true;
    }

    fn sort_takes(&mut self) {
        self.untidy = false;
        let shown = self.takes.values().filter(|t| self.filter.lets(t));
        let mut order: Vec<_> =
            shown.map(|t| (t.id, t.score.as_ref().map_or(-1.0, |s| s.overall))).collect();
        if self.sort == Sort::Score {
            order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        }
        self.order = order.into_iter().map(|(id, _)| id).collect();
    }

    /// Goes to a view; Esc goes back.
    pub fn show(&mut self, view: View) {
        if view != self.view {
            self.back.push(self.view);
            if self.back.len() > 20 {
                self.back.remove(0);
            }
            self.view = view;
            self.reveal = true;
        }
    }

    /// Goes back to the view before.
    pub fn go_back(&mut self) {
        self.view = self.back.pop().unwrap_or_default();
    }

    /// Mutes a kind of suggestion, or hears it again.
    pub fn mute(&mut self, kind: &str, muted: bool) {
        if muted {
            self.muted.insert(kind.to_owned());
        } else {
            self.muted.remove(kind);
        }
        self.send(Command::Mute { kind: kind.to_owned(), muted });
    }

    /// Tells how captures to come are named, when that changed.
    pub fn tell_names(&mut self) {
        let names = (self.pattern.trim().to_owned(), self.sku.trim().to_owned());
        if self.sent_names != names {
            self.sent_names.clone_from(&names);
            let (pattern, sku) = names;
            self.send(Command::Name { pattern, sku });
        }
    }

    /// Tells how live view is looked at, when that changed.
    pub fn tell_look(&mut self, side: usize) {
        let look = LiveLook {
            side,
            finish: self.look.live_finish != Finish::Before,
            peaking: self.look.peaking,
            clipping: self.look.clipping,
        };
        if self.sent_look != Some(look) {
            self.sent_look = Some(look);
            self.send(Command::Look(look));
        }
    }
}
