//! Words for places and amounts, the same in every sentence.

use crate::imaging::Rect;

/// Where a part lies in the whole: `upper right`, `left`, … or `in the middle`.
pub fn place(part: Rect, whole: Rect) -> &'static str {
    let ((px, py), (wx, wy)) = (part.centre(), whole.centre());
    let across = third(px - wx, whole.w as f32);
    let down = third(py - wy, whole.h as f32);
    match (down, across) {
        (-1, -1) => "upper left",
        (-1, 0) => "at the top",
        (-1, _) => "upper right",
        (0, -1) => "left",
        (0, 0) => "in the middle",
        (0, _) => "right",
        (_, -1) => "lower left",
        (_, 0) => "at the bottom",
        (_, _) => "lower right",
    }
}

/// -1, 0 or 1: which third of a side a distance from its middle falls into.
fn third(from_middle: f32, side: f32) -> i8 {
    if from_middle < -side / 6.0 { -1 } else { i8::from(from_middle > side / 6.0) }
}

/// `1 speck`, `14 specks`.
pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
