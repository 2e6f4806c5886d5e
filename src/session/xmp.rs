//! Ratings for other programs: an XMP file beside the original (Adobe XMP specification part 1 and
//! part 2, `xmp:Rating` and `xmp:Label`). Originals are never written to, so nothing is embedded.
//!
//! Lightroom, Bridge and Capture One read `NAME.xmp`, darktable reads `NAME.EXT.xmp`. What another
//! program wrote in such a file stays: only the rating and the label are replaced.

use super::{Flag, Label};
use crate::imaging::files::write_atomic;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What an XMP file says of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Stars, 0 to 5.
    pub rating: u8,
    /// Pick or reject; only a reject has a place in XMP (`xmp:Rating` -1).
    pub flag: Flag,
    /// Colour label.
    pub label: Option<Label>,
}

/// The two names that other programs look for.
pub fn paths(original: &Path) -> [PathBuf; 2] {
    let mut whole = original.as_os_str().to_owned();
    whole.push(".xmp");
    [original.with_extension("xmp"), PathBuf::from(whole)]
}

/// Writes the marks beside the original under both names.
pub fn write(original: &Path, marks: Marks) -> io::Result<()> {
    for path in paths(original) {
        let text = match fs::read_to_string(&path) {
            Ok(old) => replace(&old, marks).ok_or_else(|| {
                io::Error::other(format!("{} is not XMP; move it away", path.display()))
            })?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => packet(marks),
            Err(e) => return Err(e),
        };
        write_atomic(&path, text.as_bytes())?;
    }
    Ok(())
}

/// Reads marks from the XMP file of an original, the newest of the two; none without one.
pub fn read(original: &Path) -> Option<Marks> {
    let newest = paths(original)
        .into_iter()
        .filter_map(|p| Some((fs::metadata(&p).ok()?.modified().ok()?, p)))
        .max()?;
    let text = fs::read_to_string(newest.1).ok()?;
    let rating = value(&text, "xmp:Rating").and_then(|v| v.trim().parse::<f32>().ok());
    let label = value(&text, "xmp:Label").and_then(Label::from_name);
    let stars = rating.unwrap_or(0.0);
    let flag = if stars < 0.0 { Flag::Reject } else { Flag::None };
    Some(Marks { rating: stars.clamp(0.0, 5.0) as u8, flag, label })
}

fn number(marks: Marks) -> String {
    if marks.flag == Flag::Reject { "-1".to_owned() } else { marks.rating.to_string() }
}

fn packet(marks: Marks) -> String {
    let label =
        marks.label.map(|l| format!("\n    xmp:Label=\"{}\"", l.name())).unwrap_or_default();
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"Culet\">\n \
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  \
         <rdf:Description rdf:about=\"\"\n    xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n    \
         xmp:Rating=\"{}\"{label}/>\n \
         </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>\n",
        number(marks)
    )
}

/// Where the value of a property stands, as an attribute or as an element.
fn place(text: &str, name: &str) -> Option<std::ops::Range<usize>> {
    let element = format!("<{name}>");
    if let Some(at) = text.find(&element) {
        let start = at + element.len();
        return Some(start..start + text[start..].find('<')?);
    }
    for quote in ['"', '\''] {
        let attribute = format!("{name}={quote}");
        if let Some(at) = text.find(&attribute) {
            let start = at + attribute.len();
            return Some(start..start + text[start..].find(quote)?);
        }
    }
    None
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    place(text, name).map(|range| &text[range])
}

/// An XMP text with other marks; none if it is no XMP.
fn replace(old: &str, marks: Marks) -> Option<String> {
    let mut text = old.to_owned();
    set(&mut text, "xmp:Rating", &number(marks))?;
    match marks.label {
        Some(label) => set(&mut text, "xmp:Label", label.name())?,
        None => {
            if let Some(range) = place(&text, "xmp:Label") {
                text.replace_range(range, "");
            }
        }
    }
    Some(text)
}

fn set(text: &mut String, name: &str, to: &str) -> Option<()> {
    if let Some(range) = place(text, name) {
        text.replace_range(range, to);
        return Some(());
    }
    let tag = "<rdf:Description";
    let at = text.find(tag)? + tag.len();
    let space = if text.contains("xmlns:xmp=") {
        String::new()
    } else {
        " xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"".to_owned()
    };
    text.insert_str(at, &format!("{space} {name}=\"{to}\""));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_survive_under_both_names() {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("R-1.JPG");
        for marks in [
            Marks { rating: 4, flag: Flag::None, label: Some(Label::Green) },
            Marks { rating: 0, flag: Flag::Reject, label: None },
        ] {
            write(&original, marks).unwrap();
            assert_eq!(read(&original), Some(marks));
        }
        assert!(folder.path().join("R-1.xmp").exists());
        assert!(folder.path().join("R-1.JPG.xmp").exists());
    }

    #[test]
    fn what_another_program_wrote_stays() {
        let old = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"r\"><rdf:Description \
                   rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" crs:Exposure=\"+0.35\">\
                   <xmp:Rating>2</xmp:Rating></rdf:Description></rdf:RDF></x:xmpmeta>";
        let marks = Marks { rating: 5, flag: Flag::None, label: Some(Label::Red) };
        let new = replace(old, marks).unwrap();
        assert!(new.contains("crs:Exposure=\"+0.35\"") && new.contains("<xmp:Rating>5<"), "{new}");
        assert_eq!(value(&new, "xmp:Label"), Some("Red"));
        assert_eq!(replace("not xml", marks), None);
    }
}
