//! The fault matrix: every fault of the practice camera at every moment of a session. The body counts
//! what it played, so a cell in which the fault was not met fails as one that loses a picture does.

use super::{Rig, Shooter, Verdict, journal, number, quantile};
use culet::engine::contract::{Command, Level};
use culet::engine::thread::{Joined, spawn};
use culet::practice::{Fault, Planned, Stage};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A moment of a session at which something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// Before the camera is connected.
    Connect,
    /// While live view runs; the next picture is taken with the body's own shutter.
    Live,
    /// While focus is driven.
    Focus,
    /// Right before the shutter is fired from here.
    Shutter,
    /// When a picture is on the card and not fetched yet; another is taken on the body meanwhile.
    Transfer,
    /// While the second copy of everything is made.
    Copy,
    /// While settings are changed.
    Settings,
}

const MOMENTS: [Moment; 7] = [
    Moment::Connect,
    Moment::Live,
    Moment::Focus,
    Moment::Shutter,
    Moment::Transfer,
    Moment::Copy,
    Moment::Settings,
];

/// Every fault; those at a stage stand once for each stage that a session comes through. Nothing is
/// ever removed from a card, so there is no row for that stage.
fn faults() -> Vec<Fault> {
    let stages = || Stage::ALL.map(|(stage, _)| stage).into_iter().filter(|s| *s != Stage::Delete);
    let mut all: Vec<Fault> = stages().map(Fault::Disconnect).collect();
    all.extend(stages().map(Fault::Silence));
    all.extend([Fault::Cut(0), Fault::Cut(1), Fault::Cut(20_000), Fault::Cut(u64::MAX)]);
    all.extend(lesser());
    all
}

fn lesser() -> Vec<Fault> {
    vec![
        Fault::Slow(30),
        Fault::Busy(5),
        Fault::StoreFull(0),
        Fault::Corrupt,
        Fault::Truncate,
        Fault::BadCard,
        Fault::LateEvents(700),
        Fault::DoubleEvents,
        Fault::LostEvents,
        Fault::EventStorm(3000),
        Fault::Vanish,
        Fault::NameWrap,
        Fault::Rollover(1),
        Fault::RawPair,
        Fault::Battery(100),
        Fault::NoLiveView,
        Fault::OtherBody,
    ]
}

/// PTP codes of the properties that a photographer turns and mends.
pub(super) const BATTERY: u16 = 0x5001;
const PROHIBITED: u16 = 0xd1a4;
const ISO: u16 = 0x500f;

/// The stage of a fault that has one.
fn stage(fault: Fault) -> Option<Stage> {
    match fault {
        Fault::Disconnect(stage) | Fault::Silence(stage) => Some(stage),
        _ => None,
    }
}

/// Bodies and cards are swapped while the cable is out.
fn is_swap(fault: Fault) -> bool {
    matches!(fault, Fault::OtherBody | Fault::NameWrap)
}

/// Whether a fault only shows when the camera is connected anew, so that its cable is pulled first.
fn needs_reconnection(fault: Fault) -> bool {
    let opening = |s| matches!(s, Stage::Connect | Stage::Session | Stage::Info | Stage::List);
    is_swap(fault) || stage(fault).is_some_and(opening)
}

/// Whether there is an occasion for a fault at a moment.
fn can_come(fault: Fault, moment: Moment) -> bool {
    match (fault, moment) {
        // A body that is fired by its own shutter is not asked for a picture.
        (Fault::Busy(_), Moment::Live | Moment::Transfer) => false,
        // What is on a card when it is taken out is not lost by the tether.
        (_, Moment::Transfer) if is_swap(fault) => false,
        _ => match stage(fault) {
            Some(Stage::Focus) => moment == Moment::Focus,
            Some(Stage::Capture | Stage::Ready) => {
                !matches!(moment, Moment::Live | Moment::Transfer)
            }
            _ => true,
        },
    }
}

/// Whether it shows with the second picture only.
fn needs_two(fault: Fault) -> bool {
    matches!(fault, Fault::NameWrap | Fault::Rollover(_))
}

/// Whether somebody has to do something about it: a card, a battery, a menu.
fn needs_hands(fault: Fault) -> bool {
    matches!(fault, Fault::StoreFull(_) | Fault::Battery(_) | Fault::NoLiveView)
}

/// Whether the connection ends with it.
fn ends(fault: Fault) -> bool {
    matches!(fault, Fault::Cut(_) | Fault::Battery(_)) || stage(fault).is_some()
}

/// Whether a sentence has to say what happened.
fn is_told(fault: Fault) -> bool {
    ends(fault) || needs_hands(fault) || fault == Fault::Vanish
}

