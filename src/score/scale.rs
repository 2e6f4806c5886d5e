//! Scores of a reduced picture, told in pixels of the whole one.

use super::Score;
use crate::imaging::Rect;

impl Score {
    /// The same score with every place and length in pixels of the whole upright picture of
    /// `full` width and height, of which the judged one was a reduced copy.
    #[must_use]
    pub fn scaled_to(mut self, full: (usize, usize)) -> Self {
        let from = self.size[0].max(self.size[1]).max(1);
        let scale = full.0.max(full.1) as f32 / from as f32;
        if self.size == [full.0, full.1] || scale <= 0.0 {
            return self;
        }
        let place = |r: &mut Option<Rect>| *r = r.map(|r| r.scaled(scale));
        let readings = [
            &mut self.focus.reading,
            &mut self.symmetry.reading,
            &mut self.lighting.reading,
            &mut self.cleanliness.reading,
            &mut self.quality.reading,
        ];
        readings.into_iter().for_each(|r| place(&mut r.region));
        self.focus.blur_px *= scale;
        for part in &mut self.focus.parts {
            part.blur_px *= scale;
            place(&mut part.region);
        }
        for speck in &mut self.cleanliness.specks {
            (speck.x, speck.y) = (speck.x * scale, speck.y * scale);
            speck.radius *= scale;
        }
        self.lighting.blobs.iter_mut().for_each(|b| place(&mut b.region));
        self.quality.flaws.iter_mut().for_each(|f| place(&mut f.region));
        if let Some(pair) = &mut self.symmetry.pair {
            pair.drop_px *= scale;
        }
        self.symmetry.offset = self.symmetry.offset.map(|v| v * scale);
        place(&mut self.subject);
        self.size = [full.0, full.1];
        self
    }
}
