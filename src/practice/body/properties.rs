//! The body's settings: what they are, what they may be, and what they mean for a picture.

use super::super::Exposure;
use super::codes::property;
use super::wire::{self, Writer};
use std::collections::BTreeMap;

/// A value of a PTP property.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    U8(u8),
    I16(i16),
    U16(u16),
    U32(u32),
    Text(String),
}

impl Value {
    fn kind(&self) -> u16 {
        match self {
            Self::U8(_) => 2,
            Self::I16(_) => 3,
            Self::U16(_) => 4,
            Self::U32(_) => 6,
            Self::Text(_) => 0xffff,
        }
    }

    pub(crate) fn put(&self, w: &mut Writer) {
        match self {
            Self::U8(v) => w.u8(*v),
            Self::I16(v) => w.u16(*v as u16),
            Self::U16(v) => w.u16(*v),
            Self::U32(v) => w.u32(*v),
            Self::Text(s) => w.text(s),
        };
    }

    /// A value of the same type from a data set.
    fn read(&self, d: &[u8]) -> Option<Self> {
        Some(match self {
            Self::U8(_) => Self::U8(*d.first()?),
            Self::I16(_) => Self::I16(i16::from_le_bytes(d.get(..2)?.try_into().ok()?)),
            Self::U16(_) => Self::U16(u16::from_le_bytes(d.get(..2)?.try_into().ok()?)),
            Self::U32(_) => Self::U32(u32::from_le_bytes(d.get(..4)?.try_into().ok()?)),
            Self::Text(_) => Self::Text(wire::text(d)?),
        })
    }

    /// As a number; 0 for text.
    pub(crate) fn number(&self) -> i64 {
        match self {
            Self::U8(v) => i64::from(*v),
            Self::I16(v) => i64::from(*v),
            Self::U16(v) => i64::from(*v),
            Self::U32(v) => i64::from(*v),
            Self::Text(_) => 0,
        }
    }
}

/// One setting.
struct Property {
    writable: bool,
    value: Value,
    factory: Value,
    choices: Vec<Value>,
}

/// Why a setting was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    NoSuchProperty,
    ReadOnly,
    BadData,
    NotAChoice,
}

/// All settings of a body.
pub(crate) struct Properties {
    all: BTreeMap<u16, Property>,
    sizes: [(u32, u32); 3],
}

/// f/2.8 to f/32 in third stops, times 100.
const F_NUMBERS: [u16; 22] = [
    280, 320, 350, 400, 450, 500, 560, 630, 710, 800, 900, 1000, 1100, 1300, 1400, 1600, 1800,
    2000, 2200, 2500, 2900, 3200,
];
/// 1/4000 s to 2 s in third stops, in units of .1 ms, as bodies round them.
const TIMES: [u32; 34] = [
    2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 31, 40, 50, 62, 80, 100, 125, 166, 200, 250, 333, 400,
    500, 666, 769, 1000, 1250, 1666, 2000, 2500, 5000, 10_000, 20_000,
];
const ISOS: [u16; 20] = [
    64, 80, 100, 125, 160, 200, 250, 320, 400, 500, 640, 800, 1000, 1250, 1600, 2000, 2500, 3200,
    4000, 6400,
];
const KELVINS: [u16; 18] = [
    2500, 2700, 3000, 3200, 3450, 3700, 4000, 4350, 4550, 5000, 5250, 5560, 5880, 6250, 6670, 7150,
    7700, 10_000,
];

/// White balances, and the temperature that each stands for; automatic finds the light.
mod white {
    pub(super) const AUTOMATIC: u16 = 2;
    pub(super) const DAYLIGHT: u16 = 4;
    pub(super) const FLUORESCENT: u16 = 5;
    pub(super) const TUNGSTEN: u16 = 6;
    pub(super) const FLASH: u16 = 7;
    pub(super) const CLOUDY: u16 = 0x8010;
    pub(super) const SHADE: u16 = 0x8011;
    pub(super) const KELVIN: u16 = 0x8012;
    pub(super) const ALL: [u16; 8] =
        [AUTOMATIC, DAYLIGHT, FLUORESCENT, TUNGSTEN, FLASH, CLOUDY, SHADE, KELVIN];
}

/// JPEG basic, normal, fine; the same with a raw file beside it.
const COMPRESSIONS: [u8; 6] = [0, 1, 2, 5, 6, 7];
/// The first compression with a raw file.
const RAW_FROM: i64 = 5;
/// What JPEG quality basic, normal and fine are.
const QUALITIES: [u8; 3] = [75, 88, 95];

