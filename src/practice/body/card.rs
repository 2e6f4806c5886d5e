//! The memory card: folders and files with dates and hashes. File data is spooled to an unnamed
//! temporary file, so that a day's shooting does not fill the computer's memory.

use super::codes::format;
use super::wire::Writer;
use crate::imaging::files::sha256;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

/// The only store.
pub(crate) const STORE: u32 = 0x0001_0001;
/// The handle of the picture in the camera's memory.
pub(crate) const IN_MEMORY: u32 = 0xffff_0001;
/// Bytes that the card holds.
const CAPACITY: u64 = 64 << 30;
/// The highest file number before it wraps (DCF, CIPA DC-009).
pub(crate) const LAST_NUMBER: u32 = 9999;

/// A file that the camera holds, for checks against what was downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Folder on the card, such as `100CULET`; empty for the camera's memory.
    pub folder: String,
    /// File name on the card.
    pub name: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Length in bytes.
    pub bytes: usize,
}

/// What a file is, before it is stored.
pub(crate) struct NewFile {
    pub(crate) format: u16,
    /// Such as `JPG`.
    pub(crate) extension: &'static str,
    pub(crate) data: Vec<u8>,
    pub(crate) thumbnail: Arc<Vec<u8>>,
    pub(crate) size: (u32, u32),
    /// PTP's form of the time.
    pub(crate) taken: String,
}

enum Data {
    Here(Arc<Vec<u8>>),
    Spooled { at: u64, length: usize },
}

struct Object {
    format: u16,
    parent: u32,
    name: String,
    data: Data,
    sha256: String,
    thumbnail: Arc<Vec<u8>>,
    size: (u32, u32),
    taken: String,
}

impl Object {
    fn folder(parent: u32, name: String) -> Object {
        Object {
            format: format::FOLDER,
            parent,
            name,
            data: Data::Here(Arc::default()),
            sha256: String::new(),
            thumbnail: Arc::default(),
            size: (0, 0),
            taken: String::new(),
        }
    }

    fn bytes(&self) -> usize {
        match &self.data {
            Data::Here(d) => d.len(),
            Data::Spooled { length, .. } => *length,
        }
    }
}

/// The card in the body, and the one picture that its memory can hold.
pub(crate) struct Card {
    objects: BTreeMap<u32, Object>,
    last_handle: u32,
    /// Number of the next picture's file, and of its folder with the folder's handle.
    number: u32,
    folder: (u32, u32),
    in_folder: u32,
    spool: Option<File>,
}

/// Handle of the folder DCIM.
const DCIM: u32 = 1;

impl Card {
    /// An empty card whose first file gets this number.
    pub(crate) fn empty(number: u32) -> Card {
        let objects = BTreeMap::from([(DCIM, Object::folder(0, "DCIM".to_owned()))]);
        let spool = tempfile::tempfile()
            .map_err(|e| tracing::warn!("practice pictures stay in memory: {e}"))
            .ok();
        let mut card =
            Card { objects, last_handle: 15, number, folder: (99, 0), in_folder: 0, spool };
        card.new_folder();
        card
    }

    fn new_folder(&mut self) {
        self.last_handle += 1;
        self.folder = (self.folder.0 + 1, self.last_handle);
        self.in_folder = 0;
        let name = format!("{}CULET", self.folder.0);
        self.objects.insert(self.last_handle, Object::folder(DCIM, name));
    }

    /// Pictures in the newest folder, and the number of the next one's file.
    pub(crate) fn place(&self) -> (u32, u32) {
        (self.in_folder, self.number)
    }

    /// Begins a new folder.
    pub(crate) fn roll_over(&mut self) {
        self.new_folder();
    }

    /// Stores one picture's files under one name on the card; their handles, in order.
    pub(crate) fn store(&mut self, files: Vec<NewFile>) -> Vec<u32> {
        let stem = format!("DSC_{:04}", self.number);
        let handles = files
            .into_iter()
            .map(|file| {
                self.last_handle += 1;
                let (handle, folder) = (self.last_handle, self.folder.1);
                self.insert(handle, folder, &stem, file);
                handle
            })
            .collect();
        self.in_folder += 1;
        self.number += 1;
        if self.number > LAST_NUMBER {
            self.number = 1;
            self.new_folder();
        }
        handles
    }

    /// Keeps one file in the camera's memory, in place of the one before.
    pub(crate) fn keep_in_memory(&mut self, file: NewFile) {
        let stem = format!("DSC_{:04}", self.number);
        self.number = self.number % LAST_NUMBER + 1;
        self.insert(IN_MEMORY, 0, &stem, file);
    }

    fn insert(&mut self, handle: u32, parent: u32, stem: &str, file: NewFile) {
        let object = Object {
            format: file.format,
            parent,
            name: format!("{stem}.{}", file.extension),
            sha256: sha256(&file.data),
            data: self.spooled(file.data),
            thumbnail: file.thumbnail,
            size: file.size,
            taken: file.taken,
        };
        self.objects.insert(handle, object);
    }

    /// Puts data at the end of the spool; where that fails it stays here.
    fn spooled(&mut self, data: Vec<u8>) -> Data {
        let written = self.spool.as_mut().and_then(|spool| {
            let at = spool.seek(SeekFrom::End(0)).ok()?;
            spool.write_all(&data).ok()?;
            Some(Data::Spooled { at, length: data.len() })
        });
        written.unwrap_or_else(|| Data::Here(Arc::new(data)))
    }

