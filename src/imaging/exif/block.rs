//! An EXIF block taken apart and put together again, so that what is written stays true: upright,
//! without a stale thumbnail, with the right size and software, without GPS if asked.
//!
//! Maker notes hold offsets that count from the start of the block, so theirs is the one value
//! that keeps its place.

use super::ifd::{Directory, Tiff, size_of};
use super::tag;

/// What is changed in a block on its way into an export.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edit<'a> {
    /// The program that wrote the file; `None` leaves what is there.
    pub software: Option<&'a str>,
    /// Whether the place where the picture was taken stays.
    pub keep_gps: bool,
    /// The new width and height in pixels.
    pub size: Option<(usize, usize)>,
    /// Whether the pixels are sRGB (1) or not (65535), if that is to be said.
    pub is_srgb: Option<bool>,
}

/// One value of a block, or a directory below it.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) tag: u16,
    pub(crate) kind: u16,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// In the byte order of the block.
    Bytes(Vec<u8>),
    /// Bytes that must stay at this offset.
    Fixed(usize, Vec<u8>),
    /// A directory.
    Below(Vec<Field>),
}

/// Byte order and top directory of a block.
struct Parsed {
    big_endian: bool,
    root: Vec<Field>,
}

const SHORT: u16 = 3;
const LONG: u16 = 4;
const ASCII: u16 = 2;
const RATIONAL: u16 = 5;
const UNDEFINED: u16 = 7;
/// How deep directories go: top, EXIF or GPS, interoperability.
const DEPTH: usize = 3;

/// The block with the changes made; `None` if it cannot be read at all. The thumbnail, which shows
/// the picture before the edit, and everything that describes strips and tiles are left out.
pub fn edited(block: &[u8], edit: &Edit<'_>) -> Option<Vec<u8>> {
    let mut parsed = parse(block)?;
    apply(&mut parsed, edit);
    Some(serialise(parsed.big_endian, &parsed.root))
}

fn apply(parsed: &mut Parsed, edit: &Edit<'_>) {
    let big = parsed.big_endian;
    if !edit.keep_gps {
        parsed.root.retain(|f| f.tag != tag::GPS);
    }
    set_if_there(&mut parsed.root, tag::ORIENTATION, short(1, big));
    if let Some(software) = edit.software {
        set(&mut parsed.root, Field::ascii(tag::SOFTWARE, software));
    }
    if let Some(Value::Below(exif)) =
        parsed.root.iter_mut().find(|f| f.tag == tag::EXIF).map(|f| &mut f.value)
    {
        if let Some((w, h)) = edit.size {
            set(exif, Field { tag: tag::PIXEL_X, kind: LONG, value: long(w as u32, big) });
            set(exif, Field { tag: tag::PIXEL_Y, kind: LONG, value: long(h as u32, big) });
        }
        if let Some(is_srgb) = edit.is_srgb {
            let number = if is_srgb { 1 } else { 0xffff };
            set(exif, Field { tag: tag::COLOR_SPACE, kind: SHORT, value: short(number, big) });
            // R03 would name Adobe RGB, whatever the pixels are now.
            exif.retain(|f| f.tag != tag::INTEROPERABILITY);
        }
    }
}

/// A block for a picture that has none.
pub(crate) fn small(edit: &Edit<'_>) -> Vec<u8> {
    const VERSION: u16 = 0x9000;
    const FLASHPIX: u16 = 0xa000;
    let undefined =
        |tag, text: &[u8; 4]| Field { tag, kind: UNDEFINED, value: Value::Bytes(text.to_vec()) };
    // What the standard asks of every block: EXIF 2.32, Flashpix 1.0.
    let below = vec![undefined(VERSION, b"0232"), undefined(FLASHPIX, b"0100")];
    let upright = Field { tag: tag::ORIENTATION, kind: SHORT, value: short(1, false) };
    let exif = Field { tag: tag::EXIF, kind: LONG, value: Value::Below(below) };
    let mut parsed = Parsed { big_endian: false, root: vec![upright, exif] };
    add_resolution(&mut parsed);
    apply(&mut parsed, edit);
    serialise(false, &parsed.root)
}

/// TIFF and EXIF both ask for a resolution; 72 dpi stands for none.
fn add_resolution(parsed: &mut Parsed) {
    let big = parsed.big_endian;
    let number = |v: u32| if big { v.to_be_bytes() } else { v.to_le_bytes() };
    let ratio = || Value::Bytes([number(72), number(1)].concat());
    for (tag, kind, value) in
        [(0x011a, RATIONAL, ratio()), (0x011b, RATIONAL, ratio()), (0x0128, SHORT, short(2, big))]
    {
        if parsed.root.iter().all(|f| f.tag != tag) {
            parsed.root.push(Field { tag, kind, value });
        }
    }
}

/// The tags of a TIFF picture, begun from its EXIF block.
pub(crate) struct Builder {
    parsed: Parsed,
}

