//! The paper behind the piece: its light and shadow, the mirror image in it, and what lies on it.

use super::blur::Picture4;
use super::card::Placed;
use super::negative::{Bench, Window};
use rayon::prelude::*;

/// Light on a point of the paper of reflectance 1, with the piece there and without.
#[derive(Clone, Copy)]
pub(crate) struct Floor {
    pub(crate) lit: f32,
    pub(crate) bare: f32,
}

impl Bench<'_> {
    /// Depth of the paper along a row of the frame.
    pub(crate) fn floor_depth(&self, y: f32) -> f32 {
        let (view, w, h) = (&self.stage.view, self.layers.w, self.layers.h);
        let d = view.ray(w, h, w as f32 * 0.5, y);
        if d.1 < -1e-3 { (d * (-view.eye.1 / d.1)).dot(view.forward) } else { 1e4 }
    }

    pub(crate) fn blurred_mirror(&self) -> Picture4 {
        let m = &self.layers.mirror;
        let v = (0..m.area.area()).map(|i| {
            let c = self.mixed(&m.radiance, i);
            [c[0], c[1], c[2], 0.0]
        });
        let sharp = Picture4 { w: m.area.w, h: m.area.h, v: v.collect() };
        let middle = ((m.area.y + m.area.h / 2) * m.div).min(self.layers.h) as f32;
        sharp.defocused(self.confusion.at(self.floor_depth(middle)).abs() / m.div as f32)
    }

    /// Light on the paper, on a grid of every `n`th pixel.
    pub(crate) fn lattice(&self, window: Window) -> Lattice {
        let n = (self.layers.w / 480).max(1) as isize;
        let (x0, y0) = (window.x.div_euclid(n), window.y.div_euclid(n));
        let w = ((window.x + window.w as isize).div_euclid(n) - x0 + 2) as usize;
        let h = ((window.y + window.h as isize).div_euclid(n) - y0 + 2) as usize;
        let at = |i: usize| {
            let x = (x0 + (i % w) as isize) * n;
            let y = (y0 + (i / w) as isize) * n;
            self.floor_light(x as f32 + 0.5, y as f32 + 0.5)
        };
        Lattice { n, x0, y0, w, v: (0..w * h).map(at).collect() }
    }

    /// Light on the paper that is seen at a place of the frame.
    fn floor_light(&self, x: f32, y: f32) -> Floor {
        let view = &self.stage.view;
        let d = view.ray(self.layers.w, self.layers.h, x, y);
        if d.1 > -1e-3 {
            return Floor { lit: 0.3, bare: 0.3 };
        }
        let p = view.eye + d * (-view.eye.1 / d.1);
        self.light_on(p.0, p.2)
    }

    /// Light on a place of the paper, millimetres.
    pub(crate) fn light_on(&self, x: f32, z: f32) -> Floor {
        let light = self.stage.paper_light(x, z);
        let shadow = if self.piece { self.stage.shadow(x, z) } else { [1.0; 3] };
        let (mut lit, mut bare) = (0.0, 0.0);
        for g in 0..3 {
            bare += self.weights[g] * light[g];
            lit += self.weights[g] * light[g] * shadow[g];
        }
        Floor { lit, bare }
    }

    /// Paper, shadow, mirror image, dust and card.
    pub(crate) fn floor(&self, window: Window) -> Picture4 {
        let lattice = self.lattice(window);
        let paper = self.stage.setup.paper;
        let mut out = Picture4::new(window.w, window.h);
        for (j, row) in out.v.chunks_exact_mut(window.w).enumerate() {
            let y = window.y + j as isize;
            for (i, o) in row.iter_mut().enumerate() {
                let lit = lattice.at(window.x + i as isize, y).lit;
                *o = [paper.0 * lit, paper.1 * lit, paper.2 * lit, 0.0];
            }
        }
        self.add_mirror(window, &mut out);
        for mark in self.marks.iter().filter(|m| m.on_paper()) {
            let (x, y) = mark.points[0];
            let soft = self.confusion.at(self.floor_depth(y)).abs();
            let light = self.floor_light(x, y).lit;
            mark.draw(&mut out, window.x, window.y, soft, light);
        }
        if let Some(card) = &self.card {
            self.lay_card(card, window, &mut out);
        }
        out
    }

    fn add_mirror(&self, window: Window, out: &mut Picture4) {
        let (m, small) = (&self.layers.mirror, 1.0 / self.layers.mirror.div as f32);
        if self.mirror.w < 3 || self.mirror.h < 3 {
            return;
        }
        for (j, row) in out.v.chunks_exact_mut(window.w).enumerate() {
            let y = ((window.y + j as isize) as f32 + 0.5) * small - 0.5 - m.area.y as f32;
            if !(0.0..m.area.h as f32).contains(&y) {
                continue;
            }
            for (i, o) in row.iter_mut().enumerate() {
                let x = ((window.x + i as isize) as f32 + 0.5) * small - 0.5 - m.area.x as f32;
                if (0.0..m.area.w as f32).contains(&x) {
                    let r = self.mirror.tap(x, y);
                    for c in 0..3 {
                        o[c] += r[c];
                    }
                }
            }
        }
    }

    /// Draws the card: each pixel is the mean over points spread evenly over its disk of confusion
    /// (Vogel's spiral), so that patches blur as they should.
    fn lay_card(&self, card: &Placed<'_>, window: Window, out: &mut Picture4) {
        let radius = self.confusion.at(card.depth(self.stage)).abs().max(0.55);
        let n = if radius < 1.5 { 12 } else { 48 };
        let points: Vec<(f32, f32)> = (0..n)
            .map(|k| {
                let (r, turn) =
                    (radius * ((k as f32 + 0.5) / n as f32).sqrt(), k as f32 * 2.399_963);
                (r * turn.cos(), r * turn.sin())
            })
            .collect();
        let view = &self.stage.view;
        let see =
            |x: f32, y: f32| card.seen(view.eye, view.ray(self.layers.w, self.layers.h, x, y));
        let reach = self.card_window(card, window, radius);
        out.v.par_chunks_mut(window.w).enumerate().for_each(|(j, row)| {
            let rows = if reach.1.contains(&j) { reach.0.clone() } else { 0..0 };
            for i in rows {
                let (x, y) = (window.x as f32 + i as f32 + 0.5, window.y as f32 + j as f32 + 0.5);
                let o = &mut row[i];
                let mut sum = [0.0; 3];
                for &(dx, dy) in &points {
                    let c = see(x + dx, y + dy).map_or([o[0], o[1], o[2]], |(c, (px, pz))| {
                        let light = self.light_on(px, pz).lit;
                        c.map(|v| v * light)
                    });
                    for k in 0..3 {
                        sum[k] += c[k] / n as f32;
                    }
                }
                o[..3].copy_from_slice(&sum);
            }
        });
    }

    /// Columns and rows of a window that the card can touch.
    fn card_window(
        &self,
        card: &Placed<'_>,
        window: Window,
        radius: f32,
    ) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let view = &self.stage.view;
        let corners = card.truth(|p| {
            let (x, y, _) = view.project(self.layers.w, self.layers.h, p);
            (x, y)
        });
        let span = |of: fn(&(f32, f32)) -> f32, from: isize, n: usize| {
            let values = corners.corners.iter().map(of);
            let (lo, hi) = values.fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(v), b.max(v)));
            let start = ((lo - radius) as isize - 1 - from).clamp(0, n as isize) as usize;
            let end =
                ((hi + radius) as isize + 2 - from).clamp(start as isize, n as isize) as usize;
            start..end
        };
        (span(|c| c.0, window.x, window.w), span(|c| c.1, window.y, window.h))
    }
}

/// Light on the paper at every `n`th pixel.
pub(crate) struct Lattice {
    n: isize,
    x0: isize,
    y0: isize,
    w: usize,
    v: Vec<Floor>,
}

impl Lattice {
    /// Between the points, by linear weights.
    pub(crate) fn at(&self, x: isize, y: isize) -> Floor {
        let (i, j) = (x.div_euclid(self.n) - self.x0, y.div_euclid(self.n) - self.y0);
        let fx = x.rem_euclid(self.n) as f32 / self.n as f32;
        let fy = y.rem_euclid(self.n) as f32 / self.n as f32;
        let k = j as usize * self.w + i as usize;
        let (a, b) = (self.v[k], self.v[k + 1]);
        let (c, d) = (self.v[k + self.w], self.v[k + self.w + 1]);
        let mixed = |f: fn(Floor) -> f32| {
            let top = f(a) + (f(b) - f(a)) * fx;
            let low = f(c) + (f(d) - f(c)) * fx;
            top + (low - top) * fy
        };
        Floor { lit: mixed(|f| f.lit), bare: mixed(|f| f.bare) }
    }
}
