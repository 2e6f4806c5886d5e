//! Scores captures in the order they came, and looks again at those of an earlier run. A capture
//! that cannot be scored is still safe; a panic in a measure costs that score only.

use super::colour::MisfitError;
use super::contract::{Event, Level, TakeId, Thumbnail};
use super::preview::shrink;
use super::shared::Shared;
use super::tether::Arrival;
use crate::calibrate::Calibration;
use crate::imaging::{Rgb8, open};
use crate::score::{Facts, Score, judge};
use crossbeam_channel::Receiver;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Longest side that is decoded for scoring.
const JUDGED: usize = 1500;
/// Longest side of a thumbnail.
const THUMBNAIL: usize = 320;

/// Works until no more captures come.
pub(super) fn run(shared: &Shared, arrivals: &Receiver<Arrival>) {
    for arrival in arrivals {
        if shared.stopped() {
            break;
        }
        look_at(shared, &arrival);
        shared.meters.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

fn look_at(shared: &Shared, arrival: &Arrival) {
    let begun = Instant::now();
    let Some(take) = shared.book.lock().take(arrival.take).cloned() else { return };
    if take.trouble.is_some() {
        return;
    }
    let seen = open::bytes(&take.file)
        .and_then(|bytes| open::preview(&bytes, JUDGED).map(|preview| (preview, facts(&bytes))));
    let (preview, facts) = match seen {
        Ok(seen) => seen,
        Err(e) => return trouble(shared, arrival.take, &format!("{}: {e}", take.name)),
    };
    let decoded = begun.elapsed();
    let thumbnail = Thumbnail::of(&shrink(&preview.rgb, THUMBNAIL));
    let unjudged = take.score.is_none();
    let (score, calibration) = if let Some(score) = take.score {
        // Judged in an earlier run; a person can ask for a new score by `culet judge`.
        (Some(score), take.calibration)
    } else {
        let used = shared.colour.lock().clone().filter(|c| !c.calibration.sensor);
        let mut rgb = preview.rgb;
        used.iter().for_each(|c| c.calibration.correct(&mut rgb));
        (scored(&rgb, preview.full).map(Arc::new), used.map(|c| c.file))
    };
    if score.is_none() {
        shared.say(
            Level::Warning,
            format!("{} could not be scored; it is safe on the disk", take.name),
        );
    }
    let judged = begun.elapsed();
    let weights = shared.taste.lock().weights();
    let mut book = shared.book.lock();
    let changed = book.change(arrival.take, |t| {
        t.thumbnail = thumbnail;
        t.facts = facts;
        t.score = score;
        t.calibration = calibration;
        t.timing.arrived_to_scored = arrival.arrived.map(|at| at.elapsed());
    });
    let kept = if unjudged { book.keep(arrival.take) } else { Ok(()) };
    let regrouped = super::curate::regroup(&mut book, &weights);
    drop(book);
    tracing::debug!(
        "{}: decoded in {} ms, judged in {} ms, kept and grouped in {} ms",
        take.name,
        decoded.as_millis(),
        judged.saturating_sub(decoded).as_millis(),
        begun.elapsed().saturating_sub(judged).as_millis()
    );
    if let Err(e) = kept {
        let text = format!(
            "the scores of {} could not be written ({e}); make room or mend the folder",
            take.name
        );
        shared.say(Level::Warning, text);
    }
    for take in changed.into_iter().chain(regrouped) {
        shared.tell(Event::TakeChanged(take));
    }
}

fn trouble(shared: &Shared, id: TakeId, text: &str) {
    let changed = shared.book.lock().change(id, |t| t.trouble = Some(text.to_owned()));
    shared.say(Level::Warning, text);
    changed.into_iter().for_each(|take| shared.tell(Event::TakeChanged(take)));
}

/// The score of a reduced picture, with places in pixels of the whole one; none if a measure failed.
fn scored(rgb: &Rgb8, full: (usize, usize)) -> Option<Score> {
    let score = catch_unwind(AssertUnwindSafe(|| judge(rgb))).ok()?;
    Some(score.scaled_to(full))
}

/// A file's score and what its EXIF block says.
pub struct Seen {
    /// Size of the picture, upright, pixels.
    pub size: (usize, usize),
    /// Its score.
    pub score: Score,
    /// What grouping needs to know.
    pub facts: Facts,
}

/// Scores a picture file, from its embedded preview or a reduced decode where that loses nothing.
/// A calibration of developed pictures brings it to true colour first.
pub fn judge_file(path: &Path, calibration: Option<&Calibration>) -> Result<Seen, String> {
    let bytes = open::bytes(path).map_err(|e| e.to_string())?;
    let mut preview = open::preview(&bytes, JUDGED).map_err(|e| e.to_string())?;
    match calibration {
        Some(c) if c.sensor => return Err(MisfitError::NeedsRaw.to_string()),
        Some(c) => c.correct(&mut preview.rgb),
        None => {}
    }
    let score =
        scored(&preview.rgb, preview.full).ok_or("it could not be scored; please report it")?;
    Ok(Seen { size: preview.full, score, facts: facts(&bytes) })
}

/// What grouping needs of an EXIF block.
fn facts(bytes: &[u8]) -> Facts {
    let said = open::facts(bytes);
    Facts {
        taken: said.taken,
        exposure_s: said.shutter_s.map(|v| v as f32),
        aperture: said.f_number.map(|v| v as f32),
        iso: said.iso.map(|v| v as f32),
        focus_step: None,
    }
}
