//! The camera's own white balance in kelvin, and which of its choices is nearest to a light.

use super::Setting;

/// What the presets stand for, by a word in their name, as Nikon's D750 manual lists them; other
/// makers differ by less than a photographer's taste.
const PRESETS: &[(&str, f32)] = &[
    ("daylight", 5200.0),
    ("sunlight", 5200.0),
    ("tungsten", 3000.0),
    ("incandescent", 3000.0),
    ("fluorescent", 4200.0),
    ("flash", 5400.0),
    ("cloudy", 6000.0),
    ("shade", 8000.0),
];
/// How the choice is called that takes its kelvin from the setting `color_temperature`.
const BY_KELVIN: &[&str] = &["color temperature", "colour temperature", "choose color"];
/// Nearer than this, in mired, nobody sees a difference.
const SAME: f32 = 6.0;

/// What to set, in this order, and what it amounts to.
#[derive(Clone, Debug, PartialEq)]
pub struct WhiteBalance {
    /// Names of settings and one of their choices each.
    pub settings: Vec<(String, String)>,
    /// For people: `5250 K`, `Daylight`.
    pub label: String,
    kelvin: f32,
}

/// The temperature that the white balance stands for; none where it is automatic, measured by hand,
/// or not told.
pub fn kelvin(settings: &[Setting]) -> Option<f32> {
    let now = &named(settings, "white_balance")?.value;
    if is_by_kelvin(now) {
        number(&named(settings, "color_temperature")?.value)
    } else {
        preset(now)
    }
}

/// Whether the camera finds the white by itself: it then moves from shot to shot.
pub fn is_automatic(settings: &[Setting]) -> bool {
    named(settings, "white_balance").is_some_and(|s| s.value.to_lowercase().contains("auto"))
}

/// Whether the white balance is set by the setting `color_temperature`.
pub fn is_by_temperature(settings: &[Setting]) -> bool {
    named(settings, "white_balance").is_some_and(|s| is_by_kelvin(&s.value))
}

/// The choice that is nearest to a light; none where the camera is as near already, or offers none.
pub fn nearest(settings: &[Setting], light: f32) -> Option<WhiteBalance> {
    let balance = named(settings, "white_balance")?;
    let set = |name: &str, value: &String| (name.to_owned(), value.clone());
    let presets = balance.choices.iter().filter_map(|c| {
        let settings = vec![set("white_balance", c)];
        Some(WhiteBalance { settings, label: c.clone(), kelvin: preset(c)? })
    });
    let by = balance.choices.iter().find(|c| is_by_kelvin(c));
    let steps = named(settings, "color_temperature").filter(|_| by.is_some());
    let steps = steps.into_iter().flat_map(|s| &s.choices).filter_map(|c| {
        let kelvin = number(c)?;
        let settings = vec![set("white_balance", by?), set("color_temperature", c)];
        Some(WhiteBalance { settings, label: format!("{kelvin:.0} K"), kelvin })
    });
    let apart = |k: f32| (1e6 / k - 1e6 / light).abs();
    let best = steps.chain(presets).min_by(|a, b| apart(a.kelvin).total_cmp(&apart(b.kelvin)))?;
    let now = kelvin(settings).map_or(f32::INFINITY, apart);
    (apart(best.kelvin) + SAME < now).then_some(best)
}

fn named<'a>(settings: &'a [Setting], name: &str) -> Option<&'a Setting> {
    settings.iter().find(|s| s.name == name)
}

fn preset(value: &str) -> Option<f32> {
    let value = value.to_lowercase();
    PRESETS.iter().find(|p| value.contains(p.0)).map(|p| p.1)
}

fn is_by_kelvin(value: &str) -> bool {
    let value = value.to_lowercase();
    BY_KELVIN.iter().any(|word| value.contains(word))
}

fn number(value: &str) -> Option<f32> {
    let value = value.trim().trim_end_matches(['K', 'k']).trim().parse::<f32>().ok()?;
    (1000.0..=25_000.0).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, value: &str, choices: &[&str]) -> Setting {
        Setting {
            name: name.to_owned(),
            label: String::new(),
            value: value.to_owned(),
            choices: choices.iter().map(|&c| c.to_owned()).collect(),
        }
    }

    fn nikon(now: &str, temperature: &str) -> Vec<Setting> {
        let presets = ["Automatic", "Daylight", "Tungsten", "Shade", "Color Temperature"];
        let steps = ["2500", "3000", "3200", "5250", "10000"];
        vec![
            setting("white_balance", now, &presets),
            setting("color_temperature", temperature, &steps),
        ]
    }

    #[test]
    fn the_set_temperature_is_read_and_automatic_has_none() {
        assert_eq!(kelvin(&nikon("Daylight", "2500")), Some(5200.0));
        assert_eq!(kelvin(&nikon("Color Temperature", "3200")), Some(3200.0));
        assert_eq!(kelvin(&nikon("Automatic", "3200")), None);
        assert!(is_automatic(&nikon("Automatic", "")) && !is_automatic(&nikon("Shade", "")));
        assert_eq!(kelvin(&[]), None);
    }

    #[test]
    fn the_nearest_choice_is_offered_unless_it_is_set() {
        let offer = nearest(&nikon("Automatic", "5250"), 3250.0).unwrap();
        assert_eq!(offer.label, "3200 K");
        let set: Vec<_> = offer.settings.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(set, [("white_balance", "Color Temperature"), ("color_temperature", "3200")]);
        assert_eq!(nearest(&nikon("Color Temperature", "3200"), 3250.0), None);
        assert_eq!(nearest(&nikon("Daylight", "2500"), 5200.0), None);
        let plain = [setting("white_balance", "Auto", &["Auto", "Daylight", "Shade"])];
        assert_eq!(nearest(&plain, 9000.0).unwrap().label, "Shade");
        assert_eq!(nearest(&[setting("white_balance", "Auto", &[])], 5000.0), None);
    }
}
