//! Layers of one view. Only the part of the frame that the piece can touch is kept, four bytes a
//! pixel and group; the paper needs no pixels at all.

use super::super::scene::{GROUPS, Glow, Stage};
use super::super::vectors::{Rng, V, mix};
use super::rgbe::{Rgbe, pack};
use super::shade::Dot;
use crate::imaging::Rect;
use rayon::prelude::*;

/// Rays for each pixel: `few` where a surface is even, `many` where neighbours differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quality {
    /// Rays inside an even surface.
    pub few: u32,
    /// Rays on edges and in lively reflections.
    pub many: u32,
}

impl Quality {
    /// A first look within seconds; grainy in the stones.
    pub const FIRST: Quality = Quality { few: 1, many: 4 };
    /// What live view settles on, and what tests of measures want.
    pub const GOOD: Quality = Quality { few: 3, many: 10 };
    /// For large stills, whose pixels are small.
    pub const STILL: Quality = Quality { few: 2, many: 6 };
}

/// What a pixel of the piece mostly shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Paper = 0,
    Metal = 1,
    Stone = 2,
}

/// The piece in the paper's gloss, at a fraction of the frame's size.
pub(crate) struct Mirror {
    /// The frame is this many times as large.
    pub(crate) div: usize,
    /// Where it is in the small frame.
    pub(crate) area: Rect,
    pub(crate) radiance: [Vec<Rgbe>; GROUPS],
}

/// One view of the piece.
pub(crate) struct Layers {
    pub(crate) w: usize,
    pub(crate) h: usize,
    /// What of the frame the piece can touch; all that follows is inside.
    pub(crate) area: Rect,
    /// Radiance times coverage, by group.
    pub(crate) radiance: [Vec<Rgbe>; GROUPS],
    /// Coverage, 0 to 255.
    pub(crate) alpha: Vec<u8>,
    /// [`Part`] of every pixel.
    pub(crate) part: Vec<u8>,
    /// Depth in steps; see [`Layers::depth_mm`].
    pub(crate) depth: Vec<u16>,
    /// Depth of step 0, and a step, in millimetres from the eye along the axis.
    pub(crate) depth_scale: (f32, f32),
    pub(crate) span: Span,
    pub(crate) mirror: Mirror,
}

/// Depths of a piece from the eye along the axis.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) near_mm: f32,
    pub(crate) far_mm: f32,
    /// The middle of the stones, or the nearest quarter of the metal.
    pub(crate) best_mm: f32,
}

/// Rows that are traced together; peak memory goes with it.
const BAND: usize = 32;

impl Layers {
    /// Traces on all cores.
    pub(crate) fn render(stage: &Stage, w: usize, h: usize, quality: Quality) -> Layers {
        let tracer = Tracer::new(stage, w, h, quality);
        let bands: Vec<Band> = tracer.bands().into_par_iter().map(|y| tracer.band(y)).collect();
        let mirror = tracer.mirror(&|rows, f| rows.into_par_iter().map(f).collect());
        tracer.assemble(bands, mirror)
    }

    /// Traces on this thread alone, as long as `go_on` says so; none when it was ended.
    pub(crate) fn render_quietly(
        stage: &Stage,
        w: usize,
        h: usize,
        quality: Quality,
        go_on: &dyn Fn() -> bool,
    ) -> Option<Layers> {
        let tracer = Tracer::new(stage, w, h, quality);
        let one = |y| go_on().then(|| tracer.band(y));
        let bands: Option<Vec<Band>> = tracer.bands().into_iter().map(one).collect();
        let mirror = tracer.mirror(&|rows, f| rows.map(f).collect());
        Some(tracer.assemble(bands?, mirror))
    }

    /// Millimetres from the eye along the axis, of a pixel of the area.
    pub(crate) fn depth_mm(&self, i: usize) -> f32 {
        self.depth_scale.0 + f32::from(self.depth[i]) * self.depth_scale.1
    }

    /// Pixels of the area that show some of the piece.
    pub(crate) fn shown(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.alpha.len()).filter(|&i| self.alpha[i] > 0)
    }

    /// Measures the depths of the piece: near, far, and what a photographer focuses on.
    fn measured(mut self) -> Layers {
        let of = |part: Part| {
            let on = |i: &usize| self.part[*i] == part as u8;
            let mut depths: Vec<u16> = self.shown().filter(on).map(|i| self.depth[i]).collect();
            depths.sort_unstable();
            depths
        };
        let (stone, metal) = (of(Part::Stone), of(Part::Metal));
        let best = match stone.get(stone.len() / 2) {
            Some(z) => *z,
            None => metal.get(metal.len() / 4).copied().unwrap_or(0),
        };
        let all = self.shown().map(|i| self.depth[i]);
        let (near, far) = all.fold((u16::MAX, 0), |(a, b), z| (a.min(z), b.max(z)));
        let mm = |z: u16| self.depth_scale.0 + f32::from(z) * self.depth_scale.1;
        self.span = Span { near_mm: mm(near.min(far)), far_mm: mm(far), best_mm: mm(best) };
        self
    }
}

