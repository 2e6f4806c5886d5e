//! A piece on a ground in a frame, as a camera takes it, with the truth about each pixel.

use crate::light::{Materials, Surroundings};
use crate::mesh::{Mesh, V3, add, cover, cross, dot, scale, turn, unit};
use crate::pieces;
use crate::random::Random;
use culet::imaging::{Mask, Rgb8, colour, jpeg};
use std::f32::consts::TAU;

/// A picture and what is known about it.
pub(crate) struct Shot {
    pub(crate) picture: Rgb8,
    /// The same set without the piece, matched only roughly in exposure.
    pub(crate) empty: Rgb8,
    /// Coverage of the piece, and of its metal and its stones.
    pub(crate) subject: Mask,
    pub(crate) metal: Mask,
    pub(crate) stone: Mask,
}

/// Samples a pixel, a side.
const FINE: usize = 2;
/// Distance of the camera in frame heights.
const FAR: f32 = 5.0;

struct Camera {
    w: usize,
    h: usize,
}

impl Camera {
    /// Where a point falls, in pixels times `fine`, and how near it is.
    fn project(&self, p: V3, fine: f32) -> ([f32; 2], f32) {
        let k = FAR / (FAR - p[2]) * self.h as f32;
        ([(self.w as f32 * 0.5 + p[0] * k) * fine, (self.h as f32 * 0.5 - p[1] * k) * fine], p[2])
    }
}

/// What a fine pixel shows.
#[derive(Clone, Copy)]
struct Seen {
    near: f32,
    normal: V3,
    material: u8,
    facet: u32,
    at: V3,
}

pub(crate) fn shot(seed: u64) -> Shot {
    let mut random = Random::new(seed);
    let h = 380 + random.below(260);
    let w = (h as f32 * [1.5, 1.5, 1.333, 1.0, 0.75, 0.667][random.below(6)]) as usize;
    let camera = Camera { w, h };
    let elevation =
        if random.chance(0.4) { random.within(1.35, 1.57) } else { random.within(0.25, 1.35) };
    let up = [0.0, elevation.cos(), elevation.sin()];
    let (mesh, lowest) = lay(&mut random, up, w as f32 / h as f32);
    let ground = ground(w, h, &mut random);
    let middle = ground[h / 2 * w + w / 2];
    let around = Surroundings::new(up, middle, &mut random);
    let materials = Materials::new(&mut random);
    let shadow = shadow(&mesh, &camera, up, lowest, &mut random);
    let seen = rasterise(&mesh, &camera);
    let (mut layers, stone) = layers(&seen, &camera, &around, &materials);
    let softest = if random.chance(0.15) { 3.0 } else { 1.3 };
    let lens = random.scaled(0.35, softest);
    let [mut r, mut g, mut b, mut a] = std::mem::take(&mut layers);
    for plane in [&mut r, &mut g, &mut b, &mut a] {
        blur(plane, w, h, lens);
    }
    let mut stones = stone;
    blur(&mut stones, w, h, lens);
    let mirror = mirror(&mesh, &camera, up, lowest, &around, &materials, &mut random);
    let exposure = random.scaled(0.6, 1.25);
    let balance: V3 = std::array::from_fn(|_| 1.0 + 0.04 * random.gauss());
    let noise = random.scaled(2e-6, 6e-4);
    let dust: Vec<([f32; 2], f32, f32)> =
        (0..if random.chance(0.4) { random.below(25) } else { 0 })
            .map(|_| {
                let at = [random.unit() * w as f32, random.unit() * h as f32];
                (at, random.scaled(0.5, 2.2), random.within(-0.7, 0.5))
            })
            .collect();
    let mut ground_here = ground.clone();
    for (at, size, change) in dust {
        let reach = (size * 3.0) as isize + 1;
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let (x, y) = (at[0] as isize + dx, at[1] as isize + dy);
                if x >= 0 && y >= 0 && (x as usize) < w && (y as usize) < h {
                    let d = ((dx * dx + dy * dy) as f32).sqrt();
                    let k = 1.0 + change * (size + 0.5 - d).clamp(0.0, 1.0);
                    let p = &mut ground_here[y as usize * w + x as usize];
                    *p = scale(*p, k);
                }
            }
        }
    }
    let colour = [&r, &g, &b];
    let mut take = |empty: bool, gain: V3, noise: f32| {
        Rgb8::from_fn(w, h, |x, y| {
            let i = y * w + x;
            std::array::from_fn(|c| {
                let v = if empty {
                    ground[i][c]
                } else {
                    let lit = ground_here[i][c] * shadow[i] + mirror[i][c];
                    colour[c][i] + lit * (1.0 - a[i])
                };
                let v = v * gain[c] * exposure;
                colour::srgb_encode8(
                    v + (noise * v.max(0.0) + noise * 0.02).sqrt() * random.gauss(),
                )
            })
        })
    };
    let mut picture = take(false, balance, noise);
    // The empty set was averaged over some frames; its exposure need not be the same.
    let mut empty = take(true, balance, noise * 0.3);
    if random.chance(0.5) {
        let other = random.within(0.9, 1.1);
        empty = take_again(&empty, other);
    }
    if random.chance(0.5) {
        let quality = 70 + random.below(28) as u8;
        for p in [&mut picture, &mut empty] {
            if let Some(again) = jpeg::encode(p, quality).ok().and_then(|b| jpeg::decode(&b).ok()) {
                *p = again;
            }
        }
    }
    let mask = |f: &dyn Fn(usize) -> f32| Mask {
        w,
        h,
        data: (0..w * h).map(|i| (f(i).clamp(0.0, 1.0) * 255.0 + 0.5) as u8).collect(),
    };
    Shot {
        picture,
        empty,
        subject: mask(&|i| a[i]),
        metal: mask(&|i| a[i] - stones[i]),
        stone: mask(&|i| stones[i]),
    }
}

