//! Brilliance: one slider of taste over the subject's local contrast and its lights.

use super::stones::broad;
use crate::imaging::Rect;
use crate::retouch::plan::{Planned, Stage, View};
use crate::retouch::region::Region;
use crate::retouch::tile::{Frame, Tile};
use crate::retouch::{Controls, Operation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Makes the subject sparkle more, or less.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Brilliance {
    /// -1 (calm) to 1 (sparkling).
    pub amount: f32,
}

impl Operation for Brilliance {
    const ID: &'static str = "brilliance";
    const LABEL: &'static str = "Brilliance";
    const HELP: &'static str = "One slider of taste: how much metal and stones sparkle.";

    fn controls(&mut self, c: &mut dyn Controls) {
        c.slider("amount", "Brilliance", &mut self.amount, -1.0..=1.0, "", "Calmer or livelier.");
    }

    fn is_neutral(&self) -> bool {
        self.amount == 0.0
    }

    fn summary(&self) -> String {
        format!("{:+.2}", self.amount)
    }

    fn plan(&self, view: &mut View<'_>) -> Option<Planned> {
        let subject = view.proxy.subject().clone();
        let base = broad(view.tile());
        Some(Planned::Area(Arc::new(Sparkle { amount: self.amount, subject, base })))
    }
}

#[derive(Debug)]
struct Sparkle {
    amount: f32,
    subject: Region,
    base: Region,
}

impl Stage for Sparkle {
    fn touches(&self, frame: &Frame, part: Rect) -> bool {
        self.subject.touches(frame, part)
    }

    fn render(&self, tile: &mut Tile) {
        let w = tile.rect.w;
        let roots = tile.roots();
        let (mut cover, mut base) = (vec![0.0; w], vec![0.0; w]);
        let (mut subject, mut bases) = (self.subject.over(tile), self.base.over(tile));
        for y in 0..tile.rect.h {
            subject.row(tile.rect.y + y, &mut cover);
            bases.row(tile.rect.y + y, &mut base);
            for x in (0..w).filter(|x| cover[*x] > 0.0) {
                let i = y * w + x;
                let here = roots[i];
                let room = (4.0 * here * (1.0 - here)).clamp(0.0, 1.0);
                let new = here + 0.45 * self.amount * cover[x] * room * (here - base[x]);
                let ratio = ((new.max(0.0) + 0.01) / (here + 0.01)).powi(2);
                tile.planes.iter_mut().for_each(|p| p[i] *= ratio);
            }
        }
    }
}