/// What a band of rows came to.
#[derive(Default)]
struct Band {
    radiance: [Vec<Rgbe>; GROUPS],
    alpha: Vec<u8>,
    part: Vec<u8>,
    depth: Vec<u16>,
}

/// The first ray of a pixel: enough to see where neighbours differ.
#[derive(Clone, Copy)]
struct First {
    tone: f32,
    part: Part,
}

/// Runs one closure for each of some rows, in order.
type Rows<'a> = &'a dyn Fn(
    std::ops::Range<usize>,
    &(dyn Fn(usize) -> Vec<[V; GROUPS]> + Sync),
) -> Vec<Vec<[V; GROUPS]>>;

struct Tracer<'a> {
    stage: &'a Stage,
    w: usize,
    h: usize,
    quality: Quality,
    area: Rect,
    depth_scale: (f32, f32),
}

/// How bright a light looks, 0 to 1, for comparing neighbours.
fn tone(glow: &Glow) -> f32 {
    let y = glow.luma();
    y / (0.4 + y)
}

/// Neighbours or rays that differ by more than this in tone ask for more rays.
const LIVELY: f32 = 0.08;

impl<'a> Tracer<'a> {
    fn new(stage: &'a Stage, w: usize, h: usize, quality: Quality) -> Tracer<'a> {
        let (centre, r) = stage.ball();
        let near = stage.view.depth(centre) - r;
        let area = area_of(stage, w, h, centre, r);
        Tracer { stage, w, h, quality, area, depth_scale: (near, 2.0 * r / 65_535.0) }
    }

    fn bands(&self) -> Vec<usize> {
        (0..self.area.h).step_by(BAND).collect()
    }

    /// Ray `k` of pixel `i` of the area: a sequence by the golden ratio's plane relative, shifted
    /// by the pixel, which is even for any count (Roberts 2018).
    fn ray(&self, i: usize, k: u32) -> Option<Dot> {
        let mut rng = Rng::new(i as u32, 1);
        let jx = (rng.unit() + k as f32 * 0.754_877_7).fract();
        let jy = (rng.unit() + k as f32 * 0.569_840_3).fract();
        let x = (self.area.x + i % self.area.w) as f32 + jx;
        let y = (self.area.y + i / self.area.w) as f32 + jy;
        let d = self.stage.view.ray(self.w, self.h, x, y);
        self.stage.look(self.stage.view.eye, d, &mut Rng::new(i as u32, 2 + k))
    }

    fn first(&self, i: usize) -> First {
        match self.ray(i, 0) {
            None => First { tone: 0.0, part: Part::Paper },
            Some(dot) => First { tone: tone(&dot.glow), part: part_of(&dot) },
        }
    }

    /// Traces the rows from `y` on: one ray a pixel, then more by how much the neighbours differ.
    fn band(&self, y: usize) -> Band {
        let (top, end) = (y.saturating_sub(1), (y + BAND + 1).min(self.area.h));
        let w = self.area.w;
        let first: Vec<First> = (top * w..end * w).map(|i| self.first(i)).collect();
        let mut band = Band::default();
        for row in y..(y + BAND).min(self.area.h) {
            for x in 0..w {
                self.pixel(row * w + x, around(&first, w, x, row - top), &mut band);
            }
        }
        band
    }

    /// Traces one pixel and appends it.
    fn pixel(&self, i: usize, around: Around, band: &mut Band) {
        let mut sum = Glow::default();
        let (mut depth, mut metal, mut stone) = (0.0, 0_u32, 0_u32);
        let (mut lo, mut hi) = (9.0_f32, 0.0_f32);
        let mut n = match around {
            Around::Nothing => 0,
            Around::Even => self.quality.few,
            Around::Lively => self.quality.many,
        };
        let mut k = 0;
        while k < n {
            if let Some(dot) = self.ray(i, k) {
                // A glint never comes from one ray: tame single wild ones.
                let glow = dot.glow * (24.0 / dot.glow.luma().max(24.0));
                sum += glow;
                depth += dot.depth;
                (lo, hi) = (lo.min(tone(&glow)), hi.max(tone(&glow)));
                if dot.stone { stone += 1 } else { metal += 1 }
            }
            k += 1;
            if k == self.quality.few && hi - lo > LIVELY {
                n = n.max(self.quality.many); // the few disagree: ask more
            }
        }
        self.append(band, sum, depth, (metal, stone), n);
    }

    fn append(&self, band: &mut Band, sum: Glow, depth: f32, (metal, stone): (u32, u32), n: u32) {
        let (seen, share) = (metal + stone, 1.0 / n.max(1) as f32);
        for (layer, c) in band.radiance.iter_mut().zip((sum * share).0) {
            layer.push(pack([c.0, c.1, c.2]));
        }
        band.alpha.push((seen as f32 * share * 255.0 + 0.5) as u8);
        band.part.push(if metal.max(stone) * 2 < n || seen == 0 {
            Part::Paper as u8
        } else if stone > metal {
            Part::Stone as u8
        } else {
            Part::Metal as u8
        });
        let steps = (depth / seen.max(1) as f32 - self.depth_scale.0) / self.depth_scale.1;
        band.depth.push(steps.clamp(0.0, 65_535.0) as u16);
    }

    fn assemble(&self, bands: Vec<Band>, mirror: Mirror) -> Layers {
        let mut all = Band::default();
        for band in bands {
            for (layer, part) in all.radiance.iter_mut().zip(band.radiance) {
                layer.extend(part);
            }
            all.alpha.extend(band.alpha);
            all.part.extend(band.part);
            all.depth.extend(band.depth);
        }
        Layers {
            w: self.w,
            h: self.h,
            area: self.area,
            radiance: all.radiance,
            alpha: all.alpha,
            part: all.part,
            depth: all.depth,
            depth_scale: self.depth_scale,
            span: Span::default(),
            mirror,
        }
        .measured()
    }

    /// The piece mirrored in the paper, blurred by the paper's own roughness. It is soft: a small
    /// picture of it is enough.
    fn mirror(&self, rows: Rows) -> Mirror {
        let div = (self.w / 600).max(2);
        let (w, h) = (self.w / div, self.h / div);
        let (c, r) = self.stage.ball();
        let area = area_of(self.stage, w, h, V(c.0, -c.1, c.2), r);
        let n = self.quality.few.max(6);
        let row = |y: usize| (0..area.w).map(|x| self.mirrored(w, h, area, x, y, n)).collect();
        let mut v = match self.stage.setup.gloss {
            gloss if gloss > 0.0 => rows(0..area.h, &row).concat(),
            _ => vec![[V::ZERO; GROUPS]; area.area()],
        };
        for step in [1, area.w, 1, area.w] {
            soften(&mut v, step);
        }
        let radiance =
            std::array::from_fn(|g| v.iter().map(|c| pack([c[g].0, c[g].1, c[g].2])).collect());
        Mirror { div, area, radiance }
    }

    fn mirrored(&self, w: usize, h: usize, area: Rect, x: usize, y: usize, n: u32) -> [V; GROUPS] {
        let (gloss, view) = (self.stage.setup.gloss, &self.stage.view);
        let rough = mix(0.016, 0.002, gloss);
        let mut sum = Glow::default();
        for k in 0..n {
            let mut rng = Rng::new((y * area.w + x) as u32, 77 + k);
            let (u, v) = ((area.x + x) as f32 + rng.unit(), (area.y + y) as f32 + rng.unit());
            let d = view.ray(w, h, u, v);
            if d.1 > -1e-3 {
                continue;
            }
            let p = view.eye + d * (-view.eye.1 / d.1);
            let r = V(d.0 + rng.gauss() * rough, -d.1 + rng.gauss() * rough, d.2).unit();
            let reflectance = gloss * (0.04 + 0.96 * (1.0 + d.1).powi(5));
            if let Some(dot) = self.stage.look(p, r, &mut rng) {
                sum += dot.glow * (reflectance * (8.0 / dot.glow.luma().max(8.0)));
            }
        }
        (sum * (1.0 / n as f32)).0
    }
}

fn part_of(dot: &Dot) -> Part {
    if dot.stone { Part::Stone } else { Part::Metal }
}

/// How a pixel's neighbourhood looks after one ray each.
#[derive(Clone, Copy)]
enum Around {
    Nothing,
    Even,
    Lively,
}

fn around(first: &[First], w: usize, x: usize, row: usize) -> Around {
    let here = first[row * w + x].part;
    let (mut lo, mut hi, mut same) = (9.0_f32, 0.0_f32, true);
    for yy in row.saturating_sub(1)..(row + 2).min(first.len() / w) {
        for f in &first[yy * w + x.saturating_sub(1)..yy * w + (x + 2).min(w)] {
            same &= f.part == here;
            (lo, hi) = (lo.min(f.tone), hi.max(f.tone));
        }
    }
    match here {
        Part::Paper if same => Around::Nothing,
        _ if !same || hi - lo > LIVELY => Around::Lively,
        _ => Around::Even,
    }
}

/// The part of a frame under a ball, with a margin.
fn area_of(stage: &Stage, w: usize, h: usize, centre: V, r: f32) -> Rect {
    let (x, y, z) = stage.view.project(w, h, centre);
    let r = r * stage.view.focal / z * w as f32 * 0.5 * 1.02 + 2.0;
    let (x0, y0) = ((x - r).max(0.0) as usize, (y - r).max(0.0) as usize);
    let x1 = ((x + r).max(0.0) as usize).min(w);
    let y1 = ((y + r).max(0.0) as usize).min(h);
    Rect::new(x0, y0, x1.saturating_sub(x0), y1.saturating_sub(y0))
}

/// Binomial smoothing along one direction: few rays leave grain.
fn soften(v: &mut [[V; GROUPS]], step: usize) {
    let s = v.to_vec();
    for i in step..v.len().saturating_sub(step) {
        for g in 0..GROUPS {
            v[i][g] = (s[i - step][g] + s[i + step][g]) * 0.25 + s[i][g] * 0.5;
        }
    }
}
