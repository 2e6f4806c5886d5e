//! Colour profiles in pictures: what is sRGB stays as it is, what is wider becomes Rec.2020.

use super::{Pixels, Rgb8, Rgb16, Space};
use moxcms::{
    ColorProfile, DataColorSpace, Layout, RenderingIntent, Transform16BitExecutor, TransformOptions,
};
use parking_lot::Mutex;
use rayon::prelude::*;
use std::sync::Arc;

/// A profile is taken for sRGB when no colour comes out farther away than this, of 65535: one step
/// of eight bits.
const SRGB_TOLERANCE: u16 = 257;

/// Samples that one task converts.
const CHUNK: usize = 1 << 15;

/// What a file's profile says about its numbers.
pub(super) enum Meaning {
    /// sRGB, or close enough that eight bits are the same.
    Srgb,
    /// Anything else.
    Other(Box<ColorProfile>),
}

/// Reads a profile for pixels of `space`; the error is a sentence about it.
pub(super) fn meaning(icc: &[u8], space: DataColorSpace) -> Result<Meaning, String> {
    let read = super::guard::catch(|| ColorProfile::new_from_slice(icc));
    let profile = match read {
        Ok(Ok(profile)) => profile,
        Ok(Err(e)) => return Err(format!("its colour profile cannot be read ({e})")),
        Err(e) => return Err(format!("its colour profile cannot be read ({e})")),
    };
    if profile.color_space != space {
        return Err("its colour profile is for another kind of pixels".to_owned());
    }
    let like_srgb = space == DataColorSpace::Rgb && is_like_srgb(icc, &profile)?;
    Ok(if like_srgb { Meaning::Srgb } else { Meaning::Other(Box::new(profile)) })
}

/// Adobe RGB (1998), which cameras name in EXIF without embedding a profile.
pub(super) fn adobe_rgb() -> Meaning {
    Meaning::Other(Box::new(ColorProfile::new_adobe_rgb()))
}

/// A transform from `from` to `to` at sixteen bits.
pub(super) fn transform(
    from: &ColorProfile,
    layout: Layout,
    to: &ColorProfile,
) -> Result<Arc<Transform16BitExecutor>, String> {
    let options = TransformOptions {
        rendering_intent: RenderingIntent::Perceptual,
        prefer_fixed_point: false,
        allow_use_cicp_transfer: false,
        ..TransformOptions::default()
    };
    super::guard::catch(|| from.create_transform_16bit(layout, to, Layout::Rgb, options))
        .and_then(|made| made.map_err(|e| e.to_string()))
        .map_err(|e| format!("its colour profile cannot be used ({e})"))
}

/// Rec.2020 primaries with the sRGB curve: [`Space::Rec2020`].
pub(super) fn rec2020() -> ColorProfile {
    let mut profile = ColorProfile::new_bt2020();
    let curve = ColorProfile::new_srgb().red_trc;
    profile.red_trc.clone_from(&curve);
    profile.green_trc.clone_from(&curve);
    profile.blue_trc = curve;
    profile.cicp = None;
    profile
}

/// Whether a profile is sRGB in all but name. Building a transform takes longer than decoding a
/// small preview, and a studio's pictures carry the same few profiles: the last ones are remembered.
fn is_like_srgb(icc: &[u8], profile: &ColorProfile) -> Result<bool, String> {
    const REMEMBERED: usize = 8;
    static SEEN: Mutex<Vec<(Vec<u8>, bool)>> = Mutex::new(Vec::new());
    if let Some((_, known)) = SEEN.lock().iter().find(|(bytes, _)| bytes == icc) {
        return Ok(*known);
    }
    let found = keeps_srgb(profile)?;
    let mut seen = SEEN.lock();
    if seen.len() == REMEMBERED {
        seen.remove(0);
    }
    seen.push((icc.to_vec(), found));
    Ok(found)
}

/// Sends a grid of colours through the profile.
fn keeps_srgb(profile: &ColorProfile) -> Result<bool, String> {
    let steps: Vec<u16> = (0..=8).map(|i| i * 8191).collect();
    let mut grid = Vec::new();
    for &r in &steps {
        for &g in &steps {
            grid.extend(steps.iter().flat_map(|&b| [r, g, b]));
        }
    }
    // The dark end of the curve tells a plain gamma of 2.2 from sRGB.
    grid.extend((0..64).flat_map(|v| [v * 128; 3]));
    let mut out = vec![0; grid.len()];
    let to = ColorProfile::new_srgb();
    run(&*transform(profile, Layout::Rgb, &to)?, &grid, &mut out)?;
    Ok(grid.iter().zip(&out).all(|(a, b)| a.abs_diff(*b) <= SRGB_TOLERANCE))
}

