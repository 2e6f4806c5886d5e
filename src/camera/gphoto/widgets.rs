//! libgphoto2's widgets as plain text: it writes whatever it is given, wrapped to sixteen bits if
//! need be, so that choices are checked here.

use gphoto2::widget::Widget;
use gphoto2::{Error, Result};

/// A range with more steps than this is not a list to choose from.
const MOST_CHOICES: f32 = 200.0;

/// What a setting is now, in the camera's words.
pub(super) fn value(widget: &Widget) -> String {
    match widget {
        Widget::Radio(w) => w.choice(),
        Widget::Text(w) => w.value(),
        Widget::Range(w) => number(w.value()),
        Widget::Toggle(w) => match w.toggled() {
            Some(true) => "on".to_owned(),
            Some(false) => "off".to_owned(),
            None => String::new(),
        },
        Widget::Date(w) => w.timestamp().to_string(),
        Widget::Group(_) | Widget::Button(_) => String::new(),
    }
}

/// What a setting may be; empty when it cannot be written.
pub(super) fn choices(widget: &Widget) -> Vec<String> {
    if widget.readonly() {
        return Vec::new();
    }
    let mut all: Vec<String> = match widget {
        Widget::Radio(w) => w.choices_iter().collect(),
        Widget::Toggle(_) => vec!["off".to_owned(), "on".to_owned()],
        Widget::Range(w) => {
            let (range, step) = w.range_and_step();
            steps(*range.start(), *range.end(), step)
        }
        _ => Vec::new(),
    };
    let mut seen = Vec::new();
    all.retain(|c| {
        !seen.contains(c) && {
            seen.push(c.clone());
            true
        }
    });
    all
}

fn steps(low: f32, high: f32, step: f32) -> Vec<String> {
    let count = ((high - low) / step).round();
    if !(step > 0.0 && (0.0..=MOST_CHOICES).contains(&count)) {
        return Vec::new();
    }
    (0..=count as u32).map(|i| number(low + step * i as f32)).collect()
}

/// At most three decimals, none that are zero.
fn number(v: f32) -> String {
    let text = format!("{v:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The choice that is meant: `f/8` and `8` are the same aperture, `auto` and `Auto` too.
pub(super) fn chosen(offered: &[String], wanted: &str) -> Option<String> {
    let plain = |s: &str| {
        let s = s.trim().to_lowercase();
        let s = s.strip_prefix("f/").unwrap_or(&s).to_owned();
        s.strip_prefix("iso ").unwrap_or(&s).to_owned()
    };
    let exact = offered.iter().find(|c| *c == wanted);
    let alike = || offered.iter().find(|c| plain(c) == plain(wanted));
    exact.or_else(alike).or_else(|| same_time(offered, wanted)).cloned()
}

/// The exposure time that is meant: Nikon's list says `0.0080s` for what its dial calls 1/125.
fn same_time<'a>(offered: &'a [String], wanted: &str) -> Option<&'a String> {
    // Neighbours in a list of thirds of a stop differ by a quarter.
    let off = |c: &String| Some((time(c)?.ln() - time(wanted)?.ln()).abs()).filter(|d| *d < 0.08);
    let close = offered.iter().filter_map(|c| Some((off(c)?, c)));
    close.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, c)| c)
}

/// Seconds from `1/125`, `1/125s` or `0.0080s`; a bare number is no time.
fn time(text: &str) -> Option<f32> {
    let text = text.trim();
    let seconds = text.strip_suffix('s').map(str::trim_end);
    let value = match seconds.unwrap_or(text).split_once('/') {
        Some((a, b)) => a.parse::<f32>().ok()? / b.parse::<f32>().ok()?,
        None => seconds?.parse().ok()?,
    };
    Some(value).filter(|v| v.is_finite() && *v > 0.0)
}

/// Writes one of the choices into the widget; the camera gets it afterwards.
pub(super) fn write(widget: &Widget, choice: &str) -> Result<()> {
    match widget {
        Widget::Radio(w) => w.set_choice(choice),
        Widget::Toggle(w) => {
            w.set_toggled(choice == "on");
            Ok(())
        }
        Widget::Range(w) => {
            w.set_value(choice.parse().map_err(|_| Error::from("not a number"))?);
            Ok(())
        }
        _ => Err(Error::from("not a setting with choices")),
    }
}

