//! A tethered session without a window: live view with readings, captures stored and judged.

use crate::camera::{Camera, CameraError, CameraEvent, LiveFrame, ObjectId};
use crate::imaging::jpeg;
use crate::score::{Score, judge};
use crate::session::{Session, Sidecar};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Pictures to take.
    pub shots: usize,
    /// Seconds of live view before each picture.
    pub live_s: f32,
}

/// A capture that is safe on disk.
#[derive(Clone, Debug)]
pub struct Take {
    /// The stored original.
    pub file: PathBuf,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Its score; none if it does not decode.
    pub score: Option<Score>,
}

/// How the shoot went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was stored, in order.
    pub takes: Vec<Take>,
    /// Pictures that were asked for and never arrived.
    pub lost: usize,
}

/// How long a picture may take to be announced.
const PATIENCE: Duration = Duration::from_secs(60);

/// Shoots; every event goes to `tell` as it happens.
pub fn shoot(
    camera: &mut dyn Camera,
    session: &Session,
    plan: &Plan,
    tell: &mut dyn FnMut(Value),
) -> Result<Outcome, CameraError> {
    let start = Instant::now();
    let t = || (start.elapsed().as_secs_f32() * 1000.0).round() / 1000.0;
    tell(json!({"t": t(), "event": "connected", "model": camera.model()}));
    let mut outcome = Outcome::default();
    let (mut frames, mut frame_ms, mut captures) = (0_usize, Vec::new(), 0_usize);
    let mut scored_ms = Vec::new();
    for _ in 0..plan.shots {
        let live = Instant::now();
        let mut last: Option<Score> = None;
        while live.elapsed().as_secs_f32() < plan.live_s {
            let asked = Instant::now();
            let LiveFrame::Jpeg(frame) = camera.frame()? else { continue };
            frames += 1;
            if let Ok(picture) = jpeg::decode(&frame) {
                last = Some(judge(&picture));
            }
            frame_ms.push(asked.elapsed().as_secs_f32() * 1000.0);
        }
        if let Some(score) = last {
            tell(json!({"t": t(), "event": "reading", "focus": score.focus,
                "symmetry": score.symmetry, "lighting": score.lighting}));
        }
        tell(json!({"t": t(), "event": "capture", "number": captures + 1}));
        camera.trigger()?;
        captures += 1;
        let announced = added(camera)?;
        if announced.is_empty() {
            outcome.lost += 1;
            tell(json!({"t": t(), "event": "warning",
                "because": "the camera announced no picture within a minute; look on its card"}));
        }
        for object in announced {
            let bytes = camera.fetch(&object)?;
            let arrived = Instant::now();
            let stored = match session.store(&object.name, &bytes) {
                Ok(stored) => stored,
                Err(e) => {
                    outcome.lost += 1;
                    tell(json!({"t": t(), "event": "warning", "because":
                        format!("{} stays on the card: the session folder cannot be written ({e}); \
                                 make room or choose another folder", object.name)}));
                    continue;
                }
            };
            tell(json!({"t": t(), "event": "stored", "file": stored.file, "bytes": bytes.len(),
                "sha256": stored.sha256, "copies": 1}));
            let score = match jpeg::decode(&bytes) {
                Ok(picture) => Some(judge(&picture)),
                Err(e) => {
                    tell(json!({"t": t(), "event": "warning", "because": e.to_string()}));
                    None
                }
            };
            scored_ms.push(arrived.elapsed().as_secs_f32() * 1000.0);
            let sidecar = Sidecar {
                sha256: stored.sha256.clone(),
                score: score.clone(),
                recipe: None,
                rating: 0,
            };
            if let Err(e) = session.write_sidecar(&stored.file, &sidecar) {
                tell(json!({"t": t(), "event": "warning", "because":
                    format!("the scores could not be written ({e})")}));
            }
            tell(json!({"t": t(), "event": "scored", "file": stored.file, "score": score}));
            outcome.takes.push(Take { file: stored.file, sha256: stored.sha256, score });
        }
    }
    tell(json!({"t": t(), "event": "done", "frames": frames, "frames_dropped": 0,
        "captures": captures, "stored": outcome.takes.len(), "lost": outcome.lost,
        "frame_ms": percentiles(&mut frame_ms), "arrived_to_scored_ms": percentiles(&mut scored_ms)}));
    Ok(outcome)
}

/// Files that the camera announces for one picture.
pub(super) fn added(camera: &mut dyn Camera) -> Result<Vec<ObjectId>, CameraError> {
    let (start, mut found) = (Instant::now(), Vec::new());
    while start.elapsed() < PATIENCE {
        for event in camera.events(Duration::from_millis(200))? {
            match event {
                CameraEvent::Added(id) => found.push(id),
                CameraEvent::Complete if !found.is_empty() => return Ok(found),
                _ => {}
            }
        }
    }
    Ok(found)
}

fn percentiles(values: &mut [f32]) -> Value {
    values.sort_by(f32::total_cmp);
    let at = |q: f32| values.get(((values.len() as f32 * q) as usize).min(values.len().saturating_sub(1)));
    json!({"p50": at(0.5), "p95": at(0.95), "max": values.last()})
}
