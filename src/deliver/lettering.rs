//! Letters on a picture, for contact sheets and reports.

use crate::imaging::Rgb8;
use ab_glyph::{Font as _, FontRef, Glyph, PxScale, ScaleFont as _, point};

/// The font of the window, so that sheets look like it.
fn font() -> Option<FontRef<'static>> {
    FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT).ok()
}

/// Writes a line with its upper left corner at `x`, `y`; what does not fit `width` is cut off.
/// `size` is the height of a line in pixels, `colour` is sRGB-encoded.
pub(super) fn write(
    picture: &mut Rgb8,
    text: &str,
    (x, y): (usize, usize),
    width: usize,
    size: f32,
    colour: [u8; 3],
) {
    let Some(font) = font() else { return };
    let scaled = font.as_scaled(PxScale::from(size));
    let (mut pen, mut before) = (0.0, None);
    for letter in text.chars() {
        let id = font.glyph_id(letter);
        pen += before.map_or(0.0, |b| scaled.kern(b, id));
        if pen + scaled.h_advance(id) > width as f32 {
            break;
        }
        let at = point(x as f32 + pen, y as f32 + scaled.ascent());
        draw(picture, &font, id.with_scale_and_position(size, at), colour);
        pen += scaled.h_advance(id);
        before = Some(id);
    }
}

fn draw(picture: &mut Rgb8, font: &FontRef<'_>, glyph: Glyph, colour: [u8; 3]) {
    let Some(outline) = font.outline_glyph(glyph) else { return };
    let (left, top) = (outline.px_bounds().min.x as isize, outline.px_bounds().min.y as isize);
    let (w, h) = (picture.w as isize, picture.h as isize);
    outline.draw(|dx, dy, coverage| {
        let (px, py) = (left + dx as isize, top + dy as isize);
        if px < 0 || py < 0 || px >= w || py >= h {
            return;
        }
        let at = (py * w + px) as usize * 3;
        for (value, ink) in picture.data[at..at + 3].iter_mut().zip(colour) {
            let (under, ink) = (f32::from(*value), f32::from(ink));
            *value = (under + (ink - under) * coverage.clamp(0.0, 1.0)) as u8;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_leave_ink_and_stay_inside() {
        let mut picture = Rgb8::new(60, 20);
        write(&mut picture, "Ring 0.93", (2, 2), 50, 16.0, [255; 3]);
        assert!(picture.data.iter().any(|&v| v > 200), "ink");
        let right_of_width = (0..20).all(|y| (54..60).all(|x| picture.at(x, y) == [0; 3]));
        assert!(right_of_width, "cut off");
        write(&mut picture, "outside", (58, 18), 100, 16.0, [255; 3]);
    }
}
