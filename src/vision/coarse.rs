//! Labels of the reduced picture: outside, inside, and the band where the edge runs.
//!
//! The ground is flooded from the frame's border through everything that can be backdrop or shadow:
//! no colour of its own, not brighter, no step. What the flood cannot reach is subject or hole; a part
//! of it is a hole when it looks like the ground around the subject, with the shadow that falls there.

use super::backdrop::Scene;
use super::{Method, filter, proxy};
use crate::imaging::{Image, Mask, Plane, colour};
use rayon::prelude::*;

/// What a reduced pixel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// Ground.
    Outside,
    /// Subject.
    Inside,
    /// The edge runs here; solved at full size.
    Band,
}

/// Labels of the reduced picture and what was learnt on the way.
pub(super) struct Labels {
    /// Width of the reduced picture.
    pub w: usize,
    /// Its height.
    pub h: usize,
    /// One a pixel.
    pub label: Vec<Label>,
    /// Signed distance from the edge in reduced pixels, positive inside.
    pub depth: Plane,
    /// Picture over ground outside the subject, continued under it.
    pub shadow: Plane,
    /// Closed openings.
    pub holes: usize,
    /// How far the edge stands out of noise, 0 to 1.
    pub confidence: f32,
    /// A network's mask at this size, where it is all that is known.
    pub hint: Option<Mask>,
    subject: Vec<bool>,
}

impl Labels {
    /// The subject at the reduced size, hard.
    pub(super) fn soft_mask(&self) -> Mask {
        let inside = |i: usize| if self.subject[i] { 255 } else { 0 };
        Mask { w: self.w, h: self.h, data: (0..self.w * self.h).map(inside).collect() }
    }

    /// After painting: wherever inside touches outside there must be a band.
    pub(super) fn open_band_between(&mut self) {
        let (w, h) = (self.w, self.h);
        let old = self.label.clone();
        for i in 0..w * h {
            filter::neighbours(i % w, i / w, w, h, true, |j| {
                if old[i] == Label::Inside && old[j] == Label::Outside {
                    (self.label[i], self.label[j]) = (Label::Band, Label::Band);
                }
            });
            let d = self.depth.data[i];
            self.depth.data[i] = match old[i] {
                Label::Inside => d.max(1.0),
                Label::Outside => d.min(-1.0),
                Label::Band => d.clamp(-1.5, 1.5),
            };
        }
    }
}

/// How a pixel differs from its ground.
struct Evidence {
    w: usize,
    h: usize,
    /// Encoded luminance of the picture less that of the ground.
    lift: Plane,
    /// Luminance over that of the ground, linear.
    ratio: Vec<f32>,
    /// Largest encoded difference of a channel from the ground at the pixel's own luminance: colour that no
    /// shadow makes.
    tint: Vec<f32>,
    /// Whether a step runs here, sharper than the rim of a shadow.
    step: Vec<bool>,
    /// Change of the lift a pixel.
    slope: Vec<f32>,
    /// Luminance of picture and ground, encoded, where the ground was photographed.
    detail: Option<[Plane; 2]>,
    noise: f32,
    /// Noise of `ratio`, one sigma, where the ground has its middle brightness.
    ratio_noise: f32,
    /// Tint that the ground's own unevenness makes.
    stain: f32,
    /// Whether something faintly brighter than its ground goes on over several pixels: dark metal on dark
    /// ground drowns in the noise of one.
    broad: Vec<bool>,
    /// Less tint than this speaks for ground in shadow, because the piece has colour nearly everywhere; 0
    /// when it has not.
    grey: f32,
}

impl Evidence {
    fn new(scene: &Scene) -> Self {
        let (w, h) = (scene.picture.w, scene.picture.h);
        let noise = scene.noise;
        let (mut lift, mut ratio, mut tint) =
            (Plane::new(w, h), vec![0.0; w * h], vec![0.0_f32; w * h]);
        for i in 0..w * h {
            let (p, g) = (scene.picture.data[i], scene.ground.data[i]);
            let (a, b) = (colour::luminance(p), colour::luminance(g));
            lift.data[i] = proxy::encode(a) - proxy::encode(b);
            // Near black a ratio is noise: both are lifted a little.
            ratio[i] = (a + 2e-3) / (b + 2e-3);
            tint[i] = (0..3)
                .map(|c| {
                    (proxy::encode(p[c]) - proxy::encode((g[c] + 2e-3) * ratio[i] - 2e-3)).abs()
                })
                .fold(0.0, f32::max);
        }
        let (step, slope) = steps(&lift, noise);
        let stain = 4.0 * filter::median(outer(w, h).map(|i| tint[i]).collect());
        let detail = (scene.method == Method::EmptySet)
            .then(|| [encoded_luminance(&scene.picture), encoded_luminance(&scene.ground)]);
        let mut broad = broadly_brighter(&lift);
        if is_dark(scene) {
            broad_steps(&lift, &mut broad);
        }
        let ratio_noise = {
            let middle = filter::median(outer(w, h).map(|i| ratio[i]).collect());
            1.4826 * filter::median(outer(w, h).map(|i| (ratio[i] - middle).abs()).collect())
        };
        Self {
            w,
            h,
            lift,
            ratio,
            tint,
            step,
            slope,
            detail,
            noise,
            ratio_noise,
            stain,
            broad,
            grey: 0.0,
        }
    }

    /// What [`Evidence::grey`] is: a share of the usual tint of what stands out and no flood reached, where
    /// most of that has one.
    fn least_piece_tint(&self, ground: &[bool]) -> f32 {
        let strong = (0..self.w * self.h).filter(|&i| !ground[i] && self.lift.data[i].abs() > 0.12);
        let tints: Vec<f32> = strong.map(|i| self.tint[i]).collect();
        let with = tints.iter().filter(|&&t| t > self.least_tint()).count();
        if tints.len() > 30 && with * 10 > tints.len() * 7 {
            (0.6 * self.least_tint()).max(0.15 * filter::median(tints))
        } else {
            0.0
        }
    }

    /// Whether a pixel is as free of colour as only ground is, and no lighter.
    fn grey(&self, i: usize) -> bool {
        self.tint[i] < self.grey && self.lift.data[i] < 0.02
    }

    /// Less colour than this, the ground can have.
    fn least_tint(&self) -> f32 {
        (5.0 * self.noise).max(self.stain).max(0.035)
    }

    /// Whether the pixel cannot be backdrop, not even in shadow.
    fn foreign(&self, i: usize) -> bool {
        let n = self.noise;
        self.step[i]
            || self.broad[i]
            || self.tint[i] > self.least_tint()
            || self.lift.data[i] > (5.0 * n).max(0.03)
            // Deeper than shadows are but right under the piece.
            || self.ratio[i] < 0.2 && self.lift.data[i] < -0.1
    }
}

/// A darker ground than this, linear, shows dark metal only over a wider reach, and metal mirrors it as black.
pub(super) const DARK: f32 = 0.05;

/// Whether most of the ground is dark.
fn is_dark(scene: &Scene) -> bool {
    filter::median(scene.ground.data.iter().step_by(7).map(|g| g[1]).collect()) < DARK
}

