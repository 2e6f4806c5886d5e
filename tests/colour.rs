//! The calibration wizard in the real window on the real engine, with the practice camera's chart
//! under a white balance that is wrong for its light.

use crate::camera::at;
use culet::engine::Studio;
use culet::engine::contract::{CameraState, Command, Event, Link, LiveView, Take};
use culet::engine::host::Launch;
use culet::engine::latest::{Publisher, Reader, channel};
use culet::imaging::Rgba8;
use culet::session::Sidecar;
use culet::ui::App;
use egui::Key;
use egui_kittest::{Harness, kittest::Queryable as _};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command as Program, Stdio};
use std::time::{Duration, Instant};

/// The window on a running engine, with an eye on the frames that pass.
struct Seat {
    window: Harness<'static, App>,
    frames: Reader<LiveView>,
    passed_on: Publisher<LiveView>,
    /// Red and blue over green of the newest frame's upper edge.
    cast: [f32; 2],
}

impl Seat {
    fn at(link: Link) -> Self {
        let (passed_on, live) = channel();
        let (frames, link) = (link.live, Link { live, ..link });
        let window = Harness::builder()
            .with_size([1440.0, 900.0])
            .build_eframe(move |creation| App::new(&creation.egui_ctx, link));
        Self { window, frames, passed_on, cast: [1.0; 2] }
    }

    fn wait(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !done(self) {
            let said = &self.window.state().model().messages;
            let late = start.elapsed() > Duration::from_mins(1);
            assert!(!late, "{what} did not come: {:?}, {said:?}", self.cast);
            if let Ok(view) = self.frames.receiver().recv_timeout(Duration::from_millis(30)) {
                self.cast = cast(&view.picture);
                self.passed_on.publish(view).unwrap();
            }
            self.window.step();
        }
    }

    fn shows(&self, label: &str) -> bool {
        self.window.query_all_by_label_contains(label).next().is_some()
    }

    fn take(&self) -> Option<&Take> {
        self.window.state().model().takes.values().next()
    }
}

/// Red and blue over green along the upper edge of live view, where there is white paper.
fn cast(picture: &Rgba8) -> [f32; 2] {
    let mut sum = [0.0_f32; 3];
    for p in &picture.data[..picture.w * 8] {
        let bytes = p.to_ne_bytes();
        sum.iter_mut().zip(bytes).for_each(|(s, v)| *s += f32::from(v));
    }
    [sum[0] / sum[1], sum[2] / sum[1]]
}

/// The practice camera before a chart, in a process of its own: beside the other tests it would
/// wait for their rendering, and libgphoto2 takes silence for a dead camera.
struct Chart {
    process: Child,
    port: u16,
}

impl Chart {
    fn start(home: &Path) -> Self {
        let mut process = Program::new(env!("CARGO_BIN_EXE_culet"))
            .env("HOME", home)
            .env("CULET_PRACTICE_SCALE", "small")
            .args(["practice", "--port", "0", "--still", "--card", "chart"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
        Self { process, port }
    }
}

impl Drop for Chart {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[test]
fn the_wizard_brings_live_view_scores_and_retouches_to_true_colour() {
    let home = tempfile::tempdir().unwrap();
    Launch::of(env!("CARGO_BIN_EXE_culet")).make_usual();
    let practice = Chart::start(home.path());
    let session = home.path().join("session");
    let (studio, link) = Studio::start(&session, Box::new(|| {})).unwrap();
    let commands = link.commands.clone();
    commands.send(Command::Connect(at(practice.port))).unwrap();
    let mut seat = Seat::at(link);
    seat.wait("live view", |s| {
        let model = s.window.state().model();
        matches!(model.camera, CameraState::Live(_)) && !model.settings.is_empty()
    });
    for (name, value) in [("shutter", "0.0040s"), ("white_balance", "Fluorescent")] {
        let (name, value) = (name.to_owned(), value.to_owned());
        commands.send(Command::Set { name, value }).unwrap();
    }
    seat.wait("the blue cast", |s| s.cast[1] > 1.06 && s.cast[0] < 0.94);

    seat.window.key_press(Key::F4);
    seat.window.step();
    seat.window.get_by_label("Find the card and calibrate").click();
    seat.wait("the calibration", |s| s.window.state().model().calibration.is_some());
    let made = seat.window.state().model().calibration.clone().unwrap();
    let d = made.delta_e_2000;
    assert!(d.as_shot.mean > 6.0 && d.after.mean < 2.0, "{d:?}");
    assert_eq!(made.patches.len(), 24);
    seat.wait("live view in true colour", |s| s.cast.iter().all(|c| (c - 1.0).abs() < 0.03));
    assert!(seat.shows("2000"), "the patches are shown");

    seat.window.key_press(Key::F12);
    seat.wait("the take", |s| s.take().is_some_and(|t| t.score.is_some()));
    let take = seat.take().unwrap().clone();
    let file = take.calibration.clone().unwrap();
    assert!(session.join(&file).exists());
    commands.send(Command::Retouch(take.id)).unwrap();
    seat.wait("the retouch", |s| s.take().is_some_and(|t| t.recipe.is_some()));
    let sidecar = Sidecar::read(&take.file).unwrap().unwrap();
    assert_eq!(sidecar.calibration.as_deref(), Some(file.as_str()));
    let steps = sidecar.recipe.unwrap().steps;
    assert!(steps.iter().any(|s| s.id() == "calibration"), "{steps:?}");
    assert!(!steps.iter().any(|s| s.id() == "white_balance"), "no guess beside it: {steps:?}");
    drop((seat, studio));

    // A session that is opened again is still calibrated.
    let (studio, link) = Studio::start(&session, Box::new(|| {})).unwrap();
    let again = link.events.iter().find_map(|e| match e {
        Event::Calibrated(c) => Some(c),
        _ => None,
    });
    assert_eq!(again.flatten().map(|c| c.id()), Some(made.id()));
    drop((studio, practice));
}
