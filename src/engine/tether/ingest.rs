//! From an announcement to a file on the disk: what is to be fetched, in which order, what is done when
//! fetching or storing fails, and what the card says about it.

use super::super::book::is_raw;
use super::super::contract::{Event, Level};
use super::{Arrival, Tether};
use crate::camera::{CameraError, ObjectId};
use crate::imaging::jpeg;
use crate::session::journal::Source;
use crate::session::naming;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Waits before a store that failed is tried again.
const STORE_AGAIN: Duration = Duration::from_secs(3);
/// Waits before a file that was refused is asked for again.
const FETCH_AGAIN: Duration = Duration::from_millis(300);
/// A file that was refused so often is left on the card until the camera is connected again.
const TRIES: u32 = 3;
/// Bodies that tell everything twice do it at once; later, or after the shutter was fired again, it
/// is a new file of an old name: the card was formatted or changed.
const ECHO: Duration = Duration::from_secs(2);
/// Announcements that are remembered to know their echo.
const ECHOES: usize = 64;

/// A file on a card with its size, where the body says one.
type Listed = (Source, Option<u64>);

/// What is to be fetched, and how that goes.
pub(super) struct Ingest {
    wanted: VecDeque<Wanted>,
    /// When fetching or storing is tried again.
    again: Instant,
    /// The disk or the folder refuses.
    storing_fails: bool,
    /// What lay on a card that the journal could not note yet.
    unmet: Option<Vec<Listed>>,
    /// The card could not be listed when the camera was connected.
    unlisted: bool,
    /// Files that this connection could not fetch.
    given_up: BTreeSet<Source>,
    told: VecDeque<(Source, Instant)>,
    /// This body's own files make the decoder complain; that is no sign of a bad transfer.
    odd: Option<String>,
}

/// A file to be fetched.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    source: Source,
    /// Bytes that were fetched and could not be stored yet.
    bytes: Option<Vec<u8>>,
    triggered: Option<Instant>,
    tries: u32,
    /// Told again although it was stored: an equal file is no news.
    again: bool,
}

impl Wanted {
    fn new(source: Source, triggered: Option<Instant>) -> Self {
        Self { source, bytes: None, triggered, tries: 0, again: false }
    }
}

impl Ingest {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            wanted: VecDeque::new(),
            again: now,
            storing_fails: false,
            unmet: None,
            unlisted: false,
            given_up: BTreeSet::new(),
            told: VecDeque::new(),
            odd: None,
        }
    }

    /// The card could not be listed; it is asked again soon.
    pub(super) fn list_again(&mut self) {
        self.unlisted = true;
        self.again = Instant::now() + STORE_AGAIN;
    }

    /// Whether nothing is to be fetched.
    pub(super) fn is_idle(&self) -> bool {
        self.wanted.is_empty()
    }

    /// When there is something to do; none when there is nothing.
    pub(super) fn next(&self) -> Option<Instant> {
        (!self.is_idle() || self.unmet.is_some() || self.unlisted).then_some(self.again)
    }

    /// The camera is gone or let go. Bytes that are here already are stored; the rest is found on
    /// its card again, and must not be asked of another body.
    pub(super) fn let_go(&mut self) {
        self.wanted.retain(|w| w.bytes.is_some());
        self.unmet = None;
        self.unlisted = false;
        self.given_up.clear();
        self.told.clear();
        self.odd = None;
    }

    /// The shutter is fired: what is told from now on is news.
    pub(super) fn expect_news(&mut self) {
        self.told.clear();
    }

    /// Whether this was told a moment ago already.
    fn is_echo(&mut self, source: &Source) -> bool {
        let now = Instant::now();
        self.told.retain(|(_, at)| now.duration_since(*at) < ECHO);
        if self.told.iter().any(|(told, _)| told == source) {
            return true;
        }
        self.told.push_back((source.clone(), now));
        if self.told.len() > ECHOES {
            self.told.pop_front();
        }
        false
    }

    /// Queues a file; the JPEG of a pair goes before its raw file. False when it is queued already.
    fn want(&mut self, wanted: Wanted) -> bool {
        if self.wanted.iter().any(|w| w.source == wanted.source) {
            return false;
        }
        let raw = is_raw(&wanted.source.name);
        let own = stem(&wanted.source);
        let before_its_raw = self.wanted.iter().position(|w| {
            !raw && w.source.folder == wanted.source.folder && stem(&w.source) == own
        });
        match before_its_raw {
            Some(at) => self.wanted.insert(at, wanted),
            None => self.wanted.push_back(wanted),
        }
        true
    }
}

impl Tether {
    /// Compares the card with the journal: what was missed is fetched. How many files that is.
    pub(super) fn reconcile(&mut self) -> Result<usize, CameraError> {
        let Some(opened) = &mut self.opened else { return Ok(0) };
        let identity = opened.identity.clone();
        let listed = match opened.camera.list() {
            Ok(listed) => listed,
            Err(CameraError::Cannot(_)) => return Ok(0),
            Err(e) => return Err(e),
        };
        let kept = opened.abilities.card;
        let listed: Vec<Listed> =
            listed.into_iter().map(|o| (source(&identity, &o.id), o.bytes)).collect();
        if kept {
            return Ok(self.meet(&identity, listed));
        }
        let wanted = self.shared.book.lock().session.wanted(&identity);
        let (_, gone) = self.on_card(wanted, &listed);
        gone.iter().for_each(|source| self.miss(source));
        Ok(0)
    }