fn take_again(picture: &Rgb8, gain: f32) -> Rgb8 {
    let table = colour::srgb_decode_table();
    let data = picture.data.iter().map(|&v| colour::srgb_encode8(table[v as usize] * gain));
    Rgb8 { w: picture.w, h: picture.h, data: data.collect() }
}

/// A piece, or seldom none, in the camera's frame, and the height of the ground along `up`.
fn lay(random: &mut Random, up: V3, aspect: f32) -> (Mesh, f32) {
    let (mut mesh, stands) = pieces::piece(random);
    let size = random.scaled(0.45, 1.25);
    let spin = random.within(0.0, TAU);
    let tilt = if stands && random.chance(0.4) {
        [random.within(1.2, 1.57), random.within(0.0, 1.57)][random.below(2)]
    } else {
        random.within(-0.12, 0.12)
    };
    // The piece's own axes seen from the camera: upright on the ground, tilted, then spun.
    let side = unit(cross(up, [0.0, 0.0, 1.0]));
    let side = if up[2] > 0.999 { [1.0, 0.0, 0.0] } else { side };
    let front = cross(side, up);
    let ground = [
        add(scale(side, spin.cos()), scale(front, spin.sin())),
        up,
        add(scale(side, -spin.sin()), scale(front, spin.cos())),
    ];
    let (st, ct) = tilt.sin_cos();
    let y = add(scale(ground[1], ct), scale(ground[2], st));
    let z = add(scale(ground[1], -st), scale(ground[2], ct));
    let x = ground[0];
    let rows: [V3; 3] = std::array::from_fn(|i| [x[i], y[i], z[i]]);
    mesh.map(|p| scale(turn(&rows, p), size), |n| turn(&rows, n));
    let (mut lo, mut hi) = ([f32::MAX; 3], [f32::MIN; 3]);
    for p in mesh.triangles.iter().flat_map(|t| t.at) {
        for c in 0..3 {
            (lo[c], hi[c]) = (lo[c].min(p[c]), hi[c].max(p[c]));
        }
    }
    let loose = random.within(0.0, 0.12);
    let shift: V3 = std::array::from_fn(|c| {
        -0.5 * (lo[c] + hi[c]) + loose * random.within(-1.0, 1.0) * [aspect, 1.0, 0.0][c]
    });
    mesh.map(|p| add(p, shift), |n| n);
    // A frame that cuts the piece is rare.
    let reach = mesh
        .triangles
        .iter()
        .flat_map(|t| t.at)
        .map(|p| (p[0].abs() / aspect).max(p[1].abs()))
        .fold(0.0, f32::max);
    if reach > 0.47 && random.chance(0.9) {
        let k = 0.46 / reach;
        mesh.map(|p| scale(p, k), |n| n);
    }
    let lowest =
        mesh.triangles.iter().flat_map(|t| t.at).map(|p| dot(p, up)).fold(f32::MAX, f32::min);
    if random.chance(0.02) {
        mesh.triangles.clear();
    }
    // Hung pieces are away from what is behind them.
    let gap = if random.chance(0.15) { random.within(0.02, 0.6) } else { 0.0 };
    (mesh, lowest - gap)
}

