//! Draws what the subject network is trained on and writes it to the standard output, sample after sample: a
//! byte that says what kind it is (1: the ground is fitted, not photographed; 2: a square at full size, not
//! the whole picture; 4: a practice set), then ten planes of 320 x 320 bytes. The picture's red, green and
//! blue; how each differs from the ground (128 is not at all); a first guess of the subject (128: none); then
//! the truth: coverage of the subject, of its metal, of its stones.
//!
//! `training-samples SEED [COUNT] [PRACTICE]`: COUNT pictures (0: without end), seven samples each: the whole
//! picture once with the empty set and once without, and five squares of it at full size. The share
//! PRACTICE (.15) of them are path-traced sets of the practice camera, turned and lit at random; the others are pieces that are
//! made up here. Each follows from SEED and its number alone.

mod light;
mod mesh;
mod pieces;
mod random;
mod shot;

use culet::imaging::{Mask, Rgb8, resize};
use culet::practice::{Focus, Lights, Piece, Quality, Set};
use culet::vision::Sight;
use random::Random;
use rayon::prelude::*;
use shot::Shot;
use std::io::Write;

const SIDE: usize = Sight::SIDE;
const N: usize = SIDE * SIDE;
/// Bytes of a sample.
const RECORD: usize = 1 + 10 * N;
/// Squares at full size of one picture.
const SQUARES: usize = 5;
/// Shots of one practice set.
const SHOTS: u64 = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, usual: f64| {
        arguments.get(i).map_or(usual, |a| match a.parse() {
            Ok(v) => v,
            Err(_) => {
                eprintln!("{a} is not a number; use training-samples SEED [COUNT] [PRACTICE]");
                std::process::exit(2);
            }
        })
    };
    let (seed, count, practice) = (number(0, 1.0) as u64, number(1, 0.0) as u64, number(2, 0.15));
    let (to_writer, drawn) = std::sync::mpsc::sync_channel::<Vec<u8>>(64);
    let writer = std::thread::spawn(move || {
        let mut out = std::io::stdout().lock();
        for samples in drawn {
            if out.write_all(&samples).is_err() {
                std::process::exit(0); // whoever reads has enough
            }
        }
    });
    let end = if count == 0 { u64::MAX } else { count };
    // In the order in which they are ready: a practice set takes long, and nobody waits for it.
    (0..end).par_bridge().for_each(|k| {
        pictures(seed, k, practice, &|samples| {
            let _ = to_writer.send(samples); // fails only when the process ends
        });
    });
    drop(to_writer);
    let _ = writer.join();
}

/// The samples of picture `k`, or of several shots of one practice set in its place.
fn pictures(seed: u64, k: u64, practice: f64, put: &dyn Fn(Vec<u8>)) {
    let own = seed.wrapping_mul(1_000_003).wrapping_add(k);
    let mut random = Random::new(own ^ 0xc0de);
    // A practice set gives several pictures, so it is drawn less often.
    let share = practice / (practice + SHOTS as f64 * (1.0 - practice)).max(1e-9);
    if f64::from(random.unit()) < share {
        let set = practice_set(own, &mut random);
        for j in 0..SHOTS {
            put(samples(&practice_shot(&set, own, j, &mut random), 4, &mut random));
        }
    } else {
        put(samples(&shot::shot(own), 0, &mut random));
    }
}

fn practice_set(seed: u64, random: &mut Random) -> Set {
    let piece = Piece::ALL[random.below(4)];
    let w = 560 + random.below(200);
    Set::varied(piece, seed as u32, w, w * 2 / 3, Quality::FIRST)
}

fn practice_shot(set: &Set, seed: u64, j: u64, random: &mut Random) -> Shot {
    let shot = culet::practice::Shot {
        roll_deg: random.within(-25.0, 25.0),
        shift: (random.within(-0.08, 0.08), random.within(-0.06, 0.06)),
        fill: random.within(0.75, 1.15),
        focus: if random.chance(0.7) {
            Focus::At(0.0)
        } else {
            Focus::At(random.within(-4.0, 4.0))
        },
        ev: random.within(-0.7, 0.5),
        gains: std::array::from_fn(|_| 1.0 + 0.04 * random.gauss()),
        lights: Lights {
            key: random.within(0.3, 1.2),
            fill: random.within(0.1, 1.2),
            top: random.within(0.3, 1.2),
        },
        vignette: random.within(0.0, 0.3),
        noise: random.scaled(0.5, 6.0),
        seed: (seed * SHOTS + j) as u32,
        ..culet::practice::Shot::default()
    };
    let (picture, truth) = set.photograph(&shot);
    let part = |part: &Mask| {
        let share = |(&p, &a): (&u8, &u8)| (u16::from(p) * u16::from(a) / 255) as u8;
        let data = part.data.iter().zip(&truth.subject.data).map(share).collect();
        Mask { w: part.w, h: part.h, data }
    };
    let (metal, stone) = (part(&truth.metal), part(&truth.stone));
    // Whoever photographs an empty set gets noise with it.
    let level = random.scaled(0.2, 2.0);
    let data = truth.empty_set.data.iter();
    let data = data.map(|&v| (f32::from(v) + level * random.gauss() + 0.5) as u8).collect();
    let empty = Rgb8 { data, ..truth.empty_set };
    Shot { picture, empty, metal, stone, subject: truth.subject }
}

