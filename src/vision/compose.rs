//! The cut-out on a new ground: colour without spill of the old one, and the shadow as a layer of its own.

use super::{Cut, filter, proxy};
use crate::imaging::{Picture, Plane, Rect, Rgb8, Rgba8, colour};
use rayon::prelude::*;

/// What the subject is laid on. Colours are sRGB-encoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Background {
    /// Nothing; the shadow, if any, is black of partial alpha.
    Transparent,
    /// 255, 255, 255.
    White,
    /// One colour.
    Colour([u8; 3]),
    /// From the upper edge to the lower one, straight in encoded values.
    Gradient([u8; 3], [u8; 3]),
    /// The ground that was photographed.
    Keep,
    /// Another picture, stretched to the frame.
    Picture(Rgb8),
}

/// What becomes of the shadow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShadowLayer {
    /// As it fell.
    Keep,
    /// As it fell, with this share of its depth, 0 to 1, and a softer rim.
    Soften(f32),
    /// None.
    Drop,
    /// A made one, where the subject stands.
    Contact,
}

/// Lays the subject of a cut on a ground: sRGB-encoded, alpha straight (not premultiplied), the size of the
/// picture. Where alpha is whole the subject's pixels are those of the picture, to the byte.
pub fn compose(picture: &Picture, cut: &Cut, on: &Background, shadow: ShadowLayer) -> Rgba8 {
    let rgb = proxy::srgb(picture);
    let (w, h) = (rgb.w.min(cut.alpha.w), rgb.h.min(cut.alpha.h));
    let layer = shadow_layer(cut, shadow);
    let table = Tables { rgb: &rgb, cut, on, layer: &layer, keep: shadow == ShadowLayer::Keep };
    let mut out = Rgba8::new(w, h);
    out.data.par_chunks_mut(w.max(1)).enumerate().for_each(|(y, line)| {
        for (x, pixel) in line.iter_mut().enumerate() {
            *pixel = u32::from_ne_bytes(table.pixel(x, y));
        }
    });
    out
}

/// The subject's own colours, sRGB-encoded: the picture, its half-covered rim freed of the old ground.
/// Where there is no subject the pixels are black. With [`Cut::alpha`] and [`Cut::shadow`] it is all that
/// laying the subject on any ground needs.
pub fn foreground(picture: &Picture, cut: &Cut) -> Rgb8 {
    let rgb = proxy::srgb(picture);
    let (w, h) = (rgb.w.min(cut.alpha.w), rgb.h.min(cut.alpha.h));
    let on = &Background::Transparent;
    let table = Tables { rgb: &rgb, cut, on, layer: &cut.shadow, keep: false };
    let mut out = Rgb8::new(w, h);
    out.data.par_chunks_mut(w.max(1) * 3).enumerate().for_each(|(y, line)| {
        for (x, pixel) in line.chunks_exact_mut(3).enumerate() {
            pixel.copy_from_slice(&match cut.alpha.at(x, y) {
                0 => [0; 3],
                255 => rgb.at(x, y),
                a => table.foreground(x, y, f32::from(a) / 255.0).map(colour::srgb_encode8),
            });
        }
    });
    out
}

/// Light on the new ground, 1 is no shadow, reduced.
fn shadow_layer(cut: &Cut, shadow: ShadowLayer) -> Plane {
    let neutral = |s: f32| s.clamp(0.0, 1.0);
    let (w, h) = (cut.shadow.w, cut.shadow.h);
    match shadow {
        ShadowLayer::Keep => {
            Plane { w, h, data: cut.shadow.data.iter().map(|&s| neutral(s)).collect() }
        }
        ShadowLayer::Soften(share) => {
            let share = share.clamp(0.0, 1.0);
            let soft = filter::soften(&cut.shadow, (w.max(h) as f32 / 120.0).max(1.0));
            Plane {
                w,
                h,
                data: soft.data.iter().map(|&s| 1.0 - share * (1.0 - neutral(s))).collect(),
            }
        }
        ShadowLayer::Drop => Plane { w, h, data: vec![1.0; w * h] },
        ShadowLayer::Contact => contact(cut),
    }
}

