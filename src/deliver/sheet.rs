//! The contact sheet: thumbnails with names and scores, the proposed ones framed.

use super::lettering;
use crate::imaging::{Rect, Rgb8, resize};

/// One picture of a contact sheet.
#[derive(Clone, Debug)]
pub struct SheetEntry {
    /// The picture, of any size.
    pub picture: Rgb8,
    /// Its name.
    pub name: String,
    /// Its score, 0 to 1.
    pub value: f32,
    /// Whether it is proposed as the best of its group.
    pub best: bool,
}

const CELL: (usize, usize) = (300, 200);
const CAPTION: usize = 34;
const GAP: usize = 16;
const COLUMNS: usize = 4;
/// Working grey: neutral, so that colours are seen as they are.
const GREY: u8 = 52;

/// Thumbnails in rows on neutral grey; name, score and a bar under each, the best framed.
pub fn contact_sheet(entries: &[SheetEntry]) -> Rgb8 {
    let columns = entries.len().clamp(1, COLUMNS);
    let rows = entries.len().div_ceil(columns).max(1);
    let mut sheet =
        Rgb8::new(GAP + columns * (CELL.0 + GAP), GAP + rows * (CELL.1 + CAPTION + GAP));
    sheet.data.fill(GREY);
    for (i, entry) in entries.iter().enumerate() {
        let x = GAP + i % columns * (CELL.0 + GAP);
        let y = GAP + i / columns * (CELL.1 + CAPTION + GAP);
        place(&mut sheet, entry, x, y);
    }
    sheet
}

fn place(sheet: &mut Rgb8, entry: &SheetEntry, x: usize, y: usize) {
    if entry.best {
        let frame = Rect::new(x - 6, y - 6, CELL.0 + 12, CELL.1 + CAPTION + 10);
        paint(sheet, frame, [150; 3]);
        paint(sheet, Rect::new(x - 4, y - 4, CELL.0 + 8, CELL.1 + CAPTION + 6), [GREY; 3]);
    }
    let small = inside(&entry.picture);
    let (dx, dy) = ((CELL.0 - small.w) / 2, (CELL.1 - small.h) / 2);
    for v in 0..small.h {
        let to = ((y + dy + v) * sheet.w + x + dx) * 3;
        let from = v * small.w * 3;
        sheet.data[to..to + small.w * 3].copy_from_slice(&small.data[from..from + small.w * 3]);
    }
    let line = y + CELL.1 + 4;
    let mark = if entry.best { "  best" } else { "" };
    lettering::write(sheet, &entry.name, (x, line), CELL.0 - 90, 17.0, [190; 3]);
    let value = format!("{:.2}{mark}", entry.value);
    lettering::write(sheet, &value, (x + CELL.0 - 84, line), 84, 17.0, [220; 3]);
    paint(sheet, Rect::new(x, y + CELL.1 + CAPTION - 8, CELL.0, 5), [30; 3]);
    let long = (entry.value.clamp(0.0, 1.0) * CELL.0 as f32) as usize;
    paint(sheet, Rect::new(x, y + CELL.1 + CAPTION - 8, long, 5), [150; 3]);
}

/// The picture reduced to fit a cell, whole.
fn inside(picture: &Rgb8) -> Rgb8 {
    let scale = (CELL.0 as f32 / picture.w.max(1) as f32)
        .min(CELL.1 as f32 / picture.h.max(1) as f32)
        .min(1.0);
    let side = |n: usize, most: usize| ((n as f32 * scale).round() as usize).clamp(1, most);
    resize::rgb8(picture, side(picture.w, CELL.0), side(picture.h, CELL.1))
}

fn paint(sheet: &mut Rgb8, r: Rect, colour: [u8; 3]) {
    let r = r.intersection(&sheet.bounds());
    for y in r.y..r.bottom() {
        let at = (y * sheet.w + r.x) * 3;
        sheet.data[at..at + r.w * 3].chunks_exact_mut(3).for_each(|p| p.copy_from_slice(&colour));
    }
}