impl Builder {
    /// From a block that [`edited`] or [`small`] made.
    pub(crate) fn new(block: &[u8]) -> Self {
        let nothing = Parsed { big_endian: false, root: Vec::new() };
        let mut parsed = parse(block).unwrap_or(nothing);
        add_resolution(&mut parsed);
        Self { parsed }
    }

    /// A tag of sixteen-bit numbers.
    pub(crate) fn short(&mut self, tag: u16, values: &[u16]) {
        let big = self.parsed.big_endian;
        let bytes = |v: &u16| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        self.put(tag, SHORT, values.iter().flat_map(bytes).collect());
    }

    /// A tag of 32-bit numbers.
    pub(crate) fn long(&mut self, tag: u16, values: &[u32]) {
        let big = self.parsed.big_endian;
        let bytes = |v: &u32| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        self.put(tag, LONG, values.iter().flat_map(bytes).collect());
    }

    /// A tag of bytes.
    pub(crate) fn bytes(&mut self, tag: u16, values: &[u8]) {
        self.put(tag, 1, values.to_vec());
    }

    /// A tag of bytes that mean something by themselves.
    pub(crate) fn undefined(&mut self, tag: u16, values: &[u8]) {
        self.put(tag, UNDEFINED, values.to_vec());
    }

    fn put(&mut self, tag: u16, kind: u16, bytes: Vec<u8>) {
        set(&mut self.parsed.root, Field { tag, kind, value: Value::Bytes(bytes) });
    }
}

/// The block, and whether its numbers are big-endian.
pub(crate) fn serialise_with(tags: &Builder) -> (Vec<u8>, bool) {
    (serialise(tags.parsed.big_endian, &tags.parsed.root), tags.parsed.big_endian)
}

/// As [`edited`], but not longer than `most` bytes: first the maker note goes, then everything.
pub(crate) fn edited_to_fit(block: &[u8], edit: &Edit<'_>, most: usize) -> Option<Vec<u8>> {
    let whole = edited(block, edit)?;
    if whole.len() <= most {
        return Some(whole);
    }
    let mut parsed = parse(&whole)?;
    for field in &mut parsed.root {
        if let Value::Below(fields) = &mut field.value {
            fields.retain(|f| f.tag != tag::MAKER_NOTE);
        }
    }
    Some(serialise(parsed.big_endian, &parsed.root)).filter(|b| b.len() <= most)
}

impl Field {
    /// Text, ended by a zero.
    pub(crate) fn ascii(tag: u16, text: &str) -> Self {
        let bytes = text.bytes().filter(|b| *b != 0).chain([0]).collect();
        Self { tag, kind: ASCII, value: Value::Bytes(bytes) }
    }

    /// Bytes of a TIFF type, in the byte order of the block.
    #[cfg(feature = "raw")]
    pub(crate) fn bytes(tag: u16, kind: u16, bytes: Vec<u8>) -> Self {
        Self { tag, kind, value: Value::Bytes(bytes) }
    }

    /// A directory.
    #[cfg(feature = "raw")]
    pub(crate) fn below(tag: u16, fields: Vec<Field>) -> Self {
        Self { tag, kind: LONG, value: Value::Below(fields) }
    }
}

fn short(v: u16, big: bool) -> Value {
    Value::Bytes(if big { v.to_be_bytes() } else { v.to_le_bytes() }.to_vec())
}

fn long(v: u32, big: bool) -> Value {
    Value::Bytes(if big { v.to_be_bytes() } else { v.to_le_bytes() }.to_vec())
}

fn set(fields: &mut Vec<Field>, field: Field) {
    fields.retain(|f| f.tag != field.tag);
    fields.push(field);
}

fn set_if_there(fields: &mut [Field], tag: u16, value: Value) {
    if let Some(field) = fields.iter_mut().find(|f| f.tag == tag) {
        (field.kind, field.value) = (SHORT, value);
    }
}

fn parse(block: &[u8]) -> Option<Parsed> {
    let tiff = Tiff::new(block)?;
    let root = fields(&tiff, &tiff.first()?, DEPTH);
    Some(Parsed { big_endian: tiff.big_endian, root })
}

fn fields(tiff: &Tiff<'_>, directory: &Directory, depth: usize) -> Vec<Field> {
    let mut out: Vec<Field> = Vec::with_capacity(directory.entries.len());
    for entry in directory.entries.iter().filter(|e| !describes_strips(e.tag)) {
        let value = if matches!(entry.tag, tag::EXIF | tag::GPS | tag::INTEROPERABILITY) {
            let below = tiff.integers(entry).first().and_then(|at| tiff.directory(*at as usize));
            match below {
                Some(below) if depth > 1 => Value::Below(fields(tiff, &below, depth - 1)),
                _ => continue,
            }
        } else if entry.tag == tag::MAKER_NOTE && entry.len > 4 {
            Value::Fixed(entry.start, tiff.value(entry).to_vec())
        } else {
            Value::Bytes(tiff.value(entry).to_vec())
        };
        if out.iter().all(|f| f.tag != entry.tag) {
            out.push(Field { tag: entry.tag, kind: entry.kind, value });
        }
    }
    out
}

