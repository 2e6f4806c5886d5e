//! Alpha at full size. Only tiles that the band crosses are worked on.
//!
//! In a tile: a graph cut parts what differs from the (shadowed) ground from what does not, which settles
//! thin links, gaps and mirrored metal; then the rim of the cut gets its coverage by projection between ground
//! and the subject's own colour a little further in, α = ⟨I−B, F−B⟩ / |F−B|² in linear light, held to within
//! a pixel of the cut. Where the edge is out of focus the guided filter spreads the cut instead.

use super::backdrop::Scene;
use super::coarse::{DARK, Label, Labels};
use super::maxflow::Graph;
use super::{filter, profile, proxy};
use crate::imaging::{Image, Mask, Plane, Rgb8, colour};
use rayon::prelude::*;

/// Side of a tile without its margin.
const CORE: usize = 160;
/// Pixels that a tile sees around itself.
const MARGIN: usize = 16;
/// Farther than this from the coarse edge, in reduced pixels, nothing needs to be known.
const FAR: f32 = 12.0;
/// Costs of the cut are whole numbers: this is 1.
const UNIT: f32 = 256.0;

/// What all tiles share.
struct Solver<'a> {
    rgb: &'a Rgb8,
    empty: Option<&'a Rgb8>,
    gain: [f32; 3],
    labels: &'a Labels,
    /// The ground in the shadow of the subject, linear, reduced.
    ground: Image,
    /// The subject continued to its edge, linear, reduced; only where the ground is textured.
    inner: Option<Image>,
    /// Difference from the ground that tells subject from noise, encoded.
    tell: f32,
}

/// Coverage of the subject at full size.
pub(super) fn solve(rgb: &Rgb8, empty: Option<&Rgb8>, scene: &Scene, labels: &Labels) -> Mask {
    let empty = empty.filter(|_| scene.method == super::Method::EmptySet);
    let (ground, inner) = if scene.rough {
        (continued(scene, labels, Label::Outside), Some(continued(scene, labels, Label::Inside)))
    } else {
        (shaded(scene, labels), None)
    };
    let noise = full_noise(rgb, labels);
    let tell = (3.2 * noise).max(2.0 * scene.noise).clamp(0.012, 0.12);
    let solver = Solver { rgb, empty, gain: scene.gain, labels, ground, inner, tell };
    let mut alpha = Mask::new(rgb.w, rgb.h);
    let strips: Vec<(usize, &mut [u8])> = alpha.data.chunks_mut(rgb.w * CORE).enumerate().collect();
    strips.into_par_iter().for_each(|(strip, rows)| solver.strip(strip * CORE, rows));
    alpha
}

/// The ground times its shadow.
fn shaded(scene: &Scene, labels: &Labels) -> Image {
    let data = scene.ground.data.iter().zip(&labels.shadow.data);
    let data = data.map(|(g, &s)| g.map(|v| v * s)).collect();
    Image { w: scene.ground.w, h: scene.ground.h, data }
}

/// The picture's own colour where the label holds, continued elsewhere.
fn continued(scene: &Scene, labels: &Labels, of: Label) -> Image {
    let (w, h) = (labels.w, labels.h);
    let weight: Vec<f32> = labels.label.iter().map(|&l| f32::from(u8::from(l == of))).collect();
    let weight = Plane { w, h, data: weight };
    let planes: [Plane; 3] = std::array::from_fn(|c| {
        let data = scene.picture.data.iter().map(|p| p[c]).collect();
        filter::soften(&filter::fill(&Plane { w, h, data }, &weight), 2.0)
    });
    Image::from_fn(w, h, |x, y| std::array::from_fn(|c| planes[c].at(x, y)))
}

/// Noise of the full picture where the ground is, encoded, one sigma: from differences between
/// neighbours, a sample of the rows.
fn full_noise(rgb: &Rgb8, labels: &Labels) -> f32 {
    let mut values = Vec::new();
    let step = (rgb.h / 150).max(1);
    for y in (0..rgb.h).step_by(step) {
        let row = &rgb.data[y * rgb.w * 3..(y + 1) * rgb.w * 3];
        for x in (0..rgb.w.saturating_sub(2)).step_by(5) {
            if labels.label[label_index(labels, rgb, x, y)] == Label::Outside {
                let green = |x: usize| f32::from(row[x * 3 + 1]);
                // The middle of three neighbours against their mean removes slopes.
                values.push((green(x + 1) - 0.5 * (green(x) + green(x + 2))).abs() / 255.0);
            }
        }
    }
    1.4826 * filter::median(values) / 1.5_f32.sqrt()
}