/// Adds steps of the lift that show only once several pixels are averaged; a shadow's rim is wider still.
fn broad_steps(lift: &Plane, found: &mut [bool]) {
    let (w, h) = (lift.w, lift.h);
    let held = lift.data.iter().map(|v| v.clamp(-0.08, 0.08)).collect();
    let wide = filter::soften(&Plane { w, h, data: held }, 2.0);
    let at = |x: usize, y: usize, dx: isize, dy: isize| {
        let u = (x as isize + dx).clamp(0, w as isize - 1) as usize;
        let v = (y as isize + dy).clamp(0, h as isize - 1) as usize;
        wide.at(u, v)
    };
    let slope = |i: usize| {
        let (x, y) = (i % w, i / w);
        (0.5 * (at(x, y, 1, 0) - at(x, y, -1, 0)), 0.5 * (at(x, y, 0, 1) - at(x, y, 0, -1)))
    };
    let usual = filter::median(outer(w, h).map(|i| slope(i).0.hypot(slope(i).1)).collect());
    let least = (6.0 * usual).max(0.0015);
    for (i, found) in found.iter_mut().enumerate() {
        let (gx, gy) = slope(i);
        let steep = gx.hypot(gy);
        if steep > least {
            let (dx, dy) =
                ((8.0 * gx / steep).round() as isize, (8.0 * gy / steep).round() as isize);
            let (x, y) = (i % w, i / w);
            // Over seventeen pixels a ramp rises sixteen slopes, an edge about five.
            *found |= at(x, y, dx, dy) - at(x, y, -dx, -dy) < 8.0 * steep;
        }
    }
}

/// Where the lift is above zero over a wider reach, beyond what the outer part of the frame shows there.
fn broadly_brighter(lift: &Plane) -> Vec<bool> {
    let (w, h) = (lift.w, lift.h);
    // Highlights are held down: they would bleed over their surroundings.
    let held = lift.data.iter().map(|v| v.clamp(-0.03, 0.03)).collect();
    let wide = filter::soften(&Plane { w, h, data: held }, 2.0);
    let middle = filter::median(outer(w, h).map(|i| wide.data[i]).collect());
    let spread = filter::median(outer(w, h).map(|i| (wide.data[i] - middle).abs()).collect());
    let least = middle + (9.0 * spread).max(0.008);
    wide.data.iter().map(|&v| v > least).collect()
}

/// Indices of the outer part of a frame, the likeliest to show the ground alone.
fn outer(w: usize, h: usize) -> impl Iterator<Item = usize> {
    let edge = (w.min(h) / 6).max(2);
    (0..w * h).filter(move |i| {
        let (x, y) = (i % w, i / w);
        x < edge || y < edge || x + edge >= w || y + edge >= h
    })
}

/// Encoded luminance.
fn encoded_luminance(image: &Image) -> Plane {
    let data = image.data.iter().map(|&p| proxy::encode(colour::luminance(p))).collect();
    Plane { w: image.w, h: image.h, data }
}

/// Where the lift changes faster than noise and sharper than a shadow's rim, and how fast it changes
/// everywhere: a rim spreads over many pixels, an edge or a wire over two or three.
fn steps(lift: &Plane, noise: f32) -> (Vec<bool>, Vec<f32>) {
    let (w, h) = (lift.w, lift.h);
    let smooth = filter::smooth3(lift);
    let least = (2.0 * noise).max(0.01);
    let at = |x: usize, y: usize, dx: isize, dy: isize| {
        let u = (x as isize + dx).clamp(0, w as isize - 1) as usize;
        let v = (y as isize + dy).clamp(0, h as isize - 1) as usize;
        smooth.at(u, v)
    };
    let judge = |i: usize| {
        let (x, y) = (i % w, i / w);
        let gx = 0.5 * (at(x, y, 1, 0) - at(x, y, -1, 0));
        let gy = 0.5 * (at(x, y, 0, 1) - at(x, y, 0, -1));
        let slope = gx.hypot(gy);
        if slope < least {
            return (false, slope);
        }
        // Along the slope: over nine pixels a ramp rises eight slopes, an edge about two.
        let (dx, dy) = ((4.0 * gx / slope).round() as isize, (4.0 * gy / slope).round() as isize);
        let rise = at(x, y, dx, dy) - at(x, y, -dx, -dy);
        (rise < 4.0 * slope || slope > 0.06, slope)
    };
    (0..w * h).map(judge).unzip()
}

/// Labels the reduced picture. `coarse` is a mask that decides what is meant, `seen` one of Culet's own network.
pub(super) fn label(scene: &Scene, coarse: Option<&Mask>, seen: Option<&Mask>) -> Labels {
    let (w, h) = (scene.picture.w, scene.picture.h);
    let resized =
        |m: Option<&Mask>| m.map(|m| proxy::resize_mask(m, w, h)).filter(|m| m.count() > 0);
    let (hint, seen) = (resized(coarse), resized(seen));
    if let (true, Some(hint)) = (scene.rough, hint.as_ref().or(seen.as_ref())) {
        return from_hint(scene, hint);
    }
    let mut evidence = Evidence::new(scene);
    let doubt = hint.as_ref().map_or(1.0, doubt);
    let cluttered = hint.as_ref().is_some_and(|hint| unexplained(&evidence, hint) > UNEXPLAINED);
    if let Some(hint) = hint.as_ref().filter(|_| cluttered && doubt < DEFINITE && !scene.known()) {
        return from_hint(scene, hint);
    }
    let mut ground = flood(&evidence);
    evidence.grey = evidence.least_piece_tint(&ground);
    let deep = hint.as_ref().map(deep_inside);
    if let Some(deep) = &deep {
        // Where a network is sure of an inside the flood may have leaked in: judged like a hole.
        ground.iter_mut().zip(deep).for_each(|(g, d)| *g &= !d);
    }
    let mut shadow = shadow_field(&evidence, &ground);
    // Twice: what is a hole depends on the shadow, and the shadow on the holes.
    for _ in 0..2 {
        if !openings(scene, &evidence, &shadow, &mut ground, hint.as_ref(), doubt < HAZE) {
            break;
        }
        shadow = shadow_field(&evidence, &ground);
    }
    if follow_shadow(&evidence, scene, &mut ground) {
        shadow = shadow_field(&evidence, &ground);
    }
    let mut subject: Vec<bool> = ground.iter().map(|g| !g).collect();
    drop_crumbs(&evidence, scene, &shadow, &mut subject);
    if let Some(hint) = &hint {
        keep_what_is_meant(&mut subject, hint);
    }
    if let (None, Some(seen), false) = (&hint, &seen, scene.known()) {
        keep_what_is_seen(&mut subject, seen);
    }
    let told = strongest(hint.as_ref(), seen.as_ref());
    if let Some(told) = told.filter(|told| self::doubt(told) < HAZE)
        && drop_shadows(&evidence, &told, &mut subject)
    {
        let ground: Vec<bool> = subject.iter().map(|s| !s).collect();
        shadow = shadow_field(&evidence, &ground);
    }
    let missed =
        seen.map_or_else(Vec::new, |seen| missed(&seen, hint.as_ref(), cluttered, &subject));
    missed.iter().for_each(|&i| subject[i] = true);
    let confidence = stand_out(scene, &shadow, &subject, evidence.noise);
    let mut labels = assemble(w, h, subject, shadow, confidence, 2.0);
    doubt_gaps(&evidence, scene, &mut labels);
    for i in missed {
        labels.label[i] = Label::Inside;
        labels.depth.data[i] = labels.depth.data[i].max(1.0);
    }
    labels
}

