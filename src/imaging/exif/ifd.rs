//! A TIFF structure read with distrust: directories of tagged values, as in EXIF blocks, TIFF
//! pictures and most raw files (TIFF 6.0, section 2).

/// More entries than any camera writes; a directory that claims more is false.
const MOST_ENTRIES: usize = 4096;

/// A TIFF structure: its bytes and their order. Not `BigTIFF`.
#[derive(Clone, Copy)]
pub(crate) struct Tiff<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) big_endian: bool,
}

/// One tagged value; `start..start + len` lies inside the block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) tag: u16,
    /// The TIFF type, 1 to 13.
    pub(crate) kind: u16,
    pub(crate) count: u32,
    pub(crate) start: usize,
    pub(crate) len: usize,
}

/// The readable entries of one directory; those that point outside the block are left out.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) entries: Vec<Entry>,
    /// Where the next directory stands; 0 is nowhere.
    pub(crate) next: usize,
}

/// Bytes of one value of a TIFF type.
pub(crate) fn size_of(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

impl<'a> Tiff<'a> {
    /// By the byte-order mark; the version is not looked at, since raw files have their own.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match bytes.get(..2)? {
            b"II" => false,
            b"MM" => true,
            _ => return None,
        };
        (bytes.len() >= 8).then_some(Self { bytes, big_endian })
    }

    /// Two bytes.
    pub(crate) fn short(&self, at: usize) -> Option<u16> {
        let b: [u8; 2] = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) })
    }

    /// Four bytes.
    pub(crate) fn long(&self, at: usize) -> Option<u32> {
        let b: [u8; 4] = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big_endian { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
    }

    /// The directory that the header names.
    pub(crate) fn first(&self) -> Option<Directory> {
        self.directory(self.long(4)? as usize)
    }

    /// The directory at an offset.
    pub(crate) fn directory(&self, offset: usize) -> Option<Directory> {
        let count = usize::from(self.short(offset)?);
        if offset < 8 || count == 0 || count > MOST_ENTRIES {
            return None;
        }
        let entries = (0..count).filter_map(|i| self.entry(offset + 2 + 12 * i)).collect();
        let next = self.long(offset + 2 + 12 * count).unwrap_or(0) as usize;
        Some(Directory { entries, next })
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let (tag, kind, count) = (self.short(at)?, self.short(at + 2)?, self.long(at + 4)?);
        let len = size_of(kind)?.checked_mul(count as usize)?;
        let start = if len <= 4 { at + 8 } else { self.long(at + 8)? as usize };
        (start.checked_add(len)? <= self.bytes.len()).then_some(Entry {
            tag,
            kind,
            count,
            start,
            len,
        })
    }

    /// The bytes of a value.
    pub(crate) fn value(&self, entry: &Entry) -> &'a [u8] {
        &self.bytes[entry.start..entry.start + entry.len]
    }

    /// Whole numbers of an entry of bytes, shorts or longs; at most 4096 of them.
    pub(crate) fn integers(&self, entry: &Entry) -> Vec<u32> {
        let count = (entry.count as usize).min(4096);
        let one = |i: usize| match entry.kind {
            1 | 7 => Some(u32::from(self.bytes[entry.start + i])),
            3 => self.short(entry.start + 2 * i).map(u32::from),
            4 | 13 => self.long(entry.start + 4 * i),
            _ => None,
        };
        (0..count).map_while(one).collect()
    }
}

impl Directory {
    /// The entry of a tag.
    pub(crate) fn find(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|e| e.tag == tag)
    }

    /// The first whole number of a tag.
    pub(crate) fn number(&self, tiff: &Tiff<'_>, tag: u16) -> Option<u32> {
        tiff.integers(self.find(tag)?).first().copied()
    }

    /// All whole numbers of a tag.
    pub(crate) fn numbers(&self, tiff: &Tiff<'_>, tag: u16) -> Vec<u32> {
        self.find(tag).map(|e| tiff.integers(e)).unwrap_or_default()
    }
}