/// Whether it was said since then.
fn was_told(shooter: &Shooter, fault: Fault, since: usize) -> bool {
    let gone = |t: &str| t.contains("stopped answering") || t.contains("no camera answers");
    shooter.said[since..]
        .iter()
        .any(|(level, text)| *level >= Level::Warning && (!ends(fault) || gone(text)))
}

/// What a photographer does about it.
fn mend(rig: &Rig) {
    rig.body.clear_faults();
    rig.body.turn_dial(BATTERY, 100);
    rig.body.turn_dial(PROHIBITED, 0);
}

fn inject(rig: &Rig, fault: Fault) {
    rig.truth();
    rig.removes.store(fault == Fault::Vanish, Ordering::Relaxed);
    rig.body.inject(Planned { fault, at: 1 });
    if stage(fault) == Some(Stage::Settings) {
        // Settings are read again when somebody turns a dial.
        let iso = if rig.body.shots().is_multiple_of(2) { 100 } else { 800 };
        rig.body.turn_dial(ISO, iso);
    }
}

/// How often a fault was met so far.
fn met(rig: &Rig, fault: Fault) -> u32 {
    let name = fault.to_string();
    let kind = if matches!(fault, Fault::Busy(_)) { "busy:" } else { &name };
    let same = |f: &str| f == name || (kind != name && f.starts_with(kind));
    rig.body.faults_met().iter().filter(|(f, _)| same(f)).map(|(_, n)| n).sum()
}

/// Injects a fault; one that shows on a reconnection comes with a pulled cable, and whoever pulled
/// it waits until the camera is seen again.
fn break_it(shooter: &mut Shooter, rig: &Rig, fault: Fault) {
    inject(rig, fault);
    if needs_reconnection(fault) {
        rig.body.inject(Fault::Disconnect(Stage::Events));
        shooter.until(3.0, |s| !s.is_ready());
        shooter.until(20.0, Shooter::is_ready);
    }
}

/// One fault at one moment.
fn play(shooter: &mut Shooter, rig: &Rig, fault: Fault, moment: Moment) {
    match moment {
        Moment::Connect => {
            shooter.send(Command::Disconnect);
            shooter.until(2.0, |s| !s.is_ready());
            inject(rig, fault);
            shooter.send(Command::Connect(crate::camera::at(rig.port)));
            shooter.until(2.0, |s| !s.is_ready());
            shooter.until(20.0, Shooter::is_ready);
            shooter.send(Command::Capture);
        }
        Moment::Live => {
            break_it(shooter, rig, fault);
            shooter.wait(0.3);
            rig.body.press_shutter();
        }
        Moment::Focus => {
            break_it(shooter, rig, fault);
            shooter.send(Command::DriveFocus(3));
            shooter.send(Command::Capture);
        }
        Moment::Shutter => {
            break_it(shooter, rig, fault);
            shooter.send(Command::Capture);
        }
        Moment::Transfer => {
            let shot = rig.body.shots();
            shooter.send(Command::Capture);
            shooter.until(5.0, |_| rig.body.shots() > shot);
            break_it(shooter, rig, fault);
            rig.body.press_shutter();
        }
        Moment::Copy => {
            let second = shooter.folder.join(format!("second-{}", rig.body.shots()));
            shooter.send(Command::SecondCopy(Some(second)));
            break_it(shooter, rig, fault);
            shooter.send(Command::Capture);
        }
        Moment::Settings => {
            break_it(shooter, rig, fault);
            let value = if rig.body.shots().is_multiple_of(2) { "200" } else { "400" };
            shooter.send(Command::Set { name: "iso".to_owned(), value: value.to_owned() });
            shooter.send(Command::Capture);
        }
    }
}

/// A line of the table.
struct Cell {
    fault: String,
    moment: Moment,
    /// Pictures taken, files that they are, and files that the session got.
    shots: u32,
    files: usize,
    stored: usize,
    verdict: Verdict,
    met: u32,
    /// Seconds from the fault until the camera was ready and everything was stored.
    recovered: Option<f32>,
    /// What else is wrong.
    wrong: Option<&'static str>,
}

impl Cell {
    fn good(&self) -> bool {
        self.verdict.good() && self.met > 0 && self.recovered.is_some() && self.wrong.is_none()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recovered = self.recovered.map_or_else(|| "never".to_owned(), |s| format!("{s:.1} s"));
        let moment = format!("{:?}", self.moment).to_lowercase();
        write!(
            f,
            "{:<30}{moment:<10}{:>6}{:>7}{:>8}{:>6}{:>7}{:>7}{recovered:>11}",
            self.fault,
            self.shots,
            self.files,
            self.stored,
            self.verdict.lost,
            self.verdict.twice,
            self.met
        )?;
        let bad = if self.good() { String::new() } else { format!("  BAD {:?}", self.verdict) };
        write!(f, "{bad}{}", self.wrong.map_or_else(String::new, |w| format!(" {w}")))
    }
}

