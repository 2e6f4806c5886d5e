//! The fault matrix: every fault of the practice camera at every moment of a session.

use super::{Rig, Shooter, Verdict, number};
use culet::engine::contract::Command;
use culet::practice::{Fault, Planned, Stage};
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A moment of a session at which something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// Before the camera is connected.
    Connect,
    /// While live view runs; the next picture is taken with the body's own shutter.
    Live,
    /// Right before the shutter is fired from here.
    Shutter,
    /// When the picture is on the card and not fetched yet.
    Transfer,
    /// While the second copy of everything is made.
    Copy,
    /// While settings are changed.
    Settings,
}

const MOMENTS: [Moment; 6] = [
    Moment::Connect,
    Moment::Live,
    Moment::Shutter,
    Moment::Transfer,
    Moment::Copy,
    Moment::Settings,
];

/// Every fault; those at a stage stand once for each stage that a session comes through.
fn faults() -> Vec<Fault> {
    let stages = Stage::ALL.map(|(stage, _)| stage);
    let passed = stages.iter().filter(|s| !matches!(s, Stage::Focus | Stage::Delete));
    let mut all: Vec<Fault> = passed.clone().map(|s| Fault::Disconnect(*s)).collect();
    all.extend(passed.map(|s| Fault::Silence(*s)));
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

/// PTP codes of the properties that a photographer mends: battery, prohibited live view, ISO.
pub(super) const BATTERY: u16 = 0x5001;
const PROHIBITED: u16 = 0xd1a4;

/// What a photographer does about it.
fn mend(rig: &Rig) {
    rig.body.clear_faults();
    rig.body.turn_dial(BATTERY, 100);
    rig.body.turn_dial(PROHIBITED, 0);
}

fn is_swap(fault: Fault) -> bool {
    matches!(fault, Fault::OtherBody | Fault::NameWrap)
}

fn inject(rig: &Rig, fault: Fault) {
    rig.truth();
    rig.removes.store(fault == Fault::Vanish, Ordering::Relaxed);
    rig.body.inject(Planned { fault, at: 1 });
    if is_swap(fault) {
        // Bodies and cards are swapped while the cable is out.
        rig.body.inject(Planned { fault: Fault::Disconnect(Stage::Events), at: 1 });
    }
}

/// One fault at one moment: what goes wrong, what is mended, and some pictures after that.
fn play(shooter: &mut Shooter, rig: &Rig, fault: Fault, moment: Moment, shots: usize) {
    let shot = rig.body.shots();
    match moment {
        Moment::Connect => {
            shooter.send(Command::Disconnect);
            shooter.until(2.0, |s| !s.is_ready());
            inject(rig, fault);
            shooter.send(Command::Connect(crate::camera::at(rig.port)));
            shooter.until(12.0, Shooter::is_ready);
            shooter.send(Command::Capture);
        }
        Moment::Live => {
            shooter.until(5.0, Shooter::is_ready);
            inject(rig, fault);
            shooter.wait(0.3);
            // A photographer whose camera was swapped waits until it is seen again.
            if is_swap(fault) {
                shooter.until(12.0, Shooter::is_ready);
                shooter.wait(1.0);
            }
            rig.body.press_shutter();
        }
        Moment::Shutter if !is_swap(fault) => {
            inject(rig, fault);
            shooter.send(Command::Capture);
        }
        Moment::Transfer if !is_swap(fault) => {
            shooter.send(Command::Capture);
            shooter.until(5.0, |_| rig.body.shots() > shot);
            inject(rig, fault);
        }
        Moment::Settings => {
            inject(rig, fault);
            let iso = if shot.is_multiple_of(2) { "200" } else { "400" };
            shooter.send(Command::Set { name: "iso".to_owned(), value: iso.to_owned() });
            shooter.wait(0.3);
            shooter.send(Command::Capture);
        }
        Moment::Copy | Moment::Shutter | Moment::Transfer => {
            let second = shooter.folder.join(format!("second-{moment:?}"));
            inject(rig, fault);
            shooter.send(Command::SecondCopy(Some(second)));
            if is_swap(fault) {
                shooter.wait(1.0);
                shooter.until(12.0, Shooter::is_ready);
                shooter.wait(1.0);
            }
            shooter.send(Command::Capture);
        }
    }
    shooter.until(1.5, |_| rig.body.shots() > shot);
    shooter.has_all(rig, 3.0);
    mend(rig);
    for _ in 0..shots {
        shooter.until(20.0, Shooter::is_ready);
        shooter.shoot(rig);
    }
}

/// One cell of the table: seconds, or what is wrong.
fn cell(shooter: &mut Shooter, rig: &Rig, fault: Fault, moment: Moment, shots: usize) -> String {
    let (begun, before, said) = (Instant::now(), rig.truth().len(), shooter.said.len());
    play(shooter, rig, fault, moment, shots);
    let all = shooter.has_all(rig, 30.0);
    let verdict = Verdict::of(&shooter.folder, &rig.truth());
    let goes_on = rig.truth().len() >= before + shots;
    if all && verdict.good() && goes_on {
        return format!("{:.1}", begun.elapsed().as_secs_f32());
    }
    println!("{fault} at {moment:?}: {verdict:?}, goes on: {goes_on}, state {:?}", shooter.state);
    shooter.said[said..].iter().for_each(|(_, text)| println!("  {text}"));
    format!("BAD {}/{}/{}", verdict.lost, verdict.twice, verdict.wrong)
}

/// Plays the matrix and prints it; every cell is the seconds that its part of the session took.
fn matrix(faults: &[Fault], moments: &[Moment], shots: usize) {
    let heads: Vec<String> = moments.iter().map(|m| format!("{:>12}", format!("{m:?}"))).collect();
    println!("{:<26}{}", "seconds of a fault at", heads.concat());
    let (mut pictures, mut bad) = (0, 0);
    for (row, fault) in faults.iter().enumerate() {
        let rig = Rig::new(100 + row as u32);
        let folder = tempfile::tempdir().unwrap();
        let mut shooter = Shooter::start(folder.path());
        shooter.connect(rig.port);
        let mut line = format!("{:<26}", fault.to_string());
        for moment in moments {
            let cell = cell(&mut shooter, &rig, *fault, *moment, shots);
            bad += usize::from(cell.starts_with("BAD"));
            write!(line, "{cell:>12}").unwrap();
        }
        pictures += rig.truth().len();
        let verdict = Verdict::of(folder.path(), &rig.truth());
        println!("{line}{:>7} pictures", verdict.pictures);
        if *fault == Fault::Vanish {
            assert!(shooter.heard("was removed from the card before"), "{:?}", shooter.said);
        }
        if *fault == Fault::StoreFull(0) {
            assert!(shooter.heard("card is full"), "{:?}", shooter.said);
        }
    }
    println!("{pictures} pictures, cells that are bad: {bad}");
    assert_eq!(bad, 0, "lost/twice/wrong above");
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
    let lesser: Vec<Fault> = lesser().into_iter().filter(|f| !slow.contains(f)).collect();
    matrix(&quick, &[Moment::Shutter], 1);
    matrix(&lesser, &[Moment::Shutter, Moment::Transfer], 1);
}

/// `CULET_FAULTS` picks rows by a part of their names, `CULET_SHOTS` sets the pictures a session.
#[test]
#[ignore = "minutes: make faults"]
fn whole_matrix() {
    let wanted = std::env::var("CULET_FAULTS").unwrap_or_default();
    let picked = |f: &Fault| wanted.split(',').any(|w| f.to_string().contains(w));
    let faults: Vec<Fault> = faults().into_iter().filter(picked).collect();
    // Six moments with a picture of their own each, and the others after them.
    let shots = (number("CULET_SHOTS", 50) / MOMENTS.len()).saturating_sub(1).max(1);
    matrix(&faults, &MOMENTS, shots);
    assert!(!faults.is_empty(), "no fault is called {wanted}");
}