/// How much of a network's mask is doubt, 0 to 1: haze says that it found nothing.
fn doubt(hint: &Mask) -> f32 {
    let count = |least: u8| hint.data.iter().filter(|&&v| v >= least).count() as f32;
    let (any, sure) = (count(UNSURE.start), count(UNSURE.end));
    if sure * 100.0 < hint.data.len() as f32 { 1.0 } else { (any - sure) / any }
}

/// Share of what a network calls ground, well away from what it calls subject, that the fitted ground does not
/// explain. A stone that the network missed hangs together with the rest of the piece and stands free in the frame:
/// that is no ground.
fn unexplained(e: &Evidence, hint: &Mask) -> f32 {
    let (w, h) = (e.w, e.h);
    let off = filter::distance(w, h, |i| hint.data[i] > FOREIGN);
    let away = 0.03 * w.max(h) as f32;
    let mut piece = vec![false; w * h];
    for part in filter::parts(w, h, true, |i| e.foreign(i) || hint.data[i] > FOREIGN) {
        let r = part.rect;
        let free = r.x > 0 && r.y > 0 && r.right() < w && r.bottom() < h;
        if free && part.pixels.iter().any(|&i| hint.data[i as usize] >= UNSURE.end) {
            part.pixels.iter().for_each(|&i| piece[i as usize] = true);
        }
    }
    let (mut odd, mut all) = (0.0, 0.0);
    for i in (0..w * h).filter(|&i| off[i] > away) {
        all += 1.0;
        odd += f32::from(u8::from(e.foreign(i) && !piece[i]));
    }
    if all > 0.02 * (w * h) as f32 { odd / all } else { 0.0 }
}

/// Values of a network's mask that are neither ground nor surely subject.
pub(super) const UNSURE: std::ops::Range<u8> = 26..230;

/// A network's mask with less doubt than this may stand alone.
const DEFINITE: f32 = 0.3;

/// A network's mask with more doubt than this is haze.
const HAZE: f32 = 0.6;

/// More than this share of what should be ground, unlike any ground: no smooth one explains the picture.
const UNEXPLAINED: f32 = 0.03;

/// Up to this of a network's mask it is sure that there is no subject.
const FOREIGN: u8 = 12;

/// Less than this of a network's mask is doubt: a gap between links has 150 to 240.
const SURE: u8 = 247;

/// Where the network is sure of a subject that was not found. What hangs together with nothing that stands out of
/// the ground is a mirror image in it, unless nothing stands out at all; what is small may be a hole between links.
fn missed(seen: &Mask, hint: Option<&Mask>, cluttered: bool, subject: &[bool]) -> Vec<usize> {
    const LEAST: usize = 50;
    /// Of the frame, one in so many.
    const LEAST_SHARE: usize = 5000;
    let (w, h) = (seen.w, seen.h);
    // Not at the rim of what it sees: the edge is the picture's.
    let is_sure = |i: usize| {
        let mut least = seen.data[i];
        filter::neighbours(i % w, i / w, w, h, true, |j| least = least.min(seen.data[j]));
        least >= SURE
    };
    let sure: Vec<bool> = (0..w * h).map(is_sure).collect();
    let alone = subject.iter().filter(|s| **s).count() < LEAST;
    let (mut near, mut out) = (vec![false; w * h], Vec::new());
    for part in filter::parts(w, h, true, |i| subject[i] || sure[i]) {
        let own = part.pixels.iter().filter(|&&i| subject[i as usize]).count();
        if alone || own * 20 >= part.pixels.len() {
            part.pixels.iter().for_each(|&i| near[i as usize] = true);
        }
    }
    for part in filter::parts(w, h, true, |i| near[i] && sure[i] && !subject[i]) {
        let r = part.rect;
        let sides = [r.x == 0, r.y == 0, r.right() == w, r.bottom() == h];
        // Ground that it does not know it may take for subject: that goes from side to side, or the other
        // network knows it, which on a plain ground only does not see chains.
        let share = part.pixels.len() as f32 / (w * h) as f32;
        let wide = share > 0.05 && sides.iter().filter(|s| **s).count() > 1;
        let doubted = hint.is_some_and(|hint| {
            let own = part.pixels.iter().filter(|&&i| hint.data[i as usize] <= FOREIGN).count();
            (cluttered || share > 0.005) && 2 * own > part.pixels.len()
        });
        if part.pixels.len() * LEAST_SHARE >= w * h && !wide && !doubted {
            out.extend(part.pixels.iter().map(|&i| i as usize));
        }
    }
    out
}

/// Where a network's mask is sure, away from its rim.
fn deep_inside(hint: &Mask) -> Vec<bool> {
    let (w, h) = (hint.w, hint.h);
    let off = filter::distance(w, h, |i| hint.data[i] < 235);
    off.iter().map(|&d| d > 0.008 * w.max(h) as f32).collect()
}

/// Everything that can be ground and hangs together with the frame's border, through gaps wider than
/// `GAP`: an outline may have faint places where metal mirrors its backdrop.
fn flood(e: &Evidence) -> Vec<bool> {
    const GAP: f32 = 1.5;
    let (w, h) = (e.w, e.h);
    let off = filter::distance(w, h, |i| e.foreign(i));
    let wide = |i: usize| off[i] > GAP;
    let mut ground = vec![false; w * h];
    for part in filter::parts(w, h, false, wide) {
        let r = part.rect;
        if r.x == 0 || r.y == 0 || r.right() == w || r.bottom() == h {
            part.pixels.iter().for_each(|&i| ground[i as usize] = true);
        }
    }
    // Back to the outline: as far as was kept away from it.
    let near = filter::distance(w, h, |i| ground[i]);
    (0..w * h).map(|i| ground[i] || near[i] <= GAP + 0.5 && off[i] > 0.0).collect()
}

/// Lets the ground grow towards the subject as far as the shadow goes on in a straight line: the deepest part of
/// a contact shadow falls off faster than its rim, and no threshold tells it from metal. Metal begins
/// with a step. Whether it grew.
fn follow_shadow(e: &Evidence, scene: &Scene, ground: &mut [bool]) -> bool {
    const ROUNDS: usize = 10;
    const RADIUS: usize = 5;
    let (w, h) = (e.w, e.h);
    let mut rim: Vec<usize> = (0..w * h)
        .filter(|&i| {
            let mut beside = false;
            if !ground[i] {
                filter::neighbours(i % w, i / w, w, h, false, |j| beside |= ground[j]);
            }
            beside
        })
        .collect();
    for round in 0..ROUNDS {
        let known: &[bool] = ground;
        let goes_on = |&i: &usize| {
            if e.tint[i] > e.least_tint() {
                return false;
            }
            let Some(expected) = straight_on(e, known, i, RADIUS) else { return false };
            // What the noise of the encoded picture makes of the ratio here.
            let level = proxy::encode(colour::luminance(scene.ground.data[i])).max(0.02);
            let noise = 2.2 * e.noise * e.ratio[i].max(0.1).powf(0.55) / level;
            (e.ratio[i] - expected).abs() < 2.0 * noise + 0.006
        };
        let grown: Vec<usize> = rim.par_iter().copied().filter(goes_on).collect();
        if grown.is_empty() {
            return round > 0;
        }
        grown.iter().for_each(|&i| ground[i] = true);
        let mut next = Vec::new();
        for &i in &grown {
            filter::neighbours(i % w, i / w, w, h, false, |j| {
                if !ground[j] {
                    next.push(j);
                }
            });
        }
        next.sort_unstable();
        next.dedup();
        rim = next;
    }
    true
}

