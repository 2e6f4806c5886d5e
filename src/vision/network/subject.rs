//! Culet's own network, built into the program: subject, metal and stones of a picture beside its ground.
//!
//! It looks twice: at the whole picture in one square, which tells what is meant, then at squares at the size at which a
//! cut-out is decided, each with what the first look said. `models/README.md` says what it was trained on.

use super::{NetworkError, guard};
use crate::imaging::{Mask, Parts, Plane, Rgb8};
use crate::vision::sight::Sight;
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;
use tract_onnx::prelude::*;

const SIDE: usize = Sight::SIDE;
const SHAPE: [usize; 4] = [1, Sight::PLANES + 1, SIDE, SIDE];
/// Squares overlap by twice this: near its border a square knows less.
const MARGIN: usize = 24;

/// The network, ready to run. Two pictures may be looked at side by side.
#[derive(Clone)]
pub struct SubjectNetwork {
    plan: Arc<TypedRunnableModel>,
}

impl SubjectNetwork {
    /// The one in the program.
    pub fn built_in() -> Result<Self, NetworkError> {
        Self::parse(include_bytes!("../../../models/subject.onnx"))
            .map_err(|why| NetworkError::Damaged("models/subject.onnx".into(), why))
    }

    /// One that was trained anew, for measuring it.
    pub fn open(path: &Path) -> Result<Self, NetworkError> {
        let bytes = guard::read(path)?;
        Self::parse(&bytes).map_err(|why| NetworkError::Damaged(path.to_owned(), why))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let plan = super::plan_of(bytes, SHAPE)?;
        Ok(Self { plan })
    }

    /// One look at the whole picture, squeezed into [`Sight::SIDE`]: stretch the parts over the picture.
    pub fn glance(&self, picture: &Rgb8, empty_set: Option<&Rgb8>) -> Result<Parts, NetworkError> {
        if picture.w == 0 || picture.h == 0 {
            return Err(NetworkError::EmptyPicture);
        }
        self.see(&Sight::whole(picture, empty_set))
    }

    /// The same at a whole picture that was made ready.
    pub fn see(&self, whole: &Sight) -> Result<Parts, NetworkError> {
        let planes = self.run(whole.square(0, 0), None)?;
        let mask = |k: usize| Mask {
            w: SIDE,
            h: SIDE,
            data: planes[k * SIDE * SIDE..(k + 1) * SIDE * SIDE].iter().map(|&v| byte(v)).collect(),
        };
        Ok(Parts { subject: mask(0), metal: mask(1), stone: mask(2) })
    }

    /// Both looks; the parts are as large as the reduced picture that a cut-out is decided on.
    pub fn look(&self, picture: &Rgb8, empty_set: Option<&Rgb8>) -> Result<Parts, NetworkError> {
        let first = self.glance(picture, empty_set)?.subject;
        self.look_closely(&first, &Sight::close(picture, empty_set))
    }

    /// The second look, at [`Sight::close`] of a picture; `first` is the subject of a glance at it. The cut-out takes
    /// the same sight ([`crate::vision::CutOut::sight`]).
    pub fn look_closely(&self, first: &Mask, sight: &Sight) -> Result<Parts, NetworkError> {
        let guess = Plane {
            w: first.w,
            h: first.h,
            data: first.data.iter().map(|&v| f32::from(v)).collect(),
        };
        let (w, h) = sight.size();
        let corners: Vec<(usize, usize)> = starts(h)
            .into_iter()
            .flat_map(|y| starts(w).into_iter().map(move |x| (x, y)))
            .collect();
        let seen: Vec<Result<Vec<f32>, NetworkError>> = corners
            .par_iter()
            .map(|&(left, top)| {
                let hint = |i: usize| {
                    let (x, y) = ((left + i % SIDE).min(w - 1), (top + i / SIDE).min(h - 1));
                    let (u, v) = ((x as f32 + 0.5) / w as f32, (y as f32 + 0.5) / h as f32);
                    guess.sample(u * guess.w as f32 - 0.5, v * guess.h as f32 - 0.5)
                };
                self.run(sight.square(left, top), Some(&hint))
            })
            .collect();
        let mut sums = vec![[0.0_f32; 4]; w * h];
        for ((left, top), planes) in corners.into_iter().zip(seen) {
            let planes = planes?;
            for y in 0..SIDE.min(h - top) {
                for x in 0..SIDE.min(w - left) {
                    // What lies near a square's border counts little where another square sees it better.
                    let near = |v: usize| v.min(SIDE - 1 - v).min(2 * MARGIN) as f32 + 1.0;
                    let weight = near(x) * near(y);
                    let sum = &mut sums[(top + y) * w + left + x];
                    for k in 0..3 {
                        sum[k] += weight * planes[(k * SIDE + y) * SIDE + x];
                    }
                    sum[3] += weight;
                }
            }
        }
        let mask = |k: usize| Mask { w, h, data: sums.iter().map(|s| byte(s[k] / s[3])).collect() };
        Ok(Parts { subject: mask(0), metal: mask(1), stone: mask(2) })
    }