impl Properties {
    /// Factory settings; `sizes` are large, medium and small, pixels.
    pub(crate) fn factory(sizes: [(u32, u32); 3]) -> Properties {
        use Value::{I16, Text, U8, U16, U32};
        let text = |(w, h): (u32, u32)| Text(format!("{w}x{h}"));
        let fixed = |v: Value| (false, v, vec![]);
        let chosen = |v: Value, choices: Vec<Value>| (true, v, choices);
        let bias =
            [-3000, -2000, -1000, -667, -333, 0, 333, 667, 1000, 2000, 3000].map(I16).to_vec();
        let table = [
            (property::BATTERY, fixed(U8(87))),
            (property::IMAGE_SIZE, chosen(text(sizes[0]), sizes.map(text).to_vec())),
            (property::COMPRESSION, chosen(U8(2), COMPRESSIONS.map(U8).to_vec())),
            (property::WHITE_BALANCE, chosen(U16(white::AUTOMATIC), white::ALL.map(U16).to_vec())),
            (property::F_NUMBER, chosen(U16(800), F_NUMBERS.map(U16).to_vec())),
            (property::FOCUS_MODE, chosen(U16(1), [1, 0x8010, 0x8011].map(U16).to_vec())),
            (property::EXPOSURE_TIME, chosen(U32(80), TIMES.map(U32).to_vec())),
            (property::PROGRAM, chosen(U16(1), [1, 2, 3, 4].map(U16).to_vec())),
            (property::ISO, chosen(U16(100), ISOS.map(U16).to_vec())),
            (property::BIAS, chosen(I16(0), bias)),
            (property::DATE_TIME, chosen(Text("20260101T120000".to_owned()), vec![])),
            (property::KELVIN, chosen(U16(5560), KELVINS.map(U16).to_vec())),
            (property::RECORDING_MEDIA, chosen(U8(0), vec![U8(0), U8(1)])),
            (property::LIVE_VIEW_STATUS, fixed(U8(0))),
            (property::LIVE_VIEW_PROHIBIT, fixed(U32(0))),
        ];
        let all = table.map(|(code, (writable, value, choices))| {
            (code, Property { writable, factory: value.clone(), value, choices })
        });
        Properties { all: all.into(), sizes }
    }

    /// Every property's code.
    pub(crate) fn codes(&self) -> Vec<u16> {
        self.all.keys().copied().collect()
    }

    pub(crate) fn value(&self, code: u16) -> Option<&Value> {
        self.all.get(&code).map(|p| &p.value)
    }

    /// A value as a number; 0 for one that is not there.
    pub(crate) fn number(&self, code: u16) -> i64 {
        self.value(code).map_or(0, Value::number)
    }

    /// Writes a value from the client's data.
    pub(crate) fn write(&mut self, code: u16, data: &[u8]) -> Result<(), Refused> {
        let p = self.all.get_mut(&code).ok_or(Refused::NoSuchProperty)?;
        if !p.writable {
            return Err(Refused::ReadOnly);
        }
        let value = p.value.read(data).ok_or(Refused::BadData)?;
        if !p.choices.is_empty() && !p.choices.contains(&value) {
            return Err(Refused::NotAChoice);
        }
        p.value = value;
        Ok(())
    }

    /// Changes a value from inside the body; false for one that is not a choice.
    pub(crate) fn turn(&mut self, code: u16, number: i64) -> bool {
        let Some(p) = self.all.get_mut(&code) else { return false };
        let value = match p.value {
            Value::U8(_) => Value::U8(number as u8),
            Value::I16(_) => Value::I16(number as i16),
            Value::U16(_) => Value::U16(number as u16),
            Value::U32(_) => Value::U32(number as u32),
            Value::Text(_) => return false,
        };
        let offered = p.choices.is_empty() || p.choices.contains(&value);
        if offered {
            p.value = value;
        }
        offered
    }

    /// The data set that describes a property (PTP 13.3.3).
    pub(crate) fn describe(&self, code: u16) -> Option<Vec<u8>> {
        let p = self.all.get(&code)?;
        let mut w = Writer::default();
        w.u16(code).u16(p.value.kind()).u8(u8::from(p.writable));
        p.factory.put(&mut w);
        p.value.put(&mut w);
        if p.choices.is_empty() {
            w.u8(0);
        } else {
            w.u8(2).u16(p.choices.len() as u16);
            p.choices.iter().for_each(|v| v.put(&mut w));
        }
        Some(w.0)
    }