/// The ratio to the ground at a pixel as a plane through the ground around it tells; `None` where too little of
/// that is seen.
fn straight_on(e: &Evidence, ground: &[bool], i: usize, radius: usize) -> Option<f32> {
    let (x, y) = (i % e.w, i / e.w);
    let (mut n, mut sx, mut sy, mut sxx, mut sxy, mut syy) = (0.0_f32, 0.0, 0.0, 0.0, 0.0, 0.0);
    let (mut sr, mut sxr, mut syr) = (0.0_f32, 0.0, 0.0);
    for v in y.saturating_sub(radius)..=(y + radius).min(e.h - 1) {
        for u in x.saturating_sub(radius)..=(x + radius).min(e.w - 1) {
            let j = v * e.w + u;
            if ground[j] {
                let (dx, dy, r) = (u as f32 - x as f32, v as f32 - y as f32, e.ratio[j]);
                n += 1.0;
                (sx, sy, sr) = (sx + dx, sy + dy, sr + r);
                (sxx, sxy, syy) = (sxx + dx * dx, sxy + dx * dy, syy + dy * dy);
                (sxr, syr) = (sxr + dx * r, syr + dy * r);
            }
        }
    }
    if n < 20.0 {
        return None;
    }
    let (mx, my, mr) = (sx / n, sy / n, sr / n);
    let (a, b, d) = (sxx / n - mx * mx + 0.3, sxy / n - mx * my, syy / n - my * my + 0.3);
    let (p, q) = (sxr / n - mx * mr, syr / n - my * mr);
    let det = a * d - b * b;
    Some(mr - ((p * d - q * b) * mx + (q * a - p * b) * my) / det)
}

/// Picture over ground where the ground is seen, continued under the rest.
fn shadow_field(e: &Evidence, ground: &[bool]) -> Plane {
    let (w, h) = (e.w, e.h);
    // The outermost pixel may be half subject.
    let off = filter::distance(w, h, |i| !ground[i]);
    let weight = Plane { w, h, data: off.iter().map(|&d| f32::from(u8::from(d > 1.5))).collect() };
    let ratio = Plane { w, h, data: e.ratio.iter().map(|r| r.clamp(0.02, 1.3)).collect() };
    let filled = filter::fill(&ratio, &weight);
    // On dark ground the ratio is mostly noise, and the reach grows until that is a fiftieth.
    let noise = e.ratio_noise;
    let smooth = if noise > 0.1 {
        filter::soften(&filled, (noise / 0.07).min(8.0))
    } else {
        filter::smooth3(&filter::smooth3(&filled))
    };
    let soft = filter::soften(&filled, 3.0_f32.max((noise / 0.07).min(8.0)));
    // Under the subject there is nothing to follow but the trend.
    let data = (0..w * h).map(|i| if weight.data[i] > 0.0 { smooth.data[i] } else { soft.data[i] });
    Plane { w, h, data: data.collect() }
}

/// Largest encoded difference of a channel between a pixel and its shadowed ground.
fn apart(scene: &Scene, shadow: &Plane, i: usize) -> f32 {
    let (p, g, s) = (scene.picture.data[i], scene.ground.data[i], shadow.data[i]);
    (0..3).map(|c| (proxy::encode(p[c]) - proxy::encode(g[c] * s)).abs()).fold(0.0, f32::max)
}

/// Opens what shows the ground inside the outline: gaps and holes. Whether there were any.
fn openings(
    scene: &Scene,
    e: &Evidence,
    shadow: &Plane,
    ground: &mut [bool],
    hint: Option<&Mask>,
    definite: bool,
) -> bool {
    let (w, h) = (e.w, e.h);
    let close = (3.0 * e.noise).max(0.014);
    let like: Vec<bool> = (0..w * h)
        .map(|i| !ground[i] && (!e.foreign(i) || e.grey(i) || apart(scene, shadow, i) < close))
        .collect();
    let mut any = false;
    for part in filter::parts(w, h, false, |i| like[i]) {
        if (Opening { scene, e, shadow, part: &part, definite }).is_one(ground, hint) {
            part.pixels.iter().for_each(|&i| ground[i as usize] = true);
            any = true;
        }
    }
    any
}

/// A part inside the outline that could be ground.
struct Opening<'a> {
    scene: &'a Scene,
    e: &'a Evidence,
    shadow: &'a Plane,
    part: &'a filter::Part,
    /// Whether the network knows what it sees.
    definite: bool,
}

