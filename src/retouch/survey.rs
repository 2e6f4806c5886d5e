//! The first look at a picture: one pass over its bytes that leaves the mean of each block of k x k
//! pixels and the extremes of green in it, so that a speck of two pixels is not averaged away.
//!
//! The means are taken of squares: the square of an sRGB byte is nearly linear light, and eight of
//! them fit into one machine word.

use super::tile::{Frame, Source, Tile};
use crate::imaging::colour::{SRGB_TO_REC2020, apply, srgb_decode_table};
use crate::imaging::lanes::wide;
use crate::imaging::{Rect, Space};
use rayon::prelude::*;

/// Longest side of the reduced picture, pixels.
const SIDE: usize = 1200;

/// What one pass over a picture found.
pub(super) struct Survey {
    /// The reduced picture.
    pub(super) tile: Tile,
    /// Side of a block, pixels of the picture; those at the right and lower edge may be cut.
    pub(super) block: usize,
    /// Least green byte of each block.
    pub(super) low: Vec<u8>,
    /// Greatest green byte of each block.
    pub(super) high: Vec<u8>,
}

/// One row of blocks.
struct BlockRow {
    light: Vec<[f32; 3]>,
    low: Vec<u8>,
    high: Vec<u8>,
}

impl Survey {
    /// Looks at a whole picture.
    pub(super) fn of(source: &Source<'_>) -> Self {
        let (w, h) = source.size();
        let block = w.max(h).div_ceil(SIDE).max(1);
        let (bw, bh) = (w.div_ceil(block), h.div_ceil(block));
        let rows: Vec<BlockRow> = (0..bh)
            .into_par_iter()
            .map_init(Room::default, |room, y| block_row(source, y * block, block, room))
            .collect();
        let frame = Frame { w: bw, h: bh, scale: 1.0 / block as f32 };
        let mut tile = Tile::new(frame, Rect::new(0, 0, bw, bh));
        let (mut low, mut high) = (Vec::with_capacity(bw * bh), Vec::with_capacity(bw * bh));
        for (y, row) in rows.iter().enumerate() {
            row.light.iter().enumerate().for_each(|(x, p)| tile.put(y * bw + x, *p));
            low.extend_from_slice(&row.low);
            high.extend_from_slice(&row.high);
        }
        Self { tile, block, low, high }
    }
}

/// Squares of bytes are shifted by this before they are added, so that eight rows fit in 16 bits.
const SHIFT: u32 = 3;

/// Memory for a row of blocks, used again for the next.
#[derive(Default)]
struct Room {
    bytes: Vec<u8>,
    low: Vec<u8>,
    high: Vec<u8>,
    squares: Vec<u16>,
}

fn block_row(source: &Source<'_>, y: usize, block: usize, room: &mut Room) -> BlockRow {
    let (w, h) = source.size();
    let rows = block.min(h - y);
    let Room { bytes, low, high, squares } = room;
    bytes.resize(w * 3, 0);
    squares.resize(w * 3, 0);
    let mut sums = vec![[0_u32; 3]; w.div_ceil(block)];
    for first in (0..rows).step_by(8) {
        for j in first..rows.min(first + 8) {
            let row = source.bytes(y + j, bytes);
            if j == 0 {
                low.clear();
                low.extend_from_slice(row);
                high.clone_from(low);
            }
            wide(|| {
                if j == first {
                    squares.iter_mut().zip(row).for_each(|(s, v)| *s = square(*v));
                } else {
                    // Wrapping, because a check at each sum would keep the compiler from using wide
                    // registers; eight rows cannot overflow.
                    let each = squares.iter_mut().zip(row);
                    each.for_each(|(s, v)| *s = s.wrapping_add(square(*v)));
                }
                keep(row, low, |a, b| if b < a { b } else { a });
                keep(row, high, |a, b| if b > a { b } else { a });
            });
        }
        add_blocks(squares, block, &mut sums);
    }
    let light = means(&sums, source.space(), block, (w, rows));
    let low = greens(low, block, |a, b| if b < a { b } else { a });
    let high = greens(high, block, |a, b| if b > a { b } else { a });
    BlockRow { light, low, high }
}

