//! How the practice scene moves: a hand that turns the piece, a lens that hunts, a lamp that drifts.
//! Slow sines with periods that do not meet, so that over about twenty seconds every reading changes.

use super::photo::{Focus, Lights, Shot};

/// Where the scene is at a moment, `t` seconds after it was laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    pub(crate) roll_deg: f32,
    pub(crate) shift: (f32, f32),
    pub(crate) fill: f32,
    /// The lens hunts about its focus, millimetres.
    pub(crate) hunt_mm: f32,
    /// The lamps drift, stops.
    pub(crate) ev: f32,
    pub(crate) lights: Lights,
}

impl Moment {
    /// A scene that is held still.
    pub(crate) const STILL: Moment = Moment {
        roll_deg: 0.0,
        shift: (0.0, 0.0),
        fill: 1.0,
        hunt_mm: 0.0,
        ev: 0.0,
        lights: Lights::ALL,
    };

    /// The moving scene; scenes of different seeds are at different places.
    pub(crate) fn at(t: f32, seed: u32) -> Moment {
        let t = t + (seed % 1000) as f32 * 7.3;
        let wave = |period: f32, phase: f32| (std::f32::consts::TAU * t / period + phase).sin();
        Moment {
            roll_deg: 3.2 * wave(19.0, 0.4),
            shift: (0.030 * wave(27.0, 1.0), 0.016 * wave(35.0, 2.0)),
            fill: 1.0 + 0.06 * wave(41.0, 0.0),
            hunt_mm: 7.0 * wave(15.0, 3.0).powi(3),
            ev: 0.45 * wave(33.0, 5.0),
            lights: Lights { key: 1.0, fill: step(1.0 + 0.55 * wave(47.0, 2.5)), top: 1.0 },
        }
    }

    /// Puts the scene of this moment in front of the lens, whose focus is `focus_mm` off.
    pub(crate) fn apply(&self, shot: &mut Shot, focus_mm: f32) {
        shot.roll_deg = self.roll_deg;
        shot.shift = self.shift;
        shot.fill = self.fill;
        shot.ev += self.ev;
        shot.lights = self.lights;
        shot.focus = Focus::At(((self.hunt_mm + focus_mm) * 2.0).round() * 0.5);
    }
}

/// Light is kept in steps: each new step is a new negative for live view.
fn step(v: f32) -> f32 {
    (v * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_twenty_seconds_everything_has_moved() {
        let moments: Vec<Moment> = (0..200).map(|i| Moment::at(i as f32 * 0.1, 1)).collect();
        let range = |f: fn(&Moment) -> f32| {
            let v = moments.iter().map(f);
            v.fold((f32::MAX, f32::MIN), |(a, b), x| (a.min(x), b.max(x)))
        };
        let wide = |f: fn(&Moment) -> f32, least: f32| {
            let (a, b) = range(f);
            assert!(b - a > least, "{a} to {b}");
        };
        wide(|m| m.roll_deg, 4.0);
        wide(|m| m.hunt_mm, 6.0);
        wide(|m| m.ev, 0.4);
        wide(|m| m.shift.0, 0.03);
    }
}