impl Opening<'_> {
    /// Whether it is. What touches open ground is when it is as light as the shadowed ground beside it. An
    /// enclosed part is weighed: how close to the ground, bare or in the shadow of its surroundings; how
    /// even; how free of colour; how large (facets that look like ground are small); whether it shows the
    /// ground's own texture; and what a network thinks, which fills holes and is believed little.
    fn is_one(&self, ground: &[bool], hint: Option<&Mask>) -> bool {
        let noise = self.e.noise.max(0.004);
        let level = self.middle(&|i| self.level(i));
        let inside = hint.map_or(0.5, |m| self.middle(&|i| f32::from(m.data[i]) / 255.0));
        let tint = self.middle(&|i| self.e.tint[i]);
        let bare = self.middle(&|i| self.e.lift.data[i]);
        let grey = tint < self.e.grey && bare < 0.02;
        // The middle of many pixels is known better than one; on dark ground all differences are small.
        let fine = noise / (self.part.pixels.len() as f32).sqrt().clamp(1.0, 8.0);
        let under = self.middle(&|i| proxy::encode(self.scene.ground.data[i][1]));
        let dark = (under / 0.4).clamp(0.15, 1.0);
        if inside < 0.9 && self.touches(ground) {
            let deepest = if grey { 0.3 } else { (5.0 * fine).max(0.05 * dark) };
            let beside = level < (3.0 * fine).max(0.014 * dark) && level > -deepest;
            // A wide opening that a faint place of its outline joins to the ground outside is not lit as the
            // ground just there: weighed like an enclosed one.
            if beside || self.part.pixels.len() < self.e.w * self.e.h / 2000 {
                return beside;
            }
        }
        if self.definite && inside > 0.9 && self.fades(ground) {
            return false;
        }
        let nearest = level.abs().min(bare.abs());
        // Darker may be a deeper shadow; lighter may not.
        let deeper = level < 0.0 && bare < 0.0;
        // Between the bare ground and the shadow beside it anything can be ground.
        let between = level > 0.0 && bare < 0.0;
        let off = match (deeper, between) {
            (true, _) => nearest * (1.0 - 0.65 * dark),
            (_, true) => 0.3 * nearest,
            _ => nearest,
        };
        let share = self.part.pixels.len() as f32 / (self.e.w * self.e.h) as f32;
        // The deeper the shadow, the less is known about how deep it is just here, in a narrow opening.
        let depth = self.middle(&|i| 1.0 - self.shadow.data[i]).clamp(0.0, 1.0);
        let depth = depth * (1.0 - share / 0.003).max(0.0);
        // A negative score goes down to -2, a positive one up to 1.
        let score = |value: f32, limit: f32| (1.0 - value / limit).clamp(-2.0, 1.0);
        let close = score(off, (2.5 * fine).max(0.012 * dark) + 0.08 * depth);
        let even = score(self.lower(&|i| self.e.slope[i]), 0.008 + 0.8 * noise + 0.02 * depth);
        let colourless = score(tint, (2.5 * noise).max(0.014));
        let large = (share * 7000.0).max(0.1).log10().clamp(-1.0, 1.0) * 0.6;
        let told = match inside {
            i if i < 0.3 => 1.0,
            i if i > 0.95 => -0.4,
            _ => 0.0,
        };
        let grey = if grey && share > 0.8e-4 { 2.0 } else { 0.0 };
        let own: Own = self.part.pixels.iter().copied().collect();
        let across = match self.across(ground, &own) {
            Some(jump) => score(jump, 0.03 + 3.0 * fine).min(0.0),
            None => 0.0,
        };
        2.0 * close + even + colourless + large + told + grey + self.texture(&own) + 2.0 * across
            > 0.6
    }

    /// How far the ratio to the ground jumps across the outline where that is thin: a shadow goes on on the
    /// other side of a wire, a facet of metal behind a light rim does not. Encoded, the middle over all
    /// such places; `None` where the outline is thick nearly all round.
    fn across(&self, ground: &[bool], own: &Own) -> Option<f32> {
        const REACH: isize = 7;
        let (w, h) = (self.e.w as isize, self.e.h as isize);
        let encoded = |i: usize| {
            let g = colour::luminance(self.scene.ground.data[i]);
            proxy::encode((g * self.e.ratio[i]).min(1.0))
        };
        let (mut jumps, mut rim) = (Vec::new(), 0);
        for &i in &self.part.pixels {
            let (x, y) = (i as isize % w, i as isize / w);
            for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
                if own.contains(&(((y + dy) * w + x + dx) as u32)) {
                    continue;
                }
                rim += 1;
                // From two pixels inside to two pixels beyond the outline, straight across.
                let at = |k: isize| {
                    let (u, v) = (x + dx * k, y + dy * k);
                    (u >= 0 && v >= 0 && u < w && v < h).then(|| (v * w + u) as usize)
                };
                let Some(far) = (2..=REACH).find(|&k| {
                    at(k).is_some_and(|j| ground[j]) && at(k - 1).is_some_and(|j| ground[j])
                }) else {
                    continue;
                };
                let (Some(a), Some(b)) = (at(-1), at(far)) else { continue };
                if own.contains(&(a as u32)) {
                    jumps.push((encoded(a) - encoded(b)).abs());
                }
            }
        }
        (jumps.len() > 5 && jumps.len() * 6 > rim).then(|| filter::median(jumps))
    }

    /// Whether its outline, but for open ground, runs mostly along no edge: metal or stone there only fades into
    /// the colour of the ground.
    fn fades(&self, ground: &[bool]) -> bool {
        let (w, h) = (self.e.w as isize, self.e.h as isize);
        let own: Own = self.part.pixels.iter().copied().collect();
        let large = self.part.pixels.len() * 500 > self.e.w * self.e.h;
        let reach = if large { (0.012 * w.max(h) as f32) as isize } else { 0 };
        let (mut sharp, mut open, mut all) = (0, 0, 0);
        for &i in &self.part.pixels {
            let (x, y) = (i as isize % w, i as isize / w);
            let lift = self.e.lift.data[i as usize];
            for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
                let at = |k: isize| {
                    let (u, v) = (x + dx * k, y + dy * k);
                    (u >= 0 && v >= 0 && u < w && v < h).then(|| (v * w + u) as usize)
                };
                let Some(beside) = at(1).filter(|&j| !own.contains(&(j as u32))) else { continue };
                all += 1;
                open += usize::from(ground[beside]);
                // Out of focus an edge is no step, but it leads somewhere.
                let leads = |j: usize| (self.e.lift.data[j] - lift).abs() > 0.06;
                let edge = (0..4).filter_map(at).any(|j| self.e.step[j])
                    || (4..=reach).step_by(2).filter_map(at).any(leads);
                sharp += usize::from(edge && !ground[beside]);
            }
        }
        5 * sharp < 3 * (all - open) && 5 * open < 2 * all
    }

    /// Encoded luminance over that of the shadowed ground.
    fn level(&self, i: usize) -> f32 {
        let p = colour::luminance(self.scene.picture.data[i]);
        let g = colour::luminance(self.scene.ground.data[i]);
        proxy::encode(p) - proxy::encode(g * self.shadow.data[i])
    }

    /// The lower quarter of a value over the part: in a small one most pixels lie on its rim.
    fn lower(&self, f: &dyn Fn(usize) -> f32) -> f32 {
        let mut values: Vec<f32> = self.part.pixels.iter().map(|&i| f(i as usize)).collect();
        let quarter = values.len() / 4;
        if values.is_empty() {
            0.0
        } else {
            *values.select_nth_unstable_by(quarter, f32::total_cmp).1
        }
    }

    /// The middle of a value over the part.
    fn middle(&self, f: &dyn Fn(usize) -> f32) -> f32 {
        filter::median(self.part.pixels.iter().map(|&i| f(i as usize)).collect())
    }

    /// Whether it lies beside open ground.
    fn touches(&self, ground: &[bool]) -> bool {
        let (w, h) = (self.e.w, self.e.h);
        self.part.pixels.iter().any(|&i| {
            let mut beside = false;
            let (x, y) = (i as usize % w, i as usize / w);
            filter::neighbours(x, y, w, h, false, |j| beside |= ground[j]);
            beside
        })
    }

    /// What the fine detail says: correlation of the changes over two pixels in the picture and in the
    /// photographed ground, where the ground has detail; -2 to 2. No pixel of the outline is asked.
    fn texture(&self, own: &Own) -> f32 {
        let Some([picture, ground]) = &self.e.detail else { return 0.0 };
        let w = self.e.w as u32;
        let (mut pg, mut pp, mut gg, mut n) = (0.0_f32, 1e-12_f32, 1e-12_f32, 0.0_f32);
        for &i in &self.part.pixels {
            for j in [i + 2, i + 2 * w] {
                if own.contains(&j) && own.contains(&(i + (j - i) / 2)) {
                    let change = |p: &Plane| p.data[j as usize] - p.data[i as usize];
                    let (p, g) = (change(picture), change(ground));
                    (pg, pp, gg, n) = (pg + p * g, pp + p * p, gg + g * g, n + 1.0);
                }
            }
        }
        if n < 20.0 || (gg / n).sqrt() < 3.0 * self.e.noise.max(0.003) {
            return 0.0;
        }
        ((pg / (pp * gg).sqrt() - 0.35) * 5.0).clamp(-2.0, 2.0)
    }
}

/// Indices of a part's pixels.
type Own = std::collections::BTreeSet<u32>;

