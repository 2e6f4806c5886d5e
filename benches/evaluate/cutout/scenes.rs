//! Rendered pieces of bent wire with known alpha, ground and shadow: independent of the practice camera.

use culet::imaging::{Image, Mask, Plane, Rgb8, colour};

/// What a picture is of, and the truth about it.
pub(crate) struct Scene {
    pub(super) name: String,
    pub(super) ground: &'static str,
    pub(crate) picture: Rgb8,
    pub(super) empty: Option<Rgb8>,
    pub(crate) alpha: Mask,
    pub(super) shadow: Option<Plane>,
}

/// What `make` renders, kept in the folder that `CULET_SCENES` names, where it does.
pub(super) fn kept(name: &str, ground: &'static str, make: impl FnOnce() -> Scene) -> Scene {
    let Ok(folder) = std::env::var("CULET_SCENES") else { return make() };
    let file = std::path::PathBuf::from(folder).join(name.replace(' ', "-"));
    if let Some(scene) = std::fs::read(&file).ok().and_then(|bytes| unpack(ground, &bytes)) {
        return scene;
    }
    let scene = make();
    culet::imaging::files::write_atomic(&file, &pack(&scene)).unwrap();
    scene
}

/// Length of the name, width, height, whether there is an empty set and a shadow; name, picture, alpha,
/// empty set, shadow in 32768ths.
fn pack(scene: &Scene) -> Vec<u8> {
    let number = |v: usize| (v as u32).to_le_bytes();
    let known = [scene.empty.is_some(), scene.shadow.is_some()].map(usize::from);
    let head = [scene.name.len(), scene.picture.w, scene.picture.h, known[0], known[1]];
    let mut out: Vec<u8> = head.into_iter().flat_map(number).collect();
    out.extend(scene.name.as_bytes());
    out.extend(&scene.picture.data);
    out.extend(&scene.alpha.data);
    out.extend(scene.empty.iter().flat_map(|p| &p.data));
    let shadow = scene.shadow.iter().flat_map(|p| &p.data);
    out.extend(shadow.flat_map(|v| ((v * 32_768.0) as u16).to_le_bytes()));
    out
}

fn unpack(ground: &'static str, mut bytes: &[u8]) -> Option<Scene> {
    let mut take = |n: usize| {
        let (part, rest) = bytes.split_at_checked(n)?;
        bytes = rest;
        Some(part.to_vec())
    };
    let head: Vec<usize> = take(20)?
        .chunks_exact(4)
        .map(|v| u32::from_le_bytes([v[0], v[1], v[2], v[3]]) as usize)
        .collect();
    let (w, h) = (head[1], head[2]);
    let name = String::from_utf8(take(head[0])?).ok()?;
    let picture = Rgb8 { w, h, data: take(3 * w * h)? };
    let alpha = Mask { w, h, data: take(w * h)? };
    let empty = if head[3] > 0 { Some(Rgb8 { w, h, data: take(3 * w * h)? }) } else { None };
    let shadow = if head[4] > 0 { Some(take(2 * w * h)?) } else { None };
    let value = |v: &[u8]| f32::from(u16::from_le_bytes([v[0], v[1]])) / 32_768.0;
    let shadow = shadow.map(|s| Plane { w, h, data: s.chunks_exact(2).map(value).collect() });
    Some(Scene { name, ground, picture, empty, alpha, shadow })
}

/// A tube along a curve that is cut into balls: x, y, height, radius, in parts of the frame's height.
type Curve = Vec<[f32; 4]>;

pub(crate) const GROUNDS: [&str; 5] = ["white", "grey", "black", "gradient", "textured"];
pub(crate) const PIECES: [&str; 6] = ["ring", "band", "chain", "wire", "hoops", "stud"];

/// Marsaglia's xorshift, for figures that repeat.
pub(super) struct Random(u32);

impl Random {
    pub(super) fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9) | 1)
    }

    pub(super) fn unit(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as f32 / 16_777_216.0
    }

    pub(super) fn within(&mut self, lo: f32, hi: f32) -> f32 {
        lo + (hi - lo) * self.unit()
    }

    fn gauss(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}

