//! The histogram: luma filled, channels as lines, and a mark where an end is full.

use super::theme;
use crate::imaging::Rgba8;
use crate::score::Histogram;
use egui::{Color32, Mesh, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Pixels that are counted at most; more does not change what is seen.
const COUNTED: usize = 400_000;
/// Share of pixels in the last bins that is worth a mark.
const FULL: f64 = 0.002;

/// Counts encoded values, on every n-th pixel of a large picture.
pub(super) fn count(picture: &Rgba8) -> Histogram {
    let mut bins = [[0_u32; 256]; 4];
    // An odd stride, so that no column is counted alone.
    let step = (picture.data.len() / COUNTED).max(1) | 1;
    for pixel in picture.data.iter().step_by(step) {
        let [r, g, b, _] = pixel.to_ne_bytes();
        let luma = (54 * u32::from(r) + 183 * u32::from(g) + 19 * u32::from(b)) >> 8;
        bins[0][r as usize] += 1;
        bins[1][g as usize] += 1;
        bins[2][b as usize] += 1;
        bins[3][luma as usize] += 1;
    }
    Histogram { bins }
}

/// Draws it over the width; an empty well while there is none.
pub(super) fn show(ui: &mut Ui, histogram: Option<&Histogram>) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 84.0), Sense::hover());
    let (low, high) = histogram.map_or((false, false), ends);
    response.widget_info(|| {
        let text = match (low, high) {
            _ if histogram.is_none() => "Histogram, empty",
            (false, false) => "Histogram",
            (true, false) => "Histogram, shadows are crushed",
            (false, true) => "Histogram, highlights are clipped",
            (true, true) => "Histogram, both ends are clipped",
        };
        WidgetInfo::labeled(Role::Image, true, text)
    });
    let painter = ui.painter();
    painter.rect_filled(rect, 2.0, theme::WELL);
    for quarter in 1..4 {
        let x = rect.left() + rect.width() * quarter as f32 / 4.0;
        painter.vline(x, rect.y_range(), Stroke::new(1.0, Color32::from_gray(38)));
    }
    let Some(histogram) = histogram else { return };
    let inner = rect.shrink2(vec2(1.0, 3.0));
    // The ends may hold a backdrop; scaling by them would flatten everything else.
    let tallest = histogram.bins.iter().flat_map(|b| &b[2..254]).copied().max().unwrap_or(0).max(1);
    let height = |n: u32| (n as f32 / tallest as f32).sqrt().min(1.0) * inner.height();
    let x = |i: usize| inner.left() + inner.width() * i as f32 / 255.0;
    let mut mesh = Mesh::default();
    for (i, n) in histogram.bins[3].iter().enumerate() {
        let at = mesh.vertices.len() as u32;
        mesh.colored_vertex(pos2(x(i), inner.bottom() - height(*n)), Color32::from_gray(104));
        mesh.colored_vertex(pos2(x(i), inner.bottom()), Color32::from_gray(104));
        if i > 0 {
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    painter.add(Shape::mesh(mesh));
    let colours = [(200, 90, 84), (96, 172, 100), (96, 134, 214)];
    for (bins, (r, g, b)) in histogram.bins.iter().zip(colours) {
        let line = bins.iter().enumerate().map(|(i, n)| pos2(x(i), inner.bottom() - height(*n)));
        painter.line(line.collect(), Stroke::new(1.0, Color32::from_rgb(r, g, b)));
    }
    let corner = |full: bool, at: f32, towards: f32, colour: Color32| {
        if full {
            let top = rect.top();
            let points = vec![pos2(at, top), pos2(at + towards * 12.0, top), pos2(at, top + 12.0)];
            painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
        }
    };
    corner(low, rect.left(), 1.0, Color32::from_rgb(90, 134, 240));
    corner(high, rect.right(), -1.0, theme::BAD);
}

/// Whether the shadows and the highlights run against their end.
fn ends(histogram: &Histogram) -> (bool, bool) {
    let all: f64 = histogram.bins[3].iter().map(|n| f64::from(*n)).sum::<f64>().max(1.0);
    let share = |bins: &[u32]| bins.iter().map(|n| f64::from(*n)).sum::<f64>() / all;
    let high = histogram.bins[..3].iter().map(|b| share(&b[253..])).fold(0.0, f64::max);
    (share(&histogram.bins[3][..3]) > FULL, high > FULL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_where_they_are_and_full_ends_are_seen() {
        let mut picture = Rgba8::new(100, 100);
        picture.data.fill(u32::from_ne_bytes([255, 128, 10, 255]));
        let histogram = count(&picture);
        assert_eq!(histogram.bins[0][255], 10_000);
        assert_eq!(histogram.bins[1][128], 10_000);
        assert_eq!(histogram.bins[2][10], 10_000);
        assert_eq!(ends(&histogram), (false, true));
        assert_eq!(ends(&count(&Rgba8::new(4, 4))), (true, false));
    }
}