fn rasterise(mesh: &Mesh, camera: &Camera) -> Vec<Seen> {
    let (w, h) = (camera.w * FINE, camera.h * FINE);
    let nothing = Seen { near: f32::MIN, normal: [0.0; 3], material: 0, facet: 0, at: [0.0; 3] };
    let mut seen = vec![nothing; w * h];
    for t in &mesh.triangles {
        let p = t.at.map(|p| camera.project(p, FINE as f32).0);
        cover(p, (w, h), |x, y, k| {
            let mix =
                |v: &[V3; 3]| add(add(scale(v[0], k[0]), scale(v[1], k[1])), scale(v[2], k[2]));
            let at = mix(&t.at);
            let cell = &mut seen[y * w + x];
            if at[2] > cell.near {
                *cell = Seen {
                    near: at[2],
                    normal: mix(&t.normal),
                    material: t.material,
                    facet: t.facet,
                    at,
                };
            }
        });
    }
    seen
}

/// Premultiplied colour and coverage, and coverage of stone.
fn layers(
    seen: &[Seen],
    camera: &Camera,
    around: &Surroundings,
    materials: &Materials,
) -> ([Vec<f32>; 4], Vec<f32>) {
    let (w, h) = (camera.w, camera.h);
    let mut out: [Vec<f32>; 4] = std::array::from_fn(|_| vec![0.0; w * h]);
    let mut stone = vec![0.0; w * h];
    let share = 1.0 / (FINE * FINE) as f32;
    for (i, s) in seen.iter().enumerate().filter(|(_, s)| s.near > f32::MIN) {
        let to = (i / (w * FINE) / FINE) * w + i % (w * FINE) / FINE;
        let view = unit([-s.at[0], -s.at[1], FAR - s.at[2]]);
        let normal = unit(s.normal);
        let normal = if dot(normal, view) < 0.0 { scale(normal, -1.0) } else { normal };
        let c = materials.shade(around, (s.material, s.facet), normal, view, i as u32);
        for (plane, v) in out.iter_mut().zip(c) {
            plane[to] += v.min(6.0) * share;
        }
        out[3][to] += share;
        if materials.is_stone(s.material) {
            stone[to] += share;
        }
    }
    (out, stone)
}