fn ellipse(at: (f32, f32), rx: f32, ry: f32, turn: f32, r: f32) -> Curve {
    let n = 400;
    (0..n)
        .map(|i| {
            let a = i as f32 / n as f32 * std::f32::consts::TAU;
            let (x, y) = (rx * a.cos(), ry * a.sin());
            let (s, c) = turn.sin_cos();
            [at.0 + x * c - y * s, at.1 + x * s + y * c, 0.3 * a.sin() * r, r]
        })
        .collect()
}

/// The tubes of a piece in a frame of 1.5 x 1.
fn piece(name: &str, random: &mut Random) -> Vec<Curve> {
    let (x, y) = (random.within(0.68, 0.82), random.within(0.45, 0.55));
    let turn = random.within(-0.4, 0.4);
    match name {
        "ring" => vec![ellipse((x, y), 0.24, 0.22, turn, random.within(0.022, 0.034))],
        "band" => vec![ellipse((x, y), 0.26, random.within(0.07, 0.12), turn, 0.026)],
        "chain" => (0..22)
            .map(|i| {
                let t = i as f32 / 21.0;
                let (px, py) = (
                    0.15 + 1.2 * t,
                    0.3 + 1.5 * (t - 0.5).powi(2) * 0.8 + 0.12 * (t * 5.0 + turn).sin(),
                );
                let flat = if i % 2 == 0 { 0.022 } else { 0.010 };
                ellipse((px, py), 0.036, flat, 0.6 * (t - 0.5) + turn * 0.4, 0.0062)
            })
            .collect(),
        "wire" => {
            let (a, b) = (random.within(2.0, 3.0), random.within(2.0, 4.0));
            let r = random.within(0.002, 0.0045);
            let at = |i: usize| {
                let t = i as f32 / 1200.0 * std::f32::consts::TAU;
                [
                    0.75 + 0.42 * (t * a.round() + turn).cos(),
                    0.5 + 0.3 * (t * b.round()).sin(),
                    (t * 7.0).sin() * r,
                    r,
                ]
            };
            vec![(0..1200).map(at).collect()]
        }
        "hoops" => [-0.27, 0.27]
            .iter()
            .flat_map(|dx| {
                let hoop = ellipse((0.75 + dx, y), 0.19, 0.2, turn, random.within(0.007, 0.011));
                let beads = (0..5).map(|k| {
                    let a = 0.9 + 0.35 * k as f32;
                    let (px, py) = (0.75 + dx + 0.19 * a.cos(), y + 0.2 * a.sin());
                    vec![[px, py, 0.0, 0.024]]
                });
                std::iter::once(hoop).chain(beads).collect::<Vec<_>>()
            })
            .collect(),
        "pearl" => vec![vec![[x, y, 0.0, 0.17]], ellipse((x, y - 0.2), 0.03, 0.04, 0.0, 0.008)],
        _ => {
            let mut tubes = vec![ellipse((x, y), 0.12, 0.12, 0.0, 0.018), vec![[x, y, 0.0, 0.085]]];
            tubes.extend((0..14).map(|k| {
                let a = k as f32 / 14.0 * std::f32::consts::TAU;
                vec![[x + 0.16 * a.cos(), y + 0.16 * a.sin(), 0.0, 0.021]]
            }));
            tubes
        }
    }
}

/// Light from a direction on the set: two soft boxes, a dark card, and the ground's own colour from below
/// and behind. This is what makes metal as light as its ground at its rim.
fn surroundings(d: [f32; 3], ground: [f32; 3], lights: [f32; 2]) -> [f32; 3] {
    let soft = |v: f32, lo: f32, hi: f32| ((v - lo) / (hi - lo)).clamp(0.0, 1.0);
    let box_left = soft(-d[0], 0.35, 0.45) * soft(0.5 - (d[1] - lights[0]).abs(), 0.0, 0.1);
    let box_top = soft(-d[1], 0.5, 0.6) * soft(0.45 - (d[0] - lights[1]).abs(), 0.0, 0.1);
    let card = soft(d[0], 0.55, 0.62) * soft(d[2], 0.0, 0.1);
    let behind = soft(-d[2], 0.45, 0.8);
    std::array::from_fn(|c| {
        let room = 0.12 + 0.9 * box_left + 1.1 * box_top;
        (room * (1.0 - card) + 0.01 * card) * (1.0 - behind) + ground[c] * behind
    })
}