    /// Runs on the planes of a square and a guess, 0 to 255; three planes of 0 to 1.
    pub fn run(
        &self,
        mut planes: Vec<f32>,
        guess: Option<&dyn Fn(usize) -> f32>,
    ) -> Result<Vec<f32>, NetworkError> {
        let hint = |i: usize| guess.map_or(0.0, |g| (g(i) - 128.0) / 127.5);
        planes.extend((0..SIDE * SIDE).map(hint));
        let result = super::run(&self.plan, &SHAPE, planes, |output| {
            let view = output.to_plain_array_view::<f32>().map_err(|e| e.to_string())?;
            let values: Vec<f32> = view.iter().copied().collect();
            if values.len() != 3 * SIDE * SIDE || values.iter().any(|v| !v.is_finite()) {
                return Err("its output is not three planes of numbers".to_owned());
            }
            Ok(values)
        });
        result.map_err(|why| NetworkError::Damaged("models/subject.onnx".into(), why))
    }
}

fn byte(share: f32) -> u8 {
    (share.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

/// Where squares begin so that they cover a length, evenly.
fn starts(length: usize) -> Vec<usize> {
    if length <= SIDE {
        return vec![0];
    }
    let n = (length - 2 * MARGIN).div_ceil(SIDE - 2 * MARGIN).max(2);
    (0..n).map(|i| i * (length - SIDE) / (n - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_agrees_with_onnxruntime() {
        // models/onnxruntime-subject.csv says the command that recorded it.
        let recorded = include_str!("../../../models/onnxruntime-subject.csv");
        let pattern: Vec<f32> = (0..Sight::PLANES * SIDE * SIDE)
            .map(|i| {
                let (c, y, x) = (i / (SIDE * SIDE), i / SIDE % SIDE, i % SIDE);
                let disk = (x as f32 - 150.0).hypot(y as f32 - 170.0) < 70.0;
                if disk {
                    0.3 - 0.05 * c as f32
                } else {
                    0.02 * ((x + 2 * y + c) % 7) as f32 - 0.06
                }
            })
            .collect();
        let got = SubjectNetwork::built_in().unwrap().run(pattern, None).unwrap();
        let mut seen = 0;
        for line in recorded.lines().filter(|l| !l.starts_with('#')) {
            let v: Vec<f32> = line.split(',').map(|t| t.trim().parse().unwrap()).collect();
            let here = got[v[1] as usize * SIDE + v[0] as usize];
            assert!((here - v[2]).abs() < 1e-3, "{line}: {here}");
            seen += 1;
        }
        assert!(seen >= 20);
    }

    /// A golden ring with a dark stone on a grey ground.
    fn ring(w: usize, h: usize) -> Rgb8 {
        Rgb8::from_fn(w, h, |x, y| {
            let (u, v) = (x as f32 - 0.5 * w as f32, y as f32 - 0.5 * h as f32);
            let r = u.hypot(v) / h as f32;
            let grain = ((x * 7 + y * 13) % 5) as u8;
            let shine = (128.0 + 110.0 * (r * 90.0 + u * 0.02).sin()) as u8;
            match r {
                r if (0.25..0.31).contains(&r) => [shine, shine - shine / 4, shine / 3],
                _ => [148 + grain, 147 + grain, 149 + grain],
            }
        })
    }

    #[test]
    fn a_ring_is_seen_with_its_opening_at_any_size() {
        let network = SubjectNetwork::built_in().unwrap();
        for (w, h) in [(300, 200), (200, 460), (1500, 1000)] {
            let picture = ring(w, h);
            let glance = network.glance(&picture, None).unwrap();
            assert_eq!((glance.subject.w, glance.metal.h), (SIDE, SIDE));
            let parts = network.look(&picture, None).unwrap();
            let k = parts.subject.h as f32 / h as f32;
            let at = |r: f32| {
                let x = (0.5 * w as f32 + r * h as f32) * k;
                parts
                    .subject
                    .at((x as usize).min(parts.subject.w - 1), (0.5 * h as f32 * k) as usize)
            };
            if w > h {
                assert!(at(0.28) > 127 && at(0.0) < 127 && at(0.45) < 127, "{w}x{h}");
            }
        }
        assert!(matches!(network.glance(&Rgb8::default(), None), Err(NetworkError::EmptyPicture)));
    }

    #[test]
    fn squares_cover_every_length() {
        for length in [1, 319, 320, 321, 560, 800, 1200] {
            let starts = starts(length);
            assert_eq!(starts[0], 0);
            assert!(starts.windows(2).all(|s| s[1] - s[0] <= SIDE - 2 * MARGIN), "{length}");
            assert_eq!(starts.last().unwrap() + SIDE.min(length), length, "{length}");
        }
    }
}
