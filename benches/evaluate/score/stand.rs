//! Roll, offset, fill, the residual of the halves, the piece's mask and dust on rendered truth.

use super::data::{ALL, expose, scene};
use super::ranks::{mean, quantile};
use super::table::{Bar, note, row, section};
use crate::cutout::scenes::{self, GROUNDS, PIECES};
use culet::imaging::{Image, Mask, Parts, Rect, Rgb8};
use culet::practice::{Dust, Mark, Shot, Truth};
use culet::score::{examine, judge};
use culet::vision::network::SubjectNetwork;
use rayon::prelude::*;

/// Seeds of the drawn pieces that masks are measured on; 7001 to 7030 were looked at while the rules were made.
const OTHERS: u32 = 8001;
const UPRIGHT: [&str; 4] = ["solitaire", "solitaire-dark", "bracelet", "bracelet-dark"];
const TURNS: [f32; 15] =
    [-19.5, -14.2, -9.7, -6.0, -3.1, -1.3, -0.5, 0.0, 0.4, 1.0, 2.2, 5.3, 8.9, 13.0, 18.4];

fn iou(got: &Mask, truth: &Mask) -> f64 {
    let (mut both, mut either) = (0, 0);
    for y in 0..got.h {
        for x in 0..got.w {
            let a = got.at(x, y) > 127;
            let b = truth.at((2 * x + 1) * truth.w / got.w / 2, (2 * y + 1) * truth.h / got.h / 2)
                > 127;
            both += i32::from(a && b);
            either += i32::from(a || b);
        }
    }
    f64::from(both) / f64::from(either.max(1))
}

/// How much of the box that focus calls the stone and of the stones' true box is common to both.
fn named_stone(picture: &Rgb8, seen: Option<&Parts>, truth: Rect) -> f64 {
    let parts = examine(picture, seen).score.focus.parts;
    let found = parts.iter().find(|p| p.name == "stone").and_then(|p| p.region);
    let found = found.unwrap_or_default();
    let both = found.intersection(&truth).area();
    both as f64 / (found.area() + truth.area() - both).max(1) as f64
}

/// A mask at another size, from the pixel at the same place.
fn stretched(mask: &Mask, w: usize, h: usize) -> Mask {
    let place = |v: usize, n: usize, of: usize| (2 * v + 1) * of / (2 * n);
    Mask::from_fn(w, h, |x, y| mask.at(place(x, w, mask.w), place(y, h, mask.h)))
}

