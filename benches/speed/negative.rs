//! A camera raw of 24 megapixels that nobody has to ship: the practice scene behind a Bayer mosaic, with
//! shot noise, at 14 bits in lossless JPEG strips, as a DNG. Written by hand after the TIFF 6.0, DNG 1.4
//! and ITU T.81 (annex H) specifications, so that the reader under test did not also write it.

use culet::imaging::colour::srgb_decode_table;
use culet::practice::{Quality, Set, Shot};

const SIZE: (usize, usize) = (6000, 4000);
/// Rows of a strip.
const STRIP: usize = 500;
const BLACK: f32 = 512.0;
const WHITE: f32 = 15_300.0;
/// What the sensor makes of white light: red, green, blue.
const NEUTRAL: [f32; 3] = [0.5, 1.0, 0.64];

/// The bytes of the file.
pub fn dng() -> Vec<u8> {
    let mosaic = mosaic();
    let strips: Vec<Vec<u8>> = mosaic.chunks(STRIP * SIZE.0).map(lossless).collect();
    file(&strips)
}

/// Sensor values of the scene, four sensor pixels for each of its own along a side.
fn mosaic() -> Vec<u16> {
    let scene = Set::new("solitaire".parse().unwrap(), SIZE.0 / 4, SIZE.1 / 4, Quality::FIRST);
    let (picture, _) = scene.photograph(&Shot::default());
    let table = srgb_decode_table();
    let mut seed = 1_u32;
    let mut grain = move || {
        let mut roll = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        (roll() + roll() + roll() + roll()) * 1.732
    };
    let mut out = Vec::with_capacity(SIZE.0 * SIZE.1);
    for y in 0..SIZE.1 {
        for x in 0..SIZE.0 {
            let c = (x & 1) + (y & 1);
            let light = |i: usize, j: usize| {
                let at = (j.min(picture.h - 1) * picture.w + i.min(picture.w - 1)) * 3 + c;
                table[usize::from(picture.data[at])]
            };
            let (u, v) = ((x % 4) as f32 / 4.0, (y % 4) as f32 / 4.0);
            let (i, j) = (x / 4, y / 4);
            let upper = light(i, j) * (1.0 - u) + light(i + 1, j) * u;
            let lower = light(i, j + 1) * (1.0 - u) + light(i + 1, j + 1) * u;
            let seen = (upper * (1.0 - v) + lower * v) * NEUTRAL[c] * (WHITE - BLACK);
            // Some twenty thousand electrons at white.
            let noisy = seen + grain() * (1.4 * seen + 60.0).sqrt();
            out.push((BLACK + noisy).clamp(0.0, 16_383.0) as u16);
        }
    }
    out
}

/// Lossless JPEG of a strip: each row is two interleaved components, each predicted by what lies to its
/// left, the first of a row by what lies above it.
fn lossless(values: &[u16]) -> Vec<u8> {
    let (w, h) = (SIZE.0, values.len() / SIZE.0);
    let [wide, high] = [w / 2, h].map(|v| (v as u16).to_be_bytes());
    let mut out = vec![0xff, 0xd8, 0xff, 0xc4, 0, 34, 0];
    // Fifteen sizes of a difference, all with codes of four bits; the sixteenth code may not be used.
    out.extend([0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend(0..15);
    out.extend([0xff, 0xc3, 0, 14, 14, high[0], high[1], wide[0], wide[1], 2]);
    out.extend([0, 0x11, 0, 1, 0x11, 0, 0xff, 0xda, 0, 10, 2, 0, 0, 1, 0, 1, 0, 0]);
    let mut bits = Bits { out, held: 0, count: 0 };
    for y in 0..h {
        for x in 0..w {
            let at = y * w + x;
            let before = match (x, y) {
                (0 | 1, 0) => 1 << 13,
                (0 | 1, _) => i32::from(values[at - w]),
                _ => i32::from(values[at - 2]),
            };
            bits.difference(i32::from(values[at]) - before);
        }
    }
    bits.end()
}

struct Bits {
    out: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn difference(&mut self, d: i32) {
        let size = 32 - d.unsigned_abs().leading_zeros();
        let low = if d < 0 { d - 1 } else { d } as u32 & ((1_u32 << size) - 1);
        self.push(size, 4);
        self.push(low, size);
    }

    fn push(&mut self, value: u32, count: u32) {
        self.held = self.held << count | u64::from(value);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count) as u8;
            self.out.push(byte);
            if byte == 0xff {
                self.out.push(0);
            }
        }
    }

    fn end(mut self) -> Vec<u8> {
        let rest = (8 - self.count % 8) % 8;
        self.push((1 << rest) - 1, rest);
        self.out.extend([0xff, 0xd9]);
        self.out
    }
}