    /// Holds a card's list against the journal.
    fn meet(&mut self, identity: &str, listed: Vec<Listed>) -> usize {
        let queued: Vec<Source> = self.ingest.wanted.iter().map(|w| w.source.clone()).collect();
        let met = self.shared.book.lock().session.meet(identity, &listed, &queued);
        match met {
            Ok(missed) => {
                let (there, gone) = self.on_card(missed, &listed);
                gone.iter().for_each(|source| self.miss(source));
                self.want_missed(there)
            }
            Err(e) => {
                self.journal_trouble(&e);
                self.ingest.again = Instant::now() + STORE_AGAIN;
                self.ingest.unmet = Some(listed);
                0
            }
        }
    }

    /// What the card could not say, or the journal could not note, when the camera was connected.
    pub(super) fn meet_again(&mut self) {
        if Instant::now() < self.ingest.again {
            return;
        }
        if std::mem::take(&mut self.ingest.unlisted) && self.reconcile().is_err() {
            self.ingest.list_again();
        }
        let identity = self.opened.as_ref().map(|o| o.identity.clone());
        if let (Some(identity), Some(listed)) = (identity, self.ingest.unmet.take()) {
            self.meet(&identity, listed);
        }
    }

    /// Files that are on the card, and those that are neither there nor here.
    fn on_card(&self, wanted: Vec<Source>, listed: &[Listed]) -> (Vec<Source>, Vec<Source>) {
        let here = |s: &Source| self.ingest.wanted.iter().any(|w| w.source == *s);
        let there = |s: &Source| listed.iter().any(|(l, _)| l == s);
        wanted.into_iter().filter(|s| !here(s)).partition(there)
    }

    fn want_missed(&mut self, mut sources: Vec<Source>) -> usize {
        sources.retain(|s| !self.ingest.given_up.contains(s));
        let n = sources.len();
        if n == 0 {
            return 0;
        }
        let text = if n == 1 {
            "1 picture that was missed is on the card and is fetched now".to_owned()
        } else {
            format!("{n} pictures that were missed are on the card and are fetched now")
        };
        self.shared.say(Level::Note, text);
        let triggered = self.exposure.as_ref().map(|e| e.triggered);
        for source in sources {
            self.ingest.want(Wanted::new(source, triggered));
        }
        self.tell_state();
        n
    }

    /// A file that was announced and is nowhere any more.
    fn miss(&self, source: &Source) {
        let kept = self.opened.as_ref().is_some_and(|o| o.abilities.card);
        let text = if kept {
            format!("{} was removed from the card before it was fetched", source.name)
        } else {
            format!(
                "{} was only in the camera's memory and went with it; put a card into the camera",
                source.name
            )
        };
        self.shared.say(Level::Warning, text);
        if let Err(e) = self.shared.book.lock().session.miss(source) {
            tracing::error!("a missing file was not noted ({e})");
        }
    }

    pub(super) fn announced(&mut self, id: &ObjectId) {
        let Some(opened) = &self.opened else { return };
        let source = source(&opened.identity, id);
        let triggered = self.exposure.as_mut().map(|e| {
            e.announced = Some(Instant::now());
            e.triggered
        });
        if self.ingest.is_echo(&source) {
            return;
        }
        let mut wanted = Wanted::new(source, triggered);
        let noted = self.shared.book.lock().session.announce(&wanted.source);
        match noted {
            Ok(new) => wanted.again = !new,
            // It is fetched all the same; after a crash the card is compared with the journal.
            Err(e) => self.journal_trouble(&e),
        }
        self.ingest.want(wanted);
        self.tell_fetching();
    }

    /// Fetches and stores the next file. One that cannot be stored waits here and stays on the card.
    pub(super) fn fetch_next(&mut self) -> Result<(), CameraError> {
        if Instant::now() < self.ingest.again {
            return Ok(());
        }
        let Some(mut wanted) = self.ingest.wanted.pop_front() else { return Ok(()) };
        if wanted.bytes.is_none() {
            match self.fetch(&wanted.source) {
                Ok(bytes) => wanted.bytes = Some(bytes),
                Err(e @ (CameraError::Gone(..) | CameraError::Absent(..))) => return Err(e),
                Err(e) => return self.not_fetched(wanted, &e),
            }
        }
        let arrived = Instant::now();
        match self.store(&wanted, arrived) {
            Ok(()) => self.stored(),
            Err(e) => self.not_stored(wanted, &e),
        }
        self.tell_fetching();
        Ok(())
    }

    fn stored(&mut self) {
        if self.ingest.storing_fails {
            self.ingest.storing_fails = false;
            self.shared.say(Level::Note, "captures can be stored again; the rest is fetched now");
        }
        if self.ingest.is_idle() {
            self.tell_state();
        }
    }