fn label_index(labels: &Labels, rgb: &Rgb8, x: usize, y: usize) -> usize {
    (y * labels.h / rgb.h) * labels.w + x * labels.w / rgb.w
}

/// The pixels of one tile with its margin.
struct Tile {
    w: usize,
    h: usize,
    label: Vec<Label>,
    /// Signed distance from the coarse edge in reduced pixels.
    depth: Vec<f32>,
    picture: Vec<[f32; 3]>,
    ground: Vec<[f32; 3]>,
    /// Encoded differences of picture and ground.
    off: Vec<[f32; 3]>,
    /// How much of it no shadow explains, one number.
    differs: Vec<f32>,
    /// The subject's colour from further in, where it is known beforehand.
    inner: Option<Vec<[f32; 3]>>,
}

impl Tile {
    /// A pixel that no edge is near.
    fn skip(&mut self) {
        self.picture.push([0.0; 3]);
        self.ground.push([0.0; 3]);
        self.off.push([0.0; 3]);
        self.differs.push(0.0);
        self.inner.iter_mut().for_each(|inner| inner.push([0.0; 3]));
    }
}

impl Solver<'_> {
    /// Solves `CORE` rows from `y0` on.
    fn strip(&self, y0: usize, rows: &mut [u8]) {
        let (w, h) = (self.rgb.w, self.rgb.h);
        let height = rows.len() / w;
        for x0 in (0..w).step_by(CORE) {
            let width = CORE.min(w - x0);
            if let Some(value) = self.uniform(x0, y0, width, height) {
                if value > 0 {
                    for y in 0..height {
                        rows[y * w + x0..y * w + x0 + width].fill(value);
                    }
                }
                continue;
            }
            let (u, v) = (x0.saturating_sub(MARGIN), y0.saturating_sub(MARGIN));
            let (r, b) = ((x0 + width + MARGIN).min(w), (y0 + height + MARGIN).min(h));
            let alpha = self.tile(u, v, r - u, b - v);
            for y in 0..height {
                for x in 0..width {
                    let a = alpha[(y + y0 - v) * (r - u) + x + x0 - u];
                    rows[y * w + x0 + x] = (a * 255.0 + 0.5) as u8;
                }
            }
        }
    }

    /// The one value of a tile that no band crosses.
    fn uniform(&self, x0: usize, y0: usize, width: usize, height: usize) -> Option<u8> {
        let l = self.labels;
        let first = l.label[label_index(l, self.rgb, x0, y0)];
        let (a, b) = (x0 * l.w / self.rgb.w, (x0 + width - 1) * l.w / self.rgb.w);
        let (c, d) = (y0 * l.h / self.rgb.h, (y0 + height - 1) * l.h / self.rgb.h);
        let same = (c..=d).all(|y| l.label[y * l.w + a..=y * l.w + b].iter().all(|&v| v == first));
        match first {
            Label::Inside if same => Some(255),
            Label::Outside if same => Some(0),
            _ => None,
        }
    }

    fn tile(&self, x0: usize, y0: usize, w: usize, h: usize) -> Vec<f32> {
        let tile = self.look(x0, y0, w, h);
        let cut = self.cut(&tile);
        let (lens, blur) = edge_blur(&tile, &cut);
        if self.inner.is_some() {
            self.soft(&tile, &cut, blur)
        } else {
            self.hard(&tile, &cut, blur, lens)
        }
    }

    /// Gathers what is known about the pixels of a tile.
    fn look(&self, x0: usize, y0: usize, w: usize, h: usize) -> Tile {
        let l = self.labels;
        let (kx, ky) = (l.w as f32 / self.rgb.w as f32, l.h as f32 / self.rgb.h as f32);
        let n = w * h;
        let mut tile = Tile {
            w,
            h,
            label: Vec::with_capacity(n),
            depth: Vec::with_capacity(n),
            picture: Vec::with_capacity(n),
            ground: Vec::with_capacity(n),
            off: Vec::with_capacity(n),
            differs: Vec::with_capacity(n),
            inner: self.inner.as_ref().map(|_| Vec::with_capacity(n)),
        };
        for y in y0..y0 + h {
            for x in x0..x0 + w {
                let (u, v) = ((x as f32 + 0.5) * kx - 0.5, (y as f32 + 0.5) * ky - 0.5);
                let depth = l.depth.sample(u, v);
                tile.label.push(l.label[label_index(l, self.rgb, x, y)]);
                tile.depth.push(depth);
                if depth.abs() > FAR {
                    tile.skip();
                } else {
                    self.look_at(&mut tile, (x, y), (u, v));
                }
            }
        }
        tile
    }

    /// Adds what is known about one pixel; `full` and `reduced` are its places.
    fn look_at(&self, tile: &mut Tile, full: (usize, usize), reduced: (f32, f32)) {
        let table = colour::srgb_decode_table();
        let i = (full.1 * self.rgb.w + full.0) * 3;
        let (u, v) = reduced;
        let picture: [f32; 3] = std::array::from_fn(|c| table[self.rgb.data[i + c] as usize]);
        let shadow = self.labels.shadow.sample(u, v);
        let ground = match self.empty {
            Some(e) => std::array::from_fn(|c| {
                (table[e.data[i + c] as usize] * self.gain[c]).min(1.0) * shadow
            }),
            None => sample(&self.ground, u, v),
        };
        let (a, b) = (proxy::encode3(picture), proxy::encode3(ground));
        let off: [f32; 3] = std::array::from_fn(|c| a[c] - b[c]);
        tile.picture.push(picture);
        tile.ground.push(ground);
        tile.differs.push(unexplained(off, shadow));
        tile.off.push(off);
        if let (Some(inner), Some(from)) = (&mut tile.inner, &self.inner) {
            inner.push(sample(from, u, v));
        }
    }

    /// Parts subject from ground in the band; true is subject.
    fn cut(&self, tile: &Tile) -> Vec<bool> {
        let (w, h) = (tile.w, tile.h);
        let band: Vec<u32> =
            (0..(w * h) as u32).filter(|&i| tile.label[i as usize] == Label::Band).collect();
        let mut node = vec![u32::MAX; w * h];
        band.iter().enumerate().for_each(|(n, &i)| node[i as usize] = n as u32);
        let mut graph = Graph::new(band.len());
        let contrast = mean_contrast(tile, &band).max(1e-5);
        for (n, &i) in band.iter().enumerate() {
            let i = i as usize;
            let mut lean = self.lean(tile, i);
            let (x, y) = (i % w, i / w);
            for (dx, dy, far) in [
                (1, 0, 1.0),
                (0, 1, 1.0),
                (1, 1, 0.7),
                (-1, 1, 0.7),
                (-1, 0, 1.0),
                (0, -1, 1.0),
                (-1, -1, 0.7),
                (1, -1, 0.7),
            ] {
                let (Some(u), Some(v)) = (x.checked_add_signed(dx), y.checked_add_signed(dy))
                else {
                    continue;
                };
                if u >= w || v >= h {
                    continue;
                }
                let j = v * w + u;
                let step = far * 0.9 * (-between(tile, i, j) / (2.0 * contrast)).exp() + far * 0.06;
                match (node[j], tile.label[j]) {
                    (u32::MAX, Label::Inside) => lean += step,
                    (u32::MAX, _) => lean -= step,
                    (other, _) if j > i => graph.link(n, other as usize, (step * UNIT) as i32),
                    _ => {}
                }
            }
            graph.prefer_source(n, (lean * UNIT) as i32);
        }
        graph.cut();
        (0..w * h)
            .map(|i| match node[i] {
                u32::MAX => tile.label[i] == Label::Inside,
                n => graph.is_source(n as usize),
            })
            .collect()
    }

    /// What speaks for subject (positive) at a pixel of the band.
    fn lean(&self, tile: &Tile, i: usize) -> f32 {
        let prior = 0.35 * tile.depth[i].clamp(-1.5, 1.5);
        if let Some(inner) = &tile.inner {
            let (a, reach) = project(tile.picture[i], tile.ground[i], inner[i]);
            return prior + (a.clamp(0.0, 1.0) - 0.5) * 4.0 * (reach / 0.1).min(1.0);
        }
        let ratio = tile.differs[i] / self.tell;
        prior + if ratio < 1.0 { 2.5 } else { 1.0 } * (ratio * ratio - 1.0).min(3.0)
    }

    /// Coverage of hard edges from their cut.
    fn hard(&self, tile: &Tile, cut: &[bool], blur: f32, lens: f32) -> Vec<f32> {
        let (w, h) = (tile.w, tile.h);
        // The cut follows what can just be told from noise: the skirt of a blurred edge. Its middle lies
        // where the difference has half of what it has further in.
        let reach = (1.6 * blur + 0.8).clamp(1.5, 9.0);
        let skirt = blur.clamp(1.5, 5.0);
        let inwards = filter::distance(w, h, |i| !cut[i]);
        let outwards = filter::distance(w, h, |i| cut[i]);
        let core = |i: usize| cut[i] && inwards[i] > reach;
        let (far, who) = filter::nearest(w, h, core);
        let spread = spread(cut, w, h);
        let far_in = (reach as usize).clamp(2, 6);
        let located = self.located(tile, cut, lens, &inwards, &outwards);
        (0..w * h)
            .map(|i| {
                if let Some(a) = located[i] {
                    return a;
                }
                if inwards[i] > reach || outwards[i] > skirt {
                    return f32::from(u8::from(cut[i]));
                }
                let known = who[i] != u32::MAX && far[i] < 2.0 * reach + 2.0;
                let inner = if known {
                    tile.picture[who[i] as usize]
                } else {
                    strongest(tile, cut, i, far_in)
                };
                let (a, contrast) = project(tile.picture[i], tile.ground[i], inner);
                // Where metal is as light as its ground the cut's own shape is the better witness.
                let sure = ((contrast - 2.0 * self.tell) / (4.0 * self.tell)).clamp(0.0, 1.0);
                let a = a.clamp(0.0, 1.0) * sure + spread[i] * (1.0 - sure);
                let a = if cut[i] { a.max(self.own_way(tile, cut, i, far_in.min(3))) } else { a };
                if outwards[i] > 0.0 && tile.differs[i] < 0.5 * self.tell { 0.0 } else { a }
            })
            .collect()
    }

    /// Coverage around the places of the outline where [`profile::locate`] finds the edge: that of a half plane
    /// seen through the lens. `None` elsewhere: thin wires, and what no edge is near.
    fn located(
        &self,
        tile: &Tile,
        cut: &[bool],
        lens: f32,
        inwards: &[f32],
        outwards: &[f32],
    ) -> Vec<Option<f32>> {
        let (w, h) = (tile.w, tile.h);
        // Rows and columns cross an edge aslant, and it steps between pixels: a narrow blur reads wider than it is.
        let sigma = (lens - 0.35).clamp(0.5, 3.0);
        let rim = |i: usize| {
            let mut beside = false;
            if cut[i] && inwards[i] < 1.5 {
                filter::neighbours(i % w, i / w, w, h, false, |j| beside |= !cut[j]);
            }
            beside
        };
        let off = |i: usize| {
            // Linear light, scaled so that small differences read as encoded ones.
            std::array::from_fn(|c| {
                let g = tile.ground[i][c];
                (tile.picture[i][c] - g) * proxy::encoded_a_step(g)
            })
        };
        let field = profile::Field { w, h, cut, off: &off, sigma, noise: self.tell / 3.2 };
        let places: Vec<usize> = (0..w * h).filter(|&i| rim(i)).collect();
        // On a dark ground the two sides of a wire differ by more than the lens tells of its edges.
        let told = |i: usize| {
            profile::locate(&field, i).filter(|e| !e.is_wire() || tile.ground[i][1] > DARK)
        };
        let found: Vec<_> = places.iter().map(|&i| told(i)).collect();
        let found = profile::steady(w, h, &places, &found);
        let mut index = vec![u32::MAX; w * h];
        places.iter().enumerate().for_each(|(k, &i)| index[i] = k as u32);
        let (far, who) = filter::nearest(w, h, |i| index[i] != u32::MAX);
        let within = 3.0 * sigma + 2.5;
        (0..w * h)
            .map(|i| {
                if tile.label[i] != Label::Band
                    || far[i] > within + 2.0
                    || inwards[i].max(outwards[i]) > within
                {
                    return None;
                }
                let edge = found[index[who[i] as usize] as usize]?;
                Some(edge.coverage((i % w) as f32, (i / w) as f32, sigma))
            })
            .collect()
    }

    /// Coverage of a pixel of the cut that differs from the ground in its own way: the rim of polished metal
    /// mirrors the ground beyond its shadow and is light where the metal further in is dark. Its difference over
    /// the largest one near it in the same direction.
    fn own_way(&self, tile: &Tile, cut: &[bool], i: usize, r: usize) -> f32 {
        let trust = (tile.differs[i] / self.tell - 1.0).clamp(0.0, 1.0);
        if trust == 0.0 {
            return 0.0;
        }
        let off = |j: usize| -> [f32; 3] {
            std::array::from_fn(|c| tile.picture[j][c] - tile.ground[j][c])
        };
        let own = off(i);
        let dot = |o: [f32; 3]| own[0] * o[0] + own[1] * o[1] + own[2] * o[2];
        let square = dot(own);
        let mut largest = square;
        let (x, y) = (i % tile.w, i / tile.w);
        for v in y.saturating_sub(r)..=(y + r).min(tile.h - 1) {
            for u in x.saturating_sub(r)..=(x + r).min(tile.w - 1) {
                let j = v * tile.w + u;
                if cut[j] {
                    largest = largest.max(dot(off(j)));
                }
            }
        }
        trust * square / largest.max(1e-9)
    }

    /// Coverage of soft edges: the cut with the picture's own falling off.
    fn soft(&self, tile: &Tile, cut: &[bool], blur: f32) -> Vec<f32> {
        let (w, h) = (tile.w, tile.h);
        let hard = cut.iter().map(|&c| f32::from(u8::from(c))).collect();
        let guide: Vec<f32> = match &tile.inner {
            Some(inner) => (0..w * h)
                .map(|i| project(tile.picture[i], tile.ground[i], inner[i]).0.clamp(-0.5, 1.5))
                .collect(),
            None => tile.differs.clone(),
        };
        let r = (2.0 * blur).clamp(3.0, 10.0) as usize;
        let eps = if tile.inner.is_some() { 0.02 } else { self.tell * self.tell };
        let alpha =
            filter::guided(&Plane { w, h, data: guide }, &Plane { w, h, data: hard }, r, eps);
        let sharp = |a: f32| ((a - 0.5) * 1.12 + 0.5).clamp(0.0, 1.0);
        (0..w * h)
            .map(|i| match tile.label[i] {
                Label::Band => sharp(alpha.data[i]),
                Label::Inside => 1.0,
                Label::Outside => 0.0,
            })
            .collect()
    }
}

