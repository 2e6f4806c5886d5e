//! Flaws and groups on real pictures.

use super::data::{folder, load, names};
use super::table::{Bar, note, row, section};
use culet::score::{Candidate, Facts, Kind, Score, Verdict, Weights, curate, judge};
use rayon::prelude::*;

fn judged(names: &[String]) -> Vec<(String, Score)> {
    names.par_iter().filter_map(|n| Some((n.clone(), judge(&load(n)?)))).collect()
}

/// Pictures of `phone-rough` by their number in the order of names: in a hand, and with black bars.
const IN_HAND: &[usize] =
    &[5, 8, 9, 10, 12, 13, 14, 19, 20, 26, 29, 30, 31, 33, 35, 36, 42, 44, 45, 48];
const BARS: &[usize] = &[19, 43, 48];

pub fn rough() {
    section("phone-rough: hands and black bars, labelled by eye");
    let all = judged(&names("jewellery/phone-rough"));
    for (kind, labels) in [("hand", IN_HAND), ("bars", BARS)] {
        let named = |s: &Score| s.quality.flaws.iter().any(|f| f.kind == kind);
        let (mut hit, mut false_ones) = (0, Vec::new());
        let mut missed = Vec::new();
        for (i, (_, s)) in all.iter().enumerate() {
            match (labels.contains(&i), named(s)) {
                (true, true) => hit += 1,
                (false, true) => false_ones.push(i),
                (true, false) => missed.push(i),
                _ => {}
            }
        }
        println!("    {kind}: missed {missed:?}, false {false_ones:?}");
        row(&format!("{kind}: recall"), Bar::AtLeast(0.9), f64::from(hit) / labels.len() as f64);
        row(
            &format!("{kind}: precision"),
            Bar::AtLeast(0.9),
            f64::from(hit) / (hit as usize + false_ones.len()).max(1) as f64,
        );
    }
    let rejected = all.iter().filter(|(_, s)| s.verdict == Verdict::Reject);
    let unnamed = rejected.clone().filter(|(_, s)| s.reason.is_empty()).count();
    note("rejected", rejected.count() as f64);
    row("rejected without a reason", Bar::AtMost(0.0), unnamed as f64);
}

pub fn finished() {
    section("retouched-on-white and dslr-session: what is rejected, and hands that are none");
    let all = judged(&names("jewellery/retouched-on-white"));
    for (name, s) in &all {
        println!(
            "    {} {:.2} {:?}: {}",
            name.rsplit('/').next().unwrap(),
            s.overall,
            s.verdict,
            s.reason
        );
    }
    let rejected = all.iter().filter(|(_, s)| s.verdict == Verdict::Reject).count();
    row("finished retouches that are rejected", Bar::AtMost(0.0), rejected as f64);
    let soft = |s: &Score| s.quality.flaws.iter().any(|f| f.kind == "soft");
    let wrong: Vec<_> =
        all.iter().filter(|(_, s)| soft(s) || s.cleanliness.on_backdrop > 2).collect();
    for (name, s) in &wrong {
        let (blur, specks) = (s.focus.blur_px, s.cleanliness.on_backdrop);
        println!("    {name}: blur {blur:.1} px, {specks} specks");
    }
    let dirty = wrong.len();
    row("finished retouches called soft or dirty", Bar::AtMost(0.0), dirty as f64);
    let dslr = judged(&names("jewellery/dslr-session"));
    for (name, s) in dslr.iter().filter(|(_, s)| s.verdict == Verdict::Reject) {
        println!("    rejected {}: {}", name.rsplit('/').next().unwrap(), s.reason);
    }
    let hands = dslr
        .iter()
        .filter(|(_, s)| s.quality.flaws.iter().any(|f| f.kind == "hand" || f.kind == "bars"))
        .count();
    row("dslr-session: hands or bars that are none, of 34", Bar::AtMost(1.0), hands as f64);
}