/// What belongs to the file's own pixels, or is carried elsewhere: strips, tiles, sub-directories,
/// thumbnails, XMP, IPTC, Photoshop's resources, ICC, and the whole range of DNG.
fn describes_strips(tag: u16) -> bool {
    matches!(
        tag,
        0x00fe..=0x0103 | 0x0106..=0x010a | 0x0111 | 0x0115..=0x0119 | 0x011c | 0x0120..=0x0125
            | 0x013d | 0x0140..=0x0148 | 0x014a | 0x014c..=0x0157 | 0x015b | 0x0200..=0x0214
            | 0x02bc | 0x828d | 0x828e | 0x83bb | 0x8649 | 0x8773 | 0x935c | 0xc4a5
            | 0xc612..=0xc7ff | 0xcd2d..=0xcd4f
    )
}

/// A block from its top directory.
pub(crate) fn serialise(big_endian: bool, root: &[Field]) -> Vec<u8> {
    let hole = hole(root);
    let mut writer = Writer { big_endian, out: vec![0; 8], hole };
    if let Some((at, bytes)) = fixed(root) {
        writer.grow(at + bytes.len());
        writer.out[at..at + bytes.len()].copy_from_slice(bytes);
    }
    let mut cursor = 8;
    let first = writer.directory(root, &mut cursor);
    writer.out[..2].copy_from_slice(if big_endian { b"MM" } else { b"II" });
    writer.put16(2, 42);
    writer.put32(4, first as u32);
    writer.out
}

/// The value that keeps its place, if its place is sound.
fn fixed(fields: &[Field]) -> Option<(usize, &[u8])> {
    fields.iter().find_map(|f| match &f.value {
        Value::Fixed(at, bytes) if (8..1 << 16).contains(at) => Some((*at, &bytes[..])),
        Value::Below(below) => fixed(below),
        _ => None,
    })
}

fn hole(fields: &[Field]) -> std::ops::Range<usize> {
    fixed(fields).map_or(0..0, |(at, bytes)| at..at + bytes.len())
}

struct Writer {
    big_endian: bool,
    out: Vec<u8>,
    /// Where nothing may be put.
    hole: std::ops::Range<usize>,
}

impl Writer {
    fn grow(&mut self, len: usize) {
        if self.out.len() < len {
            self.out.resize(len, 0);
        }
    }

    fn put16(&mut self, at: usize, v: u16) {
        let bytes = if self.big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
        self.out[at..at + 2].copy_from_slice(&bytes);
    }

    fn put32(&mut self, at: usize, v: u32) {
        let bytes = if self.big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
        self.out[at..at + 4].copy_from_slice(&bytes);
    }

    /// Room for `len` bytes at an even offset, beside the hole.
    fn place(&mut self, len: usize, cursor: &mut usize) -> usize {
        let mut at = (*cursor + 1) & !1;
        if at < self.hole.end && at + len > self.hole.start {
            at = (self.hole.end + 1) & !1;
        }
        *cursor = at + len;
        self.grow(at + len);
        at
    }

    /// Writes a directory and what is below it; its offset.
    fn directory(&mut self, fields: &[Field], cursor: &mut usize) -> usize {
        // TIFF 6.0: entries in ascending order of their tags.
        let mut sorted: Vec<&Field> = fields.iter().collect();
        sorted.sort_by_key(|f| f.tag);
        let start = self.place(2 + 12 * sorted.len() + 4, cursor);
        self.put16(start, sorted.len() as u16);
        for (i, field) in sorted.iter().enumerate() {
            let at = start + 2 + 12 * i;
            self.put16(at, field.tag);
            match &field.value {
                Value::Below(below) => {
                    let offset = self.directory(below, cursor) as u32;
                    self.put16(at + 2, LONG);
                    self.put32(at + 4, 1);
                    self.put32(at + 8, offset);
                }
                Value::Bytes(bytes) => self.value(at, field.kind, bytes, None, cursor),
                Value::Fixed(place, bytes) => {
                    let kept = (self.hole == (*place..*place + bytes.len())).then_some(*place);
                    self.value(at, field.kind, bytes, kept, cursor);
                }
            }
        }
        start
    }

    fn value(
        &mut self,
        at: usize,
        kind: u16,
        bytes: &[u8],
        kept: Option<usize>,
        cursor: &mut usize,
    ) {
        self.put16(at + 2, kind);
        self.put32(at + 4, (bytes.len() / size_of(kind).unwrap_or(1)) as u32);
        if bytes.len() <= 4 {
            self.out[at + 8..at + 8 + bytes.len()].copy_from_slice(bytes);
            return;
        }
        let place = kept.unwrap_or_else(|| self.place(bytes.len(), cursor));
        self.out[place..place + bytes.len()].copy_from_slice(bytes);
        self.put32(at + 8, place as u32);
    }
}
