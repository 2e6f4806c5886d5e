//! Pictures to measure: rendered scenes and files.

use culet::imaging::{Image, Rgb8, jpeg};
use culet::practice::{Quality, Scene, Set};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// Every practice scene.
pub const ALL: [&str; 8] = [
    "solitaire",
    "solitaire-dark",
    "bracelet",
    "bracelet-dark",
    "earrings",
    "earrings-dark",
    "pendant",
    "pendant-dark",
];

/// A practice set by its name, rendered once.
pub fn scene(name: &str, w: usize, h: usize) -> Arc<Set> {
    type Sets = Mutex<BTreeMap<(String, usize), Arc<Set>>>;
    static SETS: OnceLock<Sets> = OnceLock::new();
    let mut sets = SETS.get_or_init(Sets::default).lock();
    let make = || Arc::new(Set::new(name.parse::<Scene>().unwrap(), w, h, Quality::FIRST));
    Arc::clone(sets.entry((name.to_owned(), w)).or_insert_with(make))
}

/// Those of `all` that the command line names; all when it names none.
pub fn chosen<'a>(all: &[&'a str]) -> Vec<&'a str> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let picked: Vec<&str> = all.iter().copied().filter(|n| named.iter().any(|m| m == n)).collect();
    if picked.is_empty() { all.to_vec() } else { picked }
}

/// Where the real pictures are, if they are there.
pub fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("CULET_DATA").map_or_else(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// A picture of the data folder; none when it is not there.
pub fn load(path: &str) -> Option<Rgb8> {
    let bytes = std::fs::read(folder()?.join(path)).ok()?;
    if path.ends_with(".png") {
        let p = image::load_from_memory(&bytes).ok()?.to_rgb8();
        return Some(Rgb8 { w: p.width() as usize, h: p.height() as usize, data: p.into_raw() });
    }
    jpeg::decode(&bytes).ok()
}

/// The file names of a folder of the data, in order.
pub fn names(path: &str) -> Vec<String> {
    let Some(folder) = folder() else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(folder.join(path)) else { return Vec::new() };
    let mut all: Vec<String> =
        entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    all.retain(|n| n.to_lowercase().ends_with("jpg") || n.ends_with("png"));
    all.sort();
    all.into_iter().map(|n| format!("{path}/{n}")).collect()
}

/// Means over blocks of linear light until the longest side is at most `side`.
pub fn reduced(p: &Rgb8, side: usize) -> Image {
    let step = p.w.max(p.h).div_ceil(side).max(1);
    let whole = linear(p);
    Image::from_fn(p.w / step, p.h / step, |x, y| {
        let mut sum = [0.0; 3];
        for v in y * step..(y + 1) * step {
            for u in x * step..(x + 1) * step {
                (0..3).for_each(|c| sum[c] += whole.data[v * whole.w + u][c]);
            }
        }
        sum.map(|s| s / (step * step) as f32)
    })
}

pub fn linear(p: &Rgb8) -> Image {
    p.to_linear()
}

/// A disk of radius `r` in linear light; its rim counts in part. Edges repeat.
pub fn disk(p: &Image, r: f32) -> Image {
    if r < 0.05 {
        return p.clone();
    }
    let n = r.ceil() as isize;
    let mut taps = Vec::new();
    for dy in -n..=n {
        for dx in -n..=n {
            // Coverage of the pixel by the disk on a grid of 5 x 5.
            let inside = (0..25_i32).filter(|k| {
                let (u, v) = ((k % 5) as f32 * 0.2 - 0.4, (k / 5) as f32 * 0.2 - 0.4);
                (dx as f32 + u).hypot(dy as f32 + v) <= r
            });
            let weight = inside.count() as f32;
            if weight > 0.0 {
                taps.push((dx, dy, weight));
            }
        }
    }
    let sum: f32 = taps.iter().map(|t| t.2).sum();
    let (w, h) = (p.w as isize, p.h as isize);
    Image::from_fn(p.w, p.h, |x, y| {
        let mut out = [0.0; 3];
        for &(dx, dy, k) in &taps {
            let u = (x as isize + dx).clamp(0, w - 1);
            let v = (y as isize + dy).clamp(0, h - 1);
            let q = p.data[(v * w + u) as usize];
            (0..3).for_each(|c| out[c] += k * q[c]);
        }
        out.map(|v| v / sum)
    })
}

/// The camera: exposure in stops, clipping, noise of a standard deviation in encoded values, JPEG.
pub fn expose(p: &Image, ev: f32, noise: f32, quality: u8, seed: u32) -> Rgb8 {
    let gain = ev.exp2();
    let lit = Image { w: p.w, h: p.h, data: p.data.iter().map(|v| v.map(|v| v * gain)).collect() };
    let mut out = lit.to_srgb8();
    if noise > 0.0 {
        let mut random = Random(seed | 1);
        for v in &mut out.data {
            *v = (f32::from(*v) + 255.0 * noise * random.gauss()).round().clamp(0.0, 255.0) as u8;
        }
    }
    jpeg::decode(&jpeg::encode(&out, quality).unwrap()).unwrap()
}

/// Xorshift (Marsaglia 2003).
pub struct Random(pub u32);

impl Random {
    pub fn unit(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as f32 / 16_777_216.0
    }

    /// Mean 0, deviation 1: Irwin-Hall of six.
    pub fn gauss(&mut self) -> f32 {
        ((0..6).map(|_| self.unit()).sum::<f32>() - 3.0) * std::f32::consts::SQRT_2
    }
}