/// Takes away what is no piece: dust and noise by their size, crumbs of contact shadow by their lack of
/// colour and light.
fn drop_crumbs(e: &Evidence, scene: &Scene, shadow: &Plane, subject: &mut [bool]) {
    let (w, h) = (e.w, e.h);
    let found = filter::parts(w, h, true, |i| subject[i]);
    let largest = found.iter().map(|p| p.pixels.len()).max().unwrap_or(0);
    let least = (largest / 400).max(w * h / 40_000).max(6);
    let solid = |p: &filter::Part| {
        let sum: f32 = p.pixels.iter().map(|&i| apart(scene, shadow, i as usize)).sum();
        p.pixels.len() >= least && sum / p.pixels.len() as f32 > 2.5 * e.noise
    };
    let strength = |p: &filter::Part| {
        let own = p.pixels.iter().map(|&i| apart(scene, shadow, i as usize)).collect();
        upper_quarter(own)
    };
    let mirrored = if is_dark(scene) {
        mirror_images(&found, &strength, largest)
    } else {
        vec![false; found.len()]
    };
    let found: Vec<_> =
        found.into_iter().zip(mirrored).filter(|(_, m)| !m).map(|(p, _)| p).collect();
    let (kept, small): (Vec<_>, Vec<_>) = found.into_iter().partition(solid);
    subject.fill(false);
    let mut mark = |p: &filter::Part| p.pixels.iter().for_each(|&i| subject[i as usize] = true);
    kept.iter().for_each(&mut mark);
    // Small ones beside what is kept may be links of a chain: they stay when they stand out.
    let mut near = vec![false; w * h];
    kept.iter().flat_map(|p| &p.pixels).for_each(|&i| near[i as usize] = true);
    let near = filter::distance(w, h, |i| near[i]);
    let reach = w.max(h) as f32 * 0.02;
    let link = |p: &&filter::Part| {
        let bright = |i: usize| {
            (e.tint[i] > 0.06 || e.lift.data[i] > 0.06) && apart(scene, shadow, i) > 8.0 * e.noise
        };
        p.pixels.len() >= 4
            && p.pixels.iter().any(|&i| near[i as usize] < reach)
            && p.pixels.iter().any(|&i| bright(i as usize))
    };
    small.iter().filter(link).for_each(&mut mark);
}

/// Leaves to the full picture what may be a small gap in metal of another colour than its ground: pixels inside
/// that have the ground's colour, shaded or not, between ones that have not.
fn doubt_gaps(e: &Evidence, scene: &Scene, labels: &mut Labels) {
    if e.grey == 0.0 {
        return;
    }
    let (w, h) = (e.w, e.h);
    let like = |i: usize| {
        e.grey(i)
            && e.ratio[i] > 0.45 * labels.shadow.data[i]
            && apart(scene, &labels.shadow, i) < 0.25
    };
    let found: Vec<usize> =
        (0..w * h).filter(|&i| labels.label[i] == Label::Inside && like(i)).collect();
    for &i in &found {
        let mut open = |j: usize| {
            labels.label[j] = Label::Band;
            labels.depth.data[j] = labels.depth.data[j].min(0.5);
        };
        open(i);
        filter::neighbours(i % w, i / w, w, h, true, open);
    }
}

/// The larger of two masks where both are known.
fn strongest(a: Option<&Mask>, b: Option<&Mask>) -> Option<Mask> {
    let (Some(a), Some(b)) = (a, b) else { return a.or(b).cloned() };
    let data = a.data.iter().zip(&b.data).map(|(a, b)| *a.max(b)).collect();
    Some(Mask { w: a.w, h: a.h, data })
}

/// Gives back to the ground what is shadow and no network calls subject: broader than wires are, darker than the
/// ground, of little colour, mostly without steps. From there it goes on as far as that is so and no network is
/// rather for it. Whether there was any.
fn drop_shadows(e: &Evidence, told: &Mask, subject: &mut [bool]) -> bool {
    /// Fewer pixels are no shadow.
    const LEAST: usize = 40;
    let (w, h) = (e.w, e.h);
    let longest = w.max(h) as f32;
    let core = 0.006 * longest;
    // Light that the piece throws into its shadow has some of its colour.
    let dim = |i: usize| e.lift.data[i] < 0.0 && e.tint[i] < 4.0 * e.least_tint();
    let odd: Vec<bool> = (0..w * h).map(|i| subject[i] && told.data[i] <= FOREIGN).collect();
    let within = filter::distance(w, h, |i| !odd[i]);
    let broad = filter::distance(w, h, |i| within[i] > core);
    let mut queue = Vec::new();
    for part in filter::parts(w, h, false, |i| odd[i] && broad[i] < core + 1.5) {
        let share = |f: &dyn Fn(usize) -> bool| {
            let n = part.pixels.iter().filter(|&&i| f(i as usize)).count();
            n as f32 / part.pixels.len() as f32
        };
        if part.pixels.len() >= LEAST && share(&dim) > 0.8 && share(&|i| e.step[i]) < 0.35 {
            queue.extend(part.pixels.iter().map(|&i| (i as usize, 0)));
        }
    }
    let any = !queue.is_empty();
    queue.iter().for_each(|&(i, _)| subject[i] = false);
    let reach = (0.02 * longest) as usize;
    let mut next = 0;
    while next < queue.len() {
        let (i, far) = queue[next];
        next += 1;
        if far < reach {
            filter::neighbours(i % w, i / w, w, h, false, |j| {
                if subject[j] && told.data[j] < 128 && dim(j) && !e.step[j] {
                    subject[j] = false;
                    queue.push((j, far + 1));
                }
            });
        }
    }
    any
}

/// Which parts are images of the piece in a dark glossy ground: under what casts them, much fainter, and not
/// joined to it.
fn mirror_images(
    found: &[filter::Part],
    strength: &dyn Fn(&filter::Part) -> f32,
    largest: usize,
) -> Vec<bool> {
    let strengths: Vec<f32> = found.iter().map(strength).collect();
    let main = (0..found.len())
        .filter(|&k| found[k].pixels.len() * 8 >= largest)
        .max_by(|&a, &b| strengths[a].total_cmp(&strengths[b]));
    let Some(main) = main else { return vec![false; found.len()] };
    let faint: Vec<bool> = strengths.iter().map(|&s| s < 0.45 * strengths[main]).collect();
    // The other half of a chain lies beside the first, under nothing.
    let casts = |caster: &filter::Part, image: &filter::Part| {
        let (a, b) = (caster.rect, image.rect);
        b.y > a.y && b.x < a.right() && b.right() > a.x
    };
    (0..found.len())
        .map(|k| faint[k] && (0..found.len()).any(|j| !faint[j] && casts(&found[j], &found[k])))
        .collect()
}

/// The value that a quarter lies above.
fn upper_quarter(mut values: Vec<f32>) -> f32 {
    let at = values.len() * 3 / 4;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(at, f32::total_cmp).1 }
}