/// A reduced picture between its pixels.
fn sample(image: &Image, x: f32, y: f32) -> [f32; 3] {
    let (x, y) = (x.clamp(0.0, (image.w - 1) as f32), y.clamp(0.0, (image.h - 1) as f32));
    let (i, j) = (x as usize, y as usize);
    let (fx, fy) = (x - i as f32, y - j as f32);
    let (i1, j1) = ((i + 1).min(image.w - 1), (j + 1).min(image.h - 1));
    let at = |x: usize, y: usize| image.data[y * image.w + x];
    let (a, b, c, d) = (at(i, j), at(i1, j), at(i, j1), at(i1, j1));
    std::array::from_fn(|k| {
        (a[k] * (1.0 - fx) + b[k] * fx) * (1.0 - fy) + (c[k] * (1.0 - fx) + d[k] * fx) * fy
    })
}

/// The part of a difference that a deeper shadow would not make: all of it when lighter or coloured; of
/// a neutral darkening what goes beyond the shadow that is there already.
fn unexplained(off: [f32; 3], shadow: f32) -> f32 {
    let dark = -(off[0] + off[1] + off[2]) / 3.0;
    let largest = off.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    let excused = dark.min(0.2 * (1.0 - shadow).max(0.0)).max(0.0);
    (largest - excused).max(0.0)
}

