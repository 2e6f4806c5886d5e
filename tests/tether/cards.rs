//! Cards that were formatted, and cards that keep wrong bytes.

use super::{Rig, Shooter, Verdict};
use culet::practice::{Fault, Planned, Stage};

/// Longer than any picture of the tests.
const LENGTH: usize = 160_000;

fn begun(serial: u32) -> (Rig, tempfile::TempDir, Shooter) {
    let rig = Rig::with_files_of(serial, LENGTH);
    let folder = tempfile::tempdir().unwrap();
    let mut shooter = Shooter::start(folder.path());
    shooter.connect(rig.port);
    shooter.shoot(&rig);
    assert!(rig.body.stored().iter().all(|s| s.bytes == LENGTH));
    (rig, folder, shooter)
}

/// The body counts from one again, and the new `DSC_0001.JPG` is as long as the old one.
#[test]
fn a_card_that_is_formatted_in_a_session_brings_new_pictures_under_old_names() {
    let (rig, folder, mut shooter) = begun(91);
    for _ in 0..2 {
        rig.truth();
        rig.body.format_card();
        shooter.shoot(&rig);
        rig.body.press_shutter();
        assert!(shooter.has_all(&rig, 10.0), "{:?}", shooter.said);
    }
    let verdict = Verdict::of(folder.path(), &rig.truth());
    assert!(verdict.good() && verdict.pictures == 5, "{verdict:?} {:?}", shooter.said);
}

/// The same while the cable is out: only the date tells the new file from the stored one.
#[test]
fn a_card_that_is_formatted_while_the_cable_is_out_is_known_by_its_dates() {
    let (rig, folder, mut shooter) = begun(92);
    rig.truth();
    // Cards keep dates to two seconds.
    shooter.wait(3.0);
    rig.body.inject(Fault::Disconnect(Stage::Events));
    assert!(shooter.until(5.0, |s| !s.is_ready()));
    rig.body.format_card();
    rig.body.press_shutter();
    assert!(shooter.has_all(&rig, 15.0), "{:?}", shooter.said);
    let verdict = Verdict::of(folder.path(), &rig.truth());
    assert!(verdict.good() && verdict.pictures == 2, "{verdict:?} {:?}", shooter.said);
    // Once more out and in: what is known is not fetched again.
    let said = shooter.said.len();
    rig.body.inject(Fault::Disconnect(Stage::Events));
    assert!(shooter.until(5.0, |s| !s.is_ready()));
    assert!(shooter.until(10.0, Shooter::is_ready));
    shooter.wait(1.0);
    let again = shooter.said[said..].iter().any(|(_, t)| t.contains("missed"));
    assert!(!again, "{:?}", &shooter.said[said..]);
}

/// A raw file that came to harm on its way is asked for once more; one that lies damaged on the card
/// is kept, and said.
#[test]
fn a_raw_file_with_wrong_bytes_is_fetched_again_or_kept_and_told() {
    let rig = Rig::new(93);
    rig.body.inject(Fault::RawPair);
    let folder = tempfile::tempdir().unwrap();
    let mut shooter = Shooter::start(folder.path());
    shooter.connect(rig.port);
    // The JPEG comes first, then the raw file.
    rig.body.inject(Planned { fault: Fault::Corrupt, at: 2 });
    shooter.shoot(&rig);
    assert_eq!(rig.body.faults_met()["corrupt"], 1);
    let verdict = Verdict::of(folder.path(), &rig.truth());
    assert!(verdict.good() && verdict.pictures == 2, "{verdict:?} {:?}", shooter.said);
    assert!(!shooter.heard("damaged"), "the second time it came whole: {:?}", shooter.said);

    rig.body.inject(Fault::BadCard);
    shooter.shoot(&rig);
    let verdict = Verdict::of(folder.path(), &rig.truth());
    assert!(verdict.good() && verdict.pictures == 4, "{verdict:?} {:?}", shooter.said);
    let told = |s: &Shooter| {
        let is = |t: &str| t.contains(".NEF") && t.contains("damaged on the card itself");
        s.said.iter().filter(|(_, t)| is(t)).count()
    };
    // The journal knows of a file a moment before anything is said of it.
    assert!(shooter.until(3.0, |s| told(s) == 1), "{:?}", shooter.said);
    shooter.shoot(&rig);
    assert_eq!(rig.truth().len(), 6);
    assert!(Verdict::of(folder.path(), &rig.truth()).good(), "{:?}", shooter.said);
}