/// Share of the ground's light that the piece leaves, for lamps of some size and the room.
fn shadow(mesh: &Mesh, camera: &Camera, up: V3, lowest: f32, random: &mut Random) -> Vec<f32> {
    const RAYS: usize = 9;
    const SMALL: usize = 2;
    let (w, h) = (camera.w / SMALL, camera.h / SMALL);
    let mut shade = vec![0.0_f32; w * h];
    let lamps = 1 + random.below(3);
    let depth = random.within(0.25, 0.85);
    let mut taken = vec![0_u32; w * h];
    let mut mark = 0;
    for _ in 0..lamps {
        let middle = unit(add(scale(up, random.within(0.5, 2.5)), random.direction()));
        let spread = random.scaled(0.03, 0.5);
        let weight = depth / lamps as f32 / RAYS as f32;
        for _ in 0..RAYS {
            let l = unit(add(middle, scale(random.direction(), spread)));
            let rise = dot(l, up);
            if rise < 0.12 {
                continue;
            }
            mark += 1;
            for t in &mesh.triangles {
                let on = t.at.map(|p| {
                    let high = dot(p, up) - lowest;
                    let q = add(p, scale(l, -high / rise));
                    camera.project(q, 1.0 / SMALL as f32).0
                });
                cover(on, (w, h), |x, y, _| {
                    let i = y * w + x;
                    if taken[i] != mark {
                        taken[i] = mark;
                        shade[i] += weight;
                    }
                });
            }
        }
    }
    blur(&mut shade, w, h, random.within(0.8, 2.5));
    // What a piece keeps off the room's light lies close around it.
    let mut close = vec![0.0_f32; w * h];
    for t in &mesh.triangles {
        let on = t.at.map(|p| {
            let high = dot(p, up) - lowest;
            camera.project(add(p, scale(up, -high)), 1.0 / SMALL as f32).0
        });
        cover(on, (w, h), |x, y, _| close[y * w + x] = 1.0);
    }
    blur(&mut close, w, h, h as f32 * random.scaled(0.006, 0.03));
    let room = random.within(0.0, 0.6);
    (0..camera.w * camera.h)
        .map(|i| {
            let (x, y) = ((i % camera.w) as f32 / 2.0 - 0.25, (i / camera.w) as f32 / 2.0 - 0.25);
            let at = |p: &[f32]| {
                let (x0, y0) = (x.max(0.0) as usize, y.max(0.0) as usize);
                let (u, v) = ((x - x0 as f32).max(0.0), (y - y0 as f32).max(0.0));
                let get = |x: usize, y: usize| p[y.min(h - 1) * w + x.min(w - 1)];
                (get(x0, y0) * (1.0 - u) + get(x0 + 1, y0) * u) * (1.0 - v)
                    + (get(x0, y0 + 1) * (1.0 - u) + get(x0 + 1, y0 + 1) * u) * v
            };
            (1.0 - at(&shade)).max(0.05) * (1.0 - room * at(&close))
        })
        .collect()
}

/// The piece in a glossy ground: added light.
fn mirror(
    mesh: &Mesh,
    camera: &Camera,
    up: V3,
    lowest: f32,
    around: &Surroundings,
    materials: &Materials,
    random: &mut Random,
) -> Vec<V3> {
    let (w, h) = (camera.w, camera.h);
    let mut out = vec![[0.0; 3]; w * h];
    if random.chance(0.7) {
        return out;
    }
    let (gloss, rough) = (random.scaled(0.01, 0.3), random.scaled(0.6, 6.0));
    let grazing = 0.2 + 0.8 * (1.0 - up[2]).powi(2);
    let mut near = vec![f32::MIN; w * h];
    let mut planes: [Vec<f32>; 3] = std::array::from_fn(|_| vec![0.0; w * h]);
    for t in &mesh.triangles {
        let at = t.at.map(|p| add(p, scale(up, -2.0 * (dot(p, up) - lowest))));
        let p = at.map(|p| camera.project(p, 1.0).0);
        let n = add(add(t.normal[0], t.normal[1]), t.normal[2]);
        let n = unit(add(n, scale(up, -2.0 * dot(n, up))));
        let view = [0.0, 0.0, 1.0];
        let n = if dot(n, view) < 0.0 { scale(n, -1.0) } else { n };
        let c = materials.shade(around, (t.material, t.facet), n, view, t.facet);
        cover(p, (w, h), |x, y, k| {
            let z = at[0][2] * k[0] + at[1][2] * k[1] + at[2][2] * k[2];
            let i = y * w + x;
            if z > near[i] {
                near[i] = z;
                (0..3).for_each(|j| planes[j][i] = c[j].min(2.0) * gloss * grazing);
            }
        });
    }
    for plane in &mut planes {
        blur(plane, w, h, rough);
    }
    for (i, p) in out.iter_mut().enumerate() {
        *p = std::array::from_fn(|c| planes[c][i]);
    }
    out
}

