//! What a metal's colour is nearest to: a target to check against, never to push a picture to.

use super::reference::ReferenceError;
use crate::imaging::colour::{self, Lab};
use serde::Deserialize;

/// Within this, in ΔE2000 at equal lightness, a metal has the named colour.
const BAND: f32 = 5.0;

/// A metal whose colour is published.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Metal {
    /// Name.
    pub name: String,
    /// White, yellow, green or red, as jewellers group golds.
    pub family: String,
    /// L*a*b* under D65 of the polished metal.
    pub lab: Lab,
    /// Who measured it.
    pub source: String,
}

/// The metal that a colour is nearest to.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The metal.
    pub metal: Metal,
    /// ΔE2000 at equal lightness: a photographed metal is as bright as what it mirrors.
    pub difference: f32,
    /// Whether it is near enough to be called so.
    pub within: bool,
    /// What to think of it.
    pub because: String,
}

#[derive(Deserialize)]
struct File {
    version: u32,
    #[serde(rename = "metal")]
    metals: Vec<Metal>,
}

/// The metals of `calibration/metals.toml`.
pub fn all() -> Vec<Metal> {
    // Part of the program, and a test reads it.
    parse(include_str!("../../calibration/metals.toml")).unwrap_or_default()
}

/// Reads a file of metals.
pub fn parse(text: &str) -> Result<Vec<Metal>, ReferenceError> {
    let damaged = |e: toml::de::Error| ReferenceError::Damaged(e.message().to_owned());
    let file: File = toml::from_str(text).map_err(damaged)?;
    if file.version > 1 {
        return Err(ReferenceError::Newer(file.version));
    }
    Ok(file.metals)
}

/// The nearest of the known metals to a calibrated colour (L*a*b* under D65); none when there are
/// none or the colour is not a number.
pub fn nearest(lab: Lab) -> Option<Named> {
    if !lab.iter().all(|v| v.is_finite()) {
        return None;
    }
    let apart = |m: &Metal| colour::delta_e_2000([m.lab[0], lab[1], lab[2]], m.lab);
    let metal = all().into_iter().min_by(|a, b| apart(a).total_cmp(&apart(b)))?;
    let difference = apart(&metal);
    let within = difference <= BAND;
    let turn = lab[1].hypot(lab[2]) - colour::chroma(metal.lab);
    let how = if turn.abs() < 1.0 {
        "of another hue"
    } else if turn > 0.0 {
        "more colourful"
    } else {
        "paler"
    };
    let because = if within {
        format!("the metal has the colour of {} (ΔE2000 {difference:.1})", metal.name)
    } else {
        format!("nearest is {}, but the metal is {how} (ΔE2000 {difference:.1})", metal.name)
    };
    Some(Named { metal, difference, within, because })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metal_is_nearest_to_itself_however_bright_it_is_lit() {
        let metals = all();
        assert_eq!(metals.len(), 6);
        for m in &metals {
            let lit = [m.lab[0] - 30.0, m.lab[1], m.lab[2]];
            let named = nearest(lit).unwrap();
            assert_eq!(named.metal.name, m.name);
            assert!(named.within && named.difference < 0.5, "{named:?}");
        }
    }

    #[test]
    fn what_is_no_metal_is_said_to_be_far() {
        let blue = nearest([50.0, 5.0, -50.0]).unwrap();
        assert!(!blue.within && blue.because.contains("nearest"), "{blue:?}");
        assert!(nearest([f32::NAN, 0.0, 0.0]).is_none());
    }

    #[test]
    fn damaged_and_newer_files_are_refused() {
        assert!(matches!(parse("version = 2\nmetal = []"), Err(ReferenceError::Newer(2))));
        assert!(matches!(parse("version = 1\nmetal = 3"), Err(ReferenceError::Damaged(_))));
    }
}
