//! Focus: mean squared gradient inside the subject, of luminance that was scaled to one exposure and
//! from which the share of noise was taken off. Variance of Laplacian would rank a bright blurred
//! frame above a dark sharp one.

use super::Reading;
use crate::imaging::{Mask, Plane};

pub(super) fn read(luminance: &Plane, subject: &Mask) -> Reading {
    let (w, h) = (luminance.w, luminance.h);
    let inside: Vec<usize> = (0..w * h).filter(|&i| subject.data[i] > 127).collect();
    if inside.len() < 100 {
        return Reading { value: 0.0, because: "no piece was found in the frame".to_owned() };
    }
    let log_mean = inside.iter().map(|&i| f64::from(luminance.data[i].max(1e-4)).ln()).sum::<f64>()
        / inside.len() as f64;
    let scale = 0.16 / log_mean.exp() as f32;
    let tone: Vec<f32> =
        luminance.data.iter().map(|v| (v * scale).max(0.0).powf(1.0 / 2.4)).collect();
    let (mut energy, mut n) = (0.0_f64, 0_usize);
    for y in 2..h.saturating_sub(2) {
        for x in 2..w.saturating_sub(2) {
            let i = y * w + x;
            // Central differences of pairs that are two apart smooth a little along the way.
            let dx = 0.25 * (tone[i + 1] + tone[i + 2] - tone[i - 1] - tone[i - 2]);
            let dy = 0.25 * (tone[i + w] + tone[i + 2 * w] - tone[i - w] - tone[i - 2 * w]);
            if subject.data[i] > 127 {
                energy += f64::from(dx * dx + dy * dy);
                n += 1;
            }
        }
    }
    // Immerkaer's noise: the backdrop's second differences, in the same tone.
    let mut flat: Vec<f32> = (1..h.saturating_sub(1))
        .step_by(3)
        .flat_map(|y| (1..w.saturating_sub(1)).step_by(3).map(move |x| y * w + x))
        .filter(|&i| subject.data[i] < 128)
        .map(|i| (tone[i - 1] - 2.0 * tone[i] + tone[i + 1]).abs())
        .collect();
    let noise = f64::from(super::median(&mut flat) / 0.6745 / 6.0_f32.sqrt()).powi(2);
    let clean = (energy / n.max(1) as f64 - 0.5 * noise).max(0.0);
    let sharp = clean.sqrt() as f32;
    let value = 1.0 - (-sharp / 0.03).exp();
    let word = match value {
        v if v > 0.8 => "crisp",
        v if v > 0.55 => "nearly sharp: step the focus a little",
        _ => "soft: refocus on the piece",
    };
    Reading { value, because: format!("the piece is {word} (edge energy {:.1})", sharp * 1000.0) }
}