/// A shadow where the subject stands: its lowest part, flattened and softened, close and dark, and a wide
/// pale one.
fn contact(cut: &Cut) -> Plane {
    let (w, h) = (cut.shadow.w, cut.shadow.h);
    let small = proxy::resize_mask(&cut.alpha, w, h);
    let area = small.extent();
    if area.is_empty() {
        return Plane { w, h, data: vec![1.0; w * h] };
    }
    let foot = Rect { y: area.bottom() - (area.h / 6).max(1), h: (area.h / 6).max(1), ..area };
    // Every column of the foot stands on the line under its lowest pixel.
    let mut stand = Plane::new(w, h);
    for x in foot.x..foot.right() {
        if let Some(y) = (foot.y..foot.bottom()).rev().find(|&y| small.at(x, y) > 127) {
            let thick = (area.h / 60).max(1);
            for y in y.saturating_sub(thick)..(y + thick).min(h) {
                stand.data[y * w + x] = 1.0;
            }
        }
    }
    let close = filter::soften(&stand, (area.h as f32 / 90.0).max(1.0));
    let wide = filter::soften(&stand, (area.h as f32 / 18.0).max(2.0));
    let light = |i: usize| (1.0 - 0.7 * close.data[i]) * (1.0 - 1.4 * wide.data[i]).max(0.4);
    Plane { w, h, data: (0..w * h).map(light).collect() }
}

struct Tables<'a> {
    rgb: &'a Rgb8,
    cut: &'a Cut,
    on: &'a Background,
    layer: &'a Plane,
    keep: bool,
}

impl Tables<'_> {
    fn pixel(&self, x: usize, y: usize) -> [u8; 4] {
        let alpha = self.cut.alpha.at(x, y);
        let own = self.rgb.at(x, y);
        let kept = *self.on == Background::Keep && self.keep;
        if alpha == 255 || kept {
            return [own[0], own[1], own[2], 255];
        }
        let (u, v) = self.reduced(x, y);
        let light = self.layer.sample(u, v);
        let a = f32::from(alpha) / 255.0;
        let subject = if alpha == 0 { [0.0; 3] } else { self.foreground(x, y, a) };
        let Some(ground) = self.ground(x, y, u, v) else {
            return transparent(subject, a, light);
        };
        let mixed = |c: usize| subject[c] * a + ground[c] * light * (1.0 - a);
        let [r, g, b] = [mixed(0), mixed(1), mixed(2)].map(colour::srgb_encode8);
        [r, g, b, 255]
    }

    /// Place in the reduced planes.
    fn reduced(&self, x: usize, y: usize) -> (f32, f32) {
        let (kx, ky) = (
            self.layer.w as f32 / self.cut.alpha.w as f32,
            self.layer.h as f32 / self.cut.alpha.h as f32,
        );
        ((x as f32 + 0.5) * kx - 0.5, (y as f32 + 0.5) * ky - 0.5)
    }

    /// The new ground in linear light without shadow; `None` is transparent.
    fn ground(&self, x: usize, y: usize, u: f32, v: f32) -> Option<[f32; 3]> {
        let decode = |c: [u8; 3]| c.map(|v| colour::srgb_decode_table()[v as usize]);
        Some(match self.on {
            Background::Transparent => return None,
            Background::White => [1.0; 3],
            Background::Colour(c) => decode(*c),
            Background::Gradient(top, low) => {
                let t = y as f32 / (self.rgb.h.max(2) - 1) as f32;
                std::array::from_fn(|c| {
                    let (a, b) = (f32::from(top[c]), f32::from(low[c]));
                    colour::srgb_decode((a + (b - a) * t) / 255.0)
                })
            }
            // The photographed ground less its own shadow; under the rim the fitted one stands in.
            Background::Keep if self.cut.alpha.at(x, y) == 0 => {
                let shadow = self.cut.shadow.sample(u, v).max(0.05);
                decode(self.rgb.at(x, y)).map(|c| (c / shadow).min(1.0))
            }
            Background::Keep => self.old_ground(u, v),
            Background::Picture(p) if !p.is_empty() && p.data.len() == p.w * p.h * 3 => {
                decode(p.at(x * p.w / self.rgb.w, y * p.h / self.rgb.h))
            }
            Background::Picture(_) => [1.0; 3],
        })
    }

    /// The old ground without shadow, linear.
    fn old_ground(&self, u: f32, v: f32) -> [f32; 3] {
        let g = &self.cut.backdrop;
        let x = (u.max(0.0) + 0.5) as usize;
        let y = (v.max(0.0) + 0.5) as usize;
        g.data
            .get(y.min(g.h.saturating_sub(1)) * g.w + x.min(g.w.saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }

    /// The subject's own colour at its rim: what is left when the old ground's share is taken off, drawn
    /// towards the nearest whole pixel where that share is large.
    fn foreground(&self, x: usize, y: usize, a: f32) -> [f32; 3] {
        let table = colour::srgb_decode_table();
        let own = self.rgb.at(x, y).map(|v| table[v as usize]);
        let (u, v) = self.reduced(x, y);
        let (old, shadow) = (self.old_ground(u, v), self.cut.shadow.sample(u, v));
        let pure: [f32; 3] = std::array::from_fn(|c| {
            ((own[c] - (1.0 - a) * old[c] * shadow) / a.max(0.05)).clamp(0.0, 1.0)
        });
        match self.sure_neighbour(x, y, a) {
            Some(near) => {
                let near = near.map(|v| table[v as usize]);
                let trust = (a * 1.5 - 0.25).clamp(0.0, 1.0);
                std::array::from_fn(|c| pure[c] * trust + near[c] * (1.0 - trust))
            }
            None => pure,
        }
    }

    /// The pixel of most coverage within three pixels, when it is a good deal more than `a`.
    fn sure_neighbour(&self, x: usize, y: usize, a: f32) -> Option<[u8; 3]> {
        let alpha = &self.cut.alpha;
        let mut best = ((a * 255.0) as u8).saturating_add(40);
        let mut found = None;
        for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)] {
            for step in 1..=3 {
                let (Some(u), Some(v)) =
                    (x.checked_add_signed(dx * step), y.checked_add_signed(dy * step))
                else {
                    break;
                };
                let inside = u < alpha.w.min(self.rgb.w) && v < alpha.h.min(self.rgb.h);
                if inside && alpha.at(u, v) > best {
                    best = alpha.at(u, v);
                    found = Some(self.rgb.at(u, v));
                }
            }
        }
        found
    }
}

