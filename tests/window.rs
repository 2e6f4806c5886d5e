//! The window, driven by its labels and keys, against a link made by hand: no camera, no GPU.

use crossbeam_channel::{Receiver, Sender, bounded};
use culet::calibrate::drift::Drift;
use culet::calibrate::{Calibration, Differences, Light, Method, PatchResidual, Spread, Transfer};
use culet::camera::{CameraSpec, Setting};
use culet::engine::contract::{
    CameraState, Command, Event, KnownCard, Level, Link, LiveView, Placed, Safety, Take, TakeId,
    Thumbnail, Timing, Vitals,
};
use culet::engine::latest::{Publisher, channel};
use culet::imaging::{Mask, Rect, Rgb8, Rgba8};
use culet::retouch::{Preset, Recipe, Speck, operations};
use culet::score::{Facts, Histogram, Kind, Score};
use culet::session::{Flag, Label};
use culet::suggest::Suggestion;
use culet::ui::App;
use culet::ui::commands::{Action, Group, TABLE};
use culet::ui::model::{Finish, Guides, Sort, View};
use egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::{Harness, kittest::Queryable as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// The window and the engine's ends of its link.
struct Studio {
    window: Harness<'static, App>,
    commands: Receiver<Command>,
    events: Sender<Event>,
    live: Publisher<LiveView>,
}

impl Studio {
    fn new() -> Self {
        Self::sized([1440.0, 900.0])
    }

    fn sized(size: [f32; 2]) -> Self {
        let (commands, received) = bounded(256);
        let (events, told) = bounded(4096);
        let (live, frames) = channel();
        let link = Link { commands, events: told, live: frames };
        let window = Harness::builder()
            .with_size(size)
            .with_max_steps(12)
            .build_eframe(move |creation| App::new(&creation.egui_ctx, link));
        Self { window, commands: received, events, live }
    }

    /// With a camera on live view and takes, the newest selected.
    fn shooting(takes: usize) -> Self {
        let mut studio = Self::new();
        studio.tell(Event::Camera(CameraState::Live("Nikon D750".to_owned())));
        for id in 0..takes {
            studio.tell(Event::TakeAdded(take(id)));
        }
        studio.run();
        studio.sent();
        studio
    }

    fn tell(&self, event: Event) {
        self.events.send(event).unwrap();
    }

    fn run(&mut self) {
        self.window.run();
    }

    fn press(&mut self, key: Key) {
        self.window.key_press(key);
        self.run();
    }

    fn chord(&mut self, modifiers: Modifiers, key: Key) {
        self.window.key_press_modifiers(modifiers, key);
        self.run();
    }

    fn click(&mut self, label: &str) {
        self.window.get_by_label(label).click();
        self.run();
    }

    fn shows(&self, label: &str) -> bool {
        self.window.query_all_by_label_contains(label).next().is_some()
    }

    /// What the engine was asked for since the last time, without how live view is looked at.
    fn sent(&self) -> Vec<String> {
        let look = |c: &Command| matches!(c, Command::Look(_) | Command::Show { .. });
        self.commands.try_iter().filter(|c| !look(c)).map(|c| format!("{c:?}")).collect()
    }

    fn rating(&self, id: TakeId) -> u8 {
        self.window.state().model().takes[&id].rating
    }
}

fn take(id: TakeId) -> Take {
    Take {
        id,
        name: format!("RING_{id:04}.JPG"),
        file: PathBuf::from(format!("/shoot/Capture/RING_{id:04}.JPG")),
        companion: None,
        bytes: 9_000_000,
        sha256: String::new(),
        timing: Timing::default(),
        thumbnail: Thumbnail::of(&Rgb8::from_fn(48, 32, |x, y| [(x * 5) as u8, (y * 8) as u8, 90])),
        score: Some(Arc::new(score(0.5 + (id % 5) as f32 * 0.1))),
        trouble: None,
        group: id / 2,
        best: id % 2 == 1,
        kind: Kind::Takes,
        facts: Facts {
            aperture: Some(11.0),
            exposure_s: Some(0.008),
            iso: Some(100.0),
            ..Facts::default()
        },
        rating: 0,
        flag: Flag::None,
        label: None,
        recipe: None,
        safety: Safety::Disk,
        calibration: None,
    }
}

fn score(overall: f32) -> Score {
    let mut score = Score { overall, size: [960, 640], ..Score::default() };
    score.focus.reading.value = overall;
    "sharp on the stone".clone_into(&mut score.focus.reading.because);
    score.focus.reading.region = Some(Rect::new(300, 200, 80, 60));
    score
}

fn frame(number: u64) -> LiveView {
    let mut picture = Rgba8::new(96, 64);
    picture.data.fill(u32::from_ne_bytes([120, 130, 140, 255]));
    LiveView {
        number,
        arrived: Instant::now(),
        size: (960, 640),
        picture: Arc::new(picture),
        finished: None,
        finish: None,
        overlay: None,
        score: Arc::new(score(0.8)),
        histogram: Arc::new(Histogram::default()),
        suggestions: Arc::new(vec![suggestion("exposure", "raise exposure 0.5 EV")]),
        drift: None,
    }
}

fn suggestion(kind: &str, text: &str) -> Suggestion {
    Suggestion {
        kind: kind.to_owned(),
        text: text.to_owned(),
        amount: 0.5,
        unit: "EV".to_owned(),
        cost: 0.4,
        region: Some(Rect::new(10, 10, 40, 40)),
    }
}

#[test]
fn the_button_the_key_and_space_capture() {
    let mut studio = Studio::shooting(0);
    studio.click("Capture");
    studio.press(Key::F12);
    studio.press(Key::Space);
    assert_eq!(studio.sent(), ["Capture", "Capture", "Capture"]);
}

#[test]
fn without_a_camera_the_window_says_what_to_do_and_offers_the_practice_camera() {
    let mut studio = Studio::new();
    studio.run();
    assert!(studio.shows("Connect one by USB"));
    studio.press(Key::F12);
    assert_eq!(studio.sent(), Vec::<String>::new(), "nothing to fire");
    assert!(studio.shows("no camera is connected"));
    studio.window.get_all_by_label("Practice camera").next().unwrap().click();
    studio.run();
    assert_eq!(studio.sent(), ["Connect(Practice)"]);
}

#[test]
fn every_view_says_what_to_do_while_there_is_nothing_to_show() {
    for (view, words) in [
        (View::Loupe, "No takes yet"),
        (View::Grid, "No takes yet"),
        (View::Compare, "No takes yet"),
        (View::Survey, "No takes yet"),
        (View::Retouch, "No takes yet"),
        (View::Calibrate, "Lay a grey card"),
    ] {
        let mut studio = Studio::new();
        let action = TABLE.iter().find(|e| e.action == Action::Show(view)).unwrap();
        studio.press(action.keys[0].key);
        assert_eq!(studio.window.state().model().view, view);
        assert!(studio.shows(words), "{view:?}");
    }
}

#[test]
fn the_states_of_a_camera_are_said() {
    let mut studio = Studio::new();
    for (state, words) in [
        (CameraState::Ready("D750".to_owned()), "Live view is off"),
        (CameraState::Looking("usb".to_owned()), "Connecting"),
        (CameraState::Gone("the cable came off.".to_owned()), "The camera is gone"),
        (CameraState::Live("D750".to_owned()), "Waiting for the first frame"),
    ] {
        studio.tell(Event::Camera(state));
        studio.run();
        assert!(studio.shows(words), "{words}");
    }
    studio.tell(Event::Camera(CameraState::Ready("D750".to_owned())));
    studio.run();
    studio.press(Key::V);
    studio.tell(Event::Camera(CameraState::Live("D750".to_owned())));
    studio.run();
    studio.press(Key::V);
    assert_eq!(studio.sent(), ["LiveView(true)", "LiveView(false)"]);
}

#[test]
fn keys_rate_mark_and_paint_and_undo_takes_each_back() {
    let mut studio = Studio::shooting(3);
    studio.press(Key::Num5);
    assert_eq!(studio.rating(2), 5);
    studio.press(Key::Num5);
    assert_eq!(studio.rating(2), 0, "the same again clears");
    studio.press(Key::CloseBracket);
    studio.press(Key::P);
    studio.press(Key::Num6);
    let expected = [
        "Rate([2], 5)",
        "Rate([2], 0)",
        "Rate([2], 1)",
        "Mark([2], Pick)",
        "Paint([2], Some(Red))",
    ];
    assert_eq!(studio.sent(), expected);
    assert_eq!(studio.window.state().model().takes[&2].label, Some(Label::Red));
    for _ in 0..5 {
        studio.chord(Modifiers::COMMAND, Key::Z);
    }
    let back =
        ["Paint([2], None)", "Mark([2], None)", "Rate([2], 0)", "Rate([2], 5)", "Rate([2], 0)"];
    assert_eq!(studio.sent(), back);
    studio.chord(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(studio.sent(), ["Rate([2], 5)"], "and does it again");
    studio.chord(Modifiers::SHIFT, Key::Num3);
    assert_eq!(studio.rating(2), 3);
    studio.press(Key::X);
    assert_eq!(studio.window.state().model().takes[&2].flag, Flag::Reject, "2 is the last");
}

#[test]
fn a_selection_is_rated_at_once_and_undone_at_once() {
    let mut studio = Studio::shooting(4);
    studio.chord(Modifiers::COMMAND, Key::A);
    studio.press(Key::Num4);
    assert_eq!(studio.sent(), ["Rate([0, 1, 2, 3], 4)"]);
    studio.chord(Modifiers::COMMAND, Key::Z);
    assert_eq!(studio.sent(), ["Rate([0, 1, 2, 3], 0)"]);
}

#[test]
fn arrows_home_and_end_go_through_the_takes() {
    let mut studio = Studio::shooting(6);
    let mut at = |key| {
        studio.press(key);
        studio.window.state().model().active
    };
    assert_eq!(at(Key::ArrowLeft), Some(4));
    assert_eq!(at(Key::Home), Some(0));
    assert_eq!(at(Key::ArrowLeft), Some(0), "not beyond the end");
    assert_eq!(at(Key::ArrowRight), Some(1));
    assert_eq!(at(Key::End), Some(5));
}

#[test]
fn typing_into_a_field_triggers_nothing() {
    let mut studio = Studio::shooting(2);
    studio.window.get_by_label("Piece (SKU)").focus();
    studio.run();
    studio.window.get_by_label("Piece (SKU)").type_text("P5x");
    studio.run();
    for key in
        [Key::P, Key::Num5, Key::X, Key::R, Key::Space, Key::Questionmark, Key::ArrowLeft, Key::G]
    {
        studio.press(key);
    }
    studio.chord(Modifiers::COMMAND, Key::Z);
    assert_eq!(studio.sent(), Vec::<String>::new());
    let model = studio.window.state().model();
    assert_eq!((model.view, model.active, model.sku.as_str()), (View::Live, Some(1), "P5x"));
}

#[test]
fn the_piece_names_the_captures_to_come() {
    let mut studio = Studio::shooting(0);
    studio.window.get_by_label("Piece (SKU)").focus();
    studio.run();
    studio.window.get_by_label("Piece (SKU)").type_text("R-1042");
    studio.run();
    studio.press(Key::Enter);
    assert_eq!(studio.sent(), ["Name { pattern: \"\", sku: \"R-1042\" }"]);
    studio.tell(Event::Vitals(Vitals {
        next_name: "R-1042_0001.JPG".to_owned(),
        ..Vitals::default()
    }));
    studio.run();
    assert!(studio.shows("R-1042_0001.JPG"));
}

#[test]
fn a_camera_setting_is_chosen_from_what_the_camera_offers() {
    let mut studio = Studio::shooting(0);
    let choices = ["100", "200", "400"].map(str::to_owned).to_vec();
    studio.tell(Event::Settings(vec![Setting {
        name: "iso".to_owned(),
        label: "ISO speed".to_owned(),
        value: "100".to_owned(),
        choices,
    }]));
    studio.run();
    studio.window.get_by_role_and_label(Role::ComboBox, "ISO speed").click();
    studio.run();
    studio.click("ISO 400");
    assert_eq!(studio.sent(), ["Set { name: \"iso\", value: \"400\" }"]);
}

#[test]
fn live_view_shows_readings_and_one_prominent_suggestion_that_can_be_muted() {
    let mut studio = Studio::shooting(0);
    studio.live.publish(frame(1)).unwrap();
    studio.run();
    assert!(studio.shows("raise exposure 0.5 EV"));
    assert!(studio.shows("Focus: sharp on the stone"));
    studio.click("Mute exposure");
    assert_eq!(studio.sent(), ["Mute { kind: \"exposure\", muted: true }"]);
    assert!(!studio.shows("raise exposure 0.5 EV"));
    studio.click("exposure");
    assert_eq!(studio.sent(), ["Mute { kind: \"exposure\", muted: false }"]);
    assert!(studio.shows("raise exposure 0.5 EV"));
}

#[test]
fn a_frame_that_comes_after_live_view_ended_is_not_shown() {
    let mut studio = Studio::shooting(0);
    studio.live.publish(frame(1)).unwrap();
    studio.run();
    studio.window.get_by_label("Live view");
    studio.tell(Event::Camera(CameraState::Ready("Nikon D750".to_owned())));
    studio.live.publish(frame(2)).unwrap();
    studio.run();
    assert!(
        studio.window.query_by_label("Live view").is_none() && studio.shows("Live view is off")
    );
}

#[test]
fn keys_change_what_is_drawn_over_live_view() {
    let mut studio = Studio::shooting(0);
    studio.live.publish(frame(1)).unwrap();
    studio.run();
    let _ = studio.commands.try_iter().count();
    let mut looks = |key: Key, shift: bool| {
        let modifiers = if shift { Modifiers::SHIFT } else { Modifiers::NONE };
        studio.chord(modifiers, key);
        let last = studio.commands.try_iter().filter_map(|c| match c {
            Command::Look(look) => Some((look.finish, look.peaking, look.clipping)),
            _ => None,
        });
        last.last()
    };
    assert_eq!(looks(Key::K, false), Some((false, true, false)));
    assert_eq!(looks(Key::J, false), Some((false, true, true)));
    assert_eq!(looks(Key::Y, true), Some((true, true, true)));
    assert_eq!(looks(Key::J, true), None, "the zebra is the window's own");
    assert_eq!(studio.window.state().model().look.live_finish, Finish::Split);
    studio.press(Key::O);
    assert_eq!(studio.window.state().model().look.guides, Guides::Thirds);
    studio.press(Key::O);
    studio.press(Key::Z);
    assert_eq!(studio.window.state().model().look.guides, Guides::Centre);
}

#[test]
fn one_key_retouches_and_one_shows_before_and_after() {
    let mut studio = Studio::shooting(2);
    studio.press(Key::R);
    assert_eq!(studio.sent(), ["Retouch(1)"]);
    assert_eq!(studio.window.state().model().view, View::Retouch);
    assert!(studio.shows("Retouching"));
    let recipe = Recipe { steps: operations(), ..Recipe::default() };
    studio.tell(Event::TakeChanged(Take { recipe: Some(recipe.clone()), ..take(1) }));
    studio.run();
    let asked: Vec<_> = studio.commands.try_iter().map(|c| format!("{c:?}")).collect();
    assert!(asked.iter().any(|c| c.contains("edited: true")), "the finished picture: {asked:?}");
    studio.tell(picture(1, true, 600, 400));
    studio.tell(picture(1, false, 600, 400));
    studio.run();
    assert_eq!(studio.window.state().model().look.finish, Finish::After);
    studio.press(Key::Y);
    assert_eq!(studio.window.state().model().look.finish, Finish::Before);
    studio.chord(Modifiers::SHIFT, Key::Y);
    assert_eq!(studio.window.state().model().look.finish, Finish::Split);
    studio.window.get_by_label("Split line");
    studio.chord(Modifiers::COMMAND, Key::Z);
    assert_eq!(studio.sent(), ["Edit(1, None)"], "undo removes the automatic edit");
    studio.chord(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(studio.window.state().model().takes[&1].recipe, Some(recipe));
}

#[test]
fn a_preset_is_chosen_from_the_list_and_undone() {
    let mut studio = Studio::shooting(1);
    studio.press(Key::D);
    let help = "Makes the edit for this take with a look; every step stays adjustable.";
    studio.window.get_by_role_and_label(Role::ComboBox, help).click();
    studio.run();
    for preset in Preset::built_in() {
        studio.window.get_by_label(&preset.name);
    }
    studio.click("Yellow gold");
    let sent = studio.sent();
    assert!(sent.len() == 1 && sent[0].starts_with("RetouchWith(0, Preset"), "{sent:?}");
    assert!(sent[0].contains("Yellow gold") && studio.shows("Retouching"), "{sent:?}");
    let recipe = Recipe { steps: operations(), ..Recipe::default() };
    studio.tell(Event::TakeChanged(Take { recipe: Some(recipe), ..take(0) }));
    studio.run();
    studio.chord(Modifiers::COMMAND, Key::Z);
    assert_eq!(studio.sent(), ["Edit(0, None)"], "undo takes the look back");
}

fn picture(take: TakeId, edited: bool, w: usize, h: usize) -> Event {
    Event::Picture { take, edited, full: (w, h), picture: Arc::new(Rgba8::new(w, h)) }
}

#[test]
fn a_step_is_switched_off_and_one_undo_brings_it_back() {
    let mut studio = Studio::shooting(1);
    let recipe = Recipe { steps: operations(), ..Recipe::default() };
    studio.tell(Event::TakeChanged(Take { recipe: Some(recipe.clone()), ..take(0) }));
    studio.press(Key::D);
    let first = recipe.steps[0].label();
    studio.click(&format!("{first} on"));
    let edited = studio.window.state().model().takes[&0].recipe.clone().unwrap();
    assert!(!edited.steps[0].on && edited.steps[1..] == recipe.steps[1..]);
    assert!(studio.sent().iter().any(|c| c.starts_with("Edit(0, Some")));
    studio.chord(Modifiers::COMMAND, Key::Z);
    assert_eq!(studio.window.state().model().takes[&0].recipe, Some(recipe));
}

#[test]
fn every_operation_is_in_the_stack_and_a_touched_one_comes_into_the_recipe() {
    let mut studio = Studio::sized([1440.0, 2000.0]);
    studio.tell(Event::TakeAdded(take(0)));
    studio.press(Key::D);
    for step in operations() {
        studio.window.get_by_role_and_label(Role::DisclosureTriangle, step.label());
    }
    let exposure = operations().into_iter().find(|s| s.id() == "exposure").unwrap();
    studio.window.get_by_role_and_label(Role::DisclosureTriangle, exposure.label()).click();
    studio.run();
    let slider = studio.window.get_all_by_role(Role::Slider).next().unwrap();
    slider.increment_accesskit();
    studio.run();
    let recipe = studio.window.state().model().takes[&0].recipe.clone().unwrap();
    assert_eq!(recipe.steps.len(), 1);
    assert_eq!(recipe.steps[0].id(), "exposure");
    assert!(!recipe.steps[0].is_neutral());
}

#[test]
fn an_edit_is_copied_pasted_and_given_to_captures_to_come() {
    let mut studio = Studio::shooting(3);
    let recipe = Recipe { steps: operations()[..1].to_vec(), ..Recipe::default() };
    studio.tell(Event::TakeChanged(Take { recipe: Some(recipe.clone()), ..take(2) }));
    let both = Modifiers::COMMAND | Modifiers::SHIFT;
    studio.chord(both, Key::C);
    studio.press(Key::Home);
    studio.chord(both, Key::V);
    assert_eq!(studio.window.state().model().takes[&0].recipe, Some(recipe));
    studio.chord(both, Key::N);
    studio.chord(both, Key::N);
    let sent = studio.sent();
    assert!(sent[0].starts_with("Edit(0, Some"), "{sent:?}");
    assert!(sent[1].starts_with("EditNext(Some") && sent[2] == "EditNext(None)", "{sent:?}");
}

#[test]
fn export_asks_for_format_and_size_and_remembers_them() {
    let mut studio = Studio::shooting(2);
    studio.chord(Modifiers::COMMAND, Key::E);
    studio.click("PNG");
    studio.click("2000 px");
    studio.click("Display P3");
    studio.click("Keep the place where it was taken");
    studio.click("Export");
    let expected = "Export([1], ExportOptions { format: Png, quality: 95, side: Some(2000), \
                    profile: DisplayP3, keep_place: true })";
    assert_eq!(studio.sent(), [expected]);
    studio.chord(Modifiers::COMMAND | Modifiers::SHIFT, Key::E);
    assert_eq!(studio.sent(), [expected]);
    studio.tell(Event::Progress { what: "exporting".to_owned(), done: 1, all: 3 });
    studio.run();
    assert!(studio.shows("exporting 1 of 3"));
}

#[test]
fn a_session_is_opened_by_its_typed_path() {
    let mut studio = Studio::shooting(2);
    studio.chord(Modifiers::COMMAND, Key::O);
    studio.window.get_by_label("Session folder").focus();
    studio.run();
    studio.window.get_by_label("Session folder").type_text("/shoot/rings");
    studio.run();
    studio.click("Open");
    assert_eq!(studio.sent(), ["OpenSession(\"/shoot/rings\")"]);
    studio.tell(Event::Session { folder: PathBuf::from("/shoot/rings") });
    studio.run();
    assert!(studio.window.state().model().takes.is_empty(), "another session, other takes");
    assert!(studio.shows("rings"));
}

#[test]
fn a_camera_is_connected_by_name_and_a_wrong_name_is_explained() {
    let mut studio = Studio::new();
    let mut enter = |text: &str| {
        studio.window.get_by_label("Camera by name").focus();
        studio.run();
        studio.window.get_by_label("Camera by name").type_text(text);
        studio.run();
        studio.press(Key::Enter);
        studio.sent()
    };
    assert_eq!(enter("nikon"), Vec::<String>::new());
    assert_eq!(enter(""), Vec::<String>::new());
    assert!(studio.shows("no camera is called nikon"));
    studio.tell(Event::Cameras(vec![CameraSpec::Practice]));
    studio.run();
    assert!(studio.shows("No camera was found"));
}

#[test]
fn only_takes_that_are_seen_are_built_and_a_capture_scrolls_to_itself() {
    let mut studio = Studio::shooting(400);
    let built = |studio: &Studio, id: usize| {
        studio.window.query_by_label(&format!("Take RING_{id:04}.JPG")).is_some()
    };
    assert!(built(&studio, 399) && !built(&studio, 0), "the newest is at the right");
    studio.press(Key::Home);
    assert!(built(&studio, 0) && !built(&studio, 399));
    studio.tell(Event::TakeAdded(take(400)));
    studio.run();
    assert_eq!(studio.window.state().model().active, Some(400), "it is followed");
    assert!(built(&studio, 400));
    studio.chord(Modifiers::SHIFT, Key::L);
    studio.press(Key::Home);
    studio.tell(Event::TakeAdded(take(401)));
    studio.run();
    assert_eq!(studio.window.state().model().active, Some(0), "it is not, when that is off");
}

#[test]
fn the_strip_sorts_by_score_and_filters() {
    let mut studio = Studio::shooting(7);
    studio.chord(Modifiers::SHIFT, Key::S);
    let model = studio.window.state().model();
    assert_eq!(model.sort, Sort::Score);
    assert_eq!(model.order(), [4, 3, 2, 1, 6, 0, 5]);
    studio.click("Best of each group");
    assert_eq!(studio.window.state().model().order(), [3, 1, 5]);
    assert!(studio.shows("3 of 7"));
    studio.click("Picks");
    assert!(studio.shows("No take passes the filters"));
    studio.click("Show all");
    assert_eq!(studio.window.state().model().order().len(), 7);
}

#[test]
fn a_click_selects_with_ctrl_one_more_with_shift_up_to_it() {
    let mut studio = Studio::shooting(6);
    let selected = |studio: &Studio| {
        studio.window.state().model().selected.iter().copied().collect::<Vec<_>>()
    };
    studio.click("Take RING_0002.JPG");
    assert_eq!(selected(&studio), [2]);
    studio.window.get_by_label("Take RING_0004.JPG").click_modifiers(Modifiers::COMMAND);
    studio.run();
    assert_eq!(selected(&studio), [2, 4]);
    studio.window.get_by_label("Take RING_0001.JPG").click_modifiers(Modifiers::SHIFT);
    studio.run();
    assert_eq!(selected(&studio), [1, 2, 3, 4]);
}

#[test]
fn compare_shows_two_takes_and_which_is_better() {
    let mut studio = Studio::shooting(4);
    studio.press(Key::C);
    studio.window.get_by_label("Picture of RING_0002.JPG");
    studio.window.get_by_label("Picture of RING_0003.JPG");
    assert!(studio.shows("the right take is better"));
    studio.press(Key::N);
    assert_eq!(studio.window.state().model().view, View::Survey);
    studio.press(Key::Escape);
    assert_eq!(studio.window.state().model().view, View::Compare, "Esc goes back");
}

#[test]
fn a_take_says_how_it_was_exposed_and_a_series_that_it_stays_whole() {
    let mut studio = Studio::shooting(1);
    studio.tell(Event::TakeChanged(Take { kind: Kind::Focus, ..take(0) }));
    studio.press(Key::E);
    assert!(studio.shows("1/125 s   f/11   ISO 100"));
    assert!(studio.shows("focus series"));
}

#[test]
fn a_take_that_cannot_be_opened_says_why() {
    let mut studio = Studio::shooting(1);
    let trouble = "it ends in the middle; copy it from the card again";
    studio.tell(Event::TakeChanged(Take {
        trouble: Some(trouble.to_owned()),
        score: None,
        thumbnail: None,
        ..take(0)
    }));
    studio.press(Key::E);
    assert!(studio.shows("cannot be opened") && studio.shows(trouble));
}

#[test]
fn errors_stay_until_they_are_seen() {
    let mut studio = Studio::shooting(1);
    studio.tell(Event::Message(Level::Error, "the disk is full; make room".to_owned()));
    studio.run();
    let count =
        |studio: &Studio| studio.window.query_all_by_label("the disk is full; make room").count();
    assert_eq!(count(&studio), 2, "in the line below and over the window");
    studio.click("Seen");
    assert_eq!(count(&studio), 1);
}

fn calibration() -> Calibration {
    let spread = |mean| Spread { mean, p90: mean, max: mean };
    let lab = [50.0, 20.0, 10.0];
    let patch = PatchResidual {
        name: "dark skin".to_owned(),
        reference_lab: lab,
        before_lab: lab,
        after_lab: lab,
        before: 6.1,
        after: 0.7,
        used: true,
    };
    Calibration {
        version: Calibration::VERSION,
        card: "ColorChecker Classic".to_owned(),
        transfer: Transfer::Srgb,
        sensor: false,
        gains: [1.1, 1.0, 0.9],
        exposure_ev: 0.2,
        method: Method::Matrix3,
        rows: [[0.0; 6]; 3],
        pin: [0.5; 3],
        light: Light { name: "softbox left".to_owned(), kelvin: Some(5200.0) },
        made: "2026-01-31".to_owned(),
        camera: String::new(),
        lens: String::new(),
        unevenness_ev: 0.3,
        delta_e_2000: Differences {
            as_shot: spread(8.0),
            before: spread(6.1),
            after: spread(0.7),
            leave_one_out: 0.9,
        },
        warnings: vec!["the chart is lit unevenly".to_owned()],
        patches: vec![patch; 24],
    }
}

/// The take and the card of the calibration that was asked for.
fn calibrated(studio: &Studio) -> (Option<TakeId>, KnownCard) {
    let asked = studio.commands.try_iter().find_map(|c| match c {
        Command::Calibrate(take, card) => Some((take, card)),
        _ => None,
    });
    asked.unwrap()
}

#[test]
fn a_card_that_is_not_found_is_placed_by_hand() {
    let mut studio = Studio::shooting(1);
    studio.live.publish(frame(3)).unwrap();
    studio.press(Key::F4);
    studio.click("Place the card by hand");
    let corner = studio.window.get_by_label("Corner 3 of the card").rect().center();
    let to = corner + egui::vec2(40.0, 25.0);
    studio.window.drag_at(corner);
    studio.run();
    studio.window.hover_at(to);
    studio.run();
    studio.window.drop_at(to);
    studio.run();
    let moved = studio.window.get_by_label("Corner 3 of the card").rect().center();
    assert!((moved - to).length() < 2.0, "{moved} is not {to}");
    studio.click("Read the card there and calibrate");
    let placed = calibrated(&studio).1.placed.unwrap();
    assert!(!placed.grey);
    assert_eq!(placed.corners[0], [0.3, 0.3]);
    assert!(placed.corners[2][0] > 0.7 && placed.corners[2][1] > 0.6, "{placed:?}");
    // Where it was read stays marked.
    let corners = [[0.1, 0.2], [0.6, 0.2], [0.6, 0.5], [0.1, 0.5]];
    studio.tell(Event::Card(Placed { grey: false, corners }));
    studio.tell(Event::Calibrated(Some(Arc::new(calibration()))));
    studio.run();
    studio.click("Read the card there and calibrate");
    assert_eq!(calibrated(&studio).1.placed.unwrap().corners, corners);
}

#[test]
fn the_cameras_white_balance_is_set_to_the_light() {
    let mut studio = Studio::shooting(1);
    let setting = |name: &str, value: &str, choices: &[&str]| Setting {
        name: name.to_owned(),
        label: name.to_owned(),
        value: value.to_owned(),
        choices: choices.iter().map(|&c| c.to_owned()).collect(),
    };
    let presets = ["Automatic", "Daylight", "Color Temperature"];
    let balance = |now: &str| {
        Event::Settings(vec![
            setting("white_balance", now, &presets),
            setting("color_temperature", "5250", &["2500", "3200", "5250"]),
        ])
    };
    studio.tell(balance("Automatic"));
    studio.press(Key::F4);
    assert!(studio.shows("it moves from shot to shot"));
    studio.tell(balance("Daylight"));
    studio.run();
    studio.click("Find the card and calibrate");
    assert_eq!(calibrated(&studio).1.camera_kelvin, Some(5200.0));
    let mut made = calibration();
    made.light.kelvin = Some(3150.0);
    studio.tell(Event::Calibrated(Some(Arc::new(made))));
    studio.run();
    studio.click("Set its white balance to 3200 K");
    let sent = studio.sent();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(sent[0].contains("white_balance") && sent[0].contains("Color Temperature"), "{sent:?}");
    assert!(sent[1].contains("color_temperature") && sent[1].contains("3200"), "{sent:?}");
}

#[test]
fn calibration_is_asked_for_and_its_answer_shown() {
    let mut studio = Studio::shooting(1);
    studio.press(Key::F4);
    studio.click("Find the card and calibrate");
    assert_eq!(calibrated(&studio), (None, KnownCard::default()));
    assert!(studio.shows("Looking for the card"));
    studio.tell(Event::Calibrated(Some(Arc::new(calibration()))));
    studio.run();
    assert!(studio.shows("softbox left (5200 K), 2026-01-31: ΔE2000 6.1 before, 0.7 after"));
    assert!(studio.shows("the chart is lit unevenly"));
    let because = "the light is 240 K warmer than at calibration: calibrate again";
    let drift = Drift { kelvin: -240.0, ev: 0.0, alarm: true, because: because.to_owned() };
    studio.live.publish(LiveView { drift: Some(Arc::new(drift)), ..frame(3) }).unwrap();
    studio.run();
    assert!(studio.shows(because));
    studio.press(Key::F2);
    assert!(studio.shows(because), "while framing, too");
    studio.press(Key::F4);
    studio.click("Use the camera's own colours");
    assert_eq!(studio.sent(), ["UseCalibration(None)"]);
    studio.tell(Event::Calibrated(None));
    studio.run();
    assert!(studio.shows("Not calibrated"));
    studio.click("In the selected take");
    studio.click("Find the card and calibrate");
    assert_eq!(calibrated(&studio), (Some(0), KnownCard::default()));
}

#[test]
fn specks_are_listed_and_each_can_be_kept_or_taken_away() {
    let mut studio = Studio::shooting(1);
    studio.press(Key::D);
    let speck = |on_product, x: f32| Speck {
        rect: Rect::new(10, 10, 5, 4),
        mask: Mask::new(5, 4),
        contrast: -30.0,
        on_product,
        confidence: 0.9,
        place: [x, 0.5],
    };
    let specks = Arc::new(vec![speck(false, 0.1), speck(true, 0.4), speck(true, 0.6)]);
    studio.tell(Event::Specks { take: 0, specks });
    studio.run();
    studio.sent();
    studio.click("Specks on the product: 0 of 2 go");
    studio.click("Speck 2 on the product");
    assert!(studio.sent().concat().contains("confirmed: [[0.6, 0.5]]"));
    assert!(studio.shows("Specks on the product: 1 of 2 go"));
    studio.click("Speck 2 on the product");
    assert!(studio.shows("Specks on the product: 0 of 2 go"));
}

#[test]
fn a_brush_paints_a_stroke_into_the_edit() {
    let mut studio = Studio::shooting(1);
    studio.press(Key::D);
    studio.press(Key::Q);
    assert!(studio.shows("Paint over what should go"));
    studio.sent();
    let picture = studio.window.get_by_label_contains("Picture of RING_0000").rect();
    studio.window.drag_at(picture.center());
    studio.run();
    studio.window.hover_at(picture.center() + egui::vec2(60.0, 10.0));
    studio.run();
    studio.window.drop_at(picture.center() + egui::vec2(60.0, 10.0));
    studio.run();
    let sent = studio.sent().concat();
    assert!(sent.contains("brush: Fill") && sent.matches("points: [[0.5").count() == 1, "{sent}");
    studio.press(Key::S);
    assert!(studio.shows("Alt+click where to copy from"));
    studio.press(Key::S);
    assert!(!studio.shows("Alt+click where to copy from"), "the brush is laid down");
}

#[test]
fn light_is_brushed_and_drawn_as_a_circle() {
    let mut studio = Studio::shooting(1);
    studio.press(Key::D);
    let picture = studio.window.get_by_label_contains("Picture of RING_0000").rect();
    let drag = |studio: &mut Studio, by: egui::Vec2| {
        studio.window.drag_at(picture.center());
        studio.run();
        studio.window.hover_at(picture.center() + by);
        studio.run();
        studio.window.drop_at(picture.center() + by);
        studio.run();
        studio.sent().concat()
    };
    studio.press(Key::B);
    assert!(studio.shows("Paint where the light should change"));
    studio.sent();
    let sent = drag(&mut studio, egui::vec2(60.0, 10.0));
    assert!(sent.contains("Local { ev: 0.3") && sent.contains("shape: Brush"), "{sent}");
    studio.chord(Modifiers::SHIFT, Key::B);
    assert!(studio.shows("Drag from the middle outwards"));
    studio.sent();
    let sent = drag(&mut studio, egui::vec2(0.0, 0.25 * picture.height()));
    assert!(sent.contains("shape: Brush") && sent.contains("shape: Radial"), "both: {sent}");
    // A quarter of the view is three tenths of the picture in it.
    assert!(sent.contains("brush: 0.008") && sent.contains("height: 0.3"), "{sent}");
}

#[test]
fn the_cut_out_is_settled_with_its_brushes() {
    let mut studio = Studio::shooting(1);
    studio.press(Key::D);
    studio.sent();
    studio.press(Key::A);
    assert!(studio.shows("Paint what belongs to the product"));
    let sent = studio.sent().concat();
    assert!(sent.contains("exact: true"), "the brush asks for the exact outline: {sent}");
    studio
        .tell(Event::CutOut { take: 0, mask: Arc::new(Mask::from_fn(6, 4, |x, _| x as u8 * 50)) });
    studio.press(Key::W);
    assert!(studio.shows("Paint what does not belong to the product"));
    let picture = studio.window.get_by_label_contains("Picture of RING_0000").rect();
    studio.window.drag_at(picture.center());
    studio.run();
    studio.window.drop_at(picture.center());
    studio.run();
    let sent = studio.sent().concat();
    assert!(sent.contains("side: Remove") && sent.contains("points: [[0.5"), "{sent}");
    studio.chord(Modifiers::COMMAND, Key::Z);
    assert!(!studio.sent().concat().contains("side: Remove"), "a stroke is undone");
}

#[test]
fn the_suggested_finish_is_listed_and_what_is_taken_goes_to_the_captures_to_come() {
    let mut studio = Studio::shooting(0);
    let mut recipe = Recipe::default();
    recipe.set("exposure.ev", "0.4").unwrap();
    recipe.set("glare.strength", "0.6").unwrap();
    let planned = LiveView { finish: Some(Arc::new(recipe)), ..frame(3) };
    studio.live.publish(planned).unwrap();
    studio.run();
    assert!(!studio.shows("Suggested finish"), "the finish is off");
    studio.press(Key::Y);
    studio.sent();
    assert!(studio.shows("Suggested finish"));
    studio.click("Glare");
    assert_eq!(studio.sent(), ["Refuse { step: \"glare\", refused: true }"]);
    studio.click("Give it to the captures to come");
    let sent = studio.sent().concat();
    assert!(sent.starts_with("EditNext(Some") && sent.contains("Exposure"), "{sent}");
    assert!(!sent.contains("Glare"), "{sent}");
    assert!(studio.shows("Edit of the captures to come"));
    // A session that is opened again says what its captures get.
    studio.tell(Event::EditNext(None));
    studio.run();
    assert!(studio.shows("Suggested finish"));
}

#[test]
fn a_take_becomes_the_empty_set_and_is_forgotten() {
    let mut studio = Studio::shooting(1);
    studio.press(Key::F4);
    studio.click("Take the selected take as empty set");
    assert_eq!(studio.sent(), ["EmptySet(Some(0))"]);
    studio.tell(Event::EmptySet(Some("RING_0000.JPG".to_owned())));
    studio.run();
    assert!(studio.shows("Every piece is cut out against RING_0000.JPG"));
    studio.click("Forget the empty set");
    assert_eq!(studio.sent(), ["EmptySet(None)"]);
}

#[test]
fn panels_come_and_go() {
    let mut studio = Studio::shooting(1);
    assert!(studio.shows("Piece (SKU)") && studio.shows("Histogram"));
    studio.press(Key::Tab);
    assert!(!studio.shows("Piece (SKU)") && !studio.shows("Histogram") && studio.shows("Capture"));
    studio.press(Key::Tab);
    assert!(studio.shows("Piece (SKU)") && studio.shows("Histogram"));
    studio.chord(Modifiers::SHIFT, Key::Tab);
    assert!(!studio.shows("Piece (SKU)") && !studio.shows("Capture"));
    studio.chord(Modifiers::SHIFT, Key::Tab);
    studio.press(Key::F6);
    assert!(
        studio.shows("Capture") && studio.window.query_by_label("Take RING_0000.JPG").is_none()
    );
    studio.press(Key::L);
    assert!(!studio.shows("Capture"), "lights out");
    studio.press(Key::Escape);
    assert!(studio.shows("Capture"));
}

#[test]
fn every_command_can_be_performed_without_takes_and_without_a_camera() {
    for takes in [0, 3] {
        for entry in TABLE.iter().filter(|e| e.action != Action::ClientView) {
            let mut studio = Studio::new();
            (0..takes).for_each(|id| studio.tell(Event::TakeAdded(take(id))));
            studio.run();
            let ctx = studio.window.ctx.clone();
            studio.window.state_mut().act(&ctx, entry.action);
            studio.run();
        }
    }
}

#[test]
fn the_key_sheet_shows_every_command() {
    let mut studio = Studio::new();
    studio.press(Key::Questionmark);
    for entry in TABLE {
        assert!(studio.window.query_all_by_label(entry.text).next().is_some(), "{}", entry.text);
    }
    for group in Group::ALL {
        assert!(studio.shows(group.title()), "{}", group.title());
    }
    studio.press(Key::Escape);
    assert!(!studio.shows("Rate and sort"));
}

#[test]
fn the_palette_finds_and_performs() {
    let mut studio = Studio::shooting(1);
    studio.chord(Modifiers::COMMAND, Key::K);
    for entry in TABLE {
        assert!(
            studio.window.query_all_by_label_contains(entry.text).next().is_some(),
            "{}",
            entry.text
        );
    }
    studio.window.get_by_label("Command").type_text("zebra");
    studio.run();
    studio.press(Key::Enter);
    assert!(studio.window.state().model().look.zebra);
    assert!(studio.window.query_by_label("Command").is_none(), "it is closed");
}

#[test]
fn hostile_events_do_no_harm() {
    let mut studio = Studio::new();
    studio.tell(Event::Camera(CameraState::Live(String::new())));
    let far = usize::MAX - 1;
    for id in [far, 7, 0, 7] {
        studio.tell(Event::TakeAdded(take(id % 10_000)));
        studio.tell(Event::TakeAdded(Take { id: far, ..take(id % 10_000) }));
    }
    studio.tell(Event::TakeChanged(take(99)));
    assert_eq!(Thumbnail::of(&Rgb8::new(0, 0)), None);
    assert_eq!(Thumbnail::of(&Rgb8 { w: 4000, h: 4000, data: vec![1, 2, 3] }), None);
    let mut lying = Thumbnail::of(&Rgb8::new(8, 8)).unwrap();
    (lying.w, lying.h) = (4000, 4000);
    studio.tell(Event::TakeChanged(Take { thumbnail: Some(lying), rating: 200, ..take(0) }));
    let mut wild = score(f32::NAN);
    wild.focus.reading.value = f32::INFINITY;
    wild.symmetry.mirrored = true;
    wild.symmetry.roll_deg = f32::NAN;
    wild.lighting.exposure_ev = f32::NEG_INFINITY;
    studio.tell(Event::TakeChanged(Take { score: Some(Arc::new(wild.clone())), ..take(7) }));
    for take in [0, 7, far, 12345] {
        studio.tell(picture(take, false, 0, 0));
        let short = Arc::new(Rgba8 { w: 9, h: 9, data: vec![0; 2] });
        studio.tell(Event::Picture { take, edited: true, full: (0, usize::MAX), picture: short });
        studio.tell(picture(take, false, 9000, 2));
    }
    studio.tell(Event::Progress { what: String::new(), done: 5, all: 0 });
    studio.tell(Event::Vitals(Vitals {
        frames_per_second: f32::NAN,
        battery: Some(255),
        ..Vitals::default()
    }));
    let empty = LiveView { picture: Arc::new(Rgba8::new(0, 5)), size: (0, 0), ..frame(9) };
    studio.live.publish(LiveView { score: Arc::new(wild), ..empty }).unwrap();
    studio.press(Key::O);
    studio.press(Key::O);
    let mut odd = frame(10);
    odd.overlay = Some(Arc::new(Rgba8::new(3, 0)));
    odd.finished = Some(Arc::new(Rgba8 { w: 3, h: 3, data: Vec::new() }));
    odd.size = (0, 0);
    studio.live.publish(odd).unwrap();
    for key in [
        Key::F2,
        Key::Y,
        Key::Z,
        Key::E,
        Key::J,
        Key::Z,
        Key::G,
        Key::ArrowDown,
        Key::C,
        Key::N,
        Key::D,
        Key::Home,
    ] {
        studio.press(key);
    }
}

#[test]
fn nothing_is_repainted_when_nothing_changes() {
    let mut studio = Studio::shooting(5);
    studio.live.publish(frame(1)).unwrap();
    studio.run();
    for view in [Key::F2, Key::E, Key::G, Key::C, Key::D, Key::F4] {
        studio.press(view);
        let steps = studio.window.run();
        assert!(steps <= 2, "{view:?} took {steps} frames to come to rest");
        assert!(!studio.window.ctx.has_requested_repaint(), "{view:?} asks to be painted again");
    }
}

#[test]
fn a_small_window_keeps_its_views_within_reach() {
    let mut studio = Studio::sized([960.0, 600.0]);
    studio.tell(Event::Camera(CameraState::Live("A camera with a rather long name".to_owned())));
    studio.run();
    for label in ["Capture", "Live", "Cull", "Compare", "Retouch", "Calibrate"] {
        let rect = studio.window.get_all_by_label(label).next().unwrap().rect();
        assert!(rect.left() >= 0.0 && rect.right() <= 960.0, "{label}: {rect:?}");
    }
}