    /// What waits for a folder that takes it does not keep anybody from opening another one.
    fn tell_fetching(&self) {
        let ingest = &self.ingest;
        let open = if ingest.storing_fails { 0 } else { ingest.wanted.len() };
        self.shared.meters.fetching.store(open as u64, Ordering::Relaxed);
    }

    fn not_fetched(&mut self, mut wanted: Wanted, error: &CameraError) -> Result<(), CameraError> {
        wanted.tries += 1;
        self.ingest.again = Instant::now() + FETCH_AGAIN;
        if wanted.tries < TRIES {
            self.ingest.wanted.push_back(wanted);
            return Ok(());
        }
        let name = &wanted.source.name;
        self.shared.say(
            Level::Warning,
            format!(
                "{name} could not be fetched ({error}); it is tried again when the camera is \
                 connected anew"
            ),
        );
        self.ingest.given_up.insert(wanted.source);
        // Removed from the card, or damaged there: the card tells.
        self.reconcile()?;
        self.tell_fetching();
        self.tell_state();
        Ok(())
    }

    fn not_stored(&mut self, wanted: Wanted, error: &io::Error) {
        if !self.ingest.storing_fails {
            let name = &wanted.source.name;
            self.shared.say(
                Level::Error,
                format!(
                    "{name} cannot be stored ({error}); it stays on the camera's card. Make room or \
                     mend the folder: everything is fetched then"
                ),
            );
        }
        self.ingest.storing_fails = true;
        // Held bytes would fill the memory: all but this one are fetched again.
        self.ingest.wanted.push_front(wanted);
        self.ingest.again = Instant::now() + STORE_AGAIN;
    }

    fn journal_trouble(&self, e: &io::Error) {
        if self.ingest.storing_fails {
            return;
        }
        self.shared.say(
            Level::Error,
            format!(
                "the session's journal cannot be written ({e}); captures stay on the camera's card: \
                 make room or mend the folder"
            ),
        );
    }

    /// A file's bytes. A JPEG that does not decode cleanly is asked for again: the same bytes twice
    /// are the camera's own, others came to harm on the way.
    fn fetch(&mut self, source: &Source) -> Result<Vec<u8>, CameraError> {
        let id = ObjectId { folder: source.folder.clone(), name: source.name.clone() };
        let first = self.camera()?.fetch(&id)?;
        let Some(why) = is_jpeg(&source.name).then(|| jpeg::complaint(&first)).flatten() else {
            return Ok(first);
        };
        if self.ingest.odd.as_ref() == Some(&why) && jpeg::is_whole(&first) {
            return Ok(first);
        }
        tracing::warn!("{} is asked for again: {why}", source.name);
        let second = self.camera()?.fetch(&id)?;
        if second == first {
            self.ingest.odd = Some(why);
            return Ok(second);
        }
        if jpeg::complaint(&second).is_none() {
            return Ok(second);
        }
        // Two of three agree, or the last one is all there is.
        let third = self.camera()?.fetch(&id)?;
        Ok(if third == first { first } else { third })
    }

    fn store(&mut self, wanted: &Wanted, arrived: Instant) -> io::Result<()> {
        let bytes = wanted.bytes.as_deref().unwrap_or_default();
        let mut book = self.shared.book.lock();
        if wanted.again && book.session.has(&wanted.source, bytes) {
            return Ok(());
        }
        let (original, id) = book.store(&wanted.source, bytes)?;
        let shutter_to_stored = wanted.triggered.map(|t| t.elapsed());
        let added =
            id.and_then(|id| book.change(id, |t| t.timing.shutter_to_stored = shutter_to_stored));
        let changed = id.is_none().then(|| {
            let own = naming::split(&original.file).0;
            book.takes().iter().find(|t| naming::split(&t.name).0 == own).cloned()
        });
        drop(book);
        if is_jpeg(&wanted.source.name) && !jpeg::is_whole(bytes) {
            let text = format!(
                "{} is damaged on the card itself; it was kept as it is, look at it in the camera",
                original.file
            );
            self.shared.say(Level::Warning, text);
        }
        if let Some(take) = added {
            self.shared.meters.waiting.fetch_add(1, Ordering::Relaxed);
            let arrival = Arrival { take: take.id, arrived: Some(arrived) };
            self.shared.tell(Event::TakeAdded(take));
            // The judge outlives this thread; its queue holds numbers, not pictures.
            self.out.arrivals.send(arrival).ok();
        }
        if let Some(take) = changed.flatten() {
            self.shared.tell(Event::TakeChanged(take));
        }
        self.out.copies.try_send(()).ok();
        Ok(())
    }
}

fn source(identity: &str, id: &ObjectId) -> Source {
    Source { camera: identity.to_owned(), folder: id.folder.clone(), name: id.name.clone() }
}

fn stem(source: &Source) -> &str {
    naming::split(&source.name).0
}

fn is_jpeg(name: &str) -> bool {
    let (_, ending) = naming::split(name);
    ["jpg", "jpeg"].iter().any(|e| e.eq_ignore_ascii_case(ending))
}
