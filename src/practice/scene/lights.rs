//! Soft boxes, flags and cards around the set, and light kept apart by the group it comes from.
//!
//! Radiance is linear in the lights: a picture with the key at half power is half the key's picture
//! plus all of the others'. So every ray carries one colour for each [`Group`], and how strong a
//! light is becomes a weight at the shot, with exactly known truth.

use super::super::vectors::{V, gray, smooth};
use std::f32::consts::PI;
use std::ops::{AddAssign, Mul};

/// How many groups of lights there are.
pub(crate) const GROUPS: usize = 3;

/// Which switch a panel hangs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Group {
    /// The large soft box high on the left, and the white card that it lights.
    Key = 0,
    /// The strip on the right.
    Fill = 1,
    /// The light from above and behind, the small glints, the room.
    Top = 2,
}

/// Linear radiance by group.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Glow(pub(crate) [V; GROUPS]);

impl Glow {
    pub(crate) fn of(group: Group, light: V) -> Glow {
        let mut glow = Glow::default();
        glow.0[group as usize] = light;
        glow
    }

    /// All groups at full power.
    pub(crate) fn sum(&self) -> V {
        self.0[0] + self.0[1] + self.0[2]
    }

    pub(crate) fn luma(&self) -> f32 {
        self.sum().luma()
    }

    /// Changes one channel (0 red, 1 green, 2 blue) to that of another glow, added.
    pub(crate) fn add_channel(&mut self, from: &Glow, channel: usize) {
        for (a, b) in self.0.iter_mut().zip(from.0) {
            match channel {
                0 => a.0 += b.0,
                1 => a.1 += b.1,
                _ => a.2 += b.2,
            }
        }
    }
}

impl AddAssign for Glow {
    fn add_assign(&mut self, o: Glow) {
        for (a, b) in self.0.iter_mut().zip(o.0) {
            *a += b;
        }
    }
}

impl Mul<f32> for Glow {
    type Output = Glow;
    fn mul(self, k: f32) -> Glow {
        Glow(self.0.map(|v| v * k))
    }
}

impl Mul<V> for Glow {
    type Output = Glow;
    fn mul(self, k: V) -> Glow {
        Glow(self.0.map(|v| v * k))
    }
}

/// A lit panel or a black card: a rectangle whose light falls off softly to its edges.
pub(crate) struct Panel {
    centre: V,
    /// Half sides.
    u: V,
    v: V,
    normal: V,
    light: f32,
    soft: f32,
    group: Group,
}

/// Where a panel stands and how bright it is; it faces the piece.
struct Stand {
    at: V,
    half: (f32, f32),
    light: f32,
    soft: f32,
    group: Group,
}

const fn stand(at: V, half: (f32, f32), light: f32, soft: f32, group: Group) -> Stand {
    Stand { at, half, light, soft, group }
}

/// The studio: large boxes with soft edges at finite distance, and the black cards that draw the
/// dark lines in polished metal.
const STANDS: [Stand; 11] = [
    stand(V(-200.0, 260.0, 30.0), (120.0, 90.0), 5.6, 0.22, Group::Key),
    stand(V(-290.0, 50.0, 120.0), (40.0, 130.0), 1.6, 0.12, Group::Key), // white card
    stand(V(280.0, 110.0, 40.0), (34.0, 160.0), 5.0, 0.15, Group::Fill),
    stand(V(60.0, 330.0, -150.0), (190.0, 80.0), 3.4, 0.25, Group::Top),
    stand(V(90.0, 300.0, 170.0), (13.0, 13.0), 30.0, 0.8, Group::Top), // glints
    stand(V(-40.0, 330.0, 120.0), (10.0, 10.0), 30.0, 0.8, Group::Top),
    stand(V(190.0, 90.0, 190.0), (75.0, 130.0), 0.012, 0.05, Group::Top), // flags
    stand(V(-190.0, 80.0, 220.0), (60.0, 120.0), 0.012, 0.05, Group::Top),
    stand(V(0.0, 250.0, 210.0), (150.0, 40.0), 0.012, 0.05, Group::Top),
    stand(V(-90.0, 160.0, -230.0), (40.0, 110.0), 0.015, 0.08, Group::Top),
    stand(V(150.0, 190.0, -220.0), (26.0, 90.0), 0.015, 0.08, Group::Top),
];