fn head() -> String {
    format!(
        "{:<30}{:<10}{:>6}{:>7}{:>8}{:>6}{:>7}{:>7}{:>11}",
        "fault", "at", "shots", "files", "stored", "lost", "twice", "met", "recovered"
    )
}

/// Waits until the fault was met and told of, the camera is ready and the session has everything.
fn recovers(shooter: &mut Shooter, rig: &Rig, fault: Fault, before: u32, said: usize) -> bool {
    let seconds = 25.0;
    shooter.until(seconds, |s| {
        met(rig, fault) > before && (!is_told(fault) || was_told(s, fault, said))
    }) && shooter.has_all(rig, seconds)
        && shooter.until(seconds, Shooter::is_ready)
        && shooter.has_all(rig, seconds)
}

/// Plays one cell, and takes so many pictures after it, from here and on the body in turn.
fn cell(shooter: &mut Shooter, rig: &Rig, fault: Fault, moment: Moment, shots: usize) -> Cell {
    shooter.until(20.0, Shooter::is_ready);
    let (shot, files, stored) =
        (rig.body.shots(), rig.truth().len(), journal(&shooter.folder).len());
    let (begun, said, before) = (Instant::now(), shooter.said.len(), met(rig, fault));
    play(shooter, rig, fault, moment);
    // The picture is taken, or it is said why not.
    shooter.until(5.0, |s| rig.body.shots() > shot || was_told(s, fault, said));
    if needs_hands(fault) {
        shooter.until(13.0, |s| met(rig, fault) > before && was_told(s, fault, said));
        mend(rig);
    }
    if needs_two(fault) {
        shooter.until(20.0, Shooter::is_ready);
        shooter.shoot(rig);
    }
    let well = recovers(shooter, rig, fault, before, said);
    let recovered = well.then(|| begun.elapsed().as_secs_f32());
    for n in 0..shots {
        shooter.until(20.0, Shooter::is_ready);
        if n % 2 == 0 {
            shooter.shoot(rig);
        } else {
            rig.body.press_shutter();
            shooter.has_all(rig, 40.0);
        }
    }
    mend(rig);
    if fault == Fault::NoLiveView {
        // That it rests is said again only after it ran.
        shooter.wait(1.5);
    }
    let all = shooter.has_all(rig, 30.0);
    let taken = rig.body.shots() - shot;
    let wrong = [
        (!all, "not everything was fetched"),
        ((taken as usize) < shots, "the session does not go on"),
        (is_told(fault) && !was_told(shooter, fault, said), "nothing was said"),
    ];
    let cell = Cell {
        fault: fault.to_string(),
        moment,
        shots: taken,
        files: rig.truth().len() - files,
        stored: journal(&shooter.folder).len() - stored,
        verdict: Verdict::of(&shooter.folder, &rig.truth()),
        met: met(rig, fault) - before,
        recovered,
        wrong: wrong.into_iter().find_map(|(is, text)| is.then_some(text)),
    };
    if !cell.good() {
        println!("{cell}; state {:?}", shooter.state);
        shooter.said[said..].iter().for_each(|(_, text)| println!("  {text}"));
    }
    cell
}

/// A session in which one fault comes at several moments.
fn row(serial: u32, fault: Fault, moments: &[Moment], shots: usize) -> Vec<Cell> {
    // Pictures of a real body's size: what a card rounds them up to is less than another one.
    let length = if fault == Fault::LostEvents { 1_000_000 } else { 0 };
    let rig = Rig::with_files_of(serial, length);
    let folder = tempfile::tempdir().unwrap();
    let mut shooter = Shooter::start(folder.path());
    shooter.connect(rig.port);
    let moments: Vec<Moment> = moments.iter().copied().filter(|m| can_come(fault, *m)).collect();
    // A picture or two belong to each moment itself.
    let after = (shots / moments.len().max(1)).saturating_sub(1).max(1);
    let cells = moments.iter().map(|m| cell(&mut shooter, &rig, fault, *m, after)).collect();
    let said = [
        (Fault::Vanish, "was removed from the card before"),
        // "The card is full", or "room for 0 pictures on the card" right after connecting.
        (Fault::StoreFull(0), " card"),
        (Fault::NoLiveView, "live view rests"),
        (Fault::LostEvents, "missed"),
    ];
    if let Some((_, text)) = said.iter().find(|(f, _)| *f == fault) {
        assert!(shooter.heard(text), "{fault}: {:?}", shooter.said);
    }
    shooter.until(10.0, |s| s.vitals.copying == 0);
    assert_eq!(shooter.vitals.copying, 0, "{fault}: second copies are missing");
    cells
}