/// Metals as reflectance straight on, and the beads.
const METALS: [[f32; 3]; 4] =
    [[0.95, 0.93, 0.90], [1.0, 0.77, 0.34], [0.95, 0.68, 0.55], [0.04, 0.04, 0.045]];

/// A frame of `h` rows, 3:2. `seed` chooses everything; those of the report were never looked at while the
/// cut-out was made.
pub(crate) fn render(name: &str, ground: &'static str, h: usize, seed: u32) -> Scene {
    const FINE: usize = 3;
    let w = h * 3 / 2;
    let mut random = Random::new(seed);
    let tubes = piece(name, &mut random);
    let metal = METALS[if ground == "black" { seed % 4 } else { seed % 3 } as usize];
    let lights = [random.within(-0.3, 0.3), random.within(-0.3, 0.3)];
    let paper = paper(ground, w, h, &mut random);
    let (fw, fh) = (w * FINE, h * FINE);
    let mut nearest = vec![(f32::MIN, [0.0_f32; 3]); fw * fh];
    for tube in &tubes {
        for pair in 0..tube.len() {
            let (a, b) = (tube[pair], tube[(pair + 1) % tube.len()]);
            draw(&mut nearest, fw, fh, a, b);
        }
    }
    let middle = paper.data[h / 2 * w + w / 2];
    let mut premultiplied = vec![[0.0_f32; 4]; w * h];
    for (i, &(height, n)) in nearest.iter().enumerate() {
        if height > f32::MIN {
            let d = [2.0 * n[2] * n[0], 2.0 * n[2] * n[1], 2.0 * n[2] * n[2] - 1.0];
            let light = surroundings(d, middle, lights);
            let fresnel = (1.0 - n[2]).powi(5);
            let o = &mut premultiplied[(i / fw / FINE) * w + i % fw / FINE];
            // A pearl is white with a thin clear coat.
            let body = 0.72 * (0.62 - 0.3 * n[1] - 0.2 * n[0] + 0.25 * n[2]).clamp(0.1, 1.1);
            for c in 0..3 {
                let r = metal[c] + (1.0 - metal[c]) * fresnel;
                let mirrored = r * light[c];
                let pearl = body + (0.04 + 0.96 * fresnel) * light[c];
                o[c] += if name == "pearl" { pearl } else { mirrored } / (FINE * FINE) as f32;
            }
            o[3] += 1.0 / (FINE * FINE) as f32;
        }
    }
    let lens = random.within(0.5, 0.9);
    let layers: [Vec<f32>; 4] = std::array::from_fn(|c| {
        blur(&premultiplied.iter().map(|p| p[c]).collect::<Vec<_>>(), w, h, lens)
    });
    let shadow = cast(&layers[3], w, h, &mut random);
    let shot = |empty: bool, gain: f32, random: &mut Random| {
        Rgb8::from_fn(w, h, |x, y| {
            let i = y * w + x;
            std::array::from_fn(|c| {
                let g = paper.data[i][c];
                let v = if empty { g } else { layers[c][i] + g * shadow[i] * (1.0 - layers[3][i]) };
                let v = v * gain;
                colour::srgb_encode8(v + (8e-5 * v + 1e-6).max(0.0).sqrt() * random.gauss())
            })
        })
    };
    let picture = shot(false, 1.0, &mut random);
    let empty = shot(true, random.within(0.94, 1.06), &mut random);
    Scene {
        name: format!("{name} {seed}"),
        ground,
        picture,
        empty: Some(empty),
        alpha: Mask { w, h, data: layers[3].iter().map(|a| (a * 255.0 + 0.5) as u8).collect() },
        shadow: Some(Plane { w, h, data: shadow }),
    }
}

