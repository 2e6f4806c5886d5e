//! Layers as a file: lossless PNGs in a small container that ends with its own hash.

use super::super::scene::GROUPS;
use super::layers::{Layers, Mirror, Span};
use super::rgbe::Rgbe;
use crate::imaging::{Rect, files};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

const MAGIC: &[u8; 8] = b"CULETLAY";
/// Length of a SHA-256 in hexadecimal.
const HASH: usize = 64;
/// The widest and highest layers that are read.
const MOST: u32 = 20_000;

/// Packs layers; none when they are too large for the format.
pub(crate) fn pack(l: &Layers) -> Option<Vec<u8>> {
    let mut out = MAGIC.to_vec();
    for n in [l.w, l.h, l.mirror.div] {
        put(&mut out, n)?;
    }
    for r in [l.area, l.mirror.area] {
        for n in [r.x, r.y, r.w, r.h] {
            put(&mut out, n)?;
        }
    }
    for v in [l.depth_scale.0, l.depth_scale.1, l.span.near_mm, l.span.far_mm, l.span.best_mm] {
        out.extend(v.to_le_bytes());
    }
    for layer in &l.radiance {
        picture(&mut out, layer.as_flattened(), l.area, ExtendedColorType::Rgba8)?;
    }
    picture(&mut out, &l.alpha, l.area, ExtendedColorType::L8)?;
    picture(&mut out, &l.part, l.area, ExtendedColorType::L8)?;
    let depth: Vec<u8> = l.depth.iter().flat_map(|z| z.to_ne_bytes()).collect();
    picture(&mut out, &depth, l.area, ExtendedColorType::L16)?;
    for layer in &l.mirror.radiance {
        picture(&mut out, layer.as_flattened(), l.mirror.area, ExtendedColorType::Rgba8)?;
    }
    let hash = files::sha256(&out);
    out.extend(hash.as_bytes());
    Some(out)
}

fn put(out: &mut Vec<u8>, n: usize) -> Option<()> {
    out.extend(u32::try_from(n).ok()?.to_le_bytes());
    Some(())
}

fn picture(out: &mut Vec<u8>, data: &[u8], area: Rect, colour: ExtendedColorType) -> Option<()> {
    let mut png = Vec::new();
    if !area.is_empty() {
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
            .write_image(data, u32::try_from(area.w).ok()?, u32::try_from(area.h).ok()?, colour)
            .ok()?;
    }
    put(out, png.len())?;
    out.extend(png);
    Some(())
}

/// Unpacks layers; none for anything that is not whole.
pub(crate) fn unpack(file: &[u8]) -> Option<Layers> {
    let (body, hash) = file.split_at_checked(file.len().checked_sub(HASH)?)?;
    if files::sha256(body).as_bytes() != hash {
        return None;
    }
    let mut r = Reader(body.strip_prefix(MAGIC)?);
    let (w, h, div) = (r.number()?, r.number()?, r.number()?);
    let (area, small) = (r.rect()?, r.rect()?);
    let depth_scale = (r.float()?, r.float()?);
    let span = Span { near_mm: r.float()?, far_mm: r.float()?, best_mm: r.float()? };
    let fits = area.right() <= w && area.bottom() <= h && div > 0;
    if !fits {
        return None;
    }
    Some(Layers {
        w,
        h,
        area,
        radiance: r.groups(area)?,
        alpha: r.picture(area)?.into_luma8().into_raw(),
        part: r.picture(area)?.into_luma8().into_raw(),
        depth: r.picture(area)?.into_luma16().into_raw(),
        depth_scale,
        span,
        mirror: Mirror { div, area: small, radiance: r.groups(small)? },
    })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(part)
    }

    fn number(&mut self) -> Option<usize> {
        let n = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        (n <= 1 << 30).then_some(n as usize)
    }

    fn float(&mut self) -> Option<f32> {
        let v = f32::from_le_bytes(self.take(4)?.try_into().ok()?);
        v.is_finite().then_some(v)
    }

    fn rect(&mut self) -> Option<Rect> {
        Some(Rect::new(self.number()?, self.number()?, self.number()?, self.number()?))
    }

    /// A PNG of just the size that is expected.
    fn picture(&mut self, area: Rect) -> Option<image::DynamicImage> {
        let length = self.number()?;
        let bytes = self.take(length)?;
        let mut limits = Limits::default();
        (limits.max_image_width, limits.max_image_height) = (Some(MOST), Some(MOST));
        let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Png);
        reader.limits(limits);
        let picture = reader.decode().ok()?;
        let same = (picture.width() as usize, picture.height() as usize) == (area.w, area.h);
        same.then_some(picture)
    }

    fn groups(&mut self, area: Rect) -> Option<[Vec<Rgbe>; GROUPS]> {
        let mut groups: [Vec<Rgbe>; GROUPS] = Default::default();
        for group in &mut groups {
            let raw = self.picture(area)?.into_rgba8().into_raw();
            *group = raw.as_chunks::<4>().0.to_vec();
        }
        Some(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Scene;
    use super::super::super::scene::{Sampling, Stage};
    use super::super::Quality;
    use super::*;

    #[test]
    fn layers_come_back_as_they_were_and_damage_is_noticed() {
        let stage = Stage::new(Scene::default().setup(), Sampling { cells: (16, 16), rays: 2 });
        let layers = Layers::render(&stage, 60, 40, Quality::FIRST);
        let file = pack(&layers).unwrap();
        let back = unpack(&file).unwrap();
        assert_eq!((back.w, back.area, back.span), (60, layers.area, layers.span));
        assert!(back.radiance == layers.radiance && back.depth == layers.depth);
        assert!(back.mirror.radiance == layers.mirror.radiance && back.alpha == layers.alpha);
        for cut in [0, 7, 40, file.len() / 2, file.len() - 1] {
            assert!(unpack(&file[..cut]).is_none(), "{cut}");
        }
        for at in [9, 30, file.len() / 2, file.len() - 3] {
            let mut bad = file.clone();
            bad[at] ^= 0x40;
            assert!(unpack(&bad).is_none(), "{at}");
        }
    }
}