    /// The bytes of a file.
    pub(crate) fn read(&mut self, handle: u32) -> Option<Arc<Vec<u8>>> {
        match &self.objects.get(&handle)?.data {
            Data::Here(data) => Some(Arc::clone(data)),
            Data::Spooled { at, length } => {
                let spool = self.spool.as_mut()?;
                let mut data = vec![0; *length];
                spool.seek(SeekFrom::Start(*at)).ok()?;
                spool.read_exact(&mut data).ok()?;
                Some(Arc::new(data))
            }
        }
    }

    /// A picture's thumbnail; none where there is none.
    pub(crate) fn thumbnail(&self, handle: u32) -> Option<Arc<Vec<u8>>> {
        let object = self.objects.get(&handle)?;
        (!object.thumbnail.is_empty()).then(|| Arc::clone(&object.thumbnail))
    }

    /// Whether there is such an object.
    pub(crate) fn has(&self, handle: u32) -> bool {
        self.objects.contains_key(&handle)
    }

    /// Removes a file, or an empty folder.
    pub(crate) fn remove(&mut self, handle: u32) -> bool {
        let occupied = self.objects.values().any(|o| o.parent == handle);
        !occupied && self.objects.remove(&handle).is_some()
    }

    /// Handles of what is in a folder (0xFFFFFFFF for the root, 0 for all), of one format unless
    /// that is 0.
    pub(crate) fn children(&self, parent: u32, format: u32) -> Vec<u32> {
        let inside = |o: &Object| match parent {
            0 => true,
            u32::MAX => o.parent == 0,
            p => o.parent == p,
        };
        let fits = |o: &Object| format == 0 || u32::from(o.format) == format;
        let listed = self.objects.iter().filter(|(h, o)| **h != IN_MEMORY && inside(o) && fits(o));
        listed.map(|(h, _)| *h).collect()
    }

    /// How many pictures lie on the card.
    pub(crate) fn pictures(&self) -> usize {
        let files =
            self.objects.iter().filter(|(h, o)| **h != IN_MEMORY && o.format == format::JPEG);
        files.count()
    }

    /// Every file, with its hash.
    pub(crate) fn stored(&self) -> Vec<Stored> {
        let files = self.objects.values().filter(|o| o.format != format::FOLDER);
        files
            .map(|o| Stored {
                folder: self.objects.get(&o.parent).map_or_else(String::new, |f| f.name.clone()),
                name: o.name.clone(),
                sha256: o.sha256.clone(),
                bytes: o.bytes(),
            })
            .collect()
    }

    /// The data set about an object (PTP 5.5.2).
    pub(crate) fn object_info(&self, handle: u32) -> Option<Vec<u8>> {
        let o = self.objects.get(&handle)?;
        let folder = o.format == format::FOLDER;
        let mut w = Writer::default();
        w.u32(STORE).u16(o.format).u16(0).u32(o.bytes().min(u32::MAX as usize) as u32);
        let thumbnail = o.thumbnail.len() as u32;
        w.u16(if thumbnail > 0 { format::JPEG } else { 0 }).u32(thumbnail);
        w.u32(if thumbnail > 0 { 160 } else { 0 }).u32(if thumbnail > 0 { 107 } else { 0 });
        w.u32(o.size.0).u32(o.size.1).u32(24).u32(o.parent);
        w.u16(u16::from(folder)).u32(0).u32(0);
        w.text(&o.name).text(&o.taken).text(&o.taken).text("");
        Some(w.0)
    }

    /// The data set about the store (PTP 5.5.3).
    pub(crate) fn storage_info(&self, full: bool) -> Vec<u8> {
        let used: u64 = self.objects.values().map(|o| o.bytes() as u64).sum();
        let free = if full { 0 } else { CAPACITY.saturating_sub(used) };
        let mut w = Writer::default();
        w.u16(4).u16(3).u16(0).u64(CAPACITY).u64(free).u32((free >> 23) as u32);
        w.text("Practice card").text("");
        w.0
    }

    /// How many objects there are.
    pub(crate) fn count(&self) -> usize {
        self.objects.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(data: &[u8]) -> NewFile {
        NewFile {
            format: format::JPEG,
            extension: "JPG",
            data: data.to_vec(),
            thumbnail: Arc::default(),
            size: (3, 2),
            taken: "20260101T120000".to_owned(),
        }
    }

    #[test]
    fn names_wrap_into_the_next_folder_and_data_comes_back() {
        let mut card = Card::empty(9999);
        let a = card.store(vec![picture(b"one")]);
        let b = card.store(vec![picture(b"two")]);
        let names: Vec<String> =
            card.stored().iter().map(|s| format!("{}/{}", s.folder, s.name)).collect();
        assert_eq!(names, ["100CULET/DSC_9999.JPG", "101CULET/DSC_0001.JPG"]);
        assert_eq!(card.read(a[0]).unwrap().as_slice(), b"one");
        assert_eq!(card.read(b[0]).unwrap().as_slice(), b"two");
        assert_eq!(card.stored()[1].sha256, sha256(b"two"));
        assert!(card.remove(a[0]) && !card.has(a[0]) && !card.remove(DCIM));
        assert_eq!(card.children(u32::MAX, 0), [DCIM]);
    }

    #[test]
    fn a_new_folder_takes_what_comes_after() {
        let mut card = Card::empty(1);
        for n in 0..5 {
            if n == 3 {
                card.roll_over();
            }
            card.store(vec![picture(b"x"), picture(b"y")]);
        }
        let folders: Vec<String> = card.stored().into_iter().map(|s| s.folder).collect();
        assert_eq!(folders.iter().filter(|f| *f == "100CULET").count(), 6);
        assert_eq!(folders.iter().filter(|f| *f == "101CULET").count(), 4);
        assert_eq!(card.place(), (2, 6));
    }
}