    /// Whether pictures go to the camera's memory instead of its card.
    pub(crate) fn to_memory(&self) -> bool {
        self.number(property::RECORDING_MEDIA) == 1
    }

    /// Whether a raw file is written beside each JPEG.
    pub(crate) fn with_raw(&self) -> bool {
        self.number(property::COMPRESSION) >= RAW_FROM
    }

    /// What the settings mean for the next picture.
    pub(crate) fn exposure(&self, taken: String, shot: u32) -> Exposure {
        let size = match self.value(property::IMAGE_SIZE) {
            Some(Value::Text(s)) => {
                self.sizes.iter().find(|(w, h)| *s == format!("{w}x{h}")).copied()
            }
            _ => None,
        };
        let quality = (self.number(property::COMPRESSION) % RAW_FROM).clamp(0, 2) as usize;
        let program = self.number(property::PROGRAM);
        // In the automatic programs the body moves the shutter by the compensation.
        let bias = if program == 1 { 0.0 } else { self.number(property::BIAS) as f32 / 1000.0 };
        Exposure {
            iso: self.number(property::ISO) as f32,
            f_number: self.number(property::F_NUMBER) as f32 / 100.0,
            shutter_s: self.number(property::EXPOSURE_TIME) as f32 / 10_000.0 * bias.exp2(),
            kelvin: self.kelvin(),
            size: size.unwrap_or(self.sizes[0]),
            quality: QUALITIES[quality],
            taken,
            shot,
        }
    }

    /// The temperature that the white balance stands for; none for automatic.
    fn kelvin(&self) -> Option<f32> {
        match self.number(property::WHITE_BALANCE) as u16 {
            white::DAYLIGHT => Some(5200.0),
            white::FLUORESCENT => Some(4200.0),
            white::TUNGSTEN => Some(3000.0),
            white::FLASH => Some(5400.0),
            white::CLOUDY => Some(6000.0),
            white::SHADE => Some(8000.0),
            white::KELVIN => Some(self.number(property::KELVIN) as f32),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties() -> Properties {
        Properties::factory([(6000, 4000), (3000, 2000), (1500, 1000)])
    }

    #[test]
    fn what_is_written_is_what_the_picture_gets() {
        let mut p = properties();
        p.write(property::ISO, &800_u16.to_le_bytes()).unwrap();
        p.write(property::F_NUMBER, &1600_u16.to_le_bytes()).unwrap();
        p.write(property::EXPOSURE_TIME, &250_u32.to_le_bytes()).unwrap();
        p.write(property::WHITE_BALANCE, &0x8012_u16.to_le_bytes()).unwrap();
        p.write(property::KELVIN, &3200_u16.to_le_bytes()).unwrap();
        let mut size = Writer::default();
        size.text("1500x1000");
        p.write(property::IMAGE_SIZE, &size.0).unwrap();
        let e = p.exposure(String::new(), 0);
        assert_eq!((e.iso, e.f_number, e.shutter_s), (800.0, 16.0, 0.025));
        assert_eq!((e.kelvin, e.size, e.quality), (Some(3200.0), (1500, 1000), 95));
    }

    #[test]
    fn compensation_counts_in_the_automatic_programs_only() {
        let mut p = properties();
        let shutter = |p: &Properties| p.exposure(String::new(), 0).shutter_s;
        p.write(property::BIAS, &1000_i16.to_le_bytes()).unwrap();
        assert_eq!(shutter(&p), 0.008);
        assert!(p.turn(property::PROGRAM, 3));
        assert!((shutter(&p) - 0.016).abs() < 1e-6);
    }

    #[test]
    fn bad_values_are_refused_and_change_nothing() {
        let mut p = properties();
        assert_eq!(p.write(property::ISO, &[7]), Err(Refused::BadData));
        assert_eq!(p.write(property::ISO, &7_u16.to_le_bytes()), Err(Refused::NotAChoice));
        assert_eq!(p.write(property::BATTERY, &[7]), Err(Refused::ReadOnly));
        assert_eq!(p.write(0x5fff, &[7]), Err(Refused::NoSuchProperty));
        assert_eq!(p.write(property::IMAGE_SIZE, &[200, 1]), Err(Refused::BadData));
        assert_eq!(p.number(property::ISO), 100);
    }
}