/// What a file's EXIF says.
fn facts(name: &str) -> Facts {
    let none = Facts::default();
    let Some(file) = folder().and_then(|f| std::fs::File::open(f.join(name)).ok()) else {
        return none;
    };
    let Ok(exif) = exif::Reader::new().read_from_container(&mut std::io::BufReader::new(file))
    else {
        return none;
    };
    let number = |tag| match &exif.get_field(tag, exif::In::PRIMARY)?.value {
        exif::Value::Rational(v) => v.first().map(exif::Rational::to_f32),
        exif::Value::Short(v) => v.first().map(|v| f32::from(*v)),
        _ => None,
    };
    let taken =
        exif.get_field(exif::Tag::DateTimeOriginal, exif::In::PRIMARY).and_then(|f| {
            match &f.value {
                exif::Value::Ascii(v) => exif::DateTime::from_ascii(v.first()?).ok(),
                _ => None,
            }
        });
    let seconds = |t: exif::DateTime| {
        let days = f64::from(t.year) * 372.0 + f64::from(t.month) * 31.0 + f64::from(t.day);
        days * 86_400.0
            + f64::from(t.hour) * 3600.0
            + f64::from(t.minute) * 60.0
            + f64::from(t.second)
    };
    Facts {
        taken: taken.map(seconds),
        exposure_s: number(exif::Tag::ExposureTime),
        aperture: number(exif::Tag::FNumber),
        iso: number(exif::Tag::PhotographicSensitivity),
        focus_step: None,
    }
}

fn grouped(all: &[(String, Score)], with_facts: bool) -> Vec<(Vec<usize>, Kind)> {
    let takes: Vec<Candidate> = all
        .iter()
        .map(|(name, score)| {
            let facts = if with_facts { facts(name) } else { Facts::default() };
            Candidate { name, score, facts }
        })
        .collect();
    curate(&takes, &Weights::default()).into_iter().map(|g| (g.members, g.kind)).collect()
}

pub fn sets() {
    section("Series: one group of the right kind (1 yes)");
    let expected = [
        ("focus/pcb-switch10", Kind::Focus),
        ("focus/leaves6", Kind::Focus),
        ("focus/nikon28", Kind::Focus),
        ("focus/sjawhar-owl", Kind::Focus),
        ("focus/sjawhar-books", Kind::Focus),
        ("focus/hdr-taipei", Kind::Bracket),
        ("focus/burst-neckphone7", Kind::Burst),
    ];
    for (folder, kind) in expected {
        let all = judged(&names(folder));
        let groups = grouped(&all, true);
        let right = groups.len() == 1 && groups[0].1 == kind;
        if !right {
            println!("    {folder}: {groups:?}");
        }
        row(folder, Bar::AtLeast(1.0), f64::from(u8::from(right)));
    }
}

/// Pieces of `dslr-session` by file; files that show one piece share a number.
const PIECE: &[(&str, u32)] = &[
    ("17HK0250", 1),
    ("17HK0251", 1),
    ("17HK0260", 2),
    ("D02A2665", 3),
    ("D02A2678", 4),
    ("D02A2681", 5),
    ("D02A2698", 6),
    ("D02A2704", 7),
    ("D02A2708", 8),
    ("DSC04446", 9),
    ("DSC04466", 10),
    ("DSC04481", 11),
    ("IMG_4006", 12),
    ("IMG_4008", 13),
    ("IMG_4012", 13),
    ("IMG_7739a", 14),
    ("IMG_7743", 15),
    ("IMG_7744", 15),
    ("_MG_9106", 16),
    ("_MG_9108", 16),
    ("_MG_9111", 17),
    ("_MG_9120", 18),
    ("_MG_9121", 18),
    ("_MG_9123", 18),
    ("_MG_9132", 19),
    ("_MG_9133", 19),
    ("_MG_9134", 20),
    ("_MG_9142", 21),
    ("_MG_9143", 22),
    ("_MG_9147", 23),
    ("_MG_9898", 24),
    ("_MG_9899", 24),
    ("_MG_9914", 25),
    ("_MG_9959", 26),
];

pub fn pieces() {
    section("dslr-session: different pieces in one group");
    let all = judged(&names("jewellery/dslr-session"));
    let piece = |i: usize| PIECE.iter().find(|(n, _)| all[i].0.contains(n)).map_or(0, |p| p.1);
    for with_facts in [true, false] {
        let groups = grouped(&all, with_facts);
        let mut wrong = 0;
        for (members, kind) in groups.iter().filter(|g| g.0.len() > 1) {
            let mixed = members.iter().any(|&i| piece(i) != piece(members[0]));
            wrong += usize::from(mixed);
            let shown: Vec<&str> =
                members.iter().map(|&i| all[i].0.rsplit('/').next().unwrap()).collect();
            println!("    {kind:?}{} {shown:?}", if mixed { " MIXED" } else { "" });
        }
        let what = if with_facts { "with the camera's times" } else { "from the pictures alone" };
        row(&format!("groups that mix pieces, {what}"), Bar::AtMost(0.0), wrong as f64);
    }
}
