//! The running studio on the practice camera: how old a live frame is when the window can show it,
//! and how long a capture takes from the shutter to its score.

use culet::camera::CameraSpec;
use culet::engine::Studio;
use culet::engine::contract::{CameraState, Command, Event, Link};
use culet::engine::host::Launch;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Live view is watched for so long.
const WATCH: Duration = Duration::from_secs(10);
/// Captures that are timed.
const SHOTS: usize = 5;

/// Prints the rows; stills of 24 megapixels, live view of 960 x 640.
pub fn run() {
    Launch::of(env!("CARGO_BIN_EXE_culet")).make_usual();
    let folder = tempfile::tempdir().expect("a folder");
    let (studio, link) = Studio::start(folder.path(), Box::new(|| {})).expect("a studio");
    link.commands.send(Command::Connect(CameraSpec::Practice)).expect("a desk");
    wait(&link, Duration::from_mins(2), |e| matches!(e, Event::Camera(CameraState::Live(_))));
    // The first frames come while the set is still laid out.
    watch(&link, Duration::from_secs(3));
    let mut ages = watch(&link, WATCH);
    row("frame arrived -> ready for the screen", "<= 50 ms at p95", &mut ages);
    println!(
        "{:<44} {:>6.1} a second",
        "live frames measured",
        ages.len() as f32 / WATCH.as_secs_f32()
    );

    let (mut stored, mut scored, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for _ in 0..SHOTS {
        link.commands.send(Command::Capture).expect("a desk");
        let take = wait(&link, Duration::from_mins(1), |e| match e {
            // Earlier takes change again when a later one joins their group.
            Event::TakeChanged(take) => {
                take.timing.arrived_to_scored.is_some() && !seen.contains(&take.id)
            }
            _ => false,
        });
        let Some(Event::TakeChanged(take)) = take else { continue };
        seen.insert(take.id);
        stored.extend(take.timing.shutter_to_stored.map(ms));
        scored.extend(take.timing.arrived_to_scored.map(ms));
    }
    row("shutter -> stored (the camera renders it too)", "", &mut stored);
    row("bytes arrived -> scored thumbnail", "<= 1000 ms", &mut scored);
    drop(studio);
}

fn ms(time: Duration) -> f32 {
    time.as_secs_f32() * 1000.0
}

/// The first event of a kind.
fn wait(link: &Link, patience: Duration, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
    let start = Instant::now();
    while start.elapsed() < patience {
        while link.live.receiver().try_recv().is_ok() {}
        match link.events.recv_timeout(Duration::from_millis(20)) {
            Ok(event) if wanted(&event) => return Some(event),
            _ => {}
        }
    }
    println!("nothing came in {} s", patience.as_secs());
    None
}

/// Ages of the frames that come, milliseconds.
fn watch(link: &Link, time: Duration) -> Vec<f32> {
    let (start, mut ages) = (Instant::now(), Vec::new());
    while start.elapsed() < time {
        while link.events.try_recv().is_ok() {}
        if let Ok(view) = link.live.receiver().recv_timeout(Duration::from_millis(50)) {
            ages.push(ms(view.arrived.elapsed()));
        }
    }
    ages
}

fn row(name: &str, bar: &str, values: &mut [f32]) {
    values.sort_by(f32::total_cmp);
    let at = |part: f32| {
        values.get(((values.len() as f32 * part) as usize).min(values.len().saturating_sub(1)))
    };
    if let (Some(p50), Some(p95)) = (at(0.5), at(0.95)) {
        println!("{name:<44} p50 {p50:>6.1} ms  p95 {p95:>6.1} ms  {bar}");
    }
}