pub fn masks() {
    section(
        "The piece's mask against rendered truth (intersection over union, at the mask's own size)",
    );
    let network = SubjectNetwork::built_in().unwrap();
    let [mut metal, mut stone, mut busiest, mut looked] = [const { Vec::new() }; 4];
    let practice = ALL.map(|name| {
        let (picture, truth) = scene(name, 900, 600).photograph(&Shot::default());
        let seen = network.glance(&picture, None).unwrap();
        let region = |seen: &Mask, truth: &Mask| iou(&stretched(seen, 225, 150), truth);
        metal.push(region(&seen.metal, &truth.metal));
        if truth.stone.count() > 0 {
            stone.push(region(&seen.stone, &truth.stone));
            let place = |seen| named_stone(&picture, seen, truth.stone.extent());
            busiest.push(place(None));
            looked.push(place(Some(&seen)));
        }
        (name.to_owned(), picture, truth.subject)
    });
    note("practice sets: the network's metal", mean(&metal));
    note("practice sets: the network's stones", mean(&stone));
    println!("    each set's stones as focus names them, busiest place: {busiest:.2?}");
    println!("    each set's stones as focus names them, the network's: {looked:.2?}");
    note("practice sets: the stone's box, busiest place (stills)", mean(&busiest));
    note("practice sets: the stone's box, the network's (live view)", mean(&looked));
    let drawn = GROUNDS.iter().enumerate().flat_map(|(g, ground)| {
        PIECES.iter().enumerate().map(move |(p, piece)| {
            let drawn = scenes::render(piece, ground, 480, OTHERS + (6 * g + p) as u32);
            (format!("{piece} on {ground}"), drawn.picture, drawn.alpha)
        })
    });
    for (kind, cases) in [("practice sets", practice.to_vec()), ("drawn pieces", drawn.collect())] {
        let (mut own, mut helped, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        for (name, picture, truth) in cases {
            let seen = network.glance(&picture, None).unwrap();
            own.push(iou(&examine(&picture, None).subject, &truth));
            helped.push(iou(&examine(&picture, Some(&seen)).subject, &truth));
            alone.push(iou(&stretched(&seen.subject, picture.w, picture.h), &truth));
            let last = |v: &Vec<f64>| v.last().copied().unwrap_or_default();
            println!(
                "    {name}: backdrop alone {:.3}, network alone {:.3}, both {:.3}",
                last(&own),
                last(&alone),
                last(&helped)
            );
        }
        note(&format!("{kind}: what differs from the backdrop (stills)"), mean(&own));
        note(&format!("{kind}: the network alone"), mean(&alone));
        note(&format!("{kind}: both (live view)"), mean(&helped));
    }
}

/// A rendered piece made exactly symmetric (its left half and that half's mirror image), lit more from
/// the right, turned clockwise and photographed. As they are rendered the pieces have no exact axis: that
/// of the solitaire's true silhouette lies .4 to .8 degrees beside upright, the bracelet's up to .9.
fn symmetric(light: &Image, deg: f32, seed: u32) -> Rgb8 {
    let (w, h) = (light.w, light.h);
    let (s, c) = deg.to_radians().sin_cos();
    let turned = Image::from_fn(w, h, |x, y| {
        let (dx, dy) = (x as f32 + 0.5 - 0.5 * w as f32, y as f32 + 0.5 - 0.5 * h as f32);
        let (u, v) = (c * dx + s * dy, c * dy - s * dx);
        let gain = 1.0 + 0.25 * u / w as f32;
        // The left half, by linear weights.
        let x = (0.5 * w as f32 - u.abs() - 0.5).clamp(0.0, w as f32 - 1.001);
        let y = (v + 0.5 * h as f32 - 0.5).clamp(0.0, h as f32 - 1.001);
        let (i, j) = (x as usize, y as usize);
        let (fx, fy) = (x - i as f32, y - j as f32);
        let at = |i: usize, j: usize| light.data[j * w + i];
        let (a, b, d, e) = (at(i, j), at(i + 1, j), at(i, j + 1), at(i + 1, j + 1));
        std::array::from_fn(|k| {
            let (above, below) = (a[k] + fx * (b[k] - a[k]), d[k] + fx * (e[k] - d[k]));
            gain * (above + fy * (below - above))
        })
    });
    expose(&turned, 0.0, 0.004, 95, seed)
}

pub fn roll() {
    section(
        "Roll over ±20°, 15 angles a scene, upright included, pieces made exactly symmetric; error in degrees",
    );
    let (mut all, mut upright, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for name in UPRIGHT {
        for (w, h) in [(480, 320), (900, 600)] {
            let set = scene(name, w, h);
            let light = set.truth(&Shot { noise: 0.0, ..Shot::default() }).linear;
            let read = |picture: Rgb8| {
                let s = judge(&picture).symmetry;
                s.mirrored.then_some(s.roll_deg)
            };
            let got: Vec<[Option<f32>; 2]> = TURNS
                .par_iter()
                .map(|deg| {
                    let shot = Shot { roll_deg: *deg, ..Shot::default() };
                    [read(symmetric(&light, *deg, 7)), read(set.picture(&shot))]
                })
                .collect();
            let off: Vec<f64> = TURNS
                .iter()
                .zip(&got)
                .map(|(deg, got)| got[0].map_or(20.0, |g| f64::from((g - deg).abs())))
                .collect();
            let own = got[7][1].unwrap_or_default();
            let turns = TURNS.iter().zip(&got);
            let of_render: Vec<f64> = turns
                .map(|(deg, got)| got[1].map_or(20.0, |g| f64::from((g - own - deg).abs())))
                .collect();
            println!(
                "    {name} {w}: median {:.2}, p95 {:.2}, worst {:.2}, upright {:.2}; as rendered: axis {own:+.2}, from there p95 {:.2}",
                quantile(&off, 0.5),
                quantile(&off, 0.95),
                quantile(&off, 1.0),
                off[7],
                quantile(&of_render, 0.95),
            );
            upright.push(off[7]);
            all.extend(off);
            steps.extend(of_render);
        }
    }
    row("median", Bar::AtMost(0.1), quantile(&all, 0.5));
    row("95th percentile", Bar::AtMost(0.3), quantile(&all, 0.95));
    row("at exactly upright, worst", Bar::AtMost(0.3), quantile(&upright, 1.0));
    note("as rendered, from the reading at upright, 95th percentile", quantile(&steps, 0.95));
    let pair =
        judge(&scene("earrings", 900, 600).picture(&Shot { roll_deg: 3.0, ..Shot::default() }));
    note(
        "earrings at 3°: recognised as a pair (1 yes)",
        f64::from(u8::from(pair.symmetry.pair.is_some())),
    );
}

/// The truth's extent: pixels at least half covered.
fn extent(truth: &Truth) -> Rect {
    truth.subject.extent()
}

pub fn framing() {
    section("Offset and fill, all scenes, five places and three sizes");
    let (mut offsets, mut fills) = (Vec::new(), Vec::new());
    for name in ALL {
        let set = scene(name, 900, 600);
        for (x, y, fill) in [
            (0.0, 0.0, 1.0),
            (0.06, 0.02, 0.8),
            (-0.08, -0.03, 0.8),
            (0.03, -0.05, 0.6),
            (-0.12, 0.04, 0.6),
        ] {
            let (picture, truth) = set.photograph(&Shot { shift: (x, y), fill, ..Shot::default() });
            let s = judge(&picture).symmetry;
            let r = extent(&truth);
            let (cx, cy) = r.centre();
            let off = (s.offset[0] - (cx - 450.0)).hypot(s.offset[1] - (cy - 300.0)) / 9.0;
            let want = (r.w as f32 / 900.0).max(r.h as f32 / 600.0);
            if off > 1.0 {
                println!(
                    "    {name} ({x}, {y}) x{fill}: offset off by {off:.2} % of the width; fill {:.2} for {want:.2}",
                    s.fill
                );
            }
            offsets.push(f64::from(off));
            fills.push(f64::from(100.0 * (s.fill - want).abs()));
        }
    }
    row("offset, median error, % of the width", Bar::AtMost(0.3), quantile(&offsets, 0.5));
    row("offset, 95th percentile", Bar::AtMost(0.3), quantile(&offsets, 0.95));
    note("fill, median error, % of the frame", quantile(&fills, 0.5));
    note("fill, 95th percentile", quantile(&fills, 0.95));
}

pub fn residual() {
    section("The residual's place: a planted patch on one side of the band (IoU of its extent)");
    let mut got = Vec::new();
    for (name, deg) in
        [("solitaire", 0.0), ("solitaire", 6.0), ("solitaire-dark", -4.0), ("bracelet", 2.0)]
    {
        let set = scene(name, 900, 600);
        let (mut picture, truth) = set.photograph(&Shot { roll_deg: deg, ..Shot::default() });
        let r = extent(&truth);
        let (cx, cy) = (r.x + r.w * 9 / 10, r.y + r.h * 6 / 10);
        let radius = r.w / 11;
        plant(&mut picture, cx, cy, radius);
        let planted = Rect::new(cx - radius, cy - radius, 2 * radius, 2 * radius);
        let region = judge(&picture).symmetry.reading.region.unwrap_or_default();
        let both = planted.intersection(&region).area() as f64;
        let iou = both / (planted.area() + region.area()) as f64;
        got.push(both / ((planted.area() + region.area()) as f64 - both).max(1.0));
        println!("    {name} {deg}°: {iou:.2} {planted:?} {region:?}");
    }
    row("mean IoU", Bar::AtLeast(0.5), mean(&got));
}

/// A dark enamelled disk.
fn plant(p: &mut Rgb8, cx: usize, cy: usize, r: usize) {
    for y in cy - r..cy + r {
        for x in cx - r..cx + r {
            if (x.abs_diff(cx).pow(2) + y.abs_diff(cy).pow(2)) < r * r {
                p.data[(y * p.w + x) * 3..][..3].copy_from_slice(&[30, 60, 140]);
            }
        }
    }
}

pub fn dust() {
    section("Specks on the paper (20 a picture, three sizes): found, and false");
    for size in [2.0, 3.0, 5.0] {
        let (mut found, mut there, mut false_ones) = (0, 0, 0);
        for name in ALL {
            let shot = Shot { dust: Dust { paper: 20, size, ..Dust::NONE }, ..Shot::default() };
            let (picture, truth) = scene(name, 900, 600).photograph(&shot);
            let specks = judge(&picture).cleanliness.specks;
            let marks: Vec<Rect> = truth
                .specks
                .iter()
                .filter(|s| s.mark == Mark::PaperSpeck)
                .map(|s| s.rect.grown(2, 900, 600))
                .collect();
            let hit = |r: &Rect| specks.iter().any(|s| r.contains(s.x as usize, s.y as usize));
            // A speck that hides behind the piece is not in the picture.
            let seen = |r: &&Rect| {
                let (x, y) = r.centre();
                truth.subject.at(x as usize, y as usize) < 30
            };
            there += marks.iter().filter(seen).count();
            found += marks.iter().filter(seen).filter(|r| hit(r)).count();
            false_ones += specks
                .iter()
                .filter(|s| !marks.iter().any(|r| r.contains(s.x as usize, s.y as usize)))
                .count();
        }
        note(&format!("size {size}: recall"), found as f64 / there.max(1) as f64);
        note(&format!("size {size}: false ones a picture"), false_ones as f64 / ALL.len() as f64);
    }
}
