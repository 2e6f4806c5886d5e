//! What makers call things: hardware knowledge as data.

/// A setting that people use, and what libgphoto2 calls it with different makers' bodies.
pub(super) struct Known {
    /// Culet's name.
    pub name: &'static str,
    /// For people.
    pub label: &'static str,
    /// libgphoto2's names; the first that a body has is taken.
    pub keys: &'static [&'static str],
}

/// In the order in which a photographer looks for them. libgphoto2's names are those of its ptp2
/// driver; Nikon's `shutterspeed2` has the exact fractions, its `shutterspeed` only 1/10000 s.
pub(super) const SETTINGS: &[Known] = &[
    Known { name: "iso", label: "ISO", keys: &["iso", "isospeed"] },
    Known { name: "aperture", label: "Aperture", keys: &["f-number", "aperture"] },
    Known { name: "shutter", label: "Shutter", keys: &["shutterspeed2", "shutterspeed"] },
    Known {
        name: "exposure_compensation",
        label: "Exposure compensation",
        keys: &["exposurecompensation", "exposurecompensation2"],
    },
    Known { name: "white_balance", label: "White balance", keys: &["whitebalance"] },
    // Nikon's has no name in libgphoto2, only its number.
    Known {
        name: "color_temperature",
        label: "Colour temperature",
        keys: &["colortemperature", "d01e"],
    },
    Known { name: "focus_mode", label: "Focus mode", keys: &["focusmode", "focusmode2"] },
    Known { name: "quality", label: "Quality", keys: &["imagequality", "imageformat"] },
    Known { name: "size", label: "Size", keys: &["imagesize"] },
    Known { name: "capture_target", label: "Pictures are kept on", keys: &["capturetarget"] },
];

/// Values of the capture target that leave a picture on the card, best first. Sony announces
/// pictures only when they also go to the computer.
pub(super) const CARD: &[&str] = &["Memory card", "card+sdram", "card"];
/// Values of the capture target for a body without a card.
pub(super) const NO_CARD: &[&str] = &["Internal RAM", "sdram"];
/// Names of the motor drive of the lens: Nikon's and Panasonic's range, Canon's steps, Sony's range.
pub(super) const FOCUS_DRIVE: &[&str] = &["manualfocusdrive", "manualfocus"];
/// Names of the switch that lets the body focus.
pub(super) const AUTOFOCUS: &[&str] = &["autofocusdrive"];
/// Names of the battery's level; the last is PTP's property itself.
pub(super) const BATTERY: &[&str] = &["batterylevel", "Battery Level", "5001"];
/// Names of the time after which a body switches itself off.
pub(super) const SLEEP: &[&str] = &["autopoweroff", "autopowerofftimer", "standbytimer"];
/// Names of the body's serial number.
pub(super) const SERIAL: &[&str] = &["serialnumber", "eosserialnumber"];
/// Names of the clock.
pub(super) const CLOCK: &[&str] = &["datetime", "datetimeutc"];
/// The switch of live view.
pub(super) const VIEWFINDER: &str = "viewfinder";

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Names in a recorded `gphoto2 --list-all-config`.
    fn recorded(text: &str) -> Vec<&str> {
        let lines = text.lines().map(str::trim).filter(|l| l.starts_with("/main/"));
        lines.filter_map(|l| l.rsplit('/').next()).collect()
    }

    /// Our key for a setting among those that a body has.
    fn key(setting: &str, names: &[&str]) -> Option<&'static str> {
        let known = SETTINGS.iter().find(|s| s.name == setting).unwrap();
        known.keys.iter().find(|k| names.contains(k)).copied()
    }

    /// Against what libgphoto2 printed with real bodies of six makers.
    #[test]
    fn real_bodies_are_understood() {
        let root = std::env::var_os("CULET_DATA").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
            Into::into,
        );
        let Ok(folder) = std::fs::read_dir(root.join("cameras/ptp-summaries")) else {
            println!("skipped: no recorded cameras");
            return;
        };
        let (mut bodies, mut full) = (0, 0);
        for path in folder.map(|e| e.unwrap().path()) {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let names = recorded(&text);
            // A body whose exposure can be set from a computer.
            if key("iso", &names).is_none() || key("shutter", &names).is_none() {
                continue;
            }
            let missing = SETTINGS.iter().filter(|s| key(s.name, &names).is_none()).count();
            bodies += 1;
            full += usize::from(missing <= 2);
            let expected = match path.file_stem().unwrap().to_str().unwrap() {
                "canon-eos-r5" => ["aperture", "shutterspeed", "imageformat"],
                "nikon-d3300" => ["f-number", "shutterspeed2", "imagequality"],
                "sony-a7m4" => ["f-number", "shutterspeed", "imagequality"],
                "fuji-xt3" => ["f-number", "shutterspeed", "imageformat"],
                _ => continue,
            };
            let found =
                ["aperture", "shutter", "quality"].map(|s| key(s, &names).unwrap_or("none"));
            assert_eq!(found, expected, "{}", path.display());
        }
        println!("{full} of {bodies} recorded bodies have all but two settings or more");
        assert!(bodies >= 20 && full * 10 >= bodies * 7, "{full} of {bodies}");
    }
}
