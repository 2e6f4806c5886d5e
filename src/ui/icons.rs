//! Signs that fonts lack, drawn as coverage masks: sharp and smooth at the size they are used at.

use egui::emath::GuiRounding as _;
use egui::{Color32, ColorImage, Id, Painter, Pos2, Rect, TextureHandle, TextureOptions, Vec2};

/// A sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Icon {
    Star,
    StarLine,
    Flag,
    Cross,
    Card,
    Disk,
    TwoDisks,
    Battery,
    Mute,
    Left,
    Right,
    Down,
    Search,
    Follow,
    Crown,
    Sliders,
}

/// Draws `icon` in the middle of `at`, `size` points wide.
pub(super) fn paint(painter: &Painter, icon: Icon, at: Pos2, size: f32, colour: Color32) {
    let pixels = (size * painter.pixels_per_point()).round().max(1.0) as usize;
    let id = Id::unique(("icon", icon, pixels));
    let ctx = painter.ctx();
    let known = ctx.data(|d| d.get_temp::<TextureHandle>(id));
    let texture = known.unwrap_or_else(|| {
        let made = ctx.load_texture("icon", mask(icon, pixels), TextureOptions::LINEAR);
        ctx.data_mut(|d| d.insert_temp(id, made.clone()));
        made
    });
    let side = pixels as f32 / painter.pixels_per_point();
    let corner = (at - Vec2::splat(side * 0.5)).round_to_pixels(painter.pixels_per_point());
    let rect = Rect::from_min_size(corner, Vec2::splat(side));
    painter.image(texture.id(), rect, Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0)), colour);
}

/// White with the sign's coverage as alpha, from 36 samples a pixel.
fn mask(icon: Icon, side: usize) -> ColorImage {
    const N: usize = 6;
    let mut pixels = Vec::with_capacity(side * side);
    for y in 0..side {
        for x in 0..side {
            let mut inside = 0;
            for k in 0..N * N {
                let u = (x as f32 + ((k % N) as f32 + 0.5) / N as f32) / side as f32;
                let v = (y as f32 + ((k / N) as f32 + 0.5) / N as f32) / side as f32;
                inside += usize::from(covers(icon, u, v));
            }
            pixels.push(Color32::from_white_alpha((inside * 255 / (N * N)) as u8));
        }
    }
    ColorImage::new([side, side], pixels)
}

/// Whether the point of the unit square, y down, is inside the sign.
fn covers(icon: Icon, x: f32, y: f32) -> bool {
    match icon {
        Icon::Star => star(x, y) <= 1.0,
        Icon::StarLine => (0.68..=1.0).contains(&star(x, y)),
        Icon::Flag => {
            within(x, y, 0.2, 0.08, 0.3, 0.95)
                || (within(x, y, 0.3, 0.1, 0.88, 0.58) && x - 0.72 < 0.4 * (y - 0.34).abs())
        }
        Icon::Cross => {
            near(x, y, &[(0.2, 0.2), (0.8, 0.8)], 0.085)
                || near(x, y, &[(0.8, 0.2), (0.2, 0.8)], 0.085)
        }
        Icon::Card => {
            let body = within(x, y, 0.18, 0.08, 0.82, 0.92) && x + (1.0 - y) < 1.52;
            let slots = [0.28, 0.44].iter().any(|&s| within(x, y, s, 0.16, s + 0.08, 0.34));
            body && !slots
        }
        Icon::Disk => disk(x, y, 0.1, 0.9),
        Icon::TwoDisks => disk(x, y, 0.0, 0.44) || disk(x, y, 0.56, 1.0),
        Icon::Battery => {
            let shell = within(x, y, 0.02, 0.28, 0.88, 0.72) && !within(x, y, 0.1, 0.36, 0.8, 0.64);
            shell || within(x, y, 0.88, 0.4, 0.98, 0.6)
        }
        Icon::Mute => {
            let horn = within(x, y, 0.08, 0.36, 0.26, 0.64)
                || (within(x, y, 0.2, 0.1, 0.52, 0.9) && (y - 0.5).abs() < 0.14 + (x - 0.2) * 0.8);
            horn || near(x, y, &[(0.64, 0.38), (0.9, 0.64)], 0.055)
                || near(x, y, &[(0.9, 0.38), (0.64, 0.64)], 0.055)
        }
        Icon::Left => near(x, y, &[(0.64, 0.2), (0.34, 0.5), (0.64, 0.8)], 0.08),
        Icon::Right => near(x, y, &[(0.36, 0.2), (0.66, 0.5), (0.36, 0.8)], 0.08),
        Icon::Down => near(x, y, &[(0.2, 0.36), (0.5, 0.66), (0.8, 0.36)], 0.08),
        Icon::Search => {
            let d = (x - 0.42).hypot(y - 0.42);
            (0.22..0.34).contains(&d) || near(x, y, &[(0.64, 0.64), (0.88, 0.88)], 0.075)
        }
        Icon::Follow => {
            near(x, y, &[(0.08, 0.5), (0.66, 0.5)], 0.07)
                || near(x, y, &[(0.44, 0.24), (0.68, 0.5), (0.44, 0.76)], 0.07)
                || within(x, y, 0.82, 0.18, 0.93, 0.82)
        }
        Icon::Crown => {
            let base = within(x, y, 0.12, 0.72, 0.88, 0.86);
            // Peaks at the ends and in the middle.
            let peak = (((x - 0.12) / 0.38).rem_euclid(1.0) - 0.5).abs() * 2.0;
            let teeth = within(x, y, 0.12, 0.2, 0.88, 0.7) && y > 0.22 + 0.34 * (1.0 - peak);
            base || teeth
        }
        Icon::Sliders => {
            let rail = |y0: f32| within(x, y, 0.06, y0 - 0.05, 0.94, y0 + 0.05);
            let knob = |cx: f32, cy: f32| (x - cx).hypot(y - cy) <= 0.16;
            rail(0.3) || rail(0.72) || knob(0.34, 0.3) || knob(0.68, 0.72)
        }
    }
}

