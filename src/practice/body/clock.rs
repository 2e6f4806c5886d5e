//! The body's clock: the computer's, and what a client set it to.

use std::time::{SystemTime, UNIX_EPOCH};

/// Counts in universal time; a client may set it to whatever it likes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// Seconds ahead of the computer.
    offset: i64,
}

/// Year, month, day, hour, minute, second.
type Civil = [i64; 6];

impl Clock {
    fn now(self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
        since + self.offset
    }

    /// As PTP writes it: `20260131T120000`.
    pub(crate) fn ptp(self) -> String {
        let [y, m, d, h, min, s] = civil(self.now());
        format!("{y:04}{m:02}{d:02}T{h:02}{min:02}{s:02}")
    }

    /// As EXIF writes it: `2026:01:31 12:00:00`.
    pub(crate) fn exif(self) -> String {
        let [y, m, d, h, min, s] = civil(self.now());
        format!("{y:04}:{m:02}:{d:02} {h:02}:{min:02}:{s:02}")
    }

    /// Sets the clock from PTP's form; what cannot be read changes nothing.
    pub(crate) fn set(&mut self, text: &str) -> bool {
        let digits: Vec<i64> =
            text.bytes().filter(u8::is_ascii_digit).take(14).map(|b| i64::from(b - b'0')).collect();
        let Ok(d) = <[i64; 14]>::try_from(digits) else { return false };
        let number = |r: std::ops::Range<usize>| d[r].iter().fold(0, |n, v| n * 10 + v);
        let date = [0..4, 4..6, 6..8, 8..10, 10..12, 12..14].map(number);
        if !((1..=12).contains(&date[1]) && (1..=31).contains(&date[2])) {
            return false;
        }
        self.offset += seconds(date) - self.now();
        true
    }
}

/// Days from 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
fn days(y: i64, m: i64, d: i64) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn seconds([y, m, d, h, min, s]: Civil) -> i64 {
    ((days(y, m, d) * 24 + h) * 60 + min) * 60 + s
}

fn civil(t: i64) -> Civil {
    let z = t.div_euclid(86_400) + 719_468;
    let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let mp = (5 * of_year + 2) / 153;
    let m = (mp + 2) % 12 + 1;
    let d = of_year - (153 * mp + 2) / 5 + 1;
    let y = year + era * 400 + i64::from(m <= 2);
    let s = t.rem_euclid(86_400);
    [y, m, d, s / 3600, s / 60 % 60, s % 60]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // `date -u -d @N +%Y%m%dT%H%M%S` of GNU coreutils.
        for (t, want) in [
            (0, [1970, 1, 1, 0, 0, 0]),
            (951_782_400, [2000, 2, 29, 0, 0, 0]),
            (1_767_225_599, [2025, 12, 31, 23, 59, 59]),
            (4_102_444_800, [2100, 1, 1, 0, 0, 0]),
        ] {
            assert_eq!(civil(t), want);
            assert_eq!(seconds(want), t);
        }
    }

    #[test]
    fn a_clock_that_was_set_goes_on_from_there() {
        let mut clock = Clock::default();
        assert!(clock.set("20310203T040506"));
        assert!(clock.ptp().starts_with("20310203T0405"), "{}", clock.ptp());
        assert!(clock.exif().starts_with("2031:02:03 04:05"));
        assert!(!clock.set("yesterday") && !clock.set("20311303T040506"));
    }
}