/// Every panel of the studio, with the camera at `eye` looking along `-back` as a dark card.
pub(crate) fn studio(eye: V, back: V) -> Vec<Panel> {
    let mut panels: Vec<Panel> = STANDS.iter().map(Panel::facing_the_piece).collect();
    let camera = stand(eye + back * 8.0, (46.0, 40.0), 0.03, 0.25, Group::Top);
    panels.push(Panel::facing_the_piece(&camera));
    // A black card lying just below the frame: the dark edge along the near side of the metal.
    panels.push(Panel {
        centre: V(0.0, 1.5, 46.0),
        u: V(34.0, 0.0, 0.0),
        v: V(0.0, 0.0, 17.0),
        normal: V(0.0, 1.0, 0.0),
        light: 0.012,
        soft: 0.3,
        group: Group::Top,
    });
    panels
}

impl Panel {
    fn facing_the_piece(s: &Stand) -> Panel {
        let normal = (V(0.0, 12.0, 0.0) - s.at).unit();
        let u = V(0.0, 1.0, 0.0).cross(normal).unit();
        Panel {
            centre: s.at,
            u: u * s.half.0,
            v: normal.cross(u) * s.half.1,
            normal,
            light: s.light,
            soft: s.soft,
            group: s.group,
        }
    }

    pub(crate) fn shines(&self) -> bool {
        self.light > 0.5
    }

    pub(crate) fn group(&self) -> Group {
        self.group
    }

    /// Distance, coverage and light of the panel along a ray; the back of a panel is nearly black.
    fn seen(&self, o: V, d: V) -> Option<Seen> {
        let den = self.normal.dot(d);
        let t = (self.centre - o).dot(self.normal) / den;
        if t.is_nan() || t <= 0.0 {
            return None;
        }
        let p = o + d * t - self.centre;
        let a = (p.dot(self.u) / self.u.dot(self.u)).abs();
        let b = (p.dot(self.v) / self.v.dot(self.v)).abs();
        if a >= 1.0 || b >= 1.0 {
            return None;
        }
        let cover = smooth(1.0, 1.0 - self.soft, a) * smooth(1.0, 1.0 - self.soft, b);
        let light = if den < 0.0 { self.light * hot_spot(a, b) } else { 0.01 };
        Some(Seen { t, cover, light, group: self.group })
    }

    /// Direction and irradiance of the point `a`, `b` (-1 to 1) of the panel, seen from the paper.
    pub(crate) fn ray_to(&self, p: V, a: f32, b: f32) -> (V, f32) {
        let q = self.centre + self.u * a + self.v * b - p;
        let r2 = q.dot(q);
        let d = q * (1.0 / r2.sqrt());
        let area = 4.0 * self.u.len() * self.v.len();
        let cosines = d.1.max(0.0) * (-self.normal.dot(d)).max(0.0);
        (d, self.light * hot_spot(a, b) * cosines * area / r2 / PI)
    }
}

/// A soft box is brighter in its middle.
fn hot_spot(a: f32, b: f32) -> f32 {
    1.0 - 0.30 * (a * a + b * b)
}

#[derive(Clone, Copy)]
struct Seen {
    t: f32,
    cover: f32,
    light: f32,
    group: Group,
}

/// What a ray sees of the panels, nearest first, and the share of it that passes them all.
pub(crate) fn through(panels: &[Panel], o: V, d: V) -> (Glow, f32) {
    const NONE: Seen = Seen { t: 1e9, cover: 0.0, light: 0.0, group: Group::Top };
    let mut found = [NONE; 16];
    let mut m = 0;
    for seen in panels.iter().filter_map(|p| p.seen(o, d)).take(found.len()) {
        let mut i = m;
        while i > 0 && found[i - 1].t > seen.t {
            found[i] = found[i - 1];
            i -= 1;
        }
        found[i] = seen;
        m += 1;
    }
    let (mut glow, mut left) = (Glow::default(), 1.0);
    for seen in &found[..m] {
        glow.0[seen.group as usize] += gray(seen.light * left * seen.cover);
        left *= 1.0 - seen.cover;
        if left < 0.003 {
            return (glow, 0.0);
        }
    }
    (glow, left)
}