/// Writes a movement of the focus: Nikon's and Sony's ranges count motor steps, Canon's list has
/// three speeds each way.
pub(super) fn drive(widget: &Widget, steps: i32) -> Result<()> {
    match widget {
        Widget::Range(w) => {
            let (range, _) = w.range_and_step();
            w.set_value((steps as f32).clamp(*range.start(), *range.end()));
            Ok(())
        }
        Widget::Radio(w) => {
            let offered: Vec<String> = w.choices_iter().collect();
            w.set_choice(speed(&offered, steps).ok_or("no such movement")?)
        }
        _ => Err(Error::from("not a focus drive")),
    }
}

/// The entry of a list such as `Near 1, Near 2, Near 3, None, Far 1, Far 2, Far 3`. It stands in
/// this order in every language that libgphoto2 speaks.
fn speed(offered: &[String], steps: i32) -> Option<&str> {
    if offered.len() != 7 {
        return None;
    }
    let fast = match steps.unsigned_abs() {
        0..=49 => 0,
        50..=299 => 1,
        _ => 2,
    };
    offered.get(if steps < 0 { fast } else { 4 + fast }).map(String::as_str)
}

/// Seconds after 1970 of a clock, which the driver reads as this computer's local time.
pub(super) fn seconds(widget: &Widget) -> Option<i64> {
    match widget {
        Widget::Date(w) => Some(i64::from(w.timestamp())).filter(|s| *s > 0),
        _ => None,
    }
}

/// Percent from `87%` or `100`; a level in bars or words says no percent.
pub(super) fn percent(text: &str) -> Option<u8> {
    let (number, sign) = text.trim().strip_suffix('%').map_or((text.trim(), false), |n| (n, true));
    let value: u8 = number.trim().parse().ok().filter(|v| *v <= 100)?;
    // A bare 3 is three bars on many bodies.
    (sign || value > 5).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn a_choice_is_found_as_people_write_it() {
        let apertures = list(&["f/2.8", "f/8", "f/11"]);
        assert_eq!(chosen(&apertures, "f/8").as_deref(), Some("f/8"));
        assert_eq!(chosen(&apertures, "8").as_deref(), Some("f/8"));
        assert_eq!(chosen(&apertures, "5.6"), None);
        assert_eq!(chosen(&list(&["Auto", "100"]), "auto").as_deref(), Some("Auto"));
        assert_eq!(chosen(&[], "x"), None);
    }

    #[test]
    fn a_time_is_found_as_the_dial_calls_it() {
        let nikon = list(&["0.0010s", "0.0080s", "0.0166s", "1.0000s", "Bulb"]);
        assert_eq!(chosen(&nikon, "1/125").as_deref(), Some("0.0080s"));
        assert_eq!(chosen(&nikon, "1/60").as_deref(), Some("0.0166s"));
        assert_eq!(chosen(&nikon, "1s").as_deref(), Some("1.0000s"));
        for none in ["1/100", "1", "0/0", "1/0", "-1/125", "bulb/2"] {
            assert_eq!(chosen(&nikon, none), None, "{none}");
        }
        assert_eq!(chosen(&list(&["1/3 EV", "1"]), "1/3"), None);
    }

    #[test]
    fn ranges_become_lists_only_while_they_are_short() {
        assert_eq!(steps(-1.0, 1.0, 0.5), ["-1", "-0.5", "0", "0.5", "1"]);
        assert!(steps(-32768.0, 32767.0, 1.0).is_empty());
        assert!(steps(0.0, 1.0, 0.0).is_empty());
        assert!(steps(f32::NAN, 1.0, 1.0).is_empty());
    }

    #[test]
    fn the_recorded_batteries_are_read() {
        // As real bodies print it: Canon EOS R5, Nikon, Coolpix with bars.
        assert_eq!(percent("50%"), Some(50));
        assert_eq!(percent("100"), Some(100));
        assert_eq!(percent("3"), None);
        assert_eq!(percent("Low"), None);
        assert_eq!(percent("0%"), Some(0));
    }

    #[test]
    fn canon_has_three_speeds_each_way_in_any_language() {
        let english = list(&["Near 1", "Near 2", "Near 3", "None", "Far 1", "Far 2", "Far 3"]);
        let german = list(&["Nah 1", "Nah 2", "Nah 3", "Keine", "Weit 1", "Weit 2", "Weit 3"]);
        assert_eq!(speed(&english, -10), Some("Near 1"));
        assert_eq!(speed(&english, 100), Some("Far 2"));
        assert_eq!(speed(&german, 1000), Some("Weit 3"));
        assert_eq!(speed(&list(&["a"]), 1), None);
    }
}