fn within(x: f32, y: f32, left: f32, top: f32, right: f32, bottom: f32) -> bool {
    x >= left && x <= right && y >= top && y <= bottom
}

/// Whether a point is at most `reach` from a line of segments.
fn near(x: f32, y: f32, line: &[(f32, f32)], reach: f32) -> bool {
    line.windows(2).any(|s| {
        let ((ax, ay), (bx, by)) = (s[0], s[1]);
        let (dx, dy) = (bx - ax, by - ay);
        let t = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        (x - ax - t * dx).hypot(y - ay - t * dy) <= reach
    })
}

/// A five-pointed star as a gauge: 1 on its outline, less inside.
fn star(x: f32, y: f32) -> f32 {
    let (dx, dy) = (x - 0.5, y - 0.53);
    let sector = std::f32::consts::TAU / 5.0;
    // Folded into half a ray: angle 0 at a tip, `sector / 2` at a notch.
    let angle = (dx.atan2(-dy).rem_euclid(sector) - sector * 0.5).abs();
    let angle = sector * 0.5 - angle;
    let (px, py) = (dx.hypot(dy) * angle.cos(), dx.hypot(dy) * angle.sin());
    let (tip, notch) = (0.5, 0.21);
    let (nx, ny) = (notch * (sector * 0.5).cos(), notch * (sector * 0.5).sin());
    // The edge runs from (tip, 0) to (nx, ny); a ray's gauge against that line.
    let (ex, ey) = (nx - tip, ny);
    (px * ey - py * ex) / (tip * ey)
}

/// A drum: flat ellipses above and below.
fn disk(x: f32, y: f32, top: f32, bottom: f32) -> bool {
    let (rx, ry) = (0.38, 0.13);
    let ellipse = |cy: f32| ((x - 0.5) / rx).powi(2) + ((y - cy) / ry).powi(2);
    let (first, last) = (top + ry, bottom - ry);
    let body = (x - 0.5).abs() <= rx && y >= first && y <= last;
    let rim = ellipse(first + 0.13) <= 1.0 && ellipse(first + 0.05) > 1.0 && y > first;
    (body || ellipse(first) <= 1.0 || ellipse(last) <= 1.0) && !rim
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_fills_its_square_and_keeps_its_notches() {
        assert!(covers(Icon::Star, 0.5, 0.08), "the tip");
        assert!(covers(Icon::Star, 0.5, 0.53), "the middle");
        assert!(!covers(Icon::Star, 0.5, 0.9), "the notch below");
        assert!(!covers(Icon::Star, 0.1, 0.1), "the corner");
    }

    #[test]
    fn every_sign_has_ink_and_air_at_ten_pixels() {
        use Icon::{
            Battery, Card, Cross, Crown, Disk, Down, Flag, Follow, Left, Mute, Right, Search,
            Sliders, Star, StarLine, TwoDisks,
        };
        for icon in [
            Star, StarLine, Flag, Cross, Card, Disk, TwoDisks, Battery, Mute, Left, Right, Down,
            Search, Follow, Crown, Sliders,
        ] {
            let image = mask(icon, 10);
            let ink: u32 = image.pixels.iter().map(|p| u32::from(p.a())).sum();
            assert!((2_000..22_000).contains(&ink), "{icon:?}: {ink}");
        }
    }
}