/// Where a pixel lies between ground (0) and subject (1), and how far apart those are, encoded.
fn project(pixel: [f32; 3], ground: [f32; 3], inner: [f32; 3]) -> (f32, f32) {
    let (mut dot, mut square, mut contrast) = (0.0, 0.0, 0.0_f32);
    for c in 0..3 {
        let span = inner[c] - ground[c];
        dot += (pixel[c] - ground[c]) * span;
        square += span * span;
        contrast = contrast.max((proxy::encode(inner[c]) - proxy::encode(ground[c])).abs());
    }
    (if square > 1e-7 { dot / square } else { 0.0 }, contrast)
}

/// The colour within `r` that differs most from the ground, of the cut's own pixels: for wires that
/// have no inside.
fn strongest(tile: &Tile, cut: &[bool], i: usize, r: usize) -> [f32; 3] {
    let (x, y) = (i % tile.w, i / tile.w);
    let mut best = i;
    for v in y.saturating_sub(r)..=(y + r).min(tile.h - 1) {
        for u in x.saturating_sub(r)..=(x + r).min(tile.w - 1) {
            let j = v * tile.w + u;
            if cut[j] && tile.differs[j] > tile.differs[best] {
                best = j;
            }
        }
    }
    tile.picture[best]
}

/// Squared encoded difference of two pixels, each less its ground.
fn between(tile: &Tile, i: usize, j: usize) -> f32 {
    (0..3).map(|c| (tile.off[i][c] - tile.off[j][c]).powi(2)).sum()
}

