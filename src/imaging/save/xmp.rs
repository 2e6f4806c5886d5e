//! XMP packets: what an export adds to one, and what it takes out.
//!
//! A packet is treated as text, not as a tree: what Culet does not know stays byte for byte.
//! Source: ISO 16684-1 (XMP part 1).

/// Properties that describe where a picture was taken.
const PLACE: &[&str] = &["exif:GPS"];
/// Properties that an export writes anew.
const OURS: &[&str] = &["xmp:CreatorTool", "culet:Steps"];

/// The packet for an export: the old one with its program and steps replaced, or a new one.
pub(super) fn packet(old: Option<&[u8]>, software: &str, steps: &[String], gps: bool) -> Vec<u8> {
    let old = old.map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default();
    let mut text = without(&upright_text(&old), OURS);
    if !gps {
        text = without(&text, PLACE);
    }
    let added = description(software, steps);
    match text.rfind("</rdf:RDF>") {
        Some(end) => text.insert_str(end, &added),
        None => text = fresh(&added),
    }
    text.into_bytes()
}

/// The packet with its orientation set to 1: the pixels are upright.
pub(in crate::imaging) fn upright(packet: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(packet) {
        Ok(text) => upright_text(text).into_bytes(),
        Err(_) => packet.to_vec(),
    }
}

fn upright_text(text: &str) -> String {
    const NAME: &str = "tiff:Orientation";
    let mut out = text.to_owned();
    let places: Vec<usize> = text.match_indices(NAME).map(|(at, _)| at + NAME.len()).collect();
    for at in places {
        // `="6"`, `='6'` or `>6<`: one digit, so that nothing moves.
        let rest = &text[at..];
        let skip = rest.find(|c: char| c.is_ascii_digit()).filter(|skip| *skip <= 4);
        if let Some(skip) = skip
            && rest[..skip].chars().all(|c| matches!(c, '=' | '"' | '\'' | '>' | ' '))
        {
            out.replace_range((at + skip)..=(at + skip), "1");
        }
    }
    out
}

fn description(software: &str, steps: &[String]) -> String {
    let items: String = steps.iter().map(|s| format!("<rdf:li>{}</rdf:li>", escaped(s))).collect();
    let steps = if steps.is_empty() {
        String::new()
    } else {
        format!("<culet:Steps><rdf:Seq>{items}</rdf:Seq></culet:Steps>")
    };
    format!(
        "<rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
         xmlns:culet=\"urn:culet:1\"><xmp:CreatorTool>{}</xmp:CreatorTool>{steps}\
         </rdf:Description>",
        escaped(software)
    )
}

fn fresh(description: &str) -> String {
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
         xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">{description}</rdf:RDF>\
         </x:xmpmeta><?xpacket end=\"w\"?>"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0, 2.2: other control characters cannot be written at all.
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => {}
            c => out.push(c),
        }
    }
    out
}

/// The text without the attributes and elements whose names start so.
fn without(text: &str, starts: &[&str]) -> String {
    let mut out = text.to_owned();
    for start in starts {
        let mut from = 0;
        while let Some(at) = out[from..].find(start).map(|i| from + i) {
            match property(&out, at) {
                Some(range) => {
                    from = range.start;
                    out.replace_range(range, "");
                }
                None => from = at + start.len(),
            }
        }
    }
    out
}

/// The whole of the attribute or element whose name stands at `at`.
fn property(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let name_len =
        text[at..].find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, ':' | '-' | '_'))?;
    let (name, after) = (&text[at..at + name_len], at + name_len);
    if text[..at].ends_with('<') {
        let tag_end = after + text[after..].find('>')?;
        if text[..tag_end].ends_with('/') {
            return Some(at - 1..tag_end + 1);
        }
        let close = format!("</{name}>");
        let end = tag_end + text[tag_end..].find(&close)? + close.len();
        return Some(at - 1..end);
    }
    let rest = text[after..].trim_start();
    let value = rest.strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let start = text.len() - value.len() + 1;
    let end = start + text[start..].find(quote)? + 1;
    Some(at..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "<x:xmpmeta><rdf:RDF><rdf:Description rdf:about=\"\" tiff:Orientation=\"6\" \
        xmp:CreatorTool=\"Camera\" exif:GPSLatitude=\"50,1N\" dc:format='image/jpeg'>\
        <exif:GPSLongitude>8,4E</exif:GPSLongitude><dc:title>Ring</dc:title>\
        <tiff:Orientation>8</tiff:Orientation></rdf:Description></rdf:RDF></x:xmpmeta>";

    #[test]
    fn the_place_goes_and_the_title_stays() {
        let text = String::from_utf8(packet(Some(OLD.as_bytes()), "Culet 1", &[], false)).unwrap();
        assert!(
            !text.contains("GPS") && !text.contains("50,1N") && !text.contains("8,4E"),
            "{text}"
        );
        assert!(text.contains("<dc:title>Ring</dc:title>") && text.contains("image/jpeg"));
        assert_eq!(text.matches("CreatorTool").count(), 2, "open and close: {text}");
        assert!(text.contains("Orientation=\"1\"") && text.contains("<tiff:Orientation>1<"));
        let kept = String::from_utf8(packet(Some(OLD.as_bytes()), "Culet 1", &[], true)).unwrap();
        assert!(kept.contains("50,1N") && kept.contains("8,4E"));
    }

    #[test]
    fn a_picture_without_xmp_gets_a_packet_with_its_steps() {
        let steps = ["exposure +0.3 EV".to_owned(), "backdrop < white & clean".to_owned()];
        let text = String::from_utf8(packet(None, "Culet 1", &steps, false)).unwrap();
        assert!(text.starts_with("<?xpacket begin") && text.ends_with("end=\"w\"?>"));
        assert!(text.contains("<rdf:li>backdrop &lt; white &amp; clean</rdf:li>"), "{text}");
        // Writing again replaces, it does not pile up.
        let again = String::from_utf8(packet(Some(text.as_bytes()), "Culet 2", &steps[..1], false));
        let again = again.unwrap();
        assert_eq!((again.matches("<rdf:li>").count(), again.contains("Culet 1")), (1, false));
    }

    #[test]
    fn nonsense_does_not_hang_or_panic() {
        for text in
            ["exif:GPS", "<exif:GPS", "<exif:GPSx>", "exif:GPSa=\"", "exif:GPSa='é", "</rdf:RDF>"]
        {
            packet(Some(text.as_bytes()), "x", &[], false);
        }
    }
}
