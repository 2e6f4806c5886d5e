//! Names of captures from a pattern with tokens in braces.
//!
//! | token | stands for |
//! |---|---|
//! | `{original}` | the camera's own name without its ending |
//! | `{sku}` | the piece's number as it was typed or scanned |
//! | `{counter}`, `{counter:4}` | the session's own count, padded to so many digits |
//! | `{session}` | the session folder's name |
//! | `{camera}` | the camera's model |
//! | `{date}`, `{time}` | of the capture, as `20260131` and `142530` |

use super::clock::Moment;
use std::fmt::Write as _;

/// What a name is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Name of the file on the camera.
    pub original: &'a str,
    /// The piece's number; may be empty.
    pub sku: &'a str,
    /// The session's own count of this capture.
    pub counter: u32,
    /// Name of the session's folder.
    pub session: &'a str,
    /// The camera's model.
    pub camera: &'a str,
    /// When it was stored.
    pub at: Moment,
}

/// Why a pattern is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A brace without its partner.
    #[error("the name pattern has a brace without its partner; write tokens as {{sku}}")]
    Brace,
    /// A token that is not offered.
    #[error(
        "the name pattern has an unknown token {{{0}}}; use original, sku, counter, session, camera, date or time"
    )]
    Token(String),
    /// Nothing in it tells two captures apart.
    #[error(
        "the name pattern needs {{original}} or {{counter}}, or every capture would have the same name"
    )]
    Constant,
}

/// Checks a pattern without making a name.
pub fn check(pattern: &str) -> Result<(), PatternError> {
    let at = Moment::default();
    let facts = Facts { original: "A.JPG", sku: "", counter: 1, session: "", camera: "", at };
    stem(pattern, &facts)?;
    if pattern.contains("{original}") || pattern.contains("{counter") {
        Ok(())
    } else {
        Err(PatternError::Constant)
    }
}

/// The name without its ending; only letters, digits, `.`, `_`, `-` and space are kept of each
/// token, and an empty `{sku}` takes the separator behind it along.
pub fn stem(pattern: &str, facts: &Facts<'_>) -> Result<String, PatternError> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let close = rest[open..].find('}').ok_or(PatternError::Brace)? + open;
        let value = token(&rest[open + 1..close], facts)?;
        rest = &rest[close + 1..];
        if value.is_empty() {
            rest = rest.strip_prefix(['_', '-']).unwrap_or(rest);
        }
        out.push_str(&value);
    }
    if rest.contains('}') {
        return Err(PatternError::Brace);
    }
    out.push_str(rest);
    let safe = safe(&out);
    Ok(if safe.is_empty() { format!("capture-{:04}", facts.counter) } else { safe })
}

fn token(name: &str, facts: &Facts<'_>) -> Result<String, PatternError> {
    let (name, digits) = name.split_once(':').map_or((name, None), |(n, d)| (n, Some(d)));
    let unknown = || PatternError::Token(name.to_owned());
    Ok(match (name, digits) {
        ("original", None) => split(facts.original).0.to_owned(),
        ("sku", None) => safe(facts.sku),
        ("session", None) => safe(facts.session),
        ("camera", None) => safe(facts.camera),
        ("date", None) => facts.at.date(),
        ("time", None) => facts.at.time(),
        ("counter", digits) => {
            let width: usize = digits.unwrap_or("4").parse().map_err(|_| unknown())?;
            let mut out = String::new();
            write!(out, "{:0width$}", facts.counter, width = width.min(9))
                .map_err(|_| unknown())?;
            out
        }
        _ => return Err(unknown()),
    })
}

/// A file name as stem and ending; the ending is empty when there is none.
pub fn split(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, ending),
        _ => (name, ""),
    }
}

/// What may stand in a file name on every system: nothing that leaves the folder or hides the file.
pub fn safe(text: &str) -> String {
    let kept: String =
        text.chars().filter(|c| c.is_alphanumeric() || "._- ".contains(*c)).take(120).collect();
    kept.trim_matches(['.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts<'a>(sku: &'a str, original: &'a str) -> Facts<'a> {
        let at = Moment::from_unix(1_769_868_000);
        Facts { original, sku, counter: 7, session: "Spring", camera: "Nikon D750", at }
    }

    #[test]
    fn tokens_become_a_name() {
        let f = facts("R-1042", "DSC_0001.JPG");
        assert_eq!(stem("{sku}_{counter:3}", &f).unwrap(), "R-1042_007");
        assert_eq!(
            stem("{session}-{camera}-{original}", &f).unwrap(),
            "Spring-Nikon D750-DSC_0001"
        );
        assert_eq!(stem("{date}_{time}", &f).unwrap(), "20260131_140000");
    }

    #[test]
    fn an_empty_number_leaves_no_crumb_and_nothing_leaves_the_folder() {
        assert_eq!(stem("{sku}_{counter}", &facts("", "x")).unwrap(), "0007");
        assert_eq!(stem("{sku}_{counter}", &facts("../../etc", "x")).unwrap(), "etc_0007");
        assert_eq!(stem("{sku}", &facts("..", "x")).unwrap(), "capture-0007");
    }

    #[test]
    fn a_wrong_pattern_is_a_sentence() {
        assert_eq!(check("{sku"), Err(PatternError::Brace));
        assert_eq!(check("{price}"), Err(PatternError::Token("price".to_owned())));
        assert_eq!(check("{sku}"), Err(PatternError::Constant));
        assert_eq!(check("{sku}_{counter:x}"), Err(PatternError::Token("counter".to_owned())));
        assert_eq!(check("{original}"), Ok(()));
    }
}