/// Joins the greens of the columns of each block.
fn greens(row: &[u8], block: usize, join: impl Fn(u8, u8) -> u8) -> Vec<u8> {
    // Every byte with those of as many pixels after it as a block has: more than is wanted, but in wide
    // registers.
    let whole = row.len().saturating_sub(3 * (block - 1));
    let mut joined = row[..whole].to_vec();
    if whole > 0 {
        (1..block).for_each(|k| wide(|| keep(&row[3 * k..], &mut joined, &join)));
    }
    let one = |first: usize| {
        let cut = || row[first..].iter().step_by(3).copied().reduce(&join);
        joined.get(first).copied().or_else(cut).unwrap_or_default()
    };
    (1..row.len()).step_by(3 * block).map(one).collect()
}

/// The shifted square of a byte.
#[inline(always)]
fn square(v: u8) -> u16 {
    let v = u16::from(v);
    v.wrapping_mul(v) >> SHIFT
}

/// Joins each byte with the one kept so far.
#[inline(always)]
fn keep(row: &[u8], kept: &mut [u8], join: impl Fn(u8, u8) -> u8) {
    kept.iter_mut().zip(row).for_each(|(k, v)| *k = join(*k, *v));
}

/// Adds the columns of each block to its sum.
fn add_blocks(squares: &[u16], block: usize, sums: &mut [[u32; 3]]) {
    for (sum, part) in sums.iter_mut().zip(squares.chunks(block * 3)) {
        let mut own = [0_u32; 3];
        for p in part.as_chunks::<3>().0 {
            own[0] = own[0].wrapping_add(u32::from(p[0]));
            own[1] = own[1].wrapping_add(u32::from(p[1]));
            own[2] = own[2].wrapping_add(u32::from(p[2]));
        }
        for (s, o) in sum.iter_mut().zip(own) {
            *s = s.wrapping_add(o);
        }
    }
}

/// Mean light of each block of a row, linear Rec.2020.
fn means(
    sums: &[[u32; 3]],
    space: Space,
    block: usize,
    (w, rows): (usize, usize),
) -> Vec<[f32; 3]> {
    let table = srgb_decode_table();
    let whole = (1 << SHIFT) as f32 / (block * rows) as f32;
    let mut light = Vec::with_capacity(sums.len());
    for (i, sum) in sums.iter().enumerate() {
        let columns = block.min(w - i * block);
        let part = if columns == block { whole } else { whole * block as f32 / columns as f32 };
        let mean = |s: u32| decode(table, (s as f32 * part).sqrt());
        let p = [mean(sum[0]), mean(sum[1]), mean(sum[2])];
        light.push(match space {
            Space::Srgb => apply(&SRGB_TO_REC2020, p),
            Space::Rec2020 => p,
        });
    }
    light
}

/// Linear light of a value on the byte scale, between the bytes too.
#[inline(always)]
fn decode(table: &[f32; 256], byte: f32) -> f32 {
    let i = (byte as usize).min(254);
    table[i] + (table[i + 1] - table[i]) * (byte - i as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_know_their_least_and_greatest_green_and_those_at_the_edge_too() {
        let row: Vec<u8> = (0..3 * 23).map(|i| (i * 89 % 251) as u8).collect();
        for block in [1, 2, 5, 7, 23, 40] {
            let plain = |join: fn(u8, u8) -> u8| -> Vec<u8> {
                let greens: Vec<u8> = row.iter().skip(1).step_by(3).copied().collect();
                greens.chunks(block).map(|c| c.iter().copied().reduce(join).unwrap()).collect()
            };
            assert_eq!(greens(&row, block, u8::min), plain(u8::min), "{block}");
            assert_eq!(greens(&row, block, u8::max), plain(u8::max), "{block}");
        }
    }
}