/// Of groups of parts that lie close together, keeps those that a network's mask means: a chain whose
/// pendant is meant stays whole.
fn keep_what_is_meant(subject: &mut [bool], hint: &Mask) {
    let groups = groups(subject, hint);
    let total: f32 = hint.data.iter().map(|&v| f32::from(v)).sum();
    let meant = |group: &&filter::Part| {
        let (hit, most) = seen_of(group, subject, hint);
        hit > 0.2 * most || hit > 0.15 * total
    };
    let unmeant: Vec<_> = groups.iter().filter(|g| !meant(g)).collect();
    if unmeant.len() < groups.len() {
        unmeant.iter().flat_map(|g| &g.pixels).for_each(|&i| subject[i as usize] = false);
    }
}

/// Parts that lie close together, with what is between them.
fn groups(subject: &[bool], like: &Mask) -> Vec<filter::Part> {
    let (w, h) = (like.w, like.h);
    let off = filter::distance(w, h, |i| subject[i]);
    let reach = w.max(h) as f32 * 0.012;
    filter::parts(w, h, true, |i| off[i] < reach)
}

/// The sum of a mask over a group's part of the subject, and what it is at most.
fn seen_of(group: &filter::Part, subject: &[bool], mask: &Mask) -> (f32, f32) {
    let own = group.pixels.iter().map(|&i| i as usize).filter(|&i| subject[i]);
    own.fold((0.0, 0.0), |(sum, most), i| (sum + f32::from(mask.data[i]), most + 255.0))
}

/// Of such groups keeps those of which Culet's own network sees about as much as of the one it sees best: it
/// mostly sees neither mirror images nor flaws of the ground.
fn keep_what_is_seen(subject: &mut [bool], seen: &Mask) {
    let groups = groups(subject, seen);
    let share = |(sum, most): (f32, f32)| sum / most.max(255.0);
    let shares: Vec<f32> = groups.iter().map(|g| share(seen_of(g, subject, seen))).collect();
    let best = shares.iter().copied().fold(0.0, f32::max);
    for (group, share) in groups.iter().zip(shares) {
        if share < 0.45 * best {
            group.pixels.iter().for_each(|&i| subject[i as usize] = false);
        }
    }
}

/// Labels from a network's mask alone, with a wide band.
fn from_hint(scene: &Scene, hint: &Mask) -> Labels {
    let (w, h) = (hint.w, hint.h);
    let subject: Vec<bool> = hint.data.iter().map(|&v| v > 127).collect();
    let unsure = hint.data.iter().filter(|&&v| UNSURE.contains(&v)).count() as f32;
    let confidence = (1.0 - unsure / hint.count().max(1) as f32).clamp(0.1, 0.8);
    let shadow = Plane { w: scene.ground.w, h: scene.ground.h, data: vec![1.0; w * h] };
    let mut labels = assemble(w, h, subject, shadow, confidence, w.max(h) as f32 / 150.0);
    for (label, &v) in labels.label.iter_mut().zip(&hint.data) {
        if UNSURE.contains(&v) {
            *label = Label::Band;
        }
    }
    labels.hint = Some(hint.clone());
    labels
}

/// How far the rim of the subject stands out of the noise of its ground, 0 to 1.
fn stand_out(scene: &Scene, shadow: &Plane, subject: &[bool], noise: f32) -> f32 {
    let (w, h) = (shadow.w, shadow.h);
    let off = filter::distance(w, h, |i| !subject[i]);
    let rim: Vec<f32> = (0..w * h)
        .filter(|&i| subject[i] && off[i] < 3.0)
        .map(|i| apart(scene, shadow, i))
        .collect();
    let clear = rim.iter().filter(|&&d| d > (6.0 * noise).max(0.04)).count() as f32;
    if rim.is_empty() { 0.0 } else { clear / rim.len() as f32 }
}

/// Distances, band and number of holes of a labelled subject.
fn assemble(
    w: usize,
    h: usize,
    subject: Vec<bool>,
    shadow: Plane,
    confidence: f32,
    band: f32,
) -> Labels {
    let outwards = filter::distance(w, h, |i| subject[i]);
    let inwards = filter::distance(w, h, |i| !subject[i]);
    let depth =
        |i: usize| if subject[i] { inwards[i].min(1e4) - 0.5 } else { 0.5 - outwards[i].min(1e4) };
    let depth = Plane { w, h, data: (0..w * h).map(depth).collect() };
    let name = |d: f32| match d {
        d if d > band => Label::Inside,
        d if d < -band => Label::Outside,
        _ => Label::Band,
    };
    let label = depth.data.iter().map(|&d| name(d)).collect();
    let holes = count_holes(w, h, &subject);
    Labels { w, h, label, depth, shadow, holes, confidence, hint: None, subject }
}

