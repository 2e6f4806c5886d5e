//! Takes of one thing, and the best of them. Series that belong together (a focus series, an exposure
//! bracket, a turn on the turntable) are recognised and never culled. A proposal changes nothing: a
//! person's own rating is not looked at and not touched.

use super::series::{self, likeness};
use super::{Score, Weights};
use serde::{Deserialize, Serialize};

/// What the camera said about a take; whatever is not known is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    /// Seconds since any fixed instant.
    pub taken: Option<f64>,
    /// Exposure time in seconds.
    pub exposure_s: Option<f32>,
    /// F-number.
    pub aperture: Option<f32>,
    /// ISO speed.
    pub iso: Option<f32>,
    /// Position of the focus drive, in its steps.
    pub focus_step: Option<i32>,
}

impl Facts {
    /// Exposure in stops against one second at f/1 and ISO 100, as far as it is known.
    pub fn exposure_ev(&self) -> Option<f32> {
        let time = self.exposure_s.filter(|t| *t > 0.0)?;
        let stop = self.aperture.filter(|f| *f > 0.0).map_or(0.0, |f| -2.0 * f.log2());
        let gain = self.iso.filter(|iso| *iso > 0.0).map_or(0.0, |iso| (iso / 100.0).log2());
        Some(time.log2() + stop + gain)
    }
}

/// A take to be grouped.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its name in sentences.
    pub name: &'a str,
    /// Its score; one without a signature stays alone.
    pub score: &'a Score,
    /// What the camera said.
    pub facts: Facts,
}

/// Why takes are together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Nothing else shows the same.
    #[default]
    Single,
    /// Takes of one thing: the best is proposed.
    Takes,
    /// Takes of one thing within moments, perhaps reframed: the best is proposed.
    Burst,
    /// One framing at several focus distances: all are needed.
    Focus,
    /// One framing at several exposures: all are needed.
    Bracket,
    /// One piece from all sides: all are needed.
    Turntable,
}

impl Kind {
    /// The word for a series that must stay whole; none for others.
    pub const fn set(self) -> Option<&'static str> {
        match self {
            Self::Focus => Some("focus"),
            Self::Bracket => Some("bracket"),
            Self::Turntable => Some("turntable"),
            Self::Single | Self::Takes | Self::Burst => None,
        }
    }
}

/// Takes that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Indices into what was handed in, in order.
    pub members: Vec<usize>,
    /// Why they are together.
    pub kind: Kind,
    /// The proposed take, an index into what was handed in; none in a set, which stays whole.
    pub best: Option<usize>,
    /// One sentence: why this one, or what the set is.
    pub because: String,
    /// Each member's figure against the best one's, 0..1, in the order of `members`.
    pub relative: Vec<f32>,
}

/// Groups takes in the order in which they were captured.
pub fn curate(takes: &[Candidate], weights: &Weights) -> Vec<Group> {
    series::split(takes)
        .into_iter()
        .map(|(members, kind)| group(takes, members, kind, weights))
        .collect()
}

fn group(takes: &[Candidate], members: Vec<usize>, kind: Kind, weights: &Weights) -> Group {
    let figures = figures(takes, &members, weights);
    let top = figures.iter().copied().fold(1e-6, f32::max);
    let relative: Vec<f32> = figures.iter().map(|f| f / top).collect();
    if let Some(set) = kind.set() {
        let because = format!("a {} of {}: all are kept", in_words(set), members.len());
        return Group { members, kind, best: None, because, relative };
    }
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by(|&a, &b| figures[b].total_cmp(&figures[a]));
    let best = order.first().map(|&k| members[k]);
    let because = match (order.first(), order.get(1)) {
        (Some(&a), Some(&b)) => why(&takes[members[a]], &takes[members[b]]),
        _ => "nothing else shows the same".to_owned(),
    };
    Group { members, kind, best, because, relative }
}

fn in_words(set: &str) -> &'static str {
    match set {
        "focus" => "focus series",
        "bracket" => "bracket",
        _ => "turntable series",
    }
}

/// Figures by which takes of one thing are ordered. Blur in pixels is coarse; between takes of one
/// framing the energy is not, so that it decides among the sharp ones.
fn figures(takes: &[Candidate], members: &[usize], weights: &Weights) -> Vec<f32> {
    let energy = |i: usize| takes[i].score.focus.energy.max(0.0);
    let most = members.iter().map(|&i| energy(i)).fold(1e-6, f32::max);
    let figure = |&i: &usize| {
        let mut score = takes[i].score.clone();
        score.focus.reading.value *= 0.4 + 0.6 * (energy(i) / most).sqrt();
        weights.overall(&score)
    };
    members.iter().map(figure).collect()
}

/// What makes a take better than the runner-up.
fn why(best: &Candidate, second: &Candidate) -> String {
    let (a, b) = (best.score, second.score);
    let ratio = a.focus.energy / b.focus.energy.max(1e-6);
    let gains = [
        (
            ratio.ln() * 0.5,
            format!("sharper than {} by {:.0} %", second.name, (ratio.sqrt() - 1.0) * 100.0),
        ),
        (
            b.symmetry.roll_deg.abs() * 0.03 - a.symmetry.roll_deg.abs() * 0.03,
            format!(
                "straighter than {} by {:.1}°",
                second.name,
                b.symmetry.roll_deg.abs() - a.symmetry.roll_deg.abs()
            ),
        ),
        (
            a.lighting.reading.value - b.lighting.reading.value,
            format!("better lit than {}: there {}", second.name, b.lighting.reading.because),
        ),
        (
            a.quality.reading.value - b.quality.reading.value,
            format!("{} has a flaw: {}", second.name, b.quality.reading.because),
        ),
        (
            a.cleanliness.reading.value - b.cleanliness.reading.value,
            format!("cleaner than {}", second.name),
        ),
    ];
    let most = gains.into_iter().max_by(|x, y| x.0.total_cmp(&y.0)).filter(|g| g.0 > 0.01);
    most.map_or_else(|| format!("as good as {}; taken first", second.name), |g| g.1)
}

/// How alike two pictures are, 0..1, whatever their exposure and focus; for telling whether a take
/// shows what the last one did.
pub fn alike(a: &Score, b: &Score) -> f32 {
    match (&a.signature, &b.signature) {
        (Some(a), Some(b)) => likeness(a, b).framing.max(0.0),
        _ => 0.0,
    }
}
