//! `culet judge`: scores pictures or folders of them, groups takes, names the keepers.

use super::{complain, count, pictures, progress};
use crate::engine::{forget_picks, judge_file, learnt_weights, load_calibration};
use crate::score::{Candidate, Facts, Group, Score, Verdict, Weights, conclude, curate};
use crate::suggest::advise;
use anyhow::Result;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Pictures, or folders of them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Only the best so many of all groups.
    #[arg(long, value_parser = count)]
    top: Option<usize>,
    /// Judges in the true colour of a calibration (TOML, from `culet calibrate` or a session).
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    /// Forget what your picks in the studio taught first.
    #[arg(long)]
    forget_picks: bool,
    /// One JSON object a line on stdout.
    #[arg(long)]
    json: bool,
}

/// A picture that was scored.
struct Judged<'a> {
    file: &'a Path,
    size: (usize, usize),
    facts: Facts,
    score: Score,
    ms: f32,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    if arguments.forget_picks {
        forget_picks()?;
    }
    let weights = learnt_weights();
    let files = pictures(&arguments.paths);
    anyhow::ensure!(
        !files.is_empty(),
        "there is no picture in what was named; Culet reads JPEG, PNG, TIFF and camera raw"
    );
    let calibration = arguments.calibration.as_deref().map(load_calibration).transpose()?;
    let bar = progress(files.len(), arguments.json);
    let results: Vec<_> = files
        .par_iter()
        .map(|file| {
            let begun = Instant::now();
            let seen = judge_file(file, calibration.as_ref());
            bar.inc(1);
            seen.map(|seen| Judged {
                file,
                size: seen.size,
                facts: seen.facts,
                score: seen.score,
                ms: begun.elapsed().as_secs_f32() * 1000.0,
            })
            .map_err(|e| (file, e))
        })
        .collect();
    bar.finish_and_clear();
    let (judged, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let mut judged: Vec<Judged> = judged.into_iter().flatten().collect();
    judged.iter_mut().for_each(|j| conclude(&mut j.score, &weights));
    for (file, e) in failed.iter().filter_map(|r| r.as_ref().err()) {
        complain(file, e, arguments.json);
    }
    report(&judged, &weights, arguments);
    if weights.picks > 0 && !arguments.json {
        note!("ordered by what {} of your picks taught: {}", weights.picks, weights.in_words());
    }
    Ok(u8::from(!failed.is_empty()))
}

fn report(judged: &[Judged], weights: &Weights, arguments: &Arguments) {
    let names: Vec<String> = judged.iter().map(|j| name(j.file)).collect();
    let candidates: Vec<Candidate<'_>> = judged
        .iter()
        .zip(&names)
        .map(|(j, name)| Candidate { name, score: &j.score, facts: j.facts })
        .collect();
    let groups = curate(&candidates, weights);
    let mut order: Vec<(usize, &Judged, &Group)> = groups
        .iter()
        .enumerate()
        .flat_map(|(n, group)| group.members.iter().map(move |&i| (i, n, group)))
        .map(|(i, n, group)| (n, &judged[i], group))
        .collect();
    let is_best = |j: &Judged, group: &Group| {
        group.best.is_some_and(|b| std::ptr::eq(&raw const judged[b], j))
    };
    if let Some(top) = arguments.top {
        order.sort_by(|a, b| b.1.score.overall.total_cmp(&a.1.score.overall));
        order.retain(|(_, j, group)| is_best(j, group));
        order.truncate(top);
    }
    for (number, judged, group) in order {
        let best = is_best(judged, group);
        if arguments.json {
            say!("{}", object(judged, number, group, best));
        } else {
            say!("{}", line(judged, number, group, best));
        }
    }
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn object(judged: &Judged, number: usize, group: &Group, best: bool) -> Value {
    let score = &judged.score;
    json!({
        "file": judged.file, "size": [judged.size.0, judged.size.1],
        "scores": {"focus": score.focus, "symmetry": score.symmetry, "lighting": score.lighting,
            "cleanliness": score.cleanliness, "quality": score.quality},
        "overall": score.overall, "verdict": score.verdict, "reason": score.reason,
        "subject": score.subject.map(|r| [r.x, r.y, r.w, r.h]),
        "group": number, "best": best, "set": group.kind.set(), "because": group.because,
        "suggestions": advise(score), "ms": judged.ms,
    })
}

fn line(judged: &Judged, number: usize, group: &Group, best: bool) -> String {
    let verdict = match judged.score.verdict {
        Verdict::Keep => "keep  ",
        Verdict::Maybe => "maybe ",
        Verdict::Reject => "reject",
    };
    let best = if best && group.members.len() > 1 { ", best of it" } else { "" };
    let set = group.kind.set().map(|s| format!(", a {s} series")).unwrap_or_default();
    format!(
        "{:.2} {verdict} {} (group {number}{set}{best}): {}",
        judged.score.overall,
        judged.file.display(),
        judged.score.reason
    )
}