/// A value of a tag: its type's number, how many, and their bytes.
struct Entry(u16, u16, u32, Vec<u8>);

fn shorts(tag: u16, values: &[u16]) -> Entry {
    Entry(tag, 3, values.len() as u32, values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

fn longs(tag: u16, values: &[u32]) -> Entry {
    Entry(tag, 4, values.len() as u32, values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

fn bytes(tag: u16, values: &[u8]) -> Entry {
    Entry(tag, 1, values.len() as u32, values.to_vec())
}

fn text(tag: u16, value: &str) -> Entry {
    Entry(tag, 2, value.len() as u32 + 1, [value.as_bytes(), &[0]].concat())
}

/// Ratios, signed or not.
fn ratios(tag: u16, kind: u16, values: &[f32]) -> Entry {
    let pair = |v: &f32| [((v * 1e4).round() as i32).to_le_bytes(), 10_000_i32.to_le_bytes()];
    Entry(tag, kind, values.len() as u32, values.iter().flat_map(pair).flatten().collect())
}

fn file(strips: &[Vec<u8>]) -> Vec<u8> {
    let (w, h) = (SIZE.0 as u32, SIZE.1 as u32);
    let counts: Vec<u32> = strips.iter().map(|s| s.len() as u32).collect();
    let mut out = b"II*\0\0\0\0\0".to_vec();
    let mut offsets = Vec::new();
    for strip in strips {
        offsets.push(out.len() as u32);
        out.extend(strip);
        out.resize(out.len().next_multiple_of(2), 0);
    }
    // XYZ to the primaries of sRGB, before the white balance of daylight.
    let matrix = [3.2405, -1.5371, -0.4985, -0.9693, 1.8760, 0.0416, 0.0556, -0.2040, 1.0572];
    let rows = matrix.iter().enumerate().map(|(i, v)| v * NEUTRAL[i / 3]);
    let mut entries = vec![
        longs(254, &[0]),
        longs(256, &[w]),
        longs(257, &[h]),
        shorts(258, &[16]),
        shorts(259, &[7]),
        shorts(262, &[32_803]),
        text(271, "Culet"),
        text(272, "Practice"),
        longs(273, &offsets),
        shorts(274, &[1]),
        shorts(277, &[1]),
        longs(278, &[STRIP as u32]),
        longs(279, &counts),
        shorts(284, &[1]),
        shorts(33_421, &[2, 2]),
        bytes(33_422, &[0, 1, 1, 2]),
        bytes(50_706, &[1, 4, 0, 0]),
        bytes(50_707, &[1, 1, 0, 0]),
        text(50_708, "Culet Practice"),
        bytes(50_710, &[0, 1, 2]),
        shorts(50_711, &[1]),
        longs(50_714, &[BLACK as u32]),
        longs(50_717, &[WHITE as u32]),
        ratios(50_721, 10, &rows.collect::<Vec<f32>>()),
        ratios(50_728, 5, &NEUTRAL),
        shorts(50_778, &[21]),
    ];
    entries.sort_by_key(|e| e.0);
    let at = out.len() as u32;
    out[4..8].copy_from_slice(&at.to_le_bytes());
    out.extend((entries.len() as u16).to_le_bytes());
    let mut beyond = at + 2 + 12 * entries.len() as u32 + 4;
    let mut tail = Vec::new();
    for Entry(tag, kind, count, mut value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        if value.len() <= 4 {
            value.resize(4, 0);
            out.extend(value);
        } else {
            out.extend(beyond.to_le_bytes());
            value.resize(value.len().next_multiple_of(2), 0);
            beyond += value.len() as u32;
            tail.extend(value);
        }
    }
    out.extend([0; 4]);
    out.extend(tail);
    out
}
