//! Advice that can be read while it is given: averaged, with hysteresis, held for a while, never
//! more than three at once, and still while the scene moves.

use super::rules::{Rule, TABLE};
use super::{MOST, Suggestion, order};
use crate::imaging::Rect;
use crate::score::Score;
use std::collections::BTreeSet;
use std::time::Duration;

/// Time constant of the average, seconds.
const TAU: f32 = 0.4;
/// A suggestion goes when its amount falls under this share of the threshold at which it came.
const LEAVE: f32 = 0.6;
/// A suggestion stays at least this long, so that it can be read.
const SHOWN: Duration = Duration::from_millis(1500);
/// The amount must stay low for this long before its suggestion goes.
const CLEARED: Duration = Duration::from_millis(800);
/// After a movement the scene must rest for this long.
const REST: Duration = Duration::from_millis(250);
/// A scene that never rests is advised upon nevertheless.
const LONGEST_FREEZE: Duration = Duration::from_secs(2);
/// A jump of the piece by this share of the frame is a movement.
const JUMP: f32 = 0.02;

/// Watches the scores of live view and says what to do. Knows no clock: the caller says when.
#[derive(Default)]
pub struct Advisor {
    states: Vec<State>,
    muted: BTreeSet<String>,
    last: Option<(Duration, Option<Rect>)>,
    moving_since: Option<Duration>,
    moved: Option<Duration>,
    shown: Vec<Suggestion>,
}

/// What is remembered of one rule.
#[derive(Clone, Copy, Default)]
struct State {
    average: Option<f32>,
    /// The average when it last was worth saying: what fades away is not said to be a tenth of a pixel.
    said: f32,
    shown_since: Option<Duration>,
    low_since: Option<Duration>,
}

impl Advisor {
    /// An advisor that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Mutes a kind of suggestion or hears it again. It goes from the screen at once.
    pub fn mute(&mut self, kind: &str, muted: bool) {
        if muted {
            self.muted.insert(kind.to_owned());
            self.shown.retain(|s| s.kind != kind);
        } else {
            self.muted.remove(kind);
        }
    }

    /// The kinds that are muted.
    pub fn muted(&self) -> impl Iterator<Item = &str> {
        self.muted.iter().map(String::as_str)
    }

    /// What to show now, most costly first. `at` counts from any fixed instant and never falls.
    pub fn look(&mut self, score: &Score, at: Duration) -> Vec<Suggestion> {
        self.states.resize(TABLE.len(), State::default());
        let gap = self.last.map(|(then, _)| at.saturating_sub(then));
        if self.frozen(score, at) {
            return self.shown.clone();
        }
        let mut all = Vec::new();
        for (rule, state) in TABLE.iter().zip(&mut self.states) {
            state.take_in(rule, score, gap, at);
            let heard = !self.muted.contains(rule.kind);
            if heard && state.shown_since.is_some() {
                all.push(rule.say(score, state.said));
            }
        }
        order(&mut all);
        all.truncate(MOST);
        self.shown.clone_from(&all);
        all
    }

    /// Whether the piece moves in the frame; what is averaged starts anew when it comes to rest.
    fn frozen(&mut self, score: &Score, at: Duration) -> bool {
        let before = self.last.and_then(|(_, rect)| rect);
        let known = self.last.is_some();
        self.last = Some((at, score.subject));
        if known && jumped(before, score.subject, score.size) {
            self.moving_since.get_or_insert(at);
            self.moved = Some(at);
        }
        let Some(moved) = self.moved else { return false };
        let since = self.moving_since.unwrap_or(moved);
        let rests = at.saturating_sub(moved) >= REST;
        if !rests && at.saturating_sub(since) < LONGEST_FREEZE {
            return true;
        }
        if rests {
            (self.moved, self.moving_since) = (None, None);
            self.states.iter_mut().for_each(|state| state.average = None);
        }
        false
    }
}

/// Whether the piece is elsewhere, or another size, or came or went.
fn jumped(before: Option<Rect>, now: Option<Rect>, size: [usize; 2]) -> bool {
    let (Some(a), Some(b)) = (before, now) else { return before.is_some() != now.is_some() };
    let side = size[0].max(size[1]).max(1) as f32;
    let ((ax, ay), (bx, by)) = (a.centre(), b.centre());
    let grown = (a.w as f32 - b.w as f32).abs().max((a.h as f32 - b.h as f32).abs());
    (ax - bx).hypot(ay - by) > JUMP * side || grown > 2.0 * JUMP * side
}