/// A tube from ball to ball: heights and normals where it is the nearest.
fn draw(nearest: &mut [(f32, [f32; 3])], w: usize, h: usize, a: [f32; 4], b: [f32; 4]) {
    let s = h as f32;
    let (a, b) = (a.map(|v| v * s), b.map(|v| v * s));
    // The last ball of an open tube is not joined to the first.
    let far = (a[0] - b[0]).hypot(a[1] - b[1]);
    let b = if far > a[3] * 4.0 + 8.0 { a } else { b };
    let r = a[3];
    let span = |i: usize, n: usize| {
        ((a[i].min(b[i]) - r).max(0.0) as usize)
            ..((a[i].max(b[i]) + r + 2.0).min(n as f32) as usize)
    };
    for y in span(1, h) {
        for x in span(0, w) {
            let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let t = (((px - a[0]) * dx + (py - a[1]) * dy) / (dx * dx + dy * dy).max(1e-6))
                .clamp(0.0, 1.0);
            let (ox, oy) = (px - a[0] - t * dx, py - a[1] - t * dy);
            let d2 = ox * ox + oy * oy;
            if d2 < r * r {
                let z = (r * r - d2).sqrt();
                let height = a[2] + z;
                let cell = &mut nearest[y * w + x];
                if height > cell.0 {
                    *cell = (height, [ox / r, oy / r, z / r]);
                }
            }
        }
    }
}

/// The empty ground in linear light.
fn paper(name: &str, w: usize, h: usize, random: &mut Random) -> Image {
    let base: [f32; 3] = match name {
        "white" => [0.86, 0.86, 0.85],
        "grey" => [0.32, 0.33, 0.33],
        "black" => [0.006, 0.006, 0.007],
        "gradient" => [0.55, 0.50, 0.52],
        _ => [0.5, 0.38, 0.27],
    };
    let fall = (random.within(-0.25, 0.25), random.within(-0.3, 0.1));
    let phase = random.within(0.0, 6.0);
    let grain: Vec<f32> = (0..w * h).map(|_| random.gauss()).collect();
    let grain = blur(&grain, w, h, 1.6);
    Image::from_fn(w, h, |x, y| {
        let (u, v) = (x as f32 / w as f32 - 0.5, y as f32 / h as f32 - 0.5);
        let mut light = 1.0 + fall.0 * u + fall.1 * v - 0.25 * (u * u + v * v);
        if name == "gradient" {
            light *= 1.0 / (1.0 + (8.0 * (v + 0.12)).exp()) * 0.8 + 0.35;
        }
        if name == "textured" {
            let stripes = (14.0 * u + 3.0 * (5.0 * v + phase).sin()).sin();
            light *= 1.0 + 0.14 * stripes + 0.35 * grain[y * w + x];
        }
        base.map(|b| (b * light).max(0.0))
    })
}

/// A soft shadow to one side and a close one, as ratios.
fn cast(alpha: &[f32], w: usize, h: usize, random: &mut Random) -> Vec<f32> {
    let k = h as f32 / 600.0;
    let (dx, dy) =
        ((random.within(8.0, 26.0) * k) as usize, (random.within(8.0, 26.0) * k) as usize);
    let moved = |dx: usize, dy: usize| -> Vec<f32> {
        (0..w * h)
            .map(|i| match ((i % w).checked_sub(dx), (i / w).checked_sub(dy)) {
                (Some(x), Some(y)) => alpha[y * w + x],
                _ => 0.0,
            })
            .collect()
    };
    let wide = blur(&moved(dx, dy), w, h, 13.0 * k);
    let close = blur(&moved(dx / 4, dy / 4), w, h, 5.0 * k);
    let depth = random.within(0.4, 0.7);
    (0..w * h).map(|i| (1.0 - depth * wide[i]) * (1.0 - 0.45 * close[i])).collect()
}

/// A Gaussian.
pub(super) fn blur(src: &[f32], w: usize, h: usize, sigma: f32) -> Vec<f32> {
    let r = (3.0 * sigma).ceil() as isize;
    let kernel: Vec<f32> =
        (-r..=r).map(|i| (-(i * i) as f32 / (2.0 * sigma * sigma)).exp()).collect();
    let sum: f32 = kernel.iter().sum();
    let pass = |src: &[f32], n: usize, stride: usize| -> Vec<f32> {
        (0..w * h)
            .map(|i| {
                let k = (i / stride % n) as isize;
                let base = i as isize - k * stride as isize;
                let tap = |(j, weight): (usize, &f32)| {
                    let at = (k + j as isize - r).clamp(0, n as isize - 1);
                    weight * src[(base + at * stride as isize) as usize]
                };
                kernel.iter().enumerate().map(tap).sum::<f32>() / sum
            })
            .collect()
    };
    pass(&pass(src, w, 1), h, w)
}
