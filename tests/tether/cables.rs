//! A camera that vanishes at any byte of what it says.

use super::{Dice, Rig, Shooter, Verdict, number};
use crate::proxy::Proxy;
use culet::engine::contract::Command;

/// Pulls the cable after so many bytes, again and again, until so many pictures are taken.
fn cut_often(pictures: u32, seed: u64) {
    let rig = Rig::new(51);
    let proxy = Proxy::to(rig.port);
    let folder = tempfile::tempdir().unwrap();
    let mut shooter = Shooter::start(folder.path());
    shooter.connect(proxy.port);
    let (mut dice, mut cuts) = (Dice(seed | 1), 0);
    while rig.body.shots() < pictures {
        // Short sentences are cut as often as long ones.
        let bytes = 1 << dice.below(17);
        proxy.cut_after(bytes + dice.below(bytes));
        cuts += 1;
        let before = rig.body.shots();
        if dice.below(3) == 0 {
            rig.body.press_shutter();
        } else {
            shooter.send(Command::Capture);
        }
        shooter.until(3.0, |_| rig.body.shots() > before);
        shooter.until(6.0, Shooter::is_ready);
    }
    proxy.cut_after(u64::MAX);
    let all = shooter.has_all(&rig, 30.0);
    let verdict = Verdict::of(folder.path(), &rig.truth());
    println!("{cuts} cuts (seed {seed}): {verdict:?}");
    assert!(all && verdict.good(), "{verdict:?} {:?}", shooter.said);
}

#[test]
fn a_cable_that_breaks_at_any_byte_loses_nothing() {
    cut_often(4, 1);
}

#[test]
#[ignore = "minutes: make faults"]
fn whole_cables() {
    cut_often(number("CULET_SHOTS", 200) as u32 / 4, 20_261_124);
}
