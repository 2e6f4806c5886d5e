//! What metal, stone and pearl show: soft boxes, cards, the room, and the ground they lie on.

use crate::mesh::{V3, add, dot, scale, unit};
use crate::pieces::{ACCENT, BODY, METAL, STONE};
use crate::random::Random;

/// A lit or black card, far away.
struct Panel {
    towards: V3,
    /// Its sides, across the direction.
    sides: [V3; 2],
    half: [f32; 2],
    soft: f32,
    light: f32,
}

/// Everything around a piece.
pub(crate) struct Surroundings {
    panels: Vec<Panel>,
    /// Light of the room from below and from above.
    room: [f32; 2],
    /// Away from the ground.
    pub(crate) up: V3,
    /// Colour of the ground where the piece lies, linear.
    pub(crate) ground: V3,
    /// How much of the ground's light reaches its reflections close by.
    near: f32,
}

impl Surroundings {
    pub(crate) fn new(up: V3, ground: V3, random: &mut Random) -> Self {
        // A tent is bright all round and draws few lines in metal; a dark room with boxes draws many.
        let tent = random.chance(0.35);
        let room = if tent { random.within(0.5, 1.1) } else { random.scaled(0.02, 0.4) };
        let n = 2 + random.below(6);
        let panels = (0..n)
            .map(|k| {
                let towards = unit(add(random.direction(), scale(up, 0.5)));
                let u = unit(crate::mesh::cross(towards, random.direction()));
                let dark = if tent { random.chance(0.5) } else { random.chance(0.3) };
                Panel {
                    towards,
                    sides: [u, crate::mesh::cross(towards, u)],
                    half: [random.scaled(0.06, 0.7), random.scaled(0.1, 0.8)],
                    soft: random.within(0.02, 0.3),
                    light: if dark && k > 0 { 0.01 } else { random.scaled(0.7, 5.0) },
                }
            })
            .collect();
        Self {
            panels,
            room: [room * random.within(0.4, 1.0), room],
            up,
            ground,
            near: random.within(0.55, 1.0),
        }
    }

    /// Light from a direction.
    fn light(&self, d: V3) -> V3 {
        let high = dot(d, self.up);
        let mut sky = self.room[0] + (self.room[1] - self.room[0]) * (0.5 + 0.5 * high);
        for p in &self.panels {
            if dot(d, p.towards) > 0.0 {
                let inside = |k: usize| {
                    let off = (p.half[k] - dot(d, p.sides[k]).abs()) / p.soft;
                    off.clamp(0.0, 1.0)
                };
                let share = inside(0) * inside(1);
                sky += (p.light - sky) * share;
            }
        }
        let below = (0.5 - high * 8.0).clamp(0.0, 1.0);
        std::array::from_fn(|c| sky * (1.0 - below) + self.ground[c] * self.near * below)
    }

    /// Light from about a direction: the mean of some within `spread`.
    fn soft_light(&self, d: V3, spread: f32, seed: u32) -> V3 {
        if spread < 0.01 {
            return self.light(d);
        }
        let mut random = Random::new(u64::from(seed));
        let mut sum = [0.0; 3];
        for _ in 0..4 {
            sum = add(sum, self.light(unit(add(d, scale(random.direction(), spread)))));
        }
        scale(sum, 0.25)
    }
}

/// What a piece is made of.
pub(crate) struct Materials {
    metal: V3,
    rough: f32,
    /// Colour of the cut stones, and how they glitter.
    stone: V3,
    glitter: f32,
    /// Pearl, enamel or cabochon: its colour, and how strongly it mirrors head on.
    body: V3,
    coat: f32,
    /// Whether drops and beads are of the metal, or bodies.
    accent: u8,
}

const METALS: [V3; 8] = [
    [0.95, 0.93, 0.90],
    [0.78, 0.76, 0.73],
    [1.0, 0.77, 0.34],
    [1.0, 0.73, 0.31],
    [0.95, 0.68, 0.55],
    [0.60, 0.60, 0.62],
    [0.05, 0.05, 0.055],
    [0.93, 0.85, 0.60],
];

impl Materials {
    pub(crate) fn new(random: &mut Random) -> Self {
        let pearl = random.chance(0.5);
        let colour = [random.unit().powi(2), random.unit().powi(2), random.unit().powi(2)];
        Self {
            metal: scale(METALS[random.below(METALS.len())], random.within(0.85, 1.0)),
            rough: if random.chance(0.6) { 0.0 } else { random.scaled(0.02, 0.4) },
            stone: if random.chance(0.5) { [0.9; 3] } else { colour },
            glitter: random.within(0.3, 1.2),
            body: if pearl { [0.8, 0.78, 0.73] } else { scale(colour, 0.9) },
            coat: random.within(0.03, 0.08),
            accent: if random.chance(0.5) { METAL } else { BODY },
        }
    }

    /// Metal, stone or body, for the truth.
    pub(crate) fn is_stone(&self, material: u8) -> bool {
        self.kind(material) != METAL
    }

    fn kind(&self, material: u8) -> u8 {
        if material == ACCENT { self.accent } else { material }
    }

    /// Linear colour of a point with this normal, seen along `view` (towards the camera).
    pub(crate) fn shade(
        &self,
        around: &Surroundings,
        (material, facet): (u8, u32),
        normal: V3,
        view: V3,
        seed: u32,
    ) -> V3 {
        let facing = dot(normal, view).clamp(0.0, 1.0);
        let mirrored = unit(add(scale(normal, 2.0 * facing), scale(view, -1.0)));
        let grazing = (1.0 - facing).powi(5);
        match self.kind(material) {
            STONE => {
                // Light that went through the stone and back leaves each facet in a direction of its own; some
                // of it comes from the ground.
                let mut own = Random::new(u64::from(facet).wrapping_mul(2_654_435_761));
                let bent = unit(add(scale(normal, -0.4), own.direction()));
                let through = around.light(if own.chance(0.25) { scale(bent, -1.0) } else { bent });
                let back = around.light(mirrored);
                let share = own.unit() * self.glitter;
                std::array::from_fn(|c| {
                    through[c] * self.stone[c] * share + back[c] * (0.17 + 0.83 * grazing)
                })
            }
            BODY => {
                let sky = around.soft_light(normal, 0.9, seed);
                let back = around.light(mirrored);
                std::array::from_fn(|c| {
                    self.body[c] * sky[c] * 0.9
                        + back[c] * (self.coat + (1.0 - self.coat) * grazing)
                })
            }
            _ => {
                let back = around.soft_light(mirrored, self.rough, seed);
                std::array::from_fn(|c| back[c] * (self.metal[c] + (1.0 - self.metal[c]) * grazing))
            }
        }
    }
}