/// Closed openings of at least four pixels.
fn count_holes(w: usize, h: usize, subject: &[bool]) -> usize {
    let open = |p: &filter::Part| {
        p.rect.x > 0
            && p.rect.y > 0
            && p.rect.right() < w
            && p.rect.bottom() < h
            && p.pixels.len() >= 4
    };
    filter::parts(w, h, false, |i| !subject[i]).iter().filter(|p| open(p)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::Rgb8;

    fn labels(picture: &Rgb8) -> Labels {
        label(&Scene::new(picture, None, None), None, None)
    }

    /// A golden ring on light grey, with a wide soft shadow to its lower right.
    fn ring(shadow: bool) -> Rgb8 {
        Rgb8::from_fn(320, 240, |x, y| {
            let r = (x as f32 - 150.0).hypot(y as f32 - 110.0);
            let d = (x as f32 - 180.0).hypot((y as f32 - 150.0) * 1.5);
            let shade = if shadow { 1.0 - 0.5 * (-d * d / 3000.0).exp() } else { 1.0 };
            let noise = ((x * 31 + y * 17) % 5) as f32 - 2.0;
            match r {
                r if (50.0..70.0).contains(&r) => [190, 150 + (x % 40) as u8, 70],
                _ => [(225.0 * shade + noise) as u8; 3],
            }
        })
    }

    #[test]
    fn a_ring_has_its_hole_and_its_shadow_is_none_of_it() {
        for shadow in [false, true] {
            let got = labels(&ring(shadow));
            let mask = got.soft_mask();
            let truth = Mask::from_fn(320, 240, |x, y| {
                let r = (x as f32 - 150.0).hypot(y as f32 - 110.0);
                if (50.0..70.0).contains(&r) { 255 } else { 0 }
            });
            let both =
                (0..truth.data.len()).filter(|&i| truth.data[i] & mask.data[i] > 127).count();
            let any = (0..truth.data.len()).filter(|&i| truth.data[i] | mask.data[i] > 127).count();
            assert!(both as f32 > 0.9 * any as f32, "shadow {shadow}: {both} of {any}");
            assert_eq!(got.holes, 1, "shadow {shadow}");
        }
        assert!(labels(&ring(true)).shadow.at(240, 150) < 0.95);
    }

    #[test]
    fn an_empty_sweep_has_no_subject() {
        let empty = Rgb8::from_fn(300, 200, |x, y| [(200 + (x * 3 + y * 5) % 3) as u8; 3]);
        assert_eq!(labels(&empty).soft_mask().count(), 0);
    }

    #[test]
    fn a_thin_wire_is_found() {
        let wire = Rgb8::from_fn(300, 200, |x, y| {
            let off = (y as f32 - 100.0 - 40.0 * (x as f32 * 0.03).sin()).abs();
            let a = (1.5 - off).clamp(0.0, 1.0) * f32::from(u8::from((40..260).contains(&x)));
            [(230.0 * (1.0 - a) + 120.0 * a) as u8; 3]
        });
        let mask = labels(&wire).soft_mask();
        let hit = (45..255)
            .filter(|&x| mask.at(x, (100.0 + 40.0 * (x as f32 * 0.03).sin()) as usize) > 127)
            .count();
        assert!(hit > 200, "{hit}");
    }

    /// Gold on white paper with a soft shadow to its right that has some of its colour, and what a network sees.
    fn with_contact_shadow() -> (Rgb8, Mask) {
        let metal = |x: usize, y: usize| (80..130).contains(&x) && (60..170).contains(&y);
        let picture = Rgb8::from_fn(320, 240, |x, y| {
            let noise = ((x * 31 + y * 17) % 5) as f32 - 2.0;
            if metal(x, y) {
                return [120 + ((x * 13 + y * 7) % 80) as u8, 110, 70];
            }
            let (dx, dy) = ((x as f32 - 130.0).max(0.0) / 60.0, (y as f32 - 140.0) / 30.0);
            let deep = if x >= 80 { 0.6 * (-(dx * dx + dy * dy)).exp() } else { 0.0 };
            [0.0, 0.15, 0.3].map(|c| (230.0 * (1.0 - deep) * (1.0 - c * deep) + noise) as u8)
        });
        (picture, Mask::from_fn(320, 240, |x, y| if metal(x, y) { 255 } else { 0 }))
    }

    #[test]
    fn a_deep_shadow_that_no_network_means_is_ground() {
        let (picture, hint) = with_contact_shadow();
        let scene = Scene::new(&picture, None, Some(&hint));
        let extra = |hint: Option<&Mask>| {
            let mask = label(&scene, hint, None).soft_mask();
            (0..240 * 320).filter(|i| i % 320 > 134 && mask.data[*i] > 0).count()
        };
        assert!(extra(None) > 400, "{}", extra(None));
        assert!(extra(Some(&hint)) < 40, "{}", extra(Some(&hint)));
    }

    /// A pearl on grey whose right half fades into the grey, with a rim as faint.
    fn fading_pearl() -> (Rgb8, Mask) {
        let far = |x: usize, y: usize| (x as f32 - 160.0).hypot(y as f32 - 120.0);
        let picture = Rgb8::from_fn(320, 240, |x, y| {
            let noise = ((x * 31 + y * 17) % 3) as f32 - 1.0;
            let pearl = 200.0 + 40.0 * ((160.0 - x as f32) / 50.0).clamp(0.0, 1.0);
            let rim = if far(x, y) > 77.0 { 25.0 } else { 0.0 };
            let v = if far(x, y) < 80.0 { pearl + rim } else { 200.0 };
            [(v + noise) as u8; 3]
        });
        (picture, Mask::from_fn(320, 240, |x, y| if far(x, y) < 80.0 { 255 } else { 0 }))
    }

    #[test]
    fn what_fades_into_the_ground_is_no_hole_where_a_network_is_sure() {
        let (picture, hint) = fading_pearl();
        let scene = Scene::new(&picture, None, Some(&hint));
        let share = |hint: Option<&Mask>| {
            let mask = label(&scene, hint, None).soft_mask();
            let (got, all) =
                fading_pearl().1.data.iter().zip(&mask.data).fold((0, 0), |(got, all), (t, m)| {
                    (got + usize::from(*t & *m > 0), all + usize::from(*t > 0))
                });
            got as f32 / all as f32
        };
        assert!(share(None) < 0.8, "{}", share(None));
        assert!(share(Some(&hint)) > 0.97, "{}", share(Some(&hint)));
        // A ring of the same outline is open, though the network fills it.
        let ring = Rgb8::from_fn(320, 240, |x, y| {
            let r = (x as f32 - 160.0).hypot(y as f32 - 120.0);
            let noise = ((x * 31 + y * 17) % 3) as f32 - 1.0;
            [(if (55.0..80.0).contains(&r) { 120.0 } else { 200.0 } + noise) as u8; 3]
        });
        let scene = Scene::new(&ring, None, Some(&hint));
        assert_eq!(label(&scene, Some(&hint), None).holes, 1);
    }

    #[test]
    fn a_network_that_takes_a_strange_ground_for_subject_is_not_believed() {
        let (w, h) = (320, 240);
        let ground = Mask::from_fn(w, h, |_, y| if y > 100 { 255 } else { 0 });
        let subject: Vec<bool> = (0..w * h).map(|i| i % w > 150 && i % w < 170).collect();
        assert!(missed(&ground, None, false, &subject).is_empty());
        let patch = Mask::from_fn(w, h, |x, y| {
            if (100..200).contains(&x) && (60..120).contains(&y) { 255 } else { 0 }
        });
        let found = missed(&patch, None, false, &subject).len();
        assert!(found > 3000, "{found}");
        assert!(missed(&patch, Some(&Mask::new(w, h)), false, &subject).is_empty());
        assert_eq!(missed(&patch, Some(&patch), false, &subject).len(), found);
    }

    #[test]
    fn groups_that_culets_own_network_hardly_sees_are_dropped() {
        let (w, h) = (320, 240);
        let piece = |x: usize, y: usize| (60..160).contains(&x) && (40..120).contains(&y);
        let image = |x: usize, y: usize| (80..140).contains(&x) && (180..190).contains(&y);
        let seen = Mask::from_fn(w, h, |x, y| match (piece(x, y), image(x, y)) {
            (true, _) => 240,
            // It sees a quarter of the mirror image.
            (_, true) if x < 95 => 255,
            _ => 0,
        });
        let mut subject: Vec<bool> =
            (0..w * h).map(|i| piece(i % w, i / w) || image(i % w, i / w)).collect();
        keep_what_is_seen(&mut subject, &seen);
        assert!((0..w * h).all(|i| subject[i] == piece(i % w, i / w)));
        // What it sees nothing of stays: there is nothing better.
        keep_what_is_seen(&mut subject, &Mask::new(w, h));
        assert!(subject.iter().any(|s| *s));
    }

    #[test]
    fn a_stone_that_a_network_missed_is_no_strange_ground() {
        let metal = |x: usize, y: usize| (140..180).contains(&x) && (40..120).contains(&y);
        let stone = |x: usize, y: usize| (120..200).contains(&x) && (118..190).contains(&y);
        let hint = Mask::from_fn(320, 240, |x, y| if metal(x, y) { 255 } else { 0 });
        let share = |at_the_frame: bool| {
            let picture = Rgb8::from_fn(320, 240, |x, y| {
                let noise = ((x * 31 + y * 17) % 5) as u8;
                let wall = at_the_frame && x > 250;
                match (metal(x, y), stone(x, y) || wall) {
                    (true, _) => [150 + noise, 120, 60],
                    (_, true) => [170, 20 + noise, 20],
                    _ => [205 + noise; 3],
                }
            });
            let scene = Scene::new(&picture, None, Some(&hint));
            unexplained(&Evidence::new(&scene), &hint)
        };
        assert!(share(false) < 0.01, "{}", share(false));
        assert!(share(true) > UNEXPLAINED, "{}", share(true));
    }
}
