//! Smaller copies: averages over areas, in linear light.

use super::tile::Source;
use crate::imaging::{Picture, Pixels, Rgb8, Rgb16, colour};
use rayon::prelude::*;

/// The size whose longest side is at most `side`, in proportion, at least 1.
pub(super) fn fitted(w: usize, h: usize, side: usize) -> (usize, usize) {
    let longest = w.max(h).max(1);
    if longest <= side {
        return (w, h);
    }
    let scale = side.max(1) as f32 / longest as f32;
    let fit = |v: usize| ((v as f32 * scale).round() as usize).max(1);
    (fit(w), fit(h))
}

/// The picture with its longest side at most `side`: each pixel is the mean of the area that it
/// covers, in linear light. A picture that is small enough is copied.
pub fn reduced(picture: &Picture, side: usize) -> Picture {
    let (w, h) = picture.size();
    let (nw, nh) = fitted(w, h, side);
    if (nw, nh) == (w, h) {
        return picture.clone();
    }
    let source = Source::of(picture);
    let columns = spans(w, nw);
    let rows = spans(h, nh);
    let row = |y: usize| mean_row(&source, &rows[y], &columns);
    let pixels = match picture.pixels {
        Pixels::Eight(_) => {
            let data = (0..nh).into_par_iter().flat_map_iter(row).map(colour::srgb_encode8);
            Pixels::Eight(Rgb8 { w: nw, h: nh, data: data.collect() })
        }
        Pixels::Sixteen(_) => {
            let encode = |v: f32| (colour::srgb_encode(v).clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16;
            let data = (0..nh).into_par_iter().flat_map_iter(row).map(encode);
            Pixels::Sixteen(Rgb16 { w: nw, h: nh, data: data.collect() })
        }
    };
    Picture { pixels, space: picture.space, metadata: picture.metadata.clone() }
}

/// Which old pixels make up a new one, and with which weights (their sum is 1).
struct Span {
    first: usize,
    weights: Vec<f32>,
}

fn spans(old: usize, new: usize) -> Vec<Span> {
    let ratio = old as f64 / new as f64;
    let span = |i: usize| {
        let (from, to) = (i as f64 * ratio, ((i + 1) as f64 * ratio).min(old as f64));
        let (first, last) = (from as usize, (to.ceil() as usize).min(old));
        let part = |j: usize| ((j + 1) as f64).min(to) - (j as f64).max(from);
        Span { first, weights: (first..last).map(|j| (part(j) / ratio) as f32).collect() }
    };
    (0..new).map(span).collect()
}

/// One new row, red green blue interleaved, linear in the picture's own primaries.
fn mean_row(source: &Source<'_>, rows: &Span, columns: &[Span]) -> Vec<f32> {
    let width = source.size().0 * 3;
    let mut sum = vec![0.0_f32; width];
    for (i, weight) in rows.weights.iter().enumerate() {
        source.add_row(rows.first + i, *weight, &mut sum);
    }
    let mut out = Vec::with_capacity(columns.len() * 3);
    for column in columns {
        let mut mean = [0.0_f32; 3];
        for (p, w) in sum[column.first * 3..].chunks_exact(3).zip(&column.weights) {
            (0..3).for_each(|c| mean[c] += p[c] * w);
        }
        out.extend_from_slice(&mean);
    }
    out
}