fn run(t: &Transform16BitExecutor, from: &[u16], to: &mut [u16]) -> Result<(), String> {
    super::guard::catch(|| t.transform(from, to))
        .and_then(|r| r.map_err(|e| e.to_string()))
        .map_err(|e| format!("its colour profile cannot be used ({e})"))
}

/// `channels` samples a pixel to Rec.2020, a chunk at a time so that memory stays at the result.
fn to_rec2020<T: Copy + Sync>(
    data: &[T],
    channels: usize,
    profile: &ColorProfile,
    widen: impl Fn(T) -> u16 + Sync,
) -> Result<Vec<u16>, String> {
    let layout = if channels == 4 { Layout::Rgba } else { Layout::Rgb };
    let t = transform(profile, layout, &rec2020())?;
    let pixels = data.len() / channels;
    let mut out = vec![0_u16; pixels * 3];
    out.par_chunks_mut(CHUNK * 3).zip(data.par_chunks(CHUNK * channels)).try_for_each(
        |(to, from)| {
            let wide: Vec<u16> = from.iter().map(|&v| widen(v)).collect();
            run(&*t, &wide, to)
        },
    )?;
    Ok(out)
}

/// 255 to 65535.
pub(super) fn widen8(v: u8) -> u16 {
    u16::from(v) * 257
}

/// Eight-bit RGB in the space of `meaning`.
pub(super) fn rgb8(p: Rgb8, meaning: &Meaning) -> Result<(Pixels, Space), (Rgb8, String)> {
    match meaning {
        Meaning::Srgb => Ok((Pixels::Eight(p), Space::Srgb)),
        Meaning::Other(profile) => match to_rec2020(&p.data, 3, profile, widen8) {
            Ok(data) => Ok((Pixels::Sixteen(Rgb16 { w: p.w, h: p.h, data }), Space::Rec2020)),
            Err(why) => Err((p, why)),
        },
    }
}

/// Sixteen-bit RGB in the space of `meaning`.
pub(super) fn rgb16(p: Rgb16, meaning: &Meaning) -> Result<(Pixels, Space), (Rgb16, String)> {
    match meaning {
        Meaning::Srgb => Ok((Pixels::Sixteen(p), Space::Srgb)),
        Meaning::Other(profile) => match to_rec2020(&p.data, 3, profile, |v| v) {
            Ok(data) => Ok((Pixels::Sixteen(Rgb16 { w: p.w, h: p.h, data }), Space::Rec2020)),
            Err(why) => Err((p, why)),
        },
    }
}

/// Four inks, 0 is bare paper, to Rec.2020 through their profile.
pub(super) fn cmyk<T: Copy + Sync>(
    inks: &[T],
    profile: &ColorProfile,
    widen: impl Fn(T) -> u16 + Sync,
) -> Result<Vec<u16>, String> {
    to_rec2020(inks, 4, profile, widen)
}

/// Eight-bit RGB of a small picture straight to sRGB: for previews.
pub(super) fn preview(p: &mut Rgb8, meaning: &Meaning) -> Result<(), String> {
    let Meaning::Other(profile) = meaning else { return Ok(()) };
    let t = transform(profile, Layout::Rgb, &ColorProfile::new_srgb())?;
    p.data.par_chunks_mut(CHUNK * 3).try_for_each(|chunk| {
        let wide: Vec<u16> = chunk.iter().map(|&v| widen8(v)).collect();
        let mut out = vec![0; wide.len()];
        run(&*t, &wide, &mut out)?;
        for (to, from) in chunk.iter_mut().zip(out) {
            *to = ((u32::from(from) * 255 + 32_895) >> 16) as u8;
        }
        Ok(())
    })
}

/// The grey curve of a profile as sRGB grey: 65536 values; `None` if it is already that curve
/// within a step of eight bits.
pub(super) fn grey_table(profile: &ColorProfile) -> Result<Option<Vec<u16>>, String> {
    let t = transform(profile, Layout::Gray, &ColorProfile::new_srgb())?;
    let ramp: Vec<u16> = (0..=u16::MAX).collect();
    let mut out = vec![0; ramp.len() * 3];
    run(&*t, &ramp, &mut out)?;
    let table: Vec<u16> = out.chunks_exact(3).map(|p| p[1]).collect();
    let same = ramp.iter().zip(&table).all(|(a, b)| a.abs_diff(*b) <= SRGB_TOLERANCE);
    Ok((!same).then_some(table))
}
