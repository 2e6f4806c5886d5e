//! What the patches of a card are: published colours as files in `calibration/`, and the user's own.

use crate::imaging::colour::{self, Lab, LinearSrgb};
use serde::Deserialize;

/// Files of this version are read.
const VERSION: u32 = 1;
/// More patches than any card has that Culet could read.
const MOST_PATCHES: usize = 1024;

/// When a ColorChecker Classic was made; its pigments changed in November 2014.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edition {
    /// From November 2014 on.
    #[default]
    After2014,
    /// Before November 2014.
    Before2014,
}

/// One patch of a card.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Patch {
    /// Name as its maker gives it.
    pub name: String,
    /// CIE L*a*b* under D50, 2 degrees, against [`colour::D50`].
    pub lab: Lab,
}

impl Patch {
    /// The patch under D65 (Bradford) as linear sRGB; a perfect white is 1.
    pub fn linear_srgb(&self) -> LinearSrgb {
        let d50 = colour::lab_to_xyz(self.lab, colour::D50);
        colour::apply(&colour::XYZ_TO_SRGB, colour::apply(&colour::D50_TO_D65, d50))
    }
}

/// The colours of a card, row by row as it is read when its name stands upright.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reference {
    version: u32,
    /// The card's name and edition.
    pub name: String,
    /// Who measured it.
    pub source: String,
    /// Patches in a row.
    pub columns: usize,
    /// Rows of patches.
    pub rows: usize,
    /// The patches.
    #[serde(rename = "patch")]
    pub patches: Vec<Patch>,
}

/// Why a card's file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// Not TOML, or a field is missing.
    #[error(
        "the card's file is damaged or incomplete ({0}); compare it with those in calibration/"
    )]
    Damaged(String),
    /// Written by a newer Culet.
    #[error("the card's file has version {0}, newer than this Culet reads; update Culet")]
    Newer(u32),
    /// The numbers contradict each other.
    #[error("the card's file says {0}; correct it")]
    Wrong(String),
}

impl Reference {
    /// The published colours of a ColorChecker Classic (also Passport, Nano and XL: same pigments).
    pub fn classic24(edition: Edition) -> Self {
        let text = match edition {
            Edition::After2014 => include_str!("../../calibration/classic24_after_2014.toml"),
            Edition::Before2014 => include_str!("../../calibration/classic24_before_2014.toml"),
        };
        // The files are part of the program and a test reads them; a damaged one is an empty card.
        Self::parse(text).unwrap_or_else(|_| Self::grey_card(0.18))
    }

    /// A neutral card of this reflectance (0 to 1).
    pub fn grey_card(reflectance: f32) -> Self {
        let xyz = colour::D50.map(|v| v * reflectance);
        let lab = colour::xyz_to_lab(xyz, colour::D50);
        let patch = Patch { name: "grey card".to_owned(), lab };
        let source = "a neutral card of the stated reflectance".to_owned();
        let name = format!("grey card, {:.0} %", reflectance * 100.0);
        Self { version: VERSION, name, source, columns: 1, rows: 1, patches: vec![patch] }
    }

    /// Reads a card's file (TOML, see `calibration/`).
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let damaged = |e: toml::de::Error| ReferenceError::Damaged(e.message().to_owned());
        let table: toml::Table = toml::from_str(text).map_err(damaged)?;
        match table.get("version").and_then(toml::Value::as_integer) {
            Some(v) if v > i64::from(VERSION) => {
                return Err(ReferenceError::Newer(u32::try_from(v).unwrap_or(u32::MAX)));
            }
            _ => {}
        }
        let card: Self = table.try_into().map_err(damaged)?;
        card.checked()
    }

    fn checked(self) -> Result<Self, ReferenceError> {
        let count = self.columns.saturating_mul(self.rows);
        if count != self.patches.len() || count == 0 || count > MOST_PATCHES {
            let said = format!(
                "{} x {} patches but lists {}",
                self.columns,
                self.rows,
                self.patches.len()
            );
            return Err(ReferenceError::Wrong(said));
        }
        for p in &self.patches {
            let [l, a, b] = p.lab;
            let fits = (0.0..=105.0).contains(&l) && a.abs() <= 150.0 && b.abs() <= 150.0;
            if !fits {
                let said =
                    format!("that \"{}\" is L*a*b* {l}, {a}, {b}, which no patch is", p.name);
                return Err(ReferenceError::Wrong(said));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_editions_are_whole_and_differ() {
        let after = Reference::classic24(Edition::After2014);
        let before = Reference::classic24(Edition::Before2014);
        for card in [&after, &before] {
            assert_eq!((card.columns, card.rows, card.patches.len()), (6, 4, 24));
        }
        let differing = after.patches.iter().zip(&before.patches);
        assert!(differing.filter(|(a, b)| a.lab != b.lab).count() >= 20);
    }

    #[test]
    fn colours_agree_with_a_published_export() {
        // colour-science 0.4.7: XYZ_to_sRGB(Lab_to_XYZ(lab, w), w,
        // chromatic_adaptation_transform='Bradford') * 255 with w = (0.34570291, 0.3585386).
        let card = Reference::classic24(Edition::After2014);
        for (index, expected) in [
            (0, [115.70, 79.30, 65.00]),
            (11, [227.38, 161.31, 39.17]),
            (18, [240.99, 241.65, 235.43]),
        ] {
            let got = card.patches[index].linear_srgb().map(|v| colour::srgb_encode(v) * 255.0);
            let worst = got.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.1, "{index}: {got:?} {expected:?}");
        }
    }

    #[test]
    fn a_grey_card_is_neutral_at_its_reflectance() {
        let grey = Reference::grey_card(0.18).patches[0].linear_srgb();
        assert!(grey.iter().all(|v| (v - 0.18).abs() < 2e-4), "{grey:?}");
    }

    #[test]
    fn files_that_cannot_be_right_are_refused_with_a_sentence() {
        let good = include_str!("../../calibration/classic24_after_2014.toml");
        let newer = good.replace("version = 1", "version = 7");
        assert!(matches!(Reference::parse(&newer), Err(ReferenceError::Newer(7))));
        let short = good.replace("rows = 4", "rows = 5");
        assert!(Reference::parse(&short).unwrap_err().to_string().contains("6 x 5"));
        let wild = good.replace("37.54", "nan");
        assert!(matches!(Reference::parse(&wild), Err(ReferenceError::Wrong(_))));
        assert!(matches!(Reference::parse(&good[..300]), Err(ReferenceError::Damaged(_))));
    }
}
