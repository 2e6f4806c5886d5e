//! What a PTP body can do, by what it says about itself: the driver's own list speaks of its kind.

/// Makers whose way to take a picture libgphoto2's summary does not name.
const UNNAMED: &[&str] = &["Panasonic", "OLYMPUS", "OM Digital", "GoPro", "Leica"];
/// Makers whose live view has no switch in libgphoto2's menu, beside those.
const NO_SWITCH: &[&str] = &["Sony", "FUJIFILM"];

/// Whether a body with this summary can be triggered, and whether it shows live view; none if the
/// summary is not of the driver for PTP, whose list is then to be believed.
pub(super) fn able(summary: &str, maker: &str, switch: bool) -> Option<(bool, bool)> {
    let capabilities = summary.split_once("Device Capabilities:")?.1;
    let is = |makers: &[&str]| makers.iter().any(|m| maker.starts_with(m));
    let none = capabilities.contains("No Image Capture")
        && capabilities.contains("No vendor specific capture");
    let trigger = !none || is(UNNAMED);
    Some((trigger, trigger && (switch || is(NO_SWITCH) || is(UNNAMED))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// What libgphoto2 printed with real bodies, and what those can do from a computer.
    #[test]
    fn recorded_bodies_can_do_what_they_can() {
        let root = std::env::var_os("CULET_DATA").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
            Into::into,
        );
        let folder = root.join("cameras/ptp-summaries");
        if !folder.exists() {
            println!("skipped: no recorded cameras");
            return;
        }
        for (name, want) in [
            ("nikon-z9", (true, true)),
            ("nikon-d3500", (true, true)),
            ("nikon-d3300", (true, false)),
            ("sony-a7m4", (true, true)),
            ("fuji-xt3", (true, true)),
            ("fuji-finepix-hs10", (false, false)),
            ("sony-slt-a58", (false, false)),
            ("nikon-coolpix-p520", (false, false)),
        ] {
            let bytes = std::fs::read(folder.join(format!("{name}.txt"))).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            let line = |start: &str| text.lines().find_map(|l| l.trim().strip_prefix(start));
            let maker = line("Manufacturer:").unwrap().trim();
            let switch = text.contains("/viewfinder\n");
            assert_eq!(able(&text, maker, switch), Some(want), "{name} by {maker}");
        }
        assert_eq!(able("Model: some toy with a driver of its own", "", false), None);
    }
}