/// Subject over a black layer that takes away what the shadow takes.
fn transparent(subject: [f32; 3], a: f32, light: f32) -> [u8; 4] {
    // Encoded, as viewers blend: black of this alpha over white gives the shadow's own value.
    let dark = (1.0 - a) * (1.0 - colour::srgb_encode(light.clamp(0.0, 1.0)));
    let whole = a + dark;
    if whole <= 0.0 {
        return [0; 4];
    }
    let share = a / whole;
    let [r, g, b] = subject.map(|v| (colour::srgb_encode(v) * share * 255.0 + 0.5) as u8);
    [r, g, b, (whole * 255.0 + 0.5) as u8]
}

#[cfg(test)]
mod tests {
    use super::super::{CutOut, cut_out};
    use super::*;

    /// A red disk on green paper, its rim one pixel soft.
    fn disk() -> Picture {
        Picture::from_srgb8(Rgb8::from_fn(120, 100, |x, y| {
            let a = (30.5 - (x as f32 - 60.0).hypot(y as f32 - 50.0)).clamp(0.0, 1.0);
            [(0.8, 0.1), (0.05, 0.5), (0.05, 0.1)]
                .map(|(f, b)| colour::srgb_encode8(f * a + b * (1.0 - a)))
        }))
    }

    fn bytes(p: &Rgba8, x: usize, y: usize) -> [u8; 4] {
        p.data[y * p.w + x].to_ne_bytes()
    }

    #[test]
    fn nothing_of_the_old_ground_is_left_at_the_rim() {
        let picture = disk();
        let cut = cut_out(&picture, &CutOut::default()).unwrap();
        let out = compose(&picture, &cut, &Background::White, ShadowLayer::Drop);
        assert_eq!(bytes(&out, 3, 3), [255; 4]);
        let own = picture.to_srgb8().at(60, 50);
        assert_eq!(bytes(&out, 60, 50)[..3], own);
        let colours = foreground(&picture, &cut);
        assert_eq!((colours.at(60, 50), colours.at(3, 3)), (own, [0; 3]));
        // On the way from red to white green never leads blue: that would be spill.
        for x in 80..100 {
            let [_, g, b, _] = bytes(&out, x, 50);
            assert!(g.abs_diff(b) < 14, "{x}: {g} {b}");
        }
    }

    #[test]
    fn a_transparent_cut_is_empty_outside() {
        let picture = disk();
        let cut = cut_out(&picture, &CutOut::default()).unwrap();
        let out = compose(&picture, &cut, &Background::Transparent, ShadowLayer::Drop);
        assert_eq!((bytes(&out, 2, 2), bytes(&out, 60, 50)[3]), ([0; 4], 255));
        let kept = compose(&picture, &cut, &Background::Keep, ShadowLayer::Keep);
        assert_eq!(bytes(&kept, 5, 5)[..3], picture.to_srgb8().at(5, 5));
    }

    #[test]
    fn a_contact_shadow_lies_under_the_subject() {
        let picture = disk();
        let cut = cut_out(&picture, &CutOut::default()).unwrap();
        let out = compose(&picture, &cut, &Background::White, ShadowLayer::Contact);
        assert!(bytes(&out, 60, 83)[0] < 240 && bytes(&out, 60, 5)[0] > 250);
    }
}