impl State {
    fn take_in(&mut self, rule: &Rule, score: &Score, gap: Option<Duration>, at: Duration) {
        // What cannot be told at the moment counts as nothing to do.
        let amount = (rule.measure)(score).filter(|a| a.is_finite()).unwrap_or(0.0);
        let share = gap.map_or(1.0, |gap| 1.0 - (-gap.as_secs_f32() / TAU).exp());
        let average = self.average.map_or(amount, |average| average + share * (amount - average));
        self.average = Some(average);
        if average.abs() >= rule.threshold {
            self.shown_since.get_or_insert(at);
        }
        if average.abs() >= LEAVE * rule.threshold {
            self.said = average;
            self.low_since = None;
            return;
        }
        let low = at.saturating_sub(*self.low_since.get_or_insert(at)) >= CLEARED;
        let read = self.shown_since.is_some_and(|since| at.saturating_sub(since) >= SHOWN);
        if low && read {
            self.shown_since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(ev: f32) -> Score {
        let mut score = Score { size: [960, 640], ..Score::default() };
        score.subject = Some(Rect::new(200, 100, 500, 420));
        score.symmetry.fill = 0.65;
        score.lighting.exposure_ev = ev;
        score.lighting.contrast_ev = 4.0;
        score
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// How often a kind came or went over ten seconds at 20 looks a second.
    fn toggles(mut trace: impl FnMut(u64) -> f32) -> usize {
        let mut advisor = Advisor::new();
        let mut was = false;
        let mut count = 0;
        for i in 0..200 {
            let is =
                advisor.look(&score(trace(i)), ms(i * 50)).iter().any(|s| s.kind == "exposure");
            count += usize::from(is != was);
            was = is;
        }
        count
    }

    #[test]
    fn what_fades_is_not_said_to_be_next_to_nothing() {
        let mut advisor = Advisor::new();
        let mut least = f32::MAX;
        for i in 0..60 {
            let ev = if i < 20 { -1.0 } else { 0.0 };
            for s in advisor.look(&score(ev), ms(i * 50)) {
                if s.kind == "exposure" {
                    least = least.min(s.amount.abs());
                }
            }
        }
        let rule = TABLE.iter().find(|rule| rule.kind == "exposure").unwrap();
        assert!(least >= LEAVE * rule.threshold && least < 2.0, "{least}");
    }

    #[test]
    fn noise_around_the_threshold_does_not_flicker() {
        let mut seed = 7_u32;
        let count = toggles(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            -0.25 + 0.2 * ((seed >> 8) as f32 / 8_388_608.0 - 1.0)
        });
        assert!(count <= 1, "{count}");
    }

    #[test]
    fn a_step_is_answered_within_a_second_and_its_end_too_after_a_while() {
        let mut advisor = Advisor::new();
        (0..20).for_each(|i| drop(advisor.look(&score(0.0), ms(i * 50))));
        let seen = (20..200).find(|&i| !advisor.look(&score(-0.5), ms(i * 50)).is_empty());
        assert!(seen.is_some_and(|i| i <= 40), "{seen:?}");
        let gone = (200..400).find(|&i| advisor.look(&score(0.0), ms(i * 50)).is_empty());
        assert!(gone.is_some_and(|i| (216..240).contains(&i)), "{gone:?}");
    }

    #[test]
    fn the_amount_has_its_sign_and_a_muted_kind_is_silent() {
        let mut advisor = Advisor::new();
        let said = advisor.look(&score(-0.5), ms(0));
        assert_eq!((said[0].text.as_str(), said[0].amount), ("raise exposure 0.5 EV", 0.5));
        advisor.mute("exposure", true);
        assert!(advisor.look(&score(-0.5), ms(100)).is_empty());
        advisor.mute("exposure", false);
        assert_eq!(advisor.look(&score(-0.5), ms(200)).len(), 1);
    }

    #[test]
    fn while_the_piece_moves_nothing_new_is_said() {
        let mut advisor = Advisor::new();
        advisor.look(&score(0.0), ms(0));
        let mut moved = score(-2.0);
        for i in 1..10 {
            moved.subject = Some(Rect::new(200 + 40 * i as usize, 100, 500, 420));
            assert!(advisor.look(&moved, ms(i * 50)).is_empty());
        }
        assert!(!advisor.look(&moved, ms(800)).is_empty());
    }

    #[test]
    fn never_more_than_three_and_the_most_costly_first() {
        let mut bad = score(-3.0);
        bad.lighting.clipped = 0.2;
        bad.lighting.backdrop_ev = 2.0;
        bad.cleanliness.on_backdrop = 40;
        bad.symmetry.fill = 0.2;
        let said = Advisor::new().look(&bad, ms(0));
        assert_eq!(said.len(), 3);
        assert!(said.windows(2).all(|w| w[0].cost >= w[1].cost), "{said:?}");
    }
}