fn mean_contrast(tile: &Tile, band: &[u32]) -> f32 {
    let (mut sum, mut n) = (0.0, 0.0);
    for &i in band {
        let i = i as usize;
        if i % tile.w + 1 < tile.w {
            sum += between(tile, i, i + 1);
            n += 1.0;
        }
    }
    if n > 0.0 { sum / n } else { 0.0 }
}

/// Sigma of the edge's blur in pixels: the rise of the difference across the cut over its steepest step, the middle
/// of all places where the edge is clear. First of the rise to the first peak behind the cut, which is the
/// lens; then of the whole rise, to which the metal's own shading adds.
fn edge_blur(tile: &Tile, cut: &[bool]) -> (f32, f32) {
    const REACH: usize = 9;
    let (w, h) = (tile.w, tile.h);
    let (mut first, mut whole) = (Vec::new(), Vec::new());
    let mut walk = |at: &dyn Fn(usize) -> usize, middle: usize, n: usize| {
        if middle < REACH || middle + REACH >= n {
            return;
        }
        let mut run: [f32; 2 * REACH + 1] =
            std::array::from_fn(|k| tile.differs[at(middle - REACH + k)]);
        let sigma = |run: &[f32], clear: f32| {
            let (lo, hi) = run.iter().fold((f32::MAX, 0.0_f32), |(a, b), &v| (a.min(v), b.max(v)));
            let steepest = run.windows(2).map(|p| (p[1] - p[0]).abs()).fold(0.0, f32::max);
            (hi - lo > clear && steepest > 0.0).then(|| (hi - lo) / steepest / 2.507)
        };
        whole.extend(sigma(&run, 0.1));
        if cut[at(middle)] {
            run.reverse();
        }
        let peak = (REACH..2 * REACH).find(|&k| run[k + 1] < run[k]).unwrap_or(2 * REACH);
        first.extend(sigma(&run[..=peak], 0.06));
    };
    for i in 0..w * h {
        let (x, y) = (i % w, i / w);
        if x + 1 < w && cut[i] != cut[i + 1] {
            walk(&|k| y * w + k, x, w);
        }
        if y + 1 < h && cut[i] != cut[i + w] {
            walk(&|k| k * w + x, y, h);
        }
    }
    let middle = |found: Vec<f32>| if found.is_empty() { 0.8 } else { filter::median(found) };
    (middle(first), middle(whole))
}

/// The cut smoothed by a Gaussian of sigma .7: the shape's own coverage of its rim.
fn spread(cut: &[bool], w: usize, h: usize) -> Vec<f32> {
    const WEIGHTS: [f32; 3] = [0.559, 0.2015, 0.019];
    let hard: Vec<f32> = cut.iter().map(|&c| f32::from(u8::from(c))).collect();
    let pass = |src: &[f32], n: usize, stride: usize, i: usize| {
        let k = i / stride % n;
        let at = |d: isize| src[i + k.saturating_add_signed(d).min(n - 1) * stride - k * stride];
        WEIGHTS[0] * at(0) + WEIGHTS[1] * (at(-1) + at(1)) + WEIGHTS[2] * (at(-2) + at(2))
    };
    let across: Vec<f32> = (0..w * h).map(|i| pass(&hard, w, 1, i)).collect();
    (0..w * h).map(|i| pass(&across, h, w, i)).collect()
}
