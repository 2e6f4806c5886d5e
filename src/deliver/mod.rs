//! What leaves the studio: the contact sheet of a shoot.

use crate::imaging::{Rgb8, Rect};

/// Thumbnails in rows on neutral grey; a green bar under each shows its score, the best is framed.
pub fn contact_sheet(takes: &[(Rgb8, f32)]) -> Rgb8 {
    let (cell_w, cell_h, gap) = (300, 200, 14);
    let columns = takes.len().clamp(1, 4);
    let rows = takes.len().div_ceil(columns).max(1);
    let mut sheet = Rgb8::new(gap + columns * (cell_w + gap), gap + rows * (cell_h + 12 + gap));
    sheet.data.fill(56);
    let best = takes.iter().map(|t| t.1).fold(f32::MIN, f32::max);
    for (i, (picture, score)) in takes.iter().enumerate() {
        let (x, y) = (gap + i % columns * (cell_w + gap), gap + i / columns * (cell_h + 12 + gap));
        if *score >= best {
            paint(&mut sheet, Rect::new(x - 4, y - 4, cell_w + 8, cell_h + 20), [210; 3]);
        }
        for v in 0..cell_h {
            for u in 0..cell_w {
                let p = mean(picture, u, v, cell_w, cell_h);
                let at = ((y + v) * sheet.w + x + u) * 3;
                sheet.data[at..at + 3].copy_from_slice(&p);
            }
        }
        paint(&mut sheet, Rect::new(x, y + cell_h + 4, cell_w, 8), [30; 3]);
        let long = (score.clamp(0.0, 1.0) * cell_w as f32) as usize;
        paint(&mut sheet, Rect::new(x, y + cell_h + 4, long, 8), [110, 170, 110]);
    }
    sheet
}

/// The mean of the block of pixels that a cell's place covers.
fn mean(picture: &Rgb8, u: usize, v: usize, w: usize, h: usize) -> [u8; 3] {
    let span = |i: usize, n: usize, size: usize| {
        let from = i * size / n;
        from..((i + 1) * size / n).max(from + 1).min(size)
    };
    let (mut sum, mut n) = ([0_u32; 3], 0);
    for y in span(v, h, picture.h) {
        for x in span(u, w, picture.w) {
            let p = picture.at(x, y);
            (0..3).for_each(|c| sum[c] += u32::from(p[c]));
            n += 1;
        }
    }
    sum.map(|s| (s / n.max(1)) as u8)
}

fn paint(sheet: &mut Rgb8, r: Rect, colour: [u8; 3]) {
    let r = r.intersection(&sheet.bounds());
    for y in r.y..r.bottom() {
        let at = (y * sheet.w + r.x) * 3;
        sheet.data[at..at + r.w * 3].chunks_exact_mut(3).for_each(|p| p.copy_from_slice(&colour));
    }
}