/// The samples of a picture.
fn samples(shot: &Shot, kind: u8, random: &mut Random) -> Vec<u8> {
    let mut out = Vec::with_capacity((2 + SQUARES) * RECORD);
    let truth = [&shot.subject, &shot.metal, &shot.stone].map(resize_mask);
    for empty in [Some(&shot.empty), None] {
        out.push(kind + u8::from(empty.is_none()));
        let sight = Sight::whole(&shot.picture, empty);
        put(&mut out, &sight.square(0, 0), &vec![128; N]);
        truth.iter().for_each(|t| out.extend(t));
    }
    let guess = guess(&truth[0], random);
    let known = random.chance(0.5);
    let close = Sight::close(&shot.picture, known.then_some(&shot.empty));
    let (w, h) = close.size();
    let rim: Vec<usize> =
        (0..w * h).filter(|&i| (1..255).contains(&shot.subject.data[i])).collect();
    for _ in 0..SQUARES {
        let (x, y) = if !rim.is_empty() && random.chance(0.85) {
            let i = rim[random.below(rim.len())];
            (i % w, i / w)
        } else {
            (random.below(w), random.below(h))
        };
        let mut corner = |at: usize, n: usize| {
            let shifted = at as f32 - SIDE as f32 * random.within(0.2, 0.8);
            shifted.clamp(0.0, n.saturating_sub(SIDE) as f32) as usize
        };
        let (left, top) = (corner(x, w), corner(y, h));
        let hint: Vec<u8> = if random.chance(0.15) {
            vec![128; N]
        } else {
            let place = |i: usize| {
                let (x, y) = ((left + i % SIDE).min(w - 1), (top + i / SIDE).min(h - 1));
                sample(&guess, (x as f32 + 0.5) / w as f32, (y as f32 + 0.5) / h as f32)
            };
            (0..N).map(place).collect()
        };
        out.push(kind + 2 + u8::from(!known));
        put(&mut out, &close.square(left, top), &hint);
        for truth in [&shot.subject, &shot.metal, &shot.stone] {
            let at = |i: usize| truth.at((left + i % SIDE).min(w - 1), (top + i / SIDE).min(h - 1));
            out.extend((0..N).map(at));
        }
    }
    out
}

fn put(out: &mut Vec<u8>, planes: &[f32], hint: &[u8]) {
    let byte = |v: f32| (v + 0.5).clamp(0.0, 255.0) as u8;
    out.extend(planes[..3 * N].iter().map(|v| byte((v + 0.5) * 255.0)));
    out.extend(planes[3 * N..].iter().map(|v| byte(128.0 + 127.0 * v)));
    out.extend(hint);
}

fn resize_mask(mask: &Mask) -> Vec<u8> {
    let rgb = Rgb8 { w: mask.w, h: mask.h, data: mask.data.iter().flat_map(|&v| [v; 3]).collect() };
    resize::rgb8(&rgb, SIDE, SIDE).data.chunks_exact(3).map(|p| p[0]).collect()
}

/// Bilinear, at parts of the square.
fn sample(square: &[f32], u: f32, v: f32) -> u8 {
    let (x, y) = (u * SIDE as f32 - 0.5, v * SIDE as f32 - 0.5);
    let (x0, y0) = (x.max(0.0) as usize, y.max(0.0) as usize);
    let (a, b) = ((x - x0 as f32).clamp(0.0, 1.0), (y - y0 as f32).clamp(0.0, 1.0));
    let at = |x: usize, y: usize| square[y.min(SIDE - 1) * SIDE + x.min(SIDE - 1)];
    let top = at(x0, y0) * (1.0 - a) + at(x0 + 1, y0) * a;
    let low = at(x0, y0 + 1) * (1.0 - a) + at(x0 + 1, y0 + 1) * a;
    (top * (1.0 - b) + low * b + 0.5).clamp(0.0, 255.0) as u8
}

/// What a first look at the whole picture could have guessed: the truth with soft rims, parts missed, filled
/// or unsure.
fn guess(truth: &[u8], random: &mut Random) -> Vec<f32> {
    let mut out: Vec<f32> = truth.iter().map(|&v| f32::from(v)).collect();
    for _ in 0..random.below(7) {
        let (cx, cy) = (random.below(SIDE) as f32, random.below(SIDE) as f32);
        let r = random.scaled(3.0, 45.0);
        let (value, strong) = (random.unit() * 255.0, random.unit());
        for (i, v) in out.iter_mut().enumerate() {
            let d = ((i % SIDE) as f32 - cx).hypot((i / SIDE) as f32 - cy);
            let k = (1.5 - 1.5 * d / r).clamp(0.0, 1.0) * strong;
            *v += (value - *v) * k;
        }
    }
    let sure = random.within(0.75, 1.0);
    out.iter_mut().for_each(|v| *v = 127.5 + (*v - 127.5) * sure);
    // Binomial, some times.
    for _ in 0..random.below(5) {
        for stride in [1, SIDE] {
            let old = out.clone();
            for i in stride..N - stride {
                out[i] = 0.25 * (old[i - stride] + old[i + stride]) + 0.5 * old[i];
            }
        }
    }
    out
}