/// Two cameras at once: one meets a fault at every moment, the other goes on as if nothing happened.
fn two_cameras(serial: u32, shots: usize) -> Vec<Cell> {
    let stop = Arc::new(AtomicBool::new(false));
    let told: Arc<Mutex<Option<(Verdict, Vec<f32>)>>> = Arc::default();
    let (stopped, out) = (Arc::clone(&stop), Arc::clone(&told));
    let other: Joined = spawn("test-other", move || {
        let rig = Rig::new(serial + 1);
        let folder = tempfile::tempdir().unwrap();
        let mut shooter = Shooter::start(folder.path());
        shooter.connect(rig.port);
        shooter.shoot(&rig);
        shooter.stored_ms.clear();
        while !stopped.load(Ordering::Relaxed) {
            shooter.shoot(&rig);
        }
        let verdict = Verdict::of(folder.path(), &rig.truth());
        *out.lock() = Some((verdict, shooter.stored_ms.clone()));
    })
    .unwrap();
    let mut cells = row(serial, Fault::Silence(Stage::Events), &MOMENTS, shots);
    stop.store(true, Ordering::Relaxed);
    drop(other);
    let (verdict, stored) = told.lock().take().unwrap();
    let slowest = quantile(&stored, 1.0);
    println!(
        "the other camera: {verdict:?}, stored after {:.0} ms, {slowest:.0} at most",
        quantile(&stored, 0.5)
    );
    assert!(verdict.good() && verdict.pictures > cells.len(), "{verdict:?}");
    // Each silence lasts 2.5 s: whoever shares a driver's thread waits for it.
    assert!(slowest < 2400.0, "the other camera waits: {stored:?}");
    cells.iter_mut().for_each(|c| c.fault = format!("two cameras, {}", c.fault));
    cells
}

/// Plays rows, some at once, and prints the table.
fn matrix(rows: Vec<Option<Fault>>, moments: &'static [Moment], shots: usize, at_once: usize) {
    let all = rows.len();
    let queue: Arc<Mutex<VecDeque<(usize, Option<Fault>)>>> =
        Arc::new(Mutex::new(rows.into_iter().enumerate().collect()));
    let done: Arc<Mutex<Vec<(usize, Vec<Cell>)>>> = Arc::default();
    println!("{}", head());
    let workers: Vec<Joined> = (0..at_once)
        .map(|_| {
            let (queue, done) = (Arc::clone(&queue), Arc::clone(&done));
            let work = move || loop {
                let Some((n, fault)) = queue.lock().pop_front() else { break };
                let serial = 100 + 2 * n as u32;
                let cells = match fault {
                    Some(fault) => row(serial, fault, moments, shots),
                    None => two_cameras(serial, shots),
                };
                let mut done = done.lock();
                cells.iter().for_each(|cell| println!("{cell}"));
                done.push((n, cells));
            };
            spawn("test-row", work).unwrap()
        })
        .collect();
    drop(workers);
    let done = done.lock();
    let cells = || done.iter().flat_map(|(_, cells)| cells);
    let sum = |of: fn(&Cell) -> usize| cells().map(of).sum::<usize>();
    let bad = cells().filter(|c| !c.good()).count();
    println!(
        "{} rows, {} cells, {} pictures, {} files, {} stored; cells that are bad: {bad}",
        done.len(),
        sum(|_| 1),
        sum(|c| c.shots as usize),
        sum(|c| c.files),
        sum(|c| c.stored),
    );
    assert!(done.len() == all, "a row ended early");
    assert_eq!(bad, 0, "cells above");
}

#[test]
fn faults_at_the_shutter_and_in_a_transfer_lose_nothing() {
    let quick = [
        Fault::Disconnect(Stage::Download),
        Fault::Disconnect(Stage::Events),
        Fault::Silence(Stage::Download),
        Fault::Cut(20_000),
    ];
    let slow = [Fault::LostEvents, Fault::NoLiveView, Fault::Slow(30), Fault::Battery(100)];
    let lesser = lesser().into_iter().filter(|f| !slow.contains(f));
    matrix(quick.into_iter().chain(lesser).map(Some).collect(), &[Moment::Shutter], 1, 2);
}

/// `CULET_FAULTS` picks rows by a part of their names (`two cameras` is one), `CULET_SHOTS` sets the
/// pictures a row, `CULET_ROWS` how many rows run at once.
#[test]
#[ignore = "minutes: make faults"]
fn whole_matrix() {
    let wanted = std::env::var("CULET_FAULTS").unwrap_or_default();
    let picked = |name: &str| wanted.split(',').any(|w| name.contains(w));
    let mut rows: Vec<Option<Fault>> =
        faults().into_iter().filter(|f| picked(&f.to_string())).map(Some).collect();
    if picked("two cameras") {
        rows.push(None);
    }
    assert!(!rows.is_empty(), "no fault is called {wanted}");
    matrix(rows, &MOMENTS, number("CULET_SHOTS", 50), number("CULET_ROWS", 2));
}