/// The bare ground, linear: paper, acrylic, cloth, wood, a sweep that falls off into the dark.
fn ground(w: usize, h: usize, random: &mut Random) -> Vec<V3> {
    let light = match random.unit() {
        p if p < 0.38 => random.within(0.6, 0.92),
        p if p < 0.6 => random.scaled(0.004, 0.03),
        p if p < 0.85 => random.within(0.1, 0.6),
        _ => random.scaled(0.03, 0.9),
    };
    let tint = if random.chance(0.35) { 0.5 } else { 0.03 };
    let base: V3 = std::array::from_fn(|_| light * random.within(1.0 - tint, 1.0));
    let fall = [random.within(-0.3, 0.3), random.within(-0.35, 0.35), random.within(-0.6, 0.1)];
    let horizon = random
        .chance(0.25)
        .then(|| (random.within(-0.4, 0.1), random.within(4.0, 16.0), random.within(-0.75, 0.6)));
    let texture = if random.chance(0.25) { 1 + random.below(3) } else { 0 };
    let strong = random.scaled(0.02, 0.35);
    let (waves, slant, phase) =
        (random.scaled(6.0, 90.0), random.within(-3.0, 3.0), random.unit() * 6.0);
    let mut grain: Vec<f32> = Vec::new();
    if texture > 0 {
        grain = (0..w * h).map(|_| random.gauss()).collect();
        let soft = random.scaled(0.7, 5.0);
        blur(&mut grain, w, h, soft);
        grain.iter_mut().for_each(|g| *g *= soft * 2.5);
    }
    (0..w * h)
        .map(|i| {
            let (u, v) = (
                (i % w) as f32 / h as f32 - 0.5 * w as f32 / h as f32,
                (i / w) as f32 / h as f32 - 0.5,
            );
            let mut k = 1.0 + fall[0] * u + fall[1] * v + fall[2] * (u * u + v * v);
            if let Some((at, steep, change)) = horizon {
                k *= 1.0 + change / (1.0 + ((v - at) * steep).exp());
            }
            k *= match texture {
                1 => 1.0 + strong * grain[i],
                2 => {
                    1.0 + strong
                        * ((waves * u + slant * (4.0 * v + phase).sin()).sin() * 0.6
                            + 0.6 * grain[i])
                }
                3 => {
                    let weave = (waves * 2.0 * u).sin() * (waves * 2.0 * v).sin();
                    1.0 + strong * (0.7 * weave + 0.3 * grain[i])
                }
                _ => 1.0,
            };
            scale(base, k.max(0.02))
        })
        .collect()
}

/// A Gaussian.
fn blur(plane: &mut [f32], w: usize, h: usize, sigma: f32) {
    let r = (3.0 * sigma).ceil() as isize;
    let mut kernel: Vec<f32> =
        (-r..=r).map(|i| (-(i * i) as f32 / (2.0 * sigma * sigma)).exp()).collect();
    let sum: f32 = kernel.iter().sum();
    kernel.iter_mut().for_each(|k| *k /= sum);
    let mut line = Vec::new();
    for (count, n, stride, step) in [(h, w, 1, w), (w, h, w, 1)] {
        for k in 0..count {
            line.clear();
            let at = |i: isize| plane[k * step + i.clamp(0, n as isize - 1) as usize * stride];
            line.extend((-r..n as isize + r).map(at));
            for i in 0..n {
                let window = &line[i..i + kernel.len()];
                plane[k * step + i * stride] = window.iter().zip(&kernel).map(|(a, b)| a * b).sum();
            }
        }
    }
}
