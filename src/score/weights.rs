//! How much each measure counts. A person's picks move the weights a little each time they disagree
//! with the order; they are plain numbers, shown and reset at will.

use super::Score;
use serde::{Deserialize, Serialize};

/// Shares of the measures in [`Score::overall`]; they add up to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Weights {
    /// Of sharpness.
    pub focus: f32,
    /// Of stand and framing.
    pub symmetry: f32,
    /// Of light.
    pub lighting: f32,
    /// Of dust.
    pub cleanliness: f32,
    /// Picks that have been learnt from.
    pub picks: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Self { focus: 0.45, symmetry: 0.2, lighting: 0.25, cleanliness: 0.1, picks: 0 }
    }
}

/// No weight falls under this share: a measure that never counts could never be learnt again.
const LEAST: f32 = 0.03;

impl Weights {
    /// The weighted mean of a picture's measures, 0..1; what cannot be mended multiplies it.
    pub fn overall(&self, score: &Score) -> f32 {
        let mean: f32 = self.shares().iter().zip(values(score)).map(|(w, v)| w * v).sum();
        (mean * (0.4 + 0.6 * score.quality.reading.value)).clamp(0.0, 1.0)
    }

    /// Learns that a person preferred one take of a group to another: the logistic gradient of their
    /// difference (Bradley and Terry 1952), a small step.
    pub fn learn(&mut self, preferred: &Score, other: &Score) {
        let (a, b) = (values(preferred), values(other));
        let difference: [f32; 4] = std::array::from_fn(|i| a[i] - b[i]);
        let shares = self.shares();
        let margin: f32 = shares.iter().zip(difference).map(|(w, d)| w * d).sum();
        let doubt = 1.0 / (1.0 + (8.0 * margin).exp());
        let moved = std::array::from_fn(|i| (shares[i] + 0.4 * doubt * difference[i]).max(LEAST));
        self.set(moved);
        self.picks += 1;
    }

    /// Back to where it began.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The weights in words, largest first: `focus 45 %, lighting 25 %, …`.
    pub fn in_words(&self) -> String {
        let mut named: Vec<(&str, f32)> = ["focus", "symmetry", "lighting", "cleanliness"]
            .into_iter()
            .zip(self.shares())
            .collect();
        named.sort_by(|a, b| b.1.total_cmp(&a.1));
        let words: Vec<String> =
            named.iter().map(|(n, w)| format!("{n} {:.0} %", w * 100.0)).collect();
        words.join(", ")
    }

    /// The shares, whatever a file said: finite, not too small, adding up to 1.
    fn shares(&self) -> [f32; 4] {
        let raw = [self.focus, self.symmetry, self.lighting, self.cleanliness];
        let raw = raw.map(|w| if w.is_finite() { w.clamp(LEAST, 10.0) } else { LEAST });
        let sum: f32 = raw.iter().sum();
        raw.map(|w| w / sum)
    }

    fn set(&mut self, raw: [f32; 4]) {
        let sum: f32 = raw.iter().sum();
        [self.focus, self.symmetry, self.lighting, self.cleanliness] = raw.map(|w| w / sum);
    }
}

fn values(score: &Score) -> [f32; 4] {
    [
        score.focus.reading.value,
        score.symmetry.reading.value,
        score.lighting.reading.value,
        score.cleanliness.reading.value,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(focus: f32, lighting: f32) -> Score {
        let mut score = Score::default();
        score.focus.reading.value = focus;
        score.lighting.reading.value = lighting;
        score.quality.reading.value = 1.0;
        score
    }

    #[test]
    fn picks_turn_the_order_round_and_a_reset_turns_it_back() {
        let (sharp, lit) = (score(0.9, 0.6), score(0.7, 0.8));
        let mut weights = Weights::default();
        assert!(weights.overall(&sharp) > weights.overall(&lit));
        (0..20).for_each(|_| weights.learn(&lit, &sharp));
        assert!(weights.overall(&lit) > weights.overall(&sharp), "{}", weights.in_words());
        assert_eq!(weights.picks, 20);
        weights.reset();
        assert_eq!(weights, Weights::default());
    }

    #[test]
    fn odd_files_do_no_harm() {
        let odd: Weights =
            serde_json::from_str(r#"{"focus": -3, "lighting": 1e30, "new": 1}"#).unwrap();
        let sum: f32 = odd.shares().iter().sum();
        assert!((sum - 1.0).abs() < 1e-5 && odd.shares().iter().all(|w| *w > 0.0));
    }
}
